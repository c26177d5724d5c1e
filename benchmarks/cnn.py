"""Lesson 07's first CNN, an epoch with test, beside the usual way; and from a cold start to a known accuracy.

    COURSE_DATA_DIR=... python benchmarks/cnn.py [--renew]
"""
import argparse
import json
import statistics
import subprocess
import sys
import time

START = time.perf_counter()  # a cold start includes the imports below


def cold(kind, seed):
    """From before the imports to the first test above the goal; print what it took."""
    from common import UsualNet, lesson, nn, root, torch, usual_epoch, usual_iterators, usual_test, utils
    root()
    utils.set_seed(seed)
    training, epochs, reached = 0.0, 0, 0.0
    if kind == "usual":  # PyTorch's own MNIST example: batch 64, Adadelta at rate 1, a step of 0.7 an epoch
        train_iter, test_iter = usual_iterators("MNIST", 64, 1000, normalize=((0.1307,), (0.3081,)))
        net, loss = UsualNet(), nn.functional.nll_loss
        optimizer = torch.optim.Adadelta(net.parameters(), lr=1.0)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
        while reached < 0.98:
            start = time.perf_counter()
            usual_epoch(net, train_iter, optimizer, loss)
            schedule.step()
            training, epochs = training + time.perf_counter() - start, epochs + 1
            reached = usual_test(net, test_iter, loss)
    else:  # lesson 07's better network: a cycle of one epoch, another where that does not reach the goal
        train_iter, test_iter = utils.load_data_mnist(128)
        names = lesson(7)
        net, loss = names["make_better_net"](), nn.CrossEntropyLoss()
        while reached < 0.99:
            optimizer, schedule = names["one_cycle"](net, len(train_iter))
            start = time.perf_counter()
            utils.train_epoch(net, train_iter, loss, optimizer, schedule)
            training, epochs = training + time.perf_counter() - start, epochs + 1
            reached = utils.evaluate_accuracy(net, test_iter)
    print(json.dumps({"seconds": time.perf_counter() - START, "training": training, "epochs": epochs, "accuracy": reached}))


def in_a_fresh_process(kind, seed):
    done = subprocess.run([sys.executable, __file__, "--cold", kind, str(seed)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


WAYS = {  # batch size, rate, ours
    "torchvision, DataLoader, no metrics in training": (64, 0.01, False),
    "this course, as in the lesson": (64, 0.01, True),
    "this course, twice the batch and twice the rate": (128, 0.02, True),
}
LESSON, BARE = "this course, as in the lesson", "a bare loop over tensors in memory"


def bare_epoch(net, data, test, optimizer, loss, batch_size):
    """Seconds that training and testing take at least: floats in memory, no metrics but the accuracy."""
    from common import torch
    (X, y), (X_test, y_test) = data, test
    net.train()
    for batch in torch.randperm(len(y)).split(batch_size):
        optimizer.zero_grad()
        loss(net(X[batch]), y[batch]).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        y_hat = torch.cat([net(X_batch) for X_batch in X_test.split(batch_size)])
    return (y_hat.argmax(1) == y_test).sum().item() / len(y_test)


def epoch(way, seed):
    """(seconds of an epoch with test, test accuracy after it) of lesson 07's first network, the second epoch."""
    from common import lesson, nn, torch, usual_epoch, usual_iterators, usual_test, utils
    batch_size, rate, ours = WAYS.get(way, (64, 0.01, None))
    utils.set_seed(seed)
    net, loss = lesson(7)["make_net"](), nn.NLLLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
    if ours in (True, None):
        train_iter, test_iter = utils.load_data_mnist(batch_size)
        whole = (train_iter.dataset[:], test_iter.dataset[:]) if ours is None else None
    else:
        net = net.to(memory_format=torch.contiguous_format)  # as networks are by default
        train_iter, test_iter = usual_iterators("MNIST", batch_size, 1000, normalize=((0.1307,), (0.3081,)))
    for _ in range(2):
        start = time.perf_counter()
        if ours:
            utils.train_epoch(net, train_iter, loss, optimizer)
            accuracy = utils.evaluate(net, test_iter, loss)[1]
        elif ours is None:
            accuracy = bare_epoch(net, *whole, optimizer, loss, batch_size)
        else:
            usual_epoch(net, train_iter, optimizer, loss)
            accuracy = usual_test(net, test_iter, loss)
        taken = time.perf_counter() - start
    return taken, accuracy


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--renew", action="store_true", help="put the tables into benchmarks/README.md")
    parser.add_argument("--cold", nargs=2)
    options = parser.parse_args()
    if options.cold:
        return cold(options.cold[0], int(options.cold[1]))
    from common import root, where
    from page import report
    root()
    found = {way: [] for way in WAYS}
    for seed in range(3):  # they take turns
        for way, runs in found.items():
            runs.append(epoch(way, seed))
    middle = {way: statistics.median(seconds for seconds, _ in runs) for way, runs in found.items()}
    usual = next(iter(middle.values()))
    report("cnn", ("lesson 07's first CNN, an epoch with test", "batch", "seconds", "faster",
                   "test accuracy after two epochs, seeds 0, 1, 2", "mean"),
           [(way, WAYS[way][0], f"{middle[way]:.2f}", f"{usual / middle[way]:.1f} x",
             ", ".join(f"{accuracy:.4f}" for _, accuracy in runs),
             f"{statistics.mean(accuracy for _, accuracy in runs):.4f}") for way, runs in found.items()], measured=where())

    pairs = [(epoch(LESSON, seed)[0], epoch(BARE, seed)[0]) for seed in range(4)]
    report("cnn-bare", ("an epoch with test, in turns", *range(1, 5)),
           [(f"{way}, s", *(f"{seconds:.2f}" for seconds in row)) for way, row in zip((LESSON, BARE), zip(*pairs))],
           f"{statistics.median(ours / bare for ours, bare in pairs):.2f} times as long in the middle.", where())

    found = {kind: [] for kind in ("usual", "ours")}
    for seed in range(3):
        for kind, runs in found.items():
            runs.append(in_a_fresh_process(kind, seed))
    total = {kind: statistics.median(run["seconds"] for run in runs) for kind, runs in found.items()}
    report("cold", ("cold start to a result on MNIST", "goal", "seconds, all", "of them training", "epochs", "test accuracy"),
           [({"usual": "PyTorch's usual example", "ours": "lesson 07's better network"}[kind],
             {"usual": "0.98", "ours": "0.99"}[kind], *(", ".join(f"{run[key]:{form}}" for run in runs) for key, form in
              (("seconds", ".1f"), ("training", ".1f"), ("epochs", ""), ("accuracy", ".4f"))))
            for kind, runs in found.items()], f"{total['usual'] / total['ours']:.1f} times shorter.", where())


if __name__ == "__main__":
    main()
