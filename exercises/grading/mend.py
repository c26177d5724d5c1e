"""Make a gradable notebook of whatever was handed in, and say what was mended.

The result has every cell of the release, in order, with the learner's answers in it; cells that the learner
added stay where they were. So a deleted, duplicated, split or edited cell, lost metadata, another kernel or a file
that is no notebook costs what it holds, and nothing else. Outputs are left out before anything is parsed: grading
makes its own, and they may be of any size.
"""
import ast
import json
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import v4

LARGEST = 200_000_000  # bytes of a file
WITHOUT_OUTPUTS = 30_000_000  # of it without its outputs
PIECES = 1_000_000  # lists, dictionaries and values; of 100 bytes each, when parsed
CELLS, SOURCE, PARSED = 2_000, 10_000_000, 200_000  # how many cells, letters of one, and of one whose statements are looked at
STUB = re.compile(r"^[ \t]*raise NotImplementedError\(\)[ \t]*$", re.M)


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
    note: str = ""


# ---------------------------------------------------------------- reading

TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|"|[\[\]{},]', re.S)  # a string, one that never ends, or a sign of structure


def lean(data: bytes) -> bytes:
    """The bytes of a notebook without its cells' outputs. Raises Unreadable for what is far too large to be one."""
    if not data.strip():
        raise Unreadable("the file is empty")
    if len(data) > LARGEST:
        raise Unreadable(f"the file has {len(data) // 1_000_000} MB")
    if (encoding := json.detect_encoding(data[:4])) not in ("utf-8", "utf-8-sig"):
        data = data.decode(encoding, "replace").encode("utf-8")
    kept, start, depth, inside, key, at = [], 0, 0, None, b"", 0
    counted = [0, 0]  # pieces outside and inside of outputs
    for match in TOKEN.finditer(data):
        token = match[0]
        if token == b'"':
            break
        counted[inside is not None] += 1
        if counted[0] > PIECES or counted[1] > 10 * PIECES:
            raise Unreadable(f"it holds more than {PIECES:,} pieces, as no notebook does")
        if token in (b"[", b"{"):
            depth += 1
            if inside is None and token == b"[" and key == b'"outputs"' and data[at:match.start()].strip() == b":":
                inside = depth
                kept.append(data[start:match.end()])
        elif token in (b"]", b"}"):
            if inside == depth:
                inside, start = None, match.start()
            depth -= 1
        key, at = token, match.end()
    if inside is None:
        kept.append(data[start:])
    short = b"".join(kept)
    if len(short) > WITHOUT_OUTPUTS:
        raise Unreadable(f"the file has {len(short) // 1_000_000} MB, its outputs not counted")
    return short


def read(data: bytes) -> tuple[list[_Cell], str]:
    """Return (cells, kernel name) of a notebook's bytes, of any version of the format. Raises Unreadable."""
    try:
        tree = json.loads(lean(data).decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {str(error)[:80]}") from None
    if not isinstance(tree, dict) or not (isinstance(tree.get("cells"), list) or "worksheets" in tree):
        raise Unreadable("it is JSON, but no notebook")
    if not isinstance(tree.get("cells"), list):
        try:
            tree = nbformat.convert(nbformat.from_dict(tree), 4)
        except Exception as error:
            raise Unreadable(f"its format is not readable: {str(error)[:80]}") from None
    if len(tree["cells"]) > CELLS:
        raise Unreadable(f"it has {len(tree['cells']):,} cells")
    cells = []
    for cell in tree["cells"]:
        if not isinstance(cell, dict):
            continue
        source, metadata = cell.get("source", ""), cell.get("metadata")
        note = "" if isinstance(source, str) or isinstance(source, list) and all(isinstance(line, str) for line in source) else \
            "its source was no text"
        source = _text("".join(map(str, source)) if isinstance(source, list) else str(source))
        if len(source) > SOURCE:
            source, note = "", f"it had {len(source):,} letters, and was left out"
        metadata = metadata if isinstance(metadata, dict) else {}
        marks = found if isinstance(found := metadata.get("nbgrader"), dict) else {}
        kind = cell["cell_type"] if cell.get("cell_type") in ("code", "markdown") else "raw"
        grade_id, id_ = marks.get("grade_id"), cell.get("id")
        cells.append(_Cell(kind, source, grade_id if isinstance(grade_id, str) else None, id_ if isinstance(id_, str) else None,
                           _pictures(cell.get("attachments")), note=note))
    metadata = found if isinstance(found := tree.get("metadata"), dict) else {}
    kernel = found if isinstance(found := metadata.get("kernelspec"), dict) else {}
    return cells, str(kernel.get("name", "python3"))


def _text(text):
    """A source as a file can hold it: without halves of signs, its lines ended as on Linux."""
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")


def _pictures(attachments):
    """The attachments of a cell that are pictures: {name: {type: base64}}."""
    if not isinstance(attachments, dict):
        return {}
    found = {_text(name): {kind: data for kind, data in bundle.items() if re.fullmatch(r"image/(png|jpeg|gif)", kind)
                           and isinstance(data, str) and re.fullmatch(r"[A-Za-z0-9+/=\s]+", data)}
             for name, bundle in attachments.items() if isinstance(bundle, dict)}
    return {name: bundle for name, bundle in found.items() if bundle}


# ---------------------------------------------------------------- mending

def mend(data: bytes, template: nbformat.NotebookNode) -> tuple[nbformat.NotebookNode, list[str]]:
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

    notes += [f"{'one of the cells' if cell.match is None else template.cells[cell.match].id}: {cell.note}" for cell in cells if cell.note][:20]

    result = v4.new_notebook(metadata=template.metadata)
    extra = 0

    def keep(source, kind):
        nonlocal extra
        extra += 1
        make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[kind]
        result.cells.append(make(source, id=f"extra-{extra}"))

    own, moved = _own(cells), []
    for cell in own.get(None, []):
        keep(cell.source, cell.type)
    elsewhere = {name for cell in cells if cell.match is None or roles[cell.match] != "answer" or cell.by_content
                 for name in _bound(cell)}  # asked only where a task's own cell is missing; no setup gives a task's name a value
    for index, (original, role) in enumerate(zip(template.cells, roles)):
        found = [(position, cell) for position, cell in enumerate(cells) if cell.match == index]
        out = nbformat.from_dict(json.loads(json.dumps(original)))
        if out.cell_type == "code":
            out.outputs, out.execution_count = [], None
        chosen, parts = _choose([cell for _, cell in found], original, role)
        if role in ("answer", None) and chosen:
            out.source = chosen.source
        if role == "written" and parts:
            out.source = "\n\n".join(dict.fromkeys(cell.source.strip("\n") for cell in parts))
            out.attachments = {name: bundle for cell in parts for name, bundle in cell.attachments.items()}
        if out.cell_type == "markdown" and not out.get("attachments"):
            out.pop("attachments", None)
        if chosen and role in ("answer", "written") and chosen.type != out.cell_type:
            notes.append(f"{original.id}: was a {chosen.type} cell, is {out.cell_type} again")
        if cells and role and not found:
            if role == "answer" and original.id in elsewhere:
                moved.append(original.id)
            else:
                notes.append(f"{original.id}: the cell was missing, put back")
        if role in ("locked", "check") and any(cell.source.strip() != original.source.strip() for _, cell in found):
            notes.append(f"{original.id}: the cell was edited, restored")
        if len(found) > 1 and role:
            notes.append(f"{original.id}: there were {len(found)} cells of it"
                         + ("; all that are not its stub count, in order" if role in ("answer", "written") else ""))
        # The learner's cells of this place, in their order; what was typed into a check's cell runs before it.
        if role == "locked" or not found:
            result.cells.append(out)
        for place, (position, cell) in enumerate(found):
            if role == "check":
                if added := _added(cell, original):
                    keep(added, "code")
                if place == len(found) - 1:
                    result.cells.append(out)
            elif role == "locked":
                if added := _added(cell, original):
                    keep(cell.source, "code")
            elif role == "written":
                if place == 0:
                    result.cells.append(out)
            elif cell is chosen:
                result.cells.append(out)
            elif role == "answer" and any(cell is part for part in parts):
                keep(cell.source, "code")
            elif cell.source.strip() not in (out.source.strip(), original.source.strip()):
                keep(cell.source, "raw" if role else cell.type)
            for added in own.get(position, []):
                keep(added.source, added.type)
    if moved:
        notes.append(f"answered in other cells than their own: {', '.join(moved)}")
    return result, notes


def _role(cell):
    marks = cell.metadata.get("nbgrader")
    if not marks:
        return None
    if marks["solution"]:
        return "written" if marks["grade"] else "answer"
    return "check" if marks["grade"] else "locked"


def _statements(source):
    """The statements of a cell that its own names come from: also those under `if`, `try`, `with` and loops, not those in functions."""
    if len(source) > PARSED:
        return
    lines = [line if not re.match(r"\s*[%!?]", line) else re.match(r"\s*", line)[0] + "pass" for line in source.split("\n")]
    try:
        waiting = list(ast.parse("\n".join(lines)).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    while waiting:
        node = waiting.pop(0)
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                waiting += getattr(node, part, [])


def _defined(cell):
    """The functions and classes that a code cell defines."""
    names = [node.name for node in _statements(cell.source) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return names or re.findall(r"^(?:def|class)[ \t]+(\w+)", cell.source, re.M)


def _bound(cell):
    """The names that a code cell gives a value, in whatever way; none of a cell that is not run."""
    if cell.type != "code":
        return set()
    names = set(_defined(cell))
    for node in _statements(cell.source):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name for alias in node.names}
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return names


def _match(cells, originals, roles):
    """Give each of the learner's cells the index of the release's cell that it is, where it is one."""
    by_grade_id = {cell.metadata.nbgrader.grade_id: i for i, cell in enumerate(originals) if roles[i]}
    by_id = {cell.id: i for i, cell in enumerate(originals)}
    by_source = {cell.source.strip(): i for i, cell in enumerate(originals)}
    answers = {originals[i].id: i for i, role in enumerate(roles) if role == "answer"}
    calls = {originals[i].source.strip().splitlines()[0]: i for i, role in enumerate(roles) if role == "check"}
    for cell in cells:
        if cell.grade_id is not None:
            cell.match = by_grade_id.get(cell.grade_id)
        if cell.match is None and cell.id in by_id and originals[by_id[cell.id]].cell_type == cell.type:
            cell.match = by_id[cell.id]
    for cell in cells:
        if cell.match is None and (index := by_source.get(cell.source.strip())) is not None:
            cell.match, cell.by_content = index, roles[index] is not None
    marked = {cell.match for cell in cells}
    for way in (_defined, _bound):  # `accuracy = accuracy(batches)` further down gives the name a value too
        for position, cell in enumerate(cells):
            if cell.match is not None or cell.type != "code":
                continue
            index = next((i for line, i in calls.items() if line in cell.source.splitlines()), None) if way is _defined else None
            tasks = [answers[name] for name in answers if name in way(cell)]
            # One cell with several answers stands for the first that has no cell of its own.
            index = next((i for i in tasks if i not in marked and _fits(cells, position, i)), index)
            if index is not None:
                cell.match, cell.by_content = index, True
        marked = {cell.match for cell in cells}
    # A written answer is known by where it stands: after its question.
    for index, role in enumerate(roles):
        if role == "written" and not any(cell.match == index for cell in cells):
            place = next((i for i, cell in enumerate(cells) if cell.match == index - 1), None)
            if place is not None and place + 1 < len(cells):
                after = cells[place + 1]
                if after.match is None and after.type == "markdown":
                    after.match, after.by_content = index, True


def _fits(cells, position, index):
    """Whether a cell at this position can stand for the release's cell `index` and keep its order among the learner's."""
    before = next((cell.match for cell in reversed(cells[:position]) if cell.match is not None), -1)
    after = next((cell.match for cell in cells[position + 1:] if cell.match is not None), index)
    return before <= index <= after


def _choose(found, original, role):
    """(the cell that stands for the original, all that count): of an answer each cell that is not its stub, and the last of them."""
    tried = [cell for cell in found if cell.source.strip() != original.source.strip()]
    if role == "answer":
        tried = [cell for cell in tried if not STUB.search(cell.source)] or tried
    return ((tried or found)[-1] if found else None), tried


def _added(cell, original):
    """What a learner wrote into a cell that is not theirs, or "": its lines without the original's."""
    theirs = {line.strip() for line in original.source.splitlines()}
    lines = [line for line in cell.source.splitlines() if line.strip() not in theirs or not line.strip()]
    return "\n".join(lines).strip("\n") if any(line.strip() for line in lines) else ""


def _own(cells):
    """{position of the cell before that is the release's, or None: the learner's own cells that follow it}"""
    own, last = {}, None
    for position, cell in enumerate(cells):
        if cell.match is not None:
            last = position
        else:
            own.setdefault(last, []).append(cell)
    return own
