"""What do the tests not notice? mutmut makes small changes to a module, one at a time, and runs the tests that go with it.

    python tests/mutate.py [module ...] [--all] [--again] [--minutes 60] [--since REVISION]

(`make mutants`, MODULE=pictures, ALL=1.) Without names: the modules that differ from REVISION (`origin/main`, or where git
knows none the commit before the last), and of those the functions that do; --all takes each whole, and --again takes for
noticed what was noticed the last time, so that after a new test only the rest is tried. It works on a copy in .mutants/, and
ends with a line for each module. `mutmut show NAME`, there, shows a change.

mutmut, not cosmic-ray: it forks for each change from a process that has PyTorch imported already, and runs only the tests
that reach the changed function, about one change a second on two cores; cosmic-ray starts the whole command anew, three
seconds and more for the imports alone. What neither can try by itself: code outside functions, and what runs in another
process that leaves the environment behind, as the sandbox does.

The words of the code are held by tests/test_numbers.py, which reads the file itself and not mutmut's copy of it. A change of
a string whose sum in tests/prose.toml it would miss counts as noticed, after this program has made that sum of the changed
file with test_numbers.py's own functions; mutmut isn't asked about it.

What survives needs a test, or makes no difference: then tests/unnoticed.toml says why. Not a `# pragma: no mutate: why` in
its line, but for a few: mutmut then leaves out the whole line, with all its other changes, and learners read these lines.
Exit status 1 if a survivor has no reason, or if of a whole module less than ENOUGH is noticed.
"""
import argparse
import ast
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENOUGH = 0.85
MODULES = {  # module: (its files, the tests that go with it)
    "utils": (["utils.py"], "utils training checkpoints drawn"),
    "guards": (["guards.py"], "utils training checkpoints images"),
    "image_data": (["image_data.py"], "data images files downloads"),
    "pictures": (["pictures.py"], "pictures drawn utils"),
    "explore": (["explore.py"], "explore"),
    "handwriting": (["handwriting.py"], "handwriting explore readings"),
    "checks": ([f"exercises/checks/{name}.py" for name in ("tensors", "linear", "logistic", "softmax", "concise", "mlp", "cnn", "processes")], "exercises checks"),
    "asking": (["exercises/checks/__init__.py", "exercises/checks/asking.py"], "asking"),
    "judging": ([f"exercises/checks/{name}.py" for name in ("crossing", "judging", "networks")], "judging networks"),
    "grading": ([f"exercises/grading/{name}.py" for name in ("__init__", "__main__", "cluster", "collect", "inbound", "inside", "judge", "keep", "kernel",
                 "mend", "pages", "plug", "release", "report", "run", "sandbox", "students")], "collect course feedback inbound mend report run judge keep grading pages state"),
    "marks": ([f"exercises/grading/{name}.py" for name in ("feedback", "gradebooks", "late", "marks", "similar")], "feedback gradebooks report similar week"),
    "tools": (["tools/*.py"], "launch make mine project teaching open"),
}
LEFT_OUT = {  # tests that would take most of the time: a network is trained anew for each change; others read the same pages, and the same files
    "checks": {"tests/test_exercises.py::test_a_lessons_own_cell_is_no_answer",
               "tests/test_exercises.py::test_run_all_goes_on_past_blank_and_wrong_answers_and_counts",  # in a kernel of its own
               "tests/test_exercises.py::test_each_sentence_that_a_check_has_ready_is_said_of_some_wrong_answer",  # reads the code, of all changes
               *(f"tests/test_exercises.py::test_right_answers_of_all_styles_pass[{name}]"
                 for name in ("03-train", "05-train_products", "06-MLP", "07-SignalNet", "07-resume", "08-share", "08-train_step"))},
    "handwriting": {"tests/test_handwriting.py::test_a_few_digits_of_each_kind"},
    "image_data": {"tests/test_data.py::test_the_sample_is_hard_for_a_linear_model_and_a_cnn_beats_it"},
}
SETTINGS = """

[tool.mutmut]
source_paths = {sources}
only_mutate = {files}
also_copy = {others}
mutate_only_covered_lines = true
pytest_add_cli_args = {options}
pytest_add_cli_args_test_selection = {tests}
"""


OPTIONS = ["-o", "addopts=", "-o", "markers=long: needs seconds\nslow: needs minutes\nexhaustive: the same once more", "-m", "not slow and not exhaustive", "-p", "no:cacheprovider", "-p", "no:randomly", "-q"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "COURSE_DATA": "sample", "MPLBACKEND": "agg"}
KILLED, SKIPPED = 1, 34  # exit statuses as mutmut keeps them; None: not tried yet
NOT_FOUND = 77  # a status of nobody else's, which tests/dropped.py gives
UNKNOWN = {None, 5, 33, 34, NOT_FOUND}  # mutmut's statuses of what was not tried: no test reaches it, or it was told not to
SURVIVED = {0, 35}
FAILED = {1, 3}  # a test did; what took too long may have waited for others, and is tried again


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


def known(revision):
    return git("rev-parse", "--verify", "-q", revision + "^{commit}").returncode == 0


def files_of(module):
    return sorted(path for pattern in MODULES[module][0] for path in ROOT.glob(pattern))


def dotted(path):
    return ".".join(Path(path).with_suffix("").parts)


def changed(path, since):
    """mutmut's names of the functions of a file that differ from a revision; [] for none."""
    lines = set()
    for start, count in re.findall(r"^@@ \S+ \+(\d+)(?:,(\d+))? @@", git("diff", "-U0", since, "--", str(path)).stdout, re.M):
        lines |= set(range(int(start), int(start) + int(count or 1)))
    module = dotted(path.relative_to(ROOT))
    names = []

    def look(node, owner=""):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and lines & set(range(child.lineno, child.end_lineno + 1)):
                names.append(f"{module}.x{'ǁ' + owner + 'ǁ' if owner else '_'}{child.name}__mutmut_*")
            elif isinstance(child, ast.ClassDef):
                look(child, child.name)

    look(ast.parse(path.read_text(encoding="utf-8")))
    return names


def tests_of(module):
    return [f"tests/test_{name}.py" for name in MODULES[module][1].split()]


# ---------------------------------------------------------------- one change

STRING = r"""[rbuRBU]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
TOKEN = re.compile(STRING + r"|\d[\w.]*|\w+|\s+|[=!<>*/+-]=|//|\*\*|.", re.S)


def common(first, second):
    """How many items two lists share at their beginning."""
    return next((i for i, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))


def difference(old, new):
    """What two lists differ in, once their common beginning and end are taken away."""
    start = common(old, new)
    end = common(old[start:][::-1], new[start:][::-1])
    return old[start:len(old) - end], new[start:len(new) - end]


@dataclass
class Change:
    """A change that mutmut makes: its name, exit status and file, and the function without and with it."""
    name: str
    status: int | None
    path: str
    function: str  # pictures.show, pictures.Animator.add
    old: str
    new: str

    def __post_init__(self):
        lines = [[line.strip() for line in part] for part in difference(self.old.splitlines(), self.new.splitlines())]
        self.lines = [" ".join(part) for part in lines]  # as it is, as it becomes
        tokens = [TOKEN.findall(line) for line in self.lines]
        self.parts = ["".join(part).strip() for part in difference(*tokens)]
        self.at = len("".join(tokens[0][:common(*tokens)]))  # where in the line the part stands

    def of_a_string(self):
        return all(re.fullmatch(STRING, part, re.S) for part in self.parts)

    def keys(self):
        """The ways in which tests/unnoticed.toml may name it in its function: what becomes of the line, but for its comment, or of the part."""
        before, after = (re.sub(r"  # [^\"']*$", "", line) for line in self.lines)
        return [after or f"without {before}", " -> ".join(self.parts).strip()]


def changes(folder, path):
    """The changes that mutmut's copy of a file (relative to the copy) holds."""
    kept = folder / "mutants" / f"{path}.meta"
    if not kept.is_file():
        return []
    lines = (folder / "mutants" / path).read_text(encoding="utf-8").splitlines(keepends=True)
    spans = json.loads((folder / "mutants" / f"{path}.spans").read_text(encoding="utf-8"))["spans"]

    def text(name, plain):
        start, end = spans[name]
        return "".join(lines[start - 1:end]).replace(f"def {name}(", f"def {plain}(", 1)

    found = []
    for key, status in json.loads(kept.read_text(encoding="utf-8"))["exit_code_by_key"].items():
        name = key.rpartition(".")[2]
        bare = name.partition("__mutmut_")[0]
        *owner, plain = bare.split("ǁ")[1:] if "ǁ" in bare else [bare[2:]]
        found.append(Change(key, status, str(path), ".".join([dotted(path), *owner, plain]), text(bare + "__mutmut_orig", plain), text(name, plain)))
    return found


def all_changes(folder, module):
    return [change for path in files_of(module) for change in changes(folder, path.relative_to(ROOT))]


# ---------------------------------------------------------------- what test_numbers.py notices

def words(folder=ROOT):
    """A function that tells of a change whether test_numbers.py would fail on it: whether the file, so changed, gives another sum
    than tests/prose.toml keeps. folder: a copy of the course, or the course itself, in which somebody may be writing meanwhile."""
    import test_numbers  # with PyTorch, so only where it is needed
    read = {path.relative_to(ROOT).as_posix() for path in test_numbers.READ}
    kept = tomllib.loads((folder / "tests" / "prose.toml").read_text(encoding="utf-8"))
    sources = {}

    def noticed(change):
        if change.path not in read:
            return False
        if change.path not in sources:
            text = (folder / change.path).read_text(encoding="utf-8")
            lines = text.splitlines(keepends=True)
            sources[change.path] = {node.name: "".join(lines[node.lineno - 1:node.end_lineno]) for node in ast.parse(text).body if hasattr(node, "name")}
        top = change.function.removeprefix(dotted(change.path) + ".").partition(".")[0]
        start = len(change.old) - len(change.old.lstrip()) if not change.old.lstrip().startswith("#") else change.old.index("def ")
        old, new = change.old[start:].rstrip(), change.new[start:].rstrip()
        assert sources[change.path][top].count(old) == 1, f"{change.name}: mutmut's copy is not of this file"
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "changed.py"
            path.write_text(sources[change.path][top].replace(old, new), encoding="utf-8")
            return test_numbers.sums(path).get(top) != kept[change.path].get(top)

    return noticed


# ---------------------------------------------------------------- why not

def reasons():
    return tomllib.loads((ROOT / "tests" / "unnoticed.toml").read_text(encoding="utf-8"))


def explain(survivors, module, given):
    """Return (survivors without a reason, reasons of the module that fit none of them)."""
    rules = [(i, rule) for i, rule in enumerate(given.get("rule", [])) if module in rule["of"]]
    own = {function: keys for function, keys in given.items() if function != "rule" and of_module(function, module)}
    unused = {(function, key) for function, keys in own.items() for key in keys} | {("rule", i) for i, _ in rules}
    without = []
    for change in survivors:
        fits = {(change.function, key) for key in change.keys() if key in own.get(change.function, {})}
        fits |= {("rule", i) for i, rule in rules if fitting(rule, change)} if not fits else set()
        unused -= fits
        if not fits:
            without.append(change)
    return without, [f"{function}: {key}" if function != "rule" else f"rule {given['rule'][key]['old']} -> {given['rule'][key]['new']}"
                     for function, key in sorted(unused, key=str)]


def of_module(function, module):
    return any(function.startswith(dotted(path.relative_to(ROOT)) + ".") for path in files_of(module))


def fitting(rule, change):
    """Whether a rule is about this change: `old` and `new` give all of what becomes of what, `line` a piece of the line, `within` a
    piece of it in which the change lies."""
    return all([re.fullmatch(rule["old"], change.parts[0], re.S), re.fullmatch(rule["new"], change.parts[1], re.S),
                re.search(rule.get("line", ""), change.lines[0]),
                "within" not in rule or any(piece.start() <= change.at and change.at + len(change.parts[0]) <= piece.end()
                                            for piece in re.finditer(rule["within"], change.lines[0]))])


# ---------------------------------------------------------------- mutmut

def copy(module, left_out=()):
    """A copy of what git knows of the course, as it is in this folder now, with mutmut's settings for the module."""
    folder = ROOT / ".mutants" / module
    if folder.exists():
        shutil.rmtree(folder)
    names = [name for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout.split("\0") if name and (ROOT / name).is_file()]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    if module == "tools":  # programs, which their tests import by their bare names; mutmut knows a file by its place
        bare = "|".join(path.stem for path in files_of(module))
        for path in [*folder.glob("tools/*.py"), *folder.glob("tests/test_*.py")]:
            text = re.sub(rf"^import ({bare})\b", r"from tools import \1", path.read_text(encoding="utf-8"), flags=re.M)
            path.write_text(re.sub(rf"^from ({bare}) import", r"from tools.\1 import", text, flags=re.M), encoding="utf-8")
    tops = sorted({Path(name).parts[0] for name in names} - {"tests", "pyproject.toml", ".github", ".ci"})
    sources = [top for top in tops if top.endswith(".py") and top != "conftest.py"] + ["exercises", "tools"]
    with open(folder / "pyproject.toml", "a", encoding="utf-8") as file:
        file.write(SETTINGS.format(
            sources=json.dumps(sources), files=json.dumps([str(path.relative_to(ROOT)) for path in files_of(module)]),
            others=json.dumps([top for top in tops if top not in sources] + ["exercises", "tools"]), tests=json.dumps(tests_of(module)),
            options=json.dumps([*OPTIONS, *(word for name in left_out for word in ("--deselect", name))])))
    return folder


def run(folder, *arguments, seconds=None):
    """Run mutmut in a copy, and stop it after some seconds; return what it said."""
    with open(folder / "mutmut.log", "w", encoding="utf-8") as log, tempfile.TemporaryDirectory() as scratch:  # each change leaves some, as it ends at once
        process = subprocess.Popen([sys.executable, str(ROOT / "tests" / "dropped.py"), "run", *arguments], cwd=folder,
                                   env={**ENVIRONMENT, "TMPDIR": scratch}, stdout=log, stderr=log)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
    return (folder / "mutmut.log").read_text(encoding="utf-8")


def not_here(folder, module):
    """The tests that fail on the code as mutmut wraps it, before anything is changed: a program that they start knows nothing of
    it, or they ask what a module holds."""
    said = subprocess.run([sys.executable, "-m", "pytest", *OPTIONS, *tests_of(module)], cwd=folder / "mutants", text=True,
                          env={**ENVIRONMENT, "MUTANT_UNDER_TEST": "stats"}, capture_output=True).stdout
    return failed(said)


def failed(said):
    """The tests that failed, by what pytest says at the end."""
    return re.findall(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", said, re.M)


def keep(folder, path, statuses):
    """Write exit statuses into what mutmut keeps: it tries none again that has one."""
    place = folder / "mutants" / f"{path}.meta"
    kept = json.loads(place.read_text(encoding="utf-8"))
    kept["exit_code_by_key"].update(statuses)
    place.write_text(json.dumps(kept), encoding="utf-8")


def mutate(module, names, jobs, again=False, seconds=None):
    """Run mutmut over a module, or over the functions of these names; return its changes, and the names of those that test_numbers.py notices.

    mutmut runs twice: once to make the changes and to see which test reaches what, and then, with those marked that needn't be
    tried, to try the rest."""
    last = ROOT / ".mutants" / module
    before = {(change.old, change.new) for change in all_changes(last, module) if change.status in FAILED} if again else set()
    left_out, by_words = set(LEFT_OUT.get(module, ())), set()
    asked = False
    while True:
        folder = copy(module, sorted(left_out))
        said = run(folder, "none, so that it stops before it tries any")
        if "nothing matches" in said:
            settings = (folder / "pyproject.toml").read_text(encoding="utf-8")  # or the tests run once more, for what is known by now
            (folder / "pyproject.toml").write_text(settings.replace("mutate_only_covered_lines = true", "mutate_only_covered_lines = false"), encoding="utf-8")
            noticed = words(folder)
            found = all_changes(folder, module)
            chosen = [change for change in found if not names or any(fnmatch.fnmatchcase(change.name, name) for name in names)]
            by_words = {change.name for change in chosen if change.of_a_string() and noticed(change)}
            done = {change.name for change in chosen if (change.old, change.new) in before} - by_words
            rest = {change.name for change in found} - {change.name for change in chosen} | by_words
            for path in {change.path for change in found}:
                keep(folder, path, {change.name: SKIPPED if change.name in rest else KILLED if change.name in done else None for change in found if change.path == path})
            print(f"{module}: {len(chosen)} changes, {len(by_words)} of words, {len(done)} noticed before", flush=True)
            said = run(folder, "--max-children", str(jobs), seconds=seconds)
        if not re.search("failed to collect stats|Failed to run clean test", said):
            break
        if not (more := set(failed(said) if asked else not_here(folder, module)) - left_out):
            sys.exit(f"mutmut did not run, see {folder / 'mutmut.log'}")
        print("\n".join(f"left out, as it can't run here: {name}" for name in sorted(more)), flush=True)
        left_out |= more
        asked = True
    if "nothing matches" in said or not all_changes(folder, module):
        sys.exit(f"mutmut did not run, see {folder / 'mutmut.log'}")
    found = [change for change in all_changes(folder, module) if change.status != SKIPPED or change.name in by_words]
    by_words |= {change.name for change in found if change.status in SURVIVED and noticed(change)}  # an argument that was dropped, say
    return found, by_words


def main(arguments):
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("modules", nargs="*", metavar="module", help=", ".join(MODULES))
    options.add_argument("--all", action="store_true", help="the whole of each module, not the changed functions alone")
    options.add_argument("--again", action="store_true", help="don't try what was noticed the last time")
    options.add_argument("--minutes", type=float, help="how long a module may be tried; what is left stays untried")
    options.add_argument("--since", default="origin/main" if known("origin/main") else "HEAD~1")
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    chosen = options.parse_args(arguments)
    if unknown := [name for name in chosen.modules if name not in MODULES]:
        options.error(f"no module {unknown[0]}: choose from {', '.join(MODULES)}")
    if not (chosen.all or known(chosen.since)):
        options.error(f"git knows no revision {chosen.since}: name another with --since, or take the modules whole with --all")
    rows, wrong = [], False
    for module in chosen.modules or MODULES:
        names = [] if chosen.all else [name for path in files_of(module) for name in changed(path, chosen.since)]
        if names or chosen.all:
            found, by_words = mutate(module, names, chosen.jobs, chosen.again, chosen.minutes and 60 * chosen.minutes)
            row, fine = told(module, found, by_words, chosen.all)
            rows += row
            wrong |= not fine
    print("\n" + HEAD + "\n" + "\n".join(rows) if rows else f"No function of these modules differs from {chosen.since}: --all tries them whole.")
    return int(wrong)


HEAD = "| module | changes tried | noticed | of them by prose.toml | not noticed, with a reason | without | |\n| --- | --- | --- | --- | --- | --- | --- |"


def told(module, found, by_words, whole):
    """Print a module's survivors without a reason, and reasons without a survivor; return its lines of the table, and whether all is well."""
    tried = [change for change in found if change.name in by_words or change.status not in UNKNOWN]
    if not tried:
        return [], True
    survived = [change for change in tried if change.status in SURVIVED and change.name not in by_words]
    without, unused = explain(survived, module, reasons())
    untried = sum(change.status in (None, NOT_FOUND) for change in found)
    noticed = len(tried) - len(survived)
    for change in without:
        print(f"no reason: {change.name} in {change.function}\n    - {change.lines[0]}\n    + {change.lines[1]}\n    {change.keys()[1]}", flush=True)
    if whole and not untried:
        print("".join(f"a reason that fits no survivor: {reason}\n" for reason in unused), end="", flush=True)
    if late := sum(change.status not in SURVIVED | UNKNOWN | FAILED and change.name not in by_words for change in found):
        print(f"{module}: {late} took too long or broke off, and count as noticed", flush=True)
    if untried:
        print(f"{module}: {untried} changes have not been tried yet; --again goes on", flush=True)
    if few := whole and noticed < ENOUGH * len(tried):
        print(f"{module}: less than {ENOUGH:.0%} noticed", flush=True)
    return [f"| {module} | {len(tried)} | {noticed} | {len(by_words)} | {len(survived) - len(without)} | {len(without)} | {noticed / len(tried):.0%} |"], not (without or few)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
