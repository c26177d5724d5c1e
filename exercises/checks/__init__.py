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
import sysconfig
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


class NotDefined(Wrong):
    """A task whose answer no cell has defined."""


class Stopped(Wrong):
    """A task whose answer a limit has stopped."""


class Refused(Exception):
    """Data that can't cross between an answer and its check."""


class Without(Exception):
    """PyTorch's own operator, used where the task is to write it."""


class Remote:
    """An answer that is only talked to, in another process or in this one: its name, and `send(text) -> text` to its `serve`."""

    def __init__(self, name, send):
        self.__name__, self.send = name, send


# ---------------------------------------------------------------- data that crosses

LARGEST = 2_000_000  # bytes of a tensor, letters of a text: more than any answer needs
DEEPEST, LONGEST = 20, 20_000  # lists in lists, and items of them all


def encode(value):
    """Turn tensors, arrays, numbers, strings, None, lists, tuples and dictionaries into JSON's types.

    Raises Refused, in words that follow "returned", for anything else.
    """
    return _encode(value, 0, [0])


def _encode(value, depth, items):
    try:
        return _data(value, depth, items)
    except (Refused, KeyboardInterrupt):
        raise
    except BaseException as error:  # of a class that the answer wrote, or of a kind that PyTorch or NumPy can't read
        raise Refused(f"{_kind_of(value)} that can't be read ({type(error).__name__}: {words(error)})") from None


def _data(value, depth, items):
    items[0] += 1
    if depth > DEEPEST:
        raise Refused(f"{_kind_of(value)} nested more than {DEEPEST} deep, or one that contains itself")
    if items[0] > LONGEST:
        raise Refused(f"more than {LONGEST:,} values in lists")
    if value is None or isinstance(value, bool | float):
        return value if value is None else bool(value) if isinstance(value, bool) else float.__float__(value)
    if isinstance(value, int):
        if value.bit_length() > 64:
            raise Refused(f"a whole number of some {int(value.bit_length() * 0.30103) + 1} digits")
        return int(value)
    if isinstance(value, str):
        if len(value) > LARGEST:
            raise Refused(f"a text of {len(value):,} letters, which is far too long")
        return str(value)
    if isinstance(value, np.ndarray | np.generic):
        if isinstance(value, np.ma.MaskedArray):
            raise Refused("a masked array, not an ordinary one")
        if not (np.issubdtype(value.dtype, np.number) or value.dtype == bool):
            raise Refused(f"a NumPy array of {value.dtype.name.rstrip('0123456789')} instead of numbers")
        value = torch.as_tensor(value)
    if isinstance(value, torch.Tensor):
        return {"tensor": _encode_tensor(value)}
    if isinstance(value, list | tuple):
        return {type(value).__name__ if type(value) in (list, tuple) else "list": [_encode(item, depth + 1, items) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), _encode(item, depth + 1, items)] for key, item in value.items()]}
    if isinstance(value, complex):
        raise Refused("a complex number")
    raise Refused(_kind_of(value))


def _encode_tensor(value):
    """[dtype, shape, base64]; bfloat16, which NumPy does not know, as its bits."""
    value = value.detach()
    for strange, is_so in (("a tensor without values (device meta)", value.is_meta), ("a sparse tensor", value.layout != torch.strided),
                           ("a nested tensor", value.is_nested), ("a quantized tensor", value.is_quantized)):
        if is_so:
            raise Refused(f"{strange}, not an ordinary one")
    if value.numel() * value.element_size() > LARGEST:
        raise Refused(f"a tensor of shape {tuple(value.shape)}, which is far too large")
    value = value.cpu().resolve_conj().resolve_neg().contiguous()
    kind = str(value.dtype).removeprefix("torch.")
    array = value.view(torch.int16).numpy() if value.dtype == torch.bfloat16 else value.numpy()
    return [kind, list(value.shape), base64.b64encode(array.tobytes()).decode()]


def _kind_of(value):
    try:
        name = str(type(value).__name__)[:80]
    except BaseException:  # a class whose class is the answer's own
        name = "object"
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"


def words(error):
    """What an exception says, at most 500 letters; also where saying it raises another."""
    try:
        text = str(error)
    except BaseException as another:
        return f"(its text can't be had: {type(another).__name__})"
    return text if len(text) <= 500 else text[:499] + "…"


def decode(value):
    """The inverse of `encode`; tensors come back as fresh copies."""
    if not isinstance(value, dict):
        return value
    (kind, content), = value.items()
    if kind == "tensor":
        kind, shape, data = content
        array = np.frombuffer(base64.b64decode(data), dtype=np.dtype("int16" if kind == "bfloat16" else kind)).reshape(shape)
        tensor = torch.from_numpy(array.copy())
        return tensor.view(torch.bfloat16) if kind == "bfloat16" else tensor
    if kind == "dict":
        return {key: decode(item) for key, item in content}
    return {"list": list, "tuple": tuple}[kind](decode(item) for item in content)


# ---------------------------------------------------------------- calling an answer

class _Without(TorchDispatchMode):
    """Refuse PyTorch's own operators for what the task asks you to write."""

    def __init__(self, names):
        super().__init__()
        self.names = names

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # no answer is compiled here, and skipping PyTorch's compiler means importing it: a second

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket.__name__ in self.names:
            raise Without(func.overloadpacket.__name__.strip("_"))
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
    except Without as error:
        return json.dumps(["without", str(error)])
    except Refused as error:
        return json.dumps(["refused", str(error)])
    except Wrong as error:
        return json.dumps(["wrong", str(error)])
    except KeyboardInterrupt:  # somebody stops it
        raise
    except BaseException as error:  # exit() too
        if isinstance(error, NotImplementedError) and not error.args:  # PyTorch's own always says what is not implemented
            return json.dumps(["stub", ""])
        return json.dumps(["wrong", f"raised {type(error).__name__}: {words(error)}{_where(error, decode(args))}"])
    try:
        return json.dumps(["returned", encode(returned)])
    except Refused as error:
        return json.dumps(["refused", str(error)])


def _where(error, args):
    """The learner's line that failed, and the shapes that it was given."""
    others = (sysconfig.get_path("stdlib"), str(Path(__file__).parent), "/sandbox/")
    try:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__)
                  if "site-packages" not in frame.filename and not frame.filename.startswith(others)
                  and linecache.getline(frame.filename, frame.lineno)]
    except BaseException:  # an exception of the answer's own kind, whose parts raise others
        frames = []
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
    if isinstance(got, torch.Tensor) and got.is_complex():
        raise Wrong(f"{what} holds complex numbers, and real ones were expected{given}.")
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
        if not isinstance(answer, Remote):  # the same words as under the grader, whatever it is
            answer = Remote(check.__name__, functools.partial(serve, answer))
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
