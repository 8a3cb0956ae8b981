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

"""The real node in a process of its own, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import yaml

from spatialclaw_ros.sharing.parents import die_with

STOP_TIMEOUT_S = 60.0


class NodeProcess:
    """Starts `spatialclaw_node` and stops it with SIGINT; a context manager.

    It ends with the thread that started it, too, however that ends.

    Args:
        folder: for the parameter file and the log.
        parameters: of the node; nested or with dots.
        arguments: further ROS arguments.
        program: what the interpreter runs.
    """

    def __init__(
        self, folder: Path, parameters: Mapping[str, Any], arguments: tuple[str, ...] = (),
        program: tuple[str, str] = ('-m', 'spatialclaw_ros.ros'),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        params_file = folder / 'params.yaml'
        params_file.write_text(yaml.safe_dump(
            {'/**': {'ros__parameters': dict(parameters)}}), encoding='utf-8')
        self.log_path = folder / 'node.log'
        self._log = self.log_path.open('wb')
        self.popen = subprocess.Popen(
            [sys.executable, *program, '--ros-args', '--params-file',
             str(params_file.absolute()), *arguments],
            cwd=folder, stdout=self._log, stderr=subprocess.STDOUT,
            preexec_fn=partial(die_with, os.getpid()))
        self.process = psutil.Process(self.popen.pid)

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What the node wrote so far."""
        return self.log_path.read_text(encoding='utf-8', errors='replace')

    @property
    def running(self) -> bool:
        """Whether the node is up."""
        return self.popen.poll() is None

    def children(self) -> list[psutil.Process]:
        """Processes that it started, theirs too."""
        return self.process.children(recursive=True)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop it and give its exit status; kill it when it doesn't stop in time."""
        if self.running:
            self.popen.send_signal(number)
        try:
            return self.popen.wait(STOP_TIMEOUT_S)
        finally:
            if self.running:
                self.popen.kill()
                self.popen.wait()
            self._log.close()
