"""Grade a class: `python -m exercises.grading LESSON SUBMISSIONS`, the command behind `make grade`."""
import argparse
import os
import signal
import sys
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(prog="make grade", description=__doc__)
    parser.add_argument("lesson", help="such as 04-softmax-from-scratch")
    parser.add_argument("submissions", type=Path, help="a folder or a zip, or exchange: what a class on one server handed in")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="submissions side by side")
    parser.add_argument("--workers", default="", help="grade on Dask's workers instead: local:4, or a scheduler's address, tls://host:8786")
    parser.add_argument("--sandbox", default=os.environ.get("COURSE_SANDBOX", "bubblewrap"), choices=["bubblewrap", "none"])
    parser.add_argument("--force", action="store_true", help="grade again what was graded before")
    options = parser.parse_args()
    before = signal.signal(signal.SIGINT, _stop)  # the imports take seconds, and some of them can't be interrupted in order
    from .run import STOPPED, Stop, leave, run
    from .sandbox import NoSandbox
    signal.signal(signal.SIGINT, before)
    try:
        run(options.lesson, options.submissions, options.jobs, options.sandbox, options.force, options.workers)
    except (Stop, NoSandbox) as error:
        if str(error) == STOPPED:
            leave()
        sys.exit(str(error))
    except KeyboardInterrupt:
        leave()


def _stop(*_):
    print("\nStopped before anything was done.", file=sys.stderr, flush=True)
    os._exit(1)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # taking PyTorch down in order would take a second or two
