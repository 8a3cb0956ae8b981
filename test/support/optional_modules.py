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


"""Modules of PyPI that tests import and a distribution need not have; pytest's hook for them."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import spatialclaw_ros

MODULES = {
    'httptools': 'httptools', 'httpx2': 'mcp', 'jinja2': 'jinja2', 'mcap': 'mcap-ros2-support',
    'mcap_ros2': 'mcap-ros2-support', 'mcp': 'mcp', 'openai': 'openai', 'py_trees': 'py-trees',
    'pyarrow': 'pyarrow',
    'starlette': 'starlette', 'uvicorn': 'uvicorn', 'zstandard': 'zstandard'}
"""Name of each, and of what brings it in requirements-test-ros.txt."""


PACKAGE = Path(spatialclaw_ros.__file__).parent


def lacking(error: BaseException | None) -> str | None:
    """Name the optional module for lack of which a test's import failed; else None.

    The package itself must be importable without any: what fails within it is a fault.

    Args:
        error: of pytest's collection, whose cause is Python's own.
    """
    cause = error and (error.__cause__ or error)
    if not isinstance(cause, ModuleNotFoundError) or cause.name not in MODULES:
        return None
    frames = traceback.extract_tb(cause.__traceback__)
    return None if any(PACKAGE in Path(one.filename).parents for one in frames) else cause.name


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Leave out, with a word, a file that lacks an optional module; the other files run."""
    result = yield
    report = result.get_result()
    failure = report.call.excinfo if report.failed else None
    name = lacking(failure.value) if failure else None
    if name is not None:
        report.outcome = 'skipped'
        report.longrepr = (
            str(collector.path), 0, f'Skipped: needs {name}, see requirements-test-ros.txt')
