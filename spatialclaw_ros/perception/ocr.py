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

"""Reads text in images with RapidOCR (PP-OCR models, weights in the package), where installed."""

from __future__ import annotations

import importlib.util
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatialclaw_ros.errors import DependencyError

_PACKAGE = 'rapidocr_onnxruntime'


@dataclass(frozen=True, eq=False)
class TextLine:
    """One line of text.

    Args:
        text: as read.
        box: (4, 2) float64 corners in pixels, clockwise from the text's top left.
        score: in [0, 1].
    """

    text: str
    box: np.ndarray
    score: float


class TextReader:
    """RapidOCR behind a lock; the models are loaded by the first `read`.

    Raises:
        DependencyError: the package is not installed.
    """

    name = 'rapidocr'

    def __init__(self) -> None:
        if importlib.util.find_spec(_PACKAGE) is None:
            raise DependencyError(
                'reading text needs rapidocr-onnxruntime, which is not installed; '
                'pip install --no-deps rapidocr-onnxruntime==1.4.4, then '
                'onnxruntime pyclipper shapely six PyYAML pillow tqdm')
        self._engine: Any = None
        self._lock = threading.Lock()

    def read(self, image: np.ndarray) -> list[TextLine]:
        """Lines of text, in reading order.

        Args:
            image: (H, W, 3) uint8, RGB.
        """
        with self._lock:
            if self._engine is None:
                from rapidocr_onnxruntime import RapidOCR
                self._engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
            found, _ = self._engine(np.ascontiguousarray(image[..., ::-1]))
        return [
            TextLine(str(text), np.asarray(box, dtype=np.float64), float(score))
            for box, text, score in found or []]
