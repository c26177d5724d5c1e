"""tests/mutate.py itself: which functions it takes, and that each module's files and tests are there."""
import subprocess
import sys
from pathlib import Path

import mutate
import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_each_module_has_its_files_and_its_tests():
    for module, (patterns, tests) in mutate.MODULES.items():
        assert all(list(ROOT.glob(pattern)) for pattern in patterns), module
        assert all((ROOT / "tests" / f"test_{name}.py").is_file() for name in tests.split()), module
    weekly = (ROOT / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8")
    assert f"module: [{', '.join(mutate.MODULES)}]" in weekly


@pytest.fixture
def repository(tmp_path, monkeypatch):
    (tmp_path / "utils.py").write_text("def first():\n    return 1\n\n\nclass Box:\n    def second(self):\n        return 2\n\n    def third(self):\n        return 3\n")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    return tmp_path / "utils.py"


@pytest.mark.parametrize("old, new, names", [("return 1", "return 4", ["utils.x_first__mutmut_*"]), ("return 3", "return 4\n", ["utils.xǁBoxǁthird__mutmut_*"]),
                                             ("return 1", "return 1  # one\n\n\nX = 2", ["utils.x_first__mutmut_*"]), ("class Box:", "class Box:  # two", []),
                                             ("return", "return 0 +", ["utils.x_first__mutmut_*", "utils.xǁBoxǁsecond__mutmut_*", "utils.xǁBoxǁthird__mutmut_*"])])
def test_only_functions_that_differ_are_taken(repository, old, new, names):
    repository.write_text(repository.read_text().replace(old, new))
    assert mutate.changed(repository, "HEAD") == names


def test_an_unknown_module_is_named():
    done = subprocess.run([sys.executable, "tests/mutate.py", "util"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "no module util: choose from utils, guards, image_data" in done.stderr


def test_an_unknown_revision_is_named_and_not_taken_for_no_change():
    done = subprocess.run([sys.executable, "tests/mutate.py", "--since", "nowhere"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "git knows no revision nowhere" in done.stderr
