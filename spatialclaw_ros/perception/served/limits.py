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


"""What one message may hold, checked before anything is allocated for it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]
MIB = 1 << 20


class WireLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bounds of one message; a server tells its own with its status.

    Args:
        body_bytes: of a whole message.
        header_bytes: of what describes the arrays in it.
        images: of one request, and maps or masks of one reply.
        side: of an image or a map, in pixels.
        pixels: of all images of a request.
        decoded_bytes: of all that a message holds, once it is unpacked.
        prompts: texts of a request.
        prompt_chars: of one text.
        points: of a request; as many boxes.
        objects: with masks in one reply.
    """

    body_bytes: Positive = 512 * MIB
    header_bytes: Positive = MIB
    images: Positive = 256
    side: Positive = 8192
    pixels: Positive = 128_000_000
    decoded_bytes: Positive = 1024 * MIB
    prompts: Positive = 64
    prompt_chars: Positive = 500
    points: Positive = 1024
    objects: Positive = 4096
