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


"""smolagents' `LocalPythonExecutor`, an interpreter inside the agent's own process."""

from __future__ import annotations

import time

from bench_cells import PRINTED, PRINTING, TRIVIAL
from bench_peer import serve
from smolagents.local_python_executor import LocalPythonExecutor


class Measures:
    """Takes samples from one executor."""

    def __init__(self) -> None:
        self._executor = LocalPythonExecutor(additional_authorized_imports=['numpy', 'numpy.*'])
        self._executor.send_tools({})
        self._executor('import numpy as np')

    def trivial(self, count: int) -> list[float]:
        """A trivial cell."""
        return [self._timed(TRIVIAL) for _ in range(count)]

    def printing(self, count: int) -> list[float]:
        """A cell that prints 1,000 lines and makes an array."""
        assert self._executor(PRINTING).logs == PRINTED
        return [self._timed(PRINTING) for _ in range(count)]

    def _timed(self, code: str) -> float:
        began_s = time.perf_counter()
        output = self._executor(code)
        took_s = time.perf_counter() - began_s
        assert not output.is_final_answer
        return took_s


if __name__ == '__main__':
    measures = Measures()
    serve({'trivial': measures.trivial, 'printing': measures.printing})
