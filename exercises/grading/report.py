"""What an instructor gets: a table, a CSV, a picture of the scores, and what there is to say of each submission."""
import csv
import json

from nbgrader.api import Gradebook

from . import release
from .plug import template

EXERCISES = release.EXERCISES


def scores(lesson, database):
    """Return (tasks, {task: most points}, {student: {task: points or None}}, {student: seconds late}) of the gradebook."""
    with Gradebook(database) as gradebook:
        parts = gradebook.find_assignment(lesson).notebooks
        most = {cell.name: cell.max_score for part in parts for cell in part.grade_cells}
        points, late = {}, {}
        for submission in gradebook.assignment_submissions(lesson):
            marks = {mark.name: mark for part in submission.notebooks for mark in part.grades}
            points[submission.student.id] = {
                name: None if mark.needs_manual_grade and mark.manual_score is None else mark.score
                for name, mark in marks.items()}
            late[submission.student.id] = submission.total_seconds_late
    names = [cell.metadata.nbgrader.grade_id for cell in template(lesson).cells
             if cell.metadata.get("nbgrader", {}).get("grade")]
    return names, most, points, late


def report(lesson, database, state, folder):
    """Print the table, write the CSV and the picture; return nothing."""
    tasks, most, points, late = scores(lesson, database)
    students = [student for student in sorted(state["students"]) if student in points]
    titles = [task.removesuffix("-check") for task in tasks]
    print("\n" + "  ".join(f"{i}: {title} ({most[task]:g})" for i, (task, title) in enumerate(zip(tasks, titles), 1)))
    names = {student: state["students"][student].get("name") or student for student in students}
    width = max(map(len, [*names.values(), "student"]))
    print(f"\n{'student':{width}}  " + "".join(f"{i:>5}" for i in range(1, len(tasks) + 1)) + "  total  remarks")
    rows = []
    for student in students:
        entry, marks = state["students"][student], points[student]
        remarks = [note for note in (entry["failed"], entry["lost"]) if note] + entry["notes"] + _stopped(lesson, student)
        if late[student]:
            remarks.append(f"late by {late[student] / 3600:.1f} h")
        total = sum(value or 0 for value in marks.values())
        shown = "".join(f"{'-' if marks.get(task) is None else format(marks[task], 'g'):>5}" for task in tasks)
        print(f"{names[student]:{width}}  {shown}  {total:5g}  {len(remarks) or ''}")
        rows.append([names[student], *("" if marks.get(task) is None else marks[task] for task in tasks), total,
                     sum(most.values()), sum(value is None for value in marks.values()), "; ".join(remarks), student])
    print("(-: to be graded by hand. Remarks are listed below and in the CSV.)")
    for title, pick in (
            ("Could not be graded (0 points)", lambda entry, _: [entry["failed"], entry["lost"]]),
            ("Stopped by a limit", lambda _, student: _stopped(lesson, student)),
            ("Mended", lambda entry, _: entry["notes"])):
        lines = [f"  {names[student]}: {note}" for student in students for note in pick(state["students"][student], student) if note]
        if lines:
            print(f"\n{title}:\n" + "\n".join(lines))
    with open(folder / f"{lesson}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["student", *titles, "total", "of", "to grade by hand", "remarks", "folder"])
        writer.writerows([[_cell(value) for value in row] for row in rows])
    _plot([row[len(tasks) + 1] for row in rows], sum(most.values()), lesson, folder / f"{lesson}.png")
    print(f"\nWritten: {folder / lesson}.csv and {folder / lesson}.png")


def _cell(value):
    """A spreadsheet must not take a student's words for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _stopped(lesson, student):
    path = EXERCISES / "autograded" / student / lesson / f"{release.notebook_name(lesson)}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))["metadata"].get("stopped", []) if path.exists() else []


def _plot(totals, most, lesson, path):
    import matplotlib
    matplotlib.use("agg")
    from matplotlib import pyplot as plt
    fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    ax.hist(totals, bins=[i - 0.5 for i in range(int(most) + 2)], rwidth=0.9, color="#0072B2")
    ax.set(xlabel=f"points of {most:g}", ylabel="students", title=f"{lesson}: {len(totals)} submissions")
    ax.yaxis.get_major_locator().set_params(integer=True)
    fig.savefig(path, dpi=100)
    plt.close(fig)
