"""What a class's grading keeps from run to run, and how it is got back when something damaged it.

The gradebook (nbgrader's, SQLite), a record for each lesson (grades/<lesson>.json) and the graded notebooks. A record that can't
be read costs a new grading; the gradebook also holds the points given by hand, so each run leaves a copy of it.
"""
import contextlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook

from . import release
from .students import safe

EXERCISES = release.EXERCISES
GRADEBOOK = EXERCISES / "gradebook.db"
COPY = EXERCISES / "grades" / "gradebook-copy.db"
NEW = GRADEBOOK.with_name(".gradebook.new")  # one that is being made
TABLES = {"assignment", "student", "submitted_assignment", "grade"}


class Stop(Exception):
    """A reason, in words, for which the class can't be graded now."""


def replace(path: Path, content: str | bytes) -> None:
    """Write a file whole, or leave what was there. `content`: text or bytes."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    file = tempfile.NamedTemporaryFile(dir=path.parent, delete=False)
    try:
        with file:
            file.write(data)
        os.chmod(file.name, 0o666 & ~_umask())
        os.replace(file.name, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(file.name)
        if isinstance(error, OSError):
            error.filename, error.filename2 = str(path), None
        raise


def replace_folder(folder: Path, contents: dict[str, bytes]) -> None:
    """Write a folder of files whole, or leave the one that was there. `contents`: {file name: bytes}."""
    for parent in (folder.parent, folder):
        if parent.exists() and not parent.is_dir():  # in the way of a folder of that name
            parent.unlink()
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        for name, data in contents.items():
            (new / name).write_bytes(data)
        os.chmod(new, 0o777 & ~_umask())
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(new, folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _aside(path):
    """Move a damaged file out of the way; return its new name."""
    number = 1
    while (there := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    os.replace(path, there)
    return there.name


# ---------------------------------------------------------------- the record of a lesson

def record(lesson: str) -> Path:
    """Where the record of a lesson is."""
    return COPY.parent / f"{lesson}.json"


def graded(lesson: str) -> Path:
    """The record of a lesson that has been graded. Raises ValueError, in words, where it has not."""
    release.check(lesson)
    if not record(lesson).exists() or not GRADEBOOK.exists():
        raise ValueError(f"Nothing is graded yet: make grade LESSON={lesson} FROM=... comes first.")
    return record(lesson)


def state(record: Path) -> dict:
    """The record of earlier runs, {"students": {folder: entry}}; a damaged one is put aside, and said so."""
    if not record.exists():
        return {}
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
        assert all({"key", "failed", "lost", "notes"} <= entry.keys() for entry in found["students"].values())
        assert all(folder == safe(folder) for folder in found["students"])
        return found
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError):
        print(f"grades/{record.name} is damaged; it was put aside as {_aside(record)}, and everybody is graded anew.")
        return {}


def autograded(lesson: str, student: str) -> dict:
    """A student's graded notebook, as JSON has it; {} where there is none or it can't be read."""
    path = EXERCISES / "autograded" / student / lesson / f"{release.notebook_name(lesson)}.ipynb"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and isinstance(found.get("cells"), list) else {}
    except (OSError, ValueError, RecursionError):
        return {}


# ---------------------------------------------------------------- the gradebook

def _damage(path):
    """What is wrong with a gradebook, in words, or "". Whoever was stopped while writing leaves a journal beside it, which SQLite undoes now."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)) as database:
            tables = {name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            (said,), = database.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        return "" if "locked" in str(error) else str(error)
    return said if said != "ok" else "" if TABLES <= tables else "it holds no gradebook"


def mend_gradebook() -> list[str]:
    """See that the gradebook can be read; return what there is to say. A damaged one is put aside, and the copy takes its place."""
    if GRADEBOOK.exists():
        damage = _damage(GRADEBOOK)
        if not damage:
            return []
        what = f"gradebook.db is damaged ({damage}); it was put aside as {_aside(GRADEBOOK)}."
    elif COPY.exists():
        what = "gradebook.db is gone."
    else:
        return []
    for leftover in ("-journal", "-wal", "-shm"):  # of the damaged one
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{GRADEBOOK}{leftover}")
    if not _damage(COPY):
        shutil.copyfile(COPY, f"{GRADEBOOK}.new")
        os.replace(f"{GRADEBOOK}.new", GRADEBOOK)
        return [f"{what} The copy of the last run, grades/{COPY.name}, took its place: look whether points that you "
                "gave by hand after that run are missing."]
    return [f"{what} There is no copy of it: everybody is graded anew, and points that were given by hand are missing."]


def new_gradebook() -> Path:
    """Make an empty gradebook beside the place of the real one; return its path."""
    NEW.unlink(missing_ok=True)
    course, _ = release.coursedir(db_url=f"sqlite:///{NEW}")
    with Gradebook(course.db_url, course.course_id):
        return NEW


def back_up(folder: Path) -> None:
    """Leave a copy of the gradebook beside the grades."""
    new = folder / f"{COPY.name}.new"
    with contextlib.closing(sqlite3.connect(GRADEBOOK)) as source, contextlib.closing(sqlite3.connect(new)) as target:
        source.backup(target)
    os.replace(new, COPY)


def recorded(lesson: str) -> tuple[set[str], dict[str, dict[str, float]]]:
    """(the students that the gradebook has a submission of, {student: {grade id: points given by hand}})"""
    students, given = set(), {}
    if not GRADEBOOK.exists():
        return students, given
    with Gradebook(f"sqlite:///{GRADEBOOK}") as gradebook:
        for submission in gradebook.assignment_submissions(lesson):
            name = submission.student.id
            for part in submission.notebooks:
                students.add(name)
                given[name] = {mark.name: mark.manual_score for mark in part.grades if mark.manual_score is not None}
    return students, given


def reworded(lesson: str, student: str, nb: NotebookNode, given: Iterable[str]) -> list[str]:
    """Which of the tasks that were marked by hand are answered otherwise in `nb` than in the graded notebook."""
    before = {}
    for cell in autograded(lesson, student).get("cells", ()):
        source = cell.get("source", "")
        before[cell.get("id")] = "".join(source) if isinstance(source, list) else str(source)
    now = {cell.id: cell.source for cell in nb.cells}
    answers = {name: name.removesuffix("-check") for name in given}
    return [name for name, cell in answers.items() if before.get(cell, "").strip() != now.get(cell, "").strip()]
