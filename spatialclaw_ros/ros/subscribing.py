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

"""Subscriptions that cost little: no QoS events to wait for; messages with what is told of them.

rclpy's executors look at every event handler of every subscription each time they wake up, which
costs more than the messages of a camera do. What events would tell is asked for once a second.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.subscription import Subscription

from spatialclaw_ros.ros.compat.events import SubscriptionEventCallbacks

OnMessage = Callable[[Any, Mapping[str, Any] | None], object]
"""Called with a message and rclpy's MessageInfo, None where rclpy (Humble) doesn't give it."""
_SHOWN = 3
_GIVES_INFO = hasattr(Subscription, 'CallbackType')


def subscribe(
    node: Node, message_type: type, topic: str, on_message: OnMessage, qos: QoSProfile,
    group: CallbackGroup,
) -> Subscription[Any]:
    """Subscribe without QoS events.

    Args:
        node: subscribes.
        message_type: of the topic.
        topic: its name.
        on_message: called with each message.
        qos: what is asked for.
        group: of its callbacks.
    """
    def with_info(message: Any, info: Mapping[str, Any]) -> None:
        on_message(message, info)

    def without_info(message: Any) -> None:
        on_message(message, None)

    return node.create_subscription(
        message_type, topic, with_info if _GIVES_INFO else without_info, qos,
        callback_group=group,
        event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False))


def deliver(subscription: Subscription[Any], message: Any) -> None:
    """Give a message to a subscription's callback as an executor would: one out of a bag."""
    arguments = (message, {}) if _GIVES_INFO else (message,)
    subscription.callback(*arguments)


def queued(
    subscription: Subscription[Any], most: int,
) -> Iterator[tuple[Any, Mapping[str, Any] | None]]:
    """Messages that wait already, with what is told of them; for the subscription's own callback.

    An executor gives one message of each topic in turn: where there is too little time, small ones
    would wait behind images.

    Args:
        subscription: whose callback asks, in a group that runs one at a time.
        most: taken.
    """
    for _ in range(most):
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, False)
        if taken is None:
            return
        yield taken


def publisher_of(info: Mapping[str, Any] | None) -> bytes | None:
    """Who published a message; None where the middleware or rclpy (before Kilted) doesn't tell."""
    gid = info.get('publisher_gid') if info else None
    return bytes(gid['data']) if gid else None


def published_elsewhere(node: Node, topic: str, type_name: str, own: str) -> str:
    """A line about where a type is published, for a topic that nobody publishes.

    Args:
        node: looks at the graph.
        topic: resolved.
        type_name: 'sensor_msgs/msg/Image'.
        own: topics that begin so are this node's own.
    """
    named = [
        name for name, types in node.get_topic_names_and_types()
        if type_name in types and not name.startswith(own)]
    # a look at one topic's publishers is slow, and there may be hundreds
    found = list(itertools.islice((
        name for name in difflib.get_close_matches(topic, named, n=len(named) or 1, cutoff=0.0)
        if any(one.topic_type == type_name for one in node.get_publishers_info_by_topic(name))),
        _SHOWN + 1))
    if not found:
        return (
            f'nobody publishes {type_name} in ROS domain {node.context.get_domain_id()}: does its '
            'driver run, and with the same ROS_DOMAIN_ID? `ros2 topic list -t` shows what there '
            'is (docs/networking.md)')
    more = ', …' if len(found) > _SHOWN else ''
    return (
        f'{type_name} is published on {", ".join(found[:_SHOWN])}{more}: is it one of those? '
        '`ros2 topic list -t` shows what there is')


def offered_otherwise(node: Node, subscription: Subscription[Any]) -> str:
    """A line about a publisher whose messages its QoS keeps from a subscription, '' for none."""
    topic = subscription.topic_name
    for endpoint in node.get_publishers_info_by_topic(topic):
        level, reason = qos_check_compatible(endpoint.qos_profile, subscription.qos_profile)
        if level == QoSCompatibility.ERROR:
            return (
                f'{endpoint.node_name} publishes {topic} with a QoS that keeps it from this node: '
                f'{reason.strip().rstrip(";.")}; have it publish as this node asks, '
                f'`ros2 topic info {topic} --verbose` shows both')
    return ''
