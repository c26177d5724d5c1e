"""The exercises: right answers pass, stubs are 'not attempted', wrong answers fail their task and only theirs."""
import ast
import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

import utils  # noqa: F401  before torch
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SOURCES = {path.parent.name: path for path in sorted((ROOT / "exercises" / "source").glob("*/*.ipynb"))}
WRONG = {path.stem: re.findall(r"^# %% (\w+): (.*)\n((?:(?!# %%).*\n)*)", path.read_text(encoding="utf-8"), re.M)
         for path in sorted((ROOT / "tests" / "wrong_answers").glob("*.py"))}
RELEASES = {lesson: ROOT / "exercises" / "release" / lesson / f"{lesson}-exercises.ipynb" for lesson in SOURCES}


@pytest.fixture(params=SOURCES)
def lesson(request):
    return request.param


def cells(path):
    return nbformat.read(path, as_version=4).cells


def kind(cell):
    """setup, answer, check, written or None."""
    meta = cell.metadata.get("nbgrader")
    if meta is None:
        return None
    if meta["solution"]:
        return "written" if meta["grade"] else "answer"
    return "check" if meta["grade"] else "setup"


@pytest.fixture(scope="module")
def solved():
    """lesson -> (the namespace in which all right answers are defined, {task: its check's code})."""
    cache = {}

    def solve(lesson):
        if lesson not in cache:
            names, checks = {"__name__": "exercise"}, {}
            for cell in cells(SOURCES[lesson]):
                if kind(cell) == "check":
                    checks[cell.metadata.nbgrader.grade_id.removesuffix("-check")] = cell.source
                elif cell.cell_type == "code":
                    exec(compile(cell.source, cell.id, "exec"), names)
            cache[lesson] = names, checks
        return cache[lesson]

    return solve


def outcome(check, names):
    """'right', or the error that the check raises."""
    from exercises.checks import Wrong
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(check, dict(names))
        except Wrong as error:
            return error
    return "right"


@pytest.mark.parametrize("lesson, task, slip, code", [
    pytest.param(lesson, task, slip, code, id=f"{lesson[:2]}-{task}-{slip}".replace(" ", "_"))
    for lesson in WRONG for task, slip, code in WRONG[lesson]])
def test_a_wrong_answer_fails_its_task_and_only_its_task(solved, lesson, task, slip, code):
    names, checks = solved(lesson)
    changed = dict(names)
    exec(compile(code, f"<{task}>", "exec"), changed)
    failed = {name: error for name, check in checks.items() if (error := outcome(check, changed)) != "right"}
    assert list(failed) == [task], failed
    assert type(failed[task]).__name__ == "Wrong" and len(str(failed[task])) > 20


@pytest.mark.parametrize("lesson", SOURCES)
def test_each_task_has_two_wrong_answers_or_more(solved, lesson):
    _, checks = solved(lesson)
    assert {task for task, _, _ in WRONG[lesson]} == set(checks)
    for task in checks:
        assert sum(task == other for other, _, _ in WRONG[lesson]) >= 2, task


# ---------------------------------------------------------------- what every lesson's exercises have

def test_every_lesson_has_exercises():
    assert list(SOURCES) == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")) == list(WRONG)


def test_it_has_five_tasks_with_hints_and_one_written_answer(lesson):
    all_cells = cells(SOURCES[lesson])
    kinds = [kind(cell) for cell in all_cells]
    assert kinds.count("check") >= 5 and kinds.count("written") == 1 and kinds.count("setup") == 1
    for i, cell in enumerate(all_cells):
        if kind(cell) != "check":
            continue
        task, stub = cell.id.removesuffix("-check"), all_cells[i - 1]
        assert stub.id == stub.metadata.nbgrader.grade_id == task and kind(stub) == "answer"
        start = next(j for j, other in enumerate(all_cells) if other.id == f"{task}-text")
        question = "\n".join(other.source for other in all_cells[start:i] if other.cell_type == "markdown")
        assert question.count("<details><summary>") == 2 and "First hint" in question and "Second hint" in question
        assert cell.source.splitlines()[0] == f"check.{task}({task})"
        assert "### BEGIN HIDDEN TESTS" in cell.source and cell.metadata.nbgrader.points > 0
        definition = next(node for node in ast.parse(stub.source).body if getattr(node, "name", "") == task)
        text = ast.get_docstring(definition) or ""
        assert "Example" in text and re.search(r"\(|\d", text), f"{task}: give shapes and an example"


def test_it_leads_to_its_lesson_and_its_first_cell_is_released_as_it_is(lesson):
    source, release = ({cell.id: cell.source for cell in cells(path)} for path in (SOURCES[lesson], RELEASES[lesson]))
    assert source["setup"] == release["setup"]  # test_launch.py says what it must be
    assert f"(../../../notebooks/{lesson}.ipynb)" in source["title-text"]


def test_lines_fit_a_laptop_and_files_are_as_git_likes_them(lesson):
    for path in (SOURCES[lesson], RELEASES[lesson]):
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
        assert not re.search(r"/home/|/root/|/Users/|[A-Z]:\\\\", text)
        for cell in cells(path):
            if cell.cell_type == "code" and cell.id != "setup":
                assert max(map(len, cell.source.splitlines())) <= 100, cell.id


def test_the_table_in_the_readme_is_true():
    text = (ROOT / "exercises" / "README.md").read_text(encoding="utf-8")
    rows = {match[0]: (int(match[1]), int(match[2])) for match in
            re.findall(r"^\| \[.*\]\(release/([\w-]+)/[\w-]+\.ipynb\) \| (\d+) \| (\d+) \|$", text, re.M)}
    assert rows == {lesson: (sum(kind(cell) == "check" for cell in cells(path)), len(WRONG[lesson]))
                    for lesson, path in SOURCES.items()}
    assert f"{sum(tasks for tasks, _ in rows.values())} tasks in code" in text
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("https://") or (ROOT / "exercises" / link).exists(), link


# ---------------------------------------------------------------- the released versions

def test_a_release_holds_no_answer_and_no_hidden_test(lesson):
    text = RELEASES[lesson].read_text(encoding="utf-8")
    assert "SOLUTION" not in text and "HIDDEN" not in text
    hidden = 0
    for cell in cells(SOURCES[lesson]):
        for region in re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", cell.source, re.S):
            hidden += 1
            assert region.strip() not in "\n".join(other.source for other in cells(RELEASES[lesson]))
    assert hidden >= 10
    written = next(cell for cell in cells(RELEASES[lesson]) if kind(cell) == "written")
    assert written.source == "*Write your answer here.*"


def test_releases_are_in_step_with_their_sources(lesson):
    from exercises.grading import release
    assert RELEASES[lesson].read_text(encoding="utf-8") == release.text(release.generate(lesson)), "run `make release`"


def test_the_list_of_generated_files_is_true():
    from exercises.grading import release
    sums = json.loads((ROOT / "exercises" / "release" / release.MANIFEST).read_text(encoding="utf-8"))
    assert sums == {path.relative_to(ROOT / "exercises" / "release").as_posix(): release._sum(path.read_bytes())
                    for path in RELEASES.values()}


def test_in_an_unsolved_release_every_visible_check_says_not_attempted(lesson):
    names, checked = {"__name__": "exercise"}, 0
    for cell in cells(RELEASES[lesson]):
        if kind(cell) == "check":
            error = outcome(cell.source, names)
            assert type(error).__name__ == "NotAttempted" and "not attempted yet" in str(error)
            checked += 1
        elif cell.cell_type == "code":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.source, cell.id, "exec"), names)
    assert checked >= 5


def test_generating_never_overwrites_what_a_learner_has_changed(tmp_path):
    from exercises.grading import release
    assert release.write(tmp_path, {"a/one.ipynb": "1\n", "a/two.ipynb": "2\n"}) == ["a/one.ipynb written.", "a/two.ipynb written."]
    (tmp_path / "a" / "one.ipynb").write_text("my answers\n")
    said = release.write(tmp_path, {"a/one.ipynb": "new 1\n", "a/two.ipynb": "new 2\n"})
    assert said == ["a/one.ipynb was changed by hand and is kept; the new version is one.new.ipynb, beside it.",
                    "a/two.ipynb written."]
    assert (tmp_path / "a" / "one.ipynb").read_text() == "my answers\n"
    assert (tmp_path / "a" / "one.new.ipynb").read_text() == "new 1\n"
    assert (tmp_path / "a" / "two.ipynb").read_text() == "new 2\n"
    (tmp_path / release.MANIFEST).unlink()  # whose the files are is then unknown: none is touched
    assert "was changed by hand" in release.write(tmp_path, {"a/two.ipynb": "newer 2\n"})[0]
    assert (tmp_path / "a" / "two.ipynb").read_text() == "new 2\n"


def test_an_instructor_can_pick_tasks_and_set_points():
    from exercises.grading import release
    nb = nbformat.read(SOURCES["04-softmax-from-scratch"], as_version=4)
    chosen = release.select(nb, "04", {"tasks": ["accuracy", "explain"], "points": {"accuracy": 5}})
    assert [cell.id for cell in chosen.cells] == ["title-text", "setup", "accuracy-text", "accuracy", "accuracy-check",
                                                  "explain-text", "explain", "go-on-text"]
    assert chosen.cells[4].metadata.nbgrader.points == 5
    with pytest.raises(ValueError, match="there is no task acuracy"):
        release.select(nb, "04", {"tasks": ["acuracy"]})


# ---------------------------------------------------------------- the toolkit

class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no")


class Leaves(Exception):
    def __str__(self):
        sys.exit(1)


class Hostile(list):
    def __iter__(self):
        raise RuntimeError("not to be walked through")


def loop():
    endless = []
    endless.append(endless)
    return endless


def deep():
    nest = []
    for _ in range(100_000):
        nest = [nest]
    return nest


class Own(BaseException):
    pass


ODD = {  # what an answer returns or raises: what is said of it
    "complex tensor": (lambda: torch.ones(3, 5) + 1j, r"stable_softmax\(O\) holds complex numbers, and real ones were expected"),
    "complex without imaginary part": (lambda: torch.ones(3, 5) + 0j, "holds complex numbers"),
    "conjugated": (lambda: (torch.ones(3, 5) + 1j).conj(), "holds complex numbers"),
    "negative bit": (lambda: (torch.ones(3, 5) + 1j).conj().imag, r"is -1, and should be 0\.\d+"),
    "complex": (lambda: 1j, "returned a complex number"),
    "bfloat16": (lambda: torch.ones(3, 5, dtype=torch.bfloat16), r"is 1, and should be 0\.\d+"),
    "float8": (lambda: torch.ones(3).to(torch.float8_e5m2), "returned a Tensor that can't be read .*Float8_e5m2"),
    "sparse": (lambda: torch.eye(3).to_sparse(), "returned a sparse tensor, not an ordinary one"),
    "csr": (lambda: torch.eye(3).to_sparse_csr(), "returned a sparse tensor"),
    "meta": (lambda: torch.ones(3, device="meta"), r"returned a tensor without values \(device meta\)"),
    "quantized": (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8), "returned a quantized tensor"),
    "expanded": (lambda: torch.ones(1).expand(10**12), "which is far too large"),
    "object array": (lambda: np.array([1, "a"], dtype=object), "returned a NumPy array of object instead of numbers"),
    "text array": (lambda: np.array(["a"]), "returned a NumPy array of str instead of numbers"),
    "masked array": (lambda: np.ma.array([1.0], mask=[1]), "returned a masked array"),
    "long double": (lambda: np.ones(2, dtype=np.longdouble), "returned an? ndarray that can't be read"),
    "enormous": (lambda: 10**5000, "returned a whole number of some 5001 digits"),
    "below": (lambda: -(10**30), "returned a whole number of some 31 digits"),
    "loop": (loop, "returned a list nested more than 20 deep, or one that contains itself"),
    "deep": (deep, "returned a list nested more than 20 deep"),
    "many": (lambda: list(range(100_000)), "returned more than 20,000 values in lists"),
    "long text": (lambda: "x" * 3_000_000, "returned a text of 3,000,000 letters"),
    "hostile list": (lambda: Hostile([1]), "returned a Hostile that can't be read .*not to be walked through"),
    "generator": (lambda: (i for i in "ab"), "returned a generator"),
    "bytes": (lambda: b"x", "returned a bytes"),
    "class": (lambda: int, "returned a type"),
    "half a sign": (lambda: "a\ud83d", "is 'a.*; a tensor of shape"),
    "nan": (lambda: torch.full((3, 5), torch.nan), "holds nan"),
    "PyTorch's own": (lambda: raises(NotImplementedError("Could not run 'aten::x'")), "raised NotImplementedError: Could not run 'aten::x'"),
    "no forward": (lambda: torch.nn.Module()(1), "raised NotImplementedError: Module"),
    "stub": (lambda: raises(NotImplementedError()), "not attempted yet"),
    "unprintable": (lambda: raises(Unprintable()), r"raised Unprintable: \(its text can't be had: ValueError\)"),
    "leaves when printed": (lambda: raises(Leaves()), r"raised Leaves: \(its text can't be had: SystemExit\)"),
    "long error": (lambda: raises(ValueError("x" * 10**6)), "raised ValueError: x{400,600}…"),
    "exit": (lambda: sys.exit(3), "raised SystemExit: 3"),
    "its own": (lambda: raises(Own("y")), "raised Own: y"),
    "memory": (lambda: raises(MemoryError()), "raised MemoryError"),
}


def raises(error):
    raise error


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", ODD)
def test_a_true_sentence_is_said_of_every_answer(what):
    """In a notebook; the grader asks the same `serve` and compares in the same `compare`."""
    from exercises.checks import NotAttempted, Remote, Wrong, serve, softmax
    make, words = ODD[what]

    def stable_softmax(O):
        return make()

    said = []
    for answer in (stable_softmax, Remote("stable_softmax", lambda request: serve(stable_softmax, request))):
        with pytest.raises(Wrong, match=words) as caught:
            softmax.stable_softmax(answer)
        assert len(str(caught.value)) < 1500 and (caught.type is NotAttempted) == (what == "stub")
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_whoever_stops_a_check_stops_it():
    from exercises.checks import softmax
    with pytest.raises(KeyboardInterrupt):
        softmax.stable_softmax(lambda O: raises(KeyboardInterrupt()))


@pytest.mark.parametrize("value", [1.5, -3, True, None, "text", [1, (2.0, None)], {"a": [1]}, float("inf"), 2**63, [], ()])
def test_what_crosses_comes_back_as_it_was(value):
    from exercises.checks import decode, encode
    assert decode(json.loads(json.dumps(encode(value)))) == value and type(decode(encode(value))) is type(value)


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool, torch.complex64])
def test_tensors_of_every_kind_come_back_as_they_were(kind):
    from exercises.checks import decode, encode
    for X in (torch.arange(6).reshape(2, 3).to(kind), torch.ones((), dtype=kind), torch.ones(0, 3, dtype=kind), torch.ones(3, 2, dtype=kind).T):
        back = decode(json.loads(json.dumps(encode(X))))
        assert back.dtype == kind and back.shape == X.shape and torch.equal(back, X)


def test_the_first_check_loads_no_compiler():
    """PyTorch's compiler takes a second to import, and nothing of it is used."""
    code = ("import sys; from exercises.checks import softmax\n"
            "def stable_softmax(O):\n    e = (O - O.max(1, keepdim=True).values).exp()\n    return e / e.sum(1, keepdim=True)\n"
            "softmax.stable_softmax(stable_softmax); print('torch._dynamo' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "stable_softmax: right.\nFalse\n"



def test_the_worked_answer_comes_from_the_source_and_only_when_asked_for(capsys, monkeypatch, tmp_path):
    from exercises import checks
    checks.answer("stable_softmax")
    shown = capsys.readouterr().out
    assert "def stable_softmax(O):" in shown and "keepdim=True" in shown and "###" not in shown
    with pytest.raises(ValueError, match="no task called 'softmaxx'"):
        checks.answer("softmaxx")
    monkeypatch.setattr(checks, "SOURCE", tmp_path)
    checks.answer("stable_softmax")
    assert "not part of this copy" in capsys.readouterr().out


def test_checks_say_what_they_saw():
    import torch
    from exercises import checks
    from exercises.checks import NotAttempted, Wrong, softmax as check

    def said(answer):
        with pytest.raises(Wrong) as caught:
            check.stable_softmax(answer)
        lines = caught.value._render_traceback_()
        assert " ".join(lines).split() == str(caught.value).split() and max(map(len, lines)) <= 90
        return caught.value

    def stub(O):
        raise NotImplementedError()

    def fails(O):
        return O @ O

    assert type(said(stub)) is NotAttempted
    assert "in the line: return O @ O" in str(said(fails)) and "shapes were (3, 5)" in str(said(fails))
    assert "is there a `return`?" in str(said(lambda O: None))
    assert "its columns sum to 1" in str(said(lambda O: torch.exp(O) / torch.exp(O).sum(0)))
    assert "has shape (3,); (3, 5) was expected" in str(said(lambda O: O.sum(1)))
    assert "returned a function" in str(said(lambda O: said))
    assert "in place" in str(said(lambda O: O.sub_(O.max(1, keepdim=True).values).exp() / O.exp().sum(1, keepdim=True)))
    assert "PyTorch's own softmax" in str(said(lambda O: torch.softmax(O, 1)))
    assert "is a Tensor, not a function" in str(said(torch.zeros(3)))
    assert checks.decode(json.loads(json.dumps(checks.encode([1, (2.5, None), {"a": "b"}, True])))) == [
        1, (2.5, None), {"a": "b"}, True]
