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

"""Which tool calls a question will likely lead to, before any cell asks for them."""

from __future__ import annotations

from collections.abc import Callable, Set
from functools import partial

from spatialclaw_ros.backbone.rules import nouns, words
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.frames import InputImages
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.scope import Scope
from spatialclaw_ros.workspace.tools.reconstruct import Reconstruct
from spatialclaw_ros.workspace.tools.sam3 import SAM3

MAX_NOUNS = 4
MAX_NOUN_WORDS = 4
_SELF = frozenset({'robot', 'camera', 'you', 'me', 'i', 'your', 'my', 'yourself'})
_NO_THINGS = frozenset({'answer', 'yes', 'no', 'someone', 'somebody', 'option', 'choice', 'choose'})


def noun_phrases(text: str) -> list[str]:
    """Things that a question names, in its own words and order, each in the singular.

    Runs of words that carry no structure ("how far is ... from the ...") are taken for names of
    things; a verb that slips in costs a call that nobody asks for, never a wrong answer.
    """
    text = words.clean(text)
    found: dict[str, None] = {}
    for start, end in words.sentences(text):
        run: list[words.Token] = []
        for token in [*words.tokenize(text, start, end), None]:
            if token is not None and token.kind == 'WORD' and _joined(text, run, token):
                run.append(token)
                continue
            _add(found, run)
            run = [token] if token is not None and token.kind == 'WORD' else []
        _add(found, run)
    return list(found)[:MAX_NOUNS]


def _joined(text: str, run: list[words.Token], token: words.Token) -> bool:
    """Whether a word goes on with the run before it: nothing but a space stands between."""
    return not run or not text[run[-1].end:token.start].strip()


def _add(found: dict[str, None], run: list[words.Token]) -> None:
    """Keep a run that may name a thing, without what "wearing" or "placed" adds at its end."""
    names = [token.text for token in run if token.text not in _NO_THINGS][-MAX_NOUN_WORDS:]
    while len(names) > 1 and names[-1].endswith(('ing', 'ed')):
        names.pop()
    phrase = nouns.singular(' '.join(names))
    if names and names[-1] not in _SELF and not nouns.is_generic(phrase) and any(
            map(str.isalpha, phrase)):
        found[phrase] = None


def likely_calls(text: str, observation: Observation, capabilities: Set[str]) -> list[ToolCall]:
    """Calls that cells most often begin with, likeliest first.

    They are what the cells' own tools send, because those make them: a reconstruction of all
    frames; each noun on the first and on the newest frame; all nouns, then each, as a video.

    Args:
        text: the question.
        observation: what the query looks at.
        capabilities: which tools there are.
    """
    asked: list[ToolCall] = []

    def note(call: ToolCall) -> ToolResult:
        asked.append(call)
        return ToolResult(error='only noted')

    images = InputImages.of(observation)
    scope = Scope(observation, images, note, frozenset(capabilities))
    sam3, things = SAM3(scope), noun_phrases(text)
    _try(partial(Reconstruct(scope), images))
    for image in (images[0], images[-1])[:len(images)]:
        for thing in things:
            _try(partial(sam3.segment_image_by_text, image, thing))
    if len(images) > 1:
        for prompts in ([things] if len(things) > 1 else []) + [[thing] for thing in things]:
            _try(partial(sam3.segment_video_by_text, prompts))
    return asked


def _try(use: Callable[[], object]) -> None:
    """Use a tool whose call is noted, not answered, or whose backend is not loaded."""
    try:
        use()
    except PerceptionError:
        return
