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

"""The examples of the repository, as modules and as programs, for tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

EXAMPLES = Path(__file__).resolve().parent.parent.parent / 'examples'
RUN_S = 120.0


def module(name: str) -> ModuleType:
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f'{name}.py')
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


def run(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """An example as a program, to its end."""
    return subprocess.run(
        [sys.executable, EXAMPLES / f'{name}.py', *arguments], capture_output=True, text=True,
        timeout=RUN_S, env={**os.environ, **environment}, check=False)


def agent(*arguments: str) -> Client:
    """A language agent's connection to the MCP example, over stdio."""
    return Client(stdio_client(StdioServerParameters(
        command=sys.executable, args=[str(EXAMPLES / 'mcp_server.py'), *arguments],
        env=dict(os.environ))))
