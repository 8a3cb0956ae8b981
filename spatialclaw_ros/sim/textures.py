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

"""Textures made from noise: wood for the table, tiles for the floor."""

from __future__ import annotations

import cv2
import numpy as np


def wood(size: int = 512, seed: int = 7) -> bytes:
    """Planks of oak with a grain, as PNG bytes."""
    random = np.random.default_rng(seed)
    planks = 4
    height = size // planks
    image = np.empty((size, size, 3), np.float32)
    x = np.linspace(0.0, 1.0, size, dtype=np.float32)[None, :]
    for plank in range(planks):
        rows = slice(plank * height, (plank + 1) * height)
        y = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
        bend = _noise(random, (height, size), (3, 2)) * 0.35
        rings = np.sin(2 * np.pi * (6.0 * y + 1.2 * bend + 0.3 * x + random.uniform()))
        fibres = _noise(random, (height, size), (height // 2, 6))
        light = 1.0 + 0.035 * rings + 0.05 * fibres + random.uniform(-0.03, 0.03)
        image[rows] = np.array([0.66, 0.53, 0.40], np.float32) * light[..., None]
        image[plank * height] *= 0.72
    return _png(image)


def tiles(size: int = 256, seed: int = 3) -> bytes:
    """One floor tile of grey stone with its joint, as PNG bytes."""
    random = np.random.default_rng(seed)
    light = 0.50 + 0.010 * _noise(random, (size, size), (24, 24))
    light[:3] = light[:, :3] = 0.36
    return _png(np.repeat(light[..., None], 3, axis=2) * np.array([0.98, 1.0, 1.03], np.float32))


def _noise(random: np.random.Generator, shape: tuple[int, int],
           cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise about 0 with a deviation of 1, (H, W) float32."""
    coarse = random.standard_normal((cells[0] + 1, cells[1] + 1)).astype(np.float32)
    return np.asarray(
        cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def _png(image: np.ndarray) -> bytes:
    pixels = np.clip(image * 255.0, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode('.png', np.ascontiguousarray(pixels[..., ::-1]))[1])
