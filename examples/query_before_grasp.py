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

"""Asks where a thing is and how wide, and publishes a grasp target only if that may be relied on.

    python examples/query_before_grasp.py "red mug" --frame base_link

The target is a geometry_msgs/PoseStamped on `/grasp_target`, as MoveIt's `setPoseTarget` and
`setPoseReference` take it: the gripper comes from above, its z axis down, its x axis away from the
robot. Nothing is published when the node refuses, when the answer is older or less certain than the
gripper allows, when its metres were not measured by a depth sensor or something was assumed for
them, or when the thing is too wide for the gripper.
"""

from __future__ import annotations

import argparse
import math
import sys
import threading
import time
from dataclasses import dataclass

import numpy as np
import rclpy
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from scipy.spatial.transform import Rotation

from spatialclaw_ros.client import Answer, AnswerType, SpatialClient
from spatialclaw_ros.errors import SpatialClawError

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

LISTENER_WAIT_S = 3.0
CLOCKS_S = 0.1
"""So far a camera's clock may be ahead of this machine's."""


class NoGraspError(Exception):
    """The answers don't allow a grasp; the message says why."""


@dataclass(frozen=True)
class Gripper:
    """What a gripper can do.

    Args:
        opening_m: how wide it opens.
        sigma_m: how uncertain a position, and a size, may be: one standard deviation.
        age_s: how old the image may be that an answer rests on.
        scales: where metres may come from: 'sensor_depth', 'tf_baseline', 'model'.
        priors: whether something may have been missing, or assumed, for an answer.
    """

    opening_m: float = 0.11
    sigma_m: float = 0.02
    age_s: float = 2.0
    scales: tuple[str, ...] = ('sensor_depth',)
    priors: bool = False


def check(answer: Answer, what: str, frame_id: str, now_ns: int, gripper: Gripper) -> None:
    """Raise NoGraspError where an answer may not be relied on.

    Args:
        answer: a position or a size.
        what: which of them, for the message.
        frame_id: the frame that it must be in; '' for any.
        now_ns: ROS time.
        gripper: what is allowed.
    """
    age_s = (now_ns - answer.stamp_ns) * 1e-9
    if age_s > gripper.age_s:
        raise NoGraspError(f'{what} is {age_s:.1f} s old, at most {gripper.age_s:g} s may be')
    if age_s < -CLOCKS_S:
        raise NoGraspError(
            f'{what} is {-age_s:.1f} s from the future: do camera, node and this program have one '
            'clock (use_sim_time)?')
    if answer.scale_source not in gripper.scales:
        raise NoGraspError(
            f'metres of {what} come from {answer.scale_source or "nowhere"}, not from '
            f'{" or ".join(gripper.scales)}')
    if answer.missing_priors and not gripper.priors:
        raise NoGraspError(
            f'{what} rests on less than it should: {"; ".join(answer.missing_priors)}')
    # a NaN is not small enough: it says that nobody knows how uncertain the answer is
    if not answer.sigma <= gripper.sigma_m:
        raise NoGraspError(
            f'{what} is uncertain to {answer.sigma:.3f} m, at most {gripper.sigma_m:g} m may be')
    if frame_id and answer.frame_id != frame_id:
        raise NoGraspError(f'{what} is in {answer.frame_id!r}, asked for was {frame_id!r}')


def from_above(point: np.ndarray) -> Pose:
    """A pose at a point, (3,) metres, in a frame whose z is up: approached from above (REP 103)."""
    away = math.atan2(point[1], point[0])
    x, y, z, w = (Rotation.from_euler('z', away) * Rotation.from_euler('x', math.pi)).as_quat()
    return Pose(
        position=Point(x=float(point[0]), y=float(point[1]), z=float(point[2])),
        orientation=Quaternion(x=float(x), y=float(y), z=float(z), w=float(w)))


def grasp_target(
    client: SpatialClient, node: Node, thing: str, frame_id: str, gripper: Gripper,
) -> PoseStamped:
    """Ask, check, and make the target.

    Raises:
        NoGraspError: the answers don't allow it.
        SpatialClawError: there is no answer: refused, no image, no node, ...
    """
    within_m = 2 * gripper.sigma_m  # the node tells what it knows to two sigma
    wide = client.ask(
        f'How wide is the {thing}?', answer_type=AnswerType.NUMBER, tolerance_m=within_m,
        timeout_s=20.0)
    # last, for this is what may change meanwhile
    where = client.ask(
        f'Where is the {thing}?', answer_type=AnswerType.POINT, frame_id=frame_id,
        tolerance_m=within_m, timeout_s=20.0)
    now_ns = node.get_clock().now().nanoseconds
    check(where, f'the position of the {thing}', frame_id, now_ns, gripper)
    check(wide, f'the width of the {thing}', '', wide.stamp_ns, gripper)
    if wide.unit != 'm' or not isinstance(wide.value, float) or wide.value > gripper.opening_m:
        raise NoGraspError(
            f'the {thing} is {wide.text} wide, the gripper opens {gripper.opening_m:g} m')
    target = PoseStamped(pose=from_above(np.asarray(where.value)))
    target.header.frame_id = where.frame_id
    target.header.stamp = Time(nanoseconds=where.stamp_ns).to_msg()
    return target


def publish_once(publisher: Publisher, target: PoseStamped) -> None:
    """Publish for who listens; this program ends, so it waits for the planner to have heard."""
    end_s = time.monotonic() + LISTENER_WAIT_S
    while not publisher.get_subscription_count() and time.monotonic() < end_s:
        time.sleep(0.05)
    publisher.publish(target)
    publisher.wait_for_all_acked(Duration(seconds=LISTENER_WAIT_S))


def main() -> int:
    """Publish one target; exit status 0, or 1 with the reason why there is none."""
    parser = argparse.ArgumentParser(description='Publish a grasp target for a thing.')
    parser.add_argument('thing', help='what to grasp, as one names it: "red mug"')
    parser.add_argument('--frame', default='base_link', help='TF frame of the target, its z up')
    parser.add_argument('--node', default='/spatialclaw', help='name of the spatialclaw node')
    parser.add_argument('--sigma', type=float, default=Gripper.sigma_m, metavar='METRES',
                        help='how uncertain an answer may be')
    parser.add_argument('--age', type=float, default=Gripper.age_s, metavar='SECONDS',
                        help='how old the image may be that the position rests on')
    parser.add_argument('--opening', type=float, default=Gripper.opening_m, metavar='METRES',
                        help='how wide the gripper opens')
    parser.add_argument('--scale', action='append', metavar='SOURCE',
                        choices=('sensor_depth', 'tf_baseline', 'model'),
                        help='where metres may come from (default: sensor_depth); may be repeated')
    parser.add_argument('--allow-missing', action='store_true',
                        help='also where something was missing or assumed (missing_priors)')
    options = parser.parse_args()
    gripper = Gripper(
        options.opening, options.sigma, options.age, tuple(options.scale or Gripper.scales),
        options.allow_missing)
    rclpy.init()
    node = Node('query_before_grasp')
    publisher = node.create_publisher(PoseStamped, '/grasp_target', LATCHED)
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin() -> None:
        try:
            executor.spin()
        except ExternalShutdownException:
            return

    spinner = threading.Thread(target=spin, daemon=True)
    spinner.start()
    try:
        with SpatialClient(options.node, node=node) as client:
            target = grasp_target(client, node, options.thing, options.frame, gripper)
        at = target.pose.position
        print(f'grasp at ({at.x:.3f}, {at.y:.3f}, {at.z:.3f}) m in {target.header.frame_id}')
        publish_once(publisher, target)
        return 0
    except (NoGraspError, SpatialClawError) as error:
        print(f'no grasp: {error}', file=sys.stderr)
        return 1
    finally:
        executor.shutdown()
        spinner.join()
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == '__main__':
    sys.exit(main())
