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


"""Rows of a published file, with errors that name the file, the row and the field."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.tables import parquet_rows

_LETTERED = re.compile(r'\s*\(?([A-Z])[.:)]\s*(.*)', re.DOTALL)


class Row:
    """One row: its fields, checked as they are read.

    Args:
        file: where it stands.
        number: its place there, from 0.
        values: field to value.
    """

    def __init__(self, file: Path, number: int, values: Mapping[str, Any]) -> None:
        self.file = file
        self.number = number
        self._values = values

    def wrong(self, field: str, expected: str, came: Any) -> InvalidRequestError:
        """The error for a field that is not as published."""
        return InvalidRequestError(
            f'{self.file}, row {self.number}: {field} must be {expected}, got {came!r:.200}')

    def get(self, field: str) -> Any:
        """A field's value, which may be None but must be there."""
        if field not in self._values:
            raise InvalidRequestError(
                f'{self.file}, row {self.number}: expected the field {field}; there are '
                f'{", ".join(sorted(self._values))}')
        return self._values[field]

    def maybe(self, field: str) -> Any:
        """A field's value; None where it is not there."""
        return self._values.get(field)

    def text(self, field: str) -> str:
        """A text that is not empty; a whole number, such as an id, becomes one."""
        value = self.get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, 'a text', value)
        return value

    def number_of(self, field: str) -> float:
        """A finite number; a text that is one is read."""
        value = self.get(field)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number):
            raise self.wrong(field, 'a number', value)
        return number

    def letter(self, field: str) -> str:
        """A letter: "A", "(A)", or that of an option such as "A. text"."""
        value = self.get(field)
        letter = value.strip() if isinstance(value, str) else ''
        lettered = _LETTERED.fullmatch(letter)
        letter = lettered[1] if lettered else letter.strip('().').upper()
        if len(letter) != 1 or letter not in ascii_uppercase:
            raise self.wrong(field, 'a letter', value)
        return letter

    def texts(self, field: str) -> tuple[str, ...]:
        """Texts of a list without its nulls and blanks; see `_list`."""
        return tuple(each for each in self._list(field) if each)

    def options(self, field: str) -> tuple[str, ...]:
        """Options of a list, without their letters; a null keeps its place, as '', but at the end.

        See `_list`, and `plain_options`.
        """
        return plain_options(self._list(field))

    def lines(self, field: str) -> tuple[str, ...]:
        """Options of a text with a line for each, or more where lines begin with letters."""
        lines = [line.strip() for line in self.text(field).split('\n') if line.strip()]
        begins = [place for place, line in enumerate(lines) if _LETTERED.fullmatch(line)]
        if begins[:1] == [0]:
            lines = [' '.join(lines[place:after])
                     for place, after in zip(begins, [*begins[1:], len(lines)])]
        return plain_options(lines)

    def _list(self, field: str) -> list[str]:
        """Texts of a list; '' for what is null or blank; a JSON text of a list is read."""
        value = self.maybe(field)
        if isinstance(value, str) and value.lstrip().startswith('['):
            value = self.json(field)
        if value is None or (isinstance(value, float) and math.isnan(value)) or value == '':
            return []
        if not isinstance(value, list) or not all(
                each is None or isinstance(each, str) for each in value):
            raise self.wrong(field, 'a list of texts', value)
        return [each if each and each.strip() else '' for each in value]

    def json(self, field: str) -> Any:
        """What a JSON text holds; what is no text is as it is."""
        value = self.get(field)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise self.wrong(field, f'JSON ({error})', value) from error


def json_rows(file: Path, key: str = '') -> Iterator[Row]:
    """Rows of a JSON list, or of the list under a key."""
    try:
        content = json.loads(_content(file))
    except ValueError as error:
        raise InvalidRequestError(f'{file} is no JSON ({error}); download it again') from error
    if key:
        if not isinstance(content, dict) or key not in content:
            raise InvalidRequestError(f'{file} must hold an object with the list {key!r}')
        content = content[key]
    if not isinstance(content, list):
        raise InvalidRequestError(f'{file} must hold a list, got {type(content).__name__}')
    return _objects(file, content)


def jsonl_rows(file: Path) -> Iterator[Row]:
    """Rows of a file with a JSON object in each line."""
    # not splitlines: a text may hold U+2028 and its like
    for number, line in enumerate(filter(str.strip, _content(file).split('\n'))):
        try:
            yield from _objects(file, [json.loads(line)], number)
        except ValueError as error:
            raise InvalidRequestError(f'{file}, row {number}: no JSON ({error})') from error


def csv_rows(file: Path) -> Iterator[Row]:
    """Rows of a CSV file whose first line names the fields."""
    lines = csv.DictReader(io.StringIO(_content(file), newline=''))
    try:
        for number, row in enumerate(lines):
            yield Row(file, number, {name: value for name, value in row.items()
                                     if name is not None})
    except csv.Error as error:
        raise InvalidRequestError(f'{file}, line {lines.line_num}: no CSV ({error})') from error


def table_rows(
    file: Path, columns: Sequence[str], optional: Sequence[str] = (),
) -> Iterator[Row]:
    """Rows of a Parquet file, of these columns alone."""
    return (Row(file, number, row)
            for number, row in enumerate(parquet_rows(file, columns, optional)))


def _objects(file: Path, items: Sequence[Any], first: int = 0) -> Iterator[Row]:
    for number, item in enumerate(items, start=first):
        if not isinstance(item, dict):
            raise InvalidRequestError(
                f'{file}, row {number}: expected an object, got {item!r:.200}')
        yield Row(file, number, item)


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f'{file} can not be read: {error}') from error


def plain_options(options: Sequence[str]) -> tuple[str, ...]:
    """Options without their letters, where all have them and the letters rise from A.

    "A. text" and "(A) text" have one. Each stands in its letter's place then, for references are
    letters; '' stands where there is none.
    """
    texts = [option.strip() for option in options]
    while texts and not texts[-1]:
        texts.pop()
    found = {each[1]: each[2].strip() for text in texts if (each := _LETTERED.fullmatch(text))}
    if list(found) != sorted(found) or 'A' not in found or len(found) < sum(map(bool, texts)):
        return tuple(texts)
    return tuple(found.get(letter, '') for letter in ascii_uppercase[:ord(max(found)) - 64])
