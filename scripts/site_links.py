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



"""Makes links work on the site that, on a forge, lead out of docs/: a hook of mkdocs.

What a page links to outside docs/ (a configuration, an example, CONTRIBUTING.md) becomes part of
the site, below `files/`; a page of Markdown there is rendered, its own links are followed likewise.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = 'files'
LINK = re.compile(r'(\]\()(?!\w+:|#)([^)#\s]+)((?:#[^)\s]*)?\))')
FENCE = re.compile(r'(^```.*?^```[ \t]*$)', re.MULTILINE | re.DOTALL)


def site_path(repository_path: str) -> str:
    """Where a file of the repository lies on the site."""
    inside = repository_path.removeprefix('docs/')
    return inside if inside != repository_path else f'{OUTSIDE}/{repository_path}'


def followed(markdown: str, page: str) -> tuple[str, list[str]]:
    """Turn a page's links into links of the site.

    Args:
        markdown: its text.
        page: its path in the repository.

    Returns:
        The text, and the files outside docs/ that it links to, as paths in the repository. A link
        to nothing stays as it is: mkdocs tells.
    """
    outside: list[str] = []

    def turned(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), match[2]))
        if target.startswith('..') or not (ROOT / target).is_file():
            return match[0]
        if not target.startswith('docs/'):
            outside.append(target)
        start = posixpath.dirname(site_path(page)) or '.'
        return f'{match[1]}{posixpath.relpath(site_path(target), start)}{match[3]}'

    parts = FENCE.split(markdown)
    parts[::2] = [LINK.sub(turned, part) for part in parts[::2]]
    return ''.join(parts), outside


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to outside docs/."""
    from mkdocs.structure.files import File, InclusionLevel

    waiting = [(f'docs/{each.src_uri}', each.content_string)
               for each in files.documentation_pages()]
    seen: set[str] = set()
    while waiting:
        page, markdown = waiting.pop()
        for target in followed(markdown, page)[1]:
            if target in seen:
                continue
            seen.add(target)
            content = (ROOT / target).read_bytes()
            files.append(File.generated(
                config, site_path(target), content=content,
                inclusion=InclusionLevel.NOT_IN_NAV))
            if target.endswith('.md'):
                waiting.append((target, content.decode()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn the links of a page."""
    path = page.file.src_uri
    inside = f'{OUTSIDE}/'
    return followed(
        markdown, path.removeprefix(inside) if path.startswith(inside) else f'docs/{path}')[0]
