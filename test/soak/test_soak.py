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


"""The soak's judgement: what it must notice, it notices; what is right, it lets pass."""

from __future__ import annotations

import random
import time
from functools import partial

import pytest
from soak_census import Held, fit
from soak_clients import Ended
from soak_fault import OWN_CLIENT, Stage
from soak_ledger import Ledger
from soak_report import BEGIN, END, Part, report, write_into
from soak_run import FAULTS, schedule
from soak_scene import CAMERAS, questions

from spatialclaw_ros.msg import SpatialAnswer

SLACK_S = 5.0
ASKED = questions('balls')
FAULT = {fault.name: fault for fault in FAULTS}


def ended(
    status='OK', message='why', client='planner', cameras=(), took_s=1.0, canceled_ago_s=None,
    **more,
):
    """A query that ends now."""
    asked = next(one for one in ASKED if one.cameras == cameras)
    now_s = time.monotonic()
    canceled_s = None if canceled_ago_s is None else now_s - canceled_ago_s
    return Ended(client, 'action', asked, now_s - took_s, now_s, 10.0, status, message,
                 canceled_s=canceled_s, **more)


def judged(one, fault=None, camera=''):
    """Failures that a query's end makes while a fault lasts."""
    ledger = Ledger(SLACK_S, lambda _: None)
    if fault is not None:
        stage = Stage(None, random.Random(1), None, ledger, (1.0, 2.0), camera)
        ledger.open(fault, 'begins', FAULT[fault].right(stage))
    ledger.take(one())
    return ledger.failures


@pytest.mark.parametrize(('one', 'fault', 'camera', 'words'), [
    (partial(ended), None, '', ''),
    (partial(ended, 'TIMEOUT'), None, '', 'TIMEOUT where OK is right'),
    (partial(ended, 'NO ANSWER', ''), None, '', 'NO ANSWER where OK'),
    (partial(ended, wrong='0.3 m, the truth is 0.2'), None, '', 'WRONG ANSWER: 0.3 m'),
    (partial(ended, wrong='0.3 m, the truth is 0.2'), 'TF jump', '', 'WRONG ANSWER'),
    (partial(ended, took_s=10.0 + SLACK_S + 1.0), None, '', 's late'),
    (partial(ended, 'NO_FRAMES', cameras=('left',)), 'camera stopped', 'left', ''),
    (partial(ended, 'NO_FRAMES', '', cameras=('left',)), 'camera stopped', 'left',
     'without a message'),
    (partial(ended, 'NO_FRAMES', cameras=('right',)), 'camera stopped', 'left',
     'NO_FRAMES where OK'),
    (partial(ended, 'NO_FRAMES'), 'camera stopped', 'left', 'NO_FRAMES where OK'),
    (partial(ended, 'BUSY'), 'overflow', '', ''),
    (partial(ended, 'CANCELED', client=OWN_CLIENT), 'cancel', '', ''),
    (partial(ended, 'CANCELED'), 'cancel', '', 'CANCELED where OK'),
    (partial(ended, 'CANCELED', client=OWN_CLIENT, took_s=9.0, canceled_ago_s=8.0),
     'cancel', '', 's after it was cancelled'),
    (partial(ended, 'INTERNAL_ERROR'), 'deactivated', '',
     'INTERNAL_ERROR where CANCELED or INACTIVE'),
])
def test_a_query_is_judged_by_what_was_wrong_with_the_world(one, fault, camera, words):
    failures = judged(one, fault, camera)
    assert len(failures) == bool(words), failures
    assert not words or words in failures[0]


def test_what_was_over_before_a_query_began_excuses_nothing():
    ledger = Ledger(SLACK_S, lambda _: None)
    window = ledger.open('overflow', 'many', lambda _: frozenset({'BUSY'}))
    before = ended('BUSY')
    ledger.close(window, 0.5)
    ledger.take(before)
    assert not ledger.failures
    ledger.take(ended('BUSY', took_s=0.0))
    assert 'during no fault' in ledger.failures[0]


@pytest.mark.parametrize(('at', 'fields', 'right'), [
    (0, {'number': 0.204, 'unit': 'm'}, True),
    (0, {'number': 0.30, 'unit': 'm'}, False),
    (0, {'number': float('nan')}, False),
    (5, {'boolean': True, 'answer_type': SpatialAnswer.TYPE_BOOLEAN}, True),
    (5, {'boolean': False, 'answer_type': SpatialAnswer.TYPE_BOOLEAN}, False),
])
def test_an_answer_is_compared_with_the_truth(at, fields, right):
    assert (ASKED[at].fault_of(SpatialAnswer(**fields)) == '') is right


@pytest.mark.parametrize(('mb_per_h', 'grows'), [(0.0, False), (300.0, True)])
def test_memory_that_grows_is_told_from_memory_that_varies(mb_per_h, grows):
    draw = random.Random(3)
    samples = [(2.0 * k, 500 + draw.choice((0, 0, 60)) + mb_per_h * 2.0 * k / 3600)
               for k in range(300)]
    slope = fit('node', 'RSS', samples)
    assert (slope.growth_mb > 24.0) is grows
    assert slope.mb_per_h == pytest.approx(mb_per_h, abs=60.0)
    assert fit('node', 'RSS', samples[:3]) is None


def test_what_is_left_over_is_named():
    before = Held(3, 30, {'socket': 13, 'file': 10}, 4, 19, 2, 0)
    assert before.more_than(before) == []
    kept = Held(3, 33, {'socket': 16, 'file': 10}, 10, 19, 2, 0)
    assert kept.more_than(before) == []
    leaky = Held(4, 40, {'socket': 13, 'file': 12}, 30, 20, 2, 1)
    said = ' '.join(leaky.more_than(before))
    for words in ('1 more processes', '10 more threads', '2 more descriptors: file', '26 more '
                  'memory files', '1 more fast dds', '1 more temporary'):
        assert words in said


def test_a_schedule_is_the_seed_and_leaves_nothing_out():
    first, again = (schedule(FAULTS, random.Random(5)) for _ in range(2))
    drawn = [next(first) for _ in range(2 * len(FAULTS))]
    assert drawn == [next(again) for _ in drawn]
    assert set(drawn[:len(FAULTS)]) == set(FAULTS)


def test_the_page_has_a_row_for_what_happened(tmp_path):
    ledger = Ledger(SLACK_S, lambda _: None)
    fault = FAULT['camera stopped']
    window = ledger.open(fault.name, 'left', lambda _: frozenset({'NO_FRAMES'}))
    ledger.take(ended('NO_FRAMES', cameras=('left',)))
    ledger.close(window, 0.7)
    page = tmp_path / 'page.md'
    page.write_text(f'before\n{BEGIN}\nold\n{END}\nafter\n')
    write_into(page, report([Part('embedded', ledger, FAULTS)], 1))
    text = page.read_text()
    assert 'old' not in text
    assert text.startswith('before')
    assert text.endswith('after\n')
    assert '| camera stopped' in text
    assert '0.7 / 0.7' in text
    assert CAMERAS == ('front', 'left', 'right')
    page.write_text('no marks')
    with pytest.raises(ValueError, match='has no'):
        write_into(page, 'x')
