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

"""The cells as replies: look, measure (see `measures`), answer, refuse.

Texts from the question enter code as literals (`repr`), never by formatting into it, and the prose
as one line.
"""

from __future__ import annotations

import ast
import textwrap

from spatialclaw_ros.backbone.rules import finding, measures, scaled
from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import CAMERA, Motion, things
from spatialclaw_ros.backbone.rules.plan import describe
from spatialclaw_ros.workspace.question import AnswerType

MAX_REASON_CHARS = 600


def reply(purpose: str, reasoning: str, goal: str, code: str) -> str:
    """Markdown of one step."""
    prose = '\n'.join(
        f'{name}: {_line(text)}' for name, text in (
            ('Purpose', purpose), ('Reasoning', reasoning), ('Next goal', goal)))
    return f'{prose}\n\n```python\n{code.strip()}\n```\n'


def _line(text: str) -> str:
    return ' '.join(text.replace('`', "'").split())


def look(
    task: Task, prompts: tuple[tuple[str, str], ...], *, depth: bool, single: bool, alone: bool,
    again: bool, why: str,
) -> str:
    """Find what the question names.

    Args:
        task: what is asked.
        prompts: (label, prompt) of each thing; the prompt may be looser than the label.
        depth: whether points are needed; where not, they are taken if they can be had.
        single: look at a few frames one by one instead of at each camera's video.
        alone: use the newest frame of one camera, as frames can't be placed to one another.
        again: add to what an earlier cell found and defined.
        why: what led to this cell.
    """
    labels, texts = [label for label, _ in prompts], [text for _, text in prompts]
    recon = 'recon = tools.Reconstruct.Reconstruct(InputImages)'
    if not depth:
        recon = f'''try:  # masks would do; points tell repeats apart and show where things are
    {recon}
    if not recon.is_metric:
        raise ValueError('they are in no known unit')
except Exception as error:
    recon = None
    print('without points:', error)'''
    if not prompts:
        code = f'import json\n\n{recon}\n{scaled.PRINT}'
        return reply(
            'Place the cameras and what they see in 3D.', why, f'Measure {describe(task.intent)}.',
            code)
    if alone:
        recon, again = '', False
        segment = _ALONE.strip().format(cameras=_cameras(task))
    elif single:
        segment = (
            'few = InputImages.frame_indices[::max(1, len(InputImages) // 6)]\n'
            'segs = [tools.SAM3.segment_image_by_text(InputImages.at(f), prompt, label=label)\n'
            '        for f in few for label, prompt in zip(labels, prompts)]')
    else:
        segment = (
            'segs = [tools.SAM3.segment_video_by_text(\n'
            '            prompts=prompts, labels=labels, video_index=v + 1)\n'
            f'        for v in range({len(task.cameras)})]')
    lift = finding.INSTANCES.strip('\n')
    if not depth:
        lift = lift.replace(
            'points = seg.get_masked_points(recon, None, k, steady=True)',
            'points = (np.empty((0, 3)) if recon is None\n'
            '                      else seg.get_masked_points(recon, None, k, steady=True))')
    place = f'# Everything in 3D.\n{recon}\n' if recon else ''
    head = '' if again else f'import json\n\n{place}'
    each = '{label: instances(label) for label in labels}'
    scale = scaled.PRINT if depth else ''
    found = f'found.update({each})' if again else f'\n{lift}\n\n\nfound = {each}'
    code = f'''{head}# The pixels that answer to each phrase.
labels = {labels!r}
prompts = {texts!r}
{segment}

{found}
for label, prompt in zip(labels, prompts):
    cs = found[label]
    print('look', json.dumps(dict(
        label=label, prompt=prompt, n=len(cs), scores=[round(c['score'], 3) for c in cs[:8]],
        areas=[c['area'] for c in cs[:8]], points=[len(c['points']) for c in cs[:8]],
        frames=[len(c['frames']) for c in cs[:8]], whole=[len(c['whole']) for c in cs[:8]],
        middles=[[round(float(x), 3) for x in c['middle']] for c in cs[:8]
                 if np.isfinite(c['middle']).all()])))
print('twice', json.dumps(dict(pairs=twice(found))))
{scale}for note in dict.fromkeys(note for seg in segs for note in seg.notes):
    print('note', note[:300])
best = [(found[label][0]['seg'], found[label][0]['frames'][0]) for label in labels if found[label]]
for seg, f in dict(((id(seg), f), (seg, f)) for seg, f in best[:3]).values():
    show(seg.visualize(f), label=f'frame {{f}}')
'''
    named = ', '.join(f'"{text}"' for text in texts)
    return reply(
        f'Find {named} and place them in 3D.', why,
        f'Check how many fit and how well, then measure {describe(task.intent)}.', code)


_ALONE = '''
# The frames can't be placed to one another: the one of a camera that sees most of it.
newest = {{InputImages.at(f).camera: f for f in InputImages.frame_indices}}
tried = {{f: [tools.SAM3.segment_image_by_text(InputImages.at(f), prompt, label=label)
             for label, prompt in zip(labels, prompts)]
         for camera, f in newest.items() if camera in {cameras}}}


def fit(f):
    """How many of the phrases a frame has something for, and how well it fits."""
    best = [max((seg.get_score(f, k) for k in range(seg.num_objects)), default=0.0)
            for seg in tried[f]]
    return sum(score > 0 for score in best), round(sum(best), 2), f


alone = max(tried, key=fit)
segs = tried[alone]
print('frame', alone, 'of camera', InputImages.at(alone).camera, 'alone')
recon = tools.Reconstruct.Reconstruct(frame_indices=[alone])'''


def _cameras(task: Task) -> str:
    """Code for the cameras of which one may be used alone: those that the question means."""
    named = [thing.frame for thing in things(task.intent) if thing.kind == 'camera' and thing.frame]
    if named:
        return repr(named)
    from_it = any(value == CAMERA for name, value in vars(task.measured).items() if name != 'view')
    return '[InputImages[-1].camera]' if from_it else 'newest'


def measure(task: Task, picks: tuple[tuple[str, int], ...], *, best_frame: bool, why: str) -> str:
    """Measure, and print what came out.

    Args:
        task: what is asked.
        picks: (label, number) of candidates to take where not the first is meant.
        best_frame: take each thing's points from its best frame alone.
        why: what led to this cell.
    """
    head = 'import json\n\n'
    for label, number in picks:
        head += (f'found[{label!r}] = [found[{label!r}][{number}]]'
                 '  # the one that is meant\n')
    if best_frame and not isinstance(task.intent, Motion):
        head += '''# One frame alone: poses or masks of the others may be off.
for cs in found.values():
    for c in cs:
        f = (c['whole'] or c['frames'])[0]
        c['points'] = c['seg'].get_masked_points(recon, f, c['k'], steady=True)
        c['frames'], c['whole'] = [f], c['whole'][:1]
        for known in ('spread', 'foot', 'drift', 'tall', 'lacks'):  # of the points that it had
            c.pop(known, None)
'''
    tail = '''
shown = value.tolist() if isinstance(value, np.ndarray) else value
print('measure', json.dumps(dict(
    value=shown, unit=unit, sigma=None if sigma is None else float(sigma), problem=problem,
    known=known)))
'''
    code = head + '\n' + measures.measure(task).strip('\n') + '\n' + tail
    return reply(
        f'Measure {describe(task.intent)}.', why,
        'Answer if the value holds, else say why not.', code)


def answer(task: Task, why: str) -> str:
    """Hand in what was measured, in the type asked for."""
    kind, wanted = task.kind, task.answer_type
    if kind == 'point' and wanted == AnswerType.POINT:
        call = 'ReturnAnswer(value, points=evidence, frame=frame, sigma=sigma)'
    elif kind == 'point':
        call = ("text = ', '.join(f'{x:.3f}' for x in value)\n"
                "ReturnAnswer(f'({text}) m in {frame or \"the world\"}', points=evidence)")
    elif kind == 'number' and wanted == AnswerType.NUMBER:
        call = 'ReturnAnswer(float(value), unit=unit, points=evidence, sigma=sigma)'
    elif kind == 'number' and wanted == AnswerType.TEXT:
        call = "ReturnAnswer(f'{value:.3f} {unit or \"\"}'.strip(), points=evidence)"
    elif kind == 'number':
        call = f'''choices = {task.choices!r}
amounts = np.array({list(task.values)!r})
off = np.abs(amounts - value)
nearest, next_one = np.argsort(off)[:2]
if off[nearest] > 0.5 * off[next_one]:
    ReturnAnswer(None, reason=f'measured {{value:.3f}} {{unit or ""}}, between two choices')
else:
    ReturnAnswer(choices[nearest], points=evidence)'''
    elif kind == 'boolean' and wanted == AnswerType.BOOLEAN:
        call = 'ReturnAnswer(bool(value), points=evidence)'
    elif kind == 'boolean':
        yes, no = task.names or ('yes', 'no')
        call = f'ReturnAnswer({yes!r} if value else {no!r}, points=evidence)'
    elif kind == 'text' and wanted == AnswerType.CHOICE:
        call = f'''choices = {task.choices!r}
fitting = [c for c in choices if value.split()[0].lower() in c.lower()]
if len(fitting) == 1:
    ReturnAnswer(fitting[0], points=evidence)
else:
    ReturnAnswer(None, reason=f'{{value}}: {{len(fitting)}} of the choices say that')'''
    else:
        call = 'ReturnAnswer(str(value), points=evidence)'
    return reply(
        'Answer with the measured value and the points it rests on.', why, 'Done.', call)


def refuse(reason: str) -> str:
    """Say that it can't be told, and why."""
    shown = ' '.join(reason.split())
    if len(shown) > MAX_REASON_CHARS:
        shown = shown[:MAX_REASON_CHARS - 3] + '...'
    return reply(
        'Refuse rather than guess.', shown, 'Done.', f'ReturnAnswer(None, reason={shown!r})')


def code_of(text: str) -> str:
    """The Python of a reply, checked to be Python; for tests and traces.

    Raises:
        SyntaxError: it is not.
    """
    code = text.split('```python\n', 1)[1].rsplit('```', 1)[0]
    ast.parse(textwrap.dedent(code))
    return code
