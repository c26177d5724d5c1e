"""Checkpoints whose saving is cut short: by a kill at any moment, by a full disk, by a torn file."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from confined import needs_bubblewrap, run

import utils  # before torchvision
import torch
from torch import nn

ROOT = Path(__file__).resolve().parent.parent

# Each child saves one checkpoint after another over the same file and tells the number of each that it has finished.
# All weights of checkpoint number i are i, so that a mixture of two would show.
KILLED = """
import json, os, random, signal, sys, time
from pathlib import Path
import utils
from utils import nn, torch

path, draw = Path(sys.argv[1]), random.Random(0)
net = nn.Sequential(nn.Linear(100, 200), nn.Linear(200, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

def fill(i):
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(i)

fill(0)
utils.save_checkpoint(path, net, optimizer)
number, within, advanced = 0, 0, 0
for kill in range(200):
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        i = number
        while True:
            i += 1
            fill(i)
            utils.save_checkpoint(path, net, optimizer)
            os.write(send, i.to_bytes(4, "big"))
    os.close(send)
    os.read(receive, 4)  # it is at work
    time.sleep(draw.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    told = b""
    while more := os.read(receive, 65536):
        told += more
    os.close(receive)
    finished = int.from_bytes(told[-4:], "big") if told else number + 1
    utils.load_checkpoint(path, net, optimizer)
    values = torch.cat([p.flatten() for p in net.parameters()]).unique().tolist()
    assert len(values) == 1, f"kill {kill}: a mixture of {values}"
    assert values[0] in (finished, finished + 1), f"kill {kill}: {finished} was finished, {values[0]} was read"
    number = int(values[0])
    rest = [each for each in path.parent.iterdir() if each != path]
    within += bool(rest)
    for each in rest:
        each.unlink()
print(json.dumps({"kills": kill + 1, "within a save": within, "last": number}))
"""


@pytest.mark.exhaustive("two hundred processes, each killed while it saves")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_the_last_whole_checkpoint_loads_after_two_hundred_kills(tmp_path):
    result = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "c.pt")], cwd=ROOT, capture_output=True, text=True,
                            env={**os.environ, "OMP_NUM_THREADS": "1"})  # a forked process may use one thread only
    assert result.returncode == 0, result.stderr[-3000:]
    told = json.loads(result.stdout)
    assert told["kills"] == 200 and told["within a save"] > 20 and told["last"] > 200, told


FULL = """
import errno, os, sys
import utils
from utils import nn, torch
path = sys.argv[1] + "/c.pt"
small, large = nn.Linear(10, 10), nn.Linear(1000, 1000)
utils.save_checkpoint(path, small)
before = open(path, "rb").read()
try:
    utils.save_checkpoint(path, large)
except OSError as error:
    print(error)
assert open(path, "rb").read() == before and os.listdir(sys.argv[1]) == ["c.pt"], os.listdir(sys.argv[1])
utils.load_checkpoint(path, small)
"""


@needs_bubblewrap
@pytest.mark.slow("bubblewrap: a disk of its own, which is full")
def test_a_full_disk_leaves_the_checkpoint_that_was_there(tmp_path):
    said = run(FULL, str(tmp_path), writable=tmp_path, options=["--size", 1_000_000, "--tmpfs", tmp_path])
    assert "c.pt could not be saved (No space left on device); what was there before is untouched" in said
    assert "Free some space" in said


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(OSError, match=r"c.pt could not be saved \(No such file or directory\).*a folder that exists"):
        utils.save_checkpoint(tmp_path / "nowhere" / "c.pt", nn.Linear(2, 2))


@pytest.mark.parametrize("tenth", range(10))
def test_a_torn_checkpoint_is_named_wherever_it_ends(tenth, tmp_path):
    net = nn.Linear(20, 20)
    utils.save_checkpoint(tmp_path / "c.pt", net)
    whole = (tmp_path / "c.pt").read_bytes()
    before = net.weight.clone()
    for size in range(tenth * len(whole) // 10, (tenth + 1) * len(whole) // 10, 97):
        (tmp_path / "c.pt").write_bytes(whole[:size])
        with pytest.raises(ValueError, match="is no checkpoint of this course.*Save it again"):
            utils.load_checkpoint(tmp_path / "c.pt", net)
    assert torch.equal(net.weight, before)


def test_leftovers_of_killed_savers_are_swept_after_a_day(tmp_path):
    for name, age in ((".c.pt-old", 90_000), (".c.pt-new", 3_000), (".other-old", 90_000)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, ((tmp_path / name).stat().st_mtime - age,) * 2)
    utils.save_checkpoint(tmp_path / "c.pt", nn.Linear(2, 2))
    assert sorted(os.listdir(tmp_path)) == [".c.pt-new", ".other-old", "c.pt"]
