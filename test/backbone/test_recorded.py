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



"""A script or trace that can't be played is told by its name, and nothing else happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.errors import BackboneError, InvalidRequestError

SEES = '{"event": "started", "setup": {"capabilities": ["vlm"]}}\n'
LOOKED = '{"event": "tool_called", "tool": "vlm", "args": {}, "values": null, "error": null}\n'


@pytest.mark.parametrize(('name', 'text', 'part'), [
    ('mine.yaml', '- a', 'is not a script of replies'),
    ('mine.yaml', 'plan: p', 'replies'),
    ('mine.yaml', 'a: ' + '[' * 5000, 'is not a script of replies'),
    ('mine.yaml', None, 'No such file'),
    ('trace.jsonl', '', 'holds no replies'),
    ('trace.jsonl', '[1]\n', 'a line is not an object'),
    ('trace.jsonl', '{"a": 1}\n', 'not a trace that can be played'),
    ('trace.jsonl', '{"event": "started", "setup": []}\n', 'not a trace that can be played'),
    ('trace.jsonl', SEES + LOOKED, 'not a trace that can be played'),
    ('trace.jsonl', '[' * 100_000 + '\n', 'not a trace that can be played'),
])
def test_what_can_not_be_played_is_named(
    tmp_path: Path, name: str, text: str | None, part: str,
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(BackboneError, match=part) as caught:
        make_backbone('recorded', script=str(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(('script', 'error', 'part'), [
    ('', InvalidRequestError, 'needs backbone_script'),
    ('~nobody-of-this-name/mine.yaml', BackboneError, 'nobody-of-this-name'),
])
def test_a_script_must_be_named(script: str, error: type[Exception], part: str) -> None:
    with pytest.raises(error, match=part):
        make_backbone('recorded', script=script)
