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


"""What a parameter file says, for those who run no node."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.ros.launch_values import full_name, is_of, parameters_in, sections_in
from spatialclaw_ros.ros.parameter_rules import perception_faults
from spatialclaw_ros.ros.parameter_spec import CORRECT_IT, ParameterError
from spatialclaw_ros.ros.parameters import read_parameters
from spatialclaw_ros.ros.perception_parameters import (
    PERCEPTION_PARAMETERS,
    option_parameters,
    perception_config,
)

NODE = 'spatialclaw'


@dataclass(frozen=True)
class Sections:
    """Whom a parameter file is for.

    Args:
        nodes: full names of the nodes that it is looked at for.
        others: sections that none of them reads.
    """

    nodes: tuple[str, ...]
    others: tuple[str, ...]


def sections_of(path: Path, node: str = '') -> Sections:
    """Find the sections of a node.

    Args:
        path: of a parameter file.
        node: its name, with the namespace; '' for each in the file that is called `spatialclaw`,
            in whatever namespace.

    Raises:
        InvalidRequestError: it can't be read.
    """
    names = tuple(dict.fromkeys(full_name(name) for name, _ in sections_in(path)))
    ours = (f'/{node.strip("/")}',) if node else tuple(
        name for name in names if name.rpartition('/')[2] == NODE and '*' not in name)
    nodes = ours or (f'/{NODE}',)
    return Sections(nodes, tuple(
        name for name in names if not any(is_of(name, each) for each in nodes)))


def check_file(path: Path, nodes: Iterable[str]) -> None:
    """Make sure that each of some nodes starts with a parameter file.

    Raises:
        InvalidRequestError: it can't be read.
        ParameterError: something in it can't be used; the message names all that stops the first
            node that does not start.
    """
    for node in nodes:
        read_parameters(parameters_in([path], node))


def unread_files(arguments: Sequence[str], node: str) -> Iterator[str]:
    """A line about each parameter file of a command line that has nothing for a node.

    Args:
        arguments: of the node's process, whose files ROS could read.
        node: full name.
    """
    for option, value in itertools.pairwise(arguments):
        if option == '--params-file':
            names = [full_name(name) for name, _ in sections_in(Path(value))]
            if not any(is_of(name, node) for name in names):
                found = f'its sections are {", ".join(names)}' if names else 'it has no section'
                yield (f'{value} has nothing for {node}, {found}: write its parameters below '
                       f'`{node}:` or `/**:`, or start the node under that name')


def perception_of_file(path: Path, node: str = f'/{NODE}') -> PerceptionConfig:
    """What a parameter file makes of a node's perception; others in it are not looked at.

    Raises:
        InvalidRequestError: it can't be read.
        ParameterError: a value of perception in it can't be used.
    """
    given = parameters_in([path], node)
    specs = (*PERCEPTION_PARAMETERS, *option_parameters(given))
    config = perception_config({
        spec.name: spec.taken(given.get(spec.name, spec.default)) for spec in specs})
    for fault in perception_faults(config).values():
        raise ParameterError(f'{fault}; {CORRECT_IT}')
    return config
