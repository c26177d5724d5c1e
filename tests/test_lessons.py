"""The anatomy of a lesson (docs/lessons.md), rule by rule; each test says which defect it once caught."""
import ast
import json
import math
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CLAIMS = tomllib.loads((ROOT / "tests" / "claims.toml").read_text(encoding="utf-8"))
TERMS = tomllib.loads((ROOT / "tests" / "terms.toml").read_text(encoding="utf-8"))
TERMS_IN_OTHER_SENSES = TERMS.pop("words in other senses")["words"]


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return nbformat.read(path, as_version=4).cells


def heading(cell):
    """The level of the heading that a cell begins with, 0 for none."""
    match = re.match(r"(#+) ", cell.source) if cell.cell_type == "markdown" else None
    return len(match[1]) if match else 0


def is_question(cell):
    return re.fullmatch(r"quick-\d+-text", cell.id) is not None


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.S)


def test_a_heading_begins_its_cell(cells):
    """Headings stood at the end of reading cells, and what was inserted after those landed in the wrong section."""
    for cell in cells:
        if cell.cell_type == "markdown":
            lines = without_code(cell.source).splitlines()
            assert not [line for line in lines[1:] if re.match(r"#+ ", line)], cell.id


def test_an_explore_block_ends_its_section(cells):
    """Four of them stood behind the heading of the section after theirs."""
    for i, cell in enumerate(cells):
        if cell.cell_type == "code" and re.search(r"^explore\(", cell.source, re.M):
            after = next(other for other in cells[i + 1:] if not (other.cell_type == "code" and "explore" in other.id))
            assert heading(after), f"{cell.id} is followed by {after.id}, and should end its section"


def test_a_predict_is_answered(cells):
    """Five Predicts were followed by code alone: a reader could not know whether the answer was right."""
    for i, cell in enumerate(cells):
        if cell.cell_type == "markdown" and "**Predict:**" in cell.source and not is_question(cell):
            rest = cells[i + 1:]
            section = rest[:next((j for j, other in enumerate(rest) if 0 < heading(other) <= 2), len(rest))]
            code = next((j for j, other in enumerate(section) if other.cell_type == "code"), None)
            assert code is not None, f"{cell.id}: no code shows it"
            answers = [other for other in section[code:] if other.cell_type == "markdown"
                       and not re.match(r"\*\*Explore|\*\*Predict|> \*\*Pitfall", re.sub(r"^#+ .*\n+", "", other.source))]
            assert answers, f"{cell.id}: nothing answers it in words before the section ends"


def test_it_stays_in_size(path, cells):
    other = ("quick-questions-text", "go-on-text")  # the questions are folded, the links written by tools/launch.py
    words = sum(len(cell.source.split()) for cell in cells
                if cell.cell_type == "markdown" and not is_question(cell) and cell.id not in other)
    assert words <= 2800, f"{words} words of prose"


def test_its_times_are_the_readmes_and_its_minutes_are_computed(path, cells):
    """Lessons and README named different times. Seconds are measured by benchmarks/lessons.py."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    minutes, seconds = re.search(rf"^\| {path.stem[:2]} \| .*?\| (\d+)&nbsp;min, (\d+)&nbsp;s \|", readme, re.M).groups()
    title = next(cell.source for cell in cells if cell.id == "title-text")
    assert f"**Time:** about {minutes} minutes to read, {seconds} seconds to run on two CPU cores." in title
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown" and not cell.id.startswith("quick-"))
    lines = sum(len(cell.source.splitlines()) for cell in cells if cell.cell_type == "code")
    estimate = words / 150 + lines / 10 + sum(map(is_question, cells))  # as docs/lessons.md says
    assert int(minutes) == 5 * math.ceil(estimate / 5)


def test_quick_questions_have_their_form(cells):
    """One right choice, a sentence for each, and the number that is right, computed."""
    questions = [cell for cell in cells if is_question(cell)]
    assert [cell.id for cell in questions] == [f"quick-{i}-text" for i in range(1, len(questions) + 1)]
    assert 5 <= len(questions) <= 8
    first = next(i for i, cell in enumerate(cells) if is_question(cell))
    assert cells[first - 1].source.startswith("## Quick questions") and cells[first:first + len(questions)] == questions
    right_letters, computed = [], 0
    for i, cell in enumerate(questions, 1):
        choices = re.findall(r"<details><summary>([A-D])\. (.*?)</summary>\n\n\*\*(Right|No)\.\*\* (.*?)\n\n</details>", cell.source, re.S)
        assert cell.source.count("<details>") == cell.source.count("</details>") == len(choices) in (3, 4), cell.id
        assert [letter for letter, *_ in choices] == list("ABCD"[:len(choices)]) and cell.source.startswith(f"**{i}.** "), cell.id
        assert [verdict for _, _, verdict, _ in choices].count("Right") == 1, cell.id
        assert all(len(why.split()) >= 6 for *_, why in choices), cell.id
        assert len({words for _, words, *_ in choices}) == len(choices), cell.id
        assert not any("`" in words for _, words, *_ in choices), f"{cell.id}: no Markdown in <summary>, write <code>"
        right_letters.append(next(letter for letter, _, verdict, _ in choices if verdict == "Right"))
        if expression := cell.metadata.get("question", {}).get("computed"):
            import torch
            value = str(eval(expression, {"math": math, "torch": torch}))
            has = [bool(re.search(rf"(?<![\d.,]){re.escape(value)}(?![\d]|[.,]\d)", words)) for _, words, *_ in choices]
            assert has == [verdict == "Right" for _, _, verdict, _ in choices], f"{cell.id}: {value}"
            computed += 1
    assert computed >= 1 and len(set(right_letters)) >= 2, right_letters


# ---------------------------------------------------------------- only what was taught

def taught():
    """[(term, its pattern, the lesson that introduces it)]"""
    return [(term, re.compile(entry["pattern"]), entry["lesson"]) for term, entry in TERMS.items()]


def test_nothing_is_used_before_it_is_taught():
    """Momentum was used in 06 and taught in 07; the exercises of 01 wanted cumsum, of 07 load_state_dict, which no lesson had."""
    wrong = []
    for path in [*LESSONS, *sorted((ROOT / "exercises" / "release").glob("*/*-exercises.ipynb"))]:
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells
                         if cell.id not in ("title-text", "go-on-text", "setup", "first-cell", "summary-text") and "FETCH" not in cell.source)
        text = re.sub(r"\*\*Next:\*\*.*", "", text)
        for term, pattern, lesson in taught():
            if path.stem[:2] < lesson and (found := pattern.search(text)):
                wrong.append(f"{path.stem}: {term} ({found[0]!r}), which lesson {lesson} introduces")
    assert not wrong, "\n".join(wrong)


def test_terms_are_introduced_where_the_table_says():
    for term, pattern, lesson in taught():
        path = next(path for path in LESSONS if path.stem.startswith(lesson))
        assert any(pattern.search(cell.source) for cell in nbformat.read(path, as_version=4).cells), f"{lesson}: {term}"


def test_a_term_is_bold_where_it_is_first_used():
    """"Loss" and "label" stood in the exercises of 01. What is bold is a definition, so it stands in no earlier lesson or exercise.

    terms.toml names the bold words that everybody knows in another sense too.
    """
    texts, terms, wrong = {}, {}, []
    for path in [*LESSONS, *sorted((ROOT / "exercises" / "release").glob("*/*-exercises.ipynb"))]:
        lesson = path.stem[:2]
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells
                         if cell.cell_type == "markdown" and cell.id not in ("title-text", "go-on-text", "setup-text"))
        texts.setdefault(lesson, []).append(re.sub(r"\*\*Next:\*\*.*", "", text))
        if path in LESSONS:
            for term in re.findall(r"\*\*([A-Za-z][^*\n:]{2,50}?[^*\n:.])\*\*", text):
                terms.setdefault(term.lower(), lesson)
    for term, lesson in terms.items():
        used = [early for early, others in texts.items() if early < lesson and re.search(rf"\b{re.escape(term)}\b", " ".join(others), re.I)]
        if used and term not in TERMS_IN_OTHER_SENSES:
            wrong.append(f"{lesson} defines {term!r}, which {', '.join(used)} use(s)")
    assert len(terms) > 60 and not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- run twice, and claims made false

RUNNER = """
import ast, json, re, sys
import nbformat
sys.path.insert(0, "..")
import matplotlib
matplotlib.use("Agg")
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.io import capture_output
path, job = sys.argv[1], json.loads(sys.argv[2])
shell = InteractiveShell.instance()
shell.Completer.use_jedi = False
cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]

def run(source, raises=False):
    global printed
    with capture_output() as captured:
        done = shell.run_cell(source, store_history=False)
    printed = captured.stdout
    error = done.error_before_exec or done.error_in_exec
    return "" if error is None or raises else f"{type(error).__name__}: {error}"

def numbers(text):  # of printed text, the decimal numbers that are no times
    text = re.sub(r"[\\d.]+ (s|ms|microseconds)\\b|.*(faster|seconds).*", "", text)
    return [float(number) for number in re.findall(r"(?<![\\d.])\\d+\\.\\d+(?![\\d.e])", text)]

wrong = []
for round in range(job["rounds"]):
    for cell in cells:
        raises = "nbval-raises-exception" in cell.metadata.get("tags", [])
        for claim in job["claims"] if round == 0 else []:
            if claim["cell"] == cell.id:
                old, new = claim["old"], claim["new"]
                assert cell.source.count(old) >= 1, f"{cell.id} has no {old!r}"
                said = run(cell.source.replace(old, new, 1))
                if not said.startswith("AssertionError"):
                    wrong.append(f"{cell.id}: {old!r} -> {new!r} is not noticed ({said or 'passes'})")
        for time in range(job["times"]):
            if said := run(cell.source, raises):
                wrong.append(f"round {round + 1}, {cell.id}, run {time + 1}: {said[:300]}")
                break
            if job["stored"]:
                old = numbers("".join(output.get("text", "") + (output.output_type == "execute_result" and output.data["text/plain"] or "")
                                      for output in cell.outputs))
                new = numbers(printed)
                if len(old) != len(new) or any(abs(a - b) > 0.02 + 0.05 * abs(b) for a, b in zip(old, new)):
                    wrong.append(f"{cell.id}: stored are {old}, a run prints {new}")
print(json.dumps(wrong))
"""


def execute(path, **job):
    """Run a lesson's cells on the sample; return what went wrong, a list of sentences."""
    environment = {**os.environ, "COURSE_DATA": os.environ.get("COURSE_DATA", "sample"), "COURSE_STILL": "1"}
    done = subprocess.run([sys.executable, "-c", RUNNER, str(path), json.dumps({"rounds": 1, "times": 1, "claims": [], "stored": False, **job})],
                          cwd=ROOT / "notebooks", capture_output=True, text=True, timeout=1500, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.exhaustive("each lesson four times")
def test_cells_can_be_run_twice(path):
    """Two cells overwrote their own inputs, two trainings went on from where they were: assertions failed at a second run."""
    assert not execute(path, rounds=2, times=2)


@pytest.mark.exhaustive("each lesson once, for each claim of it")
def test_a_false_claim_is_noticed(path):
    """"At some cost" passed on a gain, "thousands of times" on twenty: an assertion that holds for the claim's opposite says nothing."""
    claims = CLAIMS[path.stem]
    assert len(claims) >= 5
    real = os.environ.get("COURSE_DATA") == "real"
    # What is stored was printed on the real sets; a stored accuracy once was another number, and nothing failed.
    assert not execute(path, claims=[claim for claim in claims if real or claim.get("data") != "real"], stored=real)


def test_floats_are_not_compared_for_difference(cells):
    """`without_momentum != losses` between floats can hardly fail."""
    for cell in cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse("\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!"))))):
                if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare) and len(node.test.ops) == 1:
                    assert not (isinstance(node.test.ops[0], ast.NotEq) and re.search(r"loss|acc", ast.unparse(node.test))), cell.id
