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

"""What a session of the library remembers of a video, cut down to what it will look at again.

Of each object the tracker attends to memories of the last `num_maskmem` - 1 frames, to pointers of
the last `max_object_pointers_in_encoder` - 1, and to the frames with prompts. Left to itself a
session keeps everything of every frame, masks of 1008 x 1008 among it: some 4 MB for each object
and frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_LARGE = ('maskmem_features', 'maskmem_pos_enc')
_OUTPUTS = ('high_res_masks', 'pred_masks')


def open_session(
    network: Any, processor: Any, state_device: Any, size: tuple[int, int],
) -> Any:
    """A session of the library without frames.

    Args:
        network: its model of videos and texts.
        processor: one of its video processors.
        state_device: where memories of earlier frames are kept.
        size: (H, W) of the frames.
    """
    session = processor.init_video_session(
        inference_device=network.device, inference_state_device=state_device, dtype=network.dtype)
    session.video_height, session.video_width = size
    # Features of the one frame under way are needed by each object: they stay where the model is.
    session.cache.inference_state_device = network.device
    return session


class Memory:
    """Trims a session before each frame.

    What is left grows with neither the video's length nor the objects' age, and what the tracker
    reads is the same as without: it never reaches beyond these windows.

    Args:
        session: the library's.
        config: of its tracker.
        start: frame that passes forwards and backwards begin at.
    """

    def __init__(self, session: Any, config: Any, start: int) -> None:
        self._session = session
        self._memories = int(config.num_maskmem)
        self._pointers = int(config.max_object_pointers_in_encoder)
        self._start = start

    def trim(self, frame: int) -> None:
        """Forget what neither `frame`, nor what follows it in either pass, will look at."""
        for outputs in self._session.output_dict_per_obj.values():
            for output in outputs['cond_frame_outputs'].values():
                output.pop('high_res_masks', None)
            others = outputs['non_cond_frame_outputs']
            for number in [each for each in others if not self._near(each, frame, self._pointers)]:
                del others[number]
            for number, output in others.items():
                _drop(output, _OUTPUTS)
                if not self._near(number, frame, self._memories):
                    _drop(output, _LARGE)

    def _near(self, number: int, frame: int, window: int) -> bool:
        if frame < self._start:  # backwards
            return 0 <= number - frame < window
        return 0 <= frame - number < window or 0 <= number - self._start < window


def _drop(output: dict[str, Any], names: Iterable[str]) -> None:
    for name in names:
        output.pop(name, None)
