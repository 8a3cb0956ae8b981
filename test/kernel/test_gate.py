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


"""The gate lets ordinary cells through, whatever words, names and methods stand in them."""

from __future__ import annotations

import sys

import pytest

from spatialclaw_ros.kernel import gate

# pytest puts aside the filter that the gate sets when it is imported
pytestmark = pytest.mark.filterwarnings('ignore::SyntaxWarning', 'ignore::DeprecationWarning')

WORDS_ONLY = {
    'comment': '# open(x) and exec(y) and import os\nx = 1',
    'string': 'print("open(path), eval(1), __import__(os), __globals__")',
    'docstring': 'def f():\n    """Uses open() and os.system()."""\n    return 1',
    'triple string': 'text = """\nimport os\nopen("a")\n"""\nprint(text)',
    'bytes': 'b"import os; exec(1)"',
    'f-string': 'print(f"open({x}) {y!r:>10} {{eval}}")',
    'raw string': 'import re\nre.findall(r"open\\((.*)\\)", text)',
    'dictionary keys': 'd = {"open": 1, "eval": 2, "input": 3}\nprint(d["open"], d["input"])',
    'keyword names': 'f(open=3, input=2, file="a", exec=1)',
    'json path': 'json.dumps({"path": "/etc"})',
    'percent format': '"%s eval(%d)" % (name, 3)',
    'format': '"{:.3f} {name}".format(1.0, name="x")',
    'escape': 'print("\\d and \\w")',
}

METHODS = {
    'read': 'class B:\n    def read(self, n): return n\narr = B()\narr.read(3)',
    'read of anything': 'arr.read(3)',
    're.compile': 'import re\np = re.compile("a+")\np.match("aa")',
    're star': 'from re import *\np = compile("a+")',
    're compile itself': 'from re import compile\np = compile("a+")',
    'BytesIO': 'import io\nb = io.BytesIO()\nb.write(b"1")\nb.seek(0)\nb.read()',
    'StringIO lines': 'import io\nfor line in io.StringIO("a\\nb"):\n    print(line)',
    'BytesIO with': 'import io\nwith io.BytesIO() as f:\n    np.save(f, x)\n    f.getvalue()',
    'df.eval': 'df.eval("a + b")',
    'model.eval': 'model.eval()',
    'code and others': 'x.code; x.exec(); x.system("a"); x.open("a"); x.compile(); x.input()',
    'savefig to buffer': 'import io\nb = io.BytesIO()\nplt.savefig(b, format="png")',
    'savefig by keyword': 'fig.savefig(fname=buffer, dpi=80)',
    'image to buffer': 'import io\nb = io.BytesIO()\nimg.save(b, "PNG")',
    'image from buffer': 'from PIL import Image\nImage.open(io.BytesIO(data))',
    'np.load of buffer': 'np.load(io.BytesIO(data))',
    'np.loadtxt of buffer': 'np.loadtxt(io.StringIO("1 2\\n3 4"))',
    'np.loadtxt of list': 'np.loadtxt(["1 2", "3 4"])',
    'np.genfromtxt': 'np.genfromtxt(text.splitlines(), delimiter=",")',
    'np.frombuffer': 'np.frombuffer(b"1234", np.uint8)',
    'np.select': 'np.select([a > 1, a < 0], [a, -a])',
    'imdecode': 'import cv2\ncv2.imdecode(data, 1)',
    'save of own': 'results.save(mask)',
    'save by name': 'results.save("the mug", mask)',
    'own save method': 'class R:\n    def save(self, path): self.path = path\nR().save("a/b.png")',
    'json.load of buffer': 'import json\njson.load(io.StringIO("[1]"))',
    'scipy.signal': 'scipy.signal.find_peaks(x)',
    'from scipy import signal': 'from scipy import signal, ndimage\nsignal.medfilt(x)',
    'select of own': 'menu.select("a"); node.os; camera.platform; arr.ctypes',
    'gzip in memory': 'import gzip\ngzip.decompress(gzip.compress(b"1"))',
    'path-like words': 'import posixpath\nposixpath.join("a", "b")',
}

NAMES = {
    'input variable': 'input = InputImages[0]\nprint(input.width)',
    'input as argument': 'def f(input):\n    return input(3)',
    'input in lambda': 'g = lambda input: input(2)',
    'input in loop': 'for input in inputs:\n    input()',
    'input in comprehension': '[input() for input in inputs]',
    'own open': 'def open(a): return a\nopen(1)',
    'own class': 'class open:\n    pass\nopen()',
    'open as except': 'try:\n    pass\nexcept ValueError as open:\n    print(open)',
    'open by with': 'with door as open:\n    print(open)',
    'open by walrus': 'if (open := gap > 3):\n    print(open)',
    'open by match': 'match x:\n    case [open, *eval]:\n        print(open, eval)',
    'open by mapping': 'match x:\n    case {"a": 1, **compile}:\n        print(compile)',
    'open by import': 'from gzip import open\nopen(buffer)',
    'exit as a name': 'exit = points[0]\nprint(exit)',
    'exit not called': 'print(exit)',
    'star': 'from numpy.linalg import *\nnorm(x)',
    'star of math': 'from math import *\nprint(pi, sqrt(2))',
    'frame attribute of own': 'class C:\n    f_back: float = 1.0\nc = C()\nprint(c.f_back)',
    'frame attribute set': 'self.f_code = 3\nprint(self.f_code)',
    'io as a variable': 'io = 3\nprint(io + 1)',
    'np as argument': 'def f(np): return np.fromfile(3)',
}

LANGUAGE = {
    'empty': '', 'only a comment': '# nothing', 'newlines': '\n\n\n',
    'carriage returns': 'x = 1\r\ny = 2\r\nprint(x)\r\n', 'form feed': 'x = 1\n\x0cy = 2',
    'no newline': 'x = 1', 'semicolons': 'a = 1; b = 2; print(a)',
    'unicode': 'größe = 1.0\nprint(f"größe {größe} 物体 α")',
    'class': 'class A:\n    def __init__(self):\n        super().__init__()\n'
             '    def __repr__(self): return "A"',
    'getattribute': 'class A:\n    def __getattribute__(self, n):\n'
                    '        return super().__getattribute__(n)',
    'slots': 'class A:\n    __slots__ = ("x",)\n    def __setattr__(self, n, v): ...',
    'class name': 'print(x.__class__.__name__, type(x).__name__, x.__dict__, f.__doc__)',
    'self class': 'class A:\n    def copy(self):\n        return self.__class__(self.x)',
    'doc': 'print(f.__doc__, tools.SAM3.__doc__, np.__version__, f.__module__, f.__qualname__)',
    'mro': 'print([c.__name__ for c in type(recon).__mro__], type(x).__bases__)',
    'signature': 'import inspect\nprint(inspect.signature(tools.SAM3.segment_image_by_text))',
    'code of': 'print(f.__code__.co_varnames, f.__defaults__, f.__annotations__)',
    'method self': 'print(images.index.__self__)',
    'getattr': 'getattr(recon, "points", None); hasattr(x, "__len__"); setattr(x, "a", 1)',
    'globals': 'print("recon" in globals(), dir(), vars(), locals())',
    'globals lookup': 'seg = globals().get("seg")\nif "recon" not in globals():\n    recon = 1',
    'main guard': 'if __name__ == "__main__":\n    print(1)',
    'dataclass': 'from dataclasses import dataclass, field\n@dataclass(frozen=True)\nclass P:\n'
                 '    x: float = 0.0\n    y: list = field(default_factory=list)',
    'enum': 'from enum import Enum\nclass Side(Enum):\n    LEFT = 1',
    'named tuple': 'P = collections.namedtuple("P", "x y")\nprint(P(1, 2)._asdict())',
    'typing': 'from __future__ import annotations\nfrom typing import Any, Optional',
    'type hints': 'def f(x: np.ndarray, *args: int, **kw: str) -> dict[str, float]: ...',
    'annotated': 'x: list[int] = []\ny: "np.ndarray | None" = None',
    'walrus': 'if (n := len(x)) > 3:\n    print(n)',
    'match': 'match kind:\n    case "mug" | "cup":\n        y = 1\n    case {"a": a, **rest}:\n'
             '        y = a\n    case [x, *_] if x > 1:\n        y = 2\n    case Point(x=0):\n'
             '        y = 3\n    case _:\n        y = 0',
    'comprehension': '{f: [m.sum() for m in seg[f] if m.any()] for f in seg.frame_indices}',
    'generator': 'next((f for f in InputImages if f.width > 3), None)',
    'yield': 'def g():\n    got = yield 1\n    yield from range(3)',
    'lambda': 'sorted(boxes, key=lambda b: -b[2])',
    'decorator': 'def twice(f):\n    @functools.wraps(f)\n    def g(*a, **k):\n'
                 '        return f(*a, **k)\n    return g\n@twice\ndef h(): ...',
    'global': 'count = 0\ndef f():\n    global count\n    count += 1',
    'nonlocal': 'def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1',
    'try': 'try:\n    x = 1\nexcept (ValueError, KeyError) as error:\n    print(error)\n'
           'else:\n    pass\nfinally:\n    pass',
    'raise from': 'try:\n    f()\nexcept KeyError as e:\n    raise ValueError("no") from e',
    'traceback': 'import traceback\ntry:\n    f()\nexcept Exception:\n    traceback.print_exc()',
    'with': 'with np.errstate(all="ignore"), np.printoptions(precision=3):\n    y = 1 / x',
    'while True': 'while True:\n    break\nelse:\n    pass',
    'async': 'async def f():\n    async with a as b:\n        await b\n    return 1',
    'operators': 'a @ b; a[..., None]; a[:, ::2]; ~m & n | o ^ p; a //= 2; 1 < x <= 3',
    'unpacking': 'first, *rest = xs\nf(*rest, **options)\nd = {**a, "b": 1}\n[*a, *b]',
    'chained': 'x = y = z = 0\na, (b, c) = 1, (2, 3)',
    'ternary': 'near = a if a < b else b',
    'assert': 'assert len(x) == 3, "three points"',
    'del': 'del x, y[0], z.a',
    'numbers': '1_000; 0xff; 1e-3; 3j; 0b11; -0.0; 10**400',
    'sys': 'import sys\nprint(sys.getsizeof(x), sys.version_info, sys.float_info.eps)\n'
           'sys.stdout.flush()\nprint("a", file=sys.stderr)',
    'gc': 'import gc\ndel big\ngc.collect()',
    'warnings': 'import warnings\nwarnings.filterwarnings("ignore")',
    'logging': 'import logging\nlogging.basicConfig(level=logging.INFO)\nlogging.info("a")',
    'urllib.parse': 'from urllib.parse import quote\nquote("a b")',
    'stdlib': 'import collections, itertools, functools, math, json, time, copy, random, string, '
              'statistics, heapq, bisect, operator, textwrap, datetime, decimal, fractions, types, '
              'contextlib, abc, enum, hashlib, base64, struct, zlib, uuid, pprint, csv, timeit',
    'numpy': 'import numpy as np\nfrom numpy.linalg import norm\nnorm(np.ones(3))',
    'scipy': 'from scipy.spatial import KDTree, cKDTree, distance\nfrom scipy import ndimage',
    'scipy.ndimage': 'import scipy.ndimage as ndi\nndi.label(mask)',
    'sklearn': 'from sklearn.cluster import DBSCAN',
    'matplotlib': 'import matplotlib.pyplot as plt\nimport matplotlib.patches as patches',
}

if sys.version_info >= (3, 12):
    LANGUAGE |= {
        'type parameters': 'def first[T](items: list[T]) -> T: return items[0]',
        'type alias': 'type Point = tuple[float, float]',
        'generic class': 'class Box[T]:\n    item: T',
        'quotes in f-string': 'print(f"{", ".join(names)}")'}

AGENTS = {  # as in published trajectories
    'perception': 'seg = tools.SAM3.segment_image_by_text(InputImages[0], "cup")\n'
                  'recon = tools.Reconstruct.Reconstruct(InputImages)\n'
                  'p = seg.get_masked_points(recon, 0, 0)\n'
                  'ReturnAnswer(float(p[:, 2].max()), unit="m")',
    'frames by text': 'for img in InputImages:\n'
                      '    s = tools.SAM3.segment_image_by_text(image=img, prompt="chair")\n'
                      '    print(img.frame_index, s.num_objects, [int(m.sum()) for m in '
                      's[img.frame_index]])\n    show(s.visualize(img.frame_index), "chair")',
    'located by box': 'import re, json\n'
                      'raw = vlm.locate([InputImages[3]], "the red chair, as JSON bbox_2d")\n'
                      'm = re.search(r"\\[.*\\]", raw, re.DOTALL)\n'
                      'box = json.loads(m.group(0))[0]["bbox_2d"] if m else None\n'
                      'x0, y0 = tools.Geometry.normalized_to_pixel(box[:2], InputImages[3])\n'
                      'seg = tools.SAM3.segment_image_by_box(InputImages[3], [x0, y0, 9, 9])',
    'video': 'seg = tools.SAM3.segment_video_by_text(["person", "dog"], prompt_frame_idx=0)\n'
             'for i, label in enumerate(seg.labels):\n    for f in seg.frame_indices:\n'
             '        m = seg.get_mask(f, i)\n        if m is None or m.sum() < 50: continue\n'
             '        print(f"{label} {f}: {tools.Mask.centroid(m)}")',
    'points': 'pts = recon.points[seg]\nconf = recon.points.confidence\n'
              'good = pts[np.isfinite(pts).all(axis=-1)]\nlo, hi = np.percentile(good, [5, 95], 0)',
    'pairs': 'from itertools import combinations\n'
             'd = {(a, b): tools.Geometry.euclidean_distance(c[a], c[b])\n'
             '     for a, b in combinations(c, 2)}\nprint(min(d, key=d.get))',
    'camera path': 'T = recon.extrinsics[f]\nfwd = T[:3, :3] @ np.array([0, 0, 1.0])\n'
                   'yaw = np.degrees(np.arctan2(fwd[1], fwd[0]))',
    'bird\'s eye': 'bev = recon.render_bev(masks=seg, labels=["chair"], ego_trajectory=True)\n'
                   'show(bev, label="bev")',
    'asked': 'a = vlm.ask_with_thinking([InputImages[0]], "Which side is the input door open to?")',
    'index': 'i = recon.frame_indices.index(img.frame_index)\nprint(recon.depth[i].shape)',
    'plot': 'fig, ax = plt.subplots(1, 2, figsize=(8, 4))\nax[0].imshow(img)\n'
            'ax[1].plot(t, z, "o-")\nax[1].set_title("depth")\nplt.tight_layout()\nplt.show()',
    'sorted by score': 'best = max(range(seg.num_objects), key=lambda i: seg.scores[0][i])',
    'answer': 'ReturnAnswer("B")',
    'refusal': 'ReturnAnswer(None, reason="the mug is hidden in all frames")',
    'sanity check': 'try:\n    d = float(np.linalg.norm(a - b))\nexcept Exception as e:\n'
                    '    print("failed:", e)\nelse:\n    print(f"{d:.2f} m")',
    'fallback': 'if "seg" not in globals() or seg.num_objects == 0:\n    print("none")',
}

ORDINARY = {
    f'{kind}: {name}': code for kind, cells in (
        ('words', WORDS_ONLY), ('methods', METHODS), ('names', NAMES), ('language', LANGUAGE),
        ('agents', AGENTS)) for name, code in cells.items()}

LATER = {  # what cells before have bound is known in the last
    'function': ('def help(): return 1', 'help()'),
    'builtin function': ('def input(prompt): return prompt', 'input("a")'),
    'class': ('class open:\n    pass', 'x = open()'),
    'import': ('from re import compile', 'p = compile("a+")'),
    'import as': ('import gzip as open', 'open.compress(b"1")'),
    'star': ('from re import *', 'compile("a")'),
    'method': ('class R:\n    def save(self, path): ...', 'R().save("a/b.png")'),
    'attribute': ('frame.f_back = 1', 'print(frame.f_back)'),
    'two cells on': ('def exit(): ...', 'x = 1', 'exit()'),
    'module under another name': ('io = Reader()', 'io.open("a")'),
}


def known_after(cells: tuple[str, ...]) -> frozenset[str]:
    """Return what a session knows once cells have run."""
    return frozenset().union(*map(gate.bound, cells))


def test_the_table_is_large() -> None:
    assert len(ORDINARY) > 120


@pytest.mark.parametrize('name', ORDINARY)
def test_ordinary_code_passes(name: str) -> None:
    assert gate.check(ORDINARY[name]) is None


@pytest.mark.parametrize('name', LATER)
def test_what_earlier_cells_bound_is_known(name: str) -> None:
    *before, last = LATER[name]
    assert gate.check(last, known_after(tuple(before))) is None
    for code in before:
        assert gate.check(code) is None


def test_variables_of_earlier_cells_are_known() -> None:
    assert gate.check('open(3)', frozenset({'open'})) is None


@pytest.mark.parametrize(('before', 'code'), [
    ('import numpy as np', 'np.fromfile("a")'),
    ('import io', 'io.open("a")'),
    ('x = 1', 'open("a")'),
    ('print(open)', 'open("a")'),
])
def test_usual_names_keep_their_meaning(before: str, code: str) -> None:
    assert gate.check(code, gate.bound(before)) is not None
