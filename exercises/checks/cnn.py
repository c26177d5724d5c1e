"""Checks of the exercises to lesson 07, the convolutional network."""
import copy

import torch
from torch import nn
from torch.nn import functional as F

from exercises.checks import call, compare, demand, network_with, randint, randn, run, task


def _sizes(size, layers, how="right"):
    for kernel, stride, padding in layers:
        if how == "no padding":
            padding = 0
        if how == "one side":
            size = (size - kernel + padding) // stride + 1
        elif how == "no one":
            size = (size - kernel + 2 * padding) // stride
        elif how == "up":
            size = -(-(size - kernel + 2 * padding) // stride) + 1
        elif how == "no stride":
            size = size - kernel + 2 * padding + 1
        else:
            size = (size - kernel + 2 * padding) // stride + 1
    return size


@task
def output_size(answer, cases=(
        (28, ((5, 1, 0), (2, 2, 0), (5, 1, 0), (2, 2, 0))), (28, ((5, 1, 2), (2, 2, 0))), (9, ((4, 2, 1),)))):
    """Against layers that are built and run, for (size, (kernel, stride, padding) of each layer)."""
    for size, layers in cases:
        X = torch.zeros(1, 1, size, size)
        for kernel, stride, padding in layers:
            X = F.conv2d(X, torch.zeros(1, 1, kernel, kernel), stride=stride, padding=padding)
        compare("output_size(size, layers)", call(answer, size, [list(layer) for layer in layers]), X.shape[-1], close=1e-9,
                given=f"size {size}, layers {list(layers)}", slips=[
            (_sizes(size, layers, "no padding"), "padding is left out: it adds its width on both sides."),
            (_sizes(size, layers, "one side"), "padding adds its width on both sides, so twice."),
            (_sizes(size, layers, "no one"), "one is missing: the kernel's first position counts too."),
            (_sizes(size, layers, "up"), "rounded up: a last step that does not fit is left out."),
            (_sizes(size, layers, "no stride"), "the stride is left out."),
            (X.shape[-1] ** 2, "this is height times width: return one side."),
        ])


def _corr(X, K):
    return F.conv2d(X[None, None], K[None, None])[0, 0]


@task
def corr2d(answer, cases=((6, 8, 2, 3), (5, 5, 3, 3), (4, 3, 1, 2)), seed=11):
    """Against conv2d, for (height, width, kernel height, kernel width)."""
    for h, w, kh, kw in cases:
        X, K = randn(seed + h, h, w), randn(seed + kw, kh, kw)
        padded = F.conv2d(F.pad(X, (kw // 2, kw - 1 - kw // 2, kh // 2, kh - 1 - kh // 2))[None, None], K[None, None])[0, 0]
        compare("corr2d(X, K)", call(answer, X, K, without=("convolution",)), _corr(X, K), close=1e-4,
                given=f"X of shape {(h, w)}, K of shape {(kh, kw)}", slips=[
            (_corr(X, K.flip(0, 1)), "the kernel is flipped: that is the convolution of mathematics, and layers compute the "
             "cross-correlation."),
            (_corr(X, K)[:-1, :-1], "one row and one column are missing: there are h - kh + 1 positions, not h - kh."),
            (padded, "the output is as large as the input: the kernel stays inside, without padding."),
            (_corr(X, K) / K.numel(), "this is the mean of the products: add them up."),
            (F.conv2d(X[None, None], K.T[None, None])[0, 0] if kh <= w and kw <= h else torch.zeros(0),
             "height and width of the kernel are swapped."),
        ])


@task
def max_pool2d(answer, cases=((2, 3, 6, 6, 2), (1, 1, 7, 5, 2), (2, 2, 9, 9, 3)), seed=21):
    """Against torch's, for (images, channels, height, width, side of the window)."""
    for n, c, h, w, k in cases:
        X = randn(seed + h, n, c, h, w) - 1
        got = call(answer, X, k, without=("max_pool2d_with_indices", "adaptive_max_pool2d", "max_pool2d"))
        compare("max_pool2d(X, k)", got, F.max_pool2d(X, k), close=1e-6, given=f"X of shape {(n, c, h, w)}, k = {k}", slips=[
            (F.avg_pool2d(X, k), "this is the mean of each window: take its largest entry."),
            (F.max_pool2d(X, k, stride=1), "the windows overlap: move by k, not by 1."),
            (F.max_pool2d(X, k).amax(1, keepdim=True), "the maximum went over the channels as well: each keeps its own map."),
            (F.max_pool2d(X, k, ceil_mode=True), "rows or columns that fill no whole window are left out."),
            (F.max_pool2d(X, k).clamp(min=0), "negative maxima have become 0: are there zeros that were not in the image?"),
            (X[:, :, ::k, ::k][:, :, :h // k, :w // k], "this picks one pixel of each window: take the largest."),
        ])


def small_net():
    """A network with always the same first weights, for `resume`."""
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
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


def _start(seed, before):
    net = small_net()
    updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    _steps(net, updater, seed, 0, before)
    return net, updater


def _resumed(answer, seed, before, after):
    """The weights after a break: checkpoint, the answer's new network and optimizer, and some more steps."""
    net, updater = _start(seed, before)
    checkpoint = copy.deepcopy({"model": net.state_dict(), "optimizer": updater.state_dict()})
    new, new_updater = answer(small_net, checkpoint)
    at_once = _weights(new)
    _steps(new, new_updater, seed, before, before + after)
    return at_once, _weights(new)


def _unbroken(seed, before, after, how="right"):
    net, updater = _start(seed, before)
    if how == "no momentum":
        updater = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    if how == "plain":
        updater = torch.optim.SGD(net.parameters(), lr=0.1)
    _steps(net, updater, seed, before, before + after)
    return _weights(net)


@task
def resume(answer, cases=((5, 3), (2, 6)), seed=31):
    """The weights of a resumed run against an unbroken one, for (steps before, steps after the break)."""
    for before, after in cases:
        at_once, later = run(_resumed, answer, seed, before, after)
        saved = _weights(_start(seed, before)[0])
        given = f"a break after step {before}"
        compare("the new network", at_once, saved, given=given, slips=[
            (_weights(small_net()), "it still has its first weights: load the model's state into it."),
        ])
        compare(f"the network after {after} more steps", later, _unbroken(seed, before, after), close=1e-5, given=given, slips=[
            (saved, "it has not moved: the optimizer holds the parameters of another network. Give it those of the new one."),
            (_unbroken(seed, before, after, "no momentum"), "it has moved, but not as the unbroken run did: the momentum was "
             "lost. Load the optimizer's state too."),
            (_unbroken(seed, before, after, "plain"), "the optimizer has no momentum: make it with lr=0.1, momentum=0.9."),
        ])


def _signals(answer, length, classes, values, X):
    return network_with(answer(length, classes), values, X)


@task
def SignalNet(answer, cases=((40, 3), (33, 2)), seed=41):
    """Parameters and output with given weights, for (length, classes)."""
    for length, classes in cases:
        rest = ((length - 4) // 2 - 4) // 2
        net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2),
                            nn.Flatten(), nn.Linear(8 * rest, classes))
        values = [randn(seed + i, *p.shape) / 2 for i, p in enumerate(net.parameters())]
        with torch.no_grad():
            for p, value in zip(net.parameters(), values):
                p.copy_(value)
        X, given = randn(seed + length, 6, 1, length), f"length {length}, {classes} classes"
        shapes, out = run(_signals, answer, length, classes, values, X)
        want = [list(value.shape) for value in values]
        demand(shapes == want, f"SignalNet's parameters have the shapes {shapes}, and should have {want}: two convolutions, "
               f"then a linear layer on what is left of the signal, 8 x {rest}. ({given})")
        h = net[:6](X)
        compare("SignalNet(length, classes)(X)", out, net(X).detach(), close=1e-3, given=given, slips=[
            (torch.softmax(net(X), 1).detach(), "these are probabilities: return logits, the loss takes the softmax."),
            (torch.relu(net(X)).detach(), "there is a ReLU after the last layer."),
            (net[6:](h.clone()).detach() * 0 + net[7].bias.detach(), "only the last bias is left: is the signal passed on?"),
            (nn.Sequential(net[0], net[2], net[3], net[5:])(X).detach(), "there is no ReLU after the convolutions."),
        ])
