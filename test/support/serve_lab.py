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


"""A perception server with laboratory models as a process of its own, and robots that load it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lab_models
import numpy as np
import psutil

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.segment_model import SegmentJob
from spatialclaw_ros.perception.served.client import RemoteModels
from spatialclaw_ros.sharing.parents import die_with

READY = re.compile(r'\[serve\] ready: (\S+)')


class ServeProcess:
    """`spatialclaw serve`, ready; stopped by `stop`.

    Args:
        config: YAML file.
        arguments: of the command line; listens at a free port of loopback unless they say another.
        timeout_s: for it to be ready.
        wait: whether to wait for that.
    """

    def __init__(
        self, config: Path, *arguments: str, timeout_s: float = 240.0, wait: bool = True,
    ) -> None:
        path = os.pathsep.join([lab_models.SUPPORT, os.environ.get('PYTHONPATH', '')])
        self.lines: list[str] = []
        self.url = ''
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'spatialclaw_ros.cli.main', 'serve', str(config),
             '--address', '127.0.0.1:0', *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={**os.environ, 'PYTHONPATH': path},
            preexec_fn=partial(die_with, os.getpid(), signal.SIGTERM))
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            self.wait_for(READY, timeout_s)

    @property
    def output(self) -> str:
        """All that it printed so far."""
        return '\n'.join(self.lines)

    def wait_for(self, pattern: re.Pattern[str], timeout_s: float) -> None:
        """Wait until it printed something."""
        with self._changed:
            self._changed.wait_for(
                lambda: pattern.search(self.output) or not self._reader.is_alive(), timeout_s)
        if not pattern.search(self.output):
            self.stop()
            raise AssertionError(f'the server printed no {pattern.pattern!r}:\n{self.output}')

    def tree(self) -> list[psutil.Process]:
        """Its processes."""
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]

    def replicas(self, role: str) -> list[psutil.Process]:
        """Processes of Ray Serve that host a role's model."""
        found = []
        for each in self.tree():
            try:
                if f'ServeReplica:perception_{role}' in ' '.join(each.cmdline()):
                    found.append(each)
            except psutil.NoSuchProcess:
                continue
        return found

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 60.0) -> int:
        """Stop it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout_s)
        finally:
            if self.process.poll() is None:
                for each in self.tree():
                    each.kill()
            self._reader.join(5.0)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip())
                if found := READY.match(line):
                    self.url = found[1]
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


@dataclass(frozen=True)
class Load:
    """What robots got of a server.

    Args:
        times_s: of each call, for each robot.
        errors: what went wrong.
        wall_s: of all.
    """

    times_s: list[list[float]]
    errors: list[str]
    wall_s: float

    @property
    def calls(self) -> int:
        """Of all robots."""
        return sum(len(each) for each in self.times_s)

    @property
    def rate(self) -> float:
        """Calls in a second."""
        return self.calls / self.wall_s

    def percentile_ms(self, percent: float) -> float:
        """Of the time of a call."""
        return float(np.percentile([t for each in self.times_s for t in each], percent) * 1e3)

    @property
    def fairness(self) -> float:
        """Calls of the robot that got fewest, over those of the one that got most."""
        counts = [len(each) for each in self.times_s]
        return min(counts) / max(counts)

    def line(self, what: str) -> str:
        """For people."""
        return (f'{what}: {self.calls} calls in {self.wall_s:.1f} s, {self.rate:.1f} a second, '
                f'p50 {self.percentile_ms(50):.0f} ms, p99 {self.percentile_ms(99):.0f} ms, '
                f'least to most served robot {self.fairness:.2f}, {len(self.errors)} errors')


def robot(url: str, token: str = '', compression: str = 'none') -> RemoteModels:
    """A client with both models."""
    return RemoteModels(
        url, token=token, compression=compression, depth=ModelConfig(model='lab_models:depth'),
        masks=ModelConfig(model='lab_models:masks'))


def load_depth(
    url: str, token: str = '', *, robots: int, seconds: float, frames: int = 4,
    size: tuple[int, int] = (480, 640), compression: str = 'none',
) -> Load:
    """Let robots ask for depth, one call after the other, and check each answer."""
    images = [lab_models.paint_depth(np.full(size, 1.0 + at / 8)) for at in range(frames)]

    def call(models: RemoteModels) -> None:
        assert models.depth is not None
        found = models.depth.predict(images, None, None, Deadline(60.0))
        for at, depth in enumerate(found.depth):
            if compression == 'none':
                np.testing.assert_array_equal(depth, np.float32(1.0 + at / 8))
    return _load(url, token, robots, seconds, call, compression)


def load_masks(url: str, token: str = '', *, robots: int, seconds: float) -> Load:
    """Let robots ask for things by their colours, each for another one."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:10], image[10:30, :20] = (255, 0, 0), (0, 0, 255)
    wanted = {'red': 10 * 64, 'blue': 20 * 20}

    def call(models: RemoteModels) -> None:
        assert models.masks is not None
        name = ('red', 'blue')[id(models) // 64 % 2]
        found = models.masks.segment(SegmentJob('text', (image, image), (name,)), Deadline(60.0))
        areas = [int(found.masks(at).sum()) for at in range(2)]
        assert areas == [wanted[name]] * 2, areas
        assert len(found.prompt_of) == 2
    return _load(url, token, robots, seconds, call, 'none')


def _load(url, token, robots, seconds, call, compression) -> Load:
    times: list[list[float]] = [[] for _ in range(robots)]
    errors: list[str] = []
    gate = threading.Barrier(robots + 1)

    def run(own: list[float]) -> None:
        models = robot(url, token, compression)
        try:
            call(models)  # not counted: connections are made
            gate.wait()
            end_s = time.monotonic() + seconds
            while time.monotonic() < end_s:
                began_s = time.monotonic()
                call(models)
                own.append(time.monotonic() - began_s)
        except (SpatialClawError, AssertionError) as error:
            errors.append(f'{type(error).__name__}: {error}')
            gate.abort()
        except threading.BrokenBarrierError:
            pass
        finally:
            models.close()

    threads = [threading.Thread(target=run, args=(own,)) for own in times]
    for thread in threads:
        thread.start()
    try:
        gate.wait()
    except threading.BrokenBarrierError:
        errors.append('a robot could not begin')
    began_s = time.monotonic()
    for thread in threads:
        thread.join()
    return Load(times, errors, time.monotonic() - began_s)
