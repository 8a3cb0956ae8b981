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


"""A model's depth in its own world and unit comes out in the robot's metres and frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from depth_models import DistortedModel, arc, line, scene_and_model
from scipy.spatial.transform import Rotation

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, PerceptionError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.perception.model_reconstructor import ModelReconstructor
from spatialclaw_ros.perception.protocols import SceneGeometry
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE
from spatialclaw_ros.workspace.observation import Observation

WITHOUT = {'depth': 'depth_m', 'tf': 'T_world_camera', 'info': 'intrinsics'}
BAD = {'scale': 2.6, 'noise': 0.02, 'outliers': 0.3, 'turn_deg': 0.3, 'away': 0.003}


def lacking(observation: Observation, names: Sequence[str]) -> Observation:
    """The observation without depth, TF or CameraInfo; images stay the same objects."""
    changes = {WITHOUT[name]: None for name in names}
    return Observation(
        tuple(replace(frame, **changes) for frame in observation.frames), observation.world_frame)


def reconstruct(
    observation: Observation, model: DistortedModel, lacks: Sequence[str] = (),
) -> SceneGeometry:
    seen = lacking(observation, lacks)
    return ModelReconstructor(model).reconstruct(seen, range(len(seen.frames)), Deadline())


def errors(scene: SceneGeometry, observation: Observation) -> dict[str, float]:
    """Worst frame's bias of depth, worst pose, and median distance of sure points from true."""
    bias, points = [], []
    for frame in observation.frames:
        assert frame.depth_m is not None
        assert frame.intrinsics is not None
        true, got = frame.depth_m, scene.depth_m[frame.index]
        ratio = np.log(got / true)
        # the mode of the ratios: outliers lie to one side and would pull a median
        inside = ratio[np.abs(ratio - np.nanmedian(ratio)) < 0.1]
        bias.append(float(np.median(inside[np.abs(inside - np.median(inside)) < 0.06])))
        sure = scene.confidence[frame.index] > 0.3
        world = frame.intrinsics.unproject(true) @ frame.T_world_camera[:3, :3].T \
            + frame.T_world_camera[:3, 3]
        away = np.linalg.norm(scene.points_m[frame.index] - world, axis=2) / true
        points.append(float(np.nanmedian(away[sure])) if sure.any() else math.nan)
    truth = np.stack([frame.T_world_camera for frame in observation.frames])
    return {'bias': float(np.abs(bias).max()), 'points': max(points),
            'pose': float(np.abs(scene.extrinsics - truth).max())}


@pytest.mark.parametrize('lacks', [(), ('tf',)])
@pytest.mark.parametrize('distortion', [
    {}, {'shift': 0.1}, {'shift': 0.1, 'inverse': True}, {'outliers': 0.0},
    {'is_affine': True, 'shift': 0.2}])
@pytest.mark.parametrize('count', [1, 6])
def test_scaled_to_sensor_depth(count: int, distortion: dict, lacks: tuple[str, ...]) -> None:
    observation, model = scene_and_model(arc(count), **{**BAD, **distortion})
    scene = reconstruct(observation, model, lacks)
    found = errors(scene, observation)
    assert scene.scale_source == 'sensor_depth'
    assert found['bias'] < 0.01
    if not lacks:
        assert found['pose'] < 1e-9  # TF's word
        assert found['points'] < 0.03  # the noise itself is 2 %
    if not distortion.get('is_affine'):
        assert scene.metric_scale == pytest.approx(2.6, rel=0.01)
    assert 'Metres are the depth sensor\'s' in ' '.join(scene.notes)
    if distortion.get('shift') and count > 1:
        assert 'differ from image to image' in ' '.join(scene.notes)


@pytest.mark.parametrize('eyes', [arc(2), line(2), line(5), arc(6), line(32), arc(32)])
def test_scaled_to_movement_by_tf(eyes: tuple) -> None:
    observation, model = scene_and_model(eyes, **{**BAD, 'away': 0.001})
    scene = reconstruct(observation, model, ('depth',))
    found = errors(scene, observation)
    assert scene.scale_source == 'tf_baseline'
    assert found['bias'] < 0.01
    assert found['points'] < 0.03
    assert found['pose'] < 1e-9
    assert 'baseline of ' in scene.notes[0]


@pytest.mark.parametrize(('distortion', 'bound'), [
    ({'shift': 0.1, 'outliers': 0.0, 'noise': 0.0}, 0.002),
    ({'shift': 0.1, 'outliers': 0.0, 'noise': 0.0, 'inverse': True}, 0.002),
    ({'shift': 0.1}, 0.01),
    ({'shift': 0.05, 'inverse': True}, 0.01)])
@pytest.mark.parametrize('eyes', [arc(2), arc(4), line(6), arc(12)])
def test_shifts_of_images_are_found_from_views_that_must_agree(
    eyes: tuple, distortion: dict, bound: float,
) -> None:
    observation, model = scene_and_model(
        eyes, **{**BAD, 'away': 0.0, 'turn_deg': 0.0, **distortion})
    scene = reconstruct(observation, model, ('depth',))
    assert errors(scene, observation)['bias'] < bound
    assert scene.scale_source == 'tf_baseline'
    assert any('Shift of the model\'s depth differs from image to image' in note
               for note in scene.notes)


def test_frames_without_tf_are_placed_by_the_model() -> None:
    observation, model = scene_and_model(arc(6), scale=2.6)
    frames = tuple(replace(frame, depth_m=None, T_world_camera=None if frame.index in (1, 4)
                           else frame.T_world_camera) for frame in observation.frames)
    scene = ModelReconstructor(model).reconstruct(
        Observation(frames, 'odom'), range(6), Deadline())
    assert errors(scene, observation)['pose'] < 1e-3
    assert model.priors[1] is None
    assert any('No TF for frames 1, 4' in note for note in scene.notes)


@pytest.mark.parametrize('distortion', [{}, {'shift': 0.1}, {'shift': 0.1, 'inverse': True}])
def test_movement_without_tf_is_scaled_by_what_the_sensor_saw(distortion: dict) -> None:
    observation, model = scene_and_model(arc(5), **{**BAD, 'away': 0.0, **distortion})
    scene = reconstruct(observation, model, ('tf',))
    assert scene.metric_scale == pytest.approx(2.6, rel=0.01)
    true = np.stack([frame.T_world_camera for frame in observation.frames])
    between = (np.linalg.inv(scene.extrinsics[0]) @ scene.extrinsics)[:, :3, 3]
    assert between == pytest.approx((np.linalg.inv(true[0]) @ true)[:, :3, 3], abs=0.015)


@pytest.mark.parametrize('is_metric', [True, False])
@pytest.mark.parametrize(('eyes', 'lacks', 'why'), [
    (arc(1), ('depth',), 'TF places fewer than two'),
    (arc(3), ('depth', 'tf'), 'TF places fewer than two'),
    ([(0.0, 0.0, 1.3), (0.0, 0.02, 1.3)], ('depth',), 'within 0.02 m of each other')])
def test_without_priors_the_scale_is_the_models(
    eyes: tuple, lacks: tuple[str, ...], why: str, is_metric: bool,
) -> None:
    observation, model = scene_and_model(eyes, is_metric=is_metric, noise=0.01)
    scene = reconstruct(observation, model, lacks)
    assert scene.scale_source == ('model' if is_metric else UNKNOWN_SCALE)
    assert scene.metric_scale == 1.0
    assert not scene.model_sigma
    said = ' '.join(scene.notes)
    assert why in said
    assert ('the model\'s own estimate' in said) is is_metric
    assert ('scale is unknown' in said) is not is_metric
    assert ('or a metric model would tell it' in said) is not is_metric
    assert max(float(each.max()) for each in scene.confidence.values()) <= 0.5


def test_world_without_tf_stands_on_the_table() -> None:
    """As `rgbd` makes it up: origin below the first camera on the plane, x where it looks."""
    observation, model = scene_and_model(arc(4), is_metric=True, noise=0.005)
    scene = reconstruct(observation, model, ('depth', 'tf'))
    first = scene.extrinsics[0]
    assert first[:2, 3] == pytest.approx([0, 0], abs=1e-9)
    assert first[2, 3] == pytest.approx(observation.frames[0].T_world_camera[2, 3] - 0.72, abs=0.01)
    assert first[1, 2] == pytest.approx(0, abs=1e-9)
    assert first[0, 2] > 0.5
    between = np.linalg.inv(first) @ scene.extrinsics
    true = np.stack([frame.T_world_camera for frame in observation.frames])
    assert between == pytest.approx(np.linalg.inv(true[0]) @ true, abs=1e-3)


@pytest.mark.parametrize('lacks', [(), ('depth',)])
def test_wrong_tf_is_told_with_its_size(lacks: tuple[str, ...]) -> None:
    observation, model = scene_and_model(arc(6), scale=2.6)
    truth = observation.frames
    wrong = truth[3].T_world_camera.copy()
    wrong[:3, 3] += (0.06, 0.0, 0.08)
    wrong[:3, :3] = wrong[:3, :3] @ Rotation.from_euler('y', 5, degrees=True).as_matrix()
    seen = Observation(tuple(
        replace(frame, T_world_camera=wrong) if frame.index == 3 else frame for frame in truth))
    scene = reconstruct(seen, model, lacks)  # the model knows frames by their images
    said = ' '.join(scene.notes)
    assert 'TF and pictures disagree by 0.10 m, 5.0 degrees in frame 3' in said
    assert 'other 5 agree within 0.00' in said
    assert errors(scene, observation)['bias'] < 0.01
    assert np.median(scene.confidence[3]) < 0.7 * np.median(scene.confidence[2])


def test_wrong_tf_of_two_views_is_told() -> None:
    observation, model = scene_and_model(arc(2), is_metric=True)
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler('y', 5, degrees=True).as_matrix()
    seen = Observation((observation.frames[0], replace(
        observation.frames[1], T_world_camera=observation.frames[1].T_world_camera @ turn)))
    scene = reconstruct(seen, model, ('depth',))
    assert scene.scale_source == 'model'  # TF can't be trusted to tell it
    assert '5.0 degrees' in ' '.join(scene.notes)


@pytest.mark.parametrize('lacks', [(), ('depth',)])
def test_wrong_tf_that_the_model_gives_back_is_told(lacks: tuple[str, ...]) -> None:
    """A model that takes poses as priors may return them; what the views see still tells."""
    observation, model = scene_and_model(arc(6), is_metric=True, noise=0.01)
    step = np.eye(4)
    step[:3, :3] = Rotation.from_euler('y', 5, degrees=True).as_matrix()
    step[:3, 3] = (0.06, 0.0, 0.08)
    model.frames = seen = tuple(
        replace(frame, T_world_camera=frame.T_world_camera @ step) if frame.index == 2 else frame
        for frame in observation.frames)
    scene = reconstruct(Observation(seen, 'odom'), model, lacks)
    said = [note for note in scene.notes if 'off where other frames see them' in note]
    assert len(said) == 1
    assert 'frame 2 sees surfaces 0.' in said[0]
    assert np.median(scene.confidence[2]) < 0.7 * np.median(scene.confidence[3])


def test_good_tf_is_told_too() -> None:
    observation, model = scene_and_model(arc(6), **BAD)
    said = ' '.join(reconstruct(observation, model).notes)
    assert 'TF and pictures agree within 0.0' in said
    assert 'off where' not in said


def test_a_sensor_that_contradicts_the_pictures_is_told() -> None:
    observation, model = scene_and_model(arc(5), scale=2.6)
    frames = list(observation.frames)
    frames[2] = replace(frames[2], depth_m=frames[2].depth_m[::-1].copy())
    scene = reconstruct(Observation(tuple(frames), 'odom'), model)
    assert scene.metric_scale == pytest.approx(2.6, rel=0.01)
    assert any('Depth sensor and pictures disagree in frame 2 by' in note for note in scene.notes)


@pytest.mark.parametrize('size', [(252, 189), (320, 240), (640, 480), (158, 118)])
def test_values_land_on_their_pixels(size: tuple[int, int]) -> None:
    """Nine pixels in ten are exact: on planes, half a pixel would be an error of 0.4 %."""
    observation, model = scene_and_model(arc(2), size=size, scale=2.0)
    scene = reconstruct(observation, model, ('depth',))
    for frame in observation.frames:
        true = frame.depth_m
        away = np.abs(scene.depth_m[frame.index] / true - 1)
        assert np.nanpercentile(away, 90) < 0.003, size


@pytest.mark.parametrize(('distortion', 'kind'), [
    ((), 'plumb_bob'), ((0.1, -0.05, 0.001, 0.002, 0.01), 'plumb_bob'),
    ((0.02, -0.01, 0.003, 0.001), 'equidistant')])
def test_points_project_back_to_their_pixels(distortion: tuple, kind: str) -> None:
    camera = PinholeCamera(640, 480, 560.0, 555.0, 310.0, 250.0, distortion, kind)
    depth = 1.5 + 0.2 * np.sin(np.arange(504) / 60.0) * np.ones((378, 1))
    frame = replace(scene_and_model(arc(1))[0].frames[0], intrinsics=camera, depth_m=None,
                    image=np.zeros((480, 640, 3), np.uint8))
    model = DistortedModel([frame], [depth], is_metric=True)
    scene = ModelReconstructor(model).reconstruct(Observation((frame,)), [0], Deadline())
    world = scene.points_m[0].reshape(-1, 3).astype(float)
    inverse = np.linalg.inv(frame.T_world_camera)
    x, y = np.meshgrid(np.arange(640), np.arange(480))
    pixels = camera.project(world @ inverse[:3, :3].T + inverse[:3, 3])
    away = np.abs(pixels - np.stack([x.ravel(), y.ravel()], axis=1))
    assert np.isfinite(world).all(axis=1).mean() > 0.99
    assert np.nanmax(away) < 0.02


def test_intrinsics_come_back_at_the_images_size() -> None:
    observation, model = scene_and_model(arc(2), scale=1.0, is_metric=True, focal=1.2)
    camera = observation.frames[0].intrinsics
    scene = reconstruct(observation, model, ('depth',))
    assert scene.intrinsics[0] == pytest.approx([camera.fx, camera.fy, camera.cx, camera.cy])
    assert any('CameraInfo of camera "front" and pictures disagree' in n for n in scene.notes)
    guessed = reconstruct(observation, model, ('depth', 'info'))
    assert guessed.intrinsics[0] == pytest.approx(
        [1.2 * camera.fx, 1.2 * camera.fy, camera.cx, camera.cy])
    assert any('No CameraInfo of camera "front"' in note for note in guessed.notes)
    assert model.priors[0] is None


@pytest.mark.parametrize(('eyes', 'lacks', 'distortion', 'words'), [
    (arc(3), (), {'max_views': 2}, 'at most 2 frames at a time, got 3'),
    (arc(3), ('depth', 'info'), {'intrinsics': False}, 'front.camera_info'),
    (arc(3), ('depth',), {'is_affine': True}, 'only up to a scale and a shift'),
    (arc(3), ('depth', 'tf'), {'poses': False}, 'sees each image alone'),
    (arc(1), (), {'size': (252, 252)}, 'not of the whole image')])
def test_what_can_not_be_done_is_named(
    eyes: tuple, lacks: tuple[str, ...], distortion: dict, words: str,
) -> None:
    observation, model = scene_and_model(eyes, **distortion)
    with pytest.raises(PerceptionError, match=words):
        reconstruct(observation, model, lacks)


def test_deadline_is_kept() -> None:
    observation, model = scene_and_model(arc(2))
    deadline = Deadline()
    deadline.cancel()
    with pytest.raises(CanceledError):
        ModelReconstructor(model).reconstruct(observation, [0, 1], deadline)
