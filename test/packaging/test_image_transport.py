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


"""Images arrive: two processes, best effort, 640x480 at 30 Hz, through the installed profile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

FRAMES, ENOUGH = 30, 24
PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'networking.md'
PUBLISH = f"""
import time, rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node('camera')
publisher = node.create_publisher(Image, 'packaging/image', qos_profile_sensor_data)
image = Image(height=480, width=640, encoding='rgb8', step=1920, data=bytes(640 * 480 * 3))
while publisher.get_subscription_count() == 0:
    time.sleep(0.02)
time.sleep(0.3)
due = time.monotonic()
for number in range({FRAMES}):
    image.header.stamp.sec = number
    publisher.publish(image)
    due += 1 / 30
    time.sleep(max(0.0, due - time.monotonic()))
time.sleep(0.5)
"""


def test_images_arrive() -> None:
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node('viewer', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    stamps: list[int] = []
    node.create_subscription(
        Image, 'packaging/image', lambda image: stamps.append(image.header.stamp.sec),
        qos_profile_sensor_data)
    camera = subprocess.Popen([sys.executable, '-c', PUBLISH],
                              env=use_fastdds_profile(dict(os.environ)))
    deadline = time.monotonic() + 30
    try:
        while camera.poll() is None and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        assert camera.poll() == 0
    finally:
        if camera.poll() is None:
            camera.kill()
        camera.wait()
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
    # All but one or two are usual; with the default transport about 4 of 60.
    assert len(stamps) >= ENOUGH
    assert stamps == sorted(stamps)


def test_the_page_says_what_is_demanded() -> None:
    assert f'demands {ENOUGH} of {FRAMES} ' in PAGE.read_text(encoding='utf-8')
