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


"""Lets torchvision be imported beside a torch without CUDA: run by the environment's own Python.

PyPI's torchvision is linked to CUDA. Its compiled part then can't be loaded, which torchvision
bears, but it still registers shapes for two operators of that part and dies for want of them.
Image processors need neither, so that their names are enough.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

MARK = '# the compiled part is absent: names for what is registered without it'
LINES = f"""

{MARK}
if not _has_ops():
    _names = torch.library.Library('torchvision', 'DEF')
    for _name in ('nms', 'qnms'):
        _names.define(f'{{_name}}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
"""


def main() -> None:
    """Add the names to torchvision's module that loads the compiled part; twice does no harm."""
    found = importlib.util.find_spec('torchvision')
    if found is None or found.origin is None:
        raise SystemExit('torchvision is not installed in the environment of this Python')
    path = Path(found.origin).parent / 'extension.py'
    text = path.read_text(encoding='utf-8')
    if MARK not in text:
        path.write_text(text + LINES, encoding='utf-8')


if __name__ == '__main__':
    main()
