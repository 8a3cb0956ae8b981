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

"""What went wrong with a request: in words, and whether trying again can help."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass

import openai

from spatialclaw_ros.backbone.vllm.config import VllmConfig
from spatialclaw_ros.backbone.vllm.keys import ApiKey

MAX_MESSAGE_CHARS = 500
# garbage in place of an event: no JSON, no UTF-8, a number without end, or nested without end
NOT_JSON = (ValueError, RecursionError)
# client errors after which the same request may succeed
_PASSING = frozenset({408, 409, 429})
_ADVICE = {
    400: 'the request does not suit this model; is its context long enough (--max-model-len), and '
         'does it take as many images (--limit-mm-per-prompt)?',
    401: 'the server wants a key: set {key}',
    403: "the key does not open this; check {key}",
    404: 'does the server serve a model of this name (GET /v1/models), and does the URL end in '
         '/v1?',
    413: 'the request is too large for the server; send fewer or smaller images',
    422: 'the server does not take a field of the request; look at extra_body',
}
_ABSENT = ('is a server running there? Start one with `vllm serve MODEL`, or correct endpoints '
           '(backbone_url)')

_TLS_ADVICE = {
    'CERTIFICATE_VERIFY_FAILED':
        "if it has a certificate of your own, add its CA to this machine's, or name the CA's file "
        'in the environment variable SSL_CERT_FILE',
    'WRONG_VERSION_NUMBER': 'does it speak https? Try http',
}


class StreamError(Exception):
    """A reply that came in part, or made no sense."""


class SilenceError(StreamError):
    """Nothing came for too long."""


@dataclass(frozen=True)
class Fault:
    """What went wrong.

    Args:
        words: what came; never with a key.
        final: whether the same request would fail again.
        broken: whether the endpoint should be asked if it is well before it is used again.
        retry_after_s: the server's own wish; None without one.
        advice: what to do.
    """

    words: str
    final: bool = False
    broken: bool = True
    retry_after_s: float | None = None
    advice: str = ''


def fault_of(error: Exception, config: VllmConfig, key: ApiKey) -> Fault:
    """Read an error of a request.

    Args:
        error: of the openai package, JSON, or of this one.
        config: for advice.
        key: to be kept out of the words.
    """
    if isinstance(error, openai.APIStatusError):
        return _status_fault(error, config, key)
    if isinstance(error, openai.APIConnectionError):
        return _connection_fault(error, config, key)
    if isinstance(error, NOT_JSON):
        return Fault('it sent a stream that is not JSON',
                     advice='is it an OpenAI-compatible API, and does the URL end in /v1?')
    if isinstance(error, openai.APIError):
        return _error_event(error, key)
    advice = 'is the model loaded, and the server not overrun?' if isinstance(
        error, SilenceError) else 'its log may tell why'
    return Fault(_short(str(error), key), advice=advice)


def _connection_fault(
    error: openai.APIConnectionError, config: VllmConfig, key: ApiKey,
) -> Fault:
    cause = error.__cause__
    if isinstance(error, openai.APITimeoutError):
        if type(cause).__name__ == 'WriteTimeout':
            return Fault('it stopped taking the request', advice=_ADVICE[413])
        return Fault(
            f'no connection within {config.limits.connect_timeout_s:g} s', advice=_ABSENT)
    said = str(error if cause is None else cause)
    words = ': '.join(filter(None, (type(cause or error).__name__, said)))
    advice = next((each for mark, each in _TLS_ADVICE.items() if mark in said), _ABSENT)
    return Fault(f'the connection failed ({_short(words, key)})', advice=advice)


def _status_fault(error: openai.APIStatusError, config: VllmConfig, key: ApiKey) -> Fault:
    status = error.status_code
    said = _short(_message(error.body) or error.response.text, key)
    words = f'it answered {status}' + (f': {said}' if said else '')
    if status >= 500:
        return Fault(words, retry_after_s=retry_after_s(error.response.headers),
                     advice="the server's log should tell why")
    if status in _PASSING:
        return Fault(words, broken=False, retry_after_s=retry_after_s(error.response.headers),
                     advice='the server has too much to do; ask less often, or add endpoints')
    if 300 <= status < 400:
        place = _short(error.response.headers.get('location', ''), key)
        return Fault(f'it answered {status}, go to {place!r}', final=True, broken=False,
                     advice='redirects are not followed; give the base URL that it leads to')
    source = config.api_key_file or (
        f'the environment variable {config.api_key_env}' if config.api_key_env
        else 'api_key_env or api_key_file')
    advice = _ADVICE.get(status, 'the request was refused for good').format(key=source)
    return Fault(words, final=True, broken=False, advice=advice)


def _error_event(error: openai.APIError, key: ApiKey) -> Fault:
    """An error that came as an event of the stream."""
    said = error.body if isinstance(error.body, str) else error.message
    body = error.body if isinstance(error.body, dict) else {}
    code = body.get('code')
    final = isinstance(code, int) and 400 <= code < 500 and code not in _PASSING
    return Fault(f'its stream ended with an error: {_short(said, key)}', final=final,
                 broken=not final, advice="the server's log should tell why")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, as a number or as a date; None when it doesn't.

    The header is of RFC 9110, section 10.2.3; `retry-after-ms` is OpenAI's own.
    """
    for name, unit_s in (('retry-after-ms', 1e-3), ('retry-after', 1.0)):
        text = headers.get(name, '').strip()
        try:
            wait_s = float(text) * unit_s
        except ValueError:
            continue
        if 0.0 <= wait_s < 1e9:
            return wait_s
    try:
        when = email.utils.parsedate_to_datetime(headers.get('retry-after', ''))
        return max(0.0, when.timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _message(body: object) -> str:
    """The message of an error's body, as OpenAI, vLLM and FastAPI have it."""
    if isinstance(body, dict):
        error = body.get('error', body)
        inner = error if isinstance(error, dict) else body
        for name in ('message', 'detail'):
            if isinstance(inner.get(name), str):
                return str(inner[name])
        if isinstance(error, str):
            return error
    return body if isinstance(body, str) else ''


def _short(text: str, key: ApiKey) -> str:
    """One line without the key, cut where it grows long."""
    # hidden before it is cut, lest half a key stays
    line = ' '.join(key.hide(text).split())
    return line if len(line) <= MAX_MESSAGE_CHARS else line[:MAX_MESSAGE_CHARS] + '…'
