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

"""The table of the node's parameters, and their values at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from spatialclaw_ros.agent.interfaces import INTERFACES
from spatialclaw_ros.backbone.factory import BACKBONES
from spatialclaw_ros.kernel import KernelLimits, SandboxPolicy
from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.ros.camera_config import DEPTH_TRANSPORTS, IMAGE_TRANSPORTS
from spatialclaw_ros.ros.parameter_spec import LIVE, NEVER, ParameterSpec
from spatialclaw_ros.workspace.tolerance import MAX_ANGLE_DEG, Tolerance

# without 'off', which is there to measure with
SANDBOX_POLICIES = (SandboxPolicy.REQUIRED.value, SandboxPolicy.BEST_EFFORT.value)
_LIMITS = KernelLimits()
_TOLERANCE = Tolerance()


NODE_PARAMETERS: tuple[ParameterSpec, ...] = (
    ParameterSpec('cameras', ('camera',),
                  'Names of the cameras. Each one has the parameters under "Each camera", which '
                  'are there as soon as it is named.'),
    ParameterSpec('autostart', True,
                  'Whether the node configures and activates itself; what fails then ends the '
                  'process. `false` leaves it to a lifecycle manager, or to `ros2 lifecycle set`.',
                  changes=NEVER),
    ParameterSpec('world_frame', 'odom',
                  'TF frame that measuring happens in: fixed, z up. Where TF has no such frame, '
                  '`base_frame` is used.', changes=LIVE),
    ParameterSpec('base_frame', 'base_link',
                  "The robot's own frame (REP 105).", changes=LIVE),
    ParameterSpec('answer_frame', '',
                  'Frame of points in answers when the request names none. Empty: `base_frame` if '
                  'TF has it, else the world frame.', changes=LIVE),
    ParameterSpec('window_s', 2.0,
                  'How far back a query looks when it names no window, seconds.',
                  0.001, 3600.0, changes=LIVE),
    ParameterSpec('max_frames', 16,
                  'At most this many images per query, spread over the window, when it names no '
                  'number.', 1, 512, changes=LIVE),
    ParameterSpec('timeout_s', 30.0,
                  'Time for a whole query when it names none, seconds.', 0.1, 3600.0, changes=LIVE),
    ParameterSpec('tolerance_m', _TOLERANCE.length_m,
                  'How well a length or a place must be known to be told when a query names no '
                  'tolerance, metres: two standard deviations. What is known less well is refused.',
                  0.0001, 100.0, changes=LIVE),
    ParameterSpec('tolerance_share', _TOLERANCE.share,
                  'The same as a share of the length; the larger of the two holds. 0: '
                  '`tolerance_m` alone.', 0.0, 1.0, changes=LIVE),
    ParameterSpec('tolerance_deg', _TOLERANCE.angle_deg,
                  'The same for angles, degrees; also when a query names a tolerance, which is of '
                  'lengths.', 0.01, MAX_ANGLE_DEG, changes=LIVE),
    ParameterSpec('max_steps', 30,
                  'Cells that may be written for one query.', 1, 200, changes=LIVE),
    ParameterSpec('max_tokens', 0,
                  'Tokens that a model may write for one query, its plan and thinking included. '
                  '0: no bound.', 0, 10_000_000, changes=LIVE),
    ParameterSpec('images_per_step', 8,
                  'Pictures that a cell shows and that go back to a model after one step; further '
                  'ones are only in the trace.', 0, 64, changes=LIVE),
    ParameterSpec('images_per_query', 32,
                  'The same for all steps of a query together. The key frames, at most 32, come '
                  'on top; the server must allow the sum in one request.', 0, 512, changes=LIVE),
    ParameterSpec('max_concurrent', 1,
                  'Queries that may run at once. Further ones wait their turn.', 1, 8),
    ParameterSpec('max_queued', 4,
                  'Queries that may wait. A further one is answered BUSY at once, and the message '
                  'names those that run. 0: nobody waits.', 0, 64, changes=LIVE),
    ParameterSpec('deactivate_wait_s', 0.0,
                  'Time that running queries have to end by themselves when the node is '
                  'deactivated, seconds; what runs then is cancelled.', 0.0, 3600.0, changes=LIVE),
    ParameterSpec('buffer_s', 10.0,
                  'How many seconds of messages are kept of each camera.', 0.1, 600.0),
    ParameterSpec('buffer_mb', 512,
                  'How many megabytes (2^20 bytes) of messages are kept, all cameras together.',
                  1, 65536),
    ParameterSpec('pair_tolerance_s', 0.02,
                  'Colour, depth and CameraInfo whose stamps differ by no more than this belong '
                  'together, seconds.', 0.0, 1.0),
    ParameterSpec('backbone', 'rules',
                  'Who writes the cells: `rules` needs no model and no network, `vllm` is a '
                  'vision-language model behind an OpenAI-compatible API, `recorded` plays a '
                  'script of replies, `MODULE:FUNCTION` is your own (docs/extending.md).',
                  choices=BACKBONES, or_own=True),
    ParameterSpec('backbone_config', '',
                  'Where the model is and how it is asked (`vllm`): name of a file in '
                  '`config/backbones` without `.yaml`, or the path of one (docs/backbones.md). '
                  'Empty: a vLLM server on this machine whose model is called `default`. A '
                  'backbone of your own gets it as it is.'),
    ParameterSpec('backbone_url', '',
                  'Base URL of the API (`vllm`). Empty: as `backbone_config` has it.'),
    ParameterSpec('backbone_model', '',
                  'Name of the served model (`vllm`). Empty: as `backbone_config` has it.'),
    ParameterSpec('backbone_script', '',
                  'YAML file of replies (`recorded`).'),
    ParameterSpec('action_interface', 'code',
                  'How a model acts: `code` writes one Python cell a step, `single_pass` one '
                  'program that runs once, `tool_call` one JSON call a step, `none` answers from '
                  'the images alone. `rules` writes `code` only.', choices=tuple(INTERFACES)),
    ParameterSpec('ahead_of_model', True,
                  'Whether likely tool calls (a reconstruction of all frames, masks of what the '
                  'question names) run while a model writes, so that its own identical call '
                  'returns at once; docs/agent.md. Without effect on `rules`.', changes=LIVE),
    ParameterSpec('sandbox', 'required',
                  'What to do on a host that lacks a part of the sandbox that cells run in: '
                  '`required` does not start, `best_effort` starts without that part and warns. '
                  '`spatialclaw doctor` names the parts, docs/security.md says what they are for.',
                  choices=SANDBOX_POLICIES),
    ParameterSpec('cell_timeout_s', _LIMITS.cell_timeout_s,
                  'Time for one cell without the tools that it calls, seconds; the query\'s own '
                  'time holds too.', 0.1, 3600.0),
    ParameterSpec('kernel_memory_mb', _LIMITS.memory_bytes // MIB,
                  'Megabytes (2^20 bytes) of memory that the cells of one query may take, and '
                  'the same again for tool results. `max_concurrent` queries may take it at '
                  'once, and for a moment as many that have just been answered.', 128, 65536),
    ParameterSpec('kernel_pool_mb', _LIMITS.pool_bytes // MIB,
                  'Megabytes (2^20 bytes) of shared memory that the node keeps between queries '
                  'for the next one\'s frames and tool results, which then start sooner. 0: none.',
                  0, 65536),
    ParameterSpec('trace_dir', '',
                  'Folder that each query leaves its whole story in; `~` is the home folder. '
                  'Empty: no traces.', changes=LIVE),
    ParameterSpec('trace_keep', 50,
                  'How many traces are kept; the oldest go first.', 1, 100000, changes=LIVE),
    ParameterSpec('trace_mb', 2048,
                  'Megabytes (2^20 bytes) that all traces together may take: the oldest first lose '
                  'what only `spatialclaw replay DIR` needs, then go.', 1, 1048576, changes=LIVE),
)

CAMERA_PARAMETERS: tuple[ParameterSpec, ...] = (
    ParameterSpec('{camera}.image', '{camera}/color/image_raw',
                  'Topic of the colour image.'),
    ParameterSpec('{camera}.image_transport', 'raw',
                  'Type on that topic: `raw` is sensor_msgs/Image, `compressed` is '
                  'sensor_msgs/CompressedImage.', choices=IMAGE_TRANSPORTS),
    ParameterSpec('{camera}.camera_info', '',
                  'Topic of the CameraInfo. Empty: `camera_info` beside the image.'),
    ParameterSpec('{camera}.depth', '',
                  'Topic of the depth image. Empty: a camera without depth.'),
    ParameterSpec('{camera}.depth_transport', 'raw',
                  'Type on that topic: `raw` is sensor_msgs/Image, `compressedDepth` is '
                  'sensor_msgs/CompressedImage as compressed_depth_image_transport writes it.',
                  choices=DEPTH_TRANSPORTS),
    ParameterSpec('{camera}.depth_camera_info', '',
                  'Topic of the depth image\'s own CameraInfo, for depth that is not aligned to '
                  'colour. Empty: depth is aligned.'),
    ParameterSpec('{camera}.rectified', False,
                  'Whether the colour image is rectified (`image_rect`): then P of its CameraInfo '
                  'holds, else K and D.'),
)


# Parameter of a camera: field of CameraConfig.
CAMERA_FIELDS = {
    'image': 'image_topic', 'image_transport': 'image_transport',
    'camera_info': 'camera_info_topic', 'depth': 'depth_topic',
    'depth_transport': 'depth_transport', 'depth_camera_info': 'depth_info_topic',
    'rectified': 'rectified',
}


@dataclass(frozen=True)
class Settings:
    """All parameters of the node at one moment; fields are named as the parameters are.

    `perception` is all of `perception_parameters.py`.
    """

    cameras: tuple[str, ...]
    autostart: bool
    world_frame: str
    base_frame: str
    answer_frame: str
    window_s: float
    max_frames: int
    timeout_s: float
    tolerance_m: float
    tolerance_share: float
    tolerance_deg: float
    max_steps: int
    max_tokens: int
    images_per_step: int
    images_per_query: int
    max_concurrent: int
    max_queued: int
    deactivate_wait_s: float
    buffer_s: float
    buffer_mb: int
    pair_tolerance_s: float
    backbone: str
    backbone_config: str
    backbone_url: str
    backbone_model: str
    backbone_script: str
    action_interface: str
    ahead_of_model: bool
    sandbox: str
    cell_timeout_s: float
    kernel_memory_mb: int
    kernel_pool_mb: int
    trace_dir: str
    trace_keep: int
    trace_mb: int
    perception: PerceptionConfig

    @property
    def tolerance(self) -> Tolerance:
        """To which numbers are wanted where a query does not say."""
        return Tolerance(self.tolerance_m, self.tolerance_share, self.tolerance_deg)

    @property
    def kernel_limits(self) -> KernelLimits:
        """What the kernel's cells may use."""
        return KernelLimits(
            cell_timeout_s=self.cell_timeout_s, memory_bytes=self.kernel_memory_mb * MIB,
            tool_bytes=self.kernel_memory_mb * MIB, pool_bytes=self.kernel_pool_mb * MIB)
