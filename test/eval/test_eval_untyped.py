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

"""Questions that are asked as text, as public benchmarks are: what comes back is scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from eval_scene import CENTRES_M, SEEN, question
from session_lab import fenced

from spatialclaw_ros.eval.ask import Asker
from spatialclaw_ros.eval.benchmarks.base import NUMBER_HINT, Benchmark, Rules, said_text
from spatialclaw_ros.eval.colour_alone import warning
from spatialclaw_ros.eval.config import RunConfig, ToleranceConfig
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import (
    Bag,
    Folder,
    Frames,
    Images,
    Media,
    Question,
    Said,
    Simulated,
    Video,
)
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.workspace.observation import Observation

CENTRES = 'How far apart are the centres of the red box and the blue ball?'


class Published(Benchmark):
    """A benchmark whose pictures have depth."""

    sheet = Sheet('published', '', '', '', 0, 'images', '')
    rules = Rules('default', 'omni3d')

    def read(self) -> Iterator[Question]:
        """None are listed."""
        yield from ()

    def observe(self, question: Question) -> Observation:
        """The scene, whatever is asked."""
        return SEEN


def asked(truth: str | float | bool, text: str = CENTRES) -> Question:
    kind = {bool: 'yes_no', float: 'number', str: 'letter'}[type(truth)]
    return question(text, truth=truth, answer=kind, unit='', hint=NUMBER_HINT)


@pytest.mark.parametrize(('call', 'truth', 'text'), [
    ('ReturnAnswer(41.2)', 41.2, '41.2'),
    ("ReturnAnswer('41.2')", 41.2, '41.2'),
    ('ReturnAnswer(3)', 3.0, '3'),
    ("ReturnAnswer(0.4, unit='m', sigma=0.5)", 0.4, '0.4 m'),  # wrong units and wide sigmas are
    ("ReturnAnswer(12.0, unit='m^2')", 12.0, '12 m^2'),        # the rule's to judge
    ("ReturnAnswer('b')", 'B', 'b'),
    ("ReturnAnswer('B. a box')", 'B', 'B. a box'),
    ('ReturnAnswer(True)', True, 'yes'),
    ("ReturnAnswer('No.')", False, 'No.'),
])
def test_what_a_model_hands_in_is_scored(
    tmp_path: Path, call: str, truth: str | float | bool, text: str,
) -> None:
    script = tmp_path / 'script.yaml'
    script.write_text(yaml.safe_dump({'replies': [fenced(call)]}))
    # one reply: what does not fit could not be mended
    run = RunConfig(
        name='a', backbone='recorded', script=str(script), interface='single_pass')
    with Asker(run) as asker:
        result = asker.ask(Published(tmp_path), asked(truth))
    assert (result.said.status, result.said.text) == ('OK', text), result.said.message
    assert (result.score.points, result.score.right, result.steps) == (1.0, True, 1)


def test_the_rules_answer_them_to_whatever_they_know(tmp_path: Path) -> None:
    tight = ToleranceConfig(length_m=1e-6, share=0.0)
    with Asker(RunConfig(name='a', tolerance=tight)) as asker:
        result = asker.ask(Published(tmp_path), asked(CENTRES_M))
        yes = asker.ask(Published(tmp_path), asked(True, 'Is there a red box?'))
    assert result.score.right, result.said
    assert result.score.read == pytest.approx(CENTRES_M, abs=0.03)
    assert yes.score.right, yes.said


@pytest.mark.parametrize(('said', 'text'), [
    (Said(status='OK', value=2.0), '2'),
    (Said(status='OK', value=4.1e-05), '0.000041'),
    (Said(status='OK', value=True), 'yes'),
    (Said(status='OK', value=False), 'no'),
    (Said(status='OK', value=' B '), 'B'),
    (Said(status='OK', value='0.4 m', unit='m'), '0.4'),
    (Said(status='OK', value='12 m^2', unit='m^2'), '12'),
    (Said(status='OK', value='the room', unit='m'), 'the room'),
    (Said(status='OK', value='0.4 m'), '0.4 m'),  # as a model wrote it
    (Said(status='OK', text=' or so '), 'or so'),
    (Said(status='REFUSED', message='B'), ''),
    (Said(status='TIMEOUT', text='B'), ''),
])
def test_the_text_that_rules_read(said: Said, text: str) -> None:
    assert said_text(said) == text


COLOUR = (Images(pictures=()), Video(path='a.mp4'), Frames(paths=('a.png',)))


@pytest.mark.parametrize(('run', 'media', 'warned'), [
    ({}, COLOUR, True),
    ({'interface': 'tool_call'}, COLOUR[:1], True),
    ({'interface': 'none'}, COLOUR, False),
    ({'perception': PerceptionConfig(reconstruct='depth_anything')}, COLOUR, False),
    ({'perception': PerceptionConfig(url='http://gpu-box:8450')}, COLOUR, True),
    ({'backbone': 'floor'}, COLOUR, False),
    ({}, (Simulated(seed=0),), False),
    ({}, (*COLOUR, Folder(path='a')), False),
    ({}, (Bag(path='a'),), False),
])
def test_who_has_tools_and_no_depth_is_told_in_one_line(
    run: dict, media: tuple[Media, ...], warned: bool,
) -> None:
    questions = [question(media=(each,)) for each in media]
    line = warning(RunConfig(name='mine', **run), questions)
    assert bool(line) is warned
    assert not warned or ('runs.mine.perception.reconstruct=depth_anything' in line
                          and '\n' not in line)
