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

"""Writes `docs/parameters.md` from the table that the node declares; `--check` only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from spatialclaw_ros.ros.parameter_page import parameters_page

PAGE = Path(__file__).resolve().parent.parent / 'docs' / 'parameters.md'


def main() -> int:
    """Write the page, or tell whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='exit 1 when the page is out of date')
    options = parser.parse_args()
    page = parameters_page()
    if options.check:
        fresh = PAGE.is_file() and PAGE.read_text(encoding='utf-8') == page
        print(f'{PAGE} is {"up to date" if fresh else "out of date: run this without --check"}')
        return 0 if fresh else 1
    PAGE.write_text(page, encoding='utf-8')
    print(f'wrote {PAGE}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
