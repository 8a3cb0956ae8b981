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

"""Attribute names put together from pieces and given to `operator.attrgetter`."""

# act: write

import operator

dunder = '_' * 2
space = operator.attrgetter(f'{dunder}globals{dunder}')(lambda: 0)
builtins = space[f'{dunder}builtins{dunder}']
take = builtins['open'] if isinstance(builtins, dict) else builtins.open
operator.methodcaller('write', 'x')(take(SCRATCH + '/attrgetter.txt', 'w'))
