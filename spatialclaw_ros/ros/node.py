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


"""The ROS 2 node as a managed one: what it makes and gives back at each of its transitions.

configure makes publishers, kernel and backbone; activate opens cameras, TF and perception, then
queries are taken; deactivate ends queries and closes cameras and TF, models stay where they are;
cleanup and shutdown give everything back, and so does an error: configure may be tried again then.
The service and the action `~/query` live as long as the node; a transition that fails leaves the
node in the state that it was in, and says why in the log and on `/diagnostics`.
"""

from __future__ import annotations

import gc
import threading
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, SpatialClawError
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.ros.camera_config import without_depth
from spatialclaw_ros.ros.diagnostics import Diagnostics
from spatialclaw_ros.ros.handling import QueryHandler
from spatialclaw_ros.ros.health import NEXT, Sources, namesakes_line
from spatialclaw_ros.ros.inputs import Inputs
from spatialclaw_ros.ros.logs import RosLogHandler
from spatialclaw_ros.ros.lookout import Lookout
from spatialclaw_ros.ros.memory import give_memory_back
from spatialclaw_ros.ros.outputs import Outputs
from spatialclaw_ros.ros.parameters import Parameters
from spatialclaw_ros.ros.query import QueryRunner
from spatialclaw_ros.ros.resources import Resources
from spatialclaw_ros.ros.serving import Serving

NODE_NAME = 'spatialclaw'
NAMESAKES_PAUSE_S = 60.0
PRIMARY = ('unconfigured', 'inactive', 'active')
SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR)


def _nothing() -> None:
    """Nothing to undo."""


def _give_back() -> None:
    # what refers to itself keeps images and descriptors until it is looked for
    gc.collect()
    give_memory_back()


class SpatialClawNode(LifecycleNodeMixin, Node):
    """The node, unconfigured; construct it after `rclpy.init`, spin it, and `close` it.

    Args:
        node_name: name of the node.
        node_args: further arguments of `rclpy.node.Node`.

    Raises:
        ParameterError: a parameter can't be used.
    """

    def __init__(self, node_name: str = NODE_NAME, **node_args: Any) -> None:
        Node.__init__(self, node_name, **node_args)
        # the state is told, and another transition refused, while one is under way
        LifecycleNodeMixin.__init__(self, callback_group=ReentrantCallbackGroup())
        self._log = self.get_logger()
        self._records = RosLogHandler(self._log)
        self.failed: SpatialClawError | None = None
        self._changing = threading.RLock()
        self._patience = Deadline()
        self._resources: Resources | None = None
        self._outputs: Outputs | None = None
        self._inputs: Inputs | None = None
        try:
            self.parameters = Parameters(self, self._log.warning)
        except BaseException:
            self._records.close()
            self.destroy_node()
            raise
        self._diagnostics = Diagnostics(self, self._sources)
        self._serving = Serving(
            self, lambda: self.parameters.settings, self._inactive, self._diagnostics.ended)

    @property
    def state(self) -> str:
        """State of the lifecycle, or name of the transition under way: 'active', 'configuring'."""
        # rclpy has no public way to it; this one is there from Humble to Kilted
        label: str = self._state_machine.current_state[1]
        return label

    def hold(self) -> None:
        """Let queries wait for `start`, which is about to be called."""
        self._serving.start.over.clear()

    def start(self) -> bool:
        """Configure and activate; whether both came about.

        Else `failed` says why not; it is None where somebody else changed the state meanwhile.
        """
        try:
            return self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS
        except RuntimeError:  # an RCLError, on Humble: no such transition from the state it is in
            return False
        finally:
            self._serving.start.over.set()

    def close(self) -> None:
        """Give everything back, whatever the state; call it when no executor spins the node."""
        self.release()
        self._diagnostics.close()
        self._serving.close()
        self._records.close()
        self.destroy_node()
        # rclpy leaves it, and with it the node in the graph
        self._state_machine.destroy_when_not_in_use()

    def release(self) -> None:
        """End a transition under way and all queries, shut down, and keep but the bare node."""
        self._patience.cancel()
        with self._changing:
            try:
                done = self.state in PRIMARY and self.trigger_shutdown() == SUCCESS
            except RuntimeError:  # an RCLError: somebody else changed the state meanwhile
                done = False
            if not done:
                self._release()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make what does not look at the robot."""
        return self._change('configure', self._configure, self._release)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Look at the robot, and take queries."""
        return self._change('activate', self._activate, self._deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take no queries, end those that are there, and look away."""
        return self._change('deactivate', self._rest)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back what configure and activate made."""
        return self._change('clean up', self._release)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give everything back for good."""
        return self._change('shut down', self._release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give everything back after a fault; the node is unconfigured then."""
        failed = self.failed
        result = self._change('recover', self._release)
        self.failed = failed
        return result

    def _change(
        self, name: str, step: Callable[[], object], undo: Callable[[], object] = _nothing,
    ) -> TransitionCallbackReturn:
        """Take one step of the lifecycle; nothing of one that fails stays."""
        with self._changing, ExitStack() as failing:
            failing.callback(undo)
            self.failed = None
            try:
                step()
                failing.pop_all()
            except SpatialClawError as error:
                self.failed = error
                if not isinstance(error, CanceledError):
                    self._log.error(f'could not {name}: {error}')
                return FAILURE
            # the outermost edge: rclpy would take it for an error without a word
            except Exception as error:
                self.failed = SpatialClawError(
                    f'a fault of this node: {error}; its log has the traceback')
                self._log.error(f'could not {name}:\n{traceback.format_exc()}')
                return ERROR
        return SUCCESS

    def _configure(self) -> None:
        self._patience.check('configuring: the node is closed')
        self.parameters.configured = True
        self._resources = Resources(self.parameters.settings, self._log.error, self._patience)
        self._outputs = Outputs(self, self._log.error, cameras=len(self.parameters.cameras))

    def _activate(self) -> None:
        self._patience.check('activating: the node is closed')
        resources, outputs = self._resources, self._outputs
        if resources is None or outputs is None:
            raise RuntimeError('a node is configured before it is activated')
        settings = self.parameters.settings
        resources.open_perception()
        if line := without_depth(self.parameters.cameras, settings.perception.reconstruct):
            self._log.warning(line)
        self._inputs = Inputs(self, settings, self.parameters.cameras)
        lookout = Lookout(self._inputs, lambda: self.parameters.settings)
        runner = QueryRunner(
            observe=lookout.observe, settle=lookout.settle, log_error=self._log.error,
            make_session=lambda request, deadline: resources.session(
                request.settings or self.parameters.settings, deadline),
            max_concurrent=settings.max_concurrent,
            max_queued=lambda: self.parameters.settings.max_queued)
        self._serving.handler = QueryHandler(
            runner, outputs, lambda: self.parameters.settings, self._diagnostics.ended,
            self.get_fully_qualified_name(), self._inputs.transforms.topics)
        self._log.info(
            f'ready for questions on {self.resolve_service_name("~/query")}; cameras: '
            f'{", ".join(settings.cameras)}; backbone: {settings.backbone}; perception: '
            f'{_seen_by(settings.perception)}; sandbox: {settings.sandbox}')

    def _deactivate(self) -> None:
        handler, self._serving.handler = self._serving.handler, None
        if handler is not None and not handler.close(
                self._patience.branch(self.parameters.settings.deactivate_wait_s)):
            self._log.warning(
                'a query did not stop in time, or was not closed; its thread ends when it can')
        inputs, self._inputs = self._inputs, None
        if inputs is not None:
            inputs.close()

    def _rest(self) -> None:
        self._deactivate()
        _give_back()

    def _release(self) -> None:
        self._deactivate()
        outputs, self._outputs = self._outputs, None
        if outputs is not None:
            outputs.close()
        resources, self._resources = self._resources, None
        if resources is not None and not resources.close():
            self._log.warning('a trace was not written to its end in time')
        del resources
        self._diagnostics.forget()
        _give_back()
        self.parameters.configured = False

    def _inactive(self) -> str:
        """Why a question can't be answered now, and what to do."""
        state, name = self.state, self.get_fully_qualified_name()
        if state not in NEXT:
            return f'the node is {state}; ask again when it is active'
        why = f' ({self.failed})' if self.failed is not None else ''
        first = f'`ros2 lifecycle set {name} configure`, then ' if state == 'unconfigured' else ''
        return f'the node is {state}{why}: {first}`ros2 lifecycle set {name} activate`'

    def _sources(self) -> Sources:
        resources, inputs, handler = self._resources, self._inputs, self._serving.handler
        namesakes = max(0, self.get_node_names_and_namespaces().count(
            (self.get_name(), self.get_namespace())) - 1)
        if namesakes:
            self._log.warning(
                namesakes_line(self.get_fully_qualified_name(), namesakes),
                throttle_duration_sec=NAMESAKES_PAUSE_S)
        return Sources(
            self.state, failed='' if self.failed is None else str(self.failed), namesakes=namesakes,
            configured=self.parameters.cameras,
            cameras=None if inputs is None else inputs.cameras.status,
            kernel=None if resources is None else lambda: resources.kernel.status,
            sandbox=self.parameters.settings.sandbox,
            backbone=None if resources is None else resources.backbone,
            perception=None if resources is None else resources.perception,
            queue=None if handler is None else handler.runner)


def _seen_by(config: PerceptionConfig) -> str:
    """Who perceives and where, in a few words."""
    where = 'a process of its own' if config.apart else 'this process'
    if config.url and (config.needs_depth or config.needs_masks):
        where = config.url
    return f'{config.reconstruct} and {config.segment} in {where}'
