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



"""The robot's own facts: those that do not change from query to query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def robot_text(metadata: Mapping[str, Any]) -> str:
    """Cameras and frames.

    Args:
        metadata: as `workspace.metadata.metadata_of` makes it.
    """
    world = metadata.get('world_frame') or ''
    lines = ['# This robot', f'- world frame: {world}' if world else (
        '- world frame: not given by TF, made from the first camera: z up, x where it looks')]
    if metadata.get('base_frame'):
        lines.append(f"- the robot's own frame: {metadata['base_frame']}")
    cameras: Mapping[str, Mapping[str, Any]] = metadata.get('cameras', {})
    lines += [f'- camera {name}: {_camera_text(facts)}' for name, facts in cameras.items()]
    frames = metadata.get('tf_frames')
    if frames:
        lines.append(f'- TF frames: {", ".join(frames)}')
    return '\n'.join(lines)


def _camera_text(facts: Mapping[str, Any]) -> str:
    parts = [f'{facts.get("width")}x{facts.get("height")} pixels']
    intrinsics = facts.get('intrinsics')
    if intrinsics:
        parts.append(', '.join(f'{name} {value:g}' for name, value in intrinsics.items()))
    if facts.get('frame_id'):
        parts.append(f'optical frame {facts["frame_id"]}')
    return ', '.join(parts)
