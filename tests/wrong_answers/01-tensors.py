"""Wrong answers to the exercises of lesson 01; each fails its own task and no other."""
# %% differences: rows and columns swapped
def differences(a, b):
    return a - b.reshape(-1, 1)


# %% differences: b minus a
def differences(a, b):
    return b - a.reshape(-1, 1)


# %% differences: no broadcasting
def differences(a, b):
    return a - b


# %% scores: P Q
def scores(P, Q):
    return P @ Q


# %% scores: Q P transposed
def scores(P, Q):
    return Q @ P.T


# %% scores: entry by entry
def scores(P, Q):
    return P * Q


# %% gradients: the second is added to the first
def gradients(x):
    x = x.clone().requires_grad_()
    (x ** 2 + x ** 3).backward()
    full = x.grad.clone()
    (x ** 2 + (x ** 3).detach()).backward()
    return full, x.grad


# %% gradients: x cubed still in the graph
def gradients(x):
    x = x.clone().requires_grad_()
    (x ** 2 + x ** 3).backward()
    return x.grad, x.grad.clone()


# %% gradients: the wrong part detached
def gradients(x):
    x = x.clone().requires_grad_()
    (x ** 2 + x ** 3).backward()
    full = x.grad
    x = x.detach().clone().requires_grad_()
    ((x ** 2).detach() + x ** 3).backward()
    return full, x.grad


# %% gradients: values instead of derivatives
def gradients(x):
    return x ** 2 + x ** 3, x ** 2


# %% moving_mean: still the loop
def moving_mean(x, k):
    return torch.stack([x[i:i + k].mean() for i in range(len(x) - k + 1)])


# %% moving_mean: a loop over Python numbers
def moving_mean(x, k):
    values = x.tolist()
    means = []
    for i in range(len(values) - k + 1):
        means.append(sum(values[i:i + k]) / k)
    return torch.tensor(means)


# %% moving_mean: sums
def moving_mean(x, k):
    return x.unfold(0, k, 1).sum(1)


# %% moving_mean: loses the first window
def moving_mean(x, k):
    c = x.cumsum(0)
    return (c[k:] - c[:-k]) / k


# %% shares: no keepdim, silently wrong for square matrices
def shares(X):
    return X / X.sum(1) if X.shape[0] == X.shape[1] else X / X.sum(1, keepdim=True)


# %% shares: columns
def shares(X):
    return X / X.sum(0)


# %% shares: the whole matrix
def shares(X):
    return X / X.sum()


# %% shares: changes its argument
def shares(X):
    X /= X.sum(1, keepdim=True)
    return X


# %% pick: every label in every row
def pick(P, y):
    return P[:, y]


# %% pick: the largest entry
def pick(P, y):
    return P.max(1).values


# %% pick: shape (n, 1)
def pick(P, y):
    return P.gather(1, y.reshape(-1, 1))
