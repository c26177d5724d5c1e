"""Each limit that exercises/README.md states, tried with a small one: the submission is stopped, and the remark says by what;
and the command that makes the sandbox. (What can be done from inside is tried in test_sandbox.py.)

The numbers themselves are held to the page by tests/test_figures.py; here a limit that no longer stops anything is noticed.
"""
import dataclasses
import io
import json
import os
import re
import subprocess
import sys
import time
import types
from pathlib import Path
from unittest import mock

import psutil
import pytest

pytest.importorskip("nbgrader")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from classroom import NEEDS_A_SANDBOX  # noqa: E402
from confined import needs_bubblewrap  # noqa: E402
from exercises.checks import crossing  # noqa: E402
from exercises.grading import kernel as kernels  # noqa: E402
from exercises.grading import sandbox  # noqa: E402
from exercises.grading.kernel import Kernel, _Clock  # noqa: E402
from exercises.grading.sandbox import MB, Limits  # noqa: E402

confined = pytest.mark.parametrize("kind", ["none", pytest.param("bubblewrap", marks=NEEDS_A_SANDBOX)])


def problem_of(kernel, code):
    return kernel.execute(code)[1]


@pytest.mark.long("goes on until a limit ends it")
@confined
def test_time_and_output_of_a_cell_and_of_all_cells(kind):
    began = time.monotonic()
    with Kernel(kind, Limits(cell_seconds=1, total_seconds=2.6, patience=20, output=2 * MB, outputs=5 * MB)) as kernel:
        for _ in range(2):
            outputs, problem = kernel.execute("for i in range(3_000): print('x' * 1000)")
            assert problem == "output of more than 2 MB, cut" and 1.8 * MB < sum(len(output["text"]) for output in outputs) < 2.1 * MB
        assert problem_of(kernel, "for i in range(3_000): print('x' * 1000)") == "output of more than 5 MB in all, cut"
        said = problem_of(kernel, "while True: pass")
        assert re.fullmatch("more than (1 s|20 s by the clock), interrupted", said)  # the clock's, on a machine that is busy
        assert kernel.execute("print('still here')")[1] in (None, "output of more than 5 MB in all, cut", "more than 2.6 s for the whole submission")  # busy
        said = [problem_of(kernel, "while True: pass") for _ in range(5)]
        assert "more than 2.6 s for the whole submission" in said
        assert said[-1] == "more than 2.6 s for the whole submission" and kernel.spent
    assert time.monotonic() - began < 60


HELD = """
import os, resource, sys, time
from exercises.grading.kernel import Kernel
from exercises.grading.sandbox import Limits
os.register_at_fork(after_in_child=lambda: time.sleep(600))
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))  # lower than the sandbox's: it stays
with Kernel(sys.argv[1], Limits(files=70_000_000, memory=2_000_000_000)) as kernel:
    outputs, _ = kernel.execute("import os, resource; print(os.nice(0), *(resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[1] "
                                "for name in ('NOFILE', 'CORE', 'FSIZE', 'DATA', 'AS', 'MSGQUEUE')))")
    print(os.nice(0), outputs[0]["text"])
"""


@pytest.mark.long("starts PyTorch in the sandbox")
@confined
def test_it_sets_its_limits_itself_whatever_locks_the_grader_holds(kind):
    """What Python runs between fork and exec can wait for another thread's lock without end: here anything that did would."""
    done = subprocess.run([sys.executable, "-c", HELD, kind], cwd=ROOT, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    mine, its, *limits = map(int, done.stdout.split())
    assert its == min(19, mine + 5)
    assert limits == [300, 0, 70_000_000, 4_000_000_000, 16_000_000_000, 0]


@pytest.mark.long("goes on until a limit ends it")
@confined
def test_a_process_that_is_started_again_goes_on_with_the_time_that_is_left(kind):
    a_second = "import time\nbegan = time.process_time()\nwhile time.process_time() < began + 1.2: pass"
    with Kernel(kind, Limits(total_seconds=3, patience=30)) as kernel:
        kernel.ends += 60  # the clock, by which it may take twice as long, is another limit
        for _ in range(2):  # what both processes have used counts
            assert problem_of(kernel, a_second) is None and not kernel.spent
            time.sleep(0.3)  # it is counted ten times a second
            kernel.stop()
            kernel.start()
        assert not kernel.spent and re.match(r"more than (1|0\.\d+) s", problem_of(kernel, a_second) or "nothing")


@pytest.mark.long("goes on until a limit ends it")
def test_an_answer_that_takes_no_notice_of_the_interrupt_is_none_though_it_returns():
    """Right or wrong, it came after its time."""
    request = json.dumps(["exercises.checks.asking", "probe_call", crossing.encode([{}, 3])])
    with Kernel("none", Limits(cell_seconds=1, patience=20)) as kernel:
        assert problem_of(kernel, "def double(x):\n    return 2 * x") is None and kernel.ask("double", request)[1] is None
        assert problem_of(kernel, "import time\ndef double(x):\n    try:\n        while True: time.monotonic()\n    except KeyboardInterrupt:\n        return 2 * x") is None
        text, reason = kernel.ask("double", request)
        assert text is None and re.fullmatch("more than (1 s|20 s by the clock), interrupted", reason)


@pytest.mark.long("goes on until a limit ends it")
@confined
def test_a_flood_of_output_ends_the_process_and_memory_too(kind):
    with Kernel(kind, Limits(output=MB // 10)) as kernel:
        assert problem_of(kernel, "while True: print('spam ' * 2000)") == "output of more than 2 MB" and not kernel.alive
    with Kernel(kind, Limits(memory=1200 * MB)) as kernel:
        assert problem_of(kernel, "kept = [bytearray(10_000_000) for _ in range(5)]") is None
        said = kernel.execute("import time\nkept = []\nwhile True:\n    kept.append(bytearray(b'x') * 50_000_000)\n    time.sleep(0.01)")
        assert said[1] == "more than 1200 MB of memory" or any(output.get("ename") == "MemoryError" for output in said[0])


@pytest.mark.parametrize("limits, code, said", [
    ({"processes": 40}, "import subprocess, sys\nrunning = [subprocess.Popen(['sleep', '60']) for _ in range(60)]", "processes|BlockingIOError"),
    ({"file_count": 500}, "for i in range(900): open(f'{i}', 'w').close()\nimport time; time.sleep(20)", "more than 500 files"),
    ({"files": 20 * MB}, "open('large', 'wb').write(b'x' * 30_000_000)", "OSError"),
    ({"descriptors": 200}, "import time\nkept = [open('/dev/null') for _ in range(400)]\ntime.sleep(20)", "more than 200 open files|OSError")])
@needs_bubblewrap
@pytest.mark.slow("Debian's bubblewrap: what the sandbox alone can count")
def test_processes_files_and_what_is_open(limits, code, said):
    with Kernel("bubblewrap", dataclasses.replace(Limits(cell_seconds=10), **limits)) as kernel:
        outputs, problem = kernel.execute(code)
        assert re.search(said, " ".join([str(problem), *(output.get("ename", "") for output in outputs)])), (outputs, problem)


# ---------------------------------------------------------------- what it can see, by the command that makes it

def pairs(option, command):
    return [tuple(command[i + 1:i + 3]) for i, word in enumerate(command) if word == option]


def test_of_the_course_a_submission_sees_its_modules_the_data_and_the_checks_and_nothing_can_be_written():
    """With `exercises` instead of `exercises/checks` the worked answers lay in reach."""
    command = sandbox._command()
    seen = {place for _, place in pairs("--ro-bind", command) if place.startswith("/course")}
    modules = {f"/course/{path.name}" for path in sandbox.COURSE.glob("*.py") if path.name != "conftest.py"}
    assert seen == modules | {"/course/data", "/course/exercises/checks"} and "/course/utils.py" in seen
    assert {place for _, place in pairs("--dev-bind", command)} == {"/dev/null", "/dev/full", "/dev/random", "/dev/urandom"}
    assert "--bind" not in command and command.count("--tmpfs") == 3
    mounts = [i for i, word in enumerate(command) if word in ("--ro-bind", "--dev-bind", "--tmpfs", "--symlink", "--dir")]
    closed = [command[i + 1] for i, word in enumerate(command) if word == "--remount-ro" and i > max(mounts)]
    assert closed == ["/dev", "/"]  # after everything else is in its place
    assert {"--unshare-net", "--unshare-pid", "--unshare-ipc", "--clearenv", "--new-session", "--die-with-parent"} <= set(command)


@pytest.mark.parametrize("used, waited, words, by_clock", [
    (0.2, 5.0, "more than 20 s by the clock", True), (0.2, 4.9, "more than 20 s by the clock", False), (0.2, None, "more than 20 s by the clock", True),
    (1.1, 9.0, "more than 1 s", False)])
def test_whom_only_the_clock_stopped_while_others_had_the_processor_is_known_whatever_comes_after(used, waited, words, by_clock, monkeypatch):
    """Then it is graded once more. Whoever merely slept is not, nor whoever used up the processor's time."""
    monkeypatch.setattr("exercises.grading.kernel.time", clock := types.SimpleNamespace(monotonic=lambda: clock.now, now=100.0))
    kernel = types.SimpleNamespace(used=0.0, waited=None if waited is None else 0.0, ends=1000.0, limits=Limits(patience=20), by_clock=False, answering=mock.Mock())
    cell = _Clock(kernel, 1)
    assert not cell.is_up()
    kernel.used, kernel.waited, clock.now = used, waited, 119.9
    assert cell.is_up() == (used > 1)
    clock.now = 119.99 if waited == 5.0 else 120.0  # of 20 seconds waited 5 are a quarter
    cell.interrupt()
    assert (kernel.by_clock, cell.problem) == (by_clock, f"{words}, interrupted") and kernel.answering.send_signal.call_count == 1
    kernel.used, kernel.waited = 0.0, 9.0
    later = _Clock(kernel, 1)
    clock.now += 20
    later.interrupt()  # it slept
    assert later.is_up() is False and kernel.by_clock == by_clock


def test_processor_time_is_that_of_all_processes_and_of_what_they_outlived():
    class Process:
        def __init__(self, *times):
            self.times = times

        def cpu_times(self):
            if not self.times:
                raise psutil.NoSuchProcess(1)
            return types.SimpleNamespace(**dict(zip(("user", "system", "children_user", "children_system"), self.times)))

    assert kernels._seconds([Process(1, 0.5, 0, 0), Process(), Process(0.25, 0, 4, 8)]) == 13.75 and kernels._seconds([]) == 0


def test_memory_threads_and_files_are_counted_of_all_and_no_more_than_a_limit_is_fine(monkeypatch):
    use = {"a": (300, 10, 50), "b": (200, 30, 50), "c": (1, 0, 0), "d": (0, 1, 0), "e": (0, 0, 1), "shared": (250, 0, 0)}  # MB, threads, open files
    files = {"tmp": (1000, 700), "dev/shm": (1000, 400)}  # places, and free ones
    monkeypatch.setattr(kernels, "_use", lambda process: (use[process][0] * MB, *use[process][1:]))
    monkeypatch.setattr(kernels, "_share", lambda process: 100 * MB if process == "shared" else use[process][0] * MB)
    monkeypatch.setattr(kernels, "_seconds", lambda processes: 7.0)
    monkeypatch.setattr(kernels.os, "statvfs", lambda path: types.SimpleNamespace(f_files=files[path[14:]][0], f_ffree=files[path[14:]][1]))
    kernel = types.SimpleNamespace(kind="bubblewrap", answering=types.SimpleNamespace(pid=77), used=0.0, used_at_start=2.0, waited=None,
                                   limits=Limits(memory=500 * MB, processes=20, descriptors=100, file_count=900))
    for processes, said in ((["a", "b"], ""), ([], ""), (["a", "b", "c"], "more than 500 MB of memory"), (["a", "b", "d"], "too many processes"),
                            (["a", "b", "e"], "more than 100 open files"), (["a", "shared"], ""), (["a", "b", "shared"], "more than 500 MB of memory")):
        assert Kernel._past_limits(kernel, processes) == said, processes
    assert kernel.used == 5.0, "the time that it took to start is not counted"
    files["tmp"] = 1000, 699
    assert Kernel._past_limits(kernel, ["a"]) == "more than 900 files"
    kernel.kind = "none"
    assert Kernel._past_limits(kernel, ["a"]) == ""


def test_what_goes_to_stderr_stands_below_the_cell_that_wrote_it_and_a_file_beside_it_is_imported():
    with Kernel("none", Limits(cell_seconds=20)) as kernel:
        said = [[(output.get("name"), output.get("text")) for output in kernel.execute(code)[0]] for code in (
            "import sys\nprint('out')\nprint('warned', end='', file=sys.stderr)", "print('next')", "sys.stderr.write('once more')\n1 / 0",
            "open('beside_it.py', 'w').write('y = 7')", "import beside_it\nprint(beside_it.y)",
            "import os, time\nprint('before', flush=False)\nif os.fork() == 0:\n    sys.stdout.flush()\n    os._exit(0)\nos.wait()\nprint('after')")]
    assert sorted(said[0]) == [("stderr", "warned"), ("stdout", "out\n")] and said[1] == [("stdout", "next\n")] and ("stderr", "once more") in said[2]
    assert said[4] == [("stdout", "7\n")]
    assert "".join(text for _, text in said[5]) == "before\nafter\n", "a forked process says nothing a second time"


def test_what_linux_tells_of_a_process_is_read_where_it_stands(monkeypatch):
    files = {"smaps_rollup": "55d0-7ffc ---p [rollup]\nRss:   300 kB\nPss:   100 kB\nPss_Dirty:  50 kB\nShared_Clean: 9 kB\nSwap: 40 kB\nSwapPss:  20 kB\n", "schedstat": "5000000000 2500000000 7\n"}
    process = types.SimpleNamespace(pid=os.getpid())
    monkeypatch.setattr(kernels, "open", lambda path, *_: io.StringIO(files[path.rpartition("/")[2]]), raising=False)
    assert kernels._share(process) == 120 * 1024, "pages in common are divided among those who have them"
    monkeypatch.setattr(kernels.os, "listdir", lambda path: ["1", "2"])
    monkeypatch.setattr(kernels.os.path, "exists", lambda path: path == "/proc/self/schedstat")
    assert kernels._waited([process, process]) == 10.0, "seconds that its threads waited, not those that they ran"
    monkeypatch.setattr(kernels.os.path, "exists", lambda path: False)
    assert kernels._waited([process]) is None


def test_a_command_sets_its_limits_also_where_there_were_none(tmp_path):
    code = "import resource\nprint([resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in ('FSIZE', 'CORE', 'NOFILE', 'DATA')])"
    done = subprocess.run(sandbox._limited(Limits(files=12 * MB, memory=700 * MB), [sys.executable, "-I", "-S", "-c", code]), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([(12 * MB,) * 2, (0, 0), (sandbox.DESCRIPTORS,) * 2, (1400 * MB,) * 2])


def test_the_calls_that_are_refused_are_written_down_twice():
    """One that is missing there shows nowhere else: most could do no harm before something else in the system is at fault."""
    assert sorted(sandbox.REFUSED) == """
        acct add_key adjtimex bpf chroot clock_adjtime clock_settime delete_module fanotify_init finit_module fsconfig fsetxattr fsmount fsopen fspick init_module
        io_setup io_uring_enter io_uring_register io_uring_setup kcmp kexec_file_load kexec_load keyctl lookup_dcookie lsetxattr mbind memfd_create memfd_secret
        migrate_pages modify_ldt mount mount_setattr move_mount move_pages mq_open msgctl msgget msgrcv msgsnd name_to_handle_at open_by_handle_at open_tree
        perf_event_open personality pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace quotactl quotactl_fd reboot request_key
        semctl semget semop semtimedop setns settimeofday setxattr setxattrat shmat shmctl shmdt shmget swapoff swapon syslog umount umount2 unshare uselib
        userfaultfd vhangup vmsplice""".split()
    flags = {"NEWTIME": 0x80, "NEWNS": 0x20000, "NEWCGROUP": 0x2000000, "NEWUTS": 0x4000000, "NEWIPC": 0x8000000, "NEWUSER": 0x10000000, "NEWPID": 0x20000000, "NEWNET": 0x40000000}
    assert sorted(sandbox.NEW_NAMESPACES) == sorted(flags.values())


def test_each_scratch_folder_has_its_size():
    command = sandbox._command()
    sizes = {command[i + 3]: int(command[i + 1]) for i, word in enumerate(command) if word == "--size" and command[i + 2] == "--tmpfs"}
    assert sizes == {"/dev/shm": 100 * MB, "/tmp": Limits.files} and command.count("--size") == 2


@pytest.mark.parametrize("before, used, now, spent", [(0, 4.9, 99, False), (0, 5.0, 99, True), (3, 2.5, 99, True), (3, 1.5, 99, False), (0, 0, 100, True), (0, 0, 101, True)])
def test_a_submission_has_used_up_its_time_by_the_processor_or_by_the_clock(before, used, now, spent, monkeypatch):
    monkeypatch.setattr(kernels, "time", types.SimpleNamespace(monotonic=lambda: now))
    kernel = types.SimpleNamespace(used_before=before, used=used, limits=Limits(total_seconds=5), ends=100)
    assert Kernel.spent.fget(kernel) is spent
