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


"""What can't work is refused, with the line it stands in and what to use instead."""

from __future__ import annotations

import pytest

from spatialclaw_ros.kernel import gate
from spatialclaw_ros.workspace.cell import CellError

# code, words of the advice, line
REFUSED = {
    'os': ('import os', ('`os` can not be imported', 'without the operating system'), 1),
    'os.path': ('x = 1\nimport os.path as p', ('`os`',), 2),
    'from os': ('from os import system', ('`os`',), 1),
    'from os star': ('from os import *', ('`os`',), 1),
    'among others': ('import numpy, subprocess', ('`subprocess`',), 1),
    'socket': ('import socket', ('network', 'vlm'), 1),
    'requests': ('def f():\n    import requests', ('network',), 2),
    'urllib': ('import urllib.request', ('network',), 1),
    'urllib from': ('from urllib import request', ('`urllib.request`',), 1),
    'ctypes': ('from ctypes import *', ('`ctypes`',), 1),
    'pathlib': ('from pathlib import Path', ('no files', 'InputImages'), 1),
    'threading': ('import threading', ('vectorise', 'one thread'), 1),
    'futures': ('from concurrent.futures import ThreadPoolExecutor', ('vectorise',), 1),
    'multiprocessing': ('from multiprocessing import Pool', ('vectorise',), 1),
    'asyncio': ('import asyncio', ('one thread',), 1),
    'pickle': ('import pickle', ('variables stay from cell to cell',), 1),
    'importlib': ('import importlib.util', ('`importlib`', 'in scope'), 1),
    'scipy.io': ('import scipy.io', ('`scipy.io`',), 1),
    'from scipy import io': ('from scipy import io', ('`scipy.io`',), 1),
    'scipy.io as it is': ('scipy.io.loadmat("a.mat")', ('`scipy.io`', 'no files'), 1),
    'torch': ('import torch', ('tools.SAM3', 'weights'), 1),
    'rclpy': ('import rclpy', ('tools.TF.lookup',), 1),
    'own package': ('import spatialclaw_ros', ('under `tools`',), 1),
    'relative': ('from . import x', ('dots',), 1),
    're-exported': ('np.os.listdir(".")', ('`np.os`', 'operating system'), 1),
    're-exported deeper': ('import matplotlib as m\nm.cbook.subprocess', ('`m.cbook.subproc',), 2),
    'open': ('with open("a.txt") as f:\n    pass', ('no files', 'InputImages'), 1),
    'open as value': ('f = open', ('no files',), 1),
    'open in full width': ('\uff4f\uff50\uff45\uff4e("a")', ('`open`',), 1),
    'exec': ('exec("x = 1")', ('statements into the cell',), 1),
    'eval': ('y = eval("1")', ('expression into the cell', 'json.loads'), 1),
    'compile': ('compile("1", "", "eval")', ('re.compile',), 1),
    'dunder import': ('__import__("os")', ('import statement',), 1),
    'builtins name': ('__builtins__["open"]', ('by their own names',), 1),
    'builtins key': ('globals()["__builtins__"]', ('interpreter',), 1),
    'input': ('x = input("?")', ('nobody can type', 'vlm'), 1),
    'stdin': ('import sys\nsys.stdin.readline()', ('nobody can type',), 2),
    'exit': ('exit()', ('ReturnAnswer',), 1),
    'sys.exit': ('import sys\nsys.exit(0)', ('ReturnAnswer',), 2),
    'breakpoint': ('breakpoint()', ('print',), 1),
    'modules': ('import sys\nsys.modules["os"]', ('sys.modules', 'in scope'), 2),
    'frames by sys': ('import sys\nf = sys._getframe()', ('sys._getframe',), 2),
    'subclasses': ('().__class__.__base__.__subclasses__()', ('`.__subclasses__`',), 1),
    'globals chain': ('f.__globals__["x"]', ('interpreter', 'own methods'), 1),
    'getattr chain': ('getattr(f, "__globals__")', ('interpreter',), 1),
    'frame': ('e.__traceback__.tb_frame.f_globals', ('`.tb_frame`', '`.f_globals`'), 1),
    'fromfile': ('import numpy\nnumpy.fromfile("/etc/passwd")', ('keep arrays in variables',), 2),
    'np.fromfile': ('np.fromfile(path)', ('variables',), 1),
    'np.save': ('np.save("a.npy", x)', ('`numpy.save` of a path', 'variables'), 1),
    'np.save by keyword': ('np.save(file="a.npy", arr=x)', ('variables',), 1),
    'np.load of f-string': ('np.load(f"{name}.npy")', ('variables',), 1),
    'imported np.load': ('from numpy import load\nload("a.npy")', ('`numpy.load`',), 2),
    'imread': ('import cv2\ncv2.imread(path)', ('InputImages',), 2),
    'windows': ('import cv2\ncv2.imshow("a", x)\ncv2.waitKey(0)', ('show(image)', 'line 3'), 2),
    'Image.open': ('from PIL import Image\nImage.open("a.png")', ('InputImages', '.array'), 2),
    'savefig': ('plt.savefig("a.png")', ('plt.show',), 1),
    'figure savefig': ('fig.savefig(f"{name}.png")', ('plt.show',), 1),
    'image save': ('img.save("out/" + name)', ('show(image)',), 1),
    'tofile': ('x.tofile("a.bin")', ('variables',), 1),
    'io.open': ('import io\nio.open("x")', ('BytesIO',), 2),
    'alias': ('import numpy as q\nq.memmap("x")', ('`numpy.memmap`',), 2),
    'in a function': ('def f():\n    g = 1\n    return open(g)', ('no files',), 3),
    'in an f-string': ('print(f"{open(1)}")', ('no files',), 1),
    'in a default': ('def f(x=open("a")): ...', ('no files',), 1),
    'in a decorator': ('@eval("f")\ndef g(): ...', ('expression into the cell',), 1),
}

UNREADABLE = {
    'syntax': ('x = 1\ny = = 2', 2, 'invalid syntax'),
    'indent': ('if x:\nprint(1)', 2, 'expected an indented block'),
    'quote': ('print("a', 1, 'unterminated'),
    'nul': ('x = 1\0', None, 'null bytes'),
    'surrogate': ('x = "\ud800"', None, 'surrogates'),
    'prose': ('The cup is 0.4 m away.', 1, 'invalid syntax'),
    'fences': ('```python\nx = 1\n```', 1, 'without fences'),
    'magic': ('x = 1\n%matplotlib inline', 2, 'notebook commands'),
    'shell': ('!pip install open3d', 1, 'notebook commands'),
}


def refused(code: str) -> CellError:
    """Return what the gate says."""
    fault = gate.check(code)
    assert fault is not None
    return fault


@pytest.mark.parametrize('name', REFUSED)
def test_what_cannot_work_is_refused_with_advice(name: str) -> None:
    code, words, line = REFUSED[name]
    fault = refused(code)
    assert fault.kind == 'GateError'
    for word in words:
        assert word in fault.message
    assert fault.message.endswith('The cell was not run.')
    assert fault.line == line
    assert fault.traceback == f'line {line}: {code.splitlines()[line - 1].strip()}'


@pytest.mark.parametrize('name', UNREADABLE)
def test_syntax_errors_name_the_line(name: str) -> None:
    code, line, words = UNREADABLE[name]
    fault = refused(code)
    assert fault.kind == 'SyntaxError'
    assert words in fault.message
    if line is not None:
        assert fault.line == line


def test_several_faults_are_named_together() -> None:
    message = refused('import os\nimport socket\nopen("x")').message
    assert [f'line {line}: ' in message for line in (1, 2, 3)] == [True] * 3
    assert message.index('line 1') < message.index('line 2') < message.index('line 3')


def test_many_faults_are_cut_short() -> None:
    message = refused('\n'.join(f'open({i})' for i in range(500))).message
    assert message.count('line ') == 5
    assert len(message) < 1000


def test_a_long_line_is_cut_short() -> None:
    assert len(refused('x = "' + 'a' * 5000 + '"; open("b")').traceback) < 250
