"""Run a notebook's answers in the sandbox and judge them outside it.

The text of a test is executed here, in the grader's own process. Where it says `softmax`, it holds a
`Remote`: what the check wants to know of the student's function is asked of the sandbox, as data, and what
comes back is data too. Nothing that student code replaces over there (`torch.allclose`, the checks
themselves, IPython) is used in the verdict, and no hidden test is ever seen over there.
"""
import base64
import builtins
import contextlib
import io
import json
import re
import textwrap
import warnings
from dataclasses import asdict, dataclass, field

import nbformat
from nbformat import NotebookNode, v4
from nbgrader.utils import is_grade, is_locked, is_solution
from PIL import Image

from .kernel import Kernel
from .release import PROGRESS
from .sandbox import Limits
from .students import readable


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
    from exercises.checks import NotDefined, Stopped, Wrong
    reply, reason = kernel.ask(name, request)
    if reason == "undefined":
        raise NotDefined(f"{name} is not defined: its cell is missing, renamed it, or failed.")
    if reason == "interrupted":  # by nobody but itself
        raise Wrong(f"{name} raised KeyboardInterrupt.")
    if reply is None:
        kernel.events.append(f"{name}: {readable(reason, 200)}")
        raise Stopped(f"{name} was stopped: {reason}.")
    return reply


def _error(name, message):
    message = message[:2000]
    return v4.new_output("error", ename=name, evalue=message, traceback=textwrap.wrap(message, 90))


@dataclass
class Story:
    """What there is to say of a run, in words."""
    stopped: list = field(default_factory=list)  # by a limit
    failed: list = field(default_factory=list)   # cells that ended in an error
    remarks: list = field(default_factory=list)
    by_clock: bool = False                       # stopped by the clock alone, perhaps as other work ran beside


def grade(nb: NotebookNode, trusted: dict[str, str], sandbox: str = "bubblewrap", limits: Limits = Limits(),
          stubs: dict[str, str] = {}) -> Story:  # noqa: B006  only read
    """Run `nb`'s cells and put the judge's verdicts into its test cells; return a Story.

    `trusted`: grade id -> source of the setup and test cells as the instructor wrote them; the text that
    stands in `nb` is not used for those. Cells that ended the kernel are left out when it starts again.
    `stubs`: {task: its cell as it was released}. A stub takes no answer's place that was given further up, and a check whose
    answer comes further down is made once more at the end.
    """
    judge = Judge(trusted["setup"])
    done, story, early = [], Story(), []
    with Kernel(sandbox, limits) as kernel:
        for cell in nb.cells:
            if cell.cell_type != "code":
                continue
            cell.execution_count = None
            if not kernel.alive and not kernel.spent:
                _revive(kernel, done, story)
            id_ = cell.metadata.get("nbgrader", {}).get("grade_id")
            if cell.get("id") == PROGRESS:  # it counts what checks said over there, where none was asked
                cell.outputs = []
                continue
            if is_grade(cell) and not is_solution(cell):
                cell.outputs = judge(trusted[id_], kernel)
                if _failed(cell) not in ("", "Stopped"):
                    early.append((cell, id_))
                continue
            name = id_ or cell.get("id", "a cell")
            task = trusted[id_] if is_locked(cell) else cell.source, id_ if cell.source.strip() == stubs.get(id_, "").strip() else "", name
            problem = _run(cell, kernel, *task[:2])
            if problem:
                kernel.events.append(f"{name}: {problem}")
            elif error := next((output for output in cell.outputs if output.output_type == "error"), None):
                if error.ename not in ("Wrong", "NotAttempted") and (error.ename != "NotImplementedError" or error.evalue):
                    story.failed.append(f"{name}: its cell failed ({readable(f'{error.ename}: {error.evalue}', 200)})")
            if kernel.alive:
                done.append(task)
        own = [place for place, cell in enumerate(nb.cells) if cell.cell_type == "code" and cell.get("id", "").startswith("extra-")]
        for cell, id_ in early:
            if kernel.alive and own and own[-1] > nb.cells.index(cell):
                again = v4.new_code_cell(outputs=judge(trusted[id_], kernel))
                if not _failed(again) or _failed(cell) in ("NotAttempted", "NotDefined") and _failed(again) != "NotDefined":
                    cell.outputs = again.outputs
                    story.remarks.append(f"{id_.removesuffix('-check')}: what stands below its check counts")
        story.stopped, story.by_clock = kernel.events, kernel.by_clock
    return story


# ---------------------------------------------------------------- as bytes, which can be sent to another process

def packet(nb: NotebookNode, trusted: dict[str, str], sandbox: str = "bubblewrap", limits: Limits = Limits(),
           stubs: dict[str, str] = {}) -> bytes:  # noqa: B006  only read
    """What `grade` is given, as bytes (JSON); of the notebook what a verdict depends on, its code."""
    cells = [dict(id=cell.get("id"), source=cell.source, metadata={"nbgrader": cell.metadata.get("nbgrader", {})}) for cell in _code(nb)]
    return json.dumps({"cells": cells, "trusted": trusted, "sandbox": sandbox, "limits": asdict(limits), "stubs": stubs}).encode()


def verdict(packet: bytes) -> str:
    """Grade what `packet` made; return JSON: the outputs of each cell of code and the story, or the error for which there are none."""
    given = json.loads(packet)
    nb = v4.new_notebook(cells=[v4.new_code_cell(**cell) for cell in given["cells"]])
    try:
        story = grade(nb, given["trusted"], given["sandbox"], Limits(**given["limits"]), given["stubs"])
    except Exception as error:  # of this machine, or of the tests: not the answer's
        return _text({"error": str(error) if isinstance(error, (NoJudge, RuntimeError)) else f"{type(error).__name__}: {error}"})
    return _text({"outputs": [cell.outputs for cell in nb.cells], "of": _own(nb), **asdict(story)})


def _text(found):
    """JSON; half a sign, which an answer may print, can't be written into a file, and becomes a question mark."""
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace").decode()


def apply(said: str, nb: NotebookNode) -> Story:
    """Put the outputs of a verdict into the cells of `nb`; return the story. Raises RuntimeError where there is an error instead."""
    told = json.loads(said)
    if "error" in told:
        raise RuntimeError(told["error"])
    outputs, of = told.pop("outputs"), told.pop("of")
    if of != _own(nb) or len(outputs) != len(_code(nb)):
        raise RuntimeError("the verdict is that of other cells")
    for cell, shown in zip(_code(nb), outputs):
        cell.execution_count, cell.outputs = None, [nbformat.from_dict(output) for output in shown]
    return Story(**told)


def _code(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def _own(nb):
    """What a student wrote, so that a verdict is not taken for that of somebody else."""
    return [[cell.get("id"), cell.source] for cell in _code(nb) if not is_locked(cell)]


def _run(cell, kernel, code, unless=""):
    """Run `code` and put what it shows into the cell; return what stopped it, in words, or None."""
    outputs, problem = kernel.execute(code, unless)
    cell.outputs = [_plain(output) for output in outputs]
    if problem:
        cell.outputs.append(_error("Stopped", f"This cell was stopped: {problem}."))
    return problem


def _failed(cell):
    """What kind of error a judged cell shows, "" where it is right."""
    return next((output.ename for output in cell.outputs if output.output_type == "error"), "")


def _revive(kernel, done, story):
    """Start again and run the cells that were done; one that ends the process once more is left out from then on."""
    while not kernel.spent:
        kernel.start()
        for task in list(done):
            _, problem = kernel.execute(*task[:2])
            if not kernel.alive:
                done.remove(task)
                story.remarks.append(f"{task[2]}: left out when the process had to start again, as it ended it ({problem})")
                break
        else:
            return


def run_as_it_is(nb, sandbox):
    """Run a notebook's own cells in the sandbox, its tests among them, and put in their outputs: no verdict to be relied on."""
    with Kernel(sandbox) as kernel:
        for cell in nb.cells:
            if cell.cell_type == "code":
                if not kernel.alive and not kernel.spent:
                    kernel.start()
                _run(cell, kernel, cell.source)


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
