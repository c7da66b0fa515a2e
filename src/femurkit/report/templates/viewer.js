"use strict";
// The report's viewer: three linked planes of the CT with the outline of the surfaces, and the
// surfaces in space. Everything it shows is in the page; nothing is fetched. Where the page brings
// niivue (web/src/volume.js), it draws the CT beneath the outlines; else Plane.picture does.

const WINDOWS = { bone: [400, 1500], "soft tissue": [50, 400], wide: [300, 2600] };
const PLANES = [
  // name, axis it is normal to, axes along columns and rows (0 x to the left, 1 y to the back,
  // 2 z to the head), whether rows run upward, letters at its left, right, top and bottom edge
  { name: "axial", axis: 2, across: 0, down: 1, flip: false, letters: "RLAP" },
  { name: "coronal", axis: 1, across: 0, down: 2, flip: true, letters: "RLSI" },
  { name: "sagittal", axis: 0, across: 1, down: 2, flip: true, letters: "APSI" },
];
const COLOURS = { periosteal: "#ff7a33", hollow: "#43b5ff", implant: "#c3f53c" };

async function bytes(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpacked(data) {
  const surfaces = [];
  for (const one of data.surfaces) {
    const [corners, faces, colours] = await Promise.all([one.vertices, one.faces, one.colours].map(bytes));
    const points = Float32Array.from(new Int16Array(corners.buffer), (v) => v * data.unit_mm);
    surfaces.push({ name: one.name, points, faces: new Uint32Array(faces.buffer), colours });
  }
  return { ...data, hu: await bytes(data.hu), surfaces };
}

// Where the plane axis = at (mm, from the stack's corner) cuts a surface, as lines to stroke.
function section(surface, axis, at, draw) {
  const { points: p, faces: f } = surface;
  for (let k = 0; k < f.length; k += 3) {
    const i = [3 * f[k], 3 * f[k + 1], 3 * f[k + 2]];
    const h = [p[i[0] + axis] - at, p[i[1] + axis] - at, p[i[2] + axis] - at];
    if (h[0] >= 0 === h[1] >= 0 && h[1] >= 0 === h[2] >= 0) continue;
    let first = true;
    for (let e = 0; e < 3; e++) {
      const a = e, b = (e + 1) % 3;
      if (h[a] >= 0 === h[b] >= 0) continue;
      const s = h[a] / (h[a] - h[b]);
      draw(first, i[a], i[b], s);
      first = false;
    }
  }
}

class Plane {
  constructor(viewer, plane, figure) {
    Object.assign(this, plane, { viewer, figure });
    this.canvas = figure.querySelector("canvas");
    this.slider = figure.querySelector("input");
    this.told = figure.querySelector("output");
    const { size } = viewer;
    this.scale = Math.max(1, Math.round(420 / Math.max(size[this.across], size[this.down])));
    this.canvas.width = size[this.across] * this.scale;
    this.canvas.height = size[this.down] * this.scale;
    this.scratch = new OffscreenCanvas(size[this.across], size[this.down]);
    this.slider.max = size[this.axis] - 1;
    this.slider.addEventListener("input", () => viewer.go(this.axis, Number(this.slider.value)));
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: 1, ArrowRight: 1, PageUp: 10, ArrowDown: -1, ArrowLeft: -1, PageDown: -10 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      viewer.go(this.axis, viewer.at[this.axis] + step);
    });
    this.canvas.addEventListener("wheel", (event) => {
      if (event.deltaY === 0) return;
      event.preventDefault();
      viewer.go(this.axis, viewer.at[this.axis] + (event.deltaY < 0 ? 1 : -1));
    }, { passive: false });
    const point = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const [left, top] = this.corner(), { zoom } = viewer;
      const column = Math.floor(left + ((event.clientX - box.left) / box.width) * size[this.across] / zoom);
      const row = Math.floor(top + ((event.clientY - box.top) / box.height) * size[this.down] / zoom);
      viewer.go(this.across, column);
      viewer.go(this.down, this.flip ? size[this.down] - 1 - row : row);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      if (event.buttons & 1) point(event);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) point(event);
      else if (event.buttons & 2) viewer.windowBy(event.movementX, event.movementY);
    });
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  // The column and row at the upper left.
  corner() {
    const { size, zoom } = this.viewer, [across, down] = [this.across, this.down].map((axis) => this.viewer.corner(axis));
    return [across, this.flip ? size[this.down] * (1 - 1 / zoom) - down : down];
  }

  // The outlines in this slice, cut again only where the slice has changed.
  sections(column, row) {
    const { at, data } = this.viewer;
    if (this.cut?.slice === at[this.axis]) return this.cut.paths;
    const paths = data.surfaces.map((surface) => {
      const path = new Path2D(), p = surface.points;
      section(surface, this.axis, at[this.axis] * data.step_mm, (first, a, b, s) => {
        const x = p[a + this.across] * (1 - s) + p[b + this.across] * s;
        const y = p[a + this.down] * (1 - s) + p[b + this.down] * s;
        path[first ? "moveTo" : "lineTo"](column(x), row(y));
      });
      return path;
    });
    this.cut = { slice: at[this.axis], paths };
    return paths;
  }

  // The CT in this slice, one pixel a voxel.
  picture() {
    const { size, hu, at, greys } = this.viewer;
    const [w, h] = [size[this.across], size[this.down]];
    const jump = [1, size[0], size[0] * size[1]];
    const image = new ImageData(w, h);
    for (let row = 0; row < h; row++) {
      const y = this.flip ? h - 1 - row : row;
      let from = at[this.axis] * jump[this.axis] + y * jump[this.down];
      for (let column = 0, to = 4 * row * w; column < w; column++, to += 4, from += jump[this.across]) {
        const grey = greys[hu[from]];
        image.data[to] = image.data[to + 1] = image.data[to + 2] = grey;
        image.data[to + 3] = 255;
      }
    }
    this.scratch.getContext("2d").putImageData(image, 0, 0);
    return this.scratch;
  }

  show() {
    const { at, data, size, volume, zoom } = this.viewer;
    const [w, h] = [size[this.across], size[this.down]];
    const pen = this.canvas.getContext("2d"), k = this.scale;
    const [left, top] = this.corner();
    pen.imageSmoothingQuality = "high";
    pen.clearRect(0, 0, w * k, h * k);
    pen.setTransform(zoom, 0, 0, zoom, -left * k * zoom, -top * k * zoom);
    if (!volume) pen.drawImage(this.picture(), 0, 0, w * k, h * k);
    const column = (mm) => (mm / data.step_mm + 0.5) * k;
    const row = (mm) => (this.flip ? h - 0.5 - mm / data.step_mm : mm / data.step_mm + 0.5) * k;
    if (this.viewer.outlines) {
      [...this.sections(column, row).entries()].reverse().forEach(([number, path]) => {
        pen.strokeStyle = COLOURS[data.surfaces[number].name];
        pen.lineWidth = (number ? 1 : 1.6) / zoom;
        pen.stroke(path);
      });
    }
    pen.resetTransform();
    const cross = [column(at[this.across] * data.step_mm) - left * k, row(at[this.down] * data.step_mm) - top * k];
    this.marks(pen, ...cross.map((value) => value * zoom));
    if (this.down === 2) {
      const [low, high] = data.ends_mm.map((mm) => (row(mm - data.corner_mm[2]) - top * k) * zoom);
      this.outside(pen, 0, high);
      this.outside(pen, low, this.canvas.height);
    }
    this.slider.value = at[this.axis];
    const mm = data.corner_mm[this.axis] + at[this.axis] * data.step_mm;
    const told = `${at[this.axis] + 1} of ${size[this.axis]}, at ${mm.toFixed(0)} mm`;
    if (this.told.value === told) return;
    this.told.value = told;
    this.canvas.setAttribute("aria-label",
      `${data.side} femur, ${this.name} CT with outline, ${this.told.value}. Arrow keys change the slice.`);
  }

  marks(pen, x, y) {
    const { width, height } = this.canvas;
    pen.strokeStyle = "rgba(255,255,255,.35)";
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x, 0); pen.lineTo(x, height); pen.moveTo(0, y); pen.lineTo(width, y);
    pen.stroke();
    const letter = Math.round(Math.max(11, width / 24)), edge = letter / 2;
    pen.font = `600 ${letter}px system-ui, sans-serif`;
    pen.fillStyle = "#fff";
    pen.strokeStyle = "#000";
    pen.lineWidth = 3;
    const places = [[edge, height / 2], [width - edge, height / 2], [width / 2, letter + 2], [width / 2, height - edge]];
    places.forEach(([px, py], i) => {
      pen.textAlign = ["left", "right", "center", "center"][i];
      pen.strokeText(this.letters[i], px, py);
      pen.fillText(this.letters[i], px, py);
    });
  }

  // Says of a black band, between two heights of the canvas, that it is no air.
  outside(pen, from, to) {
    const letter = Math.round(Math.max(10, this.canvas.width / 30));
    if (to - from < 1.5 * letter) return;
    pen.font = `${letter}px system-ui, sans-serif`;
    pen.textAlign = "left";
    pen.fillText("outside the scan", letter, (from + to + letter) / 2);
  }
}

class Viewer {
  // volume: niivue on a canvas behind the planes, or null.
  static async on(data, root) {
    const stage = root.querySelector(".planes"), behind = stage.querySelector(".volume");
    let volume = null;
    try {
      volume = await window.femurkitWeb?.Volume.on(behind, data) ?? null;
    } catch { /* no WebGL2: the planes draw for themselves */ }
    stage.classList.toggle("through", volume !== null);
    const viewer = new Viewer(data, root, volume);
    if (volume) {
      const place = () => viewer.place(stage, behind);
      new ResizeObserver(place).observe(stage);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", place);
    }
  }

  constructor(data, root, volume) {
    this.data = data;
    this.volume = volume;
    this.hu = data.hu;
    this.size = data.size;
    this.at = this.size.map((n) => n >> 1);
    this.planes = PLANES.map((plane) => new Plane(this, plane, root.querySelector(`[data-plane=${plane.name}]`)));
    const zoom = root.querySelector("[name=zoom]");
    this.zoom = Number(zoom.value);
    zoom.addEventListener("change", () => { this.zoom = Number(zoom.value); this.show(); });
    root.querySelectorAll("[data-place]").forEach((button) =>
      button.addEventListener("click", () => {
        zoom.value = button.dataset.place === "Joint gap" ? "2" : "1";
        this.zoom = Number(zoom.value);
        this.jump(data.places[button.dataset.place]);
      }));
    const level = root.querySelector("[name=level]"), width = root.querySelector("[name=width]");
    const named = root.querySelector("[name=window]");
    const window_ = () => { this.window(Number(level.value), Number(width.value)); this.show(); };
    this.windowBy = (right, down) => {
      width.value = Number(width.value) + 4 * right;
      level.value = Number(level.value) - 4 * down;
      named.value = "own";
      window_();
    };
    named.addEventListener("change", () => {
      [level.value, width.value] = WINDOWS[named.value] ?? [level.value, width.value];
      window_();
    });
    for (const slider of [level, width]) {
      slider.addEventListener("input", () => { named.value = "own"; window_(); });
    }
    const outlines = document.getElementById("outlines");
    this.outlines = outlines.checked;
    outlines.addEventListener("change", () => { this.outlines = outlines.checked; this.show(); });
    this.window(Number(level.value), Number(width.value));
    this.jump(Object.values(data.places)[0]);
  }

  window(level, width) {
    this.greys = this.data.hu_of_byte.map((hu) => Math.max(0, Math.min(255, (255 * (hu - level + width / 2)) / width)));
    this.volume?.window(level, width);
  }

  // The first voxel shown along an axis: zoomed, the crosshair stays as near the middle as it can.
  corner(axis) {
    const count = this.size[axis], shown = count / this.zoom;
    return Math.max(0, Math.min(count - shown, this.at[axis] + 0.5 - shown / 2));
  }

  // The canvas behind fills the stage, with a tile beneath each plane.
  place(stage, behind) {
    const box = stage.getBoundingClientRect(), sharp = window.devicePixelRatio || 1;
    [behind.width, behind.height] = [box.width, box.height].map((n) => Math.max(1, Math.round(n * sharp)));
    const [, ...page] = getComputedStyle(stage.closest(".card")).backgroundColor.match(/(\d+), (\d+), (\d+)/);
    this.volume.place(page.map((part) => part / 255), Object.fromEntries(this.planes.map(({ name, canvas }) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      return [name, [(left - box.left) / box.width, (top - box.top) / box.height, width / box.width, height / box.height]];
    })));
    this.show();
  }

  go(axis, index) {
    this.at[axis] = Math.max(0, Math.min(this.size[axis] - 1, index));
    this.show();
  }

  jump(mm) {
    mm.forEach((value, axis) => this.go(axis, Math.round((value - this.data.corner_mm[axis]) / this.data.step_mm)));
  }

  // However much is asked for, once a frame is enough.
  show() {
    if (this.due) return;
    this.due = requestAnimationFrame(() => {
      this.due = 0;
      this.volume?.show(this.at, [0, 1, 2].map((axis) => this.corner(axis)), this.zoom);
      this.planes.forEach((plane) => plane.show());
    });
  }
}

const VERTEX = `#version 300 es
in vec3 place, normal, colour;
uniform mat3 turn; uniform vec3 middle; uniform vec2 scale;
out vec3 facing, tint, point;
void main() {
  vec3 at = turn * (place - middle);
  facing = turn * normal; tint = colour; point = at;
  gl_Position = vec4(at.xy * scale, -at.z / 1000.0, 1.0);
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec3 facing, tint, point;
out vec4 seen;
void main() {
  vec3 n = normalize(facing), flat_ = normalize(cross(dFdx(point), dFdy(point)));
  if (dot(n, flat_) < 0.0) flat_ = -flat_;
  if (dot(n, flat_) < 0.8) n = flat_; // a sharp rim, not a round one
  if (!gl_FrontFacing) n = -n;
  float light = 0.28 + 0.62 * max(dot(n, normalize(vec3(-0.3, 0.4, 0.85))), 0.0) + 0.14 * max(n.z, 0.0);
  seen = vec4(tint * light, 1.0);
}`;

class Solid {
  constructor(data, root) {
    this.data = data;
    this.canvas = root.querySelector("canvas");
    this.gl = this.canvas.getContext("webgl2", { preserveDrawingBuffer: true, antialias: true });
    if (!this.gl) {
      root.closest("[data-femur]").classList.add("flat"); // the still pictures take its place
      return;
    }
    this.program = this.link();
    this.models = data.surfaces.map((surface) => this.model(surface));
    this.which = root.querySelector("[name=surface]");
    this.legend = root.querySelector(".scale");
    this.which.addEventListener("change", () => this.show());
    const turns = { left: [0, -15], right: [0, 15], up: [-15, 0], down: [15, 0] };
    root.querySelectorAll("[data-turn]").forEach((button) => button.addEventListener("click", () => {
      const turn = turns[button.dataset.turn];
      turn ? this.turnBy(...turn) : this.reset(button.dataset.turn);
    }));
    root.querySelectorAll("[data-zoom]").forEach((button) =>
      button.addEventListener("click", () => this.zoomBy(Number(button.dataset.zoom))));
    this.listen();
    this.reset("front");
    new ResizeObserver(() => this.show()).observe(this.canvas);
  }

  link() {
    const gl = this.gl, program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    gl.enable(gl.DEPTH_TEST);
    return program;
  }

  model({ points: p, faces: f, colours }) {
    const normals = new Float32Array(p.length);
    for (let k = 0; k < f.length; k += 3) {
      const [a, b, c] = [3 * f[k], 3 * f[k + 1], 3 * f[k + 2]];
      const u = [0, 1, 2].map((i) => p[b + i] - p[a + i]), v = [0, 1, 2].map((i) => p[c + i] - p[a + i]);
      const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      for (const corner of [a, b, c]) for (let i = 0; i < 3; i++) normals[corner + i] += n[i];
    }
    const low = [1e9, 1e9, 1e9], high = [-1e9, -1e9, -1e9];
    for (let k = 0; k < p.length; k++) {
      low[k % 3] = Math.min(low[k % 3], p[k]);
      high[k % 3] = Math.max(high[k % 3], p[k]);
    }
    const bone = new Float32Array(p.length), thick = new Float32Array(p.length);
    for (let k = 0; k < p.length / 3; k++) {
      bone.set([0.93, 0.88, 0.79], 3 * k);
      thick.set(colours.length ? this.data.palette[colours[k]] : [0.93, 0.88, 0.79], 3 * k);
    }
    const middle = low.map((value, i) => (value + high[i]) / 2);
    const reach = Math.hypot(...low.map((value, i) => (high[i] - value) / 2));
    return { count: f.length, middle, reach, buffers: {
      place: this.buffer(p), normal: this.buffer(normals), bone: this.buffer(bone),
      thick: this.buffer(thick), faces: this.buffer(f, this.gl.ELEMENT_ARRAY_BUFFER) } };
  }

  buffer(values, kind = this.gl.ARRAY_BUFFER) {
    const buffer = this.gl.createBuffer();
    this.gl.bindBuffer(kind, buffer);
    this.gl.bufferData(kind, values, this.gl.STATIC_DRAW);
    return buffer;
  }

  listen() {
    const fingers = new Map();
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = [event.clientX, event.clientY];
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) this.zoomBy(Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.hypot(before[0] - other[0], before[1] - other[1]));
      else this.turnBy((now[1] - before[1]) / 2, (now[0] - before[0]) / 2);
      fingers.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
    this.canvas.addEventListener("wheel", (event) => {
      if (event.deltaY === 0) return;
      event.preventDefault();
      this.zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    }, { passive: false });
    this.canvas.addEventListener("keydown", (event) => {
      const turn = { ArrowLeft: [0, -10], ArrowRight: [0, 10], ArrowUp: [-10, 0], ArrowDown: [10, 0] }[event.key];
      const zoom = { "+": 1.2, "=": 1.2, "-": 1 / 1.2 }[event.key];
      if (turn) this.turnBy(...turn);
      else if (zoom) this.zoomBy(zoom);
      else return;
      event.preventDefault();
    });
  }

  reset(name) {
    // rows: LPS directions that point right, up and to the eye
    const lateral = this.data.side === "left" ? 1 : -1;
    const views = {
      front: [1, 0, 0, 0, 0, 1, 0, -1, 0], back: [-1, 0, 0, 0, 0, 1, 0, 1, 0],
      medial: [0, -lateral, 0, 0, 0, 1, -lateral, 0, 0], lateral: [0, lateral, 0, 0, 0, 1, lateral, 0, 0],
    };
    this.turn = views[name];
    this.zoom = 1;
    this.show();
  }

  turnBy(aroundX, aroundY) {
    const [a, b] = [(aroundX * Math.PI) / 180, (aroundY * Math.PI) / 180];
    const x = [1, 0, 0, 0, Math.cos(a), -Math.sin(a), 0, Math.sin(a), Math.cos(a)];
    const y = [Math.cos(b), 0, Math.sin(b), 0, 1, 0, -Math.sin(b), 0, Math.cos(b)];
    const times = (m, n) => m.map((_, k) => [0, 1, 2].reduce((sum, i) => sum + m[3 * Math.floor(k / 3) + i] * n[3 * i + (k % 3)], 0));
    this.turn = times(x, times(y, this.turn));
    this.show();
  }

  zoomBy(factor) {
    this.zoom = Math.max(0.5, Math.min(12, this.zoom * factor));
    this.show();
  }

  show() {
    const gl = this.gl;
    const model = this.models[Math.max(0, this.data.surfaces.findIndex((one) => one.name === this.which.value))];
    const colour = this.which.value === "thickness" ? "thick" : "bone";
    if (this.legend) this.legend.hidden = colour === "bone";
    const sharp = Math.min(2, window.devicePixelRatio || 1) > 1 ? 2 : 1.5;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((n) => Math.max(1, Math.round(sharp * n)));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    for (const [name, buffer] of [["place", "place"], ["normal", "normal"], ["colour", colour]]) {
      const where = gl.getAttribLocation(this.program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, model.buffers[buffer]);
      gl.enableVertexAttribArray(where);
      gl.vertexAttribPointer(where, 3, gl.FLOAT, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, model.buffers.faces);
    const fit = (0.97 * this.zoom) / model.reach, short = Math.min(width, height);
    const at = (name) => gl.getUniformLocation(this.program, name);
    gl.uniformMatrix3fv(at("turn"), true, this.turn);
    gl.uniform3fv(at("middle"), model.middle);
    gl.uniform2f(at("scale"), (fit * short) / width, (fit * short) / height);
    gl.drawElements(gl.TRIANGLES, model.count, gl.UNSIGNED_INT, 0);
  }
}

async function begin() {
  for (const section of document.querySelectorAll("[data-femur]")) {
    const text = section.querySelector("script[type='application/json']");
    if (!text || !("DecompressionStream" in window)) continue;
    const data = await unpacked(JSON.parse(text.textContent));
    section.classList.add("live"); // before the parts: they measure themselves
    try {
      await Viewer.on(data, section);
      new Solid(data, section.querySelector(".solid"));
    } catch (error) {
      section.classList.remove("live"); // the still pictures stay
      console.error(error);
    }
  }
  document.documentElement.dataset.ready = "yes";
}
begin();
