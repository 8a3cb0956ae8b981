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

"""What is sent: bytes that only grow, pictures encoded once; and what is held between requests."""

from __future__ import annotations

import base64
import gc
import io
import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import Act, cell, script

from spatialclaw_ros.backbone.protocol import Brief, Turn
from spatialclaw_ros.backbone.vllm import VllmBackbone, VllmConfig
from spatialclaw_ros.backbone.vllm import images as images_module
from spatialclaw_ros.backbone.vllm.images import ImageParts, image_part
from spatialclaw_ros.backbone.vllm.looking import look_messages
from spatialclaw_ros.backbone.vllm.messages import Conversations, prefix_share
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.cell import ShownImage
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question

CHANCE = np.random.default_rng(3)


def frames(count: int, height: int = 96, width: int = 128) -> tuple[Frame, ...]:
    return tuple(Frame(i, 'front', i, 'optical', CHANCE.integers(
        0, 255, (height, width, 3), np.uint8)) for i in range(count))


def brief(seen: tuple[Frame, ...]) -> Brief:
    return Brief(Question('how far?'), system='SYSTEM', planner_system='PLANNER',
                 opening='OPENING', key_frames=seen)


def turn(number: int, *shown: ShownImage) -> Turn:
    return Turn(cell(f'x = {number}'), None, f'feedback {number} \ud800', shown)


def shown(label: str = 'mask') -> ShownImage:
    return ShownImage(label, CHANCE.integers(0, 255, (60, 80, 3), np.uint8))


def picture(part: bytes) -> Image.Image:
    url = json.loads(part)['image_url']['url']
    return Image.open(io.BytesIO(base64.b64decode(url.split(',')[1])))


@pytest.mark.parametrize(('size', 'expected'), [
    ((576, 768), (768, 576)), ((48, 64), (64, 48)), ((1080, 1920), (768, 432)),
    ((2000, 500), (192, 768)), ((3, 4000), (768, 32)), ((1, 1), (32, 32)), ((20, 300), (300, 32)),
])
def test_a_picture_fits_and_keeps_its_colours(
    size: tuple[int, int], expected: tuple[int, int],
) -> None:
    array = np.zeros((*size, 3), np.uint8)
    array[:, :, 0], array[:, :, 2] = 200, 40
    made = picture(image_part(array, 768, 90))
    assert (made.format, made.size) == ('JPEG', expected)
    assert np.abs(np.asarray(made).reshape(-1, 3).mean(0) - (200, 0, 40)).max() < 6


def test_strided_and_read_only_arrays_are_taken() -> None:
    array = CHANCE.integers(0, 255, (64, 96, 3), np.uint8)
    flipped = array[::-1, :, ::-1]
    flipped.flags.writeable = False
    assert image_part(flipped, 768, 90) == image_part(flipped.copy(), 768, 90)


def test_pictures_of_a_look_keep_the_order_of_the_cell() -> None:
    seen = frames(2)
    call = ToolCall('vlm', {'kind': 'think', 'question': 'why?', 'frame_indices': [1, 0]}, {
        'image_3': np.zeros((40, 90, 3), np.uint8), 'image_1': np.zeros((50, 60, 3), np.uint8)})
    images = ImageParts(768, 90)
    sent = json.loads(b'[%s]' % look_messages(call, Observation(seen), images, 8))[1]['content']
    assert [part['text'] for part in sent if 'text' in part] == [
        'Picture 1', 'Picture 2', 'Picture 3', 'Picture 4', 'why?']
    pictures = [json.dumps(part).encode() for part in sent if 'text' not in part]
    assert [picture(part).size for part in pictures] == [(128, 96), (60, 50), (128, 96), (90, 40)]
    assert [json.loads(part) for part in pictures[::2]] == [
        json.loads(images.of(frame)) for frame in reversed(seen)]


def test_a_picture_is_encoded_once_and_forgotten_with_its_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded = []

    def counting(array: np.ndarray, max_edge: int, quality: int) -> bytes:
        encoded.append(1)
        return image_part(array, max_edge, quality)

    monkeypatch.setattr(images_module, 'image_part', counting)
    parts = ImageParts(768, 90)
    seen, image = frames(3), shown()
    parts.begin(seen)
    for _ in range(3):
        assert len({parts.of(frame) for frame in seen}) == 3
        parts.of(image)
    parts.begin(seen)
    assert len(encoded) == 4
    assert len(parts._parts) == 4
    parts.close()
    parts.begin(frames(2))
    assert parts.of(frames(1)[0])
    del seen, image
    gc.collect()
    assert len(parts._parts) == 0


def test_what_is_sent_only_grows() -> None:
    conversations = Conversations(ImageParts(768, 90))
    query, turns = brief(frames(3)), []
    conversation = conversations.of(query)
    assert conversations.of(query) is conversation
    before = conversation.messages(query, 'PLAN', turns)
    assert before.prefix_share is None
    for number in range(4):
        turns.append(turn(number, *[shown() for _ in range(number % 3)]))
        now = conversation.messages(query, 'PLAN', list(turns))
        assert now.prefix_share == 1.0
        assert now.json.startswith(before.json)
        before = now
    messages = json.loads(b'[' + before.json + b']')
    assert [each['role'] for each in messages] == [
        'system', 'user', *['assistant', 'user'] * 4]
    opening = messages[1]['content']
    assert [part.get('text', 'picture') for part in opening] == [
        'OPENING', 'InputImages[0]', 'picture', 'InputImages[1]', 'picture', 'InputImages[2]',
        'picture', 'Plan:\nPLAN']
    last = messages[-3]['content']
    assert [part.get('text', 'picture') for part in last] == [
        'feedback 2 ?', 'Shown: mask', 'picture', 'Shown: mask', 'picture']


def test_what_was_rewritten_is_told() -> None:
    query, turns = brief(()), [turn(0), turn(1)]
    conversation = Conversations(ImageParts(768, 90)).of(query)
    whole = conversation.messages(query, 'PLAN', turns).json
    changed = conversation.messages(query, 'PLAN', [turns[0], turn(2)])
    assert changed.prefix_share is not None
    assert 0.5 < changed.prefix_share < 1.0
    assert len(changed.json) == len(whole)
    again = conversation.messages(query, 'ANOTHER', turns)
    assert again.prefix_share is not None
    assert again.prefix_share < 0.5


@pytest.mark.parametrize(('before', 'now', 'share'), [
    (b'abcd', b'abcd', 1.0), (b'abcd', b'abcdef', 1.0), (b'abcd', b'abxd', 0.5),
    (b'abcd', b'ab', 0.5), (b'abcd', b'', 0.0), (b'abcd', b'xbcd', 0.0)])
def test_prefix_share(before: bytes, now: bytes, share: float) -> None:
    assert prefix_share(before, now) == share


def held() -> tuple[int, int]:
    """Threads and descriptors of this process."""
    gc.collect()
    return threading.active_count(), len(os.listdir('/proc/self/fd'))


def test_nothing_is_started_before_the_first_request_and_nothing_is_left() -> None:
    endless = Act('endless ' * 500, chunk=0, endless=True)
    with ScriptedVlm(script([Act(cell('x = 1')), endless])) as server:
        for _ in range(2):
            _converse(server.url)  # what libraries keep for good
        before = held()
        made = VllmBackbone(VllmConfig(endpoints=(server.url,), model='scripted'))
        assert held() == before
        made.close()
        for _ in range(3):
            _converse(server.url)
        assert _settled(before) == before


def _converse(url: str) -> None:
    backbone = VllmBackbone(VllmConfig(endpoints=(url,), model='scripted'))
    try:
        seen = frames(2)
        query = brief(seen)
        backbone.plan(query, Deadline(10.0))
        said = backbone.write(query, 'PLAN', [], Deadline(10.0))
        backbone.write(query, 'PLAN', [Turn(said.text, None, 'feedback')], Deadline(10.0))
        backbone.look(ToolCall('vlm', {'kind': 'locate', 'question': 'the mug',
                                       'frame_indices': [0]}), Observation(seen), Deadline(10.0))
    finally:
        backbone.close()


def _settled(wanted: tuple[int, int]) -> tuple[int, int]:
    end_s = time.monotonic() + 5.0
    while held() != wanted and time.monotonic() < end_s:
        time.sleep(0.05)
    return held()


def test_a_connection_serves_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedVlm(script([cell('x = 1')])) as server:
        opened: list[object] = []
        process = type(server._httpd).process_request

        def counting(self: object, request: object, address: object) -> None:
            opened.append(address)
            process(self, request, address)  # type: ignore[arg-type]

        monkeypatch.setattr(type(server._httpd), 'process_request', counting)
        backbone = VllmBackbone(VllmConfig(endpoints=(server.url,), model='scripted'))
        query, turns = brief(frames(1)), []
        for _ in range(6):
            said = backbone.write(query, 'PLAN', turns, Deadline(10.0))
            turns = [*turns, Turn(said.text, None, 'feedback')]
            assert said.exchange is not None
            assert (said.exchange.finish, said.exchange.prefix_share) == (
                'fence', 1.0 if len(turns) > 1 else None)
            # the count comes after the closing fence, and is waited for a moment
            assert said.exchange.prompt_tokens
            assert said.exchange.completion_tokens
        backbone.close()
    assert len(opened) == 1


def test_a_trace_holds_what_was_sent(tmp_path: Path) -> None:
    with ScriptedVlm(script([cell('x = 1')])) as server:
        backbone = VllmBackbone(VllmConfig(endpoints=(server.url,), model='scripted'))
        said = backbone.write(brief(frames(2)), 'PLAN', [], Deadline(10.0))
        backbone.close()
        (seen,) = server.of('agent')
    exchange = said.exchange
    assert exchange is not None
    assert (exchange.role, exchange.model, exchange.endpoint, exchange.sent_bytes) == (
        'agent', 'scripted', server.url, seen.sent_bytes)
    assert exchange.first_s is not None
    assert 0.0 < exchange.first_s <= exchange.duration_s
