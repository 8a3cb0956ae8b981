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



"""What a model reads of the tools is what a call can reach, with the names of its arguments."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from spatialclaw_ros.agent.interfaces import calls
from spatialclaw_ros.workspace.answer import ReturnAnswer
from spatialclaw_ros.workspace.frames import FrameImage
from spatialclaw_ros.workspace.prompts import tool_docs
from spatialclaw_ros.workspace.showing import Show
from spatialclaw_ros.workspace.tools.reconstruct import Reconstruct
from spatialclaw_ros.workspace.tools.sam3 import SAM3

SIGNATURE = re.compile(r'`(?:\w+ = )?(?:[\w.]*\.)?(\w+)\(([^`()]*(?:\([^)]*\)[^`()]*)*)\)')
TEXT = ' '.join(tool_docs({'reconstruct', 'segment', 'ocr', 'vlm'}, python=False).split())
BESIDE: dict[str, Callable[..., Any]] = {
    'show': Show.__call__, 'ReturnAnswer': ReturnAnswer.__call__, 'SAM3': SAM3.__call__,
    'Reconstruct': Reconstruct.__call__, 'crop': FrameImage.crop}


def reachable() -> dict[str, list[Callable[..., Any]]]:
    """Functions by the last part of their name."""
    found = {name: [function] for name, function in BESIDE.items()}
    for full in calls.TOOLS - set(BESIDE):
        group, _, name = full.rpartition('.')
        if group in calls._GROUPS:
            found.setdefault(name, []).append(getattr(calls._GROUPS[group], name))
    for kind in calls._RESULTS:
        for name in calls.METHODS & set(vars(kind)):
            found.setdefault(name, []).append(getattr(kind, name))
    return found


@pytest.mark.parametrize(('name', 'arguments'), sorted({
    (name, arguments) for name, arguments in SIGNATURE.findall(TEXT)
    if not arguments.startswith('None')}))
def test_every_call_in_the_texts_can_be_made_by_name(name: str, arguments: str) -> None:
    names = [each.split('=')[0].strip() for each in arguments.split(',')]
    wanted = {each for each in names if each and each != '...'}
    known = [set(inspect.signature(function).parameters) for function in reachable()[name]]
    if name == 'normalized_to_pixel':  # takes the image's size in several ways
        wanted.discard('image')
    assert any(wanted <= each for each in known), (wanted, known)


def test_the_texts_hold_most_of_what_there_is() -> None:
    assert len(SIGNATURE.findall(TEXT)) > 45
