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

"""The simulated scene: what is rendered agrees with what is known to be true."""

from __future__ import annotations

import math
import time

import mujoco
import numpy as np
import pytest

from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.geometry.se3 import invert, is_rigid, transform_points
from spatialclaw_ros.sim import render
from spatialclaw_ros.sim.observation import observe
from spatialclaw_ros.sim.render import SceneRenderer
from spatialclaw_ros.sim.scene import Scene, make_scene
from spatialclaw_ros.sim.trajectory import (
    GRIPPER_FRAME,
    OPTICAL_FRAME,
    PERIOD_NS,
    WORLD_FRAME,
    ArcTrajectory,
)
from spatialclaw_ros.sim.truth import Truth

SECOND_NS = 1_000_000_000


@pytest.fixture(scope='module')
def scene() -> Scene:
    return make_scene()


@pytest.fixture(scope='module')
def truth(scene: Scene) -> Truth:
    return Truth(scene)


@pytest.fixture(scope='module')
def renderer(scene: Scene):
    with SceneRenderer(scene) as drawn:
        yield drawn


def surface_distance(scene: Scene, name: str, points: np.ndarray) -> np.ndarray:
    """Distance of points in `base_link` from the surface of a ball or a box, by formula."""
    thing = next(thing for thing in scene.objects if thing.name == name)
    geom, = thing.geoms
    local = transform_points(invert(thing.T_scene_object @ geom.T_object_geom), points)
    if geom.type == 'sphere':
        return np.abs(np.linalg.norm(local, axis=1) - geom.size[0])
    outside = np.abs(local) - np.array(geom.size)
    far = np.linalg.norm(np.maximum(outside, 0.0), axis=1)
    return np.abs(far + np.minimum(outside.max(axis=1), 0.0))


@pytest.mark.parametrize('stamp_s', [0.0, 2.5, 7.5])
@pytest.mark.parametrize('name', ['green ball', 'blue box', 'orange ball 1'])
def test_rendered_depth_lies_on_the_true_surface(
    scene: Scene, renderer: SceneRenderer, truth: Truth, name: str, stamp_s: float,
) -> None:
    stamp_ns = round(stamp_s * SECOND_NS)
    _, depth_m = renderer.render(stamp_ns)
    T_base_optical = scene.trajectory.T_base_optical(stamp_ns)
    points = transform_points(T_base_optical, scene.camera.unproject(depth_m))
    near = np.linalg.norm(points - truth.center(name), axis=-1) < truth.size(name).max() / 1.9
    above_table = points[..., 2] > truth.top_above_floor('table') + 0.004
    seen = points[near & above_table]
    off = surface_distance(scene, name, seen)
    assert len(seen) > 800
    assert np.percentile(off, 99) < 0.002
    assert np.median(off) < 0.0005


def test_rendered_table_is_flat_and_at_its_height(
    scene: Scene, renderer: SceneRenderer, truth: Truth,
) -> None:
    _, depth_m = renderer.render(0)
    points = transform_points(
        scene.trajectory.T_base_optical(0), scene.camera.unproject(depth_m)).reshape(-1, 3)
    low = np.abs(points[:, 2] - truth.top_above_floor('table')) < 0.002
    assert low.mean() > 0.5
    assert np.abs(points[low, 2] - 0.74).mean() < 0.0005


@pytest.mark.parametrize(('a', 'b'), [
    ('green ball', 'orange ball 1'), ('orange ball 1', 'orange ball 2')])
def test_distance_of_balls_is_the_formula(truth: Truth, a: str, b: str) -> None:
    radii = (truth.height(a) + truth.height(b)) / 2
    expected = math.dist(truth.center(a), truth.center(b)) - radii
    found = truth.distance(a, b)
    assert found.distance == pytest.approx(expected, abs=1e-6)
    assert math.dist(found.point_a, found.point_b) == pytest.approx(expected, abs=1e-6)


def test_distance_of_mug_and_box_is_that_of_sampled_surfaces(scene: Scene, truth: Truth) -> None:
    mug = next(thing for thing in scene.objects if thing.name == 'red mug')
    angles, heights = np.meshgrid(np.linspace(0, 2 * np.pi, 720), np.linspace(0, 0.095, 40))
    side = np.stack([0.04 * np.cos(angles), 0.04 * np.sin(angles), heights], axis=-1)
    points = transform_points(mug.T_scene_object, side.reshape(-1, 3))
    sampled = surface_distance(scene, 'blue box', points).min()
    assert truth.distance('red mug', 'blue box').distance == pytest.approx(sampled, abs=2e-5)


@pytest.mark.parametrize(('name', 'size'), [
    ('green ball', (0.08, 0.08, 0.08)), ('blue box', (0.13, 0.08, 0.10)),
    ('yellow bottle', (0.068, 0.068, 0.22)), ('purple book', (0.21, 0.15, 0.035)),
    ('red mug', (0.108, 0.08, 0.0953)), ('white plate', (0.2, 0.2, 0.0163))])
def test_sizes(truth: Truth, name: str, size: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(truth.size(name), size, atol=1e-6)


def test_counts_sides_nearest_and_edges(truth: Truth) -> None:
    assert truth.count('orange ball') == 3
    assert truth.count('green ball') == 1
    assert truth.side('green ball', 'red mug', 0) == 'left'
    assert truth.side('white plate', 'red mug', 0) == 'right'
    assert truth.nearest('red mug', ['blue box', 'green ball', 'purple book']) == 'blue box'
    assert truth.distance_to_table_edge('green ball') == pytest.approx(0.14)
    assert truth.closest_to_frame('green ball', GRIPPER_FRAME, 0) == pytest.approx(
        truth.distance_to_frame('green ball', GRIPPER_FRAME, 0) - 0.04, abs=1e-5)


def test_nothing_overlaps_or_hangs_over_the_table(truth: Truth) -> None:
    for a in truth.names:
        assert truth.distance_to_table_edge(a) > 0.05
        assert abs(truth.distance(a, 'table').distance) < 1e-6
        for b in truth.names:
            assert a == b or truth.distance(a, b).distance > 0.01


def test_motion_is_rigid_slow_and_repeats() -> None:
    arc = ArcTrajectory()
    step_ns = PERIOD_NS // 200
    poses = [arc.T_base_optical(number * step_ns) for number in range(201)]
    assert all(is_rigid(pose) for pose in poses)
    np.testing.assert_allclose(poses[0], poses[-1], atol=1e-12)
    np.testing.assert_allclose(arc.T_base_optical(17 * PERIOD_NS + 5), arc.T_base_optical(5))
    speeds = np.linalg.norm(np.diff([pose[:3, 3] for pose in poses], axis=0), axis=1)
    assert speeds.max() / (step_ns / SECOND_NS) < 0.25
    with pytest.raises(KeyError, match='gripper_link'):
        arc.T_base_frame('nowhere', 0)


def test_objects_stay_in_view_for_the_whole_swing(scene: Scene, truth: Truth) -> None:
    for stamp_ns in range(0, PERIOD_NS, PERIOD_NS // 20):
        centers = np.array([truth.center(name, OPTICAL_FRAME, stamp_ns) for name in truth.names])
        pixels = scene.camera.project(centers)
        assert (pixels > (20, 20)).all()
        assert (pixels < (620, 460)).all()


def test_observation_is_complete(renderer: SceneRenderer, scene: Scene, truth: Truth) -> None:
    stamps = [0, 250_000_000, 500_000_000]
    seen = observe(renderer, stamps)
    assert [frame.stamp_ns for frame in seen.frames] == stamps
    assert seen.world_frame == WORLD_FRAME
    assert not seen.missing
    frame = seen.frames[1]
    center = truth.center('green ball', WORLD_FRAME, frame.stamp_ns)
    local = transform_points(invert(frame.T_world_camera), center)
    np.testing.assert_allclose(
        local, truth.center('green ball', OPTICAL_FRAME, frame.stamp_ns), atol=1e-9)
    red, green, blue = frame.image[tuple(
        np.rint(scene.camera.project(local[None])[0][::-1]).astype(int))]
    assert green > 1.5 * max(red, blue)


def test_depth_noise_is_that_of_a_camera(scene: Scene, renderer: SceneRenderer) -> None:
    _, exact = renderer.render(0)
    with SceneRenderer(scene, depth_noise=1.0) as noisy:
        _, depth_m = noisy.render(0)
    assert 0.0011 < np.nanstd(depth_m - exact) < 0.006


def test_rendering_keeps_up(renderer: SceneRenderer, capsys: pytest.CaptureFixture[str]) -> None:
    renderer.render(0)
    wall, cpu = [], []
    for number in range(30):
        start_s, work_s = time.perf_counter(), time.process_time()
        renderer.render(number * 62_500_000)
        wall.append(time.perf_counter() - start_s)
        cpu.append(time.process_time() - work_s)
    with capsys.disabled():
        print(f'\n  640x480 colour and depth: {1 / np.median(wall):.1f} Hz, best '
              f'{1 / min(wall):.1f} Hz, {1000 * np.median(cpu):.0f} ms of processor time')
    # Two cores draw at 15 Hz; what others do on this machine at the same time doesn't count.
    assert np.median(cpu) < 0.130


def test_no_backend_is_a_named_error(monkeypatch: pytest.MonkeyPatch) -> None:
    render.find_backend.cache_clear()
    monkeypatch.setattr(render, '_probe', lambda backend: 'exit 1, no library')
    with pytest.raises(DependencyError, match='libegl1'):
        render.find_backend()
    render.find_backend.cache_clear()


def test_scene_is_small_enough_to_draw_fast(scene: Scene) -> None:
    assert isinstance(scene.model, mujoco.MjModel)
    assert scene.model.ngeom < 60
