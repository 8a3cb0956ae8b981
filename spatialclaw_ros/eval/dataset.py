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


"""What a data set is to those who ask and score: questions, what is seen, and its own rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from spatialclaw_ros.eval.records import Question, Said, Score
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.workspace.observation import Observation


@dataclass(frozen=True)
class Sheet:
    """What a person should know of a data set before using it.

    Args:
        name: as in a configuration.
        title: as its authors call it.
        home: where it is published.
        licence: as its authors state it; 'not stated' where nobody does.
        count: how many questions it has as published; 0 when unknown, or as many as you like.
        media: 'image', 'images', 'video', 'videos', 'frames' or 'simulated'.
        score: its own rule, in a few words.
        files: what is needed in its folder, one line each: path, then what it is.
        typed: whether a question says what its answer must be (a number, a point, one of the
            options), as a robot's does; otherwise it is asked as text, with hint and lettered
            options, as public benchmarks are.
        version: of its questions and truths, where those who make it number them: results of
            another version can't be compared.
    """

    name: str
    title: str
    home: str
    licence: str
    count: int
    media: str
    score: str
    files: tuple[str, ...] = ()
    typed: bool = False
    version: str = ''


class DataSet(Protocol):
    """Questions whose answers are known."""

    @property
    def sheet(self) -> Sheet:
        """What a person should know of it."""

    def questions(self) -> Sequence[Question]:
        """All of them, in the order of the published files.

        Raises:
            InvalidRequestError: a file is missing or not as published; the message says what to
                download and where it goes.
        """

    def observe(self, question: Question) -> Observation:
        """What is seen for a question; may be asked for again, and from several processes.

        Raises:
            InvalidRequestError: its media are missing or can't be read.
        """

    def score(self, question: Question, said: Said) -> Score:
        """How right an answer is, by the data set's own rule; never raises for what was said."""

    def perception(self, question: Question) -> Perception | None:
        """What perceives for this question instead of the configured backends; None for those.

        Who asks closes it when the question is answered.
        """
