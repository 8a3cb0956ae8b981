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


"""How depth cameras err: active stereo, structured light, time of flight.

Each is a model of its own from what its makers or others measured; `geometry.noise.depth_sigma_m`
is what the product assumes instead, and is not used here. At 0.8, 1.5, 3 m it assumes 1.5, 3.5 and
14 mm; with a focal length of 580 px active stereo has 1.8, 6.2 and 25 mm, structured light 0.9, 3.2
and 13 mm, time of flight on a surface that reflects half of the light 1.9, 3.6 and 7.2 mm.

Each camera has faults of its own besides, which no mean over its frames takes away: a constant
error of its calibration, and a share of the noise that stays with the pixels. What makers promise
of the constant error ("at most 2 % at 2 m") is taken for about three standard deviations of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera

UNIT_M = 0.001
"""Drivers publish whole millimetres (16UC1, REP 118)."""
PATCH_PX = 6
DARK, BRIGHT = 22, 251
EDGE_SHARE = 0.04
"""Of the depth, or disparity, that it changes by at an edge."""
REMAP_ROWS = 512


class DepthSensor(Protocol):
    """What makes measured depth of exact depth."""

    def sigma_m(self, depth_m: np.ndarray | float, camera: PinholeCamera) -> np.ndarray:
        """Standard deviation on a plain surface, metres, where the model has one number for it."""

    def measure(
        self, depth_m: np.ndarray, image: np.ndarray, camera: PinholeCamera,
        random: np.random.Generator, own: np.random.Generator,
    ) -> np.ndarray:
        """Depth (H, W) float32 as the sensor tells it, NaN where it tells nothing.

        Args:
            depth_m: (H, W) float32 exact, NaN where nothing is.
            image: (H, W, 3) uint8: what is dark or glares is measured badly.
            camera: intrinsics.
            random: all that is left to chance in this frame comes from it.
            own: what is left to chance in this camera, which begins alike for each of its frames.
        """


@dataclass(frozen=True)
class Exact:
    """The true depth, in float."""

    def sigma_m(self, depth_m: np.ndarray | float, camera: PinholeCamera) -> np.ndarray:
        """Nothing."""
        return np.zeros_like(np.asarray(depth_m, np.float64))

    def measure(self, depth_m: np.ndarray, image: np.ndarray, camera: PinholeCamera,
                random: np.random.Generator, own: np.random.Generator) -> np.ndarray:
        """The same."""
        return depth_m


@dataclass(frozen=True)
class ActiveStereo:
    """Two infrared imagers and a pattern, as in a RealSense D435.

    sigma = z^2 * subpixel / (focal length * baseline), with 0.08 px: Grunnet-Jepsen, Sweetser,
    Woodfill, "Best-Known-Methods for Tuning Intel RealSense D400 Depth Cameras", 2018; baseline
    50 mm and disparities in steps of 1/32 px: Intel's D400 data sheet. Matching windows make noise
    that neighbours share and blur edges: pixels read their disparity near by, as in Barron and
    Malik, "Intrinsic Scene Properties from a Single RGB-D Image", 2013.

    The data sheet promises at 2 m a noise over a plane of at most 2 %, half of it over time, and a
    constant error of at most 2 %. The imagers' alignment makes that one an offset of disparity, of
    0.1 px: 0.34 % at 1 m and 0.7 % at 2 m with a focal length of 580 px.

    Args:
        baseline_m: between the imagers.
        subpixel_px: standard deviation of the disparity.
        step_px: of the disparity.
        grain_px: radius in which neighbours share noise.
        new_share: of the noise, how much is new in each frame.
        offset_px: standard deviation, among cameras, of a constant error of disparity.
        bleed_px: how far off a pixel's disparity is read.
        max_disparity_px: nearer things are not matched.
        max_m: beyond is not trusted.
    """

    baseline_m: float = 0.050
    subpixel_px: float = 0.08
    step_px: float = 1 / 32
    grain_px: float = 1.0
    new_share: float = 0.5
    offset_px: float = 0.1
    bleed_px: float = 0.6
    max_disparity_px: float = 126.0
    max_m: float = 10.0

    def sigma_m(self, depth_m: np.ndarray | float, camera: PinholeCamera) -> np.ndarray:
        """z^2 * subpixel / (f * B)."""
        return np.square(np.asarray(depth_m, np.float64)) * (
            self.subpixel_px / (camera.fx * self.baseline_m))

    def measure(self, depth_m: np.ndarray, image: np.ndarray, camera: PinholeCamera,
                random: np.random.Generator, own: np.random.Generator) -> np.ndarray:
        """Noise, steps, bleeding edges; nothing where one imager sees nothing, dark or glaring."""
        scale = np.float32(camera.fx * self.baseline_m)
        exact = _disparity(depth_m, scale)
        offset = np.float32(self.offset_px * own.standard_normal())
        noise = _noise(depth_m.shape, self.grain_px, self.new_share, random, own)
        spread = np.float32(np.sqrt(max(0.0, self.subpixel_px**2 - self.step_px**2 / 12)))
        step = np.float32(self.step_px)
        read = _read_near(exact, self.bleed_px, random) + offset
        found = np.round((read + spread * noise) / step) * step
        lost = _shadow(exact) | (found <= 0) | (found > self.max_disparity_px)
        lost |= _unlit(image, random) | _edges(depth_m, random, 0.3)
        return _in_units(np.where(lost, np.nan, scale / np.maximum(found, step)), self.max_m)


@dataclass(frozen=True)
class StructuredLight:
    """A projected pattern and one infrared camera, as in the first Kinect.

    sigma = 1.425e-3 / m * z^2 and steps of 2.85e-3 / m * z^2: Khoshelham and Elberink, "Accuracy
    and Resolution of Kinect Depth Data for Indoor Mapping Applications", Sensors 12(2), 2012
    (half a step of disparity). Edges are read near by with 0.5 px: Barron and Malik 2013, used as
    the noise of ICL-NUIM (Handa et al. 2014). Where the projector's light doesn't reach is nothing.

    Of eighteen such cameras each repeats itself within a few millimetres and is up to a few
    centimetres off: Boehm, "Accuracy Investigation for Structured-light Based Consumer 3D Sensors",
    PFG 2014(2). An offset of one step is 2.9 mm at 1 m, 11 mm at 2 m and 26 mm at 3 m. That half of
    the noise is new in each frame is taken over from active stereo.

    Args:
        step_per_m: step of the inverse depth.
        subpixel: standard deviation in steps, rounding included.
        new_share: of the noise, how much is new in each frame.
        offset: standard deviation, among cameras, of a constant error in steps.
        bleed_px: how far off a pixel's disparity is read.
        baseline_m: from the projector to the camera.
        min_m: nearer things are not measured.
        max_m: farther ones neither.
    """

    step_per_m: float = 2.85e-3
    subpixel: float = 0.5
    new_share: float = 0.5
    offset: float = 1.0
    bleed_px: float = 0.5
    baseline_m: float = 0.075
    min_m: float = 0.45
    max_m: float = 8.0

    def sigma_m(self, depth_m: np.ndarray | float, camera: PinholeCamera) -> np.ndarray:
        """1.425e-3 / m * z^2."""
        return np.square(np.asarray(depth_m, np.float64)) * (self.step_per_m * self.subpixel)

    def measure(self, depth_m: np.ndarray, image: np.ndarray, camera: PinholeCamera,
                random: np.random.Generator, own: np.random.Generator) -> np.ndarray:
        """Noise before steps, bleeding edges, a shadow of the projector."""
        steps = _disparity(depth_m, np.float32(1.0 / self.step_per_m))
        offset = np.float32(self.offset * own.standard_normal())
        noise = _noise(depth_m.shape, 0.0, self.new_share, random, own)
        spread = np.float32(np.sqrt(max(0.0, self.subpixel**2 - 1 / 12)))
        found = np.round(_read_near(steps, self.bleed_px, random) + offset + spread * noise)
        shadow = _shadow(_disparity(depth_m, np.float32(camera.fx * self.baseline_m)))
        lost = shadow | (found <= 0) | _unlit(image, random) | _edges(depth_m, random, 0.3)
        metres = np.float32(1.0 / self.step_per_m) / np.maximum(found, 1.0)
        return _in_units(np.where(lost | (metres < self.min_m), np.nan, metres), self.max_m)


@dataclass(frozen=True)
class TimeOfFlight:
    """Light that is timed, as in an Azure Kinect.

    sigma falls with the square root of the light that returns, which falls with z^2 (Lange and
    Seitz, "Solid-State Time-of-Flight Range Camera", IEEE J. Quantum Electronics 37(3), 2001), and
    is 17 mm at 3.86 m on a surface that reflects 15 % (Microsoft's specification of the Azure
    Kinect, narrow field of view). A pixel on an edge mixes both sides ("flying pixels"); the
    sensor drops about half of those. The simulator's pictures know no gamma, so their brightness is
    the light that a surface gives back; infrared is taken to be as bright as the picture.

    The constant error is at most 11 mm and 0.1 % of the distance: the same specification, which
    was found to hold up to 3.5 m by Tölgyessy, Dekan, Chovanec and Hubinský, "Evaluation of the
    Azure Kinect and Its Comparison to Kinect V1 and Kinect V2", Sensors 21(2), 2021. Noise that
    stays with the pixels is left out: the factory's calibration takes it away, and no figure is
    published for what remains.

    Args:
        sigma_far_m: at `far_m` with `far_reflectance`.
        far_m: see above.
        far_reflectance: see above.
        offset_m: standard deviation, among cameras, of a constant error, a third of the 11 mm.
        offset_share: the same as a share of the distance.
        mix_px: radius over which a pixel mixes light.
        max_m: beyond is nothing.
    """

    sigma_far_m: float = 0.017
    far_m: float = 3.86
    far_reflectance: float = 0.15
    offset_m: float = 0.0037
    offset_share: float = 0.00033
    mix_px: float = 0.6
    max_m: float = 5.5

    def sigma_m(self, depth_m: np.ndarray | float, camera: PinholeCamera) -> np.ndarray:
        """On a surface that reflects half of the light."""
        return self._sigma_m(np.asarray(depth_m, np.float64), np.float64(0.5))

    def _sigma_m(self, depth_m: np.ndarray, reflectance: np.ndarray | np.float64) -> np.ndarray:
        return np.asarray(self.sigma_far_m * depth_m / self.far_m * np.sqrt(
            self.far_reflectance / reflectance))

    def measure(self, depth_m: np.ndarray, image: np.ndarray, camera: PinholeCamera,
                random: np.random.Generator, own: np.random.Generator) -> np.ndarray:
        """Mixed edges, then noise by distance and brightness."""
        known = np.isfinite(depth_m)
        weight = cv2.GaussianBlur(known.astype(np.float32), (5, 5), self.mix_px)
        mixed = cv2.GaussianBlur(np.where(known, depth_m, 0), (5, 5), self.mix_px)
        mixed = np.where(known, mixed / np.maximum(weight, 1e-6), np.float32(np.nan))
        reflectance = np.clip(_luma(image).astype(np.float32) / 255, 0.05, 1.0)
        noise = random.standard_normal(depth_m.shape, np.float32)
        off = np.float32(own.standard_normal()) * (
            np.float32(self.offset_m) + np.float32(self.offset_share) * mixed)
        found = mixed + off + noise * self._sigma_m(mixed, reflectance).astype(np.float32)
        lost = _unlit(image, random) | _edges(depth_m, random, 0.5)
        return _in_units(np.where(lost, np.nan, found), self.max_m)


def _disparity(depth_m: np.ndarray, scale: np.float32) -> np.ndarray:
    """Disparity: scale / z, 0 where the depth is unknown."""
    return np.where(np.isfinite(depth_m), scale / np.where(depth_m > 0, depth_m, 1), 0).astype(
        np.float32)


def _read_near(values: np.ndarray, radius_px: float, random: np.random.Generator) -> np.ndarray:
    """Pixels near an edge read a little off and between pixels; elsewhere that changes nothing."""
    y, x = np.nonzero(_spread(values, 5) > EDGE_SHARE * values)
    off = np.float32(radius_px) * random.standard_normal((2, len(x)), np.float32)
    found = values.copy()
    if len(x):
        # cv2.remap takes maps of at most 32767 rows or columns
        place = np.zeros((2, REMAP_ROWS, -(-len(x) // REMAP_ROWS)), np.float32)
        place.reshape(2, -1)[:, :len(x)] = np.stack([x, y]).astype(np.float32) + off
        read = cv2.remap(
            values, place[0], place[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        found[y, x] = read.ravel()[:len(x)]
    return found


def _spread(values: np.ndarray, size: int) -> np.ndarray:
    """Greatest minus least value around each pixel."""
    kernel = np.ones((size, size), np.uint8)
    return np.asarray(cv2.dilate(values, kernel) - cv2.erode(values, kernel))


def _noise(shape: tuple[int, ...], grain_px: float, new_share: float,
           random: np.random.Generator, own: np.random.Generator) -> np.ndarray:
    """Noise of deviation 1, of which a share is new and the rest stays with the pixels."""
    stays = np.float32(np.sqrt(1 - new_share**2))
    return np.float32(new_share) * _grained(shape, grain_px, random) + (
        stays * _grained(shape, grain_px, own))


def _grained(shape: tuple[int, ...], radius_px: float, random: np.random.Generator) -> np.ndarray:
    """Noise of deviation 1 that neighbours share."""
    noise = random.standard_normal(shape, np.float32)
    if radius_px <= 0:
        return noise
    kernel = cv2.getGaussianKernel(2 * int(np.ceil(3 * radius_px)) + 1, radius_px)
    return cv2.sepFilter2D(noise, -1, kernel, kernel) / np.float32(np.square(kernel).sum())


def _shadow(disparity_px: np.ndarray) -> np.ndarray:
    """Pixels whose point the other imager, to the right, sees hidden behind a nearer one."""
    column = np.arange(disparity_px.shape[1], dtype=np.float32)[None] - disparity_px
    nearest = np.minimum.accumulate(column[:, ::-1], axis=1)[:, ::-1]
    hidden = np.zeros(disparity_px.shape, bool)
    # half a pixel: neighbours on one surface never hide each other
    hidden[:, :-1] = nearest[:, 1:] <= column[:, :-1] - 0.5
    return hidden


def _edges(depth_m: np.ndarray, random: np.random.Generator, share: float) -> np.ndarray:
    """A share of the pixels beside a jump of depth, lost."""
    known = np.where(np.isfinite(depth_m), depth_m, np.float32(0))
    lost = _spread(known, 3) > EDGE_SHARE * np.maximum(known, 0.1)
    lost[lost] = random.random(int(lost.sum()), np.float32) < share
    return lost


def _unlit(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Patches of dark and of glaring surface that give too little, or too much light."""
    luma = _luma(image)
    height, width = luma.shape
    coarse = random.random((height // PATCH_PX + 2, width // PATCH_PX + 2), np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return ((luma < DARK) & (field < 0.35)) | ((luma > BRIGHT) & (field < 0.5))


def _luma(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)


def _in_units(depth_m: np.ndarray, max_m: float) -> np.ndarray:
    """Rounded as drivers publish it; NaN beyond the range."""
    rounded = (np.round(depth_m / UNIT_M) * UNIT_M).astype(np.float32)
    return np.where((rounded > 0) & (rounded < max_m), rounded, np.float32(np.nan))
