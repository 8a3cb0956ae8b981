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


"""What a perception server serves, and with how much: replicas, GPUs, batching, limits."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.served.limits import WireLimits

ROLES = ('depth', 'masks')

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0.0)]


class Autoscaling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many replicas of a model run, by its load.

    Args:
        min_replicas: that always run.
        max_replicas: that may run; GPUs are reckoned for so many.
        target_ongoing_requests: calls that a replica should have at once, those that wait included.
        upscale_delay_s: how long there must be more load before a replica is added.
        downscale_delay_s: how long there must be less before one is ended.
    """

    min_replicas: Positive = 1
    max_replicas: Positive = 2
    target_ongoing_requests: Annotated[float, Meta(gt=0.0)] = 2.0
    upscale_delay_s: Seconds = 15.0
    downscale_delay_s: Seconds = 600.0

    def __post_init__(self) -> None:
        if self.min_replicas > self.max_replicas:
            raise ValueError(
                f'min_replicas is {self.min_replicas}, more than max_replicas, '
                f'{self.max_replicas}')


class Batching(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Segmentation jobs of several robots that go through the model together.

    Args:
        batch: most pairs of image and text in one joint job; 1 joins nothing.
        batch_wait_s: how long a job waits for others while the model has nothing to do. While it
            works, jobs wait and gather in any case.
    """

    batch: Positive = 8
    batch_wait_s: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.01


class RoleServing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one model is served.

    Args:
        replicas: processes that have it, each on the share of a GPU that follows.
        gpus_per_replica: 0.5 puts two on one GPU; above 1 a whole number; 0 is the CPU; None shares
            the GPUs that there are out evenly. It is a number to place replicas by, no limit of
            memory.
        cpus_per_replica: likewise.
        autoscaling: instead of a fixed number of replicas.
        ongoing: most calls that one replica takes at once; one computes, the others are unpacked,
            packed, or wait to be joined.
        waiting: most calls that wait for a replica in all; one more is told to come back.
    """

    replicas: Positive = 1
    gpus_per_replica: Annotated[float, Meta(ge=0.0)] | None = None
    cpus_per_replica: Annotated[float, Meta(ge=0.0)] = 1.0
    autoscaling: Autoscaling | None = None
    ongoing: Positive = 4
    waiting: Positive = 64

    def __post_init__(self) -> None:
        gpus = self.gpus_per_replica
        if gpus is not None and gpus > 1 and gpus != int(gpus):
            raise ValueError(
                f'gpus_per_replica must be a whole number above 1, got {gpus:g}')

    @property
    def most(self) -> int:
        """Replicas that may run at once."""
        return self.autoscaling.max_replicas if self.autoscaling is not None else self.replicas


class Serving(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How both models are served; see `RoleServing`."""

    depth: RoleServing = RoleServing()
    masks: RoleServing = RoleServing(ongoing=16)


class ServeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A perception server.

    Args:
        depth: the depth model; None serves none.
        masks: the segmentation model; None serves none.
        keep_loaded_s: as of `PerceptionConfig`.
        preload: likewise.
        serving: replicas and GPUs, for the engine `ray`.
        batching: of segmentation jobs.
        limits: of one message.

    Raises:
        ValueError: there is nothing to serve.
    """

    depth: ModelConfig | None = ModelConfig(model='da3-base')
    masks: ModelConfig | None = ModelConfig(model='sam3')
    keep_loaded_s: Seconds = 0.0
    preload: bool = True
    serving: Serving = Serving()
    batching: Batching = Batching()
    limits: WireLimits = WireLimits()

    def __post_init__(self) -> None:
        if not self.roles:
            raise ValueError('depth and masks are both null: there is nothing to serve')

    @property
    def roles(self) -> tuple[str, ...]:
        """Which of 'depth' and 'masks' are served."""
        return tuple(role for role in ROLES if getattr(self, role) is not None)

    def model(self, role: str) -> ModelConfig:
        """The model of a role that is served."""
        found: ModelConfig = getattr(self, role)
        return found

    def role_serving(self, role: str) -> RoleServing:
        """How a role is served."""
        found: RoleServing = getattr(self.serving, role)
        return found

    def perception(self, roles: tuple[str, ...] = ()) -> PerceptionConfig:
        """The configuration of a process that hosts models.

        Args:
            roles: whose; none for all that are served.
        """
        chosen = roles or self.roles
        models: dict[str, Any] = {role: self.model(role) for role in chosen}
        return PerceptionConfig(
            reconstruct='depth_anything' if 'depth' in chosen else 'none',
            segment='sam3' if 'masks' in chosen else 'none', ocr='none', run_in='node',
            keep_loaded_s=self.keep_loaded_s, preload=self.preload, **models)

    def gpus(self, available: float) -> dict[str, float]:
        """GPUs of one replica of each role.

        Args:
            available: GPUs that there are.

        Raises:
            InvalidRequestError: more are asked for than there are.
        """
        open_roles = [role for role in self.roles
                      if self.role_serving(role).gpus_per_replica is None]
        shares = {role: float(self.role_serving(role).gpus_per_replica or 0.0)
                  for role in self.roles}
        asked = sum(shares[role] * self.role_serving(role).most for role in self.roles)
        sharers = sum(self.role_serving(role).most for role in open_roles
                      if self.model(role).device != 'cpu')
        for role in open_roles:
            if sharers and available > 0 and self.model(role).device != 'cpu':
                # Ray reckons in ten-thousandths; a replica has no part of two GPUs
                share = int((available - asked) / sharers * 10_000) / 10_000
                shares[role] = min(1.0, max(share, 0.0))
        if asked > available:
            raise InvalidRequestError(
                f'the replicas ask for {asked:g} GPUs (gpus_per_replica times replicas), and there '
                f'are {available:g}; lower gpus_per_replica or replicas in `serving`')
        return shares
