"""What a notebook's stored outputs were made of: a stamp in its metadata, so that a release can ask whether they are still so.

    python tools/stamp.py notebook ...   # `make notebooks` does, once it has run them

`course.run` holds a sum of the notebook's code, one of its outputs, one of the modules of the course that it may import, and which
data it was run with (COURSE_DATA). The first cell doesn't count: `make fork` writes it.
"""
import hashlib
import json
import os
import sys
from pathlib import Path

import nbformat

from course import ROOT


def _sum(texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def code(notebook):
    """A sum of the cells of code, without the one that fetches the course."""
    return _sum(cell.source for cell in [cell for cell in notebook.cells if cell.cell_type == "code"][1:])


def outputs(notebook):
    """A sum of what is stored below the cells, so that nothing there is changed by hand."""
    return _sum(json.dumps(cell.outputs, sort_keys=True) for cell in notebook.cells if cell.cell_type == "code")


def modules(path, root=ROOT):
    """A sum of what the notebook at `path` may import of the course: the modules, scripts beside it that it names, for exercises the checks."""
    names = sorted(name for name in root.glob("*.py") if name.name != "conftest.py")
    text = Path(root, path).read_text(encoding="utf-8")
    names += sorted(name for name in Path(root, path).parent.glob("*.py") if name.name in text)
    if Path(root, path).resolve().is_relative_to(root.resolve() / "exercises"):
        names += sorted(root.glob("exercises/checks/*.py"))
    return _sum(name.read_text(encoding="utf-8") for name in names)


def write(path, data, root=ROOT):
    """Stamp the notebook at `path`, which has just been run with `data`."""
    notebook = nbformat.read(root / path, as_version=4)
    notebook.metadata["course"] = {"run": {"code": code(notebook), "outputs": outputs(notebook), "data": data, "modules": modules(path, root)}}
    Path(root, path).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def stale(path, root=ROOT):
    """Why the outputs of the notebook at `path` are not those that its code gives on the real data today, in words, or ""."""
    notebook = nbformat.read(root / path, as_version=4)
    run = notebook.metadata.get("course", {}).get("run")
    if not run:
        return "it carries no stamp"
    if run["code"] != code(notebook):
        return "its code has changed since it was run"
    if run["outputs"] != outputs(notebook):
        return "its outputs are not those that it gave when it was run"
    if run["modules"] != modules(path, root):
        return "modules that it imports have changed since it was run"
    return "" if run["data"] == "real" else f"it was run with COURSE_DATA={run['data']}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(name, os.environ.get("COURSE_DATA") or "auto")
