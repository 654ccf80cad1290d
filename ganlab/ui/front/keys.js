// The keys of Present. Each presses a button of the page, or moves both bounds of the clip range by a rung.

const word = button => button.querySelector("[data-testid=stMarkdownContainer]")?.textContent.trim();
// While the page is drawn again, a button may lie beside the stale one that it replaces.
const press = (...words) => () => [...document.querySelectorAll(".st-key-transport button")]
  .findLast(button => words.includes(word(button)) && !button.disabled && !button.closest("[data-stale=true]"))?.click();
const pull = rungs => () => document.querySelector(".gl-clamp")?.dispatchEvent(new CustomEvent("climb", { detail: rungs }));
const KEYS = {
  " ": press("Start", "Pause", "Resume"),
  ".": press("Step"),
  ArrowLeft: pull(-1),
  ArrowRight: pull(1),
  Escape: () => document.querySelector(".st-key-leave button")?.click(),
};
// What has keys of its own keeps them.
const BUSY = "input, textarea, [role=slider], [role=radiogroup], [role=listbox], [data-testid=stPopoverBody]";

// This file is loaded once, and its element is there only in Present.
addEventListener("keydown", event => {
  const { key, target } = event;
  if (!(key in KEYS) || !document.querySelector(".gl-keys") || event.ctrlKey || event.altKey || event.metaKey) return;
  if (document.querySelector("[data-testid=stPopoverBody]")) return;  // Escape closes it
  if (key !== "Escape" && target.closest(BUSY)) return;
  if (key === " " && target.closest("button, a, summary")) return;  // it presses what has the focus
  event.preventDefault();
  if (!event.repeat || key.startsWith("Arrow")) KEYS[key]();
});

// The button that led here would keep the focus, and Space would press it again. The one screen is the page's first.
const met = new WeakSet();
export default ({ parentElement }) => {
  if (!met.has(parentElement)) {
    document.activeElement?.closest("button")?.blur();
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
  }
  met.add(parentElement);
};
