"""What every test and every notebook runs under. Set before torch is imported anywhere."""
import locale
import os
import re
import tomllib
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

os.environ.setdefault("COURSE_DATA", "sample")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # workers and kernels share the cores (compat.py)
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    # Workers share the cores; more threads than cores would only wait for one another.
    workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))

if os.name == "posix":
    # Kernels started side by side over TCP can race for a port; sockets in a folder of their own can't.
    import tempfile
    import uuid

    import nbval.kernel

    _folder = tempfile.TemporaryDirectory(prefix="nbval-")
    _TcpManager = nbval.kernel.KernelManager

    def _ipc_manager(**options):
        return _TcpManager(transport="ipc", ip=os.path.join(_folder.name, uuid.uuid4().hex[:8]), **options)

    nbval.kernel.KernelManager = _ipc_manager


LONG = {"08-many-processes.ipynb": "starts PyTorch in dozens of processes: a minute and a half of both cores"}


def pytest_collection_modifyitems(items):
    """`make test` leaves out what is long, and what needs minutes, root or Debian's packages, and nothing else: each such test says why."""
    for item in items:
        if item.path.name in LONG:
            item.add_marker(pytest.mark.slow(LONG[item.path.name]))
    silent = sorted({item.nodeid for item in items for kind in ("long", "slow", "exhaustive") for mark in item.iter_markers(kind)
                     if not (mark.args and mark.args[0])})
    if silent:
        raise pytest.UsageError('say why: @pytest.mark.slow("needs ..."), for ' + ", ".join(silent))


SKIPS = tomllib.loads((Path(__file__).parent / "tests" / "skips.toml").read_text(encoding="utf-8"))["skips"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Under continuous integration nothing is skipped silently: tests/skips.toml names what may be, and where it is tried instead."""
    report = yield
    if report.skipped and "CI" in os.environ and not hasattr(report, "wasxfail"):
        reason = (report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)).removeprefix("Skipped: ")
        if not any(re.search(pattern, reason) for pattern in SKIPS):
            report.outcome = "failed"
            report.longrepr = f"skipped under CI, and not named in tests/skips.toml: {reason}"
    return report


class _Scheduling(LoadFileScheduling):
    """A file's tests stay together (a notebook has one kernel); those that are long and share nothing are given out one by one."""

    def _split_scope(self, nodeid):
        alone = any(f"tests/test_{name}.py" in nodeid for name in ("slow", "repeat", "state"))
        return nodeid if alone else super()._split_scope(nodeid)


def pytest_xdist_auto_num_workers(config):
    """One for each core; of the quick tests one more, as a worker often waits for a notebook's kernel or a server."""
    return (os.cpu_count() or 1) + ("not slow" in config.option.markexpr)


def pytest_xdist_make_scheduler(config, log):
    return _Scheduling(config, log)


@pytest.fixture
def ascii_only():
    """A system whose own encoding is no UTF-8, as Windows had: Python's default follows it, except in its UTF-8 mode."""
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    yield
    locale.setlocale(locale.LC_CTYPE, before)
