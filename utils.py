"""What every lesson shares: metrics, training, checkpoints; and, handed on, data (image_data.py) and pictures (pictures.py).

Read it from top to bottom; it takes one sitting. Everything public in ``d2l.torch`` is here too
(``Timer``, ``sgd``, ``linreg``, ``synthetic_data``, ``plt`` ...), so a program written for
*Dive into Deep Learning*, chapter 3, runs when its import line becomes ``import utils as d2l``.
What d2l does slowly, wrongly or not at all is defined here, under d2l's own name where it has one.

Import this module before torch, torchvision or d2l (compat.py says why).
"""
import compat  # noqa: F401  before torch

import contextlib
import copy
import dataclasses
import functools
import importlib.util
import io
import math
import os
import random
import symtable
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Sized
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

import guards
import image_data
import pictures
from image_data import *  # noqa: F403
from image_data import get_fashion_mnist_labels, positive, sweep
from pictures import *  # noqa: F403
from pictures import Animator, ProgressBar, show_images


# ---------------------------------------------------------------- d2l's own names

@functools.cache
def _d2l_names():
    """The public names of d2l.torch, read from its source: importing it takes as long as all that is imported above."""
    try:
        source = importlib.util.find_spec("d2l.torch").loader.get_source("d2l.torch")
    except ModuleNotFoundError:
        return frozenset()
    symbols = symtable.symtable(source, "d2l.torch", "exec").get_symbols()
    return frozenset(symbol.get_name() for symbol in symbols
                     if (symbol.is_assigned() or symbol.is_imported()) and not symbol.get_name().startswith("_"))


def __getattr__(name):
    """Import d2l when one of its names is first used."""
    if name == "__all__":  # `from utils import *`
        return sorted(__dir__())
    if name not in _d2l_names():
        lacking = "" if _d2l_names() else " (d2l is not installed, which has more)"
        raise AttributeError(f"module 'utils' has no attribute {name!r}{lacking}")
    from d2l import torch as d2l
    return globals().setdefault(name, getattr(d2l, name))


def __dir__():
    ours = {name for name, item in globals().items() if getattr(item, "__module__", None) == __name__}
    public = {name for name in ours if not name.startswith("_")} | {*image_data.__all__, *pictures.__all__}
    return public | _d2l_names()


# ---------------------------------------------------------------- what signatures name

Net = Callable[[torch.Tensor], torch.Tensor]  # a module, or a function of X
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # of y_hat and y
Updater = torch.optim.Optimizer | Callable[[int], object]  # or a function of the batch size


# ---------------------------------------------------------------- seeds and devices

def set_seed(seed: int) -> None:
    """Start the random numbers of Python, NumPy and PyTorch (CPU and GPU) from `seed`, an int >= 0."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def device() -> torch.device:
    """Return the best device here: CUDA, else Apple's MPS, else the CPU (a `torch.device`)."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


# ---------------------------------------------------------------- metrics

def accuracy(y_hat, y) -> float:
    """Return the number of correct predictions, a float (divide by `len(y)` for the fraction).

    `y_hat`: scores (n, num_classes), of which the largest wins, or predicted classes (n,).
    `y`: classes (n,), or with scores also one-hot or soft targets (n, num_classes), of which the largest counts.
    What doesn't fit raises ValueError rather than broadcast, and so does a label that has no score.
    """
    predicted, true = guards.classes(y_hat, y)
    return float((predicted == true).sum())


def confusion_matrix(y_hat, y, num_classes: int) -> torch.Tensor:
    """Return counts, int64 (num_classes, num_classes): row the true class, column the predicted one.

    `y_hat`, `y`: as for `accuracy`, with classes from 0 to num_classes - 1; others raise ValueError.
    """
    num_classes = positive("num_classes", num_classes)
    predicted, true = guards.classes(y_hat, y)
    for what, classes in (("label", true), ("prediction", predicted)):
        outside = classes[(classes < 0) | (classes >= num_classes)]
        if len(outside):
            raise ValueError(f"There is a {what} {int(outside[0])}, but num_classes is {num_classes}: classes are numbered "
                             f"from 0 to {num_classes - 1}.")
    return torch.bincount(true * num_classes + predicted, minlength=num_classes**2).reshape(num_classes, num_classes)


@contextlib.contextmanager
def _evaluating(net):
    """Switch a module to evaluation mode without gradients, and each of its layers back to its own mode afterwards."""
    modes = [(layer, layer.training) for layer in net.modules()] if isinstance(net, nn.Module) else []
    if modes:
        net.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for layer, mode in modes:
            layer.training = mode


def _mean_loss(loss, y_hat, y):
    """Return the mean loss of a whole data set at once, a float: what PyTorch's reduction="mean" makes of it."""
    loss = guards.mean_version(loss)
    with torch.no_grad():
        l = loss(y_hat, y)
    kind = guards.reduction(loss, l, y_hat, y)
    return float(l) / len(y) if kind == "sum" else float(l.mean())


class _Rows:
    """Batches put one after the other into a tensor that doubles when it is full.

    A list of them would leave a thousand small pieces all over memory, and between them holes that nothing else fits
    into: 200 MB more after an epoch of MNIST.
    """

    def __init__(self):
        self.rows, self.n = None, 0

    def append(self, batch):
        start, self.n = self.n, self.n + len(batch)
        if self.rows is None or self.n > len(self.rows):
            rows = batch.new_empty((2 * self.n, *batch.shape[1:]))
            if start:
                rows[:start] = self.rows[:start]
            self.rows = rows
        self.rows[start:self.n] = batch

    def tensor(self):
        return self.rows[:self.n]


def predict(net: Net, data_iter: Iterable) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (y_hat, y) of a whole data set on the CPU: scores (n, num_classes) and labels (n,).

    Computed in evaluation mode, without gradients; raises ValueError where there is no batch.
    """
    return tuple(part.cpu() for part in _predict(net, data_iter))


def _predict(net, data_iter):
    """`predict` where the network lies, and with it the weights of a loss."""
    scores, labels = _Rows(), _Rows()
    with _evaluating(net):
        for X, y in guards.batches(net, data_iter):
            scores.append(guards.scores(net, X))
            labels.append(y)
    return scores.tensor(), labels.tensor()


def evaluate(net: Net, data_iter: Iterable, loss: Loss) -> tuple[float, float]:
    """Return (mean loss, accuracy) of `net` on a data set of classes, every example counting the same.

    `loss(y_hat, y)`: of any `reduction`; with class weights the mean is PyTorch's own for the whole set at once (weights inside
    a function of yours that returns a sum, or one value for each example, can't be seen: its mean is over the examples).
    """
    y_hat, y = _predict(net, data_iter)
    y = guards.targets(y_hat, y)
    return _mean_loss(loss, y_hat, y), accuracy(y_hat, y) / len(y)


def evaluate_accuracy(net: Net, data_iter: Iterable) -> float:
    """Return the fraction of examples in `data_iter` that `net` classifies correctly."""
    y_hat, y = _predict(net, data_iter)
    return accuracy(y_hat, y) / len(y)


def evaluate_loss(net: Net, data_iter: Iterable, loss: Loss) -> float:
    """Return the mean loss on `data_iter`, for targets of the predictions' own shape or for classes.

    `loss` may have any `reduction`: a short last batch weighs only what it holds.
    """
    y_hat, y = _predict(net, data_iter)
    y = y.reshape(y_hat.shape).to(y_hat.dtype) if y.numel() == y_hat.numel() else guards.targets(y_hat, y)
    return _mean_loss(loss, y_hat, y)


# ---------------------------------------------------------------- training

@dataclasses.dataclass
class History:
    """What a training run did: a list entry an epoch, and in `batch_loss` one a minibatch."""
    train_loss: list[float] = dataclasses.field(default_factory=list)
    train_acc: list[float] = dataclasses.field(default_factory=list)
    test_loss: list[float] = dataclasses.field(default_factory=list)
    test_acc: list[float] = dataclasses.field(default_factory=list)
    seconds: list[float] = dataclasses.field(default_factory=list)
    batch_loss: list[float] = dataclasses.field(default_factory=list)

    def __str__(self):
        if not self.test_acc:
            return "no epoch finished"
        return (f"{len(self.test_acc)} epoch{'s' * (len(self.test_acc) > 1)}, {sum(self.seconds):.1f} s: train loss "  # in a narrow
                f"{self.train_loss[-1]:.3f}, accuracy {self.train_acc[-1]:.3f}; test accuracy {self.test_acc[-1]:.3f}")  # cell, one line

    __repr__ = __str__


def _end_epoch(scheduler, loss, acc):
    """Step a schedule that counts epochs; one that waits for a plateau is given what it watches, loss or accuracy."""
    if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
        scheduler.step(acc if scheduler.mode == "max" else loss)
    else:
        scheduler.step()


def train_epoch(net: Net, train_iter: Iterable, loss: Loss, updater: Updater, scheduler=None,
                on_batch: Callable[[float], object] | None = None) -> tuple[float, float]:
    """Train `net` for one epoch; return (mean training loss per example, training accuracy).

    `train_iter`: batches of X and y, y as for `accuracy`. `loss(y_hat, y)`: of any `reduction`, which is found out.
    `updater`: a `torch.optim.Optimizer`, or a function of the batch size that applies gradients of the *sum* of the losses,
    like `lambda n: sgd(params, lr, n)`. The result is the same for either. `scheduler.step()` is called after each batch for
    what counts batches (OneCycleLR, CyclicLR, a class of your own), after the epoch for PyTorch's other schedules;
    `on_batch(loss)` gets each batch's mean loss. Both numbers are of the scores as they were while the network learned
    (and with dropout on), as in d2l's `train_epoch_ch3`; a loss that returns a mean is taken once more over all of them, at
    the end, so that class weights count as in PyTorch's own mean.
    Raises FloatingPointError when the loss is no longer a finite number, and ValueError for what can't
    be trained: no batch, a label without a score, two devices, a loss that is neither mean nor sum.
    """
    if isinstance(net, nn.Module):
        net.train()
    by_epoch, loss, kind = guards.counts_epochs(scheduler, updater), guards.mean_version(loss), None
    scores, labels, total_loss, seen = _Rows(), _Rows(), 0.0, 0
    for X, y in guards.batches(net, train_iter, "train_iter"):
        y_hat = guards.scores(net, X)
        y = guards.targets(y_hat, y)
        l = loss(y_hat, y)
        n, kind = len(y), kind or guards.reduction(loss, l, y_hat, y)
        mean = l / n if kind == "sum" else l.mean() if l.ndim else l
        value = mean.item()
        if not math.isfinite(value):
            raise FloatingPointError(f"The loss is {value} after {seen} examples. Try a tenth of the "
                                     "learning rate, and a loss that takes logits (log-sum-exp inside).")
        if isinstance(updater, torch.optim.Optimizer):
            updater.zero_grad()
            mean.backward()
            updater.step()
        else:
            (l.sum() if kind == "sum" or l.shape == (n,) else mean * n).backward()
            updater(n)
        if scheduler is not None and not by_epoch:
            scheduler.step()
        scores.append(y_hat.detach())
        labels.append(y)
        total_loss, seen = total_loss + value * n, seen + n
        if on_batch:
            on_batch(value)
    y_hat, y = scores.tensor(), labels.tensor()
    train_loss = total_loss / seen
    if kind == "mean":
        with torch.no_grad():
            train_loss = float(loss(y_hat, y))
    train_acc = accuracy(y_hat, y) / seen
    if by_epoch:
        _end_epoch(scheduler, train_loss, train_acc)
    return train_loss, train_acc


def train(net: Net, train_iter: Iterable, test_iter: Iterable, loss: Loss, num_epochs: int, updater: Updater, scheduler=None,
          history: History | None = None) -> History:
    """Train for `num_epochs`, testing after each; draw the curves, print a line, return the History.

    Arguments as for `train_epoch`; a schedule that waits for a plateau watches the test set. Give the `history` of an
    earlier run to go on with it. In a notebook the curves grow while you watch; interrupting the kernel keeps the network,
    the history and the picture of the epochs that were finished. An error has that history too, as its `history`.
    """
    for name, data_iter in (("train_iter", train_iter), ("test_iter", test_iter)):
        if isinstance(data_iter, Sized) and not len(data_iter):
            raise guards.no_batch(name)
    num_batches = len(train_iter) if isinstance(train_iter, Sized) else None
    by_epoch = guards.counts_epochs(scheduler, updater)
    if isinstance(scheduler, torch.optim.lr_scheduler.OneCycleLR) and num_batches:
        needed, left = num_epochs * num_batches, scheduler.total_steps - scheduler.last_epoch
        if needed > left:
            raise ValueError(f"The schedule has {left} steps left, and {num_epochs} epochs of {num_batches} batches take {needed}: "
                             f"make it with total_steps={needed}, or train for fewer epochs.")
    history = History() if history is None else history
    last = len(history.test_acc) + num_epochs
    animator = Animator(xlabel="epoch", ylabel=("loss (nats)", "accuracy"), xlim=(0.5, last + 0.5), ncols=2,
                        legend=("train loss", "test loss", "train accuracy", "test accuracy"),
                        panels=(0, 0, 1, 1), figsize=(8, 2.8), seconds_between=0.25)
    curves = ("train_loss", "test_loss", "train_acc", "test_acc")
    for epoch in range(len(history.test_acc)):
        animator.add(epoch + 1, [getattr(history, curve)[epoch] for curve in curves])
    bar = ProgressBar(num_epochs, num_batches)
    try:
        for epoch in range(num_epochs):
            start, batch_loss = time.perf_counter(), []
            train_loss, train_acc = train_epoch(net, train_iter, loss, updater, None if by_epoch else scheduler,
                                                lambda value: (batch_loss.append(value), bar.step(epoch)))
            test_loss, test_acc = evaluate(net, test_iter, loss)
            if by_epoch:
                _end_epoch(scheduler, test_loss, test_acc)
            values = (train_loss, test_loss, train_acc, test_acc)
            for curve, value in zip(curves, values):
                getattr(history, curve).append(value)
            history.seconds.append(time.perf_counter() - start)
            history.batch_loss += batch_loss
            animator.add(len(history.test_acc), values)
    except KeyboardInterrupt:
        print("Interrupted: the network, the history and the picture are kept.")
    except Exception as error:
        with contextlib.suppress(Exception):  # of a kind that takes no attributes
            error.history = history  # type: ignore[attr-defined]
        raise
    finally:
        bar.close()
        ends = f"; test accuracy ends at {history.test_acc[-1]:.3f}" if history.test_acc else ""
        animator.finish(f"Loss and accuracy on training and test set against the epoch{ends}.")
        print(history)
    return history


train_epoch_ch3, train_ch3 = train_epoch, train


def predict_ch3(net: Net, test_iter: Iterable, n: int = 6) -> np.ndarray:
    """Show the first `n` Fashion-MNIST test images, each titled with its true and its predicted class."""
    X, y = next(iter(test_iter))
    X, y = X[:n], y[:n]
    with _evaluating(net):
        classes = net(X.to(guards.home_of(net)[0])).argmax(dim=1)
    names = zip(get_fashion_mnist_labels(y), get_fashion_mnist_labels(classes))
    return show_images(X, 1, len(y), titles=[f"{true}\n{predicted}" for true, predicted in names])


# ---------------------------------------------------------------- checkpoints

def _umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def save_checkpoint(path: str | os.PathLike, net: nn.Module, optimizer: torch.optim.Optimizer | None = None,
                    history: History | None = None, scheduler=None) -> None:
    """Save a network, its optimizer, the History, the schedule and the random state; the file is whole or untouched.

    It is written beside `path` under another name, flushed to the disk and then renamed, so an
    interrupted save leaves the previous checkpoint as it was. Raises ValueError for what could not be loaded again,
    OSError where the file can't be written.
    """
    path = Path(os.path.realpath(Path(path).expanduser()))  # a link stays one
    guards.check_schedule(scheduler, optimizer)
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is no ordinary file, so nothing is saved there: name another.")
    for name, value in net.state_dict().items():
        if is_lazy(value) or getattr(value, "is_meta", False):
            raise ValueError(f"{name} has no numbers yet: run a batch through the network, then save it.")
    content = {"format": guards.FORMAT, "net": net.state_dict(), "history": None if history is None else dataclasses.asdict(history),
               "optimizer": None if optimizer is None else optimizer.state_dict(),
               "optimizer_kind": None if optimizer is None else guards.kind_of(optimizer),
               "optimizer_names": None if optimizer is None else guards.names_of(optimizer, net),
               "scheduler": None if scheduler is None else scheduler.state_dict(),
               "scheduler_kind": None if scheduler is None else guards.kind_of(scheduler),
               "random": torch.get_rng_state(),
               "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []}
    packed, scratch = io.BytesIO(), None
    try:
        torch.save(content, packed)
        packed.seek(0)
        torch.load(packed, map_location="cpu", weights_only=True)
    except Exception as error:  # many kinds, for what can't be packed or unpacked
        raise ValueError(f"{path} is not saved: what it should hold is more than tensors and plain values, and could not be loaded again "
                         f"({guards.first_line(error)}).") from error
    try:
        sweep(path.parent, f".{path.name}-")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            scratch = file.name
            file.write(packed.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, path.stat().st_mode if path.exists() else 0o666 & ~_umask())  # the temporary file is its owner's only
        os.replace(scratch, path)  # after closing: Windows renames closed files only
    except BaseException as error:
        if scratch is not None:
            os.unlink(scratch)
        if not isinstance(error, OSError):
            raise
        raise OSError(f"{path} could not be saved ({error.strerror}); what was there before is untouched. Free some space, or "
                      "save into a folder that exists and that you may write to.") from error


def load_checkpoint(path: str | os.PathLike, net: nn.Module, optimizer: torch.optim.Optimizer | None = None,
                    scheduler=None) -> History:
    """Load what `save_checkpoint` saved into `net`, `optimizer` and `scheduler`; return the History.

    Sets PyTorch's random state as well, so that a resumed run continues with the numbers an unbroken
    one would have drawn. Nothing is changed unless everything fits. Only tensors and plain values
    are read (`weights_only=True`): a checkpoint from a stranger can't run code.
    Raises ValueError for a file that is no checkpoint, or another model's, and for an optimizer or a schedule
    of another kind or of other parameters.
    """
    path = Path(path).expanduser()
    content = guards.read_checkpoint(path)
    try:
        history = History(**(content["history"] or {}))
    except TypeError as error:
        raise ValueError(f"{path} has a history that this utils.py does not know ({error}): update the course.") from error
    try:
        state = guards.fitting(path, content["net"], net)
        if optimizer is not None:
            guards.check_optimizer(path, content, net, optimizer)
        guards.check_schedule(scheduler, optimizer, path, content)
    except (AttributeError, TypeError, LookupError) as error:  # fields of another make than save_checkpoint's
        raise ValueError(f"{path} does not fit ({guards.first_line(error)}); nothing is changed.") from error
    if scheduler is None and optimizer is not None and content["scheduler"] is not None:
        warnings.warn(f"{path} has a schedule ({content['scheduler_kind']}), which is left out: without scheduler=... the run goes on at "
                      "the rate where it stopped.", stacklevel=2)
    parts = [(part, new) for part, new in ((optimizer, content["optimizer"]), (scheduler, content["scheduler"]), (net, state))
             if part is not None]
    before = [copy.deepcopy(part.state_dict()) for part, _ in parts if part is not net]
    before += [{name: value if is_lazy(value) else copy.deepcopy(value) for name, value in net.state_dict().items()}]
    try:
        for part, new in parts:
            part.load_state_dict(new)
    except Exception as error:
        for (part, _), old in zip(parts, before):
            with contextlib.suppress(Exception):
                part.load_state_dict(old)
        raise ValueError(f"{path} does not fit ({guards.first_line(error)}); nothing is changed.") from error
    torch.set_rng_state(content["random"])
    if torch.cuda.is_available() and len(content["random_cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(content["random_cuda"])
    return history
