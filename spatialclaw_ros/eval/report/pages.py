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


"""Sections as a Markdown page and as an HTML page that needs nothing beside it but the traces."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.eval.report.sections import Section

# What would be markup inside a line; an underscore inside a word and a bracket alone are none.
_MARKS = re.compile(r'([\\`*|~$]|(?<!\w)_|_(?!\w)|(?<=\])\()')


def markdown_page(
    title: str, line: str, sections: Sequence[Section], plots: Mapping[str, str],
) -> str:
    """The report as Markdown.

    Args:
        title: heading.
        line: below it.
        sections: in order.
        plots: title to path, relative to the page.
    """
    page = _render('report.md.j2', title=title, line=line, sections=sections, plots=plots)
    return re.sub(r'\n{3,}', '\n\n', page).strip() + '\n'


def html_page(
    title: str, line: str, sections: Sequence[Section], plots: Mapping[str, Path],
) -> str:
    """The report as one HTML file: style and plots are in it, no script, nothing from a network.

    Args:
        title: heading.
        line: below it.
        sections: in order.
        plots: title to PNG file.
    """
    style = _file('report.css')
    digest = base64.b64encode(hashlib.sha256(style.encode('utf-8')).digest()).decode('ascii')
    policy = (f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
              "form-action 'none'")
    pictures = {
        name: f'data:image/png;base64,{base64.b64encode(path.read_bytes()).decode("ascii")}'
        for name, path in plots.items()}
    return _render('report.html.j2', title=title, line=line, sections=sections, plots=pictures,
                   policy=policy, style=style)


def _render(name: str, **values: object) -> str:
    try:
        import jinja2
    except ImportError as error:
        raise DependencyError(
            'the report needs jinja2: pip install jinja2, or `apt install python3-jinja2`'
        ) from error
    environment = jinja2.Environment(
        autoescape='.html' in name, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters.update(md=markdown_text, code=_code)
    return environment.from_string(_file(name)).render(**values)


def markdown_text(text: str) -> str:
    """A text that Markdown shows as it is, in a cell of a table, too."""
    flat = _MARKS.sub(r'\\\1', ' '.join(text.split()))
    return flat.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')


def _code(text: str) -> str:
    return text.replace('`', "'").replace('|', '\\|')


def _file(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding='utf-8')
