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

"""To which tolerance a data set's questions are asked, and what becomes of it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from eval_scene import CENTRES_M, Scene, question

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.ask import Asker
from spatialclaw_ros.eval.asked_to import asked_to
from spatialclaw_ros.eval.config import RunConfig, ToleranceConfig
from spatialclaw_ros.eval.config_file import read_eval_config
from spatialclaw_ros.workspace.tolerance import Tolerance

USUAL = Tolerance(0.02, 0.03, 5.0)
SCORED = ToleranceConfig(length_m=0.02, share=0.03, angle_deg=5.0)
CONFIG = """
data: {set: claw-sim}
runs:
- {name: a, tolerance: &both {length_m: 0.02, share: 0}}
- {name: b, tolerance: *both}
- {name: c}
"""


@pytest.mark.parametrize(('unit', 'own', 'wanted'), [
    ('m', None, USUAL),
    ('m', 0.01, Tolerance(0.01, 0.0, 5.0)),
    ('cm', 1.0, Tolerance(0.01, 0.0, 5.0)),
    ('deg', 2.0, Tolerance(0.02, 0.03, 2.0)),
    ('rad', math.radians(2.0), Tolerance(0.02, 0.03, 2.0)),
    ('deg', 500.0, Tolerance(0.02, 0.03, 360.0)),
    ('m/s', 0.1, USUAL),
    ('', 1.0, USUAL),  # a count
    ('m', 0.0, USUAL),
])
def test_a_question_of_its_own_tolerance_is_asked_to_that(
    unit: str, own: float | None, wanted: Tolerance,
) -> None:
    found = asked_to(question(unit=unit, facts={} if own is None else {'tolerance': own}), USUAL)
    assert (found.length_m, found.share) == (pytest.approx(wanted.length_m), wanted.share)
    assert found.angle_deg == pytest.approx(wanted.angle_deg)


def test_what_is_asked_as_text_is_held_to_none() -> None:
    asked = question(unit='m', facts={'tolerance': 0.01})
    wanted = asked_to(asked, USUAL, typed=False)
    assert not wanted.objection('', 1e6, 'm')
    assert not wanted.objection('', math.pi, 'rad')


@pytest.mark.parametrize(('length_m', 'share', 'own', 'refused'), [
    (0.10, 0.20, None, False), (0.001, 0.0, None, True), (0.001, 0.0, 0.1, False),
    (0.10, 0.20, 0.001, True)])
def test_what_a_run_asks_to_is_what_it_gets(
    length_m: float, share: float, own: float | None, refused: bool,
) -> None:
    asked = question('How far apart are the centres of the red box and the blue ball?',
                     truth=CENTRES_M, facts={} if own is None else {'tolerance': own})
    run = RunConfig(name='a', tolerance=ToleranceConfig(length_m=length_m, share=share))
    with Asker(run) as asker:
        said = asker.ask(Scene(), asked).said
    assert said.refused is refused
    assert not refused or 'with a sigma of' in said.message


def test_a_run_without_one_asks_as_the_node_does() -> None:
    assert RunConfig(name='a').tolerance.asked == Tolerance()


def test_one_that_several_runs_share_is_changed_for_the_run_named(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(CONFIG)
    config = read_eval_config(str(path), ['runs.b.tolerance.length_m=0.5'])
    assert [run.tolerance.length_m for run in config.runs] == [0.02, 0.5, Tolerance().length_m]
    assert [run.tolerance.share for run in config.runs] == [0.0, 0.0, Tolerance().share]


@pytest.mark.parametrize(('change', 'words'), [
    ('runs.a.tolerance.length_m=0', 'more than 0 m'),
    ('runs.c.tolerance.length_m=.inf', 'more than 0 m'),
    ('runs.a.tolerance.angle_deg=-1', '360 degrees'),
    ('runs.a.tolerance.shares=0.1', "did you mean 'share'?"),
])
def test_what_is_no_tolerance_is_named(tmp_path: Path, change: str, words: str) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(CONFIG)
    with pytest.raises(InvalidRequestError, match=words.replace('?', r'\?')) as error:
        read_eval_config(str(path), [change])
    assert 'tolerance' in str(error.value)


@pytest.mark.parametrize('name', ['claw-sim', 'claw-sim-noise', 'interfaces'])
def test_claw_sim_is_asked_to_what_it_is_scored_with(name: str) -> None:
    config = read_eval_config(name)
    assert {run.tolerance for run in config.runs if run.backbone != 'floor'} == {SCORED}
