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


"""Functions of the cells for how far apart the surfaces of two things are."""

from __future__ import annotations

GAP = '''
def gap_of(a, b, measure=None):
    """As `gap`, of two things in all their views, with what is hidden where they are closest.

    The closest of many noisy points stands out from its surface, but for what is evened out: half
    of their noise counts once more. Another measure may stand for `gap`.
    """
    value, points, sigma = over_views(measure or gap, a, b)
    stray = [noise(all_points(t)) / 2 for t in (a, b) if isinstance(t, dict)
             and ball_of(all_points(t)) is None and post_of(all_points(t)) is None]
    return value, points, float(np.linalg.norm([
        sigma, *stray, drawn(value, a, b), open_at(a, points[0]), open_at(b, points[1]),
        lacks(a), lacks(b)]))


def gap(a, b, seen=lambda p: p):
    """(distance, the two points, sigma) between the surfaces of two clouds.

    Of a ball only one side is seen: the other is where its sphere says. What is told from shapes
    is so before `seen` changes the points, as by looking from above.
    """
    ball_a, ball_b = (ball_of(p) if len(p) > 1 else None for p in (a, b))
    if ball_a is None and ball_b is None:
        (all_a, post_a), (all_b, post_b) = completed(a), completed(b)
        close = tools.Geometry.closest_points(seen(all_a), seen(all_b))
        sigma = close.sigma if np.isfinite(close.sigma) else noise(a if len(a) > 1 else b)
        if post_a or post_b:
            sigma = float(np.hypot(
                np.hypot(noise(a) if len(a) > 1 else 0, noise(b) if len(b) > 1 else 0), 0.003))
        p, q = close.point_a, close.point_b
        hidden = np.hypot(0 if post_a else far_side(a, p, q), 0 if post_b else far_side(b, q, p))
        return close.distance, [p, q], float(np.hypot(sigma, hidden)) if hidden else sigma
    at_a, known_a = (ball_a[0][None], True) if ball_a else completed(a)
    at_b, known_b = (ball_b[0][None], True) if ball_b else completed(b)
    close = tools.Geometry.closest_points(seen(at_a), seen(at_b))
    along = (close.point_b - close.point_a) / max(close.distance, 1e-9)
    p = close.point_a + along * (ball_a[1] if ball_a else 0)
    q = close.point_b - along * (ball_b[1] if ball_b else 0)
    sigma = float(np.linalg.norm([
        noise(a) if len(a) > 1 else 0, noise(b) if len(b) > 1 else 0,
        ball_a[3] if ball_a else 0, ball_b[3] if ball_b else 0]))
    hidden = np.hypot(0 if known_a else far_side(a, p, q), 0 if known_b else far_side(b, q, p))
    return max(0.0, float((q - p) @ along)), [p, q], float(np.hypot(sigma, hidden))
'''
