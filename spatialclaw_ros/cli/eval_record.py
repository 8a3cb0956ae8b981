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


"""`spatialclaw eval record`: frames of one's own robot as a data set."""

from __future__ import annotations

import argparse
import math
import os
import shlex
from pathlib import Path


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    parser = actions.add_parser(
        'record', help='frames of your robot, or of a bag, as a data set',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Take frames with depth and poses as a query would look at them, and write\n'
                    'them into a folder beside a questions.yaml to fill in.',
        epilog='examples:\n'
               '  spatialclaw eval record --out desk --camera front --ros-args \\\n'
               '    -p front.image:=/camera/color/image_raw \\\n'
               '    -p front.depth:=/camera/aligned_depth_to_color/image_raw\n'
               '  spatialclaw eval record --out desk --ros-args --params-file robot.yaml\n'
               '  spatialclaw eval record --out desk --bag drive --at 12.5 --ros-args ...\n\n'
               'exit status: 0 written, 2 not as told, or no usable image')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder that gets the frames; none may be there yet')
    parser.add_argument('--camera', action='append', default=[], metavar='NAME', dest='cameras',
                        help="camera, as the node's parameter cameras has it; may be repeated")
    parser.add_argument('--frames', type=_count, default=16, metavar='N',
                        help='at most N frames, all cameras together (default: 16)')
    parser.add_argument('--seconds', type=_seconds, default=4.0, metavar='S',
                        help='spread over so long (default: 4)')
    parser.add_argument('--timeout', type=_seconds, default=10.0, metavar='S',
                        help='wait so much longer for cameras that are silent (default: 10)')
    parser.add_argument('--bag', type=Path, metavar='BAG',
                        help='out of this rosbag2 folder instead of live topics')
    parser.add_argument('--at', type=_seconds, metavar='S',
                        help="up to so long after the bag's beginning (default: its end)")
    parser.add_argument('--ros-args', nargs=argparse.REMAINDER, default=[], dest='ros_args',
                        help='parameters and remappings, as for the node; last of all')


def run(options: argparse.Namespace) -> int:
    """Record."""
    from spatialclaw_ros.errors import InvalidRequestError
    from spatialclaw_ros.ros.compat.dds import use_fastdds_profile
    # before rclpy is imported
    use_fastdds_profile(os.environ)
    from spatialclaw_ros.eval import record
    from spatialclaw_ros.eval.frame_folder import POSES_FILE

    out = options.out.expanduser()
    if (out / POSES_FILE).exists():
        raise InvalidRequestError(f'{out} has frames already; name another folder')
    if options.at is not None and options.bag is None:
        raise InvalidRequestError('--at is about a bag: name it with --bag')
    if options.bag is not None:
        source = f'the bag {options.bag.name}'
        observation = record.look_at_bag(
            options.bag.expanduser(), options.cameras, count=options.frames,
            seconds=options.seconds, at_s=options.at, ros_arguments=options.ros_args)
    else:
        source = 'live topics'
        observation = record.look_at_topics(
            options.cameras, count=options.frames, seconds=options.seconds,
            timeout_s=options.timeout, ros_arguments=options.ros_args)
    record.write_folder(observation, out, source)
    print(f'{len(observation.frames)} frames of {", ".join(observation.cameras)} in {out}')
    for line in observation.missing:
        print(f'  missing: {line}')
    print(f'write questions and their answers into {out / "questions.yaml"}, then '
          f'`spatialclaw eval run folder --data {shlex.quote(str(out))}`')
    return 0


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f'must be 1 or more, got {count}')
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds >= 0):
        raise argparse.ArgumentTypeError(f'must be 0 or more seconds, got {text}')
    return seconds
