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



"""All that the host does with a worker's bytes, in one function, and valid bytes to start from.

`follow` stands for the rooms above the wire too: what passes the decoder reaches the perception
tools, the model's feedback, the agent's answer. Tests and fuzzers call it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
import numpy as np

from spatialclaw_ros.agent.answers import AnswerMismatchError, fit_answer
from spatialclaw_ros.agent.evidence import gather_evidence
from spatialclaw_ros.agent.feedback import feedback_text
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError, WireError
from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.memo import call_of, remember
from spatialclaw_ros.kernel.messages import (
    Answer,
    ArrayData,
    Begun,
    CellDone,
    Fault,
    FromWorker,
    Printed,
    Ready,
    Shown,
    StartFailed,
    ToolRequest,
    Variable,
)
from spatialclaw_ros.kernel.results import answer_of, image_of
from spatialclaw_ros.perception.tools import PerceptionTools
from spatialclaw_ros.sharing.memory import MemoryPool
from spatialclaw_ros.sharing.texts import clean_text
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellError, CellResult, VariableSummary
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question

VALID: tuple[FromWorker, ...] = (
    Ready(['landlock', 'seccomp', 'no_new_privs']),
    Begun(),
    StartFailed('no memory'),
    ToolRequest('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['cup'],
                            'n': [1, 2.5, None, True, -7, 2**63, {'a': 'b'}]},
                [ArrayData('image', '|u1', [2, 3, 3], bytes(18)),
                 ArrayData('points', '<f8', [1, 2], bytes(16))]),
    ToolRequest('segment', {'mode': 'box', 'frame_indices': [0], 'labels': ['cup']},
                [ArrayData('boxes', '<f4', [1, 4], np.array([0, 0, 3, 3], '<f4').tobytes())]),
    ToolRequest('segment', {'mode': 'points', 'frame_indices': [0], 'prompt_frame': 0},
                [ArrayData('points', '<f8', [1, 2], bytes(16)),
                 ArrayData('point_labels', '<i8', [1], b'\1' + bytes(7))]),
    ToolRequest('reconstruct', {'frame_indices': [0]}, []),
    ToolRequest('exists', {'frame_indices': [0], 'object_name': 'mug'}, []),
    ToolRequest('ocr', {'frame_index': 0}, []),
    Shown('overlay', 2, 4, bytes(24)),
    Printed('text\n'),
    Printed('line\n'),
    CellDone(1, 'text\n', Fault('ValueError', 'bad\nvalue', 3, 'cell 1, line 3'),
             [Variable('a', 'ndarray', '(3,) float64', 24)],
             Answer([1.0, 2.0, 3.0], 'm', np.arange(6.0).tobytes(), 'base_link', math.nan, '')),
    CellDone(2, '', None, [], Answer(True, None, None, None, 0.5, '')),
    CellDone(3, '', None, [], Answer('the red one', None, None, None, math.nan, '')),
    CellDone(4, '', None, [], Answer(0.412, 'm', None, None, 0.003, '')),
    CellDone(5, '', None, [], Answer(None, None, None, None, math.nan, 'it is not there'), True),
)
ENCODED: tuple[bytes, ...] = tuple(wire.encode(message) for message in VALID)
WORDS = sorted({
    *(field for message in VALID for field in message.__struct_fields__),
    *(field for kind in (ArrayData, Variable, Fault, Answer) for field in kind.__struct_fields__),
    *(str(message.__struct_config__.tag) for message in VALID),
    'type', '<f8', '|u1', 'mode', 'prompts', 'frame_indices', 'text', 'box', 'points'})

_OBSERVATION = Observation(
    (Frame(0, 'front', 0, 'front_optical', np.zeros((4, 4, 3), np.uint8), None, None, None),),
    world_frame='odom', base_frame='base_link', missing=(), transforms={})
_QUESTIONS = tuple(Question('which?', kind, ('red', 'blue') if kind == AnswerType.CHOICE else ())
                   for kind in AnswerType)


class _Refusing:
    """Perception that looks at a checked request and finds nothing in it."""

    name = 'refusing'

    def segment(self, *_: object) -> None:
        raise PerceptionError('nothing is found')

    def reconstruct(self, *_: object) -> None:
        raise PerceptionError('nothing is found')

    def read(self, *_: object) -> list[object]:
        return []


_pool = MemoryPool(0)
_tools = PerceptionTools(_Refusing(), _Refusing(), _Refusing())  # type: ignore[arg-type]


def follow(payload: bytes | bytearray | memoryview) -> FromWorker | None:
    """Take a message as far as its content goes; None for one that the decoder refused."""
    complaint, message = '', None
    try:
        message = wire.decode_from_worker(payload)
    except WireError as error:
        complaint = str(error)
    if message is None:
        assert 0 < len(complaint) < 1000
        assert_clean(complaint)
        return None
    assert all(text == clean_text(text) for text in texts_of(message))
    if isinstance(message, ToolRequest):
        _follow_call(message, payload)
    elif isinstance(message, Shown):
        image = image_of(message).array
        assert image.shape == (message.height, message.width, 3)
        assert not image.flags.writeable
    elif isinstance(message, CellDone):
        _follow_end(message)
    return message


def _follow_call(message: ToolRequest, payload: bytes | bytearray | memoryview) -> None:
    call = call_of(message)
    assert all(array.nbytes <= len(payload) for array in call.arrays.values())
    assert all(not array.flags.writeable for array in call.arrays.values())
    result = _tools.handle(_OBSERVATION, ToolCall(call.tool, call.args, call.arrays), Deadline())
    remembered = remember(call, ToolResult(error=result.error), _pool)
    again = wire.decode_from_worker(payload)
    assert isinstance(again, ToolRequest)
    assert remembered.matches(call_of(again))


def _follow_end(message: CellDone) -> None:
    answer = answer_of(message.answer)
    fault = message.error
    result = CellResult(
        stdout=message.stdout,
        error=None if fault is None else CellError(
            fault.kind, fault.message, fault.line, fault.traceback),
        variables=tuple(VariableSummary(v.name, v.type, v.text, v.nbytes)
                        for v in message.variables),
        answer=answer)
    assert_clean(feedback_text(result, 'Left: 1 step.'))
    if answer is None:
        return
    gather_evidence((), answer)
    if answer.value is None:
        return
    for question in _QUESTIONS:
        try:
            assert_clean(fit_answer(question, answer).text)
        except AnswerMismatchError as error:
            assert_clean(str(error))


def texts_of(value: object) -> Iterator[str]:
    """Every text in a message, keys and names of arrays too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from texts_of(getattr(value, field))
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_of(key)
            yield from texts_of(item)


def assert_clean(text: str) -> None:
    """A log, a terminal and a ROS string can take it."""
    assert text == clean_text(text)
    text.encode()
