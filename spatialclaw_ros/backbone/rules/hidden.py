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

"""Functions of the cells for what no camera saw: far sides, feet, outlines.

A depth camera measures the side of a thing that faces it. Where an answer depends on another side,
that side follows from a shape that the seen one gives away (an upright round body), or its place
is a guess, and sigma says so.
"""

from __future__ import annotations

HIDDEN = '''
looking = []  # frames whose cameras count as having looked; all when there are none


def post_of(points):
    """(centre x and y, radius, low z, high z) of an upright round body, else None.

    A circle of least squares through the lower part of what shows of its side, about half of it.
    """
    p = np.asarray(points, dtype=float)
    if len(p) < 100 or not recon.is_metric:
        return None
    low, high = np.percentile(p[:, 2], (2, 98))
    rise = high - low
    side = p[(p[:, 2] > low + 0.1 * rise) & (p[:, 2] < low + 0.6 * rise), :2]
    if rise < 0.03 or len(side) < 60:  # of a plate the whole outline shows
        return None
    count = len(side)
    for _ in range(4):
        A = np.column_stack([2 * side, np.ones(len(side))])
        solution = np.linalg.lstsq(A, (side ** 2).sum(axis=1), rcond=None)[0]
        center = solution[:2]
        radius = float(np.sqrt(max(solution[2] + center @ center, 0)))
        off = np.linalg.norm(side - center, axis=1) - radius
        spread = float(np.sqrt(np.mean(off ** 2)))
        keep = np.abs(off) <= max(2.5 * spread, 0.002)
        if keep.all():
            break
        side = side[keep]
    turns = np.linspace(0, np.pi, 12, endpoint=False)
    along = side @ np.array([np.cos(turns), np.sin(turns)])
    reach = float(np.ptp(np.percentile(along, (1, 99), axis=0), axis=0).max())
    if len(side) < 0.9 * count or spread > 0.0015 + 0.02 * radius or not (
            0.01 < radius < 0.3 and 1.6 * radius < reach < 2.15 * radius):
        return None
    return center, radius, low + 0.1 * rise, low + 0.6 * rise


def completed(points):
    """Points with the hidden half of an upright round body, and whether there is one."""
    post = post_of(points) if len(points) > 1 else None
    if post is None:
        return points, False
    center, radius, low, high = post
    turn, level = np.meshgrid(np.linspace(0, 2 * np.pi, 90), np.linspace(low, high, 8))
    round_it = np.column_stack([
        center[0] + radius * np.cos(turn.ravel()), center[1] + radius * np.sin(turn.ravel()),
        level.ravel()])
    return np.concatenate([np.asarray(points, dtype=float), round_it]), True


def far_side(points, at, toward):
    """Sigma of where a thing ends towards a place when no camera looked at that side of it.

    A thing is about as deep as it is wide: its far side is unknown within a half of its width,
    sigma is a quarter. A top as wide as the thing, seen from above, shows where it ends.
    """
    p = np.asarray(points, dtype=float)
    way = (np.asarray(toward) - at)[:2]
    if len(p) < 20 or np.linalg.norm(way) < 1e-6:
        return 0.0
    way = way / np.linalg.norm(way)
    eyes = np.stack([recon.extrinsics[f][:3, 3] for f in looking or recon.frame_indices])
    toward_eye = (eyes - at)[:, :2]
    faced = toward_eye @ way / np.maximum(np.linalg.norm(toward_eye, axis=1), 1e-6)
    if faced.max() > 0.1:
        return 0.0
    across = p[:, :2] @ np.array([-way[1], way[0]])
    width = float(np.ptp(np.percentile(across, (2, 98))))
    low, high = np.percentile(p[:, 2], (2, 98))
    top = across[p[:, 2] > high - 0.15 * (high - low)]
    seen_from_above = eyes[:, 2].max() > high + 0.05
    if seen_from_above and len(top) > 10 and np.ptp(np.percentile(top, (2, 98))) > 0.8 * width:
        return 0.0
    return width / 4


def outline(thing):
    """Sigma of a length between two outlines in metres.

    Pixels on an outline are mixed, those beside a jump in depth are dropped: about a pixel, at the
    thing's distance, is lost or won at each of two ends. NaN where no frame knows that distance.
    """
    for f in [*thing['whole'], *thing['frames']]:
        depth = np.asarray(recon.depth[f])[thing['seg'].get_mask(f, thing['k'])]
        if np.isfinite(depth).any():
            return float(2 ** 0.5 * np.nanmedian(depth) / recon.intrinsics[f]['fx'])
    return float('nan')


def foot_of(thing):
    """Level of what a thing stands on, seen round it; NaN where nothing level is.

    The lowest points of a thing are dropped with its outline; its support is not.
    """
    levels = []
    for f in (thing['whole'] or thing['frames'])[:3]:
        mask = thing['seg'].get_mask(f, thing['k'])
        inner = scipy.ndimage.binary_dilation(mask, iterations=3)
        ring = scipy.ndimage.binary_dilation(inner, iterations=8) & ~inner
        z = np.asarray(recon.points[f])[ring][:, 2]
        z = z[np.isfinite(z)]
        near = z[np.abs(z - np.percentile(thing['points'][:, 2], 1)) < 0.02]
        if len(near) > max(50, 0.25 * len(z)):
            levels.append(float(np.median(near)))
    return float(np.median(levels)) if levels else float('nan')
'''

COVERED = '''
def drawn(value, a, b):
    """Sigma of how a camera that is off draws out a length between two things.

    To a place, such as a TF frame, it counts otherwise: see `offset`.
    """
    seen = [all_points(t) for t in (a, b) if isinstance(t, dict)]
    return 1.5 * value * max(map(stretch, seen)) if len(seen) == 2 else 0.0


def lacks(thing):
    """Sigma of where a thing ends when its mask may lack a part of it, 0 when it does not seem so.

    So it may where what is beside the mask is as far away, and stands up as it does: more than a
    fifth of the outline is no neighbour that it touches. Nobody knows how much: a quarter of what
    shows, as for a far side.
    """
    if not isinstance(thing, dict):
        return 0.0
    if 'lacks' not in thing:
        shares = []
        for f in (thing['whole'] or thing['frames'])[:3]:
            mask, depth = thing['seg'].get_mask(f, thing['k']), np.asarray(recon.depth[f])
            rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
            part = (slice(max(0, rows[0] - 5), rows[-1] + 6),
                    slice(max(0, columns[0] - 5), columns[-1] + 6))
            mask, depth, z = mask[part], depth[part], np.asarray(recon.points[f])[part][..., 2]
            body = scipy.ndimage.binary_fill_holes(mask)
            ring = scipy.ndimage.binary_dilation(body, iterations=4)
            ring &= ~scipy.ndimage.binary_dilation(body, iterations=1)
            known = mask & np.isfinite(depth)
            if known.sum() < 30 or not ring.any():
                continue
            i, j = scipy.ndimage.distance_transform_edt(
                ~known, return_distances=False, return_indices=True)
            off = 2 * np.nan_to_num(noise(recon.points[f][part][known]))
            with np.errstate(invalid='ignore'):
                on = np.abs(depth - depth[i, j])[ring] < 0.004 + off
                on &= z[ring] > np.percentile(z[known], 2) + 0.02 + off
            shares.append(on.mean())
        thing['lacks'] = float(box_of(all_points(thing))[1][:2].max() / 4) if (
            shares and np.median(shares) > 0.2) else 0.0
        print('beside', thing['label'], np.round(shares, 2))
    return thing['lacks']


def open_at(thing, at):
    """Sigma of where a thing ends at a place, when it is hidden there in every view.

    Nobody saw how far it goes on: a quarter of its width, as for a far side. What is round tells it
    by its shape.
    """
    if not isinstance(thing, dict) or thing['whole']:  # a corner is hidden at most
        return 0.0
    p = all_points(thing)
    if ball_of(p) is not None or post_of(p) is not None:  # its shape tells where it ends
        return 0.0
    hidden = []
    for f in thing['frames'][:4]:
        pixel = lambda p: tools.Geometry.project_point_to_camera(
            np.asarray(p, dtype=float), recon.extrinsics[f], recon.intrinsics[f])
        here = pixel(at[None])[0]
        own = thing['seg'].get_masked_points(recon, f, thing['k'], steady=True)
        if len(own) and np.linalg.norm(own - at, axis=1).min() < 0.02 * max(1.0, here[2]):
            ends = thing['covers'].get(f, ())
            hidden.append(len(ends) > 0 and bool(
                np.linalg.norm(pixel(ends)[:, :2] - here[:2], axis=1).min() < 8))
    return float(box_of(p)[1][:2].max() / 4) if hidden and all(hidden) else 0.0
'''

SIDES = '''
def seen_from_above(thing, top):
    """Whether a camera that saw a thing was higher than its top (metres)."""
    return max(recon.extrinsics[f][2, 3] for f in thing['frames']) >= top


def sides_of(thing, points=None):
    """(centre, size, sigmas) of the box of a thing: its length, width and height in metres.

    Its height is that of `tall_of`, where what it stands on shows. Else a box of seen points begins
    over that, as the lowest are dropped with the outline; the noise of its top makes up for a part:
    its foot is taken to be half way down.
    """
    p = all_points(thing) if points is None else points
    center, size = box_of(p)
    off, ball = float(np.hypot(0.002, noise(p))), ball_of(p)
    if ball is not None:
        drawn_out = 1.5 * stretch(p) * size[0]
        return center, size, np.full(3, np.linalg.norm([off, 2 * ball[3], drawn_out]))
    if 'foot' not in thing:
        thing['foot'] = foot_of(thing) if drift(thing) < 0.012 else float('nan')
    lost = center[2] - size[2] / 2 - thing['foot']
    lost = lost if 0 < lost < 0.015 else 0.0
    # stray points stick out at both ends
    tall, tall_off = tall_of(thing) if isinstance(thing, dict) else (float('nan'), 0.0)
    drawn_out = 1.5 * stretch(p) * size
    across = float(np.linalg.norm([off, 2 * noise(p), outline(thing), drawn_out[:2].max()]))
    off = float(np.hypot(off, drawn_out[2]))
    if np.isfinite(off) and not seen_from_above(thing, center[2] + size[2] / 2):
        across = float(size[:2].max() / 4)  # its far side is anyone's guess
    if isinstance(thing, dict):
        across, off = float(np.hypot(across, lacks(thing))), float(np.hypot(off, lacks(thing)))
        tall_off = float(np.hypot(tall_off, lacks(thing)))
    if np.isfinite(tall):
        middle = center[2] + (size[2] - tall) / 2 if np.isnan(thing['foot']) else (
            thing['foot'] + tall / 2)
        return (np.array([*center[:2], middle]), np.array([*size[:2], tall]),
                np.array([across, across, tall_off]))
    return (center - [0, 0, lost / 4], size + [0, 0, lost / 2],
            np.array([across, across, np.hypot(off, lost / 2)]))
'''

MIDDLE = '''
CUT_OFF = 'it is cut off by the image border, or by what stands before it, in every frame, '


def spread_of(thing):
    """As `spread_seen`, worked out once for a thing."""
    if not isinstance(thing, dict):
        return np.eye(3) * 0.002 ** 2, 0.0
    if 'spread' not in thing:
        thing['spread'] = spread_seen(thing)
    return thing['spread']


def spread_seen(thing):
    """(covariance of where a thing's middle is (3, 3) in m^2, sigma of it from unseen sides).

    TF and the calibration of a camera are good to about 5 mm; no thing is quite a box, 2 % of its
    size; a pixel is lost or won at each end; the far end of a side that nobody saw is a guess, and
    so is what lies beyond the image's border.
    """
    p = all_points(thing)
    spread = np.eye(3) * (0.005 ** 2 + noise(p) ** 2 + drift(thing) ** 2 / 4)
    if blind(thing):  # how far away it is, nobody knows; across the rays it is where it shows
        ray = np.median(p, axis=0) - recon.extrinsics[thing['frames'][0]][:3, 3]
        spread = np.outer(ray, ray) + np.eye(3) * (outline(thing) ** 2 + drift(thing) ** 2) / 4
    if len(p) < 4 or ball_of(p) is not None or thing.get('part'):
        return spread, 0.0
    box = tools.Geometry.oriented_box(p)
    middle, axes = np.asarray(box.center), np.asarray(box.rotation)[:, :2].T
    spread += np.eye(3) * ((0.02 * box.size.max()) ** 2 + outline(thing) ** 2 / 4)
    if not thing['whole']:
        spread += np.eye(3) * (box.size.max() / 4) ** 2
    spread += np.eye(3) * lacks(thing) ** 2
    flat = box.size[2] < 0.35 * box.size[0]  # what shows of it is its top, all of it
    if flat or post_of(p) is not None:
        return spread, 0.0
    hidden = [np.hypot(*(far_side(p, middle, middle + sign * axis) for sign in (-1, 1))) / 2
              for axis in axes]
    for sigma, axis in zip(hidden, axes):
        spread += sigma ** 2 * np.outer(axis, axis)
    return spread, float(np.linalg.norm(hidden))


def own_spread(thing):
    """Covariance (3, 3) of where a thing's middle is for the camera that saw it, m^2.

    As `spread_of`, which holds for TF frames as well, but for the 5 mm of TF and calibration. NaN
    where nothing tells how far off its depth is.
    """
    if not isinstance(thing, dict):
        return np.zeros((3, 3))
    if blind(thing):
        return np.full((3, 3), np.nan)
    return spread_of(thing)[0] - np.eye(3) * (0.005 ** 2 - 0.002 ** 2)


def spread_from(thing, pose):
    """As `spread_of`, for who is at a pose: TF counts not where all that is seen is from there."""
    own = not blind(thing) and isinstance(thing, dict) and all(
        np.allclose(pose, recon.extrinsics[f]) for f in thing['frames'])
    return own_spread(thing) if own else spread_of(thing)[0]


def middle_doubt(thing):
    """(sigma of where a thing's middle is, why it is not known or ''), from what was not seen.

    A gripper that opens 85 mm closes round a thing of 25 mm when its middle is known to 3 cm; of
    large things a tenth of their narrower side will do.
    """
    spread, hidden = spread_of(thing)
    sigma = float('nan') if blind(thing) else float(np.sqrt(np.trace(spread)))
    if not isinstance(thing, dict) or thing.get('part') or ball_of(all_points(thing)) is not None:
        return sigma, ''
    if not thing['whole']:
        return sigma, CUT_OFF + 'so its middle is not known'
    if hidden > max(0.03, 0.1 * box_of(all_points(thing))[1][:2].min()):
        return sigma, 'its far side is not seen, so its middle is not known; look from elsewhere'
    return sigma, ''
'''
