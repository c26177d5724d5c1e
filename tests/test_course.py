"""What exercises/course.toml may say of a class, and that what can't be meant is one sentence. (Through the command: test_state.py; what lateness costs: test_feedback.py.)"""
import os
import re
import sys
from datetime import timedelta
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("nbgrader")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from nbgrader.api import Gradebook  # noqa: E402
from exercises.grading import release  # noqa: E402

LESSON, FILE = "04-softmax-from-scratch", "04-softmax-from-scratch-exercises.ipynb"
SOURCE = ROOT / "exercises" / "source" / LESSON / FILE
TABLE = f"[{LESSON}]\n"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """told(text): what release.course() makes of a course.toml."""
    monkeypatch.setattr(release, "EXERCISES", tmp_path)
    (tmp_path / "source" / LESSON).mkdir(parents=True)
    (tmp_path / "source" / LESSON / FILE).touch()

    def read(text, encoding="utf-8"):
        (tmp_path / "course.toml").write_text(text, encoding=encoding)
        return release.course()

    return read


MISTAKES = {
    "[04-softmax]\ndue = 2026-12-04": r"\[04-softmax\]: there are no such exercises. There are: 04-softmax-from-scratch.$",
    f'{TABLE}due = "2026-12-04"': "due is a date without quotes", f"{TABLE}due = 3": "due is a date without quotes",
    f"{TABLE}duedate = 2026-12-04\nover = 1": f"{LESSON}.: duedate, over is not known; use tasks, points, due, late, extensions.$",
    f"{TABLE}tasks = 'accuracy'": "tasks are a list of names", f"{TABLE}tasks = []": "tasks are a list of names",
    f"{TABLE}tasks = {{ accuracy = 1 }}": "tasks are a list of names", f"{TABLE}tasks = [1]": "tasks are a list of names",
    f"{TABLE}tasks = ['accuracy', 2]": "tasks are a list of names", f"{TABLE}tasks = 1": "tasks are a list of names",
    f"{TABLE}tasks = ['explain', 'accuracy', 'accuracy']": "tasks names accuracy twice.$",
    f"{TABLE}points = {{ accuracy = '3' }}": "points are numbers from 0 on", f"{TABLE}points = {{ accuracy = -3 }}": "points are numbers from 0 on",
    f"{TABLE}points = {{ accuracy = 1e6 }}": "points are numbers from 0 on", f"{TABLE}points = {{ accuracy = nan }}": "points are numbers from 0 on",
    f"{TABLE}points = {{ accuracy = true }}": "points are numbers from 0 on", f"{TABLE}points = 3": "points are numbers from 0 on",
    f"{TABLE}points = [3]": "points are numbers from 0 on", f"{TABLE}points = {{ accuracy = 1, explain = [2] }}": "points are numbers from 0 on",
    f"[{LESSON}\n": "course.toml can't be read: .* Its first lines show how entries are written.$", f"{LESSON} = 3": f"{LESSON} stands under no heading; write .{LESSON}. in the line above",
    "due = 2026-12-04": "due stands under no heading", "points = { accuracy = 1 }": "there are no such exercises",
    'timezone = "Zurich"': "timezone is 'Zurich'; write a name such as", "timezone = 2": "timezone is 2", 'timezone = ""': "timezone is ''",
    f'["{LESSON}\\nx"]': "there are no such exercises", '"a\\u001b[31m" = 1': "stands under no heading", f"{TABLE}due = 0001-01-01": "due is in the year 1, which can't be meant",
    f"{TABLE}due = 0001-01-01T00:00:00+14:00": "due is in the year 1, which can't be meant", f"{TABLE}due = 9999-12-31T23:59:00-03:00": "due is in the year 9999",
    "x = " + "9" * 5000: "can't be read", "x = " + "[" * 5000 + "]" * 5000: "can't be read",
    "late = [1]": "course.toml: late is such as", "late = { grace = 1e6 }": "late is such as", "late = { most = nan }": "late is such as",
    f"{TABLE}late = {{ percent = 10, mots = 50 }}": f"{LESSON}.: late is such as", f"{TABLE}late = 10": "late is such as", f"{TABLE}extensions = 1": "extensions are such as",
}


@pytest.mark.parametrize("text", MISTAKES, ids=[re.sub(r"\W+", "-", text)[:60] for text in MISTAKES])
def test_a_mistake_is_one_sentence(told, text):
    with pytest.raises(ValueError, match=MISTAKES[text]) as error:
        told(text)
    assert str(error.value).startswith("exercises/course.toml") and str(error.value).isprintable()


def test_why_it_cant_be_read_is_said_and_a_long_reason_is_cut_at_200_letters(told):
    name = "x" * 300
    with pytest.raises(ValueError, match="^exercises/course.toml can't be read: Cannot declare .*xxx…. Its first lines show") as error:
        told(f"[{name}]\n[{name}]")
    reason = str(error.value).removeprefix("exercises/course.toml can't be read: ").removesuffix(". Its first lines show how entries are written.")
    assert len(reason) == 200


def test_exercises_that_there_are_none_of_are_one_sentence_that_names_those_there_are(told):
    release.check(LESSON)
    with pytest.raises(ValueError, match=f"^There are no exercises called '04-softmax'. There are: {LESSON}.$"):
        release.check("04-softmax")


def test_a_folder_of_that_name_is_one_sentence(told, tmp_path):
    (tmp_path / "course.toml").mkdir()
    with pytest.raises(ValueError, match="^exercises/course.toml can't be read: "):
        release.course()


def test_what_is_not_utf_8_is_one_sentence_and_windows_mark_is_none(told, tmp_path):
    (tmp_path / "course.toml").write_bytes(b"# \xe9t\xe9\n")
    with pytest.raises(ValueError, match="can't be read"):
        release.course()
    assert told('timezone = "Europe/Zurich"\n', "utf-8-sig") == {"timezone": "Europe/Zurich"}
    (tmp_path / "course.toml").unlink()
    assert release.course() == {} == release.settings(LESSON) == release.late(LESSON) and release.timezone() is None


def test_all_that_may_be_said_is_understood(told):
    course = told(f'timezone = "Asia/Tokyo"\nlate = {{ grace = 60, percent = 10, most = 50 }}\n{TABLE}tasks = ["explain", "accuracy"]\n'
                  "points = { explain = 0, accuracy = 2.5 }\ndue = 2026-12-04\nlate = { percent = 0 }\nextensions = { ada = 2026-12-05T12:00:00 }\n")
    entry = course[LESSON]
    assert (entry["tasks"], entry["points"]) == (["explain", "accuracy"], {"explain": 0, "accuracy": 2.5})
    assert entry["due"].isoformat() == "2026-12-04T23:59:59+09:00" and entry["extensions"]["ada"].isoformat() == "2026-12-05T12:00:00+09:00"
    assert release.settings(LESSON) == entry and release.settings("01-tensors") == {}
    assert release.late(LESSON) == {"percent": 0} and release.late("01-tensors") == course["late"]
    assert release.timezone().key == "Asia/Tokyo"
    assert told(f"{TABLE}due = 2026-12-04T10:00:00-03:00")[LESSON]["due"].utcoffset() == timedelta(hours=-3), "its own zone"
    assert told(f"{TABLE}due = 2026-12-04T10:00:00")[LESSON]["due"].tzinfo is not None, "this computer's"
    course = told(f'timezone = "Asia/Tokyo"\n{TABLE}due = 2026-12-04T10:00:00-03:00\nextensions = {{ ada = 2026-12-05T12:00:00+01:00, bob = 2026-12-05 }}\n')
    assert course[LESSON]["due"].isoformat() == "2026-12-04T10:00:00-03:00", "its own zone goes before the course's"
    assert [until.isoformat()[-6:] for until in course[LESSON]["extensions"].values()] == ["+01:00", "+09:00"]


# ---- lateness

DUE = f"[{LESSON}]\ndue = 2026-12-04\n"


@pytest.mark.parametrize("text, words", [
    ("late = 10", "late is such as late = "), ("late = { percents = 10 }", "late is such as"), ("late = { percent = 101 }", "late is such as"),
    ("late = { percent = -1 }", "late is such as"), ("late = { grace = '1 h' }", "late is such as"), ("late = { grace = true }", "late is such as"),
    (f"{DUE}late = {{ most = 200 }}", rf"\[{LESSON}\]: late is such as"), (f"[{LESSON}]\nextensions = {{ ada = 2026-12-11 }}", "move a due date, and there is none"),
    (f"{DUE}extensions = {{ ada = '2026-12-11' }}", rf"\[{LESSON}\]: the extension of ada is a date without quotes"),
    (f"{DUE}extensions = {{ ada = 2026-12-01 }}", "the extension of ada ends before"),
    (f"{DUE}extensions = ['ada']", "extensions are such as"), (f"{DUE}extension = {{ ada = 2026-12-11 }}", "extension is not known; use tasks, points, due, late, extensions")])
def test_a_policy_that_cant_be_meant_is_one_sentence(told, text, words):
    with pytest.raises(ValueError, match=words) as error:
        told(text)
    assert "\n" not in str(error.value)


def test_the_most_that_a_policy_may_take_is_all(told):
    told("late = { grace = 1e5, percent = 100, most = 100 }")
    assert release.late(LESSON) == {"grace": 1e5, "percent": 100, "most": 100}
    for beyond in ("grace = 100_001", "percent = 100.5", "most = 100.5"):
        with pytest.raises(ValueError, match="late is such as"):
            told(f"late = {{ {beyond} }}")


def test_a_lesson_may_have_a_policy_of_its_own(told):
    told("late = { percent = 10 }\n")
    assert release.late(LESSON) == {"percent": 10}
    told(f"late = {{ percent = 10 }}\n{DUE}late = {{ percent = 5, grace = 30 }}\nextensions = {{ ada = 2026-12-11, 4711 = 2026-12-04T23:59:59 }}")
    assert release.late(LESSON) == {"percent": 5, "grace": 30}
    for own in ({"percent": 20}, {}):  # in the place of the course's, whose grace and most it does not have
        told(f"late = {{ grace = 60, percent = 10, most = 50 }}\n{DUE}late = {str(own).replace(': ', ' = ').replace(chr(39), '')}")
        assert release.late(LESSON) == own
    told(f"late = {{ percent = 10 }}\n{DUE}late = {{ percent = 5, grace = 30 }}\nextensions = {{ ada = 2026-12-11, 4711 = 2026-12-04T23:59:59 }}")
    assert {name: until.isoformat()[:19] for name, until in release.settings(LESSON)["extensions"].items()} == {
        "ada": "2026-12-11T23:59:59", "4711": "2026-12-04T23:59:59"}


# ---- what is written beside what a maintainer or a learner changed

def test_what_was_generated_is_known_by_its_sum_also_where_nothing_had_to_be_written(tmp_path):
    there = {"a.ipynb": "one", "deep/b.ipynb": "two"}
    assert release.write(tmp_path, there) == ["a.ipynb written.", "deep/b.ipynb written."] and release.write(tmp_path, there) == []
    (tmp_path / release.MANIFEST).unlink()
    assert release.write(tmp_path, there) == [] and release.write(tmp_path, {"a.ipynb": "newer"}) == ["a.ipynb written."]
    (tmp_path / "a.ipynb").write_text("mine")
    said, = release.write(tmp_path, {"a.ipynb": "newest", "deep/b.ipynb": "two"})
    assert said == "a.ipynb was changed by hand and is kept; the new version is a.new.ipynb, beside it."
    assert (tmp_path / "a.ipynb").read_text() == "mine" and (tmp_path / "a.new.ipynb").read_text() == "newest"
    *_, written = release.write(tmp_path, {"a.ipynb": "newest", "deep/b.ipynb": "three"})
    assert written == "deep/b.ipynb written.", "one that is kept keeps no other from being written"
    (tmp_path / "a.ipynb").write_text("newest")
    assert release.write(tmp_path, {"a.ipynb": "newest"}) == [] and release.write(tmp_path, {"a.ipynb": "last"}) == ["a.ipynb written."]


def test_folders_are_made_where_they_are_missing_and_the_sums_stand_a_line_each_in_the_order_of_names(tmp_path):
    """As git likes them."""
    assert release.write(tmp_path / "no" / "exercises", {}) == []
    assert len(release.write(tmp_path / "not" / "there", {"b/deep/x.ipynb": "one", "a.ipynb": "two"})) == 2
    begin, first, second, end = (tmp_path / "not" / "there" / release.MANIFEST).read_text().splitlines()
    assert (begin, end) == ("{", "}") and re.fullmatch(' "a.ipynb": "[0-9a-f]{64}",', first) and re.fullmatch(' "b/deep/x.ipynb": "[0-9a-f]{64}"', second)


# ---- what is left of an exercise

def source():
    return nbformat.read(SOURCE, as_version=4)


def test_a_selection_keeps_its_order_counts_what_is_left_and_says_what_it_does_not_know():
    whole = release.select(source(), LESSON, {})
    assert [cell.id for cell in whole.cells] == [cell.id for cell in source().cells] and "course" not in whole.metadata and "course" in source().metadata
    assert [cell.metadata.get("nbgrader", {}).get("points") for cell in whole.cells] == [cell.metadata.get("nbgrader", {}).get("points") for cell in source().cells]
    chosen = release.select(source(), LESSON, {"tasks": ["explain", "cross_entropy"], "points": {"explain": 0, "cross_entropy": 7}})
    points = {cell.id: cell.metadata.nbgrader.points for cell in chosen.cells if cell.metadata.get("nbgrader", {}).get("grade")}
    assert points == {"cross_entropy-check": 7, "explain": 0}
    assert {cell.id for cell in chosen.cells if cell.id.startswith(("cross_entropy", "accuracy"))} == {
        "cross_entropy-text", "cross_entropy", "cross_entropy-check"}, "a task goes with its text and its check"
    assert next(cell.source for cell in chosen.cells if cell.id == release.PROGRESS) == 'progress("cross_entropy")'
    for what, asked in (("tasks", ["accuracy", "setup"]), ("points", {"title-text": 1}), ("points", {"accuracy-check": 1})):
        name = list(asked)[-1]
        with pytest.raises(ValueError, match=rf"^exercises/course.toml, \[{LESSON}\], {what}: there is no task {name}. There are: stable_softmax, .*explain\.$"):
            release.select(source(), LESSON, {what: asked})
    assert len(release.select(whole, LESSON, {}).cells) == len(whole.cells), "without a stamp, too"


def test_nbgraders_step_keeps_what_course_toml_names_for_its_assignment(told):
    resources = {"nbgrader": {"assignment": LESSON}}
    told(f'{TABLE}tasks = ["explain"]\n')
    chosen, same = release.Select().preprocess(source(), resources)
    assert [cell.id for cell in chosen.cells if cell.metadata.get("nbgrader", {}).get("solution")] == ["explain"] and same is resources
    told(f'{TABLE}tasks = ["exlpain"]\n')
    with pytest.raises(ValueError, match=rf"\[{LESSON}\], tasks: there is no task exlpain"):
        release.Select().preprocess(source(), resources)


@pytest.mark.long("nbgrader makes a release twice")
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_a_release_is_what_lies_in_the_folder_and_with_a_gradebook_it_is_recorded_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # where nbgrader finds alembic
    committed = release.EXERCISES / "release" / LESSON / f"{release.notebook_name(LESSON)}.ipynb"
    before = committed.read_bytes()
    assert release.text(release.generate(LESSON)) == before.decode("utf-8")
    url = f"sqlite:///{tmp_path}/gradebook.db"
    assert release.text(release.generate(LESSON, url)).encode() == before == committed.read_bytes(), "made in a folder of its own"
    with Gradebook(url) as gradebook:
        cells = {cell.name: cell.locked for cell in gradebook.find_notebook(release.notebook_name(LESSON), LESSON).source_cells}
    assert cells["accuracy-check"] and not cells["accuracy"]


@pytest.mark.parametrize("done, raised, says", [
    ({"success": False, "log": "[INFO] x\nValueError: exercises/course.toml, [04]: no such task\n", "error": ""}, release.NoRelease, "The release of .* can't be made. exercises/course.toml, "),
    ({"success": False, "log": "ValueError: exercises/course.toml, [ValueError: 04]: no such\n[ERROR] see above"}, release.NoRelease,
     r"made. exercises/course.toml, \[ValueError: 04\]: no such$"),
    ({"success": False, "log": "", "error": "OSError: full"}, release.NoRelease, "can't be made. OSError: full"),
    ({"success": False, "log": "one", "error": None}, release.NoRelease, "can't be made. one$"), ({"success": False}, release.NoRelease, "no reason given"),
    ({"success": False, "log": "there are submissions associated with it"}, release.NoRelease, "are others than when its first submission was graded"),
    ({"success": False, "log": "KeyboardInterrupt", "error": ""}, KeyboardInterrupt, "^$"), ({"success": False, "error": "x\nKeyboardInterrupt"}, KeyboardInterrupt, "^$")])
def test_a_release_that_can_not_be_made_says_why_and_ctrl_c_is_no_failure(done, raised, says, monkeypatch):
    monkeypatch.setattr(release, "capture_log", lambda step: done)
    with pytest.raises(raised, match=says):
        release.generate(LESSON)
