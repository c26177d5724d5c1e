"""Markdown as instructors see it: what a learner wrote, without anything that runs, or that asks another machine for something.

Markdown becomes HTML in many ways (links written out, in angle brackets, by reference, with signs as numbers), so it is the HTML
that is cleaned: tags and attributes that are named here stay, all else is shown as text or left out.
"""
import os
import re
from html import escape
from urllib.parse import urlsplit

from bleach.sanitizer import Cleaner
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAGS = ["a", "b", "blockquote", "br", "code", "del", "details", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li",
        "ol", "p", "pre", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"]
LONGEST = 100_000  # letters
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
LEFT = re.compile(r"<img\b(?![^>]*\ssrc=)[^>]*>")
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


CLEANER = Cleaner(tags=TAGS, attributes=_kept, protocols=["http", "https", "data"], strip=False, strip_comments=True)


def _words(match):
    """What a picture shows, in words, where the picture itself was left out."""
    alt = re.search(r'\balt="([^"]*)"', match[0])
    return f"[{alt[1]}]" if alt and alt[1] else ""


class _Renderer(IPythonRenderer):
    """nbconvert's, for which a picture that is not there is no reason to end."""

    def image(self, text, url, title=None):
        if url.startswith("attachment:") and not self.attachments.get(url.removeprefix("attachment:")):
            return escape(f"[{text}: a picture that was not handed in]")
        return super().image(text, url, title)


@pass_context
def markdown2html(context, source):
    """Jinja's filter of that name: nbconvert's own, cleaned. What can't be rendered is shown as it was written."""
    attachments = context.get("cell", {}).get("attachments", {})
    if len(PICTURE.sub("", source)) > LONGEST:
        return f"<pre>{escape(source[:LONGEST])}</pre>"
    try:
        renderer = _Renderer(escape=False, attachments=attachments, exclude_anchor_links=True)
        return LEFT.sub(_words, CLEANER.clean(MarkdownWithMath(renderer=renderer).render(ASKS.sub("", source))))
    except Exception:  # of any kind, deep in a parser that somebody's text was too much for
        return f"<pre>{escape(source)}</pre>"
