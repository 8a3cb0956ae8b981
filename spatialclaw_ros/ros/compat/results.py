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


"""How long an action server keeps its results, counted from when.

Up to Iron rcl counts from the goal's acceptance (rcl issue 1103), and rclpy's own default is 900 s:
a goal that runs longer than that would lose its result. Since Jazzy it counts from the goal's end,
and the default is 10 s.
"""

from __future__ import annotations

import inspect

from rclpy.action import ActionServer

_OLD_DEFAULT_S = 900


def result_timeout_s(kept_s: int, longest_goal_s: int) -> int:
    """`result_timeout` of an `ActionServer` with which no result goes before its time.

    Args:
        kept_s: how long results stay for clients that ask late.
        longest_goal_s: longest that a goal may run.
    """
    default_s = inspect.signature(ActionServer).parameters['result_timeout'].default
    return kept_s + (longest_goal_s if default_s == _OLD_DEFAULT_S else 0)
