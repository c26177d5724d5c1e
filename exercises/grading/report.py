"""What an instructor gets: a table, a CSV, a picture of the scores, and what there is to say of each submission."""
import csv
import io
import re
from pathlib import Path

from nbgrader.api import Gradebook

from . import keep, late
from .plug import template
from .students import readable

LONGEST = 200  # letters of a text that a student may have written


def scores(lesson: str, database: str):
    """Return (tasks, {task: most points}, {student: {task: points or None}}, {student: {task: old points}}).

    Points are None where they are to be given by hand, old points those of an answer that has been written anew since.
    """
    with Gradebook(database) as gradebook:
        parts = gradebook.find_assignment(lesson).notebooks
        most = {cell.name: cell.max_score for part in parts for cell in part.grade_cells}
        points, old = {}, {}
        for submission in gradebook.assignment_submissions(lesson):
            student = submission.student.id
            marks = {mark.name: mark for part in submission.notebooks for mark in part.grades}
            points[student] = {name: None if mark.needs_manual_grade else mark.score for name, mark in marks.items()}
            old[student] = {name: mark.manual_score for name, mark in marks.items()
                            if mark.needs_manual_grade and mark.manual_score is not None}
    names = [cell.metadata.nbgrader.grade_id for cell in template(lesson).cells
             if cell.metadata.get("nbgrader", {}).get("grade")]
    return names, most, points, old


def called(state: dict, student: str) -> str:
    """A student's name as a person reads it."""
    return readable(state["students"][student].get("name") or student)


def report(lesson: str, database: str, state: dict, folder: Path) -> None:
    """Print the table, write the CSV and the picture; return nothing."""
    entries = state["students"]
    delays, unknown = late.apply(lesson, database, late.names(state))
    tasks, most, points, old = scores(lesson, database)
    students = [student for student in sorted(entries) if student in points]
    titles = {task: task.removesuffix("-check") for task in tasks}
    names = {student: called(state, student) for student in students}
    remarks = {student: _remarks(lesson, student, entries[student], delays[student].reason,
                                 {titles[task]: old[student][task] for task in tasks if task in old[student]}) for student in students}
    print("\n" + "  ".join(f"{i}: {titles[task]} ({most[task]:g})" for i, task in enumerate(tasks, 1)))
    width = max(map(len, [*names.values(), "student"]))
    print(f"\n{'student':{width}}  " + "".join(f"{i:>5}" for i in range(1, len(tasks) + 1)) + "  total  remarks")
    rows = []
    for student in students:
        marks, said = points[student], [line for _, line in remarks[student]]
        raw, lost = sum((marks.get(task) or 0 for task in tasks), 0.0), delays[student].points
        total = raw - lost
        shown = "".join(f"{'-' if marks.get(task) is None else format(marks[task], 'g'):>5}" for task in tasks)
        print(f"{names[student]:{width}}  {shown}  {total:5g}  {len(said) or ''}")
        rows.append([names[student], *("" if marks.get(task) is None else marks[task] for task in tasks), raw, lost, total,
                     sum(most[task] for task in tasks), sum(marks.get(task) is None for task in tasks), "; ".join(said), student])
    print("(-: to be graded by hand. Remarks are listed below and in the CSV.)")
    for title in TITLES:
        lines = [f"  {names[student]}: {line}" for student in students for kind, line in remarks[student] if kind == title]
        if lines:
            print(f"\n{title}:\n" + "\n".join(lines))
    if unknown:
        print(f"\n{late.of_nobody(unknown)}")
    if missing := [called(state, student) for student in sorted(entries) if student not in points]:
        print("\nNot in the gradebook, give the command again: " + ", ".join(missing))
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["student", *titles.values(), "raw", "deduction", "total", "of", "to grade by hand", "remarks", "folder"])
    writer.writerows([[no_formula(value) for value in row] for row in rows])
    keep.replace(folder / f"{lesson}.csv", file.getvalue())
    keep.replace(folder / f"{lesson}.png", _plot([row[len(tasks) + 3] for row in rows], sum(most[task] for task in tasks), lesson))
    print(f"\nWritten: {folder / lesson}.csv and {folder / lesson}.png")


TITLES = ("Could not be graded (0 points)", "To be graded again by hand", "Stopped by a limit", "Cells that failed", "Mended", "Late",
          "Not counted")


def _remarks(lesson, student, entry, late, old):
    """[(title, line)] of what there is to say of a submission. Nothing of it steers a terminal, and nothing is long."""
    told = keep.autograded(lesson, student).get("metadata", {})
    lines = [(TITLES[0], note) for note in (entry["failed"], entry["lost"]) if note]
    lines += [(TITLES[1], f"{task}: it is answered anew, and had {points:g} points") for task, points in old.items()]
    lines += [(TITLES[2], note) for note in told.get("stopped", ())]
    lines += [(TITLES[2], "graded once more, alone, as only the clock had stopped it")] if entry.get("again") else []
    lines += [(TITLES[3], note) for note in told.get("failed", ())]
    lines += [(TITLES[4], note) for note in (*told.get("remarks", ()), *entry["notes"])]
    lines += [(TITLES[5], late)] if late else []
    lines += [(TITLES[6], note) for note in entry.get("refused", ())]
    return [(title, readable(str(line), LONGEST)) for title, line in lines]


def no_formula(value):
    """A spreadsheet must not take a student's words for a formula, also where it separates cells by other signs than commas."""
    if not isinstance(value, str):
        return value
    return re.sub(r"(^|[,;|\t\"'])(\s*)(?=[=+\-@＝＋－＠])", r"\1\2'", value)


def _plot(totals, most, lesson):
    """The scores' picture, a PNG's bytes."""
    import matplotlib
    matplotlib.use("agg")
    from matplotlib import pyplot as plt
    fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    ax.hist(totals, bins=[i - 0.5 for i in range(int(most) + 2)], rwidth=0.9, color="#0072B2")
    ax.set(xlabel=f"points of {most:g}", ylabel="students", title=f"{lesson}: {len(totals)} submissions")
    ax.yaxis.get_major_locator().set_params(integer=True)
    file = io.BytesIO()
    fig.savefig(file, dpi=100)
    plt.close(fig)
    return file.getvalue()
