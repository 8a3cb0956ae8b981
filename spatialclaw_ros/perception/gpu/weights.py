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



"""Finds a model's weights: a local folder (offline), or a repository of the Hugging Face hub."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spatialclaw_ros.errors import DependencyError, WeightsError
from spatialclaw_ros.perception.gpu.checkpoint import WEIGHTS, check_weights

_REPOSITORY = re.compile(r'[\w.-]+/[\w.-]+')
_PATTERNS = ('*.json', '*.safetensors', '*.txt', '*.model', '*.jinja')

Tell = Callable[[float, str], None]


def find_weights(
    weights: str, repository: str, licence: str, *, files: Sequence[str] = ('config.json',),
    tell: Tell | None = None,
) -> Path:
    """A local folder with a model's weights; downloaded into the hub's cache when need be.

    A local folder never touches the network. A repository is downloaded once; without a network
    its copy in the cache is used.

    Args:
        weights: a local folder, or OWNER/NAME of the hub; '' is `repository`.
        repository: of the hub, the model's own.
        licence: of these weights, for messages.
        files: that a folder must have besides weights in safetensors.
        tell: of the download, the share in [0, 1] and what is under way.

    Raises:
        WeightsError: they are not there, not whole, gated, or can't be downloaded; the message
            says how to get them.
        DependencyError: a repository is asked for and `huggingface_hub` is not installed.
    """
    asked = weights.strip() or repository
    if is_folder(asked):
        folder = Path(asked).expanduser()
        if not folder.is_dir():
            raise WeightsError(
                f'weights {asked!r}: no such folder; {_how(repository, str(folder))}')
    else:
        folder = _download(asked, licence, tell)
    _check(folder, files, repository if is_folder(asked) else asked)
    return folder


def is_folder(weights: str) -> bool:
    """Whether a name means a folder: one that is there, or that is no OWNER/NAME."""
    return Path(weights).expanduser().is_dir() or not _REPOSITORY.fullmatch(weights)


def _check(folder: Path, files: Sequence[str], repository: str) -> None:
    missing = [name for name in files if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in WEIGHTS):
        missing.append(WEIGHTS[0])
    if missing:
        there = sorted(path.name for path in folder.iterdir())[:8]
        raise WeightsError(
            f'weights {str(folder)!r} lack {", ".join(missing)} (there: '
            f'{", ".join(there) or "nothing"}); {_how(repository, str(folder))}')
    try:
        check_weights(folder)
    except ValueError as error:
        raise WeightsError(f'{error}; {_how(repository, str(folder))}') from error


def _download(repository: str, licence: str, tell: Tell | None) -> Path:
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError as error:
        raise DependencyError(
            f'weights {repository!r} are on the Hugging Face hub, and huggingface_hub is not '
            'installed: pip install huggingface_hub, or give a local folder') from error
    if tell is not None:
        tell(0.0, f'{repository} from the hub')
    try:
        return Path(snapshot_download(
            repository, allow_patterns=list(_PATTERNS), tqdm_class=_bar(repository, tell)))
    except errors.GatedRepoError as error:
        raise WeightsError(
            f'weights {repository!r} are gated: accept their licence ({licence}) on '
            f'https://huggingface.co/{repository}, then log in on this machine with "hf auth '
            f'login" or set HF_TOKEN; or {_how(repository, "DIR")}') from error
    except errors.RepositoryNotFoundError as error:
        raise WeightsError(
            f'weights {repository!r}: the hub has no such repository, or it is private; check the '
            'name, or log in with "hf auth login" or HF_TOKEN') from error
    except (OSError, ValueError, errors.HTTPError) as error:
        # No network and no copy in the cache, a server's error, a full disk.
        raise WeightsError(
            f'weights {repository!r} can not be downloaded ({_short(error)}) and are not in the '
            f'cache of this machine; without a network, {_how(repository, "DIR")}') from error


def _bar(repository: str, tell: Tell | None) -> Any:
    """A silent progress bar that tells how many bytes came."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop('name', None)
            super().__init__(*args, **{**kwargs, 'disable': True})
            self.bytes, self.total = 0.0, kwargs.get('total') or 0
            self.in_bytes = kwargs.get('unit') == 'B'

        def update(self, n: float | None = 1) -> bool | None:
            self.bytes += n or 0
            if tell is not None and self.in_bytes and self.total:
                share = min(1.0, self.bytes / self.total)
                tell(share, f'{repository}: {self.bytes / 1e6:.0f} of {self.total / 1e6:.0f} MB')
            return None

    return Bar


def _how(repository: str, folder: str) -> str:
    return (f'get them on a machine with a network by "hf download {repository} --local-dir '
            f'{folder}" and copy the folder here, then name it as weights')


def _short(error: BaseException) -> str:
    return ' '.join(f'{type(error).__name__}: {error}'.split())[:160]


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a folder of weights.

    Raises:
        WeightsError: it can't be read, or is no JSON object.
    """
    path = folder / 'config.json'
    try:
        config = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise WeightsError(f'{path} can not be read ({_short(error)}); copy it again') from error
    if not isinstance(config, dict):
        raise WeightsError(f'{path} must hold a JSON object, got {type(config).__name__}')
    return config
