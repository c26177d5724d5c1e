"""Environments beside the one that the tests run in, made once and kept in .environments/ (ignored)."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".environments"


def make(name, *arguments, python=sys.executable):
    """Return the Python of a virtual environment into which pip installed `arguments`; made anew when they change."""
    folder = FOLDER / name
    texts = [Path(ROOT, word).read_text(encoding="utf-8") for word in arguments if Path(ROOT, word).is_file()]
    wanted = hashlib.sha256(json.dumps([arguments, texts, str(python)]).encode()).hexdigest()
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "made-from"
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        result = subprocess.run([inside, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-compile", *arguments], cwd=ROOT,
                                capture_output=True, text=True)
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
        stamp.write_text(wanted)
    return inside


def versions(python, *names):
    """The installed versions of packages, as that Python sees them; of all packages where none is named."""
    result = subprocess.run([python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"], check=True,
                            capture_output=True, text=True)
    found = {package["name"].lower(): package["version"] for package in json.loads(result.stdout)}
    return {name: found.get(name) for name in names or found}


def run(notebook, folder, python, scratch, **variables):
    """Run a notebook, a path or a node, in a kernel of that Python started in `folder`; return it with its outputs.

    Errors stop it, those inside widgets included. `scratch`: a folder for the kernel's description.
    `variables`: what the kernel's environment has beside, or, where None, has not.
    """
    if not isinstance(notebook, nbformat.NotebookNode):
        notebook = nbformat.read(notebook, as_version=4)
    kernel = Path(scratch, "kernels", "other")
    kernel.mkdir(parents=True, exist_ok=True)
    kernel.joinpath("kernel.json").write_text(json.dumps({
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "other",
        "language": "python"}))
    env = {**os.environ, "COURSE_STILL": "1", **variables}
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync
    manager = AsyncKernelManager(kernel_name="other", kernel_spec_manager=KernelSpecManager(
        kernel_dirs=[str(kernel.parent)], ensure_native_kernel=False))
    client = NotebookClient(notebook, timeout=600, km=manager, resources={"metadata": {"path": str(folder)}})
    try:
        client.execute(env={name: value for name, value in env.items() if value is not None})
    finally:
        run_sync(manager.shutdown_kernel)(now=True)  # nbclient leaves a manager that it was given running
    widgets = json.dumps(notebook.metadata.get("widgets", {}))
    assert '"output_type": "error"' not in widgets, widgets[:3000]
    return notebook
