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


"""The page of a trace, and what a real browser makes of it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from browser import Browser, needed_chromium, running
from trace_lab import HOSTILE, QUESTION, make_trace, reply

from spatialclaw_ros.agent.events import CellRan, CellWritten, Failed, Planned
from spatialclaw_ros.agent.trace import TraceWriter
from spatialclaw_ros.agent.trace_page import PAGE_FILE, embedded, page_html
from spatialclaw_ros.agent.trace_page.data import page_data
from spatialclaw_ros.agent.trace_pictures import sample_scene
from spatialclaw_ros.agent.trace_reader import read_trace
from spatialclaw_ros.backbone.protocol import Exchange, Said
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.cell import CellResult
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question, Status

WIDE, NARROW = (1280, 860), (390, 780)


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Traces: one that answers, one that is refused, one that fails; and two of them compared."""
    root = tmp_path_factory.mktemp('pages')
    with Kernel() as kernel:
        make_trace(kernel, root, plan=f'A plan. {HOSTILE}')
        make_trace(kernel, root, 'refused', question=HOSTILE, replies=[
            reply(f'ReturnAnswer(None, reason={HOSTILE!r})')])
        make_trace(kernel, root, 'failed', replies=[reply('x = 1')], plan='')
    html = page_html([read_trace(root / name) for name in ('q1', 'failed', 'q1')])
    (root / 'compared.html').write_text(html, encoding='utf-8')
    return root


@pytest.fixture(scope='module')
def chromium():
    with running(needed_chromium()) as started:
        yield started


def no_trouble(browser: Browser) -> None:
    assert browser.console == []
    assert all(url.startswith(('file:', 'data:', 'about:')) for url in browser.requests)
    assert browser.value('window.hit') is None


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize('value', [
    HOSTILE, '<!--<script>', ']]>', '\u2028', '&lt;', '\ud83d', 'ü'])
def test_data_cannot_end_its_tag(value) -> None:
    text = embedded({'x': value})
    assert not re.search(r'[<>&\u2028]', text)
    assert json.loads(text)['x'] == value


def test_the_page_is_one_file_that_runs_its_own_script_alone(folder) -> None:
    html = (folder / 'q1' / PAGE_FILE).read_text(encoding='utf-8')
    tags = Tags()
    tags.feed(html)
    assert [tag for tag, _ in tags.tags].count('script') == 2
    assert not [tag for tag, _ in tags.tags if tag in ('img', 'link', 'iframe')]
    policy = next(a['content'] for _, a in tags.tags if a.get('http-equiv'))
    script = re.search(r'<script>(.*)</script>', html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert 'innerHTML' not in script
    assert not re.search(r'https?://', re.sub(r'<script id="data".*?</script>', '', html))


def test_pictures_are_in_a_comparison_once(folder) -> None:
    html = (folder / 'compared.html').read_text(encoding='utf-8')
    urls = re.findall(r'data:image/jpeg;base64,[\w+/=]+', html)
    assert len(urls) == len(set(urls))
    assert len(urls) >= 4


def test_it_opens_and_walks_with_keys(chromium, folder) -> None:
    chromium.open(folder / 'q1' / PAGE_FILE)
    names = chromium.value('[...document.querySelectorAll(".dot")].map(d => d.textContent)')
    assert len(names) == 8
    assert chromium.value('document.querySelector("h1").textContent') == QUESTION
    current = '[...document.querySelectorAll(".dot")].findIndex(d => d.ariaCurrent === "step")'
    for key, expected in (('ArrowRight', 1), ('ArrowRight', 2), ('ArrowLeft', 1), ('End', 7),
                          ('ArrowRight', 7), ('Home', 0), ('ArrowLeft', 0)):
        chromium.press(key)
        assert chromium.value(current) == expected, key
    assert 'Question' in chromium.value('document.getElementById("said").textContent')
    chromium.press(' ')
    assert chromium.value('page.timer !== null')
    assert chromium.value('page.play.getAttribute("aria-pressed")') == 'true'
    chromium.wait(f'{current} === 1')
    chromium.press(' ')
    assert chromium.value('page.timer') is None
    no_trouble(chromium)


def test_what_models_and_questions_say_stays_text(chromium, folder) -> None:
    for name in ('q1', 'refused', 'failed'):
        chromium.open(folder / name / PAGE_FILE)
        seen = ''
        for _ in range(8):
            seen += chromium.value('document.body.textContent')
            chromium.press('ArrowRight')
        if name != 'failed':
            assert HOSTILE in seen
        assert chromium.value('document.querySelectorAll("script").length') == 2
        assert chromium.value('document.querySelectorAll("img[onerror], img[src=x]").length') == 0
        no_trouble(chromium)


def test_a_step_shows_all_of_it(chromium, folder) -> None:
    chromium.open(folder / 'q1' / PAGE_FILE)
    for _ in range(2):
        chromium.press('ArrowRight')
    text = chromium.value('document.querySelector(".slide").textContent')
    for part in ('tools.Reconstruct', 'scale sensor_depth', 'reconstruct(', 'recon', 'Tool calls'):
        assert part in text
    code = chromium.value('document.querySelector("code").textContent')
    assert code == '\n'.join([*read_trace(folder / 'q1').steps[0].written.code.splitlines(), ''])
    assert chromium.value('document.querySelectorAll(".t-name, .t-known, .t-text").length') > 3
    for _ in range(3):
        chromium.press('ArrowRight')
    assert 'AttributeError' in chromium.value('document.querySelector(".error").textContent')
    assert 'wrong_name' in chromium.value('document.querySelector(".line.wrong").textContent')


def ink(browser: Browser) -> list[float]:
    """A digest of what the 3D view shows, and how much of it is drawn on."""
    browser.value('new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))')
    return browser.value(
        '(() => { const c = document.querySelector("canvas.scene"); const d = c.getContext("2d")'
        '.getImageData(0, 0, c.width, c.height).data; let on = 0, sum = 0; for (let i = 0; '
        'i < d.length; i += 4) { on += d[i + 3] > 0; sum = (sum * 31 + d[i] + d[i + 1] * 7) '
        '% 1000003; } return [on / (c.width * c.height), sum]; })()')


def test_the_evidence_turns(chromium, folder) -> None:
    chromium.open(folder / 'q1' / PAGE_FILE)
    chromium.press('End')
    drawn, before = ink(chromium)
    assert drawn > 0.05
    label = chromium.value('document.querySelector("canvas.scene").getAttribute("aria-label")')
    assert 'red box' in label
    assert 'two points, 0.330 m apart' in label
    chromium.value('document.querySelector("canvas.scene").focus()')
    chromium.press('ArrowLeft')
    turned = ink(chromium)[1]
    assert turned != before
    assert chromium.value('page.at') == 7
    chromium.press('0')
    assert ink(chromium)[1] == before
    x, y = chromium.value('(() => { const b = document.querySelector("canvas.scene")'
                          '.getBoundingClientRect(); return [b.x + b.width / 2, b.y + 90]; })()')
    chromium.drag((x, y), (x + 80, y + 10))
    assert ink(chromium)[1] != before
    chromium.value('document.querySelector(".toggle input").click()')
    assert ink(chromium)[0] < drawn
    no_trouble(chromium)


def test_the_view_has_its_scale_and_its_axes(chromium, folder) -> None:
    chromium.open(folder / 'q1' / PAGE_FILE)
    # seen from the front: y to the right, z up, and a metre as long as the bar says
    seen = chromium.value(
        '(() => { const eye = new Eye([0, 0, 0], 5, 0, 0), at = eye.projector(200, 100); return '
        '[at(0, 0, 0), at(0, 1, 0), at(0, 0, 1), at(1, 0, 0), [eye.pixels(200, 100)]]; })()')
    middle, y, z, x, (metre,) = seen
    assert middle == pytest.approx([100, 50, 5])
    assert y == pytest.approx([100 + metre, 50, 5])
    assert z == pytest.approx([100, 50 - metre, 5])
    assert x == pytest.approx([100, 50, 4])
    assert [chromium.value(f'metres({length})') for length in (0.02, 0.5, 20)] == [
        '2 cm', '0.5 m', '20 m']


def test_a_camera_sees_as_its_intrinsics_say(folder) -> None:
    trace = read_trace(folder / 'q1')
    frame = trace.started.frames[0]
    moved = {**frame.intrinsics, 'fx': 200.0, 'fy': 100.0, 'cx': 40.0, 'cy': 20.0}
    frames = [msgspec.structs.replace(frame, intrinsics=moved, width=240, height=120)]
    started = msgspec.structs.replace(trace.started, frames=frames)
    [camera] = page_data([dataclasses.replace(trace, started=started)])['traces'][0]['cameras']
    assert camera['edges'] == pytest.approx([-0.2, -0.2, 1.0, 1.0])


def test_a_camera_at_rest_shows_other_points_in_each_frame() -> None:
    row, column = np.mgrid[:120, :160].astype(np.float32)
    world = np.stack([row, column, np.zeros_like(row)], axis=-1)
    image = np.zeros((120, 160, 3), np.uint8)
    image[..., 0], image[..., 1] = row, column
    points, colours = sample_scene(
        {f'points_{f}': world for f in range(32)}, dict.fromkeys(range(32), image))
    assert 6_000 < len(points) < 20_000
    assert len(np.unique(points, axis=0)) > 0.5 * len(points)
    np.testing.assert_array_equal(points[:, :2], colours[:, :2])


UNSEEN = '\u202e\u2066\u2028\x00\x1b\u200b'


def test_what_cannot_be_seen_is_shown_by_its_code(chromium, folder, tmp_path) -> None:
    writer = TraceWriter(tmp_path, 'q1')
    writer.started(Observation((Frame(0, 'front', 5, 'o', np.zeros((3, 4, 3), np.uint8)),)),
                   Question(f'q {UNSEEN}?'))
    writer.event(Planned(UNSEEN))
    writer.event(CellWritten(1, UNSEEN, UNSEEN, UNSEEN, f'x = 1  # {UNSEEN}'))
    writer.event(CellRan(1, CellResult(stdout=UNSEEN), 'the answer does not fit'))
    writer.event(Failed(Status.TIMEOUT, UNSEEN, 'run', 1))
    writer.close()
    chromium.open(tmp_path / 'q1' / PAGE_FILE)
    for _ in range(4):
        shown = chromium.value('document.getElementById("app").textContent + document.title')
        assert '⟨202e⟩⟨2066⟩⟨2028⟩⟨0000⟩⟨001b⟩⟨200b⟩' in shown
        assert not set(UNSEEN) & set(shown)
        assert ('the answer does not fit' in shown) == (chromium.value('page.at') == 2)
        chromium.press('ArrowRight')
    no_trouble(chromium)


def test_keys_scroll_what_is_wider_than_its_box(chromium, folder) -> None:
    chromium.open(folder / 'q1' / PAGE_FILE, width=500)
    for _ in range(2):
        chromium.press('ArrowRight')
    chromium.value('document.querySelector(".code pre").focus()')
    assert chromium.value('document.activeElement.scrollWidth > '
                          'document.activeElement.clientWidth')
    chromium.press('ArrowRight')
    chromium.wait('document.activeElement.scrollLeft > 0')
    assert chromium.value('page.at') == 2
    chromium.value('document.querySelector(".copy").focus()')
    chromium.press('ArrowRight')
    assert chromium.value('page.at') == 3


def test_masks_lie_over_frames_and_grow_large(chromium, folder) -> None:
    chromium.open(folder / 'q1' / PAGE_FILE)
    chromium.press('End')
    chromium.wait('[...document.images].filter(i => i.className === "mask")'
                  '.every(i => i.complete && i.naturalWidth > 0)')
    assert chromium.value('document.querySelectorAll("img.mask").length') >= 2
    chromium.value('document.querySelector(".frame button").click()')
    assert chromium.value('document.querySelectorAll("dialog[open] img").length') >= 2
    chromium.press('ArrowLeft')
    assert chromium.value('page.at') == 7
    chromium.press('Escape')
    chromium.wait('!document.querySelector("dialog")')
    no_trouble(chromium)


def test_traces_stand_side_by_side_and_go_together(chromium, folder) -> None:
    chromium.open(folder / 'compared.html', width=1500)
    assert chromium.value('document.querySelectorAll(".column").length') == 3
    tops = chromium.value('[...document.querySelectorAll(".column")]'
                          '.map(c => c.getBoundingClientRect().top)')
    assert len(set(tops)) == 1
    chromium.press('End')
    titles = chromium.value(
        '[...document.querySelectorAll(".slide-title")].map(t => t.textContent)')
    assert titles == ['Answer', 'End', 'Answer']
    assert 'stopped in the stage' in chromium.value('document.body.textContent')
    no_trouble(chromium)


@pytest.mark.parametrize('size', [WIDE, NARROW], ids=['wide', 'narrow'])
@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
def test_nothing_sticks_out_and_everything_can_be_read(chromium, folder, size, dark) -> None:
    width, height = size
    for name in (f'q1/{PAGE_FILE}', 'compared.html'):
        chromium.open(folder / name, width=width, height=height, dark=dark)
        for _ in range(8):
            assert chromium.value('document.documentElement.scrollWidth') <= width
            chromium.press('ArrowRight')
    channels = chromium.value(
        '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]'
        '.map(c => Math.max(...c.match(/\\d+/g).slice(0, 3).map(Number)))')
    assert (channels[0] < 60 < channels[1]) if dark else (channels[1] < 60 < channels[0])
    no_trouble(chromium)


def test_every_control_has_a_name(chromium, folder) -> None:
    chromium.open(folder / 'compared.html')
    for _ in range(8):
        unnamed = chromium.value(
            '[...document.querySelectorAll("button, canvas, input, a")].filter(e => '
            '!(e.textContent.trim() || e.getAttribute("aria-label") || e.closest("label")))'
            '.map(e => e.outerHTML)')
        assert unnamed == []
        assert chromium.value('[...document.images].every(i => i.hasAttribute("alt"))')
        chromium.press('ArrowRight')


def test_requests_and_calls_ahead_are_shown(chromium, tmp_path) -> None:
    image = np.zeros((30, 40, 3), np.uint8)
    writer = TraceWriter(tmp_path, 'q1')
    writer.started(Observation((Frame(0, 'front', 5, 'o', image),)), Question('q?'))
    writer.exchanged(Said('plan', 'hm', Exchange('planner', 'some-model', prompt_tokens=12_345)))
    writer.event(Planned('plan'))
    writer.exchanged(Said('x', HOSTILE, Exchange(
        'agent', 'some-model', sent_bytes=4_200_000, prefix_share=0.998, prompt_tokens=1000,
        completion_tokens=50, cached_tokens=900, first_s=0.2, duration_s=1.5, finish='fence',
        attempts=2)))
    writer.event(CellWritten(1, 'p', 'r', 'g', 'x = 1'))
    writer.event(Failed(Status.TIMEOUT, 'late', 'run', 1))
    writer.ahead(3, 1, 0.8)
    writer.close()
    chromium.open(tmp_path / 'q1' / PAGE_FILE)
    head = chromium.value('document.querySelector(".head").textContent')
    for part in ('timeout', 'late', 'some-model', '13 345 in, 50 out', '4.20 MB', '99.8 %',
                 '3 used, 1 wasted'):
        assert part in head.replace('\u202f', ' ').replace('\u2009', ' ').replace('\xa0', ' ')
    for _ in range(2):
        chromium.press('ArrowRight')
    text = chromium.value('document.querySelector(".slide").textContent')
    for part in ('first piece after 200 ms', '2 attempts', 'ended: fence', HOSTILE,
                 'The query ended in this step'):
        assert part in text
    no_trouble(chromium)
