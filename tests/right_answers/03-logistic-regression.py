"""Right answers to the exercises of lesson 03, in the styles that learners use: each passes its check."""
# %% log_sigmoid: clamp and log1p
def log_sigmoid(o):
    return o.clamp(max=0) - torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: where
def log_sigmoid(o):
    e = torch.exp(-torch.abs(o))
    return torch.where(o >= 0, -torch.log1p(e), o - torch.log1p(e))


# %% log_sigmoid: where over two full forms
def log_sigmoid(o):
    return torch.where(o > 0, -torch.log(1 + torch.exp(-o)), o - torch.log(1 + torch.exp(o)))


# %% log_sigmoid: loop
def log_sigmoid(o):
    out = torch.zeros(len(o))
    for i, v in enumerate(o):
        if v >= 0:
            out[i] = -torch.log1p(torch.exp(-v))
        else:
            out[i] = v - torch.log1p(torch.exp(v))
    return out


# %% log_sigmoid: comprehension and stack
def one(v):
    return torch.minimum(v, torch.tensor(0.0)) - torch.log(1 + torch.exp(-v.abs()))
def log_sigmoid(o):
    return torch.stack([one(v) for v in o])


# %% log_sigmoid: masks and assignment
def log_sigmoid(o):
    res = torch.empty(o.shape)
    pos = o >= 0
    neg = ~pos
    res[pos] = -torch.exp(-o[pos]).log1p()
    res[neg] = o[neg] - o[neg].exp().log1p()
    return res


# %% log_sigmoid: shift by the maximum
def log_sigmoid(o: torch.Tensor) -> torch.Tensor:
    m = torch.maximum(-o, torch.zeros_like(o))
    return -(m + torch.log(torch.exp(-m) + torch.exp(-o - m)))


# %% log_sigmoid: float64
def log_sigmoid(o):
    o = o.double()
    return (o - o.abs()) / 2 - torch.log1p(torch.exp(-o.abs()))


# %% log_sigmoid: lambda
log_sigmoid = lambda o: -((-o).relu() + torch.exp(-o.abs()).log1p())


# %% log_sigmoid: nn.Module instance
from torch import nn
class LogSigma(nn.Module):
    def forward(self, o):
        small = torch.exp(-torch.abs(o))
        return torch.min(o, torch.zeros_like(o)) - torch.log1p(small)
log_sigmoid = LogSigma()


# %% log_sigmoid: numpy by hand
import numpy as np
def log_sigmoid(o):
    a = o.numpy()
    return torch.from_numpy(np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a))))


# %% log_sigmoid: in place on a clone
def log_sigmoid(o):
    t = o.clone()
    t.abs_().neg_()
    t = torch.exp(t)
    t = torch.log1p(t)
    return -t + o * (o < 0)


# %% log_sigmoid: Python numbers
def log_sigmoid(o):
    result = []
    for v in o.tolist():
        t = torch.log1p(torch.exp(torch.tensor(-abs(v)))).item()
        result.append(-t if v > 0 else v - t)
    return torch.tensor(result)


# %% log_sigmoid: vmap
def log_sigmoid(o): return torch.vmap(lambda v: v.clamp(max=0.)-torch.log1p(torch.exp(-v.abs())))(o)


# %% bce_with_logits: clamp and log1p
def bce_with_logits(o, y):
    return o.clamp(min=0) + torch.log1p(torch.exp(-o.abs())) - o * y


# %% bce_with_logits: F's own
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.binary_cross_entropy_with_logits(o, y, reduction="none")


# %% bce_with_logits: nn's own
from torch import nn
bce_with_logits = nn.BCEWithLogitsLoss(reduction="none")


# %% bce_with_logits: partial
from functools import partial
from torch.nn import functional as F
bce_with_logits = partial(F.binary_cross_entropy_with_logits, reduction="none")


# %% bce_with_logits: softplus
from torch.nn import functional as F
def bce_with_logits(o, y):
    return F.softplus(o) - o * y


# %% bce_with_logits: logsigmoid twice
from torch.nn import functional as F
def bce_with_logits(o, y):
    return -y * F.logsigmoid(o) - (1 - y) * F.logsigmoid(-o)


# %% bce_with_logits: signed label
from torch.nn import functional as F
def bce_with_logits(o, y):
    sign = 2 * y - 1
    return -F.logsigmoid(sign * o)


# %% bce_with_logits: logaddexp
def bce_with_logits(o, y):
    return torch.logaddexp(o, torch.zeros_like(o)) - y * o


# %% bce_with_logits: numpy logaddexp
import numpy as np
def bce_with_logits(o, y):
    a, t = o.numpy(), y.numpy()
    return torch.from_numpy(np.logaddexp(0, a) - a * t)


# %% bce_with_logits: loop with math
import math
def bce_with_logits(o, y):
    out = []
    for v, t in zip(o.tolist(), y.tolist()):
        if t == 1:
            v = -v
        out.append(max(v, 0.0) + math.log1p(math.exp(-abs(v))))
    return torch.tensor(out)


# %% bce_with_logits: two-class cross-entropy
from torch.nn import functional as F
def bce_with_logits(o, y):
    two = torch.stack([torch.zeros_like(o), o], dim=1)
    return F.cross_entropy(two, y.long(), reduction="none")


# %% bce_with_logits: where over the labels, float64
def bce_with_logits(o, y):
    o = o.double()
    cost = lambda t: torch.relu(t) + (1 + torch.exp(-t.abs())).log()
    return torch.where(y == 1, cost(-o), cost(o))


# %% bce_with_logits: logsumexp
def bce_with_logits(o, y):
    z = torch.zeros(len(o), 2)
    z[:, 1] = o
    return z.logsumexp(1) - o * y


# %% bce_with_logits: F
import torch.nn.functional as F
def bce_with_logits(o,y): return F.binary_cross_entropy_with_logits(o,y,reduction="none")


# %% bce_with_logits: softplus, again
import torch.nn.functional as F
def bce_with_logits(o,y): return F.softplus(o)-o*y


# %% bce_with_logits: sign trick
import torch.nn.functional as F
def bce_with_logits(o,y): return -F.logsigmoid((2*y-1)*o)


# %% bce_with_logits: where
import torch.nn.functional as F
def bce_with_logits(o,y): return torch.where(y==1,F.softplus(-o),F.softplus(o))


# %% bce_with_logits: cross entropy
import torch.nn.functional as F
def bce_with_logits(o,y): return F.cross_entropy(torch.stack([torch.zeros_like(o),o],1),y.long(),reduction="none")


# %% bce_with_logits: both logsigmoids
import torch.nn.functional as F
def bce_with_logits(o,y): return -y*F.logsigmoid(o)-(1-y)*F.logsigmoid(-o)


# %% predict: torch.sigmoid
def predict(X, w, b):
    return torch.sigmoid(X @ w + b)


# %% predict: formula
def predict(X, w, b):
    return 1 / (1 + torch.exp(-(X @ w + b)))


# %% predict: stable where
def predict(X, w, b):
    o = torch.mv(X, w) + b
    e = torch.exp(-o.abs())
    return torch.where(o >= 0, 1 / (1 + e), e / (1 + e))


# %% predict: tanh
def predict(X, w, b):
    return 0.5 * (1 + torch.tanh((X.matmul(w) + b) / 2))


# %% predict: nn.Sequential
from torch import nn
def predict(X, w, b):
    net = nn.Sequential(nn.Linear(len(w), 1), nn.Sigmoid())
    with torch.no_grad():
        net[0].weight[:] = w
        net[0].bias.fill_(b.item())
        return net(X).reshape(-1)


# %% predict: F.linear and squeeze(1)
from torch.nn import functional as F
def predict(X, w, b):
    return F.linear(X, w[None, :], b.reshape(1)).sigmoid().squeeze(1)


# %% predict: softmax of two columns
def predict(X, w, b):
    o = torch.einsum("nd,d->n", X, w) + b
    return torch.softmax(torch.stack([torch.zeros_like(o), o], 1), 1)[:, 1]


# %% predict: list comprehension with math
import math
def predict(X, w, b):
    def s(v):
        return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))
    ws, c = w.tolist(), b.item()
    return torch.tensor([s(sum(a * v for a, v in zip(row, ws)) + c) for row in X.tolist()])


# %% predict: numpy
import numpy as np
def predict(X, w, b):
    o = X.numpy() @ w.numpy() + b.item()
    with np.errstate(over="ignore"):
        return torch.from_numpy(1 / (1 + np.exp(-o)))


# %% predict: float64, broadcasting
def predict(X, w, b):
    o = (X.double() * w.double()).sum(dim=1).add(b.double())
    return torch.special.expit(o)


# %% predict: loop over samples
def predict(X, w, b):
    p = torch.zeros(X.shape[0])
    for i in range(X.shape[0]):
        p[i] = torch.sigmoid(torch.dot(X[i], w) + b)
    return p


# %% predict: minus distributed
def predict(X, w, b, one=1.0):
    return one / (one + torch.exp(-1 * X @ w - b))


# %% predict: exp of logsigmoid
from torch.nn import functional as F
predict = lambda X, w, b: F.logsigmoid(X @ w + b).exp()


# %% predict: linear
import torch.nn.functional as F
def predict(X,w,b): return F.linear(X,w.reshape(1,-1),b.reshape(1)).sigmoid().squeeze(-1)


# %% predict: distribution
def predict(X,w,b): return torch.distributions.Bernoulli(logits=X@w+b).probs


# %% predict: logsigmoid exp
import torch.nn.functional as F
def predict(X,w,b): return F.logsigmoid((X*w).sum(1)+b).exp()


# %% predict: vmap
def predict(X,w,b): return torch.vmap(lambda x: torch.sigmoid(x.dot(w)+b))(X)


# %% train: by formula
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.0)
    for _ in range(epochs):
        r = torch.sigmoid(X @ w + b) - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% train: autograd
from torch.nn import functional as F
def train(X, y, lr, epochs):
    w = torch.zeros(X.shape[1], requires_grad=True)
    b = torch.zeros((), requires_grad=True)
    for epoch in range(epochs):
        loss = F.binary_cross_entropy_with_logits(X @ w + b, y)
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        w.grad = None
        b.grad = None
    return w, b


# %% train: optim.SGD
from torch import nn
def train(X, y, lr, epochs):
    w = nn.Parameter(torch.zeros(X.shape[1]))
    b = nn.Parameter(torch.tensor(0.0))
    opt = torch.optim.SGD((w, b), lr=lr)
    for _ in range(epochs):
        opt.zero_grad()
        p = torch.sigmoid(X @ w + b)
        nn.BCELoss()(p, y).backward()
        opt.step()
    return w.detach(), b.detach()


# %% train: nn.Linear
from torch import nn
def train(X, y, lr, epochs):
    net = nn.Linear(X.shape[1], 1)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    crit = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        opt.zero_grad()
        crit(net(X).squeeze(1), y).backward()
        opt.step()
    return net.weight.detach()[0], net.bias.detach()[0]


# %% train: numpy
import numpy as np
def train(X, y, lr, epochs):
    A, t = X.numpy().astype(float), y.numpy().astype(float)
    w, b = np.zeros(A.shape[1]), 0.0
    for _ in range(epochs):
        r = 1 / (1 + np.exp(-(A @ w + b))) - t
        w = w - lr * (r[:, None] * A).mean(axis=0)
        b = b - lr * r.mean()
    return torch.tensor(w, dtype=torch.float32), torch.tensor(b, dtype=torch.float32)


# %% train: one more feature, float64
def train(X, y, lr, epochs):
    A = torch.cat([X, torch.ones(len(X), 1)], 1).double()
    v = torch.zeros(A.shape[1], dtype=torch.float64)
    while epochs > 0:
        v -= lr / len(A) * A.T @ (torch.sigmoid(A @ v) - y.double())
        epochs -= 1
    return v[:-1], v[-1]


# %% train: Python lists, bias as a float
import math
def train(X, y, lr, epochs):
    rows, labels = X.tolist(), y.tolist()
    n, d = len(rows), len(rows[0])
    w, b = [0.0] * d, 0.0
    for _ in range(epochs):
        r = [1 / (1 + math.exp(-(sum(p * q for p, q in zip(row, w)) + b))) - t for row, t in zip(rows, labels)]
        w = [w[j] - lr * sum(r[i] * rows[i][j] for i in range(n)) / n for j in range(d)]
        b = b - lr * sum(r) / n
    return torch.tensor(w), b


# %% train: autograd.grad
def train(X, y, lr, epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(epochs):
        w.requires_grad_()
        b.requires_grad_()
        p = 1 / (1 + torch.exp(-(X @ w + b)))
        loss = -(y * p.log() + (1 - y) * (1 - p).log()).mean()
        gw, gb = torch.autograd.grad(loss, [w, b])
        w, b = (w - lr * gw).detach(), (b - lr * gb).detach()
    return w, b


# %% train: recursion
def train(X, y, lr, epochs):
    if epochs == 0:
        return torch.zeros(X.size(1)), torch.tensor(0.0)
    w, b = train(X, y, lr, epochs - 1)
    r = (X @ w + b).sigmoid() - y
    return w - lr * (X.t() @ r) / y.numel(), b - lr * r.mean()


# %% train: class of a model
class Model:
    def __init__(self, d):
        self.w = torch.zeros(d)
        self.b = torch.zeros(1)
    def step(self, X, y, lr):
        r = torch.sigmoid(X @ self.w + self.b) - y
        self.w -= lr * torch.einsum("n,nd->d", r, X) / len(r)
        self.b -= lr * r.mean()
def train(X, y, lr, epochs):
    m = Model(X.shape[1])
    for _ in range(epochs):
        m.step(X, y, lr)
    return m.w, m.b.squeeze()


# %% train: loop over the samples
def train(X, y, lr, epochs):
    w, b = torch.zeros_like(X[0]), torch.tensor(0.0)
    for _ in range(epochs):
        gw, gb = torch.zeros_like(w), torch.tensor(0.0)
        for xi, yi in zip(X, y):
            ri = torch.sigmoid(xi @ w + b) - yi
            gw += ri * xi / len(X)
            gb += ri / len(X)
        w = w - lr * gw
        b = b - lr * gb
    return w, b


# %% train: autograd, again
import torch.nn.functional as F
def train(X,y,lr,epochs):
    w=torch.zeros(X.shape[1],requires_grad=True); b=torch.zeros((),requires_grad=True)
    for e in range(epochs):
        F.binary_cross_entropy_with_logits(X@w+b,y).backward()
        with torch.no_grad():
            for p in (w,b): p-=lr*p.grad; p.grad=None
    return w,b


# %% train: func
def train(X,y,lr,epochs):
    L=lambda p: torch.nn.functional.binary_cross_entropy_with_logits(X@p["w"]+p["b"],y)
    p={"w":torch.zeros(X.shape[1]),"b":torch.zeros(())}
    for _ in range(epochs):
        g=torch.func.grad(L)(p); p={k:p[k]-lr*g[k] for k in p}
    return p["w"],p["b"]


# %% train: sum loss rate/n
def train(X,y,lr,epochs):
    w=torch.zeros(X.shape[1],requires_grad=True); b=torch.zeros(1,requires_grad=True)
    for _ in range(epochs):
        l=torch.nn.functional.binary_cross_entropy_with_logits(X@w+b,y,reduction="sum"); l.backward()
        utils.sgd([w,b],lr,len(y))
    return w.detach(),b.detach().squeeze()


# %% fixed_loss: reshape to y's shape
def fixed_loss(p, y):
    p = p.reshape(y.shape)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: reshape y to p's shape
def fixed_loss(p, y):
    t = y.reshape(p.shape)
    return -torch.mean(t * torch.log(p) + (1 - t) * torch.log(1 - p))


# %% fixed_loss: F.binary_cross_entropy
from torch.nn import functional as F
def fixed_loss(p, y):
    return F.binary_cross_entropy(p.reshape(-1), y)


# %% fixed_loss: nn.BCELoss and flatten
from torch import nn
def fixed_loss(p, y):
    return nn.BCELoss()(p.flatten(), y.flatten())


# %% fixed_loss: by case
def fixed_loss(p, y):
    if p.dim() == 2:
        p = p.squeeze(1)
    return -torch.where(y == 1, p, 1 - p).log().mean()


# %% fixed_loss: loop with math, a float
import math
def fixed_loss(p, y):
    ps, ys = p.flatten().tolist(), y.tolist()
    total = 0.0
    for a, t in zip(ps, ys):
        total -= math.log(a) if t == 1 else math.log(1 - a)
    return total / len(ys)


# %% fixed_loss: numpy
import numpy as np
def fixed_loss(p, y):
    a, t = p.numpy().ravel(), y.numpy()
    return torch.tensor(-np.mean(t * np.log(a) + (1 - t) * np.log(1 - a)))


# %% fixed_loss: float64, view_as
def fixed_loss(p, y):
    q = p.reshape(-1).double().view_as(y)
    losses = -(y * torch.log(q) + (1 - y) * torch.log1p(-q))
    return losses.sum() / len(losses)


# %% fixed_loss: both as columns
def fixed_loss(p, y):
    p, y = p.reshape(-1, 1), y.reshape(-1, 1)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% fixed_loss: gather from a table
def fixed_loss(p, y):
    p = p.ravel()
    table = torch.stack([1 - p, p], dim=1)
    return -table[torch.arange(len(y)), y.long()].log().mean()


# %% fixed_loss: squeeze and dot
def fixed_loss(p, y):
    p = p.squeeze(-1) if p.ndim > 1 else p
    return -(y.dot(p.log()) + (1 - y).dot((1 - p).log())) / y.shape[0]


# %% fixed_loss: lambda
fixed_loss = lambda p, y: torch.stack([-(a.log() if t > 0.5 else (1 - a).log()) for a, t in zip(p.reshape(-1), y)]).mean()


# %% fixed_loss: callable object with reduction
class Loss:
    def __init__(self, reduction=torch.mean):
        self.reduction = reduction
    def __call__(self, p, y):
        p = p.reshape(len(y))
        return self.reduction(-(y * p.log() + (1 - y) * (1 - p).log()))
fixed_loss = Loss()


# %% fixed_loss: F
import torch.nn.functional as F
def fixed_loss(p,y): return F.binary_cross_entropy(p.flatten(),y)


# %% fixed_loss: y up
import torch.nn.functional as F
def fixed_loss(p,y):
    return F.binary_cross_entropy(p,y.reshape_as(p) if p.dim()==2 else y)


# %% fixed_loss: logit
import torch.nn.functional as F
def fixed_loss(p,y): return F.binary_cross_entropy_with_logits(torch.logit(p.reshape(-1).double()),y.double()).float()
