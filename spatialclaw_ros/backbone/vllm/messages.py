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

"""The conversation of who writes, as bytes that only grow: no step encodes what was sent before."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import msgspec

from spatialclaw_ros.backbone.protocol import Brief, Turn
from spatialclaw_ros.backbone.vllm.images import ImageParts

_EMPTY = '(empty reply)'


def text_part(text: str) -> bytes:
    """A text as JSON of a message's part."""
    return msgspec.json.encode({'type': 'text', 'text': _clean(text)})


def text_message(role: str, text: str) -> bytes:
    """A message of one text as JSON."""
    return msgspec.json.encode({'role': role, 'content': _clean(text)})


def user_message(parts: Iterable[bytes]) -> bytes:
    """A user's message of encoded parts as JSON."""
    return b'{"role":"user","content":[' + b','.join(parts) + b']}'


def prefix_share(before: bytes, now: bytes) -> float:
    """Share of an earlier text that a later one begins with, 0 to 1."""
    if now.startswith(before):
        return 1.0
    low, high = 0, min(len(before), len(now))  # common up to low, not beyond high
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == now[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low / len(before)


@dataclass(frozen=True)
class Messages:
    """A conversation to be sent.

    Args:
        json: the messages, separated by commas.
        prefix_share: see `protocol.Exchange`.
    """

    json: bytes
    prefix_share: float | None


class Conversation:
    """One query's conversation of who writes.

    Args:
        images: encodes pictures.
    """

    def __init__(self, images: ImageParts) -> None:
        self._images = images
        self._plan: str | None = None
        self._head = b''
        self._turns: list[Turn] = []
        self._encoded: list[bytes] = []
        self._sent: bytes | None = None

    def messages(self, brief: Brief, plan: str, turns: Sequence[Turn]) -> Messages:
        """Everything that was said so far, as it is sent next."""
        if plan != self._plan:
            self._plan, self._head = plan, self._opening(brief, plan)
        same = 0
        while same < min(len(turns), len(self._turns)) and turns[same] is self._turns[same]:
            same += 1
        del self._turns[same:], self._encoded[same:]
        for turn in turns[same:]:
            self._turns.append(turn)
            self._encoded.append(self._turn(turn))
        json = b','.join((self._head, *self._encoded))
        share = None if self._sent is None else prefix_share(self._sent, json)
        self._sent = json
        return Messages(json, share)

    def _opening(self, brief: Brief, plan: str) -> bytes:
        parts = [text_part(brief.opening or brief.question.text)]
        for frame in brief.key_frames:
            parts += text_part(f'InputImages[{frame.index}]'), self._images.of(frame)
        if plan:
            parts.append(text_part(f'Plan:\n{plan}'))
        return text_message('system', brief.system) + b',' + user_message(parts)

    def _turn(self, turn: Turn) -> bytes:
        parts = [text_part(turn.feedback or 'The cell gave nothing back.')]
        for shown in turn.images:
            parts += text_part(f'Shown: {shown.label or "image"}'), self._images.of(shown)
        said = text_message('assistant', turn.reply if turn.reply.strip() else _EMPTY)
        return said + b',' + user_message(parts)


class Conversations:
    """Conversations of the queries that live, one for each.

    Args:
        images: encodes pictures.
    """

    def __init__(self, images: ImageParts) -> None:
        self._images = images
        self._lock = threading.Lock()
        self._of: WeakKeyDictionary[Brief, Conversation] = WeakKeyDictionary()

    def of(self, brief: Brief) -> Conversation:
        """The conversation of a query."""
        with self._lock:
            found = self._of.get(brief)
            if found is None:
                found = self._of[brief] = Conversation(self._images)
            return found


def _clean(text: str) -> str:
    """Text that UTF-8 can carry: a cell may print half of a surrogate pair."""
    return text.encode('utf-8', 'replace').decode('utf-8')
