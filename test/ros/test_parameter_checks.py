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

"""Parameters are refused alike at start and later, and stay whole for who reads them meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.ros.parameters import ParameterError, Parameters, read_parameters

WAIT_S = 0.2


@pytest.fixture
def node() -> Iterator[Node]:
    context = Context()
    context.init(args=[])
    made = Node('checked', context=context, enable_rosout=False, start_parameter_services=False)
    yield made
    made.destroy_node()
    context.try_shutdown()


@pytest.mark.parametrize(('name', 'taken'), [
    ('wrist', True), ('_wrist', True), ('cam_2', True), ('café', False), ('2cam', False),
    ('カメラ', False), ('a-b', False), ('', False)])
def test_a_cameras_name_is_taken_at_start_and_later_or_never(
    node: Node, name: str, taken: bool,
) -> None:
    words = 'the letters a to z'
    refused = Parameters(node, lambda _: None).refusals([Parameter('cameras', value=[name])])
    if taken:
        assert refused == {}
        assert f'{name}.image' in read_parameters({'cameras': [name]})[0]
    else:
        assert set(refused) == {'cameras'}
        assert words in refused['cameras']
        with pytest.raises(ParameterError, match=words):
            read_parameters({'cameras': [name]})


@pytest.mark.parametrize(('given', 'told'), [
    ({'backbone_url': 'http://gpu-box:8000/v1'}, True),
    ({'backbone_url': 'http://gpu-box:8000/v1', 'backbone': 'vllm'}, False),
    ({'backbone_url': 'http://gpu-box:8000/v1', 'backbone': 'mine:make'}, False),
    ({}, False)])
def test_a_models_address_that_nobody_asks_is_warned_of(given: dict[str, str], told: bool) -> None:
    context = Context()
    context.init(args=[])
    warnings: list[str] = []
    made = Node('asking', context=context, enable_rosout=False, start_parameter_services=False,
                parameter_overrides=[
                    Parameter(name, value=value) for name, value in given.items()])
    try:
        Parameters(made, warnings.append)
    finally:
        made.destroy_node()
        context.try_shutdown()
    assert warnings == ["backbone_url has no effect: backbone rules asks no model; set backbone to "
                        "'vllm'"] * told


def test_who_reads_all_values_meets_none_that_is_taken_back(
    node: Node, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cameras of before are taken back while a reader is at its first value."""
    parameters = Parameters(node, lambda _: None)
    result, = node.set_parameters([Parameter('cameras', value=['wrist'])])
    assert result.successful
    tidying = threading.Thread(target=parameters.tidy)
    get, reader = node.get_parameter, threading.get_ident()

    def slow(name: str) -> Any:
        if threading.get_ident() == reader and tidying.ident is None:
            tidying.start()
            tidying.join(WAIT_S)
        return get(name)

    monkeypatch.setattr(node, 'get_parameter', slow)
    assert parameters.cameras[0].name == 'wrist'
    tidying.join()
    assert not node.has_parameter('camera.image')
    assert node.has_parameter('wrist.image')
