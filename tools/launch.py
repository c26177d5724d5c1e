"""Where this copy of the course lives: its badges, its links, and the first cell that fetches it on Colab or Kaggle.

All of them follow two lines of pyproject.toml, slug and revision. Run from the course's top folder:

    python tools/launch.py                               # write badges and first cells anew (a new lesson, a new name)
    python tools/launch.py prof/deep-learning [v1]       # the course moves there: `make fork SLUG=... REVISION=...`
    python tools/launch.py --links                       # list the links that lead out of the course
"""
import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
BADGES = "colab.research.google.com/github"  # a line that holds this is the badges' line
D2L = next(line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
           if line.startswith("d2l"))


def settings():
    """Return the course's slug, "owner/name", and revision, a branch or a tag."""
    course = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]
    return course["slug"], course["revision"]


def colab(slug, revision, path):
    return f"https://colab.research.google.com/github/{slug}/blob/{revision}/{path}"


def binder(slug, revision, path):
    return f"https://mybinder.org/v2/gh/{slug}/{revision}?urlpath=lab/tree/{path}"


def badges(slug, revision, path):
    """The two badges of a notebook, a line of Markdown; `path` from the top folder, as both sites want it."""
    return ("[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
            f"({colab(slug, revision, path)}) "
            f"[![Launch on Binder](https://mybinder.org/badge_logo.svg)]({binder(slug, revision, path)})")


FETCH = """import os
import subprocess
import sys
if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    # A notebook is alone there: fetch the rest of the course.
    failed, said = subprocess.getstatusoutput(
        "[ -d course ] ||"
        " git clone --depth 1 --branch {revision} https://github.com/{slug} course"
        f" && '{{sys.executable}}' -m pip install --no-deps {d2l}")
    assert not failed, f"{{said}}\\nNo network? On Kaggle: Settings, Internet on. Then run this again."
    sys.path.insert(0, os.path.abspath("course"))
"""
LESSON = """sys.path.insert(0, "..")  # utils.py, which all lessons share, lies one folder up
import utils"""
EXERCISE = """from pathlib import Path
sys.path[:0] = [str(folder) for folder in Path.cwd().parents if (folder / "utils.py").is_file()]  # the course's top folder
import utils
"""


def first_cell(slug, revision, path, source):
    """Return the first code cell of the notebook at `path`; an exercise keeps what `source` imports after utils."""
    fetch = FETCH.format(slug=slug, revision=revision, d2l=D2L)
    if path.startswith("notebooks/"):
        return fetch + LESSON
    return fetch + EXERCISE + source.partition("import utils\n")[2]


def whither(slug, revision, path):
    """Return the last cell of a notebook: links to what comes next, for a folder and for Colab, where a notebook is alone."""
    lessons = [lesson.stem for lesson in sorted(ROOT.glob("notebooks/*.ipynb"))]
    here = next(lesson for lesson in lessons if lesson in path)
    following = dict(zip(lessons, lessons[1:])).get(here)
    exercises = f"exercises/release/{here}/{here}-exercises.ipynb"
    goals = [] if "exercises/" in path else [("the exercises to this lesson", exercises)]
    if following:
        goals.append((f"lesson {following[:2]}", f"notebooks/{following}.ipynb"))
    if "exercises/" in path:
        goals.append((f"back to lesson {here[:2]}", f"notebooks/{here}.ipynb"))
    here = Path(path.replace("exercises/source/", "exercises/release/")).parent
    return "**Go on:** " + "; ".join(
        f"[{words}]({Path(os.path.relpath(goal, here)).as_posix()}) ([in Colab]({colab(slug, revision, goal)}))"
        for words, goal in goals) + "."


def notebooks():
    """The notebooks that are written here; exercises/release is made of them by `make release`."""
    return sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/source/*/*.ipynb")])


def pages():
    """The Markdown pages of the course."""
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, check=True,
                             capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in tracked if (ROOT / name).is_file()]


def placed(notebook, path, slug, revision):
    """Return `notebook` with its badges under the title, its first cell and its last, as `slug` and `revision` have them."""
    title = notebook.cells[0]
    lines = [line for line in title.source.split("\n\n") if BADGES not in line]
    opened = path.replace("exercises/source/", "exercises/release/")  # a badge never opens the worked answers
    title.source = "\n\n".join([lines[0], badges(slug, revision, opened), *lines[1:]])
    if notebook.cells[-1].id != "go-on-text":
        notebook.cells.append(nbformat.v4.new_markdown_cell(id="go-on-text"))
    notebook.cells[-1].source = whither(slug, revision, path)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = first_cell(slug, revision, path, first.source)
    return notebook


def repointed(text, old, slug, revision):
    """Return a page with its links into Colab, Binder and GitHub's copy `old` leading to `slug` at `revision`."""
    text = re.sub(r"(colab\.research\.google\.com/github/)[\w.-]+/[\w.-]+/blob/[^/\s)]+/", rf"\g<1>{slug}/blob/{revision}/",
                  text)
    text = re.sub(r"(mybinder\.org/v2/gh/)[\w.-]+/[\w.-]+/[^?/\s)]+", rf"\g<1>{slug}/{revision}", text)
    return re.sub(rf"(github\.com/){re.escape(old)}\b", rf"\g<1>{slug}", text)


def move(slug, revision):
    """Write slug and revision into pyproject.toml, and all that follows from them; return the changed files."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", slug):
        raise SystemExit(f"SLUG is {slug!r}: write owner/name, as in the address of your copy on GitHub.")
    if not re.fullmatch(r"[\w.-]+", revision):
        raise SystemExit(f"REVISION is {revision!r}: name a branch or a tag without a slash, such as main or v1.")
    old, _ = settings()
    project = ROOT / "pyproject.toml"
    text = re.sub(r'^slug = "[^"]*"', f'slug = "{slug}"', project.read_text(encoding="utf-8"), flags=re.M)
    changed = write(project, re.sub(r'^revision = "[^"]*"', f'revision = "{revision}"', text, flags=re.M))
    for path in notebooks():
        here = path.relative_to(ROOT).as_posix()
        notebook = placed(nbformat.read(path, as_version=4), here, slug, revision)
        changed += write(path, nbformat.writes(notebook) + "\n")
    for path in pages():
        changed += write(path, repointed(path.read_text(encoding="utf-8"), old, slug, revision))
    return changed


def write(path, text):
    if path.read_text(encoding="utf-8") == text:
        return []
    path.write_text(text, encoding="utf-8", newline="\n")
    return [path.relative_to(ROOT).as_posix()]


def links():
    """Yield (file, text, target) for every link and picture of every page and notebook."""
    released = sorted(ROOT.glob("exercises/release/*/*.ipynb"))
    for path in [*pages(), *notebooks(), *released]:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            text = "\n\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "markdown")
        text = re.sub(r"```.*?```|`[^`\n]*`(?!\])", "", text, flags=re.S)
        # [text](target), where text may hold a picture of its own: [![alt](picture)](target)
        for words, picture, target in re.findall(r"\[((?:[^\[\]]|!\[[^\]]*\]\(([^)\s]*)\))*)\]\(([^)\s]*)\)", text):
            yield path, words, target
            if picture:
                yield path, words, picture
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            yield path, "", target


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("slug", nargs="?", help="owner/name of the copy on GitHub; without it, the one in pyproject.toml")
    parser.add_argument("revision", nargs="?", help="a branch or a tag that badges open")
    parser.add_argument("--links", action="store_true", help="list the links that lead out of the course, and change nothing")
    options = parser.parse_args()
    if options.links:
        out = {}
        for path, _, target in links():
            if re.match(r"https?://", target):
                out.setdefault(target, set()).add(path.relative_to(ROOT).as_posix())
        for target, files in sorted(out.items()):
            print(target, *sorted(files), sep="\n    ")
        return
    slug, revision = settings()
    changed = move(options.slug or slug, options.revision or revision)
    print(*(changed or ["Nothing to change."]), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
