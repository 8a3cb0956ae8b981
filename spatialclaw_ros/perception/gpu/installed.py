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


"""Tells as JSON what the interpreter that runs this has for perception.

Run by `spatialclaw doctor` with the interpreter of `perception.python`, whose environment need not
have this package: it uses Python's own library, and `huggingface_hub` where that is installed.

Arguments: a JSON object with `repositories` (of the hub, whose copies on this machine are looked
for) and `try_gpu` (whether torch is imported and asked for GPUs; takes seconds).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

PACKAGES = ('torch', 'torchvision', 'transformers', 'depth-anything-3', 'huggingface-hub')
SAM3_PARTS = ('sam3', 'sam3_video', 'sam3_tracker', 'sam3_tracker_video')


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ''


def _folder(module: str) -> Path | None:
    """Folder of a package, which is not imported."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _accelerator() -> str:
    """What torch was built for: 'CUDA 12.8', 'ROCm 6.4', or '' for the CPU alone."""
    folder = _folder('torch')
    if folder is None or not (folder / 'version.py').is_file():
        return ''
    text = (folder / 'version.py').read_text(encoding='utf-8')
    for name, title in (('cuda', 'CUDA'), ('hip', 'ROCm')):
        found = re.search(rf"^{name}\b[^=\n]*=\s*'([^']+)'", text, re.MULTILINE)
        if found:
            return f'{title} {found[1]}'
    return ''


def _sam3_lacks() -> list[str]:
    folder = _folder('transformers')
    return [part for part in SAM3_PARTS
            if folder is None or not (folder / 'models' / part).is_dir()]


def _cached(repository: str) -> str:
    """Folder of a repository's copy on this machine, '' where there is none."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        return ''
    try:
        return str(snapshot_download(repository, local_files_only=True))
    except (OSError, ValueError):
        return ''


def _gpus() -> dict[str, Any]:
    try:
        import torch
    except (ImportError, OSError) as error:
        return {'error': f'{type(error).__name__}: {error}', 'names': []}
    names = [torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count())]
    return {'error': '' if names else 'torch finds none', 'names': names}


def main() -> None:
    """Look, and print."""
    asked = json.loads(sys.argv[1])
    print(json.dumps({
        'python': '.'.join(map(str, sys.version_info[:3])),
        'packages': {package: _version(package) for package in PACKAGES},
        'accelerator': _accelerator(),
        'sam3_lacks': _sam3_lacks(),
        'cached': {name: _cached(name) for name in asked['repositories']},
        'gpus': _gpus() if asked['try_gpu'] else None}))


if __name__ == '__main__':
    main()
