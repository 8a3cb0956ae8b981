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
            whole = [f for f in seen if not at_border(seg.get_mask(f, k))]
            points = seg.get_masked_points(recon, None, k)
            points = points[::1 + len(points) // 60000]  # of a floor, fewer will do
            out.append(dict(seg=seg, k=k, label=label, score=score, frames=seen, whole=whole,
                            points=points, area=area[seen[0]]))
    return one_each(sorted(out, key=lambda c: -c['score']))


def at_border(mask):
    """Whether a mask touches the image's border."""
    return bool(mask[:2].any() or mask[-2:].any() or mask[:, :2].any() or mask[:, -2:].any())


def one_each(candidates):
    """Candidates without repetition.

    Two that no frame shows at once, and that nearly fill one place, are one object: seen by two
    cameras, or lost from view for a while.
    """
    kept = []
    for c in candidates:
        p = np.asarray(c['points'], dtype=float)
        low, high = np.percentile(p, (5, 95), axis=0) if len(p) else np.full((2, 3), np.nan)
        c['middle'], c['reach'] = (low + high) / 2, float(np.linalg.norm(high - low))
        same = [o for o in kept if not set(o['frames']) & set(c['frames'])
                and np.linalg.norm(o['middle'] - c['middle']) < max(0.04, 0.4 * o['reach'])]
        if same and same[0]['seg'] is not c['seg']:
            same[0]['points'] = np.concatenate([same[0]['points'], c['points']])
        if not same:
            kept.append(c)
    return kept


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
