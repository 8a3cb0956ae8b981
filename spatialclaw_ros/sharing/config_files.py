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


"""Configurations by the name of an installed file, and what is wrong with one in plain words."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from spatialclaw_ros.errors import InvalidRequestError

SUFFIX = '.yaml'
_UNKNOWN = re.compile(r'unknown field `([^`]*)`')


def find_file(name: str, folder: str, what: str) -> Path:
    """Path of a configuration.

    Args:
        name: path of a YAML file, or the name of one that is installed, without `.yaml`.
        folder: of the installed ones, below `config`.
        what: it is: 'perception configuration'.

    Raises:
        InvalidRequestError: no such file; the message has the nearest name.
    """
    if os.sep in name or name.endswith(SUFFIX):
        path = Path(os.path.expanduser(name))
        if not path.is_file():
            raise InvalidRequestError(f'no file {path}; give one that is there')
        return path
    for each in _folders(folder):
        if (path := each / f'{name}{SUFFIX}').is_file():
            return path
    known = file_names(folder)
    raise InvalidRequestError(
        f'no {what} {name!r};{nearest(name, known)} there are {", ".join(known) or "none"}, or '
        'give the path of a YAML file')


def file_names(folder: str) -> list[str]:
    """Names of the installed configurations of a folder below `config`."""
    return sorted({path.stem for each in _folders(folder) for path in each.glob(f'*{SUFFIX}')})


def explained(text: str, parts: Sequence[type[msgspec.Struct]], page: str) -> str:
    """An error of msgspec for people: the field's path, and the nearest name of an unknown one.

    Args:
        text: of the error.
        parts: of the configuration.
        page: that tells of all fields.
    """
    text = text.replace('`$.', '`').replace(' - at `$`', '').replace('Object contains', 'there is')
    found = _UNKNOWN.search(text)
    if found is None:
        return text
    names = {field for part in parts for field in part.__struct_fields__}
    return f'{text};{nearest(found[1], sorted(names)) or f" {page} has all fields"}'


def nearest(name: str, known: Sequence[str]) -> str:
    """' did you mean ...?', or nothing."""
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f' did you mean {near[0]!r}?' if near else ''


def _folders(folder: str) -> Iterator[Path]:
    """Folders of configurations: of the installation, or of the sources."""
    for parent in Path(__file__).absolute().parents:
        for each in (parent / 'share' / 'spatialclaw_ros' / 'config' / folder,
                     parent / 'config' / folder):
            if each.is_dir():
                yield each
