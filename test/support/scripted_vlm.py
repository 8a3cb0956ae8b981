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



"""An OpenAI-compatible server on loopback that plays a model, good or bad, and checks its client.

It speaks real HTTP and streams as vLLM does, answers several requests at once, and notes every
request with what is wrong with it. `scripted_vlm_model` says what a model is.
"""

from __future__ import annotations

import json
import select
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripted_vlm_checks import Conversations, Request, RequestError, read_request
from scripted_vlm_model import Act, Model

SLICE_S = 0.01
CHARS_A_TOKEN = 4


@dataclass
class Seen:
    """One request, and how it went.

    `said` is what was sent of the reply, `hung_up` whether the client went before the end.
    """

    request: Request
    sent_bytes: int
    headers: dict[str, str]
    start_s: float
    cached_tokens: int
    first_s: float | None = None
    end_s: float | None = None
    said: str = ''
    status: int = 0
    hung_up: bool = False

    @property
    def role(self) -> str:
        """Role of the conversation."""
        return self.request.role


class ScriptedVlm:
    """Plays a model until it is closed; a context manager.

    Args:
        model: says what to do for each request.
        name: the model's name for `/v1/models` and requests.
        port: to listen on; 0 for any.
        healthy: whether `/health` says so.
        keep: how many requests are remembered; None for all.
    """

    def __init__(
        self, model: Model, *, name: str = 'scripted', port: int = 0, healthy: bool = True,
        keep: int | None = None,
    ) -> None:
        self.model, self.name, self.healthy = model, name, healthy
        self._keep = keep
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        self.looked_after = 0
        self._conversations = Conversations(keep)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._httpd = _Httpd(('127.0.0.1', port), self)
        self._thread = threading.Thread(
            target=self._httpd.serve_forever, args=(0.05,), name='scripted_vlm')
        self._thread.start()

    def __enter__(self) -> ScriptedVlm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._httpd.server_address[1])

    @property
    def url(self) -> str:
        """Base URL of its API."""
        return f'http://127.0.0.1:{self.port}/v1'

    @property
    def closing(self) -> bool:
        """Whether it is being closed."""
        return self._closing.is_set()

    def of(self, role: str) -> list[Seen]:
        """Requests of a role, in order of arrival."""
        with self._lock:
            return [each for each in self.seen if each.role == role]

    def forget(self) -> None:
        """Know nothing of the requests before."""
        with self._lock:
            self.seen.clear()
            self.violations.clear()
            self._conversations = Conversations(self._keep)

    def close(self) -> None:
        """Die: open connections are cut; may be called again."""
        self._closing.set()
        self._httpd.shutdown()
        self._httpd.cut()
        self._httpd.server_close()
        self._thread.join()

    def take(self, body: bytes, headers: dict[str, str]) -> tuple[Seen, Act]:
        """Note a request, check it, and ask the model what to do.

        Raises:
            RequestError: no server could make anything of it.
        """
        with self._lock:
            try:
                request, complaints = read_request(body)
            except RequestError as error:
                self.violations.append(str(error))
                raise
            if request.model != self.name:
                complaints.append(f'the model is called {self.name!r}, not {request.model!r}')
            shared, more = self._conversations.add(request)
            self.violations += [f'{request.role}: {each}' for each in (*complaints, *more)]
            seen = Seen(
                request, len(body), headers, time.monotonic(), shared // CHARS_A_TOKEN)
            self.seen.append(seen)
            if self._keep is not None:
                del self.seen[:-self._keep]
        act = self.model(request)
        return seen, act if isinstance(act, Act) else Act(act)


class _Httpd(ThreadingHTTPServer):
    """Threads are joined when it closes, so none is left; connections can be cut."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], owner: ScriptedVlm) -> None:
        self.owner = owner
        self._open: set[Any] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """Cut what is still open."""
        for connection in list(self._open):
            try:
                connection.shutdown(2)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up between two requests is no fault."""


@dataclass
class _Usage:
    prompt: int
    completion: int
    cached: int

    def as_json(self) -> dict[str, Any]:
        return {
            'prompt_tokens': self.prompt, 'completion_tokens': self.completion,
            'total_tokens': self.prompt + self.completion,
            'prompt_tokens_details': {'cached_tokens': self.cached}}


class _Handler(BaseHTTPRequestHandler):
    """One connection; kept alive from request to request, as uvicorn keeps it."""

    protocol_version = 'HTTP/1.1'
    # as uvicorn: else the second piece waits 40 ms for the first one's acknowledgement
    disable_nagle_algorithm = True
    server: _Httpd

    def log_message(self, *_args: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        owner = self.server.owner
        if self.path == '/health':
            owner.looked_after += 1
            self._plain(200 if owner.healthy else 503, b'')
        elif self.path == '/v1/models':
            models = [{'id': owner.name, 'object': 'model', 'owned_by': 'vllm',
                       'max_model_len': 32768}]
            self._json(200, {'object': 'list', 'data': models})
        else:
            self._json(404, {'detail': 'Not Found'})

    def do_POST(self) -> None:
        length = int(self.headers.get('Content-Length', 0))
        body = self.rfile.read(length)
        if len(body) < length:  # a client that hung up before it had asked
            self.close_connection = True
            return
        if self.path != '/v1/chat/completions':
            self._json(404, {'detail': 'Not Found'})
            return
        try:
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen, act = self.server.owner.take(body, headers)
        except RequestError as error:
            self._json(400, {'error': {'message': str(error), 'type': 'BadRequestError'}})
            return
        try:
            self._play(seen, act)
        except (BrokenPipeError, ConnectionResetError):
            seen.hung_up = True
            self.close_connection = True
        finally:
            seen.end_s = time.monotonic()

    def _play(self, seen: Seen, act: Act) -> None:
        if not self._wait(seen, act.silent_s):
            return
        seen.status = act.status
        if act.drop:
            self.close_connection = True
        elif act.body is not None or act.status != 200:
            message = {'error': {'message': act.text or f'status {act.status}', 'code': act.status}}
            self._plain(
                act.status, json.dumps(message).encode() if act.body is None else act.body,
                act.content_type, act.headers)
            seen.first_s = time.monotonic()
        elif seen.request.stream:
            self._stream(seen, act)
        else:
            self._whole(seen, act)

    def _wait(self, seen: Seen, duration_s: float) -> bool:
        """Wait, unless the client hangs up or the server closes; whether to go on."""
        end_s = time.monotonic() + duration_s
        while not self.server.owner.closing:
            left_s = end_s - time.monotonic()
            readable, _, _ = select.select(
                [self.connection], [], [], max(0.0, min(SLICE_S, left_s)))
            if readable and not self.connection.recv(1, 2):  # MSG_PEEK
                seen.hung_up = True
                break
            if left_s <= 0:
                return True
        self.close_connection = True
        return False

    def _stream(self, seen: Seen, act: Act) -> None:
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream; charset=utf-8')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        for sent, (delta, finish) in enumerate(act.deltas()):
            if sent and not self._wait(seen, act.pause_s):
                return
            if act.stop_after is not None and len(seen.said) >= act.stop_after:
                self.close_connection = True
                return
            self._chunk(self._event(seen, [{
                'index': 0, 'delta': delta, 'logprobs': None, 'finish_reason': finish}]))
            seen.first_s = seen.first_s or time.monotonic()
            seen.said += str(delta.get('content') or '')
        options = seen.request.raw.get('stream_options') or {}
        if options.get('include_usage'):
            self._chunk(self._event(seen, [], self._usage(seen, act)))
        self._chunk(b'data: [DONE]\n\n')
        self._chunk(b'')

    def _whole(self, seen: Seen, act: Act) -> None:
        message: dict[str, Any] = {'role': 'assistant', 'content': act.text}
        if act.thinking:
            message[act.thinking_field] = act.thinking
        seen.said = act.text
        seen.first_s = time.monotonic()
        self._json(200, {
            'id': 'chatcmpl-1', 'object': 'chat.completion', 'created': 0,
            'model': seen.request.model, 'usage': self._usage(seen, act).as_json(),
            'choices': [{'index': 0, 'message': message, 'finish_reason': act.finish}]})

    def _event(self, seen: Seen, choices: list[Any], usage: _Usage | None = None) -> bytes:
        event: dict[str, Any] = {
            'id': 'chatcmpl-1', 'object': 'chat.completion.chunk', 'created': 0,
            'model': seen.request.model, 'choices': choices}
        if usage is not None:
            event['usage'] = usage.as_json()
        return f'data: {json.dumps(event)}\n\n'.encode()

    def _usage(self, seen: Seen, act: Act) -> _Usage:
        return _Usage(
            seen.request.chars // CHARS_A_TOKEN, len(act.text) // CHARS_A_TOKEN + 1,
            seen.cached_tokens)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))
        self.wfile.flush()

    def _json(self, status: int, content: Any) -> None:
        self._plain(status, json.dumps(content).encode())

    def _plain(
        self, status: int, body: bytes, content_type: str = 'application/json',
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.send_response(status)
        self.send_header('Content-Type', content_type)
        self.send_header('Content-Length', str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
