// One frame of the weights as SVG: the histogram on its axis, around a clamp if there is one; the slider below on its
// own scale, and what joins them. Where nothing is clamped, a range is an empty list.
// Pure: the same scene always gives the same text. A scene is made in clamp.js; lengths are in pixels.

const ease = t => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);
export const eased = (time, start, end) => ease(Math.min(1, Math.max(0, (time - start) / (end - start))));

export const number = value => {
  const size = Math.abs(value);
  const text = size === 0 || size >= 1e-6 ? (value + 0).toFixed(7).replace(/\.?0+$/, "") : value.toPrecision(3);
  return text.replace("-", "−");
};
export const rangeInWords = ([low, high]) => (low === -high ? `±${number(high)}` : `${number(low)} to ${number(high)}`);
const whole = n => Math.round(n).toLocaleString("en-US");
const widest = range => Math.max(...range.map(Math.abs));
const ratio = k => (k >= 9.5 ? whole(Number(k.toPrecision(2))) : String(Number(k.toPrecision(2))));
const changeInWords = (former, range) => {
  const k = widest(range) / widest(former);
  return k === 1 ? "" : k < 1 ? `${ratio(1 / k)}× tighter` : `${ratio(k)}× wider`;
};

// Where everything stands: x and y of the plot, and the slider's own scale. `unit` grows with the page's type.
export const geometry = ({ width, height, unit, limit, top, log, ladder }) => {
  const left = 44 * unit, right = width - 8, roof = 34 * unit, floor = height - 92 * unit, track = height - 36 * unit;
  const wide = right - left;
  const share = log ? n => Math.log10(Math.max(n, 0.7) / 0.7) / Math.log10(top / 0.7) : n => n / top;
  return {
    left, right, roof, floor, track, wide, unit, limit, top, log,
    x: weight => left + ((weight + limit) / (2 * limit)) * wide,
    weightAt: x => ((x - left) / wide) * 2 * limit - limit,
    y: n => floor - Math.min(1.02, share(n)) * (floor - roof),
    thumbX: weight => left + ladder.shareOf(weight) * wide,
    thumbWeightAt: x => ladder.weightAtShare((x - left) / wide),
    marks: ladder.marks,
    holds: x => x > left - 1 && x < right + 1,
  };
};

export const edgesOf = clamp => clamp.edges ?? Array.from(clamp.before, (_, i) => clamp.x0 + i * clamp.dx).concat(
  clamp.x0 + clamp.before.length * clamp.dx);
const slack = edges => (edges[1] - edges[0]) * 1e-3;  // bounds are rounded to the weights' 32 bits, edges printed short
const insideOf = ([low = -Infinity, high = Infinity], edges) => (a, b) => a >= low - slack(edges) && b <= high + slack(edges);

const line = (name, x1, y1, x2, y2) => `<path class="${name}" d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}"/>`;
const text = (name, x, y, content, anchor = "start") =>
  `<text class="${name}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
const bold = content => `<tspan class="b">${content}</tspan>`;

// Bins as steps from the floor, only those that `keep(from, to)` wants.
const steps = (g, edges, counts, keep = () => true) => {
  let path = "", open = false;
  counts.forEach((count, i) => {
    const [a, b] = [g.x(edges[i]), g.x(edges[i + 1])];
    if (b <= g.left || a >= g.right || !keep(edges[i], edges[i + 1])) {
      path += open ? `V${g.floor}` : "";
      open = false;
      return;
    }
    if (!open) path += `M${Math.max(a, g.left).toFixed(1)} ${g.floor}`;
    path += `V${g.y(count).toFixed(1)}H${Math.min(b, g.right).toFixed(1)}`;
    open = true;
  });
  return path + (open ? `V${g.floor}` : "");
};
const bins = (name, ...what) => `<path class="${name}" d="${steps(...what)}"/>`;

// What the clamp empties, in grey.
const zones = (g, [low, high]) => {
  if (low === undefined) return "";
  const at = weight => Math.min(g.right, Math.max(g.left, g.x(weight)));
  const zone = (a, b) => (b > a ? `<path class="zone" d="M${a.toFixed(1)} ${g.roof}H${b.toFixed(1)}V${g.floor}H${a.toFixed(1)}Z"/>` : "");
  return zone(g.left, at(low)) + zone(at(high), g.right);
};

const axes = g => {
  const out = [];
  const label = n => (n >= 1000 ? `${n / 1000}k` : n);
  const heights = [];
  if (g.log) {
    for (let n = 1; n <= g.top; n *= 10) heights.push(n);
  } else {
    const step = [1, 2, 5, 10].map(m => m * 10 ** Math.floor(Math.log10(g.top / 3))).find(n => g.top / n <= 4.2) ?? g.top;
    for (let n = 0; n <= g.top * 1.001; n += step) heights.push(n);
  }
  for (const n of heights) out.push(line("grid", g.left, g.y(n), g.right, g.y(n)), text("tick", g.left - 6, g.y(n) + 4 * g.unit, label(n), "end"));
  const rough = g.limit / 3, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(m => m * power).find(width => width >= rough * 0.8);
  for (let i = -Math.floor(g.limit / step); i * step <= g.limit; i++) {
    if (Math.abs(i * step) < g.limit * 0.97) {
      out.push(text("tick", g.x(i * step), g.floor + 15 * g.unit, number(Number((i * step).toPrecision(6))), "middle"));
    }
  }
  return out.join("");
};

// A post is what lies exactly on a bound. One that is too high for the axis is cut; its count is always exact.
const post = (g, weight, count, label, side, edges, counts) => {
  const x = g.x(weight);
  if (count < 0.5 || !g.holds(x)) return "";
  const width = Math.max(5, Math.min(9, g.x(edges[1]) - g.x(edges[0]))) * g.unit;
  const cut = count > g.top * 1.01, y = Math.max(g.y(count), g.roof);
  let out = `<rect class="post" x="${(x - width / 2).toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${(g.floor - y).toFixed(1)}"/>`;
  if (cut) out += [11, 16].map(down => line("cut", x - width, g.roof + down, x + width, g.roof + down - 6)).join("");
  if (label === false) return out;
  // the label stands above the bins beside the post
  const beside = counts.filter((_, i) => (side > 0 ? edges[i] >= weight && g.x(edges[i]) < x + 92 * g.unit : edges[i + 1] <= weight && g.x(edges[i + 1]) > x - 92 * g.unit));
  const free = g.y(Math.max(0, ...beside)) - 5 * g.unit;
  const labelY = cut ? g.roof + 26 * g.unit : Math.max(g.roof + 13 * g.unit, Math.min(y + 12 * g.unit, free));
  return out + text("at", x + side * 9 * g.unit, labelY, `${bold(whole(count))} ${label}`, side > 0 ? "start" : "end");
};

// Inside the bounds; beside them where these are close; with little room on both sides, only the counts.
const posts = (g, { range, before }, counts, edges, labelled = true) => {
  const [left, right] = range.map(g.x), close = right - left < 230 * g.unit;
  const beside = close && Math.min(left - g.left, g.right - right) > 100 * g.unit, words = close && !beside ? ["", ""] : ["at low", "at high"];
  return words.map((word, i) => post(g, range[i], counts[i], labelled && word, (i === 0) === beside ? -1 : 1, edges, before)).join("");
};

const pinnedLines = (g, pinned, clamp) => {
  const edges = edgesOf(pinned), own = edgesOf(clamp), scale = (own[1] - own[0]) / (edges[1] - edges[0]);
  const width = 7 * g.unit;
  const bars = pinned.range.map((bound, i) => {
    const y = Math.max(g.y(pinned.at[i]), g.roof);
    return g.holds(g.x(bound)) ? `<rect class="pinnedpost" x="${(g.x(bound) - width / 2).toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${(g.floor - y).toFixed(1)}"/>` : "";
  });
  return bins("pinned", g, edges, pinned.before.map(n => n * scale)) + bars.join("");
};

const standing = ({ clamp, pinned, preview, held }, g) => {
  const edges = edgesOf(clamp);
  const also = pinned ? pinnedLines(g, pinned, clamp) : "";
  if (!clamp.range.length) return bins("before", g, edges, clamp.before) + also;
  return [
    bins("after", g, edges, clamp.after, insideOf(clamp.range, edges)),
    bins("before", g, edges, clamp.before),
    preview && held ? bins("wing", g, edges, clamp.after, (a, b) => b <= preview[0] + slack(edges) || a >= preview[1] - slack(edges)) : "",
    also,
    posts(g, clamp, clamp.at, edges, !held),
  ].join("");
};

// What lies outside glides onto the bound: `done` from 0 to 1.
const gliding = (g, edges, counts, [low, high], done) => {
  const inside = insideOf([low, high], edges);
  let path = "";
  counts.forEach((count, i) => {
    if (count < 0.5 || inside(edges[i], edges[i + 1])) return;
    const middle = (edges[i] + edges[i + 1]) / 2, goal = middle < low ? low : high;
    const x = g.x(middle + (goal - middle) * done), half = (g.x(edges[i + 1]) - g.x(edges[i])) / 2;
    if (g.holds(x)) path += `M${(x - half).toFixed(1)} ${g.floor}V${g.y(count).toFixed(1)}h${(2 * half).toFixed(1)}V${g.floor}`;
  });
  return `<path class="wing" d="${path}"/>`;
};

const mixed = (from, to, done) => from.map((value, i) => value + (to[i] - value) * done);

// The first clamp under a new range, in FOLD milliseconds.
export const FOLD = 2600;
const fold = ({ clamp, former, time }, g) => {
  const edges = edgesOf(clamp), done = eased(time, 350, 1250), inside = insideOf(clamp.range, edges);
  return [
    `<g opacity="${(0.4 + 0.6 * done).toFixed(2)}">${bins("after", g, edges, clamp.before, inside)}</g>`,
    done < 1 ? gliding(g, edges, clamp.before, clamp.range, done) : "",
    bins("before", g, edges, clamp.before, done > 0 ? inside : undefined),
    posts(g, clamp, mixed(clamp.at_before, clamp.at, done), edges, done === 1),
    ruleLines(g, former ? mixed(former, clamp.range, eased(time, 0, 350)) : clamp.range, "rule"),
  ].join("");
};
export const foldInWords = ({ moved, range }) =>
  (moved ? `${whole(moved)} weights moved by one clamp` : `No weight was outside ${rangeInWords(range)}`);

// One critic update in three phases of PHASE milliseconds: the gradient, the clamp, the count of what was moved.
export const PHASE = 1250;
const slow = ({ clamp, slow: { start, at, dots }, time }, g) => {
  const clamps = clamp.range.length > 0;
  const edges = edgesOf(clamp), moved = eased(time, 0, 1000), done = clamps ? eased(time, PHASE, PHASE + 900) : 0;
  const inside = insideOf(clamp.range, edges), before = mixed(start, clamp.before, moved);
  const held = mixed(mixed(at, clamp.at_before, moved), clamp.at, done);
  const circles = dots[0].map((from, i) => {
    const weight = from + (dots[1][i] - from) * moved + (dots[2][i] - dots[1][i]) * done;
    const x = g.x(weight), bin = edges.findIndex(edge => edge > weight) - 1;
    if (!g.holds(x)) return "";
    const room = Math.max(10, g.floor - g.y(Math.max(before[Math.max(0, bin)] ?? 0, g.top * 0.12)) - 8);
    const outside = weight < clamp.range[0] - slack(edges) || weight > clamp.range[1] + slack(edges);
    const name = outside ? "dot out" : done === 1 && dots[1][i] !== dots[2][i] ? "dot on" : "dot";
    return `<circle class="${name}" cx="${x.toFixed(1)}" cy="${(g.floor - 4 - ((i * 0.618034) % 1) * room).toFixed(1)}" r="${name === "dot" ? 2 : 3}"/>`;
  });
  return [
    clamps ? bins("after", g, edges, before, inside) : "",
    clamps && done < 1 ? gliding(g, edges, before, clamp.range, done) : "",
    bins("before", g, edges, before, done > 0 ? inside : undefined),
    clamps ? posts(g, clamp, held, edges, done === 1 && g.wide > 420 * g.unit) : "",
    ruleLines(g, clamp.range, "rule"),
    ...circles,
  ].join("");
};
const slowInWords = ({ clamp: { moved, range }, slow: { number: count }, time }) => {
  const phases = range.length
    ? ["2 · The clamp moves what is outside onto the bound", `3 · ${whole(moved)} ${moved === 1 ? "weight was" : "weights were"} moved. The next update starts here`]
    : ["2 · Nothing is clamped. The next update starts here"];
  phases.unshift(`1 · The gradient moves every weight a little. Update ${count} of ${count}`);
  return phases[Math.min(phases.length - 1, Math.floor(time / PHASE))];
};

const ruleLines = (g, range, name) => range.map(weight => (g.holds(g.x(weight)) ? line(name, g.x(weight), g.roof, g.x(weight), g.floor) : "")).join("");

// The funnel shows where the axis lies on the slider's scale; each rule runs on through it into its thumb.
const funnel = (g, rules, thumbs, next) => {
  const foot = g.floor + 20 * g.unit;
  const joined = (name, weights) => weights.map(weight => (g.holds(g.x(weight)) ? line(name, g.x(weight), foot, g.thumbX(weight), g.track) : "")).join("");
  const [a, b] = [g.thumbX(-g.limit), g.thumbX(g.limit)];
  return `<path class="funnel" d="M${g.left} ${foot}H${g.right}L${b.toFixed(1)} ${g.track}H${a.toFixed(1)}Z"/>` + joined("rule", rules) + (next ? joined("next", thumbs) : "");
};

const scale = (g, thumbs, hollow) => {
  const far = (weight, gap) => thumbs.every(thumb => Math.abs(g.thumbX(thumb) - g.thumbX(weight)) > gap * g.unit);
  const ends = thumbs.length === 1 ? [0, ...thumbs] : thumbs;
  const near = thumbs.length === 2 && Math.abs(g.thumbX(thumbs[0]) - g.thumbX(thumbs[1])) < 50 * g.unit;
  return [
    line("track", g.left, g.track, g.right, g.track),
    line("taken", g.thumbX(ends[0]), g.track, g.thumbX(ends[1]), g.track),
    ...g.marks.map(weight =>
      line("mark", g.thumbX(weight), g.track + 4, g.thumbX(weight), g.track + 8)
      + (far(weight, 46) ? text("tick", g.thumbX(weight), g.track + 22 * g.unit, weight < 1000 ? number(weight) : whole(weight), weight < 1000 ? "middle" : "end") : "")),
    ...thumbs.map((weight, i) => text("thumbtext", g.thumbX(weight) + (near ? (i ? 4 : -4) : 0), g.track + 22 * g.unit, number(weight), near ? (i ? "start" : "end") : "middle")),
    ...hollow.map(weight => `<circle class="hollow" cx="${g.thumbX(weight).toFixed(1)}" cy="${g.track.toFixed(1)}" r="${6 * g.unit}"/>`),
  ].join("");
};

// Labels over the plot, the most important first; one that would cover an earlier one is left out.
const flags = (g, wanted) => {
  const taken = [];
  return wanted.map(({ name, x, label, side = 0 }) => {
    const width = (label.replace(/<[^>]+>/g, "").length * 6.6 + 12) * g.unit;
    const left = Math.min(g.right - width + 7, Math.max(1, side ? (side < 0 ? x - width + 3 : x - 3) : x - width / 2));
    if (!g.holds(x) || taken.some(([a, b]) => left < b + 3 && left + width > a - 3)) return "";
    taken.push([left, left + width]);
    return `<rect class="flag ${name}" x="${left.toFixed(1)}" y="${(g.roof - 25 * g.unit).toFixed(1)}" width="${width.toFixed(1)}" height="${21 * g.unit}" rx="3"/>`
      + text(`flagtext ${name}`, left + width / 2, g.roof - 10 * g.unit, label, "middle");
  }).join("");
};

// About how much of the weights a range would move, from the bins.
const wouldMove = ({ after, at, total, range }, edges, [low, high]) => {
  const outside = after.reduce((sum, count, i) => {
    const [a, b] = [edges[i], edges[i + 1]];
    return sum + count * Math.min(1, (Math.max(0, Math.min(b, low) - a) + Math.max(0, b - Math.max(a, high))) / (b - a));
  }, 0);
  return (outside + (low > range[0] ? at[0] : 0) + (high < range[1] ? at[1] : 0)) / total;
};
const percent = share => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;

const heldInWords = ({ clamp, preview }) => `${rangeInWords(preview)} would move about ${percent(wouldMove(clamp, edgesOf(clamp), preview))} at first`;

// Words in the plot, with bold numbers: where there is most room, left of the bounds, between them or right of them.
const words = (g, [low = -g.limit, high = 0], sentence) => {
  const [a, b] = [low, high].map(weight => Math.min(g.right, Math.max(g.left, g.x(weight))));
  const pad = 12 * g.unit, letter = 7.6 * g.unit;
  const rooms = [[g.left, a, "start"], [a, b, "middle"], [b, g.right, "end"]];
  const [from, to, anchor] = rooms.reduce((best, room) => (room[1] - room[0] > best[1] - best[0] + 40 * g.unit ? room : best));
  const lines = [""];
  for (const word of sentence.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length * letter <= Math.max(to - from - 2 * pad, 90 * g.unit)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const x = { start: from + pad, middle: (from + to) / 2, end: to - pad }[anchor];
  const y = g.roof + (anchor === "middle" ? 46 : 62) * g.unit;
  return lines.map((content, i) => text("words", x, y + i * 21 * g.unit, content.replace(/±?[\d,.]*\d( %)?/g, bold), anchor)).join("");
};

// Above the slider: what it is, what comes next, or how the range has changed.
const compared = ({ clamp, preview, next, ghost, slider }, g) => {
  if (!slider && (preview || !(next || ghost))) return "";
  const content = next ? `from the next update: ${bold(next)}` : slider || bold(changeInWords(ghost, clamp.range));
  return text("compared", (g.left + g.right) / 2, g.track - (slider ? 20 : 11) * g.unit, content, "middle");
};

// What is under the pointer: the counts of a bin, or of what lies exactly on a bound.
const hovered = ({ clamp, hover }, g) => {
  const edges = edgesOf(clamp), [low, high] = clamp.range.map(g.x), clamps = clamp.range.length > 0;
  const on = [low, high].findIndex(x => Math.abs(x - hover) < Math.min(5, (high - low) / 4));  // closer, they hide the bins between
  let title, before, after;
  if (on >= 0) {
    [title, before, after] = [`exactly ${number(clamp.range[on])}`, clamp.at_before[on], clamp.at[on]];
  } else {
    const i = Math.max(0, edges.findIndex(edge => edge > g.weightAt(hover)) - 1), last = clamp.before.length - 1;
    const shown = weight => number(Number(weight.toPrecision(3)));
    title = i === 0 && clamps ? `below ${shown(edges[1])}` : i >= last && clamps ? `above ${shown(edges[last])}` : `${shown(edges[i])} to ${shown(edges[i + 1])}`;
    [before, after] = [clamp.before[Math.min(i, last)], clamp.after[Math.min(i, last)]];
  }
  const content = clamps ? [title, `before ${whole(before)}`, `after ${whole(after)}`] : [title, `${whole(before)} weights`];
  const width = (Math.max(...content.map(c => c.length)) * 6.6 + 16) * g.unit, y = g.roof + 8 * g.unit;
  const x = hover + width + 12 < g.right ? hover + 10 : hover - width - 10;
  return line("cursor", hover, g.roof, hover, g.floor)
    + `<rect class="tip" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${(6 + 18 * content.length) * g.unit}" rx="4"/>`
    + content.map((c, i) => text(i ? "tiptext" : "tiptext b", x + 8 * g.unit, y + (17 + 18 * i) * g.unit, c)).join("");
};

// `clamp` is drawn: the newest one, or the one that `play` ("fold" or "slow") shows, `time` milliseconds into it.
// `range` is where the rules stand, `thumbs` what was asked for, `ghost` the range before the last change, `next` what
// the next update brings, in words, and `slider` what the slider is, if its thumbs are not the bounds. `free` and `unit` say of
// what the histogram is, `note` what it lacks.
export const drawing = (scene, g) => {
  const { clamp, range, thumbs, ghost, next, play, hover, preview, held, live, slider, free, unit, note } = scene;
  const bounds = slider ? [] : thumbs, moves = preview && held && clamp.range.length && bounds.length;
  const said = play === "fold" ? foldInWords(clamp) : play === "slow" ? slowInWords(scene) : moves ? heldInWords(scene) : "";
  const narrow = g.x(range[1]) - g.x(range[0]) < 110 * g.unit;
  const pulls = live && bounds.length ? " ↔" : "";
  const wanted = range.map((bound, i) => ({ name: "", x: g.x(bound), label: `${i ? "high" : "low"} ${bold(number(bound))}${pulls}`, side: narrow ? (i ? 1 : -1) : 0 }));
  if (next && !free) wanted.push(...bounds.map(weight => ({ name: "nextflag", x: g.x(weight), label: `next ${bold(number(weight))}` })));
  const gone = (preview ?? ghost)?.length ? (preview ? clamp.range : ghost).filter(weight => !range.includes(weight)) : [];
  if (gone.length === 2 && g.x(gone[1]) - g.x(gone[0]) < 130 * g.unit) wanted.push({ name: "ghostflag", x: g.x((gone[0] + gone[1]) / 2), label: `was ${rangeInWords(gone)}` });
  else wanted.push(...gone.map(weight => ({ name: "ghostflag", x: g.x(weight), label: `was ${number(weight)}` })));
  return [
    zones(g, range), axes(g), ruleLines(g, gone, "ghost"),
    play === "fold" ? fold(scene, g) : play === "slow" ? slow(scene, g) : standing(scene, g),
    bounds.length ? funnel(g, range, bounds, next) : "",
    line("axis", g.left, g.floor, g.right, g.floor),
    play ? "" : ruleLines(g, range, "rule"),
    next ? ruleLines(g, bounds, "next") : "",
    flags(g, wanted),
    unit ? text("free", (g.left + g.right) / 2, g.floor + 31 * g.unit, unit, "middle") : "",
    note ? text("free", (g.left + g.right) / 2, g.roof + 16 * g.unit, note, "middle") : "",
    free && !range.length ? text("free", g.left, g.roof - 10 * g.unit, free.replace(/\d[\d,.e−]*\d|\d/g, bold)) : "",
    thumbs.length ? scale(g, thumbs, slider ? [] : next ? clamp.range : gone) : "",
    compared(scene, g),
    said ? words(g, range, said) : "",
    hover === null || play || preview ? "" : hovered(scene, g),
  ].join("");
};
