"""nbgrader's settings for this course: what `nbgrader ...` and JupyterLab's formgrader use when run from this folder."""
import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # for utils and for exercises.grading
# nbgrader calls alembic by its bare name when it makes a gradebook; it lies beside Python.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# nbgrader 0.9.6 under SQLAlchemy 2.1: true, harmless, and five times a submission.
warnings.filterwarnings("ignore", message="Object of type .* not in session, add operation along")

import nbgrader  # noqa: E402
from nbgrader.preprocessors import (  # noqa: E402
    AssignLatePenalties, CheckCellMetadata, ClearHiddenTests, ClearMarkScheme, ClearOutput, ClearSolutions, ComputeChecksums, Execute,
    GetGrades, IncludeHeaderFooter, LimitOutput, LockCells, OverwriteCells, OverwriteKernelspec, SaveCells)
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor  # noqa: E402

from exercises.grading.pages import markdown2html  # noqa: E402
from exercises.grading.plug import Collect, execute, HideTests, Mend, RunAndJudge, SaveGrades, ShowRaw  # noqa: E402
from exercises.grading.release import Select  # noqa: E402

Execute.preprocess = execute  # nbgrader has no setting for it
c = get_config()  # noqa: F821
c.CourseDirectory.root = str(HERE)
c.CourseDirectory.course_id = os.environ.get("COURSE_ID", "deep-learning")
if "COURSE_EXCHANGE" in os.environ:  # the folder through which a class on one server hands in (hub/README.md)
    c.Exchange.root = os.environ["COURSE_EXCHANGE"]
    # Its folders are root's and written by the group of teachers (hub/exchange). Without this nbgrader asks that whoever releases
    # owns them, and that everybody can write in the exchange itself, where a student's folder would be a course in others' lists.
    c.CourseDirectory.groupshared = True
    c.ExchangeFactory.collect = Collect
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()"}
c.ClearSolutions.text_stub = "*Write your answer here.*"

c.GenerateAssignment.preprocessors = [
    Select, IncludeHeaderFooter, LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, SaveCells,
    ClearHiddenTests, ClearMarkScheme, ComputeChecksums, CheckCellMetadata]
c.Autograde.sanitize_preprocessors = [Mend, ClearOutput, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
c.Autograde.autograde_preprocessors = [
    RunAndJudge, LimitOutput, SaveGrades, ShowRaw, AssignLatePenalties, CheckCellMetadata]
c.GenerateFeedback.preprocessors = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]
c.RunAndJudge.sandbox = os.environ.get("COURSE_SANDBOX", "bubblewrap")
c.HTMLExporter.filters = {"markdown2html": markdown2html}  # feedback and formgrader
# The feedback's pages need nothing from elsewhere: base/mathjax.html.j2 takes the place of nbconvert's.
c.HTMLExporter.extra_template_basedirs = [str(HERE / "grading" / "templates"), str(Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates")]
