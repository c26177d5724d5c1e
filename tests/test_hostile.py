"""Hostile submissions in the real sandbox: contained, named, nothing lost and nothing leaked.

They need bubblewrap (a Debian package), and take minutes: `.ci/run` runs them.
"""
import re

import nbformat
import psutil
import pytest
from classroom import (FILE, FULL, LESSON, NEEDS_A_SANDBOX, before, cell, command, copy_course, grades, hand_in, marks, solved,
                       without)

pytestmark = NEEDS_A_SANDBOX

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
    "loop": ("accuracy", "while True: pass", without("accuracy"), "more than 6 s, interrupted"),
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
    with open(course / "exercises" / "nbgrader_config.py", "a") as file:  # as an instructor can set it; thirty take longer
        file.write("\nc.RunAndJudge.cell_seconds = 6\n")
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    spies = SPIES.replace("PORT", str(server.getsockname()[1])).replace("COURSE", str(course)) \
        .replace("CLASS", str(folder / "class"))
    for student, (task, code, _, _) in HOSTILE.items():
        hand_in(folder / "class", student, solved(**{task: before(code, task)}))
    for student, code in CHEATS.items():
        hand_in(folder / "class", student, solved(accuracy="", smooth_labels=code))
    hand_in(folder / "class", "spy", solved(stable_softmax=before(spies, "stable_softmax")))
    hand_in(folder / "class", "victim", solved(explain=SECRET))
    (folder / "class" / "linked").mkdir()
    (folder / "class" / "linked" / FILE).symlink_to(folder / "class" / "victim" / FILE)
    sums = {path: path.read_bytes() for path in (course / "exercises").rglob("*.py")}
    (folder / "t").mkdir()  # in the command line of every kernel of this run
    done = command(course, "exercises.grading", LESSON, folder / "class", TMPDIR=str(folder / "t"))
    assert done.returncode == 0, done.stderr
    with pytest.raises(TimeoutError):
        server.accept()
    assert sums == {path: path.read_bytes() for path in sums}
    left = [process for process in psutil.process_iter(["cmdline"])
            if str(folder) in " ".join(process.info["cmdline"] or [])]
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
    assert rows["linked"]["remarks"] == f"{FILE}: it is a link, and links are not followed"
    nb = nbformat.read(course / "exercises" / "autograded" / "victim" / LESSON / FILE, as_version=4)
    assert SECRET in cell(nb, "explain").source
