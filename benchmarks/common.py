"""What the benchmarks share: the usual path to the data, the usual example, and the line that says where it ran."""
import ast
import importlib.metadata
import json
import math
import os
import platform
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import utils  # before d2l and torchvision
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader


def root():
    """The folder with the real data sets; ends the program where there is none."""
    folder = Path(os.environ.get("COURSE_DATA_DIR") or utils.HERE / "data").resolve()
    if not all((folder / name / "raw").is_dir() for name in ("MNIST", "FashionMNIST")):
        sys.exit("This benchmark needs the real data sets: run a lesson that downloads them, or name their folder in COURSE_DATA_DIR.")
    os.environ.update(COURSE_DATA="real", COURSE_DATA_DIR=str(folder))
    return folder


def usual_iterators(name, batch_size, test_batch_size=None, num_workers=0, normalize=None):
    """(train_iter, test_iter) as PyTorch's examples make them: torchvision's class, ToTensor, a DataLoader."""
    import torchvision  # it takes a second, which a cold start of ours does not need
    from torchvision import transforms
    steps = [transforms.ToTensor()] + ([transforms.Normalize(*normalize)] if normalize else [])
    sets = [getattr(torchvision.datasets, name)(root(), train=train, transform=transforms.Compose(steps))
            for train in (True, False)]
    return (DataLoader(sets[0], batch_size, shuffle=True, num_workers=num_workers),
            DataLoader(sets[1], test_batch_size or batch_size, num_workers=num_workers))


def usual_epoch(net, train_iter, optimizer, loss):
    """One epoch as PyTorch's examples write it: no metrics."""
    net.train()
    for X, y in train_iter:
        optimizer.zero_grad()
        loss(net(X), y).backward()
        optimizer.step()


def usual_test(net, test_iter, loss):
    """The accuracy, as PyTorch's examples compute it with the loss beside."""
    net.eval()
    total = correct = 0
    with torch.no_grad():
        for X, y in test_iter:
            y_hat = net(X)
            total += loss(y_hat, y).item() * len(y)
            correct += (y_hat.argmax(1) == y).sum().item()
    return correct / len(test_iter.dataset)


class UsualNet(nn.Module):
    """A network of the size and kind of PyTorch's own MNIST example: 1.2 million parameters."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, X):
        X = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(X)))), 2)
        X = self.dropout2(F.relu(self.fc1(self.dropout1(X).flatten(1))))
        return F.log_softmax(self.fc2(X), dim=1)


def lesson(number):
    """The names that a lesson's own cells define: functions and classes, taken from the notebook, not copied."""
    names = {"torch": torch, "nn": nn, "F": F, "utils": utils, "math": math}
    notebook = json.loads(next((utils.HERE / "notebooks").glob(f"{number:02d}-*.ipynb")).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            for node in ast.parse("".join(cell["source"])).body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    exec(compile(ast.Module([node], []), "lesson", "exec"), names)
    return names


def seconds(work, repeats=1):
    """The median seconds of `repeats` calls, and what the last one returned."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), result


def where():
    """The line that says where and with what this was measured."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor()) if Path("/proc/cpuinfo").exists() else platform.processor()
    return (f"{time.strftime('%Y-%m-%d')}, {model}, {torch.get_num_threads()} threads, Python {platform.python_version()}, "
            f"torch {torch.__version__}, torchvision {importlib.metadata.version('torchvision')}.")
