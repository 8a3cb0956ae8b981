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


"""Addresses of perception servers, as `perception.url` names them."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.perception.served.token import is_loopback

_PORTS = {'http': 80, 'https': 443}


@dataclass(frozen=True)
class Endpoint:
    """One server.

    Args:
        scheme: 'http' or 'https'.
        host: name or address.
        port: of it.
        path: before the calls' own, '' or beginning with a slash.
    """

    scheme: str
    host: str
    port: int
    path: str = ''

    def __str__(self) -> str:
        host = f'[{self.host}]' if ':' in self.host else self.host
        return f'{self.scheme}://{host}:{self.port}{self.path}'

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(self.host)


def endpoints_of(url: str) -> tuple[Endpoint, ...]:
    """The servers of `perception.url`, one or more separated by commas.

    Raises:
        InvalidRequestError: there is none, or one is not a URL of a server.
    """
    found = tuple(_endpoint_of(part.strip()) for part in url.split(',') if part.strip())
    if not found:
        raise InvalidRequestError('perception.url must name a server, as in http://gpu:8450')
    return found


def _endpoint_of(text: str) -> Endpoint:
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
        (parts.hostname or '').encode('idna')  # what looking it up does
    except ValueError as error:
        raise InvalidRequestError(
            f'perception.url has {text[:200]!r}, which is no URL: {error}') from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InvalidRequestError(
            f'perception.url must be http://HOST:PORT or https://HOST:PORT, got {text[:200]!r}')
    if not all('!' <= char <= '~' for char in parts.path):
        raise InvalidRequestError(
            f'perception.url has a path of other than printable ASCII characters: {text[:200]!r}; '
            'write them as %20')
    if parts.username is not None or parts.query or parts.fragment:
        raise InvalidRequestError(
            'perception.url must be without user, query and fragment; a token goes into the file '
            'of perception.token_file')
    return Endpoint(
        parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.path.rstrip('/'))
