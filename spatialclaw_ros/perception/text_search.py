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

"""From a text prompt to things in the scene: parse, find in each frame, track, score, explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception import colour
from spatialclaw_ros.perception.candidates import Candidate
from spatialclaw_ros.perception.finder import MAX_LENGTH_M, find_in
from spatialclaw_ros.perception.kinds import SurfaceGroup, best_groups
from spatialclaw_ros.perception.prompt_parser import ObjectQuery, parse
from spatialclaw_ros.perception.rating import MIN_SCORE, scored
from spatialclaw_ros.perception.scene import Found, Scene
from spatialclaw_ros.perception.tracking import Track, link, track
from spatialclaw_ros.workspace.calls import CANT_TELL, OTHER_KIND, UNFAMILIAR

_SURE = 0.6


def shared_support(prompts: Sequence[str]) -> str | None:
    """The surface that prompts of one request say their things are on, if it is one."""
    supports = {query.support for query in map(parse, prompts)} - {None}
    return supports.pop() if len(supports) == 1 else None


def search(
    scene: Scene, prompt: str, label: str, deadline: Deadline, beside: str | None = None,
) -> tuple[list[Found], list[str]]:
    """Find what a prompt names.

    Args:
        scene: the frames.
        prompt: a noun phrase.
        label: what to call it.
        deadline: of the query.
        beside: surface that other things of the same request are said to be on. What no hue
            tells from the many others of its kind, such as a gray box, is looked for there
            first: phrases of one question share their scene.

    Returns:
        Things, best first (none is a valid answer), and notes that say why there are none or
        what was assumed.
    """
    query = parse(prompt)
    if query.surface is not None:
        return find_surface(scene, query, label)
    unclear = _untold(scene, query)
    if unclear:
        return [], [unclear]
    if beside and _is_common(query):
        near = replace(query, support=beside)
        things, notes = _found(scene, near, label, deadline)
        if things and things[0].score >= _SURE:
            return things, [*notes, f'"{prompt}" was taken to be on the {beside}, where other '
                                    'things of the question are.']
    return _found(scene, query, label, deadline)


def _is_common(query: ObjectQuery) -> bool:
    """Whether many things in a room look like it: a single one of no hue, place or rank."""
    hued = any(not colour.is_neutral(name) for name in query.colours)
    return not (hued or query.support or query.plural or query.rank
                or query.shape == 'furniture')


def _found(
    scene: Scene, query: ObjectQuery, label: str, deadline: Deadline,
) -> tuple[list[Found], list[str]]:
    support, notes = _support(scene, query)
    found: dict[int, list[Candidate]] = {}
    for index, view in scene.views.items():
        deadline.check(f'search for "{query.text}" in frame {index}')
        on = None if support is None else [i for group in support for i in group.within(index)]
        if support is not None and not on:
            found[index] = []
            continue
        found[index] = find_in(view, index, query, on, scene.registered)
    width = next(iter(scene.views.values())).image.shape[1]
    tracks = track(found, scene.shared_world, width)
    if scene.shared_world:
        tracks = link(tracks)
    things, remarks = scored(scene, query, label, tracks)
    notes += remarks
    if not things and not any(CANT_TELL in note or OTHER_KIND in note for note in remarks):
        notes.append(_why_none(scene, query, support, tracks))
    return things, notes


def _untold(scene: Scene, query: ObjectQuery) -> str:
    """Why a prompt can't be looked for; '' when it can."""
    if not query.tellable:
        return (
            f'classical segmentation {UNFAMILIAR} a "{query.noun or query.text}" looks like; '
            f'name a colour ("yellow {query.noun or "thing"}") or use a learned segmenter')
    if not scene.has_depth and not query.colours:
        return (f'"{query.text}": {CANT_TELL} without depth, only colours are seen; name a '
                'colour, or give a point or a box.')
    return ''


def find_surface(
    scene: Scene, query: ObjectQuery, label: str,
) -> tuple[list[Found], list[str]]:
    """Find a table, floor, wall, counter, shelf or any surface."""
    kind = query.surface or 'surface'
    if not scene.has_depth:
        return [], [f'"{query.text}": {CANT_TELL} a surface without depth, and no frame has it.']
    if kind == 'wall':
        return _walls(scene, label)
    groups = best_groups(scene.groups, kind, query.plural)
    found = []
    parts = [groups] if kind == 'floor' and groups else [[group] for group in groups]
    for part in parts:
        masks = {}
        for index, view in scene.views.items():
            on = [i for group in part for i in group.within(index)]
            if on:
                masks[index] = np.logical_or.reduce([view.surfaces[i].mask for i in on])
        score = float(min(1.0, part[0].kinds[kind]))
        if query.colours:
            share = np.mean([scene.views[i].membership(query.colours)[mask].mean()
                             for i, mask in masks.items()])
            score *= 0.5 + 0.5 * min(1.0, float(share) / 0.4)
        found.append(Found(label, masks, dict.fromkeys(masks, score), score))
    if found:
        return found, []
    seen = sorted({round(group.height_m, 2) for group in scene.groups})
    levels = ', '.join(f'{height:.2f} m' for height in seen) or 'none'
    return [], [f'No {kind} found; horizontal surfaces seen at heights: {levels}.']


def _walls(scene: Scene, label: str) -> tuple[list[Found], list[str]]:
    masks = {
        index: np.logical_or.reduce([wall.mask for wall in view.walls])
        for index, view in scene.views.items() if view.walls}
    if not masks:
        return [], ['No wall found: no vertical surface of 0.4 m2 or more is in view.']
    return [Found(label, masks, dict.fromkeys(masks, 0.7), 0.7)], []


def _support(scene: Scene, query: ObjectQuery) -> tuple[list[SurfaceGroup] | None, list[str]]:
    if query.support is None:
        return None, []
    if not scene.has_depth:
        return None, [f'Whether things are on a {query.support} can\'t be told without depth.']
    if query.support == 'wall':
        return None, ['What hangs on a wall is not told from what stands before one; the whole '
                      'image was searched.']
    groups = best_groups(scene.groups, query.support, plural=True)
    if groups:
        best = groups[0].kinds[query.support]
        return [g for g in groups if g.kinds[query.support] >= 0.85 * best], []
    raised = [g for g in scene.groups if g.kinds['floor'] < 0.5]
    if raised:
        return raised, [
            f'No {query.support} is sure; every surface above the floor was searched.']
    return None, [f'No {query.support} found; the whole image was searched.']


def _why_none(
    scene: Scene, query: ObjectQuery, support: list[SurfaceGroup] | None, tracks: list[Track],
) -> str:
    what = ' or '.join(query.colours) if query.colours else 'separate'
    place = f' on the {query.support}' if support is not None else ''
    if tracks:
        return (f'Nothing fits "{query.text}": {len(tracks)} {what} regions{place} were found, '
                f'none with a score of {MIN_SCORE} or more.')
    seen: dict[str, float] = {}
    for index, view in scene.views.items():
        zone = np.ones(view.image.shape[:2], dtype=bool)
        if support is not None:
            zone = np.zeros_like(zone)
            for group in support:
                for on in group.within(index):
                    zone |= view.zone(on)
        for name, share in colour.naming(view.smooth[zone][::7]).items():
            seen[name] = max(seen.get(name, 0.0), share)
    names = ', '.join(name for name, share in sorted(seen.items(), key=lambda i: -i[1])
                      if share > 0.01) or 'none'
    least = round(0.00025 * next(iter(scene.views.values())).image[..., 0].size)
    return (f'Nothing fits "{query.text}": no {what} region of at least {least} pixels, and at '
            f'most {MAX_LENGTH_M} m long where it is no furniture{place}; '
            f'colours seen there: {names}.')
