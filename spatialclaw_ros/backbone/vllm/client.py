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

"""Sends a request until it is answered: over several endpoints, within the query's deadline."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import openai

from spatialclaw_ros.backbone.protocol import Exchange, Said
from spatialclaw_ros.backbone.vllm.config import ROLES, VllmConfig
from spatialclaw_ros.backbone.vllm.endpoints import Endpoint, Endpoints
from spatialclaw_ros.backbone.vllm.faults import NOT_JSON, Fault, StreamError, fault_of
from spatialclaw_ros.backbone.vllm.keys import ApiKey
from spatialclaw_ros.backbone.vllm.stream import Reply, stream_reply
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ask:
    """What is asked of a model.

    Args:
        role: who asks, one of `ROLES`.
        messages: JSON of the messages, separated by commas.
        homes: what stands for the query.
        language: of the fenced block that ends the reply; '' for none.
        prefix_share: for the exchange.
    """

    role: str
    messages: bytes
    homes: Sequence[object]
    language: str = ''
    prefix_share: float | None = None


class Client:
    """Asks the model; used in the event loop alone.

    Args:
        config: where the model is.
        key: sent with each request, kept out of every text.
        endpoints: the servers.
    """

    def __init__(self, config: VllmConfig, key: ApiKey, endpoints: Endpoints) -> None:
        self._config = config
        self._key = key
        self._endpoints = endpoints
        self._heads = {role: _head(config, role) for role in ROLES}

    async def ask(self, ask: Ask, deadline: Deadline) -> Said:
        """The reply.

        Raises:
            BackboneError: none came; the message names endpoint, model, what came and what to do.
        """
        start_s = time.monotonic()
        body = b'%s,"messages":[%s]}' % (self._heads[ask.role], ask.messages)
        fault: Fault | None = None
        endpoint: Endpoint | None = None
        sent = 0
        for _ in range(self._config.limits.attempts):
            taken = await self._endpoints.take(ask.homes, deadline.remaining_s)
            if taken is None:  # none is well, or will be in time
                endpoint = endpoint or self._endpoints.first(ask.homes)
                if self._endpoints.shortest_rest_s() > deadline.remaining_s:
                    raise self._error(endpoint, fault, sent, start_s, late=True)
                continue
            endpoint, sent = taken, sent + 1
            outcome = await self._try(endpoint, body, ask.language)
            if isinstance(outcome, Reply):
                return self._said(ask, outcome, endpoint, sent, len(body), start_s)
            fault = outcome
            endpoint.failed(fault)
            log.info('attempt %d of at most %d at %s: %s', sent, self._config.limits.attempts,
                     endpoint.url, fault.words)
            if fault.final:
                break
        raise self._error(endpoint or self._endpoints.first(ask.homes), fault, sent, start_s)

    async def _try(self, endpoint: Endpoint, body: bytes, language: str) -> Reply | Fault:
        endpoint.running += 1
        try:
            reply = await stream_reply(
                endpoint.client, body, language, self._config.thinking, self._config.limits)
        except (openai.OpenAIError, StreamError, *NOT_JSON) as error:
            return fault_of(error, self._config, self._key)
        finally:
            endpoint.running -= 1
        endpoint.succeeded(reply.first_s, reply.usage)
        return reply

    def _said(
        self, ask: Ask, reply: Reply, endpoint: Endpoint, attempts: int, sent_bytes: int,
        start_s: float,
    ) -> Said:
        usage, hide = reply.usage, self._key.hide_from_reply
        return Said(hide(reply.reader.text), hide(reply.reader.thinking), Exchange(
            role=ask.role, model=self._config.model, endpoint=endpoint.url, attempts=attempts,
            sent_bytes=sent_bytes, prefix_share=ask.prefix_share, prompt_tokens=usage.prompt,
            completion_tokens=usage.completion, cached_tokens=usage.cached,
            first_s=reply.first_s, duration_s=time.monotonic() - start_s,
            finish=hide(reply.finish)))

    def _error(
        self, endpoint: Endpoint, fault: Fault | None, attempts: int, start_s: float, *,
        late: bool = False,
    ) -> BackboneError:
        fault = fault or Fault(endpoint.last_error or 'it does not answer')
        count = f'{attempts} attempt{"" if attempts == 1 else "s"}'
        wait = ', and the query has no time for another one' if late else ''
        advice = f'; {fault.advice}' if fault.advice else ''
        return BackboneError(
            f'no reply of model {self._config.model!r} from {endpoint.url}: {fault.words} '
            f'({count} in {time.monotonic() - start_s:.1f} s{wait}){advice}; '
            f'`curl {endpoint.url}/models` shows whether it answers')


def _head(config: VllmConfig, role: str) -> bytes:
    """The body of a role's requests up to the messages, without their comma."""
    sampling = config.sampling(role)
    options = {'include_usage': True}
    if config.server == 'vllm':
        # a stream that ends at the fence brings no last event, so each one has to count
        options['continuous_usage_stats'] = True
    fields = {'model': config.model, 'stream': True, 'stream_options': options,
              'temperature': sampling.temperature, 'top_p': sampling.top_p,
              config.max_tokens_name: sampling.max_tokens}
    known = {name: value for name, value in fields.items() if value is not None}
    return msgspec.json.encode({**known, **sampling.extra_body})[:-1]
