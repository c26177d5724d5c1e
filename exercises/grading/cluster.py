"""Grade on Dask's workers: other processes of this machine, or other machines (exercises/cluster/README.md).

A submission travels to a worker as bytes, and its verdict comes back as JSON (judge.py); nothing else does. Who writes the
gradebook is one process beside the run, as ever (run.py), so a submission that two workers graded, because the first was given
up for lost, is in it once.

Dask sends functions as pickles, and whoever reaches its scheduler can have it run anything: hence TLS, also on this machine.
"""
import collections
import contextlib
import functools
import hashlib
import importlib.metadata
import itertools
import json
import logging
import os
import platform
import re
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from datetime import datetime, timezone
from typing import Any

import dask
from cryptography import x509
from distributed import Client, KilledWorker, LocalCluster, Security, fire_and_forget, get_worker, wait
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError
from distributed.utils import sync
from packaging.requirements import Requirement
from packaging.version import Version

from . import sandbox as sandboxes
from .judge import verdict
from .keep import Stop

COURSE = sandboxes.COURSE
TLS = COURSE / "exercises" / "cluster" / "tls"
PEM = {"ca": "ca.pem", "cert": "certificate.pem", "key": "key.pem"}
PACKAGES = ("requirements.txt", "exercises/requirements.txt", "exercises/cluster/requirements.txt")
TRIES = 3        # workers that one submission may take down with it
ANSWERS = 60     # seconds until a worker must have said what it is
COMES_BACK = 120  # seconds that a scheduler which is gone is waited for
SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,      # a run counts the tries itself (verdicts)
    "distributed.scheduler.worker-ttl": "30s",       # one that says nothing for so long is given up, and its submission graded elsewhere
    "distributed.comm.timeouts.connect": "10s",
    "distributed.comm.timeouts.tcp": "30s",
    "distributed.comm.require-encryption": True,
    "distributed.worker.memory.terminate": False,    # what a submission may use the sandbox says
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.admin.tick.limit": "1h",            # no complaints of a busy machine
    "distributed.logging": {"distributed": "error", "distributed.worker": "critical", "distributed.nanny": "critical",
                            "distributed.client": "critical"},  # the run says in its own words what became of the scheduler
}


def security() -> Security:
    """The certificates in exercises/cluster/tls/, which `make certificates` has made. Raises Stop."""
    files = {name: TLS / file for name, file in PEM.items()}
    if missing := [path.name for path in files.values() if not path.exists()]:
        raise Stop(f"Workers on a scheduler are reached with certificates, and exercises/cluster/tls/ holds no {missing[0]}: make certificates "
                   "makes them, once; scheduler and workers need the same ones (exercises/cluster/README.md).")
    try:
        certificate = x509.load_pem_x509_certificate(files["cert"].read_bytes())
    except (OSError, ValueError) as error:
        raise Stop(f"{files['cert']} can't be read ({error}): delete exercises/cluster/tls/, and make others (make certificates).") from None
    now = datetime.now(timezone.utc)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Stop(f"The certificates in exercises/cluster/tls/ are good from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} to "
                   f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, and this machine's clock says {now:%Y-%m-%d %H:%M}. If it is right, delete the "
                   "folder, make others (make certificates), and copy them to every machine.")
    return Security(require_encryption=True, tls_ca_file=str(files["ca"]), **{
        f"tls_{who}_{what}": str(files[what]) for who in ("client", "scheduler", "worker") for what in ("cert", "key")})


# ---------------------------------------------------------------- what a worker is

def _files():
    """{name: its sum} of the course's code and of the images that its checks look at; line ends don't count."""
    files = [path for path in COURSE.glob("*.py") if path.name != "conftest.py"]
    files += [*COURSE.glob("exercises/grading/*.py"), *COURSE.glob("exercises/checks/*.py"), *COURSE.glob("data/sample/**/*-ubyte")]
    found = {}
    for path in sorted(files):
        data = path.read_bytes()
        data = data.replace(b"\r\n", b"\n") if path.suffix == ".py" else data
        found[path.relative_to(COURSE).as_posix()] = hashlib.sha256(data).hexdigest()[:16]
    return found


@functools.cache  # what is loaded, and not what lies on the disk later
def identity() -> dict:
    """What a process grades with: {"course": {file: its sum}, "with": {"Python" or package: its version or None}}."""
    found = {"Python": platform.python_version().rpartition(".")[0]}
    for file in PACKAGES:
        for line in (COURSE / file).read_text(encoding="utf-8").splitlines():
            if re.match(r"[A-Za-z]", line):
                need = Requirement(line.partition(" #")[0])
                if need.marker is None:  # what is for one system alone is not compared
                    found[need.name] = _version(need.name)
    return {"course": _files(), "with": found}


def _version(package):
    try:
        return Version(importlib.metadata.version(package)).public  # a build for a GPU is the same version
    except importlib.metadata.PackageNotFoundError:
        return None


def differences(mine: dict, its: dict) -> list[str]:
    """In words, what makes a machine grade otherwise than this one."""
    files = sorted(name for name in mine["course"] | its["course"] if mine["course"].get(name) != its["course"].get(name))
    said = [f"it has another version of the course than this machine, or had when it started: {files[0]}{' and more' * (len(files) > 1)}"] if files else []
    return said + [f"it has {name} {its['with'].get(name) or '(none)'}, and this machine {version or 'none'}"
                   for name, version in mine["with"].items() if version != its["with"].get(name)]


@functools.cache
def unfit(kind: str, expected: str) -> str:
    """On a worker: why it would not grade as the run's machine does, in words, or "". `kind`: of sandbox; `expected`: identity() there, as JSON."""
    found = differences(json.loads(expected), identity())
    if kind == "bubblewrap" and not found:
        try:
            sandboxes.check()
        except sandboxes.NoSandbox as error:
            found = [f"it can't make the sandbox. {error}".splitlines()[0].rstrip(".")]
    if kind == "none" and os.environ.get("COURSE_SANDBOX") != "none":
        found.append("it runs nothing without a sandbox: who owns it would have to start it with COURSE_SANDBOX=none")
    return "; ".join(found)


def resources() -> dict[str, float]:
    """What a worker of this course offers, in Dask's sense: only workers that offer it get submissions of the same course, also later."""
    offered = {_name(identity()): 1.0}
    with contextlib.suppress(sandboxes.NoSandbox):
        sandboxes.check()
        offered["bubblewrap"] = 1.0
    if os.environ.get("COURSE_SANDBOX") == "none":
        offered["none"] = 1.0
    return offered


def _name(identity):
    return f"course-{hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]}"


_references: dict[bytes, str] = {}  # on a worker: reference -> its verdict
_one = threading.Lock()


def judged(packet: bytes, kind: str, expected: str, reference: bytes) -> str:
    """On a worker: {"worker": its address, "said": the verdict, "reference": that of the reference answers there}, or {"unfit": why}, as JSON.

    Without a packet the reference is graded alone.
    """
    told = {"worker": get_worker().address}
    if why := unfit(kind, expected):
        return json.dumps(told | {"unfit": why})
    with _one:  # a worker of several threads: what a check prints would be mixed
        if reference not in _references:
            _references[reference] = _in_time(reference)
        said = _in_time(packet) if packet else ""
    return json.dumps(told | {"said": said, "reference": _references[reference]})


def _in_time(packet):
    """verdict(packet), or the end of this worker where its limits have not ended it long since.

    A grading that hangs (a disk that doesn't answer) would be waited for without end, as the worker goes on saying that it is well.
    Ended, it is started again, and the submission is tried elsewhere.
    """
    watch = threading.Timer(_longest(packet), os._exit, (1,))
    watch.daemon = True
    watch.start()
    try:
        return verdict(packet)
    finally:
        watch.cancel()


def _longest(packet):
    """Seconds after which a verdict is not to be waited for any more: its limits, twice, and what a slow machine needs to begin."""
    return 2 * json.loads(packet)["limits"]["total_seconds"] + ANSWERS


def _stand_aside(names):
    """On a worker: offer nothing any more."""
    worker = get_worker()
    sync(worker.loop, worker.set_resources, **dict.fromkeys(names, 0))


# ---------------------------------------------------------------- the run's side

def is_scheduler(where: str) -> bool:
    """Whether that is the address of a scheduler, tls://host:8786."""
    found = re.fullmatch(r"tls://([^/\s:]+|\[[0-9a-fA-F:]+\]):(\d{1,5})", where)
    return found is not None and 0 < int(found[2]) < 65536


class Crew:
    """The workers of one run. `where`: "local:4", four processes here, or the address of a scheduler, tls://host:8786."""

    def __init__(self, where: str, kind: str, say: Callable = print):
        self.kind, self.say, self.where = kind, say, where
        self.cluster: Any = None  # until it is entered
        self.client: Any = None
        self.expected = json.dumps(identity())
        self.needed = dict.fromkeys([_name(identity()), kind], 1)
        self.fit: set[str] = set()  # addresses of workers that have graded the reference rightly
        self.refused: dict[str, str] = {}  # address -> why
        self.seen: tuple[float, dict] = (0.0, {})
        if local := re.fullmatch(r"local:([1-9]\d?)", where):
            self.number, self.security = int(local[1]), Security.temporary()
        elif is_scheduler(where):
            self.number, self.security = 0, security()
        else:
            raise Stop(f"WORKERS is {where!r}: write local:4 for four processes of this machine (99 at most), or the address of a Dask scheduler, tls://host:8786.")

    def __enter__(self):
        self.settings = dask.config.set(SETTINGS)
        for name, level in SETTINGS["distributed.logging"].items():  # Dask has set them when it was imported
            logging.getLogger(name).setLevel(level.upper())
        try:
            if self.number:
                self.cluster = self._local()
            self._connect(0)
        except BaseException:
            self.__exit__()
            raise
        if port := self.client.scheduler_info()["services"].get("dashboard"):
            self.say(f"Dask shows what its workers do: http://127.0.0.1:{port}/status{'' if self.cluster else ' on the machine of the scheduler'}", flush=True)
        return self

    def _local(self):
        """Workers of this machine. Ctrl-C is left to the run: they end with it."""
        os.environ["COURSE_SANDBOX"] = self.kind
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return LocalCluster(n_workers=self.number, threads_per_worker=1, processes=True, protocol="tls://", host="127.0.0.1",
                                security=self.security, dashboard_address="127.0.0.1:0", resources=resources())
        finally:
            signal.signal(signal.SIGINT, before)

    def __exit__(self, *_):
        for part in (self.client, self.cluster):
            if part is not None:
                with contextlib.suppress(OSError, TimeoutError):
                    part.close(timeout=10)
        self.settings.__exit__(None, None, None)

    def _connect(self, seconds):
        """Be a client of the scheduler. Raises Stop."""
        address = self.cluster.scheduler_address if self.cluster else self.where
        until = time.monotonic() + seconds
        while True:
            try:
                self.client = Client(address, security=self.security, timeout=5)
                self.client.run_on_scheduler(_let_the_run_count)
                return
            except (OSError, TimeoutError) as error:
                self._leave()
                if time.monotonic() > until:
                    raise Stop(f"There is no scheduler at {address} that this machine's certificates open ({_words(error)}). What was graded is "
                               "kept: make scheduler starts one, and then give the command again.") from None
                time.sleep(1)
            except (ImportError, AttributeError) as error:
                self._leave()
                raise Stop(f"The scheduler at {address} does not know the course ({error}): start it by make scheduler, with this version of "
                           "the course.") from None

    def _again(self, error):
        """Be a client of the scheduler that was started again. Raises Stop."""
        self.say(f"The scheduler is gone ({_words(error)}); waiting up to {COMES_BACK} s for it ...", flush=True)
        self._leave()
        self._connect(COMES_BACK)

    def _there(self):
        """Raise CommClosedError where there is no connection."""
        if self.client.status != "running":
            raise CommClosedError(f"the connection is {self.client.status}")

    def _leave(self):
        if self.client is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self.client.close(timeout=2)
        self.client = None

    def _workers(self, age=1.0):
        """{address: what the scheduler knows of a worker}, as it was so many seconds ago at most."""
        if time.monotonic() - self.seen[0] > age:
            self._there()
            self.seen = (time.monotonic(), self.client.scheduler_info(n_workers=-1)["workers"])
        return self.seen[1]

    def _usable(self):
        """The addresses of the workers that submissions may be given to."""
        return [address for address, told in self._workers().items()
                if address not in self.refused and all(told["resources"].get(name, 0) >= 1 for name in self.needed)]

    def _ask_each(self, addresses, seconds):
        """{address: what `judged` says of the reference there, or {"unfit": why}}; a worker that has left meanwhile is left out."""
        futures = {address: self.client.submit(judged, b"", self.kind, self.expected, self.reference, workers=[address], allow_other_workers=False,
                                               pure=False) for address in addresses}
        until = time.monotonic() + seconds
        while any(future.status == "pending" and address in self._workers() for address, future in futures.items()) and time.monotonic() < until:
            time.sleep(0.2)
        answers, there = {}, self._workers(0)
        for address, future in futures.items():
            told = self._told(future) if future.status in ("finished", "error") else {"error": f"it did not answer in {seconds:.0f} s"}
            if told and "ended" not in told and address in there:
                answers[address] = {"unfit": told["error"]} if "error" in told else told
            future.cancel(force=True)
        return answers

    def _fault(self, address, told):
        """Why a worker must not grade, by what it told, or ""."""
        if "unfit" in told:
            return told["unfit"]
        if address not in self.fit:
            if reasons := self.reasons(told["reference"]):
                return "the reference answers do not get full marks there: " + "; ".join(reasons)
            self.fit.add(address)
        return ""

    def _refuse(self, address, why):
        """Grade nothing on a worker."""
        told = self._workers().get(address, {"name": address, "resources": {}})
        self.refused[address] = why
        name = address if told["name"] == address else f"{told['name']} ({address})"
        self.say(f"Refused: the worker {name}: {why}.", flush=True)
        if set(self.needed) <= set(told["resources"]):  # it would be given some
            fire_and_forget(self.client.submit(_stand_aside, list(self.needed), workers=[address], allow_other_workers=False, pure=False))

    def check(self, packet: bytes, reasons: Callable[[str], list[str]]) -> None:
        """Have each worker say what it is and grade the reference, and refuse by name those that would grade otherwise.

        `packet`: the reference; `reasons`: a function of a verdict, why not all is well with it. Raises Stop where no worker is left.
        """
        self.reference, self.reasons = packet, reasons
        until = time.monotonic() + ANSWERS
        for _ in range(TRIES):  # one that ends meanwhile starts again, at another address
            try:
                while not (new := set(self._workers()) - self.fit - set(self.refused)) and not self.fit and not self.refused and time.monotonic() < until:
                    time.sleep(0.5)
                for address, told in self._ask_each(new, _longest(packet)).items():
                    if why := self._fault(address, told):
                        self._refuse(address, why)
            except LOST as error:
                self._again(error)
                until = time.monotonic() + ANSWERS
        if self.refused and not self.fit:
            raise Stop("No worker is left that grades as this machine would, so nobody was graded.")
        if not self.fit:
            raise Stop(f"No worker has come to {self.where} in {ANSWERS} s: make workers SCHEDULER={self.where} starts some on a machine.")

    def verdicts(self, packets: Mapping[str, Callable[[], bytes]], most: int = 10**6) -> Iterator[tuple[str, str]]:
        """Yield (student, verdict) for each, as they come; what a worker or the scheduler took with it is graded anew.

        `packets`: {student: a function that makes the packet}. `most`: so many at a time. Raises Stop where nobody is left to grade.

        A submission whose worker ends is given to another. Its last try it has when all others are done, so that no other can have
        ended that worker: one may have waited there behind the other.
        """
        waiting, running, made, free = collections.deque(packets), {}, {}, 0
        numbers, ends, suspects = dict(zip(packets, itertools.count())), collections.Counter(), collections.deque()
        alone_since = None
        while waiting or running or suspects:
            if not waiting and not running:
                waiting.append(suspects.popleft())
            for student in itertools.islice(waiting, free):
                made[student] = made.get(student) or packets[student]()  # what fails here is this machine's
            try:
                self._there()
                while waiting and waiting[0] in made:
                    running[self._submit(made[waiting[0]], numbers[waiting[0]])] = waiting[0]
                    del made[waiting.popleft()]
                alone_since = None if self._usable() else alone_since or time.monotonic()
                if alone_since and time.monotonic() - alone_since > COMES_BACK:
                    raise Stop(f"No worker is left that may grade, and none came in {COMES_BACK} s. What was graded is kept: start some (make "
                               "workers), and give the command again.")
                if running:
                    with contextlib.suppress(TimeoutError):
                        wait(list(running), timeout=1, return_when="FIRST_COMPLETED")
                else:
                    time.sleep(0.5)
                self._there()
                if any(future.cancelled() for future in running):
                    raise CommClosedError("what was asked of it is cancelled")
                told = {future: self._told(future) for future in running if future.status in ("finished", "error")}
            except LOST as error:
                waiting.extendleft(running.values())
                running.clear()
                self._again(error)
                continue
            for future, found in told.items():
                if found is None:
                    continue
                student = running.pop(future)
                ends[student] += "ended" in found
                if "ended" in found and ends[student] < TRIES:
                    (waiting if ends[student] < TRIES - 1 else suspects).append(student)
                elif "error" in found:
                    yield student, json.dumps(found)
                elif why := self._fault(found["worker"], found):  # one that came later
                    waiting.append(student)
                    if found["worker"] not in self.refused:
                        waiting.extend(running.values())  # some may wait for that worker
                        others = list(running)
                        running.clear()
                        with contextlib.suppress(*LOST):
                            self._refuse(found["worker"], why)
                            self.client.cancel(others, force=True)
                        break
                else:
                    yield student, found["said"]
            with contextlib.suppress(*LOST):
                free = max(0, min(most, len(self._usable())) - len(running))

    def _submit(self, packet, number):
        return self.client.submit(judged, packet, self.kind, self.expected, self.reference, key=f"verdict-{number}-{uuid.uuid4().hex}", pure=False,
                                  resources=self.needed)

    @staticmethod
    def _told(future):
        """What a worker told, {"error": why not} with "ended" where it ended, or None where it ended before that could be fetched, and another begins anew."""
        try:
            return json.loads(future.result(timeout=30))
        except TimeoutError:
            return None
        except KilledWorker:
            return {"error": f"its worker ended, {TRIES} times", "ended": True}
        except LOST:
            raise
        except Exception as error:  # of Dask's, or of the worker's machine
            return {"error": _words(error)}


LOST = (OSError, CancelledError, ClosedClientError)  # what Dask raises where the scheduler is gone


def _let_the_run_count(dask_scheduler):
    dask_scheduler.allowed_failures = SETTINGS["distributed.scheduler.allowed-failures"]


def _words(error):
    return f"{type(error).__name__}: {error}".splitlines()[0].strip(": ")[:300]
