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


"""The page of a trace: one file that opens from disk, with everything in it and no network.

HTML, CSS and JavaScript are files beside this one. What was asked, said and printed goes into the
page as data, which the script puts in as text, never as markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from spatialclaw_ros.agent.trace_page.data import page_data
from spatialclaw_ros.agent.trace_reader import Trace, read_trace

PAGE_FILE = 'trace.html'
SCRIPTS = ('text.js', 'scene.js', 'parts.js', 'page.js')
_PLACE = re.compile(r'\{\{(\w+)\}\}')


def write_page(folder: Path) -> Path:
    """Write the page of a trace into its folder.

    Raises:
        TraceError: the trace can't be read.
        OSError: the page can't be written.
    """
    path = folder / PAGE_FILE
    fresh = folder / f'.{PAGE_FILE}.new'
    html = page_html([read_trace(folder)])
    try:
        fresh.write_text(html, encoding='utf-8')
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return path


def page_html(traces: Sequence[Trace], note: str = '', notes: Sequence[str] = ()) -> str:
    """One page for one trace, or for several side by side.

    Args:
        traces: one or more.
        note: a line below the question.
        notes: a line below the answer of each of several traces.
    """
    data = page_data(traces)
    for shown, line in zip(data['traces'], notes):
        shown['note'] = line
    style = _file('page.css')
    script = '\n'.join(_file(name) for name in SCRIPTS)
    parts = {
        'policy': (
            "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
            f"script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'"),
        'style': style, 'script': script, 'data': embedded({**data, 'note': note})}
    return _PLACE.sub(lambda place: parts[place.group(1)], _file('page.html'))


def embedded(value: object) -> str:
    """JSON that can't end the script tag that it stands in."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(',', ':'))
    return text.replace('<', '\\u003c').replace('>', '\\u003e').replace('&', '\\u0026')


def _file(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding='utf-8')


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')
