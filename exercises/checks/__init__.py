"""Checks that answer at once: what every exercise's test cells are made of.

A module for each lesson (tensors, linear, logistic, ...) holds a check for each task. A check draws inputs, lets the answer work
on them (asking.py), and compares what comes back with a reference (judging.py); what goes between the two is data
(crossing.py). Its errors are sentences for a learner.
"""
import functools
import inspect
import json
import sys
from pathlib import Path

import torch

from .asking import NotAttempted, NotDefined, Remote, Stopped, Wrong, ask, parts, probe_disturbed, probe_steps, run, serve
from .crossing import Refused, decode, encode
from .judging import Case, compare, demand, examine, judge, slip, some

__all__ = ["Case", "NotAttempted", "NotDefined", "Refused", "Remote", "Stopped", "Wrong", "answer", "ask", "compare", "decode",
           "demand", "encode", "examine", "judge", "parts", "probe_disturbed", "probe_steps", "progress", "randint", "randn", "run", "serve", "slip", "some",
           "task"]

SOURCE = Path(__file__).resolve().parent.parent / "source"

results = {}  # task -> None where its last check said "right", else what the check said


def task(check):
    """Make a function a task's check: it says so when the answer is right, and shows its sentence when it is not.

    In a notebook the sentence stands below the cell as an error does, and the cells after it still run; elsewhere, and
    where the grader asks, it is raised.
    """
    name = check.__name__

    @functools.wraps(check)
    def checked(answer, **cases):
        try:  # the same words as under the grader, whatever the answer is
            check(asked := answer if isinstance(answer, Remote) else Remote(name, functools.partial(serve, answer)), **cases)
            if not cases and (seed := inspect.signature(check).parameters.get("seed")):
                try:
                    check(asked, seed=seed.default + 1000)
                except Wrong as error:  # a function that keeps something, or one that the first numbers suited
                    raise type(error)(f"{error} (In a second round of other numbers in the same shapes; the first was right.)") from None
        except Wrong as error:
            if isinstance(answer, Remote):
                raise
            results[name] = error
            if not _shown_in_notebook(error):
                raise
            return
        if not cases:  # a grader's further cases pass in silence
            results[name] = None
            print(f"{name}: right.")
    return checked


def _shown_in_notebook(error):
    """Show an error below the running cell of a notebook, without ending "Run All"; False where there is no notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if not hasattr(shell, "kernel"):
        return False
    shell._showtraceback(type(error), error, error._render_traceback_())
    return True


def progress(*tasks):
    """Print how many of these tasks their last check found right in this session, and which comes next."""
    right = [task for task in tasks if task in results and results[task] is None]
    left = [task for task in tasks if task not in right]
    if not left:
        print(f"{len(right)} of {len(tasks)} right. All done.")
        return
    state = "not checked yet" if left[0] not in results else \
        "not attempted yet" if isinstance(results[left[0]], NotAttempted) else "not right yet"
    print(f"{len(right)} of {len(tasks)} right, next: {left[0]} ({state}).")


def answer(name):  # pragma: no mutate block, as it looks at the frame of its caller
    """Print the worked answer of a task, for whoever has tried and wants to compare.

    `answer("explain")` prints a model answer to the task in words of the notebook that calls it, and what a full, a half and an
    empty answer look like.
    """
    sources = sorted(SOURCE.glob("*/*.ipynb"))
    if not sources:
        print("The worked answers are not part of this copy of the course: ask whoever gave it to you.")
        return
    if name == "explain":
        check = getattr(inspect.currentframe().f_back.f_globals.get("check"), "__name__", "")
        sources = [path for path in sources if f"import answer, progress, {check.rpartition('.')[2]} as check" in
                   path.read_text(encoding="utf-8")]
        if len(sources) != 1:
            raise ValueError('answer("explain") belongs into an exercise notebook, whose first cell imports its checks: run that first.')
    for path in sources:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == name:
                print("".join(line for line in cell["source"] if not line.strip().startswith("### ")))
                return
    raise ValueError(f"There is no task called {name!r}; a task is called as its function is.")


def randn(seed, *shape):
    """Normal random numbers that depend on nothing but the seed and the shape."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def randint(seed, high, *shape):
    """Random whole numbers below `high`, int64, that depend on nothing but the arguments."""
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))
