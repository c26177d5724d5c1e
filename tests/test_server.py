"""The server that `make lab` starts: it answers on this machine only, and only to those who have the token."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [pytest.mark.skipif(os.name != "posix", reason="Windows has the same server without make"), pytest.mark.long("starts JupyterLab")]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """`make lab`, with what is installed here; yields what Jupyter itself tells of the server, and its process."""
    folder = tmp_path_factory.mktemp("jupyter")
    (folder / "config").mkdir()
    # No browser in a test, and CI may be root. Both leave token and address alone.
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(
        {"ServerApp": {"open_browser": False, "allow_root": True}}))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_"))}
    env.update(JUPYTER_CONFIG_DIR=str(folder / "config"), JUPYTER_RUNTIME_DIR=str(folder / "runtime"),
               JUPYTER_DATA_DIR=str(folder / "data"))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["make", "-o", ".venv/lessons", "lab", f"BIN={Path(sys.prefix, 'bin')}"], cwd=ROOT, env=env,
                                   stdout=log, stderr=log, start_new_session=True)
    try:
        deadline, told = time.monotonic() + 60, None
        while told is None and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
            for found in (folder / "runtime").glob("jpserver-*.json"):
                with contextlib.suppress(ValueError):  # it is being written
                    told = json.loads(found.read_text())
        assert told, (folder / "log").read_text()[-3000:]
        while True:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(told["url"] + "api", timeout=10)
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield told
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # make, the shell and the server
        process.wait(timeout=20)
        with contextlib.suppress(ProcessLookupError):  # now and then the server does not end by itself
            os.killpg(process.pid, signal.SIGKILL)


def test_the_token_is_long_and_random(server):
    assert len(server["token"]) >= 32 and not server["password"]


@pytest.mark.parametrize("method, path", [
    ("GET", "api/contents"), ("GET", "api/contents/notebooks/01-tensors.ipynb"), ("GET", "api/kernels"), ("GET", "api/sessions"),
    ("GET", "api/terminals"), ("POST", "api/kernels"), ("POST", "api/terminals"), ("PUT", "api/contents/x.txt"),
    ("DELETE", "api/contents/README.md"), ("GET", "files/README.md")])
def test_without_the_token_everything_is_refused(server, method, path):
    for headers in ({}, {"Authorization": "token " + "0" * len(server["token"])}):
        answer = requests.request(method, server["url"] + path, headers=headers, allow_redirects=False, timeout=10)
        if path.startswith("files"):  # a page for people: it leads to the login form
            assert answer.status_code in (302, 403) and "deep learning" not in answer.text.lower()
            assert answer.status_code == 403 or "/login" in answer.headers["Location"]
        else:
            assert answer.status_code == 403, answer.text[:300]


def test_with_the_token_it_is_served(server):
    answer = requests.get(server["url"] + "api/contents/notebooks", headers={"Authorization": f"token {server['token']}"}, timeout=10)
    assert answer.status_code == 200 and "07-cnn.ipynb" in answer.text
    answer = requests.get(server["url"] + "api/contents/exercises/release", params={"token": server["token"]}, timeout=10)
    assert "07-cnn" in answer.text, "the exercises are within reach of the file browser"
    page = requests.get(server["url"] + "lab", params={"token": server["token"]}, timeout=10)
    assert page.status_code == 200 and "JupyterLab" in page.text


def test_it_listens_on_this_machine_only(server):
    addresses = {connection.laddr.ip for connection in psutil.net_connections("inet") if connection.pid == server["pid"]
                 and connection.status == psutil.CONN_LISTEN and connection.laddr.port == server["port"]}
    assert addresses and addresses <= {"127.0.0.1", "::1"}
    outside = [address.address for each in psutil.net_if_addrs().values() for address in each
               if address.family == socket.AF_INET and not address.address.startswith("127.")]
    for address in outside:
        with pytest.raises(OSError), socket.create_connection((address, server["port"]), timeout=5):
            pass
