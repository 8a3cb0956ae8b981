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

"""What the perception process prints: logged line by line, and its end kept for messages."""

from __future__ import annotations

import collections
import logging
import os
import time

from spatialclaw_ros.sharing.texts import clean_line

_KEEP_LINES = 60
_LINE_BYTES = 400
_LINES_A_SECOND = 20
_READ_BYTES = 65_536
_LEVELS = {logging.getLevelName(level): level for level in (
    logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)}
_PIPE_READS = 16

_log = logging.getLogger('spatialclaw_ros.perception.process')


class Output:
    """The reading end of a pipe that a process prints to; belongs to one thread.

    Args:
        fd: owned by this; must not block.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEEP_LINES)
        self._rest = b''
        self._second = 0
        self._logged = 0

    @classmethod
    def pipe(cls) -> tuple[Output, int]:
        """A pipe's reading end, and its writing end, which the caller closes."""
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(read_fd, False)
        return cls(read_fd), write_fd

    def read(self) -> bool:
        """Take what has come, a bounded part of it; False once nobody can print any more."""
        try:
            data = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return True
        *lines, rest = (self._rest + data).split(b'\n')
        self._rest = _seen(rest)
        for line in lines if data else [*lines, rest]:
            self._add(clean_line(_seen(line).decode(errors='replace')).strip())
        return bool(data)

    def drain(self) -> None:
        """Take what is left of a process that has ended, and no more than a pipe holds."""
        for _ in range(_PIPE_READS):
            if self.fd < 0 or not self.read():
                return

    def _add(self, line: str) -> None:
        if not line.strip('^~ '):  # nothing, or what points at a column of a line before it
            return
        self._lines.append(line)
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._logged = second, 0
        self._logged += 1
        if self._logged <= _LINES_A_SECOND:
            level, _, text = line.partition(' ')
            if level in _LEVELS:
                _log.log(_LEVELS[level], '%s', text)
            else:
                _log.info('%s', line)

    def last_lines(self) -> tuple[str, ...]:
        """The last lines, at most 60."""
        return tuple(self._lines)

    def close(self) -> None:
        """Close the reading end; may be called twice."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)


def _seen(line: bytes) -> bytes:
    """What a terminal would show at last of a line that is written over, and only its beginning."""
    return line.rstrip(b'\r').rpartition(b'\r')[2][:_LINE_BYTES]
