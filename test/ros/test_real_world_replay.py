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

"""A bag with `/clock`, paused and looped: answers are right or say why not; the real node."""

from __future__ import annotations

import time

import pytest
from asking import Asker
from bag_player import FIRST_S, BagPlayer, write_bag
from builtin_interfaces.msg import Duration
from node_process import NodeProcess
from robot_double import GAP_M, PARAMETERS

from spatialclaw_ros.msg import SpatialAnswer

APART = 'How far apart are the red ball and the blue ball?'
BAG_S = 3.0
# its turn comes when the node has started itself; what is asked before that may run out of time
STARTING = ('start of the node', 'waiting for its turn')


@pytest.fixture(scope='module')
def replay(tmp_path_factory):
    folder = tmp_path_factory.mktemp('replay')
    player = BagPlayer(write_bag(folder, BAG_S), loop=True)
    asker = Asker(player.node)
    with NodeProcess(folder, {**PARAMETERS, 'max_frames': 3, 'use_sim_time': True}):
        yield player, asker
    player.close()


def stamps_of(answer):
    return [frame.header.stamp.sec + frame.header.stamp.nanosec * 1e-9 for frame in answer.frames]


def is_right(answer):
    """An answer from the bag's own time, or a definite reason at the moment that it began again."""
    if answer.status == SpatialAnswer.STATUS_NO_FRAMES:
        assert '/camera/color/image_raw' in answer.message
        return False
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.number == pytest.approx(GAP_M, abs=0.015)
    found = stamps_of(answer)
    assert min(found) >= FIRST_S
    assert max(found) <= FIRST_S + BAG_S
    assert found == sorted(found)
    return True


def asked(asker, player, wanted):
    """Ask until an answer came at a moment that is wanted; all answers must be right."""
    end_s = time.monotonic() + 60.0
    while time.monotonic() < end_s:
        answer = asker.ask(APART)
        if is_right(answer) and wanted(player):
            return answer
    raise AssertionError(f'no answer in time: {answer.message}')


def test_before_the_bag_plays(replay):
    _, asker = replay
    answer = asker.until(
        lambda answer: not any(words in answer.message for words in STARTING), APART,
        timeout=Duration(sec=2))
    if answer.status == SpatialAnswer.STATUS_TIMEOUT:  # cameras that just began are waited for
        assert 'waiting for images' in answer.message
    else:
        assert answer.status == SpatialAnswer.STATUS_NO_FRAMES, answer.message
        assert '/camera/color/image_raw' in answer.message


def test_while_it_plays_loops_and_is_paused(replay):
    player, asker = replay
    player.start()
    assert not asked(asker, player, lambda _: True).missing_priors
    asked(asker, player, lambda one: one.lap >= 1)
    player.paused.set()
    seen: list[list[float]] = []

    def still(_):  # once the images on their way have come
        seen.append(stamps_of(asker.ask(APART)))
        return seen[-1] and seen[-2:-1] == seen[-1:]
    asked(asker, player, still)
    # the bag stands still, and so does what is seen, however long that lasts
    assert stamps_of(asked(asker, player, lambda one: True)) == seen[-1]
    lap = player.lap
    player.paused.clear()
    after = asked(asker, player, lambda one: one.lap > lap)
    assert after.header.frame_id == 'base_link'
