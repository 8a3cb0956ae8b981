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

"""`spatialclaw export`: what other readers find in the recording, and what can't be exported."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore
from trace_lab import QUESTION, make_trace

from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.agent.trace import TRACE_FILE
from spatialclaw_ros.agent.trace_reader import read_trace
from spatialclaw_ros.agent.trace_store import load_observation
from spatialclaw_ros.cli import trace_bag
from spatialclaw_ros.cli.main import main
from spatialclaw_ros.cli.trace_bag import define
from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.msg import SpatialAnswer

SECOND_NS = 1_000_000_000
NODE = '/spatialclaw'
DRAWN = {f'{NODE}/{name}': 1 for name in (
    'answer', 'markers', 'evidence', 'overlay', 'labels', 'label_info', 'detections')}
STORY = {f'{NODE}/events': 12, f'{NODE}/cells': 10, f'{NODE}/shown': 1}
SEEN = {'/front/color/image_raw': 4, '/front/color/camera_info': 4, '/tf': 4}
DEPTH = {'/front/depth/image_rect': 4, '/front/depth/camera_info': 4}


@pytest.fixture(scope='module')
def traced(tmp_path_factory) -> tuple[Path, Answered]:
    root = tmp_path_factory.mktemp('traces')
    with Kernel() as kernel:
        events = make_trace(kernel, root)
    assert isinstance(events[-1], Answered)
    return root / 'q1', events[-1]


@pytest.fixture
def trace(traced, tmp_path) -> Path:
    """A copy, to be spoilt."""
    return shutil.copytree(traced[0], tmp_path / 'q1')


def export(trace: Path, *options: str) -> Path:
    out = trace.parent / f'out{len(options)}'
    assert main(['export', str(trace), str(out), *options]) == 0
    return out / f'{out.name}.mcap'


def decoded(file: Path) -> dict[str, list[tuple[int, object]]]:
    """Every message, decoded by another library from the definitions in the file."""
    found: dict[str, list] = {}
    with file.open('rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for _, channel, message, value in reader.iter_decoded_messages():
            found.setdefault(channel.topic, []).append((message.log_time, value))
    return found


def counts(found) -> dict[str, int]:
    return {topic: len(each) for topic, each in found.items() if topic != f'{NODE}/log'}


def stamp_ns(message) -> int:
    return message.header.stamp.sec * SECOND_NS + message.header.stamp.nanosec


def test_other_readers_find_everything_that_the_query_had(traced, tmp_path, capsys):
    folder, end = traced
    out = tmp_path / 'query'
    assert main(['export', str(folder), str(out)]) == 0
    told = capsys.readouterr().out
    found = decoded(out / 'query.mcap')
    assert counts(found) == {**SEEN, **DEPTH, **STORY, **DRAWN}
    for topic, number in counts(found).items():
        assert f'{number} {topic}' in told

    observation = load_observation(folder / 'raw')
    stamps = [frame.stamp_ns for frame in observation.frames]
    frame_id = observation.frames[0].frame_id
    for topic in (*SEEN, *DEPTH):
        assert [at for at, _ in found[topic]] == stamps
        for (at, message), frame in zip(found[topic], observation.frames):
            message = message.transforms[0] if topic == '/tf' else message
            assert stamp_ns(message) == at
            if topic != '/tf':
                assert message.header.frame_id == frame_id
            if topic.endswith('image_raw'):
                assert bytes(message.data) == frame.image.tobytes()
            elif topic.endswith('image_rect'):
                assert message.encoding == '32FC1'
                depth = np.frombuffer(message.data, '<f4').reshape(frame.depth_m.shape)
                np.testing.assert_array_equal(depth, frame.depth_m)
            elif topic.endswith('camera_info'):
                np.testing.assert_array_equal(
                    np.reshape(message.k, (3, 3)), frame.intrinsics.matrix)
                assert message.p[0] == frame.intrinsics.fx
            else:
                assert (message.header.frame_id, message.child_frame_id) == (
                    observation.world_frame, frame_id)
                moved = message.transform.translation
                np.testing.assert_allclose(
                    (moved.x, moved.y, moved.z), frame.T_world_camera[:3, 3])

    last_ns = stamps[-1] + round(read_trace(folder).end.at_s * SECOND_NS)
    for topic in DRAWN:
        assert [at for at, _ in found[topic]] == [last_ns]
    ((_, answer),) = found[f'{NODE}/answer']
    assert (answer.status, answer.number, answer.sigma) == (
        SpatialAnswer.STATUS_OK, end.value, end.sigma)
    assert (answer.question, answer.text, answer.query_id) == (QUESTION, end.text, 'q1')
    assert answer.header.frame_id == observation.world_frame
    ((_, labels),) = found[f'{NODE}/labels']
    ((_, info),) = found[f'{NODE}/label_info']
    names = {each.class_id: each.class_name for each in info.class_map}
    pixels = np.frombuffer(labels.data, np.uint8).reshape(labels.height, labels.width)
    assert labels.header.frame_id == info.header.frame_id == frame_id
    for number, item in enumerate(end.evidence.objects, start=1):
        assert names[number] == item.label
        assert ((pixels == number) == item.masks[0]).all()
    ((_, boxes),) = found[f'{NODE}/detections']
    for box, item in zip(boxes.detections, end.evidence.objects):
        center = box.bbox.center.position
        np.testing.assert_allclose((center.x, center.y, center.z), item.box_center)
        assert box.results[0].hypothesis.score == pytest.approx(0.9)
    ((_, cloud),) = found[f'{NODE}/evidence']
    assert f'{cloud.width} of {sum(len(each.points) for each in end.evidence.objects)} points' in (
        told)


def test_the_story_is_told_in_order(traced, tmp_path):
    folder, end = traced
    assert main(['export', str(folder), str(tmp_path / 'query')]) == 0
    found = decoded(tmp_path / 'query' / 'query.mcap')
    times = [at for at, _ in found[f'{NODE}/events']]
    events = [event for _, event in found[f'{NODE}/events']]
    assert times == sorted(times)
    assert [event.stamp.sec * SECOND_NS + event.stamp.nanosec for event in events] == times
    assert [(event.stage, event.step) for event in events] == [
        ('frames', 0), ('plan', 0), ('write', 1), ('run', 1), ('run', 2), ('write', 3), ('run', 3),
        ('write', 4), ('run', 4), ('write', 5), ('run', 5), ('answer', 4)]
    assert {event.max_steps for event in events} == {30}
    assert events[-1].text == end.text
    cells = [message.data for _, message in found[f'{NODE}/cells']]
    assert cells[0] == '# Plan\nLook, find, measure.\n'
    assert 'recon = tools.Reconstruct(InputImages)' in cells[1]
    assert 'scale sensor_depth' in cells[2]
    assert 'no code at all' in cells[3]
    assert 'cell 3, line 1: a.wrong_name\nAttributeError: ' in cells[7]
    log = [(line.level, line.msg) for _, line in found[f'{NODE}/log']]
    assert sum(level == 30 for level, _ in log) == 3  # no reply, a failed cell, fewer points
    assert (20, f'answer 4: {end.text}') in log
    ((_, shown),) = found[f'{NODE}/shown']
    assert cv2.imdecode(np.frombuffer(shown.data, np.uint8), cv2.IMREAD_COLOR).shape == (
        240, 320, 3)


def test_ros_tools_can_play_it(traced, tmp_path):
    assert main(['export', str(traced[0]), str(tmp_path / 'query')]) == 0
    with Reader(tmp_path / 'query') as reader:
        assert reader.compression_mode in ('', None)  # by chunks, which players know
        topics = {each.topic: each for each in reader.connections}
        read = Counter(each.topic for each, _, _ in reader.messages())
    assert read == {topic: each.msgcount for topic, each in topics.items()}
    assert topics['/front/color/image_raw'].msgtype == 'sensor_msgs/msg/Image'
    latched = {topic for topic, each in topics.items()
               if each.ext.offered_qos_profiles[0].durability.name == 'TRANSIENT_LOCAL'}
    assert latched == set(DRAWN)
    metadata = (tmp_path / 'query' / 'metadata.yaml').read_text()
    assert QUESTION in metadata


def test_images_may_be_small(traced, tmp_path):
    found = decoded(export(shutil.copytree(traced[0], tmp_path / 'q1'), '--jpeg'))
    assert '/front/color/image_raw' not in found
    frames = load_observation(traced[0] / 'raw').frames
    for (_, message), frame in zip(found['/front/color/image_raw/compressed'], frames):
        image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        assert np.abs(image.astype(int) - frame.image).mean() < 3


def test_what_was_removed_to_save_room_is_told(trace, capsys):
    shutil.rmtree(trace / 'raw')
    halve(trace / 'frame_001.jpg')
    halve(trace / 'mask_00_000.png')
    found = decoded(export(trace))
    assert counts(found) == {**SEEN, **STORY, **DRAWN}
    told = capsys.readouterr().out
    assert 'images are its JPEGs' in told
    assert 'depth is not in the trace any more' in told
    assert {message.width for _, message in found['/front/color/image_raw']} == {320}
    pixels = np.frombuffer(found[f'{NODE}/labels'][0][1].data, np.uint8)
    assert set(np.unique(pixels)) == {0, 1, 2}
    notes = [line.msg for _, line in found[f'{NODE}/log'] if line.level == 30]
    assert any('depth is not in the trace' in note for note in notes)


@pytest.mark.parametrize(('tf', 'topics', 'told'), [
    (lambda started: [frame.update(T_world_camera=started['frames'][0]['T_world_camera'])
                      for frame in started['frames']], {'/tf_static'}, ''),
    (lambda started: [started.update(world_frame=''), *(
        frame.update(T_world_camera=None, intrinsics=None) for frame in started['frames'])],
     set(), 'no /tf: TF placed no image\nno CameraInfo of front'),
])
def test_a_camera_at_rest_and_one_that_tf_does_not_place(trace, capsys, tf, topics, told):
    shutil.rmtree(trace / 'raw')
    first, rest = (trace / TRACE_FILE).read_text(encoding='utf-8').split('\n', 1)
    started = json.loads(first)
    tf(started)
    (trace / TRACE_FILE).write_text(f'{json.dumps(started)}\n{rest}', encoding='utf-8')
    found = decoded(export(trace))
    assert {topic for topic in found if topic.startswith('/tf')} == topics
    assert told in capsys.readouterr().out
    if topics:
        ((at, message),) = found['/tf_static']
        assert at == stamp_ns(message.transforms[0]) == found['/front/color/image_raw'][0][0]
        assert len(message.transforms) == 1
    ((_, answer),) = found[f'{NODE}/answer']
    assert answer.header.frame_id == (
        started['world_frame'] or started['frames'][-1]['frame_id'])


def halve(path: Path) -> None:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), picture[::2, ::2])


@pytest.mark.parametrize(('end', 'told', 'answers'), [
    (None, 'no answer: the trace ends before the query did', 0),
    ({'event': 'broke_off', 'cause': 'Traceback\nValueError: x'}, 'no answer: ValueError: x', 0),
    ({'event': 'failed', 'status': 'TIMEOUT', 'message': 'late', 'stage': 'run', 'steps': 4},
     'no drawings: the query ended TIMEOUT', 1),
])
def test_a_query_without_an_answer(trace, capsys, end, told, answers):
    lines = (trace / TRACE_FILE).read_text(encoding='utf-8').splitlines()
    kept = [line for line in lines if json.loads(line)['event'] != 'answered']
    (trace / TRACE_FILE).write_text(
        '\n'.join([*kept, *([json.dumps(end)] if end else [])]) + '\n', encoding='utf-8')
    found = counts(decoded(export(trace)))
    assert told in capsys.readouterr().out
    assert found.get(f'{NODE}/answer', 0) == answers
    assert not found.keys() & (DRAWN.keys() - {f'{NODE}/answer'})
    assert SEEN.items() <= found.items()


@pytest.mark.parametrize(('spoil', 'told'), [
    (lambda trace: (trace / TRACE_FILE).unlink(), 'is no trace'),
    (lambda trace: (trace.parent / 'out0').mkdir(), 'is there already'),
    (lambda trace: (trace.parent / 'out0').symlink_to('nowhere/at/all'), 'can\'t be written'),
    (lambda trace: (trace / 'evidence.npz').write_bytes(b'x'), 'evidence.npz can\'t be read'),
    (lambda trace: (trace / 'mask_00_000.png').unlink(), 'can\'t be read as the mask'),
    (lambda trace: (trace / 'step_01_1.jpg').write_bytes(b'x'), 'can\'t be read as a picture'),
    (lambda trace: (shutil.rmtree(trace / 'raw'), (trace / 'frame_000.jpg').unlink()),
     'frame_000.jpg can\'t be read as a picture'),
    (lambda trace: edit(trace, '"answer_type": "NUMBER"', '"answer_type": "SONG"'),
     "no answer has type or status 'SONG'"),
    (lambda trace: edit(trace, '"answer_type": "ANY"', '"answer_type": "SONG"'),
     'the question is broken'),
    (lambda trace: edit(trace, '"file": "step_01_1.jpg"', '"file": "../../x.jpg"'),
     'is no file of this trace'),
])
def test_what_cannot_be_exported(trace, capsys, spoil, told):
    spoil(trace)
    assert main(['export', str(trace), str(trace.parent / 'out0')]) == 1
    assert told in capsys.readouterr().out
    assert not (trace.parent / 'out0' / 'out0.mcap').exists()


@pytest.mark.parametrize(('breaks', 'status'), [
    (DependencyError('the definition of x is not installed'), 1), (KeyboardInterrupt(), 130)])
def test_an_export_that_breaks_off_leaves_nothing(traced, tmp_path, monkeypatch, breaks, status):
    def broken(_typestore, name):
        assert (tmp_path / 'out' / 'out.mcap').exists()
        raise breaks

    monkeypatch.setattr(trace_bag, 'define', broken)
    assert main(['export', str(traced[0]), str(tmp_path / 'out')]) == status
    assert not (tmp_path / 'out').exists()


def test_a_message_whose_definition_is_not_installed(tmp_path, monkeypatch):
    module = tmp_path / 'lib' / 'lonely_msgs' / 'msg' / '__init__.py'
    module.parent.mkdir(parents=True)
    module.parent.parent.joinpath('__init__.py').touch()
    module.touch()
    monkeypatch.syspath_prepend(str(tmp_path / 'lib'))
    typestore = get_typestore(Stores.EMPTY)
    with pytest.raises(DependencyError, match=r'no share/lonely_msgs/msg/Thing\.msg above'):
        define(typestore, 'lonely_msgs/msg/Thing')
    definitions = tmp_path / 'share' / 'lonely_msgs' / 'msg'
    definitions.mkdir(parents=True)
    (definitions / 'Thing.msg').write_text(
        'uint8 RED=3\nstd_msgs/Header header\nPart[] parts\nPart[<=4] few\nPart[2] two\n')
    (definitions / 'Part.msg').write_text('geometry_msgs/Point32[] points\n')
    define(typestore, 'lonely_msgs/msg/Thing')
    assert {'std_msgs/msg/Header', 'lonely_msgs/msg/Part', 'geometry_msgs/msg/Point32'} <= (
        typestore.fielddefs.keys())
    text, _ = typestore.generate_msgdef('lonely_msgs/msg/Thing', ros_version=2)
    assert 'uint8 RED=3' in text


def edit(trace: Path, old: str, new: str) -> None:
    path = trace / TRACE_FILE
    text = path.read_text(encoding='utf-8')
    assert old in text
    path.write_text(text.replace(old, new), encoding='utf-8')
