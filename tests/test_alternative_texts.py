"""Alternative texts as a screen reader gets them, by Chromium's accessibility tree of exported pages. (JupyterLab's: test_browser.py.)"""
import os
import re
import subprocess
import sys

import nbformat
import pytest
from browser import CHROMIUM, LESSONS, ROOT, alike, chromium, heard, stored

pytestmark = [
    pytest.mark.slow("Chromium, and each lesson exported as a page"),
    pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ,
                       reason="Chromium is not installed: sudo apt-get install chromium"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(the folder of the lessons as pages, what nbconvert said)"""
    folder = tmp_path_factory.mktemp("exported")
    done = subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", folder, *(f"notebooks/{name}.ipynb" for name in LESSONS)],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


@pytest.mark.parametrize("name", LESSONS)
def test_exported_pages_read_them_too(page, name, exported):
    folder, said = exported
    assert "Alternative text is missing" not in said
    assert "No description has been provided" not in (folder / f"{name}.html").read_text(encoding="utf-8")
    page.route(re.compile(r"^https?:"), lambda route: route.abort())  # its fonts and badges come from elsewhere
    page.goto(f"file://{folder}/{name}.html", wait_until="domcontentloaded")
    assert alike(heard(page, "body")) == alike(stored(name))
    page.unroute(re.compile(r"^https?:"))


def test_an_output_in_a_frame_of_its_own_is_read_as_on_colab(page):
    """Colab shows an HTML output in a sandboxed frame; Colab itself can't be reached from a test."""
    html = next(output.data["text/html"] for cell in nbformat.read(ROOT / "notebooks" / "03-logistic-regression.ipynb", as_version=4).cells
                if cell.cell_type == "code" for output in cell.outputs if "<img" in output.get("data", {}).get("text/html", ""))
    page.goto("about:blank")
    page.set_content("<iframe sandbox='allow-scripts' width=800 height=600></iframe>")
    page.evaluate("html => { document.querySelector('iframe').srcdoc = html; }", html)
    page.frame_locator("iframe").get_by_role("img", name=stored("03-logistic-regression")[0], exact=True).wait_for()
