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

"""The answer is turned into a number by code of one's own: `__float__`, `__array__`."""

# act: spawn

class Number(float):
    def __float__(self):
        import os
        os.system(PROGRAM)
        return 1.0

    def __array__(self, *arguments, **options):
        self.__float__()
        return np.zeros(3)


ReturnAnswer(Number(2.0), points=np.zeros((1, 3)))
print(float(Number(2.0)))
