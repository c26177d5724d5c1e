"""A process that runs a stranger's cells, seen from outside: started, asked, watched and ended here.

It is no Jupyter kernel: those talk over sockets in a folder that both sides can write, through queues of messages that nobody
bounds. Here one pipe goes in and two come out, and every byte of them is counted before it is kept or parsed.
"""
import contextlib
import json
import os
import selectors
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time

import psutil
from nbformat import v4

from . import sandbox
from .sandbox import MB, Limits

LARGEST = 4 * MB  # bytes of one message: made of JSON's emptiest lists, 100 MB of memory here
EACH = 500        # letters that an output counts for besides what it says
START = 60        # seconds until Python must be ready
GRACE = 2         # seconds of processor time to come to an end after an interrupt


class Kernel:
    """Runs cells in a sandbox; use it in a `with` statement.

    `kind`: "bubblewrap", or "none" for an ordinary process (limits then hold for time, output and memory only).
    `events` gathers, in words, what the limits stopped; `by_clock` is True where one of them was only the clock's, so that
    a busy machine may be the reason.
    """

    def __init__(self, kind="bubblewrap", limits=Limits()):
        if kind not in ("bubblewrap", "none"):
            raise ValueError(f"The sandbox is {kind!r}: use bubblewrap or none.")
        self.kind, self.limits = kind, limits
        self.events, self.by_clock, self.process = [], False, None
        self.used_before, self.used, self.number, self.kept = 0.0, 0.0, 0, 0
        self.ends = time.monotonic() + 2 * limits.total_seconds

    def __enter__(self):
        if self.kind == "bubblewrap":
            sandbox.check()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- life

    def start(self):
        """Start the process and wait until it is ready. Raises RuntimeError where it never is."""
        self.folder = tempfile.mkdtemp(prefix="grading-") if self.kind == "none" else None
        self.replies, writing = os.pipe()
        try:
            self.process = (sandbox.launch(self.limits, writing) if self.kind == "bubblewrap" else
                            sandbox.launch_unconfined(self.limits, writing, self.folder))
        finally:
            os.close(writing)
        self.requests, self.raw = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.selector = selectors.DefaultSelector()
        for pipe in (self.requests, self.replies, self.raw):
            os.set_blocking(pipe, False)
            if pipe != self.requests:
                self.selector.register(pipe, selectors.EVENT_READ)
        self.buffer, self.said, self.received, self.killed = bytearray(), bytearray(), 0, ""
        self.used, self.answering = 0.0, None
        until = time.monotonic() + START
        said = ""
        while (message := self._message() or {}).get("kind") != "ready":
            said += str(message.get("text", ""))
            if not message and (time.monotonic() > until or not self.alive):
                said += self.said.decode(errors="replace").strip()
                self.stop()
                raise RuntimeError(f"Python did not start in the sandbox: {said[-300:] or 'no answer'}")
            self._exchange(0.1)
        # No code of a student's has run yet: the process that answers is the one that started no other.
        self.answering = [process for process in self._processes(self.process) if not process.children()][-1]
        self.used_at_start, self.waited = _seconds(self._processes(self.process)), _waited(self._processes(self.process))
        threading.Thread(target=self._watch, args=(self.process,), daemon=True).start()

    def stop(self):
        """Kill the process with all that it started."""
        if self.process is None:
            return
        started = self._processes(self.process) if self.kind == "none" else []
        _kill(self.process)
        for process in started:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()
        self.selector.close()
        os.close(self.replies)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.used_before += self.used
        self.used, self.process = 0.0, None

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    @property
    def spent(self):
        """Whether the submission's time is used up."""
        return self.used_before + self.used >= self.limits.total_seconds or time.monotonic() >= self.ends

    # ---- watching

    @staticmethod
    def _processes(process):
        """The process and all that it started."""
        try:
            first = psutil.Process(process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _watch(self, process):
        """Kill the process when all that it started goes past the limits together, or when that can't be told any more."""
        try:
            while process.poll() is None:
                past = self._past_limits(self._processes(process))
                if past:
                    break
                time.sleep(0.1)
            else:
                return
        except BaseException as error:  # nobody runs unwatched
            past = f"the grader, which could not count what it uses ({type(error).__name__})" if process.poll() is None else ""
        self.killed = self.killed or past
        _kill(process)

    def _past_limits(self, processes):
        """What is used too much of, in words, or ""."""
        self.used = max(self.used, _seconds(processes) - self.used_at_start)
        self.waited = max(self.waited, _waited(processes)) if self.waited is not None else None
        memory, threads, descriptors = (sum(parts) for parts in zip(*map(_use, processes), strict=True)) if processes else (0, 0, 0)
        if memory > self.limits.memory:
            memory = sum(map(_share, processes)) or memory
        files = 0
        if self.kind == "bubblewrap":
            for folder in ("tmp", "dev/shm"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                    there = os.statvfs(f"/proc/{self.answering.pid}/root/{folder}")
                    files += there.f_files - there.f_ffree
        for used, most, words in ((memory, self.limits.memory, f"more than {self.limits.memory // MB} MB of memory"),
                                  (threads, 2 * self.limits.processes, "too many processes"),
                                  (descriptors, self.limits.descriptors, f"more than {self.limits.descriptors} open files"),
                                  (files, self.limits.file_count, f"more than {self.limits.file_count:,} files")):
            if used > most:
                return words
        return ""

    # ---- talking

    def execute(self, code, unless=""):
        """Run a cell; return (outputs, problem): nbformat outputs, and None or what stopped it, in words.

        `unless`: a name; where it has a value already, the cell is left out.
        """
        most = min(self.limits.output, self.limits.outputs - self.kept)
        kept = _Outputs(most)
        _, problem = self._talk(dict(kind="execute", code=code, unless=unless), kept)
        kept.add_stream("stdout", self.said.decode(errors="replace"))
        self.kept += min(kept.size, most)
        if kept.size > most or self.received > self.limits.output + LARGEST:
            kept.outputs.append(v4.new_output("stream", text="[The rest of the output was cut.]\n"))
            problem = problem or (f"output of more than {self.limits.output // MB} MB, cut" if most == self.limits.output else
                                  f"output of more than {self.limits.outputs // MB} MB in all, cut")
        return kept.outputs, problem

    def ask(self, name, request):
        """Put a check's question to the answer called `name`; return (reply, reason): its text, or None and why there is none.

        The reason "undefined": there is no such answer.
        """
        reply, problem = self._talk(dict(kind="ask", name=name, request=request), lambda message: None)
        text, reason = (reply.get("text"), reply.get("reason")) if reply else (None, None)
        if problem or not isinstance(text, str):
            return None, problem or (reason if isinstance(reason, str) and reason else "no answer")[:300]
        return text, None

    def _talk(self, request, hook):
        """Send a request; return (its last message or None, problem or None). `hook` gets the messages before."""
        if self.spent:
            return None, f"more than {self.limits.total_seconds:g} s for the whole submission"
        if not self.alive:
            return None, self.killed or "its process is not running"
        self.number += 1
        self.received, self.said = 0, bytearray()
        data = json.dumps({"number": self.number, **request}).encode()
        unsent = memoryview(struct.pack(">I", len(data)) + data)
        clock = _Clock(self, min(self.limits.cell_seconds, self.limits.total_seconds - self.used_before - self.used))
        try:
            while True:
                unsent = self._exchange(0.05, unsent)
                while (message := self._message()) is not None:
                    if message.get("number") != self.number:
                        continue
                    if message.get("kind") in ("done", "reply"):
                        self._exchange(0)  # what was printed past Python lies in another pipe
                        return message, clock.problem
                    hook(message)
                if not self.alive:
                    return None, clock.problem or self._died()
                if self.received > 20 * self.limits.output:
                    raise _Broken(f"output of more than {20 * self.limits.output // MB} MB")
                if clock.is_up():
                    if clock.problem:
                        raise _Broken(f"{clock.limit}, and deaf to the interrupt")
                    clock.interrupt()
        except _Broken as error:
            self.stop()
            return None, str(error)

    def _exchange(self, seconds, unsent=None):
        """Wait at most so long for the pipes; read, and write what is unsent; return what is still unsent."""
        if unsent:
            self.selector.register(self.requests, selectors.EVENT_WRITE)
        ready = [key.fd for key, _ in self.selector.select(seconds)]
        if unsent:
            self.selector.unregister(self.requests)
        for pipe in ready:
            if pipe == self.requests:
                with contextlib.suppress(BlockingIOError, BrokenPipeError):
                    unsent = unsent[os.write(pipe, unsent[:65536]):]
                continue
            data = b""
            with contextlib.suppress(BlockingIOError):
                data = os.read(pipe, 262144)
                if not data:  # closed by all in there: nothing more will come
                    self.selector.unregister(pipe)
                    if pipe == self.replies and self.answering:
                        raise _Broken("its end of the pipe that it answers through was closed") if self._lives_on() else _Broken(self._died())
            self.received += len(data)
            if pipe == self.replies:
                self.buffer += data
            elif len(self.said) < self.limits.output:
                self.said += data[:self.limits.output - len(self.said)]
        return unsent

    def _lives_on(self):
        """Whether the process is still there a moment after its pipe was closed."""
        with contextlib.suppress(Exception):
            self.process.wait(1)
        return self.alive

    def _message(self):
        """The next whole message, a dictionary, or None."""
        if len(self.buffer) < 4:
            return None
        size, = struct.unpack(">I", self.buffer[:4])
        if size > LARGEST:
            raise _Broken("an answer that is far too large, or none")
        if len(self.buffer) < 4 + size:
            return None
        data = bytes(self.buffer[4:4 + size])
        del self.buffer[:4 + size]
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise _Broken("an answer that nobody can read")
        return message

    def _died(self):
        self.process.wait()
        words = self.killed or "something that ended its process (a crash, exit, or a limit of the system)"
        self.stop()
        return words


class _Clock:
    """The time of one request: the processor's, and the wall's, so many times as long."""

    def __init__(self, kernel, seconds):
        self.kernel, self.seconds, self.problem, self.limit = kernel, seconds, None, ""
        self.until_used = kernel.used + seconds
        self.began, self.waited = time.monotonic(), kernel.waited
        self.until = min(time.monotonic() + kernel.limits.patience * seconds, kernel.ends)

    def is_up(self):
        return self.kernel.used >= self.until_used or time.monotonic() >= self.until

    def was_kept_waiting(self):
        """Whether it wanted a processor for a good part of the time and got none, and did not just sleep."""
        if self.waited is None:
            return True  # this system does not tell
        return self.kernel.waited - self.waited > (time.monotonic() - self.began) / 4

    def interrupt(self):
        kernel = self.kernel
        if kernel.used < self.until_used:
            kernel.by_clock = kernel.by_clock or self.was_kept_waiting()
            self.limit = f"more than {kernel.limits.patience * self.seconds:.0f} s by the clock"
        else:
            self.limit = f"more than {self.seconds:.0f} s"
        self.problem = f"{self.limit}, interrupted"
        self.until_used = kernel.used + GRACE
        self.until = time.monotonic() + kernel.limits.patience * GRACE
        with contextlib.suppress(psutil.Error):
            kernel.answering.send_signal(signal.SIGINT)


class _Broken(Exception):
    """Nothing more can be had of this process; the message says why."""


class _Outputs:
    """A cell's outputs, up to a size."""

    def __init__(self, most):
        self.most, self.size, self.outputs = most, 0, []

    def __call__(self, message):
        kind = message.get("kind")
        if kind == "clear":
            self.outputs.clear()
        elif kind == "stream":
            self.add_stream(message.get("name"), message.get("text"))
        elif kind in ("display_data", "execute_result"):
            data = message.get("data")
            data = {key: value for key, value in data.items() if isinstance(value, str)} if isinstance(data, dict) else {}
            if "too large" in message:
                data = {"text/plain": "[An output that is far too large was left out.]"}
            self._add(sum(map(len, data.values())), v4.new_output(kind, data))
        elif kind == "error":
            ename, evalue, lines = (message.get(name) for name in ("ename", "evalue", "traceback"))
            lines = [str(line)[:2000] for line in lines[:100]] if isinstance(lines, list) else []
            self._add(len(str(ename)[:200]) + len(str(evalue)[:2000]) + sum(map(len, lines)), v4.new_output("error", ename=str(ename)[:200], evalue=str(evalue)[:2000], traceback=lines))

    def add_stream(self, name, text):
        if not isinstance(text, str) or not text:
            return
        left, name = self.most - self.size, "stderr" if name == "stderr" else "stdout"
        last = self.outputs[-1] if self.outputs else None
        self.size += len(text) + (0 if last and last.output_type == "stream" and last.name == name else EACH)
        if left <= 0:
            return
        if last and last.output_type == "stream" and last.name == name:
            last.text += text[:left]
        else:
            self.outputs.append(v4.new_output("stream", name=name, text=text[:left]))

    def _add(self, size, output):
        self.size += size + EACH
        if self.size <= self.most:
            self.outputs.append(output)


def _kill(process):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _seconds(processes):
    """The processor time of these, and of what they started and outlived."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _waited(processes):
    """Seconds that these waited for a processor, None where the system does not tell."""
    if not os.path.exists("/proc/self/schedstat"):
        return None
    total = 0.0
    for process in processes:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            for task in os.listdir(f"/proc/{process.pid}/task"):
                with open(f"/proc/{process.pid}/task/{task}/schedstat") as file:
                    total += int(file.read().split()[1]) / 1e9
    return total


def _share(process):
    """Bytes of memory of a process, pages that it has in common with others divided among them: slower, and fair to forks."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(("Pss:", "SwapPss:")))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return _status(process)[0]


def _use(process):
    """(bytes of memory, threads, open files) of a process; nothing where it has ended."""
    if sys.platform != "linux":
        with contextlib.suppress(psutil.NoSuchProcess):
            return process.memory_info().rss, process.num_threads(), 0
        return 0, 0, 0
    memory, threads = _status(process)
    if not memory:  # it is ending
        return 0, threads, 0
    try:
        return memory, threads, len(os.listdir(f"/proc/{process.pid}/fd"))
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0, 0
    except PermissionError:  # it is ending, or it hides: then it counts for as many as it may have
        return memory, threads, sandbox.DESCRIPTORS if _status(process)[0] else 0


def _status(process):
    """(bytes of memory, in RAM, swapped and for its page tables; threads) of a process, 0 where it has ended."""
    try:
        with open(f"/proc/{process.pid}/status", errors="replace") as file:
            lines = dict(line.split(":", 1) for line in file.read().splitlines() if ":" in line)
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0
    return sum(int(lines.get(name, "0 kB").split()[0]) * 1024 for name in ("VmRSS", "VmSwap", "VmPTE")), int(lines.get("Threads", 0))
