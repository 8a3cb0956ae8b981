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

"""The messages between node and perception process: typed, tagged, bounded field by field.

Arrays that are large lie in a sealed memory file whose descriptor comes with the message;
descriptors come in the order of the messages that have one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import Meta

from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.status import PerceptionStatus
from spatialclaw_ros.sharing.headers import ArraySpec, ObservationHeader

INLINE_BYTES = 1024 * 1024
"""Arrays up to this come in the message itself."""

MAX_REPLY_BYTES = 8 * 1024 * 1024
MAX_CALL_BYTES = 64 * 1024 * 1024
MAX_REQUEST_BYTES = 80 * 1024 * 1024
MAX_ARRAYS = 4096
MAX_FILE_BYTES = 64 * 1024**3
MAX_TEXT_CHARS = 4096
MAX_PLAIN_BYTES = 128 * 1024
"""Size of a message from the process that is no result."""

FailureKind = Literal['deadline', 'canceled', 'unavailable', 'weights', 'bug']
Id = Annotated[int, Meta(ge=0, le=2**62)]
Size = Annotated[int, Meta(ge=0, le=MAX_FILE_BYTES)]
Text = Annotated[str, Meta(max_length=MAX_TEXT_CHARS)]


# ---- node to process

class Configure(msgspec.Struct, tag='configure', frozen=True):
    """First message: what to open."""

    config: PerceptionConfig
    heartbeat_s: float


class Observe(msgspec.Struct, tag='observe', frozen=True):
    """An observation that calls will be about; carries its memory file."""

    id: int
    header: ObservationHeader


class Forget(msgspec.Struct, tag='forget', frozen=True):
    """No more calls about an observation; answered with `Forgotten`."""

    id: int


class Call(msgspec.Struct, tag='call', frozen=True):
    """A tool call; its arrays lie in `data`."""

    id: int
    observation: int
    tool: str
    args: dict[str, Any]
    arrays: list[ArraySpec]
    data: bytes
    timeout_s: float


class Cancel(msgspec.Struct, tag='cancel', frozen=True):
    """Nobody waits for a call any more."""

    id: int


class Release(msgspec.Struct, tag='release', frozen=True):
    """The node reads a result's memory file no more; not `again` when somebody still may."""

    file: int
    again: bool


class Ping(msgspec.Struct, tag='ping', frozen=True):
    """Answered with `Pong` at once."""

    number: int


# ---- process to node

class Hello(msgspec.Struct, tag='hello', frozen=True):
    """Perception is open and takes calls; models may still be loading. `names` are its backends."""

    names: dict[Literal['reconstruct', 'segment', 'ocr'], Text]


class StartFailed(msgspec.Struct, tag='start_failed', frozen=True):
    """Perception can't be opened; the process ends."""

    message: Text


class Heartbeat(msgspec.Struct, tag='heartbeat', frozen=True):
    """Sign of life from a thread of its own; the message has at most `MAX_PLAIN_BYTES`."""

    status: PerceptionStatus | None


class Result(msgspec.Struct, tag='result', frozen=True):
    """What a call gave.

    `values` is packed and is read when its size is known to be fair. The arrays lie in `data`, or
    in the memory file `file` of `nbytes` that comes along.
    """

    id: Id
    values: msgspec.Raw
    arrays: Annotated[list[ArraySpec], Meta(max_length=MAX_ARRAYS)]
    nbytes: Size
    data: Annotated[bytes, Meta(max_length=INLINE_BYTES)] | None
    error: Text | None
    file: Id = 0


class Failed(msgspec.Struct, tag='failed', frozen=True):
    """A call ended otherwise; `kind` says how, `message` what the caller is told."""

    id: Id
    kind: FailureKind
    message: Text


class Forgotten(msgspec.Struct, tag='forgotten', frozen=True):
    """The process reads an observation's memory file no more."""

    id: Id


class Pong(msgspec.Struct, tag='pong', frozen=True):
    """Answer to `Ping`."""

    number: Id


class Fatal(msgspec.Struct, tag='fatal', frozen=True):
    """The process can't go on and ends; `message` says of what."""

    message: Text


ToProcess = Union[Configure, Observe, Forget, Call, Cancel, Release, Ping]  # noqa: UP007
FromProcess = Union[  # noqa: UP007
    Hello, StartFailed, Heartbeat, Result, Failed, Forgotten, Pong, Fatal]

_encoder = msgspec.msgpack.Encoder()


def pack(message: ToProcess | FromProcess) -> bytes:
    """A message as it crosses, without its length.

    Raises:
        TypeError: a value in it is not one of JSON's.
        OverflowError: a number needs more than 64 bits.
        UnicodeEncodeError: a text is not one.
    """
    return _encoder.encode(message)
