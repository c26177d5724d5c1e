"""Grade a class: `python -m exercises.grading LESSON SUBMISSIONS`, the command behind `make grade`."""
import argparse
import os
import sys
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(prog="make grade", description=__doc__)
    parser.add_argument("lesson", help="such as 04-softmax-from-scratch")
    parser.add_argument("submissions", type=Path, help="a folder or a zip")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="submissions side by side")
    parser.add_argument("--sandbox", default=os.environ.get("COURSE_SANDBOX", "bubblewrap"), choices=["bubblewrap", "none"])
    parser.add_argument("--force", action="store_true", help="grade again what was graded before")
    options = parser.parse_args()
    try:
        from .run import Stop, run  # takes seconds, in which somebody may change their mind
        from .sandbox import NoSandbox
        try:
            run(options.lesson, options.submissions, options.jobs, options.sandbox, options.force)
        except (Stop, NoSandbox) as error:
            sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nStopped. What was graded is kept: the same command goes on from there.")


if __name__ == "__main__":
    main()
