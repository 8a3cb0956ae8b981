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


"""The whole scope of a cell."""

from __future__ import annotations

import collections
import functools
import itertools
import math
from collections.abc import Callable, Set

import matplotlib

matplotlib.use('Agg')  # before pyplot: no window, no event loop

import matplotlib.pyplot as plt
import numpy as np
import scipy
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.spatial

from spatialclaw_ros.workspace.answer import ReturnAnswer
from spatialclaw_ros.workspace.calls import ToolPort
from spatialclaw_ros.workspace.cell import ShownImage
from spatialclaw_ros.workspace.frames import InputImages
from spatialclaw_ros.workspace.metadata import Metadata, metadata_of
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import CellAnswer
from spatialclaw_ros.workspace.scope import Scope
from spatialclaw_ros.workspace.showing import Show
from spatialclaw_ros.workspace.tools import Tools
from spatialclaw_ros.workspace.tools.vlm import Vlm

plt.switch_backend('Agg')  # now, not at the first figure

ALL_CAPABILITIES = frozenset({'reconstruct', 'segment', 'ocr', 'vlm'})


def _plt_show(show: Show) -> Callable[..., None]:
    # Matplotlib writes attributes onto its `show`: it must be a function
    def plt_show(*args: object, **options: object) -> None:
        show.figures()

    return plt_show


def make_namespace(
    observation: Observation, port: ToolPort, *, show: Callable[[ShownImage], None],
    answer: Callable[[CellAnswer], None], capabilities: Set[str] = ALL_CAPABILITIES,
) -> dict[str, object]:
    """Everything that a cell sees, by name.

    `plt.show` of this process shows to the same sink from then on.

    Args:
        observation: what the cameras saw.
        port: takes tool calls to the host.
        show: takes each shown picture.
        answer: takes each checked answer.
        capabilities: host tools that are loaded.

    Returns:
        A fresh globals dictionary.
    """
    images = InputImages.of(observation)
    scope = Scope(observation, images, port, frozenset(capabilities))
    tools = Tools(scope)
    show_tool = Show(show)
    plt.__dict__['show'] = _plt_show(show_tool)
    # a camera's own frame is known from its reconstruction, without TF too
    names = {*tools.TF.frames(), *(frame.frame_id for frame in observation.frames)} - {''}
    namespace: dict[str, object] = {
        'InputImages': images,
        'Metadata': Metadata(metadata_of(observation)),
        'tools': tools,
        'show': show_tool,
        'vlm': Vlm(scope),
        'ReturnAnswer': ReturnAnswer(answer, sorted(names), observation.world_frame),
        'np': np, 'scipy': scipy, 'math': math, 'plt': plt, 'collections': collections,
        'itertools': itertools, 'functools': functools,
    }
    if len(images.cameras) > 1:
        for number, camera in enumerate(images.cameras, start=1):
            namespace[f'InputImages_{number}'] = images.camera(camera)
    return namespace
