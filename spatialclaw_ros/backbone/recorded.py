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

"""Plays replies that were written down before, so that a whole conversation is a test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from spatialclaw_ros.backbone.protocol import Brief, Said, Turn
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Observation

TRACE_FILE = 'trace.jsonl'


class Look(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a `vlm` call is answered.

    Args:
        args: of the call.
        text: the answer; None when there was none.
        error: what the cell is told then.
        asked: shapes of the pictures that a cell made itself, by name; None for any.
    """

    args: dict[str, Any]
    text: str | None = None
    error: str = ''
    asked: dict[str, list[int]] | None = None

    def answers(self, call: ToolCall) -> bool:
        """Whether this call was asked before."""
        shapes = {name: list(array.shape) for name, array in call.arrays.items()}
        return _key(self.args) == _key(call.args) and self.asked in (None, shapes)


class Script(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is played.

    Args:
        replies: markdown replies, in order.
        plan: the plan.
        looks: what `vlm` calls are answered; None when there are no such calls.
    """

    replies: list[str]
    plan: str = ''
    looks: list[Look] | None = None


class RecordedBackbone:
    """A backbone that says the same every time.

    Args:
        script: what to play.
    """

    name = 'recorded'

    def __init__(self, script: Script) -> None:
        self._script = script

    @classmethod
    def from_path(cls, path: Path) -> RecordedBackbone:
        """Read a trace's folder, its `trace.jsonl`, or a YAML script.

        Raises:
            BackboneError: it can't be read, or is neither.
        """
        if path.is_dir() or path.name == TRACE_FILE:
            return cls.from_trace(path)
        return cls.from_yaml(path)

    @classmethod
    def from_yaml(cls, path: Path) -> RecordedBackbone:
        """Read a script: a mapping with `plan` (text) and `replies` (list of markdown texts).

        Raises:
            BackboneError: the file can't be read or has another shape.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding='utf-8'))
            script = msgspec.convert(data, Script)
        except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError,
                msgspec.ValidationError) as error:
            raise BackboneError(
                f'{path} is not a script of replies ({error}); it needs a mapping with '
                '`replies`, a list of texts, and may have `plan`') from error
        return cls(script) if script.looks is None else RecordedEyes(script)

    @classmethod
    def from_trace(cls, path: Path) -> RecordedBackbone:
        """Read the plan, the replies and the answers to `vlm` calls of a trace.

        Raises:
            BackboneError: it can't be read, or holds no replies.
        """
        file = path / TRACE_FILE if path.is_dir() else path
        try:
            script = _script_of(_lines(file))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BackboneError(f'{file} is not a trace that can be played: {error}') from error
        if not script.replies:
            raise BackboneError(f'{file} holds no replies to play')
        return cls(script) if script.looks is None else RecordedEyes(script)

    def plan(self, brief: Brief, deadline: Deadline) -> Said:
        """The script's plan."""
        return Said(self._script.plan)

    def write(self, brief: Brief, plan: str, turns: Sequence[Turn], deadline: Deadline) -> Said:
        """The reply of this step.

        Raises:
            BackboneError: the script has no more.
        """
        if len(turns) >= len(self._script.replies):
            raise BackboneError(
                f'the script has {len(self._script.replies)} replies, and none of them answered')
        return Said(self._script.replies[len(turns)])

    def close(self) -> None:
        """Nothing is held."""


class RecordedEyes(RecordedBackbone):
    """One that also answers `vlm` calls, each as it was answered when it was asked before."""

    def look(self, call: ToolCall, observation: Observation, deadline: Deadline) -> Said:
        """The answer to this call; of those that were asked alike the last, whoever asks.

        Raises:
            BackboneError: there was none, or no such call is in the script.
        """
        for look in reversed(self._script.looks or []):
            if look.answers(call):
                if look.text is None:
                    raise BackboneError(look.error or 'no answer came')
                return Said(look.text)
        raise BackboneError('the script has no answer to this vlm call')


def _key(args: Mapping[str, Any]) -> str:
    return json.dumps(args, sort_keys=True)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Lines of a trace; one that was being written when the query broke off is left out."""
    texts = file.read_text(encoding='utf-8').split('\n')
    for text in texts[:-1]:
        line = json.loads(text)
        if not isinstance(line, dict):
            raise ValueError(f'a line is not an object: {text[:80]}')
        yield line


def _script_of(lines: Iterator[dict[str, Any]]) -> Script:
    replies: list[str] = []
    looks: list[Look] = []
    plan, sees = '', False
    for line in lines:
        kind = line['event']
        if kind == 'started':
            sees = 'vlm' in line.get('setup', {}).get('capabilities', ())
        elif kind == 'planned':
            plan = line['text']
        elif kind == 'cell_written':
            # version 1 of the schema has no replies as they came
            replies.append(line.get('reply') or _reply_of(line))
        elif kind == 'cell_ran' and not line.get('ran', 'reply' not in line):
            replies.append(line['reply'])
        elif kind == 'tool_called' and line['tool'] == 'vlm':
            looks.append(Look(line['args'], line['values'].get('text'), line['error'] or '',
                              line.get('asked', {})))
    return Script(replies, plan, looks if sees else None)


def _reply_of(line: Mapping[str, Any]) -> str:
    return (f'Purpose: {line["purpose"]}\nReasoning: {line["reasoning"]}\n'
            f'Next goal: {line["next_goal"]}\n```python\n{line["code"]}```')
