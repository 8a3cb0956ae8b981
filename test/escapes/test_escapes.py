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


"""No technique of the corpus gets anything out of a session, with the gate and without it.

The second is the one that counts: the gate is advice to the model, the sandbox is the boundary.
`make escapes-unsandboxed` shows that the same techniques succeed where there is no sandbox.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import escape_table
import pytest
from analytic_scene import make_scene
from escape_corpus import ACTS, CLOCK, Technique, corpus
from escape_harmless import HARMLESS
from escape_lab import Lab, Outcome

from spatialclaw_ros.kernel import KernelSession, gate

CORPUS = corpus()
# one of each act, quick and certain where there is no sandbox
SEEN = ('file_pathlib_write', 'object_tree_to_os', 'environment_os', 'socket_plain', 'fork_plain',
        'signal_by_thread', 'bomb_memory_bytes', 'proc_neighbour_memory_written',
        'leak_by_message_queue')
PAGE = Path(__file__).resolve().parent.parent.parent / 'docs' / 'security.md'


@pytest.fixture(scope='module')
def lab() -> Iterator[Lab]:
    """One kernel for all attempts."""
    made = Lab()
    yield made
    made.close()


@pytest.mark.parametrize('gated', [True, False], ids=['gate', 'no gate'])
@pytest.mark.parametrize('technique', CORPUS, ids=lambda technique: technique.name)
def test_nothing_gets_out(lab: Lab, technique: Technique, gated: bool) -> None:
    outcome = lab.attempt(technique, gated=gated)
    assert outcome.refused == (gated and is_refused(technique))
    assert outcome.acts == {}, f'{technique.name}: {technique.text}'
    assert outcome.harm == []


def is_refused(technique: Technique) -> bool:
    """Whether the gate refuses one of its cells; the neighbour has no gate."""
    faults = [gate.check(section.code) for section in technique.sections
              if section.place != 'neighbour']
    return any(fault is not None and fault.kind == 'GateError' for fault in faults)


def test_the_page_tells_what_the_corpus_is() -> None:
    """How many the gate refuses is told, not asked to be many: the sandbox holds the rest."""
    rows = re.findall(r'^\| ([^|]+?) \| (\d+)[^|]*\|$', PAGE.read_text(), re.MULTILINE)
    told = {name: int(count) for name, count in rows}
    by_clock = 'of time alone, which the host\'s clock ends with and without the sandbox'
    by_host = 'that the host itself holds, with and without the sandbox'
    counted = {
        'techniques in the corpus': len(CORPUS),
        'that the gate alone refused': sum(map(is_refused, CORPUS)),
        by_clock: sum(each.held == CLOCK for each in CORPUS),
        by_host: sum(each.held not in ('', CLOCK) for each in CORPUS),
        'harmless cells that ran': len(HARMLESS)}
    assert {name: told.get(name) for name in counted} == counted
    # each technique stands in one of these
    assert sum(told[name] for name in (
        by_clock, by_host, 'acts that succeeded without gate and sandbox',
        'that need what this machine does not have')) == len(CORPUS)


def test_the_lab_is_not_blind() -> None:
    """Without the sandbox, it sees an act of each kind; in a process that can be spared."""
    assert {each.act for each in CORPUS if each.name in SEEN} == set(ACTS)
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, escape_table.__file__, '--sandbox', 'off', *SEEN],
        env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(('held', 'acts', 'timed_out', 'said'), [
    ('', {'read': 'a token'}, False, ''), ('', {}, False, 'no mark says so'),
    ('', {'write': 'a file'}, False, 'no mark says so'),
    ('messages are checked', {}, False, ''),
    ('messages are checked', {'read': 'a token'}, False, 'held by messages are checked'),
    (CLOCK, {}, True, ''), (CLOCK, {}, False, 'ended by itself'),
    (CLOCK, {'read': 'a token'}, True, 'held by clock')])
def test_marks_are_held_in_both_directions(
    held: str, acts: dict[str, str], timed_out: bool, said: str,
) -> None:
    technique = Technique('some', 'Reads.', 'read', (), held=held)
    words = escape_table.surprise(technique, Outcome(acts, timed_out=timed_out))
    assert said in words
    assert bool(words) == bool(said)


def test_the_corpus_is_large_and_no_technique_stands_twice() -> None:
    assert len(CORPUS) >= 100
    assert {technique.act for technique in CORPUS} == set(ACTS)
    for values in ([technique.body for technique in CORPUS],
                   [technique.text for technique in CORPUS]):
        assert len(set(values)) == len(values)


@pytest.fixture(scope='module')
def harmless_session(lab: Lab) -> Iterator[KernelSession]:
    """A session with the gate on, over a scene that its tools know."""
    scene = make_scene()
    with lab.kernel.open(scene.observation, scene) as session:
        yield session


@pytest.mark.parametrize('name', HARMLESS)
def test_harmless_cells_run(lab: Lab, harmless_session: KernelSession, name: str) -> None:
    result = lab.run(harmless_session, HARMLESS[name])
    assert result.error is None, result.error
    assert not result.restarted
