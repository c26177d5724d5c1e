"""Right answers to the exercises of lesson 01, in the styles that learners use: each passes its check."""
# %% differences: None index
def differences(a, b):
    return a[:, None] - b[None, :]


# %% differences: reshape column
def differences(a, b):
    column = a.reshape(-1, 1)
    return column - b


# %% differences: unsqueeze with type hints
def differences(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.sub(a.unsqueeze(1), b.unsqueeze(0))


# %% differences: lambda
differences = lambda a, b: a.view(len(a), 1) - b


# %% differences: numpy subtract.outer
import numpy as np
def differences(a, b):
    return torch.from_numpy(np.subtract.outer(a.numpy(), b.numpy()))


# %% differences: numpy newaxis
import numpy as np
def differences(a, b):
    A = a.numpy()
    B = b.numpy()
    return torch.tensor(A[:, np.newaxis] - B)


# %% differences: float64
def differences(a, b):
    return a.double().reshape(-1, 1) - b.double()


# %% differences: transpose of the other order
def differences(a, b):
    return (a - b.reshape(-1, 1)).T


# %% differences: minus the reverse
def differences(a, b):
    return -(b - a[..., None])


# %% differences: expand to the full shape
def differences(a, b):
    n, m = len(a), len(b)
    return a.reshape(n, 1).expand(n, m) - b.expand(n, m)


# %% differences: own zeros, then in place
def differences(a, b):
    D = torch.zeros(a.shape[0], b.shape[0])
    D += a.unsqueeze(-1)
    D -= b
    return D


# %% differences: nn.Module instance
from torch import nn
class Diff(nn.Module):
    def forward(self, a, b):
        return a.unsqueeze(1) - b
differences = Diff()


# %% differences: column of a clone, in place
def differences(a, b):
    a = a.clone()
    a.unsqueeze_(1)
    return a - b


# %% differences: numpy subtract.outer, again
import numpy as np
def differences(a,b): return torch.from_numpy(np.subtract.outer(a.numpy(), b.numpy()))


# %% differences: vmap
def differences(a,b): return torch.vmap(lambda x: x-b)(a)


# %% differences: meshgrid
def differences(a,b):
    A,B=torch.meshgrid(a,b,indexing="ij")
    return A-B


# %% differences: callable class
class D:
    def __call__(self,a,b):
        print(a.shape,b.shape)
        return torch.subtract(a.view(-1,1) if a.is_contiguous() else a.reshape(-1,1),b)
differences=D()


# %% differences: outer exp trick with einsum
def differences(a,b):
    return torch.einsum("i,j->ij",a,torch.ones_like(b))-torch.einsum("i,j->ij",torch.ones_like(a),b)


# %% scores: matmul operator
def scores(P, Q):
    return P @ Q.T


# %% scores: torch.mm and t
def scores(P, Q):
    return torch.mm(P, Q.t())


# %% scores: einsum
def scores(P, Q):
    return torch.einsum("ik,jk->ij", P, Q)


# %% scores: F.linear
from torch.nn import functional as F
def scores(P, Q):
    return F.linear(P, Q)


# %% scores: partial of einsum
from functools import partial
scores = partial(torch.einsum, "nk,mk->nm")


# %% scores: broadcasting and sum
def scores(P, Q):
    return (P[:, None, :] * Q[None, :, :]).sum(2)


# %% scores: numpy dot
def scores(P, Q):
    return torch.from_numpy(P.numpy().dot(Q.numpy().T))


# %% scores: numpy float64
import numpy as np
def scores(P, Q):
    return torch.tensor(np.inner(P.numpy().astype(np.float64), Q.numpy().astype(np.float64)))


# %% scores: tensordot
def scores(P, Q):
    return torch.tensordot(P, Q, dims=([1], [1]))


# %% scores: torch.inner directly
scores = torch.inner


# %% scores: other order, turned
def scores(P, Q):
    return (Q @ P.transpose(0, 1)).transpose(0, 1)


# %% scores: nn.Linear with weight Q
from torch import nn
def scores(P, Q):
    layer = nn.Linear(Q.shape[1], Q.shape[0], bias=False)
    layer.weight.data = Q.clone()
    return layer(P).detach()


# %% scores: bmm
def scores(P, Q):
    return torch.bmm(P.unsqueeze(0), Q.unsqueeze(0).permute(0, 2, 1))[0]


# %% scores: nn.Linear, result still records
from torch import nn
def scores(P, Q):
    layer = nn.Linear(Q.shape[1], Q.shape[0], bias=False)
    layer.weight = nn.Parameter(Q.clone())
    return layer(P)


# %% scores: linear
import torch.nn.functional as F
def scores(P,Q): return F.linear(P,Q)


# %% scores: einsum, again
def scores(P,Q): return torch.einsum("nk,mk->nm",P,Q)


# %% scores: vmap2
def scores(P,Q): return torch.vmap(lambda p: torch.vmap(lambda q: (p*q).sum())(Q))(P)


# %% scores: mv vmap
def scores(P,Q): return torch.vmap(torch.mv,in_dims=(None,0),out_dims=0)(Q,P)


# %% scores: opt_einsum with implicit
def scores(P,Q): return torch.einsum(P,[0,2],Q,[1,2],[0,1])


# %% scores: partial
import functools
scores=functools.partial(lambda f,P,Q:f(P,Q.T),torch.mm)


# %% gradients: two copies, backward twice
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.clone().requires_grad_()
    (b ** 2 + (b ** 3).detach()).backward()
    return a.grad, b.grad


# %% gradients: one copy, grad cleared
def gradients(x):
    x = x.detach().clone()
    x.requires_grad = True
    y = x ** 2 + x ** 3
    y.backward()
    first = x.grad.clone()
    x.grad.zero_()
    y = x ** 2 + (x ** 3).detach()
    y.backward()
    return first, x.grad


# %% gradients: autograd.grad
def gradients(x):
    t = x.clone().requires_grad_(True)
    g1, = torch.autograd.grad(t ** 2 + t ** 3, t)
    g2, = torch.autograd.grad(t ** 2 + t.detach() ** 3, t)
    return g1, g2


# %% gradients: no_grad block
def gradients(x):
    def run(constant):
        t = x.clone().requires_grad_()
        if constant:
            with torch.no_grad():
                c = t ** 3
        else:
            c = t ** 3
        (t ** 2 + c).backward()
        return t.grad
    return run(False), run(True)


# %% gradients: torch.func.grad
from torch.func import grad
def gradients(x):
    whole = grad(lambda t: t ** 2 + t ** 3)
    part = grad(lambda t: t ** 2 + (t ** 3).detach())
    return whole(x), part(x)


# %% gradients: a new tensor from item
def gradients(x):
    t = torch.tensor(x.item(), requires_grad=True)
    (t * t + t * t * t).backward()
    u = torch.tensor(x.item(), requires_grad=True)
    (u * u + x.item() ** 3).backward()
    return t.grad, u.grad


# %% gradients: nn.Parameter and grad None
from torch import nn
def gradients(x):
    p = nn.Parameter(x.clone())
    out = []
    for keep in (True, False):
        p.grad = None
        cube = p.pow(3)
        if not keep:
            cube = cube.detach()
        (p.pow(2) + cube).backward()
        out.append(p.grad.clone())
    return tuple(out)


# %% gradients: jacobian
from torch.autograd.functional import jacobian
def gradients(x):
    return (jacobian(lambda t: t ** 2 + t ** 3, x),
            jacobian(lambda t: t ** 2 + t.data ** 3, x))


# %% gradients: float64
def gradients(x):
    a = x.double().clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.double().clone().requires_grad_()
    (b ** 2 + (b ** 3).detach()).backward()
    return a.grad, b.grad


# %% gradients: create_graph, results still record
def gradients(x):
    t = x.clone().requires_grad_()
    a = torch.autograd.grad(t ** 2 + t ** 3, t, create_graph=True)[0]
    b = torch.autograd.grad(t ** 2 + (t ** 3).detach(), t, create_graph=True)[0]
    return a, b


# %% gradients: a list of two
def gradients(x):
    res = []
    for f in [lambda t: t ** 3, lambda t: (t ** 3).detach()]:
        t = x.clone().requires_grad_()
        (t ** 2 + f(t)).backward()
        res.append(t.grad)
    return res


# %% gradients: difference of the accumulated
def gradients(x):
    t = x.clone().requires_grad_()
    (t ** 2 + t ** 3).backward()
    first = t.grad.clone()
    (t ** 2 + (t ** 3).detach()).backward()
    return first, t.grad - first


# %% gradients: forward mode
from torch.func import jvp
def gradients(x):
    one = torch.ones_like(x)
    _, a = jvp(lambda t: t ** 2 + t ** 3, (x,), (one,))
    cube = x ** 3
    _, b = jvp(lambda t: t ** 2 + cube, (x,), (one,))
    return a, b


# %% gradients: callable object
class Gradients:
    def __init__(self, detach_second=True):
        self.detach_second = detach_second
    def slope(self, x, cut):
        t = x.detach().clone().requires_grad_()
        c = t ** 3
        (t ** 2 + (c.detach() if cut else c)).backward()
        return t.grad
    def __call__(self, x):
        return self.slope(x, False), self.slope(x, self.detach_second)
gradients = Gradients()


# %% gradients: func.grad
def gradients(x):
    return torch.func.grad(lambda t:t**2+t**3)(x), torch.func.grad(lambda t:t**2+(t**3).detach())(x)


# %% gradients: jacobian, again
def gradients(x):
    J=torch.autograd.functional.jacobian
    return J(lambda z:z**2+z**3,x),J(lambda z:z**2+(z**3).detach(),x)


# %% gradients: forward jvp
def gradients(x):
    one=torch.ones_like(x)
    f=torch.func.jvp(lambda t:t**2+t**3,(x,),(one,))[1]
    g=torch.func.jvp(lambda t:t**2+x**3,(x,),(one,))[1]
    return f,g


# %% gradients: vjp
def gradients(x):
    _,v=torch.func.vjp(lambda t:t**2+t**3,x)
    _,u=torch.func.vjp(lambda t:t**2+t.detach()**3,x)
    return v(torch.tensor(1.))[0],u(torch.tensor(1.))[0]


# %% gradients: dual
import torch.autograd.forward_ad as fwAD
def gradients(x):
    with fwAD.dual_level():
        d=fwAD.make_dual(x,torch.ones_like(x))
        a=fwAD.unpack_dual(d**2+d**3).tangent
        b=fwAD.unpack_dual(d**2+x**3).tangent
    return a,b


# %% moving_mean: unfold
def moving_mean(x, k):
    return x.unfold(0, k, 1).mean(1)


# %% moving_mean: cumsum with a zero in front
def moving_mean(x, k):
    c = torch.cat([torch.zeros(1), x.cumsum(0)])
    return (c[k:] - c[:-k]) / k


# %% moving_mean: cumsum in float64, numpy
import numpy as np
def moving_mean(x, k):
    c = np.cumsum(np.insert(x.numpy().astype(np.float64), 0, 0))
    return torch.from_numpy((c[k:] - c[:-k]) / k)


# %% moving_mean: np.convolve
import numpy as np
def moving_mean(x, k):
    return torch.tensor(np.convolve(x.numpy(), np.ones(k) / k, mode="valid"), dtype=torch.float32)


# %% moving_mean: conv1d
from torch.nn import functional as F
def moving_mean(x, k):
    w = torch.ones(1, 1, k) / k
    return F.conv1d(x.reshape(1, 1, -1), w).reshape(-1)


# %% moving_mean: avg_pool1d
from torch.nn import functional as F
def moving_mean(x, k):
    return F.avg_pool1d(x[None, None], kernel_size=k, stride=1)[0, 0]


# %% moving_mean: nn.AvgPool1d
from torch import nn
def moving_mean(x, k):
    pool = nn.AvgPool1d(k, stride=1)
    return pool(x.unsqueeze(0)).flatten()


# %% moving_mean: index matrix
def moving_mean(x, k):
    rows = torch.arange(len(x) - k + 1).reshape(-1, 1)
    cols = torch.arange(k)
    return x[rows + cols].mean(dim=1)


# %% moving_mean: sliding_window_view
import numpy as np
def moving_mean(x, k):
    v = np.lib.stride_tricks.sliding_window_view(x.numpy(), k)
    return torch.from_numpy(v.mean(axis=-1))


# %% moving_mean: as_strided with own stride
def moving_mean(x, k):
    n = x.shape[0]
    s = x.stride(0)
    return x.as_strided((n - k + 1, k), (s, s)).sum(1) / k


# %% moving_mean: banded matrix
def moving_mean(x, k):
    n = len(x)
    W = torch.ones(n - k + 1, n).triu(0).tril(k - 1) / k
    return W @ x


# %% moving_mean: lambda with einsum
moving_mean = lambda x, k: torch.einsum("ij->i", x.unfold(0, k, 1)) / k


# %% moving_mean: conv on own Module
from torch import nn
class MovingMean(nn.Module):
    def forward(self, x, k):
        conv = nn.Conv1d(1, 1, k, bias=False)
        nn.init.constant_(conv.weight, 1 / k)
        with torch.no_grad():
            return conv(x.reshape(1, 1, len(x))).reshape(-1)
moving_mean = MovingMean()


# %% moving_mean: conv1d, again
import torch.nn.functional as F
def moving_mean(x,k): return F.conv1d(x.reshape(1,1,-1),torch.ones(1,1,k)/k).reshape(-1)


# %% moving_mean: avg_pool
import torch.nn.functional as F
def moving_mean(x,k): return F.avg_pool1d(x[None,None],k,stride=1)[0,0]


# %% moving_mean: F.pad
import torch.nn.functional as F
def moving_mean(x,k):
    c=F.pad(x,(1,0)).double().cumsum(0)
    return c[k:].sub(c[:len(x)-k+1]).div(k)


# %% moving_mean: vmap
def moving_mean(x,k):
    w=torch.arange(k)
    return torch.vmap(lambda i:x[i+w].mean())(torch.arange(x.shape[0]-k+1))


# %% shares: keepdim
def shares(X):
    return X / X.sum(1, keepdim=True)


# %% shares: reshape sums
def shares(X):
    s = X.sum(dim=1).reshape(-1, 1)
    return X / s


# %% shares: double transpose
def shares(X):
    return (X.T / X.sum(1)).T


# %% shares: numpy
import numpy as np
def shares(X):
    A = X.numpy()
    return torch.from_numpy(A / np.sum(A, axis=1, keepdims=True))


# %% shares: float64
def shares(X):
    X = X.double()
    return X / X.sum(-1)[:, None]


# %% shares: list comprehension of rows
def shares(X):
    return torch.stack([row / row.sum() for row in X])


# %% shares: loop over own copy
def shares(X):
    Y = X.clone()
    for i in range(len(Y)):
        Y[i] /= Y[i].sum()
    return Y


# %% shares: double loop, Python numbers
def shares(X):
    n, m = X.shape
    out = torch.empty(n, m)
    for i in range(n):
        total = 0.0
        for j in range(m):
            total += X[i, j].item()
        for j in range(m):
            out[i, j] = X[i, j].item() / total
    return out


# %% shares: nested lists
def shares(X):
    rows = X.tolist()
    return torch.tensor([[v / sum(r) for v in r] for r in rows])


# %% shares: F.normalize p=1
from functools import partial
from torch.nn import functional as F
shares = partial(F.normalize, p=1, dim=1)


# %% shares: einsum
def shares(X):
    return torch.einsum("ij,i->ij", X, 1 / torch.einsum("ij->i", X))


# %% shares: softmax of the log
def shares(X):
    return torch.softmax(X.log(), dim=1)


# %% shares: matrix of ones
def shares(X):
    m = X.shape[1]
    return X / (X @ torch.ones(m, m))


# %% shares: diagonal matrix
def shares(X):
    return torch.diag(1 / X.sum(1)) @ X


# %% shares: in place on a copy
def shares(X):
    out = X.detach().clone()
    out.div_(out.sum(1, keepdim=True))
    return out


# %% shares: vmap
shares = torch.vmap(lambda row: row / row.sum())


# %% shares: einsum, again
def shares(X): return torch.einsum("ij,i->ij",X,1/X.sum(-1))


# %% shares: normalize p=1
import torch.nn.functional as F
def shares(X): return F.normalize(X,p=1,dim=1)


# %% shares: vmap, again
def shares(X): return torch.vmap(lambda r:r/r.sum())(X)


# %% shares: index_add
def shares(X):
    s=torch.zeros(len(X)).index_add_(0,torch.arange(len(X)).repeat_interleave(X.shape[1]),X.reshape(-1))
    return X/s[:,None]


# %% pick: range
def pick(P, y):
    return P[range(len(P)), y]


# %% pick: arange
def pick(P, y):
    return P[torch.arange(P.shape[0]), y]


# %% pick: gather
def pick(P, y):
    return P.gather(1, y.unsqueeze(1)).squeeze(1)


# %% pick: take_along_dim
def pick(P, y):
    return torch.take_along_dim(P, y.reshape(-1, 1), dim=1).reshape(-1)


# %% pick: one-hot sum
from torch.nn import functional as F
def pick(P, y):
    return (F.one_hot(y, P.shape[1]) * P).sum(1)


# %% pick: one-hot einsum
from torch.nn import functional as F
def pick(P, y):
    return torch.einsum("ij,ij->i", P, F.one_hot(y, num_classes=P.size(1)).float())


# %% pick: loop and stack
def pick(P, y):
    out = []
    for i in range(len(y)):
        out.append(P[i, y[i]])
    return torch.stack(out)


# %% pick: zip and Python numbers
def pick(P, y):
    return torch.tensor([row[label].item() for row, label in zip(P, y)])


# %% pick: lists
def pick(P, y):
    table, labels = P.tolist(), y.tolist()
    return torch.tensor([table[i][c] for i, c in enumerate(labels)], dtype=torch.float64)


# %% pick: flat index
def pick(P, y):
    n, q = P.shape
    return P.reshape(-1)[torch.arange(n) * q + y]


# %% pick: diagonal of all columns
def pick(P, y):
    return torch.diagonal(P[:, y])


# %% pick: numpy
import numpy as np
def pick(P, y):
    return torch.from_numpy(P.numpy()[np.arange(len(P)), y.numpy()])


# %% pick: boolean mask
def pick(P, y):
    mask = torch.arange(P.shape[1]) == y[:, None]
    return P[mask]


# %% pick: where
def pick(P, y):
    classes = torch.arange(P.shape[1]).unsqueeze(0)
    return torch.where(classes == y.unsqueeze(1), P, torch.zeros(())).sum(dim=1)


# %% pick: nll_loss
from torch.nn import functional as F
def pick(P, y):
    return -F.nll_loss(P, y, reduction="none")


# %% pick: filled vector
def pick(P, y):
    res = torch.zeros(len(P))
    for i, label in enumerate(y):
        res[i] = P[i][label]
    return res


# %% pick: torch.take
def pick(P, y, step=None):
    step = step or P.shape[1]
    return torch.take(P, torch.arange(len(y)) * step + y)


# %% pick: onehot
import torch.nn.functional as F
def pick(P,y): return (P*F.one_hot(y,P.shape[1])).sum(1)


# %% pick: nll
import torch.nn.functional as F
def pick(P,y): return -F.nll_loss(P,y,reduction="none")


# %% pick: scatter
def pick(P,y): return (torch.zeros_like(P).scatter_(1,y[:,None],1.)*P).sum(1)


# %% pick: vmap
def pick(P,y): return torch.vmap(lambda r,i:r.gather(0,i[None])[0])(P,y)


# %% pick: eye
def pick(P,y): return torch.einsum("ij,ij->i",P,torch.eye(P.shape[1])[y])

# %% gradients: both from one backward, each with a tensor of its own
def gradients(x):
    v, w = x.clone().requires_grad_(), x.clone().requires_grad_()
    (v ** 2 + v ** 3 + w ** 2 + (w ** 3).detach()).backward()
    return v.grad, w.grad

# %% gradients: both from one call
def gradients(x):
    v, w = x.clone().requires_grad_(), x.clone().requires_grad_()
    return torch.autograd.grad([v ** 2 + v ** 3, w ** 2 + w.detach() ** 3], [v, w])

# %% moving_mean: sums by doubling
def moving_mean(x, k):
    s, h = x.double(), 1
    while h < len(x):
        t = s.clone()
        t[h:] += s[:-h]
        s, h = t, 2 * h
    s = torch.cat([s.new_zeros(1), s])
    return ((s[k:] - s[:-k]) / k).to(x.dtype)
