"""A Jupyter kernel for code that nobody trusts.

Bubblewrap gives it a file system of its own (Python, the course's `utils.py`, `data/` and `exercises/checks/`,
all read-only, and an empty scratch folder in memory), no network, and no other process in sight; the kernel of
the operating system limits memory, processes and file sizes, and a watchdog the sum of them.
"""
import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

COURSE = Path(__file__).resolve().parents[2]
MB = 1_000_000
INSTALL = """Student code is run in a sandbox, and bubblewrap, which makes it, {what}.
  Debian, Ubuntu: sudo apt-get install bubblewrap      Fedora: sudo dnf install bubblewrap
  On macOS and Windows grade in a Linux virtual machine or WSL.
To run strangers' code on this machine without a sandbox, with your files and your network in its reach,
say so by name: SANDBOX=none (make grade) or COURSE_SANDBOX=none (nbgrader's own commands)."""


class NoSandbox(Exception):
    """The sandbox can't be made on this machine; the message says how to change that."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""
    cell_seconds: float = 30     # a cell of the student's, or one question of a check
    total_seconds: float = 300   # the whole submission
    memory: int = 3000 * MB      # all its processes together, resident
    processes: int = 100         # threads included
    files: int = 200 * MB        # the scratch folder
    output: int = 1 * MB         # kept of a cell; at 20 times that the cell is stopped


def check_bubblewrap():
    """Raise NoSandbox unless bubblewrap is there and works."""
    if shutil.which("bwrap") is None:
        raise NoSandbox(INSTALL.format(what="is not installed"))
    done = subprocess.run([*_bubblewrap(), "--", sys.executable, "-c", ""], capture_output=True, text=True)
    if done.returncode:
        raise NoSandbox(INSTALL.format(what=f"does not work here ({done.stderr.strip()})") + "\nOn Ubuntu 24.04 and "
                        "later, user namespaces may be restricted: see exercises/README.md.")


@functools.cache
def _no_namespaces():
    """The options that forbid user namespaces inside, where this bubblewrap (0.8 or newer) and this system have them."""
    options = ["--unshare-user", "--disable-userns"]
    test = subprocess.run(["bwrap", "--ro-bind", "/", "/", "--proc", "/proc", *options, "--", "true"], capture_output=True)
    return options if test.returncode == 0 else []


def _bubblewrap():
    """The command line up to where a sandbox's own files are added."""
    command = ["bwrap", "--unshare-all", *_no_namespaces(), "--die-with-parent", "--new-session", "--clearenv",
               "--proc", "/proc", "--dev", "/dev", "--size", str(100 * MB), "--tmpfs", "/dev/shm",
               "--size", str(Limits.files), "--tmpfs", "/tmp", "--dir", "/tmp/work", "--dir", "/tmp/matplotlib", "--chdir", "/tmp/work"]
    if os.geteuid() == 0:
        command += ["--uid", "65534", "--gid", "65534"]
    for folder in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts",
                   "/etc/localtime"):
        if os.path.islink(folder) and folder.count("/") == 1:
            command += ["--symlink", os.readlink(folder), folder]
        else:
            command += ["--ro-bind-try", folder, folder]
    for folder in sorted({os.path.realpath(sys.base_prefix), sys.base_prefix, sys.prefix}):
        if not folder.startswith("/usr/") and folder != "/usr":
            command += ["--ro-bind", folder, folder]
    modules = sorted(path.name for path in COURSE.glob("*.py") if path.name != "conftest.py")  # utils.py and what it imports
    for part in (*modules, "data", "exercises/checks"):
        command += ["--ro-bind", str(COURSE / part), f"/course/{part}"]
    environment = {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "HOME": "/tmp/work", "USER": "student", "LANG": "C.UTF-8",
                   "PYTHONPATH": "/course", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "agg", "COURSE_DATA": "sample",
                   "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "NBGRADER_EXECUTION": "autograde", "MPLCONFIGDIR": "/tmp/matplotlib"}
    for name, value in environment.items():
        command += ["--setenv", name, value]
    return command


class Kernel:
    """A kernel in a sandbox; use it in a `with` statement.

    `sandbox`: "bubblewrap", or "none" for an ordinary process (limits then hold for time, output and memory only).
    `events` gathers, in words, what the limits stopped.
    """

    def __init__(self, sandbox="bubblewrap", limits=Limits()):
        if sandbox not in ("bubblewrap", "none"):
            raise ValueError(f"The sandbox is {sandbox!r}: use bubblewrap or none.")
        self.sandbox, self.limits = sandbox, limits
        self.events, self.process, self.client = [], None, None
        self.ends = time.monotonic() + limits.total_seconds

    def __enter__(self):
        if self.sandbox == "bubblewrap":
            check_bubblewrap()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- life

    def start(self):
        """Start the kernel's process and wait until it answers."""
        self.folder = tempfile.mkdtemp(prefix="kernel-")
        sockets = Path(self.folder, "sockets")
        sockets.mkdir()
        connection = Path(self.folder, "connection.json")
        write_connection_file(str(connection), transport="ipc", ip=str(sockets / "s"))
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", str(connection), "--HistoryManager.enabled=False"]
        if self.sandbox == "bubblewrap":
            command = [*_bubblewrap(), *_font_list(), "--bind", str(sockets), str(sockets),
                       "--ro-bind", str(connection), str(connection), "--", *launch]
            work, environment = self.folder, {"PATH": os.environ["PATH"]}
        else:
            command, work = launch, Path(self.folder, "work")
            work.mkdir()
            environment = {**os.environ, "PYTHONPATH": str(COURSE), "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1",
                           "NBGRADER_EXECUTION": "autograde"}
        self.process = subprocess.Popen(command, cwd=work, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                        preexec_fn=self._limit)
        self.killed = ""
        threading.Thread(target=self._watch, args=(self.process, self.folder), daemon=True).start()
        self.context = zmq.Context()
        self.context.setsockopt(zmq.MAXMSGSIZE, 50 * MB)  # a larger message from there never arrives here
        self.client = BlockingKernelClient(context=self.context)
        self.client.load_connection_file(str(connection))
        self.client.allow_stdin = False
        self.client.start_channels(stdin=False, hb=False)
        self.client.wait_for_ready(timeout=60)

    def stop(self):
        """Kill the kernel with all that it started."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        if self.sandbox == "none":
            for child in self._processes(self.process):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        self.process.wait()
        if self.client:
            self.client.stop_channels()
            self.context.destroy(linger=0)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.process = self.client = None

    def _limit(self):
        """Run in the new process, before bubblewrap or the kernel."""
        import resource  # not on Windows, where only releases are made
        os.nice(5)  # the watchdog comes first
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (Limits.files, Limits.files))
        resource.setrlimit(resource.RLIMIT_DATA, (2 * self.limits.memory,) * 2)
        if self.sandbox == "bubblewrap" and os.geteuid():
            # Counted for the user: on top of what the grader's own processes use.
            resource.setrlimit(resource.RLIMIT_NPROC, (self.limits.processes + _threads_of_this_user(),) * 2)

    @staticmethod
    def _processes(process):
        try:
            return psutil.Process(process.pid).children(recursive=True)
        except psutil.Error:
            return []

    def _watch(self, process, folder):
        """Kill the process when all that it started goes past the limits together."""
        while process.poll() is None:
            memory = count = 0
            for child in self._processes(process):
                with contextlib.suppress(psutil.Error):
                    memory += child.memory_info().rss
                    count += child.num_threads()
            sockets = sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(Path(folder, "sockets"))) \
                if os.path.isdir(Path(folder, "sockets")) else 0
            for used, most, words in ((memory, self.limits.memory, f"more than {self.limits.memory // MB} MB of memory"),
                                      (count, 2 * self.limits.processes, "too many processes"),
                                      (sockets, MB, "files where the sockets are")):
                if used > most:
                    self.killed = words
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, 9)
                    return
            time.sleep(0.1)

    # ---- work

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def execute(self, code):
        """Run a cell; return (outputs, problem): nbformat outputs, and None or what stopped it, in words."""
        outputs, size = [], 0

        def keep(message):
            nonlocal size
            kind, content = message["msg_type"], message["content"]
            if kind not in ("stream", "error", "execute_result", "display_data"):
                return
            before, size = size, size + sum(len(str(value)) for value in content.values())
            if kind == "stream" and before < self.limits.output:
                content["text"] = content["text"][:self.limits.output - before]
            if before < self.limits.output and (kind == "stream" or size <= self.limits.output):
                outputs.append(nbformat.v4.output_from_msg(message))
            if size > 20 * self.limits.output:
                raise _TooMuch

        _, problem = self._talk(dict(code=code), keep)
        if size > self.limits.output:
            outputs.append(nbformat.v4.new_output("stream", text="[The rest of the output was cut.]\n"))
            problem = problem or f"output of more than {self.limits.output // MB} MB, cut"
        return outputs, problem

    def ask(self, expression):
        """Evaluate an expression there; return (text of its value or None, problem or None)."""
        reply, problem = self._talk(dict(code="", silent=True, user_expressions={"value": expression}), lambda _: None)
        if reply is None:
            return None, problem
        value = reply.get("user_expressions", {}).get("value", {})
        if value.get("status") == "ok":
            return value["data"]["text/plain"], None
        return None, problem or f"{value.get('ename', 'Error')}: {value.get('evalue', 'no answer')}"

    def _talk(self, request, hook):
        """Send an execute request; return (its reply's content or None, problem or None)."""
        limit = min(self.limits.cell_seconds, self.ends - time.monotonic())
        if limit <= 0:
            return None, f"more than {self.limits.total_seconds:g} s for the whole submission"
        if not self.alive:
            return None, "the kernel is not running"
        until, id_ = time.monotonic() + limit, self.client.execute(**request)
        reply, idle, interrupted = None, False, False
        while not (reply and idle):
            if not self.alive:
                return None, self._died()
            if time.monotonic() > until:
                if reply:  # a message too large to arrive took the end of the output with it
                    return reply, None
                if interrupted:
                    self.stop()
                    return None, f"more than {limit:.0f} s, and deaf to the interrupt"
                self.client.control_channel.send(self.client.session.msg("interrupt_request", {}))
                interrupted, until = True, time.monotonic() + 3
            with contextlib.suppress(Exception):  # queue.Empty, or a message that is none
                message = self.client.get_iopub_msg(timeout=0.05 if not idle else 0.001)
                if message["parent_header"].get("msg_id") == id_:
                    idle = idle or message["content"].get("execution_state") == "idle"
                    try:
                        hook(message)
                    except _TooMuch:
                        self.stop()
                        return None, f"output of more than {20 * self.limits.output // MB} MB"
            if not reply:
                with contextlib.suppress(Exception):
                    message = self.client.get_shell_msg(timeout=0.05 if idle else 0.001)
                    if message["parent_header"].get("msg_id") == id_:
                        reply, until = message["content"], min(until, time.monotonic() + 5)
        return reply, f"more than {limit:.0f} s, interrupted" if interrupted else None

    def _died(self):
        self.process.wait()
        words = self.killed or "something that ended its process (a crash, exit, or a limit of the system)"
        self.stop()
        return words


class _TooMuch(Exception):
    """A cell printed far more than anybody will read."""


def _threads_of_this_user():
    total = 0
    for process in psutil.process_iter(["uids", "num_threads"]):
        if process.info["uids"] and process.info["uids"].real == os.getuid():
            total += process.info["num_threads"] or 0
    return total


@functools.cache
def _font_list():
    """Matplotlib's list of fonts, made here once: building it would cost each sandbox seconds."""
    import matplotlib
    import matplotlib.font_manager  # noqa: F401  writes the list
    return [part for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json")
            for part in ("--ro-bind", str(path), f"/tmp/matplotlib/{path.name}")]
