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



"""What a network says of a pixel is said of that pixel in the end, whatever the images' shapes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from addict import Dict
from analytic_scene import make_scene
from depth_models import OWN_WORLD, arc

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert
from spatialclaw_ros.perception.alignment import align
from spatialclaw_ros.perception.depth_anything.model import DepthAnything
from spatialclaw_ros.perception.depth_anything.network import build_network
from spatialclaw_ros.perception.depth_anything.options import NetworkSize, Options
from spatialclaw_ros.perception.depth_anything.variants import VARIANTS
from spatialclaw_ros.perception.model_reconstructor import ModelReconstructor
from spatialclaw_ros.workspace.observation import Frame

torch.set_num_threads(1)
MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
SPREAD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
NEAR, SLOPE = 0.4, 1.6  # inverse depth of colour 0, and what red adds


class Painted:
    """In place of a network's `forward`: depth is in the images' colours."""

    def __init__(self, poses: np.ndarray | None = None, scale: float = 1.0) -> None:
        self.poses, self.scale = poses, scale
        self.calls: list[dict[str, Any]] = []

    def __call__(self, images: torch.Tensor, **given: Any) -> Dict:
        colours = images * SPREAD + MEAN
        self.calls.append({'colours': colours[0], **given})
        count, height, width = images.shape[1], *images.shape[-2:]
        inverse = NEAR + SLOPE * colours[:, :, 0]
        focal = 0.9 * width
        intrinsics = torch.eye(3).repeat(1, count, 1, 1)
        intrinsics[..., 0, 0] = intrinsics[..., 1, 1] = focal
        intrinsics[..., 0, 2], intrinsics[..., 1, 2] = width / 2, height / 2
        poses = np.tile(np.eye(4), (count, 1, 1)) if self.poses is None else self.poses
        return Dict(
            depth=1 / inverse / self.scale, depth_conf=1 + torch.exp(colours[:, :, 1]),
            extrinsics=torch.from_numpy(poses[:, :3]).float()[None], intrinsics=intrinsics)


@functools.cache
def shared_network(name: str) -> Any:
    return build_network(VARIANTS[name], NetworkSize())


def painted_model(
    forward: Any, name: str = 'da3-base', batch: int = 32, **options: Any,
) -> DepthAnything:
    """A real network but for what it computes; all of a name share it."""
    network = shared_network(name)
    network.forward = forward
    return DepthAnything(
        network, VARIANTS[name], Options(process_res=140, **options), device=torch.device('cpu'),
        dtype=torch.float32, max_views=32, batch=batch, weights='painted')


def ramp(height: int, width: int, along: int) -> np.ndarray:
    """(H, W, 3) uint8: red grows along x (1) or y (0)."""
    rows, columns = np.mgrid[:height, :width]
    red = (columns + 0.5) / width if along else (rows + 0.5) / height
    image = np.zeros((height, width, 3))
    image[..., 0], image[..., 1] = 20 + 200 * red, 128
    return np.rint(image).astype(np.uint8)


def shift_px(depth: np.ndarray, image: np.ndarray, along: int) -> float:
    """How many pixels a depth map lies off the image that it is of, away from the border."""
    inner = np.s_[8:-8, 8:-8]
    size = image.shape[along]
    red = (1 / depth[inner] - NEAR) / SLOPE * 255
    position = (red - 20) / 200 * size - 0.5
    true = np.mgrid[:image.shape[0], :image.shape[1]][along][inner]
    return float(np.mean(position - true))


@pytest.mark.parametrize('method', ['upper_bound_resize', 'lower_bound_resize'])
@pytest.mark.parametrize('shapes', [
    [(97, 131)], [(480, 640)], [(131, 97), (131, 97)],
    [(97, 131), (131, 97), (120, 120)],  # set into a border
    [(240, 320), (480, 640)],  # two sizes of one shape
])
@pytest.mark.parametrize('along', [0, 1])
def test_depth_lands_on_its_pixels(
    shapes: Sequence[tuple[int, int]], method: str, along: int,
) -> None:
    images = [ramp(*shape, along) for shape in shapes]
    model = painted_model(Painted(), process_res_method=method)
    frames = tuple(
        Frame(at, 'c', at, 'c', image, None,
              PinholeCamera(image.shape[1], image.shape[0], 100.0, 100.0, 50.0, 40.0), np.eye(4))
        for at, image in enumerate(images))
    prediction = model.predict([*images], None, None, Deadline())
    scene = align(frames, prediction, Deadline())
    for frame in frames:
        depth = scene.depth_m[frame.index]
        assert depth.shape == frame.image.shape[:2]
        inner = depth[2:-2, 2:-2]
        assert np.isfinite(inner).all()
        assert abs(shift_px(depth, frame.image, along)) < 0.1
    padded = len({shape[0] > shape[1] for shape in shapes}) > 1
    assert ('set into a border' in ' '.join(prediction.notes)) == padded


def test_the_border_is_of_the_colour_that_means_nothing() -> None:
    forward = Painted()
    painted_model(forward).predict([ramp(60, 140, 1), ramp(140, 60, 1)], None, None, Deadline())
    colours = forward.calls[0]['colours']
    assert colours.shape == (2, 3, 140, 140)
    border = colours[0, :, :30]
    assert (border - MEAN).abs().max() < 0.003  # of a step of 8 bits


def test_poses_and_intrinsics_are_those_of_opencv_and_of_pixel_centres() -> None:
    """World-to-camera of another world and unit, K counted from the corner: points come right."""
    observation = make_scene(arc(4)).observation
    true = np.stack([frame.T_world_camera for frame in observation.frames])
    model_poses = OWN_WORLD @ true
    model_poses[:, :3, 3] /= 1.7

    class Scene(Painted):
        def __call__(self, images: torch.Tensor, **given: Any) -> Dict:
            output = super().__call__(images, **given)
            height, width = images.shape[-2:]
            small = make_scene(arc(4), camera=observation.frames[0].intrinsics.scaled(
                width, height)).observation.frames
            depth = np.stack([frame.depth_m for frame in small]) / 1.7
            output.depth = torch.from_numpy(np.nan_to_num(depth)).float()[None]
            output.intrinsics[..., 0, 0] = 280.0 * width / 320
            output.intrinsics[..., 1, 1] = 280.0 * height / 240
            return output

    model = painted_model(Scene(invert(model_poses)))
    found = model.predict([frame.image for frame in observation.frames], None, None, Deadline())
    assert found.T_camera_model[:, :3] == pytest.approx(invert(model_poses)[:, :3], abs=1e-6)
    height, width = found.depth[0].shape
    assert found.intrinsics[0][:2, 2] == pytest.approx([width / 2 - 0.5, height / 2 - 0.5])
    bare = tuple(Frame(frame.index, 'c', frame.stamp_ns, 'c', frame.image, None, None,
                       frame.T_world_camera) for frame in observation.frames)
    scene = ModelReconstructor(model).reconstruct(
        type(observation)(bare, 'odom'), range(4), Deadline())
    assert scene.scale_source == 'tf_baseline'
    for frame in observation.frames:
        camera = frame.intrinsics
        points = camera.rays() * frame.depth_m[..., None]
        world = points @ frame.T_world_camera[:3, :3].T + frame.T_world_camera[:3, 3]
        off = np.linalg.norm(scene.points_m[frame.index] - world, axis=2)
        assert np.nanmedian(off) < 0.01  # of 1 to 2 m


def poses_at(*centers: tuple[float, float, float]) -> np.ndarray:
    extrinsics = np.tile(np.eye(4), (len(centers), 1, 1))
    extrinsics[:, :3, 3] = -np.array(centers)
    return extrinsics


@pytest.mark.parametrize(('extrinsics', 'unit_m'), [
    (poses_at((0, 0, 0), (0.4, 0, 0), (0.8, 0.1, 0)), 0.4),
    (poses_at((1, 2, 3), (1.2, 2, 3), (1.4, 2, 3), (1.6, 2, 3)), 0.2),  # on a line
    (poses_at((0, 0, 0), (0.06, 0, 0), (0.08, 0, 0)), 0.1),  # the least unit
    (poses_at((0, 0, 0), (0.01, 0, 0), (0, 0.01, 0)), None),  # at rest
    (poses_at((0, 0, 0), (0.4, 0, 0)), None),  # two
    (poses_at((0, 0, 0)), None),
    (None, None),
])
def test_priors_where_they_are_of_use(
    extrinsics: np.ndarray | None, unit_m: float | None,
) -> None:
    count = 3 if extrinsics is None else len(extrinsics)
    images = [ramp(90, 120, 1)] * count
    intrinsics = np.tile(np.array([[100.0, 0, 59.5], [0, 100.0, 44.5], [0, 0, 1]]), (count, 1, 1))
    forward = Painted()
    model = painted_model(forward)
    model.predict(images, intrinsics, extrinsics, Deadline())
    model.predict(images, None, extrinsics, Deadline())
    painted_model(forward, priors=False).predict(images, intrinsics, extrinsics, Deadline())
    assert [('extrinsics' in call, 'intrinsics' in call) for call in forward.calls] == [
        (unit_m is not None,) * 2, (False,) * 2, (False,) * 2]
    if unit_m is None or extrinsics is None:
        return
    told = forward.calls[0]['extrinsics'][0].numpy()
    centers = -extrinsics[:, :3, 3]
    assert told[:, :3, :3] == pytest.approx(extrinsics[:, :3, :3])
    assert -told[:, :3, 3] == pytest.approx((centers - centers[0]) / unit_m, abs=1e-5)
    height, width = forward.calls[0]['colours'].shape[-2:]
    matrix = forward.calls[0]['intrinsics'][0, 0].numpy()
    assert matrix[:2] == pytest.approx(np.array([
        [100 * width / 120, 0, width / 2], [0, 100 * height / 90, height / 2]]), rel=1e-6)


def test_metres_of_the_metric_model_need_the_focal_length() -> None:
    def forward(images: torch.Tensor) -> Dict:
        sky = torch.zeros(images.shape[1], *images.shape[-2:])
        sky[:, :10] = 0.5
        return Dict(depth=torch.full_like(sky, 3.0)[None], sky=sky[None])

    model = painted_model(forward, 'da3metric-large')
    images = [ramp(96, 128, 1), ramp(300, 200, 1)]
    intrinsics = np.array([
        [[120.0, 0, 0], [0, 120.0, 0], [0, 0, 1]], [[300.0, 0, 0], [0, 330.0, 0], [0, 0, 1]]])
    found = model.predict(images, intrinsics, None, Deadline())
    (high, wide), (tall, narrow) = (each.shape for each in found.depth)
    assert ((high, wide), (tall, narrow)) == ((112, 140), (140, 98))
    focal = ((120 * wide / 128 + 120 * high / 96) / 2, (300 * narrow / 200 + 330 * tall / 300) / 2)
    for depth, px in zip(found.depth, focal):
        assert depth[20:] == pytest.approx(np.full(depth[20:].shape, 3.0 * px / 300), rel=1e-5)
        assert np.isnan(depth[:10]).all()  # sky has no depth
    assert found.is_metric
    assert not model.predict(images, None, None, Deadline()).is_metric
    mono = painted_model(forward, 'da3mono-large').predict(images, intrinsics, None, Deadline())
    assert not mono.is_metric
    assert mono.depth[0][50, 50] == pytest.approx(3.0)


def test_nested_as_the_package_joins_its_two() -> None:
    network = build_network(VARIANTS['da3nested-giant-large'], NetworkSize())
    model = DepthAnything(
        network, VARIANTS['da3nested-giant-large'], Options(process_res=112),
        device=torch.device('cpu'), dtype=torch.float32, max_views=8, batch=2, weights='-')
    images = [np.random.default_rng(at).integers(0, 255, (84, 112, 3), dtype=np.uint8)
              for at in range(3)]
    found = model.predict(images, None, None, Deadline())
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        theirs = network(((pixels - MEAN) / SPREAD)[None])
    known = np.isfinite(np.stack(found.depth))
    assert known.mean() > 0.5
    assert np.stack(found.depth)[known] == pytest.approx(
        theirs.depth[0].numpy()[known], rel=1e-4)
    assert found.T_camera_model[:, :3, 3] == pytest.approx(
        theirs.extrinsics[0, :, :3, 3].numpy(), rel=1e-3, abs=1e-5)
    assert found.is_metric
    # another focal length by CameraInfo is another scale
    wide = np.tile(np.diag([50.0, 50.0, 1.0]), (3, 1, 1))
    far = np.tile(np.diag([100.0, 100.0, 1.0]), (3, 1, 1))
    one, two = (model.predict(images, each, None, Deadline()) for each in (wide, far))
    assert np.nanmedian(two.depth[0] / one.depth[0]) == pytest.approx(2, rel=1e-4)
    network.da3_metric.forward = lambda images: Dict(
        depth=torch.ones(1, 2, 84, 112), sky=torch.ones(1, 2, 84, 112))
    with pytest.raises(PerceptionError, match='nothing but sky'):
        model.predict(images[:2], None, None, Deadline())


def test_a_batch_that_is_lowered_makes_images_smaller_or_fewer_at_once() -> None:
    forward = Painted()
    model = painted_model(forward, batch=8)
    images = [ramp(480, 640, 1)] * 4
    model._options = Options(process_res=560)
    found = model.predict(images, None, None, Deadline())
    assert found.depth[0].shape == (420, 560)
    model.batch = 4  # as who hosts it halves what ran out of memory
    assert model.batch == 2
    smaller = model.predict(images, None, None, Deadline())
    full = found.depth[0].size
    assert sum(each.size for each in smaller.depth) == pytest.approx(2 * full, rel=0.05)
    assert 'saw 4 images at 395 instead of 560' in smaller.notes[0]
    shown: list[int] = []

    def alone(images: torch.Tensor) -> Dict:
        shown.append(images.shape[1])
        empty = torch.zeros(1, images.shape[1], *images.shape[-2:])
        return Dict(depth=empty + 1, sky=empty)

    mono = painted_model(alone, 'da3mono-large', batch=3)
    mixed = [*images, ramp(300, 200, 1)]
    found = mono.predict([mixed[at] for at in (0, 4, 1, 2, 3)], None, None, Deadline())
    assert sorted(shown) == [1, 1, 3]
    assert [each.shape[0] > each.shape[1] for each in found.depth] == [
        False, True, False, False, False]
