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


"""Where a query may be when its action is cancelled, by what a scripted model does."""

from __future__ import annotations

from dataclasses import dataclass

from scripted_vlm_model import SILENT, Act, Model, cell, script

ANSWER = cell('ReturnAnswer(1.0, unit="m")')
GOOD = script((ANSWER,))
DEAF = 'while True:\n    try:\n        while True: pass\n    except BaseException: pass'


@dataclass(frozen=True)
class Stage:
    """Where a query is when it is cancelled: what the model does, and the feedback until then."""

    model: Model
    heard: str


STAGES = {
    'planning': Stage(lambda _: SILENT, 'frames'),
    'the plan comes': Stage(script((ANSWER,), plan=Act('a plan ' * 500, pause_s=0.1)), 'frames'),
    'a model writes': Stage(script((Act(ANSWER * 100, pause_s=0.1),)), 'plan'),
    'a cell loops': Stage(script((cell('while True: pass'),)), 'write'),
    'a cell loops in C': Stage(script((cell('max(range(10**12))'),)), 'write'),
    'a cell listens to nothing': Stage(script((cell(DEAF),)), 'write'),
}
