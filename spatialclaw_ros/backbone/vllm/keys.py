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

"""The API key: read from the environment or a file, and kept out of every text."""

from __future__ import annotations

import json
import os
import urllib.parse
from pathlib import Path

from spatialclaw_ros.backbone.vllm.config import VllmConfig
from spatialclaw_ros.errors import InvalidRequestError

HIDDEN = '[key]'
# what the openai package sends where no key is needed; it insists on one
NO_KEY = 'none'
# a shorter one may be a word of its own ('EMPTY', 'token')
_SECRET_CHARS = 8
_MAX_KEY_BYTES = 16384


class ApiKey:
    """A key that shows itself to nobody but `value`.

    Args:
        value: the key; '' for none.
    """

    __slots__ = ('_forms', '_value')

    def __init__(self, value: str = '') -> None:
        self._value = value
        forms = {value, json.dumps(value)[1:-1], urllib.parse.quote(value, safe='')} - {''}
        self._forms = sorted(forms, key=len, reverse=True)

    def __repr__(self) -> str:
        return f'ApiKey({HIDDEN if self._value else "none"})'

    @property
    def value(self) -> str:
        """The key as it is sent."""
        return self._value or NO_KEY

    @property
    def known(self) -> bool:
        """Whether there is one."""
        return bool(self._value)

    def hide(self, text: str) -> str:
        """A text of a server's without the key that it may repeat."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def hide_from_reply(self, text: str) -> str:
        """As `hide`; a key so short that it may be a word is left alone."""
        return self.hide(text) if len(self._value) >= _SECRET_CHARS else text


def read_key(config: VllmConfig) -> ApiKey:
    """The key that a configuration names.

    Raises:
        InvalidRequestError: the file can't be read, or holds no key.
    """
    if config.api_key_file:
        return ApiKey(key_of_file(config.api_key_file))
    value = os.environ.get(config.api_key_env, '').strip() if config.api_key_env else ''
    return ApiKey(_checked(value, f'the environment variable {config.api_key_env}'))


def key_of_file(path: str) -> str:
    """The key that a file holds.

    Raises:
        InvalidRequestError: the file can't be read, or holds no key.
    """
    try:
        data = Path(os.path.expanduser(path)).read_bytes()
    except OSError as error:
        raise InvalidRequestError(
            f"the key's file {path} can't be read: {error.strerror}") from error
    value = data[:_MAX_KEY_BYTES + 1].decode('latin-1').strip()
    if not value:
        raise InvalidRequestError(f"the key's file {path} is empty; it should hold the key alone")
    return _checked(value, f"the key's file {path}")


def _checked(value: str, where: str) -> str:
    """The key, if a header can carry it; the message never repeats it."""
    if len(value) > _MAX_KEY_BYTES or any(not '!' <= char <= '~' for char in value):
        raise InvalidRequestError(
            f'{where} should hold one key, a single line of printable characters without blanks')
    return value
