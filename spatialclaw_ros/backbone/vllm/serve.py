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

"""Starts `vllm serve` as a configuration has it, and says when it is ready.

`python -m spatialclaw_ros.backbone.vllm.serve qwen3.6-27b`; `launch/vllm.launch.py` runs the same.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

from spatialclaw_ros.backbone.vllm.config import Serve, VllmConfig, is_loopback
from spatialclaw_ros.backbone.vllm.config_file import read_config
from spatialclaw_ros.backbone.vllm.keys import key_of_file
from spatialclaw_ros.errors import InvalidRequestError, SpatialClawError

COMMAND = ('vllm', 'serve')
# read by vLLM; a key on the command line would be seen by every user of the machine
KEY_VARIABLE = 'VLLM_API_KEY'
READY_TIMEOUT_S = 1800.0
POLL_S = 0.5
_PROBE_TIMEOUT_S = 5.0
_STOP_S = 20.0
_TELL_EVERY_S = 30.0
_ANY_ADDRESS = {'0.0.0.0': '127.0.0.1', '::': '::1'}


def serve_arguments(config: VllmConfig, *, host: str = '', port: int = 0) -> list[str]:
    """Command line of the server.

    Args:
        config: has `serve`.
        host: address to listen on; '' for the configuration's.
        port: port to listen on; 0 for the configuration's.

    Raises:
        InvalidRequestError: it has none: others run that server.
    """
    serve = _serve(config)
    words = [*COMMAND, serve.model or config.model, '--host', host or serve.host,
             '--port', str(port or serve.port), '--served-model-name', config.model]
    for name, value in serve.arguments.items():
        words += _argument(name, value)
    return words


def server_environment(
    config: VllmConfig, *, host: str = '', api_key_file: str = '',
) -> dict[str, str]:
    """Variables that the server gets beside its surroundings' own.

    Args:
        config: has `serve`.
        host: as for `serve_arguments`.
        api_key_file: file of the key that the server asks for; '' for none.

    Raises:
        InvalidRequestError: other machines would reach a server without a key, or the file holds
            none.
    """
    address = host or _serve(config).host
    if api_key_file:
        return {KEY_VARIABLE: key_of_file(api_key_file)}
    if not is_loopback(address):
        raise InvalidRequestError(
            f'with host {address} other machines reach the server: name a file that holds a key '
            'with api_key_file, or listen on 127.0.0.1')
    return {}


def wait_until_healthy(
    url: str, timeout_s: float, *, give_up: Callable[[], bool] = lambda: False,
    tell: Callable[[str], object] = lambda _: None,
) -> bool:
    """Ask a server for its health until it is well.

    Args:
        url: of its health, `http://127.0.0.1:8000/health`.
        timeout_s: for how long.
        give_up: whether to stop sooner.
        tell: takes a line about the wait now and then.

    Returns:
        Whether it is well.
    """
    start_s = told_s = time.monotonic()
    while not give_up():
        if _is_healthy(url):
            return True
        now_s = time.monotonic()
        if now_s - start_s > timeout_s:
            return False
        if now_s - told_s > _TELL_EVERY_S:
            told_s = now_s
            tell(f'waiting for {url}, {now_s - start_s:.0f} s so far; large models take minutes')
        time.sleep(POLL_S)
    return False


def run(
    config: VllmConfig, *, host: str = '', port: int = 0, api_key_file: str = '',
    ready_timeout_s: float = READY_TIMEOUT_S,
) -> int:
    """Run a server until it ends or this process is told to stop; its exit status.

    Raises:
        InvalidRequestError: it can't be started as told.
    """
    words = serve_arguments(config, host=host, port=port)
    environment = {**os.environ, **server_environment(
        config, host=host, api_key_file=api_key_file)}
    serve = _serve(config)
    address = _ANY_ADDRESS.get(host or serve.host, host or serve.host)
    shown = f'[{address}]' if ':' in address else address
    url = f'http://{shown}:{port or serve.port}'
    stopping: list[int] = []
    before = {number: signal.signal(number, lambda got, _: stopping.append(got))
              for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _say(f'starting {" ".join(words)}')
        try:
            # a session of its own: the server's helpers end with it
            server = subprocess.Popen(words, env=environment, start_new_session=True)
        except OSError as error:
            raise InvalidRequestError(
                f"{words[0]} can't be started ({error.strerror}); install it with "
                '`pip install vllm` on a machine with a GPU') from error
        try:
            return _attend(server, url, ready_timeout_s, stopping)
        finally:
            _stop(server)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _attend(
    server: subprocess.Popen[bytes], url: str, ready_timeout_s: float, stopping: list[int],
) -> int:
    def gone() -> bool:
        return bool(stopping) or server.poll() is not None

    if wait_until_healthy(f'{url}/health', ready_timeout_s, give_up=gone, tell=_say):
        _say(f'ready: {url}/v1')
    elif not gone():
        _say(f'{url} was not healthy within {ready_timeout_s:.0f} s')
        return 1
    while not gone():
        time.sleep(POLL_S)
    if stopping:
        return 0
    _say(f'the server ended with status {server.returncode}; its lines above should tell why')
    return server.returncode or 1


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and all that it started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            break
        try:
            server.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            continue
        if number != signal.SIGKILL:
            continue  # helpers may be left in its group
    server.wait()


def _argument(name: str, value: Any) -> list[str]:
    """One argument, as vLLM's command line has it."""
    if value is True:
        return [f'--{name}']
    if value is False:
        return [f'--no-{name}']
    return [f'--{name}', value if isinstance(value, str) else json.dumps(value)]


def _serve(config: VllmConfig) -> Serve:
    if config.serve is None:
        raise InvalidRequestError(
            'this configuration has no `serve`: its server is run by others')
    return config.serve


def _is_healthy(url: str) -> bool:
    # no proxy: the server is on this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_PROBE_TIMEOUT_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _say(line: str) -> None:
    print(f'[vllm] {line}', flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; see the module."""
    parser = argparse.ArgumentParser(
        prog='python -m spatialclaw_ros.backbone.vllm.serve', description=__doc__)
    parser.add_argument('config', help='name of a file in config/backbones, or path of one')
    parser.add_argument('--host', default='', help="address to listen on; the configuration's")
    parser.add_argument('--port', type=int, default=0, help="port; the configuration's")
    parser.add_argument('--api-key-file', default='', help='file of the key that is asked for')
    parser.add_argument('--ready-timeout-s', type=float, default=READY_TIMEOUT_S)
    options = parser.parse_args(arguments)
    try:
        return run(
            read_config(options.config), host=options.host, port=options.port,
            api_key_file=options.api_key_file, ready_timeout_s=options.ready_timeout_s)
    except SpatialClawError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
