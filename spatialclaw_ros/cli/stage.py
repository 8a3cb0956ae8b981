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

"""Where the demo takes place: the simulation, a recording of it, or a folder of real frames."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from spatialclaw_ros.cli.picture import Cloud
from spatialclaw_ros.errors import DependencyError, NoFramesError
from spatialclaw_ros.geometry.se3 import transform_points
from spatialclaw_ros.ros.beginning import begin
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.cameras import CameraBuffers
from spatialclaw_ros.ros.compat.share import share_path
from spatialclaw_ros.ros.observe import select_observation
from spatialclaw_ros.ros.transforms import TransformSource
from spatialclaw_ros.sim.folder import read_folder
from spatialclaw_ros.sim.messages import Topics
from spatialclaw_ros.sim.questions import Asked, folder_questions, tabletop_questions

WORLD_FRAME = 'odom'
MAX_POINTS = 600_000
LOOK_TIMEOUT_S = 12.0
MAX_CLOUD_DEPTH_M = 4.0


@dataclass(frozen=True)
class Stage:
    """A source of images, and what to ask about them.

    Args:
        title: what it is, for a person.
        robot_arguments: for `python -m spatialclaw_ros.sim`.
        node_arguments: ROS arguments of the node.
        camera: the camera's topics, for the demo's own look at the scene.
        images_needed: how many images must have come before the first question.
        look_s: how long its look at the scene takes, seconds of stamps.
        look_frames: how many images it takes.
        questions: what to ask.
        note: something the person should know beforehand.
        timeout_s: for one question.
        simulated: whether the robot can be seen from outside.
        ends: whether the images end, so that questions must be about the last one's time.
    """

    title: str
    robot_arguments: tuple[str, ...]
    node_arguments: tuple[str, ...]
    camera: CameraConfig
    images_needed: int
    look_s: float
    look_frames: int
    questions: tuple[Asked, ...]
    note: str = ''
    timeout_s: float = 60.0
    simulated: bool = False
    ends: bool = False

    @property
    def info_topic(self) -> str:
        """Topic of the CameraInfo."""
        return self.camera.info_topic

    def outside(self, stamp_ns: int) -> np.ndarray | None:
        """The robot and its table from outside at a stamp, (H, W, 3) uint8; None where unseen."""
        if not self.simulated:
            return None
        from spatialclaw_ros.sim.render import SceneRenderer
        from spatialclaw_ros.sim.scene import OVERVIEW_NAME, make_scene

        with SceneRenderer(
                make_scene(fine=True), camera=OVERVIEW_NAME, width=960, height=720) as renderer:
            return renderer.render(stamp_ns)[0]

    def look(self) -> Cloud | None:
        """Look at the whole scene for the pictures; None when no image with depth and pose came.

        Points are in the frame 'odom', which the node draws in.
        """
        context = Context()
        begin([], context)
        node = Node('spatialclaw_onlooker', context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        buffers = CameraBuffers(
            node, (self.camera,), buffer_s=self.look_s + 5.0, buffer_bytes=400_000_000,
            pair_tolerance_s=0.02)
        transforms = TransformSource(node)
        spinner = threading.Thread(target=executor.spin, name='onlooker', daemon=True)
        spinner.start()
        try:
            threading.Event().wait(min(self.look_s + 1.5, LOOK_TIMEOUT_S))
            observation = select_observation(
                buffers, transforms, window_s=self.look_s, max_frames=self.look_frames,
                world_frame=WORLD_FRAME)
        except NoFramesError:
            return None
        finally:
            executor.shutdown()
            spinner.join()
            buffers.close()
            transforms.close()
            node.destroy_node()
            rclpy.try_shutdown(context=context)
        points, colors = [], []
        for frame in observation.frames:
            if frame.depth_m is None or frame.intrinsics is None or frame.T_world_camera is None:
                continue
            local = frame.intrinsics.unproject(frame.depth_m)
            good = np.isfinite(local).all(axis=-1) & (frame.depth_m < MAX_CLOUD_DEPTH_M)
            points.append(transform_points(frame.T_world_camera, local[good]))
            colors.append(frame.image[good])
        if not points:
            return None
        total = sum(map(len, points))
        kept = np.random.default_rng(0).permutation(total)[:MAX_POINTS]
        return Cloud(np.concatenate(points)[kept], np.concatenate(colors)[kept])


def choose_stage(data: str | None, recording: str | None) -> Stage:
    """Make the stage that the command line asks for.

    Args:
        data: a folder of frames.
        recording: a recording's folder, '' for the package's own; None for the simulation, or the
            package's recording where nothing can be drawn.

    Raises:
        InvalidRequestError: a folder can't be used.
    """
    if data is not None:
        return _folder_stage(data)
    if recording is not None:
        return _recording_stage(recording, '')
    try:
        return _simulation_stage()
    except DependencyError as error:
        return _recording_stage('', f'{error}. Playing the recording instead.')


def _simulation_stage() -> Stage:
    from spatialclaw_ros.sim.render import find_backend
    from spatialclaw_ros.sim.scene import make_scene
    from spatialclaw_ros.sim.truth import Truth

    backend = find_backend()
    topics = Topics('/wrist')
    return Stage(
        title='a simulated robot looks at a table', robot_arguments=('--renderer', backend),
        node_arguments=('--params-file', str(share_path('config', 'demo.yaml'))),
        camera=CameraConfig('wrist', topics.color, topics.info, topics.depth),
        images_needed=24, look_s=2.5, look_frames=3,
        questions=tabletop_questions(Truth(make_scene()).facts()), simulated=True)


def _recording_stage(path: str, note: str) -> Stage:
    from spatialclaw_ros.sim.recording import TOPICS, read_recording

    folder = Path(path).absolute() if path else share_path('demo', 'tabletop')
    recording = read_recording(folder)
    return Stage(
        title='a recorded robot looks at a table', robot_arguments=('--recording', str(folder)),
        node_arguments=(
            '--params-file', str(share_path('config', 'demo.yaml')),
            *_compressed('wrist', TOPICS)),
        camera=_compressed_camera('wrist', TOPICS), images_needed=10, look_s=2.5, look_frames=3,
        questions=tabletop_questions(recording.truth) if recording.truth else (), note=note)


def _folder_stage(path: str) -> Stage:
    folder = read_folder(Path(path).absolute())
    topics = Topics('/camera')
    count = len(folder.frames)
    parameters = {
        'cameras': "['camera']", 'world_frame': WORLD_FRAME, 'window_s': 20.0, 'buffer_s': 30.0,
        'max_frames': count, 'timeout_s': 60.0}
    arguments = [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
    return Stage(
        title=f'{count} frames of {folder.path.name}',
        robot_arguments=('--data', str(folder.path)),
        node_arguments=(*arguments, *_compressed('camera', topics)),
        camera=_compressed_camera('camera', topics), images_needed=count, look_s=6.0,
        look_frames=12,
        questions=folder_questions(folder), timeout_s=150.0, ends=True)


def _compressed(name: str, topics: Topics) -> tuple[str, ...]:
    """ROS arguments for a camera whose images come compressed."""
    values = {
        'image': topics.color_compressed, 'image_transport': 'compressed',
        'camera_info': topics.info, 'depth': topics.depth_compressed,
        'depth_transport': 'compressedDepth'}
    return tuple(
        word for key, value in values.items() for word in ('-p', f'{name}.{key}:={value}'))


def _compressed_camera(name: str, topics: Topics) -> CameraConfig:
    return CameraConfig(
        name, topics.color_compressed, topics.info, topics.depth_compressed,
        image_transport='compressed', depth_transport='compressedDepth')
