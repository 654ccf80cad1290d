// HTML changed in place, as in panel.js, about the point that was pointed at last (see points.js): the server is asked for
// it, once the pointer has rested there.

import { equip } from "./figure.js";
import { show } from "./panel.js";

const REST = 80;  // milliseconds
const states = new WeakMap();

// The address says what is shown, as the server has it; without a step back for each point on the pointer's way.
const note = id => {
  const address = new URL(location);
  address.searchParams.set("shown", id);
  history.replaceState(history.state, "", address);
};

const listen = root => {
  const state = {};
  states.set(root, state);
  const pointed = ({ detail: id }) => {
    if (!root.isConnected) return document.removeEventListener("point", pointed);
    if (document.activeElement.matches(".gl-plot:focus-visible")) root.scrollIntoView({ block: "nearest" });
    clearTimeout(state.rest);
    if (id !== state.shown) state.rest = setTimeout(() => {
      note(id);
      state.send("pointed", id);
    }, REST);
  };
  document.addEventListener("point", pointed);
  return state;
};

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".gl");
  root.setAttribute("aria-live", "polite");
  show(root, data.html);
  equip(root.parentElement, data);
  Object.assign(states.get(root) ?? listen(root), { shown: data.shown, send: setTriggerValue });
}
