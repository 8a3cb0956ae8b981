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


"""ViewSpatial-Bench: directions as a camera or a person in the picture has them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.benchmarks.base import HUGGING_FACE, LETTER_HINT, Benchmark, Rules
from spatialclaw_ros.eval.benchmarks.rows import json_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Images, Question

FILE = 'ViewSpatial-Bench.json'
PREFIX = 'ViewSpatial-Bench/'

logger = logging.getLogger(__name__)


class ViewSpatial(Benchmark):
    """`lidingm/ViewSpatial-Bench`: what lacks a picture is left out, as its paper's loaders do."""

    sheet = Sheet(
        name='viewspatial', title='ViewSpatial-Bench',
        home=f'{HUGGING_FACE}lidingm/ViewSpatial-Bench',
        licence='apache-2.0 (read on its web page)', count=5712, media='images',
        score='exact letter',
        files=(f'{FILE}: questions', 'scannetv2_val/, val2017/: pictures'))
    rules = Rules('viewspatial')

    def read(self) -> Iterator[Question]:
        """Items of the list whose pictures are there; an item's place is its id."""
        file = self.file(FILE)
        left_out = read = 0
        for row in json_rows(file):
            names = [name.removeprefix(PREFIX) for name in row.texts('image_path')]
            media = self.pictures(*names)
            if not _are_there(media):
                left_out += 1
                continue
            read += 1
            yield Question(
                id=str(row.number), text=row.text('question'), media=(media,),
                options=row.lines('choices'), answer='letter',
                truth=row.letter('answer'), category=row.text('question_type'),
                hint=LETTER_HINT)
        if left_out and not read:
            raise InvalidRequestError(
                f'the pictures of {file} are not there, not one of {left_out}. {self.where}')
        if left_out:
            logger.warning('%s: %d of %d questions are left out, for a picture of theirs is not '
                           'there', file, left_out, left_out + read)


def _are_there(media: Images) -> bool:
    return all(Path(picture.path).is_file() for picture in media.pictures)
