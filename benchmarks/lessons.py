"""Seconds and peak memory of every lesson, each in a fresh kernel, imports included.

    COURSE_DATA=real python benchmarks/lessons.py
"""
import os
import subprocess
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

LESSONS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
# The most that the process ever held in memory at once, shared libraries included: kilobytes on Linux, bytes on macOS.
PEAK = "import resource, sys; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024))"


def run(path):
    """Run a lesson; return its seconds, start of the kernel included, and its peak memory in bytes."""
    lesson = nbformat.read(path, as_version=4)
    lesson.cells.append(nbformat.v4.new_code_cell(PEAK))
    start = time.perf_counter()
    NotebookClient(lesson, timeout=900, kernel_name="python3", resources={"metadata": {"path": path.parent}}).execute(stderr=subprocess.DEVNULL)
    return time.perf_counter() - start, int(lesson.cells[-1].outputs[0]["text"])


def main():
    os.environ.setdefault("COURSE_STILL", "1")
    print("| lesson | seconds | peak memory, MB |", "| --- | --- | --- |", sep="\n")
    total = 0
    for path in LESSONS:
        seconds, peak = run(path)
        total += seconds
        print(f"| {path.stem[:2]} | {seconds:.1f} | {peak / 1e6:.0f} |", flush=True)
    print(f"\nAll seven: {total:.0f} seconds.")


if __name__ == "__main__":
    main()
