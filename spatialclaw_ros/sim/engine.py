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

"""MuJoCo, imported so that a machine without OpenGL can still compute with it.

On its own, `import mujoco` loads the OpenGL library that MUJOCO_GL names, and fails in many ways
where it is broken or missing. Here it loads none; `render` does, in its own time.
"""

from __future__ import annotations

import os

from spatialclaw_ros.errors import DependencyError

_wanted = os.environ.get('MUJOCO_GL')
os.environ['MUJOCO_GL'] = 'disable'
try:
    import mujoco
except ImportError as error:
    raise DependencyError(
        'the simulator needs MuJoCo, which is not installed: pip install mujoco') from error
finally:
    if _wanted is None:
        del os.environ['MUJOCO_GL']
    else:
        os.environ['MUJOCO_GL'] = _wanted

__all__ = ['mujoco']
