"""Run a notebook's answers in the sandbox and judge them outside it.

The text of a test is executed here, in the grader's own process. Where it says `softmax`, it holds a
`Remote`: what the check wants to know of the student's function is asked of the sandbox, as data, and what
comes back is data too. Nothing that student code replaces over there (`torch.allclose`, the checks
themselves, IPython) is used in the verdict, and no hidden test is ever seen over there.
"""
import ast
import base64
import builtins
import contextlib
import io
import re
import textwrap
import time
import warnings

from nbformat import v4
from nbgrader.utils import is_grade, is_locked, is_solution
from PIL import Image

from .sandbox import Kernel, Limits


LARGEST_PICTURE = 4_000_000  # characters of base64


class NoJudge(Exception):
    """What the tests of a notebook import can't be imported on this machine."""


class Judge:
    """Holds what the tests of one notebook import. `setup`: the source notebook's own first cell."""

    def __init__(self, setup):
        self.names = {"__name__": "judge"}
        try:
            exec(compile(setup, "setup", "exec"), self.names)
        except Exception as error:
            raise NoJudge(f"the first cell: {type(error).__name__}: {error}") from error

    def __call__(self, test, kernel):
        """Run a test's source against the kernel's answers; return the outputs that nbgrader grades."""
        from exercises.checks import Remote, Wrong
        code = compile(test, "test", "exec")
        names = dict(self.names)
        for name in code.co_names:
            if name not in names and not hasattr(builtins, name):
                names[name] = Remote(name, lambda request, name=name: _send(kernel, name, request))
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(code, names)
        except Wrong as error:
            return [_error(type(error).__name__, str(error))]
        except Exception as error:  # data of an answer that the check did not foresee
            return [_error("NotJudged", f"The check could not work with this answer ({type(error).__name__}: {error}).")]
        return [v4.new_output("stream", text=printed.getvalue())] if printed.getvalue() else []


def _send(kernel, name, request):
    from exercises.checks import Wrong
    text, problem = kernel.ask(f"__import__('exercises.checks', fromlist=['serve']).serve({name}, {request!r})")
    if text is None and problem.startswith("NameError"):
        raise Wrong(f"{name} is not defined: its cell is missing, renamed it, or failed.")
    if text is None:
        kernel.events.append(f"{name}: {problem}")
        raise Wrong(f"{name} was stopped: {problem}.")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise Wrong(f"{name} gave no readable result.") from None


def _error(name, message):
    message = message[:2000]
    return v4.new_output("error", ename=name, evalue=message, traceback=textwrap.wrap(message, 90))


def grade(nb, trusted, sandbox="bubblewrap", limits=Limits()):
    """Run `nb`'s cells and put the judge's verdicts into its test cells; return what the limits stopped, in words.

    `trusted`: grade id -> source of the setup and test cells as the instructor wrote them; the text that
    stands in `nb` is not used for those. Cells that ended the kernel are left out when it starts again.
    """
    judge = Judge(trusted["setup"])
    done = []
    with Kernel(sandbox, limits) as kernel:
        for cell in nb.cells:
            if cell.cell_type != "code":
                continue
            cell.execution_count = None
            if not kernel.alive and time.monotonic() < kernel.ends:
                kernel.start()
                for code in done:
                    kernel.execute(code)
            id_ = cell.metadata.get("nbgrader", {}).get("grade_id")
            if is_grade(cell) and not is_solution(cell):
                cell.outputs = judge(trusted[id_], kernel)
                continue
            code = trusted[id_] if is_locked(cell) else cell.source
            outputs, problem = kernel.execute(code)
            cell.outputs = [_plain(output) for output in outputs]
            if problem:
                kernel.events.append(f"{id_ or cell.get('id', 'a cell')}: {problem}")
                cell.outputs.append(_error("Stopped", f"This cell was stopped: {problem}."))
            if kernel.alive:
                done.append(code)
        return kernel.events


SHOWN = re.compile(r'<img alt="[^"]*"(?: width="\d+")? style="max-width: 100%" src="data:image/png;base64,([A-Za-z0-9+/=]+)">')


def _plain(output):
    """An output without what a browser would run: text, and pictures that are ones; what it says of itself is dropped."""
    if "data" in output:
        shown = SHOWN.fullmatch(str(output.data.get("text/html", "")))  # what utils.show makes of a figure: the picture is kept
        picture = _picture(shown[1] if shown else output.data.get("image/png"))
        output.data = {"text/plain": str(output.data.get("text/plain", "")), **({"image/png": picture} if picture else {})}
        output.metadata = {}  # a width goes into a page as it is
    return output


def _picture(data):
    """A PNG in base64, written anew; None for anything else."""
    if not isinstance(data, str) or len(data) > LARGEST_PICTURE:
        return None
    try:
        content = base64.b64decode(data)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a bomb of pixels is one
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                picture.verify()
    except Exception:  # of many kinds, for what is no picture
        return None
    return base64.b64encode(content).decode()
