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


"""Whether vLLM itself understands arguments for `vllm serve`: run by the Python of its environment.

Reads `{"name": ["--option", ...]}` from its input, writes `{"name": "what is wrong, or nothing"}`.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
from vllm.reasoning import ReasoningParserManager
from vllm.utils.argparse_utils import FlexibleArgumentParser


def fault(arguments: list[str]) -> str:
    """What is wrong with the arguments, as vLLM says it; '' where nothing is."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parsed = make_arg_parser(FlexibleArgumentParser()).parse_args(arguments)
            validate_parsed_serve_args(parsed)
        if parsed.reasoning_parser:
            ReasoningParserManager.get_reasoning_parser(parsed.reasoning_parser)
    except SystemExit:
        return said.getvalue().strip().splitlines()[-1]
    except (KeyError, TypeError, ValueError) as error:
        return f'{type(error).__name__}: {error}'
    return ''


if __name__ == '__main__':
    given = json.load(sys.stdin)
    found = {name: fault(arguments) for name, arguments in given.items()}
    # vLLM prints as it is imported; the last line is ours
    print(json.dumps(found))
