"""What every lesson shares: data, metrics, training, pictures, checkpoints.

Read it from top to bottom; it takes one sitting. Everything public in ``d2l.torch`` is here too
(``Timer``, ``sgd``, ``linreg``, ``synthetic_data``, ``plt`` ...), so a program written for
*Dive into Deep Learning*, chapter 3, runs when its import line becomes ``import utils as d2l``.
What d2l does slowly, wrongly or not at all is defined below, under d2l's own name where it has one.

Import this module before torchvision or d2l (the next lines say why).
"""
import contextlib
import dataclasses
import functools
import math
import os
import pickle
import random
import socket
import struct
import sys
import tempfile
import time
from html import escape
from pathlib import Path

import numpy as np
import torch

try:
    import torchvision
except RuntimeError as error:
    # A CPU-only torch beside torchvision's CUDA wheel (what plain pip can give): torchvision declares
    # details of two compiled operators that it could not load. We need none of them, so we name both
    # and import again.
    if "torchvision::nms does not exist" not in str(error):
        raise
    _operators = torch.library.Library("torchvision", "FRAGMENT")
    _operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for _name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[_name]
    import torchvision
from d2l import torch as _d2l
from d2l.torch import *  # noqa: F403  what d2l does well keeps its name here
from IPython import display, get_ipython
from matplotlib import pyplot as plt
from matplotlib_inline.backend_inline import set_matplotlib_formats
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

HERE = Path(__file__).resolve().parent
SAMPLE = HERE / "data" / "sample"
# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
plt.rcParams.update({"axes.prop_cycle": plt.cycler(color=COLORS), "figure.dpi": 100,
                     "svg.hashsalt": "course"})


def use_svg_display():
    """Show figures as SVG from here on (d2l's own version needs an IPython before 9)."""
    set_matplotlib_formats("svg", metadata={"Date": None})


_d2l.use_svg_display = use_svg_display


# ---------------------------------------------------------------- seeds and devices

def set_seed(seed):
    """Start the random numbers of Python, NumPy and PyTorch (CPU and GPU) from `seed`, an int >= 0."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def device():
    """Return the best device here: CUDA, else Apple's MPS, else the CPU (a `torch.device`)."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


# ---------------------------------------------------------------- data

class ImageSet(Dataset):
    """Images and labels held in memory, of which a whole batch is one indexing operation.

    `images`: uint8 (n, 28, 28). `labels`: int64 (n,). `source`: "real" or "sample".
    Indexing gives X, float32 (1, 28, 28) or (1, resize, resize), and y. Pixels lie in [0, 1], or,
    where `mean` and `std` are given, are (pixel - mean) / std.
    """

    def __init__(self, images, labels, resize=None, mean=0.0, std=1.0, source="real"):
        if len(images) != len(labels):
            raise ValueError(f"{len(images)} images but {len(labels)} labels: give one label an image.")
        self.images, self.labels, self.source = images, labels, source
        self.resize, self.mean, self.std = resize, mean, std

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        X, y = self.__getitems__([index])
        return X[0], y[0]

    def __getitems__(self, indices):
        """Return the batch X, (batch_size, 1, h, w), and y, (batch_size,); DataLoader calls this."""
        indices = torch.as_tensor(indices)
        # Bytes take a quarter of the memory of floats, and the division costs next to nothing.
        X = self.images.index_select(0, indices).unsqueeze(1).float().div_(255)
        if self.resize:
            X = F.interpolate(X, self.resize, mode="bilinear", antialias=True)
        if (self.mean, self.std) != (0.0, 1.0):
            X.sub_(self.mean).div_(self.std)
        return X, self.labels.index_select(0, indices)


def load_data_fashion_mnist(batch_size, resize=None):
    """Return (train_iter, test_iter) over Fashion-MNIST, as d2l's function of that name does.

    Each yields X, float32 (batch_size, 1, 28, 28) with pixels in [0, 1], and y, int64 (batch_size,);
    with `resize=64` images are (1, 64, 64). The training set is shuffled anew each epoch.
    Which data: the variables COURSE_DATA and COURSE_DATA_DIR, see data/README.md.
    Raises ValueError for a bad batch size, setting or file, RuntimeError where COURSE_DATA is
    "real" and the set can't be had, OSError for a folder that can't be read.
    """
    return _load_data("FashionMNIST", batch_size, resize=resize)


def load_data_mnist(batch_size, resize=None, normalize=True):
    """Return (train_iter, test_iter) over MNIST; see `load_data_fashion_mnist`.

    With `normalize`, pixels are shifted by 0.1307 and divided by 0.3081: the mean and standard
    deviation of MNIST's training pixels (lesson 06 computes them).
    """
    mean, std = (0.1307, 0.3081) if normalize else (0.0, 1.0)
    return _load_data("MNIST", batch_size, resize=resize, mean=mean, std=std)


def _load_data(name, batch_size, resize=None, **options):
    for what, value in (("batch_size", batch_size), ("resize", 28 if resize is None else resize)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{what} is {value!r}: give a whole number, 1 or larger.")
    root, source = _find(name, os.environ.get("COURSE_DATA", "auto"), os.environ.get("COURSE_DATA_DIR"))
    sets = [ImageSet(*_read(root, name, train, source), resize=resize, source=source, **options)
            for train in (True, False)]
    return tuple(DataLoader(images, batch_size, shuffle=train, collate_fn=_as_is)
                 for images, train in zip(sets, (True, False)))


def _as_is(batch):
    return batch


def _files(root, name, train):
    """Return the paths of a set's images and labels."""
    part = "train" if train else "t10k"
    return [Path(root, name, "raw", f"{part}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")]


def _unreadable(path, error):
    return type(error)(f"{path} can't be read ({error.strerror}). Mend its permissions, or name another "
                       "folder in COURSE_DATA_DIR.")


def _exists(path):
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # Path.exists() would call a forbidden file missing
        raise _unreadable(path, error) from error
    return True


@functools.cache  # so that a failed download is tried, and told, once
def _find(name, mode, folder):
    """Return the root folder of a data set and "real" or "sample", downloading where needed."""
    if mode not in ("auto", "real", "sample"):
        raise ValueError(f"COURSE_DATA is {mode!r}: set it to auto, real or sample, or unset it.")
    if mode == "sample":
        return SAMPLE, "sample"
    root = Path(folder) if folder else HERE / "data"
    if not root.is_dir():
        raise FileNotFoundError(f"COURSE_DATA_DIR is {folder!r}, which is not a folder: "
                                "create it, name another, or unset the variable.")
    if all(_exists(path) for train in (True, False) for path in _files(root, name, train)):
        return root, "real"
    try:
        _download(name, root)
        return root, "real"
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        if mode == "real":
            raise RuntimeError(f"{name} is not in {root} and could not be downloaded ({reason}). Connect "
                               "and try again, name a folder that has it in COURSE_DATA_DIR, or set "
                               "COURSE_DATA=sample to learn on the drawn sample.") from error
        print(f"{name} could not be downloaded ({reason}). The drawn sample stands in: 4,000 + 1,000 "
              "images, so accuracies differ from the text. Restart the kernel to try again.")
        return SAMPLE, "sample"


def _download(name, root):
    """Fetch a set with torchvision's own class (its mirrors, its MD5 sums); whole or not at all."""
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(4)  # seconds without an answer, for each of two mirrors
    try:
        with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as scratch:
            getattr(torchvision.datasets, name)(scratch, download=True)
            for train in (True, False):
                for path, target in zip(_files(scratch, name, train), _files(root, name, train)):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(path, target)
    finally:
        socket.setdefaulttimeout(timeout)


def _read(root, name, train, source):
    """Return images, uint8 (n, 28, 28), and labels, int64 (n,), from IDX files that hold what they say."""
    arrays = []
    for path, magic, sides in zip(_files(root, name, train), (2051, 2049), ((28, 28), ())):
        cure = f"Delete {path.parent} and load again (or copy the set there anew)."
        if source == "sample":
            cure = "Run `python data/draw_sample.py` to draw the sample anew."
        start = 8 + 4 * len(sides)
        try:
            with path.open("rb") as file:
                header, size = file.read(start), os.fstat(file.fileno()).st_size
                if len(header) < start or struct.unpack_from(">I", header) != (magic,):
                    raise ValueError(f"{path} is no IDX file of this kind. {cure}")
                shape = struct.unpack_from(f">{1 + len(sides)}I", header, 4)
                if shape[1:] != sides or size != start + math.prod(shape):
                    raise ValueError(f"{path} is damaged: its header promises {start + math.prod(shape):,} bytes and images "
                                     f"of {shape[1:]}, it has {size:,} bytes. {cure}")
                arrays.append(torch.from_numpy(np.fromfile(file, np.uint8)).reshape(shape))
        except OSError as error:
            raise _unreadable(path, error) from error
    images, labels = arrays
    if len(images) != len(labels) or source == "real" and len(images) != (60_000 if train else 10_000):
        raise ValueError(f"{path.parent} holds {len(images):,} images and {len(labels):,} labels, "
                         f"which is not {name}. {cure}")
    if labels.numel() and labels.max() > 9:
        raise ValueError(f"{path} holds a label above 9. {cure}")
    return images, labels.long()


# ---------------------------------------------------------------- metrics

def accuracy(y_hat, y):
    """Return the number of correct predictions, a float (divide by `len(y)` for the fraction).

    `y_hat`: scores (n, num_classes), of which the largest wins, or predicted classes (n,).
    `y`: classes (n,). Shapes that don't fit raise ValueError rather than broadcast.
    """
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(dim=1)
    if y_hat.shape != y.shape:
        raise ValueError(f"Predictions have shape {tuple(y_hat.shape)}, labels {tuple(y.shape)}: "
                         "give one label a prediction, both of shape (n,).")
    return float((y_hat.type(y.dtype) == y).sum())


@contextlib.contextmanager
def _evaluating(net):
    """Switch a module to evaluation mode without gradients, and back afterwards."""
    was_training = isinstance(net, nn.Module) and net.training
    if was_training:
        net.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        if was_training:
            net.train()


def _device_of(net):
    """Return the device of a module's parameters; of a plain function, the CPU."""
    parameters = net.parameters() if isinstance(net, nn.Module) else ()
    return next((parameter.device for parameter in parameters), torch.device("cpu"))


def _sum_and_mean(l, loss, n):
    """Return a minibatch's loss as sum and mean, whatever the loss function's `reduction`.

    `l`: what `loss` returned, one value per example or a scalar; `n`: number of examples.
    """
    if l.ndim > 0:
        return l.sum(), l.mean()
    if getattr(loss, "reduction", "mean") == "sum":
        return l, l / n
    return l * n, l


def predict(net, data_iter):
    """Return (y_hat, y) of a whole data set on the CPU: scores (n, num_classes) and labels (n,).

    Computed in evaluation mode, without gradients; raises ValueError where there is no batch.
    """
    with _evaluating(net):
        batches = [(net(X.to(_device_of(net))).cpu(), y.cpu()) for X, y in data_iter]
    if not batches:
        raise ValueError("The data iterator gave no batch: is it empty, or a generator already used up?")
    return tuple(torch.cat(parts) for parts in zip(*batches))


def evaluate(net, data_iter, loss):
    """Return (mean loss, accuracy) of `net` on a data set of classes, every example counting the same."""
    y_hat, y = predict(net, data_iter)
    l = loss(y_hat, y)
    return float(_sum_and_mean(l, loss, len(y))[1]), accuracy(y_hat, y) / len(y)


def evaluate_accuracy(net, data_iter):
    """Return the fraction of examples in `data_iter` that `net` classifies correctly."""
    y_hat, y = predict(net, data_iter)
    return accuracy(y_hat, y) / len(y)


def evaluate_loss(net, data_iter, loss):
    """Return the mean loss on `data_iter`, for targets of the predictions' own shape or for classes.

    `loss` may have any `reduction`: a short last batch weighs only what it holds.
    """
    y_hat, y = predict(net, data_iter)
    y = y.reshape(y_hat.shape) if y.numel() == y_hat.numel() else y
    return float(_sum_and_mean(loss(y_hat, y), loss, y.numel())[1])


def confusion_matrix(y_hat, y, num_classes):
    """Return counts, int64 (num_classes, num_classes): row the true class, column the predicted one."""
    if y_hat.ndim > 1:
        y_hat = y_hat.argmax(dim=1)
    if len(y_hat) != len(y):
        raise ValueError(f"{len(y_hat)} predictions but {len(y)} labels: give one label a prediction.")
    return torch.bincount(y * num_classes + y_hat, minlength=num_classes**2).reshape(num_classes, -1)


# ---------------------------------------------------------------- training

@dataclasses.dataclass
class History:
    """What a training run did: a list entry an epoch, and in `batch_loss` one a minibatch."""
    train_loss: list = dataclasses.field(default_factory=list)
    train_acc: list = dataclasses.field(default_factory=list)
    test_loss: list = dataclasses.field(default_factory=list)
    test_acc: list = dataclasses.field(default_factory=list)
    seconds: list = dataclasses.field(default_factory=list)
    batch_loss: list = dataclasses.field(default_factory=list)

    def __str__(self):
        if not self.test_acc:
            return "no epoch finished"
        return (f"{len(self.test_acc)} epoch{'s' * (len(self.test_acc) > 1)} in {sum(self.seconds):.1f} s: train loss "
                f"{self.train_loss[-1]:.3f}, train accuracy {self.train_acc[-1]:.3f}, "
                f"test accuracy {self.test_acc[-1]:.3f}")

    __repr__ = __str__


def train_epoch(net, train_iter, loss, updater, scheduler=None, on_batch=None):
    """Train `net` for one epoch; return (mean training loss per example, training accuracy).

    `loss(y_hat, y)`: any `reduction`. `updater`: a `torch.optim.Optimizer`, or a function of the
    batch size that applies gradients of the *sum* of the losses, like `lambda n: sgd(params, lr, n)`.
    The result is the same for either. `scheduler.step()` is called after each batch;
    `on_batch(loss)` gets each batch's mean loss. The numbers are taken while the network learns
    (and with dropout on), as in d2l's `train_epoch_ch3`.
    Raises FloatingPointError when the loss is no longer a finite number.
    """
    if isinstance(net, nn.Module):
        net.train()
    metric, on = Accumulator(3), _device_of(net)  # sum of losses, correct predictions, examples
    for X, y in train_iter:
        X, y = X.to(on), y.to(on)
        y_hat = net(X)
        total, mean = _sum_and_mean(loss(y_hat, y), loss, len(y))
        value = mean.item()
        if not math.isfinite(value):
            raise FloatingPointError(f"The loss is {value} after {metric[2]:.0f} examples. Try a tenth of the "
                                     "learning rate, and a loss that takes logits (log-sum-exp inside).")
        if isinstance(updater, torch.optim.Optimizer):
            updater.zero_grad()
            mean.backward()
            updater.step()
        else:
            total.backward()
            updater(len(y))
        if scheduler is not None:
            scheduler.step()
        metric.add(value * len(y), accuracy(y_hat, y), len(y))
        if on_batch:
            on_batch(value)
    if not metric[2]:
        raise ValueError("train_iter gave no batch: is it empty, or a generator already used up?")
    return metric[0] / metric[2], metric[1] / metric[2]


def train(net, train_iter, test_iter, loss, num_epochs, updater, scheduler=None, history=None):
    """Train for `num_epochs`, testing after each; draw the curves, print a line, return the History.

    Arguments as for `train_epoch`. Give the `history` of an earlier run to go on with it.
    In a notebook the curves grow while you watch; interrupting the kernel keeps the network, the
    history and the picture of the epochs that were finished.
    """
    history = History() if history is None else history
    last = len(history.test_acc) + num_epochs
    animator = Animator(xlabel="epoch", ylabel=("loss (nats)", "accuracy"), xlim=(0.5, last + 0.5), ncols=2,
                        legend=("train loss", "test loss", "train accuracy", "test accuracy"),
                        panels=(0, 0, 1, 1), figsize=(8, 2.8), seconds_between=0.25)
    curves = ("train_loss", "test_loss", "train_acc", "test_acc")
    for epoch in range(len(history.test_acc)):
        animator.add(epoch + 1, [getattr(history, curve)[epoch] for curve in curves])
    bar = _Bar(num_epochs, len(train_iter) if hasattr(train_iter, "__len__") else None)
    try:
        for epoch in range(num_epochs):
            start, batch_loss = time.perf_counter(), []
            train_loss, train_acc = train_epoch(net, train_iter, loss, updater, scheduler,
                                                lambda value: (batch_loss.append(value), bar.step(epoch)))
            test_loss, test_acc = evaluate(net, test_iter, loss)
            values = (train_loss, test_loss, train_acc, test_acc)
            for curve, value in zip(curves, values):
                getattr(history, curve).append(value)
            history.seconds.append(time.perf_counter() - start)
            history.batch_loss += batch_loss
            animator.add(len(history.test_acc), values)
    except KeyboardInterrupt:
        print("Interrupted: the network, the history and the picture are kept.")
    finally:
        bar.close()
        ends = f"; test accuracy ends at {history.test_acc[-1]:.3f}" if history.test_acc else ""
        animator.finish(f"Loss and accuracy on training and test set against the epoch{ends}.")
        print(history)
    return history


train_epoch_ch3, train_ch3 = train_epoch, train


def predict_ch3(net, test_iter, n=6):
    """Show the first `n` Fashion-MNIST test images, each titled with its true and its predicted class."""
    X, y = next(iter(test_iter))
    X, y = X[:n], y[:n]
    with _evaluating(net):
        classes = net(X.to(_device_of(net))).argmax(dim=1)
    names = zip(_d2l.get_fashion_mnist_labels(y), _d2l.get_fashion_mnist_labels(classes))
    return show_images(X, 1, len(y), titles=[f"{true}\n{predicted}" for true, predicted in names])


# ---------------------------------------------------------------- pictures

def _in_notebook():
    return hasattr(get_ipython(), "kernel")


def _watched():
    """Whether somebody may be looking: a notebook's kernel that no test and no `make notebooks` started."""
    return _in_notebook() and not {"PYTEST_VERSION", "COURSE_STILL"} & os.environ.keys()


def show(fig, alt):
    """Show a figure in the notebook, with `alt` as its alternative text for those who can't see it.

    In a script the figure stays open for `plt.show()`.
    """
    if _in_notebook():
        display.display(fig, metadata={"image/png": {"alt": alt}})
        plt.close(fig)


def show_images(imgs, num_rows, num_cols, titles=None, scale=1.5, alt=None):
    """Show images, each (h, w) or (1, h, w), in a grid of `num_rows` by `num_cols`; return its axes.

    `titles`: a text an image. `scale`: inches an image. `alt`: alternative text, else made from the titles.
    """
    fig, axes = plt.subplots(num_rows, num_cols, figsize=(num_cols * scale, num_rows * scale),
                             squeeze=False, layout="constrained")
    fig.get_layout_engine().set(wspace=0.06, hspace=0.06)
    axes = axes.flatten()
    for ax in axes:
        ax.axis("off")
    for i, (ax, img) in enumerate(zip(axes, imgs)):
        img = img.detach().cpu().numpy() if torch.is_tensor(img) else np.asarray(img)
        ax.imshow(img[0] if img.ndim == 3 and img.shape[0] == 1 else img, cmap="gray_r")
        if titles is not None:
            ax.set_title(titles[i], fontsize=9)
    words = "; ".join(str(title).replace("\n", ", ") for title in titles) if titles is not None else ""
    show(fig, alt or f"{min(len(imgs), len(axes))} images in a grid. {words}".strip())
    return axes


def show_confusion_matrix(matrix, names, alt=None):
    """Show `confusion_matrix`'s counts with the classes' `names`; colour is the share of the true class."""
    matrix = torch.as_tensor(matrix)
    share = matrix / matrix.sum(dim=1, keepdim=True).clamp(min=1)
    fig, ax = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
    picture = ax.imshow(share.numpy(), cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(matrix.numpy()):
        ax.text(j, i, f"{count}", ha="center", va="center", fontsize=8, color="white" if share[i, j] > 0.5 else "black")
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted class", ylabel="true class")
    fig.colorbar(picture, ax=ax, label="share of the true class")
    lost = matrix.clone().fill_diagonal_(0)
    true, taken = divmod(int(lost.argmax()), len(names))
    show(fig, alt or f"Confusion matrix of {int(matrix.sum())} predictions, {int(matrix.diagonal().sum())} of them "
                     f"right; most often {names[true]} is taken for {names[taken]} ({int(lost.max())} times).")


def show_decision_boundary(predict, X, y, alt):
    """Show points X (n, 2) of classes y (n,) on the regions that `predict` assigns to each class.

    `predict` maps points (m, 2) to classes (m,). Classes differ by marker as well as by colour.
    """
    fig, ax = plt.subplots(figsize=(4.5, 4), layout="constrained")
    (x0, x1), (y0, y1) = [(float(v.min()) - 1, float(v.max()) + 1) for v in (X[:, 0], X[:, 1])]
    u, v = torch.meshgrid(torch.linspace(x0, x1, 200), torch.linspace(y0, y1, 200), indexing="xy")
    with torch.no_grad():
        regions = predict(torch.stack([u.flatten(), v.flatten()], dim=1)).reshape(u.shape)
    classes = sorted({int(c) for c in y.flatten()})
    ax.contourf(u, v, regions.float(), levels=[c - 0.5 for c in classes] + [classes[-1] + 0.5],
                colors=COLORS[:len(classes)], alpha=0.2)
    for c, color, marker in zip(classes, COLORS, "osD^vP"):
        ax.scatter(*X[y.flatten() == c].T, color=color, marker=marker, s=18, label=f"class {c}")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.legend()
    show(fig, alt)


class Animator:
    """Curves that grow in place while a loop runs; `add(x, y)` as in d2l, `finish(alt)` for the last picture.

    Beyond d2l's arguments: `panels` names the axes (0, 1, ...) that each curve is drawn in, `ylabel`
    may then be one text an axes, and `seconds_between` spaces the redraws of a fast loop. Nothing is
    drawn along the way in a script or a test.
    """

    def __init__(self, xlabel=None, ylabel=None, legend=None, xlim=None, ylim=None, xscale="linear", yscale="linear",
                 fmts=("-", "m--", "g-.", "r:"), nrows=1, ncols=1, figsize=(3.5, 2.5), panels=None, seconds_between=0):
        self.fig, axes = plt.subplots(nrows, ncols, figsize=figsize, squeeze=False, layout="constrained")
        self.axes, self.legend, self.panels = list(axes.flatten()), legend or [], panels
        self.ylabels = ylabel if isinstance(ylabel, (list, tuple)) else [ylabel] * len(self.axes)
        self.fmts = fmts if panels is None else ("o-", "s--") * len(panels)
        self.settings = {"xlabel": xlabel, "xlim": xlim, "ylim": ylim, "xscale": xscale, "yscale": yscale}
        self.X, self.Y = [], []
        self.handle, self.drawn, self.seconds_between = None, -math.inf, seconds_between
        if _in_notebook():
            plt.close(self.fig)  # we show it ourselves; else the notebook would do so again

    def add(self, x, y):
        """Add a point to each curve: `y` a number or one a curve (None for no point), `x` likewise."""
        y = list(y) if hasattr(y, "__len__") else [y]
        x = list(x) if hasattr(x, "__len__") else [x] * len(y)
        if not self.X:
            self.X, self.Y = [[] for _ in y], [[] for _ in y]
        for i, (a, b) in enumerate(zip(x, y)):
            if a is not None and b is not None:
                self.X[i].append(a)
                self.Y[i].append(float(b))
        if _watched() and time.monotonic() - self.drawn >= self.seconds_between:
            self._draw("Curves of a running computation.")

    def _draw(self, alt):
        for panel, (ax, ylabel) in enumerate(zip(self.axes, self.ylabels)):
            ax.cla()
            for i, (X, Y) in enumerate(zip(self.X, self.Y)):
                if (self.panels or [0] * len(self.X))[i] == panel:
                    ax.plot(X, Y, self.fmts[i % len(self.fmts)], markersize=3,
                            label=self.legend[i] if i < len(self.legend) else None)
            ax.set(ylabel=ylabel, **{key: value for key, value in self.settings.items() if value is not None})
            ax.grid(alpha=0.4)
            if self.settings["xlabel"] == "epoch" and ax.get_xscale() == "linear":
                ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
            if ax.get_legend_handles_labels()[0]:
                ax.legend()
        if _in_notebook():
            options = {"metadata": {"image/png": {"alt": alt}}}
            if self.handle is None:
                self.handle = display.display(self.fig, display_id=True, **options)
            else:
                self.handle.update(self.fig, **options)
        self.drawn = time.monotonic()

    def finish(self, alt):
        """Draw the last picture, with all points and its alternative text."""
        self._draw(alt)


class _Bar:
    """A progress bar over epochs and batches that leaves nothing behind; silent when nobody looks."""

    def __init__(self, num_epochs, num_batches):
        self.num_epochs, self.num_batches, self.done, self.drawn = num_epochs, num_batches, 0, 0.0
        self.handle = display.display(display.HTML(""), display_id=True) if _watched() else None

    def step(self, epoch):
        self.done += 1
        if self.handle is None or time.monotonic() - self.drawn < 0.25:
            return
        batch = self.done - epoch * (self.num_batches or 0)
        size = f' max="{self.num_epochs * self.num_batches}" value="{self.done}"' if self.num_batches else ""
        words = f"epoch {epoch + 1} of {self.num_epochs}, batch {batch} of {self.num_batches or '?'}"
        self.handle.update(display.HTML(f'<progress{size} aria-label="{escape(words)}"></progress> {words}'))
        self.drawn = time.monotonic()

    def close(self):
        if self.handle is not None:
            self.handle.update(display.HTML(""))


# ---------------------------------------------------------------- checkpoints

FORMAT = 1  # raise it when the layout below changes


def save_checkpoint(path, net, optimizer=None, history=None):
    """Save a network, its optimizer, the History and the random state; the file is whole or untouched.

    It is written beside `path` under another name, flushed to the disk and then renamed, so an
    interrupted save leaves the previous checkpoint as it was.
    """
    path = Path(path)
    content = {"format": FORMAT, "net": net.state_dict(), "optimizer": optimizer and optimizer.state_dict(),
               "history": history and dataclasses.asdict(history), "random": torch.get_rng_state(),
               "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []}
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        try:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
            file.close()  # Windows renames closed files only
            os.replace(file.name, path)
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise


def load_checkpoint(path, net, optimizer=None):
    """Load what `save_checkpoint` saved into `net` and `optimizer`; return the History.

    Sets PyTorch's random state as well, so that a resumed run continues with the numbers an unbroken
    one would have drawn. Nothing is changed unless everything fits. Only tensors and plain values
    are read (`weights_only=True`): a checkpoint from a stranger can't run code.
    Raises ValueError for a file that is no checkpoint, or another model's, and for an optimizer
    that was not made with `net.parameters()`.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, UnicodeDecodeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path} is no checkpoint of this course: damaged, or holding more than tensors and "
                         f"numbers ({reason}). Save it again with save_checkpoint.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise ValueError(f"{path} has checkpoint format {found}, this utils.py reads format {FORMAT}: "
                         "save it again with save_checkpoint.")
    here = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    there = {name: tuple(value.shape) for name, value in content["net"].items()}
    differing = [f"{name} is {there.get(name, 'missing')} in the file, {here.get(name, 'missing')} in your network"
                 for name in sorted(here.keys() | there.keys()) if here.get(name) != there.get(name)]
    if differing:
        raise ValueError(f"{path} holds another model: {'; '.join(differing[:4])}. "
                         "Build the network that was saved, then load.")
    if optimizer is not None:
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        if not {id(p) for p in net.parameters()} & held:
            raise ValueError("This optimizer holds another network's parameters: it would never move this one. "
                             "Make it anew from net.parameters(), then load.")
        if content["optimizer"] is None:
            raise ValueError(f"{path} has no optimizer state: load it without an optimizer.")
        optimizer.load_state_dict(content["optimizer"])
    net.load_state_dict(content["net"])
    torch.set_rng_state(content["random"])
    if torch.cuda.is_available() and len(content["random_cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(content["random_cuda"])
    return History(**content["history"]) if content["history"] else History()
