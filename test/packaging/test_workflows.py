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

"""Workflows of CI run what is there: targets, services, files; what takes long is asked whole."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import docs_shell
import pytest
import yaml
from docs_pages import REPOSITORY, pages, text

WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding='utf-8'))
             for path in (REPOSITORY / '.github' / 'workflows').glob('*.yml')}
JOBS = {f'{name}: {job}': spec for name, workflow in WORKFLOWS.items()
        for job, spec in workflow['jobs'].items()}
LINK = re.compile(r'https?://[^\s)\'"`,|]+')
# what is said of the address of a machine, not of a page
EXAMPLES = ('127.0.0.1', 'gpu', 'gpu-box', 'server')


def started_by(name: str) -> dict[str, Any]:
    """Return what starts a workflow; YAML 1.1 takes the word for true."""
    return dict(WORKFLOWS[name][True])


def filled(text: str, job: dict[str, Any]) -> list[str]:
    """A text of a job, once for each value that the matrix puts into it."""
    matrix = job.get('strategy', {}).get('matrix', {})
    found = [text]
    for key, values in matrix.items():
        if key != 'include' and f'matrix.{key} ' in text:
            found = [one.replace(f'${{{{ matrix.{key} }}}}', str(value))
                     for one in found for value in values]
    return found


def lines(job: dict[str, Any]) -> list[str]:
    """Every command line of a job."""
    return [line for step in job['steps'] for line in filled(step.get('run', ''), job)
            for line in line.splitlines()]


@pytest.mark.parametrize('name', JOBS)
def test_a_job_ends_and_runs_what_there_is(name: str) -> None:
    job = JOBS[name]
    assert 0 < job['timeout-minutes'] <= 150
    services = yaml.safe_load(text('docker/compose.yaml'))['services']
    for line in lines(job):
        words = shlex.split(line.partition(' | ')[0])
        if words[0] == 'make':
            docs_shell.make(words)
        elif words[:2] == ['docker', 'compose']:
            named = [word for word in words[3:] if word in services]
            assert named or words[2] in ('config', 'down'), line
        elif words[0].startswith('.'):
            assert (REPOSITORY / words[0]).exists(), line


def test_the_image_is_asked_as_a_reader_would_ask_it() -> None:
    job = JOBS['docker: desktop']
    assert (REPOSITORY / job['env']['COMPOSE_FILE']).is_file()
    asked, = (shlex.split(line) for line in lines(job) if ' exec ' in line)
    assert asked[asked.index('exec') + 1:][:3] == ['-T', 'demo', '/entrypoint']
    docs_shell.check(asked[asked.index('/entrypoint') + 1:])
    assert 'ENTRYPOINT ["/entrypoint"]' in text('docker/Dockerfile.desktop')


@pytest.mark.parametrize(('workflow', 'command'), [
    ('nightly', 'make soak'), ('nightly', 'make bench-ros'), ('weekly', 'make soak SOAK_S=3600')])
def test_what_takes_long_is_asked_whole_and_by_itself(workflow: str, command: str) -> None:
    assert 'schedule' in started_by(workflow)
    given = [line.partition(' | ')[0] for job in WORKFLOWS[workflow]['jobs'].values()
             for line in lines(job)]
    assert command in given
    # a pipe hides the status of what stands before it, but for bash as Actions calls it by name
    assert WORKFLOWS[workflow]['defaults']['run']['shell'] == 'bash'
    assert not any('SHORT' in line for line in given)


def test_outer_links_are_looked_at_and_names_of_machines_are_not() -> None:
    assert 'schedule' in started_by('weekly')
    step, = (one for one in JOBS['weekly: links']['steps'] if 'lychee' in one.get('uses', ''))
    assert step['with']['fail'] is True
    words = shlex.split(step['with']['args'])
    left_out = re.compile(words[words.index('--exclude') + 1])
    files = {path for word in words if not word.startswith('-') and word != left_out.pattern
             for path in REPOSITORY.glob(word)}
    assert {Path(REPOSITORY / page) for page in pages()} <= files
    for page in pages():
        for link in LINK.findall(text(page)):
            host = re.sub(r'^https?://|[:/].*$', '', link)
            private = host == '127.0.0.1' and '--exclude-all-private' in words
            assert (private or left_out.search(link) is not None) == (host in EXAMPLES), link
