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


"""A Jupyter kernel, driven with `jupyter_client` the way agents do: the reference.

The fastest of the plain configurations that were tried: IPC instead of TCP, no history file. It
waits for the kernel's messages alone; `wait_for_ready` is not used, for it ends with 0.2 s of idle
listening.
"""

from __future__ import annotations

import os
import queue
import subprocess
import tempfile
import time

import numpy as np
import psutil
from bench_cells import ENDLESS, FRAMES, HEIGHT, PRINTED, PRINTING, TRIVIAL, WIDTH
from bench_peer import serve
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

_TIMEOUT_S = 60.0
_RESEND_S = 0.05
_BEFORE_INTERRUPT_S = 0.2
_IMPORTS = """\
import numpy as np
import scipy, scipy.spatial, scipy.ndimage, scipy.signal, scipy.optimize
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plt
"""
_INTROSPECT = """\
import json
print(json.dumps({
    name: [type(value).__name__, getattr(value, 'shape', None)]
    for name, value in list(globals().items()) if not name.startswith('_')}, default=str))
"""
_ANSWER = "print(globals().get('__answer__'))"


class JupyterKernel:
    """One kernel and its client."""

    def __init__(self, frames: np.ndarray) -> None:
        self._frames = frames
        self._manager = KernelManager(kernel_name='python3', transport='ipc')
        self._manager.start_kernel(
            extra_arguments=['--HistoryManager.enabled=False'], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self._client: BlockingKernelClient = self._manager.client()
        self._client.start_channels(stdin=False, hb=False, control=False)
        self._prepare()

    def close(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    @property
    def pid(self) -> int:
        """The kernel's process."""
        pid = self._manager.provisioner.pid
        assert pid is not None
        return int(pid)

    def restart(self) -> None:
        """Replace the process; everything it held is lost."""
        self._manager.restart_kernel(now=True)
        self._prepare()

    def inject(self) -> None:
        """Hand the frames over by file."""
        path = tempfile.mktemp(suffix='.npy')
        np.save(path, self._frames)
        self.run(f'frames = np.load({path!r})')
        os.remove(path)

    def step(self, code: str) -> str:
        """A cell, a look at the variables, a look for an answer: three round trips.

        Returns:
            What the cell printed.
        """
        printed = self.run(code)
        assert '"np"' in self.run(_INTROSPECT)
        assert self.run(_ANSWER) == 'None\n'
        return printed

    def run(self, code: str) -> str:
        """One round trip: until the kernel is idle and has replied."""
        return self._await(self._client.execute(code, store_history=False))

    def interrupt(self) -> float:
        """Interrupt an endless loop.

        Returns:
            Seconds from the interrupt until the kernel is idle.
        """
        message = self._client.execute(ENDLESS, store_history=False)
        time.sleep(_BEFORE_INTERRUPT_S)
        began_s = time.perf_counter()
        self._manager.interrupt_kernel()
        self._await(message)
        return time.perf_counter() - began_s

    def _await(self, message: str) -> str:
        printed = []
        while True:
            heard = self._client.get_iopub_msg(timeout=_TIMEOUT_S)
            if heard['parent_header'].get('msg_id') != message:
                continue
            if heard['msg_type'] == 'stream':
                printed.append(heard['content']['text'])
            elif heard['msg_type'] == 'status' and heard['content']['execution_state'] == 'idle':
                break
        while True:
            reply = self._client.get_shell_msg(timeout=_TIMEOUT_S)
            if reply['parent_header'].get('msg_id') == message:
                return ''.join(printed)

    def _prepare(self) -> None:
        """Wait until both channels are heard, then import and inject."""
        until_s = time.monotonic() + _TIMEOUT_S
        while True:
            self._client.kernel_info()
            try:
                self._client.get_iopub_msg(timeout=_RESEND_S)
                break
            except queue.Empty:
                assert time.monotonic() < until_s, 'the Jupyter kernel does not come up'
        self.run(_IMPORTS)
        self.inject()


class Measures:
    """Takes samples, most of them from one kernel that stays."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self._frames = generator.integers(0, 256, (FRAMES, HEIGHT, WIDTH, 3), np.uint8)
        self._kept: JupyterKernel | None = None

    @property
    def kernel(self) -> JupyterKernel:
        """The kernel that stays."""
        if self._kept is None:
            self._kept = JupyterKernel(self._frames)
        return self._kept

    def cold(self, count: int) -> list[float]:
        """From nothing to the end of a first trivial step, 32 frames in scope."""
        samples = []
        for _ in range(count):
            began_s = time.perf_counter()
            kernel = JupyterKernel(self._frames)
            kernel.step(TRIVIAL)
            samples.append(time.perf_counter() - began_s)
            kernel.close()
        return samples

    def reused(self, count: int) -> list[float]:
        """The same in a kernel that has run others' cells: new frames alone."""
        return [self._timed(lambda: (self.kernel.inject(), self.kernel.step(TRIVIAL)))
                for _ in range(count)]

    def trivial(self, count: int) -> list[float]:
        """A trivial step."""
        return [self._timed(lambda: self.kernel.step(TRIVIAL)) for _ in range(count)]

    def printing(self, count: int) -> list[float]:
        """A step that prints 1,000 lines and makes an array."""
        assert self.kernel.step(PRINTING) == PRINTED
        return [self._timed(lambda: self.kernel.step(PRINTING)) for _ in range(count)]

    def restarted(self, count: int) -> list[float]:
        """A restart with imports and frames, to the end of a trivial step; variables are lost."""
        return [self._timed(lambda: (self.kernel.restart(), self.kernel.step(TRIVIAL)))
                for _ in range(count)]

    def interrupted(self, count: int) -> list[float]:
        """An interrupt that the loop obeys, to the end of a trivial step; variables are kept."""
        return [self.kernel.interrupt() + self._timed(lambda: self.kernel.step(TRIVIAL))
                for _ in range(count)]

    def memory(self, count: int) -> list[float]:
        """Private memory of the kernel, MB, the frames' 42 MB included."""
        process = psutil.Process(self.kernel.pid)
        return [process.memory_full_info().uss / 1e6 for _ in range(count)]

    def close(self) -> None:
        """End the kernel that stays."""
        if self._kept is not None:
            self._kept.close()

    def _timed(self, act: object) -> float:
        assert callable(act)
        _ = self.kernel
        began_s = time.perf_counter()
        act()
        return time.perf_counter() - began_s


def main() -> None:
    """Measure away from the user's own profiles and start-up files."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ('IPYTHONDIR', 'JUPYTER_CONFIG_DIR', 'JUPYTER_RUNTIME_DIR'):
            os.environ[name] = folder
        measures = Measures()
        try:
            serve({
                name: getattr(measures, name)
                for name in ('cold', 'reused', 'trivial', 'printing', 'restarted', 'interrupted',
                             'memory')})
        finally:
            measures.close()


if __name__ == '__main__':
    main()
