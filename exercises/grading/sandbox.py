"""The sandbox for code that nobody trusts: what a process in it sees, and what it may use.

Bubblewrap gives it a file system of its own (Python, the course's modules, `data/` and `exercises/checks/`, all read-only,
and two bounded scratch folders in memory), no network, and no other process in sight. A filter of system calls (seccomp)
refuses what would use memory that nobody counts: memory in no process's resident set, message queues, other namespaces.
Limits are the operating system's where it can hold them (size of heap, address space, files, number of processes); the rest
is counted by the watcher in kernel.py, and by systemd where it runs.
"""
import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

COURSE = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).with_name("inside.py")
MB = 1_000_000
INSTALL = """Student code is run in a sandbox, and {what}.
  Debian 12, Ubuntu 24.04 and later: sudo apt-get install bubblewrap libseccomp2      Fedora: sudo dnf install bubblewrap libseccomp
  On macOS and Windows grade in a Linux virtual machine or WSL.
To run strangers' code on this machine without a sandbox, with your files and your network in its reach,
say so by name: SANDBOX=none (make grade) or COURSE_SANDBOX=none (nbgrader's own commands)."""
AS_ROOT = ("Student code is not run as root, and this root can't take on another user's rights to make the sandbox: grade as an "
           "ordinary user, or give the container the right to mount (docker run --cap-add SYS_ADMIN).")


class NoSandbox(Exception):
    """The sandbox can't be made on this machine; the message says how to change that."""


DESCRIPTORS = 512  # open files, pipes and sockets of one process


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""
    cell_seconds: float = 30     # processor time of a cell of the student's, or of one question of a check
    total_seconds: float = 300   # processor time of the whole submission
    patience: float = 3          # by the clock, so many times as long for a cell, and twice for all: other work may run beside
    memory: int = 3000 * MB      # all its processes together
    processes: int = 100         # threads included
    files: int = 200 * MB        # the scratch folder, and what files take there in all
    file_count: int = 20_000
    descriptors: int = 4000      # open files, pipes and sockets of all its processes
    output: int = 1 * MB         # kept of a cell; at 20 times that the cell is stopped
    outputs: int = 10 * MB       # kept of all cells together


# ---------------------------------------------------------------- what is refused

REFUSED = """memfd_create memfd_secret shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl semget semop semtimedop semctl mq_open
    add_key request_key keyctl bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register io_setup vmsplice
    mount umount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr unshare setns
    ptrace process_vm_readv process_vm_writev pidfd_getfd process_madvise kcmp open_by_handle_at name_to_handle_at fanotify_init
    setxattr lsetxattr fsetxattr setxattrat swapon swapoff reboot kexec_load kexec_file_load init_module finit_module delete_module
    acct quotactl quotactl_fd syslog settimeofday clock_settime adjtimex clock_adjtime mbind move_pages migrate_pages
    modify_ldt personality uselib vhangup lookup_dcookie""".split()
NEW_NAMESPACES = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)  # CLONE_NEW*
SHARED_ANONYMOUS = 0x21  # MAP_SHARED and MAP_ANONYMOUS: pages that stay when nobody maps them
AF_UNIX = 1


@functools.cache
def system_calls():
    """The filter of system calls, a program that bubblewrap takes (bytes). Raises NoSandbox where libseccomp is missing."""
    try:
        import pyseccomp as seccomp
    except (ImportError, RuntimeError, OSError) as error:
        raise NoSandbox(INSTALL.format(what=f"libseccomp, which filters its system calls, can't be loaded ({error})")) from None
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    native, refuse = seccomp.Arch.NATIVE, seccomp.ERRNO(1)  # "Operation not permitted"
    for name in REFUSED:
        if seccomp.resolve_syscall(native, name) >= 0:  # not every processor has each
            rules.add_rule(refuse, name)
    rules.add_rule(seccomp.ERRNO(38), "clone3")  # "not implemented": its flags can't be seen, and glibc takes clone then
    for flag in NEW_NAMESPACES:
        rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    rules.add_rule(refuse, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, SHARED_ANONYMOUS, SHARED_ANONYMOUS))
    rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.NE, AF_UNIX))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


# ---------------------------------------------------------------- what is seen

def _command(options=()):
    """The command line of bubblewrap, up to the program that runs in it. Its standard input, outputs and what is passed stay open."""
    command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
               *options, "--die-with-parent", "--new-session", "--clearenv",
               "--proc", "/proc", "--tmpfs", "/dev", "--size", str(100 * MB), "--tmpfs", "/dev/shm",
               "--size", str(Limits.files), "--tmpfs", "/tmp", "--dir", "/tmp/work", "--dir", "/tmp/matplotlib", "--chdir", "/tmp/work"]
    for name in ("null", "full", "random", "urandom"):  # not zero: memory can be shared through it
        command += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
        command += ["--symlink", target, f"/dev/{name}"]
    seen = {folder: folder for folder in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives",
                                          "/etc/fonts", "/etc/localtime")}
    seen |= {folder: folder for folder in (os.path.realpath(sys.base_prefix), sys.base_prefix, sys.prefix)
             if not folder.startswith("/usr/") and folder != "/usr"}
    modules = sorted(path.name for path in COURSE.glob("*.py") if path.name != "conftest.py")  # utils.py and what it imports
    seen |= {f"/course/{part}": str(COURSE / part) for part in (*modules, "data", "exercises/checks")}
    seen |= {"/sandbox/inside.py": str(INSIDE), **_font_list()}
    parents = dict.fromkeys(str(parent) for place in seen for parent in reversed(Path(place).parents[:-1]))
    for folder in parents:  # named, they are open to every user
        if folder not in seen:
            command += ["--dir", folder]
    for place, source in seen.items():
        if os.path.islink(source) and place.count("/") == 1:
            command += ["--symlink", os.readlink(source), place]
        elif os.path.exists(source):
            command += ["--ro-bind", source, place]
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    environment = {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "HOME": "/tmp/work", "USER": "student", "LANG": "C.UTF-8",
                   "PYTHONPATH": "/course", "PYTHONDONTWRITEBYTECODE": "1", "COURSE_DATA": "sample",
                   "OMP_WAIT_POLICY": "PASSIVE", "MPLCONFIGDIR": "/tmp/matplotlib", **FOR_STUDENTS}
    for name, value in environment.items():
        command += ["--setenv", name, value]
    return command


FOR_STUDENTS = {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "NBGRADER_EXECUTION": "autograde"}  # with and without a sandbox


@functools.cache
def _font_list():
    """Matplotlib's list of fonts, made here once: building it would cost each sandbox seconds."""
    import matplotlib
    import matplotlib.font_manager  # noqa: F401  writes the list
    return {f"/tmp/matplotlib/{path.name}": str(path) for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json")}


# ---------------------------------------------------------------- how it is made here

@functools.cache
def _way():
    """(bubblewrap's options, whether the program takes on a user id of its own) on this machine. Raises NoSandbox.

    An ordinary user makes a user namespace. Root could too, but the operating system counts no processes of root's: bubblewrap
    mounts with root's rights, and the program goes on as a user that nobody else is.
    """
    if shutil.which("bwrap") is None:
        raise NoSandbox(INSTALL.format(what="bubblewrap, which makes it, is not installed"))
    root = os.geteuid() == 0
    options = (["--cap-drop", "ALL"] + [part for name in ("SETUID", "SETGID") for part in ("--cap-add", f"CAP_{name}")] if root
               else ["--unshare-user"])
    tried = _try(options)
    if tried.returncode and root and "permitted" in tried.stderr:
        raise NoSandbox(AS_ROOT)
    if tried.returncode:
        raise NoSandbox(INSTALL.format(what=f"bubblewrap, which makes it, does not work here ({tried.stderr.strip()[-300:]})")
                        + "\nUbuntu restricts user namespaces, older systems have a bubblewrap before 0.7: see exercises/README.md.")
    return options, root


def _try(options):
    with _pipe(system_calls()) as filter_:
        return subprocess.run([*_command(options), "--seccomp", str(filter_.fileno()), "--", sys.executable, "-c", ""],
                              capture_output=True, text=True, pass_fds=[filter_.fileno()])


def check():
    """Raise NoSandbox, with the cure, unless a sandbox can be made here."""
    _way()


@functools.cache
def _scope(memory, processes):
    """The command that makes a process's limits the system's, where systemd runs; [] elsewhere."""
    scope = ["systemd-run", *(["--user"] if os.geteuid() else []), "--scope", "--quiet", "--collect",
             "--property", f"MemoryMax={memory}", "--property", "MemorySwapMax=0", "--property", f"TasksMax={processes}", "--"]
    if shutil.which(scope[0]) is None or subprocess.run([*scope, "true"], capture_output=True, timeout=20).returncode:
        return []
    return scope


def _pipe(content):
    """An open file to read `content` from, which fits a pipe."""
    reading, writing = os.pipe()
    with open(writing, "wb") as file:
        file.write(content)
    return open(reading, "rb")


def launch(limits, replies):
    """Start inside.py in a sandbox; return its Popen. Requests go to its stdin, replies come from the pipe `replies`,
    and what its processes print past Python comes from its stdout."""
    options, as_somebody = _way()
    processes = limits.processes
    if not as_somebody and tuple(int(part) for part in platform.release().split(".")[:2] if part.isdigit()) < (5, 14):
        processes += _threads_of_this_user()  # Linux counted a user's processes outside the sandbox too
    arguments = [str(replies), str(processes), str(_nobody_else() if as_somebody else 0)]
    with _pipe(system_calls()) as filter_:
        return subprocess.Popen(
            _limited(limits, [*_scope(limits.memory + 500 * MB, 2 * limits.processes), *_command(options), "--seccomp", str(filter_.fileno()), "--",
                              sys.executable, "/sandbox/inside.py", *arguments]),
            env={"PATH": os.environ["PATH"], **{name: os.environ[name] for name in ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
                                                if name in os.environ}},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            pass_fds=[replies, filter_.fileno()])


def launch_unconfined(limits, replies, folder):
    """`launch` without a sandbox, in `folder`: an ordinary process with the grader's rights."""
    return subprocess.Popen(_limited(limits, [sys.executable, str(INSIDE), str(replies), "0", "0"]), cwd=folder,
                            env={**os.environ, "PYTHONPATH": str(COURSE), **FOR_STUDENTS},
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                            pass_fds=[replies])


LIMIT = """
import json, os, resource, sys
os.nice(5)  # the watcher comes first
for name, most in json.loads(sys.argv[1]).items():
    if hasattr(resource, f"RLIMIT_{name}"):
        limit = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(limit)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))
os.execvp(sys.argv[2], sys.argv[2:])
"""


def _limited(limits, command):
    """The command, in a process that sets its limits first.

    It does so itself: what Python runs between fork and exec (subprocess' preexec_fn) can wait without end for a lock that another
    thread of the grader held, and a Dask worker has several.
    """
    most = dict(CORE=0, FSIZE=limits.files, DATA=2 * limits.memory, NOFILE=DESCRIPTORS, MSGQUEUE=0)
    if sys.platform == "linux":
        most["AS"] = 8 * limits.memory  # page tables of mapped and unused memory are in no resident set
    return [sys.executable, "-I", "-S", "-c", LIMIT, json.dumps(most), *command]


def _nobody_else():
    """A user id that no account, and no other sandbox, has."""
    return 1_900_000_000 + os.getpid() % 1_000_000 * 100 + next(_starts) % 100


_starts = iter(range(10**9))


def _threads_of_this_user():
    total = 0
    for process in psutil.process_iter(["uids", "num_threads"]):
        if process.info["uids"] and process.info["uids"].real == os.getuid():
            total += process.info["num_threads"] or 0
    return total
