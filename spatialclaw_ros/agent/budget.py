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



"""What a query may use up: steps, time, tokens, pictures; and what is left of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spatialclaw_ros.backbone.protocol import Said
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.workspace.cell import ShownImage

# only where a server does not count; English and code have about four characters a token
CHARS_PER_TOKEN = 4
# below this share of its time or tokens a query is asked to come to its end
LITTLE = 0.15


@dataclass(frozen=True)
class AgentLimits:
    """Budgets of a query.

    Args:
        max_steps: replies that may be written, 1 or more.
        trace_keep: traces that stay on disk, 1 or more.
        max_tokens: tokens that the model may write for one query, plan and thinking included;
            0 for no bound.
        images_per_step: shown pictures that go back to the model after one step.
        images_per_query: shown pictures that go back to it in one query, beside the key frames.
        trace_mb: megabytes (2^20 bytes) that all traces together may take, 1 or more.
    """

    max_steps: int = 30
    trace_keep: int = 50
    max_tokens: int = 0
    images_per_step: int = 8
    images_per_query: int = 32
    trace_mb: int = 2048

    def __post_init__(self) -> None:
        if min(self.max_steps, self.trace_keep, self.trace_mb) < 1:
            raise ValueError(f'max_steps, trace_keep, trace_mb must be 1 or more, got {self}')
        if min(self.max_tokens, self.images_per_step, self.images_per_query) < 0:
            raise ValueError(f'limits must be 0 or more, got {self}')


@dataclass(frozen=True, eq=False)
class Sent:
    """Pictures that go back to the model, and a line about those that don't.

    Args:
        images: those that are sent.
        left_out: the line; '' when all are sent.
    """

    images: tuple[ShownImage, ...] = ()
    left_out: str = ''


class Budget:
    """Counts one query's steps, tokens and pictures; time is the deadline's.

    Args:
        limits: what there is.
        max_steps: replies that may be written, as the action interface has it.
        deadline: the query's.
    """

    def __init__(self, limits: AgentLimits, max_steps: int, deadline: Deadline) -> None:
        self._limits = limits
        self._deadline = deadline
        self._total_s = deadline.elapsed_s + deadline.remaining_s
        self._step_began_s = deadline.elapsed_s
        self._longest_step_s = 0.0
        self._largest_reply = 0
        self.steps_left = max_steps
        self.tokens = 0
        self.images = 0
        self.estimated = False

    @property
    def tokens_left(self) -> float:
        """Tokens that may still be written; infinite without a bound."""
        if not self._limits.max_tokens:
            return math.inf
        return max(0, self._limits.max_tokens - self.tokens)

    @property
    def is_spent(self) -> bool:
        """Whether no further reply may be asked for."""
        return not (self.steps_left and self.tokens_left)

    @property
    def is_last(self) -> bool:
        """Whether the next reply is the last one, or likely to be."""
        if self.steps_left <= 1:
            return True
        remaining_s = self._deadline.remaining_s
        short_s = math.isfinite(self._total_s) and remaining_s < max(
            LITTLE * self._total_s, self._longest_step_s)
        return short_s or self.tokens_left < max(
            LITTLE * self._limits.max_tokens, self._largest_reply)

    def begin_step(self) -> None:
        """A reply is about to be asked for."""
        self.steps_left -= 1
        self._step_began_s = self._deadline.elapsed_s

    def end_step(self) -> None:
        """Its cell has run, or it could not be read."""
        self._longest_step_s = max(
            self._longest_step_s, self._deadline.elapsed_s - self._step_began_s)

    def spend(self, said: Said) -> None:
        """Count what a model wrote; nothing where no model was asked."""
        if said.exchange is None:
            return
        tokens = said.exchange.completion_tokens
        if tokens is None:
            tokens = math.ceil((len(said.text) + len(said.thinking)) / CHARS_PER_TOKEN)
            self.estimated = True
        self.tokens += tokens
        if said.exchange.role == 'agent':
            self._largest_reply = max(self._largest_reply, tokens)

    def choose(self, shown: Sequence[ShownImage]) -> Sent:
        """The first pictures of a cell that may still be sent; they count as sent."""
        left = self._limits.images_per_query - self.images
        room = max(0, min(self._limits.images_per_step, left))
        sent, rest = tuple(shown[:room]), shown[room:]
        self.images += len(sent)
        if not rest:
            return Sent(sent)
        bound = (f'{self._limits.images_per_step} of a step are'
                 if self._limits.images_per_step <= left
                 else f'{self._limits.images_per_query} of a query are')
        names = ', '.join(image.label or 'image' for image in rest)
        return Sent(sent, f'Not sent, because at most {bound}: {names}')

    @property
    def text(self) -> str:
        """What is left, in one line; towards the end it asks to commit or refuse."""
        parts = [_count(self.steps_left, 'step')]
        remaining_s = self._deadline.remaining_s
        if math.isfinite(remaining_s):
            parts.append(f'{remaining_s:.0f} s')
        if math.isfinite(self.tokens_left):
            about = 'about ' if self.estimated else ''
            parts.append(f'{about}{_count(int(self.tokens_left), "token")}')
        images = max(0, self._limits.images_per_query - self.images)
        parts.append(_count(images, 'picture'))
        line = f'Left: {", ".join(parts)}.'
        if self.is_last:
            line += (' Commit in this reply: answer with what you know, or refuse and say what '
                     'is missing.')
        return line


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}' + ('' if number == 1 else 's')
