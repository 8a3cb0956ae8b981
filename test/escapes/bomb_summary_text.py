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

"""Make values whose texts, lengths and sizes never end, for whoever describes them."""

# act: deny
# held by: host, a summary has a time and a length of its own

class Endless(dict):
    def __repr__(self):
        while True:
            pass

    __str__ = __len__ = __iter__ = __format__ = __sizeof__ = keys = items = __repr__


class Tricky(type):
    def __instancecheck__(cls, other):
        while True:
            pass

    __repr__ = __instancecheck__


one, two = Endless(), Tricky('two', (Endless,), {})
array = np.empty(3, object)
array[:] = [one, two, two()]
