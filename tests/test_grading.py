"""Grading a class with the real sandbox: right, wrong and broken submissions, and the run itself.

Each test runs the command behind `make grade` in a copy of the course, on submissions made here from the released
notebook. They need bubblewrap (a Debian package), and take minutes: `.ci/run` runs them.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from classroom import (FILE, FULL, LESSON, NEEDS_A_SANDBOX, ROOT, TASKS, before, cell, command, copy_course, grades, hand_in,
                       marks, release, remembered, solved, without)

pytestmark = [*NEEDS_A_SANDBOX, pytest.mark.usefixtures(remembered.__name__)]


# ---------------------------------------------------------------- right and unsolved, every lesson

LESSONS = sorted(path.parent.name for path in (ROOT / "exercises" / "source").glob("*/*.ipynb"))


@pytest.fixture(scope="module")
def all_lessons(remembered, tmp_path_factory):
    """A course in which, of every lesson, the reference answers and an unanswered release were graded, one lesson after the other."""
    folder = tmp_path_factory.mktemp("two")
    course = copy_course(folder / "course")
    for lesson in LESSONS:
        hand_in(folder / lesson, "reference", solved(lesson), f"{lesson}-exercises.ipynb")
        hand_in(folder / lesson, "unsolved", release(lesson), f"{lesson}-exercises.ipynb")
    done = subprocess.run([sys.executable, "-c", "import sys\nfrom exercises.grading.run import run\n"
                           "for lesson in sys.argv[2:]: run(lesson, f'{sys.argv[1]}/{lesson}')", folder, *LESSONS], cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return course


@pytest.fixture(scope="module", params=LESSONS)
def two_graded(request, all_lessons):
    """(lesson, the CSV's rows, its tasks in code): the reference answers and an unanswered release, graded."""
    lesson = request.param
    rows = grades(all_lessons, lesson)
    return lesson, rows, [name for name in rows["reference"] if name not in
                          ("student", "explain", "raw", "deduction", "total", "of", "to grade by hand", "remarks", "folder")]


def test_an_unanswered_release_earns_nothing_in_any_graded_cell(two_graded):
    lesson, rows, tasks = two_graded
    graded = [cell.metadata.nbgrader.grade_id.removesuffix("-check") for cell in release(lesson).cells
              if cell.metadata.get("nbgrader", {}).get("grade")]
    assert graded == [*tasks, "explain"]
    assert {task: rows["unsolved"][task] for task in graded} == dict.fromkeys(graded, "0.0")


def test_reference_gets_full_marks_and_the_release_none(two_graded):
    lesson, rows, tasks = two_graded
    assert len(tasks) >= 5
    assert all(float(rows["reference"][task]) > 0 for task in tasks)
    points = {cell.id.removesuffix("-check"): cell.metadata.nbgrader.points for cell in release(lesson).cells
              if cell.metadata.get("nbgrader", {}).get("grade")}
    assert float(rows["reference"]["total"]) == sum(points[task] for task in tasks)
    assert rows["reference"]["explain"] == "" and rows["reference"]["to grade by hand"] == "1"
    assert float(rows["unsolved"]["total"]) == 0 and rows["unsolved"]["explain"] == "0.0"
    assert rows["reference"]["remarks"] == rows["unsolved"]["remarks"] == ""


# ---------------------------------------------------------------- broken, as real classes hand them in

def duplicated():
    nb = solved()
    at = nb.cells.index(cell(nb, "cross_entropy"))
    nb.cells.insert(at, nbformat.from_dict(json.loads(json.dumps(release().cells[at]))))  # the stub, with the same id
    return nb


def without_metadata():
    nb = solved()
    for each in nb.cells:
        each.metadata = {}
        each.id = f"{abs(hash(each.source)):x}"[:8]
    return nb


def colab():
    nb = without_metadata()
    for each in nb.cells:
        del each["id"]
        each.metadata = {"id": "aBcD"}
    nb.nbformat_minor = 0
    nb.metadata = {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return nb


def deleted_tests():
    nb = solved(accuracy="def accuracy(batches):\n    return 0.5")
    nb.cells = [each for each in nb.cells if not each.id.endswith("-check")]
    return nb


def edited_tests():
    nb = solved(accuracy="def accuracy(batches):\n    return 0.5")
    for each in nb.cells:
        if each.id.endswith("-check"):
            each.source = "print('right')"
            each.metadata.nbgrader.points = 100
    return nb


def all_in_one_cell():
    nb = solved()
    every = "\n\n\n".join(cell(nb, task).source for task in TASKS)
    nb.cells = [each for each in nb.cells if each.id not in TASKS]
    nb.cells.insert(2, nbformat.v4.new_code_cell(every, id="everything"))
    return nb


def another_kernel():
    nb = solved()
    nb.metadata.kernelspec = {"name": "ir", "display_name": "R", "language": "R"}
    nb.metadata.language_info = {"name": "R"}
    return nb


def huge_output():
    nb = solved()
    cell(nb, "accuracy").outputs = [nbformat.v4.new_output("display_data", {"text/html": "<b>x</b>" * 8_000_000})]
    return nb


def format_3():
    nb = solved()
    return json.dumps(nbformat.v3.convert.downgrade(json.loads(json.dumps(nb), object_hook=nbformat.from_dict))).encode()


def changed(task, change):
    """The solved notebook, after `change(cells, position of the task's cell)`."""
    nb = solved()
    cells = [nbformat.from_dict(json.loads(json.dumps(each))) for each in nb.cells]
    change(cells, next(i for i, each in enumerate(cells) if each.id == task))
    nb.cells = cells
    return nb


def code(source, like=None):
    made = nbformat.v4.new_code_cell(source)
    if like is not None:  # as Split Cell and copying do: nbgrader's mark goes along
        made.metadata = json.loads(json.dumps(like.metadata), object_hook=nbformat.from_dict)
    return made


ANSWER = cell(solved(), "accuracy").source
STUB = cell(release(), "accuracy").source
RENAMED = ANSWER.replace("def accuracy(", "def _accuracy(")


def split_in_two(cells, i):
    cells[i:i + 1] = [code("rate = 1.0", cells[i]), cells[i]]


def split_after(cells, i):
    cells[i:i + 1] = [cells[i], code("rate = 1.0  # below", cells[i])]


def split_with_one_between(cells, i):
    cells[i:i + 1] = [code(RENAMED, cells[i]), code("between = _accuracy"), code("accuracy = between", cells[i])]


def split_stub(cells, i):  # the stub was split in its middle, the answer typed below
    top, bottom = STUB.rsplit("\n", 1)
    cells[i:i + 1] = [code(top, cells[i]), code(bottom, cells[i]), code(ANSWER, cells[i])]


def two_attempts(cells, i):
    cells[i:i + 1] = [code("def accuracy(batches):\n    return 0.5", cells[i]), cells[i]]


def stub_below(cells, i):
    cells[i:i + 1] = [code(ANSWER), code(STUB, cells[i])]


def in_the_check(cells, i):
    cells[i].source = STUB
    cells[i + 1].source = f"{ANSWER}\n\n{cells[i + 1].source}"


def at_the_end(cells, i):
    cells.append(code(ANSWER))
    del cells[i]


def stub_and_answer_at_the_end(cells, i):
    cells.append(code(ANSWER))
    cells[i].source = STUB


def own_cells_above_and_below(cells, i):
    stub_and_answer_at_the_end(cells, i)
    cells.insert(2, code("rate = 1.0"))


def far_above(cells, i):
    del cells[i]
    cells.insert(2, code(ANSWER))


def in_the_setup(cells, i):
    cells[i].source = STUB
    setup = next(each for each in cells if each.id == "setup")
    setup.source += f"\n\n{ANSWER}"


def under(line, answer, end=""):
    return line + "\n" + "\n".join(f"    {each}" for each in answer.splitlines()) + end


WRITTEN = {  # name: an answer in other words, from its task, its source, and its source under the name _task
    "lambda": lambda task, answer, renamed: f"{renamed}\n\n{task} = lambda *given: _{task}(*given)",
    "alias": lambda task, answer, renamed: f"{renamed}\n\n{task} = _{task}",
    "under-if": lambda task, answer, renamed: under("if True:", answer),
    "under-try": lambda task, answer, renamed: under("try:", answer, "\nfinally:\n    pass"),
    "decorated": lambda task, answer, renamed: f"import functools\n@functools.lru_cache(maxsize=None)\ndef nothing(): pass\n\n@functools.wraps(nothing)\n{answer}",
    "partial": lambda task, answer, renamed: f"import functools\n{renamed}\n\n{task} = functools.partial(_{task})",
    "class": lambda task, answer, renamed: f"{renamed}\n\nclass Answer:\n    def __call__(self, *given):\n        return _{task}(*given)\n\n{task} = Answer()",
    "for": lambda task, answer, renamed: f"{renamed}\n\nfor {task} in [_{task}]:\n    pass",
    "walrus": lambda task, answer, renamed: f"{renamed}\n\n({task} := _{task})",
    "globals": lambda task, answer, renamed: f"{renamed}\n\nglobals()['{task}'] = _{task}",
    "exec": lambda task, answer, renamed: f"exec({answer!r})",
    "magic": lambda task, answer, renamed: f"%time 1\n{answer}",
    "with": lambda task, answer, renamed: under("import contextlib\nwith contextlib.nullcontext():", answer),
    "tuple": lambda task, answer, renamed: f"{renamed}\n\n{task}, other = _{task}, 1",
}


def written(ways, own=False):
    """Answers in these ways, each task in one, in cells without a mark, or in their own."""
    def change(cells, _):
        for task, way in zip(TASKS, ways):
            at = next(i for i, each in enumerate(cells) if each.id == task)
            answer = cells[at].source
            assert answer.count(f"def {task}(") == 1
            cells[at] = code(WRITTEN[way](task, answer, answer.replace(f"def {task}(", f"def _{task}(")), cells[at] if own else None)
    return lambda: changed("accuracy", change)


UNSEEN = ("globals", "exec")  # no name stands in the cell for who reads it
SEEN = [way for way in WRITTEN if way not in UNSEEN]


def raw_json(change):
    """The solved notebook as JSON, after `change(tree)`, as bytes."""
    def make():
        tree = json.loads(json.dumps(solved()))
        change(tree)
        return json.dumps(tree).encode()
    return make


def the_cell(tree, id_):
    return next(each for each in tree["cells"] if each["id"] == id_)


def odd_attachments(tree):
    the_cell(tree, "explain")["attachments"] = {"a.png": 5, "b.png": {"image/png": 7}, "c": None, "d.png": {"image/png": "no base64!"}}
    the_cell(tree, "explain")["source"] = "![x](attachment:a.png) ![y](attachment:d.png)"


def odd_cells(tree):
    tree["cells"][1:1] = [None, 5, [], "text", {}, {"cell_type": "code"}, {"cell_type": "code", "source": 5, "metadata": None},
                          {"cell_type": "bird", "source": ["a", 1, None]}, {"cell_type": "markdown", "source": {"a": 1}, "id": 5}]


def half_a_sign(tree):
    the_cell(tree, "accuracy")["source"] = ANSWER + "\n# \ud83d"
    the_cell(tree, "explain")["source"] = "half \udc00 of it"


def blank_lines(tree):
    the_cell(tree, "accuracy")["source"] = "\n" * 100_000 + ANSWER + "\n" * 100_000
    tree["cells"].append({"cell_type": "code", "metadata": {}, "outputs": [], "source": " \n" * 100_000, "execution_count": None, "id": "blank"})


def windows(tree):
    for each in tree["cells"]:
        each["source"] = each["source"].replace("\n", "\r\n")


def odd_outputs(tree):
    for each in tree["cells"]:
        if each["cell_type"] == "code":
            each["outputs"] = [5, None, {"outputs": [[[]]]}, {"output_type": "stream", "text": "[" * 1000 + '"\\'}]


POISON = {  # what a right answer's cell does to the tasks after it: nothing
    "modules": "import sys\nsys.modules['exercises'] = None\nsys.modules.pop('torch')\nsys.modules['json'] = None",
    "forks": "import os\nfor _ in range(5): os.fork()",
    "serve": "import exercises.checks\nexercises.checks.serve = None\nexercises.checks.decode = 5",
}


WARNS = before("import sys, warnings\nwarnings.warn('old')\nprint('oh', file=sys.stderr)", "smooth_labels").replace(
    "    return (1", "    import warnings; warnings.warn('again')\n    return (1")
BROKEN = {  # student: (what is handed in, its name, what it deserves, what the report says)
    "duplicated": (duplicated, FILE, FULL, "there were 2 cells of it"),
    "metadata": (without_metadata, FILE, FULL, "found by what they hold"),
    "colab": (colab, FILE, FULL, "found by what they hold"),
    "deleted": (deleted_tests, FILE, without("accuracy"), "the cell was missing, put back"),
    "edited": (edited_tests, FILE, without("accuracy"), "the cell was edited, restored"),
    "one-cell": (all_in_one_cell, FILE, FULL, "answered in other cells than their own: stable_softmax, cross_entropy,"),
    "renamed": (solved, "softmax (1).ipynb", FULL, "the file was called softmax (1).ipynb"),
    "suffix": (solved, f"{FILE}.txt", FULL, "the file was called"),
    "half-sign": (lambda: solved(accuracy=before("print('\\ud800')\nprint('\\udc80', flush=True)\ndisplay('\\udfff')", "accuracy")), FILE, FULL, ""),
    "half-error": (lambda: solved(accuracy="def accuracy(batches):\n    return '\\ud83d'\nraise ValueError('\\ud800')"), FILE, without("accuracy"), "its cell failed"),
    "stderr": (lambda: solved(smooth_labels=WARNS), FILE, FULL, ""),
    "kernel": (another_kernel, FILE, FULL, "its kernel was 'ir'"),
    "huge": (huge_output, FILE, FULL, ""),
    "prints": (lambda: solved(accuracy=before("for i in range(200_000): print('a line', i)", "accuracy")), FILE, FULL,
               "output of more than 1 MB, cut"),
    "syntax": (lambda: solved(accuracy="def accuracy(batches)\n    return 1"), FILE, without("accuracy"), "accuracy: its cell failed (SyntaxError: expected ':'"),
    "moved": (lambda: solved(accuracy="import pandas\nrate = 1\n" + cell(solved(), "accuracy").source), FILE, FULL, ""),
    "bom": (lambda: b"\xef\xbb\xbf" + json.dumps(solved()).encode(), FILE, FULL, ""),
    "version-3": (format_3, FILE, FULL, ""),
    "empty": (lambda: b"", FILE, without(*TASKS), "the file is empty"),
    "no-json": (lambda: b"%PDF-1.7 my answers", FILE, without(*TASKS), "it is no JSON"),
    "half": (lambda: json.dumps(solved()).encode()[:5000], FILE, without(*TASKS), "it is no JSON"),
    "a-list": (lambda: b"[1, 2, 3]", FILE, without(*TASKS), "no notebook"),
    "another": (lambda: nbformat.read(ROOT / "notebooks" / "01-tensors.ipynb", as_version=4), FILE, without(*TASKS),
                "holds nothing of this exercise"),
    "split": (lambda: changed("accuracy", split_in_two), FILE, FULL, "there were 2 cells of it; all that are not its stub count, in order"),
    "split-after": (lambda: changed("accuracy", split_after), FILE, FULL, "there were 2 cells of it"),
    "split-between": (lambda: changed("accuracy", split_with_one_between), FILE, FULL, "there were 2 cells of it"),
    "split-stub": (lambda: changed("accuracy", split_stub), FILE, FULL, "there were 3 cells of it"),
    "attempts": (lambda: changed("accuracy", two_attempts), FILE, FULL, "there were 2 cells of it"),
    "stub-below": (lambda: changed("accuracy", stub_below), FILE, FULL, ""),
    "in-the-check": (lambda: changed("accuracy", in_the_check), FILE, FULL, "accuracy-check: the cell was edited, restored"),
    "in-the-setup": (lambda: changed("accuracy", in_the_setup), FILE, FULL, "setup: the cell was edited, restored"),
    "at-the-end": (lambda: changed("accuracy", at_the_end), FILE, FULL, "answered in other cells than their own: accuracy"),
    "end-and-stub": (lambda: changed("accuracy", stub_and_answer_at_the_end), FILE, FULL, "accuracy: what stands below its check counts"),
    "end-and-own-above": (lambda: changed("accuracy", own_cells_above_and_below), FILE, FULL, "accuracy: what stands below its check counts"),
    "far-above": (lambda: changed("accuracy", far_above), FILE, FULL, "answered in other cells than their own: accuracy"),
    **{f"own-{'-'.join(ways)}": (written(ways, own=True), FILE, FULL, "") for ways in (list(WRITTEN)[:5], list(WRITTEN)[5:10], list(WRITTEN)[10:])},
    **{f"lost-{'-'.join(ways)}": (written(ways), FILE, FULL, "found by what they hold") for ways in (SEEN[:4], SEEN[4:8], SEEN[8:])},
    "lost-globals-exec": (written(UNSEEN), FILE, FULL, "the cell was missing, put back"),
    "right-below": (lambda: changed("accuracy", lambda cells, i: (cells.insert(i + 2, code(ANSWER)), cells[i].update(
        source="def accuracy(batches):\n    return 0.5"))), FILE, FULL, "accuracy: what stands below its check counts"),
    "wrong-below": (lambda: changed("accuracy", lambda cells, i: cells.insert(i + 2, code("def accuracy(batches):\n    return 0.5"))),
                    FILE, FULL, ""),
    "picture": (lambda: solved(explain="Look:\n\n![p](data:image/png;base64," + "A" * 1_200_000 + ")"), FILE, FULL, ""),
    "long-comment": (lambda: solved(accuracy="# " + "x" * 5_000_000 + "\n" + ANSWER), FILE, FULL, ""),
    "far-too-long": (lambda: solved(accuracy="# " + "x" * 11_000_000 + "\n" + ANSWER), FILE, without("accuracy"),
                     "accuracy: it had 11,000,"),
    "no-text": (raw_json(lambda tree: the_cell(tree, "accuracy").update(source=42)), FILE, without("accuracy"), "accuracy: its source was no text"),
    "utf-16": (lambda: json.dumps(solved()).encode("utf-16"), FILE, FULL, ""),
    "utf-32": (lambda: json.dumps(solved()).encode("utf-32-le"), FILE, FULL, ""),
    "poison-modules": (lambda: solved(cross_entropy=before(POISON["modules"], "cross_entropy")), FILE, None, ""),
    "poison-forks": (lambda: solved(cross_entropy=before(POISON["forks"], "cross_entropy")), FILE, FULL, ""),
    "poison-serve": (lambda: solved(cross_entropy=before(POISON["serve"], "cross_entropy")), FILE, None, ""),
    # Asked for its answer it ends the process, and in the next process, where nobody has asked stable_softmax yet, by itself.
    "dies-again": (lambda: solved(stable_softmax=cell(solved(), "stable_softmax").source + "\n\nasked, right = [], stable_softmax\n\n"
                                  "def stable_softmax(*given):\n    asked.append(given)\n    return right(*given)",
                                  cross_entropy="import os\n\nif not asked:\n    os._exit(1)\n\ndef cross_entropy(*given):\n    os._exit(1)"),
                   FILE, without("cross_entropy"), "left out when the process had to start again"),
    "attachments": (raw_json(odd_attachments), FILE, FULL, ""),
    "odd-cells": (raw_json(odd_cells), FILE, FULL, "one of the cells: its source was no text"),
    "half-a-sign": (raw_json(half_a_sign), FILE, FULL, ""),
    "blank-lines": (raw_json(blank_lines), FILE, FULL, ""),
    "windows": (raw_json(windows), FILE, FULL, ""),
    "odd-outputs": (raw_json(odd_outputs), FILE, FULL, ""),
    "version-5": (raw_json(lambda tree: tree.update(nbformat=5)), FILE, FULL, ""),
    "no-version": (raw_json(lambda tree: tree.pop("nbformat")), FILE, FULL, ""),
    "latin-1": (lambda: json.dumps(solved(), ensure_ascii=False).replace("def accuracy", "# na\u00efve\\ndef accuracy").encode("latin-1", "replace"),
                FILE, FULL, ""),
    "pieces": (lambda: b'{"cells": [' + b"[]," * 7_000_000 + b"[]]}", FILE, without(*TASKS), "it holds more than 1,000,000 pieces"),
    "many-cells": (raw_json(lambda tree: tree["cells"].extend([{"cell_type": "raw", "source": "", "metadata": {}}] * 5000)), FILE,
                   without(*TASKS), "cells"),
    "torn-string": (lambda: json.dumps(solved()).encode()[:3000] + b'\\"' * 1_000_000, FILE, without(*TASKS), "it is no JSON"),
    "pdf": (lambda: b"%PDF-1.7", "answers.pdf", without(*TASKS), "no notebook among: answers.pdf"),
}


@pytest.fixture(scope="module")
def broken(remembered, tmp_path_factory):
    """The whole class of broken submissions, graded in one run from a zip."""
    folder = tmp_path_factory.mktemp("broken")
    for student, (make, name, _, _) in BROKEN.items():
        hand_in(folder / "class", student, make(), name)
    archive = shutil.make_archive(folder / "class", "zip", folder / "class")
    course = copy_course(folder / "course")
    done = command(course, "exercises.grading", LESSON, archive)
    assert done.returncode == 0, done.stderr
    return done.stdout, grades(course), course


@pytest.mark.parametrize("student", BROKEN)
def test_a_broken_submission_gets_what_it_deserves(broken, student):
    printed, rows, _ = broken
    _, _, deserved, remark = BROKEN[student]
    if deserved is None:  # what becomes of the culprit's own task is its own affair
        assert {**marks(rows[student]), "cross_entropy": 0} == without("cross_entropy"), rows[student]["remarks"]
        return
    assert marks(rows[student]) == deserved, rows[student]["remarks"]
    assert remark in rows[student]["remarks"]
    assert bool(remark) == bool(rows[student]["remarks"]), rows[student]["remarks"]
    if remark:
        assert re.search(rf"^  {student}: .*{re.escape(remark)}", printed, re.M)


def test_what_could_not_be_graded_is_listed(broken):
    part = broken[0].partition("Could not be graded")[2].partition("\n\n")[0]
    listed = set(re.findall(r"^  ([\w-]+): ", part, re.M))
    assert listed == {"empty", "no-json", "half", "a-list", "another", "pdf", "pieces", "many-cells", "torn-string"}


def test_feedback_tells_the_verdict_without_the_hidden_tests(broken):
    course = broken[2]
    done = subprocess.run([sys.executable, "-m", "nbgrader", "generate_feedback", LESSON, "--student", "deleted"],
                          cwd=course / "exercises", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    html = (course / "exercises" / "feedback" / "deleted" / LESSON / FILE.replace(".ipynb", ".html")).read_text("utf-8")
    shown = re.sub(r"<[^>]+>", "", html.partition("<body")[2])
    assert "accuracy(batches) is 0.5, and should be" in shown and "check.accuracy(accuracy)" in shown
    assert "HIDDEN" not in html and "seed=74" not in html


# ---------------------------------------------------------------- the run itself

def test_the_reference_is_graded_first(tmp_path):
    course = copy_course(tmp_path / "course")
    source = course / "exercises" / "source" / LESSON / FILE
    text = source.read_text(encoding="utf-8")
    assert "import torch\\n" in text
    source.write_text(text.replace("import torch\\n", "import torch, a_missing_package\\n"), encoding="utf-8")
    hand_in(tmp_path / "class", "ada", solved())
    done = command(course, "exercises.grading", LESSON, tmp_path / "class")
    assert done.returncode == 1
    assert "nobody was graded" in done.stderr and "a_missing_package" in done.stderr
    assert not (course / "exercises" / "gradebook.db").exists()


def test_tasks_points_and_due_date_of_the_course_are_used(tmp_path):
    course = copy_course(tmp_path / "course")
    (course / "exercises" / "course.toml").write_text(
        f"[{LESSON}]\ntasks = ['accuracy', 'explain']\npoints = {{ accuracy = 5 }}\ndue = 2020-01-01T12:00:00+01:00\n")
    hand_in(tmp_path / "class", "ada", solved())
    assert command(course, "exercises.grading", LESSON, tmp_path / "class").returncode == 0
    row = grades(course)["ada"]
    assert list(row)[1:6] == ["accuracy", "explain", "raw", "deduction", "total"] and row["total"] == "5.0" and row["of"] == "7.0"
    assert re.search(r"late by ([\d,]+ h )?(\d+ min )?\d+ (s|min|h)", row["remarks"])


def test_without_bubblewrap_grading_stops_and_says_how_to_go_on(tmp_path):
    course = copy_course(tmp_path / "course")
    hand_in(tmp_path / "class", "ada", solved())
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if not Path(part, "bwrap").exists())
    done = command(course, "exercises.grading", LESSON, tmp_path / "class", PATH=path)
    assert done.returncode == 1
    assert "bubblewrap" in done.stderr and "apt-get install" in done.stderr and "SANDBOX=none" in done.stderr
    done = command(course, "exercises.grading", LESSON, tmp_path / "class", "--sandbox", "none", PATH=path)
    assert done.returncode == 0, done.stderr
    assert marks(grades(course)["ada"]) == FULL


@pytest.mark.exhaustive("thirty submissions; the class above has one of each kind")
def test_thirty_in_one_run_and_then_only_what_is_new(tmp_path):
    course = copy_course(tmp_path / "course")
    wrong = "def accuracy(batches):\n    return 1.0"
    for i in range(30):
        hand_in(tmp_path / "class", f"student-{i:02}", solved(accuracy=wrong) if i % 3 == 0 else solved())
    start = time.perf_counter()
    done = command(course, "exercises.grading", LESSON, tmp_path / "class")
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    print(f"30 submissions: {seconds:.0f} s, {seconds / 30:.1f} s each")
    assert "30 submissions, 30 of them new" in done.stdout and "100%" in done.stdout
    rows = grades(course)
    assert len(rows) == 30
    for i in range(30):
        assert marks(rows[f"student-{i:02}"]) == (without("accuracy") if i % 3 == 0 else FULL)
    assert (course / "exercises" / "grades" / f"{LESSON}.png").read_bytes().startswith(b"\x89PNG")

    hand_in(tmp_path / "class", "student-00", solved())
    hand_in(tmp_path / "class", "student-30", solved())
    done = command(course, "exercises.grading", LESSON, tmp_path / "class")
    assert "31 submissions, 2 of them new" in done.stdout
    assert marks(grades(course)["student-00"]) == FULL and len(grades(course)) == 31


def test_nbgraders_own_commands_use_the_same_steps(tmp_path):
    course = copy_course(tmp_path / "course")
    spy = before("import os\nprint('SEEN', sorted(os.listdir('/course/exercises')), os.path.exists('COURSE'))"
                 .replace("COURSE", str(course)), "accuracy")
    nb = duplicated()
    cell(nb, "accuracy").source = spy
    hand_in(course / "exercises" / "submitted" / "ada", LESSON, nb)
    for arguments in (["generate_assignment", LESSON, "--force"], ["autograde", LESSON], ["export"]):
        done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=course / "exercises", capture_output=True,
                              text=True, env={**os.environ, "PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done.stderr
    row = (course / "exercises" / "grades.csv").read_text(encoding="utf-8").splitlines()[1]
    assert ",ada," in row and "10.0" in row
    graded = nbformat.read(course / "exercises" / "autograded" / "ada" / LESSON / FILE, as_version=4)
    assert "SEEN ['checks'] False" in cell(graded, "accuracy").outputs[0].text


def test_nbgraders_validate_runs_nothing_outside_the_sandbox(tmp_path):
    course = copy_course(tmp_path / "course")
    writes = before(f"open({str(tmp_path / 'written')!r}, 'w').close()", "cross_entropy")
    for student, nb in (("ada", solved()), ("bob", solved(cross_entropy=writes))):
        hand_in(course / "exercises" / "submitted" / student, LESSON, nb)
    said = {}
    for student in ("ada", "bob"):
        done = subprocess.run([sys.executable, "-m", "nbgrader", "validate", f"submitted/{student}/{LESSON}/{FILE}"], cwd=course / "exercises",
                              capture_output=True, text=True)
        said[student] = done.stdout + done.stderr
    assert "Success! Your notebook passes all the tests." in said["ada"], said["ada"]
    assert "VALIDATION FAILED ON 1 CELL" in said["bob"] and "cross_entropy" in said["bob"] and not (tmp_path / "written").exists()
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if not Path(part, "bwrap").exists())
    done = subprocess.run([sys.executable, "-m", "nbgrader", "validate", f"submitted/bob/{LESSON}/{FILE}"], cwd=course / "exercises",
                          capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert "bubblewrap, which makes it, is not installed" in done.stdout + done.stderr and not (tmp_path / "written").exists()
