"""Seconds and peak memory of every lesson, each in a fresh kernel, imports included; the seven then again on the usual data path.

    COURSE_DATA_DIR=... python benchmarks/lessons.py [--alone] [--renew]   # --alone: without the usual data path
"""
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

*LESSONS, BONUS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
# The most that the process ever held in memory at once, shared libraries included: kilobytes on Linux, bytes on macOS.
PEAK = "import resource, sys; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024))"
# The same cells, but images come one at a time, through PIL and torchvision's transforms, as d2l's and PyTorch's
# loaders fetch them; everything else stays. Lessons assert that this is slow: those cells may fail here, and are named.
USUAL = """
import utils
from PIL import Image
from torch.utils.data import DataLoader, default_collate
from torchvision import transforms

def fetch_one(self, index):
    steps = [transforms.Resize(self.resize)] if self.resize else []
    steps += [transforms.ToTensor(), transforms.Normalize((self.mean,), (self.std,))]
    return transforms.Compose(steps)(Image.fromarray(self.images[index].numpy())), int(self.labels[index])

utils.ImageSet._batch = lambda self, indices: default_collate([fetch_one(self, index) for index in indices])
"""


def run(path, usual=False):
    """Run a lesson; return its seconds, start of the kernel included, and its peak memory in bytes."""
    lesson = nbformat.read(path, as_version=4)
    if usual:
        first = next(i for i, cell in enumerate(lesson.cells) if cell.cell_type == "code")
        lesson.cells.insert(first + 1, nbformat.v4.new_code_cell(USUAL))
    lesson.cells.append(nbformat.v4.new_code_cell(PEAK))
    start = time.perf_counter()
    NotebookClient(lesson, timeout=1800, kernel_name="python3", allow_errors=usual,
                   resources={"metadata": {"path": path.parent}}).execute(stderr=subprocess.DEVNULL)
    for cell in lesson.cells if usual else ():
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", ()):
                print(f"{path.stem}, cell {cell.id}: {output.ename}: {output.evalue}", flush=True)
    return time.perf_counter() - start, int(lesson.cells[-1].outputs[0]["text"])


class Together:
    """The most memory that all processes begun meanwhile held at once, in bytes; what several share counts once (PSS, Linux)."""

    def __enter__(self):
        self.most, self.over, self.thread = 0, threading.Event(), threading.Thread(target=self._look)
        self.thread.start()
        return self

    def _look(self):
        while not self.over.wait(0.2):
            held = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:  # it has just ended
                    pass
            self.most = max(self.most, held)

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def main():
    os.environ.setdefault("COURSE_STILL", "1")
    from common import root, where
    from page import report
    root()
    kinds = ("this course",) if "--alone" in sys.argv else ("this course", "usual path")
    rows, total = [], dict.fromkeys(kinds, 0)
    for path in LESSONS:
        row = [path.stem[:2]]
        for kind in kinds:
            taken, peak = run(path, usual=kind == "usual path")
            total[kind] += taken
            row += [f"{taken:.1f}", f"{peak / 1e6:.0f}"]
        rows.append(row)
    report("lessons", ("lesson", "s", "MB"), [row[:3] for row in rows], f"All seven: {total['this course']:.0f} s.", where())
    with Together() as processes:
        taken, peak = run(BONUS)
    report("lessons-bonus", ("lesson", "s", "the notebook, MB", "all its processes, MB"),
           [(BONUS.stem[:2], f"{taken:.1f}", f"{peak / 1e6:.0f}", f"{processes.most / 1e6:.0f}")], "", where())
    if len(kinds) > 1:
        report("lessons-usual", ["lesson", *(f"{kind}, {what}" for kind in kinds for what in ("s", "MB"))], rows,
               f"All seven: this course {total['this course']:.0f} s, the usual path {total['usual path']:.0f} s, "
               f"{total['usual path'] / total['this course']:.1f} times as long.", where())


if __name__ == "__main__":
    main()
