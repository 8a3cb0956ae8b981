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

"""First file of the perception process, run by any interpreter: finds the node's own package.

Arguments: descriptor of the wire, process number of the node, the package's `__init__.py`, and
folders to import from, one line each, after the interpreter's own. Only this package is taken from
the node's environment: what it imports comes from the interpreter's.
"""

import os
import sys

# this file's folder, whose names would hide others, and which not every interpreter puts there
_folder = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _folder]
sys.path.extend(entry for entry in sys.argv[4].split('\n') if entry and entry not in sys.path)
if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit('Python %d.%d is too old: spatialclaw_ros needs 3.10 or later' % sys.version_info[:2])  # noqa: UP031

import importlib.util  # noqa: E402

_spec = importlib.util.spec_from_file_location('spatialclaw_ros', sys.argv[3])
assert _spec is not None
assert _spec.loader is not None
_package = importlib.util.module_from_spec(_spec)
sys.modules['spatialclaw_ros'] = _package
_spec.loader.exec_module(_package)

from spatialclaw_ros.perception.process.server import main  # noqa: E402

main(int(sys.argv[1]), int(sys.argv[2]))
