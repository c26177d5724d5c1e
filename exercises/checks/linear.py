"""Checks of the exercises to lesson 02, linear regression."""
import torch

from exercises.checks import Case, demand, examine, probe_steps, randn, run, some, task
from exercises.checks.judging import same


def _table(seed, n, d, noise=0.1):
    """X (n, d), y (n,), true w (d,) and b, with labels far from 0 so that the bias matters."""
    X, w, b = randn(seed, n, d), randn(seed + 1, d), 3 + randn(seed + 2)
    return X, X @ w + b + noise * randn(seed + 3, n), w, b


def _solve(X, y):
    return torch.linalg.lstsq(X.double(), y.double()).solution.float()


@task
def least_squares(answer, cases=((20, 2, 0.1), (50, 5, 1.0), (10, 1, 0.1), (200, 1, 5.0)), seed=1):
    """Against torch.linalg.lstsq in double precision, for (examples, features, noise)."""
    def case(n, d, noise):
        X, y, _, _ = _table(seed + n, n, d, noise)
        X = X + 0.5  # features whose mean is not 0
        best, through_0 = _solve(torch.cat([X, torch.ones(n, 1)], 1), y), _solve(X, y)
        centred, half = _solve(X - X.mean(0), y - y.mean()), _solve(X, y - y.mean())
        return Case((X, y), (best[:-1], best[-1]), f"X of shape {(n, d)}", {
            "the line is forced through 0. Give X a column of ones for the bias.": (through_0, torch.tensor(0.0)),
            "weights and bias are mixed up: where the ones are the last column, the bias is the last entry.": (best[1:], best[0]),
            "weights and bias are mixed up: where the ones are the first column, the bias is the first entry.":
                (best.roll(1)[:-1], best[-2]),
            "the bias is the mean label; the features' means count too: mean(y) - mean(X) w.": (centred, y.mean()),
            "only the labels were centred, and the bias is their mean: the features' means count too. Give X a column of ones.": (half, y.mean()),
            "only the labels were centred: centre the features too, or give X a column of ones.": (half, y.mean() - X.mean(0) @ half),
            "the weights are those of a line through 0, and the bias was put in afterwards: find both together.":
                (through_0, (y - X @ through_0).mean()),
            "the two are swapped: first the weights, then the bias.": (best[-1], best[:-1]),
        })

    examine("least_squares(X, y)", answer, [case(*sizes) for sizes in cases], close=1e-4,
            shape="w has shape (d,), b has shape ()")
    X, y, _, _ = _table(seed, 30, 2)
    _, operators, lines = run(probe_steps, answer, X, y)
    demand(operators < 300 and lines < 2000, f"least_squares: right, but by {operators + lines:,} steps in Python. Without training means: solve the problem in one go.")


@task
def mse_gradient(answer, cases=((8, 3, 1.0), (5, 1, 1.0), (3, 3, 1.0), (6, 2, 100.0), (1, 2, 1.0), (1, 1, 1.0)), seed=11):
    """Against autograd, for (examples, features, scale of the labels)."""
    def case(n, d, scale=1.0):
        X, y, _, _ = _table(seed + n, n, d)
        y = scale * y
        w, b = randn(seed + 4, d).requires_grad_(), randn(seed + 5).requires_grad_()
        (0.5 * (X @ w + b - y) ** 2).mean().backward()
        grad_w, grad_b = w.grad, b.grad
        r = (X @ w + b - y).detach()
        table = (r + y)[:, None] - y
        return Case((X, y, w.detach(), b.detach()), (grad_w, grad_b), f"X of shape {(n, d)}", {
            "this is the gradient of the sum over the examples; the loss is their mean.": (n * grad_w, n * grad_b),
            "twice too large: the loss has a factor 1/2, which cancels the 2 of the square.": (2 * grad_w, 2 * grad_b),
            "half as large as it should be: the square's derivative brings a 2, which cancels the 1/2.": (grad_w / 2, grad_b / 2),
            "the sign is turned: the residual is prediction minus label.": (-grad_w, -grad_b),
            "the gradient of b is summed; take the mean of the residuals.": (grad_w, n * grad_b),
            "the gradient of w is summed; take the mean over the examples.": (n * grad_w, grad_b),
            "divided by the number of weights too: the mean is over the examples only.": (grad_w / d, grad_b),
            "divided by the number of weights: the mean is over the examples.": (n * grad_w / d, grad_b),
            "the bias is missing in the prediction.": (X.T @ (r - b.detach()) / n, (r - b.detach()).mean()),
            "the two are swapped: first that of w.": (grad_b, grad_w),
            "predictions of shape (n, 1) minus labels of shape (n,) have broadcast to (n, n): both need the shape (n,).": (X.T @ table / n, table.mean()),
        })

    examine("mse_gradient(X, y, w, b)", answer, [case(*sizes) for sizes in cases], autograd=0,
            shape="the gradient of w has shape (d,), that of b shape ()")


@task
def minibatch_sgd(answer, cases=((10, 4, 2, 0.1), (12, 4, 3, 0.5), (7, 7, 1, 0.1), (5, 1, 2, 0.05), (1, 1, 1, 0.1)), seed=21):
    """One pass over the batches, against a plain loop, for (examples, batch size, features, rate); the last may be short."""
    def case(n, size, d, lr, turned=False):
        X, y, _, _ = _table(seed + n, n, d)
        w, b = randn(seed + 4, d), randn(seed + 5)
        batches = list(zip(X.split(size), y.split(size)))[::-1 if turned else 1]
        after = {how: _descend(batches, w, b, lr, how) for how in ("right", "sum", "first size", "twice", "first", "last", "joined", "up", "old", "stuck", "adds up",
                                                                  "w alone", "but the last", "no bias")}
        return Case((batches, w, b, lr), after["right"], f"{some(n, 'example')} in batches of {size}" + ", the short one first" * turned, {
            "nothing has moved: return the parameters after the updates.": (w, b),
            "the steps go uphill: subtract the rate times the gradient.": after["up"],
            "each step is as large as the batch: divide the summed gradient by the number of its examples.": after["sum"],
            "a batch may be short: divide by its own number of examples.": after["first size"],
            "twice too large a step: the loss is half the squared error.": after["twice"],
            "only the first batch was used: there is an update per batch. Is `return` inside the loop?": after["first"],
            "only the last batch's update is left: each batch continues from the one before.": after["last"],
            "one update was made with all batches joined: there is one per batch.": after["joined"],
            "the gradient of b was taken after w had moved: compute both gradients, then take both steps.": after["old"],
            "every gradient was taken at the first parameters: each batch continues from the one before.": after["stuck"],
            "gradients add up from batch to batch: each step takes that of its own batch alone. (backward() adds to .grad: set it to None, or "
            "call zero_grad(), before each.)": after["adds up"],
            "b has not moved: it has a gradient, too.": after["w alone"],
            "the last batch was left out.": after["but the last"],
            "the bias is missing in the prediction.": after["no bias"],
        })

    n, size, d, lr = cases[0]
    examine("minibatch_sgd(batches, w, b, lr)", answer, [case(*sizes) for sizes in cases] + [case(n + 1, size, d, lr, True)],
            leaves=True, shape="w has shape (d,), b shape ()")


def _descend(batches, w, b, lr, how):
    w, b, first = w.clone(), b.clone(), len(batches[0][1])
    w0, b0 = w, b
    grad_w, grad_b = 0, 0
    parts = {"first": batches[:1], "last": batches[-1:], "but the last": batches[:-1], "joined": [tuple(map(torch.cat, zip(*batches)))]}
    for X, y in parts.get(how, batches):
        r = X @ w0 + b0 - y if how == "stuck" else X @ w + (0 if how == "no bias" else b) - y
        m = {"sum": 1, "first size": first, "twice": len(y) / 2, "up": -len(y)}.get(how, len(y))
        grad_w = X.T @ r / m + (grad_w if how == "adds up" else 0)
        w = w - lr * grad_w
        r = X @ w + b - y if how == "old" else r
        grad_b = r.sum() / m + (grad_b if how == "adds up" else 0)
        b = b - (0 if how == "w alone" else lr * grad_b)
    return w, b


@task
def huber(answer, cases=((9, 1.0), (20, 0.5), (4, 2.0), (6, 1.5), (1, 1.0), (2, 0.01)), seed=31):
    """Against the formula in double precision, for (examples, delta); residuals of 0, delta and -delta among them."""
    def case(n, delta):
        y = randn(seed + n + 1, n)
        r = 3 * delta * randn(seed + n, n)
        r[:3] = torch.tensor([0.0, delta, -delta])[:n]
        r[-1] = -4 * delta
        y_hat = y + r
        r = y_hat - y
        a, small = r.abs(), r.abs() <= delta
        loss = torch.where(small, 0.5 * r ** 2, delta * (a - 0.5 * delta))
        return Case((y_hat, y, delta), loss, f"{some(n, 'example')}, delta {delta:g}", {
            "this is the mean: return one loss per example.": loss.mean(),
            "this is the sum: return one loss per example.": loss.sum(),
            "divided by delta: that is the smooth L1 loss.": loss / delta,
            "delta is not used: this is the loss for delta = 1.": torch.nn.functional.huber_loss(y_hat, y, reduction="none"),
            "delta is not used, and this is the mean: return one loss per example.": torch.nn.functional.huber_loss(y_hat, y),
            "the squared loss everywhere: beyond delta the loss grows linearly.": 0.5 * r ** 2,
            "the absolute loss everywhere: within delta the loss is half the square.": a,
            "it jumps at delta: the linear part is delta * (|r| - delta / 2), so that both meet.":
                torch.where(small, 0.5 * r ** 2, delta * a),
            "it jumps at delta: subtract half of delta from |r|, not all of it.":
                torch.where(small, 0.5 * r ** 2, delta * (a - delta)),
            "it jumps at delta: delta / 2 is to be multiplied by delta too, delta * (|r| - delta / 2).":
                torch.where(small, 0.5 * r ** 2, delta * a - delta / 2),
            "it jumps at delta: the linear part lacks its factor delta.": torch.where(small, 0.5 * r ** 2, a - 0.5 * delta),
            "the quadratic part has a factor 1/2.": torch.where(small, r ** 2, delta * (a - 0.5 * delta)),
            "compare the absolute residual with delta, or large negative residuals stay quadratic.":
                torch.where(r <= delta, 0.5 * r ** 2, delta * (r - 0.5 * delta)),
            "the linear part needs the absolute residual too.": torch.where(small, 0.5 * r ** 2, delta * (r - 0.5 * delta)),
            "the two parts are swapped.": torch.where(small, delta * (a - 0.5 * delta), 0.5 * r ** 2),
        })

    examine("huber(y_hat, y, delta)", answer, [case(*sizes) for sizes in cases])


@task
def step_on_sum(answer, cases=((8, 0.1), (64, 0.03), (3, 1.0), (1, 0.5), (1000, 2.0)), seed=41):
    """The step that the mean loss takes, from the gradient of the summed loss, for (batch size, rate)."""
    def case(n, lr, d=4):
        w, grad = randn(seed + n, d), n * randn(seed + n + 1, d) * (100 if n == 3 else 1)
        w[0] = w[0] if d == 1 else 0
        return Case((w, grad, lr, n), w - lr * grad / n, f"batch size {n}, rate {lr:g}, {some(d, 'weight')}", {
            "this step is as many times too large as the batch has examples.": w - lr * grad,
            "multiplied by the batch size: the sum is already that much larger than the mean.": w - lr * grad * n,
            "this step goes uphill.": w + lr * grad / n,
            "this is the step itself: return where it leads.": lr * grad / n,
            "this is minus the step itself: return where it leads.": -lr * grad / n,
            "the rate is missing.": w - grad / n,
            "divided by the number of weights: divide by the batch size.": w - lr * grad / d,
            "averaged over the weights: each weight has its own gradient.": w - lr * grad.mean(),
        })

    examine("step_on_sum(w, grad_of_sum, lr, batch_size)", answer, [case(*sizes) for sizes in cases] + [case(*cases[0], d=1)])


@task
def largest_rate(answer, cases=((30, 2, 1.0), (40, 3, 5.0), (10, 1, 0.5), (3, 3, 1.0), (50, 4, 0.01)), seed=51):
    """2 / largest curvature of the mean half squared loss, for (examples, features, scale)."""
    def case(X, given):
        n, d = X.shape
        curvatures = torch.linalg.eigvalsh(X.double().T @ X.double() / n)
        top, low = curvatures[-1], curvatures[0]  # tensors, as 2 / low may be infinite
        centred = X.double() - X.double().mean(0)
        spread = torch.linalg.eigvalsh(centred.T @ centred)[-1]
        return Case((X,), 2 / top, given, {
            "half of it: descent still converges up to 2 divided by the largest curvature, an eigenvalue of X^T X / n.": 1 / top,
            "the Hessian of the mean loss is X^T X divided by the number of examples.": 2 / (top * n),
            "the smallest curvature decides how slowly descent ends, the largest whether it diverges.": 2 / low,
            "the two ends of the curvature were added: the largest alone decides whether descent diverges.": 2 / (top + low),
            "this is the largest curvature; the rate is 2 divided by it.": top,
            "this is half the largest curvature: turn it upside down.": top / 2,
            "this is 2 multiplied by the largest curvature: divide by it.": 2 * top,
            "singular values are the roots of the eigenvalues of X^T X.": 2 * n / (top * n) ** 0.5,
            "singular values are the roots of the eigenvalues of X^T X, and the mean divides by the number of examples.":
                2 / (top * n) ** 0.5,
            "the sum of the curvatures is larger than the largest of them.": 2 / curvatures.sum(),
            "the mean of the curvatures is smaller than the largest of them.": 2 / curvatures.mean(),
            "another curvature than the largest was taken: torch.linalg.eigvals gives them in no order, eigvalsh the smallest first.":
                lambda got: any(same(got, 2 / curvature, 3e-4) for curvature in curvatures),
            "this divides by the largest entry of X^T X / n: by its largest eigenvalue.": 2 / (X.T @ X / n).max(),
            "the features' means were subtracted, and the divisor is n - 1, as in torch.cov: the Hessian is X^T X / n of X as it is.":
                2 * (n - 1) / spread,
            "the features' means were subtracted: the Hessian is X^T X / n of X as it is.": 2 * n / spread,
            "divided by the number of features: the mean is over the examples.": 2 / (top * n / d),
            "divided by one less than the number of examples: the loss is their mean.": 2 / (top * n / (n - 1)),
        })

    drawn = [case(scale * randn(seed + n, n, d) * torch.linspace(1, 2, d) + scale / 2, f"X of shape {(n, d)}") for n, d, scale in cases]
    small = [[[1.0, -1.0], [2.0, -2.0]], [[300.0, 0.0], [0.0, 900.0]], [[0.0, 2.0], [1.0, 0.0]]]
    examine("largest_rate(X)", answer, drawn + [case(torch.tensor(X), f"X = {X}") for X in small], close=3e-4, shape="return one number")
