"""What grading keeps, damaged in every way: put aside, said, and got back. (Whole runs: tests/test_state.py.)"""
import contextlib
import json
import os
import shutil
import sqlite3
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for `exercises`

from nbgrader.api import Course, Gradebook  # noqa: E402

from exercises.grading import keep  # noqa: E402
from exercises.grading.release import NoRelease, course  # noqa: E402
from exercises.grading.report import no_formula  # noqa: E402

LESSON = "04-softmax-from-scratch"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An exercises folder with a gradebook of one row and its copy."""
    (tmp_path / "grades").mkdir()
    for name in ("gradebook.db", "grades/gradebook-copy.db"):
        with sqlite3.connect(tmp_path / name) as database:
            for table in keep.TABLES:
                database.execute(f"CREATE TABLE {table} (name TEXT)")
            database.executemany("INSERT INTO student VALUES (?)", [("x" * 500,)] * 500)
    monkeypatch.setattr(keep, "GRADEBOOK", tmp_path / "gradebook.db")
    monkeypatch.setattr(keep, "COPY", tmp_path / "grades" / "gradebook-copy.db")
    return tmp_path


def cut(data):
    return data[:20_000]


def scratched(data):
    return data[:40_000] + b"\xff" * 9000 + data[49_000:]


def garbage(data):
    return bytes(range(256)) * 100


def empty(data):
    return b""


def head(data):
    return b"\0" * 100 + data[100:]


def another(data):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE recipes (name TEXT)")
    return database.serialize()


def three_of_four(data):
    database = sqlite3.connect(":memory:")
    database.deserialize(data)
    database.execute("DROP TABLE grade")
    return database.serialize()


def miscounted(data):
    """SQLite reads it, and only its own check finds that something is wrong."""
    return data[:36] + b"\0\0\0\5" + data[40:]


@pytest.mark.parametrize("damage", [cut, scratched, garbage, empty, head, another, three_of_four, miscounted])
@pytest.mark.parametrize("with_copy", [True, False])
def test_a_damaged_gradebook_is_put_aside_and_its_copy_takes_its_place(folder, damage, with_copy):
    bad = damage((folder / "gradebook.db").read_bytes())
    (folder / "gradebook.db").write_bytes(bad)
    (folder / "gradebook.db-journal").write_bytes(b"of the damaged one")
    if not with_copy:
        (folder / "grades" / "gradebook-copy.db").unlink()
    said, = keep.mend_gradebook()
    assert "gradebook.db is damaged (" in said and "put aside as gradebook.db.damaged-1" in said
    assert (folder / "gradebook.db.damaged-1").read_bytes() == bad and not (folder / "gradebook.db-journal").exists()
    assert ("took its place" in said) == with_copy == (folder / "gradebook.db").exists()
    assert keep.mend_gradebook() == []


def test_what_was_stopped_while_it_wrote_is_undone_and_no_copy_takes_its_place(folder):
    """A copy of a gradebook and its journal in the midst of a transaction is what a killed process leaves."""
    (folder / "gradebook.db").replace(folder / "writing.db")
    with contextlib.closing(sqlite3.connect(folder / "writing.db", isolation_level=None)) as writing:
        writing.execute("PRAGMA cache_size = 1")
        writing.execute("INSERT INTO grade VALUES ('since the copy')")
        writing.execute("BEGIN")
        writing.execute("UPDATE student SET name = 'half'")
        for end in ("", "-journal"):
            shutil.copy(folder / f"writing.db{end}", folder / f"gradebook.db{end}")
    assert keep.mend_gradebook() == [] and not list(folder.glob("*damaged*"))
    with contextlib.closing(sqlite3.connect(folder / "gradebook.db")) as database:
        assert database.execute("SELECT name FROM grade").fetchall() == [("since the copy",)]
        assert database.execute("SELECT count(*) FROM student WHERE name = 'half'").fetchone() == (0,)


@pytest.mark.parametrize("name", ["c#", "100% sure", "%23", "a;b", "Übung 4"])
def test_a_whole_gradebook_is_one_wherever_the_course_lies(name, folder, monkeypatch):
    """And nothing is made beside it: what an address of SQLite's leaves out of such a name would be another file."""
    (folder / name).mkdir()
    monkeypatch.setattr(keep, "GRADEBOOK", (folder / "gradebook.db").rename(folder / name / "gradebook.db"))
    before = sorted(folder.rglob("*"))
    assert keep.mend_gradebook() == [] and sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("damage, words", [(garbage, "not a database"), (miscounted, "should be 5"), (another, "it holds no gradebook"), (three_of_four, "it holds no gradebook")])
def test_what_is_wrong_with_a_damaged_gradebook_is_told(folder, damage, words):
    (folder / "gradebook.db").write_bytes(damage((folder / "gradebook.db").read_bytes()))
    said, = keep.mend_gradebook()
    assert words in said.partition("); it was put aside")[0]


def test_a_damaged_copy_takes_no_place(folder):
    for name in ("gradebook.db", "grades/gradebook-copy.db"):
        (folder / name).write_bytes(b"garbage" * 1000)
    said, = keep.mend_gradebook()
    assert "There is no copy of it: everybody is graded anew" in said and not (folder / "gradebook.db").exists()


def test_a_gradebook_that_is_gone_comes_back_from_its_copy(folder):
    (folder / "gradebook.db").unlink()
    (folder / "gradebook.db-journal").write_bytes(b"of the one that is gone")
    said, = keep.mend_gradebook()
    assert said.startswith("gradebook.db is gone. The copy of the last run, grades/gradebook-copy.db, took its place: look whether points")
    assert (folder / "gradebook.db").read_bytes() == (folder / "grades" / "gradebook-copy.db").read_bytes() and not (folder / "gradebook.db-journal").exists()
    for name in ("gradebook.db", "grades/gradebook-copy.db"):
        (folder / name).unlink()
    assert keep.mend_gradebook() == [] and not (folder / "gradebook.db").exists(), "the first run"


def test_nothing_put_aside_is_overwritten(folder):
    for number in (1, 2, 3):
        (folder / "gradebook.db").write_bytes(b"garbage %d" % number)
        keep.mend_gradebook()
    assert [(folder / f"gradebook.db.damaged-{number}").read_bytes()[-1:] for number in (1, 2, 3)] == [b"1", b"2", b"3"]


def test_a_gradebook_that_somebody_has_open_is_left_alone(folder, monkeypatch):
    connect = sqlite3.connect
    with connect(folder / "gradebook.db") as database:
        database.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(keep.sqlite3, "connect", lambda *args, timeout, **options: connect(*args, timeout=0.1, **options))
        assert keep.mend_gradebook() == []


@pytest.mark.parametrize("text", ["", "{", '{"students": []}', '{"students": {"ada": 5}}', "[" * 100_000, "null", '{"students": {"ada": {}}}',
                                  "\x00\x01", "{}"])
def test_a_torn_record_is_put_aside(tmp_path, capsys, text):
    record = tmp_path / f"{LESSON}.json"
    record.write_text(text)
    assert keep.state(record) == {}
    assert "is damaged; it was put aside as" in capsys.readouterr().out
    assert not record.exists() and (tmp_path / f"{LESSON}.json.damaged-1").read_text() == text


@pytest.mark.parametrize("more", [{"again": False}, {}])
def test_a_whole_record_is_read(tmp_path, more):
    record = tmp_path / f"{LESSON}.json"
    whole = {"students": {"ada": {"key": "k", "failed": "", "lost": "", "notes": [], **more}}}
    keep.replace(record, json.dumps(whole))
    assert keep.state(record) == whole and os.listdir(tmp_path) == [record.name]


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keep.os, "replace", full)
    with pytest.raises(OSError):
        keep.replace(tmp_path / "a.csv", "after")
    assert (tmp_path / "a.csv").read_text() == "before" and os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "a;=1+1", "a; =1", "a,=1", "a\t=1", 'a"=1', "a';+1", "a|=1", "=cmd|' /C calc'!A0", "＝1",
                                  ";;=1", " =1", "a ;  @SUM(1)"])
def test_no_words_become_a_formula_whatever_separates_the_cells(text):
    safe = no_formula(text)
    for separator in ",;\t|\"":
        for part in safe.split(separator):
            assert part.strip()[:1] not in tuple("=+-@＝＋－＠") or part.strip() == "", (safe, separator)


def test_ordinary_words_and_numbers_stay():
    for value in ("Ada Lovelace", "a-b", "x = 1", "2 + 3", 1.5, 0, "O'Brien", "Jean-Luc", "more than 30 s"):
        assert no_formula(value) == value


def test_a_release_that_cannot_be_made_is_a_value_error():
    assert issubclass(NoRelease, ValueError) and course() == {}


# ---------------------------------------------------------------- a file, whole or not at all

@pytest.mark.parametrize("mask, mode", [(0o027, 0o640), (0o022, 0o644)])
@pytest.mark.parametrize("content, kept", [("é\ud800", b"\xc3\xa9?"), (b"\x00\xff", b"\x00\xff"), ("", b"")])
def test_a_file_is_written_whole_and_readable_as_others_are(tmp_path, content, kept, mask, mode):
    old = os.umask(mask)
    try:
        keep.replace(tmp_path / "x.csv", content)
    finally:
        os.umask(old)
    assert (tmp_path / "x.csv").read_bytes() == kept and os.listdir(tmp_path) == ["x.csv"]
    assert os.name != "posix" or (tmp_path / "x.csv").stat().st_mode & 0o777 == mode
    assert keep._umask() == os.umask(old) and os.umask(old) == old  # asked for, and left as it was


def test_a_file_that_can_not_be_written_leaves_what_was_there_and_names_it(tmp_path, monkeypatch):
    path = tmp_path / "grades.csv"
    path.write_text("old")

    def full(*_):
        assert [name.parent for name in tmp_path.iterdir()] == [tmp_path, tmp_path]  # beside it, so that a rename can take its place
        raise OSError(28, "No space left on device", "scratch", None, "other")

    monkeypatch.setattr(keep.os, "replace", full)
    with pytest.raises(OSError, match="No space left") as raised:
        keep.replace(path, "new")
    assert (raised.value.filename, raised.value.filename2) == (str(path), None)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["grades.csv"]


@pytest.mark.parametrize("write", [lambda path: keep.replace(path, "new"), lambda path: keep.replace_folder(path, {"a": b"new"})])
def test_what_can_not_be_tidied_up_does_not_hide_why_it_failed(tmp_path, monkeypatch, write):
    def full(new, _):
        shutil.rmtree(new) if Path(new).is_dir() else os.unlink(new)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keep.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "x")


def test_a_record_in_any_script_is_read(tmp_path):
    record = tmp_path / f"{LESSON}.json"
    found = {"students": {"李-é": {"key": "", "failed": "", "lost": "", "notes": [], "name": "李"}}}
    record.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    assert keep.state(record) == found
    del found["students"]["李-é"]["notes"]
    record.write_text(json.dumps(found), encoding="utf-8")
    assert keep.state(record) == {}


def test_what_lay_beside_a_damaged_gradebook_goes_with_it(folder):
    """Or SQLite would play the old journal into the copy."""
    for leftover in ("-journal", "-wal", "-shm"):
        (folder / f"gradebook.db{leftover}").write_bytes(b"old")
    (folder / "gradebook.db").write_bytes(b"garbage" * 999)
    assert keep.mend_gradebook()
    assert not [name for name in os.listdir(folder) if name.endswith(("-journal", "-wal", "-shm"))]


def test_the_copy_is_the_gradebook_whole_while_somebody_has_it_open(folder):
    with sqlite3.connect(folder / "gradebook.db") as database:
        database.execute("INSERT INTO student VALUES ('new')")
    with contextlib.closing(sqlite3.connect(folder / "gradebook.db", timeout=0)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM student").fetchone()
        keep.back_up(folder / "grades")
    with sqlite3.connect(folder / "grades" / "gradebook-copy.db") as copy:
        assert copy.execute("SELECT count(*), max(length(name)) FROM student").fetchone() == (501, 500)
    assert sorted(os.listdir(folder / "grades")) == ["gradebook-copy.db"]


@pytest.mark.long("nbgrader makes a course")
@pytest.mark.parametrize("left", [True, False])
def test_a_new_gradebook_is_empty_whatever_a_killed_run_left_in_its_place(left, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))  # nbgrader asks alembic
    monkeypatch.setattr(keep, "NEW", tmp_path / ".gradebook.new")
    monkeypatch.setattr(keep.release, "coursedir", lambda **where: (SimpleNamespace(course_id="dl", **where), None))
    if left:
        with sqlite3.connect(keep.NEW) as database:
            database.execute("CREATE TABLE student (name TEXT)")
            database.execute("INSERT INTO student VALUES ('of the killed run')")
    assert keep.new_gradebook() == keep.NEW and keep._damage(keep.NEW) == ""
    with Gradebook(f"sqlite:///{keep.NEW}") as gradebook:
        assert gradebook.students == gradebook.assignments == [] and [course.id for course in gradebook.db.query(Course)][0] == "dl"


@pytest.mark.parametrize("text, found", [
    ('{"cells": [], "metadata": {"by_clock": true}}', {"cells": [], "metadata": {"by_clock": True}}), ("", {}), ('{"cells": ', {}), ("[1]", {}), ('{"cells": 3}', {}), ("[" * 100_000, {}),
    (None, {})])
def test_a_graded_notebook_is_read_and_none_where_it_can_not_be(text, found, tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "EXERCISES", tmp_path)
    for student, lesson, content in (("ada", LESSON, text), ("bob", LESSON, "{}"), ("ada", "01-tensors", "{}")):
        path = tmp_path / "autograded" / student / lesson / f"{lesson}-exercises.ipynb"
        path.parent.mkdir(parents=True)
        if content is not None:
            path.write_text(content, encoding="utf-8")
    assert keep.autograded(LESSON, "ada") == found


def test_a_lesson_is_graded_where_its_record_and_the_gradebook_are_there(folder):
    for name in ("09-none", "../04-softmax-from-scratch"):
        with pytest.raises(ValueError, match="There are no exercises called"):
            keep.graded(name)
    for missing in (folder / "grades" / f"{LESSON}.json", folder / "gradebook.db"):
        (folder / "grades" / f"{LESSON}.json").write_text("{}")
        missing.unlink()
        with pytest.raises(ValueError, match=f"Nothing is graded yet: make grade LESSON={LESSON} FROM=... comes first"):
            keep.graded(LESSON)
        missing.touch()
    assert keep.graded(LESSON) == folder / "grades" / f"{LESSON}.json"


@pytest.mark.long("nbgrader makes a course")
@pytest.mark.parametrize("points", [0.0, 1.5])
def test_points_by_hand_are_remembered_none_among_them(points, tmp_path, monkeypatch):
    """An answer that was marked 0 and then improved kept its 0, and nobody was told to read it again."""
    monkeypatch.setattr(keep, "GRADEBOOK", tmp_path / "gradebook.db")
    assert keep.recorded("lesson") == (set(), {}) and not keep.GRADEBOOK.exists()
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))  # nbgrader asks alembic
    with Gradebook(f"sqlite:///{keep.GRADEBOOK}") as book:
        book.add_assignment("lesson")
        book.add_notebook("notebook", "lesson")
        book.add_grade_cell("explain", "notebook", "lesson", max_score=2, cell_type="markdown")
        book.update_or_create_source_cell("explain", "notebook", "lesson", cell_type="markdown")
        book.add_grade_cell("accuracy-check", "notebook", "lesson", max_score=2, cell_type="code")
        book.add_student("ada")
        book.add_student("bob")
        for student in ("ada", "bob"):
            book.add_submission("lesson", student)
        for mark in book.find_submission("lesson", "ada").notebooks[0].grades:
            mark.auto_score, mark.manual_score = (2, None) if mark.name == "accuracy-check" else (None, points)
        book.db.commit()
    assert keep.recorded("lesson") == ({"ada", "bob"}, {"ada": {"explain": points}, "bob": {}})
    assert keep.recorded("another lesson") == (set(), {})


def test_a_folder_is_written_whole_or_stays_as_it_was(tmp_path, monkeypatch):
    folder = tmp_path / "ada" / LESSON
    keep.replace_folder(folder, {"a": b"1", "b": b"2"})
    keep.replace_folder(folder, {"a": b"3"})
    assert [path.name for path in folder.parent.iterdir()] == [LESSON]
    assert os.name != "posix" or stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~keep._umask(), "others may read what they may read beside it"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"3"}
    real = Path.write_bytes

    def full(path, data):
        assert path.parent.parent == folder.parent and path.parent.name.startswith("."), "it is made beside its place, and hidden"
        if data == b"5":
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        keep.replace_folder(folder, {"a": b"4", "b": b"5"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"3"} and len(list(folder.parent.iterdir())) == 1


@pytest.mark.parametrize("there", ["ada", f"ada/{LESSON}"])
def test_a_file_in_the_way_of_a_folder_makes_room(tmp_path, there):
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("in the way")
    keep.replace_folder(tmp_path / "ada" / LESSON, {"a": b"1"})
    assert (tmp_path / "ada" / LESSON / "a").read_bytes() == b"1"


@pytest.mark.parametrize("given, changed", [
    (["explain"], []), (["explain", "accuracy-check"], ["accuracy-check"]), (["words"], ["words"]), (["gone"], ["gone"]), (["spaces", "split"], []), ((), []),
    (["empty"], []), (["torn"], ["torn"])])
def test_an_answer_in_code_or_words_is_another_where_its_own_cell_says_something_else(given, changed, monkeypatch):
    """A grade in code stands in the check's cell, and its answer in the one that is called as the task."""
    graded = {"cells": [{"id": "explain", "source": "as it was"}, {"id": "accuracy", "source": ["return ", "1"]}, {"id": "accuracy-check", "source": "check(accuracy)"},
                        {"id": "words", "source": "old"}, {"id": "spaces", "source": "\n x = 1\n"}, {"id": "split", "source": ["a\n", "b"]},
                        {"id": "gone", "source": "there"}, {"id": "empty"}, {"id": "torn", "source": None}]}
    monkeypatch.setattr(keep, "autograded", lambda lesson, student: graded if (lesson, student) == (LESSON, "ada") else {})
    now = {"explain": "as it was", "accuracy": "return 2", "accuracy-check": "check(accuracy)", "words": "new", "spaces": "x = 1", "split": "a\nb",
           "empty": "", "torn": "words"}
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id=id_) for id_, source in now.items()])
    assert keep.reworded(LESSON, "ada", nb, given) == changed
    assert keep.reworded(LESSON, "bob", nb, given) == [name for name in given if name not in ("gone", "empty")], "who was not graded before"
