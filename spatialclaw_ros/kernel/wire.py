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


"""Frames on a socket: four bytes of length, then one msgpack message."""

from __future__ import annotations

import msgspec

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel.call_args import check_args as check_args
from spatialclaw_ros.kernel.messages import FromZygote, ToWorker, ToZygote
from spatialclaw_ros.kernel.untrusted import array_of as array_of
from spatialclaw_ros.kernel.untrusted import decode_from_worker as decode_from_worker
from spatialclaw_ros.kernel.untrusted import unpack
from spatialclaw_ros.sharing.stream import MAX_MESSAGE_BYTES as MAX_MESSAGE_BYTES
from spatialclaw_ros.sharing.stream import BlockingWire as BlockingWire
from spatialclaw_ros.sharing.stream import FrameReader as FrameReader
from spatialclaw_ros.sharing.stream import parts_of as parts_of

_encoder = msgspec.msgpack.Encoder()
_to_worker = msgspec.msgpack.Decoder(ToWorker)
_from_zygote = msgspec.msgpack.Decoder(FromZygote)
_to_zygote = msgspec.msgpack.Decoder(ToZygote)


def encode(message: msgspec.Struct) -> bytes:
    """Pack a message, without its length.

    Raises:
        WireError: it is larger than `MAX_MESSAGE_BYTES`.
    """
    payload = _encoder.encode(message)
    if len(payload) > MAX_MESSAGE_BYTES:
        raise WireError(
            f'a message of {len(payload)} bytes is too large for the wire, '
            f'at most {MAX_MESSAGE_BYTES} go through')
    return payload


def decode_to_worker(payload: bytes | bytearray | memoryview) -> ToWorker:
    """Unpack what the host sent to its worker."""
    return unpack(_to_worker, payload)


def decode_from_zygote(payload: bytes | bytearray | memoryview) -> FromZygote:
    """Unpack what the zygote sent."""
    return unpack(_from_zygote, payload)


def decode_to_zygote(payload: bytes | bytearray | memoryview) -> ToZygote:
    """Unpack what the host sent to the zygote."""
    return unpack(_to_zygote, payload)
