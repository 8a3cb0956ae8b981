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

"""Real frames of a hand-held Kinect: the things named are found, and the distances are right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spatialclaw_ros.geometry.closest import closest_points
from spatialclaw_ros.workspace.calls import ToolResult
from spatialclaw_ros.workspace.observation import Observation

Kitchen = Callable[[list[int]], Observation]
Ask = Callable[..., ToolResult]

# All frames from the first that shows the magazine close by to the last.
NUMBERS = list(range(280, 461, 20))


@pytest.fixture(scope='module')
def scene(kitchen: Kitchen, ask: Ask) -> dict[str, object]:
    observation = kitchen(NUMBERS)
    everything = list(range(len(NUMBERS)))
    recon = ask(observation, 'reconstruct', frame_indices=everything)
    assert recon.error is None
    return {'observation': observation, 'recon': recon, 'frames': everything}


def find(scene: dict, ask: Ask, prompt: str) -> tuple[ToolResult, np.ndarray]:
    """Segmentation, and world points from the frames that show the thing best."""
    known = scene.setdefault('known', {})
    if prompt not in known:
        known[prompt] = _find(scene, ask, prompt)
    return known[prompt]


def _find(scene: dict, ask: Ask, prompt: str) -> tuple[ToolResult, np.ndarray]:
    result = ask(scene['observation'], 'segment', mode='text', prompts=[prompt],
                 frame_indices=scene['frames'])
    assert result.error is None
    assert result.values['labels'], result.values['notes']
    scores = result.arrays['scores'][:, 0]
    points = []
    for frame in scene['frames']:
        if scores[frame] < 0.9 * scores.max():
            continue
        sure = scene['recon'].arrays[f'confidence_{frame}'] > 0.2
        mask = result.arrays[f'masks_{frame}'][0] & sure
        points.append(scene['recon'].arrays[f'points_{frame}'][mask])
    return result, np.concatenate(points)


def middle(points: np.ndarray) -> np.ndarray:
    low, high = np.percentile(points, (2, 98), axis=0)
    return (low + high) / 2


# Numbers of the frames that show the thing, and a pixel that is inside it on one of them.
THINGS = {
    'purple magazine on the table': ([280, 300, 320, 340, 360], 300, (265, 375)),
    'red game controller on the table': ([360, 380, 400, 420], 380, (430, 285)),
    'gray box': ([340, 360, 380, 400, 420, 440], 380, (330, 200)),
}


@pytest.mark.parametrize('prompt', THINGS)
def test_one_thing_is_found_where_it_shows(scene: dict, ask: Ask, prompt: str) -> None:
    shown, number, (x, y) = THINGS[prompt]
    result, _ = find(scene, ask, prompt)
    assert len(result.values['labels']) == 1
    scores = result.arrays['scores'][:, 0]
    for each in shown:
        assert scores[NUMBERS.index(each)] > 0.5, each
    mask = result.arrays[f'masks_{NUMBERS.index(number)}'][0]
    assert mask[y, x]
    assert 2500 < mask.sum() < 16000


def test_magazine_is_not_the_book_behind_it(scene: dict, ask: Ask) -> None:
    result, points = find(scene, ask, 'purple magazine on the table')
    assert points[:, 2].min() > 0.6
    assert points[:, 2].max() < 0.8
    for frame in scene['frames']:  # book and posters are in the upper third of these images
        assert not result.arrays[f'masks_{frame}'][0][:140].any()


def test_closest_distance(scene: dict, ask: Ask) -> None:
    _, magazine = find(scene, ask, 'purple magazine on the table')
    _, controller = find(scene, ask, 'red game controller on the table')
    assert closest_points(magazine[::3], controller[::3]).distance == pytest.approx(0.78, abs=0.06)


def test_distance_of_centers(scene: dict, ask: Ask) -> None:
    _, magazine = find(scene, ask, 'purple magazine on the table')
    _, controller = find(scene, ask, 'red game controller on the table')
    away = np.linalg.norm(middle(magazine) - middle(controller))
    assert away == pytest.approx(0.92, abs=0.06)


def test_table_height(kitchen: Kitchen, ask: Ask) -> None:
    observation = kitchen([0, 60, 280, 340, 360])
    scene = {'observation': observation, 'frames': [0, 1, 2, 3, 4],
             'recon': ask(observation, 'reconstruct', frame_indices=[0, 1, 2, 3, 4])}
    for prompt in ('table', 'table top'):
        _, table = find(scene, ask, prompt)
        _, floor = find(scene, ask, 'floor')
        height = np.median(table[:, 2]) - np.median(floor[:, 2])
        assert height == pytest.approx(0.73, abs=0.02)


def test_box_is_nearer_than_magazine(scene: dict, ask: Ask) -> None:
    _, magazine = find(scene, ask, 'purple magazine on the table')
    _, controller = find(scene, ask, 'red game controller on the table')
    _, box = find(scene, ask, 'gray box')
    near = closest_points(box[::5], controller[::5]).distance
    assert near == pytest.approx(0.10, abs=0.06)
    assert near < closest_points(magazine[::5], controller[::5]).distance


def test_the_same_thing_in_all_frames_is_one(kitchen: Kitchen, ask: Ask) -> None:
    numbers = [0, 20, 280, 300, 320]  # far and near, poses and registration in error by 8 cm
    result = ask(kitchen(numbers), 'segment', mode='text', frame_indices=list(range(5)),
                 prompts=['purple magazine on the table'])
    assert len(result.values['labels']) == 1
    assert (result.arrays['scores'] > 0.5).all()


def test_what_is_not_there(scene: dict, ask: Ask) -> None:
    result = ask(scene['observation'], 'segment', mode='text', frame_indices=[0, 4, 6],
                 prompts=['green ball on the table'])
    assert result.values['labels'] == []
    assert 'green' in result.values['notes'][0]
    assert 'purple' in result.values['notes'][0]  # says what colours it saw instead


@pytest.mark.parametrize('offset', [0, 1, 2])
def test_phrases_of_one_question_share_their_table(
    kitchen: Kitchen, ask: Ask, offset: int,
) -> None:
    """A kitchen is full of gray; the box is the one beside the controller, in any third frame."""
    numbers = list(range(20 * offset, 461, 60))
    observation, frames = kitchen(numbers), list(range(len(numbers)))
    prompts = ['gray box', 'purple magazine', 'red game controller on the table']
    result = ask(observation, 'segment', mode='text', frame_indices=frames, prompts=prompts,
                 labels=prompts)
    recon = ask(observation, 'reconstruct', frame_indices=frames)
    best = result.values['labels'].index('gray box')
    frame = int(result.arrays['scores'][:, best].argmax())
    points = recon.arrays[f'points_{frame}'][result.arrays[f'masks_{frame}'][best]]
    assert np.nanmedian(points, axis=0) == pytest.approx([1.02, -1.33, 0.80], abs=0.10)
    assert any('"gray box" was taken to be on the table' in n for n in result.values['notes'])
