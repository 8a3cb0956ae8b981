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

"""The workspace's own objects: from `tools` to the module of its class, and on to `sys.modules`."""

# act: read

space = tools.__class__.__init__.__globals__
modules = space['__builtins__']['__import__']('sys').modules
print([name for name in modules if 'kernel' in name][:40])
print(modules['io'].open(SECRET_FILE).read())
