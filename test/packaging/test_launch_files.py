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


"""What the launch files name exists: parts of the launch API, files, parameters, programs.

They are read, not run, for `launch` is on no package index; test/launch runs them where it is.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from launch_double import API

from spatialclaw_ros.ros.parameter_table import NODE_PARAMETERS
from spatialclaw_ros.ros.perception_parameters import PERCEPTION_PARAMETERS

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path.name for path in (ROOT / 'launch').glob('*.launch.py'))
MAIN, DEMO = 'spatialclaw.launch.py', 'demo.launch.py'
PARAMETERS = {spec.name: spec for spec in (*NODE_PARAMETERS, *PERCEPTION_PARAMETERS)}


def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / 'launch' / name).read_text(encoding='utf-8'))


def calls(name: str, called: str) -> Iterator[ast.Call]:
    """Yield every call of a name in a launch file."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == called:
            yield node


def texts(nodes: list[ast.expr]) -> list[str]:
    return [node.value for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def constants(name: str) -> dict[str, object]:
    """Return what a file gives names to at its top, where that is plain."""
    found: dict[str, object] = {}
    for node in tree(name).body:
        if (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                and not isinstance(node.value, ast.Call)):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def arguments(name: str) -> dict[str, dict[str, ast.expr]]:
    """Return the arguments that a file declares: their keywords by name."""
    return {texts(call.args)[0]: {str(key.arg): key.value for key in call.keywords}
            for call in calls(name, 'DeclareLaunchArgument')}


def choices(name: str, argument: str) -> tuple[str, ...]:
    """Return what an argument may be; () for anything."""
    node = arguments(name)[argument].get('choices')
    if node is None:
        return ()
    return tuple(constants(name)[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node))


@pytest.mark.parametrize('name', FILES)
def test_the_api_has_what_is_imported_and_given(name: str) -> None:
    for node in ast.walk(tree(name)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = node.module or '' if isinstance(node, ast.ImportFrom) else node.names[0].name
            names = {alias.name for alias in node.names}
            if module.split('.')[0] in ('launch', 'launch_ros'):
                assert names <= set(API[module])
            elif module.startswith('spatialclaw_ros'):
                found = __import__(module, fromlist=['*'])
                assert [one for one in names if not hasattr(found, one)] == []
            else:
                assert module.split('.')[0] in sys.stdlib_module_names
    for known in (one for module in API.values() for one in module.items()):
        for call in calls(name, known[0]):
            assert {key.arg for key in call.keywords} <= known[1], ast.unparse(call)


@pytest.mark.parametrize('name', FILES)
def test_arguments_are_described_and_used(name: str) -> None:
    words = [node.value for node in ast.walk(tree(name))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for argument, given in arguments(name).items():
        description = ast.literal_eval(given['description'])
        assert description.endswith('.'), argument
        assert words.count(argument) >= 2, f'{argument} is declared and not used'
        default = given['default_value']
        if choices(name, argument):
            assert ast.literal_eval(default) in choices(name, argument)
            assert all(isinstance(choice, str) for choice in choices(name, argument))
    used = {word for call in calls(name, 'LaunchConfiguration') for word in texts(call.args)}
    used |= {word for node in ast.walk(tree(name)) if isinstance(node, ast.Subscript)
             and isinstance(node.value, ast.Name) and node.value.id == 'values'
             for word in texts([node.slice])}
    assert used <= set(arguments(name))


def test_choices_are_what_there_is() -> None:
    assert choices(MAIN, 'camera') == (
        'none', *sorted(path.stem for path in (ROOT / 'config' / 'cameras').glob('*.yaml')))
    assert choices(MAIN, 'profile') == (
        'none', *sorted(path.stem for path in (ROOT / 'config' / 'profiles').glob('*.yaml')))
    for argument in ('reconstruct', 'segment'):
        assert choices(MAIN, argument) == ('', *PARAMETERS[argument].choices)
    assert choices('perception.launch.py', 'engine') in ((), ('auto', 'plain', 'ray'))


@pytest.mark.parametrize('name', FILES)
def test_files_that_are_named_exist(name: str) -> None:
    for call in calls(name, 'share_path'):
        parts = texts(call.args)
        if len(parts) == len(call.args):
            assert ROOT.joinpath(*parts).is_file()
        else:  # the rest comes from an argument's choices, or from a call of _included
            assert ROOT.joinpath(*parts).is_dir()


def test_what_is_included_takes_what_it_is_given() -> None:
    included = {f'{texts(call.args)[0]}.launch.py': call for call in calls(MAIN, '_included')}
    assert set(included) == {'perception.launch.py', 'vllm.launch.py'}
    for file, call in included.items():
        given, = (node for node in call.args if isinstance(node, ast.Dict))
        assert set(texts([key for key in given.keys if key])) <= set(arguments(file))
    call, = calls(DEMO, 'IncludeLaunchDescription')
    assert '/'.join(texts(next(
        inner for inner in ast.walk(call) if isinstance(inner, ast.Call)
        and ast.unparse(inner.func) == 'share_path').args)) == f'launch/{MAIN}'
    given_to = {texts(node.elts)[0] for key in call.keywords
                for node in ast.walk(key.value) if isinstance(node, ast.Tuple)}
    assert given_to
    assert given_to <= set(arguments(MAIN))


@pytest.mark.parametrize('name', FILES)
def test_programs_that_are_started_exist(name: str) -> None:
    installed = re.findall(r'install\(PROGRAMS ([\w/ ]+) DESTINATION lib/',
                           (ROOT / 'CMakeLists.txt').read_text())
    own = {Path(script).name for line in installed for script in line.split()}
    needed = {str(node.text) for node in ElementTree.parse(ROOT / 'package.xml').iter()}
    for call in calls(name, 'Node'):
        given = {str(key.arg): ast.unparse(key.value) for key in call.keywords}
        if given['package'] == 'PACKAGE':
            assert ast.literal_eval(given['executable']) in own
        else:  # of others: RViz, which a robot without a screen need not have
            assert (given['package'], given['executable']) == ("'rviz2'", "'rviz2'")
            assert 'rviz2' not in needed


def test_the_simulated_robot_takes_what_it_is_given() -> None:
    helped = subprocess.run(
        [sys.executable, '-m', str(constants(DEMO)['ROBOT']), '--help'],
        capture_output=True, text=True, timeout=60, check=True)
    options = [text for call in calls(DEMO, 'ExecuteProcess') for node in ast.walk(call)
               if isinstance(node, ast.expr) for text in texts([node]) if text.startswith('--')]
    assert options == ['--depth-noise']
    assert options[0] in helped.stdout


def test_rviz_shows_topics_of_the_node() -> None:
    """Those that the launch file finds to remap, with its own expression."""
    pattern, = (text for call in ast.walk(tree(MAIN)) if isinstance(call, ast.Call)
                and ast.unparse(call.func) == 're.findall' for text in texts(call.args))
    config = (ROOT / 'config' / 'spatialclaw.rviz').read_text(encoding='utf-8')
    topics = set(re.findall(pattern, config))
    assert {'/markers', '/evidence', '/overlay'} <= topics
    shown = '\n'.join(line for line in config.splitlines() if not line.lstrip().startswith('#'))
    assert topics == set(re.findall(r'/spatialclaw(/[\w/]+)', shown)), 'written otherwise'
    policy = ElementTree.parse(ROOT / 'config' / 'sros2' / 'policies.xml')
    published = {str(topic.text) for node in policy.iter('topics') if node.get('publish')
                 for topic in node}
    assert {f'~{topic}' for topic in topics} <= published
