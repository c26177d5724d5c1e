"""Checks of the exercises to lesson 06, the multilayer perceptron."""
import torch

from exercises.checks import Case, Wrong, demand, examine, judge, randn, run, some, task
from exercises.checks.asking import unchanged, watched
from exercises.checks.networks import examine_network


@task
def parameter_count(answer, cases=((784, 256, 10), (3, 1), (784, 512, 256, 128, 64, 10), (2, 5, 5, 2), (1, 1), (4, 4),
        (4, 4, 4), (10_000, 3333, 7), (9, 8, 7, 6, 5, 4, 3, 2))):
    """Weights and biases, for lists of sizes."""
    def case(*sizes):
        weights = sum(a * b for a, b in zip(sizes, sizes[1:]))
        count = weights + sum(sizes[1:])
        return Case((list(sizes),), count, f"sizes {list(sizes)}", {
            "the biases are missing: a layer has one for each of its outputs.": weights,
            "the inputs have no biases: count those of the layers only.": weights + sum(sizes),
            "a bias belongs to an output: a layer from a to b has b of them, not a.": weights + sum(sizes[:-1]),
            "a layer has a bias for each output, not one for all.": weights + len(sizes) - 1,
            "the biases of the last layer are missing.": count - sizes[-1],
            "the last layer is missing.": count - sizes[-2] * sizes[-1] - sizes[-1],
            "only the last layer was counted.": sizes[-2] * sizes[-1] + sizes[-1],
            "only the first layer was counted.": sizes[0] * sizes[1] + sizes[1],
            "these are the units. A layer from a to b has a * b weights and b biases.": sum(sizes),
        })

    examine("parameter_count(sizes)", answer, [case(*sizes) for sizes in cases], close=1e-9)


def _layers(parameters, X, between=torch.relu, last=None, first=None):
    X = first(X) if first else X
    for i in range(0, len(parameters), 2):
        X = X @ parameters[i].T + parameters[i + 1]
        if i < len(parameters) - 2 and between:
            X = between(X)
    return last(X) if last else X


@task
def MLP(answer, cases=((4, 8, 3), (6, 5, 4, 2), (3, 2), (1, 3, 1), (4, 4, 4), (2, 5, 3, 6, 4, 7, 2)), seed=11):
    """Output, number of parameters and gradients, against plain matrix products, for lists of sizes."""
    for sizes in cases:
        roles = [shape for a, b in zip(sizes, sizes[1:]) for shape in ((b, a), (b,))]
        X = randn(seed, 7, sizes[0]) * torch.tensor([1.0, 1, 1, 1, 1, 10, 10])[:, None]
        examine_network(f"MLP({list(sizes)})", answer, (list(sizes),), seed + len(sizes), X, roles, _layers, {
            "no entry is negative: there is a ReLU after the last layer, and logits must be free.":
                lambda p, X: _layers(p, X, last=torch.relu),
            "there is no ReLU between the layers, so together they are one linear layer.":
                lambda p, X: _layers(p, X, between=None),
            "the activation is the sigmoid; the task asks for ReLU.": lambda p, X: _layers(p, X, between=torch.sigmoid),
            "the activation is tanh; the task asks for ReLU.": lambda p, X: _layers(p, X, between=torch.tanh),
            "the activation is a leaky ReLU; the task asks for ReLU.":
                lambda p, X: _layers(p, X, between=torch.nn.functional.leaky_relu),
            "these are probabilities: return logits, the loss takes the softmax.":
                lambda p, X: _layers(p, X, last=lambda X: torch.softmax(X, 1)),
            "these are log-probabilities: return logits.": lambda p, X: _layers(p, X, last=lambda X: torch.log_softmax(X, 1)),
            "there is a ReLU before the first layer, which cuts off the negative inputs.":
                lambda p, X: _layers(p, X, first=torch.relu),
            "there is a sigmoid after the last layer: return logits.": lambda p, X: _layers(p, X, last=torch.sigmoid),
        }, f"sizes {list(sizes)}")


def _stop(losses, patience, strict=True, slack=0, reset=True, before=False, falls=False):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        other = losses[epoch - 1] if before else losses[best]
        if losses[epoch] < other or not strict and losses[epoch] <= other:
            best, waited = epoch, 0 if reset else waited
        else:
            waited = 0 if falls and losses[epoch] < losses[epoch - 1] else waited + 1
        if waited >= patience + slack:
            return best, epoch
    return best, len(losses) - 1


@task
def early_stopping(answer, cases=(
        ([1.0, 0.8, 0.7, 0.75, 0.72, 0.71, 0.6], 3), ([1.0, 0.9, 0.8], 2), ([0.5, 0.6, 0.7, 0.8], 2),
        ([1.0, 0.9, 0.95, 0.8, 0.85, 0.81, 0.7, 0.9], 2),
        ([0.5, 0.6, 0.7, 0.1], 2), ([0.9, 0.9, 0.9, 0.1], 2), ([1.0, 0.5, 0.6], 3), ([1.0, 0.5, 0.6, 0.55, 0.52], 5),
        ([50.0, 30.0, 40.0, 20.0, 60.0, 70.0], 2), ([2e6, 1e6], 1), ([0.2, 0.3, 0.1], 1), ([1.0, 0.0, 0.5, 0.4], 2),
        ([0.0, -1.0, 0.5, 0.6], 2),
        ([3.0], 1), ([0.2, 0.3], 1), ([1.0, 2.0, 1.5, 1.2, 0.9, 3.0, 2.0, 1.0], 4), ([-1.0, -2.0, -1.5, -1.8], 2),
        ([0.4, 0.3, 0.3, 0.2, 0.25], 2), ([1.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95], 2), ([0.5, 0.49999, 0.49998, 0.49997], 2), ([0.5, 0.5 - 2 ** -24, 0.5 - 2 ** -23], 1),
        ([1.0, *[2.0] * 6, 0.9, *[1.5] * 9], 8), ([1.0, 0.5, 0.8, 0.7, 0.9, 0.95, 0.3], 2))):
    """(best epoch, last epoch) for (validation losses, patience)."""
    def case(losses, patience):
        best, last = _stop(losses, patience)
        stopped = last - best == patience
        return Case((list(losses), patience), (best, last), f"losses {losses}, patience {patience}", {
            "epochs are counted from 0.": (best + 1, last + 1),
            "the two are swapped: first the best epoch, then the last one.": (last, best),
            "after training has stopped the later losses are never seen: the best epoch is the best of those before.":
                (int(torch.tensor(losses).argmin()), last),
            "a loss that equals the best is no new best.": _stop(losses, patience, strict=False),
            "of equal losses the first one is the best.": (max(i for i in range(last + 1) if losses[i] == losses[best]), last),
            "one epoch too many: stop as soon as `patience` epochs in a row have brought no new best.":
                _stop(losses, patience, slack=1),
            "one epoch too early: wait for `patience` epochs without a new best.":
                _stop(losses, patience, slack=-1) if patience > 1 else (best, last),
            "one epoch too early, and in epoch 0 if patience is 1: wait for `patience` epochs without a new best.":
                _stop(losses, patience, slack=-1) if patience > 1 else (0, 0),
            "the epoch in which patience runs out is run too: it is the last one.": (best, last - stopped),
            "a new best loss starts the count anew.": _stop(losses, patience, reset=False),
            "a loss that is only below that of the epoch before doesn't start the count anew: a new best does.":
                _stop(losses, patience, falls=True),
            "compared with the loss of the epoch before: compare with the best so far.": _stop(losses, patience, before=True),
            "the first is the lowest loss itself: return its epoch.": (losses[best], last),
            "the last epoch run is meant, not the number of epochs.": (best, last + 1),
            "where no stop occurs, too, the last epoch run is meant, not the number of epochs.": (best, last + (not stopped)),
            "the last epoch run is best + patience only where training stops: it may end before.": (best, best + patience),
            "the last epoch run is that in which patience runs out, where it does.": (best, len(losses) - 1),
            "training went on to the end: stop when patience has run out.": (int(torch.tensor(losses).argmin()), len(losses) - 1),
            "the last number of the list was left out: where no stop comes before it, it counts too.": _stop(losses[:-1], patience),
        })

    examine("early_stopping(losses, patience)", answer, [case(*given) for given in cases], close=1e-9, layouts=())


@task
def dropout(answer, cases=((5, 4, 0.5), (3, 6, 0.2), (4, 4, 0.75), (2, 3, 0.0), (1, 1, 0.3), (1, 5, 0.9), (6, 6, 0.02)), seed=31):
    """Inverted dropout from given uniform numbers, some of them exactly p, for (rows, columns, p), in training and in evaluation."""
    def case(n, d, p, training):
        X, U = randn(seed + n, n, d), torch.rand(n, d, generator=torch.Generator().manual_seed(seed + d))
        if p in (0, 0.25, 0.5, 0.75):  # exact in binary, whatever the type of numbers
            U[0, 0] = p  # not below p, so it is kept
        if d > 1:
            U[0, 1] = 0.5 * p
        kept = U >= p
        dropped = kept * X / (1 - p)
        slips = {
            "the kept entries are not scaled: divide by 1 - p, so that the mean stays the same.": kept * X,
            "kept and dropped are swapped: an entry is dropped where U < p.": ~kept * X / (1 - p),
            "p is the share that is dropped, not kept.": ~kept * X / (p or 1),
            "multiplied by 1 - p; divide, to make up for the dropped entries.": kept * X * (1 - p),
            "divide by the share that is kept, 1 - p.": kept * X / p if p else None,
            "an entry whose number equals p is kept: it is dropped only where U is below p.": (U > p) * X / (1 - p),
            "an entry whose number equals p is kept where p isn't 0, too: it is dropped only where U is below p.":
                (U > p) * X / (1 - p) if p else X,
            "nothing was dropped in training.": X,
            "divided by the share that happens to be kept: divide by 1 - p.": kept * X / kept.float().mean() if kept.any() else None,
        } if training else {
            "it drops in evaluation too: there the input passes unchanged.": dropped,
            "inverted dropout scales in training; in evaluation the input passes unchanged.": X * (1 - p),
            "the input was scaled in evaluation; there it passes unchanged.": X / (1 - p),
        }
        return Case((X, p, U, training), dropped if training else X, f"p = {p}, X of shape {(n, d)}", slips)

    for training in (True, False):
        examine(f"dropout(X, p, U, training={training})", answer, [case(*sizes, training) for sizes in cases],
                without={**dict.fromkeys(("rand", "rand_like", "bernoulli", "bernoulli_"), "but the random numbers are given here: use U."),
                         **dict.fromkeys(("native_dropout", "dropout"), "which is what you are to write yourself here.")})


@task
def normalize(answer, cases=((20, 5, 4, 4, 1.0), (50, 1, 3, 3, 1.0), (3, 8, 2, 5, 1.0), (2, 2, 1, 1, 1.0), (6, 6, 2, 2, 0.001),
        (4, 2, 3, 3, 100.0)), seed=41):
    """Both sets with the training set's one mean and deviation, for (training images, test images, height, width, scale)."""
    def case(n, m, h, w=None, scale=1.0):
        w = w or h
        train = scale * (3 + 2 * randn(seed + n, n, h, w))
        train[-1] = train[0] + 2 * scale  # two pixels that are almost alike would be divided by almost nothing
        test = scale * (5 + randn(seed + m, m, h, w))
        test[0, 0, 0] = 50 * scale  # far off, and so is the result
        mean, std = train.mean(), train.std(correction=0)
        own = (test - test.mean()) / test.std(correction=0)
        each = tuple((part - part.mean((1, 2), keepdim=True)) / part.std((1, 2), correction=0, keepdim=True) for part in (train, test))
        both = torch.cat([train, test])

        def scaled(mean, std):
            return (train - mean) / std, (test - mean) / std

        right = scaled(mean, std)
        return Case((train, test), right, f"{n} training and {some(m, 'test image')} of {h} x {w}" + f", pixels of scale {scale:g}" * (scale != 1), {
            "the test set got its own mean and deviation: a network must see test images through the training set's.":
                (right[0], own),
            "mean and deviation were taken over both sets: test images must not flow into what training uses.":
                scaled(both.mean(), both.std(correction=0)),
            "each pixel got its own mean: take one over all pixels of all images.":
                scaled(train.mean(0), train.std(0, correction=0)),
            "each image got its own mean: take one over all training images.": each,
            "divide by the standard deviation, not by the variance.": scaled(mean, std ** 2),
            "divide by the standard deviation as well.": scaled(mean, 1),
            "subtract the mean as well.": scaled(0, std),
            "divide by n, not by n - 1, under the root: `std(correction=0)`. PyTorch's `std()` divides by n - 1.":
                scaled(mean, train.std()),
            "the two sets are swapped.": right[::-1],
            "scaled to lie between 0 and 1: mean 0 and deviation 1 are asked for.":
                scaled(train.min(), train.max() - train.min()),
            "the test set's mean and deviation were used for both.": scaled(test.mean(), test.std(correction=0)),
            "test is as it was: it was not scaled, or by mean and deviation of a train that was scaled before, 0 and 1. Take both from train as it "
            "is given.": (right[0], test),
            "the test set got its own mean and deviation, and of both sets the deviation is `std()`, which divides by n - 1: use those of train, "
            "with `std(correction=0)`.": ((train - mean) / train.std(), (test - test.mean()) / (test.std() if test.numel() > 1 else 1)),
            "the test set was shifted by its own mean: it takes mean and deviation of train, both.": (right[0], (test - test.mean()) / std),
            "the test set was divided by its own deviation: it takes mean and deviation of train, both.":
                (right[0], (test - mean) / test.std(correction=0)),
            "`train - mean / std` divides only the mean: put train - mean in brackets.": (train - mean / std, test - mean / std),
        })

    examine("normalize(train, test)", answer, [case(*sizes) for sizes in cases], close=1e-4)


def probe_average(answer, losses, sizes, w):
    """The result for losses that hang on a graph, and whether it still does; fails where a list was changed."""
    w = w.clone().requires_grad_()
    losses = [(w * loss).sum() for loss in losses]
    with unchanged(("its first argument", losses), ("its second argument", sizes)), watched(counted=False):
        result = answer(losses, sizes)
    try:
        torch.autograd.grad(sum(losses), w)
    except RuntimeError:  # a graph can be walked once
        raise Wrong("walks the losses' graphs backward, and whoever called it can't any more: take their numbers only.") from None
    if w.grad is not None:
        raise Wrong("calls backward(), which adds to the gradients of the network: take the losses' numbers only.")
    if result is None:
        raise Wrong("returns None: is there a `return`?")
    return result, isinstance(result, torch.Tensor) and result.requires_grad


@task
def epoch_loss(answer, cases=((3, 64, 10), (5, 32, 32), (1, 8, 8), (4, 2, 1), (2, 1, 1), (300, 7, 2)), seed=51):
    """The mean loss per example over an epoch, free of its graph, for (batches, size, size of the last one)."""
    judged, graphs = [], []
    for k, size, last in cases:
        losses, sizes = randn(seed + k, k).abs() + 0.1, [size] * (k - 1) + [last]
        if k > 3:
            sizes[0] = size + 3  # the first batch may differ as well
            losses[1] = losses[0]
        weights = torch.tensor(sizes)
        value, holds_graph = run(probe_average, answer, list(losses), sizes, torch.ones(1))
        graphs.append(holds_graph)
        total, count = (losses * weights).sum(), weights.sum()
        judged.append(Case((), total / count, f"batches of {sizes if k < 10 else f'{size} and {last}'}", {
            "every batch counts the same here; weigh each mean loss by the size of its batch.": losses.mean(),
            "divide by the number of examples.": total,
            "these are the means added up: weigh them by their batch sizes and divide by all examples.": losses.sum(),
            "a batch may be short: add up the sizes.": total / (k * sizes[0]),
            "divided by the number of batches: divide by the number of examples.": total / k,
            "the means were added up and divided by the number of examples: weigh each by its batch's size.": losses.sum() / count,
            "this is the last batch's loss.": losses[-1],
        }, got=value))
    judge("epoch_loss(losses, sizes)", judged, shape="return a float")
    demand(not any(graphs), "epoch_loss: the number is right, but it still asks for gradients, and a graph behind it keeps every batch in "
           "memory. Add up `loss.item()`.")
