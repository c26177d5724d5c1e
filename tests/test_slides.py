"""The lessons as slides: which cells are on them, what the exporter shows of a cell, and every slide in a Chromium without a network."""
import ast
import base64
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from browser import CHROMIUM

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "web")]
import slides  # noqa: E402

LESSONS = {path.stem: nbformat.read(path, 4) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
TYPES = {"slide", "subslide", "fragment", "notes", "skip", "-", ""}  # JupyterLab writes "" for its "-"
every_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)


def kind(cell):
    return cell.metadata["slideshow"]["slide_type"]


def decks(lesson):
    """The slides of a lesson, each as the cells that it shows."""
    deck = []
    for cell in slides.slides(lesson).cells:
        if kind(cell) in ("slide", "subslide"):
            deck.append([])
        if kind(cell) != "notes":
            deck[-1].append(cell)
    return deck


# ---------------------------------------------------------------- which cells

@every_lesson
def test_every_cell_says_where_it_stands_and_every_heading_begins_a_slide(lesson):
    for cell in lesson.cells:
        show = cell.metadata.get("slideshow", {})
        assert show.get("slide_type") in TYPES, f"{cell.id}: give it a slide_type, \"-\" to go on with the slide before it"
        assert set(show) <= {"slide_type", "show"} and show.get("show", "output") == "output", cell.id
        if heading := cell.cell_type == "markdown" and re.match("#+ ", cell.source):
            assert kind(cell) == ("subslide" if heading[0] == "### " else "slide"), cell.id
        if cell.cell_type == "code" and kind(cell) != "skip":
            claims = all(isinstance(statement, ast.Assert) for statement in ast.parse(cell.source).body)
            assert not claims and not re.search(r"^explore\(|google\.colab", cell.source, re.M), f"{cell.id} is for who reads"


@every_lesson
def test_a_slide_has_one_idea_and_a_prediction_comes_before_its_answer(lesson):
    deck, open_question = decks(lesson), None
    assert 20 <= len(deck) <= 40
    for cells in deck:
        ids, text = [cell.id for cell in cells], "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        code = [cell for cell in cells if cell.cell_type == "code"]
        assert len(code) <= 1 and len(re.findall("^#+ ", text, re.M)) <= 1 and text.count("**Predict:**") <= 1, ids
        assert not (code and "**Predict:**" in text), f"{ids}: the answer is on the question's slide"
        if "**Predict:**" in text or re.match("## ", text):
            assert open_question is None, f"{open_question} is never answered"
        open_question = ids if "**Predict:**" in text else None if code else open_question
    assert sum("**Predict:**" in cell.source for cell in lesson.cells if cell.cell_type == "markdown") == sum(
        "**Predict:**" in cell.source for cells in deck for cell in cells if cell.cell_type == "markdown")


# ---------------------------------------------------------------- what is shown of a cell

def picture(width, height):
    Image.new("RGB", (2 * width, 2 * height)).save(data := io.BytesIO(), "PNG")
    data = base64.b64encode(data.getvalue()).decode()
    html = f'<img alt="A black picture &amp; words." width="{width}" style="max-width: 100%" src="data:image/png;base64,{data}">'
    return nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "A black picture & words."})


def printed(text):
    return nbformat.v4.new_output("stream", text=text)


def cell(source, slide_type="subslide", *outputs, **show):
    make = nbformat.v4.new_code_cell if outputs or re.match(r"[a-z]\w* = ", source) else nbformat.v4.new_markdown_cell
    return make(source, metadata={"slideshow": {"slide_type": slide_type} | show}, **({"outputs": list(outputs)} if outputs else {}))


@pytest.fixture
def shown(monkeypatch):
    """What becomes of cells: for each slide what it shows and what the speaker's notes say, as HTML."""
    monkeypatch.setattr(slides, "formula", lambda tex, display: f'<span class="katex-html">{tex}</span>')

    def shown(*cells):
        page = slides.page(nbformat.v4.new_notebook(cells=[cell("# Lesson 09: Tests", "slide"), *cells]))
        made = []
        for section in BeautifulSoup(page, "html.parser").select(".slides > section > section")[1:]:
            notes = [note.extract() for note in section.select("aside.notes")]
            made.append((section, "".join(note.get_text() for note in notes)))
        return made
    return shown


def test_of_text_a_slide_shows_what_one_looks_at_and_the_notes_say_the_rest(shown):
    (slide, notes), = shown(cell("## 1. Part\n\nProse.\n\n$$a^2$$\n\n- one $b$\n- two\n\n> **Pitfall: a *slip*.** And why.\n\nWhat leads there.\n\n**Predict:** what?\n\nMore prose."))
    assert [part["class"] for part in slide.select("div[class]")] == [[name] for name in ("heading", "formula", "list", "pitfall", "lead", "predict")]
    assert slide.h2.text == "1. Part" and slide.select_one(".pitfall").get_text() == "Pitfall: a slip." and slide.select_one(".lead").get_text() == "What leads there.\n"
    assert slide.select_one(".predict .ask").get_text() == "Predict:" and not slide.select(".section")
    assert [word in notes for word in ("Prose.", "And why.", "More prose.", "leads", "one", "a^2")] == [True] * 3 + [False] * 3


def test_a_cell_of_prose_shows_its_first_paragraph_and_a_question_its_choices(shown):
    (prose, notes), (question, whys) = shown(
        cell("First.\n\nSecond."), cell("**1.** How many?\n\n<details><summary>A. one</summary>\n\n**No.** Why not.\n\n</details>"))
    assert "First." in prose.get_text() and "Second." not in prose.get_text() and notes == "Second.\n"
    assert "How many?" in question.get_text() and question.summary.text == "A. one" and "Why not." in whys and "Why not." not in question.get_text()


def test_what_is_skipped_or_said_is_not_shown_and_a_slide_names_the_part_that_it_belongs_to(shown):
    (first, _), (second, notes) = shown(cell("## 2. A & B", "slide"), cell("gone = 0", "skip"), cell("## Gone", "skip"),
                                        cell("x = 1", "subslide"), cell("**Said**\n\n- all of it", "notes"), cell("- later", "fragment"))
    assert first.h2.text == "2. A & B" and not first.select(".section")
    assert second.select_one(".section").text == "2. A & B" and second.pre.get_text().strip() == "x = 1" and "all of it" in notes
    assert [item.text for item in second.select("li")] == [item.text for item in second.select(".fragment li")] == ["later"] and not second.select(".label")


def test_nothing_is_loaded_from_another_host(shown):
    (slide, notes), = shown(cell("[![Badge](https://x.org/b.svg)](https://x.org)\n\nWords.\n\n![far](http://x.org/a.png)\n\n- a"))
    assert "Badge" in notes and not slide.select("img") and "https://x.org/b.svg" not in notes
    page = slides.page(nbformat.v4.new_notebook(cells=[cell("# Lesson 09: <b> & c", "slide")]))
    assert "<title>Lesson 09: &lt;b&gt; &amp; c</title>" in page and '<html lang="en">' in page
    assert not re.search(r'(src|href)="(https?:)?//|require|jquery|mathjax', page, re.I)


def test_of_code_the_output_stands_below_it_where_both_fit_and_else_on_the_next_slide(shown):
    short, tall = "a = 1\n" * 3, "a = 1\n" * 15
    (both, _), (code, _), (below, _), (figure, _), (alone, _) = shown(
        cell(short, "subslide", printed("one\n")), cell(tall, "subslide", printed("one\n" * 12)),
        cell(short, "subslide", picture(500, 200), printed("two\n")), cell(short, "subslide", picture(500, 400), show="output"))
    assert len(both.select("pre")) == 2 and "one" in both.get_text()
    assert len(code.select("pre")) == 1 and "one" not in code.get_text() and below.pre.get_text() == "one\n" * 12
    assert len(figure.select("pre")) == 2 and figure.img["alt"] == "A black picture & words." and 500 < int(figure.img["width"]) < 1100
    assert not alone.select("pre") and 500 < int(alone.img["width"]) < 700 and "max-width" not in str(alone.img)


def test_letters_of_code_are_as_large_as_fits(shown):
    def size(source):
        (slide, _), = shown(cell(source))
        return int(re.search(r"font-size: (\d+)px", str(slide))[1])
    assert [size("a = 1"), size("a = " + "1" * 76), size("a = " + "1" * 92), size("a = " + "1" * 200), size("a = 1\n" * 17)] == [24, 22, 19, 18, 22]


# ---------------------------------------------------------------- the command

def test_a_lesson_that_is_none_is_named_with_those_there_are():
    for names in ([], ["04"], ["01-tensors", "04"]):
        with pytest.raises(SystemExit) as end:
            slides.main(names)
        assert end.value.code == f"LESSON is '{' '.join(names)}', where it takes one or more of: {' '.join(LESSONS)}"


@pytest.mark.skipif(os.name != "posix", reason="Windows has the same steps without make")
@pytest.mark.parametrize("words", [[], ["LESSON=04"], ["LESSON="], ["LESSON=o'clock"]])
def test_make_says_so_before_it_installs_anything(words):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "LESSON")}
    done = subprocess.run(["make", "slides", *words], cwd=ROOT, env=environment, capture_output=True, text=True)
    named = words[0].partition("=")[2] if words else ""
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.splitlines()[0] == f"LESSON is '{named}', where it takes one or more of: {' '.join(LESSONS)}"
    asked = subprocess.run(["make", "-n", "slides", "LESSON=01-tensors"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ".venv/bin/python web/slides.py 01-tensors" in asked.stdout


# ---------------------------------------------------------------- in a browser

LOOK = r"""() => {
    const slide = Reveal.getCurrentSlide(), footer = document.querySelector(".slide-number").getBoundingClientRect(), wrong = [], alts = [];
    const fits = (what, box) => {
        if (box.width && box.height && (box.left < 47 || box.top < 0 || box.right > 1233 || box.bottom > footer.top))
            wrong.push(`${what.slice(0, 40)} reaches to ${box.right | 0}, ${box.bottom | 0}`); };
    const walk = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT), range = document.createRange();
    while (walk.nextNode()) {
        const text = walk.currentNode, inside = text.parentElement;
        if (!/[^\s\u200b]/.test(text.textContent) || inside.closest("aside, .katex-mathml")) continue;
        range.selectNodeContents(text);
        for (const box of range.getClientRects()) fits(text.textContent, box);
        const code = inside.closest("pre, code");
        if (!code && /\$|\\[a-z]+/.test(text.textContent)) wrong.push(`TeX: ${text.textContent}`);
        const size = parseFloat(getComputedStyle(inside).fontSize);
        if (size < (code ? 16 : inside.closest(".katex") ? 12 : 24)) wrong.push(`${text.textContent.slice(0, 40)} has ${size} pixels`); }
    for (const part of slide.querySelectorAll("img, pre, code, table, .predict, .pitfall")) {
        if (part.closest("aside")) continue;
        fits(part.tagName, part.getBoundingClientRect());
        if (part.scrollWidth > part.clientWidth + 1 && part.tagName == "PRE") wrong.push(`${part.textContent.slice(0, 40)} is cut`);
        if (part.tagName == "IMG") { alts.push(part.alt); if (!part.complete || !part.naturalWidth) wrong.push("a picture is missing"); } }
    const words = slide.innerText.trim();
    if (!words && !alts.length) wrong.push("nothing is shown");
    return {at: Reveal.getIndices(), number: footer.height > 0 && document.querySelector(".slide-number").innerText, wrong, alts}; }"""
slow = pytest.mark.slow("builds the slides, and looks at every one of them in Chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="Chromium is not installed: sudo apt-get install chromium")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    slides.main(list(LESSONS), folder)
    return folder


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def opened(browser, folder):
    """Opens slides from the disk without a network; what a page asked of others or complained of fails the test."""
    context, said = browser.new_context(offline=True, viewport={"width": 1280, "height": 720}), []
    context.on("request", lambda request: request.url.startswith(("file:", "data:", "about:")) or said.append(request.url))
    context.on("requestfailed", lambda request: said.append(request.url))
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on("console", lambda message: message.type in ("error", "warning") and said.append(message.text))

    def opened(name, query=""):
        page = context.new_page()
        page.goto((folder / f"{name}.html").as_uri() + query)
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        page.evaluate("document.fonts.ready")
        return page
    yield opened
    context.close()
    assert not said


@slow
@needs_chromium
@pytest.mark.parametrize("name", LESSONS)
def test_nothing_on_any_slide_sticks_out_or_is_too_small_and_every_picture_has_its_words(name, opened):
    page, deck = opened(name), decks(LESSONS[name])
    assert page.title() == LESSONS[name].cells[0].source.splitlines()[0].removeprefix("# ") and page.get_attribute("html", "lang") == "en"
    alts, wrong, at, seen = [], [], None, 0
    while (found := page.evaluate(LOOK))["at"] != at:
        at, seen = found["at"], seen + 1
        assert found["number"] == f"{page.evaluate('Reveal.getSlidePastCount()') + 1} / {len(deck)}"
        wrong += [f"slide {found['number']}: {each}" for each in found["wrong"]]
        alts += found["alts"]
        page.keyboard.press("ArrowRight")
    assert not wrong
    assert seen >= len(deck) == page.evaluate("Reveal.getTotalSlides()") and page.evaluate("Reveal.isLastSlide()")
    outputs = "".join(output.get("data", {}).get("text/html", "") for cells in deck for cell in cells for output in cell.get("outputs", []))
    assert alts == [image["alt"] for image in BeautifulSoup(outputs, "html.parser").select("img")] and all(len(alt.split()) >= 5 for alt in alts)
    math = page.evaluate("[document.querySelectorAll('.katex .katex-base').length, [...document.fonts].some(font => /^KaTeX/.test(font.family) && font.status == 'loaded')]")
    assert math[0] > 5 and math[1]


@slow
@needs_chromium
def test_the_contrast_of_every_kind_of_slide_is_enough(opened):
    from axe_playwright_python.sync_playwright import Axe
    page, axe, seen = opened("02-linear-regression"), Axe(), set()
    for slide in range(page.evaluate("Reveal.getTotalSlides()")):
        parts = set(page.evaluate("[...Reveal.getCurrentSlide().querySelectorAll('p, div[class]:not([class*=jp-]), pre, img')].map(part => part.className || part.tagName)"))
        if parts - seen:
            found = axe.run(page, options={"preload": False, "resultTypes": ["violations"], "runOnly": ["color-contrast", "image-alt"]}).response["violations"]
            assert not found, (slide + 1, found[0]["nodes"][0]["html"])
        seen |= parts
        page.keyboard.press("Space")


@slow
@needs_chromium
def test_the_key_s_opens_the_speakers_notes_and_the_slides_can_be_printed(opened, tmp_path):
    from pypdf import PdfReader
    page = opened("04-softmax-from-scratch")
    while not (notes := page.evaluate("Reveal.getSlideNotes()")):
        page.keyboard.press("ArrowRight")
    with page.context.expect_page() as popup:
        page.keyboard.press("s")
    popup.value.wait_for_function("words => document.querySelector('.speaker-controls-notes .value')?.innerText.includes(words)",
                                  arg=BeautifulSoup(notes, "html.parser").p.get_text()[:40])
    opened("04-softmax-from-scratch", "?print-pdf").pdf(path=tmp_path / "slides.pdf", prefer_css_page_size=True, print_background=True)
    pages = PdfReader(tmp_path / "slides.pdf").pages
    assert len(pages) == len(decks(LESSONS["04-softmax-from-scratch"])) and "Softmax regression" in pages[0].extract_text() and "Summary" in pages[-1].extract_text()


def test_an_empty_line_takes_its_room_and_a_long_one_that_of_two():
    line = slides.height(["a"], 20) - 30
    wide = "a" * int(slides.ACROSS / (0.603 * 20))
    assert slides.height(["a\n\n\nb"], 20) == pytest.approx(4 * line + 30) and slides.height(["a\n\n"], 20) == pytest.approx(line + 30)
    assert slides.height([wide], 20) == pytest.approx(line + 30) and slides.height([wide + "a"], 20) == pytest.approx(2 * line + 30)
    assert slides.height(["a", "b"], 20) == pytest.approx(2 * line + 60) and line == pytest.approx(27)
