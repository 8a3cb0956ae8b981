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


"""Reads Parquet column by column: what is asked for, never the pictures beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialclaw_ros.errors import DependencyError, InvalidRequestError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS = 256
BINARY_BATCH_ROWS = 8


@contextmanager
def open_parquet(path: Path, **options: Any) -> Iterator[pq.ParquetFile]:
    """A Parquet file, open while the context lasts.

    Raises:
        DependencyError: pyarrow is not installed.
        InvalidRequestError: the file is not there, or no Parquet, or turns out to be damaged while
            it is open.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise DependencyError(
            f"{path} is a Parquet file and needs pyarrow: pip install '.[eval]' in the folder of "
            'this package'
        ) from error
    try:
        with pq.ParquetFile(path, **options) as table:
            yield table
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise InvalidRequestError(
            f'{path} can not be read as Parquet ({error}); download it again') from error


def parquet_rows(
    path: Path, columns: Sequence[str], optional: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """Rows in the file's order, of these columns alone.

    Args:
        path: the file.
        columns: those that must be there.
        optional: those that may be absent; they are None then.

    Raises:
        InvalidRequestError: the file is not there, is no Parquet, or lacks a column.
    """
    with open_parquet(path) as table:
        there = set(table.schema_arrow.names)
        absent = [name for name in columns if name not in there]
        if absent:
            raise InvalidRequestError(
                f'{path} has no column {", ".join(absent)}; it has {", ".join(sorted(there))}')
        wanted = [*columns, *(name for name in optional if name in there)]
        empty = dict.fromkeys(optional)
        for batch in table.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
            yield from ({**empty, **row} for row in batch.to_pylist())


def picture_counts(path: Path, column: str) -> Iterator[int]:
    """How many pictures each row has embedded in a column: a list, or one that may be null.

    Of `{bytes, path}` only the paths are read; plain bytes are read past, a few rows at a time.

    Raises:
        InvalidRequestError: the file is not there, is no Parquet, or the column holds none.
    """
    with open_parquet(path, buffer_size=1 << 20) as table:
        leaf, is_plain = _light_leaf(table, column, path)
        batch_rows = BINARY_BATCH_ROWS if is_plain else BATCH_ROWS
        for batch in table.iter_batches(batch_size=batch_rows, columns=[leaf]):
            yield from _counts(batch.column(0))


def _light_leaf(table: pq.ParquetFile, column: str, path: Path) -> tuple[str, bool]:
    """The part of a column that tells how many pictures there are; whether it is their bytes."""
    import pyarrow.types as kinds

    schema = table.schema_arrow
    if column not in schema.names:
        raise InvalidRequestError(
            f'{path} has no column {column}; it has {", ".join(sorted(schema.names))}')
    kind = schema.field(column).type
    is_list = kinds.is_list(kind) or kinds.is_large_list(kind)
    item = kind.value_type if is_list else kind
    if kinds.is_binary(item) or kinds.is_large_binary(item):
        return column, True
    if not kinds.is_struct(item) or item.get_field_index('bytes') < 0:
        raise InvalidRequestError(
            f'{path}: {column} must hold pictures, as bytes or {{bytes, path}}, got {kind}')
    leaves = [table.schema.column(place).path for place in range(len(table.schema))]
    beside = [leaf for leaf in leaves if leaf.split('.')[0] == column and leaf.endswith('.path')]
    return (beside[0], False) if beside else (column, True)


def _counts(values: pa.Array) -> Iterator[int]:
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    if kinds.is_list(values.type) or kinds.is_large_list(values.type):
        yield from (length or 0 for length in pc.list_value_length(values).to_pylist())
    else:
        yield from (int(valid) for valid in values.is_valid().to_pylist())
