"""Wrong answers to the exercises of lesson 08; each fails its check. A comment says for which input, or which rule it breaks."""
# %% share: not filled up
# wrong: where n / world_size leaves a rest
def share(n, rank, world_size):
    return list(range(rank, n, world_size))


# %% share: blocks
# wrong: neighbours
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [i % n for i in range(rank * k, (rank + 1) * k)]


# %% share: blocks, the last one short
# wrong: neighbours
def share(n, rank, world_size):
    k = -(-n // world_size)
    return list(range(n))[rank * k:(rank + 1) * k]


# %% share: blocks, rounded down
# wrong: neighbours
def share(n, rank, world_size):
    k = n // world_size
    return list(range(rank * k, rank * k + k))


# %% share: the rest is dropped
# wrong: drop_last
def share(n, rank, world_size):
    return list(range(rank, n // world_size * world_size, world_size))


# %% share: filled up with the last example
# wrong: begins again with the first
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [min(rank + t * world_size, n - 1) for t in range(k)]


# %% share: filled up with its own first
# wrong: and fails where a process has none
def share(n, rank, world_size):
    own = list(range(rank, n, world_size))
    while len(own) < -(-n // world_size):
        own.append(own[0])
    return own


# %% share: filled up with its own last
# wrong
def share(n, rank, world_size):
    own = [i for i in range(n) if i % world_size == rank]
    k = (n + world_size - 1) // world_size
    return own + own[-1:] * (k - len(own))


# %% share: filled up with example 0
# wrong: for the second process that lacks one
def share(n, rank, world_size):
    own = list(range(rank, n, world_size))
    if len(own) < -(-n // world_size):
        own.append(0)
    return own


# %% share: filled up with the number of the process
# wrong: for places n and up
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [i if i < n else rank for i in range(rank, k * world_size, world_size)]


# %% share: wraps only once
# wrong: for n < world_size / 2
def share(n, rank, world_size):
    indices = list(range(n))
    total = -(-n // world_size) * world_size
    indices += indices[:total - n]
    return indices[rank:total:world_size]


# %% share: subtracts n once
# wrong: for places from 2 n on
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [i if i < n else i - n for i in range(rank, k * world_size, world_size)]


# %% share: always one more
# wrong: where n / world_size comes out even
def share(n, rank, world_size):
    k = n // world_size + 1
    return [(rank + t * world_size) % n for t in range(k)]


# %% share: places that no example has
# wrong: no modulo
def share(n, rank, world_size):
    k = -(-n // world_size)
    return list(range(rank, k * world_size, world_size))


# %% share: counted from 1
# wrong
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(rank + t * world_size) % n + 1 for t in range(k)]


# %% share: ranks counted from 1
# wrong: the neighbour's share
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(rank - 1 + t * world_size) % n for t in range(k)]


# %% share: rank and world_size swapped
# wrong: and fails for rank 0
def share(n, rank, world_size):
    return list(range(world_size, n, rank))


# %% share: sorted
# wrong: where it was filled up
def share(n, rank, world_size):
    k = -(-n // world_size)
    return sorted((rank + t * world_size) % n for t in range(k))


# %% share: every process's
# wrong: a list of lists
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [[(r + t * world_size) % n for t in range(k)] for r in range(world_size)]


# %% share: ready-made
# wrong: rule, by hand
from torch.utils.data import DistributedSampler
def share(n, rank, world_size):
    return list(DistributedSampler(range(n), world_size, rank, shuffle=False))


# %% share: ready-made, by the module's name
# wrong: rule, by hand
import torch.utils.data.distributed as D
def share(n, rank, world_size):
    class Mine(D.DistributedSampler):
        pass
    return list(iter(Mine(range(n), num_replicas=world_size, rank=rank, shuffle=False)))


# %% share: printed
# wrong: None
def share(n, rank, world_size):
    k = -(-n // world_size)
    print([(rank + t * world_size) % n for t in range(k)])


# %% share: a range
# wrong: no list, and not filled up
def share(n, rank, world_size):
    return range(rank, n, world_size)


# %% share: floats
# wrong: the type
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [float((rank + t * world_size) % n) for t in range(k)]


# %% share: how many
# wrong: a number
def share(n, rank, world_size):
    return -(-n // world_size)


# %% share: for ten examples and four processes
# wrong: right for the example only
def share(n, rank, world_size):
    return [[0, 4, 8], [1, 5, 9], [2, 6, 0], [3, 7, 1]][rank]


# %% share: rounds to the nearest
# wrong: for 9 examples and 4 processes
def share(n, rank, world_size):
    k = round(n / world_size)
    return [(rank + t * world_size) % n for t in range(k)]


# %% share: filled up from the end
# wrong
def share(n, rank, world_size):
    k = -(-n // world_size)
    order = list(range(n)) + list(range(n))[::-1] * world_size
    return order[rank:k * world_size:world_size]


# %% share: shuffled
# wrong: without shuffling
def share(n, rank, world_size):
    k = -(-n // world_size)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0)).tolist()
    return [order[(rank + t * world_size) % n] for t in range(k)]


# %% share: fills every process up to the first one's, but counts on the spot
# wrong: each begins with 0
def share(n, rank, world_size):
    own = list(range(rank, n, world_size))
    k = -(-n // world_size)
    return own + list(range(k - len(own)))


# %% share: a share of the smallest size
# wrong: the shortest that somebody has
def share(n, rank, world_size):
    return [rank + t * world_size for t in range(n // world_size)]


# %% share: one step too far
# wrong: range ends too late
def share(n, rank, world_size):
    return [i % n for i in range(rank, n + world_size - 1, world_size)]


# %% share: one place too early
# wrong: range ends too early
def share(n, rank, world_size):
    return [i % n for i in range(rank, n - 1, world_size)]


# %% share: its own examples again
# wrong: begins again with its own
def share(n, rank, world_size):
    own = list(range(rank, n, world_size))
    k = -(-n // world_size)
    return [own[t % len(own)] for t in range(k)]


# %% share: extra by rank
# wrong: some get one more, and nobody is filled up
def share(n, rank, world_size):
    k = n // world_size + (rank < n % world_size)
    return [rank + t * world_size for t in range(k)]


# %% share: a dictionary
# wrong: no list
def share(n, rank, world_size):
    k = -(-n // world_size)
    return {t: (rank + t * world_size) % n for t in range(k)}


# %% share: a set
# wrong: no list
def share(n, rank, world_size):
    k = -(-n // world_size)
    return {(rank + t * world_size) % n for t in range(k)}


# %% share: a text
# wrong: no list
def share(n, rank, world_size):
    k = -(-n // world_size)
    return str([(rank + t * world_size) % n for t in range(k)])


# %% share: a generator
# wrong: no list
def share(n, rank, world_size):
    k = -(-n // world_size)
    return ((rank + t * world_size) % n for t in range(k))


# %% share: turned round
# wrong: the order of the turns
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(rank + t * world_size) % n for t in range(k)][::-1]


# %% share: ranks from the end
# wrong: the last process begins
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(world_size - 1 - rank + t * world_size) % n for t in range(k)]


# %% share: to and fro
# wrong: every second turn goes backwards
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(t * world_size + (rank if t % 2 == 0 else world_size - 1 - rank)) % n for t in range(k)]


# %% share: with its length
# wrong: a tuple of two
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(rank + t * world_size) % n for t in range(k)], k


# %% share: modulo world_size
# wrong: the wrong modulus
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(rank + t * world_size) % (k * world_size) % max(n, world_size) for t in range(k)]


# %% share: the last gets the rest
# wrong: blocks, and the last one longer
def share(n, rank, world_size):
    k = n // world_size
    return list(range(rank * k, n if rank == world_size - 1 else (rank + 1) * k))


# %% share: padded with -1
# wrong: no example
def share(n, rank, world_size):
    own = list(range(rank, n, world_size))
    return own + [-1] * (-(-n // world_size) - len(own))


# %% share: float tensor
# wrong: the type
def share(n, rank, world_size):
    k = -(-n // world_size)
    return torch.tensor([float((rank + t * world_size) % n) for t in range(k)])


# %% share: a column
# wrong: a matrix
def share(n, rank, world_size):
    k = -(-n // world_size)
    return (torch.arange(rank, k * world_size, world_size) % n)[:, None]


# %% share: round() of half
# wrong: for 10 examples and 4 processes two each
def share(n, rank, world_size):
    k = int(n / world_size + 0.5)
    return [(rank + t * world_size) % n for t in range(k)]


# %% share: keeps what it dealt
# wrong: the second call returns more
dealt = []
def share(n, rank, world_size):
    dealt.extend((rank + t * world_size) % n for t in range(-(-n // world_size)))
    return dealt


# %% share: fills up only where there is something
# wrong: for fewer examples than processes
def share(n, rank, world_size):
    own = list(range(rank, n, world_size))
    while own and len(own) < -(-n // world_size):
        own.append((own[-1] + world_size) % n)
    return own


# %% share: ranks one too high
# wrong: the next process's share
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(rank + 1 + t * world_size) % n for t in range(k)]


# %% share: turns counted from 1
# wrong: the first turn is left out
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(rank + t * world_size) % n for t in range(1, k)]


# %% share: one turn too few
# wrong: the last turn is left out
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(rank + t * world_size) % n for t in range(k - 1)]


# %% share: rank and world_size swapped in the sum
# wrong: begins at world_size and goes on by rank
def share(n, rank, world_size):
    k = -(-n // world_size)
    return [(world_size + t * rank) % n for t in range(k)]


# %% whole_gradient: plain mean
# wrong: counts left out, and nan
def whole_gradient(gradients, counts):
    return gradients.mean(0)


# %% whole_gradient: plain mean of those that are there
# wrong: counts left out
def whole_gradient(gradients, counts):
    return gradients[counts > 0].mean(0)


# %% whole_gradient: nanmean
# wrong: counts left out
def whole_gradient(gradients, counts):
    return torch.nanmean(gradients, dim=0)


# %% whole_gradient: zeros for nan, then the mean
# wrong: counts left out
def whole_gradient(gradients, counts):
    return torch.nan_to_num(gradients).mean(0)


# %% whole_gradient: sum
# wrong
def whole_gradient(gradients, counts):
    return gradients[counts > 0].sum(0)


# %% whole_gradient: weighted sum, not divided
# wrong
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep] * counts[keep, None]).sum(0)


# %% whole_gradient: weighted mean over processes
# wrong: divided by p
def whole_gradient(gradients, counts):
    return (gradients.nan_to_num() * counts[:, None]).mean(0)


# %% whole_gradient: divided by the processes that had some
# wrong
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep] * counts[keep, None]).mean(0)


# %% whole_gradient: divided by both
# wrong: by p too
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep] * counts[keep, None]).sum(0) / counts.sum() / len(counts)


# %% whole_gradient: divided by the largest count
# wrong
def whole_gradient(gradients, counts):
    return (gradients.nan_to_num() * counts[:, None]).sum(0) / counts.max()


# %% whole_gradient: nan goes through
# wrong: for a count of 0
def whole_gradient(gradients, counts):
    return (gradients * counts[:, None]).sum(0) / counts.sum()


# %% whole_gradient: nan goes through a matrix product
# wrong: for a count of 0
def whole_gradient(gradients, counts):
    return counts.float() @ gradients / counts.sum()


# %% whole_gradient: weighted by the inverse
# wrong: few examples count more
def whole_gradient(gradients, counts):
    keep = counts > 0
    w = 1 / counts[keep]
    return (gradients[keep] * w[:, None]).sum(0) / w.sum()


# %% whole_gradient: divided by its count
# wrong: the mean is divided once more
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep] / counts[keep, None]).sum(0)


# %% whole_gradient: counts along the columns
# wrong: fails unless p == d
def whole_gradient(gradients, counts):
    return (gradients.nan_to_num() * counts).sum(0) / counts.sum()


# %% whole_gradient: the first process's
# wrong
def whole_gradient(gradients, counts):
    return gradients[0]


# %% whole_gradient: the largest share's
# wrong
def whole_gradient(gradients, counts):
    return gradients[counts.argmax()]


# %% whole_gradient: softmax of the counts
# wrong
def whole_gradient(gradients, counts):
    return torch.softmax(counts.float(), 0) @ gradients.nan_to_num()


# %% whole_gradient: rows added up, divided by the examples
# wrong: not weighted
def whole_gradient(gradients, counts):
    return gradients[counts > 0].sum(0) / counts.sum()


# %% whole_gradient: a row for each process
# wrong: not added up
def whole_gradient(gradients, counts):
    return gradients * counts[:, None] / counts.sum()


# %% whole_gradient: mean along the rows
# wrong: the axis
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep] * counts[keep, None]).sum(1) / counts.sum()


# %% whole_gradient: a matrix with one row
# wrong: the shape
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep] * counts[keep, None]).sum(0, keepdim=True) / counts.sum()


# %% whole_gradient: whole numbers
# wrong: counts // n is 0
def whole_gradient(gradients, counts):
    w = counts // counts.sum()
    return (gradients.nan_to_num() * w[:, None]).sum(0)


# %% whole_gradient: half of both
# wrong: right for equal shares
def whole_gradient(gradients, counts):
    return sum(g for g, c in zip(gradients, counts) if c) / sum(1 for c in counts if c)


# %% whole_gradient: writes zeros into the argument
# wrong: the argument is changed
def whole_gradient(gradients, counts):
    gradients[counts == 0] = 0
    return (gradients * counts[:, None]).sum(0) / counts.sum()


# %% whole_gradient: multiplies the argument
# wrong: the argument is changed
def whole_gradient(gradients, counts):
    gradients *= counts[:, None]
    return gradients.nansum(0) / counts.sum()


# %% whole_gradient: for two processes
# wrong: the third is left out
def whole_gradient(gradients, counts):
    return (counts[0] * gradients[0] + counts[1] * gradients[1]) / (counts[0] + counts[1])


# %% whole_gradient: nothing returned
# wrong: None
def whole_gradient(gradients, counts):
    keep = counts > 0
    g = (gradients[keep] * counts[keep, None]).sum(0) / counts.sum()


# %% whole_gradient: an average, once per step
# wrong: pairwise means weigh the last ones more
def whole_gradient(gradients, counts):
    g = None
    for row, c in zip(gradients, counts):
        if c > 0:
            g = row if g is None else (g + c * row) / (1 + c)
    return g


# %% whole_gradient: a squeeze too many
# wrong: fails where only one process has examples
def whole_gradient(gradients, counts):
    i = counts.nonzero().squeeze()
    g, c = gradients[i], counts[i]
    return (g * c[:, None]).sum(0) / c.sum()


# %% whole_gradient: counts of 0 count as 1
# wrong: the divisor is too large
def whole_gradient(gradients, counts):
    c = counts.clamp(min=1)
    return (gradients.nan_to_num() * c[:, None]).sum(0) / c.sum()


# %% whole_gradient: nan becomes 1
# wrong: only harmless with a weight of 0, and here there is none
def whole_gradient(gradients, counts):
    return gradients.nan_to_num(nan=1.0).mean(0)


# %% whole_gradient: weighted nanmean over the mean count
# wrong: right where everybody has some
def whole_gradient(gradients, counts):
    return (gradients * counts[:, None]).nanmean(0) / counts.float().mean()


# %% whole_gradient: roots of the counts
# wrong: weighed too little
def whole_gradient(gradients, counts):
    w = counts.float().sqrt()
    return (gradients.nan_to_num() * w[:, None]).sum(0) / w.sum()


# %% whole_gradient: squares of the counts
# wrong: weighed too much
def whole_gradient(gradients, counts):
    w = counts.float() ** 2
    return (gradients.nan_to_num() * w[:, None]).sum(0) / w.sum()


# %% whole_gradient: looks for nan by ==
# wrong: nan equals nothing
def whole_gradient(gradients, counts):
    keep = (gradients != float('nan')).all(1)
    return (gradients[keep] * counts[keep, None]).sum(0) / counts.sum()


# %% whole_gradient: rows left out, counts not
# wrong: fails for a count of 0
def whole_gradient(gradients, counts):
    g = gradients[counts > 0]
    return (g * counts[:, None]).sum(0) / counts.sum()


# %% whole_gradient: one less
# wrong: n - 1, as a variance has
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep] * counts[keep, None]).sum(0) / (counts.sum() - 1)


# %% whole_gradient: counts turned round
# wrong: the weights belong to others
def whole_gradient(gradients, counts):
    c = counts.flip(0)
    return (gradients.nan_to_num() * c[:, None]).sum(0) / c.sum()


# %% whole_gradient: counts sorted
# wrong: the weights belong to others
def whole_gradient(gradients, counts):
    c = counts.sort(descending=True).values
    return (gradients.nan_to_num() * c[:, None]).sum(0) / c.sum()


# %% whole_gradient: adds to the first row
# wrong: a view: the argument is changed
def whole_gradient(gradients, counts):
    total = gradients[0]
    total *= counts[0]
    for g, c in zip(gradients[1:], counts[1:]):
        if c > 0:
            total += c * g
    return total / counts.sum()


# %% whole_gradient: cut to whole numbers
# wrong: the decimals are lost
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep].long() * counts[keep, None]).sum(0) / counts.sum()


# %% whole_gradient: half precision
# wrong: three digits
def whole_gradient(gradients, counts):
    w = (counts / counts.sum()).half()
    return (gradients.nan_to_num().half() * w[:, None]).sum(0).float()


# %% whole_gradient: median
# wrong: not a mean
def whole_gradient(gradients, counts):
    return gradients[counts > 0].median(0).values


# %% whole_gradient: a list
# wrong: no tensor
def whole_gradient(gradients, counts):
    keep = counts > 0
    return ((gradients[keep] * counts[keep, None]).sum(0) / counts.sum()).tolist()


# %% whole_gradient: only if the first has any
# wrong: the first may have none
def whole_gradient(gradients, counts):
    total = gradients[0] * counts[0]
    for g, c in zip(gradients[1:], counts[1:]):
        if c > 0:
            total = total + c * g
    return total / counts.sum()


# %% whole_gradient: numbers of all rows together
# wrong: one number
def whole_gradient(gradients, counts):
    keep = counts > 0
    return (gradients[keep] * counts[keep, None]).sum() / counts.sum()


# %% whole_gradient: mean along each row
# wrong: the axis, and counts left out
def whole_gradient(gradients, counts):
    return gradients.mean(1)


# %% train_step: no all-reduce
# wrong: each its own
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    updater.step()
    return l.item()


# %% train_step: only the loss is shared
# wrong: each its own step
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: the loss is averaged before backward
# wrong: a loss's value has no part in its gradient
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    all_reduce(l)
    l = l / world_size
    l.backward()
    updater.step()
    return l.item()


# %% train_step: summed
# wrong: not divided
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: the quotient is thrown away
# wrong: summed
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad / world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a copy is reduced
# wrong: the gradient itself stays
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad.clone())
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a flat copy is reduced and dropped
# wrong: never written back
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    flat = torch.cat([p.grad.flatten() for p in net.parameters()])
    all_reduce(flat)
    flat /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: after the step
# wrong: too late
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    updater.step()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: parameters averaged after the step
# wrong: with Adam
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    updater.step()
    with torch.no_grad():
        for p in net.parameters():
            all_reduce(p)
            p /= world_size
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: parameters averaged instead of gradients
# wrong: before the step they are equal anyway
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.data)
        p.data /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: no zero_grad
# wrong: old gradients count
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: zero_grad only after the step
# wrong: gradients of before the first step count
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    updater.zero_grad()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: zero_grad between backward and step
# wrong: nothing is left to step by
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    l = loss(net(X), y)
    l.backward()
    updater.zero_grad(set_to_none=False)
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: zeroed in place where nothing is
# wrong: a new network's gradients are None
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    for p in net.parameters():
        p.grad.zero_()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: its own loss
# wrong: not the whole batch's
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    return l.item()


# %% train_step: the losses added up
# wrong: not divided
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    l = l.detach()
    all_reduce(l)
    return l.item()


# %% train_step: its own loss, divided
# wrong: not all-reduced
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    return l.item() / world_size


# %% train_step: the loss after the step
# wrong: before it was asked for
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    loss(net(X), y).backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    with torch.no_grad():
        l = loss(net(X), y)
    all_reduce(l)
    return l.item() / world_size


# %% train_step: the loss keeps its graph
# wrong: requires_grad
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    all_reduce(l)
    return l / world_size


# %% train_step: what all_reduce returns
# wrong: nothing
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        p.grad = all_reduce(p.grad) / world_size
    updater.step()
    return all_reduce(l.detach()).item() / world_size


# %% train_step: a number is all-reduced
# wrong: takes a tensor
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.item()
    all_reduce(total)
    return total / world_size


# %% train_step: all at once
# wrong: a list is no tensor
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    all_reduce([p.grad for p in net.parameters()])
    for p in net.parameters():
        p.grad /= world_size
    updater.step()
    return l.item()


# %% train_step: only the first parameter
# wrong: return in the loop, as it were
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    p = next(net.parameters())
    all_reduce(p.grad)
    p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: all-reduced in the loop, divided after it
# wrong: only the last one is divided
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


# %% train_step: only the weights
# wrong: biases have gradients too
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for name, p in net.named_parameters():
        if "weight" in name:
            all_reduce(p.grad)
            p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: divided by the batch too
# wrong: the loss is a mean
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size * len(X)
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: divided by the batch
# wrong: the loss is a mean
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= X.shape[0]
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: divided before and after
# wrong: twice
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y) / world_size
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item()


# %% train_step: halved
# wrong: for other numbers of processes than two
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= 2
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / 2


# %% train_step: no step
# wrong: nothing moves
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: no backward
# wrong: gradients are None, or old
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: evaluation mode
# wrong: the network is left in it
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    net.eval()
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


# %% train_step: in evaluation mode at the end
# wrong: the mode changes
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
    net.eval()
    return total.item() / world_size


# %% train_step: skips a small gradient
# wrong: the others wait for ever
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        if p.grad.abs().max() > 0.3:
            all_reduce(p.grad)
            p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: stops where the loss is small
# wrong: the others wait for ever
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    if l.item() < 1.0:
        return l.item()
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: largest gradient first
# wrong: another order in each process
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in sorted(net.parameters(), key=lambda p: -p.grad.abs().max().item()):
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: PyTorch's own all_reduce
# wrong: no processes are started
from torch import distributed as dist
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        dist.all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    return l.item()


# %% train_step: wrapped in DistributedDataParallel
# wrong: no processes are started
from torch.nn.parallel import DistributedDataParallel
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    parallel = DistributedDataParallel(net)
    updater.zero_grad()
    l = loss(parallel(X), y)
    l.backward()
    updater.step()
    return l.item()


# %% train_step: inputs are all-reduced
# wrong: the argument is changed
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    all_reduce(X)
    X /= world_size
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    updater.step()
    return l.item()


# %% train_step: nothing returned
# wrong: None
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()


# %% train_step: a step of its own, rate 0.1
# wrong: the optimizer is left out
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    net.zero_grad()
    l = loss(net(X), y)
    l.backward()
    with torch.no_grad():
        for p in net.parameters():
            all_reduce(p.grad)
            p -= 0.1 * p.grad / world_size
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a loss in shape (1,)
# wrong: a float is asked for
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().reshape(1)
    all_reduce(total)
    return total / world_size


# %% train_step: everything switched off
# wrong: grad mode stays off
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    torch.set_grad_enabled(True)
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    torch.set_grad_enabled(False)
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    all_reduce(l)
    return l.item() / world_size


# %% train_step: a rate divided by world_size
# wrong: changes the optimizer for good
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
    for group in updater.param_groups:
        group['lr'] /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a rate divided for this step
# wrong: with Adam, whose steps don't grow with the gradient
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
    for group in updater.param_groups:
        group['lr'] /= world_size
    updater.step()
    for group in updater.param_groups:
        group['lr'] *= world_size
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: the outputs are averaged
# wrong: outputs of different examples
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    y_hat = net(X)
    all_reduce(y_hat)
    l = loss(y_hat / world_size, y)
    l.backward()
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a new optimizer
# wrong: its state is lost
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    torch.optim.SGD(net.parameters(), lr=0.1).step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a copy of the network
# wrong: the network itself does not move
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    import copy
    net = copy.deepcopy(net)
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


# %% train_step: step not called
# wrong: the brackets are missing
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: zero_grad not called
# wrong: the brackets are missing
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: backward not called
# wrong: the brackets are missing
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a step for each process
# wrong: world_size steps
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    for _ in range(world_size):
        updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: two steps
# wrong: one too many
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: backward twice
# wrong: doubled gradients
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward(retain_graph=True)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a new tensor is reduced
# wrong: never written back
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        g = p.grad / world_size
        all_reduce(g)
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: zero_grad before the step
# wrong: nothing is left to step by
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.zero_grad()
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: divided by world_size - 1
# wrong: also 0 for one process
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size - 1
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: all-reduced where the gradient's sum is positive
# wrong: the others wait
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        if p.grad.sum() > 0:
            all_reduce(p.grad)
            p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: reduced twice
# wrong: averages, then sums
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
        all_reduce(p.grad)
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: loss and labels swapped
# wrong: for cross-entropy
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(y, net(X))
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a tuple
# wrong: loss and own loss
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
    return total.item() / world_size, l.item()


# %% train_step: a text
# wrong: the type
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
    return f'{total.item() / world_size:.4f}'


# %% train_step: rounded
# wrong: to two digits
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
    return round(total.item() / world_size, 2)


# %% train_step: no_grad around all
# wrong: no graph to walk
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    with torch.no_grad():
        l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: clipped
# wrong: gradients are shortened
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: momentum forgotten
# wrong: the optimizer's state is emptied
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.state.clear()
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: waits once more where the loss is large
# wrong: the others have returned
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
    if l.item() > 2 * total.item() / world_size or l.item() > 1.2:
        all_reduce(total)
    return total.item() / world_size


# %% train_step: labels all-reduced
# wrong: the argument is changed
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    all_reduce(y)
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


# %% train_step: the mean of two
# wrong: right for two processes only
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad *= 0.5
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: the parameters' numbers are reduced
# wrong: not their gradients
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: a hook that is left there
# wrong: the next step reduces twice, and sums
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    for p in net.parameters():
        p.register_post_accumulate_grad_hook(lambda p: all_reduce(p.grad))
    l.backward()
    for p in net.parameters():
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: the last minute's loss
# wrong: of the share, after the step
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    return loss(net(X), y).item()


# %% train_step: loss of the batch divided by its size
# wrong: a mean already
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
    return total.item() / (world_size * len(X))


# %% train_step: the loop ends before the all-reduce
# wrong: only the last parameter's gradient is all-reduced
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        gradient = p.grad
    all_reduce(gradient)
    gradient /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: parameters added up after the step
# wrong: not the gradients, and not divided
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    updater.step()
    for p in net.parameters():
        all_reduce(p.data)
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: the sum of the losses' gradient
# wrong: n times too large
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    (l * len(X)).backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: the loss summed over all examples
# wrong: the mean is asked for
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach() * len(X)
    all_reduce(total)
    return total.item()


# %% train_step: the loss divided before and after
# wrong: twice
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach() / world_size
    all_reduce(total)
    return total.item() / world_size


# %% accuracy_of_all: mean over all
# wrong: copies count
def accuracy_of_all(right, indices, n):
    return torch.cat(right).float().mean().item()


# %% accuracy_of_all: mean of means
# wrong: copies count
def accuracy_of_all(right, indices, n):
    return sum(r.float().mean().item() for r in right) / len(right)


# %% accuracy_of_all: sum divided by n
# wrong: may be above 1
def accuracy_of_all(right, indices, n):
    return sum(r.sum().item() for r in right) / n


# %% accuracy_of_all: right ones once, divided by all
# wrong: copies below the line
def accuracy_of_all(right, indices, n):
    good = {i for r, share in zip(right, indices) for ok, i in zip(r, share) if ok}
    return len(good) / sum(len(share) for share in indices)


# %% accuracy_of_all: the first process
# wrong
def accuracy_of_all(right, indices, n):
    return right[0].float().mean().item()


# %% accuracy_of_all: the first process, divided by n
# wrong
def accuracy_of_all(right, indices, n):
    return right[0].sum().item() / n


# %% accuracy_of_all: means added up
# wrong
def accuracy_of_all(right, indices, n):
    return sum(r.float().mean() for r in right).item()


# %% accuracy_of_all: cut at n
# wrong: the copies are not at the end
def accuracy_of_all(right, indices, n):
    return torch.cat(right)[:n].float().mean().item()


# %% accuracy_of_all: the last turn left out
# wrong: some of it are no copies
def accuracy_of_all(right, indices, n):
    if len(right) * len(right[0]) > n:
        right = [r[:-1] for r in right]
    return torch.cat(right).float().mean().item()


# %% accuracy_of_all: what occurs twice is left out
# wrong
def accuracy_of_all(right, indices, n):
    every = [i for share in indices for i in share]
    kept = [bool(ok) for r, share in zip(right, indices) for ok, i in zip(r, share) if every.count(i) == 1]
    return sum(kept) / len(kept)


# %% accuracy_of_all: what occurs twice is left out, divided by n
# wrong
def accuracy_of_all(right, indices, n):
    every = [i for share in indices for i in share]
    return sum(bool(ok) for r, share in zip(right, indices) for ok, i in zip(r, share) if every.count(i) == 1) / n


# %% accuracy_of_all: the wrong ones
# wrong: the share of errors
def accuracy_of_all(right, indices, n):
    bad = {i for r, share in zip(right, indices) for ok, i in zip(r, share) if not ok}
    return len(bad) / n


# %% accuracy_of_all: how many
# wrong: not divided
def accuracy_of_all(right, indices, n):
    return len({i for r, share in zip(right, indices) for ok, i in zip(r, share) if ok})


# %% accuracy_of_all: per cent
# wrong
def accuracy_of_all(right, indices, n):
    return 100 * len({i for r, share in zip(right, indices) for ok, i in zip(r, share) if ok}) / n


# %% accuracy_of_all: a set of tensors
# wrong: two tensors are never the same, so nothing is dropped
def accuracy_of_all(right, indices, n):
    good = set()
    for r, share in zip(right, indices):
        for ok, i in zip(r, torch.tensor(share)):
            if ok:
                good.add(i)
    return len(good) / n


# %% accuracy_of_all: written at the place, not at the index
# wrong
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n)
    for r, share in zip(right, indices):
        seen[:len(share)] = r.float()[:n]
    return seen.mean().item()


# %% accuracy_of_all: added at the index
# wrong: copies add up
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n)
    for r, share in zip(right, indices):
        seen.index_add_(0, torch.tensor(share), r.float())
    return seen.mean().item()


# %% accuracy_of_all: unique of the flags
# wrong: two values
def accuracy_of_all(right, indices, n):
    return torch.cat(right).unique().float().mean().item()


# %% accuracy_of_all: the first n after sorting
# wrong: sorted with the copies in between
def accuracy_of_all(right, indices, n):
    both = sorted((i, bool(ok)) for r, share in zip(right, indices) for ok, i in zip(r, share))
    return sum(ok for _, ok in both[:n]) / n


# %% accuracy_of_all: each process's own copies
# wrong: copies are in different processes
def accuracy_of_all(right, indices, n):
    hits = total = 0
    for r, share in zip(right, indices):
        own = dict(zip(share, r.tolist()))
        hits += sum(own.values())
        total += len(own)
    return hits / total


# %% accuracy_of_all: whole division
# wrong: 0 or 1
def accuracy_of_all(right, indices, n):
    return len({i for r, share in zip(right, indices) for ok, i in zip(r, share) if ok}) // n


# %% accuracy_of_all: divided by the largest index
# wrong: n - 1
def accuracy_of_all(right, indices, n):
    return len({i for r, share in zip(right, indices) for ok, i in zip(r, share) if ok}) / max(max(s) for s in indices)


# %% accuracy_of_all: for three examples
# wrong: right for the example only
def accuracy_of_all(right, indices, n):
    return 2 / 3


# %% accuracy_of_all: nothing returned
# wrong: None
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n)
    for r, i in zip(right, indices):
        seen[i] = r.float()


# %% accuracy_of_all: a list for each example
# wrong: not a number
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n)
    for r, i in zip(right, indices):
        seen[i] = r.float()
    return seen


# %% accuracy_of_all: shape (1,)
# wrong: the shape
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(1, n)
    for r, i in zip(right, indices):
        seen[0, i] = r.float()
    return seen.mean(1)


# %% accuracy_of_all: pops the copies
# wrong: the arguments are changed
def accuracy_of_all(right, indices, n):
    hits, done = 0, set()
    for r, share in zip(right, indices):
        for ok in r.tolist():
            i = share.pop(0)
            hits += ok and i not in done
            done.add(i)
    return hits / n


# %% accuracy_of_all: marks the copies in place
# wrong: the argument is changed
def accuracy_of_all(right, indices, n):
    done = set()
    for r, share in zip(right, indices):
        for k, i in enumerate(share):
            if i in done:
                r[k] = False
            done.add(i)
    return torch.cat(right).sum().item() / n


# %% accuracy_of_all: flattened process by process after stacking
# wrong: the copies are not at the end
def accuracy_of_all(right, indices, n):
    return torch.stack(right).flatten()[:n].sum().item() / n


# %% accuracy_of_all: asks right by index
# wrong: indices are no places
def accuracy_of_all(right, indices, n):
    hits = 0
    for r in right:
        for i in range(n):
            hits += bool(r[i])
    return hits / n


# %% accuracy_of_all: copies known by process and index
# wrong: a copy is in another process
def accuracy_of_all(right, indices, n):
    seen = {(rank, i): bool(ok) for rank, (r, share) in enumerate(zip(right, indices)) for ok, i in zip(r, share)}
    return sum(seen.values()) / len(seen)


# %% accuracy_of_all: the first processes' last ones left out
# wrong: the copies are the last processes'
def accuracy_of_all(right, indices, n):
    copies = len(right) * len(right[0]) - n
    kept = [r[:-1] if rank < copies else r for rank, r in enumerate(right)]
    return torch.cat(kept).float().sum().item() / n


# %% accuracy_of_all: rounded
# wrong: to one digit
def accuracy_of_all(right, indices, n):
    return round(len({i for r, share in zip(right, indices) for ok, i in zip(r, share) if ok}) / n, 1)


# %% accuracy_of_all: a tuple
# wrong: right and n
def accuracy_of_all(right, indices, n):
    return len({i for r, share in zip(right, indices) for ok, i in zip(r, share) if ok}), n


# %% accuracy_of_all: divided by the processes
# wrong: not by n
def accuracy_of_all(right, indices, n):
    return len({i for r, share in zip(right, indices) for ok, i in zip(r, share) if ok}) / len(right)


# %% accuracy_of_all: the first process's indices for all
# wrong: each has its own
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n)
    for r in right:
        seen[indices[0]] = r.float()
    return seen.mean().item()


# %% accuracy_of_all: from the second process on
# wrong: the first is left out
def accuracy_of_all(right, indices, n):
    seen = {}
    for r, share in list(zip(right, indices))[1:]:
        seen.update(zip(share, r.tolist()))
    return sum(seen.values()) / n


# %% accuracy_of_all: mean over what is not 0
# wrong: always 1
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n)
    for r, i in zip(right, indices):
        seen[i] = r.float()
    return seen[seen > 0].mean().item()


# %% accuracy_of_all: counts the zeros
# wrong: the share of wrong answers
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n)
    for r, i in zip(right, indices):
        seen[i] = r.float()
    return (seen == 0).float().mean().item()


# %% accuracy_of_all: indices from 1
# wrong: the first is pushed to the end
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n + 1)
    for r, share in zip(right, indices):
        for ok, i in zip(r, share):
            seen[i + 1] = float(ok)
    return seen.mean().item()


# %% accuracy_of_all: the largest accuracy
# wrong: of the processes
def accuracy_of_all(right, indices, n):
    return max(r.float().mean().item() for r in right)


# %% accuracy_of_all: right in every process
# wrong: all() of the shares
def accuracy_of_all(right, indices, n):
    return float(all(r.all() for r in right))


# %% accuracy_of_all: n - copies
# wrong: taken off below the line
def accuracy_of_all(right, indices, n):
    copies = len(right) * len(right[0]) - n
    return sum(r.sum().item() for r in right) / max(n - copies, 1)


# %% accuracy_of_all: copies taken off the right ones
# wrong: as if all copies were right
def accuracy_of_all(right, indices, n):
    copies = len(right) * len(right[0]) - n
    return (sum(r.sum().item() for r in right) - copies) / n


# %% accuracy_of_all: a table of whole numbers
# wrong: the mean of integers fails
def accuracy_of_all(right, indices, n):
    seen = torch.zeros(n, dtype=torch.int64)
    for r, i in zip(right, indices):
        seen[i] = r.long()
    return seen.mean().item()


# %% accuracy_of_all: sums by bool
# wrong: True + True is True
def accuracy_of_all(right, indices, n):
    seen = torch.cat(right)
    return (seen.any() / n).item()


# %% accuracy_of_all: rounded to five digits
def accuracy_of_all(right, indices, n):
    found = {}
    for answers, places in zip(right, indices):
        found.update(zip(places, answers.tolist()))
    return round(sum(found.values()) / n, 5)


# %% speedup: bytes forgotten
# wrong: a number is not a byte
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + numbers / world_size / bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: eight bytes
# wrong: float64
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 8 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: bits
# wrong: bandwidth is in bytes
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 32 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: bandwidth divided by 8
# wrong: bandwidth is in bytes
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / (bandwidth / 8)
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: bandwidth times 8
# wrong: bandwidth is in bytes
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / (bandwidth * 8)
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: half the rounds
# wrong: without the 2
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + (world_size - 1) * a_round)


# %% speedup: 2 p rounds
# wrong: p for p - 1
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + 2 * world_size * a_round)


# %% speedup: p rounds
# wrong
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + world_size * a_round)


# %% speedup: 2 p - 1 rounds
# wrong: parentheses
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + (2 * world_size - 1) * a_round)


# %% speedup: all bytes in each round
# wrong: a p-th
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: latency once
# wrong: in each round, and with one process too
def speedup(seconds, numbers, world_size, bandwidth, latency):
    sending = 2 * (world_size - 1) * 4 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + sending + latency)


# %% speedup: latency once, for more than one process
# wrong: in each round
def speedup(seconds, numbers, world_size, bandwidth, latency):
    if world_size == 1:
        return 1.0
    sending = 2 * (world_size - 1) * 4 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + sending + latency)


# %% speedup: no latency
# wrong
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * 4 * numbers / world_size / bandwidth)


# %% speedup: one round
# wrong: also with one process
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + latency + 4 * numbers / world_size / bandwidth)


# %% speedup: one round, for more than one process
# wrong
def speedup(seconds, numbers, world_size, bandwidth, latency):
    if world_size < 2:
        return 1.0
    return seconds / (seconds / world_size + latency + 4 * numbers / world_size / bandwidth)


# %% speedup: computing is not shared
# wrong: each computes all
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / (seconds + 2 * (world_size - 1) * a_round)


# %% speedup: perfect
# wrong: nothing is sent
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return float(world_size)


# %% speedup: upside down
# wrong: below 1
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return (seconds / world_size + 2 * (world_size - 1) * a_round) / seconds


# %% speedup: the time
# wrong: not the factor
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / world_size + 2 * (world_size - 1) * a_round


# %% speedup: the time saved
# wrong: a difference
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds - (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: the communication
# wrong: no step
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return 2 * (world_size - 1) * (latency + 4 * numbers / world_size / bandwidth)


# %% speedup: efficiency
# wrong: divided by p
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round) / world_size


# %% speedup: overlapping
# wrong: the longer of the two
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / max(seconds / world_size, 2 * (world_size - 1) * a_round)


# %% speedup: all divided by p
# wrong: the communication too
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / ((seconds + 2 * (world_size - 1) * a_round) / world_size)


# %% speedup: times the bandwidth
# wrong
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size * bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: latency and bandwidth swapped
# wrong: and fails for a latency of 0
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = bandwidth + 4 * numbers / world_size / latency
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: latency multiplied
# wrong: added
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency * (4 * numbers / world_size / bandwidth)
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: communication on both sides
# wrong: one process talks to nobody
def speedup(seconds, numbers, world_size, bandwidth, latency):
    talk = 2 * (world_size - 1) * (latency + 4 * numbers / world_size / bandwidth)
    return (seconds + talk) / (seconds / world_size + talk)


# %% speedup: parentheses
# wrong: latency is multiplied by the rounds, the bytes are not
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * latency + 4 * numbers / world_size / bandwidth)


# %% speedup: precedence
# wrong: seconds / seconds / p
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return seconds / seconds / world_size + 2 * (world_size - 1) * a_round


# %% speedup: whole parts
# wrong: // cuts
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers // world_size / bandwidth
    return seconds // (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: rounded
# wrong: to two digits
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return round(seconds / (seconds / world_size + 2 * (world_size - 1) * a_round), 2)


# %% speedup: never below 1
# wrong: may be slower
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return max(1.0, seconds / (seconds / world_size + 2 * (world_size - 1) * a_round))


# %% speedup: always 2.5
# wrong: right for the example only
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return 2.5 if world_size > 1 else 1.0


# %% speedup: printed
# wrong: None
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    print(seconds / (seconds / world_size + 2 * (world_size - 1) * a_round))


# %% speedup: a text
# wrong: the type
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * numbers / world_size / bandwidth
    return f"{seconds / (seconds / world_size + 2 * (world_size - 1) * a_round):.2f} x"


# %% speedup: p divided twice
# wrong: (p - 1) / p of a p-th
def speedup(seconds, numbers, world_size, bandwidth, latency):
    sent = 2 * (world_size - 1) / world_size * 4 * numbers / world_size
    return seconds / (seconds / world_size + sent / bandwidth + 2 * (world_size - 1) * latency)


# %% speedup: a tree
# wrong: log2 of p rounds
def speedup(seconds, numbers, world_size, bandwidth, latency):
    import math
    rounds = 2 * math.log2(world_size)
    return seconds / (seconds / world_size + rounds * (latency + 4 * numbers / bandwidth))


# %% speedup: rounds to the power
# wrong: 2 ** (p - 1)
def speedup(seconds, numbers, world_size, bandwidth, latency):
    rounds = 2 ** (world_size - 1) if world_size > 1 else 0
    return seconds / (seconds / world_size + rounds * (latency + 4 * numbers / world_size / bandwidth))


# %% speedup: milliseconds
# wrong: latency is in seconds
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency / 1000 + 4 * numbers / world_size / bandwidth))


# %% speedup: megabytes
# wrong: bandwidth is in bytes a second
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * numbers / world_size / (bandwidth * 1e6)))


# %% speedup: minus one
# wrong: by how much faster
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * numbers / world_size / bandwidth)) - 1


# %% speedup: per cent
# wrong: a factor is asked for
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return 100 * seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * numbers / world_size / bandwidth))


# %% speedup: latency per byte
# wrong: each byte waits
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency * 4 * numbers / world_size + 4 * numbers / world_size / bandwidth))


# %% speedup: latency divided by p
# wrong: each round waits whole
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency / world_size + 4 * numbers / world_size / bandwidth))


# %% speedup: kibibytes
# wrong: 1024 / 1000
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * numbers * 1.024 / world_size / bandwidth))


# %% speedup: communication of p - 1 neighbours
# wrong: everybody sends all to all others
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + (world_size - 1) * (latency + 4 * numbers / bandwidth))


# %% speedup: two rounds
# wrong: one to collect, one to hand on
def speedup(seconds, numbers, world_size, bandwidth, latency):
    rounds = 2 if world_size > 1 else 0
    return seconds / (seconds / world_size + rounds * (latency + 4 * numbers / bandwidth))


# %% speedup: a whole number
# wrong: int()
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return int(seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * numbers / world_size / bandwidth)))


# %% speedup: the bytes rounded up
# wrong: ceil of numbers / p
def speedup(seconds, numbers, world_size, bandwidth, latency):
    import math
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * math.ceil(numbers / world_size) / bandwidth) * 1.001)


# %% speedup: three processes at most
# wrong: right for the small cases
def speedup(seconds, numbers, world_size, bandwidth, latency):
    p = min(world_size, 4)
    return seconds / (seconds / p + 2 * (p - 1) * (latency + 4 * numbers / p / bandwidth))


# %% speedup: None for one process
# wrong: the branch has no return
def speedup(seconds, numbers, world_size, bandwidth, latency):
    if world_size > 1:
        return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * numbers / world_size / bandwidth))


# %% speedup: Amdahl's law
# wrong: communication as a share that is not divided
def speedup(seconds, numbers, world_size, bandwidth, latency):
    talk = 2 * (world_size - 1) * (latency + 4 * numbers / world_size / bandwidth)
    f = talk / (seconds + talk)
    return 1 / (f + (1 - f) / world_size)


# %% speedup: swapped
# wrong: seconds and numbers
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return numbers / (numbers / world_size + 2 * (world_size - 1) * (latency + 4 * seconds / world_size / bandwidth))


# %% speedup: parentheses, for more than one process
# wrong: latency is multiplied by the rounds, the bytes are not
def speedup(seconds, numbers, world_size, bandwidth, latency):
    if world_size == 1:
        return 1.0
    return seconds / (seconds / world_size + 2 * (world_size - 1) * latency + 4 * numbers / world_size / bandwidth)


# %% train_step: all-reduces only gradients that are not 0
# wrong: a process whose share gives a gradient of 0 leaves the others waiting
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        if p.grad.abs().sum() > 0:
            all_reduce(p.grad)
            p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: all-reduces only gradients in which some number is not 0, and divides all
# wrong: whether a process calls all_reduce may not depend on its numbers
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        if (p.grad != 0).any():
            all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    total = l.detach().clone()
    all_reduce(total)
    return total.item() / world_size


# %% train_step: the network is frozen between the steps
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    for p in net.parameters():
        p.requires_grad_(True)
    updater.zero_grad()
    l = loss(net(X), y)
    l.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    for p in net.parameters():
        p.requires_grad_(False)
    total = l.detach()
    all_reduce(total)
    return total.item() / world_size


# %% speedup: whole pieces, rounded down
# wrong: where numbers / world_size is no whole number
def speedup(seconds, numbers, world_size, bandwidth, latency):
    a_round = latency + 4 * (numbers // world_size) / bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% speedup: whole bytes, rounded down
# wrong: where 4 numbers / world_size is no whole number
def speedup(seconds, numbers, world_size, bandwidth, latency):
    return seconds / (seconds / world_size + 2 * (world_size - 1) * (latency + 4 * numbers // world_size / bandwidth))


# %% speedup: whole pieces, rounded up
# wrong: where numbers / world_size is no whole number
def speedup(seconds, numbers, world_size, bandwidth, latency):
    import math
    a_round = latency + 4 * math.ceil(numbers / world_size) / bandwidth
    return seconds / (seconds / world_size + 2 * (world_size - 1) * a_round)


# %% train_step: labels are centred in place
# wrong: whoever called it finds others
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    if y.is_floating_point():
        y -= y.mean(0)
    updater.zero_grad()
    value = loss(net(X), y)
    value.backward()
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    value = value.detach().clone()
    all_reduce(value)
    return float(value) / world_size


# %% train_step: a process alone returns the loss as it is
# wrong: it hangs on its graph
def train_step(net, X, y, loss, updater, all_reduce, world_size):
    updater.zero_grad()
    value = loss(net(X), y)
    value.backward()
    if world_size == 1:
        updater.step()
        return value
    for p in net.parameters():
        all_reduce(p.grad)
        p.grad /= world_size
    updater.step()
    value = value.detach().clone()
    all_reduce(value)
    return float(value) / world_size
