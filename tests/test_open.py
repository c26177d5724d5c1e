"""Other ways to open the course: a dev container (VS Code, Codespaces), and programs that start a kernel in another folder."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import nbformat
import pytest

import environments
from test_make import copied, posix

import mine
import python_fits

ROOT = Path(__file__).resolve().parent.parent
CONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
STRING, STRINGS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}


def record(**properties):
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


# No package brings the schema of dev containers, and this is no copy of it: the properties that ours has, as the specification types
# them. updateContentCommand, as that is what an editor waits for before it opens, and what a prebuilt Codespace has run already.
SHAPE = record(name=STRING, image=STRING, updateContentCommand=STRING, customizations=record(
    vscode=record(extensions=STRINGS, settings={"type": "object"}), codespaces=record(openFiles=STRINGS)))


def test_the_container_is_described_as_the_specification_says():
    jsonschema.validate(CONTAINER, SHAPE)
    version = re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:(\d+)\.(\d+)", CONTAINER["image"])
    _, oldest, newest = python_fits.supported()
    assert oldest <= tuple(map(int, version.groups())) <= newest
    assert f"The course in a container with Python {'.'.join(version.groups())}," in (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    assert CONTAINER["customizations"]["codespaces"]["openFiles"] == [f"{mine.MINE}/{next(iter(mine.versions()))}"]


@posix
@pytest.mark.exhaustive("installs the lessons' packages anew, by each road")
@pytest.mark.parametrize("road", ["pip", "uv"])
def test_what_the_container_runs_leads_to_a_lesson_that_runs(road, tmp_path):
    """Its command, in a clean copy of the course and with nothing of this environment but where packages come from.

    Not tried: the image, which needs Docker; and TORCH=cpu where PyTorch's own index can't be reached. There uv must say so and
    nothing may be taken for done, and the command is run without the switch.
    """
    folder = copied(tmp_path / "course")
    env = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_", "HTTP", "NO_PROXY"))}
    env |= {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "UV": ""}
    if road == "uv":
        subprocess.run([environments.make("uv", "uv~=0.13"), "-m", "uv", "--version"], check=True)
        env["PATH"] = f"{environments.FOLDER / 'uv' / 'bin'}{os.pathsep}{env['PATH']}"
        del env["UV"]
        if "PIP_FIND_LINKS" in env:  # uv does not read pip's
            env.setdefault("UV_FIND_LINKS", env["PIP_FIND_LINKS"])

    def run(command):
        return subprocess.run(command, shell=True, cwd=folder, env=env, capture_output=True, text=True)

    command = CONTAINER["updateContentCommand"]
    done = run(command)
    if done.returncode and re.search(r"Failed to fetch: \S*pytorch", done.stderr):
        assert not (folder / ".venv" / "lessons").exists() and not (folder / "mine").exists()
        done = run(command.replace(" TORCH=cpu", ""))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert ("\nuv pip install" in done.stdout) == (road == "uv")
    for path in CONTAINER["customizations"]["codespaces"]["openFiles"]:
        assert (folder / path).is_file()
    there = folder / CONTAINER["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"].removeprefix("${workspaceFolder}/")
    environments.run(folder / "mine" / "01-tensors.ipynb", folder / "mine", there, tmp_path)
    torch = environments.versions(there, "torch")
    (folder / "requirements.txt").touch()
    assert run("make .venv/lessons UV= TORCH=").returncode == 0 and environments.versions(there, "torch") == torch  # a CPU build stays


# ---- the folder in which a kernel starts

FIRST_CELLS = """
import os, sys
start = list(sys.path)
for folder, cell in {cases!r}:
    os.chdir(folder)
    sys.path[:] = start
    sys.path_importer_cache.clear()
    for name in [name for name, module in sys.modules.items() if (getattr(module, "__file__", None) or "").startswith({root!r} + os.sep)
                 and "site-packages" not in module.__file__]:
        del sys.modules[name]
    exec(cell, {{}})
    assert os.path.dirname(os.path.abspath(sys.modules["utils"].__file__)) == {root!r}, (folder, cell)
"""


@pytest.mark.long("starts PyTorch anew")
def test_a_first_cell_finds_the_course_from_its_own_folder_and_from_the_top(tmp_path):
    """VS Code, PyCharm and JupyterLab start a kernel in the notebook's folder, or, as they are set, in the one that was opened."""
    def first(text):
        return next(cell.source for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "code")

    lessons, exercises = ([first(text) for name, text in mine.versions().items() if name.endswith("-exercises.ipynb") == graded]
                          for graded in (False, True))
    assert len(lessons) == len(exercises) == 8
    one_down, where_it_is = ROOT / "blank", ROOT / "exercises" / "release" / "01-tensors"  # as deep as mine/, which need not be there
    cases = [(str(folder), cell) for folder, cells in ((ROOT, lessons[:1] + exercises), (one_down, lessons[:1] + exercises), (where_it_is, exercises))
             for cell in cells]
    assert len(set(lessons)) == 1
    cell = nbformat.v4.new_code_cell(FIRST_CELLS.format(cases=cases, root=str(ROOT)))
    environments.run(nbformat.v4.new_notebook(cells=[cell]), ROOT, sys.executable, tmp_path)
