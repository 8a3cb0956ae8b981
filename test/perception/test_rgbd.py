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

"""World points from sensor depth: exact, clean, placed; and the words when they can't be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError, PerceptionError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.perception.depth import depth_features, sigma_of
from spatialclaw_ros.perception.rgbd import RgbdReconstructor
from spatialclaw_ros.workspace.observation import Frame, Observation

CAMERAS = {
    'pinhole': PinholeCamera(64, 48, 60.0, 61.0, 31.0, 24.5),
    'plumb_bob': PinholeCamera(64, 48, 60.0, 61.0, 31.0, 24.5, (0.1, -0.05, 0.001, 0.002, 0.01)),
    'equidistant': PinholeCamera(
        64, 48, 60.0, 61.0, 31.0, 24.5, (0.02, -0.01, 0.003, 0.001), 'equidistant'),
}
POSE = look_at(np.array([0.2, -0.4, 1.3]), np.array([1.0, 0.1, 0.6]))


def frame(index: int = 0, **changes: object) -> Frame:
    values: dict = {
        'index': index, 'camera': 'head', 'stamp_ns': index, 'frame_id': 'head_optical',
        'image': np.zeros((48, 64, 3), np.uint8),
        'depth_m': np.full((48, 64), 1.5, np.float32),
        'intrinsics': CAMERAS['pinhole'], 'T_world_camera': POSE}
    return Frame(**{**values, **changes})


def reconstruct(*frames: Frame, deadline: Deadline | None = None):
    observation = Observation(tuple(frames), 'odom')
    indices = [each.index for each in frames]
    return RgbdReconstructor().reconstruct(observation, indices, deadline or Deadline())


@pytest.mark.parametrize('name', CAMERAS)
def test_points_project_back_to_their_pixels(name: str) -> None:
    camera = CAMERAS[name]
    depth = np.random.default_rng(0).uniform(0.5, 4, (48, 64)).astype(np.float32)
    scene = reconstruct(frame(depth_m=depth, intrinsics=camera))
    world = scene.points_m[0].reshape(-1, 3).astype(float)
    known = np.isfinite(world).all(axis=1)
    assert known.mean() > 0.9
    inverse = np.linalg.inv(POSE)
    in_camera = world[known] @ inverse[:3, :3].T + inverse[:3, 3]
    x, y = np.meshgrid(np.arange(64), np.arange(48))
    pixels = np.stack([x.ravel(), y.ravel()], axis=1)[known]
    assert np.abs(camera.project(in_camera) - pixels).max() < 0.02
    assert np.abs(in_camera[:, 2] - depth.ravel()[known]).max() < 1e-5
    assert scene.points_m[0].dtype == np.float32
    assert (scene.metric_scale, scene.scale_source) == (1.0, 'sensor_depth')


@pytest.mark.parametrize('value', [np.nan, 0.0, -1.0, np.inf, -np.inf, 65.535, 65535.0])
def test_invalid_depth_never_leaks(value: float) -> None:
    depth = np.full((48, 64), 1.5, np.float32)
    depth[10:20, 10:20] = value
    scene = reconstruct(frame(depth_m=depth))
    hole = (slice(10, 20), slice(10, 20))
    assert np.isnan(scene.depth_m[0][hole]).all()
    assert np.isnan(scene.points_m[0][hole]).all()
    assert (scene.confidence[0][hole] == 0).all()
    assert np.isfinite(scene.points_m[0][30:40, 30:40]).all()
    assert ((scene.confidence[0] >= 0) & (scene.confidence[0] <= 1)).all()


def test_confidence_falls_with_range_edges_and_grazing_angle() -> None:
    camera = PinholeCamera(160, 120, 150.0, 150.0, 79.5, 59.5)
    near = np.full((120, 160), 1.0, np.float32)
    plain = depth_features(near, camera).confidence
    far = depth_features(near * 4, camera).confidence
    assert plain[60, 80] > 0.9 > 0.5 > far[60, 80] > 0
    step = near.copy()
    step[:, 80:] = 1.3
    edge = depth_features(step, camera)
    assert edge.confidence[60, 79:81].max() < 0.2
    assert edge.confidence[60, 60] > 0.9
    assert edge.edges[60, 79:81].all()
    assert not edge.edges[60, 70]
    steep = (1 / (1 - 0.045 * (np.arange(120) - 59.5) / 12)[:, None] * np.ones((1, 160)))
    slanted = depth_features(np.clip(steep, 0.3, 6).astype(np.float32), camera)
    assert not slanted.edges[40:80].any()  # a steep plane is no edge


@pytest.mark.parametrize(('noise_per_m', 'told'), [(0.0, False), (0.0015, False), (0.006, True)])
def test_a_noisy_sensor_is_told_by_its_depth(noise_per_m: float, told: bool) -> None:
    camera = PinholeCamera(320, 240, 290.0, 290.0, 159.5, 119.5)
    rows = np.linspace(0.6, 1.0, 240)[:, None].repeat(320, axis=1)  # of a slanted plane, 1/m
    noise = np.random.default_rng(0).normal(0.0, noise_per_m, rows.shape)
    depth = (1.0 / (rows + noise)).astype(np.float32)
    seen = reconstruct(frame(
        image=np.zeros((240, 320, 3), np.uint8), depth_m=depth, intrinsics=camera))
    assert depth_features(depth, camera).noise_per_m == pytest.approx(
        noise_per_m, rel=0.1, abs=1e-5)
    assert (0 in seen.model_sigma) is told
    far = np.array([3.0], np.float32)
    assert (depth_features(depth, camera).sigma_m(far) > sigma_of(far)).all() == told
    if told:  # relative to the depth
        assert np.median(seen.model_sigma[0] / depth) == pytest.approx(noise_per_m, rel=0.1)


def test_normals_face_the_camera() -> None:
    camera = PinholeCamera(160, 120, 150.0, 150.0, 79.5, 59.5)
    normals = depth_features(np.full((120, 160), 1.0, np.float32), camera).normals
    assert np.allclose(normals[20:100, 20:140], (0, 0, -1), atol=1e-4)


@pytest.mark.parametrize(('change', 'words'), [
    ({'depth_m': None}, ('no depth', 'head.depth', 'frame 0')),
    ({'intrinsics': None}, ('no intrinsics', 'head.camera_info')),
    ({'depth_m': np.full((48, 64), np.nan, np.float32)}, ('no valid pixel', '16UC1')),
])
def test_what_is_missing_is_named(change: dict, words: tuple[str, ...]) -> None:
    with pytest.raises(PerceptionError) as caught:
        reconstruct(frame(**change))
    for word in words:
        assert word in str(caught.value)


def test_deadline_is_kept() -> None:
    with pytest.raises(DeadlineExceededError):
        reconstruct(frame(), deadline=Deadline(0))
    canceled = Deadline()
    canceled.cancel()
    with pytest.raises(CanceledError):
        reconstruct(frame(), deadline=canceled)


def test_world_made_up_from_the_table(drawing: Callable) -> None:
    drawn = drawing([], posed=False)
    scene = RgbdReconstructor().reconstruct(drawn.observation, [0], Deadline())
    pose = scene.extrinsics[0]
    assert pose[:2, 3] == pytest.approx([0, 0], abs=1e-9)  # origin below the camera
    assert pose[1, 2] == pytest.approx(0, abs=1e-9)
    assert pose[0, 2] > 0.5  # looks along +x
    table = scene.points_m[0][drawn.masks[0]['table']]
    assert abs(np.nanmedian(table[:, 2])) < 0.01
    assert pose[2, 3] == pytest.approx(1.45 - 0.75, abs=0.01)
    assert 'No TF' in scene.notes[0]


def test_several_frames_without_poses(drawing: Callable) -> None:
    eye = (0.0, -0.3, 1.45)
    still = drawing([], (eye, eye), posed=False).observation
    scene = RgbdReconstructor().reconstruct(still, [0, 1], Deadline())
    assert np.array_equal(scene.extrinsics[0], scene.extrinsics[1])
    assert 'standing still' in ' '.join(scene.notes)
    moved = drawing([], (eye, (0.1, 0.2, 1.6)), posed=False).observation
    with pytest.raises(PerceptionError, match='only one of frames 0, 1'):
        RgbdReconstructor().reconstruct(moved, [0, 1], Deadline())
    frames = (still.frames[0], replace(still.frames[1], T_world_camera=POSE))
    with pytest.raises(PerceptionError, match='frames 0 have no transform'):
        RgbdReconstructor().reconstruct(Observation(frames), [0, 1], Deadline())
