"""Rank pairs of submissions by what their answers have in common and nothing else explains: `make similar`.

Fingerprints of runs of words (winnowing, by copydetect) are taken of each answer, after comments, layout and the names that a student
chose are set aside. What the release, the lesson, its module, the hints or the worked answer holds counts nothing, and what many of
the class wrote counts little. The page shows an excerpt of both and accuses nobody.
"""
import argparse
import builtins
import hashlib
import io
import itertools
import keyword
import math
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat
from copydetect.detector import CodeFingerprint, compare_files

from . import keep, release
from .plug import template
from .report import called

RUN = {"code": 7, "words": 6}  # words of Python, or of a sentence, in one fingerprint
# How many fingerprints of their own two answers must share to be listed: tests/test_similar.py measures how often independent
# right answers reach it.
LISTED = 15.0
SHOWN = 40  # pairs on the page
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}


@dataclass
class Answer:
    """What one student wrote for one task: its text, and its fingerprints."""
    text: str
    words: list  # (word as it counts, line, column, last line, last column)
    prints: CodeFingerprint


@dataclass
class Pair:
    """Two students, the fingerprints that they share (each as much as it is rare), and the answers that have most of them."""
    one: str
    other: str
    shared: float
    tasks: dict  # {task: shared}


def _letter(word):
    """A sign that stands for a word, the same in every run of the program."""
    return chr(0x10000 + int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=3).digest(), "big") % 0xF0000)


def of_code(source: str) -> list[tuple]:
    """The words of Python that count, each with its place; what can't be read as Python is taken word by word."""
    try:
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in LAYOUT]
    except (tokenize.TokenError, SyntaxError, UnicodeError):
        return of_words(source, r"\w+|[^\w\s]")
    chosen = {token.string for token, after in itertools.pairwise(tokens) if after.string in ("=", "in", ",", ":", ")")}
    chosen |= {token.string for before, token in itertools.pairwise(tokens) if before.string in ("def", "class", "as")}
    chosen -= {*keyword.kwlist, *dir(builtins)}
    words, before, begins, depth = [], "", "", 0  # the line's first word; how many brackets are open
    for token in tokens:
        word = token.string
        begins = word if before in ("", "NEWLINE") else begins
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(word, 0)
        if token.type == tokenize.STRING and (before in ("", "NEWLINE") or before == ":" and begins in ("async", "class", "def") and not depth):
            before = "a docstring"
            continue
        if token.type == tokenize.NEWLINE and before == "a docstring":
            before = "NEWLINE"
            continue
        if token.type == tokenize.NAME and word in chosen and before != ".":
            word = "a name"
        elif token.type == tokenize.NEWLINE:
            word = "NEWLINE"
        elif token.type == tokenize.STRING:
            word = "a string"
        before = word
        words.append((word, *token.start, *token.end))
    return words


def of_words(text: str, word: str = r"[^\W_]+") -> list[tuple]:
    """The words of a text without case and signs, each with its place. `word`: what one is, a regular expression."""
    return [(match[0].casefold(), line, match.start(), line, match.end())
            for line, content in enumerate(text.split("\n"), 1) for match in re.finditer(word, content)]


def answer(text: str, kind: str, explained: Iterable = ()) -> Answer:
    """An Answer with its fingerprints, but for those that are `explained`, hashes. `kind`: "code" or "words"."""
    words = (of_code if kind == "code" else of_words)(text)
    letters = "".join(_letter(word[0]) for word in words)
    prints = CodeFingerprint("answer", RUN[kind], 1, filter=False, fp=io.StringIO(letters))
    prints.hashes -= set(explained)
    return Answer(text, words, prints)


def explained(lesson: str) -> dict[str, set]:
    """{kind: the fingerprints that everybody has from the course itself}."""
    found = {"code": set(), "words": set()}
    root = keep.EXERCISES.parent
    notebooks = [template(lesson), *(nbformat.read(path, as_version=4) for path in (
        keep.EXERCISES / "source" / lesson / f"{release.notebook_name(lesson)}.ipynb", root / "notebooks" / f"{lesson}.ipynb") if path.exists())]
    for cell in itertools.chain.from_iterable(nb.cells for nb in notebooks):
        if cell.cell_type == "code":
            found["code"] |= answer(cell.source, "code").prints.hashes
        else:
            found["words"] |= answer(cell.source, "words").prints.hashes
            for code in re.findall(r"`([^`\n]+)`|```\w*\n(.*?)```", cell.source, re.S):
                found["code"] |= answer(code[0] or code[1], "code").prints.hashes
    for path in root.glob("*.py"):
        found["code"] |= answer(path.read_text(encoding="utf-8"), "code").prints.hashes
    return found


def submissions(lesson: str) -> dict[str, dict[str, tuple[str, str]]]:
    """{student: {task: (kind, text)}} of what has been handed in and mended."""
    tasks = {cell.metadata.nbgrader.grade_id: "code" if cell.cell_type == "code" else "words" for cell in template(lesson).cells
             if cell.metadata.get("nbgrader", {}).get("solution")}
    found = {}
    for path in sorted((keep.EXERCISES / "submitted").glob(f"*/{lesson}/{release.notebook_name(lesson)}.ipynb")):
        nb = nbformat.read(path, as_version=4)
        found[path.parents[1].name] = {cell.id: (tasks[cell.id], cell.source) for cell in nb.cells if cell.id in tasks}
    return found


def rank(answers: dict[str, dict[str, tuple[str, str]]], known: dict[str, set], most: int = SHOWN) -> tuple[list[Pair], dict]:
    """Return (the pairs that share most, the first the most; {student: {task: Answer}}).

    `answers`: as `submissions` gives them. `known`: as `explained` gives it.
    """
    prints = {student: {task: answer(text, kind, known[kind]) for task, (kind, text) in theirs.items()} for student, theirs in answers.items()}
    # An answer may stand in another task's cell, so all that a student wrote is compared with all that another did.
    whole = {student: set().union(*(each.prints.hashes for each in theirs.values())) for student, theirs in prints.items()}
    having = Counter(itertools.chain.from_iterable(whole.values()))
    weight = {key: _rare(number, len(whole)) for key, number in having.items() if number > 1}
    pairs = []
    for one, other in itertools.combinations(sorted(prints), 2):
        both = whole[one] & whole[other]
        shared = sum(weight[key] for key in both)
        if shared >= LISTED:
            tasks = {task: sum(weight[key] for key in each.prints.hashes & both) for task, each in prints[one].items()}
            pairs.append(Pair(one, other, shared, {task: value for task, value in tasks.items() if value}))
    return sorted(pairs, key=lambda pair: (-pair.shared, pair.one, pair.other))[:most], prints


def _rare(number, students):
    """What a run that `number` of the students have counts: 1 where two have it, less the larger their part of the class."""
    return (math.log(students / number) / math.log(students / 2)) ** 2 if students > 2 else 1.0


# ---------------------------------------------------------------- the page

def marked(mine: Answer, places) -> str:
    """An answer's text as HTML, with what is shared marked."""
    lines, spans = mine.text.split("\n"), {}
    for start, end in zip(*places, strict=True):
        for _, row, column, last_row, last in mine.words[int(start):int(end)]:
            if row == last_row:
                spans.setdefault(row, []).append((column, last))
    html = []
    for number, line in enumerate(lines, 1):
        at, parts = 0, []
        for start, end in sorted(spans.get(number, ())):
            if start >= at:
                parts += [escape(line[at:start]), "<mark>", escape(line[start:end]), "</mark>"]
                at = end
        html.append("".join(parts) + escape(line[at:]))
    return "<pre>" + "\n".join(html).replace("</mark><mark>", "").replace("</mark> <mark>", " ") + "</pre>"


CANNOT = ("<p>This page ranks; it does not judge. A short task has few right answers, so two people who never spoke can write the same one. "
          "It can't tell who wrote first, whether two worked together as they were allowed to, or whether both took it from a third place "
          "(a forum, a book, an assistant program); it can't see a copy that was written anew. Read both answers, and talk with both students, "
          "before you think anything of anybody.</p>")


def page(lesson: str, pairs: list[Pair], prints: dict, names: dict[str, str], count: int) -> str:
    """The page, HTML that needs nothing but itself."""
    rows, parts = [], []
    for number, pair in enumerate(pairs, 1):
        best = sorted(pair.tasks.items(), key=lambda item: -item[1])
        rows.append(f'<tr><td>{number}</td><td><a href="#p{number}">{escape(names[pair.one])}</a></td><td>{escape(names[pair.other])}</td>'
                    f"<td>{pair.shared:.0f}</td><td>{escape(', '.join(f'{task} {shared:.0f}' for task, shared in best if shared >= 1))}</td></tr>")
        parts.append(f'<h2 id="p{number}">{number}. {escape(names[pair.one])} and {escape(names[pair.other])}</h2>')
        for task, shared in best[:3]:
            one = prints[pair.one][task]
            there, other = max(prints[pair.other].items(), key=lambda item: len(item[1].prints.hashes & one.prints.hashes))
            places = compare_files(one.prints, other.prints)[2]
            parts.append(f"<h3>{escape(task if there == task else f'{task} and {there}')}: {shared:.0f}</h3><div class=pair>{marked(one, places[0])}{marked(other, places[1])}</div>")
    table = ("<table><tr><th></th><th colspan=2>students</th><th>shared</th><th>in</th></tr>" + "".join(rows) + "</table>" if rows else
             "<p><b>No pair shares more than independent answers do.</b></p>")
    return ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(lesson)}: alike</title><style>body{{font:16px/1.5 sans-serif;max-width:1200px;margin:2em auto;padding:0 1em;color:#222;background:#fff}}"
            "table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid #ccc;text-align:left}mark{background:#ffe9a8;color:#222}"
            ".pair{display:grid;grid-template-columns:1fr 1fr;gap:1em}pre{overflow:auto;background:#f6f6f6;padding:.8em;font-size:13px;white-space:pre-wrap}"
            f"</style></head><body><h1>{escape(lesson)}: answers that are alike</h1>{CANNOT}<p>{count} submissions. <b>Shared</b> counts runs of {RUN['code']} words "
            f"of Python (of {RUN['words']} words in a text) that both answers have, and neither the exercises, their hints, the lesson nor the worked answer; "
            "a run that more than two have counts less, the larger their part of the class is: a large group that copied from one another stands low "
            "here, or not at all. Comments and layout make no difference, names that a student chose and the order of statements a small one. "
            f"Pairs from {LISTED:.0f} on are listed, {SHOWN} at most.</p>{table}{''.join(parts)}</body></html>\n")


def run(lesson: str) -> Path:
    """Rank a graded class, write the page, print the first pairs; return the page's path. Raises ValueError."""
    release.check(lesson)
    record = keep.record(lesson)
    state = keep.state(record)
    found = {student: theirs for student, theirs in submissions(lesson).items() if student in state.get("students", {})}
    if len(found) < 2:
        raise ValueError(f"There are no two submissions to compare: make grade LESSON={lesson} FROM=... comes first.")
    pairs, prints = rank(found, explained(lesson))
    names = {student: called(state, student) for student in found}
    target = record.parent / f"{lesson}-similar.html"
    keep.replace(target, page(lesson, pairs, prints, names, len(found)))
    print(f"{len(found)} submissions, {len(pairs)} pairs that share more than independent answers mostly do{':' if pairs else '.'}")
    for pair in pairs[:10]:
        print(f"  {pair.shared:5.0f}  {names[pair.one]} and {names[pair.other]} ({', '.join(sorted(pair.tasks, key=lambda task: -pair.tasks[task])[:3])})")
    print(f"\nWritten: {target}. It ranks and accuses nobody: read what it says first, then both answers.")
    return target


def main():
    parser = argparse.ArgumentParser(prog="make similar", description=__doc__)
    parser.add_argument("lesson", help="such as 04-softmax-from-scratch")
    try:
        run(parser.parse_args().lesson)
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
