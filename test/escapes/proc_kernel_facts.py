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

"""Read what the kernel tells about the machine: boot, mounts, network, modules."""

# act: read

for path in ('/proc/sys/kernel/random/boot_id', '/proc/mounts', '/proc/self/mountinfo',
             '/proc/net/tcp', '/proc/net/unix', '/proc/net/route', '/proc/version',
             '/proc/cmdline', '/proc/kallsyms', '/proc/keys', '/sys/class/net',
             '/sys/kernel/notes', '/etc/machine-id', '/etc/hostname', '/run/utmp'):
    try:
        with open(path, 'rb') as file:
            print(path, file.read(65536))
    except OSError as error:
        print(error)
