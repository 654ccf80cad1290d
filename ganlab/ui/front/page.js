// Shows the page, hidden by first.css while it loads, once everything on it has its height. And what Streamlit's own
// elements lack: names of their object for buttons that only say "CSV" or "Increment", the keyboard's way into code wider
// than its box and into a popover, and, for page.css, the colours of the theme.

const BARE = /^(CSV|PNG|ZIP|GIF|NPZ|View|Choose|Chosen|Open)$/;
const COLOURS = ["background", "text", "gray", "blue", "green", "violet"];
const EVERY = 1000;  // milliseconds between looks at a page that changes

const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

const amend = () => {
  const page = document.querySelector(".st-key-page");
  if (!page) return;
  const headings = [...page.querySelectorAll("h1, h2, h3, h4")];
  const before = element =>
    headings.findLast(h => h.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)?.textContent.trim();
  // The body of a popover lies elsewhere in the document: what counts is where its button stands.
  const opener = page.querySelector("[aria-expanded=true][data-testid=stPopoverButton]");
  for (const button of document.querySelectorAll(":is(.st-key-page, [data-testid=stPopoverBody]) :is(button, a)")) {
    const word = button.querySelector("[data-testid=stMarkdownContainer]")?.textContent.trim();
    const heading = BARE.test(word) && before(page.contains(button) ? button : opener ?? button);
    if (heading) setAttribute(button, "aria-label", `${word}, ${heading}`);
  }
  for (const input of document.querySelectorAll("[data-testid=stNumberInputField]")) {
    for (const [step, word] of [["Up", "Increment"], ["Down", "Decrement"]]) {
      const button = input.parentElement.querySelector(`[data-testid=stNumberInputStep${step}]`);
      if (button) setAttribute(button, "aria-label", `${word}, ${input.getAttribute("aria-label")}`);
    }
  }
  for (const code of page.querySelectorAll(".stCode pre")) {
    if (code.scrollWidth > code.clientWidth) setAttribute(code, "tabindex", "0");
  }
};

const stops = element => [...element.querySelectorAll("a, button, input, textarea, summary, [tabindex]")].filter(one =>
  one.tabIndex >= 0 && !one.disabled && one.checkVisibility());

// The body of a popover lies at the end of the document: Tab leads from its button into it, and then past the button.
document.addEventListener("keydown", event => {
  const opener = event.key === "Tab" && document.querySelector("[aria-expanded=true][data-testid=stPopoverButton]");
  const body = opener && document.querySelector("[data-testid=stPopoverBody]");
  if (!body) return;
  const inside = stops(body), around = stops(document.querySelector(".st-key-page"));
  const from = document.activeElement, back = event.shiftKey;
  let to;
  if (!back && from === opener) to = inside[0];
  if (back && from === inside[0]) to = opener;
  if (!back && from === inside.at(-1)) to = around[around.indexOf(opener) + 1];
  if (!to) return;
  event.preventDefault();
  to.focus();
});

let pending = 0;
const watcher = new MutationObserver(() => {
  pending ||= setTimeout(() => {
    pending = 0;
    amend();
  }, EVERY);
});

const loaded = Promise.all(["panel", "choices", "clamp", "draw", "grid", "plot", "preview"].map(name => import(`./${name}.js`)));

// A page without its style sheets would jump when they come; one that can't be had is not waited for.
const styled = () => Promise.all([...document.querySelectorAll("link[rel=stylesheet]")].map(link =>
  link.sheet || new Promise(done => ["load", "error"].forEach(event => link.addEventListener(event, done)))));

const show = () => {
  if (document.querySelector(".st-key-page [data-testid=stSkeleton]")) requestAnimationFrame(show);
  else document.documentElement.classList.add("drawn");
};

// Streamlit calls this again when its theme changes.
export default function ({ parentElement, data }) {
  document.documentElement.classList.toggle("presents", data.presents);
  const theme = getComputedStyle(parentElement.querySelector(".gl"));
  for (const name of COLOURS) {
    document.documentElement.style.setProperty(`--gl-${name}`, theme.getPropertyValue(`--st-${name}-color`));
  }
  theme.getPropertyValue("--st-chart-categorical-colors").split(",").slice(5).forEach((colour, i) =>
    document.documentElement.style.setProperty(`--gl-run-${"ABCDEFGH"[i]}`, colour.trim()));
  watcher.observe(document.body, { childList: true, subtree: true });
  amend();
  Promise.all([loaded, styled()]).then(() => requestAnimationFrame(show));
}
