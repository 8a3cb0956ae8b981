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



"""Which frame of reference a question means, and how to work in it."""

from __future__ import annotations

from spatialclaw_ros.agent.prompts.section import Section, given

FRAMES_OF_REFERENCE = Section('Frames of reference', (
    'Settle first which one the words of the question mean:',
    '- the image: left, right, above, below as its pixels show them;',
    '- a camera at one moment: what is to its left or right, in front of it, behind it;',
    '- the world: right-handed, x forward, y left, z up (REP 103), fixed during the query;',
    "- an object's own facing: whatever has a front has a left and a right of its own, which are "
    'mirrored for who looks at its front.',
    'If two remain and would be answered differently, choose the one that a person beside the '
    'robot would mean and name it, or refuse.',
    'Cameras move: what is to the left in one frame may be to the right in another. Name the frame '
    'index that a statement holds for.',
    given('tools', 'T_target_source maps points of source into target; inner names must match when '
          'you multiply.'),
    given('reconstruct', '`recon.extrinsics[f]` is T_world_camera of frame f: the optical frame '
          '(x right, y down, z forward) into the world.'),
    given('reconstruct python', 'With R = T[:3, :3] and t = T[:3, 3], the columns of R are the '
          "camera's right, down and forward in the world, t is its place. For a point p and "
          'd = p - t: d @ R[:, 2] is how far in front (negative: behind), d @ R[:, 0] how far to '
          'the right (negative: left), d @ R[:, 1] how far below.'),
    given('python', 'For any other viewer make unit vectors: forward, up, left = cross(up, '
          'forward), and take the same dot products.'),
))
