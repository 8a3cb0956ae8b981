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


"""The cells and frames that ours and the references are measured with; nothing but numbers."""

from __future__ import annotations

FRAMES, HEIGHT, WIDTH = 32, 576, 768

TRIVIAL = 'x = 1'
PRINTING = """\
for i in range(1000):
    print(i)
a = np.ones((480, 640, 3), np.float32)
"""
PRINTED = ''.join(f'{i}\n' for i in range(1000))
ENDLESS = 'while True:\n    pass\n'
STUBBORN = """\
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
CRASHING = """\
far = np.lib.stride_tricks.as_strided(np.zeros(1), (2**40,), (8,))
far[2**39]
"""
