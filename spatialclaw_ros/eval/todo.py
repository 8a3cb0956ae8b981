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


"""Which question is asked next, and how often each was."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from spatialclaw_ros.eval.records import Media, Question

ATTEMPTS = 3
"""How often a question is asked whose process ends before it has an answer."""

_Seen = tuple[Media, ...]


class Todo:
    """Questions that are still to be asked; those about the same thing go to the same worker.

    So a scene is drawn, or a video read, by one of them alone, as far as that can be.

    Args:
        questions: in any order.
    """

    def __init__(self, questions: Iterable[Question]) -> None:
        self._left: dict[_Seen, deque[Question]] = {}
        self._at: dict[int, _Seen] = {}
        self._attempts: Counter[str] = Counter()
        for question in questions:
            self._left.setdefault(question.media, deque()).append(question)

    def __len__(self) -> int:
        return sum(map(len, self._left.values()))

    def take(self, worker: int = 0) -> Question | None:
        """The next question for a worker; None when none is left."""
        seen = self._at.get(worker)
        if seen not in self._left:
            others = {at for each, at in self._at.items() if each != worker}
            seen = next((each for each in self._left if each not in others),
                        next(iter(self._left), None))
        if seen is None:
            self._at.pop(worker, None)
            return None
        self._at[worker] = seen
        question = self._left[seen].popleft()
        if not self._left[seen]:
            del self._left[seen]
        self._attempts[question.id] += 1
        return question

    def attempts(self, question: Question) -> int:
        """How often it was taken."""
        return self._attempts[question.id]

    def lost(self, worker: int, question: Question) -> bool:
        """A worker ended with a question; whether it will be asked again."""
        self._at.pop(worker, None)
        if self._attempts[question.id] >= ATTEMPTS:
            return False
        self._left.setdefault(question.media, deque()).appendleft(question)
        return True
