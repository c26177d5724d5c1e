"""A class on one server, as hub/README.md sets it up, and what curious students try there: real accounts, real JupyterHub
processes, on loopback; thief and victim side by side.

Needs root (accounts are made and removed), bubblewrap and Chromium: `.ci/run` runs it.
"""
import contextlib
import os
import pwd
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
import requests

import campus
import classhub
from browser import CHROMIUM, chromium
from classhub import PASSWORD, Hub, Person
from classroom import FILE, LESSON, ROOT, TASKS, command, copy_course, grades, remembered, solved
from test_kubernetes import settings_args

pytestmark = [pytest.mark.slow("root: makes accounts; installs a server"), pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="makes accounts: run it as root")]
PEOPLE = {"hub-ada": "students", "hub-bob": "students", "hub-carol": "students", "hub-teacher": "teachers"}
# Carol's kernels are culled after seconds, not an hour.
SETTINGS = """
def hurry(spawner):
    if spawner.user.name == "hub-carol":
        spawner.args = [each for each in spawner.args if "cull_idle" not in each] + ["--MappingKernelManager.cull_idle_timeout=4", "--MappingKernelManager.cull_interval=1"]
c.Spawner.pre_spawn_hook = hurry
"""


@pytest.fixture(scope="module", autouse=True)
def every_name_is_this_machine():
    with classhub.names():
        yield


@pytest.fixture(scope="module")
def folder():
    path = classhub.class_folder()
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def installed(folder):
    """The server set up by hub/install, data included."""
    done = classhub.install(classhub.downloaded(folder), folder / "class")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "Start the hub:" in done.stdout
    return folder / "class"


@pytest.fixture(scope="module")
def people(folder, installed):
    """Three students and a teacher, with the course in the teacher's home."""
    for name, group in PEOPLE.items():
        classhub.remove(name)
        classhub.add(name, group)
    classhub.give_course(folder / "download", "hub-teacher")
    yield PEOPLE
    for name in PEOPLE:
        classhub.remove(name)


@pytest.fixture(scope="module")
def running(installed, people):
    hub = Hub(installed, SETTINGS).start()
    yield hub
    hub.stop()
    print(hub.log[-5000:])


@pytest.fixture(scope="module")
def hub(running):
    return running.url


@pytest.fixture(scope="module")
def teacher(hub):
    return Person(hub, "hub-teacher").start()


@pytest.fixture(scope="module")
def ada(hub):
    return Person(hub, "hub-ada").start()


@pytest.fixture(scope="module")
def bob(hub):
    return Person(hub, "hub-bob").start()


def as_account(name, code):
    """Run Python code as an account of this machine, outside of the hub; return what it said."""
    account = pwd.getpwnam(name)
    return subprocess.run(["/usr/bin/python3", "-c", code], user=account.pw_uid, group=account.pw_gid, extra_groups=os.getgrouplist(name, account.pw_gid),
                          cwd="/", env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60)


# ---------------------------------------------------------------- a week

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
    said = teacher.shell(steps["cd"], steps["(cd"], steps["generate_feedback"], steps["release_feedback"])
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
    assert "2 submissions, 1 of them new" in teacher.shell(steps["cd"], steps["(cd"])


def test_the_data_are_shared_and_nobody_can_change_them(ada, installed):
    said = ada.run("import utils; print(utils.load_data_mnist(256)[0].dataset.source, len(utils.load_data_fashion_mnist(256)[1].dataset))",
                   f"open('{installed}/data/MNIST/raw/train-labels-idx1-ubyte', 'r+b')",
                   f"open('{installed}/data/note', 'w')")
    assert "real 10000" in said and said.count("Permission denied") == 2, said


def test_lessons_are_copied_once_and_kept(ada):
    lessons = ada.ask("GET", "api/contents/lessons")["content"]
    assert len([entry for entry in lessons if entry["name"].endswith(".ipynb")]) == 8
    lesson = nbformat.read(ROOT / "notebooks" / "01-tensors.ipynb", as_version=4)
    said = ada.run(*[cell.source for cell in lesson.cells if cell.cell_type == "code"][:6], "print('done')", folder="lessons")
    assert "Traceback" not in said and said.endswith("done\n"), said


def test_a_student_sees_no_answers_and_nobody_elses_work(ada, bob, teacher, installed):
    """Bob's kernel holds a secret that Ada looks for, in its environment and its memory too."""
    kernel = bob.kernel()
    number = told(bob, kernel, "import os; secret = 'of bob'; print(os.getpid())").strip()
    said = ada.run("import os, glob",
                   f"print([path for path in glob.glob('{installed}/current/course/**', recursive=True) if 'source' in path])",
                   "os.listdir('/home/hub-bob')", "os.listdir('/home/hub-teacher')",
                   f"os.listdir('{installed}/exchange/deep-learning/inbound')", f"os.listdir('{installed}/exchange/deep-learning/feedback')",
                   f"os.listdir('{installed}/state')", f"os.listdir('{installed}/certificates')",
                   f"open('/proc/{number}/environ').read()", f"open('/proc/{number}/mem', 'rb')", f"os.listdir('/proc/{number}/fd')",
                   *(f"open('/proc/{each}/environ').read()" for each in subprocess.run(["pgrep", "-f", "jupyterhub_config.py|configurable-http-proxy"],
                                                                                  capture_output=True, text=True).stdout.split()[:2]))
    assert said.startswith("[]") and said.count("Permission denied") == 11, said
    bob.ask("DELETE", f"api/kernels/{kernel}")


def test_what_is_everybodys_is_nobodys_to_change(ada, installed):
    places = ["current/course/utils.py", "current/venv/bin/jupyterhub-singleuser", "data/MNIST/raw/t10k-labels-idx1-ubyte", "settings.py"]
    folders = ["", "current/course", "current/course/hub", "current/venv", "versions", "packages", "data", "exchange", "exchange/deep-learning", "exchange/deep-learning/outbound"]
    said = ada.run("import os", f"""
for place in {places}:
    try:
        open('{installed}/' + place, 'r+b'); print('wrote', place)
    except PermissionError:
        pass
for folder in {folders}:
    try:
        os.mkdir('{installed}/' + folder + '/mine'); print('made', folder)
    except PermissionError:
        pass
try:
    os.replace('{installed}/current', '{installed}/mine'); print('moved')
except PermissionError:
    print('nothing')
""")
    assert said == "nothing\n", said


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


def test_nobody_administers_the_hub_through_it(hub, ada, teacher):
    for person in (ada, teacher):
        assert person.web.get(f"{hub}/hub/admin", timeout=30).status_code == 403
        who = person.api("GET", "user").json()
        assert who["admin"] is False and all(scope.endswith(f"!user={person.name}") for scope in who["scopes"]), who


# ---------------------------------------------------------------- what a curious student tries

TRIED = """
async ([hub, teacher]) => {
    const got = {}, attempt = async (name, what) => { try { got[name] = await what(); } catch (error) { got[name] = "no: " + error.name; } };
    const mine = {credentials: "include"}, mint = JSON.stringify({note: "stolen"});
    let xsrf = "none";
    await attempt("page", async () => { const text = await (await fetch(hub + "/hub/token", mine)).text();
        xsrf = text.match(/xsrf_token: "([^"]+)"/)?.[1] ?? xsrf; return text.includes("Request new API token"); });
    await attempt("mint", async () => (await fetch(hub + "/hub/api/users/hub-teacher/tokens?_xsrf=" + xsrf, {...mine, method: "POST", body: mint, headers: {"Content-Type": "application/json"}})).status);
    await attempt("blind", async () => (await fetch(hub + "/hub/api/users/hub-teacher/tokens", {...mine, method: "POST", mode: "no-cors", body: mint})).type);
    await attempt("who", async () => (await (await fetch(hub + "/hub/api/user?_xsrf=" + xsrf, mine)).json()).name);
    await attempt("server", async () => (await fetch(teacher + "/user/hub-teacher/api/contents", mine)).status);
    await attempt("cookies", async () => document.cookie.includes("_xsrf"));
    await attempt("frame", () => new Promise(done => { const frame = document.body.appendChild(document.createElement("iframe"));
        frame.onload = () => done(!!frame.contentDocument?.body?.innerText.includes("token")); frame.src = hub + "/hub/token"; setTimeout(() => done(false), 5000); }));
    await attempt("form", () => new Promise(done => { const form = document.body.appendChild(document.createElement("form"));
        Object.assign(form, {method: "POST", action: hub + "/hub/api/users/hub-teacher/tokens", enctype: "text/plain", target: "nowhere"});
        const frame = document.body.appendChild(document.createElement("iframe")); frame.name = "nowhere"; frame.onload = () => done("sent");
        form.submit(); setTimeout(() => done("sent"), 3000); }));
    document.cookie = "_xsrf=mine; domain=class.localhost; path=/hub/";
    document.cookie = "jupyterhub-session-id=mine; domain=class.localhost; path=/";
    return got;
}"""


def tokens(installed, name):
    with contextlib.closing(sqlite3.connect(f"file:{installed}/state/jupyterhub.sqlite?mode=ro", uri=True)) as database:
        return [note for note, in database.execute("select note from api_tokens join users on users.id = user_id where users.name = ?", (name,))]


@pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="Chromium is not installed: sudo apt-get install chromium")
def test_a_students_page_can_do_nothing_in_the_name_of_a_teacher_who_opens_it(hub, installed, ada, teacher, tmp_path):
    """A folder that the student's own settings serve to everybody; the same script, on a page of the hub's, mints a token."""
    ada.run("import os; os.makedirs(os.path.expanduser('~/pages'), exist_ok=True); os.makedirs(os.path.expanduser('~/.jupyter'), exist_ok=True)",
            "open(os.path.expanduser('~/pages/evil.html'), 'w').write('<!doctype html><body>Look at my plot')",
            "open(os.path.expanduser('~/.jupyter/jupyter_server_config.py'), 'w').write('c.ServerApp.extra_static_paths = [\"/home/hub-ada/pages\"]')")
    ada.stop().start()
    with chromium(tmp_path / "profile") as page:
        page.goto(f"{hub}/hub/login")
        page.fill("#username_input", "hub-teacher")
        page.fill("#password_input", PASSWORD)
        page.click("#login_submit")
        page.wait_for_url("**/user/hub-teacher/lab**")
        arguments = [hub, teacher.home.removesuffix("/user/hub-teacher")]
        page.goto(f"{ada.home}/static/evil.html")
        assert "Look at my plot" in page.inner_text("body")
        got = page.evaluate(TRIED, arguments)
        refused = {name: "no: TypeError" for name in ("page", "mint", "who", "server")}
        assert got == refused | {"blind": "opaque", "cookies": False, "frame": False, "form": "sent"}
        assert "stolen" not in tokens(installed, "hub-teacher")
        page.goto(f"{hub}/hub/token")  # the cookies that the page left
        assert page.get_by_text("Request new API token").first.is_visible() and page.locator("text=hub-teacher").count()
        got = page.evaluate(TRIED, arguments)
        assert (got["page"], got["mint"], got["who"]) == (True, 201, "hub-teacher") and "stolen" in tokens(installed, "hub-teacher")


def test_the_hub_answers_under_its_own_name_alone(hub, ada):
    """Under a student's name its form, and its cookies, would be of the origin of the student's own pages."""
    at = ada.home.removesuffix("/user/hub-ada")
    for name in (at, at.replace("hub-ada", "hub-carol"), at.replace("hub-ada", "HUB-BOB")):
        for path in ("/hub/login", "/hub/home", "/hub/api/user", "/hub/token", "/"):
            answer = requests.get(name + path, timeout=60, allow_redirects=False)
            assert answer.status_code == 302 and answer.headers["Location"].startswith(f"{hub}/") and not answer.cookies, (name, path, answer.headers)
        assert requests.post(f"{name}/hub/login", data={"username": "hub-bob", "password": PASSWORD}, timeout=60).status_code == 403


def test_a_second_hub_leaves_the_first_alone(running, installed, ada):
    length = len(running.log)
    done = subprocess.run([installed / "current/course/hub/serve", installed], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "runs already" in done.stdout and "Proxy" not in running.log[length:]
    assert ada.ask("GET", "api/status")


def test_no_account_can_listen_where_the_hub_does_or_did(running, hub, ada):
    """Neither while it runs nor while it is stopped; and its proxy leaves its ports at once."""
    listen = "import socket\nfor port in {}:\n    try:\n        socket.create_server(('127.0.0.1', port)); print('got', port)\n    except OSError as error:\n        print(type(error).__name__)"
    assert "got" not in as_account("hub-ada", listen.format(running.ports)).stdout
    kernel = ada.kernel()
    told(ada, kernel, "kept = 41")
    running.stop()
    assert as_account("hub-ada", listen.format(running.ports)).stdout.split() == ["PermissionError"] * 3
    for port in running.ports:  # root can: nothing of the hub's is left
        socket.create_server(("127.0.0.1", port)).close()
    running.start()
    said = told(ada, kernel, "print(kept + 1)")
    assert said == "42\n", said  # the server and its kernel have not noticed
    ada.ask("DELETE", f"api/kernels/{kernel}")


def told(person, kernel, code):
    """What a kernel prints, which goes on afterwards."""
    connection = person.channels(kernel)
    try:
        return classhub.said(connection, code)
    finally:
        connection.close()


def test_settings_that_cant_be_are_one_sentence(installed, running):
    """In the terminal, before anything is started; a student is removed all the same."""
    settings = installed / "settings.py"
    before = settings.read_text() if settings.exists() else ""
    serve, faults = installed / "current/course/hub/serve", [
        ("c.JupyterHub.bind_url = 'http://127.0.0.1:8000'", r"\(JupyterHub.bind_url\) while the hub is stopped"),
        ("c.ConfigurableHTTPProxy.api_url = 'https://127.0.0.1:8001'", r"\(ConfigurableHTTPProxy.api_url\)"),
        ("c.JupyterHub.x = (", r"settings.py, line \d+\): SyntaxError"), ("1 / 0", "ZeroDivisionError: division by zero")]
    try:
        for line, words in faults:
            settings.write_text(f"c = get_config()\n{line}\n")
            done = subprocess.run([serve, installed], capture_output=True, text=True, timeout=60)
            assert done.returncode == 1 and re.search(words, done.stderr) and len(done.stderr.splitlines()) == 1, done
        classhub.remove("hub-carol")
        classhub.add("hub-carol", "students")
        done = subprocess.run([installed / "current/course/hub/remove", "hub-carol", installed], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and "Start the hub anew" in done.stdout and "Traceback" not in done.stderr, done
    finally:
        settings.write_text(before)
        classhub.remove("hub-carol")
        classhub.add("hub-carol", "students")


def test_a_servers_port_answers_the_hubs_proxy_alone(installed, ada, bob):
    """Its number is anybody's, so both sides show a certificate; nobody's serves for another."""
    ports = re.findall(r"https://127\.0\.0\.1:(\d+)", ada.run("import os; print(os.environ['JUPYTERHUB_SERVICE_URL'])"))
    call = ("import ssl, socket\ncontext = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE\n{}\n"
            "with context.wrap_socket(socket.create_connection(('127.0.0.1', %s))) as channel:\n"
            "    channel.sendall(b'GET /user/hub-ada/api HTTP/1.0\\r\\n\\r\\n'); print(channel.recv(100))" % ports[0])
    key = bob.run("import os; print(os.environ['JUPYTERHUB_SSL_CERTFILE'], os.environ['JUPYTERHUB_SSL_KEYFILE'])").split()
    own = f"context.load_cert_chain({key[0]!r}, {key[1]!r})"
    for certificate in ("", own):
        done = as_account("hub-bob", call.format(certificate))
        assert "HTTP/1" not in done.stdout and "SSL" in done.stderr + done.stdout, done
    theirs = as_account("hub-bob", f"open({key[1].replace('hub-bob', 'hub-ada')!r})")
    assert "PermissionError" in theirs.stderr
    plain = as_account("hub-bob", f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{ports[0]}/user/hub-ada/api')")
    assert plain.returncode == 1


def test_root_follows_no_link_in_a_students_home(hub, folder, ada):
    """JupyterHub's own way gives the folder ~/.jupyterhub to its owner, whatever a link there points to."""
    target = folder / "roots"
    target.mkdir(exist_ok=True)
    ada.run(f"import os, pathlib; os.symlink('{target}', pathlib.Path.home() / '.jupyterhub')")
    ada.stop().start()
    assert target.stat().st_uid == 0 and not list(target.iterdir())


def test_many_wrong_passwords_make_nobody_wait(hub, people):
    """Each costs two seconds by Debian's own rules, in a few threads: eighty, a minute and a half of somebody else's time."""
    service = Path("/etc/pam.d/course-hub").read_text()
    assert "pam_unix.so nodelay" in service
    with ThreadPoolExecutor(40) as many:
        wrong = [many.submit(Person, hub, name, "wrong") for name in ("hub-ada", "hub-bob", "nobody-here", "root") * 20]
        begun = time.monotonic()
        right = Person(hub, "hub-bob")
        took = time.monotonic() - begun
        assert right.answer.ok and "/hub/login" not in right.answer.url
        waiting = sum(not each.done() for each in wrong)
        assert all(each.result().answer.status_code == 403 for each in wrong)
    assert took < 30, (took, waiting)


def test_what_one_student_takes_ends_at_a_limit_and_others_go_on(ada, bob):
    said = ada.run("""
import os, signal, time
children = []
try:
    while len(children) < 1000:
        child = os.fork()
        if not child:
            time.sleep(60); os._exit(0)
        children.append(child)
except OSError as error:
    stopped = type(error).__name__, 100 < len(children) < 300
for child in children:
    os.kill(child, signal.SIGKILL); os.waitpid(child, 0)
print(*stopped)
""", """
import subprocess, sys
print(subprocess.run([sys.executable, "-c", "bytearray(5 << 30)"], stderr=subprocess.PIPE, text=True).stderr.splitlines()[-1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    os.truncate(os.open("large", os.O_CREAT | os.O_RDWR), 5 << 30)
except OSError as error:
    print(error.strerror)
""")
    assert said.split("\n")[:4] == ["BlockingIOError True", "MemoryError", "File too large", ""], said
    assert bob.run("import torch; print(torch.ones(3).sum())") == "tensor(3.)\n"


@pytest.fixture(scope="module")
def carol(hub, people):
    return Person(hub, "hub-carol").start()


def is_no_sign_of_work(person):
    """What JupyterLab asks and notes while its page is in view moves nothing by which a server is ended (test_browser.py has such a page)."""
    def last():
        return person.ask("GET", "api/status")["last_activity"]

    before = last()
    person.ask("GET", "api/contents", params={"content": 1})
    person.ask("GET", "api/kernels")
    person.ask("PUT", "lab/api/workspaces/default", json={"data": {}, "metadata": {"id": "default"}})
    assert last() == before
    person.ask("PUT", "api/contents/a-sign.txt", json={"type": "file", "format": "text", "content": "1"})
    person.ask("DELETE", "api/contents/a-sign.txt")
    assert last() > before


def test_a_page_in_view_is_no_sign_of_work_and_a_saved_file_is_one(carol):
    is_no_sign_of_work(carol)


def test_an_idle_kernel_ends_though_its_tab_is_open(carol):
    kernel = carol.kernel()
    tab = carol.channels(kernel)
    classhub.said(tab, "import time; time.sleep(8); print('busy is not idle')")
    assert [each["id"] for each in carol.ask("GET", "api/kernels")] == [kernel]
    for _ in range(120):
        time.sleep(0.5)
        if not carol.ask("GET", "api/kernels"):
            break
    else:
        raise AssertionError("a kernel whose tab is open is never culled")
    tab.close()


# ---------------------------------------------------------------- what an administrator does

def test_installing_again_keeps_settings_and_what_runs(folder, installed, running, bob):
    """Course and packages change their place at once; a server goes on with what it began with."""
    settings, before = (installed / "settings.py").read_text(), (installed / "current").resolve()
    kernel = bob.kernel()
    course = folder / "download"
    (course / "notebooks" / "09-new.ipynb").write_text((course / "notebooks" / "01-tensors.ipynb").read_text())
    classhub.git(course, "add", ".")
    classhub.git(course, "commit", "-q", "-m", "a new lesson")
    done = classhub.install(course, installed)
    assert done.returncode == 0, done.stderr
    now = (installed / "current").resolve()
    assert now != before and (now / "course/notebooks/09-new.ipynb").exists() and (now / "venv").resolve() == (before / "venv").resolve()
    assert (installed / "settings.py").read_text() == settings
    assert told(bob, kernel, "import pictures, sys; print(pictures.__file__, 'jupyterlab' in sys.modules)").startswith(str(before))
    bob.ask("DELETE", f"api/kernels/{kernel}")
    bob.stop().start()
    assert str(now) in bob.run("import utils; print(utils.__file__)")


def test_without_a_network_it_says_one_sentence_and_changes_nothing(folder, installed, tmp_path):
    course = tmp_path / "download"
    shutil.copytree(folder / "download", course)
    with (course / "hub" / "requirements.txt").open("a") as file:
        file.write("# other packages\n")
    before = (installed / "current").resolve()
    done = subprocess.run(["unshare", "--net", "hub/install", installed], cwd=course, capture_output=True, text=True, timeout=300)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "could not be fetched" in said and "Is there a network" in said and len(said.splitlines()) <= 5, said
    assert (installed / "current").resolve() == before and Path(re.search(r"\? (\S+) has all", said)[1]).stat().st_size > 100


def test_a_student_is_removed_while_their_server_runs(installed, running, hub):
    """And whoever has the number or the name next has nothing of theirs."""
    carol = Person(hub, "hub-carol").start()
    carol.run("import os, pathlib; pathlib.Path('mine.txt').write_text('secret'); pathlib.Path('/tmp/hub-carols').write_text('secret')",
              "os.link('mine.txt', '/tmp/hub-carols-link'); os.chmod('mine.txt', 0o4777); os.symlink('/etc', 'etc'); os.mkdir('a b\\nc')",
              "import subprocess; subprocess.run(['ipcmk', '-M', '1000']); subprocess.run(['ipcmk', '-Q']); subprocess.run(['ipcmk', '-S', '2'])",
              # what forks and exits faster than others can read a list of processes
              "subprocess.Popen(['setsid', 'python3', '-c', 'import os, time\\nwhile True:\\n    if os.fork(): os._exit(0)\\n    time.sleep(0.02)'])")
    token = carol.api("POST", "users/hub-carol/tokens", json={"note": "kept"}).json()["token"]
    assert requests.get(f"{hub}/hub/api/user", headers={"Authorization": f"token {token}"}, timeout=60).json()["name"] == "hub-carol"
    number = pwd.getpwnam("hub-carol").pw_uid
    done = subprocess.run([installed / "current/course/hub/remove", "hub-carol", installed], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    former = Path(re.search(r"hub-carol is removed; .*: (\S+)", done.stdout)[1])
    mine = former / "home" / "mine.txt"
    assert mine.read_text() == "secret" and former.parent.stat().st_mode & 0o77 == 0 and (former / "home" / "etc").is_symlink()
    assert mine.stat().st_nlink == 1 and mine.stat().st_mode & 0o7077 == 0 and Path("/etc").stat().st_mode & 0o777 == 0o755
    assert not any(line.split()[column] == str(number) for table, column in (("shm", 7), ("msg", 7), ("sem", 4))
                   for line in Path(f"/proc/sysvipc/{table}").read_text().splitlines()[1:])
    with pytest.raises(KeyError):
        pwd.getpwnam("hub-carol")
    assert not [state for state in subprocess.run(["ps", "-o", "stat=", "-U", str(number)], capture_output=True, text=True).stdout.split() if state[0] != "Z"]
    assert "/hub/login" in carol.web.get(f"{carol.home}/lab", timeout=60).url
    classhub.add("hub-carol", "students", "--uid", str(number))  # the same name, and the same number
    owned = subprocess.run(["find", "/home", "/tmp", "/var/tmp", "/dev/shm", installed, "-xdev", "-user", "hub-carol", "-not", "-path", "/home/hub-carol*"],
                           capture_output=True, text=True).stdout
    assert owned == ""
    assert requests.get(f"{hub}/hub/api/user", headers={"Authorization": f"token {token}"}, timeout=60).status_code == 403
    assert "mine.txt" not in Person(hub, "hub-carol").start().run("import os; print(os.listdir())")
    for name, words in (("hub-nobody", "There is no account"), ("root", "not in the group students"), ("hub-teacher", "not in the group students")):
        done = subprocess.run([installed / "current/course/hub/remove", name, installed], capture_output=True, text=True)
        assert done.returncode == 1 and words in done.stdout


# ---------------------------------------------------------------- the same settings as on Kubernetes (hub/kubernetes), without a cluster

@pytest.fixture(scope="module")
def image(folder, installed):
    """The course's image, by the Dockerfile's steps, from the same copy of the course."""
    return campus.Image(folder, folder / "download", installed / "data", campus.environment(folder, installed))


@pytest.fixture(scope="module")
def university(folder, installed, image):
    hub = campus.Campus(folder, installed, image, ["ada", "bob"]).start()
    yield hub
    hub.stop()
    print(hub.log[-5000:])


@pytest.fixture(scope="module")
def lovelace(university):
    return Person(university.url, "ada").start()


@pytest.fixture(scope="module")
def babbage(university):
    return Person(university.url, "bob").start()


def test_on_kubernetes_the_image_has_no_answers_and_all_of_it_is_roots(image):
    paths = [path for path in image.srv.rglob("*") if not path.is_symlink()]
    assert all(path.stat().st_uid == 0 and not path.stat().st_mode & 0o022 and path.stat().st_mode & 0o444 == 0o444 for path in paths) and len(paths) > 100
    texts = {path: path.read_bytes() for path in paths if path.suffix in (".py", ".ipynb")}
    assert not [path for path, text in texts.items() if b"### BEGIN SOLUTION" in text or b"### BEGIN HIDDEN" in text]
    assert not [name for name in ("exercises/source", "exercises/grading", "tests", "hub", "mine") if (image.srv / "course" / name).exists()]
    assert image.steps.count("RUN") == 4 and (image.srv / "data" / "MNIST" / "raw").is_dir()


def test_on_kubernetes_lessons_are_copied_once_and_what_is_changed_stays(university, image, lovelace):
    """Also when the image is a newer one at the next start, and something odd lies in the home."""
    names = sorted(entry["name"] for entry in lovelace.ask("GET", "api/contents/mine")["content"] if entry["type"] == "notebook")
    assert len(names) == 16 and "01-tensors.ipynb" in names and FILE in names
    mine = nbformat.from_dict(lovelace.ask("GET", "api/contents/mine/01-tensors.ipynb")["content"])
    mine.cells[0].source = "# Ada's notes"
    lovelace.ask("PUT", "api/contents/mine/01-tensors.ipynb", json={"type": "notebook", "format": "json", "content": mine})
    lovelace.run("import os; os.remove('mine/05-softmax-concise-exercises.ipynb'); os.mkfifo('mine/05-softmax-concise-exercises.ipynb')")
    for name in ("01-tensors", "02-linear-regression"):
        newer = image.srv / "course" / "blank" / f"{name}.ipynb"
        newer.write_text(newer.read_text().replace("Predict", "Foresee"))
    lovelace.stop().start()
    home = university.homes / "ada" / "mine"
    assert nbformat.read(home / "01-tensors.ipynb", 4).cells[0].source == "# Ada's notes" and "Foresee" in (home / "01-tensors.new.ipynb").read_text()
    assert "Foresee" in (home / "02-linear-regression.ipynb").read_text() and (home / "05-softmax-concise-exercises.ipynb").is_fifo()


def test_on_kubernetes_the_data_and_the_course_are_read_only_and_found(lovelace):
    said = lovelace.run("import utils; print(utils.load_data_mnist(256)[0].dataset.source, len(utils.load_data_fashion_mnist(256)[1].dataset), utils.__file__)", """
import os, sys
for path in ('/srv/data/MNIST/raw/train-labels-idx1-ubyte', '/srv/course/utils.py', '/srv/start', '/etc/hosts', sys.executable):
    try:
        open(path, 'r+b'); print('wrote', path)
    except OSError as error:
        print(type(error).__name__ if error.errno == 13 else error.strerror)
for folder in ('/', '/srv', '/srv/data', '/srv/course', '/home', '/usr/local/etc'):
    try:
        os.mkdir(folder + '/mine'); print('made', folder)
    except OSError as error:
        print(error.errno in (13, 30))
print(os.getuid(), os.getgid(), os.getgroups(), os.environ['HOME'], os.environ['OMP_NUM_THREADS'], os.environ['MEM_LIMIT'], os.environ['CPU_LIMIT'])
print(open('/proc/self/status').read().partition('CapEff:')[2].split()[0], os.listdir('/home'))
import torch; print(torch.get_num_threads())
print(get_ipython().history_manager.hist_file, [name for name in os.environ if 'EXCHANGE' in name])
""", folder="mine")
    lines = said.splitlines()
    assert lines[0] == "real 10000 /srv/course/utils.py" and "Traceback" not in said, said
    assert set(lines[1:6]) <= {"PermissionError", "Read-only file system"} and lines[6:12] == ["True"] * 6, said
    assert lines[12] == f"1000 100 [] /home/jovyan 2 {3 << 30} 2.0" and lines[13] == "0000000000000000 ['jovyan']" and lines[14:] == ["2", ":memory: []"], said


def test_on_kubernetes_there_is_no_exchange_and_no_nbgrader(university, lovelace):
    assert "nbgrader is not in the image" in lovelace.run("import nbgrader")
    for path in ("assignments", "formgrader", "courses"):
        assert lovelace.web.get(f"{lovelace.home}/{path}", timeout=60).status_code == 404
    assert lovelace.ask("GET", "api/status")
    said = lovelace.run("import psutil; print([p.cmdline() for p in psutil.process_iter() if 'jupyterhub-singleuser' in ' '.join(p.cmdline())])")
    assert all(argument in said for argument in settings_args()), said


def test_on_kubernetes_others_get_in_nowhere(university, folder, installed, image):
    """Whom no list names; and with values.yaml alone, nobody at all."""
    for name, password in (("ada", "wrong"), ("mallory", PASSWORD), ("admin", PASSWORD)):
        assert Person(university.url, name, password).answer.status_code == 403
    closed = campus.Campus(folder, installed, image).start()
    try:
        assert requests.get(f"{closed.url}/hub/login", timeout=60).status_code == 403 and Person(closed.url, "ada").answer.status_code == 403
        for path in ("home", "spawn", "token", "admin"):
            answer = requests.get(f"{closed.url}/hub/{path}", timeout=60)
            assert answer.status_code == 403 and "/hub/login" in answer.url
    finally:
        closed.stop()


@pytest.mark.usefixtures(remembered.__name__)
def test_on_kubernetes_what_lies_in_the_homes_is_collected_and_graded(university, folder, lovelace, babbage):
    """Ada answers everything; Bob has a link to her answers in the place of his."""
    answers = {cell.id: cell.source for cell in solved(LESSON).cells}
    notebook = nbformat.from_dict(lovelace.ask("GET", f"api/contents/mine/{FILE}")["content"])
    for cell in notebook.cells:
        cell.source = answers[cell.id] if cell.get("id") in TASKS else cell.source
    lovelace.ask("PUT", f"api/contents/mine/{FILE}", json={"type": "notebook", "format": "json", "content": notebook})
    said = lovelace.run(*(cell.source for cell in notebook.cells if cell.cell_type == "code"), folder="mine")
    assert len(re.findall(r": right\.", said)) == 5, said
    assert "0" == babbage.run(f"import os; os.remove('{FILE}'); os.symlink('/homes/ada/mine/{FILE}', '{FILE}'); print(os.path.exists('/homes') + 0)", folder="mine").strip()
    environment = {**os.environ, "PATH": f"{university.kubectl()}:{os.environ['PATH']}"}
    target = folder / "collected.zip"
    done = subprocess.run([sys.executable, folder / "download/hub/kubernetes/collect.py", LESSON, "--to", target], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "1 of 2 homes have it" in done.stdout, done.stdout + done.stderr
    assert done.stderr.splitlines() == ["ada: 1 notebook", f"bob: 0 notebooks; {FILE} is a link, and links are not followed"]
    assert not (university.folder / "applied.yaml").exists()  # the pod is gone
    graded = command(course := copy_course(folder / "graded"), "exercises.grading", LESSON, target)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    assert {student: float(row["total"]) for student, row in grades(course).items()} == {"ada": 10.0, "bob": 0.0}


def test_on_kubernetes_who_is_idle_is_stopped_and_who_computes_goes_on(university, lovelace, babbage):
    """The hub runs the culler with the seconds of values.yaml; beside it one runs with fewer, and the same rights."""
    flags = [f"--timeout={university.values['cull']['timeout']}", f"--cull-every={university.values['cull']['every']}", f"--max-age={university.values['cull']['maxAge']}"]
    running = subprocess.run(["pgrep", "-af", "jupyterhub_idle_culler"], capture_output=True, text=True).stdout
    assert " ".join(flags) in running, running
    is_no_sign_of_work(babbage)
    kernel = lovelace.kernel()
    tab = lovelace.channels(kernel)
    classhub.begun(tab, "import time\nfor step in range(600):\n    print('loss', step, flush=True); time.sleep(0.5)", "loss")
    time.sleep(3)  # servers tell the hub of their work every second here, every five minutes else
    culler = university.cull(timeout=4)
    try:
        for _ in range(120):
            time.sleep(0.5)
            if not babbage.api("GET", "users/bob").json()["servers"]:
                break
        else:
            raise AssertionError("an idle server is never culled")
        time.sleep(6)  # longer than its patience: who computes has given signs meanwhile
        assert lovelace.api("GET", "users/ada").json()["servers"] and lovelace.ask("GET", "api/kernels")[0]["execution_state"] == "busy"
    finally:
        culler.terminate()
        culler.wait(30)
    tab.close()
    assert (university.homes / "bob" / "mine" / "01-tensors.ipynb").is_file()
