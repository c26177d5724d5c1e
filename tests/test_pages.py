"""What a stranger's notebook does in the instructor's browser, on the feedback page and in the formgrader: nothing."""
import contextlib
import os
import re
import socket
import subprocess
import sys
from urllib.parse import urlparse

import nbformat
import pytest
from browser import CHROMIUM, SECONDS, chromium, stop, wait_for
from classroom import FILE, LESSON, NEEDS_A_SANDBOX, before, cell, command, copy_course, grades, hand_in, solved

pytestmark = [*NEEDS_A_SANDBOX, pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="needs Chromium")]

RUN = "window.top.pwned = 1; new Image().src = 'http://asked.example/run'"
WORDS = f"""
<script>{RUN}</script> <img src=x onerror="{RUN}"> <img src="http://asked.example/a.png"> ![b](http://asked.example/b.png)
<svg onload="{RUN}"></svg> <details open ontoggle="{RUN}">x</details> <iframe src="http://asked.example/c"></iframe>
<style>@import url(http://asked.example/d); body {{ background: url(http://asked.example/e) }}</style>
<link rel=stylesheet href="http://asked.example/f"> <meta http-equiv=refresh content="0; url=http://asked.example/g">
<base href="http://asked.example/"> <object data="http://asked.example/h"></object> <video src="http://asked.example/i" autoplay></video>
<form action="http://asked.example/j"><input autofocus onfocus="{RUN}"></form> <p style="background: url(http://asked.example/k)">x</p>

[one](javascript:{RUN.replace(' ', '')}) [two](JaVaScRiPt:{RUN.replace(' ', '')}) [three](&#106;avascript:{RUN.replace(' ', '')})
[four][r] <javascript:{RUN.replace(' ', '')}> [five](data:text/html,<script>opener.pwned=1</script>) [six](vbscript:x)
<a href="java&#10;script:{RUN}">seven</a> <a href=" javascript:{RUN}" class="score btn" id="submission">eight</a>
$\\href{{javascript:{RUN.replace(' ', '')}}}{{nine}}$ $\\require{{html}}$ [good](https://good.example/page) <mailto:ada@example.org>
[h1](/hub/token) [h2](../../../hub/token) [h3](//127.0.0.1:8000/hub/) [h4](http://localhost:800/hub/home) [h5](#/hub/x)

```mermaid
click A "javascript:{RUN}"
```

[r]: javascript:{RUN.replace(' ', '')}
"""
SHOWS = f'''
from IPython.display import HTML, Javascript, Image, SVG, Markdown, display, IFrame
import base64
display(HTML("""{WORDS}"""), Markdown("""{WORDS}"""))
display(Javascript("""{RUN}"""), IFrame("http://asked.example/l", 10, 10))
png = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
display({{"image/png": base64.b64encode(png).decode(), "text/plain": "a picture"}},
        metadata={{"image/png": {{"width": "1\\" onload=\\"{RUN}", "height": 1}}}}, raw=True)
display({{"image/png": "x\\" onerror=\\"{RUN}", "text/html": "<script>{RUN}</script>"}}, raw=True)
display({{"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload=\\"{RUN}\\"/>"}}, raw=True)
display({{"text/latex": "$\\\\href{{javascript:{RUN}}}{{x}}$", "application/vnd.jupyter.widget-view+json": "{{}}"}}, raw=True)
print("</pre><script>{RUN}</script>\\x1b]8;;javascript:{RUN}\\x07link\\x1b]8;;\\x07")
class Strange(Exception): pass
'''
FAILS = f'raise Exception("</pre><script>{RUN}</script>")'


def submission():
    nb = solved(explain=WORDS, stable_softmax=before(SHOWS, "stable_softmax"), accuracy=f"def accuracy(batches):\n    {FAILS}",
                smooth_labels=f"# </pre><script>{RUN}</script>\n{FAILS}")
    for kind in ("markdown", "raw"):
        nb.cells.insert(2, nbformat.from_dict({"cell_type": kind, "id": f"mine-{kind}", "metadata": {"raw_mimetype": "text/html"},
                                               "source": WORDS}))
    explain = cell(nb, "explain")
    explain.attachments = {"x.png": {"image/png": f'x" onerror="{RUN}'}, "y": {"text/html": f"<script>{RUN}</script>"}}
    explain.source += "\n![a](attachment:x.png) ![b](attachment:y)"
    return nb


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    course = copy_course(folder / "course")
    hand_in(folder / "class", f"<img src=x onerror={RUN.replace('/', '')[:30]}>", submission(), f"<b onclick={RUN[:14]}>.ipynb")
    done = command(course, "exercises.grading", LESSON, folder / "class")
    assert done.returncode == 0, done.stderr
    return course


def watched(page):
    """A list that gathers what the page asks of whom, and what it says."""
    seen = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("dialog", lambda dialog: (seen.append("dialog"), dialog.dismiss()))
    page.context.on("page", lambda another: seen.append("a new page"))
    page.route(re.compile(r"https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
    return seen


def tried(page):
    """Touch everything on the page that a learner may have written, and come back with what window.pwned says."""
    links = page.evaluate("""async () => {
        const links = [...document.querySelectorAll('#notebook-container a, .container a, main a')].map(a => a.getAttribute('href'));
        for (const element of document.querySelectorAll('#notebook-container *, .container *, main *'))
            for (const kind of ['mouseover', 'focus', 'toggle', 'load', 'error', 'pointerenter', 'animationstart'])
                element.dispatchEvent(new Event(kind, {bubbles: false}));
        for (const a of document.querySelectorAll('#notebook-container a[href]'))
            if (!/^https?:/.test(a.getAttribute('href'))) a.click();
        await new Promise(done => setTimeout(done, 1500));
        return links;
    }""")
    return links, page.evaluate("window.pwned")


def is_harmless(page, seen, own):
    links, pwned = tried(page)
    assert pwned is None
    strangers = [url for url in seen if urlparse(url).netloc not in own and not url.startswith(("data:", "file:", "blob:"))]
    # The formgrader's own script for formulas comes from there, whoever's answers it shows.
    assert [url for url in strangers if own == {""} or not url.startswith("https://cdnjs.cloudflare.com/ajax/libs/mathjax/")] == []
    assert not [link for link in links if link and re.match(r"\s*(javascript|data|vbscript):", link, re.I)]
    assert "https://good.example/page" in links and not any(link and "/hub/" in link for link in links)


def test_the_feedback_page_runs_nothing_and_asks_nobody(course, tmp_path):
    done = subprocess.run([sys.executable, "-m", "nbgrader", "generate_feedback", LESSON, "--force"], cwd=course / "exercises",
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    path, = (course / "exercises" / "feedback").glob(f"*/{LESSON}/*.html")
    with chromium(tmp_path / "profile") as page:
        seen = watched(page)
        page.goto(path.as_uri(), wait_until="load")
        is_harmless(page, seen, {""})
        shown = page.locator("body").inner_text()
        assert "accuracy raised Exception" in shown and "<script>" in shown  # it is there, as text
        assert page.locator("img:not([src])").count() == 0 and "[Open in Colab]" in shown  # in words, not as a broken picture
        assert page.locator("img[src^='data:image/png']").count() == 1  # the one picture that is one


@contextlib.contextmanager
def formgrader(course):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"JUPYTER_CONFIG_DIR": str(course / "config"), "JUPYTER_RUNTIME_DIR": str(course / "runtime")}
    with open(course / "server.log", "w") as log:
        process = subprocess.Popen([sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
                                    "--IdentityProvider.token=secret"], cwd=course / "exercises", env=environment, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        stop(process)


def test_the_formgrader_runs_nothing_and_asks_nobody(course, tmp_path):
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course}/exercises/gradebook.db") as gradebook:
        submission, = gradebook.assignment_submissions(LESSON)
        id_ = submission.notebooks[0].id
    with formgrader(course) as host, chromium(tmp_path / "profile") as page:
        seen = watched(page)
        for place in ("manage_submissions/" + LESSON, "gradebook/" + LESSON + "/" + FILE.removesuffix(".ipynb"), f"submissions/{id_}/"):
            page.goto(f"http://{host}/formgrader/{place}?token=secret", wait_until="load")
            page.wait_for_timeout(3 * SECONDS)
            assert page.evaluate("window.pwned") is None
        page.wait_for_selector("text=good", timeout=30 * SECONDS)
        is_harmless(page, seen, {host})
        assert page.locator("text=Student Answer").count() or page.locator(".nbgrader_cell").count()


def test_nothing_that_they_wrote_steers_a_terminal_or_a_spreadsheet(course):
    row, = grades(course).values()
    assert row["student"].startswith("<img src=x") and not re.search(r"[\x00-\x1f\x7f-\x9f]", row["remarks"])
