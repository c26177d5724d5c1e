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
def configured(monkeypatch, tmp_path):
    """configured(settings, port, systemd): the hub's configuration with those settings of a class, on a machine of that kind."""
    monkeypatch.delenv("COURSE_HUB_URL", raising=False)

    def read(settings="", port=1024, systemd=False, folder=None):
        monkeypatch.setenv("COURSE_CLASS", str(folder or "/srv/class"))
        read_text, is_dir = Path.read_text, Path.is_dir
        monkeypatch.setattr(Path, "read_text", lambda path, *more, **options: str(port) if "unprivileged" in str(path) else read_text(path, *more, **options))
        monkeypatch.setattr(Path, "is_dir", lambda path: systemd if "systemd" in str(path) else is_dir(path))
        found = Config()
        names = {"get_config": lambda: found, "load_subconfig": lambda path: exec(settings, {"c": found})}
        exec((ROOT / "hub" / "jupyterhub_config.py").read_text(encoding="utf-8"), names)
        return found

    return read


@pytest.fixture
def config(configured):
    return configured()


def test_what_idles_is_stopped_when_the_page_says(config):
    words = {1: "an hour", 2: "two", 3: "three"}
    kernel, server, terminal = (int(re.search(rf"--{name}=(\d+)", " ".join(config.Spawner.args))[1]) for name in (
        "MappingKernelManager.cull_idle_timeout", "ServerApp.shutdown_no_activity_timeout", "TerminalManager.cull_inactive_timeout"))
    assert f"{words[kernel / 3600]} after its last work it ends, the server after {words[server / 3600]}, whether its page is in view or not" in PAGE
    assert f"a terminal after {words[terminal / 3600]} without a letter in or out" in PAGE
    assert "--MappingKernelManager.cull_connected=True" in config.Spawner.args


def test_students_go_on_while_the_hub_is_started_anew(config):
    assert config.JupyterHub.cleanup_servers is False and "students' servers and kernels go on meanwhile" in PAGE


def test_address_groups_limits_and_data_are_those_of_the_page(config):
    assert f"Open `{config.JupyterHub.subdomain_host}` in a browser" in PAGE and f"reverse_proxy {config.JupyterHub.bind_url.removeprefix('http://')}\n" in PAGE
    assert config.LocalAuthenticator.allowed_groups == {group for _, group in re.findall(r"adduser (ada|grace) (students|teachers)", PAGE)}
    environment = config.Spawner.environment
    assert environment["COURSE_DATA"] == "real" and environment["COURSE_DATA_DIR"] == "/srv/class/data"
    assert f"{environment['COURSE_PROCESSES']} processes and threads an account, {config.Spawner.mem_limit.replace('G', ' GB')}:" in PAGE
    assert config.SystemdSpawner.unit_extra_properties == {"TasksMax": environment["COURSE_PROCESSES"]}


def test_who_comes_late_waits_and_is_not_refused(config):
    """The slowest of thirty at once had a server after two minutes on two cores; JupyterHub's own patience is half a minute."""
    assert config.Spawner.http_timeout == config.Spawner.start_timeout == 180


@pytest.mark.parametrize("line, name", [("c.JupyterHub.bind_url = 'http://127.0.0.1:8000'", "JupyterHub.bind_url"), ("c.JupyterHub.hub_port = 1024", "JupyterHub.hub_port"),
                                        ("c.ConfigurableHTTPProxy.api_url = 'https://127.0.0.1:8001'", "ConfigurableHTTPProxy.api_url")])
def test_a_port_that_every_account_may_have_is_refused(configured, line, name):
    with pytest.raises(SystemExit, match=rf"\({name}\).* take one below 1024$"):
        configured(line)
    with pytest.raises(SystemExit, match="sysctl -w net.ipv4.ip_unprivileged_port_start=1024"):
        configured(port=0)
    configured("c.JupyterHub.bind_url = 'http://127.0.0.1:1023'")


def test_cookies_are_the_hubs_own_wherever_there_is_https(configured):
    """No name below the hub's can set one with that prefix; browsers take it over HTTPS alone."""
    assert configured().JupyterHub.cookie_host_prefix_enabled is not True
    https = configured("c.JupyterHub.subdomain_host = 'https://class.example.org'")
    assert https.JupyterHub.cookie_host_prefix_enabled is True
    assert https.Spawner.environment["COURSE_HOST"] == "class.example.org" and https.JupyterHub.trusted_alt_names == ["DNS:*.class.example.org"]


def test_with_systemd_each_server_is_a_unit_with_limits(configured):
    assert configured(systemd=False).JupyterHub.spawner_class == "spawning.Local"
    with_it = configured(systemd=True)
    assert with_it.JupyterHub.spawner_class == "spawning.Systemd" and with_it.SystemdSpawner.isolate_tmp is True


def test_nobody_administers_and_one_service_may_only_forget(configured, tmp_path):
    (tmp_path / "state").mkdir()
    assert configured(folder=tmp_path).JupyterHub.services == []
    (tmp_path / "state" / "token").write_text("secret\n")
    config = configured(folder=tmp_path)
    assert config.JupyterHub.services == [{"name": "remove", "api_token": "secret"}]
    assert config.JupyterHub.load_roles == [{"name": "admin", "users": []}, {"name": "remove", "services": ["remove"], "scopes": ["delete:users", "read:users", "delete:servers"]}]
    assert "admin_groups" not in config.PAMAuthenticator and "admin_users" not in config.Authenticator


def test_the_unit_of_systemd_starts_what_the_page_names_and_leaves_servers_alone():
    unit = (ROOT / "hub" / "class-hub.service").read_text(encoding="utf-8")
    started = re.search(r"^ExecStart=(.*)$", unit, re.M)[1]
    assert f"{started}  " in PAGE and "KillMode=process" in unit


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
    version = tmp_path / "class" / "versions" / "1"
    server = version / "venv" / "bin" / "jupyterhub-singleuser"
    server.parent.mkdir(parents=True)
    server.write_text("#!/bin/sh\nprintf '%s\\n' \"$PWD\" \"$JUPYTER_RUNTIME_DIR\" \"${JUPYTER_CONFIG_PATH-none}\" \"$PYTHONPATH\" \"$*\" \"$TMPDIR\" \"$PATH\"; "
                      "bash -c 'ulimit -u; ulimit -d; ulimit -c'\n")  # dash knows no -u
    server.chmod(0o755)
    (tmp_path / "class" / "current").symlink_to("versions/1")
    (version / "course" / "notebooks").mkdir(parents=True)
    (version / "course" / "notebooks" / "01.ipynb").write_text("as it comes")
    (tmp_path / "home").mkdir()
    (tmp_path / "bin").mkdir()

    def run(*arguments, group="students"):
        (tmp_path / "bin" / "id").write_text(f"#!/bin/sh\necho {group}\n")
        (tmp_path / "bin" / "id").chmod(0o755)
        done = subprocess.run([ROOT / "hub" / "start", *arguments], cwd=tmp_path / "home", text=True, capture_output=True, env={
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path / "home"), "COURSE_CLASS": str(tmp_path / "class"),
            "COURSE_PROCESSES": "2000", "MEM_LIMIT": str(3 << 30)})
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    run.folder, run.version = tmp_path, version
    return run


def test_lessons_are_copied_once_and_never_overwritten(start):
    mine, lessons = start.folder / "home" / "lessons" / "01.ipynb", start.version / "course" / "notebooks"
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
    where, runtime, settings, path, options, temporary, *_ = start("--port=1", "--x")
    course = start.version / "course"
    assert (where, runtime, settings, path, options) == (str(home), f"{home}/.jupyter/run", f"{course}/hub/students:{course}/hub/server", str(course), "--port=1 --x")
    for folder in (runtime, temporary):
        assert Path(folder).is_relative_to(home) and stat.S_IMODE(os.stat(folder).st_mode) == 0o700


def test_a_server_keeps_the_version_with_which_it_began(start):
    """`current` leads elsewhere once a newer one is installed."""
    *_, path, _, _, _ = start()
    assert path.startswith(f"{start.version}/venv/bin:") and "current" not in path


def test_students_have_limits_and_teachers_none(start):
    assert start()[-3:] == ["2000", str(3 << 20), "0"]
    free = start(group="ada teachers")[-3:]
    assert free != ["2000", str(3 << 20), "0"]


def test_a_teachers_server_works_on_the_course_that_lies_in_the_home(start):
    own = start.folder / "home" / "course"
    (own / "exercises").mkdir(parents=True)
    (own / "exercises" / "nbgrader_config.py").write_text("")
    where, _, settings, path, *_ = start(group="grace teachers")
    assert (where, settings, path) == (str(own / "exercises"), f"{start.version}/course/hub/server", str(own))
    where, _, settings, path, *_ = start(group="ada students")  # a student who makes such a folder is a student
    assert (settings, path) == (f"{start.version}/course/hub/students:{start.version}/course/hub/server", f"{start.version}/course")


def test_what_the_hub_writes_is_for_its_account_alone():
    """Cookies' secret and who is logged in lie there."""
    install = (ROOT / "hub" / "install").read_text(encoding="utf-8")
    assert re.search(r'^\s*chmod 700 "\$class/state"', install, re.M)


def test_a_removal_goes_on_when_others_delete_what_it_reads(tmp_path):
    """A folder that is gone when find opens it looks like one that was never there; every other fault is said."""
    (tmp_path / "theirs").touch()
    search = re.search(r"^search\(\) .*$", (ROOT / "hub" / "remove").read_text(encoding="utf-8"), re.M)[0]
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", f'{search}\nsearch "$1/gone" "$1" -type f -printf "%f\\n" | sort; sleep 0.2\n'
                           'search "$1" -owner me; sleep 0.2; echo to the end', "-", tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "theirs\nto the end\n"), done
    assert "-owner" in done.stderr and "gone" not in done.stderr
