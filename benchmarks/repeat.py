"""How far the same training drifts apart elsewhere: one thread or two, and a processor with fewer instructions.

    COURSE_DATA_DIR=... python benchmarks/repeat.py [--renew]
"""
import json
import os
import subprocess
import sys

MODELS = ("softmax", "mlp", "cnn")
# An old processor, as far as this one can play it: PyTorch, oneDNN and MKL keep to what SSE 4 can do.
OLD = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}
MACHINES = {"one thread": (1, {}), "again": (1, {}), "two threads": (2, {}), "older instructions": (1, OLD)}


def measure(model, threads):
    """In this process: train two epochs from seed 0; print each batch's loss and the test accuracy."""
    from common import lesson, nn, torch, utils
    torch.set_num_threads(threads)
    utils.set_seed(0)
    train_iter, test_iter = utils.load_data_mnist(64)
    net = {"softmax": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
           "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10)),
           "cnn": lesson(7)["make_net"]}[model]()
    optimizer, losses = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9), []
    for _ in range(2):
        utils.train_epoch(net, train_iter, nn.CrossEntropyLoss(), optimizer, on_batch=losses.append)
    print(json.dumps([losses, utils.evaluate_accuracy(net, test_iter)]))


def runs(model):
    """The (losses of all batches, test accuracy) of a model on each of MACHINES, each in a process of its own."""
    found = {}
    for machine, (threads, variables) in MACHINES.items():
        done = subprocess.run([sys.executable, __file__, "--measure", model, str(threads)], capture_output=True, text=True,
                              check=True, env={**os.environ, **variables})
        found[machine] = json.loads(done.stdout.splitlines()[-1])
    return found


def drift(one, other):
    """The largest relative difference of a batch's loss: in the first batch, in the first ten, in all; and of the accuracy."""
    relative = [abs(a - b) / max(a, b) for a, b in zip(one[0], other[0], strict=True)]
    return relative[0], max(relative[:10]), max(relative), abs(one[1] - other[1])


def main():
    from common import root, where
    from page import report
    root()
    rows = []
    for model in MODELS:
        found = runs(model)
        for machine in ("again", "two threads", "older instructions"):
            first, ten, whole, accuracy = drift(found["one thread"], found[machine])
            rows.append((model, machine, f"{first:.0e}", f"{ten:.0e}", f"{whole:.0e}", f"{accuracy:.4f}"))
    report("repeat", ("model, two epochs", "beside one thread", "first batch", "first ten batches", "all batches", "test accuracy"), rows, measured=where())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        main()
