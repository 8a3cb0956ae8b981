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


"""The map from above, gathered and drawn plainly, and its comparison with `render_bev`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from analytic_scene import AnalyticScene
from plain_pictures import Extent, map_from_above
from tools_alike import equal_clouds, equal_pictures, equal_places
from tools_scene import indices_of, masks_of

from spatialclaw_ros.workspace.bev import MARGIN_PX, Content
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.pictures import colour_of

_PATH = (235, 60, 60)


@dataclass(frozen=True)
class Likeness:
    """How much two maps are alike; of the objects the one that is least.

    Args:
        differing: share of the pixels that differ visibly, drawn of the same points.
        moved_px: columns or rows that an object must be moved by to fit best.
        in_both: share of its pixels that are in both pictures then.
        apart_mm: between the samples that the two take of its points.
    """

    differing: float
    moved_px: float
    in_both: float
    apart_mm: float

    def __str__(self) -> str:
        return (f'of the same points the two draw pictures of one size, {100 * self.differing:.2f} '
                '% of the pixels differ visibly (lettering), objects fit best when moved by '
                f'{self.moved_px:.0f} pixels and {100 * self.in_both:.0f} % of the least alike '
                f'are then in both; the points that each takes are at most {self.apart_mm:.1f} mm '
                'off')


def compare_maps(scene: AnalyticScene, content: Content, ours: np.ndarray) -> Likeness:
    """Compare a map with the one that is drawn and gathered plainly.

    Args:
        scene: what is mapped.
        content: what `ours` shows.
        ours: (H, W, 3) uint8.

    Raises:
        UnequalError: the maps differ, or the points that they show.
    """
    theirs = draw_map(scene, content, content, ours.shape[1])
    differing = equal_pictures('render_bev', ours, theirs)
    width = content.view.width  # the legend is beside it
    places = [equal_places(name, ours[:, :width], theirs[:, :width], colour_of(number))
              for number, (name, _) in enumerate(content.objects)]
    apart_m = [
        equal_clouds(name, each, plain) for (name, each), (_, plain) in zip(
            content.objects, plain_content(scene, content).objects)]
    return Likeness(
        differing, max(moved for moved, _ in places), min(share for _, share in places),
        1e3 * max(apart_m))


def plain_content(scene: AnalyticScene, content: Content) -> Content:
    """The same content, gathered plainly: every point of every mask, then every so many."""
    arrays = scene(ToolCall('reconstruct', {'frame_indices': indices_of(scene)})).arrays
    masks = masks_of(scene, [name for name, _ in content.objects])
    clouds, colours = [], []
    each = len(content.scene) // len(scene.observation.frames)
    for frame in scene.observation.frames:
        points = arrays[f'points_{frame.index}'].reshape(-1, 3)
        step = max(1, len(points) // each)
        known = np.isfinite(points[::step]).all(axis=1)
        clouds.append(points[::step][known])
        colours.append(frame.image.reshape(-1, 3)[::step][known])
    objects = []
    for number, (name, few) in enumerate(content.objects):
        points = np.concatenate([
            arrays[f'points_{index}'][
                mask[number] & (arrays[f'confidence_{index}'] > 0)]
            for index, mask in masks.items()])
        objects.append((name, points[::max(1, len(points) // len(few))]))
    return Content(
        np.concatenate(clouds), np.concatenate(colours), tuple(objects), content.view)


def draw_map(
    scene: AnalyticScene, content: Content, framed: Content, whole_width: int,
) -> np.ndarray:
    """Content drawn with Matplotlib, framed as another one, legend and all.

    Args:
        scene: has the cameras.
        content: what is drawn.
        framed: has the view.
        whole_width: pixels, with the legend.

    Returns:
        (H, W, 3) uint8.
    """
    view = framed.view
    scale = view.pixels_per_m
    # Matplotlib counts from a pixel's corner, a view from its middle
    margin_m = (MARGIN_PX + 0.5) / scale
    extent = Extent(view.top_x + margin_m, view.left_y + margin_m, scale, view.width,
                    view.height, whole_width)
    poses = np.stack([frame.T_world_camera for frame in scene.observation.frames])
    camera = scene.observation.frames[0].intrinsics
    assert camera is not None
    rays = np.array([[(side - camera.cx) / camera.fx, 0.0, 1.0] for side in (0, camera.width)])
    rays = (rays @ poses[0, :3, :3].T)[:, :2]
    rays *= 70 / scale / np.linalg.norm(rays, axis=1, keepdims=True)
    corners = poses[0, :2, 3] + np.vstack([np.zeros(2), rays])
    return map_from_above(
        extent, content.scene, content.colours, content.objects,
        [colour_of(number) for number in range(len(content.objects))], poses[:, :3, 3],
        corners, 'camera path, view of frame 0', _PATH, grid_m=0.5, bar_m=0.5)
