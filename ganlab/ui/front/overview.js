// A drawing of the networks whose layers can be clicked: HTML changed in place, as in panel.js. A click on an element
// with data-layer, or Enter on it, sends that layer's name, or an empty one if the element is already pressed. The
// message says what to show, not what to toggle: if a tick leaves between the click and its message, Streamlit sends
// the click twice.

import { show } from "./panel.js";

const senders = new WeakMap();

// The histogram that a click changes is a screen farther up.
const scrollToHistogram = () => {
  const histogram = document.querySelector(".js-plotly-plot");
  if (!histogram || histogram.getBoundingClientRect().top > 0) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  histogram.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "center" });
};

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl");
  show(root, data.html);
  if (!senders.has(root)) {
    root.addEventListener("click", event => {
      const target = event.target.closest("[data-layer]");
      if (target) {
        senders.get(root)("picked", target.getAttribute("aria-pressed") === "true" ? "" : target.dataset.layer);
        scrollToHistogram();
      }
    });
  }
  senders.set(root, setTriggerValue);
}
