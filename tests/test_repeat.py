"""The same numbers twice: after a restart, in a notebook or in a script, and nearly so on another machine."""
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest

import environments

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
import repeat  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.exhaustive("each lesson twice, as a script and as a notebook")

# Run after a lesson: every network, tensor and history that it leaves behind, to the last digit.
TELL = """
def _told(value):
    if isinstance(value, utils.History):
        value = {name: numbers for name, numbers in vars(value).items() if name != "seconds"}
    elif isinstance(value, torch.nn.Module):
        value = {name: tensor.double().tolist() for name, tensor in value.state_dict().items()}
    else:
        value = value.detach().double().tolist()
    return __import__("hashlib").sha256(repr(value).encode()).hexdigest()[:16]

print("LEFT", __import__("json").dumps({name: _told(value) for name, value in list(globals().items()) if name[0] != "_"
      and isinstance(value, (utils.History, torch.nn.Module, torch.Tensor)) and getattr(value, "dtype", 0) != torch.bool}))
"""


def left(text):
    return json.loads(next(line for line in text.splitlines() if line.startswith("LEFT")).partition(" ")[2])


def as_script(path):
    """The lesson's code as one program; cells that are meant to fail do so without ending it."""
    parts = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "raises-exception" in cell.metadata.get("tags", ()):
            parts.append("try:\n" + textwrap.indent(cell.source, "    ") + "\nexcept Exception as error:\n    print(repr(error))")
        elif cell.cell_type == "code":
            parts.append(cell.source)
    return "\n\n".join(parts)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_script_and_a_notebook_end_with_the_same_numbers(path, tmp_path):
    lesson = nbformat.read(path, as_version=4)
    lesson.cells.append(nbformat.v4.new_code_cell(TELL))
    done = environments.run(lesson, path.parent, sys.executable, tmp_path, COURSE_DATA="sample")
    in_notebook = left("".join(output.get("text", "") for output in done.cells[-1].outputs))
    script = tmp_path / "lesson.py"
    script.write_text(as_script(path) + TELL, encoding="utf-8")
    result = subprocess.run([sys.executable, script], cwd=path.parent, capture_output=True, text=True, env={
        **os.environ, "COURSE_DATA": "sample", "MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)})
    assert result.returncode == 0, result.stderr[-3000:]
    in_script = left(result.stdout)
    assert len(in_notebook) >= 5 and in_notebook == in_script, {
        name for name in in_notebook.keys() | in_script.keys() if in_notebook.get(name) != in_script.get(name)}


@pytest.mark.parametrize("model", repeat.MODELS)
def test_another_machine_differs_by_rounding(model, monkeypatch):
    """The real numbers are in benchmarks/README.md; here the drawn sample."""
    monkeypatch.setenv("COURSE_DATA", "sample")
    found = repeat.runs(model)
    assert found["again"] == found["one thread"], "the same machine: the same to the last digit"
    for machine in ("two threads", "older instructions"):
        first, ten, _, accuracy = repeat.drift(found["one thread"], found[machine])
        assert first < 1e-5 and ten < 1e-3 and accuracy <= 0.01, (machine, first, ten, accuracy)
