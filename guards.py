"""What is given to utils.py, looked at before anything is done with it: labels, batches, losses, schedules, checkpoints.

Each function here returns what it was given, put into the one form that utils.py works with, or raises ValueError in a
sentence that names the cause and the cure.
"""
import compat  # noqa: F401  before torch

import copy
import functools
import io
import itertools
import math
import re
import warnings
import zipfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.parameter import is_lazy


MODULES = "torch.nn.modules.loss"  # where PyTorch's own losses are
EXACT = (torch.float32, torch.float64)  # of the others, a sum of a few numbers is off by a percent


# ---------------------------------------------------------------- labels

def classes(y_hat, y):
    """Return predicted and true classes, int64 (n,) each."""
    y_hat = torch.as_tensor(y_hat)
    y = torch.as_tensor(y).to(y_hat.device)
    if y_hat.ndim == 1 and y.ndim == 1 and len(y_hat) == len(y):
        if y_hat.is_floating_point() and bool((y_hat != y_hat.round()).any()):
            raise ValueError("Predicted classes are whole numbers, and these are not: if they are probabilities, compare "
                             "them first, as in p > 0.5.")
        return y_hat.long(), whole_numbers(y)
    y = targets(y_hat, y)
    if bool(torch.isnan(y_hat).any()):
        raise ValueError("Scores are nan, so no class has the largest: look at the loss, from when on it is nan, and make the network anew.")
    return y_hat.argmax(dim=1), y if y.ndim == 1 else y.argmax(dim=1)


def targets(y_hat, y):
    """Return labels as PyTorch's losses take them: int64 (n,), or one-hot and soft targets in the scores' own type.

    `y_hat`: scores (n, num_classes). `y`: whole numbers (n,) or probabilities (n, num_classes). ValueError for anything else.
    """
    if y.is_floating_point() and y.shape == y_hat.shape and (y.ndim == 1 or y.shape[1] == 1):
        raise ValueError(f"Targets of shape {tuple(y.shape)} are numbers, and here classes are counted: train a regression with a loop as "
                         "in lesson 02, and test it with utils.evaluate_loss.")
    if y_hat.ndim == 2 and y_hat.shape == y.shape and y_hat.shape[1] > 1:
        soft = y.to(y_hat.dtype)
        if soft.numel() and (float(soft.min()) < 0 or float((soft.sum(dim=1) - 1).abs().max()) > (1e-3 if soft.dtype in EXACT else 2e-2)):
            raise ValueError(f"Targets of shape {tuple(y.shape)} are probabilities of each class: from 0 on, and 1 in the sum "
                             "of each row; these are not. For other numbers see utils.evaluate_loss.")
        return soft
    if y.ndim != 1 or len(y_hat) != len(y) or y_hat.ndim > 2:
        flatten = " Write y.flatten()." if y.numel() == len(y_hat) == len(y) else ""
        raise ValueError(f"Predictions have shape {tuple(y_hat.shape)}, labels {tuple(y.shape)}: give one label for each "
                         f"prediction, shape (n,).{flatten}")
    if y_hat.ndim == 1 or y_hat.shape[1] < 2:
        raise ValueError(f"Scores have shape {tuple(y_hat.shape)}, labels {tuple(y.shape)}: each class needs a score of its own. "
                         "Give the last layer one output for each class, two for yes or no; or count what one score says, "
                         "(scores > 0).flatten().")
    y = whole_numbers(y)
    low, high = (int(value) for value in y.aminmax()) if len(y) else (0, 0)
    if low < 0 or high >= y_hat.shape[1]:
        raise ValueError(f"Label {low if low < 0 else high} has no score: the network gives {y_hat.shape[1]} for each example. "
                         "Number the classes from 0 and give the last layer one output for each class"
                         f"{', and leave out the examples marked -100' if low == -100 else ''}.")
    return y


def whole_numbers(y):
    """Return classes as int64; ValueError for floats and complex numbers."""
    if y.is_floating_point() or y.is_complex():
        raise ValueError(f"Labels are {str(y.dtype).removeprefix('torch.')}: classes are whole numbers, so write y.long().")
    return y.long()


# ---------------------------------------------------------------- networks and batches

def home_of(net):
    """Return the one device of a module's parameters and buffers, and the type of its numbers (None where there are several).

    Of a plain function: the CPU, and None.
    """
    places, kinds = {}, set()
    if isinstance(net, nn.Module):
        for name, tensor in itertools.chain(net.named_parameters(), net.named_buffers()):
            places.setdefault(tensor.device, name)
            if tensor.dtype.is_floating_point:
                kinds.add(tensor.dtype)
    if len(places) > 1:
        raise ValueError("The network lies on more than one device: " + ", ".join(
            f"{name} on {place}" for place, name in places.items()) + ". Move all of it: net.to(utils.device()).")
    return next(iter(places), torch.device("cpu")), kinds.pop() if len(kinds) == 1 else None


def batches(net, data_iter, name="data_iter"):
    """Yield (X, y) where the network lies, X in the type of its numbers; ValueError where there is no batch."""
    on, kind = home_of(net)
    X = None
    for X, y in data_iter:
        X, y = torch.as_tensor(X).to(on), torch.as_tensor(y).to(on)
        if not y.ndim:
            raise ValueError(f"{name} gives single examples: make batches of it, DataLoader({name}, 64).")
        yield X.to(kind) if kind and X.is_floating_point() else X, y
    if X is None:
        raise no_batch(name)


def scores(net, X):
    """Return net(X), with advice where X is not what the network takes."""
    try:
        y_hat = net(X)
        if not torch.is_tensor(y_hat):
            raise ValueError(f"The network returns a {type(y_hat).__name__}: let it return its scores, one tensor.")
        return y_hat
    except (RuntimeError, ValueError) as error:
        words = str(error)
        if "on the same device" in words or "on the expected device" in words:
            raise ValueError(f"The batch is on {X.device}, but the network uses tensors elsewhere ({error}). A module is "
                             "moved with net.to(utils.device()); what a function uses must be made on the CPU.") from error
        if "same dtype" in words or "type" in words and "should be the same" in words or "expected scalar type" in words:
            raise ValueError(f"The batch is {str(X.dtype).removeprefix('torch.')}, and the network's numbers are not ({error}). "
                             "Write X.float() (bytes: X.float() / 255, as utils.ImageSet does).") from error
        if "more than 1 value per channel" in words:
            raise ValueError(f"Batch normalisation takes a mean over the batch, and this one has {len(X)} example. The last batch "
                             "holds what is left: choose another batch size, or leave it out (drop_last=True).") from error
        raise


def no_batch(name):
    """Return the error for an iterator called `name` that gave nothing."""
    return ValueError(f"{name} gave no batch: is it empty, or a generator already used up?")


def mean_version(loss):
    """Return one of PyTorch's losses as its own mean: over all numbers, or as class weights and ignored labels have it."""
    if isinstance(loss, type):
        raise ValueError(f"The loss is the class {loss.__name__}: make one of it, {loss.__name__}().")
    if type(loss).__module__ == MODULES:
        if loss.reduction == "sum" or loss.reduction == "none" and isinstance(loss, (nn.CrossEntropyLoss, nn.NLLLoss)):
            loss = copy.copy(loss)
            loss.reduction = "mean"
    elif isinstance(loss, functools.partial) and getattr(loss.func, "__module__", "") == F.__name__:
        if loss.keywords.get("reduction") == "sum" or loss.func in (F.cross_entropy, F.nll_loss):
            loss = functools.partial(loss.func, *loss.args, **{**loss.keywords, "reduction": "mean"})
    return loss


def reduction(loss, l, y_hat, y):
    """Return what `l`, loss(y_hat, y), is of the examples' losses: "none", "mean" or "sum"; None where 0 hides it.

    PyTorch's own losses say so. Of any other it is found out: the same examples twice have the same mean, and twice the sum.
    """
    if not torch.is_tensor(l):
        raise ValueError(f"The loss returned a {type(l).__name__}: return a tensor, with which gradients can go back.")
    if l.numel() > 1 or l.ndim and len(y) == 1:
        if l.shape[0] != len(y) or l.ndim > 1 and l.shape not in (y_hat.shape, (len(y), 1)):
            raise ValueError(f"The loss has shape {tuple(l.shape)} for {len(y)} examples: return one value for each, their mean or "
                             "their sum.")
        return "none"
    if type(loss).__module__ == MODULES:
        return "mean"  # see mean_version
    once = float(l.detach())
    if once == 0 or not math.isfinite(once):
        return None
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        twice = float(loss(torch.cat([y_hat, y_hat]), torch.cat([y, y])))
    for kind, expected in (("mean", once), ("sum", 2 * once)):
        if math.isclose(twice, expected, rel_tol=1e-5 if l.dtype in EXACT else 0.1):  # bfloat16 has two digits, and the two differ by a factor
            if kind == "sum" and y.ndim == 2 and y.shape[1] > 1:
                raise ValueError(f"The loss is a sum, and targets have shape {tuple(y.shape)}: is its mean over the {len(y)} rows or over "
                                 f"all {y.numel()} numbers? Return the mean, or one value for each example.")
            return kind
    raise ValueError(f"The loss of these examples is {once:g}, of the same ones twice {twice:g}: it is neither their mean nor their "
                     "sum, or it draws random numbers. Return one of the two, or one value for each example.")


# ---------------------------------------------------------------- schedules

BY_BATCH = (torch.optim.lr_scheduler.OneCycleLR, torch.optim.lr_scheduler.CyclicLR)


def check_schedule(scheduler, optimizer, path=None, content=None):
    """Raise ValueError unless a schedule goes with this optimizer, and is of the kind that a checkpoint's `content` holds."""
    if scheduler is None:
        return
    if optimizer is None:
        raise ValueError("A schedule goes with its optimizer: give both, the optimizer and the scheduler.")
    counts_epochs(scheduler, optimizer)
    if not hasattr(scheduler, "state_dict"):
        raise ValueError(f"The schedule {type(scheduler).__name__} has no state_dict, so it can't be saved and loaded: give it one, or leave "
                         "it out and make it anew.")
    if content is not None:
        if content["scheduler"] is None:
            raise ValueError(f"{path} has no schedule: load it without a scheduler.")
        if content["scheduler_kind"] != kind_of(scheduler):
            raise ValueError(f"{path} has a schedule of another kind, {content['scheduler_kind']}, yours is {kind_of(scheduler)}: make "
                             "the one that was saved, then load.")


def counts_epochs(scheduler, updater):
    """Whether a schedule counts epochs; ValueError where it moves another optimizer's rate."""
    if getattr(scheduler, "optimizer", updater) is not updater:
        raise ValueError(f"The schedule {type(scheduler).__name__} moves the rate of another optimizer than the one that trains: "
                         "make it anew from this one.")
    return scheduler is not None and not _counts_batches(scheduler)


def _counts_batches(scheduler):
    """PyTorch's schedules count epochs, but for two and what is made of them; one's own is stepped after each batch."""
    inner = getattr(scheduler, "_schedulers", ())
    return isinstance(scheduler, BY_BATCH) or not type(scheduler).__module__.startswith("torch.") or any(map(_counts_batches, inner))


# ---------------------------------------------------------------- checkpoints

FORMAT = 2  # raise it when the layout of a checkpoint changes; 1 had no kinds, no names and no schedule


def first_line(error):
    """Return what an error says, in one line."""
    return re.sub(r"\x1b\[[\d;]*m", "", (str(error) or type(error).__name__).splitlines()[0])


def read_checkpoint(path):
    """Return what a checkpoint's file holds, as the newest format has it."""
    packed = io.BytesIO(Path(path).read_bytes())  # so that an OSError below is about the content
    try:
        if zipfile.is_zipfile(packed) and (record := zipfile.ZipFile(packed).testzip()):  # torch.load looks at no checksum
            raise ValueError(f"the checksum of {record} is wrong")
        packed.seek(0)
        content = torch.load(packed, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises many kinds for what it can't read
        raise ValueError(f"{path} is no checkpoint of this course: damaged, or holding more than tensors and "
                         f"numbers ({first_line(error)}). Save it again with save_checkpoint, or delete it and begin anew.") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found not in (1, FORMAT):
        cure = "update the course" if isinstance(found, int) and found > FORMAT else "save it again with save_checkpoint"
        raise ValueError(f"{path} has checkpoint format {found}, this utils.py reads format {FORMAT}: {cure}.")
    if found == 1:
        content |= dict.fromkeys(("optimizer_kind", "optimizer_names", "scheduler", "scheduler_kind"))
    lacking = {"net", "optimizer", "optimizer_kind", "optimizer_names", "scheduler", "scheduler_kind", "history", "random",
               "random_cuda"} - content.keys()
    if lacking:
        raise ValueError(f"{path} lacks {', '.join(sorted(lacking))}: save it again with save_checkpoint.")
    try:
        torch.Generator().set_state(content.get("random"))
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"{path} does not fit ({first_line(error)}); nothing is changed.") from error
    return content


def _plain(name):
    """A parameter's name without the prefixes of torch.compile and of DataParallel."""
    return ".".join(part for part in name.split(".") if part not in ("_orig_mod", "module"))


def kind_of(part):
    """The name of an optimizer's or a schedule's class: of PyTorch's own, where a class of one's own is made from it."""
    base = (torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler)
    kind = next((kind.__name__ for kind in type(part).__mro__ if kind.__module__.startswith("torch.optim") and kind not in base),
                type(part).__name__)
    inner = [kind_of(one) for one in getattr(part, "_schedulers", ())]
    return f"{kind} of {', '.join(inner)}" if inner else kind


def names_of(optimizer, net):
    """The names of the parameters that each group of an optimizer holds, None for what is not the network's."""
    names = {id(p): _plain(name) for name, p in net.named_parameters()}
    return [[names.get(id(p)) for p in group["params"]] for group in optimizer.param_groups]


def _shape(value):
    return tuple(value.shape) if hasattr(value, "shape") else "no tensor"


def fitting(path, saved, net):
    """Return saved parameters under the names of `net`; ValueError where they are another model's."""
    here = net.state_dict()
    if any(getattr(value, "is_meta", False) and not is_lazy(value) for value in here.values()):
        raise ValueError("Your network has no numbers to load into (device meta): move it first, net.to_empty(device=utils.device()).")
    plain = {_plain(name): name for name in here}
    if saved.keys() != here.keys() and len(plain) == len(here) and {_plain(name) for name in saved} == plain.keys():
        saved = {plain[_plain(name)]: value for name, value in saved.items()}
        warnings.warn(f"{path} and your network name their parameters alike but for a prefix, _orig_mod. (torch.compile) or module. "
                      "(DataParallel), which is left out.", stacklevel=3)
    differing = [f"{name} is {_shape(saved[name]) if name in saved else 'missing'} in the file, "
                 f"{_shape(here[name]) if name in here else 'missing'} in your network"
                 for name in sorted(here.keys() | saved.keys()) if name not in here or name not in saved
                 or not is_lazy(here[name]) and _shape(here[name]) != _shape(saved[name])]
    if differing:
        raise ValueError(f"{path} holds another model: {'; '.join(differing[:4])}. "
                         "Build the network that was saved, then load.")
    return saved


SCHEDULED = {"initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum"}  # what schedules write into an optimizer's groups


def check_optimizer(path, content, net, optimizer):
    """Raise ValueError unless the saved state is one of this optimizer's kind, for the same parameters."""
    here, saved = names_of(optimizer, net), content["optimizer"]
    if not any(name for group in here for name in group):
        raise ValueError("This optimizer holds another network's parameters: it would never move this one. "
                         "Make it anew from net.parameters(), then load.")
    if saved is None:
        raise ValueError(f"{path} has no optimizer state: load it without an optimizer.")
    kind = content["optimizer_kind"]
    if kind is None:  # format 1 tells by its settings only
        settings, others = ({key for group in groups for key in group} - SCHEDULED
                            for groups in (saved["param_groups"], optimizer.param_groups))
        kind = "one with " + ", ".join(sorted(settings - others)) if settings - others and others - settings else kind_of(optimizer)
    if kind != kind_of(optimizer):
        raise ValueError(f"{path} has the state of another kind of optimizer, {kind}, yours is {kind_of(optimizer)}: make the one that was "
                         "saved, or load without an optimizer.")
    there = content["optimizer_names"] or [[None] * len(group["params"]) for group in saved["param_groups"]]
    if [len(group) for group in here] != [len(group) for group in there]:
        raise ValueError(f"{path} has the state of an optimizer with groups of {', '.join(str(len(group)) for group in there)} parameters, "
                         f"yours has {', '.join(str(len(group)) for group in here)}: make it of the same parameters, then load.")
    if content["optimizer_names"] and here != there:
        first = next((a, b) for a, b in zip(itertools.chain(*there), itertools.chain(*here)) if a != b)
        raise ValueError(f"{path} has the state of an optimizer with other parameters, or in another order: {first[0]} in the file is "
                         f"{first[1]} in yours. Make it of the same parameters, then load.")
    params = list(itertools.chain(*(group["params"] for group in optimizer.param_groups)))
    for i, state in saved["state"].items():
        for key in ("momentum_buffer", "exp_avg", "exp_avg_sq"):
            if torch.is_tensor(state.get(key)) and not is_lazy(params[i]) and state[key].shape != params[i].shape:
                raise ValueError(f"{path} has the state of an optimizer with parameters in another order: {key} has shape "
                                 f"{tuple(state[key].shape)}, its parameter {tuple(params[i].shape)}. Make it of the same ones, then load.")
