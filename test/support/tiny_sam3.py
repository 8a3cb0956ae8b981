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

"""SAM 3 of the library's own classes, small enough for a CPU: random weights, saved to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

IMAGE_SIZE = 112
"""Side of the square that every image is resized to."""

MASK_SIZE = 32
"""Side of the model's masks."""

_WIDTH = 128  # the tracker's memory does not fit together with less
_START, _END = '<|startoftext|>', '<|endoftext|>'


def tiny_sam3(folder: Path, *, seed: int = 0) -> Path:
    """Write configuration, weights, processors and tokenizer as `facebook/sam3` has them.

    Args:
        folder: made where it is not there.
        seed: of the random weights.

    Returns:
        The folder: a value for `ModelConfig.weights`.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import CLIPTokenizer, Sam3VideoModel, Sam3VideoProcessor
    from transformers.models.sam2_video.video_processing_sam2_video import Sam2VideoVideoProcessor
    from transformers.models.sam3.image_processing_sam3 import Sam3ImageProcessor

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    size = {'height': IMAGE_SIZE, 'width': IMAGE_SIZE}
    half = {'image_mean': [0.5, 0.5, 0.5], 'image_std': [0.5, 0.5, 0.5]}
    processor = Sam3VideoProcessor(
        image_processor=Sam3ImageProcessor(
            size=size, mask_size={'height': MASK_SIZE, 'width': MASK_SIZE}, **half),
        video_processor=Sam2VideoVideoProcessor(size=size, **half),
        tokenizer=CLIPTokenizer(vocab=_vocabulary(), merges=[], model_max_length=32))
    processor.save_pretrained(folder)
    network = Sam3VideoModel(_config())
    network.config.architectures = ['Sam3VideoModel']
    network.config.save_pretrained(folder)
    # `save_pretrained` of transformers 5.23 writes the tracker's names with their prefix twice;
    # these are those of the published weights.
    save_file({name: value.contiguous().clone() for name, value in network.state_dict().items()},
              folder / 'model.safetensors', {'format': 'pt'})
    return folder


def _vocabulary() -> dict[str, int]:
    """Byte-level BPE without merges: a token for each byte, inside a word and at its end."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    words = [*letters, *(f'{letter}</w>' for letter in letters), _START, _END]
    return {word: number for number, word in enumerate(words)}


def _config() -> Any:
    from transformers import Sam3VideoConfig

    vision = {
        'backbone_config': {
            'hidden_size': 32, 'intermediate_size': 64, 'num_hidden_layers': 2,
            'num_attention_heads': 2, 'image_size': IMAGE_SIZE, 'pretrain_image_size': 56,
            'patch_size': 14, 'window_size': 4, 'global_attn_indexes': [1],
            'model_type': 'sam3_vit_model'},
        'fpn_hidden_size': _WIDTH, 'model_type': 'sam3_vision_model',
        'backbone_feature_sizes': [[32, 32], [16, 16], [8, 8]]}
    layer = {'hidden_size': _WIDTH, 'intermediate_size': 64, 'num_layers': 1,
             'num_attention_heads': 4}
    words = len(_vocabulary())
    detector = {
        'model_type': 'sam3', 'vision_config': vision,
        'text_config': {
            'model_type': 'clip_text_model', 'vocab_size': words, 'hidden_size': 32,
            'intermediate_size': 64, 'projection_dim': 32, 'num_hidden_layers': 1,
            'num_attention_heads': 2, 'max_position_embeddings': 32, 'hidden_act': 'gelu',
            'bos_token_id': words - 2, 'eos_token_id': words - 1, 'pad_token_id': words - 1},
        'geometry_encoder_config': dict(layer), 'detr_encoder_config': dict(layer),
        'detr_decoder_config': {**layer, 'num_queries': 6},
        'mask_decoder_config': {'hidden_size': _WIDTH, 'num_attention_heads': 4}}
    tracker = {
        'model_type': 'sam3_tracker_video', 'vision_config': vision, 'image_size': IMAGE_SIZE,
        'prompt_encoder_config': {
            'hidden_size': _WIDTH, 'image_size': IMAGE_SIZE, 'patch_size': 14},
        'mask_decoder_config': {
            'hidden_size': _WIDTH, 'mlp_dim': 64, 'num_attention_heads': 4,
            'iou_head_hidden_dim': _WIDTH},
        'memory_attention_hidden_size': _WIDTH, 'memory_attention_num_layers': 1,
        'memory_attention_feed_forward_hidden_size': 64,
        'memory_attention_rope_feat_sizes': [8, 8],
        'memory_encoder_hidden_size': _WIDTH, 'memory_encoder_output_channels': 64,
        'mask_downsampler_embed_dim': _WIDTH, 'memory_fuser_embed_dim': _WIDTH,
        'memory_fuser_intermediate_dim': 64, 'memory_fuser_num_layers': 1}
    return Sam3VideoConfig(
        detector_config=detector, tracker_config=tracker, low_res_mask_size=MASK_SIZE)
