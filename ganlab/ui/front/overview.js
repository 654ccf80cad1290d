// A drawing of the networks whose layers can be clicked: HTML changed in place, as in panel.js; a click on what
// has data-layer, or Enter on it, sends that name.

import { show } from "./panel.js";

const senders = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl");
  show(root, data.html);
  if (!senders.has(root)) {
    root.addEventListener("click", event => {
      const layer = event.target.closest("[data-layer]")?.dataset.layer;
      if (layer) senders.get(root)("picked", layer);
    });
  }
  senders.set(root, setTriggerValue);
}
