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


"""Landlock: a worker may read the libraries' own folders, and nothing else of the file system.

The zygote makes the ruleset once, a worker only puts it on. See landlock(7) for the interface.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path

# the same on every architecture
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# rights, network rights and scopes that each version of the interface knows
_FS_BITS = {1: 13, 2: 14, 3: 15, 5: 16}
_NET_BITS = {4: 2}
_SCOPE_BITS = {6: 2}
# libraries that a cell may import late, beside those that are loaded
_LATE_PACKAGES = ('sklearn', 'joblib', 'threadpoolctl', 'pandas', 'pytz', 'tzdata')
_DATA_FOLDERS = ('/usr/share/fonts', '/usr/share/zoneinfo')

_libc = ctypes.CDLL(None, use_errno=True)


class _RulesetAttr(ctypes.Structure):
    _fields_ = (('fs', ctypes.c_uint64), ('net', ctypes.c_uint64), ('scoped', ctypes.c_uint64))


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = 'ms'
    _fields_ = (('allowed', ctypes.c_uint64), ('parent_fd', ctypes.c_int32))


def abi() -> int:
    """Version of Landlock in this Linux, 0 without it."""
    version = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    return max(0, int(version))


def make_ruleset(readable: Iterable[str]) -> int | None:
    """Forbid every use of files and TCP that this Linux can, but to read the given paths.

    Args:
        readable: folders and files; those that don't exist are left out.

    Returns:
        A descriptor for `restrict`, or None without Landlock.

    Raises:
        OSError: the operating system refuses.
    """
    version = abi()
    if version == 0:
        return None
    attr = _RulesetAttr(_bits(_FS_BITS, version), _bits(_NET_BITS, version),
                        _bits(_SCOPE_BITS, version))
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset_fd = _checked(
        _libc.syscall(_CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), 0))
    try:
        os.set_inheritable(ruleset_fd, False)
        for path in readable:
            _allow_reading(ruleset_fd, path)
    except BaseException:
        os.close(ruleset_fd)
        raise
    return ruleset_fd


def restrict(ruleset_fd: int) -> None:
    """Put a ruleset on this process for good; no-new-privileges must be set.

    Raises:
        OSError: the operating system refuses.
    """
    _checked(_libc.syscall(_RESTRICT_SELF, ruleset_fd, 0))


def readable_packages() -> set[str]:
    """Names of packages that are loaded, or may be loaded late."""
    return {name.partition('.')[0] for name in tuple(sys.modules)}.union(_LATE_PACKAGES)


def library_paths() -> list[str]:
    """Folders and files of the standard library and of every package that may be loaded."""
    paths = {str(Path(os.__file__).parent), *_DATA_FOLDERS}
    importlib.util.find_spec('spatialclaw_not_there')  # lists every folder of the import path
    for name in sorted(readable_packages()):
        module = sys.modules.get(name)
        spec = getattr(module, '__spec__', None)
        if module is None and spec is None:
            spec = importlib.util.find_spec(name)
        if spec is None:
            continue
        folders = spec.submodule_search_locations or ()
        paths.update(folders)
        # shared libraries that wheels carry beside their package
        paths.update(str(path) for folder in folders for path in Path(folder).parent.glob('*.libs'))
        if spec.submodule_search_locations is None and spec.has_location and spec.origin:
            paths.add(spec.origin)
    return sorted(paths)


def _allow_reading(ruleset_fd: int, path: str) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
        rule = _PathBeneathAttr(rights, fd)
        _checked(_libc.syscall(_ADD_RULE, ruleset_fd, _PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(fd)


def _bits(known: dict[int, int], version: int) -> int:
    counts = [count for since, count in known.items() if since <= version]
    return (1 << max(counts)) - 1 if counts else 0


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f'Landlock: {os.strerror(number)}')
    return int(result)
