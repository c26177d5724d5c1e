"""The Makefile's commands where something is missing: Python, venv, git, a name, a commit; and what they leave behind."""
import importlib.machinery
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from test_launch import git, launch

import course
import handout
import python_fits

ROOT = launch.ROOT
SLUG, REVISION = course.settings()
NAME = SLUG.partition("/")[2]
pytestmark = pytest.mark.long("starts make, git and Python two hundred times")
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has the same steps without make")
has_git = pytest.mark.skipif(shutil.which("git") is None, reason="tries what git does")
RANGE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]["python"]


def copied(target, *but):
    """A copy of the course as it is now, made without git; `but`: folders that are not needed."""
    for name in course.files():
        if not name.startswith(but or ("\0",)):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def make(folder, *arguments, **variables):
    env = {name: value for name, value in os.environ.items()
           if name not in ("PYTHON", "UV", "TORCH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "SLUG", "REVISION")}
    if not any(word.startswith("PYTHON=") for word in arguments):
        arguments = [*arguments, f"PYTHON={sys.executable}"]
    return subprocess.run(["make", *arguments], cwd=folder, env={**env, **variables}, capture_output=True, text=True, timeout=300)


@pytest.fixture(autouse=True)
def not_within_make(monkeypatch):
    """`make test` runs these tests too, and what it hands on would tell the inner make that it is one."""
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def without_git(tmp_path_factory):
    """The environment of a machine that has make and a shell, and neither git nor another Python."""
    path = tmp_path_factory.mktemp("path")
    for name in ("sh", "make", "id", "sed", "head", "rm", "touch"):
        (path / name).symlink_to(shutil.which(name))
    return {"PATH": str(path)}


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def snapshot(folder):
    """What lies in a folder: names and contents."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
            for path in folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.fixture
def bare(tmp_path):
    """The files that the set-up reads, in a folder without git and without .venv; pip and JupyterLab are never reached."""
    return copied(tmp_path / "course", "notebooks/", "exercises/release/", "exercises/source/", "data/", "docs/", "benchmarks/",
                  "tests/test")


@pytest.fixture
def installed(bare):
    """The same with a .venv: a real one, in which programs stand in for pip, JupyterLab, pytest and ruff."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=bare, check=True)
    programs(bare)
    for stamp in ("lessons", "exercises", "cluster", "web", "tests"):
        (bare / ".venv" / stamp).touch()
    return bare


def programs(folder):
    for name in ("jupyter", "pip"):
        path = folder / ".venv" / "bin" / name
        path.write_text(f"#!{folder.resolve()}/.venv/bin/python\nimport sys\nprint('{name} of', sys.prefix, sys.argv[1:])\n")
        path.chmod(0o755)


# ---- Python

def faked(path, version):
    """A Python that says it is another version, whichever way it is started."""
    (path.parent / "fake").mkdir()
    (path.parent / "fake" / "sitecustomize.py").write_text(f"import sys\nsys.version_info = {version}\n")
    return script(path, f'PYTHONPATH="{path.parent}/fake" exec "{sys.executable}" "$@"\n')


def one_sentence(result):
    """What is said before make's own last line."""
    assert result.returncode != 0
    lines = [line for line in result.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1 and "Traceback" not in result.stderr and "pip" not in result.stdout, result.stdout + result.stderr
    return lines[0]


@posix
@pytest.mark.parametrize("version", [(3, 10, 13), (3, 15, 0)], ids=["old", "new"])
def test_a_python_out_of_the_range_is_named_with_its_cure_before_anything_is_changed(version, bare, tmp_path, without_git):
    before = snapshot(bare)
    python = faked(tmp_path / "python", version)
    for target in ("lab", "test", "handout", "lock", "fork SLUG=prof/course", "grade LESSON=04-softmax-from-scratch FROM=x.zip"):
        said = one_sentence(make(bare, *target.split(), f"PYTHON={python}", **without_git))
        assert f"needs Python {RANGE}, and {python} is {'.'.join(map(str, version))}" in said
        assert re.search(rf"install Python 3\.12 .* make {target.split()[0]} PYTHON=python3\.12$", said)
    assert snapshot(bare) == before


@posix
def test_a_python_of_this_machine_that_fits_is_what_the_cure_names(bare, tmp_path, without_git):
    script(tmp_path / "bin" / "python3.12", "exit 127\n")  # as pyenv's stand-ins for versions that are not switched on
    faked(script(tmp_path / "bin" / "python3.13", ""), (3, 13, 0))
    python = script(tmp_path / "old" / "python3", "")
    result = make(bare, "lab", f"PYTHON={faked(python, (3, 9, 0))}", PATH=f"{tmp_path}/bin{os.pathsep}{without_git['PATH']}")
    assert one_sentence(result).endswith("is 3.9.0: type  make lab PYTHON=python3.13")


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_both_ends_of_the_range_are_in_it(version, monkeypatch):
    monkeypatch.setattr(sys, "version_info", version + (0,))
    assert python_fits.amiss("python3", "lab") is None


@pytest.mark.parametrize("windows, there, said", [
    (False, ["3.11", "3.12", "3.13", "3.14"], "type  make lab PYTHON=python3.12"), (False, ["3.14", "3.13"], "type  make lab PYTHON=python3.13"),
    (False, ["3.11", "3.13"], "type  make lab PYTHON=python3.13"),
    (False, ["3.14", "3.11"], "type  make lab PYTHON=python3.11"), (False, [], "install Python 3.12 (python.org has it) and type  make lab PYTHON=python3.12"),
    (True, ["3.14"], "type  py -3.14 -m venv .venv"), (True, [], "install Python 3.12 (python.org has it) and type  py -3.12 -m venv .venv")])
def test_the_cure_names_the_best_python_of_this_machine(monkeypatch, windows, there, said):
    """The middle of the range has its packages longest."""
    asked = []

    def output(command):
        asked.append(command)
        assert command[-2] == "-c" and command[:-2] == (["py", "-" + version(command)] if windows else ["python" + version(command)])
        return version(command) if version(command) in there else None

    def version(command):
        return re.search(r"3\.\d+", command[1] if windows else command[0])[0]

    monkeypatch.setattr(python_fits, "output", output)
    monkeypatch.setattr(python_fits, "WINDOWS", windows)
    assert python_fits.cure("lab") == said and len(asked) == 4
    done = subprocess.run([sys.executable, "-c", asked[0][-1]], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "%d.%d" % sys.version_info[:2]  # what it is asked, it can answer


@pytest.mark.parametrize("implementation, largest, said", [
    ("PyPy", 2**63 - 1, "PyTorch has no build for python3, which is PyPy of 64 bits: CURE lab"),
    ("CPython", 2**31 - 1, "PyTorch has no build for python3, which is CPython of 32 bits: CURE lab"), ("CPython", 2**63 - 1, None)])
def test_a_python_that_pytorch_has_no_build_for_is_named(monkeypatch, implementation, largest, said):
    monkeypatch.setattr(python_fits, "cure", "CURE {}".format)
    monkeypatch.setattr(python_fits.platform, "python_implementation", lambda: implementation)
    monkeypatch.setattr(sys, "maxsize", largest)
    assert python_fits.amiss("python3", "lab") == said


def test_a_python_out_of_the_range_is_named_with_its_three_numbers(monkeypatch):
    monkeypatch.setattr(python_fits, "cure", "CURE {}".format)
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    assert python_fits.amiss("python3", "test") == f"This course needs Python {RANGE}, and python3 is 3.9.18: CURE test"


def test_a_python_without_its_venv_is_named_with_debians_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "venv", None)
    said = python_fits.amiss("python3", "lab")
    assert re.fullmatch(rf"python3 \d+\.\d+\.\d+ lacks the module venv: on Debian and Ubuntu install it with  "
                        rf"sudo apt-get install python{sys.version_info[0]}\.{sys.version_info[1]}-venv", said)


def test_the_module_that_a_python_lacks_is_the_one_that_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "ensurepip", raising=False)
    monkeypatch.setattr(sys, "meta_path", [importlib.machinery.BuiltinImporter])  # which finds no module of a folder
    assert " lacks the module ensurepip: " in python_fits.amiss("python3", "lab")


def test_the_range_is_the_courses_whatever_folder_one_stands_in(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('python = "2.6 to 2.7"\n')
    monkeypatch.chdir(tmp_path)
    assert python_fits.supported()[0] == RANGE


def test_the_folder_of_an_environment_is_read_whatever_encoding_a_system_has(tmp_path, ascii_only):
    (tmp_path / "pyvenv.cfg").write_text("command = /usr/bin/python3 -m venv /home/zoë/Übung/.venv\n", encoding="utf-8")
    assert python_fits.made_in(str(tmp_path)) == "/home/zoë/Übung/.venv"


@pytest.mark.parametrize("said, folder", [
    ("home = /usr/bin\ncommand = /usr/bin/python3 -m venv --clear --upgrade-deps /home/a b/.venv \nversion = 3.12\n", "/home/a b/.venv"),
    ("home = /usr/bin\nversion = 3.9.2\n", None), ("", None)], ids=["among others", "an older Python's", "empty"])
def test_the_folder_of_an_environment_is_read_from_the_line_that_tells_it_or_unknown(said, folder, tmp_path):
    assert python_fits.made_in(str(tmp_path)) is None, "no environment"
    (tmp_path / "pyvenv.cfg").write_text(said, encoding="utf-8")
    assert python_fits.made_in(str(tmp_path)) == folder


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """A .venv of a folder that was called `was`, and now has another name; and a function that gives what is in one of its files."""
    here, was = tmp_path / "new name" / ".venv", tmp_path / "was" / ".venv"
    (here / "bin").mkdir(parents=True)
    files = {"pyvenv.cfg": f"home = /usr/bin\ncommand = /usr/bin/python3 -m venv {was}\n", "bin/pip": f"#!{was}/bin/python\nprint('{was}/x {was}-old {was}2 {was}.bak')\n",
             "bin/activate": f"VIRTUAL_ENV={was}\nOTHER={was}2\n", "bin/other": "#!/bin/sh\necho\n"}
    for name, text in files.items():
        (here / name).write_text(text)
        (here / name).chmod(0o755 if name.startswith("bin/p") else 0o640)
    (here / "bin" / "program").write_bytes(f"\0{was}".encode())
    (here / "bin" / "folder").mkdir()
    (here.parent / "theirs").write_text(f"#!{was}/bin/python\n")
    (here / "bin" / "linked").symlink_to(here.parent / "theirs")
    (here / "bin" / "python").symlink_to(was / "bin" / "python3")
    monkeypatch.setattr(python_fits, "VENV", str(here))
    monkeypatch.setattr(python_fits, "BIN", str(here / "bin"))
    return here, was, lambda name: (here / name).read_text()


@posix
def test_after_a_move_programs_start_from_here_and_no_other_path_is_changed(moved):
    here, was, text = moved
    os.link(here / "bin" / "activate", here.parent / "shared")
    before = (here / "bin" / "other").stat().st_ino
    python_fits.mend()
    assert (here / "bin" / "linked").is_symlink() and (here.parent / "theirs").read_text() == f"#!{was}/bin/python\n", "what a link leads to is somebody else's"
    assert (here / "bin" / "other").stat().st_ino == before, "what does not name the folder is not written anew"
    assert text("pyvenv.cfg") == f"home = /usr/bin\ncommand = /usr/bin/python3 -m venv {here}\n" and text("bin/other") == "#!/bin/sh\necho\n"
    assert text("bin/activate") == f"VIRTUAL_ENV={here}\nOTHER={was}2\n", "a folder that only begins like it"
    assert text("bin/pip") == f"#!/bin/sh\n'''exec' \"{here}/bin/python\" \"$0\" \"$@\"\n' '''\nprint('{here}/x {was}-old {was}2 {was}.bak')\n", "a kernel reads no name with a space"
    assert (here / "bin" / "program").read_bytes() == f"\0{was}".encode() and os.readlink(here / "bin" / "python") == f"{was}/bin/python3"
    assert [stat.S_IMODE((here / "bin" / name).stat().st_mode) for name in ("pip", "activate")] == [0o755, 0o640]
    assert (here.parent / "shared").read_text() == f"VIRTUAL_ENV={was}\nOTHER={was}2\n", "a file that another folder has too stays its own"
    assert sorted(path.name for path in (here / "bin").iterdir()) == ["activate", "folder", "linked", "other", "pip", "program", "python"]


@posix
@pytest.mark.parametrize("letters, through_sh", [(119, False), (120, False), (121, True)])
def test_a_program_is_started_by_sh_where_the_kernel_would_not_read_its_name_whole(letters, through_sh, monkeypatch):
    import tempfile
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        here = Path(os.path.realpath(folder), "x" * (letters - len("#!//.venv/bin/python") - len(os.path.realpath(folder))), ".venv")
        (here / "bin").mkdir(parents=True)
        (here / "pyvenv.cfg").write_text("command = python3 -m venv /was/.venv\n")
        (here / "bin" / "pip").write_text("#!/was/.venv/bin/python\nprint()\n")
        monkeypatch.setattr(python_fits, "VENV", str(here))
        monkeypatch.setattr(python_fits, "BIN", str(here / "bin"))
        python_fits.mend()
        first, *rest = (here / "bin" / "pip").read_text().splitlines()
        assert len(f"#!{here}/bin/python") == letters
        assert (first == "#!/bin/sh") == through_sh and (first == f"#!{here}/bin/python") != through_sh and rest[-1] == "print()"


@posix
@pytest.mark.parametrize("said, out, gone", [
    ("fits", "", False), ("moved", "This folder was moved: the programs in .venv now start from here.\n", False),
    ("other 3.9", ".venv was made by Python 3.9: it is made anew with Python {}.\n", True), (None, ".venv has no Python that runs: it is made anew with Python {}.\n", True),
    ("", ".venv has no Python that runs: it is made anew with Python {}.\n", True)])
def test_an_environment_that_does_not_work_is_cleared_away_or_mended_and_said(said, out, gone, moved, monkeypatch, capsys):
    asked, mended, version = [], [], "%d.%d" % sys.version_info[:2]
    monkeypatch.setattr(python_fits, "output", lambda command: asked.append(command) or said)
    monkeypatch.setattr(python_fits, "mend", lambda: mended.append(True))
    assert python_fits.prepare() is None and capsys.readouterr().out == out.format(version)
    assert moved[0].exists() != gone and mended == [True] * (said == "moved")
    assert asked == [[str(moved[0] / "bin" / "python"), str(ROOT / "tools" / "python_fits.py"), "--venv", version]]
    python_fits.prepare()
    assert len(asked) == (1 if gone else 2), "without one there is nothing to ask"


@posix
@pytest.mark.parametrize("kind", ["a link", "a file", "a link to nothing"])
def test_an_environment_that_is_a_link_or_a_file_is_not_ours_to_clear(kind, moved, monkeypatch, capsys):
    here, place = moved[0], moved[0].parent / "kept"
    os.rename(here, place)
    here.write_text("mine") if kind == "a file" else here.symlink_to(place if kind == "a link" else "nowhere")
    monkeypatch.setattr(python_fits, "output", lambda command: None)
    assert python_fits.prepare() == ".venv, a link or a file, has no Python that runs: remove it, and it is made anew."
    assert os.path.lexists(here) and (place / "bin" / "pip").exists() and capsys.readouterr().out == ""


@pytest.mark.parametrize("version, wanted, made, said", [
    ((3, 12), "3.12", "{here}", "fits"), ((3, 12), "", "{here}", "fits"), ((3, 12), "", None, "fits"), ((3, 12), "3.12", "{here}/../elsewhere", "moved"),
    ((3, 11), "", "{here}", "fits"), ((3, 14), "3.14", "{here}", "fits"), ((3, 12), "3.13", "{here}", "other 3.12"), ((3, 10), "3.10", "{here}", "other 3.10"), ((3, 15), "", "{here}", "other 3.15")])
def test_an_environment_says_in_a_word_what_it_is(version, wanted, made, said, tmp_path, monkeypatch):
    if made:
        (tmp_path / "pyvenv.cfg").write_text(f"command = python3 -m venv {made.format(here=tmp_path)}\n")
    monkeypatch.setattr(python_fits.sys, "version_info", (*version, 1, "final", 0))
    monkeypatch.setattr(python_fits.sys, "prefix", str(tmp_path))
    assert python_fits.state(wanted) == said


@posix
@pytest.mark.parametrize("command, said", [(["sh", "-c", "echo ' a '; echo b >&2"], "a"), (["sh", "-c", "echo a; exit 3"], None), (["no such program"], None), (["sh\0"], None),
                                           (["sh", "-c", "cat; echo end"], "end"), (["sh", "-c", r"printf '\303\050'"], "\ufffd(")])
def test_what_a_command_prints_is_asked_without_waiting_for_anybody(command, said, capfd):
    reading, writing = os.pipe()  # a terminal where nobody types
    kept = os.dup(0)
    os.dup2(reading, 0)
    os.write(writing, b"typed\n")
    os.close(writing)
    try:
        assert python_fits.output(command) == said
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reading)
    assert capfd.readouterr() == ("", "")


@posix
@pytest.mark.parametrize("said, out", [("moved", ".venv belongs to another folder: it is made anew with Python {}.\n"), ("fits", ""), ("nonsense", ".venv has no Python that runs: it is made anew with Python {}.\n")])
def test_on_windows_an_environment_that_was_moved_is_made_anew(said, out, moved, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(python_fits, "WINDOWS", True)
    monkeypatch.setattr(python_fits, "output", lambda command: asked.append(command) or said)
    monkeypatch.setattr(python_fits, "mend", lambda: pytest.fail("programs of Windows hold their path in another form"))
    assert python_fits.prepare() is None and capsys.readouterr().out == out.format("%d.%d" % sys.version_info[:2])
    assert asked[0][0].endswith("python.exe") and moved[0].exists() == (said == "fits")


@posix
@pytest.mark.parametrize("version", ["2.7", "3.6", "3.9", "3.10"])
def test_the_question_can_be_put_to_an_old_python(version, bare, without_git):
    """The real one, where this machine has it: the program must be understood by what it turns away."""
    found = [str(path) for path in Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python")] + \
        list(filter(None, [shutil.which(f"python{version}")]))
    found = [path for path in found if subprocess.run([path, "-V"], capture_output=True).returncode == 0]
    if not found:
        pytest.skip(f"no Python {version} on this machine")
    assert f"needs Python {RANGE}, and {found[0]} is {version}" in one_sentence(
        make(bare, "lab", f"PYTHON={found[0]}", **without_git))
    assert not (bare / ".venv").exists()


@posix
@pytest.mark.parametrize("python", ["no-such-python", "cat", "echo", "true", "yes", "/", "'/a folder/python'"])
def test_a_python_that_is_none_is_named(python, bare):
    before = snapshot(bare)
    for target in ("lab", "handout"):
        said = one_sentence(make(bare, target, f"PYTHON={python}"))
        assert python in said and f"is not there or is no Python: name one of {RANGE}" in said
        assert said.endswith(f"make {target} PYTHON=python3.12")
    assert snapshot(bare) == before


@posix
@pytest.mark.parametrize("module, package", [("ensurepip", "venv"), ("venv", "venv")])
def test_a_python_without_venv_is_told_which_package_has_it(module, package, bare, tmp_path):
    (tmp_path / "lacks").mkdir()
    (tmp_path / "lacks" / f"{module}.py").write_text(f"raise ImportError(\"No module named '{module}'\")\n")
    said = one_sentence(make(bare, "lab", PYTHONPATH=str(tmp_path / "lacks")))
    assert f"lacks the module {module}" in said
    assert said.endswith("sudo apt-get install python{}.{}-{}".format(*sys.version_info[:2], package))
    assert not (bare / ".venv").exists()


@posix
def test_an_unset_python_is_the_usual_one(bare):
    assert "python3 -m venv .venv" in make(bare, "-n", "lab", "PYTHON=").stdout


def test_windows_steps_ask_the_same_question(bare, tmp_path):
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    assert re.search(r"python tools\\python_fits\.py\n\s+python -m venv", workflow)
    assert subprocess.run([sys.executable, "tools/python_fits.py"], cwd=bare, capture_output=True, text=True).returncode == 0
    tell = ("import sys; sys.path.insert(0, 'tools'); sys.version_info = (3, 15, 0);"
            "import python_fits; sys.exit(python_fits.main([]))")
    result = subprocess.run([sys.executable, "-c", tell], cwd=bare, capture_output=True, text=True)
    assert result.returncode == 1 and f"needs Python {RANGE}" in result.stderr


def test_one_line_says_which_pythons_and_the_workflow_tries_each():
    words, oldest, newest = python_fits.supported()
    assert words == RANGE and oldest < newest
    versions = [f"{oldest[0]}.{minor}" for minor in range(oldest[1], newest[1] + 1)]
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    assert re.findall(r'"(3\.\d+)"', re.search(r"python: (\[.*?\])", workflow)[1]) == versions
    assert (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-") in versions
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["ruff"]["target-version"] == "py" + versions[0].replace(".", "")


def test_a_build_that_pytorch_does_not_have_is_named(monkeypatch):
    monkeypatch.setattr(python_fits, "output", lambda command: None)
    monkeypatch.setattr(python_fits.platform, "python_implementation", lambda: "PyPy")
    assert "PyPy" in python_fits.amiss("pypy3", "lab")
    monkeypatch.setattr(python_fits.platform, "python_implementation", lambda: "CPython")
    monkeypatch.setattr(sys, "maxsize", 2 ** 31 - 1)
    assert "32 bits" in python_fits.amiss("python3", "lab")


# ---- what a command does, word by word, where a word that is lost would not be missed at once

DOES = [
    ("notebooks", "COURSE_STILL=1 .venv/bin/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False --ExecutePreprocessor.timeout=600 notebooks/*.ipynb "
                  "exercises/source/*/*.ipynb"),
    ("notebooks", '.venv/bin/python -m nbstripout --keep-output --keep-count --keep-id --extra-keys "metadata.widgets metadata.language_info.version '
                  'cell.metadata.execution" notebooks/*.ipynb exercises/source/*/*.ipynb'),
    ("notebooks", ".venv/bin/python tools/stamp.py notebooks/*.ipynb exercises/source/*/*.ipynb .venv/bin/python tools/blank.py"),
    ("release", ".venv/bin/python -m exercises.grading.release"),
    ("grade LESSON=04 FROM=a.zip", '.venv/bin/python -m exercises.grading "04" "a.zip" --sandbox bubblewrap'),
    ("feedback LESSON=04", '.venv/bin/python -m exercises.grading.feedback "04" --pack ""'),
    ("feedback LESSON=04 PACK=moodle", '.venv/bin/python -m exercises.grading.feedback "04" --pack "moodle"'),
    ("grade LESSON=04 FROM=a.zip WORKERS=local:4", "--sandbox bubblewrap --workers 'local:4'"),
    ("scheduler HOST=10.0.0.5", ".venv/bin/python -m exercises.cluster scheduler --host '10.0.0.5'"),
    ("workers SCHEDULER=tls://10.0.0.5:8786 NUMBER=3", ".venv/bin/python -m exercises.cluster workers 'tls://10.0.0.5:8786' --number '3'"),
    ("certificates", ".venv/bin/python -m exercises.cluster certificates"),
    ("marks LESSON=04 GRADEBOOK=a.csv", ".venv/bin/python -m exercises.grading.marks \"04\" 'a.csv' --column ''"),
    ("marks LESSON=04 GRADEBOOK=a.csv COLUMN=Quiz SCALE=1 PARTIAL=1", "'a.csv' --column 'Quiz' --scale --partial"),
    ("similar LESSON=04", '.venv/bin/python -m exercises.grading.similar "04"'),
    ("formgrader", "cd exercises && ../.venv/bin/jupyter lab"),
    ("test", ".venv/bin/ruff check . .venv/bin/python -m pytest"), ("test LONG=1", ".venv/bin/python -m pytest -m \"not slow and not exhaustive\""), ("lint", ".venv/bin/pre-commit run --all-files"),
    ("release-check", ".venv/bin/python tools/release_check.py"), ("release-check OFFLINE=1", "tools/release_check.py --offline"),
    ("shuffled SEED=7", "-p randomly --randomly-seed=7 --randomly-dont-reset-seed tests"), ("mutants MODULE=pictures ALL=1", "tests/mutate.py pictures --all"),
    ("links", ".venv/bin/python tools/launch.py --links"), ("clean", "rm -rf .venv"), ("fork SLUG=a/b REVISION=v1", "tools/launch.py 'a/b' 'v1' .venv/bin/python -m exercises.grading.release")]


@posix
def test_each_command_does_what_it_is_for(installed):
    (installed / ".venv" / "weekly").touch()
    for target in dict.fromkeys(target for target, _ in DOES):
        said = " ".join(make(installed, "-n", *target.split()).stdout.replace("\\\n", " ").split())
        assert all(words in said for each, words in DOES if each == target), (target, said)


@posix
@pytest.mark.parametrize("changed, goals", [("requirements.txt", ("lab", "test", "grade LESSON=04 FROM=x")), ("constraints.txt", ("lab", "test", "grade LESSON=04 FROM=x")),
                                            ("exercises/requirements.txt", ("test", "grade LESSON=04 FROM=x")),
                                            ("exercises/cluster/requirements.txt", ("test", "grade LESSON=04 FROM=x WORKERS=local:2", "scheduler")), ("web/requirements.txt", ("site", "test", "explored")), ("tests/requirements.txt", ("test", "lint", "notebooks", "pdf")),
                                            ("tests/weekly.txt", ("shuffled", "mutants"))])
def test_what_is_needed_anew_is_installed_anew(changed, goals, installed):
    """After `git pull` brought other versions."""
    (installed / ".venv" / "weekly").touch()
    for goal in goals:
        before = make(installed, "-n", *goal.split(), "UV=").stdout
        stamps = {path: path.stat().st_mtime for path in (installed / ".venv").glob("*") if path.is_file()}
        os.utime(installed / changed, (max(stamps.values()) + 10,) * 2)
        after = make(installed, "-n", *goal.split(), "UV=").stdout
        assert "-m pip" not in before and f"-r {changed}" in after.replace("-c constraints.txt", "-r constraints.txt"), (goal, after)
        os.utime(installed / changed, (1, 1))


# ---- .venv

@posix
def test_a_working_venv_is_left_alone_even_where_python3_is_too_old(installed, tmp_path):
    old = faked(script(tmp_path / "bin" / "python3", ""), (3, 10, 13))
    env = {**os.environ, "PATH": f"{old.parent}{os.pathsep}{os.environ['PATH']}"}
    env.pop("PYTHON", None)
    result = subprocess.run(["make", "lab"], cwd=installed, env=env, capture_output=True, text=True)
    assert result.returncode == 0 and result.stdout.splitlines()[-1].startswith("jupyter of"), result.stderr


@posix
def test_a_moved_folder_works_where_it_lies_now(installed, tmp_path):
    moved = installed.rename(tmp_path / "elsewhere")
    steps = make(moved, "-n", "lab").stdout
    assert "python_fits" in steps and "pip" in steps  # pip finds all that it wants and needs no network
    assert "This folder was moved" in check_venv(moved)
    again = make(moved, "lab")
    assert again.stdout.splitlines()[-1].startswith(f"jupyter of {moved.resolve()}/.venv"), again.stderr
    assert "pip" not in again.stdout, "once is enough"


@posix
@pytest.mark.parametrize("where", ["a folder with spaces", "a" * 120, "course2/deeper"])
def test_programs_of_a_moved_folder_find_their_python(where, installed, tmp_path):
    (tmp_path / where).parent.mkdir(exist_ok=True)
    moved = installed.rename(tmp_path / where)
    check_venv(moved)
    said = subprocess.run([moved / ".venv" / "bin" / "jupyter", "lab"], capture_output=True, text=True)
    assert said.stdout == f"jupyter of {moved.resolve()}/.venv ['lab']\n", said.stderr


@posix
def test_a_copied_folder_leaves_the_first_one_alone(installed, tmp_path):
    subprocess.run(["cp", "-al" if sys.platform == "linux" else "-a", str(installed), str(tmp_path / "second")], check=True)
    check_venv(tmp_path / "second")
    for folder in (tmp_path / "second", installed):
        said = make(folder, "lab").stdout
        assert f"jupyter of {folder.resolve()}/.venv" in said and "pip" not in said


def check_venv(folder):
    """What the set-up does about .venv before it installs."""
    result = subprocess.run([sys.executable, "tools/python_fits.py"], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@posix
@pytest.mark.parametrize("broken", ["its Python is gone", "no Python at all", "made by an old Python"])
def test_a_venv_that_does_not_run_is_made_anew(broken, installed, tmp_path):
    python = installed / ".venv" / "bin" / "python"
    python.unlink()
    if broken == "its Python is gone":
        python.symlink_to("/nowhere/bin/python3.11")
    elif broken == "made by an old Python":
        faked(python, (3, 10, 13))
    (installed / ".venv" / "leftover").touch()
    steps = make(installed, "-n", "lab").stdout
    assert "-m venv .venv" in steps and "pip" in steps and "jupyter lab" in steps
    assert "it is made anew" in check_venv(installed)
    assert not (installed / ".venv").exists()


@posix
def test_a_linked_venv_that_does_not_run_is_not_emptied(installed, tmp_path):
    (installed / ".venv" / "bin" / "python").unlink()
    (installed / ".venv").rename(tmp_path / "shared")
    (installed / ".venv").symlink_to(tmp_path / "shared")
    before = snapshot(tmp_path / "shared")
    assert "remove it" in one_sentence(make(installed, "lab"))
    assert snapshot(tmp_path / "shared") == before


@posix
def test_a_linked_venv_that_runs_is_used(installed, tmp_path):
    (installed / ".venv").rename(tmp_path / "shared")
    (installed / ".venv").symlink_to(tmp_path / "shared")
    # As made there: its programs name that place.
    for path in (tmp_path / "shared" / "pyvenv.cfg", tmp_path / "shared" / "bin" / "jupyter"):
        path.write_text(path.read_text().replace(str(installed.resolve() / ".venv"), str(tmp_path.resolve() / "shared")))
    assert "jupyter of" in make(installed, "lab").stdout


@posix
def test_another_python_that_is_asked_for_is_used(installed, tmp_path):
    other = faked(tmp_path / "python", (3, 13 if sys.version_info[1] != 13 else 12, 0))
    steps = make(installed, "-n", "lab", f"PYTHON={other}").stdout
    assert f"{other} -m venv .venv" in steps and "jupyter lab" in steps
    assert "venv .venv" not in make(installed, "-n", "lab").stdout


# ---- pip or uv, with CUDA or without

@pytest.fixture
def uv(tmp_path):
    """A program that stands in for uv: it writes down what it is asked, and fails where UV_FAILS says so."""
    log = tmp_path / "asked"
    script(tmp_path / "uv-is-here" / "uv", f'[ "$1" = --version ] && {{ echo uv; exit; }}\necho "$*" >> "{log}"\n[ -z "$UV_FAILS" ] || {{ echo "$UV_FAILS" >&2; exit 2; }}\n')
    return log


def with_uv(log, without_git):
    return {"PATH": f"{log.parent}/uv-is-here{os.pathsep}{without_git['PATH']}"}


def installs(steps):
    return [line for line in steps.splitlines() if "-r " in line]


@posix
def test_uv_installs_where_it_runs_and_pip_elsewhere(bare, uv, tmp_path, without_git):
    """The same files in the same order, in an environment that the same Python makes: `python -m venv` notes where it was made."""
    here = without_git | {"PYTHONDONTWRITEBYTECODE": ""}
    pip = make(bare, "-n", "test", **here).stdout
    files = [["-r", name, "-c", "constraints.txt"] for name in ("requirements.txt", "exercises/requirements.txt", "exercises/cluster/requirements.txt", "web/requirements.txt", "tests/requirements.txt")]
    assert [line.split() for line in installs(pip)] == [".venv/bin/python -m pip --disable-pip-version-check install --no-compile".split() + file for file in files]
    kept = installs(make(bare, "-n", "test", **here | {"PYTHONDONTWRITEBYTECODE": "1"}).stdout)
    assert [line.split() for line in kept] == [line.replace(" --no-compile", "").split() for line in installs(pip)], "pip compiles what could not be kept"
    here |= with_uv(uv, without_git)
    assert [line.split() for line in installs(make(bare, "-n", "test", **here).stdout)] == [
        "uv pip install --python .venv/bin/python".split() + file for file in files]
    assert installs(make(bare, "-n", "test", "UV=", **here).stdout) == installs(make(bare, "-n", "test", UV="", **here).stdout) == installs(pip)
    script(tmp_path / "uv-is-here" / "uv", "exit 127\n")  # as pyenv's stand-ins for what is not switched on
    assert make(bare, "-n", "test", **here).stdout == pip
    assert f"{sys.executable} -m venv .venv" in pip


@posix
def test_without_cuda_is_one_switch(bare, uv, without_git):
    """What uv then fetches is not tried: PyTorch's own index can't be reached from every machine that runs the tests."""
    asked = "uv pip install --python .venv/bin/python --torch-backend=cpu -r "
    for steps in (make(bare, "-n", "test", "TORCH=cpu", **with_uv(uv, without_git)).stdout, make(bare, "-n", "test", TORCH="cpu", **with_uv(uv, without_git)).stdout):
        assert len(installs(steps)) == 5 and all(line.startswith(asked) for line in installs(steps))
    for steps in installs(make(bare, "-n", "lab", "TORCH=cpu", **without_git).stdout):
        assert re.match(rf"\.venv/bin/python -m pip \S+ install +(?:--no-compile )?uv~=0\.\d+ && \.venv/bin/{asked}", steps)
    for path in (bare / "Makefile", bare / "requirements.txt", bare / ".devcontainer" / "devcontainer.json"):
        assert "://" not in path.read_text(encoding="utf-8")  # uv knows the address


@pytest.fixture
def python(tmp_path):
    """A Python that makes an environment without pip, in no time."""
    return script(tmp_path / "python", f'[ "$2" = venv ] && exec "{sys.executable}" -m venv --without-pip .venv\nexec "{sys.executable}" "$@"\n')


@posix
def test_a_failed_install_is_shown_and_not_taken_for_done_and_the_switch_is_kept(bare, uv, python, without_git):
    here = with_uv(uv, without_git)
    here["PATH"] += f"{os.pathsep}{os.path.dirname(shutil.which('cat'))}"
    for _ in range(2):
        failed = make(bare, ".venv/lessons", "TORCH=cpu", f"PYTHON={python}", UV_FAILS="no route to the index", **here)
        assert failed.returncode != 0 and "no route to the index" in failed.stderr and "320 MB" in failed.stdout
        assert not (bare / ".venv" / "lessons").exists() and not (bare / ".venv" / "torch").exists()
    assert make(bare, ".venv/lessons", "TORCH=cpu", f"PYTHON={python}", **here).returncode == 0
    assert uv.read_text().splitlines() == ["pip install --python .venv/bin/python --torch-backend=cpu -r requirements.txt -c constraints.txt"] * 3
    assert (bare / ".venv" / "lessons").exists()
    os.utime(bare / ".venv" / "lessons", (1, 1))
    steps = make(bare, "-n", "test", **here).stdout
    assert len(installs(steps)) == 5 and all("--torch-backend=cpu" in line for line in installs(steps)), "a renewal must not bring CUDA"
    assert "to download" not in steps, "most of it is there"
    assert "--torch-backend" not in make(bare, "-n", "test", "TORCH=", **here).stdout


@posix
def test_what_the_sandbox_imports_is_compiled_and_a_reader_does_not_wait_for_it(bare, uv, python, without_git):
    assert make(bare, ".venv/lessons", f"PYTHON={python}", **with_uv(uv, without_git)).returncode == 0
    package = bare / ".venv" / "lib" / "package"  # as uv leaves it
    package.mkdir()
    (package / "module.py").touch()
    (package / "template.py").write_text("{{ no Python }")
    for target, compiled in ((".venv/lessons", 0), (".venv/exercises", 1)):
        result = make(bare, target, f"PYTHON={python}", **with_uv(uv, without_git))
        assert result.returncode == 0 and "template" not in result.stdout + result.stderr
        assert len(list(package.rglob("*.pyc"))) == compiled


# ---- which page to open first

@posix
def test_the_first_time_the_first_lesson_is_opened_and_later_it_is_only_named(installed):
    for opened in (["mine/01-tensors.ipynb"], []):
        *_, said, _, started = make(installed, "lab").stdout.splitlines()
        assert said == "The first page to open is mine/01-tensors.ipynb."
        assert started.startswith("jupyter of") and re.findall(r"'(mine/[^']*)'", started) == opened
    assert (installed / "mine" / "01-tensors.ipynb").is_file()


# ---- root, no git, no name

@posix
@pytest.mark.parametrize("user, allowed", [("0", True), ("1000", False)])
@pytest.mark.parametrize("target", ["lab", "formgrader"])
def test_root_alone_is_told_to_jupyter(user, allowed, target, installed, tmp_path):
    script(tmp_path / "bin" / "id", f"echo {user}\n")
    result = make(installed, "-n", target, PATH=f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    assert ("--allow-root" in result.stdout) is allowed and "jupyter lab" in result.stdout


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory):
    """The course as a zip of it unpacks: no .git."""
    return copied(tmp_path_factory.mktemp("zip") / "course-main")


@has_git
def test_the_files_of_the_course_are_the_same_without_git(tmp_path, monkeypatch):
    copy = copied(tmp_path / "course")
    for name in (".venv/lib/x.py", "data/MNIST/raw/x-ubyte", "data/.download-1/x", "exercises/submitted/ada/x.ipynb",
                 "handout.zip", "exercises/gradebook.db", "notebooks/.ipynb_checkpoints/x.ipynb", "tools/__pycache__/x.pyc"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("x")
    (copy / "notebooks" / "new ünseen.ipynb").write_text("{}")
    monkeypatch.setattr(course, "ROOT", copy)
    walked = course.files()
    git(copy, "init", "-q")
    assert course.files() == walked and "notebooks/new ünseen.ipynb" in walked
    out = (".venv", "data/MNIST", "data/.download", "handout")
    assert not any(name.startswith(out) or "__pycache__" in name for name in walked)


@has_git
def test_a_repository_further_up_knows_nothing_of_the_course(tmp_path, monkeypatch):
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "utils.py").touch()
    monkeypatch.setattr(course, "ROOT", tmp_path / "course")
    assert course.files() == ["utils.py"]


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@has_git
def test_the_course_is_what_git_tracks_and_what_is_new_but_nothing_ignored_or_deleted(tmp_path, monkeypatch):
    put(tmp_path, "kept.log", "new.log", "new.py", "gone.py")
    (tmp_path / ".gitignore").write_text("*.log\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-f", ".gitignore", "kept.log", "gone.py")
    (tmp_path / "gone.py").unlink()
    monkeypatch.setattr(course, "ROOT", tmp_path)
    assert course.files() == [".gitignore", "kept.log", "new.py"] and course.new_files() == ["new.py"]


@has_git
def test_a_line_of_gitignore_means_the_same_without_git(tmp_path, monkeypatch, ascii_only):
    (tmp_path / ".gitignore").write_text("# notes\n#old\n\nmine/\n/XML\n/INDEX/\nlogs/*.X\nÜbung*\n", encoding="utf-8")
    kept = {"#old", "notes", "mine", "deeper/XML", "ML", "deeper/INDEX/a", "INDE/a", "logs/a"}
    put(tmp_path, *kept, "lessons/mine/a/b", "XML", "INDEX/a", "logs/a.X", "Übung 1")
    monkeypatch.setattr(course, "ROOT", tmp_path)
    assert set(course.files()) == kept | {".gitignore"}
    git(tmp_path, "init", "-q")
    assert set(course.files()) == kept | {".gitignore"}


@pytest.mark.parametrize("answer", [FileNotFoundError("git"), subprocess.CompletedProcess([], 128, b"", b"fatal: detected dubious ownership")],
                         ids=["no git", "a git that refuses"])
def test_where_git_does_not_answer_the_folder_itself_does(tmp_path, monkeypatch, answer):
    def run(*_, **__):
        if isinstance(answer, Exception):
            raise answer
        return answer

    put(tmp_path, ".git/config", "lessons/.git/config", "utils.py")
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(course.subprocess, "run", run)
    assert course.files() == ["utils.py"] and course.new_files() == []


@pytest.mark.parametrize("slug", ["prof/course", "Prof-2/Deep_Learning.v2", "X/y", "7/9", f"{'a' * 39}/{'b' * 100}", "prof/.github", "prof/digits"])
@pytest.mark.parametrize("revision", ["main", "v1.0", "Autumn_2027-b", "_", "unlock"])
def test_what_github_takes_for_a_name_and_git_for_a_branch_is_taken(slug, revision):
    assert course.checked(slug, revision) is None


@pytest.mark.parametrize("slug", ["", "no-slash", "a/b/c", "prof/", "/course", "-x/y", "prof/.", "prof/..", "prof/course.git", "a b/c", "prof/it's",
                                  f"{'a' * 40}/b", f"a/{'b' * 101}"])
def test_what_github_does_not_take_for_a_name_is_said(slug):
    with pytest.raises(SystemExit, match=re.escape(f"SLUG is {slug!r}: write owner/name")):
        course.checked(slug, "main")


@pytest.mark.parametrize("revision", ["", "feature/x", "-b", ".b", "a b", "v1..v2", "v1.", "v1.lock", "main\n"])
def test_what_git_does_not_take_for_a_branch_is_said(revision):
    with pytest.raises(SystemExit, match=re.escape(f"REVISION is {revision!r}: name a branch or a tag")):
        course.checked("prof/course", revision)


@posix
@pytest.mark.parametrize("arguments, asked", [
    ([], "SLUG=owner/name"), (["SLUG="], "SLUG=owner/name"), (["SLUG=no-slash"], "owner/name"), (["SLUG=a/b/c"], "owner/name"),
    (["SLUG=https://example.org/prof/course"], "owner/name"), (["SLUG=prof/course.git"], "owner/name"),
    (["SLUG=a b/c"], "owner/name"),
    (["SLUG=prof/it's"], "owner/name"), (["SLUG=-x/y"], "owner/name"), (["SLUG=prof/.."], "owner/name"),
    (["SLUG=prof/course", "REVISION=feature/x"], "a branch or a tag"), (["SLUG=prof/course", "REVISION=-b"], "a branch or a tag"),
    (["SLUG=prof/course", "REVISION=a b"], "a branch or a tag"), (["SLUG=prof/course", "REVISION=v1..v2"], "a branch or a tag")])
def test_a_fork_asks_for_its_name_before_anything(arguments, asked, downloaded):
    before = snapshot(downloaded)
    assert asked in one_sentence(make(downloaded, "fork", "-j4", *arguments))
    assert snapshot(downloaded) == before


@posix
def test_the_links_are_listed_without_git(downloaded, without_git):
    steps = make(downloaded, "-n", "links", **without_git)
    assert steps.returncode == 0 and "tools/launch.py --links" in steps.stdout
    result = subprocess.run([sys.executable, "tools/launch.py", "--links"], cwd=downloaded, env={**os.environ, **without_git},
                            capture_output=True, text=True)
    assert result.returncode == 0 and f"//colab.research.google.com/github/{SLUG}/blob" in result.stdout, result.stderr


# ---- a fork's name

def block(slug, revision):
    return f"```\n{launch.clone(slug, revision)}\ncd {slug.partition('/')[2]}\nmake lab     # first\n```\n"


def test_a_clone_names_a_branch_only_where_it_must():
    assert launch.clone("a/b", "main") == "git clone https://github.com/a/b"
    assert launch.clone("a/b", "autumn-27") == "git clone --branch autumn-27 https://github.com/a/b"


PLACES = [(SLUG, REVISION), ("prof-x/dl.2027", "autumn-27"), ("prof/course", "main"), ("prof/course2", "v1.0"),
          (f"you/{NAME}", "main"), ("a/exercises", "main"), ("a/make", "lab"), ("course/course", "course")]
TEXT = """The course is fun, make lab. {clone}
See https://github.com/{slug}, https://github.com/{slug}.git, git@github.com:{slug}.git and [it](https://github.com/{slug}).
[file](https://github.com/{slug}/blob/{revision}/README.md) [zip](https://github.com/{slug}/archive/refs/heads/{revision}.zip)
![](https://github.com/{slug}/actions/workflows/test.yml/badge.svg?branch={revision})
https://raw.githubusercontent.com/{slug}/{revision}/utils.py
https://colab.research.google.com/github/{slug}/blob/{revision}/a.ipynb
https://mybinder.org/v2/gh/{slug}/{revision}?urlpath=lab/tree/a.ipynb
Others: https://github.com/{slug}2 https://github.com/{slug}-old https://github.com/{slug}.old https://github.com/x{slug}/y
https://colab.research.google.com/github/else/where/blob/main/a.ipynb cd course; exercises/release, make lab
"""


@pytest.mark.parametrize("old", PLACES, ids=str)
@pytest.mark.parametrize("new", PLACES, ids=str)
def test_a_name_is_replaced_as_a_whole_and_nothing_else_is(old, new):
    def page(slug, revision):
        others = "\n".join(line for line in TEXT.splitlines()[-2:]).format(slug=old[0])  # stay what they are
        here = "\n".join(TEXT.splitlines()[:-2]).format(slug=slug, revision=revision, clone="")
        return f"{here}\n{block(slug, revision)}\n{others}\n"
    assert launch.repointed(page(*old), old, new) == page(*new)


@pytest.mark.parametrize("text", ["$ git clone https://github.com/{slug}.git && cd {name}\n",
                                  "    git clone https://github.com/{slug}\n    cd {name}/exercises\n"])
def test_other_spellings_of_a_clone_follow(text):
    moved = launch.repointed(text.format(slug="a/old", name="old"), ("a/old", "main"), ("b/new.er", "v2"))
    assert moved == text.format(slug="b/new.er", name="new.er").replace("git clone", "git clone --branch v2")


def test_a_fork_of_a_fork_leaves_no_trace_and_the_way_back_changes_nothing(downloaded, tmp_path, monkeypatch):
    """In a downloaded zip, on a machine without git."""
    folder = Path(shutil.copytree(downloaded, tmp_path / "course"))
    before = snapshot(folder)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(course, "ROOT", folder)
    monkeypatch.setattr(launch, "ROOT", folder)
    for slug, revision in (("prof-x/dl.2027", "autumn-27"), ("prof/course", "main")):
        assert "README.md" in launch.move(slug, revision)
        readme = (folder / "README.md").read_text(encoding="utf-8")
        assert block(slug, revision).partition("make lab")[0] in readme
        for name in names(folder):
            if "__pycache__" in name or name.startswith("exercises/release/"):  # `make release` writes these
                continue
            content = (folder / name).read_bytes()
            assert SLUG.encode() not in content, f"{name} still leads to the old copy"
            if slug.startswith("prof/") and not name.startswith("tests/"):
                assert b"dl.2027" not in content and b"autumn-27" not in content.replace(b"REVISION=autumn-27", b""), name
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert not re.search(rf"\b{re.escape(NAME)}\b", readme)
    launch.move(SLUG, REVISION)
    assert snapshot(folder) == before


# ---- a handout

@pytest.fixture(scope="module")
def handed_out(downloaded, tmp_path_factory):
    """The course as a student unpacks it; made without git."""
    folder = tmp_path_factory.mktemp("handout")
    source = Path(shutil.copytree(downloaded, folder / "source"))
    subprocess.run([sys.executable, "tools/handout.py"], cwd=source, check=True, capture_output=True)
    return unpacked(source, folder)


def unpacked(source, folder):
    with zipfile.ZipFile(source / "handout.zip") as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            path.chmod(entry.external_attr >> 16 & 0o777)
    assert {entry.filename.partition("/")[0] for entry in archive.infolist()} == {NAME}
    return folder / NAME


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_handout_has_what_students_need_and_no_more(handed_out):
    with zipfile.ZipFile(handed_out.parent / "source" / "handout.zip") as archive:  # the copy itself is where other tests run its commands
        held = {name.partition("/")[2] for name in archive.namelist()}
    for name in ("README.md", "LICENSE", "Makefile", "utils.py", "requirements.txt", "constraints.txt", "pyproject.toml",
                 "tools/python_fits.py", ".devcontainer/devcontainer.json", "exercises/course.toml", "exercises/checks/__init__.py", "benchmarks/records.csv",
                 "data/sample/MNIST/raw/train-images-idx3-ubyte"):
        assert name in held
    lessons = [path.stem for path in sorted(ROOT.glob("notebooks/*.ipynb"))]
    assert {f"notebooks/{lesson}.ipynb" for lesson in lessons} <= held
    assert {f"exercises/release/{lesson}/{lesson}-exercises.ipynb" for lesson in lessons} <= held
    assert {path.name for path in ROOT.glob("*.py")} - {"conftest.py"} <= held  # what the lessons import
    for part in ("CONTRIBUTING.md", "docs/instructors.md", "exercises/source", "exercises/grading", "exercises/nbgrader_config.py", "tests/", ".ci/", ".github/", ".git/",
                 ".venv", "handout.zip", "__pycache__", "gradebook", "hub/", "exercises/rubrics", "teaching/", "web/", "docs/checks.md", "docs/mutants.md", "exercises/cluster"):
        assert not [name for name in held if name.startswith(part) or part in name.split("/")], part
    for path in handed_out.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".ipynb", ".md", ".toml"):
            assert "### BEGIN" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("name, goes_along", [
    ("utils.py", True), ("notebooks/01-tensors.ipynb", True), ("tools/mine.py", True), ("tools/launch.py", False), ("docs/checks.md", False),
    ("exercises/checks/__init__.py", True), ("exercises/checks/__pycache__/__init__.pyc", False),
    ("__pycache__/utils.cpython-312.pyc", False), ("notebooks/.ipynb_checkpoints/01-tensors-checkpoint.ipynb", False), ("mine/01-tensors.ipynb", False),
    *((f"exercises/{name}", False) for name in (  # what grading writes, had .gitignore lost its line
        "collected/ada/04/a.ipynb", "submitted/ada/04/a.ipynb", "autograded/ada/04/a.ipynb", "feedback/ada/04/a.html", "feedback/04-for-moodle.zip", "grades/04.csv",
        "grades/gradebook-copy.db", "gradebook.db", "gradebook.db-journal", "gradebook.db.damaged-1", ".gradebook.new"))])
def test_a_file_goes_along_where_a_student_needs_it(name, goes_along):
    assert handout.packed(name) is goes_along


def test_a_handout_promises_no_more_than_it_has(handed_out):
    makefile = (handed_out / "Makefile").read_text(encoding="utf-8")
    possible = handout.targets(makefile)
    assert possible == {"lab", "clean"}
    known = handout.targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert {"test", "grade", "release", "fork", "handout", "bench"} <= known - possible
    for path in handed_out.rglob("*"):
        if path.suffix in (".md", ".toml", ".ipynb", "") and path.is_file() and not path.name.endswith("-ubyte"):
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".ipynb":
                text = "\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
            for target in known - possible:
                promised = re.search(rf"(?:`|^)make {target}\b.*", text, flags=re.M)
                assert not promised, f"{path.relative_to(handed_out)}: {promised[0]}"
            assert "nbgrader_config" not in text and "not handed out" not in text, path
            for sentence in re.findall(r"[^.!?\n]*worked answer[^.!?\n]*", text):
                assert re.search("not part of this copy|worked answers are not", sentence), f"{path}: {sentence}"
    readme = (handed_out / "README.md").read_text(encoding="utf-8")
    for words in ("pytest", "ruff", "nbgrader", "git clone", "For instructors", "For maintainers"):
        assert words not in readme, words
    for words in ("## Start", "make lab", "## Lessons", "## Data", "docs/installing.md", "docs/errors.md"):
        assert words in readme, words
    installing = (handed_out / "docs" / "installing.md").read_text(encoding="utf-8")
    for words in ("py -m venv", "make lab PYTHON=python3.12", "## Binder", "## Colab and Kaggle"):
        assert words in installing, words
    for words in ("pytest", "ruff", "git pull", "release/"):
        assert words not in installing, words


def test_every_link_of_a_handout_leads_to_a_file_of_it(handed_out, monkeypatch):
    monkeypatch.setattr(course, "ROOT", handed_out)
    monkeypatch.setattr(launch, "ROOT", handed_out)
    held, seen = names(handed_out), 0
    for path, words, target in launch.links():
        where = f"{path.relative_to(handed_out)}: [{words}]({target})"
        cloud = re.search(rf"{re.escape(SLUG)}/(?:blob/)?{re.escape(REVISION)}(?:/|\?urlpath=lab/tree/)(.*)", target)
        if cloud or not re.match(r"https?:|data:|attachment:", target):
            name = unquote(target.partition("#")[0])
            goal = unquote(cloud[1]) if cloud else os.path.relpath(path.parent / name, handed_out).replace(os.sep, "/")
            assert not name or goal in held or any(each.startswith(goal.rstrip("/") + "/") for each in held), where
            seen += 1
    assert seen > 60


def test_the_answers_of_a_handout_are_said_to_be_elsewhere(handed_out):
    """Where a learner reads of them; tests/test_install.py calls answer()."""
    for path in handed_out.glob("exercises/release/*/*.ipynb"):
        text = nbformat.read(path, as_version=4).cells[0].source
        assert "two hints" in text and "not part of this copy" in text and "answer(" not in text


@posix
def test_a_handout_sets_itself_up_from_its_own_files(handed_out, tmp_path):
    steps = make(handed_out, "-n", "lab").stdout
    assert "-m venv .venv" in steps and "-r requirements.txt -c constraints.txt" in steps and "jupyter lab" in steps
    assert make(handed_out, "-n", ".venv/lessons", "TORCH=cpu").returncode == 0  # what its dev container asks for
    said = one_sentence(make(handed_out, "lab", f"PYTHON={faked(tmp_path / 'python', (3, 15, 0))}"))
    assert f"needs Python {RANGE}" in said
    for target in ("test", "grade", "fork"):
        assert "No rule" in make(handed_out, target).stderr
    assert not (handed_out / ".venv").exists()


@posix
def test_a_handout_keeps_programs_executable_and_is_the_same_each_time(handed_out, downloaded, tmp_path):
    assert os.access(handed_out / "binder" / "start", os.X_OK) and not (handed_out / "utils.py").stat().st_mode & stat.S_IXUSR
    first = (handed_out.parent / "source" / "handout.zip").read_bytes()
    for name in (".venv/bin", "mine", "data/MNIST"):  # which are there once the course has been used; pages that name them stay whole
        (handed_out.parent / "source" / name).mkdir(parents=True)
    subprocess.run([sys.executable, "tools/handout.py"], cwd=handed_out.parent / "source", check=True, capture_output=True)
    assert (handed_out.parent / "source" / "handout.zip").read_bytes() == first


def test_of_files_that_git_does_not_know_those_are_named_that_go_along_and_half_a_zip_is_never_left(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "README.md").write_text("2")
    monkeypatch.setattr(handout, "ROOT", tmp_path)
    (tmp_path / "README.md").chmod(0o600)
    (tmp_path / "a.py").chmod(0o700)
    monkeypatch.setattr(handout, "settings", lambda: ("owner/course", "main"))
    monkeypatch.setattr(handout, "contents", lambda: {"a.py": b"1", "README.md": b"rewritten " * 99})
    for fresh, told in (([], ""), (["tests/secret.py", "grades.csv"], ""), (["grades.csv", "a.py"], "Among them files that git does not track yet:\n    a.py\n")):
        monkeypatch.setattr(handout, "new_files", lambda fresh=fresh: fresh)
        handout.main()
        assert capsys.readouterr().out == "handout.zip: 2 files, as they are in this folder now.\n" + told
    with zipfile.ZipFile(tmp_path / "handout.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"course/a.py": b"1", "course/README.md": b"rewritten " * 99}
        assert [(entry.external_attr >> 16, entry.create_system) for entry in archive.infolist()] == [(0o100755 if os.name == "posix" else 0o100644, 3), (0o100644, 3)]
        assert archive.infolist()[1].compress_size < 99
    before = (tmp_path / "handout.zip").read_bytes()
    monkeypatch.setattr(handout, "contents", lambda: {"a.py": b"2", "gone.py": b""})
    with pytest.raises(FileNotFoundError):
        handout.main()
    assert (tmp_path / "handout.zip").read_bytes() == before and sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "a.py", "handout.zip"]


@posix
@has_git
def test_a_handout_is_what_lies_in_the_folder(tmp_path):
    """Changed and new files go along without a commit, deleted and ignored ones don't; new ones are named."""
    folder = copied(tmp_path / "course")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "the course")
    with (folder / "exercises" / "course.toml").open("a") as file:
        file.write('[01-tensors]\ndue = 2027-01-01T00:00:00Z\n')
    (folder / "notebooks" / "08-new.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    (folder / "docs" / "growth.png").unlink()
    for name in (".venv/x.py", "data/MNIST/raw/x", "exercises/submitted/ada/x.ipynb", "exercises/collected/x",
                 "exercises/gradebook.db"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / ".gitignore").write_text("__pycache__/\n")  # even where its lines were lost
    result = make(folder, "handout")
    assert result.returncode == 0, result.stderr
    assert "not track yet:\n    notebooks/08-new.ipynb\n" in result.stdout
    held = unpacked(folder, tmp_path / "student")
    assert "due = 2027-01-01" in (held / "exercises" / "course.toml").read_text()
    assert "notebooks/08-new.ipynb" in names(held) and "docs/growth.png" not in names(held)
    assert not [name for name in names(held) if "MNIST/raw/x" in name or "gradebook" in name or ".venv" in name or "/x" in name]


@posix
@pytest.mark.parametrize("change, said", [
    ("tasks", "make release"), ("points", "make release"), ("source", "make release"), ("worked in", "make release"),
    ("broken", "course.toml can't be read"), ("copied answers", "holds a worked answer"), ("answers in a program", "answers.py holds a worked answer")])
def test_a_handout_that_would_not_be_right_is_not_made(change, said, downloaded, tmp_path, without_git):
    folder = Path(shutil.copytree(downloaded, tmp_path / "course"))
    lesson = "04-softmax-from-scratch"
    notebook = folder / "exercises" / ("release" if change == "worked in" else "source") / lesson / f"{lesson}-exercises.ipynb"
    settings = {"tasks": f'[{lesson}]\ntasks = ["stable_softmax"]\n', "points": f"[{lesson}]\npoints = {{ accuracy = 5 }}\n",
                "broken": "[04\n"}.get(change)
    if settings:
        (folder / "exercises" / "course.toml").write_text(settings)
    elif change == "copied answers":
        shutil.copy(notebook, folder / "notebooks" / "answers.ipynb")
    elif change == "answers in a program":
        (folder / "data" / "answers.py").write_text("def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n")
    else:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        name = "stable_softmax" if change == "worked in" else "stable_softmax-text"
        cell = next(cell for cell in content["cells"] if cell["id"] == name)
        cell["source"] = "".join(cell["source"]) + "\n# more"
        notebook.write_text(json.dumps(content), encoding="utf-8")
    result = make(folder, "handout", **without_git)
    assert said in one_sentence(result) and not list(folder.glob("handout*"))


# ---- line ends

@has_git
def test_a_checkout_with_windows_line_ends_still_runs(tmp_path):
    """What git would write on a machine that is set to CRLF: LF in every text, and every byte of the data."""
    folder = copied(tmp_path / "course")
    git(folder, "init", "-q")
    git(folder, "-c", "core.autocrlf=false", "add", ".")
    git(folder, "-c", "core.autocrlf=false", "commit", "-q", "-m", "the course")
    for setting in (["core.autocrlf=true"], ["core.autocrlf=false", "-c", "core.eol=crlf"]):
        clone = tmp_path / f"clone-{setting[0].partition('=')[2]}"
        git(tmp_path, "clone", "-q", "-c", *setting, str(folder), str(clone))
        assert git(clone, "status", "--porcelain") == ""
        assert snapshot(clone / "data") == snapshot(folder / "data") and snapshot(clone / "docs") == snapshot(folder / "docs")
        for name in course.files():
            assert (clone / name).read_bytes() == (folder / name).read_bytes(), name
        for name in ("Makefile", "hub/install", "hub/start", ".ci/run", "binder/start", "binder/postBuild",
                     "tools/python_fits.py"):
            assert b"\r" not in (clone / name).read_bytes(), name
    kinds = dict(line.partition(": text: ")[::2] for line in git(folder, "check-attr", "text", *course.files()).splitlines())
    assert {kind for name, kind in kinds.items() if name.endswith(("-ubyte", ".png"))} == {"unset"}


# ---- git pull after running a lesson

@posix
@has_git
def test_a_pull_after_a_lesson_was_run_loses_nothing(tmp_path):
    """git refuses it and changes nothing; what the README says then lets it through and keeps the learner's work."""
    lesson, exercise = "notebooks/01-tensors.ipynb", "exercises/release/01-tensors/01-tensors-exercises.ipynb"
    theirs, mine = tmp_path / "theirs", tmp_path / "mine"
    for name in (lesson, exercise):
        (theirs / name).parent.mkdir(parents=True)
        (theirs / name).write_text("first\n")
    git(theirs, "init", "-q", "-b", "main")
    git(theirs, "add", ".")
    git(theirs, "commit", "-q", "-m", "one")
    git(tmp_path, "clone", "-q", str(theirs), str(mine))
    (theirs / lesson).write_text("second\n")
    git(theirs, "commit", "-q", "-a", "-m", "two")
    (mine / lesson).write_text("first, run\n")
    (mine / exercise).write_text("first, answered\n")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        git(mine, "pull")
    assert "would be overwritten by merge" in refused.value.stderr
    assert (mine / lesson).read_text() == "first, run\n" and (mine / exercise).read_text() == "first, answered\n"
    (mine / "mine").mkdir()
    for step in (f"cp {lesson} mine/my-lesson.ipynb", f"cp {exercise} mine/my-exercises.ipynb", "git restore notebooks exercises/release", "git pull"):
        subprocess.run(step.split(), cwd=mine, check=True, capture_output=True)
    assert (mine / lesson).read_text() == "second\n" and (mine / exercise).read_text() == "first\n"
    assert (mine / "mine" / "my-lesson.ipynb").read_text() == "first, run\n"
    assert (mine / "mine" / "my-exercises.ipynb").read_text() == "first, answered\n"
