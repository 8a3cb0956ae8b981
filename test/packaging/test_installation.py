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


"""What an installation holds: entry points, interfaces, launch files, configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import spatialclaw_ros
from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.ros.compat import share
from spatialclaw_ros.ros.compat.dds import profile_path, use_fastdds_profile

ROOT = Path(__file__).resolve().parents[2]


def test_the_installed_package_is_tested() -> None:
    assert not Path(spatialclaw_ros.__file__).absolute().is_relative_to(ROOT / 'spatialclaw_ros')


@pytest.mark.parametrize(('folder', 'pattern'), [
    ('msg', '*.msg'), ('srv', '*.srv'), ('action', '*.action'), ('launch', '*.py'),
    ('config', '*.*'), ('config/backbones', '*.yaml'), ('config/perception', '*.yaml'),
    ('config/profiles', '*.yaml'), ('config/cameras', '*.yaml'), ('config/sros2', '*.xml'),
    ('demo/tabletop', '*')])
def test_shared_files_are_installed(folder: str, pattern: str) -> None:
    names = sorted(path.name for path in (ROOT / folder).glob(pattern))
    assert names
    for name in names:
        installed, source = share.share_path(folder, name), ROOT / folder / name
        assert installed.read_bytes() == source.read_bytes(), f'{installed} is old: `make install`'


def test_interfaces_are_generated() -> None:
    from spatialclaw_ros import action, msg, srv

    for module, folder, suffix in (
            (msg, 'msg', '.msg'), (srv, 'srv', '.srv'), (action, 'action', '.action')):
        for path in (ROOT / folder).glob(f'*{suffix}'):
            assert hasattr(module, path.stem)


def test_console_scripts_name_functions() -> None:
    installed = metadata.distribution('spatialclaw_ros')
    scripts = {entry.name: entry for entry in installed.entry_points}
    if installed.requires is None:
        pytest.skip('installed by colcon, which makes programs of scripts/ instead')
    assert set(scripts) == {'spatialclaw', 'spatialclaw_node'}
    assert all(callable(entry.load()) for entry in scripts.values())


def program_path(name: str) -> str:
    """Return the installed program: of a sourced workspace, or beside the interpreter."""
    path = os.pathsep.join([os.environ.get('PATH', ''), str(Path(sys.executable).parent)])
    found = shutil.which(name, path=path)
    assert found is not None
    return found


@pytest.mark.parametrize('command', [['spatialclaw', '--help'], ['spatialclaw', 'ask', '--help']])
def test_the_command_explains_itself(command: list[str]) -> None:
    program = program_path(command[0])
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'usage' in done.stdout.lower()


def test_share_is_found_through_the_ament_index(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages' / 'spatialclaw_ros'
    marker.parent.mkdir(parents=True)
    marker.touch()
    monkeypatch.setattr(share, '__file__', str(tmp_path / 'sources' / 'share.py'))
    monkeypatch.setattr(share.sys, 'prefix', str(tmp_path / 'python'))
    monkeypatch.setenv('AMENT_PREFIX_PATH', os.pathsep.join(['/nowhere', str(tmp_path)]))
    assert share.share_path('config') == tmp_path / 'share' / 'spatialclaw_ros' / 'config'


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, '__file__', str(tmp_path / 'share.py'))
    monkeypatch.setattr(share.sys, 'prefix', str(tmp_path))
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    with pytest.raises(DependencyError, match='make install'):
        share.share_path('config')


NEW, OLD = 'FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'


@pytest.mark.parametrize(('environment', 'expected'), [
    ({}, {NEW}),
    ({'ROS_DISTRO': 'kilted'}, {NEW}),
    ({'ROS_DISTRO': 'jazzy'}, {OLD}),
    ({'ROS_DISTRO': 'humble'}, {OLD}),
    ({NEW: ''}, {NEW}),
])
def test_the_profile_is_named_as_the_distribution_reads_it(
        environment: dict[str, str], expected: set[str]) -> None:
    named = use_fastdds_profile(dict(environment))
    assert {name for name in (NEW, OLD) if named.get(name) == str(profile_path())} == expected


@pytest.mark.parametrize('variable', [NEW, OLD])
def test_a_profile_of_ones_own_stays(variable: str) -> None:
    assert use_fastdds_profile({variable: 'mine.xml'}) == {variable: 'mine.xml'}
