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

"""Measuring cells of what is one number or one point: distance, position, size, height, count."""

from __future__ import annotations

import textwrap

from spatialclaw_ros.backbone.rules import snippets
from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import (
    Count,
    Distance,
    Exists,
    HeightAbove,
    Position,
    Size,
    Thing,
)
from spatialclaw_ros.backbone.rules.parts import (
    center,
    cloud,
    is_flat,
    item,
    label_of,
    newest,
    pose,
)

_DISC = '''    if size[1] > 0.75 * size[0]:
        size = np.array([*[width_of_disc(p, outline(a) / 2 ** 0.5)] * 2, size[2]])
'''
EXISTS_SCORE = 0.4
"""Least score of a candidate that counts as one; what has the colour but not the shape is below."""
_ONE_FACE = '''if size[1] < size[:2].max() / 2 and not seen_from_above(a, middle[2] + size[2] / 2):
    # one face is seen: nobody knows how deep the thing is behind it
    problem = 'its far side is not seen, so its {} is not known; look from elsewhere'
'''
_AXES = {'': [1, 1, 1], 'h': [1, 1, 0], 'v': [0, 0, 1]}
_SIZE_IN_WORDS = '''
value = f'{size[0]:.3f} m long, {size[1]:.3f} m wide, {size[2]:.3f} m high'
unit, evidence = None, corners_of(all_points(a), middle, size)
'''


def distance(task: Task, intent: Distance) -> str:
    a, b = intent.a, intent.b
    if a.part == 'edge':
        a, b = b, a
    if b.part == 'center':
        a, b = b, a
    if intent.between == 'centers' or (
            a.part == 'center' and b.part != 'edge' and (b.kind != 'object' or intent.axis)):
        span = {'h': 'np.linalg.norm((ca - cb)[:2])', 'v': 'abs(ca[2] - cb[2])'}.get(
            intent.axis, 'np.linalg.norm(ca - cb)')
        return snippets.join('placed') + f'''
{item(a, 'a')}{item(b, 'b')}

def between_centers(a, b):
    """Distance of two box centres."""
    ca, cb = (box_of(p)[0] if len(p) > 1 else p[0] for p in (a, b))
    return float({span}), [ca, cb], 0.0


value, evidence, sigma = over_views(between_centers, a, b, afar=False)
way = (evidence[0] - evidence[1]) * np.array({_AXES[intent.axis]})
sigma, unit = float(np.hypot(sigma, between_doubt(a, b, way))), 'm'
problem = middle_doubt(a)[1] or middle_doubt(b)[1]
'''
    if b.part == 'edge':
        centered = a.part == 'center' and a.kind == 'object'
        middle = 'a = box_of(a)[0][None]\n' if centered else ''
        doubt = '''doubt, why = middle_doubt(thing)
if not problem:
    sigma, problem = float(np.hypot(sigma, doubt)), why
''' if centered else ''
        return snippets.join('edge', *['middle'] * centered) + f'''
{item(a, 'thing')}a = all_points(thing)
{middle}surface = found[{label_of(b)!r}][0]['points']
samples, real, plane = edge_of(surface)
print('edge:', len(samples), 'samples,', int(real.sum()), 'of them seen as a true edge')
value, p, q, sigma, problem = edge_gap(a, samples, real, plane)
if not problem:  # poses that are off put the edge and the thing into layers
    top = found[{label_of(b)!r}][0]
    placed = 0.0 if isinstance(thing, dict) else 0.005  # by TF
    sigma = float(np.linalg.norm([
        sigma, outline(top) / 2 ** 0.5, drawn(value, thing, top), offset((thing, top)), placed,
        drift(thing), lacks(thing), 0 * noise(surface)]))
{doubt}unit, evidence = 'm', None if problem else [p, q]
'''
    if intent.axis == 'v':
        return snippets.join('covered') + f'''
{item(a, 'a')}{item(b, 'b')}

def ends_of(thing):
    """(low and high end, sigma of them): where its views have them, and what a mask may lack."""
    p = all_points(thing)
    ends = np.array([np.percentile(q[:, 2], (1, 99)) for q in [p, *views(thing).values()]])
    return ends[0], [noise(p), ends.std(axis=0).max(), lacks(thing)]


((a_low, a_high), a_off), ((b_low, b_high), b_off) = ends_of(a), ends_of(b)
value = float(max(0.0, a_low - b_high, b_low - a_high))
unit, problem = 'm', ''
sigma = float(np.linalg.norm([0.005, drawn(value, a, b), offset((a, b)), *a_off, *b_off]))
ends = (a_high, b_low) if b_low > a_high else (a_low, b_high)
ends = ends if value else [max(a_low, b_low)] * 2  # at one height, which both of them have
evidence = [[*np.median(all_points(t), axis=0)[:2], z] for t, z in zip((a, b), ends)]
'''
    code = snippets.join('gap', 'middle') + '\n' + item(a, 'a') + item(b, 'b')
    if a.part == 'center':
        code += '''

def gap_from_center(a, b):
    """From the middle of one thing to the nearest point of the other."""
    return gap(box_of(a)[0][None], b)


value, evidence, sigma = over_views(gap_from_center, a, b)
doubt, problem = middle_doubt(a)
unit, sigma = 'm', float(np.linalg.norm([sigma, doubt, drawn(value, a, b)]))
'''
        return code
    if intent.axis == 'h':
        return code + '''

def level_gap(p, q):
    """As `gap`, from above; its points are as high as what shows next to them."""
    value, points, sigma = gap(p, q, lambda t: np.asarray(t, dtype=float) * [1, 1, 0])
    for at, t in zip(points, (np.asarray(p), np.asarray(q))):
        at[2] = t[np.hypot(*(t - at)[:, :2].T).argmin(), 2]
    return value, points, float(np.linalg.norm([0.005, sigma, noise(p), noise(q)]))


value, evidence, sigma = gap_of(a, b, level_gap)
unit, problem = 'm', ''
'''
    return code + '''
value, evidence, sigma = gap_of(a, b)
unit, problem = 'm', ''
'''


def position(task: Task, intent: Position) -> str:
    code = snippets.join('placed', 'viewer') + '\n' + center(intent.a, 'center')
    code += item(intent.a, 'thing') + "unit, evidence = 'm', [center]\n"
    code += "sigma, problem = float('nan') if blind(thing) else 0.005, ''\n" if is_flat(
        intent.a) else (
        'sigma, problem = middle_doubt(thing)\n')
    relative = intent.relative_to
    if relative is None or relative.kind != 'object':
        code += ('sigma = float(np.sqrt(np.trace(own_spread(thing) + placed_spread(thing))))\n'
                 if not is_flat(intent.a) else
                 'sigma = float(np.hypot(sigma, shared(all_points(thing))))\n')
    if relative is None:
        return code + 'value, frame = center, None  # in the world\n'
    if relative.kind == 'frame':
        return code + (
            f"T = tools.TF.lookup({relative.frame!r}, 'world')\n"
            f'value, frame = tools.Geometry.transform_points(center, T), {relative.frame!r}\n')
    if relative.kind == 'camera':
        return code + (
            f'newest = {newest(relative)}\n'
            'T = np.linalg.inv(recon.extrinsics[newest])\n'
            'value = tools.Geometry.transform_points(center, T)\n'
            'frame = InputImages.at(newest).frame_id\n')
    return code + center(relative, 'other') + pose(Thing('camera', kind='camera'), 'pose') + '''
d = center - other
parts = [(float(d @ left), 'to the left', 'to the right'),
         (float(-d @ forward), 'nearer', 'farther'), (float(d[2]), 'up', 'down')]
value = ', '.join(f'{abs(x):.3f} m {plus if x >= 0 else minus}' for x, plus, minus in parts)
value += ' (from the camera\\'s view)'
unit, evidence, frame = None, [center, other], None
'''


def size(task: Task, intent: Size) -> str:
    thing = intent.a
    value = {
        'length': 'size[0]', 'width': 'size[1]', 'height': 'size[2]', 'thickness': 'size.min()',
        'diameter': 'size[0]', 'radius': 'size[0] / 2', 'size': 'size.max()',
    }[intent.dimension]
    off = {
        'height': 'off[2]', 'thickness': 'off[size.argmin()]', 'size': 'off[size.argmax()]',
    }.get(intent.dimension, 'off[0]')
    deep = task.kind == 'text' or intent.dimension in {'width', 'thickness'}
    far = _ONE_FACE.format(intent.dimension) if deep else ''
    upright = intent.dimension == 'height' and task.kind != 'text'
    disc = _DISC if intent.dimension in {'diameter', 'radius'} else ''
    return snippets.join('edge', 'sides', 'middle') + f'''
{item(thing, 'a')}

def corners_of(p, center, size):
    """Corners (8, 3) of a box that is turned as the points are."""
    signs = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
    return center + signs * size @ np.asarray(tools.Geometry.oriented_box(p).rotation).T


def length_of(p):
    """The length asked for, with the corners of the box that it was read from."""
    center, size, off = sides_of(a, p)
{disc}    return float({value}), corners_of(p, center, size), float({off})


value, evidence, sigma = over_views(length_of, a)
middle, size, off = sides_of(a)
if {upright!r} and np.isfinite(tall_of(a)[0]) and ball_of(all_points(a)) is None:
    value, sigma = tall_of(a)[0], off[2]  # frame by frame: how far they disagree is in sigma
    evidence = [middle - [0, 0, value / 2], middle + [0, 0, value / 2]]
unit, problem = 'm', ''
{far}if not a['whole'] and ball_of(a['points']) is None:
    # no frame shows all of it: only a top whose whole edge was seen will do
    real = edge_of(a['points'])[1] if size[:2].max() > 0.3 else np.zeros(1)
    if real.mean() < 0.95:
        problem = CUT_OFF + 'so its size is not known'
''' + (_SIZE_IN_WORDS if task.kind == 'text' else '')


def height(task: Task, intent: HeightAbove) -> str:
    a = intent.a
    code = snippets.join('rising') + '\n'
    clouds = _height_of_clouds(a, intent.surface)
    if not a.kind == intent.surface.kind == 'object' or not (is_flat(a) or a.part == 'top'):
        return code + clouds
    whole = Thing(a.text, '', a.kind, a.frame)
    return code + f'''
{item(whole, 'a')}{item(intent.surface, 'below')}
rise = rise_over(a, below, {is_flat(a)})
apart = placed_spread(a) + placed_spread(below)  # of cameras that see but one of them
if rise:
    (value, sigma, evidence), unit, problem = rise, 'm', ''
else:
{textwrap.indent(clouds, '    ')}
    sigma = float(np.hypot(sigma, np.sqrt(apart[2, 2])))
'''


def _height_of_clouds(a: Thing, surface: Thing) -> str:
    """Code for a height from points of all frames together."""
    code = cloud(
        Thing(a.text, '' if is_flat(a) else a.part, a.kind, a.frame), 'a')
    code += cloud(Thing(surface.text, kind=surface.kind), 'below')
    if a.kind != 'object':
        code += 'high, high_sigma, at = float(a[0, 2]), 0.002, a[0]\n'
    elif is_flat(a):
        code += 'high, high_sigma, top = level(a)\nat = np.median(top, axis=0)\n'
    elif a.part == 'top':
        code += ('high = float(np.percentile(a[:, 2], 75))\n'
                 'high_sigma = float(np.hypot(0.003, noise(a)))\n'
                 'at = np.median(a, axis=0)\n')
    else:
        code += '''ball = ball_of(a)  # the lowest point: of a ball it is known even when hidden
high = float(ball[0][2] - ball[1] if ball else np.percentile(a[:, 2], 1))
high_sigma = float(np.hypot(0.005, noise(a)))
at = np.median(a, axis=0)
'''
    seen = a.kind == 'object'  # what lifts both ends is not in their difference
    return code + f'''
low, low_sigma, ground = level(below, at)
value, unit, problem = high - low, 'm', ''
evidence = [[at[0], at[1], high], [at[0], at[1], low]]
f = found[{label_of(surface)!r}][0]['frames'][0]
lifted = lift(below, f, evidence[1]) - (lift(below, f, evidence[0]) if {seen} else 0.0)
sigma = float(np.linalg.norm([high_sigma, low_sigma, 0.003, lifted]))
'''


def count(task: Task, intent: Count) -> str:
    return f'''
those = [c for c in found[{label_of(intent.a)!r}] if c['score'] >= {EXISTS_SCORE}]
value, unit, sigma, problem = len(those), None, None, ''
evidence = [c['middle'] for c in those if np.isfinite(c['middle']).all()] or None
''' + _AT_ONCE


_AT_ONCE = '''
if recon is None and those:
    shown = max(sum(f in c['frames'] for c in those) for f in InputImages.frame_indices)
    if shown < len(those):
        problem = (f'no picture shows more than {shown} of them, all together show {len(those)}, '
                   'and without depth and TF it is not known which of these are the same')
'''


def exists(task: Task, intent: Exists) -> str:
    return f'''
those = [c for c in found[{label_of(intent.a)!r}] if c['score'] >= {EXISTS_SCORE}]
value, unit, sigma, problem = bool(those), None, None, ''
evidence = [c['middle'] for c in those if np.isfinite(c['middle']).all()] or None
'''
