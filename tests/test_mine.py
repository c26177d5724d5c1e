"""What a reader opens: lessons without outputs (tools/blank.py), and copies of one's own that no update touches (tools/mine.py)."""
import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import blank  # noqa: E402
import mine  # noqa: E402


def notebook(*sources, outputs=()):
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}", outputs=list(outputs)) for i, source in enumerate(sources)]
    return json.dumps(nbformat.v4.new_notebook(cells=cells))


def renew(folder, made):
    lines, failed = mine.renew(folder, made)
    assert not failed
    return lines


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A course of one lesson, in this process."""
    (tmp_path / "blank").mkdir()
    (tmp_path / "blank" / "one.ipynb").write_text(notebook("a"))
    monkeypatch.setattr(mine, "ROOT", tmp_path)
    return tmp_path


RUN = [nbformat.v4.new_output("stream", text="1\n")]


def test_the_blank_lessons_are_in_step():
    made = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / blank.BLANK).glob("*.ipynb")}
    assert made == blank.blanks(), "run `python tools/blank.py`"


def test_blank_lessons_follow_the_lessons_and_only_what_changed_is_written_and_named(tmp_path, ascii_only):
    lessons, folder = tmp_path / "notebooks", tmp_path / "blank"
    lessons.mkdir()
    for name in ("one", "two", "gone"):
        (lessons / f"{name}.ipynb").write_text(notebook(f"Zoë's {name}"), encoding="utf-8")
    assert sorted(blank.main(tmp_path)) == ["blank/gone.ipynb", "blank/one.ipynb", "blank/two.ipynb"] and blank.main(tmp_path) == []
    (folder / "README.md").write_text("a page")
    (lessons / "gone.ipynb").unlink()
    (lessons / "one.ipynb").write_text(notebook("new"), encoding="utf-8")
    assert blank.main(tmp_path) == ["blank/one.ipynb"]
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "one.ipynb", "two.ipynb"]
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.ipynb")} == blank.blanks(tmp_path)


def test_a_blank_lesson_shows_no_answer_and_says_the_same():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        full, empty = nbformat.read(path, 4), nbformat.read(ROOT / blank.BLANK / path.name, 4)
        assert [(cell.id, cell.source, cell.metadata) for cell in full.cells] == [(cell.id, cell.source, cell.metadata) for cell in empty.cells]
        code = [cell for cell in empty.cells if cell.cell_type == "code"]
        assert not any(cell.outputs or cell.execution_count for cell in code) and any(cell.outputs for cell in full.cells if cell.cell_type == "code")


def test_what_badges_and_make_lab_open_is_without_answers():
    """Predict comes before its answer on Colab and Binder, and in JupyterLab."""
    for page in (*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "exercises" / "release").glob("*/*.ipynb"), ROOT / "README.md"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?:/blob/[^/]+|lab/tree)/notebooks/", text), page
    assert re.search(r"^lab:.*\n(?:\t.*\n)*?\t.*tools/mine\.py\n\t.*preferred_dir=mine\b", (ROOT / "Makefile").read_text(), re.M)


def test_copies_lead_to_one_another(tmp_path):
    made = mine.versions()
    assert len(made) == 16
    for name, text in made.items():
        nbformat.validate(nbformat.reads(text, 4))
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", text):
            assert target in made or (ROOT / "mine" / target).resolve().exists(), f"{name}: {target}"
        assert "../notebooks/" not in text.replace("../notebooks/train.py", "") and "exercises/release/" not in re.sub(r"https://[^)]*", "", text)


@pytest.mark.parametrize("link, near", [
    ("[a](../../../notebooks/01-tensors.ipynb)", "[a](01-tensors.ipynb)"),
    ("[a](../exercises/release/01-tensors/01-tensors-exercises.ipynb), b", "[a](01-tensors-exercises.ipynb), b"),
    ("[a](https://example.org/notebooks/01-tensors.ipynb) [b](../utils.py)", "[a](https://example.org/notebooks/01-tensors.ipynb) [b](../utils.py)")])
def test_a_link_to_a_lesson_or_an_exercise_leads_to_the_copy_and_no_other_is_changed(link, near):
    assert mine.at_home(link) == near


@pytest.mark.parametrize("what, edit, kept, said", [
    ("untouched", lambda path: None, False, "one.ipynb is renewed: you had not changed it."),
    ("run", lambda path: path.write_text(notebook("a", outputs=RUN)), False, "one.ipynb is renewed: you had not changed it."),
    ("changed", lambda path: path.write_text(notebook("mine")), True,
     "one.ipynb is yours and stays as it is; the course's new version is one.new.ipynb, beside it."),
    ("damaged", lambda path: path.write_text("{"), True, "one.ipynb is yours and stays as it is; the course's new version is one.new.ipynb, beside it."),
    ("deleted", lambda path: path.unlink(), False, "one.ipynb was not there any more, and is made anew."),
])
def test_a_new_version_overwrites_nothing_of_anybodys(tmp_path, what, edit, kept, said):
    folder = tmp_path / "mine"
    assert renew(folder, {"one.ipynb": notebook("a"), "two.ipynb": notebook("b")}) == []
    edit(folder / "one.ipynb")
    before = (folder / "one.ipynb").read_text() if kept else ""
    assert renew(folder, {"one.ipynb": notebook("new"), "two.ipynb": notebook("b")}) == [said]
    assert (folder / "one.ipynb").read_text() == (before or notebook("new"))
    assert (folder / "one.new.ipynb").exists() == kept and (folder / "two.ipynb").read_text() == notebook("b")
    assert renew(folder, {"one.ipynb": notebook("new"), "two.ipynb": notebook("b")}) == []  # said once
    assert {path.name for path in folder.iterdir()} <= {"one.ipynb", "two.ipynb", "one.new.ipynb", mine.RECORD}


@pytest.mark.parametrize("content", ["{", "<<<<<<< HEAD\n" + notebook("a"), "", "notes", "größer, from a system without UTF-8"])
def test_what_lies_there_without_a_record_is_its_owners(tmp_path, content):
    """Cut off, full of merge marks, or never a notebook: it is not the course's to overwrite."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "one.ipynb").write_text(content, encoding="latin-1")
    said, = renew(folder, {"one.ipynb": notebook("new")})
    assert "stays as it is" in said and (folder / "one.ipynb").read_text(encoding="latin-1") == content and (folder / "one.new.ipynb").read_text() == notebook("new")


def changed(path, change):
    nb = json.loads(path.read_text())
    change(nb)
    path.write_text(json.dumps(nb))


@pytest.mark.parametrize("change, kept", [
    (lambda nb: nb["cells"][0]["metadata"].update(tags=["mine"]), True),
    (lambda nb: nb["cells"][0]["metadata"].update(slideshow={"slide_type": "slide"}), True),
    (lambda nb: nb["cells"][0].update(attachments={"a.png": {"image/png": "AAAA"}}), True),
    (lambda nb: nb["cells"][0]["metadata"].update(jupyter={"source_hidden": True}), True),
    (lambda nb: nb["metadata"].update(title="my course"), True),
    (lambda nb: nb["cells"].pop(), True),
    (lambda nb: nb["cells"].reverse(), True),
    (lambda nb: nb["metadata"].update(kernelspec={"name": "other"}, language_info={"version": "3.14"}, widgets={"state": {}}), False),
    (lambda nb: nb["cells"][0].update(execution_count=7, source=["a\n", "b"]), False),
    (lambda nb: nb["cells"][0]["metadata"].update(execution={"iopub.execute_input": "now"}, jupyter={"outputs_hidden": True}, vscode={}), False),
], ids=["tags", "slides", "attachment", "hidden source", "title", "deleted", "moved", "kernel", "run, source as a list", "times, hidden outputs"])
def test_what_its_owner_did_to_a_notebook_is_a_change_and_what_running_did_is_none(tmp_path, change, kept):
    folder = tmp_path / "mine"
    renew(folder, {"one.ipynb": notebook("a\nb", "b")})
    changed(folder / "one.ipynb", change)
    before = (folder / "one.ipynb").read_text()
    said, = renew(folder, {"one.ipynb": notebook("new", "b")})
    assert ("stays as it is" in said) == kept and ((folder / "one.ipynb").read_text() == before) == kept


def test_the_order_in_which_an_editor_writes_a_cells_settings_is_no_change(tmp_path):
    folder, one = tmp_path / "mine", json.loads(notebook("a"))
    one["cells"][0]["metadata"] = {"tags": ["x"], "nbgrader": {"grade": True, "points": 3}}
    renew(folder, {"one.ipynb": json.dumps(one)})
    one["cells"][0]["metadata"] = {"nbgrader": {"points": 3, "grade": True}, "tags": ["x"]}
    (folder / "one.ipynb").write_text(json.dumps(one))
    assert renew(folder, {"one.ipynb": notebook("new")}) == ["one.ipynb is renewed: you had not changed it."]


def test_a_new_version_that_its_owner_worked_in_is_kept_too(tmp_path):
    folder = tmp_path / "mine"
    renew(folder, {"one.ipynb": notebook("a")})
    (folder / "one.ipynb").write_text(notebook("mine"))
    renew(folder, {"one.ipynb": notebook("second")})
    assert "is one.new.ipynb" in renew(folder, {"one.ipynb": notebook("third")})[0]  # nobody had touched the second
    assert (folder / "one.new.ipynb").read_text() == notebook("third")
    (folder / "one.new.ipynb").write_text(notebook("worked in"))
    assert "is one.new2.ipynb" in renew(folder, {"one.ipynb": notebook("fourth")})[0]
    assert (folder / "one.new.ipynb").read_text() == notebook("worked in") and (folder / "one.new2.ipynb").read_text() == notebook("fourth")


@pytest.mark.parametrize("theirs", ["", "half of a noteb", "[]", "null", "größer, from a system without UTF-8"])
def test_a_file_beside_it_that_is_no_notebook_is_its_owners(tmp_path, theirs):
    folder = tmp_path / "mine"
    (folder).mkdir()
    (folder / "one.ipynb").write_text(notebook("mine"))
    (folder / "one.new.ipynb").write_text(theirs, encoding="latin-1")
    said, = renew(folder, {"one.ipynb": notebook("first")})
    assert "is one.new2.ipynb" in said and (folder / "one.new.ipynb").read_text(encoding="latin-1") == theirs


def test_a_folder_in_the_place_of_a_new_version_is_passed_over(tmp_path):
    folder = tmp_path / "mine"
    (folder / "one.new.ipynb").mkdir(parents=True)
    (folder / "one.ipynb").write_text(notebook("mine"))
    said, = renew(folder, {"one.ipynb": notebook("first")})
    assert "is one.new2.ipynb" in said and (folder / "one.new2.ipynb").read_text() == notebook("first")


def test_a_change_taken_back_is_none(tmp_path):
    folder = tmp_path / "mine"
    renew(folder, {"one.ipynb": notebook("a")})
    (folder / "one.ipynb").write_text(notebook("mine"))
    renew(folder, {"one.ipynb": notebook("b")})
    (folder / "one.ipynb").write_text(notebook("a"))
    assert renew(folder, {"one.ipynb": notebook("b")}) == ["one.ipynb is renewed: you had not changed it."]


def test_an_update_of_tags_and_points_reaches_a_copy(tmp_path):
    folder, new = tmp_path / "mine", json.loads(notebook("a"))
    new["cells"][0]["metadata"]["nbgrader"] = {"points": 3}
    renew(folder, {"one.ipynb": notebook("a")})
    assert renew(folder, {"one.ipynb": json.dumps(new)}) == ["one.ipynb is renewed: you had not changed it."]


def test_a_damaged_file_of_the_course_replaces_no_copy(tmp_path):
    folder = tmp_path / "mine"
    renew(folder, {"one.ipynb": notebook("a")})
    for damaged in ("<<<<<<< HEAD", "", "[" * 100_000):
        assert renew(folder, {"one.ipynb": damaged}) == ["The course's own one.ipynb is damaged, so your copy was not renewed."]
    assert (folder / "one.ipynb").read_text() == notebook("a")
    assert renew(folder, {"one.ipynb": notebook("b")}) == ["one.ipynb is renewed: you had not changed it."]


def test_a_file_of_the_course_that_is_no_text_costs_no_other_copy(own, capsys):
    (own / "blank" / "two.ipynb").write_bytes(notebook("b").encode("utf-16"))
    mine.main()
    assert (own / "mine" / "one.ipynb").is_file() and not (own / "mine" / "two.ipynb").exists()
    assert "The course's own two.ipynb is damaged" in capsys.readouterr().out


def test_one_copy_that_cannot_be_written_costs_no_other(tmp_path):
    folder = tmp_path / "mine"
    made = {f"{name}.ipynb": notebook(name) for name in ("one", "two", "three")}
    renew(folder, made)
    (folder / "two.ipynb").unlink()
    (folder / "two.ipynb").mkdir()
    lines, failed = mine.renew(folder, {name: notebook("new") for name in made})
    assert [line.split()[0] for line in lines] == ["one.ipynb", "three.ipynb"] and failed[0].startswith("two.ipynb in mine/ can't be written")
    (folder / "two.ipynb").rmdir()
    assert renew(folder, {name: notebook("newer") for name in made})[0] == "one.ipynb is renewed: you had not changed it."


def test_two_runs_at_once_disturb_nobody(tmp_path):
    course = tmp_path / "course"
    (course / "blank").mkdir(parents=True)
    (course / "tools").mkdir()
    for name in ("mine", "course"):
        (course / "tools" / f"{name}.py").write_text((ROOT / "tools" / f"{name}.py").read_text(encoding="utf-8"), encoding="utf-8")
    for i in range(12):
        (course / "blank" / f"{i}.ipynb").write_text(notebook("a"))
    runs = [subprocess.Popen([sys.executable, "tools/mine.py"], cwd=course, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(run.wait(), run.communicate()[1]) for run in runs] == [(0, "")] * 4
    assert {path.name for path in (course / "mine").iterdir()} == {f"{i}.ipynb" for i in range(12)} | {mine.RECORD}


def test_without_its_record_nothing_is_overwritten(tmp_path):
    folder = tmp_path / "mine"
    renew(folder, {"one.ipynb": notebook("a")})
    for record in ("", "[1]", "{"):
        (folder / mine.RECORD).write_text(record)
        (folder / "one.ipynb").write_text(notebook("mine"))
        assert "stays as it is" in renew(folder, {"one.ipynb": notebook("new")})[0]
        assert (folder / "one.ipynb").read_text() == notebook("mine")


def test_a_copy_that_is_the_newest_already_is_known_as_unchanged_again(tmp_path):
    folder = tmp_path / "mine"
    renew(folder, {"one.ipynb": notebook("a")})
    (folder / mine.RECORD).unlink()
    assert renew(folder, {"one.ipynb": notebook("a")}) == []
    assert renew(folder, {"one.ipynb": notebook("new")}) == ["one.ipynb is renewed: you had not changed it."]


def failing(*error):
    def fail(*_):
        raise OSError(*error)
    return fail


def test_a_folder_that_cannot_be_written_is_said(own, monkeypatch, capsys):
    monkeypatch.setattr(mine, "write", failing(28, "No space left on device"))
    assert mine.main() == 1
    said = capsys.readouterr()
    assert "can't be written (No space left on device)" in said.err and said.out == ""


@pytest.mark.parametrize("named", [(), ("/dev/full",)])
def test_a_failure_names_the_file_that_the_system_names_and_else_the_copy(tmp_path, monkeypatch, named):
    monkeypatch.setattr(mine, "write", failing(28, "No space left on device", *named))
    place = named[0] if named else tmp_path / "mine" / "one.ipynb"
    assert mine.renew(tmp_path / "mine", {"one.ipynb": notebook("a")}) == \
        ([], [f"one.ipynb in mine/ can't be written (No space left on device): {place}"])


def test_a_copy_is_not_to_be_seen_before_it_is_whole_and_a_failure_leaves_no_trace(tmp_path, monkeypatch):
    folder, parts = tmp_path / "mine", []

    def replace(part, whole):
        parts.append(Path(part))
        assert parts[-1].parent == whole.parent  # another folder may lie on another disk
        raise OSError(13, "Permission denied", str(whole))

    monkeypatch.setattr(mine.os, "replace", replace)
    lines, failed = mine.renew(folder, {"one.ipynb": notebook("a")})
    assert lines == [] and failed == [f"one.ipynb in mine/ can't be written (Permission denied): {folder / 'one.ipynb'}"]
    assert parts[0].name.startswith(".one.ipynb.") and list(folder.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_a_new_copy_can_be_read_as_any_new_file_and_a_renewed_one_as_before(tmp_path):
    folder = tmp_path / "mine"
    renew(folder, {"one.ipynb": notebook("a")})
    (tmp_path / "any").touch()
    assert (folder / "one.ipynb").stat().st_mode == (tmp_path / "any").stat().st_mode
    (folder / "one.ipynb").chmod(0o600)
    renew(folder, {"one.ipynb": notebook("new")})
    assert (folder / "one.ipynb").stat().st_mode & 0o777 == 0o600 and (folder / "one.ipynb").read_text() == notebook("new")


def test_any_letter_is_kept_whatever_encoding_a_system_has(own, ascii_only):
    def course(*words):
        text = json.dumps(json.loads(notebook(*words)), ensure_ascii=False)
        (own / "blank" / "one.ipynb").write_text(text, encoding="utf-8")
        lines, failed = mine.renew(own / "mine", mine.versions())
        assert not failed
        return lines, text

    course("größer")
    lines, text = course("größte")
    assert lines == ["one.ipynb is renewed: you had not changed it."] and (own / "mine" / "one.ipynb").read_text(encoding="utf-8") == text
    (own / "mine" / "one.ipynb").write_text(notebook("mine"))
    course("noch größer")
    lines, text = course("am größten")  # nobody had touched the version before
    assert "is one.new.ipynb" in lines[0] and (own / "mine" / "one.new.ipynb").read_text(encoding="utf-8") == text


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_what_would_keep_a_reader_waiting_costs_its_own_copy_only(tmp_path):
    folder = tmp_path / "home" / "mine"
    renew(folder, {"one.ipynb": notebook("a"), "two.ipynb": notebook("b")})
    for name in ("one.ipynb", mine.RECORD):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    lines, failed = mine.renew(folder, {"one.ipynb": notebook("a"), "three.ipynb": notebook("c")})
    assert lines == [] and failed == [f"one.ipynb in mine/ can't be written (it is no plain file): {folder / 'one.ipynb'}"]
    assert (folder / "three.ipynb").read_text() == notebook("c") and (folder / "one.ipynb").is_fifo()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other words for them")
@pytest.mark.parametrize("put, error", [(lambda path: path.mkdir(), errno.EISDIR), (lambda path: path.symlink_to("nowhere"), errno.ENOENT)],
                         ids=["a folder", "a link to nothing"])
def test_what_else_stands_in_the_place_of_a_copy_is_said_in_the_systems_words(tmp_path, put, error):
    put(tmp_path / "one.ipynb")
    assert mine.renew(tmp_path, {"one.ipynb": notebook("a")}) == \
        ([], [f"one.ipynb in {tmp_path.name}/ can't be written ({os.strerror(error)}): {tmp_path / 'one.ipynb'}"])


def test_copies_go_where_they_are_asked_to(tmp_path):
    """A hub's students can't write where the course lies."""
    done = subprocess.run([sys.executable, ROOT / "tools" / "mine.py", tmp_path / "home" / "mine"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "The first page to open is mine/01-tensors.ipynb.\n", "")
    assert len(list((tmp_path / "home" / "mine").glob("*.ipynb"))) == 16 and list(tmp_path.iterdir()) == [tmp_path / "home"]


def test_what_was_done_and_the_page_to_open_are_said(own, capsys):
    where = own / "home" / "copies"
    assert (mine.main([str(where)]), capsys.readouterr()) == (0, ("The first page to open is copies/one.ipynb.\n", ""))
    (own / "blank" / "one.ipynb").write_text(notebook("new"))
    assert (mine.main([str(where)]), capsys.readouterr().out) == \
        (0, "one.ipynb is renewed: you had not changed it.\nThe first page to open is copies/one.ipynb.\n")
    assert (where / "one.ipynb").read_text() == notebook("new") and not (own / mine.MINE).exists()


def test_a_course_without_lessons_names_no_page(own, capsys):
    (own / "blank" / "one.ipynb").unlink()
    assert (mine.main(), capsys.readouterr()) == (0, ("", ""))


def git(*args, folder):
    return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *args], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def cloned(tmp_path):
    """(a course with one lesson and one exercise, its clone)"""
    course, clone = tmp_path / "course", tmp_path / "clone"
    for name in (".gitignore", "tools/mine.py", "tools/course.py", "pyproject.toml"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    for name in (LESSON, EXERCISE):
        (course / name).parent.mkdir(parents=True)
        (course / name).write_text(notebook("a"))
    git("init", "-b", "main", folder=course)
    git("add", ".", folder=course)
    git("commit", "-m", "one", folder=course)
    git("clone", str(course), str(clone), folder=tmp_path)
    return course, clone


LESSON, EXERCISE = "blank/one.ipynb", "exercises/release/one/one.ipynb"


def renewed(course, name):
    (course / name).write_text(notebook("b"))
    git("commit", "-am", "two", folder=course)


def test_an_own_copy_survives_a_pull(cloned):
    """The course moves on, its clone is renewed, and what a learner did in mine/ is as it was."""
    course, clone = cloned
    subprocess.run([sys.executable, "tools/mine.py"], cwd=clone, check=True)
    (clone / "mine" / "one.ipynb").write_text(notebook("my work"))
    renewed(course, LESSON)
    git("pull", folder=clone)
    said = subprocess.run([sys.executable, "tools/mine.py"], cwd=clone, check=True, capture_output=True, text=True).stdout
    assert said == ("one.ipynb is yours and stays as it is; the course's new version is one.new.ipynb, beside it.\n"
                    "The first page to open is mine/one.ipynb.\n")
    assert (clone / "mine" / "one.ipynb").read_text() == notebook("my work") and git("status", "--porcelain", folder=clone) == ""
    assert (clone / "mine" / "one.new.ipynb").read_text() == notebook("b")


def test_a_duplicate_survives_a_pull(cloned):
    """What the notebooks advise elsewhere: Duplicate makes a file that git ignores; the tracked one may change upstream."""
    course, clone = cloned
    copy = (clone / EXERCISE).with_name("one-Copy1.ipynb")
    copy.write_text("my answers")
    renewed(course, EXERCISE)
    git("pull", folder=clone)
    assert copy.read_text() == "my answers" and git("status", "--porcelain", folder=clone) == ""
    assert (clone / EXERCISE).read_text() == notebook("b")
