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



"""The simulated benchmark: questions about worlds of `sim.worlds`, whose truth is geometry.

`ClawSim` is the data set; the simulator is imported when its questions are made.
"""

from spatialclaw_ros.eval.claw_sim.data_set import ClawSim

__all__ = ['ClawSim']
