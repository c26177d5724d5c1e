"""Figures in README and the other pages: what a limit or a file gives is compared with it; what is measured, tests/test_benchmarks.py
compares with the benchmarks' results.
"""
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


README, GRADING = map(page, ("README.md", "exercises/README.md"))


def said(text, pattern):
    """The groups of a sentence that stands in the text once."""
    found = re.findall(pattern, text)
    assert len(found) == 1, f"{len(found)} times in the page: {pattern}"
    return (found[0],) if isinstance(found[0], str) else found[0]


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


@pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")
def test_the_limits_of_an_exchange():
    from exercises.grading import inbound, mend
    size, files, depth = said(GRADING, r"more than (\d+) MB, ([\d,]+) files or (\d+) folders in one another")
    assert (int(size) * 1_000_000, int(files.replace(",", "")), int(depth)) == (mend.LARGEST, inbound.FILES, inbound.DEPTH)


def test_the_data():
    """The sample's sizes. Of the real sets' the repository has no copy to compare with."""
    import image_data
    sample, tests, each = said(README, r"stands in \(([\d,]+) \+ ([\d,]+) images each, ([\d.]+) MB each")
    for name in ("MNIST", "FashionMNIST"):
        files = [path for path in (ROOT / "data" / "sample" / name / "raw").iterdir()]
        assert len(files) == 4
        assert abs(sum(path.stat().st_size for path in files) / 1e6 - float(each)) < 0.06, name
    assert (sample, tests) == ("4,000", "1,000") and image_data.PATIENCE == 8


def test_how_much_make_lab_downloads():
    """One place has the numbers, the Makefile: measured with pip, torch's CPU build, Linux."""
    comes = said(page("Makefile"), r"(\d+ MB) to download, ([\d.]+ GB) on disk.*on Linux (\d+ GB more) for CUDA")
    assert comes == said(page("docs/installing.md"), r"(\d+ MB) to download and ([\d.]+ GB) on disk with a CPU build of torch\. On Linux CUDA comes along, (\d+ GB more)")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/installing.md", "exercises/README.md", "hub/README.md", "hub/kubernetes/README.md", "benchmarks/README.md", "docs/mutants.md"])
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


def test_how_many_lessons_make_test_runs():
    import conftest
    short = [path.name[:2] for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if path.name not in conftest.LONG]
    words = "no one two three four five six seven eight nine ten".split()
    assert said(README, r"`make test` runs the (\w+) lessons and the quick tests") == (words[len(short)],)
    assert said(page("CONTRIBUTING.md"), r"make test +# lessons (\d\d) to (\d\d) and every quick test") == (short[0], short[-1])
