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



"""One tool call in JSON, and the cell that makes it.

Nothing of the JSON is copied into the cell: names are matched against what there is or against the
shape of a plain name, values are written anew as literals of JSON's types.
"""

from __future__ import annotations

import builtins
import difflib
import keyword
import re
from typing import Any

from spatialclaw_ros.agent.interfaces.strict_json import literal, require_keys, short
from spatialclaw_ros.agent.reply import ReplyError
from spatialclaw_ros.geometry.plane import Plane
from spatialclaw_ros.workspace.frames import InputImages
from spatialclaw_ros.workspace.masks import PerFrameMask
from spatialclaw_ros.workspace.reconstruction import Reconstruction
from spatialclaw_ros.workspace.tools.draw import Draw
from spatialclaw_ros.workspace.tools.geometry import Geometry
from spatialclaw_ros.workspace.tools.graph import Graph
from spatialclaw_ros.workspace.tools.mask import Mask
from spatialclaw_ros.workspace.tools.ocr import OCR
from spatialclaw_ros.workspace.tools.reconstruct import Reconstruct
from spatialclaw_ros.workspace.tools.sam3 import SAM3
from spatialclaw_ros.workspace.tools.tf import TF
from spatialclaw_ros.workspace.tools.time import Time
from spatialclaw_ros.workspace.tools.vlm import Vlm

READ = 'read'
MAX_NAME_CHARS = 64
SHORT_CHARS = 2000
_GROUPS: dict[str, type] = {
    'tools.Reconstruct': Reconstruct, 'tools.SAM3': SAM3, 'tools.Geometry': Geometry,
    'tools.Mask': Mask, 'tools.Time': Time, 'tools.TF': TF, 'tools.Draw': Draw,
    'tools.Graph': Graph, 'tools.OCR': OCR, 'vlm': Vlm}
_RESULTS: tuple[type, ...] = (Reconstruction, PerFrameMask, InputImages, Plane)
_UNBOUND = ('show', 'ReturnAnswer')
_IMAGES = re.compile(r'InputImages(_[0-9]{1,3})?')
_SCOPE = frozenset((
    'Metadata', 'tools', 'vlm', 'np', 'scipy', 'math', 'plt', 'collections', 'itertools',
    'functools', READ, *_UNBOUND))
_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_]*')
_REFERENCE = re.compile(r'([A-Za-z][A-Za-z0-9_]*)(?:\[(-?[0-9]{1,6})\])?')
_PART = re.compile(r'\.?([A-Za-z][A-Za-z0-9_]*)|\[(-?[0-9]{1,6})\]|\["([^"\\\n]{1,100})"\]')


def _public(kind: type) -> list[str]:
    """Methods of a class that a text may name."""
    return [name for name, value in vars(kind).items()
            if not name.startswith('_') and callable(value)]


TOOLS = frozenset((
    'tools.Reconstruct', 'tools.SAM3', *_UNBOUND,
    *(f'{group}.{name}' for group, kind in _GROUPS.items() for name in _public(kind))))
METHODS = frozenset((
    'copy', 'crop', *(name for kind in _RESULTS for name in _public(kind))))


def cell_of(given: dict[str, Any]) -> str:
    """The cell that makes a call, binds what it gives, and prints the beginning of it.

    Args:
        given: `tool`, `args` (an object by name, or a list in order), `bind`.

    Raises:
        ReplyError: a key, a name or a value can't be used; the message is one line.
    """
    require_keys(given, needed=('tool',), optional=('args', 'bind'))
    tool = given['tool']
    if not isinstance(tool, str):
        raise ReplyError('"tool" must be a text that names a tool')
    args = given.get('args')
    if tool == READ:
        expression = _read(args)
    else:
        expression = f'{_callee(tool)}({_arguments(args)})'
    bind = given.get('bind')
    if tool in _UNBOUND:
        if bind is not None:
            raise ReplyError(f'{tool} gives nothing that could be bound; leave "bind" out')
        return f'{expression}\n'
    if bind is None:
        raise ReplyError(f'"bind" is missing: name what {short(tool)} gives, to use it later')
    name = _own_name(bind, '"bind"')
    return f'{name} = {expression}\nprint({name!r}, "=", repr({name})[:{SHORT_CHARS}])\n'


def _callee(tool: str) -> str:
    """What is called: a documented tool, or a method of something bound before."""
    if tool in TOOLS:
        return tool
    name, dot, method = tool.rpartition('.')
    if dot and _NAME.fullmatch(name) and name not in _SCOPE:
        if not _IMAGES.fullmatch(name):
            _own_name(name, '"tool"')
        if method in METHODS:
            return f'{name}.{method}'
        raise ReplyError(
            f'results have no method {short(method)}{_near(method, METHODS)}; to get a value such '
            f'as .distance call "{READ}"')
    raise ReplyError(f'there is no tool {short(tool)}{_near(tool, TOOLS)}')


def _arguments(args: Any) -> str:
    if args is None:
        return ''
    if isinstance(args, list):
        return ', '.join(map(_value, args))
    if isinstance(args, dict):
        if '$' in args:
            raise ReplyError('"args" is a reference; put it under the name of an argument')
        return ', '.join(f'{_plain_name(name)}={_value(value)}' for name, value in args.items())
    raise ReplyError('"args" must be an object of arguments by name, or a list of them')


def _value(value: Any) -> str:
    """An argument as Python: a literal, a reference, or a list of such."""
    if isinstance(value, list):
        return f'[{", ".join(map(_value, value))}]'
    if not isinstance(value, dict):
        return literal(value)
    return _reference(value)


def _reference(value: Any) -> str:
    """A name, or one item of what it holds, given as an object with the one key `$`."""
    if not isinstance(value, dict) or set(value) != {'$'} or not isinstance(value['$'], str):
        raise ReplyError(
            f'an argument is null, true, false, a number, a text, a list, or {{"$": "NAME"}}, '
            f'got {short(value)}')
    match = _REFERENCE.fullmatch(value['$'])
    if match is None:
        raise ReplyError(
            f'a reference is NAME or NAME[number], got {short(value["$"])}; for anything deeper '
            f'call "{READ}" first')
    name, index = match.groups()
    if not _IMAGES.fullmatch(name) and name != 'Metadata':
        _own_name(name, 'a reference')
    return name if index is None else f'{name}[{int(index)}]'


def _read(args: Any) -> str:
    """An attribute or item of something bound before."""
    if not isinstance(args, dict):
        raise ReplyError(f'"{READ}" takes the arguments "of" and "path" by name')
    require_keys(args, needed=('of', 'path'))
    path = args['path']
    if not isinstance(path, str) or not path:
        raise ReplyError('"path" must be a text such as NAME, NAME[number] or NAME["key"]')
    expression, at = _reference(args['of']), 0
    while at < len(path):
        match = _PART.match(path, at)
        if match is None or (at and match.group(1) and path[at] != '.'):
            raise ReplyError(
                f'"path" is made of names, [number] and ["key"] joined by dots, got {short(path)}')
        name, index, key = match.groups()
        if name is not None:
            expression += f'.{_plain_name(name)}'
        else:
            expression += f'[{int(index)}]' if index is not None else f'[{key!r}]'
        at = match.end()
    return expression


def _plain_name(name: Any) -> str:
    """A name as it may stand after a dot or before `=`.

    Raises:
        ReplyError: it is none.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or (
            keyword.iskeyword(name) or len(name) > MAX_NAME_CHARS):
        raise ReplyError(f'{short(name)} is not a plain name of letters, digits and _')
    return name


def _own_name(name: Any, where: str) -> str:
    """A name that a call may bind: not one that means something already.

    Raises:
        ReplyError: it is none, or is taken.
    """
    plain = _plain_name(name)
    if plain in _SCOPE or _IMAGES.fullmatch(plain) or hasattr(builtins, plain):
        raise ReplyError(f'{where} can not be {short(plain)}, which has a meaning already')
    return plain


def _near(name: str, known: frozenset[str]) -> str:
    """'; did you mean ...?' where something is near."""
    found = difflib.get_close_matches(name[:200], sorted(known), n=1, cutoff=0.5)
    return f'; did you mean {found[0]}?' if found else ''
