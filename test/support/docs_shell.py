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



"""Rules for the commands of the pages that tests do not run: would they do what they should.

Each rule takes a command's words and raises AssertionError, or SystemExit as parsers do, where it
would not.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import re
import subprocess
from collections.abc import Callable

import yaml
from docs_pages import REPOSITORY, text
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from spatialclaw_ros.cli import eval_report, eval_run
from spatialclaw_ros.cli.main import build_parser
from spatialclaw_ros.eval.catalogue import sheets
from spatialclaw_ros.ros.parameters import read_parameters

Rule = Callable[[list[str]], object]
SETTING = re.compile(r'[A-Z][A-Z0-9_]*=')
DEBIAN = re.compile(r'[a-z0-9][a-z0-9+.-]+')
OWN_FILES = ('ost.yaml', 'my_robot.yaml', 'token', '/etc/', '~/', 'src/', 'install/', 'DIR')
"""Beginnings of what a reader has and the repository has not."""


def check(words: list[str]) -> None:
    """Check a command by the rule of its program.

    Raises:
        AssertionError: it would not run, or no rule knows it.
    """
    words = bare(words)
    program = words[0].rpartition('/')[2]
    assert program in RULES, f'no rule knows {program}: write one, or another command'
    RULES[program](words)


def bare(words: list[str]) -> list[str]:
    """A command without `sudo` and the settings before it."""
    while words and (SETTING.match(words[0]) or words[0] == 'sudo'):
        words = words[1:]
    return words


def exists(path: str) -> None:
    """A file that a command names is in the repository, or is the reader's own."""
    if path.startswith('src/spatialclaw_ros/'):
        path = path.removeprefix('src/spatialclaw_ros/')
    elif path.startswith(OWN_FILES):
        return
    assert (REPOSITORY / path).exists(), f'{path} is not in the repository'


def make(words: list[str]) -> None:
    """Let make plan it, and look for the scripts that it would run and the settings it reads."""
    plan = subprocess.run(
        [*words, '--dry-run', '--no-print-directory'], cwd=REPOSITORY, capture_output=True,
        text=True, timeout=60, check=False)
    assert plan.returncode == 0, plan.stderr
    scripts = re.findall(r'(?<![\w./])((?:test|scripts)/[\w/]+(?:\.py)?)', plan.stdout)
    assert [script for script in scripts if not list(REPOSITORY.glob(f'{script}*'))] == []
    for word in words[1:]:
        setting, assigned, _ = word.partition('=')
        assert not assigned or f'$({setting})' in text('Makefile'), word


def spatialclaw(words: list[str]) -> None:
    """The command line is understood; so is what it says of an evaluation."""
    options = build_parser().parse_args(words[1:])
    if options.command == 'eval':
        evaluation(options)


def evaluation(options: argparse.Namespace) -> None:
    """Configuration, data set and runs are there.

    Raises:
        InvalidRequestError: they are not.
    """
    if options.action == 'run':
        config = eval_run.config_of(options)
        eval_run.chosen(config, options.only)
        assert config.data.set in sheets(), config.data.set
    elif options.action == 'list':
        assert options.name in ('', *sheets()), options.name
    elif options.action == 'report' and options.require:
        eval_report.required_of(options.require)


def node(words: list[str]) -> None:
    """The node would take its parameters; its files are there."""
    values: dict[str, object] = {}
    for option, value in itertools.pairwise(words):
        if option == '--params-file':
            exists(value)
        elif option == '-p':
            name, assigned, given = value.partition(':=')
            assert assigned, value
            values[name] = yaml.safe_load(given)
    parameters(values)


def parameters(values: dict[str, object]) -> None:
    """A node with these parameters starts; what names a machine's own files is not looked at.

    Raises:
        ParameterError: it would not.
    """
    read_parameters({
        name: value for name, value in values.items()
        if not (isinstance(value, str) and value.startswith(('/etc/', '/models/')))})


def python(words: list[str]) -> None:
    """The module or script is there."""
    if words[1] == '-m':
        assert importlib.util.find_spec(words[2]) is not None, words[2]
    else:
        exists(words[1])


def python3(words: list[str]) -> None:
    """Of the system: makes an environment, or runs a line that can be read."""
    if words[1] == '-c':
        compile(words[2], 'page', 'exec')
    else:
        assert words[1:3] == ['-m', 'venv'], words


def pytest(words: list[str]) -> None:
    """The tests are there."""
    paths = [word for word in words[1:] if not word.startswith('-')]
    assert paths
    for path in paths:
        exists(path)


def pip(words: list[str]) -> None:
    """Requirements can be read, files are there, and extras are those of the package."""
    assert words[1] == 'install', words
    rest = words[2:]
    while rest:
        word, *rest = rest
        if word in ('-c', '-r'):
            exists(rest.pop(0))
        elif word.startswith('.'):
            path, _, extras = word.partition('[')
            assert path == '.'
            for extra in filter(None, extras.rstrip(']').split(',')):
                assert f'\n{extra} = [' in text('pyproject.toml'), extra
        elif not word.startswith('-'):
            # on a public index, the name of what is not published is anybody's
            assert canonicalize_name(Requirement(word).name) != 'spatialclaw-ros', (
                'pip install -c constraints.txt . takes this package')


def apt(words: list[str]) -> None:
    """Names of packages."""
    assert words[1] in ('install', 'update'), words
    names = [word.replace('$ROS_DISTRO', 'jazzy') for word in words[2:] if word != '-y']
    assert [name for name in names if not DEBIAN.fullmatch(name)] == []


def one_of(*shapes: str) -> Rule:
    """A rule for commands of a few fixed shapes (regular expressions of all words)."""
    def rule(words: list[str]) -> None:
        line = ' '.join(words)
        assert any(re.fullmatch(shape, line) for shape in shapes), (
            f'{line!r} is none of {", ".join(shapes)}')
    return rule


def docker(words: list[str]) -> None:
    """Files of a build, and of a composition, are there."""
    assert words[1] in ('build', 'run', 'compose', 'exec', 'logs'), words
    for option, value in itertools.pairwise(words):
        if option in ('-f', '--file'):
            exists(value)


def files(words: list[str]) -> None:
    """Of what is copied or looked at, the repository's part is there."""
    for word in words[1:]:
        if '/' in word and not word.startswith(('-', '/', '~')):
            exists(word)


def service(words: list[str]) -> None:
    """Systemd's own verbs, on a unit that the pages or the repository name."""
    verbs = {'systemctl': {'enable', 'start', 'restart', 'stop', 'status', 'daemon-reload'}}
    named = [word for word in words[1:] if not word.startswith('-')]
    if words[0] in verbs:
        assert named[0] in verbs[words[0]], words
    assert all(re.fullmatch(r'[\w@.-]+', word) for word in named)


RULES: dict[str, Rule] = {
    'make': make, 'spatialclaw': spatialclaw, 'spatialclaw_node': node, 'python': python,
    'python3': python3, 'pytest': pytest, 'pip': pip, 'apt': apt,
    'apt-get': apt, 'docker': docker, 'systemctl': service, 'journalctl': service,
    'cp': files, 'ls': files, 'install': files, 'mkdir': files,
    'source': one_of(r'source ~/\w+/bin/activate', r'source install/setup.bash',
                     r'source /opt/ros/(humble|jazzy|kilted)/setup.bash'),
    'colcon': one_of(
        r'colcon (build|test)( --packages-select spatialclaw_ros)?( --symlink-install)?',
        r'colcon test-result( --verbose)?'),
    'rosdep': one_of(r'rosdep install --from-paths src --ignore-src -y', r'rosdep (init|update)'),
    'hf': one_of(r'hf auth login', r'hf download [\w./-]+ --local-dir \w+'),
    'sysctl': one_of(r'sysctl -w net(\.\w+)+=[\d ]+', r'sysctl --system', r'sysctl net(\.\w+)+'),
    'export': one_of(r'export [A-Z_]+=\S.*'), 'chmod': one_of(r'chmod 600 \S+'),
    'rerun': one_of(r'rerun [\w./-]+\.mcap'),
    'git': one_of(r'git clone \S+( \S+)?'), 'cd': files,
}
