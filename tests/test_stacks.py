"""Other stacks: the suite again in environments of their own, on every Python that is installed.

The oldest versions run as on an old processor too: what a lesson prints must show neither.

torch and torchvision stay at the tested pair: another one is gigabytes of CUDA packages. Their oldest and newest were
tried once by hand (docs/checks.md).
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import environments
from test_install import lines, pinned

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
from repeat import OLD  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
FILES = ("requirements.txt", "exercises/requirements.txt", "tests/requirements.txt")
# About texts, settings and git, not about packages.
ELSEWHERE = [f"--ignore=tests/test_{name}.py" for name in (
    "cluster", "crew", "launch", "install", "make", "benchmarks", "messages", "figures", "numbers", "mutate", "project", "edition", "web", "slides", "readings", "kubernetes")]
pytestmark = pytest.mark.exhaustive("an environment for each stack, and the suite in it")


def requirements():
    """What the course names, with torch and torchvision at the tested pair."""
    for requirement, _ in (each for name in FILES for each in lines(name)):
        yield pinned()[requirement.name] if requirement.name.startswith("torch") else requirement


def oldest():
    """Each package at the lowest version that its range allows."""
    for requirement in requirements():
        lowest = next(each.version for each in requirement.specifier if each.operator in (">=", "=="))
        yield f"{requirement.name}=={lowest}"


def newest():
    """The ranges as they are; pip takes the newest."""
    return map(str, requirements())


def python(version):
    """The interpreter of that version, or None."""
    found = [sys.executable] if sys.version.startswith(f"{version}.") else [
        shutil.which(f"python{version}"), *map(str, Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))]
    for path in filter(None, found):
        if subprocess.run([path, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
            return path
    return None


@pytest.mark.parametrize("version, packages", [("3.11", oldest), ("3.12", newest), ("3.13", newest), ("3.14", newest)], ids=[
    "oldest-on-3.11", "newest-on-3.12", "newest-on-3.13", "newest-on-3.14"])
def test_the_suite_passes(version, packages):
    interpreter = python(version)
    if interpreter is None:
        assert version not in os.environ.get("COURSE_PYTHONS", "").split(), f"COURSE_PYTHONS names {version}, which is not installed"
        pytest.skip(f"Python {version} is not installed here")
    there = environments.make(f"{packages.__name__}-{version}", *packages(), python=interpreter)
    assert pinned()["torch"].specifier.contains(environments.versions(there, "torch")["torch"])
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "OMP_", "COURSE_"))}
    env["PATH"] = os.pathsep.join([str(there.parent), env["PATH"]])
    if packages is oldest:
        env |= OLD
    result = subprocess.run([there, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ELSEWHERE], cwd=ROOT, env=env,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) > 800, result.stdout[-500:]
