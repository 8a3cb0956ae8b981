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

"""The kernel describes variables: a `__repr__` or `shape` of one's own runs after the cell."""

# act: spawn

class Sly:
    @property
    def shape(self):
        import os
        os.system(PROGRAM)
        return (1,)

    def __repr__(self):
        return str(self.shape)

    __str__ = __repr__

    def __len__(self):
        return self.shape[0]


sly = Sly()
{'sly': [sly]}
