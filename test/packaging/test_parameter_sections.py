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


"""Launch files and the doctor read parameter files as rclpy does: it is the judge here."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rclpy.context import Context
from rclpy.node import Node

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros.launch_values import (
    launched_parameters,
    node_name,
    otherwise,
    parameters_in,
)
from spatialclaw_ros.ros.parameter_file import sections_of


def written(folder: Path, *files: dict[str, object]) -> list[Path]:
    """Parameter files: section to the value of `rear.image`."""
    paths = [folder / f'{number}.yaml' for number in range(len(files))]
    for path, sections in zip(paths, files):
        path.write_text(yaml.safe_dump({
            name: {'ros__parameters': {'rear': {'image': value}}}
            for name, value in sections.items()}, sort_keys=False))
    return paths


def of_rclpy(context: Context, files: list[Path], node: str) -> dict[str, object]:
    """What rclpy makes of the files."""
    namespace, _, name = node.rpartition('/')
    made = Node(
        name, namespace=namespace or None, context=context, start_parameter_services=False,
        enable_rosout=False, automatically_declare_parameters_from_overrides=True,
        cli_args=['--ros-args', *(
            word for path in files for word in ('--params-file', str(path)))])
    try:
        return {name: one.value for name, one in made.get_parameters_by_prefix('rear').items()}
    finally:
        made.destroy_node()


@pytest.mark.parametrize(('files', 'node', 'expected'), [
    ([{'/**': 1}], '/eyes', 1), ([{'eyes': 1}], '/eyes', 1),
    ([{'/robot1/eyes': 1}], '/robot1/eyes', 1), ([{'robot1/eyes': 1}], '/robot1/eyes', 1),
    ([{'/*/eyes': 1}], '/robot1/eyes', 1), ([{'/**/eyes': 1}], '/a/b/eyes', 1),
    ([{'eyes': 1}], '/robot1/eyes', None), ([{'/*': 1}], '/robot1/eyes', None),
    ([{'camera': 1}], '/eyes', None),
    # what came last for the first time wins, not the last file
    ([{'/**': 1}, {'/**': 2}], '/eyes', 2), ([{'/**': 1, '/eyes': 2}], '/eyes', 2),
    ([{'/eyes': 1, '/**': 2}], '/eyes', 2), ([{'/**': 1, '/eyes': 2}, {'/**': 3}], '/eyes', 2),
    ([{'/eyes': 1, '/**': 2}, {'/eyes': 3}], '/eyes', 2),
    ([{'eyes': 1, '/**': 2}, {'/eyes': 3}], '/eyes', 3)])
def test_of_several_sections_rclpys_wins(
    context: Context, tmp_path: Path, files: list[dict[str, object]], node: str,
    expected: int | None,
) -> None:
    paths = written(tmp_path, *files)
    assert of_rclpy(context, paths, node) == ({} if expected is None else {'image': expected})
    assert parameters_in(paths, node) == ({} if expected is None else {'rear.image': expected})


@pytest.mark.parametrize(('below', 'wins'), [
    ({'/**': 'raw'}, ''), ({'/eyes': 'raw'}, ''), ({'/**': 'raw', '/eyes': 'raw'}, 'preset'),
    ({'/eyes': 'raw', '/**': 'raw'}, 'argument')])
def test_what_can_not_be_laid_over_a_file_is_told(
    tmp_path: Path, below: dict[str, object], wins: str,
) -> None:
    """A camera's preset has the section /**, an argument the node's full name."""
    file, preset = written(tmp_path, below, {'/**': 'zed'})
    for kind, above, arguments in (
            ('preset', [preset], {}), ('argument', [], {'rear.image': 'tip'})):
        if kind == wins:
            with pytest.raises(InvalidRequestError, match=r"sets rear\.image to 'raw'"):
                launched_parameters([file, *above], '/eyes', arguments)
        else:
            found = launched_parameters([file, *above], '/eyes', arguments)
            assert found == {'rear.image': 'tip' if arguments else 'zed'}


@pytest.mark.parametrize(('own', 'found'), [
    ({'/**': 'own'}, 'zed'), ({'/eyes': 'own'}, None), ({}, 'zed')])
def test_a_profile_lies_under_what_names_the_robot(
    tmp_path: Path, own: dict[str, object], found: str | None,
) -> None:
    """Its section /** came first: a preset's, of the same name, loses to a node's own name."""
    profile, file, _ = files = written(tmp_path, {'/**': 'profile'}, own, {'/**': 'zed'})
    if found is None:
        with pytest.raises(InvalidRequestError, match=rf"{file} sets rear\.image to 'own'"):
            launched_parameters(files, '/eyes', {})
    else:
        assert launched_parameters(files, '/eyes', {}) == {'rear.image': found}
    assert launched_parameters([profile, file], '/eyes', {}) == {
        'rear.image': 'own' if own else 'profile'}
    given = launched_parameters([profile, file], '/eyes', {})
    assert otherwise(profile, '/eyes', given) == (
        ["rear.image is 'own', not 'profile'"] if own else [])


@pytest.mark.parametrize('own', [{'/eyes': 'map', '/**': 'odom'}, {'eyes': 'map', '/**': 'odom'}])
@pytest.mark.parametrize('profile', ['profile', 'odom'])
def test_sections_of_a_file_that_disagree_are_told_beside_a_profile(
    tmp_path: Path, own: dict[str, object], profile: str,
) -> None:
    """The profile's /** comes first, so that the file's own order is another than without it."""
    _, file = files = written(tmp_path, {'/**': profile}, own)
    assert launched_parameters([file], '/eyes', {}) == {'rear.image': 'odom'}
    with pytest.raises(InvalidRequestError, match=rf"{file} sets rear\.image to 'map'.*'odom'"):
        launched_parameters(files, '/eyes', {})


@pytest.mark.parametrize(('pushed', 'namespace', 'expected'), [
    ('', '', '/eyes'), ('', 'robot1', '/robot1/eyes'), ('/fleet', '', '/fleet/eyes'),
    ('/fleet', 'robot1', '/fleet/robot1/eyes'), ('/fleet', '/robot1', '/robot1/eyes')])
def test_a_launched_node_stands_below_who_includes_it(
    pushed: str, namespace: str, expected: str,
) -> None:
    assert node_name(pushed, namespace, 'eyes') == expected


def test_sections_of_others_are_known(tmp_path: Path) -> None:
    file, = written(tmp_path, {'robot1/spatialclaw': 1, 'camera': 2})
    found = sections_of(file)
    assert (found.nodes, found.others) == (('/robot1/spatialclaw',), ('/camera',))


def test_a_file_without_any_section_is_none(tmp_path: Path) -> None:
    path = tmp_path / 'params.yaml'
    path.write_text('/**:\n  window_s: 2.0\n')
    with pytest.raises(InvalidRequestError, match=r'no `ros__parameters:` below a name'):
        sections_of(path)
