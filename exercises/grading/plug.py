"""nbgrader's steps, replaced by this course's: named in nbgrader_config.py."""
import functools
import json

from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from traitlets import Bool, Enum, Float

from . import release
from .judge import grade
from .mend import mend
from .sandbox import Limits


@functools.lru_cache(maxsize=8)
def _template(lesson, _state):
    return release.generate(lesson)


def template(lesson):
    """The release that submissions are mended after, made anew when its source or course.toml changes."""
    files = [release.EXERCISES / "course.toml", *sorted((release.EXERCISES / "source" / lesson).glob("*.ipynb"))]
    return _template(lesson, tuple(path.read_bytes() for path in files))


class Mend(NbGraderPreprocessor):
    """Mend a submission (see mend.py); one that `make grade` has mended already stays as it is."""

    def preprocess(self, nb, resources):
        info = resources["nbgrader"]
        mended, notes = mend(json.dumps(nb).encode(), template(info["assignment"]))
        mended.metadata["notes"] = notes + [str(note) for note in nb.metadata.get("notes", [])]
        for note in notes:
            self.log.warning("%s: %s", info["student"], note)
        return mended, resources


class RunAndJudge(NbGraderPreprocessor):
    """Run the answers in a sandbox and judge them outside it (see judge.py)."""

    sandbox = Enum(["bubblewrap", "none"], "bubblewrap", help="where student code runs").tag(config=True)
    cell_seconds = Float(Limits.cell_seconds, help="for a cell or one question of a check").tag(config=True)
    total_seconds = Float(Limits.total_seconds, help="for a submission").tag(config=True)

    def preprocess(self, nb, resources):
        info = resources["nbgrader"]
        with Gradebook(info["db_url"]) as gradebook:
            cells = gradebook.find_notebook(info["notebook"], info["assignment"]).source_cells
            trusted = {cell.name: cell.source for cell in cells if cell.locked}
        limits = Limits(cell_seconds=self.cell_seconds, total_seconds=self.total_seconds)
        nb.metadata["stopped"] = grade(nb, trusted, self.sandbox, limits)
        return nb, resources


class Sanitize(SanitizeHTML):
    """Take from a learner's text what a browser would run: instructors read it in the formgrader.

    Outputs hold text and pictures only, see judge.py.
    """

    enabled = Bool(True)

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.cell_type == "code":
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)


class HideTests(ClearHiddenTests):
    """Leave the hidden tests out of the feedback; their verdict stays."""
