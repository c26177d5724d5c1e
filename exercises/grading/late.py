"""What handing in late costs: the policy of course.toml, applied to the gradebook each time a class is graded.

A policy takes so many percent of the exercises' points for each day begun after the due date and a grace, up to a most. An
extension moves the due date of one student. nbgrader has a place for both, so its pages show them too.
"""
import math
import unicodedata
from dataclasses import dataclass
from datetime import timezone

from nbgrader.api import Gradebook

from . import release
from .students import readable

DAY = 86400


@dataclass
class Lateness:
    """How late a submission is, in seconds, and what that costs. `reason`: in words, or "" where it is in time."""
    seconds: float = 0.0
    points: float = 0.0
    reason: str = ""


def duration(seconds: float) -> str:
    """A time in words, to the second: a day begun may hang on one."""
    seconds = math.ceil(seconds)
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number) or "0 s"


def cost(seconds: float, points: float, most: float, policy: dict, extended: bool = False) -> Lateness:
    """What a submission `seconds` late loses of its `points`, where the exercises have `most`.

    `policy`: {"grace": minutes, "percent": of `most` for each day begun, "most": percent at most}, all optional.
    """
    if seconds <= 0:
        return Lateness()
    late = f"late by {duration(seconds)}" + (", its extension counted" if extended else "")
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


def _same(name):
    """A name without case, and with its accents written in one way."""
    return unicodedata.normalize("NFC", name).casefold()


def of_nobody(left: list[str]) -> str:
    """What there is to say of extensions that `apply` could not give, or ""."""
    return "Extensions in course.toml for nobody here, or for two: " + ", ".join(map(readable, left)) if left else ""


def apply(lesson: str, database: str, names: dict[str, set[str]]) -> tuple[dict[str, Lateness], list[str]]:
    """Write extensions and deductions into the gradebook; return ({student: Lateness}, extensions of nobody).

    `names`: {student: what course.toml may call them}. Who is called as two are called gets no extension, and is returned.
    """
    settings = release.settings(lesson)
    policy, due, mine, left = release.late(lesson), settings.get("due"), {}, []
    for name, until in settings.get("extensions", {}).items():
        called = [student for student, known in names.items() if _same(name) in map(_same, known)]
        if len(called) != 1:
            left.append(name)
        else:
            mine[called[0]] = max(until, mine.get(called[0], until))  # written down twice: the later one
    found = {}
    with Gradebook(database) as gradebook:
        for submission in gradebook.assignment_submissions(lesson):
            student = submission.student.id
            submission.assignment.duedate = due.astimezone(timezone.utc).replace(tzinfo=None) if due else None
            submission.extension = mine[student] - due if student in mine else None
            points = sum(mark.score for part in submission.notebooks for mark in part.grades if not mark.needs_manual_grade)
            late = cost(submission.total_seconds_late, points, submission.max_score, policy, bool(submission.extension))
            for part in submission.notebooks:
                part.late_submission_penalty = late.points or None
            found[student] = late
        gradebook.db.commit()
    return found, sorted(left)

