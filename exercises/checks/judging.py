"""How a check compares: cases with the values that are right and the values that known slips give."""
from dataclasses import dataclass, field

import numpy as np
import torch

from .asking import Wrong, ask, broken, ordinal


@dataclass(eq=False)
class Case:
    """One call of an answer.

    args: what it is called with. want: what it should return: a tensor, a number, a text, or a tuple of them.
    given: the case in words, for messages. slips: sentence -> what an answer with that slip returns here; None where such an
    answer would fail with an error. Where many values would be that slip, a function says of what was returned whether it shows
    the slip (True), can't be of it (False), or tells nothing here (None).
    """
    args: tuple
    want: object
    given: str
    slips: dict = field(default_factory=dict)
    got: object = None
    broken: object = None


def examine(what, answer, cases, close=1e-5, shape="", layouts=("spread", "double"), **how):
    """Call the answer for each case; raise Wrong unless all results are right.

    what: the call in a sentence, "shares(X)". A slip is named only when it explains the answer's results in all cases.
    shape: what to say where the numbers are right and the shape is not. layouts: how the tensors of the first case are laid
    out in further calls. `how` is `ask`'s.
    """
    cases = list(cases)
    for i, case in enumerate(cases):
        try:
            report = ask(answer, *case.args, **how)
        except Wrong:  # a slip that showed before says more than the error that it leads to
            judge(what, cases[:i], close, shape)
            raise
        case.got, case.broken = report["returned"], broken(answer, report, **how)
    judge(what, cases, close, shape)
    for case in cases:
        demand(not case.broken, case.broken)
    first = cases[0]
    demand(same(ask(answer, *first.args, **how)["returned"], first.want, close), f"{what} is right, but called once more with the same arguments it "
           f"returns something else: it keeps something from call to call. ({first.given})")
    if how.get("leaves"):
        ask(answer, *first.args, held=True, **how)
    for layout in layouts if any(isinstance(arg, torch.Tensor | list) for arg in first.args) else ():
        try:
            got = ask(answer, *first.args, layout=layout, **how)["returned"]
        except Wrong as error:
            if layout == "double" and any(word in str(error) for word in ("dtype", "Double", "double", "float64", "scalar type")):
                continue  # the tasks speak of float32: an answer need not take other types
            raise
        words = {"spread": "tensors whose numbers don't lie side by side in memory, as a transposed one's",
                 "double": "float64 tensors"}[layout]
        room = 10 * close if layout == "double" else close  # what is wanted was computed in float32, with its own rounding
        compare(what, got, first.want, close=room, given=f"{first.given}, {words}")


def judge(what, cases, close=1e-5, shape=""):
    """Raise Wrong unless `got` is right in all cases."""
    if said := slip(cases, close):
        raise Wrong(f"{what}: {said}")
    for case in cases:
        compare(what, case.got, case.want, close=close, given=case.given, shape=shape)


def slip(cases, close=1e-5):
    """The known slip that explains what was `got` in all cases, a sentence with the first case that shows it, or ""."""
    failing = [case for case in cases if not same(case.got, case.want, close)]
    for sentence in failing[0].slips if failing else ():
        if shown := _shown_in(sentence, cases, failing, close):
            return f"{sentence} ({shown.given})"
    return ""


def _shown_in(sentence, cases, failing, close):
    """The first case that shows a slip which gives what the answer returned in every case for which it is known, or None; it must be
    known where the answer is wrong.

    A result that overflowed says nothing about other slips, but for one that a function tells.
    """
    shown = None
    for case in cases:
        value = case.slips.get(sentence)
        if callable(value):
            told = value(case.got)
            if told is not None and not told:
                return None
            shown = shown or (case if told and case in failing else None)
        elif value is not None and same(case.got, value, close):
            shown = shown or (case if case is failing[0] else None)
        elif (value is not None or case in failing) and not _overflows(case.got):
            return None
    return shown


def compare(what, got, want, close=1e-5, given="", shape=""):
    """Raise Wrong unless `got` equals `want`: shapes exactly, numbers within `close`, relative to their size.

    what: the value in a sentence. given: for which input. shape: what to say where only the shape is wrong.
    """
    case, given = given, f" ({given})" if given else ""
    if isinstance(want, list | tuple):
        if not isinstance(got, list | tuple) or len(got) != len(want):
            count = len(got) if isinstance(got, list | tuple) else "one"
            raise Wrong(f"{what} should be {len(want)} values, and is {count}: {_shown(got)}{given}.")
        for i, (a, b) in enumerate(zip(got, want)):
            compare(f"the {ordinal(i)} value of {what}", a, b, close, case, shape)
        return
    if isinstance(want, str | bool) or want is None:
        if not same(got, want, close):
            raise Wrong(f"{what} is {_shown(got)}, and should be {want!r}{given}.")
        return
    if isinstance(got, torch.Tensor) and got.is_complex():
        raise Wrong(f"{what} holds complex numbers, and real ones were expected{given}.")
    if isinstance(want, int) and _is_fraction(got):
        raise Wrong(f"{what} is {_shown(got)}, a number with a decimal point; a whole one was expected{given}: `//` instead of `/`, or int().")
    if _is_whole(got, want):
        raise Wrong(f"{what} holds whole numbers ({str(got.dtype).removeprefix('torch.')}), and should hold float32 ones{given}.")
    a, b = _tensor(got), _tensor(want)
    if a is None:
        raise Wrong(f"{what} is {_shown(got)}; {_kind(b)} was expected{given}{_made(got, b)}.")
    if same(got, want, close):
        return
    if a.shape != b.shape:
        if a.numel() == b.numel() and same(a.reshape(b.shape), b, close):
            shape = f": {shape}" if shape else ": is a squeeze(), a reshape() or a keepdim one too many?"
            raise Wrong(f"{what} has the right numbers in shape {tuple(a.shape)}, and should have shape {tuple(b.shape)}{shape}{given}")
        raise Wrong(f"{what} has shape {tuple(a.shape)}; {tuple(b.shape)} was expected{given}.")
    if not torch.isfinite(a).all() and torch.isfinite(b).all():
        raise Wrong(f"{what} holds {'nan' if a.isnan().any() else 'inf'}: something overflowed, was divided by 0, "
                    f"or the logarithm of 0 or of a negative number was taken{given}.")
    if isinstance(got, torch.Tensor) and got.dtype in (torch.float16, torch.bfloat16) and same(got, want, 0.05):
        kind, digits = ("float16", "three") if got.dtype == torch.float16 else ("bfloat16", "two")
        raise Wrong(f"{what} holds {kind} numbers, which keep some {digits} digits: use float32{given}.")
    off = ((a - b).abs() / _room(b, close)).nan_to_num(torch.inf)
    where = int(off.masked_fill((a == b) | a.isnan() & b.isnan(), 0).argmax())
    index = [int(i) for i in np.unravel_index(where, b.shape)]
    is_, should = float(a.flatten()[where]), float(b.flatten()[where])
    digits = next(digits for digits in (6, 9, 12, 17) if f"{is_:.{digits}g}" != f"{should:.{digits}g}")
    is_, should = (f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:.{digits}g}" for number in (is_, should))
    raise Wrong(f"{what}{index if index else ''} is {is_}, and should be {should}{given}.")


def same(got, want, close):
    """Whether `got` equals `want` as `compare` has it."""
    if isinstance(want, list | tuple):
        return isinstance(got, list | tuple) and len(got) == len(want) and all(same(a, b, close) for a, b in zip(got, want))
    if isinstance(want, str | bool) or want is None:
        return type(got) is type(want) and got == want
    if isinstance(got, torch.Tensor) and got.is_complex() or isinstance(want, int) and _is_fraction(got) or _is_whole(got, want):
        return False
    a, b = _tensor(got), _tensor(want)
    if a is None or a.shape != b.shape:
        return False
    finite = b.isfinite()
    near = (a - b).abs() <= _room(b, close)
    return bool(torch.where(finite, near, (a == b) | a.isnan() & b.isnan()).all())


def alike(got, want):
    """Whether `got` has the shapes of `want` and finite numbers, whatever they are: a slip that a function tells begins with it."""
    return same(got, want, torch.inf) and not _overflows(got)


def _overflows(value):
    """Whether a result holds inf or nan: after an overflow it says nothing about other slips."""
    if isinstance(value, list | tuple):
        return any(map(_overflows, value))
    tensor = _tensor(value)
    return tensor is not None and not bool(torch.isfinite(tensor).all())


def some(n, one, many=""):
    """A number of things in words: 1 row, 3 rows."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def _is_fraction(value):
    return isinstance(value, float) or isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() == 0


def _is_whole(got, want):
    """Whether a tensor of whole numbers stands where one of others is wanted; a single number may be whole."""
    return (isinstance(got, torch.Tensor) and isinstance(want, torch.Tensor) and want.is_floating_point() and got.dim() > 0
            and not got.is_floating_point())


def _room(want, close):
    """How far each number may be off: relative to itself, and to the largest where that is below 1."""
    finite = want[want.isfinite()]
    largest = float(finite.abs().max()) if finite.numel() else 0
    return close * (want.abs() + (min(largest, 1) or 1))


def demand(condition, sentence):
    """Raise Wrong(sentence) unless the condition holds."""
    if not condition:
        raise Wrong(sentence)


def _tensor(value):
    if isinstance(value, torch.Tensor):
        return value.double() if not value.is_complex() else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return torch.tensor(float(value), dtype=torch.float64)
    return None


def _kind(tensor):
    return f"a tensor of shape {tuple(tensor.shape)}" if tensor.shape else "a number"


def _made(got, want):
    """How a tensor is made of a list that was returned instead, as a sentence's end; "" where the list would give no such tensor."""
    stacked = _stacked(got)
    if stacked is None or stacked.shape != want.shape:
        return ""
    return ": `torch.tensor(...)` makes one of a list of numbers, `torch.stack(...)` of a list of tensors"


def _stacked(value):
    """A list of lists of numbers or tensors as one tensor, or None."""
    if not isinstance(value, list | tuple):
        return _tensor(value)
    items = [_stacked(item) for item in value]
    return torch.stack(items) if items and all(item is not None and item.shape == items[0].shape for item in items) else None


def _shown(value):
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if value is None:
        return "None (is there a `return`, or was a gradient read before `backward()`?)"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:58]}…{text[-1] if text[-1] in ')]}' else ''}"
