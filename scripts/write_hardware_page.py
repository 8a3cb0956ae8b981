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


"""Writes the sums of `docs/hardware.md` from the tables of sizes; a test compares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from spatialclaw_ros.backbone.vllm.config_file import read_config
from spatialclaw_ros.backbone.vllm.sizes import need_backbone
from spatialclaw_ros.cli.fit_budget import Row, budget
from spatialclaw_ros.cli.fit_machine import GIB
from spatialclaw_ros.cli.fit_profile import Profile, read_profile
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.depth_anything.variants import VARIANTS
from spatialclaw_ros.perception.sizes import DEPTH, SAM3_PARTS, need_depth, need_sam3

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / 'docs' / 'hardware.md'
VIEWS, BATCHES = (1, 8, 16, 32), (1, 4, 8)


def profiles() -> list[Profile]:
    """Those of the repository, the smallest machine first."""
    found = [read_profile(str(path)) for path in (ROOT / 'config' / 'profiles').glob('*.yaml')]
    return sorted(found, key=lambda each: (each.machine.gpu, each.name))


def overview() -> Iterator[str]:
    """A line for each profile."""
    yield '| profile | machine | backbone | masks | depth | takes | of |'
    yield '|---|---|---|---|---|---|---|'
    for profile in profiles():
        values, perception = profile.values, profile.perception
        backbone = values.get('backbone_config') or values['backbone']
        masks = f'SAM 3, batch {perception.masks.batch}' if perception.needs_masks else 'classical'
        depth = (f'{perception.depth.model}, {perception.depth.max_views} views'
                 if perception.needs_depth else 'sensor alone')
        found = budget(profile, profile.machine)
        rows = found.gpu or found.system
        size = f'{profile.machine.gpu / GIB:.1f}' if profile.machine.gpu else ''
        yield (f'| `{profile.name}` | {profile.machine.name} | `{backbone}` | {masks} | {depth} | '
               f'{sum(row.bytes for row in rows) / GIB:.1f} | {size} |')


def models() -> Iterator[str]:
    """Weights and calls of the models of perception."""
    yield '| model | parameters | weights fp32 | weights bf16 | a call beside them | licence |'
    yield '|---|---|---|---|---|---|'
    calls = ', '.join(
        f'{each}: {need_sam3(ModelConfig(model="sam3", batch=each)).call / GIB:.2f}'
        for each in BATCHES)
    total = sum(SAM3_PARTS.values())
    yield (f'| `sam3` | {total / 1e6:.0f} M | {total * 4 / GIB:.2f} | {total * 2 / GIB:.2f} | '
           f'batch {calls} | SAM License |')
    for name, size in DEPTH.items():
        views = VIEWS if VARIANTS[name].sees_all else (1, 8)
        calls = ', '.join(
            f'{each}: {need_depth(ModelConfig(model=name), each).call / GIB:.2f}'
            for each in views)
        yield (f'| `{name}` | {size.parameters / 1e6:.0f} M | {size.weights("fp32") / GIB:.2f} | '
               f'{size.weights("bf16") / GIB:.2f} | views {calls} | {VARIANTS[name].licence} |')


def backbones() -> Iterator[str]:
    """What `vllm serve` of each configuration of a known size needs at least."""
    yield ('| configuration | weights | keys and values | working memory | least | '
           'at least this GPU, to itself |')
    yield '|---|---|---|---|---|---|'
    for path in sorted((ROOT / 'config' / 'backbones').glob('qwen3*.yaml')):
        if '3.5-' in path.stem:
            continue  # of several GPUs
        need = need_backbone(read_config(str(path)))
        yield (f'| `{path.stem}` | {need.weights / GIB:.1f} {need.precision} | '
               f'{need.tokens} x {need.token / 1024:.0f} KiB = '
               f'{need.tokens * need.token / GIB:.1f} | {need.working / GIB:.1f} | '
               f'{need.least / GIB:.1f} | {need.least / need.share / GIB:.0f} |')


def sums() -> Iterator[str]:
    """The sum of each profile."""
    for profile in profiles():
        found = budget(profile, profile.machine)
        yield f'### {profile.name}'
        yield ''
        yield '| memory | what | GiB | how |'
        yield '|---|---|---|---|'
        where = 'shared' if profile.machine.shared else 'GPU'
        yield from _lines(where, found.gpu, profile.machine.gpu)
        yield from _lines('system', found.system, 0)
        yield ''


def _lines(where: str, rows: tuple[Row, ...], size: int) -> Iterator[str]:
    for row in rows:
        taken = f'{row.bytes / GIB:.2f}' if row.bytes else ''
        yield f'| {where} | {row.what.strip()} | {taken} | {row.detail} |'
    if rows:
        total = sum(row.bytes for row in rows)
        of = f'of {size / GIB:.1f} GiB, {1 - total / size:.0%} free' if size else ''
        yield f'| {where} | **sum** | **{total / GIB:.2f}** | {of} |'


BLOCKS = {'profiles': overview, 'models': models, 'backbones': backbones, 'sums': sums}


def written(page: str) -> str:
    """The page with its blocks made anew."""
    for name, lines in BLOCKS.items():
        begin, end = f'<!-- {name} -->\n', f'<!-- /{name} -->'
        text = '\n'.join(lines()).rstrip()
        page, count = re.subn(
            f'{begin}.*?{end}', lambda _, text=text, begin=begin, end=end: (
                f'{begin}{text}\n{end}'), page, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f'{PAGE} lacks its block {begin.strip()} ... {end}')
    return page


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text(encoding='utf-8')), encoding='utf-8')
    print(f'wrote {PAGE}')


if __name__ == '__main__':
    main()
