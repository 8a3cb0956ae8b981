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

"""`python -m spatialclaw_ros.sim`: a camera robot on real topics, simulated or replayed."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from spatialclaw_ros.errors import DependencyError, SpatialClawError
from spatialclaw_ros.ros.compat.dds import use_fastdds_profile
from spatialclaw_ros.ros.compat.share import share_path

NODE_NAME = 'sim_robot'
BACKENDS = ('egl', 'osmesa')
RECORDING = ('demo', 'tabletop')
Runner = Callable[[Node, threading.Event], None]


def main(arguments: list[str] | None = None) -> int:
    """Publish until SIGINT or SIGTERM.

    Returns:
        0 after a signal, 2 when what was asked for can't be played.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(remove_ros_args(['sim', *arguments])[1:])
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    use_fastdds_profile(os.environ)
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    node = Node(NODE_NAME)
    try:
        _runner(options, node)(node, stop)
    except SpatialClawError as error:
        node.get_logger().fatal(str(error))
        return 2
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m spatialclaw_ros.sim',
        description='Publishes /wrist/color/image_raw, /wrist/depth/image_rect, their CameraInfo '
                    'and TF of a simulated robot that looks at a table; or plays a recording.')
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        '--recording', nargs='?', const='', metavar='DIR',
        help='play this rosbag2 folder (the one that comes with the package without DIR)')
    source.add_argument(
        '--data', metavar='DIR', help='play a folder of frames with poses.json instead')
    parser.add_argument(
        '--depth-noise', type=float, default=0.0, metavar='FACTOR',
        help='factor on the depth noise of a consumer camera (default 0: exact)')
    parser.add_argument(
        '--renderer', choices=BACKENDS, default='',
        help='draw with this OpenGL backend, without trying first which one works')
    return parser


def _runner(options: argparse.Namespace, node: Node) -> Runner:
    """What to run; raises DependencyError or InvalidRequestError when it can't."""
    if options.data:
        return _folder(Path(options.data))
    if options.recording is not None:
        return _recording(options.recording)
    try:
        return _simulation(options.depth_noise, options.renderer)
    except DependencyError as error:
        node.get_logger().warning(f'{error}. Playing the recording.')
        return _recording('')


def _simulation(depth_noise: float, backend: str) -> Runner:
    from spatialclaw_ros.sim.publisher import SimRobot
    from spatialclaw_ros.sim.render import SceneRenderer
    from spatialclaw_ros.sim.scene import make_scene

    renderer = SceneRenderer(make_scene(), depth_noise=depth_noise, backend=backend)

    def run(node: Node, stop: threading.Event) -> None:
        node.get_logger().info('the simulated robot looks at its table')
        with renderer:
            SimRobot(node, renderer).run(stop)

    return run


def _recording(path: str) -> Runner:
    from spatialclaw_ros.sim.playback import Player
    from spatialclaw_ros.sim.recording import read_recording

    recording = read_recording(Path(path) if path else share_path(*RECORDING))

    def run(node: Node, stop: threading.Event) -> None:
        node.get_logger().info(f'playing {recording.path}')
        Player(node, recording).run(stop)

    return run


def _folder(path: Path) -> Runner:
    from spatialclaw_ros.sim.folder import read_folder
    from spatialclaw_ros.sim.folder_player import FolderPlayer

    folder = read_folder(path)

    def run(node: Node, stop: threading.Event) -> None:
        FolderPlayer(node, folder).run(stop)

    return run


if __name__ == '__main__':
    sys.exit(main())
