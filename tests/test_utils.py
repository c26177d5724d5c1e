"""utils against d2l's own functions and against closed forms."""
import importlib
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import guards
import utils  # before torchvision and d2l
import torch
from d2l import torch as d2l
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def batches(num_examples=50, batch_size=16, num_inputs=5, num_classes=4, seed=0):
    """A shuffling-free loader whose last batch is short."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(num_examples, num_inputs, generator=generator)
    y = torch.randint(num_classes, (num_examples,), generator=generator)
    return DataLoader(TensorDataset(X, y), batch_size)


def linear(seed=0):
    torch.manual_seed(seed)
    return nn.Linear(5, 4)


def run(code, **env):
    """Run a program in the repository's root, in a fresh process."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True,
                          env={**os.environ, **env})


def test_every_public_name_is_documented():
    modules = ("utils", "pictures", "image_data", "guards", "compat")
    ours = {name: item for module in modules for name, item in vars(importlib.import_module(module)).items()
            if not name.startswith("_") and getattr(item, "__module__", "") in modules}
    assert {"load_data_mnist", "train_epoch", "Animator", "save_checkpoint", "device", "show", "in_notebook", "targets"} <= set(ours)
    for name, item in ours.items():
        assert item.__doc__, name
        for method, value in vars(item).items() if isinstance(item, type) else ():
            assert method.startswith("_") or not callable(value) or value.__doc__, f"{name}.{method}"


# ---- metrics

@pytest.mark.parametrize("seed", range(5))
def test_accuracy_counts_as_d2l_does(seed):
    torch.manual_seed(seed)
    y_hat, y = torch.randn(33, 7), torch.randint(7, (33,))
    assert utils.accuracy(y_hat, y) == d2l.accuracy(y_hat, y) == sum(int(a.argmax() == b) for a, b in zip(y_hat, y))
    assert utils.accuracy(y_hat.argmax(1), y) == d2l.accuracy(y_hat.argmax(1), y)


def test_evaluate_accuracy_equals_d2l_and_restores_the_mode():
    net = nn.Sequential(linear(), nn.Dropout(0.5)).train()
    assert utils.evaluate_accuracy(net, batches()) == pytest.approx(d2l.evaluate_accuracy(net, batches()))
    net.train()
    utils.evaluate_accuracy(net, batches())
    assert net.training and not utils.predict(net, batches())[0].requires_grad


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_evaluate_loss_equals_d2l_for_regression():
    torch.manual_seed(1)
    loader = DataLoader(TensorDataset(torch.randn(21, 5), torch.randn(21, 1)), 8)
    net, loss = nn.Linear(5, 1), nn.MSELoss(reduction="none")
    assert utils.evaluate_loss(net, loader, loss) == pytest.approx(d2l.evaluate_loss(net, loader, loss), rel=1e-5)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_evaluate_loss_weighs_the_short_batch_by_its_examples(reduction):
    loader, net = batches(), linear()
    X, y = loader.dataset.tensors
    expected = F.cross_entropy(net(X), y).item()
    loss = nn.CrossEntropyLoss(reduction=reduction)
    assert utils.evaluate_loss(net, loader, loss) == pytest.approx(expected, rel=1e-5)
    assert utils.evaluate(net, loader, loss)[0] == pytest.approx(expected, rel=1e-5)
    mean_of_means = sum(F.cross_entropy(net(X), y).item() for X, y in loader) / len(loader)
    assert abs(mean_of_means - expected) > 1e-4  # the usual slip would show


def test_an_empty_iterator_is_named():
    for call in (lambda: utils.evaluate_accuracy(linear(), []),
                 lambda: utils.evaluate_loss(linear(), [], nn.CrossEntropyLoss()),
                 lambda: utils.train_epoch(linear(), [], nn.CrossEntropyLoss(), lambda n: None)):
        with pytest.raises(ValueError, match="gave no batch"):
            call()


def test_confusion_matrix():
    y_hat = torch.eye(3)[[0, 1, 1, 2, 0]]
    matrix = utils.confusion_matrix(y_hat, torch.tensor([0, 1, 2, 2, 1]), 3)
    assert matrix.tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    with pytest.raises(ValueError, match=r"shape \(5, 3\), labels \(4,\)"):
        utils.confusion_matrix(y_hat, torch.zeros(4).long(), 3)


# ---- training

def trained(epoch, reduction, scratch):
    """Return what one epoch gives, and the weights after it."""
    net, loss = linear(), nn.CrossEntropyLoss(reduction=reduction)
    params = list(net.parameters())
    updater = (lambda n: d2l.sgd(params, 0.1, n)) if scratch else torch.optim.SGD(params, lr=0.1)
    return epoch(net, batches(), loss, updater), net.weight.detach().clone()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("scratch", [True, False])
def test_train_epoch_is_the_same_for_every_updater_and_reduction(reduction, scratch):
    expected, weight = trained(utils.train_epoch, "mean", False)
    result, other = trained(utils.train_epoch, reduction, scratch)
    assert result == pytest.approx(expected, rel=1e-5)
    assert torch.allclose(weight, other, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
@pytest.mark.parametrize("reduction, scratch", [("none", True), ("mean", False)])  # the two that d2l can do
def test_train_epoch_equals_d2l(reduction, scratch):
    ours, theirs = (trained(epoch, reduction, scratch) for epoch in (utils.train_epoch, d2l.train_epoch_ch3))
    assert ours[0] == pytest.approx(theirs[0], rel=1e-5)
    assert torch.allclose(ours[1], theirs[1], atol=1e-6)


def test_train_epoch_reports_batches():
    net, seen = linear(), []
    loss, _ = utils.train_epoch(net, batches(), nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=1.0), on_batch=seen.append)
    assert len(seen) == 4 and loss == pytest.approx(sum(value * n for value, n in zip(seen, (16, 16, 16, 2))) / 50, rel=1e-5)


def test_a_loss_that_is_no_number_stops_the_run_with_advice():
    net = linear()
    with pytest.raises(FloatingPointError, match="tenth of the learning rate"):
        utils.train(net, batches(), batches(), lambda y_hat, y: (y_hat.sum(1) * math.nan),
                    1, torch.optim.SGD(net.parameters(), lr=0.1))


def first_batch_error(net, loader, error, match):
    """Train on `loader`; see that the error comes before the network has moved."""
    before = [p.clone() for p in net.parameters()] if isinstance(net, nn.Module) else []
    updater = torch.optim.SGD(net.parameters(), lr=0.1) if isinstance(net, nn.Module) else lambda n: None
    with pytest.raises(error, match=match):
        utils.train_epoch(net, loader, nn.CrossEntropyLoss(), updater)
    for p, q in zip(before, net.parameters() if before else ()):
        assert p.device.type == "meta" or torch.equal(p, q)


@pytest.mark.parametrize("label, named", [(4, "Label 4"), (-1, "Label -1"), (250, "Label 250")])
def test_a_label_without_a_score_is_named_at_the_first_batch(label, named):
    X, y = torch.randn(20, 5), torch.zeros(20).long()
    y[7] = label
    loader = DataLoader(TensorDataset(X, y), 10)
    words = f"{named} has no score: the network gives 4 for each example. Number the classes from 0"
    first_batch_error(linear(), loader, ValueError, words)
    for call in (lambda: utils.evaluate(linear(), loader, nn.CrossEntropyLoss()), lambda: utils.evaluate_accuracy(linear(), loader)):
        with pytest.raises(ValueError, match=words):
            call()


def test_an_empty_loader_is_named_before_anything_is_trained():
    empty, full = DataLoader(TensorDataset(torch.zeros(0, 5), torch.zeros(0).long()), 4), batches()
    net = linear()
    first_batch_error(net, empty, ValueError, "train_iter gave no batch: is it empty")
    before, optimizer = net.weight.clone(), torch.optim.SGD(net.parameters(), lr=0.1)
    for train_iter, test_iter, named in ((empty, full, "train_iter"), (full, empty, "test_iter")):
        with pytest.raises(ValueError, match=f"{named} gave no batch"):
            utils.train(net, train_iter, test_iter, nn.CrossEntropyLoss(), 1, optimizer)
    assert torch.equal(net.weight, before)


def test_a_network_on_two_devices_is_named():
    net = nn.Sequential(nn.Linear(5, 3), nn.Linear(3, 4, device="meta"))  # any machine has this second device
    first_batch_error(net, batches(), ValueError, r"more than one device: 0.weight on cpu, 1.weight on meta. Move all of it: net.to")
    normed = nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3))
    normed[1].running_mean = normed[1].running_mean.to("meta")  # no parameter, and needed all the same
    first_batch_error(normed, batches(), ValueError, r"more than one device: 0.weight on cpu, 1.running_mean on meta")
    with pytest.raises(ValueError, match="more than one device"):
        utils.predict(net, batches())


def test_a_function_whose_tensors_lie_elsewhere_is_named():
    W, b = torch.zeros(4, 5, device="meta"), torch.zeros(4, device="meta")
    first_batch_error(lambda X: F.linear(X, W, b), batches(), ValueError, "The batch is on cpu, but the network uses tensors elsewhere")


def test_another_error_of_the_network_is_its_own():
    first_batch_error(nn.Linear(6, 4), batches(), RuntimeError, "shapes cannot be multiplied")


def test_train_fills_the_history_and_goes_on(capsys):
    net = linear()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    history = utils.train(net, batches(), batches(seed=1), nn.CrossEntropyLoss(), 2, optimizer)
    assert len(history.train_loss) == len(history.test_loss) == len(history.test_acc) == len(history.seconds) == 2
    assert len(history.batch_loss) == 2 * 4
    assert history.test_acc[-1] == utils.evaluate_accuracy(net, batches(seed=1))
    again = utils.train_ch3(net, batches(), batches(seed=1), nn.CrossEntropyLoss(), 1, optimizer, history=history)
    assert again is history and len(history.test_acc) == 3
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 epochs, ")


def test_an_interrupt_keeps_network_history_and_picture(capsys):
    net, calls = linear(), []

    class Interrupted(torch.optim.SGD):
        def step(self, closure=None):
            calls.append(1)
            if len(calls) == 7:  # in the second epoch of four batches
                raise KeyboardInterrupt
            return super().step(closure)

    history = utils.train(net, batches(), batches(), nn.CrossEntropyLoss(), 5, Interrupted(net.parameters(), lr=0.1))
    assert len(history.test_acc) == 1 and len(history.batch_loss) == 4
    assert "Interrupted" in capsys.readouterr().out


@pytest.mark.long("starts PyTorch anew")
def test_a_program_written_for_d2l_runs_when_its_import_changes(monkeypatch, capfd, recwarn):
    """In this process, as importing d2l takes seconds; what the import itself leaves is tried in test_start.py."""
    program = """
import utils as d2l
import torch
from torch import nn
train_iter, test_iter = d2l.load_data_fashion_mnist(256)
W = torch.normal(0, 0.01, size=(784, 10), requires_grad=True)
b = torch.zeros(10, requires_grad=True)
def softmax(X):
    X_exp = torch.exp(X)
    return X_exp / X_exp.sum(1, keepdim=True)
def net(X):
    return softmax(torch.matmul(X.reshape((-1, W.shape[0])), W) + b)
def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y])
timer = d2l.Timer()
d2l.train_ch3(net, train_iter, test_iter, cross_entropy, 2, lambda n: d2l.sgd([W, b], 0.1, n))
d2l.predict_ch3(net, test_iter)
concise = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
trainer = torch.optim.SGD(concise.parameters(), lr=0.1)
for reduction in ('none', 'mean'):
    d2l.train_ch3(concise, train_iter, test_iter, nn.CrossEntropyLoss(reduction=reduction), 1, trainer)
animator = d2l.Animator(xlabel='epoch', xlim=[1, 3], ylim=[0.3, 0.9], legend=['train loss', 'test acc'])
for epoch in range(3):
    animator.add(epoch + 1, (0.5, 0.6))
X, y = next(iter(train_iter))
axes = d2l.show_images(X[:18].reshape(18, 28, 28), 2, 9, titles=d2l.get_fashion_mnist_labels(y[:18]))
assert len(axes) == 18 and axes[0].get_title() and d2l.size(y) == 256 and d2l.get_dataloader_workers() >= 0
metric = d2l.Accumulator(2)
metric.add(d2l.accuracy(net(X), y), d2l.size(y))
features, labels = d2l.synthetic_data(torch.tensor([2.0, -3.4]), 4.2, 1000)
for X, y in d2l.load_array((features, labels), 10):
    d2l.squared_loss(d2l.linreg(X, torch.zeros(2, 1), 0.0), y)
d2l.use_svg_display(); d2l.set_figsize(); d2l.plot([1, 2], [[3, 4], [5, 6]], 'x', 'y', legend=['a', 'b'])
d2l.plt.close('all')
"""
    monkeypatch.setenv("COURSE_DATA", "sample")
    exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
    said, errors = capfd.readouterr()
    unheard = (DeprecationWarning, PendingDeprecationWarning)  # a program hears them only where it asks for them
    assert errors == "" and not [str(each.message) for each in recwarn if not issubclass(each.category, unheard)]  # quiet: no bar, no warning
    assert [line[:7] for line in said.splitlines()] == ["2 epoch", "1 epoch", "1 epoch"]


# ---- seeds, devices, imports

def test_set_seed_repeats_python_numpy_and_torch():
    import random

    import numpy as np
    draws = []
    for _ in range(2):
        utils.set_seed(7)
        draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]


def test_device_prefers_cuda_then_mps(monkeypatch):
    for cuda, mps, expected in ((True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        assert utils.device().type == expected


@pytest.mark.long("starts PyTorch anew")
def test_a_torchvision_without_its_operators_is_imported_all_the_same_and_no_other_error_is_hidden(tmp_path):
    """A stand-in that fails as the real one does beside another build of torch, until `nms` is declared."""
    package = tmp_path / "fails" / "torchvision"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import torch\n"
        "if not torch._C._jit_get_schemas_for_operator('torchvision::nms'):\n"
        "    raise RuntimeError('operator torchvision::nms does not exist')\n"
        "from . import datasets, transforms\n")
    for name in ("datasets", "transforms"):
        (package / f"{name}.py").write_text("")
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('something else')")
    result = run(f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import utils
try:
    import torchvision
except RuntimeError as error:
    print(error)
sys.path.insert(0, {str(package.parent)!r})
print(utils.torchvision.__file__)
""")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["something else", str(package / "__init__.py")]


# ---- pictures

def test_show_images_titles_and_extra_axes():
    axes = utils.show_images(torch.rand(5, 1, 28, 28), 2, 3, titles=list("abcde"))
    assert [ax.get_title() for ax in axes] == ["a", "b", "c", "d", "e", ""]
    assert axes[0].images[0].get_array().shape == (28, 28)


def test_animator_keeps_points_and_panels():
    animator = utils.Animator(legend=("a", "b"), ncols=2, panels=(0, 1), ylabel=("left", "right"))
    animator.add(1, (0.5, None))
    animator.add(2, (0.4, 0.9))
    animator.finish("two curves")
    left, right = animator.axes
    assert left.lines[0].get_xydata().tolist() == [[1, 0.5], [2, 0.4]]
    assert right.lines[0].get_xydata().tolist() == [[2, 0.9]]
    assert (left.get_ylabel(), right.get_ylabel()) == ("left", "right")


def test_decision_boundary_has_a_region_and_a_marker_a_class():
    X, y = torch.tensor([[0.0, 0.0], [2.0, 2.0], [0.1, 0.0]]), torch.tensor([0, 1, 0])
    utils.show_decision_boundary(lambda points: (points.sum(1) > 2).long(), X, y, "Two classes.")
    ax = plt.gcf().axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class 0", "class 1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")


def test_confusion_picture_has_every_count():
    utils.show_confusion_matrix(torch.tensor([[3, 1], [2, 4]]), ["cat", "dog"])
    ax = plt.gcf().axes[0]
    assert [text.get_text() for text in ax.texts] == ["3", "1", "2", "4"]


# ---- checkpoints

def small(width=3):
    net = nn.Sequential(nn.Linear(5, width), nn.ReLU(), nn.Linear(width, 4))
    return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


def test_a_checkpoint_resumes_number_for_number(tmp_path):
    loader, loss = DataLoader(batches().dataset, 16, shuffle=True), nn.CrossEntropyLoss()
    utils.set_seed(0)
    net, optimizer = small()
    history = utils.train(net, loader, batches(), loss, 2, optimizer)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer, history)
    unbroken = utils.train(net, loader, batches(), loss, 2, optimizer, history=history)
    utils.set_seed(99)
    net, optimizer = small()
    resumed = utils.load_checkpoint(tmp_path / "c.pt", net, optimizer)
    resumed = utils.train(net, loader, batches(), loss, 2, optimizer, history=resumed)
    assert resumed.train_loss == unbroken.train_loss and resumed.batch_loss == unbroken.batch_loss


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(5, "Input/output error")])
def test_a_failed_save_leaves_the_old_checkpoint(error, tmp_path, monkeypatch):
    net, optimizer = small()
    path = tmp_path / "c.pt"
    utils.save_checkpoint(path, net, optimizer)
    before = path.read_bytes()

    def torn(handle):
        raise error

    monkeypatch.setattr(os, "fsync", torn)
    with pytest.raises(type(error)):
        utils.save_checkpoint(path, net, optimizer)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["c.pt"]


def test_another_models_checkpoint_is_named_and_changes_nothing(tmp_path):
    net, optimizer = small(3)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    other, other_optimizer = small(6)
    before = [p.clone() for p in other.parameters()]
    with pytest.raises(ValueError, match=r"another model: 0\.bias is \(3,\) in the file, \(6,\) in your network"):
        utils.load_checkpoint(tmp_path / "c.pt", other, other_optimizer)
    with pytest.raises(ValueError, match="missing"):
        utils.load_checkpoint(tmp_path / "c.pt", nn.Linear(5, 3))
    assert all(torch.equal(p, q) for p, q in zip(before, other.parameters()))


def test_an_optimizer_of_another_network_is_refused(tmp_path):
    net, optimizer = small()
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    new_net, _ = small()
    before = [p.clone() for p in new_net.parameters()]
    with pytest.raises(ValueError, match="another network's parameters"):
        utils.load_checkpoint(tmp_path / "c.pt", new_net, optimizer)
    assert all(torch.equal(p, q) for p, q in zip(before, new_net.parameters()))
    utils.save_checkpoint(tmp_path / "no-optimizer.pt", net)
    with pytest.raises(ValueError, match="no optimizer state"):
        utils.load_checkpoint(tmp_path / "no-optimizer.pt", *small())


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", None, "trap", "truncated"])
def test_what_is_no_checkpoint_is_named(tmp_path, content):
    path, (net, _) = tmp_path / "c.pt", small()
    if content == "trap":
        torch.save({"format": guards.FORMAT, "net": Trap(tmp_path / "sprung")}, path)
    elif content == "truncated":
        utils.save_checkpoint(path, net)
        path.write_bytes(path.read_bytes()[:500])
    elif content is None:
        torch.save([1, 2], path)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="save it again with save_checkpoint|Save it again with save_checkpoint"):
        utils.load_checkpoint(path, net)


@pytest.mark.parametrize("content, words", [
    ({"format": guards.FORMAT + 1}, f"has checkpoint format {guards.FORMAT + 1}, .*: update the course"),
    ({"format": 0}, "has checkpoint format 0, .*: save it again with save_checkpoint"),
    ({"format": guards.FORMAT, "net": {}, "history": None}, "lacks optimizer, optimizer_kind, .*random, .*: save it again"),
])
def test_another_format_and_missing_parts_are_named(tmp_path, content, words):
    torch.save(content, tmp_path / "c.pt")
    net, _ = small()
    before = [p.clone() for p in net.parameters()]
    with pytest.raises(ValueError, match=words):
        utils.load_checkpoint(tmp_path / "c.pt", net)
    assert all(torch.equal(p, q) for p, q in zip(before, net.parameters()))


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path):
    torch.save({"format": guards.FORMAT, "net": Trap(tmp_path / "sprung")}, tmp_path / "c.pt")
    with pytest.raises(ValueError, match="holding more than tensors and numbers"):
        utils.load_checkpoint(tmp_path / "c.pt", small()[0])
    assert not (tmp_path / "sprung").exists()
    torch.load(tmp_path / "c.pt", weights_only=False)
    assert (tmp_path / "sprung").exists(), "the trap works where it is let"


def test_a_missing_checkpoint_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        utils.load_checkpoint(tmp_path / "none.pt", nn.Linear(1, 1))


# ---- names of d2l, in this process

def test_a_name_that_nobody_has_says_whether_d2l_is_missing(monkeypatch):
    assert utils.__getattr__("__all__") == sorted(dir(utils))
    monkeypatch.setattr(utils, "_d2l_names", lambda: {"Timer"})
    with pytest.raises(AttributeError) as raised:
        utils.nothing
    assert str(raised.value) == "module 'utils' has no attribute 'nothing'"
    monkeypatch.setattr(utils, "_d2l_names", set)
    with pytest.raises(AttributeError) as raised:
        utils.nothing
    assert str(raised.value) == "module 'utils' has no attribute 'nothing' (d2l is not installed, which has more)"


def test_a_name_of_d2l_is_d2ls_and_is_asked_for_once(monkeypatch):
    from d2l import torch as d2l
    monkeypatch.delitem(vars(utils), "Timer", raising=False)
    assert utils.Timer is d2l.Timer and vars(utils)["Timer"] is d2l.Timer
    assert utils.__getattr__("Vocab") is d2l.Vocab


def test_what_d2l_offers_is_known_from_its_source_name_for_name(monkeypatch):
    from d2l import torch as d2l
    utils._d2l_names.cache_clear()
    assert utils._d2l_names() == {name for name in vars(d2l) if not name.startswith("_")}
    monkeypatch.setattr(utils, "_d2l_names", frozenset)
    assert {"train_ch3", "train_epoch_ch3"} <= utils.__dir__(), "which are ours, d2l or no d2l"


def test_what_a_star_brings_is_ours_and_d2ls_and_nothing_else():
    names = set(utils.__dir__())
    assert {"History", "train", "train_ch3", "train_epoch_ch3", "load_data_mnist", "show_images", "Timer", "Vocab"} <= names
    assert not {"_Rows", "_evaluating", "np", "copy", "guards", "Path", "positive", "__name__"} & (names - utils._d2l_names())


def test_classes_that_nobody_has_get_rows_of_zeros_and_one_too_many_is_named():
    matrix = utils.confusion_matrix(torch.tensor([0, 1]), torch.tensor([0, 0]), 4)
    assert matrix.tolist() == [[1, 1, 0, 0], [0] * 4, [0] * 4, [0] * 4]
    with pytest.raises(ValueError) as raised:
        utils.confusion_matrix(torch.tensor([0, 4]), torch.tensor([0, 0]), 4)
    assert str(raised.value) == "There is a prediction 4, but num_classes is 4: classes are numbered from 0 to 3."
