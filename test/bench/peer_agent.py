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


"""The reference of the agent's benchmark: what a plain agent does around a Jupyter kernel.

For each query: a kernel is started, imports, gets the frames; then every key frame becomes a PNG of
full size in base64, once; then the model is asked for a plan, without pictures, and for cells, with
them. A step is the cell, a look at the variables and a look for an answer: three round trips. A
picture that a cell shows becomes a PNG in the kernel, as notebooks do it. Requests are written with
`json.dumps` and sent by Python's own `http.client` over one connection, without a stream, which
costs less than the client packages that agents use.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import re
import sys
import tempfile
import time
from typing import Any

import numpy as np
from bench_cells import FRAMES
from bench_peer import serve
from bench_photos import photos
from peer_jupyter import JupyterKernel
from PIL import Image

_FENCE = re.compile(r'```python\n(.*?)```', re.DOTALL)
_SHOWS = """\
import io as _io
from PIL import Image as _Image
from IPython.display import Image as _Shown, display as _display
def show(array):
    data = _io.BytesIO()
    _Image.fromarray(array).save(data, 'PNG')
    _display(_Shown(data=data.getvalue(), format='png'))
"""
Message = dict[str, Any]


class Agent:
    """Asks the model on a port.

    Args:
        port: of the server on loopback.
        frames: (N, H, W, 3) uint8.
    """

    def __init__(self, port: int, frames: np.ndarray) -> None:
        self._connection = http.client.HTTPConnection('127.0.0.1', port)
        self._frames = frames
        self._warm: JupyterKernel | None = None
        self._pictures: list[Message] = []

    def first(self, system: str) -> float:
        """A query with nothing ready; when it began, on the monotonic clock."""
        began_s = time.monotonic()
        kernel = JupyterKernel(self._frames)
        try:
            self._pictures = [_picture(frame) for frame in self._frames]
            self._run(kernel, system)
        finally:
            kernel.close()
        return began_s

    def steps(self, system: str) -> float:
        """A query in a kernel that runs, its frames encoded already; when it began."""
        if self._warm is None:
            self._warm = JupyterKernel(self._frames)
        if not self._pictures:
            self._pictures = [_picture(frame) for frame in self._frames]
        began_s = time.monotonic()
        self._run(self._warm, system)
        return began_s

    def close(self) -> None:
        """End the kernel that stayed."""
        if self._warm is not None:
            self._warm.close()

    def _run(self, kernel: JupyterKernel, system: str) -> None:
        question = {'type': 'text', 'text': 'How far is the mug from the table?'}
        plan = self._ask([{'role': 'system', 'content': system},
                          {'role': 'user', 'content': [question]}])
        kernel.run(_SHOWS)
        messages: list[Message] = [
            {'role': 'system', 'content': system},
            {'role': 'user', 'content': [
                question, *self._pictures, {'type': 'text', 'text': plan}]}]
        while fence := _FENCE.search(reply := self._ask(messages)):
            printed, shown = kernel.step_with_pictures(fence.group(1))
            messages.append({'role': 'assistant', 'content': reply})
            messages.append({'role': 'user', 'content': [
                {'type': 'text', 'text': printed or '(nothing printed)'},
                *(_part(png) for png in shown)]})

    def _ask(self, messages: list[Message]) -> str:
        body = json.dumps({'model': 'ready', 'messages': messages, 'temperature': 0.6})
        self._connection.request('POST', '/v1/chat/completions', body.encode(),
                                 {'Content-Type': 'application/json'})
        answer = json.loads(self._connection.getresponse().read())
        text: str = answer['choices'][0]['message']['content']
        return text


def _picture(frame: np.ndarray) -> Message:
    data = io.BytesIO()
    Image.fromarray(frame).save(data, 'PNG')
    return _part(base64.b64encode(data.getvalue()).decode('ascii'))


def _part(png: str) -> Message:
    return {'type': 'image_url', 'image_url': {'url': f'data:image/png;base64,{png}'}}


def main() -> None:
    """Answer `first` and `steps` with the moments at which queries began."""
    port, system = int(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        for name in ('IPYTHONDIR', 'JUPYTER_CONFIG_DIR', 'JUPYTER_RUNTIME_DIR'):
            os.environ[name] = folder
        agent, bare = Agent(port, photos(FRAMES)), Agent(port, photos(1)[:0])
        try:
            serve({
                'nothing': lambda count: [],
                'first': lambda count: [agent.first(system) for _ in range(count)],
                'steps': lambda count: [agent.steps(system) for _ in range(count)],
                'bare_steps': lambda count: [bare.steps(system) for _ in range(count)]})
        finally:
            agent.close()
            bare.close()


if __name__ == '__main__':
    main()
