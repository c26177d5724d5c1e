"""No small change to a worked answer passes its check, unless tests/survivors.toml says why it is no wrong answer."""
import os
import time

import pytest

import mutants
from mutants import SOURCES, answers, normal, run, survives, table

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no timer that interrupts a loop")


@posix
@pytest.mark.exhaustive("a thousand answers; `python tests/mutants.py <task>` asks for one task at once")
@pytest.mark.parametrize("lesson", SOURCES)
def test_what_survives_is_explained(lesson):
    names, tasks = answers(lesson)
    explained, wrong = table(), []
    for task, (answer, check) in tasks.items():
        made, alive, broken = run(task, names, answer, check)
        assert len(made) >= 3, f"{task}: hardly anything to change, so this says nothing of its check"
        for mutant, error in broken:
            wrong.append(f"{task}, line {mutant.line}, {mutant.what}: its check breaks with {type(error).__name__}: {error}\n"
                         f"    {mutant.key}")
        entries = explained.get(task, {})
        wrong += [f"{task}, line {mutant.line}, {mutant.what}: passes its check, and survivors.toml doesn't say why\n    {key}"
                  for key, mutant in alive.items() if key not in entries]
        keys = {mutant.key for mutant in made}
        wrong += [f"{task}: survivors.toml explains what {'its check finds' if key in keys else 'is not made'}\n    {key}"
                  for key in entries if key not in alive]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def test_the_table_is_of_tasks_and_gives_reasons():
    tasks = {cell.id for path in SOURCES.values() for cell in mutants.nbformat.read(path, as_version=4).cells}
    for task, entries in table().items():
        assert task in tasks, task
        assert all(len(why) > 20 for why in entries.values()), task


# ---------------------------------------------------------------- the tool

def made(*lines, head="def task(X, y, w):"):
    """{what is changed: the changed line} of an answer's lines."""
    source = "\n".join([head, '    """Return 1 - 1."""', "    ### BEGIN SOLUTION",
                        *(f"    {line}" for line in lines), "    ### END SOLUTION", "    return 2 - 2"])
    return {mutant.what: mutant.key for mutant in mutants.mutants("task", source)}


def test_each_change_is_made_once_and_only_between_the_markers():
    assert made("size = X + 2") == {
        "`size = X + 2` removed": "without size = X + 2",
        "`+` to `-` in `X + 2`": "size = X - 2",
        "`+ 2` dropped from `X + 2`": "size = X",
        "`X +` dropped from `X + 2`": "size = 2",
        "`2` to `3` in `X + 2`": "size = X + 3",
        "`2` to `1` in `X + 2`": "size = X + 1",
    }
    source = "def task(X):\n    ### BEGIN SOLUTION\n    X = X + 1\n    X = X + 1\n    return -X\n    ### END SOLUTION\n"
    found = list(mutants.mutants("task", source))
    assert len({mutant.source for mutant in found} | {mutants.ast.unparse(mutants.ast.parse(source))}) == len(found) + 1
    assert len({mutant.key for mutant in found}) == len(found)  # the same line, from two places
    assert {"X = X + 2", "X = X + 2  # 2", "return X"} <= {mutant.key for mutant in found}
    assert {mutant.line for mutant in found} == {3, 4, 5}
    assert next(mutant.source for mutant in found if mutant.key == "X = X + 2  # 2") == (
        "def task(X):\n    X = X + 1\n    X = X + 2\n    return -X")


@pytest.mark.parametrize("line, what, key", [
    ("return w * 0.5", "`0.5` to `1.5` in `w * 0.5`", "return w * 1.5"),
    ("return w * 0.5", "`0.5` to `1.0` in `w * 0.5`", "return w * 1.0"),
    ("return w * 0.5", "`0.5` to `0.25` in `w * 0.5`", "return w * 0.25"),
    ("return w[-1]", "`-1` to `-2` in `w[-1]`", "return w[-2]"),
    ("return w[-1]", "`-1` to `0` in `w[-1]`", "return w[0]"),
    ("return w < y", "`<` to `<=` in `w < y`", "return w <= y"),
    ("return w < y", "`<` to `>=` in `w < y`", "return w >= y"),
    ("return w == y", "`==` to `!=` in `w == y`", "return w != y"),
    ("return w // y", "`//` to `/` in `w // y`", "return w / y"),
    ("return w ** 2", "`**` to `*` in `w ** 2`", "return w * 2"),
    ("return (w + y) / 2", "`/` to `*` in `(w + y) / 2`", "return (w + y) * 2"),
    ("return X @ w", "operands swapped in `X @ w`", "return w @ X"),
    ("w -= y", "`-=` to `+=` in `w -= y`", "w += y"),
    ("w -= y", "`-=` to `=` in `w -= y`", "w = y"),
    ("return -w.mean()", "`-` dropped from `-w.mean()`", "return w.mean()"),
    ("return not y", "`not` dropped from `not y`", "return y"),
    ("return X.sum(1)", "`1` to `0` in `X.sum(1)`", "return X.sum(0)"),
    ("return X.sum(1)", "`1` dropped from `X.sum(1)`", "return X.sum()"),
    ("return X.sum(1)", "`.sum(1)` dropped from `X.sum(1)`", "return X"),
    ("return X.sum(1)", "`sum` to `mean` in `X.sum(1)`", "return X.mean(1)"),
    ("return X.argmax(dim=1)", "`1` to `0` in `X.argmax(dim=1)`", "return X.argmax(dim=0)"),
    ("return X.argmax(dim=1)", "`argmax` to `argmin` in `X.argmax(dim=1)`", "return X.argmin(dim=1)"),
    ("return X.sum(1, keepdim=True)", "`keepdim=True` dropped from `X.sum(1, keepdim=True)`", "return X.sum(1)"),
    ("return X.clamp(min=0)", "`min=` to `max=` in `X.clamp(min=0)`", "return X.clamp(max=0)"),
    ("return w.detach()", "`.detach()` dropped from `w.detach()`", "return w"),
    ("return X.T @ w", "`.T` dropped from `X.T`", "return X @ w"),
    ("return torch.zeros(3)", "`zeros` to `ones` in `torch.zeros(3)`", "return torch.ones(3)"),
    ("return torch.exp(w)", "`torch.exp(w)` to `w`", "return w"),
    ("return self.net(w)", "`self.net(w)` to `w`", "return w"),
    ("return nn.ReLU()", "`ReLU` to `Identity` in `nn.ReLU()`", "return nn.Identity()"),
    ("return X, w", "`X` and `w` swapped in `return (X, w)`", "return (w, X)"),
    ("a, b = X.shape", "`a` and `b` swapped in `a, b = X.shape`", "b, a = X.shape"),
    ("return w[1:]", "lower bound dropped in `w[1:]`", "return w[:]"),
    ("return w[:-1]", "upper bound dropped in `w[:-1]`", "return w[:]"),
    ("return f(w, y)", "`w` and `y` swapped in `f(w, y)`", "return f(y, w)"),
    ("if w > y: return w", "condition `w > y` negated", "if not w > y:"),
    ("if w > y: return w", "`return w` removed", "without return w"),
    ("w = [i for i in y if i]", "condition `i` negated", "w = [i for i in y if not i]"),
    ("while w or y: break", "`break` removed", "without break"),
    ("while w or y: break", "`or` to `and` in `w or y`", "while w and y:"),
])
def test_changes(line, what, key):
    # Versions of Python put parentheses in different places.
    assert {normal_words(what): normal(key) for what, key in made(line).items()}.get(normal_words(what)) == normal(key)


def normal_words(what):
    return what.replace("(", "").replace(")", "")


def test_keys_are_as_this_python_writes_them():
    assert normal("a,b = (X.shape)") == normal("(a, b) = X.shape")
    assert normal("without (a, b) = X.shape  # 2") == f"without {normal('a, b = X.shape')}  # 2"
    assert normal("for i in (range(3)):") == "for i in range(3):"


RIGHT, WRONG = "def task(x):\n    return 2 * x", "def task(x):\n    return 3 * x"
CHECK = "from exercises.checks import Wrong\ntry:\n    right = task(2) == 4\nexcept Exception as error:\n    raise Wrong(error)\nif not right:\n    raise Wrong('no')"


@posix
def test_a_mutant_survives_if_its_check_passes():
    names = {"kept": 1}
    assert survives(RIGHT, names, CHECK)
    assert not survives(WRONG, names, CHECK)
    assert not survives("1 / 0", names, CHECK)
    assert not survives("def task(x):\n    return x.shape", names, CHECK)
    assert names == {"kept": 1}
    with pytest.raises(AttributeError):  # not a sentence for a learner
        survives(RIGHT, names, "task(2).shape")


@posix
@pytest.mark.parametrize("body", ["while True:\n        pass",
                                  "while True:\n        try:\n            1 / 0\n        except Exception:\n            pass",
                                  "class Last:\n        def __del__(self):\n            while True: pass\n    Last()\n    while True: pass"],
                         ids=["loop", "catches errors", "where errors are lost"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_mutant_that_never_ends_is_stopped(body):
    begun = time.process_time()
    assert not survives(f"def task(x):\n    {body}", {}, CHECK, limit=0.1)
    assert time.process_time() - begun < 3
    assert survives(RIGHT, {}, CHECK)  # and no alarm is left


@posix
def test_it_says_what_it_made_and_what_was_found(capsys):
    lesson = next(iter(SOURCES))
    _, tasks = answers(lesson)
    task = next(iter(tasks))
    mutants.main([task])
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{lesson} {task}: ") and first.endswith(" found")
    with pytest.raises(SystemExit, match="no lesson or task is called sofmax"):
        mutants.main(["sofmax"])
