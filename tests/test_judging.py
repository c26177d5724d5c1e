"""What crosses between an answer and its check comes back as it was or is refused, and what is wrong with a result is said truly."""
import collections
import enum
import json
import math
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import utils  # noqa: F401  before torch
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exercises.checks import Case, Refused, Wrong, compare, crossing, decode, demand, encode, examine, judge, judging, slip, some  # noqa: E402

INF, NAN = float("inf"), float("nan")


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def label(value):
    """A parameter's name in letters and digits alone."""
    return re.sub(r"[^a-z0-9.]+", " ", repr(value), flags=re.I).strip() or "empty"


# ---------------------------------------------------------------- what crosses

def crossed(value):
    """A value at the other end, after its way as text."""
    return decode(json.loads(json.dumps(encode(value))))


def refusal(value):
    with pytest.raises(Refused) as caught:
        encode(value)
    return str(caught.value)


@pytest.mark.parametrize("value", [None, True, False, 0, -3, 2**64 - 1, 1 - 2**64, 1.5, INF, "", "text", "a\ud83d", [], (), {},
                                   [1, (2.0, [None])], ([], ()), {"a": [1, {"b": (True,)}], "c": None}], ids=label)
def test_plain_data_comes_back_as_it_was(value):
    assert repr(crossed(value)) == repr(value)


class Text(str):
    def __repr__(self):
        return "not what it is"


Number, Pair, Items = enum.IntEnum("Number", "ONE TWO"), collections.namedtuple("Pair", "a b"), type("Items", (list,), {})


@pytest.mark.parametrize("value, plain", [
    (Number.TWO, 2), (np.float64(0.1), 0.1), (Text("word"), "word"), (np.str_("word"), "word"), (Pair(1, 2), [1, 2]), (Items("ab"), ["a", "b"]),
    ({1: 2, None: (3,)}, {"1": 2, "None": (3,)}), (collections.OrderedDict(a=1), {"a": 1}), (torch.Size([2, 3]), [2, 3])],
    ids=lambda value: type(value).__name__)
def test_a_kind_of_somebodys_own_crosses_as_the_plain_one(value, plain):
    assert repr(encode(value)) == repr(encode(plain)) and repr(crossed(value)) == repr(plain)


TURNED = {"plain": lambda X: X, "turned": lambda X: X.T, "every other": lambda X: X[:, ::2], "expanded": lambda X: X[:1].expand(4, 3),
          "empty": lambda X: X[:0], "single": lambda X: X[1, 2], "of a graph": lambda X: X.requires_grad_() if X.is_floating_point() else X}


@pytest.mark.parametrize("turn", TURNED)
@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool, torch.complex64],
                         ids=str)
def test_a_tensor_comes_back_as_it_was_whatever_its_layout(kind, turn):
    X = TURNED[turn]((torch.arange(6).reshape(2, 3) - 1).to(kind))
    back = crossed(X)
    assert type(back) is torch.Tensor and back.dtype == kind and torch.equal(back, X.detach()) and not back.requires_grad and back.is_contiguous()


def test_what_pytorch_only_notes_of_a_complex_tensor_is_worked_out():
    Z = torch.tensor([1 + 2j, 3 - 4j])
    assert Z.conj().is_conj() and crossed(Z.conj()).tolist() == [1 - 2j, 3 + 4j]
    for W, values in ((Z, [-2, 4]), (Z[:1], [-2])):  # one number is contiguous, as it is noted
        assert W.conj().imag.is_neg() and crossed(W.conj().imag).tolist() == values


def test_a_tensor_comes_back_as_a_copy_that_may_be_written_to():
    X, sent = torch.zeros(3), encode(torch.zeros(3))
    for back in (decode(encode(X)), decode(sent)):
        back += 1
    assert X.tolist() == decode(sent).tolist() == [0, 0, 0]


A = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("array", [A, A[:, ::-1], A.T, A.astype(">f8"), A.astype(">i2"), A.astype(np.float16), A > 2, A[:0], A + 1j, np.array(2.5),
                                   np.float32(0.1), np.int64(-3), np.bool_(True), np.broadcast_to(np.arange(3), (2, 3))],
                         ids=lambda array: label((array.dtype, array.shape, array.strides)))
def test_an_array_comes_back_as_a_tensor_of_the_same_kind(array):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # PyTorch warns of an array that can't be written to
        back = crossed(array)
    assert isinstance(back, torch.Tensor) and str(back.dtype) == f"torch.{array.dtype.name}"
    assert tuple(back.shape) == array.shape and back.tolist() == array.tolist()


class Closed(list):
    def __iter__(self):
        raise RuntimeError("not to be read")


class Left(list):
    def __iter__(self):
        sys.exit(3)


class NoName(type):
    @property
    def __name__(cls):
        raise ValueError("no")


def loop():
    endless = []
    endless.append(endless)
    return endless


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make, words", [
    (lambda: 1j, "a complex number"), (lambda: 2**64, "a whole number of some 20 digits"), (lambda: -10**40, "a whole number of some 41 digits"),
    (lambda: 10**5000, "a whole number of some 5001 digits"), (lambda: np.ma.array([1.0], mask=[True]), "a masked array, not an ordinary one"),
    (lambda: np.array(["a"]), "a NumPy array of str instead of numbers"), (lambda: np.array([None]), "a NumPy array of object instead of numbers"),
    (lambda: np.array([b"ab"]), "a NumPy array of bytes instead of numbers"),
    (lambda: np.datetime64("2020-01-01"), "a NumPy array of datetime64[D] instead of numbers"),
    (lambda: torch.ones(3, device="meta"), "a tensor without values (device meta), not an ordinary one"),
    (lambda: torch.eye(3).to_sparse(), "a sparse tensor, not an ordinary one"),
    (lambda: torch.eye(3).to_sparse_csr(), "a sparse tensor, not an ordinary one"),
    (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "a nested tensor, not an ordinary one"),
    (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8), "a quantized tensor, not an ordinary one"),
    (lambda: len, "a builtin_function_or_method"), (lambda: b"x", "a bytes"), (lambda: int, "a type"), (lambda: range(3), "a range"),
    (loop, "lists nested more than 20 deep, or one that contains itself"),
    (lambda: Closed([1]), "a Closed that can't be read (RuntimeError: not to be read)"), (lambda: Left(), "a Left that can't be read (SystemExit: 3)"),
    (lambda: [1, (2, {"a": 1j})], "a complex number"), (lambda: [Closed([1])], "a Closed that can't be read (RuntimeError: not to be read)"),
    (lambda: NoName("Odd", (), {})(), "an object")])
def test_what_cannot_cross_is_refused_in_words_that_follow_returned(make, words):
    assert refusal(make()) == words


@pytest.mark.parametrize("name, words", [
    ("Answer", "an Answer"), ("element", "an element"), ("Item", "an Item"), ("object", "an object"), ("User", "a User"), ("Batch", "a Batch"),
    ("Batch" * 16, "a " + "Batch" * 16), ("Batch" * 16 + "x", "a " + "Batch" * 16)])
def test_a_thing_is_called_by_its_class_with_the_right_article_and_at_most_eighty_letters(name, words):
    assert refusal(type(name, (), {})()) == words


def test_an_array_of_a_kind_that_pytorch_lacks_is_refused_as_what_it_is():
    assert refusal(np.timedelta64(3, "D")).startswith("a timedelta64 that can't be read (TypeError: can't convert")
    assert refusal(torch.ones(3).to(torch.float8_e5m2)).startswith("a Tensor that can't be read (TypeError: ")


def test_whoever_stops_it_stops_it():
    class Stops(list):
        def __iter__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode([Stops()])


def test_what_is_far_too_large_is_refused_and_what_is_not_crosses():
    n = crossing.LARGEST
    assert n == 2_000_000
    assert encode("x" * n) == "x" * n
    assert refusal("x" * (n + 1)) == "a text of 2,000,001 letters, which is far too long"
    for kind, size in ((torch.uint8, 1), (torch.float64, 8)):
        assert crossed(torch.zeros(n // size, dtype=kind)).numel() == n // size
        assert refusal(torch.zeros(n // size + 1, dtype=kind)) == f"a tensor of shape ({n // size + 1},), which is far too large"
        array = np.zeros(n // size, dtype=str(kind).removeprefix("torch."))
        assert crossed(array).numel() == n // size
        assert refusal(np.append(array, array[:1])) == f"an array of shape ({n // size + 1},), which is far too large"
    assert refusal(torch.ones(1).expand(10**6, 10**6)) == "a tensor of shape (1000000, 1000000), which is far too large"
    assert refusal(np.broadcast_to(1.0, (10**6, 10**6))) == "an array of shape (1000000, 1000000), which is far too large"


@pytest.mark.parametrize("around", [lambda value: [value], lambda value: (value,), lambda value: {"a": value}], ids=["lists", "tuples", "dictionaries"])
def test_twenty_lists_in_each_other_cross_and_more_do_not(around):
    value = 1
    for _ in range(20):
        value = around(value)
    assert crossed(value) == value
    assert refusal(around(around(value))).endswith("nested more than 20 deep, or one that contains itself")


@pytest.mark.parametrize("more", [lambda items: [*items, 0, 0], lambda items: [items, (0, 0)], lambda items: {"a": items, "b": [0], "c": 0}],
                         ids=["one list", "lists", "a dictionary"])
def test_no_more_than_twenty_thousand_values_cross(more):
    items = [0] * 20_000
    assert crossed(items) == items and crossed(tuple(items)) == tuple(items), "each time anew"
    assert refusal(more(items)) == "more than 20,000 values in lists"


class Says(BaseException):
    def __str__(self):
        if isinstance(self.args[0], BaseException):
            raise self.args[0]
        return self.args[0]


@pytest.mark.parametrize("error, words", [
    (ValueError("so"), "so"), (ValueError(), ""), (ValueError("x" * 500), "x" * 500), (ValueError("ab" * 250 + "c"), "ab" * 249 + "a…"),
    (Says(ValueError("no")), "(its text can't be had: ValueError)"), (Says(SystemExit()), "(its text can't be had: SystemExit)")],
    ids=["short", "empty", "five hundred letters", "more", "unprintable", "leaves when printed"])
def test_what_an_exception_says_is_at_most_five_hundred_letters(error, words):
    assert crossing.words(error) == words and len(words) <= 500


# ---------------------------------------------------------------- right or wrong

def said(check, *args, **how):
    """What a check says, "" where all is right."""
    try:
        check(*args, **how)
    except Wrong as error:
        return str(error)
    return ""


@pytest.mark.parametrize("got, want", [
    (1, 1), (1.0, 1.0), (1, 1.0), (torch.tensor(1), 1), (torch.tensor(1), 1.0), (torch.tensor(1.0), 1.0), (1, torch.tensor(1.0)),
    (torch.tensor(1), torch.tensor(1.0)), (2, torch.tensor(2)),
    ("a", "a"), ("".join(["a", "b"]), "ab"), (True, True), (False, False), (None, None),
    (tensor(1, 2), tensor(1, 2)), (tensor(1, 2).float(), tensor(1, 2)), (tensor(1, 2).half(), tensor(1, 2).float()),
    (torch.tensor([1, 2]), torch.tensor([1, 2], dtype=torch.int32)), (torch.tensor([True]), torch.tensor([1])),
    (tensor(1.0, 0.0), torch.tensor([True, False])),
    (torch.zeros(0, 3), torch.zeros(0, 3)), ((1, 2), [1, 2]), ([1, (2, "a")], (1, [2, "a"])), ((), []),
    (INF, INF), (-INF, -INF), (tensor(INF, NAN, 1), tensor(INF, NAN, 1))], ids=label)
def test_what_equals_what_is_wanted_is_right(got, want):
    assert judging.same(got, want, 1e-5) is True and said(compare, "f(x)", got, want) == ""


UNEQUAL = [  # a result, what is wanted, what is said
    (1.5, 2.5, "f(x) is 1.5, and should be 2.5."),
    (7, 8, "f(x) is 7, and should be 8."),
    (2_007_306, 203_530, "f(x) is 2007306, and should be 203530."), (1e15, 1e14, "f(x) is 1e+15, and should be 100000000000000."),
    (-2e16, 1234567.5, "f(x) is -2e+16, and should be 1.23457e+06."),
    (tensor(1, 2, 4), tensor(1, 2, 3), "f(x)[2] is 4, and should be 3."),
    (tensor(5, 2, 3), tensor(1, 2, 3), "f(x)[0] is 5, and should be 1."),
    (torch.arange(6.0).reshape(2, 3), torch.tensor([[0, 1, 2], [3, -4, 5.0]]), "f(x)[1, 1] is 4, and should be -4."),
    (torch.tensor([1.01, 2]).half(), tensor(1, 2), "f(x) holds float16 numbers, which keep some three digits: use float32."),
    (torch.tensor([1.01, 2]).bfloat16(), tensor(1, 2), "f(x) holds bfloat16 numbers, which keep some two digits: use float32."),
    (torch.tensor([1.25, 2]).half(), tensor(1, 2), "f(x)[0] is 1.25, and should be 1."), (torch.tensor([1.0625]), tensor(1), "f(x)[0] is 1.0625, and should be 1."),
    (torch.tensor([1.0625]).half(), tensor(1), "float16"), (torch.tensor([1.125]).half(), tensor(1), "f(x)[0] is 1.125, and should be 1."),
    (tensor(101, 1.5), tensor(100, 1), "f(x)[1] is 1.5, and should be 1."),  # which is farther off for its size
    (tensor(1.1, 0.5), tensor(1, 1), "f(x)[1] is 0.5, and should be 1."),
    (tensor(1.1, 2), tensor(1, INF), "f(x)[1] is 2, and should be inf."),
    (tensor(1, NAN), tensor(1, INF), "f(x)[1] is nan, and should be inf."),
    (tensor(1, INF), tensor(1, NAN), "f(x)[1] is inf, and should be nan."),
    (tensor(1, -INF), tensor(1, INF), "f(x)[1] is -inf, and should be inf."),
    (tensor(INF, NAN, 2), tensor(INF, NAN, 1), "f(x)[2] is 2, and should be 1."),
    (tensor(1, 2, 3), 4, "f(x) has shape (3,); () was expected."),
    (INF, 1.0, "f(x) holds inf: something overflowed, was divided by 0, or the logarithm of 0 or of a negative number was taken."),
    (tensor(1, NAN, INF), tensor(1, 2, 3), "f(x) holds nan: something overflowed, was divided by 0, or the logarithm of 0 or of a negative number was taken."),
    (tensor(1, -INF, 7), tensor(1, 2, 3), "f(x) holds inf: something overflowed, was divided by 0, or the logarithm of 0 or of a negative number was taken."),
    ("a", "b", "f(x) is 'a', and should be 'b'."), (1, "1", "f(x) is 1, and should be '1'."),
    (None, "a", "f(x) is None (is there a `return`, or was a gradient read before `backward()`?), and should be 'a'."),
    (1, True, "f(x) is 1, and should be True."), (False, True, "f(x) is False, and should be True."), ("", None, "f(x) is '', and should be None."),
    (0, False, "f(x) is 0, and should be False."), (tensor(1), "a", "f(x) is a tensor of shape (1,), and should be 'a'."),
    (True, 1, "f(x) is True; a number was expected."), ("a", 1.0, "f(x) is 'a'; a number was expected."),
    (None, tensor(1, 2), "f(x) is None (is there a `return`, or was a gradient read before `backward()`?); a tensor of shape (2,) was expected."),
    ([1, 2], tensor(1, 2), "f(x) is [1, 2]; a tensor of shape (2,) was expected: `torch.tensor(...)` makes one of a list of numbers, `torch.stack(...)` of a list of tensors."),
    ([torch.tensor(1.0), torch.tensor(2.0)], tensor(1, 2), "a tensor of shape (2,) was expected: `torch.tensor(...)` makes one of a list of numbers"),
    ([[1, 2], (tensor(3, 4))], torch.ones(2, 2), "a tensor of shape (2, 2) was expected: `torch.tensor(...)` makes"),
    ([1, 2, 3], tensor(1, 2), "f(x) is [1, 2, 3]; a tensor of shape (2,) was expected."), (["a", "b"], tensor(1, 2), "f(x) is ['a', 'b']; a tensor of shape (2,) was expected."),
    ([[1], [2]], tensor(1, 2), "f(x) is [[1], [2]]; a tensor of shape (2,) was expected."), ([[1, 2], [3]], torch.ones(2, 2), "f(x) is [[1, 2], [3]]; a tensor of shape (2, 2) was expected."),
    ([None, 1], tensor(1, 2), "f(x) is [None, 1]; a tensor of shape (2,) was expected."),
    ([], tensor(1, 2), "f(x) is []; a tensor of shape (2,) was expected."), ([1, 2], 1.0, "f(x) is [1, 2]; a number was expected."),
    ([1, 2], torch.tensor(1), "f(x) is [1, 2]; a number was expected."), ({"a": 1}, 1.0, "f(x) is {'a': 1}; a number was expected."),
    (2.0, 2, "f(x) is 2.0, a number with a decimal point; a whole one was expected: `//` instead of `/`, or int()."),
    (torch.tensor(2.0), 2, "a number with a decimal point; a whole one was expected: `//` instead of `/`, or int()."),
    (torch.tensor([1, 2]), tensor(1, 2), "f(x) holds whole numbers (int64), and should hold float32 ones."),
    (torch.tensor([[True]]), torch.ones(1, 1), "f(x) holds whole numbers (bool), and should hold float32 ones."),
    (tensor(1) + 0j, tensor(1), "f(x) holds complex numbers, and real ones were expected."),
    (torch.tensor(2 + 0j), 2, "f(x) holds complex numbers, and real ones were expected."),
    (tensor(1, 2, 3), tensor(1, 2), "f(x) has shape (3,); (2,) was expected."), (tensor(1, 2), 1.0, "f(x) has shape (2,); () was expected."),
    (tensor(1, 2)[None], tensor(1, 3), "f(x) has shape (1, 2); (2,) was expected."), (1.0, tensor(1, 1), "f(x) has shape (); (2,) was expected."),
    (tensor(NAN, 2)[None], tensor(1, 2), "f(x) has shape (1, 2); (2,) was expected."),
    (tensor(1, 2)[None], tensor(1, 2),
     "f(x) has the right numbers in shape (1, 2), and should have shape (2,): is a squeeze(), a reshape() or a keepdim one too many?"),
    (tensor(1), 1.0, "f(x) has the right numbers in shape (1,), and should have shape (): is a squeeze(), a reshape() or a keepdim one too many?"),
    ([1], (1, 2), "f(x) should be 2 values, and is 1: [1]."), (tensor(1, 2), (1.0, 2.0), "f(x) should be 2 values, and is one: a tensor of shape (2,)."),
    (2, (1, 2), "f(x) should be 2 values, and is one: 2."),
    ("ab", ("a", "b"), "f(x) should be 2 values, and is one: 'ab'."), (None, (1, 2), "f(x) should be 2 values, and is one: None (is there a `return`, or was a gradient read before `backward()`?)."),
    ((1, 2, 3), [1, 2], "f(x) should be 2 values, and is 3: (1, 2, 3)."),
    ((1, 5, 3), (1, 2, 3), "the second value of f(x) is 5, and should be 2."),
    ((1, (2, "a")), (1, (2, "b")), "the second value of the second value of f(x) is 'a', and should be 'b'."),
    ((tensor(1), tensor(2, 3)[None]), (tensor(1), tensor(2, 3)), "the second value of f(x) has the right numbers in shape (1, 2), and should have shape (2,)"),
]


@pytest.mark.parametrize("got, want, words", UNEQUAL, ids=[f"{label(got)} for {label(want)}" for got, want, _ in UNEQUAL])
def test_what_is_wrong_is_said(got, want, words):
    assert judging.same(got, want, 1e-5) is False
    alone, given = said(compare, "f(x)", got, want), said(compare, "f(x)", got, want, given="as given")
    assert words in alone and given.replace(" (as given)", "") == alone and given.count("(as given)") == 1


def test_where_only_the_shape_is_wrong_the_tasks_own_words_say_what_it_should_be():
    wanted = "f(x) has the right numbers in shape (1, 2), and should have shape (2,): one for each row (as given)"
    assert said(compare, "f(x)", tensor(1, 2)[None], tensor(1, 2), given="as given", shape="one for each row") == wanted
    assert said(compare, "f(x)", (3, tensor(1, 2)[None]), (3, tensor(1, 2)), given="as given", shape="one for each row") == f"the second value of {wanted}"
    plain = wanted.replace("one for each row", "is a squeeze(), a reshape() or a keepdim one too many?")
    assert said(judge, "f(x)", [Case((), tensor(1, 2), "as given", got=tensor(1, 2)[None])]) == plain
    assert said(examine, "f(x)", lambda: tensor(1, 2)[None], [Case((), tensor(1, 2), "as given")]) == plain
    for got in (tensor(1, 2, 3), tensor(1, 3)):
        assert "one for each row" not in said(compare, "f(x)", got, tensor(1, 2), shape="one for each row")
    for close, words in ((0.25, "has the right numbers in shape (1, 2)"), (0.1, "has shape (1, 2)")):
        assert words in said(compare, "f(x)", tensor(1.25, 2)[None], tensor(1, 2), close=close)


@pytest.mark.parametrize("want, close, most", [
    (tensor(100, 3, 0.5, 0), 0.25, (25.25, 1, 0.375, 0.25)),  # relative to each, and to 1
    (tensor(0.5, 0.25, 0), 0.5, (0.5, 0.375, 0.25)), (tensor(-0.5, 0.25), 0.5, (0.5, 0.375)),  # and to the largest, which is below 1
    (tensor(0, 0), 0.5, (0.5, 0.5)), (tensor(0.5, INF), 0.5, (0.5,)), (tensor(0.5, -INF, NAN), 0.5, (0.5,))], ids=label)
def test_a_number_may_be_off_by_its_size_and_that_of_the_largest(want, close, most):
    for i, room in enumerate(most):
        for sign in (-1, 1):
            for off, right in ((room, True), (room + 1e-6, False)):
                got = want.clone()
                got[i] += sign * off
                assert judging.same(got, want, close) is (said(compare, "f(x)", got, want, close=close) == "") is right
                assert judging.same([1, got], [1, want], close) is (said(compare, "f(x)", [1, got], [1, want], close=close) == "") is right


def test_a_hundred_thousandth_is_close_unless_something_else_is_said():
    for off, right in ((1.9e-5, True), (2.1e-5, False)):
        assert (said(compare, "f(x)", 1 + off, 1.0) == "") is right
        assert (said(judge, "f(x)", [Case((), 1.0, "", got=1 + off)]) == "") is right
        assert (slip([Case((), 1.0, "", {"a slip": 1 + off}, got=1 + off)]) == "") is right
        assert (said(examine, "f(x)", lambda x: 1 + off, [Case((1,), 1.0, "")]) == "") is right


@pytest.mark.parametrize("got, want, words", [
    (1.0, 2.0, "1, and should be 2"), (0.12345678912, 0.22345678912, "0.123457, and should be 0.223457"),
    (0.123456781234, 0.123456791234, "0.123456781, and should be 0.123456791"),
    (0.1234567891234, 0.1234567892345, "0.123456789123, and should be 0.123456789235"),
    (1 + 2**-52, 1.0, "1.0000000000000002, and should be 1")])
def test_as_many_digits_are_shown_as_tell_two_numbers_apart(got, want, words):
    assert said(compare, "f(x)", got, want, close=0) == f"f(x) is {words}."


@pytest.mark.parametrize("value, words", [
    ("x" * 58, "'" + "x" * 58 + "'"), ("x" * 59, "'" + "x" * 57 + "…"), ([10] * 15, "[" + "10, " * 14 + "10]"),
    ([10] * 16, "[" + "10, " * 14 + "1…]"), ((10,) * 16, "(" + "10, " * 14 + "1…)"),
    ({"a": [10] * 16}, "{'a': [" + "10, " * 12 + "10,…}"), ("two  words\n", r"'two words\n'"),
    ([tensor(1, 2)], "[tensor([1., 2.], dtype=torch.float64)]"),
    ([torch.zeros(2, 2)], "[tensor([[0., 0.], [0., 0.]])]")], ids=label)
def test_a_long_result_is_shown_in_sixty_letters_with_its_last_bracket(value, words):
    assert said(compare, "f(x)", value, True) == f"f(x) is {words}, and should be True." and len(words) <= 60


def test_a_number_of_things_is_said_as_people_do():
    assert [some(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert [some(n, "entry", "entries") for n in (1, 3)] == ["1 entry", "3 entries"]


def test_a_demand_is_met_or_its_sentence_is_said():
    assert said(demand, True, "so") == said(demand, [0], "so") == "" and said(demand, False, "so") == said(demand, [], "so") == "so"


# ---------------------------------------------------------------- slips

def cases(*described):
    """Cases of numbers: (what was got, what is wanted, what a slip gives)."""
    return [Case((), want, f"case {i}", {} if gives is KEEP else {"a slip": gives}, got=got) for i, (got, want, gives) in enumerate(described)]


KEEP = object()  # a case in which the slip is not known


@pytest.mark.parametrize("described, named", [
    ([(3, 2, 3)], "case 0"), ([(3, 2, 4)], ""), ([(2, 2, 3)], ""), ([], ""),
    ([(3, 2, 3), (5, 4, 5)], "case 0"), ([(3, 2, 3), (5, 4, 6)], ""), ([(3, 2, 4), (5, 4, 5)], ""),
    ([(2, 2, 2), (5, 4, 5)], "case 1"),  # where the slip makes no difference, the first case is right
    ([(2, 2, 3), (5, 4, 5)], ""), ([(3, 2, 3), (4, 4, 5)], ""),  # it would have shown in a case that is right
    ([(2, 2, KEEP), (5, 4, 5)], "case 1"),
    ([(5, 4, 5), (2, 2, KEEP)], "case 0"), ([(2, 2, None), (5, 4, 5)], "case 1"),  # it says nothing of a case in which it isn't known
    ([(3, 2, 3), (5, 4, KEEP)], ""), ([(3, 2, KEEP), (5, 4, 5)], ""), ([(3, 2, 3), (5, 4, None)], ""),  # but must be known where the answer is wrong
    ([(None, 2, None)], ""), ([(3, 2, 3), (None, 4, None)], ""), ([(None, 2, None), (5, 4, 5)], ""),
    ([(3.0, 2.0, 3.0), (INF, 4.0, 5.0)], "case 0"), ([(3.0, 2.0, 3.0), (NAN, 4.0, KEEP)], "case 0"),
    ([(3.0, 2.0, 3.0), ((1.0, tensor(NAN, 1)), 4.0, 5.0)], "case 0"),
    ([(3.0, 2.0, 3.0), (torch.tensor(complex(1, INF)), 4.0, 5.0)], "case 0"),
    ([(3.0, 2.0, 3.0), ([1.0, 2.0], 4.0, 5.0)], ""), ([(3.0, 2.0, 3.0), ("inf", 4.0, 5.0)], ""),
    ([(INF, 2.0, 3.0), (5.0, 4.0, 5.0)], ""), ([(INF, 2.0, KEEP), (5.0, 4.0, 5.0)], ""), ([(INF, 2.0, INF), (5.0, 4.0, 5.0)], "case 0"),
    ([(tensor(1, 3), tensor(1, 2), tensor(1, 3)), (tensor(1), tensor(2), tensor(1))], "case 0"), ([((3, "a"), (2, "a"), (3, "a"))], "case 0"),
    ([(3, 2, (3).__eq__)], "case 0"), ([(3, 2, (4).__eq__)], ""), ([(2, 2, (2).__eq__), (5, 4, (5).__eq__)], "case 1"),  # a function tells
    ([(2, 2, (3).__eq__), (5, 4, (5).__eq__)], ""), ([(3, 2, (3).__eq__), (5, 4, KEEP)], ""), ([(3, 2, (3).__eq__), (5, 4, 5)], "case 0"),
    ([(3, 2, lambda got: None), (5, 4, (5).__eq__)], "case 1"), ([(3, 2, lambda got: None), (4, 4, lambda got: got == 5)], ""),
    ([(3, 2, lambda got: None), (5, 4, lambda got: None)], ""), ([(3, 2, (3).__eq__), (5, 4, lambda got: None)], "case 0"),
    ([(3, 2, lambda got: None), (5, 4, 5)], ""), ([(3, 2, lambda got: torch.tensor(True))], "case 0"), ([(3, 2, lambda got: torch.tensor(False))], ""),
    ([(3.0, 2.0, lambda got: got == 3), (INF, 4.0, lambda got: got == 5)], ""),  # of what overflowed, too
    ([(3.0, 2.0, lambda got: got == 3), (INF, 4.0, lambda got: got > 5)], "case 0"), ([(3.0, 2.0, lambda got: got == 3), (INF, 4.0, 5.0)], "case 0")])
def test_a_slip_is_named_only_where_it_explains_every_case(described, named):
    assert slip(cases(*described)) == (f"a slip ({named})" if named else "")


def test_of_several_slips_the_first_that_explains_all_is_named():
    first = Case((), 2, "case 0", {"one": 4, "two": 3, "three": 3, "four": 3}, got=3)
    second = Case((), 4, "case 1", {"one": 5, "two": 6, "three": 5, "four": 5}, got=5)
    assert slip([first]) == "two (case 0)" and slip([first, second]) == "three (case 0)"


def test_a_slip_is_told_from_what_is_right_as_closely_as_it_is_asked():
    case = Case((), 1.0, "so", {"a slip": 2.25}, got=2.0)
    assert slip([case], 0.1) == "a slip (so)" and slip([case], 0.01) == "" and slip([case], 0.5) == ""
    for close, words in ((0.1, "f(x): a slip (so)"), (0.01, "f(x) is 2, and should be 1 (so)."), (0.5, "")):
        assert said(judge, "f(x)", [case], close) == words
    assert said(judge, "f(x)", [Case((), 1.0, "so", got=1 + 1e-6)], 1e-7) == "f(x) is 1.000001, and should be 1 (so)."


def test_what_no_slip_explains_is_said_of_the_first_case_that_is_wrong():
    assert said(judge, "f(x)", cases((1, 1, KEEP), (3, 2, 4), (5, 4, 4))) == "f(x) is 3, and should be 2 (case 1)."
    assert said(judge, "f(x)", [Case((), tensor(1), "so", got=tensor(1)[None])], shape="a flat one").endswith("and should have shape (1,): a flat one (so)")
    assert said(judge, "f(x)", cases((1, 1, 3))) == said(judge, "f(x)", []) == ""


def test_a_case_is_itself_alone_and_has_slips_of_its_own():
    one, other = Case((1,), 2, "so"), Case((1,), 2, "so")
    assert one != other and one == one and one.slips == {} and one.slips is not other.slips and one.got is one.broken is None


# ---------------------------------------------------------------- a whole examination

X, Z = torch.arange(6.0).reshape(2, 3) + 1, torch.ones(2, 2)
SPREAD, DOUBLE = "tensors whose numbers don't lie side by side in memory, as a transposed one's", "float64 tensors"


def layout(x):
    return "double" if x.dtype == torch.float64 else "plain" if x.is_contiguous() else "spread"


def pairs(of=torch.exp, **slips):
    """Two cases, as a check hands them over."""
    return (Case((x,), of(x), f"x of shape {tuple(x.shape)}", {sentence: value(x) for sentence, value in slips.items()}) for x in (X, Z))


@pytest.mark.parametrize("how, calls", [
    ({}, ["plain", "plain", "plain", "spread", "double"]), ({"layouts": ()}, ["plain"] * 3), ({"layouts": ["double"]}, ["plain"] * 3 + ["double"])])
def test_the_first_case_is_called_once_more_as_it_is_and_in_each_layout(how, calls):
    seen = []

    def answer(x):
        seen.append(x)
        return x.exp()

    assert said(examine, "f(x)", answer, pairs(), **how) == ""
    assert [layout(x) for x in seen] == calls and all(torch.equal(x, Z if i == 1 else X.to(x.dtype)) for i, x in enumerate(seen))


@pytest.mark.parametrize("args, calls", [((2,), 2), (("a", 2.0), 2), (((X,),), 2), (([1.0],), 4), ((2, X), 4), (([(X, X)],), 4)], ids=label)
def test_only_tensors_and_lists_have_layouts(args, calls):
    seen = []
    assert said(examine, "f(x)", lambda *args: seen.append(args) or 1, [Case(args, 1, "so")]) == "" and len(seen) == calls


@pytest.mark.parametrize("which, words", [("spread", SPREAD), ("double", DOUBLE)])
def test_what_is_wrong_in_another_layout_is_said_with_it(which, words):
    def answer(x):
        return x.exp() + 100 * (layout(x) == which)

    assert said(examine, "f(x)", answer, pairs()) == f"f(x)[0, 0] is 102.718, and should be 2.71828 (x of shape (2, 3), {words})."


def test_what_an_answer_keeps_from_call_to_call_is_told_as_that():
    kept = []

    def answer(x):
        kept.append(x.shape)
        return x.exp() + 0.125 * (kept.count(x.shape) - 1)

    words = "f(x) is right, but called once more with the same arguments it returns something else: it keeps something from call to call. (x of shape (2, 3))"
    assert said(examine, "f(x)", answer, pairs()) == words
    for close, right in ((0.05, False), (0.07, True)):  # twice that: of 1, and of the largest
        kept.clear()
        assert (said(examine, "f(x)", lambda x: answer(x) - x.exp() + 1, pairs(of=torch.ones_like), close=close, layouts=()) == "") is right


def test_an_answer_is_also_given_arguments_that_have_gradients_where_these_are_to_stay():
    def answer(x):
        x.grad = None
        return x.exp()

    assert said(examine, "f(x)", answer, pairs()) == ""
    assert said(examine, "f(x)", answer, pairs(), leaves=True).startswith("answer changes the gradient that its first argument has")
    assert said(examine, "f(x)", torch.exp, pairs(), leaves=True) == ""


def test_float64_leaves_ten_times_the_room_as_what_is_wanted_was_float32():
    for which, most in (("spread", 1), ("double", 10)):
        for times, right in ((0.98, True), (1.02, False)):
            def answer(x):
                return x + times * most * 2e-2 * (layout(x) == which)

            assert (said(examine, "f(x)", answer, [Case((torch.ones(2, 2),), torch.ones(2, 2), "so")], close=1e-2) == "") is right, (which, times)


@pytest.mark.parametrize("words", [
    "must have the same dtype", "expected Float, found Double", "no double precision", "float64 is not taken", "expected scalar type Float"])
def test_an_answer_need_not_take_float64(words):
    def fails_for(which):
        def answer(x):
            if layout(x) == which:
                raise TypeError(words)
            return x.exp()
        return said(examine, "f(x)", answer, pairs())

    assert fails_for("double") == "" and words in fails_for("spread") and words in fails_for("plain")


def test_another_error_of_a_float64_call_counts_and_the_layouts_after_one_that_is_excused_too():
    def answer(x):
        if layout(x) != "plain":
            raise ValueError(words)
        return x.exp()

    words = "something else"
    assert "answer raised ValueError: something else" in said(examine, "f(x)", answer, pairs(), layouts=["double"])
    words = "no float64"
    assert said(examine, "f(x)", answer, pairs(), layouts=["double"]) == ""
    assert "no float64" in said(examine, "f(x)", answer, pairs(), layouts=["double", "spread"])


def test_a_slip_that_showed_before_an_error_is_named_instead_of_it():
    def answer(x):
        if len(seen) == 1:
            raise ValueError("so")
        seen.append(x)
        return result(x)

    for result, words in ((torch.sin, "f(x): sine (x of shape (2, 3))"), (torch.cos, "f(x)[0, 2] is -0.989992, and should be 20.0855 (x of shape (2, 3))."),
                          (torch.exp, "answer raised ValueError: so")):
        seen = []
        assert said(examine, "f(x)", answer, pairs(sine=torch.sin)).startswith(words)


def test_the_tasks_closeness_and_words_about_a_shape_are_used_before_an_error_and_after():
    for last, error in ((1, ""), (2, "answer raised ValueError")):
        def answer(x):
            if len(seen) == last:
                seen.clear()
                if error:
                    raise ValueError("so")
            seen.append(x)
            return result(x)

        for result, words in ((lambda x: 1.05 * x, ""), (lambda x: 1.3 * x, "f(x)[1, 2] is 7.8, and should be 6"),
                              (lambda x: x[None], "f(x) has the right numbers in shape (1, 2, 3), and should have shape (2, 3): as x has it (")):
            seen, last = [], 1 if error else 9
            found = said(examine, "f(x)", answer, pairs(of=torch.clone), close=0.1, shape="as x has it")
            assert found.startswith(words or error) and bool(found) == bool(words or error)


def test_every_call_is_held_to_the_rules_of_the_task():
    for which in ("plain", "spread", "double"):
        words = said(examine, "f(x)", lambda x: torch.exp(x) if layout(x) == which else math.e ** x, pairs(), close=1e-4, without=["exp"])
        assert words.startswith("<lambda> uses the ready-made exp"), which


def test_the_call_with_the_same_arguments_is_held_to_the_rules_too():
    calls = []

    def answer(x):
        calls.append(x)
        return torch.exp(x) if len(calls) == 3 else math.e ** x

    assert said(examine, "f(x)", answer, pairs(), close=1e-4, without=["exp"]).startswith("answer uses the ready-made exp")


def test_a_rule_that_was_broken_counts_after_all_results_are_right():
    def by_autograd(x):
        x = x.clone().requires_grad_()
        return torch.autograd.grad(x.exp().sum(), x)[0]

    def answer(x):
        return by_autograd(x) if len(x[0]) in broken else x.exp()

    for broken in ([3], [2], [2, 3]):
        assert said(examine, "f(x)", answer, pairs(), autograd=0).startswith("answer uses autograd"), broken
        assert said(examine, "f(x)", answer, pairs()) == ""
        assert said(examine, "f(x)", answer, pairs(of=torch.sin, slip=torch.exp), autograd=0).startswith("f(x): slip (")
    words = said(examine, "f(x)", lambda x: x.exp().requires_grad_(), pairs(), no_graph=True)
    assert words.startswith("<lambda>: right, but what it returns still asks for gradients")
