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

"""Texts as the detector reads them, encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutputWithPooling

_LENGTH = 32  # of the text encoder's positions; what is longer is cut off
_KEPT = 256


@dataclass(frozen=True, eq=False)
class Words:
    """Encoded texts: tokens (P, L) with their mask, and features (P, L, C)."""

    tokens: torch.Tensor
    mask: torch.Tensor
    features: torch.Tensor

    def __getitem__(self, rows: Any) -> Words:
        return Words(self.tokens[rows], self.mask[rows], self.features[rows])

    @property
    def output(self) -> BaseModelOutputWithPooling:
        """Features as the detector's `text_embeds`."""
        return BaseModelOutputWithPooling(pooler_output=self.features)


class Reader:
    """Encodes texts and remembers the last ones: a robot asks for the same things again.

    Args:
        detector: the library's model of images and texts.
        tokenizer: its tokenizer.
    """

    def __init__(self, detector: Any, tokenizer: Any) -> None:
        self._detector = detector
        self._tokenizer = tokenizer
        self._known: OrderedDict[str, Words] = OrderedDict()

    def __call__(self, prompts: Sequence[str]) -> Words:
        """Encode P texts."""
        for prompt in prompts:
            if prompt not in self._known:
                self._known[prompt] = self._encode(prompt)
            self._known.move_to_end(prompt)
        found = [self._known[prompt] for prompt in prompts]
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return Words(
            torch.cat([each.tokens for each in found]), torch.cat([each.mask for each in found]),
            torch.cat([each.features for each in found]))

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    def _encode(self, prompt: str) -> Words:
        tokens = self._tokenizer(
            prompt, return_tensors='pt', padding='max_length', truncation=True,
            max_length=_LENGTH).to(self._detector.device)
        features = self._detector.get_text_features(
            input_ids=tokens.input_ids, attention_mask=tokens.attention_mask, return_dict=True)
        return Words(tokens.input_ids, tokens.attention_mask, features.pooler_output)
