"""Checks of the exercises to lesson 01, tensors."""
import sys

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from exercises.checks import call, compare, demand, randint, randn, run, task


@task
def differences(answer, cases=((3, 2), (4, 4), (1, 5)), seed=1):
    """Every a minus every b, for (entries of a, entries of b)."""
    for n, m in cases:
        a, b = randn(seed + n, n), randn(seed + m + 50, m)
        want = a.reshape(-1, 1) - b
        compare("differences(a, b)", call(answer, a, b), want, close=1e-6, given=f"{n} and {m} entries", slips=[
            (want.T, "rows and columns are swapped: row i belongs to a[i]."),
            (-want, "the sign is turned: a minus b."),
            (a - b if n == m else torch.zeros(0), "only entries at the same place were subtracted: make a column of a, so "
             "that both broadcast."),
            (want.abs(), "the task asks for differences, with their sign."),
            (want.T * -1, "row i belongs to a[i], and it is a minus b."),
        ])


@task
def scores(answer, cases=((3, 4, 2), (5, 5, 3), (1, 2, 6)), seed=11):
    """P Q^T, for (rows of P, rows of Q, columns)."""
    for n, m, k in cases:
        P, Q = randn(seed + n, n, k), randn(seed + m + 50, m, k)
        want = P @ Q.T
        compare("scores(P, Q)", call(answer, P, Q), want, close=1e-4, given=f"P of shape {(n, k)}, Q of shape {(m, k)}", slips=[
            (want.T, "this is Q times P transposed: the rows of the result belong to P."),
            (P * Q if n == m else torch.zeros(0), "`*` multiplies entry by entry: use `@`."),
            (want / k, "divided by the number of columns: an inner product is a sum."),
        ])


@task
def gradients(answer, cases=((1.0,), (-0.5,), (3.0,)), seed=0):
    """Both gradients of x^2 + x^3, for values of x; `seed` is not used."""
    for x, in cases:
        full, part = 2 * x + 3 * x ** 2, 2 * x
        compare("gradients(x)", call(answer, torch.tensor(x)), (full, part), close=1e-5, given=f"x = {x:g}", slips=[
            ((part, full), "the two are swapped: first that of the whole function."),
            ((full, full + part), "the second gradient was added to the first: backward() adds to .grad. Start from a new "
             "tensor, or set .grad to None."),
            ((full, full), "x ** 3 still is in the graph of the second: compute it under torch.no_grad(), or detach it."),
            ((full, 3 * x ** 2), "x ** 2 was kept out of the graph, not x ** 3."),
            ((x ** 2 + x ** 3, x ** 2), "these are values: call backward() and read x.grad."),
        ])


class _Count(TorchDispatchMode):
    """Count PyTorch's operators."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


def _counted(answer, x, k):
    """The result, and how many operators and Python lines it took."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if "torch" not in frame.f_code.co_filename:
            lines += event == "line"
            return trace

    before = sys.gettrace()
    with _Count() as counter:
        sys.settrace(trace)
        try:
            result = answer(x, k)
        finally:
            sys.settrace(before)
    return result, counter.count, lines


@task
def moving_mean(answer, cases=((6, 3), (5, 1), (9, 4)), large=4000, seed=21):
    """The mean of k neighbours, for (entries, k); then for a long tensor, in which a loop would show."""
    def right(x, k):
        return x.unfold(0, k, 1).mean(1)

    for n, k in cases:
        x = randn(seed + n, n)
        cumulated = x.cumsum(0)
        compare("moving_mean(x, k)", call(answer, x, k), right(x, k), close=1e-4, given=f"{n} entries, k = {k}", slips=[
            (right(x, k) * k, "these are the sums: divide by k."),
            (right(x, k)[:-1], "the last window is missing: there are n - k + 1 of them."),
            (right(x, k)[1:], "the first window is missing: there are n - k + 1 of them."),
            (cumulated[k:] - cumulated[:-k] if k < n else torch.zeros(0), "the first window is missing, and the sums are not "
             "divided by k."),
            (cumulated / torch.arange(1, n + 1), "these are the means from the start: each window has k entries."),
        ])
    counts = {}
    for n in (40, large):
        x = randn(seed + n, n)
        value, operators, lines = run(_counted, answer, x, 5)
        compare("moving_mean(x, 5)", value, right(x, 5), close=1e-3, given=f"{n} entries")
        counts[n] = operators + lines
    demand(counts[large] <= counts[40] + 100, f"Right, but for {large} entries it takes {counts[large]} steps in Python, for "
           f"40 entries {counts[40]}: there is still a loop over the entries. Let tensors do it.")


@task
def shares(answer, cases=((3, 4), (5, 5), (2, 1)), seed=31):
    """Each entry's share of its row, for (rows, columns)."""
    for n, m in cases:
        X = randn(seed + n, n, m).abs() + 0.1
        compare("shares(X)", call(answer, X), X / X.sum(1, keepdim=True), close=1e-5, given=f"X of shape {(n, m)}", slips=[
            (X / X.sum(0), "the columns sum to 1: sum along axis 1."),
            (X / X.sum(1) if n == m else torch.zeros(0), "without keepdim the sums have shape (n,) and broadcast along the "
             "wrong axis, silently for a square matrix: use `sum(1, keepdim=True)`."),
            (X / X.sum(), "all entries together sum to 1: sum each row."),
            (X / m, "this divides by the number of columns: divide by the row's sum."),
            (100 * X / X.sum(1, keepdim=True), "these are per cent: shares sum to 1."),
        ])


@task
def pick(answer, cases=((4, 3), (3, 3), (1, 5)), seed=41):
    """The entry at each row's label, for (rows, columns)."""
    for n, q in cases:
        P, y = randn(seed + n, n, q), randint(seed + q, q, n)
        want = P.gather(1, y[:, None])[:, 0]
        compare("pick(P, y)", call(answer, P, y), want, close=1e-6, given=f"P of shape {(n, q)}", slips=[
            (P[:, y], "every label was taken in every row: `P[:, y]` has shape (n, n). Pair rows with labels."),
            (want[:, None], "shape (n, 1): return (n,)."),
            (P.max(1).values, "this is each row's largest entry: take the one at its label."),
            (P[y] if n >= q else torch.zeros(0), "the labels chose rows: they number columns."),
        ])
