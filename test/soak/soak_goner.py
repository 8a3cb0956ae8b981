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


"""A client that asks and says so; the soak kills it then."""

from __future__ import annotations

import sys
import time

from soak_clients import Caller

from spatialclaw_ros.action import SpatialQuery as SpatialQueryAction
from spatialclaw_ros.srv import SpatialQuery

WAIT_S = 60.0


def main(server: str, way: str, text: str) -> None:
    """Ask, and wait for the end."""
    with Caller('goner', server, 0.0) as caller:
        if way == 'service':
            caller.until(caller.service.service_is_ready, WAIT_S)
            caller.service.call_async(SpatialQuery.Request(question=text, client='goner'))
        else:
            caller.until(caller.action.server_is_ready, WAIT_S)
            caller.action.send_goal_async(SpatialQueryAction.Goal(question=text, client='goner'))
        print('asked', flush=True)
        time.sleep(WAIT_S)


if __name__ == '__main__':
    main(*sys.argv[1:])
