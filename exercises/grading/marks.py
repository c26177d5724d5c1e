"""Fill a lesson's marks into the gradebook that a learning system exported: `python -m exercises.grading.marks`, behind `make marks`.

The export stays as it is; a copy with the marks is written to grades/, to be imported as it comes. Students are matched by what
their submissions were called by (a number, an account), then by name; whoever matches nobody or two is listed, never guessed.
"""
import argparse
import re
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from . import keep, late, release
from .gradebooks import Gradebook, NotUnderstood, plain
from .report import called, scores
from .students import readable

SHOWN = 20  # names of one kind
DIGITS_WORDS = re.compile(r"[^\W_]+")


def find(entry: dict, rows: list) -> tuple[list, str]:
    """The rows that are a student's, best reason first; and why the one row is not taken all the same, in words, or "".

    `entry`: the record of a submission, with its name, identity, number and system. `rows`: gradebooks.Row.
    """
    system, identity, account = entry["system"], entry["identity"], entry["identity"].casefold()
    name = "" if system in ("canvas", "gradescope") else identity.rpartition("_")[0] if entry["number"] else entry["name"]
    if entry["number"]:
        mine = [row for row in rows if row.number == entry["number"]]
        if mine:
            return mine, _another(system, name, identity, mine[0]) if len(mine) == 1 else ""
    mine = [row for row in rows if account in row.accounts]
    if not mine and system == "blackboard":  # <assignment>_<account>
        mine = [row for row in rows if any(account.endswith(f"_{each}") for each in row.accounts)]
    if not mine and plain(name):
        mine = [row for row in rows if plain(name) in map(plain, row.names)]
    if not mine and system == "canvas":
        mine = [row for row in rows if _pressed(identity.rpartition("_")[0]) in map(_pressed, row.names)]
    return mine, ""


def _pressed(name):
    """A name as Canvas writes it into a file's: letters alone."""
    return "".join(DIGITS_WORDS.findall(name)).casefold()


def _another(system, name, identity, row):
    """Why a row with the right number is not the student's: the names have nothing in common. In words, or ""."""
    if not row.names:
        return ""
    words = {word for each in row.names for word in plain(each)}
    if system == "canvas":
        pressed = _pressed(identity.rpartition("_")[0])
        same = not pressed.isascii() or not all(map(str.isascii, words)) or any(len(word) > 1 and word in pressed for word in words)
    else:
        same = name.casefold() == "participant" or bool(words & set(plain(name)))
    return "" if same else f"the number is that of {readable(row.shown)} there"


def choose(gradebook: Gradebook, lesson: str, column: str) -> int:
    """The column that is the lesson's, or that `column` names. Raises NotUnderstood."""
    columns = gradebook.columns()
    listed = "; ".join(readable(title) for title in columns.values()) or "none"
    if column:
        chosen = [at for at, title in columns.items() if column in (title, gradebook.title(at)) or f"({column})" in title or title.endswith(f"|{column}")]
        problem = f"COLUMN is {column!r}, which names {'no column' if not chosen else 'more than one column'} for marks of {gradebook.path}."
    else:
        slug = plain(re.sub(r"^\d+-", "", lesson))
        chosen = list(columns) if gradebook.kind == "moodle" and len(columns) == 1 else [
            at for at, title in columns.items() if set(slug) <= set(plain(title)) or lesson.partition("-")[0] in DIGITS_WORDS.findall(gradebook.title(at))]
        problem = (f"Which column of {gradebook.path} is {lesson}'s can't be told from the titles: say COLUMN=\"...\"." if not chosen else
                   f"More than one column of {gradebook.path} could be {lesson}'s: say COLUMN=\"...\".")
    if len(chosen) != 1:
        raise NotUnderstood(f"{problem} There are: {listed}.")
    return chosen[0]


def fill(gradebook: Gradebook, column: int, state: dict, totals: dict, scale: bool = False, partial: bool = False) -> tuple[list[str], dict[str, list[str]]]:
    """Fill in what can be; return (the names filled in, {kind of remark: names and reasons}).

    `totals`: {student: (points, most, how many tasks are still to be marked by hand)}. `scale`: convert where the column has another
    most. `partial`: fill in also what is not wholly marked. Raises NotUnderstood where nothing fits.
    """
    rows = gradebook.students()
    entries = {student: entry for student, entry in state["students"].items() if student in totals}
    claims, filled, told = {}, [], {}

    def tell(kind, student, why=""):
        told.setdefault(kind, []).append(f"{called(state, student)}{': ' if why else ''}{why}")

    for student, entry in entries.items():
        mine, why = find(entry, rows)
        if len(mine) == 1 and not why:
            claims.setdefault(mine[0].at, []).append(student)
        else:
            where = ", ".join(f"{readable(row.shown)} (row {row.at + 1})" for row in mine)
            tell("Not filled in", student, why or (f"could be {where}" if mine else "in no row"))
    if not claims:
        raise NotUnderstood(f"None of the {len(entries)} students who handed in stands in {gradebook.path}. Is it another course's, or "
                            f"another assignment's? Its first: {', '.join(readable(row.shown) for row in rows[:3])}.")
    others = {gradebook.most(column, at) for at in claims} - {None, *(most for _, most, _ in totals.values())}
    if others and not scale:
        most = next(most for _, most, _ in totals.values())
        raise NotUnderstood(f"{gradebook.title(column)!r} is out of {others.pop():g} points in {gradebook.path}, and the exercises are out of {most:g}. "
                            "Make them the same (there, or in course.toml), or say SCALE=1 to have the marks converted.")
    for at, claimants in claims.items():
        for student in claimants:
            points, most, left = totals[student]
            if len(claimants) > 1:
                tell("Not filled in", student, f"the row of {readable(next(row.shown for row in rows if row.at == at))} is also "
                     + " and ".join(called(state, other) for other in claimants if other != student) + "'s")
            elif closed := gradebook.closed(column, at):
                tell("Not filled in", student, closed)
            elif left and not partial:
                tell("Not filled in", student, f"{left} task{'s' if left > 1 else ''} still to be marked by hand (make formgrader)")
            else:
                if gradebook.fill(column, at, points * (gradebook.most(column, at) or most) / most if scale else points):
                    tell("Had another mark there", student)
                if entries[student]["lost"]:
                    tell("0 points, as nothing could be graded", student)
                filled.append(student)
    if missing := [row for row in rows if row.at not in claims]:
        told["In the gradebook, with nothing handed in (left as they are)"] = [readable(row.shown) for row in missing]
    return filled, told


def run(lesson: str, path: Path, column: str = "", scale: bool = False, partial: bool = False) -> Path:
    """Write the filled copy, and print what there is to say; return its path. Raises ValueError or OSError."""
    if lesson not in release.lessons():
        raise ValueError(f"There are no exercises called {lesson!r}. There are: {', '.join(release.lessons())}.")
    record = keep.GRADEBOOK.parent / "grades" / f"{lesson}.json"
    if not record.exists() or not keep.GRADEBOOK.exists():
        raise ValueError(f"Nothing is graded yet: make grade LESSON={lesson} FROM=... comes first.")
    gradebook = Gradebook(path)
    with FileLock(record.parent / ".lock", timeout=0):
        state = keep.state(record)
        if any("system" not in entry for entry in state.get("students", {}).values()):
            raise ValueError(f"These grades are of an older version of the course: make grade LESSON={lesson} FROM=... once more.")
        delays, _ = late.apply(lesson, f"sqlite:///{keep.GRADEBOOK}", late.names(state))
        tasks, most, points, _ = scores(lesson, f"sqlite:///{keep.GRADEBOOK}")
    totals = {student: (sum(marks.get(task) or 0 for task in tasks) - delays[student].points, sum(most[task] for task in tasks),
                        sum(marks.get(task) is None for task in tasks))
              for student, marks in points.items() if student in state.get("students", {}) and not state["students"][student]["failed"]}
    if not totals:
        raise ValueError(f"Nobody is graded yet: make grade LESSON={lesson} FROM=... comes first.")
    at = choose(gradebook, lesson, column)
    filled, told = fill(gradebook, at, state, totals, scale, partial)
    for student, entry in state["students"].items():
        if student not in totals:
            told.setdefault("Not filled in", []).append(f"{called(state, student)}: {entry['failed'] or 'not in the gradebook'}")
    system = gradebook.system
    print(f"{system.name}, column {readable(gradebook.cells[0][at])!r}: {len(filled)} of {len(gradebook.students())} students have a mark of this class.")
    for kind, lines in told.items():
        more = f"\n  and {len(lines) - SHOWN} more" if len(lines) > SHOWN and kind.startswith("In the") else ""
        print(f"\n{kind}:\n  " + "\n  ".join(lines[:SHOWN] if more else lines) + more)
    if not filled:
        raise ValueError("So there is nothing to import, and nothing was written.")
    target = record.parent / f"{lesson}-for-{gradebook.kind}{path.suffix}"
    keep.replace(target, gradebook.bytes())
    print(f"\nWritten: {target}. Import it as it is: in {system.name}, {system.load}. {path} was left as it was.")
    return target


def main():
    parser = argparse.ArgumentParser(prog="make marks", description=__doc__)
    parser.add_argument("lesson", help="such as 04-softmax-from-scratch")
    parser.add_argument("gradebook", type=Path, help="the file that the learning system exported")
    parser.add_argument("--column", default="", help="the title of the column, where it can't be told from the lesson's name")
    parser.add_argument("--scale", action="store_true", help="convert where the column is out of another number of points")
    parser.add_argument("--partial", action="store_true", help="fill in also marks of which a task in words is still missing")
    options = parser.parse_args()
    try:
        run(options.lesson, options.gradebook.expanduser(), options.column, options.scale, options.partial)
    except Timeout:
        sys.exit("A run is grading in this folder. Wait until it has ended, and give the command again.")
    except OSError as error:
        sys.exit(f"{error.strerror or error}: {error.filename or options.gradebook}. Nothing was written.")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
