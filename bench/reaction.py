"""How soon Train answers a change of the clip range: from the key press to each thing that is seen, p95 of thirty.

A slope of 0 before and after, that of a critic that died, can't be seen to be measured: such changes are not counted.
"""

import argparse

import numpy as np
from served import LONG, app, expect_state, start, visited

CHANGES = 30
PATIENCE = 10_000  # ms, after which what was not seen is not counted
APART = 5000  # ms between what was measured and the next change
# Milliseconds from a key press to the moved bound, to the first frame of the clamp that is played, and to the slope
# that was measured after the change.
WATCH = """patience => {
  const thumb = document.activeElement, bound = thumb.getAttribute("aria-valuenow");
  const spoken = document.querySelector(".gl-clamp .unseen"), strip = document.querySelector(".st-key-strip .strip");
  spoken.textContent = "";
  const slope = strip.children[2];
  window.reaction = new Promise(answer => {
    addEventListener("keydown", () => {
      const began = performance.now(), times = [NaN, NaN, NaN];
      const before = slope.innerText;
      const look = () => {
        const text = slope.innerText, now = performance.now() - began;
        const moved = thumb.getAttribute("aria-valuenow") !== bound, folds = spoken.textContent !== "";
        [moved, folds, text !== before && /→ [^…]/.test(text)].forEach((is, i) => { if (is) times[i] ||= now; });
        if (times.every(Boolean) || now > patience) answer(times); else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, {capture: true, once: true});
  });
}"""
STARTED = "() => Number(document.querySelector('.state b').textContent.replace(',', '')) > 150"
NAMES = ("the bound moves", "the fold begins", "the slope is measured")


def main(presets: list[str], changes: int) -> None:
    with visited(height=900) as (page, server):
        for preset in presets:
            start(page, server, preset)
            page.wait_for_function(STARTED, timeout=5 * LONG)
            times = []
            for i in range(changes):
                app(page).get_by_role("slider", name="High bound").focus()
                page.evaluate(WATCH, PATIENCE)
                page.keyboard.press("PageUp" if i % 2 else "PageDown")
                times.append(page.evaluate("reaction"))
                page.wait_for_timeout(APART)
            for name, column in zip(NAMES, np.array(times).T / 1000, strict=True):
                seen = column[~np.isnan(column)]
                figures = f"median {np.median(seen):.2f} s, p95 {np.quantile(seen, 0.95):.2f} s"
                print(f"{preset}, {name}: {figures}, {len(seen)} of {changes}")
            app(page).get_by_role("button", name="Stop", exact=True).click()
            expect_state(page, "Stopped")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=["digits", "8-gaussians"])
    parser.add_argument("--changes", type=int, default=CHANGES)
    options = parser.parse_args()
    main(options.presets, options.changes)
