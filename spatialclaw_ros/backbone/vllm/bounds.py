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



"""Bounds what a server may send at once: an event or an error without end would fill the memory."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

from spatialclaw_ros.backbone.vllm.config import VllmConfig
from spatialclaw_ros.backbone.vllm.faults import StreamError

MAX_BODY_BYTES = 1 << 20
# a character may take two escapes of six bytes
_BYTES_PER_CHAR = 12
_EVENT_ENDS = (b'\n\n', b'\r\n\r\n', b'\r\r')


def max_event_bytes(config: VllmConfig) -> int:
    """Largest event of a stream: the longest reply and the longest thinking in one piece."""
    chars = config.limits.max_reply_chars + config.thinking.max_chars
    return MAX_BODY_BYTES + _BYTES_PER_CHAR * chars


def bound(event_bytes: int) -> Callable[[Any], Awaitable[None]]:
    """A hook of the HTTP client that bounds each response, after it is decompressed.

    A stream may go on for ever, but no event of it; of anything else the beginning is read.

    Args:
        event_bytes: largest event.
    """
    async def hook(response: Any) -> None:
        pieces = response.aiter_bytes
        is_stream = response.is_success and response.request.method == 'POST'

        def bounded(*args: Any, **kwargs: Any) -> AsyncIterator[bytes]:
            made = (_events(pieces(*args, **kwargs), event_bytes) if is_stream
                    else _beginning(pieces(*args, **kwargs), _http_error(response)))
            response.bounded_pieces = made
            return made

        # both the package's reader of events and the reader of errors go through this method
        response.aiter_bytes = bounded

    return hook


async def close_pieces(response: Any) -> None:
    """Close what reads a response, where it was not read to its end.

    The garbage collector would find it on any thread, which can't.
    """
    made, response.bounded_pieces = getattr(response, 'bounded_pieces', None), None
    if made is not None:
        await made.aclose()


def _http_error(response: Any) -> type[Exception]:
    """What the package of the HTTP client raises, httpx or httpx2 as the openai package has it."""
    found: type[Exception] = sys.modules[type(response).__module__.partition('.')[0]].HTTPError
    return found


async def _beginning(
    pieces: AsyncIterator[bytes], errors: type[Exception],
) -> AsyncIterator[bytes]:
    left = MAX_BODY_BYTES
    with suppress(errors):  # what came of an answer that breaks off is enough
        async for piece in pieces:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return


async def _events(
    pieces: AsyncGenerator[bytes, None], event_bytes: int,
) -> AsyncGenerator[bytes, None]:
    """The pieces of a stream.

    Raises:
        StreamError: an event of it is too large.
    """
    size, tail = 0, b''
    async with aclosing(pieces):
        async for piece in pieces:
            window = tail + piece  # the end of an event may lie across two pieces
            end = max(window.rfind(each) for each in _EVENT_ENDS)
            size = size + len(piece) if end < 0 else len(window) - end
            if size > event_bytes:
                raise StreamError(
                    f'it sent more than {event_bytes} bytes without an end of the event')
            tail = window[-3:]
            yield piece
