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

"""CameraInfo to intrinsics: binning, regions, rectified or not, and what can't be used."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest

from spatialclaw_ros.errors import MissingPriorError
from spatialclaw_ros.ros.camera_info import calibration_of, image_camera


def info(**changes):
    fields = {
        'width': 640, 'height': 480, 'distortion_model': 'plumb_bob', 'd': [0.0] * 5,
        'k': [600.0, 0.0, 320.0, 0.0, 610.0, 240.0, 0.0, 0.0, 1.0],
        'p': [500.0, 0.0, 310.0, 0.0, 0.0, 510.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]}
    fields.update(changes)
    return calibration_of(CameraInfo(**fields))


def numbers(camera):
    return camera.fx, camera.fy, camera.cx, camera.cy


def test_raw_image_takes_k_and_d():
    camera, assumed = image_camera(info(d=[0.1, -0.2, 0.001, 0.002, 0.05]), 640, 480)
    assert numbers(camera) == (600.0, 610.0, 320.0, 240.0)
    assert camera.distortion == (0.1, -0.2, 0.001, 0.002, 0.05)
    assert assumed == ''


def test_rectified_image_takes_p_without_d():
    camera, _ = image_camera(info(d=[0.1] * 5), 640, 480, rectified=True)
    assert numbers(camera) == (500.0, 510.0, 310.0, 230.0)
    assert camera.distortion == ()


def test_rectified_image_without_p_takes_an_undistorted_k():
    camera, _ = image_camera(info(p=[0.0] * 12), 640, 480, rectified=True)
    assert numbers(camera) == (600.0, 610.0, 320.0, 240.0)
    with pytest.raises(MissingPriorError, match='no P'):
        image_camera(info(p=[0.0] * 12, d=[0.1] * 5), 640, 480, rectified=True)


def test_binning_and_region():
    """REP 104: the region is in full-resolution pixels, binning comes after it."""
    roi = RegionOfInterest(x_offset=100, y_offset=40, width=400, height=200)
    camera, assumed = image_camera(info(binning_x=2, binning_y=4, roi=roi), 200, 50)
    assert numbers(camera) == (300.0, 152.5, 110.0, 50.0)
    assert (camera.width, camera.height, assumed) == (200, 50, '')


def test_region_without_size_reaches_the_edge():
    roi = RegionOfInterest(x_offset=40, y_offset=80)
    camera, _ = image_camera(info(roi=roi), 600, 400)
    assert numbers(camera) == (600.0, 610.0, 280.0, 160.0)


def test_a_point_stays_on_its_pixel_when_binned():
    full, _ = image_camera(info(), 640, 480)
    binned, _ = image_camera(info(binning_x=2, binning_y=2), 320, 240)
    point = np.array([[0.1, -0.2, 1.5]])
    np.testing.assert_allclose(binned.project(point), full.project(point) / 2)


def test_resized_image_is_taken_and_told():
    camera, assumed = image_camera(info(), 320, 240)
    assert (camera.fx, camera.fy) == (300.0, 305.0)
    assert '640x480' in assumed
    assert '320x240' in assumed


@pytest.mark.parametrize(('model', 'coefficients', 'expected'), [
    ('plumb_bob', [], 'plumb_bob'), ('', [0.0] * 5, 'plumb_bob'),
    ('rational_polynomial', [0.1] * 8, 'rational_polynomial'),
    ('equidistant', [0.01, 0.0, 0.0, 0.0], 'equidistant'),
    ('fisheye', [0.0] * 4, 'equidistant'), ('inverse_magic', [0.0] * 3, 'plumb_bob')])
def test_models(model, coefficients, expected):
    camera, _ = image_camera(info(distortion_model=model, d=coefficients), 640, 480)
    assert camera.model == expected


BAD = {
    'zeros': ({'k': [0.0] * 9}, 'all zeros'),
    'NaN': ({'k': [math.nan, 0, 320, 0, 600, 240, 0, 0, 1]}, 'positive'),
    'negative focal length': ({'k': [-600.0, 0, 320, 0, 600, 240, 0, 0, 1]}, 'positive'),
    'zero fy': ({'k': [600.0, 0, 320, 0, 0, 240, 0, 0, 1]}, 'positive'),
    'skew': ({'k': [600.0, 5.0, 320, 0, 600, 240, 0, 0, 1]}, 'skew'),
    'unknown model': ({'distortion_model': 'inverse_magic', 'd': [0.1]}, 'inverse_magic'),
    'odd number of coefficients': ({'d': [0.1, 0.2, 0.3]}, 'coefficients'),
    'NaN coefficient': ({'d': [math.nan] * 5}, 'finite'),
    'another shape': ({'width': 640, 'height': 640}, 'another shape'),
    'binned to nothing': ({'binning_x': 4000}, 'no pixel'),
}


@pytest.mark.parametrize('name', BAD)
def test_what_cannot_be_used_is_a_missing_prior_with_a_reason(name):
    changes, said = BAD[name]
    with pytest.raises(MissingPriorError) as caught:
        image_camera(info(**changes), 640, 480)
    assert said in str(caught.value)
