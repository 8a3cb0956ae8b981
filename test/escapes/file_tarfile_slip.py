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

"""A member whose name climbs: "tar slip" (CVE-2007-4559)."""

# act: write

import io
import tarfile

memory = io.BytesIO()
with tarfile.open(fileobj=memory, mode='w') as archive:
    member = tarfile.TarInfo('../' * 20 + SCRATCH[1:] + '/slipped.txt')
    member.size = 1
    archive.addfile(member, io.BytesIO(b'x'))
memory.seek(0)
archive = tarfile.open(fileobj=memory)
archive.extraction_filter = lambda member, path: member
archive.extractall('/usr')
