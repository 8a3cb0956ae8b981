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
from analytic_scene import AnalyticScene
from bench_cells import FRAMES, HEIGHT, WIDTH
from bench_table import Row, faster
from plain_map import compare_maps, draw_map, plain_content
from plain_pictures import masks_over_picture
from plain_plane import fit_ground_plane
from tools_alike import equal_pictures, equal_planes
from tools_scene import arrays_of, bench_scene, masks_of

from spatialclaw_ros.kernel import Kernel, KernelSession
from spatialclaw_ros.workspace.bev import content_of
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
    points = arrays_of(scene, 'points')
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
    scope = make_namespace(
        scene.observation, scene, show=lambda shown: None, answer=lambda answer: None)
    exec(_FOUND, scope)
    content = content_of(scope['recon'], scope['seg'])
    alike = compare_maps(scene, content, ours)
    took, reference = _in_turn(
        session, 'recon.render_bev(seg)',
        lambda: draw_map(scene, plain_content(scene, content), content, ours.shape[1]), count)
    return Row(
        'render_bev with 3 objects', took, reference, faster(10),
        note=f'{len(scene.observation.frames)} frames; reference: points under the masks in NumPy, '
             f'drawn with Matplotlib; {alike}; timed in turn')


def _overlay(session: KernelSession, scene: AnalyticScene, count: int) -> Row:
    ours, = _shown(session, 'show(seg.visualize(0))')
    labels = ['red box', 'blue ball', 'table']
    masks = masks_of(scene, labels)[0]
    colours = [colour_of(number) for number in range(len(labels))]
    picture = scene.observation.frames[0].image

    def draw() -> np.ndarray:
        return masks_over_picture(picture, masks, labels, [0.9] * len(labels), colours)

    share = equal_pictures('visualize', ours, draw())
    took, reference = _in_turn(session, 'seg.visualize(0)', draw, count)
    return Row(
        'visualize, 3 masks', took, reference, faster(10),
        note=f'{WIDTH}x{HEIGHT}; reference: Matplotlib; {100 * share:.2f} % of the pixels differ '
             'visibly (lettering); timed in turn')


def _in_turn(
    session: KernelSession, call: str, reference: Callable[[], Any], count: int,
) -> tuple[list[float], list[float]]:
    """Seconds of a cell's call and of its reference, in turn, so that a burst of load hits both."""
    ours, theirs = [], []
    for _ in range(count):
        ours += json.loads(printed(session, f'timed(lambda: {call}, 1)'))
        theirs.append(_timed(reference)[0])
    return ours, theirs


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began_s = time.perf_counter()
    result = work()
    return time.perf_counter() - began_s, result


def _shown(session: KernelSession, code: str) -> list[np.ndarray]:
    return [image.array for image in session.run(code).images]
