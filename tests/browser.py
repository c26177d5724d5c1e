"""A real JupyterLab in headless Chromium: for tests/test_browser.py and benchmarks/explore.py."""
import base64
import contextlib
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from html import unescape
from pathlib import Path

import nbformat
from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDGET = "application/vnd.jupyter.widget-view+json"
SECONDS = 1000  # Playwright counts in milliseconds


def stop(process):
    """End a Jupyter server. Now and then one of its threads never ends, so it gets twenty seconds and no more."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(port):
    """Wait until a Jupyter server answers, a minute at most."""
    for _ in range(120):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token=secret")
            return
        time.sleep(0.5)


@contextlib.contextmanager
def jupyterlab(course, notebooks=()):
    """Run a JupyterLab with a token over a copy of the course in the folder `course`; yield (address, token).

    `notebooks`: {name: code of its cells}, added to the copy.
    """
    for name in ("notebooks", "blank", "data/sample", "exercises/checks", "exercises/release"):
        shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in (*(path.name for path in ROOT.glob("*.py") if path.name != "conftest.py"), "benchmarks/records.csv", "tools/mine.py", "tools/course.py", "pyproject.toml"):
        (course / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, course / name)
    for name, codes in dict(notebooks).items():
        nb = nbformat.read(ROOT / "notebooks" / "01-tensors.ipynb", 4)
        nb.cells = [nbformat.v4.new_code_cell(code, id=f"{name}-{i}") for i, code in enumerate(codes)]
        nbformat.write(nb, course / "notebooks" / f"{name}.ipynb")
    subprocess.run([sys.executable, "tools/mine.py"], cwd=course, check=True)
    settings = course / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    news = course / "settings" / "@jupyterlab" / "apputils-extension"
    news.mkdir()
    (news / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "OMP", "MPLBACKEND"))}
    environment |= {"COURSE_DATA": "sample", "JUPYTERLAB_SETTINGS_DIR": str(course / "settings"),
                    "OMP_NUM_THREADS": "1" if "PYTEST_XDIST_WORKER" in os.environ else "2",
                    "JUPYTER_CONFIG_DIR": str(course / "config"), "JUPYTER_RUNTIME_DIR": str(course / "runtime")}
    with open(course / "server.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
             "--expose-app-in-browser", "--IdentityProvider.token=secret", f"--notebook-dir={course}"],
            cwd=course, env=environment, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}", "secret"
    finally:
        stop(process)


@contextlib.contextmanager
def chromium(profile, playwright=None, **screen):
    """Run headless Chromium on a fresh profile folder; yield a page. `has_touch=True`: as on a touch screen.

    `playwright`: the one that runs already, where there is one; a process can't start a second.
    """
    options = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " \
              "--disable-component-update --disable-sync"
    with contextlib.nullcontext(playwright) if playwright else sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=options.split(),
            viewport={"width": 1200, "height": 1000}, **screen)
        page = context.new_page()
        page.set_default_timeout(60 * SECONDS)
        yield page
        context.close()


def open_notebook(page, server, name, folder="notebooks"):
    address, token = server
    page.goto(f"{address}/lab/tree/{folder}/{name}.ipynb?token={token}&reset")
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context")
    page.evaluate("""async () => {
        const w = jupyterapp.shell.currentWidget;
        await w.context.ready; await w.sessionContext.ready; await w.sessionContext.session.kernel.info;
    }""")


def close_notebook(page):
    page.evaluate("""async () => {
        await jupyterapp.shell.currentWidget.sessionContext.shutdown();
        await jupyterapp.commands.execute('docmanager:save');
    }""")


def cell(page, index):
    """The element of a code or text cell, scrolled into view."""
    page.evaluate("""async i => {
        const nb = jupyterapp.shell.currentWidget.content;
        nb.activeCellIndex = i; await nb.scrollToItem(i, 'start');
    }""", index)
    return page.locator(f".jp-Notebook-cell >> nth={index}")


def seen(element):
    """What the outputs of a cell show: the text, and the pictures."""
    return element.evaluate("""e => [...e.querySelectorAll('.jp-OutputArea-output, .widget-output')].map(
        o => o.innerText + [...o.querySelectorAll('img')].map(i => i.src).join()).join()""")


def changes(element, before, seconds=60):
    """Wait until a cell's outputs differ from `before`; return them."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (now := seen(element)) != before and ("img" not in before or "data:image" in now):
            return now
        time.sleep(0.02)
    raise AssertionError("The control was moved and nothing changed.")


def steady(element):
    """Wait until a cell's outputs have shown something and stopped changing; return them."""
    last, since = "", time.monotonic()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        now = seen(element)
        if now != last or not now:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 0.5:
            return now
        time.sleep(0.05)
    raise AssertionError(f"The outputs do not come to rest: {last[:200]}")


def ink(element):
    """The share of dark points in the last picture that a cell's widgets show; None where they show none."""
    pictures = element.locator(".widget-output img")
    if not pictures.count():
        return None
    data = pictures.last.get_attribute("src").partition("base64,")[2]
    counts = Image.open(io.BytesIO(base64.b64decode(data))).convert("L").histogram()
    return sum(counts[:128]) / sum(counts)


def run_all(page):
    """Run all cells; return what each is and did: id, type, ran, raises, outputs ("widget", "error: ..." or "other")."""
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    return page.evaluate(f"""() => jupyterapp.shell.currentWidget.content.widgets.map(w => ({{
        id: w.model.id, type: w.model.type, ran: w.model.executionCount,
        raises: (w.model.getMetadata('tags') || []).includes('nbval-raises-exception'),
        outputs: w.model.type != 'code' ? [] : [...Array(w.model.outputs.length).keys()].map(i => w.model.outputs.get(i))
            .map(o => o.type == 'error' ? `error: ${{o.toJSON().evalue}}` : '{WIDGET}' in o.data ? 'widget' : 'other')}}))""")


# ---------------------------------------------------------------- what a screen reader gets

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
