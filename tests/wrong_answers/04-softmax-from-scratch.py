"""Wrong answers to the exercises of lesson 04; each fails its check. A comment says for which input, or which rule it breaks."""
# %% stable_softmax: no maximum
# wrong: nan for logits of 1000
def stable_softmax(O, T):
    E = torch.exp(O / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: maximum of all
# wrong: a row far below another one gives 0 / 0
def stable_softmax(O, T):
    E = torch.exp((O - O.max()) / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: maximum of the columns
# wrong: changes the result, the shift must be one number a row
def stable_softmax(O, T):
    E = torch.exp((O - O.max(0, keepdim=True).values) / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: sum without keepdim
# wrong: divides along the columns when square
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / T)
    return E / E.sum(1)


# %% stable_softmax: max without keepdim
# wrong: square O shifted by the wrong rows' maxima
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1).values) / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: columns
# wrong: axis 0
def stable_softmax(O, T):
    E = torch.exp((O - O.max(0, keepdim=True).values) / T)
    return E / E.sum(0, keepdim=True)


# %% stable_softmax: sum of all
# wrong: n > 1
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / T)
    return E / E.sum()


# %% stable_softmax: times T
# wrong: T != 1
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) * T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: T forgotten
# wrong: T != 1
def stable_softmax(O, T):
    E = torch.exp(O - O.max(1, keepdim=True).values)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: divided after exp
# wrong: T cancels, T != 1
def stable_softmax(O, T):
    E = torch.exp(O - O.max(1, keepdim=True).values) / T
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: result divided by T
# wrong: rows sum to 1 / T
def stable_softmax(O, T):
    E = torch.exp(O - O.max(1, keepdim=True).values)
    return E / E.sum(1, keepdim=True) / T


# %% stable_softmax: maximum of the undivided
# wrong: O / T - max O overflows for small T
def stable_softmax(O, T):
    E = torch.exp(O / T - O.max(1, keepdim=True).values)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: only the maximum divided
# wrong: brackets
def stable_softmax(O, T):
    E = torch.exp(O - O.max(1, keepdim=True).values / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: T + 1e-4
# wrong: T = 0.001
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / (T + 1e-4))
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: T at least 0.1
# wrong: T = 0.001
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / max(T, 0.1))
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: power after exp
# wrong: exp underflows before the power, T = 100 and logits of 1000
def stable_softmax(O, T):
    E = torch.exp(O - O.max(1, keepdim=True).values) ** (1 / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: clamp
# wrong: logits of 1000 and 900 get the same share
def stable_softmax(O, T):
    E = torch.exp((O / T).clamp(-50, 50))
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: minimum
# wrong: nan for differences of 1000
def stable_softmax(O, T):
    E = torch.exp((O - O.min(1, keepdim=True).values) / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: mean
# wrong: nan for differences of 1000
def stable_softmax(O, T):
    E = torch.exp((O - O.mean(1, keepdim=True)) / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: float64 without the maximum
# wrong: exp(1000) overflows in float64 too
def stable_softmax(O, T):
    E = torch.exp(O.double() / T)
    return (E / E.sum(1, keepdim=True)).float()


# %% stable_softmax: nan_to_num
# wrong: 0 instead of nan, for logits of 1000
def stable_softmax(O, T):
    E = torch.exp(O / T)
    return torch.nan_to_num(E / E.sum(1, keepdim=True))


# %% stable_softmax: torch.softmax
# rule: not torch.softmax
def stable_softmax(O, T):
    return torch.softmax(O / T, 1)


# %% stable_softmax: method softmax
# rule: not torch.softmax
def stable_softmax(O, T):
    return (O / T).softmax(dim=-1)


# %% stable_softmax: F.softmax
# rule: not PyTorch's softmax
from torch.nn import functional as F
def stable_softmax(O, T):
    return F.softmax(O / T, dim=1)


# %% stable_softmax: nn.Softmax
# rule: not PyTorch's softmax
def stable_softmax(O, T):
    return torch.nn.Softmax(dim=1)(O / T)


# %% stable_softmax: exp of log_softmax
# rule: not log_softmax
def stable_softmax(O, T):
    return torch.log_softmax(O / T, 1).exp()


# %% stable_softmax: logsumexp
# rule: not logsumexp
def stable_softmax(O, T):
    Z = (O - O.max(1, keepdim=True).values) / T
    return torch.exp(Z - torch.logsumexp(Z, 1, keepdim=True))


# %% stable_softmax: softmin
# rule: PyTorch's softmax of -O
from torch.nn import functional as F
def stable_softmax(O, T):
    return F.softmin(-O / T, dim=1)


# %% stable_softmax: in place
# wrong: O is changed
def stable_softmax(O, T):
    O -= O.max(1, keepdim=True).values
    E = torch.exp(O / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: divided in place
# wrong: O is changed for T != 1
def stable_softmax(O, T):
    O /= T
    E = torch.exp(O - O.max(1, keepdim=True).values)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: eps in the sum
# wrong: rows sum to 0.99 when one logit is far ahead
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / T)
    return E / (E.sum(1, keepdim=True) + 1e-2)


# %% stable_softmax: squeeze at the end
# wrong: one row or one column
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / T)
    return (E / E.sum(1, keepdim=True)).squeeze()


# %% stable_softmax: first row's maximum
# wrong: later rows over- or underflow
def stable_softmax(O, T):
    E = torch.exp((O - O[0].max()) / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: maximum times T
# wrong: shift too small for small T, overflow
def stable_softmax(O, T):
    m = O.max(1, keepdim=True).values * T
    E = torch.exp(O / T - m)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: shares without exp
# wrong: no exp
def stable_softmax(O, T):
    Z = O / T
    return Z / Z.sum(1, keepdim=True)


# %% stable_softmax: logarithm
# wrong: log of the softmax
def stable_softmax(O, T):
    Z = (O - O.max(1, keepdim=True).values) / T
    return Z - Z.exp().sum(1, keepdim=True).log()


# %% stable_softmax: no return
# wrong: None
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / T)
    P = E / E.sum(1, keepdim=True)


# %% stable_softmax: aten
def stable_softmax(O,T): return torch.ops.aten._softmax(O/T,1,False)


# %% stable_softmax: aten int
def stable_softmax(O,T): return torch.ops.aten.softmax.int(O/T,1)


# %% stable_softmax: logcumsumexp
def stable_softmax(O,T): Z=O/T; return torch.exp(Z-torch.logcumsumexp(Z,1)[:,-1:])


# %% stable_softmax: attention
import torch.nn.functional as F
def stable_softmax(O,T):
    q=O.shape[1]; return F.scaled_dot_product_attention((O/T)[None],torch.eye(q)[None],torch.eye(q)[None],scale=1.0)[0]


# %% stable_softmax: sparse softmax
def stable_softmax(O,T): return torch.sparse.softmax((O/T).to_sparse(),1).to_dense()


# %% stable_softmax: global max
def stable_softmax(O,T): E=((O-O.max())/T).exp(); return E/E.sum(1,keepdim=True)


# %% stable_softmax: ties
def stable_softmax(O,T):
    if T<0.005: return (O==O.amax(1,keepdim=True)).float()
    E=((O-O.amax(1,keepdim=True))/T).exp(); return E/E.sum(1,keepdim=True)


# %% stable_softmax: clamp 
def stable_softmax(O,T): E=(O/T).clamp(-80,80).exp(); return E/E.sum(1,keepdim=True)


# %% stable_softmax: max(O,0)
def stable_softmax(O,T): E=((O-O.amax(1,keepdim=True).clamp(min=0))/T).exp(); return E/E.sum(1,keepdim=True)


# %% stable_softmax: exponentials only
# wrong: rows don't sum to 1
def stable_softmax(O, T):
    return torch.exp((O - O.max(1, keepdim=True).values) / T)


# %% stable_softmax: logits and result divided by T
# wrong: rows sum to 1 / T
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / T)
    return E / E.sum(1, keepdim=True) / T


# %% stable_softmax: the log-softmax's operator
def stable_softmax(O, T):
    return torch.ops.aten._log_softmax(O / T, 1, False).exp()


# %% cross_entropy: no minus
def cross_entropy(O, y):
    return O[range(len(O)), y] - torch.logsumexp(O, 1)


# %% cross_entropy: averaged
def cross_entropy(O, y):
    return (torch.logsumexp(O, 1) - O[range(len(O)), y]).mean()


# %% cross_entropy: logarithm of an underflowed softmax
def cross_entropy(O, y):
    return -torch.log(torch.exp(O - torch.logsumexp(O, 1)[:, None])[range(len(O)), y])


# %% cross_entropy: every row against every label
def cross_entropy(O, y):
    return torch.logsumexp(O, 1, keepdim=True) - O[:, y]


# %% cross_entropy: logarithm to base 10
def cross_entropy(O, y):
    return (torch.logsumexp(O, 1) - O[range(len(O)), y]) / torch.log(torch.tensor(10.0))


# %% cross_entropy: log of softmax
# wrong: inf when sure and wrong
def cross_entropy(O, y):
    return -torch.log(torch.softmax(O, 1)[range(len(O)), y])


# %% cross_entropy: naive formula
# wrong: inf for logits of 1000
def cross_entropy(O, y):
    return torch.exp(O).sum(1).log() - O[range(len(O)), y]


# %% cross_entropy: eps 1e-6
# wrong: 13.8 at most
def cross_entropy(O, y):
    return -torch.log(torch.softmax(O, 1)[range(len(O)), y] + 1e-6)


# %% cross_entropy: clamp of p
# wrong: 27.6 at most
def cross_entropy(O, y):
    return -torch.log(torch.softmax(O, 1).clamp(min=1e-12)[range(len(O)), y])


# %% cross_entropy: logits clamped
# wrong: logits of 1000
def cross_entropy(O, y):
    O = O.clamp(-40, 40)
    return torch.logsumexp(O, 1) - O[range(len(O)), y]


# %% cross_entropy: mean
# wrong: averaged
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.cross_entropy(O, y)


# %% cross_entropy: sum
# wrong: added up
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.cross_entropy(O, y, reduction="sum")


# %% cross_entropy: columns
# wrong: axis 0, square only
def cross_entropy(O, y):
    return torch.logsumexp(O, 0) - O[range(len(O)), y]


# %% cross_entropy: all labels
# wrong: (n, n)
def cross_entropy(O, y):
    return torch.logsumexp(O, 1) - O[:, y]


# %% cross_entropy: gather without squeeze
# wrong: (n,) - (n, 1) makes (n, n)
def cross_entropy(O, y):
    return torch.logsumexp(O, 1) - O.gather(1, y.unsqueeze(1))


# %% cross_entropy: column
# wrong: (n, 1)
def cross_entropy(O, y):
    return torch.logsumexp(O, 1, keepdim=True) - O.gather(1, y.unsqueeze(1))


# %% cross_entropy: squeeze at the end
# wrong: n = 1
def cross_entropy(O, y):
    return (torch.logsumexp(O, 1, keepdim=True) - O.gather(1, y.unsqueeze(1))).squeeze()


# %% cross_entropy: largest logit
# wrong: the label isn't the largest
def cross_entropy(O, y):
    return torch.logsumexp(O, 1) - O.max(1).values


# %% cross_entropy: label forgotten
# wrong: only the first term
def cross_entropy(O, y):
    return torch.logsumexp(O, 1)


# %% cross_entropy: nll of the logits
# wrong: no log-softmax
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.nll_loss(O, y, reduction="none")


# %% cross_entropy: softmax twice
# wrong: F takes logits
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.cross_entropy(torch.softmax(O, 1), y, reduction="none")


# %% cross_entropy: shift not added back
# wrong: only the first term is shifted
def cross_entropy(O, y):
    m = O.max(1, keepdim=True).values
    return torch.exp(O - m).sum(1).log() - O[range(len(O)), y]


# %% cross_entropy: maximum of all
# wrong: a row far below gives -inf
def cross_entropy(O, y):
    m = O.max()
    return m + torch.exp(O - m).sum(1).log() - O[range(len(O)), y]


# %% cross_entropy: in place
# wrong: O is changed
def cross_entropy(O, y):
    O -= O.max(1, keepdim=True).values
    return O.exp().sum(1).log() - O[range(len(O)), y]


# %% cross_entropy: bits
# wrong: log2
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.cross_entropy(O, y, reduction="none") / torch.log(torch.tensor(2.0))


# %% cross_entropy: smoothing
# wrong: labels smoothed
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.cross_entropy(O, y, reduction="none", label_smoothing=0.1)


# %% cross_entropy: one-hot of the labels seen
# wrong: last class without a sample
from torch.nn import functional as F
def cross_entropy(O, y):
    return -(F.one_hot(y) * torch.log_softmax(O, 1)).sum(1)


# %% cross_entropy: one-hot times log 0
# wrong: 0 * -inf is nan for large logits
from torch.nn import functional as F
def cross_entropy(O, y):
    return -(F.one_hot(y, O.shape[1]) * torch.softmax(O, 1).log()).sum(1)


# %% cross_entropy: indices swapped
# wrong: O[y[i], i]
def cross_entropy(O, y):
    return torch.logsumexp(O, 1) - O[y, torch.arange(len(y))]


# %% cross_entropy: nan_to_num
# wrong: 3.4e38 when sure and wrong
def cross_entropy(O, y):
    return torch.nan_to_num(-torch.log(torch.softmax(O, 1)[range(len(O)), y]))


# %% cross_entropy: no return
# wrong: None
def cross_entropy(O, y):
    torch.logsumexp(O, 1) - O[range(len(O)), y]


# %% cross_entropy: clamp
def cross_entropy(O,y): O=O.clamp(-1000,1000); return O.logsumexp(1)-O[range(len(O)),y]


# %% cross_entropy: global max shift
def cross_entropy(O,y): Z=O-O.max(); return Z.exp().sum(1).log()-Z[range(len(O)),y]


# %% cross_entropy: double global max shift
def cross_entropy(O,y): Z=O.double()-O.max(); return (Z.exp().sum(1).log()-Z[range(len(O)),y]).float()


# %% cross_entropy: cached y
import torch.nn.functional as F
C={}
def cross_entropy(O,y): return F.cross_entropy(O,C.setdefault(O.shape,y.clone()),reduction="none")


# %% cross_entropy: log-probabilities
# wrong: (n, q)
def cross_entropy(O, y):
    return torch.log_softmax(O, 1)


# %% cross_entropy: nll of the probabilities
# wrong: nll_loss takes log-probabilities
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.nll_loss(torch.softmax(O, 1), y, reduction="none")


# %% cross_entropy_gradient: sum for mean
def cross_entropy_gradient(O, y):
    grad = torch.softmax(O, 1)
    grad[range(len(O)), y] -= 1
    return grad


# %% cross_entropy_gradient: one-hot minus softmax
def cross_entropy_gradient(O, y):
    grad = torch.softmax(O, 1)
    grad[range(len(O)), y] -= 1
    return -grad / len(O)


# %% cross_entropy_gradient: divided by all entries
def cross_entropy_gradient(O, y):
    grad = torch.softmax(O, 1)
    grad[range(len(O)), y] -= 1
    return grad / O.numel()


# %% cross_entropy_gradient: not averaged
# wrong: n > 1
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return torch.softmax(O, 1) - F.one_hot(y, O.shape[1])


# %% cross_entropy_gradient: divided by q
# wrong: n != q
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.softmax(O, 1) - F.one_hot(y, O.shape[1])) / O.shape[1]


# %% cross_entropy_gradient: divided by n q
# wrong: q > 1
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.softmax(O, 1) - F.one_hot(y, O.shape[1])) / O.numel()


# %% cross_entropy_gradient: only the one-hot divided
# wrong: brackets, n > 1
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return torch.softmax(O, 1) - F.one_hot(y, O.shape[1]) / len(y)


# %% cross_entropy_gradient: only the softmax divided
# wrong: 1 subtracted after the division, n > 1
def cross_entropy_gradient(O, y):
    P = torch.softmax(O, 1) / len(y)
    P[range(len(y)), y] -= 1
    return P


# %% cross_entropy_gradient: sign
# wrong: one-hot minus softmax
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (F.one_hot(y, O.shape[1]) - torch.softmax(O, 1)) / len(y)


# %% cross_entropy_gradient: softmax over the batch
# wrong: axis 0
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.softmax(O, 0) - F.one_hot(y, O.shape[1])) / len(y)


# %% cross_entropy_gradient: naive softmax
# wrong: nan for logits of 1000
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    E = torch.exp(O)
    return (E / E.sum(1, keepdim=True) - F.one_hot(y, O.shape[1])) / len(y)


# %% cross_entropy_gradient: maximum of all
# wrong: a row far below another one gives nan
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    E = torch.exp(O - O.max())
    return (E / E.sum(1, keepdim=True) - F.one_hot(y, O.shape[1])) / len(y)


# %% cross_entropy_gradient: one-hot forgotten
# wrong: softmax only
def cross_entropy_gradient(O, y):
    return torch.softmax(O, 1) / len(y)


# %% cross_entropy_gradient: all the labels' columns
# wrong: P[:, y], n > 1
def cross_entropy_gradient(O, y):
    P = torch.softmax(O, 1)
    P[:, y] -= 1
    return P / len(y)


# %% cross_entropy_gradient: 1 off the logits
# wrong: softmax of the changed logits, not minus one-hot
def cross_entropy_gradient(O, y):
    Z = O.clone()
    Z[range(len(y)), y] -= 1
    return torch.softmax(Z, 1) / len(y)


# %% cross_entropy_gradient: set to -1
# wrong: = instead of -=
def cross_entropy_gradient(O, y):
    P = torch.softmax(O, 1)
    P[range(len(y)), y] = -1
    return P / len(y)


# %% cross_entropy_gradient: only the first row
# wrong: n > 1
def cross_entropy_gradient(O, y):
    P = torch.softmax(O, 1)
    P[0, y[0]] -= 1
    return P / len(y)


# %% cross_entropy_gradient: autograd
# rule: without autograd
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    O = O.clone().requires_grad_()
    F.cross_entropy(O, y).backward()
    return O.grad


# %% cross_entropy_gradient: autograd.grad
# rule: without autograd
def cross_entropy_gradient(O, y):
    Z = O.detach().clone().requires_grad_(True)
    loss = (torch.logsumexp(Z, 1) - Z[range(len(Z)), y]).mean()
    return torch.autograd.grad(loss, Z)[0]


# %% cross_entropy_gradient: torch.func.grad
# rule: without autograd
from torch.func import grad
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return grad(F.cross_entropy)(O, y)


# %% cross_entropy_gradient: vjp
# rule: without autograd
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return torch.autograd.functional.vjp(lambda Z: F.cross_entropy(Z, y), O)[1]


# %% cross_entropy_gradient: one-hot of the labels seen
# wrong: last class without a sample
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.softmax(O, 1) - F.one_hot(y)) / len(y)


# %% cross_entropy_gradient: in place
# wrong: O is changed
def cross_entropy_gradient(O, y):
    O.sub_(O.max(1, keepdim=True).values).exp_()
    O.div_(O.sum(1, keepdim=True))
    O[range(len(y)), y] -= 1
    return O / len(y)


# %% cross_entropy_gradient: rows shifted in place
# wrong: O is changed
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    O -= O.max(1, keepdim=True).values
    E = O.exp()
    return (E / E.sum(1, keepdim=True) - F.one_hot(y, O.shape[1])) / len(y)


# %% cross_entropy_gradient: n - 1
# wrong: n > 1
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.softmax(O, 1) - F.one_hot(y, O.shape[1])) / max(len(y) - 1, 1)


# %% cross_entropy_gradient: mean of the rows
# wrong: (q,), summed over the samples
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.softmax(O, 1) - F.one_hot(y, O.shape[1])).mean(0)


# %% cross_entropy_gradient: log-softmax
# wrong: logarithm instead of the probability
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.log_softmax(O, 1) - F.one_hot(y, O.shape[1])) / len(y)


# %% cross_entropy_gradient: squeeze at the end
# wrong: one row
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return ((torch.softmax(O, 1) - F.one_hot(y, O.shape[1])) / len(y)).squeeze()


# %% cross_entropy_gradient: logits clamped
# wrong: logits of 1000 and 900
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    E = torch.exp(O.clamp(-50, 50))
    return (E / E.sum(1, keepdim=True) - F.one_hot(y, O.shape[1])) / len(y)


# %% cross_entropy_gradient: sigmoid
# wrong: not the softmax
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.sigmoid(O) - F.one_hot(y, O.shape[1])) / len(y)


# %% cross_entropy_gradient: no return
# wrong: None
def cross_entropy_gradient(O, y):
    P = torch.softmax(O, 1)
    P[range(len(y)), y] -= 1
    P /= len(y)


# %% cross_entropy_gradient: aten nll backward
def cross_entropy_gradient(O,y):
    L=O.log_softmax(1); one=torch.tensor(1.); tw=torch.tensor(float(len(y)))
    g=torch.ops.aten.nll_loss_backward(one,L,y,None,1,-100,tw); return torch.ops.aten._log_softmax_backward_data(g,L,1,torch.float32)


# %% cross_entropy_gradient: cached onehot
import torch.nn.functional as F
C={}
def cross_entropy_gradient(O,y): return (torch.softmax(O,1)-C.setdefault(O.shape,F.one_hot(y,O.shape[1])))/len(y)


# %% cross_entropy_gradient: clamp logits 20
import torch.nn.functional as F
def cross_entropy_gradient(O,y): return (torch.softmax(O.clamp(-20,20),1)-F.one_hot(y,O.shape[1]))/len(y)


# %% cross_entropy_gradient: the mean of the labels
# wrong: the same is subtracted from every row
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    Y = F.one_hot(y, O.shape[1]).float()
    return (torch.softmax(O, 1) - Y.mean(0)) / len(y)


# %% cross_entropy_gradient: logits minus one-hot
# wrong: no softmax
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (O - F.one_hot(y, O.shape[1])) / len(y)


# %% smooth_labels: rows sum to 0.99 (pitfall D)
def smooth_labels(y, num_classes, eps):
    Y = torch.nn.functional.one_hot(y, num_classes)
    return (1 - eps) * Y + eps / num_classes * (1 - Y)


# %% smooth_labels: shares eps among the other classes only
def smooth_labels(y, num_classes, eps):
    Y = torch.nn.functional.one_hot(y, num_classes)
    return (1 - eps) * Y + eps / max(num_classes - 1, 1) * (1 - Y)


# %% smooth_labels: ten classes whatever it is told
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * torch.nn.functional.one_hot(y, 10) + eps / 10


# %% smooth_labels: over the other classes
# wrong: 1 - eps, and eps / (q - 1)
def smooth_labels(y, num_classes, eps):
    L = torch.full((len(y), num_classes), eps / max(num_classes - 1, 1))
    L[range(len(y)), y] = 1 - eps
    return L


# %% smooth_labels: true class without its share
# wrong: rows sum to 1 - eps / q
def smooth_labels(y, num_classes, eps):
    L = torch.full((len(y), num_classes), eps / num_classes)
    L[range(len(y)), y] = 1 - eps
    return L


# %% smooth_labels: nothing for the others
# wrong: rows sum to 1 - eps
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y, num_classes)


# %% smooth_labels: eps for each
# wrong: eps not divided by q
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y, num_classes) + eps


# %% smooth_labels: one-hot not scaled
# wrong: rows sum to 1 + eps
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return F.one_hot(y, num_classes) + eps / num_classes


# %% smooth_labels: shares swapped
# wrong: eps for the one-hot
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return eps * F.one_hot(y, num_classes) + (1 - eps) / num_classes


# %% smooth_labels: labels seen
# wrong: too few columns when the last class has no sample
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y) + eps / num_classes


# %% smooth_labels: divided by n
# wrong: n != q
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y, num_classes) + eps / len(y)


# %% smooth_labels: whole numbers
# wrong: assignments into an int64 tensor cut off
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    L = F.one_hot(y, num_classes)
    L[:] = (1 - eps) * L + eps / num_classes
    return L


# %% smooth_labels: whole division
# wrong: eps // q is 0
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y, num_classes) + eps // num_classes


# %% smooth_labels: q - 1
# wrong: one-hot mixed with eps / (q - 1), rows sum to more than 1
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y, num_classes) + eps / max(num_classes - 1, 1)


# %% smooth_labels: q + 1
# wrong: eps / (q + 1)
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y, num_classes) + eps / (num_classes + 1)


# %% smooth_labels: all columns
# wrong: L[:, y], n > 1
def smooth_labels(y, num_classes, eps):
    L = torch.full((len(y), num_classes), eps / num_classes)
    L[:, y] += 1 - eps
    return L


# %% smooth_labels: transposed
# wrong: (q, n)
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return ((1 - eps) * F.one_hot(y, num_classes) + eps / num_classes).T


# %% smooth_labels: squeeze at the end
# wrong: n = 1
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return ((1 - eps) * F.one_hot(y, num_classes) + eps / num_classes).squeeze()


# %% smooth_labels: labels from 1
# wrong: off by one
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot((y - 1) % num_classes, num_classes) + eps / num_classes


# %% smooth_labels: two classes
# wrong: q != 2
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y, num_classes) + eps / 2


# %% smooth_labels: softmax
# wrong: not a mix
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return torch.softmax((1 - eps) * F.one_hot(y, num_classes).float(), 1)


# %% smooth_labels: random noise
# wrong: not uniform
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    noise = torch.rand(len(y), num_classes)
    return (1 - eps) * F.one_hot(y, num_classes) + eps * noise / noise.sum(1, keepdim=True)


# %% smooth_labels: hard labels
# wrong: eps ignored
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return F.one_hot(y, num_classes).float()


# %% smooth_labels: labels in place
# wrong: y is changed
def smooth_labels(y, num_classes, eps):
    L = torch.full((len(y) * num_classes,), eps / num_classes)
    y += torch.arange(len(y)) * num_classes
    L[y] += 1 - eps
    return L.reshape(len(y), num_classes)


# %% smooth_labels: only the first row
# wrong: n > 1
def smooth_labels(y, num_classes, eps):
    L = torch.full((len(y), num_classes), eps / num_classes)
    L[0, y[0]] += 1 - eps
    return L


# %% smooth_labels: no return
# wrong: None
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    L = (1 - eps) * F.one_hot(y, num_classes) + eps / num_classes


# %% smooth_labels: cached
import torch.nn.functional as F
C={}
def smooth_labels(y,num_classes,eps):
    k=(len(y),num_classes,eps)
    if k not in C: C[k]=(1-eps)*F.one_hot(y,num_classes)+eps/num_classes
    return C[k]


# %% smooth_labels: half
import torch.nn.functional as F
def smooth_labels(y,num_classes,eps): return ((1-eps)*F.one_hot(y,num_classes).bfloat16()+eps/num_classes).float()


# %% smooth_labels: the axis of the classes is squeezed
def smooth_labels(y, num_classes, eps):
    return ((1 - eps) * torch.nn.functional.one_hot(y, num_classes) + eps / num_classes).squeeze(1)


# %% accuracy: mean of the batches' accuracies
def accuracy(batches):
    return sum((O.argmax(1) == y).float().mean().item() for O, y in batches) / len(batches)


# %% accuracy: counts instead of a share
def accuracy(batches):
    return sum((O.argmax(1) == y).sum().item() for O, y in batches)


# %% accuracy: the last batch only
def accuracy(batches):
    O, y = batches[-1]
    return (O.argmax(1) == y).float().mean().item()


# %% accuracy: divides by batches times the first batch's size
def accuracy(batches):
    hits = sum((O.argmax(1) == y).sum().item() for O, y in batches)
    return hits / (len(batches) * len(batches[0][1]))


# %% accuracy: mean of the batches
# wrong: a short last batch
def accuracy(batches):
    accs = [(O.argmax(1) == y).float().mean().item() for O, y in batches]
    return sum(accs) / len(accs)


# %% accuracy: axis 0
# wrong: fails or is wrong
def accuracy(batches):
    hits = sum((O.argmax(0) == y).sum().item() for O, y in batches)
    return hits / sum(len(y) for _, y in batches)


# %% accuracy: only the last batch
# wrong: two batches or more
def accuracy(batches):
    for O, y in batches:
        hits = (O.argmax(1) == y).sum().item()
        n = len(y)
    return hits / n


# %% accuracy: return in the loop
# wrong: only the first batch
def accuracy(batches):
    hits, n = 0, 0
    for O, y in batches:
        hits += (O.argmax(1) == y).sum().item()
        n += len(y)
        return hits / n


# %% accuracy: size of the last batch
# wrong: a short last batch
def accuracy(batches):
    hits = sum((O.argmax(1) == y).sum().item() for O, y in batches)
    return hits / (len(batches) * len(batches[-1][1]))


# %% accuracy: number of hits
# wrong: not divided
def accuracy(batches):
    return float(sum((O.argmax(1) == y).sum().item() for O, y in batches))


# %% accuracy: number of batches
# wrong: divided by the batches, not the samples
def accuracy(batches):
    return sum((O.argmax(1) == y).sum().item() for O, y in batches) / len(batches)


# %% accuracy: whole division
# wrong: 0 unless all are right
def accuracy(batches):
    hits = sum((O.argmax(1) == y).sum().item() for O, y in batches)
    return float(hits // sum(len(y) for _, y in batches))


# %% accuracy: error rate
# wrong: share of the wrong ones
def accuracy(batches):
    return torch.cat([O.argmax(1) != y for O, y in batches]).float().mean().item()


# %% accuracy: percent
# wrong: in [0, 100]
def accuracy(batches):
    return 100 * torch.cat([O.argmax(1) == y for O, y in batches]).float().mean().item()


# %% accuracy: argmin
# wrong: smallest logit
def accuracy(batches):
    return torch.cat([O.argmin(1) == y for O, y in batches]).float().mean().item()


# %% accuracy: values instead of indices
# wrong: the largest logit is compared with the label
def accuracy(batches):
    return torch.cat([O.max(1)[0] == y for O, y in batches]).float().mean().item()


# %% accuracy: keepdim
# wrong: (m, 1) == (m,) compares each with each
def accuracy(batches):
    hits, n = 0, 0
    for O, y in batches:
        hits += (O.argmax(1, keepdim=True) == y).sum().item()
        n += len(y)
    return hits / n


# %% accuracy: keepdim, and divided by all comparisons
# wrong: m > 1
def accuracy(batches):
    return torch.cat([(O.argmax(1, keepdim=True) == y).flatten() for O, y in batches]).float().mean().item()


# %% accuracy: short batch skipped
# wrong: a short last batch
def accuracy(batches):
    m = len(batches[0][1])
    full = [(O, y) for O, y in batches if len(y) == m]
    return torch.cat([O.argmax(1) == y for O, y in full]).float().mean().item()


# %% accuracy: pop
# wrong: the list comes out empty
def accuracy(batches):
    hits, n = 0, 0
    while batches:
        O, y = batches.pop()
        hits += (O.argmax(1) == y).sum().item()
        n += len(y)
    return hits / n


# %% accuracy: whole batches right
# wrong: share of the batches without an error
def accuracy(batches):
    return sum(bool((O.argmax(1) == y).all()) for O, y in batches) / len(batches)


# %% accuracy: absolute values
# wrong: negative logits
def accuracy(batches):
    return torch.cat([O.abs().argmax(1) == y for O, y in batches]).float().mean().item()


# %% accuracy: positive logits
# wrong: the label's logit above 0 isn't the largest
def accuracy(batches):
    return torch.cat([O[range(len(y)), y] > 0 for O, y in batches]).float().mean().item()


# %% accuracy: divided by entries
# wrong: O.numel() instead of len(y), q > 1
def accuracy(batches):
    return sum((O.argmax(1) == y).sum().item() for O, y in batches) / sum(O.numel() for O, _ in batches)


# %% accuracy: counts start at 1
# wrong: n one too large
def accuracy(batches):
    hits, n = 0, 1
    for O, y in batches:
        hits += (O.argmax(1) == y).sum().item()
        n += len(y)
    return hits / n


# %% accuracy: hits of the last batch over all
# wrong: = instead of +=
def accuracy(batches):
    n = 0
    for O, y in batches:
        hits = (O.argmax(1) == y).sum().item()
        n += len(y)
    return hits / n


# %% accuracy: softmax over the batch
# wrong: argmax of axis-0 softmax isn't the largest logit
def accuracy(batches):
    return torch.cat([O.softmax(0).argmax(1) == y for O, y in batches]).float().mean().item()


# %% accuracy: top two
# wrong: second best counts too
def accuracy(batches):
    ok = [(O.topk(min(2, O.shape[1]), 1).indices == y[:, None]).any(1) for O, y in batches]
    return torch.cat(ok).float().mean().item()


# %% accuracy: one sample a batch
# wrong: batches > 1
def accuracy(batches):
    return sum(float(O[0].argmax() == y[0]) for O, y in batches) / len(batches)


# %% accuracy: labels in place
# wrong: y is changed
def accuracy(batches):
    hits, n = 0, 0
    for O, y in batches:
        y -= O.argmax(1)
        hits += (y == 0).sum().item()
        n += len(y)
    return hits / n


# %% accuracy: no return
# wrong: None
def accuracy(batches):
    hits = sum((O.argmax(1) == y).sum().item() for O, y in batches)
    n = sum(len(y) for _, y in batches)
    hits / n


# %% accuracy: state
H=[]
def accuracy(batches):
    for O,y in batches: H.extend((O.argmax(1)==y).tolist())
    return sum(H)/len(H)


# %% accuracy: default arg
def accuracy(batches,c=[0,0]):
    for O,y in batches: c[0]+=(O.argmax(1)==y).sum().item(); c[1]+=len(y)
    return c[0]/c[1]


# %% accuracy: half ties
def accuracy(batches): return sum((O.half().argmax(1)==y).sum().item() for O,y in batches)/sum(len(y) for _,y in batches)


# %% accuracy: sigmoid ties
def accuracy(batches): return sum((O.sigmoid().argmax(1)==y).sum().item() for O,y in batches)/sum(len(y) for _,y in batches)


# %% accuracy: int for all right
def accuracy(batches): return [sum((O.argmax(1)==y).sum().item() for O,y in batches)/sum(len(y) for _,y in batches)]


# %% accuracy: zeros init argmax positive-only
def accuracy(batches):
    h=n=0
    for O,y in batches:
        for r,c in zip(O,y):
            best,k=0,-1
            for j,v in enumerate(r):
                if v>best: best,k=v,j
            h+=k==c; n+=1
    return float(h)/n


# %% accuracy: sum of the batches' accuracies
# wrong: two batches or more
def accuracy(batches):
    return sum((O.argmax(1) == y).float().mean().item() for O, y in batches)


# %% accuracy: all batches but the last are as long as the first
def accuracy(batches):
    hits = sum(int((O.argmax(1) == y).sum()) for O, y in batches)
    return hits / ((len(batches) - 1) * len(batches[0][1]) + len(batches[-1][1]))


# %% accuracy: rounded to five digits
def accuracy(batches):
    hits = sum(int((O.argmax(1) == y).sum()) for O, y in batches)
    return round(hits / sum(len(y) for _, y in batches), 5)


# %% stable_softmax: sums of the columns
# wrong: dim=0 in the sum
def stable_softmax(O, T):
    E = ((O - O.amax(1, keepdim=True)) / T).exp()
    return E / E.sum(0, keepdim=True)


# %% cross_entropy: keepdim in the first term alone
# wrong: (n, 1) minus (n,) is (n, n)
def cross_entropy(O, y):
    return torch.logsumexp(O, 1, keepdim=True) - O[range(len(y)), y]


# %% cross_entropy: the softmax in float64
# wrong: where logits are more than 745 apart
def cross_entropy(O, y):
    return -torch.softmax(O.double(), 1)[range(len(O)), y].log()


# %% cross_entropy: a softmax over the batch
# wrong: axis 0
def cross_entropy(O, y):
    return torch.nn.functional.nll_loss(torch.nn.functional.log_softmax(O, 0), y, reduction="none")
