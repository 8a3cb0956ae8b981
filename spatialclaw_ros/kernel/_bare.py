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


"""Temporary scope until the workspace's own is there."""

import numpy as np

from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.cell import ShownImage
from spatialclaw_ros.workspace.question import CellAnswer


def make_namespace(observation, port, *, show, answer, capabilities=frozenset()):
    import matplotlib.pyplot as plt
    return {'np': np, 'plt': plt, 'observation': observation,
            'show': lambda im, label=None: show(ShownImage(label or '', im)),
            'ReturnAnswer': lambda value, **k: answer(CellAnswer(value, **k)),
            'call': lambda tool, args=None, **arrays: port(ToolCall(tool, args or {}, arrays))}
