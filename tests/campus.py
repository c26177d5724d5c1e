"""What hub/kubernetes says, on one machine without a cluster: the image by the Dockerfile's own steps, a pod as bubblewrap can make one,
a plain JupyterHub with the chart's settings, and a kubectl that makes a pod of a manifest. For tests/test_hub.py; as root.
"""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

import chart
from classhub import DOMAIN, PASSWORD, Served, free_ports

ROOT = Path(__file__).resolve().parent.parent
# A disk of which nothing can be written, and of this machine's no more than programs.
DISK = ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", "--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin", "--symlink", "usr/lib", "/lib",
        "--symlink", "usr/lib64", "/lib64", "--dev", "/dev", "--proc", "/proc"]


def environment(folder, installed):
    """Return the Python of an environment with the packages of an installed class but for nbgrader, and over them the chart's JupyterHub."""
    place, packages = folder / "packages-of-the-image", (installed / "current" / "venv").resolve()
    subprocess.run([packages / "bin" / "python", "-m", "venv", "--without-pip", place], check=True)
    site, = place.glob("lib/python3.*/site-packages")
    theirs, = packages.glob("lib/python3.*/site-packages")
    subprocess.run([packages / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps", "--no-compile", "--target", site,
                    "-r", ROOT / "hub" / "kubernetes" / "requirements.txt", next(line for line in (ROOT / "constraints.txt").read_text().splitlines() if "idle-culler" in line)], check=True)
    (site / "class.pth").write_text(f"{theirs}\n")
    (site / "nbgrader.py").write_text("raise ImportError('nbgrader is not in the image')\n")
    for path in (packages / "bin").iterdir():  # they begin with their environment's Python
        if not (place / "bin" / path.name).exists() and path.is_file() and path.read_bytes()[:2] == b"#!":
            (place / "bin" / path.name).write_text(re.sub(r"^#!.*", f"#!{place}/bin/python", path.read_text(), count=1))
            (place / "bin" / path.name).chmod(0o755)
    for kind in ("share/jupyter", "etc/jupyter"):
        shutil.copytree(packages / kind, place / kind, symlinks=True, ignore=lambda _, names: [name for name in names if "nbgrader" in name])
    return place / "bin" / "python"


def instructions():
    """[[(word, rest)] of each stage] of the Dockerfile."""
    text = re.sub(r"\\\n", "", re.sub(r"^#.*\n", "", (ROOT / "hub" / "kubernetes" / "Dockerfile").read_text(encoding="utf-8"), flags=re.M))
    stages = []
    for line in text.splitlines():
        if line.startswith("FROM "):
            stages.append([])
        elif line.strip():
            stages[-1].append(tuple(line.split(maxsplit=1)))
    return stages


class Image:
    """The image's /srv, made of a copy of the course as the Dockerfile says. Packages and data are there already: see `environment`."""

    def __init__(self, folder, course, data, python):
        self.folder, self.python = folder / "image", python
        self.srv = self.folder / "srv"
        self.srv.mkdir(parents=True)
        stages = instructions()
        (copied, _), *_ = [(rest, word) for word, rest in stages[0] if word == "COPY"]
        assert copied == ". /course"
        shutil.copytree(course, self.folder / "course", ignore=shutil.ignore_patterns(*(
            line.removeprefix("**/") for line in (ROOT / "hub/kubernetes/Dockerfile.dockerignore").read_text().splitlines() if line and line[0] != "#")))
        for word, rest in stages[0]:
            if word == "RUN":
                self.run(rest, "/course", "--bind", self.folder / "course", "/course")
        self.steps, where = [], "/"
        for word, rest in stages[1]:
            if word == "WORKDIR":
                where = rest
            elif word == "COPY" and rest.startswith("--chmod=755 "):
                source, target = rest.split()[1:]
                (self.folder / target.lstrip("/")).parent.mkdir(exist_ok=True)
                shutil.copy(course / source, self.folder / target.lstrip("/"))
                (self.folder / target.lstrip("/")).chmod(0o755)
            elif word == "RUN" and not re.match(r"apt-get|sed|useradd", rest):
                # The mirrors can't be reached: the data are laid where a second download is none.
                shutil.copytree(data, self.folder / "data")
                rest = rest.replace("mkdir /srv/data", "cp -r /given /srv/data")
                self.run(rest, where, "--ro-bind", self.folder / "data", "/given")
            self.steps.append(word)
        self.start = json.loads(dict(stages[1])["ENTRYPOINT"])
        self.start = self.start[self.start.index("--") + 1:]  # without tini

    def run(self, command, where, *options):
        done = subprocess.run(["bwrap", *map(str, [*DISK, "--tmpfs", "/tmp", "--tmpfs", "/out", *self.packages(), "--bind", self.srv, "/srv", *options, "--chdir", where]),
                               "sh", "-euc", command],
                              env={"PATH": f"{self.python.parent}:/usr/bin:/bin", "HOME": "/tmp"}, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"

    def packages(self):
        """The environment, and where its packages come from, mounted."""
        own = self.python.parent.parent
        place = Path(next(own.glob("lib/python3.*/site-packages/class.pth")).read_text().strip()).parents[2]
        return ["--ro-bind", own, own, "--ro-bind", place, place]


def opened(path):
    """Folders above a mount, which are open to everybody only where they are named."""
    return [word for above in reversed(Path(path).parents[:-1]) if str(above) not in ("/usr", "/usr/local", "/etc", "/tmp") for word in ("--dir", above)]


def pod(image, mounts, uid, gid, *options):
    """The command before a command that makes it a pod's: that account, no rights, the image's disk, what is mounted, and nothing else.

    `mounts`: [(path in the pod, path here or None for a scratch folder, whether it can be written)].
    """
    command = ["bwrap", *DISK, "--ro-bind", image.srv, "/srv", "--ro-bind", image.folder / "passwd", "/etc/passwd", "--tmpfs", "/usr/local/etc"]
    for path, here, writable in sorted(mounts, key=lambda mount: mount[1] is not None):
        command += opened(path)
        command += ["--tmpfs", path, "--chmod", "1777", path] if here is None else ["--bind" if writable else "--ro-bind", here, path]
    for mount in [image.packages()[i:i + 3] for i in range(0, len(image.packages()), 3)]:  # they may lie below /tmp
        command += [*opened(mount[2]), *mount]
    return [*map(str, command), "--remount-ro", "/", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--cap-add", "ALL", *options,
            "setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]


class Campus(Served):
    """The volume of homes, and a plain JupyterHub with the settings of values.yaml and university.yaml."""

    def __init__(self, folder, installed, image, people=()):
        """`people`: who gets in, by PASSWORD; if nobody is named, it is the login of values.yaml alone."""
        self.folder, self.image = folder / ("campus" if people else "closed"), image
        self.homes = self.folder / "homes"
        self.homes.mkdir(parents=True)
        self.homes.chmod(0o777)
        (image.folder / "passwd").write_text("root:x:0:0::/root:/bin/sh\njovyan:x:1000:100::/home/jovyan:/bin/bash\n")
        self.values = chart.read("values.yaml", *["university.yaml"] * bool(people))
        public, api, proxy = free_ports(3)
        self.url, self.api, self.token = f"http://{DOMAIN}:{public}", f"http://127.0.0.1:{api}/hub/api", os.urandom(16).hex()
        config = chart.configuration(self.values, str(image.python), self.api)
        self.culler, = config.JupyterHub.services
        config.JupyterHub.services = [self.culler | {"api_token": self.token}]
        packages = installed / "current" / "venv"
        own = {  # what a loopback address, this machine and a test need otherwise; all else is the files'
            "JupyterHub": {"subdomain_host": self.url, "cookie_host_prefix_enabled": False, "bind_url": f"http://127.0.0.1:{public}", "hub_port": api,
                           "spawner_class": "simple", "cookie_secret_file": str(self.folder / "secret"), "db_url": f"sqlite:///{self.folder / 'hub.sqlite'}"},
            "ConfigurableHTTPProxy": {"api_url": f"http://127.0.0.1:{proxy}", "pid_file": str(self.folder / "proxy.pid"),
                                      "command": [str(packages / "node"), str(packages / "proxy/node_modules/configurable-http-proxy/bin/configurable-http-proxy")]},
            "DummyAuthenticator": {"password": PASSWORD}, "Authenticator": {"allowed_users": list(people)},
            "Spawner": {"cmd": [str(self.folder / "pod"), *image.start, config.Spawner.cmd], "env_keep": [], "http_timeout": 180},
            "SimpleLocalProcessSpawner": {"home_dir_template": str(self.homes / "{username}")}}
        config.Spawner.environment = config.Spawner.environment | {
            "PATH": f"{image.python.parent}:/usr/bin:/bin", "JUPYTERHUB_ACTIVITY_INTERVAL": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
        if people:
            config.JupyterHub.authenticator_class = "dummy"
        for name, settings in own.items():
            config[name].update(settings)
        (self.folder / "config.json").write_text(json.dumps({name: dict(settings) for name, settings in config.items()}))
        (self.folder / "config.py").write_text(f"import json\nc = get_config()\nfor name, settings in json.load(open({str(self.folder / 'config.json')!r})).items():\n    c[name].update(settings)\n")
        mounts = []
        for mount in config.KubeSpawner.volume_mounts:
            here = {"home": '"$home"', "tmp": None}.get(mount["name"], mount.get("subPath"))
            if mount["name"] == "files":
                here = self.folder / mount["subPath"]
                here.write_text(json.dumps(self.values["singleuser"]["extraFiles"][mount["subPath"]]["data"]))
            mounts.append((mount["mountPath"], here, mount["name"] == "home"))
        user = config.KubeSpawner
        command = " ".join(pod(image, mounts, user.uid, user.gid, "--setenv", "HOME", "/home/jovyan", "--chdir", "/home/jovyan"))
        # What the kubelet does, and then the pod: the student's folder has the mode of the volume's.
        (self.folder / "pod").write_text(f'#!/bin/bash\nset -eu\nhome="{self.homes}/$JUPYTERHUB_USER"\nmkdir -p "$home"\nchmod 777 "$home"\nexec {command} "$@"\n')
        (self.folder / "pod").chmod(0o755)
        self.process = None

    def start(self):
        self.process = subprocess.Popen([self.image.python, "-m", "jupyterhub", "-f", self.folder / "config.py"], cwd=self.folder, stdout=open(self.folder / "hub.log", "w"), stderr=subprocess.STDOUT,
                                        env={"PATH": f"{self.image.python.parent}:/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8"})
        return self.answers()

    @property
    def log(self):
        return (self.folder / "hub.log").read_text()

    def cull(self, timeout):
        """The culler as the hub runs it, with its rights, but for the seconds; until `with` ends."""
        command = [re.sub(r"^--(timeout|cull-every)=.*", lambda flag: f"--{flag[1]}={timeout if flag[1] == 'timeout' else 1}", word) for word in self.culler["command"]]
        return subprocess.Popen(command, env={"PATH": "/usr/bin:/bin", "JUPYTERHUB_API_TOKEN": self.token}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kubectl(self):
        """A folder with a kubectl that makes of a manifest's pod what a cluster would, as far as this machine can."""
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "kubectl").write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT / 'tests')!r})\nimport campus\ncampus.kubectl(sys.argv[1:], {str(self.folder)!r})\n")
        (self.folder / "bin" / "kubectl").chmod(0o755)
        (self.folder / "cluster.json").write_text(json.dumps({"homes": str(self.homes), "python": str(self.image.python), "image": str(self.image.folder)}))
        return self.folder / "bin"


def kubectl(arguments, folder):
    """apply, wait, exec and delete, of one pod."""
    folder, (_, _, verb, *rest) = Path(folder), arguments
    cluster, state = json.loads((folder / "cluster.json").read_text()), folder / "applied.yaml"
    if verb == "apply":
        state.write_text(Path(rest[1]).read_text())
    elif verb == "delete":
        state.unlink()
    elif verb == "exec":
        *_, manifest = yaml.safe_load_all(state.read_text())
        assert rest[:3] == ["-i", manifest["metadata"]["name"], "--"]
        spec, (container,) = manifest["spec"], manifest["spec"]["containers"]
        (volume,), account = spec["volumes"], spec["securityContext"]
        assert volume["persistentVolumeClaim"]["claimName"] == "homes"
        image = Image.__new__(Image)
        image.folder, image.python = Path(cluster["image"]), Path(cluster["python"])
        image.srv = image.folder / "nothing"  # another image, without the course
        image.srv.mkdir(exist_ok=True)
        mounts = [(mount["mountPath"], cluster["homes"], not mount.get("readOnly")) for mount in container["volumeMounts"]]
        command = pod(image, mounts, account["runAsUser"], account["runAsGroup"], "--unshare-net")
        sys.exit(subprocess.run([*command, *rest[3:]], env={"PATH": f"{image.python.parent}:/usr/bin:/bin"}).returncode)
