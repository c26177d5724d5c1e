"""What handing in late costs: the policy of course.toml, applied to the gradebook each time a class is graded.

A policy takes so many percent of the exercises' points for each day begun after the due date and a grace, up to a most. An
extension moves the due date of one student. nbgrader has a place for both, so its pages show them too.
"""
import math
from dataclasses import dataclass
from datetime import timezone

from nbgrader.api import Gradebook

from . import release

DAY = 86400


@dataclass
class Lateness:
    """How late a submission is, in seconds, and what that costs. `reason`: in words, or "" where it is in time."""
    seconds: float = 0.0
    points: float = 0.0
    reason: str = ""


def cost(seconds: float, points: float, most: float, policy: dict, extended: bool = False) -> Lateness:
    """What a submission `seconds` late loses of its `points`, where the exercises have `most`.

    `policy`: {"grace": minutes, "percent": of `most` for each day begun, "most": percent at most}, all optional.
    """
    if seconds <= 0:
        return Lateness()
    late = f"late by {seconds / 3600:.1f} h" + (", its extension counted" if extended else "")
    percent, grace = policy.get("percent", 0), 60 * policy.get("grace", 0)
    if not percent:
        return Lateness(seconds, 0.0, late)
    if seconds <= grace:
        return Lateness(seconds, 0.0, f"{late}, within the grace of {policy['grace']:g} min")
    days = math.ceil((seconds - grace) / DAY)
    share = min(days * percent, policy.get("most", 100))
    lost = min(points, round(share * most / 100, 2))
    return Lateness(seconds, lost, f"{late}: {days} day{'s' if days > 1 else ''} begun, {share:g} % of {most:g} points: -{lost:g} of {points:g}")


def names(state: dict) -> dict[str, set[str]]:
    """{student: what course.toml may call them} of a lesson's record."""
    return {student: {student, *(entry.get(key) or student for key in ("name", "identity", "number"))} for student, entry in state["students"].items()}


def apply(lesson: str, database: str, names: dict[str, set[str]]) -> tuple[dict[str, Lateness], list[str]]:
    """Write extensions and deductions into the gradebook; return ({student: Lateness}, extensions of nobody).

    `names`: {student: what course.toml may call them}. Who is called as two are called gets no extension, and is returned.
    """
    settings = release.settings(lesson)
    policy, extensions = release.late(lesson), dict(settings.get("extensions", {}))
    mine = {}
    for name in list(extensions):
        called = [student for student, known in names.items() if name in known]
        if len(called) == 1:
            mine[called[0]] = extensions.pop(name)
    found = {}
    with Gradebook(database) as gradebook:
        for submission in gradebook.assignment_submissions(lesson):
            student = submission.student.id
            due = mine.get(student)
            base = submission.assignment.duedate
            submission.extension = None if due is None or base is None else (
                due.astimezone(timezone.utc).replace(tzinfo=None) - base)
            late = cost(submission.total_seconds_late, submission.score, submission.max_score, policy, bool(submission.extension))
            for part in submission.notebooks:
                part.late_submission_penalty = late.points or None
            found[student] = late
        gradebook.db.commit()
    return found, sorted(extensions)

