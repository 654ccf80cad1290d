// HTML changed in place, as in panel.js, with parts to choose. A click on an element with data-pick, or Enter on it,
// sends that text, or an empty one if the element is already pressed. The message says what to show, not what to
// toggle: if a tick leaves between the click and its message, Streamlit sends the click twice. In a radio group the
// arrow keys choose the next one that can be chosen, and Space and Enter the one with the focus.

import { equip } from "./figure.js";
import { show } from "./panel.js";

const senders = new WeakMap();

// What a click changes may be a screen farther up.
const scrollTo = selector => {
  const changed = selector && document.querySelector(selector);
  if (!changed || changed.getBoundingClientRect().top > 0) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  changed.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "center" });
};

const choicesIn = root => [...root.querySelectorAll("[data-pick]")];

const onKey = event => {
  const radio = event.target.closest("[role=radio]");
  if (!radio) return;
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, " ": 0, Enter: 0 }[event.key];
  if (way === undefined) return;
  event.preventDefault();
  const radios = [...radio.closest("[role=radiogroup]").querySelectorAll("[role=radio]:not([aria-disabled=true])")];
  const wanted = radios.at((radios.indexOf(radio) + way) % radios.length);
  wanted.focus();
  wanted.click();
};

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl"), before = document.activeElement;
  const place = choicesIn(root).indexOf(before);
  show(root, [data.html].flat().join(""));
  if (place >= 0 && !before.isConnected) choicesIn(root).at(-1)?.focus(); // the last one was chosen, and is gone
  equip(root.parentElement, data);
  if (!senders.has(root)) {
    root.addEventListener("keydown", onKey);
    root.addEventListener("click", event => {
      const target = event.target.closest("[data-pick]");
      if (target) {
        senders.get(root)("picked", target.getAttribute("aria-pressed") === "true" ? "" : target.dataset.pick);
        scrollTo(data.show);
      }
    });
  }
  senders.set(root, setTriggerValue);
}
