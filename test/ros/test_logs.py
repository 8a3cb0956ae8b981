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


"""Records of the rooms below stand in the node's log, as long as the node is there."""

from __future__ import annotations

import logging

from spatialclaw_ros.ros.logs import RosLogHandler


class Logger:
    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda text: self.lines.append((level, text))


class BrokenLogger:
    def warning(self, text):
        raise RuntimeError('the context is shut down')


def test_records_keep_their_level_and_end_with_the_node():
    logger = Logger()
    below = logging.getLogger('spatialclaw_ros.kernel.somewhere')
    below.setLevel(logging.DEBUG)
    handler = RosLogHandler(logger)
    try:
        for level in ('debug', 'info', 'warning', 'error'):
            getattr(below, level)('a %s', level)
        try:
            raise OSError('no disk')
        except OSError:
            below.exception('failed')
    finally:
        handler.close()
        below.setLevel(logging.NOTSET)
    below.error('too late')
    assert logger.lines[:4] == [
        (level, f'a {level}') for level in ('debug', 'info', 'warning', 'error')]
    level, text = logger.lines[4]
    assert level == 'error'
    assert text.startswith('failed\nTraceback')
    assert 'no disk' in text
    assert len(logger.lines) == 5


def test_a_log_that_fails_ends_nobody_who_writes_to_it(capsys):
    handler = RosLogHandler(BrokenLogger())
    try:
        logging.getLogger('spatialclaw_ros.kernel.somewhere').warning('a spare died')
    finally:
        handler.close()
    printed = capsys.readouterr().err
    assert 'the context is shut down' in printed
    assert 'a spare died' in printed
