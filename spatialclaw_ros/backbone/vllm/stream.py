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

"""One request and its streamed reply, up to the closing fence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import openai

from spatialclaw_ros.backbone.vllm.bounds import close_pieces
from spatialclaw_ros.backbone.vllm.config import Limits, Thinking
from spatialclaw_ros.backbone.vllm.faults import SilenceError, StreamError
from spatialclaw_ros.backbone.vllm.reading import ReplyReader

PATH = '/chat/completions'
FENCE, LENGTH = 'fence', 'length'
MAX_FINISH_CHARS = 80
MAX_TOKENS = 1 << 31
# how long the usage is waited for when the reply has ended
LINGER_S = 1.0
# and when its block is closed: most models end there, and their connection then serves again
FENCE_LINGER_S = 0.05
_POLL_S = 0.05
_LETTING_GO_S = 0.2


@dataclass
class Usage:
    """Tokens as the server counted them; None where it didn't say."""

    prompt: int | None = None
    completion: int | None = None
    cached: int | None = None

    def read(self, usage: Any) -> None:
        """Take what an event of the stream tells; later ones count."""
        if not isinstance(usage, dict):
            return
        details = usage.get('prompt_tokens_details')
        self.prompt = _count(usage.get('prompt_tokens'), self.prompt)
        self.completion = _count(usage.get('completion_tokens'), self.completion)
        if isinstance(details, dict):
            self.cached = _count(details.get('cached_tokens'), self.cached)


@dataclass
class Reply:
    """A reply as it grows.

    Args:
        reader: its text and thinking.
        start_s: when the request was sent, on the loop's clock.
        heard_s: when the last piece came.
        first_s: from the request to the first piece; None before it.
        finish: why the server says that the reply ended; '' before it does.
        usage: tokens.
    """

    reader: ReplyReader
    start_s: float
    heard_s: float
    first_s: float | None = None
    finish: str = ''
    usage: Usage = field(default_factory=Usage)

    def due_s(self, limits: Limits) -> float:
        """When the next piece must have come, on the loop's clock."""
        if self.reader.closed:
            return self.heard_s + FENCE_LINGER_S
        if self.finish or self.reader.would_close:
            return self.heard_s + LINGER_S
        if self.first_s is None:
            return self.start_s + limits.first_token_timeout_s
        return self.heard_s + limits.stall_timeout_s

    def take(self, event: Any, now_s: float) -> None:
        """Take an event of the stream.

        Raises:
            StreamError: it is none.
        """
        if not isinstance(event, dict):
            raise StreamError('it sent a stream that has other things than objects in it')
        self.usage.read(event.get('usage'))
        choices = event.get('choices')
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        delta = choice.get('delta')
        if isinstance(delta, dict):
            self._take_delta(delta, now_s)
        if isinstance(choice.get('finish_reason'), str):
            self.finish, self.heard_s = choice['finish_reason'][:MAX_FINISH_CHARS], now_s

    def _take_delta(self, delta: dict[str, Any], now_s: float) -> None:
        thought = delta.get('reasoning') or delta.get('reasoning_content')
        said = delta.get('content') or delta.get('refusal')
        if isinstance(thought, str) and thought:
            self.reader.think(thought)
            self._heard(now_s)
        if isinstance(said, str) and said:
            self.reader.feed(said)
            self._heard(now_s)

    def _heard(self, now_s: float) -> None:
        self.heard_s = now_s
        if self.first_s is None:
            self.first_s = now_s - self.start_s

    def end(self) -> None:
        """The stream is over: settle why it ended.

        Raises:
            StreamError: it broke off.
        """
        reader = self.reader
        reader.finish(cut=self.finish != 'stop')
        if reader.closed:
            self.finish = FENCE
        elif reader.overflowed:
            self.finish = LENGTH
        elif not self.finish and self.first_s is None:
            raise StreamError(
                'it ended its stream without a reply; is it an OpenAI-compatible API, and does '
                'the URL end in /v1?')
        elif not self.finish:
            raise StreamError('its stream broke off in the middle of the reply')


async def stream_reply(
    client: openai.AsyncOpenAI, body: bytes, language: str, thinking: Thinking, limits: Limits,
) -> Reply:
    """Send a request and read its reply; the server is let go as soon as nothing more is wanted.

    Args:
        client: of the endpoint.
        body: of the request, JSON.
        language: of the fenced block that ends the reply; '' for none.
        thinking: how thinking is marked.
        limits: of the request.

    Raises:
        StreamError: the stream makes no sense, broke off, or nothing came for too long.
        openai.OpenAIError: the server can't be reached, or refused.
        ValueError: the stream is not JSON.
        RecursionError: it is nested without end.
    """
    loop = asyncio.get_running_loop()
    reader = ReplyReader(language, thinking, limits.max_reply_chars)
    reply = Reply(reader, loop.time(), loop.time())
    reading = asyncio.ensure_future(_read(client, body, reply))
    try:
        while not reading.done():
            left_s = reply.due_s(limits) - loop.time()
            if left_s <= 0.0:
                break
            # what comes may bring the time forward
            await asyncio.wait({reading}, timeout=min(left_s, _POLL_S))
        said_all = reader.closed or reader.overflowed or reader.would_close or reply.finish
        if not reading.done() and not said_all:
            raise _silence(reply, limits)
        if reading.done() and not said_all:
            reading.result()  # raises what broke it
        reply.end()
        return reply
    finally:
        if not reading.done():
            reading.cancel()
            await asyncio.wait({reading}, timeout=_LETTING_GO_S)
        if reading.done() and not reading.cancelled():
            reading.exception()  # looked at: a stream may break when all that matters was said


async def _read(client: openai.AsyncOpenAI, body: bytes, reply: Reply) -> None:
    loop = asyncio.get_running_loop()
    # The messages are JSON already: `chat.completions.create` would copy and encode all of them
    # again, 30 ms for 32 pictures. Events come as they are, because servers differ.
    stream = cast('openai.AsyncStream[object]', await client.post(
        PATH, content=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]))
    events: AsyncIterator[object] = stream.__aiter__()
    try:
        async for event in events:
            reply.take(event, loop.time())
            if reply.reader.done:
                break
    finally:
        # a connection whose reply was not read to its end is closed: so the server hears of it
        with suppress(openai.OpenAIError):
            await stream.close()
        await close_pieces(stream.response)


def _silence(reply: Reply, limits: Limits) -> SilenceError:
    if reply.first_s is None:
        return SilenceError(
            f'nothing came within {limits.first_token_timeout_s:g} s (first_token_timeout_s)')
    return SilenceError(
        f'it fell silent for {limits.stall_timeout_s:g} s in the middle of the reply '
        '(stall_timeout_s)')


def _count(value: Any, known: int | None) -> int | None:
    return value if type(value) is int and 0 <= value < MAX_TOKENS else known
