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


"""Files of config/profiles: parameters of a node that fit one kind of machine, and that machine.

A profile is a parameter file; the machine stands in the comments at its head, `# machine: ...`, so
that ROS reads nothing that it does not know.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from spatialclaw_ros.cli.fit_machine import MIB, Machine
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.perception.config import PerceptionConfig

SUFFIX = '.yaml'
GROUPS = ('perception', 'perception.depth', 'perception.masks')
_MACHINE = re.compile(
    r'^# machine: (?P<name>.+); (?P<gpu>\d+) MiB(?P<shared>, shared)?$', re.MULTILINE)


@dataclass(frozen=True)
class Profile:
    """Parameters for one kind of machine.

    Args:
        name: of the file, without `.yaml`.
        machine: that it is meant for.
        content: parameters that it sets; those with dots in their names are nested.
        path: of the file.
    """

    name: str
    machine: Machine
    content: Mapping[str, Any]
    path: str

    @property
    def values(self) -> dict[str, Any]:
        """Parameters that it sets, by dotted name."""
        return dict(_flat(self.content))

    @property
    def perception(self) -> PerceptionConfig:
        """The configuration of perception that it makes.

        Raises:
            InvalidRequestError: a field that there isn't, or a value that it can't have.
        """
        default = PerceptionConfig()
        fields = dict(self.content['perception']) if 'perception' in self.content else {}
        for role, model in (('depth', default.depth), ('masks', default.masks)):
            fields[role] = {**msgspec.structs.asdict(model), **fields.get(role, {})}
        fields |= {name: self.content[name] for name in ('reconstruct', 'segment')
                   if name in self.content}
        try:
            return msgspec.convert(fields, PerceptionConfig)
        except msgspec.ValidationError as error:
            raise InvalidRequestError(f'profile {self.name}: {error}') from error


def read_profile(name: str) -> Profile:
    """Read a profile.

    Args:
        name: path of a YAML file, or the name of one in `config/profiles`, without `.yaml`.

    Raises:
        InvalidRequestError: no such file, or one that says no machine or no parameters.
    """
    path = find_profile(name)
    text = path.read_text(encoding='utf-8')
    try:
        values = dict(yaml.safe_load(text)['/**']['ros__parameters'])
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequestError(
            f'{path} is no profile: parameters stand below `/**` and `ros__parameters`') from error
    if (machine := _MACHINE.search(text)) is None:
        raise InvalidRequestError(
            f'{path} lacks the line that tells its machine, as '
            '"# machine: desktop, 12 GB; 12282 MiB", with ", shared" at its end where GPU and '
            'processor share their memory')
    size = int(machine['gpu']) * MIB
    shared = machine['shared'] is not None
    return Profile(
        path.stem, Machine(machine['name'], size, shared, size if shared else 0),
        _nested(values, path), str(path))


def find_profile(name: str) -> Path:
    """Path of a profile; see `read_profile`.

    Raises:
        InvalidRequestError: no such file.
    """
    if os.sep in name or name.endswith(SUFFIX):
        path = Path(name).expanduser()
        if path.is_file():
            return path
        raise InvalidRequestError(f'no file {path}')
    for folder in _folders():
        if (path := folder / f'{name}{SUFFIX}').is_file():
            return path
    raise InvalidRequestError(
        f'no profile {name!r}; there are {", ".join(profile_names()) or "none"}, or give the path '
        'of a file')


def profile_names() -> list[str]:
    """Names of the installed profiles."""
    return sorted({path.stem for folder in _folders() for path in folder.glob(f'*{SUFFIX}')})


def _folders() -> Iterator[Path]:
    """Folders of profiles: of the installation, or of the sources."""
    for parent in Path(__file__).absolute().parents:
        for folder in (parent / 'share' / 'spatialclaw_ros' / 'config' / 'profiles',
                       parent / 'config' / 'profiles'):
            if folder.is_dir():
                yield folder


def _nested(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Parameters with their groups, in whichever way ROS takes them: nested, with dots, or mixed.

    Raises:
        InvalidRequestError: a name that is a group as well.
    """
    content: dict[str, Any] = {}
    for name, value in _flat(values):
        group = content
        *above, last = name.split('.')
        for part in above:
            group = group.setdefault(part, {})
            if not isinstance(group, dict):
                raise InvalidRequestError(f'{path}: {part} is a value and a group of others')
        if (name in GROUPS and value != {}) or isinstance(group.get(last), dict):
            raise InvalidRequestError(
                f'{path}: {name} is a group of parameters, got {value!r}')
        group[last] = value
    return content


def _flat(content: Mapping[str, Any], above: str = '') -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f'{above}{name}.')
        else:
            yield f'{above}{name}', value
