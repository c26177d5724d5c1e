"""A network is judged by what it computes, however it keeps its parameters; what is said of it is true, and the learner's random numbers stay."""
import copy
import sys
from pathlib import Path

import pytest

import utils  # noqa: F401  before torch
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exercises.checks import Wrong, networks, randn  # noqa: E402

LINE = [(3, 4), (3,)]


class Net(nn.Module):
    """Parameters of these shapes, and what a function computes with them."""

    def __init__(self, shapes, compute):
        super().__init__()
        self.parts, self.compute = nn.ParameterList(randn(1, *shape) for shape in shapes), compute

    def forward(self, X):
        return self.compute(list(self.parts), X)


def layers(p, X):
    """One layer, or several with ReLU between."""
    for weight, bias in zip(p[:-2:2], p[1:-2:2]):
        X = torch.relu(X @ weight.T + bias)
    return X @ p[-2].T + p[-1]


def said(make, roles=LINE, forward=layers, X=randn(5, 7, 4), args=(), **slips):
    """What is said of a network, "" where it is right."""
    try:
        networks.examine_network("Net", make, args, 3, X, roles, forward, slips, "as given")
    except Wrong as error:
        return str(error)
    return ""


@pytest.mark.parametrize("made, words", [(None, "returns None: is there a `return`?"), ("a text", "gives a str, not an nn.Module.")])
def test_what_is_no_network_is_told(made, words):
    assert said(lambda: made) == f"<lambda> {words}"
    calls = []
    assert said(lambda: calls.append(1) or (made if len(calls) > 1 else Net(LINE, layers))) == f"<lambda> {words}", "the second time"


def test_a_network_is_made_with_its_arguments_and_leaves_them_and_its_batch():
    assert said(lambda shapes: Net(shapes, layers), args=(LINE,)) == ""
    assert said(lambda shapes: Net([shapes.pop(0), *shapes], layers), args=(LINE,)).startswith("<lambda> changes the arguments that it is made with in place")
    assert said(lambda: Net(LINE, lambda p, X: (layers(p, X.clone()), X.mul_(2))[0])).startswith("<lambda> changes its batch in place")


@pytest.mark.parametrize("shapes, words", [([], "Net has no parameters that an optimizer would find"), (
    [(3, 4)], "Net has 12 numbers in its parameters, of the shapes [(3, 4)], and should have 15: (3, 4), (3,). (as given)")])
def test_parameters_that_are_hidden_or_missing_are_told(shapes, words):
    weight = torch.ones(3, 4)
    assert said(lambda: Net(shapes, lambda p, X: X @ sum(p, weight).T)).startswith(words)


def test_each_network_has_parameters_of_its_own():
    bias = nn.Parameter(torch.zeros(3))

    def make():
        net = Net(LINE, layers)
        net.parts[1] = bias
        return net

    assert said(make).startswith("make gives two networks that share parameters")


def test_a_layer_may_learn_its_sizes_from_the_batch():
    assert said(lambda: nn.LazyLinear(3)) == ""


def test_parameters_are_made_before_the_first_batch():
    class Late(nn.Module):
        def __init__(self, **layers):
            super().__init__()
            for name, layer in layers.items():
                setattr(self, name, layer)

        def forward(self, X):
            if not hasattr(self, "done"):
                self.layer, self.done = nn.Linear(4, 3), True
            return self.layer(X)

    for make in (Late, lambda: Late(layer=nn.Linear(4, 3))):
        assert said(make).endswith(" makes or replaces parameters in forward, so an optimizer that was made before its first call does not know them: "
                                   "make them in `__init__`.")


@pytest.mark.parametrize("out, words", [
    (lambda Y: None, "returns None from forward: is there a `return`?"), (lambda Y: (Y,), "returns a tuple from forward, not a tensor.")])
def test_what_is_no_output_is_told(out, words):
    assert said(lambda: Net(LINE, lambda p, X: out(layers(p, X)))) == f"<lambda> {words}"


def test_a_slip_is_named_where_it_computes_the_same():
    def times(factor):
        return lambda p, X: factor * layers(p, X)

    assert said(lambda: Net(LINE, times(2)), thrice=times(3), twice=times(2)) == "Net: twice (as given)"
    assert "compared with a network that is right and has the same parameters" in said(lambda: Net(LINE, times(2)), thrice=times(3))


def test_a_batch_of_one_counts_too():
    words = said(lambda: Net(LINE, lambda p, X: layers(p, X) * (1.5 if len(X) == 1 else 1)))
    assert words.startswith("Net(X)[0, ") and words.endswith(" (as given, a batch of one).")


def test_nothing_depends_on_the_mode_in_which_a_new_network_trains():
    class Moody(Net):
        def forward(self, X):
            return super().forward(X) * (1 if self.training else 1.5)

    assert said(lambda: Moody(LINE, layers)).startswith("Net computes something else in evaluation mode")
    assert said(lambda: Net(LINE, layers).eval()).startswith("Net is in evaluation mode")


@pytest.mark.parametrize("forward, words", [
    (torch.no_grad()(layers), "but no gradient reaches its parameters"), (lambda p, X: layers(p, X).detach(), "but no gradient reaches its parameters"),
    (lambda p, X: X @ p[0].detach().T + p[1], "but its parameters of the shapes [(3, 4)] don't get the gradients that they should"),
    (lambda p, X: X @ p[0].T + 1.5 * p[1] - 0.5 * p[1].detach(), "but its parameters of the shapes [(3,)] don't get the gradients that they should")],
    ids=["no graph", "detached", "a part", "too large"])
def test_every_parameter_gets_its_gradient(forward, words):
    assert said(lambda: Net(LINE, forward)).startswith(f"Net computes the right output, {words}")


@pytest.mark.parametrize("made, biases, alike", [
    ((0, 0), True, True), ((0.5, -1), True, True), ((1, None), True, False), ((None, 0), True, False), ((0, 0), False, False)],
    ids=["zeros", "other numbers", "one layer", "the other", "biases are drawn"])
def test_units_do_not_all_begin_alike(made, biases, alike):
    def net():
        made_so = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        for layer, number in zip(made_so[::2], made):
            if number is not None:
                nn.init.constant_(layer.weight, number)
            if biases:
                nn.init.constant_(layer.bias, -1)
        return made_so

    words = said(net, roles=[(3, 4), (3,), (2, 3), (2,)])
    assert words == ("Net begins with parameters of which each is one and the same number throughout, so that units compute the same and learn the "
                     "same: leave them as PyTorch's layers draw them. (as given)") * alike


def test_parameters_begin_alike_only_where_each_of_two_numbers_or_more_does():
    def net(bias):
        made = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        for parameter in made.parameters():
            nn.init.constant_(parameter, 0.5)
        made[2].bias.data = torch.tensor(bias)
        return made

    roles = [(3, 4), (3,), (2, 3), (2,)]
    assert said(lambda: net([1.0, 2.0]), roles=roles) == "" and said(lambda: net([1.0, 1.0]), roles=roles).startswith("Net begins with parameters")


def test_a_single_layer_may_begin_with_zeros_and_a_weight_of_one_number_is_no_layer_of_units():
    one = nn.Linear(4, 3)
    for parameter in one.parameters():
        nn.init.zeros_(parameter)
    assert said(lambda: copy.deepcopy(one)) == ""

    def narrow():
        net = nn.Sequential(nn.Linear(4, 1), nn.ReLU(), nn.Linear(1, 1))
        for parameter in net.parameters():
            nn.init.zeros_(parameter)
        return net

    assert said(narrow, roles=[(1, 4), (1,), (1, 1), (1,)]) == ""


def test_no_parameter_is_frozen():
    assert said(lambda: Net(LINE, layers).requires_grad_(False)).startswith("Net has frozen parameters")


@pytest.mark.parametrize("change, words", [
    (torch.t, "has shape (3, 7); (7, 3) was expected"), (lambda Y: Y[:, :, None], "has the right numbers in shape (7, 3, 1), and should have shape (7, 3)"),
    (lambda Y: Y.sum(1), "has shape (7,); (7, 3) was expected"), (lambda Y: Y[:2], "has shape (2, 3); (7, 3) was expected"),
    (lambda Y: Y + 0j, "holds complex numbers, and real ones were expected"), (lambda Y: Y.max(), "has shape (); (7, 3) was expected")])
def test_an_output_of_another_shape_or_kind_is_told_as_such(change, words):
    assert said(lambda: Net(LINE, lambda p, X: change(layers(p, X)))).startswith(f"Net(X) {words}")


def test_parameters_are_drawn_by_the_seed_alone_and_of_moderate_size():
    """Large ones would leave float32 too few digits, and small ones would make all activations alike."""
    def drawn(seed):
        return networks.probe_network(lambda: Net([(40, 50), (40, 50)], lambda p, X: X @ p[0].T @ p[1]), seed, randn(0, 2, 50), randn(1, 2, 50))["values"]

    first, second = drawn(3)
    again, _ = drawn(3)
    other, _ = drawn(30)
    assert torch.equal(first, again) and not torch.equal(first, second) and not torch.equal(first, other)
    assert 0.4 < first.std() < 1.2 and first.abs().max() < 5


def test_a_check_of_a_network_leaves_the_learners_random_numbers():
    before = torch.get_rng_state()
    assert said(lambda: Net(LINE, layers)) == ""
    assert torch.equal(torch.get_rng_state(), before)


def test_no_more_ways_to_read_a_network_than_the_limit_are_tried(monkeypatch):
    monkeypatch.setattr(networks, "LIMIT", 5)
    tried = []

    def slip(p, X):
        tried.append(len(p))
        return torch.zeros(len(X), 4)

    roles = [(4, 4), (4,)] * 2  # which layer is the first, and how each lies: 16 ways
    assert "and should be" in said(lambda: Net(roles, lambda p, X: layers(p, X) + 1), roles, slip=slip)
    assert tried == [4] * 5


def test_what_rounding_makes_of_a_result_is_right():
    def rounded(p, X):
        return layers(p, X) * (1 + 5e-5)

    assert said(lambda: Net(LINE, rounded)) == ""
    assert said(lambda: Net(LINE, lambda p, X: rounded(p, X)[None])).startswith("Net(X) has the right numbers in shape (1, 7, 3), and should have shape (7, 3)")


def test_a_parameter_that_nothing_depends_on_needs_no_gradient():
    def forward(p, X):
        return layers(p[:2], X) + 0 * p[2]

    assert said(lambda: Net([*LINE, (3,)], lambda p, X: layers(p[:2], X)), [*LINE, (3,)], forward) == ""


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("column", [True, False], ids=["column", "row"])
@pytest.mark.parametrize("sizes", [(4, 3, 2), (1, 3, 1), (2, 4, 2)])
def test_a_bias_may_be_a_row_or_a_column_of_its_weight(sizes, column, first):
    pairs = list(zip(sizes, sizes[1:]))
    for joint in ({0}, {1}, {0, 1}):
        def compute(p, X):
            p = iter(p)
            for i in range(2):
                X = torch.relu(X) if i else X
                if i in joint:
                    ones, M = torch.ones(len(X), 1), next(p)
                    X = torch.cat([ones, X] if first else [X, ones], 1) @ (M.T if column else M)
                else:
                    X = X @ next(p).T + next(p)
            return X

        shapes = [shape for i, (a, b) in enumerate(pairs) for shape in ([(b, a + 1) if column else (a + 1, b)] if i in joint else [(b, a), (b,)])]
        roles = [shape for a, b in pairs for shape in ((b, a), (b,))]
        assert said(lambda: Net(shapes, compute), roles, X=randn(5, 7, sizes[0])) == ""
        boxed = [(1, *shape) if len(shape) == 2 else shape for shape in shapes]
        assert said(lambda: Net(boxed, lambda p, X: compute([part.reshape(shape) for part, shape in zip(p, shapes)], X)), roles, X=randn(5, 7, sizes[0])) == ""


def test_nothing_but_a_bias_may_share_a_weights_parameter():
    def forward(p, X):
        return X @ p[0].T @ p[1].T

    words = said(lambda: Net([(5, 3)], lambda p, X: forward((p[0][:4].T, p[0][4:]), X)), [(3, 4), (1, 3)], forward)
    assert words == "Net has parameters of the shapes [(5, 3)], which are not those of its layers: (3, 4), (1, 3). (as given)"


@pytest.mark.parametrize("roles, forward", [
    ([(3, 4), (3,), (2, 3)], lambda p, X: torch.relu(X @ p[0].T + p[1]) @ p[2].T),
    ([(), ()], lambda p, X: p[0] * X + p[1]),
], ids=["a last layer without bias", "two numbers"])
def test_parameters_may_be_of_any_kind(roles, forward):
    assert said(lambda: Net(roles, forward), roles, forward) == ""


@pytest.mark.parametrize("shape", [(2, 3, 4), (6, 4), (2, 12), (24,), (1, 24)])
def test_neighbouring_axes_of_a_weight_may_be_kept_as_one(shape):
    def forward(p, X):
        return (X[:, None] * p[0]).sum((2, 3))

    assert said(lambda: Net([shape], lambda p, X: forward([p[0].reshape(2, 3, 4)], X)), [(2, 3, 4)], forward, randn(5, 7, 3, 4)) == ""


@pytest.mark.parametrize("where", ["made", "run"])
@pytest.mark.parametrize("switch, words", [(lambda: torch.set_grad_enabled(False), "switches autograd off for everything that comes after it"),
                                           (lambda: torch.set_default_dtype(torch.float64), "changes PyTorch's default type of numbers")])
def test_what_a_network_leaves_switched_is_told_and_put_back(switch, words, where):
    def make():
        if where == "made":
            switch()
        return Net(LINE, lambda p, X: (where == "run" and switch(), layers(p, X.to(p[0].dtype)))[1])

    assert words in said(make) or where == "made" and said(make).startswith("make raised ")
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32 and said(lambda: Net(LINE, layers)) == ""


@pytest.mark.parametrize("change", [lambda Y: Y.to("meta"), lambda Y: Y.to(torch.float8_e4m3fn), lambda Y: Y.to(torch.float8_e5m2)])
def test_an_output_of_a_strange_kind_is_no_error_of_the_checks_own(change):
    words = said(lambda: Net(LINE, lambda p, X: change(layers(p, X))))
    assert words and "raised" not in words
