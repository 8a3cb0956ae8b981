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



"""A segmentation model of one's own: ArUco tags by their number, as in "tag 3"."""
import re

import cv2
import numpy as np

from spatialclaw_ros.perception.segment_model import ObjectMasks


class Tags:
    name, device, precision, weights, memory_bytes = 'tags', 'cpu', 'fp32', '', 0

    def __init__(self, config):
        self.batch, self.max_views = config.batch, config.max_views
        family = config.options.get('family', 'DICT_4X4_50')
        self._find = cv2.aruco.ArucoDetector(
            cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, family))).detectMarkers

    def segment(self, job, deadline):
        texts, places = len(job.prompts), 1 if job.is_video else len(job.images)
        masks = [np.zeros((texts * places, *image.shape[:2]), np.uint8) for image in job.images]
        for at, image in enumerate(job.images):
            corners, ids, _ = self._find(image)
            for number, outline in zip(() if ids is None else ids.ravel(), corners):
                for text, prompt in enumerate(job.prompts):
                    if str(number) in re.findall(r'\d+', prompt):  # one object a text, and a view
                        slot = text + (0 if job.is_video else at * texts)
                        cv2.fillPoly(masks[at][slot], [outline.astype(np.int32)], 1)
        seen = np.array([each.any(axis=(1, 2)) for each in masks], np.float32)
        prompt_of = np.tile(np.arange(texts), places)
        return ObjectMasks.pack([each.astype(bool) for each in masks], seen, prompt_of)

    def close(self):
        pass


def load(config, progress):
    return Tags(config)
