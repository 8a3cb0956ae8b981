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


"""A data set from a folder of frames and the questions that a person wrote down for it.

`questions.yaml` has a list `questions`, see `folder_questions`; without that file, the table
question | answer | tolerance of the folder's README.md is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.folder_questions import BagFile, questions_of, read_listed
from spatialclaw_ros.eval.frame_folder import FrameFolder, read_frames
from spatialclaw_ros.eval.records import Bag, Folder, Media, Question, Said, Score
from spatialclaw_ros.eval.scoring import score_typed
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.sim.folder import Reference, parse_references
from spatialclaw_ros.workspace.observation import Observation

QUESTIONS_FILE, README_FILE = 'questions.yaml', 'README.md'
# as many as the node looks at for a query
BAG_FRAMES = 16
_NOTE = re.compile(r'\s*\([^()]*\)\s*$')


class FolderSet:
    """Questions about a folder of real frames, or about a bag that its questions.yaml names.

    Args:
        path: the folder.

    Raises:
        InvalidRequestError: its poses.json is missing or malformed, or its questions.yaml.
    """

    sheet = Sheet(
        name='folder', title='Frames of a folder', home='', licence='that of the folder',
        count=0, media='frames',
        score='numbers within their tolerance, else 2 cm or 3 %; counts, options, yes/no equal',
        files=('questions.yaml: questions with their answers; or README.md with a table of them',
               'poses.json: intrinsics and poses; `spatialclaw eval record` writes it',
               'frame-NNNNNN.color.jpg, frame-NNNNNN.depth.png: images, depth in millimetres',
               'a rosbag2 folder instead of both, where questions.yaml names it as `bag`'),
        typed=True)

    def __init__(self, path: Path) -> None:
        self.path = path
        listed = path / QUESTIONS_FILE
        self._listed = read_listed(listed) if listed.is_file() else None
        self._source = self._find_source()
        self._seen: tuple[Media, Observation] | None = None

    def _find_source(self) -> FrameFolder | BagFile:
        listed = self._listed
        if listed is None or not listed.bag:
            return read_frames(self.path)
        bag = self.path / listed.bag
        if not bag.exists():
            raise InvalidRequestError(
                f'{self.path / QUESTIONS_FILE} names the bag {bag}, which is not there')
        return BagFile(bag, str(self.path / listed.cameras) if listed.cameras else '')

    def questions(self) -> Sequence[Question]:
        """Those of questions.yaml, else of the README's table.

        Raises:
            InvalidRequestError: there are none, or one is not as `Entry` has it.
        """
        listed, readme = self.path / QUESTIONS_FILE, self.path / README_FILE
        if self._listed is not None:
            found = questions_of(self._listed, listed, self._source)
        elif readme.is_file():
            references = parse_references(readme.read_text(encoding='utf-8'))
            found = tuple(self._of_reference(each, number)
                          for number, each in enumerate(references, start=1))
        else:
            found = ()
        if not found:
            raise InvalidRequestError(
                f'{self.path} has no questions: write them down in {listed}, a list `questions` '
                'whose entries have `question` and `answer`, or in a table question | answer | '
                f'tolerance in {readme}')
        return found

    def _of_reference(self, reference: Reference, number: int) -> Question:
        is_length = reference.value is not None
        return Question(
            id=str(number), text=reference.text, media=(Folder(path=str(self.path)),),
            answer='number' if is_length else 'text', unit='m' if is_length else '',
            truth=reference.value if is_length else _NOTE.sub('', reference.answer),
            category='reference', facts={} if reference.tolerance_m is None else {
                'tolerance': reference.tolerance_m})

    def observe(self, question: Question) -> Observation:
        """The frames of a question; those of the last one are kept."""
        (media,) = question.media
        if self._seen is None or self._seen[0] != media:
            self._seen = media, self._observe(media)
        return self._seen[1]

    def _observe(self, media: Media) -> Observation:
        if isinstance(media, Bag):
            from spatialclaw_ros.eval.record import look_at_bag
            return look_at_bag(
                Path(media.path), count=BAG_FRAMES, seconds=media.window_s, at_s=media.at_s,
                ros_arguments=('--params-file', media.cameras) if media.cameras else ())
        assert isinstance(media, Folder)
        assert isinstance(self._source, FrameFolder)
        return self._source.observe(media.frames)

    def score(self, question: Question, said: Said) -> Score:
        """By type, see `scoring.score_typed`."""
        return score_typed(question, said)

    def perception(self, question: Question) -> Perception | None:
        """None: what is configured perceives."""
        return None
