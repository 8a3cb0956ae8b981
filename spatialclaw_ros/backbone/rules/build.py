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

"""Parse trees to intents: one method for each rule of `questions.lark`, named after it."""

from __future__ import annotations

from collections.abc import Callable

from lark import Token, Tree

from spatialclaw_ros.backbone.rules import words
from spatialclaw_ros.backbone.rules.intents import (
    CAMERA,
    OPPOSITE,
    Bearing,
    Between,
    BetweenWhat,
    Compare,
    Count,
    Distance,
    Exists,
    Extreme,
    Facing,
    HeightAbove,
    Intent,
    Limit,
    Motion,
    Position,
    Relation,
    RelationWhat,
    Row,
    Side,
    Size,
    Thing,
)
from spatialclaw_ros.backbone.rules.lexicon import ORDINALS
from spatialclaw_ros.backbone.rules.nouns import is_generic, singular, thing_of

DIMENSIONS = {
    'LONG': 'length', 'LENGTH': 'length', 'WIDE': 'width', 'WIDTH': 'width', 'TALL': 'height',
    'HEIGHT': 'height', 'DIAMETER': 'diameter', 'RADIUS': 'radius', 'THICK': 'thickness',
    'THICKNESS': 'thickness', 'BIG': 'size', 'SIZE': 'size', 'HIGH': 'height', 'TALLEST': 'height',
    'SHORTEST': 'height', 'LONGEST': 'length', 'WIDEST': 'width', 'NARROWEST': 'width',
    'LARGEST': 'size', 'SMALLEST': 'size', 'HIGHEST': 'height',
}
RELATIONS = {
    'LEFT_OF': 'left', 'RIGHT_OF': 'right', 'FRONT_OF': 'front', 'BEHIND': 'behind',
    'ABOVE': 'above', 'BELOW': 'below', 'ON': 'on', 'IN': 'in', 'LEFT': 'left', 'RIGHT': 'right',
}
CRITERIA = frozenset({
    'NEAREST', 'FARTHEST', 'LARGEST', 'SMALLEST', 'HIGHEST', 'LOWEST', 'TALLEST', 'SHORTEST',
    'LONGEST', 'WIDEST', 'NARROWEST', 'LEFTMOST', 'RIGHTMOST',
})
_LESS = frozenset({
    'LESS_THAN', 'BELOW', 'WITHIN', 'NEAREST', 'SMALLEST', 'LOWEST', 'SHORTEST', 'NARROWEST',
})
# Surfaces that have a height of their own: "how high is the shelf" asks for its level.
_SURFACES = frozenset({
    'table', 'tabletop', 'desk', 'shelf', 'counter', 'countertop', 'ceiling', 'bench', 'worktop',
    'desktop', 'ledge', 'windowsill', 'step',
})
_FLOOR = Thing('floor')


class Builder:
    """Turns one parse tree into an intent."""

    def __init__(self, text: str, tokens: list[words.Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._view = CAMERA

    def build(self, start: Tree) -> Intent | None:
        question = None
        for child in start.children:
            if isinstance(child, Tree) and child.data == 'view_of':
                self._view = self._nouns(child)[0]
            elif isinstance(child, Tree) and child.data == 'view_opposite':
                self._view = OPPOSITE
            elif isinstance(child, Tree):
                question = child
        if question is None:
            return None
        make: Callable[[Tree], Intent | None] = getattr(self, f'_{question.data}')
        return make(question)

    # ---- leaves
    def _leaves(self, tree: Tree) -> list[words.Token]:
        leaves = tree.scan_values(lambda value: isinstance(value, Token))
        places = sorted(leaf.start_pos for leaf in leaves if isinstance(leaf, Token))
        return [self._tokens[place] for place in places]

    def _nouns(self, tree: Tree) -> list[Thing]:
        """Things of the noun phrases in a subtree, in order; those in `crit` left out."""
        found: list[Thing] = []
        for child in tree.children:
            if not isinstance(child, Tree):
                continue
            if child.data in {'np', 'npd', 'npp'}:
                found.append(thing_of(self._text, self._leaves(child)))
            elif child.data in {'pair', 'list'}:
                found.extend(self._nouns(child))
        return found

    def _kinds(self, tree: Tree) -> list[str]:
        """Kinds of the tokens that stand directly in a rule."""
        return [child.type for child in tree.children if isinstance(child, Token)]

    def _child(self, tree: Tree, name: str) -> Tree | None:
        return next(
            (c for c in tree.children if isinstance(c, Tree) and c.data == name), None)

    # ---- distance
    def _distance(self, tree: Tree, a: Thing, b: Thing) -> Distance:
        kinds = set(self._kinds(tree))
        centers = 'CENTER_WAY' in kinds or a.part == b.part == 'center' or any(
            leaf.kind == 'CENTER' and leaf.text.endswith('s') for leaf in self._leaves(tree))
        axis = 'h' if 'HORIZONTAL' in kinds else 'v' if 'VERTICAL' in kinds else ''
        if centers:
            a, b = (Thing(t.text, '' if t.part == 'center' else t.part, t.kind) for t in (a, b))
        return Distance(a, b, 'centers' if centers else 'closest', axis)

    def _distance_pair(self, tree: Tree) -> Distance:
        a, b = self._nouns(tree)
        return self._distance(tree, a, b)

    def _distance_two(self, tree: Tree) -> Distance:
        nouns = self._nouns(tree)
        return self._distance(tree, nouns[0], nouns[1] if len(nouns) > 1 else CAMERA)

    def _distance_camera(self, tree: Tree) -> Distance:
        return self._distance(tree, self._nouns(tree)[0], CAMERA)

    # ---- position
    def _position_of(self, tree: Tree) -> Position:
        return Position(self._nouns(tree)[0])

    def _position_to(self, tree: Tree) -> Position:
        a, b = self._nouns(tree)
        return Position(a, b)

    # ---- size, height
    def _size_of(self, tree: Tree) -> Size:
        dimension = next(DIMENSIONS[k] for k in reversed(self._kinds(tree)) if k in DIMENSIONS)
        return Size(self._nouns(tree)[0], dimension)

    def _height_of(self, tree: Tree) -> HeightAbove:
        a, surface = self._nouns(tree)
        return HeightAbove(a, surface)

    def _height_flip(self, tree: Tree) -> HeightAbove:
        surface, a = self._nouns(tree)
        return HeightAbove(a, surface)

    def _high_of(self, tree: Tree) -> Intent:
        thing = self._nouns(tree)[0]
        head = thing.text.lower().split()[-1]
        if thing.part == 'top' or thing.kind != 'object' or head in _SURFACES or (
                'AT' in self._kinds(tree)):
            return HeightAbove(thing, _FLOOR)
        return Size(thing, 'height')

    # ---- count, existence
    def _singular(self, thing: Thing) -> Thing:
        return Thing(singular(thing.text), thing.part, thing.kind)

    def _count_of(self, tree: Tree) -> Count:
        return Count(self._singular(self._nouns(tree)[0]))

    def _count_place(self, tree: Tree) -> Count:
        return Count(self._singular(self._with_place(tree)))

    def _with_place(self, tree: Tree) -> Thing:
        """A noun phrase joined with the place that stands apart from it."""
        thing = self._nouns(tree)[0]
        place = self._child(tree, 'place')
        if place is None:
            return thing
        leaves = self._leaves(place)
        where = ' '.join(self._text[leaves[0].start:leaves[-1].end].split())
        return Thing(f'{thing.text} {where}', thing.part, thing.kind)

    def _exists_of(self, tree: Tree) -> Exists:
        return Exists(self._singular(self._nouns(tree)[0]))

    # ---- which of several
    def _extreme(
        self, criterion: str, reference: Thing | None, *, candidates: tuple[Thing, ...] = (),
        category: str = '',
    ) -> Extreme:
        if is_generic(category):
            category = ''
        if criterion in {'nearest', 'farthest'} and reference is None:
            reference = CAMERA
        return Extreme(criterion, candidates, singular(category), reference, self._view)

    def _crit(self, tree: Tree) -> tuple[str, Thing | None]:
        crit = self._child(tree, 'crit')
        if crit is None:
            raise ValueError('a rule without its criterion')
        nouns = self._nouns(crit)
        return self._criterion(crit), nouns[0] if nouns else None

    def _criterion(self, tree: Tree) -> str:
        return next(k.lower() for k in self._kinds(tree) if k in CRITERIA)

    def _listed(self, tree: Tree) -> tuple[Thing, ...]:
        listed = self._child(tree, 'list')
        return tuple(self._nouns(listed)) if listed else ()

    def _own_nouns(self, tree: Tree) -> list[Thing]:
        return [
            thing_of(self._text, self._leaves(c)) for c in tree.children
            if isinstance(c, Tree) and c.data in {'np', 'npd', 'npp'}]

    def _which_crit(self, tree: Tree) -> Extreme:
        criterion, reference = self._crit(tree)
        own = self._own_nouns(tree)
        return self._extreme(
            criterion, reference, candidates=self._listed(tree),
            category=own[0].text if own else '')

    def _which_place(self, tree: Tree) -> Extreme:
        criterion, reference = self._crit(tree)
        nouns = self._own_nouns(tree)
        category = self._with_place(tree).text if nouns else ''
        return self._extreme(criterion, reference, category=category)

    def _which_list(self, tree: Tree) -> Extreme:
        criterion, reference = self._crit(tree)
        return self._extreme(criterion, reference, candidates=self._listed(tree))

    def _which_sup(self, tree: Tree) -> Extreme:
        nouns = self._own_nouns(tree)
        return self._extreme(
            self._criterion(tree), nouns[1] if len(nouns) > 1 else None,
            category=nouns[0].text)

    _which_sup2 = _which_sup

    # ---- comparisons
    def _compare_two(self, tree: Tree) -> Compare:
        a, b = self._nouns(tree)
        criterion = self._criterion(tree)
        reference = CAMERA if criterion in {'nearest', 'farthest'} else None
        return Compare(criterion, a, b, reference)

    def _compare_ref(self, tree: Tree) -> Compare:
        a, reference, b = self._nouns(tree)
        kinds = self._kinds(tree)
        return Compare(
            'nearest' if 'CLOSE' in kinds else self._criterion(tree), a, b, reference)

    def _limit(
        self, tree: Tree, measure: Distance | Size | HeightAbove | Count,
    ) -> Limit | None:
        kinds = self._kinds(tree)
        amount = next(
            self._tokens[c.start_pos] for c in tree.children  # type: ignore[index]
            if isinstance(c, Token) and c.type in {'QUANTITY', 'NUMBER'})
        if amount.unit == 'rad':
            return None
        compared = [k for k in kinds if k in _LESS or k in CRITERIA or k in {
            'MORE_THAN', 'BEYOND', 'ABOVE'}]
        less = bool(compared) and compared[-1 if 'THAN' in kinds else 0] in _LESS
        return Limit(measure, not less, round(amount.value, 9), amount.unit)

    def _limit_pair(self, tree: Tree) -> Limit | None:
        a, b = self._nouns(tree)[:2]
        return self._limit(tree, self._distance(tree, a, b))

    _limit_two = _limit_pair
    _limit_apart = _limit_pair

    def _limit_from(self, tree: Tree) -> Limit | None:
        a, b = self._nouns(tree)
        return self._limit(tree, self._distance(tree, a, b))

    def _limit_size(self, tree: Tree) -> Limit | None:
        kinds = self._kinds(tree)
        dimension = next(DIMENSIONS[k] for k in reversed(kinds) if k in DIMENSIONS)
        thing = self._nouns(tree)[0]
        if 'HIGHEST' in kinds and thing.text.lower().split()[-1] in _SURFACES:
            return self._limit(tree, HeightAbove(thing, _FLOOR))
        return self._limit(tree, Size(thing, dimension))

    def _limit_above(self, tree: Tree) -> Limit | None:
        a, b = self._nouns(tree)
        return self._limit(tree, HeightAbove(a, b))

    def _limit_count(self, tree: Tree) -> Limit | None:
        return self._limit(tree, Count(self._singular(self._nouns(tree)[0])))

    # ---- relations
    def _relation_is(self, tree: Tree) -> Relation:
        a, b = self._nouns(tree)
        kinds = [k for k in self._kinds(tree) if k in RELATIONS]
        on = self._child(tree, 'on')
        if on is not None:
            kinds = self._kinds(on)
        return Relation(a, RELATIONS[kinds[-1]], b, self._view)

    def _sides(self, tree: Tree, sides: tuple[str, str]) -> Side:
        nouns = self._nouns(tree)
        return Side(nouns[0], sides, nouns[-1], self._view)

    def _relation_side(self, tree: Tree) -> Side:
        return self._sides(tree, ('left', 'right'))

    def _relation_depth(self, tree: Tree) -> Side:
        return self._sides(tree, ('front', 'behind'))

    def _relation_level(self, tree: Tree) -> Side:
        return self._sides(tree, ('above', 'below'))

    def _relation_side_flip(self, tree: Tree) -> Side:
        b, a = self._nouns(tree)
        return Side(a, ('left', 'right'), b, self._view)

    def _relation_what(self, tree: Tree) -> RelationWhat:
        nouns = self._nouns(tree)
        relation = next(RELATIONS[k] for k in self._kinds(tree) if k in RELATIONS)
        category = nouns[0].text if len(nouns) > 1 else ''
        if is_generic(category):
            category = ''
        return RelationWhat(relation, nouns[-1], singular(category), view=self._view)

    # ---- arrangement
    def _row_of(self, tree: Tree) -> Row:
        token = next(
            self._tokens[c.start_pos] for c in tree.children  # type: ignore[index]
            if isinstance(c, Token) and c.type == 'IN_ROW')
        order, *_, side = token.text.split()
        return Row(ORDINALS.index(order) + 1, side, self._listed(tree), self._view)

    def _between_is(self, tree: Tree) -> Between:
        a, b, c = self._nouns(tree)
        return Between(a, b, c)

    def _between_what(self, tree: Tree) -> BetweenWhat:
        *category, b, c = self._nouns(tree)
        kind = category[0].text if category else ''
        return BetweenWhat(b, c, '' if is_generic(kind) else singular(kind))

    # ---- facing, motion
    def _facing_is(self, tree: Tree) -> Facing:
        a, b = self._nouns(tree)
        return Facing(a, b)

    def _bearing_of(self, tree: Tree) -> Bearing:
        return Bearing(self._nouns(tree)[0], self._view)

    def _bearing_from(self, tree: Tree) -> Bearing:
        a, origin = self._nouns(tree)
        return Bearing(a, origin)

    def _bearing_flip(self, tree: Tree) -> Bearing:
        origin, a = self._nouns(tree)
        return Bearing(a, origin)

    def _moved(self, tree: Tree, what: str) -> Motion:
        return Motion(self._nouns(tree)[0], what)

    def _moved_far(self, tree: Tree) -> Motion:
        return self._moved(tree, 'distance')

    def _moved_is(self, tree: Tree) -> Motion:
        return self._moved(tree, 'moved')

    def _moved_where(self, tree: Tree) -> Motion:
        return self._moved(tree, 'direction')

    def _moved_fast(self, tree: Tree) -> Motion:
        return self._moved(tree, 'speed')

    def _turned(self, tree: Tree) -> Motion:
        return self._moved(tree, 'turn')
