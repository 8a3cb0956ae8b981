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


"""What the launch files start with the arguments that people give, without `launch`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs_pages import commands, pages, snippets
from launch_double import Made, launch

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros import launch_values
from spatialclaw_ros.ros.parameter_table import CAMERA_PARAMETERS, NODE_PARAMETERS
from spatialclaw_ros.ros.perception_parameters import PERCEPTION_PARAMETERS

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ROOT / 'config' / 'cameras'
PROFILES = ROOT / 'config' / 'profiles'
PARAMETERS = {spec.name: spec for spec in (*NODE_PARAMETERS, *PERCEPTION_PARAMETERS)}
Started = Callable[..., dict[str, Made]]


@pytest.fixture(autouse=True)
def rviz2(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A sourced workspace that has RViz."""
    prefix = tmp_path_factory.mktemp('sourced')
    marker = prefix / 'share' / 'ament_index' / 'resource_index' / 'packages' / 'rviz2'
    marker.parent.mkdir(parents=True)
    marker.touch()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(prefix))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """Start the main file with arguments: the nodes by their executable."""
    def start(**arguments: str) -> dict[str, Made]:
        made = launch('spatialclaw.launch.py', arguments, monkeypatch)
        return {one.keywords['executable']: one for one in made if one.kind == 'Node'}
    return start


def overrides(node: Made) -> dict[str, Any]:
    """Parameters that a node is given beside its files."""
    *files, last = node.keywords['parameters']
    assert all(Path(path).is_file() for path in files)
    return last if isinstance(last, dict) else {}


@pytest.mark.parametrize(('arguments', 'expected'), [
    ({}, {}),
    ({'world_frame': 'none', 'base_frame': 'none'}, {'world_frame': '', 'base_frame': ''}),
    ({'world_frame': 'map', 'base_frame': 'base'}, {'world_frame': 'map', 'base_frame': 'base'}),
    ({'use_sim_time': 'true', 'autostart': 'false'}, {'use_sim_time': True, 'autostart': False}),
    ({'segment': 'sam3', 'reconstruct': 'fused', 'perception': 'true'},
     {'segment': 'sam3', 'reconstruct': 'fused', 'perception.url': 'http://127.0.0.1:8450'}),
    ({'backbone': 'vllm', 'backbone_url': 'http://gpu-box:8000/v1'},
     {'backbone': 'vllm', 'backbone_url': 'http://gpu-box:8000/v1'}),
    ({'vllm': 'true'}, {'backbone': 'vllm', 'backbone_config': 'qwen3-vl-4b'}),
    ({'camera': 'webcam', 'profile': 'desktop_24gb'}, {}),
    ({'vllm': 'true', 'profile': 'desktop_24gb'},
     {'backbone': 'vllm', 'backbone_config': 'qwen3-vl-8b-fp8'}),
    ({'vllm': 'true', 'profile': 'desktop_24gb', 'vllm_config': 'qwen3-vl-2b'},
     {'backbone': 'vllm', 'backbone_config': 'qwen3-vl-2b'}),
])
def test_arguments_become_parameters_that_the_node_takes(
    started: Started, arguments: dict[str, str], expected: dict[str, object],
) -> None:
    node = started(**arguments)
    assert set(node) == {'node'}
    found = overrides(node['node'])
    assert found == expected
    for name in set(found) - {'use_sim_time'}:
        assert PARAMETERS[name].taken(found[name]) == found[name]


@pytest.mark.parametrize('profile', sorted(path.stem for path in PROFILES.glob('*.yaml')))
@pytest.mark.parametrize(('own', 'words'), [
    (None, ''), ({'segment': 'classical', 'max_queued': 2}, "segment is 'classical', not 'sam3'")])
def test_a_profile_lies_under_the_robots_own_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str, own: dict[str, object] | None,
    words: str,
) -> None:
    """It holds whole where that file, such as the one that is there to copy, says nothing of it."""
    arguments = {'profile': profile}
    if own is not None:
        arguments['params_file'] = str(tmp_path / 'my_robot.yaml')
        Path(arguments['params_file']).write_text(yaml.safe_dump({'/**': {'ros__parameters': own}}))
    made = launch('spatialclaw.launch.py', arguments, monkeypatch)
    node, = (one for one in made if one.kind == 'Node')
    told, = (one.keywords['msg'] for one in made if one.kind == 'LogInfo')
    files = [Path(path) for path in node.keywords['parameters']]
    below = launch_values.parameters_in([PROFILES / f'{profile}.yaml'], '/spatialclaw')
    found = launch_values.parameters_in(files, '/spatialclaw')
    assert found.items() >= (below | (own or {})).items()
    if below['segment'] == 'sam3' and words:
        assert words in told
    else:
        assert told == f'profile {profile} is used'


@pytest.mark.parametrize('camera', sorted(path.stem for path in PRESETS.glob('*.yaml')))
def test_rviz_shows_the_camera_of_the_preset(started: Started, camera: str) -> None:
    rviz = started(camera=camera, rviz='true', namespace='robot1', name='eyes')['rviz2']
    topics = dict(rviz.keywords['remappings'])
    preset = yaml.safe_load((PRESETS / f'{camera}.yaml').read_text())['/**']['ros__parameters']
    given = preset['camera']
    assert topics.pop('/camera/color/image_raw') == given['image']
    assert topics.pop('/camera/depth/image_rect', '') == given['depth']
    assert topics.pop('/camera/depth/camera_info', '') == given['camera_info'] * bool(
        given['depth'])
    assert topics.pop('/spatialclaw/markers') == 'eyes/markers'
    assert not any(topic.startswith('/') for topic in topics.values()), 'leaves the namespace'


def test_the_node_starts_where_rviz_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('AMENT_PREFIX_PATH')
    made = launch('spatialclaw.launch.py', {'rviz': 'true'}, monkeypatch)
    assert [one.keywords['executable'] for one in made if one.kind == 'Node'] == ['node']
    told, = (one.keywords['msg'] for one in made if one.kind == 'LogInfo')
    assert 'sudo apt install ros-$ROS_DISTRO-rviz2' in told


@pytest.mark.parametrize(('arguments', 'file', 'frame', 'sim_time'), [
    ({}, {}, 'base_link', False),
    ({}, {'base_frame': 'base', 'use_sim_time': True}, 'base', True),
    ({'base_frame': 'none'}, {'base_frame': 'base'}, 'odom', False),
    ({'base_frame': 'none', 'world_frame': 'none', 'camera': 'zed'}, {}, 'zed_camera_link', False),
    ({'base_frame': 'none', 'fixed_frame': 'tip', 'use_sim_time': 'false'},
     {'use_sim_time': True}, 'tip', False)])
def test_rviz_has_a_frame_and_a_clock_of_the_parameters(
    started: Started, tmp_path: Path, arguments: dict[str, str], file: dict[str, object],
    frame: str, sim_time: bool,
) -> None:
    path = tmp_path / 'my_robot.yaml'
    path.write_text(yaml.safe_dump({'/**': {'ros__parameters': file}}))
    rviz = started(params_file=str(path), rviz='true', **arguments)['rviz2']
    assert rviz.keywords['arguments'][-2:] == ['-f', frame]
    assert rviz.keywords['parameters'] == [{'use_sim_time': sim_time}]


FILES = {
    'two_sections': '/spatialclaw: {ros__parameters: {max_queued: 2}}\n'
                    '/**: {ros__parameters: {world_frame: odom}}',
    'two_cameras': '/**: {ros__parameters: {cameras: [front, wrist]}}'}


@pytest.mark.parametrize(('arguments', 'told'), [
    ({'params_file': 'nowhere.yaml'}, 'params_file:=nowhere.yaml is no file'),
    ({'rviz': 'true', 'rviz_config': 'nowhere.rviz'}, 'rviz_config:=nowhere.rviz is no file'),
    ({'rviz': 'true', 'base_frame': 'none', 'world_frame': 'none', 'camera': 'webcam'},
     'fixed_frame:=FRAME'),
    ({'vllm': 'true', 'backbone': 'rules'}, 'and backbone:=rules sends it elsewhere'),
    ({'vllm': 'true', 'backbone': 'vllm', 'backbone_url': 'http://gpu-box:8000/v1'},
     'and backbone_url:=http://gpu-box:8000/v1 sends'),
    ({'params_file': 'two_sections', 'world_frame': 'map'}, "sets world_frame to 'odom' in a"),
    ({'params_file': 'two_cameras', 'camera': 'zed'}, 'names front, wrist: leave camera:= out')])
def test_what_can_not_be_is_told_before_anything_starts(
    started: Started, tmp_path: Path, arguments: dict[str, str], told: str,
) -> None:
    if text := FILES.get(arguments.get('params_file', '')):
        path = tmp_path / 'my_robot.yaml'
        path.write_text(text)
        arguments = {**arguments, 'params_file': str(path)}
    with pytest.raises(InvalidRequestError, match=told):
        started(**arguments)


@pytest.mark.parametrize(('arguments', 'file', 'told'), [
    ({}, {'reconstruct': 'fused'}, []),
    ({'camera': 'webcam'}, {}, []), ({'camera': 'webcam'}, {'timeout_s': 120.0}, []),
    ({'camera': 'webcam', 'reconstruct': 'rgbd'}, {'reconstruct': 'fused'}, []),
    ({'camera': 'webcam'}, {'camera': {'image': 'eye'}, 'max_frames': 12,
                            'perception': {'depth': {'model': 'da3-large'}}},
     ["perception.depth.model is 'da3metric-large', not 'da3-large'; max_frames is 1, not 12"]),
    ({'camera': 'zed'}, {'reconstruct': 'fused', 'max_frames': 12}, []),
    ({'camera': 'webcam', 'perception': 'true'}, {},
     ['serves da3-base, and perception.depth.model is da3metric-large']),
    ({'camera': 'webcam', 'perception': 'true', 'perception_config': 'own'}, {}, []),
    ({'perception': 'true'}, {'perception': {'depth': {'model': 'da3-base'}}}, []),
    ({'perception': 'true', 'perception_config': 'nowhere'}, {}, []),
    ({'vllm': 'true'}, {'backbone_url': 'http://gpu-box:8000/v1'}, ['backbone_url is left out']),
    ({'vllm_config': 'qwen3-vl-2b'}, {}, ['vllm_config has no effect without vllm:=true']),
])
def test_the_log_names_what_an_argument_replaces_and_what_has_no_effect(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: dict[str, str],
    file: dict[str, object], told: list[str],
) -> None:
    own, models = tmp_path / 'my_robot.yaml', tmp_path / 'models.yaml'
    own.write_text(yaml.safe_dump({'/**': {'ros__parameters': file}}) if file else '')
    models.write_text('depth: {model: da3metric-large}')
    if arguments.get('perception_config') == 'own':
        arguments = {**arguments, 'perception_config': str(models)}
    made = launch(
        'spatialclaw.launch.py', {**arguments, 'params_file': str(own)}, monkeypatch)
    lines = [one.keywords['msg'] for one in made if one.kind == 'LogInfo']
    assert len(lines) == len(told), lines
    assert all(words in line for words, line in zip(told, lines))
    node, = (one for one in made if one.kind == 'Node')
    if 'backbone_url' in file:
        assert overrides(node)['backbone_url'] == ''


@pytest.mark.parametrize('line', sorted({
    line for page in pages() for line in commands(page)
    if line.startswith('ros2 launch spatialclaw_ros')}))
def test_what_the_pages_launch_starts(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, *words = [word for word in shlex.split(line)[3:] if word != '--show-args']
    given = dict(word.split(':=', 1) for word in words)
    if 'params_file' in given:
        given['params_file'] = str(tmp_path / given['params_file'])
        Path(given['params_file']).touch()
    assert launch(name, given, monkeypatch)


def test_a_desk_has_no_world_but_what_it_sees(started: Started) -> None:
    """A camera's own frame is tilted as the camera is: numbers measured in it are wrong."""
    nowhere = {'world_frame': '', 'base_frame': ''}
    for snippet in snippets('docs/tutorial.md', 'yaml'):
        given = yaml.safe_load(snippet.text)['/**']['ros__parameters']
        assert nowhere.items() <= given.items()
    line, = (line for line in commands('docs/tutorial.md') if line.startswith('ros2 launch spa'))
    nodes = started(**dict(word.split(':=', 1) for word in shlex.split(line)[4:]))
    assert overrides(nodes['node']) == nowhere
    assert nodes['rviz2'].keywords['arguments'][-1] == 'camera_link'


@pytest.mark.parametrize(('name', 'process'), [
    ('demo.launch.py', 'sim_robot'), ('perception.launch.py', 'perception_server'),
    ('vllm.launch.py', 'vllm')])
def test_servers_and_the_robot_have_the_environments_python(
    name: str, process: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, = (one for one in launch(name, {}, monkeypatch) if one.kind == 'ExecuteProcess')
    python, option, module, *_ = made.keywords['cmd']
    assert made.keywords['name'] == process
    assert (python.kind, python.keywords, option) == ('FindExecutable', {'name': 'python3'}, '-m')
    path = ROOT / module.replace('.', '/')
    assert path.with_suffix('.py').is_file() or (path / '__main__.py').is_file()


def test_rviz_asks_for_the_sections_of_the_node_where_it_is_launched(
    started: Started, tmp_path: Path,
) -> None:
    path = tmp_path / 'my_robot.yaml'
    path.write_text('/fleet/robot1/spatialclaw: {ros__parameters: {base_frame: base}}')
    rviz = started(params_file=str(path), rviz='true', ros_namespace='/fleet',
                   namespace='robot1')['rviz2']
    assert rviz.keywords['arguments'][-1] == 'base'


def test_topics_that_are_not_named_are_those_of_the_node() -> None:
    default, = (spec.default for spec in CAMERA_PARAMETERS if spec.name == '{camera}.image')
    assert not str(default).startswith('/'), 'robots with a namespace each would share one camera'
    assert launch_values.camera_remappings({'cameras': ['rear']}) == [
        (launch_values.RVIZ_IMAGE, str(default).replace('{camera}', 'rear'))]
    compressed = {'camera.image': '/x/compressed', 'camera.image_transport': 'compressed'}
    assert launch_values.camera_remappings(compressed) == []


def test_launch_files_need_nothing_of_pip() -> None:
    """`ros2 launch` runs on the system's Python, whatever environment the node is started in."""
    code = ('import sys; import spatialclaw_ros.ros.launch_values, spatialclaw_ros.ros.compat.dds;'
            'print(*{name.partition(".")[0] for name in sys.modules})')
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, timeout=60, check=True)
    assert {'yaml', 'spatialclaw_ros'} <= set(done.stdout.split())
    assert not {'cv2', 'msgspec', 'numpy', 'rclpy'} & set(done.stdout.split())
