"""What becomes of a notebook that was handed in, cell by cell, without grading it: which answer counts, and what is said.

tests/test_grading.py grades the same kinds of damage in the sandbox; here each rule is tried in milliseconds.
"""
import json
import sys

import nbformat
import pytest
from nbformat import v4

from classroom import ROOT, TASKS, release, solved

sys.path.insert(0, str(ROOT))
from exercises.grading import mend as mending  # noqa: E402
from exercises.grading.mend import Unreadable, lean, mend, read  # noqa: E402

SETUP, FIRST = "setup", TASKS[0]


@pytest.fixture
def nb():
    """All answered, as handed in."""
    return solved()


def at(nb, id_):
    return next(i for i, cell in enumerate(nb.cells) if cell.get("id") == id_)


def cell(nb, id_):
    return nb.cells[at(nb, id_)]


def mended(nb):
    """(the mended notebook, the notes) of a notebook."""
    return mend(nb if isinstance(nb, bytes) else json.dumps(nb).encode(), release())


def ids(nb):
    return [each.id for each in nb.cells]


def only(nb, *left_out):
    """The ids of the release with the learner's own cells named by what they hold."""
    return [each.id if not each.id.startswith("extra") else each.source for each in nb.cells if each.id not in left_out]


ORDER = [each.id for each in release().cells]


# ---------------------------------------------------------------- the file

def outputs(n, text="x"):
    return [{"output_type": "stream", "name": "stdout", "text": text} for _ in range(n)]


def test_a_byte_that_is_no_letter_costs_no_more_than_itself(nb):
    cell(nb, FIRST).source = "# risqu@\n" + cell(nb, FIRST).source
    notebook, notes = mended(json.dumps(nb).encode().replace(b"risqu@", b"risqu\xe9"))
    assert not notes and cell(notebook, FIRST).source == cell(nb, FIRST).source.replace("@", "\ufffd")


@pytest.mark.parametrize("text", ["plain", "] } [ {", '"outputs": [', 'a "quoted\\ word" \\\\', "é 漢 \U0001f600"])
@pytest.mark.parametrize("indent", [None, 1])
def test_outputs_are_cut_out_and_nothing_else(text, indent):
    cells = [{"cell_type": "code", "source": text, "outputs": [*outputs(2, text), {"data": {"a": [[text], {"outputs": [1]}]}}], "metadata": {text: [1, [2]]}},
             {"outputs": [], "source": [text, "outputs"], "cell_type": "code"}, {"cell_type": "markdown", "source": text, "outputs": {"no": "list"}}]
    lean_tree = json.loads(lean(json.dumps({"cells": cells, "metadata": {"outputs": "text"}}, indent=indent).encode()))
    for each in cells[:2]:
        each["outputs"] = []
    assert lean_tree == {"cells": cells, "metadata": {"outputs": "text"}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_file_in_another_encoding_is_read(nb, encoding):
    cell(nb, FIRST).source = "# é 漢"
    cells, kernel = read(json.dumps(nb, ensure_ascii=False).encode(encoding))
    assert cells[at(nb, FIRST)].source == "# é 漢" and kernel == "python3" and len(cells) == len(nb.cells)


@pytest.mark.parametrize("data, said", [
    (b"", "the file is empty"), (b" \n\t", "the file is empty"), (b"%PDF-1.7", "it is no JSON: Expecting value: line 1 column 1 (char 0)"),
    (b'{"cells": ["', "it is no JSON: Unterminated string starting at: line 1 column 12 (char 11)"), (b"[]", "it is JSON, but no notebook"),
    (b'"cells"', "it is JSON, but no notebook"), (b'{"cells": 5}', "it is JSON, but no notebook"), (b"{}", "it is JSON, but no notebook"),
    (b'{"worksheets": 5, "nbformat": 3, "nbformat_minor": 0}', "its format is not readable: "), (b"[" * 100_000, "it is no JSON: ")])
def test_a_file_that_is_no_notebook_is_named(data, said):
    with pytest.raises(Unreadable) as raised:
        read(data)
    assert str(raised.value) == said or said.endswith(": ") and str(raised.value).startswith(said) and len(said) + 4 < len(str(raised.value)) < 130
    notebook, notes = mended(data)
    assert ids(notebook) == ORDER and notes == [f"not readable, graded as if nothing were answered ({raised.value})"]


@pytest.mark.parametrize("limit, value, said", [
    ("LARGEST", 2_900_000, "the file has 3 MB"), ("WITHOUT_OUTPUTS", 2_500_000, "the file has 3 MB, its outputs not counted"),
    ("PIECES", 300, "it holds more than 300 pieces, as no notebook does"), ("CELLS", 1, "it has 2 cells")])
def test_a_file_far_too_large_to_be_a_notebook_is_refused_before_it_is_parsed(monkeypatch, limit, value, said):
    cells = [{"cell_type": "code", "source": "x" * 3_000_000, "metadata": {"a": [1, 2] * 80}, "outputs": []}] * (2 if limit == "CELLS" else 1)
    if limit == "PIECES":
        cells[0]["metadata"]["a"] = [[]] * 100
    data = json.dumps({"cells": cells}).encode()
    if limit != "CELLS":
        assert len(read(data)[0]) == len(cells)
    monkeypatch.setattr(mending, limit, value)
    with pytest.raises(Unreadable) as raised:
        read(data)
    assert str(raised.value) == said


def notebook_of(size):
    """A notebook of so many bytes, in one cell."""
    bare = len(json.dumps({"cells": [{"cell_type": "code", "source": ""}]}))
    return json.dumps({"cells": [{"cell_type": "code", "source": "x" * (size - bare)}]}).encode()


@pytest.mark.parametrize("limit, most, kind, said", [
    ("LARGEST", 3000, notebook_of, "the file has"), ("WITHOUT_OUTPUTS", 3000, notebook_of, "the file has"),
    ("PIECES", 300, lambda n: json.dumps({"cells": [], "a": [0] * (n - 8)}).encode(), "it holds more than"),
    ("PIECES", 30, lambda n: json.dumps({"cells": [{"source": "", "outputs": [0] * (10 * 30 + n - 30)}]}).encode(), "it holds more than"),
    ("CELLS", 3, lambda n: json.dumps({"cells": [{"source": ""}] * n}).encode(), "it has 4 cells"), ("SOURCE", 50, lambda n: json.dumps({"cells": [{"source": "x" * n}]}).encode(), "")])
def test_what_is_just_as_large_as_it_may_be_is_read(limit, most, kind, said, monkeypatch):
    monkeypatch.setattr(mending, limit, most)
    cells, _ = read(kind(most))
    assert not any(each.note for each in cells)
    if said:
        with pytest.raises(Unreadable, match=said):
            read(kind(most + 1))
    else:
        assert read(kind(most + 1))[0][0].note == "it had 51 letters, and was left out"


@pytest.mark.parametrize("limit, said", [("LARGEST", "the file has 3 MB"), ("WITHOUT_OUTPUTS", "the file has 3 MB, its outputs not counted")])
def test_a_megabyte_has_a_million_bytes(limit, said, monkeypatch):
    monkeypatch.setattr(mending, limit, 10)
    with pytest.raises(Unreadable) as raised:
        read(notebook_of(3_000_000))
    assert str(raised.value) == said


def test_outputs_may_be_ten_times_as_many_pieces_and_do_not_count_as_size(monkeypatch):
    data = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1", "outputs": [[1]] * 400 + ["y" * 5000]}]}).encode()
    monkeypatch.setattr(mending, "WITHOUT_OUTPUTS", 1000)
    for pieces, fits in ((200, True), (100, False)):  # some 1,200 brackets and commas
        monkeypatch.setattr(mending, "PIECES", pieces)
        if fits:
            assert read(data)[0][0].source == "x = 1"
        else:
            with pytest.raises(Unreadable, match="more than 100 pieces"):
                read(data)


def test_odd_cells_are_read_as_far_as_they_go(monkeypatch):
    monkeypatch.setattr(mending, "SOURCE", 5000)
    cells, kernel = read(json.dumps({"metadata": {"kernelspec": {"name": "ir"}}, "cells": [
        5, None, {"cell_type": "code", "source": ["a\r\n", "b\rc"], "id": "x", "metadata": {"nbgrader": {"grade_id": "task"}}},
        {"cell_type": "code", "source": 7, "id": 8, "metadata": {"nbgrader": {"grade_id": 9}}}, {"cell_type": "code", "source": ["a", 1]},
        {"cell_type": "magic", "source": "half \ud800 a sign", "metadata": []}, {"cell_type": "raw", "metadata": {"nbgrader": 1}},
        {"cell_type": "markdown", "source": "x" * 5001}]}).encode())
    assert kernel == "ir"
    assert [(each.type, each.source, each.grade_id, each.id, each.note) for each in cells] == [
        ("code", "a\nb\nc", "task", "x", ""), ("code", "7", None, None, "its source was no text"), ("code", "a1", None, None, "its source was no text"),
        ("raw", "half ? a sign", None, None, ""), ("raw", "", None, None, ""),
        ("markdown", "", None, None, "it had 5,001 letters, and was left out")]
    for metadata in ({}, {"kernelspec": 5}, {"kernelspec": {}}, 5):
        assert read(json.dumps({"cells": [], "metadata": metadata}).encode()) == ([], "python3")
    assert read(b'{"cells": []}') == ([], "python3")


def test_pictures_in_a_written_answer_are_kept_and_nothing_else_that_is_attached():
    good = {"image/png": "aGk=", "image/svg+xml": "PHN2Zz4=", "text/html": "aGk="}
    cells, _ = read(json.dumps({"cells": [
        {"cell_type": "markdown", "source": "", "attachments": {"a.png": good, "b": {"image/png": "<script>"}, "c": 5, "d": {"image/jpeg": 5},
                                                                "e": {"image/gif": "aGk=\n"}, "f.jpg": {"image/jpeg": "aGk="}}},
        {"cell_type": "markdown", "source": "", "attachments": [1]}]}).encode())
    assert [each.attachments for each in cells] == [{"a.png": {"image/png": "aGk="}, "e": {"image/gif": "aGk=\n"}, "f.jpg": {"image/jpeg": "aGk="}}, {}]


def test_the_third_format_is_read_too(nb):
    cell(nb, FIRST).source = "def stable_softmax(O, T):\n    return 3"
    third = nbformat.convert(nb, 3)
    notebook, notes = mended(third)
    assert cell(notebook, FIRST).source == "def stable_softmax(O, T):\n    return 3"
    assert [each for each in ids(notebook) if not each.startswith("extra")] == ORDER
    assert notes == []


# ---------------------------------------------------------------- as it should be

def test_what_is_as_it_was_handed_out_has_no_notes(nb):
    notebook, notes = mended(nb)
    assert notes == [] and ids(notebook) == ORDER
    for each, answered in zip(notebook.cells, nb.cells):
        assert each.source == answered.source and each.cell_type == answered.cell_type and each.metadata == release().cells[at(nb, each.id)].metadata
        assert each.get("outputs", []) == [] and each.get("execution_count") is None
    nbformat.validate(notebook)
    again, notes = mended(notebook)
    assert notes == [] and again == notebook  # mending twice changes nothing


def test_outputs_and_counts_are_left_out(nb):
    nb.cells[1].outputs, nb.cells[1].execution_count = [v4.new_output("stream", text="I am right")], 7
    notebook, notes = mended(nb)
    assert notes == [] and notebook.cells[1].outputs == [] and notebook.cells[1].execution_count is None


def test_outputs_that_the_release_itself_has_are_left_out(nb):
    template = release()
    for each in template.cells:
        if each.cell_type == "code":
            each.outputs, each.execution_count = [v4.new_output("stream", text="old")], 7
    notebook, _ = mend(json.dumps(nb).encode(), template)
    assert [(each.outputs, each.execution_count) for each in notebook.cells if each.cell_type == "code" and (each.outputs or each.execution_count)] == []


def test_another_kernel_is_named(nb):
    nb.metadata.kernelspec = {"name": "julia-1.10-with-a-very-long-name-indeed", "display_name": "Julia", "language": "julia"}
    notebook, notes = mended(nb)
    assert notes == ["its kernel was 'julia-1.10-with-a-very-long-na'; run with Python 3"] and notebook.metadata == release().metadata


# ---------------------------------------------------------------- cells that are gone, edited, doubled, moved

@pytest.mark.parametrize("gone", [SETUP, "accuracy", "accuracy-check", "explain"])
def test_a_missing_cell_is_put_back(nb, gone):
    del nb.cells[at(nb, gone)]
    notebook, notes = mended(nb)
    assert ids(notebook) == ORDER and notes == [f"{gone}: the cell was missing, put back"]
    assert cell(notebook, gone).source == cell(release(), gone).source


@pytest.mark.parametrize("gone", ["title-text", "progress"])
def test_a_missing_cell_without_marks_is_put_back_without_a_word(nb, gone):
    del nb.cells[at(nb, gone)]
    notebook, notes = mended(nb)
    assert ids(notebook) == ORDER and notes == []


@pytest.mark.parametrize("gone", [SETUP, "explain"])
def test_what_is_no_task_is_not_answered_by_a_name_given_elsewhere(nb, gone):
    nb.cells[at(nb, gone)] = v4.new_code_cell(f"{gone} = 1")
    notebook, notes = mended(nb)
    assert notes == [f"{gone}: the cell was missing, put back"] and f"{gone} = 1" in only(notebook)
    assert cell(notebook, gone).source == cell(release(), gone).source


def test_a_locked_cell_that_was_edited_is_restored_and_runs_before_the_learners_own_version(nb):
    cell(nb, SETUP).source += "\nimport math"
    notebook, notes = mended(nb)
    assert notes == [f"{SETUP}: the cell was edited, restored"]
    assert only(notebook)[:3] == ["title-text", SETUP, cell(nb, SETUP).source]


def test_lines_that_are_only_gone_from_a_locked_cell_leave_nothing_behind(nb):
    cell(nb, SETUP).source = cell(nb, SETUP).source.splitlines()[0] + "\n\n"
    notebook, notes = mended(nb)
    assert notes == [f"{SETUP}: the cell was edited, restored"] and ids(notebook) == ORDER


def test_what_was_typed_into_a_check_keeps_its_indent_and_its_letters(nb):
    cell(nb, "accuracy-check").source = "\n    x = X\n    y = X\n" + cell(nb, "accuracy-check").source
    notebook, _ = mended(nb)
    assert notebook.cells[at(notebook, "accuracy-check") - 1].source == "    x = X\n    y = X"


def test_what_was_typed_into_a_check_runs_before_it(nb):
    cell(nb, "accuracy-check").source = "\nx = 1\n\ny = 2\n" + cell(nb, "accuracy-check").source + "\n"
    notebook, notes = mended(nb)
    assert notes == ["accuracy-check: the cell was edited, restored"]
    where = at(notebook, "accuracy-check")
    assert notebook.cells[where - 1].source == "x = 1\n\ny = 2" and notebook.cells[where - 1].cell_type == "code"
    assert cell(notebook, "accuracy-check").source == cell(release(), "accuracy-check").source


def test_spaces_round_a_cell_are_no_edit(nb):
    for id_ in (SETUP, "accuracy-check"):
        cell(nb, id_).source = "  \n" + cell(nb, id_).source + "  \n"
    notebook, notes = mended(nb)
    assert notes == [] and ids(notebook) == ORDER


def double(nb, id_, *sources):
    i = at(nb, id_)
    nb.cells[i:i + 1] = [nbformat.from_dict({**nb.cells[i], "source": source, "id": f"double-{k}"}) for k, source in enumerate(sources)]


def test_of_several_answers_all_run_in_order_and_the_last_is_the_tasks(nb):
    double(nb, "accuracy", "def accuracy(batches):\n    return 1", "def accuracy(batches):\n    return 2", cell(release(), "accuracy").source)
    notebook, notes = mended(nb)
    assert notes == ["accuracy: there were 3 cells of it; all that are not its stub count, in order"]
    where = at(notebook, "accuracy")
    assert cell(notebook, "accuracy").source.endswith("return 2") and notebook.cells[where - 1].source.endswith("return 1")
    assert notebook.cells[where - 1].cell_type == "code"
    assert len(notebook.cells) == len(ORDER) + 1


def test_a_stub_with_its_raise_left_in_counts_only_where_nothing_else_was_tried(nb):
    edited = cell(release(), "accuracy").source + "\n# later"
    assert "raise NotImplementedError()" in edited
    double(nb, "accuracy", "def accuracy(batches):\n    return 1", edited)
    notebook, _ = mended(nb)
    assert cell(notebook, "accuracy").source.endswith("return 1")
    assert [(kept.cell_type, kept.id[:6]) for kept in notebook.cells if kept.source == edited] == [("raw", "extra-")], "it is kept, and does not run"
    stub = cell(release(), "accuracy").source
    for sources in ((stub, edited), (edited, stub)):
        nb = solved()
        double(nb, "accuracy", *sources)
        assert cell(mended(nb)[0], "accuracy").source == edited


def test_of_a_text_that_is_there_twice_the_last_stands_in_its_place_and_none_is_lost(nb):
    """In the kind that it was, and without a word: nothing is graded in it."""
    i = at(nb, "title-text")
    nb.cells[i:i + 1] = [nbformat.from_dict({**nb.cells[i], "source": source}) for source in ("First.", "Second.")]
    notebook, notes = mended(nb)
    assert notes == [] and len(notebook.cells) == len(ORDER) + 1
    assert [(each.source, each.cell_type) for each in notebook.cells[:2]] == [("First.", "markdown"), ("Second.", "markdown")]


def test_of_several_checks_there_is_one_and_it_comes_last(nb):
    double(nb, "accuracy-check", *[cell(nb, "accuracy-check").source] * 2)
    nb.cells.insert(at(nb, "double-1"), v4.new_code_cell("between = 1"))
    notebook, notes = mended(nb)
    assert notes == ["accuracy-check: there were 2 cells of it"]
    assert only(notebook)[-6:] == ["between = 1", "accuracy-check", "explain-text", "explain", "progress", "go-on-text"]


def test_parts_of_a_written_answer_are_put_together_without_repeats(nb):
    double(nb, "explain", "First.\n", "Second.", "First.\n", cell(release(), "explain").source)
    notebook, notes = mended(nb)
    assert cell(notebook, "explain").source == "First.\n\nSecond."
    assert notes == ["explain: there were 4 cells of it; all that are not its stub count, in order"] and ids(notebook) == ORDER


def test_a_written_answer_keeps_its_indent_and_its_letters(nb):
    cell(nb, "explain").source = "\n    x = X\n"
    assert cell(mended(nb)[0], "explain").source == "    x = X"


def test_pictures_of_a_written_answer_stay(nb):
    cell(nb, "explain").attachments = {"a.png": {"image/png": "aGk="}}
    cell(nb, "explain").source = "![a](attachment:a.png)"
    assert cell(mended(nb)[0], "explain").attachments == {"a.png": {"image/png": "aGk="}}
    assert "attachments" not in cell(mended(solved())[0], "explain")
    double(nb, "explain", "![b](attachment:b.png)", "No picture here.")  # split in two
    for each, name in zip([each for each in nb.cells if each.id.startswith("double-")], ("a.png", "b.png")):
        each.attachments = {name: {"image/png": "aGk="}}
    assert set(cell(mended(nb)[0], "explain").attachments) == {"a.png", "b.png"}


@pytest.mark.parametrize("id_, kind, becomes", [("accuracy", "markdown", "code"), ("explain", "code", "markdown"), ("accuracy", "raw", "code")])
def test_a_cell_of_another_kind_is_turned_back(nb, id_, kind, becomes):
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[kind]
    old = cell(nb, id_)
    nb.cells[at(nb, id_)] = make("mine", metadata=old.metadata, id=id_)
    notebook, notes = mended(nb)
    assert notes == [f"{id_}: was a {kind} cell, is {becomes} again"]
    assert (cell(notebook, id_).cell_type, cell(notebook, id_).source) == (becomes, "mine")
    nbformat.validate(notebook)


@pytest.mark.parametrize("id_", ["title-text", SETUP, "accuracy-check"])
def test_a_cell_of_another_kind_that_is_no_answer_is_turned_back_without_a_word(nb, id_):
    nb.cells[at(nb, id_)] = v4.new_raw_cell(cell(nb, id_).source, metadata=cell(nb, id_).metadata, id=id_)
    notebook, notes = mended(nb)
    assert notes == [] and ids(notebook) == ORDER and cell(notebook, id_).cell_type == cell(release(), id_).cell_type


def test_own_cells_stay_where_they_were_and_what_they_were(nb):
    nb.cells.insert(0, v4.new_markdown_cell("My name"))
    nb.cells.insert(at(nb, "accuracy") + 1, v4.new_code_cell("accuracy([])"))
    nb.cells.insert(at(nb, "accuracy") + 2, v4.new_raw_cell("raw"))
    notebook, notes = mended(nb)
    assert notes == [] and [each.cell_type for each in notebook.cells if each.id.startswith("extra")] == ["markdown", "code", "raw"]
    assert len(set(ids(notebook))) == len(notebook.cells), "each has an id of its own"
    assert ids(notebook)[0] == "extra-1" and only(notebook)[at(notebook, "accuracy") + 1:][:3] == ["accuracy([])", "raw", "accuracy-check"]


@pytest.mark.parametrize("after, kind, source", [
    ("accuracy", "code", "def accuracy(batches):\n    return 0.5"), ("accuracy", "markdown", "What it says:\ncheck.accuracy(accuracy)"),
    ("accuracy", "raw", "def other(batches):\n    return 0.5\ncheck.accuracy(accuracy)"), ("explain-text", "markdown", "What a question!")])
def test_own_cells_that_look_like_the_releases_stay_own_where_those_are_there(nb, after, kind, source):
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[kind]
    nb.cells.insert(at(nb, after) + 1, make(source))
    notebook, notes = mended(nb)
    own = notebook.cells[at(notebook, after) + 1]
    assert notes == [] and (own.cell_type, own.source) == (kind, source) and cell(notebook, "accuracy").source == cell(nb, "accuracy").source
    assert cell(notebook, "explain").source == cell(nb, "explain").source


def test_an_own_text_in_the_place_of_a_missing_check_stays_a_text(nb):
    nb.cells[at(nb, "accuracy-check")] = v4.new_markdown_cell("No need to check it.")
    notebook, notes = mended(nb)
    assert notes == ["accuracy-check: the cell was missing, put back"] and "No need to check it." in only(notebook)


def test_what_is_of_another_kind_and_has_no_mark_is_not_known_by_its_id(nb):
    nb.cells[at(nb, "progress")] = v4.new_markdown_cell("All done!", id="progress")
    notebook, notes = mended(nb)
    assert notes == [] and cell(notebook, "progress").source == cell(release(), "progress").source
    assert ("markdown", "All done!") in [(each.cell_type, each.source) for each in notebook.cells]


def test_where_a_mark_and_an_id_differ_the_mark_counts(nb):
    one, other = cell(nb, "accuracy"), cell(nb, "smooth_labels")
    one.id, other.id = other.id, one.id
    notebook, notes = mended(nb)
    assert notes == [] and [cell(notebook, id_).source for id_ in ("accuracy", "smooth_labels")] == [one.source, other.source]


def test_cells_in_another_order_are_put_into_the_releases(nb):
    nb.cells.reverse()
    notebook, notes = mended(nb)
    assert ids(notebook) == ORDER and notes == []
    assert [each.source for each in notebook.cells] == [each.source for each in solved().cells]


# ---------------------------------------------------------------- without marks

def stripped(nb, ids_too=True):
    """Without nbgrader's marks, as Colab and others hand it back."""
    for i, each in enumerate(nb.cells):
        each.metadata = {}
        if ids_too:
            each.id = f"other-{i}"
    return nb


def test_marks_that_were_lost_are_found_by_id(nb):
    notebook, notes = mended(stripped(nb, ids_too=False))
    assert notes == [] and [each.source for each in notebook.cells] == [each.source for each in solved().cells]


def test_marks_and_ids_that_were_lost_are_found_by_what_the_cells_hold(nb):
    notebook, notes = mended(stripped(nb))
    assert notes == ["marks of cells were lost; they were found by what they hold"]
    assert ids(notebook) == ORDER and [each.source for each in notebook.cells] == [each.source for each in solved().cells]


@pytest.mark.parametrize("source", [
    "accuracy = lambda batches: 1", "def helper():\n    return 1\n\ndef accuracy(batches):\n    return helper()", "if True:\n    def accuracy(batches):\n        return 1",
    "try:\n    pass\nfinally:\n    accuracy = 5", "with open('x') as file:\n    def accuracy(b): pass", "for accuracy in range(3):\n    pass", "from mine import score as accuracy",
    "import accuracy", "class accuracy:\n    pass", "accuracy: object = 1", "a, (accuracy, b) = 1, (2, 3)", "!pip list\nif True:\n  %time 5\naccuracy = 1", "match 1:\n    case 1:\n        accuracy = 1",
    "async def f():\n    pass\n\nwhile False:\n    pass\nelse:\n    accuracy = 2", "def accuracy(batches)\n    return 1  # no colon: found by its line all the same",
    "if mine:\n    pass\nelse:\n    def accuracy(batches): return 1", "try:\n    import fast\nexcept ImportError:\n    def accuracy(batches): return 1",
    "try:\n    pass\nfinally:\n    def accuracy(batches): return 1", "match 1:\n    case 1:\n        def accuracy(batches): return 1",
    "# no colon, and not in the first line\ndef accuracy(batches)\n    return 1", "accuracy = lambda batches: 1\nimport os"])
def test_an_answer_of_any_form_is_found_by_the_name_it_defines(nb, source):
    cell(nb, "accuracy").source = source
    notebook, notes = mended(stripped(nb))
    assert cell(notebook, "accuracy").source == source and ids(notebook) == ORDER, notes


@pytest.mark.parametrize("source", ["def other():\n    accuracy = 1", "class Other:\n    accuracy = 1", "async def other():\n    accuracy = 1", "other.accuracy = 1",
                                    "print(accuracy)", "x = {'accuracy': 1}"])
def test_a_name_that_is_only_used_or_belongs_to_a_function_is_no_answer(nb, source):
    del nb.cells[at(nb, "accuracy")]
    nb.cells.insert(at(nb, "accuracy-check"), v4.new_code_cell(source))
    notebook, notes = mended(stripped(nb))
    assert cell(notebook, "accuracy").source == cell(release(), "accuracy").source
    assert "accuracy: the cell was missing, put back" in notes and source in only(notebook)


@pytest.mark.parametrize("lesson", sorted(path.parent.name for path in (ROOT / "exercises" / "release").glob("*/*-exercises.ipynb")))
def test_no_locked_cell_of_a_release_gives_a_tasks_name_a_value(lesson):
    """Or a missing answer would be said to be there."""
    cells, roles = release(lesson).cells, [mending._role(each) for each in release(lesson).cells]
    tasks = {each.id for each, role in zip(cells, roles) if role == "answer"}
    bound = {name for each, role in zip(cells, roles) if role == "locked" for name in mending._bound(mending._Cell(each.cell_type, each.source, None, None))}
    assert tasks and not tasks & bound


@pytest.mark.parametrize("make", [v4.new_markdown_cell, v4.new_raw_cell])
def test_what_is_not_run_and_reads_like_an_answer_is_none(make, nb):
    nb.cells[at(nb, "accuracy")] = make("accuracy = 0.93")
    assert mended(nb)[1] == ["accuracy: the cell was missing, put back"]


def test_an_answer_typed_into_a_check_is_named(nb):
    del nb.cells[at(nb, "accuracy")]
    cell(nb, "accuracy-check").source = "accuracy = len\n" + cell(nb, "accuracy-check").source
    notebook, notes = mended(nb)
    assert notes == ["accuracy-check: the cell was edited, restored", "answered in other cells than their own: accuracy"]
    assert only(notebook)[at(notebook, "accuracy"):][:3] == ["accuracy", "accuracy = len", "accuracy-check"]


def test_an_answer_typed_into_the_setup_runs_after_it(nb):
    del nb.cells[at(nb, "accuracy")]
    cell(nb, SETUP).source += "\naccuracy = len"
    notebook, notes = mended(nb)
    assert notes == [f"{SETUP}: the cell was edited, restored", "answered in other cells than their own: accuracy"]
    assert only(notebook)[at(notebook, SETUP) + 1] == cell(nb, SETUP).source


def test_a_check_without_marks_is_known_by_its_call(nb):
    """Also where the task's name is given a value in it: it is the check, and what was typed into it runs before it."""
    del nb.cells[at(nb, "accuracy")]
    cell(nb, "accuracy-check").source = "accuracy = len\n" + cell(nb, "accuracy-check").source
    notebook, notes = mended(stripped(nb))
    assert "accuracy-check: the cell was edited, restored" in notes and "accuracy-check: the cell was missing, put back" not in notes
    assert only(notebook)[at(notebook, "accuracy"):][:3] == ["accuracy", "accuracy = len", "accuracy-check"]


@pytest.mark.parametrize("before, after", [([], ["x = 1"]), (["x = 1"], ["y = 1"]), (["x = 1"], [])])
def test_an_answer_all_by_itself_is_found_among_own_cells(nb, before, after):
    source = cell(nb, "accuracy").source
    nb.cells = [v4.new_code_cell(each) for each in (*before, source, *after)]
    notebook, notes = mended(nb)
    assert cell(notebook, "accuracy").source == source and "marks of cells were lost; they were found by what they hold" in notes


def test_an_answer_right_before_an_earlier_cell_of_the_release_stays_where_it_is(nb):
    source = cell(nb, "accuracy").source
    nb.cells = [v4.new_code_cell(source), cell(nb, SETUP), v4.new_code_cell("x = 1")]
    notebook, notes = mended(nb)
    assert only(notebook)[0] == source and "answered in other cells than their own: accuracy" in notes


def test_several_answers_without_marks_are_all_the_tasks(nb):
    sources = [f"def accuracy(batches):\n    return {k}" for k in range(2)]
    double(nb, "accuracy", *sources)
    notebook, notes = mended(stripped(nb))
    assert "accuracy: there were 2 cells of it; all that are not its stub count, in order" in notes
    assert cell(notebook, "accuracy").source == sources[1] and only(notebook)[at(notebook, "accuracy") - 1] == sources[0]


def test_an_answer_kept_in_another_tasks_cell_stays_there(nb):
    both = cell(nb, "smooth_labels").source + "\n\n" + cell(nb, "accuracy").source
    del nb.cells[at(nb, "accuracy")]
    cell(nb, "smooth_labels").source = both
    notebook, notes = mended(nb)
    assert cell(notebook, "smooth_labels").source == both
    assert notes == ["accuracy: the cell was missing, put back"]  # its stub, which runs only where nothing has given the name a value


def test_an_answer_in_a_cell_of_ones_own_is_named(nb):
    """The task's own cell is gone, and the code stands at the end, where its place would turn the order round."""
    source = cell(nb, "smooth_labels").source
    del nb.cells[at(nb, "smooth_labels")]
    nb.cells.append(v4.new_code_cell(source))
    notebook, notes = mended(nb)
    assert notes == ["answered in other cells than their own: smooth_labels"]
    assert only(notebook)[-1] == source and cell(notebook, "smooth_labels").source == cell(release(), "smooth_labels").source


def test_one_cell_with_all_answers_stands_for_the_first(nb):
    everything = "\n\n".join(cell(nb, task).source for task in TASKS)
    for task in TASKS:
        del nb.cells[at(nb, task)]
    nb.cells.insert(3, v4.new_code_cell(everything))
    notebook, notes = mended(nb)
    assert cell(notebook, TASKS[0]).source == everything
    assert notes == ["marks of cells were lost; they were found by what they hold", f"answered in other cells than their own: {', '.join(TASKS[1:])}"]


def test_a_written_answer_without_marks_is_known_by_where_it_stands(nb):
    cell(nb, "explain").source = "Because."
    notebook, notes = mended(stripped(nb))
    assert cell(notebook, "explain").source == "Because." and "explain: the cell was missing, put back" not in notes


def test_a_written_answer_is_found_where_the_notebook_ends_with_it(nb):
    nb.cells = nb.cells[:at(nb, "explain")] + [v4.new_markdown_cell("Because.")]
    notebook, notes = mended(nb)
    assert cell(notebook, "explain").source == "Because." and notes == ["marks of cells were lost; they were found by what they hold"]


def test_where_the_notebook_ends_with_the_question_the_answer_is_put_back(nb):
    nb.cells = nb.cells[:at(nb, "explain")]
    notebook, notes = mended(nb)
    assert ids(notebook) == ORDER and notes == ["explain: the cell was missing, put back"]


def test_the_releases_own_text_after_the_question_is_no_written_answer(nb):
    nb.cells = [each for each in nb.cells if each.id not in ("explain", "progress")]
    notebook, notes = mended(nb)
    assert ids(notebook) == ORDER and notes == ["explain: the cell was missing, put back"]
    assert cell(notebook, "explain").source == cell(release(), "explain").source


def test_what_stands_after_the_question_and_is_code_is_no_written_answer(nb):
    i = at(nb, "explain")
    nb.cells[i] = v4.new_code_cell("# Because.")
    notebook, notes = mended(stripped(nb))
    assert cell(notebook, "explain").source == cell(release(), "explain").source and "explain: the cell was missing, put back" in notes


def test_what_was_mended_of_a_cells_source_is_said_of_the_cell(monkeypatch, nb):
    monkeypatch.setattr(mending, "SOURCE", 5000)
    cell(nb, "accuracy").source = "#" * 5001
    nb.cells.append(v4.new_raw_cell("#" * 5001))
    notebook, notes = mended(nb)
    assert "accuracy: it had 5,001 letters, and was left out" in notes and "one of the cells: it had 5,001 letters, and was left out" in notes
    nb.cells += [v4.new_raw_cell("#" * 5001)] * 40
    assert sum("5,001" in note for note in mended(nb)[1]) == 20


def test_a_cell_too_long_to_be_parsed_is_looked_at_by_line(monkeypatch, nb):
    monkeypatch.setattr(mending, "PARSED", 100)
    cell(nb, "accuracy").source = "def accuracy(batches):\n    return 1\n" + "# long\n" * 50
    assert cell(mended(stripped(nb))[0], "accuracy").source.startswith("def accuracy(batches):\n    return 1")


def test_only_a_cell_too_long_is_not_parsed(monkeypatch):
    source = "accuracy = len" + "  # long" * 50
    for most, counts in ((len(source), True), (len(source) - 1, False)):
        monkeypatch.setattr(mending, "PARSED", most)
        nb = solved(accuracy=source)
        notebook, notes = mended(stripped(nb))
        assert (cell(notebook, "accuracy").source == source) is counts and ("accuracy: the cell was missing, put back" in notes) is not counts


def test_every_lessons_release_is_mended_to_itself():
    for lesson in ("01-tensors", "03-logistic-regression", "07-cnn"):
        notebook, notes = mend(json.dumps(release(lesson)).encode(), release(lesson))
        assert notes == [] and ids(notebook) == [each.id for each in release(lesson).cells]
