"""A class's hub on this machine, as hub/README.md sets it up: real accounts, real JupyterHub processes, on loopback.

For tests/test_hub.py, tests/test_inbound.py and benchmarks/hub.py. Root makes the accounts, and removes them.
"""
import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import requests
import websocket

from mirror import checksums, write_full_size
from test_launch import copied, git

PASSWORD = uuid.uuid4().hex
DOMAIN = "class.localhost"  # a browser takes every name below localhost for this machine; Python does with `names`


@contextlib.contextmanager
def names():
    """Take every name below localhost for this machine, as browsers do."""
    before = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *more, **options: before("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **options)
    try:
        yield
    finally:
        socket.getaddrinfo = before


BELOW_1024 = range(1023, 600, -1)


def free_ports(count, among=BELOW_1024):
    """So many ports, all drawn before any is given back: of ports that are asked for one after the other, two may be the same.

    `among`: which are tried; 0 is any that the system chooses.
    """
    with contextlib.ExitStack() as held:
        found = []
        for port in among:
            with contextlib.suppress(OSError):
                found.append(held.enter_context(socket.create_server(("127.0.0.1", port))).getsockname()[1])
            if len(found) == count:
                return found
    raise AssertionError("no free ports")


def downloaded(folder):
    """A copy of the course as a git repository in `folder`, which takes stand-ins for the data sets for the real ones; the
    stand-ins lie in `folder`/class/data, as the mirrors can't be reached."""
    course = copied(folder / "download")
    for name in ("MNIST", "FashionMNIST"):
        write_full_size(folder / "class" / "data" / name / "raw")
    with (course / "image_data.py").open("a") as file:
        file.write(f"CRC32['real'] = dict.fromkeys(CRC32['real'], {checksums(folder / 'class' / 'data' / 'MNIST' / 'raw')})\n")
    git(course, "init", "-q", "-b", "main")
    git(course, "add", ".")
    git(course, "commit", "-q", "-m", "the course")
    return course


def install(course, into):
    return subprocess.run(["hub/install", into], cwd=course, capture_output=True, text=True)


def class_folder():
    """A folder that everybody may pass through, as /srv is."""
    path = Path(tempfile.mkdtemp(prefix="class-"))
    path.chmod(0o755)
    return path


def add(name, group, *options):
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", "--groups", group, *options, name], check=True)
    subprocess.run(["chpasswd"], input=f"{name}:{PASSWORD}", text=True, check=True)
    Path(f"~{name}").expanduser().chmod(0o700)


def remove(name):
    with contextlib.suppress(KeyError):
        pwd.getpwnam(name)
        subprocess.run(["pkill", "-KILL", "-u", name], check=False)
        subprocess.run(["userdel", "--remove", "--force", name], check=True, capture_output=True)


def give_course(course, name):
    """The course into a teacher's home."""
    home = Path(f"~{name}").expanduser()
    shutil.copytree(course, home / "course")
    subprocess.run(["chown", "-R", f"{name}:", home / "course"], check=True)


class Served:
    """A JupyterHub in a process of a test: `process`, its `url`, and its `log` so far."""

    def answers(self):
        """Wait until it does; return it."""
        for _ in range(240):
            assert self.process.poll() is None, self.log[-3000:]
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.url}/hub/api/", timeout=5).ok:
                    return self
            time.sleep(0.25)
        raise AssertionError(f"the hub does not answer: {self.log[-3000:]}")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Hub(Served):
    """hub/serve over an installed class, at ports of its own."""

    def __init__(self, folder, extra=""):
        self.folder, self.ports = folder, free_ports(3)
        public, api, proxy = self.ports
        self.url = f"http://{DOMAIN}:{public}"
        (folder / "settings.py").write_text(
            f"c = get_config()\nc.JupyterHub.subdomain_host = {self.url!r}\nc.JupyterHub.bind_url = 'http://127.0.0.1:{public}'\n"
            f"c.JupyterHub.hub_port = {api}\nc.ConfigurableHTTPProxy.api_url = 'https://127.0.0.1:{proxy}'\n{extra}")
        self.process = None

    @property
    def log(self):
        return (self.folder / "state" / "hub.log").read_text()

    def start(self):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "PYTEST", "OMP_", "MPL"))}
        self.process = subprocess.Popen([self.folder / "current/course/hub/serve", self.folder], env=env, cwd=self.folder)
        return self.answers()


class Person:
    """Somebody at the hub: logs in with a password, starts their server, and uses it as a browser would."""

    def __init__(self, hub, name, password=PASSWORD):
        self.hub, self.name, self.web = hub, name, requests.Session()
        scheme, _, rest = hub.partition("://")
        self.home = f"{scheme}://{name}.{rest}/user/{name}"  # where the browser is led to
        self.web.get(f"{hub}/hub/login", timeout=300)
        self.answer = self.web.post(f"{hub}/hub/login", timeout=300, data={
            "username": name, "password": password, "_xsrf": self.web.cookies.get("_xsrf", path="/hub/", domain=DOMAIN)})

    def start(self, patience=240):
        self.web.get(f"{self.hub}/hub/spawn", timeout=300)
        lab = f"{self.home}/lab"
        for _ in range(2 * patience):
            answer = self.web.get(lab, timeout=300)  # also logs in to that server, by way of the hub
            if answer.ok and answer.url.startswith(lab):
                return self
            time.sleep(0.5)
        raise AssertionError(f"no server for {self.name}: {answer.status_code} {answer.url}")

    def api(self, method, path, **options):
        """Ask the hub itself for something."""
        return self.web.request(method, f"{self.hub}/hub/api/{path}", timeout=120, headers={
            "X-XSRFToken": self.web.cookies.get("_xsrf", path="/hub/", domain=DOMAIN)}, **options)

    def stop(self):
        answer = self.api("DELETE", f"users/{self.name}/server")
        for _ in range(240):
            if answer.status_code == 204 and not self.api("GET", f"users/{self.name}").json()["servers"]:
                return self
            time.sleep(0.5)
            answer = self.api("DELETE", f"users/{self.name}/server") if answer.status_code == 202 else answer
        raise AssertionError(f"the server of {self.name} does not end: {answer.status_code} {answer.text[:300]}")

    def ask(self, method, path, **options):
        xsrf = self.web.cookies.get("_xsrf", path=f"/user/{self.name}/")
        answer = self.web.request(method, f"{self.home}/{path}", timeout=300, headers={"X-XSRFToken": xsrf}, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[-500:]}"
        return answer.json() if answer.content else None

    def kernel(self, folder=""):
        return self.ask("POST", "api/kernels", json={"name": "python3", "path": folder})["id"]

    def channels(self, kernel):
        """A connection to a kernel, as an open tab has one."""
        here = self.home.split("/")[2].split(":")[0]
        cookies = "; ".join(f"{c.name}={c.value}" for c in self.web.cookies
                            if (here == c.domain or here.endswith("." + c.domain.lstrip(".")))
                            and f"/user/{self.name}/".startswith(c.path))
        return websocket.create_connection(f"{self.home.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels", cookie=cookies, timeout=600)

    def run(self, *cells, folder=""):
        """Run code in a kernel of this person's server; return what it printed, errors included."""
        kernel = self.kernel(folder)
        connection, printed = self.channels(kernel), ""
        for code in cells:
            printed += said(connection, code)
        connection.close()
        self.ask("DELETE", f"api/kernels/{kernel}")
        return printed

    def shell(self, *commands):
        """Run commands as typed in a terminal of JupyterLab; raise where one fails."""
        said = self.run("import subprocess\ndone = subprocess.run(" + repr("set -e; " + "; ".join(commands))
                        + ", shell=True, executable='/bin/bash', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)\n"
                        "print(done.stdout, 'EXIT', done.returncode)")
        assert said.rstrip().endswith("EXIT 0"), said[-3000:]
        return said


def begun(connection, code, word):
    """Have a kernel begin with code that does not end; return once it has printed a word."""
    _send(connection, code)
    while word not in json.loads(connection.recv())["content"].get("text", ""):
        pass


def _send(connection, code):
    number = uuid.uuid4().hex
    connection.send(json.dumps({
        "channel": "shell", "parent_header": {}, "metadata": {}, "content": {"code": code, "silent": False},
        "header": {"msg_id": number, "msg_type": "execute_request", "session": number, "username": "", "version": "5.3"}}))
    return number


def said(connection, code):
    """What code prints in a kernel, errors included, over an open connection to it."""
    number, printed = _send(connection, code), ""
    while True:
        message = json.loads(connection.recv())
        if message["parent_header"].get("msg_id") != number:
            continue
        content = message["content"]
        printed += content.get("text", "") if message["msg_type"] == "stream" else ""
        printed += "\n".join(content.get("traceback", [])) if message["msg_type"] == "error" else ""
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return printed
