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


"""Takes frames from a robot's topics, or out of a bag, and writes a folder for `eval.folder_set`.

Cameras are configured as the node's are: parameters of `--ros-args`, a parameter file among them,
that of the robot's own node as it is. What is written is what a query would look at.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rosbags.rosbag2 import Reader, ReaderError

from spatialclaw_ros.errors import InvalidRequestError, NoFramesError
from spatialclaw_ros.eval.folder_set import QUESTIONS_FILE, README_FILE
from spatialclaw_ros.eval.frame_folder import write_frames
from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.camera_parameters import cameras_of
from spatialclaw_ros.ros.cameras import CameraBuffers
from spatialclaw_ros.ros.inputs import TF_MARGIN_S, Inputs, resolved
from spatialclaw_ros.ros.observe import select_observation
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.parameters import read_parameters, settings_of
from spatialclaw_ros.ros.subscribing import deliver
from spatialclaw_ros.ros.tf_topics import TF, TF_STATIC, TfTopics
from spatialclaw_ros.ros.transforms import TransformSource
from spatialclaw_ros.workspace.observation import Observation

# that of the robot's own node, whose parameter file then holds here, too
NODE_NAME = 'spatialclaw'
_POLL_S = 0.05
_SECOND_NS = 1_000_000_000
# TF behind an image by so much still belongs to it
_TF_AFTER_NS = _SECOND_NS // 2
# a CameraInfo that was recorded so few times was sent once and holds from then on
_INFO, _FEW = 'sensor_msgs/msg/CameraInfo', 10
# nothing that is published now may get among what a bag holds
_APART = '/spatialclaw_bag'


@contextlib.contextmanager
def _robot(
    cameras: Sequence[str], ros_arguments: Sequence[str],
) -> Iterator[tuple[Node, Settings, tuple[CameraConfig, ...]]]:
    """A node with the parameters of these arguments, and what they say."""
    chosen = ['-p', f'cameras:=[{", ".join(cameras)}]'] if cameras else []
    context = Context()
    try:
        rclpy.init(args=['--ros-args', *ros_arguments, *chosen], context=context)
    except RuntimeError as error:  # an RCLError
        raise InvalidRequestError(
            f'--ros-args {shlex.join(ros_arguments)} is not understood: {error}') from error
    try:
        node = Node(NODE_NAME, context=context, start_parameter_services=False, enable_rosout=False)
        try:
            given = {name: parameter.value
                     for name, parameter in getattr(node, '_parameter_overrides', {}).items()}
            _, values = read_parameters(given)
            yield node, settings_of(values), cameras_of(values)
        finally:
            node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)


def look_at_topics(
    cameras: Sequence[str] = (), *, count: int, seconds: float, timeout_s: float = 10.0,
    ros_arguments: Sequence[str] = (),
) -> Observation:
    """Take frames from live topics.

    Args:
        cameras: their names; empty for those of the parameters.
        count: at most so many frames, all cameras together, spread over the time.
        seconds: how long it looks.
        timeout_s: how long it waits for cameras that are silent beyond that.
        ros_arguments: what stands behind `--ros-args`: parameters and remappings.

    Raises:
        ParameterError: a parameter can't be used.
        InvalidRequestError: `ros_arguments` can't be understood.
        NoFramesError: no usable image came; the message names the topics.
    """
    with _robot(cameras, ros_arguments) as (node, settings, configs):
        settings = _roomy(settings, seconds)
        inputs = Inputs(node, settings, configs)
        try:
            end_s = time.monotonic() + seconds + timeout_s
            while time.monotonic() < end_s and not _has_seen(inputs.cameras, seconds):
                time.sleep(_POLL_S)
            return _selected(inputs.cameras, inputs.transforms, settings, seconds, count, None)
        finally:
            inputs.close()


def look_at_bag(
    path: Path, cameras: Sequence[str] = (), *, count: int, seconds: float,
    at_s: float | None = None, ros_arguments: Sequence[str] = (),
) -> Observation:
    """Take frames out of a rosbag2 folder; nothing is published.

    Args:
        path: the folder.
        cameras: as `look_at_topics` has it; topics are those in the bag.
        count: likewise.
        seconds: how far back from the moment it looks.
        at_s: that moment, seconds from the bag's beginning; None for its end.
        ros_arguments: likewise.

    Raises:
        ParameterError: a parameter can't be used.
        InvalidRequestError: the bag can't be read, or has none of the cameras' images.
    """
    with _robot(cameras, ros_arguments) as (node, settings, configs):
        settings = _roomy(settings, seconds)
        transforms = TransformSource(
            node, cache_s=settings.buffer_s + TF_MARGIN_S,
            topics=TfTopics(_APART + TF, _APART + TF_STATIC))
        buffers = CameraBuffers(
            node, [resolved(node, config) for config in configs], buffer_s=settings.buffer_s,
            buffer_bytes=settings.buffer_mb * MIB, pair_tolerance_s=settings.pair_tolerance_s)
        try:
            _play(path, node, at_s, settings.buffer_s)
            stamps = [image.stamp_ns for name in buffers.names
                      for image in buffers.snapshot(name).images[-1:]]
            if not stamps:
                raise InvalidRequestError(
                    f'{path} has no images on {_topics(buffers)} until then; it has '
                    f'{", ".join(_topics_of(path)) or "nothing"}: name yours, e.g. '
                    f'--ros-args -p {configs[0].name}.image:=/TOPIC')
            return _selected(buffers, transforms, settings, seconds, count, max(stamps))
        finally:
            buffers.close()
            transforms.close()


def _roomy(settings: Settings, seconds: float) -> Settings:
    return replace(settings, buffer_s=max(settings.buffer_s, seconds + TF_MARGIN_S))


def _has_seen(buffers: CameraBuffers, seconds: float) -> bool:
    """Whether each camera's images span this time."""
    spans = []
    for name in buffers.names:
        images = buffers.snapshot(name).images
        spans.append((images[-1].stamp_ns - images[0].stamp_ns) / _SECOND_NS if images else -1.0)
    return min(spans) >= seconds


def _selected(
    buffers: CameraBuffers, transforms: TransformSource, settings: Settings, seconds: float,
    count: int, stamp_ns: int | None,
) -> Observation:
    return select_observation(
        buffers, transforms, stamp_ns=stamp_ns, window_s=max(seconds, settings.pair_tolerance_s),
        max_frames=count, world_frame=settings.world_frame, base_frame=settings.base_frame)


def _topics(buffers: CameraBuffers) -> str:
    return ', '.join(config.image_topic for config in buffers.configs.values())


def _topics_of(path: Path) -> list[str]:
    with Reader(path) as reader:
        return sorted(f'{one.topic} ({one.msgtype})' for one in reader.connections)


def _play(path: Path, node: Node, at_s: float | None, back_s: float) -> None:
    """Give a bag's messages to a node's subscriptions, up to a moment and from `back_s` before.

    Static transforms and CameraInfo that came once come first, however old.
    """
    takers = {(one.topic_name.removeprefix(_APART), _type_name(one.msg_type)): one
              for one in node.subscriptions}
    try:
        with Reader(path) as reader:
            chosen = [one for one in reader.connections if (one.topic, one.msgtype) in takers]
            end_ns = reader.end_time if at_s is None else (
                reader.start_time + round(at_s * _SECOND_NS))
            begin_ns = end_ns - round(back_s * _SECOND_NS)
            lasting = [one for one in chosen if one.topic == TF_STATIC or (
                one.msgtype == _INFO and one.msgcount <= _FEW)]
            parts = ((lasting, None, begin_ns), (chosen, begin_ns, end_ns + _TF_AFTER_NS))
            for connections, start_ns, stop_ns in parts:
                # rosbags takes no connections for all of them
                for connection, stamp_ns, data in reader.messages(
                        connections, start=start_ns, stop=stop_ns) if connections else ():
                    if stamp_ns > end_ns and connection.topic not in (TF, TF_STATIC):
                        continue
                    taker = takers[connection.topic, connection.msgtype]
                    deliver(taker, deserialize_message(bytes(data), taker.msg_type))
    except (ReaderError, OSError) as error:
        raise InvalidRequestError(f"{path} can't be read as a rosbag2 folder: {error}") from error


def _type_name(kind: type) -> str:
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'


def write_folder(observation: Observation, out: Path, source: str) -> None:
    """Write frames, a README and a place for questions.

    Args:
        observation: what was seen.
        out: the folder; made where it is not there.
        source: where it comes from, for the README.

    Raises:
        InvalidRequestError: the folder has frames already, or can't be written.
    """
    if not observation.frames:
        raise NoFramesError('there are no frames to write')
    write_frames(observation, out)
    for name, text in ((README_FILE, _readme(observation, source)), (QUESTIONS_FILE, _TEMPLATE)):
        if not (out / name).exists():
            (out / name).write_text(text, encoding='utf-8')


def _readme(observation: Observation, source: str) -> str:
    frames = observation.frames
    lines = [
        '# Frames', '', f'{len(frames)} frames of {", ".join(observation.cameras)}, '
        f'{observation.duration_s:.1f} s, from {source}. `poses.json` has intrinsics, stamps and '
        'poses, depth is in millimetres. Questions and their answers stand in `questions.yaml`.',
        '', '## What is known', '']
    for camera in observation.cameras:
        own = [frame for frame in frames if frame.camera == camera]
        parts = {'depth': sum(frame.depth_m is not None for frame in own),
                 'intrinsics': sum(frame.intrinsics is not None for frame in own),
                 'pose': sum(frame.T_world_camera is not None for frame in own)}
        lines.append(f'- {camera}, {own[0].frame_id}: {len(own)} images, '
                     + ', '.join(f'{count} with {part}' for part, count in parts.items()))
    lines.append(f'- world: {observation.world_frame or "unknown"}; TF frames: '
                 f'{", ".join(observation.transforms) or "none"}')
    lines += [f'- missing: {line}' for line in observation.missing]
    return '\n'.join(lines) + '\n'


_TEMPLATE = """\
# What is asked about these frames, and what is true. Measure it, and write down how.
# An entry has:
#   question:  as it is asked, in quotes
#   answer:    a number, yes or no, a text, three numbers for a point; null where only
#              "can't tell" is right
#   unit:      of a number or a point; m without
#   tolerance: how far it may be off, in that unit; 2 cm or 3 % without
#   type:      number, count, yes_no, text or point, where the answer does not tell
#   options:   texts to choose from; the answer is one of them
#   frame:     TF frame of a point
#   category:  what kind of question it is, for the report
#   frames:    names of the frames that are looked at, in quotes; all without
#   note:      how the truth was measured
# Of a bag (`bag: FOLDER` and perhaps `cameras: PARAMETERS.yaml` beside `questions`), instead of
# frames: `at`, the moment in seconds from its beginning, and `window`, how far back.
# Ask them with `spatialclaw eval run folder --data FOLDER`.
questions: []
# - question: 'How far is the red mug from the edge of the table?'
#   answer: 0.41
#   unit: m
#   tolerance: 0.01
#   category: distance
#   note: tape measure, from the mug's side
# - question: 'How many bottles are on the table?'
#   answer: 3
# - question: 'Which is closer to the red mug: the box or the bottle?'
#   answer: the box
#   options: ['the box', 'the bottle']
# - question: 'Is the red mug on the table?'
#   answer: yes
# - question: 'How far is the zebra from the red mug?'
#   answer: null
#   note: there is none
"""
