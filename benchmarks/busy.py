"""A busy machine: three lessons' trainings side by side on two cores, beside the same ones after one another.

    COURSE_DATA_DIR=... python benchmarks/busy.py [--renew]

Each is a process of its own, as a notebook's kernel is. It has imported and loaded everything before the clock starts.
Measured with OpenMP's threads waiting as `import utils` sets it (compat.py), and for less and more long.
"""
import os
import subprocess
import sys
import time

LESSONS = {  # name: epochs, so that each takes a few seconds alone
    "04 softmax regression": 20, "06 multilayer perceptron": 2, "07 first CNN": 1,
}

OURS = "500 times (`import utils`)"
WAITING = {  # how: the variables that say so; none are those that `import utils` sets
    "sleep at once": {"GOMP_SPINCOUNT": "0"}, "look around 100 times, then sleep": {"GOMP_SPINCOUNT": "100"}, OURS: {},
    "1,000 times": {"GOMP_SPINCOUNT": "1000"}, "10,000 times": {"GOMP_SPINCOUNT": "10000"}, "spin": {"OMP_WAIT_POLICY": "ACTIVE"},
}


def work(name):
    """In a process of its own: load, say so, wait for a line, train, say so."""
    from common import lesson, nn, root, torch, utils
    root()
    torch.set_num_threads(2)  # as on a machine with two cores
    utils.set_seed(0)
    if name.startswith("04"):
        (train_iter, test_iter), net, rate = utils.load_data_fashion_mnist(256), nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), 0.1
    else:
        train_iter, test_iter = utils.load_data_mnist(64)
        sizes = (784, 512, 256, 128, 64, 10)
        layers = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())][:-1]
        net, rate = (nn.Sequential(nn.Flatten(), *layers) if name.startswith("06") else lesson(7)["make_net"]()), 0.01
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=rate, momentum=0.5)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(LESSONS[name]):
        utils.train_epoch(net, train_iter, loss, optimizer)
        utils.evaluate(net, test_iter, loss)
    print("done", flush=True)


class Kernel:
    """A process that has loaded and waits to train."""

    def __init__(self, name, waiting):
        bare = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
        self.process = subprocess.Popen([sys.executable, __file__, "--work", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**bare, **({"OMP_WAIT_POLICY": "PASSIVE"} if waiting else {}), **waiting})
        assert self.process.stdout.readline() == "ready\n"

    def start(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def wait(self):
        assert self.process.stdout.readline() == "done\n"
        self.process.wait()


def seconds(names, waiting):
    """Seconds until all of the trainings are done that begin together."""
    kernels = [Kernel(name, waiting) for name in names]
    start = time.perf_counter()
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.wait()
    return time.perf_counter() - start


def main():
    from common import root, where
    from page import report
    root()
    rows, ratios = [], {}
    for words, waiting in WAITING.items():
        alone = [seconds([name], waiting) for name in LESSONS]
        together = seconds(list(LESSONS), waiting)
        ratios[words] = together / sum(alone)
        rows.append((words, *(f"{taken:.1f}" for taken in (*alone, sum(alone), together)), f"{ratios[words]:.2f} x"))
    report("busy", ("threads that wait", *LESSONS, "one after the other, s", "side by side, s", "ratio"), rows, measured=f"One round each, {where()}")
    if ratios[OURS] > 1.1:
        sys.exit(f"Side by side they take {ratios[OURS]:.2f} times as long: more than 1.1.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2])
    else:
        main()
