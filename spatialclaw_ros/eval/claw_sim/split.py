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



"""The questions of worlds: which families each world is asked for, ids, and an even slice.

`python -m spatialclaw_ros.eval.claw_sim.split > public.jsonl` makes the file of the public split,
for a new `VERSION`.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import islice

import msgspec

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.claw_sim.asked import Asked
from spatialclaw_ros.eval.claw_sim.families import families_for
from spatialclaw_ros.eval.claw_sim.hints import hint_for
from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.eval.claw_sim.version import VERSION
from spatialclaw_ros.eval.records import Question, Simulated
from spatialclaw_ros.sim.worlds.make import make_world
from spatialclaw_ros.sim.worlds.settings import SETTINGS, Setting

PUBLIC_FILE = 'public.jsonl'
PUBLIC_COUNT, PER_WORLD, PUBLIC_SLICE = 500, 8, 100
LEAST, MOST_WORLDS = 10, 600
"""Questions of a family for which further worlds are made, and how many worlds at most."""
PUBLIC_SETTINGS = (
    'realsense', 'kinect', 'robot', 'realsense', 'tof', 'tf_noise', 'realsense', 'perfect',
    'robot', 'no_tf', 'realsense', 'kinect', 'robot', 'realsense_2x', 'tof', 'pictures')
"""Setting of each world of the public split, in turn."""


@lru_cache(maxsize=1)
def public_split() -> tuple[Question, ...]:
    """The 500 public questions, as they were made once: all who ask them ask the same."""
    lines = files(__package__).joinpath(PUBLIC_FILE).read_bytes().splitlines()
    return tuple(msgspec.json.decode(line, type=Question) for line in lines)


def make_public(worlds: int | None = None) -> list[Question]:
    """Make the public questions anew: those of the file, as long as the generator is the same.

    Args:
        worlds: of the first so many worlds alone.
    """
    counts: Counter[str] = Counter()
    questions: list[Question] = []
    seed = 0
    while len(questions) < PUBLIC_COUNT and (worlds is None or seed < worlds):
        setting = PUBLIC_SETTINGS[seed % len(PUBLIC_SETTINGS)]
        questions += questions_of(seed, setting, counts)
        seed += 1
    questions = questions[:PUBLIC_COUNT]
    return questions if worlds is not None else _with_rare_ones(questions, seed)


def _with_rare_ones(questions: Sequence[Question], seed: int) -> list[Question]:
    """Further worlds' questions of families that have few, for the last of those that have most.

    Args:
        questions: what there is.
        seed: of the first world that nothing was asked about.
    """
    counts = Counter(question.category for question in questions)
    names = {name for setting in PUBLIC_SETTINGS for name in families_for(SETTINGS[setting])}
    more: list[Question] = []
    for further in range(seed, MOST_WORLDS):
        rare = {name for name in names if counts[name] < LEAST}
        setting = PUBLIC_SETTINGS[further % len(PUBLIC_SETTINGS)]
        more += questions_of(further, setting, counts, rare)
    kept = list(questions)
    for _ in more:
        most = max(counts, key=lambda name: counts[name])
        kept.remove(next(each for each in reversed(kept) if each.category == most))
        counts[most] -= 1
    return kept + more


def from_seeds(seeds: Iterable[int], setting: str = '') -> tuple[Question, ...]:
    """Questions about worlds of one's own seeds.

    Args:
        seeds: of the worlds.
        setting: of all of them; '' for those of the public split, in turn.
    """
    counts: Counter[str] = Counter()
    questions: list[Question] = []
    for number, seed in enumerate(seeds):
        questions += questions_of(
            seed, setting or PUBLIC_SETTINGS[number % len(PUBLIC_SETTINGS)], counts)
    return tuple(questions)


def questions_of(
    seed: int, setting: str, counts: Counter[str], only: Container[str] | None = None,
) -> list[Question]:
    """Questions about one world, of the families that were asked least so far.

    Args:
        seed: of the world.
        setting: name of what the cameras and TF are like.
        counts: questions of each family so far; counted on.
        only: families to ask; None for all.

    Raises:
        InvalidRequestError: there is no such setting.
    """
    if setting not in SETTINGS:
        raise InvalidRequestError(
            f'there is no setting {setting!r} of simulated worlds, there are {list(SETTINGS)}')
    told = SETTINGS[setting]
    families = {name: family for name, family in families_for(told).items()
                if only is None or name in only}
    if not families:
        return []
    known = Known(make_world(seed), has_tf=not told.without_tf, newest_alone=_lacks(told))
    order = sorted(families, key=lambda name: (counts[name], _chance(seed, name).random()))
    questions: list[Question] = []
    for name in order:
        for asked in islice(families[name](known, _chance(seed, name)), 1):
            questions.append(_record(known, seed, setting, name, asked))
            counts[name] += 1
        if len(questions) >= PER_WORLD:
            break
    return questions


def _lacks(setting: Setting) -> bool:
    """Whether a robot lacks something with which it joins pictures, or measures."""
    return setting.without_tf or setting.without_depth or setting.without_camera_info


def in_setting(questions: Iterable[Question], setting: str) -> tuple[Question, ...]:
    """Public questions as they are for other sensors, as far as their truth stays what it is.

    Args:
        questions: of the public split.
        setting: what all cameras and TF are like.

    Raises:
        InvalidRequestError: the setting leaves too little to answer the questions by.
    """
    told = SETTINGS[setting]
    if _lacks(told):
        raise InvalidRequestError(
            f'the questions of a split can\'t be asked in the setting {setting!r}: it takes away '
            'what their answers are known by; take seeds of your own')
    families = families_for(told)
    return tuple(
        msgspec.structs.replace(
            question, tags={**question.tags, 'setting': setting},
            media=tuple(msgspec.structs.replace(each, setting=setting)
                        for each in question.media if isinstance(each, Simulated)))
        for question in questions if question.category in families)


def _chance(seed: int, family: str) -> random.Random:
    return random.Random(f'claw-sim {VERSION} {seed} {family}')


def _record(known: Known, seed: int, setting: str, family: str, asked: Asked) -> Question:
    tags = {'setting': setting, 'scene': known.world.kind, **asked.tags}
    if asked.measure:
        tags |= {'measure': asked.measure, 'detail': asked.detail,
                 'about': ', '.join(asked.about)}
    return Question(
        id=f'claw-sim-{VERSION}-{seed:04d}-{family.replace(" ", "-")}', text=asked.text,
        media=(Simulated(seed=seed, setting=setting),), options=asked.options,
        answer=asked.answer, truth=asked.truth, unit=asked.unit, frame=asked.frame,
        category=family, hint=hint_for(asked.text), tags=tags,
        facts=known.facts(asked.about, asked.truth))


def even_slice(questions: Sequence[Question], count: int) -> tuple[Question, ...]:
    """Some of the questions, with all categories and all settings as evenly as they come.

    Args:
        questions: to choose from.
        count: how many; all when there are no more.
    """
    left = list(range(len(questions)))
    per: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    chosen: list[int] = []

    def rank(number: int) -> tuple[int, int, int, int]:
        category, setting = _group(questions[number])
        return per[category], per[setting], pairs[category, setting], number

    while left and len(chosen) < count:
        number = min(left, key=rank)
        left.remove(number)
        chosen.append(number)
        category, setting = _group(questions[number])
        per[category] += 1
        per[setting] += 1
        pairs[category, setting] += 1
    return tuple(questions[number] for number in sorted(chosen))


def _group(question: Question) -> tuple[str, str]:
    return question.category, f'setting {question.tags["setting"]}'


if __name__ == '__main__':
    for made in make_public():
        sys.stdout.buffer.write(msgspec.json.encode(made) + b'\n')
