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

"""A perception process that sends what it must not: the node takes none of it and goes on."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import lying_perception
import numpy as np
import pytest
from lying_perception import lying_python

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.process.client import PerceptionProcess
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Frame, Observation

SEEN = Observation((Frame(0, 'c', 0, 'c_optical', np.zeros((8, 8, 3), np.uint8)),))
CALL = ToolCall('reconstruct', {'frame_indices': [0]})
HASTY = Patience(first_pause_s=0.01)


@pytest.mark.parametrize('scenario', [*lying_perception.REPLIES, *lying_perception.RAW])
def test_a_lie_ends_the_process_and_not_the_node(scenario: str, tmp_path: Path) -> None:
    before = len(os.listdir('/proc/self/fd'))
    perception = PerceptionProcess(
        PerceptionConfig(python=lying_python(tmp_path, scenario), preload=False, ocr='none'), HASTY)
    with pytest.raises(PerceptionUnavailableError, match='broke its connection') as caught:
        perception.handle(SEEN, CALL, Deadline(20.0))
    assert len(str(caught.value)) < 1000
    assert str(caught.value).isprintable()
    perception.close()
    del perception, caught
    gc.collect()
    assert len(os.listdir('/proc/self/fd')) <= before


def test_an_honest_reply_of_that_shape_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So what is refused above is refused for what is wrong with it."""
    script = tmp_path / 'honest.py'
    script.write_text(
        'import sys\n'
        f'sys.path.insert(0, {str(Path(lying_perception.__file__).parent)!r})\n'
        'import lying_perception as lying\n'
        'lying.REPLIES["honest"] = lying.result(values={"a": [1, {"b": None}]}, nbytes=64,\n'
        '    data=bytes(64), arrays=[lying.spec(), lying.spec(name="e", shape=[0, 3])])\n'
        'lying.main("honest", int(sys.argv[3]))\n')
    python = tmp_path / 'python'
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    python.chmod(0o755)
    perception = PerceptionProcess(
        PerceptionConfig(python=str(python), preload=False, ocr='none'), HASTY)
    result = perception.handle(SEEN, CALL, Deadline(20.0))
    assert (result.values, result.error) == ({'a': [1, {'b': None}]}, None)
    np.testing.assert_array_equal(result.arrays['a'], np.zeros(4, np.float32), strict=True)
    assert result.arrays['e'].shape == (0, 3)
    perception.close()
