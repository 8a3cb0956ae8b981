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


"""docs/networking.md states the sums as they are, and the profiles as they stand in config/."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from spatialclaw_ros.ros.parameter_table import NODE_PARAMETERS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'networking.md').read_text(encoding='utf-8')
RATE_HZ, MB, MIB = 30, 10**6, 2**20
COLOUR, DEPTH = 3, 2
STREAMS = re.findall(
    r'^\| (\d+)x(\d+) ([\w ]+?)(?:, \w+)? \| ([\d.]+) MB \| ([\d.]+) MB \| ([\d.]+) MB', PAGE, re.M)
BUFFERS = re.findall(
    r'^\| (one|three) (\d+)x(\d+) RGB-D \| 2 x (\d) x ([\d.]+) MB = ([\d.]+) MB \| (\d+) \|$',
    PAGE, re.M)
# Of the configuration that Cyclone DDS 0.10 documents: element to attributes.
CYCLONE = {'CycloneDDS': set(), 'Domain': {'Id'}, 'General': set(), 'MaxMessageSize': set(),
           'Internal': set(), 'SocketReceiveBufferSize': {'min', 'max'},
           'SocketSendBufferSize': {'min', 'max'}}


def image_bytes(width: str, height: str, what: str) -> int:
    return int(width) * int(height) * (COLOUR * ('colour' in what) + DEPTH * ('depth' in what))


@pytest.mark.parametrize(('width', 'height', 'what', 'one', 'second', 'three'), STREAMS)
def test_streams_are_as_large(
    width: str, height: str, what: str, one: str, second: str, three: str,
) -> None:
    size = image_bytes(width, height, what)
    assert float(one) == pytest.approx(size / MB, rel=0.01)
    assert float(second) == pytest.approx(RATE_HZ * size / MB, rel=0.01)
    assert float(three) == pytest.approx(3 * RATE_HZ * size / MB, rel=0.01)


@pytest.mark.parametrize(('word', 'width', 'height', 'count', 'one', 'all_', 'limit'), BUFFERS)
def test_buffers_hold_two_of_each(
    word: str, width: str, height: str, count: str, one: str, all_: str, limit: str,
) -> None:
    size = image_bytes(width, height, 'colour depth')
    assert int(count) == {'one': 1, 'three': 3}[word]
    assert float(one) == pytest.approx(size / MB, rel=0.01)
    assert float(all_) == pytest.approx(2 * int(count) * size / MB, rel=0.01)
    assert 2 * int(count) * size <= int(limit) < 8 * int(count) * size


def test_the_tables_are_read() -> None:
    assert (len(STREAMS), len(BUFFERS)) == (5, 3)


def test_what_a_query_looks_at_is_what_the_parameters_say() -> None:
    defaults = {spec.name: spec.default for spec in NODE_PARAMETERS}
    frames, window_s = defaults['max_frames'], defaults['window_s']
    assert f'by default {frames} of {window_s:g} s, so {frames / window_s:g} Hz' in PAGE


def test_fast_dds_has_what_the_page_says() -> None:
    root = ElementTree.parse(ROOT / 'config' / 'fastdds.xml').getroot()
    values = {one.tag.rpartition('}')[2]: one.text for one in root.iter() if one.text}
    segment, message = int(values['segment_size']), int(values['maxMessageSize'])
    assert f'{segment // MIB} MiB: {segment // image_bytes("640", "480", "colour")} ' in PAGE
    assert f'{segment // image_bytes("1920", "1080", "colour")} of\n  1920x1080' in PAGE
    assert f'largest message is {message // MIB} MiB' in PAGE
    assert f'net.core.rmem_max = {values["receiveBufferSize"]}' in PAGE
    assert f'net.core.wmem_max = {values["sendBufferSize"]}' in PAGE


def test_cyclone_dds_asks_for_the_same_and_demands_nothing() -> None:
    root = ElementTree.parse(ROOT / 'config' / 'cyclonedds.xml').getroot()
    found = {one.tag.rpartition('}')[2]: one for one in root.iter()}
    for name, element in found.items():
        assert set(element.attrib) <= CYCLONE[name], name
    for name, key in {'SocketReceiveBufferSize': 'rmem_max',
                      'SocketSendBufferSize': 'wmem_max'}.items():
        asked = re.fullmatch(r'(\d+)MiB', found[name].attrib['max'])
        assert asked is not None
        assert f'net.core.{key} = {int(asked[1]) * MIB}' in PAGE
        assert 'min' not in found[name].attrib, 'nothing would start where the kernel allows less'
