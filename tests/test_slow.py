"""What the prose claims "for any seed": each lesson again, on the real sets, from other seeds.

Every lesson asserts the ranges that its text states, so it is enough that it runs to its end.
"""
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
from lessons import PEAK  # noqa: E402

LESSONS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.exhaustive("the real data sets, minutes a lesson")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("shift", [100])  # with the committed run: two seeds; 200 to 400 were run by hand
def test_the_lesson_holds_for_another_seed(path, shift):
    assert os.environ.get("COURSE_DATA") == "real", "run with COURSE_DATA=real and COURSE_DATA_DIR"
    lesson = nbformat.read(path, as_version=4)
    shifted = 0
    for cell in lesson.cells:
        if cell.cell_type == "code":
            cell.source, n = re.subn(r"\b(set_seed\(|restart\(|start\(|seed=)(\d+)",
                                     lambda m: f"{m[1]}{int(m[2]) + shift}", cell.source)
            shifted += n
    assert shifted, "no seed found to shift"
    lesson.cells.append(nbformat.v4.new_code_cell(PEAK))
    NotebookClient(lesson, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}).execute()
    # Binder gives a session 1 GB for sure, and its server takes some of that.
    assert int(lesson.cells[-1].outputs[0]["text"]) < 900e6, "memory at the peak, in bytes"
