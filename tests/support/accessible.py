"""Pages checked by axe-core, in the light theme and the dark one."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RUN = """async rules => {
  // While a script runs, Streamlit fades the elements that it may replace.
  const options = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
  const { violations } = await axe.run({ exclude: ["[data-stale=true]"] }, options);
  const counts = ({ id, impact }) => id === "heading-order" || ["serious", "critical"].includes(impact);
  return violations.filter(counts).flatMap(
    ({ id, nodes }) => nodes.map(node => `${id}: ${node.html} ${node.failureSummary}`));
}"""
BACKGROUND = "getComputedStyle(document.documentElement).getPropertyValue('--gl-background')"
RECOLOURED = f"""before => {BACKGROUND} !== before
  && !document.getAnimations().some(one => one.playState === "running" && one.transitionProperty?.includes("color"))"""


def expect_accessible(page: Page) -> None:
    """Nothing on the page is seriously wrong for axe-core; in the dark theme, only contrast is looked at.

    The page stays dark: to draw it in other colours takes a second.
    """
    page.evaluate(AXE_SCRIPT)
    for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
        before = page.wait_for_function(BACKGROUND).json_value()
        if not page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(RECOLOURED, arg=before)
        faults = page.evaluate(RUN, rules)
        assert faults == [], (scheme, *faults)
