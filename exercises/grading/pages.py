"""Markdown as instructors see it: what a learner wrote, without anything that runs, or that asks another machine for something.

Markdown becomes HTML in many ways (links written out, in angle brackets, by reference, with signs as numbers), so it is the HTML
that is cleaned: tags and attributes that are named here stay, all else is shown as text or left out.
"""
import os
import re
from html import escape, unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAGS = ["a", "b", "blockquote", "br", "code", "del", "details", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li",
        "ol", "p", "pre", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"]
LONGEST = 100_000  # letters
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
LEFT = re.compile(r"<img\b(?![^>]*\ssrc=)[^>]*>")
FORMULA = re.compile("\ue000(\\d+)\ue001")  # where a formula goes when all else is clean; who writes these signs loses them
LONGEST_FORMULA = 2_000  # letters
MATHML = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover",
          "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose"}
OF_MATHML = {"display", "accent", "accentunder", "stretchy", "fence", "form", "separator", "mathvariant", "displaystyle", "scriptlevel", "linethickness",
             "width", "height", "depth", "lspace", "rspace", "minsize", "maxsize", "columnalign", "rowspacing", "columnspacing", "notation"}
ASKS = re.compile(r"\\(?=(href|url|require|class|cssId|style|data|html\w*|includegraphics|unicode)\b)")  # of MathJax: more than letters
HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")  # a name with a domain: no number, no port of this machine


def elsewhere(address):
    """Whether an address leads to another machine's page: a link to this course's hub (COURSE_HOST), or to what listens at the
    reader's own machine, would be followed with the reader's rights."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:  # such as http://[
        return False
    own = os.environ.get("COURSE_HOST", "localhost").lower()
    return (re.match(r"https?://[^/]", address) is not None and "\\" not in address and "@" not in parts.netloc
            and HOST.fullmatch(host) is not None and not any(f".{host}".endswith(f".{name}") for name in (own, "localhost", "local", "internal")))


def _kept(tag, name, value):
    """Whether an attribute stays."""
    if name == "href":
        return tag == "a" and elsewhere(value)
    if name == "src":
        return tag == "img" and PICTURE.fullmatch(value) is not None
    if name == "class":  # of highlighted code
        return (tag, value) == ("div", "highlight") or tag == "span" and re.fullmatch(r"[a-z][a-z0-9]?", value) is not None
    return name in ("alt", "title") or tag == "ol" and name == "start" or tag == "details" and name == "open"


class _OutsideOfTags(Filter):
    """Formulas stand among words only: in an attribute, such as a picture's words, one would end it."""

    def __iter__(self):
        for token in super().__iter__():
            if token["type"] in ("StartTag", "EmptyTag"):
                token["data"] = {name: FORMULA.sub("...", value) for name, value in token["data"].items()}
            yield token


CLEANER = Cleaner(tags=TAGS, attributes=_kept, protocols=["http", "https", "data"], strip=False, strip_comments=True, filters=[_OutsideOfTags])


def _words(match):
    """What a picture shows, in words, where the picture itself was left out."""
    alt = re.search(r'\balt="([^"]*)"', match[0])
    return f"[{alt[1]}]" if alt and alt[1] else ""


def mathml(formula, display="inline"):
    """A formula of LaTeX as MathML, which browsers show without a script; None where that can't be had. The library lets a formula's
    words through as they are, tags of HTML too, so only elements and attributes of mathematics are let out."""
    if len(formula) > LONGEST_FORMULA:
        return None
    try:
        tree = ElementTree.fromstring(convert(formula, display=display).replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1))
    except Exception:  # of any kind, deep in a parser that somebody's formula was too much for
        return None
    for element in tree.iter():
        if element.tag not in MATHML:
            return None
        element.attrib = {name: value for name, value in element.attrib.items() if name in OF_MATHML and re.fullmatch(r"[\w.% -]*", value)}
    tree.set("alttext", formula)
    return ElementTree.tostring(tree, encoding="unicode")


class _Renderer(IPythonRenderer):
    """nbconvert's, for which a picture that is not there is no reason to end, and which puts formulas aside until all else is clean."""

    def __init__(self, **options):
        super().__init__(**options)
        self.formulas = []

    def _formula(self, source, shown, display):
        self.formulas.append(mathml(source, display) or escape(shown))
        return f"\ue000{len(self.formulas) - 1}\ue001"

    def block_math(self, body):
        return self._formula(body, f"$${body}$$", "block")

    def inline_math(self, body):
        return self._formula(body, f"${body}$", "inline")

    def block_html(self, html):
        """HTML that was written as such, as around a hint: formulas in it are no Markdown's, and are formulas all the same."""
        return super().block_html(re.sub(r"\$\$([^$]+)\$\$|\$([^$\n]+)\$", lambda match: (
            self.block_math(unescape(match[1])) if match[1] else self.inline_math(unescape(match[2]))), html))

    def latex_environment(self, name, body):
        text = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self._formula(text, text, "block")

    def image(self, text, url, title=None):
        if url.startswith("attachment:") and not self.attachments.get(url.removeprefix("attachment:")):
            return escape(f"[{text}: a picture that was not handed in]")
        return super().image(text, url, title)


@pass_context
def markdown2html(context, source):
    """Jinja's filter of that name: nbconvert's own, cleaned. What can't be rendered is shown as it was written."""
    attachments = context.get("cell", {}).get("attachments")
    if len(PICTURE.sub("", source)) > LONGEST:
        return f"<pre>{escape(source[:LONGEST])}</pre>"
    try:
        renderer = _Renderer(escape=False, attachments=attachments, exclude_anchor_links=True)
        html = LEFT.sub(_words, CLEANER.clean(MarkdownWithMath(renderer=renderer).render(ASKS.sub("", re.sub("[\ue000\ue001]", "", source)))))
        return FORMULA.sub(lambda match: renderer.formulas[int(match[1])], html)
    except Exception:  # of any kind, deep in a parser that somebody's text was too much for
        return f"<pre>{escape(source)}</pre>"
