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


"""A trace as the data of its page."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialclaw_ros.agent.trace_lines import (
    ErrorLine,
    EvidenceLine,
    ExchangedLine,
    FailedLine,
    FrameLine,
    ToolCalledLine,
)
from spatialclaw_ros.agent.trace_pictures import PALETTE
from spatialclaw_ros.agent.trace_reader import Trace, TraceStep
from spatialclaw_ros.sharing.trees import one_tree_at_a_time

MAX_FRAMES = 32
_MEDIA = {'.jpg': 'image/jpeg', '.png': 'image/png'}


class Pictures:
    """Pictures of a page by the digest of what they hold, so that none is in it twice."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}

    def add(self, folder: Path, name: str) -> str | None:
        """Key of a picture in a trace's folder; None when it is not there."""
        media = _MEDIA.get(Path(name).suffix)
        if media is None or Path(name).name != name:
            return None
        try:
            data = (folder / name).read_bytes()
        except OSError:
            return None
        key = hashlib.blake2b(data, digest_size=9).hexdigest()
        self.urls.setdefault(key, f'data:{media};base64,{base64.b64encode(data).decode("ascii")}')
        return key


def page_data(traces: Sequence[Trace]) -> dict[str, Any]:
    """JSON-able data of a page."""
    pictures = Pictures()
    return {'traces': [_trace(trace, pictures) for trace in traces], 'pictures': pictures.urls}


def _trace(trace: Trace, pictures: Pictures) -> dict[str, Any]:
    started, setup = trace.started, trace.started.setup
    exchanges = trace.exchanges
    shares = [x.prefix_share for x in exchanges if x.prefix_share is not None]
    end = trace.end
    return {
        'id': started.query_id or trace.path.name, 'time': started.time,
        'question': started.question.text, 'answer_type': started.question.answer_type,
        'choices': started.question.choices, 'status': trace.status, 'answer': trace.answer,
        'sigma': getattr(end, 'sigma', None), 'unit': getattr(end, 'unit', ''),
        'stage': end.stage if isinstance(end, FailedLine) else '',
        'backbone': str(setup.get('backbone', '')), 'interface': str(setup.get('interface', '')),
        'model': next((x.model for x in exchanges if x.model), ''),
        'seconds': round(trace.end_s, 3),
        'tokens': {name: sum(getattr(x, f'{name}_tokens') or 0 for x in exchanges)
                   for name in ('prompt', 'completion', 'cached')},
        'sent_bytes': sum(x.sent_bytes for x in exchanges),
        'prefix_share': min(shares, default=None),
        'ahead': None if trace.ahead is None else {
            'used': trace.ahead.used, 'wasted': trace.ahead.wasted,
            'saved_s': trace.ahead.saved_s},
        'missing': started.missing, 'prompts': {
            name: str(setup[name]) for name in ('system', 'planner_system', 'opening')
            if setup.get(name)},
        'budgets': setup.get('budgets', {}),
        'plan': trace.plan, 'planner': _exchange(trace.planner),
        'frames': [_frame(trace, frame, pictures) for frame in _chosen(trace)],
        'steps': [_step(trace, step, pictures) for step in trace.steps],
        **_scene(trace)}


def _chosen(trace: Trace) -> list[FrameLine]:
    """Key frames, and those that the evidence has masks for."""
    frames = trace.started.frames
    keys = trace.started.setup.get('key_frames')
    if not isinstance(keys, list):
        picks = np.linspace(0, len(frames) - 1, min(MAX_FRAMES, len(frames)))
        keys = [frames[round(i)].index for i in picks]
    masked = {int(f) for item in trace.evidence.objects for f in item.masks}
    return [frame for frame in frames if frame.index in keys or frame.index in masked]


def _frame(trace: Trace, frame: FrameLine, pictures: Pictures) -> dict[str, Any]:
    masks = []
    for number, item in enumerate(trace.evidence.objects):
        name = item.masks.get(str(frame.index))
        key = pictures.add(trace.path, name) if name else None
        if key:
            masks.append({'object': number, 'picture': key})
    first_ns = min(f.stamp_ns for f in trace.started.frames)
    return {
        'index': frame.index, 'camera': frame.camera, 'has_depth': frame.has_depth,
        'after_s': (frame.stamp_ns - first_ns) / 1e9, 'width': frame.width,
        'height': frame.height, 'picture': pictures.add(trace.path, frame.image), 'masks': masks}


def _step(trace: Trace, step: TraceStep, pictures: Pictures) -> dict[str, Any]:
    written, ran = step.written, step.ran
    data: dict[str, Any] = {
        'number': step.number, 'malformed': step.is_malformed, 'ran': ran is not None,
        'exchange': _exchange(step.exchange), 'looks': [_exchange(x) for x in step.looks],
        'calls': [_call(call) for call in step.calls]}
    if written is not None:
        data.update(purpose=written.purpose, reasoning=written.reasoning, code=written.code,
                    next_goal=written.next_goal, at_s=written.at_s)
    if ran is not None:
        data.update(
            stdout=ran.stdout, error=_error(ran.error), reply=ran.reply, feedback=ran.feedback,
            restarted=ran.restarted, duration_s=ran.duration_s, end_s=ran.at_s,
            variables=[{'name': v.name, 'type': v.type, 'text': v.text, 'nbytes': v.nbytes}
                       for v in ran.variables],
            images=[{'label': image.label, 'picture': pictures.add(trace.path, image.file)}
                    for image in ran.images])
    return data


def _exchange(line: ExchangedLine | None) -> dict[str, Any] | None:
    if line is None:
        return None
    return {
        'role': line.role, 'model': line.model, 'attempts': line.attempts,
        'sent_bytes': line.sent_bytes, 'prefix_share': line.prefix_share,
        'prompt_tokens': line.prompt_tokens, 'completion_tokens': line.completion_tokens,
        'cached_tokens': line.cached_tokens, 'first_s': line.first_s,
        'duration_s': line.duration_s, 'finish': line.finish, 'thinking': line.thinking}


def _call(line: ToolCalledLine) -> dict[str, Any]:
    return {'tool': line.tool, 'args': line.args, 'values': line.values, 'arrays': line.arrays,
            'error': line.error, 'duration_s': line.duration_s, 'ahead': line.ahead}


def _error(line: ErrorLine | None) -> dict[str, Any] | None:
    if line is None:
        return None
    return {'kind': line.kind, 'message': line.message, 'line': line.line,
            'traceback': line.traceback}


def _scene(trace: Trace) -> dict[str, Any]:
    """What the 3D view draws."""
    evidence = trace.evidence
    arrays = _cloud(trace.path, evidence)
    intrinsics = {frame.index: frame for frame in trace.started.frames}
    cameras = []
    for name, pose in evidence.extrinsics.items():
        frame = intrinsics.get(int(name))
        given = (frame.intrinsics if frame is not None else None) or {}
        if frame is not None:
            cameras.append({
                'frame': frame.index, 'camera': frame.camera, 'pose': pose,
                'edges': _edges(frame.width or 4, frame.height or 3, given)})
    objects = [{
        'label': item.label, 'colour': f'rgb({",".join(map(str, _colour(number)))})',
        'count': item.points, 'points': _packed(arrays.get(f'object_{number}')),
        'center': item.box_center, 'size': item.box_size, 'rotation': item.box_rotation,
        'frames': item.frames} for number, item in enumerate(evidence.objects)]
    return {
        'objects': objects, 'cameras': cameras, 'points': evidence.points,
        'notes': evidence.notes, 'scale_source': evidence.scale_source,
        'scene': {'points': _packed(arrays.get('scene_points')),
                  'colours': _packed(arrays.get('scene_colours'), np.uint8)}}


def _edges(width: int, height: int, given: Mapping[str, Any]) -> list[float]:
    """Left, top, right and bottom of what a camera sees, one metre before it."""
    fx, fy = given.get('fx') or width, given.get('fy') or width
    cx, cy = given.get('cx', width / 2), given.get('cy', height / 2)
    return [-cx / fx, -cy / fy, (width - cx) / fx, (height - cy) / fy]


def _colour(number: int) -> tuple[int, int, int]:
    return PALETTE[number % len(PALETTE)]


def _cloud(folder: Path, evidence: EvidenceLine) -> dict[str, np.ndarray]:
    if not evidence.cloud or Path(evidence.cloud).name != evidence.cloud:
        return {}
    try:
        with (one_tree_at_a_time,
              np.load(folder / evidence.cloud, allow_pickle=False) as file):
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        return {}


def _packed(array: np.ndarray | None, dtype: Any = np.float32) -> str:
    """Little-endian numbers as base64; '' for none."""
    if array is None:
        return ''
    plain = np.ascontiguousarray(array, np.dtype(dtype).newbyteorder('<'))
    return base64.b64encode(plain.tobytes()).decode('ascii')
