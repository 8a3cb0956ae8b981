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


"""What the soak runs: the robot, the node on one of two backbones, and who plays the model."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import plates
import psutil
from lab_models import SUPPORT
from node_process import NodeProcess
from scripted_vlm import ScriptedVlm
from scripted_vlm_checks import Request
from scripted_vlm_model import Act, script
from soak_scene import CAMERAS, questions

NODES = {
    'embedded': 'backbone `rules`, sensor depth, segmentation by colour, all in the node',
    'models': 'backbone `vllm` on a scripted server, laboratory models in the perception process',
}
SERVER = '/spatialclaw'
ROBOT_WAIT_S = 30.0
REQUESTS_KEPT = 60
# two clients, the faults' own and the probe always find a place
MAX_CONCURRENT, MAX_QUEUED = 2, 4
WHOLE = """Purpose: see both and measure
Reasoning: as planned
Next goal: the answer

```python
recon = tools.Reconstruct(InputImages)
f = InputImages.frame_indices[-1]
ends = []
for colour in {colours}:
    seg = tools.SAM3.segment_image_by_text(InputImages[-1], colour)
    ends.append(seg.get_centroid_3d(recon, f, 0))
show(seg.visualize(f), label='seen')
ReturnAnswer(float(np.linalg.norm(ends[0] - ends[1])), unit='m', points=ends)
```
"""
LOOK = """Purpose: look around
Reasoning: as planned
Next goal: measure

```python
print(len(InputImages), Metadata.cameras)
show(InputImages[-1], label='newest')
```
"""


class RobotProcess:
    """The robot in a process of its own.

    Args:
        scene: what it sees.
        rate_hz: pictures a second.
    """

    def __init__(self, scene: str, rate_hz: float) -> None:
        self._scene, self._rate_hz = scene, rate_hz
        self._start()

    def tell(self, **order: Any) -> int:
        """Have it do something; returns the number of pictures of each camera so far."""
        stdin, stdout = self.popen.stdin, self.popen.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(order) + '\n')
        stdin.flush()
        reply = stdout.readline().split()
        if reply[:1] != ['ok']:
            raise RuntimeError(f'the robot answered {reply} to {order}')
        return int(reply[1])

    def restart(self) -> None:
        """Kill it without a word and start another."""
        self.popen.kill()
        self.close()
        self._start()

    def close(self) -> None:
        """End it."""
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        with suppress(BrokenPipeError):
            self.popen.stdin.close()
        try:
            self.popen.wait(ROBOT_WAIT_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.popen.stdout.close()

    def _start(self) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name('soak_robot.py')), self._scene,
             str(self._rate_hz)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)
        assert self.popen.stdout is not None
        if self.popen.stdout.readline().strip() != 'ok':
            raise RuntimeError('the robot did not start')


class MoodyModel:
    """A model that measures right, unless `mood` says what it does instead."""

    def __init__(self) -> None:
        colours = [plates.plate(name)[0] for name in plates.PLATES]
        # whatever a fault has done to the cell before, the last one does all of it
        self._good = script((LOOK, WHOLE.format(colours=colours)))
        self.mood: Callable[[Request], Act | str] | None = None

    def __call__(self, request: Request) -> Act | str:
        """What the server does with a request."""
        return (self.mood or self._good)(request)


class Plant:
    """Robot, node and, for the node `models`, the server; a context manager.

    Args:
        kind: a name of `NODES`.
        folder: for the node's files.
        draw: what is drawn at random.
        rate_hz: of the cameras.

    Attributes:
        mapped: shared memory that the node's processes were seen to map, by name.
    """

    def __init__(self, kind: str, folder: Path, draw: random.Random, rate_hz: float) -> None:
        self.kind, self.folder, self.draw = kind, folder, draw
        self.scene = 'balls' if kind == 'embedded' else 'plates'
        self.questions = questions(self.scene)
        self.mapped: set[str] = set()
        self.model = MoodyModel()
        self.robot = RobotProcess(self.scene, rate_hz)
        self.vlm = ScriptedVlm(self.model, keep=REQUESTS_KEPT) if kind == 'models' else None
        self.temporary = folder / 'tmp'
        self.temporary.mkdir(parents=True)
        os.environ['PYTHONPATH'] = os.pathsep.join(
            [SUPPORT, *filter(None, [os.environ.get('PYTHONPATH')])])
        os.environ['TMPDIR'] = str(self.temporary)
        os.environ['ROS_LOG_DIR'] = str(folder / 'ros_log')
        self._threads = folder / 'threads.json'
        os.environ['SOAK_THREADS'] = str(self._threads.absolute())
        self.node = NodeProcess(folder, self._parameters(), program=(
            '-u', str(Path(__file__).with_name('soak_node.py').absolute())))

    def __enter__(self) -> Plant:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as rest:
            if self.vlm is not None:
                rest.callback(self.vlm.close)
            rest.callback(self.robot.close)
            # one that does not stop is killed by that
            with suppress(subprocess.TimeoutExpired):
                self.node.stop()

    def _parameters(self) -> dict[str, Any]:
        given: dict[str, Any] = {
            'cameras': list(CAMERAS), 'window_s': 1.0, 'max_frames': 4, 'buffer_s': 5.0,
            'buffer_mb': 160, 'max_concurrent': MAX_CONCURRENT, 'max_queued': MAX_QUEUED,
            'trace_dir': str(self.folder / 'traces'), 'trace_keep': 20}
        for camera in CAMERAS:
            given[f'{camera}.image'] = f'/{camera}/image_raw'
            given[f'{camera}.depth'] = f'/{camera}/depth'
        if self.vlm is not None:
            given |= {
                'backbone': 'vllm', 'backbone_url': self.vlm.url, 'backbone_model': 'scripted',
                'reconstruct': 'depth_anything', 'segment': 'sam3',
                'perception.depth.model': 'lab_models:depth',
                'perception.depth.options.scale': 2.0,
                'perception.masks.model': 'lab_models:masks'}
        return given

    def processes(self) -> dict[str, psutil.Process]:
        """The node's lasting processes by role: 'node', 'zygote' and, where there is one,
        'perception'.
        """
        found = {'node': self.node.process}
        with suppress(psutil.NoSuchProcess):
            for child in self.node.process.children():
                with suppress(psutil.NoSuchProcess):
                    words = ' '.join(child.cmdline())
                    if 'process/boot.py' in words:
                        found['perception'] = child
                    elif 'kernel/' in words:
                        found['zygote'] = child
        return found

    def threads(self, wait_s: float = 10.0) -> list[str]:
        """Names of the node's threads of Python.

        Raises:
            RuntimeError: it did not tell them.
        """
        self._threads.unlink(missing_ok=True)
        self.node.process.send_signal(signal.SIGUSR1)
        end_s = time.monotonic() + wait_s
        while time.monotonic() < end_s:
            with suppress(FileNotFoundError):
                return list(json.loads(self._threads.read_text(encoding='utf-8')))
            time.sleep(0.01)
        raise RuntimeError(f'the node did not tell its threads for {wait_s:g} s')

    def process(self, role: str, wait_s: float = 20.0) -> psutil.Process:
        """One of them, or a 'worker' of the zygote, once it is there.

        Raises:
            RuntimeError: it never came.
        """
        end_s = time.monotonic() + wait_s
        while time.monotonic() < end_s:
            found = self.processes()
            if role == 'worker' and 'zygote' in found:
                with suppress(psutil.NoSuchProcess):
                    if workers := found['zygote'].children():
                        return self.draw.choice(workers)
            elif role in found:
                return found[role]
            time.sleep(0.01)
        raise RuntimeError(f'the node had no {role} for {wait_s:g} s')
