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



"""The four action interfaces through the same session, kernel and tools."""

from __future__ import annotations

import json

import pytest
from analytic_scene import make_scene
from session_lab import Listening, ask, feedbacks, fenced

from spatialclaw_ros.agent.events import Answered, CellRan, CellWritten, Failed, Refused
from spatialclaw_ros.agent.interfaces import INTERFACES, interface_for
from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.question import AnswerType, Question, Status

FRAME = {'$': 'InputImages[0]'}
CELL = """\
recon = tools.Reconstruct(InputImages[0])
box = tools.SAM3.segment_image_by_text(InputImages[0], 'red box')
ball = tools.SAM3.segment_image_by_text(InputImages[0], 'blue ball')
"""
CENTROIDS = CELL + """\
ReturnAnswer(tools.Geometry.euclidean_distance(
    box.get_centroid_3d(recon), ball.get_centroid_3d(recon)), unit='m')
"""
CLOSEST = CELL + """\
near = tools.Geometry.closest_points(box.get_masked_points(recon), ball.get_masked_points(recon))
ReturnAnswer(near.distance, unit='m', points=[near.point_a, near.point_b])
"""


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


@pytest.fixture(scope='module')
def scene():
    return make_scene()


def call(tool: str, bind: str | None = None, **args: object) -> str:
    given = {'tool': tool, 'args': args, **({'bind': bind} if bind else {})}
    return fenced(json.dumps(given), 'json')


LOOK = [
    call('tools.Reconstruct', 'recon', frames=FRAME),
    call('tools.SAM3.segment_image_by_text', 'box', image=FRAME, prompt='red box'),
    call('tools.SAM3.segment_image_by_text', 'ball', image=FRAME, prompt='blue ball')]
RECON = {'$': 'recon'}


def value_of(events) -> float:
    assert isinstance(events[-1], Answered), events[-1]
    return events[-1].value


def test_tool_calls_get_the_distance_between_centroids(kernel, scene) -> None:
    by_calls = ask(kernel, scene, Listening([
        *LOOK, call('box.get_centroid_3d', 'a', recon=RECON),
        call('ball.get_centroid_3d', 'b', recon=RECON),
        call('tools.Geometry.euclidean_distance', 'd', a={'$': 'a'}, b={'$': 'b'}),
        call('ReturnAnswer', value={'$': 'd'}, unit='m', points=[{'$': 'a'}, {'$': 'b'}]),
    ]), interface='tool_call')
    by_code = ask(kernel, scene, Listening([fenced(CENTROIDS)]))
    assert value_of(by_calls) == value_of(by_code) == pytest.approx(0.45, abs=0.03)
    assert by_calls[-1].evidence.points.shape == (2, 3)
    assert [item.label for item in by_calls[-1].evidence.objects] == ['red box', 'blue ball']
    assert "'d' = 0.4" in feedbacks(by_calls)[5] or 'd = 0.4' in feedbacks(by_calls)[5]


def test_tool_calls_can_read_what_a_result_holds(kernel, scene) -> None:
    by_calls = ask(kernel, scene, Listening([
        *LOOK, call('box.get_masked_points', 'p', recon=RECON),
        call('recon.points_under', 'q', seg={'$': 'ball'}),
        call('tools.Geometry.closest_points', 'near', a={'$': 'p'}, b={'$': 'q'}),
        call('read', 'd', of={'$': 'near'}, path='distance'),
        call('ReturnAnswer', value={'$': 'd'}, unit='m'),
    ]), interface='tool_call')
    by_code = ask(kernel, scene, Listening([fenced(CLOSEST)]))
    assert value_of(by_calls) == pytest.approx(value_of(by_code), abs=1e-9)


def test_a_call_that_goes_wrong_is_told_and_the_next_one_counts(kernel, scene) -> None:
    backbone = Listening([
        call('tools.SAM3.segment_image', 'x'), call('mug.get_centroid_3d', 'c', recon=RECON),
        fenced('x = 1'), call('show', images=[FRAME], label='first'),
        call('read', 'n', of={'$': 'InputImages'}, path='frame_indices[1]'),
        call('ReturnAnswer', value={'$': 'n'})])
    events = ask(kernel, scene, backbone, interface='tool_call')
    told = feedbacks(events)
    assert 'did you mean tools.SAM3.segment_image_by' in told[0]
    assert 'NameError' in told[1]
    assert "marked 'python', expected 'json'" in told[2]
    assert 'Images shown: first' in told[3]
    assert 'n = 1' in told[4]
    assert value_of(events) == 1.0
    assert backbone.brief.language == 'json'


def test_a_single_pass_may_answer(kernel, scene) -> None:
    backbone = Listening([fenced(CENTROIDS)])
    assert value_of(ask(kernel, scene, backbone, interface='single_pass')) == pytest.approx(
        0.45, abs=0.03)
    assert backbone.brief.max_steps == 1
    assert 'Left: 1 step,' in backbone.brief.opening


@pytest.mark.parametrize(('reply', 'stage', 'parts'), [
    (fenced('undefined'), 'run', ['while running a cell', 'NameError', 'undefined']),
    (fenced('x = 1'), 'answer', ['while answering', 'did not call ReturnAnswer']),
    (fenced("ReturnAnswer('far')"), 'answer', ['did not fit', 'asks for NUMBER']),
    ('no block', 'write', ['while writing', 'could not be read', '0 fenced blocks']),
])
def test_a_single_pass_that_does_not_answer_ends_with_the_reason(
    kernel, scene, reply, stage, parts,
) -> None:
    events = ask(kernel, scene, Listening([reply] * 3), interface='single_pass',
                 question=Question('how far?', AnswerType.NUMBER))
    end = events[-1]
    assert isinstance(end, Failed)
    assert (end.status, end.stage) == (Status.STEP_LIMIT, stage)
    assert len([e for e in events if isinstance(e, CellRan)]) == 1
    for part in [*parts, 'single_pass']:
        assert part in end.message


def test_the_model_alone_answers_and_refuses(kernel, scene) -> None:
    events = ask(kernel, scene, Listening([
        fenced('{"value": "far"}', 'json'), fenced('{"value": 0.4, "unit": "cm"}', 'json'),
        fenced('{"value": 0.4, "unit": "m"}', 'json')]), interface='none',
        question=Question('how far?', AnswerType.NUMBER))
    assert 'asks for NUMBER' in feedbacks(events)[0]
    assert 'answers are in SI units' in feedbacks(events)[1]
    assert (value_of(events), events[-1].unit) == (0.4, 'm')
    assert events[-1].evidence.scale_source == ''
    written = next(e for e in events if isinstance(e, CellWritten))
    assert (written.purpose, written.code) == ('p', "ReturnAnswer('far')\n")
    events = ask(kernel, scene, Listening([fenced('{"refuse": "hidden"}', 'json')]),
                 interface='none')
    assert isinstance(events[-1], Refused)
    assert events[-1].reason == 'hidden'


def test_no_json_reaches_past_the_tools(kernel, scene) -> None:
    """What passes the reader still runs in the kernel: behind its gate, in its sandbox."""
    events = ask(kernel, scene, Listening([
        call('tools.Draw.draw_point', 'picture', image=FRAME, point=[5, 5]),
        call('picture.save', 'x', fp='x.png'),
        call('read', 'x', of={'$': 'picture'}, path='im.__class__'),
        call('read', 'x', of={'$': 'picture'}, path='tobytes'),
        call('ReturnAnswer', value=True)]), interface='tool_call')
    told = feedbacks(events)
    assert 'no method' in told[1]
    assert 'not a plain name' in told[2] or 'is made of names' in told[2]
    assert 'x = <bound method' in told[3]  # named, never called
    assert value_of(events) is True


def test_a_backbone_that_writes_only_code_says_so() -> None:
    rules = make_backbone('rules')
    assert interface_for('code', rules) is INTERFACES['code']
    for name in ('single_pass', 'tool_call', 'none'):
        with pytest.raises(InvalidRequestError, match=f"'rules' can not write for.*'{name}'"):
            interface_for(name, rules)
        assert interface_for(name, Listening([])) is INTERFACES[name]
    with pytest.raises(InvalidRequestError, match='expected one of code, single_pass'):
        interface_for('telepathy', rules)
