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


"""A robot and nodes for tests of perception with laboratory models.

The robot's picture tells its depth (see `lab_models`): two upright plates before a wall, each of
one colour, so that the laboratory's segmentation finds them and their distance is known.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lab_models import paint_depth
from rclpy.context import Context
from rclpy.node import Node
from rclpy.time import Time
from robot_double import FOCAL, HEIGHT, PARAMETERS, WIDTH, RobotDouble, spin_until

PLATES = {  # rows, columns, depth in metres, blue
    'near': (slice(80, 140), slice(60, 110), 0.8, 10),
    'far': (slice(60, 120), slice(200, 260), 1.0, 20)}
WALL_M = 1.5
CELL = """Purpose: p
Reasoning: r
Next goal: g
```python
recon = tools.Reconstruct(InputImages)
f = InputImages.frame_indices[0]
ends = [tools.SAM3(InputImages[0], colour).get_centroid_3d(recon, f, 0) for colour in {colours}]
ReturnAnswer(float(np.linalg.norm(ends[0] - ends[1])), unit='m', points=ends)
```
"""


def scene() -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) uint8 picture and (H, W) float32 depth of it."""
    depth = np.full((HEIGHT, WIDTH), WALL_M, np.float32)
    for rows, columns, depth_m, _ in PLATES.values():
        depth[rows, columns] = depth_m
    image = paint_depth(depth)
    for rows, columns, _, blue in PLATES.values():
        image[rows, columns, 2] = blue
    return image, depth


def plate(name: str) -> tuple[str, np.ndarray]:
    """Colour of a plate, and its middle in the camera's frame, metres."""
    rows, columns, depth_m, blue = PLATES[name]
    red, green = divmod(round(depth_m * 1000), 256)
    colour = f'#{red:02x}{green:02x}{blue:02x}'
    middle = np.array([columns.start + columns.stop - 1, rows.start + rows.stop - 1]) / 2
    center = np.array([WIDTH - 1, HEIGHT - 1]) / 2
    return colour, np.array([*((middle - center) / FOCAL * depth_m), depth_m])


APART_M = float(np.linalg.norm(plate('near')[1] - plate('far')[1]))


def robot() -> RobotDouble:
    """A robot that sees the plates."""
    double = RobotDouble()
    double.reset(*scene())
    return double


def parameters(
    folder: Path, depth: Mapping[str, Any] | None = None, masks: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Of a node that measures how far the plates are apart.

    Args:
        folder: for the script.
        depth: knobs of the depth model.
        masks: knobs of the segmentation model.
        more: further parameters; `__` stands for a dot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / 'script.yaml'
    colours = [plate(name)[0] for name in PLATES]
    script.write_text(yaml.safe_dump({'replies': [CELL.format(colours=colours)]}))
    found = {
        **PARAMETERS, 'max_frames': 1, 'backbone': 'recorded', 'backbone_script': str(script),
        'reconstruct': 'depth_anything', 'segment': 'sam3'}
    for role, knobs in (('depth', depth), ('masks', masks)):
        found[f'perception.{role}.model'] = f'lab_models:{role}'
        for name, value in (knobs or {}).items():
            found[f'perception.{role}.options.{name}'] = value
    return found | {name.replace('__', '.'): value for name, value in more.items()}


class Listener:
    """Hears what nodes say on `/diagnostics`; a context manager."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = Node('diagnostics_listener', context=self._context,
                          start_parameter_services=False)
        self._since = 0
        self.heard: dict[str, list[tuple[bytes, str, dict[str, str]]]] = {}
        self._node.create_subscription(DiagnosticArray, '/diagnostics', self._hear, 50)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _hear(self, array: DiagnosticArray) -> None:
        if Time.from_msg(array.header.stamp).nanoseconds < self._since:
            return
        for status in array.status:
            node, _, part = status.name.partition(': ')
            if part == 'perception':
                self.heard.setdefault(node, []).append((
                    status.level, status.message,
                    {pair.key: pair.value for pair in status.values}))

    def until(
        self, node: str, level: bytes = DiagnosticStatus.OK, words: str = '',
        timeout_s: float = 60.0, fits: Callable[[dict[str, str]], bool] = bool,
    ) -> dict[str, str]:
        """Values of the next status of this level with these words in its message, that fit."""
        # what was said before now lies in the queue
        self._since = self._node.get_clock().now().nanoseconds
        self.heard.pop(node, None)
        hits: list[dict[str, str]] = []

        def came() -> bool:
            hits[:] = [values for at, message, values in self.heard.get(node, ())
                       if at == level and words in message and fits(values)]
            return bool(hits)

        assert spin_until(self._node, came, timeout_s), self.heard.get(node, [])[-1:]
        return hits[-1]


class ServerProcess:
    """The plain server with laboratory models, in a process of its own; a context manager.

    Args:
        token: that it asks for.
        knobs: of both models, by role.
    """

    CODE = """
import json, sys
from lab_models import lab_config
from spatialclaw_ros.perception.hosting import HostedModels
from spatialclaw_ros.perception.served import serving
server = serving.make_server(HostedModels(lab_config(**json.loads(sys.argv[1]))), port=0)
sock = server.config.bind_socket()
print(sock.getsockname()[1], flush=True)
server.run(sockets=[sock])
"""

    def __init__(self, knobs: str) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, '-c', self.CODE, knobs], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        self.url = f'http://127.0.0.1:{int(line)}'

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._popen.kill()
        self._popen.wait()
        assert self._popen.stdout is not None
        self._popen.stdout.close()


class Asking:
    """A question that is asked on a thread of its own.

    Args:
        client: that asks.
        question: what.
    """

    def __init__(self, client: Any, question: str = 'How far?') -> None:
        self._answer: Any = None

        def ask() -> None:
            self._answer = client.ask(question, timeout_s=60.0)

        self._thread = threading.Thread(target=ask)
        self._thread.start()

    def answer(self) -> Any:
        """Wait for the answer."""
        self._thread.join(90.0)
        return self._answer
