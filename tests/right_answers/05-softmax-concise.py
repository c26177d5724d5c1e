"""Right answers to the exercises of lesson 05, in the styles that learners use: each passes its check."""
# %% three_ways: the three classes, hand with a list of rows
def three_ways(O, y):
    E = O.exp()
    P = E / E.sum(dim=1, keepdim=True)
    hand = -torch.log(P[range(len(y)), y]).mean()
    two = nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y)
    three = nn.CrossEntropyLoss()(O, y)
    return hand, two, three


# %% three_ways: functional modules and logsumexp with gather
from torch.nn import functional as F
def three_ways(O, y):
    picked = O.gather(1, y.unsqueeze(1)).squeeze(1)
    hand = (torch.logsumexp(O, 1) - picked).mean()
    return hand, F.nll_loss(F.log_softmax(O, dim=1), y), F.cross_entropy(O, y)


# %% three_ways: python numbers, loop with math
import math
def three_ways(O, y):
    total = 0.0
    for row, label in zip(O.tolist(), y.tolist()):
        m = max(row)
        total += m + math.log(sum(math.exp(o - m) for o in row)) - row[label]
    log_softmax = nn.LogSoftmax(dim=1)
    nll = nn.NLLLoss()
    ce = nn.CrossEntropyLoss()
    return total / len(y), nll(log_softmax(O), y).item(), ce(O, y).item()


# %% three_ways: numpy by hand
import numpy as np
def three_ways(O, y):
    o = O.detach().numpy().astype(np.float64)
    o = o - o.max(axis=1, keepdims=True)
    logp = o - np.log(np.exp(o).sum(axis=1, keepdims=True))
    hand = -logp[np.arange(len(o)), y.numpy()].mean()
    second = nn.Sequential(nn.LogSoftmax(1))(O)
    return float(hand), float(nn.NLLLoss()(second, y)), float(nn.CrossEntropyLoss()(O, y))


# %% three_ways: float64 everywhere, sums divided by n
def three_ways(O, y):
    O = O.double()
    n = O.shape[0]
    denominator = O.exp().sum(1)
    hand = sum(denominator[i].log() - O[i, y[i]] for i in range(n)) / n
    second = nn.NLLLoss(reduction="sum")(nn.LogSoftmax(dim=-1)(O), y) / n
    third = nn.CrossEntropyLoss(reduction="sum")(O, y) / n
    return hand, second, third


# %% three_ways: one-hot by comparison, and einsum
def three_ways(O, y):
    q = O.shape[1]
    onehot = (y[:, None] == torch.arange(q)).float()
    logZ = O.exp().sum(1).log()
    hand = logZ.mean() - torch.einsum("nq,nq->", onehot, O) / len(O)
    lp = nn.LogSoftmax(dim=1)(O)
    return [hand, nn.NLLLoss(reduction="none")(lp, y).mean(), nn.CrossEntropyLoss(reduction="none")(O, y).mean()]


# %% three_ways: helper functions, torch.stack unpacked
from torch.nn import functional as F
def by_hand(row, label):
    shifted = row - row.max()
    return torch.log(torch.exp(shifted).sum()) - shifted[label]

def three_ways(O: torch.Tensor, y: torch.Tensor):
    first = torch.stack([by_hand(O[i], y[i]) for i in range(O.size(0))]).mean()
    second = F.nll_loss(F.log_softmax(O, 1), y, reduction="mean")
    third = F.cross_entropy(input=O, target=y)
    return first, second, third


# %% three_ways: callable object
class ThreeWays:
    def __init__(self):
        self.ls = nn.LogSoftmax(dim=1)
        self.nll = nn.NLLLoss()
        self.ce = nn.CrossEntropyLoss()
    def __call__(self, O, y):
        with torch.no_grad():
            P = O.exp() / O.exp().sum(1).reshape(-1, 1)
            hand = -P.take_along_dim(y[:, None], 1).log().mean()
            return hand, self.nll(self.ls(O), y), self.ce(O, y)
three_ways = ThreeWays()


# %% three_ways: methods log_softmax for the second
from torch.nn.functional import nll_loss, cross_entropy
three_ways = lambda O, y: (
    (O.exp().sum(1) / O.exp()[torch.arange(len(y)), y]).log().mean(),
    nll_loss(nn.LogSoftmax(1)(O), y),
    cross_entropy(O, y),
)


# %% three_ways: boolean mask by hand
def three_ways(O, y):
    mask = torch.zeros(O.shape, dtype=torch.bool)
    mask[torch.arange(len(y)), y] = True
    log_probs = O - torch.logsumexp(O, dim=1, keepdim=True)
    return -log_probs[mask].mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% three_ways: one-hot sum
def three_ways(O, y):
    T = nn.functional.one_hot(y, O.shape[1])
    Z = torch.einsum("ij->i", O.exp())
    a = (Z.log() - (O * T).sum(1)).mean()
    lsm = nn.LogSoftmax(dim=1); nll = nn.NLLLoss(); ce = nn.CrossEntropyLoss()
    return a, nll(lsm(O), y), ce(O, y)


# %% three_ways: class with call
class Ways:
    def __init__(self): self.ls = nn.LogSoftmax(1)
    def __call__(self, O, y):
        return tuple(f(O, y) for f in (self.hand, self.mid, nn.CrossEntropyLoss()))
    def hand(self, O, y):
        E = O.double().exp()
        return -(E[torch.arange(len(y)), y] / E.sum(1)).log().mean()
    def mid(self, O, y):
        return nn.NLLLoss()(self.ls(O), y)
three_ways = Ways()


# %% three_ways: functions of F
import torch.nn.functional as F
def three_ways(O, y):
    return (-(O.exp()[range(len(O)), y] / O.exp().sum(axis=1)).log().mean(),
            F.nll_loss(F.log_softmax(O, 1), y), F.cross_entropy(O, y))


# %% three_ways: namedtuple + dataclass
from typing import NamedTuple
class R(NamedTuple):
    hand: torch.Tensor
    mid: torch.Tensor
    lib: torch.Tensor
def three_ways(O, y):
    p = O.clone().exp_()
    p /= p.sum(1).unsqueeze(-1)
    return R(-torch.log(torch.diagonal(p[:, y])).mean(), nn.NLLLoss()(nn.LogSoftmax(1)(O), y), nn.CrossEntropyLoss()(O, y))


# %% mean_gradient: clones that ask for gradients, mean
def mean_gradient(X, y, W, b):
    W = W.clone().requires_grad_()
    b = b.clone().requires_grad_()
    loss = nn.CrossEntropyLoss(reduction="none")(X @ W + b, y)
    loss.mean().backward()
    return W.grad, b.grad


# %% mean_gradient: detach, sum over n
def mean_gradient(X, y, W, b):
    w2 = W.detach().clone().requires_grad_(True)
    b2 = b.detach().clone().requires_grad_(True)
    l = nn.CrossEntropyLoss(reduction="none")(torch.matmul(X, w2) + b2, y)
    (l.sum() / len(y)).backward()
    return w2.grad, b2.grad


# %% mean_gradient: vector handed to backward
def mean_gradient(X, y, W, b):
    W1 = nn.Parameter(W.clone())
    b1 = nn.Parameter(b.clone())
    loss = nn.CrossEntropyLoss(reduction="none")(X.mm(W1) + b1, y)
    loss.backward(torch.ones_like(loss) / loss.numel())
    return W1.grad.clone(), b1.grad.clone()


# %% mean_gradient: torch.autograd.grad with grad_outputs
def mean_gradient(X, y, W, b):
    params = [t.detach().clone().requires_grad_() for t in (W, b)]
    losses = nn.CrossEntropyLoss(reduction="none")(X @ params[0] + params[1], y)
    n = losses.shape[0]
    gW, gb = torch.autograd.grad(losses, params, grad_outputs=torch.full((n,), 1 / n))
    return gW, gb


# %% mean_gradient: torch.func.grad
from torch.func import grad
from torch.nn import functional as F
def mean_gradient(X, y, W, b):
    def loss(W, b):
        return F.cross_entropy(X @ W + b, y, reduction="none").mean()
    return grad(loss, argnums=(0, 1))(W, b)


# %% mean_gradient: an nn.Linear with copied weights, transposed back
def mean_gradient(X, y, W, b):
    d, q = W.shape
    net = nn.Linear(d, q)
    with torch.no_grad():
        net.weight.copy_(W.T)
        net.bias.copy_(b)
    nn.CrossEntropyLoss(reduction="none")(net(X), y).mean().backward()
    return net.weight.grad.T, net.bias.grad


# %% mean_gradient: one sample after the other, backward adds up
def mean_gradient(X, y, W, b):
    W_ = W.clone().requires_grad_()
    b_ = b.clone().requires_grad_()
    n = len(y)
    loss = nn.CrossEntropyLoss(reduction="none")(X @ W_ + b_, y)
    for i in range(n):
        (loss[i] / n).backward(retain_graph=True)
    return W_.grad, b_.grad


# %% mean_gradient: float64 inside, float32 returned
def mean_gradient(X, y, W, b):
    W64 = W.double().clone().requires_grad_()
    b64 = b.double().clone().requires_grad_()
    loss = nn.CrossEntropyLoss(reduction="none")(X.double() @ W64 + b64, y)
    torch.mean(loss).backward()
    return W64.grad.float(), b64.grad.float()


# %% mean_gradient: func.grad
from torch.func import grad
def mean_gradient(X, y, W, b):
    f = lambda W, b: nn.CrossEntropyLoss(reduction="none")(X @ W + b, y).mean()
    return grad(f, argnums=(0, 1))(W, b)


# %% mean_gradient: vmap per sample
from torch.func import grad, vmap
def mean_gradient(X, y, W, b):
    def loss(W, b, x, t):
        return nn.functional.cross_entropy((x @ W + b)[None], t[None], reduction="none")[0]
    gW, gb = vmap(grad(loss, argnums=(0, 1)), in_dims=(None, None, 0, 0))(W, b, X, y)
    return gW.mean(0), gb.mean(0)


# %% mean_gradient: jacobian
def mean_gradient(X, y, W, b):
    f = lambda W, b: nn.CrossEntropyLoss(reduction="none")(X @ W + b, y)
    JW, Jb = torch.autograd.functional.jacobian(f, (W, b))
    return JW.mean(0), Jb.mean(0)


# %% mean_gradient: einsum vjp
from torch.func import vjp
def mean_gradient(X, y, W, b):
    l, back = vjp(lambda W, b: nn.CrossEntropyLoss(reduction="none")(torch.einsum("nd,dq->nq", X, W) + b, y), W, b)
    return back(torch.full_like(l, 1 / len(l)))


# %% read_products: csv reader with slices
def read_products(path):
    with open(path, newline="") as f:
        rows = list(csv.reader(f))[1:]
    X = torch.tensor([[float(v) for v in row[1:-1]] for row in rows])
    y = torch.tensor([int(row[-1].removeprefix("Class_")) - 1 for row in rows])
    return X, y


# %% read_products: DictReader
def read_products(path):
    features, labels = [], []
    with open(path, encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            features.append([float(row[f"feat_{i}"]) for i in range(1, 94)])
            labels.append(int(row["target"][6:]) - 1)
    return torch.tensor(features, dtype=torch.float32), torch.tensor(labels, dtype=torch.int64)


# %% read_products: plain split of lines
def read_products(path):
    lines = open(path).read().splitlines()
    X, y = [], []
    for line in lines[1:]:
        if not line.strip():
            continue
        parts = line.split(",")
        X.append(list(map(int, parts[1:94])))
        y.append(int(parts[94].split("_")[1]) - 1)
    return torch.tensor(X).float(), torch.tensor(y).long()


# %% read_products: numpy loadtxt
import numpy as np
def read_products(path):
    table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=str, ndmin=2)
    X = torch.from_numpy(table[:, 1:-1].astype(np.float32))
    y = torch.from_numpy(np.array([int(s[-1]) - 1 for s in table[:, -1]], dtype=np.int64))
    return X, y


# %% read_products: loadtxt with a converter
import numpy as np
def read_products(path):
    with open(path) as f:
        lines = f.read().replace("Class_", "").strip().split("\n")
    a = np.loadtxt(lines[1:], delimiter=",", ndmin=2)
    return torch.tensor(a[:, 1:94], dtype=torch.float32), torch.tensor(a[:, 94] - 1, dtype=torch.int64)


# %% read_products: pathlib and a dictionary of classes
from pathlib import Path
def read_products(path):
    index = {f"Class_{k}": k - 1 for k in range(1, 10)}
    header, *rows = csv.reader(Path(path).read_text().splitlines())
    x = [torch.tensor([float(c) for c in r[1:94]]) for r in rows]
    return torch.stack(x), torch.tensor([index[r[94]] for r in rows])


# %% read_products: generator, next for the header, filled tensor
def read_products(path):
    with open(path, "rt") as file:
        reader = csv.reader(file)
        next(reader)
        rows = [r for r in reader if r]
    X = torch.zeros(len(rows), 93)
    y = torch.zeros(len(rows), dtype=torch.long)
    for i, row in enumerate(rows):
        for j in range(93):
            X[i, j] = float(row[j + 1])
        y[i] = int(row[-1].replace("Class_", "")) - 1
    return X, y


# %% read_products: star unpacking and torch.Tensor
def read_products(path):
    X = []
    y = []
    with open(path, newline="") as file:
        for number, (_, *counts, target) in enumerate(csv.reader(file)):
            if number == 0:
                continue
            X.append([int(c) for c in counts])
            y.append(ord(target[-1]) - ord("1"))
    return torch.Tensor(X), torch.LongTensor(y)


# %% read_products: list index of the class names and header look-up
def read_products(path):
    names = ["Class_" + str(i) for i in range(1, 10)]
    with open(path, newline="") as file:
        table = csv.reader(file)
        header = next(table)
        first, target = header.index("feat_1"), header.index("target")
        data = [(row[first:first + 93], names.index(row[target])) for row in table]
    X, y = zip(*data)
    return torch.tensor([[float(v) for v in row] for row in X]), torch.tensor(y)


# %% read_products: dataclass
from dataclasses import dataclass, field
@dataclass
class Product:
    counts: list
    label: int
    @classmethod
    def parse(cls, row): return cls([float(x) for x in row[1:-1]], int(row[-1].split("_")[-1]) - 1)
def read_products(path):
    with open(path) as f:
        ps = [Product.parse(r) for i, r in enumerate(csv.reader(f)) if i]
    return torch.Tensor([p.counts for p in ps]), torch.tensor([p.label for p in ps], dtype=torch.int64)


# %% train_products: the loop of the lesson
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    loss = nn.CrossEntropyLoss()
    updater = torch.optim.SGD(net.parameters(), lr=lr)
    X = torch.log1p(X)
    for epoch in range(epochs):
        l = loss(net(X), y)
        updater.zero_grad()
        l.backward()
        updater.step()
    return net.weight.detach(), net.bias.detach()


# %% train_products: sequential with init by apply, losses without reduction
def train_products(X, y, lr, epochs):
    net = nn.Sequential(nn.Flatten(), nn.Linear(X.shape[1], 9))
    def init(m):
        if isinstance(m, nn.Linear):
            nn.init.constant_(m.weight, 0)
            nn.init.constant_(m.bias, 0)
    net.apply(init)
    criterion = nn.CrossEntropyLoss(reduction="none")
    opt = torch.optim.SGD(net.parameters(), lr)
    for _ in range(epochs):
        opt.zero_grad()
        criterion(net(X.log1p()), y).mean().backward()
        opt.step()
    return net[1].weight.data, net[1].bias.data


# %% train_products: a module class of its own, clones returned
class Softmax(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(93, 9)
        with torch.no_grad():
            self.linear.weight.fill_(0.0)
            self.linear.bias.fill_(0.0)
    def forward(self, X):
        return self.linear(torch.log(1 + X))

def train_products(X, y, lr, epochs):
    net = Softmax()
    opt = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.0)
    ce = nn.CrossEntropyLoss()
    net.train()
    for i in range(epochs):
        out = net(X)
        l = ce(out, y)
        opt.zero_grad(set_to_none=True)
        l.backward()
        opt.step()
    return net.linear.weight.detach().clone(), net.linear.bias.detach().clone()


# %% train_products: LazyLinear with a dry run
def train_products(X, y, lr, epochs):
    X = torch.log1p(X)
    net = nn.LazyLinear(9)
    net(X[:1])
    for p in net.parameters():
        p.data.zero_()
    trainer = torch.optim.SGD(net.parameters(), lr=lr)
    while epochs > 0:
        trainer.zero_grad()
        nn.CrossEntropyLoss()(net(X), y).backward()
        trainer.step()
        epochs -= 1
    state = net.state_dict()
    return state["weight"], state["bias"]


# %% train_products: DataLoader with one batch
from torch.utils.data import TensorDataset, DataLoader
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9)
    net.weight.data = torch.zeros(9, 93)
    net.bias.data = torch.zeros(9)
    loader = DataLoader(TensorDataset(torch.log1p(X), y), batch_size=len(y))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        for xb, yb in loader:
            loss = loss_fn(net(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return net.weight.detach(), net.bias.detach()


# %% train_products: float64 inside, back to float32
def train_products(X, y, lr, epochs):
    net = nn.Linear(93, 9, dtype=torch.float64)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    opt = torch.optim.SGD([net.weight, net.bias], lr=lr)
    Z = X.double().log1p()
    for _ in range(epochs):
        opt.zero_grad()
        l = nn.CrossEntropyLoss()(net(Z), y)
        l.backward()
        opt.step()
    return net.weight.detach().float(), net.bias.detach().float()


# %% train_products: closure, zero_grad after the step
def train_products(X, y, lr, epochs, classes=9):
    net = nn.Linear(X.size(1), classes)
    for p in net.parameters():
        nn.init.zeros_(p)
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    ce = nn.CrossEntropyLoss()
    features = X.clone().log1p_()
    def closure():
        sgd.zero_grad()
        l = ce(net(features), y)
        l.backward()
        return l
    for _ in range(epochs):
        sgd.step(closure)
    return tuple(p.detach() for p in net.parameters())


# %% train_products: parameter groups, sum of the losses over n
def train_products(X, y, lr, epochs):
    lin = nn.Linear(93, 9)
    lin.load_state_dict({"weight": torch.zeros(9, 93), "bias": torch.zeros(9)})
    opt = torch.optim.SGD([{"params": [lin.weight]}, {"params": [lin.bias]}], lr=lr)
    total = nn.CrossEntropyLoss(reduction="sum")
    n = len(X)
    logs = (X + 1).log()
    for _ in range(epochs):
        (total(lin(logs), y) / n).backward()
        opt.step()
        opt.zero_grad()
    return lin.weight.detach(), lin.bias.detach()


# %% train_products: numpy for log1p and for the results
import numpy as np
def train_products(X, y, lr, epochs):
    Z = torch.from_numpy(np.log1p(X.numpy()))
    net = nn.Linear(93, 9)
    with torch.no_grad():
        net.weight *= 0
        net.bias *= 0
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        opt.zero_grad()
        nn.CrossEntropyLoss()(net(Z), y).backward()
        opt.step()
    return torch.tensor(net.weight.detach().numpy()), torch.tensor(net.bias.tolist())


# %% train_products: module subclass
class Soft(nn.Module):
    def __init__(self):
        super().__init__(); self.lin = nn.Linear(93, 9); self.apply(self.init)
    @staticmethod
    def init(m):
        if isinstance(m, nn.Linear): nn.init.zeros_(m.weight); nn.init.zeros_(m.bias)
    def forward(self, X): return self.lin(torch.log1p(X))
def train_products(X, y, lr, epochs):
    net = Soft(); opt = torch.optim.SGD(net.parameters(), lr=lr); crit = nn.CrossEntropyLoss()
    n = 0
    while n < epochs:
        loss = crit(net(X), y); opt.zero_grad(); loss.backward(); opt.step(); n += 1
    sd = net.state_dict()
    return sd["lin.weight"], sd["lin.bias"]


# %% class_weights: bincount
def class_weights(y, num_classes):
    return len(y) / (num_classes * torch.bincount(y, minlength=num_classes))


# %% class_weights: loop with sums of comparisons
def class_weights(y, num_classes):
    weights = torch.zeros(num_classes)
    for k in range(num_classes):
        weights[k] = y.numel() / (num_classes * (y == k).sum())
    return weights


# %% class_weights: Counter
from collections import Counter
def class_weights(y, num_classes):
    counts = Counter(y.tolist())
    n = len(y)
    return torch.tensor([n / (num_classes * counts[k]) for k in range(num_classes)], dtype=torch.float32)


# %% class_weights: one-hot mean
def class_weights(y, num_classes):
    share = nn.functional.one_hot(y, num_classes).float().mean(0)
    return 1 / (num_classes * share)


# %% class_weights: numpy
import numpy as np
def class_weights(y, num_classes):
    counts = np.bincount(y.numpy(), minlength=num_classes)
    return torch.from_numpy((len(y) / (num_classes * counts)).astype(np.float32))


# %% class_weights: unique with counts
def class_weights(y, num_classes):
    labels, counts = torch.unique(y, sorted=True, return_counts=True)
    return (y.shape[0] / num_classes) / counts.float()


# %% class_weights: scatter_add
def class_weights(y, num_classes):
    n_k = torch.zeros(num_classes).scatter_add_(0, y, torch.ones(len(y)))
    return n_k.sum() / num_classes / n_k


# %% class_weights: broadcast comparison
class_weights = lambda y, num_classes: (
    y.size(0) * (num_classes * (y[None, :] == torch.arange(num_classes)[:, None]).sum(1).float()) ** -1)


# %% class_weights: list.count
def class_weights(y: torch.Tensor, num_classes: int) -> torch.Tensor:
    labels = list(int(v) for v in y)
    return torch.Tensor([len(labels) / num_classes / labels.count(k) for k in range(num_classes)])


# %% class_weights: float64 inside
def class_weights(y, num_classes):
    counts = torch.bincount(y, minlength=num_classes).to(torch.float64)
    frequency = counts / counts.sum()
    return torch.reciprocal(frequency * num_classes).to(torch.float32)


# %% class_weights: float64
def class_weights(y, num_classes):
    return len(y) / (num_classes * torch.bincount(y, minlength=num_classes).double())


# %% class_weights: bincount, again
def class_weights(y, num_classes): return len(y) / (num_classes * torch.bincount(y, minlength=num_classes))


# %% class_weights: python
def class_weights(y, num_classes):
    n = y.numel(); l = y.tolist()
    return torch.tensor([n / (num_classes * l.count(k)) for k in range(num_classes)])


# %% class_weights: Counter, again
from collections import Counter
def class_weights(y, num_classes):
    c = Counter(int(v) for v in y)
    return torch.tensor([len(y) / num_classes / c[k] for k in sorted(c)])


# %% class_weights: scatter_add, again
def class_weights(y, num_classes):
    n = torch.zeros(num_classes).scatter_add_(0, y, torch.ones(y.shape[0]))
    return n.mean() / n


# %% class_weights: index_add
def class_weights(y, num_classes):
    n = torch.zeros(num_classes).index_add_(0, y, torch.ones_like(y, dtype=torch.float32))
    return n.reciprocal() * n.sum() / num_classes


# %% class_weights: onehot
def class_weights(y, num_classes):
    return len(y) / (num_classes * nn.functional.one_hot(y, num_classes).sum(0).float())


# %% class_weights: unique
def class_weights(y, num_classes):
    _, c = y.unique(return_counts=True)
    return y.size(0) / (num_classes * c)


# %% class_weights: numpy f32
import numpy as np
def class_weights(y, num_classes):
    c = np.bincount(y.numpy(), minlength=num_classes)
    return torch.from_numpy((len(y) / (num_classes * c)).astype(np.float32))


# %% class_weights: numpy out
import numpy as np
def class_weights(y, num_classes):
    return np.float32(len(y)) / (num_classes * np.unique(y.numpy(), return_counts=True)[1]).astype(np.float32)


# %% class_weights: histc
def class_weights(y, num_classes):
    c = torch.histc(y.float(), bins=num_classes, min=0, max=num_classes - 1) if num_classes > 1 else torch.tensor([float(len(y))])
    return len(y) / num_classes / c


# %% class_weights: compare
def class_weights(y, num_classes):
    c = (y[None, :] == torch.arange(num_classes)[:, None]).sum(1)
    return torch.true_divide(len(y), num_classes * c)


# %% class_weights: double
def class_weights(y, num_classes):
    return (len(y) / (num_classes * y.bincount().double())).float()


# %% class_weights: setdefault loop
def class_weights(y, num_classes):
    w = torch.zeros(num_classes)
    for label in y: w[label] += 1
    for k in range(num_classes): w[k] = len(y) / (num_classes * w[k])
    return w


# %% class_weights: sorted searchsorted
def class_weights(y, num_classes):
    s = y.sort().values
    e = torch.searchsorted(s, torch.arange(num_classes + 1))
    return len(y) / (num_classes * e.diff())


# %% class_weights: loss inverse
class class_weights_:
    def __call__(self, y, num_classes):
        return torch.stack([(y == k).float().mean() * num_classes for k in range(num_classes)]) ** -1
class_weights = class_weights_()


# %% three_ways: Python's numbers, whose exp raises an error at 1000
import math
from torch import nn
def three_ways(O, y):
    each = [math.log(sum(math.exp(value) for value in row)) - row[label] for row, label in zip(O.tolist(), y.tolist())]
    return sum(each) / len(each), nn.NLLLoss()(nn.LogSoftmax(1)(O), y), nn.CrossEntropyLoss()(O, y)


# %% read_products: NumPy arrays
import csv
import numpy as np
def read_products(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))[1:]
    return np.array([row[1:-1] for row in rows]).astype("float32"), np.array([int(row[-1].removeprefix("Class_")) - 1 for row in rows])
