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


"""Measures a 32-frame reconstruction call over HTTP beside others; fails where it falls short.

All ways in one run, in turns. The model's answer lies ready, so that nothing but the way there and
back is measured: arrays to arrays, both processes on this machine, on loopback.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from bench_run import Findings, run, take
from bench_table import Row, faster, within
from wire_scene import intrinsics, pictures, prediction
from wire_ways import Bare, FarEnd, Ours, Plain

from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.served.codec import (
    Sending,
    encode_depth_call,
    encode_prediction,
)

_ROUNDS, _SHORT_ROUNDS, _WARM_UP = 40, 8, 3
_RAW = 'ours, raw (loopback: what `compression: auto` does there)'
_SMALL = 'ours, jpeg + float16 + zstd (what it does on a network)'
_GIGABIT_BYTES_PER_S = 125e6


def measure(findings: Findings, short: bool) -> None:
    """Take all samples in turns, and add their rows."""
    images = pictures()
    expected = prediction(images)
    sizes = {name: _sizes(images, expected, sending) for name, sending in (
        ('raw', Sending.plain()), ('small', Sending.small()))}
    with contextlib.ExitStack() as stack:
        far = stack.enter_context(FarEnd(*sizes['raw']))
        ways: dict[str, Any] = {
            'raw': Ours(far.ports['ours'], 'auto'),
            'small': Ours(far.ports['ours'], 'jpeg'),
            'json': Plain(far.ports['plain'], 'json'),
            'msgpack': Plain(far.ports['plain'], 'msgpack'),
            'bare': Bare(far.ports['bare'], *sizes['raw'])}
        for way in ways.values():
            stack.callback(way.close)
        samples: dict[str, list[float]] = {name: [] for name in ways}

        def rounds(_: Findings) -> None:
            for number in range(_WARM_UP + (_SHORT_ROUNDS if short else _ROUNDS)):
                for name, way in ways.items():
                    took_s, found = _timed(way.call, images)
                    if number < _WARM_UP:
                        findings.faults.extend(differences(name, found, expected))
                    else:
                        samples[name].append(took_s)

        take(findings, [('calls', rounds)])
        for name in ('json', 'msgpack'):
            sizes[name] = ways[name].bytes
    findings.rows.extend(rows(samples, sizes))
    findings.facts.extend(_facts(samples, sizes))


def rows(
    samples: dict[str, list[float]], sizes: dict[str, tuple[int, int]],
) -> list[Row]:
    """The table: seconds of each way, and its bytes there and back."""
    tails = {name: [float(np.percentile(taken, 99))] for name, taken in samples.items()}
    megabytes = {name: [sum(both) / 1e6] for name, both in sizes.items()}
    return [
        Row('p50, raw, against JSON + base64', samples['raw'], samples['json'], faster(5),
            note=f'{_RAW}, against json and base64 of Python over the same HTTP client, Starlette '
                 'and uvicorn'),
        Row('p50, raw, against a raw socket copy', samples['raw'], samples['bare'], within(2),
            note='against sendall and recv_into of as many bytes as ours sends, out of and into '
                 'warm memory: what the wire costs at least'),
        Row('p50, raw, against msgpack', samples['raw'], samples['msgpack'],
            note='for information: msgspec\'s msgpack with binary fields, over the same HTTP '
                 'client, Starlette and uvicorn'),
        Row('p50, compressed, against JSON + base64', samples['small'], samples['json'],
            note=f'for information: {_SMALL}; on loopback compression only costs'),
        Row('p99, raw, against JSON + base64', tails['raw'], tails['json'],
            note=f'p99 of {len(samples["raw"])} calls each'),
        Row('p99, raw, against a raw socket copy', tails['raw'], tails['bare']),
        Row('p99, raw, against msgpack', tails['raw'], tails['msgpack']),
        Row('p99, compressed, against JSON + base64', tails['small'], tails['json']),
        Row('bytes, raw, against JSON + base64', megabytes['raw'], megabytes['json'], unit='MB',
            note='there and back'),
        Row('bytes, compressed, against JSON + base64', megabytes['small'], megabytes['json'],
            unit='MB'),
        Row('bytes, compressed, against msgpack', megabytes['small'], megabytes['msgpack'],
            unit='MB'),
    ]


def _facts(
    samples: dict[str, list[float]], sizes: dict[str, tuple[int, int]],
) -> list[str]:
    on_gigabit = ', '.join(
        f'{name} {1e3 * sum(sizes[key]) / _GIGABIT_BYTES_PER_S:.0f} ms' for name, key in (
            ('raw', 'raw'), ('compressed', 'small'), ('JSON + base64', 'json')))
    return [
        f'{name}: {request:,} bytes there, {reply:,} back'
        for name, (request, reply) in sizes.items()] + [
        f'These bytes alone, computed for a link of 1 Gbit/s: {on_gigabit}.']


def _sizes(
    images: list[np.ndarray], found: Prediction, sending: Sending,
) -> tuple[int, int]:
    return (encode_depth_call(images, intrinsics(), None, math.inf, sending).size,
            encode_prediction(found, sending.accepts).size)


def _timed(call: Callable[[Any], Any], images: list[np.ndarray]) -> tuple[float, Any]:
    began_s = time.perf_counter()
    found = call(images)
    return time.perf_counter() - began_s, found


def differences(name: str, found: Any, expected: Prediction) -> list[str]:
    """What a way changed of what it carried."""
    if name == 'bare':
        return []
    tolerance = 1e-3 if name == 'small' else 0.0
    worst = max(
        float(np.abs(have / want - 1).max()) for both in (
            (found.depth, expected.depth), (found.confidence, expected.confidence))
        for have, want in zip(*both))
    return [f'{name}: values are off by {worst:.2g}'] if worst > tolerance else []


if __name__ == '__main__':
    assert __doc__ is not None
    sys.exit(run('make bench-wire', __doc__, measure))
