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


"""The plots of a report, as PNG.

Colours are Okabe and Ito's, which people with any colour vision tell apart; runs differ in marker
and line, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from spatialclaw_ros.eval.report.chance import chance
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.report.tallies import (
    by_category,
    is_metric,
    scaled_errors,
    tally,
    total_s,
)
from spatialclaw_ros.eval.scoring import tolerance
from spatialclaw_ros.eval.statistics import EXPECTED, calibration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ('#0072B2', '#E69F00', '#009E73', '#CC79A7', '#D55E00', '#56B4E9', '#000000')
MARKERS = 'osD^vPX'
LINES = ('-', '--', '-.', ':', (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)))
_DPI = 110
_WIDTH_IN = 9.0
_GREY = '#666666'
# Errors below a tenth of a millimetre are drawn there: zero has no place on a logarithmic axis.
_LEAST_M = 1e-4
_SIGMAS = 4.0
_LABEL_CHARS = 40
_LEGEND_COLUMNS = 2
_LINE_IN = 0.24
# Agg draws no more than 65,536 pixels.
_MOST_HEIGHT_IN = 150.0


def draw_plots(runs: Sequence[Run], folder: Path) -> dict[str, Path]:
    """Draw what there are data for.

    Args:
        runs: one or more.
        folder: gets the files; made where it is not there.

    Returns:
        Title to file, in the order of a report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plots: tuple[tuple[str, str, Callable[[Sequence[Run]], Figure | None]], ...] = (
        ('Points by category', 'categories.png', draw_categories),
        ('Error of lengths against the length', 'errors.png', draw_errors),
        ('Calibration of sigma', 'calibration.png', draw_calibration),
        ('Time and steps', 'steps_times.png', draw_steps_and_times))
    drawn = {}
    for title, name, draw in plots:
        (folder / name).unlink(missing_ok=True)
        figure = draw(runs)
        if figure is not None:
            figure.savefig(folder / name, dpi=_DPI)
            drawn[title] = folder / name
    return drawn


def _figure(
    height_in: float, columns: int = 1, *, named: int = 0,
) -> tuple[Figure, Sequence[Axes]]:
    """A figure with plots beside each other, below the place of a legend with so many entries."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    legend_in = _LINE_IN * math.ceil(named / _LEGEND_COLUMNS) if named > 1 else 0.05
    figure = Figure(figsize=(_WIDTH_IN, height_in + legend_in), constrained_layout=True)
    FigureCanvasAgg(figure)
    # a part of its own: inside the plots' layout a long name would squeeze them
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(legend_in, height_in))
    axes = parts[1, 0].subplots(1, columns, squeeze=False)[0]
    for one in axes:
        one.spines[['top', 'right']].set_visible(False)
        one.grid(True, color='#dddddd', linewidth=0.6)
        one.set_axisbelow(True)
    return figure, axes


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _label(text: str) -> str:
    """A name from outside as matplotlib shows it: no mathematics, nothing hidden, of one line."""
    plain = ''.join(each if each.isprintable() else '\ufffd' for each in text)
    plain = plain if len(plain) <= _LABEL_CHARS else f'{plain[:_LABEL_CHARS - 1]}…'
    # a legend leaves out what begins with an underscore
    return (' ' if plain.startswith('_') else '') + plain.replace('$', r'\$')


def draw_categories(runs: Sequence[Run]) -> Figure | None:
    """Mean points of each category, with intervals; of very many those with most questions."""
    groups = [by_category(run.entries) for run in runs]
    counts = {name: max(len(group.get(name, ())) for group in groups)
              for name in sorted({name for group in groups for name in group}, reverse=True)}
    if not counts:
        return None
    row_in = max(0.34, 0.2 * len(runs))
    most = int(_MOST_HEIGHT_IN / row_in)
    kept = set(sorted(counts, key=lambda name: -counts[name])[:most])
    names = [name for name in counts if name in kept]
    bar = 0.8 / len(runs)
    figure, (axes,) = _figure(1.0 + len(names) * row_in, named=len(runs) + 2)
    for number, (run, group) in enumerate(zip(runs, groups)):
        found = [tally(group.get(name, ())).points for name in names]
        at = np.arange(len(names)) + bar * ((len(runs) - 1) / 2 - number)
        values = np.array([math.nan if one.value is None else one.value for one in found])
        reach = np.array([
            (0.0, 0.0) if one.value is None or one.low is None or one.high is None
            else (max(0.0, one.value - one.low), max(0.0, one.high - one.value)) for one in found])
        axes.barh(at, values, bar * 0.9, xerr=reach.T, label=_label(run.name),
                  color=_colour(number),
                  error_kw={'ecolor': '#222222', 'elinewidth': 1.0, 'capsize': 2})
    _draw_chance(axes, groups, names)
    axes.set_yticks(np.arange(len(names)), [f'{_label(name)} ({counts[name]})' for name in names])
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel('mean points, 0 to 1, with 95 % interval')
    axes.set_ylabel('category (questions)' if len(names) == len(counts) else (
        f'category (questions); the {len(names)} of {len(counts)} with most'))
    _legend(figure, axes)
    return figure


def _draw_chance(
    axes: Axes, groups: Sequence[Mapping[str, Sequence[Entry]]], names: Sequence[str],
) -> None:
    """Lines across the bars of categories where answers come right without a look."""
    found = [chance([entry.question for entry in max(
        (group.get(name, ()) for group in groups), key=len)]) for name in names]
    lines: tuple[tuple[str, Literal['-', ':'], list[float | None]], ...] = (
        ('one answer to all', '-', [None if one is None else one.majority for one in found]),
        ('random guess', ':', [None if one is None else one.guess for one in found]))
    for label, style, shares in lines:
        known = [(at, share) for at, share in enumerate(shares) if share is not None]
        if known:
            places = np.array([at for at, _ in known])
            axes.vlines([share for _, share in known], places - 0.45, places + 0.45, label=label,
                        colors='#000000', linestyles=style, linewidth=1.4)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if len(handles) > 1:
        figure.subfigs[0].legend(
            handles, labels, loc='center left', frameon=False, ncol=_LEGEND_COLUMNS)


def _lengths(run: Run) -> list[Entry]:
    return [entry for entry in run.entries
            if is_metric(entry) and entry.question.unit == 'm'
            and entry.question.answer == 'number' and entry.result.score.error is not None]


def draw_errors(runs: Sequence[Run]) -> Figure | None:
    """Absolute error of each length against the true length, and against its distance if known."""
    groups = [_lengths(run) for run in runs]
    everything = [entry for group in groups for entry in group]
    if not everything:
        return None
    known = any('distance_m' in entry.question.facts for entry in everything)
    figure, panels = _figure(4.2, 2 if known else 1, named=len(runs) + 2)
    for number, (run, group) in enumerate(zip(runs, groups)):
        _scatter(panels[0], _label(run.name), number, group, lambda entry: abs(_number(entry)))
        if known:
            seen = [entry for entry in group if 'distance_m' in entry.question.facts]
            _scatter(panels[1], '', number, seen,
                     lambda entry: entry.question.facts['distance_m'], in_tolerances=True)
    lengths = [abs(_number(entry)) for entry in everything]
    span = np.linspace(0, max(lengths) * 1.05 or 1.0, 200)
    panels[0].plot(span, np.maximum(0.02, 0.03 * span), color=_GREY, linewidth=1.5,
                   label='tolerance: 2 cm or 3 %')
    panels[0].scatter([], [], s=22, facecolors='none', edgecolors='#000000', linewidths=1.2,
                      label='outside its tolerance')
    panels[0].set_xlabel('true length, m')
    panels[0].set_ylabel('absolute error, m')
    if known:
        panels[1].axhline(1.0, color=_GREY, linewidth=1.5)
        panels[1].set_xlabel('distance from the camera, m')
        panels[1].set_ylabel('absolute error over its tolerance')
    for axes in panels:
        axes.set_yscale('log')
        axes.yaxis.set_major_formatter('{x:g}')
        axes.set_xlim(left=0)
    _legend(figure, panels[0])
    return figure


def _number(entry: Entry) -> float:
    truth = entry.question.truth
    return float(truth) if isinstance(truth, (int, float)) else math.nan


def _scatter(axes: Axes, label: str, number: int, entries: Sequence[Entry],
             across: Callable[[Entry], float], *, in_tolerances: bool = False) -> None:
    errors = [abs(entry.result.score.error or 0.0) / (
        tolerance(entry.question) or 1.0 if in_tolerances else 1.0) for entry in entries]
    axes.scatter(
        [across(entry) for entry in entries], np.maximum(errors, _LEAST_M), s=22, alpha=0.75,
        marker=MARKERS[number % len(MARKERS)], label=label or None,
        linewidths=[0.0 if entry.result.score.right else 1.2 for entry in entries],
        edgecolors='#000000', color=_colour(number))


def draw_calibration(runs: Sequence[Run]) -> Figure | None:
    """Share of the truths inside so many sigma, beside what a normal error would have."""
    scaled = [scaled_errors(run.entries) for run in runs]
    if not any(scaled):
        return None
    figure, (axes,) = _figure(4.2, named=len(runs) + 1)
    span = np.linspace(0, _SIGMAS, 200)
    expected = [math.erf(k / math.sqrt(2)) for k in span]
    axes.plot(span, expected, color=_GREY, linewidth=1.5, label='normal error')
    for number, (run, errors) in enumerate(zip(runs, scaled)):
        if not errors:
            continue
        sizes = np.sort(np.abs(errors))
        inside = np.searchsorted(sizes, span, side='right') / len(sizes)
        axes.plot(span, inside, linewidth=1.2, linestyle=LINES[number % len(LINES)],
                  drawstyle='steps-post', color=_colour(number))
        found = calibration(errors)
        values = [found[k].value or 0.0 for k in EXPECTED]
        reach = [(value - (found[k].low or 0.0), (found[k].high or 0.0) - value)
                 for k, value in zip(EXPECTED, values)]
        shift = 0.04 * (number - (len(runs) - 1) / 2)
        axes.errorbar([k + shift for k in EXPECTED], values, yerr=np.maximum(reach, 0.0).T,
                      fmt=MARKERS[number % len(MARKERS)], capsize=3,
                      label=f'{_label(run.name)} ({len(errors)} answers)', color=_colour(number))
    axes.set_xlim(0, _SIGMAS)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel('standard deviations (sigma) from the answer')
    axes.set_ylabel('share of truths inside, with 95 % interval')
    _legend(figure, axes)
    return figure


def draw_steps_and_times(runs: Sequence[Run]) -> Figure | None:
    """How long questions took, and how many cells they ran."""
    from matplotlib.ticker import MaxNLocator

    if not any(run.entries for run in runs):
        return None
    figure, (left, right) = _figure(3.8, 2, named=len(runs))
    most = max(entry.result.steps for run in runs for entry in run.entries)
    bar = 0.8 / len(runs)
    slowest = 0.0
    for number, run in enumerate(runs):
        times_s = sorted(time_s for entry in run.entries if (time_s := total_s(entry)) is not None)
        shares = np.arange(1, len(times_s) + 1) / max(1, len(times_s))
        left.step([0.0, *times_s], [0.0, *shares], where='post', label=_label(run.name),
                  linestyle=LINES[number % len(LINES)], color=_colour(number))
        slowest = max([slowest, *times_s])
        counts = np.bincount([entry.result.steps for entry in run.entries], minlength=most + 1)
        right.bar(np.arange(most + 1) + bar * (number - (len(runs) - 1) / 2),
                  counts / max(1, len(run.entries)), bar * 0.9, color=_colour(number))
    left.set_xlim(0, slowest * 1.03 or 1.0)
    left.set_ylim(0, 1.03)
    left.set_xlabel('time of a question, s')
    left.set_ylabel('share of questions done by then')
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set_xlabel('steps (cells run)')
    right.set_ylabel('share of questions')
    _legend(figure, left)
    return figure
