"""What the tests of grading share: a copy of the course, submissions, and what they were given."""
import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from confined import needs_bubblewrap

ROOT = Path(__file__).resolve().parent.parent
LESSON = "04-softmax-from-scratch"
FILE = f"{LESSON}-exercises.ipynb"
TASKS = ["stable_softmax", "cross_entropy", "cross_entropy_gradient", "smooth_labels", "accuracy"]
FULL = {task: 2.0 for task in TASKS}
NEEDS_A_SANDBOX = [  # what `.ci/run` may not skip
    pytest.mark.slow("Debian's bubblewrap: students' code runs in the sandbox, seconds for each start"),
    needs_bubblewrap,
]


# Added to the judge of a copied course: what it finds in a submission of one test it says of the same one in the next, where a test
# is about what becomes of verdicts and not about how they are found.
REMEMBERING = """

# ---------------------------------------------------------------- in tests

def _remembering(find):
    import hashlib
    import os
    from pathlib import Path
    course = Path(__file__).resolve().parents[2]
    code = b"".join(path.read_bytes() for path in sorted([*course.glob("*.py"), *course.glob("exercises/grading/*.py"), *course.glob("exercises/checks/*.py")]))

    def verdict(packet):
        place = Path(os.environ["COURSE_VERDICTS"], hashlib.sha256(code + packet).hexdigest())
        if not place.exists():
            found = find(packet)
            if json.loads(found).get("by_clock", True):  # or it failed
                return found
            new = place.with_name(f"{place.name}.{os.getpid()}")
            new.write_text(found)
            os.replace(new, place)
        return place.read_text()
    return verdict if "COURSE_VERDICTS" in os.environ else find


verdict = _remembering(verdict)
"""
NOT_LOADING = """

if "COURSE_VERDICTS" in os.environ:
    def _load():  # noqa: F811  in tests, where what it takes is remembered
        pass
"""

# An empty gradebook is the same each time, and takes nbgrader a process and two seconds.
EMPTY = """

if "COURSE_VERDICTS" in os.environ:
    import secrets
    _made = new_gradebook

    def new_gradebook():  # noqa: F811
        place = Path(os.environ["COURSE_VERDICTS"], "empty.db")
        if not place.exists():
            new = place.with_name(secrets.token_hex(8))
            shutil.copy(_made(), new)
            os.replace(new, place)
        shutil.copy(place, NEW)
        return NEW
"""


@pytest.fixture(scope="module")
def remembered(tmp_path_factory):
    """In this module the same submission is run in the sandbox once. monkeypatch.delenv("COURSE_VERDICTS") where that takes time that a test is about."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "verdicts"
    place.mkdir(exist_ok=True)
    os.environ["COURSE_VERDICTS"] = str(place)
    yield
    del os.environ["COURSE_VERDICTS"]


def copy_course(folder):
    folder.mkdir()
    modules = [path.name for path in ROOT.glob("*.py") if path.name != "conftest.py"]
    for name in (*modules, "data/sample", "exercises", "requirements.txt"):
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(
                "submitted", "autograded", "feedback", "grades", "gradebook.db", "__pycache__"))
        else:
            shutil.copy(source, target)
    for name, more in (("judge", REMEMBERING), ("run", NOT_LOADING), ("keep", EMPTY)):
        with open(folder / "exercises" / "grading" / f"{name}.py", "a", encoding="utf-8") as file:
            file.write(more)
    return folder


def command(course, *arguments, **environment):
    """Run a module of the copied course, as the Makefile does."""
    return subprocess.run([sys.executable, "-m", *map(str, arguments)], cwd=course, capture_output=True, text=True,
                          timeout=900, env={**os.environ, **environment})


def grades(course, lesson=LESSON):
    """student -> its row of the CSV."""
    with open(course / "exercises" / "grades" / f"{lesson}.csv", newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def marks(row):
    return {task: float(row[task]) for task in TASKS}


def without(*tasks):
    """Full marks but for these tasks."""
    return {task: 0.0 if task in tasks else 2.0 for task in TASKS}


def release(lesson=LESSON):
    return nbformat.read(ROOT / "exercises" / "release" / lesson / f"{lesson}-exercises.ipynb", as_version=4)


def solved(lesson=LESSON, **replaced):
    """The released notebook with the reference answers, or the source given for a cell's id."""
    nb = release(lesson)
    source = nbformat.read(ROOT / "exercises" / "source" / lesson / f"{lesson}-exercises.ipynb", as_version=4)
    answers = {cell.id: cell.source for cell in source.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    for cell in nb.cells:
        cell.source = replaced.get(cell.id, answers.get(cell.id, cell.source))
    return nb


def cell(nb, id_):
    return next(cell for cell in nb.cells if cell.id == id_)


def hand_in(folder, student, nb, name=FILE):
    path = folder / student / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(nb, bytes):
        path.write_bytes(nb)
    else:
        path.write_text(json.dumps(nb), encoding="utf-8")


def before(code, task):
    """The reference answer of a task with code before it in the same cell."""
    return f"{code}\n\n{cell(solved(), task).source}"
