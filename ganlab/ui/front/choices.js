// HTML changed in place, as in panel.js, with parts to choose. A click on an element with data-pick, or Enter on it,
// sends that text, or an empty one if the element is already pressed. The message says what to show, not what to
// toggle: if a tick leaves between the click and its message, Streamlit sends the click twice.

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

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl");
  show(root, data.html);
  equip(root.parentElement, data);
  if (!senders.has(root)) {
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
