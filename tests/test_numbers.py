"""Numbers in prose come from somewhere: from a cell beside them, or from an entry of tests/numbers.toml.

"0.80 to 0.85" once became "0.90 to 0.95" in a lesson's text, 0.511 became 0.611, and nothing failed.

A number in a lesson's Markdown must be computed or asserted beside it: it is a number of one of the two cells of code before
it or after it, in its section, or of what they printed, to the decimals that the prose gives. A summary and a table of usual
mistakes may take it from anywhere in their lesson. A number of a quick question must be in its computed answer, or be said twice. What is elsewhere, or in no cell (a year, a sum done in the text), stands in numbers.toml with the cell or the
expression that gives it. What no cell can be compared with (four times as many, section 6, worse, a formula, a hint, a cure, an
option's name, a label or a name in a picture, a comment, a docstring, the words of an error) is read by a person: prose.toml keeps a sum of each piece as it was then, and whoever changes one, on purpose or
not, is asked to read it once more; `python tests/test_numbers.py` writes the new sums.
"""
import ast
import io
import json
import math
import re
import tokenize
import sys
import tomllib
import zlib
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import course  # noqa: E402
import launch  # noqa: E402

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
GIVEN = tomllib.loads((ROOT / "tests" / "numbers.toml").read_text(encoding="utf-8"))
NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?(?![\d\w])")
NO_CLAIM = ("title-text", "go-on-text", "quick-questions-text")  # other tests hold the times and the links


COUNT = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|sixteen|twenty|thirty|forty|fifty|sixty|hundred|thousand|million)"
IN_WORDS = re.compile(
    rf"\b(?:twice|half|halved|doubled?|thirds?|quarters?|tenths?|a hundredth|never (?:0|1)|(?:is|be) (?:0|1)|(?:{COUNT}|[\d,]+)(?:-fold| times)(?: (?:as|less|more) \w+)?"
    rf"|(?:{COUNT}|one|\d+) (?:in|of|out of) (?:{COUNT}|\d+)|[Ss]ections? \d(?:(?:, \d)* and \d)?|[Ll]essons? \d\d)\b")


def value(number):
    return float(number.replace(",", "").replace("_", ""))


def in_code(source):
    """The numbers of a cell's code and of its strings, without its comments."""
    source = "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NUMBER:
            found.add(float(eval(token.string)))
        elif token.type in (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", None)):
            found |= {value(number) for number in NUMBER.findall(token.string)}
    return found


def in_outputs(cell):
    text = "\n".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", []))
    return {value(number) for number in re.findall(r"\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?", text)}


def sources(cells):
    return set().union(*(in_code(cell.source) | in_outputs(cell) for cell in cells if cell.cell_type == "code"), set())


def claims(source):
    """[(number, the words around it)] of a Markdown cell; numbers of lessons and sections and addresses don't count."""
    source = re.sub(r"\]\([^)]*\)|^#+ \d+\. |[Ll]essons? \d\d(?:,? (?:to|and) \d\d)?|[Ss]ections? \d(?:(?:, \d)* and \d)?", " ", source, flags=re.M)
    return [(match[0], source[max(0, match.start() - 30):match.end() + 20]) for match in NUMBER.finditer(source)
            if match[0] not in ("0", "1")]


def given(number, known, words=""):
    """Whether the known numbers hold this one, rounded as it is; of 0.84 they hold 84 per cent too."""
    decimals = len(number.split(".")[1].split("e")[0]) if "." in number else 0
    scales = (1, 100) if re.search(rf"{re.escape(number)} ?(%|\\%|per ?cent)", words) else (1,)
    return any(math.isclose(value(number), round(scale * other, decimals) if decimals or scale > 1 else other, rel_tol=1e-9)
               for scale in scales for other in known)


def sections(cells):
    parts = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and re.match(r"#{1,3} ", cell.source):
            parts.append([])
        parts[-1].append(cell)
    return parts


def prose(path):
    """Yield (cell, number, words around it, numbers that may be its source) of a lesson's text."""
    cells = nbformat.read(path, as_version=4).cells
    whole, entries = sources(cells), GIVEN.get(path.stem, {})
    by_id = {cell.id: cell for cell in cells}
    for section in sections(cells):
        for i, cell in enumerate(section):
            if cell.cell_type == "markdown" and cell.id not in NO_CLAIM:
                said = claims(cell.source)
                if re.fullmatch(r"quick-\d+-text", cell.id):
                    said = claims(re.sub(r"\A\*\*\d\.\*\*", "", cell.source))
                    known = {value(number) for number, count in Counter(number for number, _ in said).items() if count > 1}
                    if right := cell.metadata.get("question", {}).get("computed"):  # test_lessons.py compares it with the right choice
                        known |= in_code(right) | {value(number) for number in NUMBER.findall(str(eval(right, {"math": math, "torch": torch})))}
                elif cell.id in ("summary-text", "wrong-notes-text"):
                    known = whole
                else:
                    before, after = ([other for other in part if other.cell_type == "code"] for part in (section[:i], section[i:]))
                    known = sources(before[-2:] + after[:2])
                for number, words in said:
                    own = entries.get(cell.id, {}).get(number)
                    yield cell.id, number, words, known if own is None else computed(own, by_id)


def computed(entry, cells):
    """The numbers that an entry of numbers.toml gives: of the cell "@name", or of an expression."""
    if str(entry).startswith("@"):
        return sources([cells[entry[1:]]])
    return {float(eval(str(entry), {"math": math}))}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_number_in_a_lessons_prose_is_computed(path):
    wrong = [f"{cell}: {number} in ...{' '.join(words.split())}..." for cell, number, words, known in prose(path)
             if not given(number, known, words)]
    assert not wrong, "no cell beside it gives it, nor tests/numbers.toml:\n" + "\n".join(wrong)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_an_entry_is_still_in_the_text(path):
    there = {(cell, number) for cell, number, *_ in prose(path)}
    assert not {(cell, number) for cell, entries in GIVEN.get(path.stem, {}).items() for number in entries} - there


def test_a_changed_number_is_noticed():
    """The rule bites: of the numbers with two digits and more, nine in ten are noticed when a digit is another."""
    tried, noticed = 0, {"first": 0, "last": 0}
    for path in LESSONS:
        for _, number, words, known in prose(path):
            digits = [i for i, letter in enumerate(number) if letter.isdigit() and number[:i + 1].strip("0.,")]
            if len(digits) >= 2 and "e" not in number:
                tried += 1
                for name, i in (("first", digits[0]), ("last", digits[-1])):
                    changed = number[:i] + str((int(number[i]) + 1) % 10) + number[i + 1:]
                    noticed[name] += not given(changed, known, words.replace(number, changed))
    assert tried > 450 and min(noticed.values()) > 0.9 * tried, (tried, noticed)


# ---- what was read for truth

def plain(text):
    """Prose as it is in this copy and in each fork: line breaks don't count, nor where the links to the course's own home lead."""
    return " ".join(launch.repointed(text, course.settings(), ("home/course", "main")).split())


IN_PICTURES = {"label", "labels", "title", "titles", "xlabel", "ylabel", "legend", "xticklabels", "yticklabels"}


def words_of_code(source):
    """What a reader of code reads as words: its comments, its strings that are more than a name, and names that stand in a picture; alike
    for every Python, which cut an f-string into tokens differently."""
    comments = [token.string for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT]
    tree = ast.parse(source)
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    names = [node.value for keyword in ast.walk(tree) if isinstance(keyword, ast.keyword) and keyword.arg in IN_PICTURES
             for node in ast.walk(keyword.value) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return " ".join(comments + [words for words in strings if " " in words] + [name for name in names if " " not in name])


def pieces(path):
    """{cell of a notebook, function or class of a module, or heading of a page: its prose}"""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in nbformat.reads(text, as_version=4).cells if cell.id not in ("first-cell", "setup")]  # make fork writes these
        return {cell.id: plain(cell.source if cell.cell_type == "markdown" else words_of_code(cell.source)) for cell in cells}
    if path.suffix == ".py":
        lines, tops = text.splitlines(keepends=True), ast.parse(text).body
        tops = [node for node in tops if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        found = {node.name: plain(words_of_code("".join(lines[node.lineno - 1:node.end_lineno]))) for node in tops}
        for node in reversed(tops):
            del lines[min(part.lineno for part in (node, *node.decorator_list)) - 1:node.end_lineno]
        return {"outside of functions": plain(words_of_code("".join(lines))), **found}
    text = re.sub(r"^<!-- \S+: written by .*?^<!-- end -->$", "", text, flags=re.M | re.S)  # held to what was measured
    parts = re.split(r"^(#{1,3} .*)$", re.sub(r"^```.*?^```", lambda block: block[0].replace("\n#", "\n \\#"), text, flags=re.M | re.S), flags=re.M)
    found = {}
    for heading, part in zip(["", *parts[1::2]], parts[::2]):
        found[heading.lstrip("# ")] = found.get(heading.lstrip("# "), "") + plain(heading + part)
    return found


def sums(path):
    return {name: f"{zlib.crc32(text.encode()):08x}" for name, text in pieces(path).items() if text}


MODULES = [path for name in course.files() if name.endswith(".py") and not name.startswith(("tests/", "benchmarks/")) for path in [ROOT / name]]
READ = [*launch.notebooks(), *MODULES, *(path for path in launch.pages() if path.relative_to(ROOT).as_posix() not in (
    "CHANGELOG.md", "docs/licences.md"))]  # written by programs, or held as a whole by tests of their own


@pytest.mark.parametrize("path", READ, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_prose_says_what_it_said_when_it_was_last_read_for_truth(path):
    """"Worse than knowing nothing" became "better", "not flipped" in a hint "flipped first", and no number had changed."""
    kept = tomllib.loads((ROOT / "tests" / "prose.toml").read_text(encoding="utf-8")).get(path.relative_to(ROOT).as_posix(), {})
    now = sums(path)
    changed = [name for name in kept.keys() | now.keys() if kept.get(name) != now.get(name)]
    assert not changed, f"these say something else: {', '.join(sorted(changed))}. Read them once more: is each sentence so? Then: python tests/test_numbers.py"


def test_a_word_a_sign_and_a_place_are_noticed_and_a_line_break_and_a_fork_are_not(tmp_path, monkeypatch):
    path = tmp_path / "page.md"
    slug, revision = course.settings()
    text = f"# A\nIt is worse at $1-p$: [x](https://github.com/{slug}/blob/{revision}/a.md)\n## B\n```\n# no heading\n```\n"
    path.write_text(text)
    then = sums(path)
    assert list(then) == ["A", "B"]
    for old, new in (("worse", "better"), ("1-p", "p"), ("no heading", "a heading")):
        path.write_text(text.replace(old, new))
        assert sums(path) != then
    monkeypatch.setattr(course, "settings", lambda: ("somebody-else/another-copy", "v1"))
    path.write_text(launch.repointed(text, (slug, revision), course.settings()).replace("It is worse", "It is\nworse"))
    assert "somebody-else/another-copy/blob/v1/" in path.read_text() and sums(path) == then


def test_words_in_code_are_noticed_and_code_is_not(tmp_path):
    path = tmp_path / "module.py"
    text = '"""Of rows."""\nimport a\n\n\n@a.b\ndef f(X):\n    """Shapes (n, d)."""\n    # rows first\n    return g(X, label="time (ms)") / 255  # to 0 and 1\n'
    path.write_text(text)
    then = sums(path)
    assert list(then) == ["outside of functions", "f"]
    for old, new in (("(n, d)", "(d, n)"), ("rows first", "columns first"), ("(ms)", "(s)"), ("0 and 1", "1 and 0"), ("Of rows", "Of columns")):
        path.write_text(text.replace(old, new))
        assert sums(path) != then, new
    path.write_text(text.replace("255", "256").replace("return g(", "return  h("))
    assert sums(path) == then
    text = 'def f(ax, x, y):\n    ax.plot(x, y, label="value")\n    ax.plot(y, x, "--", label="slope")\n    ax.set(title="relu" if x else "tanh")\n'
    path.write_text(text)
    then = sums(path)
    for old, new in (('"value")', '"slope")'), ("tanh", "sigmoid"), ('label="value")\n    ax.plot(y, x, "--", label="slope"', 'label="slope")\n    ax.plot(y, x, "--", label="value"')):
        path.write_text(text.replace(old, new))
        assert sums(path) != then, new


if __name__ == "__main__":
    (ROOT / "tests" / "prose.toml").write_text(
        "# Sums of what the course says in prose, as it was last read for truth (tests/test_numbers.py writes and reads it).\n"
        + "".join(f"\n[{json.dumps(path.relative_to(ROOT).as_posix())}]\n"
                  + "".join(f"{json.dumps(name, ensure_ascii=False)} = \"{value}\"\n" for name, value in sums(path).items()) for path in READ), encoding="utf-8")
