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



"""The tools against plain references: NumPy and Matplotlib as one would write them down.

Ours runs in a session of the kernel, in a cell that times itself; the references run in the
benchmark's own process, with all its threads, on the same arrays. Before anything is timed counts,
the results are compared: see `tools_alike`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from analytic_scene import AnalyticScene, make_scene
from bench_cells import FRAMES, HEIGHT, WIDTH
from bench_table import Row, faster
from plain_pictures import Extent, map_from_above, masks_over_picture
from plain_plane import fit_ground_plane
from tools_alike import equal_pictures, equal_places, equal_planes

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.kernel import Kernel, KernelSession
from spatialclaw_ros.workspace.bev import MARGIN_PX, Content, content_of
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.namespace import make_namespace
from spatialclaw_ros.workspace.pictures import colour_of

THRESHOLD_M = 0.01
_FOUND = """\
import json, time
recon = tools.Reconstruct()
seg = tools.SAM3.segment_video_by_text(['red box', 'blue ball', 'table'])
def timed(work, count):
    work()
    took = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    print(json.dumps(took))
"""
_PATH = (235, 60, 60)
_NOISE_M, _HOLES = 0.003, 0.05
_SHORT_FRAMES = 4


def rows(short: bool) -> list[Row]:
    """The plane of each frame and of all, the map from above, masks over a frame.

    Raises:
        UnequalError: a result is not the reference's.
    """
    scene = bench_scene(_SHORT_FRAMES if short else FRAMES)
    count = 5 if short else 30
    with Kernel() as kernel, kernel.open(scene.observation, scene) as session:
        printed(session, _FOUND)
        return [
            *_planes(session, scene, count, short=short), _map(session, scene, count),
            _overlay(session, scene, count)]


def bench_scene(frames: int) -> AnalyticScene:
    """A table with a box and a ball, seen while passing by: depth with 3 mm of noise and holes."""
    way = np.linspace(0.0, 1.0, frames)
    eyes = [(0.1 * at, 0.3 - 0.65 * at, 1.3 + 0.05 * np.sin(3 * at)) for at in way]
    camera = PinholeCamera(
        WIDTH, HEIGHT, 700.0, 700.0, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    return make_scene(eyes, noise_m=_NOISE_M, camera=camera, holes=_HOLES)


def printed(session: KernelSession, code: str) -> str:
    """What a cell prints.

    Raises:
        RuntimeError: it failed.
    """
    result = session.run(code)
    if result.error is not None:
        raise RuntimeError(f'{code!r} failed: {result.error.kind}: {result.error.message}')
    return result.stdout


def _planes(
    session: KernelSession, scene: AnalyticScene, count: int, *, short: bool,
) -> list[Row]:
    points = _arrays(scene, 'points')
    ours = json.loads(printed(session, (
        'took, planes = [], []\n'
        'for f in recon.frame_indices:\n'
        '    began = time.perf_counter()\n'
        f'    plane = tools.Geometry.fit_ground_plane_ransac(recon.points[f], {THRESHOLD_M})\n'
        '    took.append(time.perf_counter() - began)\n'
        '    planes.append([plane.normal.tolist(), plane.offset])\n'
        'print(json.dumps([took, planes]))\n')))
    theirs = [_timed(lambda each=each: fit_ground_plane(each, THRESHOLD_M)) for each in points]
    apart = [equal_planes(each, (np.array(normal), offset), plane, THRESHOLD_M)
             for each, (normal, offset), (_, plane) in zip(points, ours[1], theirs)]
    every = np.concatenate([each.reshape(-1, 3) for each in points])
    fit = f'tools.Geometry.fit_ground_plane_ransac(recon.points, {THRESHOLD_M})'
    normal, offset = json.loads(printed(
        session, f'p = {fit}\nprint(json.dumps([p.normal.tolist(), p.offset]))'))
    together = json.loads(printed(session, f'timed(lambda: {fit}, {count})'))
    took_s, plane = _timed(lambda: fit_ground_plane(every, THRESHOLD_M))
    joint = equal_planes(every, (np.array(normal), offset), plane, THRESHOLD_M)
    return [
        Row('ground plane of one frame', ours[0], [took_s for took_s, _ in theirs], faster(10),
            note=f'{len(points)} frames of {WIDTH}x{HEIGHT}, each once; reference: all points '
                 'scored by 1,000 level hypotheses in NumPy, then least squares; ' + _said(
                     np.abs(apart).max(axis=0)) + ', the frame that differs most'),
        Row(f'ground plane of {len(points)} frames together', together, [took_s], faster(10),
            note=f'{len(every) / 1e6:.1f} million points; the reference, as above, '
                 f'{"on as many frames" if short else "runs once"}; ' + _said(joint)),
    ]


def _said(apart: Sequence[float]) -> str:
    angle_deg, offset_mm, gained = apart
    return (f'planes {angle_deg:.3f} degrees and {offset_mm:.2f} mm apart, inliers '
            f'{100 * gained:+.2f} %')


def _map(session: KernelSession, scene: AnalyticScene, count: int) -> Row:
    ours, = _shown(session, 'show(recon.render_bev(seg))')
    took = json.loads(printed(session, f'timed(lambda: recon.render_bev(seg), {count})'))
    scope = make_namespace(
        scene.observation, scene, show=lambda shown: None, answer=lambda answer: None)
    exec(_FOUND, scope)
    recon, seg = scope['recon'], scope['seg']
    content = content_of(recon, seg)
    drawn = _draw_map(scene, content, content, ours.shape[1])
    share = equal_pictures('render_bev', ours, drawn)
    width = content.view.width
    apart_px = max(equal_places(name, ours[:, :width], drawn[:, :width], colour_of(number))
                   for number, (name, _) in enumerate(content.objects))
    reference = [
        _timed(lambda: _draw_map(
            scene, _plain_content(scene, content), content, ours.shape[1]))[0]
        for _ in range(count)]
    return Row(
        'render_bev with 3 objects', took, reference, faster(10),
        note=f'{len(scene.observation.frames)} frames; reference: points under the masks in NumPy, '
             'drawn with Matplotlib; of the same points the two draw pictures of one size, '
             f'{100 * share:.2f} % of the pixels differ visibly (lettering), middles of the '
             f"objects' colours are {apart_px:.2f} pixels apart")


def _plain_content(scene: AnalyticScene, content: Content) -> Content:
    """The same content, gathered plainly: every point of every mask, then every so many."""
    arrays = scene(ToolCall('reconstruct', {'frame_indices': _indices(scene)})).arrays
    masks = _masks(scene, [name for name, _ in content.objects])
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


def _draw_map(
    scene: AnalyticScene, content: Content, framed: Content, whole_width: int,
) -> np.ndarray:
    view = framed.view
    scale = view.pixels_per_m
    margin_m = MARGIN_PX / scale
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


def _overlay(session: KernelSession, scene: AnalyticScene, count: int) -> Row:
    ours, = _shown(session, 'show(seg.visualize(0))')
    took = json.loads(printed(session, f'timed(lambda: seg.visualize(0), {count})'))
    labels = ['red box', 'blue ball', 'table']
    masks = _masks(scene, labels)[0]
    colours = [colour_of(number) for number in range(len(labels))]
    picture = scene.observation.frames[0].image

    def draw() -> np.ndarray:
        return masks_over_picture(picture, masks, labels, [0.9] * len(labels), colours)

    share = equal_pictures('visualize', ours, draw())
    return Row(
        'visualize, 3 masks', took, [_timed(draw)[0] for _ in range(count)], faster(10),
        note=f'{WIDTH}x{HEIGHT}; reference: Matplotlib; {100 * share:.2f} % of the pixels differ '
             'visibly (lettering)')


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began_s = time.perf_counter()
    result = work()
    return time.perf_counter() - began_s, result


def _shown(session: KernelSession, code: str) -> list[np.ndarray]:
    return [image.array for image in session.run(code).images]


def _indices(scene: AnalyticScene) -> list[int]:
    return [frame.index for frame in scene.observation.frames]


def _arrays(scene: AnalyticScene, name: str) -> list[np.ndarray]:
    found = scene(ToolCall('reconstruct', {'frame_indices': _indices(scene)}))
    return [found.arrays[f'{name}_{index}'] for index in _indices(scene)]


def _masks(scene: AnalyticScene, labels: Sequence[str]) -> dict[int, np.ndarray]:
    found = scene(ToolCall('segment', {
        'mode': 'text', 'prompts': list(labels), 'frame_indices': _indices(scene)}))
    return {index: found.arrays[f'masks_{index}'] for index in _indices(scene)}
