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

"""An error inside a library: its `__context__` and tracebacks lead to a module that knows `os`."""

# act: environment

import tempfile

try:
    tempfile.mkdtemp(dir='/nowhere/at/all')
except OSError as error:
    chain = error
while chain is not None:
    step = chain.__traceback__
    while step is not None:
        space = step.tb_frame.f_globals
        if '_os' in space:
            print(dict(space['_os'].environ))
        step = step.tb_next
    chain = chain.__context__
