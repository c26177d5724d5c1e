"""How a check talks to an answer: `ask` and `run` on the check's side, `serve` and the probes on the answer's.

Whatever goes into an answer and comes out of it crosses as JSON text, in a notebook and under the grader alike. So the
grader can run answers in a sandbox and judge here: there the answer is a `Remote`, and all that its process can do is
return data. No object of a check can be changed by an answer.
"""
import collections
import contextlib
import functools
import json
import linecache
import sys
import sysconfig
import textwrap
import traceback
from pathlib import Path

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from .crossing import Refused, decode, encode, kind_of, name_of, words

COURSE = Path(__file__).resolve().parents[2]
CHECKS = str(Path(__file__).parent)
PYTHONS = (sysconfig.get_path("stdlib"), "<frozen ")  # where the code of Python's own library stands, of os and abc too


class Wrong(AssertionError):
    """An answer that is not right; the message names the likely slip."""

    def _render_traceback_(self):  # IPython prints these lines instead of a traceback
        return [part for line in str(self).splitlines() for part in textwrap.wrap(line, 90) or [""]]


class NotAttempted(Wrong):
    """A task whose stub still stands."""


class NotDefined(Wrong):
    """A task whose answer no cell has defined."""


class Stopped(Wrong):
    """A task whose answer a limit has stopped."""


class Without(Exception):
    """A function of PyTorch's, used where the task is to write it."""


class Remote:
    """An answer that is only talked to, in another process or in this one: its name, and `send(text) -> text` to its `serve`."""

    def __init__(self, name, send):
        self.__name__, self.send = name, send


# ---------------------------------------------------------------- the check's side

def ask(answer, *args, **how):
    """Return a report on answer(*args), called with copies of the arguments: what was "returned", and what `broken` wants to know.

    `how`, all optional: `without`, functions that the answer may not call, as torch, aten or the course spell them, and a sentence
    where "you are to write it yourself" isn't the reason;
    `autograd`, how many derivatives the answer must let it take, 0 where it may take none; `leaves`, True where not even requires_grad
    of an argument may change; `held`, True where the arguments have gradients (.grad) when they are handed over; `no_graph`, True where
    the result may hang on no graph; `layout`, "spread" for tensors that are not contiguous and "double" for float64 ones.
    """
    report = run(probe_call, answer, how, *args)
    for i, change in report["changed"] if how.get("layout") != "double" else ():  # what casts float32 and works on, works on a copy
        raise Wrong(f"{_called(answer)} {_filled(change, f'its {ordinal(i)} argument')}")
    return report


def broken(answer, report, autograd=None, no_graph=False, **how):
    """The rule that an answer broke although its result may be right, a sentence, or ""."""
    name = _called(answer)
    if no_graph and report["graph"]:
        return (f"{name}: right, but what it returns still asks for gradients (requires_grad), as a part of a graph does. Return it "
                "without: `.detach()` for a tensor, `.item()` for a number.")
    if autograd == 0 and report["autograd"]:
        return f"{name} uses autograd; the task asks you to write the formula yourself."
    if (autograd or 0) > report["autograd"]:
        return (f"{name}: the numbers are right, but {'not all of them are' if report['autograd'] else 'they are not'} found by autograd: "
                "let `backward()` or `torch.autograd.grad` find each, so that it would be right for any other function too.")
    return ""


def run(probe, answer, *args):
    """Return probe(answer, *args), run where the answer lives.

    `probe` is a module-level function of this package; its result is data, see `encode`.
    Raises NotAttempted where the answer is still its stub, Wrong where it raises anything else.
    """
    request = json.dumps([probe.__module__, probe.__name__, encode(list(args))])
    if isinstance(answer, Remote):
        reply = answer.send(request)
    else:
        reply = serve(answer, request)
    name = _called(answer)
    try:
        kind, content = json.loads(reply)
        if kind == "returned":
            return decode(content)
        kind, message = str(kind), str(content)
    except Exception:  # only a process that was tampered with replies anything else
        raise Wrong(f"{name} gave no readable result.") from None
    if kind == "stub":
        raise NotAttempted(f"{name}: not attempted yet. Replace `raise NotImplementedError()` with your answer.")
    if kind == "refused":
        raise Wrong(f"{name} returned {message}: return what its docstring says.")
    raise Wrong(f"{name} {message}")


def _called(answer):
    return getattr(answer, "__name__", "your answer")


def _filled(change, what):
    return change.replace("{argument}", what)  # not format: the sentence may come from the answer's process


def ordinal(i):
    """The place after `i` others, in words: "first", "22nd"."""
    if i < 5:
        return ("first", "second", "third", "fourth", "fifth")[i]
    tens, ones = divmod(i + 1, 10)
    return f"{i + 1}{'th' if tens % 10 == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(ones, 'th')}"


# ---------------------------------------------------------------- the answer's side

def serve(answer, request):
    """Run one request of `run` and return its reply, both JSON text; nothing is raised."""
    module, probe, args = json.loads(request)
    try:
        if not callable(answer):
            return json.dumps(["wrong", f"is {kind_of(answer)}, not a function: was its name used again?"])
        probe = getattr(__import__(module, fromlist=[probe]), probe)
        returned = probe(answer, *decode(args))
    except Without as error:
        return json.dumps(["wrong", f"uses {error}{_where(error, [])}"])
    except Refused as error:
        return json.dumps(["refused", str(error)])
    except Wrong as error:
        return json.dumps(["wrong", str(error)])
    except KeyboardInterrupt:  # somebody stops it
        raise
    except BaseException as error:  # exit() too
        if _is_stub(error):
            return json.dumps(["stub", ""])
        where = _where(error, decode(args) if probe is probe_call else [])
        return json.dumps(["wrong", f"raised {name_of(error)}: {words(error)}{_cure(error)}{where}"])
    try:
        return json.dumps(["returned", encode(returned)])
    except Refused as error:
        return json.dumps(["refused", str(error)])


@functools.cache
def _is_installed(file):
    """Whether code stands in a file of a package, not of a learner. Debian's Python, and so Colab's, has packages in dist-packages."""
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


def _is_stub(error):
    """Whether the learner's own `raise NotImplementedError()` was met: that of a package says what is missing, or stands in the package."""
    if type(error) is not NotImplementedError or error.args:
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return not _is_installed(frames[-1].filename) and not frames[-1].filename.startswith(PYTHONS)


CURES = (  # what an error says: what to do about it
    ('is missing the required "forward" function', "Is the name of its method `forward` misspelt, or its indentation wrong?"),
    ("before Module.__init__() call", "Call `super().__init__()` first in `__init__`."),
    ("view size is not compatible", "`view` needs numbers that lie side by side in memory; `reshape` takes any tensor."),
    ("grad can be implicitly created only for scalar", "`backward()` starts from one number: take the mean first."),
    ("a leaf Variable that requires grad", "What asks for gradients isn't changed in place: make a new tensor (`x = x + 1`), or update "
     "parameters inside `with torch.no_grad():`."),
    ("element 0 of tensors does not require grad", "Nothing on the way to this number asks for gradients: call "
     "`requires_grad_()` on a copy of what you differentiate by, and don't detach what depends on it."),
    ("Trying to backward through the graph a second time", "Compute the value anew before the second `backward()`."),
    ("cannot unpack non-iterable NoneType", "Is there a `return`?"),
    ("'NoneType' object has no attribute 'zero_'", "A gradient is None until backward() is called: an optimizer's `zero_grad()` knows that."),
    ("Default process group has not been initialized", "No processes are started here: call the `all_reduce` that the function is given."),
    ("maximum recursion depth exceeded", "A function that calls itself without end never returns, and one that does so for each entry is a loop, too."),
    ("'NoneType' object is not callable", "Is there a `return`?"),
    ("NoneType", "Something here is None: a gradient before `backward()`, or of a tensor that was computed (`w = w - ...` makes such a one), or "
     "what was called changes what it is given and returns nothing."),
)


def _cure(error):
    said = words(error)
    return next((f"\n{cure}" for sign, cure in CURES if sign in said), "")


def _where(error, args):
    """The learner's line that failed, and the shapes that it was given."""
    others = (*PYTHONS, CHECKS, "/sandbox/")
    try:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__)
                  if not _is_installed(frame.filename) and not frame.filename.startswith(others) and Path(frame.filename).parent != COURSE
                  and linecache.getline(frame.filename, frame.lineno)]
    except BaseException:  # an exception of the answer's own kind, whose parts raise others
        frames = []
    line = f"\nin the line: {frames[-1].line}" if frames else ""
    shapes = [str(tuple(arg.shape)) for arg in args if isinstance(arg, torch.Tensor)]
    return line + (f"\nThe arguments' shapes were {', '.join(shapes)}." if shapes else "")


class _Names(TorchFunctionMode):
    """Know PyTorch's functions by the names that people type."""

    def __init__(self, without):
        super().__init__()
        self.without, self.now, self.counts, self.operators = without, "", collections.Counter(), collections.Counter()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        self.counts[name] += 1
        if name in self.without:
            raise self.refused(name, name)
        self.now = name
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.now = ""

    def refused(self, name, shown):
        why = self.without[name] if isinstance(self.without, dict) else "which is what you are to write yourself here."
        return Without(f"the ready-made {shown}, {why}")

    @property
    def derivatives(self):
        return sum(self.counts[name] for name in ("backward", "grad", "_unpack_dual"))


class _Operators(TorchDispatchMode):
    """Refuse operators, whichever function calls them; count them all."""

    def __init__(self, without, names):
        super().__init__()
        self.without, self.names = without, names

    @classmethod
    def _should_skip_dynamo(cls):  # pragma: no mutate block, as PyTorch calls it while the class is being made
        return False  # no answer is compiled here, and skipping PyTorch's compiler means importing it: a second

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        self.names.operators[name] += 1
        if name.endswith(("_backward", "_backward_data")):
            self.names.counts["backward"] += 1  # a derivative that somebody else has written
        if name in self.without:
            raise self.names.refused(name, self.names.now or name.strip("_"))
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def watched(without=(), counted=True):
    """Watch an answer and put back what it switches.

    Yields an object whose `derivatives` says how many were taken, and whose `counts` and `operators` how often which function and
    which operator was called; where nobody asks, `counted=False` lets an answer run twice as fast.
    """
    grad, kind, profile = torch.is_grad_enabled(), torch.get_default_dtype(), sys.getprofile()
    names = _Names(without)

    def ready_made(frame, event, _):
        """Refuse a function or class of that name in a package or in the course's own modules; a learner's own may be called so."""
        code = frame.f_code
        if event != "call":
            return
        name = code.co_name if code.co_name != "__init__" else code.co_qualname.removesuffix(".__init__")
        if name in without and (_is_installed(code.co_filename) or Path(code.co_filename).parent == COURSE):
            raise names.refused(name, name)

    try:
        if without:
            sys.setprofile(ready_made)
        with contextlib.ExitStack() as watchers:
            if without or counted:
                watchers.enter_context(names)
                watchers.enter_context(_Operators(without, names))
            yield names
        if torch.is_grad_enabled() != grad:
            raise Wrong(f"switches autograd {'off' if grad else 'on'} for everything that comes after it: use "
                        f"`with torch.{'no_grad' if grad else 'enable_grad'}():`, which ends with its block.")
        if torch.get_default_dtype() != kind:
            raise Wrong("changes PyTorch's default type of numbers for everything that comes after it.")
    finally:
        sys.setprofile(profile)
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(kind)


def probe_call(answer, how, *args):
    """Call the answer; report what it returned and what it did to its arguments, for `ask`."""
    args = [_laid_out(arg, how.get("layout")) for arg in args]
    for tensor in _tensors(args) if how.get("held") else ():
        if tensor.is_floating_point():
            tensor.grad = torch.ones_like(tensor)
    before = [_state(arg) for arg in args]
    returned, used = _watch_autograd(answer, args, how)
    if returned is None:
        raise Wrong("returns None: is there a `return`? (What is printed is not returned.)")
    changed = [(i, change) for i, arg in enumerate(args) if (change := _change(before[i], _state(arg), how.get("leaves")))]
    return {"returned": returned, "changed": changed, "autograd": used, "graph": _holds_graph(returned)}


def _watch_autograd(answer, args, how):
    """The result, and how many derivatives were taken on the way; at least one where what a graph had saved was read."""
    read, without = [], how.get("without", ())
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, lambda tensor: read.append(1) or tensor)
    try:
        with hooks if "autograd" in how else contextlib.nullcontext(), watched(without, counted="autograd" in how) as seen:
            returned = answer(*args)
    except RuntimeError as error:
        if "saved tensor hooks" not in str(error):  # torch.func's derivatives take none
            raise
        with watched(without):
            return answer(*args), 99
    return returned, seen.derivatives or (99 if read else 0)


def _laid_out(value, layout):
    if isinstance(value, list | tuple):
        return type(value)(_laid_out(item, layout) for item in value)
    if not isinstance(value, torch.Tensor) or not layout:
        return value
    if layout == "double":
        return value.double() if value.is_floating_point() else value
    if value.dim() >= 2:
        turned = range(value.dim())[::-1]
        return value.permute(*turned).contiguous().permute(*turned)
    return torch.stack([value, value], -1)[..., 0]


def _state(value):
    try:
        values = json.dumps(encode(value))
    except Refused:  # the answer put something into it
        values = ""
    tensors = list(_tensors(value))
    return {"values": values, "flags": [tensor.requires_grad for tensor in tensors],
            "grads": [encode(tensor.grad if tensor.is_leaf else None) for tensor in tensors],
            "shape": list(value.shape) if isinstance(value, torch.Tensor) else None,
            "length": len(value) if isinstance(value, list | tuple) else 0}


def _change(before, after, leaves):
    """What became of an argument, as a sentence's end, or ""."""
    if before["length"] != after["length"]:
        return "takes items out of {argument}, a list, or adds some, and whoever called it finds it changed: make a list of your own."
    if before["shape"] != after["shape"]:
        return "changes the shape of {argument} in place, and whoever called it finds it changed: `unsqueeze_` and its like end in `_`."
    if before["values"] != after["values"]:
        if before["shape"] is None:
            return "changes {argument} in place, so whoever called it finds other values there: work on copies."
        return ("changes {argument} in place, so whoever called it loses that value: work on a new tensor (`a = a - b`, not "
                "`a -= b`).")
    if any(was and not is_now for was, is_now in zip(before["flags"], after["flags"])):
        return ("detaches {argument} from its graph in place, so that whoever called it can't take gradients through it: "
                "`detach()` makes a copy without.")
    if leaves and any(was is not None and was != is_now for was, is_now in zip(before["grads"], after["grads"])):
        return ("changes the gradient that {argument} has (its .grad), which it is to leave as it is. Work on a copy, "
                "`.clone().requires_grad_()`, which has a gradient of its own.")
    if leaves and before["grads"] != after["grads"]:
        return ("leaves a gradient on {argument}, which it is to leave as it is: the next backward() would add to it. Work on a copy: "
                "`.clone().requires_grad_()`.")
    if leaves and before["flags"] != after["flags"]:
        return ("switches requires_grad on for {argument}, which it is to leave as it is: from then on everything computed with it "
                "is recorded. Take a copy first: `.clone().requires_grad_()`.")
    return ""


@contextlib.contextmanager
def unchanged(*values, leaves=False):
    """Raise Wrong where a block changes one of the values, pairs of (what it is, in a sentence; the value)."""
    before = [_state(value) for _, value in values]
    yield
    for state, (what, value) in zip(before, values):
        if change := _change(state, _state(value), leaves):
            raise Wrong(_filled(change, what))


def _tensors(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _holds_graph(value):
    try:
        return any(tensor.requires_grad for tensor in _tensors(value))
    except Exception:  # a list or a tensor of the answer's own kind: `encode` says what it is
        return False


def probe_steps(answer, *args):
    """Call the answer; return its result and how many of PyTorch's operators and Python's lines it took."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        file = frame.f_code.co_filename
        if not _is_installed(file) and not file.startswith((*PYTHONS, CHECKS)):  # what counts the operators stands here
            lines += event == "line"
            return trace

    before = sys.gettrace()
    names = _Names(())
    with _Operators((), names):
        sys.settrace(trace)
        try:
            result = answer(*args)
        finally:
            sys.settrace(before)
    return result, names.operators.total(), lines


def probe_disturbed(answer, *args):
    """Call the answer while what graphs have saved is read larger than it is: what autograd finds is changed by it, a formula not.

    None where derivatives are found without such graphs (torch.func, forward mode).
    """
    try:
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, lambda tensor: 1.5 * tensor), watched() as seen:
            returned = answer(*args)
    except RuntimeError as error:
        if "saved tensor hooks" not in str(error):
            raise
        return None
    return None if seen.counts["_unpack_dual"] else returned


def parts(value, names):
    """The parts of what an answer returned, for probes: a tuple or list of as many as `names` names; raises Wrong."""
    if value is None:
        raise Wrong("returns None: is there a `return`?")
    if not isinstance(value, tuple | list) or len(value) != len(names):
        what = f"{len(value)} value{'s' * (len(value) != 1)}" if isinstance(value, tuple | list) else kind_of(value)
        raise Wrong(f"returns {what}, and should return {len(names)}: {', '.join(names)}.")
    return value
