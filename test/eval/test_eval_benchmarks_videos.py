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


"""Benchmarks of videos: made-up samples as published, their questions, and their points."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from published import images, make_sets, png, put, put_table, put_video, said

from spatialclaw_ros.eval.benchmarks.base import LETTER_HINT, NUMBER_HINT
from spatialclaw_ros.eval.benchmarks.mmsi_video import REFERENCES_HINT
from spatialclaw_ros.eval.benchmarks.vsti import FRAMES_HINT
from spatialclaw_ros.eval.records import Frames, Question, Video

TEXTS = pa.list_(pa.string())


def letter(**fields: object) -> Question:
    return Question(**{'answer': 'letter', 'hint': LETTER_HINT, **fields})


def number(**fields: object) -> Question:
    return Question(**{'answer': 'number', 'hint': NUMBER_HINT, **fields})


def video(folder: Path, name: str, max_fps: float | None = None) -> Video:
    return Video(path=str(folder / name), max_fps=max_fps)


def spatialtree(folder: Path) -> list[Question]:
    row = {'question_type': 'open', 'option': None, 'hint': '', 'video': ['videos/a.mp4'],
           'image': ['images/a.jpg', 'images/b.jpg']}
    info = {'spatree0': 'L1', 'spatree1': 'Distance', 'spatree2': 'Depth'}
    rows = [('Which?', 'B', 'accuracy', {
                'option': ['A. a', 'B. b', None], 'video': [],
                'question_type': 'multi_choice'}),
            ('How far?', '2', 'multichoiceeval', {'option': ['']}),
            ('Did it?', 'Yes', 'accuracy', {'question_type': 'judge'}),
            ('What?', 'Go left', 'exact_match', {'video': None}),
            ('Draw it', '{}', 'cogmapeval', {})]
    put_table(folder / 'annotations_plain.parquet', [
        {**row, 'session_id': f's{place}', 'question': text, 'answer': answer,
         'extra_info': json.dumps({**info, 'metricfunc': metric}), **other}
        for place, (text, answer, metric, other) in enumerate(rows)],
        {'option': TEXTS, 'video': TEXTS})
    seen = (video(folder, 'videos/a.mp4'),)
    pictures = (images(folder, 'images/a.jpg', 'images/b.jpg'),)
    common = [{'id': f's{place}', 'text': text, 'category': 'Distance',
               'tags': {'level': 'L1', 'part': 'Depth', 'metric': metric}}
              for place, (text, _, metric, _) in enumerate(rows)]
    return [
        letter(**common[0], media=pictures, options=('a', 'b'), truth='B'),
        number(**common[1], media=seen, truth=2.0),
        Question(**common[2], media=seen, answer='yes_no', truth=True),
        Question(**common[3], media=pictures, answer='text', truth='Go left'),
        Question(**common[4], media=seen, answer='text', truth='{}', counts=False)]


def mmsi_video(folder: Path) -> list[Question]:
    row = {'options': ['A. a', 'B. b'], 'ground_truth': 'A', 'hint': '', 'ref_images': []}
    parts = [{'path': 'a.mp4', 'base_fps': 2, 'start': 1.0, 'end': 3.0},
             {'path': 'b.mp4', 'base_fps': 2, 'start': 0.0, 'end': 1.5}]
    put(folder / 'mmsivideo.json', [
        {**row, 'id': 1, 'type': '(Cross-Video) Memoery Update', 'video_list': parts,
         'ori_question': 'Like <image> and <image>?', 'ref_images': ['r.png', 's.png'],
         'frames_list': [['a/1.png', 'a/2.png'], ['b/1.png']]},
        {**row, 'id': 2, 'type': 'Planning', 'ori_question': 'After <image>?',
         'video_list': parts[:1], 'frames_list': [['a/1.png', 'a/2.png']]}])
    for name in ('frames/a/1', 'frames/a/2', 'frames/b/1', 'ref_images/r', 'ref_images/s'):
        put(folder / f'{name}.png', png())
    a = Frames(paths=tuple(str(folder / f'frames/a/{n}.png') for n in '12'), duration_s=2.0)
    b = Frames(paths=(str(folder / 'frames/b/1.png'),), duration_s=1.5)
    return [
        letter(id='1', text='Like [reference image #1] and [reference image #2]?',
               media=(a, b, images(folder, 'ref_images/r.png', 'ref_images/s.png')),
               options=('a', 'b'), truth='A', category='(Cross-Video) Memory Update',
               hint=f'{LETTER_HINT} {REFERENCES_HINT}', tags={'videos': '2'}),
        letter(id='2', text='After <image>?', media=(a,), options=('a', 'b'), truth='A',
               category='Planning', tags={'videos': '1'})]


def osi(folder: Path) -> list[Question]:
    row = {'file_name': 'a.mp4', 'question_type': 'numerical', 'options': None,
           'video_length': 9.0}
    rows = [('absolute_distance', '3.0', {}), ('absolute_speed', '0', {}),
            ('relative_distance', 'B', {
                'question_type': 'mcq', 'options': ['A. the car', 'B. the bus']}),
            ('depth_aware_counting', '0', {})]
    put_table(folder / 'data.parquet', [
        {**row, 'index': place, 'question': f'Q{place}?', 'category': category,
         'answer': answer, **other} for place, (category, answer, other) in enumerate(rows)],
        {'options': TEXTS})
    common = [{'id': str(place), 'text': f'Q{place}?', 'category': category,
               'media': (video(folder, 'a.mp4'),), 'tags': {'kind': 'numerical'}}
              for place, (category, _, _) in enumerate(rows)]
    return [
        number(**common[0], truth=3.0), number(**common[1], truth=0.0),
        letter(**{**common[2], 'tags': {'kind': 'mcq'}}, options=('the car', 'the bus'),
               truth='B'),
        number(**common[3], truth=0.0)]


def pai(folder: Path) -> list[Question]:
    put_table(folder / 'data/test-00000-of-00001.parquet', [
        {'question': 'What next?', 'index2ans': {'A': 'a', 'B': 'b', 'C': None, 'D': None},
         'answer': 'B', 'video_path': 'videos/x/1.mp4', 'category': 'Common Sense',
         'subcategory': 'Time'},
        {'question': 'Which arm?', 'index2ans': {'A': 'l', 'B': 'r', 'C': 'both', 'D': 'none'},
         'answer': 'D', 'video_path': 'videos/y/2.mp4', 'category': 'Embodied Reasoning',
         'subcategory': 'Agibot'}])
    return [
        letter(id='0', text='What next?', media=(video(folder, 'videos/x/1.mp4'),),
               options=('a', 'b'), truth='B', category='Common Sense',
               tags={'subcategory': 'Time'}),
        letter(id='1', text='Which arm?', media=(video(folder, 'videos/y/2.mp4'),),
               options=('l', 'r', 'both', 'none'), truth='D', category='Embodied Reasoning',
               tags={'subcategory': 'Agibot'})]


def vsi(folder: Path) -> list[Question]:
    row = {'dataset': 'scannetpp', 'scene_name': 's1', 'question': 'Q?'}
    put_table(folder / 'test_debiased.parquet', [
        {**row, 'id': 4, 'question_type': 'route_planning', 'options': ['A. left', 'B. right'],
         'ground_truth': 'A'},
        {**row, 'id': 5, 'question_type': 'room_size_estimation', 'options': None,
         'ground_truth': '20.0'}], {'options': TEXTS})
    seen = (video(folder, 'scannetpp/s1.mp4'),)
    return [
        letter(id='4', text='Q?', media=seen, options=('left', 'right'), truth='A',
               category='route_planning', tags={'source': 'scannetpp'}),
        number(id='5', text='Q?', media=seen, truth=20.0, category='room_size_estimation',
               tags={'source': 'scannetpp'})]


def vsti(folder: Path) -> list[Question]:
    row = {'video_path': 'ScanNet/videos/val/s.mp4', 'question': 'In frame 3 of 32?'}
    put(folder / 'test.json', [
        {**row, 'id': 1, 'question_type': 'obj_obj_relative_pos_nf',
         'options': ['A. near', 'B. far'], 'mc_answer': 'B', 'ground_truth': 'far'},
        {**row, 'id': 2, 'question_type': 'camera_displacement', 'options': None,
         'mc_answer': None, 'ground_truth': 1.0}])
    seen = (video(folder, 'ScanNet/videos/val/s.mp4'),)
    return [
        letter(id='1', text='In frame 3 of 32?', media=seen, options=('near', 'far'), truth='B',
               category='obj_obj_relative_pos_nf', hint=f'{LETTER_HINT} {FRAMES_HINT}'),
        number(id='2', text='In frame 3 of 32?', media=seen, truth=1.0,
               category='camera_displacement', hint=f'{NUMBER_HINT} {FRAMES_HINT}')]


def dsi(folder: Path) -> list[Question]:
    expected = []
    for variant, right in zip(('std', 'reverse', 'hflip', 'reverse_hflip'), 'ABBA'):
        put(folder / f'metadatas/{variant}.csv',
            'cate,relative_path,video_type,question,options,GT,others\n'
            '2,d/1.mp4,real,"Which, then?",'
            f'"A: left; then on; B: right: C: up; D: down",{right},\n')
        expected.append(letter(
            id=f'0-{variant}', text='Which, then?',
            media=(video(folder, f'videos/{variant}/d/1.mp4'),),
            options=('left; then on', 'right:', 'up', 'down'), truth=right,
            category='camera motion, static scene',
            tags={'variant': variant, 'base': '0', 'video_type': 'real'}))
    return expected


def cv_bench(folder: Path) -> list[Question]:
    row = {'task_type': 'Order', 'question': 'Q?', 'video_1': '1/a.mp4', 'video_2': '2/b.mp4',
           'video_3': None, 'video_4': None}
    put_table(folder / 'data/test-00000-of-00001.parquet', [
        {**row, 'id': 0, 'options': ['A. a', 'B. b'], 'answer': 'A'},
        {**row, 'id': 1, 'options': ['Yes.', 'No.'], 'answer': 'No', 'video_3': '2/b.mp4'},
        {**row, 'id': 2, 'options': ['A. Yes.', 'B. No.'], 'answer': 'B'}])
    for name in ('CVBench/1/a.mp4', 'CVBench/2/b.mp4'):
        (folder / name).parent.mkdir(parents=True)
        put_video(folder / name, 12)
    a, b = (video(folder, f'CVBench/{name}', 1.0) for name in ('1/a.mp4', '2/b.mp4'))
    return [
        letter(id='0', text='Q?', media=(a, b), options=('a', 'b'), truth='A', category='Order',
               tags={'videos': '2'}),
        Question(id='1', text='Q?', media=(a, b, b), answer='yes_no', truth=False,
                 category='Order', hint='Answer with yes or no.', tags={'videos': '3'}),
        letter(id='2', text='Q?', media=(a, b), options=('Yes.', 'No.'), truth='B',
               category='Order', tags={'videos': '2'})]


def perceptcomp(folder: Path) -> list[Question]:
    put(folder / 'questions.json', [
        {'key': key, 'video_id': name, 'question': 'Q?', 'answer_id': right,
         'answer': options[right], 'category': category, 'difficulty': difficulty,
         **{f'answer_choice_{place}': text for place, text in enumerate(options)}}
        for key, name, options, right, category, difficulty in (
            ('k1', 'v1', 'abcde', 4, 'sport', 2), ('k2', 'v2', 'vwxyz', 0, 'home tour', 3))])
    return [
        letter(id='k1', text='Q?', media=(video(folder, 'data/v1.mp4', 1.0),),
               options=tuple('abcde'), truth='E', category='sport', tags={'difficulty': '2'}),
        letter(id='k2', text='Q?', media=(video(folder, 'data/v2.mp4', 1.0),),
               options=tuple('vwxyz'), truth='A', category='home tour', tags={'difficulty': '3'})]


def video_mme(folder: Path) -> list[Question]:
    put_table(folder / 'videomme/test-00000-of-00001.parquet', [
        {'question_id': '001-1', 'videoID': 'xyz', 'question': 'Q?', 'answer': 'C',
         'options': ['A. a', 'B. b', 'C. c', 'D. d'], 'duration': 'short', 'domain': 'Sports',
         'task_type': 'Counting'},
        {'question_id': '601-3', 'videoID': '-u_V', 'question': 'Which is right?', 'answer': 'A',
         'options': ['A. 1, 2.', 'B. 2, 1.', 'C. Both.', 'D. None.'], 'duration': 'long',
         'domain': 'Knowledge', 'task_type': 'Temporal Reasoning'}])
    return [
        letter(id='001-1', text='Q?', media=(video(folder, 'data/xyz.mp4', 1.0),),
               options=tuple('abcd'), truth='C', category='Counting',
               tags={'duration': 'short', 'domain': 'Sports'}),
        letter(id='601-3', text='Which is right?', media=(video(folder, 'data/-u_V.mp4', 1.0),),
               options=('1, 2.', '2, 1.', 'Both.', 'None.'), truth='A',
               category='Temporal Reasoning',
               tags={'duration': 'long', 'domain': 'Knowledge'})]


def video_mme_v2(folder: Path) -> list[Question]:
    put_table(folder / 'test.parquet', [
        {'question_id': '001-1', 'video_id': '001', 'question': 'Q?', 'answer': 'H',
         'options': '\n'.join(f'{name}. {name.lower()}' for name in 'ABCDEFGH'),
         'group_type': 'logic', 'group_structure': '[1,2,3,4]', 'level': None,
         'second_head': 'Order', 'third_head': 'Steps'},
        {'question_id': '800-4', 'video_id': '800', 'question': 'Which?', 'answer': 'B',
         'options': 'A. first\nB. second,\nthen third\nC. none', 'group_type': 'relevance',
         'group_structure': None, 'level': 3, 'second_head': None, 'third_head': None}])
    return [
        letter(id='001-1', text='Q?', media=(video(folder, 'videos/001.mp4', 1.0),),
               options=tuple('abcdefgh'), truth='H', category='Order',
               tags={'group_type': 'logic', 'group_structure': '[1,2,3,4]', 'level': '',
                     'second_head': 'Order', 'third_head': 'Steps'}),
        letter(id='800-4', text='Which?', media=(video(folder, 'videos/800.mp4', 1.0),),
               options=('first', 'second, then third', 'none'), truth='B', category='relevance',
               tags={'group_type': 'relevance', 'group_structure': '', 'level': '3',
                     'second_head': '', 'third_head': ''})]


WRITERS: dict[str, Callable[[Path], list[Question]]] = {
    each.__name__.replace('_', '-'): each for each in (
        spatialtree, mmsi_video, osi, pai, vsi, vsti, dsi, cv_bench, perceptcomp, video_mme,
        video_mme_v2)}


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple]:
    return make_sets(WRITERS, tmp_path_factory)


@pytest.mark.parametrize('name', WRITERS)
def test_questions(made: dict[str, tuple], name: str) -> None:
    expected, benchmark = made[name]
    assert list(benchmark.questions()) == expected


@pytest.mark.parametrize(('name', 'cameras'), [
    ('cv-bench', ['video_1'] * 2 + ['video_2'] * 2),  # 12 frames at 10 Hz, a frame a second
    ('mmsi-video', ['video_1'] * 2 + ['video_2', 'image_1', 'image_2']),
])
def test_videos_stay_apart(made: dict[str, tuple], name: str, cameras: list[str]) -> None:
    expected, benchmark = made[name]
    observation = benchmark.observe(expected[0])
    assert [frame.camera for frame in observation.frames] == cameras


@pytest.mark.parametrize(('name', 'place', 'answer', 'points'), [
    ('spatialtree', 0, 'b', 1), ('spatialtree', 0, '(A)', 0), ('spatialtree', 1, 'two', 1),
    ('spatialtree', 1, 2.5, 0.6), ('spatialtree', 1, None, 0),
    ('spatialtree', 2, 'no, or rather yes', 1), ('spatialtree', 2, 'No', 0),
    ('spatialtree', 2, 'perhaps', 0), ('spatialtree', 3, 'go left', 1),
    ('spatialtree', 3, 'right', 0), ('spatialtree', 4, 'anything', None),
    ('mmsi-video', 0, r'\boxed{A}', 1), ('mmsi-video', 0, 'A. a', 1),
    ('mmsi-video', 0, 'Answer: A', 0), ('mmsi-video', 0, None, 0),
    ('osi', 0, 3.3, 0.9), ('osi', 0, 'about -3 m', 0), ('osi', 0, None, 0),
    ('osi', 1, 4.1e-05, 1), ('osi', 1, 0.2, 1), ('osi', 1, 0.36, 0.7), ('osi', 1, 9.0, 0),
    ('osi', 1, None, 0),
    ('osi', 2, 'the bus', 1), ('osi', 2, 'A', 0), ('osi', 3, 0.0, 1), ('osi', 3, 1.0, 0),
    ('pai', 0, '`B`', 1), ('pai', 0, 'A', 0), ('pai', 0, None, 0),
    ('pai', 1, '(D)', 1), ('pai', 1, 'both', 0),
    ('vsi', 0, 'left', 1), ('vsi', 0, 'B', 0), ('vsi', 1, '20', 1), ('vsi', 1, '22 m2', 0.9),
    ('vsi', 1, 'about 20', 0), ('vsi', 1, None, 0),
    ('vsti', 0, 'B.', 1), ('vsti', 0, '(B)', 0), ('vsti', 0, 'far', 0), ('vsti', 1, 1.0, 1),
    ('vsti', 1, '1.0 m', 1), ('vsti', 1, 'one', 0),
    ('dsi', 0, 'left; then on', 0), ('dsi', 1, 'The answer is B', 1), ('dsi', 2, 'A', 0),
    ('dsi', 3, None, 0),
    ('cv-bench', 0, 'a', 1), ('cv-bench', 0, 'B', 0), ('cv-bench', 1, False, 1),
    ('cv-bench', 1, 'No, they do not', 1), ('cv-bench', 1, True, 0), ('cv-bench', 1, 'maybe', 0),
    ('cv-bench', 1, None, 0),
    ('perceptcomp', 0, '<answer>E</answer>', 1), ('perceptcomp', 0, 'e', 1),
    ('perceptcomp', 0, 'D', 0), ('perceptcomp', 1, 'Answer: a', 1), ('perceptcomp', 1, 'E', 0),
    ('video-mme', 0, 'C. c', 1), ('video-mme', 0, 'A', 0), ('video-mme', 0, None, 0),
    ('video-mme', 1, r'\boxed{A}', 1), ('video-mme', 1, 'C', 0),
    ('video-mme-v2', 0, 'The best answer is: H', 1), ('video-mme-v2', 0, 'G', 0),
    ('video-mme-v2', 0, None, 0), ('video-mme-v2', 1, 'B. second', 1), ('video-mme-v2', 1, 'H', 0),
])
def test_points(
    made: dict[str, tuple], name: str, place: int, answer: str | float | bool | None,
    points: float | None,
) -> None:
    expected, benchmark = made[name]
    score = benchmark.score(expected[place], said(answer))
    assert score.points == (None if points is None else pytest.approx(points))
