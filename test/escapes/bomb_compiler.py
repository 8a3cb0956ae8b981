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

"""Give the compiler what it chokes on: parentheses, a long sum, a tower of powers."""

# act: deny
# held by: clock

for text in ('(' * 90_000, '+'.join(['1'] * 300_000), '-' * 90_000 + '1',
             'x' + '.a' * 90_000, '[' * 90_000 + ']' * 90_000, 'lambda:' * 90_000 + '1'):
    try:
        compile(text, 'bomb', 'eval')
    except (SyntaxError, RecursionError, MemoryError) as error:
        print(type(error).__name__)
tower = '9**9**9'
eval(tower)
