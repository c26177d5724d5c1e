"""What the hub's files do and say, as far as it needs neither root nor an installation; the whole is tests/test_hub.py."""
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("traitlets")
from traitlets.config import Config  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import course  # noqa: E402
import handout  # noqa: E402
import python_fits  # noqa: E402

PAGE = (ROOT / "hub" / "README.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no accounts of this kind")


@pytest.fixture
def config(monkeypatch):
    monkeypatch.setenv("COURSE_CLASS", "/srv/class")
    monkeypatch.delenv("COURSE_HUB_URL", raising=False)
    found = Config()
    exec((ROOT / "hub" / "jupyterhub_config.py").read_text(encoding="utf-8"), {"get_config": lambda: found})
    return found


def test_what_idles_is_stopped_when_the_page_says(config):
    words = {1: "an hour", 2: "two"}
    kernel, server = (int(re.search(rf"--{name}=(\d+)", " ".join(config.Spawner.args))[1]) for name in (
        "MappingKernelManager.cull_idle_timeout", "ServerApp.shutdown_no_activity_timeout"))
    assert f"Kernels that idle for {words[kernel / 3600]} and servers that idle for {words[server / 3600]} are stopped." in PAGE


def test_address_groups_and_data_are_those_of_the_page(config):
    assert f"The hub listens on `{config.JupyterHub.bind_url}`" in PAGE
    assert config.LocalAuthenticator.allowed_groups == {group for _, group in re.findall(r"adduser (ada|grace) (students|teachers)", PAGE)}
    environment = config.Spawner.environment
    assert environment["COURSE_DATA"] == "real" and environment["COURSE_DATA_DIR"] == "/srv/class/data"
    assert "trains on two threads" in PAGE and environment["OMP_NUM_THREADS"] == "2"


def test_the_page_and_the_installer_ask_for_the_pythons_that_the_course_takes():
    words, oldest, newest = python_fits.supported()
    install = (ROOT / "hub" / "install").read_text(encoding="utf-8")
    assert f"root, Python {words}, and these packages" in PAGE and f"'Python {words} is needed" in install
    assert f"{oldest} <= sys.version_info[:2] <= {newest}" in install


def test_students_get_neither_answers_nor_tests_nor_grading():
    """hub/install takes the course from git, but for these; what it leaves out must be there by that name, or nothing is left out."""
    archive = re.search(r"git .*?archive HEAD -- \. (.*?) \| tar", (ROOT / "hub" / "install").read_text(encoding="utf-8"), re.S)[1]
    out = set(re.findall(r"':!([^']+)'", archive))
    assert {"exercises/source", "exercises/grading", "exercises/nbgrader_config.py", "tests"} <= out
    assert all((ROOT / name).exists() for name in out)
    holds = {name for name in course.files() if name.endswith((".ipynb", ".py"))
             and handout.SECRET.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))}
    assert holds and all(name.startswith(tuple(out)) for name in holds)


@pytest.fixture
def start(tmp_path):
    """start(): starts somebody's server, a stand-in that says its settings; the class and the home are in tmp_path."""
    server = tmp_path / "class" / "venv" / "bin" / "jupyterhub-singleuser"
    server.parent.mkdir(parents=True)
    server.write_text("#!/bin/sh\nprintf '%s\\n' \"$PWD\" \"$JUPYTER_RUNTIME_DIR\" \"${JUPYTER_CONFIG_PATH-none}\" \"$PYTHONPATH\" \"$*\"\n")
    server.chmod(0o755)
    lessons = tmp_path / "class" / "course" / "notebooks"
    lessons.mkdir(parents=True)
    (lessons / "01.ipynb").write_text("as it comes")
    (tmp_path / "home").mkdir()

    def run(*arguments):
        done = subprocess.run([ROOT / "hub" / "start", *arguments], cwd=tmp_path / "home", text=True, capture_output=True, env={
            "PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "COURSE_CLASS": str(tmp_path / "class"), "JUPYTER_CONFIG_PATH": "students", "PYTHONPATH": "class"})
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    run.folder = tmp_path
    return run


def test_lessons_are_copied_once_and_never_overwritten(start):
    mine, lessons = start.folder / "home" / "lessons" / "01.ipynb", start.folder / "class" / "course" / "notebooks"
    start()
    assert mine.read_text() == "as it comes"
    mine.write_text("my answers")
    (lessons / "01.ipynb").write_text("renewed")
    (lessons / "02.ipynb").write_text("a new lesson")
    start()
    assert mine.read_text() == "my answers" and (mine.parent / "02.ipynb").read_text() == "a new lesson"


def test_sockets_lie_where_their_owner_alone_can_enter_and_options_go_on(start):
    home = start.folder / "home"
    (home / ".jupyter" / "run").mkdir(parents=True)
    (home / ".jupyter" / "run").chmod(0o755)
    where, runtime, settings, path, options = start("--port=1", "--x")
    assert (where, runtime, settings, path, options) == (str(home), f"{home}/.jupyter/run", "students", "class", "--port=1 --x")
    assert stat.S_IMODE((home / ".jupyter" / "run").stat().st_mode) == 0o700


def test_a_teachers_server_works_on_the_course_that_lies_in_the_home(start):
    own = start.folder / "home" / "course"
    (own / "exercises").mkdir(parents=True)
    (own / "exercises" / "nbgrader_config.py").write_text("")
    where, _, settings, path, _ = start()
    assert (where, settings, path) == (str(own / "exercises"), "none", str(own))


def test_what_the_hub_writes_is_for_its_account_alone():
    """Cookies' secret and who is logged in lie there."""
    install = (ROOT / "hub" / "install").read_text(encoding="utf-8")
    assert re.search(r'^\s*chmod 700 "\$class/state"', install, re.M)
