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

"""Ask what libraries remembered of the environment when they were imported."""

# act: environment

import site
import sys

import matplotlib

print(matplotlib.get_configdir(), matplotlib.get_cachedir(), matplotlib.matplotlib_fname())
print(site.getusersitepackages(), sys.path, sys.argv, sys.orig_argv, sys.flags)
for module in list(sys.modules.values()):
    for name, value in list(vars(module).items()):
        if isinstance(value, str) and ('environment-' in value or 'XDG' in name):
            print(name, value)
        if 'environ' in name and hasattr(value, 'items'):
            print(name, dict(value))
