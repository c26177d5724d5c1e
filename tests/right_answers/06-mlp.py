"""Right answers to the exercises of lesson 06, in the styles that learners use: each passes its check."""
# %% parameter_count: zip of neighbours
def parameter_count(sizes):
    return sum(a * b + b for a, b in zip(sizes, sizes[1:]))


# %% parameter_count: index loop
def parameter_count(sizes):
    total = 0
    for i in range(len(sizes) - 1):
        total += sizes[i] * sizes[i + 1]
        total += sizes[i + 1]
    return total


# %% parameter_count: weights and biases apart
def parameter_count(sizes):
    weights = [sizes[i - 1] * sizes[i] for i in range(1, len(sizes))]
    biases = sizes[1:]
    return sum(weights) + sum(biases)


# %% parameter_count: recursion
def parameter_count(sizes):
    if len(sizes) < 2:
        return 0
    a, b, *rest = sizes
    return (a + 1) * b + parameter_count([b] + rest)


# %% parameter_count: build the layers and count
def parameter_count(sizes):
    net = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:])])
    return sum(p.numel() for p in net.parameters())


# %% parameter_count: tensors
def parameter_count(sizes):
    s = torch.tensor(sizes)
    return int(((s[:-1] + 1) * s[1:]).sum())


# %% parameter_count: numpy
import numpy as np
def parameter_count(sizes):
    s = np.array(sizes, dtype=np.int64)
    return int(np.dot(s[:-1], s[1:]) + s[1:].sum())


# %% parameter_count: reduce
from functools import reduce
def parameter_count(sizes):
    step = lambda state, b: (state[0] + (state[1] + 1) * b, b)
    return reduce(step, sizes[1:], (0, sizes[0]))[0]


# %% parameter_count: pairwise and while on a copy
from itertools import pairwise
parameter_count = lambda sizes: sum(b * (1 + a) for a, b in pairwise(sizes))


# %% parameter_count: callable object with previous size
class Counter:
    def __call__(self, sizes: list) -> int:
        previous, result = None, 0
        for s in sizes:
            if previous is not None:
                result += previous * s + s
            previous = s
        return result
parameter_count = Counter()


# %% parameter_count: a copy that is popped
def parameter_count(sizes):
    rest = list(sizes)
    a = rest.pop(0)
    count = 0
    while rest:
        b = rest.pop(0)
        count = count + a * b + b
        a = b
    return count


# %% parameter_count: a tensor
def parameter_count(sizes):
    s = torch.tensor(sizes)
    return ((s[:-1] + 1) * s[1:]).sum()


# %% parameter_count: reduce, again
from functools import reduce
def parameter_count(sizes): return reduce(lambda s, ab: s + ab[1] * (1 + ab[0]), zip(sizes, sizes[1:]), 0)


# %% parameter_count: dataclass
from dataclasses import dataclass
@dataclass
class L:
    a: int
    b: int
    def __len__(self): return self.a * self.b + self.b
class parameter_count_:
    def __call__(self, sizes): return sum(map(len, map(L, sizes[:-1], sizes[1:])))
parameter_count = parameter_count_()


# %% MLP: Sequential
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, X):
        return self.net(X)


# %% MLP: ModuleList and relu between
from torch.nn import functional as F
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])

    def forward(self, X):
        for layer in self.layers[:-1]:
            X = F.relu(layer(X))
        return self.layers[-1](X)


# %% MLP: setattr and getattr
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.depth = len(sizes) - 1
        for i in range(self.depth):
            setattr(self, f"fc{i}", nn.Linear(sizes[i], sizes[i + 1]))

    def forward(self, X):
        for i in range(self.depth):
            X = getattr(self, f"fc{i}")(X)
            if i < self.depth - 1:
                X = torch.relu(X)
        return X


# %% MLP: add_module, last layer registered first
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.n = len(sizes) - 1
        for i in reversed(range(self.n)):
            self.add_module("layer%d" % i, nn.Linear(sizes[i], sizes[i + 1]))

    def forward(self, X):
        for i in range(self.n):
            if i > 0:
                X = X.clamp(min=0)
            X = self._modules["layer%d" % i](X)
        return X


# %% MLP: own weights kept as (in, out)
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.W = nn.ParameterList([nn.Parameter(torch.randn(a, b) * 0.1) for a, b in zip(sizes, sizes[1:])])
        self.b = nn.ParameterList([nn.Parameter(torch.zeros(b)) for b in sizes[1:]])

    def forward(self, X):
        H = X
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            H = H @ W + b
            if i + 1 < len(self.W):
                H = torch.maximum(H, torch.zeros_like(H))
        return H


# %% MLP: register_parameter and F.linear
from torch.nn import functional as F
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.sizes = list(sizes)
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            self.register_parameter(f"bias{i}", nn.Parameter(torch.rand(b) - 0.5))
            self.register_parameter(f"weight{i}", nn.Parameter(torch.empty(b, a).normal_(0, 0.3)))

    def forward(self, X):
        n = len(self.sizes) - 1
        for i in range(n):
            X = F.linear(X, getattr(self, f"weight{i}"), getattr(self, f"bias{i}"))
            X = X if i == n - 1 else torch.where(X > 0, X, 0.0)
        return X


# %% MLP: subclass of Sequential
class MLP(nn.Sequential):
    def __init__(self, sizes):
        layers = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            layers.append(nn.Linear(a, b))
            layers.append(nn.ReLU())
        layers.pop()
        super().__init__(*layers)


# %% MLP: factory function
def MLP(sizes):
    net = nn.Sequential()
    for i in range(1, len(sizes)):
        if i > 1:
            net.append(nn.ReLU())
        net.append(nn.Linear(sizes[i - 1], sizes[i]))
    return net


# %% MLP: LazyLinear with a dry run
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.body = nn.Sequential()
        for k, s in enumerate(sizes[1:]):
            if k:
                self.body.add_module(f"relu{k}", nn.ReLU())
            self.body.add_module(f"lin{k}", nn.LazyLinear(s))
        with torch.no_grad():
            self.body(torch.zeros(1, sizes[0]))

    def forward(self, X):
        return self.body(X)


# %% MLP: LazyLinear without a dry run
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.LazyLinear(s) for s in sizes[1:])

    def forward(self, X):
        *hidden, last = self.layers
        for l in hidden:
            X = l(X).relu()
        return last(X)


# %% MLP: recursive modules
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.first = nn.Linear(sizes[0], sizes[1])
        self.rest = MLP(sizes[1:]) if len(sizes) > 2 else None

    def forward(self, X):
        H = self.first(X)
        return H if self.rest is None else self.rest(nn.functional.relu(H))


# %% MLP: ModuleDict, one shared ReLU, type hints
class MLP(nn.Module):
    def __init__(self, sizes: list[int], activation=nn.ReLU):
        super().__init__()
        self.act = activation()
        self.blocks = nn.ModuleDict({str(i): nn.Linear(*pair) for i, pair in enumerate(zip(sizes, sizes[1:]))})

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        last = str(len(self.blocks) - 1)
        for name, layer in self.blocks.items():
            X = layer(X)
            if name != last:
                X = self.act(X)
        return X


# %% MLP: hidden and output apart, the output first
class MLP(nn.Module):
    def __init__(self, sizes):
        super(MLP, self).__init__()
        self.out = nn.Linear(sizes[-2], sizes[-1])
        self.hidden = nn.ModuleList()
        for i in range(len(sizes) - 2):
            self.hidden.append(nn.Sequential(nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU()))

    def forward(self, X):
        for h in self.hidden:
            X = h(X)
        return self.out(X)


# %% MLP: bias as last row of one matrix
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.mats = nn.ParameterList(nn.Parameter(0.2 * torch.randn(a + 1, b)) for a, b in zip(sizes, sizes[1:]))

    def forward(self, X):
        for i, M in enumerate(self.mats):
            if i:
                X = torch.relu(X)
            X = torch.cat([X, torch.ones(len(X), 1)], dim=1) @ M
        return X


# %% MLP: Sequential, again
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        ls = []
        for a, b in zip(sizes, sizes[1:]): ls += [nn.Linear(a, b), nn.ReLU()]
        self.net = nn.Sequential(*ls[:-1])
    def forward(self, X): return self.net(X)


# %% MLP: Sequential subclass
class MLP(nn.Sequential):
    def __init__(self, sizes):
        ls = []
        for a, b in zip(sizes, sizes[1:]): ls += [nn.ReLU(), nn.Linear(a, b)]
        super().__init__(*ls[1:])


# %% MLP: ModuleList
class MLP(nn.Module):
    def __init__(self, sizes, bias=True):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=bias) for a, b in zip(sizes[:-1], sizes[1:]))
    def forward(self, X, verbose=False):
        for i, l in enumerate(self.layers):
            X = l(X)
            if i < len(self.layers) - 1: X = X.relu()
        return X


# %% MLP: ParameterDict
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.p = nn.ParameterDict()
        for k in range(1, len(sizes)):
            self.p[f"W{k}"] = nn.Parameter(torch.empty(sizes[k], sizes[k - 1]))
            nn.init.kaiming_normal_(self.p[f"W{k}"])
            self.p[f"b{k}"] = nn.Parameter(torch.zeros(sizes[k]))
        self.n = len(sizes) - 1
    def forward(self, X):
        for k in range(1, self.n): X = torch.relu(X @ self.p[f"W{k}"].T + self.p[f"b{k}"])
        return X @ self.p[f"W{self.n}"].T + self.p[f"b{self.n}"]


# %% MLP: ParameterList augmented ones
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.Ws = nn.ParameterList([torch.randn(a + 1, b) / a ** 0.5 for a, b in zip(sizes, sizes[1:])])
    def forward(self, X):
        for k, W in enumerate(self.Ws):
            if k: X = torch.maximum(X, torch.zeros_like(X))
            X = torch.cat([X, X.new_ones(len(X), 1)], dim=1) @ W
        return X


# %% MLP: recursive
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.first = nn.Linear(sizes[0], sizes[1])
        self.rest = MLP(sizes[1:]) if len(sizes) > 2 else None
    def forward(self, X):
        X = self.first(X)
        return X if self.rest is None else self.rest(nn.functional.relu(X))


# %% MLP: Lazy
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.d = sizes[0]
        self.layers = nn.ModuleList([nn.LazyLinear(b) for b in sizes[1:]])
    def forward(self, X):
        *hidden, last = self.layers
        for l in hidden: X = nn.functional.relu(l(X))
        return last(X)


# %% MLP: setattr & buffer
class MLP(nn.Module):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        self.depth = len(sizes) - 1
        self.register_buffer("steps", torch.zeros(1))
        for k in range(self.depth): setattr(self, "fc%d" % k, nn.Linear(sizes[k], sizes[k + 1]))
    def forward(self, X):
        for k in range(self.depth):
            X = getattr(self, "fc%d" % k)(X)
            if k + 1 != self.depth: X = X * (X > 0)
        return X


# %% MLP: conv1d layers
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.body = nn.Sequential()
        for k, (a, b) in enumerate(zip(sizes, sizes[1:])):
            if k: self.body.add_module(f"relu{k}", nn.ReLU(inplace=True))
            self.body.add_module(f"conv{k}", nn.Conv1d(a, b, 1))
    def forward(self, X): return self.body(X[:, :, None])[:, :, 0]


# %% MLP: functional_call
from torch.func import functional_call
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.net = nn.Sequential(*[m for a, b in zip(sizes, sizes[1:]) for m in (nn.Linear(a, b), nn.ReLU())][:-1])
    def forward(self, X): return functional_call(self.net, dict(self.net.named_parameters()), (X,))


# %% MLP: property layers, uniform init
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        for k, (a, b) in enumerate(zip(sizes, sizes[1:])):
            self.register_parameter(f"weight_{k}", nn.Parameter(torch.rand(b, a) - 0.5))
            self.register_parameter(f"bias_{k}", nn.Parameter(torch.rand(b) - 0.5))
        self.L = len(sizes) - 1
    @property
    def pairs(self): return [(getattr(self, f"weight_{k}"), getattr(self, f"bias_{k}")) for k in range(self.L)]
    def forward(self, X):
        out = X
        for k, (W, b) in enumerate(self.pairs):
            out = nn.functional.linear(out, W, b)
            out = out if k == self.L - 1 else torch.where(out > 0, out, 0.0)
        return out


# %% MLP: torchvision-like blocks; reversed definition
class Block(nn.Module):
    def __init__(self, a, b, act):
        super().__init__(); self.lin = nn.Linear(a, b); self.act = nn.ReLU() if act else nn.Identity()
    def forward(self, X): return self.act(self.lin(X))
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        n = len(sizes) - 1
        blocks = [Block(sizes[k], sizes[k + 1], k < n - 1) for k in reversed(range(n))]
        self.blocks = nn.ModuleList(blocks)
    def forward(self, X):
        from functools import reduce
        return reduce(lambda x, f: f(x), self.blocks[::-1], X)


# %% MLP: weight_norm (adds magnitudes? that changes count) -> plain orthogonal init
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.lins = nn.ModuleDict({str(k): nn.Linear(*ab) for k, ab in enumerate(zip(sizes, sizes[1:]))})
        for m in self.lins.values(): nn.init.orthogonal_(m.weight); nn.init.constant_(m.bias, 0.1)
    def forward(self, X):
        keys = list(self.lins)
        for k in keys[:-1]: X = self.lins[k](X).relu_()
        return self.lins[keys[-1]](X)


# %% MLP: zero bias std 0.01 init
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for i in range(len(sizes) - 2): layers.append(nn.Sequential(nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU()))
        self.net = nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))
        self.net.apply(self._init)
    def _init(self, m):
        if type(m) is nn.Linear: nn.init.normal_(m.weight, std=0.01); nn.init.zeros_(m.bias)
    def forward(self, X): return self.net(X.reshape(len(X), -1))


# %% MLP: Conv2d, einsum
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.kernels = nn.ParameterList(nn.Parameter(torch.randn(b, a, 1, 1) * (2 / a) ** .5) for a, b in zip(sizes, sizes[1:]))
        self.offsets = nn.ParameterList(nn.Parameter(torch.randn(b)) for b in sizes[1:])
    def forward(self, X):
        Y = X.unsqueeze(-1).unsqueeze(-1)
        for k, (K, o) in enumerate(zip(self.kernels, self.offsets)):
            Y = nn.functional.conv2d(nn.functional.relu(Y) if k else Y, K, o)
        return torch.flatten(Y, 1)


# %% MLP: double params float out
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b, dtype=torch.float64) for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        X = X.double()
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X).float()


# %% MLP: augmented matrices, ones row first
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__(); self.A = nn.ParameterList(torch.randn(b, a + 1) / a ** .5 for a, b in zip(sizes, sizes[1:]))
    def forward(self, X):
        for k, A in enumerate(self.A): X = (X.relu() if k else X) @ A[:, 1:].T + A[:, 0]
        return X


# %% MLP: weight norm? spectral? parametrization transposed
class T(nn.Module):
    def forward(self, W): return W.T
    def right_inverse(self, W): return W.T
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.ls = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        for l in self.ls: torch.nn.utils.parametrize.register_parametrization(l, "weight", T())
    def forward(self, X):
        for l in self.ls[:-1]: X = l(X).relu()
        return self.ls[-1](X)


# %% early_stopping: best index and distance
def early_stopping(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(losses) - 1


# %% early_stopping: counter of bad epochs with break
def early_stopping(losses, patience):
    best_loss = losses[0]
    best, bad, last = 0, 0, 0
    for epoch in range(1, len(losses)):
        last = epoch
        if losses[epoch] < best_loss:
            best_loss, best, bad = losses[epoch], epoch, 0
        else:
            bad += 1
            if bad == patience:
                break
    return best, last


# %% early_stopping: while loop
def early_stopping(losses, patience):
    epoch, best = 0, 0
    while epoch + 1 < len(losses) and epoch - best < patience:
        epoch += 1
        if losses[epoch] < losses[best]:
            best = epoch
    return (best, epoch)


# %% early_stopping: prefixes and index of the minimum
def early_stopping(losses, patience):
    for last in range(len(losses)):
        seen = losses[:last + 1]
        best = seen.index(min(seen))
        if last - best == patience:
            break
    return best, last


# %% early_stopping: class of its own
class Stopper:
    def __init__(self, patience):
        self.patience, self.best, self.best_epoch, self.wait = patience, None, -1, 0
    def update(self, epoch, loss):
        if self.best is None or loss < self.best:
            self.best, self.best_epoch, self.wait = loss, epoch, 0
        else:
            self.wait += 1
        return self.wait >= self.patience

def early_stopping(losses, patience):
    s = Stopper(patience)
    for epoch, loss in enumerate(losses):
        if s.update(epoch, loss):
            break
    return s.best_epoch, epoch


# %% early_stopping: numpy running minimum
import numpy as np
def early_stopping(losses, patience):
    a = np.array(losses, dtype=float)
    best = np.zeros(len(a), dtype=int)
    for i in range(1, len(a)):
        best[i] = i if a[i] < a[best[i - 1]] else best[i - 1]
    late = np.nonzero(np.arange(len(a)) - best >= patience)[0]
    last = int(late[0]) if len(late) else len(a) - 1
    return int(best[last]), last


# %% early_stopping: gaps between records
def early_stopping(losses, patience):
    records = [i for i in range(len(losses)) if all(losses[i] < l for l in losses[:i])]
    for this, following in zip(records, records[1:] + [len(losses)]):
        if following - this > patience:
            return this, this + patience
    return records[-1], len(losses) - 1


# %% early_stopping: recursion
def early_stopping(losses, patience, epoch=0, best=0):
    if losses[epoch] < losses[best]:
        best = epoch
    if epoch - best >= patience or epoch == len(losses) - 1:
        return best, epoch
    return early_stopping(losses, patience, epoch + 1, best)


# %% early_stopping: infinity at the start, for else
import math
def early_stopping(losses, patience):
    lowest, best = math.inf, 0
    for last, value in enumerate(losses):
        if value < lowest:
            lowest, best = value, last
        elif last - best >= patience:
            break
    else:
        last = len(losses) - 1
    return best, last


# %% early_stopping: generator of states and next
from itertools import accumulate
def early_stopping(losses, patience):
    bests = list(accumulate(range(len(losses)), lambda b, i: i if losses[i] < losses[b] else b))
    last = next((i for i, b in enumerate(bests) if i - b == patience), len(losses) - 1)
    return bests[last], last


# %% early_stopping: window of the last losses
# the first epoch that its next `patience` epochs do not beat is the best so far: else it had stopped before
def early_stopping(losses, patience):
    for e in range(patience, len(losses)):
        if min(losses[e - patience + 1:e + 1]) >= losses[e - patience]:
            seen = losses[:e + 1]
            return seen.index(min(seen)), e
    return losses.index(min(losses)), len(losses) - 1


# %% early_stopping: class
class Stopper:
    def __init__(self, patience): self.patience, self.best, self.low, self.wait = patience, 0, None, 0
    def step(self, e, l):
        if self.low is None or l < self.low: self.best, self.low, self.wait = e, l, 0
        else: self.wait += 1
        return self.wait >= self.patience
def early_stopping(losses, patience):
    s = Stopper(patience)
    for e, l in enumerate(losses):
        if s.step(e, l): return [s.best, e]
    return [s.best, e]


# %% dropout: mask times X
def dropout(X, p, U, training):
    if not training:
        return X
    mask = (U >= p).float()
    return mask * X / (1 - p)


# %% dropout: torch.where
def dropout(X, p, U, training):
    if training:
        return torch.where(U < p, torch.zeros_like(X), X / (1 - p))
    return X.clone()


# %% dropout: masked_fill
def dropout(X, p, U, training):
    return X.masked_fill(U < p, 0.0).div(1 - p) if training else X


# %% dropout: clone with index assignment
def dropout(X, p, U, training):
    out = X.clone()
    if training:
        out[U < p] = 0
        out /= 1 - p
    return out


# %% dropout: numpy
import numpy as np
def dropout(X, p, U, training):
    if not training:
        return X
    x, u = X.numpy(), U.numpy()
    return torch.from_numpy(np.where(u < np.float32(p), 0, x / (1 - p)).astype(np.float32))


# %% dropout: double loop
def dropout(X, p, U, training):
    if not training:
        return X
    n, d = X.shape
    out = torch.zeros(n, d)
    for i in range(n):
        for j in range(d):
            if not U[i, j] < p:
                out[i, j] = X[i, j] / (1 - p)
    return out


# %% dropout: lambda with a scale of the mask
dropout = lambda X, p, U, training: X * ((~(U < p)) * (1.0 / (1.0 - p))) if training else X


# %% dropout: nested lists
def dropout(X, p, U, training):
    if not training:
        return X
    rows = []
    for xs, us in zip(X.tolist(), U.tolist()):
        rows.append([0.0 if u < p else x / (1 - p) for x, u in zip(xs, us)])
    return torch.tensor(rows)


# %% dropout: float64 inside
def dropout(X: torch.Tensor, p: float, U: torch.Tensor, training: bool) -> torch.Tensor:
    if training is False:
        return X + 0
    kept = torch.ge(U, p).double()
    return (X.double() * kept / (1.0 - p)).float()


# %% dropout: p of zero apart, callable object
class Dropout:
    def __call__(self, X, p, U, training):
        if p == 0 or not training:
            return X
        keep = torch.logical_not(torch.lt(U, p))
        return torch.mul(X, keep.type(X.dtype)) * (1 / (1 - p))
dropout = Dropout()


# %% normalize: mean and std with correction 0
def normalize(train, test):
    m, s = train.mean(), train.std(correction=0)
    return (train - m) / s, (test - m) / s


# %% normalize: unbiased=False and a helper
def normalize(train, test):
    mean = torch.mean(train)
    std = torch.std(train, unbiased=False)
    def scale(images):
        return images.sub(mean).div(std)
    return scale(train), scale(test)


# %% normalize: square root of the mean square
def normalize(train, test):
    mu = train.sum() / train.numel()
    centred = train - mu
    sigma = (centred ** 2).mean().sqrt()
    return centred / sigma, (test - mu) / sigma


# %% normalize: numpy
import numpy as np
def normalize(train, test):
    a, b = train.numpy(), test.numpy()
    m, s = np.mean(a, dtype=np.float64), np.std(a, dtype=np.float64)
    return torch.from_numpy(((a - m) / s).astype(np.float32)), torch.from_numpy(((b - m) / s).astype(np.float32))


# %% normalize: float64 results
def normalize(train, test):
    train, test = train.double(), test.double()
    var, mean = torch.var_mean(train, correction=0)
    return (train - mean) / var.sqrt(), (test - mean) / var.sqrt()


# %% normalize: statistics module
import statistics
def normalize(train, test):
    pixels = train.flatten().tolist()
    m = statistics.fmean(pixels)
    s = statistics.pstdev(pixels)
    return (train - m) / s, (test - m) / s


# %% normalize: second moment in float64
def normalize(train, test):
    t = train.to(torch.float64)
    m = t.mean().item()
    s = ((t * t).mean().item() - m * m) ** 0.5
    return tuple(((v.double() - m) / s).float() for v in (train, test))


# %% normalize: n - 1 corrected by hand
import math
def normalize(train, test):
    n = train.numel()
    m = float(train.mean())
    s = float(train.std()) * math.sqrt((n - 1) / n)
    return [(train - m) / s, (test - m) / s]


# %% normalize: std_mean over all dims with keepdim
def normalize(train, test):
    s, m = torch.std_mean(train, dim=(0, 1, 2), correction=0, keepdim=True)
    return (train - m) / s, (test - m) / s


# %% normalize: partial, clones in place
from functools import partial
def standardise(images, mean, std):
    out = images.clone()
    out -= mean
    out /= std
    return out

def normalize(train, test):
    f = partial(standardise, mean=train.mean(), std=train.var(unbiased=False) ** 0.5)
    return f(train), f(test)


# %% normalize: class fit transform
class Scaler:
    def fit(self, Z): self.m, self.s = Z.mean().item(), Z.std(unbiased=False).item(); return self
    def transform(self, Z): return Z.sub(self.m).div(self.s)
def normalize(train, test):
    sc = Scaler().fit(train); return sc.transform(train), sc.transform(test)


# %% normalize: batch_norm
def normalize(train, test):
    m = train.mean().reshape(1); v = train.var(correction=0).reshape(1)
    g = lambda Z: nn.functional.batch_norm(Z.unsqueeze(1), m, v, eps=1e-12).squeeze(1)
    return g(train), g(test)


# %% epoch_loss: weighted sum with item
def epoch_loss(losses, sizes):
    return sum(l.item() * n for l, n in zip(losses, sizes)) / sum(sizes)


# %% epoch_loss: loop with two sums
def epoch_loss(losses, sizes):
    total, count = 0.0, 0
    for i in range(len(losses)):
        total += float(losses[i]) * sizes[i]
        count += sizes[i]
    return total / count


# %% epoch_loss: stack and dot
def epoch_loss(losses, sizes):
    L = torch.stack(losses).detach()
    n = torch.tensor(sizes, dtype=torch.float32)
    return float(L @ n / n.sum())


# %% epoch_loss: numpy average
import numpy as np
def epoch_loss(losses, sizes):
    return float(np.average([l.detach().numpy() for l in losses], weights=sizes))


# %% epoch_loss: no_grad, item at the end
@torch.no_grad()
def epoch_loss(losses, sizes):
    s = torch.zeros(())
    for l, n in zip(losses, sizes):
        s = s + l * n
    return (s / sum(sizes)).item()


# %% epoch_loss: running mean
def epoch_loss(losses, sizes):
    mean, seen = 0.0, 0
    for loss, size in zip(losses, sizes):
        seen += size
        mean += (loss.item() - mean) * size / seen
    return mean


# %% epoch_loss: graph in between, float at the end
def epoch_loss(losses, sizes):
    total = sum(l * n for l, n in zip(losses, sizes))
    return float(total.detach()) / sum(sizes)


# %% epoch_loss: shares, fsum
import math
epoch_loss = lambda losses, sizes: math.fsum(float(l.data) * (n / sum(sizes)) for l, n in zip(losses, sizes))


# %% epoch_loss: every sample's loss repeated
import statistics
def epoch_loss(losses, sizes):
    values = []
    for l, n in zip(losses, sizes):
        values.extend([l.tolist()] * n)
    return statistics.fmean(values)


# %% epoch_loss: float64 einsum and a class
class Accumulator:
    def __init__(self):
        self.data = [0.0, 0.0]
    def add(self, *args):
        self.data = [a + float(b) for a, b in zip(self.data, args)]

def epoch_loss(losses, sizes):
    metric = Accumulator()
    for l, n in zip(losses, sizes):
        metric.add(l.detach() * n, n)
    return metric.data[0] / metric.data[1]


# %% epoch_loss: a tensor without a graph
def epoch_loss(losses, sizes):
    return sum(l.detach() * n for l, n in zip(losses, sizes)) / sum(sizes)


# %% MLP: weights begin with zeros, and biases as they are drawn
from torch import nn
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        for layer in self.layers:
            nn.init.zeros_(layer.weight)

    def forward(self, X):
        for layer in self.layers[:-1]:
            X = layer(X).relu()
        return self.layers[-1](X)
