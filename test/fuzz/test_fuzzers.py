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



"""A short run of each fuzz target, and proof that a run notices what it is there to notice."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip('atheris', reason='atheris has wheels for Linux on x86_64 only')

SUPPORT = Path(__file__).resolve().parent.parent / 'support'
FUZZ = Path(__file__).resolve().parent
FAULTS = {
    'a crash': ('if data[:1] == b"b": raise KeyError(data)', 'Uncaught Python exception'),
    'a failed check': ('assert data[:1] != b"b"', 'Uncaught Python exception'),
    'a hang': ('while data[:1] == b"b": pass', 'timeout after'),
    'growth': ('KEPT.append(bytearray(2 ** 20))', 'out-of-memory'),
}


def run(script: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """One target in a process of its own."""
    path = os.pathsep.join([str(SUPPORT), *os.environ.get('PYTHONPATH', '').split(os.pathsep)])
    # a program's peak of memory starts with that of what forked it; a shell's is small
    return subprocess.run(
        ['sh', '-c', '"$@"; exit $?', 'sh', sys.executable, str(script), str(folder), *options],
        timeout=300, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        env={**os.environ, 'PYTHONPATH': path.rstrip(os.pathsep)})


@pytest.mark.parametrize('target', ['fuzz_wire', 'fuzz_stream'])
def test_nothing_is_found(target: str, tmp_path: Path) -> None:
    done = run(FUZZ / f'{target}.py', tmp_path, '--seconds', '3', '--rss-mib', '700')
    assert done.returncode == 0, done.stdout[-4000:]
    assert 'Done ' in done.stdout
    assert [path.name for path in tmp_path.iterdir() if path.name not in (
        'corpus', 'words.dict')] == []


@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_is_found(name: str, tmp_path: Path) -> None:
    code, words = FAULTS[name]
    script = tmp_path / 'faulty.py'
    script.write_text(textwrap.dedent(f"""
        from fuzzing import fuzz
        KEPT = []
        def one_input(data):
            {code}
        fuzz(one_input, seeds=[b'a', b'b'])
        """))
    done = run(script, tmp_path / 'found', '--seconds', '10', '--input-seconds', '1',
               '--rss-mib', '300')
    assert done.returncode != 0
    assert words in done.stdout, done.stdout[-2000:]
