"""Wrong answers to the exercises of lesson 02; each fails its own task and no other."""
# %% least_squares: no bias
def least_squares(X, y):
    return torch.linalg.lstsq(X, y).solution, torch.tensor(0.0)


# %% least_squares: takes the bias from the wrong end
def least_squares(X, y):
    solution = torch.linalg.lstsq(torch.cat([X, torch.ones(len(X), 1)], 1), y).solution
    return solution[1:], solution[0]


# %% least_squares: the bias is the mean label, though the features' mean is not 0
def least_squares(X, y):
    return torch.linalg.lstsq(X, y - y.mean()).solution, y.mean()


# %% mse_gradient: sum for mean
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.T @ r, r.sum()


# %% mse_gradient: label minus prediction
def mse_gradient(X, y, w, b):
    r = y - X @ w - b
    return X.T @ r / len(y), r.mean()


# %% mse_gradient: forgets the half
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return 2 * X.T @ r / len(y), 2 * r.mean()


# %% mse_gradient: the sign of the bias is wrong
def mse_gradient(X, y, w, b):
    r = X @ w - b - y
    return X.T @ r / len(y), r.mean()


# %% mse_gradient: predictions (n, 1) against labels (n,)
def mse_gradient(X, y, w, b):
    r = (X @ w.reshape(-1, 1) + b) - y
    return X.T @ r.mean(1) / len(y), r.mean()


# %% minibatch_sgd: steps as large as the batch
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr * X.T @ r, b - lr * r.sum()
    return w, b


# %% minibatch_sgd: divides the short batch by the first one's size
def minibatch_sgd(batches, w, b, lr):
    size = len(batches[0][1])
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / size, b - lr * r.sum() / size
    return w, b


# %% minibatch_sgd: one update with all samples
def minibatch_sgd(batches, w, b, lr):
    X, y = torch.cat([X for X, _ in batches]), torch.cat([y for _, y in batches])
    r = X @ w + b - y
    return w - lr * X.T @ r / len(y), b - lr * r.mean()


# %% minibatch_sgd: uphill
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w, b = w + lr * X.T @ r / len(y), b + lr * r.mean()
    return w, b


# %% minibatch_sgd: updates in place, and the caller's parameters are gone
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w -= lr * X.T @ r / len(y)
        b -= lr * r.mean()
    return w, b


# %% huber: jumps at delta
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, 0.5 * r ** 2, delta * r)


# %% huber: no absolute value
def huber(y_hat, y, delta):
    r = y_hat - y
    return torch.where(r <= delta, 0.5 * r ** 2, delta * (r - 0.5 * delta))


# %% huber: the smooth L1 loss
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, 0.5 * r ** 2 / delta, r - 0.5 * delta)


# %% huber: delta is always 1
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= 1, 0.5 * r ** 2, r - 0.5)


# %% step_on_sum: forgets the batch size
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum


# %% step_on_sum: multiplies by it
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * batch_size * grad_of_sum


# %% step_on_sum: returns the step
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return lr / batch_size * grad_of_sum


# %% largest_rate: 1 for 2
def largest_rate(X):
    return 1 / torch.linalg.eigvalsh(X.T @ X / len(X))[-1].item()


# %% largest_rate: the Hessian of the summed loss
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X)[-1].item()


# %% largest_rate: the smallest eigenvalue
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X / len(X))[0].item()


# %% largest_rate: the trace for the largest eigenvalue
def largest_rate(X):
    return 2 / (X ** 2).sum(1).mean().item()
