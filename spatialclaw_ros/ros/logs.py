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


"""What the rooms below log goes to the node's own log, and so to `/rosout` too."""

from __future__ import annotations

import logging

from rclpy.impl.rcutils_logger import RcutilsLogger

ROOT = 'spatialclaw_ros'


class RosLogHandler(logging.Handler):
    """Hands records of this package's Python loggers on, until it is closed.

    Args:
        logger: of the node.
    """

    def __init__(self, logger: RcutilsLogger) -> None:
        super().__init__()
        self._logger = logger
        logging.getLogger(ROOT).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record; each level on a line of its own, as rclpy wants it."""
        try:
            text = self.format(record)
            if record.levelno >= logging.ERROR:
                self._logger.error(text)
            elif record.levelno >= logging.WARNING:
                self._logger.warning(text)
            elif record.levelno >= logging.INFO:
                self._logger.info(text)
            else:
                self._logger.debug(text)
        # as every handler does: a log that fails must not end the thread that wrote to it
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Take no more records."""
        logging.getLogger(ROOT).removeHandler(self)
        super().close()
