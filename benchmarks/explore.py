"""How long a lesson's Explore control takes to answer: from the key's event to the new picture, in the browser.

Runs every lesson on the drawn sample in a real JupyterLab in headless Chromium, moves each control to and fro
by keyboard, and prints the median milliseconds of each.

    python benchmarks/explore.py [--renew]
"""
import importlib.metadata
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from browser import LESSONS, cell, chromium, close_notebook, jupyterlab, open_notebook, run_all, steady  # noqa: E402
from page import report  # noqa: E402

# Press a key on the control and wait for the picture that comes of it; the clock is the page's own.
PRESS = """([handle, key]) => new Promise((resolve, reject) => {
    const cell = handle.closest('.jp-Cell'), start = performance.now();
    const pictures = () => [...cell.querySelectorAll('img')].map(i => i.src).join();
    const before = pictures();
    const watch = new MutationObserver(() => {
        const now = pictures();
        if (now && now != before) {
            watch.disconnect();
            requestAnimationFrame(() => resolve(performance.now() - start));
        }
    });
    watch.observe(cell, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
    setTimeout(() => reject(new Error('no new picture')), 20000);
    if (handle.tagName == 'INPUT') {
        handle.value = key; handle.dispatchEvent(new Event('input', {bubbles: true}));
    } else handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
})"""


def main(times=11):
    rows, medians = [], []
    with tempfile.TemporaryDirectory() as folder, jupyterlab(Path(folder, "lab")) as server, \
            chromium(str(Path(folder, "profile"))) as page:
        for name in LESSONS:
            open_notebook(page, server, name)
            for i, each in enumerate(run_all(page)):
                if "widget" not in each["outputs"]:
                    continue
                element = cell(page, i)
                element.locator(".jupyter-widgets").first.wait_for()
                steady(element)
                controls = element.locator(".noUi-handle, input[type=text]")
                for k in range(controls.count()):
                    handle, spent = controls.nth(k).element_handle(), []
                    label = element.locator(".widget-label").nth(k).inner_text()
                    keys = ["7, 1, 6", "7, 1, 5"] if "shape" in label else ["PageUp", "PageDown"]
                    for n in range(times):
                        spent.append(page.evaluate(PRESS, [handle, keys[n % 2]]))
                        page.wait_for_timeout(100)
                    medians.append(statistics.median(spent))
                    rows.append((name[:2], label, f"{medians[-1]:.0f}"))
            close_notebook(page)
    from common import where
    report("explore", ("lesson", "control", "milliseconds"), rows,
           f"Median of all {len(medians)} controls: {statistics.median(medians):.0f} milliseconds; slowest {max(medians):.0f} milliseconds.",
           ", ".join([where()[:-1], *(f"{name} {importlib.metadata.version(name)}" for name in ("jupyterlab", "ipywidgets"))]) + ".")


if __name__ == "__main__":
    main()
