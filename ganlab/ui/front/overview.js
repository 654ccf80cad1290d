// A drawing of the networks whose layers can be clicked: HTML changed in place, as in panel.js. A click or Enter on an
// element with data-layer sends its name.

import { show } from "./panel.js";

const senders = new WeakMap();

// The histogram that a click changes is a screen further up.
const toHistogram = () => {
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
      const layer = event.target.closest("[data-layer]")?.dataset.layer;
      if (layer) {
        senders.get(root)("picked", layer);
        toHistogram();
      }
    });
  }
  senders.set(root, setTriggerValue);
}
