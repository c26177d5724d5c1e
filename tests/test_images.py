"""ImageSet and its loaders, used as PyTorch's users use a data set; and good files under other names and places."""
import errno
import gzip
import os
import re
import shutil
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mirror import checksums, pack, write_full_size

import image_data
import utils
import torch
from torch.utils.data import BatchSampler, ConcatDataset, DataLoader, RandomSampler, Subset, TensorDataset, random_split

N = 50


@pytest.fixture(scope="module")
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (N, 28, 28), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def dataset(images):
    return utils.ImageSet(images, torch.arange(N))


def usual(images, i):
    """One example as the usual path has it: bytes over 255, a channel in front."""
    return (images[i].float() / 255)[None], i


# ---- one, several, all

@pytest.mark.parametrize("index, chosen", [
    (3, 3), (-1, N - 1), (-N, 0), (np.int64(3), 3), (torch.tensor(3), 3), (slice(None, 5), range(5)), (slice(None, None, -1), range(N - 1, -1, -1)),
    (slice(5, 2), []), ([3, 1], [3, 1]), ([-1, 0, -1], [N - 1, 0, N - 1]), ((4, 4), [4, 4]), ([], []), (range(2), [0, 1]),
    (np.array([7, 2]), [7, 2]), (torch.tensor([7, -2]), [7, N - 2]), (torch.arange(N) % 10 == 3, [3, 13, 23, 33, 43])])
def test_an_index_gives_an_example_and_several_give_a_batch(dataset, images, index, chosen):
    X, y = dataset[index]
    assert X.dtype == torch.float32 and y.dtype == torch.int64
    if isinstance(chosen, int):
        assert X.shape == (1, 28, 28) and y.shape == () and y == chosen and torch.equal(X, usual(images, chosen)[0])
    else:
        assert X.shape == (len(chosen), 1, 28, 28) and y.tolist() == list(chosen)
        assert all(torch.equal(x, usual(images, i)[0]) for x, i in zip(X, chosen))


@pytest.mark.parametrize("index, named", [(N, f"no image {N}: the set has {N}"), (-N - 1, f"no image {-N - 1}"), ([0, 99], "no image 99")])
def test_an_index_outside_is_an_index_error(dataset, index, named):
    with pytest.raises(IndexError, match=named):
        dataset[index]


@pytest.mark.parametrize("index", [1.5, "3", None, [[1, 2]], [0.5], True, torch.ones(3) > 0, 1j])
def test_what_is_no_index_is_named(dataset, index):
    with pytest.raises(TypeError, match="is no index: give a whole number, a slice"):
        dataset[index]


def test_a_set_can_be_gone_through_like_a_list(dataset):
    assert [int(y) for _, y in dataset] == list(range(N))


# ---- PyTorch's own tools, with the default collate_fn

def loaders(dataset):
    halves = random_split(dataset, [N - 10, 10], generator=torch.Generator().manual_seed(0))
    yield "DataLoader", DataLoader(dataset, 8), range(N)
    yield "shuffled", DataLoader(dataset, 8, shuffle=True), range(N)
    yield "one at a time", DataLoader(dataset, batch_size=None), range(N)
    yield "random_split", DataLoader(halves[1], 4), halves[1].indices
    yield "Subset", DataLoader(Subset(dataset, [4, 2, 9]), 2), [4, 2, 9]
    yield "ConcatDataset", DataLoader(ConcatDataset([dataset, dataset]), 8), [*range(N), *range(N)]
    yield "index lists", DataLoader(dataset, sampler=BatchSampler(RandomSampler(dataset), 8, False), batch_size=None), range(N)
    yield "batch_sampler", DataLoader(dataset, batch_sampler=BatchSampler(RandomSampler(dataset), 8, False)), range(N)
    yield "whole_batches", utils.whole_batches(dataset, 8), range(N)
    yield "whole batches of a split", utils.whole_batches(halves[0], np.int64(8), shuffle=True), halves[0].indices
    yield "whole batches of a Subset of a Subset", utils.whole_batches(Subset(halves[0], range(5)), 2), halves[0].indices[:5]


def test_every_loader_gives_the_same_examples(dataset, images):
    for name, loader, expected in loaders(dataset):
        seen = []
        for X, y in loader:
            assert X.dtype == torch.float32 and y.dtype == torch.int64, name
            X, y = (X, y) if y.ndim else (X[None], y[None])
            assert X.shape == (len(y), 1, 28, 28), name
            assert all(torch.equal(x, usual(images, int(i))[0]) for x, i in zip(X, y)), name
            seen += y.tolist()
        assert Counter(seen) == Counter(expected), name
        assert len(loader) == sum(1 for _ in loader), name
        if "shuffled" in name or "True" in name:
            assert seen != list(expected), name


def test_workers_load_too(dataset):
    for loader in (DataLoader(dataset, 8, num_workers=2), DataLoader(Subset(dataset, range(20)), 8, num_workers=2)):
        assert sorted(i for _, y in loader for i in y.tolist()) == list(range(len(loader.dataset)))


def test_the_courses_own_loaders_are_new_every_epoch_and_whole():
    train_iter, test_iter = utils.load_data_mnist(np.int64(64))
    epochs = [torch.cat([y for _, y in train_iter]).tolist() for _ in range(2)]
    assert epochs[0] != epochs[1] and Counter(epochs[0]) == Counter(epochs[1])
    assert len(train_iter) == 63 and len(test_iter.dataset) == 1000
    X, y = next(iter(DataLoader(train_iter.dataset, 64)))  # what lesson 04 wants of a validation set
    assert X.shape == (64, 1, 28, 28) and y.shape == (64,)
    rest, validation = random_split(train_iter.dataset, [3500, 500])
    assert sum(len(y) for _, y in utils.whole_batches(validation, 64)) == 500 == len(validation)


def test_what_can_not_give_whole_batches_says_what_to_write(dataset):
    class Own(torch.utils.data.Dataset):
        indices = [1, 2]  # a name that a Subset has too

    for other in (ConcatDataset([dataset, dataset]), Own()):
        with pytest.raises(ValueError, match=rf"A {type(other).__name__} gives one example at a time: write DataLoader\(dataset, 8, shuffle=True\)"):
            utils.whole_batches(other, 8, shuffle=True)
    tensors = Subset(TensorDataset(torch.arange(9), torch.arange(9) % 2), range(1, 9))
    assert [x.tolist() for x, _ in utils.whole_batches(tensors, 3)] == [[1, 2, 3], [4, 5, 6], [7, 8]]


@pytest.mark.parametrize("batch_size", [0, 2.5])
def test_a_bad_size_of_whole_batches_is_named(dataset, batch_size):
    with pytest.raises(ValueError, match=f"^batch_size is {batch_size}: give a whole number"):
        utils.whole_batches(dataset, batch_size)


def test_batches_may_be_of_one_example_and_their_size_is_no_yes_or_no(dataset):
    assert [len(y) for _, y in utils.whole_batches(dataset, 1)] == [1] * N
    with pytest.raises(ValueError, match="^batch_size is True: give a whole number"):
        utils.whole_batches(dataset, True)


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_a_set_without_images_gives_no_batch(kind):
    empty = utils.ImageSet(torch.zeros(0, 28, 28, dtype=kind), [])
    assert len(empty) == 0
    for shuffle in (False, True):
        assert list(utils.whole_batches(empty, 8, shuffle=shuffle)) == []


# ---- what a set takes

@pytest.mark.parametrize("make", [
    lambda images: images, lambda images: images.numpy(), lambda images: images[:, None], lambda images: images.float() / 255,
    lambda images: images.double() / 255, lambda images: images.numpy() / 255, lambda images: (images.numpy() / 255).astype(">f4"),
    lambda images: list(images), lambda images: images.long(), lambda images: images.numpy().astype(np.uint16), lambda images: images.numpy()[::-1].copy()[::-1],
    lambda images: images.numpy().astype(">i4"), lambda images: images.permute(0, 2, 1).contiguous().permute(0, 2, 1),
    lambda images: np.frombuffer(images.numpy().tobytes(), np.uint8).reshape(N, 28, 28)])
def test_bytes_and_floats_tensors_and_arrays_are_the_same_images(images, make):
    given = utils.ImageSet(make(images), np.arange(N, dtype=np.int32))
    X, y = given[:]
    assert X.dtype == torch.float32 and y.dtype == torch.int64
    assert torch.allclose(X[:, 0], images.float() / 255, atol=1e-6)
    assert y.tolist() == list(range(N))


def test_bytes_are_kept_as_they_are_without_a_copy(images):
    """Of 60,000 images, a copy would be another 47 MB, and one in numbers of eight bytes 376 MB."""
    array = images.numpy()
    assert all(np.shares_memory(array, utils.ImageSet(given, range(N)).images.numpy()) for given in (images, array))


def test_images_of_your_own_are_not_called_a_sample(images):
    assert utils.ImageSet(images, range(N)).source == "real"


def test_a_list_may_hold_a_single_image(images):
    assert torch.equal(utils.ImageSet([images[3]], [7])[0][0], usual(images, 3)[0])


def test_images_of_yes_and_no_are_white_and_black():
    assert utils.ImageSet(torch.tensor([[[True, False]]]), [0])[0][0].tolist() == [[[1.0, 0.0]]]


def test_images_of_ones_own_count_as_real(dataset):
    assert dataset.source == "real"


def test_three_channels_each_with_its_mean():
    images = torch.rand(4, 3, 8, 6)
    X, _ = utils.ImageSet(images, [0, 1, 2, 3], mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))[:]
    assert torch.allclose(X, (images - torch.tensor([0.5, 0.4, 0.3])[:, None, None]) / torch.tensor([0.2, 0.3, 0.4])[:, None, None],
                          atol=1e-6)
    assert utils.ImageSet(images, range(4), resize=4)[0][0].shape == (3, 4, 4)


def test_the_given_images_are_not_changed(images):
    floats = images.float() / 255
    before = floats.clone()
    for index in (slice(None), 3, [1, 2]):
        utils.ImageSet(floats, torch.arange(N), mean=0.5, std=0.5)[index]
    assert torch.equal(floats, before)


@pytest.mark.parametrize("images, labels, words", [
    (torch.linspace(0, 255, 3136).reshape(4, 28, 28), [0] * 4, "floats from 0 to 255: divide by 255"),
    (torch.full((4, 28, 28), 1.5), [0] * 4, "floats from 1.5 to 1.5: divide by 255"),
    (torch.full((4, 28, 28), 256.0), [0] * 4, "floats from 256 to 256: scale them"),
    (torch.randn(4, 28, 28), [0] * 4, "floats from -.*scale them"),
    (torch.full((4, 28, 28), float("nan")), [0] * 4, "floats from nan"),
    (torch.full((4, 28, 28), 256), [0] * 4, "whole numbers from 256 to 256: scale them"),
    (torch.zeros(4, 28, 28, dtype=torch.complex64), [0] * 4, "complex"),
    (torch.zeros(4, 28, 28, 3), [0] * 4, r"permute\(0, 3, 1, 2\)"),
    (torch.zeros(4, 28, 28, 1), [0] * 4, r"permute\(0, 3, 1, 2\)"),
    (torch.zeros(4, 784), [0] * 4, r"shape \(4, 784\), not \(n, h, w\).*: reshape them"),
    (torch.zeros(4, 2, 8, 8), [0] * 4, r"shape \(4, 2, 8, 8\).*: reshape them"),
    (torch.zeros(3, 28, 28), [0, 1], "3 images but 2 labels: give one label for each image"),
    (torch.zeros(2, 28, 28), [0.0, 1.0], "Labels are float32"),
    (torch.zeros(2, 28, 28), [0j, 1j], "Labels are complex64"),
    (torch.zeros(2, 28, 28), [[0], [1]], r"Labels are int64 of shape \(2, 1\)"),
])
def test_anything_else_is_refused_in_words(images, labels, words):
    with pytest.raises(ValueError, match=words):
        utils.ImageSet(images, torch.tensor(labels))


@pytest.mark.parametrize("options, words", [({"std": 0}, "std is 0"), ({"mean": (0.1, 0.2, 0.3)}, "mean has 3 numbers, and images have 1"),
                                            ({"resize": 2.5}, "resize is 2.5"), ({"resize": 0}, "resize is 0")])
def test_bad_settings_of_a_set_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        utils.ImageSet(torch.zeros(2, 28, 28), [0, 1], **options)


def test_names_of_garments():
    from d2l import torch as d2l
    assert utils.get_fashion_mnist_labels(torch.arange(10)) == d2l.get_fashion_mnist_labels(torch.arange(10))


# ---- good files under other names and in other places

@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The four files, unpacked and packed, and their checksums."""
    raw = tmp_path_factory.mktemp("full") / "MNIST" / "raw"
    write_full_size(raw)
    pack(raw, raw)
    return raw, checksums(raw)


@pytest.fixture
def root(full, tmp_path, monkeypatch):
    """An empty folder that COURSE_DATA_DIR names; nothing may be fetched."""
    monkeypatch.setitem(image_data.CRC32["real"], "MNIST", full[1])
    monkeypatch.setattr(image_data, "_download", lambda *_: pytest.fail("everything is here: nothing is to be fetched"))
    monkeypatch.setenv("COURSE_DATA", "real")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    return tmp_path


def put(full, name):
    """Put the four files where `name` says: a path with {} for a file's name, {.} for its other name."""
    for file in image_data.FILES:
        path = Path(str(name).replace("{.}", file.replace("-idx", ".idx")).replace("{}", file))
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(full[0] / (file + ".gz" * (path.suffix == ".gz")), path)


@pytest.mark.parametrize("place", [
    "MNIST/raw/{}", "m-nist/raw/{.}", "raw/{}", "{.}", "MNIST/raw/{}/{}", "MNIST/{.}.gz",
    *(pytest.param(place, marks=pytest.mark.long("reads 55 MB for what other places show"))
      for place in ("MNIST/raw/{.}", "MNIST/{}", "mnist/{.}", "{}", "MNIST/{.}/{.}", "{}/{.}", "MNIST/raw/{}.gz"))])
def test_files_are_found_under_their_other_names(root, full, place):
    put(full, root / place)
    assert utils.load_data_mnist(256)[1].dataset.source == "real"


@pytest.mark.parametrize("size, read", [(47_040_016, True), (99_999_999, True), (100_000_000, False)])
def test_a_file_of_the_sets_size_is_looked_into_and_one_that_is_far_larger_is_not(size, read, tmp_path):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(size)
    assert image_data._checksum(tmp_path / "large") == (zlib.crc32(bytes(size)) if read else None)


@pytest.mark.parametrize("named", ["MNIST", "MNIST/raw"])
def test_the_folder_of_the_set_itself_may_be_named(root, full, monkeypatch, named):
    put(full, root / "MNIST" / "raw" / "{}")
    monkeypatch.setenv("COURSE_DATA_DIR", str(root / named))
    train_iter, _ = utils.load_data_mnist(256)
    assert train_iter.dataset.source == "real" and len(train_iter.dataset) == 60_000
    assert image_data._root() == root, "where a download would go"


def test_a_folder_of_any_name_within_one_called_mnist_is_a_root(root, monkeypatch):
    (root / "mnist" / "data").mkdir(parents=True)
    monkeypatch.setenv("COURSE_DATA_DIR", str(root / "mnist" / "data"))
    assert image_data._root() == root / "mnist" / "data"


def test_a_share_that_is_called_mnist_is_a_root_like_any_other(root, full, monkeypatch):
    put(full, root / "mnist" / "MNIST" / "raw" / "{}")
    monkeypatch.setenv("COURSE_DATA_DIR", str(root / "mnist"))
    assert utils.load_data_mnist(256)[0].dataset.source == "real"


def test_only_what_is_not_the_sets_is_named_as_such(root, full):
    put(full, root / "MNIST" / "{.}")
    wrong = root / "MNIST" / image_data.FILES[1].replace("-idx", ".idx")
    wrong.unlink()  # a link to the fixture's own
    wrong.write_bytes(b"another's")
    double = root / image_data.FILES[0]
    double.write_bytes(b"another's too")  # a right one is there
    found, others = image_data._search(root, "MNIST")
    assert [path and path.name for path in found] == [file.replace("-idx", ".idx") if i != 1 else None for i, file in enumerate(image_data.FILES)]
    assert set(others) == {wrong}


def test_what_lies_in_the_other_sets_folder_is_passed_over(root):
    """It has the same names, and to call it a bad copy of this set's files would mislead."""
    for name in ("FashionMNIST", "fashion-mnist", "backup"):
        path = root / name / "raw" / image_data.FILES[0]
        path.parent.mkdir(parents=True)
        path.write_bytes(b"another's")
    assert image_data._search(root, "MNIST") == ([None] * 4, [])


def test_files_in_a_folder_that_can_not_be_listed_are_found_all_the_same(root, full, monkeypatch):
    """A share may let one read what one knows the name of, and no more."""
    put(full, root / "MNIST" / "{}")

    def forbidden(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", forbidden)
    assert image_data._search(image_data._root(), "MNIST") == ([root / "MNIST" / file for file in image_data.FILES], [])


def test_files_of_another_set_are_not_taken_and_named(root, full, monkeypatch):
    """Both sets' files have the same names: elsewhere than in its own folder the checksum decides."""
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_DATA", "real")
    monkeypatch.setenv("COURSE_DATA_DIR", str(root))

    def offline(*_):
        raise OSError("no network")

    monkeypatch.setattr(image_data, "_download", offline)
    with pytest.raises(RuntimeError, match=r"could not be downloaded: no answer from the data set's server \(no network\)\. "
                                           r"Connect to the network, then try again\. Or name a folder"):
        utils.load_data_mnist(256)
    put(full, root / "{}")  # of the right size, but not MNIST's
    with pytest.raises(RuntimeError, match=r"\(no network\).* \(\S+train-images-idx3-ubyte lies there, but its checksum is not that of MNIST's file\)\. Or"):
        utils.load_data_mnist(256)


def test_a_file_of_the_sets_name_that_can_not_be_looked_at_is_named(root, full, monkeypatch):
    put(full, root / "{}")
    seen = Path.stat

    def stat(path, **how):
        if path == root / "MNIST" / image_data.FILES[2]:
            raise PermissionError(13, "Permission denied")
        return seen(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(PermissionError, match="^" + re.escape(f"{root / 'MNIST' / image_data.FILES[2]} can't be read (Permission denied)")):
        utils.load_data_mnist(256)


def other_packed(kind):
    """Three kinds of packed file that can't be unpacked: no such file at all, half of one, one whose middle is another's."""
    whole = gzip.compress(bytes(1000) + os.urandom(1000))
    return {"no header": image_data.PACKED + b"?" * 100, "half": whole[:600], "changed": whole[:20] + bytes([255]) * 40 + whole[60:]}[kind]


@pytest.mark.parametrize("kind", ["no header", "half", "changed"])
def test_a_stray_file_that_can_not_be_unpacked_is_no_reason_to_fail(root, full, kind):
    put(full, root / "MNIST" / "raw" / "{}")
    (root / "MNIST" / "raw" / image_data.FILES[0]).unlink()
    (root / "MNIST" / "raw" / f"{image_data.FILES[0]}.gz").write_bytes(other_packed(kind))
    os.link(full[0] / image_data.FILES[0], root / "MNIST" / image_data.FILES[0])
    assert utils.load_data_mnist(256)[0].dataset.source == "real"


def test_a_stray_file_that_is_far_too_large_is_not_read(root, full, monkeypatch):
    put(full, root / "MNIST" / "raw" / "{}")
    (root / "MNIST" / "raw" / image_data.FILES[0]).unlink()
    stray = root / "MNIST" / "raw" / f"{image_data.FILES[0]}.gz"
    stray.touch()
    os.truncate(stray, 100_000_000)  # of nothing: it takes no room
    os.link(full[0] / image_data.FILES[0], root / "MNIST" / image_data.FILES[0])
    content = image_data._content
    monkeypatch.setattr(image_data, "_content", lambda path: content(path) if path != stray else pytest.fail("it was read"))
    assert utils.load_data_mnist(256)[0].dataset.source == "real"


@pytest.mark.parametrize("variable, value", [("HOME", "~"), ("HOME", "$HOME"), ("HOME", "${HOME}/."), ("SHARE", "$SHARE/class")])
def test_home_and_variables_are_expanded(root, full, monkeypatch, variable, value):
    put(full, root / "MNIST" / "raw" / "{}")
    shutil.copytree(root / "MNIST", root / "class" / "MNIST", copy_function=lambda a, b: Path(b).symlink_to(a))
    monkeypatch.setenv(variable, str(root))
    monkeypatch.setenv("COURSE_DATA_DIR", value)
    assert utils.load_data_mnist(256)[0].dataset.source == "real"


def test_without_the_variable_the_data_lie_in_the_course(monkeypatch):
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    assert image_data._root() == image_data.HERE / "data"


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_counts_as_unset(monkeypatch, value):
    monkeypatch.setenv("COURSE_DATA_DIR", value)
    assert image_data._root() == image_data.HERE / "data"
    monkeypatch.setenv("COURSE_DATA", value)
    monkeypatch.setattr(image_data, "_search", lambda *_: ([Path("a")] * 4, []))
    assert image_data._find("MNIST") == ([Path("a")] * 4, "real"), "auto"


def test_a_relative_folder_that_is_missing_is_named_in_full(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", "real")
    monkeypatch.setenv("COURSE_DATA_DIR", "share")
    with pytest.raises(FileNotFoundError, match=f"'share' \\({tmp_path}/share\\), which is not a folder"):
        utils.load_data_mnist(256)


def test_a_file_in_a_folders_place_is_named(monkeypatch, tmp_path):
    (tmp_path / "mnist.zip").touch()
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "mnist.zip"))
    with pytest.raises(FileNotFoundError) as error:
        image_data._root()
    assert str(error.value).startswith(f"COURSE_DATA_DIR is {str(tmp_path / 'mnist.zip')!r}, which is not a folder: create it")


@pytest.mark.parametrize("mean, std", [(0.0, 0.5), (0.5, 1.0), (0.5, 0.25), (0.0, 1.0), (1.0, 1.0), (0.0, 2.0)])
def test_pixels_are_moved_and_scaled_each_without_the_other_too(images, mean, std):
    raw, (made, _) = utils.ImageSet(images, range(N))[:][0], utils.ImageSet(images, range(N), mean=mean, std=std)[:]
    assert torch.allclose(made, (raw - mean) / std, atol=1e-6) and not (raw == 0).all()


# ---- what strangers tried

def test_mean_and_std_may_be_what_a_tensor_gives(images):
    X = images.float() / 255
    for mean, std in ((X.mean(), X.std()), (X.mean(dim=(0, 1, 2), keepdim=True), X.std()), (np.float32(0.5), np.array([0.25])), ([0.5], (0.25,))):
        found = utils.ImageSet(images, range(N), mean=mean, std=std)[:][0][:, 0]
        assert torch.allclose(found, (X - float(torch.as_tensor(mean))) / float(torch.as_tensor(std)), atol=1e-5)


@pytest.mark.parametrize("options, words", [({"std": float("nan")}, "std is nan, and pixels lie between 0 and 1"), ({"std": -1.0}, "a number above 0"),
                                            ({"std": 1e-50}, "std is 1e-50"), ({"mean": 127.5}, "mean is 127.5.*from 0 to 1"), ({"mean": None}, "None is neither a number"),
                                            ({"mean": "0.5x"}, "'0.5x' is neither a number")])
def test_settings_that_give_nonsense_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        utils.ImageSet(torch.zeros(2, 28, 28), [0, 1], **options)


@pytest.mark.parametrize("images, labels", [(torch.zeros(2, 28, 28).to_sparse(), [0, 1]), (torch.zeros(2, 28, 28, device="meta"), [0, 1]),
                                            (np.array([["a"]]), [0]), (torch.zeros(2, 28, 28), ["cat", "dog"]), ([[1], [1, 2]], [0, 1]),
                                            (torch.zeros(1, 28, 28), np.array([None]))])
def test_what_holds_no_numbers_is_refused_in_words(images, labels):
    with pytest.raises(ValueError, match="Images and labels are|give one whole number for each image"):
        utils.ImageSet(images, labels)


def test_images_that_want_gradients_are_data_all_the_same(images):
    given = utils.ImageSet((images.float() / 255).requires_grad_(), range(N))
    assert not given[0][0].requires_grad and len(list(DataLoader(given, 25, num_workers=1))) == 2


@pytest.mark.parametrize("index", [np.uint8(3), torch.tensor([3, 4], dtype=torch.uint8), torch.tensor(3, dtype=torch.int8), np.array([3], np.int16)])
def test_whole_numbers_of_every_type_are_indices(dataset, index):
    assert dataset[index][1].flatten()[0] == 3


def test_a_data_set_of_ones_own_made_from_tensors_changes_each_example_by_itself():
    class Norm(TensorDataset):
        def __getitem__(self, index):
            X, y = super().__getitem__(index)
            return X / X.abs().max(), y

    with pytest.raises(ValueError, match="A Norm gives one example at a time"):
        utils.whole_batches(Norm(torch.randn(9, 5), torch.zeros(9)), 3)


@pytest.mark.parametrize("labels, expected", [(5, ["sandal"]), (torch.tensor(3), ["dress"]), ([0, 9], ["t-shirt", "ankle boot"])])
def test_labels_have_names(labels, expected):
    assert utils.get_fashion_mnist_labels(labels) == expected
    for wrong in ([10], [-1], 12, [0.5]):
        with pytest.raises(ValueError, match="There is no class .*: Fashion-MNIST's are numbered from 0 to 9"):
            utils.get_fashion_mnist_labels(wrong)


def test_a_packed_file_is_told_by_what_it_holds_whatever_its_name_says(root, full):
    """macOS unpacks and leaves the ending; others drop it and leave the file packed."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for i, file in enumerate(image_data.FILES):
        os.link(full[0] / (file + ".gz" * (i % 2)), raw / (file + ".gz" * (1 - i % 2)))
    assert utils.load_data_mnist(256)[0].dataset.source == "real"


def test_half_a_packed_file_is_named(root, full):
    raw = root / "MNIST" / "raw"
    put(full, raw / "{}")
    (raw / image_data.FILES[0]).unlink()
    (raw / image_data.FILES[0]).write_bytes((full[0] / f"{image_data.FILES[0]}.gz").read_bytes()[:2000])
    with pytest.raises(ValueError, match="ubyte is packed, and can't be unpacked. Delete"):
        utils.load_data_mnist(256)


def test_the_one_file_that_is_missing_is_named(root, full, monkeypatch):
    put(full, root / "MNIST" / "raw" / "{}")
    (root / "MNIST" / "raw" / "train-labels-idx1-ubyte").unlink()

    def full_disk(name, folder, missing):
        assert (name, folder, missing) == ("MNIST", root, ["train-labels-idx1-ubyte"])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(image_data, "_download", full_disk)
    with pytest.raises(RuntimeError, match=re.escape(f"the folder {root} is full: free 100 MB, or name another in COURSE_DATA_DIR. "
                                                     "(missing: train-labels-idx1-ubyte; the others are there). Or")):
        utils.load_data_mnist(256)


def test_the_choice_of_data_may_be_written_large(monkeypatch):
    monkeypatch.setenv("COURSE_DATA", " Sample ")
    assert utils.load_data_mnist(64)[0].dataset.source == "sample"
