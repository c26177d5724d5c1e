"""nbgrader's steps, replaced by this course's: named in nbgrader_config.py."""
import functools
import json
import os
from html import escape

from nbgrader.api import Gradebook
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor, SaveAutoGrades
from traitlets import Enum, Float, List, Unicode

from . import release
from .judge import apply, packet, run_as_it_is, verdict
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
        mended.metadata["notes"] = notes
        for note in notes:
            self.log.warning("%s: %s", info["student"], note)
        return mended, resources


class RunAndJudge(NbGraderPreprocessor):
    """Run the answers in a sandbox and judge them outside it (see judge.py)."""

    sandbox = Enum(["bubblewrap", "none"], "bubblewrap", help="where student code runs").tag(config=True)
    cell_seconds = Float(Limits.cell_seconds, help="for a cell or one question of a check").tag(config=True)
    total_seconds = Float(Limits.total_seconds, help="for a submission").tag(config=True)
    verdict = Unicode("", help="what another process has found already (judge.verdict); then nothing is run here").tag(config=True)

    def needs(self, lesson, database):
        """What has to be known to judge a mended notebook of a lesson, as judge.packet takes it."""
        with Gradebook(database) as gradebook:
            cells = gradebook.find_notebook(release.notebook_name(lesson), lesson).source_cells
            trusted = {cell.name: cell.source for cell in cells if cell.locked}
        limits = Limits(cell_seconds=self.cell_seconds, total_seconds=self.total_seconds)
        stubs = {cell.id: cell.source for cell in template(lesson).cells if cell.metadata.get("nbgrader", {}).get("solution")}
        return trusted, self.sandbox, limits, stubs

    def preprocess(self, nb, resources):
        info = resources["nbgrader"]
        story = apply(self.verdict or verdict(packet(nb, *self.needs(info["assignment"], info["db_url"]))), nb)
        nb.metadata["stopped"], nb.metadata["failed"], nb.metadata["by_clock"] = story.stopped, story.failed, story.by_clock
        nb.metadata["remarks"] = story.remarks
        return nb, resources


class SaveGrades(SaveAutoGrades):
    """Write the grades into the gradebook; points given by hand are asked for again where the answer is another one.

    nbgrader asks for them again after every run, and so does this where `reworded` is None.
    """

    reworded = List(None, allow_none=True, help="the grade ids whose answers are others than when they were marked").tag(config=True)

    def _add_score(self, cell, resources):
        name = cell.metadata["nbgrader"]["grade_id"]
        place = (name, self.notebook_id, self.assignment_id, self.student_id)
        before = self.gradebook.find_grade(*place).needs_manual_grade
        super()._add_score(cell, resources)
        grade = self.gradebook.find_grade(*place)
        if grade.manual_score is not None and self.reworded is not None and name not in self.reworded:
            grade.needs_manual_grade = before
            self.gradebook.db.commit()


def execute(self, nb, resources, km=None):
    """Instead of nbgrader's Execute.preprocess, which `nbgrader validate` and the Validate button run a submission's cells by
    with the rights of whoever asks: in the sandbox."""
    run_as_it_is(nb, os.environ.get("COURSE_SANDBOX", "bubblewrap"))
    return nb, resources


class Collect(ExchangeCollect):
    """Instead of nbgrader's collect, which follows links and believes names and times that students write (see inbound.py)."""

    def start(self):
        self.fail("nbgrader's own collect would follow links that students lay. One step collects and grades, in the course's folder: "
                  f"python -m exercises.grading {self.coursedir.assignment_id} exchange")


class ShowRaw(NbGraderPreprocessor):
    """Make raw cells text: pages take their source for HTML. (Markdown is cleaned where it becomes HTML, see pages.py.)"""

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.cell_type == "raw":
            cell.source = f"<pre>{escape(cell.source)}</pre>"
        return cell, resources


class HideTests(ClearHiddenTests):
    """Leave the hidden tests out of the feedback; their verdict stays."""
