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


"""Reports over runs: tables as Markdown and HTML, plots, and every wrong answer with its trace.

Reads the folders that `eval.run` writes, finished or not. Imports `agent` for the words of an
answer; matplotlib and jinja2 where they are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from spatialclaw_ros.eval.config import EvalConfig
from spatialclaw_ros.eval.report import sections as parts
from spatialclaw_ros.eval.report.listing import listings
from spatialclaw_ros.eval.report.pages import html_page, markdown_page
from spatialclaw_ros.eval.report.plots import draw_plots
from spatialclaw_ros.eval.report.reading import Run, read_runs
from spatialclaw_ros.eval.report.required import Figure, figures
from spatialclaw_ros.eval.report.tallies import Metric, Tally, metrics, tally

__all__ = ['Figure', 'Metric', 'Report', 'Summary', 'Tally', 'make_report', 'summarise']

MARKDOWN_FILE, HTML_FILE, PLOTS = 'report.md', 'report.html', 'plots'


@dataclass(frozen=True)
class Summary:
    """A run in numbers.

    Args:
        name: of the run, as the report has it.
        asked: how many questions it is about.
        tally: what became of those that have a result.
        metrics: errors of numbers and points, by unit.
        notes: what is missing or broken in its folder.
    """

    name: str
    asked: int
    tally: Tally
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What was written.

    Args:
        markdown: the Markdown page.
        html: the HTML page.
        plots: PNG files.
        runs: their numbers, in order.
        required: what runs are held to, and whether they reach it; empty where nothing is asked.
    """

    markdown: Path
    html: Path
    plots: tuple[Path, ...]
    runs: tuple[Summary, ...]
    required: tuple[Figure, ...] = ()


def summarise(run: Run) -> Summary:
    """The numbers of a run."""
    return Summary(run.name, len(run.questions), tally(run.entries), metrics(run.entries),
                   run.notes)


def make_report(
    paths: Sequence[Path], out: Path, require: EvalConfig | None = None,
) -> Report:
    """Write a report over runs.

    Args:
        paths: folders of runs, or folders that hold some.
        out: gets report.md, report.html and plots/; made where it is not there.
        require: configuration whose `require` its runs are held to.

    Raises:
        InvalidRequestError: a folder is no run, or its questions can't be read.
        DependencyError: jinja2 is not installed.
        OSError: the report can't be written.
    """
    runs = read_runs(paths)
    plots = draw_plots(runs, out / PLOTS)
    required = figures(runs, require)
    chosen = [parts.summary(runs), parts.required(required), parts.categories(runs),
              parts.tags(runs), parts.errors(runs), parts.sigmas(runs),
              parts.Section('Time and steps', (), 'Time and steps'), parts.pairs(runs),
              parts.failure_kinds(runs), *listings(runs, out)]
    shown = [section for section in chosen if section is not None]
    data = sorted({str(run.config.get('sheet', {}).get('title', '')) for run in runs} - {''})
    title = f'Evaluation: {", ".join(data)}' if data else 'Evaluation'
    line = (f'{len(runs)} run{"" if len(runs) == 1 else "s"}, '
            f'written {datetime.now().astimezone():%Y-%m-%d %H:%M %Z}')
    pages = {
        out / MARKDOWN_FILE: markdown_page(
            title, line, shown,
            {name: path.relative_to(out).as_posix() for name, path in plots.items()}),
        out / HTML_FILE: html_page(title, line, shown, plots)}
    for path, page in pages.items():
        path.write_text(page, encoding='utf-8')
    return Report(out / MARKDOWN_FILE, out / HTML_FILE, tuple(plots.values()),
                  tuple(summarise(run) for run in runs), required)
