"""How long until the images are there: from disk to batches, and the imports before.

    COURSE_DATA_DIR=... python benchmarks/loading.py [--renew]
"""
import statistics
import subprocess
import sys

from common import root, seconds, usual_iterators, utils, where
from page import report

LOADERS = {"MNIST": utils.load_data_mnist, "FashionMNIST": utils.load_data_fashion_mnist}


def first_pass(iterators):
    """Open both sets and go through all batches of both once."""
    return sum(len(y) for data_iter in iterators() for _, y in data_iter)


# Beside a CPU build of torch, torchvision's CUDA build imports only when its missing operators are named (see utils.py).
NAMED = ("import torch; library = torch.library.Library('torchvision', 'FRAGMENT');"
         "library.define('nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor');"
         "library.define('qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor');")


# The largest size by the kernel's own account: what getrusage tells begins with the size of the process that started this one.
PRINT = (";import re, resource; u = resource.getrusage(resource.RUSAGE_SELF);"
         "print(u.ru_utime + u.ru_stime, int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) / 1024)")


def imports(repeats=9):
    """Median seconds of the processor, and megabytes, of a Python that only imports; the two take turns."""
    d2l = "from d2l import torch"
    plain = subprocess.run([sys.executable, "-c", d2l], capture_output=True)
    code = {"import utils": "import utils", d2l: d2l if plain.returncode == 0 else NAMED + d2l}
    taken = {statement: [] for statement in code}
    for _ in range(repeats):
        for statement, times in taken.items():
            done = subprocess.run([sys.executable, "-c", code[statement] + PRINT], cwd=utils.HERE, check=True, capture_output=True)
            times.append([float(number) for number in done.stdout.split()])
    return {statement: [statistics.median(numbers) for numbers in zip(*times)] for statement, times in taken.items()}


def main():
    root()
    rows = []
    for name, load in LOADERS.items():
        ours = usual = None
        ours_seconds, usual_seconds = [], []
        for _ in range(3):
            taken, ours = seconds(lambda: first_pass(lambda: load(256)))
            ours_seconds.append(taken)
            taken, usual = seconds(lambda: first_pass(lambda: usual_iterators(name, 256)))
            usual_seconds.append(taken)
        assert ours == usual == 70_000
        a, b = statistics.median(usual_seconds), statistics.median(ours_seconds)
        rows.append((name, f"{a:.2f}", f"{b:.3f}", f"{a / b:.0f} x"))
    report("loading", ("70,000 images from disk, first pass", "torchvision + ToTensor, s", "this course, s", "faster"), rows, measured=where())
    taken = imports()
    a, b = taken["from d2l import torch"][0], taken["import utils"][0]
    report("imports", ("import", "seconds of the processor", "MB resident"),
           [(name, f"{seconds:.2f}", f"{size:.0f}") for name, (seconds, size) in taken.items()],
           f"`import utils` takes {b / a:.2f} times the processor's time.", where())


if __name__ == "__main__":
    main()
