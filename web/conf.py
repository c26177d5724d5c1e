"""Settings of the web edition, for Sphinx: `make site` builds it from the notebooks and pages as they are in git.

The source folder is the course itself, so that a page has the address of its file and relative links hold; edition.py makes
pages of notebooks, static/ is what runs and styles in the page, explored/ what the Explore blocks show.
"""
import os
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent
sys.path[:0] = [str(WEB), str(WEB.parent / "tools")]
import course  # noqa: E402

slug, revision = course.settings()
owner, _, name = slug.partition("/")

project = "Deep learning, from tensors to a convolutional network"
author = copyright = "the course's authors: text and figures CC BY 4.0, code MIT"
language = os.environ.get("COURSE_LANGUAGE", "en")  # the one setting of the language; it is the first part of each address, too
version = release = course.stated()["version"]

extensions = ["myst_nb", "edition"]
root_doc = "README"
include_patterns = ["notebooks/*.ipynb", "exercises/release/*/*.ipynb",
                    *(page for page in course.files() if page.endswith(".md") and not page.startswith(".github/"))]
exclude_patterns = ["**/.ipynb_checkpoints", *(f"**{name}" for name in ("contrib", "katex.css", "katex.js", "katex.mjs", "katex.min.js", ".ttf", ".woff"))]

nb_execution_mode = "off"  # what the notebooks hold is what was run and checked
nb_merge_streams = True
nb_ipywidgets_js = {}  # it would load them from another host
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4  # a heading has the address that GitHub gives it

html_math_renderer = "katex"  # edition.py's

html_theme = "sphinx_book_theme"
html_title = "Deep learning"
html_baseurl = f"https://{owner.lower()}.github.io/{name}/{language}/"
html_static_path = ["static", "explored", str(WEB / "node_modules" / "katex" / "dist")]
html_favicon = "static/favicon.svg"
html_css_files = ["katex.min.css", "course.css"]
html_js_files = [("explore.js", {"defer": "defer"}), ("digit.js", {"defer": "defer"})]
html_extra_path = [str(WEB.parent / "blank")]  # to download
html_sidebars = {"**": ["search-button-field.html", "sbt-sidebar-nav.html"]}  # the logo would stand outside of every landmark
html_sourcelink_suffix = ""
html_context = {"default_mode": "auto"}
html_theme_options = {
    "repository_url": f"https://github.com/{slug}", "repository_branch": revision, "use_repository_button": True,
    "use_download_button": False, "show_prev_next": False, "use_fullscreen_button": False, "home_page_in_toc": True, "navbar_persistent": [], "show_toc_level": 2,
}
