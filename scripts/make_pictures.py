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



"""Makes every picture of `docs/images` again: a simulated robot, the real node, one question.

What RViz would show is drawn from the node's own messages; pages and terminals are drawn by a
headless Chromium (`make browser`), plots by the evaluation's report. `scripts/make_pictures.py
watch doctor` makes those two alone.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from picture_files import save, shot, terminal
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / 'docs' / 'images'
sys.path.insert(0, str(ROOT / 'test' / 'support'))

NODE = '/spatialclaw'
KERNEL = re.compile(r'^(\d+\.\d+)\.\d+-\S+')
PLOTS = {'errors': 'errors.png', 'calibration': 'calibration.png', 'categories': 'categories.png'}
"""Plots of an evaluation's report, by name."""
WORLDS = '9000-9007'
"""Seeds of the worlds that they are of, where no runs are given."""


@dataclass
class Heard:
    """What came of one query."""

    answer: Any = None
    drawing: Any = None
    labels: np.ndarray | None = None
    names: dict[int, str] = field(default_factory=dict)
    detections: Any = None
    thumbnails: list[tuple[str, np.ndarray]] = field(default_factory=list)
    watched: Any = None
    scene: Any = None
    trace: Path = Path()


def hear(folder: Path, stage: Any) -> Heard:
    """Start robot and node, ask the demo's first question, keep all that comes."""
    from spatialclaw_ros.cli.children import Children
    from spatialclaw_ros.cli.evidence import EvidenceListener
    from spatialclaw_ros.client import QueryError, SpatialClient
    from spatialclaw_ros.client.watcher import Watcher

    heard = Heard()
    environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}
    with Children(folder / 'logs', environment) as children:
        children.start('robot', 'spatialclaw_ros.sim', stage.robot_arguments)
        children.start('node', 'spatialclaw_ros.ros', [
            '--ros-args', *stage.node_arguments, '-p', f'trace_dir:={folder / "traces"}'])
        with SpatialClient(NODE) as client, Watcher(NODE) as watcher, EvidenceListener(
                NODE, stage.info_topic) as listener, LabelListener(NODE) as labels:
            client.wait(60.0)
            while listener.images_seen < 2 * stage.images_needed:
                children.check()
                listener.spin(0.2)
            listener.forget()
            question = stage.questions[0].text

            def keep(progress: Any) -> None:
                if progress.stage == 'run' and progress.step == 2:
                    heard.watched = watcher.view()
                if progress.image is not None:
                    heard.thumbnails.append((f'{progress.stage} {progress.step}', progress.image))

            for _ in range(5):
                try:
                    heard.answer = client.ask(  # detections in the frame of the drawings
                        question, frame_id='odom', timeout_s=60.0, on_progress=keep)
                    break
                except QueryError as error:  # TF may lag behind the first images
                    print(error)
                    heard.thumbnails.clear()
            heard.drawing = listener.drawing(10.0)
            heard.labels, heard.names, heard.detections = labels.wait(10.0)
            heard.scene = stage.look()
        heard.trace = next((folder / 'traces').glob('*/trace.html'))
    if heard.answer is None or heard.drawing is None:
        raise SystemExit('no answer came; see the message above')
    return heard


class LabelListener:
    """Keeps the last label image, what its numbers mean, and detections; a context manager."""

    def __init__(self, node: str) -> None:
        import rclpy
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.node import Node
        from sensor_msgs.msg import Image as ImageMessage
        from vision_msgs.msg import Detection3DArray, LabelInfo

        from spatialclaw_ros.cli.evidence import LATCHED

        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = Node('label_listener', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._came: dict[str, Any] = {}
        for name, kind in (('labels', ImageMessage), ('label_info', LabelInfo),
                           ('detections', Detection3DArray)):
            self._node.create_subscription(
                kind, f'{node}/{name}',
                lambda message, name=name: self._came.update({name: message}), LATCHED)

    def __enter__(self) -> LabelListener:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def wait(self, timeout_s: float) -> tuple[np.ndarray, dict[int, str], Any]:
        """(H, W) labels, the name of each, and a Detection3DArray."""
        end = threading.Event()
        threading.Timer(timeout_s, end.set).start()
        while len(self._came) < 3 and not end.is_set():
            self._executor.spin_once(timeout_sec=0.1)
        labels, info = self._came['labels'], self._came['label_info']
        array = np.frombuffer(labels.data, np.uint8).reshape(labels.height, labels.width)
        names = {entry.class_id: entry.class_name for entry in info.class_map}
        return array, names, self._came['detections']


def label_picture(heard: Heard) -> Image.Image:
    """The label image with a colour for each number, and a legend."""
    from spatialclaw_ros.cli.picture import INK, PAPER, font
    from spatialclaw_ros.ros.palette import object_colour

    labels = heard.labels
    assert labels is not None
    pixels = np.full((*labels.shape, 3), 24, np.uint8)
    legend = [(number, heard.names.get(number, '')) for number in np.unique(labels) if number]
    for number, _ in legend:
        pixels[labels == number] = object_colour(int(number) - 1)
    height, width = labels.shape
    page = Image.new('RGB', (width, height + 44), PAPER)
    page.paste(Image.fromarray(pixels))
    pen = ImageDraw.Draw(page)
    x = 12
    for number, name in legend:
        pen.rectangle((x, height + 13, x + 18, height + 31), fill=object_colour(int(number) - 1))
        text = f'{number}  {name}'
        pen.text((x + 26, height + 12), text, fill=INK, font=font(16))
        x += 50 + int(pen.textlength(text, font=font(16)))
    return page


def detections_picture(heard: Heard) -> Image.Image:
    """The boxes of `~/detections` in the scene: number, label and size."""
    from dataclasses import replace

    from spatialclaw_ros.cli.evidence import Box
    from spatialclaw_ros.cli.picture import evidence_picture
    from spatialclaw_ros.geometry.se3 import make_transform, quat_xyzw_to_matrix
    from spatialclaw_ros.ros.palette import object_colour

    drawing, boxes = heard.drawing, []
    if heard.detections.header.frame_id != drawing.frame_id:
        raise SystemExit(f'detections are in {heard.detections.header.frame_id}, '
                         f'the scene in {drawing.frame_id}')
    for one in heard.detections.detections:
        at, turn, size = one.bbox.center.position, one.bbox.center.orientation, one.bbox.size
        red, green, blue = (channel / 255 for channel in object_colour(int(one.id) - 1))
        boxes.append(Box(
            f'{one.id}  {one.results[0].hypothesis.class_id}, '
            f'{size.x:.2f} x {size.y:.2f} x {size.z:.2f} m',
            make_transform(quat_xyzw_to_matrix(np.array([turn.x, turn.y, turn.z, turn.w])),
                           np.array([at.x, at.y, at.z])),
            np.array([size.x, size.y, size.z]), (red, green, blue)))
    alone = replace(drawing, boxes=tuple(boxes), points=np.empty((0, 3)), line=None,
                    marks=np.empty((0, 3)), text='')
    return evidence_picture(alone, heard.scene)


def strip(pictures: Sequence[tuple[str, np.ndarray]]) -> Image.Image:
    """Thumbnails side by side, each with the step that it came with."""
    from spatialclaw_ros.cli.picture import GREY, PAPER, font

    shown = [(text, Image.fromarray(array)) for text, array in pictures]
    width = sum(picture.width + 12 for _, picture in shown) + 12
    height = max(picture.height for _, picture in shown)
    page = Image.new('RGB', (width, height + 48), PAPER)
    pen = ImageDraw.Draw(page)
    x = 12
    for text, picture in shown:
        page.paste(picture, (x, 12))
        pen.text((x + 2, height + 18), text, fill=GREY, font=font(15))
        x += picture.width + 12
    return page


def demo_picture(heard: Heard, stage: Any) -> Image.Image:
    """The robot from outside, what it sees, and the evidence in 3D, under question and answer."""
    from spatialclaw_ros.cli.picture import evidence_picture, sheet
    from spatialclaw_ros.sim.questions import judge

    answer, asked = heard.answer, stage.questions[0]
    verdict = judge(asked, answer.value, answer.stamp_ns)
    pictures = [(Image.fromarray(heard.drawing.overlay),
                 'what the camera sees, and the masks found'),
                (evidence_picture(heard.drawing, heard.scene, answer.text),
                 'the evidence in 3D, seen from the side')]
    outside = stage.outside(answer.stamp_ns)
    if outside is not None:
        pictures.insert(0, (Image.fromarray(outside), 'the simulated robot'))
    return sheet(asked.text, f'{answer.text}   (truth: {verdict.truth_text})', verdict.right,
                 pictures, height=430)


def doctor_lines(width: int) -> list[Any]:
    """What `spatialclaw doctor` prints, this machine's folders left out."""
    from dataclasses import replace

    from spatialclaw_ros.cli.doctor import examine
    from spatialclaw_ros.cli.findings_view import finding_lines

    home = str(Path(sys.prefix).absolute())
    findings = [
        replace(each, detail=KERNEL.sub(r'\1', each.detail.replace(home, '~/spatialclaw')))
        for each in examine()]
    return ['[bold]$ spatialclaw doctor[/bold]', *finding_lines(findings, width), '',
            'Everything that the embedded default needs is there.']


def main() -> int:
    """Make the pictures that are named, or all."""
    of_query = ('demo', 'overlay', 'labels', 'detections', 'evidence', 'thumbnails', 'trace',
                'watch')
    makers = (*of_query, 'doctor', 'interfaces', *PLOTS)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('names', nargs='*', choices=[*makers, []], help='of pictures; all of them')
    parser.add_argument('--evaluation', type=Path, metavar='FOLDER', help=(
        'runs that the plots are of, such as eval_out/claw-sim; a few worlds are asked without'))
    parser.add_argument('--into', type=Path, metavar='FOLDER', default=IMAGES,
                        help='gets them (default: docs/images)')
    given = parser.parse_args()
    into: Path = given.into
    wanted = set(given.names or makers)
    from browser import find_chromium, running

    program = find_chromium()
    if program is None:
        raise SystemExit('there is no Chromium; `make browser` fetches one')
    into.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='pictures-') as scratch, running(program) as browser:
        folder = Path(scratch)
        browser.send('Emulation.setScrollbarsHidden', hidden=True)
        if wanted & set(of_query):
            of_a_query(folder, browser, wanted, into)
        if 'doctor' in wanted:
            save(terminal(browser, folder, doctor_lines(78), 78, columns=2), into / 'doctor.png')
        if 'interfaces' in wanted:
            spatialclaw('demo', '--interfaces', '--out', str(folder))
            browser.open(folder / 'interfaces' / 'compared.html', width=1900, height=1150)
            browser.press('End')
            browser.value('window.scrollTo(0, 0)')
            save(shot(browser, folder), into / 'interfaces.jpg')
        if wanted & set(PLOTS):
            of_runs(given.evaluation, folder, wanted, into)
    return 0


def spatialclaw(*words: str) -> None:
    """Run a command of the package; it says itself what is wrong.

    Raises:
        SystemExit: it failed.
    """
    status = subprocess.run(
        [str(Path(sys.executable).with_name('spatialclaw')), *words], check=False).returncode
    if status:
        raise SystemExit(f'spatialclaw {" ".join(words)} ended with status {status}')


def of_runs(
    evaluation: Path | None, folder: Path, wanted: set[str], into: Path,
) -> None:
    """The plots of an evaluation's report."""
    if evaluation is None:
        evaluation = folder / 'runs'
        spatialclaw('eval', 'run', 'claw-sim', '--set', f'data.seeds={WORLDS}', '--out',
                    str(evaluation))
    spatialclaw('eval', 'report', str(evaluation), '--out', str(folder / 'report'))
    for plot, name in PLOTS.items():
        if plot in wanted:
            found, = (folder / 'report').rglob(name)
            with Image.open(found) as picture:
                save(picture, into / name)


def of_a_query(folder: Path, browser: Any, wanted: set[str], into: Path) -> None:
    """The pictures that a query leaves."""
    from spatialclaw_ros.cli.demo import _own_environment
    from spatialclaw_ros.cli.picture import evidence_picture
    from spatialclaw_ros.cli.stage import choose_stage
    from spatialclaw_ros.cli.watch_view import picture as watch_picture

    _own_environment()
    stage = choose_stage(None, None)
    heard = hear(folder, stage)

    def trace() -> Image.Image:
        browser.open(heard.trace, width=1280, height=1120)
        browser.press('End')
        return shot(browser, folder)

    makers: dict[str, Callable[[], Image.Image]] = {
        'demo.jpg': lambda: demo_picture(heard, stage),
        'overlay.jpg': lambda: Image.fromarray(heard.drawing.overlay),
        'labels.png': lambda: label_picture(heard),
        'detections.jpg': lambda: detections_picture(heard),
        'evidence.jpg': lambda: evidence_picture(
            heard.drawing, heard.scene, heard.answer.text),
        'thumbnails.jpg': lambda: strip(heard.thumbnails[:4]),
        'trace.png': trace,
        'watch.png': lambda: terminal(
            browser, folder,
            ['[bold]$ spatialclaw watch[/bold]', watch_picture(heard.watched, 92)], 92),
    }
    for name, make in makers.items():
        if Path(name).stem in wanted:
            save(make(), into / name)


if __name__ == '__main__':
    sys.exit(main())
