"""The sandbox from inside: what a stranger's code can't do to the grader's machine, and what it is told. (Whole classes: test_hostile.py.)"""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from classroom import NEEDS_A_SANDBOX

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for `exercises`

from exercises.grading import sandbox  # noqa: E402
from exercises.grading.kernel import Kernel  # noqa: E402
from exercises.grading.sandbox import MB, Limits  # noqa: E402

pytestmark = NEEDS_A_SANDBOX
SHORT = Limits(cell_seconds=4)


def told(kernel, code):
    """What a cell printed and raised, a text, and what stopped it."""
    outputs, problem = kernel.execute(code)
    return "".join(output.get("text", "") + output.get("ename", "") for output in outputs), problem


@pytest.fixture(scope="module")
def kernel():
    with Kernel(limits=Limits(cell_seconds=60)) as kernel:
        yield kernel


# ---------------------------------------------------------------- the host

def test_nothing_but_two_bounded_folders_can_be_written(kernel):
    text, problem = told(kernel, """
import os
written = []
for folder, folders, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys")) or folder.count("/") > 6:
        folders.clear()
        continue
    try:
        with open(os.path.join(folder, "mine"), "w"): pass
        written.append(folder)
        os.remove(os.path.join(folder, "mine"))
    except OSError: pass
    for name in names[:20]:
        try:
            if os.path.islink(os.path.join(folder, name)): continue
            with open(os.path.join(folder, name), "r+b"): pass
            if not os.path.join(folder, name).startswith("/tmp"): written.append(os.path.join(folder, name))
        except OSError: pass
print(sorted(set(path if path.startswith("/dev/") and path != "/dev/shm" else "/".join(path.split("/")[:2]) for path in written)))
""")
    assert problem is None and eval(text) == ["/dev", "/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/tmp"], text


@pytest.mark.parametrize("path", ["/proc/sys/kernel/hostname", "/proc/self/oom_score_adj -1000", "/proc/sysrq-trigger", "/proc/1/mem",
                                  "/sys/kernel/mm/transparent_hugepage/enabled"])
def test_the_systems_own_files_are_out_of_reach(kernel, path):
    name, _, value = path.partition(" ")
    text, _ = told(kernel, f"import os\ntry:\n    print('wrote', os.write(os.open({name!r}, os.O_WRONLY), {(value or '1').encode()!r}))\n"
                           "except OSError as error:\n    print('refused', error)")
    assert text.startswith("refused"), text


def test_a_disk_in_memory_is_bounded(kernel):
    text, problem = told(kernel, """
sizes = {}
for folder in ("/tmp", "/dev/shm"):
    try:
        for i in range(100):
            with open(f"{folder}/big-{i}", "wb") as file:
                for _ in range(10): file.write(bytes(1_000_000))
            sizes[folder] = i
    except OSError as error: print(folder, error.errno)
import os, glob
for path in glob.glob("/tmp/big-*") + glob.glob("/dev/shm/big-*"): os.remove(path)
print(sizes["/tmp"] < 21, sizes["/dev/shm"] < 11)
""")
    assert problem is None and text == "/tmp 28\n/dev/shm 28\nTrue True\n", text


def test_files_are_counted_however_small_they_are():
    with Kernel() as kernel:
        _, problem = told(kernel, "import os\nfor i in range(10**6):\n    open(f'/tmp/{i}', 'w').close()")
        assert problem == "more than 20,000 files"


# ---------------------------------------------------------------- memory that nobody counts

CALLS = {  # how it is asked of the system, by its number on this machine's processor
    "memfd_create": 'call("memfd_create", b"x", 0)',
    "shmget": 'call("shmget", 0, 10**9, 0o1600)',
    "msgget": 'call("msgget", 0, 0o1600)',
    "semget": 'call("semget", 0, 100, 0o1600)',
    "mq_open": 'call("mq_open", b"x", 0o102, 0o600, None)',
    "io_uring_setup": 'call("io_uring_setup", 8, ctypes.create_string_buffer(200))',
    "userfaultfd": 'call("userfaultfd", 0)',
    "bpf": 'call("bpf", 0, None, 0)',
    "perf_event_open": 'call("perf_event_open", None, 0, -1, -1, 0)',
    "add_key": 'call("add_key", b"user", b"d", b"x", 1, -2)',
    "keyctl": 'call("keyctl", 0, -3, 0)',
    "unshare": 'call("unshare", 0x10000000)',
    "setns": 'call("setns", 0, 0)',
    "mount": 'call("mount", b"x", b"/tmp", b"tmpfs", 0, None)',
    "chroot": 'call("chroot", b"/tmp")',
    "ptrace": 'call("ptrace", 16, os.getppid(), 0, 0)',
    "process_vm_readv": 'call("process_vm_readv", 1, None, 0, None, 0, 0)',
    "vmsplice": 'call("vmsplice", 0, None, 0, 0)',
    "setxattr": 'call("setxattr", b"/tmp/work", b"user.x", b"x" * 100, 100, 0)',
    "clone of a user": 'call("clone", 0x10000000 | 17, 0, 0, 0, 0)',
    "clone3": 'call("clone3", ctypes.create_string_buffer(88), 88)',
    "shared memory of no file": "mmap.mmap(-1, 100)",
    "shared memory of no file, reserved": "mmap.mmap(-1, 100, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x4000)",
    "shared memory of no file, with its pages": "mmap.mmap(-1, 100, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x8000)",
    "shared memory of /dev/zero": "mmap.mmap(os.open('/dev/zero', os.O_RDWR), 100)",
    "the internet": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "netlink": "socket.socket(16, socket.SOCK_RAW, 0)",
    "packets": "socket.socket(17, socket.SOCK_RAW, 0)",
    "virtual sockets": "socket.socket(40, socket.SOCK_STREAM, 0)",
    "page tables": "mmap.mmap(-1, 1 << 42, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)",
    "a file of a terabyte": "open('/tmp/sparse', 'wb').truncate(1 << 40)",
    "another user": "os.setuid(0)",
    "another's process": "os.kill(1, 9) if open('/proc/1/status').read().count('Uid:\\t0') else os.kill(-12345678, 9)",
}


@pytest.mark.parametrize("what", CALLS)
def test_what_could_not_be_counted_is_refused(kernel, what):
    numbers = {}
    if "call(" in CALLS[what]:
        import pyseccomp
        name = CALLS[what].split('"')[1]
        numbers[name] = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    text, problem = told(kernel, f"""
import ctypes, mmap, os, socket
libc = ctypes.CDLL(None, use_errno=True)
numbers = {numbers!r}
def call(name, *arguments):
    if libc.syscall(ctypes.c_long(numbers[name]), *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
try:
    {CALLS[what]}
    print("done")
except (OSError, ValueError, OverflowError) as error:
    print("refused", error)
""")
    assert problem is None and text.startswith("refused"), (text, problem)
    if "call(" in CALLS[what]:
        assert "[Errno 1]" in text or "[Errno 38]" in text, text  # by the filter, and not for what was asked


def test_every_call_that_is_named_is_refused_by_the_filter(kernel):
    """Whatever it is asked for: here for nothing, which most would refuse for other reasons."""
    import pyseccomp
    numbers = {name: number for name in sandbox.REFUSED if (number := pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)) >= 0}
    assert len(numbers) > 60
    text, problem = told(kernel, f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {numbers!r}.items():
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != 1:
        print(name, ctypes.get_errno())
print("all")
""")
    assert problem is None and text == "all\n", text


def test_what_learners_and_their_libraries_need_is_not_refused(kernel):
    text, problem = told(kernel, """
import asyncio, multiprocessing, subprocess, tempfile, threading, torch
from torch.utils.data import DataLoader
print(subprocess.run(["echo", "sub"], capture_output=True, text=True).stdout)
with multiprocessing.Pool(2) as pool: print(pool.map(abs, [1, -2]))
print([batch.tolist() for batch in DataLoader(torch.arange(4), 2, num_workers=1)])
x = torch.ones(3).share_memory_()
queue = multiprocessing.Queue(); queue.put(1); print(queue.get())
value = multiprocessing.Value("i", 3); print(value.value)
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
async def slept():
    await asyncio.sleep(0.01)
    return "slept"
print(await slept())
with tempfile.NamedTemporaryFile() as file: torch.save(x, file.name); print(torch.load(file.name))
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.savefig("a.png")
print(torch.compile(lambda x: x + 1, backend="eager")(x))
""")
    assert problem is None and "Error" not in text, text
    for expected in ("sub", "[1, 2]", "[[0, 1], [2, 3]]", "thread", "slept", "tensor([1., 1., 1.])", "tensor([2., 2., 2.])"):
        assert expected in text, text


@pytest.mark.parametrize("code, words", [
    ("x = []\nwhile True: x.append(bytearray(10_000_000))", "MB of memory|MemoryError|ended its process"),
    ("import os\nfor _ in range(8):\n    if not os.fork():\n        x = bytearray(os.urandom(1_000_000) * 600)\n        while True: pass\n"
     "import time\ntime.sleep(60)", "more than 3000 MB of memory"),
    ("import os, socket\nkept = []\nfor _ in range(12):\n    if not os.fork():\n        while True:\n            try: kept.append(socket.socketpair())\n"
     "            except OSError: pass\nimport time\ntime.sleep(60)", "more than 4000 open files"),
])
def test_what_all_its_processes_use_together_counts(code, words):
    import re
    with Kernel(limits=Limits(cell_seconds=30)) as kernel:
        text, problem = told(kernel, code)
        assert re.search(words, f"{problem} {text}"), (text, problem)


def test_processes_are_limited_for_root_too(kernel):
    text, _ = told(kernel, """
import os, time, signal
children = []
try:
    for _ in range(500):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError as error: print(error.errno)
for child in children: os.kill(child, signal.SIGKILL); os.waitpid(child, 0)
print(len(children) < 100, os.getuid() != 0 or "as root")
""")
    assert text == "11\nTrue True\n", text


# ---------------------------------------------------------------- the watcher, the clock, the pipe

class Unwatched(Kernel):
    def _past_limits(self, processes):
        raise RuntimeError("no /proc today")


def test_a_watcher_that_fails_ends_the_run():
    with Unwatched() as kernel:
        _, problem = told(kernel, "import time\ntime.sleep(20)")
        assert problem == "the grader, which could not count what it uses (RuntimeError)"


def test_racing_files_and_processes_do_not_stop_the_watcher():
    with Kernel(limits=Limits(cell_seconds=6)) as kernel:
        _, problem = told(kernel, """
import os, threading, subprocess
def files():
    while True:
        name = f"/tmp/race-{threading.get_ident()}"
        open(name, "w").close(); os.remove(name)
def processes():
    while True:
        child = os.fork()
        if not child: os._exit(0)
        os.waitpid(child, 0)
for target in (files, files, processes): threading.Thread(target=target, daemon=True).start()
x = []
while True: x.append(bytearray(2_000_000))
""")
        assert problem, "nothing stopped it"
        assert "could not count" not in problem, problem


def test_a_process_that_hides_from_the_watcher_is_counted_for_all_it_may_have():
    with Kernel() as kernel:
        _, problem = told(kernel, """
import ctypes, os, time
for _ in range(12):
    if not os.fork():
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
        time.sleep(60)
time.sleep(60)
""") if os.geteuid() else (None, "more than 4000 open files")  # root sees them all the same
        assert problem == "more than 4000 open files"


PIPE = """
import os, struct, json
fd, = [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2 and os.path.exists(f"/proc/self/fd/{name}")
       and os.readlink(f"/proc/self/fd/{name}").startswith("pipe") and open(f"/proc/self/fdinfo/{name}").read().split("flags:")[1].split()[0].endswith("1")]
"""


@pytest.mark.parametrize("code, words", [
    (PIPE + "os.write(fd, struct.pack('>I', 2**32 - 1) + b'x' * 1000)", "an answer that is far too large, or none"),
    (PIPE + "os.write(fd, struct.pack('>I', 10) + b'not json!!')", "an answer that nobody can read"),
    (PIPE + "os.write(fd, struct.pack('>I', 4) + b'null')", "an answer that nobody can read"),
    (PIPE + "deep = b'[' * 3_000_000\nos.write(fd, struct.pack('>I', len(deep)) + deep)", "an answer that nobody can read"),
    (PIPE + "os.close(fd)", "the pipe that it answers through was closed|ended its process"),
    (PIPE + "while True: os.write(fd, struct.pack('>I', 20) + b'{\"kind\": \"stream\"  }')", "output of more than 20 MB"),
    ("import os\nwhile True: os.write(1, b'x' * 65536)", "output of more than 20 MB"),
    ("import os\nos.closerange(0, 1000)", "closed|ended its process"),
    ("import ctypes\nctypes.string_at(0)", "ended its process"),
    ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "deaf to the interrupt"),
    ("import threading, os\nthreading.Thread(target=os._exit, args=(0,)).start()\nwhile True: pass", "ended its process"),
    ("import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()", "ended its process|MB of memory|interrupt|None"),
])
def test_a_tampered_line_is_named(code, words):
    import re
    with Kernel(limits=SHORT) as kernel:
        text, problem = told(kernel, code)
        assert re.search(words, str(problem)), (text, problem)


def test_a_forged_reply_is_a_wrong_answer_and_no_more(kernel):
    request = json.dumps(["exercises.checks.asking", "probe_call", {"list": [{"dict": []}]}])
    told(kernel, "import sys\ndef f(*_): sys.stdout.wire.send('reply', reason='', text='[\"returned\", ' + '[],' * 1_000_000 + '0]')")
    text, reason = kernel.ask("f", request)
    assert len(text) > 3 * MB and reason is None
    told(kernel, "def f(*_): sys.stdout.wire.send('reply', reason='', text='x' * 10**8)")
    assert kernel.ask("f", request) == (None, "no answer")


def test_processor_time_counts_and_a_sleep_costs_patience():
    with Kernel(limits=Limits(cell_seconds=1, patience=5)) as kernel:
        began = time.monotonic()
        assert told(kernel, "while True: pass")[1] == "more than 1 s, interrupted" and not kernel.by_clock
        assert told(kernel, "import time\ntime.sleep(60)")[1] == "more than 5 s by the clock, interrupted"
        assert not kernel.by_clock  # nothing kept it from a processor
        assert told(kernel, "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while True: pass'])")[1] == "more than 1 s, interrupted"
        assert time.monotonic() - began < 30
        assert told(kernel, "print('still here')") == ("still here\n", None)


HOST = """
import json, resource, sys
sys.path.insert(0, {root!r})
from exercises.grading.kernel import Kernel
with Kernel() as kernel:
    kernel.execute("pass")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for code in {codes!r}:
        kernel.execute(code)
        if not kernel.alive:
            kernel.start()
    kernel.execute("import sys\\ndef f(*_): sys.stdout.wire.send('reply', reason='', text='[' + '[],' * 1_150_000 + '0]')")
    reply, _ = kernel.ask("f", json.dumps(["exercises.checks.asking", "probe_call", {{"list": [{{"dict": []}}]}}]))
    try:
        json.loads(reply or "0")
    except ValueError:
        pass
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1000, len(reply or ""))
"""


@pytest.mark.exhaustive("six floods, forty seconds")
def test_the_graders_own_memory_stays_small():
    codes = ["for _ in range(1000): print('x' * 40_000_000)",
             "from IPython.display import display\nfor _ in range(1000): display({'text/plain': 'x' * 40_000_000}, raw=True)",
             "import os\nwhile True: os.write(1, b'x' * 1_000_000)",
             "class Long:\n    def __repr__(self): return 'x' * 500_000_000\nLong()",
             "raise Exception('x' * 300_000_000)",
             PIPE + "lists = b'[' + b'[],' * 1_300_000 + b'0]'\nwhile True: os.write(fd, struct.pack('>I', len(lists)) + lists)"]
    done = subprocess.run([sys.executable, "-c", HOST.format(root=str(ROOT), codes=codes)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    grown, length = map(int, done.stdout.split())
    assert length > 3 * MB and grown < 250, f"{grown} MB more for what came from inside"


@pytest.mark.parametrize("code", ["print('y' * 999_000)", "from IPython.display import display\nfor i in range(5000): display({'text/plain': ''}, raw=True)",
                                  "import sys\nfor i in range(20_000): print(i, file=[sys.stdout, sys.stderr][i % 2])",
                                  "from IPython.display import display\ndisplay({'image/png': 'A' * 900_000}, raw=True)"])
def test_a_submissions_outputs_are_bounded_together(code):
    with Kernel() as kernel:
        kept = [kernel.execute(code)[0] for _ in range(12)]
        assert (5 * MB if "999_000" in code else 1000) < len(json.dumps(kept)) < 25 * MB
        assert kernel.execute("print('more')")[1] in (None, "output of more than 10 MB in all, cut")


@pytest.fixture
def systemd_run(tmp_path, monkeypatch):
    """Puts a stand-in for systemd-run, which this machine need not have, before all else."""
    def put(script):
        stand_in = tmp_path / "systemd-run"
        stand_in.write_text(f"#!/bin/sh\n{script}\n")
        stand_in.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        sandbox._scope.cache_clear()
    yield put
    sandbox._scope.cache_clear()


def test_where_systemd_runs_the_limits_are_the_systems(systemd_run, tmp_path):
    systemd_run(f'echo "$@" >> {tmp_path}/calls\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"')
    with Kernel() as kernel:
        assert told(kernel, "print(1)") == ("1\n", None)
    asked, started = (tmp_path / "calls").read_text().splitlines()
    assert asked.endswith("-- true") and "--scope" in started and "MemoryMax=3500000000" in started and "TasksMax=200" in started
    assert "MemorySwapMax=0" in started and " -- bwrap " in started and ("--user" in started) == (os.geteuid() != 0)


def test_a_systemd_that_does_not_answer_is_left_alone(systemd_run):
    systemd_run("echo 'Failed to connect to bus' >&2\nexit 1")
    with Kernel() as kernel:
        assert told(kernel, "print(1)") == ("1\n", None)


def test_without_a_sandbox_cells_run_and_time_and_output_are_limited():
    with Kernel("none", Limits(cell_seconds=2)) as kernel:
        assert told(kernel, "print(1 + 1)") == ("2\n", None)
        assert told(kernel, "while True: pass")[1] == "more than 2 s, interrupted"
        assert told(kernel, "while True: print('spam ' * 200)")[1] == "output of more than 20 MB"


def test_the_filter_is_small_and_made_once():
    assert 100 < len(sandbox.system_calls()) < 60_000 and sandbox.system_calls() is sandbox.system_calls()
