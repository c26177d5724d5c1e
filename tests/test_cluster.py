"""Grading on Dask's workers: the same as in processes of the run, whoever ends in between. Schedulers, workers and runs are real, on this machine."""
import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta

import nbformat
import psutil
import pytest

if sys.platform != "linux":
    pytest.skip("grading needs Linux", allow_module_level=True)
from classhub import free_ports
from classroom import FILE, FULL, LESSON, NEEDS_A_SANDBOX, before, command, copy_course, grades, hand_in, marks, release, remembered, solved, without
from exercises.grading import cluster  # noqa: E402

pytestmark = [*NEEDS_A_SANDBOX, pytest.mark.usefixtures(remembered.__name__)]
WRONG = "def accuracy(batches):\n    return 0.5"
PICTURE = "from matplotlib import pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('\\ud800 and \\x1b[31m')"
CLASS = {
    "ada": solved(explain="My words."), "bob": solved(accuracy=WRONG), "carl": release(), "dora": solved(accuracy=before(PICTURE, "accuracy")),
    "emil": solved(cross_entropy=before("import os\nos._exit(3)", "cross_entropy")), "fred": b"{", "gina": solved(stable_softmax="x = = 1"),
    "hana": solved(accuracy="def accuracy(batches):\n    return [float('nan'), 'x' * 3_000_000]")}


class School:
    """A course with certificates, a scheduler and workers, each of them processes that a test can end."""

    def __init__(self, folder, host="127.0.0.1"):
        self.course, self.log, self.host = copy_course(folder / "course"), folder / "log.txt", host
        (self.port, self.dashboard), self.started = free_ports(2, [0, 0]), []
        assert command(self.course, "exercises.cluster", "certificates").returncode == 0
        self.address = f"tls://{host}:{self.port}"

    def start(self, *arguments, prefix=(), course=None, **environment):
        with open(self.log, "a") as log:
            inherited = {name: value for name, value in os.environ.items() if name != "COURSE_VERDICTS"}  # or nothing would take its time
            process = subprocess.Popen([*prefix, sys.executable, "-m", "exercises.cluster", *map(str, arguments)], cwd=course or self.course, stdout=log, stderr=log,
                                       env={**inherited, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s", **environment}, start_new_session=True)
        self.started.append(process)
        return process

    def scheduler(self):
        process = self.start("scheduler", "--host", self.host, "--port", self.port, "--dashboard", self.dashboard)
        until = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
                return process
            assert time.monotonic() < until and process.poll() is None, self.log.read_text()
            time.sleep(0.2)

    def workers(self, number=2, **options):
        return self.start("workers", self.address, "--number", number, **options)

    def grade(self, where, *options, **environment):
        return command(self.course, "exercises.grading", LESSON, where, "--workers", self.address, *options, **environment)

    def begin(self, where, *options):
        return subprocess.Popen([sys.executable, "-m", "exercises.grading", LESSON, str(where), "--workers", self.address, *options], cwd=self.course,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})

    @contextlib.contextmanager
    def client(self):
        """A client of the scheduler, beside the run's."""
        with cluster.dask.config.set(cluster.SETTINGS):
            tls = {name: str(self.course / "exercises" / "cluster" / "tls" / file) for name, file in cluster.PEM.items()}
            security = cluster.Security(tls_ca_file=tls["ca"], tls_client_cert=tls["cert"], tls_client_key=tls["key"], require_encryption=True)
            with cluster.Client(self.address, security=security, timeout=20, set_as_default=False) as client:
                yield client

    def busy(self, client, key=""):
        """(the process, what it grades) of each worker that grades something whose key begins so."""
        found = client.run_on_scheduler(lambda dask_scheduler: {worker.pid: [task.key for task in worker.processing] for worker in dask_scheduler.workers.values()})
        return {pid: keys for pid, keys in found.items() if any(each.startswith(f"verdict-{key}") for each in keys)}

    def end(self):
        for process in self.started:
            with contextlib.suppress(psutil.Error):
                for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
                    with contextlib.suppress(psutil.Error):
                        each.kill()
            process.wait()


@pytest.fixture(scope="module")
def school(remembered, tmp_path_factory):
    school = School(tmp_path_factory.mktemp("school"))
    school.scheduler()
    school.workers()
    yield school
    school.end()


@pytest.fixture(scope="module")
def both_ways(remembered, tmp_path_factory, school):
    """A class graded by processes of the run, and by Dask's workers: (course, what was said) for each."""
    folder = tmp_path_factory.mktemp("both")
    for student, nb in CLASS.items():
        hand_in(folder / "class", student, nb)
    kept = os.environ.pop("COURSE_VERDICTS")  # each finds its own
    try:
        here = copy_course(folder / "course")
        done = [command(here, "exercises.grading", LESSON, folder / "class"), school.grade(folder / "class")]
    finally:
        os.environ["COURSE_VERDICTS"] = kept
    assert [each.returncode for each in done] == [0, 0], done[0].stderr + done[1].stderr
    return [(here, done[0].stdout), (school.course, done[1].stdout)]


def gradebook_rows(course):
    """All that the gradebook holds, but for its random ids and the order."""
    with contextlib.closing(sqlite3.connect(course / "exercises" / "gradebook.db")) as database:
        return sorted(re.sub(r"\b[0-9a-f]{32}\b", "id", line) for row in database.iterdump() for line in row.splitlines())


def test_the_csv_the_gradebook_and_the_remarks_are_the_same_to_the_byte(both_ways):
    (here, said), (there, said_there) = both_ways
    assert marks(grades(here)["ada"]) == FULL and marks(grades(here)["bob"]) == without("accuracy")
    for name in (f"{LESSON}.csv", f"{LESSON}.png", f"{LESSON}.json"):
        assert (here / "exercises" / "grades" / name).read_bytes() == (there / "exercises" / "grades" / name).read_bytes(), name
    table = r"\n\nstudent.*?\nWritten"
    assert re.search(table, said, re.S)[0] == re.search(table, said_there, re.S)[0]
    assert gradebook_rows(here) == gradebook_rows(there)
    for student in CLASS:
        path = f"exercises/autograded/{student}/{LESSON}/{FILE}"
        assert nbformat.read(here / path, 4) == nbformat.read(there / path, 4), student


def test_progress_and_the_dashboard_are_shown(both_ways, school):
    said = both_ways[1][1]
    assert f"Dask shows what its workers do: http://127.0.0.1:{school.dashboard}/status" in said and f"{len(CLASS)}/{len(CLASS)}" in said
    import urllib.request
    assert b"Dask" in urllib.request.urlopen(f"http://127.0.0.1:{school.dashboard}/status").read()


def test_what_was_graded_is_not_graded_again_and_no_worker_is_needed(both_ways, school):
    done = school.grade(both_ways[0][0].parent / "class")
    assert f"{len(CLASS)} submissions, 0 of them new" in done.stdout and "Dask" not in done.stdout


def test_local_workers_need_no_certificates(both_ways, tmp_path):
    here = both_ways[0][0]
    course = copy_course(tmp_path / "course")
    hand_in(tmp_path / "class", "ada", CLASS["ada"])
    hand_in(tmp_path / "class", "bob", CLASS["bob"])
    done = command(course, "exercises.grading", LESSON, tmp_path / "class", "--workers", "local:2")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert grades(course) == {student: row for student, row in grades(here).items() if student in ("ada", "bob")}


# ---------------------------------------------------------------- who may grade

NOT_COPIED = shutil.ignore_patterns("submitted", "autograded", "grades", "gradebook.db")


def copy_that_finds(school, folder, packages):
    """A copy of the course whose workers find what lies in the folder `packages` before all else; the rest is the same."""
    shutil.copytree(school.course, folder, ignore=NOT_COPIED)
    path = folder / "exercises" / "cluster" / "__main__.py"
    text = path.read_text()
    assert text.count('"PYTHONPATH": str(COURSE)') == 1
    path.write_text(text.replace('"PYTHONPATH": str(COURSE)', f'"PYTHONPATH": f"{packages}:{{COURSE}}"'))
    return folder


def test_a_worker_that_would_grade_otherwise_is_refused_by_name(school, tmp_path):
    """One without a sandbox, one with another version of the course, one with another version of a package: the others grade."""
    other = tmp_path / "other"
    shutil.copytree(school.course, other, ignore=NOT_COPIED)
    with open(other / "utils.py", "a") as file:
        file.write("\n# another version\n")
    package = tmp_path / "packages" / "psutil-5.9.1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: psutil\nVersion: 5.9.1\n")
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if not (os.path.exists(f"{part}/bwrap")))
    bad = [school.workers(1, PATH=path), school.workers(1, course=other), school.workers(1, course=copy_that_finds(school, tmp_path / "same", package.parent))]
    hand_in(tmp_path / "class", "iris", solved())
    try:
        with school.client() as client:
            client.wait_for_workers(5, timeout=60)
        done = school.grade(tmp_path / "class")
    finally:
        for process in bad:
            process.terminate()
    assert done.returncode == 0, done.stderr
    said = re.findall(r"Refused: the worker (\S+) \(tls://127.0.0.1:\d+\): (.*)", done.stdout)
    assert sorted(why for _, why in said) == [
        "it can't make the sandbox. Student code is run in a sandbox, and bubblewrap, which makes it, is not installed.",
        "it has another version of the course than this machine, or had when it started: utils.py.", f"it has psutil 5.9.1, and this machine {psutil.__version__}."], done.stdout
    assert all(name.startswith(os.uname().nodename) for name, _ in said)
    assert done.stdout.index("Refused") < done.stdout.index("0/1") and marks(grades(school.course)["iris"]) == FULL
    assert all(process.wait(20) is not None for process in bad)


def test_two_runs_share_a_scheduler(school, tmp_path):
    """Two lessons' worth, here two classes of one, at the same time: neither gets what is the other's."""
    courses = [copy_course(tmp_path / name) for name in ("one", "two")]
    for course, nb in zip(courses, (solved(), solved(accuracy=WRONG))):
        shutil.copytree(school.course / "exercises" / "cluster" / "tls", course / "exercises" / "cluster" / "tls", dirs_exist_ok=True)
        hand_in(course / "class", "ada", nb)
    runs = [subprocess.Popen([sys.executable, "-m", "exercises.grading", LESSON, "class", "--workers", school.address], cwd=course, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True) for course in courses]
    said = [run.communicate(timeout=240)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert [marks(grades(course)["ada"]) for course in courses] == [FULL, without("accuracy")]


@pytest.mark.parametrize("where", ["local", "local:0", "local:100", "local:-1", "LOCAL:2", "4", "tcp://127.0.0.1:8786", "tls://127.0.0.1", "tls://:8786", "tls://a/b:8786", "127.0.0.1:8786", "tls://a:0", "tls://a:65536", "tls://[::1]"])
def test_what_is_no_place_of_workers_is_said(where):
    with pytest.raises(cluster.Stop, match="^WORKERS is '.*': write local:4 for four processes"):
        cluster.Crew(where, "none")


@pytest.mark.parametrize("arguments, sentence", [
    (["workers", "127.0.0.1:8786"], "SCHEDULER is '127.0.0.1:8786': write the address that make scheduler tells"),
    (["workers", "tcp://127.0.0.1:8786"], "SCHEDULER is 'tcp://127.0.0.1:8786'"),
    (["workers", "tls://127.0.0.1"], "SCHEDULER is 'tls://127.0.0.1'"),
    (["workers", "tls://127.0.0.1:8786", "--number", "0"], "0 workers: 1 to 512 start on one machine"),
    (["workers", "tls://127.0.0.1:8786", "--number", "-1"], "-1 workers"),
    (["workers", "tls://127.0.0.1:8786", "--number", "100000"], "100000 workers"),
    (["workers", "tls://127.0.0.1:8786", "--number", "two"], "'two'"),
    (["workers", "tls://127.0.0.1:8786", "--host", "192.0.2.1"], "HOST is '192.0.2.1', where this machine can't listen"),
    (["scheduler", "--host", "192.0.2.1"], "HOST is '192.0.2.1', where this machine can't listen"),
    (["scheduler", "--host", "no such"], "HOST is 'no such', and this machine knows no such name"),
    (["scheduler", "--host", "999.1.1.1"], "HOST is '999.1.1.1'"),
    (["scheduler", "--port", None], "is taken, perhaps by a scheduler that still runs"),
])
def test_a_host_a_port_or_a_number_that_cannot_be_is_said_at_once(arguments, sentence, monkeypatch, capsys):
    """In no other words than these, and nothing is started that would look for it for ever."""
    from exercises.cluster import __main__ as commands
    monkeypatch.setattr(commands, "security", lambda: None)
    monkeypatch.setattr(commands, "_dask", lambda *arguments: pytest.fail("it was started"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr("sys.argv", ["cluster", *(str(word or taken.getsockname()[1]) for word in arguments)])
        try:
            said = commands.main()
        except SystemExit:
            said = capsys.readouterr().err
    assert sentence in said and "Traceback" not in said


def test_ctrl_c_ends_workers_that_wait_for_their_scheduler(monkeypatch):
    from exercises.cluster import __main__ as commands
    monkeypatch.setattr(commands, "security", lambda: None)
    monkeypatch.setattr(commands.socket, "create_connection", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr("sys.argv", ["cluster", "workers", "tls://127.0.0.1:8786"])
    assert commands.main() == 130


@pytest.mark.parametrize("days", [400, -400])  # the certificates are old, or the clock is wrong
def test_certificates_that_are_not_good_today_are_said(days, monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "TLS", tmp_path)
    made = cluster.Security.temporary()
    for name, text in (("ca", made.tls_ca_file), ("cert", made.tls_client_cert), ("key", made.tls_client_key)):
        (tmp_path / cluster.PEM[name]).write_text(text)
    assert cluster.security()

    class Later(cluster.datetime):
        @classmethod
        def now(cls, zone):
            return super().now(zone) + timedelta(days=days)

    monkeypatch.setattr(cluster, "datetime", Later)
    with pytest.raises(cluster.Stop, match="are good from .* and this machine's clock says"):
        cluster.security()
    (tmp_path / cluster.PEM["cert"]).write_text("x")
    with pytest.raises(cluster.Stop, match="can't be read"):
        cluster.security()


def test_no_worker_runs_anything_without_a_sandbox_unless_its_owner_says_so(school, tmp_path):
    hand_in(tmp_path / "class", "iris", solved())
    done = school.grade(tmp_path / "class", "--force", "--sandbox", "none")
    assert done.returncode == 1 and done.stdout.count("it runs nothing without a sandbox: who owns it") == 2
    assert done.stderr.startswith("No worker is left that grades as this machine would")


def test_where_no_scheduler_is_it_is_said(school, tmp_path):
    hand_in(tmp_path / "class", "iris", solved())
    done = command(school.course, "exercises.grading", LESSON, tmp_path / "class", "--force", "--workers", "tls://127.0.0.1:1")
    assert done.returncode == 1 and "There is no scheduler at tls://127.0.0.1:1" in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_without_certificates_or_with_others_nobody_gets_in(school, both_ways, tmp_path):
    course = copy_course(tmp_path / "course")
    hand_in(tmp_path / "class", "iris", solved())
    done = command(course, "exercises.grading", LESSON, tmp_path / "class", "--workers", school.address)
    assert done.returncode == 1 and "make certificates" in done.stderr
    for wanted in (["scheduler"], ["workers", school.address]):
        done = command(course, "exercises.cluster", *wanted)
        assert done.returncode == 1 and "make certificates" in done.stderr
    assert command(course, "exercises.cluster", "certificates").returncode == 0
    done = command(course, "exercises.cluster", "workers", school.address)
    assert done.returncode == 1 and f"What listens at {school.address} is not opened by this machine's certificates" in done.stderr and "Traceback" not in done.stderr
    tls = course / "exercises" / "cluster" / "tls"
    assert tls.stat().st_mode & 0o077 == 0 and all(path.stat().st_mode & 0o077 == 0 for path in tls.iterdir())
    again = command(course, "exercises.cluster", "certificates")
    assert again.returncode == 1 and "holds certificates already" in again.stderr
    done = command(course, "exercises.grading", LESSON, tmp_path / "class", "--workers", school.address)
    assert done.returncode == 1 and f"There is no scheduler at {school.address} that this machine's certificates open" in done.stderr, done.stderr


def test_ctrl_c_ends_a_run_with_its_workers(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_VERDICTS")
    course = copy_course(tmp_path / "course")
    hand_in(tmp_path / "class", "ada", solved(accuracy=before("import time\ntime.sleep(20)", "accuracy")))
    run = subprocess.Popen([sys.executable, "-m", "exercises.grading", LESSON, str(tmp_path / "class"), "--workers", "local:1"], cwd=course, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}, start_new_session=True)
    said = until(run, "0/1")
    time.sleep(2)
    started = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    os.killpg(run.pid, signal.SIGINT)
    said += run.communicate(timeout=30)[0]
    assert run.returncode == 1 and "Traceback" not in said and said.strip().endswith("the same command goes on from there."), said
    assert not psutil.wait_procs(started, timeout=20)[1]


# ---------------------------------------------------------------- who ends in between

STUDENTS = [f"s{i}" for i in range(4)]
BEGUN = f"0/{len(STUDENTS)}"


@pytest.fixture
def slow(school, tmp_path, monkeypatch):
    """A class that takes a while, and is graded anew."""
    monkeypatch.delenv("COURSE_VERDICTS")
    for name in ("submitted", "autograded", "grades"):
        shutil.rmtree(school.course / "exercises" / name, ignore_errors=True)
    (school.course / "exercises" / "gradebook.db").unlink(missing_ok=True)
    for student in STUDENTS:
        hand_in(tmp_path / "class", student, solved(accuracy=before("import time\ntime.sleep(2)", "accuracy")))
    return tmp_path / "class"


def until(run, words):
    said = ""
    while not re.search(words, said):
        letter = run.stdout.read(1)
        assert letter, said
        said += letter
    return said


def is_right(school, run, said=""):
    """The run has ended well, and everybody is in the gradebook once, with full marks."""
    said += run.communicate(timeout=240)[0]
    assert run.returncode == 0, said
    rows = grades(school.course)
    assert sorted(rows) == STUDENTS and all(marks(rows[student]) == FULL and not rows[student]["remarks"] for student in STUDENTS), rows
    with contextlib.closing(sqlite3.connect(school.course / "exercises" / "gradebook.db")) as database:
        (submissions,), = database.execute("SELECT count(*) FROM submitted_assignment").fetchall()
    assert submissions == len(STUDENTS)
    return said


def caught(school, client, key="", seconds=60):
    """(process, what it grades) of a worker, once it grades."""
    end = time.monotonic() + seconds
    while not (held := school.busy(client, key)):
        assert time.monotonic() < end
        time.sleep(0.1)
    return next(iter(held.items()))


SPOILED = """
import sys, threading, time

def spoil():  # a machine on which something is broken: whatever is run in the sandbox shows nothing
    while not hasattr(sys.modules.get("exercises.grading.kernel"), "Kernel"):
        time.sleep(0.01)
    sys.modules["exercises.grading.kernel"].Kernel.execute = lambda self, code, unless="": ([], None)

threading.Thread(target=spoil, daemon=True).start()
"""


def test_a_killed_worker_one_that_hangs_and_a_broken_one_that_comes_cost_nobody_anything(school, slow, tmp_path):
    """All in one run: who comes in its middle is looked at as those were who were there at its beginning."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "sitecustomize.py").write_text(SPOILED)
    course = copy_that_finds(school, tmp_path / "same", tmp_path / "packages")
    run = school.begin(slow)
    said = until(run, BEGUN)
    late = school.workers(1, course=course)
    try:
        with school.client() as client:
            killed, _ = caught(school, client)
            os.kill(killed, signal.SIGKILL)
            while (pid := caught(school, client)[0]) == killed:
                time.sleep(0.1)
            os.kill(pid, signal.SIGSTOP)
        said = is_right(school, run, said)
    finally:
        late.terminate()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    assert re.search(r"Refused: the worker \S+ \(\S+\): the reference answers do not get full marks there: ", said), said
    assert late.wait(20) is not None


def test_a_scheduler_that_is_started_again_is_found_again(school, slow):
    run = school.begin(slow)
    said = until(run, BEGUN)
    with school.client() as client:
        caught(school, client)
    for each in [psutil.Process(school.started[0].pid), *psutil.Process(school.started[0].pid).children(recursive=True)]:
        each.kill()
    time.sleep(2)
    school.started[0] = school.scheduler()
    school.started.pop()
    said = is_right(school, run, said)
    assert re.search(r"The scheduler is gone \([^\n]+\); waiting up to", said) and "Traceback" not in said and "distributed.client" not in said, said


def test_two_submissions_that_end_every_worker_cost_themselves_alone_after_three(school, slow):
    """On two workers, where another submission often waits behind one of them."""
    run = school.begin(slow)
    killed = {"verdict-0-": set(), "verdict-1-": set()}
    until(run, BEGUN)
    with school.client() as client:
        end = time.monotonic() + 200
        while min(map(len, killed.values())) < 3:
            for pid, keys in school.busy(client).items():
                for key, pids in killed.items():
                    if keys[0].startswith(key) and pid not in pids and len(pids) < 3:  # what runs; others wait behind it
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
                        pids.add(pid)
            assert time.monotonic() < end, killed
            time.sleep(0.1)
    said, _ = run.communicate(timeout=240)
    assert run.returncode == 0 and list(map(len, killed.values())) == [3, 3], said
    rows = grades(school.course)
    assert sorted(rows) == STUDENTS
    lost = [student for student in STUDENTS if "the grader failed" in rows[student]["remarks"]]
    assert len(lost) == 2 and all("its worker ended, 3 times" in rows[student]["remarks"] and float(rows[student]["total"]) == 0 for student in lost)
    assert all(marks(rows[student]) == FULL for student in STUDENTS if student not in lost)
    again = school.grade(slow)
    assert f"{len(STUDENTS)} submissions, 2 of them new" in again.stdout and marks(grades(school.course)[lost[0]]) == FULL


def test_a_grading_that_hangs_ends_its_worker(tmp_path):
    """The process says that it is well while what it does there never ends."""
    hangs = f"""import json, sys, time
sys.path.insert(0, {str(cluster.COURSE)!r})
from exercises.grading import cluster
cluster.ANSWERS, cluster.verdict = 1, lambda packet: time.sleep(60)
cluster._in_time(json.dumps({{"limits": {{"total_seconds": 0.5}}}}).encode())"""
    assert subprocess.run([sys.executable, "-c", hangs], timeout=50).returncode == 1
    assert subprocess.run([sys.executable, "-c", hangs.replace("time.sleep(60)", "time.sleep(0.5)")], timeout=50).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0 and "CI" not in os.environ, reason="only root can lay and cut a network cable")
def test_a_cable_that_is_cut_costs_nobody_anything(tmp_path, slow):
    """A worker in a network of its own, which goes away with all that is on its way."""
    def ip(*words, check=True):
        return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)
    ip("netns", "del", "course-cut", check=False)
    ip("link", "del", "course-here", check=False)
    ip("netns", "add", "course-cut")
    ip("link", "add", "course-here", "type", "veth", "peer", "name", "course-there")
    try:
        ip("link", "set", "course-there", "netns", "course-cut")
        ip("addr", "add", "10.213.7.1/30", "dev", "course-here")
        ip("link", "set", "course-here", "up")
        for words in (["addr", "add", "10.213.7.2/30", "dev", "course-there"], ["link", "set", "course-there", "up"], ["link", "set", "lo", "up"]):
            ip("netns", "exec", "course-cut", "ip", *words)
        (tmp_path / "far").mkdir()
        school = School(tmp_path / "far", "10.213.7.1")
        school.scheduler()
        school.workers(1)
        school.start("workers", school.address, "--number", 1, "--host", "10.213.7.2", prefix=["ip", "netns", "exec", "course-cut"])
        with school.client() as client:
            client.wait_for_workers(2, timeout=60)
        run = school.begin(slow)
        said = until(run, BEGUN)
        with school.client() as client:
            end = time.monotonic() + 60
            while len(school.busy(client)) < 2:
                assert time.monotonic() < end
            ip("link", "set", "course-here", "down")
        said = is_right(school, run, said)
    finally:
        school.end()
        ip("link", "del", "course-here", check=False)
        ip("netns", "del", "course-cut", check=False)
