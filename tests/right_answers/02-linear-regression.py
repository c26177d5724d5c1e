"""Right answers to the exercises of lesson 02, in the styles that learners use: each passes its check."""
# %% least_squares: column of ones and lstsq
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    s = torch.linalg.lstsq(A, y).solution
    return s[:-1], s[-1]


# %% least_squares: ones in front, normal equations, float64
def least_squares(X, y):
    A = torch.column_stack([torch.ones(X.shape[0]), X]).double()
    t = y.double()
    s = torch.linalg.solve(A.T @ A, A.T @ t)
    return s[1:].float(), s[0].float()


# %% least_squares: pinv
def least_squares(X, y):
    ones = torch.ones((X.shape[0], 1))
    s = torch.linalg.pinv(torch.hstack((X, ones))) @ y
    *_, b = s
    return s[: X.shape[1]], b


# %% least_squares: centred data
def least_squares(X, y):
    mx, my = X.mean(0), y.mean()
    w = torch.linalg.lstsq(X - mx, (y - my).unsqueeze(1)).solution.squeeze(1)
    return w, my - mx @ w


# %% least_squares: numpy lstsq
import numpy as np
def least_squares(X, y):
    A = np.c_[X.numpy(), np.ones(len(X))]
    s, *rest = np.linalg.lstsq(A, y.numpy(), rcond=None)
    return torch.tensor(s[:-1], dtype=torch.float32), torch.tensor(s[-1], dtype=torch.float32)


# %% least_squares: float64 and a Python bias
def least_squares(X, y):
    A = torch.cat([X, torch.ones_like(X[:, :1])], dim=1).double()
    s = torch.inverse(A.T @ A) @ A.T @ y.double()
    return s[:-1], s[-1].item()


# %% least_squares: QR
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    Q, R = torch.linalg.qr(A)
    s = torch.linalg.solve_triangular(R, (Q.T @ y)[:, None], upper=True)[:, 0]
    return s[:-1], s[-1]


# %% least_squares: SVD
def least_squares(X, y):
    A = torch.nn.functional.pad(X, (0, 1), value=1.0)
    U, S, Vh = torch.linalg.svd(A, full_matrices=False)
    s = Vh.T @ ((U.T @ y) / S)
    w, b = s.split([X.shape[1], 1])
    return w, b[0]


# %% least_squares: covariance
def least_squares(X, y):
    Xd, yd = X.double(), y.double()
    Xc, yc = Xd - Xd.mean(0), yd - yd.mean()
    w = torch.linalg.solve(Xc.T @ Xc, Xc.T @ yc)
    b = (yd - Xd @ w).mean()
    return w.float(), b.float()


# %% least_squares: callable object
class LeastSquares:
    def design(self, X):
        A = torch.empty(X.shape[0], X.shape[1] + 1)
        A[:, :-1] = X
        A[:, -1] = 1
        return A
    def __call__(self, X, y):
        sol = torch.linalg.lstsq(self.design(X), y.reshape(-1, 1))[0].flatten()
        return sol[:-1], sol[-1]
least_squares = LeastSquares()


# %% least_squares: one Newton step by autograd
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1).double()
    t = y.double()
    loss = lambda s: ((A @ s - t) ** 2).sum()
    z = torch.zeros(A.shape[1], dtype=torch.float64)
    H = torch.autograd.functional.hessian(loss, z)
    g = torch.autograd.functional.jacobian(loss, z)
    s = -torch.linalg.solve(H, g)
    return s[:-1], s[-1]


# %% least_squares: cholesky double
def least_squares(X,y):
    A=torch.nn.functional.pad(X,(0,1),value=1.).double()
    t=torch.cholesky_solve((A.T@y.double())[:,None],torch.linalg.cholesky(A.T@A))[:,0]
    return [t[:-1],t[-1]]


# %% least_squares: newton with autograd
def least_squares(X,y):
    X,y=X.double(),y.double()
    d=X.shape[1]
    def L(t): return ((X@t[:d]+t[d]-y)**2).sum()
    t0=torch.zeros(d+1,dtype=torch.float64)
    H=torch.func.hessian(L)(t0); g=torch.func.grad(L)(t0)
    t=-torch.linalg.solve(H,g)
    return t[:d],t[d]


# %% mse_gradient: matrix products
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.T @ r / len(y), r.mean()


# %% mse_gradient: broadcasting and mean
def mse_gradient(X, y, w, b):
    r = (X * w).sum(1) + b - y
    return (r.reshape(-1, 1) * X).mean(0), torch.mean(r)


# %% mse_gradient: einsum
def mse_gradient(X, y, w, b):
    n = X.shape[0]
    r = torch.einsum("nd,d->n", X, w) + b - y
    return torch.einsum("nd,n->d", X, r) / n, r.sum() / n


# %% mse_gradient: loop over samples
def mse_gradient(X, y, w, b):
    gw = torch.zeros_like(w)
    gb = torch.tensor(0.0)
    for xi, yi in zip(X, y):
        ri = torch.dot(xi, w) + b - yi
        gw += ri * xi
        gb += ri
    return gw / len(X), gb / len(X)


# %% mse_gradient: Python lists
def mse_gradient(X, y, w, b):
    Xl, yl, wl, bl = X.tolist(), y.tolist(), w.tolist(), b.item()
    n, d = len(Xl), len(wl)
    r = [sum(Xl[i][j] * wl[j] for j in range(d)) + bl - yl[i] for i in range(n)]
    gw = [sum(r[i] * Xl[i][j] for i in range(n)) / n for j in range(d)]
    return torch.tensor(gw), torch.tensor(sum(r) / n)


# %% mse_gradient: numpy, bias as a float
import numpy as np
def mse_gradient(X, y, w, b):
    A, t, v = X.numpy(), y.numpy(), w.numpy()
    r = np.dot(A, v) + float(b) - t
    return torch.from_numpy(A.T.dot(r) / len(t)), float(np.mean(r))


# %% mse_gradient: float64
def mse_gradient(X, y, w, b):
    X, y, w, b = (t.double() for t in (X, y, w, b))
    r = y - X @ w - b
    return -(X.T @ r) / y.numel(), -r.mean()


# %% mse_gradient: one more feature
def mse_gradient(X, y, w, b):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    v = torch.cat([w, b.reshape(1)])
    g = A.T @ (A @ v - y) / len(A)
    return g[:-1], g[-1]


# %% mse_gradient: lambda with helper
residual = lambda X, y, w, b: X.matmul(w).add(b).sub(y)
mse_gradient = lambda X, y, w, b: ((residual(X, y, w, b) @ X) / X.size(0), residual(X, y, w, b).mean())


# %% mse_gradient: vmap over samples
def mse_gradient(X, y, w, b):
    def one(xi, yi):
        r = xi @ w + b - yi
        return r * xi, r
    gw, gb = torch.vmap(one)(X, y)
    return gw.mean(0), gb.mean()


# %% mse_gradient: F.linear, no_grad
from torch.nn import functional as F
@torch.no_grad()
def mse_gradient(X: torch.Tensor, y: torch.Tensor, w: torch.Tensor, b: torch.Tensor):
    r = F.linear(X, w.unsqueeze(0)).squeeze(1) + b - y
    return torch.stack([(r * X[:, j]).mean() for j in range(X.shape[1])]), r.mean()


# %% mse_gradient: einsum, again
def mse_gradient(X,y,w,b):
    r=torch.einsum("nd,d->n",X,w).add(b).sub(y)
    return torch.einsum("nd,n->d",X,r).div(X.shape[0]),r.sum().div(X.shape[0])


# %% mse_gradient: F.linear
import torch.nn.functional as F
def mse_gradient(X,y,w,b):
    with torch.no_grad():
        r=F.linear(X,w[None],b[None])[:,0]-y
        return torch.tensordot(r,X,1)/r.numel(),r.mean()


# %% mse_gradient: vmap
def mse_gradient(X,y,w,b):
    g=torch.vmap(lambda x,t:(x@w+b-t)*x)(X,y).mean(0)
    return g,torch.vmap(lambda x,t:x@w+b-t)(X,y).mean(0)


# %% minibatch_sgd: by formula
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% minibatch_sgd: own gradient function
def grads(X, y, w, b):
    r = X @ w + b - y
    return (r[:, None] * X).mean(0), r.mean()
def minibatch_sgd(batches, w, b, lr):
    for batch in batches:
        gw, gb = grads(*batch, w, b)
        w = w - lr * gw
        b = b - lr * gb
    return w, b


# %% minibatch_sgd: autograd on clones
def minibatch_sgd(batches, w, b, lr):
    w = w.clone().requires_grad_()
    b = b.clone().requires_grad_()
    for X, y in batches:
        loss = ((X @ w + b - y) ** 2 / 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
            w.grad.zero_()
            b.grad.zero_()
    return w, b


# %% minibatch_sgd: optim.SGD on parameters
from torch import nn
def minibatch_sgd(batches, w, b, lr):
    w = nn.Parameter(w.clone())
    b = nn.Parameter(b.clone())
    opt = torch.optim.SGD([w, b], lr=lr)
    for X, y in batches:
        opt.zero_grad()
        (0.5 * nn.functional.mse_loss(X @ w + b, y)).backward()
        opt.step()
    return w.detach(), b.detach()


# %% minibatch_sgd: nn.Linear
from torch import nn
def minibatch_sgd(batches, w, b, lr):
    net = nn.Linear(len(w), 1)
    with torch.no_grad():
        net.weight.copy_(w.reshape(1, -1))
        net.bias.copy_(b.reshape(1))
    opt = torch.optim.SGD(net.parameters(), lr)
    loss = nn.MSELoss()
    for X, y in batches:
        l = loss(net(X).reshape(-1), y) / 2
        opt.zero_grad()
        l.backward()
        opt.step()
    return net.weight.data.flatten(), net.bias.data[0]


# %% minibatch_sgd: numpy
import numpy as np
def minibatch_sgd(batches, w, b, lr):
    v, c = w.numpy().copy(), b.item()
    for X, y in batches:
        A = X.numpy()
        r = A @ v + c - y.numpy()
        v = v - lr * A.T @ r / len(r)
        c = c - lr * r.mean()
    return torch.from_numpy(v), torch.tensor(float(c))


# %% minibatch_sgd: float64, bias as a float
def minibatch_sgd(batches, w, b, lr):
    w = w.double()
    b = float(b)
    for X, y in batches:
        r = X.double() @ w + b - y.double()
        w = w - (lr / len(r)) * (r @ X.double())
        b = b - lr * r.mean().item()
    return w, b


# %% minibatch_sgd: reduce
from functools import reduce
def minibatch_sgd(batches, w, b, lr):
    def step(state, batch):
        (w, b), (X, y) = state, batch
        r = X @ w + b - y
        return w - lr * (X.T @ r) / X.shape[0], b - lr * r.mean()
    return reduce(step, batches, (w, b))


# %% minibatch_sgd: recursion
def minibatch_sgd(batches, w, b, lr):
    if len(batches) == 0:
        return w, b
    X, y = batches[0]
    r = X.mv(w) + b - y
    return minibatch_sgd(batches[1:], w - lr * X.t().mv(r) / len(r), b - lr * r.mean(), lr)


# %% minibatch_sgd: autograd.grad, new tensors
def minibatch_sgd(batches, w, b, lr):
    for i in range(len(batches)):
        X, y = batches[i]
        v = w.detach().clone().requires_grad_(True)
        c = b.detach().clone().requires_grad_(True)
        loss = 0.5 * (X.matmul(v) + c - y).square().mean()
        gv, gc = torch.autograd.grad(loss, (v, c))
        w, b = v.detach() - lr * gv, c.detach() - lr * gc
    return w, b


# %% minibatch_sgd: in place on clones
def minibatch_sgd(batches, w, b, lr):
    w, b = w.clone(), b.clone()
    for X, y in batches:
        r = X @ w + b - y
        w -= lr / len(y) * X.T @ r
        b -= lr * r.mean()
    return w, b


# %% minibatch_sgd: torch.func.grad
from torch.func import grad
def minibatch_sgd(batches, w, b, lr):
    g = grad(lambda w, b, X, y: ((X @ w + b - y) ** 2).mean() / 2, argnums=(0, 1))
    for X, y in batches:
        gw, gb = g(w, b, X, y)
        w, b = w - lr * gw, b - lr * gb
    return w, b


# %% minibatch_sgd: optimizer
import torch.nn.functional as F
def minibatch_sgd(batches,w,b,lr):
    p=[torch.nn.Parameter(w.detach().clone()),torch.nn.Parameter(b.detach().clone())]
    o=torch.optim.SGD(p,lr=lr)
    for X,y in batches:
        o.zero_grad(); (F.mse_loss(X@p[0]+p[1],y)/2).backward(); o.step()
    return p[0].data,p[1].data


# %% minibatch_sgd: reduce, again
from functools import reduce
def minibatch_sgd(batches,w,b,lr):
    def step(s,batch):
        w,b=s; X,y=batch; r=X@w+b-y
        return w-lr*(X*r[:,None]).mean(0),b-lr*r.mean()
    return reduce(step,batches,(w,b))


# %% minibatch_sgd: func.grad
def minibatch_sgd(batches,w,b,lr):
    g=torch.func.grad(lambda w,b,X,y:((X@w+b-y)**2).mean()/2,argnums=(0,1))
    w,b=w.detach(),b.detach()
    for X,y in batches:
        gw,gb=g(w,b,X,y)
        w,b=w-lr*gw,b-lr*gb
    return w,b


# %% huber: where
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: strict condition, squares
def huber(y_hat, y, delta):
    r = y_hat - y
    return torch.where(torch.abs(r) < delta, 0.5 * r * r, delta * torch.abs(r) - 0.5 * delta ** 2)


# %% huber: F.huber_loss
from torch.nn import functional as F
def huber(y_hat, y, delta):
    return F.huber_loss(y_hat, y, reduction="none", delta=delta)


# %% huber: nn.HuberLoss
from torch import nn
def huber(y_hat, y, delta):
    return nn.HuberLoss(reduction="none", delta=delta)(y_hat, y)


# %% huber: smooth l1 times delta
from torch.nn import functional as F
def huber(y_hat, y, delta):
    return delta * F.smooth_l1_loss(y_hat, y, reduction="none", beta=delta)


# %% huber: clamp
def huber(y_hat, y, delta):
    a = (y_hat - y).abs()
    c = a.clamp(max=delta)
    return c * (a - c / 2)


# %% huber: list comprehension
def huber(y_hat, y, delta):
    def one(r):
        r = abs(r)
        return r * r / 2 if r <= delta else delta * (r - delta / 2)
    return torch.tensor([one(p - t) for p, t in zip(y_hat.tolist(), y.tolist())])


# %% huber: loop
def huber(y_hat, y, delta):
    out = torch.zeros(len(y))
    for i in range(len(y)):
        r = torch.abs(y_hat[i] - y[i])
        if r <= delta:
            out[i] = 0.5 * r ** 2
        else:
            out[i] = delta * (r - 0.5 * delta)
    return out


# %% huber: numpy where
import numpy as np
def huber(y_hat, y, delta):
    r = np.abs(y_hat.numpy() - y.numpy())
    return torch.from_numpy(np.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2)))


# %% huber: mask and assignment
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    loss = 0.5 * r ** 2
    big = r > delta
    loss[big] = delta * (r[big] - delta / 2)
    return loss


# %% huber: booleans as numbers, float64
def huber(y_hat, y, delta=1.0):
    r = (y_hat.double() - y.double()).abs()
    small = (r <= delta).double()
    return small * r.pow(2) / 2 + (1 - small) * delta * (r - delta / 2)


# %% huber: nested helper and map
def huber(y_hat, y, delta):
    square = lambda r: r.square().div(2)
    line = lambda r: delta * (r - delta / 2)
    return torch.stack([square(r) if r <= delta else line(r) for r in (y_hat - y).abs()])


# %% huber: index_put
def huber(y_hat, y, delta):
    r = torch.abs(y_hat - y)
    where = torch.nonzero(r > delta, as_tuple=True)
    return (r * r / 2).index_put(where, delta * (r[where] - delta / 2))


# %% huber: F
import torch.nn.functional as F
def huber(y_hat,y,delta): return F.huber_loss(y_hat,y,reduction="none",delta=delta)


# %% huber: smooth_l1
import torch.nn.functional as F
def huber(y_hat,y,delta): return delta*F.smooth_l1_loss(y_hat,y,reduction="none",beta=delta)


# %% huber: integral - softshrink
import torch.nn.functional as F
def huber(y_hat,y,delta):
    r=(y_hat-y).double()
    e=F.softshrink(r,delta)
    return ((r-e)**2/2+delta*e.abs()).float()


# %% huber: vmap where
def huber(y_hat,y,delta):
    def one(a,b):
        r=(a-b).abs()
        return torch.where(r>delta,delta*(r-delta/2),r*r/2)
    return torch.vmap(one)(y_hat,y)


# %% step_on_sum: divide the gradient
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum / batch_size


# %% step_on_sum: divide the rate
def step_on_sum(w, grad_of_sum, lr, batch_size):
    rate = lr / batch_size
    return w - rate * grad_of_sum


# %% step_on_sum: alpha
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return torch.sub(w, grad_of_sum, alpha=lr / batch_size)


# %% step_on_sum: in place on a clone
def step_on_sum(w, grad_of_sum, lr, batch_size):
    new = w.clone()
    new -= lr * (grad_of_sum / batch_size)
    return new


# %% step_on_sum: SGD
def step_on_sum(w, grad_of_sum, lr, batch_size):
    p = torch.nn.Parameter(w.clone())
    p.grad = (grad_of_sum / batch_size).clone()
    torch.optim.SGD([p], lr=lr).step()
    return p.data


# %% step_on_sum: numpy
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return torch.from_numpy(w.numpy() - lr * grad_of_sum.numpy() / batch_size)


# %% step_on_sum: comprehension
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return torch.tensor([a - lr * g / batch_size for a, g in zip(w.tolist(), grad_of_sum.tolist())])


# %% step_on_sum: lambda, float64
step_on_sum = lambda w, g, lr, n: w.double() - lr * g.double() / n


# %% step_on_sum: loop
def step_on_sum(w, grad_of_sum, lr, batch_size):
    out = torch.empty(len(w))
    for i in range(len(w)):
        out[i] = w[i] - lr * grad_of_sum[i] / batch_size
    return out


# %% step_on_sum: addcdiv
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return torch.addcdiv(w, grad_of_sum, torch.tensor(float(batch_size)), value=-lr)


# %% step_on_sum: helper with the mean's gradient
def mean_gradient(g, n):
    return g / n
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w.add(mean_gradient(grad_of_sum, batch_size).mul(-lr))


# %% largest_rate: eigvalsh
def largest_rate(X):
    H = X.T @ X / len(X)
    return 2 / torch.linalg.eigvalsh(H)[-1]


# %% largest_rate: a float
def largest_rate(X):
    n = X.shape[0]
    lam = torch.linalg.eigvalsh(X.t().mm(X) / n).max().item()
    return 2 / lam


# %% largest_rate: singular values
def largest_rate(X):
    s = torch.linalg.svdvals(X)
    return 2 * len(X) / s[0] ** 2


# %% largest_rate: spectral norm
def largest_rate(X):
    return 2 / (torch.linalg.matrix_norm(X, ord=2) ** 2 / X.size(0))


# %% largest_rate: numpy
import numpy as np
def largest_rate(X):
    A = X.numpy()
    return float(2 / np.linalg.eigvalsh(A.T @ A / len(A)).max())


# %% largest_rate: numpy scalar made a tensor, float64
import numpy as np
def largest_rate(X):
    A = X.numpy().astype(np.float64)
    values, vectors = np.linalg.eigh(A.T.dot(A) / A.shape[0])
    return torch.tensor(2 / values[-1])


# %% largest_rate: complex eigenvalues, real part
def largest_rate(X):
    H = torch.einsum("ni,nj->ij", X, X) / len(X)
    return 2 / torch.linalg.eigvals(H).real.max()


# %% largest_rate: the other Gram matrix
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.double() @ X.double().T / len(X)).amax()


# %% largest_rate: Hessian by autograd
def largest_rate(X):
    def loss(w):
        return ((X @ w) ** 2).mean() / 2
    H = torch.autograd.functional.hessian(loss, torch.zeros(X.shape[1]))
    return 2 / torch.linalg.eigvalsh(H)[-1]


# %% largest_rate: repeated squaring
def largest_rate(X):
    H = X.double().T @ X.double() / len(X)
    v = H
    for _ in range(30):
        v = v @ v
        v = v / v.norm()
    v = v @ torch.linspace(1, 2, len(H), dtype=torch.float64)
    return (2 * (v @ v) / (v @ H @ v)).item()


# %% largest_rate: sum of outer products
def largest_rate(X, dtype=torch.float64):
    H = sum(torch.outer(x, x) for x in X.to(dtype)) / len(X)
    return 2.0 / float(torch.linalg.eigh(H).eigenvalues[-1])


# %% largest_rate: hessian
def largest_rate(X):
    d=X.shape[1]
    H=torch.autograd.functional.hessian(lambda w:0.5*((X@w)**2).mean(),torch.zeros(d))
    return 2/torch.linalg.eigvalsh(H).max()


# %% largest_rate: pca
def largest_rate(X):
    H=torch.einsum("ni,nj->ij",X,X)/X.size(0)
    return 2/torch.linalg.norm(H,ord=2)
