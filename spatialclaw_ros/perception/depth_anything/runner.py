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



"""Runs a network on images: tensors in, arrays out, in the precision of the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.depth_anything.images import MEAN, SPREAD
from spatialclaw_ros.perception.depth_anything.network import blocks
from spatialclaw_ros.perception.gpu.device import memory_errors

if TYPE_CHECKING:
    import torch

_TOLD = ('depth', 'depth_conf', 'sky', 'extrinsics', 'intrinsics')


class Runner:
    """Runs a network, or a part of it; one call at a time.

    Args:
        network: filled, on its device.
        device: of it.
        dtype: of the transformers' arithmetic; heads and cameras are always fp32, as in the
            package.
        is_compiled: whether its blocks are compiled.
    """

    def __init__(
        self, network: torch.nn.Module, device: torch.device, dtype: torch.dtype,
        is_compiled: bool,
    ) -> None:
        self._device, self._dtype = device, dtype
        self._deadline, self._what = Deadline(), ''
        if is_compiled:
            for block in blocks(network):
                block.compile()
        else:
            # between blocks a call can be given up: on a small machine it takes seconds
            for block in blocks(network):
                block.register_forward_pre_hook(self._check)

    def run(
        self, part: Any, pixels: np.ndarray, deadline: Deadline, what: str, **more: Any,
    ) -> dict[str, np.ndarray]:
        """Run on images of one size.

        Args:
            part: network with backbone and head.
            pixels: (N, H, W, 3) uint8 RGB.
            deadline: of the query.
            what: is under way, for messages.
            **more: of the network's `forward`; arrays become (1, ...) float32 tensors.

        Returns:
            Those that the network gives: depth, depth_conf, sky (N, H, W); extrinsics (N, 3, 4) or
            (N, 4, 4), world-to-camera; intrinsics (N, 3, 3), pixels counted from the corner.
            float32.

        Raises:
            ModelMemoryError: the device has too little memory.
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
        """
        import torch

        deadline.check(what)
        self._deadline, self._what = deadline, what
        with memory_errors(what, self._device), torch.inference_mode():
            images = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)[None].float()
            mean, spread = (
                torch.tensor(each, device=self._device).mul(255)[:, None, None]
                for each in (MEAN, SPREAD))
            images = (images - mean) / spread
            given = {
                name: torch.from_numpy(value.astype(np.float32)).to(self._device)[None]
                if isinstance(value, np.ndarray) else value for name, value in more.items()}
            with torch.autocast(
                    self._device.type, dtype=self._dtype, enabled=self._dtype != torch.float32):
                output = part(images, **given)
            found = {name: output[name][0].float().cpu().numpy() for name in _TOLD
                     if name in output}
        deadline.check(what)
        return found

    def _check(self, *_: Any) -> None:
        self._deadline.check(self._what)
