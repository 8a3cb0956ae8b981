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

"""Open a picture of a few kilobytes that unpacks to gigabytes."""

# act: deny

import io
import struct
import zlib

from PIL import Image

Image.MAX_IMAGE_PIXELS = None


def chunk(kind, data):
    return (struct.pack('>I', len(data)) + kind + data
            + struct.pack('>I', zlib.crc32(kind + data)))


packer = zlib.compressobj(9)
rows = b''.join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
file = (b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', struct.pack('>IIBBBBB', 60_000, 60_000, 8, 2, 0, 0, 0))
        + chunk(b'IDAT', rows) + chunk(b'IEND', b''))
Image.open(io.BytesIO(file)).load()
