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

"""To which tolerance a question of a data set is asked: its own, else that of the run."""

from __future__ import annotations

from dataclasses import replace

from spatialclaw_ros.eval.records import Question
from spatialclaw_ros.eval.units import convert
from spatialclaw_ros.workspace.tolerance import MAX_ANGLE_DEG, Tolerance

ANY_AT_ALL = Tolerance(length_m=1e9, share=0.0, angle_deg=MAX_ANGLE_DEG)
"""Nothing is refused for it: a rule of scoring gives points by how near an answer comes."""


def asked_to(question: Question, usual: Tolerance, *, typed: bool = True) -> Tolerance:
    """The tolerance that a question is asked to.

    Args:
        question: of a data set; `facts['tolerance']` of a length, a place or an angle, in its unit,
            goes before the usual one, and has no share beside it. Zero, which nothing measured can
            meet, does not.
        usual: of the run.
        typed: as `Sheet.typed` has it; what is asked as text is held to none.
    """
    if not typed:
        return ANY_AT_ALL
    own = question.facts.get('tolerance', 0.0)
    if own <= 0 or not question.unit:
        return usual
    length_m, angle_deg = convert(own, question.unit, 'm'), convert(own, question.unit, 'deg')
    if length_m is not None:
        return replace(usual, length_m=length_m, share=0.0)
    return usual if angle_deg is None else replace(usual, angle_deg=min(angle_deg, 360.0))
