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

"""Frames to jobs of a segmentation model and back: cameras, sizes, prompts, places, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, PerceptionError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.factory import make_perception
from spatialclaw_ros.perception.model_segmenter import MAX_OBJECTS, ModelSegmenter
from spatialclaw_ros.perception.models import Models
from spatialclaw_ros.perception.protocols import Segmentation, SegmentRequest
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus
from spatialclaw_ros.perception.tools import PerceptionTools
from spatialclaw_ros.workspace.calls import CANT_TELL, ToolCall
from spatialclaw_ros.workspace.observation import Frame, Observation

SIZE = (24, 33)
"""Height and width; no multiple of 8."""

COLOURS = {'red': (200, 0, 0), 'green': (0, 200, 0), 'blue': (0, 0, 200)}


def blobs(image: np.ndarray, text: str) -> list[np.ndarray]:
    """One mask for each shade (180 to 200 in steps of 10) of a colour that an image shows."""
    channel = list(COLOURS).index(text) if text in COLOURS else None
    if channel is None:
        return []
    masks = [image[..., channel] == shade for shade in (200, 190, 180)]
    return [mask for mask in masks if mask.any()]


@dataclass
class ColourModel:
    """Finds things by colour: a shade is one thing, in a video under one number.

    Args:
        tells_presence: whether it says how sure it is that a text fits anything.
        score: of a thing, for each image that shows it; lower by 0.01 for each shade.
    """

    tells_presence: bool = True
    score: float = 0.9
    max_views: int = 4
    name: str = 'colours'
    jobs: list[SegmentJob] = field(default_factory=list)

    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        self.jobs.append(job)
        things: list[tuple[int, dict[int, np.ndarray]]] = []
        count = len(job.images)
        if job.mode == 'points':
            assert job.points is not None
            x, y = np.round(job.points[0]).astype(int)
            wanted = job.images[job.prompt_image][y, x]
            rows = range(count) if job.is_video else [job.prompt_image]
            things.append((0, {row: (job.images[row] == wanted).all(axis=2) for row in rows}))
        elif job.mode == 'box':
            assert job.boxes is not None
            for number, (x0, y0, x1, y1) in enumerate(job.boxes.astype(int)):
                mask = np.zeros(job.images[job.prompt_image].shape[:2], bool)
                mask[y0:y1, x0:x1] = True
                things.append((number, {job.prompt_image: mask}))
        else:
            for number, text in enumerate(job.prompts):
                seen = [blobs(image, text) for image in job.images]
                if job.is_video:
                    for shade in range(max(map(len, seen))):
                        things.append((number, {row: each[shade] for row, each in enumerate(seen)
                                                if shade < len(each)}))
                else:
                    things += [(number, {row: mask}) for row, each in enumerate(seen)
                               for mask in each]
        kept = [thing for thing in things if job.mode != 'text' or self.score > job.threshold]
        scores = np.zeros((count, len(kept)), np.float32)
        masks = [np.zeros((len(kept), *image.shape[:2]), bool) for image in job.images]
        for column, (_, by_row) in enumerate(kept):
            for row, mask in by_row.items():
                masks[row][column] = mask
                scores[row, column] = (self.score - 0.001 * column) * mask.any()
        presence = None
        if self.tells_presence and job.mode == 'text':
            presence = np.array([[0.95 if blobs(image, text) else 0.02 for text in job.prompts]
                                 for image in job.images], np.float32)
        return ObjectMasks.pack(masks, scores, np.array([n for n, _ in kept], int), presence)


def frame(
    index: int, camera: str = 'front', spots: Sequence[tuple[str, int, int]] = (),
    size: tuple[int, int] = SIZE, dim: int = 0,
) -> Frame:
    """A dark image with 4x4 spots (colour, x, y); `dim` is taken off their colour."""
    image = np.full((*size, 3), 30, np.uint8)
    for colour, x, y in spots:
        image[y:y + 4, x:x + 4] = np.maximum(np.array(COLOURS[colour]) - dim, 0)
    return Frame(index, camera, index, f'{camera}_optical', image)


def ask(
    model: ColourModel, frames: Sequence[Frame], mode: str = 'text', threshold: float = 0.5,
    deadline: Deadline | None = None, **request: object,
) -> Segmentation:
    """Segment all frames, unless `frame_indices` says which."""
    request.setdefault('frame_indices', tuple(each.index for each in frames))
    if mode == 'text':
        request.setdefault('prompts', ('red',))
    return ModelSegmenter(model, threshold).segment(
        Observation(tuple(frames)), SegmentRequest(mode, **request),  # type: ignore[arg-type]
        deadline or Deadline())


def test_frames_of_a_camera_are_a_video_and_come_back_by_their_index() -> None:
    frames = [frame(i, 'front' if i % 2 else 'side', [('red', 3 * i, i)]) for i in range(6)]
    model = ColourModel()
    found = ask(model, frames, frame_indices=(5, 1, 3), prompt_frame=3)
    (job,) = model.jobs
    assert job.is_video
    assert job.prompt_image == 1
    assert [image[i, 3 * i, 0] for i, image in zip((1, 3, 5), job.images)] == [200, 200, 200]
    assert list(found.masks) == [5, 1, 3]
    for index, masks in found.masks.items():
        np.testing.assert_array_equal(masks, (frames[index].image[..., 0] == 200)[None])
    np.testing.assert_allclose(found.scores, 0.9, atol=1e-6)
    assert found.presence is not None
    assert found.presence.shape == (3, 1)


@pytest.mark.parametrize(('frames', 'expected'), [
    ([('a', SIZE)], [(1, False)]),
    ([('a', SIZE), ('a', SIZE), ('b', SIZE)], [(2, True), (1, False)]),
    ([('a', SIZE), ('b', SIZE), ('c', (9, 17))], [(3, False)]),
    ([('a', SIZE), ('a', (9, 17)), ('a', SIZE)], [(2, True), (1, False)]),
    ([('a', SIZE), ('b', SIZE)] * 2, [(2, True), (2, True)]),
    ([(name, SIZE) for name in 'abcdef'], [(4, False), (2, False)]),
])
def test_jobs_by_camera_and_size(
    frames: list[tuple[str, tuple[int, int]]], expected: list[tuple[int, bool]],
) -> None:
    model = ColourModel()
    made = [frame(i, camera, [('red', 2, 2)], size) for i, (camera, size) in enumerate(frames)]
    found = ask(model, made)
    assert [(len(job.images), job.is_video) for job in model.jobs] == expected
    assert [found.masks[i].shape[1:] for i in range(len(made))] == [size for _, size in frames]
    assert all(found.masks[i].any() for i in range(len(made)))


def test_more_frames_than_the_model_takes_teaches() -> None:
    frames = [frame(i) for i in range(9)]
    with pytest.raises(PerceptionError, match=r'at most 4 frames .* got 9; .*InputImages\[::3\]'):
        ask(ColourModel(), frames)


def test_labels_prompts_and_what_is_not_there() -> None:
    spots = [('blue', 1, 1), ('red', 9, 9)]
    found = ask(ColourModel(), [frame(0, spots=spots)], prompts=('red', 'green', 'blue'),
                labels=('mug', 'plant', 'box'))
    assert found.labels == ('mug', 'box')
    (note,) = found.notes
    assert note == ('"green": nothing scores 0.5 or more; that it is in view at all is 2% sure.')
    assert CANT_TELL not in note
    assert ask(ColourModel(), [frame(0, spots=spots)], prompts=('red', 'blue'),
               labels=('thing',)).labels == ('thing', 'thing')


def test_the_surest_objects_are_kept() -> None:
    class Many(ColourModel):
        def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
            count = MAX_OBJECTS + 7
            scores = np.linspace(0.5, 0.9, count, dtype=np.float32)[None]
            return ObjectMasks.pack([np.ones((count, *SIZE), bool)], scores, np.arange(count) % 2)

    found = ask(Many(), [frame(0)], prompts=('red', 'blue'))
    assert len(found.labels) == MAX_OBJECTS
    assert found.scores.min() > 0.55
    assert found.labels == ('red',) * 20 + ('blue',) * 20
    assert np.all(np.diff(found.scores[0, :20]) < 0)
    assert any('47 objects were found' in note for note in found.notes)


def test_points_stay_with_the_camera_of_their_frame() -> None:
    frames = [frame(i, 'front' if i < 3 else 'side', [('red', 3, 3)]) for i in range(4)]
    model = ColourModel()
    found = ask(model, frames, 'points', points=np.array([[4.0, 4.0]]),
                point_labels=np.array([1]), prompt_frame=1, frame_indices=(0, 2, 3))
    (job,) = model.jobs
    assert len(job.images) == 3
    assert job.prompt_image == 1
    assert list(found.masks) == [0, 2, 3]
    assert [bool(found.masks[i].any()) for i in (0, 2, 3)] == [True, True, False]
    assert found.scores[2, 0] == 0
    (note,) = found.notes
    assert 'frames 3, of another camera' in note


def test_a_box_on_a_picture_and_a_box_where_nothing_is() -> None:
    picture = np.zeros((11, 13, 3), np.uint8)
    found = ask(ColourModel(), [frame(0)], 'box', frame_indices=(), image=picture,
                boxes=np.array([[2.0, 3, 7, 9], [5, 5, 5, 5]]), labels=('lid', 'rim'))
    assert found.labels == ('lid', 'rim')
    assert found.masks[0][0].sum() == 30
    assert found.scores[0, 1] == 0
    assert found.notes == ('Nothing is seen in box 1.',)


@pytest.mark.parametrize(('tells', 'prompt', 'expected', 'score'), [
    (True, 'red', True, 0.95), (True, 'green', False, 0.02),
    (False, 'red', True, 0.9), (False, 'green', False, 0.0),
])
def test_existence_is_the_models_presence(
    tells: bool, prompt: str, expected: bool, score: float,
) -> None:
    frames = [frame(i, spots=[('red', 3, 3)] if i == 4 else ()) for i in range(6)]
    model = ColourModel(tells_presence=tells)
    result = PerceptionTools(segmenter=ModelSegmenter(model)).handle(
        Observation(tuple(frames)),
        ToolCall('exists', {'object_name': prompt, 'frame_indices': list(range(6))}), Deadline())
    assert result.error is None
    assert result.values['exists'] is expected
    assert result.values['score'] == pytest.approx(score, abs=1e-6)
    assert not any(job.is_video for job in model.jobs)
    assert max(len(job.images) for job in model.jobs) <= model.max_views


def test_a_cancelled_query_ends_between_jobs() -> None:
    deadline = Deadline()

    class Cancelling(ColourModel):
        def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
            result = super().segment(job, deadline)
            deadline.cancel()
            return result

    model = Cancelling()
    with pytest.raises(CanceledError):
        ask(model, [frame(0, 'a'), frame(1, 'a'), frame(2, 'b'), frame(3, 'b')],
            deadline=deadline)
    assert len(model.jobs) == 1


def test_masks_of_another_size_are_refused() -> None:
    class Wrong(ColourModel):
        def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
            return ObjectMasks.pack([np.zeros((0, 5, 5), bool)], np.zeros((1, 0)), np.zeros(0))

    with pytest.raises(PerceptionError, match=r'sizes \(\(5, 5\),\) for images of \(\(24, 33\),\)'):
        ask(Wrong(), [frame(0)])


@pytest.mark.parametrize('threshold', [0, 1, -0.5, 'high', True, float('nan')])
def test_a_threshold_out_of_range(threshold: object) -> None:
    with pytest.raises(PerceptionError, match='threshold'):
        ModelSegmenter(ColourModel(), threshold)  # type: ignore[arg-type]


def test_the_threshold_is_configured() -> None:
    class Hosted:
        depth = None
        masks = ColourModel(score=0.6)

        def status(self) -> tuple[tuple[ModelStatus, ...], tuple[DeviceMemory, ...]]:
            return (), ()

        def close(self) -> None:
            return None

    models: Models = Hosted()
    config = PerceptionConfig(
        segment='sam3', ocr='none', masks=ModelConfig(model='sam3', options={'threshold': 0.7}))
    result = make_perception(config, models).handle(
        Observation((frame(0, spots=[('red', 1, 1)]),)),
        ToolCall('segment', {'mode': 'text', 'prompts': ['red'], 'frame_indices': [0]}),
        Deadline())
    assert result.values['labels'] == []
    assert models.masks is Hosted.masks
    assert Hosted.masks.jobs[0].threshold == 0.7


CAMERA = PinholeCamera(64, 48, 60.0, 60.0, 31.5, 23.5)
BALLS = {(0.0, 0.15, 0.0): 0, (0.0, -0.15, 0.0): 10, (0.25, 0.0, 0.0): 20}
"""Centres of balls of 5 cm radius, and how much darker than red each is."""


def ball_view(index: int, camera: str, eye: tuple[float, float, float]) -> Frame:
    """What a camera sees of the balls, with depth and pose."""
    pose = look_at(np.array(eye), np.zeros(3))
    image = np.full((48, 64, 3), 30, np.uint8)
    depth = np.full((48, 64), 3.0, np.float32)
    rays = CAMERA.rays().astype(np.float64)
    for centre, dim in BALLS.items():
        middle = np.linalg.inv(pose)[:3] @ np.array([*centre, 1.0])
        a, b = (rays ** 2).sum(axis=2), rays @ middle
        root = b ** 2 - a * (middle @ middle - 0.05 ** 2)
        z = (b - np.sqrt(np.maximum(root, 0))) / a
        hit = (root > 0) & (z < depth)
        depth[hit] = z[hit]
        image[hit] = (200 - dim, 0, 0)
    return Frame(index, camera, index, f'{camera}_optical', image, depth, CAMERA, pose)


def without(frame: Frame, name: str) -> Frame:
    """A frame that lacks something."""
    kept = {**vars(frame), name: None}
    return Frame(**kept)


def test_things_at_one_place_are_one_object() -> None:
    # From opposite sides the order of the things in the picture is reversed.
    frames = [ball_view(0, 'front', (0.9, 0.0, 0.5)), ball_view(1, 'back', (-0.9, 0.1, 0.5)),
              ball_view(2, 'top', (0.05, 0.0, 1.2))]
    found = ask(ColourModel(), frames)
    assert found.labels == ('red',) * 3
    for index, each in enumerate(frames):
        for column in range(3):
            shades = set(each.image[found.masks[index][column]][:, 0].tolist())
            assert len(shades) == 1
    first = [[int(frames[i].image[found.masks[i][column]][0, 0]) for i in range(3)]
             for column in range(3)]
    assert sorted(first) == [[180] * 3, [190] * 3, [200] * 3]
    (note,) = found.notes
    assert '3 of the things that cameras "front", "back", "top" see are at one place' in note


@pytest.mark.parametrize('name', ['depth_m', 'intrinsics', 'T_world_camera'])
def test_things_that_can_not_be_compared_are_listed_apart(name: str) -> None:
    frames = [ball_view(0, 'front', (0.9, 0.0, 0.5)),
              without(ball_view(1, 'back', (-0.9, 0.1, 0.5)), name)]
    found = ask(ColourModel(), frames)
    assert len(found.labels) == 6
    (note,) = found.notes
    assert '"front", "back" may see the same things: 3 of them can not be compared' in note


def test_things_at_other_places_are_not_joined() -> None:
    front = ball_view(0, 'front', (0.9, 0.0, 0.5))
    back = ball_view(1, 'back', (-0.9, 0.1, 0.5))
    assert back.T_world_camera is not None
    moved = back.T_world_camera.copy()
    moved[:3, 3] += (0.0, 0.0, 0.3)
    found = ask(ColourModel(), [front, Frame(**{**vars(back), 'T_world_camera': moved})])
    assert len(found.labels) == 6
    assert not found.notes
