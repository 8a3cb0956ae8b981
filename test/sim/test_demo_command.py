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

"""The demo as a person runs it, on the recording: real processes, real service, what is left."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from spatialclaw_ros.cli.main import main
from spatialclaw_ros.kernel import support
from spatialclaw_ros.kernel.support import SandboxPart
from spatialclaw_ros.ros.compat.share import share_path
from spatialclaw_ros.sim.questions import (
    Asked,
    chosen,
    judge,
    tabletop_questions,
)
from spatialclaw_ros.sim.trajectory import PERIOD_NS

COMMAND = [sys.executable, '-m', 'spatialclaw_ros.cli.main', 'demo']
FACTS = json.loads((share_path('demo', 'tabletop') / 'truth.json').read_text())


def running(mark: str) -> list[int]:
    """Processes whose command line names something."""
    return [process.pid for process in psutil.process_iter(['cmdline'])
            if any(mark in word for word in process.info['cmdline'] or ())]


def test_demo_with_the_recording(tmp_path: Path) -> None:
    out = tmp_path / 'out'
    done = subprocess.run(
        [*COMMAND, '--recording', '--questions', '1,5', '--sandbox', 'best_effort',
         '--out', str(out)],
        capture_output=True, text=True,
        timeout=180, env=dict(os.environ), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '2 of 2 answers are right' in done.stdout
    summary = json.loads((out / 'answers.json').read_text())
    assert [answer['status'] for answer in summary['answers']] == ['OK'] * 2
    for answer in summary['answers']:
        if answer['error_m'] is not None:
            assert abs(answer['error_m']) <= max(0.02, 0.03 * answer['truth'])
    assert len(list((out / 'traces').iterdir())) == 2
    for number in (1, 2):
        with Image.open(out / f'{number}_overlay.png') as picture:
            assert picture.size == (640, 480)
        with Image.open(out / f'{number}.png') as picture:
            assert len(picture.getcolors(1 << 24) or ()) > 3000
    assert (out / 'demo.png').is_file()
    assert 'sandbox: best_effort' in (out / 'logs' / 'node.log').read_text()
    assert not running(str(out))


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [*COMMAND, '--recording', '--out', str(tmp_path)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=dict(os.environ), cwd=tmp_path)
    end_s = time.monotonic() + 60
    while len(psutil.Process(demo.pid).children()) != 2:
        assert demo.poll() is None, demo.communicate()[0].decode()
        assert time.monotonic() < end_s
        time.sleep(0.1)
    time.sleep(1.0)
    children = psutil.Process(demo.pid).children(recursive=True)
    assert len(children) >= 2
    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 130
    _, alive = psutil.wait_procs(children, 30)
    assert not alive
    assert not running(str(tmp_path))


@pytest.mark.parametrize(('arguments', 'status', 'says'), [
    (['--data', '/nowhere'], 2, 'no folder of frames'),
    (['--recording', '/nowhere'], 2, 'rosbag2'),
    (['--recording', '--questions', '9'], 2, 'questions 1 to 5'),
    (['--recording', '--questions', 'x'], 2, '1,3-4')])
def test_what_cannot_be_run_is_named(
    arguments: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(['demo', *arguments]) == status
    assert says in capsys.readouterr().out.replace('\n', ' ')


def test_a_host_without_a_sandbox_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:
    found = support.sandbox_support()
    monkeypatch.setattr(support, 'sandbox_support', lambda: [
        SandboxPart(part.name, part.name != 'Landlock', part.cost) for part in found])
    assert main(['demo', '--recording', '--out', str(tmp_path / 'out')]) == 3
    said = capsys.readouterr().out
    assert 'Landlock (cells could read files' in said
    assert 'demo --sandbox best_effort' in said
    assert not (tmp_path / 'out').exists()


def test_questions_have_five_families_and_a_truth_at_every_stamp() -> None:
    questions = tabletop_questions(FACTS)
    assert len({asked.family for asked in questions}) == 5
    assert questions[0].truth_at(0) == pytest.approx(0.12669, abs=1e-5)
    gripper = questions[1]
    assert gripper.truth_at(0) == pytest.approx(gripper.truth_at(PERIOD_NS * 9))
    assert gripper.truth_at(0) != pytest.approx(gripper.truth_at(PERIOD_NS // 4), abs=0.01)


@pytest.mark.parametrize(('truth', 'answer', 'right'), [
    (0.5, 0.519, True), (0.5, 0.521, False), (1.0, 1.029, True), (1.0, 1.031, False),
    (0.5, math.nan, False), (0.5, None, False), (0.5, True, False), (True, True, True),
    (True, False, False), (True, 1.0, False), ('the gray box (0.10 m)', 'gray box', True),
    ('blue box', 'the blue box.', True), ('blue box', 'green ball', False),
    ('blue box', None, False)])
def test_judging(truth: float | bool | str, answer: float | bool | str | None,
                 right: bool) -> None:
    assert judge(Asked('?', 'f', truth), answer, 0).right is right


def test_counts_are_exact_and_tolerances_kept() -> None:
    count = Asked('?', 'count', 3.0, exact=True)
    assert judge(count, 3.0, 0).right
    assert not judge(count, 4.0, 0).right
    assert judge(count, 3.0, 0).truth_text == '3'
    loose = Asked('?', 'reference', 0.78, tolerance_m=0.06)
    assert judge(loose, 0.83, 0).right
    assert judge(loose, 0.83, 0).error_text == '+50.0 mm'
    assert not judge(loose, 0.85, 0).right


def test_choosing_questions() -> None:
    assert chosen('abcde', '2,4-5') == ('b', 'd', 'e')
    assert chosen('abc', '') == ('a', 'b', 'c')
