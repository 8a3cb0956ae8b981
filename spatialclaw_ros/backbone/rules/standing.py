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


"""Functions of the cells that take each frame as TF has it: heights, and where things are.

Heights are from a top down to what is under it, frame by frame.

Where a camera's pose is off by a few milliradians, all that it sees is tilted alike: a height that
both ends of are taken from one frame, along that frame's own slope of what should be level, hardly
feels it, while points of all frames put together lie in a layer as thick as the poses are off.
"""

from __future__ import annotations

STANDING = '''
def steep(p, f):
    """How much of the noise of points, which lies along a frame's rays, is upright."""
    ray = np.median(np.asarray(p), axis=0) - recon.extrinsics[f][:3, 3]
    return float(abs(ray[2]) / max(np.linalg.norm(ray), 1e-6))


def top_in(p, f):
    """(height, sigma) of the top of a thing's points of one frame.

    A level top is a heap of points at one height. Where there is none, a side ends at the top: of
    an end that noise of standard deviation s blurs, evenly filled below, 0.4 s of points are beyond
    it (the mean of the positive half of a normal distribution).
    """
    ball, off = ball_of(p), noise(p) * steep(p, f)
    if ball is not None:
        return float(ball[0][2] + ball[1]), float(np.linalg.norm([0.001, noise(p), ball[3]]))
    z = np.asarray(p, dtype=float)[:, 2]
    low, at = np.percentile(z, (1, 98))
    rise, width = at - low, max(0.004, 1.5 * off)
    for _ in range(20):  # to the heap's middle
        before, at = at, float(np.median(z[np.abs(z - at) < width]))
        if abs(at - before) < 1e-4:
            break
    heap, below = (int((np.abs(z - level) < width).sum()) for level in (at, at - 2.5 * width))
    if heap > max(20, 2 * below):
        return at, float(np.hypot(0.0005, off / 2))
    beyond = min(0.1, max(0.002, 0.4 * off / max(rise, 0.01)))
    return float(np.percentile(z, 100 * (1 - beyond))), float(np.hypot(0.003, off))


def foot_in(thing, f, p):
    """Height in one frame of what a thing stands on, seen round it; NaN where nothing level is.

    The lowest points of a thing are dropped with its outline, and thin legs end before their feet;
    what stands does so on the next level below, at most a tenth of its height.
    """
    mask = thing['seg'].get_mask(f, thing['k'])
    inner = scipy.ndimage.binary_dilation(mask, iterations=3)
    ring = scipy.ndimage.binary_dilation(inner, iterations=8) & ~inner
    z = np.asarray(recon.points[f])[ring][:, 2]
    z = z[np.isfinite(z)]
    low, high = np.percentile(np.asarray(p)[:, 2], (1, 99))
    reach = max(0.02, 2 * noise(p) * steep(p, f))
    for beneath in (reach, max(reach, 0.1 * (high - low))):
        near = z[(z > low - beneath) & (z < low + reach)]
        near = near[np.abs(near - np.median(near)) < reach] if len(near) else near
        if len(near) > max(50, 0.25 * len(z)):
            return float(np.median(near))
    return float('nan')


def lift(p, f, at):
    """By how much a frame's point at a place is too high when its camera is off as a whole; sigma.

    An offset of inverse depth moves a point along its ray by a share that grows with its depth.
    """
    depth = getattr(p, 'depth_m', None)
    eye, look = recon.extrinsics[f][:3, 3], recon.extrinsics[f][:3, 2]
    away = np.asarray(at, dtype=float) - eye
    return 0.0 if depth is None else float(
        stretch(p) * (away @ look) / np.median(depth) * away[2])


def tall_of(thing):
    """(height, sigma) of a thing that stands on something level, as its frames have it; or NaN."""
    if 'tall' not in thing:
        rises = []
        for f in thing['whole'][:6]:
            p = thing['seg'].get_masked_points(recon, f, thing['k'], steady=True)
            if len(p) >= 50 and ball_of(p) is None:
                (top, off), foot = top_in(p, f), foot_in(thing, f, p)
                if np.isfinite(top - foot):
                    x, y = np.median(np.asarray(p), axis=0)[:2]
                    drawn = lift(p, f, (x, y, top)) - lift(p, f, (x, y, foot))
                    rises.append((top - foot, float(np.linalg.norm([off, 0.001, drawn]))))
        thing['tall'] = over_frames(rises) if rises else (float('nan'), float('nan'))
    return thing['tall']
'''

RISING = '''
def plane_in(surface, f):
    """(plane, a point in its middle) of a level surface in one frame; None where it hardly shows.

    It has the slope that the frame's pose gives to what is level.
    """
    known = surface.setdefault('planes', {})
    if f not in known:
        p = surface['seg'].get_masked_points(recon, f, surface['k'])
        known[f] = None
        if len(p) >= 300:
            near = float(np.nanmax([0.012, noise(p)]))
            plane = tools.Geometry.fit_ground_plane_ransac(p, threshold_m=near)
            away = np.abs(plane.distance(np.asarray(p, dtype=float)))
            known[f] = plane, np.median(np.asarray(p)[away < 2 * near], axis=0)
    return known[f]


def rise_over(a, below, flat):
    """(height, sigma, its two ends) of a top over a level surface, by frames that show both.

    The ends are those of the frame that is nearest to that height.

    Args:
        a: whose top it is.
        below: the surface.
        flat: whether the top is that of a table or the like.

    None when no frame tells. Two milliradians of slope are left to the sensor. What a camera is off
    as a whole lifts or sinks both ends, the farther one the more.
    """
    told, ends = [], []
    for f in [f for f in a['frames'] if f in below['frames']][:8]:
        p = a['seg'].get_masked_points(recon, f, a['k'], steady=True)
        under = plane_in(below, f)
        top = plane_in(a, f) if flat else None
        if under is None or len(p) < 50 or (flat and top is None) or (
                not flat and a['whole'] and f not in a['whole']):
            continue
        at = top[1] if flat else np.median(np.asarray(p), axis=0)
        high, off = (float(at[2]), 0.0005) if flat else top_in(p, f)
        (normal, offset), middle = under
        low = float(-(offset + normal[0] * at[0] + normal[1] * at[1]) / normal[2])
        beyond = float(np.hypot(*(at - middle)[:2]))
        ends.append([[at[0], at[1], high], [at[0], at[1], low]])
        drawn = lift(p, f, ends[-1][0]) - lift(p, f, ends[-1][1])
        told.append((high - low, float(np.linalg.norm([
            off, 0.001, 0.002 * beyond, 0 * noise(p), drawn]))))
    if not told:
        return None
    value, sigma = over_frames(told)
    return value, sigma, ends[int(np.argmin([abs(each[0] - value) for each in told]))]
'''

PLACED = '''
LEVEL_TILT = 0.09  # rad; what a calibrated camera sees tilted by more is not level
tilts = {}


def tilt_of(f):
    """Sigma (rad) of how far a frame is turned from where TF has it, about each axis.

    The largest level surface that it shows is tilted by its errors about both level axes; about
    the vertical one it is taken to be off alike. 5 mrad where none shows.
    """
    if f not in tilts:
        p = recon.points[f][::6, ::6].reshape(-1, 3)
        p = p[np.isfinite(np.asarray(p)).all(axis=1)]
        tilts[f] = 0.005
        if len(p) >= 300:
            near = float(np.nanmax([0.01, noise(p)]))
            try:
                plane = tools.Geometry.fit_ground_plane_ransac(
                    p, threshold_m=near, max_angle_rad=LEVEL_TILT)
            except ValueError:  # nothing that it shows is level
                return tilts[f]
            if (np.abs(plane.distance(np.asarray(p))) < 2 * near).mean() > 0.15:
                tilts[f] = max(0.001, float(np.hypot(*plane.normal[:2])) / 2 ** 0.5)
    return tilts[f]


def placed_spread(thing):
    """Covariance (3, 3) of where TF and calibration put what a camera sees of a thing, m^2.

    3 mm for where the camera is; across the ray, by how far it is turned; along it, by what its
    depth is off as a whole.
    """
    if not isinstance(thing, dict):
        return np.zeros((3, 3))
    seen = (thing['whole'] or thing['frames'])[:3]
    turn = float(np.sqrt(np.mean([tilt_of(f) ** 2 for f in seen])))
    ray = np.median(np.asarray(all_points(thing)), axis=0) - recon.extrinsics[seen[0]][:3, 3]
    away = float(np.linalg.norm(ray))
    along = np.outer(ray, ray) / away ** 2
    return (np.eye(3) * 0.003 ** 2 + (np.eye(3) - along) * (turn * away) ** 2
            + along * shared(all_points(thing)) ** 2)


def together(a, b):
    """Whether a frame shows both things, or one camera shows them from where it stood still.

    A camera that moved in between is as far off for each as its poses are.
    """
    return any(
        f == g or (InputImages.at(f).camera == InputImages.at(g).camera
                   and np.allclose(recon.extrinsics[f], recon.extrinsics[g], atol=1e-4))
        for f in a['frames'] for g in b['frames'])


def between_doubt(a, b, way):
    """Sigma of how far apart two middles are along the way between them, from each one's spread.

    Where a camera is does not count between two things that it sees from one place, but for how it
    stretches lengths.
    """
    length = float(np.linalg.norm(way))
    to = way / max(length, 1e-9)
    spread = own_spread(a) + own_spread(b)
    if isinstance(a, dict) and isinstance(b, dict) and together(a, b):
        drawn = 1.5 * max(stretch(all_points(t)) for t in (a, b)) * length
    else:
        drawn, spread = 0.0, spread + placed_spread(a) + placed_spread(b)
    return float(np.hypot(np.sqrt(np.maximum(0.0, to @ spread @ to)), drawn))
'''
