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
else. So the figures are those of the server alone: its front, its replicas, and the wire.

    PYTHONPATH=test/support python test/bench/serve_load.py --engine ray --replicas 2
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
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


def one_call_ms(url: str, frames: int, repeats: int, compression: str) -> tuple[float, float]:
    """Least and median time of a call of a robot that is alone, without the model's own."""
    images = [lab_models.paint_depth(np.full((480, 640), 1.0 + at / 8)) for at in range(frames)]
    models = robot(url, compression=compression)
    times = []
    try:
        assert models.depth is not None
        for _ in range(repeats + 2):
            began_s = time.perf_counter()
            models.depth.predict(images, None, None, Deadline(120.0))
            times.append((time.perf_counter() - began_s) * 1e3)
    finally:
        models.close()
    return min(times[2:]), statistics.median(times[2:])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--engine', choices=('plain', 'ray'), default='plain')
    parser.add_argument('--replicas', type=int, default=2, help='of the depth model, under Ray')
    parser.add_argument('--robots', type=int, default=8)
    parser.add_argument('--seconds', type=float, default=8.0)
    parser.add_argument('--call-ms', type=float, default=100.0, help="the model's own time")
    parser.add_argument('--frames', type=int, default=4, help='640x480, of a call under load')
    parser.add_argument('--compression', choices=('none', 'jpeg'), default='none')
    options = parser.parse_args()
    replicas = options.replicas if options.engine == 'ray' else 1
    with tempfile.TemporaryDirectory() as folder:
        for call_s in (0.0, options.call_ms / 1e3):
            config = Path(folder) / 'lab.yaml'
            config.write_text(CONFIG.format(call_s=call_s, replicas=replicas))
            began_s = time.monotonic()
            server = ServeProcess(config, '--engine', options.engine, timeout_s=300.0)
            print(f'{options.engine}, {replicas} depth replicas, a call of {call_s * 1e3:g} ms: '
                  f'ready in {time.monotonic() - began_s:.1f} s', flush=True)
            try:
                if not call_s:
                    for frames in (1, 32):
                        least, median = one_call_ms(server.url, frames, 12, options.compression)
                        print(f'  one robot, {frames} frames: least {least:.1f} ms, '
                              f'median {median:.1f} ms', flush=True)
                    continue
                depth = load_depth(
                    server.url, robots=options.robots, seconds=options.seconds,
                    frames=options.frames, compression=options.compression)
                print(depth.line(f'  depth, {options.robots} robots'), flush=True)
                masks = load_masks(server.url, robots=options.robots, seconds=options.seconds)
                print(masks.line(f'  masks, {options.robots} robots'), flush=True)
                if depth.errors or masks.errors:
                    print('\n'.join([*depth.errors, *masks.errors]))
                    return 1
            finally:
                server.stop()
    return 0


if __name__ == '__main__':
    sys.exit(main())
