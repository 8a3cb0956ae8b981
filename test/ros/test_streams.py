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

"""Ring buffers: bounds in seconds and bytes, jumps back, pairing by the nearest stamp."""

from __future__ import annotations

import itertools
import math
import resource
import subprocess
import sys
import threading
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialclaw_ros.ros import memory
from spatialclaw_ros.ros.memory import give_memory_back, reuse_freed_memory
from spatialclaw_ros.ros.observe import spread
from spatialclaw_ros.ros.streams import RingBuffers, Sample, Stream, nearest

SECOND = 10**9


def rings(*roles, buffer_s=10.0, buffer_bytes=1000, cameras=('cam',)):
    streams = [Stream(camera, role, f'/{camera}/{role}', role == 'camera_info')
               for camera in cameras for role in roles]
    return RingBuffers(streams, buffer_s, buffer_bytes), streams


def sample(stamp_s, size=10, arrived_s=None):
    return Sample(
        int(stamp_s * SECOND), stamp_s if arrived_s is None else arrived_s, size, object(), None)


def stamps(buffers, stream):
    return [one.stamp_ns / SECOND for one in buffers.snapshot(stream)]


def test_old_messages_go():
    buffers, (images,) = rings('image', buffer_s=2.0)
    for second in range(10):
        assert buffers.append(images, sample(second, arrived_s=second / 2)) == 0.0
    assert stamps(buffers, images) == [7.0, 8.0, 9.0]
    assert images.rate_hz == 2.0
    assert buffers.bytes == images.bytes == 30
    assert images.received == 10


def test_bytes_are_shared_and_the_oldest_arrival_goes_first():
    buffers, (images, depths) = rings('image', 'depth', buffer_bytes=50)
    for second in range(4):
        buffers.append(images, sample(second))
        buffers.append(depths, sample(second + 0.1))
    assert stamps(buffers, images) == [2.0, 3.0]
    assert stamps(buffers, depths) == [1.1, 2.1, 3.1]
    assert buffers.bytes == 50


def test_one_message_over_the_limit_is_refused_not_stored():
    buffers, (images,) = rings('image', buffer_bytes=50)
    buffers.append(images, sample(1))
    buffers.append(images, sample(2, size=51))
    assert stamps(buffers, images) == [1.0]
    assert images.refused == 1


def test_jump_back_empties_that_camera_but_for_its_calibration():
    buffers, (images, depths, infos, *others) = rings(
        'image', 'depth', 'camera_info', cameras=('cam', 'other'))
    for stream in (images, depths, infos, *others):
        for second in (100, 101):
            buffers.append(stream, sample(second))
    assert buffers.append(images, sample(5, arrived_s=200.0)) == pytest.approx(96.0)
    assert stamps(buffers, images) == [5.0]
    assert stamps(buffers, depths) == []
    assert stamps(buffers, infos) == [101.0]
    assert [stamps(buffers, other) for other in others] == [[100.0, 101.0]] * 3
    assert buffers.append(depths, sample(5)) == 0.0
    assert buffers.append(images, sample(6)) == 0.0
    assert stamps(buffers, images) == [5.0, 6.0]


def test_calibration_that_jumps_back_is_replaced_and_stays_bounded():
    buffers, (infos, images) = rings('camera_info', 'image', buffer_s=1.0)
    buffers.append(infos, sample(1000))
    for jumps in range(2):
        for step in range(50):
            assert buffers.append(infos, sample(5 - jumps + step * 0.1)) == 0.0
            assert len(infos.samples) <= 11
        assert stamps(buffers, infos)[-1] == pytest.approx(9.9 - jumps)
    buffers.append(images, sample(2000))
    buffers.append(images, sample(3))
    assert stamps(buffers, infos) == [pytest.approx(8.9)]
    for step in range(50):
        buffers.append(infos, sample(3 + step * 0.1))
    assert len(infos.samples) <= 11


def test_a_little_out_of_order_is_no_jump():
    buffers, (images,) = rings('image')
    for second in (1.0, 1.1, 1.05, 1.2, 1.2):
        assert buffers.append(images, sample(second)) == 0.0
    assert stamps(buffers, images) == [1.0, 1.05, 1.1, 1.2, 1.2]
    since = buffers.snapshot(images, since_ns=int(1.15 * SECOND))
    assert [one.stamp_ns / SECOND for one in since] == [1.1, 1.2, 1.2]


def test_calibration_published_once_stays():
    buffers, (infos, images) = rings('camera_info', 'image', buffer_s=1.0, buffer_bytes=50)
    buffers.append(infos, sample(0))
    for second in range(20):
        buffers.append(images, sample(second, size=30))
    assert stamps(buffers, infos) == [0.0]
    assert stamps(buffers, images) == [19.0]
    buffers.append(infos, sample(20, size=45))
    assert stamps(buffers, infos) == [20.0]
    assert buffers.bytes == 45


def test_many_threads_lose_no_byte():
    buffers, streams = rings('image', 'depth', buffer_s=0.5, buffer_bytes=300)

    def feed(stream):
        for step in range(500):
            buffers.append(stream, sample(step * 0.01))
    threads = [threading.Thread(target=feed, args=(stream,)) for stream in streams * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = sum(one.size for stream in streams for one in stream.samples)
    assert buffers.bytes == held == sum(stream.bytes for stream in streams)
    assert held <= 300


@pytest.mark.parametrize(('buffer_s', 'buffer_bytes'), [
    (0.0, 1), (-1.0, 1), (float('nan'), 1), (float('inf'), 1), (1.0, 0)])
def test_limits_are_checked(buffer_s, buffer_bytes):
    with pytest.raises(ValueError, match='positive'):
        RingBuffers([], buffer_s, buffer_bytes)


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), max_size=20), st.integers(0, 1000))
def test_nearest_is_nearest_on_either_side(values, wanted):
    found = nearest([Sample(value, 0.0, 1, None, None) for value in sorted(values)], wanted)
    if not values:
        assert found is None
    else:
        assert abs(found.stamp_ns - wanted) == min(abs(value - wanted) for value in values)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=60, unique=True), st.integers(1, 16))
def test_spread(values, count):
    values.sort()
    picked = spread([Sample(value, 0.0, 1, None, None) for value in values], count)
    chosen = [one.stamp_ns for one in picked]
    assert len(chosen) == min(count, len(values))
    assert chosen == sorted(set(chosen))
    assert chosen[-1] == values[-1]
    if 1 < count < len(values):
        assert chosen[0] == values[0]


def test_spread_of_an_even_stream_is_even():
    samples = [Sample(step * 33_000_000, 0.0, 1, None, None) for step in range(61)]
    chosen = [one.stamp_ns for one in spread(samples, 7)]
    assert chosen == [step * 330_000_000 for step in range(7)] or all(
        later - earlier == 330_000_000 for earlier, later in itertools.pairwise(chosen))


def test_freed_memory_is_reused_where_the_c_library_can():
    """Images of 6 MB that come and go must not be paid for in page faults every time."""
    if not reuse_freed_memory():
        return
    held = deque(bytearray(6 * 2**20) for _ in range(4))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        held.append(bytearray(6 * 2**20))
        held.popleft()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert faults < 20 * 1536 / 4
    held.clear()
    give_memory_back()


HEAPS = """
import ctypes, threading
from spatialclaw_ros.ros.memory import reuse_freed_memory
if reuse_freed_memory():
    wait = threading.Barrier(12)
    threads = [threading.Thread(target=lambda: (wait.wait(), bytearray(2**16), wait.wait()))
               for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ctypes.CDLL(None).malloc_stats()
"""


def test_threads_of_the_node_share_what_they_free(tmp_path):
    """A thread with a heap of its own keeps there what its queries freed: gigabytes in an hour."""
    said = subprocess.run(
        [sys.executable, '-c', HEAPS], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stderr.count('Arena') <= 1, said.stderr


NODE = """
import ctypes
from spatialclaw_ros.ros.__main__ import main
from spatialclaw_ros.ros.memory import reuse_freed_memory
main(['--ros-args', '-p', 'no rule'])
if reuse_freed_memory():
    ctypes.CDLL(None).malloc_stats()
"""


def test_the_node_has_one_heap(tmp_path):
    """Of any but the first the free end is never given back: up to 64 MB in each."""
    said = subprocess.run(
        [sys.executable, '-c', NODE], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert 'spatialclaw_node: ' in said.stderr
    assert said.stderr.count('Arena') <= 1, said.stderr


def test_memory_is_not_given_back_after_every_query(monkeypatch):
    given = []
    monkeypatch.setattr(memory, 'give_memory_back', lambda: given.append(1))
    monkeypatch.setattr(memory, '_latest_s', [-math.inf])
    for _ in range(5):
        memory.give_memory_back_at_times()
    assert given == [1]
