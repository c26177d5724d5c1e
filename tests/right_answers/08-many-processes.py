"""Right answers to the exercises of lesson 08, in the styles that learners use: each passes its check."""
# %% share: places modulo n
def share(n, rank, world_size):
    turns = -(-n // world_size)
    return [(rank + world_size * turn) % n for turn in range(turns)]


# %% share: as DistributedSampler does, list extended and sliced
import math
def share(n, rank, world_size):
    indices = list(range(n))
    total = math.ceil(n / world_size) * world_size
    padding = total - len(indices)
    if padding <= len(indices):
        indices += indices[:padding]
    else:
        indices += (indices * math.ceil(padding / len(indices)))[:padding]
    return indices[rank:total:world_size]


# %% share: deals cards one by one
def share(n, rank, world_size):
    hands = [[] for _ in range(world_size)]
    card, player = 0, 0
    while True:
        hands[player].append(card)
        card = card + 1
        player = player + 1
        if card >= n and player == world_size and len(hands[0]) * world_size >= n:
            break
        if player == world_size:
            if len(hands[0]) * world_size >= n:
                break
            player = 0
        if card == n:
            card = 0
    return hands[rank]


# %% share: cycle and islice
from itertools import cycle, islice
def share(n, rank, world_size):
    k = (n + world_size - 1) // world_size
    return list(islice(cycle(range(n)), rank, k * world_size, world_size))


# %% share: numpy resize
import numpy as np
def share(n, rank, world_size):
    k = int(np.ceil(n / world_size))
    return np.resize(np.arange(n), (k, world_size))[:, rank].tolist()


# %% share: torch, reshaped
def share(n, rank, world_size):
    k = (n - 1) // world_size + 1
    return (torch.arange(k * world_size) % n).reshape(k, world_size)[:, rank].tolist()


# %% share: own places first, then what is missing
def share(n, rank, world_size):
    mine = list(range(rank, n, world_size))
    k = n // world_size + (n % world_size > 0)
    place = rank + world_size * len(mine)
    while len(mine) < k:
        mine.append(place % n)
        place += world_size
    return mine


# %% share: while loop that subtracts
def share(n, rank, world_size):
    result = []
    i = rank
    dealt = 0
    while dealt < n:
        j = i
        while j >= n:
            j -= n
        result.append(j)
        i += world_size
        dealt += world_size
    return result


# %% share: recursion over the turns
def share(n, rank, world_size, dealt=0):
    if dealt >= n:
        return []
    return [(dealt + rank) % n] + share(n, rank, world_size, dealt + world_size)


# %% share: lambda over range with a step
share = lambda n, r, p: [i % n for i in range(r, p * ((n + p - 1) // p), p)]


# %% share: list multiplied until it is long enough
def share(n, rank, world_size):
    k, rest = divmod(n, world_size)
    if rest:
        k += 1
    deck = list(range(n)) * (k * world_size // n + 1)
    return [deck[t * world_size + rank] for t in range(k)]


# %% share: generator and tuple
def places(rank, world_size, until):
    at = rank
    while at < until:
        yield at
        at += world_size

def share(n, rank, world_size):
    until = n if n % world_size == 0 else n + world_size - n % world_size
    return tuple(map(lambda at: at % n, places(rank, world_size, until)))


# %% share: numpy integers in a list
import numpy as np
def share(n, rank, world_size):
    k = -(-n // world_size)
    return list((rank + world_size * np.arange(k)) % n)


# %% share: a tensor of indices, which serves a sampler as well
def share(n, rank, world_size):
    return torch.arange(rank, -(-n // world_size) * world_size, world_size) % n


# %% share: a small sampler class of its own
class Sampler:
    def __init__(self, n, rank, world_size):
        self.n, self.rank, self.world_size = n, rank, world_size
    def __len__(self):
        return (self.n + self.world_size - 1) // self.world_size
    def __iter__(self):
        for turn in range(len(self)):
            yield (turn * self.world_size + self.rank) % self.n

def share(n, rank, world_size): return list(Sampler(n, rank, world_size))


# %% share: deque that rotates
from collections import deque
def share(n, rank, world_size):
    deck = deque(range(n))
    deck.rotate(-rank)
    out = []
    for _ in range((n + world_size - 1) // world_size):
        out.append(deck[0])
        deck.rotate(-world_size)
    return out


# %% share: divmod of the place
def share(n, rank, world_size):
    out = []
    turn = 0
    while turn * world_size < n:
        _, example = divmod(turn * world_size + rank, n)
        out += [example]
        turn += 1
    return out


# %% share: a class of the library's name, written by hand
class DistributedSampler:
    def __init__(self, n, world_size, rank):
        self.places = range(rank, -(-n // world_size) * world_size, world_size)
        self.n = n
    def __iter__(self):
        return (place % self.n for place in self.places)

def share(n, rank, world_size):
    return [*DistributedSampler(n, world_size, rank)]


# %% share: zip of slices, a row of the table for each turn
import math
def share(n, rank, world_size):
    turns = math.ceil(n / world_size)
    order = [i % n for i in range(turns * world_size)]
    rows = [order[start:start + world_size] for start in range(0, len(order), world_size)]
    return [row[rank] for row in rows]


# %% share: numpy pad that wraps
import numpy as np
def share(n, rank, world_size):
    extra = -n % world_size
    order = np.concatenate([np.arange(n), np.arange(extra) % n])
    return order[rank::world_size]


# %% share: repeated, viewed and transposed
def share(n, rank, world_size):
    k = (n + world_size - 1) // world_size
    return torch.arange(n).repeat(world_size + 1)[:k * world_size].view(k, world_size).T[rank].tolist()


# %% share: BatchSampler makes the turns
from torch.utils.data import BatchSampler
def share(n, rank, world_size):
    total = n + (-n) % world_size
    turns = BatchSampler([place % n for place in range(total)], world_size, drop_last=False)
    return [turn[rank] for turn in turns]


# %% share: zip of an iterator with itself
from itertools import chain, repeat
def share(n, rank, world_size):
    deck = chain.from_iterable(repeat(range(n)))
    rows, dealt = [], 0
    while dealt < n:
        rows.append([next(deck) for _ in range(world_size)])
        dealt += world_size
    return list(list(zip(*rows))[rank])


# %% share: list of 0-dimensional tensors
def share(n, rank, world_size):
    return list(torch.arange(rank, rank + n + (-n) % world_size, world_size) % n)


# %% share: fills up in place, whole number by whole number
def share(n, rank, world_size):
    order = [i for i in range(n)]
    i = 0
    while len(order) % world_size != 0:
        order.append(order[i])
        i += 1
    return order[rank::world_size]


# %% share: filter by the remainder
def share(n, rank, world_size):
    total = n if not n % world_size else (n // world_size + 1) * world_size
    return [place - n * (place // n) for place in range(total) if place % world_size == rank]


# %% share: numpy take in mode wrap
import numpy as np
def share(n, rank, world_size):
    places = np.arange(rank, np.ceil(n / world_size) * world_size, world_size).astype(int)
    return np.take(np.arange(n), places, mode="wrap").tolist()


# %% share: walrus and a generator with a stop
def share(n, rank, world_size):
    turn = -1
    return [((turn := turn + 1) * world_size + rank) % n for _ in range(0, n, world_size)]


# %% share: by the process before
from functools import lru_cache
@lru_cache(None)
def dealt(n, rank, p):
    if rank == 0:
        return tuple(i % n for i in range(0, n, p))
    return tuple((i + 1) % n for i in dealt(n, rank - 1, p))

def share(n, rank, world_size): return list(dealt(n, rank, world_size))


# %% whole_gradient: rows chosen, then weighted
def whole_gradient(gradients, counts):
    known = counts > 0
    return (counts[known, None] * gradients[known]).sum(0) / counts.sum()


# %% whole_gradient: nan_to_num
def whole_gradient(gradients, counts):
    w = counts / counts.sum()
    return (gradients.nan_to_num() * w[:, None]).sum(0)


# %% whole_gradient: loop
def whole_gradient(gradients, counts):
    total = torch.zeros(gradients.shape[1])
    n = 0
    for g, c in zip(gradients, counts):
        if c == 0:
            continue
        total += c * g
        n += c
    return total / n


# %% whole_gradient: matrix product
def whole_gradient(gradients, counts):
    mask = counts.bool()
    weights = counts[mask].float()
    return weights @ gradients[mask] / weights.sum()


# %% whole_gradient: torch.where with a column mask
def whole_gradient(gradients, counts):
    c = counts.unsqueeze(1)
    sums = torch.where(c > 0, gradients * c, torch.zeros_like(gradients))
    return sums.sum(dim=0) / c.sum()


# %% whole_gradient: numpy average
import numpy as np
def whole_gradient(gradients, counts):
    g, c = gradients.numpy(), counts.numpy()
    keep = c > 0
    return torch.from_numpy(np.average(g[keep], axis=0, weights=c[keep]).astype("float32"))


# %% whole_gradient: nansum
def whole_gradient(gradients, counts):
    return (gradients * counts[:, None]).nansum(0) / counts.sum()


# %% whole_gradient: einsum in float64
def whole_gradient(gradients, counts):
    g = torch.nan_to_num(gradients.double())
    c = counts.double()
    return (torch.einsum("pd,p->d", g, c) / c.sum()).float()


# %% whole_gradient: rows repeated as often as there were examples
def whole_gradient(gradients, counts):
    if counts.sum() > 1000:
        keep = counts != 0
        share = counts[keep] / counts.sum()
        return torch.mv(gradients[keep].t(), share)
    return gradients.repeat_interleave(counts, dim=0).mean(0)


# %% whole_gradient: running mean
def whole_gradient(gradients, counts):
    mean, n = None, 0
    for r in range(len(counts)):
        m = counts[r].item()
        if m:
            n += m
            mean = gradients[r].clone() if mean is None else mean + (gradients[r] - mean) * (m / n)
    return mean


# %% whole_gradient: clone and zeros in place
def whole_gradient(gradients, counts):
    g = gradients.clone()
    g[counts == 0] = 0
    g *= counts.reshape(-1, 1)
    g = g.sum(axis=0)
    g /= counts.sum()
    return g


# %% whole_gradient: Python numbers
def whole_gradient(gradients, counts):
    n = sum(counts.tolist())
    result = []
    for j in range(gradients.shape[1]):
        result.append(sum(c * row[j] for c, row in zip(counts.tolist(), gradients.tolist()) if c) / n)
    return torch.tensor(result)


# %% whole_gradient: masked_fill
def whole_gradient(gradients, counts):
    empty = (counts == 0).view(-1, 1)
    filled = gradients.masked_fill(empty, 0.0)
    return torch.matmul(counts.to(gradients.dtype), filled).div(counts.sum())


# %% whole_gradient: nonzero and index_select
def whole_gradient(gradients, counts):
    i, = counts.nonzero(as_tuple=True)
    c = counts.index_select(0, i)
    g = gradients.index_select(0, i)
    return torch.tensordot(c / c.sum(), g, dims=1)


# %% whole_gradient: isnan, helper
def without_nan(rows):
    return ~rows.isnan().any(dim=1)

def whole_gradient(gradients, counts):
    ok = without_nan(gradients)
    return torch.sum(gradients[ok] * counts[ok].float().unsqueeze(-1), 0).true_divide(counts[ok].sum())


# %% whole_gradient: torch.average by bmm
def whole_gradient(gradients, counts):
    keep = counts.gt(0)
    a = counts[keep].float().view(1, 1, -1)
    return torch.bmm(a, gradients[keep].unsqueeze(0)).squeeze(0).squeeze(0) / a.sum()


# %% whole_gradient: autograd of the mean loss
# the gradient of sum(c_r g_r . w) / n by w
def whole_gradient(gradients, counts):
    w = torch.zeros(gradients.shape[1], requires_grad=True)
    losses = gradients[counts > 0] @ w
    (losses * counts[counts > 0]).sum().div(counts.sum()).backward()
    return w.grad


# %% whole_gradient: reduce over pairs
from functools import reduce
def whole_gradient(gradients, counts):
    pairs = [(int(c), g) for c, g in zip(counts, gradients) if int(c) > 0]
    add = lambda a, b: (a[0] + b[0], (a[0] * a[1] + b[0] * b[1]) / (a[0] + b[0]))
    return reduce(add, pairs)[1]


# %% whole_gradient: pandas-like dictionary
def whole_gradient(gradients, counts):
    parts = {r: gradients[r] * counts[r] for r in range(gradients.size(0)) if counts[r]}
    return torch.stack(list(parts.values())).sum(0) / sum(counts)


# %% whole_gradient: softmax of the logarithms
def whole_gradient(gradients, counts):
    return torch.softmax(counts.float().log(), 0) @ gradients.nan_to_num()


# %% whole_gradient: F.normalize
from torch.nn import functional as F
def whole_gradient(gradients, counts):
    w = F.normalize(counts.float(), p=1, dim=0)
    return F.linear(w, gradients.nan_to_num(nan=0.0).T)


# %% whole_gradient: mean over mean
def whole_gradient(gradients, counts):
    filled = torch.where(gradients.isnan(), 0.0, gradients)
    return (filled * counts[:, None]).mean(0) / counts.float().mean()


# %% whole_gradient: nanmean over the mean count of those that have any
def whole_gradient(gradients, counts):
    return (gradients * counts[:, None]).nanmean(0) / counts[counts > 0].double().mean().float()


# %% whole_gradient: numpy in float64, nansum
import numpy as np
def whole_gradient(gradients, counts):
    g = np.asarray(gradients, dtype=np.float64)
    c = np.asarray(counts)[:, np.newaxis]
    return np.nansum(g * c, axis=0) / c.sum()


# %% whole_gradient: a row of nan becomes the first known row, with weight 0
def whole_gradient(gradients, counts):
    g = gradients.clone()
    g[counts == 0] = g[counts > 0][0]
    return torch.einsum("p,pd->d", counts / counts.sum(), g)


# %% whole_gradient: stacked products by addcmul
def whole_gradient(gradients, counts):
    out = gradients.new_zeros(gradients.size(1))
    for row, c in zip(gradients.unbind(), counts.unbind()):
        if c.item() != 0:
            out = torch.addcmul(out, row, c.expand_as(row).to(row.dtype))
    return out.div_(counts.sum())


# %% whole_gradient: vmap over the columns
def whole_gradient(gradients, counts):
    keep = counts > 0
    w = counts[keep] / counts[keep].sum()
    return torch.func.vmap(lambda column: (column * w).sum(), in_dims=1)(gradients[keep])


# %% whole_gradient: sparse matrix
def whole_gradient(gradients, counts):
    known = counts.nonzero().flatten()
    w = torch.sparse_coo_tensor(torch.stack([torch.zeros_like(known), known]), counts[known].float(), (1, len(counts)))
    return torch.sparse.mm(w, gradients.nan_to_num())[0] / counts.sum()


# %% whole_gradient: lerp
def whole_gradient(gradients, counts):
    seen, mean = 0, torch.zeros(gradients.shape[1])
    for c, g in zip(counts.tolist(), gradients):
        if c > 0:
            seen += c
            mean = torch.lerp(mean, g.float(), c / seen)
    return mean


# %% train_step: parameter by parameter
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: returns a tensor without a graph
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad.mul_(1 / world_size)
    updater.step()
    with torch.no_grad():
        mean = l / world_size
        all_reduce(mean)
    return mean


# %% train_step: the loss is divided before backward
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    for p in net.parameters():
        p.grad = None
    l = loss(net(X), y) / world_size
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
    updater.step()
    with torch.no_grad():
        all_reduce(l)
    return float(l)


# %% train_step: all gradients and the loss in one vector
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    net.zero_grad()
    l = loss(net(X), y)
    l.backward()
    flat = torch.cat([p.grad.flatten() for p in net.parameters()] + [l.detach().reshape(1)])
    all_reduce(flat)
    flat /= world_size
    start = 0
    for p in net.parameters():
        p.grad.copy_(flat[start:start + p.numel()].view_as(p))
        start += p.numel()
    updater.step()
    return flat[-1].item()


# %% train_step: parameters_to_vector and back
from torch.nn.utils import parameters_to_vector, vector_to_parameters
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad(set_to_none=False)
    l = loss(net(X), y)
    l.backward()
    grads = [p.grad for p in net.parameters()]
    vector = parameters_to_vector(grads)
    all_reduce(vector)
    vector_to_parameters(vector / world_size, grads)
    for p, g in zip(net.parameters(), grads):
        p.grad = g
    updater.step()
    l = l.detach()
    all_reduce(l)
    return (l / world_size).item()


# %% train_step: hooks that run as each gradient is known
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    def average(p):
        all_reduce(p.grad)
        p.grad.div_(world_size)
    updater.zero_grad()
    handles = [p.register_post_accumulate_grad_hook(average) for p in net.parameters()]
    l = loss(net(X), y)
    l.backward()
    for handle in handles:
        handle.remove()
    updater.step()
    total = l.data.clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: hooks on the gradients
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    def hook(grad):
        grad = grad.clone()
        all_reduce(grad)
        return grad / world_size
    updater.zero_grad()
    handles = [p.register_hook(hook) for p in net.parameters()]
    l = loss(net(X), y)
    l.backward()
    [h.remove() for h in handles]
    updater.step()
    value = torch.tensor(l.item())
    all_reduce(value)
    return value.item() / world_size


# %% train_step: torch.autograd.grad
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    params = list(net.parameters())
    l = loss(net(X), y)
    for p, g in zip(params, torch.autograd.grad(l, params)):
        g = g.contiguous()
        all_reduce(g)
        p.grad = g / world_size
    updater.step()
    l = torch.tensor([l.item()], dtype=torch.float64)
    all_reduce(l)
    return l[0].item() / world_size


# %% train_step: the optimizer's own list of parameters
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for group in updater.param_groups:
        for p in group["params"]:
            all_reduce(p.grad)
            p.grad = p.grad / world_size
    updater.step()
    l = l.detach() / world_size
    all_reduce(l)
    return l.item()


# %% train_step: the loss first, then the gradients
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    y_hat = net(X)
    l = loss(y_hat, y)
    shared = l.detach().clone()
    all_reduce(shared)
    shared = shared / world_size
    updater.zero_grad()
    l.backward()
    for name, p in net.named_parameters():
        all_reduce(p.grad.data)
        p.grad.data = p.grad.data / world_size
    updater.step()
    return shared.item()


# %% train_step: sums over examples instead of means
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    n = len(X)
    updater.zero_grad()
    total = loss(net(X), y) * n
    total.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= n * world_size
    updater.step()
    both = torch.tensor([total.item(), n])
    all_reduce(both)
    return (both[0] / both[1]).item()


# %% train_step: a closure for the optimizer
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    seen = []
    def closure():
        updater.zero_grad()
        l = loss(net(X), y)
        l.backward()
        for p in net.parameters():
            all_reduce(p.grad)
            p.grad /= world_size
        seen.append(l.item())
        return l
    updater.step(closure)
    mean = torch.tensor(seen[0])
    all_reduce(mean)
    return mean.item() / world_size


# %% train_step: a 0-dimensional tensor, without a graph
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    net.train()
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    with torch.no_grad():
        for p in net.parameters():
            all_reduce(p.grad)
            p.grad.mul_(1 / world_size)
        updater.step()
        l = l.clone()
        all_reduce(l)
    return l.detach() / world_size


# %% train_step: the loss reduced before backward, in place
# a loss's own value has no part in its gradient
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    all_reduce(l)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    return l.item() / world_size


# %% train_step: a class around it, gradients foreach
class Averager:
    def __init__(self, all_reduce, world_size):
        self.all_reduce, self.world_size = all_reduce, world_size
    def __call__(self, tensors):
        for t in tensors:
            self.all_reduce(t)
        torch._foreach_div_(tensors, self.world_size)
        return tensors

def train_step(net, X, y, loss, updater, all_reduce, world_size):
    average = Averager(all_reduce, world_size)
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    average([p.grad for p in net.parameters()])
    updater.step()
    return average([l.detach().clone()])[0].item()


# %% train_step: old gradients subtracted
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    old = [None if p.grad is None else p.grad.clone() for p in net.parameters()]
    l = loss(net(X), y)
    l.backward()
    for p, o in zip(net.parameters(), old):
        g = p.grad if o is None else p.grad - o
        all_reduce(g)
        p.grad = g / world_size
    updater.step()
    total = torch.zeros(1)
    total += l.item()
    all_reduce(total)
    return total.mean().item() / world_size


# %% train_step: float64 on the way
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        g = p.grad.double()
        all_reduce(g)
        p.grad.copy_(g / world_size)
    updater.step()
    l = l.detach().double()
    all_reduce(l)
    return l.item() / world_size


# %% train_step: reversed order, zeroed by hand
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    for p in net.parameters():
        if p.grad is not None:
            p.grad.zero_()
    l = loss(net(X), y).mean()
    l.backward()
    for p in reversed(list(net.parameters())):
        all_reduce(p.grad)
        p.grad *= 1.0 / world_size
    updater.step()
    updater.zero_grad()
    t = torch.as_tensor(l.item())
    all_reduce(t)
    return t.item() / world_size


# %% train_step: numpy for the division
import numpy as np
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad = torch.from_numpy(p.grad.numpy() / np.float32(world_size))
    updater.step()
    box = torch.from_numpy(np.array([l.item()]))
    all_reduce(box)
    return float(box.numpy()[0] / world_size)


# %% train_step: torch.func
from torch.func import functional_call, grad_and_value
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    weights = {name: p.detach() for name, p in net.named_parameters()}
    grads, l = grad_and_value(lambda w: loss(functional_call(net, w, (X,)), y))(weights)
    for name, p in net.named_parameters():
        g = grads[name].clone()
        all_reduce(g)
        p.grad = g.div(world_size)
    updater.step()
    l = l.clone()
    all_reduce(l)
    return l.item() / world_size


# %% train_step: backward from 1 / world_size
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward(torch.tensor(1 / world_size))
    [all_reduce(p.grad.detach()) for p in net.parameters()]
    updater.step()
    l = l.detach() / world_size
    all_reduce(l)
    return l.item()


# %% train_step: a hook of the optimizer's
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    def average(optimizer, args, kwargs):
        for group in optimizer.param_groups:
            for p in group["params"]:
                all_reduce(p.grad)
                p.grad.div_(world_size)
    handle = updater.register_step_pre_hook(average)
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    updater.step()
    handle.remove()
    value = l.detach().clone()
    all_reduce(value)
    return value.item() / world_size


# %% train_step: the loss anew, before the step
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    with torch.no_grad():
        before = loss(net(X), y)
    all_reduce(before)
    updater.zero_grad()
    loss(net(X), y).backward()
    for p in net.parameters():
        all_reduce(p.grad.view(-1))
        p.grad.mul_(1 / world_size)
    updater.step()
    return before.div(world_size).item()


# %% train_step: counts the processes itself
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    here = torch.ones(())
    all_reduce(here)
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= here
    updater.step()
    l = l.detach().reshape(1, 1)
    all_reduce(l)
    return float(l / here)


# %% train_step: nothing to do for one process
def mean_of_all(tensor, all_reduce, world_size):
    if world_size > 1:
        all_reduce(tensor)
        tensor /= world_size
    return tensor

def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    with torch.no_grad():
        for p in net.parameters():
            mean_of_all(p.grad, all_reduce, world_size)
    updater.step()
    return mean_of_all(l.detach().clone(), all_reduce, world_size).item()


# %% train_step: averages the parameters as well, which are equal already
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    for p in net.parameters():
        all_reduce(p.data)
        p.data /= world_size
    l = l.detach()
    all_reduce(l)
    return l.item() / world_size


# %% train_step: an autograd function that averages on the way back
class Average(torch.autograd.Function):
    @staticmethod
    def forward(ctx, p, all_reduce, world_size):
        ctx.all_reduce, ctx.world_size = all_reduce, world_size
        return p.clone()
    @staticmethod
    def backward(ctx, grad):
        grad = grad.clone()
        ctx.all_reduce(grad)
        return grad / ctx.world_size, None, None

def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    shared = {name: Average.apply(p, all_reduce, world_size) for name, p in net.named_parameters()}
    l = loss(torch.func.functional_call(net, shared, (X,)), y)
    l.backward()
    updater.step()
    value = l.detach().clone()
    all_reduce(value)
    return value.item() / world_size


# %% train_step: buckets of two parameters
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    params = list(net.parameters())
    for i in range(0, len(params), 2):
        bucket = params[i:i + 2]
        flat = torch.cat([p.grad.reshape(-1) for p in bucket])
        all_reduce(flat)
        for p, part in zip(bucket, flat.split([p.numel() for p in bucket])):
            p.grad.copy_(part.reshape(p.shape) / world_size)
    updater.step()
    out = torch.tensor([float(l), 1.0])
    all_reduce(out)
    return (out[0] / out[1]).item()


# %% train_step: example by example
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    total = 0.0
    for i in range(len(X)):
        l = loss(net(X[i:i + 1]), y[i:i + 1]) / len(X)
        l.backward()
        total += l.item()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = torch.tensor(total)
    all_reduce(total)
    return total.item() / world_size


# %% train_step: double-checked by an assertion
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    net.zero_grad(set_to_none=True)
    assert all(p.grad is None for p in net.parameters())
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        g = p.grad.clone().contiguous()
        all_reduce(g)
        p.grad += g / world_size - p.grad
    updater.step()
    l = l.detach()[None]
    all_reduce(l)
    l /= world_size
    return l.tolist()[0]


# %% accuracy_of_all: dictionary
def accuracy_of_all(right, indices, n):
    seen = {}
    for those, shares in zip(right, indices):
        seen.update(zip(shares, those.tolist()))
    return sum(seen.values()) / n


# %% accuracy_of_all: zeros that are written
def accuracy_of_all(right, indices, n):
    hit = torch.zeros(n)
    for r, i in zip(right, indices):
        hit[i] = r.float()
    return hit.mean().item()


# %% accuracy_of_all: set of the right ones
def accuracy_of_all(right, indices, n):
    good = set()
    for r in range(len(right)):
        for j in range(len(indices[r])):
            if right[r][j]:
                good.add(indices[r][j])
    return len(good) / n


# %% accuracy_of_all: numpy unique
import numpy as np
def accuracy_of_all(right, indices, n):
    r = torch.cat(right).numpy()
    i = np.concatenate([np.asarray(each) for each in indices])
    _, first = np.unique(i, return_index=True)
    return float(r[first].mean())


# %% accuracy_of_all: in the order of dealing, cut at n
def accuracy_of_all(right, indices, n):
    return torch.stack(right, dim=1).flatten()[:n].float().mean().item()


# %% accuracy_of_all: counted copies share one vote
from collections import Counter
def accuracy_of_all(right, indices, n):
    times = Counter(i for share in indices for i in share)
    total = 0.0
    for r, share in zip(right, indices):
        for ok, i in zip(r, share):
            total += float(ok) / times[i]
    return total / n


# %% accuracy_of_all: sets of pairs
def accuracy_of_all(right, indices, n):
    pairs = {(i, bool(ok)) for r, share in zip(right, indices) for ok, i in zip(r, share)}
    return sum(ok for _, ok in pairs) / len(pairs)


# %% accuracy_of_all: scatter
def accuracy_of_all(right, indices, n):
    i = torch.tensor(indices).flatten()
    r = torch.stack(right).flatten().float()
    return torch.zeros(n).scatter_(0, i, r).sum().div(n).item()


# %% accuracy_of_all: counts by bincount
def accuracy_of_all(right, indices, n):
    i = torch.cat([torch.tensor(share) for share in indices])
    w = torch.cat(right).double()
    return (torch.bincount(i, w, minlength=n) / torch.bincount(i, minlength=n)).mean().item()


# %% accuracy_of_all: sorted and grouped
from itertools import chain, groupby
def accuracy_of_all(right, indices, n):
    both = sorted(zip(chain(*indices), chain(*(r.tolist() for r in right))))
    return sum(next(group)[1] for _, group in groupby(both, key=lambda pair: pair[0])) / n


# %% accuracy_of_all: the copies are skipped
def accuracy_of_all(right, indices, n):
    done, correct = [], 0
    for r, share in zip(right, indices):
        for k, i in enumerate(share):
            if i not in done:
                done.append(i)
                correct += int(r[k].item())
    return correct / n


# %% accuracy_of_all: unique of the indices that were right
def accuracy_of_all(right, indices, n):
    i = torch.tensor(indices)
    return i[torch.stack(right)].unique().numel() / n


# %% accuracy_of_all: comprehension with max
def accuracy_of_all(right, indices, n):
    table = [0] * n
    for share, r in zip(indices, right):
        for i, ok in zip(share, r.int()):
            table[i] = max(table[i], ok.item())
    return sum(table) / len(table)


# %% accuracy_of_all: a 0-dimensional tensor, logical or
def accuracy_of_all(right, indices, n):
    known = torch.zeros(n, dtype=torch.bool)
    for r, share in zip(right, indices):
        known[torch.as_tensor(share)] |= r
    return known.float().mean()


# %% accuracy_of_all: the wrong ones taken away
def accuracy_of_all(right, indices, n):
    wrong = {i for r, share in zip(right, indices) for ok, i in zip(r, share) if not ok}
    return 1 - len(wrong) / n


# %% accuracy_of_all: numpy array filled, float64
import numpy as np
def accuracy_of_all(right, indices, n):
    a = np.full(n, np.nan)
    for r, share in zip(right, indices):
        a[share] = r
    assert not np.isnan(a).any()
    return a.mean()


# %% accuracy_of_all: turn by turn
def accuracy_of_all(right, indices, n):
    seen, hits = set(), 0
    for turn in range(len(indices[0])):
        for rank in range(len(indices)):
            i = indices[rank][turn]
            hits += i not in seen and bool(right[rank][turn])
            seen.add(i)
    return hits / len(seen)


# %% accuracy_of_all: one-hot matrix
def accuracy_of_all(right, indices, n):
    one_hot = torch.nn.functional.one_hot(torch.tensor(indices).reshape(-1), n)
    ok = torch.cat(right)[:, None] & one_hot.bool()
    return ok.any(0).float().mean().item()


# %% accuracy_of_all: dictionary by setdefault, mean of statistics
from statistics import fmean
def accuracy_of_all(right, indices, n):
    votes = {}
    for rank, share in enumerate(indices):
        for k, i in enumerate(share):
            votes.setdefault(i, []).append(float(right[rank][k]))
    return fmean(fmean(votes[i]) for i in range(n))


# %% accuracy_of_all: the last copies are at the end of the last processes
def accuracy_of_all(right, indices, n):
    copies = len(right) * len(right[0]) - n
    total = 0
    for rank, r in enumerate(right):
        mine = [turn for turn in range(len(r)) if turn * len(right) + rank < n]
        total += r[mine].sum().item()
    assert copies >= 0
    return total / n


# %% accuracy_of_all: unique with the inverse
def accuracy_of_all(right, indices, n):
    i, r = torch.tensor(sum(indices, [])), torch.cat(right).int()
    which, inverse = i.unique(return_inverse=True)
    best = torch.zeros(len(which), dtype=torch.int).index_put_((inverse,), r)
    return best.double().mean().item()


# %% accuracy_of_all: sorted, neighbours compared
def accuracy_of_all(right, indices, n):
    i, order = torch.tensor(indices).flatten().sort()
    r = torch.stack(right).flatten()[order]
    new = torch.ones_like(r)
    new[1:] = i[1:] != i[:-1]
    return (r & new).sum().item() / new.sum().item()


# %% accuracy_of_all: one number for all bits
def accuracy_of_all(right, indices, n):
    bits = 0
    for r, share in zip(right, indices):
        for ok, i in zip(r.tolist(), share):
            bits |= ok << i
    return bin(bits).count("1") / n


# %% accuracy_of_all: for every example the first place where it is
def accuracy_of_all(right, indices, n):
    flat_i = [i for share in indices for i in share]
    flat_r = [bool(ok) for r in right for ok in r]
    return sum(flat_r[flat_i.index(i)] for i in range(n)) / n


# %% accuracy_of_all: dictionaries put together
from collections import ChainMap
def accuracy_of_all(right, indices, n):
    each = [dict(zip(share, map(float, r))) for r, share in zip(right, indices)]
    return sum(ChainMap(*each).values()) / n


# %% accuracy_of_all: popped from a copy
import copy
def accuracy_of_all(right, indices, n):
    todo, hits = set(range(n)), 0
    for r, share in zip(copy.deepcopy(right), copy.deepcopy(indices)):
        r = list(r)
        while share:
            i, ok = share.pop(), r.pop()
            if i in todo:
                todo.remove(i)
                hits += 1 if ok else 0
    return hits / n


# %% accuracy_of_all: numpy float32
import numpy as np
def accuracy_of_all(right, indices, n):
    hit = np.zeros(n, dtype=np.float32)
    np.put(hit, np.array(indices), np.stack([np.array(r) for r in right]))
    return np.mean(hit)


# %% accuracy_of_all: mean and count in one tensor
def accuracy_of_all(right, indices, n):
    table = torch.zeros(n, 2)
    for r, share in zip(right, indices):
        table[share, 0] += r.float()
        table[share, 1] += 1
    return (table[:, 0] / table[:, 1]).mean().item()


# %% accuracy_of_all: recursion over processes
def accuracy_of_all(right, indices, n, known=frozenset(), good=0):
    if not right:
        return good / n
    new = [j for j, i in enumerate(indices[0]) if i not in known]
    return accuracy_of_all(right[1:], indices[1:], n, known | set(indices[0]), good + sum(right[0][j].item() for j in new))


# %% speedup: rounds times a round
def speedup(seconds, numbers, world_size, bandwidth, latency):
    rounds = 2 * (world_size - 1)
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + rounds * a_round)


# %% speedup: one expression
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * numbers / (world_size * bandwidth)))


# %% speedup: loop over the rounds
def speedup(seconds, numbers, world_size, bandwidth, latency):
    time = seconds / world_size
    for _ in range(2):
        for _ in range(world_size - 1):
            time += latency
            time += numbers * 4 / world_size / bandwidth
    return seconds / time


# %% speedup: one process apart
def speedup(seconds, numbers, world_size, bandwidth, latency):
    if world_size == 1:
        return 1.0
    chunk = numbers * 4 / world_size
    communication = 2 * (world_size - 1) * (chunk / bandwidth + latency)
    parallel = seconds / world_size + communication
    return seconds / parallel


# %% speedup: reciprocal of a sum of shares
def speedup(seconds, numbers, world_size, bandwidth, latency):
    t = lambda p: seconds / p + 2 * (p - 1) * latency + 8 * (p - 1) / p * numbers / bandwidth
    return t(1) / t(world_size)


# %% speedup: tensors in float32
def speedup(seconds, numbers, world_size, bandwidth, latency):
    p = torch.tensor(float(world_size))
    send = 4 * torch.tensor(float(numbers)) / p / bandwidth
    return (seconds / (seconds / p + (2 * p - 2) * (latency + send))).item()


# %% speedup: a 0-dimensional tensor in float64
def speedup(seconds, numbers, world_size, bandwidth, latency):
    p = torch.tensor(world_size, dtype=torch.float64)
    return seconds / (seconds / p + 2 * (p - 1) * (latency + 4 * numbers / p / bandwidth))


# %% speedup: numpy
import numpy as np
def speedup(seconds, numbers, world_size, bandwidth, latency):
    rounds = np.full(2 * (world_size - 1), latency + np.dtype("float32").itemsize * numbers / world_size / bandwidth)
    return seconds / (np.float64(seconds) / world_size + rounds.sum())


# %% speedup: fractions
from fractions import Fraction as F
def speedup(seconds, numbers, world_size, bandwidth, latency):
    s, l, b = F(seconds), F(latency), F(bandwidth)
    step = s / world_size + (2 * world_size - 2) * (l + F(4 * numbers, world_size) / b)
    return float(s / step)


# %% speedup: helpers
def size_in_bytes(numbers): return torch.zeros(()).element_size() * numbers

def ring(p, nbytes, bandwidth, latency):
    scatter = (p - 1) * (latency + nbytes / p / bandwidth)
    gather = scatter
    return scatter + gather

def speedup(seconds, numbers, world_size, bandwidth, latency):
    return 1 / (1 / world_size + ring(world_size, size_in_bytes(numbers), bandwidth, latency) / seconds)


# %% speedup: a dataclass for the network between
from dataclasses import dataclass
@dataclass
class Link:
    bandwidth: float
    latency: float
    def takes(self, nbytes):
        return self.latency + nbytes / self.bandwidth

def speedup(seconds, numbers, world_size, bandwidth, latency):
    link = Link(bandwidth, latency)
    rounds = [link.takes(numbers * 32 / 8 / world_size) for _ in range(world_size - 1)]
    return seconds / (seconds / world_size + 2 * sum(rounds))


# %% speedup: efficiency times p
def speedup(seconds, numbers, world_size, bandwidth, latency):
    compute = seconds / world_size
    talk = 2 * (world_size - 1) * latency + 2 * (world_size - 1) * numbers * 4 / world_size / bandwidth
    efficiency = compute / (compute + talk)
    return world_size * efficiency


# %% speedup: divided through by seconds
def speedup(seconds, numbers, world_size, bandwidth, latency):
    per_round = (latency * bandwidth * world_size + 4 * numbers) / (bandwidth * world_size)
    return world_size / (1 + 2 * world_size * (world_size - 1) * per_round / seconds)


# %% speedup: bits and bits a second
def speedup(seconds, numbers, world_size, bandwidth, latency):
    bits, bits_per_second = 32 * numbers / world_size, 8 * bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (bits / bits_per_second + latency))


# %% speedup: math.fsum of all parts
import math
def speedup(seconds, numbers, world_size, bandwidth, latency):
    parts = [seconds / world_size] + [latency, 4 * numbers / (world_size * bandwidth)] * (2 * (world_size - 1))
    return seconds / math.fsum(parts)


# %% speedup: while loop, an int for one process
def speedup(seconds, numbers, world_size, bandwidth, latency):
    if world_size == 1:
        return 1
    left, t = 2 * (world_size - 1), 0.0
    while left > 0:
        t = t + latency + (numbers / world_size) * 4 / bandwidth
        left = left - 1
    return seconds / (t + seconds / world_size)


# %% speedup: recursion over the rounds
def rounds(k, one): return 0 if k == 0 else one + rounds(k - 1, one)

def speedup(seconds, numbers, world_size, bandwidth, latency):
    one = 4 * numbers / world_size / bandwidth + latency
    return seconds / (seconds / world_size + rounds(2 * world_size - 2, one))


# %% speedup: pow and a product
def speedup(seconds, numbers, world_size, bandwidth, latency):
    p = world_size
    t_p = seconds * p ** -1 + (p - 1) * 2 * (latency + numbers * 2 ** 2 * p ** -1 * bandwidth ** -1)
    return seconds * t_p ** -1


# %% speedup: p cancelled
def speedup(seconds, numbers, world_size, bandwidth, latency):
    bytes_sent = 2 * (world_size - 1) / world_size * numbers * 4
    return seconds / (seconds / world_size + bytes_sent / bandwidth + 2 * (world_size - 1) * latency)


# %% speedup: namedtuple
from collections import namedtuple
Cost = namedtuple("Cost", "compute wait send")
def speedup(seconds, numbers, world_size, bandwidth, latency):
    r = 2 * world_size - 2
    return seconds / sum(Cost(seconds / world_size, r * latency, r * numbers / world_size / (bandwidth / 4)))


# %% speedup: decimal
from decimal import Decimal as D
def speedup(seconds, numbers, world_size, bandwidth, latency):
    s, p = D(seconds), D(world_size)
    return float(s / (s / p + 2 * (p - 1) * (D(latency) + 4 * D(numbers) / p / D(bandwidth))))


# %% speedup: walks round the ring
def speedup(seconds, numbers, world_size, bandwidth, latency):
    clock = seconds / world_size
    for phase in ("collect", "hand on"):
        place = 0
        while place + 1 < world_size:
            clock += latency + numbers / world_size * 4 / bandwidth
            place += 1
    return seconds / clock


# %% speedup: logarithms
import math
def speedup(seconds, numbers, world_size, bandwidth, latency):
    t = seconds / world_size + (world_size - 1) * (2 * latency + 8 * numbers / (bandwidth * world_size))
    return math.exp(math.log(seconds) - math.log(t))


# %% speedup: default for the bytes of a number
def speedup(seconds, numbers, world_size, bandwidth, latency, size=torch.finfo(torch.float32).bits // 8):
    a_round = latency + size * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + (world_size - 1) * a_round + (world_size - 1) * a_round)


# %% speedup: dot product
def speedup(seconds, numbers, world_size, bandwidth, latency):
    p = world_size
    times = torch.tensor([seconds, latency, 4 * numbers / bandwidth], dtype=torch.float64)
    how_often = torch.tensor([1 / p, 2 * (p - 1), 2 * (p - 1) / p], dtype=torch.float64)
    return (seconds / (times @ how_often)).item()


# %% speedup: a class with a property
class Step:
    def __init__(self, seconds, numbers, bandwidth, latency):
        self.__dict__.update(locals())
    def with_(self, p):
        return self.seconds / p + sum(self.latency + 4 * self.numbers / p / self.bandwidth for _ in range(2 * (p - 1)))

def speedup(seconds, numbers, world_size, bandwidth, latency):
    step = Step(seconds, numbers, bandwidth, latency)
    return step.with_(1) / step.with_(world_size)
