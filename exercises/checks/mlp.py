"""Checks of the exercises to lesson 06, the multilayer perceptron."""
import torch
from torch import nn

from exercises.checks import call, compare, demand, network_with, randn, run, task


@task
def parameter_count(answer, cases=((784, 256, 10), (3, 1), (784, 512, 256, 128, 64, 10), (2, 5, 5, 2))):
    """Against a network that is built and counted, for lists of sizes."""
    for sizes in cases:
        layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
        count = sum(p.numel() for layer in layers for p in layer.parameters())
        weights = sum(layer.weight.numel() for layer in layers)
        compare("parameter_count(sizes)", call(answer, list(sizes)), count, close=1e-9, given=f"sizes {list(sizes)}", slips=[
            (weights, "the biases are missing: a layer has one for each of its outputs."),
            (weights + sum(sizes), "the inputs have no biases: count those of the layers only."),
            (weights + sum(sizes[:-1]), "a bias belongs to an output: a layer from a to b has b of them, not a."),
            (weights + len(layers), "a layer has a bias for each output, not one for all."),
            (sum(sizes), "these are the units. A layer from a to b has a * b weights and b biases."),
        ])


def _forward(answer, sizes, values, X):
    return network_with(answer(sizes), values, X)


def _reference(sizes, seed):
    torch_layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        torch_layers += [nn.Linear(a, b)] + [nn.ReLU()] * (i < len(sizes) - 2)
    net = nn.Sequential(*torch_layers)
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(randn(seed + i, *p.shape))
    return net


@task
def MLP(answer, cases=((4, 8, 3), (6, 5, 4, 2), (3, 2)), seed=11):
    """Output and parameters against nn.Sequential with the same weights, for lists of sizes."""
    for sizes in cases:
        net = _reference(sizes, seed + len(sizes))
        values, X = [p.detach() for p in net.parameters()], randn(seed, 7, sizes[0])
        shapes, out = run(_forward, answer, list(sizes), values, X)
        want = [list(value.shape) for value in values]
        given = f"sizes {list(sizes)}"
        demand(shapes or not want, "MLP has no parameters that an optimizer would find: a plain Python list hides its "
               f"layers. Use nn.Sequential or nn.ModuleList. ({given})")
        demand(len(shapes) == len(want), f"MLP has {len(shapes)} parameters, and should have {len(want)}: a weight and a "
               f"bias for each of {len(sizes) - 1} layers. ({given})")
        demand(shapes == want, f"MLP's parameters have the shapes {shapes}, and should have {want}. ({given})")

        def linear(X, relu_last=False, relu=True, other=None):
            for i in range(0, len(values), 2):
                X = X @ values[i].T + values[i + 1]
                if relu and (relu_last or i < len(values) - 2):
                    X = (other or torch.relu)(X)
            return X

        compare("MLP(sizes)(X)", out, net(X).detach(), close=1e-3, given=given, slips=[
            (linear(X, relu_last=True), "no entry is negative: there is a ReLU after the last layer, and logits must be free."),
            (linear(X, relu=False), "there is no ReLU between the layers, so together they are one linear layer."),
            (linear(X, other=torch.sigmoid), "the activation is the sigmoid; the task asks for ReLU."),
            (linear(X, other=torch.tanh), "the activation is tanh; the task asks for ReLU."),
            (torch.softmax(linear(X), 1), "these are probabilities: return logits, the loss takes the softmax."),
        ])


def _stop(losses, patience, strict=True, slack=0, reset=True):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best] or not strict and losses[epoch] <= losses[best]:
            best, waited = epoch, 0 if reset else waited
        else:
            waited += 1
        if waited >= patience + slack:
            return best, epoch
    return best, len(losses) - 1


@task
def early_stopping(answer, cases=(
        ([1.0, 0.8, 0.7, 0.75, 0.72, 0.71, 0.6], 3), ([1.0, 0.9, 0.8], 2), ([0.5, 0.6, 0.7, 0.8], 2),
        ([1.0, 0.9, 0.95, 0.8, 0.85, 0.81, 0.7, 0.9], 2), ([0.9, 0.9, 0.9, 0.1], 2))):
    """(best epoch, last epoch) for (validation losses, patience)."""
    for losses, patience in cases:
        want = _stop(losses, patience)
        compare("early_stopping(losses, patience)", call(answer, list(losses), patience), want, close=1e-9,
                given=f"losses {losses}, patience {patience}", slips=[
            ((want[0] + 1, want[1] + 1), "epochs are counted from 0."),
            ((want[1], want[0]), "the two are swapped: first the best epoch, then the last one."),
            ((int(torch.tensor(losses).argmin()), want[1]), "after training has stopped the later losses are never seen: "
             "the best epoch is the best of those before."),
            (_stop(losses, patience, strict=False), "a loss that equals the best is no new best."),
            (_stop(losses, patience, slack=1), "one epoch too many: stop as soon as `patience` epochs in a row have "
             "brought no new best."),
            (_stop(losses, patience, slack=-1), "one epoch too early: wait for `patience` epochs without a new best."),
            (_stop(losses, patience, reset=False), "a new best loss starts the count anew."),
        ])


@task
def dropout(answer, cases=((5, 4, 0.5), (3, 6, 0.2), (2, 3, 0.0)), seed=31):
    """Inverted dropout from given uniform numbers, for (rows, columns, p), in training and in evaluation."""
    for n, d, p in cases:
        X, U = randn(seed + n, n, d), torch.rand(n, d, generator=torch.Generator().manual_seed(seed + d))
        kept, want = U >= p, (U >= p) * X / (1 - p)
        compare("dropout(X, p, U, training=True)", call(answer, X, p, U, True, without=("native_dropout", "bernoulli_")),
                want, given=f"p = {p}", slips=[
            (kept * X, "the kept entries are not scaled: divide by 1 - p, so that the mean stays the same."),
            (~kept * X / (1 - p), "kept and dropped are swapped: an entry is dropped where U < p."),
            (~kept * X / max(p, 1e-9), "p is the share that is dropped, not kept."),
            (kept * X * (1 - p), "multiplied by 1 - p; divide, to make up for the dropped entries."),
            (kept * X / max(p, 1e-9), "divide by the share that is kept, 1 - p."),
            (X, "nothing was dropped in training."),
        ])
        compare("dropout(X, p, U, training=False)", call(answer, X, p, U, False), X, given=f"p = {p}", slips=[
            (want, "it drops in evaluation too: there the input passes unchanged."),
            (X * (1 - p), "inverted dropout scales in training; in evaluation the input passes unchanged."),
            (X / (1 - p), "inverted dropout scales in training; in evaluation the input passes unchanged."),
        ])


@task
def normalize(answer, cases=((20, 5, 4), (50, 1, 3), (8, 8, 2)), seed=41):
    """Both sets with the training set's one mean and deviation, for (training images, test images, side)."""
    for n, m, side in cases:
        train = 3 + 2 * randn(seed + n, n, side, side)
        test = 5 + randn(seed + m, m, side, side)
        mean, std = train.mean(), train.std(correction=0)
        want = ((train - mean) / std, (test - mean) / std)
        own = (test - test.mean()) / test.std(correction=0)
        both = torch.cat([train, test])
        compare("normalize(train, test)", call(answer, train, test), want, close=1e-4,
                given=f"{n} training and {m} test images of {side} x {side}", slips=[
            ((want[0], own), "the test set got its own mean and deviation: a network must see test images through the "
             "training set's."),
            (((train - both.mean()) / both.std(correction=0), (test - both.mean()) / both.std(correction=0)),
             "mean and deviation were taken over both sets: test images must not flow into what training uses."),
            (((train - train.mean(0)) / train.std(0, correction=0), (test - train.mean(0)) / train.std(0, correction=0)),
             "each pixel got its own mean: take one over all pixels of all images."),
            (((train - mean) / std ** 2, (test - mean) / std ** 2), "divide by the standard deviation, not by the variance."),
            ((train - mean, test - mean), "divide by the standard deviation as well."),
            (((train - mean) / train.std(), (test - mean) / train.std()), "divide by n, not by n - 1, under the root: "
             "`std(correction=0)`."),
        ])


def _averaged(answer, losses, sizes, w):
    """The result for losses that hang on a graph, and whether it still does."""
    w = w.clone().requires_grad_()
    result = answer([(w * loss).sum() for loss in losses], sizes)
    return result.item() if isinstance(result, torch.Tensor) else result, isinstance(result, torch.Tensor) and result.requires_grad


@task
def epoch_loss(answer, cases=((3, 64, 10), (1, 8, 8), (5, 32, 32)), seed=51):
    """The mean loss a sample over an epoch, free of its graph, for (batches, size, size of the last one)."""
    for k, size, last in cases:
        losses, sizes = randn(seed + k, k).abs(), [size] * (k - 1) + [last]
        weights = torch.tensor(sizes, dtype=torch.float32)
        value, holds_graph = run(_averaged, answer, list(losses), sizes, torch.ones(1))
        compare("epoch_loss(losses, sizes)", value, float((losses * weights).sum() / weights.sum()), close=1e-5,
                given=f"batches of {sizes}", slips=[
            (losses.mean(), "every batch counts the same here; weigh each mean loss by the size of its batch."),
            ((losses * weights).sum(), "divide by the number of samples."),
            (losses.sum(), "these are the means added up: weigh them by their batch sizes and divide by all samples."),
            ((losses * weights).sum() / (k * size), "the last batch is short: add up the sizes."),
        ])
        demand(not holds_graph, "The number is right, but it still holds every batch's graph, so memory grows with each "
               "batch. Add up `loss.item()`.")
