"""Grade a class in one run: the reference first, then only what is new, two or more at a time."""
import concurrent.futures
import contextlib
import hashlib
import json
import multiprocessing
import os
import re
import secrets
import signal
import sqlite3
import sys
import threading
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from filelock import FileLock, Timeout
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.utils import capture_log, determine_grade, is_grade
from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from . import keep, release
from . import sandbox as sandboxes
from .collect import collect
from .judge import NoJudge, grade
from .keep import Stop, replace
from .mend import mend
from .plug import template
from .report import report

EXERCISES = release.EXERCISES
STOPPED = "\nStopped. What was graded is kept: the same command goes on from there."
FORKS = sys.platform == "linux"
VERSION = 2  # raised when the same submission would be graded otherwise


# ---------------------------------------------------------------- in a process of its own

@dataclass
class Graded:
    """What came of one submission: why it could not be graded, in words, and whether only the clock stopped something."""
    student: str
    problem: str = ""
    by_clock: bool = False


def check_reference(lesson, sandbox):
    """Grade the source notebook's own answers; return the reasons for which they don't get full marks, a list."""
    nb = nbformat.read(EXERCISES / "source" / lesson / f"{release.notebook_name(lesson)}.ipynb", as_version=4)
    trusted = {cell.metadata.nbgrader.grade_id: cell.source for cell in nb.cells
               if cell.metadata.get("nbgrader", {}).get("locked")}
    try:
        reasons = list(grade(nb, trusted, sandbox).stopped)
    except (NoJudge, RuntimeError) as error:
        return [str(error)]
    for cell in nb.cells:
        if cell.cell_type == "code":
            failed = [output for output in cell.outputs if output.output_type == "error"]
            if failed and (not is_grade(cell) or determine_grade(cell)[0] != determine_grade(cell)[1]):
                reasons.append(f"{cell.id}: {failed[0].ename}: {failed[0].evalue}")
    return reasons


def grade_one(lesson, student, sandbox, reworded):
    """Run nbgrader's autograde for one student; return what came of it, a Graded. `reworded`: as SaveGrades has it."""
    os.environ["COURSE_SANDBOX"] = sandbox
    course, config = release.coursedir(assignment_id=lesson, student_id=student)
    config.SaveGrades.reworded = reworded
    done = capture_log(Autograde(coursedir=course, config=config, force=True))
    if done["success"]:
        return Graded(student, by_clock=bool(keep.autograded(lesson, student).get("metadata", {}).get("by_clock")))
    with contextlib.suppress(Exception), Gradebook(course.db_url) as gradebook, contextlib.suppress(MissingEntry):
        # An earlier score must not stand for what could not be graded now.
        for part in gradebook.find_submission(lesson, student).notebooks:
            for mark in part.grades:
                mark.auto_score = 0
        gradebook.db.commit()
    lines = (done.get("log") or done.get("error") or "no reason given").strip().splitlines()
    reasons = [line.strip() for line in lines if re.match(r"\s*[\w.]*(Error|Exception|NoSandbox|NoJudge)\b.*:", line)]
    return Graded(student, (reasons or lines)[-1][:300])


def _prepare_worker():
    """Leave Ctrl-C to the run, end with it, and be ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run = multiprocessing.parent_process()

    def follow():
        run.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    _load()


def _load():
    """Load what every submission needs."""
    with contextlib.suppress(ImportError):  # said when the reference is graded
        from exercises import checks  # noqa: F401  and PyTorch


def leave(*_):
    """End this process at once, which with PyTorch loaded would take a second or two in order."""
    sys.stdout.flush()
    print(STOPPED, file=sys.stderr, flush=True)
    os._exit(1)


def _load_for_all():
    """Load it in the run itself. Ctrl-C ends that at once: raised within, some libraries lose it."""
    before = signal.signal(signal.SIGINT, leave)
    _load()
    signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _workers(jobs):
    """A pool of processes that grade; what ends the run early ends them, with what they started, and does not wait for them.

    On Linux they have what the run has loaded; elsewhere a process can't be forked, or not safely, and each loads it.
    """
    with concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("fork" if FORKS else "spawn"), _prepare_worker) as pool:
        try:
            yield pool
        except BaseException:
            for worker in multiprocessing.active_children():
                with contextlib.suppress(psutil.Error):
                    for process in [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]:
                        process.kill()
            raise


def _submit(pool, *task):
    """pool.submit, which may start a process: one that Ctrl-C does not reach before it is ready to leave it to the run."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return pool.submit(*task)
    finally:
        signal.signal(signal.SIGINT, before)


def _side_by_side(pool, lesson, students, sandbox):
    """`students`: {student: reworded}. Yield a Graded for each as they are done. One that takes its grader down takes no other with it."""
    left, futures = [], {}
    try:
        futures = {_submit(pool, grade_one, lesson, student, sandbox, reworded): student for student, reworded in students.items()}
    except BrokenProcessPool:
        left = list(students)
    for future in concurrent.futures.as_completed(futures):
        try:
            yield future.result()
        except BrokenProcessPool:
            left.append(futures[future])
    for student in left:  # which of them it was is not known: each once more, alone
        with _workers(1) as alone:
            try:
                yield _submit(alone, grade_one, lesson, student, sandbox, students[student]).result()
            except BrokenProcessPool:
                yield Graded(student, "its process ended, perhaps for lack of memory")


# ---------------------------------------------------------------- the run

def prepare(lesson):
    """Record the assignment, its points and its due date in the gradebook; return its URL."""
    course, _ = release.coursedir()
    release.generate(lesson, course.db_url)
    due = release.settings(lesson).get("due")
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.update_or_create_assignment(lesson, duedate=due.isoformat() if due else None)
    return course.db_url


def take_in(lesson, where, state, force):
    """Mend what was handed in into submitted/; return {student: its reworded tasks} of what is to be graded now."""
    original = template(lesson)
    same = hashlib.sha256(json.dumps([VERSION, original, _tests(lesson)]).encode()).hexdigest()
    students, new = state.setdefault("students", {}), {}
    known = {entry.get("identity", folder): folder for folder, entry in students.items()}
    recorded, given = keep.recorded(lesson)
    for found in collect(where, lesson, original, known, release.timezone()):
        key = hashlib.sha256(found.data + same.encode() + b"".join(found.exchange.values())).hexdigest()
        nb, notes = mend(found.data, original)
        entry = students.get(found.student, {})
        graded = found.student in recorded and bool(keep.autograded(lesson, found.student))
        unreadable = [note for note in notes if note.startswith("not readable")]
        lost = found.lost or "; ".join(unreadable)
        if lost and graded and entry and not entry["lost"] and not entry["failed"] and not force:
            entry["refused"] = [f"what was handed in last, as it can't be graded; what was graded before stays ({lost})", *found.refused]
            continue
        if entry.get("key") != key or entry.get("failed") or not graded or force:
            reworded = keep.reworded(lesson, found.student, nb, given.get(found.student, ()))
            contents = {f"{release.notebook_name(lesson)}.ipynb": release.text(nb).encode()}
            if found.modified:
                contents["timestamp.txt"] = f"{found.modified:%Y-%m-%d %H:%M:%S} UTC".encode()
            # Without a secret nbgrader's release_feedback stops, and nobody after this student gets any: one that nobody knows.
            contents["submission_secret.txt"] = secrets.token_hex(64).encode()
            graded_before = EXERCISES / "autograded" / found.student
            if graded_before.exists() and not graded_before.is_dir():  # in the way of a folder of that name
                graded_before.unlink()
            keep.replace_folder(EXERCISES / "submitted" / found.student / lesson, contents | found.exchange)
            new[found.student] = reworded
        students[found.student] = {
            "name": found.name, "identity": found.identity, "number": found.number, "system": found.system, "given": found.given,
            "key": key, "failed": "", "lost": lost,
            "again": bool(entry.get("again")) and found.student not in new, "refused": found.refused,
            "notes": found.notes + ([] if lost else notes)}
    return new


def _tests(lesson):
    files = [*sorted((EXERCISES / "source" / lesson).glob("*.ipynb")), *sorted((EXERCISES / "checks").glob("*.py"))]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def run(lesson: str, where: str | Path, jobs: int = 2, sandbox: str = "bubblewrap", force: bool = False) -> int:
    """Take in, grade and report; return how many submissions were graded now. Raises Stop or NoSandbox."""
    try:
        release.check(lesson)
        release.settings(lesson)
        if sandbox == "bubblewrap":
            sandboxes.check()
        folder = EXERCISES / "grades"
        folder.mkdir(exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            return _run(lesson, where, jobs, sandbox, force, folder)
    except Timeout:
        raise Stop("Another run is grading in this folder. Wait until it has ended, or stop it, and give the command again.") from None
    except KeyboardInterrupt:
        raise Stop(STOPPED) from None
    except OSError as error:
        raise Stop(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}. "
                   "What was graded is kept: mend that, and give the command again.") from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise Stop(f"The gradebook can't be read or written ({getattr(error, 'orig', error)}). What was graded is kept: "
                   "mend that, and give the command again.") from None
    except ValueError as error:
        raise Stop(str(error)) from None


def _run(lesson, where, jobs, sandbox, force, folder):
    record = folder / f"{lesson}.json"
    state = keep.state(record)
    for line in keep.mend_gradebook():
        print(line)
    database = prepare(lesson) if keep.GRADEBOOK.exists() else None  # else only when the reference has full marks
    new = take_in(lesson, where, state, force)
    if not state["students"]:
        raise Stop(f"No submission was found in {where}.")
    print(f"{len(state['students'])} submissions, {len(new)} of them new.", flush=True)
    if new and FORKS:
        _load_for_all()
    with _workers(jobs) as pool:
        if new:
            print("Grading the reference answers first ...", flush=True)
            reference = _submit(pool, check_reference, lesson, sandbox)
            gradebook = None if database else _submit(pool, keep.new_gradebook)  # seconds, beside it
            try:
                reasons = reference.result()
                if gradebook:
                    os.replace(gradebook.result(), keep.GRADEBOOK) if not reasons else gradebook.result().unlink()
            except BrokenProcessPool:
                reasons = ["the process that graded them ended, perhaps for lack of memory"]
            if reasons:
                raise Stop("The reference answers themselves do not get full marks here, so nobody was graded:\n  "
                           + "\n  ".join(reasons))
        database = database or prepare(lesson)
        for student in new:  # what a killed run did not finish is new again
            state["students"][student]["failed"] = "not graded yet"
        _save(record, state)
        slow = {}
        with tqdm(total=len(new), unit="submission", disable=not new, file=sys.stdout) as bar:
            for done in _side_by_side(pool, lesson, new, sandbox):
                _note(state, done)
                _save(record, state)
                if done.by_clock:
                    slow[done.student] = []
                bar.update()
    if slow:
        print(f"{len(slow)} stopped by the clock alone, and graded once more, one at a time ...", flush=True)
        with _workers(1) as pool:
            for done in _side_by_side(pool, lesson, slow, sandbox):
                state["students"][done.student]["again"] = True
                _note(state, done)
                _save(record, state)
    report(lesson, database, state, folder)
    keep.back_up(folder)
    return len(new)


def _note(state, done):
    state["students"][done.student]["failed"] = f"the grader failed: {done.problem}" if done.problem else ""


def _save(path, state):
    replace(path, json.dumps(state, indent=1))
