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

"""The snippets of docs/clients.md, run as they stand, one after another, beside a real node."""

from __future__ import annotations

import contextlib
import io

import pytest
from docs_pages import snippets

CODE = snippets('docs/clients.md', 'python')
SAYS = {0: '± 0.0', 1: 'it looked, and can not tell: ', 2: 'run 1 of ', 3: 'True', 4: '1'}


def test_each_snippet_says_something():
    assert len(CODE) == len(SAYS)


@pytest.mark.parametrize('number', SAYS)
def test_a_snippet_runs_as_it_stands(node, number):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(CODE[number].text, str(CODE[number]), 'exec'), {'__name__': '__main__'})
    assert SAYS[number] in said.getvalue()
