// Shows the page, hidden by page.css while it loads, once everything on it has its height.

const { search } = new URL(import.meta.url);  // with the same query as the page asks for: else they would load twice
const loaded = Promise.all(["panel", "choices", "clamp", "draw", "grid", "plot"].map(name => import(`./${name}.js${search}`)));

const show = () => {
  if (document.querySelector(".st-key-page [data-testid=stSkeleton]")) requestAnimationFrame(show);
  else document.documentElement.classList.add("drawn");
};

export default () => loaded.then(() => requestAnimationFrame(show));
