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

"""Measuring cells of directions and of motion: facing, bearing, moved."""

from __future__ import annotations

from spatialclaw_ros.backbone.rules import snippets
from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import Bearing, Facing, Motion, Thing
from spatialclaw_ros.backbone.rules.parts import item, label_of, pose


def _bearing_values(origin: Thing, target: Thing) -> str:
    return snippets.join('middle', 'viewer') + '\n' + pose(origin, 'pose') + item(
        target, 'thing') + '''
target = center_of(thing)
to = target - pose[:3, 3]
angle = float(np.arctan2(to @ left, to @ forward))  # to the left is positive (REP 103)
reach = float(np.hypot(to[0], to[1]))
across = np.array([-to[1], to[0], 0.0]) / max(reach, 1e-6)
sigma = float(np.arctan2(np.sqrt(across @ spread_from(thing, pose) @ across), reach))
print(f'bearing {angle:.4f} rad, sigma {sigma:.4f}, at {reach:.3f} m')
evidence = [pose[:3, 3], target]
problem = '' if reach > 0.05 else 'it is right above or below, where no bearing is defined'
'''


def facing(task: Task, intent: Facing) -> str:
    return _bearing_values(intent.a, intent.b) + '''
ahead = np.deg2rad(30)  # nearly straight ahead
if not problem and not abs(abs(angle) - ahead) >= 2 * sigma:
    problem = (f'{np.rad2deg(angle):.0f} degrees (sigma {np.rad2deg(sigma):.1f}) is too close to '
               'the 30 degrees that count as facing it to tell')
value, unit, sigma = bool(abs(angle) < ahead), None, None
'''


def bearing(task: Task, intent: Bearing) -> str:
    return _bearing_values(intent.origin, intent.a) + '''
value, unit = angle, 'rad'
'''


_PLACED = '''
def ends_of(candidates):
    """({frame: middle}, sigma of the way from first to last, sigma beyond) of a thing by views.

    Beyond its first and last view it may have gone on as fast: of how far it moved in all that is
    not known, of whether, where to and how fast it was seen to move it is.
    Part of what looks like motion is that the two views show other parts of the thing (their boxes
    differ, or they look from other sides), and that the frames' poses are off (what stands round
    the thing is not where the other view sees it).
    """
    track, sizes, balls, blur = {}, {}, {}, 0.0
    cut = {}  # frames that show a part of it alone
    for c in reversed(candidates):  # where two are seen at once, the one that fits best holds
        for f in c['frames']:
            p = c['seg'].get_masked_points(recon, f, c['k'], steady=True)
            if len(p) >= 50:
                track[f], sizes[f] = box_of(p)
                cut[f] = f not in c['whole']
                balls[f], blur = ball_of(p), float(np.maximum(blur, noise(p)))
    track = without_cut(track, cut, sizes)
    if len(track) < 2:
        return track, float('nan'), 0.0
    first, last = min(track), max(track)
    parts = [0.01, blur, mismatch(first, last, track[first], blur)]
    ends = [sizes[first], sizes[last]]
    parts += [max(sizes[f][:2]) / 4 for f in (first, last) if cut[f]]
    stamps = [InputImages.at(f).stamp_s for f in (first, last)]
    unseen = max(stamps[0] - InputImages[0].stamp_s, InputImages[-1].stamp_s - stamps[1])
    way = np.linalg.norm(track[last] - track[first])
    beyond = way * unseen / (stamps[1] - stamps[0]) if stamps[1] > stamps[0] else 0.0
    if balls[first] is None or balls[last] is None:
        parts.append(np.linalg.norm(ends[1] - ends[0]) / 2)
    if any(size[1] < 0.6 * size[0] and size[2] > 0.35 * size[0] for size in ends):
        # a thing of which no top shows how deep it is: its middle is that of the side in view
        toward = [track[f] - recon.extrinsics[f][:3, 3] for f in (first, last)]
        turned = np.linalg.norm(np.subtract(*(t / np.linalg.norm(t) for t in toward)))
        parts.append(turned * np.mean([size[0] for size in ends]) / 4)
    return track, float(np.linalg.norm(parts)), float(beyond)


def without_cut(track, cut, sizes):
    """A track by whole views, where there are any, and by ends of it that lie elsewhere.

    Where a thing stands still, whole views tell its place better than those of a part of it.
    """
    whole = [f for f in track if not cut[f]]
    if not whole:
        return track
    kept = {f: track[f] for f in whole}
    for f, end in ((min(track), min(whole)), (max(track), max(whole))):
        if np.linalg.norm(track[f] - track[end]) > max(sizes[end][:2]) / 2:
            kept[f] = track[f]
    return kept


def mismatch(first, last, at, blur):
    """How far off one view sees the surfaces that another one saw within a metre of a place."""
    p = np.asarray(recon.points[first])[::4, ::4].reshape(-1, 3)
    with np.errstate(invalid='ignore'):
        p = p[np.linalg.norm(p - at, axis=1) < 1.0]
    uvd = tools.Geometry.project_point_to_camera(
        p, recon.extrinsics[last], recon.intrinsics[last])
    depth = np.asarray(recon.depth[last])
    with np.errstate(invalid='ignore'):
        ok = (uvd[:, 2] > 0) & (uvd[:, 0] > 0) & (uvd[:, 1] > 0)
        ok &= (uvd[:, 0] < depth.shape[1] - 1) & (uvd[:, 1] < depth.shape[0] - 1)
    u, v = np.rint(uvd[ok, :2]).astype(int).T
    off = np.abs(depth[v, u] - uvd[ok, 2])
    off = off[off < 0.15]  # what is farther off stands before or behind it
    return float(np.sqrt(max(0.0, np.median(off) ** 2 - blur ** 2))) if len(off) > 100 else 0.0
'''


def motion(task: Task, intent: Motion) -> str:
    thing = intent.a
    code = snippets.join('views', 'viewer') + '\n'
    if thing.kind == 'object':
        code += _PLACED + f'\n\ntrack, sigma, beyond = ends_of(found[{label_of(thing)!r}])\n'
    elif thing.kind == 'camera':
        frames = f'InputImages.camera({thing.frame!r})' if thing.frame else (
            'InputImages.camera(InputImages[-1].camera)')
        code += (f'poses = {{f: recon.extrinsics[f] for f in {frames}.frame_indices}}\n'
                 'placed = Metadata.cameras[InputImages.at(min(poses)).camera]["has_pose"]\n'
                 'guessed = recon.scale_source in ("model", "unknown") and not placed\n'
                 'track = {f: pose[:3, 3] for f, pose in poses.items()}\n'
                 'sigma, beyond = float("nan") if guessed else 0.01, 0.0\n')
    else:
        code += (f"poses = {{f: tools.TF.lookup('world', {thing.frame!r}, f)\n"
                 '         for f in InputImages.frame_indices}\n'
                 'track = {f: pose[:3, 3] for f, pose in poses.items()}\n'
                 'sigma, beyond = 0.01, 0.0\n'
                 'guessed = False  # TF places it\n')
    code += pose(Thing('camera', kind='camera'), 'view')
    code += '''
unit, problem, value, evidence = 'm', '', None, None
if len(track) < 2:
    problem = 'it is seen whole in fewer than two frames, so its motion is not known'
else:
    first, last = min(track), max(track)
    start, end = track[first], track[last]
    d, evidence = end - start, [start, end]
    seconds = InputImages.at(last).stamp_s - InputImages.at(first).stamp_s
    moved = float(np.linalg.norm(d))
    print(f'moved {moved:.4f} m, sigma {sigma:.4f}, in {seconds:.3f} s, frames {first} to {last}')
    unsure = f'{moved:.3f} m with a sigma of {sigma:.3f} m is too little to tell from noise'
'''
    return code + '\n'.join(
        '    ' + line for line in _MOTION_VALUES[intent.what].strip().splitlines()) + '\n'


_MOTION_VALUES = {
    'distance': 'value, sigma = moved, float(np.hypot(sigma, beyond))',
    'moved': '''
value, unit = bool(moved > np.maximum(0.03, 3 * sigma)), None
if not value and not (moved < max(0.012, sigma) and sigma < 0.02):
    problem = unsure
sigma = None''',
    'speed': '''
if seconds <= 0:
    problem = 'the frames have the same stamp'
else:
    value, unit, sigma = moved / seconds, 'm/s', 1.4 * sigma / seconds''',
    'turn': '''
R = poses[first][:3, :3].T @ poses[last][:3, :3]
value = float(np.arccos(np.clip((np.trace(R) - 1) / 2, -1, 1)))
unit, sigma = 'rad', float('nan') if guessed else 0.005''',
    'direction': '''
parts = [(float(d @ left), 'left', 'right'), (float(d @ forward), 'away', 'towards'),
         (float(d[2]), 'up', 'down')]
parts.sort(key=lambda part: -abs(part[0]))
names = [plus if x > 0 else minus for x, plus, minus in parts if abs(x) > 0.4 * moved]
value, unit = ' and '.join(names), None
problem = '' if moved >= np.maximum(0.02, 2 * sigma) else unsure
sigma = None''',
}
