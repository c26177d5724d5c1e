"""What the chart of Zero to JupyterHub makes of values: the part of its own jupyterhub_config.py that hub/kubernetes uses.

Written after the chart's documentation, 4.4.0, which can't be had from a package index. A key that is neither here nor among those
that other parts of the chart read is an error, so that no setting goes by untried.
"""
from pathlib import Path

import yaml
from traitlets.config import Config

FOLDER = Path(__file__).resolve().parent.parent / "hub" / "kubernetes"
SPAWNER = {  # of every spawner
    "singleuser.cmd": "cmd", "singleuser.defaultUrl": "default_url", "singleuser.startTimeout": "start_timeout", "singleuser.extraEnv": "environment",
    "singleuser.memory.limit": "mem_limit", "singleuser.memory.guarantee": "mem_guarantee", "singleuser.cpu.limit": "cpu_limit", "singleuser.cpu.guarantee": "cpu_guarantee"}
KUBESPAWNER = {"singleuser.uid": "uid", "singleuser.fsGid": "fs_gid", "singleuser.allowPrivilegeEscalation": "allow_privilege_escalation",
               "singleuser.extraPodConfig": "extra_pod_config"}
BY_HAND = ("hub.config", "singleuser.image", "singleuser.storage", "singleuser.extraFiles", "singleuser.cloudMetadata.blockWithIptables", "cull",
           "scheduling.userScheduler.enabled", "scheduling.podPriority.enabled", "scheduling.userPods.nodeAffinity.matchNodePurpose")
TEMPLATES = ("hub.db", "singleuser.networkPolicy", "scheduling.userPlaceholder", "prePuller", "proxy", "ingress")  # no business of the hub's


def read(*names):
    """The values of files of hub/kubernetes, the later ones over the earlier, as helm merges them: a list takes the place of a list."""
    found = {}
    for name in names:
        found = merged(found, yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")))
    return found


def merged(below, above):
    return below | {key: merged(below[key], value) if isinstance(value, dict) and isinstance(below.get(key), dict) else value for key, value in above.items()}


def leaves(values, path=""):
    """{dotted path: value}, down to the keys that are named above."""
    for key, value in values.items():
        here = f"{path}.{key}".lstrip(".")
        if isinstance(value, dict) and here not in (*SPAWNER, *KUBESPAWNER, *BY_HAND, *TEMPLATES):
            yield from leaves(value, here)
        else:
            yield here, value


def configuration(values, python="python3", api="http://localhost:8081/hub/api"):
    """JupyterHub's configuration. `python`, `api`: by which the culler runs, and where it finds the hub."""
    c = Config()
    found = dict(leaves(values))
    if unknown := found.keys() - {*SPAWNER, *KUBESPAWNER, *BY_HAND, *TEMPLATES}:
        raise ValueError(f"tests/chart.py does not know {', '.join(sorted(unknown))}")
    for path, trait in SPAWNER.items():
        if found.get(path) is not None:
            c.Spawner[trait] = found[path]
    for path, trait in KUBESPAWNER.items():
        if found.get(path) is not None:
            c.KubeSpawner[trait] = found[path]
    if image := found.get("singleuser.image"):
        c.KubeSpawner.image = f"{image['name']}:{image['tag']}"
    if found.get("scheduling.userScheduler.enabled"):
        c.KubeSpawner.scheduler_name = "user-scheduler"
    if found.get("scheduling.podPriority.enabled"):
        c.KubeSpawner.priority_class_name = "class-default-priority"
    if found.get("scheduling.userPods.nodeAffinity.matchNodePurpose") == "prefer":
        c.KubeSpawner.node_affinity_preferred = [{"weight": 100, "preference": {"matchExpressions": [{"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}]}}]
    storage, files = found["singleuser.storage"], found.get("singleuser.extraFiles", {})
    assert storage["type"] == "static"
    volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": storage["static"]["pvcName"]}}]
    mounts = [{"name": "home", "mountPath": storage["homeMountPath"], "subPath": storage["static"]["subPath"]}]
    if files:
        volumes.append({"name": "files", "secret": {"secretName": "singleuser", "items": [{"key": key, "path": key} for key in files]}})
        mounts += [{"name": "files", "mountPath": file["mountPath"], "subPath": key} for key, file in files.items()]
    c.KubeSpawner.volumes, c.KubeSpawner.volume_mounts = volumes + storage["extraVolumes"], mounts + storage["extraVolumeMounts"]
    if found.get("singleuser.cloudMetadata.blockWithIptables", True):
        c.KubeSpawner.init_containers = [{"name": "block-cloud-metadata", "image": "k8s-network-tools", "securityContext": {"privileged": True, "runAsUser": 0}}]
    c.JupyterHub.services, c.JupyterHub.load_roles = [], []
    cull = found.get("cull", {})
    if cull.get("enabled", True):
        flags = [f"--{flag}={cull[key]}" for key, flag in (("timeout", "timeout"), ("every", "cull-every"), ("maxAge", "max-age")) if cull.get(key)]
        c.JupyterHub.services.append({"name": "jupyterhub-idle-culler", "command": [python, "-m", "jupyterhub_idle_culler", f"--url={api}", *flags]})
        c.JupyterHub.load_roles.append({"name": "jupyterhub-idle-culler", "services": ["jupyterhub-idle-culler"],
                                        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"]})
    for name, settings in found["hub.config"].items():
        c[name].update(settings)
    return c
