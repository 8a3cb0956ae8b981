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



"""A good model on real frames: cells as a model writes them, measured against the references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from model_lab import ask
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import cell, script

from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.sim.folder import Reference, read_folder
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question

EVERY = 2
INVALID_MM = 65535

SEGMENT = cell("""
names = ['purple magazine on the table', 'red game controller on the table', 'gray box']
found = {name: tools.SAM3.segment_video_by_text(name) for name in names}
for name, seg in found.items():
    print(name, seg.num_objects, seg.frames_with(0)[:3] if seg.num_objects else seg.notes)
seg = found[names[0]]
show(seg.visualize(seg.frames_with(0)[0]), label='magazine')
""", 'see what there is')
LIFT = cell("""
recon = tools.Reconstruct(InputImages)
clouds = {}
for name, seg in found.items():
    best = seg.frames_with(0)[:3]
    clouds[name] = np.concatenate([seg.get_masked_points(recon, f, 0) for f in best])
    print(name, best, len(clouds[name]), np.median(clouds[name], axis=0).round(2))
print(recon.scale_source)
""", 'bring the masks into the world')
MAGAZINE, CONTROLLER, BOX = (f'clouds[names[{n}]]' for n in range(3))
CLOSEST = cell(f"""
near = tools.Geometry.closest_points({MAGAZINE}, {CONTROLLER})
print(near)
ReturnAnswer(near.distance, unit='m', points=[near.point_a, near.point_b], sigma=near.sigma)
""", 'answer')
CENTRES = cell(f"""
ends = [tools.Geometry.oriented_box(cloud).center for cloud in ({MAGAZINE}, {CONTROLLER})]
ReturnAnswer(tools.Geometry.euclidean_distance(*ends), unit='m', points=ends, sigma=0.02)
""", 'answer')
TABLE = cell("""
table = tools.SAM3.segment_video_by_text('table top')
tops = [table.get_masked_points(recon, f, 0)[:, 2] for f in table.frames_with(0)[:4]]
heights = [float(np.median(top)) for top in tops]
print('world floor at 0; tops', np.round(heights, 3))
""", 'find the table')
HEIGHT = cell("""
ReturnAnswer(float(np.median(heights)), unit='m', sigma=float(np.std(heights)) + 0.005)
""", 'answer')
NEARER = cell(f"""
to = {{'the gray box': {BOX}, 'the purple magazine': {MAGAZINE}}}
gaps = {{name: tools.Geometry.closest_points(cloud, {CONTROLLER}).distance
        for name, cloud in to.items()}}
print(gaps)
ReturnAnswer(min(gaps, key=gaps.get))
""", 'answer')


@dataclass(frozen=True)
class Case:
    """Part of a reference's question, and a model's replies to it."""

    part: str
    replies: tuple[str, ...]
    answer_type: AnswerType = AnswerType.NUMBER
    choices: tuple[str, ...] = ()


CASES = (
    Case('closest distance', (SEGMENT, LIFT, CLOSEST)),
    Case('centres', (SEGMENT, LIFT, CENTRES)),
    Case('table top', (SEGMENT, LIFT, TABLE, HEIGHT)),
    Case('Which is closer', (SEGMENT, LIFT, NEARER), AnswerType.CHOICE,
         ('the gray box', 'the purple magazine')),
)


@pytest.fixture(scope='module')
def kernel() -> Iterator[Kernel]:
    with Kernel() as started:
        yield started


@pytest.fixture(scope='module')
def references(redkitchen: Path) -> tuple[Reference, ...]:
    return read_folder(redkitchen).references


@pytest.fixture(scope='module')
def kitchen(redkitchen: Path) -> Observation:
    folder = read_folder(redkitchen)
    frames = []
    for index, one in enumerate(folder.frames[::EVERY]):
        raw = cv2.imread(str(one.depth), cv2.IMREAD_UNCHANGED)
        depth = np.where((raw == 0) | (raw == INVALID_MM), np.nan, raw * folder.depth_unit_m)
        image = cv2.cvtColor(cv2.imread(str(one.color)), cv2.COLOR_BGR2RGB)
        frames.append(Frame(
            index, 'kinect', one.stamp_ns, 'kinect_optical', image, depth.astype(np.float32),
            folder.camera, one.T_world_camera))
    return Observation(tuple(frames), world_frame='world')


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.part)
def test_a_good_model_measures_right_on_real_frames(
    kernel: Kernel, kitchen: Observation, references: tuple[Reference, ...], case: Case,
) -> None:
    (reference,) = [each for each in references if case.part in each.text]
    question = Question(reference.text, case.answer_type, case.choices)
    with ScriptedVlm(script(case.replies)) as server:
        outcome = ask(
            kernel, server.url, question=question, observation=kitchen, deadline_s=120.0)
    outcome.check()
    assert isinstance(outcome.end, Answered), outcome.feedback
    assert not server.violations
    assert server.of('agent')[0].request.images == ((640, 480),) * len(kitchen.frames)
    assert outcome.end.evidence.scale_source == 'sensor_depth'
    if reference.value is None:
        assert outcome.end.text in reference.answer
    else:
        assert outcome.end.value == pytest.approx(reference.value, abs=reference.tolerance_m)
        assert 0.0 < outcome.end.sigma < 0.1
