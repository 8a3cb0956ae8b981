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


"""MMSI-Video-Bench: one or several videos, as frames taken out of them, and reference pictures."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import HUGGING_FACE, LETTER_HINT, Benchmark, Rules
from spatialclaw_ros.eval.benchmarks.rows import Row, json_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Frames, Media, Question

FILE = 'mmsivideo.json'
MARK = '<image>'
REFERENCES_HINT = 'Reference image #N is the camera image_N.'


class MmsiVideo(Benchmark):
    """`rbler/MMSI-Video-Bench`: what the model sees are the published frames."""

    sheet = Sheet(
        name='mmsi-video', title='MMSI-Video-Bench',
        home=f'{HUGGING_FACE}rbler/MMSI-Video-Bench',
        licence='not stated (a third party\'s copy on the web: cc-by-4.0)', count=0,
        media='frames', score='exact letter',
        files=(f'{FILE}: questions', 'frames/: frames of the videos',
               'ref_images/: reference pictures'))
    rules = Rules('mmsi_video')

    def read(self) -> Iterator[Question]:
        """Items of the list."""
        for row in json_rows(self.file(FILE)):
            references = row.texts('ref_images')
            media: list[Media] = list(self._videos(row))
            if references:
                media.append(self.pictures(*references, under='ref_images'))
            options = row.options('options')
            yield Question(
                id=row.text('id'), text=with_references(row.text('ori_question'), len(references)),
                media=tuple(media), options=options, answer='letter',
                truth=row.letter('ground_truth'),
                # as its authors write it in the paper
                category=row.text('type').replace('Memoery', 'Memory'),
                hint=f'{LETTER_HINT} {REFERENCES_HINT}' if references else LETTER_HINT,
                tags={'videos': str(len(media) - bool(references))})

    def _videos(self, row: Row) -> Iterator[Frames]:
        lists, videos = row.get('frames_list'), row.maybe('video_list') or []
        if not isinstance(lists, list) or not all(isinstance(each, list) for each in lists):
            raise row.wrong('frames_list', 'a list of lists of paths', lists)
        for place, names in enumerate(lists):
            duration_s = 0.0
            if len(videos) == len(lists):
                part = videos[place]
                try:
                    duration_s = max(0.0, float(part['end']) - float(part['start']))
                except (KeyError, TypeError, ValueError) as error:
                    raise row.wrong('video_list', 'items with start and end in seconds',
                                    part) from error
            yield Frames(paths=tuple(self.inside('frames', str(name)) for name in names),
                         duration_s=duration_s)


def with_references(text: str, references: int) -> str:
    """A question whose picture marks are numbered, where there are as many as pictures."""
    if not references or text.count(MARK) != references:
        return text
    for number in range(1, references + 1):
        text = text.replace(MARK, f'[reference image #{number}]', 1)
    return text
