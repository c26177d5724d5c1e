"""A lesson's own cells as slides of reveal.js, by nbconvert: `make slides LESSON=04-softmax-from-scratch` writes _slides/.

Which cells are on slides and where one begins, the lesson says, in each cell's metadata: slideshow.slide_type, which JupyterLab's
property inspector edits. What a slide has of a cell is a rule, so that no slide says what the lesson doesn't:

- of text what one looks at: headings, displayed formulas, lists, tables, pictures, what a Pitfall is called, and a Predict with the
  paragraph that leads to it; of a cell that has none of these its first paragraph. All other paragraphs are the speaker's notes.
- of code all of it and below it what it printed or drew, where both fit; else that follows on a slide of its own. With
  slideshow.show = "output" the code is left out.
"""
import base64
import json
import math
import re
import shutil
import struct
import sys
from copy import deepcopy

import conf
import nbformat
from edition import node_js
from jinja2 import pass_context
from nbconvert.exporters import SlidesExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

ROOT, REVEAL, KATEX = conf.WEB.parent, conf.WEB / "node_modules/reveal.js/dist", conf.WEB / "node_modules/katex/dist"
STATIC = [conf.WEB / "slides/slides.css", KATEX / "katex.min.css", *(REVEAL / name for name in ("reset.css", "reveal.css", "reveal.js", "plugin/notes.js"))]
SIZES = 24, 22, 20, 19, 18  # of code, in pixels: the largest that fits
ACROSS, DOWN = 1150, 560  # the room that slides.css leaves for a block below a heading
IMAGE = re.compile(r'<img ([^>]*?)width="(\d+)" style="[^"]*" (src="data:image/png;base64,([^"]+)")')


def formula(tex, display):
    """HTML of a formula, with MathML for who listens, by the web edition's KaTeX: no script in the page does it."""
    node_js().stdin.write(json.dumps([tex, display]) + "\n")
    node_js().stdin.flush()
    html, wrong = json.loads(node_js().stdout.readline())
    if wrong:
        raise ValueError(f"KaTeX can't read the formula {tex}: {wrong}")
    return html


class Said(IPythonRenderer):
    """Markdown as HTML, all of it, as the speaker's notes have it; a badge, whose picture lies on another host, is its words."""

    def block_math(self, body):
        html = formula(body, True)
        signs = len(re.sub("<[^>]*>|\u200b", "", html.partition('aria-hidden="true">')[2])) + 6 * body.count(r"\qquad")
        return f'<div style="font-size: {min(42, 1900 // (signs + 1))}px">{html}</div>'

    def inline_math(self, body):
        return formula(body, False)

    def strong(self, text):
        return f'<strong class="ask">{text}</strong>' if text == "Predict:" else super().strong(text)

    def image(self, text, url, title=None):
        return text if re.match("https?:", url) else super().image(text, url, title)


class Shown(Said):
    """Markdown as a slide has it: what one looks at, and after that the rest, as notes."""

    def __call__(self, tokens, state):
        tokens = [token for token in tokens if token["type"] != "blank_line"]
        kinds, shown, said = [kind(token) for token in tokens], "", ""
        alone = not set(kinds) - {"said", "html"}
        for i, (name, token) in enumerate(zip(kinds, tokens)):
            html = self.render_token(token, state)
            if name == "said" and (kinds[i + 1:i + 2] == ["predict"] or alone and "said" not in kinds[:i]):
                name = "lead"
            if name in ("said", "pitfall"):
                said += html
            if name == "pitfall":
                html = self.render_token(token["children"][0]["children"][0], state)
            if name != "said":
                shown += f'<div class="{name}">{html}</div>'
        return shown + (f'<aside class="notes">{said}</aside>' if said else "")


def kind(token):
    """What a block of Markdown is on a slide."""
    inside = token.get("children", [])
    types = {child["type"] for child in inside}
    if token["type"] == "block_quote" and inside[0].get("children", [{}])[0].get("type") == "strong":
        return "pitfall"
    if token["type"] != "paragraph":
        return token["type"].removeprefix("block_")
    if any(child["type"] == "strong" and child["children"][0].get("raw") == "Predict:" for child in inside):
        return "predict"
    return "formula" if "block_math" in types else "picture" if types == {"image"} else "label" if types == {"strong"} else "said"


def height(texts, size):
    """The pixels that texts need, one below the other, in letters of that size."""
    columns = int(ACROSS / (0.603 * size))
    return sum(1.35 * size * sum(math.ceil(max(len(line), 1) / columns) for line in text.rstrip("\n").split("\n")) + 30 for text in texts)


def code(cell):
    """The one or two cells that a cell of code becomes, with letters and pictures as large as there is room for."""
    pictures, texts = [], [cell.source] if cell.source else []
    for output in cell.outputs:
        found = IMAGE.findall(output.get("data", {}).get("text/html", ""))
        pictures += [(int(width), *struct.unpack(">II", base64.b64decode(data[:32])[16:24])) for _, width, _, data in found]
        texts += [] if found else [output.get("text") or output.get("data", {}).get("text/plain", "")]
    high = sum(width * rows / columns + 20 for width, columns, rows in pictures)
    longest = max((len(line) for text in texts for line in text.splitlines()), default=0)
    size = next((size for size in SIZES if longest * 0.603 * size <= ACROSS and height(texts, size) + 1.3 * high <= DOWN), SIZES[-1])
    left = DOWN - height(texts, size)
    if cell.source and cell.outputs and left < high:
        below = nbformat.from_dict(cell | {"source": "", "id": f"{cell.id}-output", "metadata": {"slideshow": {"slide_type": "subslide"}}})
        cell.outputs = []
        return [*code(cell), *code(below)]
    cell.metadata["size"] = size
    scale = min([2.2, *(left / high for _ in pictures), *(ACROSS / width for width, *_ in pictures)])
    for output in cell.outputs:
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = IMAGE.sub(lambda image: f'<img {image[1]}width="{int(int(image[2]) * scale)}" {image[3]}', output.data["text/html"])
    return [cell]


def slides(notebook):
    """A lesson as nbconvert takes it: the cells that are on slides, each with the heading that its slide stands under and doesn't show."""
    cells, section = [], ""
    for cell in deepcopy(notebook.cells):
        show = cell.metadata.get("slideshow", {})
        if show.get("slide_type") == "skip":
            continue
        if show.get("show") == "output":
            cell.source = ""
        heading = re.match("#+ (.*)", cell.source) if cell.cell_type == "markdown" else None
        section = heading[1] if heading else section
        for part in code(cell) if cell.cell_type == "code" else [cell]:
            begins = part.metadata.get("slideshow", {}).get("slide_type") in ("slide", "subslide")
            part.metadata["section"] = section if begins and not heading else ""
            cells.append(part)
    return nbformat.from_dict(notebook | {"cells": cells, "metadata": notebook.metadata | {"title": re.search("^# (.*)", cells[0].source, re.M)[1]}})


class Exporter(SlidesExporter):
    @pass_context
    def markdown2html(self, context, source):
        cell = context["cell"]
        renderer = (Said if cell.metadata.slide_type == "notes" else Shown)(escape=False, attachments=cell.get("attachments", {}), exclude_anchor_links=True)
        return MarkdownWithMath(renderer=renderer).render(source)


def page(notebook):
    """The HTML of a lesson's slides."""
    exporter = Exporter(template_name="slides", extra_template_basedirs=[str(conf.WEB)], language_code=conf.language, exclude_input_prompt=True,
                        exclude_output_prompt=True, config=Config({"CSSHTMLHeaderPreprocessor": {"style": "a11y-high-contrast-light"}}))
    return exporter.from_notebook_node(slides(notebook))[0]


def main(names, folder=ROOT / "_slides"):
    lessons = sorted(path.stem for path in ROOT.glob("notebooks/*.ipynb"))
    if not names or set(names) - set(lessons):
        sys.exit(f"LESSON is '{' '.join(names)}', where it takes one or more of: {' '.join(lessons)}")
    shutil.copytree(KATEX / "fonts", folder / "static/fonts", ignore=shutil.ignore_patterns("*.ttf", "*.woff"), dirs_exist_ok=True)
    for path in STATIC:
        shutil.copy(path, folder / "static")
    for name in names:
        (folder / f"{name}.html").write_text(page(nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)), encoding="utf-8")
        print(f"{folder.name}/{name}.html")


if __name__ == "__main__":
    main(sys.argv[1:])
