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
            points = seg.get_masked_points(recon, None, k)
            points = points[::1 + len(points) // 60000]  # of a floor, fewer will do
            out.append(dict(seg=seg, k=k, label=label, score=score, frames=seen, whole=whole,
                            points=points, area=area[seen[0]],
                            covers={f: ends for f, (_, ends) in covers.items()}))
    return one_each(sorted(out, key=lambda c: -c['score']))


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
    of which another camera saw more.
    """
    kept = []
    for c in candidates:
        p = np.asarray(c['points'], dtype=float)
        low, high = np.percentile(p, (5, 95), axis=0) if len(p) else np.full((2, 3), np.nan)
        c['middle'], c['reach'] = (low + high) / 2, float(np.linalg.norm(high - low))
        c['span'] = np.array([low, high])
        same = [o for o in kept if not set(o['frames']) & set(c['frames']) and (
            np.linalg.norm(o['middle'] - c['middle']) < max(0.04, 0.4 * o['reach'])
            or within(c, o) or within(o, c))]
        if same and same[0]['seg'] is not c['seg']:
            same[0]['points'] = np.concatenate([same[0]['points'], c['points']])
        if not same:
            kept.append(c)
    return kept


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
