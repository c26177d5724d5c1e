"""The page of the benchmarks says what was measured: its tables are the results, and every other figure comes from somewhere.

Their times are measured by hand (`make bench`), not here. A figure in a sentence, 0.97 s or "1.88 times faster", could once become
another, and nothing failed.
"""
import csv
import importlib
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

from test_numbers import IN_WORDS, NUMBER, given

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
import page  # noqa: E402
import repeat  # noqa: E402

PROGRAMS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "benchmarks").glob("*.py")) if path.stem not in ("common", "page")}
OF = page.results()
README, PAGE, GRADING, HUB, INSTALLING, INSTRUCTORS, ERRORS = ((ROOT / name).read_text(encoding="utf-8") for name in (
    "README.md", "benchmarks/README.md", "exercises/README.md", "hub/README.md", "docs/installing.md", "docs/instructors.md", "docs/errors.md"))
TOLD = tomllib.loads((ROOT / "benchmarks" / "results" / "told.toml").read_text(encoding="utf-8"))
NO_FIGURE = re.compile(r"[Ll]essons? \d\d(?: to \d\d)?|\]\([^)]*\)")
FIGURE = re.compile(rf"{NUMBER.pattern}|{IN_WORDS.pattern}|\b(?:\w*fif|eigh|twentie)ths?\b|\d{{4}}-\d\d-\d\d")


# ---- what the tests below compare with

def cell(name, row, head):
    return OF[name]["rows"][row][OF[name]["heads"].index(head)]


def number(name, row, head):
    return float(cell(name, row, head).removesuffix(" x"))


def column(name, head):
    return [cell(name, row, head) for row in range(len(OF[name]["rows"]))]


def second_thread_saves(row):
    """The share of an epoch that the second thread takes off, at each share of the data."""
    one, two = ([float(each.split(",")[0]) for each in OF["growth"]["rows"][i][2:]] for i in (row, row + 1))
    return [1 - b / a for a, b in zip(one, two)]


def holds(words, source):
    """Whether an entry of told.toml is so; one that says where its figures were measured is."""
    if not source.startswith("="):
        return bool(source)
    found = eval(source[1:].strip(), globals())
    if isinstance(found, bool):
        return found
    said = NUMBER.findall(words)
    return len(said) == len(found) and all(given(each, {float(other)}) for each, other in zip(said, found))


def faults(text, told=TOLD):
    """The tables of the page that are not the results', and the figures in its sentences that told.toml has not."""
    wrong = [f"the table {name} is not that of results/{name}.json: python benchmarks/page.py"
             for name, shown in page.WRITTEN.findall(text) if shown != page.block(OF[name])]
    rest = page.WRITTEN.sub(" ", text)
    for words, source in told.items():
        if rest.count(words) != 1:
            wrong.append(f"results/told.toml has it, the page {rest.count(words)} times, not once: {words}")
        elif not holds(words, source):
            wrong.append(f"{words}: the results say otherwise ({source})")
        rest = rest.replace(words, " ")
    rest = NO_FIGURE.sub(" ", rest)
    return wrong + [f"results/told.toml does not say where it comes from: {match[0]} in ...{rest[max(0, match.start() - 40):match.end() + 20]}..."
                    for match in FIGURE.finditer(rest)]


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


def is_mean(claim, numbers):
    return abs(statistics.mean(map(float, numbers)) - float(claim)) <= 1.001 * half(claim)


def reported(program):
    """The tables that a program reports, in order."""
    return re.findall(r'\breport\("([\w-]+)"', PROGRAMS[program])


def records():
    with open(ROOT / "benchmarks" / "records.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# ---- the page

def test_every_figure_of_the_page_is_a_results_or_says_where_it_comes_from():
    assert not faults(PAGE)


@pytest.mark.long("reads every page once for each figure")
def test_a_changed_figure_is_noticed():
    """The rule bites, whatever number of the page becomes another; only which lesson it is other tests must say."""
    places = {match.end() - 1 for match in NUMBER.finditer(PAGE)} - {i for match in NO_FIGURE.finditer(PAGE) for i in range(*match.span())}
    missed = [PAGE[i - 40:i + 20] for i in places if not faults(PAGE[:i] + str((int(PAGE[i]) + 1) % 10) + PAGE[i + 1:])]
    assert len(places) > 500 and not missed


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_benchmark_is_told_on_the_page_and_repeated_by_make_bench(name):
    assert f"`benchmarks/{name}.py`" in PAGE
    assert name in re.search(r"^BENCHES = (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1].split()


def test_make_bench_repeats_every_table_but_the_one_of_what_did_not_help():
    assert sorted(table for name in PROGRAMS for table in reported(name)) == sorted(OF.keys() - {"summary", "tried"})


STANDS_IN = {  # for what takes minutes: {program: {function: what it returns}}
    "loading": {"seconds": (1.0, 70_000), "imports": {name: (1.0, 300.0) for name in ("import utils", "from d2l import torch")}},
    "cnn": {"epoch": (2.0, 0.98), "in_a_fresh_process": {"seconds": 9.0, "training": 5.0, "epochs": 1, "accuracy": 0.99}},
    "busy": {"seconds": 1.0},
    "records": {"run": (9.0, 0.99)},
    "lessons": {"run": (9.0, 500_000_000)},
    "growth": {"subprocess": types.SimpleNamespace(run=lambda *_, **__: types.SimpleNamespace(stdout="[1.0, 500000000]"))},
    "repeat": {"runs": {machine: ([1.0] * 20, 0.9) for machine in repeat.MACHINES}},
}


@pytest.mark.parametrize("name", STANDS_IN)
def test_a_program_measures_the_rows_that_its_table_has(name, monkeypatch):
    """A table once had six rows of which its program measured three."""
    program, found, block = importlib.import_module(name), [], page.block
    monkeypatch.setattr(page, "block", lambda result: found.append(result) or block(result))  # report() prints it
    for module in (program, importlib.import_module("common")):
        monkeypatch.setattr(module, "root", lambda: None, raising=False)
    for function, result in STANDS_IN[name].items():
        monkeypatch.setattr(program, function, result if function == "subprocess" else lambda *_, result=result, **__: result)
    monkeypatch.setattr(sys, "argv", [f"{name}.py"])
    monkeypatch.setenv("COURSE_STILL", "1")
    program.main()
    for table, new in zip(reported(name), found, strict=True):
        assert new["heads"] == OF[table]["heads"] and [row[0] for row in new["rows"]] == [row[0] for row in OF[table]["rows"]], table
        assert len(page.figures(new)) == len(page.figures(OF[table])) and re.search(r"\b20\d\d-\d\d-\d\d, ", new["measured"]), table


def test_every_result_says_when_it_was_measured():
    for name in OF.keys() - {"summary"}:
        assert re.search(r"\b20\d\d-\d\d-\d\d, \w+", OF[name]["measured"]), name
        assert {len(row) for row in OF[name]["rows"]} == {len(OF[name]["heads"])}, name


# ---- renewing it

@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / "benchmarks" / "README.md", tmp_path)
    shutil.copytree(ROOT / "benchmarks" / "results", tmp_path / "results")
    return tmp_path


def measured(folder):
    page.report("softmax", ("path", "seconds"), [("this course", 0.5)], "3.0 times faster; 1.50 times as long.", "2027-01-02, a processor.", folder)


def test_a_new_result_replaces_its_table_and_nothing_else(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["softmax.py", "--renew"])
    measured(folder)
    new = (folder / "README.md").read_text(encoding="utf-8")
    table = "| path | seconds |\n| --- | --- |\n| this course | 0.5 |\n\n3.0 times faster; 1.50 times as long.\n\n2027-01-02, a processor.\n"
    assert dict(page.WRITTEN.findall(new))["softmax"] == table and table in capsys.readouterr().out
    assert page.WRITTEN.sub("", new) == page.WRITTEN.sub("", PAGE)
    then, now = (dict(page.WRITTEN.findall(text)) for text in (PAGE, new))
    assert list(then) == list(now) and {name for name in then if then[name] != now[name]} == {"softmax", "summary"}
    changed = [new for old, new in zip(then["summary"].splitlines(), now["summary"].splitlines(), strict=True) if old != new]
    assert len(changed) == 2 and "| 3.0 x with waiting threads asleep, 14.1 x" in changed[0] and changed[1].endswith("| 1.50 x |")


def test_a_result_that_is_only_printed_changes_nothing(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["softmax.py"])
    measured(folder)
    assert "| this course | 0.5 |" in capsys.readouterr().out and page.results(folder) == OF
    assert (folder / "README.md").read_text(encoding="utf-8") == PAGE


START = page.START.format("softmax")


@pytest.mark.parametrize("new, fault, cure", [
    ("", 'has no places for the table "softmax"', "put these two lines where the table belongs\nand nowhere else, and run  python benchmarks/page.py"),
    (f"{START}{page.END}\n{START}", 'has 2 places for the table "softmax"', f"{START}{page.END}"),
    (page.START.format("sofmax"), 'a place for "sofmax", and benchmarks/results/sofmax.json is not there', "or take the place out of the page"),
], ids=["missing", "twice", "unknown"])
def test_a_place_that_is_missing_or_unknown_is_named_with_its_cure(folder, monkeypatch, new, fault, cure):
    text = PAGE.replace(START, new)
    (folder / "README.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["softmax.py", "--renew"])
    with pytest.raises(SystemExit) as stopped:
        measured(folder)
    assert fault in str(stopped.value) and cure in str(stopped.value)
    assert (folder / "README.md").read_text(encoding="utf-8") == text, "the page is not half renewed"
    assert page.results(folder)["softmax"]["rows"] == [["this course", "0.5"]], "what took minutes to measure is kept"


@pytest.mark.skipif(shutil.which("make") is None, reason="tries what make does")
def test_make_bench_names_the_benchmarks_that_there_are():
    outside = {name: entry for name, entry in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}  # `make test` runs this, too
    done = subprocess.run(["make", "bench", "BENCH=cnn sofmax"], cwd=ROOT, env=outside, capture_output=True, text=True)
    assert done.returncode == 2 and "BENCH is cnn sofmax, where it takes one or more of: loading softmax cnn busy" in done.stderr


# ---- what follows from the tables, here and on other pages

def test_loading_and_imports():
    for name, usual, ours, faster in OF["loading"]["rows"]:
        assert is_ratio(faster.removesuffix(" x"), usual, ours), name
    assert is_ratio(*page.figures(OF["imports"]), *column("imports", "seconds of the processor"))


def test_softmax_regression():
    for name in ("softmax", "softmax-spinning"):
        none, four, ours, bare = column(name, "seconds")
        assert is_ratio(page.figures(OF[name])[0], min(none, four, key=float), ours), name
    assert is_ratio(page.figures(OF["softmax"])[1], *column("softmax", "seconds")[2:])


def test_cnn_and_cold_start():
    for row in OF["cnn"]["rows"]:
        assert is_ratio(row[3].removesuffix(" x"), cell("cnn", 0, "seconds"), row[2]) and is_mean(row[5], row[4].split(", ")), row[0]
    ours, bare = ([float(each) for each in row[1:]] for row in OF["cnn-bare"]["rows"])
    assert abs(statistics.median(a / b for a, b in zip(ours, bare, strict=True)) - float(page.figures(OF["cnn-bare"])[0])) < 0.01
    usual, better = (statistics.median(map(float, each.split(", "))) for each in column("cold", "seconds, all"))
    assert abs(usual / better - float(page.figures(OF["cold"])[0])) < 0.06


def test_the_records_are_those_in_the_file():
    for data, network, epochs, _, seconds, accuracies, mean in OF["records"]["rows"]:
        runs = [run for run in records() if (run["data"], run["network"]) == (data, network)]
        assert [run["seed"] for run in runs] == ["0", "1", "2"] and {run["epochs"] for run in runs} == {epochs}
        assert accuracies == ", ".join(run["accuracy"] for run in runs) and is_mean(mean, accuracies.split(", "))
        assert is_mean(seconds, [run["seconds"] for run in runs]), (data, network)
    assert len(records()) == 3 * len(OF["records"]["rows"])


def test_all_seven_lessons():
    ours, usual, times = page.figures(OF["lessons-usual"])
    assert is_sum(ours, column("lessons-usual", "this course, s")) and is_sum(usual, column("lessons-usual", "usual path, s"))
    assert is_ratio(times, usual, ours) and is_sum(*page.figures(OF["lessons"]), column("lessons", "s"))


def test_the_readmes_lessons_are_those_last_measured():
    seconds, memory = column("lessons", "s"), list(map(int, column("lessons", "MB")))
    table = re.findall(r"^\| 0\d \|.*?&nbsp;min, (\d+)&nbsp;s \| (\d+)&nbsp;MB", README, re.M)
    assert [row[0] for row in table] == [str(int(float(each) + 0.5)) for each in seconds]
    assert [int(row[1]) for row in table] == [round(each, -1) for each in memory]
    day, processor = OF["lessons"]["measured"].rstrip(".").split(", ")[:2]
    assert f"on two cores of an {processor} ([benchmarks](benchmarks/README.md))" in README
    assert max(memory) < 1000 and "(a lesson needs less than 1;" in INSTALLING
    assert f"A kernel with a lesson takes {min(memory[3:]) // 100 / 10} to {math.ceil(max(memory) / 100) / 10} GB of memory" in HUB


def test_what_the_hubs_page_says_of_a_class():
    students, *_, last, megabytes = OF["hub-logins"]["rows"][0]
    assert f"of {students} students who log in at once all have a JupyterLab, the last after {last} seconds (the hub waits 180 for each)" in HUB
    assert f"an idle server takes {megabytes} MB" in HUB
    spin, _, one = OF["hub-threads"]["rows"]
    assert (one[0], spin[2]) == ("one thread", "more than 60") and f"the slowest took {one[2]} s, {one[1]} s alone; with threads that spin, more than a minute" in HUB
    alone, _, loops, *_ = column("hub-greedy", "another's 200 steps, s")
    assert f"his eight busy loops made {loops} s of {alone}" in HUB


def test_a_busy_machine():
    for row in OF["busy"]["rows"]:
        *each, one_by_one, together, ratio = row[1:]
        assert is_sum(one_by_one, each) and is_ratio(ratio.removesuffix(" x"), together, one_by_one), row[0]


def test_the_same_numbers():
    assert f"still agrees to about {max(map(float, column('repeat', 'test accuracy'))):.3f} ([measured](../benchmarks/README.md))" in ERRORS


def test_grading():
    (ours, each), (theirs, their_each) = [row[1:] for row in OF["grading"]["rows"]]
    students, lesson, times = page.figures(OF["grading"])
    assert is_ratio(each, ours, students) and is_ratio(their_each, theirs, students) and is_ratio(times, theirs, ours)
    assert f"| `make grade` | {each} |" in GRADING and f"| `nbgrader autograde` alone | {float(their_each):.1f} |" in GRADING
    day, processor = OF["grading"]["measured"].split(", ")[:2]
    assert (f"{students} submissions of lesson {lesson}, all right, two cores of an {processor}, one run of `benchmarks/grading.py` on {day}:"
            in GRADING)
    assert f"{float(each):.1f} seconds a submission)" in README and f"{float(each):.1f} seconds a submission on two cores" in INSTRUCTORS


def test_how_fast_a_control_answers():
    milliseconds = list(map(int, column("explore", "milliseconds")))
    controls, median, slowest = map(int, page.figures(OF["explore"]))
    assert (controls, slowest) == (len(milliseconds), max(milliseconds)) and abs(statistics.median(milliseconds) - median) <= 0.5


@pytest.mark.long("runs the lessons' cells and trains")
def test_the_benchmarks_take_the_lessons_own_networks():
    code = ("import sys; sys.path.insert(0, 'benchmarks'); from common import lesson, torch; names = lesson(7);"
            "nets = [names[f'make_{kind}']() for kind in ('net', 'better_net', 'deeper_net')];"
            "print([tuple(net(torch.zeros(2, 1, 28, 28)).shape) for net in nets])")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[(2, 10), (2, 10), (2, 10)]", done.stderr


def test_grading_on_dasks_workers():
    paper = {(row[0], row[1]): row[2] for row in OF["cluster-paper"]["rows"]}
    cost, writes = map(float, re.search(r"one submission: ([\d.]+) s of processor time, ([\d.]+) s of them", OF["cluster-paper"]["said"]).groups())
    enough, cluster = round((cost - writes) / writes), (Path(page.HERE).parent / "exercises" / "cluster" / "README.md").read_text(encoding="utf-8")
    assert (f"on 8 workers two thousand submissions should take {paper['2,000', '8']} and twenty thousand {paper['20,000', '8']}. "
            f"From about {enough} workers on") in cluster
    assert paper["20,000", "32"] == paper["20,000", "128"] and f"should take {paper['20,000', '32']} on 32 workers and on 128" in cluster
    for way, taken, _, on_paper in OF["cluster"]["rows"]:
        assert "2 workers" not in way or abs(float(taken) / float(on_paper) - 1) < 0.02, "fitted to two workers; how far the others are off, told.toml says"


def test_what_the_bonus_takes():
    (_, seconds, _, megabytes), = OF["lessons-bonus"]["rows"]
    assert f"min, {float(seconds):.0f}&nbsp;s | {round(float(megabytes) / 1000, 1):.1f}&nbsp;GB |" in README
    assert f"the bonus, lesson 08, {float(megabytes) / 1000:.1f}" in INSTALLING
