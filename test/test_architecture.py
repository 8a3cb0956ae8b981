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


"""Holds the house to its floors: who may import whom, headers, sizes, no paths of a machine."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / 'spatialclaw_ros'
FOLDERS = ('spatialclaw_ros', 'test', 'scripts', 'launch', 'config', 'msg', 'srv', 'action', 'docs',
           'cmake', 'interfaces', 'examples', '.ci', '.github')

# A room imports rooms of lower floors, and of its own floor only those named in NEIGHBOURS.
FLOORS = {'geometry': 1, 'workspace': 2, 'sharing': 2.5,
          'backbone': 3, 'kernel': 3, 'perception': 3, 'agent': 4,
          'ros': 5, 'client': 5.5, 'cli': 6, 'sim': 6, 'eval': 6}
NEIGHBOURS = {'cli': {'sim', 'eval'}, 'eval': {'sim'}}
EVERYWHERE = {'errors', 'deadline', 'named'}
GENERATED = {'msg', 'srv', 'action'}

# Where a library may be imported: prefixes of paths inside the package. Those not named stand in
# `ANYWHERE_ABOVE_GROUND`.
ANYWHERE_ABOVE_GROUND = {'numpy', 'scipy', 'cv2'}
HOMES = {
    'pyarrow': ('eval',),
    'jinja2': ('eval',),
    'markupsafe': ('eval',),
    'PIL': ('workspace', 'backbone', 'kernel', 'perception', 'agent', 'ros', 'cli', 'sim', 'eval'),
    'matplotlib': ('workspace', 'kernel', 'agent', 'ros', 'cli', 'sim', 'eval'),
    'msgspec': ('sharing', 'kernel', 'backbone', 'agent', 'perception', 'cli', 'sim', 'eval'),
    'psutil': ('cli', 'eval'),
    'yaml': ('backbone', 'ros', 'cli', 'sim', 'eval'),
    'lark': ('backbone/rules',),
    'openai': ('backbone/vllm',),
    'torch': ('perception/gpu', 'perception/sam3', 'perception/depth_anything', 'perception/da3'),
    'transformers': ('perception/gpu', 'perception/sam3'),
    'huggingface_hub': ('perception/gpu', 'perception/sam3'),
    'tqdm': ('perception/gpu',),
    'safetensors': ('perception/gpu', 'perception/depth_anything'),
    'depth_anything_3': ('perception/depth_anything',),
    'ray': ('perception/served', 'eval'),
    'starlette': ('perception/served',),
    'uvicorn': ('perception/served',),
    'zstandard': ('perception/served',),
    'rapidocr_onnxruntime': ('perception/ocr',),
    'mujoco': ('sim', 'cli', 'eval'),
    'rosbags': ('sim', 'cli', 'eval'),
    'rich': ('cli', 'eval'),
    'launch': (),
    'launch_ros': (),
    'cv_bridge': ('ros/compat',),
    'sensor_msgs_py': ('ros/compat',),
    'tf2_ros': ('ros/compat',),
    'tf_transformations': ('ros/compat',),
    'transforms3d': ('ros/compat',),
    'ament_index_python': ('ros/compat',),
    'ros': ('ros', 'client', 'cli', 'sim', 'eval'),
}
ROS = re.compile(r'rclpy$|rosidl_\w+$|\w+_(interfaces|msgs|srvs)$')


def modules() -> list[str]:
    """Return the paths of the package's modules, relative to it."""
    return sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob('*.py'))


def sources() -> list[str]:
    """Return the paths of all Python files of the repository."""
    found = [path for name in FOLDERS for path in (REPOSITORY / name).rglob('*.py')]
    return sorted(str(path.relative_to(REPOSITORY)) for path in [*found, REPOSITORY / 'setup.py'])


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of everything that a file imports, at any depth of its code."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}:{node.lineno}: relative import'
            if node.module == 'spatialclaw_ros':
                yield from ((node.lineno, f'spatialclaw_ros.{alias.name}') for alias in node.names)
            else:
                yield node.lineno, str(node.module)


def room_of(module: str) -> str:
    """Return the room of a path inside the package, or the module's own name at its root."""
    return Path(module).parts[0].removesuffix('.py')


def allowed_room(importer: str, imported: str) -> bool:
    """Whether a room may import another."""
    if imported in EVERYWHERE or imported == importer:
        return True
    if imported in GENERATED:
        return FLOORS.get(importer, 0) >= FLOORS['ros']
    if importer not in FLOORS or imported not in FLOORS:
        return False
    return FLOORS[imported] < FLOORS[importer] or imported in NEIGHBOURS.get(importer, ())


def allowed_library(module: str, library: str) -> bool:
    """Whether a module (a path inside the package) may import a library other than Python's own."""
    if library in ANYWHERE_ABOVE_GROUND:
        return room_of(module) in FLOORS
    key = 'ros' if library not in HOMES and ROS.match(library) else library
    return any(module.startswith(home) for home in HOMES.get(key, ()))


@pytest.mark.parametrize('module', modules())
def test_imports_stay_on_their_floor(module: str) -> None:
    wrong = []
    for line, name in imports(PACKAGE / module):
        library, *inside = name.split('.')
        if library == 'spatialclaw_ros':
            if inside and not allowed_room(room_of(module), inside[0]):
                wrong.append(f'{module}:{line}: {room_of(module)} may not import {name}')
        elif library not in sys.stdlib_module_names and not allowed_library(module, library):
            wrong.append(f'{module}:{line}: {library} may not be imported here')
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize(('importer', 'imported', 'expected'), [
    ('workspace', 'geometry', True),
    ('geometry', 'workspace', False),
    ('kernel', 'perception', False),
    ('backbone', 'kernel', False),
    ('agent', 'kernel', True),
    ('agent', 'ros', False),
    ('agent', 'msg', False),
    ('ros', 'srv', True),
    ('cli', 'sim', True),
    ('sim', 'cli', False),
    ('geometry', 'errors', True),
])
def test_the_rule_itself(importer: str, imported: str, expected: bool) -> None:
    assert allowed_room(importer, imported) is expected


@pytest.mark.parametrize(('module', 'library', 'expected'), [
    ('ros/node.py', 'rclpy', True),
    ('ros/node.py', 'cv_bridge', False),
    ('ros/compat/cv_bridge.py', 'cv_bridge', True),
    ('agent/session.py', 'rclpy', False),
    ('agent/session.py', 'sensor_msgs', False),
    ('perception/rgbd.py', 'torch', False),
    ('workspace/draw.py', 'torch', False),
    ('errors.py', 'numpy', False),
    ('sim/scene.py', 'mujoco', True),
    ('kernel/wire.py', 'pickle5', False),
])
def test_the_rule_for_libraries(module: str, library: str, expected: bool) -> None:
    assert allowed_library(module, library) is expected


@pytest.mark.parametrize('room', sorted(
    path.name for path in PACKAGE.iterdir() if (path / '__init__.py').exists()))
def test_a_room_says_what_lives_in_it(room: str) -> None:
    assert room in FLOORS
    docstring = ast.get_docstring(ast.parse((PACKAGE / room / '__init__.py').read_text()))
    assert docstring, f'{room}/__init__.py has no docstring'


@pytest.mark.parametrize('source', sources())
def test_a_file_has_its_header_and_one_idea(source: str) -> None:
    lines = (REPOSITORY / source).read_text(encoding='utf-8').splitlines()
    header = '\n'.join(lines[:13])
    assert header.startswith('# Copyright 2026 The spatialclaw_ros authors'), source
    assert 'Licensed under the Apache License, Version 2.0' in header
    assert len(lines) <= 400, f'{source} has {len(lines)} lines: it is more than one idea'


def test_no_path_of_a_machine_is_written_down() -> None:
    machine = re.compile(r'(?<![\w.~}])/(work|root|home)/\w')
    found = []
    for name in (*FOLDERS, 'README.md', 'CONTRIBUTING.md', 'CMakeLists.txt', 'Makefile', 'setup.py',
                 'package.xml', 'pyproject.toml', 'constraints.txt'):
        top = REPOSITORY / name
        for path in [top] if top.is_file() else top.rglob('*'):
            if path.suffix in ('.pyc', '.png', '.jpg', '.mcap', '.db3') or not path.is_file():
                continue
            found += [f'{path.relative_to(REPOSITORY)}: {line.strip()}'
                      for line in path.read_text(encoding='utf-8').splitlines()
                      if machine.search(line)]
    assert not found, '\n'.join(found)


def test_base_names_of_test_files_are_unique() -> None:
    names = Counter(path.name for path in (REPOSITORY / 'test').rglob('test_*.py'))
    assert not [name for name, count in names.items() if count > 1]
