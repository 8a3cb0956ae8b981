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

"""Functions of the looking cell: what carries a label, and what was found under two names."""

from __future__ import annotations

INSTANCES = '''
def instances(label):
    """What carries a label: the best score first, with its points and where it is cut off."""
    out = []
    for seg in segs:
        for k, name in enumerate(seg.labels):
            if name != label:
                continue
            area = {f: int(seg.get_mask(f, k).sum()) for f in seg.frame_indices}
            seen = sorted((f for f in area if area[f] >= 30), key=lambda f: -area[f])
            if not seen:
                continue
            score = max(seg.get_score(f, k) for f in seen)
            covers = {f: covered(seg.get_mask(f, k), f) for f in seen}
            whole = [f for f in seen
                     if not at_border(seg.get_mask(f, k)) and covers[f][0] < 0.1]
            points = seg.get_masked_points(recon, None, k, steady=True)
            points = points[::1 + len(points) // 60000]  # of a floor, fewer will do
            out.append(dict(seg=seg, k=k, label=label, score=score, frames=seen, whole=whole,
                            points=points, area=area[seen[0]],
                            covers={f: ends for f, (_, ends) in covers.items()}))
    return one_each(out)


def at_border(mask):
    """Whether a mask touches the image's border."""
    return bool(mask[:2].any() or mask[-2:].any() or mask[:, :2].any() or mask[:, -2:].any())


def covered(mask, f):
    """(share of a mask's outline where something nearer hides more of it, its points there).

    Beyond such an outline, unlike one with its background beyond it, the thing may go on.
    """
    none = 0.0, np.empty((0, 3), dtype=np.float32)
    rows, columns = np.nonzero(mask)
    if recon is None or f not in recon.frame_indices or not len(rows):
        return none
    part = np.s_[max(0, rows.min() - 8):rows.max() + 9, max(0, columns.min() - 8):columns.max() + 9]
    depth, points = np.asarray(recon.depth[f])[part], np.asarray(recon.points[f])[part]
    body = scipy.ndimage.binary_fill_holes(mask[part])
    known = body & np.isfinite(depth)
    if known.sum() < 30:  # nobody can tell whether it shows whole
        return 1.0, none[1]
    beyond = scipy.ndimage.binary_dilation(body, iterations=6)
    beyond &= ~scipy.ndimage.binary_dilation(body, iterations=2)
    i, j = scipy.ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    i, j = i[beyond], j[beyond]
    foot = np.percentile(points[known][:, 2], 1)
    with np.errstate(invalid='ignore'):  # what it stands on comes nearer, too
        nearer = depth[beyond] < 0.98 * depth[i, j] - 0.04
        nearer &= points[beyond][:, 2] > foot + 0.04
    return float(nearer.mean()) if nearer.size else 0.0, points[i[nearer], j[nearer]]


def one_each(candidates):
    """Candidates without repetition.

    Two that no frame shows at once, and that nearly fill one place, are one object: seen by two
    cameras, or lost from view for a while. So are two of which one is a part in space of the other,
    of which another camera saw more, and two of which one shows where the other would be seen.
    """
    kept = []
    # of those as sure, who sees it whole, or from nearer, knows best where it is
    best = lambda n: (-candidates[n]['score'], not candidates[n]['whole'], -candidates[n]['area'])
    for n in sorted(range(len(candidates)), key=best):
        c = candidates[n]
        c['order'] = n
        p = np.asarray(c['points'], dtype=float)
        low, high = np.percentile(p, (5, 95), axis=0) if len(p) else np.full((2, 3), np.nan)
        c['middle'], c['reach'] = (low + high) / 2, float(np.linalg.norm(high - low))
        c['span'], c['shown'] = np.array([low, high]), set(c['frames'])
        off = lambda o: float(np.linalg.norm(o['middle'] - c['middle']))
        others = [o for o in kept if not o['shown'] & c['shown']]
        same = [o for o in others if off(o) < max(0.04, 0.4 * o['reach'])
                or within(c, o) or within(o, c)]
        behind = [] if same else [o for o in others if shows_as(c, o)]
        if not same and not behind:
            kept.append(c)
            continue
        one = min(same or behind, key=off)
        one['shown'] |= c['shown']
        one['order'] = min(one['order'], c['order'])
        if one['seg'] is not c['seg'] and (same or c['whole']):
            join(one, c)
    return sorted(kept, key=lambda c: (-c['score'], c['order']))


def join(thing, more):
    """Put another camera's points to those of a thing, where the two cameras agree on it.

    What one sees whole ends at no other height for the other. Where it does, poses or depths are
    off by so much ('apart'), and all points together would be of a larger thing.
    """
    clouds = [each['points'] for each in (thing, more)]
    apart = 0.0
    if min(map(len, clouds)):
        (low, high), (others_low, others_high) = (
            np.percentile(np.asarray(p)[:, 2], (2, 98)) for p in clouds)
        sigmas = [getattr(p, 'sigma', None) for p in clouds]
        blur = np.linalg.norm([0.0 if each is None else np.median(each) for each in sigmas])
        over = [max(low - others_low, others_high - high) if thing['whole'] else 0.0,
                max(others_low - low, high - others_high) if more['whole'] else 0.0]
        apart = float(max(over) - np.nan_to_num(blur))
    if apart > 0.012:
        thing['apart'] = max(apart, thing.get('apart', 0.0))
    else:
        thing['points'] = np.concatenate(clouds)


def shows_as(c, o):
    """Whether a thing shows where its camera would see another, as far away up to that one's size.

    Of two sides of one thing the middles may be half of it apart. Of what is nearly hidden the
    pixels mix with what stands before and beside it: they are off along their rays.
    """
    f = c['frames'][0]
    if recon is None or f not in recon.frame_indices or not np.isfinite(o['reach']):
        return False
    (low, high), edge = o['span'], 0.1 * o['reach']
    corners = np.array(list(itertools.product(*np.transpose([low - edge, high + edge]))))
    pixels = tools.Geometry.project_point_to_camera(
        corners, recon.extrinsics[f], recon.intrinsics[f])
    (left, top, near), (right, bottom, far) = pixels.min(axis=0), pixels.max(axis=0)
    mask = c['seg'].get_mask(f, c['k'])
    i, j = np.nonzero(mask)
    inside = (j > left) & (j < right) & (i > top) & (i < bottom)
    depth = float(np.nanmedian(np.asarray(recon.depth[f])[mask]))
    return bool(near > 0 and inside.mean() > 0.9
                and near - o['reach'] < depth < far + o['reach'])


def within(c, other):
    """Whether a thing lies in the box of another, give or take what depth and poses are off.

    Of two that nobody saw whole, one may be the foot and one the head of one thing.
    """
    (low, high), (others_low, others_high) = c['span'], other['span']
    if not c['whole'] and not other['whole'] and (
            max(low[2], others_low[2]) - min(high[2], others_high[2]) < 0.3 * other['reach']):
        low, high, others_low, others_high = (p[:2] for p in (low, high, others_low, others_high))
    return bool((low > others_low - 0.03).all() and (high < others_high + 0.03).all())


def shared(c, other):
    """(share of both things' pixels that both have, of the smaller one's) at most, over frames.

    Two that no frame shows at once share all when they are in one place.
    """
    most = (0.0, 0.0)
    for f in [f for f in c['frames'] if f in other['frames']][:4]:
        m, n = c['seg'].get_mask(f, c['k']), other['seg'].get_mask(f, other['k'])
        both, least = int((m & n).sum()), int(min(m.sum(), n.sum()))
        most = max(most, (both / max(1, int((m | n).sum())), both / max(1, least)))
    if not set(c['frames']) & set(other['frames']) and (
            np.linalg.norm(c['middle'] - other['middle']) < 0.25 * min(c['reach'], other['reach'])):
        most = (1.0, 1.0)
    return most


def twice(found):
    """Pairs of candidates of two labels that may be one thing, with what they share."""
    return [dict(of=[label, other], at=[i, j], share=[round(x, 3) for x in shared(c, o)])
            for label, other in itertools.combinations(found, 2)
            for i, c in enumerate(found[label][:3]) for j, o in enumerate(found[other][:3])
            if max(shared(c, o)) > 0.5]
'''
