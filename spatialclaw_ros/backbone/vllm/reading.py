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

"""Puts a streamed reply together: thinking apart from text, and the end at the closing fence."""

from __future__ import annotations

from collections.abc import Callable

from spatialclaw_ros.backbone.vllm.config import Thinking
from spatialclaw_ros.backbone.vllm.fence import FenceScanner

Tags = tuple[tuple[str, str], ...]


class ReplyReader:
    """Takes the pieces of a reply; what comes out doesn't depend on how it was cut.

    Thinking comes in a field of its own, or between tags at the start of the text, or up to a
    closing tag whose opening one the prompt had.

    Args:
        language: of the fenced block that the reply ends with; '' for none.
        thinking: how thinking is marked.
        max_chars: of the reply.
    """

    def __init__(self, language: str, thinking: Thinking, max_chars: int) -> None:
        self._thinking_rules = thinking
        self._language = language
        self._max_chars = max_chars
        self._thought: list[str] = []
        self._thought_chars = 0
        self._said: list[str] = []
        self._said_chars = 0
        self._fence = FenceScanner(language)
        self._closing = tuple(close for _, close in thinking.tags)
        self._held = ''  # not yet known to be thinking or text
        self._tail = ''  # of the text, where a closing tag may have begun
        self._read: Callable[[str], None] = (
            self._read_inside if thinking.opened_by_template else self._read_start)
        self.rambles = False
        """Whether more than blanks came after the closing fence."""
        self.overflowed = False
        """Whether the reply, or its thinking, was longer than allowed."""

    @property
    def text(self) -> str:
        """The reply, up to and with its closing fence."""
        text = ''.join(self._said)
        return text[:self._fence.end if self.closed else self._max_chars].strip()

    @property
    def thinking(self) -> str:
        """What was thought before."""
        return ''.join(self._thought)[:self._thinking_rules.max_chars].strip()

    @property
    def closed(self) -> bool:
        """Whether the fenced block is closed: nothing more is wanted, but the count of tokens."""
        return self._fence.end is not None

    @property
    def would_close(self) -> bool:
        """Whether the block is closed if nothing more comes."""
        return self._fence.would_close

    @property
    def done(self) -> bool:
        """Whether nothing that may come is worth a wait."""
        return self.rambles or self.overflowed

    def think(self, piece: str) -> None:
        """Take thinking that came in its own field; no tags are looked for any longer."""
        if self._read in (self._read_start, self._read_inside):
            held, self._held = self._held, ''
            self._read = self._say
            self._say(held)
        self._add_thought(piece)

    def feed(self, piece: str) -> None:
        """Take a piece of the reply."""
        if self.closed:
            self.rambles |= bool(piece.strip())
        elif piece and not self.overflowed:
            self._read(piece)

    def finish(self, *, cut: bool) -> None:
        """The stream ended.

        Args:
            cut: whether the model was stopped before its own end.
        """
        held, self._held = self._held, ''
        if self._read == self._read_inside:
            self._add_thought(held)
            if not cut and self._thinking_rules.opened_by_template:
                # a model that had nothing to think about never closed what it never opened
                held, self._thought = ''.join(self._thought), []
                self._say(held)
        elif held:
            self._say(held)
        if not self.closed:
            self._fence.finish()

    def _read_start(self, piece: str) -> None:
        """Nothing but blanks came so far: an opening tag may follow."""
        self._held += piece
        start = self._held.lstrip()
        for opening, _ in self._thinking_rules.tags:
            if start.startswith(opening):
                rest, self._held = start[len(opening):], ''
                self._read = self._read_inside
                self._read_inside(rest)
                return
        too_long = len(self._held) > self._max_chars  # blanks, and nothing else
        if too_long or not any(
                opening.startswith(start) for opening, _ in self._thinking_rules.tags):
            text, self._held = self._held, ''
            self._read = self._read_text
            self._read_text(text)

    def _read_inside(self, piece: str) -> None:
        """Thinking, up to its closing tag."""
        text = self._held + piece
        at, tag = _find(text, self._closing)
        if tag:
            self._held = ''
            self._add_thought(text[:at])
            self._read = self._say
            self._say(text[at + len(tag):])
            return
        keep = max((len(each) for each in self._closing), default=1) - 1
        split = max(0, len(text) - keep)
        self._held = text[split:]
        self._add_thought(text[:split])

    def _read_text(self, piece: str) -> None:
        """Text, unless a closing tag comes: then all before it was thinking."""
        tail, self._tail = self._tail, ''
        at, tag = _find(tail + piece, self._closing)
        if not tag:
            keep = max((len(each) for each in self._closing), default=1) - 1
            self._tail = (tail + piece)[-keep:] if keep else ''
            self._say(piece)
            return
        end = at + len(tag) - len(tail)
        self._say(piece[:end])
        if self.closed or self.overflowed:
            return
        thought = ''.join(self._said)[:-len(tag)]
        self._said, self._said_chars = [], 0
        self._fence = FenceScanner(self._language)
        self._add_thought(thought)
        self._read = self._say
        self._say(piece[end:])

    def _say(self, piece: str) -> None:
        self._said.append(piece)
        self._said_chars += len(piece)
        if self._fence.feed(piece):
            self.rambles = bool(''.join(self._said)[self._fence.end:].strip())
        self.overflowed |= not self.closed and self._said_chars > self._max_chars

    def _add_thought(self, piece: str) -> None:
        self._thought.append(piece)
        self._thought_chars += len(piece)
        self.overflowed |= self._thought_chars > self._thinking_rules.max_chars


def _find(text: str, tags: tuple[str, ...]) -> tuple[int, str]:
    """Where the first of some tags stands, and which; -1 and '' without one."""
    found = [(at, tag) for tag in tags if (at := text.find(tag)) >= 0]
    return min(found, default=(-1, ''))
