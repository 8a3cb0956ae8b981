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

"""Things as code: the lines of a cell that put a thing's points, pose or centre in a variable."""

from __future__ import annotations

from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import Thing
from spatialclaw_ros.backbone.rules.nouns import head_of

CATEGORY_LABEL = 'object'
SCORE_RATIO = 0.8  # a second candidate below this share of the best score is not meant
_SURFACES = frozenset({
    'table', 'tabletop', 'desk', 'shelf', 'counter', 'countertop', 'ceiling', 'bench', 'worktop',
    'desktop', 'ledge', 'windowsill', 'floor', 'ground',
})


def is_flat(thing: Thing) -> bool:
    """Whether a thing's height is that of its level top."""
    words = head_of(thing.text).split()
    return bool(words) and thing.part != 'bottom' and words[-1] in _SURFACES


def label_of(thing: Thing) -> str:
    """Label under which the looking cell keeps a thing."""
    return thing.text


def newest(thing: Thing) -> str:
    """Code for the index of the newest frame of a camera."""
    if thing.kind == 'camera' and thing.frame:
        return f'InputImages.camera({thing.frame!r}).frame_indices[-1]'
    return 'recon.frame_indices[-1]'


def item(thing: Thing, name: str) -> str:
    """Code that puts a thing into a variable: a found candidate, or the place of a frame (1, 3)."""
    if thing.kind == 'camera':
        return f'{name} = recon.extrinsics[{newest(thing)}][:3, 3][None]  # where it is now\n'
    if thing.kind == 'frame':
        return f"{name} = tools.TF.lookup('world', {thing.frame!r})[:3, 3][None]\n"
    found = f'found[{label_of(thing)!r}][0]'
    if thing.part in {'top', 'bottom'}:
        return f'{name} = dict({found}, part={thing.part!r})\n'
    return f'{name} = {found}\n'


def cloud(thing: Thing, name: str) -> str:
    """Code that puts the points of a thing, (N, 3) world, into a variable."""
    return item(thing, name) + (f'{name} = all_points({name})\n' if thing.kind == 'object' else '')


def pose(thing: Thing, name: str) -> str:
    """Code that puts a viewer's pose into `name` and its level axes into `forward`, `left`."""
    if thing.kind == 'frame':
        return (f"{name} = tools.TF.lookup('world', {thing.frame!r})\n"
                f'forward, left = level_axes({name}, optical={"optical" in thing.frame})\n')
    return (f'{name} = recon.extrinsics[{newest(thing)}]\n'
            f'forward, left = level_axes({name}, optical=True)\n')


def eyes(task: Task, view: Thing) -> str:
    """Code for `eyes`: (pose, forward, left, slack) of each who may be meant by a view.

    Where no camera is named, that is the newest frame of each, the very newest last. From the other
    side one looks back towards the camera, within some ten degrees.
    """
    slack = 0.0
    if view.kind == 'camera' and not view.frame and len(task.cameras) > 1:
        code = ('last = {InputImages.at(f).camera: f for f in recon.frame_indices}\n'
                'poses = [(recon.extrinsics[f], True) for f in sorted(last.values())]\n')
    elif view.kind == 'frame':
        code = (f"poses = [(tools.TF.lookup('world', {view.frame!r}), "
                f"{'optical' in view.frame})]\n")
    else:
        code = f'poses = [(recon.extrinsics[{newest(view)}], True)]\n'
    sign = ''
    if view.part == 'opposite':
        slack, sign = 0.18, '-'
    return code + (
        f'eyes = [(T, {sign}forward, {sign}left, {slack})\n'
        '        for T, (forward, left) in ((T, level_axes(T, z)) for T, z in poses)]\n')


def center(thing: Thing, name: str) -> str:
    """Code that puts the centre of a thing into a variable."""
    return item(thing, name) + (
        f'{name} = center_of({name})\n' if thing.kind == 'object' else f'{name} = {name}[0]\n')
