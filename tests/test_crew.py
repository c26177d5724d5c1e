"""Which submission Dask's workers are given when, with workers that only say what came of it. (Workers themselves: test_cluster.py.)"""
import contextlib
import importlib.metadata
import itertools
import json
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

if sys.platform != "linux":
    pytest.skip("grading needs Linux", allow_module_level=True)
pytest.importorskip("nbgrader")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exercises.grading import __main__ as program  # noqa: E402
from exercises.grading import cluster, plug, sandbox  # noqa: E402
from exercises.grading.run import Stop  # noqa: E402


class Future(SimpleNamespace):
    rounds = 0  # that it takes

    @property
    def status(self):
        self.rounds -= 1
        return "finished" if self.rounds < 0 else "pending"

    def cancelled(self):
        return False

    __hash__ = object.__hash__


@pytest.fixture
def crew(monkeypatch):
    """crew(says, workers, most): what each student was told, where says(student, how often asked, who is asked beside) is what came of it."""
    clock = itertools.count()
    monkeypatch.setattr(cluster, "wait", lambda *_, **__: None)
    monkeypatch.setattr(cluster.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(cluster.time, "monotonic", lambda: float(next(clock)))

    def call(says, students, workers=2, most=10**6, slow=()):
        made = object.__new__(cluster.Crew)
        made.where, made.fit, made.refused, made.needed = "tls://host:1", set(), {}, {}
        call.asked, call.beside, running, times = [], [], [], {}

        def submit(packet, number):
            student = packet.decode()
            times[student] = times.get(student, 0) + 1
            running.append(student)
            call.asked.append((student, number))
            call.beside.append(tuple(sorted(running)))
            return Future(student=student, times=times[student], rounds=dict(slow).get(student, 0))

        def told(future):
            if future.student not in running:
                raise AssertionError("asked twice")
            running.remove(future.student)
            return says(future.student, future.times)

        made._there, made._usable, made._fault = lambda: None, lambda: list(range(workers)), lambda worker, found: None
        made._submit, made._told = submit, told
        return dict(made.verdicts({name: name.encode().strip for name in students}, most))

    return call


def good(student, times=1):
    return {"said": f"of {student}", "worker": "w"}


def test_each_is_given_once_and_no_more_at_a_time_than_there_are_workers_or_are_asked_for(crew):
    assert crew(good, "abcde") == {name: f"of {name}" for name in "abcde"}
    assert [student for student, _ in crew.asked] == list("abcde") and [number for _, number in crew.asked] == list(range(5))
    assert max(map(len, crew.beside)) == 2
    crew(good, "abcde", workers=4, most=1)
    assert max(map(len, crew.beside)) == 1


def test_the_last_try_of_what_takes_its_worker_with_it_is_when_all_others_are_done(crew):
    def says(student, times):
        return {"error": "its worker ended", "ended": True} if student == "b" else good(student)

    found = crew(says, "abcdef")
    assert json.loads(found.pop("b")) == {"error": "its worker ended", "ended": True} and found == {name: f"of {name}" for name in "acdef"}
    assert [student for student, _ in crew.asked].count("b") == cluster.TRIES == 3 and crew.asked[-1][0] == "b" and crew.beside[-1] == ("b",)
    assert {number for student, number in crew.asked if student == "b"} == {1}


def test_its_last_try_waits_for_one_that_takes_long_too(crew):
    def says(student, times):
        return {"error": "its worker ended", "ended": True} if student == "b" else good(student)

    found = crew(says, "abc", workers=3, slow={"c": 40})
    assert found["c"] == "of c" and crew.asked[-1][0] == "b" and crew.beside[-1] == ("b",)


def test_one_that_only_waited_behind_another_is_graded_when_it_is_alone(crew):
    def says(student, times):
        if student == "b" or student == "c" and times < 3:
            return {"error": "its worker ended", "ended": True}
        return good(student)

    found = crew(says, "abcd", workers=3)
    assert found["c"] == "of c" and "ended" in found["b"]
    assert [beside for (student, _), beside in zip(crew.asked, crew.beside) if student in "bc"][-2:] in ([("b",), ("c",)], [("c",), ("b",)])


def test_an_error_that_is_no_end_is_told_at_once(crew):
    found = crew(lambda student, times: {"error": "OSError: full"} if student == "a" else good(student), "ab")
    assert json.loads(found["a"]) == {"error": "OSError: full"} and len(crew.asked) == 2


def test_where_nobody_is_left_it_stops_after_a_while(crew):
    with pytest.raises(Stop, match="^No worker is left that may grade, and none came in "):
        crew(good, "ab", workers=0)


@pytest.mark.parametrize("mine, its, same", [("2.4.0", "2.4.0+cpu", True), ("2.4.0+cu121", "2.4.0+cpu", True), ("2.4.0", "2.4.1", False), ("2.4.0", "2.4.0rc1", False),
                                             ("2.4.0", "2.4.0.post1", False), ("2.4.0", "2.4.0.dev3", False), ("2.4", None, False)])
def test_only_what_a_build_is_for_makes_no_other_version(monkeypatch, mine, its, same):
    found = []
    for version in (mine, its):
        def asked(package, version=version):
            if version is None:
                raise importlib.metadata.PackageNotFoundError(package)
            return version
        monkeypatch.setattr(cluster.importlib.metadata, "version", asked)
        found.append({"course": {}, "with": {"torch": cluster._version("torch")}})
    said = cluster.differences(*found)
    assert said == ([] if same else [f"it has torch {its or '(none)'}, and this machine {mine}"])


@pytest.mark.parametrize("its, said", [
    ({"utils.py": "1", "checks/a.py": "2"}, []), ({"utils.py": "1"}, ["checks/a.py"]), ({"utils.py": "9", "checks/a.py": "2"}, ["utils.py"]),
    ({"utils.py": "1", "checks/a.py": "2", "more.py": "3"}, ["more.py"]), ({}, ["checks/a.py and more"])])
def test_a_file_that_is_another_missing_or_more_makes_another_version_of_the_course(its, said):
    found = cluster.differences({"course": {"utils.py": "1", "checks/a.py": "2"}, "with": {}}, {"course": its, "with": {}})
    assert [each.rpartition(": ")[2] for each in found] == said


def test_a_verdict_is_waited_for_as_long_as_its_limits_allow_twice():
    assert cluster._longest(json.dumps({"limits": {"total_seconds": 300}}).encode()) == 600 + cluster.ANSWERS


# ---------------------------------------------------------------- how a submission and a run are started

def test_what_the_configuration_says_of_limits_goes_with_a_submission(monkeypatch):
    cells = [SimpleNamespace(name="setup", source="import torch", locked=True), SimpleNamespace(name="accuracy", source="raise", locked=False)]
    gradebook = SimpleNamespace(find_notebook=lambda name, lesson: SimpleNamespace(source_cells=cells))
    monkeypatch.setattr(plug, "Gradebook", lambda url: contextlib.nullcontext(gradebook))
    stub = nbformat.v4.new_code_cell("raise NotImplementedError()", metadata={"nbgrader": {"solution": True}})
    stub.id = "accuracy"
    monkeypatch.setattr(plug, "template", lambda lesson: nbformat.v4.new_notebook(cells=[stub, nbformat.v4.new_markdown_cell("words")]))
    step = plug.RunAndJudge(sandbox="none", cell_seconds=7.0, total_seconds=70.0)
    trusted, kind, limits, stubs = step.needs("04-softmax-from-scratch", "sqlite://")
    assert trusted == {"setup": "import torch"} and kind == "none" and stubs == {"accuracy": "raise NotImplementedError()"}
    assert (limits.cell_seconds, limits.total_seconds) == (7.0, 70.0) and limits.memory == sandbox.Limits.memory
    assert plug.RunAndJudge().needs("x", "sqlite://")[2] == sandbox.Limits() and plug.RunAndJudge().sandbox == "bubblewrap"


def test_students_have_the_same_environment_without_a_sandbox_whatever_the_graders_is(monkeypatch, tmp_path):
    for name in sandbox.FOR_STUDENTS:
        monkeypatch.setenv(name, "the grader's own")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("SOMETHING", "kept")
    monkeypatch.setattr(sandbox.subprocess, "Popen", lambda command, **options: options)
    options = sandbox.launch_unconfined(sandbox.Limits(), 5, tmp_path)
    assert options["cwd"] == tmp_path and options["pass_fds"] == [5] and options["start_new_session"] is True
    assert {name: options["env"][name] for name in sandbox.FOR_STUDENTS} == sandbox.FOR_STUDENTS != {}
    assert options["env"]["PYTHONPATH"] == str(sandbox.COURSE) and options["env"]["SOMETHING"] == "kept"


def test_ctrl_c_is_the_runs_own_again_once_it_has_begun(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "argv", ["make grade", "04-softmax-from-scratch", "a folder", "--jobs", "3", "--workers", "local:2", "--sandbox", "none", "--force"])
    monkeypatch.setattr("exercises.grading.run.run", lambda *given: seen.append((given, signal.getsignal(signal.SIGINT))))
    before = signal.getsignal(signal.SIGINT)
    program.main()
    (lesson, where, *rest), during = seen[0]
    assert (lesson, where, rest) == ("04-softmax-from-scratch", Path("a folder"), [3, "none", True, "local:2"]) and during is before is signal.getsignal(signal.SIGINT)
