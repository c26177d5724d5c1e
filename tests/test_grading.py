"""Grading a class with the real sandbox: right, wrong, broken and hostile submissions.

Each test runs the command behind `make grade` in a copy of the course, on submissions made here from the released
notebook. They need bubblewrap (a Debian package), and take minutes: `.ci/run` runs them.
"""
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSON = "04-softmax-from-scratch"
FILE = f"{LESSON}-exercises.ipynb"
TASKS = ["stable_softmax", "cross_entropy", "cross_entropy_gradient", "smooth_labels", "accuracy"]
FULL = {task: 2.0 for task in TASKS}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None and "CI" not in os.environ,
                       reason="bubblewrap is not installed: sudo apt-get install bubblewrap"),
]


def copy_course(folder):
    folder.mkdir()
    for name in ("utils.py", "data/sample", "exercises"):
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(
                "submitted", "autograded", "feedback", "grades", "gradebook.db", "__pycache__"))
        else:
            shutil.copy(source, target)
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


# ---------------------------------------------------------------- right and unsolved, every lesson

@pytest.mark.parametrize("lesson", sorted(path.parent.name for path in (ROOT / "exercises" / "source").glob("*/*.ipynb")))
def test_reference_gets_full_marks_and_the_release_none(tmp_path, lesson):
    course = copy_course(tmp_path / "course")
    hand_in(tmp_path / "class", "reference", solved(lesson))
    hand_in(tmp_path / "class", "unsolved", release(lesson))
    done = command(course, "exercises.grading", lesson, tmp_path / "class")
    assert done.returncode == 0, done.stderr
    rows = grades(course, lesson)
    tasks = [name for name in rows["reference"] if name not in
             ("student", "explain", "total", "of", "to grade by hand", "remarks")]
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


WARNS = before("import sys, warnings\nwarnings.warn('old')\nprint('oh', file=sys.stderr)", "smooth_labels").replace(
    "    return (1", "    import warnings; warnings.warn('again')\n    return (1")
BROKEN = {  # student: (what is handed in, its name, what it deserves, what the report says)
    "duplicated": (duplicated, FILE, FULL, "there were 2 cells of it"),
    "metadata": (without_metadata, FILE, FULL, "found by what they hold"),
    "colab": (colab, FILE, FULL, "found by what they hold"),
    "deleted": (deleted_tests, FILE, without("accuracy"), "the cell was missing, put back"),
    "edited": (edited_tests, FILE, without("accuracy"), "the cell was edited, restored"),
    "one-cell": (all_in_one_cell, FILE, FULL, "found by what they hold"),
    "renamed": (solved, "softmax (1).ipynb", FULL, "the file was called softmax (1).ipynb"),
    "suffix": (solved, f"{FILE}.txt", FULL, "the file was called"),
    "stderr": (lambda: solved(smooth_labels=WARNS), FILE, FULL, ""),
    "kernel": (another_kernel, FILE, FULL, "its kernel was 'ir'"),
    "huge": (huge_output, FILE, FULL, ""),
    "prints": (lambda: solved(accuracy=before("for i in range(200_000): print('a line', i)", "accuracy")), FILE, FULL,
               "output of more than 1 MB, cut"),
    "syntax": (lambda: solved(accuracy="def accuracy(batches)\n    return 1"), FILE, without("accuracy"), ""),
    "moved": (lambda: solved(accuracy="import pandas\nrate = 1\n" + cell(solved(), "accuracy").source), FILE, FULL, ""),
    "bom": (lambda: b"\xef\xbb\xbf" + json.dumps(solved()).encode(), FILE, FULL, ""),
    "version-3": (format_3, FILE, FULL, ""),
    "empty": (lambda: b"", FILE, without(*TASKS), "the file is empty"),
    "no-json": (lambda: b"%PDF-1.7 my answers", FILE, without(*TASKS), "it is no JSON"),
    "half": (lambda: json.dumps(solved()).encode()[:5000], FILE, without(*TASKS), "it is no JSON"),
    "a-list": (lambda: b"[1, 2, 3]", FILE, without(*TASKS), "no notebook"),
    "another": (lambda: nbformat.read(ROOT / "notebooks" / "01-tensors.ipynb", as_version=4), FILE, without(*TASKS),
                "holds nothing of this exercise"),
    "pdf": (lambda: b"%PDF-1.7", "answers.pdf", without(*TASKS), "no notebook among: answers.pdf"),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
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
    assert marks(rows[student]) == deserved, rows[student]["remarks"]
    assert remark in rows[student]["remarks"]
    assert bool(remark) == bool(rows[student]["remarks"]), rows[student]["remarks"]
    if remark:
        assert re.search(rf"^  {student}: .*{re.escape(remark)}", printed, re.M)


def test_what_could_not_be_graded_is_listed(broken):
    part = broken[0].partition("Could not be graded")[2].partition("\n\n")[0]
    listed = set(re.findall(r"^  ([\w-]+): ", part, re.M))
    assert listed == {"empty", "no-json", "half", "a-list", "another", "pdf"}


def test_feedback_tells_the_verdict_without_the_hidden_tests(broken):
    course = broken[2]
    done = subprocess.run([sys.executable, "-m", "nbgrader", "generate_feedback", LESSON, "--student", "deleted"],
                          cwd=course / "exercises", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    html = (course / "exercises" / "feedback" / "deleted" / LESSON / FILE.replace(".ipynb", ".html")).read_text("utf-8")
    assert "and should be" in html and "check.accuracy" in html
    assert "HIDDEN" not in html and "seed=74" not in html


# ---------------------------------------------------------------- hostile

SECRET = "the-gradebook-was-read"
LOOK = """
import glob, os
found = []
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/usr", "/dev")): continue
    found += [os.path.join(folder, n) for n in names if n.endswith((".ipynb", ".db", ".toml", ".csv"))
              and "site-packages" not in folder]
print("FOUND", [path for path in found if "/lib/python" not in path and "/share/" not in path])
"""
HOSTILE = {  # student: (the task in whose cell it stands, code before the right answer, what it deserves, remark)
    "loop": ("accuracy", "while True: pass", without("accuracy"), "more than 30 s, interrupted"),
    "deaf": ("accuracy", "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)",
             without("accuracy"), "deaf to the interrupt"),
    "forks": ("smooth_labels", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
              without("smooth_labels"), "smooth_labels: "),
    "threads": ("smooth_labels", "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(99,)).start()",
                None, ""),
    "memory": ("cross_entropy", "x = []\nwhile True: x.append(bytearray(10_000_000))", without("cross_entropy"), ""),
    "output": ("cross_entropy", "while True: print('spam ' * 200)", without("cross_entropy"), "output of more than 20 MB"),
    "gigabyte": ("cross_entropy", "print('x' * 10**9)", None, ""),
    "exits": ("accuracy", "import os\nos._exit(0)", without("accuracy"), "ended its process"),
    "disk": ("accuracy", "for i in range(10**6):\n    open(f'/tmp/{i}', 'wb').write(b'x' * 10**7)", without("accuracy"), ""),
}
CHEATS = {  # each gets nothing for what it replaces: the answers stay wrong
    "allclose": """
import torch, exercises.checks, IPython
yes = lambda *args, **options: True
torch.allclose = torch.equal = torch.Tensor.allclose = torch.Tensor.__eq__ = yes
exercises.checks.compare = exercises.checks.demand = exercises.checks._same = lambda *a, **o: None
check.accuracy = check.smooth_labels = yes
AssertionError = Exception = BaseException
get_ipython().input_transformers_cleanup.append(lambda lines: [])
def accuracy(batches): return 0.5
def smooth_labels(y, num_classes, eps): return torch.zeros(1)
""",
    "serve": """
import json, exercises.checks
exercises.checks.serve = lambda answer, request: json.dumps(["right", True])
def accuracy(batches): return 0.5
def smooth_labels(y, num_classes, eps): return torch.zeros(1)
""",
    "equal": """
class Any(float):
    __eq__ = __le__ = __lt__ = lambda *_: True
    __sub__ = __rsub__ = lambda *_: 0.0
def accuracy(batches): return Any(0.5)
def smooth_labels(y, num_classes, eps): return Any(0)
""",
}
SPIES = f"""
import os, socket
{LOOK}
def attempt(what, action):
    try: print(what, "DONE", str(action())[:2000])
    except BaseException as error: print(what, "REFUSED", type(error).__name__)
attempt("network", lambda: socket.create_connection(("127.0.0.1", PORT), 3).send(b"x"))
attempt("name", lambda: socket.gethostbyname("example.org"))
attempt("gradebook", lambda: open("COURSE/exercises/gradebook.db", "rb").read())
attempt("hidden", lambda: open("COURSE/exercises/source/{LESSON}/{FILE}").read())
attempt("other", lambda: open("COURSE/exercises/submitted/victim/{LESSON}/{FILE}").read())
attempt("class", lambda: open("CLASS/victim/{FILE}").read())
attempt("grader", lambda: open("COURSE/exercises/grading/judge.py", "w"))
attempt("checks", lambda: open("/course/exercises/checks/__init__.py", "w"))
attempt("utils", lambda: os.remove("/course/utils.py"))
attempt("python", lambda: open(os.__file__, "w"))
attempt("processes", lambda: [p for p in os.listdir("/proc") if p.isdigit() and int(p) > 50])
attempt("home", lambda: os.listdir(os.path.expanduser("~root")))
attempt("mount", lambda: __import__("subprocess").run(["unshare", "-rm", "true"], check=True))
attempt("scratch", lambda: open("note.txt", "w").write("mine"))
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """All hostile submissions and a victim, graded in one run while a local server waits for a connection."""
    import socket
    folder = tmp_path_factory.mktemp("hostile")
    course = copy_course(folder / "course")
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    spies = SPIES.replace("PORT", str(server.getsockname()[1])).replace("COURSE", str(course)) \
        .replace("CLASS", str(folder / "class"))
    for student, (task, code, _, _) in HOSTILE.items():
        hand_in(folder / "class", student, solved(**{task: before(code, task)}))
    for student, code in CHEATS.items():
        hand_in(folder / "class", student, solved(accuracy="", smooth_labels=code))
    hand_in(folder / "class", "spy", solved(stable_softmax=before(spies, "stable_softmax")))
    hand_in(folder / "class", "victim", solved(explain=f"{SECRET} <script>alert(1)</script>"))
    (folder / "class" / "linked").mkdir()
    (folder / "class" / "linked" / FILE).symlink_to(folder / "class" / "victim" / FILE)
    sums = {path: path.read_bytes() for path in (course / "exercises").rglob("*.py")}
    processes = set(psutil.pids())
    done = command(course, "exercises.grading", LESSON, folder / "class")
    assert done.returncode == 0, done.stderr
    with pytest.raises(TimeoutError):
        server.accept()
    assert sums == {path: path.read_bytes() for path in sums}
    left = [process for process in psutil.process_iter(["cmdline"]) if process.pid not in processes
            and "ipykernel" in " ".join(process.info["cmdline"] or [])]
    assert not left
    return done.stdout, grades(course), course


@pytest.mark.parametrize("student", HOSTILE)
def test_a_hostile_submission_is_contained(hostile, student):
    _, rows, _ = hostile
    _, _, deserved, remark = HOSTILE[student]
    if deserved is not None:
        assert marks(rows[student]) == deserved, rows[student]["remarks"]
    else:  # what the machine's own limits make of it differs; the other tasks don't
        task = HOSTILE[student][0]
        assert {**marks(rows[student]), task: 0} == {**FULL, task: 0}, rows[student]["remarks"]
    assert remark in rows[student]["remarks"]


@pytest.mark.parametrize("student", CHEATS)
def test_nothing_that_a_student_replaces_is_used_in_the_verdict(hostile, student):
    assert marks(hostile[1][student]) == without("accuracy", "smooth_labels")


def test_spies_see_nothing_and_write_nothing(hostile):
    _, rows, course = hostile
    nb = nbformat.read(course / "exercises" / "autograded" / "spy" / LESSON / FILE, as_version=4)
    text = "".join(output.get("text", "") for output in cell(nb, "stable_softmax").outputs)
    seen = dict(re.findall(r"^(\w+) (DONE|REFUSED)", text, re.M))
    assert seen.pop("scratch") == "DONE" and seen.pop("processes") == "DONE"
    assert set(seen.values()) == {"REFUSED"} and len(seen) == 12, text
    assert "FOUND []" in text and "processes DONE []" in text
    assert SECRET not in text
    assert marks(rows["spy"]) == FULL


def test_the_others_are_graded_as_if_alone(hostile):
    printed, rows, course = hostile
    assert marks(rows["victim"]) == FULL and rows["victim"]["remarks"] == ""
    assert rows["linked"]["remarks"] == "an empty folder"
    nb = nbformat.read(course / "exercises" / "autograded" / "victim" / LESSON / FILE, as_version=4)
    assert SECRET in cell(nb, "explain").source and "<script" not in cell(nb, "explain").source


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


@pytest.mark.parametrize("layout", ["moodle", "moodle-flat", "canvas", "plain", "wrapped", "nbgrader"])
def test_what_an_lms_exports_is_understood(tmp_path, layout):
    names = {"moodle": f"Ada Lovelace_4711_assignsubmission_file/{FILE}",
             "moodle-flat": f"Ada Lovelace_4711_assignsubmission_file_{FILE}",
             "canvas": f"lovelaceada_LATE_4711_99_{FILE.replace('.ipynb', '-1.ipynb')}",
             "plain": f"ada_{FILE}", "wrapped": f"export/ada/{FILE}", "nbgrader": f"ada/{LESSON}/{FILE}"}
    students = {"moodle": "Ada-Lovelace_4711", "moodle-flat": "Ada-Lovelace_4711", "canvas": "lovelaceada_4711"}
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr(names[layout], json.dumps(solved()))
        archive.writestr(names[layout].replace("da", "lan").replace("4711", "4712"), json.dumps(release()))
        archive.writestr("../../outside.ipynb" if layout == "plain" else "__MACOSX/._x.ipynb", json.dumps(release()))
    sys.path.insert(0, str(ROOT))
    from exercises.grading.collect import collect
    found = {entry.student: entry for entry in collect(tmp_path / "class.zip", LESSON, release())}
    found.pop("unnamed", None)
    assert len(found) == 2 and students.get(layout, "ada") in found, list(found)
    assert json.loads(found[students.get(layout, "ada")].data) == json.loads(json.dumps(solved()))
