"""Every message of utils.py and its modules stands in docs/errors.md, and in them only once."""
import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("utils.py", "guards.py", "image_data.py")
TREE = ast.Module([statement for name in MODULES for statement in ast.parse((ROOT / name).read_text(encoding="utf-8")).body], [])


def template(node):
    """A string or f-string with … for what is filled in; None for another node."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def messages():
    """What they raise, warn of, print, or return from the helpers that word an error."""
    helpers = [node for node in ast.walk(TREE) if isinstance(node, ast.FunctionDef)
               and node.name in ("_unreadable", "no_batch", "_reason")]
    told = [node for node in ast.walk(TREE) if isinstance(node, ast.Raise)
            or isinstance(node, ast.Call) and (getattr(node.func, "id", "") == "print" or getattr(node.func, "attr", "") == "warn")]
    told += [node for helper in helpers for node in ast.walk(helper) if isinstance(node, ast.Return)]
    found, inside = [], set()
    for node in (inner for outer in told for inner in ast.walk(outer)):
        if isinstance(node, ast.JoinedStr):
            inside.update(part for value in node.values for part in ast.walk(value))
        text = template(node)
        if text and text.count(" ") >= 3 and node not in inside:
            found.append(text)
    return sorted(set(found))


def table():
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").partition("## Errors, by their words")[2]
    rows = [row for row in page.splitlines() if row.startswith("| ")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def fits(shown, message):
    """Whether one of the two, with anything for each …, is found in the other."""
    return any(re.search(".*?".join(re.escape(part.strip()) for part in one.split("…")), other)
               for one, other in ((shown, message), (message, shown)))


OURS = table()


def test_there_are_messages_and_rows():
    assert len(messages()) >= 28 and len(OURS) >= 20
    assert all(len(row) == 3 for row in table()), "three columns"


@pytest.mark.parametrize("message", messages())
def test_every_message_has_a_row(message):
    if not message.startswith(". "):  # else the end of one that begins elsewhere
        assert any(fits(shown, message) for row in OURS for shown in re.findall("`([^`]+)`", " ".join(row[:2]))), message


@pytest.mark.parametrize("row", [row for row in OURS if not row[0].startswith("**")], ids=lambda row: row[0][:40])
def test_every_row_is_a_message_with_cause_and_cure(row):
    for shown in re.findall("`([^`]+)`", row[0]):
        assert any(fits(shown, text) for text in map(template, ast.walk(TREE)) if text and text.count(" ") >= 3), shown
    assert row[1] and row[2]


def test_each_message_is_written_once():
    docstrings = {node.body[0].value for node in ast.walk(TREE) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
                  and node.body and isinstance(node.body[0], ast.Expr)}
    pieces = [sentence.strip() for node in ast.walk(TREE) if isinstance(node, ast.Constant) and isinstance(node.value, str)
              and node not in docstrings for sentence in re.split(r"[.:;]", node.value) if sentence.count(" ") >= 5]
    assert len(pieces) > 20
    assert sorted(pieces) == sorted(set(pieces)), {piece for piece in pieces if pieces.count(piece) > 1}
