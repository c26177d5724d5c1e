"""Checks of the exercises to lesson 02, linear regression."""
import torch
from torch.nn import functional as F

from exercises.checks import call, compare, demand, randn, task


def _table(seed, n, d, noise=0.1):
    """X (n, d), y (n,), true w (d,) and b, with labels far from 0 so that the bias matters."""
    X, w, b = randn(seed, n, d), randn(seed + 1, d), 3 + randn(seed + 2)
    return X, X @ w + b + noise * randn(seed + 3, n), w, b


@task
def least_squares(answer, cases=((20, 2, 0.1), (50, 5, 1.0), (10, 1, 0.1)), seed=1):
    """Against torch.linalg.lstsq in double precision, for (samples, features, noise)."""
    for n, d, noise in cases:
        X, y, _, _ = _table(seed + n, n, d, noise)
        A = torch.cat([X, torch.ones(n, 1)], 1).double()
        best = torch.linalg.lstsq(A, y.double()).solution.float()
        through_0 = torch.linalg.lstsq(X.double(), y.double()).solution.float()
        got = call(answer, X, y)
        compare("least_squares(X, y)", got, (best[:-1], best[-1]), close=1e-3, given=f"X of shape {(n, d)}", slips=[
            ((through_0, torch.tensor(0.0)), "the line is forced through 0. Give X a column of ones for the bias."),
            ((best[1:], best[0]), "weights and bias are mixed up: which column of your matrix is the ones?"),
        ])


@task
def mse_gradient(answer, cases=((8, 3), (1, 2), (5, 1)), seed=11):
    """Against autograd, for (samples, features)."""
    for n, d in cases:
        X, y, _, _ = _table(seed + n, n, d)
        w, b = randn(seed + 4, d).requires_grad_(), randn(seed + 5).requires_grad_()
        (0.5 * (X @ w + b - y) ** 2).mean().backward()
        got = call(answer, X, y, w.detach(), b.detach())
        want = (w.grad, b.grad)
        compare("mse_gradient(X, y, w, b)", got, want, given=f"X of shape {(n, d)}", slips=[
            ((n * w.grad, n * b.grad), "this is the gradient of the sum over the samples; the loss is their mean."),
            ((2 * w.grad, 2 * b.grad), "twice too large: the loss has a factor 1/2, which cancels the 2 of the square."),
            ((-w.grad, -b.grad), "the sign is turned: the residual is prediction minus label."),
            ((w.grad, n * b.grad), "the gradient of b is summed; take the mean of the residuals."),
        ])


@task
def minibatch_sgd(answer, cases=((10, 4, 2, 0.1), (12, 4, 3, 0.5), (7, 7, 1, 0.1)), seed=21):
    """One pass over the batches, against a plain loop, for (samples, batch size, features, rate); the last may be short."""
    for n, size, d, lr in cases:
        X, y, _, _ = _table(seed + n, n, d)
        w, b = randn(seed + 4, d), randn(seed + 5)
        batches = list(zip(X.split(size), y.split(size)))
        paths = {name: _descend(batches, w, b, lr, name) for name in ("right", "sum", "first size", "twice", "last", "up")}
        got = call(answer, batches, w, b, lr)
        compare("minibatch_sgd(batches, w, b, lr)", got, paths["right"], given=f"{n} samples in batches of {size}", slips=[
            ((w, b), "nothing has moved: return the parameters after the updates."),
            (paths["up"], "the steps go uphill: subtract the rate times the gradient."),
            (paths["sum"], "each step is as large as the batch: divide the summed gradient by the number of its samples."),
            (paths["first size"], "the last batch is short: divide by its own number of samples."),
            (paths["twice"], "twice too large a step: the loss is half the squared error."),
            (paths["last"], "only one update was made: there is one a batch."),
        ])


def _descend(batches, w, b, lr, how):
    w, b, first = w.clone(), b.clone(), len(batches[0][1])
    for X, y in batches[-1:] if how == "last" else batches:
        r = X @ w + b - y
        m = {"sum": 1, "first size": first, "twice": len(y) / 2, "up": -len(y)}.get(how, len(y))
        w, b = w - lr * X.T @ r / m, b - lr * r.sum() / m
    return w, b


@task
def huber(answer, cases=((9, 1.0), (20, 0.5), (4, 2.0)), seed=31):
    """Against torch's huber_loss without reduction, for (samples, delta)."""
    for n, delta in cases:
        y_hat, y = 3 * randn(seed + n, n), randn(seed + n + 1, n)
        r, want = y_hat - y, F.huber_loss(3 * randn(seed + n, n), y, delta=delta, reduction="none")
        small = r.abs() <= delta
        compare("huber(y_hat, y, delta)", call(answer, y_hat, y, delta, without=("huber_loss", "smooth_l1_loss")), want,
                given=f"delta {delta:g}", slips=[
            (want.mean(), "this is the mean: return one loss a sample."),
            (want / delta, "divided by delta: that is the smooth L1 loss."),
            (0.5 * r ** 2, "the squared loss everywhere: beyond delta the loss grows linearly."),
            (r.abs(), "the absolute loss everywhere: within delta the loss is half the square."),
            (torch.where(small, 0.5 * r ** 2, delta * r.abs()), "it jumps at delta: the linear part is "
             "delta * (|r| - delta / 2), so that both meet."),
            (torch.where(small, r ** 2, delta * (r.abs() - 0.5 * delta)), "the quadratic part has a factor 1/2."),
            (torch.where(r <= delta, 0.5 * r ** 2, delta * (r - 0.5 * delta)), "compare the absolute residual with delta, "
             "or large negative residuals stay quadratic."),
        ])


@task
def step_on_sum(answer, cases=((8, 0.1), (64, 0.03), (3, 1.0)), seed=41):
    """The step that the mean loss takes, from the gradient of the summed loss, for (batch size, rate)."""
    for n, lr in cases:
        w, grad = randn(seed + n, 4), n * randn(seed + n + 1, 4)
        compare("step_on_sum(w, grad_of_sum, lr, batch_size)", call(answer, w, grad, lr, n), w - lr * grad / n,
                given=f"batch size {n}, rate {lr:g}", slips=[
            (w - lr * grad, "this step is as many times too large as the batch has samples."),
            (w - lr * grad * n, "multiplied by the batch size: the sum is already that much larger than the mean."),
            (w + lr * grad / n, "this step goes uphill."),
            (lr * grad / n, "this is the step itself: return where it leads."),
        ])


@task
def largest_rate(answer, cases=((30, 2, 1.0), (40, 3, 5.0), (10, 1, 0.5)), seed=51):
    """2 / largest curvature of the mean half squared loss, for (samples, features, scale); then tried on both sides."""
    for n, d, scale in cases:
        X = scale * randn(seed + n, n, d)
        top = float(torch.linalg.eigvalsh((X.double().T @ X.double()) / n).max())
        got = call(answer, X)
        compare("largest_rate(X)", got, 2 / top, close=1e-3, given=f"X of shape {(n, d)}", slips=[
            (1 / top, "half of it: descent still converges up to 2 divided by the largest curvature."),
            (2 / (top * n), "the Hessian of the mean loss is X^T X divided by the number of samples."),
            (2 / float(torch.linalg.eigvalsh(X.double().T @ X.double() / n).min()) if d > 1 else -1.0,
             "the smallest curvature decides how slowly descent ends, the largest whether it diverges."),
            (top, "this is the largest curvature; the rate is 2 divided by it."),
            (2 / top ** 0.5, "singular values are the roots of the eigenvalues of X^T X."),
        ])
        w = {rate: float(_run(X, rate * float(got))) for rate in (0.95, 1.05)}
        demand(w[0.95] < 1 < w[1.05], "Below this rate descent should converge, and above it diverge.")


def _run(X, lr):
    """How many times larger the weights are after 300 steps of descent on labels of 0."""
    w = torch.ones(X.shape[1], dtype=torch.float64)
    H = X.double().T @ X.double() / len(X)
    for _ in range(300):
        w = w - lr * H @ w
    return w.norm() / X.shape[1] ** 0.5
