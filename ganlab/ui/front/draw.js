// A square of the plane to draw points on: data = {points, fewest, most}. A press adds a point, a drag sprays points
// along its path, and Erase removes those near the pointer. When it is lifted, the points go to the server as {points}:
// x0, y0, x1, y1 ... in whole thousandths, each from -2000 to 2000. The server sends points in the same form.

import { equip } from "./figure.js";

const REACH = 2; // the plane goes from -REACH to REACH
const SPACING = 0.022; // between sprayed points along the path
const SPREAD = 0.05; // largest distance from the path
const RUBBER = 0.13; // radius of the eraser
const UNDO = 60; // strokes that can be undone
const HTML = `<div class="tools"><div class="modes" role="group" aria-label="What the pointer does">
  <button type="button" data-mode="draw">Draw</button><button type="button" data-mode="erase">Erase</button></div>
  <button type="button" data-do="undo">Undo</button>
  <button type="button" data-do="clear">Clear</button></div>
  <canvas role="img"></canvas><div class="count" role="status"></div>`;

const memory = new WeakMap();

const create = root => {
  root.innerHTML = HTML;
  const canvas = root.querySelector("canvas");
  const state = {
    root, canvas, points: [], mode: "draw", undo: [], pending: [], received: null, stroke: null, pointer: null,
    data: null, send: null,
  };
  for (const button of root.querySelectorAll("[data-mode]")) {
    button.addEventListener("click", () => { state.mode = button.dataset.mode; show(state); });
  }
  root.querySelector("[data-do=undo]").addEventListener("click", () => {
    state.points = state.undo.pop();
    send(state);
  });
  root.querySelector("[data-do=clear]").addEventListener("click", () => {
    remember(state, state.points);
    state.points = [];
    send(state);
  });
  canvas.addEventListener("pointerdown", event => {
    if (event.button !== 0 || state.stroke) return;
    canvas.setPointerCapture(event.pointerId);
    state.stroke = { id: event.pointerId, before: state.points.slice(), last: planePoint(state, event), rest: 0 };
    if (state.mode === "draw") add(state, state.stroke.last);
    else erase(state, state.stroke.last);
    show(state);
  });
  canvas.addEventListener("pointermove", event => {
    state.pointer = planePoint(state, event);
    if (state.stroke?.id === event.pointerId) follow(state, state.pointer);
    show(state);
  });
  canvas.addEventListener("pointerleave", () => { state.pointer = null; show(state); });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, event => {
      if (state.stroke?.id !== event.pointerId) return;
      const { before } = state.stroke;
      state.stroke = null;
      if (event.pointerType !== "mouse") state.pointer = null;
      if (before.length === state.points.length) show(state);
      else {
        remember(state, before);
        send(state);
      }
    });
  }
  new ResizeObserver(() => state.data && show(state)).observe(canvas);
  memory.set(root, state);
  return state;
};

const planePoint = ({ canvas }, event) => {
  const box = canvas.getBoundingClientRect();
  const scale = 2 * REACH / canvas.clientWidth; // without the border
  return [
    (event.clientX - box.left - canvas.clientLeft) * scale - REACH,
    REACH - (event.clientY - box.top - canvas.clientTop) * scale,
  ];
};

const add = (state, point) => {
  const [x, y] = point.map(value => Math.round(1000 * value));
  if (Math.max(Math.abs(x), Math.abs(y)) > 1000 * REACH || state.points.length >= 2 * state.data.most) return;
  state.points.push(x, y);
};

const erase = (state, [x, y]) => {
  const kept = [];
  for (let i = 0; i < state.points.length; i += 2) {
    const [a, b] = [state.points[i], state.points[i + 1]];
    if (Math.hypot(a / 1000 - x, b / 1000 - y) > RUBBER) kept.push(a, b);
  }
  state.points = kept;
};

const follow = (state, to) => {
  const { stroke } = state;
  const from = stroke.last;
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const spacing = state.mode === "draw" ? SPACING : RUBBER / 2;
  let along = spacing - stroke.rest;
  for (; along <= length; along += spacing) {
    const point = from.map((value, axis) => value + (to[axis] - value) * along / length);
    if (state.mode === "erase") { erase(state, point); continue; }
    const [angle, far] = [2 * Math.PI * Math.random(), SPREAD * Math.sqrt(Math.random())];
    add(state, [point[0] + far * Math.cos(angle), point[1] + far * Math.sin(angle)]);
  }
  stroke.rest = length - (along - spacing);
  stroke.last = to;
};

const remember = (state, points) => {
  state.undo.push(points);
  if (state.undo.length > UNDO) state.undo.shift();
};

const send = state => {
  state.pending.push(state.points.join());
  state.send("drawn", { points: state.points });
  show(state);
};

// Takes over the server's points, unless they echo ours: the user may have drawn more since.
const receive = (state, points) => {
  const text = points.join();
  const echo = state.pending.indexOf(text);
  if (echo >= 0) state.pending.splice(0, echo + 1);
  else if (text !== state.received && !state.stroke) {
    if (state.received !== null) remember(state, state.points);
    state.points = points.slice();
    state.pending = [];
  }
  state.received = text;
};

const show = state => {
  const { root, canvas, data, mode } = state;
  const [n, most] = [state.points.length / 2, data.most];
  for (const button of root.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }
  root.querySelector("[data-do=undo]").disabled = state.undo.length === 0;
  root.querySelector("[data-do=clear]").disabled = n === 0;
  const number = n.toLocaleString("en");
  const count = n >= most ? `${number} points, the maximum`
    : n >= data.fewest ? `${number} points`
    : `${number} of at least ${data.fewest} points`;
  const status = root.querySelector(".count");
  if (status.textContent !== count) status.textContent = count;
  canvas.setAttribute("aria-label", `Your points on the plane from −2 to 2: ${count}. To set them without a pointer, upload a CSV.`);
  paint(state);
};

const paint = state => {
  const { canvas, points } = state;
  const [side, pixelRatio] = [canvas.clientWidth, window.devicePixelRatio || 1];
  if (!side) return;
  if (canvas.width !== Math.round(side * pixelRatio)) canvas.width = canvas.height = Math.round(side * pixelRatio);
  const theme = getComputedStyle(canvas);
  const colour = name => theme.getPropertyValue(`--st-${name}-color`);
  const pen = canvas.getContext("2d");
  const across = value => (value + REACH) / (2 * REACH) * side;
  pen.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  pen.clearRect(0, 0, side, side);
  axes(pen, side, across, colour, theme.fontFamily);
  pen.fillStyle = colour("gray");
  pen.globalAlpha = 0.8;
  for (let i = 0; i < points.length; i += 2) {
    pen.beginPath();
    pen.arc(across(points[i] / 1000), side - across(points[i + 1] / 1000), 2.1, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.globalAlpha = 1;
  if (state.mode === "erase" && state.pointer) {
    pen.strokeStyle = colour("text");
    pen.beginPath();
    pen.arc(across(state.pointer[0]), side - across(state.pointer[1]), RUBBER / (2 * REACH) * side, 0, 2 * Math.PI);
    pen.stroke();
  }
};

const axes = (pen, side, across, colour, font) => {
  pen.strokeStyle = colour("border");
  pen.fillStyle = colour("gray");
  pen.lineWidth = 1;
  pen.font = `11px ${font}`;
  for (const tick of [-1, 0, 1]) {
    const at = Math.round(across(tick)) + 0.5;
    const whole = tick === 0 ? side : 5;
    for (const [x, y, dx, dy] of [[at, side, 0, -whole], [0, Math.round(side - across(tick)) + 0.5, whole, 0]]) {
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + dx, y + dy);
      pen.stroke();
    }
  }
  for (const tick of [-2, -1, 0, 1, 2]) { // beside the axes and inside the square
    const label = String(tick).replace("-", "−");
    pen.textAlign = { "-2": "left", 0: "left", 2: "right" }[tick] ?? "center";
    pen.fillText(label, across(tick) + ({ "-2": 8, 0: 5, 2: -6 }[tick] ?? 0), side - 8);
    pen.textAlign = "left";
    if (tick > -2) pen.fillText(label, 8, side - across(tick) + ({ 0: -5, 2: 15 }[tick] ?? 4));
  }
};

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl-draw");
  const state = memory.get(root) ?? create(root);
  state.data = data;
  state.send = setTriggerValue;
  receive(state, data.points);
  show(state);
  equip(root.parentElement, data);
}
