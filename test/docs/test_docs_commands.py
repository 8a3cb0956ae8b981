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



"""Every command of the pages: run against a node where it can be, else read by its rule."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import docs_shell
import numpy as np
import pytest
import yaml
from docs_pages import REPOSITORY, commands, pages, snippets, text
from node_process import NodeProcess
from robot_double import PARAMETERS, RobotDouble
from ros2_double import Ros2

from spatialclaw_ros.cli import doctor
from spatialclaw_ros.cli import main as cli
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.workspace.question import Status

COMMANDS = {line: page for page in pages() for line in commands(page)}
QUICK = ('ask', 'doctor', 'view', 'export', 'watch', 'replay', 'eval list', 'eval report')
ELSEWHERE = ('gpu-box', 'gpu:', '--backbone')
"""What a machine has that the tests don't run on."""
TRACED = ('view', 'export', 'replay')
ABSENT = (' is no folder of a run', ' is not there. VSI-Bench')
"""What `spatialclaw eval` says where a reader has data and runs that the tests have not."""
PRESETS = {f'/{topic}' for path in REPOSITORY.glob('config/cameras/*.yaml')
           for topic in shlex.split(path.read_text(encoding='utf-8'), comments=True)
           if '/' in topic}
GOOD = {Status.OK, Status.REFUSED}


class Desk:
    """A reader's folder, with the repository's files and a file of the reader's own in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in REPOSITORY.iterdir():
            if path.name not in ('install', 'log', 'build'):
                (folder / path.name).symlink_to(path)
        (folder / 'my_robot.yaml').write_text(
            yaml.safe_dump({'/**': {'ros__parameters': PARAMETERS}}), encoding='utf-8')
        self.traces = folder / 'traces'

    def trace(self, name: str) -> None:
        """A folder of a trace by the name that a page gives it."""
        path = Path(name).expanduser()
        if not path.exists():
            done, *_ = sorted(each.parent for each in self.traces.glob('*/trace.html'))
            shutil.copytree(done, path)


@pytest.fixture(scope='module')
def desk(own_domain: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The folder, a robot, and the node of the pages, which has answered once."""
    made = Desk(tmp_path_factory.mktemp('desk'))
    before = Path.cwd(), os.environ.get('HOME', '')
    os.chdir(made.folder)
    os.environ['HOME'] = str(made.folder)
    robot = RobotDouble()
    robot.transforms += [('base_link', 'camera_link', np.eye(4))]
    parameters = {**PARAMETERS, 'max_frames': 2, 'trace_dir': str(made.traces)}
    try:
        with NodeProcess(made.folder / 'node', parameters):
            assert cli.main(['ask', 'How far is the red ball from the blue ball?', '--wait', '30',
                             '--quiet']) == 0
            yield made
    finally:
        robot.close()
        os.chdir(before[0])
        os.environ['HOME'] = before[1]


@pytest.fixture(scope='module')
def ros2(desk: Desk) -> Iterator[Ros2]:
    """Stand-in for the `ros2` command."""
    made = Ros2()
    made.meet('/tf_static')
    made.meet('/spatialclaw/markers')
    yield made
    made.to_state('/spatialclaw', 'active')
    made.close()


def run_spatialclaw(
    words: list[str], desk: Desk, output: Callable[[], str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run a command where it is quick and needs this machine alone; it need not succeed at a trace,
    a data set or a thing that the double's camera does not see, but must say so.
    """
    words = [str(Path(word).expanduser()) if word.startswith('~') else word for word in words]
    docs_shell.spatialclaw(words)
    name, *rest = words[1:]
    if not {name, ' '.join(words[1:3])}.intersection(QUICK):
        return
    if any(place in word for word in rest for place in ELSEWHERE):
        return
    options = docs_shell.build_parser().parse_args(words[1:])
    if name in TRACED:
        for folder in _folders(options):
            desk.trace(folder)
    if name == 'doctor':  # what is asked of it here; all else has tests of its own
        monkeypatch.setattr(doctor, 'examine', list)
    more = {'view': ['--no-browser'], 'watch': ['--once']}.get(name, [])
    status = cli.main([name, *rest, *more])
    text = output()
    assert text.strip()
    assert status in (0, 1) or (name == 'eval' and any(one in text for one in ABSENT)), text
    assert not any(word in text for word in ('Traceback', 'INTERNAL_ERROR', 'INVALID_REQUEST'))


def _folders(options: object) -> list[str]:
    """Folders of traces that a command line names."""
    given = [value for name, value in vars(options).items() if name in ('trace', 'traces', 'folder',
                                                                        'folders', 'path', 'paths')]
    return [str(each) for value in given
            for each in (value if isinstance(value, (list, tuple)) else [value]) if value]


def run_ros2(words: list[str], ros2: Ros2) -> None:
    """Run a command, and look at what the node says to it."""
    named = next((word for word in words if word in PRESETS), None)
    if words[1] == 'topic' and named is not None:  # of a camera that the pages speak of
        words = [PARAMETERS_OF.get(named.rpartition('/')[2], '/camera/color/image_raw')
                 if word == named else word for word in words]
    if words[1] in ('topic', 'service', 'action'):
        ros2.to_state('/spatialclaw', 'active')
    given = ros2.run(words)
    answer = getattr(given, 'answer', None)
    if isinstance(answer, SpatialAnswer):
        assert answer.status in GOOD, answer.message
        assert bool(ros2.feedback) == ('--feedback' in words) or words[1] != 'action'


PARAMETERS_OF = {'camera_info': '/camera/color/camera_info'}


@pytest.mark.parametrize(('line', 'page'), sorted(COMMANDS.items()))
def test_commands(
    line: str, page: str, desk: Desk, ros2: Ros2, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = docs_shell.bare(shlex.split(line))
    if words[0] == 'ros2':
        run_ros2(words, ros2)
    elif words[0] == 'spatialclaw':
        run_spatialclaw(words, desk, lambda: ''.join(capsys.readouterr()), monkeypatch)
    else:
        docs_shell.check(words)


@pytest.mark.parametrize('line', [
    'make escapes-sandboxed', 'make fuzz MINUTES=3', 'spatialclaw docter', 'pytest test/escape',
    'spatialclaw_node --ros-args -p sandbox:=of', 'pip install .[modles]', 'frobnicate --all',
    'pip install spatialclaw_ros', "pip install 'spatialclaw-ros[models]'",
    'docker build -f docker/Nowhere .', 'colcon bild', 'python scripts/nothing.py'])
def test_commands_that_would_not_run_are_noticed(line: str) -> None:
    with pytest.raises((AssertionError, SystemExit, ValueError)):
        docs_shell.check(shlex.split(line))


@pytest.mark.parametrize('line', [
    'ros2 launch spatialclaw_ros spatialclaw.launch.py camra:=realsense',
    'ros2 launch spatialclaw_ros spatialclaw.launch.py camera:=kinect',
    'ros2 service call /spatialclaw/ask spatialclaw_ros/srv/SpatialQuery "{}"',
    'ros2 topic echo /spatialclaw/nothing', 'ros2 param set /spatialclaw windows_s 5.0',
    'ros2 param set /spatialclaw max_frames 0', 'ros2 run spatialclaw_ros nod',
    'ros2 action send_goal --feadback /spatialclaw/query spatialclaw_ros/action/SpatialQuery "{}"'])
def test_commands_that_the_node_would_refuse_are_noticed(line: str, ros2: Ros2) -> None:
    with pytest.raises((AssertionError, SystemExit)):
        run_ros2(shlex.split(line), ros2)


TRIED_APART = {'docs/kernel.md': 'test_docs_kernel.py'}
"""Pages whose programs need no node, and who runs them."""


@pytest.mark.parametrize('page', sorted({
    page for page in pages() if page not in TRIED_APART
    and any(not each.file for each in snippets(page, 'python'))}))
def test_programs_run(page: str, desk: Desk, ros2: Ros2) -> None:
    """One after the other, as a reader would type them."""
    ros2.to_state('/spatialclaw', 'active')
    module = types.ModuleType('page')
    for snippet in snippets(page, 'python'):
        if not snippet.file:
            code = '\n' * snippet.line + snippet.text
            exec(compile(code, page, 'exec'), module.__dict__)
    if page == 'docs/answers.md':
        check_may_act(module.may_act, ros2)


def check_may_act(may_act: Callable[..., bool], ros2: Ros2) -> None:
    """It lets a good answer through, and none that lacks something."""
    answer = ros2.run(shlex.split(
        'ros2 service call /spatialclaw/query spatialclaw_ros/srv/SpatialQuery '
        '"{question: \'How far is the red ball from the blue ball?\'}"')).answer
    assert may_act(answer)
    for name, value in (('status', Status.REFUSED), ('sigma', math.nan), ('sigma', 0.02),
                        ('scale_source', 'model'), ('missing_priors', ['no pose'])):
        before = getattr(answer, name)
        setattr(answer, name, value)
        assert not may_act(answer), name
        setattr(answer, name, before)


def test_the_interfaces_page_names_what_the_node_offers(ros2: Ros2) -> None:
    """Names, types and QoS are those of the graph; nothing of it is left out but ROS' own."""
    ros2.to_state('/spatialclaw', 'active')
    table = text('docs/interfaces.md').partition('<!-- offered -->')[2].partition('<!-- /')[0]
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in table.splitlines()
            if line.startswith('| `')]
    told = {row[0].strip('`').replace('~', '/spatialclaw'): (row[1], row[2]) for row in rows
            if row[1].startswith('`')}
    offered = {name: (f'`{kind}`', qos) for name, kind, qos in ros2.offered('/spatialclaw')}
    assert told == offered
    assert {row[1] for row in rows if not row[1].startswith('`')} == {
        'service `spatialclaw_ros/srv/SpatialQuery`',
        'action `spatialclaw_ros/action/SpatialQuery`'}
