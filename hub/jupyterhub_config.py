"""One server for one class: JupyterHub with the accounts of the machine itself. hub/README.md is the recipe.

hub/install puts everything below one folder (/srv/class) and this file knows it from there: current/ (the course as students may
read it, and its packages), data/ (both image sets, read-only), exchange/ (assignments out and in), certificates/, state/.
What is particular to your class belongs into settings.py beside them: it is read at the end, and hub/install never overwrites it.
"""
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(os.environ.get("COURSE_CLASS", "/srv/class"))
NOW = HERE / "current"
sys.path.insert(0, str(NOW / "course" / "hub"))  # for spawning.py

c = get_config()  # noqa: F821

# Addresses. Every student has a name of their own below the hub's (ada.class.example.org): a page that a student makes is of another
# origin than the hub, and a browser lets its script do nothing there. Ports below 1024 are root's: nobody can listen at them while
# the hub is stopped, and be told passwords. To and from the students' servers, whose ports are anybody's, both sides show
# certificates of the hub's own (internal_ssl).
c.JupyterHub.subdomain_host = os.environ.get("COURSE_HUB_URL", "http://class.localhost:800")
c.JupyterHub.bind_url = "http://127.0.0.1:800"
c.JupyterHub.hub_port = 881
c.ConfigurableHTTPProxy.api_url = "https://127.0.0.1:801"
c.JupyterHub.internal_ssl = True
c.JupyterHub.internal_certs_location = str(HERE / "state" / "internal-ssl")

c.JupyterHub.cookie_secret_file = str(HERE / "state" / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{HERE / 'state' / 'jupyterhub.sqlite'}"
c.JupyterHub.cleanup_servers = False  # the hub may be started anew while students work
# Node.js itself, not the wrapper of that name: a signal would end the wrapper alone and leave the proxy at its ports.
c.ConfigurableHTTPProxy.command = [str(NOW / "venv" / "node"), str(NOW / "venv/proxy/node_modules/configurable-http-proxy/bin/configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = str(HERE / "state" / "proxy.pid")

# Who: the machine's own accounts, listed in two groups. Nobody administers the hub through it, teachers neither: what a teacher's
# browser can't do, no page can make it do. root does it at the machine.
c.LocalAuthenticator.allowed_groups = {"students", "teachers"}
c.JupyterHub.load_roles = [{"name": "admin", "users": []}]
c.Authenticator.delete_invalid_users = True  # who has no account any more, when the hub starts; else hub/remove asks for it:
token = HERE / "state" / "token"
c.JupyterHub.services = [{"name": "remove", "api_token": token.read_text().strip()}] if token.exists() else []
c.JupyterHub.load_roles.append({"name": "remove", "scopes": ["delete:users", "read:users", "delete:servers"], "services": ["remove"]})
c.PAMAuthenticator.service = "course-hub"  # /etc/pam.d/course-hub: no pause after a wrong password, in which others would wait
c.PAMAuthenticator.executor_threads = 8

# What each of them gets: a JupyterLab of their own, under their own account, in their own home.
with_systemd = Path("/run/systemd/system").is_dir()
c.JupyterHub.spawner_class = "spawning.Systemd" if with_systemd else "spawning.Local"
c.Spawner.cmd = [str(NOW / "course" / "hub" / "start")]
c.Spawner.default_url = "/lab"
c.Spawner.ssl_alt_names = lambda spawner: [f"DNS:{spawner.user.domain}"]  # so that nobody's certificate serves for another
c.Spawner.environment = {
    "COURSE_CLASS": str(HERE),
    "COURSE_DATA": "real",
    "COURSE_DATA_DIR": str(HERE / "data"),
    "COURSE_EXCHANGE": str(HERE / "exchange"),
    "OMP_NUM_THREADS": "1",  # of thirty kernels at once each is quickest with one (hub/README.md)
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait sleep, and leave the cores to other students (compat.py)
}
c.Spawner.args = [
    # Kernels listen in a folder that only their owner can enter (hub/start). On TCP every account of the machine could
    # listen in, and a kernel that takes the port of one that ended gets the messages of those who call it still.
    "--KernelManager.transport=ipc",
    "--MappingKernelManager.cull_idle_timeout=3600",  # seconds: a forgotten kernel holds about 0.6 GB
    "--MappingKernelManager.cull_connected=True",  # whose tab is open too
    "--ServerApp.shutdown_no_activity_timeout=7200",  # a page in view is no activity: hub/server
    "--TerminalManager.cull_inactive_timeout=10800",  # without a letter in or out; a server with a terminal goes on
]
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # seconds: thirty who come at once wait for one another

# How much each of them may take. Without systemd hub/start sets what a process can be told: the memory is then a process's.
c.Spawner.mem_limit = "3G"
c.Spawner.environment["COURSE_PROCESSES"] = "300"  # and threads, of an account
c.SystemdSpawner.isolate_tmp = True
c.SystemdSpawner.isolate_devices = True

load_subconfig(str(HERE / "settings.py"))  # noqa: F821

if "unit_extra_properties" not in c.SystemdSpawner:
    c.SystemdSpawner.unit_extra_properties = {"TasksMax": c.Spawner.environment["COURSE_PROCESSES"]}

host = urlsplit(c.JupyterHub.subdomain_host).hostname
c.JupyterHub.trusted_alt_names = [f"DNS:*.{host}"]  # the hub answers for a student whose server does not run
c.Spawner.environment["COURSE_HOST"] = host  # no link of a student's leads there
if c.JupyterHub.subdomain_host.startswith("https://"):
    c.JupyterHub.cookie_host_prefix_enabled = True  # a student's page can't put a cookie of its own into the hub's place
anybodys = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
for name, port in (("JupyterHub.bind_url", urlsplit(c.JupyterHub.bind_url).port), ("JupyterHub.hub_port", c.JupyterHub.hub_port),
                   ("ConfigurableHTTPProxy.api_url", urlsplit(c.ConfigurableHTTPProxy.api_url).port)):
    if port >= anybodys:
        sys.exit(f"Every account of this machine may listen at port {port} ({name}) while the hub is stopped, and would be told passwords: "
                 f"take one below {min(anybodys, 1024)}" + (", after  sysctl -w net.ipv4.ip_unprivileged_port_start=1024" if anybodys < 1024 else ""))
