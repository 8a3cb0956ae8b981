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

"""The MCP example, through the SDK's own client: a cancelled call, and HTTP with a token."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time

import httpx2
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from example_programs import EXAMPLES, agent, module
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from query_double import SLOW, QueryDouble
from rclpy.context import Context
from rclpy.node import Node

example = module('mcp_server')
TOKEN = 'a-secret-of-this-test'


def test_a_cancelled_call_cancels_the_query():
    double = QueryDouble('for_agents')

    async def main():
        thinking = asyncio.Event()

        async def tell(*_):
            thinking.set()

        async with agent('--node', '/for_agents') as client:
            call = asyncio.create_task(client.call_tool(
                'ask_spatial_question', {'question': SLOW}, progress_callback=tell))
            await asyncio.wait_for(thinking.wait(), 60.0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            return await asyncio.to_thread(double.wait, lambda: double.canceled == [SLOW])

    try:
        assert asyncio.run(main())
    finally:
        double.close()


def test_cameras_are_those_of_the_node_asked_for_while_it_speaks(monkeypatch):
    monkeypatch.setattr(example, 'DIAGNOSTICS_WAIT_S', 0.1)
    context = Context()
    rclpy.init(args=[], context=context)
    speaker = Node('speaker', context=context)
    publisher = speaker.create_publisher(DiagnosticArray, '/diagnostics', 10)
    array = DiagnosticArray(status=[
        DiagnosticStatus(name=f'{name}/spatialclaw: {part}', level=DiagnosticStatus.WARN,
                         message=f'of {name}')
        for name in ('robot1', 'robot2') for part in ('camera front', 'kernel')])
    robot = example.Robot('/robot1/spatialclaw')
    try:
        listed, end_s = [], time.monotonic() + 60.0
        while not listed and time.monotonic() < end_s:
            publisher.publish(array)
            listed = asyncio.run(robot.cameras())
        assert [(camera.name, camera.state, camera.message) for camera in listed] == [
            ('front', 'warn', 'of robot1')]
        monkeypatch.setattr(example, 'FRESH_S', 0.0)  # what was said is too old
        assert asyncio.run(robot.cameras()) == []
    finally:
        robot.close()
        speaker.destroy_node()
        rclpy.try_shutdown(context=context)


@contextlib.contextmanager
def served(**environment):
    """The server over HTTP, on a port of its own."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / 'mcp_server.py', '--http', str(port)],
        env={**os.environ, **environment})
    try:
        end_s = time.monotonic() + 60.0
        while time.monotonic() < end_s:
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 0.5):
                break
            assert process.poll() is None
            time.sleep(0.05)
        yield f'http://127.0.0.1:{port}/mcp'
    finally:
        process.terminate()
        assert process.wait(60.0) is not None


def test_over_http_a_token_is_asked_for():
    async def main(url):
        async with httpx2.AsyncClient(
                headers={'Authorization': f'Bearer {TOKEN}'}, timeout=60.0) as http, Client(
                streamable_http_client(url, http_client=http)) as client:
            return {tool.name for tool in (await client.list_tools()).tools}

    with served(SPATIALCLAW_MCP_TOKEN=TOKEN) as url:
        for headers in ({}, {'Authorization': 'Bearer wrong'}):
            assert httpx2.post(url, json={}, headers=headers).status_code == 401
        assert asyncio.run(main(url)) == {'ask_spatial_question', 'list_cameras'}


def test_the_network_is_not_served_without_a_token(monkeypatch, capsys):
    monkeypatch.delenv('SPATIALCLAW_MCP_TOKEN', raising=False)
    monkeypatch.setattr(sys, 'argv', ['mcp_server', '--http', '8765', '--host', '0.0.0.0'])
    assert example.main() == 2
    assert 'set SPATIALCLAW_MCP_TOKEN' in capsys.readouterr().err
