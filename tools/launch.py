"""Where this copy of the course lives: its badges, its links, and the first cell that fetches it on Colab or Kaggle.

All of them follow two lines of pyproject.toml, slug and revision. Run from the course's top folder:

    python tools/launch.py                               # write badges and first cells anew (a new lesson, a new name)
    python tools/launch.py prof/deep-learning [v1]       # the course moves there: `make fork SLUG=... REVISION=...`
    python tools/launch.py --links                       # list the links that lead out of the course
"""
import argparse
import os
import re
import sys
from pathlib import Path

import nbformat

import blank
from course import ROOT, checked, files, settings

BADGES = "colab.research.google.com/github"  # a line that holds this is the badges' line
D2L = next(line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
           if line.startswith("d2l"))


def opened(path):
    """Where a reader opens the notebook at `path`: a lesson without its outputs (tools/blank.py), an exercise without its answers."""
    return path.replace("exercises/source/", "exercises/release/") if "exercises/" in path else path.replace("notebooks/", "blank/")


def colab(slug, revision, path):
    return f"https://colab.research.google.com/github/{slug}/blob/{revision}/{opened(path)}"


def binder(slug, revision, path):
    return f"https://mybinder.org/v2/gh/{slug}/{revision}?urlpath=lab/tree/{opened(path)}"


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
    """Return the first code cell of the notebook at `path`; an exercise keeps what `source` imports after utils. Raises SystemExit where it does not."""
    fetch = FETCH.format(slug=slug, revision=revision, d2l=D2L)
    if path.startswith("notebooks/"):
        return fetch + LESSON
    before, *kept = re.split(r"^import utils\b.*\n?", source, maxsplit=1, flags=re.M)
    if not kept:
        raise SystemExit(f"{path}: its first code cell has no line `import utils`. Write it there: what stands above it is written anew, what stands below it stays.")
    return fetch + EXERCISE + kept[0]


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
    return "**Go on:** " + "; ".join(
        f"[{words}]({Path(os.path.relpath(goal, Path(path).parent)).as_posix()}) ([in Colab]({colab(slug, revision, goal)}))"
        for words, goal in goals) + "."


def notebooks():
    """The notebooks that are written here; exercises/release is made of them by `make release`."""
    return sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/source/*/*.ipynb")])


def pages():
    """The Markdown pages of the course."""
    return [ROOT / name for name in files() if name.endswith(".md")]


def placed(notebook, path, slug, revision):
    """Return `notebook` with its badges under the title, its first cell and its last, as `slug` and `revision` have them."""
    title = notebook.cells[0]
    lines = [line for line in title.source.split("\n\n") if BADGES not in line]
    title.source = "\n\n".join([lines[0], badges(slug, revision, path), *lines[1:]])
    if notebook.cells[-1].id != "go-on-text":
        notebook.cells.append(nbformat.v4.new_markdown_cell(id="go-on-text"))
    notebook.cells[-1].source = whither(slug, revision, path)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = first_cell(slug, revision, path, first.source)
    return notebook


def clone(slug, revision):
    """The command that fetches the course as it is at `revision`."""
    return f"git clone {'' if revision == 'main' else f'--branch {revision} '}https://github.com/{slug}"


END = r"(?![\w-]|\.(?!git(?![\w-]))\w)"  # a name ends here, and none that begins like it goes on; `.git` may follow
HOSTS = r"(?:github\.com[/:]|githubusercontent\.com/|colab\.research\.google\.com/github/|mybinder\.org/v2/gh/)"


def repointed(text, old, new):
    """Return a text with what leads to the copy `old` leading to `new`, both (slug, revision).

    Addresses on GitHub, its Pages, Colab and Binder, the branch that they name, and in a block of commands that clones the
    course, the branch and the folder that it changes to. A name is taken as a whole: "prof/course" is no part of
    "prof/course2" or of "prof/course.old".
    """
    (slug, revision), (there, then) = old, new
    repository, folder = slug.partition("/")[2], there.partition("/")[2]
    address = rf"{re.escape(slug)}{END}"

    def commands(match):
        return re.sub(rf"(\bcd\s+){re.escape(repository)}{END}", rf"\g<1>{folder}", match[0])

    # The commands of one block: what goes on from the clone to the end of the block, or of the file.
    text = re.sub(rf"git clone [^\n]*github\.com/{address}.*?(?=^```|\Z)", commands, text, flags=re.S | re.M)
    text = re.sub(rf"git clone (?:--branch \S+ )?https://github\.com/{address}", clone(there, then), text)
    text = re.sub(rf"(git clone (?:-\S+ (?:\d+ )?)*--branch ){re.escape(revision)}( https://github\.com/){address}",
                  rf"\g<1>{then}\g<2>{there}", text)
    at = rf"{re.escape(revision)}(?![\w-]|\.\w(?!ip\b|ar\b))"  # the revision, before a slash, a query or .zip
    text = re.sub(rf"({HOSTS}){address}(/(?:(?:blob|tree|raw|edit|commits|archive|refs/heads|refs/tags)/)+){at}",
                  rf"\g<1>{there}\g<2>{then}", text)
    text = re.sub(rf"(mybinder\.org/v2/gh/|raw\.githubusercontent\.com/){address}/{at}", rf"\g<1>{there}/{then}", text)
    text = re.sub(rf"(github\.com/){address}([^\s)\"']*\?branch=){at}", rf"\g<1>{there}\g<2>{then}", text)
    text = re.sub(rf"https://{re.escape(slug.partition('/')[0])}\.github\.io/{re.escape(repository)}{END}",
                  f"https://{there.partition('/')[0]}.github.io/{folder}", text, flags=re.I)  # the web edition
    return re.sub(rf"({HOSTS}){address}", rf"\g<1>{there}", text)


def move(slug, revision):
    """Write slug and revision into pyproject.toml, and all that follows from them; return the changed files."""
    checked(slug, revision)
    old = settings()
    project = ROOT / "pyproject.toml"
    text = re.sub(r'^slug = "[^"]*"', f'slug = "{slug}"', project.read_text(encoding="utf-8"), flags=re.M)
    texts = {project: re.sub(r'^revision = "[^"]*"', f'revision = "{revision}"', text, flags=re.M)}
    for path in notebooks():
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            cell.source = repointed(cell.source, old, (slug, revision))
        texts[path] = nbformat.writes(placed(notebook, path.relative_to(ROOT).as_posix(), slug, revision)) + "\n"
    changed = [name for path, text in texts.items() for name in write(path, text)]  # once none of them has anything wrong
    changed += blank.main(ROOT)
    for name in files():
        if not name.endswith(".ipynb") and not name.startswith("tests/"):  # tests name other forks
            try:
                text = (ROOT / name).read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                continue  # no text
            moved = repointed(text, old, (slug, revision))
            if moved != text:
                (ROOT / name).write_bytes(moved.encode("utf-8"))
                changed += [name] if name not in changed else []
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
        text = re.sub(r"```.*?```|(`[^`\n]*`)", lambda code: re.sub(r"[\[\]]", "", code[1] or ""), text, flags=re.S)  # in code is no link
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
    slug, revision = options.slug or settings()[0], options.revision or settings()[1]
    changed = move(slug, revision)
    print(*(changed or ["Nothing to change."]), sep="\n")
    print(f"The course lives at github.com/{slug}, and its badges open {revision}.")


if __name__ == "__main__":
    sys.exit(main())
