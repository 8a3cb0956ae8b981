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


"""`InputImages`: the frames of a query as a cell sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from PIL import Image

from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.teaching import nearest_names, not_a_frame


class FrameImage(Image.Image):
    """A frame that is a PIL image: pixels are copied into PIL only when PIL needs them.

    Attributes:
        array: (H, W, 3) uint8 RGB, read-only, shared memory.
        frame_index: absolute index of the frame.
        camera: name of the camera.
        stamp_s: ROS time of the image in seconds.
        frame_id: TF name of the camera's optical frame.
    """

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        array = frame.image.view()
        array.setflags(write=False)
        self.array = array
        self.frame_index = frame.index
        self.camera = frame.camera
        self.stamp_s = frame.stamp_s
        self.frame_id = frame.frame_id
        self._size = (array.shape[1], array.shape[0])
        self._mode = 'RGB'
        if not self.mode:  # Pillow before 10.1 keeps the mode in a plain attribute
            self.__dict__['mode'] = 'RGB'
        self._filled = False
        self.readonly = 1

    def load(self) -> Any:
        """Copy the pixels into PIL's own memory, once."""
        if not self._filled:
            self._filled = True
            self.im = Image.fromarray(np.ascontiguousarray(self.array)).im
        return super().load()

    def __copy__(self) -> Image.Image:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Image.Image:
        return self.copy()

    @property
    def drawn_on(self) -> bool:
        """Whether the PIL side was changed in place, by ImageDraw say."""
        return self._filled and not self.readonly

    @property
    def __array_interface__(self) -> dict[str, Any]:
        if self.drawn_on:
            return dict(super().__array_interface__)
        return dict(self.array.__array_interface__)

    def __repr__(self) -> str:
        return (f'<frame {self.frame_index} of {self.camera!r}, {self.width}x{self.height}, '
                f'{self.stamp_s:.3f} s>')

    def _repr_png_(self) -> None:
        return None


class InputImages(Sequence[FrameImage]):
    """Frames in time order; slices and index lists keep the type and the absolute indices."""

    def __init__(self, frames: Iterable[FrameImage]) -> None:
        self._frames = tuple(frames)

    @classmethod
    def of(cls, observation: Observation) -> InputImages:
        """All frames of an observation."""
        return cls(FrameImage(frame) for frame in observation.frames)

    @property
    def frame_indices(self) -> list[int]:
        """Absolute frame indices, a plain list."""
        return [frame.frame_index for frame in self._frames]

    @property
    def cameras(self) -> list[str]:
        """Names of the cameras, in order of their first frame here."""
        return list(dict.fromkeys(frame.camera for frame in self._frames))

    def camera(self, name: str) -> InputImages:
        """Frames of one camera.

        Raises:
            ValueError: no frame here is from that camera; the message names those there are.
        """
        frames = [frame for frame in self._frames if frame.camera == name]
        if not frames:
            raise ValueError(f'no frame is from camera {name!r}{nearest_names(name, self.cameras)}')
        return InputImages(frames)

    def at(self, frame_index: int) -> FrameImage:
        """Frame with an absolute index.

        Raises:
            FrameMismatchError: it is not among these.
        """
        for frame in self._frames:
            if frame.frame_index == frame_index:
                return frame
        raise not_a_frame(frame_index, self.frame_indices, 'these images')

    @overload
    def __getitem__(self, index: int) -> FrameImage: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int]) -> InputImages: ...

    def __getitem__(self, index: int | slice | Sequence[int]) -> FrameImage | InputImages:
        if isinstance(index, slice):
            return InputImages(self._frames[index])
        if isinstance(index, (int, np.integer)):
            return self._one(int(index))
        if isinstance(index, (Sequence, np.ndarray)) and not isinstance(index, str):
            return InputImages(self._one(int(each)) for each in index)
        raise TypeError(f'images are indexed by a number, a slice or a list, got {index!r}')

    def _one(self, index: int) -> FrameImage:
        if not -len(self) <= index < len(self):
            raise IndexError(
                f'image {index} is not in 0..{len(self) - 1}; there are {len(self)} images')
        return self._frames[index]

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[FrameImage]:
        return iter(self._frames)

    def __repr__(self) -> str:
        return f'<{len(self)} images, frames {self.frame_indices}>'


PROMPT = """\
`InputImages`: the frames in time order, a sequence; slices and index lists keep the type.
  `.frame_indices` absolute frame indices (list); `.camera(name)` frames of one camera.
  A frame is a PIL image and has `.array` (H, W, 3) uint8 read-only, `.frame_index`, `.camera`,
  `.stamp_s`, `.frame_id`. Draw on `.copy()`. With several cameras `InputImages_1`, ... hold each
  camera's frames. Frame indices are absolute and unique across all cameras, everywhere."""

CALLS_PROMPT = """\
`InputImages`: the frames in time order; `InputImages[i]` is one.
  `.frame_indices` absolute frame indices; `.camera(name)` frames of one camera.
  A frame has `.width`, `.height`, `.frame_index`, `.camera`, `.stamp_s`, `.frame_id`, and
  `.crop(box)`. With several cameras `InputImages_1`, ... hold each camera's frames. Frame indices
  are absolute and unique across all cameras, everywhere."""
