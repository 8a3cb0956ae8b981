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



"""The system prompts of who writes and of who plans."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from spatialclaw_ros.agent.interfaces import ActionInterface
from spatialclaw_ros.agent.prompts.conduct import BUDGET, REFUSING, ROLE, TEXT_IN_IMAGES
from spatialclaw_ros.agent.prompts.frames import FRAMES_OF_REFERENCE
from spatialclaw_ros.agent.prompts.measuring import EVIDENCE, ROBUST
from spatialclaw_ros.agent.prompts.robot import robot_text

_PLANNER = """\
You plan, for a robot, how a question about what its cameras see will be answered. Another model
will carry the plan out step by step; it sees the images, you see none. From the question and the
facts say, in at most eight short lines:
which things must be found, and what could be confused with them;
which frame of reference the question means, and why;
what will be measured, with what, on which frames;
how the result will be checked by a second, independent way;
what would make the question unanswerable.
Write no code, and conclude nothing: neither what is in the images nor what the answer will be."""


def system_prompt(
    interface: ActionInterface, capabilities: Set[str], metadata: Mapping[str, Any],
) -> str:
    """System prompt of who writes; the same for every query of a robot.

    Args:
        interface: how the model acts.
        capabilities: tools that are loaded, names of `workspace.calls`.
        metadata: facts of the frames; those of the robot are taken.
    """
    have = _have(interface, capabilities)
    sections = [
        ROLE.text(have), interface.prompt(capabilities),
        *(section.text(have) for section in (
            FRAMES_OF_REFERENCE, ROBUST, EVIDENCE, REFUSING, TEXT_IN_IMAGES, BUDGET)),
        robot_text(metadata)]
    return '\n\n'.join(filter(None, sections))


def planner_prompt(
    interface: ActionInterface, capabilities: Set[str], metadata: Mapping[str, Any],
) -> str:
    """System prompt of who plans; the same for every query of a robot."""
    return '\n\n'.join(filter(None, (
        _PLANNER, interface.tools_text(capabilities), FRAMES_OF_REFERENCE.text(frozenset()),
        robot_text(metadata))))


def _have(interface: ActionInterface, capabilities: Set[str]) -> frozenset[str]:
    """What a section's lines may need."""
    have = {'steps'} if interface.has_steps else set()
    if interface.has_tools:
        have |= capabilities | {'tools'}
    if interface.is_python:
        have |= {'python'}
    return frozenset(have)
