"""Write each student's page, and pack them for a learning system: `python -m exercises.grading.feedback`, behind `make feedback`.

A page needs nothing but itself. Moodle takes back a zip with the folders' names that it gave ("Upload multiple feedback files in a
zip": mod/assign/feedback/file/importziplib.php finds the participant's number in them), Canvas one with the files' names that it gave
("Upload submissions"; infer_comment_context_from_filename finds the numbers of the student and of what was handed in).
"""
import argparse
import re
import sys
import zipfile
from pathlib import Path

from nbgrader.converters import GenerateFeedback
from nbgrader.utils import capture_log

from . import keep, late, release
from .report import called
from .students import CANVAS, NOTEBOOK

SYSTEMS = ("moodle", "canvas")
OF_MOODLE = re.compile(r".+_\d+_assignsubmission_[A-Za-z]+_?")  # a folder's name, or how a flat export's files begin


def pages(lesson: str) -> dict[str, Path]:
    """Write the pages of all who are graded; return {student: the page}. Raises ValueError."""
    course, config = release.coursedir(assignment_id=lesson)
    done = capture_log(GenerateFeedback(coursedir=course, config=config, force=True))
    if not done["success"]:
        lines = f"{done.get('log') or ''}{done.get('error') or ''}".strip().splitlines()
        raise ValueError(f"nbgrader could not write the pages: {lines[-1] if lines else 'no reason given'}")
    return {path.parents[1].name: path for path in sorted((keep.EXERCISES / "feedback").glob(f"*/{lesson}/{release.notebook_name(lesson)}.html"))}


def place(system: str, given: str, lesson: str) -> str:
    """Where a page belongs in a system's zip, "" where that system gave no such name. `given`: what it called a folder or a file."""
    if system == "moodle":
        match = OF_MOODLE.match(given)
        if not match:
            return ""
        return f"{given}/{lesson}.html" if match[0] == given else f"{match[0].rstrip('_')}_{lesson}.html"
    match = CANVAS.match(given)
    return f"{NOTEBOOK.sub('', given)}.html" if match and match["attempt"] else ""


def pack(lesson: str, system: str, state: dict, written: dict[str, Path]) -> tuple[Path, list[str]]:
    """Write the zip; return its path and who is not in it, in words. Raises ValueError where nobody is."""
    places, left = {}, []
    for student, entry in state["students"].items():
        where = place(system, entry.get("given", ""), lesson) if entry.get("system") == system else ""
        if student in written and where:
            places[where] = written[student]
        else:
            left.append(f"{called(state, student)}: " + ("has no page" if student not in written else f"was not handed in through {system.capitalize()}"))
    if not places:
        raise ValueError(f"Nobody's work came from {system.capitalize()}, as far as the names tell: make grade with its own export, then this once more.")
    target = keep.EXERCISES / "feedback" / f"{lesson}-for-{system}.zip"
    new = target.with_suffix(".new")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for where, path in sorted(places.items()):
            archive.write(path, where)
    new.replace(target)
    return target, left


def run(lesson: str, system: str = "") -> None:
    """Write the pages, and the zip where `system` is "moodle" or "canvas"; say where they are. Raises ValueError or OSError."""
    state = keep.state(keep.graded(lesson))
    if not state.get("students"):
        raise ValueError(f"Nobody is graded yet: make grade LESSON={lesson} FROM=... comes first.")
    _, unknown = late.apply(lesson, f"sqlite:///{keep.GRADEBOOK}", late.names(state))
    if unknown:
        print(late.of_nobody(unknown))
    written = pages(lesson)
    print(f"{len(written)} pages: {keep.EXERCISES / 'feedback'}/<student>/{lesson}/{release.notebook_name(lesson)}.html")
    if system:
        target, left = pack(lesson, system, state, written)
        print("\nNot in the zip:\n  " + "\n  ".join(left) + "\n" if left else "")
        how = ("the assignment's submissions, Upload multiple feedback files in a zip" if system == "moodle" else
               "the assignment, Upload submissions; it shows each page under the name of the file that was handed in")
        print(f"Written: {target}. In {system.capitalize()}: {how}.")


def main():
    parser = argparse.ArgumentParser(prog="make feedback", description=__doc__)
    parser.add_argument("lesson", help="such as 04-softmax-from-scratch")
    parser.add_argument("--pack", default="", help="moodle or canvas: write also the zip that it takes")
    options = parser.parse_args()
    if options.pack not in ("", *SYSTEMS):
        sys.exit(f"PACK is {options.pack!r}, where it takes {' or '.join(SYSTEMS)}.")
    try:
        run(options.lesson, options.pack)
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
