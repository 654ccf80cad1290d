// What the browser shows of an element, as SVG that needs nothing else: boxes, lines of text, pictures and drawings, with
// their computed styles and the fonts inside. Not for gradients, shadows and what CSS generates.

export const SVG = "http://www.w3.org/2000/svg";
const INHERITED = [
  "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linecap",
  "stroke-linejoin", "paint-order", "font-family", "font-size", "font-weight", "font-style", "font-variant-numeric",
  "text-anchor", "visibility", "color", "image-rendering",
];
const OWN = { opacity: "1", display: "inline", "vector-effect": "none", "dominant-baseline": "auto", "stop-color": "rgb(0, 0, 0)", "stop-opacity": "1" };  // and their usual values

// Chromium computes a mixed colour to color(srgb ...), which few other programs read.
const plain = value => value.replace(/color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)/g, (_, r, g, b, a = 1) =>
  `rgba(${[r, g, b].map(part => Math.round(255 * part)).join(", ")}, ${a})`);

const make = (name, attributes, text = "") => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, typeof value === "number" ? Number(value.toFixed(2)) : plain(value));
  }
  element.textContent = text;
  return element;
};

// A copy of a drawing whose look no longer depends on style sheets; `parent` is the style that it inherits.
const copied = (element, parent) => {
  const copy = element.cloneNode(false), style = getComputedStyle(element);
  const differs = INHERITED.filter(name => style.getPropertyValue(name) !== parent?.getPropertyValue(name));
  const own = Object.keys(OWN).filter(name => style.getPropertyValue(name) !== OWN[name]);
  const look = [...differs, ...own].map(name => `${name}:${plain(style.getPropertyValue(name))}`).join(";");
  for (const name of ["class", "style", "tabindex", "role"]) copy.removeAttribute(name);
  if (look) copy.setAttribute("style", look);
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) copy.append(child.data);
    else if (child.nodeType === Node.ELEMENT_NODE) copy.append(copied(child, style));
  }
  return copy;
};

const drawing = (element, place, style) => {
  const copy = copied(element);
  for (const [name, value] of Object.entries(place)) copy.setAttribute(name, value);
  copy.setAttribute("overflow", style.overflow === "visible" ? "visible" : "hidden");
  return copy;
};

const pen = document.createElement("canvas").getContext("2d");

// One <text> for each line of a text node.
const written = node => {
  const range = document.createRange(), lines = [];
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    const line = lines.at(-1);
    if (line && Math.abs(line.box.top - box.top) < 2) line.words += ` ${word}`;
    else lines.push({ box, words: word });
  }
  if (!lines.length) return [];
  const style = getComputedStyle(node.parentElement);
  const [family, size, weight, slant] = ["font-family", "font-size", "font-weight", "font-style"].map(name => style.getPropertyValue(name));
  pen.font = `${slant} ${weight} ${size} ${family}`;
  const look = { "font-family": family, "font-size": size, "font-weight": weight, "font-style": slant, fill: style.color };
  const ascent = pen.measureText("x").fontBoundingBoxAscent;
  return lines.map(({ box, words }) => make("text", { x: box.left, y: box.top + ascent, ...look }, words));
};

const clear = colour => /^(transparent|rgba\(.*, 0\)|color\(.*\/ 0\))$/.test(colour);

// An element's background and borders.
const boxOf = ({ left, top, width, height, right, bottom }, style) => {
  const sides = ["top", "right", "bottom", "left"].map(side => ["width", "color", "style"].map(of => style.getPropertyValue(`border-${side}-${of}`)));
  const even = sides.every(side => String(side) === String(sides[0]));
  const thick = sides.map(([size]) => parseFloat(size)), out = [];
  const stroke = i => ({ stroke: sides[i][1], "stroke-width": thick[i], "stroke-dasharray": { dashed: "4 3", dotted: "1.5 2.5" }[sides[i][2]] ?? "none" });
  if (!clear(style.backgroundColor) || (even && thick[0])) {
    const inset = even ? thick[0] / 2 : 0, shape = { x: left + inset, y: top + inset, width: Math.max(0, width - 2 * inset), height: Math.max(0, height - 2 * inset) };
    const round = Math.min(parseFloat(style.borderTopLeftRadius) * (style.borderTopLeftRadius.endsWith("%") ? width / 100 : 1) || 0, height / 2);
    out.push(make("rect", { ...shape, rx: round, fill: clear(style.backgroundColor) ? "none" : style.backgroundColor, ...(even && thick[0] ? stroke(0) : {}) }));
  }
  const ends = [[left, top, right, top], [right, top, right, bottom], [left, bottom, right, bottom], [left, top, left, bottom]];
  if (!even) ends.forEach(([x1, y1, x2, y2], i) => { if (thick[i]) out.push(make("line", { x1, y1, x2, y2, ...stroke(i) })); });
  return out;
};

// What an element shows, from back to front; without what `left` out is.
const shown = (element, left) => {
  const style = getComputedStyle(element), box = element.getBoundingClientRect();
  if (element.matches(left) || style.display === "none" || style.visibility === "hidden") return [];
  const place = { x: box.left, y: box.top, width: box.width, height: box.height };
  if (element.localName === "svg") return box.width ? [drawing(element, place, style)] : [];
  const parts = box.width ? boxOf(box, style) : [];
  const href = element.localName === "img" ? element.src : element.localName === "canvas" ? element.toDataURL() : null;
  if (href) parts.push(make("image", { ...place, href, preserveAspectRatio: "none", style: `image-rendering:${style.imageRendering}` }));
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) parts.push(...written(child));
    else if (child.nodeType === Node.ELEMENT_NODE) parts.push(...shown(child, left));
  }
  if (style.opacity === "1" || !parts.length) return parts;
  const group = make("g", { opacity: style.opacity });
  group.append(...parts);
  return [group];
};

const asData = blob => new Promise(resolve => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.readAsDataURL(blob);
});

// The upright faces of the page's first font, as CSS with the font files inside.
const faces = async family => {
  const rules = [...document.styleSheets].flatMap(sheet => {
    try {
      return [...sheet.cssRules].map(rule => [rule, sheet.href ?? location.href]);
    } catch {
      return [];  // a sheet of another site
    }
  });
  const name = text => text.split(",")[0].replace(/["']/g, "").trim();
  const ours = rules.filter(([rule]) => rule instanceof CSSFontFaceRule && name(rule.style.fontFamily) === name(family) && rule.style.fontStyle !== "italic");
  return (await Promise.all(ours.map(async ([{ style, cssText }, base]) => {
    const file = /url\("?([^")]+)"?\)/.exec(cssText);
    const data = file && await fetch(new URL(file[1], base)).then(answer => answer.blob()).then(asData).catch(() => null);
    return data ? `@font-face{font-family:${style.fontFamily};font-weight:${style.fontWeight || 400};src:url(${data})}` : "";
  }))).join("");
};

// The SVG's text and size; what matches the selector `left` is left out.
export const picture = (element, left) => {
  const { left: x, top: y, ...box } = element.getBoundingClientRect().toJSON(), theme = getComputedStyle(element);
  const [width, height] = [Math.ceil(box.width), Math.ceil(box.height)];
  const family = theme.getPropertyValue("--st-font") || theme.fontFamily, style = make("style", {});
  const svg = make("svg", { width, height, viewBox: `0 0 ${width} ${height}` }), moved = make("g", { transform: `translate(${-x} ${-y})` });
  moved.append(...shown(element, left));
  svg.append(style, make("rect", { width, height, fill: theme.getPropertyValue("--st-background-color") }), moved);
  return faces(family).then(css => {
    style.textContent = css;
    return { svg: new XMLSerializer().serializeToString(svg), width, height };
  });
};

export const png = async ({ svg, width, height }, scale) => {
  const image = new Image(), canvas = Object.assign(document.createElement("canvas"), { width: width * scale, height: height * scale });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(resolve => canvas.toBlob(resolve, "image/png"));
};
