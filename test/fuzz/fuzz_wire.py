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



"""Coverage-guided: any bytes as a worker's message, through the decoder and all that follows it."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=['spatialclaw_ros']):
    from fuzzing import fuzz
    from host_path import ENCODED, WORDS, follow

if __name__ == '__main__':
    fuzz(follow, seeds=ENCODED, words=WORDS, description=__doc__ or '')
