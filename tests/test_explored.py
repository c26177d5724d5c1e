"""The lessons' own pictures, those that their Explore cells draw: what they show, read from the figure's objects.

The functions are taken out of the notebooks with what they need, and called without the lesson around them.
"""
import ast
import builtins
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_hex

import pictures
import utils
import torch
import test_drawn
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

ROOT = Path(__file__).resolve().parent.parent
shown = test_drawn.shown  # the fixture: what is shown in a test


def bound(statement):
    """The names that a statement of a cell gives a value."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def needs(statement):
    """The names that a statement takes from outside."""
    names = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and not hasattr(builtins, node.id)]
    own = set()
    if isinstance(statement, ast.FunctionDef):
        own = {node.id for node in names if isinstance(node.ctx, ast.Store)} | {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
        own |= {node.name for node in ast.walk(statement) if isinstance(node, ast.FunctionDef)}
    return {node.id for node in names if isinstance(node.ctx, ast.Load)} - own


def taken_from(lesson, name, **given):
    """Return a function of a lesson, with the statements before it that it needs; `given` stands for what would take long."""
    statements = []
    for cell in nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and not cell.source.startswith(("%", "!")):
            statements += [each for each in ast.parse(cell.source).body if bound(each)]
    last = max(i for i, each in enumerate(statements) if isinstance(each, ast.FunctionDef) and each.name == name)
    known = {"utils": utils, "torch": torch, "nn": nn, "F": F, "plt": plt, **given}
    needed, wanted = set(), [(name, last + 1)]
    while wanted:
        word, before = wanted.pop()
        found = [i for i in range(before) if word in bound(statements[i])]
        if word in known or not found or found[-1] in needed:
            continue
        needed.add(found[-1])
        statement = statements[found[-1]]
        wanted += [(each, last + 1 if isinstance(statement, ast.FunctionDef) else found[-1]) for each in needs(statement)]
    exec(compile(ast.Module([statements[i] for i in sorted(needed)], []), f"<{lesson}>", "exec"), known)
    return known[name]


def cell(lesson, name):
    """The code of a cell, by its id."""
    return next(each.source for each in nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4).cells if each.id == name)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_shapes_are_aligned_on_the_right(shown):
    assert taken_from("01-tensors", "show_alignment")((8, 1, 6, 1), (7, 1, 5)) == (8, 7, 6, 5)
    (fig, alt), = shown
    ax, = fig.axes
    assert texts(ax) == ["a", "8", "1", "6", "1", "b", "1", "7", "1", "5", "result", "8", "7", "6", "5"]
    rows = [text.get_position()[1] for text in ax.texts]
    assert rows == sorted(rows, reverse=True) and len(set(rows)) == 3 and not ax.axison
    boxes = [(box.get_x(), box.get_y()) for box in ax.patches]
    assert boxes == [(column, -row) for row in range(3) for column in range(4)]
    assert {to_hex(box.get_facecolor()).upper() for box in ax.patches} == {pictures.COLORS[5]}
    assert "8" in alt and "7" in alt and "result" in alt.lower()


def test_lengths_that_do_not_fit_have_a_colour_of_their_own(shown):
    assert taken_from("01-tensors", "show_alignment")((2, 3), (2, 4)) is None
    (fig, alt), = shown
    ax, = fig.axes
    colours = [to_hex(box.get_facecolor()).upper() for box in ax.patches]
    assert colours == [pictures.COLORS[5], pictures.COLORS[4]] * 3 and texts(ax)[-1] == "?"


def test_a_rates_path_begins_at_its_start_and_its_loss_falls_or_grows(shown):
    taken_from("02-linear-regression", "show_rates")(0.5, 2.1)
    (fig, alt), = shown
    path, loss = fig.axes
    assert [line.get_label() for line in path.get_lines()] == ["rate 0.5", "rate 2.1"]
    assert [(line.get_marker(), line.get_linestyle()) for line in path.get_lines()] == [("o", "-"), ("s", "--")]
    starts = {tuple(line.get_xydata()[0]) for line in path.get_lines()}
    assert len(starts) == 1
    calm, wild = loss.get_lines()
    assert np.allclose(path.get_lines()[0].get_xydata()[-1], [2, 3], atol=0.05)  # the minimum of H's bowl
    assert calm.get_ydata()[-1] < 1e-3 * calm.get_ydata()[0] and wild.get_ydata()[-1] > wild.get_ydata()[0]
    assert loss.get_yscale() == "log" and (path.get_xlim(), path.get_ylim()) == ((-3, 7), (-2, 6))
    assert (path.get_xlabel(), path.get_ylabel(), loss.get_xlabel(), loss.get_ylabel()) == ("$w_1$", "$w_2$", "step", "mean loss")
    assert "0.5" in alt and "2.1" in alt


@pytest.mark.parametrize("delta", [0.5, 2.0])
def test_hubers_loss_turns_straight_at_its_delta(shown, delta):
    taken_from("02-linear-regression", "show_losses")(delta)
    (fig, alt), = shown
    loss, gradient, likelihood = fig.axes
    for ax, title in zip(fig.axes, ("loss", "gradient", "likelihood, up to a factor")):
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("residual $r$", title)
        assert [(line.get_label(), line.get_linestyle()) for line in ax.get_lines()] == [("L2", "-"), ("L1", "--"), ("Huber", ":")]
    r = loss.get_lines()[0].get_xdata()
    squared, absolute, huber = (np.asarray(line.get_ydata()) for line in loss.get_lines())
    assert np.allclose(squared, r**2 / 2, atol=1e-5) and np.allclose(absolute, np.abs(r), atol=1e-5)
    near = np.abs(r) < delta
    assert np.allclose(huber, np.where(near, r**2 / 2, delta * (np.abs(r) - delta / 2)), atol=1e-4)
    assert np.abs(np.asarray(gradient.get_lines()[2].get_ydata())).max() == pytest.approx(delta, abs=1e-4)
    assert all(np.asarray(line.get_ydata()).max() <= 1 + 1e-6 for line in likelihood.get_lines()) and f"{delta:g}" in alt


@pytest.mark.parametrize("threshold, kept", [(0.02, 1), (0.98, 0)])
def test_a_threshold_moves_the_border_and_counts_what_it_costs(shown, capsys, threshold, kept):
    matrix = taken_from("03-logistic-regression", "show_threshold")(0.8, threshold)
    (fig, alt), = shown
    ax, = fig.axes
    assert matrix.sum() == 400 and matrix.sum(1).tolist() == [200, 200]
    alarms, misses = int(matrix[0, 1]), int(matrix[1, 0])
    assert (misses < 5 < alarms) if kept else (alarms < 5 < misses)
    assert f"{misses} of 200 missed, {alarms} of 200 false alarms" in capsys.readouterr().out
    assert str(alarms) in alt and str(misses) in alt
    border = next(each for each in ax.collections if len(getattr(each, "levels", ())) == 1)
    x1, x2 = border.get_paths()[0].vertices.T
    assert np.allclose(x1 + x2, np.log(threshold / (1 - threshold)) / 1.6, atol=0.1)  # where the logit is the threshold's


@pytest.mark.parametrize("temperature, label", [(0.3, 0), (5.0, 3)])
def test_bars_are_the_softmax_and_the_true_one_is_hatched(shown, temperature, label):
    p, l = taken_from("04-softmax-from-scratch", "show_temperature")([2.0, 1.0, 0.0, -1.0], temperature, label)
    (fig, alt), = shown
    ax, = fig.axes
    expected = torch.softmax(torch.tensor([2.0, 1.0, 0.0, -1.0]) / temperature, 0)
    assert torch.allclose(p, expected, atol=1e-6) and float(l) == pytest.approx(-float(expected[label].log()), abs=1e-4)
    assert np.allclose([bar.get_height() for bar in ax.patches], expected, atol=1e-6)
    assert [bar.get_hatch() for bar in ax.patches] == ["//" if k == label else None for k in range(4)]
    assert [to_hex(bar.get_facecolor()).upper() for bar in ax.patches] == [pictures.COLORS[0 if k == label else 5] for k in range(4)]
    assert ax.get_ylim() == (0, 1) and ax.get_title() == f"temperature {temperature}, loss {l:.2f}"
    assert ", ".join(f"{height:.2f}" for height in expected) in alt and f"the bar of class {label}, the true one, is hatched" in alt


def test_an_epochs_losses_stand_at_the_images_that_were_seen(shown):
    train_iter, _ = utils.load_data_fashion_mnist(256)
    end = taken_from("05-softmax-concise", "show_one_epoch", train_iter=train_iter)(512, 0.1)
    (fig, alt), = shown
    ax, = fig.axes
    line, = ax.get_lines()
    assert list(line.get_xdata()) == [512 * step for step in range(8)] and (ax.get_xlim(), ax.get_ylim()) == ((-60, 4060), (0, 4))
    losses = line.get_ydata()
    assert losses[0] == pytest.approx(2.3, abs=0.1) and losses[-1] < losses[0] and abs(end - losses[-1]) < 0.3
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("images seen (batches of 512, rate 0.1)", "loss (nats)")
    assert alt.startswith("Loss against images seen, 8 dots: ") and f"{losses[-1]:.1f} in the last batch" in alt


@pytest.mark.parametrize("depth, words, low, high", [(0, "a straight border", 0.4, 0.8), (2, "bent borders", 0.95, 1.0)])
def test_a_network_bends_its_borders_and_a_linear_model_can_not(shown, capsys, depth, words, low, high):
    accuracy = taken_from("06-mlp", "show_regions")(8, depth)
    (fig, alt), = shown
    assert low <= accuracy <= high and f"accuracy {accuracy:.2f}" in capsys.readouterr().out
    assert words in alt and f"a share of {accuracy:.2f} of the points" in alt
    assert [each.get_label() for each in fig.axes[0].collections if str(each.get_label()).startswith("class")] == ["class 0", "class 1"]


def test_feature_maps_are_those_of_the_layer_each_in_its_frame(shown):
    torch.manual_seed(0)
    net, X = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)), torch.rand(1, 28, 28)
    maps = taken_from("07-cnn", "show_feature_maps")(net, X, 2, 2, 3)
    (fig, alt), = shown
    assert torch.allclose(maps, net[:2](X[None])[0], atol=1e-6) and alt.startswith("6 framed maps, 24 squares wide")
    for ax, one in zip(fig.axes, maps):
        drawn = np.asarray(ax.images[0].get_array())
        assert drawn.shape == (26, 26) and np.allclose(drawn[1:-1, 1:-1], one.detach())
        assert {float(drawn[0, 0]), float(drawn[-1, 5])} == {float(maps.max())} and ax.images[0].get_clim() == (0, float(maps.max()))


@pytest.mark.parametrize("layer", [pytest.param(layer, marks=[] if layer in (1, 4) else [pytest.mark.long("the same of another layer, up to 64 maps")]) for layer in range(1, 9)])
def test_every_map_of_the_layer_that_is_chosen_is_there(shown, layer):
    better_net = taken_from("07-cnn", "make_better_net")().eval()
    test_iter = DataLoader([(torch.rand(1, 28, 28), 7)])
    taken_from("07-cnn", "show_layer", better_net=better_net, test_iter=test_iter)(0, layer)
    (fig, alt), = shown
    maps = better_net[:layer](test_iter.dataset[0][0][None])[0]
    assert sum(bool(ax.images) for ax in fig.axes) == len(maps) and alt.startswith(f"{len(maps)} framed maps, {len(maps[0])} squares wide")


def test_a_drawn_digit_stands_beside_its_ten_probabilities(shown):
    p = torch.full((10,), 0.02)
    p[7] = 0.82
    digit = torch.rand(1, 28, 28)
    taken_from("07-cnn", "show_probabilities")(digit, p)
    (fig, alt), = shown
    left, right = fig.axes
    assert np.allclose(left.images[0].get_array(), digit[0]) and left.images[0].get_clim() == (0, 1) and left.images[0].get_cmap().name == "gray_r"
    assert np.allclose([bar.get_height() for bar in right.patches], p) and right.get_ylim() == (0, 1)
    assert [label.get_text() for label in right.get_xticklabels()] == list("0123456789")
    assert (right.get_xlabel(), right.get_ylabel()) == ("digit", "probability") and alt.endswith("the highest is that of 7, 0.82.")


# ---------------------------------------------------------------- cells of the lessons

def test_activations_are_whole_lines_and_their_slopes_dashed(shown):
    exec(cell("06-mlp", "activations"), {"plt": plt, "torch": torch, "utils": utils})
    (fig, alt), = shown
    x = torch.linspace(-5, 5, 201).double().numpy()
    s = 1 / (1 + np.exp(-x))
    assert alt.startswith("Three curves with dashed slopes")
    for ax, name, y, slope in zip(fig.axes, ("relu", "sigmoid", "tanh"), (x.clip(0), s, np.tanh(x)), (x > 0, s * (1 - s), 1 - np.tanh(x) ** 2), strict=True):
        assert {line.get_label(): line.get_linestyle() for line in ax.get_lines()} == {"value": "-", "slope": "--"} and ax.get_title() == name
        for line in ax.get_lines():
            assert np.allclose(line.get_xdata(), x) and np.allclose(line.get_ydata(), {"value": y, "slope": slope}[line.get_label()], atol=1e-6)


def test_the_deeper_networks_schedule_is_over_all_epochs_that_a_reader_asks_for():
    """The text has them set num_epochs = 5."""
    asked, stepped = [], []

    def one_cycle(net, num_steps):
        asked.append(num_steps)
        return "updater", "scheduler"

    class Quick:
        set_seed = staticmethod(lambda seed: None)
        train_epoch = staticmethod(lambda net, data_iter, loss, updater, scheduler: stepped.append(len(data_iter)))
        evaluate_accuracy = staticmethod(lambda net, data_iter: 0.5)

    source = cell("07-cnn", "further-train")
    assert "num_epochs = 1\n" in source
    exec(source.replace("num_epochs = 1", "num_epochs = 5"), {
        "utils": Quick, "nn": nn, "one_cycle": one_cycle, "make_deeper_net": nn.Flatten, "device": "cpu", "moved": None, "test_iter": [],
        "fast_iter": [0] * 7, "Changed": lambda data_iter, change: data_iter, "print": lambda *_: None})
    assert asked == [sum(stepped)] == [35]
