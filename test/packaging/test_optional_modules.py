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


"""A test that lacks an optional module is left out; whatever else can't be collected fails."""

from __future__ import annotations

import sys

import optional_modules
import pytest

pytest_plugins = ('pytester',)

FILES = {
    'test_lacks': 'import optional_one',
    'test_lacks_a_part': 'import optional_one.part',
    'test_other': 'import required_one',
    'test_name': 'from json import optional_one',
    'test_package': 'import package.uses',
    'test_runs': 'def test_it(): pass',
}


def test_only_what_a_test_itself_imports_may_lack(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(optional_modules.MODULES, 'optional_one', 'optional-one')
    monkeypatch.setattr(optional_modules, 'PACKAGE', pytester.path / 'package')
    monkeypatch.syspath_prepend(str(pytester.path))
    pytester.mkpydir('package').joinpath('uses.py').write_text('import optional_one')
    pytester.makepyfile(**FILES)
    done = pytester.runpytest_inprocess(
        '-p', 'optional_modules', '-rsE', '--continue-on-collection-errors')
    sys.modules.pop('package', None)
    done.assert_outcomes(skipped=2, errors=3, passed=1)
    done.stdout.fnmatch_lines_random([
        'SKIPPED * test_lacks.py:0: needs optional_one, see requirements-test-ros.txt',
        'ERROR test_name.py*', 'ERROR test_other.py*', 'ERROR test_package.py*'])
