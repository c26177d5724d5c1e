"""Grade a class in one run: the reference first, then only what is new, two or more at a time."""
import concurrent.futures
import contextlib
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from concurrent.futures.process import BrokenProcessPool

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.utils import capture_log, determine_grade, is_grade
from tqdm import tqdm

from . import release
from .collect import collect
from .judge import NoJudge, grade
from .mend import mend
from .plug import template
from .report import report
from .sandbox import check_bubblewrap

EXERCISES = release.EXERCISES
VERSION = 1  # raised when the same submission would be graded otherwise


class Stop(Exception):
    """A reason, in words, for which the class can't be graded now."""


def check_reference(lesson, sandbox):
    """Grade the source notebook's own answers; raise Stop with the reasons unless they get full marks."""
    nb = nbformat.read(EXERCISES / "source" / lesson / f"{release.notebook_name(lesson)}.ipynb", as_version=4)
    trusted = {cell.metadata.nbgrader.grade_id: cell.source for cell in nb.cells
               if cell.metadata.get("nbgrader", {}).get("locked")}
    try:
        reasons = list(grade(nb, trusted, sandbox))
    except NoJudge as error:
        reasons, nb.cells = [str(error)], []
    for cell in nb.cells:
        if cell.cell_type == "code":
            failed = [output for output in cell.outputs if output.output_type == "error"]
            if failed and (not is_grade(cell) or determine_grade(cell)[0] != determine_grade(cell)[1]):
                reasons.append(f"{cell.id}: {failed[0].ename}: {failed[0].evalue}")
    if reasons:
        raise Stop("The reference answers themselves do not get full marks here, so nobody was graded:\n  "
                   + "\n  ".join(reasons))


def grade_one(lesson, student, sandbox):
    """Run nbgrader's autograde for one student; return (student, what went wrong or "")."""
    os.environ["COURSE_SANDBOX"] = sandbox
    course, config = release.coursedir(assignment_id=lesson, student_id=student)
    done = capture_log(Autograde(coursedir=course, config=config, force=True))
    if done["success"]:
        return student, ""
    with Gradebook(course.db_url) as gradebook, contextlib.suppress(MissingEntry):
        # An earlier score must not stand for what could not be graded now.
        for part in gradebook.find_submission(lesson, student).notebooks:
            for mark in part.grades:
                mark.auto_score = 0
        gradebook.db.commit()
    return student, (done.get("log") or done.get("error") or "").strip().splitlines()[-1][:300]


def prepare(lesson):
    """Record the assignment, its points and its due date in the gradebook."""
    course, _ = release.coursedir()
    try:
        release.generate(lesson, course.db_url)
    except RuntimeError as error:
        raise Stop(str(error)) from None
    due = release.settings(lesson).get("due")
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.update_or_create_assignment(lesson, duedate=due.isoformat() if due else None)
    return course.db_url


def take_in(lesson, where, state, force):
    """Mend what was handed in into submitted/; return the students whose submission is new."""
    original = template(lesson)
    same = hashlib.sha256(json.dumps([VERSION, original, _tests(lesson)]).encode()).hexdigest()
    students, new = state.setdefault("students", {}), []
    known = {entry.get("identity", folder): folder for folder, entry in students.items()}
    for found in collect(where, lesson, original, known):
        key = hashlib.sha256(found.data + same.encode() + b"".join(found.exchange.values())).hexdigest()
        nb, notes = mend(found.data, original)
        entry = students.get(found.student, {})
        graded = (EXERCISES / "autograded" / found.student / lesson).is_dir()
        if entry.get("key") != key or entry.get("failed") or not graded or force:
            folder = EXERCISES / "submitted" / found.student / lesson
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / f"{release.notebook_name(lesson)}.ipynb").write_text(release.text(nb), encoding="utf-8")
            if found.modified:
                (folder / "timestamp.txt").write_text(f"{found.modified:%Y-%m-%d %H:%M:%S} UTC", encoding="utf-8")
            for name, content in found.exchange.items():  # without them no feedback finds its way back
                (folder / name).write_bytes(content)
            new.append(found.student)
        unreadable = [note for note in notes if note.startswith("not readable")]
        lost = found.lost or "; ".join(unreadable)
        students[found.student] = {
            "name": found.name, "identity": found.identity, "key": key, "failed": "", "lost": lost, "notes": found.notes + ([] if lost else notes)}
    return new


def _tests(lesson):
    files = [*sorted((EXERCISES / "source" / lesson).glob("*.ipynb")), *sorted((EXERCISES / "checks").glob("*.py"))]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def run(lesson, where, jobs=2, sandbox="bubblewrap", force=False):
    """Take in, grade and report; return how many submissions were graded now. Raises Stop or NoSandbox."""
    if lesson not in release.lessons():
        raise Stop(f"There are no exercises called {lesson!r}. There are: {', '.join(release.lessons())}.")
    if sandbox == "bubblewrap":
        check_bubblewrap()
    print("Grading the reference answers first ...", flush=True)
    check_reference(lesson, sandbox)
    database = prepare(lesson)
    folder = EXERCISES / "grades"
    folder.mkdir(exist_ok=True)
    record = folder / f"{lesson}.json"
    state = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    try:
        new = take_in(lesson, where, state, force)
    except (OSError, ValueError) as error:
        raise Stop(str(error)) from None
    if not state["students"]:
        raise Stop(f"No submission was found in {where}.")
    print(f"{len(state['students'])} submissions, {len(new)} of them new.")
    for student in new:  # what a killed run did not finish is new again
        state["students"][student]["failed"] = "not graded yet"
    _save(record, state)
    with tqdm(total=len(new), unit="submission", disable=not new, file=sys.stdout) as bar:
        for student, problem in _side_by_side(lesson, new, sandbox, jobs):
            state["students"][student]["failed"] = f"the grader failed: {problem}" if problem else ""
            _save(record, state)
            bar.update()
    report(lesson, database, state, folder)
    return len(new)


def _side_by_side(lesson, students, sandbox, jobs):
    """Yield (student, problem or "") as they are done. One that takes its grader down takes no other with it."""
    spawn = multiprocessing.get_context("spawn")
    left = []
    with concurrent.futures.ProcessPoolExecutor(jobs, spawn) as pool:
        futures = {pool.submit(grade_one, lesson, student, sandbox): student for student in students}
        for future in concurrent.futures.as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                left.append(futures[future])
    for student in left:  # which of them it was is not known: each once more, alone
        with concurrent.futures.ProcessPoolExecutor(1, spawn) as pool:
            try:
                yield pool.submit(grade_one, lesson, student, sandbox).result()
            except BrokenProcessPool:
                yield student, "its process ended, perhaps for lack of memory"


def _save(path, state):
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        json.dump(state, file, indent=1)
    os.replace(file.name, path)
