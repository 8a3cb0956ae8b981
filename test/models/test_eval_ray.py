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


"""`spatialclaw eval run --ray local`: two actors, one killed, the results of a serial run."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import psutil
import pytest
from eval_lab import LOG, looks_of, pid_at, started, write_config

from spatialclaw_ros.eval.ray_run import PREFIX
from spatialclaw_ros.eval.run_files import read_results

MEASURED = ['q01', 'q04']


def test_a_killed_actor_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = set(Path(tempfile.gettempdir()).glob(f'{PREFIX}*'))
    serial = tmp_path / 'serial'
    serial.mkdir()
    process = started(write_config(serial, measured=MEASURED))
    told, _ = process.communicate()
    assert process.returncode == 0, told
    unbroken = {each.id: each for each in read_results(serial / 'out' / 'rules')}
    assert all(unbroken[name].said.answered for name in MEASURED)

    log = tmp_path / 'looks'
    monkeypatch.setenv(LOG, str(log))
    process = started(write_config(tmp_path, measured=MEASURED), '--ray', 'local', '--workers', '2',
                      wait='q04')
    try:
        victim = pid_at(log, 'q04', process)
        tree = psutil.Process(process.pid).children(recursive=True)
        os.kill(victim, signal.SIGKILL)
        told, _ = process.communicate(timeout=240.0)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, told
    assert '12 of 12 asked' in told
    results = {each.id: each for each in read_results(tmp_path / 'out' / 'rules')}
    assert results.keys() == unbroken.keys()
    assert all(each.same_as(unbroken[name]) for name, each in results.items())
    assert [name for name, each in results.items() if each.attempts > 1] == ['q04']
    assert victim not in {pid for _, pid in looks_of(log)[-2:]}
    traces = {name: each.trace for name, each in results.items() if each.trace}
    assert sorted(traces) == sorted(name for name, each in unbroken.items() if each.trace)
    assert all((tmp_path / 'out' / 'rules' / each / 'trace.jsonl').is_file()
               for each in traces.values())
    _, alive = psutil.wait_procs(tree, timeout=20.0)
    assert not alive
    assert set(Path(tempfile.gettempdir()).glob(f'{PREFIX}*')) <= left
