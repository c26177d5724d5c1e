"""The web edition's parts, without building it: what its extension makes of cells, links and style sheets, and what is kept of the
Explore blocks. tests/test_web.py builds it and opens it."""
import base64
import importlib
import io
import itertools
import json
import math
import os
import re
import sys
from html import escape
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import utils
import torch
from classroom import ROOT
from matplotlib import pyplot as plt
from PIL import Image
from torch import nn

sys.path[:0] = [str(ROOT / "web"), str(ROOT / "tools")]
edition, explore, explored, slides, stamp = map(importlib.import_module, ("edition", "explore", "explored", "slides", "stamp"))
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXPLORE = {f"{path.stem}.{cell.id}": cell.source for path in LESSONS for cell in nbformat.read(path, 4).cells
           if cell.cell_type == "code" and re.search(r"^explore\(", cell.source, re.M)}


def app(*docs):
    env = SimpleNamespace(found_docs=set(docs), path2doc=lambda path: path.removeprefix(f"{ROOT}/").rsplit(".", 1)[0])
    return SimpleNamespace(srcdir=str(ROOT), env=env)


def shape(*cells):
    """What becomes of a notebook's cells: c for code, its words for text, < and > for a fold."""
    given = [{"cell_type": "code" if text == "c" else "markdown", "source": text, "id": f"i{i}"} for i, text in enumerate(cells)]
    made = [cell["source"] for cell in edition.cells(app(), Path("notebooks/00-none.ipynb"), given)]
    return " ".join("<" if 'details class="predict"' in text else ">" if "</details>" in text else text.split("\n\n")[-1] for text in made)


@pytest.mark.parametrize("cells, becomes", [
    (("P **Predict:** what?", "c", "answer", "more"), "P **Predict:** what? < c answer > more"),
    (("**Predict:** what?", "c", "c", "# Next", "c"), "**Predict:** what? < c c > # Next c"),
    (("text\n\n**Predict:** what?", "more", "c", "answer", "c"), "**Predict:** what? < more c answer > c"),
    (("**Predict:** one?", "c", "answer\n\n**Predict:** two?", "c", "end"), "**Predict:** one? < c **Predict:** two? > < c end >"),
    (("**Predict:** what?", "c"), "**Predict:** what? < c >"),
    (("**Predict** is what you do.\n\nGo on.", "c", "text"), "Go on. c text"),
    (("## Head\n\n**Predict:** what?", "## Head", "c"), "**Predict:** what? < > ## Head c")])
def test_what_follows_a_prediction_is_folded_up_to_its_answer(cells, becomes):
    assert shape(*cells) == becomes


def test_no_lesson_leaves_a_prediction_open_or_a_fold_unclosed():
    for path in LESSONS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        made = ["".join(cell["source"]) for cell in edition.cells(app(), path.relative_to(ROOT), cells)]
        asked = sum("".join(cell["source"]).count("**Predict:**") for cell in cells)
        folds = [i for i, text in enumerate(made) if 'class="predict"' in text]
        assert len(folds) == asked, path.name
        for i in folds:
            inside = made[i + 1:next(j for j in range(i, len(made)) if "\n</details>\n" in made[j])]
            assert inside and not any(re.search(r"^#|\*\*Explore", text) for text in inside if not text.startswith(("import", "def"))), (path.name, inside)


@pytest.mark.parametrize("text, becomes", [
    ("[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://x.org/a)", "[Open in Colab](https://x.org/a)"),
    ("[l](../LICENSE)", "[l](https://github.com/{slug}/blob/{revision}/LICENSE)"),
    ("[l](../exercises/release/)", "[l](https://github.com/{slug}/tree/{revision}/exercises/release)"),
    ("[l](../exercises/course.toml#late)", "[l](https://github.com/{slug}/blob/{revision}/exercises/course.toml#late)"),
    ("[l](errors.md#start)", "[l](errors.md#start)"), ("[l](#here)", "[l](#here)"), ("![p](growth.png)", "![p](growth.png)"),
    ("[l](gone.md)", "[l](gone.md)"), ("`layers[1](X)`", "`layers[1](X)`"), ("[l](https://x.org/LICENSE)", "[l](https://x.org/LICENSE)"),
    ("[l](../../../etc/passwd)", "[l](../../../etc/passwd)")])
def test_links_lead_to_a_page_or_to_the_file_on_github(text, becomes):
    slug, revision = edition.course.settings()
    assert edition.linked(app("docs/errors"), Path("docs/checks.md"), text) == becomes.format(slug=slug, revision=revision)


def test_badges_become_buttons_and_the_third_one_downloads_the_notebook_without_outputs():
    badges = ("[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://x.org/a) "
              "[![Launch on Binder](https://mybinder.org/badge_logo.svg)](https://x.org/b)")
    buttons = '<p class="launch"><a href="https://x.org/a">Open in Colab</a> <a href="https://x.org/b">Launch on Binder</a> <a href="{}" download>Download</a></p>'
    for name, there in (("notebooks/01-tensors.ipynb", "../01-tensors.ipynb"),
                        ("exercises/release/01-tensors/01-tensors-exercises.ipynb", "../../../_sources/exercises/release/01-tensors/01-tensors-exercises.ipynb")):
        assert edition.linked(app(), Path(name), f"# A\n\n{badges}\n\ntext") == f"# A\n\n{buttons.format(there)}\n\ntext"


def test_an_explore_cell_without_its_pictures_is_told(caplog):
    cell = {"cell_type": "code", "source": "explore(f, a=1)", "id": "new"}
    with caplog.at_level("WARNING", "sphinx.edition"):
        list(edition.cells(app(), Path("notebooks/09-none.ipynb"), [cell]))
    assert "notebooks/09-none.ipynb: what the Explore cell new shows is not in web/explored: make explored LESSONS=09-none" in caplog.text


def test_every_link_anchor_and_load_is_looked_at(tmp_path):
    (tmp_path / "a.html").write_text('<p id="one"></p><a href="b.html#two">x</a><a href="#one">x</a><a href="https://x.org">x</a><a href="mailto:a@b">x</a>')
    (tmp_path / "b.html").write_text('<p id="two"></p><a href="a.html?q=1#one">x</a><img src="p%20q.png"><link rel="canonical" href="https://x.org">')
    (tmp_path / "p q.png").touch()
    assert list(edition.faults(tmp_path)) == []
    (tmp_path / "b.html").write_text('<script src="https://x.org/a.js"></script><link rel="stylesheet" href="//x.org/a.css"><a href="gone.html">x</a>'
                                     '<img src="gone.png"><a href="#gone">x</a><a href="a.html#gone">x</a>')
    said = "\n".join(edition.faults(tmp_path))
    assert [word in said for word in ("loads https://x.org/a.js from another host", "loads //x.org/a.css from another", "leads to gone.html, which is not there",
                                      "leads to gone.png, which", "leads to #gone, and b.html has no such place", "leads to a.html#gone, and a.html has no",
                                      "a.html leads to b.html#two, and b.html has no such place")] == [True] * 7, said
    assert len(said.splitlines()) == 7


def test_a_style_sheet_leads_to_the_same_files_from_another_folder(tmp_path):
    (tmp_path / "styles").mkdir()
    (tmp_path / "basic.css").write_text("a { b: url(file.png) }")
    (tmp_path / "styles" / "theme.css").write_text('@import "../basic.css";\nc { d: url("../x/y.woff2") url(z.png) url("data:image/svg+xml;utf8,<svg a=\'(1)\'>") }')
    assert edition.styles(tmp_path, "styles/theme.css") == \
        'a { b: url(file.png) }\nc { d: url(x/y.woff2) url(styles/z.png) url("data:image/svg+xml;utf8,<svg a=\'(1)\'>") }'


def test_every_explore_block_is_kept_as_its_lesson_is_today():
    kept = {path.stem: edition.explored(path.stem) for path in (ROOT / "web" / "explored").glob("*.js")}
    assert set(kept) == set(EXPLORE) | {"07-cnn.network"}
    sizes = {}
    for name, pack in kept.items():
        lesson = name.partition(".")[0]
        code = stamp.code(nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4))
        assert pack["of"]["code"] == code, f"{lesson} has changed since its Explore blocks were drawn: make explored LESSONS={lesson}"
        sizes[lesson] = sizes.get(lesson, 0) + (ROOT / "web" / "explored" / f"{name}.js").stat().st_size
    assert max(sizes.values()) < 3e6, sizes


@pytest.mark.parametrize("name", EXPLORE)
def test_a_block_has_the_controls_of_its_cell_and_a_picture_for_each_setting(name):
    pack, source = edition.explored(name), EXPLORE[name]
    for control in pack["controls"]:
        assert control["name"] in source or "places" in source
        assert re.sub(r"^\w+ logit \(class \d\)$", '{name} logit (class {k})', control["label"]) in source
        assert "text" in control or len(control["values"]) > 1 and 0 <= control["start"] < len(control["values"])
    assert ("script" in pack) != ("settings" in pack)
    if "settings" in pack:
        assert len(pack["settings"]) == math.prod(len(control["values"]) for control in pack["controls"])
        assert {number for number, _, _ in pack["settings"]} == set(range(len(pack["pictures"]))), "a picture that no setting shows, or none"
        assert all(len(alt) > 20 for _, alt, _ in pack["settings"])
        assert len(pack["pictures"]) > 20
        places = list(itertools.product(*(range(len(control["values"])) for control in pack["controls"])))  # the last control moves first
        number, alt, _ = pack["settings"][places.index(tuple(control["start"] for control in pack["controls"]))]
        html = edition.explore_block(name)
        assert f'alt="{escape(alt)}"' in html and pack["pictures"][number] in html, "what is shown first is what the controls say"
        for control in pack["controls"]:
            field, said = re.search(rf'<input type="range"[^>]* id="{re.escape(name)}\.{control["name"]}"([^>]*)><output[^>]*>([^<]*)</output>', html).groups()
            spoken, at = re.search(r'value="(\d+)" aria-valuetext="([^"]*)"', field).groups()[::-1]
            assert spoken == said and int(at) == control["start"] and float(said) == pytest.approx(control["values"][control["start"]], rel=5e-3)


def test_each_page_stands_once_in_the_sidebar_in_the_first_group_that_it_fits():
    docs = ["README", "notebooks/02-b", "notebooks/01-a", "exercises/release/01-a/01-a-exercises", "exercises/README", "docs/errors", "docs/checks", "docs/errors-of-old", "index"]
    made = app(*docs)
    made.config = SimpleNamespace(root_doc="index")
    groups = {title: names.split() for title, names in re.findall(r":caption: (.*)\n\n([^`]*)```", edition.contents(made))}
    assert groups == {"Lessons": ["notebooks/01-a", "notebooks/02-b"], "Exercises": ["exercises/release/01-a/01-a-exercises"], "Help": ["docs/errors"],
                      "The project": ["README", "docs/checks", "docs/errors-of-old", "exercises/README"]}


@pytest.mark.parametrize("link, leads", [
    ("#the-loss", "#01-a--the-loss"), ("02-b.html", "#02-b--"), ("02-b.html#steps", "#02-b--steps"), ("https://good.example/x#y", "https://good.example/x#y"),
    ("mailto:a@example.org", "mailto:a@example.org"), ("../README.html", "BASE/README.html"), ("../README.html#lessons", "BASE/README.html#lessons"),
    ("../docs/errors.html#a-b", "BASE/docs/errors.html#a-b"), ("../exercises/02-b.html#x", "BASE/exercises/02-b.html#x"), ("03-c.html#x", "BASE/03-c.html#x")])
def test_in_the_book_a_link_leads_where_the_pages_does(link, leads, tmp_path, monkeypatch):
    book = importlib.import_module("book")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01-a.html").write_text(f'<nav href="x"></nav><article><section id="top" class="s"><h1>A</h1><a href="{link}">x</a>'
                                                      '<details><summary>?</summary></details><img loading="lazy" src="p.png"></section></article><footer>')
    monkeypatch.setattr(book, "SITE", tmp_path)
    monkeypatch.setattr(book.conf, "html_baseurl", "BASE/")
    text = book.article("01-a", ["01-a", "02-b"])
    assert f'<a href="{leads}">x</a>' in text and 'id="01-a--top">A</h1>' in text and text.startswith('<div id="01-a--"></div><article>')
    assert "<details open>" in text and "lazy" not in text and "<footer>" not in text


def test_the_site_opens_at_its_first_page_and_github_leaves_nothing_out(tmp_path, monkeypatch):
    out = tmp_path / "site" / "en"
    (out / "_static").mkdir(parents=True)
    (out / "README.html").write_text("the page")
    (out.parent / "jupyter_execute").mkdir()
    monkeypatch.setattr(edition, "lighter", lambda page, static: f"lighter {page}")
    monkeypatch.setattr(edition, "fewer_icons", lambda static, pages: None)
    made = SimpleNamespace(builder=SimpleNamespace(name="html"), outdir=str(out), config=SimpleNamespace(root_doc="README", language="en", html_title="A & B", project="Course"))
    edition.finish(made, None)
    assert (out / "README.html").read_text() == "lighter the page" and not (out.parent / "jupyter_execute").exists()
    assert (out.parent / ".nojekyll").exists(), "or it would leave out _static"
    for folder, there in ((out, "README.html"), (out.parent, "en/README.html")):
        page = (folder / "index.html").read_text()
        assert f'content="0; url={there}"' in page and f'<a href="{there}">Course</a>' in page and "<title>A &amp; B</title>" in page
    (out.parent / ".nojekyll").unlink()
    edition.finish(made, ValueError("it was not built"))
    assert not (out.parent / ".nojekyll").exists()


def test_the_books_outline_opens_each_heading_at_its_page(tmp_path):
    book, pypdf = importlib.import_module("book"), importlib.import_module("pypdf")
    blank = pypdf.PdfWriter()
    for _ in range(4):
        blank.add_blank_page(100, 100)
    blank.write(tmp_path / "book.pdf")
    link = '<a class="headerlink" href="#{}">¶</a>'
    headings = [(1, "One &amp; <em>all</em>", "a", 1), (2, "Within", "b", 2), (2, "More", "c", 2), (1, "Two", "d", 4)]
    book.outlined(tmp_path / "book.pdf", "".join(f"<h{level}>{title}{link.format(anchor)}</h{level}>" for level, title, anchor, _ in headings),
                  {anchor: page for _, _, anchor, page in headings})
    read = pypdf.PdfReader(tmp_path / "book.pdf")

    def told(items):
        return [told(item) if isinstance(item, list) else (item.title, read.get_destination_page_number(item) + 1) for item in items]

    assert told(read.outline) == [("One & all", 1), [("Within", 2), ("More", 2)], ("Two", 4)]


def test_a_control_of_the_site_takes_each_value_of_the_lessons_from_end_to_end():
    values_of = explored.values_of
    assert values_of(explore.slider("n", 1, 9, 2, 3)) == [1, 3, 5, 7, 9] and values_of(explore.choice("of", ["a", "b"], "b")) == ["a", "b"]
    assert values_of(explore.slider("x", -0.3, 0.3, 0.1, 0.0)) == [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]
    for low, high in ((0.01, 10.0), (0.001, 1.0), (0.1, 100.0), (0.02, 2.0)):
        values = values_of(explore.slider("rate", low, high, "log", low))
        assert (values[0], values[-1]) == (low, high) and len(values) == 20 * round(math.log10(high / low)) + 1
        assert all(math.isclose(b / a, 10 ** 0.05, rel_tol=1e-6) for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("grid, start", list(itertools.product((1, 2, 3, 4, 5, [1, 4, 5, 9]), range(1, 10))))
def test_a_block_begins_where_its_lesson_does_however_few_values_are_kept(grid, start, monkeypatch):
    """Where a list of values is named, and the lesson's is none of them, it stops."""
    monkeypatch.setitem(explored.GRIDS, "00-none.explore", {"n": grid})
    if isinstance(grid, list) and start not in grid:
        with pytest.raises(ValueError):
            explored.described("00-none.explore", {"n": explore.slider("units", 1, 9, 1, start)})
        return
    kept, = explored.described("00-none.explore", {"n": explore.slider("units", 1, 9, 1, start)})
    assert kept["name"] == "n" and kept["label"] == "units" and kept["values"][kept["start"]] == start
    assert kept["values"] == (grid if isinstance(grid, list) else [value for value in range(1, 10) if (value - start) % grid == 0])


def test_a_block_has_every_kind_of_control_and_where_no_grid_is_named_all_values():
    kept = explored.described("00-none.explore", {
        "lr": explore.slider("rate", 0.1, 10.0, "log", 1.0), "p": explore.slider("dropout", 0.0, 1.0, 0.25, 0.5), "t": explore.text("shape", "(2, 3)")})
    rate, dropout, shape = kept
    assert len(rate["values"]) == 41 and rate["values"][rate["start"]] == pytest.approx(1.0)
    assert dropout == {"name": "p", "label": "dropout", "values": [0.0, 0.25, 0.5, 0.75, 1.0], "start": 2}
    assert shape == {"name": "t", "label": "shape", "text": "(2, 3)"}


def test_each_different_picture_is_kept_once_with_its_words_for_every_setting():
    def picture(n, up):
        fig, ax = plt.subplots(figsize=(2, 1))
        ax.plot([0, 1], [n % 2, 1], color="C0")
        print(f"n is {n}, {up}")
        utils.show(fig, f"a line from {n % 2}")

    before = plt.get_fignums()
    made = explored.grid(picture, [{"name": "n", "values": [1, 2, 3]}, {"name": "up", "values": [True, False]}])
    assert plt.get_fignums() == before, "a figure that stays open takes memory until the end"
    assert len(made["pictures"]) == 2
    assert made["settings"] == [[(n + 1) % 2, f"a line from {n % 2}", f"n is {n}, {up}"] for n in (1, 2, 3) for up in (True, False)], "the last control moves first"
    image = Image.open(io.BytesIO(base64.b64decode(made["pictures"][0])))
    assert image.format == "WEBP" and image.size == (200, 100) and len(image.convert("RGB").getcolors()) <= 20


def test_a_networks_layers_are_kept_in_order_with_float32_weights_and_what_evaluation_needs():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, eps=1e-3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)).to(memory_format=torch.channels_last)
    net[1].running_mean += torch.tensor([1.0, 2.0])
    layers = explored.network(net)["layers"]
    assert [layer["kind"] for layer in layers] == ["Conv2d", "BatchNorm2d", "ReLU", "Flatten", "Linear"] and not net.training
    assert layers[1]["eps"] == 1e-3 and "num_batches_tracked" not in layers[1] and set(layers[2]) == {"kind"}
    for layer, kept in zip(net, layers):
        for name, tensor in layer.state_dict().items():
            if tensor.is_floating_point():
                assert kept[name]["shape"] == list(tensor.shape)
                assert np.array_equal(np.frombuffer(base64.b64decode(kept[name]["data"]), "<f4").reshape(tensor.shape), tensor.numpy())


def test_what_is_kept_of_a_lesson_is_what_its_cells_show_and_which_code_it_was(tmp_path, monkeypatch, capsys):
    """And the drawing's network is the one that the lesson has trained."""
    cells = [nbformat.v4.new_code_cell("from explore import draw_digit, explore, slider\nimport torch\nfrom torch import nn\nimport utils\nfrom matplotlib import pyplot as plt\nprint('not told')", id="imports"),
             nbformat.v4.new_markdown_cell("words", id="words"),
             nbformat.v4.new_code_cell("def picture(n):\n    fig, ax = plt.subplots()\n    utils.show(fig, f'an empty picture of {n}')\nexplore(picture, n=slider('n', 1, 3, 1, 2))", id="explore"),
             nbformat.v4.new_code_cell("better_net = nn.Sequential(nn.Linear(1, 1))", id="net"), nbformat.v4.new_code_cell("draw_digit(print)", id="explore-drawing")]
    lesson = tmp_path / "01-none.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lesson)
    monkeypatch.setattr(explored, "HERE", tmp_path)
    monkeypatch.setattr(explored.explore, "explore", None)
    monkeypatch.setattr(explored.explore, "draw_digit", None)
    monkeypatch.setattr(explored.stamp, "modules", lambda path: {lesson: "the modules"}[path])
    here = os.getcwd()
    try:
        explored.run(lesson)
    finally:
        os.chdir(here)
    assert sorted(path.name for path in tmp_path.glob("*.js")) == ["01-none.explore.js", "01-none.network.js"]
    for name in ("explore", "network"):
        text = (tmp_path / f"01-none.{name}.js").read_text(encoding="utf-8")
        name_of, _, rest = text.partition("course.loaded(")[2].partition(", ")
        pack = json.loads(rest.rstrip().removesuffix(");"))
        assert json.loads(name_of) == f"01-none.{name}" and pack.pop("of") == {"code": stamp.code(nbformat.read(lesson, 4)), "modules": "the modules"}
        if name == "explore":
            assert pack["controls"] == [{"name": "n", "label": "n", "values": [1, 2, 3], "start": 1}] and [alt for _, alt, _ in pack["settings"]] == [f"an empty picture of {n}" for n in (1, 2, 3)]
        else:
            assert [layer["kind"] for layer in pack["layers"]] == ["Linear"]
    assert capsys.readouterr().out.startswith("01-none.explore: 0.0")


# ---------------------------------------------------------------- formulas, addresses, pictures, and what a page waits for

@pytest.fixture
def node(monkeypatch):
    """In the place of Node.js, for both that ask it: what it is asked, and what it answers next."""
    pipe = SimpleNamespace(asked=[], answers=[])
    program = SimpleNamespace(stdin=SimpleNamespace(write=pipe.asked.append, flush=lambda: None), stdout=SimpleNamespace(readline=lambda: json.dumps(pipe.answers.pop(0)) + "\n"))
    for module in (edition, slides):
        monkeypatch.setattr(module, "node_js", lambda: program)
    return pipe


@pytest.mark.parametrize("display, tag", [(True, "div"), (False, "span")])
def test_a_formula_is_asked_for_whole_and_one_that_cant_be_read_named_in_the_page_and_refused_on_a_slide(display, tag, node, caplog):
    writer = SimpleNamespace(body=[])
    node.answers = [["<b>é</b>", None], [r"\frac{", "Expected '}'"], ["<b>é</b>", None], [r"\frac{", "Expected '}'"]]
    for tex in ("x\né", r"\frac{"):
        with pytest.raises(edition.nodes.SkipNode):
            edition.formula(writer, edition.nodes.math_block(tex, tex), display)
    assert writer.body == [f'<{tag} class="math"><b>é</b></{tag}>', f'<{tag} class="math">\\frac{{</{tag}>']
    assert [json.loads(line) for line in node.asked] == [["x\né", display], [r"\frac{", display]] and all(line.count("\n") == 1 and line.endswith("\n") for line in node.asked)
    assert [record.getMessage() for record in caplog.records] == [r"KaTeX can't read the formula \frac{: Expected '}'"]
    assert slides.formula("x", display) == "<b>é</b>" and json.loads(node.asked[-1]) == ["x", display]
    with pytest.raises(ValueError, match=r"^KaTeX can't read the formula \\frac\{: Expected '\}'$"):
        slides.formula(r"\frac{", display)


def test_a_heading_has_its_cells_address_and_the_one_that_its_words_give_leads_there_too(tmp_path):
    from docutils import nodes, utils as docutils
    cells = [("markdown", "t-text", "# Title\n\n```\n# no heading\n```\n## Second"), ("code", "c", "# no heading"), ("markdown", "loss", "text\n\n## The loss\n")]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": kind, "id": name, "source": source.splitlines(keepends=True)} for kind, name, source in cells]}), encoding="utf-8")
    document = docutils.new_document("a")
    for words in (["title"], ["second", "t"], ["the-loss"]):
        section = nodes.section(ids=words)
        document += section
    change = edition.Anchors(document)
    change.document.settings.env = SimpleNamespace(doc2path=lambda name: str(path), docname="a")
    change.apply()
    assert [section["ids"] for section in document.findall(nodes.section)] == [["t", "title"], ["t", "second"], ["loss", "the-loss"]]
    assert document.ids["loss"]["ids"] == ["loss", "the-loss"]
    document += nodes.section(ids=["more"])
    with pytest.raises(edition.ExtensionError, match="a.ipynb: 4 headings became sections, 3 are written"):
        change.apply()
    change.document.settings.env.doc2path = lambda name: "README.md"
    change.apply()


def test_a_pages_pictures_lie_in_files_that_load_when_they_come_into_view_and_keep_their_room(tmp_path):
    made = io.BytesIO()
    Image.new("RGB", (400, 100), "red").save(made, "PNG")
    png, svg = base64.b64encode(made.getvalue()).decode(), base64.b64encode(b"<svg/>").decode()
    body = (f'<img alt="a" width="200" style="max-width: 100%" src="data:image/png;base64,{png}"><img alt="b" src="data:image/png;base64,{png}">'
            f'<img alt="c" src="data:image/svg+xml;base64,{svg}"><table><th class="head"><p></p></th><th class="head"><p>x</p></th></table>')
    context = {"body": body, "title": "Title", "metatags": "<meta>"}
    page = edition.nodes.document(None, None)
    for words in ("short", "A paragraph <that> is longer than eighty letters, so that it tells what the page is about, as a search shows it.  " * 4, "Another one " * 9):
        page += edition.nodes.paragraph(words, words)
    edition.write(SimpleNamespace(outdir=tmp_path), "notebooks/01", "page.html", context, page)
    found = re.findall(r"<img ([^>]*)>", context["body"])
    files = {path.name: path.read_bytes() for path in (tmp_path / "_images").iterdir()}
    assert len(found) == 3 and len(files) == 2 and "data:" not in context["body"]
    assert 'width="200" height="50"' in found[0] and 'width="400" height="100"' in found[1] and "height" not in found[2]
    for tag in found:
        name = re.search(r'src="\.\./_images/([0-9a-f]{16}\.(?:webp|svg))" loading="lazy"', tag)[1]
        assert name in files
        if name.endswith("webp"):
            shown = Image.open(io.BytesIO(files[name]))
            assert shown.format == "WEBP" and shown.size == (400, 100) and shown.convert("RGB").getpixel((9, 9)) == (255, 0, 0)
        else:
            assert files[name] == b"<svg/>"
    assert [f'alt="{name}"' in tag for name, tag in zip("abc", found)] == [True] * 3
    assert '<table><td></td><th class="head"><p>x</p></th></table>' in context["body"], "an empty corner heads nothing"
    told = re.fullmatch(r'<meta><meta name="description" content="([^"]*)">', context["metatags"])[1]
    assert told.startswith("A paragraph &lt;that&gt; is longer") and "  " not in told
    context = {"body": "", "title": "Only <a> title", "metatags": ""}
    edition.write(SimpleNamespace(outdir=tmp_path), "a", "page.html", context, None)
    assert context["metatags"] == '<meta name="description" content="Only &lt;a&gt; title">'
    edition.write(SimpleNamespace(outdir=tmp_path), "genindex", "x.html", {"title": "no body"}, None)


def test_a_page_waits_for_one_style_sheet_and_no_script_and_only_the_search_finds_words(tmp_path):
    (tmp_path / "documentation_options.js").write_text(r"const O = {SHOW_SEARCH_SUMMARY: true, a: '\1'};")
    for name in ("a.css", "b.css"):
        (tmp_path / name).write_text(f".{name[0]} {{}}\n")
    head = ('<html data-content_root="../" data-theme="auto"><title>T</title><link rel="stylesheet" href="../_static/a.css?v=1" /><link rel="icon" href="../_static/i.svg">'
            '<link rel="stylesheet" href="../_static/b.css" /><script src="../_static/documentation_options.js?v=2"></script><script src="../_static/fontawesome.js"></script>'
            '<script src="../_static/searchtools.js"></script><script src="../_static/searchindex.js"></script><script src="../_static/own.js"></script>')
    page = edition.lighter(head, tmp_path)
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]*)">', page)
    assert len(sheets) == 1 and sheets[0].startswith("../_static/") and (tmp_path / Path(sheets[0]).name).read_text() == ".a {}\n.b {}\n" and 'rel="icon"' in page
    assert re.findall(r"<script[^>]*src=[^>]*>", page) == ['<script defer src="../_static/own.js">']
    assert page.index(edition.FIRST) == page.index("</title><script>") + len("</title><script>") and 'data-theme="light"' in page
    assert r"<script>const O = {SHOW_SEARCH_SUMMARY: location.protocol !== 'file:', a: '\1'};</script>" in page
    search = edition.lighter(head + '<div id="search-results">', tmp_path)
    assert re.findall(r"<script[^>]*src=[^>]*/(\w+)\.js", search) == ["searchtools", "searchindex", "own"]
    assert edition.lighter("an earlier page", tmp_path) == "an earlier page"


def test_the_sites_own_code_is_small_and_says_what_it_is_for():
    files = [ROOT / "web" / name for name in ("edition.py", "static/explore.js", "static/digit.js", "static/course.css")]
    code = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip() and not line.lstrip().startswith(("//", "#", "/*"))]
    assert len(code) <= 500, len(code)
    for path in (*files, ROOT / "web" / "links.py", ROOT / "web" / "conf.py", ROOT / "web" / "explored.py", ROOT / "web" / "book.py"):
        assert re.match(r'"""\w|// \w|/\* \w', path.read_text(encoding="utf-8")), path
