"""What is wrong with a built site: links and anchors that lead nowhere, and what is loaded from another host."""
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag


class Page(HTMLParser):
    """What a page refers to, and the addresses that it has."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = {""}, [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes.get("id"), attributes.get("name") if tag == "a" else None}
        if tag == "a" and attributes.get("href") is not None:
            self.links.append(attributes["href"])
        for name in ("src", *(["href"] if tag == "link" and "canonical" not in attributes.get("rel", "") else [])):
            if attributes.get(name):
                self.loads.append(attributes[name])


def faults(folder):
    """What is wrong with the links, the anchors and what is loaded on the pages in a folder, one sentence each."""
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts}
    for path, page in pages.items():
        name = path.relative_to(folder)
        yield from (f"{name} loads {url} from another host" for url in page.loads if re.match(r"(https?:)?//", url))
        for url in page.links + page.loads:
            address, anchor = urldefrag(url)
            if re.match(r"[a-z]+:|//", address):
                continue
            goal = Path(os.path.normpath(path.parent / unquote(address.partition("?")[0]))) if address else path
            if not goal.exists():
                yield f"{name} leads to {url}, which is not there"
            elif anchor and goal in pages and unquote(anchor) not in pages[goal].ids:
                yield f"{name} leads to {url}, and {goal.name} has no such place"
