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

"""Scenes whose every pixel is known: masks by overlap, distances by formula."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from spatialclaw_ros.geometry.closest import closest_points
from spatialclaw_ros.workspace.calls import CANT_TELL, ToolResult

Ask = Callable[..., ToolResult]
EYES = ((0.0, -0.3, 1.45), (0.05, 0.0, 1.5), (0.0, 0.35, 1.42))


@pytest.fixture(scope='module')
def table(drawing: Callable, thing: type):
    z = 0.75
    things = [
        thing('red mug', 'cylinder', (0.85, -0.30, z), (0.042, 0.10), (178, 26, 30)),
        thing('blue box', 'box', (0.95, 0.05, z), (0.10, 0.14, 0.09), (30, 62, 176)),
        thing('green ball', 'ball', (0.78, 0.30, z), (0.045,), (34, 140, 52)),
        thing('yellow bottle', 'cylinder', (1.20, -0.12, z), (0.035, 0.23), (226, 190, 30)),
        thing('purple magazine', 'box', (1.18, 0.36, z), (0.20, 0.28, 0.004), (108, 60, 128)),
        thing('white plate', 'cylinder', (1.15, -0.45, z), (0.11, 0.015), (236, 236, 232)),
    ]
    return drawing(things, EYES)


NAMES = ('red mug', 'blue box', 'green ball', 'yellow bottle', 'purple magazine', 'white plate')


@pytest.mark.parametrize('name', NAMES)
def test_mask_by_name(table, ask: Ask, name: str) -> None:
    result = ask(table.observation, 'segment', mode='text', frame_indices=[0, 1, 2],
                 prompts=[name])
    assert result.error is None
    assert result.values['labels'] == [name], result.values['notes']
    for frame in range(3):
        mask, true = result.arrays[f'masks_{frame}'][0], table.masks[frame][name]
        assert (mask & true).sum() / (mask | true).sum() > 0.8, frame
    assert (result.arrays['scores'] > 0.5).all()
    assert (result.arrays['scores'] <= 1.0).all()


@pytest.mark.parametrize(('noun', 'name'), [
    ('bottle', 'yellow bottle'), ('ball', 'green ball'), ('magazine', 'purple magazine'),
    ('tallest object', 'yellow bottle'), ('mug', 'red mug'), ('plate', 'white plate')])
def test_form_alone(table, ask: Ask, noun: str, name: str) -> None:
    result = ask(table.observation, 'segment', mode='text', frame_indices=[0, 1, 2],
                 prompts=[noun])
    best = result.arrays['masks_1'][0]
    true = table.masks[1][name]
    assert (best & true).sum() / (best | true).sum() > 0.7


def test_all_objects(table, ask: Ask) -> None:
    result = ask(table.observation, 'segment', mode='text', frame_indices=[0, 1, 2],
                 prompts=['objects on the table'])
    found = {max(NAMES, key=lambda name: (mask & table.masks[1][name]).sum())
             for mask in result.arrays['masks_1']}
    assert len(result.values['labels']) == len(NAMES)
    assert found == set(NAMES)


@pytest.mark.parametrize(('prompt', 'owner'), [('table', 'table'), ('floor', 'floor'),
                                               ('wall', 'wall')])
def test_surfaces(table, ask: Ask, prompt: str, owner: str) -> None:
    result = ask(table.observation, 'segment', mode='text', frame_indices=[1], prompts=[prompt])
    mask, true = result.arrays['masks_1'][0], table.masks[1][owner]
    assert (mask & true).sum() > 0.9 * mask.sum()
    assert (mask & true).sum() > 0.6 * true.sum()


@pytest.fixture(scope='module')
def clouds(table, ask: Ask) -> dict[str, np.ndarray]:
    recon = ask(table.observation, 'reconstruct', frame_indices=[0, 1, 2])
    found = {}
    for name in NAMES:
        result = ask(table.observation, 'segment', mode='text', frame_indices=[0, 1, 2],
                     prompts=[name])
        found[name] = np.concatenate([
            recon.arrays[f'points_{f}'][
                result.arrays[f'masks_{f}'][0] & (recon.arrays[f'confidence_{f}'] > 0.2)]
            for f in range(3)])
    return found


# Closest distance of the true solids, worked out on their ground plans and heights.
@pytest.mark.parametrize('noun', ['ball', 'box', 'bottle', 'mug', 'plate', 'book'])
def test_shape_that_is_not_there_is_not_found(
    drawing: Callable, thing: type, ask: Ask, noun: str,
) -> None:
    z = 0.75
    things = {
        'mug': thing('mug', 'cylinder', (0.85, -0.30, z), (0.042, 0.10), (178, 26, 30)),
        'box': thing('box', 'box', (0.95, 0.05, z), (0.10, 0.14, 0.09), (30, 62, 176)),
        'ball': thing('ball', 'ball', (0.78, 0.30, z), (0.045,), (34, 140, 52)),
        'bottle': thing('bottle', 'cylinder', (1.2, -0.1, z), (0.035, 0.23), (226, 190, 30)),
        'book': thing('book', 'box', (1.18, 0.36, z), (0.2, 0.28, 0.02), (108, 60, 128)),
        'plate': thing('plate', 'cylinder', (1.15, -0.45, z), (0.11, 0.015), (236, 236, 232))}
    del things[noun]
    result = ask(drawing(list(things.values()), EYES[:2]).observation, 'segment', mode='text',
                 frame_indices=[0, 1], prompts=[noun])
    assert result.error is None
    assert result.values['labels'] == []
    assert not any(CANT_TELL in note for note in result.values['notes'])


@pytest.mark.parametrize('noun', ['banana', 'game controller', 'person', '☕'])
def test_what_can_not_be_told_is_not_made_up(table, ask: Ask, noun: str) -> None:
    result = ask(table.observation, 'segment', mode='text', frame_indices=[0], prompts=[noun])
    assert result.values['labels'] == []
    assert CANT_TELL in result.values['notes'][0]
    unknown = ask(table.observation, 'exists', frame_indices=[0], object_name=noun)
    assert CANT_TELL in (unknown.error or '')


@pytest.mark.parametrize('prompt', ['yellow banana', 'red game controller', 'object'])
def test_colour_carries_a_noun_that_is_not_known(table, ask: Ask, prompt: str) -> None:
    result = ask(table.observation, 'segment', mode='text', frame_indices=[0], prompts=[prompt])
    assert result.values['labels']
    assert result.arrays['scores'].max() > 0.5


DISTANCES = {
    ('red mug', 'yellow bottle'): np.hypot(0.35, 0.18) - 0.077,
    ('green ball', 'red mug'): np.hypot(0.07, 0.60) - 0.087,
    ('blue box', 'yellow bottle'): np.hypot(0.20, 0.10) - 0.035,
    ('white plate', 'yellow bottle'): np.hypot(0.05, 0.33) - 0.145,
}


@pytest.mark.parametrize('pair', DISTANCES)
def test_closest_distance(clouds: dict, pair: tuple[str, str]) -> None:
    true = DISTANCES[pair]
    found = closest_points(clouds[pair[0]][::2], clouds[pair[1]][::2]).distance
    assert found == pytest.approx(true, abs=max(0.02, 0.03 * true))


def test_no_point_of_a_thing_is_far_from_it(clouds: dict) -> None:
    for name, points in clouds.items():
        spread = np.ptp(points, axis=0)
        assert spread.max() < 0.33, (name, spread)


def test_two_of_a_kind(drawing: Callable, thing: type, ask: Ask) -> None:
    pair = [thing(f'mug {side}', 'cylinder', (0.9, side * 0.2, 0.75), (0.04, 0.1), (190, 30, 30))
            for side in (-1, 1)]
    drawn = drawing([*pair, thing('can', 'cylinder', (1.1, 0, 0.75), (0.04, 0.1), (40, 60, 190))])
    many = ask(drawn.observation, 'segment', mode='text', frame_indices=[0],
               prompts=['red mugs'])
    assert len(many.values['labels']) == 2
    left = ask(drawn.observation, 'segment', mode='text', frame_indices=[0],
               prompts=['leftmost red mug'])
    assert len(left.values['labels']) == 1
    assert (left.arrays['masks_0'][0] & drawn.masks[0]['mug 1']).sum() > 500


def test_a_thing_that_moves_stays_one(drawing: Callable, thing: type, ask: Ask) -> None:
    spots = ((0.85, -0.3), (1.05, 0.3))
    frames = [drawing([thing('mug', 'cylinder', (x, y, 0.75), (0.042, 0.1), (178, 26, 30)),
                       thing('box', 'box', (1.2, 0, 0.75), (0.1, 0.1, 0.1), (30, 62, 176))])
              .observation.frames[0] for x, y in spots]
    from dataclasses import replace
    observation = replace(
        drawing([]).observation, frames=tuple(
            replace(frame, index=i, stamp_ns=i) for i, frame in enumerate(frames)))
    result = ask(observation, 'segment', mode='text', frame_indices=[0, 1], prompts=['red mug'])
    assert result.values['labels'] == ['red mug']
    assert any('moved' in note for note in result.values['notes'])


@pytest.mark.parametrize('size', ['small', 'big'])
def test_size_words(drawing: Callable, thing: type, ask: Ask, size: str) -> None:
    drawn = drawing([
        thing('small', 'box', (0.9, -0.2, 0.75), (0.06, 0.06, 0.06), (30, 62, 176)),
        thing('big', 'box', (1.0, 0.2, 0.75), (0.15, 0.15, 0.14), (30, 62, 176))])
    result = ask(drawn.observation, 'segment', mode='text', frame_indices=[0],
                 prompts=[f'{size} blue box'])
    assert len(result.values['labels']) == 1
    assert (result.arrays['masks_0'][0] & drawn.masks[0][size]).sum() > 500


def test_points_and_boxes(table, ask: Ask) -> None:
    for name, mode in itertools.product(('blue box', 'purple magazine'), ('points', 'box')):
        true = table.masks[0][name]
        rows, columns = np.nonzero(true)
        if mode == 'points':
            inside = np.array([[columns.mean(), rows.mean()]])
            prompt = {'points': inside, 'point_labels': np.array([1])}
        else:
            prompt = {'boxes': np.array([[columns.min(), rows.min(), columns.max(), rows.max()]],
                                        dtype=float)}
        result = ask(table.observation, 'segment', mode=mode, frame_indices=[0, 2],
                     prompt_frame=0, labels=['it'], **prompt)
        assert result.values['labels'] == ['it'], (name, mode, result.error)
        for frame in (0, 2):
            mask, there = result.arrays[f'masks_{frame}'][0], table.masks[frame][name]
            assert (mask & there).sum() / (mask | there).sum() > 0.7, (name, mode, frame)


def test_without_depth_by_colour(table, ask: Ask) -> None:
    image = table.observation.frames[1].image
    result = ask(table.observation, 'segment', mode='text', prompts=['blue box'], image=image)
    mask, true = result.arrays['masks_0'][0], table.masks[1]['blue box']
    assert (mask & true).sum() / (mask | true).sum() > 0.7
    assert 'no depth' in result.values['notes'][0]


def test_exists(table, ask: Ask) -> None:
    frames = [0, 1, 2]
    assert ask(table.observation, 'exists', frame_indices=frames, object_name='red mug',
               ).values['exists'] is True
    gone = ask(table.observation, 'exists', frame_indices=frames, object_name='pink cup')
    assert gone.values['exists'] is False
    assert 'pink' in gone.values['notes'][0]
    other = ask(table.observation, 'exists', frame_indices=frames, object_name='blue ball')
    assert other.values['exists'] is False  # the colour is there, the shape is not


def test_on_a_wall_is_no_support_that_can_be_told(table, ask: Ask) -> None:
    result = ask(table.observation, 'segment', mode='text', frame_indices=[0, 1, 2],
                 prompts=['red mug on the wall'])
    assert result.error is None
    assert result.values['labels'] == ['red mug on the wall']
    assert 'on a wall' in result.values['notes'][0]
