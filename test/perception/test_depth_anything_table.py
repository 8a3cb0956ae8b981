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



"""The page tells of every variant what the table in the code says, without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.depth_anything import VARIANTS, Variant
from spatialclaw_ros.perception.depth_anything.options import Options


@pytest.mark.parametrize('variant', VARIANTS.values(), ids=list(VARIANTS))
def test_every_variant_on_the_page(repository: Path, variant: Variant) -> None:
    page = (repository / 'docs' / 'perception.md').read_text(encoding='utf-8')
    rows = [line for line in page.splitlines() if line.startswith(f'| `{variant.name}`')]
    assert len(rows) == 1
    assert f'| `{variant.repository}` | {variant.parameters_m} | {variant.licence} |' in rows[0]
    assert ('(default)' in rows[0]) == (variant.name == PerceptionConfig().depth.model)
    assert ('not for commercial use' in rows[0]) == (not variant.is_commercial)


@pytest.mark.parametrize('option', Options.__struct_fields__)
def test_every_option_on_the_page(repository: Path, option: str) -> None:
    assert f'`{option}`' in (repository / 'docs' / 'perception.md').read_text(encoding='utf-8')


def test_the_table_needs_neither_torch_nor_the_package(repository: Path) -> None:
    code = ('import sys, spatialclaw_ros.perception.depth_anything; '
            'sys.exit("torch" in sys.modules or "depth_anything_3" in sys.modules)')
    subprocess.run([sys.executable, '-c', code], check=True, cwd=repository, timeout=60)
