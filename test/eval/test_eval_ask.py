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


"""One question asked for real: its kernel, its answer, its trace; how it is put and what comes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from eval_scene import CENTRES_M, SEEN, Scene, question
from session_lab import Listening

from spatialclaw_ros.agent.events import Answered, Event, Evidence, Failed, Refused
from spatialclaw_ros.backbone.protocol import Backbone, Brief, Exchange
from spatialclaw_ros.backbone.protocol import Said as ModelSaid
from spatialclaw_ros.backbone.rules import RulesBackbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.ask import Asker, folder_name
from spatialclaw_ros.eval.config import DataConfig, RunConfig
from spatialclaw_ros.eval.job import Desk, Job
from spatialclaw_ros.eval.meter import metered
from spatialclaw_ros.eval.records import AnswerKind, Question, Said, Tokens
from spatialclaw_ros.eval.scoring import outcome, score_typed
from spatialclaw_ros.eval.wording import plain_text, said_of, to_ask
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import AnswerType, Status


def test_the_rules_measure_a_scene(tmp_path: Path) -> None:
    asked = question('How far apart are the centres of the red box and the blue ball?',
                     id='a/b: centres', truth=CENTRES_M)
    traces = tmp_path / 'traces'
    with Asker(RunConfig(name='rules', traces='all')) as asker:
        result = asker.ask(Scene(), asked, traces)
        missing = asker.ask(
            Scene(), question('How far is the green ball from the red box?'), traces)
    assert result.said.answered, result.said.message
    assert result.said.value == pytest.approx(CENTRES_M, abs=0.03)
    assert (result.said.unit, result.said.scale_source) == ('m', 'sensor_depth')
    assert result.said.sigma is not None
    assert result.steps >= 2
    assert {'observe', 'plan', 'kernel', 'run', 'total'} <= result.times_s.keys()
    assert result.trace == f'traces/{folder_name(asked.id)}'
    assert (tmp_path / result.trace / 'trace.html').is_file()
    assert missing.said.refused
    assert missing.score.right


@pytest.mark.parametrize(('id', 'name'), [
    ('q1', 'q1'), ('', '-'), ('a/b', 'a_b-'), ('../a', '_a-'), ('.git', 'git-'),
    ('x' * 200, 'x' * 80 + '-')])
def test_a_questions_folder(id: str, name: str) -> None:
    found = folder_name(id)
    assert found == name or (found.startswith(name) and len(found) == len(name) + 8)


def test_ids_that_look_alike_have_folders_of_their_own() -> None:
    assert len({folder_name(each) for each in ('a b', 'a/b', 'a_b', 'a?b')}) == 4


@pytest.mark.parametrize(('answer', 'options', 'kind'), [
    ('number', (), AnswerType.NUMBER), ('count', (), AnswerType.NUMBER),
    ('yes_no', (), AnswerType.BOOLEAN), ('point', (), AnswerType.POINT),
    ('text', (), AnswerType.TEXT), ('text', ('a', 'b'), AnswerType.CHOICE),
    ('letter', ('a', 'b'), AnswerType.CHOICE), ('letter', (), AnswerType.ANY)])
def test_a_typed_question(
    answer: AnswerKind, options: tuple[str, ...], kind: AnswerType,
) -> None:
    put = to_ask(question(answer=answer, options=options, frame='odom'), typed=True)
    assert (put.text, put.answer_type, put.choices) == ('How far?', kind, options)


def test_a_plain_question() -> None:
    asked = question('Which?', hint='One letter.', options=('a mug', 'a box'), answer='letter')
    assert plain_text(asked) == 'Which?\n\nOne letter.\n\nA. a mug\nB. a box'
    put = to_ask(asked, typed=False)
    assert (put.text, put.answer_type, put.choices) == (plain_text(asked), AnswerType.TEXT, ())
    with pytest.raises(InvalidRequestError, match='characters'):
        to_ask(question('x' * 5000), typed=False)


def base_at(x: float) -> Observation:
    pose = np.eye(4)
    pose[0, 3] = x
    return dataclasses.replace(
        SEEN, transforms={'base_link': np.repeat(pose[None], len(SEEN.frames), axis=0)},
        base_frame='base_link')


POINT = Answered(np.array([1.0, 2.0, 3.0]), AnswerType.POINT, '', 'm')
BASIS = Evidence(scale_source='sensor_depth', notes=('assumed',))


@pytest.mark.parametrize(('end', 'asked', 'said'), [
    (Answered(0.4, AnswerType.NUMBER, '0.400 m', 'm', 0.01, evidence=BASIS), question(),
     Said(status='OK', text='0.400 m', value=0.4, unit='m', sigma=0.01,
          scale_source='sensor_depth', notes=('assumed',))),
    (Answered('b', AnswerType.CHOICE, 'b', choice=1), question(answer='letter'),
     Said(status='OK', text='b', value='B')),
    (Answered('b', AnswerType.CHOICE, 'b', choice=1), question(answer='text'),
     Said(status='OK', text='b', value='b')),
    (Refused('not there', BASIS), question(), Said(
        status='REFUSED', message='not there', scale_source='sensor_depth', notes=('assumed',))),
    (Failed(Status.STEP_LIMIT, 'too long', 'run'), question(),
     Said(status='STEP_LIMIT', message='too long')),
    (POINT, question(), Said(
        status='OK', text='(0.500, 2.000, 3.000) m in base_link', value=(0.5, 2.0, 3.0), unit='m',
        frame='base_link')),
    (POINT, question(frame='odom'), Said(
        status='OK', text='(1.000, 2.000, 3.000) m in odom', value=(1.0, 2.0, 3.0), unit='m',
        frame='odom')),
])
def test_what_an_end_says(end: Event, asked: Question, said: Said) -> None:
    seen = dataclasses.replace(base_at(0.5), world_frame='odom', missing=())
    assert said_of(end, asked, seen) == said


@pytest.mark.parametrize(('truth', 'counted'), [
    (None, 'refused_rightly'), ((1.0, 2.0, 3.0), 'refused_wrongly')])
@pytest.mark.parametrize(('end', 'frame'), [
    (POINT, 'gripper'), (dataclasses.replace(POINT, frame='gripper'), 'gripper'),
    (dataclasses.replace(POINT, frame='gripper'), 'base_link'),
    (dataclasses.replace(POINT, frame='gripper'), ''),
])
def test_a_point_that_can_not_be_given_in_the_frame_is_refused_as_the_node_does(
    end: Answered, frame: str, truth: tuple[float, ...] | None, counted: str,
) -> None:
    asked = question(frame=frame, answer='point', truth=truth)
    said = said_of(end, asked, base_at(0.5))
    assert (said.status, said.value, said.sigma) == ('REFUSED', None, None)
    assert 'gripper' in said.message
    assert outcome(asked, said, score_typed(asked, said)) == counted


def test_tokens_are_counted_for_each_question() -> None:
    counted = Exchange('agent', prompt_tokens=100, completion_tokens=7)
    backbone = metered(Listening([ModelSaid('a', exchange=counted), 'b'],
                                 ModelSaid('plan', exchange=counted)))
    brief = Brief(to_ask(question(), typed=True))
    backbone.plan(brief, Deadline())
    backbone.write(brief, '', (), Deadline())
    assert backbone.taken() == Tokens(prompt=200, completion=14)
    assert backbone.taken() == Tokens()


@pytest.mark.parametrize(('backbone', 'reads'), [(RulesBackbone(), False), (Listening([]), True)])
def test_who_reads_no_prompts_gets_none_when_it_is_counted(
    backbone: Backbone, reads: bool,
) -> None:
    assert metered(backbone).reads_prompts is reads


@pytest.mark.parametrize('backbone', ['rules', 'floor'])
def test_pictures_are_summed_by_one_thread_whoever_asks(backbone: str) -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        with Desk(Job(DataConfig(set='eval_lab:tiny'), RunConfig(name='a', backbone=backbone))):
            assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)
