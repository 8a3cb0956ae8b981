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



"""What a scripted model does: an `Act` for each request, and models made of replies and faults."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scripted_vlm_checks import Request

GIVEN_UP_CHARS = 2_000_000


@dataclass(frozen=True)
class Act:
    """What the server does with one request.

    Args:
        text: the reply; of an error status, its message.
        thinking: streamed before it in a field of its own.
        thinking_field: 'reasoning_content' or, in newer servers, 'reasoning'.
        finish: why the reply ended.
        chunk: characters of a chunk; 0 for the whole reply at once.
        pause_s: between two chunks.
        silent_s: before anything is sent, headers included.
        stop_after: characters after which the connection is cut.
        status: of HTTP.
        body: sent as it is, instead of a reply.
        content_type: of that body.
        headers: further ones.
        endless: the reply begins again when it ends.
        drop: cut the connection without a word.
    """

    text: str = ''
    thinking: str = ''
    thinking_field: str = 'reasoning_content'
    finish: str = 'stop'
    chunk: int = 24
    pause_s: float = 0.0
    silent_s: float = 0.0
    stop_after: int | None = None
    status: int = 200
    body: bytes | None = None
    content_type: str = 'application/json'
    headers: tuple[tuple[str, str], ...] = ()
    endless: bool = False
    drop: bool = False

    def deltas(self) -> Iterator[tuple[dict[str, Any], str | None]]:
        """Deltas of the stream with their finish reason, as vLLM sends them."""
        yield {'role': 'assistant', 'content': ''}, None
        for piece in _pieces(self.thinking, self.chunk):
            yield {self.thinking_field: piece}, None
        for number in itertools.count():
            for piece in _pieces(self.text, self.chunk):
                yield {'content': piece}, None
            if not self.endless or number * len(self.text) > GIVEN_UP_CHARS:
                break
        yield {'content': ''}, self.finish


Model = Callable[[Request], 'Act | str']
Replies = Sequence['Act | str']

SILENT = Act(silent_s=60.0)
BUSY = Act('too many requests', status=429, headers=(('Retry-After', '0'),))
BROKEN = Act('internal error', status=500)
GARBAGE = Act(body=b'data: {"choices": [{"delta": {"con\n\n', content_type='text/event-stream')


def _pieces(text: str, size: int) -> Iterator[str]:
    step = size or max(1, len(text))
    return (text[at:at + step] for at in range(0, len(text), step))


def cell(code: str, purpose: str = 'measure') -> str:
    """A reply as it should be."""
    return (f'Purpose: {purpose}\nReasoning: as planned\nNext goal: the answer\n\n'
            f'```python\n{code.strip()}\n```\n')


def script(
    agent: Replies, *, plan: Act | str = 'Find both things and measure between them.',
    locate: Act | str = 'Not visible', think: Act | str = 'I cannot tell.', **changed: Any,
) -> Model:
    """A model that gives each conversation these replies in turn, the last one again and again.

    Args:
        agent: replies to who writes cells; the n-th goes to a conversation's n-th request.
        plan: reply to the planner.
        locate: reply to `vlm.locate`.
        think: reply to `vlm.ask_with_thinking`.
        **changed: fields of `Act` of the agent's replies, such as `chunk`.
    """
    others = {'planner': plan, 'locate': locate, 'think': think}

    def model(request: Request) -> Act | str:
        if request.role != 'agent':
            return others[request.role]
        said = agent[min(request.turns, len(agent) - 1)]
        return replace(said if isinstance(said, Act) else Act(said), **changed)

    return model


def faults_first(model: Model, *faults: Act, role: str = 'agent') -> Model:
    """A model whose first answers of a role are these faults."""
    left = list(faults)

    def faulty(request: Request) -> Act | str:
        return left.pop(0) if left and request.role == role else model(request)

    return faulty


def sign_in(request: Request) -> str:
    """All text of a request's user messages, as a model that obeys what it reads would see it."""
    return re.sub(r'\s+', ' ', ' '.join(request.texts))
