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

"""Writes `docs/parameters.md` from the table that the node declares; a test compares."""

from __future__ import annotations

from pathlib import Path

from spatialclaw_ros.ros.parameter_page import parameters_page

PAGE = Path(__file__).resolve().parent.parent / 'docs' / 'parameters.md'


def main() -> None:
    """Write the page."""
    PAGE.write_text(parameters_page(), encoding='utf-8')
    print(f'wrote {PAGE}')


if __name__ == '__main__':
    main()
