"""Every lesson in a real JupyterLab in headless Chromium: run, look, move every control.

They need Chromium (a Debian package), and take minutes: `.ci/run` runs them. Screenshots are kept in
tests/screenshots/, which git ignores.
"""
import io
import json
import math
import os
import re
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from browser import (CHROMIUM, LESSONS, ROOT, SECONDS, alike, changes, chromium, close_notebook, cell, heard, ink, jupyterlab,
                     open_notebook, run_all, seen, steady, stored)
from PIL import Image, ImageDraw
from playwright.sync_api import expect, sync_playwright

SHOTS = ROOT / "tests" / "screenshots"
pytestmark = [
    pytest.mark.slow("Chromium, and each lesson run whole in JupyterLab"),
    pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ,
                       reason="Chromium is not installed: sudo apt-get install chromium"),
]
LIVE = ["""import sys
sys.path.insert(0, "..")
import utils""", """import torch
from torch import nn
train_iter, test_iter = utils.load_data_fashion_mnist(256)
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
updater = torch.optim.SGD(net.parameters(), lr=0.1)""",
        "history = utils.train(net, train_iter, test_iter, nn.CrossEntropyLoss(), 10_000, updater)",
        """print("EPOCHS", len(history.test_acc), len(history.train_loss) == len(history.test_acc))
print("USABLE", utils.evaluate_accuracy(net, test_iter) > 0.3)"""]


SHOWN = ["""import sys
sys.path.insert(0, "..")
import utils""", """import torch
from torch import nn
axes = utils.show_images(torch.rand(3, 28, 28), 1, 3, titles=["one", "two", "three"])
utils.show_confusion_matrix(torch.tensor([[3, 1], [2, 4]]), ["cat", "dog"])
X, y = torch.randn(40, 2), torch.randint(2, (40,))
net = nn.Linear(2, 2)
history = utils.train(net, [(X, y)], [(X, y)], nn.CrossEntropyLoss(), 3, torch.optim.SGD(net.parameters(), lr=0.1))"""]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with jupyterlab(tmp_path_factory.mktemp("lab"), {"live": LIVE, "shown": SHOWN}) as address_and_token:
        yield address_and_token


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory, playwright):
    with chromium(tmp_path_factory.mktemp("profile"), playwright) as page:
        yield page


# A lesson without a control (tests/test_explore.py says which may have none) runs here as it does for nbval: once a week will do.
QUIET = [name for name in LESSONS if not any(cell.cell_type == "code" and cell.id.startswith("explore") for cell in nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4).cells)]
AGAIN = pytest.mark.exhaustive("the same as by nbval, once more in JupyterLab")


@pytest.mark.parametrize("name", QUIET)
def test_a_lesson_without_controls_is_read_as_it_is_stored(page, server, name):
    open_notebook(page, server, name)
    assert_the_stored_pictures_are_read(page, name)
    close_notebook(page)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[AGAIN] if name in QUIET else []) for name in LESSONS])
def test_the_lesson_runs_and_every_control_moves_its_picture(page, server, name):
    open_notebook(page, server, name)
    assert_the_stored_pictures_are_read(page, name)
    cells = run_all(page)
    code = [each for each in cells if each["type"] == "code"]
    assert not [(each["id"], said) for each in code for said in each["outputs"]
                if said.startswith("error") and not each["raises"]]
    assert all(each["ran"] for each in code), [each["id"] for each in code if not each["ran"]]
    explorers = [i for i, each in enumerate(cells) if "widget" in each["outputs"]]
    assert explorers == [i for i, each in enumerate(cells) if each["type"] == "code" and each["id"].startswith("explore")], "test_explore says which lessons have some"
    for i in explorers:
        element = cell(page, i)
        element.locator(".jupyter-widgets").first.wait_for()
        before = steady(element)
        assert not re.search("Loading widget|Error displaying widget|Error creating widget", before)
        handles = element.locator(".noUi-handle")
        fields = element.locator("input[type=text]")
        if cells[i]["id"] != "explore-digit":
            assert handles.count() + fields.count() >= 1
        for k in range(handles.count()):
            handles.nth(k).focus()
            handles.nth(k).press("PageUp")  # five steps
            changes(element, before)
            before = steady(element)
            assert_something_is_drawn(element)
        for k in range(fields.count()):
            fields.nth(k).focus()
            fields.nth(k).press("End")
            fields.nth(k).press_sequentially(", 3")
            changes(element, before)
            before = steady(element)
        if fields.count():
            fields.first.press("x")
            assert "Write whole numbers" in changes(element, before)
            fields.first.press("Backspace")
            steady(element)
        if cells[i]["id"] == "explore-digit":
            draw_a_one_and_a_zero(page, element)
        SHOTS.mkdir(exist_ok=True)
        page.wait_for_timeout(500)  # for the picture to be painted
        element.screenshot(path=SHOTS / f"{name}-{cells[i]['id']}.png")
    close_notebook(page)


def assert_the_stored_pictures_are_read(page, name):
    """A screen reader is told of them, as opened, nothing run and nothing trusted."""
    texts = stored(name)
    page.wait_for_function(f"document.querySelectorAll('.jp-OutputArea img').length >= {len(texts)}")
    assert alike(heard(page, ".jp-Notebook")) == alike(texts) and len(texts) >= 3


@pytest.mark.exhaustive("waits for JupyterLab's own clocks; test_hub.py sends what it sends")
def test_a_page_in_view_keeps_no_server(page, tmp_path, monkeypatch):
    """By the settings of hub/server. Without them it does, which shows that JupyterLab asks and notes."""
    for settings, kept in ((str(ROOT / "hub" / "server"), False), ("", True)):
        monkeypatch.setenv("JUPYTER_CONFIG_PATH", settings)
        with jupyterlab(tmp_path / ("kept" if kept else "ended")) as (address, token):
            def last():
                with urllib.request.urlopen(f"{address}/api/status?token={token}&no_track_activity=1") as answer:
                    return json.load(answer)["last_activity"]

            page.goto(f"{address}/lab?token={token}")
            page.wait_for_selector(".jp-DirListing-content")
            page.wait_for_timeout(20_000)
            before = last()
            page.wait_for_timeout(25_000)  # it asks every ten seconds
            assert (last() > before) == kept
            page.goto("about:blank")


def test_jupyterlab_reads_pictures_as_they_are_drawn(page, server):
    open_notebook(page, server, "shown")
    assert not [said for each in run_all(page) for said in each["outputs"] if said.startswith("error")]
    names = heard(page, ".jp-Notebook")
    assert names[0] == "3 images in a grid. one; two; three"
    assert names[1] == "Confusion matrix of 10 predictions, 7 of them right; most often dog is taken for cat (2 times)."
    assert re.fullmatch(r"Loss and accuracy on training and test set against the epoch; test accuracy ends at 0\.\d{3}\.", names[2])
    assert len(names) == 3
    close_notebook(page)


def assert_something_is_drawn(element):
    """The picture may have changed and yet be white: text and alternative text do not tell."""
    share = ink(element)
    assert share is None or share > 0.005, f"{share:.2%} of the picture is dark"


def draw_a_one_and_a_zero(page, element):
    canvas = element.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()

    def draw(points, digit):
        (x, y), *rest = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in points]
        page.mouse.move(x, y)
        page.mouse.down()
        for x, y in rest:
            page.mouse.move(x, y)
            time.sleep(0.02)
        page.mouse.up()
        element.get_by_text(f"most likely a {digit}").wait_for()  # a busy kernel may be seconds behind the mouse
        page.wait_for_function("jupyterapp.shell.currentWidget.sessionContext.session.kernel.status == 'idle'")
        assert f"most likely a {digit}" in steady(element)
        assert_something_is_drawn(element)

    draw([(0.5, 0.15 + 0.035 * i) for i in range(21)], digit=1)
    picture = element.locator(".widget-output img").last.bounding_box()
    assert picture["width"] > 300 and picture["height"] > 100  # the digit and its ten probabilities
    assert picture["x"] > box["x"] + box["width"] and abs(picture["y"] - box["y"]) < 100  # beside the field
    whole = element.locator(".jp-OutputArea-output").first.bounding_box()
    assert whole["height"] < 600  # the window of 1000 pixels has 850 for the notebook
    element.get_by_text("Clear", exact=True).click()
    expect(element.locator(".widget-output")).not_to_contain_text("most likely", timeout=60 * SECONDS)
    angles = [2 * math.pi * i / 40 for i in range(41)]
    draw([(0.5 - 0.22 * math.sin(a), 0.5 - 0.33 * math.cos(a)) for a in angles], digit=0)

    def upload(name, content):
        with page.expect_file_chooser() as chooser:
            element.locator(".widget-upload").click()
        chooser.value.set_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})

    upload("x.pdf", b"%PDF-1.7")
    element.get_by_text("This is a PDF document").wait_for()
    assert "most likely" not in steady(element) and element.locator(".widget-output img").count() == 0
    upload("one.png", a_one())
    element.get_by_text("most likely a 1").wait_for()


def a_one():
    """A file with a photograph of a 1, dark on light."""
    image, content = Image.new("L", (300, 400), 230), io.BytesIO()
    ImageDraw.Draw(image).line((160, 80, 145, 320), fill=30, width=26)
    image.save(content, "PNG")
    return content.getvalue()


CONTROLS = ["""import sys
sys.path.insert(0, "..")
import utils
from explore import choice, draw_digit, explore, slider, text""",
            """explore(lambda **values: print(values), a=slider("Huber's delta (units of the label)", 0.1, 3.0, 0.1, 1.0),
        b=slider("learning rate", 0.001, 10.0, "log", 0.1), c=slider("test image (number)", 0, 99, 1, 0),
        d=choice("batch size (images)", [16, 32, 64, 128, 256, 512], 64), e=text("shape of a", "8, 1, 6, 1"))""",
            """draw_digit(lambda digit: print("INK", round(float(digit.sum()))))"""]


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_controls_stay_in_a_narrow_cell_and_on_one_line_in_a_wide_one(tmp_path, playwright, theme):
    with jupyterlab(tmp_path / "lab", {"controls": CONTROLS}) as server, \
            chromium(tmp_path / "profile", playwright) as page:
        (tmp_path / "lab/settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings").write_text(
            json.dumps({"theme": f"JupyterLab {theme}"}))
        open_notebook(page, server, "controls")
        run_all(page)
        element = cell(page, 1)
        steady(element)
        controls = element.locator(".course-control")
        assert controls.count() == 5
        for control in controls.all():
            box, label = control.bounding_box(), control.locator(".widget-label").bounding_box()
            assert 540 < box["width"] < 550 and box["height"] < 40 and 215 < label["width"] < 225  # 42 em, 17 of them the label
        page.evaluate("() => jupyterapp.shell.collapseLeft()")
        page.set_viewport_size({"width": 480, "height": 1000})
        page.wait_for_timeout(1000)
        for i in (1, 2):
            element = cell(page, i)
            too_wide = element.evaluate("""e => {
                const right = e.querySelector('.jp-OutputArea-output').getBoundingClientRect();
                if (right.width > 370) return ['the cell is wide: ' + right.width];
                return [...e.querySelectorAll('.jp-OutputArea-output, .jp-OutputArea-output *')].filter(x =>
                    x.getBoundingClientRect().width && x.getBoundingClientRect().right > right.right + 0.5
                    || /auto|scroll/.test(getComputedStyle(x).overflowX) && x.scrollWidth > x.clientWidth).map(x => x.className);
            }""")
            assert not too_wide
            SHOTS.mkdir(exist_ok=True)
            element.screenshot(path=SHOTS / f"narrow-{theme}-{i}.png")
        field = element.locator("canvas")
        assert field.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).touchAction") == "solidnone"
        close_notebook(page)


def test_a_touch_draws_and_the_page_stays_where_it_is(tmp_path, playwright):
    with jupyterlab(tmp_path / "lab", {"controls": CONTROLS}) as server, \
            chromium(tmp_path / "profile", playwright, has_touch=True) as page:
        page.set_viewport_size({"width": 900, "height": 500})  # low, so that there is something to scroll
        open_notebook(page, server, "controls")
        run_all(page)
        element = cell(page, 2)
        steady(element)
        canvas = element.locator("canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        fingers = page.context.new_cdp_session(page)

        def touch(kind, *points):
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})
            time.sleep(0.02)

        points = [(box["x"] + 70, box["y"] + 240 - 10 * i) for i in range(20)]
        touch("touchStart", points[0])
        for point in points[1:]:
            touch("touchMove", point)
        touch("touchEnd")
        element.get_by_text(re.compile(r"INK (2[1-9]|[3-9]\d|\d{3})")).first.wait_for()
        assert canvas.bounding_box() == box
        close_notebook(page)


def test_training_is_live_and_can_be_interrupted(page, server):
    open_notebook(page, server, "live")
    page.evaluate("""async () => {
        const nb = jupyterapp.shell.currentWidget.content;
        for (const i of [0, 1]) { nb.activeCellIndex = i; await jupyterapp.commands.execute('notebook:run-cell'); }
        nb.activeCellIndex = 2; jupyterapp.commands.execute('notebook:run-cell');
    }""")
    element = cell(page, 2)
    element.locator("progress").wait_for()
    first = element.locator("progress").get_attribute("value")
    element.locator("img").first.wait_for()
    before = seen(element)
    changes(element, before)
    changes(element, seen(element))
    assert float(element.locator("progress").get_attribute("value")) > float(first)
    assert element.locator("img").count() == 1, "the curve should grow in place"
    element.screenshot(path=SHOTS / "live.png") if SHOTS.exists() else None
    page.evaluate("() => jupyterapp.commands.execute('notebook:interrupt-kernel')")
    element.get_by_text("Interrupted: the network, the history and the picture are kept.").wait_for()
    element.locator("progress").wait_for(state="detached")  # it goes after the sentence has come
    assert element.locator("img").count() == 1
    page.evaluate("""async () => {
        jupyterapp.shell.currentWidget.content.activeCellIndex = 3; await jupyterapp.commands.execute('notebook:run-cell');
    }""")
    said = steady(cell(page, 3))
    assert int(re.search(r"EPOCHS (\d+) True", said)[1]) >= 1 and "USABLE True" in said
    close_notebook(page)


def test_an_own_copy_shows_no_answer_before_it_is_run(page, server):
    """What `make lab` opens: a Predict stands before its answer, and the copy runs where it lies."""
    open_notebook(page, server, "01-tensors", "mine")
    shown = page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.filter(w => w.model.type == 'code').map(w => w.model.outputs.length)")
    assert len(shown) > 40 and set(shown) == {0}
    assert page.locator(".jp-Notebook :text('Predict:')").count() >= 3
    cells = run_all(page)
    assert not [(each["id"], said) for each in cells for said in each["outputs"] if said.startswith("error") and not each["raises"]]
    assert all(each["ran"] for each in cells if each["type"] == "code")
    question = next(i for i, each in enumerate(cells) if each["id"] == "quick-1-text")
    choice = cell(page, question).locator("details").first
    assert not choice.locator("p").first.is_visible()
    choice.locator("summary").click()
    assert choice.locator("p").first.is_visible()
    close_notebook(page)


def test_run_all_goes_through_unanswered_exercises_and_counts(page, server):
    """A check that fails shows its sentence, and the cells after it run."""
    open_notebook(page, server, "01-tensors-exercises", "exercises/release/01-tensors")
    cells = run_all(page)
    code = [each for each in cells if each["type"] == "code"]
    assert all(each["ran"] for each in code), [each["id"] for each in code if not each["ran"]]
    checks = [each for each in code if each["id"].endswith("-check")]
    assert len(checks) == 6 and all(len(each["outputs"]) == 1 and "not attempted yet" in each["outputs"][0] for each in checks)
    last = next(i for i, each in enumerate(cells) if each["id"] == "progress")
    assert steady(cell(page, last)).strip() == "0 of 6 right, next: differences (not attempted yet)."
    SHOTS.mkdir(exist_ok=True)
    cell(page, last - 2)
    page.screenshot(path=SHOTS / "exercises.png")
    close_notebook(page)


def test_the_server_wants_its_token(server):
    address, _ = server
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/api/contents")
    assert refused.value.code == 403
