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

"""Answers the tool calls that a cell sends to the host, with the backends that are loaded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError, PerceptionUnavailableError
from spatialclaw_ros.perception import arguments
from spatialclaw_ros.perception.models import Models, Remote
from spatialclaw_ros.perception.ocr import TextReader
from spatialclaw_ros.perception.protocols import (
    Reconstructor,
    Segmentation,
    Segmenter,
    SegmentRequest,
)
from spatialclaw_ros.perception.status import PerceptionStatus
from spatialclaw_ros.workspace.calls import CANT_BE_SURE, CANT_TELL, ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation

EXISTS_SCORE = 0.4
"""Least score of an object for `exists` to say yes."""

EXISTS_PRESENCE = 0.5
"""The same, of a model that is trained to say whether a picture shows the thing at all."""

Handler = Callable[[Observation, ToolCall, Deadline], ToolResult]


class PerceptionTools:
    """Perception behind the tool port; one object serves all queries, from any thread.

    Args:
        reconstructor: None when there is none.
        segmenter: None when there is none.
        reader: None when text can't be read.
        models: what the backends use, closed with this; None when they use none.
    """

    def __init__(
        self, reconstructor: Reconstructor | None = None, segmenter: Segmenter | None = None,
        reader: TextReader | None = None, models: Models | None = None,
    ) -> None:
        self._reconstructor = reconstructor
        self._segmenter = segmenter
        self._reader = reader
        self._models = models
        self._handlers: dict[str, Handler] = {}
        if reconstructor is not None:
            self._handlers['reconstruct'] = self._reconstruct
        if segmenter is not None:
            self._handlers['segment'] = self._segment
            self._handlers['exists'] = self._exists
        if reader is not None:
            self._handlers['ocr'] = self._ocr

    @property
    def capabilities(self) -> frozenset[str]:
        """What is loaded: some of 'reconstruct', 'segment', 'ocr'."""
        return frozenset(self._handlers) - {'exists'}

    @property
    def names(self) -> dict[str, str]:
        """Backend behind each capability, for status reports."""
        found = {'reconstruct': self._reconstructor, 'segment': self._segmenter,
                 'ocr': self._reader}
        return {role: backend.name for role, backend in found.items() if backend is not None}

    def status(self) -> PerceptionStatus:
        """How the models are, if there are any."""
        if self._models is None:
            return PerceptionStatus()
        if isinstance(self._models, Remote):
            return self._models.reached()
        models, devices = self._models.status()
        return PerceptionStatus(models=models, devices=devices)

    def close(self) -> None:
        """Unload the models, if there are any."""
        if self._models is not None:
            self._models.close()

    def handle(self, observation: Observation, call: ToolCall, deadline: Deadline) -> ToolResult:
        """Answer one call.

        Args:
            observation: what the query may look at.
            call: from the worker; nothing in it is trusted.
            deadline: of the query.

        Returns:
            The result; what the cell got wrong, and what perception can't do, is its `error`.

        Raises:
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
            PerceptionUnavailableError: a model can't be reached, or not be loaded.
        """
        handler = self._handlers.get(call.tool)
        if handler is None:
            known = ', '.join(sorted(self._handlers)) or 'none'
            return ToolResult(
                error=f'perception has no tool {str(call.tool)[:40]!r} here; it has: {known}')
        deadline.check(call.tool)
        try:
            return handler(observation, call, deadline)
        except PerceptionUnavailableError:
            raise
        except PerceptionError as error:
            return ToolResult(error=str(error))

    def _reconstruct(
        self, observation: Observation, call: ToolCall, deadline: Deadline,
    ) -> ToolResult:
        assert self._reconstructor is not None
        indices = arguments.frame_indices(call.args, observation)
        scene = self._reconstructor.reconstruct(observation, indices, deadline)
        arrays: dict[str, np.ndarray] = {
            'extrinsics': scene.extrinsics, 'intrinsics': scene.intrinsics}
        for index in scene.frame_indices:
            arrays[f'depth_{index}'] = scene.depth_m[index]
            arrays[f'points_{index}'] = scene.points_m[index]
            arrays[f'confidence_{index}'] = scene.confidence[index]
        arrays.update({
            f'model_sigma_{index}': told for index, told in scene.model_sigma.items()})
        values = {
            'metric_scale': float(scene.metric_scale), 'scale_source': scene.scale_source,
            'notes': list(scene.notes)}
        return ToolResult(values=values, arrays=arrays)

    def _segment(
        self, observation: Observation, call: ToolCall, deadline: Deadline,
    ) -> ToolResult:
        request = arguments.segment_request(call, observation)
        found = self._run(observation, request, deadline)
        arrays: dict[str, np.ndarray] = {'scores': found.scores.astype(np.float32)}
        for index, masks in found.masks.items():
            arrays[f'masks_{index}'] = masks
        return ToolResult(
            values={'labels': list(found.labels), 'notes': list(found.notes)}, arrays=arrays)

    def _exists(
        self, observation: Observation, call: ToolCall, deadline: Deadline,
    ) -> ToolResult:
        name = arguments.text(call.args, 'object_name')
        picture = arguments.image(call.arrays)
        indices = () if picture is not None else arguments.frame_indices(call.args, observation)
        request = SegmentRequest(
            mode='text', frame_indices=indices, prompts=(name,), image=picture,
            only_presence=True)
        found = self._run(observation, request, deadline)
        told, least = found.scores, EXISTS_SCORE
        if found.presence is not None:
            told, least = found.presence, EXISTS_PRESENCE
        score = float(told.max()) if told.size else 0.0
        unclear = [note for note in found.notes if CANT_TELL in note]
        doubts = [note for note in found.notes if CANT_BE_SURE in note]
        if unclear and score < least:
            raise PerceptionError(unclear[0])
        if doubts and score >= least:
            raise PerceptionError(doubts[0])
        return ToolResult(values={
            'exists': score >= least, 'score': score, 'notes': list(found.notes)})

    def _ocr(self, observation: Observation, call: ToolCall, deadline: Deadline) -> ToolResult:
        assert self._reader is not None
        picture = arguments.image(call.arrays)
        if picture is None:
            index = arguments.frame_index(call.args.get('frame_index'), observation)
            picture = observation.frames[index].image
        lines = self._reader.read(picture)
        deadline.check('reading text')
        return ToolResult(values={'lines': [
            {'text': line.text, 'box': line.box.tolist(), 'score': line.score}
            for line in lines]})

    def _run(
        self, observation: Observation, request: SegmentRequest, deadline: Deadline,
    ) -> Segmentation:
        assert self._segmenter is not None
        return self._segmenter.segment(observation, request, deadline)
