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

"""Measures the node beside a bare subscriber, and an answer beside its kernel and agent.

Three RGB-D cameras 640x480 at 30 Hz and TF at 50 Hz are published by a process with the Fast DDS
profile. It fails where a row falls short.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
from bench_run import Findings, run, take
from bench_table import Row, below, within
from builtin_interfaces.msg import Duration
from ros_robot import CAMERAS, ROLES, TOPICS, Bench, Program, Robot

from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

QUESTION = 'How far apart are the red ball and the blue ball?'
IMAGES_HZ = 60
MAX_CPU_RATIO = 1.15
MAX_LOST_PERCENT = 1.0
MAX_OVERHEAD_S = 0.010
MAX_CANCEL_S = 0.5
# buffers are full after that, and a process that has just started is up
SETTLE_S = 5.0
BETWEEN_S = 0.5
KERNEL_AND_AGENT = ('plan', 'kernel', 'write', 'run')
_DELAYS_S = (0.0, 0.02, 0.05, 0.1, 0.2)


def measure(findings: Findings, short: bool) -> None:
    """Take all samples, and add their rows."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(20 + os.getpid() % 80))
    use_fastdds_profile(os.environ)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        robot = Robot()
        stack.callback(robot.stop)
        bench = Bench(folder)
        stack.callback(bench.close)
        bench.ready()
        window_s, rounds = (3.0, 4) if short else (5.0, 30)
        take(findings, [
            ('CPU', lambda found: cpu(found, bench, rounds, window_s)),
            ('frames', lambda found: frames(found, bench, robot, 5.0 if short else 30.0)),
            ('answers', lambda found: answers(found, bench, 8 if short else 40)),
            ('cancelled', lambda found: cancelled(found, bench, 5 if short else 30)),
        ])


def cpu(findings: Findings, bench: Bench, rounds: int, window_s: float) -> None:
    """Seconds of CPU that a second of one camera costs: the node, a bare subscriber, in turns."""
    ours: list[float] = []
    bare: list[float] = []
    program = Program(Path(__file__).parent / 'ros_bare.py', *TOPICS)
    try:
        bench.wait(SETTLE_S)
        for _ in range(rounds):
            seen, began = bench.images(), _spent_s(bench.node.process)
            bare_seen, bare_began = int(program.asked()), _spent_s(program.process)
            bench.wait(window_s)
            images = bench.images() - seen
            ours.append((_spent_s(bench.node.process) - began) * IMAGES_HZ / max(1, images))
            images = int(program.asked()) - bare_seen
            bare.append((_spent_s(program.process) - bare_began) * IMAGES_HZ / max(1, images))
    finally:
        program.stop()
    findings.rows.append(Row(
        'CPU for a second of a camera', ours, bare, within(MAX_CPU_RATIO),
        note='for 60 images that came (colour and depth at 30 Hz), with CameraInfo and TF: all '
             'threads of the node, buffers full, diagnostics going, no question; against '
             'subscriptions of the same topics that do nothing, rclpy\'s SingleThreadedExecutor; '
             f'both at the same time, so that both have the same machine, {window_s:g} s a sample'))


def frames(findings: Findings, bench: Bench, robot: Robot, seconds: float) -> None:
    """Percentage of published messages that the node has not got."""
    for name, busy in (('alone', False), ('while it answers', True)):
        robot.set('off')
        bench.wait(1.0)
        before = bench.received()
        began = robot.set('plain')
        if busy:
            end_s = time.monotonic() + seconds
            while time.monotonic() < end_s:
                bench.ask(QUESTION)
        else:
            bench.wait(seconds)
        ended = robot.set('off')
        bench.wait(1.0)
        after = bench.received()
        robot.set('plain')
        lost = {
            (camera, role): 1 - (after[camera, role] - before[camera, role])
            / (ended[camera] - began[camera]) for camera in CAMERAS for role in ROLES}
        published = sum(ended[camera] - began[camera] for camera in CAMERAS) * len(ROLES)
        worst = max(lost, key=lambda one: lost[one])
        findings.rows.append(Row(
            f'messages lost, {name}', [max(0.0, 100 * sum(lost.values()) / len(lost))], (),
            below(MAX_LOST_PERCENT), unit='%',
            note=f'{published} published in {seconds:g} s; worst: {worst[1]} of {worst[0]}, '
                 f'{100 * max(0.0, lost[worst]):.2f} %'))
    bench.wait(1.0)


def answers(findings: Findings, bench: Bench, count: int) -> None:
    """What the framework adds to the time that kernel and agent take."""
    total: list[float] = []
    beside: list[float] = []
    choosing: list[float] = []
    for _ in range(count + 1):
        bench.wait(BETWEEN_S)  # the last answer is drawn
        answer, took_s = bench.ask(QUESTION, cameras=['front'], timeout=Duration(sec=60))
        spent = {one.name: one.duration_s for one in answer.timings}
        if answer.status != SpatialAnswer.STATUS_OK:
            findings.faults.append(f'{QUESTION} was answered {answer.status}: {answer.message}')
            return
        total.append(took_s)
        beside.append(took_s - sum(spent.get(part, 0.0) for part in KERNEL_AND_AGENT))
        choosing.append(spent.get('frames', 0.0))
    # the first one warms up
    findings.rows += [
        Row('framework of an answer', beside[1:], (), below(MAX_OVERHEAD_S),
            note='from the call of the service to the answer in the client\'s hand, less what the '
                 'answer\'s own timings count as plan, kernel (a worker, the frames into its '
                 'memory), write and run (cells and tools): so DDS there and back, the waiting '
                 'line, choosing, decoding and placing 16 images of 640x480, events, the answer'),
        Row('of that: choosing, decoding, placing 16 images', choosing[1:]),
        Row('the whole answer', total[1:], note='for information: the machine\'s speed'),
    ]


def cancelled(findings: Findings, bench: Bench, count: int) -> None:
    """From the request to cancel an action to its result."""
    took: list[float] = []
    for number in range(2 * count):
        status, seconds = bench.cancel_after(QUESTION, _DELAYS_S[number % len(_DELAYS_S)])
        if status == SpatialAnswer.STATUS_CANCELED:
            took.append(seconds)
        if len(took) == count:
            break
    if not took:
        findings.faults.append('no action could be cancelled before it ended')
        return
    delays = ', '.join(f'{1e3 * delay_s:.0f}' for delay_s in _DELAYS_S)
    findings.rows += [
        Row('cancel, the slowest', [max(took)], (), below(MAX_CANCEL_S),
            note=f'of {len(took)} actions, {delays} ms after the goal was accepted'),
        Row('cancel', took)]


def _spent_s(process: psutil.Process) -> float:
    """CPU seconds of a process so far."""
    times = process.cpu_times()
    return times.user + times.system


if __name__ == '__main__':
    assert __doc__ is not None
    sys.exit(run('make bench-ros', __doc__, measure))
