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


"""Counts the tokens of a backbone, whoever it is."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from spatialclaw_ros.backbone.protocol import Backbone, Brief, Exchange, Said, SeesImages, Turn
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.eval.records import Tokens
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Observation


class Metered:
    """A backbone that counts what another one's model reads and writes; safe from any thread.

    Args:
        backbone: who writes.
    """

    def __init__(self, backbone: Backbone) -> None:
        self.name = backbone.name
        self.reads_prompts = getattr(backbone, 'reads_prompts', True)
        self._backbone = backbone
        self._lock = threading.Lock()
        self._tokens = Tokens()

    def taken(self) -> Tokens:
        """What was counted since the last time this was called."""
        with self._lock:
            tokens, self._tokens = self._tokens, Tokens()
        return tokens

    def plan(self, brief: Brief, deadline: Deadline) -> Said:
        """See `backbone.protocol.Backbone`."""
        return self._counted(self._backbone.plan(brief, deadline))

    def write(self, brief: Brief, plan: str, turns: Sequence[Turn], deadline: Deadline) -> Said:
        """See `backbone.protocol.Backbone`."""
        return self._counted(self._backbone.write(brief, plan, turns, deadline))

    def close(self) -> None:
        """See `backbone.protocol.Backbone`."""
        self._backbone.close()

    def _counted(self, said: Said) -> Said:
        exchange = said.exchange or Exchange('')
        with self._lock:
            self._tokens = Tokens(
                prompt=self._tokens.prompt + (exchange.prompt_tokens or 0),
                completion=self._tokens.completion + (exchange.completion_tokens or 0))
        return said


class MeteredEyes(Metered):
    """The same of one that also looks at images."""

    def __init__(self, backbone: Backbone, eyes: SeesImages) -> None:
        super().__init__(backbone)
        self._eyes = eyes

    def look(self, call: ToolCall, observation: Observation, deadline: Deadline) -> Said:
        """See `backbone.protocol.SeesImages`."""
        return self._counted(self._eyes.look(call, observation, deadline))


def metered(backbone: Backbone) -> Metered:
    """Wrap a backbone; it can do what it could."""
    return MeteredEyes(backbone, backbone) if isinstance(backbone, SeesImages) else Metered(
        backbone)
