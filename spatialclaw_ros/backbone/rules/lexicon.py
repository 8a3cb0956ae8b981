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

"""Words that carry structure: synonyms of each token kind, fillers, courtesies, units."""

from __future__ import annotations

ORDINALS = ('first', 'second', 'third', 'fourth', 'fifth')
_OTHER_SIDE = tuple(
    f'{side} side{of}' for side in ('other', 'opposite', 'far')
    for of in ('', ' of scene', ' of table', ' of room', ' of things', ' of them'))
_WHO_FACES = tuple(
    f'for {who} {faces} camera{behind}'
    for who in ('somebody', 'someone', 'person', 'anybody', 'robot')
    for faces in ('who faces', 'facing', 'that faces')
    for behind in ('', ' from behind things', ' from behind objects', ' from behind them',
                   ' from behind scene', ' from behind'))

LEXICON: dict[str, tuple[str, ...]] = {
    # question words and verbs
    'HOW': ('how',),
    'WHAT': ('what',),
    'WHICH': ('which', 'which one', 'which ones'),
    'WHERE': ('where', 'whereabouts'),
    'IS': ('is', 'are', 'was', 'were', 'lies', 'stands', 'sits', 'be', 'is located', 'are located',
           'is positioned', 'is situated', 'is placed', 'is currently', 'is now', 'located',
           'comes'),
    'WOULD': ('would',),
    'DOES': ('does', 'do'),
    'DID': ('did', 'has', 'have', 'had'),
    'THERE': ('there', 'there any', 'there some', 'there at least one', 'any', 'some'),
    'MANY': ('many',),
    'MUCH': ('much',),
    'VISIBLE': ('visible', 'present', 'in view', 'can be seen', 'in sight', 'exist', 'exists',
                'be seen', 'to be seen', 'seen'),
    'YOU_SEE': ('you see', 'can you see', 'do you see', 'i see', 'you detect', 'you find',
                'camera see', 'robot see', 'can camera see', 'can robot see', 'does camera see',
                'does robot see', 'do i see', 'can i see', 'can we see', 'we see', 'you spot',
                'you have in view', 'can you find', 'can you spot', 'can you detect'),
    'LIE': ('lie', 'stand', 'sit'),
    # distance
    'FAR': ('far', 'far away', 'far off', 'distant', 'remote'),
    'CLOSE': ('close', 'near', 'close by', 'nearby'),
    'APART': ('apart', 'away from each other', 'from each other', 'apart from each other',
              'apart from one another', 'separated', 'away from one another'),
    'DISTANCE': ('distance', 'gap', 'separation', 'spacing', 'clearance', 'space', 'distances',
                 'range', 'straight-line distance', 'straight line distance', 'interval',
                 'euclidean distance', 'amount of space', 'free space', 'room', 'offset'),
    'CLOSEST_POINTS': ('closest points of', 'closest points on', 'nearest points of',
                       'nearest points on', 'closest point of', 'closest point on',
                       'nearest point of', 'nearest point on', 'surfaces of', 'surface of',
                       'closest parts of', 'nearest parts of', 'edges of'),
    'BETWEEN': ('between', 'separating', 'in between', 'inbetween'),
    'FROM': ('from', 'away from', 'off', 'off from'),
    'TO': ('to', 'towards', 'until', 'up to'),
    'AND': ('and', '&', 'versus', 'vs'),
    'HORIZONTAL': ('horizontal', 'horizontally', 'in plan', 'along floor', 'along ground'),
    'VERTICAL': ('vertical', 'vertically', 'height difference'),
    'CENTER_WAY': ('center to center', 'centre to centre', 'center-to-center', 'centre-to-centre',
                   'from center to center', 'from centre to centre', 'centroid to centroid',
                   'measured between centers', 'measured between centres'),
    'MINIMUM': ('minimum', 'minimal', 'min'),
    # parts
    'CENTER': ('center', 'centre', 'centers', 'centres', 'centroid', 'centroids', 'middle',
               'middles', 'midpoint', 'midpoints'),
    'EDGE': ('edge', 'border', 'rim', 'nearest edge', 'closest edge'),
    'TOP': ('top', 'upper surface', 'top surface', 'highest point', 'top side', 'upper side'),
    'BOTTOM': ('bottom', 'lowest point', 'underside', 'lower side'),
    # position
    'POSITION': ('position', 'location', 'coordinates', 'coordinate', '3d position', 'place',
                 '3d coordinates', '3d location', 'positions', 'xyz', 'xyz position',
                 'xyz coordinates', 'cartesian coordinates', 'cartesian position'),
    'LOCATE': ('locate', 'localize', 'localise', 'find', 'point to', 'point at',
               'where can i find', 'where can you find', 'where do you see', 'where can you see',
               'where can i see', 'where do i find'),
    'RELATIVE_TO': ('relative to', 'with respect to', 'with regard to', 'in relation to',
                    'as seen by', 'expressed in', 'wrt', 'in coordinates of', 'in frame of',
                    'in terms of', 'in frame', 'in coordinate frame of', 'measured from',
                    'in reference frame of', 'in coordinate system of'),
    'FRAME': ('frame', 'coordinate frame', 'reference frame', 'coordinate system', 'tf frame'),
    # size
    'LENGTH': ('length',),
    'WIDTH': ('width', 'breadth'),
    'HEIGHT': ('height', 'elevation', 'altitude'),
    'DIAMETER': ('diameter',),
    'RADIUS': ('radius',),
    'THICKNESS': ('thickness',),
    'SIZE': ('size', 'dimensions', 'extent', 'extents', 'measurements', 'sizes', 'dimension'),
    'LONG': ('long',),
    'WIDE': ('wide', 'broad'),
    'TALL': ('tall',),
    'BIG': ('big', 'large'),
    'THICK': ('thick',),
    'HIGH': ('high', 'high up'),
    # comparatives and superlatives
    'NEAREST': ('nearest', 'closest', 'closer', 'nearer', 'most close', 'least far', 'less far'),
    'FARTHEST': ('farthest', 'furthest', 'farther', 'further', 'most distant', 'more distant',
                 'farther away', 'further away', 'farthest away', 'furthest away', 'remotest'),
    'LARGEST': ('largest', 'biggest', 'larger', 'bigger', 'greater', 'greatest'),
    'SMALLEST': ('smallest', 'smaller', 'littlest', 'tinier', 'tiniest'),
    'HIGHEST': ('highest', 'higher', 'higher up', 'topmost', 'uppermost'),
    'LOWEST': ('lowest', 'lower', 'lower down', 'bottommost', 'lowermost'),
    'TALLEST': ('tallest', 'taller'),
    'SHORTEST': ('shortest', 'shorter'),
    'LONGEST': ('longest', 'longer'),
    'WIDEST': ('widest', 'wider', 'broader', 'broadest'),
    'NARROWEST': ('narrowest', 'narrower'),
    'LEFTMOST': ('leftmost', 'furthest left', 'farthest left', 'most left', 'left-most',
                 'furthest to left', 'farthest to left'),
    'RIGHTMOST': ('rightmost', 'furthest right', 'farthest right', 'most right', 'right-most',
                  'furthest to right', 'farthest to right'),
    'THAN': ('than',),
    'MORE_THAN': ('more than', 'at least', 'greater than', 'no less than', 'exceeding'),
    'LESS_THAN': ('less than', 'at most', 'fewer than', 'no more than'),
    'WITHIN': ('within', 'closer than', 'nearer than', 'within reach of'),
    'BEYOND': ('farther than', 'further than', 'farther away than', 'further away than'),
    # relations
    'LEFT_OF': ('left of', 'to left of', 'on left of', 'on left side of', 'at left of',
                'left from', 'on left hand side of', 'to left side of', 'left to'),
    'RIGHT_OF': ('right of', 'to right of', 'on right of', 'on right side of', 'at right of',
                 'right from', 'on right hand side of', 'to right side of', 'right to'),
    'FRONT_OF': ('in front of', 'front of', 'before', 'to front of'),
    'BEHIND': ('behind', 'in back of', 'at back of', 'to rear of', 'to back of'),
    'ABOVE': ('above', 'over', 'over top of'),
    'BELOW': ('below', 'under', 'beneath', 'underneath'),
    'ON': ('on', 'on top of', 'upon', 'resting on', 'lying on', 'standing on', 'sitting on',
           'placed on', 'atop', 'onto'),
    'IN': ('in', 'inside', 'inside of', 'into'),
    'BESIDE': ('next to', 'beside', 'adjacent to'),
    'LEFT': ('left', 'to left', 'on left'),
    'RIGHT': ('right', 'to right', 'on right'),
    'SIDE': ('side',),
    'OR': ('or',),
    'AT': ('at',),
    'BY': ('by',),
    'WAY': ('way',),
    'MUST': ('must', 'should', 'need to', 'needs to', 'have to', 'has to'),
    'OF': ('of',),
    'WITH': ('with',),
    # views
    'SEEN_FROM': ('seen from', 'as seen from', 'viewed from', 'as viewed from', 'looking from',
                  'from view of', 'from perspective of', 'from viewpoint of', 'when seen from',
                  'from point of view of', 'from vantage point of', 'when viewed from',
                  'if you looked from', 'if i looked from', 'if you look from', 'if seen from',
                  'when looking from', 'if viewed from'),
    'OTHER_SIDE': _OTHER_SIDE,
    'WHO_FACES': _WHO_FACES,
    # rows
    'IN_ROW': tuple(f'{order} {frm} {side}' for order in ORDINALS for side in ('left', 'right')
                    for frm in ('from', 'on')),
    'VIEW': ('view', 'perspective', 'point of view', 'viewpoint', 'vantage point', 'eye', 'eyes',
             'pov', 'side view'),
    # facing and motion
    'FACING': ('facing', 'looking at', 'pointing at', 'pointed at', 'oriented towards', 'face',
               'oriented toward', 'looking toward', 'looking towards', 'pointing toward',
               'pointing towards', 'turned to', 'turned towards', 'pointing to', 'aimed at',
               'facing towards', 'facing toward', 'facing to', 'directed at', 'look at',
               'point towards', 'point toward', 'aligned with'),
    'ANGLE': ('angle', 'bearing', 'heading', 'azimuth', 'yaw', 'yaw angle'),
    'DIRECTION': ('direction', 'directions'),
    'MOVE': ('move', 'moved', 'travel', 'travelled', 'traveled', 'shift', 'shifted', 'roll',
             'rolled', 'slide', 'slid', 'go', 'gone', 'drift', 'drifted', 'displaced',
             'change position', 'changed position', 'been moved', 'drive', 'driven', 'drove'),
    'MOVING': ('moving', 'in motion', 'travelling', 'traveling', 'rolling', 'sliding'),
    'TURN': ('turn', 'turned', 'rotate', 'rotated'),
    'FAST': ('fast', 'quickly'),
    'SPEED': ('speed', 'velocity'),
    'DISPLACEMENT': ('displacement', 'motion', 'movement'),
    # filler that the grammar names
    'IT': ('it',),
    'COUNT': ('count', 'number', 'total number'),
    'GENERIC': ('object', 'objects', 'thing', 'things', 'item', 'items', 'them', 'these', 'those',
                'one'),
}

# Dropped wherever they stand. Phrases are without articles.
FILLERS = (
    'please', 'exactly', 'approximately', 'roughly', 'currently', 'right now', 'at moment', 'now',
    'in scene', 'in image', 'in picture', 'in images', 'in frame', 'in video', 'in photo', 'thanks',
    'thank you', 'precisely', 'actually', 'here', 'in front of you', 'altogether', 'in total',
    'in this scene', 'in this image', 'in room', 'at all', 'about', 'in your view', 'around',
    'as camera sees them', 'as you see them', 'as robot sees them', 'as i see them',
    'in camera image', 'in camera view', 'in field of view', 'in your field of view',
    'respectively', 'in space', 'in 3d', 'in 3d space', 'in world', 'just', 'also', 'directly',
    'robotic', 'total', 'overall', 'in physical space', 'in si units',
)
# Dropped at the beginning, again and again until none fits.
PREAMBLES = (
    'tell me', 'can you tell me', 'could you tell me', 'i want to know', 'i would like to know',
    "i'd like to know", 'do you know', 'hey', 'hi', 'hello', 'robot', 'hey robot', 'ok', 'okay',
    'so', 'well', 'can you', 'could you', 'would you', 'will you', 'measure', 'compute',
    'calculate', 'estimate', 'determine', 'report', 'give me', 'give', 'show me', 'say',
    'let me know', 'i need', 'i need to know', 'check', 'check if', 'check whether', 'whether',
    'me', 'find out',
    'figure out', 'work out', 'let us know', 'get', 'state', 'name', 'excuse me', 'then', 'quick',
    'find distance', 'question', 'what do you think', 'in your opinion', 'do you think', 'out',
    'identify', 'and',
)
KEEP_AFTER_PREAMBLE = {'find distance': 'distance'}
ARTICLES = frozenset({'the', 'a', 'an', 'its', 'their', 'our'})

UNITS_M: dict[str, float] = {
    'm': 1.0, 'metre': 1.0, 'metres': 1.0, 'meter': 1.0, 'meters': 1.0,
    'cm': 0.01, 'centimetre': 0.01, 'centimetres': 0.01, 'centimeter': 0.01, 'centimeters': 0.01,
    'mm': 0.001, 'millimetre': 0.001, 'millimetres': 0.001, 'millimeter': 0.001,
    'millimeters': 0.001, 'dm': 0.1, 'km': 1000.0,
    'inch': 0.0254, 'inches': 0.0254, 'in.': 0.0254,
    'foot': 0.3048, 'feet': 0.3048, 'ft': 0.3048, 'yard': 0.9144, 'yards': 0.9144,
}
UNITS_RAD: dict[str, float] = {
    'rad': 1.0, 'radian': 1.0, 'radians': 1.0,
    'deg': 0.017453292519943295, 'degree': 0.017453292519943295, 'degrees': 0.017453292519943295,
    '°': 0.017453292519943295,
}
UNIT_ABBREVIATIONS = frozenset({'m', 'cm', 'mm', 'dm', 'km', 'ft', 'rad', 'deg', '°', 'in.'})
NUMBER_WORDS: dict[str, float] = {
    'half': 0.5, 'one': 1.0, 'two': 2.0, 'three': 3.0, 'four': 4.0, 'five': 5.0, 'six': 6.0,
    'seven': 7.0, 'eight': 8.0, 'nine': 9.0, 'ten': 10.0, 'twelve': 12.0, 'twenty': 20.0,
    'thirty': 30.0, 'forty': 40.0, 'fifty': 50.0, 'hundred': 100.0,
}
COLOURS = frozenset({
    'red', 'green', 'blue', 'yellow', 'orange', 'purple', 'violet', 'pink', 'magenta', 'cyan',
    'turquoise', 'brown', 'black', 'white', 'gray', 'grey', 'silver', 'gold', 'beige', 'teal',
    'maroon', 'navy',
})
CONTRACTIONS = {
    "what's": ('what', 'is'), "where's": ('where', 'is'), "how's": ('how', 'is'),
    "which's": ('which', 'is'), "there's": ('there', 'is'), "it's": ('it', 'is'),
    'whats': ('what', 'is'), 'wheres': ('where', 'is'), "isn't": ('is',), "aren't": ('are',),
}
