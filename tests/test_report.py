"""What an instructor gets, without grading anything: whose notebook counts, the table, the CSV and the remarks.

That formulas stay out of the CSV, that a link in a zip is not followed and which of several notebooks counts was seen by the slow tests only, or by none.
"""
import csv
import datetime
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
from nbgrader.api import Gradebook  # noqa: E402

from classroom import FILE, LESSON, release, solved  # noqa: E402
from exercises.grading import late, plug, report, run  # noqa: E402
from exercises.grading.collect import collect  # noqa: E402
from exercises.grading.mend import mend  # noqa: E402

TASKS = ["stable_softmax-check", "explain"]


@pytest.fixture
def told(monkeypatch, tmp_path, capsys):
    """report's text and the CSV's rows for {folder: (entry, points, old points, seconds late)}; `notebooks`: what grading wrote in them;
    `policy`: what lateness costs; `strangers`: extensions of nobody."""
    def told(students, notebooks=(), policy=(), strangers=()):
        entries = {folder: {"name": folder, "failed": "", "lost": "", "notes": [], **entry} for folder, (entry, *_) in students.items()}
        marks = {folder: dict(zip(TASKS, points)) for folder, (_, points, *_) in students.items()}
        state, gradebook = {"students": entries}, "sqlite:///the gradebook"
        kept = {(LESSON, gradebook): (TASKS, {TASKS[0]: 2.0, TASKS[1]: 2.0}, marks, {folder: old for folder, (_, _, old, _) in students.items()})}
        monkeypatch.setattr(report, "scores", lambda lesson, database: kept[lesson, database])
        costs = {folder: late.cost(seconds, sum(filter(None, points)), 4.0, dict(policy)) for folder, (_, points, _, seconds) in students.items()}
        monkeypatch.setattr(report.late, "apply", lambda lesson, database, names: (
            costs if (lesson, database, names) == (LESSON, gradebook, late.names(state)) else {}, list(strangers)))
        monkeypatch.setattr(report.keep, "autograded", lambda lesson, student: {"metadata": dict(notebooks).get(student, {})} if lesson == LESSON else {})
        report.report(LESSON, gradebook, state, tmp_path)
        text = (tmp_path / f"{LESSON}.csv").read_text(encoding="utf-8")
        assert (tmp_path / f"{LESSON}.png").read_bytes().startswith(b"\x89PNG")
        return capsys.readouterr().out, list(csv.DictReader(text.splitlines()))
    return told


def test_points_stand_in_their_columns_and_what_is_to_grade_by_hand_stays_empty(told):
    text, (ada, bob) = told({"ada": ({}, (2.0, None), {}, 0), "bob": ({"name": "Bob Ross"}, (0.5, 1.0), {}, 0)})
    assert ada == {"student": "ada", "stable_softmax": "2.0", "explain": "", "raw": "2.0", "deduction": "0.0", "total": "2.0", "of": "4.0", "to grade by hand": "1", "remarks": "",
                   "folder": "ada"}
    assert bob == {"student": "Bob Ross", "stable_softmax": "0.5", "explain": "1.0", "raw": "1.5", "deduction": "0.0", "total": "1.5", "of": "4.0", "to grade by hand": "0",
                   "remarks": "", "folder": "bob"}
    assert [line.split() for line in text.splitlines()[3:6]] == [["student", "1", "2", "total", "remarks"], ["ada", "2", "-", "2"],
                                                                  ["Bob", "Ross", "0.5", "1", "1.5"]]


def test_a_task_that_the_gradebook_has_no_points_of_stays_empty_and_counts_nothing(told, tmp_path):
    _, (ada,) = told({"ada": ({}, (), {}, 0)})
    assert [ada[name] for name in ("stable_softmax", "explain", "raw", "total", "to grade by hand")] == ["", "", "0.0", "0.0", "2"]
    assert (tmp_path / f"{LESSON}.csv").read_bytes().count(b"\r\n") == 2, "lines end as those of a CSV do"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "＝1+1", " =1+1", "Ada;=1+1", '"=1+1'])
def test_a_students_words_never_become_a_formula(told, name):
    """In any column, also where a spreadsheet separates cells by other signs than commas."""
    _, (row,) = told({"ada": ({"name": name, "notes": [name]}, (2.0, 2.0), {}, 0)})
    for cell in (row["student"], row["remarks"]):
        assert not re.search(r"(^|[,;|\t\"])\s*[=+\-@＝＋－＠]", cell), cell
        assert re.search(r"'[=+\-@＝＋－＠]", cell), cell  # it is told, behind an apostrophe


def test_lateness_is_told_in_hours_and_nobody_is_late_for_nothing(told):
    text, rows = told({"ada": ({}, (2.0, 2.0), {}, 5400), "bob": ({}, (2.0, 2.0), {}, 0)})
    assert [row["remarks"] for row in rows] == ["late by 1 h 30 min", ""] and "Late:\n  ada: late by 1 h 30 min\n" in text


def test_what_lateness_costs_is_taken_off_told_and_drawn(told, monkeypatch):
    drawn, plot = [], report._plot
    monkeypatch.setattr(report, "_plot", lambda *asked: drawn.append(asked) or plot(*asked))
    text, (ada, bob) = told({"ada": ({}, (2.0, 2.0), {}, 90000), "bob": ({}, (2.0, 2.0), {}, 0)}, policy={"percent": 10}, strangers=["carol", "=x"])
    assert (ada["raw"], ada["deduction"], ada["total"], ada["remarks"]) == ("4.0", "0.8", "3.2", "late by 25 h: 2 days begun, 20 % of 4 points: -0.8 of 4")
    assert (bob["raw"], bob["deduction"], bob["total"], bob["remarks"]) == ("4.0", "0.0", "4.0", "") and drawn == [([3.2, 4.0], 4.0, LESSON)]
    assert re.search(r"ada +2 +2 +3\.2 +1", text) and "Extensions in course.toml for nobody here, or for two: carol, =x" in text


def test_remarks_are_short_and_stand_under_their_titles(told):
    noted = {"stopped": ["accuracy: more than 30 s, interrupted"], "failed": ["cell 3: NameError"], "remarks": ["marks of cells were lost"]}
    text, (row,) = told({"ada": ({"failed": "the grader broke", "lost": "x" * 500, "notes": ["the file was called a.ipynb"], "again": True},
                                 (0.0, None), {"explain": 1.5}, 0)}, {"ada": noted})
    order = [text.index(f"\n{title}:\n") for title in report.TITLES[:5]]
    assert order == sorted(order) and "To be graded again by hand:\n  ada: explain: it is answered anew, and had 1.5 points\n" in text
    assert "Stopped by a limit:\n  ada: accuracy: more than 30 s, interrupted\n  ada: graded once more, alone" in text
    assert "Could not be graded (0 points):\n  ada: the grader broke\n  ada: xxx" in text
    assert "Mended:\n  ada: marks of cells were lost\n  ada: the file was called a.ipynb\n" in text
    assert max(len(line) for line in text.splitlines() if "xxx" in line) <= len("  ada: ") + report.LONGEST
    assert report.LONGEST == 200 and re.search("x{100}", row["remarks"]), "as the page says"
    assert "x" * (report.LONGEST + 1) not in row["remarks"] and "the file was called a.ipynb" in row["remarks"]


def test_what_does_not_count_is_named_and_costs_no_points(told):
    text, (row,) = told({"ada": ({"refused": ["ada+x: it is a link", "bob+x: it says that it is bob's, and it belongs to ada"]}, (2.0, 2.0), {}, 0)})
    assert "Not counted:\n  ada: ada+x: it is a link\n  ada: bob+x: it says" in text and row["total"] == "4.0" and "bob+x" in row["remarks"]


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
    for name, newest in (("a", 2e9), ("b", 1e9)):  # whichever comes first in the folder
        (tmp_path / name).mkdir()
        found, = collect(handed_in(tmp_path / name / "bob", {"a.ipynb": same, "b.ipynb": same}, {"a.ipynb": newest, "b.ipynb": 1.5e9}), LESSON, release())
        assert any(note.startswith(f"{name}.ipynb counts") for note in found.notes)


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


@pytest.mark.parametrize("name", ["mine.ipynb", "MINE.IPYNB", "mine.ipynb.txt", "mine.txt", "Mine.JSON", "mine.ipynb (1)"])
def test_a_notebook_is_known_by_what_it_holds_whatever_it_is_called(tmp_path, name):
    found, = collect(handed_in(tmp_path / "ada", {name: answered("accuracy"), "notes.txt": b"hello", "picture.png": b"\x89PNG", "zoo.json": b"[]"}), LESSON, release())
    assert not found.lost and found.notes == [f"the file was called {name}"] and found.data


@pytest.mark.parametrize("files, lost", [
    ({"a.pdf": b"%PDF", "b.docx": b"PK"}, "no notebook among: a.pdf, b.docx"), ({"a.zip": b"PK"}, "no notebook among: a.zip (an archive: ask for the notebook itself)"),
    ({"other.ipynb": b'{"cells": [{"cell_type": "code", "source": "1"}]}'}, "other.ipynb holds nothing of this exercise; was another one handed in?"),
    ({}, "an empty folder")])
def test_a_folder_without_this_exercise_says_what_it_has(tmp_path, files, lost):
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / FILE).write_bytes(answered())
    found = {each.name: each for each in collect(handed_in(tmp_path / "ada", files), LESSON, release())}
    assert found["ada"].lost == lost and not found["bob"].lost


def test_a_file_keeps_the_time_at_which_it_was_saved(tmp_path):
    found, = collect(handed_in(tmp_path / "ada", {FILE: answered()}, {FILE: 1.7e9}), LESSON, release())
    assert found.modified == datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc)


# ---------------------------------------------------------------- the report, to the letter

def test_the_table_as_it_is_printed(told):
    text, _ = told({"ada": ({}, (2.0, None), {"explain": 1.5}, 0), "bob": ({"name": "Roberta"}, (0.25, 10.0), {}, 90)})
    table, remarks = text.split("\nTo be graded again by hand:")
    assert table == ("\n1: stable_softmax (2)  2: explain (2)\n"
                     "\nstudent      1    2  total  remarks\nada          2    -      2  1\nRoberta   0.25   10  10.25  1\n"
                     "(-: to be graded by hand. Remarks are listed below and in the CSV.)\n")
    assert remarks.splitlines()[1:] == ["  ada: explain: it is answered anew, and had 1.5 points", "", "Late:", "  Roberta: late by 1 min 30 s", "",
                                        remarks.splitlines()[-1]]
    assert re.fullmatch(rf"Written: (?P<folder>.*/){LESSON}\.csv and (?P=folder){LESSON}\.png", remarks.splitlines()[-1])


def test_who_is_not_in_the_gradebook_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(report, "scores", lambda lesson, database: (TASKS, dict.fromkeys(TASKS, 2.0), {"ada": dict.fromkeys(TASKS, 1.0)}, {"ada": {}}))
    monkeypatch.setattr(report.late, "apply", lambda lesson, database, names: ({"ada": late.Lateness()}, []))
    monkeypatch.setattr(report.keep, "autograded", lambda lesson, student: {})
    entry = {"failed": "", "lost": "", "notes": []}
    report.report(LESSON, "", {"students": {"zoe": entry, "ada": entry, "bob": {**entry, "name": "Bob\x1b Ross"}}}, tmp_path)
    assert "\nNot in the gradebook, give the command again: Bob Ross, zoe\n" in capsys.readouterr().out


def test_the_picture_counts_students_by_whole_points(monkeypatch):
    from matplotlib import pyplot as plt
    from matplotlib.colors import to_hex
    figures = []
    monkeypatch.setattr(plt, "close", figures.append)
    png = report._plot([0, 2.0, 2.4, 10], 10.0, LESSON)
    fig, = figures
    ax, = fig.axes
    assert png.startswith(b"\x89PNG") and int.from_bytes(png[16:20]) == 600 and int.from_bytes(png[20:24]) == 300
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("points of 10", "students", f"{LESSON}: 4 submissions")
    bars = {round(bar.get_x() + bar.get_width() / 2, 6): (bar.get_height(), round(bar.get_width(), 6)) for bar in ax.patches}
    assert bars == {float(points): ({0: 1, 2: 2, 10: 1}.get(points, 0), 0.9) for points in range(11)}
    assert {to_hex(bar.get_facecolor()) for bar in ax.patches} == {"#0072b2"} and ax.yaxis.get_major_locator()._integer
    assert type(fig.get_layout_engine()).__name__ == "ConstrainedLayoutEngine"
    monkeypatch.undo()
    plt.close("all")


def test_the_picture_needs_no_window_and_its_size_is_the_same_whatever_matplotlibs_settings_say():
    import matplotlib
    with matplotlib.rc_context({"savefig.dpi": 50}):
        matplotlib.use("svg")
        png = report._plot([1.0], 2.0, LESSON)
        assert matplotlib.get_backend().lower() == "agg" and int.from_bytes(png[16:20]) == 600


# ---------------------------------------------------------------- what is graded again, and what a page shows

@pytest.fixture
def taken(tmp_path, monkeypatch):
    """taken(force=..., graded=..., notebook=...): whom a run would grade, of one class whose record it keeps in `taken.state`; `graded`:
    whether the gradebook has Ada, `notebook`: whether her graded notebook is there, as it is then if not said otherwise."""
    (tmp_path / "class").mkdir()
    handed_in(tmp_path / "class" / "ada", {FILE: answered("accuracy")})
    monkeypatch.setattr(run, "EXERCISES", tmp_path / "exercises")
    monkeypatch.setattr(run.release, "timezone", lambda: None)

    def take(graded=True, force=False, notebook=None):
        notebook = graded if notebook is None else notebook
        monkeypatch.setattr(run.keep, "recorded", lambda lesson: ({"ada"} if graded else set(), {}))
        monkeypatch.setattr(run.keep, "autograded", lambda lesson, student: {"cells": []} if notebook else {})
        monkeypatch.setattr(run.keep, "reworded", lambda *_: [])
        return list(run.take_in(LESSON, tmp_path / "class", take.state, force))

    take.state, take.folder = {}, tmp_path
    return take


def test_only_what_is_new_or_failed_is_graded_again(taken):
    """An old score once stayed after the grader had failed on a submission."""
    assert taken(graded=False) == ["ada"]
    assert taken() == [] and taken(force=True) == ["ada"] and taken(graded=False) == ["ada"]
    taken.state["students"]["ada"]["failed"] = "the grader broke"
    assert taken() == ["ada"] and taken.state["students"]["ada"]["failed"] == ""
    (taken.folder / "class" / "ada" / FILE).write_bytes(answered("accuracy", "smooth_labels"))
    assert taken() == ["ada"] and taken() == []


def test_what_can_not_be_graded_takes_the_place_of_nothing_that_was(taken):
    """A damaged file, a link, an empty folder, handed in after a good one: its points stay, and the remark says why."""
    assert taken(graded=False) == ["ada"]
    entry, submitted = taken.state["students"]["ada"], taken.folder / "exercises" / "submitted" / "ada" / LESSON
    before = {**entry, "refused": []}, (submitted / FILE).read_bytes()
    file = taken.folder / "class" / "ada" / FILE
    for spoil, reason in ((lambda: file.write_bytes(b"{"), "not readable"), (lambda: (file.unlink(), file.symlink_to("/etc/hostname")), "it is a link"),
                          (file.unlink, "an empty folder")):
        spoil()
        assert taken() == [] and ({**entry, "refused": []}, (submitted / FILE).read_bytes()) == before
        said, = entry["refused"]
        assert said.startswith("what was handed in last, as it can't be graded; what was graded before stays (") and reason in said
    file.write_bytes(answered("accuracy"))
    assert taken() == [] and taken.state["students"]["ada"]["refused"] == []
    file.unlink()
    assert taken(force=True) == ["ada"] and taken.state["students"]["ada"]["lost"] == "an empty folder"
    file.write_bytes(b"{")
    assert taken() == ["ada"] and "not readable" in taken.state["students"]["ada"]["lost"], "nothing that could be graded was there"


def test_a_grade_without_its_notebook_is_none_nor_a_notebook_without_its_grade(taken):
    """Somebody deleted autograded/, or the gradebook."""
    assert taken(graded=False) == ["ada"] and taken() == []
    assert taken(notebook=False) == ["ada"] and taken(graded=False, notebook=True) == ["ada"] and taken() == []
    file = taken.folder / "class" / "ada" / FILE
    file.write_bytes(b"{")
    assert taken(notebook=False) == ["ada"], "there is nothing that could stay"


def test_what_can_not_be_graded_keeps_nobody_else_from_being_graded(taken):
    assert taken(graded=False) == ["ada"]
    (taken.folder / "class" / "ada" / FILE).write_bytes(b"{")
    handed_in(taken.folder / "class" / "bob", {FILE: answered("accuracy")})
    assert taken() == ["bob"] and taken.state["students"]["ada"]["refused"]


def test_what_was_mended_is_noted_and_what_can_not_be_read_is_said_once(taken):
    assert taken(graded=False) == ["ada"] and taken.state["students"]["ada"]["notes"] == []
    file, nb = taken.folder / "class" / "ada" / FILE, json.loads(answered("accuracy"))
    nb["cells"] = [cell for cell in nb["cells"] if cell["id"] != "accuracy-check"]
    file.write_bytes(json.dumps(nb).encode())
    assert taken() == ["ada"] and taken.state["students"]["ada"]["notes"] == ["accuracy-check: the cell was missing, put back"]
    file.write_bytes(b"{")
    assert taken(force=True) == ["ada"] and "not readable" in taken.state["students"]["ada"]["lost"] and taken.state["students"]["ada"]["notes"] == []


@pytest.mark.parametrize("why", ["the grader broke on what was there", "the record is gone"])
def test_what_can_not_be_graded_is_taken_where_nothing_good_is_known(why, taken):
    assert taken(graded=False) == ["ada"]
    (taken.folder / "class" / "ada" / FILE).write_bytes(b"{")
    if why == "the record is gone":
        taken.state.clear()
    else:
        taken.state["students"]["ada"]["failed"] = "a disk"
    assert taken() == ["ada"] and "not readable" in taken.state["students"]["ada"]["lost"] and taken.state["students"]["ada"]["failed"] == ""


def test_a_file_in_the_way_of_a_students_folder_goes_and_a_folder_stays(taken):
    place = taken.folder / "exercises" / "autograded" / "ada"
    (place / "01-tensors").mkdir(parents=True)
    assert taken(graded=False) == ["ada"] and (place / "01-tensors").is_dir()
    (place / "01-tensors").rmdir()
    place.rmdir()
    place.write_text("in the way")
    assert taken(graded=False) == ["ada"] and not place.exists()


def test_who_is_to_be_graded_once_more_stays_so_until_it_is_done(taken):
    assert taken(graded=False) == ["ada"] and taken.state["students"]["ada"]["again"] is False
    assert taken() == [] and taken.state["students"]["ada"]["again"] is False
    taken.state["students"]["ada"]["again"] = True
    assert taken() == [] and taken.state["students"]["ada"]["again"] is True
    assert taken(force=True) == ["ada"] and taken.state["students"]["ada"]["again"] is False


def test_everybody_has_a_secret_or_nbgrader_releases_feedback_to_nobody_after_them(taken):
    secret = taken.folder / "exercises" / "submitted" / "ada" / LESSON / "submission_secret.txt"
    taken(graded=False)
    drawn = secret.read_text()
    assert re.fullmatch("[0-9a-f]{128}", drawn)
    taken(force=True)
    assert secret.read_text() != drawn
    (taken.folder / "class" / "ada" / "submission_secret.txt").write_text("a" * 128)
    assert taken() == ["ada"] and secret.read_text() == "a" * 128


def test_a_mended_check_grades_everybody_again(taken, monkeypatch):
    assert taken(graded=False) == ["ada"] and taken() == []
    (run.EXERCISES / "checks").mkdir(parents=True)
    (run.EXERCISES / "checks" / "softmax.py").write_text("# mended")
    assert taken() == ["ada"] and taken() == []
    (run.EXERCISES / "source" / LESSON).mkdir(parents=True)
    (run.EXERCISES / "source" / LESSON / FILE).write_text("{}")  # its hidden tests
    assert taken() == ["ada"] and taken() == []
    monkeypatch.setattr(run, "VERSION", "another")
    assert taken() == ["ada"] and taken() == []
    fewer = run.template(LESSON)
    fewer = nbformat.from_dict({**fewer, "cells": [cell for cell in fewer.cells if not cell.id.startswith("accuracy")]})
    monkeypatch.setattr(run, "template", lambda lesson: fewer)  # other tasks or points in course.toml
    assert taken() == ["ada"] and taken() == []


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_points_given_by_hand_stay_while_the_words_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # where nbgrader finds alembic
    name = FILE.removesuffix(".ipynb")
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        gradebook.add_assignment(LESSON)
        gradebook.add_notebook(name, LESSON)
        gradebook.add_grade_cell("explain", name, LESSON, max_score=2, cell_type="markdown")
        gradebook.add_student("ada")
        gradebook.add_submission(LESSON, "ada")
        cell = nbformat.v4.new_markdown_cell("My words.", metadata={"nbgrader": {
            "grade_id": "explain", "grade": True, "solution": True, "locked": False, "points": 2, "cell_type": "markdown", "checksum": "x", "schema_version": 3}})
        for given, before, reworded, asked in ((1.0, False, [], False), (1.0, False, ["explain"], True), (1.0, False, ["other"], False), (1.0, False, None, True),
                                               (1.0, True, ["other"], True), (1.0, True, [], True),  # asked for again, and not given yet
                                               (None, False, [], True), (None, False, ["other"], True)):  # never given
            mark = gradebook.find_grade("explain", name, LESSON, "ada")
            mark.manual_score, mark.needs_manual_grade = given, before
            gradebook.db.commit()
            save = plug.SaveGrades(reworded=reworded)
            save.gradebook, save.notebook_id, save.assignment_id, save.student_id = gradebook, name, LESSON, "ada"
            save._add_score(cell, {})
            gradebook.db.rollback()  # what is not in the file yet
            mark = gradebook.find_grade("explain", name, LESSON, "ada")
            assert mark.manual_score == given and mark.needs_manual_grade == asked, reworded
        # And what the table is made of: points, none where they are still to be given, and those that an answer had before it was written anew.
        gradebook.add_grade_cell("shares-check", name, LESSON, max_score=3, cell_type="code")
        for student, points, given, asked in (("bob", 2.5, 1.0, False), ("carol", 0.0, 0.0, True), ("dan", 3.0, None, True)):
            gradebook.add_student(student)
            gradebook.add_submission(LESSON, student)
            mark = gradebook.find_grade("shares-check", name, LESSON, student)
            mark.auto_score, mark.needs_manual_grade = points, False
            mark = gradebook.find_grade("explain", name, LESSON, student)
            mark.manual_score, mark.needs_manual_grade = given, asked
        gradebook.remove_submission(LESSON, "ada")
        gradebook.add_assignment("01-tensors")
        gradebook.add_submission("01-tensors", "ada")
        gradebook.db.commit()
    graded = [nbformat.v4.new_code_cell(metadata={"nbgrader": {"grade_id": "shares", "grade": False}}), nbformat.v4.new_code_cell(), cell,
              nbformat.v4.new_code_cell(metadata={"nbgrader": {"grade_id": "shares-check", "grade": True}})]
    monkeypatch.setattr(report, "template", lambda lesson: {LESSON: nbformat.v4.new_notebook(cells=graded)}[lesson])
    tasks, most, points, old = report.scores(LESSON, f"sqlite:///{tmp_path}/gradebook.db")
    assert tasks == ["explain", "shares-check"] and most == {"explain": 2.0, "shares-check": 3.0}
    assert points == {"bob": {"shares-check": 2.5, "explain": 1.0}, "carol": {"shares-check": 0.0, "explain": None}, "dan": {"shares-check": 3.0, "explain": None}}
    assert old == {"bob": {}, "carol": {"explain": 0.0}, "dan": {}}, "also where it had none at all"


def test_what_submissions_are_mended_after_is_made_anew_when_the_source_or_the_course_is_another(tmp_path, monkeypatch):
    monkeypatch.setattr(plug.release, "EXERCISES", tmp_path)
    made = []
    monkeypatch.setattr(plug.release, "generate", lambda lesson: made.append(lesson) or len(made))
    plug._template.cache_clear()
    (tmp_path / "source" / "a").mkdir(parents=True)
    (tmp_path / "source" / "b").mkdir()
    (tmp_path / "course.toml").write_text("")
    for name in "ab":
        (tmp_path / "source" / name / "x.ipynb").write_text("1")
    assert [plug.template(lesson) for lesson in "aabab"] == [1, 1, 2, 1, 2]
    (tmp_path / "course.toml").write_text("[a]")
    assert [plug.template(lesson) for lesson in "aba"] == [3, 4, 3]
    (tmp_path / "source" / "a" / "x.ipynb").write_text("2")
    assert [plug.template(lesson) for lesson in "ab"] == [5, 4]
    plug._template.cache_clear()


def test_when_a_file_was_saved_is_what_lateness_is_counted_from(taken):
    os.utime(taken.folder / "class" / "ada" / FILE, (1_700_000_000,) * 2)
    taken(graded=False)
    submitted = taken.folder / "exercises" / "submitted" / "ada" / LESSON
    assert (submitted / "timestamp.txt").read_text() == "2023-11-14 22:13:20 UTC"
    assert nbformat.read(submitted / FILE, 4).cells[0].id == "title-text"


def test_a_raw_cell_is_text_on_a_page():
    cell = nbformat.v4.new_raw_cell("<script>alert(1)</script>&")
    shown, _ = plug.ShowRaw().preprocess_cell(cell, {}, 0)
    assert shown.source == "<pre>&lt;script&gt;alert(1)&lt;/script&gt;&amp;</pre>"
    code = nbformat.v4.new_code_cell("a < b")
    assert plug.ShowRaw().preprocess_cell(code, {}, 0)[0].source == "a < b"


def test_feedback_leaves_the_hidden_tests_out():
    preprocessors = run.release.configuration().GenerateFeedback.preprocessors
    assert [each.__name__ for each in preprocessors] == ["GetGrades", "HideTests", "CSSHTMLHeaderPreprocessor"]
