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

"""`spatialclaw doctor`: what is installed and found here, and what each missing part costs."""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from spatialclaw_ros.cli.findings import (
    BROKEN,
    FAULTS,
    FOUND,
    HELD,
    MISSING,
    OPTIONAL,
    STAND_IN,
    WARNS,
    Finding,
)
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import DependencyError, SpatialClawError

PROBE_TIMEOUT_S = 10.0
MOST_GIB = 100_000

OPTIONAL_PACKAGES: tuple[tuple[str, str, str], ...] = (
    ('openai', 'openai', "no backbone 'vllm'; 'rules' answers the common metric questions"),
    ('rapidocr_onnxruntime', 'rapidocr-onnxruntime', 'tools.OCR reads no text in images'),
    ('rosbags', 'rosbags', 'no recording for `spatialclaw demo` to play'),
    ('mujoco', 'mujoco', 'no live simulated robot; `spatialclaw demo` plays its recording'),
    ('vllm', 'vllm', "no model is served from here; 'vllm' reaches one on another machine"),
)
NO_SANDBOX = 'the node does not start, unless with the parameter sandbox:=best_effort'
NO_KERNEL = 'no setting starts the node without it'
NEEDED_PACKAGES = (
    'numpy', 'scipy', 'cv2', 'matplotlib', 'PIL', 'yaml', 'lark', 'msgspec', 'rich')


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'doctor', help='what is installed here, and what each missing part costs',
        description='Exit status: 0 when everything needed is there, 1 otherwise.')
    parser.add_argument('--json', action='store_true', help='print JSON')
    parser.add_argument(
        '--backbone', metavar='CONFIG', default='',
        help='also ask whether the endpoints of a file of config/backbones (its name or path) '
             'answer')
    parser.add_argument(
        '--params-file', metavar='FILE', default='',
        help="the node's parameter file: whether all is there that its perception needs")
    parser.add_argument(
        '--perception-url', metavar='URL', default='',
        help='also ask a perception server, instead of looking for models on this machine')
    parser.add_argument(
        '--node', metavar='NAME', nargs='?', const='spatialclaw', default='',
        help='also tell how a running node does, models that it is loading included')
    parser.add_argument(
        '--fit', nargs='?', const='', default=None, metavar='PROFILE',
        help='only tell which profile of config/profiles fits the memory of this machine, or '
             'whether the one named does; exit status 1 if not')
    parser.add_argument(
        '--gpu-memory', type=_gib, default=None, metavar='GIB',
        help='as --fit, for a GPU of so many GiB instead of this machine')


def _gib(text: str) -> float:
    size = float(text)
    if not 0 < size <= MOST_GIB:
        raise argparse.ArgumentTypeError(f'must be above 0 and at most {MOST_GIB}, got {text}')
    return size


def run(options: argparse.Namespace) -> int:
    """Look, print, and tell by the exit status whether all that is needed is there."""
    fit, gpu_gib = getattr(options, 'fit', None), getattr(options, 'gpu_memory', None)
    if fit is not None or gpu_gib is not None:
        from spatialclaw_ros.cli.fit import run_fit
        return run_fit(fit or '', gpu_gib, as_json=options.json)
    findings = [*examine(), *_backbone(getattr(options, 'backbone', '')), *_perception(options)]
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print_table(findings)
    return 1 if any(finding.state in FAULTS for finding in findings) else 0


def examine() -> list[Finding]:
    """All findings, in the order of the report."""
    findings: list[Finding] = []
    for examine_part in (_python, _ros, _stand_ins, _dds, _sandbox, _renderer, _gpu, _optional):
        findings += examine_part()
    return findings


def _python() -> Iterator[Finding]:
    yield Finding('system', 'Python', FOUND, platform.python_version())
    yield Finding('system', 'Linux', FOUND, f'{platform.release()} {platform.machine()}')
    yield Finding('system', 'spatialclaw_ros', FOUND, _version('spatialclaw_ros') or 'in a source '
                                                      'tree or a ROS workspace')
    for module in NEEDED_PACKAGES:
        if importlib.util.find_spec(module) is None:
            yield Finding('system', module, MISSING, '', 'the node does not start without it')


def _ros() -> Iterator[Finding]:
    cost = 'no node: source a ROS 2 installation, or `pip install` this package with its wheels'
    try:
        import rclpy
    except (ImportError, OSError) as error:
        yield Finding('ROS', 'rclpy', MISSING, str(error), cost)
        return
    where = os.environ.get('ROS_DISTRO') or f'rclpy {_version("rclpy") or "of this environment"}'
    yield Finding('ROS', 'rclpy', FOUND, where)
    try:
        rmw = rclpy.utilities.get_rmw_implementation_identifier()
        yield Finding('ROS', 'middleware', FOUND, rmw)
    except (RuntimeError, OSError) as error:
        yield Finding('ROS', 'middleware', MISSING, str(error), cost)
    try:
        importlib.import_module('spatialclaw_ros.srv')
        yield Finding('ROS', 'interfaces', FOUND, 'spatialclaw_ros/srv/SpatialQuery')
    except ImportError as error:
        yield Finding(
            'ROS', 'interfaces', MISSING, str(error),
            'no node: build the package (`colcon build`, `pip install .` or `make install`)')


def _stand_ins() -> Iterator[Finding]:
    from spatialclaw_ros.ros.compat.report import DISTRIBUTION, installed
    from spatialclaw_ros.ros.compat.report import STAND_IN as OUR_STAND_IN
    states = {DISTRIBUTION: FOUND, OUR_STAND_IN: STAND_IN}
    for item in installed():
        yield Finding(
            'ROS', item.package, states.get(item.state, OPTIONAL), item.version, item.cost)


def _dds() -> Iterator[Finding]:
    from spatialclaw_ros.ros.compat.dds import OLD_VARIABLE, VARIABLE, profile_path
    chosen = os.environ.get(VARIABLE) or os.environ.get(OLD_VARIABLE) or ''
    try:
        profile = Path(chosen) if chosen else profile_path()
    except DependencyError:
        profile = None
    if profile is not None and profile.is_file():
        detail = f'{profile} ({"set in the environment" if chosen else "used by node and demo"})'
        yield Finding('DDS', 'Fast DDS profile', FOUND, detail)
    else:
        yield Finding(
            'DDS', 'Fast DDS profile', OPTIONAL, str(profile or ''),
            'with the default transport most images between processes of one machine are lost')
    if os.access('/dev/shm', os.W_OK):
        stats = os.statvfs('/dev/shm')
        yield Finding('DDS', '/dev/shm', FOUND, f'{stats.f_bavail * stats.f_frsize >> 20} MiB free')
    else:
        yield Finding('DDS', '/dev/shm', OPTIONAL, 'not writable',
                      'images go through UDP: more processor time, some are lost')


def _sandbox() -> Iterator[Finding]:
    from spatialclaw_ros.cli.probe import probe
    from spatialclaw_ros.kernel import landlock, parts, support
    probed = probe()
    for part in support.sandbox_support():
        if part.available and part.name not in probed.missing:
            detail = f'ABI {landlock.abi()}' if part.name == parts.LANDLOCK else ''
            yield Finding('sandbox', part.name, FOUND, detail)
        else:
            detail = 'on this host, but not in a worker' if part.available else ''
            follows = NO_KERNEL if part.needed else NO_SANDBOX
            yield Finding('sandbox', part.name, MISSING, detail, f'{part.cost}; {follows}')
    if probed.fault:
        yield Finding('sandbox', 'a cell', MISSING, probed.fault, 'no cell runs, so no answers')
        return
    yield Finding('sandbox', 'a cell', FOUND, 'a harmless one runs')
    for act in probed.acts:
        yield Finding(
            'sandbox', f"cells can't {act.name}", HELD if act.refused else BROKEN, act.said,
            '' if act.refused else 'text in front of a camera could bring a cell to do the same')


def _renderer() -> Iterator[Finding]:
    egl, osmesa = _loads('EGL'), _loads('OSMesa')
    for name, library, package in (('EGL', egl, 'libegl1 libgl1-mesa-dri'),
                                   ('OSMesa', osmesa, 'libosmesa6')):
        cost = '' if egl or osmesa else (
            f'no live simulation (apt install {package}); `spatialclaw demo` plays its recording')
        yield Finding('renderer', name, FOUND if library else OPTIONAL, library,
                      cost or ('' if library else 'not needed: the other one renders'))


def _gpu() -> Iterator[Finding]:
    cost = 'no learned perception or served model on this machine; the embedded default needs none'
    tool = shutil.which('nvidia-smi')
    if tool is None:
        yield Finding('GPU', 'NVIDIA GPU', OPTIONAL, 'no nvidia-smi', cost)
        return
    query = [tool, '--query-gpu=name,memory.total', '--format=csv,noheader']
    try:
        result = subprocess.run(
            query, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Finding('GPU', 'NVIDIA GPU', OPTIONAL, str(error), cost)
        return
    names = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    if result.returncode or not names:
        yield Finding('GPU', 'NVIDIA GPU', OPTIONAL, result.stderr.strip() or 'none', cost)
    for name in names if not result.returncode else ():
        yield Finding('GPU', 'NVIDIA GPU', FOUND, name)


def _optional() -> Iterator[Finding]:
    for module, package, cost in OPTIONAL_PACKAGES:
        if importlib.util.find_spec(module) is None:
            yield Finding('optional', package, OPTIONAL, f'pip install {package}', cost)
        else:
            yield Finding('optional', package, FOUND, _version(package))


def _backbone(config: str) -> Iterator[Finding]:
    """Whether the endpoints of a configuration answer; nothing for ''."""
    if not config:
        return
    from spatialclaw_ros.backbone.factory import make_backbone
    from spatialclaw_ros.backbone.protocol import HasEndpoints
    cost = 'with backbone:=vllm each query ends with BACKBONE_UNAVAILABLE'
    try:
        with closing(make_backbone('vllm', config=config)) as backbone:
            assert isinstance(backbone, HasEndpoints)
            endpoints = backbone.probe(Deadline(PROBE_TIMEOUT_S))
    except SpatialClawError as error:
        yield Finding('backbone', config, MISSING, str(error), cost)
        return
    for endpoint in endpoints:
        yield Finding('backbone', endpoint.url, FOUND if endpoint.healthy else MISSING,
                      endpoint.last_error, '' if endpoint.healthy else cost)


def _perception(options: argparse.Namespace) -> Iterator[Finding]:
    from spatialclaw_ros.cli.perception_report import Asked, examine_perception
    return examine_perception(Asked(
        params_file=getattr(options, 'params_file', ''), url=getattr(options, 'perception_url', ''),
        node=getattr(options, 'node', ''), has_gpu=shutil.which('nvidia-smi') is not None))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ''


def _loads(name: str) -> str:
    """Path of a shared library that can be loaded, else ''."""
    path = ctypes.util.find_library(name) or ''
    try:
        if path:
            ctypes.CDLL(path)
    except OSError:
        return ''
    return path


def _print_table(findings: list[Finding]) -> None:
    from rich.console import Console

    from spatialclaw_ros.cli.findings_view import finding_lines

    console = Console(highlight=False)
    console.print('spatialclaw doctor', style='italic', justify='center')
    for line in finding_lines(findings, console.width):
        console.print(line)
    console.print()
    for state, words in (*FAULTS.items(), (WARNS, 'Not yet as it should be')):
        if names := [finding.name for finding in findings if finding.state == state]:
            console.print(f'{words}: {", ".join(names)}')
    if not any(finding.state in FAULTS for finding in findings):
        console.print('Everything that the embedded default needs is there.')
