// A plot is a Plotly figure updated in place by Plotly.react: its SVG nodes stay, and so does a zoom.
// Colours arrive as roles, such as "$after 0.4" (a role and an opacity), and are resolved here with the current theme.

import { equip } from "./figure.js";
import { SVG } from "./picture.js";
import { tellPoints } from "./points.js";

// Plotly takes the browser a third of a second to read: the page is shown first.
const pageShown = async () => {
  while (!document.documentElement.classList.contains("drawn")) await new Promise(requestAnimationFrame);
};

let loading;
const plotly = file => {
  if (window.Plotly) return Promise.resolve();
  loading ??= pageShown().then(() => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(file, document.baseURI);
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  }));
  return loading;
};

const themeRoles = element => {
  const theme = getComputedStyle(element);
  const value = name => theme.getPropertyValue(name).trim();
  const [before, after, generator, real, bound, ...runs] = value("--st-chart-categorical-colors").split(",").map(c => c.trim());
  return {
    before, after, generator, real, bound, ...Object.fromEntries(runs.map((c, i) => ["ABCDEFGH"[i], c])),
    text: value("--st-text-color"), muted: value("--st-gray-color"), grid: value("--st-border-color"),
    page: value("--st-background-color"), font: value("--st-font"),
  };
};

const colour = (role, roles) => {
  const [name, opacity] = role.slice(1).split(" ");
  const hex = roles[name];
  if (!opacity) return hex;
  const [r, g, b] = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
  return `rgba(${r},${g},${b},${opacity})`;
};

const bufferOf = text => Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer;

// Unpacks what the server packed as multiples of a unit, in two bytes each; into rows if the shape is two-dimensional.
const unpack = ({ unit, shape, counts }) => {
  const all = Float32Array.from(new Int16Array(bufferOf(counts)), n => n * unit);
  return shape.length < 2 ? all : Array.from({ length: shape[0] }, (_, i) => all.subarray(i * shape[1], (i + 1) * shape[1]));
};

const paint = (value, roles) => {
  if (typeof value === "string") return value[0] === "$" ? colour(value, roles) : value;
  if (Array.isArray(value)) {
    const numbers = typeof value[0] === "number" && typeof value.at(-1) === "number";  // a colour scale has [0, "$page"]
    return numbers ? value : value.map(v => paint(v, roles));
  }
  if (value && typeof value === "object") {
    if (value.counts) return unpack(value);
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, paint(v, roles)]));
  }
  return value;
};

const finger = matchMedia("(pointer: coarse)");  // a finger scrolls the page, also over a plot

const styled = (layout, roles) => {
  const axis = {
    gridcolor: roles.grid, linecolor: roles.grid, zeroline: false, automargin: false,
    tickfont: { color: roles.muted, size: 11.5 }, title: { font: { color: roles.muted, size: 12 } },
  };
  const result = paint(layout, roles);
  for (const key of Object.keys(result)) {
    if (/^[xy]axis/.test(key)) result[key] = { ...axis, ...result[key], title: { ...axis.title, ...result[key].title } };
  }
  return Object.assign(result, {
    dragmode: finger.matches ? false : "zoom", autosize: true, showlegend: false, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", separators: ".,",
    font: { family: roles.font, color: roles.text, size: 12.5 },
    hoverlabel: { bgcolor: roles.page, bordercolor: roles.grid, font: { family: roles.font, color: roles.text, size: 12.5 } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: roles.muted, activecolor: roles.text },
  });
};

// Plots that share a zoom along x, by their `data.linked`.
const linked = new Map();
const linkedTo = (element, { linked: name }) => {
  if (!name) return [];
  if (!linked.has(name)) linked.set(name, new Set());
  const group = linked.get(name).add(element);
  for (const one of group) if (!one.isConnected) group.delete(one);
  return [...group].filter(one => one !== element).map(stateOf);
};

// Per plot: its colours, its axes and traces as drawn (`frame`), its clouds of points, the ranges that the reader zoomed to, the highest y so far on this scale,
// and whether a newer figure waits to be drawn.
const memory = new WeakMap();
const stateOf = element => {
  if (!memory.has(element)) memory.set(element, { zoom: {}, scale: null, top: 0, waiting: false, clouds: [], note: "" });
  return memory.get(element);
};

const watchZoom = (element, state) => {
  element.on("plotly_afterplot", () => drawClouds(element, state));
  element.on("plotly_relayout", change => {
    state.frame = null;
    for (const axis of ["xaxis", "yaxis"]) {
      if (`${axis}.range[0]` in change) state.zoom[axis] = [change[`${axis}.range[0]`], change[`${axis}.range[1]`]];
    }
    if ("xaxis.range[0]" in change) for (const other of linkedTo(element, state)) {
      other.zoom.xaxis = state.zoom.xaxis;
      other.drawNewest();
    }
  });
  // Plotly's own double click would go back to the first figure ever drawn; ours goes to the newest.
  element.on("plotly_doubleclick", () => {
    for (const one of [state, ...linkedTo(element, state)]) {
      one.zoom = {};
      one.drawNewest();
    }
  });
};

// While the scale (`data.scale`) stays the same, a zoom stays and the y axis only ever grows.
const keepRanges = (layout, data, state) => {
  if (state.scale !== data.scale) Object.assign(state, { scale: data.scale, zoom: {}, top: -Infinity });
  if (layout.yaxis.range) {
    state.top = Math.max(state.top, layout.yaxis.range[1]);
    layout.yaxis.range = [layout.yaxis.range[0], state.top];
  }
  for (const [axis, range] of Object.entries(state.zoom)) if (range) layout[axis].range = range;
};

// A plot out of view is not redrawn; its newest figure is drawn just before it comes into view.
const visibility = new IntersectionObserver(entries => {
  for (const { target, isIntersecting } of entries) {
    const state = stateOf(target);
    state.visible = isIntersecting;
    if (isIntersecting && state.waiting) state.drawNewest();
  }
}, { scrollMargin: "100px" });

const MARKS = {  // SVG paths around a point, in pixels
  ring: "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
  dot: "m-2.25 0a2.25 2.25 0 1 0 4.5 0a2.25 2.25 0 1 0-4.5 0",
  cross: "m-2.5-2.5l5 5m-5 0l5-5",
  right: "m-3-3.5v7l6-3.5z",
  left: "m3-3.5v7l-6-3.5z",
  up: "m-3.5 3h7l-3.5-6z",
  down: "m-3.5-3h7l-3.5 6z",
};

const UNSEEN = { type: "scatter", mode: "lines", x: [0], y: [0], hoverinfo: "skip" };  // without a trace Plotly has no axes

const setAttributes = (element, wanted) => {
  for (const [name, value] of Object.entries(wanted)) if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
};

// Clouds of points are drawn here, each as one path below Plotly's lines, with a note above them: Plotly would draw all
// anew, and style every point by itself.
const drawClouds = (element, { clouds, note, roles }) => {
  const above = element.querySelector(".scatterlayer"), { xaxis, yaxis } = element._fullLayout;
  const paths = element.querySelectorAll(".cloud");
  [...paths].slice(clouds.length).forEach(path => path.remove());
  clouds.forEach(({ shape, color, x, y }, i) => {
    const path = paths[i] ?? above.parentElement.insertBefore(document.createElementNS(SVG, "path"), above);
    const [xs, ys] = [x, y].map(values => values.counts ? unpack(values) : new Float32Array(bufferOf(values.bdata)));
    let d = "";
    xs.forEach((value, k) => {
      const [left, top] = [xaxis.l2p(value), yaxis.l2p(ys[k])];
      if (Math.abs(left) < 1e4 && Math.abs(top) < 1e4) d += `M${left.toFixed(1)} ${top.toFixed(1)}${MARKS[shape]}`;
    });
    const paint = colour(color, roles), open = shape === "ring" || shape === "cross";
    setAttributes(path, { class: "cloud", fill: open ? "none" : paint, stroke: open ? paint : "none", "stroke-width": 1.2, d });
  });
  const text = element.querySelector(".note") ?? (note && element.querySelector(".infolayer").appendChild(document.createElementNS(SVG, "text")));
  if (!text) return;
  text.textContent = note;
  setAttributes(text, { class: "note", x: xaxis._offset, y: yaxis._offset - 5, fill: roles.muted, "font-size": 11.5, "font-family": roles.font });
};

const draw = async (element, data) => {
  const state = stateOf(element), { roles } = state;
  Object.assign(state, { waiting: false, clouds: data.clouds ?? [], note: data.note });
  const layout = styled({ ...data.layout, uirevision: data.scale }, roles);
  const traces = paint(data.clouds ? [...data.data, UNSEEN] : data.data, roles);
  keepRanges(layout, data, state);
  const frame = data.clouds && JSON.stringify([layout, traces]);
  if (frame && frame === state.frame) return drawClouds(element, state);
  const config = { displaylogo: false, displayModeBar: false, responsive: true, doubleClick: false };
  await Plotly.react(element, traces, layout, config);
  state.frame = frame;
  if (frame) drawClouds(element, state);
};

let turn = Promise.resolve();  // of the next new plot: one a frame, in the page's order, so that what is in sight comes first

export default async function plot({ parentElement, data, fed }) {
  const element = parentElement.querySelector(".gl-plot");
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", data.alt);
  if (data.data.some(trace => trace.ids)) element.tabIndex = 0;
  element.style.height = `${data.height}px`;
  await plotly(element.dataset.plotly);
  const first = !memory.has(element);
  const state = stateOf(element);
  state.linked = data.linked;
  linkedTo(element, state);
  if (!fed || !state.roles) state.roles = themeRoles(parentElement);  // slow: it makes the browser compute styles
  state.drawNewest = () => parentElement.isConnected && draw(element, data);
  equip(element.parentElement, data, () => {
    state.frame = null;
    state.drawNewest();
  });
  if (first) {
    await (turn = turn.then(() => new Promise(requestAnimationFrame)));
    if (!parentElement.isConnected) return;
    await state.drawNewest();
    watchZoom(element, state);
    tellPoints(element);
    visibility.observe(element);
  } else if (state.visible) {
    await state.drawNewest();
  } else {
    state.waiting = true;
  }
}
