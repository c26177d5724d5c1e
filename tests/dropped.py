"""mutmut with changes of more kinds: something is left out, as a slip of the hand leaves it out.

    python tests/dropped.py run ...        (mutmut's own arguments; for tests/mutate.py, which calls it)

mutmut changes what stands there: a number, a comparison, an argument. It takes no statement away, no half of a condition, no
`if` of a comprehension, and tries no branch that is never gone. Of slips that people made in this course by hand, most that the
tests did not notice were of these kinds. COURSE_MUTANTS=dropped has these alone tried.
"""
import os
import threading

import libcst as cst
from libcst import matchers as m
from mutmut.__main__ import cli
from mutmut.mutation.mutators import mutation_operators
from mutmut.runners.harness import BadTestExecutionCommandsException, PytestRunner
from tqdm import tqdm

from mutate import NOT_FOUND


def statement(node: cst.Expr):
    """A call for what it does, left out; not a docstring, nor what makes its function a generator."""
    if not m.matches(node.value, m.SimpleString() | m.ConcatenatedString()) and not m.findall(node, m.Yield() | m.Await()):
        yield cst.Pass()


def error(node: cst.Raise):
    yield cst.Pass()


def half(node: cst.BooleanOperation):
    for part in (node.left, node.right):  # in the parentheses of the whole, which may hold several lines together
        yield part.with_changes(lpar=[*node.lpar, *part.lpar], rpar=[*part.rpar, *node.rpar])


def branch(node: cst.If):
    yield node.with_changes(test=cst.Name("False"), whitespace_before_test=cst.SimpleWhitespace(" "))


def condition(node: cst.CompFor):
    if node.ifs:
        yield node.with_changes(ifs=[])


DROPPED = [(cst.Expr, statement), (cst.Raise, error), (cst.BooleanOperation, half), (cst.If, branch), (cst.CompFor, condition)]

def execute_pytest(runner, params, original=PytestRunner.execute_pytest, **how):
    """As mutmut's; but where pytest finds one of the tests no more, as a change that was tried before has changed the files, no
    test has failed, though an error that ends the process looks like it."""
    try:
        return original(runner, params, **how)
    except BadTestExecutionCommandsException:
        return NOT_FOUND


if __name__ == "__main__":
    PytestRunner.execute_pytest = execute_pytest
    if os.environ.get("COURSE_MUTANTS") == "dropped":
        mutation_operators.clear()
    mutation_operators.extend(DROPPED)
    tqdm.set_lock(threading.RLock())  # its own is one for all processes: a change that was stopped while it drew would hold up every other
    cli()
