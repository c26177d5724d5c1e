"""Pairs of answers that are alike: copies are found however they are dressed up, and how often independent right answers are listed."""
import ast
import io
import re
import sys
import tokenize
from pathlib import Path

import pytest

pytest.importorskip("copydetect")
pytest.importorskip("nbgrader")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from classroom import FILE, LESSON  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook  # noqa: E402
from exercises.grading import release, similar  # noqa: E402


def right_answers(lesson):
    """{task: sources}, each in another style, by somebody who answered the task anew."""
    parts = re.split(r"^# %% (\w+): .*$", (ROOT / "tests" / "right_answers" / f"{lesson}.py").read_text(encoding="utf-8"), flags=re.M)
    found = {}
    for task, source in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(task, []).append(source.strip() + "\n")
    return found


def independent(lesson):
    """A class in which no two have the same answer to anything."""
    answers = right_answers(lesson)
    return {f"s{i:02}": {task: ("code", sources[i]) for task, sources in answers.items()} for i in range(min(map(len, answers.values())))}


@pytest.fixture(scope="module")
def known():
    return {lesson: similar.explained(lesson) for lesson in release.lessons()}


# ---------------------------------------------------------------- dressing up

def renamed(source):
    names, fixed = {}, {node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg):
            names.setdefault(node.arg, f"thing_{len(names)}")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.setdefault(node.id, f"thing_{len(names)}")
    words, before = [], ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        own = token.type == tokenize.NAME and token.string in names.keys() - fixed and before != "."
        words.append((token.type, names[token.string] if own else token.string))
        before = token.string
    return tokenize.untokenize(words)


def commented(source):
    return '"""My own work."""\n' + "\n".join(line + "  # my idea" if line.strip() and i % 2 and not line.rstrip().endswith("\\") else line
                                              for i, line in enumerate(source.split("\n")))


def reordered(source):
    """Neighbouring assignments that do not need each other change places, and so do functions."""
    tree = ast.parse(source)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        body = function.body
        for i in range(len(body) - 1):
            if isinstance(body[i], ast.Assign) and isinstance(body[i + 1], ast.Assign):
                used = [{node.id for node in ast.walk(each) if isinstance(node, ast.Name)} for each in body[i:i + 2]]
                set_ = [{node.id for node in ast.walk(each) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} for each in body[i:i + 2]]
                if not set_[0] & used[1] and not set_[1] & used[0]:
                    body[i], body[i + 1] = body[i + 1], body[i]
    if all(isinstance(node, ast.FunctionDef) for node in tree.body):
        tree.body.reverse()
    return ast.unparse(tree) + "\n"


DRESSES = {"as it is": str, "renamed": renamed, "commented": commented, "reordered": reordered, "all of it": lambda source: commented(renamed(reordered(source)))}


def shared(pairs):
    return {frozenset((pair.one, pair.other)): pair.shared for pair in pairs}


@pytest.mark.long("compares a class with itself twenty times")
@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES)
def test_a_copy_is_listed_however_it_is_dressed_up(dress, known):
    """Of 58 copies, one of every second student of each lesson: all but two at most, and nearly always as the first of the list. (In
    one dress at a time, those of lesson 01.)"""
    listed = first = copies = 0
    for lesson in release.lessons() if dress is DRESSES["all of it"] else release.lessons()[:1]:
        class_ = independent(lesson)
        for student in sorted(class_)[::2]:
            copy = {task: (kind, dress(source)) for task, (kind, source) in class_[student].items()}
            found = shared(similar.rank({**class_, "zz": copy}, known[lesson], 10 ** 6)[0])
            mine = found.get(frozenset((student, "zz")), 0.0)
            listed, first, copies = listed + (mine > 0), first + (mine > 0 and mine == max(found.values())), copies + 1
    if copies == 9:
        assert listed == 9 and first >= 8, first  # two independent answers of that lesson share more than one copied one has of its own
    else:
        text = (ROOT / "exercises" / "README.md").read_text(encoding="utf-8")
        assert f"{listed} of {copies} copies" in text and listed >= 43 and first >= 41, (listed, first, copies)


def test_how_often_independent_answers_are_listed(known):
    """The page and the README say the numbers."""
    alarms = pairs = 0
    for lesson in release.lessons():
        class_ = independent(lesson)
        alarms += len(similar.rank(class_, known[lesson], 10 ** 6)[0])
        pairs += len(class_) * (len(class_) - 1) // 2
    text = (ROOT / "exercises" / "README.md").read_text(encoding="utf-8")
    assert f"{alarms} of {pairs} pairs of independent right answers" in text and alarms / pairs < 0.05, (alarms, pairs)


def test_what_the_course_explains_counts_nothing(known):
    """The worked answer, handed in by two, is no sign of anything."""
    nb = similar.nbformat.read(ROOT / "exercises" / "source" / LESSON / f"{LESSON}-exercises.ipynb", as_version=4)
    worked = {cell.id: ("code" if cell.cell_type == "code" else "words", cell.source) for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    pairs, prints = similar.rank({"ada": worked, "bob": dict(worked)}, known[LESSON])
    assert pairs == [] and set(prints["ada"]) == set(worked) and not any(each.prints.hashes for each in prints["ada"].values())


def test_what_a_hint_shows_in_its_text_counts_nothing(known):
    """Code between its backquotes, on a line or in lines of its own."""
    texts = "".join(cell.source for cell in similar.template("01-tensors").cells if cell.cell_type == "markdown")
    shown = max(re.findall(r"`([^`\n]+)`", texts), key=len)
    assert len(similar.of_code(shown)) > similar.RUN["code"]
    assert similar.answer(shown, "code").prints.hashes <= known["01-tensors"]["code"] and similar.answer(shown, "code").prints.hashes


def test_all_that_the_course_holds_is_explained(tmp_path, monkeypatch):
    """The release, the worked answer, the lesson, its texts and the code in them, and the modules; of a lesson without a notebook, the rest."""
    def shown(place):
        return {"code": [f"{place}_cell(1, 2, 3)", f"{place}_line(1, 2, 3)", f"{place}_block(1, 2)\nits_end(3)"],
                "words": [f"what {place} tells of {kind} that is long enough" for kind in ("the one", "the other")]}

    def notebook(place):
        (cell, line, block), (one, other) = shown(place).values()
        return new_notebook(cells=[new_code_cell(cell), new_markdown_cell(f"{one}:\n```python\n{block}\n```\n"), new_markdown_cell(f"{other}: `{line}` and `x`")])

    def missing(place):
        return [text for kind, texts in shown(place).items() for text in texts if not similar.answer(text, kind).prints.hashes <= found[kind]]
    (tmp_path / "exercises" / "source" / LESSON).mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    similar.nbformat.write(notebook("worked"), tmp_path / "exercises" / "source" / LESSON / FILE)
    similar.nbformat.write(notebook("lesson"), tmp_path / "notebooks" / f"{LESSON}.ipynb")
    for module in ("one", "two"):
        (tmp_path / f"{module}.py").write_text(f"größe_{module}(1, 2, 3, 4)\n", encoding="utf-8")
    monkeypatch.setattr(similar.keep, "EXERCISES", tmp_path / "exercises")
    monkeypatch.setattr(similar, "template", lambda lesson: notebook("release"))
    found = similar.explained(LESSON)
    assert [missing(place) for place in ("release", "worked", "lesson")] == [[], [], []] and len(missing("nowhere")) == 5
    assert all(similar.answer(f"größe_{module}(1, 2, 3, 4)", "code").prints.hashes <= found["code"] for module in ("one", "two"))
    (tmp_path / "notebooks" / f"{LESSON}.ipynb").unlink()
    found = similar.explained(LESSON)
    assert [missing(place) for place in ("release", "worked")] == [[], []] and len(missing("lesson")) == 5


def test_what_many_wrote_counts_little_and_a_ring_of_four_is_found(known):
    class_ = independent("01-tensors")
    many = {f"m{i}": dict(class_["s00"]) for i in range(25)}
    assert not [pair for pair in similar.rank({**class_, **many}, known["01-tensors"], 10 ** 6)[0] if "s00" in (pair.one, pair.other)]
    ring = {f"r{i}": {task: (kind, renamed(source)) for task, (kind, source) in class_["s03"].items()} for i in range(3)}
    found = shared(similar.rank({**class_, **ring}, known["01-tensors"], 10 ** 6)[0])
    assert {pair for pair in found if all(name[0] == "r" or name == "s03" for name in pair)} == {
        frozenset(pair) for pair in (("r0", "r1"), ("r0", "r2"), ("r1", "r2"), ("s03", "r0"), ("s03", "r1"), ("s03", "r2"))}


def test_a_ring_in_a_large_class_and_an_answer_in_another_cell_are_found(known):
    """Eight of 210 with one answer of their own; and two of whom one wrote it into another task's cell."""
    class_ = independent(LESSON)
    rest = {f"n{i:03}": {task: ("code", f"def {task}(*arguments):\n    return solve_{i}(arguments, step={i})\n") for task in class_["s00"]} for i in range(200)}
    own = class_["s05"]["cross_entropy"][1] + "\n\n" + class_["s07"]["smooth_labels"][1] + "\n\n" + class_["s08"]["accuracy"][1]
    ring = {f"r{i}": {**rest[f"n{i:03}"], "cross_entropy": ("code", renamed(own))} for i in range(8)}
    found = shared(similar.rank({**rest, **ring}, known[LESSON], 10 ** 6)[0])
    assert len([pair for pair in found if all(name[0] == "r" for name in pair)]) == 28
    moved = {"smooth_labels": ("code", own), "cross_entropy": ("code", "")}
    pairs, prints = similar.rank({"ada": {"cross_entropy": ("code", own), "smooth_labels": ("code", "")}, "bob": moved, "eve": class_["s01"]}, known[LESSON])
    assert [(pair.one, pair.other) for pair in pairs] == [("ada", "bob")]
    assert "cross_entropy and smooth_labels" in similar.page(LESSON, pairs, prints, {student: student for student in prints}, 3)


TEXT = ("I looked at the number first: with ten garments and no idea at all, the bill is the logarithm of ten, about 2.3, so my network had learned as much as a coin with "
        "ten sides. After that I printed one weight before and after an update and saw that it stayed where it was, as I had given the optimizer another network.")


def test_texts_are_compared_by_their_words(known):
    other = TEXT.replace("I looked", "WE LOOKED").replace("about 2.3, ", "(about 2.3) ")
    pairs, _ = similar.rank({"ada": {"explain": ("words", TEXT)}, "bob": {"explain": ("words", other)}, "eve": {"explain": ("words", "Nothing of that kind.")}}, known[LESSON])
    assert [(pair.one, pair.other) for pair in pairs] == [("ada", "bob")]


def some_words(number, first="word"):
    """A text of so many words, none of them in one with another `first`."""
    return " ".join(f"{first}{i}" for i in range(number))


def test_two_are_listed_from_the_number_on_that_the_page_says(known):
    """Of two students each run of six words counts 1: twenty words are 15 runs. A task in which they have nothing in common is not named."""
    def pairs(number, *students):
        class_ = {student: {"explain": ("words", some_words(number)), "own": ("words", some_words(30, student))} for student in students}
        return [(pair.one, pair.other, pair.shared, pair.tasks) for pair in similar.rank(class_, known[LESSON])[0]]
    assert pairs(19, "ada", "bob") == [] and pairs(20, "ada", "bob") == [("ada", "bob", 15.0, {"explain": 15.0})]
    assert pairs(60, "ada", "bob", "eve") == [], "what all of a class wrote"


@pytest.mark.parametrize("source", ["", "\n", "def f(:", "'''open", "x = (", "\x00", "if x:\n\ty\n        z", "🦊 = 1", "def f():\n  '''only words'''", "a" * 100_000, "\ud800 = 1"])
def test_whatever_was_handed_in_is_compared(source, known):
    pairs, prints = similar.rank({"ada": {"accuracy": ("code", source)}, "bob": {"accuracy": ("code", source)}}, known[LESSON])
    assert pairs == [] and "No pair shares more" in similar.page(LESSON, pairs, prints, {"ada": "Ada", "bob": "Bob"}, 2)


def test_the_page_shows_both_marks_what_is_shared_and_runs_nothing(known):
    class_ = independent(LESSON)
    mine = {task: (kind, f"# <script>alert(1)</script>\n{source}") for task, (kind, source) in class_["s05"].items()}
    pairs, prints = similar.rank({**class_, "zz": mine}, known[LESSON])
    html = similar.page(LESSON, pairs, prints, {student: f"<i>{student}</i>" for student in prints}, len(prints))
    assert "<script" not in html and "<i>" not in html and "http" not in html and "&lt;i&gt;zz&lt;/i&gt;" in html
    one, other = re.findall(r"<pre>(.*?)</pre>", html, re.S)[:2]
    assert "<mark>" in one and "<mark>" in other and "&lt;script&gt;" in other
    listed = [int(number) for number in re.findall(r"\w+ (\d+)", re.search(r"<td>\d+</td><td>([^<]+)</td></tr>", html)[1])]
    assert listed == sorted(listed, reverse=True) and listed[0] > listed[-1] >= 1, "what they share most of comes first"
    assert '<h2 id="p1">1. &lt;i&gt;s05&lt;/i&gt; and &lt;i&gt;zz&lt;/i&gt;</h2>' in html
    assert "runs of 7 words of Python (of 6 words in a text) that both answers have" in html
    assert re.sub(r"</?mark>", "", one) in html.replace("<mark>", "").replace("</mark>", "")
    assert "It can't tell who wrote first" in html and "a rank" not in html.lower().split("<table>")[1]


def test_the_page_shows_of_a_pair_the_three_tasks_with_most_in_common():
    """A number for each task where it is 1 at least, and both answers to the first three, marked each in its own places."""
    tasks = {task: similar.answer(some_words(7, task), "words") for task in "abcd"}
    prints = {"ada": tasks, "bob": {**tasks, "a": similar.answer(f"first {some_words(7, 'a')}", "words")}, "eve": {"z": tasks["c"]}}
    pairs = [similar.Pair("ada", "bob", 17.4, {"d": 0.4, "b": 1.0, "a": 9.0, "c": 7.0}), similar.Pair("ada", "eve", 15.0, {"c": 15.0})]
    table, *parts = similar.page(LESSON, pairs, prints, {"ada": "Ada", "bob": "Bob", "eve": "Eve"}, 3).split("at most.</p>")[1].split("<h2")
    words = {task: f"<mark>{some_words(7, task)}</mark>" for task in "abc"}
    assert re.findall(r"[^<>]+(?=<)", table) == ["students", "shared", "in", "1", "Ada", "Bob", "17", "a 9, c 7, b 1", "2", "Ada", "Eve", "15", "c 15"]
    assert re.findall(r">([^<>]+)</h[23]>", "".join(parts)) == ["1. Ada and Bob", "a: 9", "c: 7", "b: 1", "2. Ada and Eve", "c and z: 15"]
    assert [re.findall(r"<pre>(.*?)</pre>", part) for part in parts] == [
        [words["a"], f"first {words['a']}", words["c"], words["c"], words["b"], words["b"]], [words["c"], words["c"]]]
    assert [part.rpartition("</pre>")[2] for part in parts] == ["</div>", "</div></body></html>\n"]


def test_marks_stand_where_the_shared_words_are():
    one = similar.answer("def f(x):\n    return x.exp() / x.exp().sum(0)\n", "code")
    html = similar.marked(one, ([0], [len(one.words)]))
    assert html.startswith("<pre><mark>def f(x):</mark>") and re.sub(r"</?(mark|pre)>", "", html) == one.text
    long = similar.answer('f("""\n    of two lines""", x)', "code")
    assert similar.marked(long, ([0], [len(long.words)])) == '<pre><mark>f(</mark>&quot;&quot;&quot;\n    of two lines&quot;&quot;&quot;<mark>, x)</mark></pre>'


def test_a_word_that_no_encoding_has_gets_a_sign_too():
    assert len(similar._letter("\ud800")) == 1


def test_each_word_has_its_place():
    """Of a text without case and signs; of what is no Python, every sign."""
    assert similar.of_words("Ada,\n\n one_two") == [("ada", 1, 0, 1, 3), ("one", 3, 1, 3, 4), ("two", 3, 5, 3, 8)]
    assert similar.of_code("x = (\n\n y") == [("x", 1, 0, 1, 1), ("=", 1, 2, 1, 3), ("(", 1, 4, 1, 5), ("y", 3, 1, 3, 2)]


def test_an_answer_in_words_is_no_python_and_nothing_is_said_of_it(caplog):
    assert [word for word, *_ in similar.answer("In WORDS, as 'it' is", "words").words] == ["in", "words", "as", "it", "is"]
    assert not caplog.records


def test_what_counts_of_a_line():
    """Names that an answer chooses are all alike; functions that it calls, attributes and strings are not."""
    def words(source):
        return [word for word, *_ in similar.of_code(source)]
    assert words("y = exp(x)") == words("z = exp(a)") != words("y = log(x)")
    assert words("{1: 'a'}") == ["{", "1", ":", "a string", "}", "NEWLINE"], "only a docstring counts nothing"
    assert words("def f():\n    'a docstring'\n    return 1") == words("def f():\n    return 1")
    for line in ("def f(x=[1], y={1: 'b'}): 'a docstring'", "x = 1\ndef f(y='b'): 'a docstring'", "def f(): return 'b'", "def f(x=['b':{}]): 'a docstring'"):
        assert words(line).count("a string") == 1, line
    assert words("class A: 'a docstring'") == ["class", "a name", ":"] and words("async def f(): 'a docstring'")[-1] == ":"
    assert all("a string" in words(source) for source in ("x: 'int' = 1", "f = lambda: 'a'", "def f(x: 'int', y): return y", "if x: 'a'", "y['a':'b']"))
    assert words("total = x.total") != words("amount = x.amount")
    assert words("y = map(f, x)") == words("y = map(g, x)") and words("map(len, x)") != words("map(abs, x)")
    assert "a string" in words("print('a')") and "a string" not in words("'a docstring'\nx = 1")
    assert words("'one'\n'two'\nx = 1") == words("x = 1") and "a string" not in words("def f(): 'a docstring'")
    assert words("'a'.join(x)")[:2] == [".", "join"]


def test_names_that_were_chosen_and_statements_apart_make_no_difference():
    same = [[word[0] for word in similar.of_code(source)] for source in (
        "def f(X, y):\n    # a\n    a = X.mean()\n    return a - y\n", 'def f(A, B):\n    """b"""\n    value = A.mean()\n\n    return value - B  # c\n')]
    assert same[0] == same[1]
    assert [word[0] for word in similar.of_code("a = X.mean()")] != [word[0] for word in similar.of_code("a = X.sum()")]


# ---------------------------------------------------------------- the command

@pytest.fixture
def handed_in(tmp_path, monkeypatch):
    """A class of five in a folder of exercises: ada and bob share, carol does not; of dan there is no record, of eve no notebook."""
    def cells(code, words):
        kinds = {"code": new_code_cell, "words": new_markdown_cell}
        made = [kinds[kind](source, metadata={"nbgrader": {"grade_id": task, "solution": True}}) for task, kind, source in (("shares", "code", code), ("explain", "words", words))]
        for cell in made:
            cell.id = cell.metadata.nbgrader.grade_id
        other = new_code_cell("seen_by_all(1, 2, 3)", metadata={"nbgrader": {"grade_id": "shares-check", "solution": False}}, id="shares-check")
        return new_notebook(cells=[*made, other, new_code_cell("my_own(1, 2, 3)", id="scratch")])

    copied = "def shares(X):\n    " + "\n    ".join(f"{name} = X.sum({i}) * {i} + {i + 3}" for i, name in enumerate("abcdefgh")) + "\n    return a\n"
    for student, code in (("ada", copied), ("bob", copied), ("carol", "def shares(X):\n    return X / X.sum(1)"), ("dan", copied)):
        place = tmp_path / "submitted" / student / LESSON / FILE
        place.parent.mkdir(parents=True)
        similar.nbformat.write(cells(code, f"{student} says so"), place)
    (tmp_path / "submitted" / "eve" / LESSON).mkdir(parents=True)
    (tmp_path / "grades").mkdir()
    state = {"students": {student: {"name": student.title(), "key": "", "failed": "", "lost": "", "notes": []} for student in ("ada", "bob", "carol", "eve")}}
    monkeypatch.setattr(similar.keep, "EXERCISES", tmp_path)
    monkeypatch.setattr(similar.keep, "COPY", tmp_path / "grades" / "copy.db")
    monkeypatch.setattr(similar, "template", lambda lesson: {LESSON: cells("", "")}[lesson])
    monkeypatch.setattr(similar, "explained", lambda lesson: {LESSON: {"code": set(), "words": set()}}[lesson])
    monkeypatch.setattr(sys, "argv", ["similar", LESSON])

    def record(state=state):
        similar.keep.replace(tmp_path / "grades" / f"{LESSON}.json", similar.keep.json.dumps(state))
    record()
    return tmp_path, copied, record


def test_of_each_hand_in_the_tasks_cells_count(handed_in):
    found = similar.submissions(LESSON)
    assert sorted(found) == ["ada", "bob", "carol", "dan"]
    assert found["ada"] == {"shares": ("code", handed_in[1]), "explain": ("words", "ada says so")}


def test_a_graded_class_is_ranked_its_page_written_and_whoever_is_in_no_record_left_out(handed_in, capsys):
    similar.main()
    out = capsys.readouterr().out.splitlines()
    target = handed_in[0] / "grades" / f"{LESSON}-similar.html"
    assert out[0] == "3 submissions, 1 pairs that share more than independent answers mostly do:" and out[1].endswith(" Ada and Bob (shares)") and len(out) == 4
    assert out[3] == f"Written: {target}. It ranks and accuses nobody: read what it says first, then both answers."
    text = target.read_text(encoding="utf-8")
    assert "1. Ada and Bob" in text and "<p>3 submissions." in text and "Dan" not in text and "carol" not in text.casefold()


def test_two_are_enough_and_where_none_are_alike_that_is_said(handed_in, capsys):
    handed_in[2]({"students": {student: {"name": "", "key": "", "failed": "", "lost": "", "notes": []} for student in ("ada", "carol")}})
    target = similar.run(LESSON)
    assert capsys.readouterr().out.splitlines()[:2] == ["2 submissions, 0 pairs that share more than independent answers mostly do.", ""]
    assert "No pair shares more than independent answers do." in target.read_text(encoding="utf-8")


def test_of_many_pairs_the_first_ten_are_told_each_with_the_three_tasks_that_share_most(handed_in, capsys, monkeypatch):
    pairs = [similar.Pair("ada", "bob", 50.0 - i, {"a": 1.0, "b": 9.0, "c": 3.0, "d": 2.0}) for i in range(12)]
    monkeypatch.setattr(similar, "rank", lambda found, known: (pairs, {}))
    monkeypatch.setattr(similar, "page", lambda lesson, pairs, prints, names, count: f"{lesson}, {len(pairs)} of {count}: {names['ada']}")
    target = similar.run(LESSON)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "     50  Ada and Bob (b, c, d)" and lines[10] == "     41  Ada and Bob (b, c, d)" and lines[11] == ""
    assert target.read_text(encoding="utf-8") == f"{LESSON}, 12 of 3: Ada"


def test_without_two_to_compare_or_a_lesson_of_that_name_the_reason_is_told(handed_in, monkeypatch):
    handed_in[2]({"students": {"ada": {"name": "Ada", "key": "", "failed": "", "lost": "", "notes": []}}})
    with pytest.raises(SystemExit, match=f"There are no two submissions to compare: make grade LESSON={LESSON} FROM=... comes first"):
        similar.main()
    (handed_in[0] / "grades" / f"{LESSON}.json").unlink()
    with pytest.raises(SystemExit, match="There are no two submissions"):
        similar.main()
    monkeypatch.setattr(sys, "argv", ["similar", "09-none"])
    with pytest.raises(SystemExit, match="There are no exercises called '09-none'"):
        similar.main()
    assert not list((handed_in[0] / "grades").glob("*.html"))
