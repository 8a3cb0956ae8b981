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



"""The models and backbones of one's own that docs/extending.md shows, each in a real query."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import cv2
import numpy as np
import pytest
import yaml
from docs_pages import REPOSITORY, snippets
from node_process import NodeProcess
from robot_double import FOCAL, PARAMETERS, WIDTH, RobotDouble, T_base_camera, image_message, render

from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.client import (
    Answer,
    InactiveError,
    MissingFramesError,
    NodeGoneError,
    NodeNotFoundError,
    SpatialClient,
)
from spatialclaw_ros.errors import DependencyError, InvalidRequestError
from spatialclaw_ros.named import is_named
from spatialclaw_ros.ros.parameter_spec import ParameterError
from spatialclaw_ros.ros.parameters import read_parameters

EXAMPLES = REPOSITORY / 'examples'
PARTS = [yaml.safe_load(each.text) for each in snippets('docs/extending.md', 'yaml')]
TAGS = {3: (80, 150), 7: (210, 150)}
"""Number of each tag, and its left upper corner in the picture."""
SIDE = 36
LIGHT = {'max_frames': 1, 'perception.run_in': 'node'}
"""One process less to start; test_node_perception.py has models in a process of their own."""
STARTING = (MissingFramesError, InactiveError, NodeGoneError, NodeNotFoundError)
"""What an ask ends with while a node starts on a busy machine."""


@pytest.fixture(scope='module')
def robot(own_domain: None) -> Iterator[RobotDouble]:
    """The double, two tags laid into its picture."""
    double = RobotDouble()
    picture, _ = render()
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for number, (x, y) in TAGS.items():
        picture[y - 8:y + SIDE + 8, x - 8:x + SIDE + 8] = 255
        tag = cv2.aruco.generateImageMarker(dictionary, number, SIDE)
        picture[y:y + SIDE, x:x + SIDE] = tag[..., None]
    double.image = image_message(picture, 'rgb8')
    yield double
    double.close()


@pytest.fixture(scope='module', autouse=True)
def path() -> Iterator[None]:
    """The examples are on the nodes' PYTHONPATH."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', str(EXAMPLES))
        patch.syspath_prepend(str(EXAMPLES))
        yield


@pytest.fixture(scope='module')
def answers(robot: RobotDouble, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """What a node with each of them answers; the two start at once."""
    folder = tmp_path_factory.mktemp('own')
    questions = {'tagged': 'How far is tag 3 from tag 7?', 'roomy': 'How much room is there ahead?'}
    with ExitStack() as nodes:
        started = {
            name: nodes.enter_context(NodeProcess(
                folder / name, {**PARAMETERS, **LIGHT, **parameters},
                ('-r', f'__node:={name}')))
            for name, parameters in zip(questions, PARTS)}
        return {name: ask(name, question, started[name])
                for name, question in questions.items()}


def ask(name: str, question: str, process: NodeProcess) -> Answer:
    """Ask a node, once it is active and images have come."""
    end_s = time.monotonic() + 120.0
    with SpatialClient(f'/{name}') as client:
        while True:
            try:
                return client.ask(question, timeout_s=30.0)
            except STARTING:
                assert process.running, process.log
                assert time.monotonic() < end_s, process.log
                time.sleep(0.1)


def test_tags_are_measured_by_their_numbers(answers: dict[str, Answer]) -> None:
    """They lie on the table: the pixels' rays tell where."""
    answer = answers['tagged']
    left, right = TAGS[3][0] + SIDE, TAGS[7][0]
    row = TAGS[3][1] + SIDE / 2
    ends = []
    for column in (left, right):
        ray = T_base_camera[:3, :3] @ [
            (column - (WIDTH - 1) / 2) / FOCAL, (row - 119.5) / FOCAL, 1.0]
        ends.append(T_base_camera[:3, 3] - ray * T_base_camera[2, 3] / ray[2])
    assert answer.value == pytest.approx(np.linalg.norm(ends[1] - ends[0]), abs=0.01)
    assert answer.scale_source == 'sensor_depth'


def test_the_room_ahead_is_measured(answers: dict[str, Answer]) -> None:
    _, depth = render()
    answer = answers['roomy']
    middle = depth[80:-80, 106:-106]
    assert answer.value == pytest.approx(float(np.percentile(middle, 1)), abs=0.005)
    assert (answer.unit, answer.steps) == ('m', 1)


def test_another_question_is_refused(path: None) -> None:
    backbone = make_backbone('own_backbone:make')
    assert backbone.name == 'room ahead'
    for name, error, words in (
            ('no_such_module:make', DependencyError, 'no_such_module, which makes the backbone'),
            ('own_backbone:mkae', DependencyError, 'has no function mkae'),
            ('own_backbone', InvalidRequestError, 'MODULE:FUNCTION of your own')):
        with pytest.raises(error, match=words):
            make_backbone(name)


@pytest.mark.parametrize(('text', 'named'), [
    ('a:b', True), ('a.b_c:d', True), ('a', False), ('a:', False), (':b', False),
    ('a b:c', False), ('a:b()', False), ('a.:b', False), ('a:b:c', False)])
def test_a_backbone_of_ones_own_is_a_parameter(text: str, named: bool) -> None:
    assert is_named(text) is named
    if named:
        _, values = read_parameters({'backbone': text})
        assert values['backbone'] == text
    else:
        with pytest.raises(ParameterError, match='rules, vllm, recorded, MODULE:F'):
            read_parameters({'backbone': text})


@pytest.mark.parametrize('file', ['own_masks.py', 'own_backbone.py'])
def test_thirty_lines_are_enough(file: str) -> None:
    code = (EXAMPLES / file).read_text(encoding='utf-8').partition(
        '# limitations under the License.\n')[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 30
