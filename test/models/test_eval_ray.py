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


"""`spatialclaw eval run --ray`: an actor is killed, or who runs it is told to end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import eval_lab
import psutil
import pytest
from eval_lab import LOG, WAIT, looks_of, pid_at, started, write_config

from spatialclaw_ros.eval.ray_run import PREFIX
from spatialclaw_ros.eval.run_files import read_results

MEASURED = ['q01', 'q04']
# in a process of its own, for Ray's switches hold from its import
CLUSTER = """
import json, os, sys
from spatialclaw_ros.perception.served.own_ray import own_ray
with own_ray(3, store_bytes=256 << 20):
    import ray
    told = {name: value for name, value in os.environ.items() if name.startswith('RAY_')}
    print(json.dumps({'address': ray.get_runtime_context().gcs_address, **told}), flush=True)
    sys.stdin.read()
"""


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """A cluster of others: its address, and the environment of who joins it."""
    process = subprocess.Popen(
        [sys.executable, '-c', CLUSTER], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(next(line for line in process.stdout if line.startswith('{')))
    finally:
        process.stdin.close()
        try:
            process.wait(60.0)
        finally:
            process.kill()
            process.wait()


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


def test_a_run_on_a_cluster_that_is_told_to_end_finishes_what_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = tmp_path / 'looks'
    for name, value in ((LOG, log), (WAIT, 'q04'), (
            'PYTHONPATH', Path(eval_lab.__file__).resolve().parent)):
        monkeypatch.setenv(name, str(value))  # actors have the environment of the cluster
    with cluster(tmp_path) as joined:
        address = joined.pop('address')
        for name, value in joined.items():
            monkeypatch.setenv(name, value)
        process = started(
            write_config(tmp_path), '--ray', address, '--workers', '2', wait='q04')
        try:
            waiting = pid_at(log, 'q04', process)
            process.terminate()
            os.kill(waiting, signal.SIGKILL)  # its question would take ten minutes
            told, _ = process.communicate(timeout=240.0)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 130, told
    assert 'finishing what is under way' in told
    assert 'the same command goes on where this one ended' in told
    known = {each.id for each in read_results(tmp_path / 'out' / 'rules')}
    assert 'q04' not in known
    assert known
