"""Figures in README and the other pages: what a table, a limit or a file gives is compared with it.

README once named seconds, megabytes and ratios beside the tables that they came from, and a change of one of them went
unnoticed. A measured number stands in benchmarks/README.md once; what follows from it is computed here.
"""
import csv
import re
import statistics
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


README, BENCHMARKS, GRADING, HUB = map(page, ("README.md", "benchmarks/README.md", "exercises/README.md", "hub/README.md"))
INSTALLING, INSTRUCTORS = map(page, ("docs/installing.md", "docs/instructors.md"))


def rows(text, header):
    """The rows of the table whose first column has this header, each a list of cells."""
    found = re.search(rf"^\| *{re.escape(header)} *\|.*\n\|[ |-]+\|\n((?:\|.*\n)+)", text, re.M)
    return [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in found[1].splitlines()]


def said(text, pattern):
    """The groups of a sentence that stands in the text once."""
    found = re.findall(pattern, text)
    assert len(found) == 1, f"{len(found)} times in the page: {pattern}"
    return (found[0],) if isinstance(found[0], str) else found[0]


def half(number):
    """Half of the last digit that a number is given to: so far the true one may be off."""
    return 0.5 * 10 ** -len(number.partition(".")[2])


def is_ratio(claim, over, under):
    """Whether a ratio, written to some digits, can be that of two numbers, written to some digits."""
    low = (float(over) - half(over)) / (float(under) + half(under))
    high = (float(over) + half(over)) / (float(under) - half(under))
    return low - half(claim) - 1e-9 <= float(claim) <= high + half(claim) + 1e-9


def is_sum(claim, parts):
    return abs(float(claim) - sum(map(float, parts))) <= half(claim) + sum(map(half, parts)) + 1e-9


def rounded_mean(numbers):
    return statistics.mean(map(float, numbers))


def goal(work):
    """The goal and the measurement of a row of the first table."""
    return next(row[2:] for row in rows(BENCHMARKS, "work") if row[0].startswith(work))


def lessons():
    """The seconds and the megabytes of the seven lessons as they are now, the last list of benchmarks/README.md."""
    *_, (seconds, total, memory) = re.findall(r"((?:[\d.]+, ){6}[\d.]+) s, (\d+) s in all, and ((?:\d+, ){6}\d+) MB", BENCHMARKS)
    return seconds.split(", "), total, memory.split(", ")


def test_loading_and_imports():
    measured = goal("Fashion-MNIST or MNIST from disk")[1]
    for (name, usual, ours, faster), claim in zip(rows(BENCHMARKS, "70,000 images from disk, first pass"), re.findall(r"(\d+) x", measured)):
        assert is_ratio(faster.removesuffix(" x"), usual, ours) and faster == f"{claim} x", name
    (_, ours, our_memory), (_, theirs, their_memory) = rows(BENCHMARKS, "import")
    claim = re.fullmatch(r"([\d.]+) x, (\d+) MB beside (\d+) MB", goal("`import utils`")[1])
    assert is_ratio(claim[1], ours, theirs) and claim.groups()[1:] == (our_memory, their_memory)


def test_softmax_regression():
    seconds = {row[0]: row[1] for row in rows(BENCHMARKS, "path")}
    measured = goal("softmax regression")[1]
    asleep, spinning = re.match(r"([\d.]+) x .*?, ([\d.]+) x", measured).groups()
    assert is_ratio(asleep, min(seconds["d2l, no workers"], seconds["d2l, 4 workers"]), seconds["this course"])
    before = said(BENCHMARKS, r"the same rows were ([\d.]+), ([\d.]+), ([\d.]+) and [\d.]+ s")
    assert is_ratio(spinning, min(before[:2]), before[2])
    assert is_ratio(goal("the same")[1].removesuffix(" x"), seconds["this course"], seconds["bare loop"])


def test_cnn_and_cold_start():
    usual, ours, twice = rows(BENCHMARKS, "lesson 07's first CNN, an epoch with test")
    for row in (ours, twice):
        assert is_ratio(row[3].removesuffix(" x"), usual[2], row[2])
        assert f"{row[3]}" in goal("lesson 07's first CNN")[1]
    for row in (usual, ours, twice):
        assert abs(rounded_mean(row[4].split(", ")) - float(row[5])) <= 0.5001e-4
    theirs, better = rows(BENCHMARKS, "cold start to a result on MNIST")
    claim = re.match(r"([\d.]+) x; (.*) s of training", goal("from a cold start")[1])
    assert abs(rounded_mean(theirs[2].split(", ")) / rounded_mean(better[2].split(", ")) - float(claim[1])) < 0.06
    assert claim[2] == better[3]


def test_records():
    with open(ROOT / "benchmarks" / "records.csv", encoding="utf-8") as file:
        runs = list(csv.DictReader(file))
    for data, network, *_, seconds, _, mean in rows(BENCHMARKS, "data"):
        of = [run for run in runs if (run["data"], run["network"]) == (data, network)]
        assert abs(rounded_mean(run["accuracy"] for run in of) - float(mean)) <= 0.5001e-4, (data, network)
        assert abs(rounded_mean(run["seconds"] for run in of) - float(seconds)) <= 0.05001, (data, network)
        if network == "deeper CNN":
            assert f"| {mean} in {seconds} s (mean of three seeds) |" in BENCHMARKS


def test_all_seven_lessons():
    table = rows(BENCHMARKS, "lesson")
    table = [row for row in table if row[0].isdigit() and len(row) == 5]
    ours, usual, times = said(BENCHMARKS, r"All seven: this course (\d+) s, the usual path (\d+) s, ([\d.]+) times as long")
    assert is_sum(ours, [row[1] for row in table]) and is_sum(usual, [row[3] for row in table]) and is_ratio(times, usual, ours)
    assert f"| {times} x; {ours} s against {usual} s |" in BENCHMARKS
    lists = re.findall(r"((?:[\d.]+, ){6}[\d.]+) s, (\d+) s in all", BENCHMARKS)
    assert len(lists) >= 3 and all(is_sum(total, seconds.split(", ")) for seconds, total in lists)


def test_the_readmes_lessons_are_those_last_measured():
    seconds, _, memory = lessons()
    table = re.findall(r"^\| 0\d \|.*?&nbsp;min, (\d+)&nbsp;s \| (\d+)&nbsp;MB", README, re.M)
    assert [row[0] for row in table] == [str(int(float(each) + 0.5)) for each in seconds]
    assert [int(row[1]) for row in table] == [round(int(each), -1) for each in memory]
    assert max(map(int, memory)) < 1000 and "(a lesson needs less than 1)" in INSTALLING
    assert goal("peak memory")[1] == f"{max(map(int, memory))} MB at most"
    low, high = said(HUB, r"A kernel with a lesson takes ([\d.]+) to ([\d.]+) GB")
    assert float(low) * 1000 <= max(map(int, memory[3:])) <= float(high) * 1000


def test_a_busy_machine():
    for row in rows(BENCHMARKS, "threads that wait"):
        *each, one_by_one, together, ratio = row[1:]
        assert is_sum(one_by_one, each) and is_ratio(ratio.removesuffix(" x"), together, one_by_one), row[0]
    as_set = next(row[-1] for row in rows(BENCHMARKS, "threads that wait") if "`import utils`" in row[0])
    assert goal("three trainings")[1] == as_set


def test_grading():
    (ours, each), (theirs, their_each) = [row[1:] for row in rows(BENCHMARKS.partition("## Grading a class")[2], "")]
    (number,) = said(BENCHMARKS, r"(\d+) right submissions of lesson 04's exercises")
    assert is_ratio(each, ours, number) and is_ratio(their_each, theirs, number)
    assert is_ratio(said(BENCHMARKS, r"\n([\d.]+) times faster\. Measured")[0], theirs, ours)
    assert f"| `make grade` | {each} |" in GRADING and f"{number} submissions of lesson 04, all right" in GRADING
    assert f"| `nbgrader autograde` alone | {float(their_each):.1f} |" in GRADING
    assert all(f"{float(each):.1f} seconds a submission" in text for text in (README, INSTRUCTORS))


def test_how_fast_a_control_answers():
    milliseconds = [int(row[2]) for row in rows(BENCHMARKS.partition("## How fast a control answers")[2], "lesson")]
    number, median, slowest = said(BENCHMARKS, r"Median of all (\d+) controls: (\d+) milliseconds; slowest (\d+)")
    assert (int(number), int(slowest)) == (len(milliseconds), max(milliseconds))
    assert abs(statistics.median(milliseconds) - int(median)) <= 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")
def test_the_limits_of_grading():
    from exercises.grading import report
    from exercises.grading.sandbox import MB, Limits
    limits = Limits()
    cell, total, memory, processes, output = map(int, said(
        GRADING, r"(\d+) seconds of processor time a cell and (\d+) minutes a submission, (\d+) GB, (\d+) processes, (\d+) MB of output kept a cell"))
    assert (cell, total * 60, memory * 1000 * MB, processes, output * MB) == (
        limits.cell_seconds, limits.total_seconds, limits.memory, limits.processes, limits.output)
    assert limits.patience == 3 and "a cell may take three times as long by the clock, a submission twice as long" in GRADING
    scratch, count = said(GRADING, r"two scratch folders in memory, of (\d+) and 100 MB and at most ([\d,]+) files")
    assert (int(scratch) * MB, int(count.replace(",", ""))) == (limits.files, limits.file_count)
    assert int(said(GRADING, r"names and messages are cut to (\d+) letters")[0]) == report.LONGEST


def test_the_data():
    """The sample's sizes. Of the real sets' the repository has no copy to compare with."""
    import image_data
    sample, tests, each = said(README, r"stands in \(([\d,]+) \+ ([\d,]+) images each, ([\d.]+) MB each")
    for name in ("MNIST", "FashionMNIST"):
        files = [path for path in (ROOT / "data" / "sample" / name / "raw").iterdir()]
        assert len(files) == 4
        assert abs(sum(path.stat().st_size for path in files) / 1e6 - float(each)) < 0.06, name
    assert (sample, tests) == ("4,000", "1,000") and image_data.PATIENCE == 8


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/installing.md", "exercises/README.md", "hub/README.md", "benchmarks/README.md", "docs/mutants.md"])
def test_files_that_a_command_names_are_there(name):
    """`-r test/requirements.txt` once stood in the steps for Windows."""
    made = ("exercises/grades/", "exercises/feedback/")  # by the commands themselves
    named = set()
    for command in re.findall(r"```\w*\n(.*?)```", page(name), re.S) + re.findall(r"`([^`\n]+)`", page(name)):
        command = command.replace("\\", "/")
        named |= set(re.findall(r"(?:-r|-c) ([\w./-]+\.txt)", command))
        named |= set(re.findall(r"(?<![\w./~<-])((?:tests|tools|benchmarks|exercises|docs|hub|binder|notebooks|data|blank)/[\w./-]*\w\.(?:py|md|txt|toml|ipynb|cfg|csv|png))\b", command))
    missing = {path for path in named if not path.startswith(made) and not (ROOT / path).exists()}
    assert not missing
    assert named or name in ("README.md", "docs/mutants.md")
