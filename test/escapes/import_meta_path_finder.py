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

"""A finder on `sys.meta_path` runs code at everybody's next import."""

# act: write

import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        open(SCRATCH + '/finder.txt', 'a').write(name)


sys.meta_path.insert(0, Finder())
# %%
try:
    import module_that_is_not_there
except ImportError:
    pass
