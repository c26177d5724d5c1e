"""Who handed in what: exports of seven learning systems, names of every script, and what is nobody's or damaged.

Each export is small and named as the system names it. No sandbox is needed: nothing is run here.
"""
import contextlib
import dataclasses
import datetime
import json
import os
import struct
import sys
import time
import unicodedata
import zipfile
from datetime import timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("nbgrader")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from classroom import FILE, LESSON, release, solved  # noqa: E402
from exercises.grading import students  # noqa: E402
from exercises.grading.collect import collect  # noqa: E402

GOOD, STUB = json.dumps(solved()).encode(), json.dumps(release()).encode()


@pytest.fixture(scope="module")
def template():
    return release()


def zipped(path, names, content=GOOD):
    """A zip with members of these names, or of a dictionary of names and contents."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, names[name] if isinstance(names, dict) else content)
    return path


def unpacked(folder, names):
    for name in names:
        target = folder / name
        if name.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(names[name] if isinstance(names, dict) else GOOD)
    return folder


def names_of(found):
    return sorted(entry.name for entry in found)


# ---- the systems

EXPORTS = {
    "Moodle, folders": ({f"Ada Lovelace_4711_assignsubmission_file/{FILE}": GOOD, f"Alan Turing_4712_assignsubmission_file/sub/{FILE}": STUB,
                         "Grace Hopper_4713_assignsubmission_onlinetext/onlinetext.html": b"<p>see mail</p>"},
                        ["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
    "Moodle, flat": ({f"Ada Lovelace_4711_assignsubmission_file_{FILE}": GOOD, f"Alan Turing_4712_assignsubmission_file_{FILE}": STUB},
                     ["Ada Lovelace", "Alan Turing"]),
    "Moodle, blind": ({f"Participant_4711_assignsubmission_file/{FILE}": GOOD, f"Participant_4712_assignsubmission_file/{FILE}": STUB},
                      ["Participant (4711)", "Participant (4712)"]),
    "Canvas": ({f"lovelaceada_4711_99_{FILE}": STUB, f"lovelaceada_4711_150_{FILE.replace('.ipynb', '-1.ipynb')}": GOOD,
                f"turingalan_LATE_4712_100_{FILE}": STUB, "hoppergrace_4713_text.html": b"<p>link</p>"},
               ["hoppergrace", "lovelaceada", "turingalan"]),
    "Blackboard": ({f"Exercise 4_alovelace_attempt_2026-11-02-10-30-00_{FILE}": GOOD, f"Exercise 4_alovelace_attempt_2026-11-01-09-00-00_{FILE}": STUB,
                    "Exercise 4_alovelace_attempt_2026-11-02-10-30-00.txt": b"Name: Ada Lovelace (alovelace)",
                    f"Exercise 4_aturing_attempt_2026-11-02-11-00-00_{FILE}": STUB, "Exercise 4_ghopper_attempt_2026-11-02-11-00-00.txt": b"Name: Grace"},
                   ["alovelace", "aturing", "ghopper"]),
    "Brightspace": ({f"283741-55 - Ada Lovelace - Nov 2, 2026 1030 AM/{FILE}": GOOD, f"283741-55 - Ada Lovelace - Nov 2, 2026 915 AM/{FILE}": STUB,
                     f"283742-55 - Jean-Luc Picard- 2 November, 2026 1405/{FILE}": STUB, "index.html": b"<html>"},
                    ["Ada Lovelace", "Jean-Luc Picard"]),
    "Brightspace, flat": ({f"283741-55 - Ada Lovelace - Nov 2, 2026 1030 AM - {FILE}": GOOD, f"283741-55 - Ada Lovelace - Oct 30, 2026 1130 PM - {FILE}": STUB,
                           f"283742-55 - Alan Turing - Nov 2, 2026 1130 PM - {FILE}": STUB, "index.html": b"<html>"}, ["Ada Lovelace", "Alan Turing"]),
    "Google Classroom": ({f"Ada Lovelace - {FILE}": GOOD, f"Alan Turing - {FILE}": STUB}, ["Ada Lovelace", "Alan Turing"]),
    "GitHub Classroom": ({f"softmax-submissions/softmax-ada/notebooks/{FILE}": GOOD, "softmax-submissions/softmax-ada/README.md": b"#",
                          "softmax-submissions/softmax-ada/.git/config": b"", f"softmax-submissions/softmax-alan/{FILE}": STUB,
                          "softmax-submissions/grades.csv": b"a,b"}, ["softmax-ada", "softmax-alan"]),
    "Gradescope": ({f"assignment_123_export/submission_9001/{FILE}": GOOD, f"assignment_123_export/submission_9002/work/{FILE}": STUB,
                    "assignment_123_export/submission_metadata.yml": b"---"}, ["submission_9001", "submission_9002"]),
    "nbgrader": ({f"ada/{LESSON}/{FILE}": GOOD, f"ada/{LESSON}/timestamp.txt": b"2026-11-02 10:00:00 UTC", f"alan/{LESSON}/{FILE}": STUB}, ["ada", "alan"]),
    "files": ({f"ada_{FILE}": GOOD, "alan.ipynb": STUB, "roster.csv": b"", "Thumbs.db": b"", "desktop.ini": b"", "index.html": b""}, ["ada", "alan"]),
    "files in a folder": ({"class 7/ada.ipynb": GOOD, "class 7/alan.ipynb": STUB}, ["ada", "alan"]),
    "a folder around folders": ({f"winter/ada/{FILE}": GOOD, f"winter/alan/deep/er/{FILE}": STUB}, ["ada", "alan"]),
}


@pytest.mark.parametrize("packed", [True, False], ids=["zip", "folder"])
@pytest.mark.parametrize("names, expected", EXPORTS.values(), ids=EXPORTS)
def test_what_a_learning_system_exports_is_understood(names, expected, packed, tmp_path, template):
    where = zipped(tmp_path / "class.zip", names) if packed else unpacked(tmp_path / "here", names)
    found = collect(where, LESSON, template)
    assert names_of(found) == expected
    first = [entry for entry in found if entry.data == GOOD]
    assert len(first) == 1, "the newest attempt of one student, and nobody else's"
    for entry in found:
        assert bool(entry.lost) == (entry.name in ("Grace Hopper", "hoppergrace", "ghopper")), entry.lost
        assert entry.student == students.safe(entry.student) != "unnamed"
    assert len({entry.student.casefold() for entry in found}) == len(found)


KNOWN = {  # of one student of each: identity, the system's number, the system, and what it called the folder or the file
    "Moodle, folders": ("Alan Turing_4712", "4712", "moodle", "Alan Turing_4712_assignsubmission_file"),
    "Moodle, flat": ("Ada Lovelace_4711", "4711", "moodle", f"Ada Lovelace_4711_assignsubmission_file_{FILE}"),
    "Moodle, blind": ("Participant_4712", "4712", "moodle", "Participant_4712_assignsubmission_file"),
    "Canvas": ("lovelaceada_4711", "4711", "canvas", f"lovelaceada_4711_150_{FILE.replace('.ipynb', '-1.ipynb')}"),
    "Blackboard": ("Exercise 4_alovelace", "", "blackboard", f"Exercise 4_alovelace_attempt_2026-11-02-10-30-00_{FILE}"),
    "Brightspace": ("Ada Lovelace_283741", "283741", "brightspace", "283741-55 - Ada Lovelace - Nov 2, 2026 1030 AM"),
    "Brightspace, flat": ("Alan Turing_283742", "283742", "brightspace", f"283742-55 - Alan Turing - Nov 2, 2026 1130 PM - {FILE}"),
    "Google Classroom": ("Ada Lovelace", "", "classroom", f"Ada Lovelace - {FILE}"), "GitHub Classroom": ("softmax-alan", "", "", "softmax-alan"),
    "Gradescope": ("submission_9002", "9002", "gradescope", "submission_9002"), "nbgrader": ("alan", "", "", "alan"), "files": ("alan", "", "", "alan.ipynb"),
    "files in a folder": ("ada", "", "", "ada.ipynb"), "a folder around folders": ("alan", "", "", "alan"),
}


@pytest.mark.parametrize("system", EXPORTS)
def test_who_it_is_for_the_system_is_known_by_number_and_name(system, tmp_path, template):
    """What marks and pages go back by: the system's number, and what it called the folder or the file."""
    found = collect(zipped(tmp_path / "class.zip", EXPORTS[system][0]), LESSON, template)
    assert KNOWN[system] in {(entry.identity, entry.number, entry.system, entry.given) for entry in found}
    lost = [entry for entry in found if entry.lost]
    assert all(entry.number in entry.given and entry.given for entry in lost), "who handed in no notebook gets a page back too"


def test_empty_folders_hide_no_folder_around_all(tmp_path, template):
    """They are listed, and what lies around them with them."""
    names = {f"dl/hw/Ada_1_assignsubmission_file_/{FILE}": GOOD, f"dl/hw/Cyd_3_assignsubmission_file_/{FILE}": STUB, "dl/hw/Bo_2_assignsubmission_file_/": b""}
    found = collect(zipped(tmp_path / "class.zip", names), LESSON, template)
    assert {entry.number: entry.lost for entry in found} == {"1": "", "2": "an empty folder", "3": ""}


@pytest.mark.parametrize("outer", ["", "a class/", "a class/of mine/", "submissions 2/class/submitted/"])
def test_any_number_of_folders_around_all_is_looked_through(outer, tmp_path, template):
    names = {f"{outer}{name}": content for name, content in EXPORTS["Moodle, folders"][0].items()}
    assert {entry.given for entry in collect(zipped(tmp_path / "class.zip", names), LESSON, template)} == {name.split("/")[0] for name in EXPORTS["Moodle, folders"][0]}


@pytest.mark.parametrize("name, content, whose", [
    ("bob.txt", GOOD, "bob"), ("bob.json", GOOD, "bob"), ("BOB.TXT", GOOD, "BOB"), ("bob.txt", b"a list", None), ("bob.json", b"{}", None), ("bob.md", GOOD, None),
    ("bob.txt", b"", None), ("bob.log", GOOD, None)])
def test_a_lists_name_is_nobodys_unless_a_notebook_is_in_it(name, content, whose, tmp_path, template):
    found = collect(unpacked(tmp_path / "class", {"ada.ipynb": STUB, name: content}), LESSON, template)
    assert names_of(found) == sorted(["ada", *([whose] if whose else [])])
    assert [entry.data for entry in found if entry.name != "ada"] == ([GOOD] if whose else [])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_list_that_cannot_be_read_stops_nobody(tmp_path, template):
    folder = unpacked(tmp_path / "class", {"ada.ipynb": GOOD, "bob.ipynb": STUB})
    (folder / "notes.txt").symlink_to("/etc/hostname")
    assert names_of(collect(folder, LESSON, template)) == ["ada", "bob"]


def test_a_list_that_is_far_too_large_is_not_opened(tmp_path, template, monkeypatch):
    monkeypatch.setattr(sys.modules["exercises.grading.collect"], "LARGEST", len(GOOD))
    folder = unpacked(tmp_path / "class", {"ada.ipynb": GOOD, "bob.json": GOOD, "carl.json": GOOD + b" "})
    assert names_of(collect(folder, LESSON, template)) == ["ada", "bob"]


# ---- which notebook counts, and which cells of it are this exercise's

def test_what_cannot_be_read_is_named_and_what_comes_after_it_counts(tmp_path, template, monkeypatch):
    monkeypatch.setattr(sys.modules["exercises.grading.collect"], "LARGEST", 1_000_000)
    folder = unpacked(tmp_path / "class", {"ada/a.ipynb": b" " * 1_000_001, "ada/b.json": b"no JSON", f"ada/{FILE}": GOOD, "ada/z.ipynb": b" " * 2_000_000})
    (found,) = collect(folder, LESSON, template)
    assert found.data == GOOD and not found.lost and found.notes == ["a.ipynb: it has 1 MB", "z.ipynb: it has 2 MB"]
    (folder / "ada" / FILE).unlink()
    (found,) = collect(folder, LESSON, template)
    assert found.lost == "a.ipynb: it has 1 MB; z.ipynb: it has 2 MB"


@pytest.mark.parametrize("spoil", ["their metadata", "their ids", "both", "all three"])
def test_a_cell_is_the_exercises_by_its_mark_its_id_or_the_name_that_it_defines(spoil, tmp_path, template):
    """Editors drop metadata, and a notebook of an older format has no ids: then what a cell defines tells it."""
    def spoilt(nb):
        for number, cell in enumerate(nb.cells):
            if spoil != "their ids":
                cell.metadata.pop("nbgrader", None)
            if spoil != "their metadata":
                cell.id = f"cell{number}"
            if spoil == "all three":
                cell.source = "".join(f"# {line}" for line in cell.source.splitlines(True))
        return json.dumps(nb).encode()

    files = {"ada/a.ipynb": spoilt(solved()), "ada/b.ipynb": spoilt(release()), f"bob/{FILE}": spoilt(release())}
    ada, bob = collect(unpacked(tmp_path / "class", files), LESSON, template)
    if spoil == "all three":
        assert bob.lost == f"{FILE} holds nothing of this exercise; was another one handed in?" and ada.lost
    else:
        assert not bob.lost and not ada.lost and "a.ipynb counts; also there: b.ipynb" in ada.notes


@pytest.mark.parametrize("left", ["mark", "id"])
def test_a_cell_in_which_nothing_is_defined_is_the_exercises_by_its_mark_or_its_id_alone(left, tmp_path, template):
    nb = release()
    for number, cell in enumerate(nb.cells):
        cell.source = f"# {number}"
        if left == "mark":
            cell.id = f"cell{number}"
        else:
            cell.metadata.pop("nbgrader", None)
    (found,) = collect(unpacked(tmp_path / "class", {f"ada/{FILE}": json.dumps(nb).encode()}), LESSON, template)
    assert not found.lost


def test_an_answered_notebook_without_one_of_its_cells_counts_before_an_untouched_one_with_all(tmp_path, template):
    answered = solved()
    answered.cells = [cell for cell in answered.cells if cell.id not in ("accuracy", "accuracy-check", "explain")]
    (found,) = collect(unpacked(tmp_path / "class", {f"ada/{FILE}": STUB, "ada/mine.ipynb": json.dumps(answered).encode()}), LESSON, template)
    assert f"mine.ipynb counts; also there: {FILE}" in found.notes


def alone(*tasks, before=""):
    """A notebook with the answers to these tasks and nothing else, without marks."""
    return json.dumps({"cells": [{"cell_type": "code", "source": before + cell.source, "metadata": {}, "outputs": [], "execution_count": None}
                                 for cell in solved().cells if cell.id in tasks], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


FOREIGN = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.mark.parametrize("counts, newer", [(STUB, b"no notebook"), (GOOD, FOREIGN), (alone("accuracy"), STUB), (alone("accuracy", before="# mine\n\n"), FOREIGN), (FOREIGN, b"{")],
                         ids=["one that can be read", "one of this exercise", "one with an answer", "one with an answer further down", "one of another exercise"])
def test_of_two_the_later_does_not_count_where_it_holds_less(counts, newer, tmp_path, template):
    folder = unpacked(tmp_path / "class", {"ada/a.ipynb": counts, "ada/b.ipynb": newer})
    for name, day in (("a", 1), ("b", 2)):
        os.utime(folder / f"ada/{name}.ipynb", (1_790_000_000 + day * 86_400,) * 2)
    (found,) = collect(folder, LESSON, template)
    assert "a.ipynb counts; also there: b.ipynb" in found.notes


def test_what_is_no_notebook_may_be_of_any_size_and_a_notebook_of_the_largest(tmp_path, template, monkeypatch):
    monkeypatch.setattr(sys.modules[collect.__module__], "LARGEST", len(GOOD))
    (found,) = collect(unpacked(tmp_path / "class", {f"ada/{FILE}": GOOD, "ada/film.mp4": b"x" * (len(GOOD) + 1)}), LESSON, template)
    assert found.data == GOOD and not found.notes


def test_a_notebook_without_a_date_is_older_than_one_with_it(tmp_path, template):
    where = zipped(tmp_path / "class.zip", {"ada/a.ipynb": GOOD, "ada/b.ipynb": GOOD})
    changed(where, "ada/b.ipynb", 12, b"\0\0\0\0")
    (found,) = collect(where, LESSON, template)
    assert "a.ipynb counts; also there: b.ipynb" in found.notes


def test_a_students_folder_stays_whichever_way_the_class_comes(tmp_path, template):
    for where in (zipped(tmp_path / "class.zip", [f"ada/{FILE}"]), unpacked(tmp_path / "class", {f"ada/{FILE}": GOOD})):
        (found,) = collect(where, LESSON, template, {"ada": "ada-2", "Ada": "Ada"})
        assert found.student == "ada-2"


def test_a_text_typed_into_canvas_may_hold_a_notebook(tmp_path, template):
    (found,) = collect(zipped(tmp_path / "class.zip", ["a.ipynb_4711_text.html"]), LESSON, template)
    assert found.data == GOOD


@pytest.mark.parametrize("name, own", [("Ada Lovelace_4711_assignsubmission_file_x-1.ipynb", "x-1.ipynb"), ("lovelaceada_4711_99_x-1.ipynb", "x.ipynb"), ("x-1.ipynb", "x-1.ipynb"),
                                       ("Ex_ada_attempt_2026-11-02-10-30-00.txt", "Ex_ada_attempt_2026-11-02-10-30-00.txt")])
def test_a_files_own_name_is_what_its_student_called_it(name, own):
    assert students.own_name(name) == own


def test_changed_words_between_the_tasks_are_no_answers(tmp_path, template):
    notes, one = release(), release()
    for cell in notes.cells:
        if not cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source += "  # noted"
    next(cell for cell in one.cells if cell.id == "accuracy").source = next(cell for cell in solved().cells if cell.id == "accuracy").source
    files = {"ada/a.ipynb": json.dumps(notes).encode(), "ada/b.ipynb": json.dumps(one).encode()}
    (found,) = collect(unpacked(tmp_path / "class", files), LESSON, template)
    assert "b.ipynb counts; also there: a.ipynb" in found.notes


@pytest.mark.parametrize("older, newer", [("4711_99_x.ipynb", "4711_150_x-1.ipynb"), ("4711_99_x-9.ipynb", "4711_98_x-10.ipynb"), ("4711_99_x.ipynb", "4711_150_x.ipynb"), ("4711_150_x.ipynb", "4711_99_x-1.ipynb"),
                                          ("LATE_4711_99_x-1.ipynb", "4711_90_x-2.ipynb")])
def test_of_canvas_versions_of_one_file_the_last_counts_and_the_others_are_not_named(older, newer, tmp_path, template):
    for names in ((older, newer), (newer, older)):
        where = zipped(tmp_path / "class.zip", {f"lovelaceada_{name}": {older: GOOD, newer: STUB}[name] for name in names})
        (found,) = collect(where, LESSON, template)
        assert found.data == STUB and found.given == f"lovelaceada_{newer}" and not any("also there" in note for note in found.notes)


# ---- two are never one

TWO = {
    "dots": ("ada.lovelace.ipynb", "ada.byron.ipynb"), "apostrophe": (f"O'Brien/{FILE}", f"O Brien/{FILE}"),
    "copies": (f"Copy of {FILE}", f"Copy of {FILE[:-6]} (1).ipynb"), "numbers": ("ada.ipynb", "ada (1).ipynb"), "case": (f"Ada/{FILE}", f"ada/{FILE}"),
    "Hindi": (f"किरण/{FILE}", f"करण/{FILE}"), "Thai": (f"พิม/{FILE}", f"พิมพ์/{FILE}"), "emoji": (f"🦊/{FILE}", f"🐻/{FILE}"),
    "signs": (f"!!!/{FILE}", f"???/{FILE}"), "Moodle": (f"Ada_1_assignsubmission_file/{FILE}", f"Ada_2_assignsubmission_file/{FILE}"),
    "Canvas": (f"lovelace_1_9_{FILE}", f"lovelace_2_9_{FILE}"), "Brightspace": (f"1-5 - Ada - Nov 2, 2026 1030 AM/{FILE}", f"2-5 - Ada - Nov 2, 2026 1030 AM/{FILE}"),
    "Blackboard": (f"Ex_a_b_attempt_2026-11-02-10-30-00_{FILE}", f"Ex_c_b_attempt_2026-11-02-10-30-00_{FILE}"),
    "300 letters": (f"{'x' * 230}a.ipynb", f"{'x' * 230}b.ipynb"), "joiner": (f"نامه\u200cای/{FILE}", f"نامهای/{FILE}"),
    "accents": (f"José/{FILE}", f"Jose/{FILE}"), "blank": (f"Ada  Lovelace/{FILE}", f"Ada Lovelace/{FILE}"), "file and folder": ("ada.ipynb", f"ada /{FILE}"),
    "folders with dots": (f"ada.lovelace/{FILE}", f"ada.byron/{FILE}"),
    "Cyrillic a": (f"Аda/{FILE}", f"Ada/{FILE}"), "ligature": (f"ﬁona/{FILE}", f"fiona/{FILE}"),
}


@pytest.mark.parametrize("pair", TWO.values(), ids=TWO)
def test_two_students_are_never_one(pair, tmp_path, template):
    found = collect(zipped(tmp_path / "class.zip", {pair[0]: GOOD, pair[1]: STUB}), LESSON, template)
    assert len(found) == 2 and {entry.data for entry in found} == {GOOD, STUB}
    assert len({entry.student.casefold() for entry in found}) == len({entry.identity for entry in found}) == 2
    for entry in found:
        assert len(entry.student.encode()) <= 120 and not set(entry.student) & set("/\\ '!?\n")
    numbered = [entry for entry in found if "numbered" in "".join(entry.notes)]
    assert len(numbered) == (students.safe(found[0].identity).casefold() == students.safe(found[1].identity).casefold())


def test_folders_stay_from_run_to_run_whoever_comes_first(tmp_path, template):
    first = {entry.identity: entry.student for entry in collect(zipped(tmp_path / "1.zip", [f"O Brien/{FILE}"]), LESSON, template)}
    both = {entry.identity: entry.student for entry in collect(zipped(tmp_path / "2.zip", [f"O'Brien/{FILE}", f"O Brien/{FILE}"]), LESSON, template, first)}
    assert both["O Brien"] == first["O Brien"] == "O-Brien" and both["O'Brien"] == "O-Brien-2"
    again = {entry.identity: entry.student for entry in collect(zipped(tmp_path / "3.zip", [f"O'Brien/{FILE}"]), LESSON, template, both)}
    assert again == {"O'Brien": "O-Brien-2"}


def test_an_account_keeps_its_folder_from_run_to_run(tmp_path, template, monkeypatch):
    pytest.importorskip("pwd", reason="Windows has no accounts of this kind")
    from exercises.grading import inbound
    one = inbound.HandIn("a name", "ada", "ada", 1000, datetime.datetime.now(timezone.utc), problem="it is no folder")
    monkeypatch.setattr(inbound, "hand_ins", lambda *_: contextlib.nullcontext([one]))
    (found,) = collect(tmp_path / "inbound", LESSON, template, {"ada": "ada-2", "Ada": "Ada"})
    assert (found.identity, found.student) == ("ada", "ada-2")


@pytest.mark.parametrize("older, newer", [("a.ipynb", "b.ipynb"), ("b.ipynb", "a.ipynb"), ("mine.ipynb", "mine (copy).ipynb.txt")])
def test_of_two_with_as_many_answers_the_newer_counts_unless_one_has_the_right_name(older, newer, tmp_path, template):
    folder = unpacked(tmp_path / "class", {f"ada/{older}": GOOD, f"ada/{newer}": GOOD, f"bob/{FILE}": GOOD, f"bob/{newer}": GOOD})
    for path, day in ((f"ada/{older}", 1), (f"ada/{newer}", 2), (f"bob/{FILE}", 1), (f"bob/{newer}", 2)):
        os.utime(folder / path, (1_790_000_000 + day * 86_400,) * 2)
    ada, bob = sorted(collect(folder, LESSON, template), key=lambda entry: entry.name)
    assert f"the file was called {newer}" in ada.notes and ada.modified.timestamp() == 1_790_000_000 + 2 * 86_400
    assert not any("was called" in note for note in bob.notes) and bob.modified.timestamp() == 1_790_000_000 + 86_400


@pytest.mark.parametrize("packed", [True, False], ids=["zip", "folder"])
@pytest.mark.parametrize("system, whose", [("Blackboard", "alovelace"), ("Brightspace", "Ada Lovelace"), ("Brightspace, flat", "Ada Lovelace"), ("Canvas", "lovelaceada")])
def test_the_newest_attempt_counts_also_where_an_earlier_one_had_more_answers(system, whose, packed, tmp_path, template):
    names = {name: {GOOD: STUB, STUB: GOOD}.get(content, content) for name, content in EXPORTS[system][0].items()}
    found = collect(zipped(tmp_path / "class.zip", names) if packed else unpacked(tmp_path / "here", names), LESSON, template)
    assert [entry.data for entry in found if entry.name == whose] == [STUB]


def test_what_also_lay_there_is_named_and_what_counts_is_not(tmp_path, template):
    (found,) = collect(zipped(tmp_path / "ada.zip", {f"ada/{FILE}": GOOD, "ada/draft.ipynb": STUB, "ada/old.ipynb": STUB, "ada/notes.md": b"x"}), LESSON, template)
    assert found.data == GOOD and f"{FILE} counts; also there: draft.ipynb, old.ipynb" in found.notes


@pytest.mark.parametrize("size, words", [(1_000_000, "it has 1 MB"), (250_000_000, "it has 250 MB")])
def test_a_notebook_that_is_too_large_is_not_read(size, words, tmp_path, template, monkeypatch):
    monkeypatch.setattr(sys.modules["exercises.grading.collect"], "LARGEST", size - 1)
    (tmp_path / "class" / "ada").mkdir(parents=True)
    with open(tmp_path / "class" / "ada" / FILE, "wb") as file:
        file.truncate(size)  # takes no room
    (found,) = collect(tmp_path / "class", LESSON, template)
    assert words in found.lost and not found.data


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_is_no_notebook_and_nobody_waits_for_it(tmp_path, template):
    folder = unpacked(tmp_path / "class", {f"ada/{FILE}": GOOD, "bob/": b""})
    os.mkfifo(folder / "bob" / FILE)
    assert [entry.lost for entry in sorted(collect(folder, LESSON, template), key=lambda entry: entry.name)] == ["", f"{FILE}: it is no ordinary file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows takes the backslash for a folder's")
def test_an_empty_folder_in_a_zip_is_a_student_who_handed_in_nothing(tmp_path, template):
    names = {f"ada/{FILE}": GOOD, "bob/": b"", "carl\\": b"", f"dora/{FILE}": STUB, "eve/sub/": b"", "fay/./": b""}
    found = collect(zipped(tmp_path / "class.zip", names), LESSON, template)
    assert {entry.name: entry.lost for entry in found} == {"ada": "", **dict.fromkeys(("bob", "carl", "eve", "fay"), "an empty folder"), "dora": ""}
    assert all(entry.given == entry.name for entry in found if entry.lost), "what has no file is known by its folder"


def test_a_place_where_nothing_is_gets_a_sentence_and_exchange_is_a_word(tmp_path, template, monkeypatch):
    with pytest.raises(FileNotFoundError, match="There is nothing at .*gone: name the folder or the zip"):
        collect(tmp_path / "gone", LESSON, template)
    (tmp_path / "plain.txt").write_text("x")
    with pytest.raises(ValueError, match="plain.txt is neither a folder nor a zip file.$"):
        collect(tmp_path / "plain.txt", LESSON, template)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURSE_EXCHANGE", raising=False)
    module = sys.modules["exercises.grading.collect"]
    monkeypatch.setattr(module, "_in_exchange", lambda where, *_: f"the exchange, {where.name}")
    assert collect("exchange", LESSON, template) == "the exchange, exchange"
    unpacked(tmp_path / "exchange", {f"ada/{FILE}": GOOD})
    assert names_of(collect("exchange", LESSON, template)) == ["ada"], "a folder of that name, on a machine without a class"
    unpacked(tmp_path / "other", {f"alan/{FILE}": GOOD})
    monkeypatch.setenv("COURSE_EXCHANGE", str(tmp_path / "other"))
    assert collect("exchange", LESSON, template) == "the exchange, exchange" and names_of(collect("other", LESSON, template)) == ["alan"]
    (tmp_path / "inbound").mkdir()
    assert collect("inbound", LESSON, template) == "the exchange, inbound"


WRAPPED = {  # whether all lies in one folder that is no student's
    "a system's folders in it": ([f"Course/Ada_4711_assignsubmission_file/{FILE}", "Course/index.html"], True),
    "one of a system's files in it": ([f"Course/lovelaceada_4711_99_{FILE}", "Course/x.txt"], True),
    "a system's folders deep in it": ([f"a/b/Ada_4711_assignsubmission_file/{FILE}", f"a/b/Alan_4712_assignsubmission_file/{FILE}"], True),
    "a student's, with a system's folder deep in it": ([f"Ada_4711_assignsubmission_file/b/Alan_4712_assignsubmission_file/{FILE}"], False),
    "called submissions": ([f"submissions/ada/{FILE}"], True), "called as the lesson": ([f"{LESSON}/ada/{FILE}"], True),
    "called as the lesson, two files": ([f"{LESSON}/ada.ipynb", f"{LESSON}/alan.ipynb"], True), "called as the lesson, one file": ([f"{LESSON}/{FILE}"], False),
    "two students": ([f"winter/ada/{FILE}", f"winter/alan/{FILE}"], True), "one student": ([f"winter/ada/{FILE}"], False),
    "one student, and a folder without a notebook": ([f"ada/work/{FILE}", "ada/pictures/a.png"], False),
    "one student, and pictures": ([f"ada/mine/{FILE}", "ada/pictures/a.png"], False), "Gradescope's, of one": ([f"winter/submission_9001/{FILE}"], True),
    "two notebooks of one": (["ada/draft.ipynb", "ada/final.ipynb"], False),
    "a student's repository": ([f"ada/one/{FILE}", f"ada/two/{FILE}", "ada/README.md"], False), "with a program of theirs": ([f"ada/one/{FILE}", f"ada/two/{FILE}", "ada/mine.py"], False),
    "nbgrader's, of one": ([f"ada/{LESSON}/{FILE}", f"ada/01-tensors/{FILE}"], False), "a list beside them": ([f"winter/ada/{FILE}", f"winter/alan/{FILE}", "winter/grades.csv"], True),
    "a student's number": ([f"Ada_4711_assignsubmission_file/a/{FILE}", f"Ada_4711_assignsubmission_file/b/{FILE}"], False),
    "two folders": ([f"ada/{FILE}", f"alan/{FILE}"], False), "a file beside it": ([f"winter/ada/{FILE}", f"winter/alan/{FILE}", "x.ipynb"], False),
}


@pytest.mark.parametrize("names, wraps", WRAPPED.values(), ids=WRAPPED)
def test_a_folder_around_all_is_told_from_a_students_own(names, wraps):
    assert sys.modules["exercises.grading.collect"]._wraps([tuple(name.split("/")) for name in names], LESSON) is wraps


@pytest.mark.parametrize("other", ["01-tensors", f"{LESSON}-old", "zz"])
def test_the_time_is_that_of_the_notebook_that_counts(other, tmp_path, template):
    times = {LESSON: b"2026-11-02 10:00:00 UTC", other: b"2026-10-01 09:00:00 UTC"}
    names = {f"ada/{folder}/timestamp.txt": time for folder, time in times.items()}
    (found,) = collect(zipped(tmp_path / "class.zip", {f"ada/{LESSON}/{FILE}": GOOD, f"ada/{other}/readme.txt": b"x"} | names), LESSON, template)
    assert found.exchange == {"timestamp.txt": times[LESSON]}, found.exchange


@pytest.mark.parametrize("name, content, kept", [
    ("timestamp.txt", b"2026-11-02 10:00:00 UTC", True), ("timestamp.txt", b"2026-11-02 10:00:00.123456 Europe/Zurich\n", True), ("timestamp.txt", b"2026-11-02 10:00:00", True),
    ("timestamp.txt", b"2026-11-02 10:00:00 UTC; and more", False), ("timestamp.txt", b"yesterday", False), ("timestamp.txt", b"x2026-11-02 10:00:00", False),
    ("submission_secret.txt", b"0123456789abcdef", True), ("submission_secret.txt", b"0123456789abcdef\nmore", False), ("submission_secret.txt", b"short", False),
    ("submission_secret.txt", b"a" * 200, True), ("submission_secret.txt", b"a" * 201, False), ("timestamp.txt", b"2026-11-02 10:00:00" + b" " * 2000, False),
    ("timestamp.txt", b"2026-11-02 10:00:00".ljust(1000), True), ("timestamp.txt", b"2026-11-02 10:00:00".ljust(1001), False)])
def test_a_file_of_the_exchange_is_taken_where_nbgrader_writes_it_so(name, content, kept, tmp_path, template):
    """Its own commands stop at anything else, and nobody after that student gets a page."""
    (found,) = collect(zipped(tmp_path / "class.zip", {f"ada/{LESSON}/{FILE}": GOOD, f"ada/{LESSON}/{name}": content}), LESSON, template)
    assert found.exchange == ({name: content} if kept else {}) and found.data == GOOD
    assert [note.partition(":")[0] for note in found.notes] == ([] if kept else [f"{name} was left out"])


@pytest.mark.parametrize("name, read, folder", [
    (unicodedata.normalize("NFD", "José Ñúñez"), "José Ñúñez", "José-Ñúñez"), ("किरण देवी", "किरण देवी", "किरण-देवी"), ("พิมพ์", "พิมพ์", "พิมพ์"),
    ("李 小龙", "李 小龙", "李-小龙"), ("🦊", "🦊", "fox-face"), ("O'Brien", "O'Brien", "O-Brien"), ("a\x1b[31mred\nline", "a [31mred line", "a-31mred-line"),
    ("x\u202egnp.exe", "x gnp.exe", "x-gnp.exe"), ("../../etc", "../../etc", "etc"), ("...", "...", "unnamed"), ("ada@uni.edu", "ada@uni.edu", "ada@uni.edu")])
def test_names_are_kept_as_a_person_reads_them_and_folders_are_safe(name, read, folder):
    assert students.readable(name) == read and students.safe(name) == folder


@pytest.mark.parametrize("letter, folder", [("a", "a" * 100), ("é", "é" * 50), ("李", "李" * 33), ("🦊", "fox-face-" * 11 + "f")], ids=["a", "é", "李", "fox"])
def test_a_folders_name_is_no_longer_than_a_file_system_takes(letter, folder):
    """A hundred bytes of 255, as nbgrader adds to it."""
    assert students.safe(letter * 130) == folder
    assert students.readable(letter * 130).startswith(letter * 50) and len(students.readable(letter * 130)) <= 80


# ---- one is never two

ALONE = {
    "a folder": (["ada/x.ipynb"], "ada"), "his folders": (["ada/draft/x.ipynb", "ada/final/y.ipynb"], "ada"), "deep": (["ada/a/b/c/x.ipynb"], "ada"),
    "Moodle": ([f"Ada Lovelace_4711_assignsubmission_file/my work/{FILE}"], "Ada Lovelace"), "Brightspace": ([f"1-2 - Ada - Nov 2, 2026 1030 AM/w/{FILE}"], "Ada"),
    "a repository": ([f"softmax-ada/exercises/release/{LESSON}/{FILE}", "softmax-ada/notebooks/01-tensors.ipynb", "softmax-ada/utils.py",
                      "softmax-ada/README.md", "softmax-ada/data/x.csv"], "softmax-ada"),
    "a repository of two parts": ([f"softmax-ada/part1/{FILE}", "softmax-ada/part2/more.ipynb", "softmax-ada/README.md"], "softmax-ada"),
    "nbgrader": ([f"ada/{LESSON}/{FILE}"], "ada"), "Canvas": ([f"lovelaceada_4711_99_{FILE}"], "lovelaceada"), "a file": (["ada.lovelace.ipynb"], "ada.lovelace"),
    "one in a class": ([f"submissions/ada/{FILE}"], "ada"), "backward strokes": ([f"ada\\work\\{FILE}", f"ada\\{FILE}"], "ada"),
    "the outer folders listed": (["./", "submissions/", f"submissions/ada/{FILE}"], "ada"), "no folder, listed": (["./", f"submissions/ada/{FILE}"], "ada"),
    "out of the zip": ([f"../ada/{FILE}"], "ada"),
    "strokes before": ([f"./ada/{FILE}", f"/ada/other/{FILE}"], "ada"), "accents twice": ([f"José/{FILE}", unicodedata.normalize("NFD", "José") + "/b.ipynb"], "José"),
}


@pytest.mark.parametrize("names, expected", ALONE.values(), ids=ALONE)
def test_one_student_is_one_whatever_folders_there_are(names, expected, tmp_path, template):
    found = collect(zipped(tmp_path / "ada.zip", names), LESSON, template)
    assert names_of(found) == [expected]
    assert found[0].data == GOOD and not found[0].lost


@pytest.mark.parametrize("names", [["Thumbs.db"], ["desktop.ini"], ["index.html"], ["roster.csv", "grades.xlsx"], ["submission_metadata.yml"], ["notes.txt"],
                                   ["README.md"], ["__MACOSX/ada/._x.ipynb"], [".DS_Store"], ["list.json"]])
def test_what_lies_beside_the_submissions_is_nobody(names, tmp_path, template):
    found = collect(zipped(tmp_path / "class.zip", {**dict.fromkeys(names, b"{}"), f"ada/{FILE}": GOOD, f"alan/{FILE}": STUB}), LESSON, template)
    assert names_of(found) == ["ada", "alan"]


# ---- with nothing usable, or damaged: in the report, and nobody else's loss

def test_students_with_nothing_usable_are_named(tmp_path, template):
    folder = unpacked(tmp_path / "class", {f"ada/{FILE}": GOOD, "bob/": b"", "carl/answers.pdf": b"%PDF", "dora/work.rar": b"Rar!", "eve.pdf": b"%PDF"})
    os.symlink(folder / "ada" / FILE, folder / "fred.ipynb")
    (folder / "gina").mkdir()
    os.symlink("/etc/passwd", folder / "gina" / FILE)
    os.symlink(folder / "ada", folder / "hugo")
    found = {entry.name: entry.lost for entry in collect(folder, LESSON, template)}
    assert found == {"ada": "", "bob": "an empty folder", "carl": "no notebook among: answers.pdf", "eve": "no notebook among: eve.pdf",
                     "dora": "no notebook among: work.rar (an archive: ask for the notebook itself)",
                     "fred": "fred.ipynb: it is a link, and links are not followed", "gina": f"{FILE}: it is a link, and links are not followed",
                     "hugo": "hugo: it is a link, and links are not followed"}


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for a right to make links")
def test_a_link_to_the_classs_folder_is_followed(tmp_path, template):
    unpacked(tmp_path / "class", {"ada.ipynb": GOOD, f"bob/{FILE}": STUB})
    (tmp_path / "here").symlink_to(tmp_path / "class")
    assert names_of(collect(tmp_path / "here", LESSON, template)) == ["ada", "bob"]


def raw(path):
    return bytearray(path.read_bytes())


def central_header(content, name):
    """Where a member's entry in the list at a zip's end begins."""
    return content.find(name, content.find(b"PK\x01\x02")) - 46


def changed(where, name, offset, value):
    """Change bytes of a member's central header (and, for flags and method, of its local one)."""
    content = raw(where)
    central = central_header(content, name.encode())
    content[central + offset:central + offset + len(value)] = value
    local = struct.unpack_from("<I", content, central + 42)[0]
    if offset in (8, 10):
        content[local + offset - 2:local + offset - 2 + len(value)] = value
    where.write_bytes(content)


def wrong_byte(where, name):
    content = raw(where)
    local = struct.unpack_from("<I", content, central_header(content, name.encode()) + 42)[0]
    content[local + 30 + len(name) + 5] ^= 0xFF
    where.write_bytes(content)


DAMAGES = {
    "a wrong byte": (wrong_byte, "it is damaged or can't be read: Bad CRC-32"),
    "encrypted": (lambda where, name: changed(where, name, 8, b"\x01\x00"), "it is encrypted: ask for it without a password"),
    "Deflate64": (lambda where, name: changed(where, name, 10, b"\x09\x00"), "packed in a way that can't be read here"),
    "a method that nobody has": (lambda where, name: changed(where, name, 10, b"\x63\x00"), "packed in a way that can't be read here"),
    "no date": (lambda where, name: changed(where, name, 12, b"\x00\x00\x00\x00"), ""),
}


@pytest.mark.parametrize("damage, words", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_member_costs_its_owner_only(damage, words, tmp_path, template):
    where = zipped(tmp_path / "class.zip", [f"ada/{FILE}", f"bob/{FILE}", f"carl/{FILE}"])
    damage(where, f"bob/{FILE}")
    found = {entry.name: entry for entry in collect(where, LESSON, template)}
    assert sorted(found) == ["ada", "bob", "carl"] and found["ada"].data == found["carl"].data == GOOD
    assert not found["ada"].lost and not found["carl"].lost
    assert words in found["bob"].lost and bool(words) == bool(found["bob"].lost)


def test_a_student_whose_outer_folders_a_zip_does_not_list_is_there(tmp_path, template):
    found = collect(zipped(tmp_path / "class.zip", {f"ada/{FILE}": GOOD, "bob/work/inner/": b""}), LESSON, template)
    assert [each.identity for each in found] == ["ada", "bob"]


@pytest.mark.parametrize("name", ["..", "./.", "/", "\\"])
def test_a_member_of_a_zip_whose_name_says_nothing_is_left_alone(name, tmp_path, template):
    found = collect(zipped(tmp_path / "class.zip", {f"ada/{FILE}": GOOD, name: b"x"}), LESSON, template)
    assert [each.identity for each in found] == ["ada"]


def test_names_in_a_zip_without_the_utf8_flag_and_with_a_wrong_one(tmp_path, template):
    where = zipped(tmp_path / "class.zip", [f"{name}/{FILE}" for name in ("aaaa", "bbbb", "cccc")])
    content = bytes(raw(where)).replace(b"aaaa/", "Zoë".encode() + b"/").replace(b"bbbb/", b"\xff\xfe\xfdx/")  # flag unset: UTF-8, and no text at all
    where.write_bytes(content)
    found = collect(where, LESSON, template)
    assert len(found) == 3 and "Zoë" in names_of(found) and all(entry.data == GOOD for entry in found)
    content = bytearray(content)
    at = content.find(b"\xff\xfe\xfdx/" + FILE.encode()[:4], content.find(b"PK\x01\x02")) - 46
    content[at + 9] |= 0x08  # now it says UTF-8, and is not
    where.write_bytes(content)
    found = collect(where, LESSON, template)
    assert len(found) == 3 and "Zoë" in names_of(found) and all(entry.data == GOOD for entry in found)
    content = content.replace(b"cccc/", b"\xfe\xfe\xfdx/")
    for begins, flag in ((b"PK\x01\x02", 9), (b"PK\x03\x04", 7)):  # and all three say so, where they are listed and where they begin
        at = content.find(begins)
        while at >= 0:
            content[at + flag] |= 0x08
            at = content.find(begins, at + 1)
    where.write_bytes(content)
    found = collect(where, LESSON, template)
    assert len(found) == 3 and "Zoë" in names_of(found) and all(entry.data == GOOD for entry in found)


@pytest.mark.parametrize("names", [[f"Xlodie/{FILE}", f"ada/{FILE}"], [f"ada/{FILE}", f"Xlodie/{FILE}".rjust(256, "a")], ["Xlodie/"]],
                         ids=["at its beginning", "in a long one", "alone"])
def test_one_wrong_byte_in_a_name_stops_nobody(names, tmp_path, template):
    """The name is in Latin-1, and said to be UTF-8."""
    where = zipped(tmp_path / "class.zip", dict.fromkeys(names, b""))
    changed(where, next(name for name in names if "X" in name), 8, b"\x00\x08")
    where.write_bytes(bytes(raw(where)).replace(b"Xlodie/", "Élodie/".encode("latin-1")))
    assert len(collect(where, LESSON, template)) == len(names)


@pytest.mark.parametrize("before", [b"", b"a program that unpacks what follows"])
def test_a_wrong_name_costs_no_zip_within_the_zip_anything(before, tmp_path, template):
    """It has a list of contents of its own, in which such a name is none of ours."""
    inner = zipped(tmp_path / "more.zip", ["Xoë.txt"])
    changed(inner, "X", 8, b"\x00\x00")
    inner.write_bytes(bytes(raw(inner)).replace("Xoë".encode(), b"X\xff\xff\xff"[:len("Xoë".encode())]))
    where = zipped(tmp_path / "class.zip", {f"Zoë/{FILE}": GOOD, f"Xlodie/{FILE}": GOOD, f"bob/{FILE}": GOOD, "bob/more.zip": inner.read_bytes()})
    changed(where, f"Xlodie/{FILE}", 8, b"\x00\x08")
    where.write_bytes(before + bytes(raw(where)).replace(b"Xlodie/", "Élodie/".encode("latin-1")))
    found = collect(where, LESSON, template)
    assert len(found) == 3 and {"bob", "Zoë"} < set(names_of(found)) and all(entry.data == GOOD for entry in found)


@pytest.mark.parametrize("place, value, why", [(0, b"PK\x01\x03", "Bad magic number"), (6, b"\xff", "zip file version 25.5"),
                                               (46 + len(f"Xlodie/{FILE}"), struct.pack("<HH", 0x0101, 80), "Corrupt extra field")],
                         ids=["no entry", "of a later time", "a field cut off"])
@pytest.mark.parametrize("name", ["Xlodie", "Turing"])
def test_a_zip_whose_list_of_contents_is_damaged_gets_a_sentence(place, value, why, name, tmp_path, template):
    member = zipfile.ZipInfo(f"{name}/{FILE}")
    member.extra = struct.pack("<HH", 0x0102, 0)
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr(member, GOOD)
    where = tmp_path / "class.zip"
    changed(where, name, 8, b"\x00\x08")
    changed(where, name, place, value)
    where.write_bytes(bytes(raw(where)).replace(b"Xlodie/", "Élodie/".encode("latin-1")))
    with pytest.raises(ValueError, match=rf"class\.zip is damaged or can't be read \({why}.*\): get it anew, or unpack it, and name the folder\.$"):
        collect(where, LESSON, template)


def test_a_wrong_name_is_found_behind_what_programs_add(tmp_path, template):
    long = zipfile.ZipInfo(f"ada/{FILE}")
    long.extra, long.comment = struct.pack("<HH", 0x7875, 40_000) + b"PK\1\2" * 10_000, b"a note" * 6_000
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for member in (long, f"Xlodie/{FILE}"):
            archive.writestr(member, GOOD)
    content = raw(tmp_path / "class.zip")
    for at, offset in ((content.rfind(b"PK\3\4"), 6), (content.rfind(b"PK\1\2"), 8)):
        content[at + offset + 1] |= 0x08
    (tmp_path / "class.zip").write_bytes(bytes(content).replace(b"Xlodie/", "Élodie/".encode("latin-1")))
    assert len(collect(tmp_path / "class.zip", LESSON, template)) == 2


@pytest.mark.parametrize("place", [200, 2 ** 31], ids=["in another member", "outside of the file"])
def test_a_wrong_name_of_what_begins_nowhere_changes_no_other_members_bytes(place, tmp_path, template):
    where = zipped(tmp_path / "class.zip", [f"Xlodie/{FILE}", f"ada/{FILE}"])
    changed(where, f"Xlodie/{FILE}", 8, b"\x00\x08")
    changed(where, f"Xlodie/{FILE}", 42, struct.pack("<I", place))
    where.write_bytes(bytes(raw(where)).replace(b"Xlodie/", "Élodie/".encode("latin-1")))
    with pytest.raises(ValueError, match=r"class\.zip is damaged or can't be read \(.+\): get it anew, or unpack it, and name the folder\.$"):
        collect(where, LESSON, template)


def test_a_zip_of_several_disks_and_a_name_that_begins_with_nothing_get_words(tmp_path, template):
    where = zipped(tmp_path / "class.zip", [f"ada/{FILE}"])
    content = bytes(raw(where))
    end = content.rfind(b"PK\5\6")
    where.write_bytes(content[:end] + struct.pack("<4sIQI", b"PK\6\7", 0, 0, 2) + content[end:])
    with pytest.raises(ValueError, match=r"class\.zip is damaged or can't be read \(.*disks.*\): get it anew"):
        collect(where, LESSON, template)
    where.write_bytes(content.replace(f"ada/{FILE}".encode(), f"\0da/{FILE}".encode()))
    assert all(isinstance(entry.name, str) for entry in collect(where, LESSON, template))


def test_the_name_of_what_is_encrypted_is_read_like_any_other(tmp_path, template):
    where = zipped(tmp_path / "class.zip", [f"aaaa/{FILE}"])
    changed(where, f"aaaa/{FILE}", 8, b"\x01\x00")
    where.write_bytes(bytes(raw(where)).replace(b"aaaa/", "Zoë/".encode()))
    assert names_of(collect(where, LESSON, template)) == ["Zoë"]


def test_the_seconds_that_a_zip_adds_go_before_the_clock_on_its_wall(tmp_path, template):
    """Info-ZIP's extended timestamp, whatever stands before it; a field that gives no time of change, or is cut off, is passed over."""
    for i, (extra, expected) in enumerate([
            (struct.pack("<HHBi", 0x5455, 5, 1, 1_700_000_000), "2023-11-14 22:13:20"),
            (struct.pack("<HHI", 0x7875, 4, 0) + struct.pack("<HHBi", 0x5455, 5, 3, 1_700_000_000), "2023-11-14 22:13:20"),
            (b"".join([struct.pack("<HH", 0x7875, 40_000), b"\1" * 40_000, struct.pack("<HHBi", 0x5455, 5, 1, 1_700_000_000)]), "2023-11-14 22:13:20"),
            (struct.pack("<HHBi", 0x5455, 5, 1, 1_700_000_000) + struct.pack("<HHI", 0x7875, 4, 0), "2023-11-14 22:13:20"),
            (struct.pack("<HHB", 0x5455, 1, 1), "2026-11-02 10:30:00"),  # cut off
            (struct.pack("<HHBi", 0x5545, 5, 1, 1_700_000_000), "2026-11-02 10:30:00"),  # another field
            (struct.pack("<HHBi", 0x5455, 5, 2, 1_700_000_000), "2026-11-02 10:30:00"), (b"", "2026-11-02 10:30:00")]):
        member = zipfile.ZipInfo(f"ada/{FILE}", (2026, 11, 2, 10, 30, 0))
        member.extra = extra
        with zipfile.ZipFile(tmp_path / f"{i}.zip", "w") as archive:
            archive.writestr(member, GOOD)
        found, = collect(tmp_path / f"{i}.zip", LESSON, template, zone=timezone.utc)
        assert f"{found.modified:%Y-%m-%d %H:%M:%S %Z}" == f"{expected} UTC", i
        found, = collect(tmp_path / f"{i}.zip", LESSON, template, zone=ZoneInfo("Pacific/Auckland"))  # the class's clock, whatever this machine's is
        assert f"{found.modified:%Y-%m-%d %H:%M:%S}" == expected.replace("02 10:30", "01 21:30"), i


@pytest.fixture
def in_nepal(monkeypatch):
    """This computer's clock as it is on a wall there, 5:45 hours ahead of UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("Windows has no time zone of a process")
    monkeypatch.setenv("TZ", "NPT-5:45")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("extra, expected", [(b"", "2026-11-02 04:45:00 UTC"), (struct.pack("<HHBi", 0x5455, 5, 1, 1_700_000_000), "2023-11-14 22:13:20 UTC"),
                                             (struct.pack("<HHBi", 0x5455, 5, 1, -1), "1969-12-31 23:59:59 UTC")])
def test_a_zips_time_is_by_this_computers_clock_and_given_in_utc(extra, expected, in_nepal, tmp_path, template):
    member = zipfile.ZipInfo(f"ada/{FILE}", (2026, 11, 2, 10, 30, 0))
    member.extra = extra
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr(member, GOOD)
    (found,) = collect(tmp_path / "class.zip", LESSON, template)
    assert f"{found.modified:%Y-%m-%d %H:%M:%S %Z}" == expected


@pytest.mark.parametrize("name", [".ipynb_checkpoints/{}-checkpoint.ipynb", "ada/.ipynb_checkpoints/{}-checkpoint.ipynb", "__MACOSX/ada/._{}.ipynb",
                                  "ada/.venv/{}.ipynb", "ada/.git/{}.ipynb", "ada/__pycache__/{}.ipynb", "ada/.{}.ipynb"])
@pytest.mark.parametrize("packed", [True, False], ids=["zip", "folder"])
def test_what_programs_leave_behind_is_neither_a_submission_nor_a_student(name, packed, tmp_path, template):
    """The better answers stand there: were it looked at, it would be graded in place of the notebook."""
    files = {f"ada/{FILE}": STUB, name.format(FILE.removesuffix(".ipynb")): GOOD}
    where = zipped(tmp_path / "class.zip", files) if packed else unpacked(tmp_path / "class", files)
    found, = collect(where, LESSON, template)
    assert found.name == "ada" and found.data == STUB and not any("checkpoint" in note or "also there" in note for note in found.notes)


@pytest.mark.parametrize("name, cure", [("class.tar.gz", "unpack it"), ("class.7z", "unpack it"), ("class.rar", "unpack it"), ("class.zip", "unpack it")])
def test_another_archive_gets_a_sentence(name, cure, tmp_path, template):
    (tmp_path / name).write_bytes(b"\x1f\x8b no zip")
    with pytest.raises(ValueError, match=f"neither a folder nor a zip file: {cure}"):
        collect(tmp_path / name, LESSON, template)


def test_a_half_zip_gets_a_sentence(tmp_path, template):
    zipped(tmp_path / "whole.zip", [f"ada/{FILE}"])
    (tmp_path / "half.zip").write_bytes((tmp_path / "whole.zip").read_bytes()[:300])
    with pytest.raises(ValueError, match="neither a folder nor a zip file"):
        collect(tmp_path / "half.zip", LESSON, template)


# ---- whose a name is

@pytest.mark.parametrize("name, person", [
    ("Ada Lovelace_4711_assignsubmission_file_", ("Ada Lovelace_4711", "Ada Lovelace", "4711", (), "moodle")),
    ("12-345 - Ada Lovelace - Mar 3, 2027 1105 PM", ("Ada Lovelace_12", "Ada Lovelace", "12", (datetime.datetime(2027, 3, 3, 23, 5),), "brightspace")),
    ("12-345 - Ada Lovelace - 3 March, 2027 905 am", ("Ada Lovelace_12", "Ada Lovelace", "12", (datetime.datetime(2027, 3, 3, 9, 5),), "brightspace")),
    ("submission_99", ("submission_99", "submission_99", "99", (), "gradescope")), ("ada", ("ada", "ada", "", (), ""))])
def test_whose_folder_it_is(name, person):
    assert dataclasses.astuple(students.of_folder(name)) == person


@pytest.mark.parametrize("name, person", [
    (f"Ada Lovelace_4711_assignsubmission_file_{FILE}", ("Ada Lovelace_4711", "Ada Lovelace", "4711", (), "moodle")),
    (f"hw4_ada_attempt_2027-03-03-23-05-00_{FILE}", ("hw4_ada", "hw4_ada", "", ("2027-03-03-23-05-00",), "blackboard")),
    (f"12-345 - Ada Lovelace - Mar 3, 2027 1105 PM - {FILE}", ("Ada Lovelace_12", "Ada Lovelace", "12", (datetime.datetime(2027, 3, 3, 23, 5),), "brightspace")),
    (f"lovelaceada_LATE_4711_99_{FILE}", ("lovelaceada_4711", "lovelaceada", "4711", (), "canvas")), (f"Ada - {FILE}", ("Ada", "Ada", "", (), "classroom")),
    (f"ada_{FILE}", (f"ada_{LESSON}-exercises", "ada", "", (), "")), ("ada.ipynb", ("ada", "ada", "", (), "")), ("ada.lovelace.txt", ("ada.lovelace", "ada.lovelace", "", (), "")),
    (f"COPY OF {LESSON} (2).ipynb", (f"COPY OF {LESSON} (2)", f"COPY OF {LESSON} (2)", "", (), "")), (f"{LESSON} - Ada_.ipynb", (LESSON, LESSON, "", (), "classroom")),
    (f"_{LESSON}-exercises Ada .ipynb.json", (f"_{LESSON}-exercises Ada ", "Ada", "", (), "")), ("noextension", ("noextension", "noextension", "", (), "")),
    ("Ada - notes.txt", ("Ada - notes", "Ada - notes", "", (), "")), (FILE, (f"{LESSON}-exercises", f"{LESSON}-exercises", "", (), ""))])
def test_whose_file_it_is(name, person):
    assert dataclasses.astuple(students.of_file(name, LESSON)) == person


@pytest.mark.parametrize("names, short", [
    (["hw4_ada", "hw4_bob"], ["ada", "bob"]), (["hw_4_ada", "hw_4_adam", "hw_4_bo_b"], ["ada", "adam", "bo_b"]), (["hw4_ada"], ["ada"]), (["ada"], ["ada"]),
    (["hw4_a_da", "hw4_bob"], ["a_da", "bob"]), (["hw_4_ada"], ["ada"]),
    (["hw4_ada_x", "hw4_ada_y"], ["x", "y"]), (["ada", "bob"], ["ada", "bob"]), (["hw4_", "hw4_ada"], ["hw4_", "ada"]), (["_ada", "_bob"], ["ada", "bob"])])
def test_what_all_names_begin_with_is_left_out(names, short):
    people = [students.Person(name, name) for name in names]
    assert list(students.same_prefix_left_out(people).values()) == short


def test_a_name_stands_alone_until_somebody_else_has_it():
    """Then with the system's number, or with what tells the two apart; and "Participant" says nothing without its number."""
    person = students.Person
    one, two, three = person("ada_1", "Ada", "4711"), person("ada_2", "Ada", "4712"), person("bob", "Bob", "4713")
    assert students.shown([one, three]) == {"ada_1": "Ada", "bob": "Bob"}
    assert students.shown([one, two, three]) == {"ada_1": "Ada (4711)", "ada_2": "Ada (4712)", "bob": "Bob"}
    assert students.shown([person("Ada", "Ada"), person("ada (2)", "Ada")]) == {"Ada": "Ada", "ada (2)": "Ada (ada (2))"}
    assert students.shown([person("p_1", "Participant", "1")]) == {"p_1": "Participant (1)"}
    assert students.shown([person("participant", "Participant")]) == {"participant": "Participant"}, "a file of that name"


def test_a_name_is_cut_at_its_length_and_no_shorter():
    assert students.readable("x" * 80) == "x" * 80 and students.readable("x" * 81) == "x" * 79 + "…" and students.readable("a\tb\u200d\x00c") == "a b\u200d c"
    assert len(students.readable("x" * 999)) == 80


@pytest.mark.parametrize("name, note", [
    (f"lovelaceada_4711_99_{FILE}", ""), (f"lovelaceada_LATE_4711_99_{FILE.replace('.ipynb', '-2.ipynb')}", ""), (f"Ada_1_assignsubmission_file_{FILE}", ""),
    (f"Ex_ada_attempt_2026-11-02-10-30-00_{FILE}", ""), (f"1-2 - Ada - Nov 2, 2026 1030 AM - {FILE}", ""), (f"ada/{FILE}", ""),
    ("lovelaceada_4711_99_softmax.ipynb", "the file was called lovelaceada_4711_99_softmax.ipynb"), ("ada.ipynb", "the file was called ada.ipynb")])
def test_a_name_that_the_system_gave_is_no_remark(name, note, tmp_path, template):
    found, = collect(zipped(tmp_path / "class.zip", [name]), LESSON, template)
    assert found.notes == [note] * bool(note)
