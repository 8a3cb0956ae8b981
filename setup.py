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


"""Builds the wheel: CMake generates the interfaces, as under colcon, and installs into a stage.

What lands in the stage is handed on: the Python package to the wheel's library, the shared
libraries and the `share` tree to the environment's own `lib` and `share`, where ROS wheels look.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
PACKAGE = 'spatialclaw_ros'
# Staged, but not for `share` and `lib`: the Python package, and what only a shell would source.
SHELL_ONLY = re.compile(
    r'lib/python3|share/[^/]+/(environment/|hook/|local_setup\.|package\.(bash|dsv|ps1|sh|zsh)$)')


def package_version() -> str:
    """Return the version that package.xml states, the one place where it stands."""
    version = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    if version is None:
        raise SystemExit('package.xml has no <version>')
    return version


def ros_prefix() -> Path:
    """Return the prefix that the ROS wheels are installed in: the parent of its `lib` folder."""
    spec = importlib.util.find_spec('rosidl_cmake')
    if spec is None or spec.origin is None:
        raise SystemExit(
            'rosidl_cmake is not installed: build with `pip install .`, which brings '
            'the ROS wheels, or with `colcon build` in a sourced ROS 2 workspace')
    for parent in Path(spec.origin).parents:
        if parent.name in ('lib', 'lib64'):
            return parent.parent
    raise SystemExit(f'no `lib` folder above {spec.origin}')


def program(name: str, hint: str) -> str:
    """Return the path of a build program, from this environment first."""
    beside = os.pathsep.join([str(Path(sys.executable).parent), str(ros_prefix() / 'bin')])
    found = shutil.which(name, path=beside) or shutil.which(name)
    if found is None:
        raise SystemExit(f'{name} was not found: {hint}')
    return found


class BuildInterfaces(build_ext):
    """Runs CMake for this package, and for each stand-in interface package that is missing."""

    def run(self) -> None:
        if os.environ.get('CXX') is None and not any(map(shutil.which, ('c++', 'g++', 'clang++'))):
            raise SystemExit('no C++ compiler was found: install one, e.g. `apt install g++`')
        build = Path(self.build_temp).resolve()
        stage = build / 'stage'
        # Nothing that an earlier build left goes into the wheel.
        for old in (build, self.build_lib):
            shutil.rmtree(old, ignore_errors=True)
        for source in sorted((ROOT / 'interfaces').iterdir()):
            if not self.is_provided(source.name):
                self.cmake(source, build / source.name, stage)
        self.cmake(ROOT, build / PACKAGE, stage)
        self.take_python(stage, Path(self.build_lib).resolve())
        self.distribution.data_files = self.data_files(stage)

    @staticmethod
    def is_provided(name: str) -> bool:
        """Whether a wheel other than ours brings this interface package."""
        try:
            from importlib.metadata import distribution
            distribution(f'ros-{name.replace("_", "-")}')
        except ImportError:
            return False
        return True

    @staticmethod
    def cmake(source: Path, build: Path, stage: Path) -> None:
        prefix = ros_prefix()
        environment = dict(
            os.environ,
            AMENT_PREFIX_PATH=str(prefix),
            CMAKE_PREFIX_PATH=str(prefix),
            PYTHONPATH=os.pathsep.join(path for path in sys.path if path),
        )
        cmake = program('cmake', '`pip install cmake`')
        ninja = program('ninja', '`pip install ninja`')
        for command in (
            [cmake, '-S', str(source), '-B', str(build), '-G', 'Ninja',
             f'-DCMAKE_MAKE_PROGRAM={ninja}', '-DCMAKE_BUILD_TYPE=Release', '-DBUILD_TESTING=OFF',
             f'-DPython3_EXECUTABLE={sys.executable}',
             f'-DCMAKE_INSTALL_PREFIX={stage}'],
            [cmake, '--build', str(build)],
            [cmake, '--install', str(build)],
        ):
            subprocess.run(command, env=environment, check=True)

    @staticmethod
    def take_python(stage: Path, target: Path) -> None:
        for site in stage.glob('lib/python3*/*-packages'):
            for package in site.iterdir():
                if package.is_dir() and not package.name.endswith('.egg-info'):
                    shutil.copytree(package, target / package.name, dirs_exist_ok=True)

    @staticmethod
    def data_files(stage: Path) -> list[tuple[str, list[str]]]:
        folders: dict[str, list[str]] = {}
        for path in sorted(stage.rglob('*')):
            inside = path.relative_to(stage)
            wanted = inside.parts[0] in ('lib', 'share') and not SHELL_ONLY.match(inside.as_posix())
            if wanted and path.is_file():
                folders.setdefault(inside.parent.as_posix(), []).append(os.path.relpath(path, ROOT))
        return list(folders.items())


setup(
    version=package_version(),
    packages=[PACKAGE],
    ext_modules=[Extension(f'{PACKAGE}._interfaces', sources=[])],
    cmdclass={'build_ext': BuildInterfaces},
)
