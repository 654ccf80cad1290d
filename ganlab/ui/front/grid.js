// A sheet of pictures to pick from, by click or by arrow keys and Enter: data = {uri, alt, width, columns, n, cell, gap,
// sheet, marks}. `sheet` is the sheet's native [width, height], `cell` the [width, height] of a picture with its gap,
// both in pixels; marks = [[index, label], ...] are drawn as labelled rings.

const memory = new WeakMap();

const made = root => {
  root.innerHTML = "<img><div class='marks'></div><div class='cursor' role='option' id></div>";
  const known = { cursor: 0, data: null, send: null };
  const cursor = root.querySelector(".cursor");
  cursor.id = `option-${Math.random().toString(36).slice(2)}`;
  root.setAttribute("role", "listbox");
  root.setAttribute("aria-activedescendant", cursor.id);
  root.tabIndex = 0;
  root.addEventListener("click", event => {
    const { columns, n, cell, gap, sheet } = known.data;
    const box = root.querySelector("img").getBoundingClientRect();
    const at = (offset, length, native, size, last) =>
      Math.min(last, Math.max(0, Math.floor((offset / length * native - gap / 2) / size)));
    const column = at(event.clientX - box.left, box.width, sheet[0], cell[0], columns - 1);
    const row = at(event.clientY - box.top, box.height, sheet[1], cell[1], Math.ceil(n / columns) - 1);
    pick(root, known, row * columns + column);
  });
  root.addEventListener("keydown", event => {
    const { columns, n } = known.data;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -n, End: n };
    if (event.key in moves) {
      const wanted = known.cursor + moves[event.key];
      if (Math.abs(moves[event.key]) === n) known.cursor = event.key === "Home" ? 0 : n - 1;
      else if (wanted >= 0 && wanted < n) known.cursor = wanted;
      place(root, known);
    } else if (event.key === "Enter" || event.key === " ") {
      pick(root, known, known.cursor);
    } else return;
    event.preventDefault();
  });
  memory.set(root, known);
  return known;
};

const pick = (root, known, index) => {
  if (index >= known.data.n) return;
  known.cursor = index;
  place(root, known);
  known.send("picked", index);
};

const around = (element, { columns, cell, gap, sheet }, index) => {
  const [column, row] = [index % columns, Math.floor(index / columns)];
  const percent = (pixels, axis) => `${100 * pixels / sheet[axis]}%`;
  Object.assign(element.style, {
    left: percent(gap + column * cell[0], 0), top: percent(gap + row * cell[1], 1),
    width: percent(cell[0] - gap, 0), height: percent(cell[1] - gap, 1),
  });
};

const place = (root, known) => {
  const cursor = root.querySelector(".cursor");
  cursor.setAttribute("aria-label", `sample ${known.cursor}`);
  cursor.setAttribute("aria-selected", String(known.data.marks.some(([index]) => index === known.cursor)));
  around(cursor, known.data, known.cursor);
};

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl-grid");
  const known = memory.get(root) ?? made(root);
  known.send = setTriggerValue;
  known.data = data;
  known.cursor = Math.min(known.cursor, data.n - 1);
  root.setAttribute("aria-label", "Samples: arrow keys move, Enter picks");
  root.style.width = `min(100%, ${data.width}px)`;
  const image = root.querySelector("img");
  if (image.src !== data.uri) image.src = data.uri;
  image.alt = data.alt;
  image.style.aspectRatio = data.sheet.join("/");
  root.querySelector(".marks").replaceChildren(...data.marks.filter(([index]) => index < data.n).map(([index, label]) => {
    const mark = document.createElement("div");
    mark.className = "mark";
    mark.textContent = label;
    around(mark, data, index);
    return mark;
  }));
  place(root, known);
}
