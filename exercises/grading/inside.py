"""The program in the sandbox: it runs cells as Jupyter does (IPython's shell) and answers over one pipe.

Nothing of the course's grading is imported here, and nothing that it answers is believed: it shares a process with a stranger's
code, which can change all of it. kernel.py, outside, reads a bounded number of bytes, takes them for data, and kills
what uses too much. A message is four bytes of length and JSON; every one repeats the number of its request.
"""
import json
import os
import signal
import struct
import sys
import threading
import time

LARGEST = 3_500_000  # bytes of a message; kernel.py reads up to 4,000,000
CHUNK = 30_000  # letters of a stream that are sent at a time


class Wire:
    """The pipe to the grader; several threads may write."""

    def __init__(self, file):
        self.file, self.lock, self.owner, self.number = file, threading.Lock(), os.getpid(), 0

    def send(self, kind, **content):
        if os.getpid() != self.owner:  # a process that a cell forked: in Jupyter too nothing of it is shown but what it prints
            return
        data = json.dumps({"kind": kind, "number": self.number, **content}).encode()
        if len(data) > LARGEST:
            data = json.dumps({"kind": kind, "number": self.number, "too large": len(data)}).encode()
        with self.lock:
            self.file.write(struct.pack(">I", len(data)) + data)
            self.file.flush()


class Stream:
    """What Python's print writes to: sent in pieces, from a forked process past Python."""

    encoding, errors, closed, newlines = "utf-8", "strict", False, None

    def __init__(self, wire, name):
        self.wire, self.name, self.waiting, self.size = wire, name, [], 0

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self.wire.owner:
            os.write(1, text.encode("utf-8", "replace"))
            return len(text)
        self.waiting.append(text)
        self.size += len(text)
        if self.size > CHUNK:
            self.flush()
        return len(text)

    def flush(self):
        waiting, self.waiting, self.size = self.waiting, [], 0
        text = "".join(waiting)
        for start in range(0, len(text), CHUNK):
            self.wire.send("stream", name=self.name, text=text[start:start + CHUNK])

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def fileno(self):
        return 1

    def isatty(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return True

    def seekable(self):
        return False

    def close(self):
        self.flush()


def words(error):
    """What an exception says, also where saying it fails."""
    try:
        return str(error)[:2000]
    except BaseException as another:
        return f"(an exception whose text can't be had: {type(another).__name__})"


def no_input(prompt=""):
    raise EOFError("input() asks for an answer, and nobody is there when answers are graded")


def make_shell(wire):
    """IPython's shell, whose outputs go to the wire."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    def send(kind, data):
        sys.stdout.flush()
        sys.stderr.flush()
        wire.send(kind, data={str(key): value for key, value in data.items()
                              if key in ("text/plain", "text/html", "image/png") and isinstance(value, str)})

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, *, transient=None, update=False, **kwargs):
            send("display_data", data)

        def clear_output(self, wait=False):
            sys.stdout.flush()
            wire.send("clear")

    class Result(DisplayHook):
        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            send("execute_result", format_dict)

        def finish_displayhook(self):
            self._is_active = False

    class Shell(InteractiveShell):
        displayhook_class, display_pub_class = Result, Publisher
        kernel = None  # what tells a notebook from a terminal, for utils.show and other libraries
        system = InteractiveShell.system_raw

        def enable_gui(self, gui=None):
            pass

        asking = False

        def ask_exit(self):  # exit() and quit(): the cells after it count too
            if self.asking:
                raise SystemExit("exit()")

        def _showtraceback(self, etype, evalue, stb):
            sys.stdout.flush()
            sys.stderr.flush()
            wire.send("error", ename=str(etype.__name__)[:200], evalue=words(evalue),
                      traceback=[str(line)[:2000] for line in stb][:100])

    home = os.environ.get("IPYTHONDIR", "") or os.path.join(os.environ.get("TMPDIR", "/tmp"), "ipython")
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.ipython_dir = home
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.autocall = 0
    return Shell.instance(config=config)


def execute(shell, wire, code, unless):
    """Run a cell, unless a name has a value already; errors and outputs go over the wire."""
    if not (unless and unless in shell.user_ns):
        shell.run_cell(code, store_history=True)
    sys.stdout.flush()
    sys.stderr.flush()
    wire.send("done")


def ask(shell, wire, modules, toolkit, name, request):
    """Put a check's question to an answer; send its reply, a text."""
    if name not in shell.user_ns:
        wire.send("reply", text=None, reason="undefined")
        return
    for module_name, module in modules.items():  # a cell may have put another there, or none
        if sys.modules.get(module_name) is not module:
            sys.modules[module_name] = module
    for module, as_it_was in toolkit:
        vars(module).update(as_it_was)
    shell.asking = True
    try:
        text = modules["exercises.checks"].serve(shell.user_ns[name], request)
        wire.send("reply", text=text if isinstance(text, str) else None, reason="")
    except KeyboardInterrupt:
        wire.send("reply", text=None, reason="interrupted")
    except BaseException as error:
        wire.send("reply", text=None, reason=f"{type(error).__name__}: {words(error)}"[:300])
    finally:
        shell.asking = False


def read(file, size):
    data = file.read(size)
    if len(data) < size:
        os._exit(0)  # the grader is gone
    return data


def outlive_nobody(parent):
    """End this process when the one that started it is gone (in the sandbox its process 1, which ends with bubblewrap)."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def confine(processes, user):
    """Take on a user id of one's own, where root made the sandbox, and the limit on processes."""
    import resource
    if user:
        for folder in ("/tmp", "/tmp/work", "/tmp/matplotlib", "/dev/shm"):
            os.chmod(folder, 0o1777)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if processes:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))


def main(replies, processes, user):
    confine(processes, user)
    requests = open(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.modules["inside"] = sys.modules["__main__"]  # the shell makes a __main__ of its own, and this one must stay
    wire = Wire(open(replies, "wb"))
    sys.stdin = open(os.devnull)
    sys.stdout, sys.stderr = Stream(wire, "stdout"), Stream(wire, "stderr")
    import builtins
    builtins.input = no_input
    import getpass
    getpass.getpass = no_input
    threading.Thread(target=outlive_nobody, args=(os.getppid(),), daemon=True).start()
    shell = make_shell(wire)
    sys.path[0] = ""  # as in a notebook: the folder where it is
    import exercises.checks  # noqa: F401  PyTorch with it, before anybody's time is counted
    toolkit = [(module, dict(vars(module))) for name, module in sys.modules.items() if name.startswith("exercises.checks")]
    modules = {name: module for name, module in sys.modules.items() if name != "__main__"}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wire.send("ready")
    while True:
        size, = struct.unpack(">I", read(requests, 4))
        request = json.loads(read(requests, size))
        wire.number = request["number"]
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if request["kind"] == "execute":
                execute(shell, wire, request["code"], request["unless"])
            else:
                ask(shell, wire, modules, toolkit, request["name"], request["request"])
        except KeyboardInterrupt:
            wire.send("done")
        finally:
            if os.getpid() != wire.owner:  # a process that the cell forked, and that came back from it
                os._exit(0)
            signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
