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


"""package.xml, CMakeLists.txt, pyproject.toml and constraints.txt tell the same story."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

import pytest
from optional_modules import MODULES
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = 'spatialclaw_ros'
# What lies on top of constraints.txt for the models.
LAYERED = 'test/models/requirements.txt'

# Import name -> name on PyPI, and rosdep key (None: it has none, requirements-ros.txt names it).
LIBRARIES: dict[str, tuple[str, str | None]] = {
    'PIL': ('pillow', 'python3-pil'),
    'cv2': ('opencv-python-headless', 'python3-opencv'),
    'lark': ('lark', 'python3-lark-parser'),
    'matplotlib': ('matplotlib', 'python3-matplotlib'),
    'msgspec': ('msgspec', None),
    'mujoco': ('mujoco', None),
    'numpy': ('numpy', 'python3-numpy'),
    'psutil': ('psutil', 'python3-psutil'),
    'rich': ('rich', None),
    'rosbags': ('rosbags', None),
    'scipy': ('scipy', 'python3-scipy'),
    'yaml': ('pyyaml', 'python3-yaml'),
}
# Needed by what is chosen by a parameter alone: an extra of pyproject.toml, and no rosdep key.
OPTIONAL = {
    'huggingface_hub': 'huggingface-hub', 'jinja2': 'jinja2', 'mcp': 'mcp', 'openai': 'openai',
    'py_trees': 'py-trees',
    'pyarrow': 'pyarrow', 'pydantic': 'pydantic',
    'rapidocr_onnxruntime': 'rapidocr-onnxruntime', 'ray': 'ray', 'safetensors': 'safetensors',
    'starlette': 'starlette', 'torch': 'torch', 'tqdm': 'tqdm', 'transformers': 'transformers',
    'uvicorn': 'uvicorn', 'zstandard': 'zstandard',
}
# Installed without what it asks for, which an extra names instead.
BY_ITSELF = {'depth_anything_3': 'depth-anything-3'}
# For depth-anything-3, transformers and uvicorn alone.
INDIRECT = {'addict', 'httptools', 'einops', 'omegaconf', 'torchvision'}
# Of a distribution alone, and their stand-ins, of installations from wheels alone.
DISTRIBUTION = {'cv_bridge': 'cv_bridge', 'sensor_msgs_py': 'sensor_msgs_py',
                'tf2_ros': 'tf2_ros_py', 'tf_transformations': 'tf_transformations',
                'launch': 'launch', 'launch_ros': 'launch_ros', 'tf2_msgs': 'tf2_msgs',
                'vision_msgs': 'vision_msgs'}
# Programs of those who work on the package.
TOOLS = ("extra == 'dev'", "extra == 'docs'")
STAND_INS = {'transforms3d': 'transforms3d'}
ELSEWHERE = {'atheris', 'torch', 'safetensors'}
"""Of programs that tests start, where these are."""
PYTHONS = ('3.10', '3.11', '3.12', '3.13')


def imported() -> set[str]:
    """Return the top-level names that the package, its launch files and its node script import."""
    names = set()
    files = [*(ROOT / PACKAGE).rglob('*.py'), *(ROOT / 'launch').glob('*.py'),
             *(ROOT / 'examples').rglob('*.py'), ROOT / 'scripts' / 'node']
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).split('.')[0])
    return names - set(sys.stdlib_module_names) - {PACKAGE}


def manifest() -> ElementTree.Element:
    """Return package.xml."""
    return ElementTree.parse(ROOT / 'package.xml').getroot()


def rosdep_keys() -> set[str]:
    """Return the keys that package.xml needs at run time."""
    return {str(node.text) for tag in ('depend', 'exec_depend') for node in manifest().iter(tag)}


def about_pip() -> dict[str, list[str]]:
    """Return what pip recorded; skips in a colcon workspace, where package.xml is all there is."""
    about = metadata.metadata(PACKAGE)
    if about.get_all('Requires-Dist') is None:
        pytest.skip('installed by colcon, which records no requirements of pip')
    return {name: about.get_all(name) or [] for name in about}


def required() -> dict[str, list[Requirement]]:
    """Return the installed package's requirements by PyPI name, extras included."""
    found: dict[str, list[Requirement]] = {}
    for line in about_pip()['Requires-Dist']:
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def locked(name: str = 'constraints.txt') -> list[Requirement]:
    """Return the lines of a file of locked versions."""
    lines = (ROOT / name).read_text(encoding='utf-8').splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith('#')]


def listed(name: str) -> set[str]:
    """Return the names in a requirements file."""
    lines = (ROOT / name).read_text(encoding='utf-8').splitlines()
    return {canonicalize_name(Requirement(line).name)
            for line in lines if line and not line.startswith('#')}


def test_versions_are_equal() -> None:
    assert metadata.version(PACKAGE) == manifest().findtext('version')


def test_names_licences_and_maintainers_are_equal() -> None:
    about = {name: values[0] for name, values in about_pip().items()}
    assert canonicalize_name(about['Name']) == canonicalize_name(str(manifest().findtext('name')))
    assert about['License-Expression'] == manifest().findtext('license') == 'Apache-2.0'
    maintainer = manifest().find('maintainer')
    assert maintainer is not None
    assert maintainer.attrib['email'] in about['Author-email']
    assert f'project({PACKAGE})' in (ROOT / 'CMakeLists.txt').read_text()


@pytest.mark.parametrize('name', sorted(imported()))
def test_what_is_imported_is_required(name: str) -> None:
    on_pypi, keys = required(), rosdep_keys()
    if name in OPTIONAL:
        requirements = on_pypi[OPTIONAL[name]]
        assert all('extra ==' in str(requirement.marker) for requirement in requirements)
    elif name in STAND_INS:
        assert STAND_INS[name] in on_pypi
    elif name in BY_ITSELF:
        assert any(requirement.name == BY_ITSELF[name] for requirement in locked(LAYERED))
    elif name in DISTRIBUTION:
        assert DISTRIBUTION[name] in keys
    elif name in LIBRARIES:
        pypi, key = LIBRARIES[name]
        assert pypi in on_pypi
        if key is None:
            assert pypi in listed('requirements-ros.txt')
        else:
            assert key in keys
    else:
        assert f'ros-{name.replace("_", "-")}' in on_pypi, f'{name} is in no table and no wheel'
        assert name in keys


def imported_by_tests() -> set[str]:
    """Return the top-level names that tests, and what they share, import at their top."""
    names = set()
    folder = ROOT / 'test'
    files = [path for pattern in ('**/test_*.py', '**/conftest.py', 'support/*.py')
             for path in folder.glob(pattern)
             if path.relative_to(folder).parts[0] not in ('models', 'vllm_server', 'launch')]
    for path in files:
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.Import):
                names |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).split('.')[0])
    ours = {path.stem for name in ('support', 'bench', 'soak') for path in
            (folder / name).glob('*.py')}
    return names - set(sys.stdlib_module_names) - ours - {PACKAGE, 'test'}


@pytest.mark.parametrize('name', sorted(imported_by_tests() - ELSEWHERE))
def test_what_tests_import_is_there_on_a_distribution(name: str) -> None:
    """By a package, by pip, or left out with a word where it is not."""
    keys = rosdep_keys() | {str(node.text) for node in manifest().iter('test_depend')}
    pypi, key = LIBRARIES.get(name, (name, DISTRIBUTION.get(name, name)))
    assert (name in MODULES or key in keys or f'python3-{name}' in keys
            or pypi in listed('requirements-ros.txt')), f'name {name} in requirements-test-ros.txt'


def test_optional_modules_are_those_of_the_file_and_none_lacks_here() -> None:
    assert {*MODULES.values(), 'pytest'} == listed('requirements-test-ros.txt')
    about_pip()
    assert [name for name in MODULES if importlib.util.find_spec(name) is None] == []


def test_nothing_is_required_in_vain() -> None:
    names = imported()
    known = {pypi: name for name, (pypi, _) in LIBRARIES.items()}
    known |= {pypi: name for name, pypi in (OPTIONAL | STAND_INS).items()}
    # What others need at run time, though no line of ours imports it: rclpy reads /clock.
    silent = {'ros-rmw-fastrtps-cpp', 'ros-rosgraph-msgs', 'ros-rosidl-default-runtime'}
    for pypi, requirements in required().items():
        if pypi in silent | INDIRECT or all(
                str(r.marker).replace('"', "'").endswith(TOOLS) for r in requirements):
            continue
        name = known.get(pypi, pypi.removeprefix('ros-').replace('-', '_'))
        assert name in names, f'{pypi} is required, and nothing imports {name}'


def test_interfaces_depend_on_what_cmake_finds() -> None:
    text = (ROOT / 'CMakeLists.txt').read_text()
    found = set(re.findall(r'^find_package\((\w+) REQUIRED\)', text, flags=re.MULTILINE))
    build = {str(node.text) for tag in ('depend', 'buildtool_depend')
             for node in manifest().iter(tag)}
    assert found == build


def test_messages_use_packages_that_are_found() -> None:
    text = (ROOT / 'CMakeLists.txt').read_text()
    used = set()
    for path in [*ROOT.glob('msg/*.msg'), *ROOT.glob('srv/*.srv'), *ROOT.glob('action/*.action')]:
        used |= set(re.findall(r'^(\w+)/\w+', path.read_text(), flags=re.MULTILINE))
    dependencies = re.search(r'DEPENDENCIES ([\w ]+)\)', text)
    assert dependencies is not None
    assert used - {PACKAGE} == set(dependencies.group(1).split())


@pytest.mark.parametrize('python', PYTHONS)
def test_every_python_has_one_version_of_each(python: str) -> None:
    environment = {'python_version': python, 'python_full_version': f'{python}.1'}
    versions: dict[str, str] = {}
    for file in ('constraints.txt', LAYERED):
        once = set()
        for requirement in locked(file):
            if requirement.marker is None or requirement.marker.evaluate(environment):
                name, version = canonicalize_name(requirement.name), str(requirement.specifier)
                assert name not in once, f'{name} twice on {python}'
                once.add(name)
                assert versions.setdefault(name, version) == version, f'{name} in two versions'
                assert re.fullmatch(r'==[^*]+', version), f'{name} is not pinned'
    for name, requirements in required().items():
        for requirement in requirements:
            marker = re.sub(r'(and )?extra == ["\']\w+["\']', '', str(requirement.marker or ''))
            if marker.strip() and not Marker(marker.strip(' ()')).evaluate(environment):
                continue
            assert name in versions, f'{name} is not locked on {python}'
            assert requirement.specifier.contains(versions[name][2:]), str(requirement)


def test_what_only_some_processors_have_is_locked_for_those_alone() -> None:
    only = {name for name, requirements in required().items() for requirement in requirements
            if 'platform_machine' in str(requirement.marker)}
    assert 'atheris' in only
    for requirement in locked():
        bound = 'platform_machine' in str(requirement.marker)
        assert bound == (canonicalize_name(requirement.name) in only), requirement


def test_opencv_is_the_headless_one_of_the_distributions() -> None:
    versions = {r.name: str(r.specifier) for r in locked() if r.name.startswith('opencv')}
    assert list(versions) == ['opencv-python-headless']
    assert versions['opencv-python-headless'].startswith('==4.')


def test_torch_is_not_needed() -> None:
    assert not {'torch', 'transformers', 'vllm'} & {requirement.name for requirement in locked()}
