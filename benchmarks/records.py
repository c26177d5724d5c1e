"""How far lesson 07's networks get, and how long they train for it; --renew writes records.csv, too, which the lesson draws.

    COURSE_DATA_DIR=... python benchmarks/records.py [--renew]
"""
import csv
import sys
import time
from pathlib import Path

from common import lesson, nn, root, torch, utils, where
from page import report

SEEDS = (0, 1, 2)


def first(names, num_steps):
    net = names["make_net"]()
    return net, torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9), None, nn.NLLLoss()


def cycled(make):
    def build(names, num_steps):
        net = names[make]()
        return net, *names["one_cycle"](net, num_steps), nn.CrossEntropyLoss()
    return build


RUNS = [  # data, network, how it is built, batch size, epochs, what is done to the pictures
    ("MNIST", "first CNN", first, 64, 3, None),
    ("MNIST", "better CNN", cycled("make_better_net"), 128, 1, None),
    ("MNIST", "deeper CNN", cycled("make_deeper_net"), 128, 5, "moved"),
    ("Fashion-MNIST", "better CNN", cycled("make_better_net"), 128, 2, "mirrored"),
    ("Fashion-MNIST", "deeper CNN", cycled("make_deeper_net"), 128, 8, "mirrored"),
]


def run(data, build, batch_size, num_epochs, change, seed):
    """Return the seconds of training, without tests, and the test accuracy at the end."""
    load = utils.load_data_mnist if data == "MNIST" else utils.load_data_fashion_mnist
    train_iter, test_iter = load(batch_size)
    names = lesson(7)
    utils.set_seed(seed)
    net, optimizer, schedule, loss = build(names, num_epochs * len(train_iter))
    if change:
        train_iter = names["Changed"](train_iter, names[change])
    start = time.perf_counter()
    for _ in range(num_epochs):
        utils.train_epoch(net, train_iter, loss, optimizer, schedule)
    taken, accuracy = time.perf_counter() - start, utils.evaluate_accuracy(net, test_iter)
    print(f"{data}, {num_epochs} epochs, seed {seed}: {taken:.1f} s, {accuracy:.4f}", file=sys.stderr, flush=True)
    return taken, accuracy


def main():
    root()
    found = [(data, network, num_epochs, seed, *run(data, build, batch_size, num_epochs, change, seed))
             for data, network, build, batch_size, num_epochs, change in RUNS for seed in SEEDS]
    if "--renew" in sys.argv:
        with open(Path(__file__).with_name("records.csv"), "w", newline="\n") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("data", "network", "epochs", "seed", "seconds", "accuracy"))
            writer.writerows((*row[:4], f"{row[4]:.1f}", f"{row[5]:.4f}") for row in found)
    rows = []
    for data, network, _, _, num_epochs, change in RUNS:
        runs = [row for row in found if row[:2] == (data, network)]
        rows.append((data, network, num_epochs, change or "-", f"{sum(row[4] for row in runs) / len(runs):.1f}",
                     ", ".join(f"{row[5]:.4f}" for row in runs), f"{sum(row[5] for row in runs) / len(runs):.4f}"))
    report("records", ("data", "network", "epochs", "pictures", "seconds of training", f"test accuracy, seeds {', '.join(map(str, SEEDS))}",
                       "mean"), rows, measured=where())


if __name__ == "__main__":
    main()
