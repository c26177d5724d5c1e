"""The tables of benchmarks/README.md: each is a result, results/NAME.json, and stands on the page between two lines that name it.

    python benchmarks/page.py   # put all results onto the page again, after one was changed by hand or a merge

A result is a table, the sentence that follows from it, and when and where it was measured. Figures of other sentences, which no
program measures, stand in results/told.toml. tests/test_benchmarks.py compares all of it with the page.
"""
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
START, END = "<!-- {}: written by benchmarks/page.py -->\n", "<!-- end -->"
WRITTEN = re.compile(START.format(r"(\S+)") + "((?:(?!<!--).)*)" + END, re.S)
MISPLACED = """benchmarks/README.md has {} places for the table "{name}", where it needs one: put these two lines where the table belongs
and nowhere else, and run  python benchmarks/page.py  (nothing is lost: the result is in benchmarks/results/{name}.json)

{}{}"""


def markdown(heads, rows):
    return "".join(f"| {' | '.join(row)} |\n" for row in (heads, ["---"] * len(heads), *rows))


def block(result):
    """What stands on the page of a result."""
    return "\n".join(filter(None, (markdown(result["heads"], result["rows"]), *(
        result.get(name) and result[name] + "\n" for name in ("said", "measured")))))


def report(name, heads, rows, said="", measured="", folder=HERE):
    """Print a benchmark's result. With --renew it is kept, too, and put onto the page."""
    result = {"measured": measured, "said": said, "heads": [str(head) for head in heads], "rows": [[str(cell) for cell in row] for row in rows]}
    print(block(result), flush=True)
    if "--renew" in sys.argv:
        keep(name, result, folder)
        renew(folder)


def keep(name, result, folder=HERE):
    """Write a result, a row a line."""
    rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in result["rows"])
    rest = "".join(f" {json.dumps(key)}: {json.dumps(entry, ensure_ascii=False)},\n" for key, entry in result.items() if entry and key != "rows")
    (folder / "results" / f"{name}.json").write_text(f'{{\n{rest} "rows": [\n{rows}\n ]\n}}\n', encoding="utf-8", newline="\n")


def results(folder=HERE):
    """{name: result} of all that is kept, and the summary of them."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "results").glob("*.json"))}
    return found | {"summary": summary(found)}


def renew(folder=HERE):
    """Put all results onto the page; what stands elsewhere on it stays."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    places = [name for name, _ in WRITTEN.findall(text)]
    for name in places:
        if name != "summary" and not (folder / "results" / f"{name}.json").is_file():
            sys.exit(f'benchmarks/README.md has a place for "{name}", and benchmarks/results/{name}.json is not there: measure it '
                     "(make bench), or take the place out of the page.")
    found = results(folder)
    for name in found:
        if places.count(name) != 1:
            sys.exit(MISPLACED.format(places.count(name) or "no", START.format(name), END, name=name))
    text = WRITTEN.sub(lambda match: START.format(match[1]) + block(found[match[1]]) + END, text)
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")


def cell(result, head, *first):
    """The cell under a head, in the row that begins with these cells."""
    row, = (row for row in result["rows"] if row[:len(first)] == list(first))
    return row[result["heads"].index(head)]


def figures(result):
    """The numbers of the sentence that follows from a table."""
    return re.findall(r"(?<!\w)\d+(?:\.\d+)?", result.get("said", ""))


def summary(of):
    """The page's first table: what was aimed at, and what was measured."""
    usual, ours, twice = of["cnn"]["rows"]
    asleep, bare = figures(of["softmax"])
    spinning, = figures(of["softmax-spinning"])
    total, total_usual, shorter = figures(of["lessons-usual"])
    record = {data: f"{cell(of['records'], 'mean', data, 'deeper CNN')} in {cell(of['records'], 'seconds of training', data, 'deeper CNN')} s "
                    "(mean of three seeds)" for data in ("MNIST", "Fashion-MNIST")}
    memory = [cell(of["imports"], "MB resident", name) for name in ("import utils", "from d2l import torch")]
    return {"heads": ["work", "against", "goal", "measured"], "rows": [
        ["Fashion-MNIST or MNIST from disk", "torchvision + ToTensor, first pass", "at least 20 x",
         ", ".join(f"{cell(of['loading'], 'faster', name.replace('-', ''))} {name}" for name in ("MNIST", "Fashion-MNIST"))],
        ["softmax regression, an epoch with test", "d2l's own functions, 0 or 4 workers", "at least 12 x",
         f"{asleep} x with waiting threads asleep, {spinning} x with spinning ones"],
        ["the same", "a bare loop over tensors in memory", "at most 1.25 x its time", f"{bare} x"],
        ["lesson 07's first CNN, an epoch with test", "torchvision + DataLoader, the usual way", "at least 3 x",
         f"{ours[3]} as in the lesson, accuracy {ours[5]} beside {usual[5]}; {twice[3]} with twice the batch and rate, {twice[5]}"],
        ["the same", "its own bare loop over tensors in memory", "at most 1.1 x its time", f"{figures(of['cnn-bare'])[0]} x"],
        ["from a cold start to 0.99 on MNIST", "the usual example, to 0.98", "at least 5 x shorter, at most 10 s of training",
         f"{figures(of['cold'])[0]} x; {of['cold']['rows'][1][3]} s of training"],
        ["0.995 on MNIST", "", "at most 60 s of training", record["MNIST"]],
        ["0.92 on Fashion-MNIST", "", "at most 90 s of training", record["Fashion-MNIST"]],
        ["all seven lessons, real data", "the same lessons on the usual data path", "at least 4 x shorter, at most 4 minutes",
         f"{shorter} x; {total} s against {total_usual} s"],
        ["peak memory of a lesson", "", "at most 1 GB", f"{max(int(row[2]) for row in of['lessons']['rows'])} MB at most"],
        ["`import utils`", "`from d2l import torch`", "at most 0.6 x the processor time, 280 MB",
         f"{figures(of['imports'])[0]} x, {memory[0]} MB beside {memory[1]} MB"],
        ["three trainings side by side on two cores", "the same, one after the other", "at most 1.1 x",
         next(row[-1] for row in of["busy"]["rows"] if "import utils" in row[0])],
    ]}


if __name__ == "__main__":
    renew()
