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



"""What a question leaves to usage, said beside it: from where to where, and which way is positive.

The sentence goes by the question's words alone, so that a question that is to be refused has the
same one as its like that has an answer.
"""

from __future__ import annotations

import re

_CENTER = 'The centre of a thing is that of the upright box round it.'
_FRAME = 'To where its TF frame is; ' + _CENTER[0].lower() + _CENTER[1:]
_NEAREST = 'From the nearest point of one to that of the other.'
_AS_SEEN = 'As the camera sees them, in all pictures that show both.'
_SIDES = 'Of its two level sides the length is the longer one, the width the shorter one.'
_RULES = (
    (r'bearing|what angle|must the robot turn',
     'Level, from straight ahead to its centre; left is positive.'),
    (r'other side|opposite side|faces the camera|Seen from|seen from the \w+ camera', ''),
    (r'sees? them|Looking from', ''),
    (r'Which way|which direction', 'As the newest picture shows it.'),
    (r'move|travel|path|way that', ''),
    (r'from the (gripper|robot|base_link)\?|between the (gripper|robot|base_link)', _FRAME),
    (r'centres?\b|center|middle|relative to|position|coordinates', _CENTER),
    (r"edge of the table|table's edge", 'Level, from its nearest point.'),
    (r'fit in|wide enough|Could the', 'Standing as it does now.'),
    (r'^What stands between|^(What|Which object) is between', 'As seen from above.'),
    (r'partly (hidden|cover)', 'Tables, walls and the like are not counted.'),
    (r'\b(left|right)\b|in front of|behind|Which side', _AS_SEEN),
    (r'from the camera\?|How far away|distance to the',
     'From where the camera is now, to its nearest point.'),
    (r'high|above', ''),
    (r'\btall|shorter|height', 'As it stands now.'),
    (r'gap|[Hh]ow far is|distance|space|close is|centimetres are|less than|within|more than',
     _NEAREST),
    (r'How (long|wide) is|length of|width of', _SIDES),
)
_HINTS = tuple((re.compile(words), hint) for words, hint in _RULES)


def hint_for(text: str) -> str:
    """What to tell with a question; '' where nobody could take it for another."""
    return next((hint for words, hint in _HINTS if words.search(text)), '')
