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

"""Call a tool with arguments that are nested, endless or enormous."""

# act: deny
# held by: clock

nested = []
for _ in range(100_000):
    nested = [nested]
endless = []
endless.append(endless)
for value in (nested, endless, ['x'] * 10**6, 'x' * 10**8, {str(n): n for n in range(10**5)}):
    for call in (lambda value=value: tools.SAM3.is_object_exist(InputImages, value),
                 lambda value=value: tools.Reconstruct.Reconstruct(InputImages, value),
                 lambda value=value: tools.SAM3(InputImages[0], value)):
        try:
            call()
        except Exception as error:
            print(type(error).__name__)
