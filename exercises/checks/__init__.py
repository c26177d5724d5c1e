"""Checks that answer at once: what every exercise's test cells are made of.

A check draws inputs, lets the answer work on them (`call`, or a probe of its own through `run`), and
compares what comes back with a reference (`compare`). Its errors are sentences for a learner.

Whatever goes into an answer and comes out of it crosses as JSON text, in a notebook and under the
grader alike. So the grader can run answers in a sandbox and judge here: there the answer is a `Remote`,
and all that its process can do is return data. No object of a check can be changed by an answer.
"""
import base64
import functools
import inspect
import json
import linecache
import textwrap
import traceback
from pathlib import Path

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

SOURCE = Path(__file__).resolve().parent.parent / "source"


class Wrong(AssertionError):
    """An answer that is not right; the message names the likely slip."""

    def _render_traceback_(self):  # IPython prints these lines instead of a traceback
        return [part for line in str(self).splitlines() for part in textwrap.wrap(line, 90) or [""]]


class NotAttempted(Wrong):
    """A task whose stub still stands."""


class Refused(Exception):
    """Data that can't cross between an answer and its check."""


class Remote:
    """An answer that lives in another process: its name, and `send(text) -> text` to its `serve`."""

    def __init__(self, name, send):
        self.__name__, self.send = name, send


# ---------------------------------------------------------------- data that crosses

def encode(value):
    """Turn tensors, arrays, numbers, strings, None, lists, tuples and dictionaries into JSON's types."""
    if isinstance(value, np.ndarray | np.generic):
        value = torch.as_tensor(value)
    if isinstance(value, torch.Tensor):
        array = value.detach().cpu().contiguous().numpy()
        if array.nbytes > 20_000_000:
            raise Refused(f"a tensor of shape {tuple(array.shape)}, which is far too large")
        return {"tensor": [str(array.dtype), list(array.shape), base64.b64encode(array.tobytes()).decode()]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return {type(value).__name__ if type(value) in (list, tuple) else "list": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), encode(item)] for key, item in value.items()]}
    raise Refused(f"a {type(value).__name__}")


def decode(value):
    """The inverse of `encode`; tensors come back as fresh copies."""
    if not isinstance(value, dict):
        return value
    (kind, content), = value.items()
    if kind == "tensor":
        dtype, shape, data = content
        array = np.frombuffer(base64.b64decode(data), dtype=np.dtype(dtype)).reshape(shape)
        return torch.from_numpy(array.copy())
    if kind == "dict":
        return {key: decode(item) for key, item in content}
    return {"list": list, "tuple": tuple}[kind](decode(item) for item in content)


# ---------------------------------------------------------------- calling an answer

class _Without(TorchDispatchMode):
    """Refuse PyTorch's own operators for what the task asks you to write."""

    def __init__(self, names):
        super().__init__()
        self.names = names

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket.__name__ in self.names:
            raise Refused(func.overloadpacket.__name__.strip("_"))
        return func(*args, **(kwargs or {}))


def call(answer, *args, without=(), keeps=True):
    """Return answer(*args). `without` names PyTorch operators that it may not use, as aten spells them.

    Arguments are copies; with `keeps`, an answer that changes one of them is wrong.
    """
    returned, changed = run(_call, answer, list(without), *args)
    if keeps and changed:
        raise Wrong(f"{answer.__name__} changes its {_ordinal(changed[0])} argument in place, so whoever called it "
                    "loses that value: work on a new tensor (`a = a - b`, not `a -= b`).")
    return returned


def call_in_place(answer, *args):
    """Call answer(*args) and return the arguments as they are afterwards, a list."""
    return run(_call_in_place, answer, *args)


def _call(answer, without, *args):
    before = [json.dumps(encode(arg)) for arg in args]
    with _Without(without):
        returned = answer(*args)
    return returned, [i for i, arg in enumerate(args) if json.dumps(encode(arg)) != before[i]]


def _call_in_place(answer, *args):
    answer(*args)
    return list(args)


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
    try:
        kind, content = json.loads(reply)
        if kind == "returned":
            return decode(content)
        kind, message = str(kind), str(content)
    except Exception:  # only a process that was tampered with replies anything else
        raise Wrong(f"{answer.__name__} gave no readable result.") from None
    name = getattr(answer, "__name__", "your answer")
    if kind == "stub":
        raise NotAttempted(f"{name}: not attempted yet. Replace `raise NotImplementedError()` with your answer.")
    if kind == "refused":
        raise Wrong(f"{name} returned {message}: return what its docstring says.")
    if kind == "without":
        raise Wrong(f"{name} uses PyTorch's own {message}, which is what you are to write yourself here.")
    raise Wrong(f"{name} {message}")


def serve(answer, request):
    """Run one request of `run` and return its reply, both JSON text; nothing is raised."""
    module, probe, args = json.loads(request)
    try:
        if not callable(answer):
            return json.dumps(["wrong", f"is a {type(answer).__name__}, not a function: was its name used again?"])
        returned = getattr(__import__(module, fromlist=[probe]), probe)(answer, *decode(args))
    except NotImplementedError:
        return json.dumps(["stub", ""])
    except Refused as error:
        return json.dumps(["without", str(error)])
    except Wrong as error:
        return json.dumps(["wrong", str(error)])
    except Exception as error:
        return json.dumps(["wrong", f"raised {type(error).__name__}: {error}{_where(error, decode(args))}"])
    try:
        return json.dumps(["returned", encode(returned)])
    except Refused as error:
        return json.dumps(["refused", str(error)])


def _where(error, args):
    """The learner's line that failed, and the shapes that it was given."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if "site-packages" not in frame.filename and Path(frame.filename).parent != Path(__file__).parent
              and linecache.getline(frame.filename, frame.lineno)]
    line = f"\nin the line: {frames[-1].line}" if frames else ""
    shapes = [str(tuple(arg.shape)) for arg in args if isinstance(arg, torch.Tensor)]
    return line + (f"\nThe arguments' shapes were {', '.join(shapes)}." if shapes else "")


def _ordinal(i):
    return ("first", "second", "third", "fourth", "fifth")[i] if i < 5 else f"{i + 1}th"


# ---------------------------------------------------------------- judging

def compare(what, got, want, slips=(), close=1e-4, given=""):
    """Raise Wrong unless `got` equals `want`: shapes exactly, numbers within `close`, relative and absolute.

    `what` names the value in a sentence. `slips`: pairs of (what a slip would have given, the sentence
    that names it). `given` says for which input.
    """
    case, given = given, f" ({given})" if given else ""
    if isinstance(want, list | tuple):
        if not isinstance(got, list | tuple) or len(got) != len(want):
            raise Wrong(f"{what} should be {len(want)} values, not {_shown(got)}{given}.")
        parts = [(f"the {_ordinal(i)} value of {what}", a, b) for i, (a, b) in enumerate(zip(got, want))]
        if not all(_equal(*part, close) for part in parts):
            for value, sentence in slips:
                if all(_equal(what, a, b, close) for a, b in zip(got, value, strict=True)):
                    raise Wrong(f"{what}: {sentence}{given}")
            for name, a, b in parts:
                compare(name, a, b, close=close, given=case)
        return
    if isinstance(want, str | bool) or want is None:
        if got is not want and got != want:
            raise Wrong(f"{what} is {_shown(got)}, and should be {want!r}{given}.")
        return
    a, b = _tensor(got), _tensor(want)
    if a is None:
        raise Wrong(f"{what} is {_shown(got)}; {_kind(b)} was expected{given}.")
    if _same(a, b, close):
        return
    for value, sentence in slips:
        if _same(a, _tensor(value), close):
            raise Wrong(f"{what}: {sentence}{given}")
    if a.shape != b.shape:
        raise Wrong(f"{what} has shape {tuple(a.shape)}; {tuple(b.shape)} was expected{given}.")
    if not torch.isfinite(a).all() and torch.isfinite(b).all():
        raise Wrong(f"{what} holds {'nan' if a.isnan().any() else 'inf'}: something overflowed, or 0 was "
                    f"divided or had its logarithm taken{given}.")
    where = int((a - b).abs().nan_to_num(torch.inf).argmax())
    index = [int(i) for i in np.unravel_index(where, b.shape)] if b.shape else []
    raise Wrong(f"{what}{index if index else ''} is {float(a.flatten()[where]):.6g}, and should be "
                f"{float(b.flatten()[where]):.6g}{given}.")


def _equal(what, got, want, close):
    try:
        compare(what, got, want, close=close)
    except Wrong:
        return False
    return True


def demand(condition, sentence):
    """Raise Wrong(sentence) unless the condition holds."""
    if not condition:
        raise Wrong(sentence)


def _tensor(value):
    if isinstance(value, torch.Tensor):
        return value.double()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return torch.tensor(float(value), dtype=torch.float64)
    return None


def _same(a, b, close):
    a, b = _tensor(a), _tensor(b)
    return a is not None and a.shape == b.shape and torch.allclose(a, b, rtol=close, atol=close, equal_nan=True)


def _kind(tensor):
    return f"a tensor of shape {tuple(tensor.shape)}" if tensor.shape else "a number"


def _shown(value):
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if value is None:
        return "None (is there a `return`?)"
    return f"{value!r:.60}"


def network_with(net, values, X):
    """For probes: (the shapes of a network's parameters, its output for X once they have the given values).

    Parameters keep their own values where the shapes differ from those of `values`, a list of tensors.
    """
    parameters = list(net.parameters())
    shapes = [list(p.shape) for p in parameters]
    if shapes == [list(value.shape) for value in values]:
        with torch.no_grad():
            for p, value in zip(parameters, values):
                p.copy_(value)
    return shapes, net(X).detach()


def task(check):
    """Make a function a task's check: it says so when the answer is right."""
    @functools.wraps(check)
    def checked(answer, **cases):
        check(answer, **cases)
        if not cases:  # a grader's further cases pass in silence
            print(f"{check.__name__}: right.")
    checked.cases = inspect.signature(check)
    return checked


def randn(seed, *shape):
    """Normal random numbers that depend on nothing but the seed and the shape."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def randint(seed, high, *shape):
    """Random whole numbers below `high`, int64, that depend on nothing but the arguments."""
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))


def answer(name):
    """Print the worked answer of a task, for whoever has tried and wants to compare."""
    for path in sorted(SOURCE.glob("*/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == name and cell["cell_type"] == "code":
                print("".join(line for line in cell["source"] if not line.strip().startswith("### ")))
                return
    if any(SOURCE.glob("*/*.ipynb")):
        raise ValueError(f"There is no task called {name!r}; a task is called as its function is.")
    print("The worked answers are not part of this copy of the course: ask whoever gave it to you.")
