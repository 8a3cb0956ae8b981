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


"""Loads a perception server as a fleet would; `make bench-serve`, or by hand.

Laboratory models stand in for the GPU: a call takes as long as it is told to, on the CPU nothing
else. So the figures are those of the server alone: its front, its replicas, and the wire. Both
engines run at the same time and are asked in turn, so that they meet the same machine.

    PYTHONPATH=test/support python test/bench/serve_load.py --engine plain ray --replicas 2
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import lab_models
import numpy as np
from serve_lab import ServeProcess, load_depth, load_masks, robot

from spatialclaw_ros.deadline import Deadline

CONFIG = """
depth: {{model: 'lab_models:depth', options: {{call_s: {call_s}}}}}
masks: {{model: 'lab_models:masks', options: {{call_s: {call_s}}}}}
serving:
  depth: {{replicas: {replicas}, cpus_per_replica: 0.5}}
  masks: {{replicas: 1, cpus_per_replica: 0.5, ongoing: 16}}
"""


def alone_ms(
    urls: Sequence[str], frames: int, repeats: int, compression: str,
) -> list[list[float]]:
    """Times of calls of a robot that is alone, for each of the servers, which are asked in turn."""
    images = [lab_models.paint_depth(np.full((480, 640), 1.0 + at / 8)) for at in range(frames)]
    clients = [robot(url, compression=compression) for url in urls]
    times: list[list[float]] = [[] for _ in urls]
    for turn in range(repeats + 2):
        for models, own in zip(clients, times):
            assert models.depth is not None
            began_s = time.perf_counter()
            models.depth.predict(images, None, None, Deadline(120.0))
            if turn >= 2:  # connections are made, buffers warm
                own.append((time.perf_counter() - began_s) * 1e3)
    for models in clients:
        models.close()
    return times


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--engine', nargs='+', choices=('plain', 'ray'), default=['plain', 'ray'])
    parser.add_argument('--replicas', type=int, default=2, help='of the depth model, under Ray')
    parser.add_argument('--robots', type=int, default=8)
    parser.add_argument('--seconds', type=float, default=5.0)
    parser.add_argument('--call-ms', type=float, default=100.0, help="the model's own time")
    parser.add_argument('--frames', type=int, default=4, help='640x480, of a call under load')
    parser.add_argument('--compression', choices=('none', 'jpeg'), default='none')
    options = parser.parse_args()
    errors: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers: dict[str, ServeProcess] = {}
        for engine in options.engine:
            config = Path(folder) / f'{engine}.yaml'
            config.write_text(CONFIG.format(
                call_s=options.call_ms / 1e3, replicas=options.replicas if engine == 'ray' else 1))
            began_s = time.monotonic()
            servers[engine] = ServeProcess(config, '--engine', engine, timeout_s=300.0)
            stack.callback(servers[engine].stop)
            print(f'{engine}: ready in {time.monotonic() - began_s:.1f} s', flush=True)
        for frames in (1, 32):
            times = alone_ms(
                [each.url for each in servers.values()], frames, 15, options.compression)
            for engine, own in zip(servers, times):
                print(f'{engine}: one robot, {frames} frames, beside the model: least '
                      f'{min(own) - options.call_ms:.1f} ms, median '
                      f'{statistics.median(own) - options.call_ms:.1f} ms', flush=True)
        for engine, server in servers.items():
            depth = load_depth(
                server.url, robots=options.robots, seconds=options.seconds,
                frames=options.frames, compression=options.compression)
            print(depth.line(f'{engine}: depth, {options.robots} robots'), flush=True)
            masks = load_masks(server.url, robots=options.robots, seconds=options.seconds)
            print(masks.line(f'{engine}: masks, {options.robots} robots'), flush=True)
            errors += [*depth.errors, *masks.errors]
    print(*errors, sep='\n')
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
