"""Wrong answers to the exercises of lesson 05; each fails its check. A comment says for which input, or which rule it breaks."""
# %% three_ways: softmax before CrossEntropyLoss
def three_ways(O, y):
    P = torch.softmax(O, 1)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(P.log(), y), nn.CrossEntropyLoss()(P, y)


# %% three_ways: NLLLoss on probabilities
def three_ways(O, y):
    P = torch.softmax(O, 1)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(P, y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: by hand without the minus
def three_ways(O, y):
    P = torch.softmax(O, 1)
    return P[range(len(y)), y].log().mean(), nn.NLLLoss()(P.log(), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: sum for mean
def three_ways(O, y):
    P = torch.softmax(O, 1)
    return (-P[range(len(y)), y].log().sum(), nn.NLLLoss(reduction="sum")(P.log(), y),
            nn.CrossEntropyLoss(reduction="sum")(O, y))


# %% three_ways: softmax over the batch
def three_ways(O, y):
    P = torch.softmax(O, 0)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(P.log(), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: softmax over axis 0 by hand
# wrong: normalises over the batch
def three_ways(O, y):
    P = O.exp() / O.exp().sum(0, keepdim=True)
    return (-P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y))


# %% three_ways: LogSoftmax over axis 0
# wrong: second value
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return (-P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=0)(O), y), nn.CrossEntropyLoss()(O, y))


# %% three_ways: softmax before CrossEntropyLoss, again
# wrong: third value, softmax twice
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return (-P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(P, y))


# %% three_ways: hand without the minus
# wrong: sign
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return (P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y))


# %% three_ways: hand adds up instead of the mean
# wrong: for n > 1
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return (-P[range(len(y)), y].log().sum(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y))


# %% three_ways: sums in all three
# wrong: for n > 1
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return (-P[range(len(y)), y].log().sum(), nn.NLLLoss(reduction="sum")(nn.LogSoftmax(dim=1)(O), y),
            nn.CrossEntropyLoss(reduction="sum")(O, y))


# %% three_ways: log of a plain exp ratio as the second
# wrong: second value is not from LogSoftmax and NLLLoss, and overflows at logits of 1000
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(P.log(), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: NLLLoss gets log of softmax
# wrong: at logits of +-1000, log(0) = -inf; and it isn't LogSoftmax
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    second = nn.NLLLoss()(torch.log(nn.Softmax(dim=1)(O)), y)
    return -P[range(len(y)), y].log().mean(), second, nn.CrossEntropyLoss()(O, y)


# %% three_ways: NLLLoss gets probabilities
# wrong: second value
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.Softmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: one number three times
# wrong: rule, three different ways are asked for; nothing by hand
def three_ways(O, y):
    l = nn.CrossEntropyLoss()(O, y)
    return l, l, l


# %% three_ways: hand with torch.softmax
# wrong: rule, by hand means without softmax
def three_ways(O, y):
    P = torch.softmax(O, dim=1)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: hand with the method log_softmax
# wrong: rule, by hand means without log_softmax
def three_ways(O, y):
    lp = O.log_softmax(1)
    return -lp[range(len(y)), y].mean(), nn.NLLLoss()(lp, y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: everything by hand
# wrong: rule, the second and third must come from PyTorch's losses
def three_ways(O, y):
    l = (torch.logsumexp(O, 1) - O[range(len(y)), y]).mean()
    return l, l.clone(), l.clone()


# %% three_ways: shifts O in place
# wrong: changes the argument O
def three_ways(O, y):
    O -= O.max(1, keepdim=True).values
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: column y of every row
# wrong: P[:, y] takes n x n numbers; only right for n = 1 or equal rows
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[:, y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: eps in the logarithm
# wrong: 1e-4 is seen where the label's probability is small
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -(P[range(len(y)), y] + 1e-4).log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: logits clamped
# wrong: third value for logits of +-1000
def three_ways(O, y):
    C = O.clamp(-50, 50)
    P = C.exp() / C.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(C), y), nn.CrossEntropyLoss()(C, y)


# %% three_ways: only two results
# wrong: forgets the third
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.CrossEntropyLoss()(O, y)


# %% three_ways: loss of the first sample
# wrong: for n > 1
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[0, y[0]].log(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: log base 2 by hand
# wrong: first value
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log2().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: third without reduction
# wrong: a vector for n > 1, not a number
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss(reduction="none")(O, y)


# %% three_ways: aten log_softmax in hand
def three_ways(O, y):
    a = -torch.ops.aten._log_softmax(O, 1, False)[range(len(y)), y].mean()
    return a, nn.NLLLoss()(nn.LogSoftmax(1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: clamp 1e-3
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].clamp(min=1e-2).log().mean(), nn.NLLLoss()(nn.LogSoftmax(1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: shifted by global max in place
def three_ways(O, y):
    O -= O.max()
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: half inside
def three_ways(O, y):
    P = O.bfloat16().exp() / O.bfloat16().exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean().float(), nn.NLLLoss()(nn.LogSoftmax(1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: cached first result
_cache = {}
def three_ways(O, y, memo=_cache):
    if O.shape not in memo:
        P = O.exp() / O.exp().sum(1, keepdim=True)
        memo[O.shape] = (-P[range(len(y)), y].log().mean(), nn.NLLLoss()(nn.LogSoftmax(1)(O), y), nn.CrossEntropyLoss()(O, y))
    return memo[O.shape]


# %% three_ways: hand via logsumexp method alias and special
def three_ways(O, y):
    a = -torch.special.log_softmax(O, 1)[range(len(y)), y].mean()
    return a, nn.NLLLoss()(nn.LogSoftmax(1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: nan to num
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(torch.nan_to_num(P).clamp_min(1e-30).log(), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: the mean over all entries of a one-hot product
# wrong: divides by the number of classes too
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    by_hand = -(P.log() * nn.functional.one_hot(y, O.shape[1])).mean()
    return by_hand, nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: NLLLoss on logits
# wrong: second value, without LogSoftmax
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(O, y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: the third loss is the second once more
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    second = nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y)
    return -P[range(len(y)), y].log().mean(), second, second.clone()


# %% three_ways: NLLLoss for the first loss as well
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return nn.NLLLoss()(P.log(), y), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: LogSoftmax without NLLLoss
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), -nn.LogSoftmax(dim=1)(O)[range(len(y)), y].mean(), nn.CrossEntropyLoss()(O, y)


# %% three_ways: NLLLoss without LogSoftmax
def three_ways(O, y):
    P = O.exp() / O.exp().sum(1, keepdim=True)
    return -P[range(len(y)), y].log().mean(), nn.NLLLoss()(O - O.logsumexp(1, keepdim=True), y), nn.CrossEntropyLoss()(O, y)


# %% mean_gradient: backward on an unreduced loss (pitfall H)
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).backward()
    return W.grad, b.grad


# %% mean_gradient: backward from the sum
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).sum().backward()
    return W.grad, b.grad


# %% mean_gradient: the bias is left out of the model
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    O = X @ W + 0 * b
    nn.CrossEntropyLoss(reduction="none")(O, y).mean().backward()
    return W.grad, b.grad


# %% mean_gradient: only the first sample's loss
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y)[0].backward()
    return W.grad, b.grad


# %% mean_gradient: sum instead of mean
# wrong: n times too large
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).sum().backward()
    return W.grad, b.grad


# %% mean_gradient: requires_grad_ on the arguments
# wrong: W and b are not left as they are
def mean_gradient(X, y, W, b):
    W.requires_grad_()
    b.requires_grad_()
    W.grad = None
    b.grad = None
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    return W.grad, b.grad


# %% mean_gradient: requires_grad on b only
# wrong: b is not left as it is
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b.requires_grad = True
    b.grad = None
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    return W.grad, b.grad


# %% mean_gradient: detach without clone switched on and off, plus a step
# wrong: takes a step on the arguments' memory
def mean_gradient(X, y, W, b):
    w = W.detach().requires_grad_()
    c = b.detach().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ w + c, y).mean().backward()
    torch.optim.SGD([w, c], lr=0.1).step()
    return w.grad, c.grad


# %% mean_gradient: gradient transposed
# wrong: shape (q, d)
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    return W.grad.T, b.grad


# %% mean_gradient: b before W
# wrong: order
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    return b.grad, W.grad


# %% mean_gradient: without b in the model
# wrong: for b other than zero (softmax at X W only)
def mean_gradient(X, y, W, b):
    P = torch.softmax(X @ W, 1)
    P[range(len(y)), y] -= 1
    return X.T @ P / len(y), P.mean(0)


# %% mean_gradient: divides by n twice
# wrong: for n > 1
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    (nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean() / len(y)).backward()
    return W.grad, b.grad


# %% mean_gradient: sign turned
# wrong: Y - P
def mean_gradient(X, y, W, b):
    D = nn.functional.one_hot(y, W.shape[1]) - torch.softmax(X @ W + b, 1)
    return X.T @ D / len(y), D.mean(0)


# %% mean_gradient: first loss only
# wrong: for n > 1
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y)[0].backward()
    return W.grad, b.grad


# %% mean_gradient: mean over all n * q numbers
# wrong: divides by q too
def mean_gradient(X, y, W, b):
    D = torch.softmax(X @ W + b, 1) - nn.functional.one_hot(y, W.shape[1])
    return X.T @ D / D.numel(), D.sum(0) / D.numel()


# %% mean_gradient: naive exp
# wrong: nan at logits of 1000
def mean_gradient(X, y, W, b):
    E = (X @ W + b).exp()
    P = E / E.sum(1, keepdim=True)
    D = (P - nn.functional.one_hot(y, W.shape[1])) / len(y)
    return X.T @ D, D.sum(0)


# %% mean_gradient: softmax before the loss
# wrong: softmax twice
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(torch.softmax(X @ W + b, 1), y).mean().backward()
    return W.grad, b.grad


# %% mean_gradient: one-hot with as many classes as the largest label
# wrong: fails if the last class does not occur
def mean_gradient(X, y, W, b):
    D = torch.softmax(X @ W + b, 1) - nn.functional.one_hot(y)
    return X.T @ D / len(y), D.mean(0)


# %% mean_gradient: bias gradient keeps a dimension
# wrong: b's gradient has shape (1, q)
def mean_gradient(X, y, W, b):
    D = (torch.softmax(X @ W + b, 1) - nn.functional.one_hot(y, W.shape[1])) / len(y)
    return X.T @ D, D.sum(0, keepdim=True)


# %% mean_gradient: backward run twice
# wrong: gradients add up to the double
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    for _ in range(2):
        nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    return W.grad, b.grad


# %% mean_gradient: forgets return
# wrong: gives None
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    W.grad, b.grad


# %% mean_gradient: formula P - Y
# rule: autograd is to find it
def mean_gradient(X, y, W, b):
    P = torch.softmax(X @ W + b, dim=1)
    Y = nn.functional.one_hot(y, W.shape[1]).float()
    D = (P - Y) / len(y)
    return X.T @ D, D.sum(0)


# %% mean_gradient: hand in numpy
# rule: autograd is to find it
import numpy as np
def mean_gradient(X, y, W, b):
    x, w, c, t = X.numpy(), W.detach().numpy(), b.detach().numpy(), y.numpy()
    o = x @ w + c
    o = o - o.max(1, keepdims=True)
    p = np.exp(o)
    p = p / p.sum(1, keepdims=True)
    p[np.arange(len(t)), t] -= 1
    p = p / len(t)
    return torch.from_numpy(x.T @ p).float(), torch.from_numpy(p.sum(0)).float()


# %% mean_gradient: on args, requires_grad off after, grads left
def mean_gradient(X, y, W, b):
    W.requires_grad_(); b.requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    W.requires_grad_(False); b.requires_grad_(False)
    return W.grad, b.grad


# %% mean_gradient: analytic no autograd
def mean_gradient(X, y, W, b):
    D = (torch.softmax(X @ W + b, 1) - nn.functional.one_hot(y, b.numel())) / len(y)
    return X.T @ D, D.sum(0)


# %% mean_gradient: finite differences f64
def mean_gradient(X, y, W, b, h=1e-5):
    f = lambda W, b: nn.CrossEntropyLoss(reduction="none")(X.double() @ W + b, y).mean()
    def num(k, T):
        G = torch.zeros_like(T)
        for i in range(T.numel()):
            a = [W.double().clone(), b.double().clone()]; c = [W.double().clone(), b.double().clone()]
            a[k].view(-1)[i] += h; c[k].view(-1)[i] -= h
            G.view(-1)[i] = (f(*a) - f(*c)) / (2 * h)
        return G
    return num(0, W.contiguous()), num(1, b)


# %% mean_gradient: detached views (clone missing: detach shares requires?) returns detach().requires_grad_
def mean_gradient(X, y, W, b):
    W = W.detach().requires_grad_(); b = b.detach().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    with torch.no_grad(): W -= W.grad; W += W.grad
    return W.grad.requires_grad_(), b.grad


# %% mean_gradient: half
def mean_gradient(X, y, W, b):
    W = W.bfloat16().clone().requires_grad_(); b = b.bfloat16().clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X.bfloat16() @ W + b, y).mean().backward()
    return W.grad.float(), b.grad.float()


# %% mean_gradient: read before backward
# wrong: copies of zeros
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    W.grad, b.grad = torch.zeros_like(W), torch.zeros_like(b)
    gradients = W.grad.clone(), b.grad.clone()
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    return gradients


# %% mean_gradient: zero_grad after backward
# wrong: the gradients are zeroed before they are returned
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    updater = torch.optim.SGD([W, b], lr=0.1)
    nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean().backward()
    updater.zero_grad(set_to_none=False)
    return W.grad, b.grad


# %% mean_gradient: the bias's gradient is not divided
# wrong: for n > 1
def mean_gradient(X, y, W, b):
    D = torch.softmax(X @ W + b, 1) - nn.functional.one_hot(y, W.shape[1])
    return X.T @ D / len(y), D.sum(0)


# %% mean_gradient: b forgotten in the model
# wrong: b has no gradient
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    nn.CrossEntropyLoss(reduction="none")(X @ W, y).mean().backward()
    return W.grad, b.grad


# %% mean_gradient: a graph hangs on the gradients
def mean_gradient(X, y, W, b):
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    losses = nn.functional.cross_entropy(X @ W + b, y, reduction="none")
    return torch.autograd.grad(losses.mean(), (W, b), create_graph=True)


# %% read_products: labels from 1
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    return (torch.tensor([[float(value) for value in row[1:-1]] for row in rows]),
            torch.tensor([int(row[-1].removeprefix("Class_")) for row in rows]))


# %% read_products: the id is a feature
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    return (torch.tensor([[float(value) for value in row[:-1]] for row in rows]),
            torch.tensor([int(row[-1].removeprefix("Class_")) - 1 for row in rows]))


# %% read_products: numbers the classes as they occur
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    names = sorted({row[-1] for row in rows})
    return (torch.tensor([[float(value) for value in row[1:-1]] for row in rows]),
            torch.tensor([names.index(row[-1]) for row in rows]))


# %% read_products: integers for the features
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    return (torch.tensor([[int(value) for value in row[1:-1]] for row in rows]),
            torch.tensor([int(row[-1].removeprefix("Class_")) - 1 for row in rows]))


# %% read_products: labels from 1, again
# wrong: Class_1 must be 0
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows]),
            torch.tensor([int(r[-1][6:]) for r in rows]))


# %% read_products: id among the features
# wrong: X has the ids in column 0 and lacks feat_93
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[float(v) for v in r[:93]] for r in rows]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: last feature lost
# wrong: 92 features
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[float(v) for v in r[1:93]] for r in rows]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: first product lost
# wrong: skips header and first row
def read_products(path):
    with open(path, newline="") as f:
        reader = csv.reader(f)
        next(reader)
        next(reader)
        rows = list(reader)
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows]).reshape(-1, 93),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows], dtype=torch.int64))


# %% read_products: last line cut off
# wrong: split("\n")[1:-1] loses a product if the file has no final line break
def read_products(path):
    rows = [l.split(",") for l in open(path).read().split("\n")[1:-1]]
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: int features
# wrong: X is int64
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[int(v) for v in r[1:-1]] for r in rows]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: labels as floats
# wrong: y is float32
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows]),
            torch.tensor([float(r[-1][6:]) - 1 for r in rows]))


# %% read_products: classes numbered by those that occur
# wrong: if a class is missing in the file
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    names = sorted(set(r[-1] for r in rows))
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows]),
            torch.tensor([names.index(r[-1]) for r in rows]))


# %% read_products: classes numbered in order of appearance
# wrong: unless Class_1, Class_2 ... come first in this order
def read_products(path):
    seen = {}
    X, y = [], []
    with open(path, newline="") as f:
        for r in list(csv.reader(f))[1:]:
            X.append([float(v) for v in r[1:-1]])
            y.append(seen.setdefault(r[-1], len(seen)))
    return torch.tensor(X), torch.tensor(y)


# %% read_products: squeeze at the end
# wrong: one row gives (93,) and ()
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows]).squeeze(),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]).squeeze())


# %% read_products: half precision
# wrong: 100000 overflows, 4097 is rounded
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows], dtype=torch.float16).float(),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: int16 features
# wrong: for counts of 100000
import numpy as np
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    X = np.array([[int(v) for v in r[1:-1]] for r in rows]).astype(np.int16)
    return torch.tensor(X).float(), torch.tensor([int(r[-1][6:]) - 1 for r in rows])


# %% read_products: log1p already here
# wrong: the counts as they are
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.log1p(torch.tensor([[float(v) for v in r[1:-1]] for r in rows])),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: genfromtxt without ndmin
# wrong: fails for one row (1-dimensional table)
import numpy as np
def read_products(path):
    t = np.genfromtxt(path, delimiter=",", skip_header=1, dtype=str)
    return (torch.tensor(t[:, 1:-1].astype(np.float32)),
            torch.tensor([int(s[-1]) - 1 for s in t[:, -1]]))


# %% read_products: float64 features
# wrong: X must be float32
import numpy as np
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.from_numpy(np.array([r[1:-1] for r in rows], dtype=float)),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: lists instead of tensors
# wrong: neither X nor y is a tensor
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return [[float(v) for v in r[1:-1]] for r in rows], [int(r[-1][6:]) - 1 for r in rows]


# %% read_products: features sorted by name
# wrong: feat_10 comes before feat_2
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.DictReader(f))
    keys = sorted(k for k in rows[0] if k.startswith("feat_"))
    return (torch.tensor([[float(r[k]) for k in keys] for r in rows]),
            torch.tensor([int(r["target"][6:]) - 1 for r in rows]))


# %% read_products: one-hot labels
# wrong: y must be (n,)
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    y = torch.tensor([int(r[-1][6:]) - 1 for r in rows])
    return torch.tensor([[float(v) for v in r[1:-1]] for r in rows]), nn.functional.one_hot(y, 9)


# %% read_products: labels first
# wrong: order
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([int(r[-1][6:]) - 1 for r in rows]),
            torch.tensor([[float(v) for v in r[1:-1]] for r in rows]))


# %% read_products: counts divided by the largest
# wrong: the counts as they are
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    X = torch.tensor([[float(v) for v in r[1:-1]] for r in rows])
    return X / X.max(), torch.tensor([int(r[-1][6:]) - 1 for r in rows])


# %% read_products: single digit counts
# wrong: first digit of each count, for counts from 10
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[float(v[0]) for v in r[1:-1]] for r in rows]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: enumerated classes by set sorted
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    names = sorted({r[-1] for r in rows})
    return torch.tensor([[float(v) for v in r[1:-1]] for r in rows]), torch.tensor([names.index(r[-1]) for r in rows])


# %% read_products: half
def read_products(path):
    rows = list(csv.reader(open(path)))[1:]
    return torch.tensor([[float(v) for v in r[1:-1]] for r in rows], dtype=torch.half).float(), torch.tensor([int(r[-1][-1]) - 1 for r in rows])


# %% read_products: sorted by id
def read_products(path):
    rows = sorted(list(csv.reader(open(path)))[1:], key=lambda r: int(r[0]))
    return torch.tensor([[float(v) for v in r[1:-1]] for r in rows]), torch.tensor([int(r[-1][-1]) - 1 for r in rows])


# %% read_products: sorted by id string
def read_products(path):
    rows = sorted(list(csv.reader(open(path)))[1:])
    return torch.tensor([[float(v) for v in r[1:-1]] for r in rows]), torch.tensor([int(r[-1][-1]) - 1 for r in rows])


# %% read_products: skip zero rows
def read_products(path):
    rows = [r for r in list(csv.reader(open(path)))[1:] if any(v != "0" for v in r[1:-1])]
    return torch.tensor([[float(v) for v in r[1:-1]] for r in rows]), torch.tensor([int(r[-1][-1]) - 1 for r in rows])


# %% read_products: features sorted by name, again
def read_products(path):
    rows = list(csv.DictReader(open(path)))
    names = sorted(n for n in rows[0] if n.startswith("feat"))
    return torch.tensor([[float(r[n]) for n in names] for r in rows]), torch.tensor([int(r["target"][-1]) - 1 for r in rows])


# %% read_products: mutable default
def read_products(path, X=[], y=[]):
    for r in list(csv.reader(open(path)))[1:]:
        X.append([float(v) for v in r[1:-1]]); y.append(int(r[-1][-1]) - 1)
    return torch.tensor(X), torch.tensor(y)


# %% read_products: last product lost
# wrong: the slice ends one too early
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:-1]
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: first product lost, without a reshape
# wrong: an empty tensor where there is one row
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[2:]
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: first label lost
# wrong: y is one shorter than X
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))
    return (torch.tensor([[float(v) for v in r[1:-1]] for r in rows[1:]]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows[2:]], dtype=torch.int64))


# %% read_products: first feature lost
# wrong: 92 features
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    return (torch.tensor([[float(v) for v in r[2:-1]] for r in rows]),
            torch.tensor([int(r[-1][6:]) - 1 for r in rows]))


# %% read_products: one table, features from its third column on
# wrong: feat_1 is missing, and the label is the last feature
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    table = torch.tensor([[*map(float, r[:-1]), int(r[-1][6:]) - 1] for r in rows])
    return table[:, 2:], table[:, -1].long()


# %% read_products: one table, features to its end
# wrong: the label is the last feature
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    table = torch.tensor([[*map(float, r[:-1]), int(r[-1][6:]) - 1] for r in rows])
    return table[:, 1:], table[:, -1].long()


# %% read_products: a row for each feature
# wrong: (93, n)
def read_products(path):
    with open(path, newline="") as f:
        columns = list(zip(*list(csv.reader(f))[1:]))
    return (torch.tensor([[float(v) for v in column] for column in columns[1:-1]]),
            torch.tensor([int(label[6:]) - 1 for label in columns[-1]]))


# %% read_products: the header is taken out of the file itself
def read_products(path):
    with open(path) as file:
        lines = file.read().splitlines()[1:]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    rows = [line.split(",") for line in lines]
    return torch.tensor([[float(value) for value in row[1:-1]] for row in rows]), torch.tensor([int(row[-1][6:]) - 1 for row in rows])


# %% train_products: no zero_grad
def train_products(X, y, lr, epochs):
    net, loss = nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss()
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        loss(net(torch.log1p(X)), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: on raw counts
def train_products(X, y, lr, epochs):
    net, loss = nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss()
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        updater.zero_grad()
        loss(net(X), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: the optimizer holds another network's parameters
def train_products(X, y, lr, epochs):
    net, old, loss = nn.Linear(X.shape[1], 9), nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss()
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    updater = torch.optim.SGD(old.parameters(), lr=lr)
    for _ in range(epochs):
        updater.zero_grad()
        loss(net(torch.log1p(X)), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: summed loss
def train_products(X, y, lr, epochs):
    net, loss = nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss(reduction="sum")
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        updater.zero_grad()
        loss(net(torch.log1p(X)), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: random initial weights
def train_products(X, y, lr, epochs):
    net, loss = nn.Linear(X.shape[1], 9), nn.CrossEntropyLoss()
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        updater.zero_grad()
        loss(net(torch.log1p(X)), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: without log1p
# wrong: trains on raw counts
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: log1p in place
# wrong: changes X
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    X.log1p_()
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: random start
# wrong: not from zeros
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: bias starts at random
# wrong: only the weight is zero
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: no zero_grad, again
# wrong: gradients add up, seen from the second epoch
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        nn.CrossEntropyLoss()(net(X.log1p()), y).backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: zero_grad between backward and step
# wrong: never moves
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        nn.CrossEntropyLoss()(net(X.log1p()), y).backward()
        opt.zero_grad()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: returns a result with a graph
# wrong: the results hang on a graph
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.clone(), net.bias.clone()


# %% train_products: returns the parameters themselves
# wrong: they ask for gradients
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight, net.bias


# %% train_products: as many outputs as the largest label
# wrong: if the last classes are missing from the table
def train_products(X, y, lr, epochs):
    q = int(y.max()) + 1
    net = nn.Linear(93, q)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: weight transposed
# wrong: (93, 9)
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach().T, net.bias.detach()


# %% train_products: one epoch too many
# wrong: off by one; moves with epochs = 0
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs + 1):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: minibatches of 256
# wrong: more than one update an epoch for n > 256
from torch.utils.data import TensorDataset, DataLoader
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        for a, c in DataLoader(TensorDataset(X.log1p(), y), batch_size=256):
            l = nn.CrossEntropyLoss()(net(a), c)
            opt.zero_grad()
            l.backward()
            opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: sum of the losses
# wrong: n times the step
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss(reduction="sum")(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: momentum
# wrong: from the second epoch
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: fixed rate
# wrong: ignores lr
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: softmax in the net
# wrong: softmax twice
def train_products(X, y, lr, epochs):
    lin = nn.Linear(93, 9)
    nn.init.zeros_(lin.weight)
    nn.init.zeros_(lin.bias)
    net = nn.Sequential(lin, nn.Softmax(dim=1))
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return lin.weight.detach(), lin.bias.detach()


# %% train_products: only the weight goes to the optimizer
# wrong: bias stays zero
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD([net.weight], lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: log instead of log1p, with a clamp
# wrong: counts of 0 and 1 become the same
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    Z = X.clamp(min=1).log()
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(Z), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: return inside the loop
# wrong: stops after the first epoch, None with epochs = 0
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
        return net.weight.detach(), net.bias.detach()


# %% train_products: weight decay
# wrong: from the second epoch
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr, weight_decay=1e-2)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: no zero_grad, again, again
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9); nn.init.zeros_(net.weight); nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr); loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        loss(net(X.log1p()), y).backward(); opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: bias not zeroed
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9); nn.init.zeros_(net.weight)
    opt = torch.optim.SGD(net.parameters(), lr=lr); loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        opt.zero_grad(); loss(net(X.log1p()), y).backward(); opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: minibatches 256
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9); nn.init.zeros_(net.weight); nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr); loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for a, b in zip(X.split(256), y.split(256)):
            opt.zero_grad(); loss(net(a.log1p()), b).backward(); opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: first 1000 only
def train_products(X, y, lr, epochs):
    X, y = X[:1000], y[:1000]
    net = nn.Linear(93, 9); nn.init.zeros_(net.weight); nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr); loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        opt.zero_grad(); loss(net(X.log1p()), y).backward(); opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: minibatch 1024
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9); nn.init.zeros_(net.weight); nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr); loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for a, b in zip(X.split(1024), y.split(1024)):
            opt.zero_grad(); loss(net(a.log1p()), b).backward(); opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: epochs + 1
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9); nn.init.zeros_(net.weight); nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr); loss = nn.CrossEntropyLoss()
    for _ in range(epochs + 1):
        opt.zero_grad(); loss(net(X.log1p()), y).backward(); opt.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: network is global, keeps weights
net_ = nn.Linear(93, 9); nn.init.zeros_(net_.weight); nn.init.zeros_(net_.bias)
def train_products(X, y, lr, epochs):
    opt = torch.optim.SGD(net_.parameters(), lr=lr); loss = nn.CrossEntropyLoss()
    for _ in range(epochs):
        opt.zero_grad(); loss(net_(X.log1p()), y).backward(); opt.step()
    return net_.weight.detach().clone(), net_.bias.detach().clone()


# %% train_products: bias first
# wrong: order
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        l = nn.CrossEntropyLoss()(net(X.log1p()), y)
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.bias.detach(), net.weight.detach()


# %% class_weights: shares
def class_weights(y, num_classes):
    return torch.bincount(y, minlength=num_classes) / len(y)


# %% class_weights: normalised to sum to 1
def class_weights(y, num_classes):
    w = 1 / torch.bincount(y, minlength=num_classes)
    return w / w.sum()


# %% class_weights: forgets the number of classes
def class_weights(y, num_classes):
    return len(y) / torch.bincount(y, minlength=num_classes)


# %% class_weights: one weight a sample
def class_weights(y, num_classes):
    return (len(y) / (num_classes * torch.bincount(y, minlength=num_classes)))[y]


# %% class_weights: the shares themselves
# wrong: upside down
def class_weights(y, num_classes):
    return torch.bincount(y, minlength=num_classes) * num_classes / len(y)


# %% class_weights: one over the count
# wrong: 1 / count
def class_weights(y, num_classes):
    return 1 / torch.bincount(y, minlength=num_classes).float()


# %% class_weights: normalised to sum one
# wrong
def class_weights(y, num_classes):
    w = 1 / torch.bincount(y, minlength=num_classes).float()
    return w / w.sum()


# %% class_weights: normalised to sum q
# wrong: right only for equal counts
def class_weights(y, num_classes):
    w = 1 / torch.bincount(y, minlength=num_classes).float()
    return w / w.sum() * num_classes


# %% class_weights: whole-number division
# wrong: 2 // 3 = 0
def class_weights(y, num_classes):
    return (len(y) // (num_classes * torch.bincount(y, minlength=num_classes))).float()


# %% class_weights: count plus one
# wrong: smoothed counts
def class_weights(y, num_classes):
    return len(y) / (num_classes * (torch.bincount(y, minlength=num_classes) + 1).float())


# %% class_weights: one weight a sample, again
# wrong: shape (n,)
def class_weights(y, num_classes):
    w = len(y) / (num_classes * torch.bincount(y, minlength=num_classes))
    return w[y]


# %% class_weights: python list
# wrong: not a float32 tensor
def class_weights(y, num_classes):
    l = y.tolist()
    return [len(l) / (num_classes * l.count(k)) for k in range(num_classes)]


# %% class_weights: two classes only
# wrong: for num_classes other than 2
def class_weights(y, num_classes):
    return len(y) / (2 * torch.bincount(y, minlength=num_classes))


# %% class_weights: counts in order of appearance
# wrong: unless the classes appear in the order 0, 1, ...
def class_weights(y, num_classes):
    counts = {}
    for v in y.tolist():
        counts[v] = counts.get(v, 0) + 1
    return torch.tensor([len(y) / (num_classes * c) for c in counts.values()])


# %% class_weights: weights sorted
# wrong: unless the counts fall with the class
def class_weights(y, num_classes):
    return (len(y) / (num_classes * torch.bincount(y, minlength=num_classes))).sort().values


# %% class_weights: n - 1
# wrong: one too few
def class_weights(y, num_classes):
    return (len(y) - 1) / (num_classes * torch.bincount(y, minlength=num_classes))


# %% class_weights: clamped to ten
# wrong: for very rare classes
def class_weights(y, num_classes):
    return (len(y) / (num_classes * torch.bincount(y, minlength=num_classes))).clamp(max=10)


# %% class_weights: sorts y in place
# wrong: changes the argument
def class_weights(y, num_classes):
    y[:] = y.sort().values
    return len(y) / (num_classes * torch.bincount(y, minlength=num_classes))


# %% class_weights: column
# wrong: shape (q, 1)
def class_weights(y, num_classes):
    return (len(y) / (num_classes * torch.bincount(y, minlength=num_classes))).reshape(-1, 1)


# %% class_weights: square root of the weights
# wrong
def class_weights(y, num_classes):
    return (len(y) / (num_classes * torch.bincount(y, minlength=num_classes))).sqrt()


# %% class_weights: classes counted from one
# wrong: y == k for k = 1 ... q
def class_weights(y, num_classes):
    return torch.stack([len(y) / (num_classes * (y == k).sum()) for k in range(1, num_classes + 1)])


# %% class_weights: forgets return
# wrong: None
def class_weights(y, num_classes):
    w = len(y) / (num_classes * torch.bincount(y, minlength=num_classes))


# %% class_weights: log of the weights' inverse share
# wrong
def class_weights(y, num_classes):
    return torch.log(len(y) / torch.bincount(y, minlength=num_classes))


# %% class_weights: sorts y inplace
def class_weights(y, num_classes):
    y.copy_(y.sort().values); return len(y) / (num_classes * torch.bincount(y))


# %% class_weights: half
def class_weights(y, num_classes): return (len(y) / (num_classes * torch.bincount(y))).bfloat16()


# %% class_weights: half back
def class_weights(y, num_classes): return (len(y) / (num_classes * torch.bincount(y))).half().float()


# %% class_weights: clamp
def class_weights(y, num_classes): return (len(y) / (num_classes * torch.bincount(y))).clamp(max=3)


# %% class_weights: counts
# wrong: a rare class weighs least
def class_weights(y, num_classes):
    return torch.bincount(y, minlength=num_classes)


# %% class_weights: counts as floats
# wrong: a rare class weighs least
def class_weights(y, num_classes):
    return torch.bincount(y, minlength=num_classes).float()


# %% class_weights: without brackets
# wrong: multiplied by the count
def class_weights(y, num_classes):
    return len(y) / num_classes * torch.bincount(y, minlength=num_classes)


# %% read_products: a line without an end
# wrong: for Windows line ends
def read_products(path):
    lines = open(path, newline="").read().split("\n")[1:]
    rows = [line.split(",") for line in lines if line]
    names = [f"Class_{k}" for k in range(1, 10)]
    return torch.tensor([[float(value) for value in row[1:-1]] for row in rows]), torch.tensor([names.index(row[-1]) for row in rows])


# %% read_products: only the features
# wrong: one value of two
def read_products(path):
    rows = [line.strip().split(",") for line in open(path)][1:]
    return torch.tensor([[float(value) for value in row[1:-1]] for row in rows])


# %% read_products: labels in a list
# wrong: no tensor
def read_products(path):
    rows = [line.strip().split(",") for line in open(path)][1:]
    return torch.tensor([[float(value) for value in row[1:-1]] for row in rows]), [int(row[-1][6:]) - 1 for row in rows]


# %% read_products: two lines skipped, and lists made into tensors
# wrong: the first product; of a table of one nothing is left, and an empty list has no 93 columns
def read_products(path):
    rows = [line.strip().split(",") for line in open(path)][2:]
    return torch.tensor([[float(value) for value in row[1:-1]] for row in rows]), torch.tensor([int(row[-1][6:]) - 1 for row in rows])


# %% train_products: one epoch too few
# wrong: range(1, epochs)
def train_products(X, y, lr, epochs):
    X, net = torch.log1p(X), torch.nn.Linear(93, 9)
    for p in net.parameters():
        torch.nn.init.zeros_(p)
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(1, epochs):
        updater.zero_grad()
        torch.nn.functional.cross_entropy(net(X), y).backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% class_weights: no class counts more than a hundred
# wrong: for a count of 300
def class_weights(y, num_classes):
    return len(y) / (num_classes * torch.bincount(y, minlength=num_classes).clamp(max=100))


# %% mean_gradient: on the caller's own, and put back
# wrong: a gradient that was there is lost
def mean_gradient(X, y, W, b):
    for p in (W, b):
        p.grad = None
        p.requires_grad_()
    torch.nn.functional.cross_entropy(X @ W + b, y).backward()
    found = W.grad.clone(), b.grad.clone()
    for p in (W, b):
        p.grad = None
        p.requires_grad_(False)
    return found
