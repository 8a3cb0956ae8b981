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


from __future__ import annotations

import pytest

from spatialclaw_ros.eval.extract import letter, moves, number, omni3d_text, unboxed, yes_no

OPTIONS = ('A. left', 'B. right', 'C. behind the sofa', 'D. 4')


@pytest.mark.parametrize(('rule', 'text', 'expected'), [
    # MMSI-Video, Video-MME
    ('default', '\\boxed{C}', 'C'),
    ('default', 'so \\boxed{\\text{B}}, not A.', 'B'),
    ('default', '\\boxed{(D) left}', 'D'),
    ('default', 'B', 'B'),
    ('default', 'b', 'B'),
    ('default', 'B.', 'B'),
    ('default', '(C)', 'C'),
    ('default', 'D: because', 'D'),
    ('default', 'Answer: B', 'R'),                   # the mark after any letter counts
    ('default', 'It is (B).', 'B'),
    ('default', 'Option B', 'Option B'),
    ('default', '\\boxed{E}', 'E'),                  # of any letter
    ('default', '', None),
    ('default', '   ', None),
    ('mmsi_video', 'The final answer: D', 'R'),
    ('videomme', 'C) the second', 'C'),
    # ERQA: as it stands
    ('erqa', 'A', 'A'),
    ('erqa', ' b. ', 'B'),
    ('erqa', '(A)', '(A)'),
    ('erqa', 'A)', 'A)'),
    ('erqa', 'Answer: A', 'ANSWER: A'),
    ('erqa', '...', None),
    # BLINK
    ('blink', 'E', 'E'),
    ('blink', '(B)', 'B'),
    ('blink', '\\boxed{A} no, \\boxed{B}', 'B'),
    ('blink', 'The left one, (C), is nearer.', 'C'),
    ('blink', '(A) is far and (B) is near.\n\nSo (B).', 'B'),
    ('blink', '(A) is far, (B) is near', 'B'),
    ('blink', 'The correct answer is D', 'D'),
    ('blink', 'choice C', 'C'),
    ('blink', 'the answer is a mug', None),
    ('blink', 'C - the third', 'C'),
    ('blink', 'Cars are near', None),
    ('blink', 'none of them', None),
    # OmniSpatial: A when nothing is found
    ('omnispatial', 'Answer: B', 'B'),
    ('omnispatial', 'Answer: B, hm. Answer: C', 'C'),
    ('omnispatial', '**Answer:** D', 'D'),
    ('omnispatial', 'C. left', 'C'),
    ('omnispatial', 'Bicycles', 'B'),
    ('omnispatial', 'it can not be told', 'A'),
    ('omnispatial', '', 'A'),
    # MMSI, PAI
    ('mmsi', 'The result is ``B`` and not `C`', 'B'),
    ('mmsi', 'so `C`', 'C'),
    ('pai', 'so \\boxed{D}', 'D'),
    ('mmsi', '(A) or C. is it', 'C'),                # "X." goes before "(X)"
    ('mmsi', '(A) or C: is it', 'A'),
    ('mmsi', 'A dog sits there, so B', 'B'),         # "A dog" is an article
    ('mmsi', 'A dog', None),
    ('mmsi', '"D"', 'D'),
    ('mmsi', '', None),
    # MindCube
    ('mindcube', '\\boxed{E}', 'E'),
    ('mindcube', 'A. is wrong, so B. it is', 'B'),
    ('mindcube', '<Answer>C</Answer>', 'C'),
    ('mindcube', 'My answer is D', 'D'),
    ('mindcube', 'the answer is **A**', 'A'),
    ('mindcube', 'either A or C', 'C'),
    ('mindcube', 'nothing', None),
    # SPAR
    ('spar', '\\boxed{B}', 'B'),
    ('spar', 'C) three', 'C'),
    ('spar', 'Answer: B', 'A'),                      # two of A to D, so the first character
    ('spar', 'It is: B.', 'B'),
    ('spar', 'option D', 'D'),
    ('spar', 'bed', 'B'),
    ('spar', 'left', 'left'),
    # SPBench, VSI, OSI
    ('vsi', '\\boxed{A}', 'A'),
    ('vsi', 'It is B. right', 'B'),
    ('vsi', '(C) first, then D:', 'C'),
    ('osi', 'd because', 'D'),
    ('spbench', 'Behind the sofa.', 'C'),
    ('spbench', '4', 'D'),
    ('vsi', 'neither', None),
    # VSTI: the first word, whatever it is
    ('vsti', 'B. right', 'B'),
    ('vsti', 'c', 'C'),
    ('vsti', '(A)', '(A)'),
    ('vsti', 'The answer is B', 'THE'),
    # SpatialTree, to K
    ('spatialtree', 'K', 'K'),
    ('spatialtree', '(J)', 'J'),
    ('spatialtree', 'nothing', None),
    # ViewSpatial
    ('viewspatial', '<answer>B</answer>', 'B'),
    ('viewspatial', 'The answer is A. No: the answer is (C)', 'C'),
    ('viewspatial', '(A) or rather (D)', 'D'),
    ('viewspatial', 'A: no, B: yes', 'B'),
    ('viewspatial', 'it must be C', 'C'),
    ('viewspatial', 'not B but D', 'D'),
    ('viewspatial', 'B or D' + ' no more letters' * 40, None),
    # DSI
    ('dsi', 'Option: B. My answer: C', 'C'),
    ('dsi', 'A, then D', 'D'),
    ('dsi', 'choice A or rather D', 'D'),            # a marker is answer or option
    ('dsi', 'D' + ' and so on' * 60, 'D'),
    ('dsi', 'not known', None),
    # CV-Bench, videos
    ('cvbench', 'A. no <answer>B</answer>', 'B'),
    ('cvbench', '<answer>A</answer> <answer>right</answer>', 'B'),
    ('cvbench', 'C because', 'C'),
    ('cvbench', 'I take D', 'D'),
    # PerceptComp
    ('perceptcomp', '<answer>E</answer>', 'E'),
    ('perceptcomp', 'my answer: D', 'D'),
    ('perceptcomp', 'b or c', 'C'),
    ('perceptcomp', 'it is a dog', 'A'),             # an article is a letter of any case
    # Video-MME-v2
    ('videomme_v2', 'The best answer is: H', 'H'),
    ('videomme_v2', 'Correct option: G', 'G'),
    ('videomme_v2', '\\boxed{F} B', 'F'),
    ('videomme_v2', 'Because of the door', 'B'),     # no look at the word around it
    ('videomme_v2', 'one two three four five six seven eight nine ten eleven', None),
])
def test_letter(rule: str, text: str, expected: str | None) -> None:
    assert letter(text, rule, OPTIONS) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(('rule', 'text', 'expected'), [
    ('vsi', '3.5', 3.5),
    ('vsi', '3. That is all', 3.0),
    ('vsi', '-2', -2.0),
    ('vsi', '3.5 m', 3.5),
    ('vsi', '3.5m', None),
    ('vsi', 'about 3.5', None),
    ('vsti', '1e2', 100.0),
    ('vsti', 'nan', None),
    ('vsti', 'inf', None),
    ('vsti', '', None),
    ('osi', 'from 2 to \\boxed{-3.5 m}', -3.5),
    ('osi', '\\boxed{none}, about 7', 7.0),
    ('osi', 'speed −0.4 m/s', -0.4),
    ('osi', 'no', None),
    ('spbench', 'there are three, 4 at most', 3.0),
    ('spbench', 'zero or one', 0.0),
    ('spbench', 'ten or two', 2.0),                  # words are looked for from zero up
    ('spbench', 'someone has 4', 4.0),
    ('spatialtree', '-1.5 m', 1.5),
    ('spatialtree', 'eleven', None),
    ('spar', '1.2 m and 3', 1.2),
    ('spar', '-1.2', 1.2),
    ('spar', 'm^2 then 5', 5.0),
    ('spar_mv', '1.2 then 3.4 m^2', 3.4),
    ('spar_mv', '1.2 then 3.4', 3.4),
    ('spar', 'none', None),
    ('omni3d', 'with 3 chairs, \\boxed{2.5}', 2.5),
    ('omni3d', '-4', -4.0),
    ('omni3d', 'from 2 m to -0.5 m', -0.5),
    ('omni3d', 'the sofa', None),
])
def test_number(rule: str, text: str, expected: float | None) -> None:
    assert number(text, rule) == expected  # type: ignore[arg-type]


def test_every_rule_takes_any_text() -> None:
    from spatialclaw_ros.eval.extract import LetterRule, NumberRule
    for text in ('', '\\boxed{', '}', '\\boxed{{}', '``', '.', '\n\n', '<answer></answer>', '^'):
        for rule in LetterRule.__args__:  # type: ignore[attr-defined]
            found = letter(text, rule)
            if rule == 'omnispatial':
                assert found == 'A'
            else:
                assert (found or '').lower() in text.strip()
        assert {number(text, rule) for rule in NumberRule.__args__} == {None}  # type: ignore
    assert {number('9' * 400, rule) for rule in NumberRule.__args__} == {None}  # type: ignore


@pytest.mark.parametrize(('text', 'first', 'last'), [
    ('Yes', True, True),
    ('no, wait: yes.', False, True),
    ('nothing is known', None, None),
    ('NO', False, False),
    ('yesterday', None, None),
])
def test_yes_no(text: str, first: bool | None, last: bool | None) -> None:
    assert yes_no(text, 'first') is first
    assert yes_no(text, 'last') is last


def test_what_stands_in_a_box() -> None:
    assert unboxed('a \\boxed{x \\frac{1}{2}} b') == 'x \\frac{1}{2}'
    assert unboxed('no box') == 'no box'
    assert unboxed('\\boxed{open') == '\\boxed{open'
    assert omni3d_text('so \\boxed{"The Sofa" }') == 'the sofa'


@pytest.mark.parametrize(('text', 'expected'), [
    ('move_right:0.3, turn_left: 20', {'move_right': 0.3, 'turn_left': 20.0}),
    ('Move_Up = -.5', {'move_up': -0.5}),
    ('move_right:1, move_right:2', {'move_right': 2.0}),
    ('jump_up:3, move_right', {}),
])
def test_moves(text: str, expected: dict[str, float]) -> None:
    assert moves(text) == expected
