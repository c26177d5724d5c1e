"""An instructor's evening, from Moodle's export to marks and pages in Moodle: graded, late work taken off, filled in, packed, looked at."""
import csv
import os
import re
import subprocess
import sys
import zipfile

import pytest
from browser import CHROMIUM, chromium
from classroom import LESSON, NEEDS_A_SANDBOX, command, copy_course, grades, hand_in, release, remembered, solved
from test_gradebooks import CANVAS, MOODLE
from test_similar import TEXT

pytestmark = [*NEEDS_A_SANDBOX, pytest.mark.usefixtures(remembered.__name__), pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="needs Chromium")]
SAVED = 1793874600  # 2026-11-05 11:30 in Zurich


@pytest.fixture(scope="module")
def week(remembered, tmp_path_factory):
    """A graded class: (course, what grading said). Alan is late, Ada has two extensions, of which the later counts, Grace handed in the stub, Zoe through no system."""
    folder = tmp_path_factory.mktemp("week")
    course = copy_course(folder / "course")
    for name, nb in (("Ada Lovelace_4711_assignsubmission_file", solved(explain=TEXT)),
                     ("Alan Turing_4712_assignsubmission_file", solved(accuracy="def accuracy(batches):\n    return 0.5", explain=TEXT)),
                     ("Grace Hopper_4714_assignsubmission_file_", release()), ("zoe", solved(explain="Costs $5 and not \\$6."))):
        hand_in(folder / "class", name, nb)
    for path in (folder / "class").rglob("*.ipynb"):
        os.utime(path, (SAVED, SAVED))
    (course / "exercises" / "course.toml").write_text(
        f'timezone = "Europe/Zurich"\nlate = {{ grace = 60, percent = 10, most = 50 }}\n[{LESSON}]\ndue = 2026-11-03T12:00:00\n'
        'extensions = { "Ada Lovelace" = 2026-11-05T12:00:00, 4711 = 2026-11-04T12:00:00, Charles = 2026-11-09 }\n', encoding="utf-8")
    done = command(course, "exercises.grading", LESSON, folder / "class")
    assert done.returncode == 0, done.stderr
    return course, done.stdout


def marked(course, text, *options, name="export.csv"):
    """(what make marks did, the filled copy's rows or None, the export's own text after it)"""
    path = course.parent / name
    path.write_text(text, encoding="utf-8-sig")
    done = command(course, "exercises.grading.marks", LESSON, path, *options)
    target = re.search(r"Written: (\S+\.csv)\.", done.stdout)
    rows = list(csv.DictReader(open(target[1], newline="", encoding="utf-8-sig"))) if target else None
    return done, rows, path.read_text(encoding="utf-8-sig")


def test_late_work_costs_what_the_policy_says_and_shows_it(week):
    course, said = week
    rows = grades(course)
    assert [(rows[name]["raw"], rows[name]["deduction"], rows[name]["total"]) for name in ("Ada Lovelace", "Alan Turing", "Grace Hopper")] == [
        ("10.0", "0.0", "10.0"), ("8.0", "2.4", "5.6"), ("0.0", "0.0", "0.0")]
    assert rows["Ada Lovelace"]["remarks"] == "" and "late by 47 h 30 min: 2 days begun, 20 % of 12 points: -2.4 of 8" in rows["Alan Turing"]["remarks"]
    assert "Extensions in course.toml for nobody here, or for two: Charles" in said


def test_marks_wait_for_the_words_and_then_stand_in_the_export(week):
    course, _ = week
    done, rows, kept = marked(course, MOODLE)
    assert done.returncode == 0 and kept == MOODLE, done.stderr
    assert {row["Full name"]: row["Grade"] for row in rows} == {"Ada Lovelace": "", "Alan Turing": "3.50", "José O'Brien": "", "Grace Hopper": "0"}, "nobody is to mark a stub by hand"
    assert "Ada Lovelace: 1 task still to be marked by hand" in done.stdout and "zoe: in no row" in done.stdout
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course}/exercises/gradebook.db") as gradebook:
        for student in gradebook.students:
            mark = gradebook.find_grade("explain", f"{LESSON}-exercises", LESSON, student.id)
            mark.manual_score, mark.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    done, rows, _ = marked(course, MOODLE)
    assert "Extensions in course.toml for nobody here, or for two: Charles" in done.stdout
    assert {row["Full name"]: row["Grade"] for row in rows} == {"Ada Lovelace": "11.5", "Alan Turing": "7.1", "José O'Brien": "", "Grace Hopper": "0"}, done.stdout
    settings = course / "exercises" / "course.toml"
    told = settings.read_text(encoding="utf-8")
    settings.write_text(told.replace("due = 2026-11-03", "due = 2026-11-05").replace("4711 = 2026-11-04", "4711 = 2026-11-05").replace('"Ada Lovelace"', '"ADA LOVELACE"'), encoding="utf-8")
    try:
        assert [row["Grade"] for row in marked(course, MOODLE)[1]] == ["11.5", "9.5", "", "1.5"], "a new due date counts at once"
        with Gradebook(f"sqlite:///{course}/exercises/gradebook.db") as gradebook:
            assert not any(part.late_submission_penalty for submission in gradebook.assignment_submissions(LESSON) for part in submission.notebooks), "on the students' pages too"
    finally:
        settings.write_text(told, encoding="utf-8")
    done, rows, kept = marked(course, CANVAS.replace("4711", "5"), name="canvas.csv")
    assert [row["Softmax from scratch (502)"] for row in rows][1:5] == ["12.00", "11.5", "7.1", "EX"] and kept == CANVAS.replace("4711", "5")
    for wrong in ("name,points\nada,3\nalan,4\n", MOODLE.replace(",", ";")):
        done, rows, kept = marked(course, wrong, name="wrong.csv")
        assert done.returncode == 1 and rows is None and kept == wrong and len(done.stderr.strip().splitlines()) == 1, done


def test_pages_go_back_under_moodles_names_and_need_nothing_but_themselves(week, tmp_path):
    course, _ = week
    done = command(course, "exercises.grading.feedback", LESSON, "--pack", "moodle")
    assert done.returncode == 0 and "zoe: was not handed in through Moodle" in done.stdout, done.stderr
    with zipfile.ZipFile(re.search(r"Written: (\S+\.zip)\.", done.stdout)[1]) as archive:
        assert archive.namelist() == [f"{name}/{LESSON}.html" for name in (
            "Ada Lovelace_4711_assignsubmission_file", "Alan Turing_4712_assignsubmission_file", "Grace Hopper_4714_assignsubmission_file_")]
        archive.extractall(tmp_path)
    seen = []
    with chromium(tmp_path / "profile") as page:
        page.on("request", lambda request: seen.append(request.url))
        page.goto((tmp_path / "Alan Turing_4712_assignsubmission_file" / f"{LESSON}.html").as_uri(), wait_until="load")
        text = page.locator("body").inner_text()
        assert "Late submission penalty (Score: -2.4)" in text and "accuracy" in text
        formulas = page.locator("math")
        assert formulas.count() > 5 and all(formulas.nth(i).bounding_box() for i in range(formulas.count()) if formulas.nth(i).is_visible())
        assert not re.search(r"\$[^$\n]+\$|\\frac|\\text", text)
    assert seen and all(url.startswith(("file:", "data:")) for url in seen), seen
    assert command(course, "exercises.grading.feedback", LESSON, "--pack", "canvas").stderr.startswith("Nobody's work came from Canvas")


def test_two_texts_that_are_one_are_shown_side_by_side(week):
    course, _ = week
    done = command(course, "exercises.grading.similar", LESSON)
    assert done.returncode == 0 and re.search(r"4 submissions, 1 pairs.*\n +\d+  Ada Lovelace and Alan Turing \(explain", done.stdout), done.stdout + done.stderr
    html = open(re.search(r"Written: (\S+\.html)\.", done.stdout)[1], encoding="utf-8").read()
    assert html.count("<mark>") >= 2 and "It can't tell who wrote first" in html


@pytest.mark.parametrize("module, arguments, words", [
    ("marks", ["09-none", "x.csv"], "There are no exercises called '09-none'"), ("marks", [LESSON, "/nowhere.csv"], "No such file or directory: /nowhere.csv. Nothing was written."),
    ("marks", [LESSON, "."], "Is a directory: "), ("marks", ["01-tensors", "x.csv"], "Nothing is graded yet: make grade LESSON=01-tensors"),
    ("feedback", ["09-none"], "There are no exercises called"), ("feedback", ["01-tensors"], "Nothing is graded yet"), ("feedback", [LESSON, "--pack", "sakai"], "takes moodle or canvas"),
    ("similar", ["09-none"], "There are no exercises called"), ("similar", ["01-tensors"], "There are no two submissions to compare")])
def test_what_is_asked_wrongly_gets_a_sentence(week, module, arguments, words):
    done = subprocess.run([sys.executable, "-m", f"exercises.grading.{module}", *arguments], cwd=week[0], capture_output=True, text=True)
    assert done.returncode == 1 and words in done.stderr and len(done.stderr.strip().splitlines()) == 1, done
