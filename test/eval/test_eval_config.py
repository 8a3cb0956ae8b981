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


"""Configurations of evaluations: what is wrong with one, what is changed, what is asked."""

from __future__ import annotations

import shlex
from pathlib import Path

import docs_shell
import pytest
from docs_pages import REPOSITORY

from spatialclaw_ros.errors import DependencyError, InvalidRequestError
from spatialclaw_ros.eval.catalogue import open_data, sheets
from spatialclaw_ros.eval.config import DataConfig, RunConfig
from spatialclaw_ros.eval.config_file import eval_config_names, read_eval_config
from spatialclaw_ros.eval.job import placed
from spatialclaw_ros.eval.records import Images, Question
from spatialclaw_ros.eval.sampling import choose, draw
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig

GOOD = 'data: {set: claw-sim}\nruns: [{name: a}, {name: b, backbone: vllm}]\n'
QUESTIONS = [Question(id=f'q{n}', text='?', media=(Images(pictures=()),),
                      category=('even', 'odd')[n % 2])
             for n in range(10)]


def written(folder: Path, text: str) -> str:
    path = folder / 'mine.yaml'
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(('text', 'words'), [
    ('runs: [{name: a}]', 'missing required field `data`'),
    ('data: {set: x}\nruns: []', 'length >= 1'),
    ('data: {set: ""}\nruns: [{name: a}]', 'length >= 1'),
    ('data: {set: x, limits: 3}\nruns: [{name: a}]', "did you mean 'limit'?"),
    ('data: {set: x, limit: -1}\nruns: [{name: a}]', '`data.limit`'),
    ('data: {set: x}\nruns: [{name: a, intreface: code}]', "did you mean 'interface'?"),
    ('data: {set: x}\nruns: [{name: a, interface: cell}]', "Invalid enum value 'cell'"),
    ('data: {set: x}\nruns: [{name: a, agent: {max_step: 3}}]', "did you mean 'max_steps'?"),
    ('data: {set: x}\nruns: [{name: a, perception: {segment: sam2}}]', "Invalid enum value 'sam2'"),
    ('data: {set: x}\nruns: [{name: a, timeout_s: 0}]', '`runs[0].timeout_s`'),
    ('data: {set: x}\nruns: [{name: a}, {name: a}]', "two runs have the name 'a'"),
    ('data: {set: x}\nruns: [{name: ../a}]', '`runs[0].name`'),
    ('data: {set: x}\nruns: [{name: a, backbone: rule}]', 'backbone must be one of rules'),
    ('data: {set: x}\nruns: [{name: a, backbone: recorded}]', 'needs `script`'),
    ('data: {set: x}\nruns: [{name: a}]\nworkers: 0', '`workers`'),
    ('data: [', 'is not YAML'),
    ('[]', 'Expected `object`'),
])
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InvalidRequestError) as error:
        read_eval_config(path)
    assert words in str(error.value)
    assert path in str(error.value)


@pytest.mark.parametrize(('change', 'words'), [
    ('data.limit', 'KEY=VALUE'),
    ('runs.c.timeout_s=3', "no run 'c'; there are a, b"),
    ('data.set.more.most=3', 'names nothing'),
    ('data.limmit=3', "did you mean 'limit'?"),
    ('data.limit=many', '`data.limit`'),
    ('data.limit=[', 'the value of data.limit is not YAML'),
    ('data.limit=2026-02-30', 'the value of data.limit is not YAML'),
    ('runs.a=3', 'names nothing'),
    ('data.seeds=9-3', 'the first comes before the last'),
    ('data.seeds=9000-', '`data.seeds`'),
])
def test_a_change_that_cannot_be(tmp_path: Path, change: str, words: str) -> None:
    with pytest.raises(InvalidRequestError) as error:
        read_eval_config(written(tmp_path, GOOD), [change])
    assert words in str(error.value)


def test_changes_reach_their_fields(tmp_path: Path) -> None:
    config = read_eval_config(written(tmp_path, GOOD), [
        'data.limit=7', 'runs.*.timeout_s=60', 'runs.b.agent.max_steps=3', 'out="x: y"'])
    assert (config.data.limit, config.out) == (7, 'x: y')
    assert [(run.timeout_s, run.agent.limits.max_steps) for run in config.runs] == [
        (60.0, 30), (60.0, 3)]


def test_a_run_whose_name_has_dots_and_a_range_of_seeds(tmp_path: Path) -> None:
    config = read_eval_config(
        written(tmp_path, 'data: {set: claw-sim}\nruns: [{name: a.1}, {name: a.1.b}, {name: a}]'),
        ['runs.a.1.timeout_s=3', 'runs.a.1.b.agent.max_steps=4', 'data.seeds=9000-9002'])
    assert [(run.timeout_s, run.agent.max_steps) for run in config.runs] == [
        (3.0, 30), (120.0, 4), (120.0, 30)]
    assert list(config.data.all_seeds) == [9000, 9001, 9002]


def test_the_configurations_that_come_along_can_be_read() -> None:
    names = eval_config_names()
    assert {'claw-sim', 'folder', 'interfaces'} <= set(names)
    configs = {name: read_eval_config(name) for name in names}
    assert [run.interface for run in configs['interfaces'].runs] == [
        'none', 'single_pass', 'tool_call', 'code']
    known = sheets()
    assert {config.data.set for config in configs.values()} <= set(known)
    assert len(known) == 22
    with pytest.raises(InvalidRequestError, match="did you mean 'claw-sim'"):
        read_eval_config('clawsim')


def test_the_baselines_of_claw_sim() -> None:
    def baselines(name: str) -> dict[str, tuple[str, str, str]]:
        config = read_eval_config(name)
        return {run.name: (run.backbone, config.data_of(run).setting, run.masks)
                for run in config.runs}
    assert baselines('claw-sim') == {
        'classical': ('rules', '', 'perceived'), 'true_masks': ('rules', '', 'truth'),
        'depth_floor': ('floor', '', 'truth')}
    noise = baselines('claw-sim-noise')
    assert noise['upper_bound'] == ('rules', 'perfect', 'truth')
    assert noise['realsense_floor'] == ('floor', 'realsense', 'truth')
    assert {setting for _, setting, masks in noise.values() if masks == 'perceived'} == {
        'perfect', 'realsense', 'realsense_2x', 'kinect', 'tof', 'tf_noise'}


def test_commands_of_the_configurations_are_understood() -> None:
    lines = [line.lstrip('# ') for path in REPOSITORY.glob('config/eval/*.yaml')
             for line in path.read_text(encoding='utf-8').replace('\\\n#', '').splitlines()
             if line.startswith('#') and 'spatialclaw eval' in line]
    assert len(lines) >= 8
    for line in lines:
        docs_shell.check(shlex.split(line))


@pytest.mark.parametrize('line', [
    'spatialclaw eval run claw-sim --set data.seed=3', 'spatialclaw eval run claw-sims',
    'spatialclaw eval run claw-sim --only clasical', 'spatialclaw eval run interfaces --set '
    'data.set=vsi-bench --data x', 'spatialclaw eval list vsi-bench',
    'spatialclaw eval report eval_out --require folder'])
def test_commands_that_would_be_refused_are_noticed(line: str) -> None:
    with pytest.raises((AssertionError, InvalidRequestError)):
        docs_shell.check(shlex.split(line))


def test_a_job_holds_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'kitchen').mkdir()
    (tmp_path / 'perception').mkdir()
    for name in ('replies.yaml', 'token'):
        (tmp_path / name).touch()
    job = placed(DataConfig(set='folder', folder='kitchen'), RunConfig(
        name='a', backbone='recorded', script='replies.yaml', config='perception',
        perception=PerceptionConfig(token_file='token', masks=ModelConfig(weights='org/sam3'))),
        Path('traces'))
    assert (job.data.folder, job.run.script, job.run.perception.token_file, job.traces) == (
        str(tmp_path / 'kitchen'), str(tmp_path / 'replies.yaml'), str(tmp_path / 'token'),
        tmp_path / 'traces')
    assert (job.run.config, job.run.perception.masks.weights) == ('perception', 'org/sam3')


@pytest.mark.parametrize(('spec', 'kind', 'words'), [
    (DataConfig(set='erqua'), InvalidRequestError, 'did you mean'),
    (DataConfig(set='folder'), InvalidRequestError, '--data FOLDER'),
    (DataConfig(set='no_such_module:data'), DependencyError, 'no_such_module'),
    (DataConfig(set='eval_lab:nothing'), DependencyError, 'has no function nothing'),
    (DataConfig(set='eval_lab:half'), InvalidRequestError, 'has no observe, score, perception'),
])
def test_a_data_set_that_cannot_be_opened(spec: DataConfig, kind: type, words: str) -> None:
    with pytest.raises(kind, match=words):
        open_data(spec)


def test_the_draw_is_the_papers() -> None:
    ids = [question.id for question in draw(QUESTIONS, 4)]
    assert ids == ['q7', 'q3', 'q2', 'q8']  # random.Random(42).shuffle of ten, cut after four
    assert draw(QUESTIONS, 0) == draw(QUESTIONS, 10) == tuple(QUESTIONS)
    assert draw(QUESTIONS, 4, seed=1) != draw(QUESTIONS, 4)


@pytest.mark.parametrize(('fields', 'ids'), [
    ({'ids': ('q3', 'q1')}, ['q1', 'q3']),
    ({'categories': ('odd',), 'limit': 9}, ['q1', 'q3', 'q5', 'q7', 'q9']),
    ({'categories': ('odd',), 'ids': ('q1', 'q2')}, ['q1']),
])
def test_what_is_chosen(fields: dict[str, object], ids: list[str]) -> None:
    spec = DataConfig(set='x', **fields)  # type: ignore[arg-type]
    assert [question.id for question in choose(QUESTIONS, spec)] == ids


@pytest.mark.parametrize(('questions', 'fields', 'words'), [
    (QUESTIONS, {'ids': ('q10',)}, "no id 'q10'; did you mean 'q1'?"),
    (QUESTIONS, {'categories': ('evn',)}, "no category 'evn'; did you mean 'even'?"),
    (QUESTIONS, {'categories': ('odd',), 'ids': ('q2',)}, 'no question'),
    (QUESTIONS * 2, {}, '2 questions with the id'),
    ([*QUESTIONS, Question(id='', text='?', media=())], {}, 'without an id'),
])
def test_what_cannot_be_chosen(
    questions: list[Question], fields: dict[str, object], words: str,
) -> None:
    with pytest.raises(InvalidRequestError) as error:
        choose(questions, DataConfig(set='x', **fields))  # type: ignore[arg-type]
    assert words in str(error.value)
