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



"""Weights from a hub: a real HTTP server on loopback that plays the Hugging Face hub."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from huggingface_hub import constants

from spatialclaw_ros.errors import WeightsError
from spatialclaw_ros.perception.gpu.weights import find_weights

HEADER = json.dumps({'a': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}).encode()
FILES = {
    'config.json': b'{"model_name": "da3-base"}',
    'model.safetensors': len(HEADER).to_bytes(8, 'little') + HEADER + bytes(8),
    'original.pt': b'not asked for',
}
COMMIT = 'c' * 40
REFUSALS = {
    'gated': (403, 'GatedRepo'), 'missing': (401, 'RepoNotFound'), 'broken': (500, ''),
}


class Hub(http.server.BaseHTTPRequestHandler):
    """Repositories OWNER/NAME by their name: `good`, or one of `REFUSALS`."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split('?')[0]
        self.asked.append(path)
        name = next((each for each in REFUSALS if f'owner/{each}' in path), None)
        if name is not None:
            status, code = REFUSALS[name]
            return self._answer(status, b'{}', {'X-Error-Code': code} if code else {})
        if '/resolve/' in path:
            content = FILES[path.rsplit('/', 1)[1]]
            etag = hashlib.sha256(content).hexdigest()
            return self._answer(200, content, {'ETag': f'"{etag}"', 'X-Repo-Commit': COMMIT})
        if '/tree/' in path:
            tree = [{'type': 'file', 'path': name, 'size': len(content), 'oid': name.ljust(40, '0')}
                    for name, content in FILES.items()]
            return self._answer(200, json.dumps(tree).encode(), {})
        about = {'id': 'owner/good', 'modelId': 'owner/good', 'sha': COMMIT, 'private': False,
                 'siblings': [{'rfilename': name} for name in FILES], 'tags': [], 'downloads': 0}
        return self._answer(200, json.dumps(about).encode(), {})

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {'Content-Length': str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.HTTPServer]:
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    Hub.asked = []
    monkeypatch.setattr(constants, 'ENDPOINT', f'http://127.0.0.1:{server.server_port}')
    monkeypatch.setattr(constants, 'HUGGINGFACE_CO_URL_TEMPLATE',
                        constants.ENDPOINT + '/{repo_id}/resolve/{revision}/{filename}')
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(constants, 'HF_HUB_DISABLE_IMPLICIT_TOKEN', True)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_downloaded_once_and_found_again_without_a_network(
    hub: http.server.HTTPServer, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[float] = []
    folder = find_weights('', 'owner/good', 'Apache-2.0',
                          tell=lambda share, what: told.append(share))
    assert sorted(path.name for path in folder.iterdir()) == ['config.json', 'model.safetensors']
    assert told[0] == 0.0
    assert max(told) <= 1.0
    assert 'Fetching' not in ''.join(capfd.readouterr())
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    assert find_weights('owner/good', 'owner/other', 'Apache-2.0') == folder


@pytest.mark.parametrize(('name', 'message'), [
    ('gated', r'are gated: accept their licence \(SAM License\) on '
     r'https://huggingface.co/owner/gated, then log in .* "hf auth login" or set HF_TOKEN'),
    ('missing', 'the hub has no such repository, or it is private'),
    ('broken', 'can not be downloaded .*"hf download owner/broken --local-dir DIR'),
])
def test_what_the_hub_refuses_is_told(
    hub: http.server.HTTPServer, name: str, message: str,
) -> None:
    with pytest.raises(WeightsError, match=message):
        find_weights(f'owner/{name}', 'owner/good', 'SAM License')


def test_without_a_network_it_is_said_how_to_do_without(
    hub: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    with pytest.raises(WeightsError, match='not in the cache of this machine; without a network, '
                       'get them on a machine with a network by "hf download owner/good'):
        find_weights('', 'owner/good', 'Apache-2.0')
    assert Hub.asked == []


def test_a_folder_asks_nobody(hub: http.server.HTTPServer, tmp_path: Path) -> None:
    folder = tmp_path / 'weights'
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    assert find_weights(str(folder), 'owner/good', 'Apache-2.0') == folder
    (folder / 'model.safetensors').write_bytes(b'version https://git-lfs.github.com/spec/v1')
    with pytest.raises(WeightsError, match='is a pointer of git-lfs, not the file itself'):
        find_weights(str(folder), 'owner/good', 'Apache-2.0')
    (folder / 'model.safetensors').unlink()
    (folder / 'model.safetensors.index.json').write_text(
        '{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}')
    with pytest.raises(WeightsError, match='lacks 2 of 2 files of weights, the first is one'):
        find_weights(str(folder), 'owner/good', 'Apache-2.0')
    assert Hub.asked == []
