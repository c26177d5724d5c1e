"""What every lesson shares: data, metrics, training, pictures, checkpoints.

Read it from top to bottom; it takes one sitting. Everything public in ``d2l.torch`` is here too
(``Timer``, ``sgd``, ``linreg``, ``synthetic_data``, ``plt`` ...), so a program written for
*Dive into Deep Learning*, chapter 3, runs when its import line becomes ``import utils as d2l``.
What d2l does slowly, wrongly or not at all is defined below, under d2l's own name where it has one.

Import this module before torchvision or d2l (the next lines say why).
"""
import contextlib
import dataclasses
import errno
import io
import itertools
import math
import os
import random
import shutil
import socket
import struct
import sys
import tempfile
import threading
import time
import urllib.error
import zlib
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
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from pictures import *  # noqa: F403
from pictures import Animator, ProgressBar, show_images, use_svg_display

HERE = Path(__file__).resolve().parent
SAMPLE = HERE / "data" / "sample"

_d2l.use_svg_display = use_svg_display  # d2l's own needs an IPython before 9


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


_failed = set()  # downloads that failed, so that each is tried, and told, once


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
    if mode == "auto" and (name, root) in _failed:
        return SAMPLE, "sample"
    try:
        _download(name, root)
        return root, "real"
    except (OSError, RuntimeError) as error:
        reason = _reason(error, root)
        if mode == "real":
            raise RuntimeError(f"{name} is not in {root} and could not be downloaded: {reason}. Or name a folder "
                               "that has it in COURSE_DATA_DIR, or set COURSE_DATA=sample to learn on the "
                               "drawn sample.") from error
        _failed.add((name, root))
        print(f"{name} could not be downloaded: {reason}. The drawn sample stands in: 4,000 + 1,000 "
              "images, so accuracies differ from the text. Restart the kernel to try again.")
        return SAMPLE, "sample"


PATIENCE = 8  # seconds without a byte, after which a download is given up


def _download(name, root):
    """Fetch a set from torchvision's mirrors, by its functions and MD5 sums; whole or not at all.

    A thread does the work, because a name look-up that hangs can't be interrupted, only left behind.
    Files that somebody has put into raw/ as .gz are used, not fetched.
    """
    _sweep(root, ".download-")
    kind, tools = getattr(torchvision.datasets, name), torchvision.datasets.utils
    errors, given_up, timeout = [], threading.Event(), socket.getdefaulttimeout()
    with tempfile.TemporaryDirectory(dir=root, prefix=".download-", ignore_cleanup_errors=True) as scratch:
        raw = Path(scratch, name, "raw")
        raw.mkdir(parents=True)
        for file, md5 in kind.resources:
            packed = Path(root, name, "raw", file)
            if _exists(packed):
                if not tools.check_integrity(packed, md5):
                    raise ValueError(f"{packed} is not {name}'s file of that name (a web page saved under it, or half "
                                     "a download?). Delete it and load again.")
                shutil.copy(packed, raw)

        def fetch():
            for file, md5 in kind.resources:
                for mirror in kind.mirrors:
                    if given_up.is_set():
                        return
                    try:
                        tools.download_and_extract_archive(mirror + file, raw, filename=file, md5=md5)
                        errors.clear()
                        break
                    except Exception as error:
                        errors.append(error)
                else:
                    return  # no mirror has this file: the others would be of no use

        thread = threading.Thread(target=fetch, daemon=True)
        try:
            socket.setdefaulttimeout(PATIENCE / 2)  # so that the second mirror has its turn
            thread.start()
            size, since = -1, time.monotonic()
            while thread.is_alive():
                thread.join(0.05)
                now = sum(path.stat().st_size for path in raw.iterdir())
                if now != size:
                    size, since = now, time.monotonic()
                elif time.monotonic() - since > PATIENCE:
                    raise TimeoutError(f"no byte came for {PATIENCE} seconds")
        finally:
            given_up.set()
            socket.setdefaulttimeout(timeout)
        if errors:
            raise errors[0]
        for path in raw.glob("*-ubyte"):
            target = Path(root, name, "raw", path.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)


_LOCAL = {errno.ENOSPC: "is full: free 100 MB", errno.EDQUOT: "is full for you: free 100 MB",
          **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "can't be written: mend its permissions")}


def _reason(error, root):
    """Say why a download failed and what helps, in half a sentence."""
    if getattr(error, "errno", None) in _LOCAL:
        return f"the folder {root} {_LOCAL[error.errno]}, or name another in COURSE_DATA_DIR"
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.url} answered {error.code} ({error.reason}), so try again later"
    if "corrupted" in str(error):
        return ("what came is not the data set: cut off, or a login page of your network in its place. "
                "Open any web page in a browser, then try again")
    detail = " ".join(str(getattr(error, "reason", "") or error).split()) or type(error).__name__
    return f"no answer from the data set's server ({detail}). Connect to the network, then try again"


def _sweep(folder, prefix):
    """Remove what killed processes left in `folder` more than a day ago."""
    for old in folder.iterdir():
        with contextlib.suppress(OSError):  # another kernel may be sweeping too
            if old.name.startswith(prefix) and time.time() - old.stat().st_mtime > 86_400:
                shutil.rmtree(old) if old.is_dir() else old.unlink()


# Checksums of whole files: images and labels for training, then for testing. gzip stores the same ones.
CRC32 = {"MNIST": (0xe9f4d8b3, 0xe0cb4ad2, 0x91373bdf, 0x4ab9eff9),
         "FashionMNIST": (0xb4f29f28, 0x741a4657, 0x678fe0b1, 0x80142c1f)}


def _read(root, name, train, source):
    """Return images, uint8 (n, 28, 28), and labels, int64 (n,), of a set that is what its name says."""
    paths, count = _files(root, name, train), {"real": (60_000, 10_000), "sample": (4_000, 1_000)}[source][not train]
    cure = f"Delete {paths[0].parent} and load again (or copy the set there anew)."
    if source == "sample":
        cure = "Run `python data/draw_sample.py` to draw the sample anew."
    (images, images_crc), (labels, labels_crc) = [
        _read_idx(path, magic, sides, cure) for path, magic, sides in zip(paths, (2051, 2049), ((28, 28), ()))]
    if not len(images) == len(labels) == count:
        raise ValueError(f"{paths[0].parent} holds {len(images):,} images and {len(labels):,} labels where {name} has "
                         f"{count:,}. {cure}")
    for path, crc, right in zip(paths, (images_crc, labels_crc), CRC32[name][0 if train else 2:]):
        if source == "real" and crc != right:
            raise ValueError(f"{path} is damaged, or another set's file: its checksum is {crc:08x}, {name}'s is "
                             f"{right:08x}. {cure}")
    if labels.max() > 9:
        raise ValueError(f"{paths[1]} holds a label above 9. {cure}")
    return images, labels.long()


def _read_idx(path, magic, sides, cure):
    """Return an IDX file's array, uint8 (n, *sides), and the file's CRC-32; `cure` ends each error."""
    start = 8 + 4 * len(sides)
    try:
        with path.open("rb") as file:
            header, size = file.read(start), os.fstat(file.fileno()).st_size
            if len(header) < start or struct.unpack_from(">I", header) != (magic,):
                raise ValueError(f"{path} is no IDX file of this kind: it begins with {header[:8]!r}. {cure}")
            shape = struct.unpack_from(f">{1 + len(sides)}I", header, 4)
            if shape[1:] != sides or size != start + math.prod(shape):
                raise ValueError(f"{path} is damaged: its header promises {start + math.prod(shape):,} bytes and images "
                                 f"of {shape[1:]}, it has {size:,} bytes. {cure}")
            array = np.fromfile(file, np.uint8, count=math.prod(shape))
    except OSError as error:
        raise _unreadable(path, error) from error
    return torch.from_numpy(array).reshape(shape), zlib.crc32(array, zlib.crc32(header))


# ---------------------------------------------------------------- metrics

def accuracy(y_hat, y):
    """Return the number of correct predictions, a float (divide by `len(y)` for the fraction).

    `y_hat`: scores (n, num_classes), of which the largest wins, or predicted classes (n,).
    `y`: classes (n,). Shapes that don't fit raise ValueError rather than broadcast, and so does a
    label that has no score.
    """
    if y_hat.ndim == 2 and y_hat.shape[1] > 1 and y.dtype in (torch.int64, torch.int32, torch.uint8) and y.numel():
        low, high = (int(value) for value in y.aminmax())
        if low < 0 or high >= y_hat.shape[1]:
            raise ValueError(f"Label {low if low < 0 else high} has no score: the network gives {y_hat.shape[1]} an "
                             "example. Number the classes from 0 and give the last layer one output a class.")
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
    """Return the one device of a module's parameters and buffers; of a plain function, the CPU."""
    places = {}
    if isinstance(net, nn.Module):
        for name, tensor in itertools.chain(net.named_parameters(), net.named_buffers()):
            places.setdefault(tensor.device, name)
    if len(places) > 1:
        raise ValueError("The network lies on more than one device: " + ", ".join(
            f"{name} on {place}" for place, name in places.items()) + ". Move all of it: net.to(utils.device()).")
    return next(iter(places), torch.device("cpu"))


def _scores(net, X):
    """Return net(X), with advice where the two lie on different devices."""
    try:
        return net(X)
    except RuntimeError as error:
        if not any(words in str(error) for words in ("on the same device", "on the expected device")):
            raise
        raise ValueError(f"The batch is on {X.device}, but the network uses tensors elsewhere ({error}). A module is "
                         "moved with net.to(utils.device()); what a function uses must be made on the CPU.") from error


def _no_batch(name):
    return ValueError(f"{name} gave no batch: is it empty, or a generator already used up?")


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
        on = _device_of(net)
        batches = [(_scores(net, X.to(on)).cpu(), y.cpu()) for X, y in data_iter]
    if not batches:
        raise _no_batch("data_iter")
    return tuple(torch.cat(parts) for parts in zip(*batches))


def evaluate(net, data_iter, loss):
    """Return (mean loss, accuracy) of `net` on a data set of classes, every example counting the same."""
    y_hat, y = predict(net, data_iter)
    correct = accuracy(y_hat, y)  # first, for its checks
    return float(_sum_and_mean(loss(y_hat, y), loss, len(y))[1]), correct / len(y)


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
    Raises FloatingPointError when the loss is no longer a finite number, and ValueError for what can't
    be trained: no batch, a label without a score, two devices.
    """
    if isinstance(net, nn.Module):
        net.train()
    metric, on = Accumulator(3), _device_of(net)  # sum of losses, correct predictions, examples
    for X, y in train_iter:
        X, y = X.to(on), y.to(on)
        y_hat = _scores(net, X)
        correct = accuracy(y_hat, y)  # before the loss, for its checks
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
        metric.add(value * len(y), correct, len(y))
        if on_batch:
            on_batch(value)
    if not metric[2]:
        raise _no_batch("train_iter")
    return metric[0] / metric[2], metric[1] / metric[2]


def train(net, train_iter, test_iter, loss, num_epochs, updater, scheduler=None, history=None):
    """Train for `num_epochs`, testing after each; draw the curves, print a line, return the History.

    Arguments as for `train_epoch`. Give the `history` of an earlier run to go on with it.
    In a notebook the curves grow while you watch; interrupting the kernel keeps the network, the
    history and the picture of the epochs that were finished.
    """
    for name, data_iter in (("train_iter", train_iter), ("test_iter", test_iter)):
        if hasattr(data_iter, "__len__") and not len(data_iter):
            raise _no_batch(name)
    history = History() if history is None else history
    last = len(history.test_acc) + num_epochs
    animator = Animator(xlabel="epoch", ylabel=("loss (nats)", "accuracy"), xlim=(0.5, last + 0.5), ncols=2,
                        legend=("train loss", "test loss", "train accuracy", "test accuracy"),
                        panels=(0, 0, 1, 1), figsize=(8, 2.8), seconds_between=0.25)
    curves = ("train_loss", "test_loss", "train_acc", "test_acc")
    for epoch in range(len(history.test_acc)):
        animator.add(epoch + 1, [getattr(history, curve)[epoch] for curve in curves])
    bar = ProgressBar(num_epochs, len(train_iter) if hasattr(train_iter, "__len__") else None)
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
    packed, scratch = io.BytesIO(), None
    torch.save(content, packed)
    try:
        _sweep(path.parent, f".{path.name}-")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            scratch = file.name
            file.write(packed.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)  # after closing: Windows renames closed files only
    except BaseException as error:
        if scratch is not None:
            os.unlink(scratch)
        if not isinstance(error, OSError):
            raise
        raise OSError(f"{path} could not be saved ({error.strerror}); what was there before is untouched. Free some space, or "
                      "save into a folder that exists and that you may write to.") from error


def load_checkpoint(path, net, optimizer=None):
    """Load what `save_checkpoint` saved into `net` and `optimizer`; return the History.

    Sets PyTorch's random state as well, so that a resumed run continues with the numbers an unbroken
    one would have drawn. Nothing is changed unless everything fits. Only tensors and plain values
    are read (`weights_only=True`): a checkpoint from a stranger can't run code.
    Raises ValueError for a file that is no checkpoint, or another model's, and for an optimizer
    that was not made with `net.parameters()`.
    """
    packed = io.BytesIO(Path(path).read_bytes())  # so that an OSError below is about the content
    try:
        content = torch.load(packed, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises many kinds for what it can't read
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path} is no checkpoint of this course: damaged, or holding more than tensors and "
                         f"numbers ({reason}). Save it again with save_checkpoint.") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        cure = "update the course" if isinstance(found, int) and found > FORMAT else "save it again with save_checkpoint"
        raise ValueError(f"{path} has checkpoint format {found}, this utils.py reads format {FORMAT}: {cure}.")
    lacking = {"net", "optimizer", "history", "random", "random_cuda"} - content.keys()
    if lacking:
        raise ValueError(f"{path} lacks {', '.join(sorted(lacking))}: save it again with save_checkpoint.")
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
