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

"""What ends the node's process at its start: one line, and a status that restarts it or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_process import NodeProcess

from spatialclaw_ros.errors import (
    BackboneError,
    DependencyError,
    InvalidRequestError,
    KernelError,
    MiddlewareError,
    PerceptionUnavailableError,
    SandboxError,
    SpatialClawError,
    WeightsError,
)
from spatialclaw_ros.ros.beginning import arguments_error, domain_fault
from spatialclaw_ros.ros.parameter_spec import ParameterError
from spatialclaw_ros.ros.refusal import LASTING, MAY_PASS, status_of

RUN = 'import sys\nfrom spatialclaw_ros.ros.main import main\nsys.exit(main())\n'
SLOW = 'from spatialclaw_ros.ros import resources\nresources.KERNEL_START_S = 0.0\n' + RUN
FULL = (
    'from spatialclaw_ros.kernel import Kernel\n'
    'def start(self): raise OSError(12, "Cannot allocate memory")\n'
    'Kernel.start = start\n' + RUN)
FAULTY = 'from spatialclaw_ros.ros import node\nnode.Outputs = lambda *_, **__: 1 / 0\n' + RUN
# a participant that may use nothing to talk with can't be made
NO_TRANSPORT = """<?xml version="1.0" encoding="UTF-8" ?>
<profiles xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles">
  <participant profile_name="mute" is_default_profile="true">
    <rtps><useBuiltinTransports>false</useBuiltinTransports></rtps>
  </participant>
</profiles>
"""


@pytest.mark.parametrize(('error', 'status'), [
    (ParameterError, LASTING), (InvalidRequestError, LASTING), (DependencyError, LASTING),
    (SandboxError, LASTING), (BackboneError, LASTING), (KernelError, MAY_PASS),
    (MiddlewareError, MAY_PASS), (PerceptionUnavailableError, MAY_PASS), (WeightsError, MAY_PASS),
    (SpatialClawError, MAY_PASS)])
def test_only_what_another_start_would_meet_again_keeps_it_down(
    error: type[SpatialClawError], status: int,
) -> None:
    assert status_of(error('told')) == status


@pytest.mark.parametrize(('said', 'kind'), [
    ("Couldn't parse params file: 'a.yaml', at /src/rcl/a.c:12", InvalidRequestError),
    ('failed to initialize rcl: ROS_DOMAIN_ID is not an integral number', InvalidRequestError),
    ("failed to initialize rcl: Enclave name is not valid: 'a b'", InvalidRequestError),
    ("SECURITY ERROR: directory '/keystore/enclaves' does not exist.", MiddlewareError),
    ('failed to create participant: Invalid argument', MiddlewareError),
    ('profile.xml: failed to parse, parameter of transport', MiddlewareError)])
def test_what_ros_does_not_begin_with(said: str, kind: type[SpatialClawError]) -> None:
    error = arguments_error(RuntimeError(said))
    assert type(error) is kind
    assert said.partition(', at')[0] in str(error)
    assert '/src/' not in str(error)


@pytest.mark.parametrize(('domain', 'middleware', 'usable'), [
    (0, 'rmw_fastrtps_cpp', True), (232, 'rmw_fastrtps_cpp', True),
    (233, 'rmw_fastrtps_cpp', False), (500, 'rmw_cyclonedds_cpp', False),
    (500, 'rmw_zenoh_cpp', True)])
def test_domains_that_a_middleware_has(domain: int, middleware: str, usable: bool) -> None:
    fault = domain_fault(domain, middleware)
    assert bool(fault) != usable
    assert usable or f'ROS_DOMAIN_ID is {domain}, and {middleware} has' in fault


@pytest.mark.parametrize(('words', 'named'), [
    (('--log-levl', 'debug'), '--log-levl'), (('-p', 'window_s'), 'window_s'),
    (('--log-config-file', 'nowhere.yaml'), 'logging'), (('--params-file', 'no.yaml'), 'no.yaml')])
def test_arguments_that_ros_does_not_know_are_named_and_are_not_tried_again(
    tmp_path: Path, words: tuple[str, ...], named: str,
) -> None:
    # in a process of its own: logging is set up once in each
    with NodeProcess(tmp_path, {}, arguments=words, program=('-c', RUN)) as process:
        assert process.popen.wait(60.0) == LASTING, process.log
    line, = (line for line in process.log.splitlines() if line.startswith('spatialclaw_node: '))
    assert named in line
    assert 'ROS_DOMAIN_ID' not in line


@pytest.mark.parametrize(('program', 'profile', 'words'), [
    (SLOW, '', ('the kernel did not start in 0 s', 'spatialclaw doctor')),
    (FULL, '', ('the kernel did not start', 'Cannot allocate memory')),
    (FAULTY, '', ('a fault of this node: division by zero',)),
    (RUN, NO_TRANSPORT, ('does not come into the ROS graph', 'RMW_IMPLEMENTATION'))],
    ids=['slow machine', 'no memory', 'fault', 'middleware'])
def test_what_may_pass_is_told_in_one_line_and_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, profile: str,
    words: tuple[str, ...],
) -> None:
    if profile:
        path = tmp_path / 'profile.xml'
        path.write_text(profile, encoding='utf-8')
        for variable in ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'):
            monkeypatch.setenv(variable, str(path))
        # for LOCALHOST, rmw_fastrtps adds transports of its own
        monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    with NodeProcess(tmp_path, {}, program=('-c', program)) as process:
        assert process.popen.wait(60.0) == MAY_PASS, process.log
    # Fast DDS writes lines of its own, on a thread of its own
    line, = (line for line in process.log.splitlines() if line.startswith('spatialclaw_node: '))
    for word in words:
        assert word in line
    # of a fault the log has it, as its message says; nothing else has one
    assert ('Traceback' in process.log) == (program == FAULTY)
