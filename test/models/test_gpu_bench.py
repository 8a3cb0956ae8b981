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


"""`scripts/gpu_bench.py` in tiny sizes: rows of every kind, its page, and calls that fail."""

from __future__ import annotations

import contextlib
import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spatialclaw_ros.errors import ModelMemoryError

SCRIPTS = Path(__file__).resolve().parents[2] / 'scripts'


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module('gpu_bench')


@pytest.fixture
def page_of_it(bench: Any) -> Any:
    return importlib.import_module('gpu_bench_page')


def test_tiny_sizes_fill_the_marked_block_of_a_page(
        bench: Any, page_of_it: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / 'page.md'
    page.write_text(f'before\n{page_of_it.BEGIN}\nold\n{page_of_it.END}\nafter\n')
    assert bench.main(['--tiny', '--seconds', '0.1', '--into', str(page)]) == 0
    text = page.read_text()
    assert text.startswith(f'before\n{page_of_it.BEGIN}\nMeasured on a CPU (torch ')
    assert text.endswith(f'{page_of_it.END}\nafter\n')
    assert 'old' not in text
    rows = json.loads((tmp_path / 'gpu_bench.json').read_text())
    assert {(row['model'], row['call']) for row in rows} == {
        ('sam3', 'text, 1 images'), ('sam3', 'text, 2 images'), ('sam3', 'box, video'),
        ('da3-small', '1 views'), ('da3-small', '3 views')}
    for row in rows:
        assert row['note'] == '', row
        assert row['calls'] >= 1
        assert row['median_ms'] > 0
        assert 0 < row['weights_mib'] < 100
        assert f'| {row["call"]} |' in text
    assert capsys.readouterr().out.count('| da3-small |') == 2


def test_what_fails_is_a_row_that_says_so(bench: Any) -> None:
    taken = bench.Bench('cpu', 0.0, time.monotonic() + 60)
    closed = []

    @contextlib.contextmanager
    def large() -> Iterator[tuple[float, list[Any]]]:
        def fail() -> None:
            raise ModelMemoryError('8 views: 3 GiB asked, 1 GiB free')

        try:
            yield 5.0, [bench.Call('8 views', fail), bench.Call('1 views', lambda: None)]
        finally:
            closed.append(True)

    @contextlib.contextmanager
    def absent() -> Iterator[tuple[float, list[Any]]]:
        raise RuntimeError('no kernel | for this device')
        yield 0.0, []

    taken.measure('m', 'bf16', False, ['8 views', '1 views'], large)
    taken.measure('n', 'fp16', True, ['1 views'], absent)
    late = bench.Bench('cpu', 0.0, 0.0)
    late.measure('m', 'bf16', False, ['1 views'], large)
    told = {(row.model, row.call): row for row in taken.rows}
    assert told['m', '8 views'].note.startswith('out of memory: ModelMemoryError: 8 views: 3')
    assert told['m', '1 views'].median_ms is not None
    assert told['n', '1 views'].note == 'RuntimeError: no kernel / for this device'
    assert late.rows[0].note == 'not run: out of time'
    assert closed == [True]
    page = bench.report([*taken.rows, *late.rows], 'cpu')
    assert '| m | bf16 |  | 8 views | 5 |  |  |  |  | out of memory: ' in page


def test_what_was_measured_before_a_fault_is_written(
        bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def masks(taken: Any, tiny: bool, folder: Path) -> None:
        taken.rows.append(bench.Row('sam3', 'fp32', False, 'text', note='measured'))

    def depth(taken: Any, tiny: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, 'masks_cases', masks)
    monkeypatch.setattr(bench, 'depth_cases', depth)
    monkeypatch.setattr('tiny_sam3.tiny_sam3', lambda folder: folder)
    with pytest.raises(KeyboardInterrupt):
        bench.main(['--tiny', '--into', str(tmp_path / 'page.md')])
    assert 'measured' in (tmp_path / 'page.md').read_text()


def test_without_a_gpu_it_says_what_to_do(
        bench: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    assert bench.main([]) == 1
    assert '--tiny' in capsys.readouterr().err
