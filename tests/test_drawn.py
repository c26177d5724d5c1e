"""What a picture shows, read from the figure's objects: labels, markers, limits, the data of its lines, colours and words.

Axes and shares of the confusion matrix once could be swapped, one marker stand for all classes, and resumed curves lose
their first epochs, without a test that noticed.
"""
import math
import re
import time
import types

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgba
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.markers import MarkerStyle
from torch import nn

import pictures
import utils


@pytest.fixture
def shown():
    """[(figure, its alternative text)] of all that is shown in a test."""
    figures = []
    with pictures.shown_by(lambda fig, alt: figures.append((fig, alt))):
        yield figures
    plt.close("all")


def lines(ax):
    """{label: (x, y)} of an axes' curves."""
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.get_lines()}


# ---------------------------------------------------------------- training

class Batches:
    """Three batches of eight points in two classes, the same each time."""

    def __init__(self, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.X = torch.randn(24, 2, generator=generator)
        self.y = (self.X[:, 0] > 0).long()

    def __len__(self):
        return 3

    def __iter__(self):
        return iter(zip(self.X.split(8), self.y.split(8)))


def run(num_epochs, history=None, train_iter=None, lr=0.5):
    torch.manual_seed(0)
    net = nn.Linear(2, 2)
    return utils.train(net, train_iter or Batches(), Batches(1), nn.CrossEntropyLoss(), num_epochs, torch.optim.SGD(net.parameters(), lr),
                       history=history)


def check_curves(fig, history):
    """Loss left and accuracy right, by epoch from 1; training as dots on a line, test as squares on a dashed one."""
    epochs = list(range(1, len(history.test_acc) + 1))
    loss, acc = fig.axes
    assert (loss.get_ylabel(), acc.get_ylabel()) == ("loss (nats)", "accuracy")
    assert lines(loss) == {"train loss": (epochs, history.train_loss), "test loss": (epochs, history.test_loss)}
    assert lines(acc) == {"train accuracy": (epochs, history.train_acc), "test accuracy": (epochs, history.test_acc)}
    for ax in (loss, acc):
        assert ax.get_xlabel() == "epoch"
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [line.get_label() for line in ax.get_lines()]
        assert [(line.get_marker(), line.get_linestyle()) for line in ax.get_lines()] == [("o", "-"), ("s", "--")]
        assert all(float(tick).is_integer() for tick in ax.get_xticks())


def test_training_draws_all_that_its_history_holds(shown, capsys):
    history = run(3)
    (fig, alt), = shown
    check_curves(fig, history)
    assert all(ax.get_xlim() == (0.5, 3.5) for ax in fig.axes)
    assert alt == f"Loss and accuracy on training and test set against the epoch; test accuracy ends at {history.test_acc[-1]:.3f}."
    assert len(history.batch_loss) == 9 and len(history.seconds) == 3
    assert history.train_loss[0] == pytest.approx(sum(history.batch_loss[:3]) / 3, rel=1e-5)  # equal batches: the mean of their means
    assert re.fullmatch(rf"3 epochs, \d+\.\d s: train loss {history.train_loss[-1]:.3f}, accuracy {history.train_acc[-1]:.3f}; "
                        rf"test accuracy {history.test_acc[-1]:.3f}\n", capsys.readouterr().out)


def test_training_is_drawn_four_times_a_second_at_most_beside_a_bar_that_counts_its_batches(shown, monkeypatch):
    made, steps, spaced = [], [], []

    class Bar(utils.ProgressBar):
        def __init__(self, *sizes):
            made.append(sizes)
            super().__init__(*sizes)

        def step(self, epoch):
            steps.append(epoch)

        def close(self):
            steps.append("closed")
            super().close()

    class Curves(utils.Animator):
        def finish(self, alt):
            spaced.append(self.seconds_between)
            super().finish(alt)

    monkeypatch.setattr(utils, "ProgressBar", Bar)
    monkeypatch.setattr(utils, "Animator", Curves)
    before = time.perf_counter()
    history = run(2)
    assert made == [(2, 3)] and steps == [0, 0, 0, 1, 1, 1, "closed"] and spaced == [0.25]
    assert tuple(shown[-1][0].get_size_inches()) == (8, 2.8)
    assert 0 < sum(history.seconds) < time.perf_counter() - before


def test_each_epoch_has_its_own_seconds(monkeypatch, capsys):
    clock = iter([100.0, 102.0, 110.0, 111.5, 120.0, 120.25])
    monkeypatch.setattr(utils, "time", types.SimpleNamespace(perf_counter=lambda: next(clock)))
    history = run(2)
    assert history.seconds == [2.0, 1.5] and capsys.readouterr().out.startswith("2 epochs, 3.5 s: ")


def test_a_stream_of_batches_has_a_bar_without_an_end(shown, monkeypatch):
    made = []
    monkeypatch.setattr(utils, "ProgressBar", lambda *sizes: made.append(sizes) or pictures.ProgressBar(*sizes))

    class Stream:
        def __iter__(self):
            return iter(Batches())

    run(1, train_iter=Stream())
    assert made == [(1, None)]
    net = nn.Linear(2, 3)
    updater = torch.optim.SGD(net.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(updater, 0.1, total_steps=3)  # whether it is long enough can't be told before
    utils.train(net, Stream(), Batches(), nn.CrossEntropyLoss(), 1, updater, scheduler=schedule)
    assert schedule.last_epoch == 3


def test_predictions_are_asked_for_in_evaluation_mode(shown):
    net = nn.Sequential(nn.Flatten(), nn.Dropout(1.0), nn.Linear(784, 10))  # training, it would see nothing, and say 0
    with torch.no_grad():
        net[2].weight.zero_()
        net[2].weight[3] = 1.0
        net[2].bias.copy_(torch.arange(10) == 0)
    X = torch.ones(6, 1, 28, 28)
    axes = utils.predict_ch3(net, [(X, torch.full((6,), 3))])
    assert {ax.get_title() for ax in axes} == {"dress\ndress"} and net.training and net[1].training


def test_resumed_curves_keep_their_first_epochs(shown):
    first = run(2)
    old = list(first.test_acc), list(first.train_loss)
    history = run(3, history=first)
    assert history is first and (history.test_acc[:2], history.train_loss[:2]) == old and len(history.test_acc) == 5
    fig, alt = shown[-1]
    check_curves(fig, history)
    assert all(ax.get_xlim() == (0.5, 5.5) for ax in fig.axes)


class Stopped(Batches):
    """Interrupted, or broken, at the second batch of the third epoch."""

    def __init__(self, error):
        super().__init__()
        self.error, self.epoch = error, 0

    def __iter__(self):
        self.epoch += 1
        for i, batch in enumerate(zip(self.X.split(8), self.y.split(8))):
            if self.epoch == 3 and i == 1:
                raise self.error
            yield batch


def test_an_interrupted_training_shows_its_last_picture(shown, capsys):
    history = run(5, train_iter=Stopped(KeyboardInterrupt()))
    (fig, alt), = shown
    check_curves(fig, history)
    assert len(history.test_acc) == len(history.seconds) == 2 and len(history.batch_loss) == 6 and "ends at" in alt
    said, summary = capsys.readouterr().out.splitlines()
    assert said == "Interrupted: the network, the history and the picture are kept." and summary.startswith("2 epochs, ")


def test_a_training_that_breaks_shows_its_last_picture_and_hands_on_its_history(shown):
    with pytest.raises(ZeroDivisionError) as raised:
        run(5, train_iter=Stopped(ZeroDivisionError()))
    (fig, _), = shown
    check_curves(fig, raised.value.history)


def test_an_interrupt_in_the_first_epoch_says_that_none_finished(shown, capsys):
    stopped = Stopped(KeyboardInterrupt())
    stopped.epoch = 2
    history = run(5, train_iter=stopped)
    (fig, alt), = shown
    assert history.test_acc == [] and alt == "Loss and accuracy on training and test set against the epoch."
    assert capsys.readouterr().out.splitlines()[-1] == "no epoch finished"


@pytest.mark.parametrize("value, x, sign", [("inf", 1e4, 1), ("-inf", 1e4, -1), ("nan", math.nan, 1)])
def test_a_loss_that_is_no_number_ends_training_before_a_step_is_taken_on_it(value, x, sign):
    """An infinite loss once went on: only nan had been tried."""
    torch.manual_seed(0)
    net = nn.Linear(2, 2)
    data = [(torch.randn(8, 2), torch.arange(8) % 2), (torch.full((8, 2), x), torch.arange(8) % 2)]
    with pytest.raises(FloatingPointError, match=f"The loss is {value} after 8 examples. Try a tenth of the learning rate"):
        utils.train_epoch(net, data, lambda y_hat, y: sign * nn.functional.nll_loss(y_hat.softmax(1).log(), y),
                          torch.optim.SGD(net.parameters(), 0.1))
    assert all(p.isfinite().all() for p in net.parameters())


# ---------------------------------------------------------------- images

def test_predictions_are_titled_true_above_predicted(shown):
    X, y = torch.zeros(9, 1, 28, 28), torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8])
    X[:, 0, 0, :9] = torch.eye(9)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10, bias=False))
    with torch.no_grad():
        net[1].weight.zero_()
        net[1].weight[torch.arange(1, 10), torch.arange(9)] = 1  # class y is taken for class y + 1
    axes = utils.predict_ch3(net, [(X, y)], n=4)
    names = utils.get_fashion_mnist_labels(range(10))
    assert [ax.get_title() for ax in axes] == [f"{names[i]}\n{names[i + 1]}" for i in range(4)]
    assert shown[-1][1] == "4 images in a grid. " + "; ".join(f"{names[i]}, {names[i + 1]}" for i in range(4))
    assert len(utils.predict_ch3(net, [(X, y)])) == 6


def test_images_stand_in_rows_with_ink_dark_each_under_its_title(shown):
    imgs = torch.rand(5, 1, 4, 6)
    axes = utils.show_images(imgs, 2, 3, titles=["a", "b\nc", "d", "e"], scale=0.5)
    fig, alt = shown[-1]
    engine = fig.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine) and (engine.get()["wspace"], engine.get()["hspace"]) == (0.06, 0.06)
    assert axes[0].title.get_fontsize() == 9
    assert len(axes) == 6 and tuple(fig.get_size_inches()) == (1.5, 1.0)
    for ax, img in zip(axes, imgs):
        assert np.allclose(ax.images[0].get_array(), img[0]) and ax.images[0].get_cmap().name == "gray_r"
    assert not axes[5].images and not any(ax.axison for ax in axes)
    assert [ax.get_title() for ax in axes] == ["a", "b\nc", "d", "e", "", ""]
    assert alt == "5 images in a grid. a; b, c; d; e"
    utils.show_images(imgs[:1], 1, 1)
    assert shown[-1][1] == "1 image in a grid." and tuple(shown[-1][0].get_size_inches()) == (1.5, 1.5)
    kinds = [torch.rand(4, 6, 1), torch.rand(3, 4, 6), torch.rand(4, 6, 3), torch.rand(4, 6, 4), torch.rand(3, 6, 3), torch.rand(3, 6, 4),
             (torch.rand(4, 6) * 255).byte(), torch.rand(4, 6).bfloat16()]
    axes = utils.show_images(kinds, 2, 4)
    assert [ax.images[0].get_array().shape for ax in axes] == [
        (4, 6), (4, 6, 3), (4, 6, 3), (4, 6, 4), (3, 6, 3), (3, 6, 4), (4, 6), (4, 6)]  # (3, 6, 3): three rows rather than three channels
    assert axes[6].images[0].get_array().dtype == np.uint8


# ---------------------------------------------------------------- what a classifier does

MATRIX = torch.tensor([[6, 2, 0], [1, 1, 8], [0, 0, 0]])


def test_a_confusion_matrix_has_true_classes_in_rows_and_colours_by_their_shares(shown):
    utils.show_confusion_matrix(MATRIX, ["cat", "dog", "cow"])
    fig, alt = shown[-1]
    ax, bar = fig.axes
    assert (ax.get_xlabel(), ax.get_ylabel(), bar.get_ylabel()) == ("predicted class", "true class", "share of the true class")
    for axis in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [label.get_text() for label in axis] == ["cat", "dog", "cow"]
    shares = ax.images[0].get_array()
    assert np.allclose(shares, [[0.75, 0.25, 0], [0.1, 0.1, 0.8], [0, 0, 0]])
    assert ax.images[0].get_clim() == (0, 1) and ax.images[0].get_cmap().name == "Blues"
    texts = {tuple(map(int, text.get_position()))[::-1]: text for text in ax.texts}  # at (column, row)
    assert {place: int(text.get_text()) for place, text in texts.items()} == {(i, j): int(MATRIX[i, j]) for i in range(3) for j in range(3)}
    assert {place for place, text in texts.items() if text.get_color() == "white"} == {(0, 0), (1, 2)}  # on dark squares only
    assert alt == "Confusion matrix of 18 predictions, 7 of them right; most often dog is taken for cow (8 times)."
    assert tuple(fig.get_size_inches()) == (6.4, 5.4) and isinstance(fig.get_layout_engine(), ConstrainedLayoutEngine)
    assert {(text.get_fontsize(), text.get_ha(), text.get_va()) for text in ax.texts} == {(8, "center", "center")}
    assert {(label.get_rotation(), label.get_ha()) for label in ax.get_xticklabels()} == {(45, "right")}
    assert bar.get_ylim() == (0, 1) and bar.get_position().x0 > ax.get_position().x1
    with pytest.raises(ValueError, match=r"shape \(2,\), and there are 2 names"):
        utils.show_confusion_matrix(torch.tensor([1, 2]), ["cat", "dog"])


def test_numbers_are_white_on_squares_darker_than_seven_tenths(shown):
    utils.show_confusion_matrix(torch.tensor([[7, 3], [28, 72]]), ["cat", "dog"])
    assert [text.get_color() for text in shown[-1][0].axes[0].texts] == ["black", "black", "black", "white"]


def test_a_boundary_tells_classes_by_marker_colour_and_region(shown):
    X = torch.tensor([[0.0, 0.0], [1.0, 0.0], [4.0, 2.0], [5.0, 3.0], [2.0, 9.0]])
    y = torch.tensor([0, 0, 1, 1, 2])
    utils.show_decision_boundary(lambda points: (points[:, 0] > 2.5).long() + 2 * (points[:, 1] > 6).long() * (points[:, 0] <= 2.5), X, y, "Three.")
    fig, alt = shown[-1]
    ax, = fig.axes
    assert alt == "Three." and (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")
    scatters = {each.get_label(): each for each in ax.collections if str(each.get_label()).startswith("class")}
    assert list(scatters) == ["class 0", "class 1", "class 2"]
    for c, each in enumerate(scatters.values()):
        assert np.allclose(each.get_offsets(), X[y == c])
        assert to_hex(each.get_facecolor()[0]).upper() == pictures.COLORS[c]
    assert len({each.get_paths()[0].vertices.tobytes() for each in scatters.values()}) == 3  # another marker for each
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(scatters)
    regions, border = [each for each in ax.collections if each not in scatters.values()]
    assert [to_hex(color).upper() for color in regions.get_facecolor()] == list(pictures.COLORS[:3])
    assert np.allclose([color[3] for color in regions.get_facecolor()], [0.15, 0.4, 0.15])  # told apart without colour
    assert list(regions.levels) == [-0.5, 0.5, 1.5, 2.5] and list(border.levels) == [0.5, 1.5]
    assert ax.get_xlim() == (-1, 6) and ax.get_ylim() == (-1, 10)  # all points, and one more on each side
    assert tuple(fig.get_size_inches()) == (4.5, 4) and isinstance(fig.get_layout_engine(), ConstrainedLayoutEngine)
    assert set(border.get_edgecolor().flatten().round(3)) == {0.3, 1} and set(border.get_linewidths()) == {1}
    for each in scatters.values():
        assert (each.get_sizes().tolist(), each.get_linewidths().tolist(), to_hex(each.get_edgecolor()[0])) == ([20], [0.5], "#ffffff")
    left, right = (path.vertices[path.vertices[:, 1] < 5, 0] for path in regions.get_paths()[:2])
    assert left.max() < 2.6 and right.min() > 2.4 and right.max() == pytest.approx(6)


@pytest.mark.parametrize("num_classes", [1, 6])
def test_each_of_six_classes_has_a_marker_and_one_has_no_border(shown, num_classes):
    X, y = torch.randn(12, 2), torch.arange(12) % num_classes
    utils.show_decision_boundary(lambda points: torch.zeros(len(points)), X, y, "Some.")
    ax, = shown[-1][0].axes
    scatters = [each for each in ax.collections if str(each.get_label()).startswith("class")]
    markers = [MarkerStyle(marker) for marker in "osD^vP"[:num_classes]]
    assert [each.get_paths()[0].vertices.tolist() for each in scatters] == [
        marker.get_path().transformed(marker.get_transform()).vertices.tolist() for marker in markers]
    assert len(ax.collections) == num_classes + (1 if num_classes == 1 else 2)


def test_colours_are_those_that_everybody_can_tell_apart():
    assert pictures.COLORS == ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito
    assert [style["color"] for style in plt.rcParams["axes.prop_cycle"]] == list(pictures.COLORS)
    assert len({to_rgba(color) for color in pictures.COLORS}) == 6


# ---------------------------------------------------------------- curves that grow

@pytest.mark.parametrize("watched", [False, True])
def test_curves_that_grow_go_where_they_are_told(shown, watched, monkeypatch):
    monkeypatch.setattr(pictures, "watched", lambda: watched)  # then each point is drawn at once, over what was drawn before
    animator = utils.Animator(xlabel="step", ylabel="loss", legend=["a", "b"], xlim=[0, 9], ylim=[-1, 4], yscale="linear")
    animator.add(1, (3.0, None))
    animator.add(2, (2.0, 1.0))
    animator.add(3, (None, 0.5))
    animator.finish("Two curves.")
    (fig, alt), = shown
    ax, = fig.axes
    assert alt == "Two curves." and lines(ax) == {"a": ([1, 2], [3, 2]), "b": ([2, 3], [1, 0.5])}
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim(), ax.get_ylim()) == ("step", "loss", (0, 9), (-1, 4))
    assert [line.get_linestyle() for line in ax.get_lines()] == ["-", "--"] and [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert tuple(fig.get_size_inches()) == (3.5, 2.5) and isinstance(fig.get_layout_engine(), ConstrainedLayoutEngine)
    assert {line.get_markersize() for line in ax.get_lines()} == {3} and {line.get_alpha() for line in ax.get_xgridlines()} == {0.4}
    for scales in (("log", "log"), ("linear", "log"), ("log", "linear")):
        one = utils.Animator(xscale=scales[0], yscale=scales[1])
        one.add(10, 0.1)
        one.finish("One.")
        ax, = shown[-1][0].axes
        assert (ax.get_xscale(), ax.get_yscale()) == scales and ax.get_legend() is None


def test_a_curve_without_a_place_gets_no_point_and_a_notebook_shows_its_figure_once(shown, monkeypatch):
    animator = utils.Animator(legend=("a", "b"))
    animator.add((1, None), (3.0, 4.0))
    animator.add((2, 2), (5.0, 6.0))
    animator.finish("Two curves.")
    assert lines(shown[-1][0].axes[0]) == {"a": ([1, 2], [3, 5]), "b": ([2], [6])}
    for there in (False, True):
        monkeypatch.setattr(pictures, "in_notebook", lambda: there)
        assert plt.fignum_exists(utils.Animator().fig.number) != there, "or Jupyter would show it at the end of the cell, too"


def test_one_epoch_is_seen_too(shown):
    """A line of one point has no length: in panels each point has a mark, and the curves of a panel differ in mark and stroke."""
    animator = utils.Animator(legend=("a", "b", "c", "d"), panels=(0, 0, 1, 1), ncols=2)
    animator.add(1, (0.1, 0.2, 0.3, 0.4))
    animator.finish("Four points.")
    for ax in shown[-1][0].axes:
        marks = [(line.get_marker(), line.get_linestyle()) for line in ax.get_lines()]
        assert marks == [("o", "-"), ("s", "--")]


def test_curves_stand_in_as_many_panels_as_asked_for(shown):
    animator = utils.Animator(xlabel="epoch", nrows=2, ncols=3, figsize=(6, 4), panels=(0, 5), legend=["left", "right"], ylabel=["a"] * 6)
    animator.add((1, 2), (0.5, 0.25))
    animator.finish("Six panels.")
    fig, _ = shown[-1]
    assert tuple(fig.get_size_inches()) == (6, 4) and fig.axes[0].get_gridspec().get_geometry() == (2, 3)
    assert [len(ax.get_lines()) for ax in fig.axes] == [1, 0, 0, 0, 0, 1]
    assert lines(fig.axes[5]) == {"right": ([2], [0.25])}  # each curve at its own x
    assert [ax.get_legend() is not None for ax in fig.axes] == [True, False, False, False, False, True]
    locator = fig.axes[0].xaxis.get_major_locator()
    assert locator._integer and locator._min_n_ticks == 1


@pytest.mark.parametrize("settings", [{"xlabel": "step"}, {"xlabel": "epoch", "xscale": "log"}])
def test_only_epochs_are_whole_numbers(shown, settings):
    animator = utils.Animator(**settings)
    animator.add([1], [0.5])
    animator.finish("A point.")
    ax, = shown[-1][0].axes
    assert not getattr(ax.xaxis.get_major_locator(), "_integer", False)
