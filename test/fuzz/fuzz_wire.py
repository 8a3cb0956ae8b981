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



"""Coverage-guided: any bytes as a worker's message, through the decoder and all that follows it.

Every other mutation leaves the packing whole and changes what the message says.
"""

from __future__ import annotations

import random

import atheris
import msgspec

with atheris.instrument_imports(include=['spatialclaw_ros']):
    from fuzzing import fuzz
    from host_path import ENCODED, WORDS, follow
from wire_mutation import mutate

MAX_CHANGES = 4


def change(data: bytes, max_bytes: int, seed: int) -> bytes:
    """Mutate as libFuzzer does, or by parts of the message."""
    chance = random.Random(seed)
    if chance.random() < 0.5:
        return atheris.Mutate(data, max_bytes)
    try:
        message = msgspec.msgpack.decode(data)
        for _ in range(chance.randint(1, MAX_CHANGES)):
            message = mutate(message, chance.randrange)
        packed = msgspec.msgpack.encode(message)
    # what can't be unpacked, or packed again, is left to libFuzzer
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError, OverflowError):
        return atheris.Mutate(data, max_bytes)
    return packed if len(packed) <= max_bytes else atheris.Mutate(data, max_bytes)


if __name__ == '__main__':
    fuzz(follow, change=change, seeds=ENCODED, words=WORDS, description=__doc__ or '')
