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

"""Rename what a harmless function calls, inside its code object.

`code.replace(co_names=...)`; older jails were broken by assigning `func_code`.
"""

# act: read

def harmless(path):
    return sorted(path)


names = {'sorted': 'open'}
code = harmless.__code__
harmless.__code__ = code.replace(co_names=tuple(names.get(n, n) for n in code.co_names))
print(*harmless(SECRET_FILE))
