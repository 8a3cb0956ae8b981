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


"""With the gate off: what a cell tries against the system fails, and libraries go on working."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from spatialclaw_ros.kernel import Kernel, KernelSession, landlock, seccomp

ACTS = {
    'read a file': 'print(open("/etc/passwd").read())',
    'read own maps': 'print(open("/proc/self/maps").read())',
    'read the host\'s environment': 'print(open(f"/proc/{HOST}/environ", "rb").read())',
    'list a folder': 'import os\nprint(os.listdir("/etc"))',
    'read through NumPy': 'print(np.fromfile("/etc/passwd", np.uint8))',
    'read through memmap': 'print(np.memmap("/etc/passwd", np.uint8, "r")[:4])',
    'read through PIL': 'from PIL import Image\nImage.open(SECRET + ".png")',
    'read a secret': 'print(open(SECRET).read())',
    'write a file': 'with open(SECRET + "2", "w") as f: f.write("x")',
    'write through savefig': 'plt.plot([1])\nplt.savefig(SECRET + "2.png")',
    'make a folder': 'import os\nos.mkdir(SECRET + "2")',
    'remove a file': 'import os\nos.unlink(SECRET)',
    'change a mode': 'import os\nos.chmod(SECRET, 0o777)',
    'sqlite': 'import sqlite3\nsqlite3.connect(SECRET + "2").execute("create table t (x)")',
    'TCP': 'import socket\nsocket.create_connection(("127.0.0.1", PORT), 1)',
    'UDP': 'import socket\n'
           'socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", PORT))',
    'unix socket': 'import socket\nsocket.socketpair()',
    'asyncio': 'import asyncio\nasyncio.run(asyncio.sleep(0))',
    'subprocess': 'import subprocess\nsubprocess.run(["/bin/true"], check=True)',
    'system': 'import os\nif os.system("true") != 0: raise OSError("no shell")',
    'exec': 'import os\nos.execv("/bin/true", ["true"])',
    'fork': 'import os\nif os.fork() == 0: os._exit(0)',
    'multiprocessing': 'import multiprocessing\n'
                        'multiprocessing.get_context("fork").Process(target=print).start()',
    'signal to the zygote': 'import os\nos.kill(os.getppid(), 18)',
    'signal to the host': 'import os\nos.kill(HOST, 18)',
    'signal to all': 'import os\nos.kill(-1, 18)',
    'memory file': 'import os\nos.memfd_create("x")',
    'raw system call': 'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n'
                       'if libc.syscall(41, 2, 1, 0) < 0: raise OSError(ctypes.get_errno(), "x")',
    'ptrace': 'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n'
              'if libc.ptrace(16, HOST, 0, 0) < 0: raise OSError(ctypes.get_errno(), "x")',
    'raise limits': 'import resource\n'
                    'resource.setrlimit(resource.RLIMIT_AS, (2**62, 2**62))',
    'descriptors over the wire': 'import socket\nwire = socket.socket(fileno=3)\n'
                                 'socket.send_fds(wire, [b"x"], [0, 1, 2])',
    'the wire\'s signals': 'import fcntl, os\nfcntl.fcntl(3, fcntl.F_SETOWN, HOST)',
    'a memory of its zygote': 'import os\nos.pread(os.open(f"/proc/{os.getppid()}/mem", 0), 1, 0)',
    'a link of its zygote': 'import os\nos.readlink(f"/proc/{os.getppid()}/fd/1")',
    'stop the zygote': 'import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)',
    'a watch': 'import fcntl, os\nfcntl.fcntl(os.open("/usr/share/fonts", 0), '
               'fcntl.F_NOTIFY, fcntl.DN_CREATE)',
    'shared memory': 'import mmap\nmmap.mmap(-1, 4096)',
    'a pipe': 'import os\nos.pipe()',
    'its priority': 'import os\nos.nice(-1)',
    'its processors': 'import os\nos.sched_setaffinity(0, {0})',
    'clock': 'import time\ntime.clock_settime(time.CLOCK_REALTIME, 0.0)',
    'host name': 'import socket\nsocket.sethostname("x")',
    'namespaces': 'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n'
                  'if libc.unshare(0x10000000) < 0: raise OSError(ctypes.get_errno(), "x")',
}

HARMLESS = {
    'large matrices': 'print(np.linalg.svd(np.ones((300, 300)))[1][0])',
    'text in a figure': 'fig, ax = plt.subplots()\nax.set_title(r"$\\alpha$ bold", weight="bold")\n'
                        'ax.text(0, 0, "x", family="monospace", style="italic")\nplt.show()',
    'figure to a buffer': 'import io\nb = io.BytesIO()\nplt.plot([1, 2])\n'
                          'plt.savefig(b, format="png")\nprint(len(b.getvalue()))',
    '3D figure': 'fig = plt.figure()\nfig.add_subplot(projection="3d").scatter([1], [2], [3])\n'
                 'plt.show()',
    'nearest neighbours': 'from scipy.spatial import cKDTree\n'
                          'tree = cKDTree(np.random.rand(999, 3))\n'
                          'print(tree.query(np.zeros((9, 3)), workers=2))',
    'late imports': 'import scipy.stats, scipy.signal, scipy.sparse.linalg, scipy.odr\n'
                    'import statistics, csv, html, colorsys, difflib, zlib, hashlib, calendar',
    'optimise': 'from scipy.optimize import minimize\nprint(minimize(lambda x: (x - 1) ** 2, 0).x)',
    'OpenCV': 'import cv2\nm = cv2.GaussianBlur(InputImages[1].array, (5, 5), 1)\n'
              'n, l = cv2.connectedComponents((m[..., 0] > 5).astype(np.uint8))\n'
              'print(cv2.imencode(".png", m)[0])',
    'PIL': 'from PIL import Image, ImageDraw, ImageFont\nim = Image.new("RGB", (64, 64))\n'
           'ImageDraw.Draw(im).text((1, 1), "a", font=ImageFont.load_default())\n'
           'im.resize((9, 9)).rotate(3)\nimport io\nb = io.BytesIO()\nim.save(b, "JPEG")\n'
           'Image.open(io.BytesIO(b.getvalue())).load()',
    'time': 'import time, datetime\ntime.sleep(0.001)\nprint(datetime.datetime.now(), time.time())',
    'threads': 'import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()',
    'random': 'import random, uuid, secrets\nprint(random.random(), uuid.uuid4())',
    'dataclasses': 'from dataclasses import dataclass\n@dataclass\nclass P:\n    x: float = 1.0\n'
                   'print(P())',
    'tools': 'recon = tools.Reconstruct(InputImages)\nshow(recon.render_bev())',
    'Fourier': 'print(np.fft.fft(np.ones(64))[0], scipy.fft.dct(np.ones(8))[0])',
    'PDF and SVG': 'import io\nfor kind in ("pdf", "svg"):\n    plt.plot([1])\n'
                   '    plt.savefig(io.BytesIO(), format=kind)',
    'contours': 'plt.contourf(np.random.rand(9, 9))\nplt.show()',
    'packages that are not for cells': 'try:\n    import lxml\nexcept ImportError: print("none")',
    'a pool of threads': 'from concurrent.futures import ThreadPoolExecutor\n'
                         'with ThreadPoolExecutor(8) as pool: print(sum(pool.map(abs, range(99))))',
    'OpenCV with threads': 'import cv2\ncv2.setNumThreads(4)\n'
                           'print(cv2.resize(np.zeros((999, 999, 3), np.uint8), (99, 99)).sum())',
    'an own alarm': 'import signal\nsignal.alarm(100)\nsignal.alarm(0)',
    'a signal to itself': 'import os, signal\nsignal.signal(signal.SIGUSR1, lambda *_: print(1))\n'
                          'os.kill(os.getpid(), signal.SIGUSR1)',
    'test helpers': 'np.testing.assert_allclose([1.0], [1.0])',
}

needs_sandbox = pytest.mark.skipif(
    not (landlock.abi() and seccomp.available()), reason='this Linux has no Landlock or seccomp')


@pytest.fixture(scope='module')
def target(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, socket.socket]:
    """A file that cells must not touch, and a port that they must not reach."""
    folder = tmp_path_factory.mktemp('outside')
    (folder / 'secret').write_text('the secret')
    server = socket.create_server(('127.0.0.1', 0))
    server.settimeout(0.0)
    yield folder, server
    server.close()


@needs_sandbox
@pytest.mark.parametrize('name', ACTS)
def test_acts_fail(
    ungated: KernelSession, target: tuple[Path, socket.socket], name: str,
) -> None:
    import os
    folder, server = target
    ungated.run(f'HOST = {os.getpid()}\nSECRET = {str(folder / "secret")!r}\n'
                f'PORT = {server.getsockname()[1]}')
    result = ungated.run(ACTS[name])
    assert result.error is not None, f'{name} succeeded: {result.stdout}'
    assert 'root:' not in result.stdout
    assert [path.name for path in folder.iterdir()] == ['secret']
    assert (folder / 'secret').read_text() == 'the secret'
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize('name', HARMLESS)
def test_libraries_work(ungated: KernelSession, name: str) -> None:
    result = ungated.run(HARMLESS[name])
    assert result.error is None, result.error
    assert not result.restarted


def test_speed_is_told(
    kernel: Kernel, observation_of, host, capsys: pytest.CaptureFixture[str],
) -> None:
    """No figure is asserted: other programs share the machine."""
    frames = observation_of(32, 576, 768)
    opens, cells = [], []
    for _ in range(5):
        began_s = time.perf_counter()
        session = kernel.open(frames, host)
        opens.append(time.perf_counter() - began_s)
        session.run('x = 0')
        for _ in range(40):
            began_s = time.perf_counter()
            session.run('x += 1')
            cells.append(time.perf_counter() - began_s)
        session.close()
    with capsys.disabled():
        print(f'\nsession with 32 frames of 768x576 and depth: first {1e3 * opens[0]:.0f} ms, '
              f'then {1e3 * sorted(opens)[2]:.0f} ms; '
              f'trivial cell: {1e3 * sorted(cells)[len(cells) // 2]:.2f} ms')
