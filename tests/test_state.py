"""A grading run that is interrupted, killed, doubled or short of disk, and what it keeps damaged in between: a sentence, and
the next run is right."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime, timezone

import psutil
import pytest
from classroom import (FILE, FULL, LESSON, NEEDS_A_SANDBOX, before, command, copy_course, grades, hand_in, marks, remembered, solved, without)

pytestmark = [*NEEDS_A_SANDBOX, pytest.mark.usefixtures(remembered.__name__)]
RUN = [sys.executable, "-m", "exercises.grading", LESSON]
WRONG = "def accuracy(batches):\n    return 0.5"


@pytest.fixture(scope="module")
def graded(remembered, tmp_path_factory):
    """A course with two graded submissions, one of them marked by hand, and the class."""
    folder = tmp_path_factory.mktemp("state")
    course = copy_course(folder / "course")
    hand_in(folder / "class", "ada", solved(explain="My words."))
    hand_in(folder / "class", "bob", solved(accuracy=WRONG, explain="Other words."))
    done = command(course, "exercises.grading", LESSON, folder / "class")
    assert done.returncode == 0, done.stderr
    give(course, "ada", 1.5)
    done = command(course, "exercises.grading", LESSON, folder / "class")
    assert "2 submissions, 0 of them new" in done.stdout and grades(course)["ada"]["total"] == "11.5", done.stderr
    return folder


@pytest.fixture
def again(graded, tmp_path):
    """A copy of it for a test to damage: (course, class)."""
    shutil.copytree(graded / "course", tmp_path / "course")
    shutil.copytree(graded / "class", tmp_path / "class")
    return tmp_path / "course", tmp_path / "class"


def give(course, student, points):
    """Points by hand for the task in words, as the formgrader gives them."""
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course}/exercises/gradebook.db") as gradebook:
        mark = gradebook.find_grade("explain", FILE.removesuffix(".ipynb"), LESSON, student)
        mark.manual_score, mark.needs_manual_grade = points, False
        gradebook.db.commit()


def run(course, where, *options, **environment):
    done = command(course, "exercises.grading", LESSON, where, *options, **environment)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def is_right(course):
    rows = grades(course)
    assert marks(rows["ada"]) == FULL and marks(rows["bob"]) == without("accuracy")


def test_whom_the_grader_failed_is_graded_again_though_graded_before(again):
    course, where = again
    record = course / "exercises" / "grades" / f"{LESSON}.json"
    state = json.loads(record.read_text())
    state["students"]["bob"]["failed"] = "the grader failed: no room"
    record.write_text(json.dumps(state))
    assert "2 submissions, 1 of them new" in run(course, where).stdout
    is_right(course)
    assert "the grader failed" not in grades(course)["bob"]["remarks"]


# ---------------------------------------------------------------- damage

def gone(gradebook):
    gradebook.unlink()


def garbage(gradebook):
    gradebook.write_bytes(os.urandom(50_000))


@pytest.mark.parametrize("damage", [gone, garbage])
def test_a_damaged_gradebook_is_said_and_its_copy_takes_its_place(again, damage):
    course, where = again
    damage(course / "exercises" / "gradebook.db")
    done = run(course, where)
    assert done.returncode == 0, done.stderr
    assert re.search(r"gradebook.db is (gone|damaged \(.*\); it was put aside as gradebook.db.damaged-1)\. The copy of the last run, "
                     r"grades/gradebook-copy.db, took its place: look whether points", done.stdout), done.stdout
    is_right(course)
    assert grades(course)["ada"]["explain"] == "1.5"
    assert "0 of them new" in run(course, where).stdout


def test_without_a_copy_everybody_is_graded_anew(again):
    course, where = again
    garbage(course / "exercises" / "gradebook.db")
    (course / "exercises" / "grades" / "gradebook-copy.db").unlink()
    done = run(course, where)
    assert "There is no copy of it: everybody is graded anew" in done.stdout and "2 of them new" in done.stdout
    is_right(course)
    assert grades(course)["ada"]["explain"] == ""


def test_a_torn_record_costs_a_new_grading(again):
    course, where = again
    (course / "exercises" / "grades" / f"{LESSON}.json").write_text("{")
    done = run(course, where)
    assert done.returncode == 0 and f"grades/{LESSON}.json is damaged; it was put aside" in done.stdout, done.stderr
    is_right(course)
    assert grades(course)["ada"]["explain"] == "1.5"  # unchanged words keep their points


def test_a_torn_graded_notebook_is_graded_anew(again):
    course, where = again
    path = course / "exercises" / "autograded" / "ada" / LESSON / FILE
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:3000])
    assert "1 of them new" in run(course, where).stdout
    is_right(course)
    json.loads(path.read_text(encoding="utf-8"))


def test_what_lies_in_the_way_is_put_out_of_it_or_named(again):
    course, where = again
    for name in ("autograded", "submitted"):
        shutil.rmtree(course / "exercises" / name / "ada")
        (course / "exercises" / name / "ada").write_text("in the way")
    record = course / "exercises" / "grades" / f"{LESSON}.json"
    state = json.loads(record.read_text())
    state["students"]["../x"] = state["students"].pop("bob")
    record.write_text(json.dumps(state))
    done = run(course, where)
    assert "is damaged; it was put aside" in done.stdout and not (course / "exercises" / "x").exists()
    is_right(course)
    path = course / "exercises" / "grades" / f"{LESSON}.csv"
    path.unlink()
    path.mkdir()
    done = run(course, where)
    assert done.returncode == 1 and done.stderr.startswith(f"Is a directory: {path}. What was graded is kept"), done.stderr


def test_a_full_disk_is_said_and_nothing_is_lost(again, monkeypatch):
    from confined import run as confined
    course, where = again
    monkeypatch.delenv("COURSE_VERDICTS")  # they are outside what can be written there
    hand_in(where, "carl", solved(explain="x" * 900_000))
    # The folders of the class are copied to a small disk in memory; the program that runs there is the course's own.
    code = f"""
import os, shutil, subprocess, sys
shutil.copytree({str(course)!r}, "/tmp/small/course")
left = os.statvfs("/tmp/small")
with open("/tmp/small/filler", "wb") as file:
    file.write(b"x" * (left.f_bavail * left.f_frsize - 700_000))
done = subprocess.run({[*RUN, str(where), '--sandbox', 'none']!r}, cwd="/tmp/small/course", capture_output=True, text=True)
print(done.returncode, "Traceback" in done.stdout + done.stderr, done.stderr)
os.remove("/tmp/small/filler")
done = subprocess.run({[*RUN, str(where), '--sandbox', 'none']!r}, cwd="/tmp/small/course", capture_output=True, text=True)
print(done.stdout, done.stderr)
"""
    said = confined(code, writable=course.parent, options=["--size", 60_000_000, "--tmpfs", "/tmp/small"])
    assert said.startswith("1 False"), said
    assert re.search(r"No space left on device.*give the command again|database or disk is full.*give the command again", said), said
    assert "3 submissions" in said and re.search(r"ada +2 +2 +2 +2 +2 +1.5", said) and re.search(r"carl +2 +2 +2 +2 +2", said), said


# ---------------------------------------------------------------- two runs, and runs that end early

def slow_class(folder, students=4):
    for i in range(students):
        hand_in(folder, f"slow-{i}", solved(accuracy=before("import time\ntime.sleep(3)", "accuracy")))
    return folder


def begin(course, where, until):
    """Start a run and wait until it says something."""
    process = subprocess.Popen([*RUN, str(where)], cwd=course, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True, env={**os.environ, "TQDM_MININTERVAL": "0", "PYTHONUNBUFFERED": "1"})
    said = ""
    while until not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return process


def test_a_second_run_says_no_and_the_first_ends_well(again, tmp_path, monkeypatch):
    course, where = again
    monkeypatch.delenv("COURSE_VERDICTS")
    slow_class(where, 2)
    first = begin(course, where, "of them new")
    other = run(course, tmp_path / "class")
    assert other.returncode == 1 and other.stderr.startswith("Another run is grading in this folder."), other.stderr
    assert first.wait(timeout=120) == 0
    is_right(course)
    assert "0 of them new" in run(course, where).stdout


@pytest.mark.parametrize("when, seconds", [("of them new", 2), ("Grading the reference", 6), ("", 0.6), ("", 1.8)])
def test_ctrl_c_ends_a_run_at_once_in_one_sentence(again, monkeypatch, when, seconds):
    course, where = again
    monkeypatch.delenv("COURSE_VERDICTS")
    slow_class(where)
    process = begin(course, where, when)
    time.sleep(seconds)
    started = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
    said, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < 2
    assert process.returncode == 1 and "Traceback" not in said
    assert said.strip().splitlines()[-1] in ("Stopped. What was graded is kept: the same command goes on from there.",
                                             "Stopped before anything was done."), said
    assert not psutil.wait_procs(started, timeout=3)[1]
    monkeypatch.undo()
    assert run(course, where).returncode == 0
    is_right(course)
    assert marks(grades(course)["slow-3"]) == FULL


def test_nobody_outlives_a_run_that_is_killed(again, monkeypatch):
    course, where = again
    monkeypatch.delenv("COURSE_VERDICTS")
    slow_class(where)
    process = begin(course, where, "of them new")
    until = time.monotonic() + 30
    while len(started := psutil.Process(process.pid).children(recursive=True)) < 6:  # a worker and what a sandbox is made of
        assert time.monotonic() < until, started
        time.sleep(0.1)
    process.kill()
    _, left = psutil.wait_procs(started, timeout=6)
    assert not left, left
    process.stdout.close()
    monkeypatch.undo()
    assert run(course, where).returncode == 0
    is_right(course)


# ---------------------------------------------------------------- course.toml

MISTAKES = [  # of each kind that is found at another place; all of them: test_course.py
    ("[04-softmax]\ndue = 2026-12-04", r"\[04-softmax\]: there are no such exercises. There are: 01-tensors"),
    (f"[{LESSON}]\ntasks = ['acuracy']", "there is no task acuracy. There are: stable_softmax"),
    (f"[{LESSON}\n", "can't be read"),
    ('timezone = "Zurich"', "timezone is 'Zurich'"),
    (f"[{LESSON}]\ntasks = ['accuracy', 'explain']", "The tasks of .* are others than when its first submission was graded"),
]


def test_a_mistake_in_course_toml_is_one_sentence_and_nothing_is_lost(again):
    course, where = again
    kept = {path: path.read_bytes() for name in ("grades", "submitted", "autograded") for path in (course / "exercises" / name).rglob("*")
            if path.is_file()}
    code = ("import json, sys\nfrom pathlib import Path\nfrom exercises.grading.__main__ import main\nsaid, sys.argv = [], sys.argv[:1] + sys.argv[2:]\n"
            "for text in json.loads(Path(sys.argv.pop()).read_text()):\n    Path('exercises/course.toml').write_text(text)\n"
            "    try:\n        main()\n        said.append('no mistake')\n    except SystemExit as end:\n        said.append(end.code)\nprint(json.dumps(said))")
    (course / "mistakes.json").write_text(json.dumps([text for text, _ in MISTAKES]))
    done = subprocess.run([sys.executable, "-c", code, "-", LESSON, str(where), "mistakes.json"], cwd=course, capture_output=True, text=True, timeout=300)
    for (text, words), said in zip(MISTAKES, json.loads(done.stdout.splitlines()[-1]), strict=True):
        assert re.search(words, said) and len(said.strip().splitlines()) == 1, (text, said)
    done = run(course, where)  # the last of them, as it is typed
    assert done.returncode == 1 and re.search(words, done.stderr) and len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert {path: path.read_bytes() for path in kept} == kept
    (course / "exercises" / "course.toml").write_text("")
    assert "0 of them new" in run(course, where).stdout
    is_right(course)


def test_the_cure_for_fewer_tasks_works(again):
    course, where = again
    (course / "exercises" / "course.toml").write_text(f"[{LESSON}]\ntasks = ['accuracy', 'explain']")
    cure = re.search(r"-m (nbgrader db assignment remove \S+ --force)", run(course, where).stderr)[1]
    subprocess.run([sys.executable, "-m", *cure.split()], cwd=course / "exercises", check=True, capture_output=True)
    assert run(course, where).returncode == 0
    assert float(grades(course)["bob"]["total"]) == 0 and list(grades(course)["bob"])[1:3] == ["accuracy", "explain"]


# ---------------------------------------------------------------- words marked by hand, and handed in anew

def test_words_that_changed_are_to_be_graded_again_and_show_their_old_points(again):
    course, where = again
    hand_in(where, "ada", solved(explain="My words.", accuracy=WRONG))  # another answer in code: the words keep their points
    run(course, where)
    row = grades(course)["ada"]
    assert row["explain"] == "1.5" and row["accuracy"] == "0.0" and "graded again" not in row["remarks"]
    hand_in(where, "ada", solved(explain="Quite other words."))
    said = run(course, where).stdout
    row = grades(course)["ada"]
    assert row["explain"] == "" and row["to grade by hand"] == "1" and row["total"] == "10.0"
    assert "explain: it is answered anew, and had 1.5 points" in row["remarks"]
    assert re.search(r"To be graded again by hand:\n  ada: explain: it is answered anew", said)
    hand_in(where, "ada", solved(explain="Quite other words.", accuracy=WRONG))  # still to be graded
    run(course, where)
    assert grades(course)["ada"]["explain"] == ""
    give(course, "ada", 2)
    run(course, where)
    row = grades(course)["ada"]
    assert row["explain"] == "2.0" and "answered anew" not in row["remarks"]


# ---------------------------------------------------------------- what only the clock stopped

@pytest.mark.exhaustive("two minutes and a half for one remark")
def test_what_a_busy_machine_stopped_is_graded_once_more_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_VERDICTS")
    course = copy_course(tmp_path / "course")
    with open(course / "exercises" / "nbgrader_config.py", "a") as file:
        file.write("\nc.RunAndJudge.cell_seconds = 2\n")
    works = before("import time\nend = time.process_time() + 1.7\nwhile time.process_time() < end: pass", "accuracy")
    hand_in(tmp_path / "class", "works", solved(accuracy=works))
    hand_in(tmp_path / "class", "asleep", solved(accuracy=before("import time\ntime.sleep(60)", "accuracy")))
    hand_in(tmp_path / "class", "busy", solved(accuracy=before("while True: pass", "accuracy")))
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
              for _ in range(5 * (os.cpu_count() or 1))]
    try:
        process = begin(course, tmp_path / "class", "stopped by the clock alone")
    finally:
        for other in others:
            other.kill()
            other.wait()
    said, _ = process.communicate(timeout=200)
    rows = grades(course)
    assert marks(rows["works"]) == FULL and marks(rows["asleep"]) == marks(rows["busy"]) == without("accuracy"), said
    assert "graded once more, alone, as only the clock had stopped it" in rows["works"]["remarks"]
    # A sleep is not repeated: nothing kept it from a processor.
    assert "accuracy: more than 6 s by the clock, interrupted" in rows["asleep"]["remarks"] and "once more" not in rows["asleep"]["remarks"]
    assert "accuracy: more than 2 s, interrupted" in rows["busy"]["remarks"]


# ---------------------------------------------------------------- dates

def test_a_due_date_counts_the_same_for_a_folder_and_a_zip(tmp_path):
    """A file saved at 11:30 in Zurich is in time for noon there, and late for 11:00, on a computer in any time zone."""
    code = ("import sys; from exercises.grading import collect, plug, release; "
            f"print(*(found.modified.isoformat() for where in sys.argv[1:] for found in collect.collect(where, {LESSON!r}, plug.template({LESSON!r}), {{}}, release.timezone())))")
    for zone, due in (("UTC", "2026-11-05T12:00:00"), ("Asia/Tokyo", "2026-11-05T11:00:00")):
        saved = 1793874600  # 2026-11-05 10:30 UTC, 11:30 in Zurich
        folder = tmp_path / zone.replace("/", "-")
        course = copy_course_into(folder)
        path = folder / "class" / "ada" / FILE
        hand_in(folder / "class", "ada", solved())
        os.utime(path, (saved, saved))
        with zipfile.ZipFile(folder / "class.zip", "w") as archive:
            info = zipfile.ZipInfo(f"ada/{FILE}", (2026, 11, 5, 11, 30, 0))  # a zip's date is the wall's, of the learning system
            archive.writestr(info, path.read_bytes())
        (course / "exercises" / "course.toml").write_text(f'timezone = "Europe/Zurich"\n[{LESSON}]\ndue = {due}\n')
        done = subprocess.run([sys.executable, "-c", code, folder / "class", folder / "class.zip"], cwd=course, capture_output=True, text=True, env={**os.environ, "TZ": zone})
        assert done.stdout.split() == ["2026-11-05T10:30:00+00:00"] * 2, done
        assert run(course, folder / ("class" if zone == "UTC" else "class.zip"), TZ=zone).returncode == 0
        assert ("late by" in grades(course)["ada"]["remarks"]) == due.endswith("T11:00:00"), zone


def copy_course_into(folder):
    folder.mkdir(parents=True)
    return copy_course(folder / "course")


def test_without_a_time_zone_it_is_the_computers(tmp_path):
    code = ("import sys, json; sys.path.insert(0, '.'); from exercises.grading import release; "
            f"print(release.settings({LESSON!r})['due'].timestamp())")
    course = copy_course(tmp_path / "course")
    (course / "exercises" / "course.toml").write_text(f"[{LESSON}]\ndue = 2026-07-01T12:00:00\n")
    for zone, hour in (("UTC", 12), ("Europe/Zurich", 10), ("America/New_York", 16)):
        done = subprocess.run([sys.executable, "-c", code], cwd=course, capture_output=True, text=True, env={**os.environ, "TZ": zone})
        assert datetime.fromtimestamp(float(done.stdout), timezone.utc).hour == hour, done.stderr


def test_a_cell_that_failed_is_named(tmp_path):
    course = copy_course(tmp_path / "course")
    for student, code, words in (("asks", "n = input('how many?')", "input() asks for an answer, and nobody is there"),
                                 ("window", "import matplotlib\nmatplotlib.use('TkAgg')\nfrom matplotlib import pyplot", "TkAgg")):
        hand_in(tmp_path / "class", student, solved(accuracy=before(code, "accuracy")))
    done = run(course, tmp_path / "class")
    rows = grades(course)
    assert marks(rows["asks"]) == without("accuracy")
    assert "accuracy: its cell failed (EOFError: input() asks for an answer, and nobody is there" in rows["asks"]["remarks"]
    assert "TkAgg" in rows["window"]["remarks"] and "Cells that failed:" in done.stdout
