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

"""SAM 3, loaded: takes jobs, gives masks, one job at a time."""

from __future__ import annotations

import threading
from typing import Any

import torch

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.gpu.device import (
    memory_errors,
    precision_of,
    release,
    tensor_bytes,
)
from spatialclaw_ros.perception.sam3.images import find_by_text
from spatialclaw_ros.perception.sam3.options import Options
from spatialclaw_ros.perception.sam3.pictures import Pictures
from spatialclaw_ros.perception.sam3.prompted import PromptFollower
from spatialclaw_ros.perception.sam3.video_text import TextFollower
from spatialclaw_ros.perception.sam3.words import Reader
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob


class Sam3:
    """One set of weights behind all modes; see `models.LoadedMasks`.

    Args:
        network: `Sam3VideoModel` on its device.
        processor: `Sam3VideoProcessor`, has the tokenizer.
        tracker_processor: `Sam3TrackerVideoProcessor`, of points and boxes.
        config: that it was loaded with.
        options: its options.
        weights: where they came from, for people.
    """

    def __init__(
        self, network: Any, processor: Any, tracker_processor: Any, config: ModelConfig,
        options: Options, weights: str,
    ) -> None:
        self.name = config.model
        self.max_views = config.max_views
        self.batch = config.batch
        self.weights = weights
        self._device = network.device
        self.device = str(network.device)
        self.precision = precision_of(network.dtype)
        self._configured_batch = config.batch
        self._options = options
        self._network = network
        self._lock = threading.Lock()
        self._closed = False
        self._bytes = tensor_bytes(network)
        self._pictures = Pictures(processor.image_processor, network.device, network.dtype)
        self._reader = Reader(network.detector_model, processor.tokenizer)
        self._texts = TextFollower(
            network, processor, self._pictures, self._reader, options.max_objects)
        self._prompts = PromptFollower(network, tracker_processor, self._pictures)

    @property
    def memory_bytes(self) -> int:
        """What the weights hold on the device."""
        return 0 if self._closed else self._bytes

    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        """Segment; see `SegmentModel.segment`.

        Texts: an object's score is its probability times that of the text's presence in the image;
        in a video, that of the frame where it was first detected times the tracker's probability
        that it is visible. Points and boxes: that probability times the model's estimate of the
        mask's overlap with the true one; the threshold does not apply, as the object was named.

        `batch` counts pairs of image and text; a video goes frame by frame. Once it is lower than
        configured, memory is short, and a video's state is kept off the GPU.

        Raises:
            ModelMemoryError: memory does not suffice.
            PerceptionError: the model was closed.
            DeadlineExceededError: no time is left, seen between batches and frames.
            CanceledError: likewise.
        """
        deadline.check(self.name)
        what = f'{self.name} on {len(job.images)} images'
        with self._lock:
            if self._closed:
                raise PerceptionError(f'{self.name} was unloaded')
            with memory_errors(what, self._device), torch.inference_mode():
                return self._segment(job, deadline)

    def close(self) -> None:
        """Give the device's memory back; waits for a call that runs."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._reader.clear()
            _empty_caches(self._network)
            del self._network, self._texts, self._prompts, self._reader, self._pictures
        release(self._device)

    def _segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        if job.mode == 'text' and not (job.is_video and len(job.images) > 1):
            return find_by_text(
                self._network.detector_model, self._pictures, self._reader, job, self.batch,
                self._options.max_objects, deadline)
        offload = self._options.offload or self.batch < self._configured_batch
        state_device = torch.device('cpu') if offload else self._device
        follower = self._texts if job.mode == 'text' else self._prompts
        return follower.follow(job, state_device, deadline)


def _empty_caches(network: Any) -> None:
    """Empty the caches at the library's methods: they hold encodings, and a decoder, for good."""
    for kind in {kind for module in network.modules() for kind in type(module).__mro__}:
        for method in vars(kind).values():
            function = getattr(method, '__func__', method)  # of a static method
            for cell in getattr(function, '__closure__', None) or ():
                clear = getattr(cell.cell_contents, 'cache_clear', None)
                if callable(clear):
                    clear()
