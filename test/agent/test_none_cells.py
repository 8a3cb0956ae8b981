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



"""The model alone: a value or a refusal in JSON, and nothing else."""

from __future__ import annotations

import pytest

from spatialclaw_ros.agent.interfaces import INTERFACES
from spatialclaw_ros.agent.reply import ReplyError


def read(block: str) -> str:
    return INTERFACES['none'].read(
        f'Purpose: p\nReasoning: r\n```json\n{block}\n```').code.strip()


@pytest.mark.parametrize(('block', 'cell'), [
    ('{"value": 0.4, "unit": "m"}', "ReturnAnswer(0.4, unit='m')"),
    ('{"value": 3}', 'ReturnAnswer(3)'),
    ('{"value": true}', 'ReturnAnswer(True)'),
    ('{"value": "B", "unit": null}', "ReturnAnswer('B')"),
    ('{"value": [1, 2.5, -3], "unit": "m", "frame": "base_link", "sigma": 0.1}',
     "ReturnAnswer([1, 2.5, -3], unit='m', frame='base_link', sigma=0.1)"),
    ('{"refuse": "it is \'hidden\'\\n"}', 'ReturnAnswer(None, reason="it is \'hidden\'\\n")'),
])
def test_an_answer_becomes_a_cell(block: str, cell: str) -> None:
    assert read(block) == cell


@pytest.mark.parametrize(('block', 'fault'), [
    ('{}', 'lacks "value"'),
    ('{"value": null}', '"value" must be'),
    ('{"value": {"a": 1}}', '"value" must be'),
    ('{"value": [1, 2]}', '"value" must be'),
    ('{"value": [1, 2, "3"]}', '"value" must be'),
    ('{"value": [1, 2, true]}', '"value" must be'),
    ('{"value": NaN}', 'NaN is no number'),
    ('{"value": 1, "unit": 3}', '"unit" must be a text'),
    ('{"value": 1, "sigma": "big"}', '"sigma" must be a number'),
    ('{"value": 1, "sigma": true}', '"sigma" must be a number'),
    ('{"value": 1, "refuse": "no"}', "the key 'value'"),
    ('{"value": 1, "code": "x"}', "the key 'code'"),
    ('{"refuse": ""}', '"refuse" must be a text'),
    ('{"refuse": true}', '"refuse" must be a text'),
    ('0.4', 'is a number, expected one object'),
])
def test_a_malformed_answer_is_named(block: str, fault: str) -> None:
    with pytest.raises(ReplyError, match=fault):
        read(block)


def test_python_is_no_answer() -> None:
    with pytest.raises(ReplyError, match="marked 'python', expected 'json'"):
        INTERFACES['none'].read('```python\nReturnAnswer(1)\n```')
