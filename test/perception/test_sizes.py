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


"""Arithmetic of models' sizes. The numbers that it starts from are counted in test/models."""

from __future__ import annotations

from pathlib import Path

import pytest

from spatialclaw_ros.backbone.vllm.config import Serve, VllmConfig
from spatialclaw_ros.backbone.vllm.config_file import read_config
from spatialclaw_ros.backbone.vllm.sizes import need_backbone
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.sizes import DEPTH, SLACK, need_depth, need_sam3, sam3_values

BACKBONES = Path(__file__).resolve().parents[2] / 'config' / 'backbones'
MB = 1e6


def served(model: str, **arguments: object) -> VllmConfig:
    names = {name.replace('_', '-'): value for name, value in arguments.items()}
    return VllmConfig(serve=Serve(model=model, arguments=names))


@pytest.mark.parametrize(('name', 'views', 'traced_mb'), [
    # traced on the real classes at 504x378, see test/models/test_sizes_models.py
    ('da3-small', 8, 754), ('da3-base', 1, 230), ('da3-base', 32, 2776), ('da3-large', 8, 2756),
    ('da3-giant', 16, 3823)])
def test_a_call_of_a_depth_model(name: str, views: int, traced_mb: float) -> None:
    assert DEPTH[name].call(views, 378, 504) / MB == pytest.approx(traced_mb, rel=0.06)
    need = need_depth(ModelConfig(model=name, precision='bf16'), views)
    assert need.call == pytest.approx(DEPTH[name].call(views, 378, 504) * (1 + SLACK))


def test_half_precision_halves_the_transformer_and_not_the_head() -> None:
    size = DEPTH['da3-base']
    assert size.weights('fp32') == 4 * size.parameters
    assert size.weights('fp32') - size.weights('bf16') == 2 * size.half
    assert size.weights('fp16') == size.weights('auto') == size.weights('bf16')


def test_a_network_that_sees_images_alone_takes_a_batch_at_a_time() -> None:
    few = need_depth(ModelConfig(model='da3metric-large', batch=4, max_views=32))
    assert few == need_depth(ModelConfig(model='da3metric-large', batch=8, max_views=4))
    assert few.call < need_depth(ModelConfig(model='da3metric-large', batch=8)).call


def test_smaller_images_take_less() -> None:
    whole, half = (need_depth(ModelConfig(model='da3-base', options={'process_res': side})).call
                   for side in (504, 252))
    assert half == pytest.approx(whole / 4, rel=0.05)


def test_a_process_res_of_the_shorter_side_takes_more() -> None:
    longer, shorter = (
        need_depth(ModelConfig(model='da3-base', options={'process_res_method': method})).call
        for method in ('upper_bound_resize', 'lower_bound_resize'))
    assert shorter == pytest.approx(longer * 16 / 9, rel=0.05)


def test_sam3_by_batch_precision_and_size() -> None:
    assert sam3_values(1, 1) * 2 / MB == pytest.approx(275.6, rel=0.05)
    assert sam3_values(2, 4) * 2 / MB == pytest.approx(1306.6, rel=0.05)
    half, whole = (need_sam3(ModelConfig(model='sam3', batch=8, precision=each))
                   for each in ('bf16', 'fp32'))
    assert whole.weights == 2 * half.weights == 4 * 859_921_848
    assert whole.call == pytest.approx(2 * half.call, rel=0.01)
    assert need_sam3(ModelConfig(model='sam3', batch=1)).call < half.call
    assert need_sam3(ModelConfig(model='sam3', options={'image_size': 504})).call < half.call / 3


@pytest.mark.parametrize(('model', 'precision', 'gb'), [
    ('Qwen/Qwen3-VL-8B-Instruct', 'bf16', 17.53), ('Qwen/Qwen3-VL-8B-Instruct-FP8', 'FP8', 10.59),
    ('someone/Qwen3-VL-4B-Instruct-AWQ-4bit', 'AWQ', 3.50), ('Qwen/Qwen3.6-27B', 'bf16', 54.7)])
def test_weights_of_a_backbone_by_their_precision(model: str, precision: str, gb: float) -> None:
    need = need_backbone(served(model))
    assert need.precision == precision
    assert need.weights / 1e9 == pytest.approx(gb, rel=0.02)


def test_keys_and_values_of_a_token() -> None:
    # 36 layers, 8 heads of 128, keys and values, 2 bytes
    assert need_backbone(served('Qwen/Qwen3-VL-4B-Instruct')).token == 36 * 8 * 128 * 2 * 2
    small = need_backbone(served('Qwen/Qwen3-VL-4B-Instruct', kv_cache_dtype='fp8'))
    assert small.token == 36 * 8 * 128 * 2
    # every fourth of 64 layers keeps them, 4 heads of 256
    assert need_backbone(served('Qwen/Qwen3.6-27B')).token == 16 * 4 * 256 * 2 * 2
    assert need_backbone(served('Qwen/Qwen3.6-27B', tensor_parallel_size=2)).token == (
        16 * 4 * 256 * 2)


def test_least_memory_and_room() -> None:
    need = need_backbone(served(
        'Qwen/Qwen3-VL-8B-Instruct', max_model_len=32768, gpu_memory_utilization=0.5))
    assert need.least == need.weights + need.working + 32768 * need.token
    assert need.taken(40 * 2**30) == 20 * 2**30
    assert need.room(2 * need.least) == pytest.approx(32768, abs=1)
    assert need.room(2**30) == 0


def test_sizes_that_are_not_known_are_said_to_be_so() -> None:
    with pytest.raises(InvalidRequestError, match='is served elsewhere'):
        need_backbone(VllmConfig())
    with pytest.raises(InvalidRequestError, match='size of some/other is not known here'):
        need_backbone(served('some/other'))


@pytest.mark.parametrize('name', [
    'qwen3-vl-2b', 'qwen3-vl-4b', 'qwen3-vl-8b', 'qwen3-vl-4b-fp8', 'qwen3-vl-8b-fp8',
    'qwen3-vl-4b-orin32', 'qwen3-vl-8b-orin64', 'qwen3.6-27b', 'qwen3.6-27b-fp8'])
def test_the_size_of_a_shipped_backbone_is_known(name: str) -> None:
    need = need_backbone(read_config(str(BACKBONES / f'{name}.yaml')))
    assert need.least > need.weights > 0
