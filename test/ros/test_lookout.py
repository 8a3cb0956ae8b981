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


"""The first looks of a node: what is only just beginning is waited for, what can't come is not."""

from __future__ import annotations

import math
import threading
import time
from types import SimpleNamespace

import pytest
from sensor_msgs.msg import CameraInfo, Image

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros import lookout
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.lookout import Lookout, begun_s, names_frame
from spatialclaw_ros.ros.outcome import QueryRequest
from spatialclaw_ros.ros.streams import Sample
from spatialclaw_ros.workspace.question import Question

NOW = 50.0
LEFT, RIGHT = (CameraConfig(name, f'/{name}/image') for name in ('left', 'right'))
DEEP = CameraConfig('deep', '/deep/image', depth_topic='/deep/depth')


def looking(rig, *configs, reconstruct='rgbd', world='odom'):
    """A lookout of inputs that are opened now."""
    inputs = SimpleNamespace(cameras=rig.buffers(*configs), transforms=rig.transforms())
    settings = SimpleNamespace(
        world_frame=world, base_frame=world and 'base_link', answer_frame='', backbone='rules',
        perception=SimpleNamespace(reconstruct=reconstruct))
    return Lookout(inputs, lambda: settings), inputs


def look(made, text='What is there?', frame_id=''):
    request = QueryRequest(Question(text, frame_id=frame_id), (), None, 2.0, 8, 30.0)
    return made.observe(request, Deadline(30.0))


def send(rig, name, stamp_s=NOW, **options):
    rig.send(stamp_s, name=name, frame=f'{name}_optical', **{'depth': False, **options})


@pytest.fixture
def meanwhile():
    """Does something while the test goes on."""
    threads = []

    def start(what):
        threads.append(threading.Thread(target=what))
        threads[-1].start()
    yield start
    for thread in threads:
        thread.join()


def test_a_camera_that_only_just_begins_is_waited_for(rig, meanwhile, monkeypatch):
    monkeypatch.setattr(lookout, 'DISCOVERY_WAIT_S', 0.3)
    monkeypatch.setattr(lookout, 'FIRST_INPUT_WAIT_S', 60.0)
    made, inputs = looking(rig, LEFT, RIGHT, world='')
    send(rig, 'left')
    for kind, role in ((Image, 'image'), (CameraInfo, 'camera_info')):
        rig.out.create_publisher(kind, f'/right/{role}', 20)
    assert rig.wait(lambda: inputs.cameras.awaits('right', may_appear=False))

    def late():
        time.sleep(0.5)
        send(rig, 'right')
    meanwhile(late)
    assert look(made).cameras == ('left', 'right')


def test_what_nobody_publishes_is_not_waited_for_long(rig, monkeypatch):
    monkeypatch.setattr(lookout, 'DISCOVERY_WAIT_S', 0.3)
    monkeypatch.setattr(lookout, 'FIRST_INPUT_WAIT_S', 60.0)
    made, _ = looking(rig, LEFT, RIGHT)
    send(rig, 'left')
    began_s = time.monotonic()
    seen = look(made)
    assert seen.cameras == ('left',)
    assert time.monotonic() - began_s < 30.0
    assert any('no image on /right/image' in line for line in seen.missing)


def test_a_frame_that_only_just_comes_is_waited_for(rig, meanwhile, monkeypatch):
    monkeypatch.setattr(lookout, 'FIRST_INPUT_WAIT_S', 60.0)
    made, inputs = looking(rig, LEFT)
    send(rig, 'left')
    rig.tf(('odom', 'left_optical', 0), static=True)
    assert rig.wait(lambda: inputs.transforms.has_frame('odom'))

    def late():
        time.sleep(0.3)
        rig.tf(('odom', 'left_optical', 0), ('odom', 'dock', 0), static=True)
    meanwhile(late)
    assert 'dock' in look(made, frame_id='dock').transforms
    monkeypatch.setattr(lookout, 'FIRST_INPUT_WAIT_S', 0.0)
    with pytest.raises(InvalidRequestError, match="'nose' is not in TF"):
        look(made, frame_id='nose')


def test_frames_that_the_question_names_are_given_of_very_many(rig, monkeypatch):
    monkeypatch.setattr(lookout, 'DISCOVERY_WAIT_S', 0.0)
    made, inputs = looking(rig, LEFT)
    send(rig, 'left')
    rig.tf(('odom', 'left_optical', 0), *(('odom', f'link_{at}', 0) for at in range(99)),
           static=True)
    assert rig.wait(lambda: inputs.transforms.has_frame('link_98'))
    seen = look(made, 'How far is the mug from link_97?', frame_id='link_98')
    assert {'link_97', 'link_98'} < set(seen.transforms)
    assert any('TF has 100 frames' in line for line in seen.missing)


@pytest.mark.parametrize(('text', 'frame_id', 'named'), [
    ('Where in map is it?', 'map', True),
    ('Where in /map, or (map)?', 'map', True),
    ('Is it mapped?', 'map', False),
    ('Where in robot1/map is it?', 'map', False),
    ('Where in robot1/map is it?', 'robot1/map', True),
    ('How far is it from link_97?', 'link_9', False),
    ('How far is it from a+b?', 'a+b', True),
])
def test_a_question_names_a_frame_by_all_of_its_name(text, frame_id, named):
    assert names_frame(text, frame_id) is named


@pytest.mark.parametrize(('reconstruct', 'cameras'), [
    ('rgbd', ('deep',)), ('fused', ('left', 'deep'))])
def test_images_without_depth_go_only_where_no_model_gives_it(
        rig, monkeypatch, reconstruct, cameras):
    monkeypatch.setattr(lookout, 'DISCOVERY_WAIT_S', 0.0)
    made, inputs = looking(rig, LEFT, DEEP, reconstruct=reconstruct, world='')
    send(rig, 'left')
    send(rig, 'deep', NOW + 0.1, depth=True)
    assert rig.sent(inputs.cameras, 1, name='deep', roles=('image', 'depth', 'camera_info'))
    assert look(made).cameras == cameras


@pytest.mark.parametrize('jump_s', [-20.0, 20.0])
def test_depth_of_images_that_begin_anew_is_waited_for(rig, meanwhile, monkeypatch, jump_s):
    """Stamps jump: the first image is there before its depth, and a model would guess metres."""
    monkeypatch.setattr(lookout, 'FIRST_INPUT_WAIT_S', 0.0)
    monkeypatch.setattr(lookout, 'ANEW_S', 60.0)
    monkeypatch.setattr(lookout, 'ANEW_WAIT_S', 60.0)
    made, inputs = looking(rig, DEEP, reconstruct='fused')
    rig.tf(('odom', 'deep_optical', 0), static=True)
    assert rig.wait(lambda: inputs.transforms.has_frame('odom'))
    send(rig, 'deep', depth=True)
    assert look(made).frames[0].depth_m is not None
    send(rig, 'deep', NOW + jump_s)
    looks, select = [], lookout.select_observation
    monkeypatch.setattr(
        lookout, 'select_observation', lambda *a, **more: looks.append(1) or select(*a, **more))

    def late():
        time.sleep(0.4)
        send(rig, 'deep', NOW + jump_s, color=False, depth=True)
    meanwhile(late)
    (frame,) = look(made).frames
    assert frame.stamp_s == pytest.approx(NOW + jump_s)
    assert frame.depth_m is not None
    assert len(looks) <= 2, 'images are decoded again and again'


SLOW, FAST = [0.0, 2.0, 4.0, 6.0], [0.0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize(('stamps_s', 'arrived_s', 'begun'), [
    ([], [], -math.inf), ([0.0], [0.0], 0.0), (FAST, FAST, 0.0), (SLOW, SLOW, 0.0),
    ([*FAST, 5.0, 5.1], [*FAST, 5.0, 5.1], 5.0), ([*FAST, 5.0], [*FAST, 0.4], 0.4),
    (FAST, [0.0, 0.1, 3.0, 3.1], 3.0), ([*SLOW, 20.0], [*SLOW, 20.0], 20.0)])
def test_since_when_images_come(stamps_s, arrived_s, begun):
    images = [Sample(int(stamp_s * 1e9), came_s, 1, None, None)
              for stamp_s, came_s in zip(stamps_s, arrived_s)]
    assert begun_s(images, 1.0) == begun


def test_a_camera_without_depth_for_long_does_not_hold_up_one_that_begins(
        rig, meanwhile, monkeypatch):
    monkeypatch.setattr(lookout, 'FIRST_INPUT_WAIT_S', 0.0)
    monkeypatch.setattr(lookout, 'ANEW_WAIT_S', 60.0)
    monkeypatch.setattr(Lookout, '_began_just_now', lambda self, request, names: 'deep' in names)
    stale = CameraConfig('stale', '/stale/image', depth_topic='/stale/depth')
    made, _ = looking(rig, DEEP, stale, reconstruct='fused', world='')
    for name in ('deep', 'stale'):
        send(rig, name, NOW - 5.0, color=False, depth=True)
        send(rig, name)

    def late():
        time.sleep(0.3)
        send(rig, 'deep', color=False, depth=True)
    meanwhile(late)
    began_s = time.monotonic()
    seen = look(made)
    assert time.monotonic() - began_s < 30.0
    assert {frame.camera: frame.depth_m is not None for frame in seen.frames} == {
        'deep': True, 'stale': False}


def test_depth_that_stays_away_is_not_waited_for_long(rig, monkeypatch):
    monkeypatch.setattr(lookout, 'FIRST_INPUT_WAIT_S', 0.0)
    monkeypatch.setattr(lookout, 'ANEW_WAIT_S', 60.0)
    made, _ = looking(rig, DEEP, reconstruct='fused', world='')
    send(rig, 'deep', depth=True)
    send(rig, 'deep', NOW - 20.0)
    began_s = time.monotonic()
    seen = look(made)
    (frame,) = seen.frames
    assert frame.depth_m is None
    assert any('nothing came on /deep/depth since time jumped' in line for line in seen.missing)
    assert time.monotonic() - began_s < 30.0
