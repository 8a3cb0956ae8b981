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

"""What the perception process prints: kept and logged within bounds, and never waited for."""

from __future__ import annotations

import logging
import os

import pytest

from spatialclaw_ros.perception.process.obituary import did_not_start, how_it_died
from spatialclaw_ros.perception.process.output import Output


@pytest.mark.parametrize(('written', 'lines'), [
    ([b'one\ntwo\n'], ['one', 'two']),
    ([b'on', b'e\nt', b'wo'], ['one', 'two']),
    ([b'\n\n  \n a \r\n'], ['a']),
    ([b' 1%\r', b' 2%\r 3%', b'\r 4%\n'], ['4%']),
    ([b' 1%\r 2%\r'], ['2%']),
    ([b'x' * 300, b'x' * 300, b'y\nz\n'], ['x' * 400, 'z']),
    ([b'red \x1b[31mtext\x00\xff\n'], ['red \u241b[31mtext\u2400\ufffd']),
    ([b'  File "a.py"\n    f(x)\n    ^^^^\n'], ['File "a.py"', 'f(x)']),
    ([b'%d\n' % number for number in range(100)], [str(number) for number in range(40, 100)]),
    ([], [])])
def test_lines_are_kept_within_bounds(written: list[bytes], lines: list[str]) -> None:
    output, fd = Output.pipe()
    for part in written:
        os.write(fd, part)
        assert output.read()
    assert output.read()
    os.close(fd)
    output.drain()
    assert list(output.last_lines()) == lines
    output.close()
    output.close()


def test_a_flood_is_read_in_bounded_parts_and_hardly_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    output, fd = Output.pipe()
    with caplog.at_level(logging.DEBUG):
        for _ in range(40):
            os.write(fd, b'WARNING spam: again\n' * 200)
            output.read()
    assert 0 < len(caplog.records) <= 200
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert {record.getMessage() for record in caplog.records} == {'spam: again'}
    os.close(fd)
    output.close()


@pytest.mark.parametrize(('reason', 'status', 'lines', 'words'), [
    ('', 3, ['a', 'b'], 'ended: it left with exit status 3; it printed last: a | b'),
    ('', -15, [], 'ended: it was ended by signal 15 (SIGTERM)'),
    ('', -44, [], 'ended: it was ended by signal 44 (unknown)'),
    ('', None, [], 'ended: it closed its connection'),
    ('it hung', None, ['a'], 'ended: it hung'),
    ('', -11, ['a', 'Fatal Python error: Aborted', 'here', *'bcdefgh'],
     'printed last: Fatal Python error: Aborted | here | b | c | d | e'),
    ('', 1, ['x' * 5000], 'x' * 600)])
def test_deaths_are_told(
    reason: str, status: int | None, lines: list[str], words: str,
) -> None:
    text = how_it_died(7, reason, status, lines)
    assert text.startswith('the perception process 7 ')
    assert text.endswith(words)
    assert len(text) < 1000


def test_what_to_do_about_a_start_that_failed() -> None:
    text = did_not_start('/env/bin/python', '', 1, ["ModuleNotFoundError: No module named 'cv2'"])
    assert "with the interpreter '/env/bin/python'" in text
    assert text.endswith('or set perception.python to another one')
    assert did_not_start('', 'no such model', 1, ['x']) == (
        'the perception process did not start: no such model')
