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


"""Frames that compress as photographs do, for what encodes pictures; nothing but numbers.

A panorama of smooth noise with flat things in front, a camera that moves over it, and each frame
with a sensor's own noise. As PNG a frame is half of its pixels' size, as JPEG (quality 90) a
thirteenth, and takes as long to encode, as indoor photographs of that size do.
"""

from __future__ import annotations

import numpy as np
from bench_cells import FRAMES, HEIGHT, WIDTH

_MARGIN = 192
_THINGS = 60
_CONTRAST, _SENSOR_NOISE, _FALL = 40.0, 0.8, 1.5


def photos(count: int = FRAMES) -> np.ndarray:
    """So many frames, (count, HEIGHT, WIDTH, 3) uint8 RGB."""
    generator = np.random.default_rng(0)
    wide = _panorama(generator, HEIGHT + _MARGIN, WIDTH + _MARGIN)
    frames = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
    for number, start in enumerate(np.linspace(0, _MARGIN, count).astype(int)):
        seen = wide[start // 2:start // 2 + HEIGHT, start:start + WIDTH]
        noise = generator.normal(0.0, _SENSOR_NOISE, seen.shape).astype(np.float32)
        frames[number] = np.clip(seen + noise, 0, 255)
    return frames


def _panorama(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(height, width, 3) float32 in [0, 255]."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(generator.standard_normal((height, width))) / frequency**_FALL
    gray = np.real(np.fft.ifft2(spectrum)).astype(np.float32)
    gray = 128 + _CONTRAST * gray / gray.std()
    colour = gray[..., None] * generator.uniform(0.8, 1.2, 3).astype(np.float32)
    for _ in range(_THINGS):
        top, left = generator.integers(0, height), generator.integers(0, width)
        high, wide = generator.integers(10, 160, 2)
        thing = colour[top:top + high, left:left + wide]
        thing += generator.uniform(-80, 80, 3).astype(np.float32)
    return np.clip(colour, 0, 255)
