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


"""The webcam example's source: one bad read is passed over, one that fails for good is told."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
import pytest
from example_programs import module

example = module('webcam')
PICTURE = np.zeros((2, 2, 3), np.uint8)


class Source:
    """Delivers an image where its plan says so."""

    def __init__(self, plan, rewinds=True):
        self._plan = list(plan)
        self._rewinds = rewinds

    def read(self):
        there = bool(self._plan) and self._plan.pop(0)
        return there, PICTURE if there else None

    def set(self, *_):
        return self._rewinds


@pytest.mark.parametrize(('source', 'loop', 'plan', 'rewinds', 'comes'), [
    ('0', False, [0, 0, 1], False, True), ('0', False, [], False, False),
    ('film.avi', True, [0, 1], True, True), ('film.avi', True, [0, 1], False, False),
    ('film.avi', True, [], True, False), ('film.avi', False, [0, 1], True, False)])
def test_a_bad_read_is_passed_over_and_a_broken_source_ends(
        source, loop, plan, rewinds, comes, monkeypatch):
    monkeypatch.setattr(example, 'RETRY_S', 0.0)
    options = Namespace(source=source, loop=loop)
    assert (example.next_picture(Source(plan, rewinds), options) is not None) == comes
