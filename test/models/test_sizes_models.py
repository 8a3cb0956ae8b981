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


"""Tables of sizes against the real classes at full size, made of tensors without data.

SAM 3 is traced as it is called in `perception/sam3/images.py`, Depth Anything 3 as in its runner.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from traced_memory import Storages, peak_bytes, without_data

from spatialclaw_ros.backbone.vllm.sizes import SIZES
from spatialclaw_ros.perception.depth_anything.network import build_empty, build_network, in_half
from spatialclaw_ros.perception.depth_anything.variants import VARIANTS
from spatialclaw_ros.perception.sam3.images import _chosen
from spatialclaw_ros.perception.sizes import DEPTH, SAM3_PARTS, SAM3_SIDE, sam3_values

COUNT_TOLERANCE = 0.005
TRACE_TOLERANCE = 0.08
HEIGHT, WIDTH = 378, 504


@pytest.fixture(autouse=True, scope='module')
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def counted(network: torch.nn.Module, group: Callable[[str], str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, value in network.named_parameters():
        counts[group(name)] += value.numel()
    return counts


def close(table: int, real: int) -> bool:
    return abs(table - real) <= COUNT_TOLERANCE * real


@pytest.mark.parametrize('name', sorted(DEPTH))
def test_depth_anything_has_the_parameters_of_the_table(name: str) -> None:
    assert set(DEPTH) == set(VARIANTS)
    network = build_empty(VARIANTS[name])
    nested = VARIANTS[name].kind == 'nested'

    def part(path: str) -> str:
        first, second = path.split('.')[:2]
        return {'da3': second, 'da3_metric': f'metric {second}'}[first] if nested else first

    found = counted(network, part)
    assert set(found) == set(DEPTH[name].parts)
    for each, count in DEPTH[name].parts.items():
        assert close(count, found[each]), each
    half = in_half(network)
    kept = sum(value.numel() for path, value in network.named_parameters() if path in half)
    assert close(DEPTH[name].half, kept)


def empty_in_half(name: str) -> Any:
    """A network whose half precision is bf16; inside `without_data`."""
    network = build_network(VARIANTS[name])
    for path in in_half(network):
        owner, _, leaf = path.rpartition('.')
        module = network.get_submodule(owner)
        shape = getattr(module, leaf).shape
        value = torch.empty(shape, dtype=torch.bfloat16)
        setattr(module, leaf, torch.nn.Parameter(value, requires_grad=False))
    # looks at values, and takes little
    network._process_mono_sky_estimation = lambda output: output
    return network


@pytest.mark.parametrize(('name', 'views'), [('da3-base', (1, 16)), ('da3metric-large', (8,))])
def test_a_call_of_depth_anything_takes_what_the_formula_says(
        name: str, views: tuple[int, ...]) -> None:
    with without_data():
        network = empty_in_half(name)
    for count in views:
        with without_data():
            images = torch.empty(1, count, 3, HEIGHT, WIDTH)
            traced = peak_bytes(network, functools.partial(network, images), torch.bfloat16)
        told = DEPTH[name].call(count, HEIGHT, WIDTH)
        assert told == pytest.approx(traced, rel=TRACE_TOLERANCE), count


@pytest.fixture(scope='module')
def sam3() -> Any:
    from transformers import Sam3VideoConfig, Sam3VideoModel

    with torch.device('meta'):
        return Sam3VideoModel(Sam3VideoConfig()).to(torch.bfloat16).eval()


def test_sam3_has_the_parameters_of_the_table(sam3: Any) -> None:
    parts = {'detector_model.vision_encoder': 'vision encoder',
             'detector_model.text_encoder': 'text encoder',
             'detector_model.text_projection': 'text encoder'}

    def part(path: str) -> str:
        first, second = path.split('.')[:2]
        return parts.get(f'{first}.{second}') or {
            'detector_model': 'detector', 'tracker_model': 'tracker',
            'tracker_neck': "tracker's pyramid"}[first]

    assert sam3.config.image_size == SAM3_SIDE
    found = counted(sam3, part)
    assert set(found) == set(SAM3_PARTS)
    for each, count in SAM3_PARTS.items():
        assert close(count, found[each]), each


@pytest.mark.parametrize(('images', 'texts'), [(1, 1), (2, 2)])
def test_a_batch_of_sam3_takes_what_the_formula_says(sam3: Any, images: int, texts: int) -> None:
    rows = [image for image in range(images) for _ in range(texts)]
    detector = sam3.detector_model
    with torch.device('meta'), torch.no_grad():
        pixels = torch.empty(images, 3, SAM3_SIDE, SAM3_SIDE, dtype=torch.bfloat16)
        words = torch.ones(len(rows), 32, dtype=torch.long)
        with Storages():
            known = detector.get_text_features(input_ids=words, attention_mask=words)

        def call() -> Any:
            vision = detector.get_vision_features(pixel_values=pixels)
            return detector(vision_embeds=_chosen(vision, rows), text_embeds=known,
                            attention_mask=words)

        traced = peak_bytes(detector, call)
    assert sam3_values(images, len(rows)) * 2 == pytest.approx(traced, rel=TRACE_TOLERANCE)


def vision_settings(hidden: int, depth: int, width: int, middle: int) -> dict[str, Any]:
    return {'depth': depth, 'hidden_size': width, 'intermediate_size': middle, 'num_heads': 16,
            'out_hidden_size': hidden, 'num_position_embeddings': 2304, 'patch_size': 16,
            'spatial_merge_size': 2, 'temporal_patch_size': 2}


def qwen3_vl(
    hidden: int, middle: int, layers: int, heads: int, tied: bool, vision: dict[str, Any],
) -> torch.nn.Module:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    depth = vision['depth']
    text = {'vocab_size': 151_936, 'hidden_size': hidden, 'intermediate_size': middle,
            'num_hidden_layers': layers, 'num_attention_heads': heads, 'num_key_value_heads': 8,
            'head_dim': 128, 'tie_word_embeddings': tied}
    # features of three levels go to the language model: 5, 11, 17 of 24 and 8, 16, 24 of 27
    levels = [depth // 3 * step + (-3 if depth == 24 else -1) for step in (1, 2, 3)]
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(
        text_config=text, tie_word_embeddings=tied,
        vision_config={**vision, 'deepstack_visual_indexes': levels}))


def qwen36_27b() -> torch.nn.Module:
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    return Qwen3_5ForConditionalGeneration(Qwen3_5Config(
        text_config={
            'hidden_size': 5120, 'intermediate_size': 17_408, 'num_hidden_layers': 64,
            'num_attention_heads': 24, 'num_key_value_heads': 4, 'head_dim': 256,
            'linear_num_value_heads': 48, 'linear_num_key_heads': 16},
        vision_config={'out_hidden_size': 5120}))


def qwen36_35b() -> torch.nn.Module:
    from transformers import Qwen3_5MoeConfig, Qwen3_5MoeForConditionalGeneration

    return Qwen3_5MoeForConditionalGeneration(Qwen3_5MoeConfig())


BACKBONES: dict[str, Callable[[], torch.nn.Module]] = {
    'Qwen/Qwen3-VL-2B-Instruct': lambda: qwen3_vl(
        2048, 6144, 28, 16, True, vision_settings(2048, 24, 1024, 4096)),
    'Qwen/Qwen3-VL-4B-Instruct': lambda: qwen3_vl(
        2560, 9728, 36, 32, True, vision_settings(2560, 24, 1024, 4096)),
    'Qwen/Qwen3-VL-8B-Instruct': lambda: qwen3_vl(
        4096, 12_288, 36, 32, False, vision_settings(4096, 27, 1152, 4304)),
    'Qwen/Qwen3.6-27B': qwen36_27b,
    'Qwen/Qwen3.6-35B-A3B': qwen36_35b,
}


@pytest.mark.parametrize('name', sorted(SIZES))
def test_a_backbone_has_the_parameters_of_the_table(name: str) -> None:
    size = SIZES[name]
    with torch.device('meta'):
        network: Any = BACKBONES[name]()

    def part(path: str) -> str:
        if 'visual' in path:
            return 'vision'
        return 'embeddings' if 'embed_tokens' in path or 'lm_head' in path else 'products'

    found = counted(network, part)
    for each in ('products', 'embeddings', 'vision'):
        assert close(getattr(size, each), found[each]), each
    text = network.config.text_config
    cached = [kind for kind in getattr(text, 'layer_types', None) or [
        'full_attention'] * text.num_hidden_layers if kind == 'full_attention']
    assert (size.cached_layers, size.kv_heads, size.head_dim, size.vocabulary, size.hidden) == (
        len(cached), text.num_key_value_heads, text.head_dim, text.vocab_size, text.hidden_size)
