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


"""Modules of PyPI that tests import and a distribution need not have."""

from __future__ import annotations

MODULES = {
    'httptools': 'httptools', 'httpx2': 'mcp', 'mcap': 'mcap-ros2-support',
    'mcap_ros2': 'mcap-ros2-support', 'mcp': 'mcp', 'openai': 'openai', 'py_trees': 'py-trees',
    'starlette': 'starlette', 'uvicorn': 'uvicorn', 'zstandard': 'zstandard'}
"""Name of each, and of what brings it in requirements-test-ros.txt."""


def lacking(failure: str) -> str | None:
    """Name the optional module for lack of which an import failed; None when it is something else.

    Args:
        failure: what Python says of it.
    """
    return next((name for name in MODULES if f"No module named '{name}'" in failure), None)
