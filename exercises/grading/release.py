"""Make the student versions of the exercises: `python -m exercises.grading.release`.

exercises/release/ is written from exercises/source/ by nbgrader's own steps. A released file that somebody
has changed (a learner's answers) is never overwritten: the new version is put beside it, and said so.
"""
import hashlib
import json
import re
import sys
import tempfile
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor, SaveCells
from nbgrader.utils import capture_log
from traitlets.config import Config

from .students import readable

EXERCISES = Path(__file__).resolve().parents[1]
MANIFEST = "generated.json"
PROGRESS = "progress"  # the id of the last code cell, which counts what is right


def lessons():
    """The names of all assignments, in order."""
    return sorted(path.parent.name for path in (EXERCISES / "source").glob("*/*.ipynb"))


def check(lesson):
    """Raise ValueError, in words, where there are no exercises of that name."""
    if lesson not in lessons():
        raise ValueError(f"There are no exercises called {lesson!r}. There are: {', '.join(lessons())}.")


def notebook_name(lesson):
    return f"{lesson}-exercises"


class NoRelease(ValueError):
    """The student version of a lesson's exercises can't be made; the message says why."""


class Select(NbGraderPreprocessor):
    """Keep the tasks and set the points that exercises/course.toml names for an assignment."""

    def preprocess(self, nb, resources):
        lesson = resources["nbgrader"]["assignment"]
        return select(nb, lesson, settings(lesson)), resources


def course():
    """What exercises/course.toml says, looked at first: {"timezone": ..., "late": {"grace", "percent", "most"}, lesson: {"tasks", "points",
    "due", "late", "extensions"}}, all optional.

    Dates come back with their time zone. Raises ValueError, in words, for what can't be meant.
    """
    try:
        told = tomllib.loads((EXERCISES / "course.toml").read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError, OSError) as error:  # no TOML, no UTF-8, numbers and brackets without end, a folder
        raise ValueError(f"exercises/course.toml can't be read: {readable(str(error), 200)}. Its first lines show how entries are written.") from None
    zone = _zone(told.get("timezone"))
    _policy(told.get("late", {}), "exercises/course.toml")
    for lesson, entry in told.items():
        if lesson in ("timezone", "late"):
            continue
        where = f"exercises/course.toml, [{readable(lesson)}]"
        if not isinstance(entry, dict):
            raise ValueError(f"exercises/course.toml: {readable(lesson)} stands under no heading; write [{lessons()[0]}] in the line above it.")
        if lesson not in lessons():
            raise ValueError(f"{where}: there are no such exercises. There are: {', '.join(lessons())}.")
        if strange := sorted(set(entry) - {"tasks", "points", "due", "late", "extensions"}):
            raise ValueError(f"{where}: {', '.join(strange)} is not known; use tasks, points, due, late, extensions.")
        tasks, points = entry.get("tasks", ["one"]), entry.get("points", {})
        if not isinstance(tasks, list) or not tasks or not all(isinstance(task, str) for task in tasks):
            raise ValueError(f'{where}: tasks are a list of names, such as tasks = ["explain"]; without the line all are kept.')
        if len(set(tasks)) < len(tasks):
            raise ValueError(f"{where}: tasks names {max(tasks, key=tasks.count)} twice.")
        if not isinstance(points, dict) or not all(type(value) in (int, float) and 0 <= value < 1e6 for value in points.values()):
            raise ValueError(f"{where}: points are numbers from 0 on, such as points = {{ explain = 3 }}.")
        if "due" in entry:
            entry["due"] = _due(entry["due"], zone, where, "due")
        _policy(entry.get("late", {}), where)
        entry["extensions"] = _extensions(entry.get("extensions", {}), entry.get("due"), zone, where)
    return told


def _policy(late, where):
    """Raise ValueError for what is no policy of lateness."""
    known = {"grace": 1e5, "percent": 100, "most": 100}
    if not isinstance(late, dict) or set(late) - set(known) or not all(
            type(value) in (int, float) and 0 <= value <= known[name] for name, value in late.items()):
        raise ValueError(f"{where}: late is such as late = {{ grace = 60, percent = 10, most = 50 }}: minutes that cost nothing, then so "
                         "many percent of the points for each day begun, and at most so many.")


def _extensions(extensions, due, zone, where):
    """{student: a due date of their own}. Raises ValueError."""
    if not isinstance(extensions, dict):
        raise ValueError(f"{where}: extensions are such as extensions = {{ ada = 2026-12-11 }}.")
    if extensions and not due:
        raise ValueError(f"{where}: extensions move a due date, and there is none; write one, such as due = 2026-12-04.")
    found = {name: _due(until, zone, where, f"the extension of {name}") for name, until in extensions.items()}
    if early := [name for name, until in found.items() if until < due]:
        raise ValueError(f"{where}: the extension of {early[0]} ends before the due date.")
    return found


def _zone(name):
    if name is None:
        return None  # this computer's
    try:
        return ZoneInfo(name)
    except Exception:  # of several kinds, for what is no name
        raise ValueError(f"exercises/course.toml: timezone is {name!r}; write a name such as timezone = \"Europe/Zurich\".") from None


def _due(due, zone, where, what):
    if type(due) is date:
        due = datetime.combine(due, time(23, 59, 59))  # the whole day
    if not isinstance(due, datetime):
        raise ValueError(f"{where}: {what} is a date without quotes, such as 2026-12-04T23:59:00+01:00, or 2026-12-04.")
    try:
        due = due if due.tzinfo else due.replace(tzinfo=zone) if zone else due.astimezone()
        due.astimezone(UTC)  # which a due date is compared in
    except (ValueError, OverflowError):
        raise ValueError(f"{where}: {what} is in the year {due.year}, which can't be meant.") from None
    return due


def timezone():
    """The time zone that a class lives in: course.toml's, else this computer's (None)."""
    return _zone(course().get("timezone"))


def settings(lesson):
    """What exercises/course.toml says of a lesson, a dictionary."""
    return course().get(lesson, {})


def late(lesson):
    """The policy of lateness for a lesson, {"grace": minutes, "percent": a day begun, "most": percent}: its own, else the course's, else {}."""
    told = course()
    return told.get(lesson, {}).get("late", told.get("late", {}))


def select(nb, lesson, course):
    """Return nb with the tasks that `course` names: {"tasks": [...], "points": {task: points}}, both optional."""
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in nb.cells]
    tasks = [id_ for id_, cell in zip(ids, nb.cells) if cell.metadata.get("nbgrader", {}).get("solution")]
    for what in ("tasks", "points"):
        unknown = sorted(set(course.get(what, ())) - set(tasks))
        if unknown:
            raise ValueError(f"exercises/course.toml, [{lesson}], {what}: there is no task {', '.join(unknown)}. "
                             f"There are: {', '.join(tasks)}.")
    nb.metadata.pop("course", None)  # what the worked answers' outputs were made of (tools/stamp.py)
    dropped = set(tasks) - set(course.get("tasks", tasks))
    nb.cells = [cell for cell in nb.cells if cell.id.removesuffix("-text").removesuffix("-check") not in dropped]
    for cell in nb.cells:
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("grade"):
            name = meta["grade_id"].removesuffix("-check")
            meta["points"] = course.get("points", {}).get(name, meta["points"])
        if cell.id == PROGRESS:
            cell.source = "progress(" + ", ".join(f'"{name}"' for name in re.findall(r'"(\w+)"', cell.source) if name not in dropped) + ")"
    return nb


def configuration():
    """The configuration that nbgrader_config.py gives, for use without its command line."""
    config = Config()
    exec(compile((EXERCISES / "nbgrader_config.py").read_text(encoding="utf-8"), "nbgrader_config.py", "exec"),
         {"get_config": lambda: config, "__file__": str(EXERCISES / "nbgrader_config.py")})
    return config


def coursedir(**directories):
    """nbgrader's view of this course; `directories` replace its own."""
    config = configuration()
    for name, value in directories.items():
        setattr(config.CourseDirectory, name, str(value))
    return CourseDirectory(config=config), config


def generate(lesson, database=None):
    """Return the student version of a lesson's exercises, a notebook, made by nbgrader in a folder of its own.

    With `database` (a URL), the assignment and its cells are recorded there. Raises NoRelease.
    """
    with tempfile.TemporaryDirectory() as folder:
        course, config = coursedir(release_directory=folder, assignment_id=lesson, **({"db_url": database} if database else {}))
        steps = config.GenerateAssignment
        if database is None:
            steps.preprocessors = [each for each in steps.preprocessors if each is not SaveCells]
        step = GenerateAssignment(coursedir=course, config=config, no_database=database is None, force=True)
        done = capture_log(step)
        if not done["success"] and "KeyboardInterrupt" in f"{done.get('log')}{done.get('error')}":
            raise KeyboardInterrupt  # nbgrader takes it for a failure
        if not done["success"]:
            raise NoRelease(_reason(lesson, f"{done.get('log') or ''}{done.get('error') or ''}"))
        return nbformat.read(Path(folder, lesson, f"{notebook_name(lesson)}.ipynb"), as_version=4)


def _reason(lesson, log):
    """Why nbgrader could not make a release, in a sentence."""
    if "there are submissions associated" in log:
        return (f"The tasks of {lesson} are others than when its first submission was graded, and nbgrader's gradebook can't take that. "
                f"Write the tasks into course.toml as they were, or begin this lesson anew: cd exercises && ../.venv/bin/python -m "
                f"nbgrader db assignment remove {lesson} --force (its points stay in grades/{lesson}.csv until you grade again).")
    lines = log.strip().splitlines()
    told = next((line for line in reversed(lines) if "course.toml" in line), lines[-1] if lines else "no reason given")
    return f"The release of {lesson} can't be made. {told.partition('ValueError: ')[2] or told}"


def text(nb):
    """A notebook as git likes it."""
    return json.dumps(nb, indent=1, ensure_ascii=False) + "\n"


def write(folder, versions):
    """Write {file name: content} into `folder`, keeping what a learner has changed; return the lines to say.

    What was generated is remembered in generated.json by its SHA-256: another sum means another hand.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / MANIFEST
    sums = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    lines = []
    for name, content in versions.items():
        path, data = folder / name, content.encode()
        if path.exists() and path.read_bytes() != data and _sum(path.read_bytes()) != sums.get(name):
            beside = path.with_name(f"{path.stem}.new{path.suffix}")
            beside.write_bytes(data)
            lines.append(f"{name} was changed by hand and is kept; the new version is {beside.name}, beside it.")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
            lines.append(f"{name} written.")
        sums[name] = _sum(data)
    record.write_text(json.dumps(sums, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return lines


def _sum(data):
    return hashlib.sha256(data).hexdigest()


def main():
    try:
        course()
        versions = {f"{lesson}/{notebook_name(lesson)}.ipynb": text(generate(lesson)) for lesson in lessons()}
    except ValueError as error:
        return str(error)
    for line in write(EXERCISES / "release", versions) or ["The released exercises are up to date."]:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
