"""One epoch of softmax regression, with test: this course beside d2l's own functions and beside a bare loop, in one run.

    COURSE_DATA_DIR=... python benchmarks/softmax.py [--renew]

Both train the same model on the same Fashion-MNIST files at rate 0.1 and batch 256. d2l's path is
`d2l.load_data_fashion_mnist` (torchvision and ToTensor, with no and with 4 worker processes, of
which the better counts) and what `d2l.train_ch3` does each epoch; ours is `utils` under the same
names. Measured epoch by epoch, because `d2l.train_ch3` ends with an assertion that few epochs fail.
The bare loop is the floor: floats already in memory, no metrics, predictions on the test set not even counted.
All of it once with waiting threads asleep, as `import utils` sets it, and once more, in another process, with spinning ones.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from common import nn, root, torch, utils, where
from d2l import torch as d2l
from page import report

NUM_EPOCHS = 8
SPINNING = os.environ.get("OMP_WAIT_POLICY") == "ACTIVE"
warnings.filterwarnings("ignore", "Converting a tensor with requires_grad")  # d2l's train_epoch_ch3 on a new torch


def measure(module, train_iter, test_iter, num_epochs):
    """Return the seconds of each epoch and the last test accuracy."""
    utils.set_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    nn.init.normal_(net[1].weight, std=0.01)
    optimizer, seconds = torch.optim.SGD(net.parameters(), lr=0.1), []
    for _ in range(num_epochs):
        start = time.perf_counter()
        module.train_epoch_ch3(net, train_iter, nn.CrossEntropyLoss(), optimizer)
        accuracy = module.evaluate_accuracy(net, test_iter)
        seconds.append(time.perf_counter() - start)
    return seconds, accuracy


def measure_bare(train_set, test_set, num_epochs):
    """The same for a loop over tensors that are in memory as floats, without metrics."""
    (X, y), (X_test, y_test) = (images[:] for images in (train_set, test_set))
    utils.set_seed(0)
    net, loss = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), nn.CrossEntropyLoss()
    nn.init.normal_(net[1].weight, std=0.01)
    optimizer, seconds = torch.optim.SGD(net.parameters(), lr=0.1), []
    for _ in range(num_epochs):
        start = time.perf_counter()
        for batch in torch.randperm(len(y)).split(256):
            optimizer.zero_grad()
            loss(net(X[batch]), y[batch]).backward()
            optimizer.step()
        with torch.no_grad():
            y_hat = torch.cat([net(X_batch) for X_batch in X_test.split(256)])
        seconds.append(time.perf_counter() - start)
    return seconds, utils.accuracy(y_hat, y_test) / len(y_test)


def d2l_iterators(root, num_workers):
    """What `d2l.load_data_fashion_mnist(256)` returns; it looks for the files in ../data."""
    d2l.get_dataloader_workers = lambda: num_workers
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(root, Path(folder, "data"), target_is_directory=True)
        os.mkdir(Path(folder, "work"))
        before = os.getcwd()
        os.chdir(Path(folder, "work"))
        try:
            return d2l.load_data_fashion_mnist(256)
        finally:
            os.chdir(before)


def main():
    folder = root()
    ours = utils.load_data_fashion_mnist(256)
    runs = {"d2l, no workers": (d2l, d2l_iterators(folder, 0)), "d2l, 4 workers": (d2l, d2l_iterators(folder, 4)),
            "this course": (utils, ours)}
    taken, accuracy = {name: [] for name in [*runs, "bare loop"]}, {}
    for name in ("d2l, no workers", "d2l, 4 workers", *("this course", "bare loop") * 3):  # the last two take turns
        if name == "bare loop":
            seconds, accuracy[name] = measure_bare(ours[0].dataset, ours[1].dataset, NUM_EPOCHS)
        else:
            module, iterators = runs[name]
            seconds, accuracy[name] = measure(module, *iterators, NUM_EPOCHS)
        taken[name] += seconds
    middle = {name: statistics.median(seconds) for name, seconds in taken.items()}
    quicker = min(middle["d2l, no workers"], middle["d2l, 4 workers"]) / middle["this course"]
    said = f"{quicker:.1f} times faster than d2l's quicker way"
    if SPINNING:
        report("softmax-spinning", ("path, threads spinning", "seconds"), [(name, f"{middle[name]:.3f}") for name in middle], f"{said}.", where())
    else:
        report("softmax", ("path", "seconds", "test accuracy"), [(name, f"{middle[name]:.3f}", f"{accuracy[name]:.4f}") for name in middle],
               f"{said}; {middle['this course'] / middle['bare loop']:.2f} times as long as the bare loop.", where())
        environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
        subprocess.run([sys.executable, *sys.argv], check=True, env={**environment, "OMP_WAIT_POLICY": "ACTIVE"})


if __name__ == "__main__":
    main()
