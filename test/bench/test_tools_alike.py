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


"""The comparison of maps lets equal ones through, and finds what is moved or miscoloured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from analytic_scene import AnalyticScene, make_scene
from plain_map import compare_maps, draw_map
from tools_alike import UnequalError, equal_clouds, equal_places

from spatialclaw_ros.workspace.bev import Content, content_of
from spatialclaw_ros.workspace.namespace import make_namespace
from spatialclaw_ros.workspace.pictures import colour_of

NAMES = ['red box', 'blue ball', 'table']
Maps = tuple[AnalyticScene, Content, np.ndarray, np.ndarray]


@pytest.fixture(scope='module')
def maps() -> Maps:
    """The scene, what its map shows, and the map as drawn by ours and plainly."""
    scene = make_scene(noise_m=0.002)
    scope = make_namespace(
        scene.observation, scene, show=lambda shown: None, answer=lambda answer: None)
    recon = scope['tools'].Reconstruct()
    seg = scope['tools'].SAM3.segment_video_by_text(NAMES)
    content = content_of(recon, seg)
    ours = np.asarray(recon.render_bev(seg))
    return scene, content, ours, draw_map(scene, content, content, ours.shape[1])


def test_our_map_is_the_plain_one(maps: Maps) -> None:
    scene, content, ours, _ = maps
    alike = compare_maps(scene, content, ours)
    assert alike.moved_px == 0
    assert '% of the pixels differ visibly' in str(alike)


@pytest.mark.parametrize(('number', 'name'), [*enumerate(NAMES)])
@pytest.mark.parametrize('spoilt', [
    lambda picture: np.roll(picture, 3, axis=1),
    lambda picture: np.roll(picture, -3, axis=0),
    lambda picture: np.roll(picture, 40, axis=1),
    lambda picture: picture[..., ::-1],
    lambda picture: np.full_like(picture, 250),
], ids=['right', 'up', 'far', 'colour', 'empty'])
def test_a_map_with_an_object_elsewhere_or_of_another_colour_is_found(
    maps: Maps, number: int, name: str, spoilt: Callable[[np.ndarray], np.ndarray],
) -> None:
    _, content, ours, theirs = maps
    width = content.view.width
    ours, theirs = ours[:, :width], theirs[:, :width]
    equal_places(name, ours, theirs, colour_of(number))
    with pytest.raises(UnequalError, match=f'{name}: the pictures fit best when one is moved by'):
        equal_places(name, spoilt(ours), theirs, colour_of(number))


def test_objects_in_each_others_colours_are_found(maps: Maps) -> None:
    _, _, ours, theirs = maps
    swapped = ours.copy()
    for number in (0, 1):
        swapped[(ours == colour_of(number)).all(axis=2)] = colour_of(1 - number)
    for number in (0, 1):
        with pytest.raises(UnequalError):
            equal_places(NAMES[number], swapped, theirs, colour_of(number))


def test_a_label_over_half_an_object_hides_no_match(maps: Maps) -> None:
    _, content, ours, theirs = maps
    rows, columns = np.nonzero((ours[:, :content.view.width] == colour_of(0)).all(axis=2))
    lettered = ours.copy()
    lettered[rows.min() - 5:int(np.median(rows)), columns.min() - 5:columns.max() + 5] = 40
    equal_places('red box', lettered, theirs, colour_of(0))


def test_samples_of_the_same_points_are_alike_and_of_others_are_not() -> None:
    points = np.random.default_rng(0).uniform(0, 1, (40_000, 3))
    assert equal_clouds('cloud', points[::3], points[::4]) < 0.02
    with pytest.raises(UnequalError, match=r'cloud: .* 3.\.. mm'):
        equal_clouds('cloud', points[::3] + np.array([0.0, 0.03, 0.0]), points[::4])
    with pytest.raises(UnequalError):
        equal_clouds('cloud', points[::3] * (0.9, 1.0, 1.0), points[::4])
