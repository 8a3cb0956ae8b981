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


"""The zygote: imports everything once, then forks a worker for each session.

It runs one thread, opens nothing, and reads nothing that a worker wrote.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

from spatialclaw_ros.errors import KernelError
from spatialclaw_ros.kernel import hardening, landlock, wire, worker
from spatialclaw_ros.kernel.limits import SandboxPolicy
from spatialclaw_ros.kernel.messages import Fork, Forked, ForkFailed, Reap, Reaped, ZygoteReady

# NumPy, SciPy and Matplotlib import parts of themselves late; a worker may not read files then
PRELOADED = (
    'contourpy', 'matplotlib.backends.backend_agg', 'matplotlib.backends.backend_svg',
    'matplotlib.pyplot', 'mpl_toolkits.mplot3d',
    'numpy.fft', 'numpy.linalg', 'numpy.ma', 'numpy.polynomial', 'numpy.random', 'numpy.testing',
    'scipy.cluster.hierarchy', 'scipy.cluster.vq', 'scipy.constants', 'scipy.fft',
    'scipy.integrate', 'scipy.interpolate', 'scipy.linalg', 'scipy.ndimage', 'scipy.optimize',
    'scipy.signal', 'scipy.sparse.csgraph', 'scipy.sparse.linalg', 'scipy.spatial.distance',
    'scipy.spatial.transform', 'scipy.special', 'scipy.stats',
    'PIL.Image', 'PIL.ImageDraw', 'PIL.ImageFilter', 'PIL.ImageFont', 'PIL.ImageOps',
    'PIL.JpegImagePlugin', 'PIL.PngImagePlugin',
    'cv2', 'bisect', 'collections', 'copy', 'dataclasses', 'datetime', 'decimal', 'enum',
    'fractions', 'functools', 'heapq', 'itertools', 'json', 'math', 'operator', 'pprint',
    'random', 're', 'statistics', 'string', 'textwrap', 'time', 'typing', 'uuid',
    'spatialclaw_ros.workspace.bev', 'spatialclaw_ros.workspace.namespace')
_THREADS_END_S = 10.0


def main(control_fd: int, sandbox: str) -> None:
    """Serve the host until it closes the control socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hardening.adopt_orphans()
    threads = preload()
    if sandbox != SandboxPolicy.OFF:
        hardening.wipe_environment()
    gc.collect()
    gc.freeze()
    ruleset_fd = landlock.make_ruleset(landlock.library_paths())
    if sandbox != SandboxPolicy.OFF:
        sys.meta_path.insert(0, OutOfReach())
    control = wire.BlockingWire(socket.socket(fileno=control_fd))
    control.send(wire.encode(ZygoteReady(threads)))
    children: set[int] = set()
    try:
        while True:
            payload, fds = control.receive()
            request = wire.decode_to_zygote(payload)
            if isinstance(request, Fork):
                _fork(control, request, fds, ruleset_fd, children)
            elif isinstance(request, Reap):
                status = _reap(request.pid, children)
                control.send(wire.encode(Reaped(status)))
    except (EOFError, ConnectionError):
        for pid in tuple(children):
            _reap(pid, children)
        os._exit(0)


def preload() -> int:
    """Import everything.

    Returns:
        How many threads are left: 1.

    Raises:
        KernelError: an import left a thread behind; a fork would then not be safe.
    """
    import cv2
    cv2.setNumThreads(0)
    for name in PRELOADED:
        importlib.import_module(name)
    import matplotlib
    matplotlib.rcdefaults()
    matplotlib.use('Agg')
    _warm_up()
    end_s = time.monotonic() + _THREADS_END_S
    while (threads := len(os.listdir('/proc/self/task'))) > 1:
        if time.monotonic() > end_s:
            raise KernelError(
                f'the zygote has {threads} threads after its imports, expected 1; '
                'a library starts a pool when it is imported')
        time.sleep(0.02)
    return threads


class OutOfReach(MetaPathFinder):
    """Lets a package whose files a worker may not read be one that is not installed.

    Libraries ask for such a one with `except ImportError`, and would get a `PermissionError`.
    """

    def __init__(self) -> None:
        self._in_reach = landlock.readable_packages() | sys.stdlib_module_names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None,
    ) -> None:
        """Refuse, or leave it to the next finder.

        Raises:
            ModuleNotFoundError: the package is out of reach.
        """
        if fullname.partition('.')[0] not in self._in_reach:
            raise ModuleNotFoundError(f'No module named {fullname!r}', name=fullname)


def _warm_up() -> None:
    """Draw one figure, so that fonts and lazily made tables are there before the fork."""
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(1, 1))
    axes.plot([0, 1], [0, 1])
    axes.set_title('0')
    figure.canvas.draw()
    pyplot.close(figure)


def _fork(
    control: wire.BlockingWire, request: Fork, fds: Sequence[int], ruleset_fd: int | None,
    children: set[int],
) -> None:
    """Make a worker; what Linux refuses is told, for the other workers end with this process."""
    zygote_pid = os.getpid()
    pid = None
    try:
        if len(fds) != 1:  # Linux drops those for which there is no room
            raise OSError(errno.EMFILE, 'no room for the worker\'s wire')
        pid = os.fork()
        if pid == 0:
            worker.main(request, zygote_pid, fds[0], ruleset_fd)
        children.add(pid)
        pidfd = os.pidfd_open(pid)
    except OSError as error:
        if pid is not None:
            _reap(pid, children)
        control.send(wire.encode(ForkFailed(f'Linux refused a process: {error}')))
        return
    finally:
        for fd in fds:
            os.close(fd)
    try:
        control.send(wire.encode(Forked(pid)), [pidfd])
    finally:
        os.close(pidfd)


def _reap(pid: int, children: set[int]) -> int | None:
    """End and collect a worker, and whatever it left behind; its wait status."""
    if pid not in children:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    # one that was forked just now may lead no group yet
    os.kill(pid, signal.SIGKILL)
    children.discard(pid)
    _, status = os.waitpid(pid, 0)
    # without seccomp a worker can have children; orphans come to this process
    while strays := _children_of_this_process() - children:
        for stray in strays:
            os.kill(stray, signal.SIGKILL)
            os.waitpid(stray, 0)
    return status


def _children_of_this_process() -> set[int]:
    try:
        with open(f'/proc/self/task/{os.getpid()}/children') as file:
            return {int(pid) for pid in file.read().split()}
    except OSError:
        return set()  # a Linux without CONFIG_PROC_CHILDREN
