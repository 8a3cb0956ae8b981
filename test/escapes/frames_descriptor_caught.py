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

"""Catch the descriptor of a memory file as it comes in, and write through it.

It is reopened for writing by its link in /proc, mapped, resized, punched and unsealed.
"""

# act: leak
# held by: host, memory files are sealed before a worker gets them

import ctypes
import fcntl
import mmap
import os

import spatialclaw_ros.kernel.worker as worker

libc = ctypes.CDLL(None, use_errno=True)
caught, taken = [], worker.take_file


def take_file(fd, nbytes):
    caught.append(os.dup(fd))
    return taken(fd, nbytes)


worker.take_file = take_file
recon = tools.Reconstruct.Reconstruct(InputImages)
for fd in list(caught):
    for attempt in (
            lambda fd=fd: caught.append(os.open(f'/proc/self/fd/{fd}', os.O_RDWR)),
            lambda fd=fd: fcntl.fcntl(fd, 1033, 0),
            lambda fd=fd: os.ftruncate(fd, 10),
            lambda fd=fd: libc.fallocate(fd, 3, ctypes.c_long(0), ctypes.c_long(4096))):
        try:
            attempt()
        except OSError as error:
            print(error)
for fd in caught:
    try:
        os.pwrite(fd, PRIVATE.encode(), 0)
    except OSError as error:
        print(error)
    try:
        mmap.mmap(fd, 4096)[:len(PRIVATE)] = PRIVATE.encode()
    except OSError as error:
        print(error)
# %% next session
import ctypes

recon = tools.Reconstruct.Reconstruct(InputImages)
place = recon.depth[0].__array_interface__['data'][0] & ~4095
print(ctypes.string_at(place, 4096))
