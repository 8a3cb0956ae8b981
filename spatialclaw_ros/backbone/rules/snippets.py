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

"""Functions that the cells define for themselves: each a few lines over the cell API.

A snippet that another one calls is named in `_NEEDS`; `join` puts them in order.
"""

from __future__ import annotations

import functools
import re

from spatialclaw_ros.backbone.rules.gaps import GAP
from spatialclaw_ros.backbone.rules.hidden import COVERED, HIDDEN, MIDDLE, SIDES
from spatialclaw_ros.backbone.rules.standing import PLACED, RISING, STANDING
from spatialclaw_ros.backbone.rules.telling import AMOUNTS, TURN, WHERE

SHAPE = '''
def ball_of(points):
    """(centre, radius, spread, doubt) when the points lie on a sphere, else None; least squares.

    Of one side alone, noise takes the more for curvature the less deep that side is: the radius
    comes out short by its share spread^2 / variance along the shallowest way, as slopes do where
    what they go over is noisy. That is added, away from the side that shows, and is the doubt.
    """
    p = np.asarray(points, dtype=float)
    if len(p) < 60 or not recon.is_metric:  # in no known unit anything may be small enough
        return None
    p = p[np.random.default_rng(0).permutation(len(p))[:6000]]
    for _ in range(3):
        A = np.column_stack([2 * p, np.ones(len(p))])
        solution = np.linalg.lstsq(A, (p ** 2).sum(axis=1), rcond=None)[0]
        center = solution[:3]
        radius = float(np.sqrt(max(solution[3] + center @ center, 0)))
        off = np.linalg.norm(p - center, axis=1) - radius
        spread = float(np.sqrt(np.mean(off ** 2)))
        keep = np.abs(off) <= max(2.5 * spread, 0.002)
        if keep.all():
            break
        p = p[keep]
    deep, ways = np.linalg.eigh(np.cov(p.T))
    short = radius * min(0.5, spread ** 2 / max(deep[0], 1e-9))
    inward = ways[:, 0] * (1 if ways[:, 0] @ (center - p.mean(axis=0)) > 0 else -1)
    reach = float((np.percentile(p, 99, axis=0) - np.percentile(p, 1, axis=0)).max())
    center, radius = center + short * inward, radius + short
    round_enough = spread < 0.002 + 0.025 * radius and 1.4 * radius < reach < 2.2 * radius
    return (center, radius, spread, short) if round_enough and 0.008 < radius < 0.5 else None


def box_of(points):
    """Upright box round the points; a ball's box when they lie on a ball."""
    ball = ball_of(points)
    if ball is None:
        box = tools.Geometry.oriented_box(points)
        return np.asarray(box.center), np.asarray(box.size)
    return ball[0], np.full(3, 2 * ball[1])


def width_of_disc(points, pixel_m=0.0):
    """Diameter of something round seen from above, from the area of its outline.

    The outline goes through the middles of pixels: half a pixel is missing on each side.
    """
    ball = ball_of(points)
    if ball is not None:
        return 2 * ball[1]
    p = np.asarray(points, dtype=float)
    apart = scipy.spatial.cKDTree(p).query(p, k=min(9, len(p)))[0][:, -1]
    hull = scipy.spatial.ConvexHull(p[apart <= 4 * np.median(apart), :2])
    return pixel_m + 2 * float(np.sqrt(hull.volume / np.pi))  # in a plane, `volume` is the area


def noise(points):
    """Standard deviation of one point in metres, from the sensor; NaN when unknown.

    A single point is a place, such as a TF frame, and exact.
    """
    if len(points) == 1:
        return 0.0
    sigma = getattr(points, 'sigma', None)
    return float(np.median(sigma)) if sigma is not None and len(sigma) else float('nan')


def shared(points):
    """Standard deviation of what all points of a camera are off together, 0 when unknown."""
    sigma = getattr(points, 'shared_sigma', None)
    return float(np.median(sigma)) if sigma is not None and len(sigma) else 0.0


def stretch(p):
    """Share by which a camera's constant error makes lengths too long or too short; sigma of it.

    An offset of inverse depth that shifts a point by d at depth z makes lengths across the rays
    d / z longer, and along them 2 d / z: 1.5 d / z where it is not known how they lie.
    """
    depth = getattr(p, 'depth_m', None)
    return shared(p) / float(np.median(depth)) if depth is not None and len(p) else 0.0
'''

VIEWS = '''
def trimmed(points, part):
    """Points of the top or the bottom of a thing, or all of them."""
    z = points[:, 2]
    if part == 'top':
        return points[z > np.percentile(z, 98) - 0.01]
    return points[z < np.percentile(z, 2) + 0.01] if part == 'bottom' else points


def all_points(thing):
    """Points of a thing from all frames; a place as it is."""
    return trimmed(thing['points'], thing.get('part')) if isinstance(thing, dict) else thing


def blind(thing):
    """Whether nothing tells how far off a thing's depth is, as of a model's own guess."""
    return isinstance(thing, dict) and not np.isfinite(noise(all_points(thing)))


def views(thing):
    """Points of a thing by frame, its best views: whole in the image where there are such."""
    if not isinstance(thing, dict):
        return {None: thing}
    out = {}
    for f in (thing['whole'] or thing['frames'])[:4]:
        p = thing['seg'].get_masked_points(recon, f, thing['k'], steady=True)
        if len(p) >= 50:
            out[f] = trimmed(p[::1 + len(p) // 20000], thing.get('part'))
    return out


def drift(thing):
    """How far a thing's centre wanders over its views in metres: errors of poses, or motion."""
    if not isinstance(thing, dict):
        return 0.0
    if 'drift' not in thing:
        centers = [box_of(p)[0] for p in views(thing).values()]
        wander = float(np.linalg.norm(np.std(centers, axis=0))) if len(centers) > 1 else 0.0
        thing['drift'] = float(np.hypot(wander, thing.get('apart', 0.0)))
    return thing['drift']


def offset(things):
    """Sigma of what a camera is off as a whole: it counts from a thing to a place, such as a frame.

    Between two things that the camera sees it is gone but for a small share of their distance.
    """
    seen = [t for t in things if isinstance(t, dict)]
    return shared(all_points(seen[0])) if len(seen) == 1 < len(things) else 0.0


def alone(f, measure, *clouds):
    """A measure of points of one frame: what others saw of hidden sides does not count."""
    looking[:] = [f]
    found = measure(*clouds)
    looking.clear()
    return found


def over_frames(pairs):
    """(value, sigma) of one length that each frame tells by itself, as (value, sigma).

    What one camera is off by does not become less with its frames; what differs between frames
    does.
    """
    values, sigmas = np.array(pairs, dtype=float).T
    if not np.isfinite(sigmas).all():
        return float(np.median(values)), float('nan')
    weights = 1 / np.maximum(sigmas, 1e-4) ** 2
    value = float((values * weights).sum() / weights.sum())
    spread = float(np.sqrt((weights * (values - value) ** 2).sum() / weights.sum()))
    return value, float(np.hypot(1 / np.sqrt(weights.mean()), spread / np.sqrt(len(values))))


def over_views(measure, *things, afar=True):
    """(value, points, sigma) of a measure: all frames put together, or each of them by itself.

    Where poses are off, what frames have together lies in layers, and things are nearer and larger
    by as much as poses are off. Frames that show all things each tell it without that; what such a
    frame did not see is in its sigma. By what both ways differ beyond that, the first one is off.
    The surer of both holds. The points are of where the value is from: of frames that tell it each
    by itself, those of the frame that is nearest to it.

    Where frames disagree and none shows all things, or no sigma tells which way is the surer, the
    middle value of single views is taken, and the spread of the values is part of sigma. What a
    camera is off as a whole is so from `afar`, to a place; else the caller counts it.
    """
    far = offset(things) if afar else 0.0
    wander = float(np.linalg.norm([drift(t) for t in things]))
    by_frame = [views(t) for t in things]
    same = set.intersection(*[set(v) for v in by_frame if None not in v]) if any(
        None not in v for v in by_frame) else set()
    value, points, sigma = measure(*[all_points(t) for t in things])
    if not same:
        sigma = float(np.hypot(sigma, wander))
    elif wander > 0.002 and np.isfinite(sigma):
        single = [alone(f, measure, *[v.get(f, v.get(None)) for v in by_frame])
                  for f in sorted(same)]
        told, off = over_frames([(each[0], each[2]) for each in single])
        sigma = float(np.hypot(sigma, np.sqrt(max(0.0, (value - told) ** 2 - off ** 2))))
        if off < sigma:
            print(f'each of {len(single)} frames by itself, as they differ by {wander:.3f} m')
            value, sigma = told, off
            points = min(single, key=lambda each: abs(each[0] - told))[1]
    if wander < 0.012 or (same and np.isfinite(sigma)):
        return value, points, float(np.hypot(sigma, far))
    sets = [[v[f] for v in by_frame] for f in sorted(same)] or list(
        itertools.product(*[v.values() for v in by_frame]))
    results = sorted((measure(*clouds) for clouds in sets), key=lambda r: r[0])
    value, points, sigma = results[len(results) // 2]
    spread = float(np.std([r[0] for r in results]))
    print(f'frames disagree by {wander:.3f} m: the middle of {len(results)} single views')
    return value, points, float(np.linalg.norm([sigma, spread, far]))


def center_of(thing):
    """Centre of a thing's box, of all frames together where they agree; a place as it is."""
    if not isinstance(thing, dict):
        return np.asarray(thing)[0]
    if drift(thing) < 0.012:
        return box_of(all_points(thing))[0]
    return np.median([box_of(p)[0] for p in views(thing).values()], axis=0)
'''

LEVEL = '''
def level(points, at=None):
    """(height, sigma, points) of the level surface that most points lie on.

    The height is its plane's where `at` is above it; sigma is NaN where the points' is not known.
    """
    z = np.asarray(points, dtype=float)[:, 2]
    plane = tools.Geometry.fit_ground_plane_ransac(points, threshold_m=0.015)
    on = np.asarray(points)[np.abs(plane.distance(np.asarray(points, dtype=float))) < 0.02]
    height = float(np.median(on[:, 2]))
    if at is not None:  # where poses are off, all that a camera sees is tilted alike
        n, d = plane.normal, plane.offset
        height = float(-(d + n[0] * at[0] + n[1] * at[1]) / n[2])
    sigma = float(on[:, 2].std() / np.sqrt(max(len(on) / 500, 1)))
    return height, sigma if np.isfinite(noise(points)) else float('nan'), on
'''

EDGE = '''
def edge_of(points):
    """Edge of a level top as samples every centimetre, and which of them were really seen.

    The top's outline ends either at its true edge, or where the view ended. It is a true edge
    when some frame looks just past it and sees something lower: the floor, or the board's front.
    """
    p = np.asarray(points, dtype=float)
    plane = tools.Geometry.fit_ground_plane_ransac(p, threshold_m=0.012)
    p = p[np.abs(plane.distance(p)) < 0.015]
    # Cells of one centimetre that hold enough points, the largest connected piece of them.
    cell = 0.01
    low = p[:, :2].min(axis=0) - 2 * cell
    grid, _, _ = np.histogram2d(
        *(np.floor((p[:, :2] - low) / cell).T), bins=[np.arange(n + 3) for n in np.ceil(
            (p[:, :2].max(axis=0) - low) / cell).astype(int)])
    full = grid >= max(2, 0.05 * np.percentile(grid[grid > 0], 90))
    pieces, count = scipy.ndimage.label(scipy.ndimage.binary_closing(full, iterations=2))
    if not count:
        raise ValueError('the top has too few points for an edge')
    largest = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    ij = np.floor((p[:, :2] - low) / cell).astype(int)
    inside = p[(largest & full)[ij[:, 0], ij[:, 1]]]
    hull = inside[scipy.spatial.ConvexHull(inside[:, :2]).vertices]
    middle = hull.mean(axis=0)
    samples = []
    for start, end in zip(hull, np.roll(hull, -1, axis=0)):
        steps = max(1, int(np.linalg.norm(end - start) / cell))
        samples += [start + (end - start) * s / steps for s in range(steps)]
    samples = np.array(samples)
    outward = samples - middle
    outward[:, 2] = 0
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    real = np.zeros(len(samples), dtype=bool)
    beyond = samples + 0.03 * outward
    for f in recon.frame_indices:
        uvd = tools.Geometry.project_point_to_camera(
            beyond, recon.extrinsics[f], recon.intrinsics[f])
        depth = np.asarray(recon.depth[f])
        height, width = depth.shape
        ok = np.isfinite(uvd).all(axis=1) & (uvd[:, 2] > 0)
        ok &= (uvd[:, 0] > 4) & (uvd[:, 0] < width - 5) & (uvd[:, 1] > 4) & (uvd[:, 1] < height - 5)
        u, v = np.rint(uvd[ok, :2]).astype(int).T
        past = depth[v, u] / uvd[ok, 2] - 1
        eye_height = abs(plane.distance(recon.extrinsics[f][:3, 3]))
        real[np.nonzero(ok)[0]] |= (past * uvd[ok, 2] > 0.04) | (past * eye_height > 0.015)
    return samples, real, plane


def edge_gap(points, samples, real, plane):
    """(distance, point, point on the edge, sigma, problem) from a cloud to a seen edge.

    The edge is known to a cell of a centimetre, which has a standard deviation of 3 mm.
    """
    p = np.asarray(points, dtype=float)
    ball = ball_of(points) if len(p) > 1 else None
    resting = np.percentile(plane.distance(p), 5) < 0.06
    flat = lambda q: q - plane.distance(q)[:, None] * np.asarray(plane.normal) if resting else q
    if ball is not None:
        to = np.linalg.norm(flat(samples) - flat(ball[0][None]), axis=1) - ball[1]
        near = np.repeat(ball[0][None], len(samples), axis=0)
    else:
        keep = np.ones(len(p), dtype=bool)
        if len(p) > 50:
            d = scipy.spatial.cKDTree(p).query(p, k=9)[0][:, 1:].mean(axis=1)
            keep = d <= d.mean() + 3 * d.std()
        whole, post = completed(p[keep])
        to, index = scipy.spatial.cKDTree(flat(whole)).query(flat(samples))
        near = whole[index]
    if not real.any():
        return None, None, None, None, 'no part of the edge is in view'
    best = np.nonzero(real)[0][np.argmin(to[real])]
    if (~real).any() and to[~real].min() < to[best] - 0.03:
        return None, None, None, None, (
            'the nearest part of the edge may be out of view: the view of the surface ends '
            f'{to[~real].min():.2f} m away, its nearest seen edge is {to[best]:.2f} m away')
    sigma = float(np.linalg.norm([
        noise(points), 0.003, 0 if ball is None else ball[3]]))
    a, b = near[best], samples[best]
    if ball is None and not post:
        sigma = float(np.hypot(sigma, far_side(points, a, b)))
    if resting:
        a = a - (plane.distance(a[None])[0] - plane.distance(b[None])[0]) * np.asarray(plane.normal)
    return max(0.0, float(to[best])), a, b, sigma, ''
'''

VIEWER = '''
def level_axes(pose, optical):
    """Horizontal forward and left of a viewer: an optical frame looks along z, others along x."""
    forward = pose[:3, 2] if optical else pose[:3, 0]
    if np.hypot(forward[0], forward[1]) < 0.25:
        forward = -pose[:3, 1] if optical else pose[:3, 2]  # looks straight down: the picture's up
    forward = np.array([forward[0], forward[1], 0.0])
    forward /= np.linalg.norm(forward)
    return forward, np.array([-forward[1], forward[0], 0.0])
'''

COLOUR = '''
def colour_of(c):
    """Colour word of an object, from the pixels in the middle of its largest mask."""
    f = c['frames'][0]
    mask = scipy.ndimage.binary_erosion(c['seg'].get_mask(f, c['k']), iterations=2)
    mask = mask if mask.any() else c['seg'].get_mask(f, c['k'])
    r, g, b = np.median(InputImages.at(f).array[mask].astype(float), axis=0) / 255
    top, bottom = max(r, g, b), min(r, g, b)
    if top < 0.18:
        return 'black'
    if top - bottom < 0.18 * top + 0.03:
        return 'white' if top > 0.75 else 'gray'
    hue = {r: ((g - b) / (top - bottom)) % 6, g: (b - r) / (top - bottom) + 2,
           b: (r - g) / (top - bottom) + 4}[top] * 60
    for limit, word in ((18, 'red'), (42, 'orange'), (70, 'yellow'), (165, 'green'),
                        (195, 'cyan'), (255, 'blue'), (320, 'purple'), (345, 'pink')):
        if hue < limit:
            return 'brown' if word == 'orange' and top < 0.6 else word
    return 'red'
'''

_LONG_DOCSTRING = re.compile(r'"""([^\n"]+)\n.*?"""', re.DOTALL)
_TEXT = {
    'shape': SHAPE, 'views': VIEWS, 'hidden': HIDDEN, 'covered': COVERED, 'standing': STANDING,
    'rising': RISING, 'sides': SIDES, 'placed': PLACED, 'middle': MIDDLE, 'gap': GAP,
    'level': LEVEL, 'edge': EDGE, 'viewer': VIEWER, 'colour': COLOUR, 'turn': TURN,
    'amounts': AMOUNTS, 'where': WHERE,
}
_NEEDS = {
    'views': ('shape',), 'level': ('shape',), 'hidden': ('views',), 'edge': ('covered',),
    'covered': ('hidden',), 'standing': ('views',), 'gap': ('covered',),
    'sides': ('covered', 'standing'), 'placed': ('middle',), 'middle': ('covered',),
    'rising': ('standing', 'placed', 'level'),
    'turn': ('middle',), 'amounts': ('turn', 'sides', 'gap'), 'where': ('turn', 'level', 'viewer'),
}


@functools.cache
def join(*names: str) -> str:
    """Snippets by name, with those that they need, in order.

    Of docstrings the first lines are left: a cell has room for so many characters, and says enough.
    """
    wanted, left = set[str](), list(names)
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += _NEEDS.get(name, ())
    texts = [text.strip('\n') + '\n' for name, text in _TEXT.items() if name in wanted]
    return _LONG_DOCSTRING.sub(r'"""\1"""', '\n'.join(texts))
