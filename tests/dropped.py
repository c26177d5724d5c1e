"""mutmut with changes of more kinds: something is left out, as a slip of the hand leaves it out.

    python tests/dropped.py run ...        (mutmut's own arguments; for tests/mutate.py, which calls it)

mutmut changes what stands there: a number, a comparison, an argument. It takes no statement away, no half of a condition, no
`if` of a comprehension, and tries no branch that is never gone. Of slips that people made in this course by hand, most that the
tests did not notice were of these kinds. COURSE_MUTANTS=dropped has these alone tried.

And it leaves every function with a decorator as it is, so each check of a task. Here the decorators stay where they are, around
mutmut's switch, and what is under them is changed.
"""
import functools
import gc
import inspect
import os
import threading

import libcst as cst
from libcst import matchers as m
from mutmut.__main__ import cli
from mutmut.mutation import file_mutation
from mutmut.mutation.file_mutation import MutationVisitor
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


# ---------------------------------------------------------------- functions with decorators

def decorated(node):
    """Whether mutmut leaves a function as it is, only because of its decorators: it takes static methods and class methods."""
    names = [decorator.decorator for decorator in node.decorators]
    return bool(names) and not (len(names) == 1 and m.matches(names[0], m.Name("staticmethod") | m.Name("classmethod")))


def skip(visitor, node, original=MutationVisitor._skip_node_and_children):
    if isinstance(node, cst.FunctionDef) and decorated(node):
        return node.name.value in file_mutation.NEVER_MUTATE_FUNCTION_NAMES
    return original(visitor, node)  # which skips the decorators themselves


def arrangement(function, mutants, class_name, original=file_mutation.function_trampoline_arrangement):
    """mutmut's switch and the functions among which it chooses; the decorators go around the switch, and nowhere else."""
    if not decorated(function):
        return original(function, mutants, class_name)
    declared, (switch, *functions), assigned, names = original(function.with_changes(decorators=[]), mutants, class_name)
    return declared, [switch.with_changes(decorators=[*function.decorators, *switch.decorators]), *functions], assigned, names


# ---------------------------------------------------------------- each change by itself

class Caches:
    """The caches of the course's functions. What the tests put there while nothing is changed would hide a change in the processes
    that are forked then; and of two tests that need the same, the second would not be seen to reach what made it."""

    def __init__(self):
        self.found, self.process = [], os.getpid()

    def pytest_collection_finish(self):
        if os.getpid() == self.process:  # the processes for the changes have them from this one; the search takes a while
            here = os.getcwd()
            self.found = [each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper)
                          and inspect.isfunction(made := inspect.unwrap(each)) and made.__code__.co_filename.startswith(here)]

    def pytest_runtest_setup(self):
        if os.environ.get("MUTANT_UNDER_TEST") == "stats":
            self.clear()

    def clear(self):
        for each in self.found:
            each.cache_clear()


CACHES = Caches()


def execute_pytest(runner, params, original=PytestRunner.execute_pytest, plugins=(), **how):
    """As mutmut's; but where pytest finds one of the tests no more, as a change that was tried before has changed the files, no
    test has failed, though an error that ends the process looks like it."""
    CACHES.clear()
    try:
        return original(runner, params, plugins=[*plugins, CACHES], **how)
    except BadTestExecutionCommandsException:
        return NOT_FOUND


if __name__ == "__main__":
    PytestRunner.execute_pytest = execute_pytest
    MutationVisitor._skip_node_and_children = skip
    file_mutation.function_trampoline_arrangement = arrangement
    if os.environ.get("COURSE_MUTANTS") == "dropped":
        mutation_operators.clear()
    mutation_operators.extend(DROPPED)
    tqdm.set_lock(threading.RLock())  # its own is one for all processes: a change that was stopped while it drew would hold up every other
    cli()
