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


"""What a backbone takes on its GPU under vLLM: weights, cache of keys and values, working memory.

Parameters are counted on the real classes by test/models/test_sizes_models.py. Sizes are as the
models' cards state them. The working memory is reckoned from the largest products of a batch, and
was not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spatialclaw_ros.backbone.vllm.config import VllmConfig
from spatialclaw_ros.errors import InvalidRequestError

BF16, FP8, FP32 = 2, 1, 4
PATCHES_PER_TOKEN = 4
"""Patches of 16x16 pixels that become one token of a picture; a token is 32x32 pixels."""
TOKEN_PIXELS = 32 * 32
DEFAULT_PIXELS = 16_777_216
"""Most pixels of a picture as Qwen3-VL's processor comes."""
DEFAULT_BATCHED_TOKENS = 8192
"""Tokens of a step when a configuration says nothing; vLLM takes 2048 to 16384, by the GPU."""
DEFAULT_SEQUENCES, DEFAULT_TOKENS, DEFAULT_SHARE = 256, 262_144, 0.9
GRAPH_BYTES = 0.1 * 2**30
"""Of CUDA graphs, for each sequence that may run at once, up to `MOST_GRAPHS`. Assumed."""
MOST_GRAPHS, MOST_STATES = 20, 4
CONTEXT_BYTES = int(0.6 * 2**30)
"""CUDA context, kernels and workspaces of libraries. Assumed; gpu_bench.py measures its own."""

# How weights end in the name of a repository, and bytes of a weight of the language model's
# products. Pictures' encoder, embeddings and the output stay in bf16.
_QUANTISED: tuple[tuple[str, float], ...] = (
    ('FP8', 1 + 4 / 128**2),  # a scale of 4 bytes for each block of 128x128
    ('AWQ', 0.5 + 2.5 / 128), ('INT4', 0.5 + 2.5 / 128), ('W4A16', 0.5 + 2.5 / 128))
_ONLINE = {'fp8': 1.0, 'bitsandbytes': 0.5 + 4 / 64}


@dataclass(frozen=True)
class BackboneSize:
    """One model.

    Args:
        products: parameters of the language model's products, those that are quantised.
        embeddings: parameters of the embeddings, and of the output where it is another matrix.
        vision: parameters of the pictures' encoder.
        hidden: width of the language model.
        intermediate: of its feed-forward layers; of the experts together that a token goes to.
        vision_hidden: width of the pictures' encoder.
        vision_intermediate: of its feed-forward layers.
        cached_layers: layers that keep keys and values; others keep a state of fixed size.
        kv_heads: heads of keys and values.
        head_dim: width of one.
        vocabulary: tokens.
        state: bytes that a sequence keeps beside: of linear attention.
    """

    products: int
    embeddings: int
    vision: int
    hidden: int
    intermediate: int
    vision_hidden: int
    vision_intermediate: int
    cached_layers: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    state: int = 0

    @property
    def parameters(self) -> int:
        """All, but norms and biases of the language model (less than 0.01 %)."""
        return self.products + self.embeddings + self.vision


SIZES: dict[str, BackboneSize] = {
    'Qwen/Qwen3-VL-2B-Instruct': BackboneSize(
        1_409_286_144, 311_164_928, 406_957_056, 2048, 6144, 1024, 4096, 28, 8, 128, 151_936),
    'Qwen/Qwen3-VL-4B-Instruct': BackboneSize(
        3_633_315_840, 388_956_160, 415_347_712, 2560, 9728, 1024, 4096, 36, 8, 128, 151_936),
    'Qwen/Qwen3-VL-8B-Instruct': BackboneSize(
        6_945_767_424, 1_244_659_712, 576_388_336, 4096, 12_288, 1152, 4304, 36, 8, 128, 151_936),
    'Qwen/Qwen3.6-27B': BackboneSize(
        24_352_522_240, 2_542_796_800, 460_730_096, 5120, 17_408, 1152, 4304, 16, 4, 256, 248_320,
        state=48 * (48 * 128 * 128 * FP32 + 3 * 10_240 * BF16)),
    'Qwen/Qwen3.6-35B-A3B': BackboneSize(
        33_643_315_200, 1_017_118_720, 453_650_672, 2048, 9 * 512, 1152, 4304, 10, 2, 256, 248_320,
        state=30 * (32 * 128 * 128 * FP32 + 3 * 8192 * BF16)),
}
"""Models whose sizes are known, by their repository in bf16."""


@dataclass(frozen=True)
class BackboneNeed:
    """What `vllm serve` takes of one GPU, bytes.

    Args:
        weights: in the precision of `precision`.
        precision: how the weights of products are kept, for people.
        token: keys and values of one token.
        tokens: longest prompt and reply together, `max-model-len`.
        states: what sequences keep beside, of the few that a robot has at once.
        working: values of the largest step, CUDA graphs, context.
        share: of the GPU's memory that vLLM takes for all of it, `gpu-memory-utilization`.
    """

    weights: int
    precision: str
    token: int
    tokens: int
    states: int
    working: int
    share: float

    @property
    def least(self) -> int:
        """Least memory that the server starts with: one request of full length has room."""
        return self.weights + self.working + self.states + self.token * self.tokens

    def taken(self, memory: int) -> int:
        """What it takes of a GPU's memory."""
        return int(self.share * memory)

    def room(self, memory: int) -> int:
        """Tokens that its cache then has room for."""
        fixed = self.weights + self.working + self.states
        return max(0, self.taken(memory) - fixed) // self.token


def need_backbone(config: VllmConfig) -> BackboneNeed:
    """What a configuration's own server takes of each GPU.

    Raises:
        InvalidRequestError: it has no `serve`, or a model whose size is not known here.
    """
    if config.serve is None:
        raise InvalidRequestError(
            f'{config.model} is served elsewhere: the configuration has no `serve`')
    name = config.serve.model or config.model
    arguments = config.serve.arguments
    base, bytes_each, precision = _precision(name, arguments)
    size = SIZES.get(base)
    if size is None:
        raise InvalidRequestError(
            f'the size of {name} is not known here; there are {", ".join(SIZES)} and their FP8, '
            'AWQ and INT4 weights')
    gpus = int(arguments.get('tensor-parallel-size', 1))
    cached = FP8 if str(arguments.get('kv-cache-dtype', 'auto')).startswith('fp8') else BF16
    weights = size.products * bytes_each + (size.embeddings + size.vision) * BF16
    token = 2 * size.cached_layers * size.kv_heads * size.head_dim * cached
    return BackboneNeed(
        weights=int(weights / gpus), precision=precision,
        token=token // min(gpus, size.kv_heads),
        tokens=int(arguments.get('max-model-len', DEFAULT_TOKENS)),
        states=size.state // gpus * min(_sequences(arguments), MOST_STATES),
        working=_working(size, arguments),
        share=float(arguments.get('gpu-memory-utilization', DEFAULT_SHARE)))


def _precision(name: str, arguments: Mapping[str, Any]) -> tuple[str, float, str]:
    """Repository in bf16, bytes of a weight, and what that is called."""
    for ending, bytes_each in _QUANTISED:
        base, found, _ = name.partition(f'-{ending}')
        if found:
            owner_base = f'Qwen/{base.rpartition("/")[2]}'
            return owner_base, bytes_each, ending
    online = str(arguments.get('quantization', ''))
    return name, _ONLINE.get(online, BF16), online or 'bf16'


def _sequences(arguments: Mapping[str, Any]) -> int:
    return int(arguments.get('max-num-seqs', DEFAULT_SEQUENCES))


def _working(size: BackboneSize, arguments: Mapping[str, Any]) -> int:
    """Values of the largest step: of text, or of pictures; logits, states, graphs, context."""
    tokens = int(arguments.get('max-num-batched-tokens', DEFAULT_BATCHED_TOKENS))
    sequences = _sequences(arguments)
    limit = arguments.get('mm-processor-kwargs') or {}
    pixels = int((limit.get('size') or {}).get('longest_edge', DEFAULT_PIXELS))
    seen = max(tokens, pixels // TOKEN_PIXELS)
    # gate, up and their product; six copies of the width (residual, norm, attention, output),
    # and what three levels of the pictures' encoder add to it
    text = tokens * BF16 * (3 * size.intermediate + 9 * size.hidden)
    vision = seen * BF16 * (
        PATCHES_PER_TOKEN * (2 * size.vision_intermediate + 6 * size.vision_hidden)
        + 4 * size.hidden)
    logits = sequences * size.vocabulary * FP32 * 2
    graphs = 0 if arguments.get('enforce-eager') else (
        GRAPH_BYTES * min(sequences, MOST_GRAPHS))
    return int(max(text, vision) + logits + graphs + CONTEXT_BYTES)
