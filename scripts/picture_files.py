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

"""Pictures as files: small ones, of what a terminal or a browser shows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.Image import Resampling

MAX_BYTES, MAX_WIDTH = 200_000, 1400
TERMINAL = '''<!DOCTYPE html><meta charset="utf-8"><body style="margin:0;background:#16191d">
<pre style="display:inline-block;margin:0;padding:18px 22px;color:#d8dbe0;
column-count:{columns};column-gap:40px;font:14px/1.32 'DejaVu Sans Mono',monospace">{code}</pre>
</body>'''


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture, a PNG with a palette for drawings of few colours; see that it is small."""
    picture = picture.convert('RGB')
    if picture.width > MAX_WIDTH:
        picture = picture.resize(
            (MAX_WIDTH, round(picture.height * MAX_WIDTH / picture.width)), Resampling.LANCZOS)
    if path.suffix == '.jpg':
        picture.save(path, quality=85, optimize=True)
    else:
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise SystemExit(f'{path} has {size} bytes, at most {MAX_BYTES} may be')
    print(f'{path}: {picture.width}x{picture.height}, {size // 1000} kB')


def terminal(
    browser: Any, folder: Path, lines: Sequence[Any], width: int, columns: int = 1,
) -> Image.Image:
    """What rich prints, as a picture of a terminal; in columns where it is long."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI

    console = Console(record=True, width=width, file=io.StringIO(), highlight=False)
    for line in lines:
        console.print(line)
    page = folder / 'terminal.html'
    code = console.export_html(theme=MONOKAI, inline_styles=True, code_format='{code}')
    page.write_text(
        TERMINAL.replace('{columns}', str(columns)).replace('{code}', code), encoding='utf-8')
    size = "document.querySelector('pre').getBoundingClientRect()."
    browser.open(page, width=1600, height=400)
    wide, high = (int(browser.value(f'Math.ceil({size}{side})')) for side in ('width', 'height'))
    browser.open(page, width=wide, height=high)
    return shot(browser, folder)


def shot(browser: Any, folder: Path) -> Image.Image:
    """What the browser shows."""
    browser.screenshot(folder / 'shot.png')
    with Image.open(folder / 'shot.png') as picture:
        return picture.convert('RGB')
