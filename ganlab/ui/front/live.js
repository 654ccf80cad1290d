// Elements that the page mounts once and a live fragment feeds through feed.js, by their names.

const elements = new Map();  // by name: {at, data, draw}; `at` is when the server made the data, so that newer data stays

// Draw a mounted element, unless newer data was fed to it. Streamlit also calls this without news, with data it had, and
// when its theme changes; `fed` tells `draw` that only the data is new.
export const mount = (component, draw) => {
  const { at, part } = component.data;
  if (part === undefined) return draw(component);
  const known = elements.get(part);
  const data = known?.at > at ? known.data : component.data;
  elements.set(part, {
    at: Math.max(at, known?.at ?? 0), data,
    draw: data => component.parentElement.isConnected && draw({ ...component, data, fed: true }),
  });
  return draw({ ...component, data });
};

// Data with a change of the server's made to it: {"+": changes by key or index}, or what replaces it.
const changed = (data, change) => {
  if (!change?.["+"]) return change;
  const copy = Array.isArray(data) ? [...data] : { ...data };
  for (const [key, inner] of Object.entries(change["+"])) copy[key] = changed(copy[key], inner);
  return copy;
};

// Changes the data of the element of this name. Returns false if the data is not yet here that the change was made to.
export const feed = (part, at, mounted, change) => {
  const known = elements.get(part);
  if (known?.at >= at) return true;
  if (change?.["+"] && !(known?.at >= mounted)) return false;
  const data = changed(known?.data, change);
  elements.set(part, { ...known, at, data });
  known?.draw?.(data);
  return true;
};
