"""Fill a lesson's marks into the gradebook that a learning system exported: `python -m exercises.grading.marks`, behind `make marks`.

The export stays as it is; a copy with the marks is written to grades/, to be imported as it comes. Students are matched by what
their submissions were called by (a number, an account), then by name; whoever matches nobody or two is listed, never guessed.
"""
import argparse
import re
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from . import keep, late
from .gradebooks import Gradebook, NotUnderstood, plain
from .report import called, scores
from .students import readable

SHOWN = 20  # names of one kind
NUMBERED = re.compile(r"\b(?:exercises?|lessons?|assignments?|homework|hw|weeks?|übung|übungen|aufgaben?|lektion|woche|exercices?|leçon|semaine|"
                      r"ejercicios?|lección|semana|tarea)\W{0,2}0*(\d+)\b(?![./-]\d)", re.I)
DIGITS_WORDS = re.compile(r"[^\W_]+")


def find(entry: dict, rows: list, kind: str) -> tuple[list, str]:
    """The rows that could be a student's; and why the one row is not taken all the same, in words, or "".

    `entry`: the record of a submission, with its name, identity, number and system. `rows`: gradebooks.Row. `kind`: whose gradebook it is.
    Where the submission came through that system, its number decides: a name beside another number is another person's.
    """
    system, identity, account = entry["system"], entry["identity"], entry["identity"].casefold()
    name = "" if system in ("canvas", "gradescope") else identity.rpartition("_")[0] if entry["number"] else entry["name"]
    if entry["number"] and system == kind:
        mine = [row for row in rows if row.number == entry["number"]]
        if len(mine) == 1 and _another(kind, name, identity, mine[0]):
            return mine, f"the number is that of {readable(mine[0].shown)} there"
        if mine or any(row.number for row in rows):
            return mine, ""
    mine = [row for row in rows if account in row.accounts]
    if system == "blackboard" and not mine:  # <assignment>_<account>; the short name is what all submissions' names do not begin with
        short = entry["name"].casefold()
        mine = [row for row in rows if short in row.accounts] or [
            row for row in rows if any(account.endswith(f"_{each}") and each.endswith(short) for each in row.accounts)]
    named = [row for row in rows if plain(name) and (plain(name) in map(plain, row.names) or plain(name) in row.words)]
    if system == "canvas" and not mine:
        named = [row for row in rows if _pressed(identity.rpartition("_")[0]) in map(_pressed, row.names)]
    return mine + [row for row in named if row not in mine], ""


def _pressed(name):
    """A name as Canvas writes it into a file's: letters alone."""
    return "".join(DIGITS_WORDS.findall(name)).casefold()


def _another(kind, name, identity, row):
    """Whether a row with the right number is another person's: Moodle's numbers are one assignment's, so the whole name must stand in
    the row, where marking is not blind; Canvas's are the person's own, so a name that shares a word was perhaps changed."""
    if kind == "moodle":
        return plain(name) != ("participant",) and plain(name) not in row.words and _pressed(name) not in map(_pressed, row.names)
    words, pressed = {word for each in row.names for word in plain(each)}, _pressed(identity.rpartition("_")[0])
    return pressed.isascii() and bool(words) and all(map(str.isascii, words)) and not any(len(word) > 1 and word in pressed for word in words)


def choose(gradebook: Gradebook, lesson: str, column: str) -> int:
    """The column that is the lesson's, or that `column` names. Raises NotUnderstood."""
    columns = gradebook.columns()
    listed = "; ".join(readable(title) for title in columns.values()) or "none that takes points"
    if column:
        chosen = [at for at, title in columns.items() if column in (title, gradebook.title(at)) or f"({column})" in title or title.endswith(f"|{column}")]
        problem = f"COLUMN is {column!r}, which names {'no column' if not chosen else 'more than one column'} for marks of {gradebook.path}."
    else:
        mine, slug = int(lesson.partition("-")[0]), set(plain(re.sub(r"^\d+-", "", lesson)))
        told = {at: {int(number) for number in NUMBERED.findall(gradebook.title(at))} for at in columns}
        chosen = list(columns) if gradebook.kind == "moodle" and len(columns) == 1 else [
            at for at, numbers in told.items() if numbers == {mine} or not numbers and slug <= set(plain(gradebook.title(at)))]
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
    found = {student: find(entry, rows, gradebook.kind) for student, entry in state["students"].items()}
    graded = [student for student in state["students"] if student in totals]
    claims, filled, told = {}, [], {}

    def tell(kind, student, why=""):
        told.setdefault(kind, []).append(f"{called(state, student)}{': ' if why else ''}{why}")

    for student in graded:
        mine, why = found[student]
        if len(mine) == 1 and not why:
            claims.setdefault(mine[0].at, []).append(student)
        else:
            where = ", ".join(f"{readable(row.shown)} (row {row.at + 1})" for row in mine)
            tell("Not filled in", student, why or (f"could be {where}" if mine else "in no row"))
    if not claims:
        raise NotUnderstood(f"None of the {len(graded)} students who handed in stands in {gradebook.path}. Is it another course's, or "
                            f"another assignment's? Its first: {', '.join(readable(row.shown) for row in rows[:3])}.")
    told_most = {gradebook.most(column, at) for at in claims}
    if None in told_most or 0 in told_most:
        raise NotUnderstood(f"{gradebook.title(column)!r} of {gradebook.path} takes no points, or does not say out of how many: set them there, export it again.")
    others = told_most - {most for _, most, _ in totals.values()}
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
                if gradebook.fill(column, at, points * gradebook.most(column, at) / most if scale else points):
                    tell("Had another mark there", student)
                if state["students"][student]["lost"]:
                    tell("0 points, as nothing could be graded", student)
                filled.append(student)
    theirs = {row.at for mine, why in found.values() if not why for row in mine}  # also of who could not be graded, or could be two
    if missing := [row for row in rows if row.at not in theirs]:
        told["In the gradebook, with nothing handed in (left as they are)"] = [readable(row.shown) for row in missing]
    return filled, told


def run(lesson: str, path: Path, column: str = "", scale: bool = False, partial: bool = False) -> Path:
    """Write the filled copy, and print what there is to say; return its path. Raises ValueError or OSError."""
    record = keep.graded(lesson)
    gradebook = Gradebook(path)
    with FileLock(record.parent / ".lock", timeout=0):
        state, nobody = keep.state(record), f"Nobody is graded yet: make grade LESSON={lesson} FROM=... comes first."
        if not state.get("students"):
            raise ValueError(nobody)
        if any("system" not in entry for entry in state["students"].values()):
            raise ValueError(f"These grades are of an older version of the course: make grade LESSON={lesson} FROM=... once more.")
        delays, unknown = late.apply(lesson, f"sqlite:///{keep.GRADEBOOK}", late.names(state))
        tasks, most, points, _ = scores(lesson, f"sqlite:///{keep.GRADEBOOK}")
    totals = {student: (sum(marks.get(task) or 0 for task in tasks) - delays[student].points, sum(most[task] for task in tasks),
                        sum(marks.get(task) is None for task in tasks))
              for student, marks in points.items() if student in state["students"] and not state["students"][student]["failed"]}
    if not totals:
        raise ValueError(nobody)
    if unknown:
        print(late.of_nobody(unknown))
    at = choose(gradebook, lesson, column)
    filled, told = fill(gradebook, at, state, totals, scale, partial)
    for student, entry in state["students"].items():
        if student not in totals:
            told.setdefault("Not filled in", []).append(f"{called(state, student)}: {entry['failed'] or 'not in the gradebook'}")
    system = gradebook.system
    print(f"{system.name}, column {readable(gradebook.cells[0][at])!r}: {len(filled)} of {len(gradebook.students())} students now have this class's mark there.")
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
