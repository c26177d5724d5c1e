"""notebooks/train.py, lesson 08's script: with torchrun and without, on two launchers, gone on with, and killed in the middle.

Real processes on this machine, meeting over loopback; each run has a limit. The drawn sample, a few hundred examples.
"""
import argparse
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "notebooks")]
import train as script  # noqa: E402  utils with it, before torch
import utils  # noqa: E402

import torch  # noqa: E402
from torch import distributed as dist, nn  # noqa: E402

pytestmark = pytest.mark.slow("starts PyTorch in several processes for each test")
LIMIT = 120  # seconds for a run: ten times what it takes on quiet cores
SMALL = ["--examples", "512", "--lr", "0.05", "--dropout", "0"]


def command(*options, processes=2, launcher="torchrun"):
    """How a run is started: by torchrun, or by the script itself."""
    path, options = str(ROOT / "notebooks" / "train.py"), [str(option) for option in options]
    if launcher == "torchrun":
        return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "--max-restarts", "3",
                path, *SMALL, *options]
    return [sys.executable, path, "--processes", str(processes), *SMALL, *options]


def started(*options, **how):
    return begun(command(*options, **how))


def begun(line, **more):
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                            env={**os.environ, "COURSE_DATA": "sample", "OMP_NUM_THREADS": "1", **more})


def end(run):
    """End a run by force, and what it has started: torchrun's processes are no group of its."""
    with contextlib.suppress(psutil.Error):
        for process in [*psutil.Process(run.pid).children(recursive=True), psutil.Process(run.pid)]:
            with contextlib.suppress(psutil.Error):
                process.kill()


def ended(run):
    """(exit status, what it printed, what it complained of); ended by force at the limit."""
    try:
        said, complained = run.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        end(run)
        said, complained = run.communicate()
        pytest.fail(f"still running after {LIMIT} s: {said}{complained[-2000:]}")
    return run.returncode, said, complained


def epochs(said):
    """[(epoch, training loss, test accuracy)]"""
    return [(int(epoch), float(loss), float(accuracy))
            for epoch, loss, accuracy in re.findall(r"^epoch (\d+): train loss ([\d.]+), test accuracy ([\d.]+)$", said, re.M)]


def run(*options, **how):
    status, said, complained = ended(started(*options, **how))
    assert status == 0, said + complained[-3000:]
    return epochs(said)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Three epochs on two processes, and the checkpoint after the second."""
    folder = tmp_path_factory.mktemp("unbroken")
    first = run("--epochs", 2, "--checkpoint", folder / "two.pt")
    return run("--epochs", 3), first, folder / "two.pt"


def near(found, wanted):
    """Whether two runs' epochs are the same but for rounding."""
    return [epoch for epoch, *_ in found] == [epoch for epoch, *_ in wanted] and all(
        abs(a - b) < 2e-3 for one, other in zip(found, wanted) for a, b in zip(one[1:], other[1:]))


AGAIN = pytest.mark.exhaustive("the same once more, with another number of processes")


@pytest.mark.parametrize("processes, launcher", [
    pytest.param(1, "torchrun", marks=AGAIN), (4, "torchrun"), (1, "the script"), pytest.param(2, "the script", marks=AGAIN)])
def test_any_number_of_processes_started_either_way_has_the_same_run(unbroken, processes, launcher):
    assert near(run("--epochs", 3, processes=processes, launcher=launcher), unbroken[0])


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=AGAIN), 4])
def test_a_run_goes_on_with_any_number_of_processes(unbroken, tmp_path, processes):
    whole, first, checkpoint = unbroken
    assert first == whole[:2]
    (tmp_path / "run.pt").write_bytes(checkpoint.read_bytes())
    assert near(run("--epochs", 3, "--checkpoint", tmp_path / "run.pt", processes=processes), whole[2:])


def test_with_dropout_too_a_run_that_goes_on_is_the_unbroken_one(tmp_path):
    options = ["--dropout", 0.5]
    whole = run("--epochs", 2, *options)
    first = run("--epochs", 1, *options, "--checkpoint", tmp_path / "run.pt")
    assert first + run("--epochs", 2, *options, "--checkpoint", tmp_path / "run.pt") == whole and whole[0][1] > whole[1][1]


def killed_in_the_middle(*options, how, **more):
    """A run, one process of which is killed in its second epoch: what it printed until its end, and its exit status."""
    process = started(*options, **more)
    limit = threading.Timer(LIMIT, end, [process])
    limit.start()
    numbers, said = [], []
    try:
        for line in process.stdout:
            said.append(line)
            if match := re.match(r"process \d of \d has the number (\d+)", line):
                numbers.append(int(match[1]))
            if line.startswith("epoch 1:"):
                os.kill(numbers[-1], how)
        return process.wait(timeout=LIMIT), "".join(said)
    finally:
        limit.cancel()
        end(process)
        process.stderr.close()


@pytest.mark.parametrize("processes", [2, pytest.param(3, marks=AGAIN)])
def test_a_process_killed_in_mid_epoch_costs_an_epoch_and_nothing_else(tmp_path, processes):
    options = ["--epochs", 3, "--examples", 1536, "--batch", 24, "--dropout", 0.5]
    whole = run(*options, processes=processes)
    status, said = killed_in_the_middle(*options, "--checkpoint", tmp_path / "run.pt", how=signal.SIGKILL, processes=processes)
    assert status == 0 and epochs(said) == whole
    assert said.count("has the number") == 2 * processes, "all of them were started again, once"


LONGER = ["--epochs", 3, "--examples", 1536]  # time for a kill


@pytest.fixture(scope="module")
def whole():
    """The longer run, unbroken."""
    return run(*LONGER)


def test_without_torchrun_the_same_command_goes_on(whole, tmp_path):
    options = [*LONGER, "--checkpoint", tmp_path / "run.pt"]
    status, said = killed_in_the_middle(*options, how=signal.SIGKILL, launcher="the script")
    assert status != 0 and near(epochs(said), whole[:1])
    assert near(run(*options, launcher="the script"), whole[1:])


def two_nodes(*options):
    """Two "machines" on one: each has a launcher of its own, which knows of the other by the meeting point alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = str(ROOT / "notebooks" / "train.py")
    return [begun([sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", str(node), "--nproc-per-node", "1",
                   "--rdzv-backend", "c10d", "--rdzv-id", "course", "--rdzv-endpoint", f"127.0.0.1:{port}", "--local-addr", "127.0.0.1",
                   "--max-restarts", "3", path, *SMALL, *map(str, options)], TORCH_DISABLE_SHARE_RDZV_TCP_STORE="1") for node in range(2)]


def test_a_process_waits_minutes_for_the_others_whoever_started_it(monkeypatch):
    """Where one hangs or a machine has lost its power, torchrun starts them again once they have given up; gloo alone waits half an hour."""
    asked = []
    monkeypatch.setattr(script.dist, "init_process_group", lambda *_, **options: asked.append(options["timeout"]))
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)
    script.join()
    assert asked == [script.PATIENCE] and script.PATIENCE <= timedelta(minutes=5)


def test_two_launchers_meet_over_loopback(unbroken):
    found = [ended(node) for node in two_nodes("--epochs", 3)]
    assert [status for status, *_ in found] == [0, 0], found
    assert sorted(len(epochs(said)) for _, said, _ in found) == [0, 3], "rank 0 alone reports"
    assert near(next(epochs(said) for _, said, _ in found if epochs(said)), unbroken[0])
    assert sorted(re.findall(r"process (\d of \d)", "".join(said for _, said, _ in found))) == ["0 of 2", "1 of 2"]


def test_a_process_that_dies_on_one_of_two_machines_is_started_again_on_both(whole, tmp_path):
    nodes = two_nodes(*LONGER, "--checkpoint", tmp_path / "run.pt")
    limit = time.monotonic() + LIMIT
    while not (tmp_path / "run.pt").exists():  # after the first epoch
        assert time.monotonic() < limit
        time.sleep(0.05)
    psutil.Process(nodes[1].pid).children()[0].kill()
    found = [ended(node) for node in nodes]
    assert [status for status, *_ in found] == [0, 0], found
    said = "".join(said for _, said, _ in found)
    assert near(sorted(epochs(said)), whole) and said.count("has the number") == 4


@pytest.mark.parametrize("options, sentence", [
    (["--epochs", "three"], "invalid count value: 'three'"),
    (["--processes", 0], "0 is less than 1"),
    (["--examples", -5], "-5 is less than 1"),
    (["--checkpoint", "nowhere/run.pt"], "there is no folder nowhere to write the checkpoint into"),
])
def test_what_cannot_be_run_says_why(options, sentence, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["train.py", *map(str, options)])
    with pytest.raises(SystemExit, match="2"):
        script.main()
    assert sentence in capsys.readouterr().err


def test_a_batch_that_does_not_come_out_even_is_refused():
    status, said, complained = ended(started("--batch", 63, launcher="the script"))
    assert status != 0 and "A batch of 63 can't be shared out evenly among 2 processes: take a multiple of 2." in complained and not epochs(said)


def test_a_checkpoint_of_another_network_is_refused_and_stays(tmp_path):
    utils.save_checkpoint(tmp_path / "run.pt", nn.Linear(2, 1))
    before = (tmp_path / "run.pt").read_bytes()
    status, said, complained = ended(started("--checkpoint", tmp_path / "run.pt", launcher="the script"))
    assert status != 0 and "run.pt" in complained and "ValueError" in complained and not epochs(said)
    assert (tmp_path / "run.pt").read_bytes() == before


def counts_once(rank, world_size, n):
    """The accuracy that `test` finds on n images, of which a network that says 0 has the first three right."""
    class Zero(nn.Module):
        def forward(self, X):
            return nn.functional.one_hot(torch.zeros(len(X), dtype=torch.long), 10).float()
    labels = [0, 0, 0] + [1] * (n - 3)
    return script.test(Zero(), utils.ImageSet(torch.zeros(n, 28, 28), labels), rank, world_size)


def test_a_test_counts_each_example_once_and_a_folder_with_a_space_is_a_meeting_place_too(tmp_path, monkeypatch):
    (tmp_path / "my files").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "my files"))
    assert script.launch(counts_once, 3, 10) == [pytest.approx(3 / 10)] * 3


def fails(rank, world_size):
    if rank == 1:
        raise LookupError("mine")
    dist.all_reduce(torch.ones(1))


@pytest.mark.parametrize("attempt", [1, pytest.param(2, marks=AGAIN), pytest.param(3, marks=AGAIN)])
def test_the_first_to_fail_is_told_and_not_whom_it_left_alone(attempt):
    """Whom it leaves alone fails too, a moment later: which of the two is heard of first is chance."""
    began = time.monotonic()
    with pytest.raises(torch.multiprocessing.ProcessRaisedException, match=r"(?s)Process 1 failed.*LookupError: mine"):
        script.launch(fails, 2)
    assert time.monotonic() - began < 60, "the other, which waits for it, is ended"


def waits(rank, world_size):
    if rank == 0:
        dist.all_reduce(torch.ones(1))
    else:
        time.sleep(90)


def test_whoever_waits_longer_than_the_patience_gives_up():
    began = time.monotonic()
    with pytest.raises(torch.multiprocessing.ProcessRaisedException, match="imed out"):
        script.launch(waits, 2, patience=timedelta(seconds=2))
    assert time.monotonic() - began < 60


def test_launch_sends_functions_of_any_kind_and_keeps_the_order():
    factor = 10
    assert script.launch(lambda rank, world_size, more: (factor * rank + more, world_size), 3, 5) == [(5, 3), (15, 3), (25, 3)]


def trained(rank, world_size, options):
    """(its history, the seeds that it set)"""
    seeds, set_seed = [], utils.set_seed
    utils.set_seed = lambda seed: seeds.append(seed) or set_seed(seed)
    return script.train(rank, world_size, options), seeds


def test_the_history_is_the_same_in_each_process_and_the_wholes_and_seeds_differ():
    options = argparse.Namespace(epochs=2, batch=64, lr=0.05, dropout=0, examples=256, seed=0, checkpoint=None)
    one, = script.launch(script.train, 1, options)
    (first, (network, *one_drops)), (second, (same, *other_drops)) = script.launch(trained, 2, options)
    assert network == same and len({*one_drops, *other_drops}) == 4, "one network, and each process and epoch drops other units"
    assert first == second, "with seconds left out, which train doesn't measure"
    assert first.batch_loss == pytest.approx(one.batch_loss, abs=1e-4) and len(one.batch_loss) == 8
    assert first.train_loss == pytest.approx(one.train_loss, abs=1e-4) and first.train_acc == pytest.approx(one.train_acc, abs=1e-3)


def test_a_rate_that_is_given_goes_before_the_checkpoints_and_each_epoch_has_its_own_order(tmp_path, capfd, monkeypatch):
    orders, set_epoch = [], script.DistributedSampler.set_epoch
    monkeypatch.setattr(script.DistributedSampler, "set_epoch", lambda sampler, epoch: orders.append(epoch) or set_epoch(sampler, epoch))
    dist.init_process_group("gloo", store=dist.FileStore(str(tmp_path / "meeting"), 1), rank=0, world_size=1)
    try:
        for epochs, lr, wanted in ((1, 0.05, 0.05), (2, None, 0.05), (3, 0.2, 0.2), (3, 0.2, 0.2)):
            script.train(0, 1, argparse.Namespace(epochs=epochs, batch=64, lr=lr, dropout=0, examples=128, seed=0, checkpoint=tmp_path / "run.pt"))
            net = script.make_net()
            updater = torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.9)
            assert len(utils.load_checkpoint(tmp_path / "run.pt", net, updater).test_acc) == epochs
            assert [group["lr"] for group in updater.param_groups] == [wanted]
    finally:
        dist.destroy_process_group()
    assert "run.pt has reached epoch 3 already" in capfd.readouterr().out
    assert orders == [0, 1, 2], "also after a checkpoint: one that goes on would see the first epoch's order again"
