"""What the benchmarks stand on; their times are measured by hand (benchmarks/README.md), not here."""
import csv
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = sorted(path.name for path in (ROOT / "benchmarks").glob("*.py") if path.name != "common.py")


def records():
    with open(ROOT / "benchmarks" / "records.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_benchmark_is_told_in_the_readme_and_repeated_by_make_bench(name):
    assert f"benchmarks/{name}" in (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert f"benchmarks/{name}" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_records_in_the_readme_are_those_in_the_file():
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for data, network in {(row["data"], row["network"]) for row in records()}:
        runs = [row for row in records() if (row["data"], row["network"]) == (data, network)]
        assert sorted(row["seed"] for row in runs) == ["0", "1", "2"]
        accuracies = ", ".join(row["accuracy"] for row in runs)
        assert f"| {data} | {network} | {runs[0]['epochs']} |" in text and accuracies in text, (data, network)
        assert 0.8 < statistics.mean(float(row["accuracy"]) for row in runs) < 1


def test_the_benchmarks_take_the_lessons_own_networks():
    code = ("import sys; sys.path.insert(0, 'benchmarks'); from common import lesson, torch; names = lesson(7);"
            "nets = [names[f'make_{kind}']() for kind in ('net', 'better_net', 'deeper_net')];"
            "print([tuple(net(torch.zeros(2, 1, 28, 28)).shape) for net in nets])")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[(2, 10), (2, 10), (2, 10)]", done.stderr
