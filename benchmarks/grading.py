"""A class graded by `make grade` and by nbgrader's own autograde, in one run: seconds a submission.

Both grade the same right submissions of one lesson in copies of the course. nbgrader's own run has none of
this course's steps: no sandbox, no mending, student code in the test's process.

    python benchmarks/grading.py [--lesson ...] [--students ...] [--renew]
"""
import argparse
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from classroom import copy_course  # noqa: E402
from page import report  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
PLAIN = """import os, sys
from pathlib import Path
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
c = get_config()
"""


def solved(lesson):
    path = f"{lesson}/{lesson}-exercises.ipynb"
    nb = nbformat.read(ROOT / "exercises" / "release" / path, as_version=4)
    source = nbformat.read(ROOT / "exercises" / "source" / path, as_version=4)
    answers = {cell.id: cell.source for cell in source.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    for cell in nb.cells:
        cell.source = answers.get(cell.id, cell.source)
    return json.dumps(nb)


def timed(command, folder):
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lesson", default="04-softmax-from-scratch")
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--renew", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    lesson, n = options.lesson, options.students
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        ours, plain = (copy_course(folder / kind) / "exercises" for kind in ("ours", "plain"))
        class_ = folder / "class"
        (plain / "nbgrader_config.py").write_text(PLAIN, encoding="utf-8")
        for i in range(n):
            for target in (class_ / f"s{i:03}", plain / "submitted" / f"s{i:03}" / lesson):
                target.mkdir(parents=True)
                (target / f"{lesson}-exercises.ipynb").write_text(solved(lesson), encoding="utf-8")
        timed(["nbgrader", "generate_assignment", lesson, "--force"], plain)
        theirs = timed(["nbgrader", "autograde", lesson], plain)
        mine = timed(["exercises.grading", lesson, str(class_)], ours.parent)
    from common import where
    bubblewrap = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    report("grading", ("", "seconds", "a submission"), [(way, f"{taken:.1f}", f"{taken / n:.2f}") for way, taken in (
        ("`make grade`, sandboxed, two at a time", mine), ("`nbgrader autograde`, student code with the grader's rights", theirs))],
        f"{n} right submissions of lesson {lesson[:2]}'s exercises: `make grade` is {theirs / mine:.2f} times faster.",
        f"{where()[:-1]}, nbgrader {importlib.metadata.version('nbgrader')}, {bubblewrap}.")


if __name__ == "__main__":
    main()
