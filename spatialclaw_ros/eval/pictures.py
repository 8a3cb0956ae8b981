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


"""Reads a picture, from a file or out of a Parquet table, as RGB of a bounded size."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.records import ImageFile, TableImage
from spatialclaw_ros.eval.tables import open_parquet

STREAM_BYTES = 1 << 20


def read_picture(picture: ImageFile | TableImage, max_edge: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB, its long edge at most `max_edge` pixels.

    Raises:
        InvalidRequestError: it is not there, or no picture.
    """
    if isinstance(picture, TableImage):
        where = (f'{picture.path}, row {picture.row}, column {picture.column}, '
                 f'picture {picture.item}')
        return _decoded(_embedded(picture, where), where, max_edge)
    return read_image_file(picture.path, max_edge)


def read_image_file(path: str, max_edge: int) -> np.ndarray:
    """The same for the path of a file."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InvalidRequestError(
            f'the picture {path} is not there ({error.strerror}): put it there, or unpack the '
            'archive that holds it') from error
    return _decoded(data, path, max_edge)


def fit_rgb(bgr: np.ndarray, max_edge: int) -> np.ndarray:
    """A BGR picture as RGB, made smaller where its long edge is over `max_edge`; aspect is kept."""
    height, width = bgr.shape[:2]
    scale = max_edge / max(height, width)
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _decoded(data: bytes, where: str, max_edge: int) -> np.ndarray:
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:  # larger than OpenCV reads
        raise InvalidRequestError(f'{where} can not be decoded: {error.err}') from error
    if bgr is None:
        raise InvalidRequestError(
            f'{where} holds {len(data)} bytes that are no picture OpenCV reads; download it again')
    return fit_rgb(bgr, max_edge)


def _embedded(picture: TableImage, where: str) -> bytes:
    """The bytes of one picture; rows before it are read past, not kept."""
    cell = _cell(picture.path, picture.row, picture.column)
    items = cell if isinstance(cell, list) else [cell]
    if not 0 <= picture.item < len(items):
        raise InvalidRequestError(f'{where}: the row has {len(items)} pictures there')
    item = items[picture.item]
    data = item.get('bytes') if isinstance(item, dict) else item
    if not isinstance(data, bytes):
        raise InvalidRequestError(
            f'{where}: expected bytes or {{bytes, path}}, got {type(data).__name__}')
    return data


@lru_cache(maxsize=1)
def _cell(path: str, row: int, column: str) -> Any:
    """What stands there; the last one is kept, for a row's pictures are asked for one by one."""
    with open_parquet(Path(path), buffer_size=STREAM_BYTES) as table:
        before = 0
        for group in range(table.num_row_groups):
            rows = table.metadata.row_group(group).num_rows
            if row < before + rows:
                batches = table.iter_batches(
                    batch_size=1, row_groups=[group], columns=[column])
                for place, batch in enumerate(batches, start=before):
                    if batch.num_columns != 1:
                        break
                    if place == row:
                        return batch.column(0)[0].as_py()
            before += rows
    raise InvalidRequestError(f'{path} has no row {row} with a column {column}')
