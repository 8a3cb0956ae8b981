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

"""Analytic scenes: boxes, balls and cylinders seen by a pinhole camera, with exact depth and masks.

`scene` makes observations, `Port` answers tool calls with the true masks, and `ask` runs the rules
backbone's cells in the real cell scope until it answers.
"""

from __future__ import annotations

import contextlib
import io
import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from spatialclaw_ros.backbone.protocol import Brief, Turn
from spatialclaw_ros.backbone.rules import RulesBackbone
from spatialclaw_ros.backbone.rules.nouns import singular
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellError, CellResult, ShownImage
from spatialclaw_ros.workspace.metadata import metadata_of
from spatialclaw_ros.workspace.namespace import make_namespace
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, CellAnswer, Question
from spatialclaw_ros.workspace.tolerance import Tolerance

# x forward, y left, z up, as a link's axes are; look_at gives an optical frame's.
GRIPPER = look_at(np.array([0.6, 0.1, 1.0]), np.array([1.2, 0.1, 0.7])) @ np.array(
    [[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
USUAL = Tolerance()
CAMERA = PinholeCamera(320, 240, 290.0, 290.0, 159.5, 119.5)


@dataclass(frozen=True, eq=False)
class Solid:
    """A box (size x, y, z), ball (radius) or upright cylinder (radius, height), in metres."""

    name: str
    shape: str
    size: tuple[float, ...]
    center: tuple[float, float, float]
    yaw_rad: float = 0.0
    rgb: tuple[int, int, int] = (120, 120, 120)

    def hit(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """(H, W) distance along rays (H, W, 3), infinite where missed."""
        cos, sin = math.cos(-self.yaw_rad), math.sin(-self.yaw_rad)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        o, d = turn @ (origin - self.center), rays @ turn.T
        with np.errstate(divide='ignore', invalid='ignore'):
            if self.shape == 'box':
                return _slabs(o, d, np.array(self.size) / 2)
            if self.shape == 'ball':
                return _first_root((d * d).sum(-1), d @ o, o @ o - self.size[0] ** 2)
            return _cylinder(o, d, self.size[0], self.size[1] / 2)


def _slabs(o: np.ndarray, d: np.ndarray, half: np.ndarray) -> np.ndarray:
    a, b = (-half - o) / d, (half - o) / d
    near, far = np.minimum(a, b).max(-1), np.maximum(a, b).min(-1)
    return np.where((near <= far) & (near > 0), near, np.inf)


def _first_root(a: np.ndarray, b: np.ndarray, c: float | np.ndarray) -> np.ndarray:
    root = b * b - a * c
    t = (-b - np.sqrt(np.maximum(root, 0))) / a
    return np.where((root > 0) & (t > 0), t, np.inf)


def _cylinder(o: np.ndarray, d: np.ndarray, radius: float, half: float) -> np.ndarray:
    flat = d[..., :2]
    side = _first_root((flat * flat).sum(-1), flat @ o[:2], o[:2] @ o[:2] - radius ** 2)
    side = np.where(np.abs(o[2] + side * d[..., 2]) <= half, side, np.inf)
    lid = (half - o[2]) / d[..., 2]
    on_lid = np.hypot(o[0] + lid * d[..., 0], o[1] + lid * d[..., 1]) <= radius
    return np.minimum(side, np.where((lid > 0) & on_lid, lid, np.inf))


FLOOR = Solid('floor', 'box', (8.0, 8.0, 0.02), (1.0, 0.0, -0.01), rgb=(90, 90, 95))
TABLE = Solid('table', 'box', (0.8, 1.2, 0.04), (1.2, 0.0, 0.70), rgb=(170, 130, 80))
TABLE_TOP = 0.72
MUG = Solid('mug', 'cylinder', (0.04, 0.10), (1.10, 0.25, TABLE_TOP + 0.05), rgb=(200, 20, 20))
BOX = Solid('box', 'box', (0.16, 0.10, 0.12), (1.25, -0.15, TABLE_TOP + 0.06), 0.4, (20, 40, 200))
BALL = Solid('ball', 'ball', (0.05,), (1.02, -0.02, TABLE_TOP + 0.05), rgb=(20, 160, 30))
BLOCKS = tuple(
    Solid(f'block {i}', 'box', (0.05, 0.05, 0.05), (x, y, TABLE_TOP + 0.025), rgb=(220, 30, 30))
    for i, (x, y) in enumerate([(1.35, 0.1), (1.40, 0.35), (0.95, -0.35)]))
SOLIDS = (FLOOR, TABLE, MUG, BOX, BALL, *BLOCKS)
EYES = ((0.25, -0.25, 1.55), (0.20, 0.0, 1.60), (0.25, 0.25, 1.55))


def render(solids: Sequence[Solid], eye: Sequence[float], target: Sequence[float], index: int,
           camera: str = 'front', stamp_s: float | None = None) -> tuple[Frame, np.ndarray]:
    """A frame, and (H, W) int: which solid each pixel shows, -1 for none."""
    pose = look_at(np.array(eye), np.array(target))
    rays = CAMERA.rays() @ pose[:3, :3].T
    depths = np.stack([solid.hit(pose[:3, 3], rays) for solid in solids])
    which = np.where(np.isfinite(depths.min(0)), depths.argmin(0), -1)
    depth = np.where(which >= 0, depths.min(0), np.nan).astype(np.float32)
    colours = np.array([solid.rgb for solid in solids] + [(0, 0, 0)], np.uint8)
    stamp_ns = int((index * 0.1 if stamp_s is None else stamp_s) * 1e9)
    frame = Frame(index, camera, stamp_ns, f'{camera}_optical', colours[which], depth, CAMERA, pose)
    return frame, which


@dataclass(eq=False)
class World:
    """What the port knows: the observation and the true masks.

    `prompts` maps a prompt to (solid, score); one that is not there is the name of a solid, or
    finds nothing.
    """

    observation: Observation
    names: list[list[str]]
    which: list[np.ndarray]
    prompts: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    calls: list[ToolCall] = field(default_factory=list)

    def port(self, call: ToolCall) -> ToolResult:
        """Answer a tool call with the truth."""
        self.calls.append(call)
        if call.tool in self.errors:
            return ToolResult(error=self.errors[call.tool])
        frames = self.observation.select(call.args['frame_indices'])
        if call.tool == 'reconstruct':
            return _reconstruct(frames)
        labels, columns = [], []
        for prompt, label in zip(call.args['prompts'], call.args['labels']):
            for name, score in self._fitting(prompt):
                labels.append(label)
                columns.append((name, score))
        arrays, scores = {}, np.zeros((len(frames), len(labels)), np.float32)
        for row, frame in enumerate(frames):
            masks = np.zeros((len(labels), *frame.image.shape[:2]), bool)
            for k, (name, score) in enumerate(columns):
                masks[k] = self._mask(frame.index, name)
                scores[row, k] = score * masks[k].any()
            arrays[f'masks_{frame.index}'] = masks
        arrays['scores'] = scores
        return ToolResult({'labels': labels, 'notes': []}, arrays)

    def _fitting(self, prompt: str) -> list[tuple[str, float]]:
        if prompt in self.prompts:
            return self.prompts[prompt]
        prompt = singular(prompt)
        if prompt in self.prompts:
            return self.prompts[prompt]
        if prompt in {'object', 'object on the table'}:
            return [(n, 0.6) for n in self.names[0] if n not in {'floor', 'table'}]
        plain = prompt.lower().removesuffix(' on the table')
        plain = plain.removeprefix('red ').removeprefix('blue ').removeprefix('green ')
        return [(n, 0.9) for n in self.names[0] if n == plain or n.startswith(plain + ' ')]

    def _mask(self, index: int, name: str) -> np.ndarray:
        names = self.names[index]
        return self.which[index] == names.index(name) if name in names else (
            self.which[index] < -1)


def _reconstruct(frames: Sequence[Frame]) -> ToolResult:
    arrays: dict[str, np.ndarray] = {}
    for frame in frames:
        if frame.depth_m is None or frame.T_world_camera is None:
            return ToolResult(error=f'frame {frame.index} has no depth; connect a depth topic')
        local = CAMERA.unproject(frame.depth_m)
        pose = frame.T_world_camera
        arrays[f'depth_{frame.index}'] = frame.depth_m
        arrays[f'points_{frame.index}'] = (
            local @ pose[:3, :3].T + pose[:3, 3]).astype(np.float32)
        arrays[f'confidence_{frame.index}'] = np.isfinite(frame.depth_m).astype(np.float32)
    arrays['extrinsics'] = np.stack([f.T_world_camera for f in frames if f.depth_m is not None])
    arrays['intrinsics'] = np.tile([CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy], (len(frames), 1))
    return ToolResult({'metric_scale': 1.0, 'scale_source': 'sensor_depth', 'notes': []}, arrays)


def make_world(
    solids: Sequence[Solid] | Sequence[Sequence[Solid]] = SOLIDS,
    eyes: Sequence[Sequence[float]] = EYES, target: Sequence[float] = (1.15, 0.0, 0.72),
    cameras: Sequence[str] = (), transforms: Mapping[str, np.ndarray] | None = None,
    **knows: object,
) -> World:
    """A world seen from some places; a list of solids for each place when things move."""
    moving = bool(solids) and not isinstance(solids[0], Solid)
    frames, which, names = [], [], []
    for index, eye in enumerate(eyes):
        here: Sequence[Solid] = solids[index] if moving else solids  # type: ignore[assignment]
        frame, seen = render(
            here, eye, target, index, cameras[index] if cameras else 'front')
        frames.append(frame)
        which.append(seen)
        names.append([solid.name for solid in here])
    observation = Observation(
        tuple(frames), world_frame='odom', base_frame='base_link',
        transforms=dict(transforms) if transforms is not None else {
            'base_link': np.tile(np.eye(4), (len(frames), 1, 1)),
            'gripper_link': np.tile(GRIPPER, (len(frames), 1, 1))})
    return World(observation, names, which, **knows)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a query ended."""

    answer: CellAnswer
    turns: list[Turn]
    shown: list[ShownImage]

    @property
    def codes(self) -> list[str]:
        """The cells."""
        return [turn.reply.split('```python\n')[1].rsplit('```', 1)[0] for turn in self.turns]


def run_query(
    world: World, text: str, answer_type: AnswerType = AnswerType.ANY,
    choices: tuple[str, ...] = (), max_steps: int = 30, tolerance: Tolerance = USUAL,
) -> Outcome:
    """Let the backbone answer a question about a world, its cells run in the real scope."""
    backbone, deadline = RulesBackbone(), Deadline(60)
    brief = Brief(
        Question(text, answer_type, choices, tolerance=tolerance),
        metadata_of(world.observation), max_steps=max_steps)
    plan = backbone.plan(brief, deadline).text
    answers: list[CellAnswer] = []
    shown: list[ShownImage] = []
    scope = make_namespace(
        world.observation, world.port, show=shown.append, answer=answers.append,
        capabilities=frozenset({'reconstruct', 'segment'}))
    turns: list[Turn] = []
    for _ in range(max_steps):
        reply = backbone.write(brief, plan, turns, deadline).text
        result = _run(reply.split('```python\n')[1].rsplit('```', 1)[0], scope)
        turns.append(Turn(reply, result, ''))
        if answers:
            return Outcome(answers[-1], turns, shown)
    raise AssertionError(f'no answer after {max_steps} cells: {turns[-1]}')


def _run(code: str, scope: dict[str, object]) -> CellResult:
    out, error = io.StringIO(), None
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(code, '<cell>', 'exec'), scope)
        except Exception as fault:
            error = CellError(
                type(fault).__name__, str(fault), traceback=traceback.format_exc())
    return CellResult(stdout=out.getvalue(), error=error)


@dataclass(frozen=True)
class Kit:
    """Everything above for tests, which can't import this file."""

    world: Callable[..., World] = make_world
    ask: Callable[..., Outcome] = run_query
    solid: type[Solid] = Solid
    floor: Solid = FLOOR
    table: Solid = TABLE
    mug: Solid = MUG
    box: Solid = BOX
    ball: Solid = BALL
    blocks: tuple[Solid, ...] = BLOCKS
    table_top_m: float = TABLE_TOP


@pytest.fixture(scope='session')
def kit() -> Kit:
    """Return the makers of worlds and the asker."""
    return Kit()


@pytest.fixture(scope='session')
def tabletop() -> World:
    """Return the standard scene, seen from three places."""
    return make_world()
