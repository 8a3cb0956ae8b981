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

"""Measures the node beside a bare subscriber, and an answer beside its kernel.

Three RGB-D cameras 640x480 at 30 Hz and TF at 50 Hz are published by a process with the Fast DDS
profile. It fails where a row falls short.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
from bench_run import Findings, run, take
from bench_table import Row, below, within
from builtin_interfaces.msg import Duration
from cancel_rows import MAX_CANCEL_S, SLACK, cancelled_at_stages
from dds_domain import free_domain
from ros_robot import CAMERAS, ROLES, TOPICS, Bench, Program, Robot

from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

QUESTION = 'How far apart are the red ball and the blue ball?'
IMAGES_HZ = 60
MAX_CPU_RATIO = 1.15
MAX_LOST_PERCENT = 1.0
MAX_OVERHEAD_S = 0.010
# buffers are full after that, and a process that has just started is up
SETTLE_S = 5.0
BETWEEN_S = 0.5
# of the answer's timings: a worker with the frames in its memory, its cells and the tools that they
# call, and the images asked for, decoded
NOT_FRAMEWORK = ('kernel', 'run', 'decode')
# what a short run on a machine of its own needs: few samples, and images come in bursts
CPU_SLACK, LOST_SLACK, OVERHEAD_SLACK = 1.1, 2.0, 2.5


def measure(findings: Findings, short: bool) -> None:
    """Take all samples, and add their rows."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    domain, taken = free_domain()
    os.environ['ROS_DOMAIN_ID'] = str(domain)
    use_fastdds_profile(os.environ)
    with taken, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        robot = Robot()
        stack.callback(robot.stop)
        bench = Bench(folder / 'rules')
        with closing(bench):
            bench.ready()
            window_s, rounds = (3.0, 4) if short else (5.0, 30)
            take(findings, [
                ('CPU', lambda found: cpu(found, bench, rounds, window_s)),
                ('frames', lambda found: frames(found, bench, robot, 5.0 if short else 30.0)),
                ('answers', lambda found: answers(found, bench, 8 if short else 40)),
                ('cancelled', lambda found: cancelled(found, bench, 5 if short else 30)),
            ])
        take(findings, [('cancelled at stages', lambda found: cancelled_at_stages(
            found, folder / 'models', 2 if short else 10))])


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
        slack=CPU_SLACK,
        note='for 60 images that came (colour and depth at 30 Hz), with CameraInfo and TF: all '
             'threads of the node, buffers full, diagnostics going, no question; against '
             'subscriptions of the same topics that do nothing, rclpy\'s SingleThreadedExecutor; '
             f'both at the same time, so that both have the same machine, {window_s:g} s a sample'))


def frames(findings: Findings, bench: Bench, robot: Robot, seconds: float) -> None:
    """Percentage of the published messages of a topic that the node has not got."""
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
            f'messages lost, {name}', [max(0.0, 100 * lost[worst])], (),
            below(MAX_LOST_PERCENT), unit='%', slack=LOST_SLACK,
            note=f'of the worst of {len(lost)} topics, {worst[1]} of {worst[0]}; '
                 f'{100 * max(0.0, sum(lost.values()) / len(lost)):.2f} % of all {published} that '
                 f'were published in {seconds:g} s'))
    bench.wait(1.0)


def answers(findings: Findings, bench: Bench, count: int) -> None:
    """What the framework adds to the time that the kernel takes, part by part."""
    parts: dict[str, list[float]] = {name: [] for name in (
        'framework of an answer', 'of that: choosing and placing 16 images',
        'of that: plan and code', 'of that: what the answer rests on',
        'of that: the service, there and back', 'beside it: decoding 16 images',
        'beside it: a worker, and the images in its memory', 'beside it: cells and tools',
        'framework and decoding', 'the whole answer', 'framework of an action with feedback')}
    for number in range(count + 1):
        bench.wait(BETWEEN_S)  # the last answer is drawn
        answer, took_s = bench.ask(QUESTION, cameras=['front'], timeout=Duration(sec=60))
        spent = {one.name: one.duration_s for one in answer.timings}
        bench.wait(BETWEEN_S)
        acted = bench.act(QUESTION, cameras=['front'], timeout=Duration(sec=60))
        for each in (answer, acted[0]):
            if each.status != SpatialAnswer.STATUS_OK:
                findings.faults.append(f'{QUESTION} was answered {each.status}: {each.message}')
                return
        if number == 0:
            continue  # it warms up
        figures = (
            _framework_s(answer, took_s), spent['frames'] - spent['decode'],
            spent['plan'] + spent['write'], spent['evidence'], took_s - spent['total'],
            spent['decode'], spent['kernel'], spent['run'], took_s - spent['kernel'] - spent['run'],
            took_s, _framework_s(*acted))
        for samples, figure in zip(parts.values(), figures):
            samples.append(figure)
    required, *others = parts.items()
    findings.rows += [
        Row(*required, required=below(MAX_OVERHEAD_S), slack=OVERHEAD_SLACK,
            note='from the call of the service to the answer in the client\'s hand, less what the '
                 'answer\'s own timings count as kernel (a worker, the images into its memory), '
                 'run (cells and the tools that they call) and decode (16 images of 640x480 with '
                 'depth): so DDS there and back, the waiting line, choosing and placing images, '
                 'plan and code, events, the answer. Markers, clouds and other drawings are made '
                 'after it. "framework and decoding" has decode in; an action with feedback goes '
                 'from the goal to its result, its small pictures and DDS twice there and back in'),
        *(Row(*each) for each in others)]


def cancelled(findings: Findings, bench: Bench, count: int) -> None:
    """From the request to cancel an action to its result, from an answer's beginning to its end."""
    took: list[float] = []
    _, whole_s = bench.act(QUESTION)
    for number in range(2 * count):
        cancel = bench.cancel_after(QUESTION, number % count / count * whole_s)
        if cancel.late:
            continue
        took.append(cancel.took_s)
        if not cancel.taken or cancel.status != SpatialAnswer.STATUS_CANCELED:
            findings.faults.append(
                f'a cancel was {"taken" if cancel.taken else "rejected"}, and the goal ended with '
                f'{cancel.status}')
        if len(took) == count:
            break
    if not took:
        findings.faults.append('no action could be cancelled before it ended')
        return
    findings.rows += [
        Row('cancel, the slowest', [max(took)], (), below(MAX_CANCEL_S), slack=SLACK,
            note=f'of {len(took)} actions, spread over the {whole_s:.1f} s that an answer takes'),
        Row('cancel', took)]


def _framework_s(answer: SpatialAnswer, took_s: float) -> float:
    """What is left of the time that an answer took, in seconds, without `NOT_FRAMEWORK`."""
    return took_s - sum(each.duration_s for each in answer.timings if each.name in NOT_FRAMEWORK)


def _spent_s(process: psutil.Process) -> float:
    """CPU seconds of a process so far."""
    times = process.cpu_times()
    return times.user + times.system


if __name__ == '__main__':
    assert __doc__ is not None
    sys.exit(run('make bench-ros', __doc__, measure))
