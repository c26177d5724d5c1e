"""The exercises: right answers pass, stubs are 'not attempted', wrong answers fail, and every message is true."""
import ast
import contextlib
import difflib
import doctest
import functools
import importlib
import inspect
import io
import json
import linecache
import re
import subprocess
import sys
import warnings
from pathlib import Path

import nbformat
import numpy as np
import pytest

import utils  # noqa: F401  before torch
import torch
from said import cases as cases_of, kept, kept_cases, plain

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from exercises import checks  # noqa: E402  before a notebook's first cell, which may find another copy of the course above this one
SOURCES = {path.parent.name: path for path in sorted((ROOT / "exercises" / "source").glob("*/*.ipynb"))}


def answers(kind):
    """lesson -> [(task, what it does, its code)], for kind "right" or "wrong"."""
    return {path.stem: re.findall(r"^# %% (\w+): (.*)\n((?:(?!# %%).*\n?)*)", path.read_text(encoding="utf-8"), re.M)
            for path in sorted((ROOT / "tests" / f"{kind}_answers").glob("*.py"))}


RIGHT, WRONG = answers("right"), answers("wrong")
TASKS = [(lesson, task) for lesson in RIGHT for task in dict.fromkeys(task for task, _, _ in RIGHT[lesson])]
LONG = {"01-moving_mean", "02-minibatch_sgd", "03-train", "05-read_products", "05-three_ways", "05-train_products", "06-epoch_loss", "06-MLP",
        "07-SignalNet", "07-corr2d", "07-resume", "08-accuracy_of_all", "08-share", "08-train_step", "08-whole_gradient"}
EACH_TASK = pytest.mark.parametrize("lesson, task", [pytest.param(
    lesson, task, id=name, marks=[pytest.mark.long("a second and more: trains, works with several processes, or has many answers and cases")] if name in LONG else [])
    for lesson, task in TASKS for name in [f"{lesson[:2]}-{task}"]])
CHECKS = {lesson: importlib.import_module("exercises.checks." + re.search(r"import answer, progress, (\w+) as check", path.read_text(encoding="utf-8"))[1])
          for lesson, path in SOURCES.items()}
DRAWN = [(lesson, task) for lesson, task in TASKS if "seed" in inspect.signature(getattr(CHECKS[lesson], task)).parameters]
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


@functools.cache
def with_all_answers(lesson):
    """(the namespace in which all right answers of a lesson are defined, {task: its check's code})"""
    names, checks = {"__name__": "exercise"}, {}
    for cell in cells(SOURCES[lesson]):
        if kind(cell) == "check":
            checks[cell.metadata.nbgrader.grade_id.removesuffix("-check")] = cell.source
        elif cell.cell_type == "code":
            exec(compile(cell.source, cell.id, "exec"), names)
    return names, checks


@pytest.fixture
def solved():
    return with_all_answers


def outcome(check, names):
    """'right', or the error that the check raises."""
    from exercises.checks import Wrong
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch, about what an answer does
        try:
            exec(check, dict(names))
        except Wrong as error:
            return error
    return "right"


def judged(solved, lesson, task, code, file="<answer>"):
    """The outcome of an answer's code under its task's whole check, hidden tests included."""
    names, checks = solved(lesson)
    changed = dict(names)
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, file, "exec"), changed)
    return outcome(checks[task], changed)


@EACH_TASK
def test_right_answers_of_all_styles_pass(solved, lesson, task):
    refused = {what: str(error) for other, what, code in RIGHT[lesson]
               if other == task and (error := judged(solved, lesson, task, code)) != "right"}
    names, checks = solved(lesson)
    assert outcome(checks[task], names) == "right", "the worked answer"
    assert not refused, refused


@pytest.mark.long("asks each check twelve times")
@pytest.mark.parametrize("lesson, task", [pytest.param(*each, id=f"{each[0][:2]}-{each[1]}") for each in DRAWN])
def test_the_worked_answer_is_right_whatever_is_drawn(solved, lesson, task):
    """A grader's seeds are others than those that everybody has; and what a slip would give must be known of them too."""
    names, _ = solved(lesson)
    for seed in range(100, 112):
        getattr(CHECKS[lesson], task)(names[task], seed=seed)


@EACH_TASK
def test_wrong_answers_fail_with_their_sentence(solved, lesson, task):
    """The sentence that tests/said/ keeps: it names the slip, and a check that no longer sees which slip it is says another."""
    accepted, changed, sentences = [], {}, kept(lesson)
    for other, what, code in WRONG[lesson]:
        if other == task:
            error = judged(solved, lesson, task, code)
            if error == "right":
                accepted.append(what)
            else:
                said = str(error)
                assert type(error).__name__ == "Wrong" and len(said) > 20 and said.startswith((task, "the ", "X", "y")), (what, said)
                if not re.search(r"return|yield|lambda|class |^\w+ = ", code, re.M):
                    assert "is there a `return`?" in said, (what, said)
                if plain(said) != sentences[task, what]:
                    changed[what] = sentences[task, what], plain(said)
    assert not accepted
    assert not changed, "a learner reads another sentence; if it is better, renew them: python tests/said.py"


@pytest.mark.long("runs every check")
def test_each_check_tries_the_cases_that_are_kept(solved, lesson):
    """In its own words, which a learner reads in brackets: what is left out is seen here, and what is said wrongly of a case."""
    tasks = [task for other, task in TASKS if other == lesson]
    changed = list(difflib.unified_diff(kept_cases(lesson).splitlines(), cases_of(lesson, tasks, CHECKS[lesson], solved(lesson)[0]).splitlines(), lineterm="", n=0))
    assert not changed, "if that is meant, renew them: python tests/said.py"


def test_every_kept_sentence_is_of_a_wrong_answer():
    for lesson in SOURCES:
        assert kept(lesson).keys() == {(task, what) for task, what, _ in WRONG[lesson]}


def ready(path):
    """What the checks of a lesson can say: of each sentence, without the numbers and names that are put in, the longest piece."""
    def text(node):
        match node:
            case ast.Constant():
                return node.value
            case ast.JoinedStr():
                return "".join(value.value if isinstance(value, ast.Constant) else "\0" for value in node.values)
            case ast.BinOp():
                return text(node.left) + text(node.right)
        return "\0"

    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        sentences = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("demand", "Wrong"):
            sentences = [text(node.args[-1])]
        elif isinstance(node, ast.Dict):
            sentences = [part.value for part in (*node.keys, *node.values) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        for sentence in sentences:
            if sentence.endswith((".", "?", ")", "\0")) and " " in sentence:
                yield plain(max(sentence.split("\0"), key=len)).strip(" ,")


def test_each_sentence_that_a_check_has_ready_is_said_of_some_wrong_answer():
    """Or nobody knows whether it can be said at all: where one case of a check knows no slips, none is named any more."""
    count = 0
    for lesson, module in CHECKS.items():
        said = (ROOT / "tests" / "said" / f"{lesson}.txt").read_text(encoding="utf-8")
        sentences = list(ready(Path(module.__file__)))
        assert not [sentence for sentence in sentences if sentence not in said], lesson
        count += len(sentences)
    assert count > 450


@pytest.fixture
def shell(monkeypatch):
    """IPython as it runs in a notebook's kernel, in this process: a kernel for each lesson would import PyTorch seven times."""
    from IPython.core.interactiveshell import InteractiveShell
    path = list(sys.path)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    shell.kernel = None
    yield shell
    InteractiveShell.clear_instance()
    sys.path[:] = path
    checks.results.clear()


def test_the_worked_notebook_runs_and_says_what_it_has_kept(shell, lesson, monkeypatch):
    from IPython.utils.capture import capture_output
    monkeypatch.chdir(SOURCES[lesson].parent)
    checks.results.clear()
    compared = 0
    for cell in cells(SOURCES[lesson]):
        if cell.cell_type == "code":
            with capture_output() as captured:
                done = shell.run_cell(cell.source, store_history=True)
            done.raise_error()
            if "nbval-ignore-output" not in cell.metadata.get("tags", []):
                kept = "".join(f"Out[{output.execution_count}]: {output.data['text/plain']}\n" if output.output_type == "execute_result"
                               else output.text for output in cell.outputs)
                assert captured.stdout == kept and captured.stderr == "", cell.id
                compared += bool(kept)
    assert compared >= 6 and kept.endswith("All done.\n")  # each check's sentence, and `progress`


def test_what_a_check_draws_depends_on_its_seed_alone_and_leaves_the_learners_numbers():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    made = [(checks.randn(seed, 2, 3), checks.randint(seed, 10, 4, 5)) for seed in (0, 1, 0)]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(made[0], made[2])) and not any(torch.equal(a, b) for a, b in zip(made[0], made[1]))
    assert made[0][0].shape == (2, 3) and made[0][1].shape == (4, 5) and 0 <= made[0][1].min() <= made[0][1].max() < 10


def test_each_task_has_answers_of_both_kinds(solved):
    for lesson in SOURCES:
        _, checks = solved(lesson)
        for kind, least in ((RIGHT, 8), (WRONG, 15)):
            assert list(dict.fromkeys(task for task, _, _ in kind[lesson])) == list(checks)
            for task in checks:
                names = [what for other, what, _ in kind[lesson] if other == task]
                assert len(names) == len(set(names)) >= least, task


@pytest.mark.long("tries every function of the lessons under every check")
@pytest.mark.parametrize("lesson", SOURCES)
def test_a_lessons_own_cell_is_no_answer(solved, lesson):
    """Functions that the lessons up to this one define, under a task's name and signature or any other of the same arity."""
    names, checks = solved(lesson)
    again = {"bce_with_logits", "cross_entropy"}  # to be found again from the hints, or by PyTorch's own: the losses everything rests on
    found = {}
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if notebook.stem <= lesson:
            for cell in cells(notebook):
                if cell.cell_type == "code" and re.search(r"^def |^class ", cell.source, re.M):
                    for node in ast.parse("\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!")))).body:
                        if isinstance(node, ast.FunctionDef | ast.ClassDef):
                            found[node.name] = ast.unparse(node)
    everything = "import math\nfrom torch.nn import functional as F\nfrom torch import nn\n" + "\n".join(found.values())
    lesson_names = {}
    exec(compile(everything, "<lesson>", "exec"), {**names}, lesson_names)
    for task, check in checks.items():
        for name, value in lesson_names.items():
            if name in found and task not in again:
                assert outcome(check, {**names, **lesson_names, task: value}) != "right", f"{name} of the lessons passes {task}"


def test_examples_in_docstrings_are_true(solved, lesson, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one writes a file
    names, checks = solved(lesson)
    for task in checks:
        text = next(ast.get_docstring(node) for cell in cells(SOURCES[lesson]) if cell.id == task for node in ast.parse(cell.source).body
                    if getattr(node, "name", "") == task)
        example = doctest.DocTestParser().get_doctest(text, dict(names), task, None, None)
        assert example.examples, f"{task} has no example"
        said = io.StringIO()
        assert doctest.DocTestRunner().run(example, out=said.write).failed == 0, said.getvalue()


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
    rows = {match[0]: tuple(map(int, match[1:])) for match in
            re.findall(r"^\| \[.*\]\(release/([\w-]+)/[\w-]+\.ipynb\) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.M)}
    assert rows == {lesson: (sum(kind(cell) == "check" for cell in cells(path)), len(RIGHT[lesson]), len(WRONG[lesson]))
                    for lesson, path in SOURCES.items()}
    assert f"{sum(tasks for tasks, _, _ in rows.values())} tasks in code" in text
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
                                                  "explain-text", "explain", "progress", "go-on-text"]
    assert chosen.cells[4].metadata.nbgrader.points == 5 and chosen.cells[7].source == 'progress("accuracy")'
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
    "complex tensor": (lambda: torch.ones(4, 4) + 1j, r"stable_softmax\(O, T\) holds complex numbers, and real ones were expected"),
    "complex without imaginary part": (lambda: torch.ones(4, 4) + 0j, "holds complex numbers"),
    "conjugated": (lambda: (torch.ones(4, 4) + 1j).conj(), "holds complex numbers"),
    "negative bit": (lambda: (torch.ones(4, 4) + 1j).conj().imag, r"is -1, and should be 0\.\d+"),
    "complex": (lambda: 1j, "returned a complex number"),
    "bfloat16": (lambda: torch.ones(4, 4, dtype=torch.bfloat16), r"is 1, and should be 0\.\d+"),
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
    "loop": (loop, "returned lists nested more than 20 deep, or one that contains itself"),
    "deep": (deep, "returned lists nested more than 20 deep"),
    "many": (lambda: list(range(100_000)), "returned more than 20,000 values in lists"),
    "long text": (lambda: "x" * 3_000_000, "returned a text of 3,000,000 letters"),
    "hostile list": (lambda: Hostile([1]), "returned a Hostile that can't be read .*not to be walked through"),
    "generator": (lambda: (i for i in "ab"), "returned a generator"),
    "bytes": (lambda: b"x", "returned a bytes"),
    "class": (lambda: int, "returned a type"),
    "half a sign": (lambda: "a\ud83d", "is 'a.*; a tensor of shape"),
    "nan": (lambda: torch.full((4, 4), torch.nan), "holds nan"),
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

    def stable_softmax(O, T):
        return make()

    said = []
    for answer in (stable_softmax, Remote("stable_softmax", lambda request: serve(stable_softmax, request))):
        with pytest.raises(Wrong, match=words) as caught:
            softmax.stable_softmax(answer)
        assert len(str(caught.value)) < 1500 and (caught.type is NotAttempted) == (what == "stub")
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_all_steps_of_a_training_are_counted_whatever_takes_them(solved):
    code = next(code for task, what, code in WRONG["02-linear-regression"] if what == "trained in NumPy")
    assert re.search(r"^least_squares: right, but by 6,\d\d\d steps in Python", str(judged(solved, "02-linear-regression", "least_squares", code)))


def test_whoever_stops_a_check_stops_it():
    from exercises.checks import softmax
    with pytest.raises(KeyboardInterrupt):
        softmax.stable_softmax(lambda O, T: raises(KeyboardInterrupt()))


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


@pytest.mark.long("starts PyTorch anew")
def test_the_first_check_loads_no_compiler():
    """PyTorch's compiler takes a second to import, and nothing of it is used."""
    code = ("import sys; from exercises.checks import softmax\n"
            "def stable_softmax(O, T):\n    e = ((O - O.max(1, keepdim=True).values) / T).exp()\n    return e / e.sum(1, keepdim=True)\n"
            "softmax.stable_softmax(stable_softmax); print('torch._dynamo' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "stable_softmax: right.\nFalse\n"



@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_a_package_is_a_package_wherever_python_keeps_it(folder, tmp_path, monkeypatch):
    """Debian's Python has packages in dist-packages, as Colab's has."""
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "ready.py").write_text(
        "import torch\n\ndef corr2d(X, K):\n    h, w = K.shape\n    return torch.stack([torch.stack([(X[i:i + h, j:j + w] * K).sum() for j in range(X.shape[1] - w + 1)])\n"
        "                        for i in range(X.shape[0] - h + 1)])\n\n"
        "def unfinished(*_):\n    raise NotImplementedError()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / folder)
    sys.modules.pop("ready", None)
    import ready
    from exercises.checks import NotAttempted, Wrong, cnn, softmax
    with pytest.raises(Wrong, match="uses the ready-made corr2d"):
        cnn.corr2d(lambda X, K, padding, stride: ready.corr2d(torch.nn.functional.pad(X, [padding] * 4), K)[::stride, ::stride])
    with pytest.raises(Wrong, match="raised NotImplementedError") as caught:
        softmax.stable_softmax(ready.unfinished)
    assert not isinstance(caught.value, NotAttempted) and "in the line" not in str(caught.value)


def test_the_worked_answer_comes_from_the_source_and_only_when_asked_for(capsys, monkeypatch, tmp_path):
    checks.answer("stable_softmax")
    shown = capsys.readouterr().out
    assert "def stable_softmax(O, T):" in shown and "keepdim=True" in shown and "###" not in shown
    with pytest.raises(ValueError, match="no task called 'softmaxx'"):
        checks.answer("softmaxx")
    monkeypatch.setattr(checks, "SOURCE", tmp_path)
    checks.answer("stable_softmax")
    assert "not part of this copy" in capsys.readouterr().out


def test_checks_say_what_they_saw():
    import torch
    from exercises.checks import NotAttempted, Wrong, softmax as check

    def said(answer):
        with pytest.raises(Wrong) as caught:
            check.stable_softmax(answer)
        lines = caught.value._render_traceback_()
        assert " ".join(lines).split() == str(caught.value).split() and max(map(len, lines)) <= 90
        return caught.value

    def stub(O, T):
        raise NotImplementedError()

    def fails(O, T):
        return O @ O[:2]

    def slip(O, T):
        e = torch.exp(O / T)
        return e / e.sum(0)

    assert type(said(stub)) is NotAttempted
    assert "in the line: return O @ O[:2]" in str(said(fails)) and "shapes were (4, 4)" in str(said(fails))
    assert "is there a `return`?" in str(said(lambda O, T: None))
    assert "its columns sum to 1" in str(said(slip))
    assert "has shape (4,); (4, 4) was expected" in str(said(lambda O, T: O.sum(1)))
    assert "returned a function" in str(said(lambda O, T: said))
    assert "in place" in str(said(lambda O, T: O.sub_(O.max(1, keepdim=True).values).exp() / O.exp().sum(1, keepdim=True)))
    assert "ready-made softmax, which is what you are to write yourself" in str(said(lambda O, T: torch.softmax(O / T, 1)))
    assert "is a Tensor, not a function" in str(said(torch.zeros(3)))
    assert checks.decode(json.loads(json.dumps(checks.encode([1, (2.5, None), {"a": "b"}, True])))) == [
        1, (2.5, None), {"a": "b"}, True]


@pytest.mark.parametrize("answer", [
    lambda x, k: np.array(np.convolve(x.numpy()[::-1], np.ones(k) / k, "valid"))[::-1],  # a view with negative strides
    functools.partial(lambda of, x, k: x.unfold(0, k, 1).mean(of), -1),
    lambda x, k: x.unfold(0, k, 1).double().mean(1).numpy().astype(">f8"),
    lambda x, k: torch.nn.AvgPool1d(k, stride=1)(x[None])[0],
], ids=["negative strides", "partial", "other byte order", "module"])
def test_results_and_answers_of_many_kinds_are_taken(answer, capsys):
    from exercises.checks import tensors
    tensors.moving_mean(answer)
    assert capsys.readouterr().out == "moving_mean: right.\n"


def test_a_module_object_is_an_answer(capsys):
    from exercises.checks import logistic

    class Loss(torch.nn.Module):
        def forward(self, o, y):
            return torch.nn.functional.softplus(o) - o * y

    logistic.bce_with_logits(Loss())
    logistic.bce_with_logits(torch.nn.BCEWithLogitsLoss(reduction="none"))
    assert capsys.readouterr().out == "bce_with_logits: right.\n" * 2


SAID = [  # task, an answer, what is said of it
    ("04-softmax-from-scratch", "cross_entropy", "def cross_entropy(O, y):\n    return -torch.log_softmax(O, 1)[range(len(y)), y].squeeze()",
     r"right numbers in shape \(\), and should have shape \(1,\)"),
    ("04-softmax-from-scratch", "cross_entropy", "def cross_entropy(O, y):\n    return -torch.log(torch.softmax(O, 1)[range(len(y)), y])",
     "log of a probability that underflowed to 0"),
    ("06-mlp", "MLP", "class MLP(nn.Module):\n    def __init__(self, sizes):\n        super().__init__()\n        self.a = nn.Linear(sizes[0], sizes[-1])\n"
     "    def foward(self, X):\n        return self.a(X)", "the name of its method `forward` misspelt"),
    ("06-mlp", "MLP", "class MLP(nn.Module):\n    def __init__(self, sizes):\n        super().__init__()\n        raise NotImplementedError()", "MLP: not attempted yet"),
    ("06-mlp", "early_stopping", "def early_stopping(losses, patience):\n    return losses.pop(), 1", "takes items out of its first argument, a list"),
    ("06-mlp", "normalize", "def normalize(train, test):\n    return (train - train.mean()) / train.std(), (test - train.mean()) / train.std()",
     r"divide by n, not by n - 1.*`std\(\)` divides by n - 1"),
    ("01-tensors", "gradients", "def gradients(x):\n    x = x.clone().requires_grad_()\n    (x ** 2 + x ** 3).backward()\n    full = x.grad\n"
     "    (x ** 2 + (x ** 3).detach()).backward()\n    return full, x.grad", r"`full = x.grad` is the tensor itself, no copy, and the second backward\(\)"),
    ("01-tensors", "gradients", "def gradients(x):\n    x = x.clone().requires_grad_()\n    (x ** 2 + x ** 3).backward()\n    full = x.grad.clone()\n"
     "    (x ** 2 + (x ** 3).detach()).backward()\n    return full, x.grad", r"the second gradient was added to the first: backward\(\) adds to \.grad"),
    ("07-cnn", "max_pool2d", "def max_pool2d(X, k):\n    return nn.MaxPool2d(k)(X)", "max_pool2d uses the ready-made max_pool2d, .*in the line: return nn.MaxPool2d"),
    ("07-cnn", "resume", "def resume(make_net, checkpoint):\n    net = make_net()\n    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)\n"
     "    updater.load_state_dict(checkpoint['optimizer'])\n    return net, updater", "the new network still has its first weights"),
    ("05-softmax-concise", "read_products", "def read_products(path):\n    print(path)", r"returns None: is there a `return`\?"),
    ("02-linear-regression", "minibatch_sgd", "def minibatch_sgd(batches, w, b, lr):\n    torch.set_grad_enabled(False)\n    for X, y in batches:\n"
     "        r = X @ w + b - y\n        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()\n    return w, b", "switches autograd off for everything that comes after"),
    ("02-linear-regression", "minibatch_sgd", "def minibatch_sgd(batches, w, b, lr):\n    torch.set_default_dtype(torch.float64)\n    for X, y in batches:\n"
     "        r = X @ w + b - y\n        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()\n    return w, b", "changes PyTorch's default type of numbers for everything"),
    ("08-many-processes", "train_step", "def train_step(net, X, y, loss, updater, all_reduce, world_size):\n    later, net.seen = hasattr(net, 'seen'), True\n"
     "    updater.zero_grad()\n    l = loss(net(X), y)\n    l.backward()\n    for p in net.parameters():\n        all_reduce(p.grad)\n"
     "        p.grad /= world_size\n    updater.step()\n    l = l.detach().clone()\n    all_reduce(l)\n"
     "    return l.item() / world_size + (0.25 if later and world_size == 3 else 0)", "3 processes with 5 examples each, .*second step, process 0"),
]


@pytest.mark.parametrize("lesson, task, code, words", SAID, ids=[f"{i}-{task}" for i, (_, task, _, _) in enumerate(SAID)])
def test_the_sentence_is_true_of_the_answer(solved, lesson, task, code, words):
    said = str(judged(solved, lesson, task, code, f"<cell of {task}>"))
    assert re.search(words, said, re.S), said
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32


# ---------------------------------------------------------------- in a notebook

def run_all(folder, source):
    """Execute the code cells of a notebook's text as Run All does; return its cells."""
    import nbclient
    nb = nbformat.reads(source, as_version=4)
    nbclient.NotebookClient(nb, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return nb.cells


@pytest.mark.long("starts PyTorch anew")
def test_run_all_goes_on_past_blank_and_wrong_answers_and_counts():
    path = RELEASES["04-softmax-from-scratch"]
    nb = nbformat.read(path, as_version=4)
    for cell in nb.cells:
        if cell.id == "accuracy":
            cell.source = next(other.source for other in cells(SOURCES["04-softmax-from-scratch"]) if other.id == "accuracy")
        if cell.id == "cross_entropy":
            cell.source = "def cross_entropy(O, y):\n    return torch.logsumexp(O, 1)"
    shown = {cell.id: cell for cell in run_all(path.parent, nbformat.writes(nb)) if cell.cell_type == "code"}
    assert all(cell.execution_count for cell in shown.values())
    said = {id_: "".join("".join(output.get("traceback", output.get("text", ""))) for output in cell.outputs) for id_, cell in shown.items()}
    assert "not attempted yet" in said["stable_softmax-check"] and "cross_entropy(O, y)" in said["cross_entropy-check"]
    assert [output.ename for output in shown["cross_entropy-check"].outputs] == ["Wrong"]  # nbgrader reads it as 0 points
    assert said["accuracy-check"] == "accuracy: right.\n"
    assert said["progress"] == "1 of 5 right, next: stable_softmax (not attempted yet).\n"


def test_the_last_check_of_a_task_counts_whether_right_or_wrong(capsys, monkeypatch):
    monkeypatch.setattr(checks, "results", {})

    @checks.task
    def double(asked):
        if not right:
            raise checks.Wrong("no")

    for right, said in ((True, "1 of 1 right. All done."), (False, "0 of 1 right, next: double (not right yet)."), (True, "1 of 1 right. All done.")):
        with contextlib.suppress(checks.Wrong):
            double(lambda x: 2 * x)
        capsys.readouterr()
        checks.progress("double")
        assert capsys.readouterr().out == said + "\n"


def test_progress_says_what_is_next(capsys, monkeypatch):
    monkeypatch.setattr(checks, "results", {"a": None, "b": checks.Wrong("no")})
    for tasks, said in (("ab", "1 of 2 right, next: b (not right yet)."), ("ac", "1 of 2 right, next: c (not checked yet)."), ("a", "1 of 1 right. All done.")):
        checks.progress(*tasks)
        assert capsys.readouterr().out == said + "\n"


def test_the_model_answer_in_words_belongs_to_its_notebook(capsys, lesson):
    setup = next(cell.source for cell in cells(RELEASES[lesson]) if cell.id == "setup")
    names = {"__name__": "exercise"}
    exec(setup + '\nanswer("explain")', names)
    shown = capsys.readouterr().out
    written = next(cell.source for cell in cells(SOURCES[lesson]) if kind(cell) == "written")
    assert shown.strip() == written.strip()
    for part in ("**A full answer (2 points)** has", "**Half an answer (1 point)** has", "**An empty one (0 points)**:"):
        assert shown.count(part) == 1
    points = {cell.metadata.nbgrader.points for cell in cells(SOURCES[lesson]) if kind(cell) == "written"}
    assert points == {2}, "the gradebook gives what the words say"
    assert len(shown.split()) > 120
    from exercises.checks import answer
    with pytest.raises(ValueError, match="belongs into an exercise notebook"):
        answer("explain")
