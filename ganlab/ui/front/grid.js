// A sheet of pictures to pick from, by click or by arrow keys and Enter: data = {uri, alt, width, columns, n, cell, gap,
// sheet, marks}. `sheet` is the sheet's native [width, height], `cell` the [width, height] of a picture with its gap,
// both in pixels; marks = [[index, label], ...] are drawn as labelled rings.

import { equip } from "./figure.js";

const memory = new WeakMap();

const create = root => {
  root.innerHTML = "<img role='presentation'><div class='marks'></div><div class='cursor' role='option' id></div>";
  const state = { cursor: 0, data: null, send: null };
  const cursor = root.querySelector(".cursor");
  cursor.id = `option-${Math.random().toString(36).slice(2)}`;
  root.setAttribute("role", "listbox");
  root.setAttribute("aria-activedescendant", cursor.id);
  root.tabIndex = 0;
  root.addEventListener("click", event => {
    const { columns, n, cell, gap, sheet } = state.data;
    const box = root.querySelector("img").getBoundingClientRect();
    const at = (offset, length, native, size, last) =>
      Math.min(last, Math.max(0, Math.floor((offset / length * native - gap / 2) / size)));
    const column = at(event.clientX - box.left, box.width, sheet[0], cell[0], columns - 1);
    const row = at(event.clientY - box.top, box.height, sheet[1], cell[1], Math.ceil(n / columns) - 1);
    pick(root, state, row * columns + column);
  });
  root.addEventListener("keydown", event => {
    const { columns, n } = state.data;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -n, End: n };
    if (event.key in moves) {
      const wanted = state.cursor + moves[event.key];
      if (Math.abs(moves[event.key]) === n) state.cursor = event.key === "Home" ? 0 : n - 1;
      else if (wanted >= 0 && wanted < n) state.cursor = wanted;
      showCursor(root, state);
    } else if (event.key === "Enter" || event.key === " ") {
      pick(root, state, state.cursor);
    } else return;
    event.preventDefault();
  });
  memory.set(root, state);
  return state;
};

const pick = (root, state, index) => {
  if (index >= state.data.n) return;
  state.cursor = index;
  showCursor(root, state);
  state.send("picked", index);
};

const placeOver = (element, { columns, cell, gap, sheet }, index) => {
  const [column, row] = [index % columns, Math.floor(index / columns)];
  const percent = (pixels, axis) => `${100 * pixels / sheet[axis]}%`;
  Object.assign(element.style, {
    left: percent(gap + column * cell[0], 0), top: percent(gap + row * cell[1], 1),
    width: percent(cell[0] - gap, 0), height: percent(cell[1] - gap, 1),
  });
};

const showCursor = (root, state) => {
  const cursor = root.querySelector(".cursor");
  cursor.setAttribute("aria-label", `sample ${state.cursor}`);
  cursor.setAttribute("aria-selected", String(state.data.marks.some(([index]) => index === state.cursor)));
  placeOver(cursor, state.data, state.cursor);
};

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl-grid");
  const state = memory.get(root) ?? create(root);
  state.send = setTriggerValue;
  state.data = data;
  state.cursor = Math.min(state.cursor, data.n - 1);
  root.setAttribute("aria-label", `${data.alt}: arrow keys move, Enter picks`);
  root.style.width = `min(100%, ${data.width}px)`;
  const image = root.querySelector("img");
  if (image.src !== data.uri) image.src = data.uri;
  image.alt = data.alt;
  image.style.aspectRatio = data.sheet.join("/");
  root.querySelector(".marks").replaceChildren(...data.marks.filter(([index]) => index < data.n).map(([index, label]) => {
    const mark = document.createElement("div");
    mark.className = "mark";
    mark.textContent = label;
    placeOver(mark, data, index);
    return mark;
  }));
  showCursor(root, state);
  equip(root.parentElement, data);
}
