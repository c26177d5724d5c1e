"""A class on one server, as hub/README.md sets it up: real accounts, real JupyterHub processes, on loopback.

Needs root (accounts are made and removed) and bubblewrap: `.ci/run` runs it.
"""
import contextlib
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import nbformat
import pytest
import requests
import websocket

from classroom import FILE, LESSON, ROOT, TASKS, solved
from mirror import checksums, write_full_size
from test_launch import copied, git

pytestmark = [pytest.mark.slow("root: makes accounts; installs a server"), pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="makes accounts: run it as root")]
PASSWORD = uuid.uuid4().hex
PEOPLE = {"hub-ada": "students", "hub-bob": "students", "hub-teacher": "teachers"}


@pytest.fixture(scope="module")
def folder():
    """A folder that everybody may pass through, as /srv is."""
    path = Path(tempfile.mkdtemp(prefix="class-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def installed(folder):
    """The server set up by hub/install, data included."""
    course = copied(folder / "download")
    for name in ("MNIST", "FashionMNIST"):  # the mirrors can't be reached: stand-ins are there already
        write_full_size(folder / "class" / "data" / name / "raw")
    with (course / "image_data.py").open("a") as file:
        file.write(f"CRC32['real'] = dict.fromkeys(CRC32['real'], {checksums(folder / 'class' / 'data' / 'MNIST' / 'raw')})\n")
    git(course, "init", "-q", "-b", "main")
    git(course, "add", ".")
    git(course, "commit", "-q", "-m", "the course")
    done = subprocess.run(["hub/install", folder / "class"], cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "Start the hub:" in done.stdout
    return folder / "class"


@pytest.fixture(scope="module")
def people(folder, installed):
    """Two students and a teacher, with the course in the teacher's home."""
    remove()
    for name, group in PEOPLE.items():
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", "--groups", group, name], check=True)
        subprocess.run(["chpasswd"], input=f"{name}:{PASSWORD}", text=True, check=True)
        Path(f"~{name}").expanduser().chmod(0o700)
    shutil.copytree(folder / "download", Path("~hub-teacher/course").expanduser())
    subprocess.run(["chown", "-R", "hub-teacher:", Path("~hub-teacher/course").expanduser()], check=True)
    yield PEOPLE
    remove()


def remove():
    for name in PEOPLE:
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            subprocess.run(["pkill", "-KILL", "-u", name], check=False)
            subprocess.run(["userdel", "--remove", "--force", name], check=True, capture_output=True)


def free_ports(count):
    """All drawn before any is given back: of ports that are asked for one after the other, two may be the same."""
    with contextlib.ExitStack() as held:
        return [held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


@pytest.fixture(scope="module")
def hub(installed, people):
    public, api, proxy = free_ports(3)
    url = f"http://127.0.0.1:{public}"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "PYTEST", "OMP_", "MPL"))}
    with open(installed / "state" / "hub.log", "w") as log:
        process = subprocess.Popen(
            [installed / "venv/bin/jupyterhub", "-f", installed / "course/hub/jupyterhub_config.py",
             f"--JupyterHub.hub_port={api}", f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{proxy}"],
            env=env | {"COURSE_CLASS": str(installed), "COURSE_HUB_URL": url}, stdout=log, stderr=log, cwd=installed)
    try:
        for _ in range(120):
            assert process.poll() is None, (installed / "state" / "hub.log").read_text()[-3000:]
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{url}/hub/api/", timeout=5).ok:
                    break
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(30)
        print((installed / "state" / "hub.log").read_text()[-5000:])


class Person:
    """Somebody at the hub: logs in with a password, starts their server, and uses it as a browser would."""

    def __init__(self, hub, name, password=PASSWORD):
        self.hub, self.name, self.web = hub, name, requests.Session()
        self.web.get(f"{hub}/hub/login", timeout=30)
        self.answer = self.web.post(f"{hub}/hub/login", timeout=30, data={
            "username": name, "password": password, "_xsrf": self.web.cookies.get("_xsrf", path="/hub/")})

    def start(self):
        self.web.get(f"{self.hub}/hub/spawn", timeout=60)
        lab = f"{self.hub}/user/{self.name}/lab"
        for _ in range(240):
            answer = self.web.get(lab, timeout=60)  # also logs in to that server, by way of the hub
            if answer.ok and answer.url.startswith(lab):
                break
            time.sleep(0.5)
        else:
            raise AssertionError(f"no server for {self.name}: {answer.status_code} {answer.url}")
        return self

    def ask(self, method, path, **options):
        xsrf = self.web.cookies.get("_xsrf", path=f"/user/{self.name}/")
        answer = self.web.request(method, f"{self.hub}/user/{self.name}/{path}", timeout=300,
                                  headers={"X-XSRFToken": xsrf}, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[-500:]}"
        return answer.json() if answer.content else None

    def run(self, *cells, folder=""):
        """Run code in a kernel of this person's server; return what it printed, errors included."""
        kernel = self.ask("POST", "api/kernels", json={"name": "python3", "path": folder})["id"]
        cookies = "; ".join(f"{c.name}={c.value}" for c in self.web.cookies if f"/user/{self.name}/".startswith(c.path))
        socket = websocket.create_connection(f"{self.hub.replace('http', 'ws')}/user/{self.name}/api/kernels/{kernel}/channels",
                                             cookie=cookies, timeout=600)
        printed = ""
        for code in cells:
            number = uuid.uuid4().hex
            socket.send(json.dumps({
                "channel": "shell", "parent_header": {}, "metadata": {}, "content": {"code": code, "silent": False},
                "header": {"msg_id": number, "msg_type": "execute_request", "session": number, "username": "", "version": "5.3"}}))
            while True:
                message = json.loads(socket.recv())
                if message["parent_header"].get("msg_id") != number:
                    continue
                content = message["content"]
                printed += content.get("text", "") if message["msg_type"] == "stream" else ""
                printed += "\n".join(content.get("traceback", [])) if message["msg_type"] == "error" else ""
                if message["msg_type"] == "status" and content["execution_state"] == "idle":
                    break
        socket.close()
        self.ask("DELETE", f"api/kernels/{kernel}")
        return printed

    def shell(self, *commands):
        """Run the teacher's commands, as typed in a terminal of JupyterLab; raise where one fails."""
        said = self.run("import subprocess\ndone = subprocess.run(" + repr("set -e; " + "; ".join(commands))
                        + ", shell=True, executable='/bin/bash', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)\n"
                        "print(done.stdout, 'EXIT', done.returncode)")
        assert said.rstrip().endswith("EXIT 0"), said[-3000:]
        return said


@pytest.fixture(scope="module")
def teacher(hub):
    return Person(hub, "hub-teacher").start()


@pytest.fixture(scope="module")
def ada(hub):
    return Person(hub, "hub-ada").start()


@pytest.fixture(scope="module")
def bob(hub):
    return Person(hub, "hub-bob").start()


def recipe():
    """The teacher's commands in hub/README.md, which this test types."""
    text = (ROOT / "hub" / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```\n(cd ~/course/exercises\n.*?)```", text, re.S)[1]
    return {line.split()[1] if line.startswith("nbgrader") else line.split()[0]: line.partition("  #")[0]
            for line in block.strip().splitlines()}


def test_a_wrong_password_or_an_account_outside_the_class_gets_in_nowhere(hub):
    for name, password in (("hub-ada", "wrong"), ("root", PASSWORD), ("nobody", "")):
        person = Person(hub, name, password)
        assert person.answer.status_code == 403 and "Invalid username or password" in person.answer.text
        assert person.web.get(f"{hub}/hub/home", timeout=30).url.startswith(f"{hub}/hub/login")


def test_a_class_from_fetch_to_feedback(hub, teacher, ada, bob, installed):
    steps = recipe()
    # The teacher hands out; the students fetch.
    teacher.shell(steps["cd"], steps["release_assignment"])
    for student in (ada, bob):
        listed = student.ask("GET", "assignments", params={"course_id": "deep-learning"})["value"]
        assert [entry["assignment_id"] for entry in listed] == [LESSON]
        student.ask("POST", "assignments/fetch", json={"course_id": "deep-learning", "assignment_id": LESSON})
        assert student.ask("GET", f"api/contents/{LESSON}/{FILE}?content=0")["type"] == "notebook"

    # Ada answers everything, checks it, and both hand in; Bob leaves one task.
    answers = {cell.id: cell.source for cell in solved(LESSON).cells}
    for student, left in ((ada, ()), (bob, ("accuracy",))):
        notebook = nbformat.from_dict(student.ask("GET", f"api/contents/{LESSON}/{FILE}")["content"])
        for cell in notebook.cells:
            if cell.get("id") in TASKS and cell.id not in left:
                cell.source = answers[cell.id]
        student.ask("PUT", f"api/contents/{LESSON}/{FILE}", json={"type": "notebook", "format": "json", "content": notebook})
        if student is ada:
            said = student.run(*(cell.source for cell in notebook.cells if cell.cell_type == "code"), folder=LESSON)
            assert len(re.findall(r": right\.", said)) == 5, said
        handed = student.ask("POST", "assignments/submit", json={"course_id": "deep-learning", "assignment_id": LESSON})
        assert handed["success"], handed

    # Collect, grade in the sandbox, hand back.
    said = teacher.shell(steps["cd"], steps["collect"], steps["(cd"], steps["generate_feedback"], steps["release_feedback"])
    assert "2 submissions, 2 of them new" in said
    table = teacher.shell(f"cat ~/course/exercises/grades/{LESSON}.csv")
    total = {line.split(",")[0]: line for line in table.splitlines()}
    columns = total["student"].split(",")
    points = {name: float(total[name].split(",")[columns.index("total")]) for name in ("hub-ada", "hub-bob")}
    assert points == {"hub-ada": 10.0, "hub-bob": 8.0}
    for student, score in ((ada, "10.0"), (bob, "8.0")):
        student.ask("POST", "assignments/fetch_feedback", json={"course_id": "deep-learning", "assignment_id": LESSON})
        page = student.run(f"import glob; print(open(glob.glob('{LESSON}/feedback/*/*.html')[0]).read())")
        assert f"(Score: {score} / " in page and "BEGIN HIDDEN TESTS" not in page

    # A second round grades only what is new.
    bob.ask("POST", "assignments/submit", json={"course_id": "deep-learning", "assignment_id": LESSON})
    assert "2 submissions, 1 of them new" in teacher.shell(steps["cd"], steps["collect"], steps["(cd"])


def test_the_data_are_shared_and_nobody_can_change_them(ada, installed):
    said = ada.run("import utils; print(utils.load_data_mnist(256)[0].dataset.source, len(utils.load_data_fashion_mnist(256)[1].dataset))",
                   f"open('{installed}/data/MNIST/raw/train-labels-idx1-ubyte', 'r+b')",
                   f"open('{installed}/data/note', 'w')")
    assert "real 10000" in said and said.count("Permission denied") == 2, said


def test_lessons_are_copied_once_and_kept(ada):
    lessons = ada.ask("GET", "api/contents/lessons")["content"]
    assert len([entry for entry in lessons if entry["name"].endswith(".ipynb")]) == 7
    lesson = nbformat.read(ROOT / "notebooks" / "01-tensors.ipynb", as_version=4)
    said = ada.run(*[cell.source for cell in lesson.cells if cell.cell_type == "code"][:6], "print('done')", folder="lessons")
    assert "Traceback" not in said and said.endswith("done\n"), said


def test_a_student_sees_no_answers_and_nobody_elses_work(ada, installed):
    exchange = installed / "exchange" / "deep-learning" / "inbound"
    said = ada.run("import os, glob",
                   f"print([path for path in glob.glob('{installed}/course/**', recursive=True) if 'source' in path])",
                   "os.listdir('/home/hub-bob')", "os.listdir('/home/hub-teacher')", f"os.listdir('{exchange}')",
                   f"os.listdir('{installed}/state')")
    assert said.startswith("[]") and said.count("Permission denied") == 4, said


def test_nobody_can_listen_to_anothers_kernel(ada, bob):
    """On TCP any account could; and the calls of another kernel's server, on a port used again, ended in this one's output."""
    said = ada.run("import ipykernel, json, psutil",
                   "kernel = json.load(open(ipykernel.get_connection_file()))",
                   "print(kernel['transport'], kernel['ip'], kernel['iopub_port'])",
                   "me = psutil.Process()",
                   "ports = {c.laddr.port for c in getattr(me, 'net_connections', me.connections)('tcp') if c.status == 'LISTEN'}",
                   # one that it only hears at: what processes of its own print, if they know a secret
                   "print(ports - {get_ipython().kernel.iopub_thread._pipe_port})",
                   "import socket; socket.socket(socket.AF_UNIX).connect(f'{kernel[\"ip\"]}-{kernel[\"iopub_port\"]}'); print('there')")
    assert said.count("\n") == 3, said
    (transport, path, number), listening, there = (line.split() for line in said.splitlines())
    assert (transport, listening, there) == ("ipc", ["set()"], ["there"]), said
    assert path.startswith("/home/hub-ada/")
    connect = "import socket; socket.socket(socket.AF_UNIX).connect({!r})"
    heard = bob.run(connect.format(f"{path}-{number}"))
    assert "PermissionError" in heard, heard


def test_a_student_is_no_admin(hub, ada, teacher):
    assert ada.web.get(f"{hub}/hub/admin", timeout=30).status_code == 403
    assert teacher.web.get(f"{hub}/hub/admin", timeout=30).status_code == 200
