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


"""What a configured node holds beside its topics: kernel, backbone, perception, traces."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.interfaces import interface_for
from spatialclaw_ros.agent.recording import Finishing
from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import DeadlineExceededError, KernelError
from spatialclaw_ros.kernel import Kernel, SandboxPolicy
from spatialclaw_ros.kernel.report import require_sandbox
from spatialclaw_ros.perception import Perception
from spatialclaw_ros.perception.factory import open_perception
from spatialclaw_ros.ros.kernel_host import KernelHost
from spatialclaw_ros.ros.parameter_table import Settings

TRACES_WAIT_S = 5.0
KERNEL_START_S = 60.0


class Resources:
    """Made when the node is configured, once its kernel is ready; closed when it is cleaned up.

    Args:
        settings: what the parameters say.
        log_error: where a fault's text goes.
        patience: cancelled when the node is closed meanwhile.

    Raises:
        SandboxError: this host lacks a part of the sandbox that is required.
        KernelError: the kernel does not start.
        SpatialClawError: a backend that a parameter names can't be made.
    """

    def __init__(
        self, settings: Settings, log_error: Callable[[str], object], patience: Deadline,
    ) -> None:
        policy = SandboxPolicy(settings.sandbox)
        require_sandbox(policy)
        self.settings = settings
        self.perception: Perception | None = None
        self._traces = Finishing()
        with ExitStack() as undo:
            self.kernel = KernelHost(
                lambda: Kernel(limits=settings.kernel_limits, sandbox=policy), log_error)
            undo.callback(self.kernel.close)
            self.backbone = make_backbone(
                settings.backbone, config=settings.backbone_config,
                base_url=settings.backbone_url, model=settings.backbone_model,
                script=settings.backbone_script)
            undo.callback(self.backbone.close)
            self._interface = interface_for(settings.action_interface, self.backbone)
            self._await_kernel(patience)
            undo.pop_all()

    def _await_kernel(self, patience: Deadline) -> None:
        try:
            self.kernel.get(patience.branch(KERNEL_START_S))
        except DeadlineExceededError as error:
            raise KernelError(
                f'the kernel did not start in {KERNEL_START_S:g} s; `spatialclaw doctor` tries '
                'each part of it') from error

    def open_perception(self) -> None:
        """Make perception, which stays until `close`; models load in the background.

        Raises:
            PerceptionError: models that are needed and missing.
            DependencyError: a backend whose package is not installed.
        """
        if self.perception is None:
            self.perception = open_perception(self.settings.perception)

    def session(self, settings: Settings, deadline: Deadline) -> Session:
        """The agent for one query, with what the live parameters say now.

        Raises:
            KernelError: the kernel can't be started.
            DeadlineExceededError: the time ran out before it was ready.
            CanceledError: the query was cancelled.
        """
        if self.perception is None:
            raise RuntimeError('perception is opened before queries are taken')
        return Session(
            backbone=self.backbone, kernel=self.kernel.get(deadline), perception=self.perception,
            limits=AgentLimits(
                settings.max_steps, settings.trace_keep, settings.max_tokens,
                settings.images_per_step, settings.images_per_query, settings.trace_mb),
            trace_dir=Path(settings.trace_dir).expanduser() if settings.trace_dir else None,
            interface=self._interface, ahead_of_model=settings.ahead_of_model,
            finishing=self._traces)

    def close(self) -> bool:
        """Give everything back, GPU memory too; whether all traces were written in time."""
        with ExitStack() as undo:
            if self.perception is not None:
                undo.callback(self.perception.close)
            undo.callback(self.kernel.close)
            undo.callback(self.backbone.close)
        return self._traces.close(TRACES_WAIT_S)
