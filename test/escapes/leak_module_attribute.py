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

"""Leave something on a module, in the builtins, in the modules' table, for the next query."""

# act: leak
# held by: host, the next query has a worker of its own

import builtins
import functools
import sys
import types

np.left = builtins.left = math.left = PRIVATE
sys.modules['left_behind'] = types.ModuleType('left_behind')
sys.modules['left_behind'].left = PRIVATE
functools._left = np.testing.assert_allclose.__globals__['left'] = PRIVATE
# %% next session
import builtins
import functools
import sys

print([getattr(place, name, None) for place in (np, builtins, math, functools, np.linalg)
       for name in ('left', '_left')], sys.modules.get('left_behind'))
