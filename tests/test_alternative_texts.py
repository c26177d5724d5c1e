"""Alternative texts as a screen reader gets them: Chromium's accessibility tree of JupyterLab, stored and live, and of exported pages."""
import os
import re
import subprocess
import sys
from html import unescape

import nbformat
import pytest
from browser import CHROMIUM, LESSONS, ROOT, chromium, jupyterlab, open_notebook, run_all

pytestmark = [
    pytest.mark.slow("Chromium, and a JupyterLab that takes seconds to start"),
    pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ,
                       reason="Chromium is not installed: sudo apt-get install chromium"),
]
LIVE = ["""import sys
sys.path.insert(0, "..")
import utils""", """import torch
from torch import nn
axes = utils.show_images(torch.rand(3, 28, 28), 1, 3, titles=["one", "two", "three"])
utils.show_confusion_matrix(torch.tensor([[3, 1], [2, 4]]), ["cat", "dog"])
X, y = torch.randn(40, 2), torch.randint(2, (40,))
net = nn.Linear(2, 2)
history = utils.train(net, [(X, y)], [(X, y)], nn.CrossEntropyLoss(), 3, torch.optim.SGD(net.parameters(), lr=0.1))"""]


def stored(name):
    """The alternative texts of a lesson's stored pictures, in their order."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    return [unescape(alt) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
            for alt in re.findall(r'<img alt="([^"]*)"', output.get("data", {}).get("text/html", ""))]


def heard(page, selector):
    """What the accessibility tree below an element calls its images, in their order, badges left out; "" for one without a name."""
    session = page.context.new_cdp_session(page)
    element = session.send("Runtime.evaluate", {"expression": f"document.querySelector('{selector}')"})["result"]["objectId"]
    nodes = session.send("Accessibility.queryAXTree", {"objectId": element})["nodes"]
    session.detach()
    names = [node.get("name", {}).get("value", "") for node in nodes
             if not node["ignored"] and node["role"]["value"] in ("image", "img")]
    return [name for name in names if name not in ("Open in Colab", "Launch on Binder")]


def alike(texts):
    """Texts as the tree has them: runs of white space are one blank."""
    return [" ".join(text.split()) for text in texts]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with jupyterlab(tmp_path_factory.mktemp("lab"), {"live": LIVE}) as address_and_token:
        yield address_and_token


@pytest.mark.parametrize("name", LESSONS)
def test_jupyterlab_reads_the_stored_pictures_to_a_screen_reader(page, server, name):
    """As opened, nothing run and nothing trusted."""
    open_notebook(page, server, name)
    texts = stored(name)
    page.wait_for_function(f"document.querySelectorAll('.jp-OutputArea img').length >= {len(texts)}")
    assert alike(heard(page, ".jp-Notebook")) == alike(texts) and len(texts) >= 3
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def test_jupyterlab_reads_pictures_as_they_are_drawn(page, server):
    open_notebook(page, server, "live")
    assert not [said for each in run_all(page) for said in each["outputs"] if said.startswith("error")]
    names = heard(page, ".jp-Notebook")
    assert names[0] == "3 images in a grid. one; two; three"
    assert names[1] == "Confusion matrix of 10 predictions, 7 of them right; most often dog is taken for cat (2 times)."
    assert re.fullmatch(r"Loss and accuracy on training and test set against the epoch; test accuracy ends at 0\.\d{3}\.", names[2])
    assert len(names) == 3
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")


@pytest.mark.parametrize("name", LESSONS)
def test_exported_pages_read_them_too(page, name, tmp_path):
    done = subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(tmp_path), f"notebooks/{name}.ipynb"],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "Alternative text is missing" not in done.stderr, done.stderr
    assert "No description has been provided" not in (tmp_path / f"{name}.html").read_text(encoding="utf-8")
    page.route(re.compile(r"^https?:"), lambda route: route.abort())  # its fonts and badges come from elsewhere
    page.goto(f"file://{tmp_path}/{name}.html", wait_until="domcontentloaded")
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
