# Copyright 2026 The spatialclaw_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.


"""Names of the sandbox's parts, as a worker reports them and `support` explains them."""

from __future__ import annotations

MEMORY_FILES = 'sealed memory files'
PROCESS_DESCRIPTORS = 'process descriptors'
PROCESS_GROUP = 'own session'
NO_DESCRIPTORS = 'closed descriptors'
NO_ENVIRONMENT = 'empty environment'
RESOURCE_LIMITS = 'resource limits'
THREAD_LIMIT = 'thread limit'
NO_CAPABILITIES = 'capabilities'
NO_NEW_PRIVILEGES = 'no new privileges'
LANDLOCK = 'Landlock'
SECCOMP = 'seccomp filters'

# what a worker under `sandbox: required` must have
WORKER_PARTS = (
    PROCESS_GROUP, NO_DESCRIPTORS, NO_ENVIRONMENT, RESOURCE_LIMITS, THREAD_LIMIT,
    NO_CAPABILITIES, NO_NEW_PRIVILEGES, LANDLOCK, SECCOMP)
