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



"""Drives one fuzz target with atheris: arguments, seed corpus, dictionary, limits.

A crash, an input that takes longer than its time, and memory beyond the limit each end the run with
a non-zero status, and leave the input in the target's folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris


def fuzz(
    one_input: Callable[[bytes], None], *, seeds: Iterable[bytes], words: Iterable[str] = (),
    change: Callable[[bytes, int, int], bytes] | None = None, description: str = '',
) -> None:
    """Run a target until its time is over; never returns.

    Args:
        one_input: takes any bytes; whatever it raises is a finding.
        seeds: inputs to start from, written into the corpus.
        words: put into inputs as they stand.
        change: makes a new input of one, given its largest size and a seed; None for libFuzzer's.
        description: for `--help`.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('folder', type=Path, help='corpus and findings; made where it is missing')
    parser.add_argument('--seconds', type=int, default=60, help='how long to look')
    parser.add_argument('--input-seconds', type=int, default=10, help='longer for one input: hang')
    parser.add_argument('--rss-mib', type=int, default=1024, help='memory of the whole process')
    parser.add_argument('--max-bytes', type=int, default=65_536, help='longest input')
    parser.add_argument('--again', type=Path, help='run one input, such as a finding')
    options = parser.parse_args()
    corpus = options.folder / 'corpus'
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f'seed_{number:03}').write_bytes(seed)
    # a dictionary must not be empty
    dictionary = options.folder / 'words.dict'
    dictionary.write_text(''.join(
        '"' + ''.join(f'\\x{byte:02x}' for byte in word.encode()) + '"\n'
        for word in ('type', *words)))
    arguments = [
        sys.argv[0], f'-max_total_time={options.seconds}', f'-timeout={options.input_seconds}',
        f'-rss_limit_mb={options.rss_mib}', f'-max_len={options.max_bytes}',
        f'-artifact_prefix={options.folder}/', '-print_final_stats=1', '-verbosity=1',
        f'-dict={dictionary}', str(options.again or corpus)]
    atheris.Setup(arguments, one_input, **({} if change is None else {'custom_mutator': change}))
    atheris.Fuzz()
