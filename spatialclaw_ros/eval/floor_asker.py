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


"""Asks nobody: the floor of the error, a run like the others; see `claw_sim.floor`."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.claw_sim import ClawSim
from spatialclaw_ros.eval.config import FLOOR
from spatialclaw_ros.eval.dataset import DataSet
from spatialclaw_ros.eval.records import Question, Result, Said
from spatialclaw_ros.eval.scoring import unanswered

log = logging.getLogger(__name__)


class FloorAsker:
    """Answers questions in the place of an `ask.Asker`; those that `measurable` leaves."""

    def close(self) -> None:
        """Nothing is held."""

    def ask(self, data: DataSet, question: Question, traces: Path | None = None) -> Result:
        """Answer one question; see `ask.Asker.ask`. It writes no trace."""
        from spatialclaw_ros.eval.claw_sim.floor import floor_answer
        assert isinstance(data, ClawSim)
        start_s = time.monotonic()
        try:
            said = floor_answer(question, data.render(question))
            score = data.score(question, said)
        except ImportError:
            raise
        except Exception as error:  # the outermost edge of a question
            log.exception('the question %s failed', question.id)
            said = Said(status='INTERNAL_ERROR', message=f'{type(error).__name__}: {error}')
            score = unanswered(question)
        return Result(id=question.id, said=said, score=score,
                      times_s={'total': round(time.monotonic() - start_s, 6)})


def measurable(data: DataSet, questions: Sequence[Question]) -> tuple[Question, ...]:
    """Questions that true masks and depth answer: those for a length or a point that is known.

    Raises:
        InvalidRequestError: the data set has no true masks, or no such question.
    """
    found = tuple(question for question in questions
                  if question.tags.get('measure') and question.truth is not None)
    if not isinstance(data, ClawSim) or not found:
        raise InvalidRequestError(
            f'the backbone {FLOOR!r} answers the metric questions of claw-sim, and none of them is '
            f'in {data.sheet.name}')
    return found
