// Every figure can be saved as SVG or PNG and enlarged to the whole screen: by a quiet button in its corner.

import { picture, png } from "./picture.js";

const figures = new WeakMap();
const BUTTONS = ["Whole screen", "Save as SVG", "Save as PNG"];
const isWhole = element => element.matches(":fullscreen, [popover]");

const setUp = element => {
  const figure = { element };
  element.classList.add("gl-figure");
  element.setAttribute("role", "figure");
  const menu = `gl-menu-${Math.random().toString(36).slice(2)}`;
  element.insertAdjacentHTML("beforeend", `<div class="gl gl-caption"><div class="ch"><b></b><div></div></div></div>
    <button type="button" class="gl-more" popovertarget="${menu}"><svg viewBox="0 0 16 4" aria-hidden="true"><path d="M2 2h.01M8 2h.01M14 2h.01"/></svg></button>
    <div class="gl gl-menu" id="${menu}" popover>${BUTTONS.map(name => `<button type="button">${name}</button>`).join("")}</div>`);
  [figure.caption, figure.more, figure.menu] = [...element.children].slice(-3);
  [enlarge, save.bind(null, "svg"), save.bind(null, "png")].forEach((act, i) => figure.menu.children[i].addEventListener("click", () => {
    figure.menu.hidePopover();
    act(figure);
  }));
  // Browsers leave the whole screen by themselves at Escape, but not those without a window.
  element.addEventListener("keydown", event => { if (event.key === "Escape" && document.fullscreenElement === element) document.exitFullscreen(); });
  element.addEventListener("fullscreenchange", () => resized(figure));
  element.addEventListener("toggle", event => {
    if (event.target !== element || event.newState === "open") return;
    element.removeAttribute("popover");
    resized(figure);
  });
  figures.set(element, figure);
  return figure;
};

// Its place on the page is kept while it is away.
const enlarge = async figure => {
  const { element } = figure;
  if (document.fullscreenElement === element) return document.exitFullscreen();
  if (isWhole(element)) return element.hidePopover();
  element.parentElement.style.minHeight = `${element.offsetHeight}px`;
  try {
    await element.requestFullscreen();
  } catch {  // refused, or unknown to this browser
    element.popover = "auto";
    element.showPopover();
    resized(figure);
  }
};

const resized = figure => {
  const whole = isWhole(figure.element);
  if (!whole) figure.element.parentElement.style.minHeight = "";
  figure.menu.firstElementChild.textContent = whole ? "Back to the page" : BUTTONS[0];
  figure.redraw();
};

// With its title and its key, also where those stand elsewhere on the page.
const save = async (kind, { element, title, step }) => {
  element.classList.add("saved");
  const made = picture(element, ".gl-more, .gl-menu, .unseen");
  element.classList.remove("saved");
  const image = await made, blob = kind === "svg" ? new Blob([image.svg], { type: "image/svg+xml" }) : await png(image, 2);
  const run = new URL(location).searchParams.get("run"), words = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${[run, words, step && `step${step}`].filter(Boolean).join("-")}.${kind}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};

// To be called whenever a figure is drawn: data = {title, legend, step}, of which `legend` is HTML, and `step` what the
// figure shows, if known. What has no title is no figure. `redraw` is called when the figure's size has changed.
export const equip = (element, { title, legend = "", step }, redraw = () => {}) => {
  if (!title) return;
  const figure = figures.get(element) ?? setUp(element), [name, key] = figure.caption.firstElementChild.children;
  const heading = step ? `${title}, step ${step.toLocaleString("en")}` : title;
  if (figure.heading !== heading) {
    figure.more.setAttribute("aria-label", `Save or enlarge: ${title}`);
    element.setAttribute("aria-label", title);
    name.textContent = heading;
  }
  if (figure.legend !== legend) key.innerHTML = legend;
  Object.assign(figure, { title, legend, step, heading, redraw });
};
