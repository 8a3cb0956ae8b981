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

"""The package's exceptions: one small tree, each class named for what went wrong.

A message says what was expected, what came, and what to do next.
"""

from __future__ import annotations


class SpatialClawError(Exception):
    """Root of every error that this package raises on purpose."""


class InvalidRequestError(SpatialClawError, ValueError):
    """The question, or an option beside it, can't be used as it is."""


class NoFramesError(SpatialClawError):
    """No usable image was there for the cameras and times asked for."""


class MissingPriorError(SpatialClawError):
    """Something optional (depth, CameraInfo, TF) is needed for this step and is not there."""


class FrameMismatchError(SpatialClawError, ValueError):
    """Two per-frame values with different frame indices were put together."""


class TransformError(SpatialClawError, LookupError):
    """A transform between two coordinate frames is not known at the time asked for."""


class UnsupportedEncodingError(SpatialClawError, ValueError):
    """An image encoding, or the size of its data, can't be decoded."""


class DeadlineExceededError(SpatialClawError, TimeoutError):
    """The query's time ran out before this step could finish."""


class CanceledError(SpatialClawError):
    """The query was cancelled by its client or by the node's shutdown."""


class KernelError(SpatialClawError):
    """The kernel can't be started, or can't be brought back."""


class SandboxError(KernelError):
    """A part of the sandbox that is required is not there on this host."""


class WireError(KernelError):
    """A message on the kernel's wire is malformed, oversized, or out of turn."""


class BackboneError(SpatialClawError):
    """The backbone can't write the next cell (server away, reply unusable)."""


class OutOfScopeError(BackboneError):
    """The backbone understands the question but can't answer its kind."""


class PerceptionError(SpatialClawError):
    """A perception backend can't do what was asked, or is not there."""


class PerceptionUnavailableError(PerceptionError):
    """The process or server that perceives can't be reached; the query ends here."""


class PerceptionMessageError(PerceptionError):
    """A message between robot and perception server is malformed, too large, or of another kind."""


class ModelMemoryError(PerceptionError):
    """A model does not fit into its device's memory, or a call of it does not."""


class WeightsError(PerceptionUnavailableError):
    """A model's weights are not there, are gated, or are not of that model."""


class MiddlewareError(SpatialClawError):
    """ROS' middleware does not begin, or lets no node into the graph."""


class DependencyError(SpatialClawError, ImportError):
    """An optional package or library is needed for this and is not installed."""


class TraceError(SpatialClawError):
    """A trace can't be read, or not be used for what was asked."""


class NoTraceError(TraceError):
    """A folder holds no trace."""


class BrokenTraceError(TraceError):
    """A trace holds something that its schema does not have."""


class NewerTraceError(TraceError):
    """A trace was written by a version of this package with a newer schema."""


class CutOffTraceError(TraceError):
    """A trace ends before its query did, or lacks what is needed of it."""
