"""Wrong answers to the exercises of lesson 02; each fails its check. A comment says for which input, or which rule it breaks."""
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


# %% least_squares: bias afterwards
# wrong: w was fitted without the bias
def least_squares(X, y):
    w = torch.linalg.lstsq(X, y).solution
    return w, (y - X @ w).mean()


# %% least_squares: bias is the mean label
# wrong: X not centred has its share in b
def least_squares(X, y):
    Xc = X - X.mean(0)
    w = torch.linalg.lstsq(Xc, y - y.mean()).solution
    return w, y.mean()


# %% least_squares: labels centred only
# wrong: X with a mean other than 0
def least_squares(X, y):
    w = torch.linalg.lstsq(X, y - y.mean()).solution
    return w, y.mean() - X.mean(0) @ w


# %% least_squares: mean over everything
# wrong: X.mean() instead of X.mean(0), d > 1
def least_squares(X, y):
    w = torch.linalg.lstsq(X - X.mean(0), y - y.mean()).solution
    return w, y.mean() - X.mean() * w.sum()


# %% least_squares: order
# wrong: (b, w)
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    s = torch.linalg.lstsq(A, y).solution
    return s[-1], s[:-1]


# %% least_squares: ones in front, split at the end
# wrong: the bias is the first
def least_squares(X, y):
    A = torch.cat([torch.ones(len(X), 1), X], 1)
    s = torch.linalg.lstsq(A, y).solution
    return s[:-1], s[-1]


# %% least_squares: bias of shape (1,)
# wrong: not 0-dimensional
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    s = torch.linalg.lstsq(A, y).solution
    return s[:-1], s[-1:]


# %% least_squares: w as a column
# wrong: (d, 1)
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    s = torch.linalg.lstsq(A, y.reshape(-1, 1)).solution
    return s[:-1], s[-1, 0]


# %% least_squares: ridge
# wrong: a penalty pulls the weights to 0
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1).double()
    s = torch.linalg.solve(A.T @ A + 0.1 * torch.eye(A.shape[1]).double(), A.T @ y.double()).float()
    return s[:-1], s[-1]


# %% least_squares: training
# rule: in one go and without training
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1).double()
    y = y.double()
    s = torch.zeros(A.shape[1]).double()
    lr = 1 / torch.linalg.eigvalsh(A.T @ A / len(A))[-1]
    for _ in range(8000):
        s = s - lr * A.T @ (A @ s - y) / len(A)
        if (A.T @ (A @ s - y)).abs().max() < 1e-7:
            break
    return s[:-1].float(), s[-1].float()


# %% least_squares: squeeze at the end
# wrong: d = 1
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    s = torch.linalg.lstsq(A, y).solution
    return s[:-1].squeeze(), s[-1]


# %% least_squares: centred in place
# wrong: X and y are changed
def least_squares(X, y):
    mx, my = X.mean(0), y.mean()
    X -= mx
    y -= my
    w = torch.linalg.lstsq(X, y).solution
    return w, my - mx @ w


# %% least_squares: slope of one feature
# wrong: d > 1
def least_squares(X, y):
    x = X[:, 0]
    w = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    return w.reshape(1), y.mean() - w * x.mean()


# %% least_squares: each feature alone
# wrong: correlated features, d > 1
def least_squares(X, y):
    Xc = X - X.mean(0)
    w = (Xc * (y - y.mean())[:, None]).sum(0) / (Xc ** 2).sum(0)
    return w, y.mean() - X.mean(0) @ w


# %% least_squares: sign of the bias
# wrong: sign
def least_squares(X, y):
    A = torch.cat([X, -torch.ones(len(X), 1)], 1)
    s = torch.linalg.lstsq(A, y).solution
    return s[:-1], s[-1]


# %% least_squares: a row of ones
# wrong: an extra sample, not an extra feature
def least_squares(X, y):
    A = torch.cat([X, torch.ones(1, X.shape[1])], 0)
    t = torch.cat([y, torch.ones(1)])
    s = torch.linalg.lstsq(A, t).solution
    return s, s.mean()


# %% least_squares: inverse forgotten
# wrong: A.T y only
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    s = A.T @ y / len(y)
    return s[:-1], s[-1]


# %% least_squares: first d + 1 samples
# wrong: n > d + 1, only fits the first ones
def least_squares(X, y):
    m = X.shape[1] + 1
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    s = torch.linalg.solve(A[:m], y[:m])
    return s[:-1], s[-1]


# %% least_squares: no return
# wrong: None
def least_squares(X, y):
    A = torch.cat([X, torch.ones(len(X), 1)], 1)
    s = torch.linalg.lstsq(A, y).solution
    w, b = s[:-1], s[-1]


# %% least_squares: cached pinv by shape
C={}
def least_squares(X,y):
    A=torch.cat([X,torch.ones(len(X),1)],1)
    if A.shape not in C: C[A.shape]=torch.linalg.pinv(A)
    t=C[A.shape]@y; return t[:-1],t[-1]


# %% least_squares: 2 decimals
def least_squares(X,y):
    t=torch.linalg.lstsq(torch.cat([X,torch.ones(len(X),1)],1),y[:,None]).solution[:,0].round(decimals=3); return t[:-1],t[-1]


# %% least_squares: trained in NumPy
def least_squares(X, y):
    import numpy as np
    A, target = np.c_[X.numpy().astype(float), np.ones(len(X))], y.numpy().astype(float)
    v = np.zeros(A.shape[1])
    rate = 1 / np.linalg.eigvalsh(A.T @ A)[-1]
    for _ in range(3000):
        v = v - rate * A.T @ (A @ v - target)
    return torch.tensor(v[:-1]).float(), torch.tensor(v[-1]).float()


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


# %% mse_gradient: weights summed, bias averaged
# wrong: gw, n > 1
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.T @ r, r.mean()


# %% mse_gradient: bias summed
# wrong: gb, n > 1
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.T @ r / len(y), r.sum()


# %% mse_gradient: halved
# wrong: half of the gradient
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.T @ r / (2 * len(y)), r.mean() / 2


# %% mse_gradient: no bias in the residual
# wrong: b != 0
def mse_gradient(X, y, w, b):
    r = X @ w - y
    return X.T @ r / len(y), r.mean()


# %% mse_gradient: divided by d
# wrong: X.shape[1]
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.T @ r / X.shape[1], r.mean()


# %% mse_gradient: n - 1
# wrong: divided by n - 1
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    n = max(len(y) - 1, 1)
    return X.T @ r / n, r.sum() / n


# %% mse_gradient: product of the means
# wrong: n > 1
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.mean(0) * r.mean(), r.mean()


# %% mse_gradient: not turned
# wrong: X @ r, fails unless square
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X @ r / len(y), r.mean()


# %% mse_gradient: order
# wrong: (gb, gw)
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return r.mean(), X.T @ r / len(y)


# %% mse_gradient: autograd
# rule: without autograd
def mse_gradient(X, y, w, b):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    (0.5 * (X @ w + b - y) ** 2).mean().backward()
    return w.grad, b.grad


# %% mse_gradient: autograd.grad and mse_loss
# rule: without autograd
from torch.nn import functional as F
def mse_gradient(X, y, w, b):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    return torch.autograd.grad(F.mse_loss(X @ w + b, y) / 2, (w, b))


# %% mse_gradient: torch.func.grad
# rule: without autograd
from torch.func import grad
def mse_gradient(X, y, w, b):
    return grad(lambda w, b: ((X @ w + b - y) ** 2 / 2).mean(), argnums=(0, 1))(w, b)


# %% mse_gradient: jacobian
# rule: without autograd
def mse_gradient(X, y, w, b):
    f = lambda w, b: ((X @ w + b - y) ** 2 / 2).mean()
    return torch.autograd.functional.jacobian(f, (w, b))


# %% mse_gradient: residual as a column
# wrong: (n, 1) against (n,) makes (n, n), n > 1
def mse_gradient(X, y, w, b):
    r = X @ w.reshape(-1, 1) + b - y
    return (X.T @ r).mean(1), r.mean()


# %% mse_gradient: bias of shape (1,)
# wrong: not 0-dimensional
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.T @ r / len(y), r.mean(0, keepdim=True)


# %% mse_gradient: labels changed
# wrong: y is changed in place
def mse_gradient(X, y, w, b):
    y -= X @ w + b
    return -X.T @ y / len(y), -y.mean()


# %% mse_gradient: squeeze at the end
# wrong: d = 1
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return (X.T @ r / len(y)).squeeze(), r.mean()


# %% mse_gradient: mean of all
# wrong: one number for all weights, d > 1
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return (r[:, None] * X).mean().expand(len(w)).clone(), r.mean()


# %% mse_gradient: averaged twice
# wrong: n > 1
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return (r[:, None] * X).mean(0) / len(y), r.mean() / len(y)


# %% mse_gradient: residual times a row
# wrong: r aligned with the columns; square X, others fail
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return (r * X).mean(0), r.mean()


# %% mse_gradient: no return
# wrong: None
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    gw, gb = X.T @ r / len(y), r.mean()


# %% mse_gradient: the loss itself squared
# wrong: r squared
def mse_gradient(X, y, w, b):
    r = (X @ w + b - y) ** 2 / 2
    return X.T @ r / len(y), r.mean()


# %% mse_gradient: aten ops mse_loss_backward
def mse_gradient(X,y,w,b):
    g=torch.ops.aten.mse_loss_backward(torch.tensor(0.5),X@w+b,y,1); return X.T@g,g.sum()


# %% mse_gradient: cache X.T X by shape
C={}
def mse_gradient(X,y,w,b):
    H=C.setdefault(X.shape,(X.T@X,X.mean(0)))[0]; n=len(y); return (H@w+X.sum(0)*b-X.T@y)/n,(X@w+b-y).mean()


# %% mse_gradient: clip 
def mse_gradient(X,y,w,b):
    r=(X@w+b-y).clamp(-10,10); return X.T@r/len(y),r.mean()


# %% mse_gradient: n fixed by first call
N=[]
def mse_gradient(X,y,w,b):
    N.append(len(y)); r=X@w+b-y; return X.T@r/N[0],r.sum()/N[0]


# %% mse_gradient: mean over all entries of X
# wrong: divided by n d, for d > 1
def mse_gradient(X, y, w, b):
    r = X @ w + b - y
    return X.T @ r / X.numel(), r.mean()


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


# %% minibatch_sgd: requires_grad_ on the arguments
# wrong: w and b are left with requires_grad switched on
def minibatch_sgd(batches, w, b, lr):
    w.requires_grad_()
    b.requires_grad_()
    for X, y in batches:
        loss = ((X @ w + b - y) ** 2).mean() / 2
        gw, gb = torch.autograd.grad(loss, (w, b))
        w, b = (w - lr * gw).detach().requires_grad_(), (b - lr * gb).detach().requires_grad_()
    return w.detach(), b.detach()


# %% minibatch_sgd: detach shares memory
# wrong: w and b are changed, detach() is no copy
def minibatch_sgd(batches, w, b, lr):
    w, b = w.detach(), b.detach()
    for X, y in batches:
        r = X @ w + b - y
        w -= lr * X.T @ r / len(y)
        b -= lr * r.mean()
    return w, b


# %% minibatch_sgd: Parameter shares memory
# wrong: the optimiser changes w and b
def minibatch_sgd(batches, w, b, lr):
    pw, pb = torch.nn.Parameter(w), torch.nn.Parameter(b)
    opt = torch.optim.SGD([pw, pb], lr=lr)
    for X, y in batches:
        opt.zero_grad()
        (((X @ pw + pb - y) ** 2).mean() / 2).backward()
        opt.step()
    return pw.detach(), pb.detach()


# %% minibatch_sgd: numpy shares memory
# wrong: w is changed through w.numpy()
def minibatch_sgd(batches, w, b, lr):
    v, c = w.numpy(), b.item()
    for X, y in batches:
        r = X.numpy() @ v + c - y.numpy()
        v -= lr * X.numpy().T @ r / len(r)
        c -= lr * float(r.mean())
    return torch.from_numpy(v), torch.tensor(c)


# %% minibatch_sgd: MSE without the half
# wrong: twice the gradient
from torch.nn import functional as F
def minibatch_sgd(batches, w, b, lr):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    opt = torch.optim.SGD([w, b], lr=lr)
    for X, y in batches:
        opt.zero_grad()
        F.mse_loss(X @ w + b, y).backward()
        opt.step()
    return w.detach(), b.detach()


# %% minibatch_sgd: size of the first batch
# wrong: a short last batch
def minibatch_sgd(batches, w, b, lr):
    m = len(batches[0][1])
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / m, b - lr * r.sum() / m
    return w, b


# %% minibatch_sgd: return in the loop
# wrong: only the first batch
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
        return w, b


# %% minibatch_sgd: only the last batch
# wrong: always starts from the first w and b
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        new_w, new_b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return new_w, new_b


# %% minibatch_sgd: gradients all at the start
# wrong: two batches or more
def minibatch_sgd(batches, w, b, lr):
    gw, gb = torch.zeros_like(w), torch.zeros_like(b)
    for X, y in batches:
        r = X @ w + b - y
        gw += X.T @ r / len(y)
        gb += r.mean()
    return w - lr * gw, b - lr * gb


# %% minibatch_sgd: full batch
# wrong: one step on all the data
def minibatch_sgd(batches, w, b, lr):
    X = torch.cat([x for x, _ in batches])
    y = torch.cat([t for _, t in batches])
    r = X @ w + b - y
    return w - lr * X.T @ r / len(y), b - lr * r.mean()


# %% minibatch_sgd: new w in the gradient of b
# wrong: the residual is computed anew after w's update
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        w = w - lr * X.T @ (X @ w + b - y) / len(y)
        b = b - lr * (X @ w + b - y).mean()
    return w, b


# %% minibatch_sgd: bias forgotten
# wrong: b never moves
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w = w - lr * X.T @ r / len(y)
    return w, b


# %% minibatch_sgd: gradients not cleared
# wrong: two batches or more
def minibatch_sgd(batches, w, b, lr):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    opt = torch.optim.SGD([w, b], lr=lr)
    for X, y in batches:
        (((X @ w + b - y) ** 2).mean() / 2).backward()
        opt.step()
    return w.detach(), b.detach()


# %% minibatch_sgd: momentum
# wrong: two batches or more
def minibatch_sgd(batches, w, b, lr):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    opt = torch.optim.SGD([w, b], lr=lr, momentum=0.9)
    for X, y in batches:
        opt.zero_grad()
        (((X @ w + b - y) ** 2).mean() / 2).backward()
        opt.step()
    return w.detach(), b.detach()


# %% minibatch_sgd: pop
# wrong: the list comes out empty
def minibatch_sgd(batches, w, b, lr):
    while batches:
        X, y = batches.pop(0)
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% minibatch_sgd: pop from the end
# wrong: order reversed, and the list comes out empty
def minibatch_sgd(batches, w, b, lr):
    while batches:
        X, y = batches.pop()
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% minibatch_sgd: reversed
# wrong: not in order
def minibatch_sgd(batches, w, b, lr):
    for X, y in reversed(batches):
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% minibatch_sgd: short batch skipped
# wrong: last batch shorter than the first
def minibatch_sgd(batches, w, b, lr):
    m = len(batches[0][1])
    for X, y in batches:
        if len(y) < m:
            continue
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% minibatch_sgd: rate over the number of batches
# wrong: two batches or more
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr / len(batches) * X.T @ r / len(y), b - lr / len(batches) * r.mean()
    return w, b


# %% minibatch_sgd: order of the result
# wrong: (b, w)
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return b, w


# %% minibatch_sgd: last batch left out
# wrong: off by one
def minibatch_sgd(batches, w, b, lr):
    for i in range(len(batches) - 1):
        X, y = batches[i]
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% minibatch_sgd: no return
# wrong: None
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()


# %% minibatch_sgd: labels centred in place
# wrong: y of every batch is changed
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        y.sub_(X @ w + b)
        w, b = w + lr * X.T @ y / len(y), b + lr * y.mean()
    return w, b


# %% minibatch_sgd: all at once
def minibatch_sgd(batches,w,b,lr):
    X=torch.cat([p for p,_ in batches]); y=torch.cat([q for _,q in batches]); r=X@w+b-y
    return w-lr*X.T@r/len(y),b-lr*r.mean()


# %% minibatch_sgd: without half
def minibatch_sgd(batches,w,b,lr):
    for X,y in batches:
        r=X@w+b-y; w=w-2*lr*X.T@r/len(y); b=b-2*lr*r.mean()
    return w,b


# %% minibatch_sgd: returns what it was given
# wrong: the updates stay in other names
def minibatch_sgd(batches, w, b, lr):
    new_w, new_b = w, b
    for X, y in batches:
        r = X @ new_w + new_b - y
        new_w, new_b = new_w - lr * X.T @ r / len(y), new_b - lr * r.mean()
    return w, b


# %% minibatch_sgd: all batches but the last are as long as the first
def minibatch_sgd(batches, w, b, lr):
    for i, (X, y) in enumerate(batches):
        m = len(batches[0][1]) if i < len(batches) - 1 else len(y)
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / m, b - lr * r.sum() / m
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


# %% huber: half forgotten
# wrong: small residuals
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2, delta * (r - delta / 2))


# %% huber: condition without abs
# wrong: residuals below -delta
def huber(y_hat, y, delta):
    r = y_hat - y
    return torch.where(r <= delta, r ** 2 / 2, delta * (r.abs() - delta / 2))


# %% huber: line without abs
# wrong: residuals below -delta
def huber(y_hat, y, delta):
    r = y_hat - y
    return torch.where(r.abs() <= delta, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: delta / 2 not multiplied
# wrong: delta != 1
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * r - delta / 2)


# %% huber: whole delta
# wrong: a jump at delta
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta))


# %% huber: line without delta
# wrong: delta != 1
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, r - delta / 2)


# %% huber: mean
# wrong: one number
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2)).mean()


# %% huber: F.huber_loss with its mean
# wrong: one number
from torch.nn import functional as F
def huber(y_hat, y, delta):
    return F.huber_loss(y_hat, y, delta=delta)


# %% huber: F.huber_loss with delta 1
# wrong: delta != 1
from torch.nn import functional as F
def huber(y_hat, y, delta):
    return F.huber_loss(y_hat, y, reduction="none")


# %% huber: smooth l1
# wrong: delta != 1, smooth l1 is divided by it
from torch.nn import functional as F
def huber(y_hat, y, delta):
    return F.smooth_l1_loss(y_hat, y, reduction="none", beta=delta)


# %% huber: branches swapped
# wrong: everything but |r| = delta
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r > delta, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: smaller of the two
# wrong: the line is never above the parabola
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.minimum(r ** 2 / 2, delta * (r - delta / 2))


# %% huber: larger of the two
# wrong: always the parabola
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.maximum(r ** 2 / 2, delta * (r - delta / 2))


# %% huber: residual clamped
# wrong: constant beyond delta
def huber(y_hat, y, delta):
    r = (y_hat - y).clamp(-delta, delta)
    return r ** 2 / 2


# %% huber: in place
# wrong: y_hat is changed
def huber(y_hat, y, delta):
    y_hat -= y
    r = y_hat.abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: abs in place of the argument
# wrong: y_hat is changed
def huber(y_hat, y, delta):
    r = y_hat.sub_(y).abs_()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: one branch for all
# wrong: small and large residuals together
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    if r.max() <= delta:
        return r ** 2 / 2
    return delta * (r - delta / 2)


# %% huber: limit 1
# wrong: delta != 1
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= 1, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: condition on the square
# wrong: r^2 against delta, delta != 1
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r ** 2 <= delta, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: pseudo-Huber
# wrong: another function
def huber(y_hat, y, delta):
    r = y_hat - y
    return delta ** 2 * (torch.sqrt(1 + (r / delta) ** 2) - 1)


# %% huber: squeeze at the end
# wrong: n = 1
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2)).squeeze()


# %% huber: column of residuals
# wrong: (n, n), n > 1
def huber(y_hat, y, delta):
    r = (y_hat.reshape(-1, 1) - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: whole delta // 2
# wrong: delta 1 or 2.5 give 0 and 1
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta // 2))


# %% huber: no return
# wrong: None
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    torch.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2))


# %% huber: delta int
def huber(y_hat,y,delta):
    r=(y_hat-y).abs(); delta=int(delta) or delta; return torch.where(r<=delta,r**2/2,delta*(r-delta/2))


# %% huber: equality zero
def huber(y_hat,y,delta):
    r=(y_hat-y).abs(); return (r<delta)*r**2/2+(r>delta)*delta*(r-delta/2)


# %% huber: equality twice
def huber(y_hat,y,delta):
    r=(y_hat-y).abs(); return (r<=delta)*r**2/2+(r>=delta)*delta*(r-delta/2)


# %% huber: default delta 1
def huber(y_hat,y,delta=1.0):
    r=(y_hat-y).abs(); return torch.where(r<=1,r**2/2,r-0.5)


# %% huber: half
def huber(y_hat,y,delta):
    r=(y_hat-y).half().abs(); return torch.where(r<=delta,r**2/2,delta*(r-delta/2)).float()


# %% huber: delta by first call
D=[]
def huber(y_hat,y,delta):
    D.append(delta); delta=D[0]; r=(y_hat-y).abs(); return torch.where(r<=delta,r**2/2,delta*(r-delta/2))


# %% huber: sum
# wrong: one number
def huber(y_hat, y, delta):
    r = (y_hat - y).abs()
    return torch.where(r <= delta, r ** 2 / 2, delta * (r - delta / 2)).sum()


# %% huber: absolute value
# wrong: residuals within delta, and beyond
def huber(y_hat, y, delta):
    return (y_hat - y).abs()


# %% step_on_sum: forgets the batch size
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum


# %% step_on_sum: multiplies by it
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * batch_size * grad_of_sum


# %% step_on_sum: returns the step
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return lr / batch_size * grad_of_sum


# %% step_on_sum: multiplied
# wrong: batch_size > 1
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum * batch_size


# %% step_on_sum: sign
# wrong: uphill
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w + lr * grad_of_sum / batch_size


# %% step_on_sum: in place
# wrong: w is changed
def step_on_sum(w, grad_of_sum, lr, batch_size):
    w -= lr * grad_of_sum / batch_size
    return w


# %% step_on_sum: gradient in place
# wrong: grad_of_sum is changed
def step_on_sum(w, grad_of_sum, lr, batch_size):
    grad_of_sum /= batch_size
    return w - lr * grad_of_sum


# %% step_on_sum: Parameter shares memory
# wrong: w is changed by the optimiser
def step_on_sum(w, grad_of_sum, lr, batch_size):
    p = torch.nn.Parameter(w)
    p.grad = grad_of_sum / batch_size
    torch.optim.SGD([p], lr=lr).step()
    return p.detach()


# %% step_on_sum: divided by the number of weights
# wrong: d != batch_size
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum / len(w)


# %% step_on_sum: gradient's mean
# wrong: d != batch_size, and one number for all weights
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum.mean()


# %% step_on_sum: whole step divided
# wrong: w is divided too, batch_size > 1
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return (w - lr * grad_of_sum) / batch_size


# %% step_on_sum: whole division
# wrong: gradient cut to whole numbers
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * (grad_of_sum // batch_size)


# %% step_on_sum: rate cut to 0
# wrong: lr // batch_size is 0 for lr < batch_size
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - (lr // batch_size) * grad_of_sum


# %% step_on_sum: root of the batch size
# wrong: batch_size > 1
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum / batch_size ** 0.5


# %% step_on_sum: batch_size - 1
# wrong: n - 1
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum / max(batch_size - 1, 1)


# %% step_on_sum: divided twice
# wrong: batch_size > 1
def step_on_sum(w, grad_of_sum, lr, batch_size):
    rate = lr / batch_size
    return w - rate * (grad_of_sum / batch_size)


# %% step_on_sum: step only
# wrong: w is missing
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return -lr * grad_of_sum / batch_size


# %% step_on_sum: rate forgotten
# wrong: lr != 1
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - grad_of_sum / batch_size


# %% step_on_sum: squeeze at the end
# wrong: d = 1
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return (w - lr * grad_of_sum / batch_size).squeeze()


# %% step_on_sum: batch_size + lr brackets
# wrong: divided by lr too
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - grad_of_sum / (batch_size * lr)


# %% step_on_sum: no return
# wrong: None, and w only a local name
def step_on_sum(w, grad_of_sum, lr, batch_size):
    w = w - lr * grad_of_sum / batch_size


# %% step_on_sum: batch of five
# wrong: batch_size other than in the example
def step_on_sum(w, grad_of_sum, lr, batch_size):
    return w - lr * grad_of_sum / 5


# %% step_on_sum: cached lr/batch
S=[]
def step_on_sum(w,grad_of_sum,lr,batch_size):
    S.append(batch_size); return w-lr*grad_of_sum/S[0]


# %% step_on_sum: gradient clipping
def step_on_sum(w,grad_of_sum,lr,batch_size): return w-lr*(grad_of_sum/batch_size).clamp(-5,5)


# %% step_on_sum: clipping 100
def step_on_sum(w,grad_of_sum,lr,batch_size): return w-lr*(grad_of_sum/batch_size).clamp(-100,100)


# %% step_on_sum: lerp fail sign zero
def step_on_sum(w,grad_of_sum,lr,batch_size): return w*(1-lr*grad_of_sum/batch_size/w)


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


# %% largest_rate: 1 over the eigenvalue
# wrong: half the bound
def largest_rate(X):
    return 1 / torch.linalg.eigvalsh(X.T @ X / len(X))[-1]


# %% largest_rate: smallest eigenvalue
# wrong: d > 1
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X / len(X))[0]


# %% largest_rate: not averaged
# wrong: n > 1
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X)[-1]


# %% largest_rate: divided by d
# wrong: n != d
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X / X.shape[1])[-1]


# %% largest_rate: n - 1
# wrong: n - 1
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X / max(len(X) - 1, 1))[-1]


# %% largest_rate: trace
# wrong: sum of the eigenvalues, d > 1
def largest_rate(X):
    return 2 / torch.trace(X.T @ X / len(X))


# %% largest_rate: diagonal
# wrong: correlated features
def largest_rate(X):
    return 2 / torch.diag(X.T @ X / len(X)).max()


# %% largest_rate: largest entry
# wrong: entries are not eigenvalues, d > 1
def largest_rate(X):
    return 2 / (X.T @ X / len(X)).max()


# %% largest_rate: the eigenvalue
# wrong: lambda instead of 2 / lambda
def largest_rate(X):
    return torch.linalg.eigvalsh(X.T @ X / len(X))[-1]


# %% largest_rate: upside down
# wrong: lambda / 2
def largest_rate(X):
    return torch.linalg.eigvalsh(X.T @ X / len(X))[-1] / 2


# %% largest_rate: all bounds
# wrong: a vector, d > 1; shape (1,) for d = 1
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X / len(X))


# %% largest_rate: singular value not squared
# wrong: square missing
def largest_rate(X):
    return 2 * len(X) / torch.linalg.svdvals(X)[0]


# %% largest_rate: Frobenius norm
# wrong: d > 1
def largest_rate(X):
    return 2 / torch.linalg.norm(X.T @ X / len(X))


# %% largest_rate: largest row sum
# wrong: only an upper bound of the eigenvalue, d > 1
def largest_rate(X):
    H = X.T @ X / len(X)
    return 2 / H.abs().sum(1).max()


# %% largest_rate: covariance
# wrong: X whose columns' means are not 0
def largest_rate(X):
    Xc = X - X.mean(0)
    return 2 / torch.linalg.eigvalsh(Xc.T @ Xc / len(X))[-1]


# %% largest_rate: in place
# wrong: X is changed
def largest_rate(X):
    X /= len(X) ** 0.5
    return 2 / torch.linalg.eigvalsh(X.T @ X)[-1]


# %% largest_rate: eigenvalue of X
# wrong: X square only, and not squared
def largest_rate(X):
    return 2 / torch.linalg.eigvals(X).abs().max()


# %% largest_rate: one power step
# wrong: d > 1, far from the eigenvector
def largest_rate(X):
    H = X.T @ X / len(X)
    v = torch.ones(len(H)) / len(H) ** 0.5
    return 2 / (v @ H @ v)


# %% largest_rate: Hessian of the loss without the half
# wrong: twice the Hessian
def largest_rate(X):
    H = 2 * X.T @ X / len(X)
    return 2 / torch.linalg.eigvalsh(H)[-1]


# %% largest_rate: mean eigenvalue
# wrong: d > 1
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X / len(X)).mean()


# %% largest_rate: first of eigvals
# wrong: eigvals are not sorted
def largest_rate(X):
    return 2 / torch.linalg.eigvals(X.T @ X / len(X)).real[0]


# %% largest_rate: no return
# wrong: None
def largest_rate(X):
    rate = 2 / torch.linalg.eigvalsh(X.T @ X / len(X))[-1]


# %% largest_rate: power iteration 5
def largest_rate(X):
    H=X.T@X/len(X); v=torch.ones(X.shape[1])
    for _ in range(5): v=H@v; v=v/v.norm()
    return 2/(v@H@v)


# %% largest_rate: power iteration 50 from ones (fails where ones orthogonal or gap small)
def largest_rate(X):
    H=X.T@X/len(X); v=torch.ones(X.shape[1])
    for _ in range(50): v=H@v; v=v/v.norm()
    return 2/(v@H@v)


# %% largest_rate: power iteration 1000 from ones (nan if orthogonal)
def largest_rate(X):
    H=(X.T@X/len(X)).double(); v=torch.ones(X.shape[1]).double()
    for _ in range(1000): v=H@v; v=v/v.norm()
    return 2/(v@H@v)


# %% largest_rate: power iteration 2000 from e1 (diagonal H fails)
def largest_rate(X):
    H=(X.T@X/len(X)).double(); v=torch.eye(X.shape[1]).double()[0]
    for _ in range(2000): v=H@v; v=v/v.norm()
    return 2/(v@H@v)


# %% largest_rate: round 3
def largest_rate(X): return round(float(2/torch.linalg.eigvalsh(X.T@X/len(X))[-1]),3)


# %% largest_rate: sum of the smallest and the largest
# wrong: 2 / (smallest + largest), the rate at which descent is fastest
def largest_rate(X):
    curvatures = torch.linalg.eigvalsh(X.T @ X / len(X))
    return 2 / (curvatures[0] + curvatures[-1])


# %% largest_rate: multiplied for divided
# wrong: 2 lambda
def largest_rate(X):
    return 2 * torch.linalg.eigvalsh(X.T @ X / len(X))[-1]


# %% largest_rate: singular value of X
# wrong: neither squared nor averaged
def largest_rate(X):
    return 2 / torch.linalg.svdvals(X)[0]


# %% mse_gradient: predictions as a column
# wrong: (n, 1) minus (n,) is (n, n)
def mse_gradient(X, y, w, b):
    r = X @ w[:, None] + b - y
    return X.T @ r / len(y), r.mean()


# %% largest_rate: the last of unsorted eigenvalues
# wrong: eigvals has no order
def largest_rate(X):
    return 2 / torch.linalg.eigvals(X.T @ X / len(X)).real[-1]


# %% largest_rate: of the covariances
# wrong: the features' means are not 0
def largest_rate(X):
    return 2 / torch.linalg.eigvalsh(torch.atleast_2d(torch.cov(X.T)))[-1]


# %% huber: in half precision
# wrong: three digits
def huber(y_hat, y, delta):
    return torch.nn.functional.huber_loss(y_hat, y, reduction="none", delta=delta).half()


# %% huber: PyTorch's as it is
# wrong: the mean, and delta 1
def huber(y_hat, y, delta):
    return torch.nn.functional.huber_loss(y_hat, y)


# %% largest_rate: another eigenvalue
# wrong: the second
def largest_rate(X):
    values = torch.linalg.eigvalsh(X.T @ X / len(X))
    return 2 / values[min(1, len(values) - 1)]


# %% minibatch_sgd: no bias in the prediction
# wrong: X w is not what the model predicts
def minibatch_sgd(batches, w, b, lr):
    for X, y in batches:
        r = X @ w - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b


# %% minibatch_sgd: takes the gradients off
# wrong: the caller's w and b may have some
def minibatch_sgd(batches, w, b, lr):
    w.grad = b.grad = None
    for X, y in batches:
        r = X @ w + b - y
        w, b = w - lr * X.T @ r / len(y), b - lr * r.mean()
    return w, b
