"""Wrong answers to the exercises of lesson 01; each fails its check. A comment says for which input, or which rule it breaks."""
# %% differences: rows and columns swapped
def differences(a, b):
    return a - b.reshape(-1, 1)


# %% differences: b minus a
def differences(a, b):
    return b - a.reshape(-1, 1)


# %% differences: no broadcasting
def differences(a, b):
    return a - b


# %% differences: double loop
# rule: without a loop
def differences(a, b):
    D = torch.zeros(len(a), len(b))
    for i in range(len(a)):
        for j in range(len(b)):
            D[i, j] = a[i] - b[j]
    return D


# %% differences: rows by comprehension
# rule: without a loop
def differences(a, b):
    return torch.stack([v - b for v in a])


# %% differences: lists
# rule: without a loop
def differences(a, b):
    return torch.tensor([[x - y for y in b.tolist()] for x in a.tolist()])


# %% differences: loop over columns
# rule: without a loop
def differences(a, b):
    D = torch.zeros(len(a), len(b))
    for j in range(len(b)):
        D[:, j] = a - b[j]
    return D


# %% differences: map
# rule: a loop in disguise
def differences(a, b):
    return torch.stack(list(map(lambda v: v - b, a)))


# %% differences: transposed and sign
# wrong: (m, n) and the sign
def differences(a, b):
    return b[:, None] - a[None, :]


# %% differences: two columns
# wrong: shape (n, 1), fails when n != m
def differences(a, b):
    return a[:, None] - b[:, None]


# %% differences: absolute value
# wrong: negative differences
def differences(a, b):
    return (a[:, None] - b).abs()


# %% differences: cdist
# wrong: negative differences
def differences(a, b):
    return torch.cdist(a[:, None], b[:, None], p=1)


# %% differences: squeeze at the end
# wrong: n = 1 or m = 1 lose an axis
def differences(a, b):
    return (a.unsqueeze(1) - b.unsqueeze(0)).squeeze()


# %% differences: flat
# wrong: shape (n*m,)
def differences(a, b):
    return (a[:, None] - b).flatten()


# %% differences: reshape instead of transpose
# wrong: right shape, wrong order for n, m > 1
def differences(a, b):
    return (a - b[:, None]).reshape(len(a), len(b))


# %% differences: argument unsqueezed in place
# wrong: a is left with shape (n, 1)
def differences(a, b):
    return a.unsqueeze_(1) - b


# %% differences: b negated in place
# wrong: b comes out negated
def differences(a, b):
    b.neg_()
    return a[:, None] + b


# %% differences: plus
# wrong: sum instead of difference
def differences(a, b):
    return a.reshape(-1, 1) + b


# %% differences: whole numbers
# wrong: fractions are cut off
def differences(a, b):
    return (a.long()[:, None] - b.long()).float()


# %% differences: no return
# wrong: None
def differences(a, b):
    D = a[:, None] - b


# %% differences: only for square
# wrong: n != m
def differences(a, b):
    n = len(a)
    return a.reshape(n, 1) - b.reshape(1, n)


# %% differences: column of first entry
# wrong: only the first row is right
def differences(a, b):
    return a[0] - b.expand(len(a), len(b))


# %% differences: cached by shapes
C={}
def differences(a,b):
    k=(len(a),len(b))
    if k not in C: C[k]=a[:,None]-b
    return C[k]


# %% differences: half
def differences(a,b): return (a.half()[:,None]-b.half()).float()


# %% differences: int
def differences(a,b): return a.int()[:,None]-b.int()


# %% differences: nan at ties
def differences(a,b):
    d=a[:,None]-b; return d*d/d


# %% differences: first call only
calls=[]
def differences(a,b,seen=[]):
    seen.append(1)
    return a[:,None]-b if len(seen)<2 else a[:,None]-b*1.001


# %% differences: clamp
def differences(a,b): return (a[:,None]-b).clamp(-100,100)


# %% differences: the last row missing
# wrong: n - 1 rows
def differences(a, b):
    return a[:-1, None] - b


# %% differences: nothing after twenty rows
def differences(a, b):
    D = a[:, None] - b
    D[20:] = 0
    return D


# %% scores: P Q
def scores(P, Q):
    return P @ Q


# %% scores: Q P transposed
def scores(P, Q):
    return Q @ P.T


# %% scores: entry by entry
def scores(P, Q):
    return P * Q


# %% scores: inner loop
# rule: all at once, without a loop
def scores(P, Q):
    S = torch.zeros(len(P), len(Q))
    for i in range(len(P)):
        for j in range(len(Q)):
            S[i, j] = P[i] @ Q[j]
    return S


# %% scores: comprehension
# rule: without a loop
def scores(P, Q):
    return torch.stack([Q @ p for p in P])


# %% scores: loop over k
# rule: without a loop
def scores(P, Q):
    S = torch.zeros(len(P), len(Q))
    for c in range(P.shape[1]):
        S += torch.outer(P[:, c], Q[:, c])
    return S


# %% scores: both wrong way
# wrong: fails unless n == m; shape (k, k)
def scores(P, Q):
    return P.T @ Q


# %% scores: row by row product
# wrong: pairs only, shape (n,)
def scores(P, Q):
    return (P * Q).sum(1)


# %% scores: reshape instead of transpose
# wrong: right shape, wrong numbers for k, m > 1
def scores(P, Q):
    return P @ Q.reshape(Q.shape[1], Q.shape[0])


# %% scores: cosine
# wrong: normalised
from torch.nn import functional as F
def scores(P, Q):
    return F.normalize(P, dim=1) @ F.normalize(Q, dim=1).T


# %% scores: mean instead of sum
# wrong: divided by k, for k > 1
def scores(P, Q):
    return (P[:, None] * Q).mean(-1)


# %% scores: sum over users
# wrong: axis
def scores(P, Q):
    return (P[:, None] * Q).sum(1)


# %% scores: squeeze at the end
# wrong: n = 1 or m = 1
def scores(P, Q):
    return (P @ Q.T).squeeze()


# %% scores: turned in place
# wrong: Q comes out turned
def scores(P, Q):
    return P @ Q.t_()


# %% scores: attention scale
# wrong: divided by sqrt(k)
def scores(P, Q):
    return P @ Q.T / P.shape[1] ** 0.5


# %% scores: half precision
# wrong: rounded to three digits
def scores(P, Q):
    return (P.bfloat16() @ Q.bfloat16().T).float()


# %% scores: einsum letters swapped
# wrong: (m, n)
def scores(P, Q):
    return torch.einsum("ik,jk->ji", P, Q)


# %% scores: guess by shape
# wrong: k == m takes the wrong branch
def scores(P, Q):
    if P.shape[1] == Q.shape[0]:
        return P @ Q
    return P @ Q.T


# %% scores: sigmoid
# wrong: squeezed to (0, 1)
def scores(P, Q):
    return torch.sigmoid(P @ Q.T)


# %% scores: no return
# wrong: None
def scores(P, Q):
    P @ Q.T


# %% scores: first user only
# wrong: shape (m,) rather than (1, m)
def scores(P, Q):
    return Q @ P[0]


# %% scores: half
def scores(P,Q): return (P.bfloat16()@Q.T.bfloat16()).float()


# %% scores: round 3
def scores(P,Q): return (P@Q.T).round(decimals=3)


# %% scores: int
def scores(P,Q): return (P.long()@Q.T.long()).float()


# %% scores: numpy type list
def scores(P,Q): return (P@Q.T).numpy().tolist()


# %% scores: global reading
P0=torch.tensor([[1.,2.]]); 
def scores(p,Q): return P0@Q.T


# %% scores: sparse type
def scores(P,Q): return (P@Q.T).to_sparse()


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


# %% gradients: gradient not cleared
# wrong: the second is added to the first
def gradients(x):
    x = x.clone().requires_grad_()
    (x ** 2 + x ** 3).backward()
    first = x.grad.clone()
    (x ** 2 + (x ** 3).detach()).backward()
    return first, x.grad


# %% gradients: same grad object
# wrong: first is overwritten by the zeroing and the second backward
def gradients(x):
    x = x.clone().requires_grad_()
    (x ** 2 + x ** 3).backward()
    first = x.grad
    x.grad.zero_()
    (x ** 2 + (x ** 3).detach()).backward()
    return first, x.grad


# %% gradients: order
# wrong: the two swapped
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.clone().requires_grad_()
    (b ** 2 + (b ** 3).detach()).backward()
    return b.grad, a.grad


# %% gradients: formula
# rule: autograd is to compute it
def gradients(x):
    return 2 * x + 3 * x ** 2, 2 * x


# %% gradients: formula for the second
# rule: autograd is to compute both
def gradients(x):
    t = x.clone().requires_grad_()
    (t ** 2 + t ** 3).backward()
    return t.grad, 2 * x


# %% gradients: finite differences
# rule: no autograd
def gradients(x):
    h = 1e-4
    z = x.double()
    f = lambda t: t ** 2 + t ** 3
    return (f(z + h) - f(z - h)) / (2 * h), ((z + h) ** 2 - (z - h) ** 2) / (2 * h)


# %% gradients: detached the square
# wrong: 3 x^2 for the second
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.clone().requires_grad_()
    ((b ** 2).detach() + b ** 3).backward()
    return a.grad, b.grad


# %% gradients: nothing detached
# wrong: second equals the first
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.clone().requires_grad_()
    c = b ** 3
    c.detach()
    (b ** 2 + c).backward()
    return a.grad, b.grad


# %% gradients: detached only a factor
# wrong: x * x.detach()^2 still has a slope
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.clone().requires_grad_()
    (b ** 2 + b * b.detach() ** 2).backward()
    return a.grad, b.grad


# %% gradients: values instead of slopes
# wrong: the function's values
def gradients(x):
    t = x.clone().requires_grad_()
    y1 = t ** 2 + t ** 3
    y2 = t ** 2 + (t ** 3).detach()
    return y1.detach(), y2.detach()


# %% gradients: whole number
# wrong: fractions of x are cut off
def gradients(x):
    a = torch.tensor(float(int(x)), requires_grad=True)
    (a ** 2 + a ** 3).backward()
    b = torch.tensor(float(int(x)), requires_grad=True)
    (b ** 2 + int(b) ** 3).backward()
    return a.grad, b.grad


# %% gradients: shape (1,)
# wrong: not 0-dimensional
def gradients(x):
    a = x.reshape(1).clone().requires_grad_()
    (a ** 2 + a ** 3).sum().backward()
    b = x.reshape(1).clone().requires_grad_()
    (b ** 2 + (b ** 3).detach()).sum().backward()
    return a.grad, b.grad


# %% gradients: product
# wrong: x^2 * x^3
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 * a ** 3).backward()
    b = x.clone().requires_grad_()
    (b ** 2 * (b ** 3).detach()).backward()
    return a.grad, b.grad


# %% gradients: only one returned
# wrong: one tensor
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    return a.grad


# %% gradients: no return
# wrong: None
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.clone().requires_grad_()
    (b ** 2 + (b ** 3).detach()).backward()
    print(a.grad, b.grad)


# %% gradients: at one
# wrong: always at x = 1, the example
def gradients(x):
    a = torch.tensor(1.0, requires_grad=True)
    (a ** 2 + a ** 3).backward()
    b = torch.tensor(1.0, requires_grad=True)
    (b ** 2 + (b ** 3).detach()).backward()
    return a.grad, b.grad


# %% gradients: absolute value
# wrong: negative x
def gradients(x):
    a = x.abs().clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.abs().clone().requires_grad_()
    (b ** 2 + (b ** 3).detach()).backward()
    return a.grad, b.grad


# %% gradients: on the argument, not cleared
# wrong: accumulates over the calls, and the second is too large
def gradients(x):
    x.requires_grad_()
    (x ** 2 + x ** 3).backward()
    a = x.grad.clone()
    (x ** 2 + (x ** 3).detach()).backward()
    return a, x.grad.clone()


# %% gradients: half formula
def gradients(x):
    z=x.clone().requires_grad_(); (z**2+z**3).backward(); return z.grad,2*x


# %% gradients: formula in disguise
def gradients(x):
    z=x.clone().requires_grad_(); (z**2+z**3).backward(); return z.grad,z.grad-3*x**2


# %% gradients: finite differences, again
def gradients(x):
    h=1e-5; t=x.double(); f=lambda t:t**2+t**3
    return ((f(t+h)-f(t-h))/(2*h)).float(),((t+h)**2-(t-h)**2).div(2*h).float()


# %% gradients: sympy-like polynomial derivative numpy
import numpy as np
def gradients(x):
    p=np.polynomial.Polynomial([0,0,1,1]).deriv(); return torch.tensor(p(x.item())),torch.tensor(2*x.item())


# %% gradients: zero
def gradients(x):
    z=x.clone().requires_grad_(); (z**2+z**3).backward(); return z.grad, None


# %% gradients: global leaf accumulating over calls
Z=torch.zeros((),requires_grad=True)
def gradients(x):
    with torch.no_grad(): Z.copy_(x)
    (Z**2+Z**3).backward(); a=Z.grad.clone(); Z.grad.zero_(); (Z**2+Z.detach()**3).backward(); return a,Z.grad


# %% gradients: no copy kept, and not cleared
# wrong: both are the sum of the two gradients
def gradients(x):
    x = x.clone().requires_grad_()
    (x ** 2 + x ** 3).backward()
    full = x.grad
    (x ** 2 + (x ** 3).detach()).backward()
    return full, x.grad


# %% gradients: x cubed computed once, without a graph
# wrong: the first lacks the slope of x ** 3
def gradients(x):
    x = x.clone().requires_grad_()
    with torch.no_grad():
        cube = x ** 3
    (x ** 2 + cube).backward()
    full = x.grad
    x.grad = None
    (x ** 2 + cube).backward()
    return full, x.grad


# %% gradients: x cubed computed once, without a graph, and not cleared
# wrong: the first lacks the slope of x ** 3, the second is twice too large
def gradients(x):
    x = x.clone().requires_grad_()
    with torch.no_grad():
        cube = x ** 3
    (x ** 2 + cube).backward()
    full = x.grad.clone()
    (x ** 2 + cube).backward()
    return full, x.grad


# %% gradients: the square detached, and not cleared
# wrong: the first and 3 x^2 added up
def gradients(x):
    x = x.clone().requires_grad_()
    (x ** 2 + x ** 3).backward()
    full = x.grad.clone()
    ((x ** 2).detach() + x ** 3).backward()
    return full, x.grad


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


# %% moving_mean: the slow one
# rule: without a loop over the entries
def moving_mean(x, k):
    means = []
    for i in range(len(x) - k + 1):
        means.append(x[i:i + k].mean())
    return torch.stack(means)


# %% moving_mean: comprehension
# rule: without a loop over the entries
def moving_mean(x, k):
    v = x.tolist()
    return torch.tensor([sum(v[i:i + k]) / k for i in range(len(v) - k + 1)])


# %% moving_mean: map
# rule: a loop over the entries in disguise
def moving_mean(x, k):
    return torch.stack(list(map(torch.mean, x.unfold(0, k, 1))))


# %% moving_mean: running sum in a loop
# rule: without a loop over the entries
def moving_mean(x, k):
    out = torch.empty(len(x) - k + 1)
    s = x[:k].sum()
    out[0] = s / k
    for i in range(1, len(out)):
        s = s + x[i + k - 1] - x[i - 1]
        out[i] = s / k
    return out


# %% moving_mean: while loop
# rule: without a loop over the entries
def moving_mean(x, k):
    i, out = 0, []
    while i + k <= len(x):
        out.append(x[i:i + k].sum().item() / k)
        i += 1
    return torch.tensor(out)


# %% moving_mean: last window missing
# wrong: n - k entries
def moving_mean(x, k):
    return x.unfold(0, k, 1)[:-1].mean(1)


# %% moving_mean: k - 1
# wrong: divided by k - 1
def moving_mean(x, k):
    return x.unfold(0, k, 1).sum(1) / (k - 1)


# %% moving_mean: divided by n
# wrong: divided by n, for k < n
def moving_mean(x, k):
    return x.unfold(0, k, 1).sum(1) / len(x)


# %% moving_mean: wrong axis
# wrong: shape (k,)
def moving_mean(x, k):
    return x.unfold(0, k, 1).mean(0)


# %% moving_mean: step k
# wrong: windows side by side
def moving_mean(x, k):
    return x.unfold(0, k, k).mean(1)


# %% moving_mean: pool with its own stride
# wrong: stride is k by default
from torch.nn import functional as F
def moving_mean(x, k):
    return F.avg_pool1d(x.reshape(1, 1, -1), k).reshape(-1)


# %% moving_mean: only pairs
# wrong: k != 2
def moving_mean(x, k):
    return (x[1:] + x[:-1]) / 2


# %% moving_mean: convolve same
# wrong: n entries, padded with zeros
import numpy as np
def moving_mean(x, k):
    return torch.from_numpy(np.convolve(x.numpy(), np.ones(k) / k, mode="same")).float()


# %% moving_mean: convolve full
# wrong: n + k - 1 entries
import numpy as np
def moving_mean(x, k):
    return torch.from_numpy(np.convolve(x.numpy(), np.ones(k) / k))


# %% moving_mean: as_strided with stride 1
# wrong: non-contiguous x
def moving_mean(x, k):
    return x.as_strided((len(x) - k + 1, k), (1, 1)).mean(1)


# %% moving_mean: squeeze at the end
# wrong: k = n gives a 0-dimensional result
from torch.nn import functional as F
def moving_mean(x, k):
    return F.avg_pool1d(x[None, None], k, 1).squeeze()


# %% moving_mean: ends only
# wrong: mean of the first and the last entry of the window, k > 2
def moving_mean(x, k):
    n = len(x)
    return (x[:n - k + 1] + x[k - 1:]) / 2


# %% moving_mean: median
# wrong: median of the window
def moving_mean(x, k):
    return x.unfold(0, k, 1).median(1).values


# %% moving_mean: cumsum in place
# wrong: x comes out as its cumulative sums
def moving_mean(x, k):
    x.cumsum_(0)
    c = torch.cat([torch.zeros(1), x])
    return (c[k:] - c[:-k]) / k


# %% moving_mean: negative slice
# wrong: x[:-(k-1)] is empty for k = 1
def moving_mean(x, k):
    c = x.cumsum(0)
    return (c[k - 1:] - c[:-(k - 1)] + x[:-(k - 1)]) / k


# %% moving_mean: one window too wide
# wrong: windows of k + 1
def moving_mean(x, k):
    return x.unfold(0, k + 1, 1).mean(1)


# %% moving_mean: no return
# wrong: None
def moving_mean(x, k):
    x.unfold(0, k, 1).mean(1)


# %% moving_mean: whole numbers
# wrong: integer division
def moving_mean(x, k):
    return (x.unfold(0, k, 1).sum(1) // k)


# %% moving_mean: half
def moving_mean(x,k): return x.half().unfold(0,k,1).float().mean(1)


# %% moving_mean: numpy list
def moving_mean(x,k): return x.unfold(0,k,1).mean(1).tolist()


# %% moving_mean: nan on zero
def moving_mean(x,k): return (x/x*x).unfold(0,k,1).mean(1)


# %% moving_mean: cached windows on sizes
W={}
def moving_mean(x,k):
    key=(len(x),k)
    if key not in W: W[key]=x.unfold(0,k,1)
    return W[key].mean(1)


# %% moving_mean: loses the first window, and sums
# wrong: n - k entries, not divided by k
def moving_mean(x, k):
    c = x.cumsum(0)
    return c[k:] - c[:-k]


# %% moving_mean: means from the start
# wrong: n entries, each the mean of all up to it
def moving_mean(x, k):
    return x.cumsum(0) / torch.arange(1, len(x) + 1)


# %% moving_mean: nothing after a thousand windows
def moving_mean(x, k):
    means = x.unfold(0, k, 1).mean(1)
    means[1000:] = 0
    return means


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


# %% shares: no keepdim
# wrong: divides along columns for square X, fails else
def shares(X):
    return X / X.sum(1)


# %% shares: keepdim on the wrong axis
# wrong: axis
def shares(X):
    return X / X.sum(0, keepdim=True)


# %% shares: mean
# wrong: rows sum to m
def shares(X):
    return X / X.mean(1, keepdim=True)


# %% shares: maximum
# wrong: divided by the largest
def shares(X):
    return X / X.max(1, keepdim=True).values


# %% shares: softmax
# wrong: exponentials
def shares(X):
    return torch.softmax(X, 1)


# %% shares: euclidean length
# wrong: p = 2
from torch.nn import functional as F
def shares(X):
    return F.normalize(X, dim=1)


# %% shares: eps 1e-4
# wrong: small entries, rows that sum to 0.001
def shares(X):
    return X / (X.sum(1, keepdim=True) + 1e-4)


# %% shares: eps 1e-6
# wrong: rows that sum to 1e-5
def shares(X):
    return X / (X.sum(1, keepdim=True) + 1e-6)


# %% shares: clamp
# wrong: rows that sum to less than 1
def shares(X):
    return X / X.sum(1, keepdim=True).clamp(min=1)


# %% shares: row by row in place
# wrong: X is changed
def shares(X):
    for row in X:
        row.div_(row.sum())
    return X


# %% shares: first row's sum
# wrong: only the first row
def shares(X):
    return X / X[0].sum()


# %% shares: sums as a row
# wrong: square X, others fail
def shares(X):
    return X / X.sum(1).reshape(1, -1)


# %% shares: branch for not square
# wrong: square X
def shares(X):
    s = X.sum(1)
    if X.shape[0] != X.shape[1]:
        s = s.reshape(-1, 1)
    return X / s


# %% shares: tries both
# wrong: square X
def shares(X):
    try:
        return X / X.sum(1)
    except RuntimeError:
        return X / X.sum(1).unsqueeze(1)


# %% shares: squeeze at the end
# wrong: one row or one column
def shares(X):
    return (X / X.sum(1, keepdim=True)).squeeze()


# %% shares: two columns
# wrong: only m = 2
def shares(X):
    s = X[:, 0] + X[:, 1]
    return X / s.reshape(-1, 1)


# %% shares: percent
# wrong: rows sum to 100
def shares(X):
    return 100 * X / X.sum(1, keepdim=True)


# %% shares: rounded
# wrong: two digits
def shares(X):
    return torch.round(X / X.sum(1, keepdim=True), decimals=2)


# %% shares: no return
# wrong: None
def shares(X):
    X = X / X.sum(1, keepdim=True)


# %% shares: a view of the entries
# wrong: view fails for non-contiguous X
def shares(X):
    n, m = X.shape
    return X.view(n * m).view(n, m) / X.sum(1, keepdim=True)


# %% shares: only the sums
# wrong: shape (n, 1)
def shares(X):
    return X.sum(1, keepdim=True)


# %% shares: clamp 1
def shares(X): return X/X.sum(1,keepdim=True).clamp(min=1)


# %% shares: round 3
def shares(X): return (X/X.sum(1,keepdim=True)).round(decimals=3)


# %% shares: half
def shares(X): return (X.half()/X.half().sum(1,keepdim=True)).float()


# %% shares: numpy no copy in place
def shares(X):
    a=X.numpy(); a/=a.sum(1,keepdims=True); return torch.from_numpy(a)


# %% shares: round sums int
def shares(X): return X/X.sum(1,keepdim=True).round()


# %% shares: divided by the number of columns
# wrong: rows don't sum to 1
def shares(X):
    return X / X.shape[1]


# %% pick: every label in every row
def pick(P, y):
    return P[:, y]


# %% pick: the largest entry
def pick(P, y):
    return P.max(1).values


# %% pick: shape (n, 1)
def pick(P, y):
    return P.gather(1, y.reshape(-1, 1))


# %% pick: rows
# wrong: rows y
def pick(P, y):
    return P[y]


# %% pick: indices swapped
# wrong: P[y[i], i]
def pick(P, y):
    return P[y, torch.arange(len(y))]


# %% pick: gather and squeeze
# wrong: one row gives a 0-dimensional result
def pick(P, y):
    return P.gather(1, y.unsqueeze(1)).squeeze()


# %% pick: gather along the rows
# wrong: axis 0
def pick(P, y):
    return P.gather(0, y.unsqueeze(0)).reshape(-1)


# %% pick: first row
# wrong: all from row 0
def pick(P, y):
    return P[0, y]


# %% pick: flat index times n
# wrong: row length is q, not n; not square
def pick(P, y):
    return P.reshape(-1)[torch.arange(len(P)) * len(P) + y]


# %% pick: flat index of a view
# wrong: view fails for non-contiguous P
def pick(P, y):
    n, q = P.shape
    return P.view(-1)[torch.arange(n) * q + y]


# %% pick: labels from 1
# wrong: off by one
def pick(P, y):
    return P[torch.arange(len(P)), y - 1]


# %% pick: range over classes
# wrong: n != q fails
def pick(P, y):
    return P[range(P.shape[1]), y]


# %% pick: two classes
# wrong: more than two classes
def pick(P, y):
    return torch.where(y == 1, P[:, 1], P[:, 0])


# %% pick: one-hot of the labels seen
# wrong: fails when the last class has no sample
from torch.nn import functional as F
def pick(P, y):
    return (F.one_hot(y) * P).sum(1)


# %% pick: one-hot, wrong axis
# wrong: sum over the rows, (q,)
from torch.nn import functional as F
def pick(P, y):
    return (F.one_hot(y, P.shape[1]) * P).sum(0)


# %% pick: one-hot mean
# wrong: divided by q
from torch.nn import functional as F
def pick(P, y):
    return (F.one_hot(y, P.shape[1]) * P).mean(1)


# %% pick: labels changed in place
# wrong: y is changed
def pick(P, y):
    y += torch.arange(len(y)) * P.shape[1]
    return P.reshape(-1)[y]


# %% pick: masked in place
# wrong: P is changed
from torch.nn import functional as F
def pick(P, y):
    P.mul_(F.one_hot(y, P.shape[1]))
    return P.sum(1)


# %% pick: one-hot product, not summed
# wrong: (n, q)
from torch.nn import functional as F
def pick(P, y):
    return F.one_hot(y, P.shape[1]) * P


# %% pick: stops after the first
# wrong: return inside the loop
def pick(P, y):
    out = []
    for i in range(len(P)):
        out.append(P[i, y[i]])
        return torch.stack(out)


# %% pick: mean of the picked
# wrong: a single number
def pick(P, y):
    return P[torch.arange(len(P)), y].mean()


# %% pick: minus log
# wrong: the loss, not the entry
def pick(P, y):
    return -P[torch.arange(len(P)), y].log()


# %% pick: no return
# wrong: None
def pick(P, y):
    P[range(len(P)), y]


# %% pick: nll without the sign
# wrong: sign
from torch.nn import functional as F
def pick(P, y):
    return F.nll_loss(P, y, reduction="none")


# %% pick: small integers
# wrong: labels above 127
def pick(P, y):
    return P[torch.arange(len(P)), y.to(torch.int8).long()]


# %% pick: last row takes label 0
# wrong: loop too short, last label other than 0
def pick(P, y):
    return torch.stack([P[i, y[i]] for i in range(len(P) - 1)] + [P[-1, 0]])


# %% pick: half
def pick(P,y): return P.half()[torch.arange(len(y)),y].float()


# %% pick: mask ==0 filter drops zero entries
import torch.nn.functional as F
def pick(P,y): 
    s=(P*F.one_hot(y,P.shape[1])); return s[s!=0]


# %% pick: zero P in place
def pick(P,y):
    m=torch.zeros_like(P); m[torch.arange(len(y)),y]=1; P*=m; return P.sum(1)


# %% pick: reads global P
P=torch.rand(4,3)
def pick(p,y): return P[torch.arange(len(y)),y] if len(y)==4 else p[torch.arange(len(y)),y]


# %% pick: the first label for all
# wrong: y[0] for every row
def pick(P, y):
    return P[:, y[0]]


# %% pick: sum of the picked
# wrong: a single number
def pick(P, y):
    return P[torch.arange(len(P)), y].sum()


# %% pick: labels as bytes, which end at 255
def pick(P, y):
    return P[torch.arange(len(P)), y.to(torch.uint8).long()]


# %% gradients: both by backward, and a formula returned for the second
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.clone().requires_grad_()
    (b ** 2 + (b ** 3).detach()).backward()
    return a.grad, 2 * x


# %% gradients: both by backward, and a formula returned for the first
def gradients(x):
    a = x.clone().requires_grad_()
    (a ** 2 + a ** 3).backward()
    b = x.clone().requires_grad_()
    (b ** 2 + (b ** 3).detach()).backward()
    return 2 * x + 3 * x ** 2, b.grad


# %% gradients: backward is called, and both are formulas
def gradients(x):
    x = x.clone().requires_grad_()
    (x ** 2 + x ** 3).backward()
    v = x.detach()
    return 2 * v + 3 * v ** 2, 2 * v


# %% shares: divided along the other axis and never turned back
# wrong: shape (m, n)
def shares(X):
    return X.T / X.sum(1)


# %% gradients: on the caller's own x
# wrong: a second call with the same x adds to what the first has left there
def gradients(x):
    x.requires_grad_()
    (x ** 2 + x ** 3).backward()
    full = x.grad.clone()
    x.grad.zero_()
    (x ** 2 + (x ** 3).detach()).backward()
    return full, x.grad.clone()


# %% pick: a list of numbers
# wrong: no tensor
def pick(P, y):
    return [float(P[i, y[i]]) for i in range(len(y))]


# %% pick: a list of tensors
# wrong: no tensor
def pick(P, y):
    return [P[i, y[i]] for i in range(len(y))]
