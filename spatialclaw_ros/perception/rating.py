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

"""How well tracked things answer a prompt, and which of them are meant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.perception import colour
from spatialclaw_ros.perception.candidates import Candidate
from spatialclaw_ros.perception.counting import count_note
from spatialclaw_ros.perception.likeness import USUAL, Likeness, likeness
from spatialclaw_ros.perception.prompt_parser import ObjectQuery
from spatialclaw_ros.perception.scene import Found, Scene
from spatialclaw_ros.perception.scoring import Extent, form_score, size_scores
from spatialclaw_ros.perception.sides import sides_of
from spatialclaw_ros.perception.solids import BODIES, solid_score
from spatialclaw_ros.perception.tracking import Track, expected_in, has_moved
from spatialclaw_ros.workspace.calls import CANT_BE_SURE, CANT_TELL, OTHER_KIND

MIN_SCORE = 0.25
"""Things below this are not given back."""

_SECOND_SHARE = 0.82  # a singular prompt keeps others that are about as good as the best
_MANY_SHARE = 0.65
_PATCH = 0.2  # of its outline that stands off: with less, it is paint on a wall or on a door
_DOUBTFUL = 0.6  # of the least score of what is counted: it may be one, too, colour or not
_LINE_M = 0.005  # a pen is 7 mm thick; what is less both ways is the edge of something, or a joint
_COUNTED = 0.4  # least score of what is held for a thing at all, as `tools.EXISTS_SCORE`
_UNTOLD = 0.45  # least score where its form does not speak for it: then all else must
_UNLIKE = 0.7  # fit of a shape at which it is not that shape, when the shape is all there is


def scored(
    scene: Scene, query: ObjectQuery, label: str, tracks: list[Track],
) -> tuple[list[Found], list[str]]:
    """Things among the tracks, best first, and notes of what was assumed."""
    unlike: list[str] = []
    rated = _rated(scene, query, tracks, unlike)
    notes: list[str] = []
    if scene.shared_world and not query.plural and len(rated) > 1:
        strong = [item for item in rated if item.score >= max(0.5, 0.7 * rated[0].score)]
        merged = _reunited(strong, scene, notes)
        if merged:
            weak = [item.track for item in rated if item not in strong]
            rated = _rated(scene, query, merged + weak, unlike)
    if query.rank and rated:
        rated = _ranked(scene, query.rank, rated)
    least = MIN_SCORE
    if rated:
        share = _MANY_SHARE if query.plural else _SECOND_SHARE
        least = max(least, share * rated[0].score)
    kept = [item for item in rated if item.score >= (least if item.told else max(least, _UNTOLD))]
    if query.plural and (kept or query.colours):
        doubt = MIN_SCORE if query.colours else _DOUBTFUL * least
        doubtful = [item.track for item in rated if item.score >= doubt and (
            item not in kept or item.score < _COUNTED) and not _is_line(item.extent)]
        note = count_note(scene, query, [item.track for item in kept], doubtful)
        notes += [note] if note else []
    formless = [item.track for item in kept or rated if not item.told and item.score >= least]
    if kept and not any(item.told for item in kept):
        notes.append(f'"{query.text}": something like it is there, but {CANT_BE_SURE} that it is a '
                     f'{query.noun}: {_formless(scene, formless)}.')
    elif not kept and formless:
        notes.append(f'"{query.text}": {CANT_TELL} whether what is there is a {query.noun}: '
                     f'{_formless(scene, formless)}.')
    elif not kept and unlike:
        notes.append(f'Nothing fits "{query.text}": {OTHER_KIND}, for {unlike[0]}.')
    return [
        Found(label, {index: mask for index in item.track.seen
                      if (mask := item.track.mask(index)) is not None},
              item.frames, item.score)
        for item in kept], notes


@dataclass(frozen=True, eq=False)
class _Rated:
    score: float
    track: Track
    frames: Mapping[int, float]
    extent: Extent | None
    told: bool


def _rated(
    scene: Scene, query: ObjectQuery, tracks: list[Track], unlike: list[str],
) -> list[_Rated]:
    """Tracks with their scores, best first; why others can't be what is meant goes to `unlike`."""
    extents = [one.extent for one in tracks]
    sizes = size_scores(query.size, extents) if query.size else [1.0] * len(tracks)
    rated = []
    for one, extent, size in zip(tracks, extents, sizes):
        common = size * form_score(query.shape, extent) * _setting(query, one, scene.floors)
        if common < MIN_SCORE:
            continue
        like = _likeness(scene, query, one)
        if like is not None and like.why_not:
            unlike.append(like.why_not)
            continue
        untold = like is None or not like.told
        common *= _form(query, one, extent, scene.registered and untold)
        if common < MIN_SCORE:
            continue
        common *= _persistence(scene, one)
        whole = one.whole_size_m2
        frames = {}
        for index, parts in one.seen.items():
            share = 1.0
            if query.colours:
                weights = [part.area for part in parts]
                share = float(np.average([part.colour for part in parts], weights=weights))
            shown = _shown(parts, whole)
            frames[index] = float(
                common * min(1.0, share / 0.75) * _area_trust(query, parts) * (0.5 + 0.5 * shown))
        overall = float(np.mean(sorted(frames.values(), reverse=True)[:5]))
        rated.append(_Rated(overall, one, frames, extent, like is None or like.told))
    return sorted(rated, key=lambda item: -item.score)


def _is_line(extent: Extent | None) -> bool:
    """Whether it is no thing of its own, for it is as thin as a line."""
    return extent is not None and max(extent.width, extent.height) < _LINE_M


def _reunited(
    strong: list[_Rated], scene: Scene, notes: list[str],
) -> list[Track] | None:
    """Tracks of one thing that moved, joined; None when none did."""
    joined: list[Track] = []
    changed = False
    for one in sorted((item.track for item in strong), key=lambda track: min(track.seen)):
        for other in joined:
            moved_m = has_moved(other, one, scene.views)
            if math.isfinite(moved_m):
                notes.append(
                    f'One thing moved by about {moved_m:.2f} m between frames {max(other.seen)} '
                    f'and {min(one.seen)}; use its points frame by frame.')
                other.take(one)
                changed = True
                break
        else:
            joined.append(one)
    return joined if changed else None


def _likeness(scene: Scene, query: ObjectQuery, one: Track) -> Likeness | None:
    """Whether it can be what the noun says; None where nothing tells."""
    if query.noun not in USUAL or query.unread:
        return None
    return likeness(query.noun, sides_of(one, scene.views))


def _formless(scene: Scene, tracks: list[Track]) -> str:
    """Why forms do not speak for what was found."""
    if not any(scene.views[index].geometry is not None for one in tracks for index in one.seen):
        return 'without depth, its form is not seen'
    return 'too little of its form shows'


def _form(query: ObjectQuery, one: Track, extent: Extent | None, untold: bool) -> float:
    """How well a form fits, but for `form_score`; by its solid where its sides told nothing."""
    form = solid_score(query.shape, one.shape_points) if untold else 1.0
    if query.shape is not None and not query.colours:
        fit = form * form_score(query.shape, extent)
        form *= min(1.0, max(0.0, (fit - _UNLIKE) / (1.0 - _UNLIKE)))  # nothing else speaks for it
    flat = extent is not None and extent.height < 0.012
    if flat and query.shape is None and not query.plural:
        form *= 0.75  # a thing with a name of its own is rarely as thin as paper
    return 0.9 * form if query.unread else form


def _setting(query: ObjectQuery, one: Track, floors: frozenset[tuple[int, int]]) -> float:
    """How much it looks like a thing of its own: set off from what is round it, and standing."""
    hued = _is_hued(query)
    separation = one.mean('separation')
    setting = 0.55 + 0.45 * one.mean('isolation')
    setting *= 0.7 + 0.3 * separation if hued else 0.1 + 0.9 * separation
    if hued and query.shape in BODIES and separation < _PATCH:
        setting *= 0.5
    if not hued and query.shape != 'furniture':
        setting *= 0.6 + 0.4 * min(1.0, 2.0 * one.mean('grounded'))
    low = [c.low_m for c in one.candidates]
    standing = [not value > 0.08 for value in low if math.isfinite(value)]
    if query.shape != 'furniture' and query.support is None:
        if not standing or not any(c.surface >= 0 for c in one.candidates):
            setting *= 0.85 if hued else 0.7
        elif not any(standing):
            setting *= 0.8 if hued else 0.5  # hangs, or is a part of something tall
        elif not hued and all((c.frame, c.surface) in floors for c in one.candidates):
            setting *= 0.75  # small things are mostly kept on raised surfaces
    return setting


def _persistence(scene: Scene, one: Track) -> float:
    """Less for what shows in far fewer frames than it should."""
    if not scene.shared_world or len(scene.views) < 3 or len(one.points) < 10:
        return 1.0
    expected = 0.0
    for index, view in scene.views.items():
        if index in one.seen:
            expected += 1.0
        elif view.geometry is not None:
            expected += expected_in(view, one.points) > 0.8
    often = 1.0 - 0.3 / len(one.seen) if len(one.seen) < 4 and len(scene.views) > 4 else 1.0
    return often * float(min(1.0, 0.4 + 0.6 * 2.0 * len(one.seen) / max(1.0, expected)))


def _shown(parts: list[Candidate], whole_m2: float) -> float:
    """Share of the thing that one frame shows."""
    size = sum(part.size_m2 for part in parts)
    if not math.isfinite(size) or not whole_m2 > 0 or not any(part.cut for part in parts):
        return 1.0
    return float(min(1.0, size / whole_m2))


def _area_trust(query: ObjectQuery, parts: list[Candidate]) -> float:
    """Less for a few pixels; a thing without a hue of its own must show more of itself."""
    height, width = parts[0].piece.shape
    share = sum(part.area for part in parts) / (height * width)
    enough = 0.0015 if _is_hued(query) else 0.015
    return float(0.5 + 0.5 * min(1.0, math.sqrt(share / enough)))


def _is_hued(query: ObjectQuery) -> bool:
    return bool(query.colours) and not all(colour.is_neutral(name) for name in query.colours)


def _ranked(scene: Scene, rank: str, rated: list[_Rated]) -> list[_Rated]:
    fitting = [item for item in rated if item.score >= max(MIN_SCORE, 0.6 * rated[0].score)]
    if not fitting:
        return rated
    sign = -1.0 if rank in ('largest', 'highest', 'farthest', 'right') else 1.0

    def value(item: _Rated) -> float:
        extent = item.extent
        if rank in ('left', 'right'):
            return float(np.mean(item.track.candidates[0].piece.indices()[1]))
        if extent is None:
            return float(sum(c.area for c in item.track.candidates))
        if rank in ('largest', 'smallest'):
            return extent.volume
        if rank in ('highest', 'lowest'):
            return extent.height
        last = list(scene.views.values())[-1].geometry
        eye = last.pose[:3, 3] if last is not None else np.zeros(3)
        return float(np.linalg.norm(extent.center - eye))

    return [min(fitting, key=lambda item: sign * value(item))]
