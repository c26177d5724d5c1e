"""Checks of the exercises to lesson 07, the convolutional network."""
import copy

import torch
from torch import nn
from torch.nn import functional as F

from exercises.checks import Case, Wrong, demand, examine, parts, randint, randn, run, some, task
from exercises.checks.networks import examine_network


def _sizes(size, layers, how="right"):
    for kernel, stride, padding in layers:
        padding = {"no padding": 0, "one side": padding / 2}.get(how, padding)
        stride = 1 if how == "no stride" else stride
        room = size - kernel + 2 * padding
        size = {"no one": room // stride, "up": -(-room // stride) + 1, "no kernel": (room + kernel) // stride + 1,
                "neither": (room + kernel) // stride}.get(how, room // stride + 1)
    return int(size)


@task
def output_size(answer, cases=(
        (28, ((5, 1, 0), (2, 2, 0), (5, 1, 0), (2, 2, 0))), (28, ((5, 1, 2), (2, 2, 0))), (9, ((4, 2, 1),)), (32, ((3, 3, 1),
        (3, 2, 1))), (7, ()),
        (5, ((5, 1, 0),)), (1, ((1, 1, 0),)), (3, ((7, 1, 3), (2, 5, 2))), (3000, ((3, 2, 1), (5, 3, 0))), (64, ((3, 1, 1),
        (2, 2, 0), (3, 2, 1), (3, 1, 0), (5, 1, 2), (2, 3, 0))))):
    """For (size, (kernel, stride, padding) of each layer)."""
    def case(size, layers):
        side = _sizes(size, layers)
        return Case((size, [list(layer) for layer in layers]), side, f"size {size}, layers {[list(layer) for layer in layers]}", {
            "padding is left out: it adds its width on both sides.": _sizes(size, layers, "no padding"),
            "padding adds its width on both sides, so twice.": _sizes(size, layers, "one side"),
            "one is missing: the kernel's first position counts too.": _sizes(size, layers, "no one"),
            "rounded up: a last step that does not fit is left out.": _sizes(size, layers, "up"),
            "the stride is left out.": _sizes(size, layers, "no stride"),
            "the kernel's own width is left out.": _sizes(size, layers, "no kernel"),
            "the kernel's own width is left out, and one is missing: its first position counts too.": _sizes(size, layers, "neither"),
            "this is height times width: return one side.": side ** 2,
            "only the first layer was counted.": _sizes(size, layers[:1]),
            "only the last layer was counted: the output of one is the input of the next.": _sizes(size, layers[-1:]),
        })

    examine("output_size(size, layers)", answer, [case(*given) for given in cases], close=1e-12, layouts=(),
            without=dict.fromkeys(("convolution", "max_pool2d_with_indices", "avg_pool2d", "unfold"),
                                  "but the size is to be computed without building the layers."))


def _corr(X, K, padding=0, stride=1):
    return F.conv2d(X[None, None], K[None, None], padding=padding, stride=stride)[0, 0]


@task
def corr2d(answer, cases=((6, 8, 2, 3, 0, 1), (5, 5, 3, 3, 1, 1), (7, 6, 3, 2, 1, 2), (4, 3, 1, 2, 0, 1), (8, 5, 2, 2, 2, 3),
        (3, 3, 3, 3, 0, 2),
                          (1, 1, 1, 1, 0, 1), (5, 2, 5, 1, 0, 1), (9, 8, 3, 2, 4, 5), (2, 5, 1, 4, 0, 1), (6, 2, 5, 1, 1, 1)), seed=11):
    """Against conv2d, for (height, width, kernel height, kernel width, padding, stride)."""
    def case(h, w, kh, kw, padding=0, stride=1):
        X, K = randn(seed + h, h, w), randn(seed + kw, kh, kw)
        Y = _corr(X, K, padding, stride)
        full = _corr(X, K, padding)

        def padded(*sides):
            """The result where each side, left, right, top and bottom, gets so many times the padding."""
            Z = F.pad(X, [padding * times for times in sides])
            return _corr(Z, K, 0, stride) if Z.shape[0] >= kh and Z.shape[1] >= kw else None

        return Case((X, K, padding, stride), Y, f"X of shape {(h, w)}, K of shape {(kh, kw)}, padding {padding}, stride {stride}", {
            "the kernel is flipped: that is the convolution of mathematics, and layers compute the cross-correlation.":
                _corr(X, K.flip(0, 1), padding, stride),
            "the stride was not used.": full,
            "the padding was not used.": padded(0, 0, 0, 0),
            "padding goes on all four sides: at the top and on the left it is missing.": padded(0, 1, 0, 1),
            "padding goes on all four sides: below and on the right it is missing.": padded(1, 0, 1, 0),
            "padding goes on all four sides: at the top and below it is missing.": padded(1, 1, 0, 0),
            "padding goes on all four sides: on the left and on the right it is missing.": padded(0, 0, 1, 1),
            "padding goes on all four sides: here all of it is below and on the right.": padded(0, 2, 0, 2),
            "padding goes on all four sides: here all of it is at the top and on the left.": padded(2, 0, 2, 0),
            "one row and one column are missing.": Y[:-1, :-1],
            "this is the mean of the products: add them up.": Y / K.numel(),
            "height and width of the kernel are swapped.":
                _corr(X, K.T, padding, stride) if kh <= w + 2 * padding and kw <= h + 2 * padding else None,
            "moved along the rows by the stride, but not along the columns.": full[::stride],
            "moved along the columns by the stride, but not along the rows.": full[:, ::stride],
            "the windows begin at the right places of the result, not of the image: multiply the position by the stride.":
                full[:Y.shape[0], :Y.shape[1]],
        })

    examine("corr2d(X, K, padding, stride)", answer, [case(*sizes) for sizes in cases],
            without=("convolution", "convolution_backward", "corr2d"))


@task
def max_pool2d(answer, cases=((2, 3, 6, 6, 2), (1, 1, 7, 5, 2), (2, 2, 9, 9, 3), (1, 2, 3, 4, 1), (3, 1, 4, 4, 4),
        (1, 1, 1, 1, 1), (2, 1, 8, 3, 3)), seed=21):
    """Against torch's, for (images, channels, height, width, side of the window)."""
    def case(n, c, h, w, k):
        X = randn(seed + h, n, c, h, w) - (2000 if h == w == 6 else 1)
        Y = F.max_pool2d(X, k)
        windows = X[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k)
        return Case((X, k), Y, f"X of shape {(n, c, h, w)}, k = {k}", {
            "this is the mean of each window: take its largest entry.": F.avg_pool2d(X, k),
            "this is the sum of each window: take its largest entry.": F.avg_pool2d(X, k) * k * k,
            "this is the smallest entry of each window: take the largest.": -F.max_pool2d(-X, k),
            "the windows overlap: move by k, not by 1.": F.max_pool2d(X, k, stride=1),
            "the maximum went over the channels as well: each keeps its own map.": Y.amax(1, keepdim=True),
            "the maximum went over the images as well.": Y.amax(0, keepdim=True),
            "rows or columns that fill no whole window are left out.": F.max_pool2d(X, k, ceil_mode=True),
            "negative maxima have become 0: are there zeros that were not in the image?": Y.clamp(min=0),
            "the largest absolute value was taken: take the largest value.": F.max_pool2d(X.abs(), k),
            "this picks one pixel of each window: take the largest.": windows[:, :, :, 0, :, 0],
            "this picks one pixel of each window, also where it is not whole: take the largest of each whole one.": X[:, :, ::k, ::k],
            "the maximum went over the rows of each window only: take it over its columns too.": windows.amax(3),
            "only the first column of each window was looked at.": windows[..., 0].amax(3),
            "the windows are k rows high and one column wide: they are to be k columns wide.": X[:, :, :h // k * k].reshape(n, c, h // k, k, w).amax(3),
        })

    examine("max_pool2d(X, k)", answer, [case(*sizes) for sizes in cases], close=1e-6,
            without=("max_pool2d_with_indices", "max_pool3d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool3d", "fractional_max_pool2d"))


def small_net():
    """A network with always the same first weights, and with the running averages of batch normalisation, for `resume`."""
    net = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 2))
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(0.5 * randn(300 + i, *p.shape))
    return net


def _steps(net, updater, seed, first, last):
    for i in range(first, last):
        X, y = randn(seed + i, 8, 4), randint(seed + i, 2, 8)
        updater.zero_grad()
        F.cross_entropy(net(X), y).backward()
        updater.step()


def _weights(net):
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()])


def _buffers(net):
    return torch.cat([torch.empty(0), *[b.detach().double().reshape(-1) for b in net.buffers()]])


def _start(seed, before):
    net = small_net()
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    _steps(net, updater, seed, 0, before)
    return net, updater


def probe_resume(answer, seed, before, after):
    """What becomes of a network after a break: checkpoint, the answer's new network and optimizer, and some more steps."""
    net, updater = _start(seed, before)
    checkpoint = {"model": net.state_dict(), "optimizer": updater.state_dict()}
    kept = copy.deepcopy(checkpoint["model"])
    made = []

    def make_net():
        made.append(small_net())
        return made[-1]

    new, new_updater = parts(answer(make_net, checkpoint), ("net", "updater"))
    if isinstance(new, torch.optim.Optimizer) and isinstance(new_updater, nn.Module):
        raise Wrong("returns the optimizer first: return (net, updater).")
    if not isinstance(new, nn.Module) or not isinstance(new_updater, torch.optim.Optimizer):
        raise Wrong(f"returns a {type(new).__name__} and a {type(new_updater).__name__}: return the network and its optimizer.")
    if not isinstance(new_updater, torch.optim.SGD):
        raise Wrong(f"makes the optimizer {type(new_updater).__name__}; the run that it continues used torch.optim.SGD.")
    at_once, buffers, mode = _weights(new), _buffers(new), all(module.training for module in new.modules())
    whole = set(checkpoint) == {"model", "optimizer"} and set(checkpoint["model"]) == set(kept)
    try:
        _steps(new, new_updater, seed, before, before + after)
    except Exception as error:  # not the answer's own, which has returned
        raise Wrong(f"returns a network and an optimizer with which training can't go on ({type(error).__name__}: {error}).") from None
    whole = whole and all(torch.equal(checkpoint["model"][name], value) for name, value in kept.items())
    return {"weights": at_once, "buffers": buffers, "training": mode, "later": _weights(new), "made": len(made), "whole": whole}


def _unbroken(seed, before, after, how="right"):
    net, updater = _start(seed, before)
    if how == "no momentum":
        updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    if how == "plain":
        updater = torch.optim.SGD(net.parameters(), lr=0.1)
    _steps(net, updater, seed, before, before + after)
    return _weights(net)


@task
def resume(answer, cases=((5, 3), (2, 6), (1, 1)), seed=31):
    """A resumed run against an unbroken one, for (steps before, steps after the break)."""
    for before, after in cases:
        report = run(probe_resume, answer, seed, before, after)
        given = f"(a break after step {before})"
        old = _start(seed, before)[0]
        saved, later = _weights(old), report["later"]

        def close(a, b):
            return a.shape == b.shape and torch.allclose(a, b, atol=1e-5)

        demand(report["made"], f"resume: the network was not made by make_net(), and should be. {given}")
        demand(not close(report["weights"], _weights(small_net())), "resume: the new network still has its first weights: load the model's "
               f"state into it. {given}")
        demand(close(report["weights"], saved), f"resume: the new network's weights are not those of the checkpoint. {given}")
        demand(close(report["buffers"], _buffers(old)), "resume: the weights are there, but the buffers are not (batch normalisation's running "
               f"averages): `load_state_dict` restores both. {given}")
        demand(report["training"], f"resume: the network, or a part of it, is in evaluation mode, and training is to go on: `net.train()`. {given}")
        demand(not close(later, saved), "resume: the network does not move in further steps: the optimizer holds the parameters of another "
               f"network. Give it those of the new one. {given}")
        demand(not close(later, _unbroken(seed, before, after, "plain")), "resume: the optimizer has no momentum: make it with lr=0.1, "
               f"momentum=0.9. {given}")
        demand(not close(later, _unbroken(seed, before, after, "no momentum")), "resume: the network moves, but not as the unbroken run "
               f"did: the momentum was lost. Load the optimizer's state too. {given}")
        demand(close(later, _unbroken(seed, before, after)), f"resume: after {after} more steps the network is not where the unbroken run is. {given}")
        demand(report["whole"], "resume: the checkpoint's model is changed, at once or as training goes on, so nobody can resume from it "
               f"again: the new network must have tensors of its own. {given}")


def _signal_net(parameters, X, between=torch.relu, first=None, second=None, last=None, pool=F.max_pool1d):
    K1, b1, K2, b2, W, b = parameters
    X = pool((first or between)(F.conv1d(X, K1, b1)), 2)
    X = pool((second or between)(F.conv1d(X, K2, b2)), 2)
    X = X.flatten(1) @ W.flatten(1).T + b
    return last(X) if last else X


@task
def SignalNet(answer, cases=((40, 3), (33, 2), (16, 5), (35, 3), (18, 1), (101, 7)), seed=41):
    """Output, number of parameters and gradients, for (length, classes)."""
    for length, classes in cases:
        rest = ((length - 4) // 2 - 4) // 2
        roles = [(4, 1, 5), (4,), (8, 4, 5), (8,), (classes, 8, rest), (classes,)]  # the linear layer's, by channel and place
        slips = {
            "these are probabilities: return logits, the loss takes the softmax.":
                lambda p, X: _signal_net(p, X, last=lambda X: torch.softmax(X, 1)),
            "these are log-probabilities: return logits.": lambda p, X: _signal_net(p, X, last=lambda X: torch.log_softmax(X, 1)),
            "there is a ReLU after the last layer.": lambda p, X: _signal_net(p, X, last=torch.relu),
            "there is no ReLU after the convolutions.": lambda p, X: _signal_net(p, X, between=lambda X: X),
            "there is no ReLU after the first convolution.": lambda p, X: _signal_net(p, X, first=lambda X: X),
            "there is no ReLU after the second convolution.": lambda p, X: _signal_net(p, X, second=lambda X: X),
            "the pooling takes the mean: take the maximum.": lambda p, X: _signal_net(p, X, pool=F.avg_pool1d),
            "the activation is tanh; the task asks for ReLU.": lambda p, X: _signal_net(p, X, between=torch.tanh),
            "the activation is the sigmoid; the task asks for ReLU.": lambda p, X: _signal_net(p, X, between=torch.sigmoid),
            "the activation is a leaky ReLU; the task asks for ReLU.": lambda p, X: _signal_net(p, X, between=F.leaky_relu),
        }
        X, given = randn(seed + length, 6, 1, length), f"length {length}, {some(classes, 'class', 'classes')}, {some(rest, 'place')} left for the linear layer"
        examine_network("SignalNet", answer, (length, classes), seed, X, roles, _signal_net, slips, given)
