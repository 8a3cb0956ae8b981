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



"""Hosted laboratory models, and what tests ask of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lab_models
import numpy as np
from lab_models import lab_config, paint_depth

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.hosting import HostedModels
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob
from spatialclaw_ros.perception.status import ModelStatus

IMAGE = paint_depth(np.linspace(0.5, 9.5, 300).reshape(15, 20))
IMAGE[3:6, 4:9] = lab_models.COLOURS['red']

Host = Callable[..., HostedModels]


@contextmanager
def hosts() -> Iterator[Host]:
    """Give a function that hosts models; all are closed at the end, and leave no thread."""
    before, made = set(threading.enumerate()), []
    lab_models.EVENTS.clear()

    def host(
        depth: dict[str, Any] | None = None, masks: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None, **fields: Any,
    ) -> HostedModels:
        """Models with these knobs, `options` of `HostedModels`, fields of the configuration."""
        made.append(HostedModels(
            lab_config(depth, masks, **{'preload': False, **fields}), **(options or {})))
        return made[-1]
    yield host
    for each in made:
        each.close()
        each.close()
    assert set(threading.enumerate()) <= before
    assert lab_models.loaded() == []


def predict(models: HostedModels, timeout_s: float = 10.0, count: int = 1) -> Prediction:
    """Ask for depth."""
    assert models.depth is not None
    return models.depth.predict([IMAGE] * count, None, None, Deadline(timeout_s))


def segment(models: HostedModels, timeout_s: float = 10.0) -> ObjectMasks:
    """Ask for masks."""
    assert models.masks is not None
    return models.masks.segment(SegmentJob('text', (IMAGE,), ('red', 'blue')), Deadline(timeout_s))


def state(models: HostedModels, role: str = 'depth') -> ModelStatus:
    """Status of one model."""
    return next(each for each in models.status()[0] if each.role == role)


def until(true: Callable[[], Any], within_s: float = 60.0) -> None:
    """Wait until something is true."""
    end_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def events(*kinds: str) -> list[tuple[str, ...]]:
    """What happened of these kinds, in order."""
    return [event for event in lab_models.EVENTS if event[0] in kinds]
