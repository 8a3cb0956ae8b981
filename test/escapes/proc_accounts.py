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

"""Read the list of users, and what lies in home folders under well-known names."""

# act: read

import os

with open('/etc/passwd') as file:
    accounts = file.read()
print(accounts)
homes = {line.split(':')[5] for line in accounts.splitlines() if line.count(':') == 6}
print([home for home in homes if os.access(f'{home}/.ssh', os.F_OK)])
