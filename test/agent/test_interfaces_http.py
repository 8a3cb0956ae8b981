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



"""The other interfaces over real HTTP: client, stream that stops at the fence, kernel."""

from __future__ import annotations

import json

import pytest
from model_lab import GOOD, ask, truth_m
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import script
from session_lab import fenced

from spatialclaw_ros.agent.events import Answered, Failed
from spatialclaw_ros.agent.interfaces import INTERFACES
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.question import AnswerType, Question

FRAME = {'$': 'InputImages[1]'}
RECON = {'$': 'recon'}
# a model that goes on after its block, with a block that must never count
CHATTER = '\nNow I wait for it.\n```json\n{"tool": "ReturnAnswer", "args": [99.0]}\n```\n'


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


def call(tool: str, bind: str | None, **args: object) -> str:
    given = {'tool': tool, 'args': args, **({'bind': bind} if bind else {})}
    return fenced(json.dumps(given), 'json') + CHATTER


CALLS = (
    call('tools.SAM3.segment_image_by_text', 'box', image=FRAME, prompt='red box'),
    call('tools.SAM3.segment_image_by_text', 'ball', image=FRAME, prompt='blue ball'),
    call('show', None, images=[{'$': 'box'}, {'$': 'ball'}]),
    call('tools.Reconstruct', 'recon', frames={'$': 'InputImages'}),
    call('box.get_masked_points', 'p', recon=RECON, frame=1),
    call('ball.get_masked_points', 'q', recon=RECON, frame=1),
    call('tools.Geometry.closest_points', 'near', a={'$': 'p'}, b={'$': 'q'}),
    call('read', 'd', of={'$': 'near'}, path='distance'),
    call('read', 'a', of={'$': 'near'}, path='point_a'),
    call('read', 'b', of={'$': 'near'}, path='point_b'),
    call('read', 's', of={'$': 'near'}, path='sigma'),
    call('ReturnAnswer', None, value={'$': 'd'}, unit='m', sigma={'$': 's'},
         points=[{'$': 'a'}, {'$': 'b'}]))


def test_calls_measure_the_same_distance(kernel) -> None:
    with ScriptedVlm(script(CALLS)) as server:
        outcome = ask(kernel, server.url, max_steps=20, interface=INTERFACES['tool_call'])
    outcome.check_right()
    assert outcome.end.steps == len(CALLS)
    assert not server.violations
    assert 'Images shown' in outcome.feedback[2]
    last = server.of('agent')[-1].request
    replies = [message for message in last.messages if message['role'] == 'assistant']
    assert len(replies) == len(CALLS) - 1
    assert all('Now I wait' not in json.dumps(message) for message in replies)


def test_one_program_measures_it_too(kernel) -> None:
    program = '\n'.join(each.partition('```python\n')[2].rpartition('```')[0] for each in GOOD)
    with ScriptedVlm(script([fenced(program)])) as server:
        outcome = ask(kernel, server.url, interface=INTERFACES['single_pass'])
        outcome.check_right()
        assert len(server.of('agent')) == 1
    with ScriptedVlm(script([fenced('print(1 / 0)')])) as server:
        end = ask(kernel, server.url, interface=INTERFACES['single_pass']).end
        assert isinstance(end, Failed)
        assert 'ZeroDivisionError' in end.message
        assert len(server.of('agent')) == 1


def test_the_model_alone_sees_pictures_and_no_tools(kernel) -> None:
    replies = [fenced('{"value": "about a foot"}', 'json') + CHATTER,
               fenced(json.dumps({'value': round(truth_m(), 2), 'unit': 'm'}), 'json') + CHATTER]
    with ScriptedVlm(script(replies)) as server:
        outcome = ask(
            kernel, server.url, interface=INTERFACES['none'],
            question=Question('How far is the red box from the blue ball?', AnswerType.NUMBER))
    outcome.check()
    assert isinstance(outcome.end, Answered)
    assert outcome.end.value == round(truth_m(), 2)
    assert not server.violations
    for role in ('agent', 'planner'):
        assert 'tools.' not in json.dumps(server.of(role)[0].request.messages)
    assert 'image_url' in json.dumps(server.of('agent')[0].request.messages)
