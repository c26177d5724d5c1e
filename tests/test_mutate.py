"""tests/mutate.py itself, without mutmut: which functions it takes, what of a change it understands, which it takes for noticed, and
what tests/unnoticed.toml explains."""
import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import mutate
import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_each_module_has_its_files_and_its_tests():
    for module, (patterns, tests) in mutate.MODULES.items():
        assert all(list(ROOT.glob(pattern)) for pattern in patterns), module
        assert all((ROOT / "tests" / f"test_{name}.py").is_file() for name in tests.split()), module
    for tests in mutate.LEFT_OUT.values():
        assert all(f"def {name.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8") for path, name in (test.split("::") for test in tests))
    assert sorted(path for module in ("grading", "marks") for path in mutate.files_of(module)) == sorted((ROOT / "exercises" / "grading").glob("*.py"))
    weekly = (ROOT / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8")
    assert f"module: [{', '.join(mutate.MODULES)}]" in weekly


@pytest.fixture
def repository(tmp_path, monkeypatch):
    (tmp_path / "utils.py").write_text("def first():\n    return 1\n\n\nclass Box:\n    def second(self):\n        return 2\n\n    def third(self):\n        return 3\n")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    return tmp_path / "utils.py"


@pytest.mark.parametrize("old, new, names", [("return 1", "return 4", ["utils.x_first__mutmut_*"]), ("return 3", "return 4\n", ["utils.xǁBoxǁthird__mutmut_*"]),
                                             ("return 1", "return 1  # one\n\n\nX = 2", ["utils.x_first__mutmut_*"]), ("class Box:", "class Box:  # two", []),
                                             ("return", "return 0 +", ["utils.x_first__mutmut_*", "utils.xǁBoxǁsecond__mutmut_*", "utils.xǁBoxǁthird__mutmut_*"])])
def test_only_functions_that_differ_are_taken(repository, old, new, names):
    repository.write_text(repository.read_text().replace(old, new))
    assert mutate.changed(repository, "HEAD") == names


def test_an_unknown_module_is_named():
    done = subprocess.run([sys.executable, "tests/mutate.py", "util"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "no module util: choose from utils, guards, image_data" in done.stderr


def test_an_unknown_revision_is_named_and_not_taken_for_no_change():
    done = subprocess.run([sys.executable, "tests/mutate.py", "--since", "nowhere"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "git knows no revision nowhere" in done.stderr


# ---------------------------------------------------------------- changes

FILE = "pictures.py"


def change(old, new, name="pictures.x_show__mutmut_1", status=0, function="pictures.show"):
    return mutate.Change(name, status, FILE, function, old, new)


@pytest.mark.parametrize("old, new, lines, parts, of_a_string", [
    ("def f():\n    return g(a, dim=1)\n", "def f():\n    return g(a, )\n", ["return g(a, dim=1)", "return g(a, )"], ["dim=1", ""], False),
    ("def f():\n    g('a b', c)\n    h\n", "def f():\n    g('A B', c)\n    h\n", ["g('a b', c)", "g('A B', c)"], ["'a b'", "'A B'"], True),
    ("def f(a=1.5):\n    pass\n", "def f(a=2.5):\n    pass\n", ["def f(a=1.5):", "def f(a=2.5):"], ["1.5", "2.5"], False),
    ("g(a,\n  b=1)\n", "g(a,\n  )\n", ["b=1)", ")"], ["b=1", ""], False),
    ("if a <= b:\n", "if a < b:\n", ["if a <= b:", "if a < b:"], ["<=", "<"], False),
    ("x = 'a b'\n", "x = None\n", ["x = 'a b'", "x = None"], ["'a b'", "None"], False),
    ('x = {"a": rb"\\"b", "c": 1}\n', 'x = {"a": rb"XX\\"bXX", "c": 1}\n', ['x = {"a": rb"\\"b", "c": 1}', 'x = {"a": rb"XX\\"bXX", "c": 1}'],
     ['rb"\\"b"', 'rb"XX\\"bXX"'], True)])
def test_what_becomes_of_what(old, new, lines, parts, of_a_string):
    found = change(old, new)
    assert (found.lines, found.parts, found.of_a_string()) == (lines, parts, of_a_string)


def test_a_reason_outlives_the_lines_comment():
    assert change('f("a  # b", 1)  # c, d\n', 'f("a  # b", 2)  # c, d\n').keys() == ['f("a  # b", 2)', "1 -> 2"]
    assert change("f()\ndel x\n", "f()\n").keys() == ["without del x", "del x ->"]


def test_changes_are_read_from_mutmuts_copy(tmp_path):
    copy = tmp_path / "mutants"
    copy.mkdir()
    (copy / "box.py").write_text("# above\ndef x_f__mutmut_orig(a):\n    return a + 1\n\n# above\ndef x_f__mutmut_1(a):\n    return a + 2\n\nclass Box:\n"
                                 "    def xǁBoxǁg__mutmut_orig(self):\n        return 3\n    def xǁBoxǁg__mutmut_1(self):\n        return 4\n", encoding="utf-8")
    spans = {"x_f__mutmut_orig": [1, 3], "x_f__mutmut_1": [5, 7], "xǁBoxǁg__mutmut_orig": [10, 11], "xǁBoxǁg__mutmut_1": [12, 13]}
    (copy / "box.py.spans").write_text(json.dumps({"version": 1, "spans": spans}), encoding="utf-8")
    statuses = {"box.x_f__mutmut_1": 0, "box.xǁBoxǁg__mutmut_1": None}
    (copy / "box.py.meta").write_text(json.dumps({"exit_code_by_key": statuses, "durations_by_key": {}}), encoding="utf-8")
    first, second = mutate.changes(tmp_path, Path("box.py"))
    assert (first.name, first.status, first.path, first.function) == ("box.x_f__mutmut_1", 0, "box.py", "box.f")
    assert first.old == "# above\ndef f(a):\n    return a + 1\n" and first.lines == ["return a + 1", "return a + 2"]
    assert (second.status, second.function, second.parts) == (None, "box.Box.g", ["3", "4"])
    mutate.keep(tmp_path, "box.py", {"box.xǁBoxǁg__mutmut_1": mutate.SKIPPED})
    assert [found.status for found in mutate.changes(tmp_path, Path("box.py"))] == [0, mutate.SKIPPED]
    assert json.loads((copy / "box.py.meta").read_text(encoding="utf-8"))["durations_by_key"] == {}
    assert mutate.changes(tmp_path, Path("other.py")) == []


# ---------------------------------------------------------------- words

def test_words_that_prose_toml_holds_are_noticed_and_nothing_else_is():
    noticed = mutate.words()
    text = (ROOT / FILE).read_text(encoding="utf-8")
    show = re.search(r"^def show_confusion_matrix.*?(?=^def )", text, re.M | re.S)[0]
    add = re.search(r"^    def add\(.*?(?=^    def )", text, re.M | re.S)[0]

    def of(old, new, source=show, function="pictures.show_confusion_matrix"):
        assert source.count(old) == 1
        return change(source, source.replace(old, new), function=function)

    assert noticed(of('label="share of the true class"', 'label="SHARE OF THE TRUE CLASS"'))
    assert noticed(of(', label="share of the true class"', ""))
    assert not noticed(of('cmap="Blues"', 'cmap="BLUES"')), "one word is a name, and no prose"
    assert not noticed(of("fontsize=8", "fontsize=9"))
    assert noticed(of('"Curves of a running computation."', '"XXCurves of a running computation.XX"', add, "pictures.Animator.add"))
    draw = re.search(r"^    def _draw\(.*?(?=^    def )", text, re.M | re.S)[0]
    assert not noticed(of('"linear"', '"LINEAR"', draw, "pictures.Animator._draw"))


def test_words_that_prose_toml_does_not_hold_are_not_noticed():
    assert not mutate.words()(mutate.Change("", 0, "benchmarks/page.py", "benchmarks.page.pages", 'def pages():\n    "a b"\n', 'def pages():\n    "A B"\n'))


# ---------------------------------------------------------------- reasons

GIVEN = {"pictures.show": {"return g(a, )": "equivalent: a", "1 -> 2": "allowed: b", "c -> d": "equivalent: gone"}, "utils.train": {"e": "equivalent: f"},
         "rule": [{"of": ["pictures"], "old": '"utf-8"', "new": "None", "line": "open", "why": "beyond this machine: c"},
                  {"of": ["pictures"], "old": "x", "new": "y", "why": "equivalent: gone too"}, {"of": ["utils"], "old": "v", "new": "w", "why": "equivalent: d"}]}


def test_a_reason_is_found_by_line_by_part_and_by_rule():
    explained = [change("g\nreturn g(a, b)\n", "g\nreturn g(a, )\n"), change("f(1)", "f(2)"), change("f(3, 1)", "f(3, 2)"), change('open(a, "utf-8")', "open(a, None)")]
    other = [change("f(1)", "f(3)"), change("f(1)", "f(2)", function="pictures.show_images"), change('read("utf-8")', "read(None)"), change("v", "w")]
    without, unused = mutate.explain(explained + other, "pictures", GIVEN)
    assert without == other and unused == ["pictures.show: c -> d", "rule x -> y"]


def test_a_rule_may_hold_within_a_piece_of_the_line_alone():
    def explained(old, new, within=r"randn\(seed[^,]*"):
        rule = {"of": ["pictures"], "old": r"\d+|\+", "new": r"\d+|-", "within": within, "why": "allowed: other numbers"}
        return not mutate.explain([change(old, new)], "pictures", {"rule": [rule]})[0]

    line = "X = 3 + randn(seed + 1, 1) + randn(seed + 22, n)"
    for old, new in (("seed + 1,", "seed + 2,"), ("seed + 22", "seed - 22"), ("seed + 22", "seed + 23")):
        assert explained(line, line.replace(old, new)), new
    for old, new in (("3 +", "4 +"), ("3 +", "3 -"), (" 1)", " 2)"), (") +", ") -")):
        assert not explained(line, line.replace(old, new)), new
    assert not explained(line, line, "randint")


def test_what_has_no_reason_and_too_little_noticed_are_an_error(monkeypatch, capsys):
    monkeypatch.setattr(mutate, "reasons", lambda: GIVEN)
    killed = [change(f"f({i}1)", "f(0)", f"killed_{i}", status=1) for i in range(18)]
    survived = change("f(1)", "f(2)", "survived")
    rows, fine = mutate.told("pictures", [*killed, survived, change("'a b'", "'A B'", "word", mutate.SKIPPED), change("f(1)", "f(5)", "nobody", 33)], {"word"}, True)
    assert rows == ["| pictures | 20 | 19 | 1 | 1 | 0 | 95% |"] and fine
    assert capsys.readouterr().out.count("a reason that fits no survivor") == 4
    rows, fine = mutate.told("pictures", [*killed, change("f(1)", "f(3)", "survived")], set(), False)
    assert rows == ["| pictures | 19 | 18 | 0 | 0 | 1 | 95% |"] and not fine
    assert "no reason: survived in pictures.show\n    - f(1)\n    + f(3)\n" in capsys.readouterr().out
    for whole in (True, False):  # of the changed functions alone it says little
        assert mutate.told("pictures", [*killed[:5], survived], set(), whole)[1] != whole
    assert "less than 85% noticed" in capsys.readouterr().out
    rows, fine = mutate.told("pictures", [*killed, change("f(1)", "f(3)", "later", None)], set(), True)
    assert rows == ["| pictures | 18 | 18 | 0 | 0 | 0 | 100% |"] and "1 changes have not been tried yet" in capsys.readouterr().out
    assert mutate.told("pictures", [], set(), True) == ([], True)


def functions():
    for path in (path for module in mutate.MODULES for path in mutate.files_of(module)):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for inner in [node, *getattr(node, "body", ())] if isinstance(node, ast.ClassDef) else [node]:
                if isinstance(inner, ast.FunctionDef):
                    yield ".".join([mutate.dotted(path.relative_to(ROOT)), *([node.name] if inner is not node else []), inner.name])


def test_each_reason_is_of_a_function_that_is_there_and_says_of_which_kind_it_is():
    given = mutate.reasons()
    assert not set(given) - {"rule"} - set(functions())
    for rule in given.get("rule", []):
        assert set(rule) - {"line", "within"} == {"of", "old", "new", "why"} and set(rule["of"]) <= set(mutate.MODULES)
        assert all(re.compile(rule[name]) for name in ("old", "new", "line", "within") if name in rule)
        assert (rule["old"], rule["new"]) != (".*", ".*"), "that hides everything"
    for why in [*(rule["why"] for rule in given.get("rule", [])), *(why for name, keys in given.items() if name != "rule" for why in keys.values())]:
        assert re.match(r"(equivalent|allowed|beyond this machine|not tried): \S", why), why
