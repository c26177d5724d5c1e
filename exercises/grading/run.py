"""Grade a class in one run: the reference first, then only what is new, two or more at a time."""
import concurrent.futures
import contextlib
import functools
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
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from filelock import FileLock, Timeout
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.utils import capture_log, determine_grade, is_grade
from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from . import keep, release
from . import sandbox as sandboxes
from .collect import collect
from .judge import apply, packet, verdict
from .keep import Stop, replace
from .mend import mend
from .plug import RunAndJudge, template
from .report import report

EXERCISES = release.EXERCISES
STOPPED = "\nStopped. What was graded is kept: the same command goes on from there."
FORKS = sys.platform == "linux"
WAITING = 20  # verdicts of other machines that wait to be written
VERSION = 2  # raised when the same submission would be graded otherwise


# ---------------------------------------------------------------- in a process of its own

@dataclass
class Graded:
    """What came of one submission: why it could not be graded, in words, and whether only the clock stopped something."""
    student: str
    problem: str = ""
    by_clock: bool = False


def reference(lesson, sandbox):
    """The source notebook with its own answers, and what is needed to judge it, as bytes."""
    nb = _source(lesson)
    return packet(nb, {cell.metadata.nbgrader.grade_id: cell.source for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("locked")}, sandbox)


def faults(lesson, said):
    """The reasons for which the source notebook's own answers don't get full marks by that verdict, a list."""
    nb = _source(lesson)
    try:
        reasons = list(apply(said, nb).stopped)
    except RuntimeError as error:
        return [str(error)]
    for cell in nb.cells:
        if cell.cell_type == "code":
            failed = [output for output in cell.outputs if output.output_type == "error"]
            if failed and (not is_grade(cell) or determine_grade(cell)[0] != determine_grade(cell)[1]):
                reasons.append(f"{cell.id}: {failed[0].ename}: {failed[0].evalue}")
    return reasons


def _source(lesson):
    return nbformat.read(EXERCISES / "source" / lesson / f"{release.notebook_name(lesson)}.ipynb", as_version=4)


def check_reference(lesson, sandbox):
    """Grade the source notebook's own answers; return the reasons for which they don't get full marks, a list."""
    return faults(lesson, verdict(reference(lesson, sandbox)))


def submission(lesson, student, needs):
    """What a student handed in, mended, and what is needed to judge it, as bytes. `needs`: RunAndJudge.needs()."""
    path = EXERCISES / "submitted" / student / lesson / f"{release.notebook_name(lesson)}.ipynb"
    return packet(nbformat.read(path, as_version=4), *needs)


def grade_one(lesson, student, sandbox, reworded, said=""):
    """Run nbgrader's autograde for one student; return what came of it, a Graded.

    `reworded`: as SaveGrades has it. `said`: the verdict, where another process has found it already.
    """
    os.environ["COURSE_SANDBOX"] = sandbox
    course, config = release.coursedir(assignment_id=lesson, student_id=student)
    config.SaveGrades.reworded = reworded
    config.RunAndJudge.verdict = said
    done = capture_log(Autograde(coursedir=course, config=config, force=True))
    if done["success"]:
        return Graded(student, by_clock=bool(keep.autograded(lesson, student).get("metadata", {}).get("by_clock")))
    with contextlib.suppress(Exception), Gradebook(course.db_url) as gradebook:
        # An earlier score must not stand for what could not be graded now.
        for part in gradebook.find_submission(lesson, student).notebooks:
            for mark in part.grades:
                mark.auto_score = 0
        gradebook.db.commit()
    lines = (done.get("log") or done.get("error") or "no reason given").strip().splitlines()
    reasons = [line.strip() for line in lines if re.match(r"\s*[\w.]*(Error|Exception|NoSandbox|NoJudge)\b.*:", line)]
    return Graded(student, (reasons or lines)[-1][:300])


def _prepare_worker(load):
    """Leave Ctrl-C to the run, end with it, and be ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run = multiprocessing.parent_process()

    def follow():
        run.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    if load:
        _load()
        if torch := sys.modules.get("torch"):
            torch.set_num_threads(1)  # each has a core, and threads of two that want the same ones wait for one another


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
def _workers(jobs, judge=True):
    """A pool of processes that grade; what ends the run early ends them, with what they started, and does not wait for them.

    On Linux they have what the run has loaded; elsewhere a process can't be forked, or not safely, and each loads it. That holds too
    beside Dask's threads, where they don't `judge`, and only write what others have found.
    """
    way = multiprocessing.get_context("fork" if FORKS and judge else "spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, way, _prepare_worker, (judge,)) as pool:
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


class _Here:
    """Grades in processes of this run. `students`: {student: reworded}. A Graded is yielded for each as they are done."""

    judges = True

    def __init__(self, jobs, lesson, sandbox):
        self.lesson, self.sandbox, self.jobs = lesson, sandbox, jobs

    def __enter__(self):
        self.ends = contextlib.ExitStack()
        self.pool = self.ends.enter_context(_workers(self.jobs, self.judges))
        return self

    def __exit__(self, *error):
        return self.ends.__exit__(*error)

    def check(self):
        """Grade the reference. Raises Stop where it does not get full marks."""
        try:
            reasons = _submit(self.pool, check_reference, self.lesson, self.sandbox).result()
        except BrokenProcessPool:
            reasons = ["the process that graded them ended, perhaps for lack of memory"]
        if reasons:
            raise Stop("The reference answers themselves do not get full marks here, so nobody was graded:\n  " + "\n  ".join(reasons))

    def grade(self, students):
        futures, left = {}, {}
        for student, reworded in students.items():
            self._hand((student, self.sandbox, reworded), futures, left)
        yield from self._gather(futures, left)

    def grade_alone(self, students):
        """One at a time."""
        with _Here(1, self.lesson, self.sandbox) as alone:
            yield from alone.grade(students)

    def _hand(self, task, futures, left):
        """Give grade_one's arguments to the pool: they are in `futures` then, or in `left` where it takes nothing any more."""
        try:
            futures[_submit(self.pool, grade_one, self.lesson, *task)] = task
        except BrokenProcessPool:
            left[task[0]] = task

    def _gather(self, futures, left):
        """What comes of `futures`, and then of `left`. One that takes its process down takes no other with it."""
        yield from self._ready(futures, futures, left)
        for student, task in left.items():  # which of them it was is not known: each once more, alone
            with _workers(1, self.judges) as alone:
                try:
                    yield _submit(alone, grade_one, self.lesson, *task).result()
                except BrokenProcessPool:
                    yield Graded(student, "its process ended, perhaps for lack of memory")

    @staticmethod
    def _ready(some, futures, left):
        for future in concurrent.futures.as_completed(list(some)):
            task = futures.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                left[task[0]] = task


class _Elsewhere(_Here):
    """Grades on Dask's workers (cluster.py); one process here writes what they find."""

    judges = False

    def __init__(self, workers, lesson, sandbox):
        super().__init__(1, lesson, sandbox)
        self.where = workers

    def __enter__(self):
        super().__enter__()
        try:
            try:
                from .cluster import Crew
            except ImportError as error:
                raise Stop(f"Grading on Dask's workers needs more packages ({error}): make .venv/cluster installs them.") from None
            self.crew = self.ends.enter_context(Crew(self.where, self.sandbox))
        except BaseException:
            self.ends.__exit__(*sys.exc_info())
            raise
        return self

    def check(self):
        self.crew.check(reference(self.lesson, self.sandbox), functools.partial(faults, self.lesson))

    def grade(self, students, most=10**6):
        course, config = release.coursedir()
        needs = RunAndJudge(config=config, sandbox=self.sandbox).needs(self.lesson, course.db_url)
        packets = {student: functools.partial(submission, self.lesson, student, needs) for student in students}
        futures, left = {}, {}
        for student, said in self.crew.verdicts(packets, most):
            self._hand((student, self.sandbox, students[student], said), futures, left)
            while ready := [future for future in futures if future.done()] or list(futures)[:max(0, len(futures) - WAITING)]:
                yield from self._ready(ready, futures, left)
        yield from self._gather(futures, left)

    def grade_alone(self, students):
        yield from self.grade(students, 1)


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


def run(lesson: str, where: str | Path, jobs: int = 2, sandbox: str = "bubblewrap", force: bool = False, workers: str = "") -> int:
    """Take in, grade and report; return how many submissions were graded now. Raises Stop or NoSandbox.

    `jobs`: submissions side by side, in processes of this run; or `workers`: where Dask's workers are instead (cluster.py).
    """
    try:
        release.check(lesson)
        release.settings(lesson)
        if sandbox == "bubblewrap" and not workers:
            sandboxes.check()
        folder = EXERCISES / "grades"
        folder.mkdir(exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            return _run(lesson, where, jobs, sandbox, force, folder, workers)
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


def _run(lesson, where, jobs, sandbox, force, folder, workers):
    record = folder / f"{lesson}.json"
    state = keep.state(record)
    for line in keep.mend_gradebook():
        print(line)
    database = prepare(lesson) if keep.GRADEBOOK.exists() else None  # else only when the reference has full marks
    new = take_in(lesson, where, state, force)
    if not state["students"]:
        raise Stop(f"No submission was found in {where}.")
    print(f"{len(state['students'])} submissions, {len(new)} of them new.", flush=True)
    if new and FORKS and not workers:
        _load_for_all()
    with _Elsewhere(workers, lesson, sandbox) if workers and new else _Here(jobs, lesson, sandbox) as graders:
        if new:
            gradebook = None if database else _submit(graders.pool, keep.new_gradebook)  # seconds, beside the reference
            print("Grading the reference answers first ...", flush=True)
            try:
                graders.check()
                if gradebook:
                    os.replace(gradebook.result(), keep.GRADEBOOK)
            finally:
                if gradebook:
                    concurrent.futures.wait([gradebook])
                    keep.NEW.unlink(missing_ok=True)
        database = database or prepare(lesson)
        for student in new:  # what a killed run did not finish is new again
            state["students"][student]["failed"] = "not graded yet"
        save = _Saving(record, state)
        slow = {}
        with tqdm(total=len(new), unit="submission", disable=not new, file=sys.stdout) as bar:
            for done in graders.grade(new):
                _note(state, done)
                save.at_times()
                if done.by_clock:
                    slow[done.student] = []
                bar.update()
        save()
        if slow:
            print(f"{len(slow)} stopped by the clock alone, and graded once more, one at a time ...", flush=True)
            for done in graders.grade_alone(slow):
                state["students"][done.student]["again"] = True
                _note(state, done)
                save()
    report(lesson, database, state, folder)
    keep.back_up(folder)
    return len(new)


def _note(state, done):
    state["students"][done.student]["failed"] = f"the grader failed: {done.problem}" if done.problem else ""


class _Saving:
    """Writes a class's record, at once; of a large class after many submissions only so often that it takes a twentieth of the time."""

    def __init__(self, path, state):
        self.path, self.state = path, state
        self()

    def __call__(self):
        began = time.monotonic()
        replace(self.path, json.dumps(self.state, indent=1))
        self.next = time.monotonic() + 20 * (time.monotonic() - began)

    def at_times(self):
        if time.monotonic() >= self.next:
            self()
