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

"""Patch the worker's own side: its encoder, its bounds, its tool port, its cleaner of texts.

Whoever checks there only, checks nothing; the file is asked for in the host's name.
"""

# act: read
# held by: host, the host checks again what a worker checks

import spatialclaw_ros.kernel.output as output
import spatialclaw_ros.kernel.wire as wire
import spatialclaw_ros.kernel.worker as worker
from spatialclaw_ros.workspace.calls import ToolCall

for module in (output, worker, wire):
    for name in [name for name in vars(module) if 'clean' in name or 'check' in name]:
        setattr(module, name, lambda value, *rest: value)
server = next(each for each in __import__('gc').get_objects() if type(each) is worker.Worker)
for name in ('exists', 'segment'):
    for asked in (SECRET_FILE, f'file://{SECRET_FILE}', '../' * 12 + SECRET_FILE):
        arguments = {'object_name': asked, 'mode': 'text', 'prompts': [asked],
                     'frame_indices': [0], 'prompt_frame': 0}
        result = server._call_tool(ToolCall(name, arguments, {}))
        print(result.values, result.error)
