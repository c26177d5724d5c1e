"""A hub for a university, hub/kubernetes: what can be tried of it without a cluster and without root. The rest is in tests/test_hub.py."""
import asyncio
import copy
import io
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import types
import zipfile
from pathlib import Path

import jsonschema
import kubernetes_validate
import nbformat
import pytest
import yaml

import chart
from test_install import lines, pinned

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "hub" / "kubernetes"
sys.path[:0] = [str(ROOT), str(FOLDER)]
if os.name != "posix":
    pytest.skip("Windows has no such files", allow_module_level=True)
import pack  # noqa: E402
import sizing  # noqa: E402
from exercises.grading import collect as grading  # noqa: E402

PAGE, DOCKERFILE = ((FOLDER / name).read_text(encoding="utf-8") for name in ("README.md", "Dockerfile"))
SCHEMA = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
LESSON = "04-softmax-from-scratch"
FILE = f"{LESSON}-exercises.ipynb"
TEMPLATE = nbformat.read(ROOT / "exercises" / "release" / LESSON / FILE, as_version=4)
linux = pytest.mark.skipif(sys.platform != "linux", reason="instructors grade on Linux, and pods are")


def values():
    return chart.read("values.yaml", "university.yaml")


# ---------------------------------------------------------------- the values

@pytest.mark.parametrize("names", [["values.yaml"], ["university.yaml"], ["values.yaml", "university.yaml"]], ids=" and ".join)
def test_the_values_are_of_the_charts_keys_and_kinds(names):
    jsonschema.validate(chart.read(*names), SCHEMA)


@pytest.mark.parametrize("path, value", [
    ("singleuser.memory.limits", "2G"), ("singleuser.memory.limit", "2 GB"), ("singleuser.cpu.limit", "2"), ("singleuser.storage.static.subPath", "students"),
    ("singleuser.image.tag", "latest"), ("singleuser.image.tag", 2026.11), ("singleuser.uid", 0), ("singleuser.allowPrivilegeEscalation", True),
    ("singleuser.networkPolicy.egressAllowRules.cloudMetadataServer", True), ("singleuser.extraEnv.COURSE_DATA", True), ("hub.config.JupyterHub.authenticator_class", "dummy"),
    ("hub.config.JupyterHub.subdomain_host", "http://hub.example.org"), ("hub.config.KubeSpawner.container_security_context", {"read_only_root_filesystem": True}),
    ("hub.config.Spawner.args", "--ServerApp.x=1"), ("cull.timeout", "1h"), ("scheduling.userPods.nodeAffinity.matchNodePurpose", "always"), ("ingress.host", "hub.example.org")])
def test_a_slip_in_the_values_is_found(path, value):
    wrong = copy.deepcopy(values())
    *above, last = path.split(".")
    here = wrong
    for key in above:
        here = here[key]
    here[last] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


def test_each_setting_is_one_that_the_tests_of_the_hub_know():
    assert chart.configuration(values())
    with pytest.raises(ValueError, match="does not know singleuser.profileList"):
        chart.configuration(chart.merged(values(), {"singleuser": {"profileList": []}}))


def test_nobody_gets_in_before_a_university_says_who():
    """By values.yaml alone nobody at all; by the example beside it whom lms.example.org signs for, a name that no machine can have."""
    alone = chart.read("values.yaml")["hub"]["config"]
    assert alone["JupyterHub"]["authenticator_class"] == "null" and alone["Authenticator"]["admin_users"] == []
    login = values()["hub"]["config"]["LTI13Authenticator"]
    assert all(".example.org/" in f"{login[key]}/" for key in ("issuer", "authorize_url", "jwks_endpoint"))
    lines_ = [line for line in (FOLDER / "university.yaml").read_text(encoding="utf-8").splitlines() if re.match(r" +(?:- )?\w+: \S", line)]
    own = [line for line in lines_ if "example.org" in line]
    assert len(own) >= 9 and "every line that has example.org" in (FOLDER / "university.yaml").read_text(encoding="utf-8")


def test_cookies_have_their_prefix_where_each_student_has_a_name_and_nowhere_else():
    """JupyterHub's own advice: with the prefix they go to every path of a name."""
    alone, own = chart.read("values.yaml")["hub"]["config"]["JupyterHub"], values()["hub"]["config"]["JupyterHub"]
    assert own["subdomain_host"] and own["cookie_host_prefix_enabled"] is True and not {"subdomain_host", "cookie_host_prefix_enabled"} & alone.keys()
    host = own["subdomain_host"].removeprefix("https://")
    assert values()["ingress"]["hosts"] == values()["ingress"]["tls"][0]["hosts"] == [host, f"*.{host}"]


def test_the_memory_is_that_of_the_readmes_table():
    """A place holds a server and the hungriest lesson, its limit the bonus and that one beside it, and little more."""
    idle, lessons, _ = sizing.measured()
    readme = [int(each) for each in re.findall(r"^\| 0\d \|.*?&nbsp;min, \d+&nbsp;s \| (\d+)&nbsp;MB", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)]
    assert len(readme) == 7 and readme == [round(each, -1) for each in lessons]
    memory = {key: sizing.size(value) / 1e6 for key, value in chart.read("values.yaml")["singleuser"]["memory"].items()}
    hungry = sorted(lessons, reverse=True)
    assert idle + hungry[0] <= memory["guarantee"] < 1.3 * (idle + hungry[0])
    bonus, = json.loads((sizing.RESULTS / "lessons-bonus.json").read_text(encoding="utf-8"))["rows"]
    both = idle + float(bonus[-1]) + hungry[0]
    assert both <= memory["limit"] < both + hungry[0]
    assert f"{idle:.0f} MB for an idle server and {hungry[0]:.0f} MB for lesson 0{lessons.index(hungry[0]) + 1}, together {idle + hungry[0]:.0f}" in PAGE
    assert f"takes {float(bonus[-1]) / 1000:.1f} GB with its processes, and beside both {both:,.0f} MB are taken; past 3 GiB" in PAGE


def test_the_cores_are_those_on_which_the_readmes_seconds_were_measured():
    cpu = chart.read("values.yaml")["singleuser"]["cpu"]
    words = {2: "two"}
    assert f"on {words[cpu['limit']]} cores of an" in (ROOT / "README.md").read_text(encoding="utf-8")
    by_memory, by_cores = sizing.fit(16, 64, chart.read("values.yaml")["singleuser"])
    hub = (ROOT / "hub" / "README.md").read_text(encoding="utf-8")
    assert "64 GB and 16 cores carry a group of about forty to fifty" in hub and 40 <= min(by_memory, by_cores) <= 50
    assert f"has places for {by_cores} students by its cores and {by_memory} by its memory" in PAGE


def test_what_idles_ends_when_the_page_says():
    settings = chart.read("values.yaml")
    clocks = dict(each.lstrip("-").split("=") for each in settings["hub"]["config"]["Spawner"]["args"])
    kernel, server = int(clocks["MappingKernelManager.cull_idle_timeout"]), int(clocks["ServerApp.shutdown_no_activity_timeout"])
    assert (kernel, server, clocks["MappingKernelManager.cull_connected"]) == (3600, 3600, "True")
    assert f"An hour after its last work a kernel ends, and {(kernel + server) // 3600} hours after it at the latest the server".replace("2", "two") in PAGE
    hours = {3: "three", 24: "a day"}
    assert f"A terminal ends after {hours[int(clocks['TerminalManager.cull_inactive_timeout']) // 3600]} hours without a letter in or out" in PAGE
    assert f"after {hours[settings['cull']['timeout'] // 3600]} hours without output" in PAGE and f"and any after {hours[settings['cull']['maxAge'] // 3600]}" in PAGE
    assert 10 * settings["cull"]["every"] <= settings["cull"]["timeout"], "or the hours that the page names would be others"
    assert settings["cull"]["timeout"] > kernel + server and settings["cull"]["enabled"] and not settings["cull"]["users"]


# ---------------------------------------------------------------- the arithmetic

def test_the_pages_table_is_the_programs():
    assert sizing.table() in PAGE
    done = subprocess.run([sys.executable, "hub/kubernetes/sizing.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(sizing.table())
    for words in (["--students", "-5"], ["--cores", "0"], ["--memory", "1"], ["--hours", "nan"], ["--sessions", "many"]):
        refused = subprocess.run([sys.executable, "hub/kubernetes/sizing.py", *words], cwd=ROOT, capture_output=True, text=True)
        assert refused.returncode == 2 and words[0] in refused.stderr and "Traceback" not in refused.stderr
    assert sizing.fit(1, 2, sizing.values()["singleuser"]) >= (1, 1), "the smallest node that it takes has a place"
    server, hours = sizing.node_hours(500, 32, 21, 16, 64)
    idle = server - 32
    assert f"in 21 sittings. After each sitting a server idles for two hours at most, {idle:.0f} in all" in PAGE
    assert f"and it is {math.ceil(500 * (32 + idle / 2) / 48)}. Eleven nodes that run for seven weeks day and night are {11 * 7 * 7 * 24:,}." in PAGE
    assert f"{server:.0f} hours of each server" in done.stdout and f"**{hours:,} node-hours**" in PAGE and f"{server:.0f} hours of a server" in PAGE


def test_the_tables_numbers_are_what_a_pencil_says():
    """1 GiB and 0.3 of a core for each and the ten places that are kept free, a tenth of each node for itself."""
    (_, few, takes, promised, nodes), (_, half, *_), (_, everybody, most, _, nodes_then) = sizing.rows(500, 16, 64)
    assert (few, half, everybody) == (100, 250, 500) and (promised, nodes, nodes_then) == (110, -(-110 // 48), -(-510 // 48))
    assert takes == -(-100 * (123 + 731) // 1000) and most == -(-500 * (123 + 731) // 1000)
    assert next(sizing.rows(30, 4, 16))[1:] == (6, 6, 16, 2) and sizing.size("512M") == 512 << 20


def test_the_hours_are_the_term_plans_and_the_lessons():
    plan = (ROOT / "teaching" / "README.md").read_text(encoding="utf-8")
    in_class, reading = re.search(r"^\| sum \| (\d+):30 \| (\d+):55 \+ tasks", plan, re.M).groups()
    assert f"are {in_class}.5 hours in class and {int(reading) + 1} of reading; with two a week for the tasks" in PAGE
    assert math.ceil(int(in_class) + 0.5 + int(reading) + 1 + 7 * 2) == 32 and "32 hours in 21 sittings" in PAGE


def test_one_machine_is_enough_for_as_many_as_the_page_says():
    settings = chart.read("values.yaml")["singleuser"]
    for cores, memory, students in ((16, 64, 48), (32, 128, 2 * 48), (34, 112, 100)):
        assert students <= min(sizing.fit(cores, memory, settings)) < 1.1 * students
    assert "16 cores and 64 GiB carry 48 at once, 32 and 128 twice as many" in PAGE and "one machine of 34 cores and 112 GiB" in PAGE
    limit = settings["memory"]["limit"], settings["cpu"]["limit"], chart.read("values.yaml")["cull"]["timeout"]
    assert "`limits.memory {}`, `limits.cpu {}` and `services.cull.timeout {}`".format(*limit) in PAGE


def test_other_classes_can_be_reckoned():
    done = subprocess.run([sys.executable, FOLDER / "sizing.py", "--students", "80", "--cores", "32", "--memory", "128"], cwd="/", capture_output=True, text=True, check=True)
    assert "| everybody, in class or an examination: 100% | 80 | 69 | 90 | 1 |" in done.stdout and "places for 115 students by memory, 96 by cores" in done.stdout


# ---------------------------------------------------------------- the manifests and the image

def manifests(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


KUBERNETES = "1.34"  # of which the schemas are taken


@pytest.mark.parametrize("name", ["homes.yaml", "collect.yaml"])
def test_the_manifests_fit_the_schemas_of_kubernetes(name):
    for manifest in manifests(name):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        wrong = copy.deepcopy(manifest)
        wrong["spec"]["acessModes"] = []
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, KUBERNETES, strict=True)
    assert f"Kubernetes {KUBERNETES}" in PAGE


def test_what_collects_sees_all_homes_and_can_change_nothing_and_call_nobody():
    policy, pod = manifests("collect.yaml")
    claim, = manifests("homes.yaml")
    assert policy["spec"] == {"podSelector": {"matchLabels": pod["metadata"]["labels"]}, "policyTypes": ["Ingress", "Egress"]}
    storage = chart.read("values.yaml")["singleuser"]["storage"]
    volume, = pod["spec"]["volumes"]
    assert volume["persistentVolumeClaim"] == {"claimName": storage["static"]["pvcName"], "readOnly": True} and claim["metadata"]["name"] == "homes" == storage["static"]["pvcName"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    container, = pod["spec"]["containers"]
    assert container["volumeMounts"] == [{"name": "homes", "mountPath": "/homes", "readOnly": True}]
    safe(pod["spec"], container)
    assert container["image"] == re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)[-1]
    assert pack.LARGEST * 3 < int(container["resources"]["limits"]["memory"].removesuffix("Mi")) << 20  # what it reads of a student, packed, and Python
    assert pod["spec"]["activeDeadlineSeconds"] <= 3600 and pod["spec"]["restartPolicy"] == "Never"


def safe(spec, container):
    """What Kubernetes calls "restricted", and no way to its own API."""
    both = {**spec["securityContext"], **container["securityContext"]}
    assert both["runAsNonRoot"] is True and both["runAsUser"] == 1000 and both["runAsGroup"] == 100 and both["seccompProfile"] == {"type": "RuntimeDefault"}
    assert both["allowPrivilegeEscalation"] is False and both["capabilities"] == {"drop": ["ALL"]} and both["readOnlyRootFilesystem"] is True and not both.get("privileged")
    assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
    assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC", "initContainers", "serviceAccountName"))
    assert not any("hostPath" in volume for volume in spec["volumes"])


@pytest.mark.slow("Kubernetes' client takes seconds to import, and is installed on Linux only")
def test_a_students_pod_is_what_the_values_say(monkeypatch):
    """Made by KubeSpawner itself, as in the hub; for an account's name of any kind."""
    import kubespawner.spawner
    from kubernetes_asyncio.client import ApiClient
    from kubespawner import KubeSpawner
    for name in ("load_config", "shared_client"):  # there is no cluster to ask
        monkeypatch.setattr(kubespawner.spawner, name, lambda *_, **__: None)

    async def made(name):
        user = types.SimpleNamespace(name=name, id=1, url=f"/user/{name}/", escaped_name=name)
        hub = types.SimpleNamespace(public_host="", api_url="http://hub:8081/hub/api", base_url="/hub/", url="http://hub:8081/hub/")
        spawner = KubeSpawner(_mock=True, config=chart.configuration(values()), user=user, hub=hub, api_token="of-this-server")
        return ApiClient().sanitize_for_serialization(await spawner.get_pod_manifest())

    settings = values()["singleuser"]
    for name in ("ada", "ada.lovelace@example.org", "../bob", "x" * 200, "Ünal"):
        pod = asyncio.run(made(name))
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)
        spec, (container,) = pod["spec"], pod["spec"]["containers"]
        safe(spec, container)
        assert container["image"] == "registry.example.org/deep-learning:2026.11.0" and container["args"][0] == "jupyterhub-singleuser" and "command" not in container
        assert [each for each in container["args"] if "cull" in each or "no_activity" in each] == settings_args()[:4]
        assert {kind: {key: float(value) for key, value in each.items()} for kind, each in container["resources"].items()} == {
            "limits": {"memory": 3 << 30, "cpu": 2.0}, "requests": {"memory": 1 << 30, "cpu": 0.3}}
        environment = {each["name"]: each["value"] for each in container["env"]}
        assert environment["COURSE_DATA_DIR"] == "/srv/data" and environment["CPU_LIMIT"] == "2.0" and environment["MEM_LIMIT"] == str(3 << 30)
        assert not any(word in key for key in environment for word in ("EXCHANGE", "PASSWORD", "SECRET")) and environment["JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED"] in "01"
        mounts = {each["mountPath"]: each for each in container["volumeMounts"]}
        assert set(mounts) == {"/home/jovyan", "/tmp", "/usr/local/etc/ipython/ipython_config.json"}
        home = mounts["/home/jovyan"]["subPath"]
        assert pack.STUDENT.fullmatch(home) and (home == name or name != "ada"), "a home that the collector would not take for one"
        volumes = {each["name"]: each for each in spec["volumes"]}
        assert volumes["home"]["persistentVolumeClaim"]["claimName"] == settings["storage"]["static"]["pvcName"] and volumes["tmp"]["emptyDir"] == {"sizeLimit": "2Gi"}
        assert spec["securityContext"]["fsGroup"] == 100 and spec["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"


def settings_args():
    return chart.read("values.yaml")["hub"]["config"]["Spawner"]["args"]


@pytest.mark.slow("JupyterHub and Kubernetes' client take seconds to import, and are installed on Linux only")
def test_each_of_jupyterhubs_own_settings_is_one_that_it_has():
    """A name that JupyterHub does not know is a warning in its log, and no more."""
    from jupyterhub.app import JupyterHub
    from jupyterhub.auth import Authenticator, NullAuthenticator
    from jupyterhub.spawner import Spawner
    from kubespawner import KubeSpawner
    from traitlets.utils.importstring import import_item
    known = {"JupyterHub": JupyterHub, "Authenticator": Authenticator, "Spawner": Spawner, "KubeSpawner": KubeSpawner}
    found = chart.configuration(values())
    for name, settings in found.items():
        if name != "LTI13Authenticator":  # not installed here
            assert set(settings) <= set(known[name].class_traits(config=True)), name
    assert JupyterHub(authenticator_class="null").authenticator_class is NullAuthenticator
    for argument in settings_args():
        name, _, trait = re.match(r"--(\w+)(\.)(\w+)=", argument).groups()
        module = {"MappingKernelManager": "jupyter_server.services.kernels.kernelmanager", "ServerApp": "jupyter_server.serverapp", "NotebookNotary": "nbformat.sign",
                  "TerminalManager": "jupyter_server_terminals.terminalmanager"}[name]
        assert trait in import_item(f"{module}.{name}").class_traits(config=True), argument


def instructions():
    """[(word, rest)] of the Dockerfile, lines that go on joined."""
    text = re.sub(r"\\\n", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M))
    return [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]


def test_the_image_is_made_of_what_is_here():
    """Its sources exist, both stages are of one pinned base, and it has the versions that were tested."""
    bases = {rest.partition(" AS ")[0] for word, rest in instructions() if word == "FROM"}
    assert len(bases) == 1 and re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", *bases)
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            for source in [each for each in rest.split()[:-1] if not each.startswith("--")]:
                assert (ROOT / source).exists(), source
    asked = re.search(r"pip install (.*)$", re.sub(r"\\\n", "", DOCKERFILE), re.M)[1].split()
    assert [each.removeprefix("/build/") for each in asked if each.endswith(".txt")] == ["binder/requirements.txt", "hub/kubernetes/requirements.txt"]
    assert (FOLDER / "start").stat().st_mode & 0o111 or os.name == "nt"
    assert [rest for word, rest in instructions() if word in ("USER", "WORKDIR")][-2:] == ["1000:100", "/home/jovyan"]
    settings = chart.read("values.yaml")["singleuser"]
    assert (settings["uid"], settings["fsGid"], settings["storage"]["homeMountPath"]) == (1000, 100, "/home/jovyan")
    assert f"mkdir {settings['extraEnv']['COURSE_DATA_DIR']} " in DOCKERFILE and "/srv/start" in dict(instructions())["ENTRYPOINT"]


def wanted(name):
    """The packages that a requirements file of pip's asks for, those that it names included."""
    found = set()
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            found |= wanted(os.path.normpath(os.path.join(os.path.dirname(name), line[3:])))
        elif line and not line.startswith("-"):
            found.add(re.split(r"[<>=!~; ]", line)[0].lower())
    return found


def test_no_exchange_is_in_the_image_and_no_answers_are():
    """nbgrader, whose exchange one student could write into for all, is not installed; what is copied in is the handout."""
    packages = wanted("binder/requirements.txt") | wanted("hub/kubernetes/requirements.txt")
    assert {"torch", "jupyterlab", "jupyterhub"} <= packages and "nbgrader" not in packages
    last = len(instructions()) - 1 - [word for word, _ in instructions()][::-1].index("FROM")
    copied = [rest for word, rest in instructions()[last:] if word in ("COPY", "ADD")]
    assert copied[3] == "--from=course /srv/course /srv/course" and not any(rest.split()[0] in (".", "exercises") for rest in copied)
    assert ("RUN", "python tools/handout.py && python -m zipfile -e handout.zip /out && mv /out/* /srv/course") in map(tuple, instructions()[:last])


def test_hub_and_servers_are_of_one_version_and_the_page_says_of_which_chart():
    (requirement, reason), = lines("hub/kubernetes/requirements.txt")
    version = str(requirement.specifier).removeprefix("==")
    assert requirement.name == "jupyterhub" and re.fullmatch(r"\d+\.\d+\.\d+", version)
    charts = set(re.findall(r"\b4\.\d\.\d\b", "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("values.yaml", "requirements.txt", "schema.json")) + PAGE))
    assert len(charts) == 1 and f"--version {charts.pop()}" in PAGE and f"JupyterHub {version}" in PAGE
    assert "jupyterhub" in pinned()  # of a class on one server: another, which the Dockerfile leaves out
    assert "sed -i '/^jupyterhub==/d' /build/constraints.txt" in DOCKERFILE


def test_what_shows_a_setting_is_a_test():
    there = re.findall(r"^def (test_\w+)", "".join((ROOT / "tests" / f"test_{name}.py").read_text(encoding="utf-8") for name in ("kubernetes", "hub")), re.M)
    named = re.findall(r"`(test_\w+)(…?)`", PAGE)
    assert len(named) >= 7 and not [name for name, more in named if not any(each.startswith(name) if more else each == name for each in there)]


# ---------------------------------------------------------------- collecting

@pytest.fixture
def homes(tmp_path):
    """The volume: a home with the exercise in it for ada, and a way to make more."""
    def home(name, content=b"{}"):
        folder = tmp_path / "homes" / name / pack.WHERE
        folder.mkdir(parents=True)
        if content is not None:
            (folder / FILE).write_bytes(content)
        return folder

    home("ada", b'{"of": "ada"}')
    home.top = tmp_path / "homes"
    return home


def packed(where, *leave_out):
    """({name in the zip: bytes}, {home: what is said})"""
    out, said = io.BytesIO(), []
    pack.pack(LESSON, where, out, said.append, leave_out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}, dict(line.split(": ", 1) for line in said)


@linux
def test_what_lies_in_the_homes_is_packed_by_name_and_dated_by_the_system(homes):
    mine = homes("bob", b"his")
    os.utime(mine / FILE, (946684800, 946684800))  # "handed in" in the year 2000, says bob
    (mine / "notes.txt").write_text("no notebook")
    (mine / f"{LESSON}-exercises-Copy1.ipynb").write_bytes(b"a copy")
    files, said = packed(homes.top)
    assert files == {"ada/": b"", f"ada/{FILE}": b'{"of": "ada"}', "bob/": b"", f"bob/{FILE}": b"his", f"bob/{LESSON}-exercises-copy-1.ipynb": b"a copy"}
    assert said == {"ada": "1 notebook", "bob": "2 notebooks"}
    out = io.BytesIO()
    pack.pack(LESSON, homes.top, out, lambda line: None)
    (homes.top.parent / "all.zip").write_bytes(out.getvalue())
    submissions = {each.student: each for each in grading.collect(homes.top.parent / "all.zip", LESSON, TEMPLATE) if each.student == "bob"}
    assert abs(submissions["bob"].modified.timestamp() - time.time()) < 60


@linux
def test_fifty_megabytes_are_taken_of_a_student_in_all(homes):
    mine = homes("greedy", None)
    for name, size in ((FILE, pack.LARGEST // 2), (f"{LESSON}-exercises-1.ipynb", pack.LARGEST // 2), (f"{LESSON}-exercises-2.ipynb", 1)):
        with open(mine / name, "wb") as file:
            file.truncate(size)
    files, said = packed(homes.top)
    assert sum(len(content) for name, content in files.items() if name.startswith("greedy/")) == pack.LARGEST
    assert said["greedy"] == f"2 notebooks; {LESSON}-exercises-2.ipynb goes past the 50 MB that are taken of a student" and said["ada"] == "1 notebook"


@linux
def test_thieves_get_nothing_and_cost_nobody_else_anything(homes, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(b"of another")
    ada = homes.top / "ada" / pack.WHERE / FILE
    for name, target in (("link", ada), ("passwd", "/etc/passwd"), ("outside", secret), ("loop", FILE)):
        (homes(name, None) / FILE).symlink_to(target)
    (homes.top / "linked-folder").mkdir()
    (homes.top / "linked-folder" / pack.WHERE).symlink_to(ada.parent)
    (homes.top / "linked-home").symlink_to(homes.top / "ada")
    os.mkfifo(homes("fifo", None) / FILE)
    with socket.socket(socket.AF_UNIX) as plug:
        place = homes("plug", None)
        here = os.getcwd()
        os.chdir(place)  # a socket's path has 107 letters at most
        try:
            plug.bind(FILE)
        finally:
            os.chdir(here)
    (homes("folder", None) / FILE).mkdir()
    with open(homes("huge", None) / FILE, "wb") as file:
        file.truncate(pack.LARGEST + 1)
    with open(homes("largest", None) / FILE, "wb") as file:
        file.truncate(pack.LARGEST)
    homes("nothing", None)
    (homes.top / "never-started").mkdir()
    (homes.top / "a-file").write_bytes(b"no home")
    (homes.top / "lost+found").mkdir()
    os.mkdir(os.fsencode(homes.top) + b"/\xe9\x1b[2J")
    (homes("odd", None) / (f"{LESSON}-exercises-" + os.fsdecode(b"\xff\x1b[31m") + ".ipynb")).write_bytes(b"odd")
    crowd = homes("crowd")
    for i in range(3 * pack.TAKEN):
        (crowd / f"{LESSON}-exercises-{i}.ipynb").write_bytes(b"x" * 10)
    begun = time.monotonic()
    files, said = packed(homes.top)
    assert time.monotonic() - begun < 20
    assert {name: len(content) for name, content in files.items() if not name.endswith("/") and not name.startswith("crowd/")} == {
        f"ada/{FILE}": 13, f"largest/{FILE}": pack.LARGEST, f"odd/{LESSON}-exercises-copy-0.ipynb": 3}
    assert len([name for name in files if name.startswith("crowd/")]) == 1 + pack.TAKEN and f"crowd/{FILE}" in files
    assert b"of another" not in b"".join(files.values()) and not any("\x1b" in each for each in [*files, *said, *said.values()])
    assert {name: words for name, words in said.items() if words.startswith("0 notebooks")} == {
        **dict.fromkeys(("link", "passwd", "outside", "loop"), f"0 notebooks; {FILE} is a link, and links are not followed"),
        "linked-folder": "0 notebooks; mine is no folder, or a link to one", "linked-home": "0 notebooks; linked-home is no folder, or a link to one",
        "fifo": f"0 notebooks; {FILE} is no plain file", "folder": f"0 notebooks; {FILE} is no plain file",
        "plug": f"0 notebooks; {FILE} can't be read (No such device or address)", "huge": f"0 notebooks; {FILE} goes past the 50 MB that are taken of a student",
        "nothing": f"0 notebooks; no {FILE} in mine", "never-started": "0 notebooks; mine is not there", "a-file": "0 notebooks; a-file is no folder, or a link to one"}
    assert {name for name, words in said.items() if words.startswith("no home")} == {"lost+found", "\\ufffd\\x1b[2J"}


@linux
def test_what_changes_while_it_is_read_is_not_taken(homes, monkeypatch):
    """Half of one version and half of another would be nobody's work."""
    place, real = homes("eve", b"x" * (3 << 20)) / FILE, os.read

    def change(number, length):
        piece = real(number, length)
        if os.fstat(number).st_ino == place.stat().st_ino:
            dates = place.stat()
            with open(place, "r+b") as file:
                file.write(b"y")
            os.utime(place, ns=(dates.st_atime_ns, dates.st_mtime_ns))  # and hides it, as far as a program can
        return piece

    monkeypatch.setattr(os, "read", change)
    files, said = packed(homes.top)
    assert f"ada/{FILE}" in files and f"eve/{FILE}" not in files and said["eve"] == f"0 notebooks; {FILE} changed while it was read: collect once more"


@linux
def test_a_home_can_be_left_out_and_grading_reads_the_rest_as_it_is(homes, tmp_path):
    """Who has nothing is in the report; a name that is no safe one never becomes a path."""
    homes("teacher")
    homes("nothing", None)
    notebook = (ROOT / "exercises" / "release" / LESSON / FILE).read_bytes()
    (homes.top / "ada" / pack.WHERE / FILE).write_bytes(notebook)
    done = subprocess.run([sys.executable, "-I", "-", LESSON, str(homes.top), "teacher"], input=(FOLDER / "pack.py").read_bytes(), capture_output=True, check=True)
    (tmp_path / "all.zip").write_bytes(done.stdout)
    assert done.stderr.decode().splitlines() == ["ada: 1 notebook", f"nothing: 0 notebooks; no {FILE} in mine"]
    found = {each.student: each for each in grading.collect(tmp_path / "all.zip", LESSON, TEMPLATE)}
    assert set(found) == {"ada", "nothing"} and found["ada"].data == notebook and not found["ada"].lost and found["nothing"].lost


KUBECTL = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
    *" exec "*) {exec} ;;
    *" wait "*) {wait} ;;
esac
"""


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """kubectl(exec, wait): a stand-in that does so; its path to what it was asked."""
    def stand_in(exec="true", wait="true", to=None):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / "kubectl").write_text(KUBECTL.format(log=tmp_path / "asked", exec=exec, wait=wait))
        (tmp_path / "bin" / "kubectl").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        return subprocess.run([sys.executable, FOLDER / "collect.py", LESSON, "--namespace", "autumn", "--leave-out", "teacher", *(["--to", to] if to else [])], cwd=tmp_path, capture_output=True, text=True)

    return stand_in


@linux
def test_the_command_starts_a_pod_fetches_the_zip_and_takes_the_pod_away(kubectl, homes, tmp_path):
    homes("teacher")
    homes("nothing", None)
    done = kubectl(f'shift 5; [ "$1 $2 $3 $4 $5" = "-- python -I - {LESSON}" ] && shift 6 && {sys.executable} -I - {LESSON} {homes.top} "$@"')
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / f"{LESSON}.zip") as archive:
        assert archive.namelist() == ["ada/", f"ada/{FILE}", "nothing/"]
    assert "1 of 2 homes have it" in done.stdout and f"Next: make grade LESSON={LESSON} FROM=" in done.stdout and "ada: 1 notebook" in done.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.split()[2] for line in asked] == ["apply", "wait", "exec", "delete"] and all(line.startswith("--namespace autumn ") for line in asked)
    again = kubectl()
    assert again.returncode == 1 and "is there already: what was collected is not overwritten" in again.stderr


@linux
@pytest.mark.parametrize("exec, wait, said", [
    ("printf PK; exit 0", "true", "did not send a whole zip"), ("exit 7", "true", "did not send a whole zip"),
    ("true", "echo 'timed out waiting' >&2; exit 1", "kubectl wait pod/collect failed: timed out waiting")], ids=["cut-off", "failed", "no-pod"])
def test_a_zip_that_did_not_come_whole_is_none_and_the_pod_goes_all_the_same(kubectl, tmp_path, exec, wait, said):
    done = kubectl(exec, wait)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.zip")) and not list(tmp_path.glob(".0*"))
    assert (tmp_path / "asked").read_text().splitlines()[-1].split()[2] == "delete"


@linux
def test_where_nothing_can_be_written_it_is_a_sentence_and_the_pod_goes(kubectl, tmp_path):
    done = kubectl(to=tmp_path / "nowhere" / "all.zip")
    assert done.returncode == 1 and re.fullmatch(r"\S*nowhere\S* can't be written \(No such file or directory\)\.\n", done.stderr), done.stderr
    assert (tmp_path / "asked").read_text().splitlines()[-1].split()[2] == "delete"


@linux
@pytest.mark.parametrize("names", [["ada"], ["ada", "final", "old", "data", "src"], ["class", "students", "submissions", "ada"], ["g1-ada", "g1-bob"], [LESSON, "ada"], ["12345", "submission-9001"]],
                         ids=",".join)
def test_an_account_may_be_called_as_others_call_folders(homes, tmp_path, names):
    """`class/`, `final/` and the like mean something in what a learning system exports."""
    shutil.rmtree(homes.top / "ada")
    for name in names:
        homes(name)
    out = io.BytesIO()
    pack.pack(LESSON, homes.top, out, lambda line: None)
    (tmp_path / "all.zip").write_bytes(out.getvalue())
    assert {each.student for each in grading.collect(tmp_path / "all.zip", LESSON, TEMPLATE) if each.data} == set(names)


@linux
def test_without_kubectl_it_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = subprocess.run([sys.executable, FOLDER / "collect.py", LESSON], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "kubectl is not installed here, or not on the path.\n")
