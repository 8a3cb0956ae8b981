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


"""The token that a perception server asks for: read from a file, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
from pathlib import Path

from spatialclaw_ros.errors import InvalidRequestError

VARIABLE = 'SPATIALCLAW_PERCEPTION_TOKEN'
_MAX_BYTES = 4096


def read_token(token_file: str) -> str:
    """The token that a configuration names; '' for none.

    Args:
        token_file: path; '' takes the environment's `SPATIALCLAW_PERCEPTION_TOKEN`.

    Raises:
        InvalidRequestError: the file can't be read, or holds no token.
    """
    if not token_file:
        return _checked(os.environ.get(VARIABLE, '').strip(), f'the variable {VARIABLE}')
    where = f'the file of perception.token_file, {token_file},'
    try:
        data = Path(os.path.expanduser(token_file)).read_bytes()[:_MAX_BYTES + 1]
    except OSError as error:
        raise InvalidRequestError(f'{where} can not be read: {error.strerror}') from error
    value = _checked(data.decode('latin-1').strip(), where)
    if not value:
        raise InvalidRequestError(f'{where} is empty; it should hold the token alone')
    return value


def same_token(given: str, token: str) -> bool:
    """Whether both are the same, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(*(
        hashlib.sha256(text.encode('latin-1', 'replace')).digest() for text in (given, token)))


def is_loopback(host: str) -> bool:
    """Whether only this machine is meant by a host's name or address."""
    if host in ('localhost', 'localhost.localdomain', 'ip6-localhost'):
        return True
    try:
        return ipaddress.ip_address(host.strip('[]')).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, token: str | None) -> None:
    """Refuse to serve others without a token.

    Raises:
        InvalidRequestError: the address can be reached from elsewhere, and there is no token.
    """
    if not token and not is_loopback(host):
        raise InvalidRequestError(
            f'serving perception on {host} without a token would let anybody who reaches this '
            f'machine use its GPU; give a token (--token-file, or {VARIABLE}), or serve on '
            '127.0.0.1. A token: python3 -c "import secrets; print(secrets.token_urlsafe(32))"')


def _checked(value: str, where: str) -> str:
    """The token, if a header can carry it; the message never repeats it."""
    if len(value) > _MAX_BYTES or any(not '!' <= char <= '~' for char in value):
        raise InvalidRequestError(
            f'{where} should hold one token, a single line of printable characters without blanks')
    return value
