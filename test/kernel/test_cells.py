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


"""What one cell after the other gives back."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import DeadlineExceededError, KernelError
from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession
from spatialclaw_ros.kernel.memo import remember
from spatialclaw_ros.kernel.messages import MAX_ARGS_NODES
from spatialclaw_ros.sharing.memory import MemoryPool
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellResult
from spatialclaw_ros.workspace.observation import Observation


def fine(result: CellResult) -> CellResult:
    """The result of a cell that must not fail."""
    assert result.error is None, result.error
    return result


def test_state_persists(session: KernelSession) -> None:
    fine(session.run('import math\na = 3\ndef double(x):\n    return 2 * x'))
    fine(session.run('class P:\n    def __init__(self, x): self.x = x\np = P(double(a))'))
    assert fine(session.run('print(p.x, math.pi > 3)')).stdout == '6 True\n'
    assert session.variables == ('a', 'p')


def test_frames_are_the_hosts(session: KernelSession, observation: Observation) -> None:
    result = fine(session.run(
        'for image in InputImages:\n'
        '    print(image.frame_index, image.array.shape, int(image.array.mean()), image.camera,\n'
        '          image.frame_id, image.stamp_s, image.array.flags.writeable)'))
    expected = ''.join(
        f'{f.index} {f.image.shape} {10 * f.index} front front_optical {f.stamp_s} False\n'
        for f in observation.frames)
    assert result.stdout == expected
    assert 'gripper' in fine(session.run('print(tools.TF.frames())')).stdout


def test_frames_cannot_be_written(session: KernelSession) -> None:
    result = session.run('InputImages[0].array[0] = 1')
    assert result.error is not None
    assert result.error.kind == 'ValueError'
    result = session.run('InputImages[0].array.flags.writeable = True')
    assert result.error is not None


def test_warnings_and_last_expression_are_printed(session: KernelSession) -> None:
    assert fine(session.run('x = 2\nx + 1')).stdout == '3\n'
    assert fine(session.run('None')).stdout == ''
    assert 'careful' in fine(session.run('import warnings\nwarnings.warn("careful")')).stdout


@pytest.mark.parametrize(('code', 'kind', 'line', 'words'), [
    ('x = 1\ny = 2\nz = x / 0', 'ZeroDivisionError', 3, 'division'),
    ('def f(a):\n    return a[9]\n\nf([1])', 'IndexError', 2, 'range'),
    ('import numpy as np\nnp.linalg.inv(np.zeros((2, 2)))', 'LinAlgError', 2, 'Singular'),
    ('\n\nundefined', 'NameError', 3, 'undefined'),
    ('raise KeyboardInterrupt("k")', 'KeyboardInterrupt', 1, 'k'),
    ('raise SystemExit(3)', 'SystemExit', 1, '3'),
    ('class E(BaseException):\n    def __str__(self): raise ValueError\nraise E', 'E', 3, 'text'),
    ('def f(): f()\nf()', 'RecursionError', 1, 'recursion'),
    ('import os', 'GateError', 1, 'os'),
    ('x = = 1', 'SyntaxError', 1, 'invalid'),
    ('tools.Reconstruct.Reconstruct([99])', 'FrameMismatchError', 1, '99'),
])
def test_errors_have_the_cells_own_line(
    session: KernelSession, code: str, kind: str, line: int | None, words: str,
) -> None:
    error = session.run(code).error
    assert error is not None
    assert (error.kind, error.line) == (kind, line)
    assert words in error.message
    assert 'spatialclaw_ros/' not in error.traceback
    assert 'runner.py' not in error.traceback
    assert fine(session.run('print("alive")')).stdout == 'alive\n'


def test_error_in_an_earlier_cells_function(session: KernelSession) -> None:
    fine(session.run('def half(x):\n    return x / 0'))
    error = session.run('a = 1\nhalf(a)').error
    assert error is not None
    assert error.line == 2
    assert 'cell 1, line 2, in half: return x / 0' in error.traceback
    assert fine(session.run('print(a)')).stdout == '1\n'


SUMMARIES = {
    'a = 3': ('int', '3'),
    'a = 10 ** 400': ('int', 'bits'),
    'a = 0.5': ('float', '0.5'),
    'a = "text"': ('str', "'text'"),
    'a = "x" * 10**7': ('str', 'length 10000000'),
    'a = np.zeros((4, 5), np.float32)': ('ndarray', '(4, 5) float32, from 0 to 0'),
    'a = np.array([1.0, np.nan, 3.0] * 9)': ('ndarray', 'from 1 to 3, 33.3% not finite'),
    'a = np.array([1, 2])': ('ndarray', '[1, 2]'),
    'a = np.ones((9, 9), bool)': ('ndarray', '100.0% True'),
    'a = np.zeros(0)': ('ndarray', '(0,) float64'),
    'a = np.arange(4 * 10**7, dtype=np.uint8)': ('ndarray', 'sampled'),
    'a = np.array([object()])': ('ndarray', 'object'),
    'a = np.float32(2)': ('float32', '2.0 (float32)'),
    'a = [1, 2.0, "c"]': ('list', "[1, 2.0, 'c'] length 3"),
    'a = list(range(10**6))': ('list', 'length 1000000'),
    'a = {"k": np.ones(3)}': ('dict', "{'k': (3,) float64"),
    'a = []\na.append(a)': ('list', 'length 1'),
    'a = collections.Counter("aab")': ('Counter', 'length 2'),
    'a = InputImages[1]': ('FrameImage', ''),
    'class H:\n    def __repr__(self):\n        while True: pass\na = H()': ('H', '<H>'),
    'class L(list):\n    def __len__(self): raise ValueError\na = L()': ('L', '<L>'),
    'class A(np.ndarray):\n    def __repr__(self): 1 / 0\na = np.ones(3).view(A)': ('A', '<A>'),
}


@pytest.mark.parametrize('code', SUMMARIES)
def test_summaries(session: KernelSession, code: str) -> None:
    result = fine(session.run(code))
    found = {variable.name: variable for variable in result.variables}
    kind, words = SUMMARIES[code]
    assert found['a'].type == kind
    assert words in found['a'].text
    assert len(found['a'].text) <= 400
    assert result.duration_s < 5.0


def test_only_new_and_changed_variables_are_reported(session: KernelSession) -> None:
    def names(code: str) -> set[str]:
        return {variable.name for variable in fine(session.run(code)).variables}

    assert names('a = [1]\nb = np.zeros(3)\nc = {}\n_hidden = 1\nimport math as m') == {
        'a', 'b', 'c'}
    assert names('print(a, b)') == set()
    assert names('a.append(2)\nb[0] = 5\nc["k"] = 1') == {'a', 'b', 'c'}
    assert names('a = a') == set()
    assert names('d = a') == {'d'}
    assert names('del d') == set()
    assert len(names('for i in range(500):\n    globals()[f"v{i}"] = i')) == 200


def test_nbytes(session: KernelSession) -> None:
    (variable,) = fine(session.run('a = np.zeros((480, 640, 3), np.float32)')).variables
    assert variable.nbytes == 480 * 640 * 3 * 4


def test_long_output_keeps_head_and_tail(session: KernelSession) -> None:
    result = fine(session.run('for i in range(60_000):\n    print("line", i)'))
    assert len(result.stdout) <= 64 * 1024
    assert result.stdout.startswith('line 0\nline 1\n')
    assert result.stdout.endswith('line 59999\n')
    assert 'characters left out' in result.stdout
    assert fine(session.run('print("x" * 10**7)')).stdout.count('x') > 60_000
    assert fine(session.run('print("\\ud800")')).stdout == '\\ud800\n'


def test_show_and_figures(session: KernelSession) -> None:
    result = fine(session.run(
        'show(InputImages[1], label="one")\n'
        'plt.plot([1, 2])\nplt.title("curve")\nplt.show()\n'
        'show(np.full((3000, 4000, 3), 7, np.uint8), label="large")'))
    one, curve, large = result.images
    assert one.label == 'one'
    np.testing.assert_array_equal(one.array, np.full((48, 64, 3), 10, np.uint8))
    assert 'curve' in curve.label
    assert 0 < curve.array.mean() < 255
    assert large.array.shape[0] * large.array.shape[1] <= 4_000_000
    assert np.all(large.array == 7)
    assert fine(session.run('1')).images == ()


def test_too_many_pictures(session: KernelSession) -> None:
    result = session.run('for i in range(20):\n    show(InputImages[0])')
    assert result.error is not None
    assert '16 pictures' in result.error.message
    assert len(result.images) == 16


@pytest.mark.parametrize(('call', 'value', 'unit'), [
    ('ReturnAnswer(0.25, unit="m", sigma=0.01)', 0.25, 'm'),
    ('ReturnAnswer(3)', 3.0, None),
    ('ReturnAnswer(True)', True, None),
    ('ReturnAnswer("red")', 'red', None),
    ('ReturnAnswer(np.float32(0.5), unit="m")', 0.5, 'm'),
    ('ReturnAnswer([1, 2, 3], unit="m", frame="gripper")', [1.0, 2.0, 3.0], 'm'),
])
def test_answers(session: KernelSession, call: str, value: object, unit: str | None) -> None:
    answer = fine(session.run(call)).answer
    assert answer is not None
    assert answer.unit == unit
    if isinstance(value, list):
        np.testing.assert_array_equal(answer.value, value)
        assert answer.frame == 'gripper'
    else:
        assert answer.value == value
        assert type(answer.value) is type(value)


def test_a_cell_answers_once(session):
    result = session.run('ReturnAnswer(1.0)\nReturnAnswer(2.0)')
    assert result.error is not None
    assert result.error.line == 2
    assert 'twice in this cell' in result.error.message
    assert fine(session.run('ReturnAnswer(3.0)')).answer.value == 3.0


def test_answer_evidence_and_refusal(session: KernelSession) -> None:
    answer = fine(session.run('ReturnAnswer(1.0, unit="m", points=[[0, 0, 0], [1, 0, 0]])')).answer
    assert answer is not None
    np.testing.assert_array_equal(answer.points, [[0, 0, 0], [1, 0, 0]])
    assert math.isnan(answer.sigma)
    answer = fine(session.run('ReturnAnswer(None, reason="the cup is hidden")')).answer
    assert answer is not None
    assert answer.value is None
    assert answer.reason == 'the cup is hidden'
    assert fine(session.run('1')).answer is None


def test_tool_calls_carry_arrays_both_ways(kernel: Kernel, session: KernelSession, host) -> None:
    result = fine(session.run(
        'recon = tools.Reconstruct.Reconstruct(InputImages)\n'
        'print(recon.depth[2].mean(), recon.depth[2].dtype, recon.points[1].shape)\n'
        'lines = tools.OCR.read(np.full((8, 9, 3), 50, np.uint8))\nprint(lines[0].text)'))
    assert result.stdout == '3.0 float32 (48, 64, 3)\nmean 50.000\n'
    assert result.tool_calls == 2
    assert [call.tool for call in host.calls] == ['reconstruct', 'ocr']
    assert host.calls[1].arrays['image'].shape == (8, 9, 3)
    assert not host.calls[1].arrays['image'].flags.writeable
    (_, first), (call, second) = session.tool_log
    assert call is host.calls[1]
    assert second.values['lines'][0]['text'] == 'mean 50.000'
    session.close()
    np.testing.assert_array_equal(first.arrays['depth_2'], np.full((48, 64), 3.0, np.float32))


def test_tool_errors_reach_the_cell(session: KernelSession) -> None:
    result = session.run('vlm.locate(InputImages[0], "cup")')
    assert result.error is not None
    assert result.error.kind == 'PerceptionError'
    assert 'reconstruct and ocr' in result.error.message
    assert result.error.line == 1


def test_tool_calls_are_bounded(session: KernelSession) -> None:
    result = session.run(
        'n = 0\nwhile True:\n    tools.OCR.read(InputImages[0])\n    n += 1')
    assert result.error is not None
    assert '40 tool calls' in result.error.message
    assert fine(session.run('print(n)')).stdout == '40\n'


def test_host_tool_time_does_not_count_against_the_cell(hasty: KernelSession, host) -> None:
    import time
    host.before = lambda call: time.sleep(1.3)
    result = fine(hasty.run('tools.OCR.read(InputImages[0])'))
    assert result.duration_s > 1.3
    assert not result.restarted


def test_tool_that_runs_out_of_the_querys_time(session: KernelSession, host) -> None:
    deadline = Deadline(60.0)

    def late(call: object) -> None:
        raise DeadlineExceededError('out of time during segmentation')

    fine(session.run('a = 1'))
    host.before = late
    with pytest.raises(DeadlineExceededError):
        session.run('b = 1\ntools.OCR.read(InputImages[0])', deadline)
    result = fine(session.run('print(a, "b" in globals())'))
    assert result.stdout == '1 False\n'
    assert result.restarted


def test_closed_sessions_and_kernels_say_so(kernel: Kernel, observation, host) -> None:
    session = kernel.open(observation, host)
    session.close()
    session.close()
    with pytest.raises(KernelError, match='closed'):
        session.run('1')
    other = Kernel()
    other.close()
    with pytest.raises(KernelError, match='closed'):
        other.open(observation, host)


@pytest.mark.parametrize('bound', ['cell_timeout_s', 'memory_bytes', 'cpu_s'])
def test_limits_are_checked(bound: str) -> None:
    with pytest.raises(ValueError, match=bound):
        KernelLimits(**{bound: 0})
    with pytest.raises(ValueError, match=bound):
        KernelLimits(**{bound: math.nan})


def test_too_much_for_a_tool_is_an_error_of_the_cell(session: KernelSession) -> None:
    session.run('a = 5')
    result = session.run('tools.SAM3(InputImages[0], ["cup"] * 30_000)')
    assert result.error is not None
    assert result.error.kind == 'ValueError'
    assert f'more than {MAX_ARGS_NODES} values; give the tool less' in result.error.message
    assert not result.restarted
    assert session.run('print(a)').stdout == '5\n'


def test_many_points_of_an_answer_are_thinned_evenly(session: KernelSession) -> None:
    result = session.run(
        'p = np.zeros((30_001, 3)); p[:, 0] = range(30_001); ReturnAnswer(1.0, points=p)')
    assert result.answer is not None
    assert result.answer.points is not None
    assert 5_000 < len(result.answer.points) <= 10_000
    assert result.answer.points[-1, 0] > 29_990


def test_a_remembered_call_counts_what_it_brought() -> None:
    call = ToolCall('segment', {}, {'image': np.zeros((10, 10, 3), np.uint8)})
    result = ToolResult({}, {'masks_0': np.zeros((1, 8, 8), bool)})
    remembered = remember(call, result, MemoryPool(0))
    assert (remembered.nbytes, remembered.asked_bytes) == (64, 300)


def test_a_pool_keeps_nothing_of_the_last_query_and_nothing_when_closed() -> None:
    pool = MemoryPool(2**20)
    file = pool.borrow(8192)
    file.buffer[:] = b'x' * 8192
    pool.give_back(file)
    again = pool.borrow(5000)
    assert again is file
    assert bytes(again.buffer[5000:]) == bytes(3192)
    pool.close()
    pool.give_back(again)
    assert pool.free_bytes == 0
    with pytest.raises(OSError, match='descriptor'):
        os.fstat(again.fd)


def test_a_missing_package_names_those_there_are(session: KernelSession) -> None:
    result = session.run('from sklearn.cluster import DBSCAN')
    assert result.error is not None
    assert "No module named 'sklearn'; there are numpy, scipy" in result.error.message


def test_a_pool_lets_go_what_somebody_still_reads() -> None:
    pool = MemoryPool(2**20)
    call = ToolCall('segment', {}, {})
    result = ToolResult({}, {'masks_0': np.ones((1, 2000, 1000), bool)})
    too_large = remember(call, result, pool).file
    assert too_large is not None
    pool.give_back(too_large)
    assert pool.free_bytes == 0
    pool = MemoryPool(2**22)
    for kept in (False, True):
        remembered = remember(call, result, pool)
        held = remembered.result.arrays['masks_0'][0, 5:] if kept else None
        file = remembered.file
        assert file is not None
        del remembered
        pool.give_back(file)
        assert (pool.free_bytes > 0) == (held is None)
    assert held is not None
    assert held.all()
    pool.close()
