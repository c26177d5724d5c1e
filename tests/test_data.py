"""Where the images come from: the sample, a real folder, a download; and what is said when they don't."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from mirror import FILES, checksums, mirror, pack, write_full_size

import image_data
import utils
import torch
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "data"))
LOADERS = {"MNIST": utils.load_data_mnist, "FashionMNIST": utils.load_data_fashion_mnist}


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Each test finds its data anew, and starts from the sample."""
    image_data._failed.clear()
    monkeypatch.setenv("COURSE_DATA", "sample")
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    yield
    image_data._failed.clear()


@pytest.fixture(scope="module")
def full_size(tmp_path_factory):
    """A folder with a set of the real one's sizes, which the course takes for the real one."""
    raw = tmp_path_factory.mktemp("full") / "FashionMNIST" / "raw"
    write_full_size(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(image_data.CRC32["real"], "FashionMNIST", checksums(raw))
        yield raw.parent.parent


@pytest.fixture(scope="module")
def packed(full_size, tmp_path_factory):
    """The set as a mirror has it: four .gz files, and torchvision's list of them."""
    folder = tmp_path_factory.mktemp("mirror")
    return folder, pack(full_size / "FashionMNIST" / "raw", folder)


def point_torchvision_at(monkeypatch, url, packed):
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [url])
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.resources", packed[1])


def empty_root(monkeypatch, tmp_path, mode):
    monkeypatch.setenv("COURSE_DATA", mode)
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))


# ---- what a loader gives

@pytest.mark.parametrize("name", LOADERS)
def test_the_sample_has_its_sizes_shapes_and_types(name):
    train_iter, test_iter = LOADERS[name](256)
    assert (len(train_iter.dataset), len(test_iter.dataset)) == (4000, 1000)
    assert train_iter.dataset.source == "sample"
    X, y = next(iter(train_iter))
    assert X.shape == (256, 1, 28, 28) and X.dtype == torch.float32
    assert y.shape == (256,) and y.dtype == torch.int64
    assert len(train_iter) == 16 and sum(len(y) for _, y in train_iter) == 4000
    assert len(list(test_iter)[-1][1]) == 1000 % 256
    X, y = train_iter.dataset[3]
    assert X.shape == (1, 28, 28) and y.shape == ()


def test_pixels_equal_the_usual_path():
    """torchvision's data set with ToTensor, one image at a time, as d2l loads it."""
    import torchvision
    from torchvision import transforms
    usual = torchvision.datasets.FashionMNIST(utils.SAMPLE, train=False, transform=transforms.ToTensor())
    X, y = next(iter(utils.load_data_fashion_mnist(64)[1]))
    assert torch.equal(X, torch.stack([usual[i][0] for i in range(64)]))
    assert y.tolist() == [usual[i][1] for i in range(64)]


@pytest.mark.parametrize("size", [14, 64])
def test_resize_equals_the_usual_path_but_for_rounding(size):
    import torchvision
    from torchvision import transforms
    usual = torchvision.datasets.FashionMNIST(utils.SAMPLE, train=False, transform=transforms.Compose(
        [transforms.Resize(size), transforms.ToTensor()]))
    X, _ = next(iter(utils.load_data_fashion_mnist(32, resize=size)[1]))
    assert X.shape == (32, 1, size, size)
    # PIL rounds to whole grey levels after each of its two passes.
    assert (X - torch.stack([usual[i][0] for i in range(32)])).abs().max() <= 2 / 255


def test_mnist_is_normalised_unless_told_otherwise():
    plain, _ = next(iter(utils.load_data_mnist(32, normalize=False)[1]))
    X, _ = next(iter(utils.load_data_mnist(32)[1]))
    assert torch.allclose(X, (plain - 0.1307) / 0.3081, atol=1e-6)


def test_training_batches_are_shuffled_by_the_seed_and_test_batches_are_not():
    def first(index, seed):
        utils.set_seed(seed)
        return next(iter(utils.load_data_mnist(50)[index]))[1].tolist()

    assert first(0, 1) == first(0, 1) != first(0, 2)
    assert first(1, 1) == first(1, 2)


def test_one_label_an_image():
    with pytest.raises(ValueError, match="3 images but 2 labels"):
        utils.ImageSet(torch.zeros(3, 28, 28, dtype=torch.uint8), torch.zeros(2).long())


# ---- the sample itself

CAN_DRAW = tuple(map(int, matplotlib.__version__.split(".")[:2])) >= (3, 11)  # it has one font less before; learners need not draw


@pytest.mark.parametrize("name", LOADERS)
def test_the_first_of_the_sample_are_drawn_to_the_same_bytes(name):
    import draw_sample
    if not CAN_DRAW:
        with pytest.raises(SystemExit, match="drawing the sample needs 3.11 or newer"):
            draw_sample.drawers()
        return
    seed, draw, _ = draw_sample.drawers()[name]
    images, labels = draw_sample.draw_set(np.random.RandomState(seed), draw_sample.TRAIN, draw, first=150)
    for part, drawn in zip(("images-idx3", "labels-idx1"), (images, labels)):
        content = (utils.SAMPLE / name / "raw" / f"train-{part}-ubyte").read_bytes()
        assert content[8 if drawn.ndim == 1 else 16:].startswith(drawn.tobytes()), part


@pytest.mark.slow("ten seconds of drawing, of which the test above does the first")
@pytest.mark.skipif(not CAN_DRAW, reason="needs matplotlib 3.11")
def test_the_sample_is_drawn_to_the_same_bytes(tmp_path):
    subprocess.run([sys.executable, "data/draw_sample.py", "--out", str(tmp_path)], cwd=ROOT, capture_output=True, check=True)
    for name in LOADERS:
        for file in FILES:
            drawn = (tmp_path / name / "raw" / file).read_bytes()
            assert drawn == (utils.SAMPLE / name / "raw" / file).read_bytes(), f"{name}/raw/{file} differs"


@pytest.mark.parametrize("name", LOADERS)
def test_the_sample_has_ten_balanced_classes(name):
    for data_iter, n in zip(LOADERS[name](256), (400, 100)):
        assert torch.bincount(data_iter.dataset.labels).tolist() == [n] * 10


@pytest.mark.long("trains two networks")
@pytest.mark.parametrize("name", LOADERS)
def test_the_sample_is_hard_for_a_linear_model_and_a_cnn_beats_it(name):
    utils.set_seed(0)
    train_iter, test_iter = LOADERS[name](64)
    accuracies = []
    for net, epochs, lr in (
            (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), 5, 0.03),
            (nn.Sequential(nn.Conv2d(1, 16, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(16, 32, 5), nn.MaxPool2d(2),
                           nn.ReLU(), nn.Flatten(), nn.Linear(512, 10)), 4, 0.05)):
        optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
        for _ in range(epochs):
            utils.train_epoch(net, train_iter, nn.CrossEntropyLoss(), optimizer)
        accuracies.append(utils.evaluate_accuracy(net, test_iter))
    linear, cnn = accuracies
    assert 0.6 < linear < 0.97
    assert cnn > linear + 0.02


# ---- which data

def test_a_real_set_in_another_folder_is_read(full_size, monkeypatch):
    empty_root(monkeypatch, full_size, "real")
    train_iter, test_iter = utils.load_data_fashion_mnist(100)
    assert test_iter.dataset.source == "real" and len(train_iter.dataset) == 60_000
    X, y = next(iter(test_iter))
    assert y.tolist() == [i % 10 for i in range(100)]
    assert torch.equal(X[:, 0, 5, 7], torch.arange(100) / 255)


def test_the_set_is_downloaded_whole_where_it_is_missing(packed, full_size, monkeypatch, tmp_path):
    empty_root(monkeypatch, tmp_path, "auto")
    with mirror(packed[0]) as url:
        point_torchvision_at(monkeypatch, url, packed)
        train_iter, _ = utils.load_data_fashion_mnist(100)
    assert train_iter.dataset.source == "real"
    raw = tmp_path / "FashionMNIST" / "raw"
    assert sorted(os.listdir(raw)) == sorted(FILES) and os.listdir(tmp_path) == ["FashionMNIST"]
    for name in FILES:
        assert (raw / name).read_bytes() == (full_size / "FashionMNIST" / "raw" / name).read_bytes()


def test_auto_falls_back_to_the_sample_and_says_so_once(monkeypatch, tmp_path, capsys, packed):
    empty_root(monkeypatch, tmp_path, "auto")
    with mirror(tmp_path) as url:  # answers 404
        point_torchvision_at(monkeypatch, url, packed)
        for _ in range(2):
            assert utils.load_data_fashion_mnist(100)[0].dataset.source == "sample"
        said = capsys.readouterr().out.splitlines()
        monkeypatch.setenv("COURSE_DATA", "real")  # asked for in the same kernel, after the sample stood in
        with pytest.raises(RuntimeError, match="could not be downloaded"):
            utils.load_data_fashion_mnist(100)
    assert len(said) == 1 and "404" in said[0] and "The drawn sample stands in: 4,000 + 1,000 images" in said[0]
    assert os.listdir(tmp_path) == []


def test_real_fails_clearly_and_never_falls_back(monkeypatch, tmp_path, packed):
    empty_root(monkeypatch, tmp_path, "real")
    with mirror(tmp_path) as url:
        point_torchvision_at(monkeypatch, url, packed)
        with pytest.raises(RuntimeError, match="FashionMNIST is not in .* could not be downloaded.*COURSE_DATA=sample"):
            utils.load_data_fashion_mnist(100)


# ---- bad input

@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "256", None])
def test_a_bad_batch_size_is_named(batch_size):
    with pytest.raises(ValueError, match="batch_size is .*whole number, 1 or larger"):
        utils.load_data_mnist(batch_size)


def test_a_bad_resize_is_named():
    with pytest.raises(ValueError, match="resize is 0"):
        utils.load_data_mnist(32, resize=0)


def test_an_unknown_course_data_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "reel")
    with pytest.raises(ValueError, match="COURSE_DATA is 'reel': set it to auto, real or sample"):
        utils.load_data_mnist(32)


def test_a_data_folder_that_does_not_exist_is_named(monkeypatch, tmp_path):
    empty_root(monkeypatch, tmp_path / "nowhere", "auto")
    with pytest.raises(FileNotFoundError, match="COURSE_DATA_DIR is .*nowhere.*create it, name another, or unset"):
        utils.load_data_mnist(32)


posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits to take away")


@pytest.fixture
def unprivileged():
    """Root may read anything, so give that up for the test."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    yield
    if was_root:
        os.seteuid(0)


def copy_of(full_size, tmp_path):
    shutil.copytree(full_size / "FashionMNIST", tmp_path / "FashionMNIST")
    return tmp_path / "FashionMNIST" / "raw"


def open_to_all(folder):
    """Let an unprivileged user come as far as here, where this test's user may."""
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.geteuid() and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o055)


@pytest.mark.parametrize("name", ["mnist", "Fashion-MNIST", "sets"])
def test_a_folder_that_holds_the_sets_may_be_called_like_one(name, full_size, monkeypatch, tmp_path):
    copy_of(full_size, tmp_path / name)
    empty_root(monkeypatch, tmp_path / name, "real")
    assert utils.load_data_fashion_mnist(32)[0].dataset.source == "real"


@posix
def test_a_data_file_that_can_not_be_read_is_named(full_size, monkeypatch, tmp_path_factory, request):
    root = tmp_path_factory.mktemp("unreadable")
    raw = copy_of(full_size, root)
    open_to_all(root)
    (raw / "train-labels-idx1-ubyte").chmod(0)
    empty_root(monkeypatch, root, "real")
    request.getfixturevalue("unprivileged")
    with pytest.raises(PermissionError, match="train-labels-idx1-ubyte can't be read .*Mend its permissions"):
        utils.load_data_fashion_mnist(32)


@posix
@pytest.mark.parametrize("closed", ["above", "above/data", "above/data/FashionMNIST"])
def test_a_folder_that_can_not_be_searched_is_named(full_size, monkeypatch, tmp_path_factory, request, closed):
    base = tmp_path_factory.mktemp("closed")
    root = base / "above" / "data"
    copy_of(full_size, root)
    open_to_all(root)
    (base / closed).chmod(0)
    request.addfinalizer(lambda: (base / closed).chmod(0o700))
    empty_root(monkeypatch, root, "auto")
    request.getfixturevalue("unprivileged")
    with pytest.raises(PermissionError, match=rf"^{base / 'above'}/data.* can't be read .*Mend its permissions, or name another folder in COURSE_DATA_DIR\.$"):
        utils.load_data_fashion_mnist(32)
