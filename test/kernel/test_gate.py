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


"""The gate rejects what can't work, with advice, and nothing that ordinary cells do."""

from __future__ import annotations

import pytest

from spatialclaw_ros.kernel import gate

ALLOWED = {
    'comment': '# open(x) and exec(y) and import os\nx = 1',
    'string': 'print("open(path), eval(1), __import__(os), __globals__")',
    'docstring': 'def f():\n    """Uses open() and os.system()."""\n    return 1',
    'read method': 'class B:\n    def read(self, n): return n\narr = B()\narr.read(3)',
    're.compile': 'import re\np = re.compile("a+")\np.match("aa")',
    'BytesIO': 'import io\nb = io.BytesIO()\nb.write(b"1")',
    'df.eval': 'df.eval("a + b")',
    'model.eval': 'model.eval()',
    'input variable': 'input = InputImages[0]\nprint(input.width)',
    'input as argument': 'def f(input):\n    return input(3)',
    'own open': 'def open(a): return a\nopen(1)',
    'savefig to buffer': 'import io\nb = io.BytesIO()\nplt.savefig(b, format="png")',
    'image to buffer': 'import io\nb = io.BytesIO()\nimg.save(b, "PNG")',
    'image from buffer': 'from PIL import Image\nImage.open(buffer)',
    'np.load of buffer': 'np.load(buffer)',
    'np.frombuffer': 'np.frombuffer(b"1234", np.uint8)',
    'imdecode': 'import cv2\ncv2.imdecode(data, 1)',
    'numpy': 'import numpy as np\nfrom numpy.linalg import norm\nnorm(np.ones(3))',
    'scipy': 'from scipy.spatial import KDTree, cKDTree, distance\nfrom scipy import ndimage',
    'scipy.ndimage': 'import scipy.ndimage as ndi\nndi.label(mask)',
    'sklearn': 'from sklearn.cluster import DBSCAN',
    'matplotlib': 'import matplotlib.pyplot as plt\nimport matplotlib.patches as patches',
    'stdlib': 'import collections, itertools, functools, math, json, time, copy, random',
    'dataclass': 'from dataclasses import dataclass\n@dataclass\nclass P:\n    x: float = 0.0',
    'typing': 'from __future__ import annotations\nfrom typing import Any',
    'warnings': 'import warnings\nwarnings.filterwarnings("ignore")',
    'class': 'class A:\n    def __init__(self):\n        super().__init__()\n'
             '    def __repr__(self): return "A"',
    'class name': 'print(x.__class__.__name__, type(x).__name__, x.__dict__, f.__doc__)',
    'getattr': 'getattr(recon, "points", None)',
    'globals': 'print("recon" in globals(), dir(), vars())',
    'main guard': 'if __name__ == "__main__":\n    print(1)',
    'comprehension': '{f: [m.sum() for m in seg[f]] for f in seg.frame_indices}',
    'lambda': 'sorted(boxes, key=lambda b: -b[2])',
    'walrus': 'if (n := len(x)) > 3:\n    print(n)',
    'try': 'try:\n    x = 1\nexcept ValueError as error:\n    print(error)\nfinally:\n    pass',
    'with': 'with np.errstate(all="ignore"):\n    y = 1 / x',
    'while True': 'while True:\n    break',
    'save of own': 'results.save(mask)',
    'format': '"{:.3f} {name}".format(1.0, name="x")',
    'f-string': 'print(f"{x.shape} {d:.2f} {seg.labels!r}")',
    'tools': 'seg = tools.SAM3.segment_image_by_text(InputImages[0], "cup")\n'
             'recon = tools.Reconstruct.Reconstruct(InputImages)\n'
             'p = seg.get_masked_points(recon, 0, 0)\nReturnAnswer(float(p[:, 2].max()), unit="m")',
    'empty': '',
    'exit as a name': 'exit = points[0]\nprint(exit)',
    'known name': 'open(3)',
    'code attribute': 'x.code; x.exec(); x.system("a"); x.open("a")',
    'matrix operators': 'a @ b; a[..., None]; a[:, ::2]',
    'type hints': 'def f(x: np.ndarray, *args: int, **kw: str) -> dict[str, float]: ...',
    'async': 'async def f():\n    return 1',
    'json path': 'json.dumps({"path": "/etc"})',
}

REJECTED = {
    'os': ('import os', 'os', 1),
    'os.path': ('x = 1\nimport os.path as p', '`os`', 2),
    'from os': ('from os import system', 'os', 1),
    'sys': ('import numpy, sys', 'sys', 1),
    'subprocess': ('import subprocess', 'subprocess', 1),
    'socket': ('import socket', 'network', 1),
    'requests': ('def f():\n    import requests', 'network', 2),
    'ctypes': ('from ctypes import *', 'ctypes', 1),
    'pathlib': ('from pathlib import Path', 'InputImages', 1),
    'threading': ('import threading', 'vectorise', 1),
    'multiprocessing': ('from multiprocessing import Pool', 'vectorise', 1),
    'pickle': ('import pickle', 'variables stay', 1),
    'importlib': ('import importlib.util', 'importlib', 1),
    'scipy.io': ('import scipy.io', 'scipy.io', 1),
    'from scipy import io': ('from scipy import io', 'scipy.io', 1),
    'torch': ('import torch', 'tools.SAM3', 1),
    'rclpy': ('import rclpy', 'tools.TF', 1),
    'own package': ('import spatialclaw_ros', 'tools', 1),
    'relative': ('from . import x', 'dots', 1),
    'open': ('with open("a.txt") as f:\n    pass', 'no files', 1),
    'open as value': ('f = open', 'no files', 1),
    'exec': ('exec("x = 1")', 'cell itself', 1),
    'eval': ('y = eval("1")', 'cell itself', 1),
    'compile': ('compile("1", "", "eval")', 're.compile', 1),
    'dunder import': ('__import__("os")', 'import statement', 1),
    'builtins name': ('__builtins__["open"]', 'builtins', 1),
    'input': ('x = input("?")', 'vlm', 1),
    'exit': ('exit()', 'ReturnAnswer', 1),
    'subclasses': ('().__class__.__base__.__subclasses__()', 'interpreter', 1),
    'globals chain': ('f.__globals__["x"]', 'interpreter', 1),
    'getattr chain': ('getattr(f, "__globals__")', 'interpreter', 1),
    'frame': ('e.__traceback__.tb_frame.f_globals', 'interpreter', 1),
    'fromfile': ('import numpy\nnumpy.fromfile("/etc/passwd")', 'variables', 2),
    'np.fromfile': ('np.fromfile(path)', 'variables', 1),
    'np.save': ('np.save("a.npy", x)', 'variables', 1),
    'imread': ('import cv2\ncv2.imread(path)', 'InputImages', 2),
    'Image.open': ('from PIL import Image\nImage.open("a.png")', 'InputImages', 2),
    'savefig': ('plt.savefig("a.png")', 'plt.show', 1),
    'figure savefig': ('fig.savefig(f"{name}.png")', 'plt.show', 1),
    'image save': ('img.save("out/" + name)', 'show(image)', 1),
    'io.open': ('import io\nio.open("x")', 'BytesIO', 2),
    'alias': ('import numpy as q\nq.memmap("x")', 'numpy.memmap', 2),
}

UNREADABLE = {
    'syntax': ('x = 1\ny = = 2', 2),
    'indent': ('if x:\nprint(1)', 2),
    'quote': ('print("a', 1),
    'nul': ('x = 1\0', None),
    'prose': ('The cup is 0.4 m away.', 1),
}


@pytest.mark.parametrize('name', ALLOWED)
def test_ordinary_code_passes(name: str) -> None:
    known = frozenset({'open'}) if name == 'known name' else frozenset()
    assert gate.check(ALLOWED[name], known) is None


@pytest.mark.parametrize('name', REJECTED)
def test_what_cannot_work_is_rejected_with_advice(name: str) -> None:
    code, words, line = REJECTED[name]
    fault = gate.check(code)
    assert fault is not None
    assert fault.kind == 'GateError'
    assert words in fault.message
    assert fault.line == line


@pytest.mark.parametrize('name', UNREADABLE)
def test_syntax_errors_name_the_line(name: str) -> None:
    code, line = UNREADABLE[name]
    fault = gate.check(code)
    assert fault is not None
    assert fault.kind == 'SyntaxError'
    if line is not None:
        assert fault.line == line


@pytest.mark.parametrize('code', ['(' * 5000, '-' * 90_000 + '1', 'a.' * 40_000 + 'b', '[' * 99_000,
                                  'x' * 100_001, '\ud800', '1+' * 20_000 + '1'])
def test_hostile_source_ends_in_a_fault_or_passes(code: str) -> None:
    fault = gate.check(code)
    assert fault is None or fault.kind in ('SyntaxError', 'GateError')


def test_several_faults_are_named_together() -> None:
    fault = gate.check('import os\nimport sys\nopen("x")')
    assert fault is not None
    assert all(f'line {line}' in fault.message for line in (1, 2, 3))
