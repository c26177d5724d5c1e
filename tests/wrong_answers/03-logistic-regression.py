"""Wrong answers to the exercises of lesson 03; each fails its own task and no other."""
# %% stable_sigmoid: overflows
def stable_sigmoid(o):
    return torch.exp(o) / (1 + torch.exp(o))


# %% stable_sigmoid: the sign of the exponent
def stable_sigmoid(o):
    e = torch.exp(-o.abs())
    return torch.where(o >= 0, e / (1 + e), 1 / (1 + e))


# %% stable_sigmoid: calls the library
def stable_sigmoid(o):
    return torch.sigmoid(o)


# %% stable_sigmoid: clamps the logits
def stable_sigmoid(o):
    return 1 / (1 + torch.exp(-o.clamp(-5, 5)))


# %% bce_with_logits: logarithm of a saturated sigmoid
def bce_with_logits(o, y):
    p = torch.sigmoid(o)
    return -(y * p.log() + (1 - y) * (1 - p).log())


# %% bce_with_logits: only the term of label 1
def bce_with_logits(o, y):
    return -y * torch.nn.functional.logsigmoid(o)


# %% bce_with_logits: labels swapped
def bce_with_logits(o, y):
    return o.clamp(min=0) - o * (1 - y) + torch.log1p(torch.exp(-o.abs()))


# %% bce_with_logits: averaged
def bce_with_logits(o, y):
    return (o.clamp(min=0) - o * y + torch.log1p(torch.exp(-o.abs()))).mean()


# %% bce_with_logits: probabilities kept away from 0 by an epsilon
def bce_with_logits(o, y):
    p = torch.sigmoid(o).clamp(1e-7, 1 - 1e-7)
    return -(y * p.log() + (1 - y) * (1 - p).log())


# %% predict: the sign of the bias (pitfall A)
def predict(X, w, b):
    return 1 / (1 + torch.exp(-1 * X @ w + b))


# %% predict: class 0
def predict(X, w, b):
    return 1 / (1 + torch.exp(X @ w + b))


# %% predict: logits
def predict(X, w, b):
    return X @ w + b


# %% predict: shape (n, 1)
def predict(X, w, b):
    return torch.sigmoid(X @ w.reshape(-1, 1) + b)


# %% train: mean loss and a step divided by the batch size (pitfall C)
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y) / len(y), b - lr * r.mean() / len(y)
    return w, b


# %% train: summed loss
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r, b - lr * r.sum()
    return w, b


# %% train: the sign of the bias in the model
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        r = torch.sigmoid(X @ w - b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: one step
def train(X, y, lr, epochs):
    r = torch.full_like(y, 0.5) - y
    return -lr * X.T @ r / len(y), -lr * r.mean()


# %% train: gradients add up
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1], requires_grad=True), torch.zeros((), requires_grad=True)
    for _ in range(epochs):
        torch.nn.functional.binary_cross_entropy_with_logits(X @ w + b, y).backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w.detach(), b.detach()


# %% fixed_loss: still (n, n) (pitfall B)
def fixed_loss(p, y):
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: the sum
def fixed_loss(p, y):
    p = p.reshape(y.shape)
    return -(y * p.log() + (1 - y) * (1 - p).log()).sum()


# %% fixed_loss: reshapes the labels to (n, 1), which breaks predictions of (n,)
def fixed_loss(p, y):
    y = y.reshape(-1, 1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: squeezes everything, and forgets the minus
def fixed_loss(p, y):
    p = p.reshape(y.shape)
    return (y * p.log() + (1 - y) * (1 - p).log()).mean()
