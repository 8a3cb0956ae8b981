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



"""JSON calls become cells of literals and names, and nothing in them becomes code."""

from __future__ import annotations

import ast
import builtins
import json
import random

import pytest

from spatialclaw_ros.agent.interfaces import INTERFACES
from spatialclaw_ros.agent.interfaces.calls import METHODS, TOOLS
from spatialclaw_ros.agent.reply import ReplyError

IMAGE = {'$': 'InputImages[3]'}


def read(call: object) -> str:
    block = call if isinstance(call, str) else json.dumps(call)
    return INTERFACES['tool_call'].read(
        f'Purpose: p\nReasoning: r\nNext goal: g\n```json\n{block}\n```').code


@pytest.mark.parametrize(('call', 'first_line'), [
    ({'tool': 'tools.SAM3.segment_image_by_text', 'args': {'image': IMAGE, 'prompt': 'a "mug"\n'},
      'bind': 'mug'},
     "mug = tools.SAM3.segment_image_by_text(image=InputImages[3], prompt='a \"mug\"\\n')"),
    ({'tool': 'tools.Reconstruct', 'args': [{'$': 'InputImages'}], 'bind': 'recon'},
     'recon = tools.Reconstruct(InputImages)'),
    ({'tool': 'tools.TF.frames', 'bind': 'names'}, 'names = tools.TF.frames()'),
    ({'tool': 'mug.get_centroid_3d', 'args': {'recon': {'$': 'recon'}, 'frame': None}, 'bind': 'c'},
     'c = mug.get_centroid_3d(recon=recon, frame=None)'),
    ({'tool': 'InputImages_2.camera', 'args': ['rear'], 'bind': 'rear'},
     "rear = InputImages_2.camera('rear')"),
    ({'tool': 'read', 'args': {'of': {'$': 'near'}, 'path': 'distance'}, 'bind': 'd'},
     'd = near.distance'),
    ({'tool': 'read', 'args': {'of': {'$': 'recon'}, 'path': 'intrinsics[3]["fx"]'}, 'bind': 'fx'},
     "fx = recon.intrinsics[3]['fx']"),
    ({'tool': 'read', 'args': {'of': {'$': 'Metadata'}, 'path': '["fps"]'}, 'bind': 'fps'},
     "fps = Metadata['fps']"),
    ({'tool': 'read', 'args': {'of': {'$': 'T[0]'}, 'path': '[-1]'}, 'bind': 't'}, 't = T[0][-1]'),
    ({'tool': 'show', 'args': {'images': [IMAGE, {'$': 'mug'}]}},
     'show(images=[InputImages[3], mug])'),
    ({'tool': 'ReturnAnswer', 'args': {'value': {'$': 'd'}, 'unit': 'm', 'points': [
        {'$': 'a'}, [1, -2.5, 1e-3]]}},
     "ReturnAnswer(value=d, unit='m', points=[a, [1, -2.5, 0.001]])"),
    ({'tool': 'ReturnAnswer', 'args': [None], 'bind': None}, 'ReturnAnswer(None)'),
    ({'tool': 'ReturnAnswer', 'args': {'value': True}}, 'ReturnAnswer(value=True)'),
])
def test_a_call_becomes_a_cell(call, first_line) -> None:
    cell = read(call)
    assert cell.splitlines()[0] == first_line
    if call.get('bind'):
        assert cell.splitlines()[1].startswith(f"print('{call['bind']}', ")


def test_the_three_lines_are_kept() -> None:
    reply = INTERFACES['tool_call'].read(
        'Purpose: a\nReasoning: b\nNext goal: c\n'
        '```json\n{"tool": "tools.TF.frames", "bind": "f"}\n```')
    assert (reply.purpose, reply.reasoning, reply.next_goal) == ('a', 'b', 'c')


def call(**changes: object) -> dict[str, object]:
    return {'tool': 'tools.TF.frames', 'bind': 'x', **changes}


@pytest.mark.parametrize(('bad', 'fault'), [
    ('{', 'not JSON'),
    ('[]', 'is a list, expected one object'),
    ('"tools.TF.frames"', 'is a text'),
    ('null', 'is a null'),
    ('{"tool": "show"} {"tool": "show"}', 'not JSON'),
    ("{'tool': 'show'}", 'not JSON'),
    ('{"tool": "show", "tool": "read"}', 'twice'),
    ('{"tool": "ReturnAnswer", "args": {"value": NaN}}', 'NaN is no number'),
    ('{"tool": "ReturnAnswer", "args": {"value": -Infinity}}', '-Infinity is no number'),
    ('{"tool": "ReturnAnswer", "args": {"value": 1e999}}', 'too large'),
    ('{"tool": "ReturnAnswer", "args": {"value": ' + '9' * 5000 + '}}', '5000 digits'),
    ('[' * 20_000, 'nested too deeply|not JSON'),
    ('{"tool": "show", "args": ' + '[' * 9 + ']' * 9 + '}', 'nested more than'),
    ({}, 'lacks "tool"'),
    (call(tool=3), '"tool" must be a text'),
    (call(code='1'), "the key 'code'"),
    (call(tool='tools.SAM3.segment_by_text'), 'did you mean tools.SAM3.segment_'),
    (call(tool='mug.area'), 'no method'),
    (call(tool='mug.distance_to'), 'did you mean distance'),
    (call(args='x'), '"args" must be an object'),
    (call(args={'$': 'InputImages'}), 'is a reference'),
    (call(bind=None), '"bind" is missing'),
    (call(bind=7), 'not a plain name'),
    (call(tool='show', bind='x'), 'leave "bind" out'),
    (call(args={'image': {'name': 'mug'}}), 'got .*name'),
    (call(args={'image': {'$': 'mug', 'x': 1}}), 'an argument is'),
    (call(args={'image': {'$': 3}}), 'an argument is'),
    (call(args={'image': {'$': 'recon.points[0]'}}), 'call "read" first'),
    (call(tool='read', args=['x']), 'by name'),
    (call(tool='read', args={'of': {'$': 'near'}}), 'lacks "path"'),
    (call(tool='read', args={'of': 'near', 'path': 'distance'}), 'an argument is'),
    (call(tool='read', args={'of': {'$': 'near'}, 'path': ''}), '"path" must be'),
])
def test_a_malformed_call_is_named_in_one_line(bad, fault) -> None:
    with pytest.raises(ReplyError, match=fault) as caught:
        read(bad)
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 500


ATTACKS = (
    '__class__', '__import__', 'os', 'x; import os', 'x\nimport os', 'x = 1', 'x.y', 'x[0]', 'x()',
    'lambda', 'import', 'class', 'None', 'True', 'print', 'eval', 'getattr', 'open', '_x', '',
    'x y', 'x"', "x'", 'x#', 'ｅval', 'ﬁ', 'x\u2028', 'x\x00', 'np', 'tools', 'vlm', 'show',
    'ReturnAnswer', 'InputImages', 'InputImages_1', 'Metadata', 'plt', 'read', 'x' * 65, '0x',
    '${x}', '{x}', 'x\\', '*x', '**x', 'a,b', 'a:=1', '(a)', 'self.x', '\u202ex')


@pytest.mark.parametrize('text', [each for each in ATTACKS if each != 'os'])
def test_no_text_becomes_a_name_that_it_should_not(text: str) -> None:
    with pytest.raises(ReplyError):
        read(call(bind=text))


@pytest.mark.parametrize('text', [
    each for each in ATTACKS if each not in (
        'InputImages', 'InputImages_1', 'Metadata', 'os', 'x[0]')])
def test_no_text_becomes_a_reference_that_it_should_not(text: str) -> None:
    with pytest.raises(ReplyError):
        read(call(args={'image': {'$': text}}))


@pytest.mark.parametrize('text', ATTACKS)
def test_no_text_becomes_a_tool_or_method_that_it_should_not(text: str) -> None:
    attempts = [f'x.{text}', f'tools.SAM3.{text}', f'tools.{text}', f'{text}.get_mask.__class__',
                f'np.{text}', f'tools.{text}.frames']
    if text not in ('show', 'ReturnAnswer', 'read'):
        attempts.append(text)
    for attempt in attempts:
        with pytest.raises(ReplyError):
            read(call(tool=attempt))


@pytest.mark.parametrize('path', [
    '__class__', 'x.__class__', '_x', 'x()', 'x(1)', 'x[y]', 'x[1:2]', 'x["a\\"]', 'x["a"b"]',
    'x[1]y', 'x y', 'x;y', 'x\ny', 'x..y', 'x.', '[', 'x["\n"]', "x['a']", 'x[1,2]', 'x + y',
    'x[0].__dict__', 'if', 'ｅval'])
def test_no_path_leaves_plain_attributes_and_items(path: str) -> None:
    with pytest.raises(ReplyError):
        read(call(tool='read', args={'of': {'$': 'near'}, 'path': path}))


@pytest.mark.parametrize('text', [
    *ATTACKS, '"; import os #', "'; import os #", '\\', '"""', "'''", '\n', '\ud83d', '\x00',
    '{0.__class__}', '```', '${x}', '\\N{BULLET}', 'a' * 5000])
def test_a_text_stays_a_text(text: str) -> None:
    cell = read(call(tool='ReturnAnswer', bind=None, args={'value': text}))
    (statement,) = ast.parse(cell).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    (argument,) = statement.value.keywords
    assert isinstance(argument.value, ast.Constant)
    assert argument.value.value == text


@pytest.mark.parametrize('name', [each for each in ATTACKS if each not in (
    'os', 'print', 'eval', 'getattr', 'open', 'np', 'tools', 'vlm', 'show', 'ReturnAnswer',
    'InputImages', 'InputImages_1', 'Metadata', 'plt', 'read')])
def test_no_name_of_an_argument_becomes_code(name: str) -> None:
    with pytest.raises(ReplyError):
        read(call(args={name: 1}))


def test_the_tools_are_those_of_the_scope_and_none_is_hidden() -> None:
    assert {'tools.SAM3.segment_video_by_box', 'tools.Reconstruct.Reconstruct', 'vlm.locate',
            'tools.Geometry.closest_points', 'tools.TF.lookup', 'show', 'ReturnAnswer'} <= TOOLS
    assert {'get_centroid_3d', 'get_masked_points', 'points_under', 'render_bev'} <= METHODS
    assert not [name for name in TOOLS | METHODS if '_' in (name[0], name.rpartition('.')[2][0])]


PIECES = (
    'x', 'mug', 'tools', '.', '..', 'SAM3', 'TF', 'frames', 'get_mask', '(', ')', '[', ']', '0',
    '-1', '"', "'", '\\', '\n', ' ', ';', ':', '=', ':=', ',', '*', '#', '_', '__class__',
    'import os', 'lambda:0', 'InputImages', '$', '{', '}', '\u2028', 'ﬁ', 'read', 'show', 'é')
PLAIN = (ast.Module, ast.Assign, ast.Expr, ast.Call, ast.keyword, ast.Name, ast.Load, ast.Store,
         ast.Attribute, ast.Constant, ast.List, ast.Subscript, ast.UnaryOp, ast.USub, ast.Slice)


def test_whatever_comes_a_cell_is_one_call_or_read_of_plain_names() -> None:
    draw = random.Random(5)

    def text() -> str:
        return ''.join(draw.choices(PIECES, k=draw.randint(1, 4)))

    def value(depth: int = 0) -> object:
        kind = draw.randrange(8 if depth < 3 else 5)
        return (text(), draw.choice([None, True, 3, -2.5]), {'$': text()}, {'$': 'mug'}, text(),
                [value(depth + 1) for _ in range(2)] if kind == 5 else '',
                {text(): value(depth + 1)} if kind == 6 else '',
                {'$': 'InputImages[0]'})[kind]

    accepted = 0
    for _ in range(4000):
        tool = draw.choice([
            text(), text(), f'mug.{text()}', f'tools.{text()}', 'read', 'tools.TF.frames', 'show'])
        args = draw.choice([
            {text(): value()}, [value(), value()], {'x': value()},
            {'of': value(), 'path': text()}])
        given = {'tool': tool, 'args': args}
        if tool != 'show':
            given['bind'] = draw.choice([text(), 'y'])
        try:
            cell = read(given)
        except ReplyError:
            continue
        accepted += 1
        tree = ast.parse(cell)
        strange = [node for node in ast.walk(tree) if not isinstance(node, PLAIN)]
        assert not strange, cell
        assert len(tree.body) == (1 if tool == 'show' else 2)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert not node.attr.startswith('_')
            if isinstance(node, ast.Name):
                assert node.id in {'tools', 'print', 'repr', 'show'} or not hasattr(
                    builtins, node.id)
    assert accepted > 100
