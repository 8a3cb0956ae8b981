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


"""Writes a Qwen3-VL of random weights: a few megabytes that a real vLLM serves on a CPU.

Nothing is downloaded: the tokenizer is trained on this repository's own pages and sources. Run by
the Python of vLLM's environment: `tiny_model.py FOLDER`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

REPOSITORY = Path(__file__).resolve().parents[2]
VOCABULARY = 4096
LONGEST = 32768
END = '<|im_end|>'
# what vLLM's parsers of Qwen3 look for by their ids, beside the marks of turns and images
MARKS = ('<|endoftext|>', '<|im_start|>', END, '<|vision_start|>', '<|vision_end|>',
         '<|image_pad|>', '<|video_pad|>', '<think>', '</think>', '<tool_call>', '</tool_call>')
# Turns as Qwen writes them; a model of this kind thinks first unless it is told not to.
TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type in ('image', 'image_url') -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- elif part.type == 'text' -%}
{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
<think>
{% if enable_thinking is defined and not enable_thinking %}
</think>

{% endif -%}
{%- endif -%}
"""


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE: any text goes in, and what comes out is text again."""
    texts = sorted([*REPOSITORY.glob('docs/*.md'), *REPOSITORY.glob('spatialclaw_ros/**/*.py')])
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train([str(path) for path in texts], trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(MARKS), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=END, pad_token='<|endoftext|>',
        additional_special_tokens=[mark for mark in MARKS if mark.startswith('<|')],
        chat_template=TEMPLATE, model_max_length=LONGEST)
    # these are text that a parser reads, so they must not be left out as special tokens are
    made.add_tokens([mark for mark in MARKS if not mark.startswith('<|')])
    for name in ('image', 'video'):
        setattr(made, f'{name}_token', f'<|{name}_pad|>')
    return made


def config(words: PreTrainedTokenizerFast) -> Qwen3VLConfig:
    """Two layers each for eyes and text; patches and merging as in the family's own models."""
    ids = {name: words.convert_tokens_to_ids(f'<|{name}|>') for name in (
        'image_pad', 'video_pad', 'vision_start', 'vision_end')}
    return Qwen3VLConfig(
        text_config={
            'vocab_size': VOCABULARY, 'hidden_size': 64, 'intermediate_size': 128,
            'num_hidden_layers': 2, 'num_attention_heads': 2, 'num_key_value_heads': 1,
            'head_dim': 32, 'max_position_embeddings': LONGEST, 'tie_word_embeddings': True,
            'eos_token_id': words.eos_token_id, 'pad_token_id': words.pad_token_id,
            'rope_parameters': {'rope_type': 'default', 'rope_theta': 5e6,
                                'mrope_section': [6, 5, 5], 'mrope_interleaved': True}},
        vision_config={
            'depth': 2, 'hidden_size': 64, 'intermediate_size': 128, 'num_heads': 2,
            'out_hidden_size': 64, 'deepstack_visual_indexes': [0, 1]},
        image_token_id=ids['image_pad'], video_token_id=ids['video_pad'],
        vision_start_token_id=ids['vision_start'], vision_end_token_id=ids['vision_end'],
        tie_word_embeddings=True)


def main(folder: Path) -> None:
    """Write weights, config, tokenizer and processors."""
    folder.mkdir(parents=True, exist_ok=True)
    words = tokenizer()
    if len(words) != VOCABULARY:
        raise SystemExit(f'the vocabulary has {len(words)} words, not {VOCABULARY}')
    torch.manual_seed(0)
    model = Qwen3VLForConditionalGeneration(config(words)).to(torch.bfloat16)
    model.generation_config.eos_token_id = words.eos_token_id
    model.save_pretrained(folder)
    sizes = {'patch_size': 16, 'temporal_patch_size': 2, 'merge_size': 2}
    Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(
            size={'shortest_edge': 65536, 'longest_edge': 16777216}, **sizes),
        tokenizer=words, video_processor=Qwen3VLVideoProcessor(**sizes),
        chat_template=TEMPLATE).save_pretrained(folder)
    parameters = sum(weight.numel() for weight in model.parameters())
    print(json.dumps({'folder': str(folder), 'parameters': parameters, 'words': len(words)}))


if __name__ == '__main__':
    main(Path(sys.argv[1]))
