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

"""Begins with ROS, in a process or a context of its own; where it can't, an error of ours says why.

An error that another start would meet again is an InvalidRequestError; what may pass is a
MiddlewareError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from spatialclaw_ros.errors import InvalidRequestError, MiddlewareError, SpatialClawError
from spatialclaw_ros.ros.compat.rcl_errors import RCLError, UnknownROSArgsError

LAST_DOMAIN = 232
"""DDS listens from port 7400 + 250 x domain on (DDSI-RTPS 2.5, 9.6.2.3); ports end at 65535."""
OWN_PORTS = 'zenoh'
"""In the name of a middleware that makes no ports of the domain."""
# rcl begins so whatever it can't read of arguments and parameter files, Humble to Kilted
_OF_ARGUMENTS = ("Couldn't parse", 'failed to initialize logging', 'Enclave name is not valid')
_SETTINGS = (
    'see ROS_DOMAIN_ID, RMW_IMPLEMENTATION and the settings of that middleware '
    '(docs/networking.md)')


def begin(args: Sequence[str], context: Context | None = None) -> None:
    """`rclpy.init`, which leaves signals alone; where it fails, nothing of it stays.

    Args:
        args: command line.
        context: to begin with; None for the process' own.

    Raises:
        InvalidRequestError: the arguments, a parameter file or ROS_DOMAIN_ID can't be used.
        MiddlewareError: the middleware does not begin.
    """
    try:
        rclpy.init(
            args=list(args), context=context, signal_handler_options=SignalHandlerOptions.NO)
    except (RCLError, UnknownROSArgsError) as error:
        rclpy.try_shutdown(context=context)  # None, not the one it stands for: that is made anew
        raise arguments_error(error) from error
    begun = context or rclpy.get_default_context()
    fault = domain_fault(begun.get_domain_id(), rclpy.get_rmw_implementation_identifier())
    if fault:
        rclpy.try_shutdown(context=context)
        raise InvalidRequestError(f'ROS does not begin: {fault}')


def domain_fault(domain: int, middleware: str) -> str:
    """Why a domain can't be, '' where it can; Fast DDS itself would end the process for it.

    Args:
        domain: as ROS reads it from ROS_DOMAIN_ID.
        middleware: its name, such as `rmw_fastrtps_cpp`.
    """
    if domain <= LAST_DOMAIN or OWN_PORTS in middleware:
        return ''
    return (
        f'ROS_DOMAIN_ID is {domain}, and {middleware} has the domains 0 to {LAST_DOMAIN}: choose '
        'one of 0 to 101, whose ports the system hands out to nobody (docs/networking.md)')


def arguments_error(error: RuntimeError) -> SpatialClawError:
    """What ROS says where it can't begin, without its own lines, and where to look.

    Args:
        error: about arguments or a parameter file that it can't read, or about its middleware.
    """
    said = _said(error)
    # it has the words alone, as a list
    if isinstance(error, UnknownROSArgsError):
        return InvalidRequestError(
            f'ROS does not know the arguments {said}; they stand behind --ros-args, such as '
            '`--log-level debug`')
    if 'ROS_DOMAIN_ID' in said:
        return InvalidRequestError(f'ROS does not begin: {said}; {_SETTINGS}')
    if not any(words in said for words in _OF_ARGUMENTS):
        return MiddlewareError(f'ROS does not begin: {said}; {_SETTINGS}')
    return InvalidRequestError(
        f'{said}; a parameter file has a section `/**:`, below it '
        '`ros__parameters:`, and below that the parameters, indented by spaces; an argument is '
        '`-p NAME:=VALUE`; `spatialclaw doctor --params-file FILE` checks a file')


def middleware_error(error: RuntimeError) -> MiddlewareError:
    """What ROS says where its middleware lets no node into the graph, and where to look.

    Args:
        error: rclpy's, of a node that is made.
    """
    return MiddlewareError(
        f'the node does not come into the ROS graph: {_said(error)}; {_SETTINGS}')


def _said(error: RuntimeError) -> str:
    """Words of rcl on one line, without the places in its sources."""
    return ' '.join(re.sub(r',? at /\S+:\d+', '', str(error)).split())
