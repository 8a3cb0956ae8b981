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



"""`spatialclaw watch` against a running node: in a terminal, on a pipe, and once."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress

import pytest
from live_node import LiveNode
from rclpy.executors import SingleThreadedExecutor
from rich.console import Console
from robot_double import PARAMETERS, RobotDouble

from spatialclaw_ros.cli import watch_view
from spatialclaw_ros.cli.findings import WARNS
from spatialclaw_ros.cli.main import main
from spatialclaw_ros.cli.perception_report import examine_node, models_of
from spatialclaw_ros.cli.watch import EXIT_FAILED, EXIT_WARNS, EXIT_WELL, _Keys, health
from spatialclaw_ros.cli.watch_view import LOST_S, Changes, picture
from spatialclaw_ros.client import RefusedError, SpatialClient
from spatialclaw_ros.client.watcher import NodeView, PartStatus, Step, Watcher

PROGRAM = (sys.executable, '-c',
           'import sys; from spatialclaw_ros.cli.main import main; sys.exit(main())', 'watch')
REAR = 'ros2 topic list -t'
DISTANCE = 'How far apart are the red ball and the blue ball?'
WELL = (PartStatus('lifecycle', 'ok', 'active', {'state': 'active'}),
        PartStatus('camera front', 'ok', '30.0 Hz', {
            'image rate (Hz)': '30.0', 'image age (s)': '0.03', 'lost': '2', 'paired (%)': '100',
            'TF': 'ok'}))


class Watched:
    """A node whose second camera nobody publishes, and that can be started again."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.start()

    def start(self) -> None:
        self._live = LiveNode('watched', {
            **PARAMETERS, 'max_frames': 1, 'cameras': ['camera', 'rear'],
            'rear.image': '/rear/image_raw'})
        assert self._live.node.start(), self._live.node.failed

    def stop(self) -> None:
        self._live.__exit__()


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    robot = RobotDouble()
    made = Watched(tmp_path_factory.mktemp('watch'))
    yield made
    made.stop()
    robot.close()


@pytest.fixture
def once(capsys, monkeypatch):
    """Exit status of `--once`, and what it prints in 80 columns."""
    monkeypatch.setenv('COLUMNS', '80')

    def look(*arguments):
        status = main(['watch', '--once', *arguments])
        return status, capsys.readouterr().out
    return look


def test_once_in_80_columns(node, once):
    with Watcher('/watched') as watcher:
        end_s = time.monotonic() + 60.0
        while not any(part.level == 'ok' for part in watcher.view().cameras):
            assert time.monotonic() < end_s, watcher.view()
            time.sleep(0.05)
    while True:  # a busy machine loses an image at times, and that is told
        status, text = once('--node', 'watched', '--wait', '60')
        assert status == EXIT_FAILED
        lines = text.splitlines()
        assert max(map(len, lines)) <= 80
        assert lines[0].split() == ['/watched', 'active']
        rows = {line.split()[0]: line.split()[1:] for line in reversed(lines[2:4])}
        if rows['camera'][-1] == 'well' or time.monotonic() > end_s:
            break
    assert rows['camera'][-2:] == ['ok', 'well'], text
    assert 0 < float(rows['camera'][0]) < 12  # of 10 Hz; more don't come where all is slow
    assert rows['rear'][-1] == 'failed'
    assert REAR in ' '.join(text.split())
    for part in ('kernel', 'backbone', 'perception', 'installation', 'queries: 0 running'):
        assert part in text


def test_a_node_that_is_not_there(once):
    status, text = once('--node', 'nobody', '--wait', '0.1')
    assert status == EXIT_FAILED
    assert '/nobody: not heard yet' in text
    assert 'ros2 node list' in text


def test_a_watcher_whose_thread_failed_says_so(capsys, monkeypatch):
    def fail(_):
        raise ValueError('of a callback')

    monkeypatch.setattr(SingleThreadedExecutor, 'spin', fail)
    monkeypatch.setattr(Watcher, 'wait', lambda watcher, _: watcher._own._thread.join(60.0))
    assert main(['watch', '--once', '--node', 'nobody']) == EXIT_FAILED
    assert 'nothing more is heard' in capsys.readouterr().err
    finding, = examine_node('/nobody')
    assert 'nothing more is heard' in finding.detail


def test_ros_that_does_not_begin_is_told_in_one_line(capsys, monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', '500')
    assert main(['watch', '--once', '--node', 'nobody']) == EXIT_FAILED
    line, = capsys.readouterr().err.splitlines()
    assert 'ROS_DOMAIN_ID is 500' in line
    finding, = examine_node('/nobody')
    assert 'ROS_DOMAIN_ID is 500' in finding.detail


class Lines:
    """What a process prints, as it comes."""

    def __init__(self, stream) -> None:
        self.all: list[str] = []
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            self.all.append(line.rstrip('\n'))

    def until(self, *words, since=0, timeout_s=60.0) -> int:
        """Number of lines once one, after those known before, has all these words."""
        end_s = time.monotonic() + timeout_s
        while not (at := self.at(*words, since=since)):
            assert time.monotonic() < end_s, f'no line with {words} in {self.all[since:]}'
            time.sleep(0.02)
        return at

    def at(self, *words, since=0) -> int:
        """Number of lines up to the first such one; 0 where none has come."""
        return next((at + 1 for at, line in enumerate(list(self.all))
                     if at >= since and all(word in line for word in words)), 0)


def test_a_pipe_gets_a_line_for_each_change_and_a_restart_is_survived(node):
    process = subprocess.Popen(
        [*PROGRAM, '--node', '/watched'], stdout=subprocess.PIPE, text=True, cwd=node.folder)
    try:
        lines = Lines(process.stdout)
        lines.until('camera rear: failed', REAR)
        with SpatialClient('/watched') as client:
            end_s = time.monotonic() + 60.0
            while not lines.at('query', 'frames'):  # once it has found the node's steps
                assert time.monotonic() < end_s, lines.all
                assert client.ask(DISTANCE, timeout_s=60.0).unit == 'm'
                time.sleep(0.2)
            with pytest.raises(RefusedError):
                client.ask('Paint it \x1b[31mred', timeout_s=60.0)
        at = lines.until('query', 'frames')
        at = lines.until('write 1/30', since=at)
        at = lines.until('run 1/30', since=at)
        at = lines.until('answer', '0.2', ' m', since=at)
        lines.until('queries: well', 'last: REFUSED')  # of one look, parts come before steps
        assert not any('\x1b' in line for line in lines.all)
        node.stop()
        at = lines.until('/watched is not heard any more', since=at)
        node.start()
        lines.until('lifecycle: well: active', since=at)
    finally:
        process.send_signal(signal.SIGINT)
    assert process.wait(60.0) == EXIT_WELL


def test_a_terminal_is_given_back_after_q(node):
    parent, child = pty.openpty()
    environment = {**os.environ, 'COLUMNS': '80', 'LINES': '40', 'TERM': 'xterm-256color'}
    process = subprocess.Popen(
        [*PROGRAM, '--node', '/watched'], stdin=child, stdout=child, cwd=node.folder,
        env=environment, close_fds=True)
    os.close(child)
    shown = b''
    try:
        end_s = time.monotonic() + 90.0
        while b'/rear/image_raw' not in shown and time.monotonic() < end_s:
            if select.select([parent], [], [], 0.2)[0]:
                shown += os.read(parent, 65536)
        assert b'/rear/image_raw' in shown
        assert b'\x1b[?1049h' in shown
        os.write(parent, b'q')
        rest = b''
        with suppress(OSError):  # the terminal has nobody left
            while time.monotonic() < end_s:
                if select.select([parent], [], [], 0.2)[0]:
                    rest += os.read(parent, 65536)
        assert process.wait(60.0) == EXIT_WELL
        assert b'\x1b[?1049l' in rest
    finally:
        process.kill()
        os.close(parent)


@pytest.mark.parametrize(('levels', 'status'), [
    ((), EXIT_FAILED), (('ok', 'stale'), EXIT_WELL), (('ok', 'warn'), EXIT_WARNS),
    (('warn', 'error', 'ok'), EXIT_FAILED),
])
def test_health_as_an_exit_status(levels, status):
    assert health(NodeView('/a', tuple(PartStatus('x', level, '') for level in levels))) == status


def shown(view, width=80):
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(picture(view, width))
    return captured.get()


@pytest.mark.parametrize('width', [60, 80, 200])
def test_a_picture_fits_its_terminal(width):
    now_s = time.monotonic()
    queries = PartStatus('queries', 'ok', '1 running, 1 waiting', {
        'running': '1', 'waiting': '1', 'running 1': "q1 of arm ('How far?', 1.0 s)",
        'waiting 1': "q2 ('How tall is " + 'very ' * 40 + "tall?', 0.3 s)",
        'last 1': 'OK in 0.20 s, 5 s ago: 0.412 m (How far is the mug from the box?)'})
    wrong = PartStatus('perception', 'warn', 'loading sam3 ' + 'word ' * 30, {
        'masks: model': 'sam3', 'masks: state': 'loading', 'masks: loaded (%)': '40'})
    view = NodeView('/robot/spatialclaw', (*WELL, queries, wrong), 0.5, (
        Step(1, 'q0', 'answer', 2, 30, 'long ago', now_s - 60),
        Step(2, 'q1', 'frames', 0, 30, '2 images', now_s - 50),
        Step(3, 'q1', 'write', 1, 30, 'find the mug', now_s - 40)))
    text = shown(view, width)
    assert max(map(len, text.splitlines())) <= width
    for words in ('/robot/spatialclaw  active', 'front', 'loading sam3', 'masks model',
                  'queries: 1 running, 1 waiting', 'q1 of arm', 'write 1/30', 'find the mug',
                  'OK in 0.20 s'):
        assert words in text
    assert 'long ago' not in text


def test_a_node_that_went_away_is_told():
    assert 'nothing heard for 12 s' in shown(NodeView('/a', WELL, 12.0))
    changes = Changes()
    assert list(changes.lines(NodeView('/a'))) == []
    assert len(list(changes.lines(NodeView('/a', WELL, 0.1)))) == len(WELL)
    line, = changes.lines(NodeView('/a', WELL, LOST_S + 1))
    assert '/a is not heard any more' in line


def test_a_node_that_is_never_heard_is_told_once(monkeypatch):
    changes = Changes()
    monkeypatch.setattr(watch_view, 'LOST_S', 0.0)
    line, = changes.lines(NodeView('/tpyo'))
    assert '/tpyo: not heard yet; does it run (`ros2 node list`)' in line
    assert list(changes.lines(NodeView('/tpyo'))) == []
    monkeypatch.undo()
    assert len(list(changes.lines(NodeView('/tpyo', WELL, 0.1)))) == len(WELL)


@pytest.mark.parametrize(('before', 'after', 'lines'), [
    ('30.0 Hz', '29.7 Hz', 0),
    ('its image came 2.1 s ago', 'its image came 3.1 s ago', 0),
    ('12% of its messages are lost', '25% of its messages are lost', 0),
    ('last: OK: 0.400 m', 'last: OK: 0.412 m', 1),
    ('1 running, 0 waiting', '1 running, 2 waiting', 1),
])
def test_a_rate_that_wavers_is_no_change(before, after, lines):
    changes = Changes()
    told = [len(list(changes.lines(NodeView('/a', (PartStatus('x', 'ok', message),), 0.1))))
            for message in (before, after)]
    assert told == [1, lines]


def test_keys_come_whole_and_a_terminal_is_given_back_on_sigterm(monkeypatch):
    parent, child = pty.openpty()
    with os.fdopen(child) as terminal:
        monkeypatch.setattr(sys, 'stdin', terminal)
        before, handler = termios.tcgetattr(terminal), signal.getsignal(signal.SIGTERM)
        with suppress(SystemExit), _Keys() as keys:
            for sent, pressed in ((b'\x1b[A\x1bOQ', ''), (b'\x1b[1;5Bxq', 'xq'), (b'', '')):
                os.write(parent, sent)
                assert keys.pressed(10.0 if sent else 0.0) == pressed
            assert termios.tcgetattr(terminal) != before
            signal.raise_signal(signal.SIGTERM)
            time.sleep(10.0)
            pytest.fail('still there')
        assert termios.tcgetattr(terminal) == before
        assert signal.getsignal(signal.SIGTERM) == handler
        with _Keys() as keys:
            monkeypatch.setattr(os, 'read', lambda *_: b'')  # as of a terminal that hung up
            os.write(parent, b'x')
            with pytest.raises(KeyboardInterrupt):
                keys.pressed(10.0)
    os.close(parent)


@pytest.mark.parametrize('wait', ['nan', '-1', 'inf', 'long'])
def test_a_wait_of_no_use_is_a_wrong_command_line(capsys, wait):
    with pytest.raises(SystemExit) as caught:
        main(['watch', '--once', '--wait', wait])
    assert caught.value.code == 2
    assert 'is not a positive number of seconds' in capsys.readouterr().err


def test_a_model_of_another_version_only_warns():
    finding, = models_of('node', {'masks: state': 'dreaming', 'masks: calls': '3'})
    assert (finding.state, finding.detail) == (WARNS, 'dreaming, 3 calls')
