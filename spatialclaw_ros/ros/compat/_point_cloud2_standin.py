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

"""Stand-in for `sensor_msgs_py.point_cloud2` with its call signatures, over NumPy."""

from __future__ import annotations

import array
import sys
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured, unstructured_to_structured
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

_DATATYPES: dict[int, np.dtype[Any]] = {
    PointField.INT8: np.dtype(np.int8), PointField.UINT8: np.dtype(np.uint8),
    PointField.INT16: np.dtype(np.int16), PointField.UINT16: np.dtype(np.uint16),
    PointField.INT32: np.dtype(np.int32), PointField.UINT32: np.dtype(np.uint32),
    PointField.FLOAT32: np.dtype(np.float32), PointField.FLOAT64: np.dtype(np.float64)}
DUMMY_FIELD_PREFIX = 'unnamed_field'


def dtype_from_fields(fields: Iterable[PointField], point_step: int | None = None) -> np.dtype:
    """Structured dtype of a cloud's fields; a field of count n becomes n fields name_0, …."""
    names: list[str] = []
    offsets: list[int] = []
    formats: list[str] = []
    for number, field in enumerate(fields):
        datatype = _DATATYPES[field.datatype]
        name = field.name or f'{DUMMY_FIELD_PREFIX}_{number}'
        if field.count < 1:
            raise ValueError(f'field {name!r} has a count of {field.count}, expected 1 or more')
        for part in range(field.count):
            names.append(name if field.count == 1 else f'{name}_{part}')
            offsets.append(field.offset + part * datatype.itemsize)
            formats.append(datatype.str)
    description: dict[str, Any] = {'names': names, 'offsets': offsets, 'formats': formats}
    if point_step is not None:
        description['itemsize'] = point_step
    return np.dtype(cast('Any', description))


def read_points(
    cloud: PointCloud2, field_names: list[str] | None = None, skip_nans: bool = False,
    uvs: Iterable[int] | np.ndarray | None = None, reshape_organized_cloud: bool = False,
) -> np.ndarray:
    """Points of a cloud as a structured array.

    Args:
        cloud: the message.
        field_names: which fields, in this order; None for all.
        skip_nans: whether points with a NaN in any field asked for are left out.
        uvs: which points only: indices, or (column, row) pairs of an organised cloud.
        reshape_organized_cloud: whether the result of an organised cloud is (width, height).

    Returns:
        (N,) structured array, or (width, height) of an organised cloud where wanted.
    """
    dtype = dtype_from_fields(cloud.fields, point_step=cloud.point_step)
    count = cloud.width * cloud.height
    points = np.ndarray(
        (cloud.height, cloud.width), dtype, np.frombuffer(cloud.data, np.uint8).data, 0,
        (cloud.row_step, cloud.point_step)).reshape(count)
    if field_names is not None:
        unknown = set(field_names) - set(dtype.names or ())
        if unknown:
            raise AssertionError(f'fields {sorted(unknown)} are not in the cloud')
        points = points[list(field_names)]
    if bool(sys.byteorder != 'little') != bool(cloud.is_bigendian):
        points = points.byteswap()
    if skip_nans and not cloud.is_dense:
        keep = np.ones(len(points), dtype=bool)
        for name in points.dtype.names or ():
            keep &= ~np.isnan(points[name])
        points = points[keep]
    if uvs is not None:
        index = np.asarray(list(uvs) if not isinstance(uvs, np.ndarray) else uvs, dtype=np.intp)
        points = points[index if index.ndim == 1 else index[:, 1] * cloud.width + index[:, 0]]
    if reshape_organized_cloud and cloud.height > 1:
        points = points.reshape(cloud.width, cloud.height)
    return points


def read_points_numpy(
    cloud: PointCloud2, field_names: list[str] | None = None, skip_nans: bool = False,
    uvs: Iterable[int] | np.ndarray | None = None, reshape_organized_cloud: bool = False,
) -> np.ndarray:
    """Points as an unstructured array (N, fields); all fields must be of one type."""
    chosen = cloud.fields if field_names is None else [
        field for field in cloud.fields if field.name in field_names]
    if len({field.datatype for field in chosen}) > 1:
        raise AssertionError('All fields need to have the same datatype. Use `read_points()`')
    return np.asarray(structured_to_unstructured(
        read_points(cloud, field_names, skip_nans, uvs, reshape_organized_cloud)))


def create_cloud(
    header: Header, fields: Iterable[PointField], points: Any, step: int | None = None,
    point_step: int | None = None,
) -> PointCloud2:
    """Cloud of points.

    Args:
        header: of the message.
        fields: what a point holds.
        points: structured array of that dtype, or rows of numbers (N, fields); (H, W, fields)
            makes an organised cloud.
        step: bytes of a point, padding included; None for none.
        point_step: another name of the same.

    Raises:
        ValueError: a dtype that is not that of the fields.
    """
    fields = list(fields)
    dtype = dtype_from_fields(fields, point_step=point_step if step is None else step)
    values = np.asarray(points)
    if values.dtype.names is None:
        values = _structured(values, dtype)
    elif values.dtype != dtype:
        raise ValueError(f'points are of {values.dtype}, the fields are of {dtype}')
    height, width = values.shape if values.ndim == 2 else (1, len(values))
    values = np.ascontiguousarray(values)
    cloud = PointCloud2(
        header=header, height=height, width=width, fields=fields,
        is_bigendian=sys.byteorder != 'little', point_step=dtype.itemsize,
        row_step=dtype.itemsize * width, is_dense=False)
    data: array.array = array.array('B')
    data.frombytes(values.tobytes())
    cloud.data = data
    return cloud


def create_cloud_xyz32(
    header: Header, points: Any, step: int | None = None, point_step: int | None = None,
) -> PointCloud2:
    """Cloud of float32 x, y, z in metres."""
    fields = [
        PointField(name=name, offset=4 * number, datatype=PointField.FLOAT32, count=1)
        for number, name in enumerate('xyz')]
    return create_cloud(header, fields, points, step, point_step)


def _structured(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    names: Sequence[str] = dtype.names or ()
    if values.shape[-1:] != (len(names),):
        raise ValueError(f'points must be (N, {len(names)}) for these fields, got {values.shape}')
    if all(dtype[name] == dtype[names[0]] for name in names):
        return unstructured_to_structured(values.astype(dtype[names[0]]), dtype)
    out = np.zeros(values.shape[:-1], dtype)
    for column, name in enumerate(names):
        out[name] = values[..., column]
    return out
