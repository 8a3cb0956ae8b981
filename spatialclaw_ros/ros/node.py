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

"""The ROS 2 node: cameras and TF in, questions through `~/query`, answers and drawings out.

At most `max_concurrent` queries run at once (parameter, 1 by default). A further one is answered
`BUSY` at once, and the message names the one that runs. Every request is answered, at the latest
half a second after its own time is up.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.events import Event
from spatialclaw_ros.agent.interfaces import interface_for
from spatialclaw_ros.agent.recording import Finishing
from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import NoFramesError, SandboxError, SpatialClawError
from spatialclaw_ros.kernel import Kernel, SandboxPolicy
from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.kernel.report import require_sandbox
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.factory import open_perception
from spatialclaw_ros.ros.answers import answer_message, in_asked_frame
from spatialclaw_ros.ros.cameras import CameraBuffers
from spatialclaw_ros.ros.compat.dds import use_fastdds_profile
from spatialclaw_ros.ros.diagnostics import Diagnostics
from spatialclaw_ros.ros.health import Sources
from spatialclaw_ros.ros.kernel_host import KernelHost
from spatialclaw_ros.ros.logs import RosLogHandler
from spatialclaw_ros.ros.observe import MAX_TF_FRAMES, select_observation
from spatialclaw_ros.ros.outputs import Outputs
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.parameters import Parameters
from spatialclaw_ros.ros.placement import check_frame, only_placed
from spatialclaw_ros.ros.query import QueryRequest, QueryRunner
from spatialclaw_ros.ros.requests import request_of
from spatialclaw_ros.ros.transforms import TransformSource
from spatialclaw_ros.srv import SpatialQuery
from spatialclaw_ros.workspace.observation import Observation

NODE_NAME = 'spatialclaw'
SPARE_THREADS = 3
SHUTDOWN_WAIT_S = 5.0
TRACES_WAIT_S = 5.0
MAX_FAULTS = 100
FIRST_INPUT_WAIT_S = 5.0
FIRST_INPUT_POLL_S = 0.1
TF_MARGIN_S = 5.0


class SpatialClawNode(Node):
    """The node; construct it after `rclpy.init`, spin it, and `close` it.

    Args:
        node_name: name of the node.
        give_up: called, from another thread, when the node can't go on: the kernel's workers lack
            a part of the sandbox that is required.
        node_args: further arguments of `rclpy.node.Node`.

    Raises:
        ParameterError: a parameter can't be used.
        SandboxError: this host lacks a part of the sandbox that is required.
        SpatialClawError: a backend that a parameter names can't be made.
    """

    def __init__(
        self, node_name: str = NODE_NAME, *, give_up: Callable[[str], object] = lambda _: None,
        **node_args: Any,
    ) -> None:
        super().__init__(node_name, **node_args)
        self._log = self.get_logger()
        self._records = RosLogHandler(self._log)
        try:
            self._set_up(give_up)
        except BaseException:
            self._records.close()
            self.destroy_node()
            raise

    def _set_up(self, give_up: Callable[[str], object]) -> None:
        self.parameters = Parameters(self, self._log.warning)
        self.parameters.configured = True
        settings = self.parameters.settings
        policy = SandboxPolicy(settings.sandbox)
        require_sandbox(policy)
        with ExitStack() as undo:
            self._kernel = KernelHost(
                lambda: Kernel(limits=settings.kernel_limits, sandbox=policy), self._log.error,
                give_up)
            undo.callback(self._kernel.close)
            self._backbone = make_backbone(
                settings.backbone, config=settings.backbone_config,
                base_url=settings.backbone_url, model=settings.backbone_model,
                script=settings.backbone_script)
            undo.callback(self._backbone.close)
            self._interface = interface_for(settings.action_interface, self._backbone)
            self._perception = open_perception(settings.perception)
            undo.callback(self._perception.close)
            self._connect(settings)
            undo.pop_all()

    def _connect(self, settings: Settings) -> None:
        """Topics, TF and the service, when all that answers is made."""
        self._traces = Finishing()
        self._transforms = TransformSource(self, cache_s=settings.buffer_s + TF_MARGIN_S)
        self._cameras = CameraBuffers(
            self, self.parameters.cameras,
            buffer_s=settings.buffer_s, buffer_bytes=settings.buffer_mb * MIB,
            pair_tolerance_s=settings.pair_tolerance_s, on_jump_back=self._transforms.clear)
        self._outputs = Outputs(self, self._log.error)
        self._runner = QueryRunner(
            observe=self._observe, make_session=self._make_session, log_error=self._log.error,
            max_concurrent=settings.max_concurrent)
        self._diagnostics = Diagnostics(self, lambda: Sources(
            'active', configured=self.parameters.cameras, cameras=self._cameras.status,
            kernel=lambda: self._kernel.status, sandbox=settings.sandbox,
            backbone=self._backbone, perception=self._perception, queue=self._runner))
        self._service = self.create_service(
            SpatialQuery, '~/query', self._on_query, callback_group=ReentrantCallbackGroup())
        self._patient_until_s = time.monotonic() + FIRST_INPUT_WAIT_S
        self._log.info(
            f'ready for questions on {self.resolve_service_name("~/query")}; cameras: '
            f'{", ".join(settings.cameras)}; backbone: {settings.backbone}; perception: '
            f'{_seen_by(settings.perception)}; sandbox: {settings.sandbox}')

    def threads(self) -> int:
        """Executor threads that keep a BUSY answer and the cameras going while queries run."""
        return self.parameters.settings.max_concurrent + SPARE_THREADS

    def cancel_queries(self) -> None:
        """Cancel what runs and take nothing new; each caller gets its answer."""
        if not self._runner.close():
            self._log.warning('a query did not stop in time; it ends with the process')

    def close(self) -> None:
        """Give everything back: queries, kernel, buffers, publishers."""
        self.cancel_queries()
        self._diagnostics.close()
        self._outputs.close()
        self._backbone.close()
        self._kernel.close()
        self._perception.close()
        self._cameras.close()
        self._transforms.close()
        if not self._traces.close(TRACES_WAIT_S):
            self._log.warning('a trace was not written to its end in time')
        self._records.close()
        self.destroy_node()

    def _on_query(
        self, request: SpatialQuery.Request, response: SpatialQuery.Response,
    ) -> SpatialQuery.Response:
        try:
            settings = self.parameters.settings
            outcome = in_asked_frame(self._runner.run(
                request.question, lambda: request_of(request, settings), self._on_event))
            response.answer = answer_message(
                outcome, default_frames=(settings.answer_frame, settings.base_frame))
            self._diagnostics.ended(outcome, request.client)
            self._outputs.publish(outcome, response.answer)
        except Exception:
            self._log.error(f'answering failed:\n{traceback.format_exc()}')
            response.answer.status = response.answer.STATUS_INTERNAL_ERROR
            response.answer.message = 'a fault of this node; its log has the traceback'
        return response

    def _on_event(self, query_id: str, event: Observation | Event) -> None:
        self._outputs.event(query_id, event)

    def _observe(self, request: QueryRequest, deadline: Deadline) -> Observation:
        """Make the observation; a node that has just started waits for its first images and TF."""
        while True:
            patience_s = min(self._patient_until_s - time.monotonic(), deadline.remaining_s)
            may_wait = patience_s >= 2 * FIRST_INPUT_POLL_S
            try:
                observation = self._select(request)
            except NoFramesError:
                if not may_wait:
                    raise
            else:
                if not may_wait or observation.world_frame or not self.count_publishers('/tf'):
                    check_frame(observation, request.question.frame_id)
                    return observation
            time.sleep(FIRST_INPUT_POLL_S)

    def _select(self, request: QueryRequest) -> Observation:
        settings = self.parameters.settings
        return only_placed(select_observation(
            self._cameras, self._transforms, cameras=request.cameras,
            stamp_ns=request.stamp_ns, window_s=request.window_s,
            max_frames=request.max_frames, world_frame=settings.world_frame,
            base_frame=settings.base_frame, tf_frames=self._tf_frames(request, settings)))

    def _tf_frames(self, request: QueryRequest, settings: Settings) -> tuple[str, ...]:
        """TF frames to look up: () for all, or those named first when TF has too many."""
        known = self._transforms.frames()
        if len(known) <= MAX_TF_FRAMES:
            return ()
        named = (request.question.frame_id, settings.answer_frame, settings.base_frame)
        chosen = dict.fromkeys(name for name in (*named, *known) if name in known)
        return tuple(chosen)[:MAX_TF_FRAMES]

    def _make_session(self, _request: QueryRequest, deadline: Deadline) -> Session:
        settings = self.parameters.settings
        return Session(
            backbone=self._backbone, kernel=self._kernel.get(deadline),
            perception=self._perception,
            limits=AgentLimits(
                settings.max_steps, settings.trace_keep, settings.max_tokens,
                settings.images_per_step, settings.images_per_query, settings.trace_mb),
            trace_dir=_trace_dir(settings), interface=self._interface,
            ahead_of_model=settings.ahead_of_model, finishing=self._traces)


def _seen_by(config: PerceptionConfig) -> str:
    """Who perceives and where, in a few words."""
    where = 'a process of its own' if config.apart else 'this process'
    if config.url and (config.needs_depth or config.needs_masks):
        where = config.url
    return f'{config.reconstruct} and {config.segment} in {where}'


def _trace_dir(settings: Settings) -> Path | None:
    return Path(settings.trace_dir).expanduser() if settings.trace_dir else None


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM.

    Args:
        args: command line without the program's name; None takes `sys.argv`.

    Returns:
        Exit status: 0 after a clean shutdown, 1 when it gave up after too many faults, 2 when it
        can't start as told.
    """
    use_fastdds_profile(os.environ)
    rclpy.init(
        args=None if args is None else list(args),
        signal_handler_options=SignalHandlerOptions.NO)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        return _serve(stop)
    finally:
        rclpy.try_shutdown()


def _serve(stop: threading.Event) -> int:
    refusals: list[str] = []

    def give_up(reason: str) -> None:
        refusals.append(reason)
        stop.set()

    try:
        node = SpatialClawNode(give_up=give_up)
    except SandboxError as error:
        return _refuse(str(error))
    except SpatialClawError as error:
        print(f'spatialclaw_node: {error}', file=sys.stderr)
        return 2
    executor = MultiThreadedExecutor(node.threads())
    executor.add_node(node)
    faults: list[str] = []

    def spin() -> None:
        """Spin until told to stop; a fault in one callback does not take the node down."""
        while not stop.is_set() and len(faults) < MAX_FAULTS:
            try:
                executor.spin()
                break
            except Exception:
                # An executor that is shut down while a callback ends raises InvalidHandle.
                if not stop.is_set():
                    faults.append(traceback.format_exc())
                    node.get_logger().error(f'a callback failed:\n{faults[-1]}')
        stop.set()

    spinner = threading.Thread(target=spin, name='executor', daemon=True)
    spinner.start()
    stop.wait()
    node.cancel_queries()
    executor.shutdown(timeout_sec=SHUTDOWN_WAIT_S)
    spinner.join(SHUTDOWN_WAIT_S)
    node.close()
    if refusals:
        return _refuse(refusals[0])
    return 1 if len(faults) >= MAX_FAULTS else 0


def _refuse(reason: str) -> int:
    # what every kernel needs has no setting that goes without it
    offered = SandboxPolicy.BEST_EFFORT.value in reason
    hint = ' (in the parameter file, or `--ros-args -p sandbox:=best_effort`)' if offered else ''
    print(f'spatialclaw_node: {reason}{hint}', file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main())
