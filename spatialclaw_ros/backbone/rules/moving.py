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
from spatialclaw_ros.backbone.rules.parts import center, label_of, pose


def _bearing_values(origin: Thing, target: Thing) -> str:
    return snippets.join('views', 'viewer') + '\n' + pose(origin, 'pose') + center(
        target, 'target') + '''
to = target - pose[:3, 3]
angle = float(np.arctan2(to @ left, to @ forward))  # to the left is positive (REP 103)
reach = float(np.hypot(to[0], to[1]))
print(f'bearing {angle:.4f} rad at {reach:.3f} m')
evidence = [pose[:3, 3], target]
problem = '' if reach > 0.05 else 'it is right above or below, where no bearing is defined'
'''


def facing(task: Task, intent: Facing) -> str:
    return _bearing_values(intent.a, intent.b) + '''
value, unit, sigma = bool(abs(angle) < np.deg2rad(30)), None, None  # nearly straight ahead
'''


def bearing(task: Task, intent: Bearing) -> str:
    return _bearing_values(intent.origin, intent.a) + '''
value, unit, sigma = angle, 'rad', float(np.arctan2(0.005, reach))
'''


def motion(task: Task, intent: Motion) -> str:
    thing = intent.a
    code = snippets.join('views', 'viewer') + '\n'
    if thing.kind == 'object':
        code += f'''track, foggy = {{}}, 0.0
for c in found[{label_of(thing)!r}]:
    for f in c['whole'] or c['frames']:
        p = c['seg'].get_masked_points(recon, f, c['k'])
        if len(p) >= 50:
            track[f], foggy = box_of(p)[0], max(foggy, float(np.nan_to_num(noise(p))))
'''
    elif thing.kind == 'camera':
        frames = f'InputImages.camera({thing.frame!r})' if thing.frame else (
            'InputImages.camera(InputImages[-1].camera)')
        code += (f'poses = {{f: recon.extrinsics[f] for f in {frames}.frame_indices}}\n'
                 'track = {f: pose[:3, 3] for f, pose in poses.items()}\n')
    else:
        code += (f"poses = {{f: tools.TF.lookup('world', {thing.frame!r}, f)\n"
                 '         for f in InputImages.frame_indices}\n'
                 'track = {f: pose[:3, 3] for f, pose in poses.items()}\n')
    code += f"sigma = {'float(np.hypot(0.01, foggy))' if thing.kind == 'object' else '0.01'}\n"
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
    print(f'moved {moved:.4f} m in {seconds:.3f} s, frames {first} to {last}')
'''
    return code + '\n'.join(
        '    ' + line for line in _MOTION_VALUES[intent.what].strip().splitlines()) + '\n'


_MOTION_VALUES = {
    'distance': 'value = moved',
    'moved': '''
unsure, value, unit, sigma = max(0.03, 3 * sigma), moved > 0.02, None, None
if 0.012 < moved < unsure:
    problem = f'{moved:.3f} m is too little to tell motion from noise\'''',
    'speed': '''
if seconds <= 0:
    problem = 'the frames have the same stamp'
else:
    value, unit, sigma = moved / seconds, 'm/s', 0.014 / seconds''',
    'turn': '''
R = poses[first][:3, :3].T @ poses[last][:3, :3]
value = float(np.arccos(np.clip((np.trace(R) - 1) / 2, -1, 1)))
unit, sigma = 'rad', 0.005''',
    'direction': '''
parts = [(float(d @ left), 'left', 'right'), (float(d @ forward), 'away', 'towards'),
         (float(d[2]), 'up', 'down')]
parts.sort(key=lambda part: -abs(part[0]))
names = [plus if x > 0 else minus for x, plus, minus in parts if abs(x) > 0.4 * moved]
value, unit, sigma = ' and '.join(names), None, None
if moved < 0.02:
    problem = f'it moved {moved:.3f} m only, which has no sure direction\'''',
}
