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

"""The servers: which one a query uses, which one rests after a failure, and when it is back."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
import urllib.parse
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import openai

from spatialclaw_ros.backbone.protocol import EndpointStatus
from spatialclaw_ros.backbone.vllm.bounds import bound, max_event_bytes
from spatialclaw_ros.backbone.vllm.config import VllmConfig, is_loopback
from spatialclaw_ros.backbone.vllm.faults import Fault
from spatialclaw_ros.backbone.vllm.keys import ApiKey
from spatialclaw_ros.backbone.vllm.stream import Usage

log = logging.getLogger(__name__)

WRITE_TIMEOUT_S = 60.0
# these answers to a probe say that the server can't serve; any other that it is there
_DOWN = frozenset({500, 502, 503, 504})


class Endpoint:
    """One server; used in the event loop alone, but for `status`.

    Args:
        url: base URL.
        config: limits and model.
        key: sent with each request.
    """

    def __init__(self, url: str, config: VllmConfig, key: ApiKey) -> None:
        self.url = url
        self.healthy = True
        self.last_error = ''
        self.running = 0
        self.queries: WeakSet[object] = WeakSet()
        self._limits = config.limits
        self._failures = 0
        self._rests_until_s = 0.0
        self._latency_s: float | None = None
        self._requests = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self.probing: asyncio.Task[None] | None = None
        self._health = _health_path(url, config.server)
        self.client = _client(url, config, key)

    @property
    def rest_s(self) -> float:
        """Seconds that it still rests."""
        return max(0.0, self._rests_until_s - time.monotonic())

    @property
    def usable(self) -> bool:
        """Whether a request may go there now."""
        return self.healthy and self.rest_s <= 0.0

    def succeeded(self, first_s: float | None, usage: Usage) -> None:
        """It gave a reply."""
        self.healthy, self._failures = True, 0
        self._requests += 1
        self._latency_s = first_s
        self._prompt_tokens += usage.prompt or 0
        self._completion_tokens += usage.completion or 0

    def failed(self, fault: Fault) -> None:
        """It didn't: let it rest, unless the request is to blame.

        Requests that ran beside the one that failed first tell of the same outage: it rests twice
        as long only when it fails again after its rest.
        """
        self.last_error = fault.words
        if fault.final:
            return
        self.healthy = self.healthy and not fault.broken
        limits = self._limits
        rest_s = self.rest_s
        if not rest_s:
            rest_s = min(limits.rest_s * 2.0 ** min(self._failures, 30), limits.max_rest_s)
            # jitter, so that those who failed together don't come back together
            rest_s *= random.uniform(0.5, 1.0)
            self._failures += 1
        if fault.retry_after_s is not None:
            rest_s = max(rest_s, min(fault.retry_after_s, limits.max_rest_s))
        self._rests_until_s = time.monotonic() + rest_s

    def begin_probe(self) -> None:
        """Ask beside other work; one question at a time."""
        if self.probing is None:
            self.probing = asyncio.ensure_future(self.probe())
            self.probing.add_done_callback(self._probed)

    def _probed(self, _task: asyncio.Task[None]) -> None:
        self.probing = None

    async def probe(self) -> None:
        """Ask whether it is there; it is usable again, or rests longer."""
        try:
            await asyncio.wait_for(
                self.client.get(self._health, cast_to=type(None)), self._limits.probe_timeout_s)
        except openai.APIStatusError as error:
            if error.status_code in _DOWN:
                self.failed(Fault(f'it answered {error.status_code} when asked for its health'))
                return
        except (openai.OpenAIError, asyncio.TimeoutError):
            self.failed(Fault('nothing answered there when asked for its health'))
            return
        if not self.healthy:
            log.info('%s answers again', self.url)
        self.healthy, self._rests_until_s = True, 0.0

    def status(self) -> EndpointStatus:
        """How it does; from any thread."""
        return EndpointStatus(
            self.url, self.healthy, self.last_error, self._latency_s, self._requests,
            self._prompt_tokens, self._completion_tokens, len(self.queries))


class Endpoints:
    """All servers of a model; used in the event loop alone, but for `status`.

    Args:
        config: names them.
        key: sent with each request.
    """

    def __init__(self, config: VllmConfig, key: ApiKey) -> None:
        self._all = [Endpoint(url, config, key) for url in config.endpoints]
        self._homes: WeakKeyDictionary[object, Endpoint] = WeakKeyDictionary()

    async def take(self, homes: Sequence[object], patience_s: float) -> Endpoint | None:
        """Endpoint for a request: the query's own, or the least busy one, which it then is.

        Those whose rest is over are asked whether they are well: beside the request when another
        one is usable, before it when none is.

        Args:
            homes: what stands for the query: its brief, and its first frame, which is all that
                its `look` has.
            patience_s: how long may be waited for one.

        Returns:
            None when none is usable now, or will be in time.
        """
        self._probe_rested()
        if not any(each.usable for each in self._all):
            rest_s = self.shortest_rest_s()
            if rest_s > patience_s:
                return None
            await asyncio.sleep(rest_s)
            self._probe_rested()
            probes = [each.probing for each in self._all if each.probing is not None]
            while probes and not any(each.usable for each in self._all):
                _, pending = await asyncio.wait(probes, return_when=asyncio.FIRST_COMPLETED)
                probes = list(pending)
        usable = [each for each in self._all if each.usable]
        if not usable:
            return None
        own = self._homes.get(homes[0])
        if own in usable:
            return own
        chosen = min(usable, key=lambda each: (len(each.queries), each.running))
        for home in homes:
            self._homes[home] = chosen
        for each in self._all:
            each.queries.discard(homes[0])
        chosen.queries.add(homes[0])
        return chosen

    def first(self, homes: Sequence[object]) -> Endpoint:
        """Endpoint to be named when none was usable."""
        return self._homes.get(homes[0]) or self._all[0]

    def shortest_rest_s(self) -> float:
        """Seconds until some endpoint may be tried."""
        return min(each.rest_s for each in self._all)

    def status(self) -> tuple[EndpointStatus, ...]:
        """How each does; from any thread."""
        return tuple(each.status() for each in self._all)

    async def probe(self) -> None:
        """Ask all of them whether they are there."""
        await asyncio.gather(*(each.probe() for each in self._all))

    async def close(self) -> None:
        """Close all connections."""
        for each in self._all:
            await each.client.close()

    def _probe_rested(self) -> None:
        """Begin to ask those whose rest is over; one question at a time each."""
        for each in self._all:
            if not each.healthy and each.rest_s <= 0.0:
                each.begin_probe()


def _health_path(url: str, server: str) -> str:
    """What a server is asked for: vLLM's own health, else the list of models."""
    root = url.rstrip('/')
    return f'{root[:-3]}/health' if server == 'vllm' and root.endswith('/v1') else '/models'


def _client(url: str, config: VllmConfig, key: ApiKey) -> openai.AsyncOpenAI:
    """A client whose connections and TLS context are kept from request to request."""
    parts = urllib.parse.urlsplit(url)
    is_local, is_https = is_loopback(parts.hostname or ''), parts.scheme == 'https'
    http_client = openai.DefaultAsyncHttpxClient(
        # silence is watched for each reply, and a redirect would carry the pictures elsewhere
        timeout=openai.Timeout(
            None, connect=config.limits.connect_timeout_s, write=WRITE_TIMEOUT_S),
        event_hooks={'response': [bound(max_event_bytes(config))]},
        follow_redirects=False,
        # a proxy of the environment can't reach this machine's own server
        trust_env=not is_local,
        # without TLS there is nothing to verify: reading all certificates would take 0.1 s; with
        # it SSL_CERT_FILE holds for this machine's own server, too
        verify=is_https and (ssl.create_default_context() if is_local else True))
    # the package would send what the environment says of an account with another service
    headers: Any = dict.fromkeys(('OpenAI-Organization', 'OpenAI-Project'), openai.Omit())
    headers['Accept-Encoding'] = 'identity'  # who zips a stream holds pieces back
    return openai.AsyncOpenAI(
        base_url=url, api_key=key.value, max_retries=0, http_client=http_client,
        default_headers=headers)
