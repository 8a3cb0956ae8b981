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

from collections.abc import Sequence
from pathlib import Path

import msgspec
import yaml

from spatialclaw_ros.backbone.protocol import Brief, Said, Turn
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError


class Script(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is played.

    Args:
        replies: markdown replies, in order.
        plan: the plan.
    """

    replies: list[str]
    plan: str = ''


class RecordedBackbone:
    """A backbone that says the same every time.

    Args:
        script: what to play.
    """

    name = 'recorded'

    def __init__(self, script: Script) -> None:
        self._script = script

    @classmethod
    def from_yaml(cls, path: Path) -> RecordedBackbone:
        """Read a script: a mapping with `plan` (text) and `replies` (list of markdown texts).

        Raises:
            BackboneError: the file can't be read or has another shape.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding='utf-8'))
            return cls(msgspec.convert(data, Script))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
            raise BackboneError(
                f'{path} is not a script of replies ({error}); it needs a mapping with '
                '`replies`, a list of texts, and may have `plan`') from error

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
