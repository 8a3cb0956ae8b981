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


"""A folder of frames as an observation, and an observation as such a folder.

Layout: `frame-NNNNNN.color.jpg` and, where there is depth, `frame-NNNNNN.depth.png` (16 bit
millimetres; 0 and 65535 are invalid), NNNNNN milliseconds from the first image; `poses.json`. That
file has what `sim.folder` reads, where one camera has depth and a pose for every image, so that the
demo plays such a folder, too; and `robot`: cameras, stamps, TF frames and what was missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.pictures import read_image_file
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.sim.folder import FolderFrame, read_folder
from spatialclaw_ros.workspace.observation import Frame, Observation

POSES_FILE = 'poses.json'
INVALID_STEPS = 65535
_WORLD, _CAMERA = 'world', 'camera'
_JPEG_QUALITY = 95
_NO_BOUND = 1 << 16
_Pose = list[list[float]]


class _Camera(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One camera: name of its optical frame, and its intrinsics where they are known."""

    frame_id: str
    intrinsics: PinholeCamera | None = None


class _Shot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One image of a camera."""

    camera: str
    stamp_ns: int
    depth: bool
    T_world_camera: _Pose | None = None


class _Robot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a recording knows beyond images and poses."""

    cameras: dict[str, _Camera]
    frames: dict[str, _Shot]
    world_frame: str = ''
    base_frame: str = ''
    transforms: dict[str, dict[str, _Pose]] = {}
    missing: tuple[str, ...] = ()


class _Poses(msgspec.Struct, frozen=True):
    """What is read here of `poses.json`."""

    robot: _Robot | None = None


@dataclass(frozen=True, eq=False)
class FrameFolder:
    """A folder of frames; images stay on disk.

    Args:
        path: the folder.
        names: of its frames, in time order.
        depth_unit_m: metres of one step of the depth images.
        robot: what is known of cameras, frames and TF.
    """

    path: Path
    names: tuple[str, ...]
    depth_unit_m: float
    robot: _Robot

    def observe(self, names: Sequence[str] = ()) -> Observation:
        """Read the images of some frames; of all without names.

        Raises:
            InvalidRequestError: a name that is not there, or an image that can't be read.
        """
        unknown = [name for name in names if name not in self.robot.frames]
        if unknown:
            raise InvalidRequestError(
                f'{self.path} has no frame {unknown[0]!r}; it has {self.names[0]} to '
                f'{self.names[-1]}')
        chosen = [name for name in self.names if not names or name in names]
        frames = tuple(self._frame(index, name) for index, name in enumerate(chosen))
        robot = self.robot
        absent = np.full((4, 4), np.nan)
        transforms = {
            frame_id: np.stack([np.array(poses[name]) if name in poses else absent
                                for name in chosen])
            for frame_id, poses in robot.transforms.items()}
        return Observation(
            frames, robot.world_frame, transforms, robot.missing, robot.base_frame)

    def _frame(self, index: int, name: str) -> Frame:
        shot = self.robot.frames[name]
        camera = self.robot.cameras[shot.camera]
        image = read_image_file(str(self.path / f'frame-{name}.color.jpg'), _NO_BOUND)
        pose = shot.T_world_camera
        try:
            return Frame(
                index, shot.camera, shot.stamp_ns, camera.frame_id, image,
                self._depth(name) if shot.depth else None, camera.intrinsics,
                None if pose is None else np.array(pose))
        except ValueError as error:
            raise InvalidRequestError(f'frame {name} of {self.path}: {error}') from error

    def _depth(self, name: str) -> np.ndarray:
        path = self.path / f'frame-{name}.depth.png'
        steps = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
        if steps is None or steps.dtype != np.uint16 or steps.ndim != 2:
            raise InvalidRequestError(
                f'{path} must be a PNG of one channel of 16 bit, '
                f'{"not there" if steps is None else f"got {steps.shape} {steps.dtype}"}')
        valid = (steps != 0) & (steps != INVALID_STEPS)
        return np.where(valid, steps * self.depth_unit_m, np.nan).astype(np.float32)


def read_frames(path: Path) -> FrameFolder:
    """Read a folder of frames, recorded by `write_frames` or laid out as `sim.folder` has it.

    Raises:
        InvalidRequestError: the folder, its poses.json or an image is missing or malformed.
    """
    poses = path / POSES_FILE
    try:
        robot = msgspec.json.decode(poses.read_bytes(), type=_Poses).robot
    except OSError as error:
        raise InvalidRequestError(
            f'{path} is no folder of frames: {error.strerror or error} ({poses})') from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidRequestError(
            f'{poses} is not what `spatialclaw eval record` writes: {error}') from error
    if robot is None:
        plain = read_folder(path)
        return FrameFolder(
            path, tuple(frame.name for frame in plain.frames), plain.depth_unit_m,
            _plain_robot(plain.camera, plain.frames))
    _check_poses(poses, robot)
    strange = [shot.camera for shot in robot.frames.values() if shot.camera not in robot.cameras]
    absent = [file for name, shot in robot.frames.items()
              for file in (f'frame-{name}.color.jpg', f'frame-{name}.depth.png')
              if (shot.depth or 'depth' not in file) and not (path / file).is_file()]
    if strange or absent or not robot.frames:
        raise InvalidRequestError(
            f'{poses} names a camera {strange[0]!r} that it does not tell of' if strange else
            f'{poses} names images that are not there: {", ".join(absent[:3])}' if absent else
            f'{poses} has no frames')
    in_time = sorted(robot.frames, key=lambda name: (robot.frames[name].stamp_ns, name))
    return FrameFolder(path, tuple(in_time), 0.001, robot)


def _check_poses(path: Path, robot: _Robot) -> None:
    """Refuse what is no 4x4 of finite numbers; an `InvalidRequestError` names it."""
    given = {f'frames.{name}.T_world_camera': shot.T_world_camera
             for name, shot in robot.frames.items() if shot.T_world_camera is not None}
    given |= {f'transforms.{frame_id}.{name}': pose
              for frame_id, poses in robot.transforms.items() for name, pose in poses.items()}
    for field, pose in given.items():
        if [len(row) for row in pose] != [4, 4, 4, 4] or not np.isfinite(pose).all():
            raise InvalidRequestError(
                f'{path}: robot.{field} must be 4 rows of 4 finite numbers, got {pose}')


def _plain_robot(camera: PinholeCamera, frames: Iterable[FolderFrame]) -> _Robot:
    return _Robot(
        {_CAMERA: _Camera('camera_optical_frame', camera)},
        {frame.name: _Shot(_CAMERA, frame.stamp_ns, True, frame.T_world_camera.tolist())
         for frame in frames}, _WORLD)


def write_frames(observation: Observation, path: Path) -> None:
    """Write an observation as a folder of frames.

    Colour goes through JPEG, depth is rounded to millimetres, and what is farther than 65.5 m or
    invalid has none.

    Raises:
        InvalidRequestError: the folder has frames already, or can't be written.
    """
    if (path / POSES_FILE).exists():
        raise InvalidRequestError(f'{path} has frames already; name another folder')
    names = frame_names([frame.stamp_ns for frame in observation.frames])
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name, frame in zip(names, observation.frames):
            _write_images(path, name, frame)
        (path / POSES_FILE).write_text(
            json.dumps(_described(observation, names), indent=1) + '\n', encoding='utf-8')
    except OSError as error:
        raise InvalidRequestError(f"{path} can't be written: {error}") from error


def frame_names(stamps_ns: Sequence[int]) -> list[str]:
    """Milliseconds from the first stamp, six digits; of two cameras' equal ones the next number."""
    names: list[str] = []
    for stamp_ns in stamps_ns:
        number = round((stamp_ns - stamps_ns[0]) / 1e6)
        names.append(f'{max(number, int(names[-1]) + 1) if names else number:06d}')
    return names


def _write_images(path: Path, name: str, frame: Frame) -> None:
    files = {f'frame-{name}.color.jpg': cv2.imencode(
        '.jpg', cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR),
        (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))}
    if frame.depth_m is not None:
        steps = np.nan_to_num(frame.depth_m * 1000.0, nan=0.0, posinf=0.0, neginf=0.0)
        steps = np.where((steps >= 0.5) & (steps < INVALID_STEPS - 0.5), steps, 0.0)
        files[f'frame-{name}.depth.png'] = cv2.imencode(
            '.png', np.round(steps).astype(np.uint16))
    for file, (_, data) in files.items():
        (path / file).write_bytes(data.tobytes())


def _described(observation: Observation, names: Sequence[str]) -> dict[str, Any]:
    frames = dict(zip(names, observation.frames))
    cameras = {frame.camera: {
        'frame_id': frame.frame_id,
        'intrinsics': None if frame.intrinsics is None else asdict(frame.intrinsics)}
        for frame in observation.frames}
    shots = {name: {'camera': frame.camera, 'stamp_ns': frame.stamp_ns,
                    'depth': frame.depth_m is not None, 'T_world_camera': (
                        None if frame.T_world_camera is None else frame.T_world_camera.tolist())}
             for name, frame in frames.items()}
    transforms = {
        frame_id: {name: pose.tolist() for name, pose in zip(names, poses)
                   if np.isfinite(pose).all()}
        for frame_id, poses in observation.transforms.items()}
    return {**_for_the_demo(frames), 'robot': {
        'cameras': cameras, 'frames': shots, 'world_frame': observation.world_frame,
        'base_frame': observation.base_frame, 'transforms': transforms,
        'missing': observation.missing}}


def _for_the_demo(frames: Mapping[str, Frame]) -> dict[str, Any]:
    """What `sim.folder` reads; empty where it needs what is not there."""
    first = next(iter(frames.values()))
    if first.intrinsics is None or any(
            frame.camera != first.camera or frame.depth_m is None or frame.T_world_camera is None
            for frame in frames.values()):
        return {}
    camera = asdict(first.intrinsics)
    if camera.pop('model') != 'plumb_bob':
        return {}
    return {'camera': camera, 'frame_rate_hz': 1000, 'depth_unit_m': 0.001, 'T_world_camera': {
        name: frame.T_world_camera.tolist() for name, frame in frames.items()
        if frame.T_world_camera is not None}}
