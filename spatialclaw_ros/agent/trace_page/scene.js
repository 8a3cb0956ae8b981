// Copyright 2026 The spatialclaw_ros authors
// SPDX-License-Identifier: Apache-2.0

function unpacked(text, Kind) {
  const raw = atob(text || '');
  const data = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) data[i] = raw.charCodeAt(i);
  return new Kind(data.buffer);
}

const sub = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const plus = (a, b, s = 1) => [a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0]];
const norm = (a) => Math.hypot(a[0], a[1], a[2]);
const finite = (a) => Array.isArray(a) && a.length === 3 && a.every(Number.isFinite);

function metres(length) {
  return length < 0.1 ? `${Number((100 * length).toPrecision(3))} cm`
    : `${Number(length.toPrecision(3))} m`;
}

function rgb(text) {
  return text.match(/\d+/g).slice(0, 3).map(Number);
}

// Corners of an oriented box; bit k of a corner's number is its side along axis k.
function corners(item) {
  if (!finite(item.center) || !finite(item.size)) return [];
  return [...Array(8).keys()].map((n) => [0, 1, 2].reduce((at, k) => plus(
    at, item.rotation.map((row) => row[k]), ((n >> k) & 1 ? 0.5 : -0.5) * item.size[k]),
  item.center));
}

const FOCAL = 1.1;
// of x, y and z, as RViz has them
const AXES = [['x', '#e5484d'], ['y', '#3fa34d'], ['z', '#3b82f6']];

// An eye that turns around a point: z is up, yaw and pitch in radians, metres.
class Eye {
  constructor(target, distance, yaw, pitch) {
    Object.assign(this, {target, distance, yaw, pitch});
    this.first = {target, distance, yaw, pitch};
  }

  reset() { Object.assign(this, this.first); }

  turn(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.min(1.55, Math.max(-1.55, this.pitch + pitch));
  }

  zoom(factor) {
    this.distance = Math.min(100 * this.first.distance,
      Math.max(0.02 * this.first.distance, this.distance * factor));
  }

  // Directions of the picture in the world: to the eye, to the right, upwards.
  directions() {
    const back = [Math.cos(this.pitch) * Math.cos(this.yaw),
      Math.cos(this.pitch) * Math.sin(this.yaw), Math.sin(this.pitch)];
    const right = [-Math.sin(this.yaw), Math.cos(this.yaw), 0];
    return [back, right, cross(back, right)];
  }

  // Pixels of a metre as far away as the target.
  pixels(width, height) {
    return FOCAL * Math.min(width, height) / this.distance;
  }

  // Maps a world point to [x, y, depth] in pixels of a picture; depth below 0 is behind the eye.
  projector(width, height) {
    const [back, right, up] = this.directions();
    const eye = plus(this.target, back, this.distance);
    const focal = FOCAL * Math.min(width, height);
    return (x, y, z) => {
      const to = [x - eye[0], y - eye[1], z - eye[2]];
      const depth = -dot(to, back);
      const scale = focal / Math.max(depth, 1e-6);
      return [width / 2 + scale * dot(to, right), height / 2 - scale * dot(to, up), depth];
    };
  }
}

// Where to look from: on the cameras' side, everything that matters in view.
function chooseEye(data, scenePoints) {
  const shown = [...data.points.filter(finite)];
  for (const item of data.objects) shown.push(...corners(item));
  if (!shown.length) {
    for (let i = 0; i < scenePoints.length; i += 30 * 3) {
      shown.push([scenePoints[i], scenePoints[i + 1], scenePoints[i + 2]]);
    }
  }
  if (!shown.length) shown.push([0, 0, 0], [1, 0, 0]);
  const target = [0, 1, 2].map((k) => {
    const along = shown.map((p) => p[k]).sort((a, b) => a - b);
    return (along[Math.floor(along.length * 0.03)] + along[Math.floor(along.length * 0.97)]) / 2;
  });
  const reach = shown.map((p) => norm(sub(p, target))).sort((a, b) => a - b);
  const distance = Math.max(0.3, 2.8 * reach[Math.floor(reach.length * 0.97)]);
  const from = data.cameras.length
    ? sub(data.cameras[0].pose.slice(0, 3).map((row) => row[3]), target) : [-1, -0.6, 0.6];
  return new Eye(target, distance, Math.atan2(from[1], from[0]) + 0.35, 0.5);
}

class SceneView {
  constructor(data, caption) {
    this.data = data;
    this.scene = unpacked(data.scene.points, Float32Array);
    this.colours = unpacked(data.scene.colours, Uint8Array);
    this.clouds = data.objects.map((item) => unpacked(item.points, Float32Array));
    this.hidden = new Set();
    this.showScene = true;
    this.eye = chooseEye(data, this.scene);
    this.caption = caption;
    this.canvas = el('canvas', {
      class: 'scene', tabindex: '0', role: 'img', 'aria-label': this.summary(),
      'aria-keyshortcuts': 'ArrowLeft ArrowRight ArrowUp ArrowDown + - 0'});
    this.pointers = new Map();
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  summary() {
    const {objects, points, cameras} = this.data;
    const names = objects.map((item) => `${item.label} (${counted(item.count, 'point', 'points')})`);
    return `3D view of ${names.join(', ') || 'the scene'}; ${counted(cameras.length, 'camera',
      'cameras')}; ${points.length === 2 ? `two points, ${this.caption} apart`
      : counted(points.length, 'marked point', 'marked points')}. Arrow keys turn it, plus and ` +
      'minus zoom, 0 resets.';
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener('keydown', (event) => {
      const turns = {ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.1],
        ArrowDown: [0, -0.1]};
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (turns[event.key]) this.eye.turn(...turns[event.key]);
      else if (event.key === '+' || event.key === '=') this.eye.zoom(0.85);
      else if (event.key === '-') this.eye.zoom(1 / 0.85);
      else if (event.key === '0') this.eye.reset();
      else return;
      event.preventDefault();
      event.stopPropagation();
      this.draw();
    });
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    for (const name of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener('pointermove', (event) => {
      const before = this.pointers.get(event.pointerId);
      if (!before) return;
      const now = [event.clientX, event.clientY];
      if (this.pointers.size === 1) {
        this.eye.turn(-0.008 * (now[0] - before[0]), 0.008 * (now[1] - before[1]));
      } else {
        const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
        const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
        this.eye.zoom(apart(before) / Math.max(apart(now), 1));
      }
      this.pointers.set(event.pointerId, now);
      this.draw();
    });
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.eye.zoom(Math.exp(0.0012 * event.deltaY));
      this.draw();
    }, {passive: false});
    canvas.addEventListener('dblclick', () => { this.eye.reset(); this.draw(); });
  }

  draw() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, {width, height});
    }
    const paint = this.canvas.getContext('2d', {willReadFrequently: true});
    const project = this.eye.projector(width, height);
    this.drawPoints(paint, project, width, height, ratio);
    const style = getComputedStyle(this.canvas);
    this.drawLines(paint, project, ratio, style.color,
      style.getPropertyValue('--accent').trim() || style.color);
    this.drawAxes(paint, height, ratio);
    this.drawScale(paint, width, height, ratio, style.color);
  }

  // The world's axes, turned as the scene is.
  drawAxes(paint, height, ratio) {
    const [back, right, up] = this.eye.directions();
    const at = [46 * ratio, height - 46 * ratio];
    const ends = AXES.map(([name, colour], k) => ({name, colour, depth: back[k],
      x: at[0] + 30 * ratio * right[k], y: at[1] - 30 * ratio * up[k]}));
    paint.setLineDash([]);
    paint.lineWidth = 2.4 * ratio;
    paint.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    paint.textAlign = 'center';
    for (const end of ends.sort((a, b) => a.depth - b.depth)) {
      paint.strokeStyle = paint.fillStyle = end.colour;
      paint.beginPath();
      paint.moveTo(...at);
      paint.lineTo(end.x, end.y);
      paint.stroke();
      paint.fillText(end.name, end.x + 0.28 * (end.x - at[0]),
        end.y + 0.28 * (end.y - at[1]) + 4 * ratio);
    }
  }

  // How long something is that is as far away as the middle of what is shown.
  drawScale(paint, width, height, ratio, ink) {
    const metre = this.eye.pixels(width, height);
    const least = 50 * ratio / metre;
    const ten = 10 ** Math.floor(Math.log10(least));
    const length = ten * [1, 2, 5, 10].find((n) => n * ten >= least);
    const right = width - 16 * ratio, left = right - length * metre, y = height - 16 * ratio;
    paint.strokeStyle = paint.fillStyle = ink;
    paint.lineWidth = 2 * ratio;
    paint.beginPath();
    paint.moveTo(left, y - 5 * ratio);
    paint.lineTo(left, y);
    paint.lineTo(right, y);
    paint.lineTo(right, y - 5 * ratio);
    paint.stroke();
    paint.font = `${12 * ratio}px system-ui, sans-serif`;
    paint.textAlign = 'right';
    paint.fillText(`${metres(length)} in the middle`, right, y - 9 * ratio);
  }

  // Points with a depth buffer, so that near ones hide far ones.
  drawPoints(paint, project, width, height, ratio) {
    const picture = paint.createImageData(width, height);
    const pixels = new Uint32Array(picture.data.buffer);
    const near = new Float32Array(width * height).fill(Infinity);
    // nearer points are larger, so that surfaces close
    const put = (cloud, metres, colourOf, pull) => {
      for (let i = 0; i + 2 < cloud.length; i += 3) {
        const [x, y, depth] = project(cloud[i], cloud[i + 1], cloud[i + 2]);
        if (depth <= 0.01) continue;
        const colour = colourOf(i);
        const size = Math.min(10 * ratio, Math.max(
          2 * ratio, metres * 1.1 * Math.min(width, height) / depth)) | 0;
        const left = Math.round(x - size / 2), top = Math.round(y - size / 2);
        for (let v = Math.max(top, 0); v < Math.min(top + size, height); v += 1) {
          for (let u = Math.max(left, 0); u < Math.min(left + size, width); u += 1) {
            const at = v * width + u;
            if (depth - pull < near[at]) { near[at] = depth - pull; pixels[at] = colour; }
          }
        }
      }
    };
    const packed = (r, g, b) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
    if (this.showScene) {
      put(this.scene, 0.006, (i) => packed(
        this.colours[i], this.colours[i + 1], this.colours[i + 2]), 0);
    }
    this.data.objects.forEach((item, number) => {
      if (this.hidden.has(number)) return;
      const colour = packed(...rgb(item.colour));
      put(this.clouds[number], 0.0028, () => colour, 0.01);
    });
    paint.putImageData(picture, 0, 0);
  }

  drawLines(paint, project, ratio, ink, accent) {
    const line = (a, b, colour, thick, dash) => {
      const p = project(...a), q = project(...b);
      if (p[2] <= 0.01 || q[2] <= 0.01) return;
      paint.setLineDash(dash || []);
      paint.strokeStyle = colour;
      paint.lineWidth = thick * ratio;
      paint.beginPath();
      paint.moveTo(p[0], p[1]);
      paint.lineTo(q[0], q[1]);
      paint.stroke();
    };
    const taken = [];
    const text = (at, words, colour, lift) => {
      const p = project(...at);
      if (p[2] <= 0.01) return;
      paint.font = `600 ${13 * ratio}px system-ui, sans-serif`;
      paint.textAlign = 'center';
      const wide = paint.measureText(words).width + 12 * ratio;
      let y = p[1] - lift * ratio;
      const hit = () => taken.find((other) => Math.abs(other[1] - y) < 21 * ratio &&
        2 * Math.abs(other[0] - p[0]) < other[2] + wide);
      for (let other = hit(); other; other = hit()) y = other[1] - 21.5 * ratio;
      taken.push([p[0], y, wide]);
      paint.fillStyle = 'rgba(12, 16, 22, 0.82)';
      paint.beginPath();
      paint.rect(p[0] - wide / 2, y - 14 * ratio, wide, 20 * ratio);
      paint.fill();
      paint.fillStyle = colour;
      paint.fillText(words, p[0], y);
    };
    for (const camera of this.data.cameras) this.drawCamera(line, camera, ink);
    this.data.objects.forEach((item, number) => {
      if (this.hidden.has(number)) return;
      const at = corners(item);
      for (let a = 0; a < at.length; a += 1) {
        for (const k of [1, 2, 4]) if (!(a & k)) line(at[a], at[a | k], item.colour, 1.6);
      }
    });
    const marked = this.data.points.filter(finite);
    const size = 0.02 * this.eye.distance;
    if (marked.length === 2) {
      line(marked[0], marked[1], 'rgba(12, 16, 22, 0.85)', 6);
      line(marked[0], marked[1], '#fff', 2.6);
    }
    for (const point of marked.slice(0, 200)) {
      for (const axis of [[1, 0, 0], [0, 1, 0], [0, 0, 1]]) {
        line(plus(point, axis, -size), plus(point, axis, size), accent, 3);
      }
    }
    this.data.objects.forEach((item, number) => {
      const at = corners(item);
      if (this.hidden.has(number) || !at.length) return;
      const top = at.reduce((best, p) => (p[2] > best[2] ? p : best));
      text([item.center[0], item.center[1], top[2]], item.label, item.colour, 10);
    });
    if (marked.length === 2) {
      const middle = plus(marked[0], sub(marked[1], marked[0]), 0.5);
      text(middle, this.caption, '#fff', -22);
    }
  }

  drawCamera(line, camera, ink) {
    const rotate = (v) => camera.pose.slice(0, 3).map((row) => dot(row, v));
    const at = camera.pose.slice(0, 3).map((row) => row[3]);
    const far = 0.09 * this.eye.distance;
    const [left, top, right, bottom] = camera.edges;
    const frame = [[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]].map(
      (v) => plus(at, rotate(v), far));
    frame.forEach((corner, k) => {
      line(at, corner, ink, 1.2);
      line(corner, frame[(k + 1) % 4], ink, 1.2);
    });
  }
}
