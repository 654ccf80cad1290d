// A panel shows the server's HTML. It is changed in place, text by text and attribute by attribute, so that nothing
// flickers, transitions run, and selected text stays selected.

import { equip } from "./figure.js";

const morph = (shown, wanted) => {
  if (shown.nodeType !== wanted.nodeType || shown.nodeName !== wanted.nodeName) {
    shown.replaceWith(wanted.cloneNode(true));
    return;
  }
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.data !== wanted.data) shown.data = wanted.data;
    return;
  }
  for (const { name } of [...(shown.attributes ?? [])]) {
    if (!wanted.hasAttribute(name)) shown.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes ?? []) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  const before = [...shown.childNodes];
  const after = [...wanted.childNodes];
  after.forEach((child, i) => (before[i] ? morph(before[i], child) : shown.append(child.cloneNode(true))));
  before.slice(after.length).forEach(child => child.remove());
};

const lastHtml = new WeakMap();

export const show = (root, html) => {
  if (lastHtml.get(root) === html) return;
  lastHtml.set(root, html);
  const next = document.createElement("template");
  next.innerHTML = `<div class="gl">${html}</div>`;
  morph(root, next.content.firstChild);
};

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".gl");
  show(root, data.html);
  equip(root.parentElement, data);
}
