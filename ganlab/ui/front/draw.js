// A square of the plane to draw points on: data = {points, most, fewest}. A press adds a point, a drag sprays points
// along its path, Erase removes those near it. When the pointer is lifted, the points go to the server as {points}:
// integers in thousandths, x0, y0, x1, y1 ..., each from -2000 to 2000. The server sends points in the same form.

const REACH = 2;
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

const made = root => {
  root.innerHTML = HTML;
  const canvas = root.querySelector("canvas");
  const known = {
    root, canvas, points: [], mode: "draw", undo: [], pending: [], seen: null, stroke: null, at: null,
    data: null, send: null,
  };
  for (const button of root.querySelectorAll("[data-mode]")) {
    button.addEventListener("click", () => { known.mode = button.dataset.mode; show(known); });
  }
  root.querySelector("[data-do=undo]").addEventListener("click", () => {
    known.points = known.undo.pop();
    send(known);
  });
  root.querySelector("[data-do=clear]").addEventListener("click", () => {
    remember(known, known.points);
    known.points = [];
    send(known);
  });
  canvas.addEventListener("pointerdown", event => {
    if (event.button !== 0 || known.stroke) return;
    canvas.setPointerCapture(event.pointerId);
    known.stroke = { id: event.pointerId, before: known.points.slice(), last: place(known, event), rest: 0 };
    if (known.mode === "draw") add(known, known.stroke.last);
    else erase(known, known.stroke.last);
    show(known);
  });
  canvas.addEventListener("pointermove", event => {
    known.at = place(known, event);
    if (known.stroke?.id === event.pointerId) follow(known, known.at);
    show(known);
  });
  canvas.addEventListener("pointerleave", () => { known.at = null; show(known); });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, event => {
      if (known.stroke?.id !== event.pointerId) return;
      const { before } = known.stroke;
      known.stroke = null;
      if (event.pointerType !== "mouse") known.at = null;
      if (before.length !== known.points.length) remember(known, before);
      if (before.length !== known.points.length) send(known);
      else show(known);
    });
  }
  new ResizeObserver(() => known.data && show(known)).observe(canvas);
  memory.set(root, known);
  return known;
};

const place = ({ canvas }, event) => {
  const box = canvas.getBoundingClientRect();
  const scale = 2 * REACH / canvas.clientWidth; // without the border
  return [
    (event.clientX - box.left - canvas.clientLeft) * scale - REACH,
    REACH - (event.clientY - box.top - canvas.clientTop) * scale,
  ];
};

const add = (known, point) => {
  const [x, y] = point.map(value => Math.round(1000 * value));
  if (Math.max(Math.abs(x), Math.abs(y)) > 1000 * REACH || known.points.length >= 2 * known.data.most) return;
  known.points.push(x, y);
};

const erase = (known, [x, y]) => {
  const kept = [];
  for (let i = 0; i < known.points.length; i += 2) {
    const [a, b] = [known.points[i], known.points[i + 1]];
    if (Math.hypot(a / 1000 - x, b / 1000 - y) > RUBBER) kept.push(a, b);
  }
  known.points = kept;
};

const follow = (known, to) => {
  const { stroke } = known;
  const from = stroke.last;
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const spacing = known.mode === "draw" ? SPACING : RUBBER / 2;
  let along = spacing - stroke.rest;
  for (; along <= length; along += spacing) {
    const point = from.map((value, axis) => value + (to[axis] - value) * along / length);
    if (known.mode === "erase") { erase(known, point); continue; }
    const [angle, far] = [2 * Math.PI * Math.random(), SPREAD * Math.sqrt(Math.random())];
    add(known, [point[0] + far * Math.cos(angle), point[1] + far * Math.sin(angle)]);
  }
  stroke.rest = length - (along - spacing);
  stroke.last = to;
};

const remember = (known, points) => {
  known.undo.push(points);
  if (known.undo.length > UNDO) known.undo.shift();
};

const send = known => {
  known.pending.push(known.points.join());
  known.send("drawn", { points: known.points });
  show(known);
};

// Takes the server's points, unless they are an echo of ours: the user may have drawn more by now.
const take = (known, points) => {
  const text = points.join();
  const echo = known.pending.indexOf(text);
  if (echo >= 0) known.pending.splice(0, echo + 1);
  else if (text !== known.seen && !known.stroke) {
    if (known.seen !== null) remember(known, known.points);
    known.points = points.slice();
    known.pending = [];
  }
  known.seen = text;
};

const show = known => {
  const { root, canvas, data, mode } = known;
  const [n, most] = [known.points.length / 2, data.most];
  for (const button of root.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }
  root.querySelector("[data-do=undo]").disabled = known.undo.length === 0;
  root.querySelector("[data-do=clear]").disabled = n === 0;
  const number = n.toLocaleString("en");
  const count = n >= most ? `${number} points, the most there can be`
    : n >= data.fewest ? `${number} points`
    : `${number} of at least ${data.fewest} points`;
  const status = root.querySelector(".count");
  if (status.textContent !== count) status.textContent = count;
  canvas.setAttribute("aria-label", `Your points on the plane from −2 to 2: ${count}. To set them without a pointer, upload a CSV.`);
  paint(known);
};

const paint = known => {
  const { canvas, points } = known;
  const [side, sharp] = [canvas.clientWidth, window.devicePixelRatio || 1];
  if (!side) return;
  if (canvas.width !== Math.round(side * sharp)) canvas.width = canvas.height = Math.round(side * sharp);
  const theme = getComputedStyle(canvas);
  const colour = name => theme.getPropertyValue(`--st-${name}-color`);
  const pen = canvas.getContext("2d");
  const across = value => (value + REACH) / (2 * REACH) * side;
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
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
  if (known.mode === "erase" && known.at) {
    pen.strokeStyle = colour("text");
    pen.beginPath();
    pen.arc(across(known.at[0]), side - across(known.at[1]), RUBBER / (2 * REACH) * side, 0, 2 * Math.PI);
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
  const known = memory.get(root) ?? made(root);
  known.data = data;
  known.send = setTriggerValue;
  take(known, data.points);
  show(known);
}
