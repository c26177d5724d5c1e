"""What a run does, one thing after another, with graders that only say what came of it. (Whole runs: tests/test_grading.py, test_state.py.)"""
import contextlib
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

pytest.importorskip("nbgrader")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from classroom import FILE, LESSON  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook  # noqa: E402
from nbgrader.api import Course, Gradebook  # noqa: E402
from sqlalchemy.exc import OperationalError  # noqa: E402
from exercises.grading import keep, run  # noqa: E402
from exercises.grading.collect import Submission  # noqa: E402
from exercises.grading.run import Graded, Stop  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")


class Graders:
    """In the place of _Here. `says`: {student: what comes of it, a Graded, or an error that ends the run}; `alone`: the same, one at a time."""

    def __init__(self, says, alone=None, fault=None):
        self.says, self.alone, self.fault, self.asked, self.begun = says, alone or {}, fault, [], []

    def __call__(self, jobs, lesson, sandbox):
        self.asked.append((jobs, lesson, sandbox))
        return self

    def __enter__(self):
        self.pool = self
        return self

    def __exit__(self, *error):
        self.wait()

    def submit(self, task):
        self.begun.append(task)  # beside the reference: it ends when it is waited for
        return self

    def wait(self):
        while self.begun:
            self.begun.pop()()

    def result(self):
        self.wait()
        return keep.NEW

    def check(self):
        self.asked.append("reference")
        if self.fault:
            raise self.fault

    def _each(self, students, says):
        for student, reworded in students.items():
            self.asked.append((student, reworded))
            if isinstance(says[student], BaseException):
                raise says[student]
            yield says[student]

    def grade(self, students):
        return self._each(students, self.says)

    def grade_alone(self, students):
        return self._each(students, self.alone)


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """ran(graders, new): run's answer for a class of `new` {student: reworded} and of "old", who was graded before; ran.record() as it is on the disk."""
    monkeypatch.setattr(run, "EXERCISES", tmp_path)
    for name in ("GRADEBOOK", "NEW"):
        monkeypatch.setattr(keep, name, tmp_path / f"{name.lower()}.db")
    monkeypatch.setattr(run.concurrent.futures, "wait", lambda futures: [future.wait() for future in futures])
    monkeypatch.setattr(keep, "new_gradebook", lambda: keep.NEW.write_text("new"))
    monkeypatch.setattr(keep, "mend_gradebook", lambda: ["The gradebook was mended."])
    monkeypatch.setattr(run, "_load_for_all", lambda: None)
    monkeypatch.setattr(run.sandboxes, "check", lambda: None)
    done = []
    monkeypatch.setattr(run, "prepare", lambda lesson: done.append("prepared") or {LESSON: "sqlite:///the gradebook"}[lesson])
    monkeypatch.setattr(run, "report", lambda *told: done.append(("reported", told[:2], json.loads(json.dumps(told[2])), told[3])))
    monkeypatch.setattr(keep, "back_up", lambda folder: done.append(f"backed up in {folder.name}"))

    def call(graders, new, error=None, **options):
        def take_in(lesson, where, state, force):
            call.taken = lesson, where, force
            state["students"] = {} if new is None else {name: {"failed": "", "again": False} for name in ("old", *new)}
            if error:
                raise error
            return dict(new or {})

        monkeypatch.setattr(run, "take_in", take_in)
        monkeypatch.setattr(run, "_Here", graders)
        return run.run(LESSON, "a folder", **options)

    call.done = done
    call.record = lambda: {name: entry["failed"] for name, entry in json.loads((tmp_path / "grades" / f"{LESSON}.json").read_text())["students"].items()}
    return call


def test_all_is_graded_noted_reported_and_backed_up(ran, capsys):
    graders = Graders({"ada": Graded("ada"), "bob": Graded("bob", "MemoryError: too much")})
    assert ran(graders, {"ada": [], "bob": ["explain"]}, jobs=3, force=True) == 2
    assert graders.asked == [(3, LESSON, "bubblewrap"), "reference", ("ada", []), ("bob", ["explain"])] and ran.taken == (LESSON, "a folder", True)
    assert ran.record() == {"old": "", "ada": "", "bob": "the grader failed: MemoryError: too much"}
    assert keep.GRADEBOOK.read_text() == "new" and not keep.NEW.exists()
    prepared, (what, told, state, folder), backed_up = ran.done
    assert (prepared, what, backed_up) == ("prepared", "reported", "backed up in grades") and told == (LESSON, "sqlite:///the gradebook")
    assert state["students"]["bob"]["failed"] and folder.name == "grades"
    said = capsys.readouterr().out
    assert said.startswith("The gradebook was mended.\n3 submissions, 2 of them new.\nGrading the reference answers first ...\n")
    assert re.search(r"100%.* 2/2 \[.*[\d?]submission/s\]", said)


def test_where_nobody_is_new_no_reference_is_graded_and_the_report_is_written_anew(ran, capsys):
    graders = Graders({})
    assert ran(graders, {}) == 0 and graders.asked == [(2, LESSON, "bubblewrap")] and len(ran.done) == 3 and ran.taken == (LESSON, "a folder", False)
    assert capsys.readouterr().out.endswith("1 submissions, 0 of them new.\n") and ran.record() == {"old": ""}


def test_a_gradebook_that_is_there_stays_and_is_prepared_once(ran):
    keep.GRADEBOOK.write_text("there")
    assert ran(Graders({"ada": Graded("ada")}), {"ada": []}) == 1 and keep.GRADEBOOK.read_text() == "there" and ran.done.count("prepared") == 1


class Out(io.StringIO):
    """An output that is no terminal: what is written to it is `seen` when it is flushed."""
    seen = ""

    def flush(self):
        self.seen = self.getvalue()


def test_what_is_said_before_something_that_takes_its_time_is_seen_at_once(ran, monkeypatch):
    out, seen, graders = Out(), [], Graders({"ada": Graded("ada", by_clock=True)})
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(run, "_load_for_all", lambda: seen.append(out.seen))
    monkeypatch.setattr(graders, "check", lambda: seen.append(out.seen))
    monkeypatch.setattr(graders, "grade_alone", lambda students: seen.append(out.seen) or [Graded("ada")])
    ran(graders, {"ada": []})
    assert [text.splitlines()[-1] for text in seen] == ["2 submissions, 1 of them new.", "Grading the reference answers first ...",
                                                        "1 stopped by the clock alone, and graded once more, one at a time ..."]


@pytest.mark.parametrize("new, forks, workers, loads", [
    ({"ada": []}, True, "", True), ({}, True, "", False), ({"ada": []}, False, "", False), ({"ada": []}, True, "local:2", False), ({}, True, "local:2", False)])
def test_what_every_process_needs_is_loaded_once_before_where_they_fork(ran, monkeypatch, new, forks, workers, loads):
    """Where nobody is new, no workers are looked for either."""
    loaded, graders = [], Graders({"ada": Graded("ada")})
    monkeypatch.setattr(run, "_load_for_all", lambda: loaded.append(list(graders.asked)))
    monkeypatch.setattr(run, "FORKS", forks)
    monkeypatch.setattr(run, "_Elsewhere", lambda workers, lesson, sandbox: graders(workers, lesson, sandbox) if new else pytest.fail("nobody is new"))
    assert ran(graders, new, workers=workers) == len(new) and loaded == [[]] * loads


def test_what_cant_be_meant_is_said_before_anything_is_done(ran, monkeypatch):
    with pytest.raises(Stop, match="^There are no exercises called '04-softmax'"):
        run.run("04-softmax", "a folder")

    def mistaken():
        raise ValueError("exercises/course.toml: due is wrong")

    monkeypatch.setattr(run.release, "course", mistaken)
    with pytest.raises(Stop, match="^exercises/course.toml: due is wrong$"):
        ran(Graders({}), {})
    assert ran.done == [] and not hasattr(ran, "taken")


def test_whom_only_the_clock_stopped_is_graded_once_more_alone_and_said_to_be(ran, capsys):
    graders = Graders({"ada": Graded("ada", by_clock=True), "bob": Graded("bob"), "eve": Graded("eve", by_clock=True)},
                      {"ada": Graded("ada", by_clock=True), "eve": Graded("eve", "it broke")})
    assert ran(graders, {"ada": ["explain"], "bob": [], "eve": []}) == 3
    assert graders.asked[-2:] == [("ada", []), ("eve", [])], "what is to be graded by hand again was marked so the first time"
    state = ran.done[1][2]["students"]
    assert [state[name]["again"] for name in ("ada", "bob", "eve")] == [True, False, True]
    assert ran.record() == {"old": "", "ada": "", "bob": "", "eve": "the grader failed: it broke"}
    assert "2 stopped by the clock alone, and graded once more, one at a time" in capsys.readouterr().out


@pytest.mark.parametrize("end, says", [
    (KeyboardInterrupt(), "Stopped. What was graded is kept"), (OSError(28, "No space left on device", "grades.csv"), "No space left on device: grades.csv. What was"),
    (OSError("broken"), "^broken. What was graded is kept"), (sqlite3.OperationalError("database is locked"), r"The gradebook can't be read or written \(database is locked\)"),
    (OperationalError("SELECT name FROM grade", {}, sqlite3.OperationalError("disk I/O error")), r"The gradebook can't be read or written \(disk I/O error\)\. What was"),
    (ValueError("one sentence"), "^one sentence$")])
def test_a_run_that_ends_early_says_so_and_what_it_did_not_grade_is_new_the_next_time(ran, monkeypatch, end, says):
    monkeypatch.setattr(run._Saving, "at_times", lambda self: self())
    with pytest.raises(Stop, match=says):
        ran(Graders({"ada": Graded("ada"), "bob": end, "eve": Graded("eve")}), {"ada": [], "bob": [], "eve": []})
    assert ran.record() == {"old": "", "ada": "", "bob": "not graded yet", "eve": "not graded yet"}
    assert ran.done == ["prepared"]
    with pytest.raises(Stop, match=says):
        ran(Graders({}), {}, end)
    assert ran(Graders({}), {}) == 0, "the lock is free again"


def test_where_the_reference_fails_nobody_is_graded_and_nothing_is_noted(ran, tmp_path):
    graders = Graders({}, fault=Stop("The reference answers themselves do not get full marks here"))
    with pytest.raises(Stop, match="The reference answers"):
        ran(graders, {"ada": []})
    assert not keep.GRADEBOOK.exists() and not keep.NEW.exists() and ran.done == [] and not (tmp_path / "grades" / f"{LESSON}.json").exists()
    keep.GRADEBOOK.write_text("there")
    with pytest.raises(Stop, match="The reference answers"):
        ran(graders, {"ada": []})
    assert keep.GRADEBOOK.read_text() == "there" and ran.done == ["prepared"]


def test_the_sandbox_is_asked_for_where_it_runs(ran, monkeypatch):
    """Dask's workers have their own: this machine needs none."""
    def missing():
        raise run.sandboxes.NoSandbox("bubblewrap is missing")

    monkeypatch.setattr(run.sandboxes, "check", missing)
    with pytest.raises(run.sandboxes.NoSandbox):
        ran(Graders({}), {})
    assert ran.done == [] and ran(Graders({}), {}, sandbox="none") == 0
    there = Graders({"ada": Graded("ada")})
    monkeypatch.setattr(run, "_Elsewhere", lambda workers, lesson, sandbox: there(workers, lesson, sandbox))
    assert ran(Graders({}), {"ada": []}, workers="tls://host:8786") == 1 and there.asked[0] == ("tls://host:8786", LESSON, "bubblewrap")


def test_where_nobody_handed_in_it_says_where_it_looked(ran):
    with pytest.raises(Stop, match="^No submission was found in a folder.$"):
        ran(Graders({}), None)


def test_two_runs_at_once_are_one_too_many(ran, tmp_path):
    (tmp_path / "grades").mkdir()
    with run.FileLock(tmp_path / "grades" / ".lock"), pytest.raises(Stop, match="Another run is grading in this folder."):
        ran(Graders({}), {})


def test_a_large_class_is_written_only_so_often_that_it_takes_a_twentieth_of_the_time(tmp_path, monkeypatch):
    clock, path, state = [100.0], tmp_path / "record.json", {"students": {}}
    monkeypatch.setattr(run.time, "monotonic", lambda: clock[0])

    def slow(path, text):
        path.write_text(text)
        clock[0] += 2.0

    monkeypatch.setattr(run, "replace", slow)
    save = run._Saving(path, state)
    assert json.loads(path.read_text()) == state
    for number, written in ((1, False), (2, False), (3, True)):
        clock[0] = 102.0 + 20.0 * number if number < 3 else 142.0
        state["students"] = {"number": number}
        if number == 2:
            clock[0] = 141.9
        save.at_times()
        assert (json.loads(path.read_text()) == state) == written, number
    state["students"] = {"number": 4}
    save()
    assert json.loads(path.read_text()) == state


# ---------------------------------------------------------------- what is taken in

def test_what_is_known_of_each_is_handed_on_and_kept(tmp_path, monkeypatch):
    zone = timezone(timedelta(hours=9))
    monkeypatch.setattr(run, "EXERCISES", tmp_path)
    monkeypatch.setattr(run.release, "timezone", lambda: zone)
    monkeypatch.setattr(keep, "recorded", lambda lesson: {LESSON: ({"ada", "bob"}, {"ada": {"explain": 1.0}})}[lesson])
    monkeypatch.setattr(keep, "autograded", lambda lesson, student: {"cells": []} if lesson == LESSON and student in ("ada", "bob") else {})
    asked = []
    monkeypatch.setattr(keep, "reworded", lambda lesson, student, nb, given: asked.append((lesson, student, "cells" in nb, given)) or [student])
    source = (run.release.EXERCISES / "release" / LESSON / f"{LESSON}-exercises.ipynb").read_bytes()
    found = [Submission(name, f"{name} L.", data=source, identity=f"{name}@example.org", number=f"47{i}", system="canvas", given=f"{name}_47{i}_late.ipynb",
                        notes=[f"{name} renamed it"]) for i, name in enumerate(("ada", "bob", "eve"))]
    collected = []
    monkeypatch.setattr(run, "collect", lambda where, lesson, original, known, zone: collected.append((where, lesson, "cells" in original, dict(known), zone)) or found)
    state = {"students": {"ada": {"identity": "ada@example.org", "key": "another", "failed": "", "lost": "", "again": True, "notes": []},
                          "carl": {"key": "x", "failed": "", "lost": "", "notes": []}}}
    assert run.take_in(LESSON, tmp_path / "class", state, False) == {"ada": ["ada"], "bob": ["bob"], "eve": ["eve"]}
    assert collected == [(tmp_path / "class", LESSON, True, {"ada@example.org": "ada", "carl": "carl"}, zone)]
    assert asked == [(LESSON, "ada", True, {"explain": 1.0}), (LESSON, "bob", True, ()), (LESSON, "eve", True, ())]
    ada = state["students"]["ada"]
    assert {name: ada[name] for name in ("name", "identity", "number", "system", "given", "failed", "lost", "again", "refused")} == {
        "name": "ada L.", "identity": "ada@example.org", "number": "470", "system": "canvas", "given": "ada_470_late.ipynb",
        "failed": "", "lost": "", "again": False, "refused": []}
    assert ada["notes"][0] == "ada renamed it" and "carl" in state["students"], "who is not there any more keeps what was graded"
    state["students"]["ada"]["again"] = True  # graded once more, by the clock
    before = json.loads(json.dumps(state))
    state["students"]["bob"]["again"] = "once"
    assert run.take_in(LESSON, tmp_path / "class", state, False) == {"eve": ["eve"]}, "whose graded notebook is missing"
    assert state["students"]["ada"] == before["students"]["ada"] and state["students"]["bob"]["again"] is True


# ---------------------------------------------------------------- one submission

@pytest.fixture(scope="module")
def gradebook_of_two(tmp_path_factory):
    """A gradebook with 2 points, as given by the grader and 1.5 by hand, of each of two tasks and of Ada and Bob."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # where nbgrader finds alembic
        gradebook = Gradebook(f"sqlite:///{path}")
    with gradebook:
        gradebook.add_assignment(LESSON)
        gradebook.add_notebook("nb", LESSON)
        for task in ("accuracy", "explain"):
            gradebook.add_grade_cell(task, "nb", LESSON, max_score=2, cell_type="code")
        for student in ("ada", "bob"):
            gradebook.add_student(student)
            gradebook.add_submission(LESSON, student)
            for task in ("accuracy", "explain"):
                mark = gradebook.find_grade(task, "nb", LESSON, student)
                mark.auto_score, mark.manual_score = 2.0, 1.5
        gradebook.db.commit()
    return path


@pytest.fixture
def one(gradebook_of_two, tmp_path, monkeypatch):
    """one(done): grade_one's answer where nbgrader ended so, with a gradebook of two."""
    url = f"sqlite:///{shutil.copy(gradebook_of_two, tmp_path / 'gradebook.db')}"
    monkeypatch.setenv("COURSE_SANDBOX", "")  # and put back afterwards
    asked = SimpleNamespace()

    def coursedir(**options):
        asked.coursedir = options
        return SimpleNamespace(db_url=url), SimpleNamespace(SaveGrades=SimpleNamespace(), RunAndJudge=SimpleNamespace())

    monkeypatch.setattr(run.release, "coursedir", coursedir)
    monkeypatch.setattr(run, "Autograde", lambda coursedir, config, force: (coursedir.db_url == url, config, force))

    def call(done, **options):
        monkeypatch.setattr(run, "capture_log", lambda step: setattr(asked, "step", step) or done)
        graded = run.grade_one(LESSON, "ada", "none", ["explain"], **options)
        with Gradebook(url) as gradebook:
            call.scores = {student: [(mark.auto_score, mark.manual_score) for task in ("accuracy", "explain") for mark in [gradebook.find_grade(task, "nb", LESSON, student)]]
                           for student in ("ada", "bob")}
        return graded

    call.asked = asked
    return call


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
@pytest.mark.parametrize("done, problem", [
    ({"success": False, "log": "[INFO] a\nValueError: first\n  nbgrader.NoJudge: it broke: twice\n[ERROR] see above", "error": "x"}, "nbgrader.NoJudge: it broke: twice"),
    ({"success": False, "log": "only\nthe last line", "error": "x"}, "the last line"), ({"success": False, "log": "", "error": "OSError: full"}, "OSError: full"),
    ({"success": False}, "no reason given"), ({"success": False, "log": f"MemoryError: {'x' * 500}"}, f"MemoryError: {'x' * 287}")])
def test_an_earlier_score_does_not_stand_for_what_could_not_be_graded_now(one, done, problem):
    assert one(done) == Graded("ada", problem)
    assert one.scores == {"ada": [(0.0, 1.5)] * 2, "bob": [(2.0, 1.5)] * 2}, "nobody else's, and nothing that was given by hand"
    assert one.asked.step[1].RunAndJudge.verdict == "", "it is to be found here"


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_why_one_could_not_be_graded_is_said_also_where_the_gradebook_is_damaged(one, monkeypatch):
    def damaged(url):
        raise OperationalError("PRAGMA", {}, sqlite3.DatabaseError("file is not a database"))

    monkeypatch.setattr(run, "Gradebook", damaged)
    assert one({"success": False, "log": "OSError: full"}) == Graded("ada", "OSError: full")


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
@pytest.mark.parametrize("notebook, by_clock", [({}, False), ({"metadata": {}}, False), ({"metadata": {"by_clock": False}}, False), ({"metadata": {"by_clock": True}}, True)])
def test_what_was_graded_keeps_its_points_and_says_whether_the_clock_stopped_it(one, monkeypatch, notebook, by_clock):
    monkeypatch.setattr(keep, "autograded", lambda lesson, student: notebook if (lesson, student) == (LESSON, "ada") else {"metadata": {"by_clock": "another's"}})
    assert one({"success": True, "log": "ValueError: a student's own"}, said="a verdict") == Graded("ada", "", by_clock)
    assert one.scores["ada"] == [(2.0, 1.5)] * 2
    in_course, config, force = one.asked.step
    assert in_course and force is True and config.SaveGrades.reworded == ["explain"] and config.RunAndJudge.verdict == "a verdict" and os.environ["COURSE_SANDBOX"] == "none"
    assert one.asked.coursedir == {"assignment_id": LESSON, "student_id": "ada"}


# ---------------------------------------------------------------- the reference, and what is prepared

CHECK = {"nbgrader": {"grade_id": "shares-check", "grade": True, "locked": True, "solution": False, "points": 2, "cell_type": "code", "schema_version": 3}}
OWN = {"nbgrader": {"grade_id": "shares", "grade": False, "locked": False, "solution": True, "cell_type": "code", "schema_version": 3}}


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A source notebook: an answer, its check, a cell that is only run, and words; and a function that makes a verdict of errors of each cell of code."""
    cells = [new_code_cell("def shares(X): ...", metadata=OWN, id="shares"), new_code_cell("check.shares(shares)", metadata=CHECK, id="shares-check"),
             new_markdown_cell("words"), new_code_cell("shares", id="shown")]
    for place, notebook in (("source", cells), ("submitted/ada", [new_code_cell("mine", metadata=OWN, id="shares")])):
        path = tmp_path / place / LESSON / FILE
        path.parent.mkdir(parents=True)
        nbformat.write(new_notebook(cells=notebook), path)
    monkeypatch.setattr(run, "EXERCISES", tmp_path)

    def verdict(*names, stopped=()):
        outputs = [[{"output_type": "error", "ename": name, "evalue": "why", "traceback": []}] if name else [] for name in names]
        of = [[cell.id, cell.source] for cell in (cells[0], cells[3])]
        return json.dumps({"outputs": outputs, "of": of, "stopped": list(stopped), "by_clock": False})
    return verdict


def test_of_the_reference_the_checks_are_trusted_and_its_own_answers_judged_as_a_submission_is(source):
    packed = json.loads(run.reference(LESSON, "none"))
    assert packed["trusted"] == {"shares-check": "check.shares(shares)"} and packed["sandbox"] == "none" and packed["stubs"] == {}
    assert [cell["source"] for cell in packed["cells"]] == ["def shares(X): ...", "check.shares(shares)", "shares"]
    packed = json.loads(run.submission(LESSON, "ada", ({"shares-check": "trusted"}, "none")))
    assert [cell["source"] for cell in packed["cells"]] == ["mine"] and packed["trusted"] == {"shares-check": "trusted"} and packed["sandbox"] == "none"


@pytest.mark.parametrize("names, stopped, reasons", [
    (("", "", ""), [], []), (("", "Wrong", ""), [], ["shares-check: Wrong: why"]), (("NameError", "", ""), [], ["shares: NameError: why"]),
    (("", "", "TypeError"), [], ["shown: TypeError: why"]), (("", "", ""), ["shares: more than 30 s, interrupted"], ["shares: more than 30 s, interrupted"]),
    (("NameError", "Wrong", ""), ["more than 5 minutes"], ["more than 5 minutes", "shares: NameError: why", "shares-check: Wrong: why"])])
def test_whatever_keeps_the_reference_from_full_marks_is_a_reason(names, stopped, reasons, source, monkeypatch):
    assert run.faults(LESSON, source(*names, stopped=stopped)) == reasons
    monkeypatch.setattr(run, "verdict", lambda packed: source(*names, stopped=stopped) if json.loads(packed)["sandbox"] == "none" else "")
    assert run.check_reference(LESSON, "none") == reasons


def test_what_the_reference_prints_is_no_fault_nor_is_a_check_that_fails_and_gives_nothing(source, tmp_path):
    told = json.loads(source("", "Wrong", ""))
    told["outputs"][0] = [{"output_type": "stream", "name": "stdout", "text": "printed"}]
    assert run.faults(LESSON, json.dumps(told)) == ["shares-check: Wrong: why"]
    path = tmp_path / "source" / LESSON / FILE
    nb = nbformat.read(path, 4)
    nb.cells[1].metadata.nbgrader.points = 0
    nbformat.write(nb, path)
    assert run.faults(LESSON, json.dumps(told)) == []


def test_a_reference_that_could_not_be_judged_says_why(source):
    assert run.faults(LESSON, json.dumps({"error": "bubblewrap is missing"})) == ["bubblewrap is missing"]
    assert run.faults(LESSON, json.dumps({"outputs": [], "of": [], "stopped": [], "by_clock": False})) == ["the verdict is that of other cells"]


@pytest.mark.parametrize("reasons, words", [
    ([], ""), (["shares: NameError: x", "no time"], "so nobody was graded:\n  shares: NameError: x\n  no time$"),
    (BrokenProcessPool("gone"), "so nobody was graded:\n  the process that graded them ended, perhaps for lack of memory$")])
def test_where_the_reference_has_no_full_marks_the_run_stops_with_all_reasons(reasons, words, monkeypatch):
    asked = []

    class One:
        def submit(self, *task):
            asked.append(task)
            future = Future()
            future.set_exception(reasons) if isinstance(reasons, Exception) else future.set_result(reasons)
            return future

    monkeypatch.setattr(run, "_workers", lambda jobs, judge=True: contextlib.nullcontext(One()))
    with run._Here(2, LESSON, "none") as here:
        if words:
            with pytest.raises(Stop, match="^The reference answers themselves do not get full marks here, " + words):
                here.check()
        else:
            here.check()
    assert asked == [(run.check_reference, LESSON, "none")]


@pytest.mark.long("nbgrader makes a gradebook")
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_a_due_date_that_is_changed_or_taken_away_counts_from_the_next_run_on(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # where nbgrader finds alembic
    url, made = f"sqlite:///{tmp_path}/gradebook.db", []
    monkeypatch.setattr(run.release, "coursedir", lambda: (SimpleNamespace(db_url=url, course_id="dl"), None))
    monkeypatch.setattr(run.release, "generate", lambda lesson, database: made.append((lesson, database)))
    for due in (datetime(2026, 12, 4, 12, tzinfo=timezone.utc), datetime(2026, 12, 5, 12, tzinfo=timezone(timedelta(hours=9))), None):
        monkeypatch.setattr(run.release, "settings", lambda lesson, due=due: {LESSON: {"due": due} if due else {}}[lesson])
        assert run.prepare(LESSON) == url
        with Gradebook(url, "dl") as gradebook:
            kept = gradebook.find_assignment(LESSON).duedate
            assert [course.id for course in gradebook.db.query(Course)] == ["dl"]
        assert kept == (due and due.astimezone(timezone.utc).replace(tzinfo=None))
    assert made == [(LESSON, url)] * 3


# ---------------------------------------------------------------- many submissions

class Pool:
    """In the place of a pool of processes: whoever is in `kills` takes it down, and then it takes nothing any more."""
    kills, made = set(), []

    def __init__(self, jobs, judge=True):
        self.jobs, self.judge, self.broken, self.tasks = jobs, judge, False, []
        self.made.append(self)

    def submit(self, function, lesson, student, *task):
        if self.broken:
            raise BrokenProcessPool("broken")
        assert function is run.grade_one and lesson == LESSON
        self.tasks.append((student, *task))
        self.broken, future = student in self.kills, Future()
        if self.broken:
            future.set_exception(BrokenProcessPool("broken"))
        else:
            future.set_result(Graded(student))
        return future


@pytest.fixture
def pools(monkeypatch):
    monkeypatch.setattr(Pool, "made", [])
    monkeypatch.setattr(run, "_workers", lambda jobs, judge=True: contextlib.nullcontext(Pool(jobs, judge)))
    return Pool


class Crew(contextlib.nullcontext):
    """In the place of Dask's workers, who find a verdict of each at once. `asked`: what they were asked for."""
    asked = []

    def __init__(self, *where):
        super().__init__(self)
        self.asked.append(where)

    def verdicts(self, packets, most):
        self.asked.append((list(packets), most))
        for student, packet in packets.items():
            yield student, packet()


@pytest.fixture
def crew(monkeypatch):
    monkeypatch.setattr(Crew, "asked", [])
    monkeypatch.setitem(sys.modules, "exercises.grading.cluster", SimpleNamespace(Crew=Crew))
    monkeypatch.setattr(run.release, "coursedir", lambda **options: (SimpleNamespace(db_url="sqlite://"), "settings"))
    monkeypatch.setattr(run, "RunAndJudge", lambda config, sandbox: SimpleNamespace(needs=lambda lesson, url: (config, sandbox, lesson, url)))
    monkeypatch.setattr(run, "submission", lambda lesson, student, needs: f"{lesson}, {student}: {', '.join(needs)}")
    return Crew


@pytest.mark.parametrize("cluster, raised, says", [(None, run.Stop, r"needs more packages \(.*cluster.*\): make .venv/cluster installs them\.$"),
                                                   (SimpleNamespace(Crew=lambda *where: 1 / 0), ZeroDivisionError, "division")])
def test_what_grading_elsewhere_lacks_is_said_and_what_was_begun_is_ended(cluster, raised, says, pools, monkeypatch):
    monkeypatch.setitem(sys.modules, "exercises.grading.cluster", cluster)
    ended, begin = [], run._Here.__enter__

    def begun(self):
        begin(self)
        self.ends.callback(ended.append, "the pool")

    monkeypatch.setattr(run._Here, "__enter__", begun)
    with pytest.raises(raised, match=says), run._Elsewhere("local:2", LESSON, "none"):
        raise AssertionError("it began all the same")
    assert ended == ["the pool"]


def test_one_that_takes_its_process_down_takes_no_other_with_it(pools, monkeypatch):
    monkeypatch.setattr(Pool, "kills", {"eve", "mallory"})
    with run._Here(3, LESSON, "none") as here:
        graded = {done.student: done.problem for done in here.grade({name: [name] for name in ("ada", "eve", "bob", "mallory", "carl")})}
    ended = "its process ended, perhaps for lack of memory"
    assert graded == {"ada": "", "eve": ended, "bob": "", "mallory": ended, "carl": ""}
    assert [(pool.jobs, [task[0] for task in pool.tasks]) for pool in pools.made] == [
        (3, ["ada", "eve"]), (1, ["bob"]), (1, ["mallory"]), (1, ["carl"]), (1, ["eve"])]
    assert all(task == (task[0], "none", [task[0]]) for pool in pools.made for task in pool.tasks) and all(pool.judge for pool in pools.made)


def test_whoever_is_graded_once_more_is_alone_here_and_on_other_machines(pools, crew):
    with run._Here(3, LESSON, "none") as here:
        assert sorted(done.student for done in here.grade_alone({"ada": [], "bob": []})) == ["ada", "bob"]
    assert [(pool.jobs, pool.tasks) for pool in pools.made] == [(3, []), (1, [("ada", "none", []), ("bob", "none", [])])]
    with run._Elsewhere("local:2", LESSON, "none") as there:
        assert sorted(done.student for done in there.grade_alone({"ada": ["explain"], "bob": []})) == ["ada", "bob"]
        assert sorted(done.student for done in there.grade({"ada": [], "bob": []})) == ["ada", "bob"]
    assert crew.asked[:2] == [("local:2", "none"), (["ada", "bob"], 1)] and crew.asked[2][1] > 100_000
    of = f"settings, none, {LESSON}, sqlite://"
    assert there.pool.tasks[:2] == [("ada", "none", ["explain"], f"{LESSON}, ada: {of}"), ("bob", "none", [], f"{LESSON}, bob: {of}")]


def test_what_writes_the_verdicts_of_other_machines_may_end_too_and_judges_nothing(pools, crew, monkeypatch):
    monkeypatch.setattr(Pool, "kills", {"eve"})
    with run._Elsewhere("local:2", LESSON, "none") as there:
        graded = {done.student: done.problem for done in there.grade({"ada": [], "eve": [], "bob": []})}
    assert graded == {"ada": "", "bob": "", "eve": "its process ended, perhaps for lack of memory"}
    assert [pool.jobs for pool in pools.made] == [1, 1, 1] and [pool.judge for pool in pools.made] == [False] * 3


def test_what_is_written_is_told_at_once_and_few_verdicts_wait_to_be_written(crew, monkeypatch):
    """They are taken on while one is written; where too many wait, the eldest is waited for."""
    told, students = [], dict.fromkeys("abcde", [])
    monkeypatch.setattr(run, "WAITING", 2)

    def submission(lesson, student, needs):
        told.append(f"verdict of {student}")
        return student

    class Slow:
        def submit(self, function, lesson, student, *task):
            future = Future()
            future.student = student
            if student == "b":
                future.set_result(Graded(student))
            return future

    def as_completed(futures):
        for future in futures:
            if not future.done():
                told.append(f"waited for {future.student}")
                future.set_result(Graded(future.student))
            yield future

    monkeypatch.setattr(run, "submission", submission)
    monkeypatch.setattr(run.concurrent.futures, "as_completed", as_completed)
    there = run._Elsewhere("local:2", LESSON, "none")
    there.crew, there.pool = Crew(), Slow()
    for done in there.grade(students):
        told.append(f"{done.student} is written")
    assert told == ["verdict of a", "verdict of b", "b is written", "verdict of c", "verdict of d", "waited for a", "a is written", "verdict of e", "waited for c",
                    "c is written", "waited for d", "d is written", "waited for e", "e is written"]


def test_ctrl_c_does_not_reach_a_process_that_starts_and_reaches_the_run_again_after_that():
    seen = []

    class Starts:
        def submit(self, *task):
            seen.append(signal.getsignal(signal.SIGINT))
            if not task:
                raise BrokenProcessPool("broken")
            return task

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert run._submit(Starts(), len, "abc") == (len, "abc") and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with pytest.raises(BrokenProcessPool):
            run._submit(Starts())
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler and seen == [signal.SIG_IGN] * 2
    finally:
        signal.signal(signal.SIGINT, before)
