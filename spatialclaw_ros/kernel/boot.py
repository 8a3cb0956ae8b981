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


"""First file of the zygote's interpreter, started without `site`: takes over the host's paths.

Arguments: control descriptor, the package's `__init__.py`, the import path, one line each, and the
sandbox policy.
"""

from __future__ import annotations

import sys

sys.path[:] = sys.argv[3].split('\n')

import importlib.util  # noqa: E402

_spec = importlib.util.spec_from_file_location('spatialclaw_ros', sys.argv[2])
assert _spec is not None
assert _spec.loader is not None
_package = importlib.util.module_from_spec(_spec)
sys.modules['spatialclaw_ros'] = _package
_spec.loader.exec_module(_package)

from spatialclaw_ros.kernel.zygote import main  # noqa: E402

main(int(sys.argv[1]), sys.argv[4])
