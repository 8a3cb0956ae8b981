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


"""Pictures and videos as observations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from published import EMBEDDED, embedded, images, png, put, put_table, put_video

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval import pictures, video
from spatialclaw_ros.eval.media import (
    NO_COMMON_CLOCK,
    NO_PRIORS,
    NO_TIMES,
    observe_media,
)
from spatialclaw_ros.eval.records import (
    Frames,
    Images,
    Media,
    Simulated,
    TableImage,
    Video,
)
from spatialclaw_ros.eval.tables import picture_counts
from spatialclaw_ros.eval.video import VideoFile

COUNT = 21


@pytest.fixture(scope='module')
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('media')
    put_video(folder / 'v.mp4', COUNT)
    put_video(folder / 'w.mp4', 3)
    put(folder / 'large.png', png(1600, 400))
    for number in range(3):
        put(folder / f'{number}.png', png(6, 4, (20 * number,) * 3))
    put(folder / 'bad.png', b'no picture')
    put(folder / 'bad.mp4', b'no video')
    put_table(folder / 't.parquet', [
        {'list': embedded(png(), png(8, 8)), 'bytes': [png(2, 2)], 'one': None},
        {'list': [], 'bytes': [], 'one': embedded(png())[0]},
        {'list': None, 'bytes': None, 'one': None},
        {'list': embedded(png(5, 5)), 'bytes': [png(), png(3, 3)], 'one': embedded(png(7, 7))[0]},
    ], {'list': pa.list_(EMBEDDED), 'bytes': pa.list_(pa.binary()), 'one': EMBEDDED})
    whole = (folder / 't.parquet').read_bytes()
    half = len(whole) // 2
    (folder / 'cut.parquet').write_bytes(whole[:8] + bytes(half) + whole[8 + half:])
    return folder


def greys(observation) -> list[int]:
    return [round(float(frame.image.mean()) / 10) for frame in observation.frames]


@pytest.mark.parametrize(('options', 'places'), [
    ({}, range(COUNT)),
    ({'start_s': 0.5, 'end_s': 0.8}, [5, 6, 7, 8]),
    ({'start_s': 1.8}, [18, 19, 20]),
    ({'max_fps': 4.0}, [0, 2, 5, 8, 10, 12, 15, 18, 20]),  # round(i * 10 / 4)
    ({'max_fps': 1.0, 'start_s': 0.3}, [3, 13]),
    ({'max_fps': 30.0, 'end_s': 0.1}, [0, 1]),
])
def test_frames_of_a_video(there: Path, options: dict, places: list[int]) -> None:
    observation = observe_media([Video(path=str(there / 'v.mp4'), **options)])
    assert greys(observation) == list(places)
    assert [frame.stamp_s for frame in observation.frames] == pytest.approx(
        [place / 10 for place in places])
    assert observation.cameras == ('video_1',)
    assert observation.missing == (NO_PRIORS,)


def test_what_is_too_long_is_thinned_and_says_so(there: Path) -> None:
    videos = [Video(path=str(there / name)) for name in ('v.mp4', 'w.mp4')]
    observation = observe_media(videos, max_frames=8)
    assert greys(observation) == [0, 5, 10, 15, 20, 0, 1, 2]
    assert [frame.camera for frame in observation.frames] == ['video_1'] * 5 + ['video_2'] * 3
    stamps = [frame.stamp_ns for frame in observation.frames]
    assert stamps == sorted(set(stamps))
    assert observation.missing == (
        NO_PRIORS, NO_COMMON_CLOCK, 'all frames of video_1: 5 of 21 are held, evenly chosen')


def test_pictures_are_cameras_of_their_own(there: Path) -> None:
    observation = observe_media([images(there, 'large.png', '2.png')], max_edge=800)
    assert [frame.image.shape for frame in observation.frames] == [(200, 800, 3), (4, 6, 3)]
    assert observation.frames[0].image[0, 0].tolist() == [200, 20, 10]
    assert observation.cameras == ('image_1', 'image_2')
    assert [frame.stamp_s for frame in observation.frames] == [0.0, 1.0]
    assert observation.missing == (NO_PRIORS, NO_TIMES)
    assert all(frame.depth_m is None and frame.intrinsics is None and frame.T_world_camera is None
               for frame in observation.frames)


@pytest.mark.parametrize(('duration_s', 'stamps_s', 'missing'), [
    (4.0, [0.0, 2.0, 4.0, 5.0], (NO_PRIORS, NO_TIMES, NO_COMMON_CLOCK)),
    (0.0, [0.0, 1.0, 2.0, 3.0], (NO_PRIORS, NO_TIMES, NO_COMMON_CLOCK)),
])
def test_frames_with_a_picture(
    there: Path, duration_s: float, stamps_s: list[float], missing: tuple[str, ...],
) -> None:
    paths = tuple(str(there / f'{number}.png') for number in range(3))
    observation = observe_media(
        [Frames(paths=paths, duration_s=duration_s), images(there, '1.png')])
    assert [frame.image[0, 0, 0] for frame in observation.frames] == [0, 20, 40, 20]
    assert [frame.stamp_s for frame in observation.frames] == stamps_s
    assert observation.cameras == ('video_1', 'image_1')
    assert observation.missing == missing


def test_a_video_that_ends_early_says_so(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    promised = VideoFile.__init__

    def more_than_it_has(self: VideoFile, video: Video) -> None:
        promised(self, video)
        self.indices = [0, 1, 2, 3]

    monkeypatch.setattr(VideoFile, '__init__', more_than_it_has)
    observation = observe_media([Video(path=str(there / 'w.mp4'))])
    assert greys(observation) == [0, 1, 2]
    assert observation.missing[1:] == ('the end of video_1: 3 of 4 frames could be decoded',)


@pytest.mark.parametrize(('column', 'row', 'item', 'size'), [
    ('list', 0, 1, (8, 8)), ('list', 3, 0, (5, 5)), ('bytes', 0, 0, (2, 2)),
    ('bytes', 3, 1, (3, 3)), ('one', 1, 0, (2, 4)), ('one', 3, 0, (7, 7)),
])
def test_embedded_pictures(there: Path, column: str, row: int, item: int, size: tuple) -> None:
    picture = TableImage(path=str(there / 't.parquet'), row=row, column=column, item=item)
    [frame] = observe_media([Images(pictures=(picture,))]).frames
    assert frame.image.shape[:2] == size
    assert frame.image.dtype == np.uint8


def test_a_row_of_a_table_is_read_once_for_all_its_pictures(there: Path) -> None:
    before = pictures._cell.cache_info().misses
    place = [TableImage(path=str(there / 't.parquet'), row=0, column='list', item=item)
             for item in (0, 1, 0)]
    assert len(observe_media([Images(pictures=tuple(place))]).frames) == 3
    assert pictures._cell.cache_info().misses == before + 1


def test_a_container_that_claims_too_much_is_counted(
    there: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(video, 'MOST_FRAMES', COUNT - 1)
    assert len(VideoFile(Video(path=str(there / 'v.mp4')))) == COUNT


@pytest.mark.parametrize(('column', 'counts'), [
    ('list', [2, 0, 0, 1]), ('bytes', [1, 0, 0, 2]), ('one', [0, 1, 0, 1])])
def test_pictures_are_counted_without_them(there: Path, column: str, counts: list[int]) -> None:
    assert list(picture_counts(there / 't.parquet', column)) == counts


def of_table(row: int, column: str, item: int = 0, name: str = 't.parquet') -> Media:
    return Images(pictures=(TableImage(path=name, row=row, column=column, item=item),))


@pytest.mark.parametrize(('media', 'words'), [
    ((), 'neither pictures nor a video'),
    ((Images(pictures=()),), 'neither pictures nor a video'),
    ((Simulated(seed=1),), 'got Simulated'),
    ((images(Path(), 'gone.png'),), r'gone\.png is not there .*unpack'),
    ((images(Path(), 'bad.png'),), r'bad\.png holds 10 bytes that are no picture'),
    ((Video(path='gone.mp4'),), r'gone\.mp4 is not there'),
    ((Video(path='bad.mp4'),), r'bad\.mp4 can not be opened'),
    ((Video(path='v.mp4', start_s=9.0),), 'no frames from 9.0 s to its end: it has 21 at 10 Hz'),
    ((of_table(0, 'list', 2),), 'row 0, column list, picture 2: the row has 2 pictures'),
    ((of_table(0, 'one'),), r'expected bytes or \{bytes, path\}, got NoneType'),
    ((of_table(9, 'list'),), 'no row 9 with a column list'),
    ((of_table(0, 'other'),), 'no row 0 with a column other'),
    ((of_table(0, 'bytes', name='cut.parquet'),), r'cut\.parquet can not be read as Parquet'),
    ((of_table(0, 'list', name='gone.parquet'),), r'gone\.parquet can not be read'),
    ((of_table(0, 'list', name='bad.png'),), r'bad\.png can not be read as Parquet'),
])
def test_what_can_not_be_seen_is_said(
    there: Path, monkeypatch: pytest.MonkeyPatch, media: tuple[Media, ...], words: str,
) -> None:
    monkeypatch.chdir(there)
    with pytest.raises(InvalidRequestError, match=words):
        observe_media(media)
