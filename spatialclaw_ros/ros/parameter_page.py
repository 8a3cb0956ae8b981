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

"""Writes `docs/parameters.md` from the tables that the node declares."""

from __future__ import annotations

from spatialclaw_ros.ros.parameter_spec import CHANGES
from spatialclaw_ros.ros.parameter_table import CAMERA_PARAMETERS, NODE_PARAMETERS
from spatialclaw_ros.ros.perception_parameters import PERCEPTION_PARAMETERS


def parameters_page() -> str:
    """Markdown of `docs/parameters.md`."""
    rows = ['| parameter | type | default | allowed | changes | what it does |',
            '|---|---|---|---|---|---|']
    tables = []
    for specs in (NODE_PARAMETERS, PERCEPTION_PARAMETERS, CAMERA_PARAMETERS):
        lines = list(rows)
        for spec in specs:
            default = list(spec.default) if isinstance(spec.default, tuple) else spec.default
            shown = f"`'{default}'`" if isinstance(default, str) else f'`{default}`'
            lines.append(
                f'| `{spec.name}` | {spec.type_name} | {shown} | {spec.allowed} | '
                f'{CHANGES[spec.changes]} | {spec.description} |')
        tables.append('\n'.join(lines))
    return (
        '# Parameters\n\n'
        'Give them in a parameter file (`ros2 run spatialclaw_ros node --ros-args --params-file '
        'my_robot.yaml`; `config/spatialclaw.yaml` is one to copy), or one by one with `-p '
        'timeout_s:=10.0`. A name that is not known, a value outside the allowed ones, or values '
        'that contradict each other stop the node at its start with a line that names all of them; '
        '`spatialclaw doctor --params-file my_robot.yaml` tells before, and which sections '
        'of the file are for other nodes.\n\n'
        'What changes *at any time* holds from the next query on: `ros2 param set /spatialclaw '
        'window_s 5.0`. What changes *while the node is unconfigured* (`ros2 lifecycle set '
        '/spatialclaw deactivate`, then `cleanup`) holds from the next `configure` on. A request '
        'is taken as a whole or not at all, `ros2 param load` of a file too, and says why not.\n\n'
        f'## The node\n\n{tables[0]}\n\n'
        '## Perception\n\ndocs/perception.md tells which to choose; `spatialclaw doctor` what is '
        'there for it. What a model has beyond these, docs/perception.md lists: '
        '`perception.depth.options.NAME`, `perception.masks.options.NAME`.\n\n'
        f'{tables[1]}\n\n'
        f'## Each camera\n\n`{{camera}}` is a name from `cameras`.\n\n{tables[2]}\n\n'
        'This page is written by `python scripts/write_parameters_page.py` from the tables in '
        '`spatialclaw_ros/ros/parameter_table.py` and `perception_parameters.py`.\n')
