"""What every test and every notebook runs under. Set before torch is imported anywhere."""
import os

os.environ.setdefault("COURSE_DATA", "sample")
os.environ.setdefault("MPLBACKEND", "agg")
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
