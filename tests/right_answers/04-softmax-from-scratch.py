"""Right answers to the exercises of lesson 04, in the styles that learners use: each passes its check."""
# %% stable_softmax: maximum first, then divide
def stable_softmax(O, T):
    E = torch.exp((O - O.max(1, keepdim=True).values) / T)
    return E / E.sum(1, keepdim=True)


# %% stable_softmax: divide first
def stable_softmax(O, T):
    Z = O / T
    Z = Z - Z.max(dim=1, keepdim=True)[0]
    E = Z.exp()
    return E / E.sum(dim=1, keepdim=True)


# %% stable_softmax: amax and None
def stable_softmax(O, T=1.0):
    E = ((O - O.amax(1)[:, None]) / T).exp()
    return E / E.sum(1)[:, None]


# %% stable_softmax: rows in a list comprehension
def row_softmax(o, T):
    e = torch.exp((o - o.max()) / T)
    return e / e.sum()
def stable_softmax(O, T):
    return torch.stack([row_softmax(o, T) for o in O])


# %% stable_softmax: numpy
import numpy as np
def stable_softmax(O, T):
    A = O.numpy()
    E = np.exp((A - A.max(axis=1, keepdims=True)) / T)
    return torch.from_numpy(E / E.sum(axis=1, keepdims=True))


# %% stable_softmax: Python numbers
import math
def stable_softmax(O, T):
    out = []
    for row in O.tolist():
        m = max(row)
        e = [math.exp((v - m) / T) for v in row]
        s = sum(e)
        out.append([v / s for v in e])
    return torch.tensor(out)


# %% stable_softmax: float64
def stable_softmax(O, T):
    Z = O.double() / T
    Z -= Z.max(1, keepdim=True).values
    E = torch.exp(Z)
    return E / E.sum(-1, keepdim=True)


# %% stable_softmax: einsum
def stable_softmax(O, T):
    m, _ = torch.max(O, 1)
    E = torch.exp((O - m.reshape(-1, 1)) / T)
    return torch.einsum("ij,i->ij", E, 1 / torch.einsum("ij->i", E))


# %% stable_softmax: transposed
def stable_softmax(O, T):
    Z = O.T
    E = torch.exp((Z - Z.max(0).values) / T)
    return (E / E.sum(0)).T


# %% stable_softmax: in place on a clone
def stable_softmax(O, T):
    P = O.clone()
    P -= P.max(1, keepdim=True).values
    P /= T
    P.exp_()
    P /= P.sum(1, keepdim=True)
    return P


# %% stable_softmax: log of the sum by hand
def stable_softmax(O, T):
    Z = (O - O.max(1, keepdim=True).values) / T
    return torch.exp(Z - torch.log(torch.exp(Z).sum(1, keepdim=True)))


# %% stable_softmax: differences of each pair
def stable_softmax(O, T):
    D = (O[:, None, :] - O[:, :, None]) / T
    return 1 / torch.exp(D).sum(2)


# %% stable_softmax: nn.Module instance
from torch import nn
class Softmax(nn.Module):
    def forward(self, O, T):
        shift = torch.sort(O, dim=1, descending=True).values[:, :1]
        E = torch.exp((O - shift).div(T))
        return E.div(E.sum(1, keepdim=True))
stable_softmax = Softmax()


# %% stable_softmax: vmap
def stable_softmax(O, T):
    def one(o):
        e = ((o - o.max()) / T).exp()
        return e / e.sum()
    return torch.vmap(one)(O)


# %% stable_softmax: vmap, again
def stable_softmax(O,T):
    def row(o):
        e=((o-o.max())/T).exp(); return e/e.sum()
    return torch.vmap(row)(O)


# %% stable_softmax: einsum, again
def stable_softmax(O,T):
    Z=O.div(T); m,_=torch.max(Z,dim=1); e=torch.exp(Z-m[:,None])
    return torch.einsum("nq,n->nq",e,1/torch.einsum("nq->n",e))


# %% stable_softmax: normalize
import torch.nn.functional as F
def stable_softmax(O,T):
    return F.normalize(torch.exp((O-O.max(dim=1,keepdim=True)[0])/T),p=1,dim=1)


# %% cross_entropy: logsumexp and index
def cross_entropy(O, y):
    return torch.logsumexp(O, 1) - O[range(len(O)), y]


# %% cross_entropy: F's own
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.cross_entropy(O, y, reduction="none")


# %% cross_entropy: nn's own
from torch import nn
cross_entropy = nn.CrossEntropyLoss(reduction="none")


# %% cross_entropy: partial
from functools import partial
cross_entropy = partial(torch.nn.functional.cross_entropy, reduction="none")


# %% cross_entropy: log_softmax and nll_loss
from torch.nn import functional as F
def cross_entropy(O, y):
    return F.nll_loss(F.log_softmax(O, dim=1), y, reduction="none")


# %% cross_entropy: maximum by hand, gather
def cross_entropy(O, y):
    m = O.max(1, keepdim=True).values
    Z = O - m
    return Z.exp().sum(1).log() - Z.gather(1, y.reshape(-1, 1)).reshape(-1)


# %% cross_entropy: one-hot
from torch.nn import functional as F
def cross_entropy(O, y):
    Y = F.one_hot(y, O.shape[1])
    return -(Y * O.log_softmax(1)).sum(1)


# %% cross_entropy: loop
def cross_entropy(O, y):
    losses = torch.zeros(len(y))
    for i in range(len(y)):
        losses[i] = torch.logsumexp(O[i], 0) - O[i, y[i]]
    return losses


# %% cross_entropy: Python numbers
import math
def cross_entropy(O, y):
    out = []
    for row, label in zip(O.tolist(), y.tolist()):
        m = max(row)
        out.append(m + math.log(sum(math.exp(v - m) for v in row)) - row[label])
    return torch.tensor(out)


# %% cross_entropy: numpy
import numpy as np
def cross_entropy(O, y):
    A = O.numpy().astype(np.float64)
    m = A.max(1)
    lse = m + np.log(np.exp(A - m[:, None]).sum(1))
    return torch.from_numpy(lse - A[np.arange(len(A)), y.numpy()])


# %% cross_entropy: distances to the label's logit
def cross_entropy(O, y):
    own = O[torch.arange(O.size(0)), y].unsqueeze(1)
    return torch.logsumexp(O - own, dim=1)


# %% cross_entropy: stack of single losses, float64
from torch.nn import functional as F
def cross_entropy(O, y):
    return torch.stack([F.cross_entropy(o[None], t[None]) for o, t in zip(O.double(), y)])


# %% cross_entropy: mask
cross_entropy = lambda O, y: -torch.log_softmax(O, -1)[torch.arange(O.shape[1]) == y[:, None]]


# %% cross_entropy: F
import torch.nn.functional as F
def cross_entropy(O,y): return F.cross_entropy(O,y,reduction="none")


# %% cross_entropy: nll
import torch.nn.functional as F
def cross_entropy(O,y): return F.nll_loss(F.log_softmax(O,-1),y,reduction="none")


# %% cross_entropy: one-hot, again
import torch.nn.functional as F
def cross_entropy(O,y): return F.cross_entropy(O,F.one_hot(y,O.shape[1]).float(),reduction="none")


# %% cross_entropy: logaddexp reduce
from functools import reduce
def cross_entropy(O,y): return reduce(torch.logaddexp,O.unbind(1))-O.take_along_dim(y[:,None],1).squeeze(1)


# %% cross_entropy: Categorical
def cross_entropy(O,y): return -torch.distributions.Categorical(logits=O).log_prob(y)


# %% cross_entropy: vmap
def cross_entropy(O,y): return torch.vmap(lambda o,c: o.logsumexp(0)-o.gather(0,c[None])[0])(O,y)


# %% cross_entropy: each sample
import torch.nn.functional as F
def cross_entropy(O,y): return torch.stack([F.cross_entropy(O[i:i+1],y[i:i+1]) for i in range(len(y))])


# %% cross_entropy_gradient: subtract one-hot
from torch.nn import functional as F
def cross_entropy_gradient(O, y):
    return (torch.softmax(O, 1) - F.one_hot(y, O.shape[1])) / len(y)


# %% cross_entropy_gradient: index of the copy
def cross_entropy_gradient(O, y):
    P = torch.softmax(O, dim=1)
    P[range(len(P)), y] -= 1
    return P / len(P)


# %% cross_entropy_gradient: softmax by hand, eye
def cross_entropy_gradient(O, y):
    E = torch.exp(O - O.max(1, keepdim=True).values)
    P = E / E.sum(1, keepdim=True)
    return (P - torch.eye(O.shape[1])[y]) / O.shape[0]


# %% cross_entropy_gradient: loop over rows
def cross_entropy_gradient(O, y):
    n, q = O.shape
    G = torch.zeros(n, q)
    for i in range(n):
        G[i] = O[i].softmax(0) / n
        G[i, y[i]] -= 1 / n
    return G


# %% cross_entropy_gradient: Python lists
import math
def cross_entropy_gradient(O, y):
    rows, labels = O.tolist(), y.tolist()
    G = []
    for row, label in zip(rows, labels):
        m = max(row)
        e = [math.exp(v - m) for v in row]
        s = sum(e)
        G.append([(v / s - (k == label)) / len(rows) for k, v in enumerate(e)])
    return torch.tensor(G)


# %% cross_entropy_gradient: numpy
import numpy as np
def cross_entropy_gradient(O, y):
    A = O.numpy()
    E = np.exp(A - A.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    P[np.arange(len(A)), y.numpy()] -= 1
    return torch.from_numpy(P / len(A))


# %% cross_entropy_gradient: float64
def cross_entropy_gradient(O, y):
    G = O.double().softmax(-1)
    G[torch.arange(len(y)), y] -= 1.0
    G /= y.numel()
    return G


# %% cross_entropy_gradient: scatter_add
def cross_entropy_gradient(O, y):
    n = O.size(0)
    P = torch.softmax(O, 1) / n
    return P.scatter_add(1, y.unsqueeze(1), torch.full((n, 1), -1 / n))


# %% cross_entropy_gradient: index_put
def cross_entropy_gradient(O, y):
    n = len(O)
    P = torch.softmax(O, 1)
    P = P.index_put((torch.arange(n), y), torch.tensor(-1.0), accumulate=True)
    return P.div(n)


# %% cross_entropy_gradient: where
def cross_entropy_gradient(O, y):
    P = O.log_softmax(1).exp()
    mine = torch.arange(O.shape[1])[None, :] == y[:, None]
    return torch.where(mine, P - 1, P) / len(y)


# %% cross_entropy_gradient: nn.Softmax and callable object
from torch import nn
class Gradient:
    softmax = nn.Softmax(dim=1)
    def __call__(self, O, y):
        onehot = torch.zeros(O.shape)
        onehot.scatter_(1, y.reshape(-1, 1), 1.0)
        return (self.softmax(O) - onehot).mul(1 / len(O))
cross_entropy_gradient = Gradient()


# %% cross_entropy_gradient: Jacobian of the softmax, by hand
def cross_entropy_gradient(O, y):
    # d loss / d p is -1/p at the label; times p_y (1[k = y] - p_k) gives p_k - 1[k = y]
    P = torch.exp(O - torch.logsumexp(O, 1, keepdim=True))
    Y = torch.stack([(torch.arange(O.shape[1]) == t).float() for t in y])
    return torch.einsum("nk,n->nk", P - Y, torch.ones(len(y)) / len(y))


# %% cross_entropy_gradient: std
import torch.nn.functional as F
def cross_entropy_gradient(O,y): return (torch.softmax(O,1)-F.one_hot(y,O.shape[1]))/len(y)


# %% cross_entropy_gradient: scatter_add, again
def cross_entropy_gradient(O,y):
    P=torch.softmax(O,-1); return P.scatter_add(1,y[:,None],-torch.ones(len(y),1)).div_(O.size(0))


# %% cross_entropy_gradient: log_softmax exp
def cross_entropy_gradient(O,y):
    G=O.log_softmax(1).exp(); G.scatter_(1,y[:,None],G.gather(1,y[:,None])-1); return G.mul(1/len(O))


# %% cross_entropy_gradient: vmap
def cross_entropy_gradient(O,y):
    n=len(O); I=torch.eye(O.shape[1])
    return torch.vmap(lambda o,t:(torch.softmax(o,0)-t)/n)(O,I[y])


# %% smooth_labels: one_hot
from torch.nn import functional as F
def smooth_labels(y, num_classes, eps):
    return (1 - eps) * F.one_hot(y, num_classes) + eps / num_classes


# %% smooth_labels: one_hot float
from torch.nn.functional import one_hot
def smooth_labels(y, num_classes, eps=0.1):
    hard = one_hot(y, num_classes).float()
    uniform = torch.ones(len(y), num_classes) / num_classes
    return hard * (1 - eps) + uniform * eps


# %% smooth_labels: eye
def smooth_labels(y, num_classes, eps):
    return (torch.eye(num_classes) * (1 - eps) + eps / num_classes)[y]


# %% smooth_labels: full and index
def smooth_labels(y, num_classes, eps):
    L = torch.full((len(y), num_classes), eps / num_classes)
    L[torch.arange(len(y)), y] += 1 - eps
    return L


# %% smooth_labels: scatter
def smooth_labels(y, num_classes, eps):
    low = eps / num_classes
    out = torch.zeros(y.shape[0], num_classes).fill_(low)
    return out.scatter_(1, y.unsqueeze(1), 1 - eps + low)


# %% smooth_labels: loop
def smooth_labels(y, num_classes, eps):
    out = torch.empty(len(y), num_classes)
    for i in range(len(y)):
        for k in range(num_classes):
            out[i, k] = eps / num_classes
            if k == y[i]:
                out[i, k] += 1 - eps
    return out


# %% smooth_labels: list comprehension
def smooth_labels(y, num_classes, eps):
    return torch.tensor([[(1 - eps) * (k == t) + eps / num_classes for k in range(num_classes)] for t in y.tolist()])


# %% smooth_labels: numpy float64
import numpy as np
def smooth_labels(y, num_classes, eps):
    return torch.from_numpy(np.eye(num_classes)[y.numpy()] * (1 - eps) + eps / num_classes)


# %% smooth_labels: where
def smooth_labels(y, num_classes, eps):
    true = torch.arange(num_classes) == y.reshape(-1, 1)
    return torch.where(true, torch.tensor(1 - eps + eps / num_classes), torch.tensor(eps / num_classes))


# %% smooth_labels: compare and cast
smooth_labels = lambda y, num_classes, eps: (y[:, None] == torch.arange(num_classes)).float() * (1 - eps) + eps / num_classes


# %% smooth_labels: lerp
def smooth_labels(y, num_classes, eps):
    hard = torch.nn.functional.one_hot(y, num_classes).to(torch.float32)
    return torch.lerp(hard, torch.full_like(hard, 1 / num_classes), eps)


# %% smooth_labels: rows normalised
def smooth_labels(y, num_classes, eps):
    counts = torch.full((len(y), num_classes), float(eps))
    counts[range(len(y)), y] += num_classes * (1 - eps)
    return counts / counts.sum(1, keepdim=True)


# %% smooth_labels: F
import torch.nn.functional as F
def smooth_labels(y,num_classes,eps): return (1-eps)*F.one_hot(y,num_classes)+eps/num_classes


# %% smooth_labels: full
def smooth_labels(y,num_classes,eps):
    L=torch.full((len(y),num_classes),eps/num_classes); L[torch.arange(len(y)),y]+=1-eps; return L


# %% smooth_labels: eye, again
def smooth_labels(y,num_classes,eps): return torch.eye(num_classes)[y]*(1-eps)+eps/num_classes


# %% smooth_labels: lerp, again
import torch.nn.functional as F
def smooth_labels(y,num_classes,eps):
    h=F.one_hot(y,num_classes).float(); return torch.lerp(h,torch.full_like(h,1/num_classes),eps)


# %% smooth_labels: scatter, again
def smooth_labels(y,num_classes,eps):
    return torch.full((y.numel(),num_classes),eps/num_classes).scatter_(1,y.reshape(-1,1),1-eps+eps/num_classes)


# %% smooth_labels: python
def smooth_labels(y,num_classes,eps):
    return torch.tensor([[(1-eps)*(c==k)+eps/num_classes for k in range(num_classes)] for c in y.tolist()])


# %% smooth_labels: numpy
import numpy as np
def smooth_labels(y,num_classes,eps): return torch.from_numpy((np.eye(num_classes)[y.numpy()]*(1-eps)+eps/num_classes).astype("float32"))


# %% smooth_labels: where, again
def smooth_labels(y,num_classes,eps):
    m=y[:,None]==torch.arange(num_classes); return torch.where(m,1-eps+eps/num_classes,eps/num_classes)


# %% smooth_labels: loop append
def smooth_labels(y,num_classes,eps):
    rows=[]
    for l in y:
        r=torch.ones(num_classes)*eps/num_classes; r[l]+=1-eps; rows.append(r)
    return torch.stack(rows)


# %% smooth_labels: double
def smooth_labels(y,num_classes,eps): return torch.eye(num_classes,dtype=torch.float64)[y]*(1-eps)+eps/num_classes


# %% smooth_labels: index_add
def smooth_labels(y,num_classes,eps):
    n=len(y); f=torch.full((n*num_classes,),eps/num_classes); f.index_add_(0,torch.arange(n)*num_classes+y,torch.full((n,),1.-eps)); return f.reshape(n,-1)


# %% smooth_labels: embedding
import torch.nn.functional as F
def smooth_labels(y,num_classes,eps):
    return F.embedding(y,(1-eps)*torch.eye(num_classes)+eps*torch.ones(num_classes,num_classes)/num_classes)


# %% smooth_labels: CE gradient trick autograd
import torch.nn.functional as F
def smooth_labels(y,num_classes,eps):
    z=torch.zeros(len(y),num_classes,requires_grad=True)
    F.cross_entropy(z,y,reduction="sum",label_smoothing=eps).backward()
    return 1/num_classes-z.grad


# %% accuracy: count hits and samples
def accuracy(batches):
    hits, n = 0, 0
    for O, y in batches:
        hits += (O.argmax(1) == y).sum().item()
        n += len(y)
    return hits / n


# %% accuracy: generators
def accuracy(batches):
    return sum(int((O.argmax(dim=1) == y).sum()) for O, y in batches) / sum(len(y) for O, y in batches)


# %% accuracy: one long batch
def accuracy(batches):
    right = torch.cat([O.argmax(1) == y for O, y in batches])
    return right.float().mean().item()


# %% accuracy: cat of logits and labels
def accuracy(batches):
    O = torch.cat([b[0] for b in batches])
    y = torch.cat([b[1] for b in batches])
    return float((torch.max(O, 1)[1] == y).double().mean())


# %% accuracy: weighted mean
def accuracy(batches):
    accs = torch.tensor([(O.argmax(1) == y).float().mean() for O, y in batches])
    sizes = torch.tensor([float(len(y)) for _, y in batches])
    return ((accs * sizes).sum() / sizes.sum()).item()


# %% accuracy: numpy
import numpy as np
def accuracy(batches):
    ok = np.concatenate([O.numpy().argmax(axis=1) == y.numpy() for O, y in batches])
    return float(ok.mean())


# %% accuracy: Python lists
def accuracy(batches):
    ok = []
    for O, y in batches:
        for row, label in zip(O.tolist(), y.tolist()):
            ok.append(row.index(max(row)) == label)
    return sum(ok) / len(ok)


# %% accuracy: topk
def accuracy(batches):
    hits = total = 0
    for O, y in batches:
        pred = O.topk(1, dim=1).indices.squeeze(1)
        hits += pred.eq(y).sum()
        total += y.shape[0]
    return (hits / total).item()


# %% accuracy: reduce
from functools import reduce
def accuracy(batches):
    def add(state, batch):
        O, y = batch
        return state[0] + torch.count_nonzero(O.argmax(1) == y).item(), state[1] + y.numel()
    hits, n = reduce(add, batches, (0, 0))
    return hits / n


# %% accuracy: accumulator class
class Accumulator:
    def __init__(self, n):
        self.data = [0.0] * n
    def add(self, *args):
        self.data = [a + float(b) for a, b in zip(self.data, args)]
def accuracy(batches):
    metric = Accumulator(2)
    for O, y in batches:
        metric.add((O.softmax(1).argmax(1) == y).sum(), len(y))
    return metric.data[0] / metric.data[1]


# %% accuracy: sample by sample
def accuracy(batches):
    hits = 0
    n = 0
    for i in range(len(batches)):
        O, y = batches[i]
        for j in range(len(y)):
            n += 1
            if torch.argmax(O[j]) == y[j]:
                hits += 1
    return hits / n


# %% accuracy: errors subtracted
def accuracy(batches):
    wrong = sum((O.argmax(-1) != y).sum().item() for O, y in batches)
    return 1 - wrong / sum(y.size(0) for _, y in batches)


# %% accuracy: numpy float
import numpy as np
accuracy = lambda batches: np.mean([p == t for O, y in batches for p, t in zip(O.argmax(1).tolist(), y.tolist())])
