"""Make a gradable notebook of whatever was handed in, and say what was mended.

The result has every cell of the release, in order, with the learner's answers in it; cells that the learner
added stay where they were. So a deleted, duplicated or edited cell, lost metadata, another kernel or a file
that is no notebook costs what it holds, and nothing else.
"""
import ast
import json
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import v4

LARGEST = 200_000_000


class Unreadable(Exception):
    """A file that is no notebook; the message says why."""


@dataclass
class _Cell:
    """What is kept of a learner's cell."""
    type: str
    source: str
    grade_id: str | None
    id: str | None
    attachments: dict = field(default_factory=dict)
    match: int | None = None
    by_content: bool = False


def read(data):
    """Return (cells, kernel name) of a notebook's bytes, of any version of the format. Raises Unreadable."""
    if not data.strip():
        raise Unreadable("the file is empty")
    if len(data) > LARGEST:
        raise Unreadable(f"the file has {len(data) // 1_000_000} MB")
    try:
        tree = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {str(error)[:80]}") from None
    if not isinstance(tree, dict) or not (isinstance(tree.get("cells"), list) or "worksheets" in tree):
        raise Unreadable("it is JSON, but no notebook")
    if tree.get("nbformat") != 4:
        try:
            tree = nbformat.convert(nbformat.from_dict(tree), 4)
        except Exception as error:
            raise Unreadable(f"its format is not readable: {str(error)[:80]}") from None
    cells = []
    for cell in tree["cells"]:
        if not isinstance(cell, dict):
            continue
        source, metadata = cell.get("source", ""), cell.get("metadata")
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        metadata = metadata if isinstance(metadata, dict) else {}
        marks = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
        kind = cell.get("cell_type") if cell.get("cell_type") in ("code", "markdown", "raw") else "raw"
        attachments = cell.get("attachments")
        cells.append(_Cell(kind, source, marks.get("grade_id"), cell.get("id"),
                           attachments if isinstance(attachments, dict) else {}))
    metadata = tree.get("metadata") if isinstance(tree.get("metadata"), dict) else {}
    kernel = metadata.get("kernelspec") if isinstance(metadata.get("kernelspec"), dict) else {}
    return cells, str(kernel.get("name", "python3"))


def mend(data, template):
    """Return (notebook, notes) for the bytes of a submission; `template` is the release, a notebook.

    `notes` says in words what was mended; it is empty where the file is as it was handed out.
    """
    notes = []
    try:
        cells, kernel = read(data)
    except Unreadable as error:
        cells, kernel = [], "python3"
        notes.append(f"not readable, graded as if nothing were answered ({error})")
    if kernel != "python3":
        notes.append(f"its kernel was {kernel[:30]!r}; run with Python 3")
    roles = [_role(cell) for cell in template.cells]
    _match(cells, template.cells, roles)
    if any(cell.by_content for cell in cells):
        notes.append("marks of cells were lost; they were found by what they hold")

    result = v4.new_notebook(metadata=template.metadata)
    extra = 0

    def keep(cell, kind=None):
        nonlocal extra
        extra += 1
        make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[kind or cell.type]
        result.cells.append(make(cell.source, id=f"extra-{extra}"))

    anchors = _anchors(cells)
    for cell in anchors.get(-1, []):
        keep(cell)
    elsewhere = {name for cell in cells for name in _defined(cell)}  # asked only where a task's own cell is missing
    for index, (original, role) in enumerate(zip(template.cells, roles)):
        found = [cell for cell in cells if cell.match == index]
        out = nbformat.from_dict(json.loads(json.dumps(original)))
        if out.cell_type == "code":
            out.outputs, out.execution_count = [], None
        chosen, spare = _choose(found, original)
        if role in ("answer", "written", None) and chosen:
            out.source = chosen.source
            if out.cell_type == "markdown" and chosen.attachments:
                out.attachments = chosen.attachments
            if chosen.type != out.cell_type:
                notes.append(f"{original.id}: was a {chosen.type} cell, is {out.cell_type} again")
        elif role == "answer" and not chosen and original.id in elsewhere:
            out.source = f"# {original.id} is defined in another cell."
        if cells and role and not chosen and original.id not in elsewhere:
            notes.append(f"{original.id}: the cell was missing, put back")
        edited = role in ("locked", "check") and chosen and chosen.source.strip() != original.source.strip()
        if edited:
            notes.append(f"{original.id}: the cell was edited, restored")
        if spare and role:
            notes.append(f"{original.id}: there were {len(found)} cells of it; the last with an answer counts"
                         if role in ("answer", "written") else f"{original.id}: there were {len(found)} cells of it")
        result.cells.append(out)
        if edited:  # what was added to it may be needed; what replaced a check is kept to be seen only
            keep(chosen, "code" if role == "locked" else "raw")
        for cell in spare:
            if cell.source.strip() not in (out.source.strip(), original.source.strip()):
                keep(cell, "raw" if role else None)
        for cell in anchors.get(index, []):
            keep(cell)
    return result, notes


def _role(cell):
    marks = cell.metadata.get("nbgrader")
    if not marks:
        return None
    if marks["solution"]:
        return "written" if marks["grade"] else "answer"
    return "check" if marks["grade"] else "locked"


def _defined(cell):
    """The functions and classes that a code cell defines at its left margin."""
    if cell.type == "markdown":
        return []
    try:
        return [node.name for node in ast.parse(cell.source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return re.findall(r"^(?:def|class)\s+(\w+)", cell.source, re.M)


def _match(cells, originals, roles):
    """Give each of the learner's cells the index of the release's cell that it is, where it is one."""
    by_grade_id = {cell.metadata.nbgrader.grade_id: i for i, cell in enumerate(originals) if roles[i]}
    by_id = {cell.id: i for i, cell in enumerate(originals)}
    by_source = {cell.source.strip(): i for i, cell in enumerate(originals)}
    answers = {originals[i].id: i for i, role in enumerate(roles) if role == "answer"}
    calls = {originals[i].source.strip().splitlines()[0]: i for i, role in enumerate(roles) if role == "check"}
    for cell in cells:
        if isinstance(cell.grade_id, str):
            cell.match = by_grade_id.get(cell.grade_id)
        if cell.match is None and isinstance(cell.id, str) and cell.id in by_id \
                and originals[by_id[cell.id]].cell_type == cell.type:
            cell.match = by_id[cell.id]
    for cell in cells:
        if cell.match is not None:
            continue
        index = by_source.get(cell.source.strip())
        if index is None and cell.type == "code":
            index = next((i for line, i in calls.items() if line in cell.source.splitlines()), None)
            tasks = [answers[name] for name in _defined(cell) if name in answers]
            if tasks:  # one cell with several answers stands for the first that has no cell of its own
                taken = {other.match for other in cells}
                index = tasks[0] if len(tasks) == 1 else next((i for i in tasks if i not in taken), None)
        if index is not None:
            cell.match, cell.by_content = index, roles[index] is not None
    # A written answer is known by where it stands: after its question.
    for index, role in enumerate(roles):
        if role == "written" and not any(cell.match == index for cell in cells):
            place = next((i for i, cell in enumerate(cells) if cell.match == index - 1), None)
            if place is not None and place + 1 < len(cells):
                after = cells[place + 1]
                if after.match is None and after.type == "markdown":
                    after.match, after.by_content = index, True


def _choose(found, original):
    """Return the cell that counts, the last with an answer, and the others."""
    if not found:
        return None, []
    tried = [cell for cell in found if cell.source.strip() != original.source.strip()
             and not re.search(r"^\s*raise NotImplementedError\(\)\s*$", cell.source, re.M)]
    chosen = (tried or found)[-1]
    return chosen, [cell for cell in found if cell is not chosen]


def _anchors(cells):
    """{index of the release's cell before, or -1: the learner's own cells that follow it}"""
    anchors, last = {}, -1
    for cell in cells:
        if cell.match is not None:
            last = cell.match
        else:
            anchors.setdefault(last, []).append(cell)
    return anchors
