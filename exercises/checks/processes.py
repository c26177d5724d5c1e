"""Checks of the exercises to lesson 08, more than one process."""
import ctypes
import functools
import threading

import torch
from torch import nn
from torch.nn import functional as F

from exercises.checks import Case, Wrong, ask, compare, demand, examine, judge, randint, randn, run, slip, some, task
from exercises.checks.asking import ordinal, unchanged, watched
from exercises.checks.crossing import kind_of
from exercises.checks.judging import same


def deal(order, world_size):
    """The examples of each process, lists, as DistributedSampler deals out a list of examples in order."""
    turns = -(-len(order) // world_size)
    return [[order[(rank + world_size * turn) % len(order)] for turn in range(turns)] for rank in range(world_size)]


def _drawn_order(seed, n):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()


@task
def share(answer, cases=((10, 4), (12, 4), (5, 2), (7, 1), (3, 5), (1, 4), (2, 7), (4, 4), (1, 1), (23, 6), (8, 7), (300, 8))):
    """The share of every process, for (examples, processes)."""
    def case(n, rank, p):
        k = -(-n // p)
        own, places = list(range(rank, n, p)), range(rank, p * k, p)
        right = [place % n for place in places]
        start = rank * k
        return Case((n, rank, p), right, f"{some(n, 'example')}, process {rank} of {p}", {
            "these are neighbours, a block for each process: deal them out in turn, like cards.": [i % n for i in range(start, start + k)],
            "these are neighbours, a block for each process, and the last block is not filled up: deal them out in turn, like cards.":
                list(range(start, min(start + k, n))),
            "these are neighbours, a block for each process, and what is left over nobody gets: deal them out in turn, like cards.":
                list(range(rank * (n // p), (rank + 1) * (n // p))),
            "not every process gets equally many, and those with more would wait for the others: fill up from the beginning.": own,
            "what does not go round is left out, so some examples are never used: fill up from the beginning instead.": own[:n // p],
            "filled up with the last example: begin again with the first ones.": [min(place, n - 1) for place in places],
            "filled up with example 0 every time: go on with 1, 2 and so on.": [place if place < n else 0 for place in places],
            "filled up with this process's own first example: what is dealt after the last one is 0, 1, 2 and so on, to one process "
            "after the other.": (own + own[:1] * k)[:k],
            "filled up with this process's own last example: what is dealt after the last one is 0, 1, 2 and so on, to one process "
            "after the other.": (own + own[-1:] * k)[:k],
            "filled up with this process's number: what is dealt after the last one is 0, 1, 2 and so on.":
                [place if place < n else rank for place in places],
            "filled up with numbers that no example has: after the last one it begins again with 0.": list(places),
            "filled up with numbers from the end: begin again with the first ones.": [place if place < n else n - 1 - place % n for place in places],
            "where there are fewer examples than places to fill, go through them again and again: `% n`.":
                [place % n for place in places if place < 2 * n],
            "where there are few examples, some of these numbers no example has: go through the examples again and again, by `% n`.":
                [place if place < n else place - n for place in places],
            "where there are fewer examples than processes, some get nothing: go through the examples again and again.":
                right if n >= p else [place for place in places if place < n],
            "where it comes out even, nobody needs one more: each gets n / p, rounded up.": [i % n for i in range(rank, p * (n // p + 1), p)],
            "filled up with -1, which is no example: begin again with the first ones.": [place if place < n else -1 for place in places],
            "these are neighbours, a block for each process, and the last one gets what is left over: deal them out in turn, like cards.":
                list(range(rank * (n // p), n if rank == p - 1 else (rank + 1) * (n // p))),
            "the turns are in the wrong order: what is dealt first stands first.": right[::-1],
            "process 0 is the first to be dealt an example, not the last.": [(p - 1 - rank + place - rank) % n for place in places],
            "examples are counted from 0.": [i + 1 for i in right],
            "processes are counted from 0, and this is the share of the next one.": [(place + 1) % n for place in places],
            "processes are counted from 0, and this is the share of the one before.": [(place - 1) % n for place in places],
            "the first example of the process is missing: its first place is `rank` itself.": right[1:],
            "the last example of the process is missing.": right[:-1],
            "rank and world_size have changed places.": [(p + rank * turn) % n for turn in range(k)],
            "these are the right examples, but they are to stand in the order in which they are dealt out.": sorted(right),
            "this is every process's share: return that of `rank`.": [[i % n for i in range(other, p * k, p)] for other in range(p)],
            "this is how many examples the process gets: return which ones.": k,
        })

    judged = [case(n, rank, p) for n, p in cases for rank in range(p)]
    for i, each in enumerate(judged):
        try:
            got = ask(answer, *each.args, without={"DistributedSampler": "which is what you are to write yourself here."})["returned"]
        except Wrong:
            judge("share(n, rank, world_size)", judged[:i], close=1e-9)
            raise
        listed = isinstance(got, torch.Tensor) and got.dim() == 1 and not got.is_floating_point()  # an array serves a sampler as well
        each.got = got.tolist() if listed else got
    judge("share(n, rank, world_size)", judged, close=1e-9)


@task
def whole_gradient(answer, cases=(((16, 48), 2), ((32, 32), 2), ((3, 3, 2, 2), 5), ((5, 1, 9), 3), ((7,), 4), ((0, 4), 3), ((6, 0, 1), 3),
                                  ((1, 0, 0, 99), 2), ((60_000, 1), 1), ((2, 2, 2, 2, 2, 2, 2, 1), 8)), seed=11):
    """The mean weighted by counts, for (counts, numbers in the gradient)."""
    def case(counts, d):
        p, c = len(counts), torch.tensor(counts)
        G = randn(seed + p + d, p, d) + torch.arange(p)[:, None]
        G[c == 0] = torch.nan
        known, n = c > 0, c.sum()
        weighted, zeroed = (G * c[:, None])[known].sum(0), G.nan_to_num()
        return Case((G, c), weighted / n, f"counts {list(counts)}, gradients of {some(d, 'number')}", {
            "this is the plain mean of the rows, in which a process with few examples counts as much as one with many; and a row of nan "
            "makes all of it nan.": G.mean(0),
            "this is the plain mean of the rows, in which a process with few examples counts as much as one with many: weigh each row "
            "by its count.": G[known].mean(0),
            "this is the plain mean, with zeros for the processes without examples: weigh each row by its count.": zeroed.mean(0),
            "these are the rows added up: weigh each by its count, and divide by the number of all examples.": zeroed.sum(0),
            "a process without examples counts as one in the divisor: divide by the sum of the counts as they are.": weighted / c.clamp(min=1).sum(),
            "the weighted rows are added up: divide by the number of all examples.": weighted,
            "divided by the number of processes: divide by the number of all examples.": weighted / p,
            "divided by the number of processes that have examples: divide by the number of all examples.": weighted / known.sum(),
            "divided by the number of processes too: the number of all examples is enough.": weighted / n / p,
            "divided by the largest count: divide by the number of all examples.": weighted / c.max(),
            "the rows are added up and divided by the number of examples: weigh each by its count first.": zeroed.sum(0) / n,
            "0 times nan is nan: leave the row of a process without examples out, don't only weigh it by 0.": (G * c[:, None]).sum(0) / n,
            "0 times nan is nan, in the first row too: leave out the row of a process without examples.": weighted / n + 0 * G[0],
            "a row counts the less the more examples it has: weigh by the count, don't divide by it.":
                (G[known] / c[known, None]).sum(0) / (1 / c[known]).sum(),
            "each row is divided by its count, though it is a mean already: multiply by the count, then divide by the number of all "
            "examples.": (G[known] / c[known, None]).sum(0),
            "the counts belong to the rows: without `[:, None]` they multiply the columns.": (zeroed * c).sum(0) / n if p == d else None,
            "this is the gradient of the first process.": G[0],
            "this is the gradient of the process with the most examples: all of them count.": G[c.argmax()],
            "weighed by the softmax of the counts: by the counts themselves.": (zeroed * torch.softmax(c.float(), 0)[:, None]).sum(0),
            "a row for each process: add them up.": G * c[:, None] / n,
            "the mean was taken over the numbers of each row: add up the rows.": G.mean(1),
            "the numbers of each row are added up, dim=1: add up the rows, dim=0.": (G * c[:, None])[known].sum(1) / n,
        })

    examine("whole_gradient(gradients, counts)", answer, [case(*given) for given in cases],
            shape="one number for each parameter, shape (d,)")


# ---------------------------------------------------------------- a step in all processes at once

class Over(BaseException):
    """Raised in a process that waits for others when one of them has failed."""


def together(world_size, work):
    """Return [work(rank, all_reduce) for each rank], each run as if in a process of its own.

    They are threads that take turns: each runs until it calls all_reduce, which goes on when all have called it. So nothing depends on
    time and nobody waits for ever: Wrong is raised where one has ended and others wait. What one raises, this raises.
    """
    turns, back = [threading.Semaphore(0) for _ in range(world_size)], threading.Semaphore(0)
    given, ended, over = {}, {}, threading.Event()
    total = None

    def process(rank):
        def all_reduce(tensor):
            """Replace the tensor's numbers by their sum over all processes, and wait for the others."""
            if tensor is None:
                raise Wrong("gives all_reduce None, and no tensor: a gradient is None until backward() is called, and again after zero_grad().")
            if not isinstance(tensor, torch.Tensor):
                raise Wrong(f"gives all_reduce {kind_of(tensor)}: it takes one tensor, whose numbers it replaces.")
            if not over.is_set():  # it is where an answer catches what ends it, and goes on
                given[rank] = tensor
                back.release()
                turns[rank].acquire()
            if over.is_set():
                raise Over
            tensor.data.copy_(total)  # past autograd, as gloo's all_reduce writes

        turns[rank].acquire()
        try:
            if not over.is_set():
                ended[rank] = work(rank, all_reduce), None
        except BaseException as error:
            ended[rank] = None, error
        back.release()

    threads = [threading.Thread(target=process, args=(rank,), daemon=True) for rank in range(world_size)]
    for thread in threads:
        thread.start()
    running = None
    try:
        while len(ended) < world_size:
            given.clear()
            for rank in sorted(set(range(world_size)) - set(ended)):
                running = threads[rank]
                turns[rank].release()
                while not back.acquire(timeout=0.1):  # not for ever at once, which no interrupt would end on Windows
                    pass
                running = None
                if rank in ended and ended[rank][1] is not None:
                    raise ended[rank][1]
            total = _sum(given, world_size) if given else None
    finally:
        over.set()
        if running is not None:  # an interrupt, and somebody's endless loop
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(running.ident), ctypes.py_object(Over))
        for turn in turns:
            turn.release()
        for thread in threads:
            thread.join(timeout=1)
    return [ended[rank][0] for rank in range(world_size)]


def _sum(given, world_size):
    """The sum of {rank: tensor}; raises Wrong where the processes have not called all_reduce alike."""
    if len(given) < world_size:
        waits, done = min(given), min(set(range(world_size)) - set(given))
        raise Wrong(f"would never end: process {waits} waits in all_reduce for process {done}, which has returned already. All processes must "
                    "call it equally often, whatever their numbers are.")
    first, *others = (given[rank] for rank in range(world_size))
    for rank, tensor in enumerate(others, 1):
        if tensor.shape != first.shape:
            raise Wrong(f"calls all_reduce with a tensor of shape {tuple(first.shape)} in process 0 and of shape {tuple(tensor.shape)} in process "
                        f"{rank}: all must come with the same tensors in the same order.")
    return sum((tensor.detach() for tensor in others), first.detach().clone())


class Doubled(nn.Module):
    """Twice the input in training: whoever runs a network in evaluation mode gets other numbers."""

    def forward(self, X):
        return 2 * X if self.training else X


LOSSES = {"cross-entropy": F.cross_entropy, "squared error": F.mse_loss}
UPDATERS = {"SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.1),
            "SGD with momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
            "Adam": lambda parameters: torch.optim.Adam(parameters, lr=0.05)}
STEPS = 2


def _start(seed, updater, old):
    """A network and its optimizer, which has taken a step; old: whether that step's gradients are still there."""
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), Doubled(), nn.Linear(4, 2))
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(0.5 * randn(seed + i, *p.shape))
            p.grad = randn(seed + 50 + i, *p.shape)
    updater = UPDATERS[updater](net.parameters())
    updater.step()
    updater.zero_grad(set_to_none=True)
    if old:
        for i, p in enumerate(net.parameters()):
            p.grad = randn(seed + 90 + i, *p.shape)
    return net, updater


def _share_of_batch(seed, step, rank, n, loss):
    """This process's examples of a step: its inputs are of another size than the others', and once all 0, as is the gradient of weights then."""
    X = (1 + rank) * randn(seed + 7 * step + rank, n, 3) * ((rank, step) != (1, 1))
    y = randint(seed + 7 * step + rank, 2, n)
    return X, y if loss == "cross-entropy" else randn(seed + 100 + 7 * step + rank, n, 2)


def _weights(net):
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()])


def probe_train_step(answer, seed, world_size, n, loss, updater, old):
    """What two steps of the answer in all processes at once give: weights (steps, processes, numbers), the losses returned, step by
    step and process by process, and of each process whether a loss hangs on a graph, all modes are training's, the parameters the old."""
    def work(rank, all_reduce):
        net, optimizer = _start(seed, updater, old)
        weights, losses, hung, ids = [], [], False, [id(p) for p in net.parameters()]
        for step in range(STEPS):
            X, y = _share_of_batch(seed, step, rank, n, loss)
            with unchanged(("X", X), ("y", y)), watched(counted=False):
                value = answer(net, X, y, LOSSES[loss], optimizer, all_reduce, world_size)
            if value is None:
                raise Wrong("returns None: is there a `return`?")
            hung = hung or isinstance(value, torch.Tensor) and value.requires_grad
            weights.append(_weights(net))
            losses.append(value)
        mode = all(module.training for module in net.modules())
        kept = [id(p) for p in net.parameters() if p.requires_grad] == ids
        return torch.stack(weights), losses, [hung, mode, kept]

    with watched(counted=False):  # each thread puts back what it found, and another may have left it so
        weights, losses, flags = zip(*together(world_size, work))
    return {"weights": torch.stack(weights, 1), "losses": [value for step in zip(*losses) for value in step], "flags": [list(each) for each in flags]}


def _averaged(grads, how, world_size, n):
    """What becomes of all processes' gradients, {(rank, parameter): gradient}, before the step."""
    count = 1 + max(i for _, i in grads)
    mean = [sum(grads[rank, i] for rank in range(world_size)) / world_size for i in range(count)]
    scale = {"sum": world_size, "batch too": 1 / n, "batch": world_size / n, "twice": 1 / world_size, "own / p": 1 / world_size,
             "times n": n, "zeroed": 0, "doubled": 2}.get(how, 1)

    def is_own(i, grad):
        return how in ("own", "own / p", "parameters", "parameters before", "sum of parameters") or how == "first" and i > 0 or how == "last" and i < count - 1 \
            or how == "weights" and grad.dim() < 2

    def scaled(i, grad):
        return world_size * grad if how == "last divided" and i < count - 1 else scale * grad

    return {(rank, i): scaled(i, grad if is_own(i, grad) else mean[i]) for (rank, i), grad in grads.items()}


@torch.no_grad()
def _average(nets, world_size):
    for parameters in zip(*(net.parameters() for net in nets)):
        total = sum(parameters) / world_size
        for p in parameters:
            p.copy_(total)


@functools.lru_cache(maxsize=512)  # the same for every answer that is asked
def _train(seed, world_size, n, loss, updater, old, how="right"):
    """Weights (steps, processes, numbers); and {which losses: (steps, processes)}."""
    nets, updaters = zip(*(_start(seed, updater, old) for _ in range(world_size)))
    if how == "plain":
        updaters = [UPDATERS["SGD"](net.parameters()) for net in nets]
    weights, own, after = [], [], []
    for step in range(STEPS):
        batch = [_share_of_batch(seed, step, rank, n, loss) for rank in range(world_size)]

        def losses():
            return [LOSSES[loss](net(X), y) for net, (X, y) in zip(nets, batch)]

        if how == "evaluation":
            for net in nets:
                net.eval()
        for optimizer in updaters:
            if how != "old" and not (how == "zero after" and step == 0):
                optimizer.zero_grad()
        own.append(losses())
        for value in own[-1]:
            value.backward()
        grads = {(rank, i): p.grad for rank, net in enumerate(nets) for i, p in enumerate(net.parameters())}
        for (rank, i), grad in _averaged(grads, how, world_size, n).items():
            list(nets[rank].parameters())[i].grad = grad
        if how == "parameters before":
            _average(nets, world_size)
        for optimizer in updaters:
            if how == "fresh":
                optimizer.state.clear()
            for _ in range({"no step": 0, "two steps": 2, "p steps": world_size}.get(how, 1)):
                optimizer.step()
        if how in ("parameters", "sum of parameters"):
            _average(nets, world_size if how == "parameters" else 1)
        weights.append(torch.stack([_weights(net) for net in nets]))
        after.append(losses())
    own, after = (torch.tensor([[value.item() for value in step] for step in each]) for each in (own, after))
    return torch.stack(weights), own, after


HOW = {  # how a step goes wrong: what is said of it
    "own": "each process took its step by the gradient of its own share, so the networks are no longer alike: all_reduce each p.grad itself, "
           "not a new tensor made of it, after backward() and before step().",
    "sum": "the gradients are summed, not averaged: divide by world_size what all_reduce leaves.",
    "own / p": "each process took its step by the gradient of its own share, divided by world_size. all_reduce changes the tensor that it is "
               "given: is it p.grad itself, after backward()?",
    "no step": "the weights have not moved: call updater.step() while the gradients of this very network are there. (zero_grad() comes before "
               "backward(), and all_reduce returns nothing: it changes the tensor that it is given.)",
    "old": "gradients that were there before are added in: updater.zero_grad() comes before backward().",
    "zero after": "gradients that were there before the first step are added in: a step can't know what came before it, so it clears them before "
                  "backward(), not after step().",
    "first": "only the first parameter's gradient is all-reduced: each parameter has one.",
    "last": "only the last parameter's gradient is all-reduced: each parameter has one.",
    "last divided": "only the last parameter's gradient is divided by world_size: the division belongs into the loop.",
    "weights": "the gradients of the biases are not all-reduced: each parameter has one.",
    "parameters": "the parameters are averaged after the step, where the gradients are to be averaged before it: with an optimizer such as Adam "
                  "that is something else.",
    "parameters before": "the parameters are averaged before the step, which is taken by the gradient of each process's own share: average the "
                         "gradients.",
    "zeroed": "the step was taken by gradients of 0: zero_grad() comes before backward(), not between it and step().",
    "sum of parameters": "the parameters are added up after the step: average the gradients before it.",
    "batch too": "the gradients are divided by the number of examples too: the loss is a mean already.",
    "batch": "the summed gradients are divided by the number of examples: the loss is a mean already, so divide by world_size.",
    "times n": "the gradients are multiplied by the number of examples: the loss is a mean, and shares are equal, so average the gradients.",
    "twice": "divided by world_size twice.",
    "two steps": "two steps were taken: updater.step() is to be called once.",
    "p steps": "world_size steps were taken: updater.step() is to be called once.",
    "doubled": "the gradients are twice as large as they should be: backward() adds to what is there, so call it once.",
    "fresh": "what the optimizer keeps from step to step, such as its momentum, was lost: call step() of the very updater that is given.",
    "plain": "the step is one of plain SGD with the rate 0.1: call step() of the very updater that is given, whatever it is.",
    "evaluation": "the network ran in evaluation mode: a step leaves its mode as it is.",
}


@task
def train_step(answer, cases=((2, 4, "cross-entropy", "SGD", True), (3, 5, "squared error", "SGD with momentum", False),
                              (4, 2, "cross-entropy", "Adam", True), (1, 3, "squared error", "Adam", True), (2, 6, "squared error", "Adam", False),
                              (5, 1, "cross-entropy", "SGD with momentum", True)), seed=31):
    """Two steps in all processes against one process's, for (processes, examples of each, loss, optimizer, whether old gradients are there)."""
    weights, losses, flags = [], [], []
    for world_size, n, loss, updater, old in cases:
        report = run(probe_train_step, answer, seed, world_size, n, loss, updater, old)
        given = f"{some(world_size, 'process', 'processes')} with {some(n, 'example')} each, {loss}, {updater}" + ", old gradients there" * old
        right, own, later = _train(seed, world_size, n, loss, updater, old)
        mean, later_mean = own.mean(1, keepdim=True).expand_as(own), later.mean(1, keepdim=True).expand_as(own)
        weights.append(Case((), right, given, got=report["weights"]))
        losses.append(Case((), mean.flatten().tolist(), given, {sentence: value.flatten().tolist() for sentence, value in {
            "this is the loss of this process's own share: the whole batch's is the mean of all processes' losses.": own,
            "the losses of all processes are added up: divide by world_size.": world_size * mean,
            "this is the loss of this process's own share, divided by world_size: all_reduce it first.": own / world_size,
            "this is the loss after the step: return that which the step was taken for.": later_mean,
            "this is the loss of this process's own share after the step: return the whole batch's before it.": later,
            "divided by the number of examples too: the loss is a mean already.": mean / n,
            "this is the sum over all examples: return their mean.": mean * n * world_size,
            "divided by world_size twice.": mean / world_size,
        }.items()}, got=report["losses"]))
        flags += report["flags"]
    if not all(same(case.got, case.want, 1e-5) for case in weights):
        for case, (world_size, n, loss, updater, old) in zip(weights, cases):
            case.slips = {sentence: _train(seed, world_size, n, loss, updater, old, how)[0] for how, sentence in HOW.items()}
        if said := slip(weights):
            raise Wrong(f"train_step: {said}")
    for _, mode, kept in flags:
        demand(mode, "train_step leaves the network, or a part of it, in evaluation mode.")
        demand(kept, "train_step gives the network other parameters, or such as no longer ask for gradients: change only their values.")
    for case in weights:
        _compare_weights(case)
    if said := slip(losses):
        raise Wrong(f"the loss that train_step returns: {said}")
    for case in losses:
        for i, (value, want) in enumerate(zip(case.got, case.want)):
            step, process = divmod(i, len(case.want) // STEPS)
            compare("the loss that train_step returns", value, want, given=f"{case.given}, {ordinal(step)} step, process {process}", shape="return a float")
    demand(not any(hangs for hangs, *_ in flags), "train_step: the loss is right, but it still asks for gradients, and a graph behind it keeps "
           "the batch in memory: return `.item()`.")


def _compare_weights(case):
    """Raise Wrong, in words for which no slip is known, unless the weights are right."""
    for step, (got, want) in enumerate(zip(case.got, case.want)):
        if not same(got, want, 1e-5):
            off = (got.double() - want.double()).abs().amax(1)
            alike = "" if bool((got - got[0]).abs().max() < 1e-6) else ", nor those of the other processes"
            rank = int(off.nan_to_num(torch.inf).argmax())
            raise Wrong(f"train_step: after the {ordinal(step)} step the weights in process {rank} are not those of one process that takes the "
                        f"whole batch{alike}: one is off by {off[rank]:.2g}. ({case.given})")


@task
def accuracy_of_all(answer, cases=((10, 4), (12, 4), (9, 2), (5, 8), (1, 3), (3, 10), (7, 1), (61, 7), (4, 3), (2, 2)), seed=51):
    """Each example counted once, for (examples, processes); dealt out in order and shuffled."""
    def case(n, p, shuffled):
        shares = deal(_drawn_order(seed + n, n) if shuffled else list(range(n)), p)
        truth = randint(seed + n + p, 2, n).bool()
        truth[shares[0][0]] = False  # this one occurs more than once, if any does
        right = [truth[share] for share in shares]
        flat, counted = torch.cat(right).float(), torch.tensor([i for share in shares for i in share]).bincount()
        total, once, k, number = flat.sum(), truth[counted == 1].float(), len(shares[0]), truth.float().sum()
        return Case((right, shares, n), float(truth.float().mean()), f"{some(n, 'example')}, {some(p, 'process', 'processes')}" + ", shuffled" * shuffled, {
            "an example that occurs twice is counted twice: count each once.": flat.mean(),
            "all right answers are counted, copies too, but divided by n: an example that occurs twice is to count once.": total / n,
            "each example that is right is counted once, but divided by all that were dealt out, copies too: divide by n.": number / len(flat),
            "as many right answers are taken off as there are copies, but a copy may be wrong, too: ask which examples are copies.":
                (total - len(flat) + n) / n,
            "this is the accuracy of the first process.": right[0].float().mean(),
            "these are the right answers of the first process, divided by n.": right[0].sum() / n,
            "the processes' accuracies are added up.": flat.sum() / k,
            "the copies are not at the end of all shares put one behind the other: each stands at the end of its process's own.": flat[:n].mean(),
            "the last turn of every process was left out, where only a part of it are copies.":
                torch.cat([each[:-1] for each in right]).float().mean() if k > 1 and n % p else truth.float().mean() if n % p == 0 else None,
            "an example that occurs twice is left out: count it once.": once.mean() if len(once) else None,
            "an example that occurs twice is left out of those that are right: count it once.": once.sum() / n,
            "this is the share of wrong answers.": 1 - truth.float().mean(),
            "this is how many are right: divide by n.": number,
            "these are per cent: return a number from 0 to 1.": 100 * truth.float().mean(),
        })

    examine("accuracy_of_all(right, indices, n)", answer, [case(*sizes, shuffled) for sizes in cases for shuffled in (False, True)], close=1e-6,
            shape="return a float")


def _seconds(seconds, numbers, p, bandwidth, latency, rounds=None, size=None, waits=None, work=None):
    """The time of a step with p processes; each part may be another."""
    rounds = 2 * (p - 1) if rounds is None else rounds
    size = 4 * numbers / p if size is None else size
    waits = rounds if waits is None else waits
    return (seconds / p if work is None else work) + rounds * size / bandwidth + waits * latency


@task
def speedup(answer, cases=((0.008, 21_840, 2, 1e9, 1e-4), (0.5, 25_000_000, 8, 1.25e9, 2e-3), (2.0, 1_000_000, 4, 1e8, 1e-2),
                           (0.02, 21_840, 16, 1.25e8, 1e-4), (1.0, 4000, 1, 1e6, 1e-3), (0.3, 10_000_000, 64, 1e10, 1e-5),
                           (1.0, 100_000, 3, 1e6, 0.0), (5.0, 400, 5, 1e5, 0.2), (1.0, 11, 8, 100, 0.0), (0.01, 7, 1, 1e3, 0.5), (3, 10, 2, 100, 1))):
    """seconds / (seconds / p + 2 (p - 1) (latency + 4 numbers / p / bandwidth)), for the five arguments."""
    def case(seconds, numbers, p, bandwidth, latency):
        def faster(**other):
            return seconds / _seconds(seconds, numbers, p, bandwidth, latency, **other)

        needs = _seconds(seconds, numbers, p, bandwidth, latency)
        talks = needs - seconds / p
        return Case((seconds, numbers, p, bandwidth, latency), seconds / needs,
                    f"seconds {seconds:g}, numbers {numbers:,}, world_size {p}, bandwidth {bandwidth:g}, latency {latency:g}", {
            "a float32 number has 4 bytes.": faster(size=numbers / p),
            "a float32 number has 4 bytes, not 8.": faster(size=8 * numbers / p),
            "sending takes eight times too long: bandwidth is in bytes a second, and a float32 number has 4 of them.": faster(size=32 * numbers / p),
            "sending takes an eighth of what it should: bandwidth is in bytes a second already.": faster(size=0.5 * numbers / p),
            "there are twice as many rounds: p - 1 in which sums are collected, and p - 1 in which they are handed on.": faster(rounds=p - 1),
            "there are 2 (p - 1) rounds, not 2 p.": faster(rounds=2 * p),
            "there are 2 (p - 1) rounds, not p.": faster(rounds=p),
            "there are 2 (p - 1) rounds, not 2 p - 1.": faster(rounds=2 * p - 1),
            "each round sends a p-th of the bytes, not all of them.": faster(size=4 * numbers),
            "in a ring a process sends a p-th in each round, and there are 2 (p - 1) rounds: here all was sent, in half of them.":
                faster(rounds=p - 1, size=4 * numbers),
            "in a ring a process sends a p-th in each round, and there are 2 (p - 1) rounds: here all was sent, in two.":
                faster(rounds=2 if p > 1 else 0, size=4 * numbers),
            "one is subtracted: a step as fast as with one process is 1 time as fast.": seconds / needs - 1,
            "this is per cent: return the factor.": 100 * seconds / needs,
            "each round waits for the latency: it was counted once.": faster(waits=1 if p > 1 else 0),
            "each round waits for the latency: it was counted once, and with one process too.": faster(waits=1),
            "each round waits for the latency, which is left out.": faster(waits=0),
            "only one round was counted, and with one process too: there are 2 (p - 1).": faster(rounds=1),
            "only one round was counted: there are 2 (p - 1).": faster(rounds=1 if p > 1 else 0),
            "each round sends: its bytes were counted once.": faster(rounds=1, waits=2 * (p - 1)),
            "each round sends: its bytes were counted once, where there is one.": faster(rounds=1 if p > 1 else 0, waits=2 * (p - 1)),
            "the computing is shared out: each process takes seconds / p for its part.": faster(work=seconds),
            "the communication is left out.": float(p),
            "upside down: one process's time divided by that of p.": needs / seconds,
            "this is the time of a step: return how many times faster it is.": needs,
            "this is the time that is saved: return how many times faster a step is.": seconds - needs,
            "this is the time of the communication.": talks,
            "this is the speedup for each process: don't divide by p.": seconds / needs / p,
            "they overlap here: add computing and communication up.": seconds / max(seconds / p, talks),
            "the communication is not shared out again: its bytes are a p-th already.": seconds / (seconds / p + talks / p),
            "bandwidth is bytes a second: divide the bytes by it.": seconds / (seconds / p + 2 * (p - 1) * (latency + 4 * numbers / p * bandwidth)),
            "divided by p twice: a round's 4 numbers / p bytes are a p-th already.": faster(size=4 * numbers / p ** 2),
            "a p-th of the numbers may be a fraction here: divide by `/`, not `//`.": faster(size=4 * (numbers // p)),
            "a p-th of the bytes may be a fraction here: divide by `/`, not `//`.": faster(size=4 * numbers // p),
            "a p-th of the numbers may be a fraction here: it was rounded up.": faster(size=4 * -(-numbers // p)),
            "the latency is paid in each round, beside the bytes: add it up, don't multiply.":
                seconds / (seconds / p + 2 * (p - 1) * latency * 4 * numbers / p / bandwidth),
            "one process has nobody to talk to: compare with seconds alone.": (seconds + talks) / needs,
            "bandwidth and latency have changed places.":
                seconds / (seconds / p + 2 * (p - 1) * (bandwidth + 4 * numbers / p / latency)) if latency else None,
        })

    examine("speedup(seconds, numbers, world_size, bandwidth, latency)", answer, [case(*given) for given in cases], shape="return a float")
