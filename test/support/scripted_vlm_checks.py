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



"""Reads a chat completion request as strictly as its contract has it, and names what is wrong."""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

MAX_EDGE_PX = 768
MAX_KEY_FRAMES = 32
JPEG_URI = 'data:image/jpeg;base64,'
SAMPLING = ('temperature', 'top_p', 'presence_penalty', 'frequency_penalty')


class RequestError(ValueError):
    """A request that no server would take."""


@dataclass(frozen=True, eq=False)
class Request:
    """A chat completion request.

    Args:
        raw: all of it.
        role: 'planner', 'agent', 'locate' or 'think', told by its shape.
        turns: replies in its history.
        texts: texts of its user messages, in order.
        images: sizes of its images, in order: width, height.
        new_images: how many of them the last message has.
    """

    raw: dict[str, Any]
    role: str
    turns: int
    texts: tuple[str, ...]
    images: tuple[tuple[int, int], ...]
    new_images: int

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation."""
        return list(self.raw['messages'])

    @property
    def model(self) -> str:
        """Model asked for."""
        return str(self.raw.get('model'))

    @property
    def stream(self) -> bool:
        """Whether it shall be streamed."""
        return bool(self.raw.get('stream'))

    @property
    def system(self) -> str:
        """The system prompt."""
        return str(self.raw['messages'][0]['content'])

    @property
    def feedback(self) -> str:
        """Text of the last message."""
        content = self.raw['messages'][-1]['content']
        return content if isinstance(content, str) else '\n'.join(
            part['text'] for part in content if part['type'] == 'text')

    @property
    def chars(self) -> int:
        """Characters of the conversation."""
        return sum(map(len, _plain(self.messages)))


class Conversations:
    """Conversations that a server has heard: each may only grow.

    Args:
        keep: how many requests of a role are remembered; None for all.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._heard: dict[str, deque[list[str]]] = defaultdict(lambda: deque(maxlen=keep))
        self._systems: dict[str, str] = {}

    def add(self, request: Request) -> tuple[int, list[str]]:
        """Characters of it that a prefix cache would know, and what is wrong with it."""
        complaints = []
        messages = _plain(request.messages)
        earlier = self._heard[request.role]
        if request.turns and not any(
                messages[:-2] == old or messages == old for old in earlier):
            complaints.append(
                f'the request with {request.turns} replies in its history does not begin with '
                'one that was sent before')
        system = self._systems.setdefault(request.role, request.system)
        if system != request.system:
            complaints.append('the system prompt is not that of the earlier requests')
        shared = max((_shared(old, messages) for old in earlier), default=0)
        earlier.append(messages)
        return shared, complaints


def read_request(body: bytes) -> tuple[Request, list[str]]:
    """A request, and what is wrong with it.

    Raises:
        RequestError: it can't be read at all.
    """
    try:
        raw = json.loads(body)
        messages = raw['messages']
        kinds = [message['role'] for message in messages]
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(f'no chat completion request: {error!r}') from error
    complaints: list[str] = []
    if kinds[0] != 'system' or kinds[1:] != ['user', 'assistant'] * (
            len(kinds) // 2 - 1) + ['user']:
        complaints.append(f'the roles should be system, then user and assistant in turn: {kinds}')
    if not (isinstance(messages[0].get('content'), str) and messages[0]['content'].strip()):
        complaints.append('the system prompt should be a text')
    texts: list[str] = []
    images: list[tuple[int, int]] = []
    per_message = []
    for message in messages[1:]:
        before = len(images)
        if message['role'] == 'assistant':
            if not (isinstance(message.get('content'), str) and message['content']):
                complaints.append('an assistant message should have a text')
        else:
            complaints += _read_parts(message.get('content'), texts, images)
        per_message.append(len(images) - before)
    complaints += _sampling(raw)
    role = _role_of(messages, texts, images)
    if role == 'agent' and per_message[0] > MAX_KEY_FRAMES:
        complaints.append(f'{per_message[0]} key frames, at most {MAX_KEY_FRAMES} are allowed')
    return Request(
        raw, role, kinds.count('assistant'), tuple(texts), tuple(images), per_message[-1],
    ), complaints


def _role_of(
    messages: list[Any], texts: list[str], images: list[tuple[int, int]],
) -> str:
    if not images:
        return 'planner'
    if any('InputImages[' in text for text in texts):
        return 'agent'
    return 'locate' if '1000' in str(messages[0].get('content')) else 'think'


def _read_parts(
    content: Any, texts: list[str], images: list[tuple[int, int]],
) -> list[str]:
    if isinstance(content, str):
        texts.append(content)
        return [] if content.strip() else ['a user message is empty']
    if not isinstance(content, list) or not content:
        return [f'content should be a text or parts: {str(content)[:80]}']
    complaints = []
    for part in content:
        kind = part.get('type')
        if kind == 'text' and isinstance(part.get('text'), str) and part['text']:
            texts.append(part['text'])
        elif kind == 'image_url':
            complaint, size = _read_image(part.get('image_url'))
            complaints += complaint
            images.append(size)
        else:
            complaints.append(f'a part should be a text or an image: {str(part)[:80]}')
    return complaints


def _read_image(image_url: Any) -> tuple[list[str], tuple[int, int]]:
    url = image_url.get('url') if isinstance(image_url, dict) else None
    if not isinstance(url, str) or not url.startswith(JPEG_URI):
        return [f'an image should be a {JPEG_URI} URI: {str(image_url)[:60]}'], (0, 0)
    try:
        data = base64.b64decode(url[len(JPEG_URI):], validate=True)
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            size, form = image.size, image.format
    except (binascii.Error, UnidentifiedImageError, OSError) as error:
        return [f'an image does not decode: {error}'], (0, 0)
    if form != 'JPEG' or max(size) > MAX_EDGE_PX:
        return [f'an image is a {form} of {size}, its long edge at most {MAX_EDGE_PX}'], size
    return [], size


def _sampling(raw: dict[str, Any]) -> list[str]:
    complaints = [
        f'{name} should be a number: {raw[name]!r}' for name in SAMPLING
        if name in raw and not isinstance(raw[name], (int, float))]
    most = raw.get('max_completion_tokens', raw.get('max_tokens'))
    if not isinstance(most, int) or most < 1:
        complaints.append(f'max_tokens should bound the reply: {most!r}')
    return complaints


def _plain(messages: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(message, sort_keys=True) for message in messages]


def _shared(old: list[str], new: list[str]) -> int:
    """Characters of the whole messages that two conversations have in common at their start."""
    shared = 0
    for a, b in zip(old, new):
        if a != b:
            break
        shared += len(a)
    return shared
