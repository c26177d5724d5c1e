"""Train lesson 07's first network on MNIST with one process or several: lesson 08's script, to take home.

    torchrun --standalone --nproc-per-node 2 --max-restarts 3 train.py --checkpoint run.pt
    python train.py --processes 2          # where torchrun does not run (Windows)
    python train.py                        # one process: the same steps

It needs the course's top folder, one folder up. However many processes there are, a step uses the same `--batch` examples: each takes its share, and gradients are
averaged. So a checkpoint that two have written can be gone on with by one, or by four. `--help` lists the options.
"""
import argparse
import contextlib
import logging
import os
import pickle
import sys
import tempfile
import traceback
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the course's top folder, where utils.py lies
import utils  # noqa: E402

import torch  # noqa: E402
from torch import distributed as dist, multiprocessing as mp, nn  # noqa: E402
from torch.nn.parallel import DistributedDataParallel  # noqa: E402
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler, Subset  # noqa: E402

PATIENCE = timedelta(minutes=5)  # a process that waits longer for another gives up; gloo's own is half an hour


# ---------------------------------------------------------------- the network, and each process's share of the data

def make_net(dropout=0.5):
    """Lesson 07's first CNN: images (n, 1, 28, 28) to log-probabilities (n, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 10, kernel_size=5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(10, 20, kernel_size=5), nn.Dropout2d(dropout), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(320, 50), nn.ReLU(),
        nn.Linear(50, 10), nn.LogSoftmax(dim=1))


def shared_out(dataset, batch_size, rank, world_size, seed=0):
    """Return (train_iter, sampler): this process's share of each batch of `batch_size`, in whole batches.

    Step for step the shares of all processes are together the batch that one process would take, but for examples that
    fill up the last one where they don't come out even. Call `sampler.set_epoch(epoch)` before each epoch, or its order is
    that of the first.
    """
    if batch_size % world_size:
        raise ValueError(f"A batch of {batch_size} can't be shared out evenly among {world_size} processes: "
                         f"take a multiple of {world_size}.")
    sampler = DistributedSampler(dataset, world_size, rank, shuffle=True, seed=seed)
    return DataLoader(dataset, sampler=BatchSampler(sampler, batch_size // world_size, drop_last=False),
                      batch_size=None), sampler


def summed(*values):
    """Return the sums over all processes of numbers, a list of floats; every process must call it."""
    total = torch.tensor(values, dtype=torch.float64)
    dist.all_reduce(total)
    return total.tolist()


def test(net, dataset, rank, world_size):
    """Return the accuracy on `dataset`, each example counted once, whoever has it: no sampler that fills up shares."""
    mine = utils.whole_batches(Subset(dataset, range(rank, len(dataset), world_size)), 1000)
    y_hat, y = utils.predict(net, mine)
    right, n = summed(utils.accuracy(y_hat, y), len(y))
    return right / n


# ---------------------------------------------------------------- training

def train(rank, world_size, options):
    """Train in this process, beside the others of its group; return the History, the same in each."""
    train_iter, test_iter = utils.load_data_mnist(options.batch)
    train_set, test_set = train_iter.dataset, test_iter.dataset
    if options.examples:
        train_set = Subset(train_set, range(min(options.examples, len(train_set))))
    train_iter, sampler = shared_out(train_set, options.batch, rank, world_size, 1000 * options.seed)
    utils.set_seed(options.seed)
    net = make_net(options.dropout)
    updater = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    history = utils.History()
    if options.checkpoint and Path(options.checkpoint).exists():
        history = utils.load_checkpoint(options.checkpoint, net, updater)  # every process reads it: all see one folder
        if rank == 0 and len(history.test_acc) >= options.epochs:
            print(f"{options.checkpoint} has reached epoch {len(history.test_acc)} already\n", end="", flush=True)
    if options.lr is not None:  # goes before the checkpoint's
        for group in updater.param_groups:
            group["lr"] = options.lr
    parallel = DistributedDataParallel(net)
    print(f"process {rank} of {world_size} has the number {os.getpid()}\n", end="", flush=True)  # whole: others print too
    for epoch in range(len(history.test_acc), options.epochs):
        sampler.set_epoch(epoch)
        utils.set_seed(1_000_000 * options.seed + 1000 * epoch + rank)  # dropout: other units in each process
        losses = []
        train_loss, train_acc = utils.train_epoch(parallel, train_iter, nn.NLLLoss(), updater, on_batch=losses.append)
        losses = torch.tensor(losses, dtype=torch.float64)
        dist.all_reduce(losses)  # of each batch the whole's loss, not this process's
        history.batch_loss += (losses / world_size).tolist()
        train_loss, train_acc = summed(train_loss, train_acc)
        history.train_loss.append(train_loss / world_size)
        history.train_acc.append(train_acc / world_size)
        history.test_acc.append(test(net, test_set, rank, world_size))
        if rank == 0:
            if options.checkpoint:
                utils.save_checkpoint(options.checkpoint, net, updater, history)  # the network, without its wrapper
            print(f"epoch {epoch + 1}: train loss {history.train_loss[-1]:.4f}, test accuracy "
                  f"{history.test_acc[-1]:.4f}\n", end="", flush=True)
        dist.barrier()  # nobody goes ahead of a checkpoint that isn't there yet
    return history


# ---------------------------------------------------------------- starting processes where torchrun can't

def launch(function, world_size, *arguments, patience=PATIENCE):
    """Run `function(rank, world_size, *arguments)` in `world_size` new processes at once; return their results, a list.

    The processes form a group (gloo, on this machine alone), so they may call `dist.all_reduce` and its like. They know
    nothing of this one's variables: function and arguments are packed and sent, and what it returns comes back the same
    way. One that fails ends the others and raises `ProcessRaisedException`, with its traceback. `patience`: how long one
    waits for another, a timedelta.
    """
    import cloudpickle  # packs a function of a notebook too, which pickle can't
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # that the others were ended goes without saying
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Windows: a process may hold a file a bit longer
        packed = cloudpickle.dumps((function, arguments))
        try:
            mp.spawn(_begin, (world_size, folder, packed, patience, max(1, torch.get_num_threads() // world_size)), world_size)
        except mp.ProcessRaisedException as error:  # of one of them, perhaps one that the first to fail has left alone
            if Path(folder, "failed").exists():
                rank, said = pickle.loads(Path(folder, "failed").read_bytes())
                raise mp.ProcessRaisedException(f"Process {rank} failed:\n{said}", rank, error.error_pid) from None
            raise
        return [pickle.loads(Path(folder, f"{rank}.pickle").read_bytes()) for rank in range(world_size)]


def _begin(rank, world_size, folder, packed, patience, threads):
    """What each process of `launch` runs first."""
    torch.set_num_threads(threads)  # the processes share the processor
    store = dist.FileStore(str(Path(folder, "meeting")), world_size)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=world_size, timeout=patience)
    try:
        function, arguments = pickle.loads(packed)
        result = function(rank, world_size, *arguments)
        Path(folder, f"{rank}.pickle").write_bytes(pickle.dumps(result))
    except Exception:
        with contextlib.suppress(FileExistsError), open(Path(folder, "failed"), "xb") as file:
            file.write(pickle.dumps((rank, traceback.format_exc())))
        raise
    finally:
        dist.destroy_process_group()  # also where the function failed: gloo's threads must have ended before the process does


# ---------------------------------------------------------------- as a script

def join():
    """Join the group of the processes that torchrun has started.

    torchrun keeps one store for all its attempts, and gloo's addresses of processes that have died would still stand in it:
    whoever reads one waits for nobody. So each attempt has a part of the store of its own. (With several machines their
    launchers count attempts differently: there TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 has each attempt make a store of its own.)
    """
    store, env = None, os.environ
    if env.get("TORCHELASTIC_USE_AGENT_STORE") == "True" and env["GROUP_WORLD_SIZE"] == "1":
        store = dist.TCPStore(env["MASTER_ADDR"], int(env["MASTER_PORT"]), is_master=False, timeout=PATIENCE)
        store = dist.PrefixStore(f"attempt {env['TORCHELASTIC_RESTART_COUNT']}", store)
    dist.init_process_group("gloo", store=store, rank=int(env["RANK"]), world_size=int(env["WORLD_SIZE"]), timeout=PATIENCE)


def count(text):
    """A whole number, 1 or larger, as an option of the command."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=count, default=3)
    parser.add_argument("--batch", type=count, default=64, help="examples of a step, of all processes together")
    parser.add_argument("--lr", type=float, help="0.01, or the checkpoint's, if you don't say it")
    parser.add_argument("--dropout", type=float, default=0.5, help="0: the same losses with any number of processes")
    parser.add_argument("--examples", type=count, help="train on the first so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", help="write it after each epoch; if it is there, go on from it")
    parser.add_argument("--processes", type=count, default=1, help="start so many here; with torchrun, say it there")
    options = parser.parse_args()
    if options.checkpoint and not Path(options.checkpoint).absolute().parent.is_dir():
        parser.error(f"there is no folder {Path(options.checkpoint).parent} to write the checkpoint into")
    if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun has started this process, and says which one it is
        if options.processes > 1:
            parser.error("torchrun starts the processes: --nproc-per-node there, and no --processes here")
        join()
        train(dist.get_rank(), dist.get_world_size(), options)
        dist.destroy_process_group()
    else:
        launch(train, options.processes, options)


if __name__ == "__main__":
    main()
