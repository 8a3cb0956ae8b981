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

"""Perception in this process, in one of its own, and with models on a server: all alike.

One table of calls goes to all three. What comes back is held against perception in this process,
array for array, to the bit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from lab_models import lab_config, paint_depth

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.perception import Perception, open_perception
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.factory import open_models
from spatialclaw_ros.perception.served.serving import make_server
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

KINDS = ('node', 'process', 'server', 'server by the process')
HEIGHT, WIDTH = 120, 160
THING, OTHER = (40, 60), (90, 20)
WAIT_S = 60.0
SOON_S = 15.0
CAMERA = PinholeCamera(WIDTH, HEIGHT, 140.0, 140.0, 79.5, 59.5)
Open = Callable[[str, PerceptionConfig], Perception]


def _frame(index: int) -> Frame:
    depth_m = np.tile(np.linspace(1.0, 2.2, HEIGHT, dtype=np.float32)[:, None], (1, WIDTH))
    depth_m += 0.1 * index
    image = paint_depth(depth_m, blue=7)
    for number, (y, x) in enumerate((THING, OTHER)):
        depth_m[y:y + 20, x:x + 30] = 0.9 + number
        image[y:y + 20, x:x + 30] = paint_depth(
            np.full((20, 30), 0.9 + number, np.float32), blue=200)
    depth_m[30:60, 100:140] = np.nan
    pose = look_at(np.array([0.0, 0.1 * index, 1.2]), np.array([1.5, 0.0, 0.4]))
    return Frame(index, 'front', index * 100_000_000, 'front_optical', image, depth_m, CAMERA, pose)


SEEN = Observation(tuple(_frame(index) for index in range(4)), 'odom', base_frame='base_link')
BLIND = Observation(tuple(
    Frame(i, 'c', i, 'c_optical', np.full((48, 64, 3), 90, np.uint8)) for i in range(2)))
RED, GREEN, BLUE = (int(value) for value in SEEN.frames[0].image[THING])
COLOUR = f'#{RED:02x}{GREEN:02x}{BLUE:02x}'
POINT = np.array([[THING[1] + 5.0, THING[0] + 5.0]])
BOX = np.array([[THING[1], THING[0], THING[1] + 30.0, THING[0] + 20.0]])
CROP = np.ascontiguousarray(SEEN.frames[0].image[30:70, 50:110])


def segment(mode: str, frames: list[int], arrays: dict[str, Any] | None = None,
            **args: Any) -> ToolCall:
    return ToolCall('segment', {'mode': mode, 'frame_indices': frames, **args}, arrays or {})


CALLS = {
    'one frame': ToolCall('reconstruct', {'frame_indices': [2]}),
    'frames': ToolCall('reconstruct', {'frame_indices': [0, 1, 3]}),
    'text': segment('text', [0, 2], prompts=[COLOUR], labels=['thing']),
    'texts': segment('text', [1], prompts=[COLOUR, 'red', 'a word'], labels=['a', 'b', 'c']),
    'video': segment('text', [0, 1, 2, 3], prompts=[COLOUR], labels=['thing'], video=True,
                     prompt_frame=1),
    'points': segment('points', [0], {'points': POINT, 'point_labels': np.array([1])},
                      prompt_frame=0, labels=['thing']),
    'box': segment('box', [0], {'boxes': BOX}, prompt_frame=0, labels=['thing']),
    'box through video': segment('box', [0, 1, 2], {'boxes': BOX}, prompt_frame=0,
                                 labels=['thing'], video=True),
    'crop': segment('text', [], {'image': CROP}, prompts=[COLOUR], labels=['thing']),
    'exists': ToolCall('exists', {'frame_indices': [0, 1], 'object_name': COLOUR}),
    'exists not': ToolCall('exists', {'frame_indices': [0, 1], 'object_name': 'blue'}),
    'exists in a crop': ToolCall(
        'exists', {'frame_indices': [], 'object_name': COLOUR}, {'image': CROP}),
    # what a cell gets wrong
    'no tool': ToolCall('fly', {'frame_indices': [0]}),
    'no frames': ToolCall('reconstruct', {}),
    'no such frame': ToolCall('reconstruct', {'frame_indices': [0, 9]}),
    'half a frame': ToolCall('reconstruct', {'frame_indices': [1.5]}),
    'no mode': segment('magic', [0]),
    'no prompt': segment('text', [0]),
    'no number': segment('points', [0], {'points': np.full((1, 2), np.nan)}, prompt_frame=0),
    'no area': segment('box', [0], {'boxes': BOX[:, [2, 3, 0, 1]]}, prompt_frame=0),
    'no picture': segment('text', [], {'image': np.zeros((3, 0, 3), np.uint8)}, prompts=['red']),
}
BACKENDS: dict[str, dict[str, Any]] = {
    'fused': {'reconstruct': 'fused'}, 'depth_anything': {'reconstruct': 'depth_anything'},
    'classical': {'reconstruct': 'rgbd', 'segment': 'classical'}}
PAIRS = [('process', 'fused'), ('process', 'classical'), ('server', 'fused'),
         ('server by the process', 'depth_anything')]


def assert_alike(got: ToolResult, expected: ToolResult) -> None:
    assert got.error == expected.error
    assert got.values == expected.values
    assert list(got.arrays) == list(expected.arrays)
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(got.arrays[name], array, name, strict=True)


@pytest.fixture(scope='module')
def opened() -> Iterator[Open]:
    """Opens perception of a kind, with a server of the models where there must be one."""
    closing: list[Callable[[], None]] = []

    def start_server(config: PerceptionConfig) -> str:
        models = open_models(config)
        assert models is not None
        server = make_server(models, port=0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(WAIT_S)
            models.close()
            assert not thread.is_alive()
        closing.append(stop)
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        return f'http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}'

    def make(kind: str, config: PerceptionConfig) -> Perception:
        url = ''
        if kind.startswith('server') and (config.needs_depth or config.needs_masks):
            url = start_server(config)
        perception = open_perception(msgspec.structs.replace(
            config, url=url, run_in='process' if kind.endswith('process') else 'node'))
        closing.append(perception.close)
        return perception

    yield make
    for close in reversed(closing):
        close()


@pytest.mark.parametrize(('kind', 'backends'), PAIRS)
def test_every_call_gives_the_same(
    kind: str, backends: str, opened: Open,
) -> None:
    config = lab_config(**BACKENDS[backends])
    other, reference = opened(kind, config), opened('node', config)
    assert other.capabilities == reference.capabilities
    assert other.names == reference.names
    for observation in (SEEN, BLIND):
        for name, call in CALLS.items():
            expected = reference.handle(observation, call, Deadline(WAIT_S))
            got = other.handle(observation, call, Deadline(WAIT_S))
            try:
                assert_alike(got, expected)
            except AssertionError as error:
                raise AssertionError(f'{name}: {error}') from error


def test_the_table_has_right_and_wrong_calls(
    opened: Open,
) -> None:
    reference = opened('node', lab_config(reconstruct='fused'))
    errors = {name: reference.handle(SEEN, call, Deadline(WAIT_S)).error
              for name, call in CALLS.items()}
    assert [name for name, error in errors.items() if error is not None] == [
        name for name in CALLS if name.startswith(('no ', 'half'))]
    found = reference.handle(SEEN, CALLS['text'], Deadline(WAIT_S))
    assert found.arrays['masks_0'][0, THING[0] + 3, THING[1] + 3]
    assert found.arrays['masks_0'].sum() == 20 * 30


@pytest.mark.parametrize('kind', KINDS)
def test_calls_that_can_not_be_answered_end_alike(
    kind: str, opened: Open, tmp_path: Path,
) -> None:
    """By faults of models, with their query, and with perception; the next one is answered."""
    broken, free = tmp_path / 'broken', tmp_path / 'free'
    free.touch()
    perception = opened(kind, lab_config(
        {'call_fault': 'perception', 'fault_if': str(broken), 'call_until': str(free)},
        {'load_fault': 'weights'}))

    def ask(call: str, deadline: Deadline) -> ToolResult:
        return perception.handle(SEEN, CALLS[call], deadline)

    # what a model can't do is told to the cell; a model that is not there ends the query
    assert ask('frames', Deadline(WAIT_S)).error is None
    broken.touch()
    told = ask('frames', Deadline(WAIT_S)).error
    assert told is not None
    assert told.startswith('lab_models:depth can not do that; ask for something else')
    broken.unlink()
    assert ask('frames', Deadline(WAIT_S)).error is None
    with pytest.raises(PerceptionUnavailableError, match='no weights in /models/lab; copy them'):
        ask('text', Deadline(WAIT_S))
    until(lambda: [model.state for model in perception.status().models] == ['ready', 'failed'])
    assert perception.status().alive
    assert 'copy them there' in perception.status().models[1].message

    free.unlink()
    began_s = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        ask('frames', Deadline(0.2))
    assert time.monotonic() - began_s < 0.2 + SOON_S
    with pytest.raises(DeadlineExceededError):
        ask('frames', Deadline(0.0))
    deadline = Deadline(WAIT_S)
    threading.Timer(0.2, deadline.cancel).start()
    began_s = time.monotonic()
    with pytest.raises(CanceledError):
        ask('frames', deadline)
    assert time.monotonic() - began_s < 0.2 + SOON_S
    with pytest.raises(CanceledError):
        ask('frames', deadline)
    free.touch()
    assert ask('frames', Deadline(WAIT_S)).error is None

    free.unlink()
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(ask, 'frames', Deadline(WAIT_S))
        time.sleep(0.2)
        perception.close()
        with pytest.raises(CanceledError):
            running.result(SOON_S)
    perception.close()
    with pytest.raises((CanceledError, PerceptionUnavailableError)):
        ask('frames', Deadline(WAIT_S))


def until(condition: Callable[[], bool]) -> None:
    deadline = Deadline(WAIT_S)
    while not condition():
        deadline.check('waiting in a test')
        time.sleep(0.02)
