"""What do the tests not notice? mutmut makes small changes to a module, one at a time, and runs the tests that go with it.

    python tests/mutate.py [module ...] [--all] [--since REVISION]

(`make mutants`, MODULE=pictures, ALL=1.) Without names: the modules that differ from REVISION (`origin/main`, or where git
knows none the commit before the last), and of those the functions that do; --all takes each whole. It works on a copy in .mutants/,
and ends with a line for each module and the changes that survived; `mutmut show NAME`, there, shows one.

mutmut, not cosmic-ray: it forks for each change from a process that has PyTorch imported already, and runs only the tests
that reach the changed function, about one change a second on two cores; cosmic-ray starts the whole command anew, three
seconds and more for the imports alone. What neither can try by itself: code outside functions, and what runs in another
process that leaves the environment behind, as the sandbox does. A line whose changes compute the same ends in
`# pragma: no mutate: why`, which mutmut reads.
"""
import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = {  # module: (its files, the tests that go with it)
    "utils": (["utils.py"], "utils training checkpoints drawn"),
    "guards": (["guards.py"], "utils training checkpoints images"),
    "image_data": (["image_data.py"], "data images files downloads"),
    "pictures": (["pictures.py"], "pictures drawn utils"),
    "explore": (["explore.py"], "explore"),
    "handwriting": (["handwriting.py"], "handwriting explore readings"),
    "checks": (["exercises/checks/*.py"], "exercises"),
    "grading": (["exercises/grading/*.py"], "collect inbound mend report keep grading pages state"),
    "tools": (["tools/*.py"], "launch make mine"),
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


OPTIONS = ["-o", "addopts=", "-o", "markers=slow: needs minutes\nexhaustive: the same once more", "-m", "not slow and not exhaustive", "-p", "no:cacheprovider", "-p", "no:randomly", "-q"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "COURSE_DATA": "sample", "MPLBACKEND": "agg"}


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


def known(revision):
    return git("rev-parse", "--verify", "-q", revision + "^{commit}").returncode == 0


def files_of(module):
    return sorted(path for pattern in MODULES[module][0] for path in ROOT.glob(pattern))


def changed(path, since):
    """mutmut's names of the functions of a file that differ from a revision; [] for none."""
    lines = set()
    for start, count in re.findall(r"^@@ \S+ \+(\d+)(?:,(\d+))? @@", git("diff", "-U0", since, "--", str(path)).stdout, re.M):
        lines |= set(range(int(start), int(start) + int(count or 1)))
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
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


def copy(module, left_out=()):
    """A copy of what git knows of the course, as it is in this folder now, with mutmut's settings for the module."""
    folder = ROOT / ".mutants" / module
    shutil.rmtree(folder, ignore_errors=True)
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


def run(folder, *arguments):
    """Run mutmut in a copy; return its exit status and what it said."""
    with open(folder / "mutmut.log", "w", encoding="utf-8") as log:
        done = subprocess.run([sys.executable, "-m", "mutmut", *arguments], cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log)
    return done.returncode, (folder / "mutmut.log").read_text(encoding="utf-8")


def not_here(folder, module):
    """The tests that fail on the code as mutmut wraps it, before anything is changed: a program that they start knows nothing of
    it, or they ask what a module holds."""
    said = subprocess.run([sys.executable, "-m", "pytest", *OPTIONS, *tests_of(module)], cwd=folder / "mutants", text=True,
                          env={**ENVIRONMENT, "MUTANT_UNDER_TEST": "stats"}, capture_output=True).stdout
    return failed(said)


def failed(said):
    """The tests that failed, by what pytest says at the end."""
    return re.findall(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", said, re.M)


def mutate(module, names, jobs):
    """Run mutmut over a module, or over the functions of these names; return (killed, survived), the survivors by name."""
    folder = copy(module)
    options = ["run", "--max-children", str(jobs), *names]
    status, said = run(folder, *options)
    left_out = set()
    while re.search("failed to collect stats|Failed to run clean test", said):
        if not (found := set(failed(said) if left_out else not_here(folder, module)) - left_out):
            break
        print("\n".join(f"left out, as it can't run here: {name}" for name in sorted(found)), flush=True)
        left_out |= found
        folder = copy(module, sorted(left_out))
        status, said = run(folder, *options)
    results = subprocess.run([sys.executable, "-m", "mutmut", "results", "--all", "true"], cwd=folder, env=ENVIRONMENT,
                             capture_output=True, text=True).stdout
    found = dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+)$", results, re.M))
    tried = {name: what for name, what in found.items() if what not in ("not checked", "no tests", "skipped")}
    if not tried and status:
        sys.exit(f"mutmut did not run, see {folder / 'mutmut.log'}")
    survived = sorted(name for name, what in tried.items() if what in ("survived", "suspicious"))
    return len(tried) - len(survived), survived


def main(arguments):
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("modules", nargs="*", metavar="module", help=", ".join(MODULES))
    options.add_argument("--all", action="store_true", help="the whole of each module, not the changed functions alone")
    options.add_argument("--since", default="origin/main" if known("origin/main") else "HEAD~1")
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    chosen = options.parse_args(arguments)
    if unknown := [name for name in chosen.modules if name not in MODULES]:
        options.error(f"no module {unknown[0]}: choose from {', '.join(MODULES)}")
    if not (chosen.all or known(chosen.since)):
        options.error(f"git knows no revision {chosen.since}: name another with --since, or take the modules whole with --all")
    rows = []
    for module in chosen.modules or MODULES:
        names = [] if chosen.all else [name for path in files_of(module) for name in changed(path, chosen.since)]
        if names or chosen.all:
            killed, survived = mutate(module, names, chosen.jobs)
            if killed + len(survived):
                rows.append(f"| {module} | {killed + len(survived)} | {killed} | {killed / (killed + len(survived)):.0%} |")
                print("\n".join(f"survived: {name}" for name in survived), flush=True)
    print("\n| module | changes tried | noticed | |\n| --- | --- | --- | --- |\n" + "\n".join(rows) if rows
          else f"No function of these modules differs from {chosen.since}: --all tries them whole.")


if __name__ == "__main__":
    main(sys.argv[1:])
