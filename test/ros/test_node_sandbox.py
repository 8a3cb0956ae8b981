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


"""What the node does on a host that lacks a part of the sandbox, as its parameter says."""

from __future__ import annotations

import re
import time

import psutil
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from node_process import NodeProcess
from rclpy.context import Context
from rclpy.node import Node
from robot_double import spin_until

from spatialclaw_ros.errors import SandboxError
from spatialclaw_ros.kernel import SandboxPolicy, support
from spatialclaw_ros.kernel.report import lacking, require_sandbox, sandbox_parts
from spatialclaw_ros.kernel.support import SandboxPart
from spatialclaw_ros.ros.node import SpatialClawNode

COST = 'cells could read files'
RUN = 'from spatialclaw_ros.ros.main import main\nsys.exit(main(sys.argv[1:]))'
# a host whose kernel has no Landlock, as the node finds out by asking
HIDDEN = f'''
import dataclasses, sys
from spatialclaw_ros.kernel import support
found = support.sandbox_support()
support.sandbox_support = lambda: [
    dataclasses.replace(part, available=part.available and part.name != 'Landlock')
    for part in found]
{RUN}
'''
# one that says it has it, and whose workers find out that they have not
BROKEN = f'''
import functools, sys
from spatialclaw_ros.ros import resources
resources.Kernel = functools.partial(resources.Kernel, without=('Landlock',))
{RUN}
'''


def ended(process: NodeProcess, timeout_s: float = 60.0) -> set[psutil.Process]:
    """Wait for the node's end; return every process that it was seen to start."""
    started: set[psutil.Process] = set()
    end_s = time.monotonic() + timeout_s
    while process.running and time.monotonic() < end_s:
        try:
            started.update(process.children())
        except psutil.NoSuchProcess:
            break
        time.sleep(0.01)
    assert not process.running, process.log
    return started


# which it is where nothing is said
@pytest.mark.parametrize(('program', 'given'), [
    (HIDDEN, {'sandbox': 'required'}), (BROKEN, {})], ids=['asked', 'found out, by default'])
def test_required_does_not_start_without_a_part(tmp_path, program, given):
    with NodeProcess(tmp_path, given, program=('-c', program)) as process:
        started = ended(process)
        log = process.log
        assert process.stop() == 2, log
    last = log.strip().splitlines()[-1]
    for words in ('spatialclaw_node: ', 'Landlock', COST, '-p sandbox:=best_effort'):
        assert words in last
    assert 'Traceback' not in log
    assert psutil.wait_procs(started, timeout=30.0)[1] == []


def test_best_effort_starts_warns_and_says_so_in_diagnostics(tmp_path):
    seen: dict[str, DiagnosticStatus] = {}
    context = Context()
    rclpy.init(args=[], context=context)
    listener = Node('listener', context=context)
    listener.create_subscription(DiagnosticArray, '/diagnostics', lambda array: seen.update(
        {status.name: status for status in array.status}), 10)
    try:
        with NodeProcess(
                tmp_path, {'sandbox': 'best_effort'}, program=('-c', BROKEN)) as process:
            assert spin_until(listener, lambda: (
                'spatialclaw: kernel' in seen
                and seen['spatialclaw: kernel'].message.startswith('ready'))), process.log
            assert process.stop() == 0, process.log
            told = [line for line in process.log.splitlines() if COST in line]
    finally:
        listener.destroy_node()
        rclpy.try_shutdown(context=context)
    kernel = seen['spatialclaw: kernel']
    values = {value.key: value.value for value in kernel.values}
    assert kernel.level == DiagnosticStatus.WARN
    assert kernel.message == 'ready; sandbox without: Landlock'
    assert values['sandbox'] == 'best_effort'
    assert values['sandbox: Landlock'].startswith(f'missing: {COST}')
    assert values['sandbox: seccomp filters'] == 'on'
    assert values['zygote starts'] == '1'
    assert ['[WARN]' in line and 'Landlock' in line for line in told] == [True]


@pytest.fixture
def without_seccomp(monkeypatch):
    found = support.sandbox_support()
    monkeypatch.setattr(support, 'sandbox_support', lambda: [
        SandboxPart(part.name, part.name != 'seccomp filters', part.cost) for part in found])


def test_a_refused_node_leaves_nothing_behind(without_seccomp):
    context = Context()
    rclpy.init(args=[], context=context)
    try:
        children = psutil.Process().children(recursive=True)
        node = SpatialClawNode('refused', context=context)
        assert not node.start()
        assert isinstance(node.failed, SandboxError)
        assert re.search(r'seccomp filters.*sockets.*best_effort', str(node.failed))
        assert node.state == 'unconfigured'
        node.close()
        assert psutil.Process().children(recursive=True) == children
        onlooker = Node('onlooker', context=context)
        assert 'refused' not in onlooker.get_node_names()
        onlooker.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)


def test_only_required_refuses(without_seccomp):
    require_sandbox(SandboxPolicy.BEST_EFFORT)
    with pytest.raises(SandboxError):
        require_sandbox(SandboxPolicy.REQUIRED)
    assert lacking(sandbox_parts(None)) == ['seccomp filters']


@pytest.mark.parametrize('part', ['sealed memory files', 'process descriptors'])
@pytest.mark.parametrize('policy', [SandboxPolicy.REQUIRED, SandboxPolicy.BEST_EFFORT])
def test_no_policy_goes_without_what_every_kernel_needs(monkeypatch, part, policy):
    found = support.sandbox_support()
    monkeypatch.setattr(support, 'sandbox_support', lambda: [
        SandboxPart(other.name, other.name not in (part, 'Landlock'), other.cost)
        for other in found])
    with pytest.raises(SandboxError, match=f'no setting starts a kernel without {part}') as caught:
        require_sandbox(policy)
    assert 'best_effort' not in str(caught.value)
    assert ('Landlock' in str(caught.value)) == (policy is SandboxPolicy.REQUIRED)


def test_this_host_has_every_part():
    require_sandbox(SandboxPolicy.REQUIRED)
