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

"""`tf_transformations`, its functions for rigid motions: the distribution's own, or stand-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialclaw_ros.ros.compat import _distribution

FOUND = _distribution.find('tf_transformations', 'tf_transformations')

if TYPE_CHECKING or FOUND.module is None:
    from spatialclaw_ros.ros.compat._tf_transformations_standin import (
        concatenate_matrices,
        euler_from_matrix,
        euler_from_quaternion,
        euler_matrix,
        identity_matrix,
        inverse_matrix,
        is_same_transform,
        quaternion_about_axis,
        quaternion_conjugate,
        quaternion_from_euler,
        quaternion_from_matrix,
        quaternion_inverse,
        quaternion_matrix,
        quaternion_multiply,
        quaternion_slerp,
        rotation_matrix,
        translation_from_matrix,
        translation_matrix,
        unit_vector,
        vector_norm,
    )
else:
    from tf_transformations import (
        concatenate_matrices,
        euler_from_matrix,
        euler_from_quaternion,
        euler_matrix,
        identity_matrix,
        inverse_matrix,
        is_same_transform,
        quaternion_about_axis,
        quaternion_conjugate,
        quaternion_from_euler,
        quaternion_from_matrix,
        quaternion_inverse,
        quaternion_matrix,
        quaternion_multiply,
        quaternion_slerp,
        rotation_matrix,
        translation_from_matrix,
        translation_matrix,
        unit_vector,
        vector_norm,
    )

__all__ = [
    'FOUND', 'concatenate_matrices', 'euler_from_matrix', 'euler_from_quaternion', 'euler_matrix',
    'identity_matrix', 'inverse_matrix', 'is_same_transform', 'quaternion_about_axis',
    'quaternion_conjugate', 'quaternion_from_euler', 'quaternion_from_matrix',
    'quaternion_inverse', 'quaternion_matrix', 'quaternion_multiply', 'quaternion_slerp',
    'rotation_matrix', 'translation_from_matrix', 'translation_matrix', 'unit_vector',
    'vector_norm',
]
