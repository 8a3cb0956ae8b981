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

"""Functions of the cells that say whether two things can be told apart by what is known of them.

Two amounts are different when they differ by more than two sigma of their difference: one in twenty
verdicts on things that are in truth alike would be wrong. What is nearer than that is refused, with
both values and their sigmas, so that somebody can look from where it shows.
"""

from __future__ import annotations

TURN = '''
def turn_of(thing, eye):
    """(angle to the left (rad), sigma, False) of a thing for a viewer: what is left in the picture.

    How far away it is does not count for the camera that saw it, nor whether that is known, nor
    where TF puts that camera. Who looks back from the other side (see `eyes`) has it ahead, too.
    """
    pose, forward, left, _ = eye
    to = center_of(thing) - pose[:3, 3]
    reach = max(float(np.hypot(to[0], to[1])), 0.05 if recon.is_metric else 1e-6)
    across = np.array([-to[1], to[0], 0.0]) / reach
    sigma = np.sqrt(across @ spread_from(thing, pose) @ across) / reach
    return float(np.arctan2(to @ left, abs(to @ forward))), float(sigma), False
'''

AMOUNTS = '''
def amount_of(thing, key):
    """(amount, sigma, whether it may be more than what shows) of one thing; of a gap, see `tied`.

    Needs `reference` for 'gap', `left` for 'left', and `pose` and `forward` as well for 'turn'.
    """
    if key == 'turn':
        return turn_of(thing, (pose, forward, left, 0.0))
    if key == 'gap':
        value, points, sigma = gap_of(thing, reference)
        return float(value), sigma, False, tied(thing, points)
    if key == 'left':
        spread, _ = spread_of(thing)
        return float(center_of(thing) @ left), float(np.sqrt(left @ spread @ left)), False
    if key in ('top', 'bottom'):
        p = all_points(thing)
        ball = ball_of(p)
        value = float(np.percentile(p[:, 2], 99 if key == 'top' else 1))
        doubt = 0.0
        if ball is not None:
            value, doubt = float(ball[0][2] + (ball[1] if key == 'top' else -ball[1])), ball[3]
        return value, float(np.linalg.norm(
            [0.003 if key == 'top' else 0.005, noise(p), doubt])), False

    def measure(p):
        """Volume, or one side of the box."""
        _, size, off = sides_of(thing, p)
        if key == 'volume':
            size = np.maximum(size, 0.005)
            share = np.linalg.norm(off / size)
            return float(np.prod(size)), None, float(np.prod(size) * np.hypot(0.02, share))
        axis = ('length', 'width', 'height').index(key)
        return float(size[axis]), None, float(off[axis])

    value, _, sigma = over_views(measure, thing)
    return value, sigma, not thing['whole'] and ball_of(all_points(thing)) is None


def tied(thing, points):
    """(camera, metres) by which a gap to a place is off with all that the camera sees, if it is."""
    if not isinstance(thing, dict) or isinstance(reference, dict):
        return None, 0.0
    f = thing['frames'][0]
    ray, way = points[0] - recon.extrinsics[f][:3, 3], points[0] - points[1]
    along = ray @ way / max(np.linalg.norm(ray) * np.linalg.norm(way), 1e-9)
    return InputImages.at(f).camera, offset((thing, reference)) * float(along)


def untold(names, amounts, unit):
    """Why it is not known which of two amounts (see `amount_of`) is more; '' when it is."""
    values, sigmas, open_ended, *ties = zip(*amounts)
    off = np.hypot(*sigmas)
    for (camera, a), (other, b) in ties:
        if camera == other:  # what both are off by is not in their difference
            off = np.sqrt(np.maximum(off ** 2 - 2 * a * b, 0.0))
    said = ' and '.join(f'{name} {value:.4g} {unit} (sigma {sigma:.2g})'
                        for name, value, sigma in zip(names, values, sigmas))
    if not np.isfinite(off):
        return f'{said}: which is more can not be told when sigma is not known'
    if not abs(values[0] - values[1]) >= 2 * off:
        return (f'too close to tell: {said} differ by less than two sigma; a view from nearer, or '
                'of the sides that are not seen, would help')
    less = int(values[1] < values[0])
    if open_ended[less]:
        return (f'too close to tell: {said}, and {names[less]} is cut off by the image border or '
                'by what stands before it, and may be more; a view of all of it would help')
    return ''
'''

WHERE = '''
UNTOLD = 'whether it is so ({}) can not be told when the sigma of depth is not known'


def agreed(a, b, relation, flat_a=False, flat_b=False):
    """As `where_to`, for the viewers in `eyes`, the last of which counts where none is named."""
    sided = relation in ('left', 'right', 'front', 'behind')
    verdicts = [where_to(a, b, relation, eye, flat_a, flat_b)
                for eye in (eyes if sided else eyes[-1:])]
    if len({so for so, why in verdicts if not why}) > 1:
        return False, 'it depends on which camera sees it; say from which, by its name'
    return verdicts[-1]


def by_picture(a, b, relation, eye, ahead):
    """As `where_to`, of left and right where depth is a guess: by the picture of who saw both.

    Where the guess (`ahead`) says otherwise than the picture, or it is not the picture of who is
    asked about, it is not sure; what is in front no picture tells.
    """
    if relation in ('front', 'behind'):
        return ahead, UNTOLD.format(relation)
    (at_a, off_a, _), (at_b, off_b, _) = turn_of(a, eye), turn_of(b, eye)
    apart, off = (at_a - at_b) * (1 if relation == 'left' else -1), np.hypot(off_a, off_b)
    print(f'{relation}: {apart:.4f} rad, sigma {off:.4f}')
    if abs(apart) > 2 * off and (apart > 0) == ahead and not eye[3]:
        return ahead, ''
    return ahead, (f'they are {abs(apart):.3f} rad apart in the picture (sigma {off:.3f}): when '
                   'the sigma of depth is not known that is too close to tell')


def upright_noise(thing):
    """Standard deviation in metres of the height of one point: noise lies along the rays.

    The first and last hundredth of points begin one to two of these outside the thing, by how many
    of its points lie at that end.
    """
    if not isinstance(thing, dict):
        return 0.0
    p = all_points(thing)
    eyes = np.stack([recon.extrinsics[f][:3, 3] for f in thing['frames']])
    rays = np.median(np.asarray(p), axis=0) - eyes
    slope = np.mean(np.abs(rays[:, 2]) / np.linalg.norm(rays, axis=1))
    return float(slope * noise(p))


def where_to(a, b, relation, eye, flat_a, flat_b):
    """(whether a thing is so to another, why that is not sure or '').

    Args:
        relation: 'left', 'right', 'front', 'behind' (by their middles, as `forward` and `left` are
            seen), 'above', 'below', 'on' or 'in'.
        eye: pose, forward and left of who sees it, and tangent of how unsure `forward` is.
        flat_a, flat_b: whether its height is that of a level top.
    """
    if relation in ('left', 'right', 'front', 'behind'):
        _, forward, left, slack = eye
        way = dict(left=left, right=-left, front=-forward, behind=forward)[relation]
        d = center_of(a) - center_of(b)
        ahead, other = float(d @ way), float(d @ np.array([-way[1], way[0], 0.0]))
        sigma = float(np.sqrt(way @ (spread_of(a)[0] + spread_of(b)[0]) @ way))
        sigma = float(np.hypot(sigma, slack * other))
        if blind(a) or blind(b):
            return by_picture(a, b, relation, eye, ahead > 0)
        print(f'{relation}: {ahead:.3f} m, sigma {sigma:.3f} m')
        if abs(ahead) > 0.01 and abs(ahead) > 2 * sigma:
            return ahead > 0, ''
        return ahead > 0, (
            f'they are level there: {ahead:.3f} m ({relation}), with a sigma of {sigma:.3f} m, is '
            'too close to tell; a view from nearer, or from another side, would help')
    p, q = all_points(a), all_points(b)
    if not np.isfinite([noise(p), noise(q)]).all():
        return False, UNTOLD.format(relation)
    ball = ball_of(p) if len(p) > 1 else None  # its lowest point is known even when hidden
    if ball is None and isinstance(a, dict) and len(a['frames']) > 1:  # one that rolls
        ball = next(filter(None, map(ball_of, views(a).values())), None)
    a_low, a_high = np.percentile(p[:, 2], (1, 99))
    a_low, a_high = (ball[0][2] - ball[1], ball[0][2] + ball[1]) if ball else (a_low, a_high)
    b_low, b_high = np.percentile(q[:, 2], (1, 99))
    if flat_b and relation != 'in':
        b_low = b_high = level(q)[0]
    if flat_a and relation in ('above', 'below'):
        a_low = a_high = level(p)[0]
    up = float(b_low - a_high if relation == 'below' else a_low - b_high)
    if relation in ('above', 'below'):
        stray = [0.0 if flat_a or ball else upright_noise(a), 0.0 if flat_b else upright_noise(b)]
        up, off = up + 1.5 * sum(stray), float(np.linalg.norm([0.005, *(0.7 * s for s in stray)]))
    else:  # of what is seen from afar, the lowest is not its foot
        off = float(np.linalg.norm([0.005, noise(p), noise(q)]))
    touch = max(0.03 if relation == 'on' else 0.02, 3 * off)
    said = f'{up:.3f} m between them in height, with a sigma of {off:.3f} m,'
    print(f'{relation}: {said}')
    if relation in ('above', 'below'):  # what touches may overlap by 2 cm: noise widens the doubt
        sure = abs(up + 0.02) >= 2 * off
        return up > -0.02, '' if sure else f'{said} is too close to tell'
    if relation == 'on' and abs(up) >= touch:
        return False, '' if abs(up) > 2 * touch else (
            f'{said} is too close to tell whether it touches; a view from nearer would help')
    if relation == 'in' and (a_low < b_low - 0.03 - touch or (a_low + a_high) / 2 > b_high + touch):
        return False, ''
    near, far = np.percentile(q[:, :2], (1, 99), axis=0)
    middle = center_of(a)[:2]
    inside = float(min((middle - near).min(), (far - middle).min()))
    unsure = 2 * float(np.sqrt(np.linalg.eigvalsh(spread_of(a)[0][:2, :2])[-1]))
    if inside < -unsure:
        return False, '' if not isinstance(b, dict) or b['whole'] else (
            'what shows of the lower one ends before that place; a view of more of it would help')
    if not inside >= unsure:
        return inside > 0, (f'its middle is {inside:.3f} m inside the outline of the other, known '
                            f'to {unsure:.3f} m: too close to tell')
    if relation == 'in' and (a_low < b_low - 0.03 or (a_low + a_high) / 2 > b_high - touch):
        return (a_low + a_high) / 2 < b_high, f'{said} is too close to tell whether it is inside'
    return True, ''
'''
