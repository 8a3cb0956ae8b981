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


"""`tools.SAM3`: masks of objects by text, points or boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spatialclaw_ros.workspace.calls import JSON, ToolResult
from spatialclaw_ros.workspace.frames import FrameImage, InputImages
from spatialclaw_ros.workspace.masks import PerFrameMask
from spatialclaw_ros.workspace.scope import Scope
from spatialclaw_ros.workspace.teaching import Teaching, not_a_frame

PROMPT = """\
`tools.SAM3`: masks of objects; a short noun phrase finds every instance.
  `.segment_image_by_text(image, prompt, label=None)` (or `tools.SAM3(image, prompt)`)
  `.segment_image_by_box(image, box, label='object')` box (x0, y0, x1, y1) in pixels
  `.segment_image_by_points(image, points, point_labels, label='object')` labels 1 in, 0 out
  `.segment_video_by_text(prompts, labels=None, prompt_frame_idx=0, start_frame=None,
     end_frame=None, video_index=1)`: the same instance has the same number in all frames
  `.segment_video_by_box(box, label='object', prompt_frame_idx=None, start_frame=None,
     end_frame=None, video_index=1)`, `.segment_video_by_points(points, point_labels, ...)`
  `.is_object_exist(images, object_name)` bool
  Frame numbers are absolute; `end_frame` is included; `video_index` counts cameras from 1.
  They return a mask set: `.frame_indices`, `.labels`, `.scores` (F, N), `.num_frames`,
  `.num_objects` (0 when nothing fits: see `.notes`), `[f]` (N, H, W) bool,
  `.get_mask(frame, object=0)` (H, W), object by number or label,
  `.get_masked_points(recon, frame=None, object=0, min_confidence=0.02)` (K, 3) world points
  without NaN and edge errors, frame None for all, `.get_centroid_3d(recon, frame=None, object=0)`
  (3,), `.frames_with(object)` best first, `.select(object)`, `.visualize(frame)` picture."""


class SAM3(Teaching):
    """Callable as `tools.SAM3(image, prompt)`, and has the methods of `PROMPT`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __call__(
        self, image: Any, prompt: str | Sequence[str], label: str | None = None,
    ) -> PerFrameMask:
        """Segment an image, or all images of a list, by text."""
        return self.segment_image_by_text(image, prompt, label)

    def segment_image_by_text(
        self, image: Any, prompt: str | Sequence[str], label: str | None = None,
    ) -> PerFrameMask:
        """Masks of everything in an image that fits a text.

        Args:
            image: frame of InputImages, or any other picture (no depth then); a list of frames
                is segmented as a video.
            prompt: noun phrase ('red mug'), or several.
            label: name for what is found; the prompt when left out.
        """
        if isinstance(image, str):
            raise TypeError('the image comes first: segment_image_by_text(image, prompt)')
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        args = {'mode': 'text', 'prompts': prompts, 'labels': [label] if label else prompts}
        if isinstance(image, (InputImages, list, tuple)) and len(image) > 1:
            return self._frames(args, self._scope.frame_indices(image), {})
        return self._image(image, args, {})

    def segment_image_by_points(
        self, image: Any, points: Any, point_labels: Any = None, label: str = 'object',
    ) -> PerFrameMask:
        """Mask of the object under points.

        Args:
            image: frame, or another picture.
            points: (K, 2) pixels x, y.
            point_labels: (K,) 1 on the object, 0 beside it; all 1 when left out.
            label: name of the object.
        """
        return self._image(
            image, {'mode': 'points', 'labels': [label]}, _points(points, point_labels))

    def segment_image_by_box(
        self, image: Any, box: Any, label: str | Sequence[str] = 'object',
    ) -> PerFrameMask:
        """Mask of the object in a box.

        Args:
            image: frame, or another picture.
            box: (4,) pixels x0, y0, x1, y1, or (N, 4) for N objects.
            label: name of the object, or of each.
        """
        boxes = _boxes(box)
        return self._image(
            image, {'mode': 'box', 'labels': _labels(label, len(boxes))}, {'boxes': boxes})

    def segment_video_by_text(
        self, prompts: str | Sequence[str], labels: str | Sequence[str] | None = None,
        prompt_frame_idx: int = 0, start_frame: int | None = None, end_frame: int | None = None,
        video_index: int = 1,
    ) -> PerFrameMask:
        """Masks of everything that fits texts, tracked through a camera's frames.

        Args:
            prompts: noun phrases.
            labels: names, one per prompt; the prompts when left out.
            prompt_frame_idx: absolute frame to start from; 0 for the camera's first.
            start_frame: first absolute frame; the camera's first when left out.
            end_frame: last absolute frame, included.
            video_index: camera, from 1.
        """
        texts = [prompts] if isinstance(prompts, str) else list(prompts)
        names = texts if labels is None else (
            [labels] if isinstance(labels, str) else list(labels))
        if len(names) not in (1, len(texts)):
            raise ValueError(f'{len(names)} labels came for {len(texts)} prompts; give one each')
        frames = self._span(start_frame, end_frame, video_index)
        # 0 stands for the first frame of any camera
        prompt_frame = self._prompt_frame(prompt_frame_idx or frames[0], frames)
        return self._frames(
            {'mode': 'text', 'prompts': texts, 'labels': names, 'prompt_frame': prompt_frame,
             'video': True}, frames, {})

    def segment_video_by_points(
        self, points: Any, point_labels: Any = None, label: str = 'object',
        prompt_frame_idx: int | None = None, start_frame: int | None = None,
        end_frame: int | None = None, video_index: int = 1,
    ) -> PerFrameMask:
        """Mask of the object under points on one frame, tracked through the camera's frames."""
        frames = self._span(start_frame, end_frame, video_index)
        return self._frames(
            {'mode': 'points', 'labels': [label], 'video': True,
             'prompt_frame': self._prompt_frame(prompt_frame_idx, frames)},
            frames, _points(points, point_labels))

    def segment_video_by_box(
        self, box: Any, label: str | Sequence[str] = 'object',
        prompt_frame_idx: int | None = None, start_frame: int | None = None,
        end_frame: int | None = None, video_index: int = 1,
    ) -> PerFrameMask:
        """Mask of the object in a box on one frame, tracked through the camera's frames."""
        frames = self._span(start_frame, end_frame, video_index)
        boxes = _boxes(box)
        return self._frames(
            {'mode': 'box', 'labels': _labels(label, len(boxes)), 'video': True,
             'prompt_frame': self._prompt_frame(prompt_frame_idx, frames)},
            frames, {'boxes': boxes})

    def is_object_exist(self, images: Any, object_name: str) -> bool:
        """Whether an object is seen in an image, or in any of several."""
        self._scope.require('segment', 'tools.SAM3')
        if isinstance(images, (InputImages, list, tuple)) and all(
                isinstance(each, (FrameImage, int, np.integer)) for each in images):
            frames = self._scope.frame_indices(images)
            return self._exists({'frame_indices': frames, 'object_name': object_name}, {})
        for image in images if isinstance(images, (list, tuple)) else [images]:
            frame, picture = self._scope.frame_or_picture(image)
            args: dict[str, JSON] = {
                'frame_indices': [] if frame is None else [frame], 'object_name': object_name}
            if self._exists(args, {} if picture is None else {'image': picture}):
                return True
        return False

    def _exists(self, args: dict[str, JSON], arrays: dict[str, np.ndarray]) -> bool:
        return bool(self._scope.call('exists', args, arrays).values['exists'])

    def _span(self, start: int | None, end: int | None, video_index: int) -> list[int]:
        known = self._scope.video(video_index).frame_indices
        first = known[0] if start is None else int(start)
        last = known[-1] if end is None else int(end)
        if last < 0:
            last = known[-1] + 1 + last
        frames = [frame for frame in known if first <= frame <= last]
        if not frames:
            raise not_a_frame(first, known, f'video {video_index}')
        return frames

    def _prompt_frame(self, frame: int | None, frames: list[int]) -> int:
        if frame is None:
            return frames[0]
        if frame not in frames:
            raise not_a_frame(frame, frames, 'this video')
        return int(frame)

    def _image(
        self, image: Any, args: dict[str, JSON], arrays: dict[str, np.ndarray],
    ) -> PerFrameMask:
        if isinstance(image, (list, tuple)) and len(image) == 1:
            image = image[0]
        frame, picture = self._scope.frame_or_picture(image)
        if frame is not None:
            return self._frames({**args, 'prompt_frame': frame}, [frame], arrays)
        self._scope.require('segment', 'tools.SAM3')
        assert picture is not None
        result = self._scope.call(
            'segment', {**args, 'frame_indices': []},
            {**arrays, 'image': np.ascontiguousarray(picture)})
        return self._found(result, [0], picture)

    def _frames(
        self, args: dict[str, JSON], frames: list[int], arrays: dict[str, np.ndarray],
    ) -> PerFrameMask:
        self._scope.require('segment', 'tools.SAM3')
        result = self._scope.call('segment', {**args, 'frame_indices': frames}, arrays)
        return self._found(result, frames, None)

    def _found(
        self, result: ToolResult, frames: list[int], picture: np.ndarray | None,
    ) -> PerFrameMask:
        return PerFrameMask(
            masks={frame: result.arrays[f'masks_{frame}'] for frame in frames},
            labels=result.values['labels'], scores=result.arrays['scores'],
            notes=result.values.get('notes', ()), images=self._scope.images, picture=picture)

    def __repr__(self) -> str:
        return '<tools.SAM3: segment_image_by_text(image, prompt), ...>'


def _points(points: Any, point_labels: Any) -> dict[str, np.ndarray]:
    pixels = np.atleast_2d(np.asarray(points, dtype=np.float64))
    if pixels.ndim != 2 or pixels.shape[1] != 2 or not len(pixels):
        raise ValueError(f'points must be (K, 2) pixels x, y, got {np.shape(points)}')
    labels = np.ones(len(pixels), dtype=np.int64) if point_labels is None else np.atleast_1d(
        np.asarray(point_labels, dtype=np.int64))
    if labels.shape != (len(pixels),):
        raise ValueError(
            f'point_labels must be one 1 or 0 per point, got {labels.shape} for {len(pixels)}')
    return {'points': pixels, 'point_labels': labels}


def _boxes(box: Any) -> np.ndarray:
    boxes = np.atleast_2d(np.asarray(box, dtype=np.float64))
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes):
        raise ValueError(
            f'box must be (x0, y0, x1, y1) pixels, or (N, 4), got {np.shape(box)}')
    return boxes


def _labels(label: str | Sequence[str], count: int) -> list[str]:
    names = [label] if isinstance(label, str) else list(label)
    if len(names) not in (1, count):
        raise ValueError(f'{len(names)} labels came for {count} boxes; give one each')
    return names
