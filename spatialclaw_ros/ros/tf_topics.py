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



"""The topics that TF comes on, and the commands that show them to somebody in a terminal."""

from __future__ import annotations

from dataclasses import dataclass

TF, TF_STATIC = '/tf', '/tf_static'


@dataclass(frozen=True)
class TfTopics:
    """Full names, after remappings.

    Args:
        moving: of transforms that move.
        static: of those that don't.
    """

    moving: str = TF
    static: str = TF_STATIC

    @property
    def rate(self) -> str:
        """Shows whether and how often transforms come."""
        return f'`ros2 topic hz {self.moving}`'

    @property
    def publishers(self) -> str:
        """Shows who sends transforms that move."""
        return f'`ros2 topic info {self.moving} --verbose`'

    @property
    def tree(self) -> str:
        """Draws all frames."""
        return f'`ros2 run tf2_tools view_frames{self._remapped}`'

    def echo(self, target: str, source: str) -> str:
        """Shows one transform, or why there is none."""
        return f'`ros2 run tf2_ros tf2_echo {target} {source}{self._remapped}`'

    @property
    def _remapped(self) -> str:
        """tf2's programs listen to the topics' plain names unless they are told."""
        rules = [f' -r {plain}:={name}' for plain, name in (
            (TF, self.moving), (TF_STATIC, self.static)) if plain != name]
        return f' --ros-args{"".join(rules)}' if rules else ''


PLAIN = TfTopics()
"""What they are called where nobody remaps them."""
