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

"""What a run should be told about questions that have no depth."""

from __future__ import annotations

from collections.abc import Iterable

from spatialclaw_ros.agent.interfaces import INTERFACES
from spatialclaw_ros.eval.config import FLOOR, RunConfig
from spatialclaw_ros.eval.records import Frames, Images, Question, Video

_COLOUR_ALONE = (Images, Video, Frames)


def warning(run: RunConfig, questions: Iterable[Question]) -> str:
    """One line where a run acts with tools that need depth, and its questions have none; else ''.

    Args:
        run: who perceives, and how it acts.
        questions: what is asked; pictures and videos of public data sets have no depth, simulated
            worlds, folders and bags may have it.
    """
    if (run.backbone == FLOOR or not INTERFACES[run.interface].has_tools
            or run.perception.reconstruct != 'rgbd'):
        return ''
    if not all(isinstance(media, _COLOUR_ALONE) for question in questions
               for media in question.media):
        return ''
    return (f"{run.name}: these questions have colour alone, and reconstruct 'rgbd' needs depth: "
            f"nothing can be measured; --set 'runs.{run.name}.perception.reconstruct="
            "depth_anything' takes a depth model (docs/evaluation.md)")
