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


"""Ordinary cells, as models write them: none may be refused by the gate or hindered by the sandbox.

Many look like what escapes look like: `open(` in a string, `.read(`, `compile`, `eval`, a variable
called `input`, a figure saved to a buffer.
"""

from __future__ import annotations

HARMLESS = {
    'words of files in strings and comments': '''
# open("notes.txt").read() would be nice; os.system is not needed
text = 'please open(the door) and import os, then eval(this)'
print(len(text), "__class__" in text, """exec('x')""")
''',
    'read from a buffer': '''
import io
arr = io.BytesIO(b'abcdef')
print(arr.read(3), io.StringIO('a\\nb').readlines())
''',
    'compiled patterns': '''
import re
pattern = re.compile(r'(?P<value>[-+]?\\d+\\.\\d+)\\s*m')
print([float(m['value']) for m in pattern.finditer('0.25 m and -1.50m')], pattern.sub('x', '1.0 m'))
''',
    'names of builtins as variables': '''
input = np.arange(6).reshape(2, 3)
id, type_, max_, filter_, open_ = 1, 2, 3, 4, 5
output = input.sum()
print(output, input.max(axis=0))
del input
''',
    'methods called eval, open, system and connect': '''
class Frame:
    def eval(self, text): return len(text)
    def open(self): return 'opened'
    def system(self): return 'metric'
    def connect(self, other): return (self, other)
df = Frame()
print(df.eval('a + b'), df.open(), df.system(), len(df.connect(1)))
''',
    'figure to a buffer': '''
import io
buffer = io.BytesIO()
plt.figure(figsize=(2, 2))
plt.plot([1, 2, 3])
plt.savefig(buffer, format='png')
print(buffer.getvalue()[:4])
''',
    'figure shown': '''
fig, ax = plt.subplots(figsize=(3, 2))
ax.imshow(InputImages[0].array)
ax.set_title(r'depth $z$ [m]', weight='bold')
ax.text(0, 0, 'label', family='monospace', style='italic')
plt.tight_layout()
plt.show()
''',
    '3D scatter': '''
fig = plt.figure(figsize=(3, 3))
ax = fig.add_subplot(projection='3d')
ax.scatter(*np.random.rand(3, 50))
plt.show()
''',
    'colour maps and bars': '''
fig, ax = plt.subplots()
mesh = ax.pcolormesh(np.random.rand(4, 4), cmap='viridis')
fig.colorbar(mesh, ax=ax, label='m')
ax.hist(np.random.randn(100), bins=10)
plt.close(fig)
''',
    'linear algebra': '''
a = np.random.rand(60, 60)
u, s, vt = np.linalg.svd(a)
print(np.allclose(u * s @ vt, a), np.linalg.cond(a) > 1, np.linalg.inv(np.eye(3)).trace())
''',
    'large matrices': 'big = np.ones((1200, 1200)) @ np.ones((1200, 1200))\nprint(big[0, 0])',
    'least squares and interpolation': '''
x = np.linspace(0, 1, 20)
slope, offset = np.polyfit(x, 3 * x + 1, 1)
from scipy.interpolate import interp1d, griddata
print(round(slope, 6), interp1d(x, x ** 2)(0.5), np.interp(0.3, x, x))
''',
    'nearest neighbours': '''
from scipy.spatial import cKDTree, KDTree, ConvexHull, distance
points = np.random.rand(500, 3)
print(cKDTree(points).query(np.zeros((4, 3)), k=2)[0].shape, ConvexHull(points).volume > 0)
print(distance.cdist(points[:3], points[:2]).shape)
''',
    'rotations': '''
from scipy.spatial.transform import Rotation as R, Slerp
r = R.from_euler('xyz', [10, 20, 30], degrees=True)
print(r.as_quat(), (r * r.inv()).magnitude())
''',
    'optimisation and statistics': '''
from scipy.optimize import minimize, linear_sum_assignment, curve_fit, least_squares
from scipy import stats, signal, ndimage, linalg
print(minimize(lambda v: (v[0] - 1) ** 2, [0.0]).x, stats.norm.cdf(0.0))
print(linear_sum_assignment(np.eye(3)), signal.medfilt(np.arange(9.0), 3)[4])
''',
    'sparse matrices and integration': '''
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.integrate import quad
print(connected_components(csr_matrix(np.eye(4)))[0], round(quad(math.sin, 0, math.pi)[0], 6))
''',
    'labels of an image': '''
from scipy import ndimage
labels, count = ndimage.label(InputImages[0].array[..., 0] > 128)
print(count, ndimage.center_of_mass(labels > 0), ndimage.binary_erosion(labels > 0).sum())
''',
    'Fourier': 'print(np.abs(np.fft.rfft(np.ones(64)))[:2], scipy.fft.dct(np.ones(8))[0])',
    'masked and structured arrays': '''
m = np.ma.masked_invalid(np.array([1.0, np.nan, 3.0]))
rows = np.array([(1, 2.0), (3, 4.0)], dtype=[('id', int), ('depth', float)])
print(m.mean(), rows['depth'].sum(), np.nanmedian([1, np.nan]), np.einsum('ij,jk', a, a).shape
      if 'a' in globals() else 0)
''',
    'arrays in memory and back': '''
import io
memory = io.BytesIO()
np.save(memory, np.arange(5))
memory.seek(0)
print(np.load(memory), np.frombuffer(b'abcd', np.uint8), np.fromstring('1 2', sep=' '))
print(np.loadtxt(io.StringIO('1 2\\n3 4')))
''',
    'OpenCV': '''
import cv2
image = InputImages[0].array
grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
edges = cv2.Canny(cv2.GaussianBlur(grey, (5, 5), 1.0), 50, 150)
contours, _ = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
count, labels, stats, centroids = cv2.connectedComponentsWithStats(edges)
ok, data = cv2.imencode('.png', image)
print(len(contours) > 0, count > 0, ok, cv2.imdecode(data, cv2.IMREAD_COLOR).shape)
print(cv2.Rodrigues(np.array([0.0, 0.0, 0.1]))[0].shape, cv2.minAreaRect(contours[0]))
''',
    'OpenCV features and flow': '''
import cv2
orb = cv2.ORB_create(nfeatures=200)
keys, descriptors = orb.detectAndCompute(cv2.cvtColor(InputImages[0].array, 7), None)
flow = cv2.calcOpticalFlowFarneback(np.zeros((64, 64), np.uint8), np.ones((64, 64), np.uint8),
                                    None, 0.5, 2, 9, 2, 5, 1.1, 0)
print(len(keys), flow.shape)
''',
    'PIL': '''
from PIL import Image, ImageDraw, ImageFont, ImageFilter, ImageOps
import io
picture = Image.fromarray(InputImages[0].array)
ImageDraw.Draw(picture).text((4, 4), 'mug', fill='red', font=ImageFont.load_default())
small = ImageOps.autocontrast(picture.resize((80, 60)).rotate(5).filter(ImageFilter.BLUR))
buffer = io.BytesIO()
small.save(buffer, format='JPEG')
buffer.seek(0)
print(Image.open(buffer).size)
show(small, label='small')
''',
    'frames as PIL images': '''
frame = InputImages[0]
crop = frame.crop((10, 10, 100, 80))
print(frame.width, frame.height, crop.size, frame.array.mean(), InputImages.frame_indices)
show([frame, crop])
''',
    'dataclasses, enums and types': '''
from dataclasses import dataclass, field, asdict, replace
from enum import Enum, auto
from typing import NamedTuple, Optional
class Side(Enum):
    LEFT = auto()
    RIGHT = auto()
class Point(NamedTuple):
    x: float
    y: float = 0.0
@dataclass(order=True)
class Item:
    depth: float
    name: str = 'mug'
    tags: list = field(default_factory=list)
print(sorted([Item(2.0), Item(1.0)])[0], asdict(replace(Item(1.0), name='cup')), Point(1.0),
      Side.LEFT.name)
''',
    'classes with special methods': '''
class Vector:
    count = 0
    def __init__(self, x, y): self.x, self.y = x, y; type(self).count += 1
    def __add__(self, other): return Vector(self.x + other.x, self.y + other.y)
    def __repr__(self): return f'{self.__class__.__name__}({self.x}, {self.y})'
    def __len__(self): return 2
    def __getitem__(self, key): return (self.x, self.y)[key]
    def __enter__(self): return self
    def __exit__(self, *error): return False
class Unit(Vector):
    def __init__(self): super().__init__(1, 0)
with Unit() as unit:
    print(unit + Vector(1, 2), len(unit), list(unit), Vector.count, __name__)
''',
    'generators, closures and decorators': '''
def counted(function):
    @functools.wraps(function)
    def inner(*args, **options):
        inner.calls += 1
        return function(*args, **options)
    inner.calls = 0
    return inner
@counted
def squares(n):
    yield from (i * i for i in range(n))
@functools.lru_cache(maxsize=None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(list(squares(4)), squares.calls, squares.__name__, fib(40))
''',
    'json, csv and texts': '''
import json, csv, io, textwrap, string
data = json.loads('{"mug": [0.1, 0.2]}')
out = io.StringIO()
csv.writer(out).writerow(['mug', 0.1])
print(json.dumps(data, indent=1), out.getvalue(), textwrap.shorten('a long text here', 10))
print('{:.3f} m {name!r:>8}'.format(0.4126, name='mug'), string.ascii_letters[:3], f'{1e-3:.1e}')
''',
    'collections, itertools, heapq': '''
import heapq, bisect, operator
from collections import Counter, defaultdict, deque, OrderedDict
print(Counter('abca').most_common(1), deque([1, 2], maxlen=1), heapq.nsmallest(2, [3, 1, 2]))
print(list(itertools.combinations(range(3), 2)), functools.reduce(operator.add, [1, 2]))
''',
    'numbers': '''
import math, statistics, fractions, decimal, random, cmath
print(math.hypot(3, 4), statistics.median([1, 3, 2]), fractions.Fraction(1, 3) + 1)
print(decimal.Decimal('0.1') * 3, random.Random(1).random() < 1, cmath.sqrt(-1))
''',
    'time and copies': '''
import time, datetime, copy, uuid, hashlib, base64, zlib
began = time.perf_counter()
time.sleep(0.001)
print(datetime.timedelta(seconds=1.5), time.perf_counter() > began, copy.deepcopy({'a': [1]}))
print(hashlib.sha256(b'x').hexdigest()[:6], base64.b64encode(b'x'), zlib.compress(b'x')[:1])
''',
    'errors caught and told': '''
import traceback, warnings
try:
    np.linalg.inv(np.zeros((2, 2)))
except np.linalg.LinAlgError as error:
    print(type(error).__name__, error)
    traceback.print_exc()
warnings.warn('look at this')
assert True, 'not shown'
''',
    'introspection that models write': '''
print(type(tools).__name__, [name for name in dir(tools) if not name.startswith('_')])
print(hasattr(tools, 'SAM3'), isinstance(InputImages, list), callable(show))
print(getattr(np, 'float64'), vars(np.random.RandomState(0)) if False else '', list(locals())[:1])
print(tools.SAM3.segment_image_by_text.__doc__ is not None, math.sin.__name__)
''',
    'loops over everything': '''
total = 0
for i, frame in enumerate(InputImages):
    if frame.frame_index % 2: continue
    total += int(frame.array[::8, ::8].sum())
else:
    print(total)
while total > 0: total //= 1000
print('\\n'.join(f'line {n}' for n in range(200)))
''',
    'reconstruction': '''
recon = tools.Reconstruct.Reconstruct(InputImages)
f = recon.frame_indices[0]
print(recon.num_frames, recon.metric_scale, recon.scale_source, recon.depth[f].shape)
print(recon.points[f].shape, recon.extrinsics[f].shape, recon.intrinsics[f]['fx'])
print(np.nanmedian(recon.depth[f]), recon.points.confidence[f].mean())
''',
    'segmentation': '''
seg = tools.SAM3.segment_image_by_text(InputImages[0], 'red box')
mask = seg.get_mask(seg.frame_indices[0], 0)
print(seg.labels, seg.scores, mask.sum(), tools.Mask.bounding_box(mask), tools.Mask.area(mask))
show(seg.visualize(seg.frame_indices[0]))
''',
    'video, boxes and points': '''
video = tools.SAM3.segment_video_by_text(['red box', 'blue ball'])
box = tools.SAM3.segment_image_by_box(InputImages[0], [10, 10, 100, 100])
print(video.num_frames, video.num_objects, box.labels,
      tools.SAM3.is_object_exist(InputImages[:2], 'red box'))
''',
    'distances and an answer': '''
a = seg.get_masked_points(recon, seg.frame_indices[0], 0)
b = video.get_masked_points(recon, video.frame_indices[0], 1)
nearest = tools.Geometry.closest_points(a, b)
print(nearest, tools.Geometry.euclidean_distance(a.mean(axis=0), b.mean(axis=0)))
ReturnAnswer(float(np.linalg.norm(a.mean(axis=0) - b.mean(axis=0))), unit='m')
''',
    'views from above': '''
bev = recon.render_bev(masks=video)
show(bev, label='from above')
plane = tools.Geometry.fit_ground_plane_ransac(recon.points[f].reshape(-1, 3))
print(plane)
''',
    'drawing and graphs': '''
picture = tools.Draw.draw_bbox(InputImages[0], [10, 10, 60, 60])
show(tools.Draw.draw_point(picture, [20, 20]))
print(tools.TF.frames(), tools.Time.frame_to_seconds(0), Metadata)
''',
    'threads of a library': '''
from scipy.spatial import cKDTree
print(cKDTree(np.random.rand(2000, 3)).query(np.random.rand(500, 3), workers=2)[0].max() < 2)
''',
}
