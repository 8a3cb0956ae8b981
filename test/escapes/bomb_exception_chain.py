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

"""Raise an exception with a chain, a traceback and a text that are too long to tell."""

# act: deny
# held by: host, an error's text and traceback are cut short

class Long(Exception):
    def __str__(self):
        return 'x' * (1 << 28)


def deep(number):
    if number == 0:
        raise Long('end')
    try:
        deep(number - 1)
    except Long as error:
        raise Long(number) from error


deep(300)
