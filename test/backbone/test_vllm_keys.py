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

"""The key goes into the request's header and nowhere else, whatever the server says."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import numpy as np
import pytest
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import Act, cell, script

from spatialclaw_ros.backbone.protocol import Brief
from spatialclaw_ros.backbone.vllm import Limits, VllmBackbone, VllmConfig
from spatialclaw_ros.backbone.vllm.keys import ApiKey
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError
from spatialclaw_ros.workspace.observation import Frame
from spatialclaw_ros.workspace.question import Question

SECRET = 'sk-"4f8a1c/never+shown'
BRIEF = Brief(
    Question('how far?'), system='SYSTEM', opening='OPENING',
    key_frames=(Frame(0, 'front', 0, 'optical', np.zeros((8, 8, 3), np.uint8)),))


def forms() -> list[str]:
    """The key as it may stand in a text."""
    return [SECRET, json.dumps(SECRET)[1:-1], 'never+shown', 'never%2Bshown']


def backbone_of(server: ScriptedVlm, folder: Path) -> VllmBackbone:
    (folder / 'key').write_text(f'{SECRET}\n')
    return VllmBackbone(VllmConfig(
        endpoints=(server.url,), model='scripted', api_key_file=str(folder / 'key'),
        limits=Limits(attempts=2, rest_s=0.01)))


ECHO = f'your key {SECRET} is no good'
BODY = json.dumps({'error': {'message': ECHO, 'code': 500}}).encode()
EVENT = b'data: ' + BODY + b'\n\n'


@pytest.mark.parametrize('act', [
    Act(ECHO, status=401), Act(ECHO, status=500), Act(status=403, body=ECHO.encode()),
    Act(status=400, body=json.dumps(ECHO).encode()),
    Act(status=400, body=('x' * 490 + SECRET).encode()),
    Act(status=307, body=b'', headers=(('Location', f'http://127.0.0.1:9/{SECRET}'),)),
    Act(body=EVENT, content_type='text/event-stream'),
], ids=str)
def test_an_echoed_key_is_hidden(
    act: Act, tmp_path: Path, caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, 'spatialclaw_ros')
    with ScriptedVlm(lambda _: act) as server:
        backbone = backbone_of(server, tmp_path)
        with pytest.raises(BackboneError) as caught:
            backbone.write(BRIEF, '', [], Deadline(10.0))
        texts = [str(caught.value), repr(caught.value), ''.join(traceback.format_exception(
            type(caught.value), caught.value, caught.value.__traceback__)), caplog.text,
            repr(backbone), repr(backbone.status()), repr(vars(backbone))]
        backbone.close()
        assert server.of('agent')[0].headers['authorization'] == f'Bearer {SECRET}'
        assert SECRET not in json.dumps(server.of('agent')[0].request.raw)
    for text in texts:
        for form in forms():
            assert form not in text


def test_a_key_that_a_model_repeats_is_hidden(tmp_path: Path) -> None:
    said = Act(cell(f'print({SECRET!r})'), thinking=f'the key is {SECRET}')
    with ScriptedVlm(script([said])) as server:
        backbone = backbone_of(server, tmp_path)
        reply = backbone.write(BRIEF, '', [], Deadline(10.0))
        backbone.close()
    assert SECRET not in repr(reply)
    assert '[key]' in reply.text
    assert '[key]' in reply.thinking


def test_a_word_is_not_taken_for_a_key() -> None:
    key = ApiKey('none')
    assert key.hide_from_reply('return none') == 'return none'
    assert key.hide('none came') == '[key] came'


@pytest.mark.parametrize('variable', ['SPATIALCLAW_API_KEY', 'MY_KEY'])
def test_a_key_comes_from_the_environment(
    variable: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, 'sk-of-mine')
    # what the openai package would send of its own accord stays here
    for name in ('OPENAI_API_KEY', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID'):
        monkeypatch.setenv(name, 'of-another-service')
    for used, expected in ((variable, 'Bearer sk-of-mine'), ('UNSET_KEY', 'Bearer none')):
        with ScriptedVlm(script([cell('x = 1')])) as server:
            backbone = VllmBackbone(VllmConfig(
                endpoints=(server.url,), model='scripted', api_key_env=used))
            backbone.write(BRIEF, '', [], Deadline(10.0))
            backbone.close()
            headers = server.of('agent')[0].headers
        assert headers['authorization'] == expected
        assert 'of-another-service' not in json.dumps(headers)
