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

"""Values that a stranger sends: JSON's own types, few and shallow, with texts for keys."""

from __future__ import annotations

from typing import Annotated, Any, Union

from msgspec import Meta


def json_object(depth: int, items: int, keys: int, key_chars: int) -> Any:
    """For msgspec: a dict of values that are bounded in the decoder, before they cost memory.

    Keys of other types would be hashed without a salt: a sender can choose thousands of pairs of
    numbers with one hash, and a table of them takes minutes to fill.

    Args:
        depth: how deep values may be nested, the dict itself included.
        items: of one list.
        keys: of one dict.
        key_chars: of one key.
    """
    plain = Union[None, bool, int, float, str]  # noqa: UP007
    key = Annotated[str, Meta(max_length=key_chars)]
    nested: Any = plain
    for _ in range(depth - 1):
        nested = Union[  # noqa: UP007
            plain, Annotated[list[nested], Meta(max_length=items)],
            Annotated[dict[key, nested], Meta(max_length=keys)]]
    return Annotated[dict[key, nested], Meta(max_length=keys)]
