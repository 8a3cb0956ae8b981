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


"""Measures the models of perception at full size with random weights: memory and time of a call.

    python scripts/gpu_bench.py                          prints a table, in less than ten minutes
    python scripts/gpu_bench.py --into docs/hardware.md  puts it between the marks of that page
    python scripts/gpu_bench.py --tiny                   a try in small sizes, without a GPU

Needs torch, transformers, depth-anything-3 and this package; no weights, no network. Times are of
whole calls as the node makes them, images in and arrays out.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gpu_bench_page import MIB, SIZE, Row, report, write

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import ModelMemoryError, SpatialClawError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.segment_model import SegmentJob

ROOT = Path(__file__).resolve().parent.parent
VARIANTS = ('da3-base', 'da3-large', 'da3-giant')
BOX = np.array([[200.0, 150.0, 400.0, 300.0]])
TINY_DEPTH = {'process_res': 112, 'network': {'embed_dim': 64, 'depth': 4, 'heads': 4}}


@dataclass(frozen=True)
class Call:
    """One call that is measured: what it is, and the memory that perception/sizes.py reckons."""

    what: str
    run: Callable[[], object]
    reckoned_mib: float | None = None


class Bench:
    """Measures, on one device.

    Args:
        device: 'cuda' or 'cpu'.
        seconds: spent on the calls of one model and precision.
        end_s: of the monotonic clock; what is not begun by then is not measured.
    """

    def __init__(self, device: str, seconds: float, end_s: float) -> None:
        import torch

        self.device, self.rows = device, list[Row]()
        self._torch, self._seconds, self._end_s = torch, seconds, end_s

    def measure(
        self, model: str, precision: str, compiled: bool, names: Sequence[str],
        load: Callable[[], contextlib.AbstractContextManager[tuple[float, list[Call]]]],
    ) -> None:
        """Load a model, measure its calls in turn, let it go.

        Args:
            model: its name.
            precision: its precision.
            compiled: whether it is compiled.
            names: of its calls, for rows without numbers.
            load: gives MiB of its weights, and its calls.
        """
        where = (model, precision, compiled)
        if time.monotonic() > self._end_s:
            self.rows += [Row(*where, name, note='not run: out of time') for name in names]
            return
        try:
            with load() as (weights, calls):
                self._take(where, weights, calls)
        except (SpatialClawError, RuntimeError) as error:  # out of memory is one of them
            self.rows += [Row(*where, name, note=_short(error)) for name in names]
        gc.collect()
        if self.device == 'cuda':
            self._torch.cuda.empty_cache()

    def _take(self, where: tuple[str, str, bool], weights: float, calls: list[Call]) -> None:
        """Measure first calls and memory one by one, then times in turn: drift meets all alike."""
        kept: list[tuple[Call, float, float, float, list[float]]] = []
        for call in calls:
            try:
                first = self._time(call)
                self._reset()
                self._time(call)
                kept.append((call, first, *self._peaks(), []))
            except (ModelMemoryError, self._torch.OutOfMemoryError) as error:
                self.rows.append(Row(
                    *where, call.what, weights, reckoned_mib=call.reckoned_mib, note=_short(error)))
                self._reset()
        end_s = time.monotonic() + self._seconds
        while kept and (not kept[0][-1] or (
                time.monotonic() < min(end_s, self._end_s) and len(kept[0][-1]) < 50)):
            for each in kept:
                each[-1].append(self._time(each[0]))
        for call, first, peak, reserved, times in kept:
            self.rows.append(Row(
                *where, call.what, weights, peak or None, reserved or None, call.reckoned_mib,
                first, statistics.median(times), len(times)))

    def _time(self, call: Call) -> float:
        self._wait()
        start_s = time.perf_counter()
        call.run()
        self._wait()
        return (time.perf_counter() - start_s) * 1e3

    def _wait(self) -> None:
        if self.device == 'cuda':
            self._torch.cuda.synchronize()

    def _reset(self) -> None:
        gc.collect()
        if self.device == 'cuda':
            self._torch.cuda.empty_cache()
            self._torch.cuda.reset_peak_memory_stats()

    def _peaks(self) -> tuple[float, float]:
        if self.device != 'cuda':
            return 0.0, 0.0
        cuda = self._torch.cuda
        return cuda.max_memory_allocated() / MIB, cuda.max_memory_reserved() / MIB


def depth_cases(bench: Bench, tiny: bool) -> None:
    """Depth Anything 3: variants, precisions, numbers of views, compiled and not."""
    views = (1, 3) if tiny else (1, 8, 16, 32)
    for variant in ('da3-small',) if tiny else VARIANTS:
        for precision, compiled in _ways(tiny, compiled=variant in ('da3-small', 'da3-base')):
            bench.measure(
                variant, precision, compiled, [f'{count} views' for count in views],
                lambda variant=variant, precision=precision, compiled=compiled: _depth(
                    bench.device, variant, precision, compiled, views, tiny))


def masks_cases(bench: Bench, tiny: bool, folder: Path) -> None:
    """SAM 3: precisions, batches of images and texts, a box followed through a video."""
    batches = (1, 2) if tiny else (1, 4, 8)
    names = [*(f'text, {each} images' for each in batches), 'box, video']
    for precision, compiled in _ways(tiny, compiled=True):
        bench.measure(
            'sam3', precision, compiled, names,
            lambda precision=precision, compiled=compiled: _masks(
                bench.device, precision, compiled, batches, folder if tiny else None))


def _ways(tiny: bool, compiled: bool) -> list[tuple[str, bool]]:
    plain = [(precision, False) for precision in (('fp32',) if tiny else ('bf16', 'fp32', 'fp16'))]
    return [*plain, ('bf16', True)] if compiled and not tiny else plain


@contextlib.contextmanager
def _depth(
    device: str, variant: str, precision: str, compiled: bool, views: Sequence[int], tiny: bool,
) -> Iterator[tuple[float, list[Call]]]:
    from spatialclaw_ros.perception.depth_anything import load_depth_anything
    from spatialclaw_ros.perception.sizes import need_depth

    options = {'random': True, **(TINY_DEPTH if tiny else {})}
    config = ModelConfig(
        model=variant, device=device, precision=precision, compile=compiled,
        max_views=max(views), options=options)
    model = load_depth_anything(config, lambda share, text: None)
    images = _images(max(views))

    def call(count: int) -> Call:
        reckoned = None if tiny else need_depth(config, count).bytes / MIB
        return Call(f'{count} views',
                    lambda: model.predict(images[:count], None, None, Deadline()), reckoned)

    try:
        yield model.memory_bytes / MIB, [call(count) for count in views]
    finally:
        model.close()


@contextlib.contextmanager
def _masks(
    device: str, precision: str, compiled: bool, batches: Sequence[int], folder: Path | None,
) -> Iterator[tuple[float, list[Call]]]:
    import msgspec

    from spatialclaw_ros.perception.sam3 import load_sam3
    from spatialclaw_ros.perception.sizes import need_sam3

    config = ModelConfig(
        model='sam3', device=device, precision=precision, compile=compiled, batch=max(batches),
        options={'warm_up': False}, weights=str(folder or ''))
    model = _random_sam3(config) if folder is None else load_sam3(
        config, lambda share, text: None)
    images = _images(8)

    def texts(count: int) -> Call:
        job = SegmentJob('text', images[:count], prompts=('mug',))
        reckoned = None if folder else need_sam3(
            msgspec.structs.replace(config, batch=count)).bytes / MIB
        return Call(f'text, {count} images', lambda: model.segment(job, Deadline()), reckoned)

    followed = images[:8] if folder is None else images[:3]
    video = SegmentJob('box', followed, boxes=BOX, is_video=True)
    calls = [*(texts(count) for count in batches),
             Call('box, video', lambda: model.segment(video, Deadline()))]
    try:
        yield model.memory_bytes / MIB, calls
    finally:
        model.close()


def _random_sam3(config: ModelConfig) -> Any:
    """The library's full-size classes as they come, with random weights."""
    import torch
    from transformers import (
        CLIPTokenizer,
        Sam3TrackerVideoProcessor,
        Sam3VideoConfig,
        Sam3VideoModel,
        Sam3VideoProcessor,
    )
    from transformers.convert_slow_tokenizer import bytes_to_unicode
    from transformers.models.sam2_video.video_processing_sam2_video import Sam2VideoVideoProcessor
    from transformers.models.sam3.image_processing_sam3 import Sam3ImageProcessor

    from spatialclaw_ros.perception.gpu.device import device_of, dtype_of, memory_errors
    from spatialclaw_ros.perception.sam3.cv_kernels import use_own_kernels
    from spatialclaw_ros.perception.sam3.model import Sam3
    from spatialclaw_ros.perception.sam3.options import read_options

    device = device_of(config.device)
    with memory_errors('making sam3', device), torch.device(device):
        network: Any = Sam3VideoModel(Sam3VideoConfig())
        network = network.to(dtype_of(config.precision, device)).eval()
    use_own_kernels()
    side = network.config.image_size
    size, half = {'height': side, 'width': side}, [0.5, 0.5, 0.5]
    letters = list(bytes_to_unicode().values())
    words = [*letters, *(f'{letter}</w>' for letter in letters), '<|startoftext|>',
             '<|endoftext|>']
    shared = {'size': size, 'image_mean': half, 'image_std': half}
    processor = Sam3VideoProcessor(
        image_processor=Sam3ImageProcessor(**shared),
        video_processor=Sam2VideoVideoProcessor(**shared),
        tokenizer=CLIPTokenizer(
            vocab={word: number for number, word in enumerate(words)}, merges=[],
            model_max_length=32))
    tracker = Sam3TrackerVideoProcessor(
        image_processor=processor.image_processor, video_processor=processor.video_processor)
    if config.compile:
        network.detector_model.vision_encoder.backbone.compile()
    return Sam3(network, processor, tracker, config, read_options(config.options), 'random')


def _images(count: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(0)
    return tuple(random.integers(0, 256, (*SIZE, 3), dtype=np.uint8) for _ in range(count))


def _short(error: BaseException) -> str:
    name = type(error).__name__
    what = 'out of memory: ' if name in ('ModelMemoryError', 'OutOfMemoryError') else ''
    return what + ' '.join(f'{name}: {error}'.split()).replace('|', '/')[:120]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where nothing could be measured."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0] if __doc__ else '')
    parser.add_argument('--into', type=Path, help='page to write to')
    parser.add_argument('--tiny', action='store_true', help='tiny sizes, on the CPU')
    parser.add_argument('--seconds', type=float, default=2.0,
                        help='for the calls of one model in one precision')
    parser.add_argument('--limit-s', type=float, default=480.0,
                        help='nothing new is begun after so many seconds')
    options = parser.parse_args(arguments)
    device = 'cuda' if torch.cuda.is_available() and not options.tiny else 'cpu'
    if device == 'cpu' and not options.tiny:
        print('torch sees no GPU here; --tiny tries the script without one', file=sys.stderr)
        return 1
    bench = Bench(device, options.seconds, time.monotonic() + options.limit_s)
    with tempfile.TemporaryDirectory() as folder:
        if options.tiny:
            sys.path.insert(0, str(ROOT / 'test' / 'support'))
            from tiny_sam3 import tiny_sam3

            tiny_sam3(Path(folder))
        try:
            masks_cases(bench, options.tiny, Path(folder))
            depth_cases(bench, options.tiny)
        finally:  # what was measured before a fault, or a Ctrl-C, is not lost
            text = report(bench.rows, device)
            print(text)
            if options.into:
                write(text, bench.rows, options.into)
    return 0 if any(row.median_ms is not None for row in bench.rows) else 1


if __name__ == '__main__':
    sys.exit(main())
