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


"""Fast DDS with shared memory large enough for images: by default almost every image is lost."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import TypeVar

from spatialclaw_ros.ros.compat.share import share_path

# Kilted renamed the variable, and warns where it finds the old one; Humble and Jazzy know no other.
VARIABLE, OLD_VARIABLE = 'FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'
OLD_DISTRIBUTIONS = ('humble', 'iron', 'jazzy')

Environment = TypeVar('Environment', bound=MutableMapping[str, str])


def profile_path() -> Path:
    """Return the installed Fast DDS profile.

    Raises:
        DependencyError: The package is not installed.
    """
    return share_path('config', 'fastdds.xml')


def use_fastdds_profile(environment: Environment) -> Environment:
    """Name the profile in an environment that names none yet; return that environment.

    It must be there before the process makes its first participant: pass `os.environ` before
    `rclpy.init`, or the environment of a process to be started. Other middlewares ignore it.
    """
    if not environment.get(VARIABLE) and not environment.get(OLD_VARIABLE):
        old = environment.get('ROS_DISTRO') in OLD_DISTRIBUTIONS
        environment[OLD_VARIABLE if old else VARIABLE] = str(profile_path())
    return environment
