"""Checkpoints: a resumed run is the unbroken one, and nothing is changed unless everything fits.

tests/format1.pt was written by the course before it knew schedules.
"""
import copy
import functools
import os
import tempfile
import warnings
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import guards
import utils
import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

OLD = Path(__file__).resolve().parent / "format1.pt"
KINDS = {"SGD": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), "plain SGD": lambda p: torch.optim.SGD(p, 0.1),
         "Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW, "RMSprop": torch.optim.RMSprop, "Adagrad": torch.optim.Adagrad}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def small(width=3, kind="SGD"):
    net = nn.Sequential(nn.Linear(5, width), nn.ReLU(), nn.Linear(width, 4))
    return net, KINDS[kind](net.parameters())


def data(shuffle=False):
    generator = torch.Generator().manual_seed(0)
    return DataLoader(TensorDataset(torch.randn(50, 5, generator=generator), torch.randint(4, (50,), generator=generator)), 16, shuffle=shuffle)


def step(net, optimizer):
    """A step, so that the optimizer has a state."""
    return utils.train_epoch(net, data(), nn.CrossEntropyLoss(), optimizer)[0]


def state(*parts):
    return copy.deepcopy([part.state_dict() for part in parts if part is not None])


def same(a, b):
    if torch.is_tensor(a):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return len(a) == len(b) and all(map(same, a, b)) if isinstance(a, (list, tuple)) else a == b


def refused(words, path, net, optimizer=None, scheduler=None):
    """See that loading is refused in these words, and that nothing has changed: parameters, states, random numbers."""
    before, random = state(net, optimizer, scheduler), torch.get_rng_state()
    with pytest.raises(ValueError, match=words) as raised:
        utils.load_checkpoint(path, net, optimizer, scheduler)
    assert not str(raised.value).startswith("None") and "(None)" not in str(raised.value), "the file has a name, and the error words"
    assert same(before, state(net, optimizer, scheduler)) and torch.equal(random, torch.get_rng_state())


def save_changed(path, change):
    """Save a checkpoint whose content `change` has altered."""
    net, optimizer = small()
    step(net, optimizer)
    utils.save_checkpoint(path, net, optimizer, utils.History())
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)


# ---- resumed is unbroken

CYCLES = {
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.5, 16), "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.3, 5),
    "StepLR": lambda o: lr_scheduler.StepLR(o, 1, 0.5), "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 4),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.7 ** epoch),
    "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=0, threshold=0.5),
    "sequence": lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o, 0.1, total_iters=2), lr_scheduler.ExponentialLR(o, 0.5)], [2]),
}


@pytest.mark.parametrize("name, kind", [
    pytest.param(name, kind, marks=[pytest.mark.long("the same with another optimizer")] if kind == "Adam" and name != "OneCycleLR" else [])
    for name in CYCLES for kind in ("SGD", "Adam") if (name, kind) != ("CyclicLR", "Adam")])  # Adam's momentum has another name
def test_a_run_with_a_schedule_goes_on_as_if_it_had_not_been_broken(name, kind, tmp_path):
    make = CYCLES[name]

    def start(seed):
        utils.set_seed(seed)
        net, optimizer = small(kind=kind)
        return net, optimizer, make(optimizer)

    def train(net, optimizer, scheduler, epochs, history=None):
        seen = []
        for _ in range(epochs):
            history = utils.train(net, data(shuffle=True), data(), nn.CrossEntropyLoss(), 1, optimizer, scheduler, history)
            seen.append(optimizer.param_groups[0]["lr"])
        return history, seen

    net, optimizer, scheduler = start(0)
    history, _ = train(net, optimizer, scheduler, 1)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer, history, scheduler)
    unbroken, rates = train(net, optimizer, scheduler, 3, history)
    net, optimizer, scheduler = start(99)
    resumed, again = train(net, optimizer, scheduler, 3, utils.load_checkpoint(tmp_path / "c.pt", net, optimizer, scheduler))
    assert again == rates and len(set(rates)) > 1, "the rates move"
    assert resumed.batch_loss == unbroken.batch_loss and resumed.test_loss == unbroken.test_loss and len(resumed.test_loss) == 4


# ---- another kind, other groups, another order

@pytest.mark.parametrize("saved, here", [("Adam", "SGD"), ("SGD", "Adam"), ("Adam", "AdamW"), ("RMSprop", "SGD"), ("Adagrad", "Adam")])
def test_the_state_of_another_kind_of_optimizer_is_refused(saved, here, tmp_path):
    net, optimizer = small(kind=saved)
    step(net, optimizer)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    net, optimizer = small(kind=here)
    refused(f"another kind of optimizer, {saved}, yours is {here}", tmp_path / "c.pt", net, optimizer)
    step(net, optimizer)


def test_settings_may_differ_where_the_kind_is_the_same(tmp_path):
    """The settings are the file's, as with PyTorch's own load_state_dict."""
    net, optimizer = small(kind="SGD")
    step(net, optimizer)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)

    class Mine(torch.optim.SGD):
        """One's own kind of SGD holds the same state."""

    net, _ = small()
    optimizer = Mine(net.parameters(), lr=7.0)
    utils.load_checkpoint(tmp_path / "c.pt", net, optimizer)
    assert optimizer.param_groups[0]["lr"] == 0.1 and optimizer.param_groups[0]["momentum"] == 0.9
    step(net, optimizer)


GROUPS = {
    "two groups": (lambda net: [{"params": net[0].parameters()}, {"params": net[2].parameters()}], "groups of 4 parameters, yours has 2, 2"),
    "some": (lambda net: net[0].parameters(), "groups of 4 parameters, yours has 2"),
    "two exchanged": (lambda net: [*net[0].parameters(), *list(net[2].parameters())[::-1]], "in another order: 2.weight in the file is 2.bias in yours"),
    "the other way round": (lambda net: list(net.parameters())[::-1], "in another order: 0.weight in the file is 2.bias in yours"),
}


@pytest.mark.parametrize("params, words", GROUPS.values(), ids=GROUPS)
def test_other_groups_of_parameters_are_refused(params, words, tmp_path):
    net, optimizer = small()
    step(net, optimizer)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    net, _ = small()
    refused(words, tmp_path / "c.pt", net, torch.optim.SGD(params(net), 0.1, momentum=0.9))


def test_a_network_whose_layers_are_alike_but_in_another_order_is_told_by_names(tmp_path):
    net = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    utils.save_checkpoint(tmp_path / "c.pt", net, torch.optim.SGD(net.parameters(), 0.1))
    net = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    refused("a.weight in the file is b.weight in yours", tmp_path / "c.pt", net, torch.optim.SGD([*net["b"].parameters(), *net["a"].parameters()], 0.1))


def test_schedules_of_another_kind_or_missing_are_named(tmp_path):
    net, optimizer = small()
    scheduler = CYCLES["OneCycleLR"](optimizer)
    utils.save_checkpoint(tmp_path / "with.pt", net, optimizer, None, scheduler)
    utils.save_checkpoint(tmp_path / "without.pt", net, optimizer)
    net, optimizer = small()
    refused("schedule of another kind, OneCycleLR, yours is StepLR", tmp_path / "with.pt", net, optimizer, CYCLES["StepLR"](optimizer))
    refused("has no schedule: load it without a scheduler", tmp_path / "without.pt", net, optimizer, CYCLES["StepLR"](optimizer))
    refused("moves the rate of another optimizer", tmp_path / "with.pt", net, optimizer, CYCLES["OneCycleLR"](small()[1]))
    with pytest.raises(ValueError, match="A schedule goes with its optimizer: give both"):
        utils.load_checkpoint(tmp_path / "with.pt", net, scheduler=CYCLES["OneCycleLR"](optimizer))
    with pytest.raises(ValueError, match="A schedule goes with its optimizer"):
        utils.save_checkpoint(tmp_path / "c.pt", net, scheduler=CYCLES["OneCycleLR"](optimizer))
    with pytest.raises(ValueError, match="StepLR moves the rate of another optimizer"):
        utils.save_checkpoint(tmp_path / "c.pt", net, optimizer, None, CYCLES["StepLR"](small()[1]))
    with pytest.warns(UserWarning, match=r"with.pt has a schedule \(OneCycleLR\), which is left out"):
        utils.load_checkpoint(tmp_path / "with.pt", net, optimizer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        utils.load_checkpoint(tmp_path / "with.pt", net)


# ---- what a file may hold

@pytest.mark.parametrize("change, words", [
    (lambda c: c["history"].update(validation_loss=[1.0]), "has a history that this utils.py does not know .*validation_loss"),
    (lambda c: c["net"].update({"0.weight": torch.zeros(9, 9)}), r"0.weight is \(9, 9\) in the file"),
    (lambda c: c["net"].pop("0.weight"), "0.weight is missing in the file"), (lambda c: c["net"].update(extra=torch.zeros(1)), r"extra is \(1,\) in the file, missing"),
    (lambda c: c["optimizer"]["state"][0].update(momentum_buffer=torch.zeros(4, 3)), r"momentum_buffer has shape \(4, 3\), its parameter \(3, 5\)"),
    *((lambda c, key=key: c["optimizer"]["state"][0].update({key: torch.zeros(4, 3)}), rf"{key} has shape \(4, 3\), its parameter \(3, 5\)")
      for key in ("exp_avg", "exp_avg_sq")),  # Adam's
    (lambda c: c["optimizer"].pop("param_groups"), r"c.pt does not fit \('param_groups'\); nothing is changed\.$"),
    (lambda c: c.pop("random"), "lacks random: save it again"), (lambda c: c.update(random=torch.zeros(3)), r"c.pt does not fit \(.+\); nothing is changed\.$"),
])
def test_a_file_that_does_not_fit_changes_nothing(change, words, tmp_path):
    save_changed(tmp_path / "c.pt", change)
    refused(words, tmp_path / "c.pt", *small())


def test_of_many_parameters_that_differ_four_are_named(tmp_path):
    utils.save_checkpoint(tmp_path / "c.pt", nn.Sequential(*(nn.Linear(2, 2) for _ in range(3))))
    with pytest.raises(ValueError) as raised:
        utils.load_checkpoint(tmp_path / "c.pt", nn.Sequential(*(nn.Linear(3, 3) for _ in range(3))))
    assert [f"{i}.{name}" in str(raised.value) for i in range(3) for name in ("bias", "weight")] == [True] * 4 + [False] * 2


def test_a_class_of_ones_own_is_of_its_own_kind():
    class Steps:
        pass

    class Mine(torch.optim.SGD):
        pass

    assert guards.kind_of(type("Own", (torch.optim.Optimizer,), {})(nn.Linear(1, 1).parameters(), {})) == "Own"
    assert guards.kind_of(Steps()) == "Steps" and guards.kind_of(Mine(nn.Linear(1, 1).parameters(), 0.1)) == "SGD"


def test_what_fails_in_the_middle_is_taken_back(tmp_path, monkeypatch):
    net, optimizer = small()
    step(net, optimizer)
    scheduler = CYCLES["StepLR"](optimizer)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer, None, scheduler)

    class Stubborn(nn.Sequential):
        def load_state_dict(self, state_dict, *args, **options):
            super().load_state_dict({**state_dict, "0.weight": self[0].weight.detach() * 2}, *args, **options)
            if not hasattr(self, "once"):
                self.once = True
                raise RuntimeError("half-way\nsecond line")

    net = Stubborn(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 4))
    optimizer = KINDS["SGD"](net.parameters())
    refused_net, before = copy.deepcopy(net.state_dict()), state(optimizer)
    with pytest.raises(ValueError, match=r"does not fit \(half-way\); nothing is changed"):
        utils.load_checkpoint(tmp_path / "c.pt", net, optimizer, CYCLES["StepLR"](optimizer))
    assert torch.equal(net[2].weight, refused_net["2.weight"]) and optimizer.state_dict()["state"] == before[0]["state"] == {}


def test_what_can_not_be_taken_back_is_told_by_its_first_error(tmp_path):
    net, optimizer = small()
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer, None, CYCLES["StepLR"](optimizer))

    class StepLR(torch.optim.lr_scheduler.StepLR):
        tried = 0

        def load_state_dict(self, state_dict):
            self.tried += 1
            raise RuntimeError(f"refused {self.tried}")

    scheduler = StepLR(optimizer, 1)
    with pytest.raises(ValueError, match=r"does not fit \(refused 1\); nothing is changed"):
        utils.load_checkpoint(tmp_path / "c.pt", net, optimizer, scheduler)
    assert scheduler.tried == 2


def test_what_a_killed_save_left_is_swept_away_after_a_day(tmp_path):
    old, new, another = (tmp_path / name for name in (".c.pt-old", ".c.pt-new", ".another.pt-old"))
    for path in (old, new, another):
        path.write_bytes(b"half")
    for path in (old, another):
        os.utime(path, (path.stat().st_mtime - 90_000,) * 2)
    utils.save_checkpoint(tmp_path / "c.pt", *small())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".another.pt-old", ".c.pt-new", "c.pt"]


def test_a_schedule_that_is_given_is_not_said_to_be_left_out(tmp_path, recwarn):
    net, optimizer = small()
    scheduler = lr_scheduler.StepLR(optimizer, 2)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer, None, scheduler)
    utils.load_checkpoint(tmp_path / "c.pt", net, optimizer, scheduler)
    utils.load_checkpoint(tmp_path / "c.pt", net)
    assert not recwarn.list
    with pytest.warns(UserWarning, match="which is left out"):
        utils.load_checkpoint(tmp_path / "c.pt", net, optimizer)


def test_a_file_in_pytorchs_older_form_loads_too(tmp_path):
    utils.save_checkpoint(tmp_path / "c.pt", small()[0])
    torch.save(torch.load(tmp_path / "c.pt", weights_only=True), tmp_path / "older.pt", _use_new_zipfile_serialization=False)
    utils.load_checkpoint(tmp_path / "older.pt", small()[0])


def test_what_could_not_be_loaded_again_is_not_saved(tmp_path):
    net, optimizer = small()
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    before = (tmp_path / "c.pt").read_bytes()
    import numpy as np
    history = utils.History()
    history.test_acc.append(np.float32(0.5))
    with pytest.raises(ValueError, match=r"is not saved: .* could not be loaded again \(Weights only load failed.*\)\."):
        utils.save_checkpoint(tmp_path / "c.pt", net, optimizer, history)
    assert (tmp_path / "c.pt").read_bytes() == before and os.listdir(tmp_path) == ["c.pt"]


class Counting(nn.Linear):
    """A layer with a state of its own, which is no tensor."""
    count = 0

    def get_extra_state(self):
        return {"count": self.count}

    def set_extra_state(self, state):
        self.count = state["count"]


def test_a_state_of_ones_own_is_kept_and_what_was_not_given_is_none(tmp_path):
    net = Counting(2, 2)
    net.count = 7
    utils.save_checkpoint(tmp_path / "c.pt", net)
    utils.load_checkpoint(tmp_path / "c.pt", other := Counting(2, 2))
    assert other.count == 7
    content = torch.load(tmp_path / "c.pt", weights_only=True)
    assert [name for name, value in content.items() if value is None] == ["history", "optimizer", "optimizer_kind", "optimizer_names", "scheduler", "scheduler_kind"]


# ---- prefixes, lazy networks, devices

class Inside(nn.Module):
    """A network in another one, as torch.compile and DataParallel keep theirs: its names get a prefix."""

    def __init__(self, net, name):
        super().__init__()
        setattr(self, name, net)
        self.name = name

    def forward(self, X):
        return getattr(self, self.name)(X)


@pytest.mark.parametrize("wrap", [lambda net: Inside(net, "_orig_mod"), nn.DataParallel, lambda net: Inside(nn.DataParallel(net), "_orig_mod"),
                                  lambda net: nn.Sequential(Inside(net[0], "_orig_mod"), *net[1:]),
                                  pytest.param(torch.compile, marks=pytest.mark.skipif(os.name != "posix", reason="compilers differ"))])
@pytest.mark.parametrize("back", [False, True])
def test_prefixes_of_compiled_and_parallel_networks_are_left_out_and_named(wrap, back, tmp_path):
    def run():
        net, _ = small()
        return net, wrap(net)

    inner, outer = run()
    saved, loaded = (inner, outer) if back else (outer, inner)
    optimizer = KINDS["SGD"](saved.parameters())
    optimizer.step()
    utils.save_checkpoint(tmp_path / "c.pt", saved, optimizer)
    new_inner, new_outer = run()
    loaded = new_outer if back else new_inner
    with pytest.warns(UserWarning, match=r"alike but for a prefix, _orig_mod. \(torch.compile\) or module. \(DataParallel\)") as warned:
        utils.load_checkpoint(tmp_path / "c.pt", loaded, KINDS["SGD"](loaded.parameters()))
    assert [warning.filename for warning in warned] == [__file__], "it points at the line that loads"
    assert same(list(inner.state_dict().values()), list(new_inner.state_dict().values()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        twin = run()[0 if back else 1]
        utils.load_checkpoint(tmp_path / "c.pt", twin, KINDS["SGD"](twin.parameters()))  # the same names: nothing to say


def test_where_a_name_without_its_prefix_would_be_two_parameters_nothing_is_left_out(tmp_path):
    utils.save_checkpoint(tmp_path / "c.pt", Inside(nn.ModuleDict({"a": nn.Linear(2, 2)}), "_orig_mod"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused("holds another model: _orig_mod.a.bias is \\(2,\\) in the file, missing in your network",
                tmp_path / "c.pt", nn.ModuleDict({"a": nn.Linear(2, 2), "module": nn.ModuleDict({"a": nn.Linear(2, 2)})}))


def test_a_layer_that_is_called_module_keeps_its_name(tmp_path):
    net = nn.ModuleDict({"module": nn.Linear(2, 2), "other": nn.Linear(2, 2)})
    utils.save_checkpoint(tmp_path / "c.pt", net)
    new = nn.ModuleDict({"module": nn.Linear(2, 2), "other": nn.Linear(2, 2)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        utils.load_checkpoint(tmp_path / "c.pt", new)
    assert same(net.state_dict(), new.state_dict())


def test_a_lazy_network_takes_what_was_saved_and_is_not_saved_before_it_has_numbers(tmp_path):
    def lazy():
        net = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(4))
        return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

    net, optimizer = small()
    step(net, optimizer)
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    new, new_optimizer = lazy()
    with pytest.raises(ValueError, match="0.weight has no numbers yet: run a batch through the network"):
        utils.save_checkpoint(tmp_path / "lazy.pt", new, new_optimizer)
    assert os.listdir(tmp_path) == ["c.pt"]
    utils.load_checkpoint(tmp_path / "c.pt", new, new_optimizer)
    assert same(net.state_dict(), new.state_dict())
    assert step(new, new_optimizer) == step(net, optimizer)


def test_a_lazy_network_of_another_size_is_refused(tmp_path):
    net, _ = small(6)
    utils.save_checkpoint(tmp_path / "c.pt", net)
    other = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.Linear(3, 4))
    with pytest.raises(ValueError, match="another model: .*2.weight is"):
        utils.load_checkpoint(tmp_path / "c.pt", other)
    assert torch.nn.parameter.is_lazy(other[0].weight)


def test_a_network_on_a_device_without_numbers_is_named(tmp_path):
    """meta, the second device that every machine has: loading into it would do nothing, without a word."""
    net, optimizer = small()
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    with pytest.raises(ValueError, match=r"no numbers to load into \(device meta\).*to_empty"):
        utils.load_checkpoint(tmp_path / "c.pt", small()[0].to("meta"))
    with pytest.raises(ValueError, match="has no numbers yet"):
        utils.save_checkpoint(tmp_path / "c.pt", small()[0].to("meta"))


def test_a_file_from_another_device_is_loaded_to_where_the_network_lies(tmp_path, monkeypatch):
    """As torch.load is asked to: everything comes to the CPU, and each part copies it to its own place."""
    asked = []
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda *args, **options: (asked.append(options), load(*args, **options))[1])
    net, optimizer = small()
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    utils.load_checkpoint(tmp_path / "c.pt", *small())
    assert all(options == {"map_location": "cpu", "weights_only": True} for options in asked) and len(asked) == 2


# ---- files of before

def test_a_file_of_format_1_still_loads():
    net, optimizer = small()
    history = utils.load_checkpoint(OLD, net, optimizer)
    assert history.seconds == [0.5, 0.25] and len(history.test_loss) == 2
    assert net[0].weight.sum().item() == pytest.approx(-1.27963614, abs=1e-6) and optimizer.state_dict()["state"][0]["momentum_buffer"].shape == (3, 5)
    assert torch.load(OLD, weights_only=True)["format"] == 1 and guards.FORMAT == 2
    step(net, optimizer)


@pytest.mark.parametrize("params, kind, words", [
    (lambda net: net.parameters(), torch.optim.Adam, "another kind of optimizer, one with dampening, momentum, nesterov, yours is Adam"),
    (lambda net: list(net.parameters())[::-1], lambda p: torch.optim.SGD(p, 0.1), "momentum_buffer has shape"),
    (lambda net: net[0].parameters(), lambda p: torch.optim.SGD(p, 0.1), "groups of 4 parameters, yours has 2")])
def test_a_file_of_format_1_is_looked_at_as_closely_as_can_be(params, kind, words):
    net, _ = small()
    refused(words, OLD, net, kind(params(net)))
    with pytest.raises(ValueError, match="has no schedule"):
        net, optimizer = small()
        utils.load_checkpoint(OLD, net, optimizer, lr_scheduler.StepLR(optimizer, 1))


@pytest.mark.parametrize("change", [lambda group: group.pop("maximize"), lambda group: group.update(later=None)], ids=["an older PyTorch's", "a newer one's"])
def test_a_setting_that_the_other_optimizer_has_beside_is_no_other_kind(change, tmp_path):
    content = torch.load(OLD, weights_only=True)
    change(content["optimizer"]["param_groups"][0])
    torch.save(content, tmp_path / "c.pt")
    utils.load_checkpoint(tmp_path / "c.pt", *small())


# ---- what strangers tried

class Empty(nn.Module):
    """A network whose len() is 0, which makes it count as false."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 4)

    def forward(self, X):
        return self.layer(X)

    def __len__(self):
        return 0


class Own(Empty):
    __len__ = None  # as of a compiled network whose class has no len()


@pytest.mark.parametrize("make", [Empty, Own])
def test_a_network_is_loaded_whatever_its_len_is(make, tmp_path):
    net, new = make(), make()
    utils.save_checkpoint(tmp_path / "c.pt", net, KINDS["SGD"](net.parameters()))
    utils.load_checkpoint(tmp_path / "c.pt", new, KINDS["SGD"](new.parameters()))
    assert same(net.state_dict(), new.state_dict())


def test_a_flipped_bit_is_told_by_its_checksum(tmp_path):
    net, optimizer = small()
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer)
    content = bytearray((tmp_path / "c.pt").read_bytes())
    content[content.index(net[0].weight.detach().numpy().tobytes()) + 3] ^= 0x40
    (tmp_path / "c.pt").write_bytes(content)
    refused("no checkpoint of this course: damaged.*the checksum of .* is wrong", tmp_path / "c.pt", *small())


@pytest.mark.parametrize("change", [
    lambda c: c.update(random=c["random"][:100]), lambda c: c.update(random=torch.rand(5056)), lambda c: c.update(random=None),
    lambda c: c.update(net=None), lambda c: c.update(optimizer=[]), lambda c: c["optimizer"]["state"].update({99: {"momentum_buffer": torch.zeros(1)}}),
    lambda c: c.update(optimizer_names=5), lambda c: c.update(history=7), lambda c: c["optimizer"].update(param_groups=[{}])])
def test_fields_of_another_make_are_refused_in_words(change, tmp_path):
    save_changed(tmp_path / "c.pt", change)
    refused("does not fit|does not know", tmp_path / "c.pt", *small())


def test_a_schedule_made_of_others_is_told_by_what_it_is_made_of(tmp_path):
    net, optimizer = small()
    utils.save_checkpoint(tmp_path / "c.pt", net, optimizer, None, CYCLES["sequence"](optimizer))
    net, optimizer = small()
    other = lr_scheduler.SequentialLR(optimizer, [lr_scheduler.ConstantLR(optimizer), lr_scheduler.StepLR(optimizer, 1)], [2])
    refused("SequentialLR of LinearLR, ExponentialLR, yours is SequentialLR of ConstantLR, StepLR", tmp_path / "c.pt", net, optimizer, other)


def test_a_schedule_without_a_state_is_named(tmp_path):
    class Steps:
        def step(self):
            pass

    with pytest.raises(ValueError, match="The schedule Steps has no state_dict"):
        utils.save_checkpoint(tmp_path / "c.pt", *small(), None, Steps())


@pytest.mark.skipif(os.name != "posix", reason="links, modes and devices of another kind")
def test_a_file_is_saved_where_a_link_leads_with_the_mode_that_files_have(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    before = os.umask(0o027)
    try:
        utils.save_checkpoint("~/share.pt", small()[0])
        assert (tmp_path / "share.pt").stat().st_mode & 0o777 == 0o640 and os.umask(0o027) == 0o027, "other programs' files keep their modes"
        os.umask(0)
        utils.save_checkpoint(tmp_path / "open.pt", small()[0])
        assert (tmp_path / "open.pt").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)
    (tmp_path / "share.pt").chmod(0o664)
    (tmp_path / "link.pt").symlink_to("share.pt")
    old = (tmp_path / "share.pt").read_bytes()
    utils.save_checkpoint(tmp_path / "link.pt", small()[0])
    assert (tmp_path / "link.pt").is_symlink() and (tmp_path / "share.pt").read_bytes() != old
    assert (tmp_path / "share.pt").stat().st_mode & 0o777 == 0o664
    utils.load_checkpoint("~/link.pt", small()[0])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe is no ordinary file"):
        utils.save_checkpoint(tmp_path / "pipe", small()[0])


def test_a_message_has_no_colours_of_a_terminal():
    assert guards.first_line(RuntimeError("a \x1b[1mbold\x1b[0m word\nmore")) == "a bold word"
    assert guards.first_line(KeyboardInterrupt()) == "KeyboardInterrupt"  # which says nothing


def test_a_checkpoint_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    """Flushed, then synchronised, then renamed: a crash in between leaves the old file or the new one, never half of it."""
    path, done = tmp_path / "net.pt", []
    sync, rename = os.fsync, os.replace
    # A buffer that holds all of it, as none is promised to be smaller.
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", functools.partial(tempfile.NamedTemporaryFile, buffering=1 << 24))
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append(("fsync", os.fstat(fd).st_size)), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda old, new: (done.append(("replace", Path(new).name)), rename(old, new)))
    utils.save_checkpoint(path, nn.Linear(3, 2))
    assert done == [("fsync", path.stat().st_size), ("replace", "net.pt")]


def test_what_can_not_be_written_says_what_to_do_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "c.pt"
    utils.save_checkpoint(path, nn.Linear(2, 2))
    before, seen = path.read_bytes(), []

    def full(_):
        seen.extend(name for name in os.listdir(tmp_path) if name != "c.pt")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as raised:
        utils.save_checkpoint(path, nn.Linear(2, 2))
    assert str(raised.value) == (f"{path} could not be saved (No space left on device); what was there before is untouched. Free some space, or "
                                 "save into a folder that exists and that you may write to.")
    assert len(seen) == 1 and seen[0].startswith(".c.pt-")  # beside it, so that a rename can take its place
    assert os.listdir(tmp_path) == ["c.pt"] and path.read_bytes() == before


def test_a_schedule_that_is_left_out_is_told_where_the_learner_left_it_out(tmp_path):
    net = nn.Linear(2, 2)
    updater = torch.optim.SGD(net.parameters(), 0.1)
    utils.save_checkpoint(tmp_path / "c.pt", net, updater, scheduler=torch.optim.lr_scheduler.StepLR(updater, 1))
    with pytest.warns(UserWarning) as told:
        utils.load_checkpoint(tmp_path / "c.pt", net, updater)
    warning, = told
    assert warning.filename == __file__ and str(warning.message).endswith(
        "which is left out: without scheduler=... the run goes on at the rate where it stopped.")


@pytest.mark.parametrize("found, cure", [(3, "update the course"), (99, "update the course"), (0, "save it again with save_checkpoint"),
                                         (None, "save it again with save_checkpoint"), ("2", "save it again with save_checkpoint")])
def test_a_file_of_another_format_says_which_of_the_two_is_old(tmp_path, found, cure):
    utils.save_checkpoint(tmp_path / "c.pt", nn.Linear(2, 2))
    content = torch.load(tmp_path / "c.pt", weights_only=True)
    torch.save({**content, "format": found}, tmp_path / "c.pt")
    with pytest.raises(ValueError) as raised:
        utils.load_checkpoint(tmp_path / "c.pt", nn.Linear(2, 2))
    assert str(raised.value) == f"{tmp_path / 'c.pt'} has checkpoint format {found}, this utils.py reads format 2: {cure}."
