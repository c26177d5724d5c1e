"""The lessons as one PDF, out of the pages that `make site` has built, by Chromium: `make pdf` writes course.pdf.

Printed twice: where each heading came to stand in the first one is the page number that the contents of the second one give.

    python web/book.py [course.pdf]
"""
import re
import shutil
import sys
import tempfile
from html import escape, unescape
from pathlib import Path

import conf
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter

SITE = conf.WEB.parent / "_site" / conf.language
HEADING = r'<h([12])[^>]*>(.*?)<a class="headerlink" href="#([^"]+)"'
STYLE = """<style>
@page { size: A4; margin: 18mm 16mm; }
body { font-size: 10.5pt; padding: 0; }
article { break-before: page; }
.book-contents a { display: flex; text-decoration: none; color: inherit; }
.book-contents a::after { content: attr(data-page); order: 2; }
.book-contents i { flex: 1; border-bottom: 1px dotted; margin: 0 .5em .3em; }
.book-contents .level-1 { font-weight: bold; margin-top: .6em; }
.book-contents .level-2 { padding-left: 1.5em; }
.headerlink { display: none; }
pre { white-space: pre-wrap; font-size: 7.6pt; }
h1 { font-size: 22pt; } h2 { font-size: 16pt; } h3 { font-size: 13pt; } h1, h2, h3 { break-after: avoid; margin-top: 1em; }
details { border-left: 0 !important; }
</style>"""


def article(name, names):
    """A lesson's article; its addresses begin with its name, and those of the other lessons lead to theirs in the book."""
    text = re.search(r"<article.*?</article>", (SITE / "notebooks" / f"{name}.html").read_text(encoding="utf-8"), re.S)[0]

    def leads(link):
        page, _, anchor = link[1].partition("#")
        if re.match(r"[a-z]+:", page):
            return link[0]
        lesson = Path(page).stem if page else name
        if lesson in names and "/" not in page:
            return f'href="#{lesson}--{anchor}"'
        return f'href="{conf.html_baseurl}{re.sub("^([.]{2}/)+", "", page)}{"#" + anchor if anchor else ""}"'

    # Its place is that of the heading: a section may begin on the page before.
    text = re.sub(r'<section id="([^"]*)"([^>]*)>(.*?)<(h\d)>', r'<section\2>\3<\4 id="\1">', text, flags=re.S)
    text = re.sub(r'\bid="([^"]*)"', rf'id="{name}--\1"', text)
    text = re.sub(r'\bhref="([^"]*)"', leads, text)
    return f'<div id="{name}--"></div>' + text.replace("<details", "<details open").replace(' loading="lazy"', "")


def contents(articles, pages):
    lines = [f'<a class="level-{level}" href="#{anchor}" data-page="{pages.get(anchor, "")}"><span>{title}</span><i></i></a>'
             for level, title, anchor in re.findall(HEADING, articles, re.S)]
    return f'<h1>{escape(conf.project)}</h1><p>{escape(conf.author)}. Version {conf.version}.</p><nav class="book-contents">{"".join(lines)}</nav>'


def outlined(goal, articles, pages):
    """Give the PDF its outline; Chromium's would join the words of a heading that takes two lines."""
    book, lesson = PdfWriter(clone_from=goal), None
    for level, title, anchor in re.findall(HEADING, articles, re.S):
        item = book.add_outline_item(unescape(re.sub("<[^>]+>", "", title)), pages[anchor] - 1, parent=lesson if level == "2" else None)
        lesson = item if level == "1" else lesson
    book.write(goal)


def main(goal):
    names = sorted(path.stem for path in (SITE / "notebooks").glob("*.html"))
    if not names:
        sys.exit(f"There are no pages in {SITE}: make site builds them first.")
    head = re.search(r"<head>.*?</head>", (SITE / "notebooks" / f"{names[0]}.html").read_text(encoding="utf-8"), re.S)[0]
    head = re.sub(r"<script.*?</script>|<title>.*?</title>", "", head, flags=re.S).replace("</head>", f"<title>{conf.project}</title>{STYLE}</head>")
    articles, pages = "".join(article(name, names) for name in names), {}
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright, tempfile.NamedTemporaryFile("w", dir=SITE / "notebooks", suffix=".html", encoding="utf-8") as file:
        page = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
        for _ in range(2):
            file.seek(0)
            file.write(f'<!doctype html><html lang="{conf.language}" data-theme="light">{head}<body>{contents(articles, pages)}{articles}</body></html>')
            file.truncate()
            file.flush()
            page.goto(Path(file.name).as_uri())
            page.pdf(path=goal, prefer_css_page_size=True, print_background=True, tagged=True, display_header_footer=True, header_template="<span></span>",
                     footer_template='<div style="width: 100%; text-align: center; font-size: 8pt"><span class="pageNumber"></span></div>')
            book = PdfReader(goal)
            pages = {name.lstrip("/"): book.get_destination_page_number(there) + 1 for name, there in book.named_destinations.items()}
    outlined(goal, articles, pages)
    print(f"{goal}: {len(book.pages)} pages, {Path(goal).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else str(conf.WEB.parent / "course.pdf"))
