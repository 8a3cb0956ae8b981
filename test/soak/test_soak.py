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

import itertools
import random
import threading
import time
import types
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import soak_parts
import soak_run
from soak_census import KEPT, Held, family
from soak_clients import Ended
from soak_fault import OWN_CLIENT, Fault, Stage
from soak_judge import LONG_S, shortfalls
from soak_ledger import BUSY_S, CANCEL_S, LATE_S, Ledger
from soak_memory import Rest, Slope, fit
from soak_report import BEGIN, END, Part, part_lines, report, write_into
from soak_run import AGAIN, FAULTS, OVER_SHARE, Soak, Terms, schedule
from soak_scene import CAMERAS, JUMP_M, questions

from spatialclaw_ros.msg import SpatialAnswer

PATIENCE = 3.0
ASKED = questions('balls')
FAULT = {fault.name: fault for fault in FAULTS}


def ended(
    status='OK', message='why', client='planner', cameras=(), took_s=1.0, canceled_ago_s=None,
    frame_id='', **more,
):
    """A query that ends now."""
    asked = next(one for one in ASKED if one.cameras == cameras and one.frame_id == frame_id)
    now_s = time.monotonic()
    canceled_s = None if canceled_ago_s is None else now_s - canceled_ago_s
    return Ended(client, 'action', asked, now_s - took_s, now_s, 10.0, status, message,
                 canceled_s=canceled_s, **more)


def judged(one, fault=None, camera=''):
    """Failures that a query's end makes while a fault lasts."""
    ledger = Ledger(PATIENCE, lambda _: None)
    if fault is not None:
        stage = Stage(None, random.Random(1), None, ledger, (1.0, 2.0), camera)
        ledger.open(fault, 'begins', FAULT[fault].right(stage), FAULT[fault].makes)
    ledger.take(one())
    return ledger.failures


@pytest.mark.parametrize(('one', 'fault', 'camera', 'words'), [
    (partial(ended), None, '', ''),
    (partial(ended, 'TIMEOUT'), None, '', 'TIMEOUT where OK is right'),
    (partial(ended, 'NO ANSWER', ''), None, '', 'NO ANSWER where OK'),
    (partial(ended, wrong='0.3 m, the truth is 0.2'), None, '', 'WRONG ANSWER: 0.3 m'),
    (partial(ended, wrong='0.3 m, the truth is 0.2'), 'TF jump', '', 'WRONG ANSWER'),
    (partial(ended, wrong='0.8 m off', right_if={'moved'}), 'TF jump', '', ''),
    (partial(ended, wrong='0.8 m off', right_if={'moved'}), 'TF gap', '', 'WRONG ANSWER'),
    (partial(ended, wrong='half', right_if={'unscaled'}), 'no depth', 'left', ''),
    (partial(ended, wrong='half', right_if={'unscaled'}), 'camera stopped', 'left', 'WRONG ANSWER'),
    (partial(ended, 'REFUSED', cameras=('left',), frame_id='odom'), 'TF gap', '', ''),
    (partial(ended, 'REFUSED'), 'TF gap', '', 'REFUSED where OK'),
    (partial(ended, took_s=10.0 + LATE_S * PATIENCE - 0.5), None, '', ''),
    (partial(ended, took_s=10.0 + LATE_S * PATIENCE + 0.5), None, '', 's late'),
    (partial(ended, 'NO_FRAMES', cameras=('left',)), 'camera stopped', 'left', ''),
    (partial(ended, 'NO_FRAMES', '', cameras=('left',)), 'camera stopped', 'left',
     'without a message'),
    (partial(ended, 'NO_FRAMES', cameras=('right',)), 'camera stopped', 'left',
     'NO_FRAMES where OK'),
    (partial(ended, 'NO_FRAMES'), 'camera stopped', 'left', 'NO_FRAMES where OK'),
    (partial(ended, 'BUSY'), 'overflow', '', ''),
    (partial(ended, 'BUSY', took_s=BUSY_S * PATIENCE + 0.5), 'overflow', '', 'BUSY only after'),
    (partial(ended, 'CANCELED', client=OWN_CLIENT), 'cancel', '', ''),
    (partial(ended, client=OWN_CLIENT, took_s=9.0, canceled_ago_s=CANCEL_S * PATIENCE + 0.5),
     'cancel', '', 's after it was cancelled'),
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
    ledger = Ledger(PATIENCE, lambda _: None)
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
    (0, {'number': 0.204, 'unit': 'cm'}, False),
    (0, {'number': float('nan')}, False),
    (5, {'boolean': True, 'answer_type': SpatialAnswer.TYPE_BOOLEAN}, True),
    (5, {'boolean': False, 'answer_type': SpatialAnswer.TYPE_BOOLEAN}, False),
])
def test_an_answer_is_compared_with_the_truth(at, fields, right):
    assert (ASKED[at].fault_of(SpatialAnswer(**fields)) == '') is right


def test_a_place_in_odom_moves_with_the_base():
    asked = next(one for one in ASKED if one.in_odom)
    told = np.add(asked.truth, JUMP_M)
    answer = SpatialAnswer()
    answer.header.frame_id = 'odom'
    answer.point.x, answer.point.y, answer.point.z = told.tolist()
    assert 'the truth is' in asked.fault_of(answer)
    assert asked.right_if(answer) == {'moved'}
    answer.point.x += 0.1
    assert not asked.right_if(answer)


@pytest.mark.parametrize(('fields', 'found'), [
    ({}, {'unscaled'}), ({'scale_source': 'sensor_depth'}, set()), ({'sigma': 0.01}, set()),
    ({'missing_priors': []}, set()),
])
def test_a_guess_is_right_where_it_says_that_it_is_one(fields, found):
    says = {'scale_source': 'model', 'sigma': float('nan'), 'missing_priors': ['no depth']}
    assert ASKED[0].right_if(SpatialAnswer(number=0.1, unit='m', **{**says, **fields})) == found


def samples_of(mb_per_h):
    """Half an hour of memory that varies, as a heap does of which all that is free is given back
    every 15 s.
    """
    draw = random.Random(3)
    return [(2.0 * k, 500 + 2.0 * k % 15 * 6 + draw.gauss(0.0, 30.0) + mb_per_h * 2.0 * k / 3600)
            for k in range(900)]


@pytest.mark.parametrize('mb_per_h', [0.0, 300.0])
def test_memory_that_grows_is_told_from_memory_that_varies(mb_per_h):
    slope = fit('node', 'RSS', samples_of(mb_per_h))
    assert slope.mb_per_h == pytest.approx(mb_per_h, abs=90.0)
    assert slope.least_mb_per_h < slope.mb_per_h < slope.most_mb_per_h
    part = whole(slopes=[slope])
    assert bool(list(shortfalls(part, 10.0, 30.0, ['node']))) is (mb_per_h > 0.0)
    assert slope.says
    assert not fit('node', 'RSS', samples_of(mb_per_h)[:60]).says
    assert fit('node', 'RSS', samples_of(mb_per_h)[:30]) is None


def whole(slopes=(), rests_mb=(400.0, 400.0), rate_hz=30.0, cancels_s=(0.1,), never=()):
    """What a node went through that has nothing to say against it."""
    part = Part('embedded', Ledger(PATIENCE, lambda _: None), FAULTS, rate_hz=rate_hz)
    part.slopes = list(slopes)
    part.rests = [Rest(at * 600, {'node': one}) for at, one in enumerate(rests_mb)]
    part.ledger.cancelled, part.ledger.cancels_s = 1, list(cancels_s)
    part.ledger.injected.update(fault.name for fault in FAULTS if fault.name not in never)
    return part


FLAT = Slope('node', 'RSS', 500.0, 505.0, 10.0, -50.0, 90.0, 0.06)
GROWING = replace(FLAT, mb_per_h=950.0, least_mb_per_h=900.0, most_mb_per_h=1000.0)
WIDE = replace(FLAT, least_mb_per_h=-381.0, most_mb_per_h=7915.0)
LONG_WIDE = replace(WIDE, hours=0.3)
LONG_GROWING = replace(LONG_WIDE, least_mb_per_h=900.0)
TELLING = {FLAT, GROWING, LONG_WIDE, LONG_GROWING}


@pytest.mark.parametrize(('more', 'planned_s', 'words'), [
    ({}, LONG_S, ''),
    ({'slopes': (WIDE,)}, LONG_S, ''),
    ({'slopes': (), 'rests_mb': (400.0,)}, LONG_S, 'the node was measured neither at work nor'),
    ({'slopes': (WIDE,), 'rests_mb': (400.0,)}, LONG_S, 'measured neither'),
    ({'slopes': (), 'rests_mb': (400.0,)}, LONG_S / 2, ''),
    ({'rests_mb': (400.0,)}, LONG_S, ''),
    ({'slopes': (replace(WIDE, least_mb_per_h=900.0),)}, LONG_S, ''),
    ({'slopes': (LONG_GROWING,)}, LONG_S, 'node grew by 270 MB'),
    ({'slopes': (LONG_WIDE,)}, LONG_S, ''),
    ({'slopes': (GROWING,)}, LONG_S, 'node grew by 54 MB'),
    ({'rests_mb': (400.0, 424.0)}, LONG_S, ''),
    # 70 KB a query
    ({'rests_mb': (400.0, 442.0)}, LONG_S, 'node kept 42 MB more at rest after 600 queries'),
    ({'rests_mb': (400.0, 442.0)}, LONG_S / 2, ''),
    ({'rate_hz': 12.0}, LONG_S, 'the cameras ran at 12.0 Hz'),
    ({'cancels_s': ()}, LONG_S, '1 goals were cancelled, and none ended CANCELED'),
    ({'never': ('cancel', 'TF gap')}, LONG_S,
     f'2 of {len(FAULTS)} faults never came: TF gap, cancel'),
    ({'never': ('cancel', 'TF gap')}, LONG_S / 2, ''),
])
def test_a_node_is_judged_by_all_that_it_went_through(more, planned_s, words):
    part = whole(**{'slopes': (FLAT,), **more})
    found = list(shortfalls(part, planned_s, 30.0, ['node']))
    assert len(found) == bool(words), found
    assert not words or words in found[0]
    assert part.unmeasured == ([] if TELLING & {*part.slopes} else ['node'])
    text = '\n'.join(part_lines(part))
    assert f'{len(FAULTS) - len(part.never)} of {len(FAULTS)} faults came' in text
    assert ('Not measured at work' in text) is bool(part.unmeasured)


class Answers:
    """A caller of whom every query ends with the next of some statuses, and a ledger."""

    def __init__(self, *statuses):
        self.statuses = itertools.cycle(statuses)
        self.ledger = Ledger(1.0, lambda _: None)
        self.ledger.open('', '', lambda _: frozenset(statuses))
        plant = types.SimpleNamespace(questions=ASKED)
        self.stage = Stage(plant, random.Random(1), self, self.ledger, (1.0, 2.0))

    def ask(self, *_):
        return ended(next(self.statuses))

    def ask_at_once(self, questions, _):
        # those that are taken are answered long after
        return [replace(one, end_s=one.end_s + 9.0 * (one.status == 'OK'))
                for one in (self.ask() for _ in questions)]

    def client(self, *_):
        return None

    def call(self, *_):
        return types.SimpleNamespace(success=True)

    def replaced(self, _):
        return next(self.statuses)


@pytest.mark.parametrize(('fault', 'statuses', 'words'), [
    ('overflow', ('OK', 'BUSY'), ''),
    ('overflow', ('OK', 'OK', 'BUSY'), 'of 10 queries at once 3 were BUSY, there were 6 places'),
    ('overflow', ('OK',), '0 were BUSY'),
    ('deactivated', ('INACTIVE',), ''),
    ('deactivated', ('OK',), 'a node that is not active answered OK'),
    ('cleaned up', ('OK',), 'a node that is not active answered OK'),
])
def test_what_must_show_while_a_fault_lasts(fault, statuses, words):
    answers = Answers(*statuses)
    FAULT[fault].begin(answers.stage)
    assert len(answers.ledger.failures) == bool(words)
    assert not words or words in answers.ledger.failures[0]


@pytest.mark.parametrize(('replaced', 'fails'), [((7, 7, 7, 7, 8), False), ((7,), True)])
def test_a_worker_is_killed_that_has_a_query(replaced, fails, monkeypatch):
    monkeypatch.setattr(soak_parts, '_kill', lambda _: lambda _: '')
    answers = Answers(*replaced)
    said = FAULT['worker killed'].begin(answers.stage)
    assert bool(answers.ledger.failures) is fails
    assert fails or 'to 2 of the workers' in said


@pytest.mark.parametrize(('after_s', 'words'), [
    ((0.0,), ''), ((30.0,), 'an answer only 30'), ((1.0,) * 99, 'no answer'),
])
def test_an_answer_that_comes_too_late_is_no_recovery(after_s, words, monkeypatch, tmp_path):
    now_s = [1000.0]
    monkeypatch.setattr(soak_run.time, 'monotonic', lambda: now_s[0])
    monkeypatch.setattr(soak_run.time, 'sleep', lambda _: None)
    soak = Soak('embedded', tmp_path, Terms(60.0, 1, patience=1.0), lambda _: None,
                threading.Event())
    waits_s = list(after_s)

    def ask(*_):
        now_s[0] += waits_s.pop(0)
        return ended('NO_FRAMES' if waits_s else 'OK')

    probe = types.SimpleNamespace(ask=ask)
    stage = Answers('OK').stage
    fault = Fault('test', lambda _: 'done', frozenset({'NO_FRAMES'}), 'all', recovery_s=10.0)
    soak._inject(fault, stage, probe)
    failures = soak.part.ledger.failures
    assert len(failures) == bool(words), failures
    assert not words or words in failures[0]


def test_what_is_left_over_is_named():
    threads = {'not of Python': 20, 'nursery': 1, 'outputs': 1}
    ports = frozenset({'fastdds_port7410', 'fastdds_port7411'})
    before = Held(3, threads, {'socket': 13, 'file': 10}, 4, ports, 2, 0)
    assert before.more_than(before) == []
    kept = Held(3, {**threads, 'asyncio': 6}, {'socket': 14, 'file': 10}, 36,
                ports | {'fastdds_port7412'}, 2, 0)
    assert kept.more_than(before) == []
    leaky = Held(4, {**threads, 'nursery': 2, 'outputs': 2, 'ThreadPoolExecutor-1': 1},
                 {'socket': 13, 'file': 12}, 37,
                 ports | {'fastdds_0a1b'}, 2, 1)
    said = ' '.join(leaky.more_than(before))
    for words in (
            '1 more processes', '1 more threads: nursery (1, then 2)', '1 more threads: outputs',
            '1 more threads: ThreadPoolExecutor-1', '2 more descriptors: file',
            '33 more memory files',
            '1 more segments of Fast DDS (0, then 1: fastdds_0a1b came, none went)',
            '1 more temporary'):
        assert words in said


def test_a_schedule_is_the_seed_and_leaves_nothing_out():
    first, again = (schedule(FAULTS, random.Random(5)) for _ in range(2))
    drawn = [next(first) for _ in range(2 * len(FAULTS))]
    assert drawn == [next(again) for _ in drawn]
    assert set(drawn[:len(FAULTS)]) == set(FAULTS)


def test_all_come_once_and_what_is_made_anew_again_before_the_rest():
    drawn = schedule(FAULTS, random.Random(5))
    first = [next(drawn) for _ in FAULTS]
    anew = [fault for fault in FAULTS if fault.anew]
    assert sorted(map(FAULTS.index, first)) == list(range(len(FAULTS)))
    assert [next(drawn) for _ in range((AGAIN - 1) * len(anew))] == (AGAIN - 1) * anew
    assert {fault.name for fault in anew} >= {
        'zygote killed', 'perception killed', 'deactivated', 'cleaned up'}
    # one socket left by each of a kind is found
    assert max(KEPT.values()) < AGAIN


@pytest.mark.parametrize(('seconds', 'never', 'share', 'goes_on'), [
    (LONG_S, 0, 0.5, True), (LONG_S, 0, 1.0, False), (LONG_S, 1, 1.0, True),
    (LONG_S, 1, 1.0 + OVER_SHARE, False), (LONG_S / 2, 1, 1.0, False),
])
def test_a_long_soak_waits_for_what_has_not_come(
        seconds, never, share, goes_on, monkeypatch, tmp_path):
    now_s = [1000.0]
    monkeypatch.setattr(soak_run.time, 'monotonic', lambda: now_s[0])
    soak = Soak('models', tmp_path, Terms(seconds, 1), lambda _: None, threading.Event())
    soak.part.ledger.injected.update(fault.name for fault in soak.part.faults[never:])
    now_s[0] += share * seconds
    plant = types.SimpleNamespace(node=types.SimpleNamespace(running=True))
    assert soak._going_on(plant) is goes_on


@pytest.mark.parametrize(('name', 'of'), [
    ('ThreadPoolExecutor-0_11', 'ThreadPoolExecutor-0'), ('Thread-12 (_watch)', 'Thread (_watch)'),
    ('nursery', 'nursery'), ('spatialclaw_jpeg_1', 'spatialclaw_jpeg'),
])
def test_threads_are_counted_by_what_they_are(name, of):
    assert family(name) == of


def test_the_page_has_a_row_for_what_happened(tmp_path):
    ledger = Ledger(PATIENCE, lambda _: None)
    fault = FAULT['camera stopped']
    window = ledger.open(fault.name, 'left', lambda _: frozenset({'NO_FRAMES'}))
    ledger.take(ended('NO_FRAMES', cameras=('left',)))
    ledger.close(window, 0.7)
    page = tmp_path / 'page.md'
    page.write_text(f'before\n{BEGIN}\nold\n{END}\nafter\n')
    part = whole(slopes=[FLAT], rests_mb=(400.0, 406.0))
    part.ledger = ledger
    write_into(page, report([part], 1))
    text = page.read_text()
    assert '-50 to +90' in text
    assert '+10.0' in text.partition('600 queries later')[2]
    assert 'old' not in text
    assert text.startswith('before')
    assert text.endswith('after\n')
    assert '| camera stopped' in text
    assert '0.7 / 0.7' in text
    assert CAMERAS == ('front', 'left', 'right')
    page.write_text('no marks')
    with pytest.raises(ValueError, match='has no'):
        write_into(page, 'x')
