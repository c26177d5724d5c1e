"""The README's two commands: what they install, and that they do so once."""
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from test_launch import copied, launch

ROOT = Path(__file__).resolve().parent.parent


def lines(name):
    """The requirements of a file, and the reason that each line gives."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [(Requirement(line.partition("#")[0].strip()), line.partition("#")[2].strip())
            for line in text.splitlines() if line.partition("#")[0].strip()]


def pinned():
    return {re.sub(r"[-_.]+", "-", r.name.lower()): r for r, _ in lines("constraints.txt")}


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt", "exercises/requirements.txt", "exercises/cluster/requirements.txt", "hub/requirements.txt", "web/requirements.txt"])
def test_every_requirement_is_a_range_with_a_reason_and_a_tested_version(name):
    for requirement, reason in lines(name):
        assert len(reason.split()) >= 2, f"{requirement.name}: say why it is there"
        assert requirement.specifier, f"{requirement.name}: give a range"
        version = next(iter(pinned()[requirement.name.lower()].specifier)).version
        assert requirement.specifier.contains(version), f"{requirement.name} {version} is outside its range"


def test_constraints_are_exact_and_for_every_machine():
    for requirement in pinned().values():
        assert str(requirement.specifier).startswith("==") and "+" not in str(requirement.specifier)
    assert not any(name.startswith(("nvidia", "triton")) for name in pinned())


@pytest.mark.long("asks pip about two hundred packages")
def test_pip_finds_nothing_broken():
    result = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.exhaustive("asks the package index, once for each Python")
@pytest.mark.parametrize("version", ["3.11.2", "3.12.0", "3.13.0", "3.14.0"])
def test_pip_resolves_every_file_for_every_python(version, tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--only-binary=:all:",
         "--python-version", version, "--target", str(tmp_path), "-r", "requirements.txt", "-r", "exercises/requirements.txt",
         "-r", "exercises/cluster/requirements.txt", "-r", "tests/requirements.txt", "-r", "hub/requirements.txt", "-r", "web/requirements.txt", "-c", "constraints.txt"],
        cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "Would install" in result.stdout and " torch-" in result.stdout


@pytest.fixture
def installed(tmp_path):
    """A checkout in which both commands have done their set-up."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "constraints.txt", "tests/requirements.txt",
                 "exercises/requirements.txt", "exercises/cluster/requirements.txt", "web/requirements.txt", "web/package.json", "tools/python_fits.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
        os.utime(tmp_path / name, (1, 1))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    for stamp, age in (("lessons", 2), ("exercises", 3), ("cluster", 4), ("web", 4), ("tests", 5)):
        (tmp_path / ".venv" / stamp).touch()
        os.utime(tmp_path / ".venv" / stamp, (age, age))
    return tmp_path


def make(folder, *arguments):
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.skipif(os.name != "posix", reason="Windows has the same steps without make")
def test_a_second_call_installs_nothing_and_a_changed_list_does(installed):
    for target, command in (("lab", "jupyter lab"), ("test", "-m pytest")):  # the folder may be named after pytest, too
        steps = make(installed, "-n", target).stdout
        assert command in steps and "pip" not in steps
    (installed / "requirements.txt").touch()
    assert "pip" in make(installed, "-n", "lab").stdout


@pytest.mark.skipif(os.name != "posix", reason="instructors grade on Linux")
def test_grading_asks_for_what_it_needs_before_it_installs_anything(installed):
    (installed / "requirements.txt").touch()
    for arguments, asked in ((["grade"], "LESSON="), (["grade", "LESSON=04"], "FROM="), (["feedback"], "LESSON=")):
        result = make(installed, *arguments)
        assert result.returncode != 0 and asked in result.stdout and "pip" not in result.stdout


@pytest.mark.long("makes a handout and runs a lesson in it")
@pytest.mark.skipif(not (ROOT / ".git").exists() or os.name != "posix", reason="made from git, with make")
def test_a_handout_runs_and_holds_no_worked_answer(tmp_path):
    clone = copied(tmp_path / "clone")
    result = make(clone, "handout", f"PYTHON={sys.executable}")
    assert result.returncode == 0, result.stderr
    with zipfile.ZipFile(clone / "handout.zip") as archive:
        archive.extractall(tmp_path)
    course = tmp_path / launch.settings()[0].partition("/")[2]
    texts = [path.read_text(encoding="utf-8") for path in course.rglob("*") if path.suffix in (".ipynb", ".py", ".toml", "")
             and path.is_file() and "data" not in path.parts]
    assert len(texts) > 20 and not any("### BEGIN SOLUTION" in text or "### BEGIN HIDDEN" in text for text in texts)
    assert (course / "exercises" / "release" / "07-cnn" / "07-cnn-exercises.ipynb").exists()
    said = subprocess.run([sys.executable, "-c", "from exercises.checks import answer; answer('corr2d')"], cwd=course,
                          capture_output=True, text=True)
    assert "not part of this copy" in said.stdout, said.stderr


def test_the_readme_names_the_commands_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z]+)", readme):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for lesson in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"(notebooks/{lesson.name})" in readme, f"{lesson.name} is missing from the lesson table"
    for link in re.findall(r"\]\(([^)#]+)\)", readme):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_ruff_and_pytest_are_set_up():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "/" in settings["tool"]["course"]["slug"]
    assert "--nbval " in settings["tool"]["pytest"]["ini_options"]["addopts"]
    assert "lax" not in settings["tool"]["pytest"]["ini_options"]["addopts"]
