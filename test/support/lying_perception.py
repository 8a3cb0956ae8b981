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

"""A perception process that lies: answers its first call with what a scenario of `REPLIES` says.

Started in the place of an interpreter, see `lying_python`; imports little, for tests start many.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

SEALS = 1 | 2 | 4 | 16
_ADD_SEALS = 1033


def lying_python(folder: Path, scenario: str) -> str:
    """Path of an interpreter that runs this scenario, whatever it is told to run."""
    # without `site`, which reads many folders
    packages = Path(msgspec.__file__).parent.parent
    path = folder / 'python'
    path.write_text(
        f'#!/bin/sh\nPYTHONPATH="{packages}" exec "{sys.executable}" -S "{__file__}" {scenario} '
        '"$@"\n')
    path.chmod(0o755)
    return str(path)


def result(**fields: Any) -> dict[str, Any]:
    """A result as an honest process sends it, with other fields."""
    return {'type': 'result', 'id': 0, 'values': {}, 'arrays': [], 'nbytes': 0, 'data': b'',
            'error': None, 'file': 0, **fields}


def spec(**fields: Any) -> dict[str, Any]:
    """Place of an array of 16 bytes, with other fields."""
    return {'name': 'a', 'dtype': '<f4', 'shape': [4], 'offset': 0, **fields}


def inline(*specs: dict[str, Any]) -> dict[str, Any]:
    """A result with arrays in 64 bytes of the message."""
    return result(arrays=list(specs), nbytes=64, data=bytes(64))


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


REPLIES: dict[str, Any] = {
    'no_type': {'id': 0},
    'unknown_type': {'type': 'eval', 'code': '1'},
    'a_number': 7,
    'values_are_no_object': result(values=[1]),
    'values_are_deep': result(values={'a': nested(50)}),
    'values_have_other_keys': result(values={1: 2}),
    'values_are_times': result(values={'a': msgspec.msgpack.Ext(1, b'x')}),
    'too_many_arrays': result(arrays=[spec(name=str(n)) for n in range(5000)]),
    'too_much_inline': result(data=bytes(2 * 1024 * 1024), nbytes=2 * 1024 * 1024),
    'objects': inline(spec(dtype='|O')),
    'records': inline(spec(dtype='f4,f4')),
    'big_endian': inline(spec(dtype='>f4')),
    'beyond_the_end': inline(spec(offset=52)),
    'before_the_start': inline(spec(offset=-16)),
    'between_the_bytes': inline(spec(offset=3)),
    'negative_shape': inline(spec(shape=[-1])),
    'huge_shape': inline(spec(shape=[2**40, 2**40])),
    'huge_empty_shape': inline(spec(shape=[0, 2**62, 2**62])),
    'many_dimensions': inline(spec(shape=[1] * 40)),
    'one_name_twice': inline(spec(), spec()),
    'long_error': result(error='x' * 100_000),
    'no_file': result(data=None, nbytes=4096, arrays=[spec()]),
    'unsealed_file': (result(data=None, nbytes=4096, arrays=[spec()]), 0, 4096),
    'small_file': (result(data=None, nbytes=2**30, arrays=[spec()]), SEALS, 4096),
    'beyond_the_file': (result(data=None, nbytes=4096, arrays=[spec(offset=4092)]), SEALS, 4096),
    'long_heartbeat': {'type': 'heartbeat', 'status': {'message': 'x' * 300_000}},
    'many_models': {'type': 'heartbeat', 'status': {
        'models': [{'role': 'depth', 'name': 'x' * 1000}] * 1000}},
    'wrong_status': {'type': 'heartbeat', 'status': {'models': [{'role': 1, 'name': 2}]}},
    'forgotten_out_of_turn': {'type': 'forgotten', 'id': 77},
    'unknown_failure': {'type': 'failed', 'id': 0, 'kind': 'exec', 'message': ''},
}
"""What is sent in place of an answer; of three, the message, the seals and the size of its file."""


def _garbage(connection: socket.socket) -> None:
    connection.sendall(struct.pack('<I', 64) + os.urandom(64))


def _endless(connection: socket.socket) -> None:
    connection.sendall(struct.pack('<I', 2**31))


def _empty(connection: socket.socket) -> None:
    connection.sendall(struct.pack('<I', 0))


def _many_descriptors(connection: socket.socket) -> None:
    fds = [os.dup(0) for _ in range(4)]
    while True:
        socket.send_fds(connection, [_packed({'type': 'pong', 'number': 1})], fds)


RAW: dict[str, Callable[[socket.socket], None]] = {
    'garbage': _garbage, 'endless': _endless, 'empty': _empty,
    'many_descriptors': _many_descriptors}
"""What is done to the wire in place of an answer."""


def _packed(message: Any) -> bytes:
    payload = msgspec.msgpack.encode(message)
    return struct.pack('<I', len(payload)) + payload


def _receive(connection: socket.socket) -> dict[str, Any]:
    """One message; descriptors that come with it are closed."""
    def exactly(count: int) -> bytes:
        data = b''
        while len(data) < count:
            part, ancillary, _, _ = connection.recvmsg(count - len(data), socket.CMSG_SPACE(16))
            if not part:
                os._exit(0)
            data += part
            for _, _, raw in ancillary:
                for fd in array.array('i', raw[:len(raw) - len(raw) % 4]):
                    os.close(fd)
        return data
    message: dict[str, Any] = msgspec.msgpack.decode(exactly(*struct.unpack('<I', exactly(4))))
    return message


def answer(connection: socket.socket, scenario: str, call: int) -> None:
    """Send what the scenario says.

    Args:
        connection: the wire.
        scenario: of `REPLIES` or `RAW`.
        call: number of the call that is answered.
    """
    if scenario in RAW:
        RAW[scenario](connection)
        return
    reply = REPLIES[scenario]
    message, seals, size = reply if isinstance(reply, tuple) else (reply, -1, 0)
    if isinstance(message, dict) and 'id' in message:
        message = {**message, 'id': call if message['id'] == 0 else message['id']}
    if seals < 0:
        connection.sendall(_packed(message))
        return
    import fcntl
    fd = os.memfd_create('x', os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, _ADD_SEALS, seals)
    socket.send_fds(connection, [_packed(message)], [fd])
    os.close(fd)


def main(scenario: str, wire_fd: int) -> None:
    """Say hello, and lie."""
    connection = socket.socket(fileno=wire_fd)
    while True:
        message = _receive(connection)
        if message['type'] == 'configure':
            connection.sendall(_packed({'type': 'hello', 'names': {}}))
        elif message['type'] == 'call':
            try:
                answer(connection, scenario, message['id'])
            except OSError:
                os._exit(0)
        time.sleep(0)


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[4]))
