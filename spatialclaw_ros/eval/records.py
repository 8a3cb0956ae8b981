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


"""A question of a data set, what was said to it, and how right that was: one record type for each.

Records are msgspec structs: checked where they are read, and a line of JSON each on disk.
"""

from __future__ import annotations

from typing import Literal

import msgspec

_AWAY = frozenset({'BACKBONE_UNAVAILABLE', 'PERCEPTION_UNAVAILABLE', 'CANCELED', 'BUSY',
                   'INACTIVE'})

AnswerKind = Literal['letter', 'number', 'count', 'yes_no', 'text', 'point', 'moves']


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
              omit_defaults=True):
    """What all records have in common."""


class ImageFile(_Record, frozen=True, kw_only=True, tag_field='kind', tag='file'):
    """A picture on disk, in any format that OpenCV reads."""

    path: str


class TableImage(_Record, frozen=True, kw_only=True, tag_field='kind', tag='table'):
    """A picture embedded in a Parquet file.

    Args:
        path: the Parquet file.
        row: counts from 0.
        column: holds bytes, `{bytes, path}`, or a list of either.
        item: place in that list.
    """

    path: str
    row: int
    column: str
    item: int = 0


class Images(_Record, frozen=True, kw_only=True, tag_field='kind', tag='images'):
    """Pictures without a common time, in their order."""

    pictures: tuple[ImageFile | TableImage, ...]


class Video(_Record, frozen=True, kw_only=True, tag_field='kind', tag='video'):
    """A video file, or a part of it.

    Args:
        path: in a format that OpenCV reads.
        start_s: where the part begins, seconds.
        end_s: where it ends; None for the video's end.
        max_fps: frames are thinned to this rate, Hz; None keeps the video's own.
    """

    path: str
    start_s: float = 0.0
    end_s: float | None = None
    max_fps: float | None = None


class Frames(_Record, frozen=True, kw_only=True, tag_field='kind', tag='frames'):
    """A video as pictures that were taken out of it beforehand.

    Args:
        paths: in time order.
        duration_s: from the first to the last; 0 when unknown.
    """

    paths: tuple[str, ...]
    duration_s: float = 0.0


class Folder(_Record, frozen=True, kw_only=True, tag_field='kind', tag='folder'):
    """RGB-D frames with poses, as `sim.folder` reads them.

    Args:
        path: the folder.
        frames: names of those that are looked at; empty for all.
    """

    path: str
    frames: tuple[str, ...] = ()


class Bag(_Record, frozen=True, kw_only=True, tag_field='kind', tag='bag'):
    """A rosbag (MCAP or SQLite), looked at as the node would at a moment.

    Args:
        path: the bag's folder or file.
        at_s: seconds from its beginning; None for its end.
        window_s: images so much older are looked at, too.
        cameras: a YAML file with the cameras' parameters; '' for those that the bag tells.
    """

    path: str
    at_s: float | None = None
    window_s: float = 5.0
    cameras: str = ''


class Simulated(_Record, frozen=True, kw_only=True, tag_field='kind', tag='simulated'):
    """A scene that is made from a seed.

    Args:
        seed: of the scene.
        setting: name of what the cameras' noise and TF are like.
    """

    seed: int
    setting: str = ''


Media = Images | Video | Frames | Folder | Bag | Simulated


class Question(_Record, frozen=True, kw_only=True):
    """One question of a data set.

    Args:
        id: unique in the data set; the name of its trace.
        text: as it is asked.
        media: what is looked at; several videos stay apart.
        options: texts to choose from; empty where they are part of `text` or there are none.
        answer: kind of the answer. 'moves' is SPAR's "move_right:0.3, turn_left:20".
        truth: a letter, a number, yes or no (a boolean), a text, or a point (3 numbers); None where
            only a refusal is right.
        unit: SI unit of a number or a point; '' for none, or where the data set states none.
        frame: TF frame of a point; '' for the node's default.
        category: as the data set names its kinds.
        hint: what the data set tells about the form of the answer; asked with the question.
        tags: what else a report may group by: `difficulty`, `subset`, ...
        facts: numbers that a report may plot against: `distance_m`, `views`, ...
        counts: whether its points are in the mean; a data set that has no rule for it says no.
    """

    id: str
    text: str
    media: tuple[Media, ...]
    options: tuple[str, ...] = ()
    answer: AnswerKind = 'text'
    truth: str | float | bool | tuple[float, ...] | None = None
    unit: str = ''
    frame: str = ''
    category: str = ''
    hint: str = ''
    tags: dict[str, str] = {}
    facts: dict[str, float] = {}
    counts: bool = True


class Said(_Record, frozen=True, kw_only=True):
    """What came back to a question.

    Args:
        status: name of a `workspace.question.Status`.
        text: the answer for a person, or the model's own text; '' without one.
        value: the typed answer; None without one.
        unit: of a number or point.
        sigma: its standard deviation in `unit`; None when unknown.
        frame: of a point.
        message: why there is no answer.
        scale_source: what the metres rest on.
        notes: what the tools assumed or missed.
    """

    status: str
    text: str = ''
    value: str | float | bool | tuple[float, ...] | None = None
    unit: str = ''
    sigma: float | None = None
    frame: str = ''
    message: str = ''
    scale_source: str = ''
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether it looked, and could not tell: neither an answer nor a failure."""
        return self.status == 'REFUSED'

    @property
    def away(self) -> bool:
        """Whether a server was away, or the query was ended from outside: no word on the question.

        Such a question is asked again when its run goes on.
        """
        return self.status in _AWAY

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self.status == 'OK'


class Score(_Record, frozen=True, kw_only=True):
    """How right an answer was.

    Args:
        points: 0 to 1, what the data set's own rule gives; None leaves it out of the mean.
        right: whether it is right for a person who acts on it: within the tolerance of a number,
            the right option, a refusal where there was nothing to tell.
        read: the answer as it was understood; None when it could not be.
        error: answer minus truth in the question's unit, or the distance of two points; None where
            that means nothing.
    """

    points: float | None
    right: bool
    read: str | float | bool | tuple[float, ...] | None = None
    error: float | None = None


class Tokens(_Record, frozen=True, kw_only=True):
    """What a model read and wrote."""

    prompt: int = 0
    completion: int = 0


class Result(_Record, frozen=True, kw_only=True):
    """What became of one question.

    Args:
        id: the question's.
        said: what came back.
        score: how right it was.
        steps: cells that ran.
        times_s: seconds by part: 'observe', 'total' and what `Session.timings` has.
        tokens: of the backbone.
        trace: folder of the trace, relative to the run's; '' when there is none.
        attempts: how often it was asked until an answer could be written down.
    """

    id: str
    said: Said
    score: Score
    steps: int = 0
    times_s: dict[str, float] = {}
    tokens: Tokens = Tokens()
    trace: str = ''
    attempts: int = 1

    def same_as(self, other: Result) -> bool:
        """Whether two runs came to the same, whatever time they took."""
        return (self.id, self.said, self.score, self.steps) == (
            other.id, other.said, other.score, other.steps)
