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


"""Benchmarks of pictures: made-up samples as published, their questions, and their points."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from published import EMBEDDED, embedded, images, make_sets, png, put, put_table, said, table_images

from spatialclaw_ros.eval.benchmarks.base import LETTER_HINT, NUMBER_HINT
from spatialclaw_ros.eval.benchmarks.blink import PICTURES, SUBTASKS
from spatialclaw_ros.eval.benchmarks.omni3d import HINTS
from spatialclaw_ros.eval.benchmarks.spar import MOVES_HINT
from spatialclaw_ros.eval.records import Images, Question, TableImage

LISTED = pa.list_(EMBEDDED)


def letter(**fields: object) -> Question:
    return Question(answer='letter', hint=LETTER_HINT, **fields)


def number(**fields: object) -> Question:
    return Question(answer='number', hint=NUMBER_HINT, **fields)


def erqa(folder: Path) -> list[Question]:
    file = folder / 'data/test-00000-of-00001.parquet'
    text = 'From the first to the second: which? A. up B. down'
    put_table(file, [
        {'question_id': 'ERQA_1', 'question': text, 'question_type': 'Action Reasoning',
         'answer': 'B', 'visual_indices': [22, 9], 'images': embedded(png(), png(3, 3))},
        {'question_id': 'ERQA_2', 'question': 'Is it? A. yes B. no', 'question_type': 'State',
         'answer': 'A', 'visual_indices': [0], 'images': embedded(png())},
        {'question_id': 'ERQA_3', 'question': 'See', 'question_type': 'State', 'answer': 'A',
         'visual_indices': [99, 0, 1], 'images': embedded(png(), png())},
    ], {'images': LISTED})
    return [
        letter(id='ERQA_1', text=f'{text[:9]}[image_2]{text[9:22]}[image_1]{text[22:]}',
               media=(table_images(file, 0, 'images', 2),), truth='B',
               category='Action Reasoning', tags={'images': 'multiple'}),
        letter(id='ERQA_2', text='Is it? A. yes B. no', truth='A', category='State',
               media=(table_images(file, 1, 'images', 1),), tags={'images': 'single'}),
        letter(id='ERQA_3', text='[image_2]See[image_1]', truth='A', category='State',
               media=(table_images(file, 2, 'images', 2),), tags={'images': 'multiple'})]


def omni3d(folder: Path) -> list[Question]:
    put(folder / 'annotations.json', {'questions': [
        {'question_index': 7, 'image_filename': 'a.png', 'question': 'How wide?',
         'answer': 2.0, 'answer_type': 'float'},
        {'question_index': 8, 'image_filename': 'a.png', 'question': 'How many?',
         'answer': '3', 'answer_type': 'int'},
        {'question_index': 9, 'image_filename': 'b.png', 'question': 'Which is taller?',
         'answer': 'Lamp', 'answer_type': 'str'}]})
    a, b = (images(folder, f'images/{name}.png') for name in 'ab')
    return [
        Question(id='7', text='How wide?', media=(a,), answer='number', truth=2.0,
                 category='float', hint=HINTS['float']),
        Question(id='8', text='How many?', media=(a,), answer='count', truth=3.0,
                 category='int', hint=HINTS['int']),
        Question(id='9', text='Which is taller?', media=(b,), answer='text', truth='Lamp',
                 category='str', hint=HINTS['str'])]


def omnispatial(folder: Path) -> list[Question]:
    put(folder / 'OmniSpatial-test/data.json', [
        {'id': '12_1', 'question': 'Which?', 'options': ['left', 'right'], 'answer': 1,
         'task_type': 'Perspective_Taking', 'sub_task_type': 'Egocentric'},
        {'id': '12_1', 'question': 'Where?', 'options': ['here', 'there'], 'answer': 0,
         'task_type': 'Complex_Logic', 'sub_task_type': 'Pattern_Recognition'}])
    top = 'OmniSpatial-test'
    return [
        letter(id='Perspective_Taking-Egocentric-12_1', text='Which?', options=('left', 'right'),
               media=(images(folder, f'{top}/Perspective_Taking/12.png'),), truth='B',
               category='Perspective_Taking', tags={'sub_task': 'Egocentric'}),
        letter(id='Complex_Logic-Pattern_Recognition-12_1', text='Where?',
               options=('here', 'there'), media=(images(folder, f'{top}/Complex_Logic/12.png'),),
               truth='A', category='Complex_Logic', tags={'sub_task': 'Pattern_Recognition'})]


def spbench(folder: Path) -> list[Question]:
    put_table(folder / 'SPBench-SI.parquet', [
        {'id': 1, 'question': 'How many?', 'question_type': 'object_counting',
         'scene_name': 'scene1', 'images': ['a.jpg'], 'options': '[]', 'ground_truth': '4'}])
    put_table(folder / 'SPBench-MV.parquet', [
        {'id': 1, 'question': 'Where?', 'question_type': 'object_rel_direction_easy',
         'scene_name': 'scene2', 'images': ['a.jpg', 'b.jpg'],
         'options': '["A. left", "B. right"]', 'ground_truth': 'A'}])
    put(folder / 'SPBench-SI-images/scene1/a.jpg', png())
    return [
        number(id='SI-1', text='How many?', truth=4.0,
               media=(images(folder, 'SPBench-SI-images/scene1/a.jpg'),),
               category='object_counting', tags={'subset': 'SI'}),
        letter(id='MV-1', text='Where?', options=('left', 'right'), truth='A',
               media=(images(folder, 'scene2/a.jpg', 'scene2/b.jpg'),),
               category='object_rel_direction_easy', tags={'subset': 'MV'})]


def mindcube(folder: Path) -> list[Question]:
    rows = [
        {'id': 'around_among_1', 'question': 'Which? A. a B. b', 'images': [
            'other_all_image/around/1.png', 'other_all_image/around/2.png'], 'gt_answer': 'B',
         'category': ['P1', 'P2'], 'type': 'x'},
        {'id': 'translation_2', 'question': 'Which? A. a E. e', 'images': [
            'other_all_image/translation/1.png'], 'gt_answer': 'E', 'category': [], 'type': 'y'}]
    lines = ''.join(f'{json.dumps(row)}\n' for row in rows)
    put(folder / 'data/raw/MindCube_tinybench.jsonl', lines)
    (folder / 'data/other_all_image').mkdir()
    top = 'data/other_all_image'
    return [
        letter(id='around_among_1', text='Which? A. a B. b', truth='B', category='around',
               media=(images(folder, f'{top}/around/1.png', f'{top}/around/2.png'),),
               tags={'kinds': 'P1, P2', 'type': 'x', 'subset': 'tiny'}),
        letter(id='translation_2', text='Which? A. a E. e', truth='E', category='translation',
               media=(images(folder, f'{top}/translation/1.png'),),
               tags={'kinds': '', 'type': 'y', 'subset': 'tiny'})]


def mmsi(folder: Path) -> list[Question]:
    file = folder / 'MMSI_Bench.parquet'
    put_table(file, [
        {'id': 0, 'images': [png(), png(3, 3), png()], 'question': 'Which? A: a, B: b',
         'question_type': 'Positional Relationship (Cam.–Obj.)', 'answer': 'D',
         'difficulty': 'hard', 'thought': ''},
        {'id': 1, 'images': [png(), png()], 'question': 'Or? A: a, B: b', 'question_type': 'MSR',
         'answer': 'A', 'difficulty': 'easy', 'thought': ''}])
    return [
        letter(id='0', text='Which? A: a, B: b', media=(table_images(file, 0, 'images', 3),),
               truth='D', category='Positional Relationship (Cam.–Obj.)',
               tags={'difficulty': 'hard'}),
        letter(id='1', text='Or? A: a, B: b', media=(table_images(file, 1, 'images', 2),),
               truth='A', category='MSR', tags={'difficulty': 'easy'})]


def spar(folder: Path) -> list[Question]:
    first, second = (folder / f'data/test-0000{n}-of-00002.parquet' for n in (0, 1))
    row = {'question': 'Q?', 'format_type': 'fill', 'img_type': 'single_view',
           'source': 'scannet', 'image': embedded(png())}
    put_table(second, [
        {**row, 'id': 'x_2', 'answer': 'B', 'task': 'obj_spatial_relation_oo_mv',
         'format_type': 'select', 'img_type': 'multi_view', 'image': embedded(png(), png())}],
        {'image': LISTED})
    put_table(first, [
        {**row, 'id': 'x_1', 'answer': '2.0', 'task': 'depth_prediction_oc'},
        {**row, 'id': 'x_1', 'answer': '0', 'task': 'distance_prediction_oo_mv'},
        {**row, 'id': 'x_3', 'answer': 'move_right:1, turn_left:20', 'task': 'view_change_infer'}],
        {'image': LISTED})
    one = [(table_images(first, row, 'image', 1),) for row in range(3)]
    tags = {'level': 'Low', 'views': 'single_view', 'source': 'scannet'}
    return [
        number(id='x_1', text='Q?', media=one[0], truth=2.0, category='depth_prediction_oc',
               tags=tags),
        number(id='x_1#2', text='Q?', media=one[1], truth=0.0,
               category='distance_prediction_oo_mv', tags=tags),
        Question(id='x_3', text='Q?', media=one[2], answer='moves', category='view_change_infer',
                 truth='move_right:1, turn_left:20', hint=MOVES_HINT,
                 tags={**tags, 'level': 'Middle'}),
        letter(id='x_2', text='Q?', media=(table_images(second, 0, 'image', 2),), truth='B',
               category='obj_spatial_relation_oo_mv',
               tags={**tags, 'level': 'High', 'views': 'multi_view'})]


def blink(folder: Path) -> list[Question]:
    expected = []
    for subtask in SUBTASKS:
        file = folder / subtask / 'val-00000-of-00001.parquet'
        put_table(file, [
            {'idx': f'val_{subtask}_1', 'question': 'Which?', 'prompt': 'Which? (A) (B)',
             'choices': ['first', 'second'], 'answer': '(B)', 'explanation': '',
             'image_1': embedded(png())[0], 'image_2': None,
             'image_3': embedded(png(3, 3))[0], 'image_4': None}],
            dict.fromkeys(PICTURES, EMBEDDED))
        pictures = tuple(TableImage(path=str(file), row=0, column=column)
                         for column in ('image_1', 'image_3'))
        expected.append(letter(
            id=f'val_{subtask}_1', text='Which?', media=(Images(pictures=pictures),),
            options=('first', 'second'), truth='B', category=subtask))
    return expected


def viewspatial(folder: Path) -> list[Question]:
    row = {'question_type': 'Camera perspective - Relative Direction', 'question': 'Where?',
           'choices': 'A. left\nB. right\n', 'answer': 'B. right'}
    put(folder / 'ViewSpatial-Bench.json', [
        {**row, 'image_path': ['ViewSpatial-Bench/val2017/gone.jpg']},
        {**row, 'image_path': ['ViewSpatial-Bench/val2017/1.jpg', 'val2017/2.jpg']}])
    for name in '12':
        put(folder / f'val2017/{name}.jpg', png())
    return [letter(
        id='1', text='Where?', media=(images(folder, 'val2017/1.jpg', 'val2017/2.jpg'),),
        options=('left', 'right'), truth='B', category='Camera perspective - Relative Direction')]


WRITERS: dict[str, Callable[[Path], list[Question]]] = {
    each.__name__: each
    for each in (erqa, omni3d, omnispatial, spbench, mindcube, mmsi, spar, blink, viewspatial)}


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple]:
    return make_sets(WRITERS, tmp_path_factory)


@pytest.mark.parametrize('name', WRITERS)
def test_questions(made: dict[str, tuple], name: str) -> None:
    expected, benchmark = made[name]
    assert list(benchmark.questions()) == expected
    assert benchmark.questions() is benchmark.questions()
    assert benchmark.perception(expected[0]) is None


@pytest.mark.parametrize('name', ['erqa', 'mmsi', 'spar', 'blink', 'viewspatial'])
def test_every_picture_is_seen(made: dict[str, tuple], name: str) -> None:
    expected, benchmark = made[name]
    observation = benchmark.observe(expected[-1])
    assert len(observation.frames) == sum(len(each.pictures) for each in expected[-1].media)


@pytest.mark.parametrize(('name', 'place', 'answer', 'points'), [
    ('erqa', 0, 'b.', 1), ('erqa', 0, '(B)', 0), ('erqa', 0, 'A', 0), ('erqa', 0, None, 0),
    ('omni3d', 0, 2.0, 1.0), ('omni3d', 0, '2.3 m', 0.7), ('omni3d', 0, '2.2', 0.8),
    ('omni3d', 0, 'wide', 0), ('omni3d', 0, None, 0), ('omni3d', 1, 3.4, 1), ('omni3d', 1, 4, 0),
    ('omni3d', 1, 'many', 0), ('omni3d', 2, "'lamp'", 1), ('omni3d', 2, 'the lamp', 0),
    ('omni3d', 2, None, 0),
    ('omnispatial', 0, 'right', 0), ('omnispatial', 0, 'Answer: A or B? Answer: B', 1),
    ('omnispatial', 0, None, 0), ('omnispatial', 1, None, 1), ('omnispatial', 1, 'B', 0),
    ('spbench', 0, 'four', 1), ('spbench', 0, 5.0, 0.6), ('spbench', 0, '-4', 1),
    ('spbench', 0, None, 0), ('spbench', 1, 'left', 1), ('spbench', 1, 'B. right', 0),
    ('mindcube', 0, 'The answer is B', 1), ('mindcube', 0, 'A. a', 0), ('mindcube', 1, 'E', 1),
    ('mmsi', 0, '``D``', 1), ('mmsi', 0, 'A', 0), ('mmsi', 1, 'It is A.', 1),
    ('spar', 0, '2.1 or 9', 1), ('spar', 0, -2.0, 1), ('spar', 0, 2.5, 0.6), ('spar', 0, None, 0),
    ('spar', 1, 'of 5, 0.1', 0.9), ('spar', 1, 0.0, 1),
    ('spar', 2, 'move_right:1, turn_left:20', 1), ('spar', 2, 'turn_left:20', 0.8),
    ('spar', 2, 'move_right:1, turn_right:20', 0.8), ('spar', 2, None, 0.6),
    ('spar', 3, 'B', 1), ('spar', 3, 'B or so', 1), ('spar', 3, 'C', 0), ('spar', 3, None, 0),
    ('blink', 0, '(B)', 1), ('blink', 0, 'B', 1), ('blink', 0, 'second', 0), ('blink', 0, 'A', 0),
    ('blink', 0, 'no idea', 0),
    ('viewspatial', 0, 'B. right', 1), ('viewspatial', 0, '<answer>B</answer>', 1),
    ('viewspatial', 0, 'left', 0), ('viewspatial', 0, None, 0),
])
def test_points(
    made: dict[str, tuple], name: str, place: int, answer: str | float | None, points: float,
) -> None:
    expected, benchmark = made[name]
    assert benchmark.score(expected[place], said(answer)).points == pytest.approx(points)


@pytest.mark.parametrize(('name', 'place', 'answer', 'points', 'right'), [
    ('omnispatial', 1, None, 1.0, False),          # a guess of A for a refusal
    ('omnispatial', 1, 'A', 1.0, True),
    ('omni3d', 0, 2.2, 0.8, True),                 # a tenth off; met as written
    ('omni3d', 0, 2.21, 0.8, False),
    ('spar', 1, 0.1, 0.9, True),                   # a reference of 0 has no tenth
    ('spar', 1, 0.11, 0.8, False),
    ('spbench', 0, 4.1, 1.0, True),
])
def test_what_is_right_for_a_person(
    made: dict[str, tuple], name: str, place: int, answer: str | float | None, points: float,
    right: bool,
) -> None:
    expected, benchmark = made[name]
    score = benchmark.score(expected[place], said(answer))
    assert (score.points, score.right) == (pytest.approx(points), right)


def test_the_pictures_of_the_last_question_are_kept(made: dict[str, tuple]) -> None:
    expected, benchmark = made['erqa']
    seen = benchmark.observe(expected[1])
    assert benchmark.observe(expected[1]) is seen
    assert benchmark.observe(expected[2]) is not seen
