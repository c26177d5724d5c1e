"""Checks of the exercises to lesson 05, softmax regression with PyTorch's parts."""
import csv
import functools
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from exercises.checks import Case, Wrong, demand, examine, judge, parts, randint, randn, run, some, task
from exercises.checks.asking import unchanged, watched
from exercises.checks.crossing import kind_of
from exercises.checks.judging import alike, same

FEATURES, CLASSES = 93, 9


def draw_products(n, seed):
    """Return a table of n products as CSV text: id, feat_1 ... feat_93, target, in the contest's column format.

    Counts are Poisson draws from a profile of each class, most of them 0; the target is Class_1 ... Class_9. The profiles are
    always the same, the rows depend on the seed.
    """
    rates = torch.exp(randn(92, FEATURES) + 0.5 * randn(93, CLASSES, FEATURES) - 1.5)
    y = randint(seed, CLASSES, n)
    counts = torch.poisson(rates[y], generator=torch.Generator().manual_seed(seed)).int()
    lines = [",".join(["id", *(f"feat_{j}" for j in range(1, FEATURES + 1)), "target"])]
    lines += [",".join([str(i), *map(str, row.tolist()), f"Class_{label + 1}"])
              for i, (row, label) in enumerate(zip(counts, y.tolist()), 1)]
    return "\n".join(lines) + "\n"


def _as_tensors(text):
    """X (n, 93) and y (n,) of a table, read in the plainest way."""
    rows = list(csv.reader(text.splitlines()))[1:]
    return (torch.tensor([[float(value) for value in row[1:-1]] for row in rows]),
            torch.tensor([int(row[-1].removeprefix("Class_")) - 1 for row in rows]))


class _Reuse(TorchFunctionMode):
    """Notice whether anything but nll_loss takes what log_softmax has returned."""

    def __init__(self):
        super().__init__()
        self.returned, self.reused = [], False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        self.reused |= name != "nll_loss" and any(arg is made for arg in args for made in self.returned)
        result = func(*args, **(kwargs or {}))
        if name == "log_softmax":
            self.returned.append(result)
        return result


def probe_ways(answer, O, y):
    """The three losses, and how often each of PyTorch's functions was called for them."""
    with unchanged(("its first argument", O), ("its second argument", y)), watched() as seen, _Reuse() as log_softmax:
        losses = parts(answer(O, y), ("by hand", "LogSoftmax and NLLLoss", "CrossEntropyLoss"))
    return list(losses), {**seen.counts, "reused": int(log_softmax.reused), "operators": seen.operators["_log_softmax"]}


@task
def three_ways(answer, cases=((5, 4, 1.0), (1, 3, 1.0), (64, 10, 1.0), (4, 4, 1.0), (3, 1, 1.0), (5, 3, 100.0), (6, 3, 1000.0)), seed=1):
    """The mean cross-entropy, three times, against torch's, for (rows, classes, scale); by hand it may overflow at scale 100, and even fail at 1000."""
    drawn = []
    for n, q, scale in cases:
        O, y = scale * randn(seed + n, n, q), randint(seed + q, q, n)
        if scale > 80:
            y[0] = O[0].argmin()
        drawn.append((O, y, f"logits of shape {(n, q)}, scale {scale:g}", scale))
    drawn.append((torch.tensor([[0.2, 0.1, -0.1]]), torch.tensor([0]), "logits (0.2, 0.1, -0.1), label 0", 1.0))
    drawn.append((torch.tensor([[0.0, 20.0]]), torch.tensor([0]), "logits (0, 20), label 0", 1.0))
    asked = []
    for O, y, given, scale in drawn:
        try:
            asked.append((O, y, given, scale, *run(probe_ways, answer, O, y)))
        except Wrong as error:
            if scale < 1000 or "raised OverflowError" not in str(error):  # that of Python's own exp, by hand
                raise
    for way, name in enumerate(("by hand", "with LogSoftmax and NLLLoss", "with CrossEntropyLoss")):
        judged = []
        for O, y, given, scale, losses, _ in asked:
            if way == 0 and scale > 80:
                continue
            each, P = F.cross_entropy(O, y, reduction="none"), torch.softmax(O, 1)
            judged.append(Case((O, y), each.mean(), given, {
                "the sign is wrong: a loss is the negative of the log-probability.": -each.mean(),
                "this is the sum: return the mean.": each.sum(),
                "one loss per example: return the mean.": each,
                "the mean was taken over all entries: over the examples only.": each.sum() / O.numel(),
                "CrossEntropyLoss takes logits; here it was given probabilities, so softmax was taken twice.":
                    F.cross_entropy(P, y),
                "NLLLoss takes log-probabilities; here it was given probabilities.": F.nll_loss(P, y),
                "NLLLoss takes log-probabilities; here it was given logits.": F.nll_loss(O, y),
                "the softmax was taken over the batch (dim=0): take it over the classes, dim=1.":
                    F.nll_loss(F.log_softmax(O, 0), y),
                "log of a probability that underflowed to 0: nn.LogSoftmax takes both in one step.": F.nll_loss(P.log(), y),
                "`[:, y]` takes every label in every row: pair rows with labels, `[range(len(O)), y]`.": -P.log()[:, y].mean(),
                "something small was added before the logarithm was taken, or a clamp cuts it off: a small probability has a large loss.":
                    lambda got, loss=each.mean(): alike(got, loss) and (loss / 3 < got < 0.99 * loss if loss > 10 else same(got, loss, 1e-2) and None),
            }, got=losses[way]))
        judge(f"the loss {name}", judged, shape="return one number")
    for *_, counts in asked:
        def times(*names, counts=counts):
            return sum(counts.get(name, 0) for name in names)

        demand(times("log_softmax") and times("nll_loss"), "three_ways: the second loss is to come from nn.LogSoftmax and nn.NLLLoss.")
        demand(times("cross_entropy"), "three_ways: the third loss is to come from nn.CrossEntropyLoss.")
        demand(times("nll_loss") <= 1 and not times("softmax", "reused") and times("operators") <= 2,  # one each for the second and the third
               "three_ways: the numbers are right, but PyTorch's softmax or loss functions stand behind more than the second and the third "
               "of them. The first is to be written by hand, with exp, log and indexing.")


@task
def mean_gradient(answer, cases=((6, 4, 3), (20, 5, 10), (3, 3, 3), (1, 2, 2), (4, 1, 2)), seed=11):
    """The gradient of the mean loss, out of losses without reduction, for (examples, features, classes)."""
    def case(n, d, q, scale=1.0):
        X, y = scale * randn(seed + n, n, d), randint(seed + q, q, n)
        W, b = randn(seed + d, d, q), randn(seed + 3, q)
        if scale > 80:  # few digits, so that float32 computes the logits without an error, which the softmax of large ones would show
            X, W, b = X.round(), (8 * W).round() / 8, (8 * b).round() / 8
        y[0] = (X @ W + b)[0].argmin()  # where all gradients are tiny, float32 leaves few of their digits
        W.requires_grad_(), b.requires_grad_()
        F.cross_entropy(X @ W + b, y).backward()
        grad_W, grad_b = W.grad, b.grad
        W, b = W.detach(), b.detach()
        R = torch.softmax(X @ W, 1) - F.one_hot(y, q)
        unbiased = X.T @ R / n
        twice = torch.autograd.functional.jacobian(lambda W, b: F.cross_entropy(torch.softmax(X @ W + b, 1), y), (W, b))
        return Case((X, y, W, b), (grad_W, grad_b), f"X of shape {(n, d)}, {q} classes" + f", features of scale {scale:g}" * (scale != 1), {
            "this is the gradient of the sum: take the mean of the losses before backward().": (n * grad_W, n * grad_b),
            "these are zeros: read the gradients after backward(), and before a zero_grad().": (torch.zeros_like(W), torch.zeros_like(b)),
            "the gradient of b is that of the sum.": (grad_W, n * grad_b),
            "divided by the number of examples twice.": (grad_W / n, grad_b / n),
            "the bias is missing in the model: X @ W + b.": (unbiased, R.mean(0)),
            "the bias is missing in the model, so its gradient is None: X @ W + b.": (unbiased, None),
            "the bias has no part in the model's output, so its gradient is 0: X @ W + b.": (unbiased, torch.zeros_like(b)),
            "the sign is turned.": (-grad_W, -grad_b),
            "the two are swapped: first that of W.": (grad_b, grad_W),
            "the gradient of W is transposed: it has W's shape, (d, q).": (grad_W.T, grad_b),
            "divided by the number of classes too: the mean is over the examples.": (grad_W / q, grad_b / q),
            "the loss takes logits; here a softmax stands before it.": twice,
        })

    examine("mean_gradient(X, y, W, b)", answer, [case(*sizes) for sizes in cases] + [case(*cases[0], scale=1000.0)], autograd=1,
            leaves=True, no_graph=True)


def probe_read(answer, text):
    """Features and labels that the answer reads from a file with that text, and their types; fails where it changes the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "products.csv")
        path.write_bytes(text.encode())
        X, y = parts(answer(str(path)), ("X", "y"))
        if path.read_bytes() != text.encode():
            raise Wrong("changes the file that it reads.")
    for name, value in (("X", X), ("y", y)):
        if not isinstance(value, torch.Tensor | np.ndarray):
            raise Wrong(f"returns {name} as {kind_of(value)}: make it a tensor.")
    return X, y, str(X.dtype).removeprefix("torch."), str(y.dtype).removeprefix("torch.")


@task
def read_products(answer, cases=(40, 5, 1), seed=21):
    """Features and labels of a table, against csv's reading of it, for numbers of rows; then odd but legal tables."""
    tables = [(draw_products(n, seed + n), f"a table of {some(n, 'row')}") for n in cases]
    text = draw_products(7, seed)
    large = text.splitlines()
    large[2] = ",".join(["2", "70000", "300", "1000000", *large[2].split(",")[4:]])
    tables += [(text.rstrip("\n"), "a table whose last line does not end with a line break"),
               ("\n".join(large) + "\n", "a table with counts of 300, 70,000 and 1,000,000"),
               (text.replace("\n", "\r\n"), "a table with Windows line ends"),
               ("\n".join([large[0], "7" + large[1][1:], ",".join(["3", *["0"] * 93, "Class_2"]), "5" + large[1][1:]]) + "\n",
                "three rows: ids 7, 3 and 5, the second all zeros, the third like the first"),
               ("\n".join([text.splitlines()[0], *("9" + line for line in text.splitlines()[1:])]) + "\n", "a table whose ids begin at 91"),
               ("\n".join([*text.splitlines()[:2], text.splitlines()[2].rpartition(",")[0] + ",Class_9"]) + "\n", "two rows, the last one Class_9")]
    judged_X, judged_y, types = [], [], []
    for text, given in tables:
        want_X, want_y = _as_tensors(text)
        try:
            X, y, *kinds = run(probe_read, answer, text)
        except Wrong as error:
            if type(error) is not Wrong:  # a stub, say
                raise
            raise Wrong(f"{error} ({given})") from None
        ids = torch.tensor([[float(line.split(",")[0])] for line in text.splitlines()[1:]])
        labels = want_y.tolist()
        seen = list(dict.fromkeys(labels))
        types.append(kinds)

        def left(rows, X=X):
            """What is left of a table; of one without rows an answer may make anything."""
            return rows if len(rows) else X

        judged_X.append(Case((), want_X, given, {
            "the column id is among the features: it says nothing about the product, and a network may learn it by heart.":
                torch.cat([ids, want_X], 1),
            "the columns are shifted by one: the id must not be a feature, and the last count must.":
                torch.cat([ids, want_X[:, :-1]], 1),
            "the first product is missing: the header is one line, not two.": left(want_X[1:]),
            "the last product is missing.": left(want_X[:-1]),
            "the last product is missing where no line break ends its line.": want_X if text.endswith("\n") else want_X[:-1],
            "the last column of counts is missing.": want_X[:, :-1],
            "the first column of counts is missing.": want_X[:, 1:],
            "the columns are shifted by one: the target must not be a feature.":
                torch.cat([want_X[:, 1:], want_y[:, None].float()], 1),
            "the target is among the features.": torch.cat([want_X, want_y[:, None].float()], 1),
            "these are logarithms: return the counts as they are in the file.": torch.log1p(want_X),
            "rows and columns are swapped: a row for each product.": want_X.T,
        }, got=X))
        judged_y.append(Case((), want_y, given, {
            "labels run from 1 to 9: torch's losses count classes from 0.": want_y + 1,
            "these are one-hot rows: return whole numbers.": F.one_hot(want_y, CLASSES),
            "the classes that occur were numbered without a gap: Class_k is k - 1, also in a table that lacks a class.":
                torch.unique(want_y, return_inverse=True)[1],
            "the classes were numbered in the order in which they first occur: Class_k is k - 1, whatever comes first.":
                torch.tensor([seen.index(label) for label in labels]),
            "the first product is missing: the header is one line, not two.": want_y[1:],
        }, got=y))
    judge("X", judged_X, close=1e-7)
    judge("y", judged_y, close=1e-9, shape="return shape (n,)")
    for X_type, y_type in types:
        demand(X_type == "float32", f"X is {X_type}, and should be float32, which nn.Linear takes.")
        demand(y_type == "int64", f"y is {y_type}, and should be int64, which CrossEntropyLoss takes.")


def _train(X, y, lr, epochs, how="right"):
    net = nn.Linear(X.shape[1], int(y.max()) + 1 if how == "labels" else CLASSES)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    X = X if how == "counts" else torch.log1p(X)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs + {"one more": 1, "one less": -1}.get(how, 0)):
        out = torch.softmax(net(X), 1) if how == "softmax twice" else net(X)
        loss = F.cross_entropy(out, y, reduction="sum" if how == "sum" else "mean")
        if how != "adds up":
            updater.zero_grad()
        loss.backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


@functools.lru_cache(maxsize=32)  # the same for every answer that is asked
def _trained(n, seed, times, lr, epochs):
    """X, y, and {how: (W, b)} of a training on n drawn products, right and with each slip; sorted by class where each stands there several times."""
    X, y = _as_tensors(draw_products(n, seed))
    if times > 1:
        order = y.argsort().repeat_interleave(times)
        X, y = X[order], y[order]
    return X, y, {how: _train(X, y, lr, epochs, how) for how in ("right", "counts", "sum", "adds up", "one more", "one less", "softmax twice", "labels")}


@task
def train_products(answer, cases=((60, 0.5, 20), (30, 0.1, 3), (600, 0.5, 4), (1, 0.5, 2), (10, 0.5, 0)), seed=31):
    """Weights after full-batch training from zeros on logarithms, for (products, rate, epochs); a single one lacks most classes."""
    def case(n, lr, epochs, times=1):
        X, y, after = _trained(n, seed + n, times, lr, epochs)
        W, b = after["right"]
        given = f"{n * times:,} products, sorted by class" if times > 1 else \
            f"{some(n, 'product')}, rate {lr}, {some(epochs, 'epoch')}"
        return Case((X, y, lr, epochs), (W, b), given, {
            "trained on the counts themselves: take log1p of them first.": after["counts"],
            "trained on the sum of the losses: use their mean.": after["sum"],
            "gradients add up from epoch to epoch: each step takes its own alone. (backward() adds to .grad: call zero_grad() before it.)":
                after["adds up"],
            "one epoch too many.": after["one more"],
            "one epoch too few.": after["one less"],
            "CrossEntropyLoss takes logits; here a softmax stands before it.": after["softmax twice"],
            "nothing has moved: does the optimizer hold this layer's parameters, is step() called, and no zero_grad() between backward() and it?":
                (torch.zeros_like(W), torch.zeros_like(b)),
            "the weight is transposed: nn.Linear keeps it as (outputs, inputs).": (W.T, b),
            "the two are swapped: first the weight.": (b, W),
            "there is a row for each class of the contest, 9, also in a table that lacks the last classes.": after["labels"],
            "after 0 epochs weight and bias should be zeros: with these every call begins. (nn.Linear draws other numbers: set them to 0.)":
                lambda got: alike(got, (W, b)) and (None if epochs else True),
        })

    examine("train_products(X, y, lr, epochs)", answer, [case(*sizes) for sizes in cases] +
            [case(300, 0.5, 2, times=7)], close=1e-4, no_graph=True, layouts=("spread",))


@task
def class_weights(answer, cases=(((5, 3, 2),), ((1, 1, 1, 9),), ((40, 10),), ((3,),), ((1, 99),), ((2, 300),)), seed=41):
    """n / (classes * count), for counts of the classes."""
    def case(counts):
        y = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
        y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))]
        n, q, c = len(y), len(counts), torch.tensor(counts)
        weights = n / (q * c)
        return Case((y, q), weights, f"counts {counts}", {
            "these are the shares of the classes: a rare class needs a larger weight, not a smaller one.": c / n,
            "upside down: a rare class needs a larger weight.": q * c / n,
            "divide by the number of classes too, so that the mean weight of an example is 1.": n / c,
            "proportional to the right weights, but these sum to 1; the mean weight of an example should be 1.":
                (1 / c) / (1 / c).sum(),
            "proportional to the right weights, but the mean weight of a class is 1 here; that of an example should be.":
                q * (1 / c) / (1 / c).sum(),
            "one weight per example: return one per class.": (n / (q * c))[y],
            "these are the counts: a rare class needs a larger weight.": c,
            "the classes stand in the order in which the labels first name them (as in a Counter): that of class 0 comes first.":
                n / (q * c[list(dict.fromkeys(y.tolist()))]),
            "1 was added to each count: every class occurs, so none is divided by 0.": n / (q * (c + 1)),
            "`n / num_classes * count` multiplies by the count: put num_classes * count in brackets.": n / q * c,
            "proportional to the right weights, but not on the scale asked for: n / (num_classes * count).":
                lambda got: alike(got, weights) and same(got / got.sum(), weights / weights.sum(), 1e-4),
        })

    examine("class_weights(y, num_classes)", answer, [case(*counts) for counts in cases])
