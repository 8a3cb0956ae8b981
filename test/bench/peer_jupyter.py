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

As `jupyter_client` comes (TCP, history, `execute_interactive`), and for comparison the fastest
plain way that was found: IPC, no history, blocking reads of the two channels. Neither uses
`wait_for_ready`, which ends with 0.2 s of idle listening.
"""

from __future__ import annotations

import os
import queue
import subprocess
import tempfile
import time
from collections.abc import Callable

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
# what a step of ours tells: type, shape, range and size of what is new
_INTROSPECT = """\
import json
_told = globals().get('_told', {})
_new = {}
for _name, _value in list(globals().items()):
    if _name.startswith('_') or _told.get(_name) is _value:
        continue
    _told[_name] = _value
    _new[_name] = [type(_value).__name__]
    if isinstance(_value, np.ndarray) and _value.size:
        _new[_name] += [_value.shape, str(_value.dtype), _value.nbytes,
                        float(_value.min()), float(_value.max())]
    elif isinstance(_value, (int, float, str)):
        _new[_name] += [repr(_value)[:200]]
print(json.dumps(_new))
"""
_ANSWER = "print(globals().get('__answer__'))"


class JupyterKernel:
    """One kernel and its client.

    Args:
        frames: what it gets by file.
        quickest: without what costs time and is not needed here.
    """

    def __init__(self, frames: np.ndarray, *, quickest: bool = False) -> None:
        self._frames = frames
        self._quickest = quickest
        self._manager = KernelManager(
            kernel_name='python3', transport='ipc' if quickest else 'tcp')
        self._manager.start_kernel(
            extra_arguments=['--HistoryManager.enabled=False'] if quickest else [],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
        assert self.run(_INTROSPECT).startswith('{')
        assert self.run(_ANSWER) == 'None\n'
        return printed

    def step_with_pictures(self, code: str) -> tuple[str, list[str]]:
        """As `step`; also the pictures that the cell displayed, PNG in base64."""
        pictures: list[str] = []
        printed = self.run(code, pictures)
        assert self.run(_INTROSPECT).startswith('{')
        assert self.run(_ANSWER) == 'None\n'
        return printed, pictures

    def run(self, code: str, pictures: list[str] | None = None) -> str:
        """One round trip: until the kernel is idle and has replied; displayed pictures are kept."""
        if self._quickest:
            return self._await(self._client.execute(code, store_history=False))
        printed = []

        def hear(message: dict) -> None:
            if message['msg_type'] == 'stream':
                printed.append(message['content']['text'])
            elif message['msg_type'] == 'display_data' and pictures is not None:
                pictures.append(message['content']['data']['image/png'].replace('\n', ''))

        self._client.execute_interactive(
            code, output_hook=hear, allow_stdin=False, timeout=_TIMEOUT_S)
        return ''.join(printed)

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
        self._quickest: JupyterKernel | None = None

    @property
    def kernel(self) -> JupyterKernel:
        """The kernel that stays."""
        if self._kept is None:
            self._kept = JupyterKernel(self._frames)
        return self._kept

    @property
    def quickest(self) -> JupyterKernel:
        """Another one, at its quickest."""
        if self._quickest is None:
            self._quickest = JupyterKernel(self._frames, quickest=True)
        return self._quickest

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
        _ = self.kernel
        return [_timed(lambda: (self.kernel.inject(), self.kernel.step(TRIVIAL)))
                for _ in range(count)]

    def trivial(self, count: int) -> list[float]:
        """A trivial step."""
        _ = self.kernel
        return [_timed(lambda: self.kernel.step(TRIVIAL)) for _ in range(count)]

    def printing(self, count: int) -> list[float]:
        """A step that prints 1,000 lines and makes an array."""
        assert self.kernel.step(PRINTING) == PRINTED
        return [_timed(lambda: self.kernel.step(PRINTING)) for _ in range(count)]

    def quickest_trivial(self, count: int) -> list[float]:
        """As `trivial`."""
        _ = self.quickest
        return [_timed(lambda: self.quickest.step(TRIVIAL)) for _ in range(count)]

    def quickest_printing(self, count: int) -> list[float]:
        """As `printing`."""
        _ = self.quickest
        return [_timed(lambda: self.quickest.step(PRINTING)) for _ in range(count)]

    def restarted(self, count: int) -> list[float]:
        """A restart with imports and frames, to the end of a trivial step; variables are lost."""
        _ = self.kernel
        return [_timed(lambda: (self.kernel.restart(), self.kernel.step(TRIVIAL)))
                for _ in range(count)]

    def interrupted(self, count: int) -> list[float]:
        """An interrupt that the loop obeys, to the end of a trivial step; variables are kept."""
        return [self.kernel.interrupt() + _timed(lambda: self.kernel.step(TRIVIAL))
                for _ in range(count)]

    def memory(self, count: int) -> list[float]:
        """Private memory of the kernel, MB, the frames' 42 MB included."""
        process = psutil.Process(self.kernel.pid)
        return [process.memory_full_info().uss / 1e6 for _ in range(count)]

    def close(self) -> None:
        """End the kernels that stay."""
        for kernel in (self._kept, self._quickest):
            if kernel is not None:
                kernel.close()


def _timed(act: Callable[[], object]) -> float:
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
                for name in ('cold', 'reused', 'trivial', 'printing', 'quickest_trivial',
                             'quickest_printing', 'restarted', 'interrupted', 'memory')})
        finally:
            measures.close()


if __name__ == '__main__':
    main()
