"""Pack the course for students: handout.zip, without worked answers, hidden tests, grading and what a maintainer needs.

    python tools/handout.py   # `make handout`

It holds what lies in the folder now, committed or not; what .gitignore names stays out. Its pages promise what it has:
a sentence, a table's row or a line of code that names a target or a file which the copy lacks is left out of it.
"""
import json
import os
import re
import sys
import tomllib
import zipfile

from course import ROOT, files, new_files, settings, stated

TARGET = "handout.zip"
LEFT_OUT = ("exercises/source/", "exercises/grading/", "exercises/nbgrader_config.py", "exercises/requirements.txt", "exercises/cluster/",
            "exercises/release/generated.json", "exercises/rubrics/", "teaching/", "tests/", "conftest.py", "hub/", "web/", "tools/", ".ci/", ".github/", ".git/",
            "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md", ".pre-commit-config.yaml", "docs/instructors.md", "docs/checks.md", "docs/mutants.md",
            "benchmarks/explore.py", "benchmarks/grading.py",  # these two need tests/
            # what grading, learning and installing write, should .gitignore have lost its line
            "exercises/collected/", "exercises/submitted/", "exercises/autograded/", "exercises/feedback/", "exercises/grades",
            "exercises/gradebook.db", "exercises/.gradebook", "mine/", ".venv/", ".lock/", ".environments/", "data/MNIST/", "data/FashionMNIST/", TARGET)
KEPT = ("tools/python_fits.py", "tools/mine.py", "tools/course.py")  # `make lab` asks them
SECTIONS = ("For instructors", "For maintainers")
MAKEFILE_ENDS = "# ---- for instructors and maintainers"
OUT, IN = "<!-- not handed out -->", "<!-- handed out again -->"  # what stands between them in a page is left out
SECRET = re.compile(r'(?:^|"|\\n)[ \t]*### BEGIN (?:SOLUTION|HIDDEN TESTS)', re.M)  # in a program, or in a notebook's JSON
# Sentences that are true where the answers are, and what is true where they aren't.
SAYS = ((re.compile(r'Once you have tried, `answer\(\\?"\w+\\?"\)` in a new cell prints the worked answer of the task of that '
                    r'name, and `answer\(\\?"explain\\?"\)` a model answer to the last task, in words, with what a full and a half '
                    r"answer are\."),
         "The worked answers are not part of this copy: ask whoever gave it to you."),
        (re.compile(r', or you compare with `answer\(\\?"explain\\?"\)`'), ""),
        (re.compile(r" and a worked answer for each\b"), " for each"))


def packed(name):
    return name in KEPT or not (name.startswith(LEFT_OUT) or {"__pycache__", ".ipynb_checkpoints"} & set(name.split("/")))


# ---- what the copy's pages say

def targets(makefile):
    return set(re.findall(r"^([a-z]+):", makefile, re.M))


class Pages:
    """Rewrites pages for the copy, which holds the files `names` and can make the targets `possible`."""

    def __init__(self, names, possible):
        self.names, self.possible = names, possible
        self.known = targets((ROOT / "Makefile").read_text(encoding="utf-8"))
        self.folders = {name[:i] for name in names for i, letter in enumerate(name) if letter == "/"}
        self.slug, _ = settings()
        # What the course has here; what .gitignore names (.venv/, mine/) is made in the copy too, by its own commands.
        self.course = {name[:i] for name in files() for i, letter in enumerate(name + "/") if letter == "/"}

    def lacking(self, text, page, code=False):
        """What a piece of text names and the copy lacks: a target of make, or a file of the course."""
        spans = [text] if code else re.findall(r"`([^`]+)`", text)
        for target in re.findall(r"\bmake ((?:[a-z]+\b(?!=) ?)+)", "\n".join(spans)):
            if any(word in self.known - self.possible for word in target.split()):
                return "make " + target
        words = {word for span in spans for word in re.findall(r"[\w.][\w./-]*", span.replace("\\", "/"))}
        words |= set(re.findall(r"\]\(([^)#\s]+)", text))
        for word in sorted(words):
            for name in (os.path.normpath(os.path.join(os.path.dirname(page), word)), os.path.normpath(word)):
                name = name.replace(os.sep, "/")
                if name in self.course and name not in self.names | self.folders | {"."} and (not packed(name) or not packed(name + "/")):
                    return word
        return None

    def paragraph(self, line, page):
        """A paragraph, list item or table row without the sentences that the copy can't keep."""
        if not self.lacking(line, page):
            return line
        if line.startswith("|"):
            return None
        start, text = re.match(r"(\s*(?:[-*]|\d+\.) )?(.*)", line, re.S).groups()
        kept = [part for part in re.split(r"(?<=[.!?]) (?=[A-Z`*\[(])", text) if not self.lacking(part, page)]
        return (start or "") + " ".join(kept) if kept else None

    def code(self, lines, page):
        """A block of code without the lines that the copy can't run; None where one needs a file, for then the others do too."""
        kept = []
        name = re.escape(self.slug.partition("/")[2])
        for line in lines:
            if re.match(rf"\s*(git clone .*github\.com/{re.escape(self.slug)}|cd {name}(?![\w-]|\.\w))", line):
                continue  # whoever reads it has the copy
            lacks = self.lacking(line, page, code=True)
            if lacks and not lacks.startswith("make "):
                return None
            if not lacks:
                kept.append(line)
        return kept if any(line.strip() for line in kept) else None

    def rewritten(self, text, page):
        text = re.sub(re.escape(OUT) + ".*?" + re.escape(IN) + r"(\n\n)?", "", text, flags=re.S)
        for old, new in SAYS:
            text = old.sub(new, text)
        # A section about a program that the copy lacks goes as a whole, with its tables.
        text = "".join(part for part in re.split(r"^(?=## )", text, flags=re.M)
                       if not any(self.lacking(start, page) for start in re.findall(r"^`[\w./-]+`", part, re.M)))
        blocks = []  # a block of code, or one line of text
        for part in re.split(r"(^```.*?^```[ \t]*$)", text, flags=re.S | re.M):
            if not part.startswith("```"):
                blocks += part.split("\n")
                continue
            first, *lines, last = part.split("\n")
            kept = self.code(lines, page)
            if kept is not None:
                blocks.append("\n".join([first, *kept, last]))
                continue
            while blocks and not blocks[-1].strip():
                blocks.pop()
            if blocks and not re.search(r"[.!?]$", blocks[-1]):  # the words that lead to the block
                blocks.pop()
        lines, dropping = [], False
        for line in blocks:
            if line.startswith("## "):
                dropping = line[3:].strip() in SECTIONS
            if dropping:
                continue
            line = line if line.startswith(("```", "#")) else self.paragraph(line, page)
            if line is not None:
                lines.append(line)
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
        while re.search(r"^(#{2,}) [^\n]*\n\s*(?=\1 |\Z)", text, re.M):  # a section that has lost all it had
            text = re.sub(r"^(#{2,}) [^\n]*\n\s*(?=\1 |\Z)", "", text, flags=re.M)
        return text.rstrip("\n") + "\n"


def makefile():
    """The copy's Makefile: what comes before the line that ends it."""
    return (ROOT / "Makefile").read_text(encoding="utf-8").partition(MAKEFILE_ENDS)[0].rstrip("\n") + "\n"


def pyproject():
    """The copy's pyproject.toml: where the course lives and which Pythons it takes."""
    course = stated(ROOT)
    return "\n".join(["# Settings only: the course is run from its folder, not installed.", "[tool.course]",
                      *(f"{name} = {json.dumps(value)}" for name, value in course.items())]) + "\n"


# ---- whether it may be handed out

def student_version(cell, points):
    """(text, points) of a released cell, made of its source as nbgrader makes it. `points`: those that course.toml sets."""
    text, meta = "".join(cell["source"]), cell["metadata"].get("nbgrader", {})
    text = re.sub(r"^### BEGIN HIDDEN TESTS.*?^### END HIDDEN TESTS\n?", "", text, flags=re.S | re.M)
    if meta.get("solution"):
        stub = "raise NotImplementedError()" if cell["cell_type"] == "code" else "*Write your answer here.*"
        text, regions = re.subn(r"^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION[^\n]*", lambda match: match[1] + stub, text,
                                flags=re.S | re.M)
        text = text if regions else stub
    name = meta.get("grade_id", "").removesuffix("-check")
    return text.strip(), points.get(name, meta.get("points")) if meta.get("grade") else None


def stale():
    """The first lesson whose released exercises are not what exercises/source and course.toml make; None where all are."""
    path = ROOT / "exercises" / "course.toml"
    try:
        course = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SystemExit(f"exercises/course.toml can't be read ({error}): mend it, then run make release and make handout.")
    for source in sorted(ROOT.glob("exercises/source/*/*.ipynb")):
        lesson = source.parent.name
        release = ROOT / "exercises" / "release" / lesson / source.name
        if not release.is_file():
            return lesson
        cells, released = (json.loads(each.read_text(encoding="utf-8"))["cells"] for each in (source, release))
        chosen = course.get(lesson, {})
        tasks = {cell["id"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("solution")}
        dropped = tasks - set(chosen.get("tasks", tasks))
        want = [student_version(cell, chosen.get("points", {})) for cell in cells
                if cell["id"].removesuffix("-text").removesuffix("-check") not in dropped]
        got = [("".join(cell["source"]).strip(), cell["metadata"].get("nbgrader", {}).get("points")) for cell in released]
        if want != got:
            return lesson
    return None


def executable(path):
    return bool(path.stat().st_mode & 0o111) if os.name != "nt" else path.read_bytes()[:2] == b"#!"


def contents():
    """{name: bytes} of the copy."""
    names = [name for name in files() if packed(name)]
    if lesson := stale():
        raise SystemExit(f"exercises/release/{lesson} is not what exercises/source and exercises/course.toml make: run "
                         "make release first; a file that it keeps, as somebody has worked in it, move elsewhere before.")
    pages = Pages(set(names), targets(makefile()))
    copy = {}
    for name in names:
        content = (ROOT / name).read_bytes()
        if name.endswith((".ipynb", ".py")) and SECRET.search(content.decode("utf-8", "replace")):
            raise SystemExit(f"{name} holds a worked answer or hidden tests: move it out of the course, or name it in "
                             ".gitignore.")
        if name == "Makefile":
            content = makefile().encode()
        elif name == "pyproject.toml":
            content = pyproject().encode()
        elif name == "exercises/course.toml":
            content = content.decode("utf-8").replace(" After a change run `make release`.", "").encode()
        elif name.endswith(".md"):
            content = pages.rewritten(content.decode("utf-8"), name).encode()
        elif name.startswith("exercises/release/") and name.endswith(".ipynb"):
            content = SAYS[0][0].sub(SAYS[0][1], content.decode("utf-8")).encode()
        copy[name] = content
    return copy


def main():
    copy = contents()
    prefix = settings()[0].partition("/")[2]
    scratch = ROOT / (TARGET + ".part")
    try:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in copy.items():
                entry = zipfile.ZipInfo(f"{prefix}/{name}")  # of 1980: the same files make the same zip
                entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
                entry.external_attr = (0o100755 if executable(ROOT / name) else 0o100644) << 16
                archive.writestr(entry, content)
        os.replace(scratch, ROOT / TARGET)
    finally:
        scratch.unlink(missing_ok=True)
    print(f"{TARGET}: {len(copy)} files, as they are in this folder now.")
    fresh = [name for name in new_files() if name in copy]
    if fresh:
        print("Among them files that git does not track yet:", *fresh, sep="\n    ")


if __name__ == "__main__":
    sys.exit(main())
