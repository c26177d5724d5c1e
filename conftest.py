"""What every test and every notebook runs under. Set before torch is imported anywhere."""
import os

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


def pytest_collection_modifyitems(items):
    """`make test` leaves out what needs minutes, root or Debian's packages, and nothing else: each slow test says which."""
    silent = sorted({item.nodeid for item in items for mark in item.iter_markers("slow") if not (mark.args and mark.args[0])})
    if silent:
        raise pytest.UsageError('say why: @pytest.mark.slow("needs ..."), for ' + ", ".join(silent))


class _Scheduling(LoadFileScheduling):
    """A file's tests stay together (a notebook has one kernel); those of test_slow.py and test_repeat.py are shared out one by one."""

    def _split_scope(self, nodeid):
        return nodeid if "test_slow.py" in nodeid or "test_repeat.py" in nodeid else super()._split_scope(nodeid)


def pytest_xdist_auto_num_workers(config):
    """One for each core; of the quick tests one more, as a worker often waits for a notebook's kernel or a server."""
    return (os.cpu_count() or 1) + (config.option.markexpr == "not slow")


def pytest_xdist_make_scheduler(config, log):
    return _Scheduling(config, log)
