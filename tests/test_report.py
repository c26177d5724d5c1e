"""What an instructor gets, without grading anything: whose notebook counts, the table, the CSV and the remarks.

That formulas stay out of the CSV, that a link in a zip is not followed and which of several notebooks counts was seen by the slow tests only, or by none.
"""
import csv
import json
import os
import re
import stat
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("nbgrader")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from classroom import FILE, LESSON, release, solved  # noqa: E402
from exercises.grading import report  # noqa: E402
from exercises.grading.collect import collect  # noqa: E402
from exercises.grading.mend import mend  # noqa: E402

TASKS = ["stable_softmax-check", "explain"]


@pytest.fixture
def told(monkeypatch, tmp_path, capsys):
    """report's text and the CSV's rows for {folder: (entry, points, old points, seconds late)}; `notebooks`: what grading wrote in them."""
    def told(students, notebooks=()):
        entries = {folder: {"name": folder, "failed": "", "lost": "", "notes": [], **entry} for folder, (entry, *_) in students.items()}
        marks = {folder: dict(zip(TASKS, points)) for folder, (_, points, *_) in students.items()}
        monkeypatch.setattr(report, "scores", lambda lesson, database: (
            TASKS, {TASKS[0]: 2.0, TASKS[1]: 2.0}, marks, {folder: old for folder, (_, _, old, _) in students.items()},
            {folder: late for folder, (*_, late) in students.items()}))
        monkeypatch.setattr(report.keep, "autograded", lambda lesson, student: {"metadata": dict(notebooks).get(student, {})})
        report.report(LESSON, "", {"students": entries}, tmp_path)
        text = (tmp_path / f"{LESSON}.csv").read_text(encoding="utf-8")
        assert (tmp_path / f"{LESSON}.png").read_bytes().startswith(b"\x89PNG")
        return capsys.readouterr().out, list(csv.DictReader(text.splitlines()))
    return told


def test_points_stand_in_their_columns_and_what_is_to_grade_by_hand_stays_empty(told):
    text, (ada, bob) = told({"ada": ({}, (2.0, None), {}, 0), "bob": ({"name": "Bob Ross"}, (0.5, 1.0), {}, 0)})
    assert ada == {"student": "ada", "stable_softmax": "2.0", "explain": "", "total": "2.0", "of": "4.0", "to grade by hand": "1", "remarks": "",
                   "folder": "ada"}
    assert bob == {"student": "Bob Ross", "stable_softmax": "0.5", "explain": "1.0", "total": "1.5", "of": "4.0", "to grade by hand": "0",
                   "remarks": "", "folder": "bob"}
    assert [line.split() for line in text.splitlines()[3:6]] == [["student", "1", "2", "total", "remarks"], ["ada", "2", "-", "2"],
                                                                  ["Bob", "Ross", "0.5", "1", "1.5"]]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "＝1+1", " =1+1", "Ada;=1+1", '"=1+1'])
def test_a_students_words_never_become_a_formula(told, name):
    """In any column, also where a spreadsheet separates cells by other signs than commas."""
    _, (row,) = told({"ada": ({"name": name, "notes": [name]}, (2.0, 2.0), {}, 0)})
    for cell in (row["student"], row["remarks"]):
        assert not re.search(r"(^|[,;|\t\"])\s*[=+\-@＝＋－＠]", cell), cell
        assert re.search(r"'[=+\-@＝＋－＠]", cell), cell  # it is told, behind an apostrophe


def test_lateness_is_told_in_hours_and_nobody_is_late_for_nothing(told):
    text, rows = told({"ada": ({}, (2.0, 2.0), {}, 5400), "bob": ({}, (2.0, 2.0), {}, 0)})
    assert [row["remarks"] for row in rows] == ["late by 1.5 h", ""] and "Late:\n  ada: late by 1.5 h\n" in text


def test_remarks_are_short_and_stand_under_their_titles(told):
    noted = {"stopped": ["accuracy: more than 30 s, interrupted"], "failed": ["cell 3: NameError"], "remarks": ["marks of cells were lost"]}
    text, (row,) = told({"ada": ({"failed": "the grader broke", "lost": "x" * 500, "notes": ["the file was called a.ipynb"], "again": True},
                                 (0.0, None), {"explain": 1.5}, 0)}, {"ada": noted})
    order = [text.index(f"\n{title}:\n") for title in report.TITLES[:5]]
    assert order == sorted(order) and "To be graded again by hand:\n  ada: explain: it is answered anew, and had 1.5 points\n" in text
    assert "Stopped by a limit:\n  ada: accuracy: more than 30 s, interrupted\n  ada: graded once more, alone" in text
    assert "Could not be graded (0 points):\n  ada: the grader broke\n  ada: xxx" in text
    assert max(len(line) for line in text.splitlines() if "xxx" in line) <= len("  ada: ") + report.LONGEST
    assert "x" * (report.LONGEST + 1) not in row["remarks"] and "the file was called a.ipynb" in row["remarks"]


def test_a_remark_can_not_steer_a_terminal(told):
    text, (row,) = told({"ada": ({"notes": ["\x1b[31mred\x1b[2J\r\n\x07 end"]}, (2.0, 2.0), {}, 0)})
    assert not {"\x1b", "\x07", "\r"} & set(text + row["remarks"]) and "end" in row["remarks"]


# ---------------------------------------------------------------- which notebook counts

def answered(*tasks):
    """The release with these tasks answered as the worked exercise answers them."""
    nb, full = release(), {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in solved().cells}
    for cell in nb.cells:
        if (name := cell.metadata.get("nbgrader", {}).get("grade_id")) in tasks:
            cell.source = full[name]
    return json.dumps(nb).encode()


def handed_in(folder, files, times=()):
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
        if name in dict(times):
            os.utime(folder / name, (dict(times)[name],) * 2)
    return folder.parent


def test_of_several_notebooks_the_one_with_the_most_answers_counts_whatever_its_name_and_age(tmp_path):
    files = {FILE: answered(), "mine.ipynb": answered("stable_softmax", "accuracy"), "old.ipynb": answered("stable_softmax")}
    found, = collect(handed_in(tmp_path / "ada", files, {FILE: 2e9, "mine.ipynb": 1e9, "old.ipynb": 1.5e9}), LESSON, release())
    assert any(note.startswith("mine.ipynb counts; also there:") for note in found.notes)
    assert "the file was called mine.ipynb" in found.notes


def test_of_equal_notebooks_the_right_name_counts_and_then_the_newest(tmp_path):
    same = answered("accuracy")
    found, = collect(handed_in(tmp_path / "ada", {FILE: same, "a.ipynb": same}, {FILE: 1e9, "a.ipynb": 2e9}), LESSON, release())
    assert any(note.startswith(f"{FILE} counts") for note in found.notes)
    (tmp_path / "more").mkdir()
    found, = collect(handed_in(tmp_path / "more" / "bob", {"a.ipynb": same, "b.ipynb": same}, {"a.ipynb": 2e9, "b.ipynb": 1e9}), LESSON, release())
    assert any(note.startswith("a.ipynb counts") for note in found.notes)


def test_a_link_in_a_zip_is_not_followed(tmp_path):
    """Its content would be the name of a file of the instructor's."""
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        link = zipfile.ZipInfo(f"ada/{FILE}")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(f"bob/{FILE}", answered("accuracy"))
    ada, bob = sorted(collect(tmp_path / "class.zip", LESSON, release()), key=lambda each: each.name)
    assert "it is a link, and links are not followed" in ada.lost and not bob.lost


# ---------------------------------------------------------------- which answer counts

def test_of_two_tries_at_an_answer_all_run_and_the_last_stands(tmp_path):
    nb = nbformat.from_dict(json.loads(answered()))
    i = next(i for i, cell in enumerate(nb.cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == "accuracy")
    first, second = (nbformat.v4.new_code_cell(f"def accuracy(O, y):\n    return {n}") for n in (1, 2))
    first.metadata = second.metadata = nb.cells[i].metadata
    nb.cells[i:i + 1] = [first, second]
    mended, _ = mend(json.dumps(nb).encode(), release())
    sources = [cell.source for cell in mended.cells if "def accuracy(O, y):\n    return" in cell.source]
    assert sources == [first.source, second.source]
    marked, = [cell for cell in mended.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "accuracy"]
    assert marked.source == second.source
