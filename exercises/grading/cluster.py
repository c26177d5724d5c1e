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
import platform
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from typing import Any

import dask
from distributed import Client, KilledWorker, LocalCluster, Security, get_worker, wait
from distributed.comm import CommClosedError
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
    "distributed.scheduler.allowed-failures": TRIES - 1,
    "distributed.scheduler.worker-saturation": 1.0,  # a worker holds what it grades and no more: its end is nobody else's
    "distributed.scheduler.worker-ttl": "30s",       # one that says nothing for so long is given up, and its submission graded elsewhere
    "distributed.comm.timeouts.connect": "10s",
    "distributed.comm.timeouts.tcp": "30s",
    "distributed.comm.require-encryption": True,
    "distributed.worker.memory.terminate": False,    # what a submission may use the sandbox says
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.admin.tick.limit": "1h",            # no complaints of a busy machine
    "distributed.logging": {"distributed": "error", "distributed.worker": "critical", "distributed.nanny": "critical"},
}


def security() -> Security:
    """The certificates in exercises/cluster/tls/, which `make certificates` has made. Raises Stop."""
    files = {name: TLS / file for name, file in PEM.items()}
    if missing := [path.name for path in files.values() if not path.exists()]:
        raise Stop(f"Workers on a scheduler are reached with certificates, and exercises/cluster/tls/ holds no {missing[0]}: make certificates "
                   "makes them, once; scheduler and workers need the same ones (exercises/cluster/README.md).")
    return Security(require_encryption=True, tls_ca_file=str(files["ca"]), **{
        f"tls_{who}_{what}": str(files[what]) for who in ("client", "scheduler", "worker") for what in ("cert", "key")})


# ---------------------------------------------------------------- what a worker is

def _sum():
    """Of the course's code and of the images that its checks look at; line ends don't count."""
    files = [path for path in COURSE.glob("*.py") if path.name != "conftest.py"]
    files += [*COURSE.glob("exercises/grading/*.py"), *COURSE.glob("exercises/checks/*.py"), *COURSE.glob("data/sample/**/*-ubyte")]
    whole = hashlib.sha256()
    for path in sorted(files):
        data = path.read_bytes()
        whole.update(path.relative_to(COURSE).as_posix().encode())
        whole.update(data.replace(b"\r\n", b"\n") if path.suffix == ".py" else data)
    return whole.hexdigest()


@functools.cache  # what is loaded, and not what lies on the disk later
def identity() -> dict:
    """What a process grades with: {"course": a sum, "Python": its version, package: its version or None}."""
    found = {"course": _sum(), "Python": platform.python_version().rpartition(".")[0]}
    for file in PACKAGES:
        for line in (COURSE / file).read_text(encoding="utf-8").splitlines():
            if re.match(r"[A-Za-z]", line):
                need = Requirement(line.partition(" #")[0])
                if need.marker is None:  # what is for one system alone is not compared
                    found[need.name] = _version(need.name)
    return found


def _version(package):
    try:
        return Version(importlib.metadata.version(package)).public  # a build for a GPU is the same version
    except importlib.metadata.PackageNotFoundError:
        return None


def differences(mine: dict, its: dict) -> list[str]:
    """In words, what makes a machine grade otherwise than this one."""
    if mine["course"] != its.get("course"):
        return ["it has another version of the course than this machine, or had when it started"]
    return [f"it has {name} {its.get(name) or '(none)'}, and this machine {mine[name] or 'has none'}" for name in mine if mine[name] != its.get(name)]


@functools.cache
def unfit(kind: str, expected: str) -> str:
    """On a worker: why it would not grade as the run's machine does, in words, or "". `kind`: of sandbox; `expected`: identity() there, as JSON."""
    found = differences(json.loads(expected), identity())
    if kind == "bubblewrap" and not found:
        try:
            sandboxes.check()
        except sandboxes.NoSandbox as error:
            found = [f"it can't make the sandbox. {error}".splitlines()[0].rstrip(".")]
    return "; ".join(found)


def judged(packet: bytes, kind: str, expected: str) -> str:
    """On a worker: a verdict, as JSON; where the worker is unfit, {"unfit": why, "worker": its address}."""
    if why := unfit(kind, expected):
        return json.dumps({"unfit": why, "worker": get_worker().address})
    return verdict(packet)


# ---------------------------------------------------------------- the run's side

class Crew:
    """The workers of one run. `where`: "local:4", four processes here, or the address of a scheduler, tls://host:8786."""

    def __init__(self, where: str, kind: str, say: Callable = print):
        self.kind, self.say, self.where = kind, say, where
        self.cluster: Any = None  # until it is entered
        self.client: Any = None
        self.refused, self.expected = {}, json.dumps(identity())
        if local := re.fullmatch(r"local:([1-9]\d?)", where):
            self.number, self.security = int(local[1]), Security.temporary()
        elif re.fullmatch(r"tls://[^/\s:]+:\d{1,5}", where) or re.fullmatch(r"tls://\[[0-9a-fA-F:]+\]:\d{1,5}", where):
            self.number, self.security = 0, security()
        else:
            raise Stop(f"WORKERS is {where!r}: write local:4 for four processes of this machine, or the address of a Dask scheduler, tls://host:8786.")

    def __enter__(self):
        self.settings = dask.config.set(SETTINGS)
        try:
            if self.number:
                self.cluster = LocalCluster(n_workers=self.number, threads_per_worker=1, processes=True, protocol="tls://", host="127.0.0.1",
                                            security=self.security, dashboard_address="127.0.0.1:0")
            self._connect(0)
        except BaseException:
            self.__exit__()
            raise
        port = self.client.scheduler_info()["services"].get("dashboard")
        self.say(f"Dask shows what its workers do: http://127.0.0.1:{port}/status{'' if self.cluster else ' on the machine of the scheduler'}", flush=True)
        return self

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
                self.client.run_on_scheduler(_allow_tries)
                return
            except (OSError, TimeoutError) as error:
                self._leave()
                if time.monotonic() > until:
                    raise Stop(f"There is no scheduler at {address} that this machine's certificates open ({_words(error)}). What was graded is "
                               "kept: make scheduler starts one, and then give the command again.") from None
                time.sleep(1)
            except ModuleNotFoundError as error:
                self._leave()
                raise Stop(f"The scheduler at {address} does not know the course ({error}): start it by make scheduler, with this version of "
                           "the course.") from None

    def _leave(self):
        if self.client is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self.client.close(timeout=2)
        self.client = None

    def _workers(self):
        return {address: str(told["name"]) for address, told in self.client.scheduler_info(n_workers=-1)["workers"].items()}

    def _ask_each(self, addresses, seconds, function, *arguments):
        """{address: the answer of each worker, or a RuntimeError in words}; one that has left is left out."""
        futures = {address: self.client.submit(function, *arguments, workers=[address], allow_other_workers=False, pure=False) for address in addresses}
        until = time.monotonic() + seconds
        while any(future.status == "pending" and address in self._workers() for address, future in futures.items()) and time.monotonic() < until:
            time.sleep(0.2)
        answers, there = {}, self._workers()
        for address, future in futures.items():
            if future.status == "finished":
                answers[address] = future.result()
            elif future.status == "error":
                answers[address] = RuntimeError(_words(future.exception()))
            elif address in there:
                answers[address] = RuntimeError(f"it did not answer in {seconds} s")
            future.cancel(force=True)
        return answers

    def refuse(self, address, why):
        """Grade nothing on a worker, and send it away."""
        name = self._workers().get(address, address)
        self.refused[address] = why
        self.say(f"Refused: the worker {name if name == address else f'{name} ({address})'}: {why}.")
        self.client.retire_workers([address])

    def check(self, packet: bytes, reasons) -> None:
        """Ask each worker what it is, have each grade the reference, and refuse by name those that would grade otherwise.

        `reasons`: a function of a verdict, why not all is well with it, a list. Raises Stop where no worker is left.
        """
        fit, until = set(), time.monotonic() + ANSWERS
        for _ in range(TRIES):  # one that ends meanwhile starts again, at another address
            if not (new := self._new(fit, until)):
                break
            for address, why in self._ask_each(new, ANSWERS, unfit, self.kind, self.expected).items():
                if why:
                    self.refuse(address, str(why))
            seconds = 2 * json.loads(packet)["limits"]["total_seconds"] + ANSWERS
            for address, said in self._ask_each(new - set(self.refused), seconds, verdict, packet).items():
                if found := [str(said)] if isinstance(said, RuntimeError) else reasons(said):
                    self.refuse(address, "the reference answers do not get full marks there: " + "; ".join(found))
                else:
                    fit.add(address)
        if self.refused and not fit:
            raise Stop("No worker is left that grades as this machine would, so nobody was graded.")
        if not fit:
            raise Stop(f"No worker has come to {self.where} in {ANSWERS} s: make workers SCHEDULER={self.where} starts some on a machine.")

    def _new(self, fit, until):
        """The addresses of workers that nobody has looked at; the first of all are waited for."""
        while not (new := set(self._workers()) - fit - set(self.refused)) and not fit and not self.refused and time.monotonic() < until:
            time.sleep(0.5)
        return new

    def verdicts(self, packets: Mapping[str, Callable[[], bytes]], most: int = 10**6) -> Iterator[tuple[str, str]]:
        """Yield (student, verdict) for each, as they come; what a worker or the scheduler took with it is graded anew.

        `packets`: {student: a function that makes the packet}. `most`: so many at a time. Raises Stop where nobody is left to grade.
        """
        waiting, running = collections.deque(packets), {}
        alone_since = None
        while waiting or running:
            try:
                free = min(most, len(self._workers())) - len(running)
                for student in [waiting.popleft() for _ in range(min(free, len(waiting)))]:
                    running[self.client.submit(judged, packets[student](), self.kind, self.expected, key=f"verdict-{next(_numbers)}", pure=False)] = student
                alone_since = None if self._workers() else alone_since or time.monotonic()
                if alone_since and time.monotonic() - alone_since > COMES_BACK:
                    raise Stop(f"No worker is left, and none came in {COMES_BACK} s. What was graded is kept: start some (make workers), and give "
                               "the command again.")
                if running:
                    with contextlib.suppress(TimeoutError):
                        wait(list(running), timeout=1, return_when="FIRST_COMPLETED")
                else:
                    time.sleep(0.5)
                done = [(future, future.status) for future in running if future.status in ("finished", "error")]
                if any(future.cancelled() for future in running) or self.client.status != "running":
                    raise CommClosedError(f"the connection is {self.client.status}")
                for future, status in done:
                    said = self._said(future) if status == "finished" else json.dumps({"error": self._why(future.exception())})
                    if said is None:
                        continue
                    student = running.pop(future)
                    told = json.loads(said)
                    if "unfit" in told:
                        if told["worker"] not in self.refused:
                            self.refuse(told["worker"], told["unfit"])
                        waiting.append(student)
                    else:
                        yield student, said
            except (OSError, CancelledError) as error:
                self.say(f"The scheduler is gone ({_words(error)}); waiting up to {COMES_BACK} s for it ...")
                waiting.extendleft(running.values())
                running.clear()
                self._leave()
                self._connect(COMES_BACK)

    @staticmethod
    def _said(future):
        """What a worker found, or None where the worker ended before it could be fetched, and another begins anew."""
        try:
            return future.result(timeout=30)
        except TimeoutError:
            return None

    @staticmethod
    def _why(error):
        return f"its worker ended, {TRIES} times" if isinstance(error, KilledWorker) else _words(error)


_numbers = itertools.count()


def _allow_tries(dask_scheduler):
    dask_scheduler.allowed_failures = TRIES - 1


def _words(error):
    return f"{type(error).__name__}: {error}".strip(": ")[:300]
