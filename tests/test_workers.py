"""How a scheduler and workers are started, what a worker says of itself, and what a run asks of them, with stand-ins for Dask. (Real ones: tests/test_cluster.py.)"""
import functools
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

if sys.platform != "linux":
    pytest.skip("grading needs Linux", allow_module_level=True)
pytest.importorskip("nbgrader")
pytest.importorskip("distributed")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exercises.cluster import __main__ as commands  # noqa: E402
from exercises.grading import cluster  # noqa: E402
from exercises.grading.cluster import Stop  # noqa: E402

MINE = {"course": {"utils.py": "1"}, "with": {"Python": "3.11"}}


# ---------------------------------------------------------------- the commands

@pytest.fixture
def started(monkeypatch, tmp_path):
    """[(command, options)] of what would be started; certificates and ports are at hand, a scheduler listens."""
    calls = []
    monkeypatch.setattr(commands, "TLS", tmp_path)
    monkeypatch.setattr(commands, "security", lambda: calls.append("security"))
    monkeypatch.setattr(commands, "_listen", lambda host, port: calls.append(("listens", host, port)))
    monkeypatch.setattr(commands, "_wait_for_scheduler", lambda address: calls.append(("waits", address)))
    monkeypatch.setattr(commands, "resources", lambda: {"course-1": 1.0, "bubblewrap": 1.0})

    class Process:
        def __init__(self, command, **options):
            calls.append((command, options))

        def wait(self, *_):
            return 7

        def terminate(self):
            calls.append("terminated")

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(commands.subprocess, "Popen", Process)
    yield calls
    for number, handler in before.items():
        signal.signal(number, handler)


def given(command, option):
    """What stands behind an option of a command."""
    assert command.count(option) == 1, command
    return command[command.index(option) + 1]


@pytest.mark.parametrize("more, host, port, page", [((), "127.0.0.1", "8786", "127.0.0.1:8787"),
                                                    (("--host", "192.0.2.7", "--port", "9000", "--dashboard", "9001"), "192.0.2.7", "9000", "127.0.0.1:9001")])
def test_a_scheduler_is_for_this_machine_alone_unless_a_host_is_given_and_its_pages_always_are(more, host, port, page, started, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cluster", "scheduler", *more])
    assert commands.main() == 7
    security, listens, (command, options) = started
    assert security == "security" and listens == ("listens", host, int(port))
    assert command[:4] == [sys.executable, "-m", "dask", "scheduler"] and (given(command, "--host"), given(command, "--port")) == (host, port)
    assert given(command, "--protocol") == "tls" and given(command, "--dashboard-address") == page
    assert capsys.readouterr().out == f"The run and the workers find it at tls://{host}:{port}, until Ctrl-C.\n"


def test_both_have_the_certificates_the_courses_settings_and_its_folder(started, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", "'9s'")  # who owns the machine may say otherwise
    monkeypatch.setattr(sys, "argv", ["cluster", "scheduler"])
    commands.main()
    command, options = started[-1]
    assert [given(command, f"--tls-{name}") for name in ("ca-file", "cert", "key")] == [str(tmp_path / name) for name in ("ca.pem", "certificate.pem", "key.pem")]
    assert options["cwd"] == cluster.COURSE and options["env"]["PYTHONPATH"] == str(cluster.COURSE) and options["env"]["PATH"] == os.environ["PATH"]
    assert options["env"]["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] == "0" and options["env"]["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] == "True"
    assert options["env"]["DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL"] == "'9s'" and options["env"]["DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE"] == "False"


def test_what_ends_the_command_ends_what_it_started(started, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cluster", "scheduler"])
    commands.main()
    for number in (signal.SIGTERM, signal.SIGINT):
        assert callable(signal.getsignal(number)) and signal.getsignal(number) is not signal.default_int_handler
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(number)
        assert ended.value.code == 128 + number and started.pop() == "terminated"

    def late(self, seconds=None):
        raise subprocess.TimeoutExpired("dask", seconds)

    commands._dask("worker")
    monkeypatch.setattr(commands.subprocess.Popen, "wait", late)
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("more, number, host", [((), str(os.cpu_count()), None), (("--number", "512", "--host", "192.0.2.7"), "512", "192.0.2.7"), (("--number", "1"), "1", None)])
def test_workers_take_one_submission_at_a_time_and_look_for_the_scheduler_again(more, number, host, started, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cluster", "workers", "tls://192.0.2.1:8786", *more])
    paused = []

    def sleep(seconds):
        paused.append(seconds)
        if len(paused) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(commands.time, "sleep", sleep)
    assert commands.main() == 130 and paused == [commands.AGAIN] * 2
    expected = ["security", *([("listens", host, 0)] if host else [])]
    assert started[:len(expected)] == expected
    rest = started[len(expected):]
    assert [each[1] for each in rest[::2]] == ["tls://192.0.2.1:8786"] * 2, "before each start it waits for the scheduler"
    for command, _ in rest[1::2]:
        assert command[3:5] == ["worker", "tls://192.0.2.1:8786"] and "--no-dashboard" in command
        assert [given(command, f"--{name}") for name in ("nworkers", "nthreads", "memory-limit", "resources")] == [number, "1", "0", "course-1=1 bubblewrap=1"]
        assert str(os.getpid()) in given(command, "--name") and (given(command, "--host") if host else None) == host
        assert host or "--host" not in command
    assert capsys.readouterr().out.startswith(f"{number} workers for tls://192.0.2.1:8786, until Ctrl-C.\n")


@pytest.mark.long("makes a key")
def test_certificates_are_their_owners_alone_and_never_overwritten(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(commands, "TLS", tmp_path / "tls")
    monkeypatch.setattr(cluster, "TLS", tmp_path / "tls")
    monkeypatch.setattr(sys, "argv", ["cluster", "certificates"])
    before = os.umask(0)
    try:
        assert commands.main() is None
    finally:
        os.umask(before)
    files = sorted((tmp_path / "tls").iterdir())
    assert [path.name for path in files] == ["ca.pem", "certificate.pem", "key.pem"] and "good for a year" in capsys.readouterr().out
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600] * 3 and stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    assert "PRIVATE KEY" in files[2].read_text() and "PRIVATE KEY" not in files[0].read_text() + files[1].read_text()
    found = cluster.security()
    assert found.require_encryption and found.tls_ca_file == str(files[0])
    for who in ("client", "scheduler", "worker"):
        assert found.get_connection_args(who)["ssl_context"].verify_mode.name == "CERT_REQUIRED"
    kept = [path.read_bytes() for path in files]
    for path in files[:2]:
        path.unlink()
        assert "holds certificates already. Who has them can run anything on every worker" in commands.main()
    assert files[2].read_bytes() == kept[2] and not files[0].exists()
    with pytest.raises(Stop, match="exercises/cluster/tls/ holds no ca.pem: make certificates makes them, once"):
        cluster.security()
    files[0].write_bytes(kept[0])
    files[1].write_text("nothing")
    with pytest.raises(Stop, match="certificate.pem can't be read"):
        cluster.security()


# ---------------------------------------------------------------- what a worker says

@pytest.fixture
def worker(monkeypatch):
    """On a worker that grades as this machine does: [(packet)] that it has graded; it can make the sandbox."""
    graded = []
    cluster.unfit.cache_clear()
    monkeypatch.setattr(cluster, "identity", lambda: MINE)
    monkeypatch.setattr(cluster, "_references", {})
    monkeypatch.setattr(cluster, "get_worker", lambda: SimpleNamespace(address="tls://w:1"))
    monkeypatch.setattr(cluster.sandboxes, "check", lambda: None)
    monkeypatch.setattr(cluster, "_in_time", lambda packet: graded.append(packet) or f"verdict of {packet.decode()}")
    monkeypatch.delenv("COURSE_SANDBOX", raising=False)
    yield graded
    cluster.unfit.cache_clear()


def test_a_worker_grades_each_reference_once_and_says_what_came_of_both(worker):
    judged = functools.partial(cluster.judged, kind="bubblewrap", expected=json.dumps(MINE))
    assert json.loads(judged(b"", reference=b"r1")) == {"worker": "tls://w:1", "said": "", "reference": "verdict of r1"}
    assert json.loads(judged(b"ada", reference=b"r1")) == {"worker": "tls://w:1", "said": "verdict of ada", "reference": "verdict of r1"}
    assert json.loads(judged(b"bob", reference=b"r2")) == {"worker": "tls://w:1", "said": "verdict of bob", "reference": "verdict of r2"}, "of another lesson"
    assert worker == [b"r1", b"ada", b"r2", b"bob"]


@pytest.mark.parametrize("kind, its, sandbox, own, why", [
    ("bubblewrap", MINE, "", "", ""), ("none", MINE, "", "none", ""),
    ("bubblewrap", MINE, "bubblewrap is missing.\nInstall it.", "", "it can't make the sandbox. bubblewrap is missing"),
    ("none", MINE, "bubblewrap is missing", "none", ""),
    ("none", MINE, "", "", "it runs nothing without a sandbox: who owns it would have to start it with COURSE_SANDBOX=none"),
    ("none", MINE, "", "bubblewrap", "it runs nothing without a sandbox: who owns it would have to start it with COURSE_SANDBOX=none"),
    ("bubblewrap", {"course": {"utils.py": "2"}, "with": {"Python": "3.12"}}, "missing", "",
     "it has another version of the course than this machine, or had when it started: utils.py; it has Python 3.11, and this machine 3.12")])
def test_a_worker_that_would_grade_otherwise_says_why_and_grades_nothing(kind, its, sandbox, own, why, worker, monkeypatch):
    def check():
        if sandbox:
            raise cluster.sandboxes.NoSandbox(sandbox)

    monkeypatch.setattr(cluster.sandboxes, "check", check)
    if own:
        monkeypatch.setenv("COURSE_SANDBOX", own)
    told = json.loads(cluster.judged(b"ada", kind, json.dumps(its), b"r"))
    assert told.get("unfit", "") == why and worker == ([] if why else [b"r", b"ada"])
    name = cluster._name(MINE)
    assert cluster.resources() == {name: 1.0} | ({} if sandbox else {"bubblewrap": 1.0}) | ({"none": 1.0} if own == "none" else {})


def test_another_version_of_the_course_offers_another_name():
    names = {cluster._name({"course": {"utils.py": one}, "with": {"Python": other}}) for one in "12" for other in ("3.11", "3.12")}
    assert len(names) == 4 and cluster._name({"with": {"Python": "3.11"}, "course": {"utils.py": "1"}}) in names, "whatever the order"


def test_the_courses_files_have_the_same_sums_whatever_their_line_ends(monkeypatch, tmp_path):
    sums = []
    for end in (b"\n", b"\r\n"):
        for name in ("utils.py", "conftest.py", "exercises/grading/a.py", "exercises/checks/b.py", "data/sample/MNIST/raw/x-ubyte", "tests/t.py"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"1" + (end if name.endswith(".py") else b"\r\n") + b"2")
        monkeypatch.setattr(cluster, "COURSE", tmp_path)
        sums.append(cluster._files())
    assert sums[0] == sums[1] and sorted(sums[0]) == ["data/sample/MNIST/raw/x-ubyte", "exercises/checks/b.py", "exercises/grading/a.py", "utils.py"]
    (tmp_path / "data/sample/MNIST/raw/x-ubyte").write_bytes(b"1\n2")
    assert cluster._files() != sums[0], "images are no text"


def test_a_grading_that_hangs_ends_its_worker_and_one_that_ends_does_not(monkeypatch):
    timers = []

    class Timer:
        def __init__(self, seconds, function, arguments):
            timers.append(self)
            self.given, self.done = (seconds, function, arguments), []

        def start(self):
            self.done.append(("start", self.daemon))

        def cancel(self):
            self.done.append("cancel")

    packet = json.dumps({"limits": {"total_seconds": 300}}).encode()
    monkeypatch.setattr(cluster.threading, "Timer", Timer)
    monkeypatch.setattr(cluster, "verdict", lambda given: f"of {len(given)}")
    assert cluster._in_time(packet) == f"of {len(packet)}"
    monkeypatch.setattr(cluster, "verdict", lambda given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cluster._in_time(packet)
    for timer in timers:
        assert timer.given == (660, os._exit, (1,)) and timer.done == [("start", True), "cancel"]


# ---------------------------------------------------------------- what a run asks

class Client:
    """In the place of Dask's. `workers`: {address: what the scheduler knows}; `says`: what each answers to a question."""
    status = "running"

    def __init__(self, workers, says):
        self.workers, self.says, self.asked = workers, says, []

    def scheduler_info(self, n_workers=None):
        assert n_workers == -1, "Dask tells of five else"
        return {"workers": dict(self.workers)}

    def submit(self, function, *arguments, workers=None, **options):
        self.asked.append((function, arguments, workers, options))
        answer = self.says.get(workers[0], "") if workers else ""
        return SimpleNamespace(status="pending" if answer is None else "finished", result=lambda timeout: answer if isinstance(answer, str) else json.dumps(answer),
                               cancel=lambda force: None, release=lambda: None)


@pytest.fixture
def crew(monkeypatch):
    """crew(workers, says): a Crew that knows these; `crew.said`: what it told."""
    monkeypatch.setattr(cluster, "identity", lambda: MINE)
    monkeypatch.setattr(cluster, "security", lambda: "certificates")
    clock = [100.0]
    monkeypatch.setattr(cluster.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(cluster.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + 10))
    monkeypatch.setattr(cluster, "fire_and_forget", lambda future: None)

    def make(workers, says=None, kind="bubblewrap"):
        made = cluster.Crew("tls://s:8786", kind, say=lambda text, flush: make.said.append(text))
        made.client = Client(workers, says or {})
        make.said = []
        return made
    return make


OURS = {cluster._name(MINE): 1.0, "bubblewrap": 1.0}
PACKET = json.dumps({"limits": {"total_seconds": 10}}).encode()


def know(**resources):
    return {f"tls://{name}:1": {"name": name, "resources": told} for name, told in resources.items()}


def test_only_workers_that_offer_this_course_and_this_sandbox_are_given_anything(crew):
    made = crew(know(a=OURS, b={"bubblewrap": 1.0}, c=OURS | {"bubblewrap": 0}, d={**OURS, "none": 1.0}, e={}))
    made.refused["tls://d:1"] = "why"
    assert made._usable() == ["tls://a:1"]
    made.reference = b"the reference"
    made._submit(PACKET, 3)
    function, arguments, workers, options = made.client.asked[-1]
    assert function is cluster.judged and arguments == (PACKET, "bubblewrap", json.dumps(MINE), b"the reference") and workers is None
    assert options["resources"] == dict.fromkeys(OURS, 1) and options["pure"] is False


def test_two_runs_never_share_a_question_though_their_students_have_the_same_numbers(crew):
    """Dask takes questions of one key for one question: another run's verdict would be this one's."""
    keys = []
    for made in (crew(know(a=OURS)), crew(know(a=OURS))):
        made.reference = PACKET
        for _ in range(2):
            made._submit(PACKET, 0)
            keys.append(made.client.asked[-1][3]["key"])
    assert len(set(keys)) == 4


@pytest.fixture(autouse=True)
def references(monkeypatch):
    monkeypatch.setattr(cluster.Crew, "reference", b"r", raising=False)
    monkeypatch.setattr(cluster.Crew, "reasons", staticmethod(lambda said: [] if said == "right" else [said]), raising=False)


def test_each_worker_says_what_it_is_and_who_would_grade_otherwise_is_refused_by_name(crew):
    right = {"worker": "tls://a:1", "said": "", "reference": "right"}
    made = crew(know(a=OURS, b=OURS, c={}, d=OURS), {"tls://a:1": right, "tls://b:1": right | {"reference": "shares: wrong"}, "tls://c:1": {"unfit": "it has torch 1"}, "tls://d:1": None})
    made.check(PACKET, lambda said: [] if said == "right" else [said])
    assert made.fit == {"tls://a:1"} and set(made.refused) == {"tls://b:1", "tls://c:1", "tls://d:1"}
    assert sorted(crew.said) == [
        "Refused: the worker b (tls://b:1): the reference answers do not get full marks there: shares: wrong.",
        "Refused: the worker c (tls://c:1): it has torch 1.", f"Refused: the worker d (tls://d:1): it did not answer in {cluster._longest(PACKET)} s."]
    questions = [each for each in made.client.asked if each[0] is cluster.judged]
    assert {workers[0] for *_, workers, _ in questions} == set(made.client.workers) and all(
        arguments == (b"", "bubblewrap", json.dumps(MINE), PACKET) and options == {"allow_other_workers": False, "pure": False} for _, arguments, _, options in questions)
    aside = [(arguments, workers) for function, arguments, workers, _ in made.client.asked if function is cluster._stand_aside]
    assert sorted(workers[0] for _, workers in aside) == ["tls://b:1", "tls://d:1"], "who offers what is asked for would be given some; c would not"
    assert all(sorted(names) == sorted(OURS) for (names,), _ in aside)
    assert made._usable() == ["tls://a:1"]


def test_without_a_worker_that_grades_rightly_nobody_is_graded(crew):
    made = crew(know(a=OURS), {"tls://a:1": {"unfit": "why"}})
    with pytest.raises(Stop, match="^No worker is left that grades as this machine would, so nobody was graded.$"):
        made.check(PACKET, lambda said: [])
    made = crew({})
    with pytest.raises(Stop, match=f"^No worker has come to tls://s:8786 in {cluster.ANSWERS} s: make workers SCHEDULER=tls://s:8786 starts some on a machine.$"):
        made.check(PACKET, lambda said: [])


def test_a_worker_that_stood_the_reference_is_not_asked_for_reasons_again(crew):
    made = crew(know(a=OURS))
    asked = []
    made.reasons = lambda said: asked.append(said) or []
    for _ in range(2):
        assert made._fault("tls://a:1", {"reference": "right"}) == ""
    assert asked == ["right"] and made.fit == {"tls://a:1"}
    assert made._fault("tls://a:1", {"unfit": "it has torch 1"}) == "it has torch 1", "a fit one too, when it is another now"


@pytest.mark.parametrize("raised, told", [
    (TimeoutError(), None), (cluster.KilledWorker("x", None, 0), {"error": "its worker ended, 3 times", "ended": True}),
    (ValueError("two\nlines"), {"error": "ValueError: two"})])
def test_what_came_of_a_question_is_told_in_words(raised, told):
    def result(timeout):
        raise raised

    assert cluster.Crew._told(SimpleNamespace(result=result)) == told


@pytest.mark.parametrize("raised", [OSError("gone"), cluster.CancelledError(), cluster.ClosedClientError()])
def test_where_the_scheduler_is_gone_it_is_no_answer(raised):
    def result(timeout):
        raise raised

    with pytest.raises(type(raised)):
        cluster.Crew._told(SimpleNamespace(result=result))


def test_workers_of_this_machine_are_a_process_each_and_keep_to_it(monkeypatch):
    made, seen = [], {}
    monkeypatch.setenv("COURSE_SANDBOX", "of the run before")
    monkeypatch.setattr(cluster, "identity", lambda: MINE)
    monkeypatch.setattr(cluster.sandboxes, "check", lambda: None)

    def local(**options):
        made.append(options)
        seen["ctrl-c"], seen["kind"] = signal.getsignal(signal.SIGINT), os.environ["COURSE_SANDBOX"]
        return "cluster"

    monkeypatch.setattr(cluster, "LocalCluster", local)
    monkeypatch.setattr(cluster.Security, "temporary", lambda: "of its own")
    before = signal.getsignal(signal.SIGINT)
    crew = cluster.Crew("local:4", "none")
    assert crew._local() == "cluster" and signal.getsignal(signal.SIGINT) is before and seen == {"ctrl-c": signal.SIG_IGN, "kind": "none"}
    options, = made
    assert options.pop("resources") == OURS | {"none": 1.0}
    assert options == {"n_workers": 4, "threads_per_worker": 1, "processes": True, "protocol": "tls://", "host": "127.0.0.1", "security": "of its own", "dashboard_address": "127.0.0.1:0"}
