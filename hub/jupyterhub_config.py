"""One server for one class: JupyterHub with the accounts of the machine itself. hub/README.md is the recipe.

hub/install puts everything below one folder (/srv/class) and this file knows it from there:
course/ (what students may read), data/ (both image sets, read-only), exchange/ (assignments out and in), venv/, proxy/.
"""
import os
import sys
from pathlib import Path

HERE = Path(os.environ.get("COURSE_CLASS", "/srv/class"))
BIN = Path(sys.executable).parent

c = get_config()  # noqa: F821
c.JupyterHub.bind_url = os.environ.get("COURSE_HUB_URL", "http://127.0.0.1:8000")
c.JupyterHub.cookie_secret_file = str(HERE / "state" / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{HERE / 'state' / 'jupyterhub.sqlite'}"
c.ConfigurableHTTPProxy.command = [str(BIN / "node"), str(HERE / "proxy/node_modules/.bin/configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = str(HERE / "state" / "proxy.pid")

# Who: the machine's own accounts, listed in two groups.
c.LocalAuthenticator.allowed_groups = {"students", "teachers"}
c.PAMAuthenticator.admin_groups = {"teachers"}

# What each of them gets: a JupyterLab of their own, under their own account, in their own home.
c.Spawner.cmd = [str(HERE / "course" / "hub" / "start")]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {
    "COURSE_CLASS": str(HERE),
    "COURSE_DATA": "real",
    "COURSE_DATA_DIR": str(HERE / "data"),
    "COURSE_EXCHANGE": str(HERE / "exchange"),
    "JUPYTER_CONFIG_PATH": str(HERE / "course" / "hub" / "students"),  # nbgrader's settings for those who hand in
    "OMP_NUM_THREADS": "2",  # else thirty kernels start a thread a core each
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait sleep, and leave the cores to other students (compat.py)
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(HERE / "course"),  # for utils, wherever a notebook lies
}
c.Spawner.args = [
    # Kernels listen in a folder that only their owner can enter (hub/start). On TCP every account of the machine could
    # listen in, and a kernel that takes the port of one that ended gets the messages of those who call it still.
    "--KernelManager.transport=ipc",
    "--MappingKernelManager.cull_idle_timeout=3600",  # seconds: a forgotten kernel holds about 0.6 GB
    "--ServerApp.shutdown_no_activity_timeout=7200",
]
c.Spawner.start_timeout = 120
