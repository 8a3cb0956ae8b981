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

from spatialclaw_ros.backbone.rules.intents import Thing

CATEGORY_LABEL = 'object'
_SURFACES = frozenset({
    'table', 'tabletop', 'desk', 'shelf', 'counter', 'countertop', 'ceiling', 'bench', 'worktop',
    'desktop', 'ledge', 'windowsill', 'floor', 'ground',
})


def is_flat(thing: Thing) -> bool:
    """Whether a thing's height is that of its level top."""
    words = thing.text.lower().split()
    head = words[-1] if words else ''
    return head in _SURFACES or (
        thing.part == 'top' and any(word in _SURFACES for word in words[-2:]))


def label_of(thing: Thing) -> str:
    """Label under which the looking cell keeps a thing."""
    return thing.text


def newest(thing: Thing) -> str:
    if thing.kind == 'camera' and thing.frame:
        return f'InputImages.camera({thing.frame!r}).frame_indices[-1]'
    return 'InputImages[-1].frame_index'


def cloud(thing: Thing, name: str) -> str:
    """Code that puts the points of a thing, (N, 3) world, into a variable."""
    if thing.kind == 'camera':
        return f'{name} = recon.extrinsics[{newest(thing)}][:3, 3][None]  # where it is now\n'
    if thing.kind == 'frame':
        return f"{name} = tools.TF.lookup('world', {thing.frame!r})[:3, 3][None]\n"
    code = f"{name} = found[{label_of(thing)!r}][0]['points']\n"
    if thing.part == 'top':
        code += f'{name} = {name}[{name}[:, 2] > np.percentile({name}[:, 2], 98) - 0.01]\n'
    elif thing.part == 'bottom':
        code += f'{name} = {name}[{name}[:, 2] < np.percentile({name}[:, 2], 2) + 0.01]\n'
    return code


def pose(thing: Thing, name: str) -> str:
    """Code that puts a viewer's pose into `name` and its level axes into `forward`, `left`."""
    if thing.kind == 'frame':
        return (f"{name} = tools.TF.lookup('world', {thing.frame!r})\n"
                f'forward, left = level_axes({name}, optical=False)\n')
    return (f'{name} = recon.extrinsics[{newest(thing)}]\n'
            f'forward, left = level_axes({name}, optical=True)\n')


def center(thing: Thing, name: str) -> str:
    """Code that puts the centre of a thing into a variable."""
    if thing.kind == 'object':
        return cloud(thing, f'{name}_points') + f'{name} = box_of({name}_points)[0]\n'
    return cloud(thing, name) + f'{name} = {name}[0]\n'
