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


"""What is seen for a question of pictures or videos: an observation without any robot's facts.

Sizes and the number of frames that a model sees follow the SpatialClaw paper (arXiv 2606.13673): a
long edge of at most 768 pixels, aspect kept; several videos stay apart; the kernel holds the
sequence. Of a long one it holds `MAX_FRAMES`, evenly chosen, for memory's sake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from spatialclaw_ros.agent.key_frames import evenly, shares
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.pictures import read_image_file, read_picture
from spatialclaw_ros.eval.records import Frames, ImageFile, Images, Media, TableImage, Video
from spatialclaw_ros.eval.video import VideoFile
from spatialclaw_ros.workspace.observation import Frame, Observation

MAX_EDGE = 768
MAX_FRAMES = 512
APART_S = 1.0
SECOND_NS = 1_000_000_000

NO_PRIORS = 'depth, CameraInfo and TF: these are pictures without a robot'
NO_TIMES = 'times of the pictures: they are stamped 1 s apart, in their order'
NO_COMMON_CLOCK = 'a clock common to all videos and pictures: they are stamped one after the other'


class _Sequence(Protocol):
    """Pictures of one camera."""

    def __len__(self) -> int: ...

    def read(self, places: Sequence[int], max_edge: int) -> Iterator[tuple[float, np.ndarray]]:
        """Seconds from its beginning and picture of the frames at these places."""


class _Picture:
    """One picture, a camera of its own: pictures share neither time nor size."""

    def __init__(self, picture: ImageFile | TableImage) -> None:
        self._picture = picture

    def __len__(self) -> int:
        return 1

    def read(self, places: Sequence[int], max_edge: int) -> Iterator[tuple[float, np.ndarray]]:
        for _ in places:
            yield 0.0, read_picture(self._picture, max_edge)


class _FrameFiles:
    """A video whose frames were taken out beforehand."""

    def __init__(self, frames: Frames) -> None:
        self._paths = frames.paths
        last = len(frames.paths) - 1
        self._step_s = frames.duration_s / last if frames.duration_s > 0 and last else APART_S

    def __len__(self) -> int:
        return len(self._paths)

    def read(self, places: Sequence[int], max_edge: int) -> Iterator[tuple[float, np.ndarray]]:
        for place in places:
            yield place * self._step_s, read_image_file(self._paths[place], max_edge)


def observe_media(
    media: Sequence[Media], *, max_edge: int = MAX_EDGE, max_frames: int | None = MAX_FRAMES,
) -> Observation:
    """Pictures, videos and frames as one observation, in their order.

    A picture is the camera `image_N`, a video or its frames `video_N`, both counted from 1. Stamps
    are the video's own time; what has none is stamped a second apart.

    Args:
        media: `Images`, `Video` and `Frames`.
        max_edge: the long edge of larger pictures, pixels.
        max_frames: frames that are held, shared among the videos; what is left out stands in
            `missing`. None for no bound: a minute at 30 Hz and 768x432 takes 1.8 GB.

    Raises:
        InvalidRequestError: a file is not there or can't be decoded, or there is nothing to see.
        DependencyError: a picture lies in a Parquet file, and pyarrow is not installed.
    """
    sequences = _sequences(media)
    if not sequences:
        raise InvalidRequestError('the question has neither pictures nor a video')
    held = shares([len(each) for each in sequences.values()], max_frames or sum(
        len(each) for each in sequences.values()))
    frames: list[Frame] = []
    begin_s = 0.0
    missing = [NO_PRIORS, *_unclocked(media)]
    for (camera, sequence), count in zip(sequences.items(), held):
        if count < len(sequence):
            missing.append(f'all frames of {camera}: {count} of {len(sequence)} are held, evenly '
                           'chosen')
        if not count:
            continue
        before = len(frames)
        for stamp_s, image in sequence.read(evenly(len(sequence), count), max_edge):
            frames.append(Frame(
                len(frames), camera, round((begin_s + stamp_s) * SECOND_NS), '', image))
        came = len(frames) - before
        if came < count:
            missing.append(f'the end of {camera}: {came} of {count} frames could be decoded')
        begin_s = frames[-1].stamp_s + APART_S
    return Observation(tuple(frames), missing=tuple(missing))


def _sequences(media: Sequence[Media]) -> dict[str, _Sequence]:
    sequences: dict[str, _Sequence] = {}
    pictures = videos = 0
    for each in media:
        if isinstance(each, Images):
            for picture in each.pictures:
                pictures += 1
                sequences[f'image_{pictures}'] = _Picture(picture)
            continue
        videos += 1
        if isinstance(each, Video):
            sequences[f'video_{videos}'] = VideoFile(each)
        elif isinstance(each, Frames):
            sequences[f'video_{videos}'] = _FrameFiles(each)
        else:
            raise InvalidRequestError(
                f'pictures, videos and frames can be looked at here, got {type(each).__name__}')
    return sequences


def _unclocked(media: Sequence[Media]) -> Iterator[str]:
    if any(isinstance(each, Images) or (isinstance(each, Frames) and not each.duration_s)
           for each in media):
        yield NO_TIMES
    if len(media) > 1:
        yield NO_COMMON_CLOCK
