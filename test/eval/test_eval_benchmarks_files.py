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


"""What public benchmarks say about files that are missing, or are not as published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from published import put, put_table

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.benchmarks import BENCHMARKS
from spatialclaw_ros.eval.benchmarks.dsi import split_options
from spatialclaw_ros.eval.benchmarks.rows import Row, csv_rows, jsonl_rows, plain_options
from spatialclaw_ros.eval.records import Question, Video
from spatialclaw_ros.eval.wording import plain_text

PUBLISHED = {
    'erqa': 400, 'omni3d': 501, 'omnispatial': 1533, 'spbench': 1328, 'mindcube': 21154,
    'mmsi': 1000, 'spar': 7207, 'blink': 1901, 'spatialtree': 6300, 'viewspatial': 5712,
    'mmsi-video': 0, 'osi': 8766, 'pai': 1214, 'vsi': 2362, 'vsti': 6042, 'dsi': 7076,
    'cv-bench': 1000, 'perceptcomp': 1114, 'video-mme': 2700, 'video-mme-v2': 3200}


def test_the_twenty() -> None:
    assert {name: each.sheet.count for name, each in BENCHMARKS.items()} == PUBLISHED
    assert all(each.sheet.name == name and each.sheet.files for name, each in BENCHMARKS.items())


@pytest.mark.parametrize('name', PUBLISHED)
def test_an_empty_folder_says_what_to_download(tmp_path: Path, name: str) -> None:
    benchmark = BENCHMARKS[name](tmp_path)
    with pytest.raises(InvalidRequestError) as error:
        benchmark.questions()
    said = str(error.value)
    assert said.startswith(f'{tmp_path}/')
    repository = benchmark.sheet.home.removeprefix('https://huggingface.co/datasets/')
    assert f'hf download {repository} --repo-type dataset --local-dir {tmp_path}' in said
    assert all(line in said for line in benchmark.sheet.files)


OMNI3D = {'question_index': 0, 'image_filename': 'a.png', 'question': 'Q?', 'answer': 1,
          'answer_type': 'float'}


@pytest.mark.parametrize(('content', 'words'), [
    ('{', 'annotations.json is no JSON'),
    ([], "must hold an object with the list 'questions'"),
    ({'questions': {}}, 'must hold a list, got dict'),
    ({'questions': [OMNI3D, 5]}, 'row 1: expected an object, got 5'),
    ({'questions': [OMNI3D, {'question_index': 1}]},
     'row 1: expected the field answer_type; there are question_index'),
    ({'questions': [{**OMNI3D, 'answer_type': 'bool'}]},
     "row 0: answer_type must be float, int or str, got 'bool'"),
    ({'questions': [{**OMNI3D, 'answer': 'far'}]}, "row 0: answer must be a number, got 'far'"),
    ({'questions': [{**OMNI3D, 'question': ''}]}, "row 0: question must be a text, got ''"),
    ({'questions': [{**OMNI3D, 'image_filename': '../../a.png'}]}, 'lies outside of'),
    ({'questions': [{**OMNI3D, 'image_filename': '/a.png'}]}, 'lies outside of'),
])
def test_a_malformed_row_is_named(tmp_path: Path, content: object, words: str) -> None:
    put(tmp_path / 'annotations.json', content)
    with pytest.raises(InvalidRequestError, match=words):
        BENCHMARKS['omni3d'](tmp_path).questions()


def test_another_count_than_published_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture,
) -> None:
    put(tmp_path / 'annotations.json', {'questions': [OMNI3D]})
    assert len(BENCHMARKS['omni3d'](tmp_path).questions()) == 1
    assert 'has 1 questions, 501 are published' in caplog.text


VSI = {'id': 1, 'dataset': 'scannet', 'scene_name': 's', 'question_type': 'route_planning',
       'question': 'Q?', 'options': ['A. a'], 'ground_truth': 'A'}


@pytest.mark.parametrize(('row', 'words'), [
    ({name: value for name, value in VSI.items() if name != 'ground_truth'},
     r'test_debiased\.parquet has no column ground_truth; it has dataset, id, options'),
    ({**VSI, 'ground_truth': 'left'}, "row 0: ground_truth must be a letter, got 'left'"),
    ({**VSI, 'question_type': 'object_counting'}, "ground_truth must be a number, got 'A'"),
    ({**VSI, 'options': 5}, 'options must be a list of texts, got 5'),
])
def test_a_table_that_is_not_as_published(tmp_path: Path, row: dict, words: str) -> None:
    put_table(tmp_path / 'test_debiased.parquet', [row])
    with pytest.raises(InvalidRequestError, match=words):
        BENCHMARKS['vsi'](tmp_path).questions()


def test_a_missing_subtask_is_named(tmp_path: Path) -> None:
    put(tmp_path / 'metadatas/std.csv', 'cate,relative_path,question,options,GT\n')
    with pytest.raises(InvalidRequestError, match=r'metadatas/reverse\.csv is not there'):
        BENCHMARKS['dsi'](tmp_path).questions()


def test_pictures_that_are_not_there_at_all(tmp_path: Path) -> None:
    put(tmp_path / 'ViewSpatial-Bench.json', [{'image_path': ['val2017/1.jpg']}])
    with pytest.raises(InvalidRequestError, match='not one of 1'):
        BENCHMARKS['viewspatial'](tmp_path).questions()


def test_a_missing_video_names_question_and_home(tmp_path: Path) -> None:
    question = Question(id='q7', text='Q?', media=(Video(path=str(tmp_path / 'a.mp4')),))
    with pytest.raises(InvalidRequestError, match=r'(?s)question q7: .*a\.mp4 is not there.*'
                                                  r'HarmlessSR07/OSI-Bench.*unpack'):
        BENCHMARKS['osi'](tmp_path).observe(question)


@pytest.mark.parametrize(('options', 'plain'), [
    (['A. x', 'B. y'], ('x', 'y')), (['(A) x', '(B) y'], ('x', 'y')),
    (['A: x', 'B) y'], ('x', 'y')), (['x', 'y'], ('x', 'y')), ([], ()),
    (['A. x', 'y'], ('A. x', 'y')), (['B. x', 'A. y'], ('B. x', 'A. y')),
    (['A. x', 'C. y'], ('x', '', 'y')), (['A. x', '', 'C. y', ''], ('x', '', 'y')),
    (['x', '', 'y', ''], ('x', '', 'y')), (['I. Newton', 'M. Curie'], ('I. Newton', 'M. Curie')),
])
def test_options_without_their_letters(options: list[str], plain: tuple[str, ...]) -> None:
    assert plain_options(options) == plain


@pytest.mark.parametrize(('text', 'options'), [
    ('A: x; B: y', ('x', 'y')), ('A: x\nB: y', ('x', 'y')), ('A: x; z; B: y;', ('x; z', 'y')),
    ('A: to B and back; B: y', ('to B and back', 'y')), ('x or y', ()),
])
def test_options_of_one_text(text: str, options: tuple[str, ...]) -> None:
    assert split_options(text) == options


@pytest.mark.parametrize(('value', 'texts'), [
    (['a', None, ' '], ('a',)), ('["a"]', ('a',)), (None, ()), (float('nan'), ()), ('', ())])
def test_texts_of_a_field(value: object, texts: tuple[str, ...]) -> None:
    row = Row(Path('f'), 0, {'options': value})
    assert row.texts('options') == texts
    assert row.options('options') == texts


@pytest.mark.parametrize(('text', 'options'), [
    ('A. x\n\nB. y\n', ('x', 'y')), ('A. x\nmore\r\nB. y', ('x more', 'y')), ('x\n\ny', ('x', 'y')),
    ('A. x\nC. y', ('x', '', 'y')), ('A. x\u2028z\nB. y', ('x\u2028z', 'y'))])
def test_options_of_a_text_of_lines(text: str, options: tuple[str, ...]) -> None:
    assert Row(Path('f'), 0, {'options': text}).lines('options') == options


def test_a_blank_option_keeps_the_letters_of_the_others() -> None:
    question = Question(id='q', text='Q?', media=(), options=('x', '', 'z'))
    assert plain_text(question) == 'Q?\n\nA. x\nC. z'


def test_line_separators_of_unicode_end_no_row(tmp_path: Path) -> None:
    text = 'a\u2028b\u0085c\x1cd'
    put(tmp_path / 'a.jsonl', json.dumps({'q': text}, ensure_ascii=False) + '\n\n')
    put(tmp_path / 'a.csv', f'q,a\n{text},1\n"{text}\n,",2\n')
    assert [row.text('q') for row in jsonl_rows(tmp_path / 'a.jsonl')] == [text]
    assert [row.text('q') for row in csv_rows(tmp_path / 'a.csv')] == [text, f'{text}\n,']
    put(tmp_path / 'long.csv', f'q\n{"x" * 200_000}\n')
    with pytest.raises(InvalidRequestError, match=r'long\.csv, line \d: no CSV \(field larger'):
        list(csv_rows(tmp_path / 'long.csv'))


def test_a_shard_that_was_not_downloaded_is_named(tmp_path: Path) -> None:
    for place in (0, 3):
        put(tmp_path / f'data/test-0000{place}-of-00004.parquet', b'')
    with pytest.raises(InvalidRequestError, match=r'test-00001-of-00004\.parquet is not there'):
        list(BENCHMARKS['spar'](tmp_path)._shards())
