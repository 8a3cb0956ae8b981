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



"""How numbers are made that hold, and when they may be believed."""

from __future__ import annotations

from spatialclaw_ros.agent.prompts.section import Section, given

ROBUST = Section('Robust computing', (
    given('python', '- Percentiles and medians rather than min, max and mean: one stray point '
          'moves those.'),
    given('reconstruct python', '- Depth has holes (NaN) and doubtful pixels: keep what is finite '
          'and of good confidence, and count what is left. A few dozen points measure nothing.'),
    given('reconstruct segment python', '- A mask reaches over the edge of its object onto what is '
          'behind it: erode it by two or three pixels before you read depth under it; '
          '`get_masked_points` leaves such points out already.'),
    given('reconstruct', "- `recon.scale_source` tells where metres come from: 'sensor_depth' and "
          "'tf_baseline' are measured, 'model' is an estimate, so say so. Where it is 'unknown' "
          '(`recon.is_metric` is False) lengths and places are in no unit: refuse metres with '
          '`recon.notes`; counts, angles, sides and ratios still hold.'),
    given('tools', '- A distance between things may mean their nearest surfaces or their centres: '
          'take the one that is asked for.'),
    '- SI units throughout: metres, radians, seconds.',
    '- Hold every size against what such things have: a cup is about 0.1 m tall, a seat 0.45 m '
    'high, a table 0.75 m, a door 2 m, a grown person 1.5 to 2 m. Far outside, look for the '
    'mistake.',
))

EVIDENCE = Section('Evidence', (
    given('tools', 'Rest an answer on two independent lines: another frame, another tool, a known '
          'size, a point projected back into the image.'),
    given('segment steps', 'Look at a mask with `show` before you use it: is it that thing, all '
          'of it, nothing else?'),
    given('tools', 'When two lines disagree, one of their steps is broken. Find it; neither choose '
          'nor average.'),
    given('vlm', "What `vlm` says is one line, an opinion about pictures; it measures nothing."),
    given('tools', 'Hand in with the answer the world points that prove it, and its standard '
          'deviation where you know it.'),
))
