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


"""Faults of the world: cameras, images, TF and time."""

from __future__ import annotations

from soak_fault import Fault, Stage, hit
from soak_scene import CAMERAS


def _camera(name: str, mode: str, statuses: tuple[str, ...] = (), **more: object) -> Fault:
    """One camera that publishes in another way for some seconds."""
    def begin(stage: Stage) -> str:
        camera = hit(stage)
        stage.plant.robot.tell(camera=camera, mode=mode)
        return camera

    def end(stage: Stage) -> None:
        stage.plant.robot.tell(camera=stage.camera, mode='plain')

    return Fault(name, begin, frozenset(statuses), 'camera' if statuses else 'none', end,
                 (3.0, 6.0), **more)  # type: ignore[arg-type]


def _robot(name: str, statuses: tuple[str, ...], says: str, lasts_s: tuple[float, float],
           touches: str = 'all', makes: str = '', **order: object) -> Fault:
    """All that the robot publishes is told otherwise for some seconds."""
    plain = {'tf': True, 'jump': False, 'offset_s': 0.0}

    def begin(stage: Stage) -> str:
        stage.plant.robot.tell(**order)
        return says

    def end(stage: Stage) -> None:
        stage.plant.robot.tell(**{key: plain[key] for key in order})

    return Fault(name, begin, frozenset(statuses), touches, end, lasts_s, makes=makes)


def _all_stop(stage: Stage) -> str:
    for camera in CAMERAS:
        stage.plant.robot.tell(camera=camera, mode='off')
    return 'all cameras'


def _all_start(stage: Stage) -> None:
    for camera in CAMERAS:
        stage.plant.robot.tell(camera=camera, mode='plain')


def _robot_killed(stage: Stage) -> str:
    stage.plant.robot.restart()
    return 'all publishers gone, and new ones'


def _flicker(stage: Stage) -> str:
    """Change a camera's size again and again."""
    camera = hit(stage)
    for mode in ('small', 'plain') * 4:
        stage.plant.robot.tell(camera=camera, mode=mode)
    return camera


WORLD_FAULTS = (
    _camera('camera stopped', 'off', ('NO_FRAMES',)),
    Fault('all cameras stopped', _all_stop, frozenset({'NO_FRAMES'}), 'all', _all_start,
          (3.0, 6.0)),
    # an answer before the last images are too old to be used would say nothing about the new robot
    Fault('robot killed', _robot_killed, frozenset({'NO_FRAMES'}), 'all', lasts_s=(2.5, 3.5),
          recovery_s=7.0),
    _camera('wrong step', 'wrong_step', ('NO_FRAMES',)),
    _camera('short data', 'short_data', ('NO_FRAMES',)),
    _camera('unknown encoding', 'unknown_encoding', ('NO_FRAMES',)),
    _camera('short depth', 'short_depth', ('REFUSED',), makes='unscaled'),
    _camera('no depth', 'no_depth', ('REFUSED',), makes='unscaled'),
    _camera('other resolution', 'small'),
    _camera('other frame id', 'renamed'),
    Fault('flickering resolution', _flicker),
    _robot('TF gap', ('REFUSED',), '/tf silent', (2.0, 5.0), 'odom', tf=False),
    _robot('TF jump', ('REFUSED',), 'the base is said to be elsewhere', (1.0, 3.0), 'odom',
           makes='moved', jump=True),
    _robot('time jump back', ('NO_FRAMES',), 'stamps 20 s back, and forth again', (1.0, 4.0),
           offset_s=-20.0),
    _robot('time jump forth', ('NO_FRAMES',), 'stamps 20 s forth, and back again', (1.0, 4.0),
           offset_s=20.0),
)
