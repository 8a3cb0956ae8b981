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


"""Made-up files in the formats in which benchmarks are published."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spatialclaw_ros.eval.benchmarks import BENCHMARKS, Benchmark
from spatialclaw_ros.eval.records import ImageFile, Images, Question, Said, TableImage

EMBEDDED = pa.struct([('bytes', pa.binary()), ('path', pa.string())])
FPS = 10.0


@cache
def png(width: int = 4, height: int = 2, rgb: tuple[int, int, int] = (200, 20, 10)) -> bytes:
    """A picture of one colour."""
    image = np.full((height, width, 3), rgb[::-1], np.uint8)
    return cv2.imencode('.png', image)[1].tobytes()


def embedded(*pictures: bytes) -> list[dict[str, Any]]:
    """Pictures as a row of Hugging Face's image lists."""
    return [{'bytes': picture, 'path': None} for picture in pictures]


def put(path: Path, content: bytes | str | object) -> None:
    """Write bytes, a text, or anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))


def put_table(
    path: Path, rows: Sequence[Mapping[str, Any]], types: Mapping[str, pa.DataType] | None = None,
) -> None:
    """Write rows as Parquet, two to a group; `types` are those of columns that need one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: pa.array([row[name] for row in rows], (types or {}).get(name))
               for name in rows[0]}
    pq.write_table(pa.table(columns), path, row_group_size=2)


def put_video(path: Path, frames: int) -> None:
    """Write an MP4 at 10 Hz; the grey of frame i is 10 i."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), FPS, (64, 32))
    for index in range(frames):
        writer.write(np.full((32, 64, 3), 10 * index, np.uint8))
    writer.release()


def table_images(path: Path, row: int, column: str, count: int) -> Images:
    """The pictures of a list column, as records."""
    return Images(pictures=tuple(
        TableImage(path=str(path), row=row, column=column, item=item) for item in range(count)))


def images(folder: Path, *names: str) -> Images:
    """Picture files, as records."""
    return Images(pictures=tuple(ImageFile(path=str(folder / name)) for name in names))


def said(answer: str | float | bool | None) -> Said:
    """What came back: an answer, or a refusal."""
    if answer is None:
        return Said(status='REFUSED', message='not seen')
    return Said(status='OK', value=answer, text=str(answer))


def make_sets(
    writers: Mapping[str, Callable[[Path], list[Question]]], folders: pytest.TempPathFactory,
) -> dict[str, tuple[list[Question], Benchmark]]:
    """Write each benchmark into a folder of its own: the questions it has, and the benchmark."""
    sets = {}
    for name, write in writers.items():
        folder = folders.mktemp(name)
        sets[name] = (write(folder), BENCHMARKS[name](folder))
    return sets
