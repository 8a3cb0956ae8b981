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

"""Offscreen pictures of the simulated scene: colour and metric depth.

Which OpenGL there is (EGL, or OSMesa) is found out in a process of its own, because a broken
driver can crash the one that tries it.
"""

from __future__ import annotations

import functools
import importlib
import os
import subprocess
import sys
from types import TracebackType

import cv2
import numpy as np

from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.geometry.noise import depth_sigma_m
from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.scene import CAMERA_NAME, HEIGHT, WIDTH, Scene

BACKENDS = ('egl', 'osmesa')
PROBE_TIMEOUT_S = 40.0
MAX_GEOMS = 1000
# One sample a pixel keeps depth exact and drawing fast; a lens softens the stairs that it leaves.
LENS_BLUR_PX = 0.6


@functools.lru_cache(maxsize=1)
def find_backend() -> str:
    """Name of an OpenGL backend that really draws here.

    MUJOCO_GL, when it names one, is the only one tried.

    Returns:
        'egl' or 'osmesa'.

    Raises:
        DependencyError: none does; the message says what to install.
    """
    wanted = os.environ.get('MUJOCO_GL', '').lower()
    failures = []
    for backend in (wanted,) if wanted in BACKENDS else BACKENDS:
        failure = _probe(backend)
        if not failure:
            return backend
        failures.append(f'{backend}: {failure}')
    raise DependencyError(
        'the simulator needs EGL or OSMesa to draw without a screen, and neither works here '
        f'({"; ".join(failures)}). Install one (Debian, Ubuntu: apt install libegl1 '
        'libgl1-mesa-dri, or apt install libosmesa6)')


def _probe(backend: str) -> str:
    """Draw once in another process; '' when that worked, otherwise why not."""
    environment = {**os.environ, 'MUJOCO_GL': backend, 'PYOPENGL_PLATFORM': backend}
    code = 'from spatialclaw_ros.sim.render import _draw_once; _draw_once()'
    try:
        done = subprocess.run(
            [sys.executable, '-c', code], env=environment, cwd=os.sep, capture_output=True,
            text=True, timeout=PROBE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f'no picture after {PROBE_TIMEOUT_S:.0f} s'
    if done.returncode == 0:
        return ''
    last = done.stderr.strip().splitlines()[-1:] or ['no message']
    return f'exit {done.returncode}, {last[0][:200]}'


def _draw_once() -> None:
    """Draw a ball with the backend that MUJOCO_GL names; raises when nothing is drawn."""
    model = mujoco.MjModel.from_xml_string(
        '<mujoco><worldbody><geom type="sphere" size="0.2"/></worldbody></mujoco>')
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    canvas = Canvas(model, os.environ['MUJOCO_GL'], 64, 64)
    color, depth_m = canvas.draw(data, -1)
    canvas.close()
    if color.max() == 0 or not np.isfinite(depth_m).any():
        raise DependencyError('the picture stayed black')


class Canvas:
    """An OpenGL context, its off-screen buffer and one pass for both; one thread only."""

    def __init__(self, model: mujoco.MjModel, backend: str, width: int, height: int) -> None:
        os.environ.setdefault('PYOPENGL_PLATFORM', backend)
        self._model = model
        self._gl = importlib.import_module(f'mujoco.{backend}').GLContext(width, height)
        self._gl.make_current()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mujoco.MjvScene(model, MAX_GEOMS)
        self._option = mujoco.MjvOption()
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._color = np.empty((height, width, 3), np.uint8)
        self._depth = np.empty((height, width), np.float32)

    def draw(self, data: mujoco.MjData, camera_id: int) -> tuple[np.ndarray, np.ndarray]:
        """Colour (H, W, 3) uint8 and depth (H, W) float32 metres, NaN where nothing is."""
        self._update(data, camera_id)
        mujoco.mjr_render(self._rect, self._scene, self._context)
        mujoco.mjr_readPixels(self._color, self._depth, self._rect, self._context)
        return cv2.GaussianBlur(np.flipud(self._color), (3, 3), LENS_BLUR_PX), self._metres()

    def draw_ids(self, data: mujoco.MjData, camera_id: int) -> np.ndarray:
        """Which geom each pixel shows, (H, W) int32: MuJoCo's number, -1 for none."""
        self._update(data, camera_id)
        flags = self._scene.flags
        usual = flags.copy()
        flags[:] = 0
        for flag in (mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR,
                     mujoco.mjtRndFlag.mjRND_CULL_FACE):
            flags[flag] = 1
        try:
            mujoco.mjr_render(self._rect, self._scene, self._context)
        finally:
            flags[:] = usual
        mujoco.mjr_readPixels(self._color, None, self._rect, self._context)
        # MuJoCo paints a geom's place in the drawn scene, counted from 1, as a colour: red is low.
        red, green = (np.flipud(self._color[..., band]) for band in (0, 1))
        place = red | green.astype(np.uint16) << 8
        ids = np.full(MAX_GEOMS + 1, -1, np.int32)
        for geom in self._scene.geoms[:self._scene.ngeom]:
            if geom.objtype == mujoco.mjtObj.mjOBJ_GEOM and geom.segid >= 0:
                ids[geom.segid + 1] = geom.objid
        return ids[place]

    def _update(self, data: mujoco.MjData, camera_id: int) -> None:
        """Take the scene as it is now, from a camera (-1: the free one), and be current."""
        camera = mujoco.MjvCamera()
        if camera_id >= 0:
            camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
            camera.fixedcamid = camera_id
        else:
            mujoco.mjv_defaultFreeCamera(self._model, camera)
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, camera, mujoco.mjtCatBit.mjCAT_ALL,
            self._scene)
        self._gl.make_current()

    def _metres(self) -> np.ndarray:
        """Distance along z from the depth buffer, whose values run from 1 (near) to 0 (far)."""
        extent = self._model.stat.extent
        near = self._model.vis.map.znear * extent
        far = self._model.vis.map.zfar * extent
        value = np.flipud(self._depth).astype(np.float64)
        depth_m = near * far / (near + value * (far - near))
        depth_m[value <= 0.0] = np.nan
        return depth_m.astype(np.float32)

    def close(self) -> None:
        """Give the OpenGL context back."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()


class SceneRenderer:
    """Draws what a camera of the scene sees; use it in the thread that made it.

    Args:
        scene: what to draw.
        camera: name of a camera of the scene.
        width: pixels.
        height: pixels; the field of view is the camera's own.
        depth_noise: factor on a consumer camera's depth noise; 0 for exact depth.
        seed: for the noise.
        backend: 'egl' or 'osmesa', known to work; found out when empty.

    Raises:
        DependencyError: no OpenGL backend works here.
    """

    def __init__(self, scene: Scene, *, camera: str = CAMERA_NAME, width: int = WIDTH,
                 height: int = HEIGHT, depth_noise: float = 0.0, seed: int = 0,
                 backend: str = '') -> None:
        self.scene = scene
        self._camera_id = mujoco.mj_name2id(scene.model, mujoco.mjtObj.mjOBJ_CAMERA, camera)
        if self._camera_id < 0:
            raise ValueError(f'the scene has no camera {camera!r}')
        self._noise = depth_noise
        self._random = np.random.default_rng(seed)
        self._canvas = Canvas(scene.model, backend or find_backend(), width, height)

    def render(self, stamp_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the scene as it is at a stamp.

        Returns:
            Colour (H, W, 3) uint8 RGB, and depth (H, W) float32 metres along z, NaN where the
            camera sees nothing.
        """
        self.scene.move_to(stamp_ns)
        color, depth_m = self._canvas.draw(self.scene.data, self._camera_id)
        if self._noise > 0:
            sigma_m = (self._noise * depth_sigma_m(depth_m)).astype(np.float32)
            depth_m += sigma_m * self._random.standard_normal(depth_m.shape, np.float32)
        return color, depth_m

    def close(self) -> None:
        """Give the OpenGL context back."""
        self._canvas.close()

    def __enter__(self) -> SceneRenderer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
