"""Checks of the exercises to lesson 04, softmax regression from scratch."""
import torch
from torch.nn import functional as F

from exercises.checks import call, compare, demand, randint, randn, task


@task
def stable_softmax(answer, cases=((3, 5, 1.0), (1, 4, 10.0), (6, 2, 1.0), (4, 4, 1e4)), seed=1):
    """Against torch.softmax, for (rows, columns, scale of the logits)."""
    for n, q, scale in cases:
        O = scale * randn(seed + n, n, q)
        P = call(answer, O, without=("_softmax", "_log_softmax", "logsumexp"))
        naive = O.exp() / O.exp().sum(1, keepdim=True)
        e = (O - O.max(1, keepdim=True).values).exp()
        compare("stable_softmax(O)", P, torch.softmax(O, 1), given=f"logits of shape {(n, q)}, scale {scale:g}", slips=[
            (torch.softmax(O, 0), "its columns sum to 1, not its rows. Which axis did you sum over?"),
            (e / e.sum(), "all entries together sum to 1. Sum each row: `sum(1, keepdim=True)`."),
            (naive, "exp overflows on large logits. Subtract each row's maximum first; the result stays the same."),
            (torch.softmax(O, 1).log(), "these are log-probabilities: return the probabilities."),
            (e, "not divided by the sum of the row."),
        ])


@task
def cross_entropy(answer, cases=((4, 3, 1.0), (1, 10, 1.0), (5, 5, 1.0), (3, 4, 500.0)), seed=11):
    """Against torch's cross_entropy without reduction, for (rows, classes, scale of the logits)."""
    for n, q, scale in cases:
        O, y = scale * randn(seed + n, n, q), randint(seed + q, q, n)
        loss = F.cross_entropy(O, y, reduction="none")
        compare("cross_entropy(O, y)", call(answer, O, y, without=("_softmax", "_log_softmax", "nll_loss_forward")), loss,
                given=f"logits of shape {(n, q)}, scale {scale:g}", slips=[
            (-loss, "the sign is wrong: a loss is the negative of the log-likelihood."),
            (loss.mean(), "this is the mean: return one loss a sample."),
            (loss.sum(), "this is the sum: return one loss a sample."),
            (loss / torch.log(torch.tensor(10.0)), "a logarithm to base 10; use the natural one."),
            (loss / torch.log(torch.tensor(2.0)), "a logarithm to base 2; use the natural one."),
            (-torch.log(torch.softmax(O, 1))[:, y], "one column for each label and every row: pair rows with labels, "
             "`O[range(len(O)), y]`."),
            (-torch.log(torch.softmax(O, 1)[range(n), y]), "log of a probability that underflowed to 0. Take the "
             "logarithm of the sum of exponentials instead."),
            (-O[range(n), y], "the log of the normaliser is missing: add logsumexp of the row."),
        ])


@task
def cross_entropy_gradient(answer, cases=((4, 3), (1, 10), (7, 2)), seed=21):
    """Against autograd, for (rows, classes)."""
    for n, q in cases:
        O, y = randn(seed + n, n, q).requires_grad_(), randint(seed + q, q, n)
        F.cross_entropy(O, y).backward()
        P, Y, grad = torch.softmax(O, 1).detach(), F.one_hot(y, q).float(), O.grad
        compare("cross_entropy_gradient(O, y)", call(answer, O, y), grad, given=f"logits of shape {(n, q)}", close=1e-5,
                slips=[
            (grad * n, "this is the gradient of the summed loss; the loss is the mean over the batch."),
            (-grad, "the sign is turned: softmax minus one-hot, not the other way."),
            (grad / q, "divided by all entries; the mean is over the samples only."),
            (P / n, "the one-hot labels were not subtracted."),
            (P - Y.mean(0), "subtract each sample's own one-hot label."),
            (O.detach() - Y, "subtract the labels from the probabilities, not from the logits."),
        ])


@task
def smooth_labels(answer, cases=((4, 10, 0.1), (3, 2, 0.3), (1, 5, 0.0)), seed=31):
    """(1 - eps) one-hot + eps / classes, for (rows, classes, eps)."""
    for n, q, eps in cases:
        y = randint(seed + n + q, q, n)
        Y = F.one_hot(y, q).float()
        got = call(answer, y, q, eps)
        compare("smooth_labels(y, num_classes, eps)", got, (1 - eps) * Y + eps / q, given=f"{q} classes, eps {eps}",
                close=1e-6, slips=[
            ((1 - eps) * Y + eps / q * (1 - Y), f"rows sum to {float(1 - eps / q):.3f}, not 1. The true class gets its "
             "share of eps too: 1 - eps + eps / num_classes."),
            ((1 - eps) * Y + eps / max(q - 1, 1) * (1 - Y), "here eps is shared among the other classes only; the "
             "uniform distribution has all of them."),
            (eps * Y + (1 - eps) / q, "eps and 1 - eps changed places."),
            (Y, "these are plain one-hot labels: eps was not used."),
        ])
        demand(torch.allclose(got.sum(1), torch.ones(n)), "A row of labels should sum to 1.")


@task
def accuracy(answer, cases=((23, 5, 4), (256, 100, 10), (5, 5, 2)), seed=41):
    """Correct over all, for (samples, batch size, classes); the last batch is short."""
    for n, size, q in cases:
        O, y = randn(seed + n, n, q), randint(seed + size, q, n)
        hits = (O.argmax(1) == y).float()
        batches = list(zip(O.split(size), y.split(size)))
        means = torch.stack([part.mean() for part in hits.split(size)])
        compare("accuracy(batches)", call(answer, batches), float(hits.mean()), close=1e-6,
                given=f"{n} samples in batches of {size}", slips=[
            (means.mean(), "this is the mean of the batches' accuracies, in which the short last batch counts too much. "
             "Add up counts and divide once."),
            (hits.sum(), "this is the number of hits: divide it by the number of samples."),
            (hits.sum() / (len(batches) * size), "divided by batches times batch size, but the last batch is short: "
             "count the samples."),
            (means.sum(), "the batches' accuracies were added up: count hits and samples instead."),
            (means[-1], "this is the accuracy of the last batch alone."),
            (hits.split(size)[-1].sum() / n, "only the last batch's hits were counted: add up over the batches."),
        ])
