"""Downloads that fail, each failure provoked for real: the lesson goes on with the sample, soon, and says why.

The mirrors themselves can't be part of a test. Local servers stand in for them; where the network as a whole is
at fault (no network, no name server), bubblewrap gives the process one of its own, and the true addresses are used.
"""
import contextlib
import errno
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
from pathlib import Path

import pytest

from confined import needs_bubblewrap, run
from mirror import FILES, checksums, mirror, pack, serving, write_full_size

import image_data
import utils  # before torchvision
import torchvision

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and bubblewrap; Windows' messages of errors are others")
ROOT = Path(__file__).resolve().parent.parent
LIMIT = 20  # seconds: the eight of patience, and what a busy machine takes to import torchvision; who hangs, hangs for longer

@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    """A set of the real one's sizes as a mirror has it: four .gz files."""
    raw, folder = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("mirror")
    write_full_size(raw)
    return {"folder": folder, "crc": checksums(raw), "raw": raw, "resources": pack(raw, folder)}


@pytest.fixture
def root(stand_in, monkeypatch, tmp_path):
    """An empty data folder; torchvision's mirrors are none, its sums are the stand-in's."""
    image_data._failed.clear()
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [])
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "resources", stand_in["resources"])
    monkeypatch.setitem(image_data.CRC32["real"], "FashionMNIST", stand_in["crc"])
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("COURSE_DATA", "auto")
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    yield folder
    image_data._failed.clear()


def load():
    """Load Fashion-MNIST; return its source and the seconds it took."""
    start = time.monotonic()
    train_iter, _ = utils.load_data_fashion_mnist(256)
    return train_iter.dataset.source, time.monotonic() - start


def server(answer):
    """A web server whose GET is `answer(handler)`."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            with contextlib.suppress(ConnectionError):
                answer(self)

    return serving(Handler)


def head(handler, size, kind="application/gzip"):
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(size))
    handler.end_headers()


def status(code):
    return lambda handler: handler.send_error(code)


def never(handler):
    time.sleep(60)


def page(handler):
    """What the network of a hotel answers to everything."""
    text = b"<html>Please log in</html>"
    head(handler, len(text), "text/html")
    handler.wfile.write(text)


def half(handler):
    head(handler, 100_000)
    handler.wfile.write(bytes(50_000))


def half_then_silence(handler):
    half(handler)
    handler.wfile.flush()
    time.sleep(60)


FAULTS = {
    "403": (status(403), "answered 403 (Forbidden), so try again later"),
    "404": (status(404), "answered 404 (Not Found), so try again later"),
    "503": (status(503), "answered 503 (Service Unavailable), so try again later"),
    "accepts and never answers": (never, "no answer from the data set's server (timed out). Connect to the network"),
    "cut off half-way": (half, "not the data set: cut off, or a login page"),
    "silent from half-way on": (half_then_silence, "no answer from the data set's server (timed out)"),
    "another page": (page, "not the data set: cut off, or a login page"),
}


@pytest.mark.parametrize("fault", [pytest.param(fault, marks=pytest.mark.slow("waits the eight seconds without a byte")) if FAULTS[fault][0] in (never, half_then_silence)
                                   else fault for fault in FAULTS])
def test_a_server_at_fault_is_named_and_the_sample_stands_in(fault, root, monkeypatch, capsys):
    answer, words = FAULTS[fault]
    with server(answer) as url:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [url])
        source, seconds = load()
        said = capsys.readouterr().out
        assert source == "sample" and seconds < LIMIT
        assert words in said and "The drawn sample stands in" in said
        assert load()[1] < 2 and capsys.readouterr().out == "", "tried once, told once"
        monkeypatch.setenv("COURSE_DATA", "real")
        with pytest.raises(RuntimeError) as error:
            load()
        assert words in str(error.value) and "COURSE_DATA=sample" in str(error.value)
    assert list(root.iterdir()) == [], "nothing half is kept"


def test_three_good_files_and_a_bad_one_are_not_kept(root, stand_in, monkeypatch, tmp_path, capsys):
    bad = Path(shutil.copytree(stand_in["folder"], tmp_path / "bad"))
    (bad / "t10k-labels-idx1-ubyte.gz").write_bytes(b"<html>sorry</html>")
    with mirror(bad) as url:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [url])
        assert load()[0] == "sample"
    assert list(root.iterdir()) == [] and "not the data set" in capsys.readouterr().out


def test_nobody_listens(root, monkeypatch, capsys):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [f"http://127.0.0.1:{closed.getsockname()[1]}/"])
        source, seconds = load()
    assert source == "sample" and seconds < LIMIT and "Connection refused" in capsys.readouterr().out


@pytest.mark.slow("waits eight seconds for each mirror")
def test_two_mirrors_that_never_answer_take_no_longer(root, monkeypatch):
    with server(never) as one, server(never) as other:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [one, other])
        source, seconds = load()
    assert source == "sample" and seconds < LIMIT


def test_files_that_were_put_there_after_a_download_failed_are_found(root, stand_in, monkeypatch):
    with server(status(503)) as broken:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [broken])
        assert load()[0] == "sample"
    shutil.copytree(stand_in["raw"], root / "FashionMNIST" / "raw")
    assert load()[0] == "real"


def test_the_second_mirror_helps_where_the_first_fails(root, stand_in, monkeypatch):
    """What comes is gathered beside the set's place, on the same disk; later connections wait as long as they did before."""
    tools, places = torchvision.datasets.utils, []
    fetch = tools.download_and_extract_archive
    monkeypatch.setattr(tools, "download_and_extract_archive", lambda url, into, **options: (places.append(into), fetch(url, into, **options)))
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(33)
    try:
        with server(status(503)) as broken:
            monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [broken])
            assert load()[0] == "sample" and socket.getdefaulttimeout() == 33, "nor where none helps"
        places.clear()
        image_data._failed.clear()
        with server(status(503)) as broken, mirror(stand_in["folder"]) as good:
            monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [broken, good])
            assert load()[0] == "real"
        assert socket.getdefaulttimeout() == 33
    finally:
        socket.setdefaulttimeout(before)
    assert len(places) == 8 and {(place.parent, place.name[:10]) for place in places} == {(root, ".download-")}
    assert [path.name for path in root.iterdir()] == ["FashionMNIST"]


@pytest.mark.long("waits for seconds, as a slow network does")
def test_the_second_mirror_has_its_turn_where_the_first_never_answers(root, stand_in, monkeypatch):
    """Of the patience with one set, half goes to each mirror."""
    monkeypatch.setattr(image_data, "PATIENCE", 1)
    with server(never) as silent, mirror(stand_in["folder"]) as good:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [silent, good])
        assert load()[0] == "real"


def test_only_what_is_missing_is_fetched(root, monkeypatch):
    asked = []

    def fetch(url, into, **_):
        asked.append(url)
        (into / url.removeprefix("mirror/").removesuffix(".gz")).write_bytes(b"new")

    monkeypatch.setattr(torchvision.datasets.utils, "download_and_extract_archive", fetch)
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["mirror/"])
    image_data._download("FashionMNIST", root, FILES[1:3])
    assert sorted(asked) == sorted(f"mirror/{file}.gz" for file in FILES[1:3])
    assert sorted(path.name for path in (root / "FashionMNIST" / "raw").iterdir()) == sorted(FILES[1:3])


def test_what_was_given_up_does_not_go_on_behind_ones_back(root, monkeypatch):
    asked, threads, answer = [], [], threading.Event()

    def fetch(url, into, **_):
        asked.append(url)
        threads.append(threading.current_thread())
        answer.wait(LIMIT)
        raise OSError("no answer")

    monkeypatch.setattr(image_data, "PATIENCE", 0.1)
    monkeypatch.setattr(torchvision.datasets.utils, "download_and_extract_archive", fetch)
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["one/", "two/"])
    with pytest.raises(TimeoutError, match=r"no byte came for 0\.1 seconds"):
        image_data._download("FashionMNIST", root, FILES)
    answer.set()
    threads[0].join(LIMIT)
    assert [url.split("/")[0] for url in asked] == ["one"]


def test_a_folder_that_can_not_be_removed_yet_spoils_no_download(root, monkeypatch):
    """Windows holds what somebody has open; a later download sweeps it."""
    def busy(*_, **__):
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(torchvision.datasets.utils, "download_and_extract_archive", lambda url, into, **_: (into / FILES[1]).write_bytes(b"new"))
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["mirror/"])
    with monkeypatch.context() as patch:
        patch.setattr(os, "rmdir", busy)
        image_data._download("FashionMNIST", root, [FILES[1]])
    assert (root / "FashionMNIST" / "raw" / FILES[1]).read_bytes() == b"new"


@pytest.mark.parametrize("error, reason", [
    (OSError(errno.ENOSPC, "No space left on device"), "the folder DATA is full: free 100 MB, or name another in COURSE_DATA_DIR"),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), "the folder DATA is full for you: free 100 MB, or name another in COURSE_DATA_DIR"),
    *((OSError(number, "no"), "the folder DATA can't be written: mend its permissions, or name another in COURSE_DATA_DIR")
      for number in (errno.EACCES, errno.EPERM, errno.EROFS)),
    (RuntimeError("File not found or corrupted."), "what came is not the data set: cut off, or a login page of your network in its place. "
     "Open any web page in a browser, then try again"),
    (urllib.error.URLError("Name or service\n  not known"), "no answer from the data set's server (Name or service not known). Connect to "
     "the network, then try again"),
    (urllib.error.URLError(""), "no answer from the data set's server (<urlopen error >). Connect to the network, then try again"),
    (OSError("silence"), "no answer from the data set's server (silence). Connect to the network, then try again"),
    (RuntimeError(), "no answer from the data set's server (RuntimeError). Connect to the network, then try again")], ids=str)
def test_each_reason_has_its_cure(error, reason):
    assert image_data._reason(error, "DATA") == reason


@pytest.mark.long("waits for seconds, as a slow network does")
def test_a_slow_server_is_waited_for_as_long_as_bytes_come(root, stand_in, monkeypatch):
    monkeypatch.setattr(image_data, "PATIENCE", 2.5)

    def slowly(handler):
        content = (stand_in["folder"] / handler.path.strip("/")).read_bytes()
        head(handler, len(content))
        step = max(1, len(content) // 8) if "train-images" in handler.path else len(content)
        for start in range(0, len(content), step):
            handler.wfile.write(content[start:start + step])
            handler.wfile.flush()
            time.sleep(0.4)

    with server(slowly) as url:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [url])
        source, seconds = load()
    assert source == "real" and seconds > 2.5


@pytest.mark.slow("waits the eight seconds without a byte")
def test_a_name_look_up_that_hangs_is_left_behind(root, monkeypatch):
    """As where a packet filter swallows everything; the resolver itself is silent further down."""
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["http://hangs.invalid/"])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: time.sleep(20))
    source, seconds = load()
    assert source == "sample" and seconds < LIMIT
    assert socket.getdefaulttimeout() is None, "later connections are not cut short"


def test_an_interrupt_leaves_nothing_behind(root, monkeypatch):
    main = threading.main_thread().ident
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background is born deaf to it

    def interrupted(handler):
        signal.pthread_kill(main, signal.SIGINT)
        time.sleep(60)

    with server(interrupted) as url:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [url])
        try:
            with pytest.raises(KeyboardInterrupt):
                load()
        finally:
            signal.signal(signal.SIGINT, before)
    assert list(root.iterdir()) == []


# ---- files that are there already

def test_packed_files_put_there_by_hand_are_used(root, stand_in, monkeypatch):
    shutil.copytree(stand_in["folder"], root / "FashionMNIST" / "raw")
    with server(status(404)) as url:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [url])
        assert load()[0] == "real"


def test_a_web_page_saved_as_gz_is_named_and_deleting_it_cures(root, stand_in, monkeypatch):
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    bad = raw / "t10k-labels-idx1-ubyte.gz"
    bad.write_bytes(b"<html>Please log in</html>")
    with mirror(stand_in["folder"]) as url:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [url])
        with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte.gz is not FashionMNIST's .*Delete it and load again"):
            load()
        bad.unlink()
        assert load()[0] == "real"


def test_leftovers_of_killed_kernels_are_swept_after_a_day(root, stand_in, monkeypatch):
    for name, age in ((".download-old", 90_000), (".download-new", 3_000)):
        (root / name).mkdir()
        (root / name / "half").write_bytes(bytes(100))
        os.utime(root / name, (time.time() - age,) * 2)
    with mirror(stand_in["folder"]) as url:
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [url])
        load()
    assert sorted(path.name for path in root.iterdir()) == [".download-new", "FashionMNIST"]


def aged(path, now, seconds):
    """A file at `path` that was last changed so many seconds before `now`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (now - seconds,) * 2)
    return path


def test_only_what_bears_the_name_and_is_older_than_a_day_is_swept(tmp_path, monkeypatch):
    now = 1_700_000_000
    monkeypatch.setattr(time, "time", lambda: now)
    old, young, own = aged(tmp_path / ".net-old", now, 86_400.5), aged(tmp_path / ".net-young", now, 86_400), aged(tmp_path / "mine", now, 90_000)
    image_data.sweep(tmp_path, ".net-")
    assert not old.exists() and young.exists() and own.exists()


def test_what_another_kernel_swept_meanwhile_is_no_fault(tmp_path, monkeypatch):
    now = time.time()
    for name in "abc":
        aged(tmp_path / f".net-{name}", now, 90_000)
    unlink = Path.unlink

    def twice(path):
        unlink(path)
        unlink(path)

    monkeypatch.setattr(Path, "unlink", twice)
    image_data.sweep(tmp_path, ".net-")
    assert list(tmp_path.iterdir()) == []


# ---- whole processes

PROGRAM = """
import json, os, socket, sys, threading, time
what, name, stand_in = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
if "resolver" in what:
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    def answer():
        while True:
            query, asker = names.recvfrom(512)
            if "says no" in what:
                names.sendto(query[:2] + bytes([0x81, 0x83]) + query[4:], asker)
    threading.Thread(target=answer, daemon=True).start()
import image_data
import utils
if stand_in:
    import torchvision
    kind = getattr(torchvision.datasets, name)
    kind.mirrors, kind.resources = stand_in["mirrors"], stand_in["resources"]
    image_data.CRC32["real"][name] = stand_in["crc"]
if "wait" in what:
    print("ready", flush=True)
    sys.stdin.readline()
start = time.monotonic()
try:
    source = {"MNIST": utils.load_data_mnist, "FashionMNIST": utils.load_data_fashion_mnist}[name](256)[0].dataset.source
except (RuntimeError, OSError) as error:
    source = f"{type(error).__name__}: {error}"
print(json.dumps([source, time.monotonic() - start]))
"""


def pointed(stand_in, url):
    """What PROGRAM needs to take the stand-in at `url` for the real set."""
    return {"mirrors": [url], "resources": stand_in["resources"], "crc": stand_in["crc"]}


def loaded(tmp_path, what, name="FashionMNIST", mode="auto", stand_in=None, options=()):
    """Run PROGRAM in bubblewrap, where 127.0.0.1 is the name server; return source, seconds and what it printed."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (tmp_path / "data").mkdir(exist_ok=True)
    options = ["--ro-bind", tmp_path / "resolv.conf", os.path.realpath("/etc/resolv.conf"), "--unshare-user", "--uid", 0,
               "--cap-add", "CAP_NET_BIND_SERVICE", *options]
    *said, last = run(PROGRAM, what, name, json.dumps(stand_in), writable=tmp_path, options=options, COURSE_DATA=mode,
                      COURSE_DATA_DIR=str(tmp_path / "data")).splitlines()
    return *json.loads(last), " ".join(said)


@needs_bubblewrap
@pytest.mark.slow("bubblewrap: a network of its own, in which nobody answers")
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
@pytest.mark.parametrize("what", ["no network", "a resolver that says no", "a resolver that never answers"])
def test_a_network_at_fault_is_named_and_the_sample_stands_in(what, name, tmp_path):
    source, seconds, said = loaded(tmp_path, what, name, options=["--unshare-net"])
    assert source == "sample" and seconds < LIMIT, said
    assert "no answer from the data set's server" in said and "Connect to the network" in said
    assert list((tmp_path / "data").iterdir()) == []


@needs_bubblewrap
@pytest.mark.slow("bubblewrap: a network of its own, in which nobody answers")
def test_real_never_falls_back_without_a_network(tmp_path):
    source, seconds, said = loaded(tmp_path, "no network", mode="real", options=["--unshare-net"])
    assert source.startswith("RuntimeError: FashionMNIST is not in") and said == "" and seconds < LIMIT


@needs_bubblewrap
@pytest.mark.slow("bubblewrap: a disk of its own, which is full")
@pytest.mark.parametrize("size", [1_000_000, 20_000_000])  # full while it downloads; full while it unpacks
def test_a_full_disk_is_named_with_its_cure(size, tmp_path, stand_in):
    with mirror(stand_in["folder"]) as url:
        source, seconds, said = loaded(tmp_path, "full disk", options=["--size", str(size), "--tmpfs", str(tmp_path / "data")],
                                         stand_in=pointed(stand_in, url))
    assert source == "sample" and seconds < LIMIT
    assert "is full: free 100 MB, or name another in COURSE_DATA_DIR" in said


@needs_bubblewrap
@pytest.mark.slow("bubblewrap: a folder that root can't write to either")
def test_a_read_only_folder_is_named_with_its_cure(tmp_path):
    (tmp_path / "data").mkdir()
    source, seconds, said = loaded(tmp_path, "read-only", options=["--ro-bind", *[str(tmp_path / "data")] * 2])
    assert source == "sample" and seconds < LIMIT
    assert "can't be written: mend its permissions, or name another in COURSE_DATA_DIR" in said


def started(tmp_path, stand_in, url):
    """A process that has read utils.py and begins to load, into `tmp_path` from the mirror `url`, when it gets a line."""
    kernel = subprocess.Popen([sys.executable, "-c", PROGRAM, "wait", "FashionMNIST", json.dumps(pointed(stand_in, url))],
                              cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={**os.environ, "COURSE_DATA": "real", "COURSE_DATA_DIR": str(tmp_path)})
    assert kernel.stdout.readline() == "ready\n"
    return kernel


def begin(kernel):
    kernel.stdin.write("\n")
    kernel.stdin.flush()


def ended(kernel):
    """The source that a started process tells in the end."""
    return json.loads(kernel.communicate(timeout=120)[0].splitlines()[-1])[0]


@pytest.mark.slow("two kernels that unpack files of full size")
def test_two_kernels_download_at_once_and_both_have_good_data(tmp_path, stand_in):
    with mirror(stand_in["folder"]) as url:
        kernels = [started(tmp_path, stand_in, url) for _ in range(2)]
        for kernel in kernels:
            begin(kernel)
        assert [ended(kernel) for kernel in kernels] == ["real", "real"]
    assert [path.name for path in tmp_path.iterdir()] == ["FashionMNIST"]
    for name in FILES:
        assert (tmp_path / "FashionMNIST" / "raw" / name).read_bytes() == (stand_in["raw"] / name).read_bytes()


@pytest.mark.slow("a kernel that unpacks files of full size, and is killed")
def test_a_killed_download_harms_nothing(tmp_path, stand_in):
    with server(half_then_silence) as url:
        kernel = started(tmp_path, stand_in, url)
        begin(kernel)
        deadline = time.monotonic() + 20
        while not any(path.stat().st_size for path in tmp_path.rglob("*.gz")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        kernel.kill()
        kernel.communicate()
    assert not (tmp_path / "FashionMNIST").exists()
    with mirror(stand_in["folder"]) as url:
        kernel = started(tmp_path, stand_in, url)
        begin(kernel)
        assert ended(kernel) == "real"
