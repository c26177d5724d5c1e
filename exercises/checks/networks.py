"""Judging a network by the function that it computes, whatever the order and the layout of its parameters."""
import itertools

import torch
from torch import nn

from .asking import Wrong, run, unchanged, watched
from .crossing import kind_of
from .judging import compare, demand, same

KINDS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)  # in which gradients go back
LIMIT = 500  # ways to read a network's parameters that are tried


def probe_network(answer, seed, X, G, *args):
    """Make a network by answer(*args), give its parameters drawn values, and run it forward and backward.

    X: a batch. G: what the output is multiplied with before it is added up for backward().
    Returns a dictionary: the parameters' values in their order, the outputs for the batch and for its first row alone, the
    gradients (None where none arrived), and whether each parameter of several layers began as one and the same number.
    """
    with watched(counted=False), unchanged(("the arguments that it is made with", list(args)), ("its batch", X)):
        return _network(answer, seed, X, G, *args)


def _network(answer, seed, X, G, *args):
    net, other = answer(*args), answer(*args)
    for made in (net, other):
        if made is None:
            raise Wrong("returns None: is there a `return`?")
        if not isinstance(made, nn.Module):
            raise Wrong(f"gives {kind_of(made)}, not an nn.Module.")
    if {id(p) for p in net.parameters()} & {id(p) for p in other.parameters()}:
        raise Wrong("gives two networks that share parameters: each is to have its own, made in `__init__`.")
    before = [id(p) for p in net.parameters()]
    _output(net, X)  # lazy layers learn their sizes
    parameters = list(net.parameters())
    if before != [id(p) for p in parameters]:
        raise Wrong("makes or replaces parameters in forward, so an optimizer that was made before its first call does not know them: make "
                    "them in `__init__`.")
    several = [p.detach() for p in parameters if p.numel() > 1]
    alike = sum(p.dim() > 1 for p in several) > 1 and all(bool((p == p.flatten()[0]).all()) for p in several)
    with torch.no_grad():
        for i, p in enumerate(parameters):
            p.copy_(0.7 * torch.randn(p.shape, generator=torch.Generator().manual_seed(seed + i)))
    mode = net.training
    net.eval()
    evaluated = _output(net, X).detach()
    net.train(mode)
    out, one = _output(net, X), _output(net, X[:1])
    if out.requires_grad and out.shape == G.shape and out.device == G.device and out.dtype in KINDS:  # or the check says what is wrong with it
        (out * G).sum().backward()
    return {"values": [p.detach() for p in parameters], "out": out.detach(), "one": one.detach(), "evaluated": evaluated,
            "grads": [p.grad for p in parameters], "mode": mode, "frozen": [not p.requires_grad for p in parameters],
            "alike": alike}


def _output(net, X):
    out = net(X)
    if out is None:
        raise Wrong("returns None from forward: is there a `return`?")
    if not isinstance(out, torch.Tensor):
        raise Wrong(f"returns {kind_of(out)} from forward, not a tensor.")
    return out


def examine_network(what, answer, args, seed, X, roles, forward, slips, given):
    """Raise Wrong unless answer(*args) computes `forward` with parameters of its own.

    roles: the shapes of the parameters in the order in which forward(parameters, X) takes them; a network may keep them in
    another order, a weight transposed, or a bias as a last row of its weight. slips: sentence -> another forward.
    """
    with torch.no_grad():
        shape = forward([torch.zeros(role) for role in roles], X).shape
    G = torch.randn(shape, generator=torch.Generator().manual_seed(seed + 77))
    report = run(probe_network, answer, seed, X, G, *args)
    values, X, G = [value.double() for value in report["values"]], X.double(), G.double()  # a network may keep either type
    shapes = [tuple(value.shape) for value in values]
    held, wanted = sum(value.numel() for value in values), sum(torch.Size(role).numel() for role in roles)
    demand(values, f"{what} has no parameters that an optimizer would find: layers in a plain Python list or dictionary, or made in "
           f"forward, are hidden from it, and so are tensors that are no nn.Parameter. Keep layers as attributes, in nn.Sequential or in "
           f"nn.ModuleList. ({given})")
    demand(held == wanted, f"{what} has {held:,} numbers in its parameters, of the shapes {shapes}, and should have {wanted:,}: "
           f"{', '.join(map(str, roles))}. ({given})")
    ways = list(itertools.islice(_ways(values, [tuple(role) for role in roles]), LIMIT))
    demand(ways, f"{what} has parameters of the shapes {shapes}, which are not those of its layers: {', '.join(map(str, roles))}. ({given})")
    with torch.no_grad():
        right = [way for way in ways if same(report["out"], forward(way(values), X), 1e-4)]
        if not right:
            for sentence, other in slips.items():
                if any(same(report["out"], other(way(values), X), 1e-4) for way in ways):
                    raise Wrong(f"{what}: {sentence} ({given})")
            compare(f"{what}(X)", report["out"], forward(ways[0](values), X), close=1e-4,
                    given=f"{given}; compared with a network that is right and has the same parameters")
        compare(f"{what}(X)", report["one"], forward(right[0](values), X[:1]), close=1e-4, given=f"{given}, a batch of one")
    demand(same(report["evaluated"], report["out"], 1e-4), f"{what} computes something else in evaluation mode (`net.eval()`): nothing in it "
           f"depends on the mode. ({given})")
    demand(not any(report["frozen"]), f"{what} has frozen parameters (requires_grad is False), which training can't change. ({given})")
    demand(not report["alike"], f"{what} begins with parameters of which each is one and the same number throughout, so that units compute "
           f"the same and learn the same: leave them as PyTorch's layers draw them. ({given})")
    demand(report["mode"], f"{what} is in evaluation mode: a new network is to be trained.")
    demand(any(grad is not None for grad in report["grads"]), f"{what} computes the right output, but no gradient reaches its parameters: "
           f"does forward run under torch.no_grad(), detach, or use .data? ({given})")
    for way in right:
        leaves = [value.clone().requires_grad_() for value in values]
        (forward(way(leaves), X) * G).sum().backward()
        wrong = [shape for shape, leaf, grad in zip(shapes, leaves, report["grads"])
                 if not same(torch.zeros_like(leaf) if grad is None else grad, leaf.grad, 1e-3)]
        if not wrong:
            return
    raise Wrong(f"{what} computes the right output, but its parameters of the shapes {wrong} don't get the gradients that they should: "
                f"is something detached, or under torch.no_grad(), on the way? ({given})")


def _ways(values, roles):
    """Yield functions that turn a list of parameters into tensors of the roles' shapes."""
    def fill(place, used):
        if place == len(roles):
            if len(used) == len(values):
                yield []
            return
        role = roles[place]
        for i, value in enumerate(values):
            if i in used:
                continue
            for read in _readings(tuple(size for size in value.shape if size > 1), role):
                for rest in fill(place + 1, used | {i}):
                    yield [(i, read), *rest]
            if place + 1 < len(roles) and len(role) >= 2 and roles[place + 1] == role[:1]:  # weight and bias in one
                for read in _joint(tuple(size for size in value.shape if size > 1), role):
                    for rest in fill(place + 2, used | {i}):
                        yield [(i, lambda value, read=read: read(value)[0]), (i, lambda value, read=read: read(value)[1]), *rest]

    for plan in fill(0, frozenset()):
        yield lambda values, plan=plan: [read(values[i]) for i, read in plan]


def _readings(shape, role):
    """Yield functions that read a parameter of that shape, without its axes of size 1, as one of the role's shape.

    The role's axes may stand in any order, and neighbours among them may be merged to one.
    """
    axes = [axis for axis, size in enumerate(role) if size > 1]
    for order in itertools.permutations(axes):
        sizes = tuple(role[axis] for axis in order)
        if shape in _merged(sizes):
            back = [order.index(axis) for axis in axes]
            yield lambda value, sizes=sizes, back=back: value.reshape(sizes).permute(back).reshape(role)


def _merged(sizes):
    """All shapes that merging neighbouring axes makes of one."""
    if len(sizes) < 2:
        return {sizes}
    return {(sizes[0], *rest) for rest in _merged(sizes[1:])} | _merged((sizes[0] * sizes[1], *sizes[2:]))


def _joint(shape, role):
    """Yield functions that read a weight of the role's shape and its bias out of one parameter of that shape, without its axes of
    size 1, in which the bias is a row or column more."""
    out, into = role[0], torch.Size(role[1:]).numel()
    for turned in (True, False):
        sizes = (into + 1, out) if turned else (out, into + 1)
        if shape != tuple(size for size in sizes if size > 1):
            continue
        for weight, bias in ((slice(None, -1), -1), (slice(1, None), 0)):
            for read in _readings(tuple(size for size in (out, into) if size > 1), role):
                def joint(value, turned=turned, sizes=sizes, weight=weight, bias=bias, read=read):
                    rows = value.reshape(sizes).T if turned else value.reshape(sizes)
                    return read(rows[:, weight]), rows[:, bias]

                yield joint
