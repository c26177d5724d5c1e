"""Checks of the exercises to lesson 03, logistic regression."""
import torch
from torch.nn import functional as F

from exercises.checks import call, compare, randint, randn, run, task


@task
def stable_sigmoid(answer, cases=((5, 1.0), (8, 20.0), (6, 1000.0)), seed=1):
    """Against torch.sigmoid, for (entries, scale of the logits)."""
    for n, scale in cases:
        o = scale * randn(seed + n, n)
        p = call(answer, o, without=("sigmoid", "log_sigmoid_forward", "softplus", "logaddexp", "logsumexp", "tanh"))
        compare("stable_sigmoid(o)", p, torch.sigmoid(o), close=1e-6, given=f"logits of scale {scale:g}", slips=[
            (torch.sigmoid(-o), "the sign of the exponent is turned: large logits should give probabilities near 1."),
            (o.exp() / (1 + o.exp()), "exp overflows for large positive logits: use exp(-|o|), which never does."),
            (torch.sigmoid(o).log(), "this is its logarithm."),
        ])


@task
def bce_with_logits(answer, cases=((6, 1.0), (1, 3.0), (9, 300.0)), seed=11):
    """Against torch's loss without reduction, for (samples, scale of the logits)."""
    for n, scale in cases:
        o, y = scale * randn(seed + n, n), randint(seed + n, 2, n).float()
        p = torch.sigmoid(o)
        want = F.binary_cross_entropy_with_logits(o, y, reduction="none")
        got = call(answer, o, y, without=("binary_cross_entropy_with_logits", "binary_cross_entropy"))
        compare("bce_with_logits(o, y)", got, want, close=1e-4, given=f"logits of scale {scale:g}", slips=[
            (-want, "the sign is wrong: a loss is the negative of the log-likelihood."),
            (want.mean(), "this is the mean: return one loss a sample."),
            (want.sum(), "this is the sum: return one loss a sample."),
            (F.binary_cross_entropy_with_logits(o, 1 - y, reduction="none"), "labels 0 and 1 are swapped."),
            (-y * F.logsigmoid(o), "the term of the samples with label 0 is missing."),
            (-(y * p.log() + (1 - y) * (1 - p).log()), "the sigmoid has become exactly 0 or 1, and its logarithm infinite. "
             "Work on the logits: max(o, 0) - o y + log(1 + exp(-|o|))."),
        ])


@task
def predict(answer, cases=((6, 2), (1, 3), (20, 1)), seed=21):
    """The probability of class 1 under sigma(X w + b), for (samples, features)."""
    for n, d in cases:
        X, w, b = randn(seed + n, n, d), randn(seed + d, d), 1.5 + randn(seed + 9).abs()
        want = torch.sigmoid(X @ w + b)
        compare("predict(X, w, b)", call(answer, X, w, b), want, close=1e-5, given=f"X of shape {(n, d)}", slips=[
            (torch.sigmoid(X @ w - b), "the bias has the wrong sign. In `1 / (1 + exp(-1 * X @ w + b))` the minus belongs to "
             "`X @ w` alone: put X @ w + b in brackets."),
            (torch.sigmoid(-(X @ w + b)), "this is the probability of class 0."),
            (torch.sigmoid(-X @ w + b), "the sign of X @ w is turned."),
            (X @ w + b, "these are logits: apply the sigmoid."),
            ((want > 0.5).float(), "these are classes: return the probabilities."),
            (torch.sigmoid(X @ w), "the bias is missing."),
            (want.reshape(-1, 1), "shape (n, 1): with labels of shape (n,) this would broadcast to (n, n). Return (n,)."),
        ])


def _fit(X, y, lr, epochs, how="right"):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        r = torch.sigmoid(X @ w - b if how == "bias" else X @ w + b) - y
        m = {"sum": 1, "twice": len(y) ** 2, "up": -len(y)}.get(how, len(y))
        w, b = w - lr * X.T @ r / m, b - lr * r.sum() / m
        if how == "one":
            break
    return w, b


@task
def train(answer, cases=((20, 2, 0.1, 20), (9, 3, 1.0, 5), (50, 1, 0.5, 10)), seed=31):
    """Full-batch descent from zeros, for (samples, features, rate, epochs)."""
    for n, d, lr, epochs in cases:
        y = (randint(seed + n, 2, n)).float()
        X = randn(seed + n + 1, n, d) + 2 * (y[:, None] - 0.3)
        paths = {how: _fit(X, y, lr, epochs, how) for how in ("right", "sum", "twice", "up", "one", "bias")}
        compare("train(X, y, lr, epochs)", call(answer, X, y, lr, epochs), paths["right"], close=1e-4,
                given=f"X of shape {(n, d)}, rate {lr}, {epochs} epochs", slips=[
            (paths["twice"], "divided by the number of samples twice: the loss is a mean already, so the step needs no "
             "further division."),
            (paths["sum"], "these are steps on the summed loss: take the mean over the samples."),
            (paths["up"], "the steps go uphill: subtract the rate times the gradient."),
            (paths["one"], "only one update was made."),
            (paths["bias"], "the bias has the wrong sign in the model: it is X @ w + b."),
            ((torch.zeros(d), torch.zeros(())), "nothing has moved: return the parameters after the updates."),
        ])


def _fixed(answer, p, y):
    return answer(p, y), p


@task
def fixed_loss(answer, cases=((5,), (2,), (40,)), seed=41):
    """The mean loss of (n, 1) probabilities and (n,) labels, for numbers of samples."""
    for n, in cases:
        p, y = torch.sigmoid(2 * randn(seed + n, n, 1)), randint(seed + n, 2, n).float()
        flat = p.reshape(-1)
        want = F.binary_cross_entropy(flat, y)
        broadcast = -(y * p.log() + (1 - y) * (1 - p).log())
        each = F.binary_cross_entropy(flat, y, reduction="none")
        for p_given in (p, flat):
            got, _ = run(_fixed, answer, p_given, y)
            compare("fixed_loss(p, y)", got, want, close=1e-5, given=f"p of shape {tuple(p_given.shape)}, y of shape {(n,)}",
                    slips=[
                (broadcast.mean(), "(n, 1) against (n,) has broadcast to (n, n): each prediction was compared with every "
                 "label. Give both the same shape."),
                (broadcast.mean(1), "(n, 1) against (n,) has broadcast to (n, n)."),
                (want * n, "this is the sum: take the mean."),
                (each, "one loss a sample: return the mean."),
                (-want, "the sign is wrong: a loss is positive."),
            ])
