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

"""Behave at first, and never end when the same cell is run again after a death."""

# act: deny
# held by: host, a replay has a time of its own, and a cell that fails in it is left out

import sys

frame = sys._getframe()
while frame.f_back is not None:
    frame = frame.f_back
    message = frame.f_locals.get('request')
    if getattr(message, 'replay', False):
        while True:
            pass
# %%
import os

os._exit(7)
