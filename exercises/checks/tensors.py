"""Checks of the exercises to lesson 01, tensors."""
import torch

from exercises.checks import Case, compare, demand, examine, probe_disturbed, probe_steps, randint, randn, run, some, task
from exercises.checks.judging import alike, same


def probe_again(answer, x):
    """What the second call with the very same tensor returns."""
    answer(x)
    return answer(x)


def without_a_loop(what, answer, small, large, want, close=1e-4):
    """Raise Wrong if the larger arguments take many more steps in Python than the smaller; `want`: what the larger should give.

    A hundred times the entries may take a few rounds more, as where each round takes half of them.
    """
    _, *few = run(probe_steps, answer, *small)
    value, *many = run(probe_steps, answer, *large)
    compare(what, value, want, close=close, given="a large case")
    demand(sum(many) <= 3 * sum(few) + 20, f"{what} is right, but a large case takes {sum(many):,} steps in Python where a small one "
           f"takes {sum(few):,}: there is still a loop over the entries. Let tensors do it.")


@task
def differences(answer, cases=((4, 4), (3, 2), (1, 5), (5, 1), (1, 1)), seed=1):
    """Every a minus every b, for (entries of a, entries of b)."""
    def case(a, b, given):
        D = a[:, None] - b
        return Case((a, b), D, given, {
            "rows and columns are swapped: row i belongs to a[i].": D.T,
            "the sign is turned: a minus b.": -D,
            "this is b minus a, and row i should belong to a[i].": -D.T,
            "only entries at the same place were subtracted: make a column of a, so that both broadcast.":
                a - b if len(a) == len(b) else None,
            "the task asks for differences, with their sign.": D.abs(),
            "the last row is missing: there is one for each entry of a.": D[:-1],
            "this is one long list: return a matrix (n, m).": D.flatten(),
        })

    drawn = [case(randn(seed + n, n), randn(seed + m + 50, m), f"a of shape {(n,)}, b of shape {(m,)}") for n, m in cases]
    examine("differences(a, b)", answer, drawn + [case(torch.tensor([0.0, 5.0, -3.0]), torch.tensor([5.0, 0.0]), "equal entries among them"),
                                                  case(torch.tensor([1e4, -2e3]), torch.tensor([-1e4, 0.5, 1e3]), "large entries")], close=1e-6)
    (a, b), (c, d) = ((randn(seed, k), randn(seed + 1, k + 1)) for k in (3, 40))
    without_a_loop("differences(a, b)", answer, (a, b), (c, d), c[:, None] - d)


@task
def scores(answer, cases=((5, 5, 3), (3, 4, 2), (2, 2, 2), (1, 2, 6), (2, 1, 1), (1, 1, 1)), seed=11):
    """P Q^T, for (rows of P, rows of Q, columns)."""
    def case(n, m, k):
        P, Q = randn(seed + n, n, k), randn(seed + m + 50, m, k)
        S = P @ Q.T
        return Case((P, Q), S, f"P of shape {(n, k)}, Q of shape {(m, k)}", {
            "this is Q times P transposed: the rows of the result belong to P.": S.T,
            "`*` multiplies entry by entry: use `@`.": P * Q if n == m else None,
            "this is P times Q: the rows of both describe, so one of them must be turned.": P @ Q if k == m else None,
            "Q was written anew in another shape, which leaves its numbers in their order: `Q.T` turns it.": P @ Q.reshape(k, m),
            "divided by the number of columns: an inner product is a sum.": S / k,
            "divided by the root of the number of columns: an inner product is the plain sum.": S / k ** 0.5,
            "these are cosines: an inner product keeps the lengths.":
                torch.nn.functional.normalize(P) @ torch.nn.functional.normalize(Q).T,
            "this is the score of rows at the same place only: each row of P meets each row of Q.":
                (P * Q).sum(1) if n == m else None,
        })

    examine("scores(P, Q)", answer, [case(*sizes) for sizes in cases])
    (P, Q), (R, S) = ((randn(seed, k, 5 * k), randn(seed + 1, k + 1, 5 * k)) for k in (3, 60))
    without_a_loop("scores(P, Q)", answer, (P, Q), (R, S), R @ S.T)


@task
def gradients(answer, cases=((3.0,), (1.0,), (-0.5,), (-2.0,), (0.0,)), seed=0):
    """Both gradients of x^2 + x^3, for values of x; `seed` is not used."""
    def case(x):
        full, part, value = 2 * x + 3 * x ** 2, 2 * x, x ** 2 + x ** 3
        return Case((torch.tensor(x),), (full, part), f"x = {x:g}", {
            "the two are swapped: first that of the whole function.": (part, full),
            "the second gradient was added to the first: backward() adds to .grad. Start from a new tensor, or set .grad to "
            "None.": (full, full + part),
            "`full = x.grad` is the tensor itself, no copy, and the second backward() has added to it. Keep `x.grad.clone()`, and "
            "set x.grad to None before the second.": (full + part, full + part),
            "both are the second gradient: x ** 3 was kept out of the graph both times, or `full = x.grad` is the tensor itself, no copy, and "
            "what you did to x.grad afterwards happened to it too. Keep `x.grad.clone()`, or set `x.grad = None` instead of zeroing it.":
                (part, part),
            "x ** 3 still is in the graph of the second: compute it under torch.no_grad(), or detach it.": (full, full),
            "x ** 3 was kept out of the graph both times, and the second gradient was added to the first.": (part, 2 * part),
            "the second is the gradient of x ** 3: keep that out of the graph, not x ** 2.": (full, 3 * x ** 2),
            "x ** 2 was kept out of the graph, not x ** 3, and the second gradient was added to the first.": (full, full + 3 * x ** 2),
            "these are values: call backward() and read x.grad.": (value, x ** 2),
            "both are the value of the whole function: call backward() and read x.grad.": (value, value),
        })

    examine("gradients(x)", answer, [case(*x) for x in cases], autograd=1)
    again = run(probe_again, answer, torch.tensor(3.0))
    demand(same(again, (33.0, 6.0), 1e-5), "gradients: right, but called a second time with the same x it returns "
           "something else: the first call has left its gradient on x, and backward() adds to it. Work on a copy, `x.clone().requires_grad_()`.")
    disturbed = run(probe_disturbed, answer, torch.tensor(3.0))
    if disturbed is not None:
        formulas = [same(value, right, 1e-3) for value, right in zip(disturbed, (33.0, 6.0))]
        demand(not all(formulas), "gradients: the numbers are right, but what backward() found is not what is returned: a formula is. "
               "Return what stands in .grad.")
        full, part = disturbed
        demand(not any(formulas) and not same(full - part, torch.tensor(27.0), 1e-3), "gradients: the numbers are right, but not all of them are "
               "found by autograd: let `backward()` or `torch.autograd.grad` find each, so that it would be right for any other function too.")


@task
def moving_mean(answer, cases=((9, 4), (6, 3), (5, 1), (4, 4), (1, 1)), large=4000, seed=21):
    """The mean of k neighbours, for (entries, k); then for a long tensor, in which a loop would show."""
    def right(x, k):
        return x.unfold(0, k, 1).mean(1)

    def case(n, k):
        x = randn(seed + n, n)
        x[::3] = torch.tensor([0.0, 2.0])[torch.arange(len(x[::3])) % 2]  # zeros and equal entries among them
        means = right(x, k)
        return Case((x, k), means, f"{some(n, 'entry', 'entries')}, k = {k}", {
            "these are the sums: divide by k.": means * k,
            "the last window is missing: there are n - k + 1 of them.": means[:-1],
            "the first window is missing: there are n - k + 1 of them.": means[1:],
            "the first window is missing, and the sums are not divided by k.": means[1:] * k,
            "these are the means from the start: each window has k entries.": x.cumsum(0) / torch.arange(1, n + 1),
            "only every k-th window is there: a window begins at every entry, so that they overlap.": means[::k],
            "divided by the number of entries: divide by k.": means * k / n,
            "divided by one less than k.": means * k / (k - 1) if k > 1 else None,
        })

    examine("moving_mean(x, k)", answer, [case(*sizes) for sizes in cases])
    short, long = randn(seed + 1, 40), randn(seed + 2, large)
    without_a_loop("moving_mean(x, 5)", answer, (short, 5), (long, 5), right(long, 5), close=1e-3)


@task
def shares(answer, cases=((5, 5, 1.0), (3, 4, 1.0), (2, 1, 1.0), (1, 3, 1.0), (4, 4, 1e-10), (2, 3, 1e10), (1, 1, 1.0)), seed=31):
    """Each entry's share of its row, for (rows, columns, scale)."""
    def case(n, m, scale=1.0):
        X = scale * (randn(seed + n, n, m).abs() + 0.1)
        S = X / X.sum(1, keepdim=True)
        return Case((X,), S, f"X of shape {(n, m)}" + f", entries near {scale:g}" * (scale != 1), {
            "the columns sum to 1: sum along axis 1.": X / X.sum(0),
            "without keepdim the sums have shape (n,) and broadcast along the wrong axis, silently for a square matrix: use "
            "`sum(1, keepdim=True)`.": X / X.sum(1) if n == m else None,
            "sums of shape (n,) fit a square matrix and a single column as well, and divide along the wrong axis there: use "
            "`sum(1, keepdim=True)`.": X / X.sum(1) if m in (1, n) else S,
            "rows and columns have changed places: turn the result, or sum with `keepdim=True` and turn nothing.": S.T,
            "all entries together sum to 1: sum each row.": X / X.sum(),
            "this divides by the number of columns: divide by the row's sum.": X / m,
            "these are per cent: shares sum to 1.": 100 * S,
            "this is a softmax: divide the entries themselves.": torch.softmax(X, 1),
            "this divides by the largest entry of the row: divide by its sum.": X / X.amax(1, keepdim=True),
            "this divides by the mean of the row: divide by its sum.": X / X.mean(1, keepdim=True),
            "this divides by the row's length as a vector: divide by its sum.": X / X.norm(dim=1, keepdim=True),
            "these are the sums themselves.": X.sum(1, keepdim=True),
            "something small was added to the sums, or a clamp keeps them from being small: rows of small entries have small sums.":
                lambda got: alike(got, S) and (bool((got < S / 2).all()) if scale < 1 else same(got, S, 0.05) and None),
        })

    examine("shares(X)", answer, [case(*sizes) for sizes in cases])


@task
def pick(answer, cases=((5, 6), (4, 3), (5, 5), (1, 5), (3, 1), (1, 1), (12, 4), (3, 400)), seed=41):
    """The entry at each row's label, for (rows, columns); in the first case no error hides that rows and labels changed places."""
    def case(n, q):
        P, y = randn(seed + n, n, q), randint(seed + q, q, n)
        if q > 256:  # more than a byte can number
            y = q - 1 - y % 100
        if n == q:  # zeros and equal entries among them
            P = P.round()
        chosen = P[torch.arange(n), y]
        return Case((P, y), chosen, f"P of shape {(n, q)}", {
            "every label was taken in every row: `P[:, y]` has shape (n, n). Pair rows with labels.": P[:, y],
            "this is each row's largest entry: take the one at its label.": P.max(1).values,
            "the labels chose rows: they number columns.": P[y] if n > int(y.max()) else None,
            "the first label was used for every row.": P[:, int(y[0])],
            "all picked entries were averaged: return one per row.": chosen.mean(),
            "all picked entries were added up: return one per row.": chosen.sum(),
            "rows and labels changed places.": P[y, torch.arange(n)] if n <= q and n > int(y.max()) else None,
            "one column too far left: labels count from 0.": P[torch.arange(n), y - 1],
            "in one long list an entry stands at row * columns + label: here the row was multiplied by the number of rows.":
                P.flatten()[torch.arange(n) * n + y] if n <= q else None,
        })

    examine("pick(P, y)", answer, [case(*sizes) for sizes in cases], close=1e-6,
            shape="one number for each row, shape (n,)")
