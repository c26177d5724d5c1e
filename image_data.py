"""Images for the lessons: found, fetched, verified, kept in memory, and given out a whole batch at a time.

`utils` takes everything in `__all__` from here, so lessons say `utils.load_data_mnist`. Which data: the environment
variables COURSE_DATA and COURSE_DATA_DIR, see data/README.md.
"""
import compat  # noqa: F401  before torch

import contextlib
import errno
import gzip
import io
import math
import operator
import os
import shutil
import socket
import struct
import tempfile
import threading
import time
import urllib.error
import zlib
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler, Subset, TensorDataset

__all__ = ["HERE", "SAMPLE", "DataLoader", "ImageSet", "get_fashion_mnist_labels", "load_data_fashion_mnist",
           "load_data_mnist", "whole_batches"]

HERE = Path(__file__).resolve().parent
SAMPLE = HERE / "data" / "sample"
SETS = ("mnist", "fashionmnist")  # as _plain writes them
GARMENTS = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


# ---------------------------------------------------------------- what a lesson uses

class ImageSet(Dataset):
    """Images and labels held in memory, of which a whole batch is one indexing operation.

    `images`: (n, h, w), (n, 1, h, w) or (n, 3, h, w), a tensor or a NumPy array, of bytes (or other whole numbers from 0
    to 255) or of floats in [0, 1]. `labels`: whole numbers (n,). `resize`: side of the square that images are scaled to.
    `mean`, `std`: a number, or one for each channel. `source`: "real" or "sample", for whoever wants to know.

    `dataset[3]` gives X, float32 (1, h, w) or (3, h, w), and y, int64 (); `dataset[:5]`, `dataset[[3, 1]]` and a
    mask give a batch, X (5, 1, h, w) and y (5,). Pixels lie in [0, 1], or, with `mean` and `std`, are (pixel - mean) / std.
    Raises ValueError for anything else, in words, and IndexError for an index outside the set.
    """

    def __init__(self, images, labels, resize=None, mean=0.0, std=1.0, source="real"):
        self.images, self.labels = _pixels(images), _whole_numbers(labels)
        if len(self.images) != len(self.labels):
            raise ValueError(f"{len(self.images)} images but {len(self.labels)} labels: give one label for each image.")
        self.resize = None if resize is None else positive("resize", resize)
        self.mean, self.std, self.source = _for_channels(mean), _for_channels(std), source
        self.normalize = bool(torch.as_tensor(self.mean != 0).any() or torch.as_tensor(self.std != 1).any())
        channels = 1 if self.images.ndim == 3 else self.images.shape[1]
        for what, value, low, high in (("mean", self.mean, 0.0, 1.0), ("std", self.std, 1e-6, float("inf"))):
            numbers = torch.as_tensor(value).flatten()
            if len(numbers) not in (1, channels):
                raise ValueError(f"{what} has {len(numbers)} numbers, and images have {channels}: give one for each channel.")
            if not bool(((low <= numbers) & (numbers <= high)).all()):
                raise ValueError(f"{what} is {value}, and pixels lie between 0 and 1: give a number {'from 0 to 1' if high == 1 else 'above 0'}.")

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        if isinstance(index, slice):
            index = np.arange(*index.indices(len(self)))
        try:
            indices = torch.as_tensor(index)
        except (TypeError, ValueError, RuntimeError):
            indices = torch.tensor(0.5)  # no index: said below  # pragma: no mutate: any fraction is none
        if indices.dtype == torch.bool and indices.shape == (len(self),):
            indices = indices.nonzero()[:, 0]
        elif indices.shape == (0,):
            indices = indices.long()
        if indices.ndim > 1 or indices.dtype == torch.bool or indices.is_floating_point() or indices.is_complex():
            raise TypeError(f"{index!r:.80} is no index: give a whole number, a slice, a list of whole numbers, or a mask.")
        try:
            indices = indices.long()
            X, y = self._batch(indices.reshape(-1))  # pragma: no mutate: what fails here is done below, only slower
        except (IndexError, RuntimeError):  # an index below 0 counts from the end; looked at only when there is one
            outside = indices[(indices < -len(self)) | (indices >= len(self))]
            if len(outside):
                raise IndexError(f"There is no image {int(outside[0])}: the set has {len(self):,}, from 0 on.") from None
            X, y = self._batch(indices.reshape(-1) % len(self))
        return (X, y) if indices.ndim else (X[0], y[0])

    def __getitems__(self, indices):
        """Return a list of (X, y): what a DataLoader stacks to a batch, quicker than if it asked for one at a time."""
        return list(zip(*self[indices]))

    def _batch(self, indices):
        X = self.images.index_select(0, indices)
        X = X.unsqueeze(1) if X.ndim == 3 else X
        if X.dtype == torch.uint8:  # a quarter of the memory of floats, and the division costs next to nothing
            X = torch.div(X, 255)
        if self.resize:
            X = F.interpolate(X, (self.resize, self.resize), mode="bilinear", antialias=True)
        if self.normalize:
            X.sub_(self.mean).div_(self.std)
        return X, self.labels.index_select(0, indices)


def whole_batches(dataset: ImageSet | TensorDataset | Subset, batch_size: int, shuffle: bool = False) -> DataLoader:
    """Return a DataLoader that asks `dataset` for a whole batch at once: PyTorch's sampler of index lists.

    `dataset`: an `ImageSet` or a `TensorDataset`, or what `random_split` and `Subset` make of one. Of images it yields X,
    float32 (batch_size, c, h, w), and y, int64 (batch_size,). `shuffle`: draw a new order each epoch. Any other data set: `DataLoader(dataset, batch_size)`.
    """
    batch_size = positive("batch_size", batch_size)
    whole: Dataset = dataset
    while isinstance(whole, Subset):
        whole = whole.dataset
    if not isinstance(whole, ImageSet) and type(whole) is not TensorDataset:  # whose own kinds may change each example
        raise ValueError(f"A {type(whole).__name__} gives one example at a time: write DataLoader(dataset, {batch_size}, "
                         f"shuffle={shuffle}).")
    order = RandomSampler(dataset) if shuffle and len(dataset) else SequentialSampler(dataset)
    return DataLoader(dataset, sampler=BatchSampler(order, batch_size, drop_last=False), batch_size=None)


def load_data_fashion_mnist(batch_size: int, resize: int | None = None) -> tuple[DataLoader, DataLoader]:
    """Return (train_iter, test_iter) over Fashion-MNIST, as d2l's function of that name does.

    Each yields X, float32 (batch_size, 1, 28, 28) with pixels in [0, 1], and y, int64 (batch_size,);
    with `resize=64` images are (1, 64, 64). The training set is shuffled anew each epoch.
    Which data: the variables COURSE_DATA and COURSE_DATA_DIR, see data/README.md.
    Raises ValueError for a bad batch size, setting or file, RuntimeError where COURSE_DATA is
    "real" and the set can't be had, OSError for a folder that can't be read.
    """
    return _load_data("FashionMNIST", batch_size, resize=resize)


def load_data_mnist(batch_size: int, resize: int | None = None, normalize: bool = True) -> tuple[DataLoader, DataLoader]:
    """Return (train_iter, test_iter) over MNIST; see `load_data_fashion_mnist`.

    With `normalize`, pixels are shifted by 0.1307 and divided by 0.3081: the mean and standard
    deviation of MNIST's training pixels (lesson 06 computes them).
    """
    mean, std = (0.1307, 0.3081) if normalize else (0.0, 1.0)
    return _load_data("MNIST", batch_size, resize=resize, mean=mean, std=std)


def get_fashion_mnist_labels(labels) -> list[str]:
    """Return the names of Fashion-MNIST's classes, a list of texts, for class numbers from 0 to 9."""
    labels = torch.as_tensor(labels).flatten().tolist()
    wrong = [label for label in labels if label not in range(10)]
    if wrong:
        raise ValueError(f"There is no class {wrong[0]}: Fashion-MNIST's are numbered from 0 to 9.")
    return [GARMENTS[int(label)] for label in labels]


def _load_data(name, batch_size, resize=None, **options):
    batch_size = positive("batch_size", batch_size)
    resize = None if resize is None else positive("resize", resize)
    files, source = _find(name)
    train, test = (ImageSet(*_read(name, files, first, source), resize=resize, source=source, **options) for first in (0, 2))
    return whole_batches(train, batch_size, shuffle=True), whole_batches(test, batch_size)


def positive(what: str, value) -> int:
    """Return `value` as an int, 1 or larger; ValueError, with `what` it is, for anything else."""
    try:
        number = operator.index(value)  # a NumPy integer is one too
    except TypeError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise ValueError(f"{what} is {value!r}: give a whole number, 1 or larger.")
    return number


def _tensor(values):
    if isinstance(values, (list, tuple)) and len(values) and torch.is_tensor(values[0]):
        return torch.stack(list(values))
    if isinstance(values, np.ndarray):  # torch takes neither negative strides, nor foreign byte orders, nor read-only memory
        values = np.require(values, values.dtype.newbyteorder("="), ["C", "W"])
        if values.dtype.kind == "u" and values.itemsize > 1:
            values = values.astype(np.int64)
    try:
        values = torch.as_tensor(values).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"Images and labels are numbers, tensors or arrays of one shape, and these are not ({error}).") from None
    if values.layout != torch.strided or values.is_meta:
        raise ValueError("Images and labels are dense tensors with numbers in them: write .to_dense(), or load them first.")
    return values


def _pixels(images):
    """Return images as uint8 or as float32 in [0, 1], in the shape in which they came."""
    images = _tensor(images)
    shape = tuple(images.shape)
    if images.ndim not in (3, 4) or images.ndim == 4 and shape[1] not in (1, 3):
        cure = "write images.permute(0, 3, 1, 2)" if images.ndim == 4 and shape[3] in (1, 3) else "reshape them"
        raise ValueError(f"Images have shape {shape}, not (n, h, w), (n, 1, h, w) or (n, 3, h, w): {cure}.")
    if images.dtype == torch.uint8:
        return images
    if images.is_complex():
        raise ValueError("Images are complex numbers: give bytes from 0 to 255, or floats from 0 to 1.")
    floats = images.is_floating_point() or images.dtype == torch.bool
    low, high = (float(value) for value in images.float().aminmax()) if images.numel() else (0.0, 0.0)
    if not 0 <= low <= high <= (1 if floats else 255):
        cure = "divide by 255" if floats and 0 <= low and high <= 255 else "scale them"
        raise ValueError(f"Pixels are {'floats' if floats else 'whole numbers'} from {low:g} to {high:g}: {cure}, so that "
                         "they are floats from 0 to 1, or bytes from 0 to 255.")
    return images.float() if floats else images.to(torch.uint8)


def _whole_numbers(labels):
    labels = _tensor(labels)
    if labels.ndim != 1 or labels.is_floating_point() and len(labels) or labels.is_complex():
        raise ValueError(f"Labels are {str(labels.dtype).removeprefix('torch.')} of shape {tuple(labels.shape)}: give one "
                         "whole number for each image, shape (n,).")
    return labels.long()


def _for_channels(value):
    try:
        return float(value) if np.ndim(value) == 0 else torch.as_tensor(value).float().reshape(-1, 1, 1)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{value!r:.80} is neither a number nor one for each channel: mean and std are.") from None


# ---------------------------------------------------------------- finding

FILES = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]

# Checksums (CRC-32) of whole files, in the order of FILES. gzip stores the same ones.
CRC32 = {"real": {"MNIST": (0xe9f4d8b3, 0xe0cb4ad2, 0x91373bdf, 0x4ab9eff9),
                  "FashionMNIST": (0xb4f29f28, 0x741a4657, 0x678fe0b1, 0x80142c1f)},
         "sample": {"MNIST": (0x96e49554, 0x6731497d, 0x29e07319, 0x8aa83835),
                    "FashionMNIST": (0xf44a61df, 0x40a2f45a, 0x3cb46c01, 0xa43b28d5)}}

PACKED = b"\x1f\x8b"  # how a .gz file begins

_failed: set[tuple[str, Path]] = set()  # downloads that failed, so that each is tried, and told, once


def _find(name):
    """Return the four files of a data set, in the order of FILES, and "real" or "sample"; download where needed."""
    mode = os.environ.get("COURSE_DATA", "").strip().lower() or "auto"
    if mode not in ("auto", "real", "sample"):
        raise ValueError(f"COURSE_DATA is {mode!r}: set it to auto, real or sample, or unset it.")
    sample = [SAMPLE / name / "raw" / file for file in FILES], "sample"
    if mode == "sample":
        return sample
    root = _root()
    files, others = _search(root, name)
    if None not in files:
        return files, "real"
    if mode == "auto" and (name, root) in _failed:
        return sample
    try:
        _download(name, root, [file for file, path in zip(FILES, files) if path is None])
        return _search(root, name)[0], "real"
    except (OSError, RuntimeError) as error:
        reason = _reason(error, root)
        if any(files):
            missing = [file for file, path in zip(FILES, files) if path is None]
            reason += f". (missing: {', '.join(missing)}; the others are there)"
        if others:
            reason += f". ({others[0]} lies there, but its checksum is not that of {name}'s file)"
        if mode == "real":
            raise RuntimeError(f"{name} is not in {root} and could not be downloaded: {reason}. Or name a folder "
                               "that has it in COURSE_DATA_DIR, or set COURSE_DATA=sample to learn on the "
                               "drawn sample.") from error
        _failed.add((name, root))
        print(f"{name} could not be downloaded: {reason}. The drawn sample stands in: 4,000 + 1,000 "
              "images, so accuracies differ from the text. Restart the kernel to try again.")
        return sample


def _plain(name):
    """A name as one would compare it: Fashion-MNIST, fashion_mnist and FashionMNIST are the same."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _root():
    """Return the folder that COURSE_DATA_DIR names, or data/: the one with the folders MNIST and FashionMNIST."""
    named = os.environ.get("COURSE_DATA_DIR", "").strip()
    root = Path(os.path.expanduser(os.path.expandvars(named))) if named else HERE / "data"
    if not (_exists(root) and root.is_dir()):
        there = "" if root.is_absolute() else f" ({Path.cwd() / root})"
        raise FileNotFoundError(f"COURSE_DATA_DIR is {named!r}{there}, which is not a folder: "
                                "create it, name another, or unset the variable.")
    root = root.absolute()
    own = root.parent if root.name == "raw" else root
    if _plain(own.name) in SETS and not any(_plain(folder) in SETS for folder in _listed(root)):
        return own.parent  # MNIST itself is named, or MNIST/raw
    return root


def _listed(folder):
    with contextlib.suppress(OSError):  # what can't be listed can still be read, if one knows the names
        return sorted(os.listdir(folder))
    return []


def _exists(path):
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # Path.exists() would call a forbidden file missing
        raise _unreadable(path, error) from error
    return True


def _search(root, name):
    """Return the path of each file of FILES, or None, and what has such a name but is not the set's.

    Its own place is root/name/raw. Elsewhere, and under the other names that these files go by
    (train-images.idx3-ubyte, a folder of the file's name, either as .gz), its checksum decides.
    """
    own = Path(root, name, "raw")
    places, found, others = None, [], []
    for file, crc in zip(FILES, CRC32["real"][name]):
        path = own / file
        if _exists(path) and path.is_file():  # no folder, and no pipe, which would be read for ever
            found.append(path)
            continue
        if places is None:  # looked for only where something is missing
            places = [own, own.parent, *(place for folder in _listed(root) if _plain(folder) == _plain(name)
                                         for place in (root / folder / "raw", root / folder)), root / "raw", root]
        dotted = file.replace("-idx", ".idx")
        names = [f"{stem}{end}" for end in ("", ".gz") for stem in (file, dotted)]
        names += [f"{folder}/{inner}" for folder in (file, dotted) for inner in names]
        paths = [path for path in (place / each for place in places for each in names) if _exists(path) and path.is_file()]
        right = [path for path in paths if _checksum(path) == crc]
        found.append(right[0] if right else None)
        others += [] if right else paths
    return found, others


def _checksum(path):
    """The checksum of what is in a file, or None for what is too large or can't be unpacked."""
    with contextlib.suppress(OSError, EOFError, zlib.error):  # OSError: no gzip file
        return zlib.crc32(_content(path)) if path.stat().st_size < 1e8 else None


def _content(path):
    content = path.read_bytes()
    return gzip.decompress(content) if content[:2] == PACKED else content  # whatever its name says


# ---------------------------------------------------------------- fetching

PATIENCE = 8  # seconds without a byte, after which a download is given up


def _download(name, root, wanted):
    """Fetch files of a set into root/name/raw, from torchvision's mirrors, by its functions and MD5 sums; all or none.

    A thread does the work, because a name look-up that hangs can't be interrupted, only left behind.
    """
    from torchvision import datasets  # a second, and 100 MB, so only where it is needed
    own = Path(root, name, "raw")
    for file in wanted:
        if _exists(own / f"{file}.gz"):
            raise ValueError(f"{own / file}.gz is not {name}'s file of that name (a web page saved under it, or half "
                             "a download?). Delete it and load again.")
    sweep(root, ".download-")
    kind, tools = getattr(datasets, name), datasets.utils
    errors, given_up, timeout = [], threading.Event(), socket.getdefaulttimeout()
    with tempfile.TemporaryDirectory(dir=root, prefix=".download-",
                                     ignore_cleanup_errors=True) as scratch:  # for Windows, where the thread's file is in use
        raw = Path(scratch)

        def fetch():
            for file, md5 in kind.resources:
                if file.removesuffix(".gz") not in wanted:
                    continue
                for mirror in kind.mirrors:
                    if given_up.is_set():
                        return
                    try:
                        tools.download_and_extract_archive(mirror + file, raw, md5=md5)
                        errors.clear()
                        break
                    except Exception as error:
                        errors.append(error)
                else:
                    return  # no mirror has this file: the others would be of no use

        thread = threading.Thread(target=fetch, daemon=True)  # pragma: no mutate: one that hangs must not keep the process
        try:
            socket.setdefaulttimeout(PATIENCE / 2)  # so that the second mirror has its turn  # pragma: no mutate: any part of it will do
            thread.start()
            size, since = -1, time.monotonic()  # pragma: no mutate: any size that no folder has
            while thread.is_alive():
                thread.join(0.05)  # pragma: no mutate: how often it looks
                now = sum(path.stat().st_size for path in raw.iterdir())
                if now != size:
                    size, since = now, time.monotonic()
                elif time.monotonic() - since > PATIENCE:  # pragma: no mutate: no clock stands still
                    raise TimeoutError(f"no byte came for {PATIENCE} seconds")
        finally:
            given_up.set()
            socket.setdefaulttimeout(timeout)
        if errors:
            raise errors[0]
        own.mkdir(parents=True, exist_ok=True)
        for path in raw.glob("*-ubyte"):
            os.replace(path, own / path.name)


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


def sweep(folder: str | Path, prefix: str) -> None:
    """Remove what killed processes left in `folder`, names that begin with `prefix`, more than a day ago."""
    for old in Path(folder).iterdir():
        with contextlib.suppress(OSError):  # another kernel may be sweeping too
            if old.name.startswith(prefix) and time.time() - old.stat().st_mtime > 86_400:
                shutil.rmtree(old) if old.is_dir() else old.unlink()


# ---------------------------------------------------------------- verifying

def _read(name, files, first, source):
    """Return images, uint8 (n, 28, 28), and labels, int64 (n,): files `first` and the next, if they are what they should be."""
    paths, count = files[first:first + 2], {"real": (60_000, 10_000), "sample": (4_000, 1_000)}[source][first // 2]
    cure = {"real": "Delete it and load again (or copy it there anew).",
            "sample": "Run `python data/draw_sample.py` to draw the sample anew."}[source]
    (images, images_crc), (labels, labels_crc) = [
        _read_idx(path, magic, sides, cure) for path, magic, sides in zip(paths, (2051, 2049), ((28, 28), ()))]
    for path, found in zip(paths, (images, labels)):
        if len(found) != count:
            raise ValueError(f"{path} holds {len(found):,} where {name}'s holds {count:,}. {cure}")
    for path, crc, right in zip(paths, (images_crc, labels_crc), CRC32[source][name][first:]):
        if crc != right:
            raise ValueError(f"{path} is damaged, or another set's file: its checksum is {crc:08x}, {name}'s is "
                             f"{right:08x}. {cure}")
    return images, labels.long()


def _unreadable(path, error):
    cure = "Mend its permissions, or name" if isinstance(error, PermissionError) else "Name"
    return type(error)(f"{path} can't be read ({error.strerror}). {cure} another folder in COURSE_DATA_DIR.")


def _read_idx(path, magic, sides, cure):
    """Return an IDX file's array, uint8 (n, *sides), and the file's CRC-32; `cure` ends each error."""
    start = 8 + 4 * len(sides)
    try:
        with path.open("rb") as file:
            packed = file.read(2) == PACKED
        with io.BytesIO(_content(path)) if packed else path.open("rb") as file:
            header, size = file.read(start), file.seek(0, os.SEEK_END)
            if len(header) < start or struct.unpack_from(">I", header) != (magic,):
                raise ValueError(f"{path} is no IDX file of this kind: it begins with {header[:8]!r}. {cure}")
            shape = struct.unpack_from(f">{1 + len(sides)}I", header, 4)
            if shape[1:] != sides or size != start + math.prod(shape):
                raise ValueError(f"{path} is damaged: its header promises {start + math.prod(shape):,} bytes and images "
                                 f"of {shape[1:]}, it has {size:,} bytes. {cure}")
            array = np.empty(math.prod(shape), np.uint8)
            file.seek(start)
            file.readinto(array)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing. {cure.replace('Delete it and load', 'Load')}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ValueError(f"{path} is packed, and can't be unpacked. {cure}") from None
    except OSError as error:
        raise _unreadable(path, error) from error
    return torch.from_numpy(array).reshape(shape), zlib.crc32(array, zlib.crc32(header))
