// The critic's weights, and what holds it: the clip range as two bounds to pull, in the plot or on the slider below it,
// or the penalty on that slider, with a pointer, a finger or the keyboard; or a sentence. The server sends counts and
// where the axis should end; the browser goes there smoothly, and plays the first clamp under a new range. One message,
// "pulled", is sent when a thumb is released.

import { FOLD, PHASE, drawing, eased, foldInWords, geometry, number, rangeInWords } from "./clamp_scene.js";
import { equip } from "./figure.js";
import { ladder } from "./ladder.js";

const ZOOM = 900;  // milliseconds
const PATIENCE = 4000;  // milliseconds that the browser waits for what it asked for
const still = matchMedia("(prefers-reduced-motion: reduce)");
const widest = range => Math.max(0, ...range.map(Math.abs));
const same = (a, b) => String(a) === String(b);
const roundUp = value => {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find(m => m * power >= value * (1 - 1e-9)) * power;
};

const states = new WeakMap();

const setUp = root => {
  root.innerHTML = `<svg width="100%"><g role="img"></g><g></g></svg><p class="sentence"></p><p class="unseen" aria-live="polite"></p>`;
  const state = {
    root, svg: root.querySelector("svg"), plot: root.querySelector("g"), words: root.querySelector(".sentence"),
    spoken: root.querySelector(".unseen"), preview: null, held: null, hover: null, play: null, foldSeen: null, slowSeen: null,
    limit: 0, top: 0, frame: 0,
  };
  states.set(root, state);
  new ResizeObserver(() => ask(state)).observe(root);
  listen(state);
  return state;
};

// The slider's thumbs and its scale, which stay as long as what they set.
const equipSlider = state => {
  const { data, svg } = state, names = data.thumbs.join();
  if (state.names === names) return;
  svg.lastElementChild.innerHTML = data.thumbs.map(name =>
    `<g class="thumb" role="slider" tabindex="0" aria-label="${name}" aria-orientation="horizontal"><circle class="halo"/><circle class="knob"/></g>`).join("");
  const thumbs = [...svg.querySelectorAll(".thumb")];
  Object.assign(state, { names, thumbs, ladder: ladder(data.rungs, !data.slider), held: null, preview: null });
  thumbs.forEach((thumb, which) => thumb.addEventListener("keydown", event => climb(state, which, event)));
};

// Draw in the next frame.
const ask = state => { state.frame ||= requestAnimationFrame(() => { state.frame = 0; frame(state); }); };

const thumbsAt = state => state.preview ?? state.data.wanted;

// What is asked for if one thumb is moved to `value`.
const pulled = (state, which, value) => {
  if (state.data.slider) return [value];
  const other = thumbsAt(state)[1 - which];
  if (state.data.mirror) return [-Math.abs(value), Math.abs(value)];
  return which ? [other, value] : [value, other];
};

const send = (state, range) => {
  if (range[0] >= range[1]) { state.preview = null; return ask(state); }
  Object.assign(state, { preview: range, previewEnds: performance.now() + PATIENCE });
  state.send("pulled", range);
  ask(state);
};

// Whether a bound would pass 0 or the other bound.
const crosses = (state, which, value) => {
  const { mirror, slider } = state.data, limit = mirror ? 0 : thumbsAt(state)[1 - which];
  return !slider && (which ? value <= limit : value >= limit);
};

const climb = (state, which, event) => {
  const rungs = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 6, PageDown: -6 }[event.key];
  if (!rungs || !state.data.live) return;
  event.preventDefault();
  event.stopPropagation();
  const value = state.ladder.climbed(thumbsAt(state)[which], rungs);
  if (!(state.data.mirror && crosses(state, which, value))) send(state, pulled(state, which, value));
};

const listen = state => {
  const { root, svg } = state;
  const place = event => { const box = svg.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  // Which bound is under the pointer, and on which of the two scales.
  const hit = event => {
    const [x, y] = place(event), g = state.geometry, reach = event.pointerType === "touch" ? 24 : 10;
    if (!g || !state.data.live || !state.thumbs.length) return null;
    const onSlider = y > g.track - 18, at = onSlider ? g.thumbX : g.x;
    if (!onSlider && (y > g.floor + 6 || state.data.slider)) return null;
    const apart = thumbsAt(state).map(weight => Math.abs(at(weight) - x)), which = apart[1] <= apart[0] ? 1 : 0;
    return apart[which] < reach + (onSlider ? 4 : 0) ? { which, onSlider } : null;
  };
  svg.addEventListener("pointermove", event => {
    const [x, y] = place(event), g = state.geometry;
    if (!g) return;
    if (!state.held) {
      svg.style.cursor = hit(event) ? "ew-resize" : "";
      state.hover = event.pointerType !== "touch" && y > g.roof && y < g.floor && g.holds(x) ? x : null;
      return ask(state);
    }
    const { which, onSlider } = state.held;
    const exact = onSlider ? state.ladder.snapped(g.thumbWeightAt(x)) : g.weightAt(x);
    const value = Number(Math.min(state.ladder.max, Math.max(state.ladder.min, exact)).toPrecision(2));
    if (crosses(state, which, value)) return;
    Object.assign(state, { preview: pulled(state, which, value), previewEnds: Infinity });
    ask(state);
  });
  svg.addEventListener("pointerdown", event => {
    const target = hit(event);
    if (!target) return;
    state.held = target;
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    state.thumbs[target.which].focus({ preventScroll: true });
  });
  // With a finger the page may scroll up and down, but not while a thumb is held.
  svg.addEventListener("touchmove", event => { if (state.held) event.preventDefault(); }, { passive: false });
  svg.addEventListener("pointerup", () => {
    if (!state.held) return;
    state.held = null;
    if (state.preview) send(state, state.preview);
  });
  svg.addEventListener("pointercancel", () => { Object.assign(state, { held: null, preview: null }); ask(state); });
  svg.addEventListener("pointerleave", () => { state.hover = null; ask(state); });
  root.addEventListener("climb", ({ detail: rungs }) => {  // every thumb, away from 0 or towards it
    if (!state.data.live) return;
    const sign = value => (state.data.slider ? 1 : Math.sign(value));
    const range = thumbsAt(state).map(value => sign(value) * state.ladder.climbed(Math.abs(value), rungs));
    if (!same(range, thumbsAt(state))) send(state, range);
  });
};

// What the frame shows: a clamp that is played, or else the newest.
const shownIn = (state, now) => {
  const { data, play } = state;
  if (play) {
    const length = play.kind === "fold" ? FOLD : 3 * PHASE, time = now - play.began;
    if (time < length) {
      // Without motion: the end of the fold, and the end of each phase.
      const shownTime = !still.matches ? time : play.kind === "fold" ? FOLD : (Math.floor(time / PHASE) + 1) * PHASE - 1;
      return { kind: play.kind, time: shownTime, clamp: play.clamp, slow: play.slow };
    }
    state.play = null;
  }
  return { kind: null, time: 0, clamp: data.clamp };
};

// The axis goes where it should end, evenly on a logarithmic scale. The y axis never shrinks while the x axis stays.
const moveAxes = (state, shown, now) => {
  const { data, held, preview } = state, bounds = data.slider ? [] : preview ?? data.wanted;
  const pending = !shown.kind && !same(data.wanted, data.clamp.range);
  const goal = Math.max(shown.clamp.limit, held || preview || pending ? 1.2 * widest(bounds) : 0);
  if (state.goal !== goal || state.name !== data.name || state.log !== data.log) {
    Object.assign(state, { from: state.limit || goal, goal, name: data.name, log: data.log, zoomBegan: now, highest: 0 });
  }
  const done = still.matches ? 1 : eased(now, state.zoomBegan, state.zoomBegan + ZOOM);
  state.limit = Math.exp(Math.log(state.from) * (1 - done) + Math.log(goal) * done);
  const bins = Math.max(1, ...shown.clamp.before, ...shown.clamp.after, ...(data.pinned?.before ?? []));
  const posts = Math.max(0, ...shown.clamp.at, ...(data.pinned?.at ?? []));
  const needed = shown.kind === "fold" ? 1.6 * bins : 1.12 * (posts > 4 * bins ? 1.5 * bins : Math.max(bins, posts));
  state.highest = shown.kind === "fold" ? roundUp(needed) : Math.max(state.highest, roundUp(needed * (data.log ? 2.5 : 1)));
  const near = !state.top || Math.abs(Math.log(state.highest / state.top)) < 0.004;
  state.top = near || still.matches ? state.highest : state.top * (state.highest / state.top) ** 0.16;
  return done === 1 && state.top === state.highest;
};

const frame = state => {
  const { data, root } = state, now = performance.now();
  if (!root.clientWidth) return;
  if (state.preview && now > state.previewEnds) state.preview = null;
  const shown = shownIn(state, now), settled = moveAxes(state, shown, now);
  const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;
  const { limit, top } = state;
  const g = (state.geometry = geometry({ width: root.clientWidth, height: root.clientHeight, unit, limit, top, log: data.log, ladder: state.ladder }));
  const pending = data.slider || !data.wanted.length || !data.clamp.range.length
    ? data.next : !same(data.wanted, data.clamp.range) && rangeInWords(data.wanted);
  const next = !state.preview && !shown.kind && pending;
  const ghost = data.change && data.change.left > (now - state.received) / 1000 ? data.change.former : null;
  state.plot.innerHTML = drawing({
    clamp: shown.clamp, slow: shown.slow, play: shown.kind, time: shown.time, former: data.change?.former, ghost, next,
    live: data.live, pinned: data.pinned, preview: state.preview, held: state.held, hover: state.hover,
    range: shown.kind || data.slider ? shown.clamp.range : state.preview ?? data.clamp.range, thumbs: thumbsAt(state),
    slider: data.slider, free: data.free, unit: data.unit, note: data.note,
  }, g);
  state.svg.setAttribute("height", root.clientHeight);
  state.thumbs.forEach((thumb, i) => {
    const value = thumbsAt(state)[i];
    thumb.querySelectorAll("circle").forEach(circle => {
      const radius = circle.classList.contains("halo") ? 13 : 7.5;
      for (const [name, at] of [["cx", g.thumbX(value)], ["cy", g.track], ["r", radius * unit]]) circle.setAttribute(name, at.toFixed(1));
    });
    const { min, max } = state.ladder;
    const texts = { valuemin: min, valuemax: max, valuenow: value, valuetext: number(value), disabled: !data.live };
    for (const [name, text] of Object.entries(texts)) thumb.setAttribute(`aria-${name}`, text);
  });
  if (shown.kind || !settled || state.held || state.preview) ask(state);
};

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl-clamp");
  root.style.height = `${data.height}px`;
  const state = states.get(root) ?? setUp(root), now = performance.now();
  Object.assign(state, { data, received: now, send: setTriggerValue });
  equipSlider(state);
  if (state.words.textContent !== data.sentence) state.words.textContent = data.sentence;
  state.plot.setAttribute("aria-label", data.alt);
  equip(root.parentElement, data);
  if (state.preview && !state.held && same(data.wanted, state.preview)) state.preview = null;
  const { change, slow } = data;
  if (change?.fold && change.id !== state.foldSeen) {
    state.foldSeen = change.id;
    if (change.left > 0) {
      Object.assign(state, { play: { kind: "fold", began: now, clamp: change.fold }, preview: state.held ? state.preview : null });
      state.spoken.textContent = foldInWords(change.fold);
    }
  }
  if (slow && slow.id !== state.slowSeen) {
    state.slowSeen = slow.id;
    state.play = { kind: "slow", began: now, clamp: data.clamp, slow };
  }
  ask(state);
}
