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

"""Where the model is, how each role samples it, and what a request may take."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from spatialclaw_ros.errors import InvalidRequestError

DEFAULT_URL = 'http://127.0.0.1:8000/v1'
DEFAULT_MODEL = 'default'
ROLES = ('agent', 'planner', 'locate', 'think')
LOOPBACK = ('127.0.0.1', 'localhost', '::1')

_VARIABLE = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)?')
# what the client itself puts into a request
_OURS = frozenset({'messages', 'model', 'stream', 'stream_options', 'n'})

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0.0)]


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one role samples.

    Args:
        temperature: None leaves it to the server.
        top_p: None leaves it to the server.
        max_tokens: longest reply, thinking included; None leaves it to the server.
        extra_body: further fields of the request's body, e.g. `top_k` or `chat_template_kwargs`.
    """

    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] | None = 0.6
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] | None = None
    max_tokens: Count | None = 4096
    extra_body: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if taken := sorted(_OURS & set(self.extra_body)):
            raise ValueError(f'extra_body may not set {", ".join(taken)}: the client does')


class Roles(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sampling of who writes, of who plans, and of the cells' `vlm` calls."""

    agent: Sampling = Sampling()
    planner: Sampling = Sampling(max_tokens=1024)
    locate: Sampling = Sampling(temperature=0.0, max_tokens=1024)
    think: Sampling = Sampling(max_tokens=2048)


class Thinking(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How thinking is told from the reply when the server doesn't separate them.

    Args:
        tags: pairs that thinking stands between.
        opened_by_template: whether the prompt ends with the opening tag, so that a reply begins
            inside the thinking.
        max_chars: longest thinking; the request ends there.
    """

    tags: tuple[tuple[str, str], ...] = (('<think>', '</think>'),)
    opened_by_template: bool = False
    max_chars: Count = 400_000

    def __post_init__(self) -> None:
        if not all(tag.strip() for pair in self.tags for tag in pair):
            raise ValueError('tags must be pairs of texts, e.g. ["<think>", "</think>"]')


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a request may take; a query's own deadline holds too.

    Args:
        attempts: requests sent for one reply, the first included; a wait after which no endpoint
            is well takes the place of one.
        connect_timeout_s: to open a connection.
        first_token_timeout_s: from sending a request to the first piece of the reply, the wait in
            the server's queue included.
        stall_timeout_s: between two pieces of a reply.
        rest_s: how long an endpoint rests after its first failure; doubles with each further one.
        max_rest_s: longest rest, and the longest `Retry-After` that is honoured.
        probe_timeout_s: for the question whether an endpoint is there again.
        max_reply_chars: longest reply; the request ends there.
        max_images: pictures that one `vlm` call may look at.
    """

    attempts: Count = 5
    connect_timeout_s: Seconds = 5.0
    first_token_timeout_s: Seconds = 120.0
    stall_timeout_s: Seconds = 60.0
    rest_s: Seconds = 0.25
    max_rest_s: Seconds = 30.0
    probe_timeout_s: Seconds = 5.0
    max_reply_chars: Count = 200_000
    max_images: Count = 32


class Serve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How `vllm serve` is started for this model.

    Args:
        model: what is served, a name of the Hugging Face Hub or a folder; '' for the config's.
        host: address to listen on.
        port: port to listen on.
        arguments: further arguments, without the dashes; true and false for flags.
    """

    model: str = ''
    host: str = '127.0.0.1'
    port: Annotated[int, Meta(ge=1, le=65535)] = 8000
    arguments: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if taken := sorted({'host', 'port', 'model', 'served-model-name'} & set(self.arguments)):
            raise ValueError(f'arguments may not set {", ".join(taken)}: fields of their own do')


class VllmConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model behind one or more servers that speak OpenAI's protocol.

    Args:
        endpoints: base URLs of the API, with `/v1`; all serve the same model.
        model: name that the servers give it.
        server: 'vllm' for a server that reports usage while it streams, 'other' for any.
        roles: sampling of each role.
        max_tokens_name: name of that field; newer models of OpenAI's own want
            'max_completion_tokens'.
        max_image_edge: long edge of pictures that are sent, pixels; smaller ones stay as they are.
        image_quality: of JPEG, 1 to 100.
        api_key_env: environment variable that holds the key; one that is not set means no key.
        api_key_file: file that holds the key and nothing else, instead; `~` is the home folder.
        thinking: how thinking is told from the reply.
        limits: what a request may take.
        serve: how a server of one's own is started; None where others run it.
    """

    endpoints: tuple[str, ...] = (DEFAULT_URL,)
    model: Annotated[str, Meta(min_length=1)] = DEFAULT_MODEL
    server: Literal['vllm', 'other'] = 'vllm'
    roles: Roles = Roles()
    max_tokens_name: Literal['max_tokens', 'max_completion_tokens'] = 'max_tokens'
    max_image_edge: Annotated[int, Meta(ge=32, le=8192)] = 768
    image_quality: Annotated[int, Meta(ge=1, le=100)] = 85
    api_key_env: str = 'SPATIALCLAW_API_KEY'
    api_key_file: str = ''
    thinking: Thinking = Thinking()
    limits: Limits = Limits()
    serve: Serve | None = None

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise ValueError('endpoints must name one base URL or more')
        if len({url.rstrip('/') for url in self.endpoints}) != len(self.endpoints):
            raise ValueError('endpoints names a URL twice')
        for url in self.endpoints:
            _check_url(url)
        if not _VARIABLE.fullmatch(self.api_key_env):
            raise ValueError(
                'api_key_env must be the name of an environment variable (letters, digits and _); '
                'the key itself stands in that variable')

    def sampling(self, role: str) -> Sampling:
        """Sampling of a role, one of `ROLES`."""
        found: Sampling = getattr(self.roles, role)
        return found

    def replaced(self, changes: Mapping[str, Any]) -> VllmConfig:
        """A copy with some fields changed.

        Raises:
            InvalidRequestError: a change can't be used.
        """
        try:
            return msgspec.convert(
                {**msgspec.structs.asdict(self), **changes}, VllmConfig)
        except msgspec.ValidationError as error:
            raise InvalidRequestError(str(error).replace('$.', '')) from error


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    return host in LOOPBACK


def _check_url(url: str) -> None:
    """Raise ValueError for what is no base URL; never repeats what could be a password."""
    parts = urllib.parse.urlsplit(url)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError(
            'an endpoint holds a name, a password, a query or a fragment: a key comes from '
            'api_key_env or api_key_file, and a base URL ends with its path')
    if parts.scheme not in ('http', 'https') or not parts.hostname or (
            any(char.isspace() or not char.isprintable() for char in url)):
        raise ValueError(f'an endpoint must be an http or https URL without blanks, got {url!r}')
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f'the port of an endpoint must be a number in [1, 65535], got {url!r}')
    if parts.path.rstrip('/').endswith('/chat/completions'):
        raise ValueError(
            f'an endpoint is a base URL: leave /chat/completions out, got {url!r}')
