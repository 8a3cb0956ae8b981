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

"""Replace NumPy functions and the tools by ones that give away what they were called with."""

# act: leak
# held by: host, the next query has a worker of its own

import spatialclaw_ros.workspace.namespace as namespace

original, kept = np.mean, PRIVATE


def mean(*arguments, **options):
    print(kept)
    return original(*arguments, **options)


np.mean = np.core.fromnumeric.mean = mean
namespace.make_namespace.__globals__['np'] = type('np', (), {'mean': mean, '__doc__': kept})
plt.rcParams['axes.titlecolor'] = 'red'
plt.rcParams['savefig.directory'] = kept
plt.figure(kept)
# %% next session
print(np.mean([1.0]), plt.rcParams['savefig.directory'], plt.get_figlabels())
import spatialclaw_ros.workspace.namespace as namespace

print(namespace.make_namespace.__globals__.get('np'), np.mean)
