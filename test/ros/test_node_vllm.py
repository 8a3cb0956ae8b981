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



"""The whole path: a robot over DDS, the real node with `backbone:=vllm`, its service, a model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from live_node import until
from managed_node import ManagedNode
from rclpy.context import Context
from rclpy.node import Node
from robot_double import spin_until
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import SILENT, Model, cell, script
from session_lab import fenced

from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.compat.share import share_path
from spatialclaw_ros.sim.recording import TOPICS, TRUTH_FILE
from spatialclaw_ros.workspace.question import AnswerType

Ask = Callable[..., SpatialAnswer]
QUESTION = 'What is the closest distance between the red mug and the blue box?'
TRUTH_M = json.loads(
    (share_path('demo', 'tabletop') / TRUTH_FILE).read_text())['closest']['red mug']['blue box']
PARAMETERS = {
    'cameras': ['wrist'], 'wrist.image': TOPICS.color_compressed,
    'wrist.image_transport': 'compressed', 'wrist.camera_info': TOPICS.info,
    'wrist.depth': TOPICS.depth_compressed, 'wrist.depth_transport': 'compressedDepth',
    'world_frame': 'odom', 'base_frame': 'base_link', 'window_s': 2.0, 'max_frames': 5,
    'backbone': 'vllm', 'backbone_model': 'scripted'}
LOOK = cell("""
mug = tools.SAM3.segment_video_by_text('red mug')
box = tools.SAM3.segment_video_by_text('blue box')
f = max(set(mug.frames_with(0)) & set(box.frames_with(0)))
show(mug.visualize(f), label='mug')
print(mug.num_objects, box.num_objects, f)
""", 'see both')
MEASURE = cell("""
recon = tools.Reconstruct([InputImages[InputImages.frame_indices.index(f)]])
near = tools.Geometry.closest_points(
    mug.get_masked_points(recon, f), box.get_masked_points(recon, f))
print(near)
""")
ANSWER = cell("""
ReturnAnswer(near.distance, unit='m', points=[near.point_a, near.point_b], sigma=near.sigma)
""", 'answer')


@pytest.fixture(scope='module')
def robot() -> Iterator[subprocess.Popen[bytes]]:
    """The recording of the simulated robot, played."""
    process = subprocess.Popen([sys.executable, '-m', 'spatialclaw_ros.sim', '--recording'])
    yield process
    process.terminate()
    process.wait(60.0)


@pytest.fixture(scope='module')
def vlm() -> Iterator[ScriptedVlm]:
    with ScriptedVlm(script(())) as server:
        yield server


@pytest.fixture(scope='module')
def node(
    robot: subprocess.Popen[bytes], vlm: ScriptedVlm, tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ManagedNode]:
    with ManagedNode(tmp_path_factory.mktemp('node'), 'asked', {
            **PARAMETERS, 'backbone_url': vlm.url, 'action_interface': 'code'}) as made:
        yield made


@pytest.fixture
def ask(node: ManagedNode, vlm: ScriptedVlm) -> Iterator[Ask]:
    """Ask the node, whose model acts so, through an interface."""
    def one(model: Model, timeout_s: float = 90.0, interface: str = 'code') -> SpatialAnswer:
        vlm.model = model
        return node.ask(
            QUESTION, {'action_interface': interface, 'backbone_url': vlm.url},
            timeout_s=timeout_s, answer_type=int(AnswerType.NUMBER))

    vlm.forget()
    yield one
    assert not vlm.violations, vlm.violations


def test_a_good_model_measures_right(ask: Ask, vlm: ScriptedVlm) -> None:
    replies = (LOOK, MEASURE, ANSWER)
    answer = ask(script(replies))
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.number == pytest.approx(TRUTH_M, abs=0.02)
    assert answer.unit == 'm'
    assert [seen.role for seen in vlm.seen] == ['planner', *['agent'] * len(replies)]
    assert vlm.of('agent')[0].request.images[0] == (640, 480)


def test_a_silent_model_ends_in_a_timeout_that_names_the_stage(
    ask: Ask, vlm: ScriptedVlm,
) -> None:
    for timeout_s in (4.0, 20.0, 60.0):  # a busy machine needs longer to get as far as the model
        answer = ask(lambda _request: SILENT, timeout_s=timeout_s)
        if vlm.seen:
            break
    assert answer.status == SpatialAnswer.STATUS_TIMEOUT, answer.message
    assert 'plan' in answer.message
    assert vlm.seen
    until(lambda: all(seen.hung_up for seen in vlm.seen))


def program(*cells: str) -> str:
    """One reply with the code of several."""
    return cell('\n'.join(each.partition('```python\n')[2].rpartition('```')[0] for each in cells))


def call(tool: str, bind: str | None, **args: object) -> str:
    """A reply with one call."""
    given = {'tool': tool, 'args': args, **({'bind': bind} if bind else {})}
    return fenced(json.dumps(given), 'json')


RECON = {'$': 'recon'}
CALLS = (
    call('tools.SAM3.segment_image_by_text', 'mug', image={'$': 'InputImages[0]'},
         prompt='red mug'),
    call('tools.SAM3.segment_image_by_text', 'box', image={'$': 'InputImages[0]'},
         prompt='blue box'),
    call('tools.Reconstruct', 'recon', frames={'$': 'InputImages'}),
    call('mug.get_masked_points', 'p', recon=RECON, frame=0),
    call('box.get_masked_points', 'q', recon=RECON, frame=0),
    call('tools.Geometry.closest_points', 'near', a={'$': 'p'}, b={'$': 'q'}),
    call('read', 'd', of={'$': 'near'}, path='distance'),
    call('ReturnAnswer', None, value={'$': 'd'}, unit='m'))


@pytest.mark.parametrize(('interface', 'replies', 'tolerance_m'), [
    ('single_pass', (program(LOOK, MEASURE, ANSWER),), 0.02),
    ('tool_call', CALLS, 0.03),
    ('none', (fenced(json.dumps({'value': 0.25, 'unit': 'm'}), 'json'),), 1.0),
])
def test_every_interface_answers_through_the_service(
    ask: Ask, vlm: ScriptedVlm, interface: str, replies: tuple[str, ...], tolerance_m: float,
) -> None:
    answer = ask(script(replies), interface=interface)
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.number == pytest.approx(TRUTH_M, abs=tolerance_m)
    assert [seen.role for seen in vlm.seen] == ['planner', *['agent'] * len(replies)]


@contextmanager
def diagnostics() -> Iterator[Callable[[Callable[[DiagnosticStatus], bool]], DiagnosticStatus]]:
    """Waits until something is true of the newest diagnostics of the backbone, and gives them."""
    seen: dict[str, DiagnosticStatus] = {}
    context = Context()
    rclpy.init(args=[], context=context)
    listener = Node('listener', context=context)
    listener.create_subscription(DiagnosticArray, '/diagnostics', lambda array: seen.update(
        {status.name: status for status in array.status}), 10)

    def wait(condition: Callable[[DiagnosticStatus], bool]) -> DiagnosticStatus:
        name = 'asked: backbone'
        assert spin_until(listener, lambda: name in seen and condition(seen[name])), seen
        return seen[name]

    try:
        yield wait
    finally:
        listener.destroy_node()
        rclpy.try_shutdown(context=context)


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    """What is told of the one server, without its URL."""
    return {pair.key.partition(' ')[2]: pair.value for pair in status.values}


def test_diagnostics_name_a_server_that_does_not_answer(node: ManagedNode) -> None:
    url = 'http://127.0.0.1:9/v1'
    with diagnostics() as wait:
        answer = node.ask(
            QUESTION, {'action_interface': 'code', 'backbone_url': url}, timeout_s=60.0)
        assert answer.status == SpatialAnswer.STATUS_BACKBONE_UNAVAILABLE, answer.message
        backbone = wait(lambda status: bool(status.level == DiagnosticStatus.ERROR))
    assert backbone.message.startswith(f'vllm; no answer from {url}: ')
    values = values_of(backbone)
    assert values['replies'] == '0'
    fault = values['latest fault']  # of the last request, or of a question for its health
    assert fault
    assert backbone.message.endswith(fault)


def test_diagnostics_tell_how_fast_a_server_is_and_its_tokens(ask: Ask) -> None:
    with diagnostics() as wait:
        answer = ask(script((program(LOOK, MEASURE, ANSWER),)), interface='single_pass')
        assert answer.status == SpatialAnswer.STATUS_OK, answer.message
        backbone = wait(lambda status: values_of(status).get('replies', '0') != '0')
    assert backbone.level == DiagnosticStatus.OK
    values = values_of(backbone)
    assert float(values['first word (s)']) >= 0.0
    assert re.fullmatch(r'[1-9]\d* in, [1-9]\d* out', values['tokens'])
