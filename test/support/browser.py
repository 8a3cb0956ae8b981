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


"""A headless Chromium for tests, spoken to over its DevTools pipe."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome-headless-shell')
FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--mute-audio',
         '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--disable-dev-shm-usage', '--disable-quic', '--remote-debugging-pipe', '--no-zygote')
KEYS = {' ': ('Space', 32), 'ArrowLeft': ('ArrowLeft', 37), 'ArrowUp': ('ArrowUp', 38),
        'ArrowRight': ('ArrowRight', 39), 'ArrowDown': ('ArrowDown', 40), 'Home': ('Home', 36),
        'End': ('End', 35), 'Escape': ('Escape', 27), 'Enter': ('Enter', 13), 'Tab': ('Tab', 9)}
TIMEOUT_S = 60.0
FONTS = ('<fontconfig><dir>{fonts}</dir><dir>/usr/share/fonts</dir>'
         '<cachedir>{cache}</cachedir></fontconfig>')


def find_chromium() -> Path | None:
    """A Chromium of the system, or the one that `scripts/get_browser` fetched."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    fetched = sorted((Path(sys.prefix) / 'chromium').glob('*/chromium'))
    return fetched[-1] if fetched else None


def needed_chromium() -> Path:
    """The same for a test, which is skipped where there is none, but where one must be there."""
    import pytest  # the script that makes pictures has none

    program = find_chromium()
    if program is None:
        reason = 'no Chromium: install one, or npm for `scripts/get_browser` to fetch one'
        if os.environ.get('SPATIALCLAW_NEED_BROWSER'):
            pytest.fail(reason)
        pytest.skip(reason)
    return program


class BrowserError(RuntimeError):
    """The browser does not do what it is told."""


class Browser:
    """A running Chromium with one page; closed by `close`.

    Args:
        program: the browser.
        folder: for its profile.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        library = program.parent / 'lib'
        environment = {**os.environ, 'HOME': str(folder)}
        if library.is_dir():
            environment['LD_LIBRARY_PATH'] = str(library)
        if (program.parent / 'fonts').is_dir():
            fonts = folder / 'fonts.conf'
            fonts.write_text(FONTS.format(fonts=program.parent / 'fonts', cache=folder))
            environment['FONTCONFIG_FILE'] = str(fonts)
        # the browser reads its descriptor 3 and writes its descriptor 4
        run = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
        self._process = subprocess.Popen(
            ['bash', '-c', run, 'browser', str(theirs_in), str(theirs_out), str(program), *FLAGS,
             f'--user-data-dir={folder}', 'about:blank'],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=(folder / 'log').open('wb'), env=environment, start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer = b''
        self._number = 0
        self.console: list[str] = []
        self.requests: list[str] = []
        self._session = ''
        targets = self.send('Target.getTargets')['targetInfos']
        target = next(t['targetId'] for t in targets if t['type'] == 'page')
        self._session = self.send(
            'Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.send(f'{domain}.enable')

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """One command, and its answer.

        Raises:
            BrowserError: it was refused, or no answer came.
        """
        self._number += 1
        message: dict[str, Any] = {'id': self._number, 'method': method, 'params': params}
        if self._session:
            message['sessionId'] = self._session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self._out, data):]
        until_s = time.monotonic() + TIMEOUT_S
        while True:
            answer = self._receive(until_s)
            if answer.get('id') == self._number:
                if 'error' in answer:
                    raise BrowserError(f'{method}: {answer["error"]}')
                result: dict[str, Any] = answer['result']
                return result

    def _receive(self, until_s: float) -> dict[str, Any]:
        while b'\0' not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until_s - time.monotonic()))
            piece = os.read(self._in, 1 << 20) if ready else b''
            if not piece:
                raise BrowserError('the browser does not answer')
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b'\0')
        message: dict[str, Any] = json.loads(line)
        self._notice(message.get('method', ''), message.get('params', {}))
        return message

    def _notice(self, method: str, params: Mapping[str, Any]) -> None:
        if method == 'Runtime.exceptionThrown':
            self.console.append(str(params['exceptionDetails']))
        elif method == 'Log.entryAdded':
            self.console.append(str(params['entry']['text']))
        elif method == 'Runtime.consoleAPICalled':
            self.console.append(str(params['args']))
        elif method == 'Page.javascriptDialogOpening':
            self.console.append(f'dialog: {params["message"]}')
        elif method == 'Network.requestWillBeSent':
            self.requests.append(params['request']['url'])

    def open(self, path: Path, *, width: int = 1280, height: int = 860, dark: bool = False) -> None:
        """Open a file from disk and wait for it."""
        self.send('Emulation.setDeviceMetricsOverride', width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.send('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'},
            {'name': 'prefers-reduced-motion', 'value': 'reduce'}])
        self.console.clear()
        self.requests.clear()
        self.send('Page.navigate', url='about:blank')
        self.send('Page.navigate', url=path.absolute().as_uri())
        until_s = time.monotonic() + TIMEOUT_S
        while self.value('location.protocol + document.readyState') != 'file:complete':
            if time.monotonic() > until_s:
                raise BrowserError(f'{path} does not load')
            time.sleep(0.02)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is.

        Raises:
            BrowserError: it threw.
        """
        answer = self.send('Runtime.evaluate', expression=expression, returnByValue=True,
                           awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise BrowserError(str(answer['exceptionDetails']))
        return answer['result'].get('value')

    def wait(self, expression: str) -> None:
        """Until an expression is true.

        Raises:
            BrowserError: it did not become so.
        """
        until_s = time.monotonic() + TIMEOUT_S
        while not self.value(expression):
            if time.monotonic() > until_s:
                raise BrowserError(f'{expression} did not become true')
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """A key, down and up."""
        code, number = KEYS.get(key, (key, ord(key[0].upper())))
        common = {'key': key, 'code': code, 'windowsVirtualKeyCode': number}
        written = '\r' if key == 'Enter' else key if len(key) == 1 else ''
        text = {'text': written} if written else {}
        self.send('Input.dispatchKeyEvent', type='keyDown', **common, **text)
        self.send('Input.dispatchKeyEvent', type='keyUp', **common)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """With the mouse's left button."""
        for kind, (x, y), buttons in (
                ('mousePressed', start, 1), ('mouseMoved', end, 1), ('mouseReleased', end, 0)):
            self.send('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left',
                      buttons=buttons, clickCount=1)

    def screenshot(self, path: Path) -> None:
        """What is seen, as a PNG."""
        path.write_bytes(base64.b64decode(self.send('Page.captureScreenshot')['data']))

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)


@contextlib.contextmanager
def running(program: Path) -> Iterator[Browser]:
    """A browser with a profile of its own."""
    with tempfile.TemporaryDirectory(prefix='browser-', ignore_cleanup_errors=True) as folder:
        browser = Browser(program, Path(folder))
        try:
            yield browser
        finally:
            browser.close()
