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


"""Which frames a model is shown from the beginning."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.agent.key_frames import evenly, key_frames, shares
from spatialclaw_ros.workspace.observation import Frame

IMAGE = np.zeros((2, 2, 3), np.uint8)


@pytest.mark.parametrize(('cameras', 'most', 'shown'), [
    ('aaa', 3, [0, 1, 2]),
    ('aaaaa', 3, [0, 2, 4]),
    ('abcde', 3, [0, 1, 2]),  # pictures: the first of them
    ('aaaaabbbbb', 4, [0, 4, 5, 9]),  # videos: each its share
    ('rvvvvvvv', 4, [0, 1, 4, 7]),  # a picture beside a video is always among them
    ('vvvvvvvr', 4, [0, 3, 6, 7]),
    ('ababab', 4, [0, 1, 4, 5]),
    ('aaaaa', 1, [4]),
])
def test_each_camera_has_its_share(cameras: str, most: int, shown: list[int]) -> None:
    frames = [Frame(i, name, i, name, IMAGE) for i, name in enumerate(cameras)]
    assert [frame.index for frame in key_frames(frames, most)] == shown


@pytest.mark.parametrize(('counts', 'most', 'expected'), [
    ([5, 5], 4, [2, 2]),
    ([5, 5], 5, [3, 2]),
    ([1, 9, 2], 9, [1, 6, 2]),
    ([1, 1], 9, [1, 1]),
    ([4, 0, 4], 2, [1, 0, 1]),
    ([3, 3, 3], 2, [1, 1, 0]),
    ([], 3, []),
])
def test_shares(counts: list[int], most: int, expected: list[int]) -> None:
    assert shares(counts, most) == expected


def test_evenly_has_both_ends() -> None:
    assert evenly(40, 32)[0] == 0
    assert evenly(40, 32)[-1] == 39
    assert len(set(evenly(40, 32))) == 32
