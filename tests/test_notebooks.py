"""What nbval can't see: the structure of the lessons, their pictures' words, and what they owe."""
import ast
import json
import re
import statistics
import subprocess
import sys
import tomllib
from html import unescape
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CURRICULUM = tomllib.loads((ROOT / "tests" / "curriculum.toml").read_text(encoding="utf-8"))
TAGS = {"nbval-ignore-output", "nbval-raises-exception"}


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem, scope="module")
def path(request):
    return request.param


@pytest.fixture(scope="module")
def lesson(path):
    return nbformat.read(path, as_version=4)


def code_cells(lesson):
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def asserts(cell):
    """Whether a cell can fail: by an assert, or by raising where the expected error did not come."""
    return any(isinstance(node, ast.Assert) or isinstance(node, ast.Raise) and "AssertionError" in ast.dump(node)
               for node in ast.walk(ast.parse(cell.source)))


def test_the_table_owes_every_row_and_pitfall():
    assert [path.stem for path in LESSONS] == sorted(CURRICULUM)
    assert sorted(int(row) for lesson in CURRICULUM.values() for row in lesson["rows"]) == list(range(1, 56))
    pitfalls = {name for lesson in CURRICULUM.values() for name in lesson["pitfalls"]}
    assert pitfalls == set("ABCDEFGHIJKLM") | {"rate", "likelihood", "seeds", "reported", "uneven", "order"}


def test_utils_is_imported_before_torchvision_and_d2l(lesson):
    rest = "\n".join(cell.source for cell in code_cells(lesson)[1:])
    imported = {alias.name if isinstance(node, ast.Import) else node.module for node in ast.walk(ast.parse(rest))
                if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}
    assert "utils" not in imported  # once, in the first cell; others may then import what they like


def test_it_is_valid_small_and_has_its_ids(path, lesson):
    nbformat.validate(lesson)
    assert path.stat().st_size < 1_000_000
    ids = [cell.id for cell in lesson.cells]
    assert len(set(ids)) == len(ids)
    assert not any(re.fullmatch(r"[0-9a-f]{8}(-.*)?", id_) for id_ in ids), "give cells ids that say what they show"


def test_it_was_run_from_top_to_bottom(lesson):
    cells = code_cells(lesson)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_no_error_and_nothing_on_stderr_is_left(lesson):
    for cell in code_cells(lesson):
        for output in cell.outputs:
            assert output.get("name") != "stderr", cell.id
            if "nbval-raises-exception" not in cell.metadata.get("tags", []):
                assert output.output_type != "error", cell.id


def test_nothing_of_the_machine_is_left(path, lesson):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\", text)
    assert "widgets" not in lesson.metadata and "application/vnd.jupyter.widget-view+json" not in text


def test_nothing_that_changes_from_run_to_run_is_left():
    scrubbed = subprocess.run(
        [sys.executable, "-m", "nbstripout", "--verify", "--keep-output", "--keep-count", "--keep-id", "--extra-keys",
         "metadata.widgets metadata.language_info.version cell.metadata.execution", *map(str, LESSONS)], capture_output=True, text=True)
    assert scrubbed.returncode == 0, f"run `make notebooks`, which scrubs what changes: {scrubbed.stdout}{scrubbed.stderr}"


def test_it_was_run_on_the_real_sets(lesson):
    for cell in code_cells(lesson):
        if cell.id == "load":
            assert "60,000 training and 10,000 test images" in cell.outputs[0].text


def test_every_figure_has_alternative_text(lesson):
    figures = 0
    for cell in code_cells(lesson):
        for data in [output.data for output in cell.outputs if "data" in output]:
            assert not any(kind.startswith("image/") for kind in data), f"{cell.id}: only an <img> brings its text along: utils.show"
            for alt in re.findall(r'<img alt="([^"]*)"', data.get("text/html", "")):
                assert len(alt.split()) >= 5, f"{cell.id}: say in its alternative text what the figure shows"
                assert data["text/plain"] == unescape(alt)
                figures += 1
    assert figures >= 3


def test_only_what_may_differ_is_excused_and_then_asserted(lesson):
    cells = code_cells(lesson)
    for cell, after in zip(cells, cells[1:] + [None]):
        tags = set(cell.metadata.get("tags", []))
        assert tags <= TAGS, cell.id
        if "nbval-ignore-output" in tags:
            assert asserts(cell) or after is not None and asserts(after), f"{cell.id} is excused: assert its claim here or next"


def test_assertions_can_fail(lesson):
    for cell in code_cells(lesson):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Assert):
                assert not isinstance(node.test, (ast.Constant, ast.Tuple)), cell.id


def test_cells_are_short(lesson):
    lengths = {cell.id: len(cell.source.splitlines()) for cell in code_cells(lesson)}
    assert max(lengths.values()) <= 16, lengths
    assert statistics.median(lengths.values()) <= 6
    for cell in code_cells(lesson):
        assert max(map(len, cell.source.splitlines())) <= 100, f"{cell.id}: a laptop shows about 100 characters"


def test_it_has_its_parts(lesson):
    text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    for part in ("**After this lesson you can**", "**Time:**", "**Data:**", "**Predict:**",
                 "## Where the usual notes go wrong", "## Summary", "**Try it.**", "**Next:**"):
        assert part in text, part
    assert len(re.findall(r"\*\*Predict:\*\*", text)) >= 3


@pytest.mark.parametrize("kind, name", [(kind, name) for lesson in CURRICULUM.values() for kind in lesson
                                        for name in lesson[kind]])
def test_every_row_and_pitfall_is_shown_and_asserted(kind, name):
    stem, entry = next((stem, lesson[kind][name]) for stem, lesson in CURRICULUM.items() if name in lesson[kind])
    cells = code_cells(nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4))
    order = [cell.id for cell in cells]
    for id_ in entry["cells"]:
        assert id_ in order, f"{name} ({entry['what']}) should be shown by the cell {id_} of {stem}"
    for id_ in entry["cells"]:
        near = cells[order.index(id_):order.index(id_) + 3]
        assert any(map(asserts, near)), f"{stem}: {id_} is asserted neither there nor in the two cells after it"


def test_pitfalls_are_gathered_in_the_last_table(path, lesson):
    text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    table = text.split("## Where the usual notes go wrong")[1]
    first = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")]
    for name, pitfall in CURRICULUM[path.stem]["pitfalls"].items():
        assert sum(pitfall["table"] in column for column in first) == 1, f"pitfall {name} is missing from the table: {pitfall['table']}"


def test_notebooks_are_written_as_git_likes_them(path):
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
