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

"""Which package counts as the distribution's own: listed, importable, and right."""

from __future__ import annotations

import sys

import pytest

from spatialclaw_ros.ros.compat import _distribution


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """Make a ROS prefix with one package `fake_ros`, version 4.1.0, whose module says 42."""
    index = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    (index / 'fake_ros').touch()
    manifest = tmp_path / 'share' / 'fake_ros' / 'package.xml'
    manifest.parent.mkdir()
    manifest.write_text('<package><name>fake_ros</name>\n<version> 4.1.0 </version></package>')
    modules = tmp_path / 'python'
    modules.mkdir()
    (modules / 'fake_ros_module.py').write_text('answer = 42\n')
    (modules / 'fake_pip_module.py').write_text('answer = 41\n')
    (modules / 'fake_broken_module.py').write_text('import a_binary_of_numpy_1\n')
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    monkeypatch.syspath_prepend(str(modules))
    yield tmp_path
    for name in ('fake_ros_module', 'fake_pip_module', 'fake_broken_module'):
        sys.modules.pop(name, None)


def test_the_distributions_own(prefix):
    found = _distribution.find('fake_ros', 'fake_ros_module')
    assert found.module.answer == 42
    assert (found.version, found.reason) == ('4.1.0', '')


def test_a_namesake_from_the_package_index(prefix):
    found = _distribution.find('fake_pip', 'fake_pip_module')
    assert found.module is None
    assert 'ament index' in found.reason


def test_a_package_that_cannot_be_imported(prefix):
    found = _distribution.find('fake_ros', 'fake_broken_module')
    assert found.module is None
    assert 'a_binary_of_numpy_1' in found.reason


def test_a_package_that_fails_its_probe(prefix):
    found = _distribution.find(
        'fake_ros', 'fake_ros_module', lambda module: f'says {module.answer}')
    assert found.module is None
    assert (found.version, found.reason) == ('4.1.0', 'says 42')


@pytest.mark.parametrize('path', ['', '/nowhere'])
def test_no_distribution_at_all(monkeypatch, path):
    monkeypatch.setenv('AMENT_PREFIX_PATH', path)
    assert _distribution.package_version('fake_ros') is None
    monkeypatch.delenv('AMENT_PREFIX_PATH')
    assert _distribution.package_version('fake_ros') is None
