"""Checks of the exercises to lesson 05, softmax regression with PyTorch's parts."""
import csv
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from exercises.checks import call, compare, demand, randint, randn, run, task

FEATURES, CLASSES = 93, 9


def draw_products(n, seed):
    """Return a table of n products as CSV text: id, feat_1 ... feat_93, target, in the contest's column format.

    Counts are Poisson draws from a profile of each class, most of them 0; the target is Class_1 ... Class_9.
    The profiles are always the same, the rows depend on the seed.
    """
    rates = torch.exp(randn(92, 1, FEATURES) + 0.5 * randn(93, CLASSES, FEATURES) - 1.5)
    y = randint(seed, CLASSES, n)
    counts = torch.poisson(rates[y], generator=torch.Generator().manual_seed(seed)).int()
    lines = [",".join(["id", *(f"feat_{j}" for j in range(1, FEATURES + 1)), "target"])]
    lines += [",".join([str(i), *map(str, row.tolist()), f"Class_{label + 1}"])
              for i, (row, label) in enumerate(zip(counts, y.tolist()), 1)]
    return "\n".join(lines) + "\n"


@task
def three_ways(answer, cases=((1, 3), (5, 4), (64, 10)), seed=1):
    """The mean cross-entropy, three times, against torch's, for (rows, classes)."""
    fixed = torch.tensor([[0.2, 0.1, -0.1]]), torch.tensor([0])
    drawn = [(randn(seed + n, n, q), randint(seed + q, q, n)) for n, q in cases]
    for O, y in [fixed, *drawn]:
        each = F.cross_entropy(O, y, reduction="none")
        got = call(answer, O, y)
        demand(isinstance(got, list | tuple) and len(got) == 3, "three_ways should return three losses, one for each way.")
        for way, value in zip(("by hand", "LogSoftmax and NLLLoss", "CrossEntropyLoss"), got):
            compare(f"the loss {way}", value, each.mean(), close=1e-4, given=f"logits of shape {tuple(O.shape)}", slips=[
                (-each.mean(), "the sign is wrong: a loss is the negative of the log-probability."),
                (each.sum(), "this is the sum: return the mean."),
                (each, "one loss a sample: return the mean."),
                (F.cross_entropy(torch.softmax(O, 1), y), "CrossEntropyLoss takes logits; here it was given probabilities, "
                 "so softmax was taken twice."),
                (F.nll_loss(torch.softmax(O, 1), y), "NLLLoss takes log-probabilities; here it was given probabilities."),
                (F.nll_loss(O, y), "NLLLoss takes log-probabilities; here it was given logits."),
            ])


@task
def mean_gradient(answer, cases=((6, 4, 3), (1, 2, 2), (20, 5, 10)), seed=11):
    """The gradient of the mean loss, out of losses without reduction, for (samples, features, classes)."""
    for n, d, q in cases:
        X, y = randn(seed + n, n, d), randint(seed + q, q, n)
        W, b = randn(seed + d, d, q).requires_grad_(), randn(seed + 3, q).requires_grad_()
        F.cross_entropy(X @ W + b, y).backward()
        want = W.grad, b.grad
        compare("mean_gradient(X, y, W, b)", call(answer, X, y, W.detach(), b.detach()), want, close=1e-4,
                given=f"X of shape {(n, d)}, {q} classes", slips=[
            ((n * W.grad, n * b.grad), "this is the gradient of the sum: take the mean of the losses before backward()."),
            ((torch.zeros_like(W.grad), torch.zeros_like(b.grad)), "these are zeros: read the gradients after backward()."),
            ((W.grad, n * b.grad), "the gradient of b is that of the sum."),
        ])


def _read(answer, text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "products.csv")
        path.write_text(text, encoding="utf-8")
        X, y = answer(str(path))
        return X, y, str(X.dtype), str(y.dtype)


@task
def read_products(answer, cases=(5, 40), seed=21):
    """Features and labels of a table, against csv's reading of it, for numbers of rows."""
    for n in cases:
        text = draw_products(n, seed + n)
        rows = list(csv.reader(text.splitlines()))[1:]
        want_X = torch.tensor([[float(value) for value in row[1:-1]] for row in rows])
        want_y = torch.tensor([int(row[-1].removeprefix("Class_")) - 1 for row in rows])
        X, y, X_type, y_type = run(_read, answer, text)
        ids = torch.tensor([[float(row[0])] for row in rows])
        given = f"a table of {n} rows"
        compare("X", X, want_X, given=given, slips=[
            (torch.cat([ids, want_X], 1), "the column id is among the features: it says nothing about the product, and a "
             "network may learn it by heart."),
            (want_X[1:], "the first product is missing: the header is one line, not two."),
            (torch.cat([want_X[:, 1:], want_y[:, None].float()], 1), "the columns are shifted by one: the target must not "
             "be a feature."),
            (torch.log1p(want_X), "these are logarithms: return the counts as they are in the file."),
        ])
        compare("y", y, want_y, given=given, slips=[
            (want_y + 1, "labels run from 1 to 9: torch's losses count classes from 0."),
            (F.one_hot(want_y, CLASSES), "these are one-hot rows: return whole numbers."),
            (torch.unique(want_y, return_inverse=True)[1], "labels were numbered as they occur: Class_k is k - 1, also in a "
             "table that lacks a class."),
        ])
        demand(X_type == "torch.float32", f"X is {X_type}, and should be torch.float32, which nn.Linear takes.")
        demand(y_type == "torch.int64", f"y is {y_type}, and should be torch.int64, which CrossEntropyLoss takes.")


def _train(X, y, q, lr, epochs, how="right"):
    net = nn.Linear(X.shape[1], q)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    X = X if how == "counts" else torch.log1p(X)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs + (how == "one more")):
        loss = F.cross_entropy(net(X), y, reduction="sum" if how == "sum" else "mean")
        if how != "adds up":
            updater.zero_grad()
        loss.backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


@task
def train_products(answer, cases=((60, 0.5, 20), (30, 0.1, 3)), seed=31):
    """Weights after full-batch training from zeros on logarithms, for (products, rate, epochs)."""
    for n, lr, epochs in cases:
        rows = list(csv.reader(draw_products(n, seed + n).splitlines()))[1:]
        X = torch.tensor([[float(value) for value in row[1:-1]] for row in rows])
        y = torch.tensor([int(row[-1].removeprefix("Class_")) - 1 for row in rows])
        paths = {how: _train(X, y, CLASSES, lr, epochs, how) for how in ("right", "counts", "sum", "adds up", "one more")}
        compare("train_products(X, y, lr, epochs)", call(answer, X, y, lr, epochs), paths["right"], close=1e-3,
                given=f"{n} products, rate {lr}, {epochs} epochs", slips=[
            (paths["counts"], "trained on the counts themselves: take log1p of them first."),
            (paths["sum"], "trained on the sum of the losses: use their mean."),
            (paths["adds up"], "gradients add up from epoch to epoch: call zero_grad() before backward()."),
            (paths["one more"], "one epoch too many."),
            (tuple(torch.zeros_like(part) for part in paths["right"]), "nothing has moved: does the optimizer hold this "
             "layer's parameters, and is step() called?"),
            ((paths["right"][0].T, paths["right"][1]), "the weight is transposed: nn.Linear keeps it as (outputs, inputs)."),
        ])


@task
def class_weights(answer, cases=(((5, 3, 2),), ((1, 1, 1, 9),), ((40, 10),)), seed=41):
    """n / (classes * count), for counts of the classes."""
    for counts, in cases:
        y = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
        y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))]
        n, q, c = len(y), len(counts), torch.tensor(counts, dtype=torch.float32)
        compare("class_weights(y, num_classes)", call(answer, y, q), n / (q * c), close=1e-5, given=f"counts {counts}", slips=[
            (c / n, "these are the shares of the classes: a rare class needs a larger weight, not a smaller one."),
            (q * c / n, "upside down: a rare class needs a larger weight."),
            (1 / c, "proportional to the right weights, but not on the scale asked for: n / (num_classes * count)."),
            (n / c, "divide by the number of classes too, so that the mean weight of a sample is 1."),
            ((1 / c) / (1 / c).sum(), "proportional to the right weights, but these sum to 1; the mean weight of a sample "
             "should be 1."),
            (n / (q * c)[y], "one weight a sample: return one a class."),
        ])
