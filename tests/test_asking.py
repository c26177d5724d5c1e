"""An answer is talked to in text: what it returns comes back, what it breaks is told in a true sentence, what it switches is put back."""
import codecs
import functools
import json
import linecache
import os
import random
import sys
import textwrap
import types
import warnings
from pathlib import Path

import pytest

import utils  # noqa: F401  before torch
import torch
from torch.autograd import forward_ad

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exercises import checks  # noqa: E402
from exercises.checks import NotAttempted, Refused, Remote, Wrong, ask, asking, decode, encode, parts, run, serve  # noqa: E402

x, X = torch.tensor([1.0, 2.0]), torch.arange(6.0).reshape(2, 3)


def told(answer, *args, **how):
    """What `ask` says of an answer, "" where it returns a report."""
    try:
        ask(answer, *args, **how)
    except Wrong as error:
        return str(error)
    return ""


def raises(error):
    raise error


def leaf(a):
    return a.clone().requires_grad_()


def probe(answer, *args):
    return answer(*args)


def written(file, code, name):
    """A function out of code that stands in a file of that path, whose lines are known."""
    linecache.cache[str(file)] = (len(code), None, code.splitlines(keepends=True), str(file))
    names = {"torch": torch}
    exec(compile(code, str(file), "exec"), names)
    return names[name]


# ---------------------------------------------------------------- sentences

def test_a_notebook_shows_a_sentence_in_lines_of_at_most_90_and_keeps_its_breaks():
    lines = Wrong("x " * 100 + "\n\nin the line: y")._render_traceback_()
    assert lines == [" ".join("x" * 45), " ".join("x" * 45), " ".join("x" * 10), "", "in the line: y"]


@pytest.mark.parametrize("i, word", [
    *enumerate(["first", "second", "third", "fourth", "fifth", "6th", "7th"]), (9, "10th"), (10, "11th"), (11, "12th"), (12, "13th"), (19, "20th"),
    (20, "21st"), (21, "22nd"), (22, "23rd"), (23, "24th"), (100, "101st"), (110, "111th"), (112, "113th"), (121, "122nd")])
def test_an_argument_is_counted_in_words_as_people_count(i, word):
    assert asking.ordinal(i) == word


# ---------------------------------------------------------------- what goes to an answer and comes back

def test_a_probe_and_its_arguments_go_to_the_answer_as_text_and_its_result_comes_back():
    sent = []
    result = run(probe, Remote("f", lambda text: sent.append(json.loads(text)) or json.dumps(["returned", encode((X, "a"))])), x, [1, None])
    assert sent == [[__name__, "probe", encode([x, [1, None]])]]
    assert result[1] == "a" and torch.equal(result[0], X)


def test_an_answer_gets_copies_and_so_does_the_check():
    given, kept = [x.clone(), [1.0]], []

    def f(tensor, numbers):
        tensor.add_(1)
        numbers.append(2.0)
        kept.append(tensor)
        return tensor, numbers

    tensor, numbers = run(probe, f, *given)
    assert torch.equal(given[0], x) and given[1] == [1.0]
    assert torch.equal(tensor, x + 1) and numbers == [1.0, 2.0]
    tensor.zero_()
    assert torch.equal(kept[0], x + 1)


@pytest.mark.parametrize("reply", [
    "", "no JSON", "3", "{}", '["returned"]', '["returned", 1, 2]', '["returned", {"tensor": 5}]', '["returned", {"odd": []}]',
    '["returned", {"tensor": ["float32", [3], "AAAA"]}]', None, b"\xff"])
def test_a_reply_that_can_not_be_read_is_a_wrong_answer(reply):
    with pytest.raises(Wrong, match="^f gave no readable result") as caught:
        run(probe, Remote("f", lambda text: reply))
    assert caught.value.__suppress_context__, "how it could not be read says nothing to a learner"


@pytest.mark.parametrize("reply, kind, words", [
    (["stub", ""], NotAttempted, "f: not attempted yet. Replace `raise NotImplementedError()`"),
    (["refused", "a type"], Wrong, "f returned a type: return what its docstring says"),
    (["wrong", "is odd."], Wrong, "f is odd."),
    ([5, ["x"]], Wrong, "f ['x']")])
def test_what_was_wrong_is_said_of_the_answer_by_its_name(reply, kind, words):
    with pytest.raises(Wrong) as caught:
        run(probe, Remote("f", lambda text: json.dumps(reply)))
    assert str(caught.value).startswith(words) and type(caught.value) is kind


def test_an_answer_without_a_name_is_your_answer():
    with pytest.raises(Wrong, match="^your answer raised ValueError: no"):
        run(probe, functools.partial(raises, ValueError("no")))
    assert torch.equal(run(probe, torch.nn.Flatten(0), X), X.flatten()), "a module is called as a function is"


# ---------------------------------------------------------------- the answer's side

def served(answer, *args, by=probe):
    return json.loads(serve(answer, json.dumps([by.__module__, by.__name__, encode(list(args))])))


def test_a_result_is_served_as_data():
    assert served(lambda value: (value, 2), x) == ["returned", encode((x, 2))]


@pytest.mark.parametrize("answer, reply", [
    (5.0, ["wrong", "is a float, not a function: was its name used again?"]),
    (5, ["wrong", "is an int, not a function: was its name used again?"]),
    (lambda: int, ["refused", "a type"]),
    (lambda: raises(Refused("a riddle")), ["refused", "a riddle"]),
    (lambda: raises(Wrong("is odd.")), ["wrong", "is odd."]),
    (functools.partial(raises, asking.Without("the ready-made f, why")), ["wrong", "uses the ready-made f, why\nin the line: raise error"]),
    (lambda: raises(NotImplementedError()), ["stub", ""]),
    (lambda: raises(NotImplementedError), ["stub", ""])])
def test_what_is_served_instead_of_a_result(answer, reply):
    assert served(answer) == reply


@pytest.mark.parametrize("error, words", [
    (ValueError("no"), "raised ValueError: no\n"), (SystemExit(3), "raised SystemExit: 3\n"), (MemoryError(), "raised MemoryError: \n"),
    (NotImplementedError("a kernel"), "raised NotImplementedError: a kernel\n"), (type("Later", (NotImplementedError,), {})(), "raised Later: \n")])
def test_an_error_is_told_and_ends_nothing(error, words):
    kind, said = served(lambda: raises(error))
    assert kind == "wrong" and said.startswith(words)


class Nameless(type):
    __name__ = property(lambda kind: 1 / 0)


def test_a_class_whose_name_can_not_be_had_ends_nothing():
    assert served(lambda: raises(Nameless("Odd", (Exception,), {})("no")))[1].startswith("raised object: no")
    assert served(Nameless("Odd", (), {})()) == ["wrong", "is an object, not a function: was its name used again?"]


def test_what_pythons_own_library_leaves_to_others_is_no_stub():
    kind, said = served(lambda: codecs.Codec().encode("a"))
    assert kind == "wrong" and said.startswith("raised NotImplementedError: \nin the line: ")


def test_whoever_interrupts_an_answer_is_obeyed():
    with pytest.raises(KeyboardInterrupt):
        served(lambda: raises(KeyboardInterrupt()))


@pytest.mark.parametrize("folder, installed", [("site-packages", True), ("dist-packages", True), ("my-site-packages", False), ("work", False)])
def test_a_package_is_what_stands_in_a_folder_of_packages(folder, installed, tmp_path):
    f = written(tmp_path / folder / "made.py", "def f():\n    raise NotImplementedError()\n", "f")
    assert asking._is_installed(str(tmp_path / folder / "made.py")) is installed
    kind, said = served(f)
    assert kind == ("wrong" if installed else "stub"), "a stub is a learner's own"
    if installed:
        assert said.startswith("raised NotImplementedError: \nin the line: return answer(*args)"), "the last line that is in no package"


# ---------------------------------------------------------------- where it failed, and what to do

def test_the_line_that_failed_is_named_and_the_shapes_that_it_was_given():
    f = written("<cell 3>", "def f(a, n, b):\n    c = a + n\n    return c @ b\n", "f")
    assert told(f, X, 2, torch.tensor(1.0)).splitlines()[1:] == ["in the line: return c @ b", "The arguments' shapes were (2, 3), ()."]


def test_where_nothing_is_known_of_a_line_or_of_shapes_nothing_is_said():
    f = written("<cell 4>", "def f(n):\n    return n.upper()\n", "f")
    assert told(f, 3).splitlines()[1:] == ["in the line: return n.upper()"]
    linecache.cache.pop("<cell 4>")
    assert told(f, 3) == "f raised AttributeError: 'int' object has no attribute 'upper'"


def test_shapes_are_told_of_the_arguments_of_a_call_alone():
    f = written("<cell 5>", "def f(a):\n    return a.upper()\n", "f")
    assert "shapes were (2, 3)." in told(f, X)
    with pytest.raises(Wrong, match="upper") as caught:
        run(probe, f, X)
    assert "shapes" not in str(caught.value)


@pytest.mark.parametrize("call", ["json.loads('{')", "torch.nn.Linear(2, 3)(torch.ones(5))", "helper()", "decode({})", "utils.accuracy(5, 3)"])
def test_the_line_is_the_learners_own_and_not_one_of_what_it_calls(call):
    f = written("<cell 6>", f"import json\n\ndef f():\n    return {call}\n", "f")
    f.__globals__.update(decode=decode, utils=utils, helper=written("/sandbox/inside.py", "def helper():\n    return 1 / 0\n", "helper"))
    assert told(f).splitlines()[-1] == f"in the line: return {call}"


def test_an_error_that_can_not_be_looked_into_is_told_without_its_line():
    class Closed(Exception):
        __traceback__ = property(lambda self: 1 / 0, lambda self, value: None)

    assert told(lambda value: raises(Closed("no")), X) == "<lambda> raised Closed: no\nThe arguments' shapes were (2, 3)."


def unfinished():
    class Net(torch.nn.Module):
        def foward(self, X):
            return X

    return Net()(X)


def early():
    class Net(torch.nn.Module):
        def __init__(self):
            self.a = torch.nn.Linear(2, 3)

    return Net()


def twice():
    y = leaf(x).exp().sum()
    y.backward()
    y.backward()


def nothing(*_):
    return None


def unpacked():
    a, b = nothing()
    return a + b


def endless(n):
    return endless(n + 1)


SLIPS = [  # what raises an error, and what its cure speaks of
    (unfinished, "`forward` misspelt"), (early, "super().__init__()"), (lambda: X.T.view(-1), "`reshape`"),
    (lambda: leaf(x).backward(), "mean first"),
    (lambda: leaf(x).add_(1), "`x = x + 1`"), (lambda: x.sum().backward(), "`requires_grad_()`"), (twice, "anew before the second"),
    (unpacked, "`return`"), 
    (lambda: leaf(x).grad.zero_(), "A gradient is None"), (lambda: torch.distributed.all_reduce(x), "`all_reduce` that the function is given"),
    (lambda: endless(0), "without end"), (lambda: nothing()(x), "`return`"), (lambda: leaf(x).grad.clone(), "a gradient before `backward()`")]


@pytest.mark.parametrize("i", range(len(SLIPS)))
def test_each_cure_stands_below_the_error_that_it_is_for(i):
    slip, words = SLIPS[i]
    sign, cure = asking.CURES[i]
    error, *lines = told(slip).splitlines()
    assert sign in error and lines[0] == cure and words in cure
    assert lines[1].startswith("in the line: ") and len(lines) == 2
    assert len(SLIPS) == len(asking.CURES)


@pytest.mark.parametrize("slip", [lambda: random.shuffle([1, 2]) / 2, lambda: 2 * leaf(x).grad, lambda: -leaf(x).grad, lambda: leaf(x).grad[0], lambda: len(leaf(x).grad),
                                  lambda: float(leaf(x).grad), lambda: torch.stack([leaf(x).grad]), lambda: torch.exp(leaf(x).grad)])
def test_where_something_is_none_it_is_said_what_that_may_be(slip):
    assert "Something here is None: a gradient before `backward()`" in told(slip)


# ---------------------------------------------------------------- what an answer does to its arguments

def put(sequence, i, value):
    sequence[i] = value
    return 1


@pytest.mark.parametrize("change, argument, words", [
    (lambda a: a.add_(1), x, ("changes {} in place", "new tensor", "`a = a - b`")),
    (lambda a: put(a, 0, torch.nan), x, ("changes {} in place", "new tensor")),
    (lambda a: put(a.data, 0, 7), x, ("changes {} in place", "new tensor")),
    (lambda a: a[0].add_(1), (x, 2), ("changes {} in place", "other values")),
    (lambda a: a.pop("a"), {"a": 1, "b": 2}, ("changes {} in place", "other values")),
    (lambda a: a.unsqueeze_(0), x, ("changes the shape of {} in place", "`_`")),
    (lambda a: a.t_(), X, ("changes the shape of {} in place",)),
    (lambda a: a.append(3) or 1, [1, 2], ("takes items out of {}, a list, or adds some", "a list of your own")),
    (lambda a: a.pop(), [1, 2], ("takes items out of {}, a list",)),
    (lambda a: a.sort(reverse=True) or 1, [1, 2], ("changes {} in place", "other values", "copies")),
    (lambda a: a[0].pop(), [[1, 2]], ("changes {} in place", "other values")),
    (lambda a: a[0].add_(1), [x], ("changes {} in place", "other values")),
    (lambda a: put(a, 0, object()), [1, 2], ("changes {} in place", "other values"))])
def test_a_change_of_an_argument_is_told_though_the_result_be_right(change, argument, words):
    for before in range(2):
        said = told(lambda *args: change(args[before]), *[5] * before, argument)
        assert said.startswith("<lambda> ")
        for word in words:
            assert word.format(f"its {asking.ordinal(before)} argument") in said
        assert "{" not in said


def test_a_change_is_told_of_an_answer_without_a_name_too():
    assert told(functools.partial(torch.Tensor.add_, other=1), x).startswith("your answer changes its first argument in place")
    assert asking.broken(functools.partial(max), {"graph": True, "autograd": 0}, no_graph=True).startswith("your answer: right, but")


def test_what_a_process_replies_is_put_into_no_format():
    reply = json.dumps(["returned", encode({"returned": 1, "changed": [(0, "spoils {argument:>9} and {argument}")], "autograd": 0, "graph": False})])
    assert told(Remote("f", lambda request: reply), x) == "f spoils {argument:>9} and its first argument"


def test_the_first_of_several_changes_is_told():
    assert "its second argument" in told(lambda a, b, c: (b.add_(1), c.add_(1)), x, x, x)


def test_no_change_is_told_where_there_is_none():
    assert told(lambda a, b, c: 0 * a, x, [1, [x]], (2, None), leaves=True) == ""


def test_what_works_in_place_on_a_float64_tensor_may_have_copied_a_float32_one():
    assert told(lambda a: a.add_(1), x, layout="double") == ""
    assert "in place" in told(lambda a: a.add_(1), x, layout="spread")


def leave_gradient(a):
    (a.requires_grad_() ** 2).sum().backward()
    a.requires_grad_(False)
    return 1


@pytest.mark.parametrize("change, words", [
    (leave_gradient, ("leaves a gradient on its first argument", "`.clone().requires_grad_()`")),
    (lambda a: a.requires_grad_(), ("switches requires_grad on for its first argument", "`.clone().requires_grad_()`"))])
def test_a_leaf_is_to_stay_as_it_is_only_where_the_task_says_so(change, words):
    said = told(change, x, leaves=True)
    assert all(word in said for word in words)
    assert told(change, x) == told(change, x, leaves=False) == ""
    with asking.unchanged(("a value", value := x.clone())):
        change(value)


@pytest.mark.parametrize("change", [leave_gradient, lambda a: setattr(a, "grad", None) or 1, lambda a: float(a.grad.mul_(2).sum())])
def test_a_gradient_that_an_argument_has_is_to_stay_as_it_is_too(change):
    words = "<lambda> changes the gradient that its second argument has (its .grad), which it is to leave as it is. Work on a copy, " \
            "`.clone().requires_grad_()`, which has a gradient of its own."
    for argument, inside in ((x, lambda a: a), ([1, (x,)], lambda a: a[1][0])):
        assert told(lambda _, a: change(inside(a)), 1, argument, leaves=True, held=True) == words
        assert told(lambda _, a: change(inside(a)), 1, argument, held=True) == ""


def test_who_works_on_a_copy_leaves_the_gradient_and_whole_numbers_have_none():
    def on_a_copy(a, n):
        assert a.grad.tolist() == [1, 1] and n.grad is None
        (a.clone().requires_grad_() ** 2).sum().backward()
        return a

    assert told(on_a_copy, x, torch.tensor([1]), leaves=True, held=True) == ""
    assert told(lambda a: 1 if a.grad is None else 1 / 0, x, leaves=True) == ""


@pytest.mark.parametrize("change, value, words", [
    (lambda a: a.add_(1), x.clone(), "changes the second in place"),
    (lambda a: a.detach_(), 2 * leaf(x), "detaches the second from its graph in place.*gradients through it"),
    (lambda a: a["b"].detach_(), {"a": 1, "b": 2 * leaf(x)}, "detaches the second from its graph"),
    (lambda a: a[1][0].detach_(), [x, (2 * leaf(x),)], "detaches the second from its graph"),
    (lambda a: a.sum().backward(), leaf(x), "leaves a gradient on the second"),
    (lambda a: a.requires_grad_(), x.clone(), "switches requires_grad on for the second")])
def test_a_block_that_changes_a_value_is_told_which(change, value, words):
    with pytest.raises(Wrong, match=f"^{words}"), asking.unchanged(("the first", [1, X]), ("the second", value), leaves=True):
        change(value)


def test_a_block_that_changes_nothing_is_passed_and_its_own_error_comes_first():
    inside = 2 * leaf(x)
    with warnings.catch_warnings(action="error"), asking.unchanged(("a", inside), ("b", {"c": [x]}), ("d", object()), leaves=True):
        assert inside.sum() == 6
    with pytest.raises(KeyError), asking.unchanged(("a", value := [1])):
        value.append(2)
        raise KeyError


# ---------------------------------------------------------------- how arguments lie in memory

def lies(a):
    """Of a tensor, or of the first in lists: its numbers, their kind, and how they lie."""
    while isinstance(a, list | tuple):
        a = a[0]
    return a, str(a.dtype).removeprefix("torch."), list(a.stride()), a.is_contiguous()


@pytest.mark.parametrize("layout, value, stride, kind", [
    (None, X, [3, 1], "float32"), ("spread", X, [1, 2], "float32"), ("spread", torch.ones(2, 3, 4), [1, 2, 6], "float32"),
    ("spread", x, [2], "float32"), ("spread", torch.arange(3), [2], "int64"), ("spread", torch.tensor(5.0), [], "float32"),
    ("double", X, [3, 1], "float64"), ("double", x.half(), [1], "float64"), ("double", torch.arange(3), [1], "int64"),
    ("double", x > 1, [1], "bool")])
@pytest.mark.parametrize("inside", [lambda a: a, lambda a: [a, 1], lambda a: (a,), lambda a: [((a,), 2)]], ids=["alone", "list", "tuple", "deep"])
def test_tensors_lie_as_the_layout_says_with_the_same_numbers(layout, value, stride, kind, inside):
    numbers, *rest = ask(lies, inside(value), **({"layout": layout} if layout else {}))["returned"]
    assert rest == [kind, stride, layout != "spread" or not stride]
    assert torch.equal(numbers, value.to(numbers.dtype))


@pytest.mark.parametrize("layout", [None, "spread", "double"])
def test_whatever_holds_tensors_keeps_its_kind(layout):
    held = ask(lambda a: a, [(x, 2), [], ([None, "a"],), {"b": 1.5}], layout=layout)["returned"]
    assert torch.equal(held[0][0], x.to(held[0][0].dtype)) and type(held[0]) is tuple and held[0][1:] == (2,)
    assert held[1:] == [[], ([None, "a"],), {"b": 1.5}]


# ---------------------------------------------------------------- what an answer may not use

@pytest.mark.parametrize("answer, without, shown", [
    (lambda a: torch.softmax(a, 0), ("softmax",), "softmax"),
    (lambda a: a.softmax(0), ("softmax",), "softmax"),
    (lambda a: torch.softmax(a, 0), ("_softmax",), "softmax"),
    (lambda a: torch.nn.Softmax(0)(a), ("_softmax",), "softmax"),
    (lambda a: torch.nn.Softmax(0)(a), ("Softmax",), "Softmax"),
    (lambda a: torch.nn.functional.relu(a), ("relu",), "relu"),
    (lambda a: a[None] @ a[:, None], ("mm",), "matmul"),
    (lambda a: torch.softmax(a.clone().requires_grad_(), 0).grad_fn(a), ("_softmax_backward_data",), "softmax_backward_data")])
def test_what_the_task_is_to_write_is_refused_by_whatever_name_it_is_called(answer, without, shown):
    said = told(answer, x, without=without)
    assert said.startswith(f"<lambda> uses the ready-made {shown}, which is what you are to write yourself here.\nin the line: ")
    assert "shapes" not in said
    assert told(answer, x, without=dict.fromkeys(without, "but by hand.")).startswith(f"<lambda> uses the ready-made {shown}, but by hand.\n")
    assert told(answer, x, without=("another",)) == told(answer, x) == ""


def test_an_operator_that_is_called_by_itself_is_named_by_its_own_name():
    with pytest.raises(asking.Without, match="^the ready-made softmax, "), asking._Operators(("_softmax",), asking._Names(("_softmax",))):
        torch.ops.aten._softmax(x, 0, False)


PACKAGE = "/usr/lib/site-packages/a.py"


@pytest.mark.parametrize("file, name, within, refused", [
    (PACKAGE, "softmax", "", "softmax"), (PACKAGE, "softmax", "Box", "softmax"), (asking.COURSE / "made_up.py", "softmax", "", "softmax"), (PACKAGE, "__init__", "Softmax", "Softmax"),
    (PACKAGE, "__init__", "nn.Softmax", "nn.Softmax"), (PACKAGE, "relu", "softmax", ""), (PACKAGE, "__init__", "ReLU", ""),
    (asking.COURSE / "notebooks" / "made_up.py", "softmax", "", ""), ("<cell 8>", "softmax", "", ""), ("<cell 8>", "__init__", "Softmax", "")])
def test_a_ready_made_function_or_class_is_one_of_that_name_in_a_package_or_the_course(file, name, within, refused):
    code = types.SimpleNamespace(co_filename=str(file), co_name=name, co_qualname=f"{within}.{name}".lstrip("."))
    with asking.watched(("softmax", "Softmax", "nn.Softmax")):
        look = sys.getprofile()
        sys.setprofile(None)
        for event in ("call", "return", "c_call"):
            if event == "call" and refused:
                with pytest.raises(asking.Without, match=f"^the ready-made {refused}, which"):
                    look(types.SimpleNamespace(f_code=code), event, None)
            else:
                look(types.SimpleNamespace(f_code=code), event, None)


@pytest.mark.parametrize("code, names", [
    ("def softmax(a):\n    return a\n", ("softmax",)),
    ("class softmax:\n    def __init__(self, a):\n        pass\n", ("softmax",)),
    ("class nn:\n    class softmax:\n        def __init__(self, a):\n            pass\nsoftmax = nn.softmax\n", ("nn.softmax",))])
@pytest.mark.parametrize("place, ready", [("site-packages/a.py", True), ("made_up.py", True), ("notebooks/made_up.py", False), ("", False)])
def test_a_ready_made_function_or_class_is_refused_as_it_is_called_and_a_learners_own_is_not(code, names, place, ready):
    made = written(asking.COURSE / place if place else "<cell 7>", code, "softmax")

    def f(a):
        made(a)
        return 1

    said = told(f, 2, without=("other", *names))
    assert said.startswith(f"f uses the ready-made {names[0]}, which") if ready else said == ""


# ---------------------------------------------------------------- derivatives

def by_backward(a, times=1):
    a = leaf(a)
    for _ in range(times):
        (a ** 2).sum().backward()
    return a.grad


def forward_mode(a):
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(forward_ad.make_dual(a, torch.ones_like(a)) ** 2).tangent


WAYS = {  # how a derivative is taken: how many are counted
    "a formula": (lambda a: 2 * a, 0), "a fraction": (lambda a: ((a + 1e-3) ** 2 - a ** 2) / 1e-3, 0),
    "a graph that nobody reads": (lambda a: (2 * leaf(a)).detach(), 0),
    "backward": (by_backward, 1), "backward twice": (lambda a: by_backward(a, 2), 2),
    "grad": (lambda a: torch.autograd.grad((b := leaf(a)).square().sum(), b)[0], 1),
    "forward mode": (forward_mode, 1), "torch.func": (lambda a: torch.func.grad(lambda b: (b ** 2).sum())(a), 99),
    "by a node of the graph": (lambda a: leaf(a).exp().grad_fn(a).detach(), 99),
    "PyTorch's formula of one function": (lambda a: torch.ops.aten.tanh_backward(a, a), 1),
    "two of PyTorch's formulas": (lambda a: torch.ops.aten.tanh_backward(torch.ops.aten.tanh_backward(a, a), a), 2),
    "PyTorch's formula of softmax": (lambda a: torch.ops.aten._softmax_backward_data(a, a, 0, torch.float32), 1),
}


@pytest.mark.parametrize("way", WAYS)
def test_derivatives_are_counted_however_they_are_taken(way):
    answer, count = WAYS[way]
    report = ask(answer, x, autograd=0)
    assert report["autograd"] == count and report["changed"] == [] and torch.equal(report["returned"], answer(x))
    assert ask(answer, x)["autograd"] == 0, "nobody asked"


@pytest.mark.parametrize("end, how, count", [
    (torch.func.grad(torch.sum), {}, 1), (torch.func.grad(torch.sum), {"autograd": 1}, 2), (torch.ones_like, {"autograd": 1}, 1)])
def test_an_answer_is_called_again_only_where_its_derivatives_take_no_hooks(end, how, count):
    calls = []
    assert torch.equal(ask(lambda a: calls.append(a) or end(a), x, **how)["returned"], torch.ones(2)) and len(calls) == count


def test_the_second_call_is_watched_like_the_first():
    def switches(a):
        torch.set_grad_enabled(False)
        return torch.func.grad(lambda a: (a * a).sum())(a)

    assert "switches autograd off" in told(switches, x, autograd=1) and torch.is_grad_enabled()
    ready = torch.func.grad(lambda a: torch.softmax(a, 0)[0])
    assert "the ready-made softmax" in told(ready, x, autograd=1, without=("softmax", "_softmax"))


def test_an_answer_that_fails_is_not_called_again():
    calls = []
    said = told(lambda a: calls.append(a) or raises(RuntimeError("another")), x, autograd=1)
    assert said.startswith("<lambda> raised RuntimeError: another") and len(calls) == 1


@pytest.mark.parametrize("report, how, words", [
    ({"graph": True}, {"no_graph": True}, ("right, but", "requires_grad", "`.detach()`", "`.item()`")),
    ({"graph": True}, {"no_graph": False}, ()), ({"graph": True}, {}, ()), ({"graph": False}, {"no_graph": True}, ()),
    ({"autograd": 1}, {"autograd": 0}, ("uses autograd", "the formula yourself")), ({"autograd": 99}, {"autograd": 0}, ("uses autograd",)),
    ({"autograd": 0}, {"autograd": 0}, ()), ({"autograd": 5}, {}, ()), ({"autograd": 0}, {}, ()), ({"autograd": 0}, {"autograd": None}, ()),
    ({"autograd": 0}, {"autograd": 1}, ("are right, but they are not found by autograd", "`backward()`", "`torch.autograd.grad`")),
    ({"autograd": 1}, {"autograd": 2}, ("are right, but not all of them are found by autograd",)),
    ({"autograd": 2}, {"autograd": 2}, ()), ({"autograd": 99}, {"autograd": 2}, ())])
def test_a_rule_is_broken_or_it_is_not(report, how, words):
    said = asking.broken(Remote("f", None), {"graph": False, "autograd": 0, **report}, **how, without=("softmax",), leaves=True)
    assert bool(said) == bool(words) and all(word in said for word in words)
    assert not said or said.startswith(("f: ", "f uses"))


class Hostile(list):
    def __iter__(self):
        raise RuntimeError("not to be walked through")


class Veiled(dict):
    def values(self):
        raise RuntimeError("not to be looked into")


@pytest.mark.parametrize("returned, graph", [
    (lambda a: leaf(a), True), (lambda a: 2 * leaf(a), True), (lambda a: (1, [2 * leaf(a)]), True), (lambda a: {"a": 1, "b": leaf(a)}, True),
    (lambda a: a, False), (lambda a: [a, leaf(a).detach()], False), (lambda a: {}, False), (lambda a: "a", False), (lambda a: Veiled(a=a), False)])
def test_a_result_on_a_graph_is_seen_in_whatever_holds_it(returned, graph):
    assert ask(returned, x)["graph"] is graph


def test_a_result_that_can_not_be_looked_through_is_told_as_what_it_is():
    assert told(lambda: Hostile([1])).startswith("<lambda> returned a Hostile that can't be read (RuntimeError: not to be walked through)")


def test_nothing_returned_is_told():
    said = told(lambda a: None, x)
    assert said.startswith("<lambda> returns None: is there a `return`?") and "printed" in said


# ---------------------------------------------------------------- what an answer switches

def test_what_an_answer_calls_is_counted():
    with asking.watched() as seen:
        torch.exp(torch.exp(x)).sum().item()
        ones = torch.ones(2, 3, dtype=torch.float64)
        added = torch.add(x, x, alpha=3)
    assert ones.dtype == torch.float64 and torch.equal(added, 4 * x), "and is called as it would be"
    assert [seen.counts[name] for name in ("exp", "sum", "ones", "tanh")] == [2, 1, 1, 0]
    assert [seen.operators[name] for name in ("exp", "sum", "add", "tanh")] == [2, 1, 1, 0]
    with asking.watched(counted=False) as seen:
        torch.exp(x)
    assert not seen.counts and not seen.operators and seen.derivatives == 0
    with asking.watched(("softmax",), counted=False) as seen:
        torch.exp(x)
    assert seen.counts["exp"] == seen.operators["exp"] == 1, "to refuse some functions is to look at all"


def test_a_function_without_a_name_is_called_and_counted_under_none():
    with asking.watched(("softmax",)) as seen:
        nameless = functools.partial(lambda a: 5)
        assert torch.overrides.handle_torch_function(nameless, (x,), x) == 5
    assert seen.counts == {"": 1}


@pytest.mark.parametrize("switch, words", [
    (lambda a: torch.set_grad_enabled(False), ("switches autograd off", "`with torch.no_grad():`")),
    (lambda a: torch.set_grad_enabled(False), ("switches autograd off", "ends with its block")),
    (lambda a: torch.set_default_dtype(torch.float64), ("changes PyTorch's default type of numbers",))])
def test_what_an_answer_leaves_switched_is_told_and_put_back(switch, words):
    said = told(lambda a: switch(a) and a, x)
    assert said.startswith(f"<lambda> {words[0]} for everything that comes after it") and all(word in said for word in words)
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32
    assert told(lambda a: [switch(a), raises(ValueError("no"))], x).startswith("<lambda> raised ValueError: no")
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32
    with torch.no_grad():
        assert told(lambda a: 1, x) == "", "it was off before"


@pytest.mark.parametrize("without", [("softmax",), ()])
def test_whoever_watches_python_itself_goes_on_watching(without):
    def mine(*_):
        pass

    before = sys.getprofile()
    sys.setprofile(mine)
    try:
        with asking.watched(without):
            during = sys.getprofile()
        after = sys.getprofile()
        with pytest.raises(ZeroDivisionError), asking.watched(without):
            raise ZeroDivisionError
        assert sys.getprofile() is after is mine and (during is mine) == (not without), "a profile costs time"
    finally:
        sys.setprofile(before)


# ---------------------------------------------------------------- steps, and graphs read wrongly

def three(a):
    b = a + 1
    c = b ** 2
    return c * 2


def helped(a):
    return three(a)


def of_others(a):
    json.loads(json.dumps(textwrap.dedent(" a")))
    os.path.join("a", codecs.decode(b"b", "utf-8"))
    return torch.nn.modules.utils._pair(a)


def looped(n):
    total = 0
    while total < n:
        total += 1
    return total


@pytest.mark.parametrize("answer, argument, lines", [(three, 2, 3), (helped, 2, 4), (of_others, 2, 3), (lambda a: 5, 2, 1), (looped, 0, 3)])
def test_a_step_is_a_line_of_the_learners_own(answer, argument, lines):
    assert run(checks.probe_steps, answer, argument) == (answer(argument), 0, lines)


def test_a_step_is_an_operator_of_pytorchs():
    result, operators, lines = run(checks.probe_steps, lambda a: (a + 1).exp() * 2, x)
    assert torch.equal(result, (x + 1).exp() * 2) and (operators, lines) == (3, 1), "and nothing of what counts them"


@pytest.mark.parametrize("file, followed", [
    ("<cell 9>", True), ("/home/me/answers.py", True), (PACKAGE, False), (json.__file__, False), ("<frozen os>", False)])
def test_a_learners_function_is_followed_line_by_line_and_one_of_python_or_a_package_is_not(file, followed):
    kept = []
    asking.probe_steps(lambda: kept.append(sys.gettrace()))
    follow, = kept
    for event in ("call", "line", "return"):
        assert follow(types.SimpleNamespace(f_code=types.SimpleNamespace(co_filename=file)), event, None) is (follow if followed else None)


def test_a_loop_shows_in_its_steps():
    few, many = (run(checks.probe_steps, looped, n)[2] for n in (10, 110))
    assert 100 <= many - few <= 200


def test_whoever_traces_python_goes_on_tracing():
    def mine(*_):
        return None

    before, during = sys.gettrace(), []
    sys.settrace(mine)
    try:
        asking.probe_steps(lambda: during.append(sys.gettrace()))
        after = sys.gettrace()
        with pytest.raises(ZeroDivisionError):
            asking.probe_steps(lambda: 1 / 0)
        assert sys.gettrace() is after is mine and during[0] is not mine
    finally:
        sys.settrace(before)


def exponential(a):
    a = leaf(a)
    a.exp().sum().backward()
    return a.grad


@pytest.mark.parametrize("answer, factor", [(exponential, 1.5), (torch.exp, 1), (lambda a: leaf(a).exp().detach(), 1)])
def test_what_autograd_finds_is_changed_where_graphs_are_read_larger_and_a_formula_is_not(answer, factor):
    torch.testing.assert_close(run(checks.probe_disturbed, answer, x), factor * x.exp())


def test_autograd_that_was_off_is_told_to_be_switched_on():
    with torch.no_grad(), pytest.raises(Wrong, match=r"switches autograd on for .*: use `with torch.enable_grad\(\):`"), asking.watched():
        torch.set_grad_enabled(True)


@pytest.mark.parametrize("answer", [forward_mode, lambda a: torch.func.grad(torch.sum)(a), lambda a: torch.func.jvp(torch.exp, (a,), (a,))[1]],
                         ids=["forward mode", "torch.func.grad", "torch.func.jvp"])
def test_of_derivatives_without_saved_tensors_nothing_is_known(answer):
    assert run(checks.probe_disturbed, answer, x) is None


def test_an_error_of_a_disturbed_answer_is_told():
    with pytest.raises(Wrong, match="raised RuntimeError: another"):
        run(checks.probe_disturbed, lambda a: raises(RuntimeError("another")), x)


@pytest.mark.parametrize("value, words", [
    (None, "None: is there a `return`?"), (3.0, "a float, and should return 2: X, y."), ("ab", "a str, and should return 2: X, y."),
    ({"a": 1, "b": 2}, "a dict, and should return 2: X, y."), (X, "a Tensor, and should return 2: X, y."),
    ((1,), "1 value, and should return 2: X, y."), (5, "an int, and should return 2: X, y."),
    ((1, 2, 3), "3 values, and should return 2: X, y."), ([], "0 values, and should return 2: X, y.")])
def test_what_has_not_all_parts_is_told(value, words):
    with pytest.raises(Wrong) as caught:
        parts(value, ("X", "y"))
    assert str(caught.value) == f"returns {words}"


@pytest.mark.parametrize("value", [(1, 2), [1, None]])
def test_all_parts_come_back_as_they_are(value):
    assert parts(value, ("X", "y")) is value


# ---------------------------------------------------------------- a task's check

@pytest.fixture
def results(monkeypatch):
    kept = {}
    monkeypatch.setattr(checks, "results", kept)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))  # no notebook
    return kept


def made(says=None, **defaults):
    """A check, and what it was asked with each time; it raises what `says` gives for its seed."""
    asked = []

    def double(answer, cases=(1, 2), **rest):
        """Twice a number."""
        asked.append((answer, cases, *rest.values()))
        if error := says and says(*rest.values()):
            raise error

    def seeded(answer, cases=(1, 2), seed=7):
        double(answer, cases, seed=seed)

    if defaults:
        seeded.__name__ = "double"
    return checks.task(seeded if defaults else double), asked


def test_a_check_says_that_an_answer_is_right_and_asks_it_by_the_tasks_name(results, capsys):
    check, asked = made()
    assert check(lambda a: 2 * a) is None
    assert capsys.readouterr().out == "double: right.\n" and results == {"double": None}
    (answer, cases), = asked
    assert isinstance(answer, Remote) and answer.__name__ == "double" and cases == (1, 2)
    assert run(probe, answer, 4) == 8, "as under the grader"
    assert check.__name__ == "double" and check.__doc__ == "Twice a number."


def test_a_wrong_answer_is_raised_and_kept(results, capsys):
    error = NotAttempted("double: not attempted yet")
    check, _ = made(lambda: error)
    with pytest.raises(NotAttempted) as caught:
        check(lambda a: a)
    assert caught.value is error and results == {"double": error} and capsys.readouterr().out == ""


def test_the_grader_hears_the_sentence_and_counts_nothing_wrong_here(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: pytest.fail("the grader shows nothing")))
    check, asked = made(lambda: Wrong("double is odd"))
    remote = Remote("double", None)
    with pytest.raises(Wrong, match="^double is odd$"):
        check(remote)
    assert asked[0][0] is remote and results == {}


def test_further_cases_pass_in_silence_and_in_one_round(results, capsys):
    check, asked = made(seed=7)
    check(lambda a: a, cases=(5,))
    check(lambda a: a, seed=8)
    assert [rest for _, *rest in asked] == [[(5,), 7], [(1, 2), 8]]
    assert capsys.readouterr().out == "" and results == {}


def test_there_is_a_second_round_of_other_numbers(results, capsys):
    check, asked = made(seed=7)
    check(lambda a: a)
    assert [seed for *_, seed in asked] == [7, 1007] and asked[0][0] is asked[1][0]
    assert capsys.readouterr().out == "double: right.\n"


@pytest.mark.parametrize("kind", [Wrong, NotAttempted])
def test_what_only_the_second_round_finds_is_said_so(kind, results, capsys):
    check, asked = made(lambda seed: kind("double is odd.") if seed > 7 else None, seed=7)
    with pytest.raises(Wrong) as caught:
        check(lambda a: a)
    said = str(caught.value)
    assert type(caught.value) is kind and said.startswith("double is odd. (") and "second round" in said and "the first was right" in said
    assert caught.value.__suppress_context__ and results == {"double": caught.value} and capsys.readouterr().out == ""
    check, asked = made(lambda seed: kind("double is odd."), seed=7)
    with pytest.raises(Wrong, match="^double is odd.$"):
        check(lambda a: a)
    assert len(asked) == 1


def test_a_notebook_shows_the_sentence_and_runs_on(results, capsys, monkeypatch):
    shown = []
    shell = types.SimpleNamespace(kernel=None, _showtraceback=lambda *what: shown.append(what))
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    error = Wrong("double is odd,\nand long")
    check, _ = made(lambda: error)
    assert check(lambda a: a) is None
    assert shown == [(Wrong, error, ["double is odd,", "and long"])] and results == {"double": error} and capsys.readouterr().out == ""


@pytest.mark.parametrize("terminal", [True, False], ids=["a terminal", "no IPython"])
def test_elsewhere_it_is_raised(terminal, results, monkeypatch):
    if terminal:
        monkeypatch.setattr(sys.modules["IPython"], "get_ipython", types.SimpleNamespace)  # a shell without a kernel
    else:
        monkeypatch.delitem(sys.modules, "IPython")
    check, _ = made(lambda: Wrong("double is odd"))
    with pytest.raises(Wrong, match="double is odd"):
        check(lambda a: a)


@pytest.mark.parametrize("tasks, said", [
    ("a", "1 of 1 right. All done."), ("ad", "2 of 2 right. All done."), ("ab", "1 of 2 right, next: b (not right yet)."),
    ("acb", "1 of 3 right, next: c (not attempted yet)."), ("eb", "0 of 2 right, next: e (not checked yet)."),
    ("bda", "2 of 3 right, next: b (not right yet).")])
def test_progress_counts_what_is_right_and_says_what_is_next(tasks, said, results, capsys):
    results.update(a=None, b=Wrong("no"), c=NotAttempted("no"), d=None)
    checks.progress(*tasks)
    assert capsys.readouterr().out == said + "\n"


# ---------------------------------------------------------------- what a check draws

def test_normal_numbers_depend_on_seed_and_shape_alone():
    before = torch.get_rng_state()
    drawn = checks.randn(3, 40, 50)
    assert drawn.shape == (40, 50) and drawn.dtype == torch.float32 and checks.randn(3).shape == ()
    assert abs(drawn.mean()) < 0.1 and abs(drawn.std() - 1) < 0.1
    assert torch.equal(drawn, checks.randn(3, 40, 50)) and not torch.equal(drawn, checks.randn(4, 40, 50))
    assert torch.equal(torch.get_rng_state(), before)


def test_whole_numbers_are_below_the_limit_and_depend_on_what_is_given_alone():
    before = torch.get_rng_state()
    drawn = checks.randint(3, 5, 20, 30)
    assert drawn.shape == (20, 30) and drawn.dtype == torch.int64 and drawn.unique().tolist() == [0, 1, 2, 3, 4]
    assert torch.equal(drawn, checks.randint(3, 5, 20, 30)) and not torch.equal(drawn, checks.randint(4, 5, 20, 30))
    assert torch.equal(torch.get_rng_state(), before)
