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

"""A logging format in brace style walks from a record's argument into a module's globals."""

# act: environment

import logging

record = logging.LogRecord('x', 10, 'p', 1, collections.namedtuple, (), None)
record.kind = collections.namedtuple
text = '{kind.__globals__[_sys].modules[os].environ}'
print(logging.Formatter(text, style='{').format(record))
