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


"""What is seen of a world agrees with what is known of it: depth, masks, poses, what lacks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.perception.colour import membership
from spatialclaw_ros.sim.extents import bounds
from spatialclaw_ros.sim.worlds.look import Seen, look
from spatialclaw_ros.sim.worlds.make import make_world
from spatialclaw_ros.sim.worlds.model import compile_world
from spatialclaw_ros.sim.worlds.settings import SETTINGS, Setting, TfNoise
from spatialclaw_ros.sim.worlds.sights import view_sights
from spatialclaw_ros.sim.worlds.world import BASE_FRAME, WORLD_FRAME, World


def some_views(world: World, count: int) -> World:
    return replace(world, views=world.views[:count])


@pytest.fixture(scope='module', params=[('tabletop', 6), ('room', 4)], ids=['tabletop', 'room'])
def world(request: pytest.FixtureRequest) -> World:
    kind, seed = request.param
    return some_views(make_world(seed, kind=kind), 2)


@pytest.fixture(scope='module')
def seen(world: World) -> Seen:
    return look(world, SETTINGS['perfect'])


def test_depth_lies_in_the_things_and_on_the_fixtures(world: World, seen: Seen) -> None:
    for frame, masks in zip(seen.observation.frames, seen.masks):
        points = transform_points(
            frame.T_world_camera, frame.intrinsics.unproject(frame.depth_m).astype(np.float64))
        assert sum(mask.sum() for mask in masks.values()) > 0.99 * frame.depth_m.size
        for name, mask in masks.items():
            local = transform_points(
                invert(world.T_world_object(name, frame.stamp_ns)), points[mask])
            low, high = bounds(world.object(name))
            outside = np.maximum(np.maximum(low - local, local - high), 0.0).max(axis=1)
            assert np.percentile(outside, 99) < 0.003, name
        for name, rest in world.supports.items():
            if name in masks and masks[name].sum() > 5000:
                heights = points[masks[name], 2]
                assert np.abs(heights - rest.height).min() < 0.001


def test_masks_have_the_colours_of_the_names(world: World, seen: Seen) -> None:
    shares = [
        float((membership(frame.image[masks[thing.name]], thing.kind.split()[0]) > 0.3).mean())
        for frame, masks in zip(seen.observation.frames, seen.masks) for thing in world.things
        if thing.name in masks and masks[thing.name].sum() > 400]
    assert len(shares) > 8
    assert np.median(shares) > 0.85
    assert min(shares) > 0.4


def test_shares_of_pixels_agree_with_rays(world: World, seen: Seen) -> None:
    compiled = compile_world(world)
    for index, visible in enumerate(seen.visible):
        sights = view_sights(compiled, index, world.names)
        assert set(visible) == set(world.names)
        for name, share in visible.items():
            assert share == pytest.approx(sights[name].visible, abs=0.11), name


def test_an_observation_has_all_that_a_robot_knows(world: World, seen: Seen) -> None:
    observation = seen.observation
    assert observation.world_frame == WORLD_FRAME
    assert observation.base_frame == BASE_FRAME
    assert not observation.missing
    assert set(observation.transforms) == set(world.frames)
    for index, frame in enumerate(observation.frames):
        assert (frame.camera, frame.stamp_ns) == (
            world.views[index].camera, world.views[index].stamp_ns)
        np.testing.assert_allclose(frame.T_world_camera, world.T_world_view(index), atol=1e-12)
        for name, poses in observation.transforms.items():
            np.testing.assert_allclose(
                poses[index], world.T_world_frame(name, frame.stamp_ns), atol=1e-12)


@pytest.fixture(scope='module')
def small() -> World:
    return some_views(make_world(5, kind='tabletop'), 2)


def test_noise_is_the_same_again_and_another_in_each_frame(small: World) -> None:
    first, again = (look(small, SETTINGS['robot']).observation.frames for _ in range(2))
    true = look(small, SETTINGS['perfect']).observation.frames
    for one, two, exact in zip(first, again, true):
        np.testing.assert_array_equal(one.depth_m, two.depth_m)
        np.testing.assert_array_equal(one.image, two.image)
        np.testing.assert_array_equal(one.T_world_camera, two.T_world_camera)
        off = one.depth_m - exact.depth_m
        assert np.isfinite(off).mean() > 0.85
        assert 0.001 < np.nanmedian(np.abs(off)) < 0.02
        error = invert(exact.T_world_camera) @ one.T_world_camera
        assert 1e-4 < np.linalg.norm(error[:3, 3]) < 0.02
    assert not np.array_equal(first[0].depth_m - true[0].depth_m,
                              first[1].depth_m - true[1].depth_m)


def test_a_wrong_mount_is_as_wrong_in_every_image(small: World) -> None:
    setting = Setting('mount', tf=TfNoise(hand_eye_m=0.01, hand_eye_rad=math.radians(1.0)))
    observation = look(small, setting).observation
    errors = [invert(small.T_world_view(index)) @ frame.T_world_camera
              for index, frame in enumerate(observation.frames)]
    np.testing.assert_allclose(errors[0], errors[1], atol=1e-12)
    assert np.linalg.norm(errors[0][:3, 3]) > 0.001
    frame = observation.frames[0]
    body = frame.frame_id.replace('_color_optical_frame', '_link')
    for name in (frame.frame_id, body):
        assert np.abs(observation.transforms[name][0]
                      - small.T_world_frame(name, frame.stamp_ns)).max() > 1e-4
    np.testing.assert_allclose(
        observation.transforms[BASE_FRAME][0], small.T_world_frame(BASE_FRAME, frame.stamp_ns))


@pytest.mark.parametrize(('setting', 'lacks', 'line'), [
    ('no_depth', 'depth_m', 'depth'), ('no_camera_info', 'intrinsics', 'CameraInfo'),
    ('no_tf', 'T_world_camera', 'transform')])
def test_what_a_setting_leaves_out_is_not_there(
    small: World, setting: str, lacks: str, line: str,
) -> None:
    observation = look(some_views(small, 1), SETTINGS[setting]).observation
    parts = ('depth_m', 'intrinsics', 'T_world_camera')
    frame, = observation.frames
    assert [part for part in parts if getattr(frame, part) is None] == [lacks]
    assert line in observation.missing[0]
    assert (observation.world_frame == '') == (setting == 'no_tf')
    assert bool(observation.transforms) == (setting != 'no_tf')
