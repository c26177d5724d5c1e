"""Numbers of training and testing as PyTorch has them: losses of every reduction, weights, labels of every kind, schedules."""
import functools
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt

import guards
import utils
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

ROOT = Path(__file__).resolve().parent.parent
N, Q = 50, 4
WEIGHT = torch.tensor([0.2, 1.0, 3.0, 7.0])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def data(batch_size=16, kind=torch.int64, **options):
    """A loader of 50 examples of 5 numbers and 4 classes; with 16 the last batch is short."""
    generator = torch.Generator().manual_seed(0)
    X, y = torch.randn(N, 5, generator=generator), torch.randint(Q, (N,), generator=generator)
    return DataLoader(TensorDataset(X, y.to(kind)), batch_size, **options)


def whole():
    return data().dataset.tensors[0], data().dataset.tensors[1].long()


def linear(seed=0):
    torch.manual_seed(seed)
    return nn.Linear(5, Q)


def nothing(batch_size):
    """An updater that leaves the network as it is, so that an epoch's loss is that of one network."""


class Wrapped(nn.Module):
    """A loss of one's own around another, which hides its reduction."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, y_hat, y):
        return self.inner(y_hat, y)


def by_hand(y_hat, y):
    return -torch.log_softmax(y_hat, 1)[range(len(y)), y]


PLAIN = {
    "mean": nn.CrossEntropyLoss(), "sum": nn.CrossEntropyLoss(reduction="sum"), "none": nn.CrossEntropyLoss(reduction="none"),
    "function": F.cross_entropy,
    **{f"partial {kind}": functools.partial(F.cross_entropy, reduction=kind) for kind in ("mean", "sum", "none")},
    **{f"lambda {kind}": lambda y_hat, y, kind=kind: F.cross_entropy(y_hat, y, reduction=kind) for kind in ("mean", "sum", "none")},
    **{f"wrapped {kind}": Wrapped(nn.CrossEntropyLoss(reduction=kind)) for kind in ("mean", "sum", "none")},
    "partial of a partial": functools.partial(functools.partial(F.cross_entropy, label_smoothing=0.0), reduction="sum"),
    "by hand, each": by_hand, "by hand, sum": lambda y_hat, y: by_hand(y_hat, y).sum(),
    "by hand, mean": lambda y_hat, y: by_hand(y_hat, y).mean(), "by hand, sum of shape (1,)": lambda y_hat, y: by_hand(y_hat, y).sum(0, True),
    "each in a column": lambda y_hat, y: by_hand(y_hat, y)[:, None],
    "log-softmax": lambda y_hat, y: F.nll_loss(y_hat.log_softmax(1), y, reduction="sum"),
}
WEIGHTED = {
    **{f"module {kind}": nn.CrossEntropyLoss(weight=WEIGHT, reduction=kind) for kind in ("mean", "sum", "none")},
    **{f"partial {kind}": functools.partial(F.cross_entropy, weight=WEIGHT, reduction=kind) for kind in ("mean", "sum", "none")},
    "lambda": lambda y_hat, y: F.cross_entropy(y_hat, y, weight=WEIGHT), "wrapped": Wrapped(nn.CrossEntropyLoss(weight=WEIGHT)),
}


@pytest.mark.parametrize("batch_size", [1, 16, N])
@pytest.mark.parametrize("weight, name", [(None, name) for name in PLAIN] + [(WEIGHT, name) for name in WEIGHTED])
def test_the_mean_loss_is_pytorchs_own_for_the_whole_set_at_once(weight, name, batch_size):
    loss, net, (X, y) = (PLAIN if weight is None else WEIGHTED)[name], linear(), whole()
    expected = F.cross_entropy(net(X), y, weight=weight).item()
    assert utils.evaluate(net, data(batch_size), loss)[0] == pytest.approx(expected, rel=1e-5)
    assert utils.evaluate_loss(net, data(batch_size), loss) == pytest.approx(expected, rel=1e-5)
    assert utils.train_epoch(net, data(batch_size), loss, nothing)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("scratch", [True, False])
@pytest.mark.parametrize("weight, name", [(None, name) for name in PLAIN] + [(WEIGHT, name) for name in WEIGHTED])
def test_every_reduction_and_either_updater_take_the_same_steps(weight, name, scratch):
    loss = (PLAIN if weight is None else WEIGHTED)[name]
    net, other = linear(), linear()
    for X, y in data():  # what PyTorch's users write
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        optimizer.zero_grad()
        F.cross_entropy(net(X), y, weight=weight).backward()
        optimizer.step()

    def updater(n):
        with torch.no_grad():
            for p in other.parameters():
                p -= 0.1 * p.grad / n
                p.grad.zero_()

    utils.train_epoch(other, data(), loss, updater if scratch else torch.optim.SGD(other.parameters(), lr=0.1))
    assert torch.allclose(net.weight, other.weight, atol=1e-6) and torch.allclose(net.bias, other.bias, atol=1e-6)


@pytest.mark.parametrize("kind", ["mean", "none"])
def test_a_loss_of_each_score_takes_the_same_steps_with_either_updater(kind):
    """Not reduced it is (n, q): its mean is over all n q of them, as PyTorch's own."""
    (X, y), nets = whole(), [linear(), linear(), linear()]
    one_hot = [(X, F.one_hot(y, Q).float())]
    F.binary_cross_entropy_with_logits(nets[0](X), one_hot[0][1]).backward()
    torch.optim.SGD(nets[0].parameters(), lr=0.1).step()

    def updater(n):
        with torch.no_grad():
            for p in nets[1].parameters():
                p -= 0.1 * p.grad / n

    for net, how in ((nets[1], updater), (nets[2], torch.optim.SGD(nets[2].parameters(), lr=0.1))):
        utils.train_epoch(net, one_hot, nn.BCEWithLogitsLoss(reduction=kind), how)
        assert torch.allclose(nets[0].weight, net.weight, atol=1e-6) and torch.allclose(nets[0].bias, net.bias, atol=1e-6)


def test_ignored_labels_count_as_in_pytorch():
    loss, net, (X, y) = nn.CrossEntropyLoss(ignore_index=2, reduction="sum"), linear(), whole()
    expected = F.cross_entropy(net(X), y, ignore_index=2).item()
    assert utils.evaluate(net, data(), loss)[0] == pytest.approx(expected, rel=1e-5)
    assert utils.train_epoch(net, data(), loss, nothing)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [lambda y_hat, y: F.cross_entropy(y_hat, y, reduction="sum") + 5.0,
                                  lambda y_hat, y: F.cross_entropy(y_hat, y) * math.sqrt(len(y))])
def test_a_loss_that_is_neither_mean_nor_sum_is_refused_before_the_first_step(loss):
    net = linear()
    before = net.weight.clone()
    for call in (lambda: utils.evaluate(net, data(), loss), lambda: utils.evaluate_loss(net, data(), loss),
                 lambda: utils.train_epoch(net, data(), loss, torch.optim.SGD(net.parameters(), lr=0.1))):
        with pytest.raises(ValueError, match="neither their mean nor their sum"):
            call()
    assert torch.equal(net.weight, before)


@pytest.mark.parametrize("loss", [lambda y_hat, y: torch.ones(3), lambda y_hat, y: y[:, None] - y * 1.0, lambda y_hat, y: F.mse_loss(y_hat, F.one_hot(y, Q).float(), reduction="none").sum(0)])
def test_a_loss_of_a_strange_shape_is_refused(loss):
    with pytest.raises(ValueError, match="The loss has shape .* for 50 examples"):
        utils.evaluate(linear(), data(), loss)


def test_a_penalty_is_part_of_the_mean():
    net, (X, y) = linear(), whole()
    loss = lambda y_hat, y: F.cross_entropy(y_hat, y) + 0.1 * net.weight.pow(2).sum()  # noqa: E731
    expected = (F.cross_entropy(net(X), y) + 0.1 * net.weight.pow(2).sum()).item()
    assert utils.train_epoch(net, data(), loss, nothing)[0] == pytest.approx(expected, rel=1e-5)
    assert utils.evaluate(net, data(), loss)[0] == pytest.approx(expected, rel=1e-5)


def test_finding_out_draws_no_random_number():
    net = linear()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    utils.evaluate(net, [whole()], F.cross_entropy)
    assert torch.equal(torch.rand(1), expected)
    torch.manual_seed(3)
    utils.evaluate(net, [whole()], lambda y_hat, y: F.cross_entropy(y_hat, y) + 0 * torch.rand(1).sum())
    torch.manual_seed(3)
    torch.rand(1)
    after = torch.rand(1)
    torch.manual_seed(3)
    utils.evaluate(net, [whole()], lambda y_hat, y: F.cross_entropy(y_hat, y) + 0 * torch.rand(1).sum())
    assert torch.equal(torch.rand(1), after), "the loss drew once, finding out what it is drew nothing"


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1e6])
def test_small_and_large_losses_are_found_out_too(scale):
    net = linear()
    for reduction in ("mean", "sum"):
        loss = lambda y_hat, y: scale * F.cross_entropy(y_hat, y, reduction=reduction)  # noqa: B023, E731
        expected = scale * F.cross_entropy(net(whole()[0]), whole()[1]).item()
        assert utils.evaluate(net, data(), loss)[0] == pytest.approx(expected, rel=1e-5)
        assert utils.train_epoch(net, data(), loss, nothing)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.MSELoss(reduction="sum"), nn.MSELoss(reduction="none"), nn.L1Loss(reduction="sum"),
                                  nn.HuberLoss(reduction="none"), lambda y_hat, y: F.mse_loss(y_hat, y)],
                         ids=["mean", "sum", "none", "L1 sum", "Huber none", "lambda"])
def test_evaluate_loss_of_a_regression_is_the_mean_over_all_numbers(loss, outputs):
    torch.manual_seed(1)
    X, y = torch.randn(21, 5), torch.randn(21, outputs).double()
    net, plain = nn.Linear(5, outputs), type(loss)() if isinstance(loss, nn.Module) else nn.MSELoss()
    for target in (y, y[:, 0]) if outputs == 1 else (y,):
        loader = DataLoader(TensorDataset(X, target), 8)
        assert utils.evaluate_loss(net, loader, loss) == pytest.approx(plain(net(X), y.float()).item(), rel=1e-5)


def test_a_sum_over_rows_and_columns_is_not_guessed():
    loader = DataLoader(TensorDataset(torch.randn(6, 5), torch.randn(6, 2)), 4)
    with pytest.raises(ValueError, match="over the 6 rows or over all 12 numbers"):
        utils.evaluate_loss(nn.Linear(5, 2), loader, lambda y_hat, y: F.mse_loss(y_hat, y, reduction="sum"))


def test_a_loss_with_weights_is_called_where_the_network_lies(monkeypatch):
    """On a machine without a GPU: the meta device stands in, whose numbers nobody can read."""
    seen = []

    class Seen(Exception):
        pass

    class Loss(nn.CrossEntropyLoss):
        def forward(self, y_hat, y):
            seen.append((y_hat.device.type, y.device.type, self.weight.device.type, super().forward(y_hat, y).device.type))
            raise Seen

    monkeypatch.setattr(guards, "whole_numbers", lambda y: y.long())
    monkeypatch.setattr(torch.Tensor, "aminmax", lambda y: (0, 0))
    net, loss = linear().to("meta"), Loss(weight=WEIGHT).to("meta")
    for call in (lambda: utils.evaluate(net, data(), loss), lambda: utils.train_epoch(net, data(), loss, nothing)):
        with pytest.raises(Seen):
            call()
    assert seen == [("meta",) * 4] * 2


# ---- labels and scores

ONE_HOT = F.one_hot(whole()[1], Q)
SOFT = 0.9 * ONE_HOT + 0.1 / Q


@pytest.mark.parametrize("y", [whole()[1].to(kind) for kind in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)]
                         + [ONE_HOT, ONE_HOT.float(), ONE_HOT.double(), SOFT, SOFT.double()])
def test_labels_of_every_kind_count_and_train_the_same(y):
    X, classes = whole()
    net, loader = linear(), DataLoader(TensorDataset(X, y), 16)
    correct = int((net(X).argmax(1) == classes).sum())
    assert utils.accuracy(net(X), y) == correct == utils.confusion_matrix(net(X), y, Q).diagonal().sum()
    target = classes if y.ndim == 1 else y.float()
    expected = F.cross_entropy(net(X), target).item()
    assert utils.evaluate(net, loader, nn.CrossEntropyLoss()) == pytest.approx((expected, correct / N), rel=1e-5)
    assert utils.evaluate_loss(net, loader, nn.CrossEntropyLoss(reduction="sum")) == pytest.approx(expected, rel=1e-5)
    assert utils.train_epoch(net, loader, F.cross_entropy, nothing) == pytest.approx((expected, correct / N), rel=1e-5)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_images_take_the_type_of_the_networks_numbers(kind):
    X, y = whole()
    net = linear()
    loader = DataLoader(TensorDataset(X.to(kind), y), 16)
    expected = F.cross_entropy(net(X.to(kind).float()), y).item()
    assert utils.evaluate(net, loader, nn.CrossEntropyLoss())[0] == pytest.approx(expected, rel=1e-5)
    assert utils.train_epoch(net, loader, nn.CrossEntropyLoss(), nothing)[0] == pytest.approx(expected, rel=1e-5)
    double = linear().double()
    assert utils.evaluate_accuracy(double, data()) == utils.evaluate_accuracy(net, data())


@pytest.mark.parametrize("reduction", ["sum", "none", "mean"])
def test_a_loss_that_was_handed_in_is_its_owners(reduction):
    """Its mean is taken of a copy: what it gives afterwards is what it gave before."""
    X, y = whole()
    loss, part = nn.CrossEntropyLoss(reduction=reduction), functools.partial(F.cross_entropy, reduction=reduction)
    net = linear()
    before = [each(net(X), y).detach() for each in (loss, part)]
    for each in (loss, part):
        utils.train(net, data(), data(), each, 1, torch.optim.SGD(net.parameters(), lr=0.0))
        utils.evaluate_loss(net, data(), each)
    assert loss.reduction == part.keywords["reduction"] == reduction
    assert all(torch.equal(each(net(X), y), then) for each, then in zip((loss, part), before))


def test_a_history_says_how_many_epochs_took_how_long_and_how_they_ended():
    history = utils.History(train_loss=[2.0, 1.0, 0.5], train_acc=[0.1, 0.5, 0.75], test_loss=[3.0, 2.0, 1.0], test_acc=[0.2, 0.4, 0.625],
                            seconds=[1.0, 2.5, 0.25], batch_loss=[])
    assert str(history) == repr(history) == "3 epochs, 3.8 s: train loss 0.500, accuracy 0.750; test accuracy 0.625"
    one = utils.History(train_loss=[2.0], train_acc=[0.1], test_loss=[3.0], test_acc=[0.2], seconds=[1.0])
    assert str(one) == "1 epoch, 1.0 s: train loss 2.000, accuracy 0.100; test accuracy 0.200" and str(utils.History()) == "no epoch finished"


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("mean", [True, False])
def test_a_loss_of_ones_own_in_few_digits_is_found_out_too(kind, mean):
    """bfloat16's two or three digits once made one in twenty a loss that is "neither mean nor sum"."""
    for seed in range(60):
        generator = torch.Generator().manual_seed(seed)
        scores, y = torch.randn(64, 10, generator=generator).to(kind), torch.randint(10, (64,), generator=generator)

        def loss(y_hat, y):
            l = F.cross_entropy(y_hat, y, reduction="none")
            return l.mean() if mean else l.sum()

        assert guards.reduction(loss, loss(scores, y), scores, y) == ("mean" if mean else "sum"), seed


def test_targets_that_are_fine_come_back():
    two = torch.tensor([0, 1, 1])
    assert guards.targets(torch.zeros(3, 2), two).tolist() == [0, 1, 1] and guards.targets(torch.zeros(3, 2), two.to(torch.uint8)).dtype == torch.int64
    assert guards.targets(torch.zeros(0, 2), two[:0]).shape == (0,)
    nearly = torch.full((4, 3), 0.33)  # 0.99 in the sum: in bfloat16 a rounding, in float32 a slip
    assert guards.targets(torch.zeros(4, 3).bfloat16(), nearly.bfloat16()).dtype == torch.bfloat16
    for scores, targets in ((torch.zeros(4, 3), nearly), (torch.zeros(4, 3).bfloat16(), torch.full((4, 3), 0.3).bfloat16())):
        with pytest.raises(ValueError, match="are probabilities of each class"):
            guards.targets(scores, targets)


def test_no_examples_have_no_targets_and_no_sum():
    assert guards.targets(torch.zeros(0, 3), torch.zeros(0, 3)).shape == (0, 3)


@pytest.mark.parametrize("y_hat, y, words", [
    (torch.zeros(3), torch.rand(3), "are numbers, and here classes are counted"), (torch.zeros(3, 1), torch.ones(3, 1, dtype=torch.int64), r"Write y\.flatten\(\)"),
    (torch.zeros(2, 3, 4), torch.full((2, 3, 4), 0.25), r"Predictions have shape \(2, 3, 4\)"), (torch.zeros(1, 2), torch.tensor([[1.5, -0.5]]), "are probabilities of each class: from 0 on"),
    (torch.zeros(3), torch.tensor([0, 1, 0]), "each class needs a score of its own"), (torch.zeros(2, 3), torch.zeros(2, dtype=torch.complex64), "Labels are complex64")])
def test_what_are_no_targets_is_said(y_hat, y, words):
    with pytest.raises(ValueError, match=words):
        guards.targets(y_hat, y)


def test_predicted_classes_are_not_compared_with_a_column_of_labels():
    with pytest.raises(ValueError, match=r"Write y\.flatten\(\)"):
        guards.classes(torch.tensor([0, 1, 1]), torch.tensor([[0], [1], [1]]))


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.MSELoss(), nn.MSELoss(reduction="none"), F.cross_entropy,
                                  functools.partial(lambda y_hat, y, reduction: F.mse_loss(y_hat, y, reduction=reduction), reduction="sum")])
def test_a_loss_that_has_its_mean_or_is_ones_own_stays_what_it_is(loss):
    assert guards.mean_version(loss) is loss


def test_without_a_schedule_nothing_is_counted():
    assert guards.counts_epochs(None, torch.optim.SGD(nn.Linear(1, 1).parameters(), 0.1)) is False


@pytest.mark.parametrize("label, end", [(5, "one output for each class."), (-1, "one output for each class."), (-100, "one output for each class, and leave out the examples marked -100.")])
def test_only_whoever_marks_examples_is_told_to_leave_them_out(label, end):
    with pytest.raises(ValueError) as raised:
        guards.targets(torch.zeros(2, 3), torch.tensor([0, label]))
    assert str(raised.value).endswith(end)


def test_a_function_is_at_home_on_the_cpu_and_any_function_may_be_a_loss():
    assert guards.home_of(lambda X: X) == (torch.device("cpu"), None)
    for loss in (functools.partial(str.join, ","), functools.partial(len)):  # whose function says no module
        assert guards.mean_version(loss) is loss


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("of, kind", [(lambda each: each, "none"), (torch.mean, "mean"), (torch.sum, "sum")])
def test_what_a_loss_of_ones_own_returns_is_found_out_of_any_number_of_examples(n, of, kind):
    y_hat, y = torch.arange(2.0 * n).reshape(n, 2), torch.ones(n, 1)

    def loss(y_hat, y):
        return of((y_hat.sum(1) - y[:, 0] + 1) ** 2)

    assert guards.reduction(loss, loss(y_hat, y), y_hat, y) == kind


@pytest.mark.parametrize("once, twice, kind", [(0.0, 0.0, None), (math.inf, math.inf, None), (math.nan, math.nan, None), (1.0, 1.0, "mean"), (1.0, 2.0, "sum")])
def test_nothing_hides_what_a_loss_is_and_one_does_not(once, twice, kind):
    def loss(y_hat, y):
        return torch.tensor(once if len(y) == 3 else twice)

    y = torch.zeros(3)
    assert guards.reduction(loss, loss(y, y), y, y) == kind
    if kind == "mean":  # of few digits
        assert guards.reduction(lambda y_hat, y: torch.tensor(1.02, dtype=torch.bfloat16), torch.tensor(1.0, dtype=torch.bfloat16), y, y) == kind


def test_a_lazy_network_learns_from_its_first_batch_on():
    net = nn.Sequential(nn.LazyLinear(6), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(Q))
    before, _ = utils.train_epoch(net, data(), nn.CrossEntropyLoss(), optimizer := torch.optim.SGD(net.parameters(), lr=0.5))
    for _ in range(20):
        after, _ = utils.train_epoch(net, data(), nn.CrossEntropyLoss(), optimizer)
    assert after < 0.9 * before


def test_batches_of_numpy_arrays_are_taken():
    X, y = whole()
    assert utils.evaluate_accuracy(linear(), [(X.numpy().astype(np.float64), y.numpy())]) == utils.evaluate_accuracy(linear(), data())


@pytest.mark.parametrize("net, X, words", [
    (linear(), torch.zeros(4, 5, dtype=torch.uint8), "The batch is uint8, and the network's numbers are not.*X.float"),
    (nn.Sequential(nn.Unflatten(1, (1, 5)), nn.Conv1d(1, 4, 5), nn.Flatten()), torch.zeros(4, 5, dtype=torch.int64), "The batch is int64"),
    (lambda X: X @ torch.zeros(5, Q), torch.zeros(4, 5, dtype=torch.float64), "The batch is float64"),
])
def test_numbers_that_do_not_fit_the_network_are_named(net, X, words):
    with pytest.raises(ValueError, match=words):
        utils.evaluate_accuracy(net, [(X, torch.zeros(4).long())])


def test_batch_normalisation_with_a_batch_of_one_is_named():
    X, y = torch.randn(17, 5), torch.zeros(17).long()
    net = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Linear(6, Q))
    updater = torch.optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="mean over the batch, and this one has 1 example.*drop_last=True"):
        utils.train_epoch(net, DataLoader(TensorDataset(X, y), 8), nn.CrossEntropyLoss(), updater)
    utils.train_epoch(net, DataLoader(TensorDataset(X, y), 8, drop_last=True), nn.CrossEntropyLoss(), updater)
    assert utils.evaluate_accuracy(net, DataLoader(TensorDataset(X, y), 8)) >= 0  # testing takes any batch


def test_only_a_network_of_one_type_says_which_type_its_batches_have():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 3).double(), nn.Linear(3, 2)

        def forward(self, X):
            return self.second(self.first(X).float())

    assert guards.home_of(nn.Linear(2, 2)) == (torch.device("cpu"), torch.float32) and guards.home_of(nn.Linear(2, 2).double())[1] == torch.float64
    assert guards.home_of(Both())[1] is None and guards.home_of(lambda X: X)[1] is None
    X, y = torch.randn(4, 2, dtype=torch.float64), torch.tensor([0, 1, 0, 1])
    assert utils.evaluate(Both(), [(X, y)], nn.CrossEntropyLoss())[0] > 0, "a batch of double stays one"


SCORES, LABELS = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize("y_hat, y, words", [
    (SCORES, LABELS[:5], r"Predictions have shape \(6, 3\), labels \(5,\): give one label for each prediction, shape \(n,\)\.$"), (SCORES, LABELS[:, None], r"labels \(6, 1\).*Write y.flatten\(\)"),
    (SCORES, LABELS.float(), "Labels are float32: classes are whole numbers, so write y.long"),
    (SCORES[:, 0], LABELS.double(), "Predicted classes are whole numbers"), (torch.tensor([0.7, 1.0, 0.0, 0.2]), torch.tensor([1, 1, 0, 0]), "Predicted classes are whole numbers"), (LABELS, LABELS.double(), "Labels are float64"),
    (SCORES[:, :1], LABELS, r"Scores have shape \(6, 1\).*two for yes or no"), (SCORES[:, :1], LABELS[:, None], r"shape \(6, 1\)"),
    (SCORES, LABELS + 1, "Label 3 has no score"), (SCORES, LABELS - 1, "Label -1 has no score"),
    (LABELS, LABELS[:4], r"Predictions have shape \(6,\), labels \(4,\)"), (SCORES.sigmoid()[:, 0], LABELS, "compare them first, as in p > 0.5"),
    (SCORES, torch.full((6, 3), 0.33), "are probabilities of each class"), (SCORES, -F.one_hot(LABELS, 3), "are probabilities of each class"),
    (SCORES, F.one_hot(LABELS, 4), r"labels \(6, 4\)"), (torch.zeros(6, 3, 2), torch.zeros(6, 2).long(), r"shape \(6, 3, 2\)"),
    (torch.zeros(6, 3, 2), LABELS, r"shape \(6, 3, 2\)")])
def test_labels_and_scores_that_do_not_fit_are_refused_in_words(y_hat, y, words):
    for call in (lambda: utils.accuracy(y_hat, y), lambda: utils.confusion_matrix(y_hat, y, 3)):
        with pytest.raises(ValueError, match=words):
            call()
    if y_hat.ndim == 2 and len(y) == len(y_hat):
        for call in (lambda: utils.evaluate(lambda X: X, [(y_hat, y)], nn.CrossEntropyLoss()),
                     lambda: utils.train_epoch(lambda X: X, [(y_hat, y)], nn.CrossEntropyLoss(), nothing)):
            with pytest.raises(ValueError, match=words):
                call()


def test_forty_seven_classes_in_bytes_all_right_are_all_right():
    y = torch.arange(470) % 47
    for kind in (torch.uint8, torch.int8, torch.int16, torch.int64):
        for y_hat in (F.one_hot(y, 47).float(), y.to(kind), y, y.float()):
            matrix = utils.confusion_matrix(y_hat, y.to(kind), 47)
            assert matrix.dtype == torch.int64 and torch.equal(matrix, 10 * torch.eye(47).long())
            assert utils.accuracy(y_hat, y.to(kind)) == 470
    assert utils.accuracy(y.numpy(), y.tolist()) == 470


@pytest.mark.parametrize("y_hat, y, words", [(LABELS, LABELS + 1, "There is a label 3, but num_classes is 3"), (LABELS + 1, LABELS, "a prediction 3"),
                                             (LABELS, -LABELS, "There is a label -1"), (torch.zeros(6, 5), LABELS + 2, "a label 3")])
def test_classes_outside_the_matrix_are_named(y_hat, y, words):
    with pytest.raises(ValueError, match=words):
        utils.confusion_matrix(y_hat, y, 3)


@pytest.mark.parametrize("number", [0, -1, 2.5, "3", True])
def test_a_number_of_classes_that_is_none_is_named(number):
    with pytest.raises(ValueError, match="num_classes is .*give a whole number, 1 or larger"):
        utils.confusion_matrix(LABELS, LABELS, number)


def test_yes_or_no_is_counted_from_what_a_threshold_gives():
    p, y = torch.tensor([0.2, 0.9, 0.6]), torch.tensor([False, True, False])
    assert utils.accuracy(p > 0.5, y) == utils.accuracy((p > 0.5).float(), y.long()) == 2


# ---- schedules, and an end in between

def rates(make, num_epochs=3, train=utils.train):
    """The rate at the start of each epoch, and after the last."""
    net, seen = linear(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    scheduler = make(optimizer)
    for _ in range(num_epochs):
        seen.append(optimizer.param_groups[0]["lr"])
        if train is utils.train:
            utils.train(net, data(), data(), nn.CrossEntropyLoss(), 1, optimizer, scheduler)
        else:
            utils.train_epoch(net, data(), nn.CrossEntropyLoss(), optimizer, scheduler)
    return [*seen, optimizer.param_groups[0]["lr"]]


@pytest.mark.parametrize("train", [utils.train, utils.train_epoch])
@pytest.mark.parametrize("make, expected", [
    (lambda o: lr_scheduler.StepLR(o, 1, gamma=0.5), [1, 0.5, 0.25, 0.125]), (lambda o: lr_scheduler.StepLR(o, 2, gamma=0.1), [1, 1, 0.1, 0.1]),
    (lambda o: lr_scheduler.ExponentialLR(o, 0.5), [1, 0.5, 0.25, 0.125]), (lambda o: lr_scheduler.MultiStepLR(o, [2], 0.1), [1, 1, 0.1, 0.1]),
    (lambda o: lr_scheduler.CosineAnnealingLR(o, 3), [1, 0.75, 0.25, 0]), (lambda o: lr_scheduler.LambdaLR(o, lambda e: 1 / (e + 1)), [1, 1 / 2, 1 / 3, 1 / 4]),
    (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ConstantLR(o, 0.5, 2), lr_scheduler.ExponentialLR(o, 0.1)], [2]), [0.5, 0.5, 1, 0.1]),
    (lambda o: lr_scheduler.OneCycleLR(o, 1.0, 12), [0.04, 0.93, 0.28, 0.03]),
    (lambda o: lr_scheduler.CyclicLR(o, 0.0, 1.0, step_size_up=8), [0, 0.5, 1, 0.5]),  # four batches an epoch
])
def test_a_schedule_moves_the_rate_by_what_it_counts(make, expected, train):
    found = rates(make, train=train)
    assert found == pytest.approx(expected, abs=0.01 if expected[-1] == 0.03 else 1e-6)  # one cycle in twelve batches


def test_a_plateau_watches_the_test_set():
    net = linear()
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    for mode, best in (("min", 0.0), ("max", 2.0)):
        scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, mode, factor=0.5, patience=0)
        history = utils.train(net, data(), data(), nn.CrossEntropyLoss(), 1, optimizer, scheduler)
        assert scheduler.best == (history.test_loss if mode == "min" else history.test_acc)[0]
        scheduler.best, before = best, optimizer.param_groups[0]["lr"]
        utils.train(net, data(), data(), nn.CrossEntropyLoss(), 1, optimizer, scheduler)
        assert optimizer.param_groups[0]["lr"] == before / 2


@pytest.mark.parametrize("mode", ["min", "max"])
def test_in_an_epoch_alone_a_plateau_watches_what_the_epoch_returns(mode, monkeypatch):
    net = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    scheduler, watched = lr_scheduler.ReduceLROnPlateau(optimizer, mode=mode), []
    monkeypatch.setattr(scheduler, "step", watched.append)
    returned = utils.train_epoch(net, [(torch.eye(2), torch.tensor([0, 2]))], nn.CrossEntropyLoss(), optimizer, scheduler)
    assert watched == [returned[mode == "max"]]


def test_a_schedule_of_another_optimizer_is_refused_and_so_is_one_that_is_too_short():
    net = linear()
    optimizer, other = (torch.optim.SGD(net.parameters(), lr=0.1) for _ in range(2))
    before = net.weight.clone()
    for train in (lambda s: utils.train(net, data(), data(), nn.CrossEntropyLoss(), 3, optimizer, s),
                  lambda s: utils.train_epoch(net, data(), nn.CrossEntropyLoss(), optimizer, s)):
        with pytest.raises(ValueError, match="StepLR moves the rate of another optimizer"):
            train(lr_scheduler.StepLR(other, 1))
    with pytest.raises(ValueError, match="has 8 steps left, and 3 epochs of 4 batches take 12: make it with total_steps=12"):
        utils.train(net, data(), data(), nn.CrossEntropyLoss(), 3, optimizer, lr_scheduler.OneCycleLR(optimizer, 0.1, 8))
    assert torch.equal(net.weight, before)
    utils.train(net, data(), data(), nn.CrossEntropyLoss(), 3, optimizer, lr_scheduler.OneCycleLR(optimizer, 0.1, 12))


def test_steps_that_a_schedule_has_taken_are_not_left():
    """A resumed run would die in the middle of an epoch, of PyTorch's own error."""
    net = linear()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    schedule = lr_scheduler.OneCycleLR(optimizer, 0.1, 8)
    utils.train(net, data(), data(), nn.CrossEntropyLoss(), 1, optimizer, schedule)
    before = net.weight.clone()
    with pytest.raises(ValueError, match="has 4 steps left, and 2 epochs of 4 batches take 8"):
        utils.train(net, data(), data(), nn.CrossEntropyLoss(), 2, optimizer, schedule)
    assert torch.equal(net.weight, before)


@pytest.mark.parametrize("kind", ["mean", "sum", "none"])
@pytest.mark.parametrize("make", [lambda **options: nn.NLLLoss(**options), lambda **options: functools.partial(F.nll_loss, **options)])
def test_class_weights_count_in_nll_loss_too(make, kind):
    net, (X, y) = nn.Sequential(linear(), nn.LogSoftmax(1)), whole()
    loss = make(weight=WEIGHT, reduction=kind)
    assert utils.evaluate(net, data(16), loss)[0] == pytest.approx(F.nll_loss(net(X), y, weight=WEIGHT).item(), rel=1e-5)


def test_a_schedule_of_ones_own_is_stepped_after_each_batch():
    calls = []

    class Own:
        def step(self):
            calls.append(1)

    net = linear()
    utils.train(net, data(), data(), nn.CrossEntropyLoss(), 2, torch.optim.SGD(net.parameters(), lr=0.1), Own())
    assert len(calls) == 8


def test_an_error_hands_on_the_history_so_far(capsys):
    net, calls = linear(), []

    def loss(y_hat, y):
        calls.append(len(y))
        return by_hand(y_hat, y) * (math.inf if len(calls) > 8 else 1)  # in each epoch four batches and a test: the second's last batch

    for given in (None, utils.History()):
        calls.clear()
        with pytest.raises(FloatingPointError, match="The loss is inf after 48 examples") as caught:
            utils.train(net, data(), data(), loss, 5, torch.optim.SGD(net.parameters(), lr=0.1), history=given)
        history = caught.value.history
        assert given in (None, history) and len(history.test_acc) == len(history.train_loss) == 1 and len(history.batch_loss) == 4
    assert "1 epoch, " in capsys.readouterr().out


def test_the_picture_of_a_training_that_goes_on_begins_with_the_first_epoch(monkeypatch):
    net, added = linear(), []
    updater = torch.optim.SGD(net.parameters(), lr=0.1)
    history = utils.train(net, data(), data(), nn.CrossEntropyLoss(), 2, updater)
    monkeypatch.setattr(utils.Animator, "add", lambda self, x, y: added.append((x, y[-1])))
    utils.train(net, data(), data(), nn.CrossEntropyLoss(), 2, updater, history=history)
    assert added == list(enumerate(history.test_acc, 1)) and len(added) == 4


# ---- what strangers tried

@pytest.mark.parametrize("make", [nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss, nn.BCEWithLogitsLoss, lambda reduction: functools.partial(
    F.mse_loss, reduction=reduction), nn.CrossEntropyLoss])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_an_elementwise_loss_has_one_mean_in_training_and_in_testing(make, reduction):
    X, y = whole()[0], ONE_HOT.float()
    nets, loader = [linear(), linear()], DataLoader(TensorDataset(X, y), 16)
    expected = make(reduction="mean")(nets[0](X), y).item()
    history = utils.train(nets[0], loader, loader, make(reduction=reduction), 1, torch.optim.SGD(nets[0].parameters(), lr=0.0))
    assert history.train_loss + history.test_loss == pytest.approx([expected] * 2, rel=1e-5)
    for net, kind in zip(nets, ("mean", reduction)):
        utils.train_epoch(net, loader, make(reduction=kind), torch.optim.SGD(net.parameters(), lr=0.1))
    assert torch.allclose(nets[0].weight, nets[1].weight, atol=1e-6)


def test_a_sum_over_rows_and_columns_is_not_guessed_in_training_either():
    loader = DataLoader(TensorDataset(whole()[0], ONE_HOT.float()), 16)
    with pytest.raises(ValueError, match="over the 16 rows or over all 64 numbers"):
        utils.train_epoch(linear(), loader, lambda y_hat, y: ((y_hat - y) ** 2).sum(), nothing)


def test_testing_leaves_each_layer_in_its_own_mode():
    net = nn.Sequential(linear(), nn.BatchNorm1d(Q), nn.Dropout(0.5))
    net[1].eval()
    utils.evaluate_accuracy(net, data())
    assert [layer.training for layer in (net, *net)] == [True, True, False, True]


class Mine(lr_scheduler.LRScheduler):
    """A schedule of one's own, made as PyTorch's are."""

    def get_lr(self):
        return [group["lr"] * 0.9 for group in self.optimizer.param_groups]


@pytest.mark.parametrize("make, steps", [(Mine, 12), (lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.OneCycleLR(o, 0.5, total_steps=13)]), 12),
                                         (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o, 0.1, total_iters=4),
                                                                                  lr_scheduler.OneCycleLR(o, 0.5, total_steps=13)], [4]), 12),
                                         (lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.StepLR(o, 1)]), 3)])
def test_what_is_made_of_schedules_counts_what_they_count(make, steps):
    net, calls = linear(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scheduler = make(optimizer)
    step = scheduler.step
    scheduler.step = lambda *args: (calls.append(1), step(*args))
    utils.train(net, data(), data(), nn.CrossEntropyLoss(), 3, optimizer, scheduler)
    assert len(calls) == steps


@pytest.mark.parametrize("call, words", [
    (lambda: utils.train_epoch(linear(), data(), nn.CrossEntropyLoss, nothing), "The loss is the class CrossEntropyLoss: make one of it"),
    (lambda: utils.train_epoch(linear(), data(), lambda y_hat, y: 0.5, nothing), "The loss returned a float: return a tensor"),
    (lambda: utils.evaluate_accuracy(linear(), data().dataset), r"data_iter gives single examples: make batches of it, DataLoader\(data_iter, 64\)"),
    (lambda: utils.evaluate_accuracy(lambda X: (X, X), data()), "The network returns a tuple: let it return its scores"),
    (lambda: utils.train_epoch(nn.Linear(5, 1), DataLoader(TensorDataset(whole()[0], whole()[0][:, :1]), 8), nn.MSELoss(), nothing),
     "are numbers, and here classes are counted: train a regression with a loop as in lesson 02"),
    (lambda: utils.train_epoch(nn.Linear(5, 2), DataLoader(TensorDataset(whole()[0], whole()[0][:, :2]), 8), nn.MSELoss(), nothing), "see utils.evaluate_loss"),
    (lambda: utils.evaluate_accuracy(lambda X: X @ torch.full((5, Q), math.nan), data()), "Scores are nan"),
    (lambda: utils.accuracy(SCORES, torch.tensor([0, -100, 1, 2, 0, 1])), "leave out the examples marked -100"),
    (lambda: utils.evaluate(linear(), data(), lambda y_hat, y: F.cross_entropy(F.dropout(y_hat), y)), "or it draws random numbers"),
])
def test_slips_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_an_error_that_takes_no_attributes_is_itself(capsys):
    class Stubborn(RuntimeError):
        def __setattr__(self, name, value):
            raise AttributeError(name)

    def loss(y_hat, y):
        raise Stubborn("mine")

    with pytest.raises(Stubborn, match="mine"):
        utils.train(linear(), data(), data(), loss, 1, nothing)


KEPT = """
import resource, sys, torch, utils
from torch import nn
unit = 1 if sys.platform == "darwin" else 1024
train_iter = utils.whole_batches(utils.ImageSet(torch.zeros(30_000, 28, 28, dtype=torch.uint8), torch.zeros(30_000).long()), 64)
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
updater = torch.optim.SGD(net.parameters(), 0.1, momentum=0.5)
for X, y in train_iter:  # what a step needs is there before the first measurement
    nn.CrossEntropyLoss()(net(X), y).backward()
    updater.step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for epoch in range(3):
    utils.train_epoch(net, train_iter, nn.CrossEntropyLoss(), updater)
    utils.evaluate(net, train_iter, nn.CrossEntropyLoss())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit)
"""


@pytest.mark.slow("four seconds, for the memory of a full-size epoch")
def test_an_epoch_keeps_no_more_memory_than_its_scores_need():
    grown = int(subprocess.run([sys.executable, "-c", KEPT], cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert grown < 15e6, "ten scores for 30,000 examples are 1.2 MB; here 3.7 (33 to 61 when each batch was kept apart)"


def test_an_epoch_trains_in_training_mode_whatever_the_mode_was():
    """Dropout and batch norm depend on it; a network that was just evaluated is in the other."""
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).eval()
    seen = []
    net[1].register_forward_hook(lambda layer, *_: seen.append(layer.training))
    utils.train_epoch(net, [(torch.rand(4, 2), torch.tensor([0, 1, 0, 1]))], nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=0.1))
    assert seen == [True] and net.training
