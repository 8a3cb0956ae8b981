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



"""A backbone of one's own: it knows one cell by heart, which measures the room ahead."""
from spatialclaw_ros.backbone.protocol import Said
from spatialclaw_ros.errors import OutOfScopeError

REPLY = """Purpose: Measure the room ahead.
Reasoning: The nearest thing in the middle of the newest image bounds it.
Next goal: Done.

```python
recon = tools.Reconstruct(InputImages[-1:])
frame = recon.frame_indices[0]
height, width = recon.depth[frame].shape
middle = recon.depth[frame][height // 3:-height // 3, width // 3:-width // 3]
if np.isfinite(middle).any():
    ReturnAnswer(float(np.nanpercentile(middle, 1)), unit='m')
else:
    ReturnAnswer(None, reason='no depth in the middle of the image')
```
"""


class RoomAhead:
    name = 'room ahead'
    interfaces = ('code',)

    def plan(self, brief, deadline):
        if 'ahead' not in brief.question.text:
            raise OutOfScopeError('ask how much room there is ahead')
        return Said('Look at the middle of the newest image.')

    def write(self, brief, plan, turns, deadline):
        return Said(REPLY)

    def close(self):
        pass


def make(config):
    return RoomAhead()
