"""What the project says of itself: README in one screen, where things are, what is checked where, and what a release needs."""
import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from mirror import mirror

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import licences  # noqa: E402
import release_check  # noqa: E402
import stamp  # noqa: E402


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


# ---- the README

def test_the_readme_is_short_and_begins_with_a_picture():
    readme = page("README.md")
    shown = re.sub(r"\]\([^)]*\)|https?://\S+|&nbsp;|[|#*`]", " ", readme)
    assert len(shown.split()) <= 900
    first = readme.splitlines()
    assert first[0].startswith("# ") and any(line.startswith("![") for line in first[:4])
    assert [line for line in first if line.startswith("## ")] == [
        "## Start", "## Lessons", "## Data", "## For instructors", "## For maintainers", "## Trouble"]


def test_the_readmes_hours_are_the_lessons():
    minutes, seconds = zip(*((int(m), int(s)) for m, s in re.findall(r"\| (\d+)&nbsp;min, (\d+)&nbsp;s \|", page("README.md"))))
    tasks = sum(int(number) for number in re.findall(r"\[(\d+) graded\]", page("README.md")))
    words = {8: "eight", 5: "five"}
    assert f"{words[round(sum(minutes) / 60)]} hours to read, {words[round(sum(seconds) / 60)]} minutes to compute" in page("README.md")
    assert f"for {tasks} [exercises]" in page("README.md")


# ---- where things are

FOLDERS = ("notebooks", "exercises/source", "exercises/checks", "exercises/grading", "benchmarks")


def imported(path):
    """The full names that a program, or a notebook's code, imports."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell.source for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "code"]
        text = "\n".join(line for cell in cells for line in cell.splitlines() if not line.startswith(("%", "!")))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_picture_of_what_imports_what_is_so():
    modules = [path.name for path in ROOT.glob("*.py") if path.name != "conftest.py"]
    of = {name.removesuffix(".py").replace("/", "."): name for name in (*modules, *FOLDERS)}
    so = set()
    for place in (*modules, *FOLDERS):
        for path in [ROOT / place] if place.endswith(".py") else [path for kind in ("py", "ipynb") for path in (ROOT / place).rglob(f"*.{kind}")]:
            so |= {(place, goal) for name in imported(path) for key, goal in of.items() if f"{name}.".startswith(f"{key}.") and goal != place}
    drawn = re.findall(r"^    (\S+) --> (\S+)$", page("CONTRIBUTING.md"), re.M)
    assert sorted(drawn) == sorted(so)
    level = {name: 0 for pair in drawn for name in pair}
    for _ in level:
        level = {name: max([0, *(level[goal] + 1 for place, goal in drawn if place == name)]) for name in level}
    assert all(level[place] > level[goal] for place, goal in drawn), "an import runs back up"


def test_every_module_and_folder_is_told():
    table = page("CONTRIBUTING.md").partition("| | |")[2]
    for name in [path.name for path in ROOT.glob("*.py") if path.name != "conftest.py"]:
        assert f"| `{name}` |" in table, name
    tracked = {name.partition("/")[0] for name in release_check.launch.files() if "/" in name} - {".github", ".ci", ".devcontainer"}
    assert not {name for name in tracked if not re.search(rf"`{re.escape(name)}/`", table)} - {"binder", "data", "docs"}


def test_a_command_that_a_page_names_is_there():
    makefile = set(re.findall(r"^([a-z][a-z-]*):", page("Makefile"), re.M))
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/installing.md", "docs/instructors.md", "docs/checks.md", "docs/licences.md",
                 "docs/mutants.md", "docs/lessons.md", ".github/PULL_REQUEST_TEMPLATE.md"):
        named = set(re.findall(r"(?:`|^)(?:[A-Z_]+=\S+ )*make ([a-z][a-z-]*)", page(name), re.M))
        assert named <= makefile, name


# ---- what is checked where

def test_continuous_integration_says_so_to_what_it_runs_and_tries_two_orders():
    """Without CI a missing sandbox or browser, and any skip, would pass."""
    assert re.search(r"^export CI=true\b", page(".ci/setup"), re.M) and all(". " in page(f".ci/{name}") for name in ("run", "all"))
    seeds = re.findall(r"make shuffled SEED=(\d+)", page(".github/workflows/weekly.yml"))
    assert len(seeds) == len(set(seeds)) == 2


def test_the_page_names_each_stage_of_the_scripts_and_each_job_of_the_workflows():
    checks = page("docs/checks.md")
    for script in ("run", "all"):
        for stage in re.findall(r'^ *stage "([^"]+)"', page(f".ci/{script}"), re.M):
            assert f"| {stage} |" in checks, stage
    for workflow in ("test", "weekly", "pages"):
        for job in re.findall(r"^  ([a-z-]+):  ?#?|^  ([a-z-]+):$", page(f".github/workflows/{workflow}.yml").partition("jobs:")[2], re.M):
            assert f"| `{workflow}.yml`, {''.join(job)} |" in checks, job


@pytest.mark.skipif(os.name == "nt", reason="grading needs Linux")
def test_each_part_of_continuous_integration_runs_somewhere_on_github_and_the_slow_ones_share_all_files():
    script, workflow = page(".ci/run"), yaml.safe_load(page(".github/workflows/test.yml"))
    parts = re.search(r'^known="([a-z ]+)"', script, re.M)[1].split()
    assert {"form", "quick"} | set(workflow["jobs"]["slow"]["strategy"]["matrix"]["part"]) == set(parts) and "class" in parts
    assert any(step.get("run", "").endswith(".ci/run ${{ matrix.part }}") for step in workflow["jobs"]["slow"]["steps"])
    assert all(f"asked {part}" in script for part in parts)
    names = re.search(r"grading=\(tests/test_\{([a-z,]+)\}\.py\)", script)[1].split(",") + re.findall(r"tests/test_([a-z]+)\.py", script)
    assert len(set(names)) == len(names) and all((ROOT / "tests" / f"test_{name}.py").exists() for name in names)
    assert all(f'"${{{name}[@]/#/--ignore=}}"' in script for name in ("grading", "class"))  # "rest" is what those leave
    done = subprocess.run([ROOT / ".ci" / "run", "forms"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr == f"No part is called forms: {', '.join(parts)}.\n" and not done.stdout


def test_what_may_be_skipped_is_told_with_where_it_is_tried():
    skips = tomllib.loads(page("tests/skips.toml"))["skips"]
    assert all(len(where.split()) >= 2 for where in skips.values())
    assert "tests/skips.toml" in page("docs/checks.md")


@pytest.mark.parametrize("reason, under_ci, outcome", [("Windows has no such files", True, "skipped"), ("the author was in a hurry", True, "failed"),
                                                       ("the author was in a hurry", False, "skipped")])
def test_a_skip_that_nobody_named_fails_under_ci(reason, under_ci, outcome, monkeypatch, request):
    hook = next(plugin for plugin in request.config.pluginmanager.get_plugins() if getattr(plugin, "__file__", "") == str(ROOT / "conftest.py"))
    monkeypatch.delenv("CI", raising=False)
    if under_ci:
        monkeypatch.setenv("CI", "true")
    report = pytest.TestReport("tests/test_it.py::test_it", ("", 0, ""), {}, "skipped", ("tests/test_it.py", 1, f"Skipped: {reason}"), "setup")
    wrapper = hook.pytest_runtest_makereport(None, None)
    next(wrapper)
    with pytest.raises(StopIteration) as end:
        wrapper.send(report)
    assert end.value.value is report and report.outcome == outcome
    assert (outcome == "failed") == (report.longrepr == f"skipped under CI, and not named in tests/skips.toml: {reason}")


# ---- a release

def test_the_version_is_the_same_everywhere_and_has_its_entry():
    assert [line for line in release_check.versions() if "under Unreleased" not in line] == []  # what is new may wait there for the next one


CITED = 'cff-version: 1.2.0\nversion: {version}\ndate-released: "{date}"\n'
CHANGES = "# Changelog\n\n## [Unreleased]\n{waiting}\n## [2027.03.1] - 2027-03-05\n{said}\n[2027.03.1]: https://x.example\n"


@pytest.mark.parametrize("change, said", [
    ({}, None), ({"version": "2027.03.0"}, "CITATION.cff has version 2027.03.0"), ({"date": "2027-03-04"}, "CITATION.cff has the date 2027-03-04"),
    ({"waiting": "\n- one more\n"}, "entries under Unreleased"), ({"said": ""}, "says nothing of 2027.03.1"),
    ({"own": "2027.13.1"}, "write year.month.number"), ({"own": "1.2"}, "write year.month.number"), ({"own": "2027.04.0"}, "has no section")])
def test_a_version_that_is_not_the_same_everywhere_is_told(change, said, tmp_path, monkeypatch):
    own = {"version": "2027.03.1", "date": "2027-03-05", "waiting": "", "said": "\n- a thing\n", "own": "2027.03.1", **change}
    (tmp_path / "pyproject.toml").write_text(f'[tool.course]\nversion = "{own["own"]}"\n')
    (tmp_path / "CITATION.cff").write_text(CITED.format(**own))
    (tmp_path / "CHANGELOG.md").write_text(CHANGES.format(**own))
    monkeypatch.setattr(release_check, "ROOT", tmp_path)
    found = list(release_check.versions())
    assert any(said in line for line in found) if said else found == []


@pytest.fixture
def notebook(tmp_path):
    """A course of one lesson and one module, run and stamped."""
    (tmp_path / "utils.py").write_text("x = 1\n")
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / "01.ipynb"
    cells = [nbformat.v4.new_code_cell("fetch()"), nbformat.v4.new_markdown_cell("words"), nbformat.v4.new_code_cell("1 + 1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    stamp.write(path, "real", tmp_path)
    return path


def edited(path, index, source):
    nb = nbformat.read(path, as_version=4)
    nb.cells[index].source = source
    nbformat.write(nb, path)


def test_outputs_are_fresh_until_code_a_module_or_the_data_is_another(notebook):
    root = notebook.parent.parent
    assert stamp.stale(notebook, root) == ""
    edited(notebook, 1, "other words")
    edited(notebook, 0, "fetch(from_my_fork)")
    assert stamp.stale(notebook, root) == "", "neither changes an output"
    nb = nbformat.read(notebook, as_version=4)
    nb.cells[2].outputs = [nbformat.v4.new_output("stream", text="0.86")]
    nbformat.write(nb, notebook)
    assert "its outputs are not those" in stamp.stale(notebook, root)
    nb.cells[2].outputs = []
    nbformat.write(nb, notebook)
    (root / "conftest.py").write_text("")
    assert stamp.stale(notebook, root) == ""
    (root / "utils.py").write_text("x = 2\n")
    assert "modules that it imports have changed" in stamp.stale(notebook, root)
    stamp.write(notebook, "real", root)
    (notebook.parent / "script.py").write_text("y = 1\n")
    assert stamp.stale(notebook, root) == "", "it doesn't name the script"
    edited(notebook, 1, "script.py makes y")
    assert "modules that it imports have changed" in stamp.stale(notebook, root)
    stamp.write(notebook, "real", root)
    (notebook.parent / "script.py").write_text("y = 2\n")
    assert "modules that it imports have changed" in stamp.stale(notebook, root)
    stamp.write(notebook, "sample", root)
    assert stamp.stale(notebook, root) == "it was run with COURSE_DATA=sample"
    stamp.write(notebook, "auto", root)
    assert stamp.stale(notebook, root) == "it was run with COURSE_DATA=auto", "which may have been either"
    stamp.write(notebook, "sample", root)
    edited(notebook, 2, "1 + 2")
    assert "its code has changed" in stamp.stale(notebook, root)
    nbformat.write(nbformat.v4.new_notebook(), notebook)
    assert stamp.stale(notebook, root) == "it carries no stamp"


@pytest.mark.parametrize("path", release_check.launch.notebooks(), ids=lambda path: path.stem)
def test_the_committed_outputs_are_of_the_committed_cells_on_the_real_data(path):
    """Whether a module has changed since, `make release-check` asks."""
    assert stamp.stale(path) in ("", "modules that it imports have changed since it was run")


def test_what_a_reader_opens_carries_no_stamp():
    for path in [*ROOT.glob("blank/*.ipynb"), *ROOT.glob("exercises/release/*/*.ipynb")]:
        assert "course" not in nbformat.read(path, as_version=4).metadata, path


@pytest.mark.long("reads the licences of two hundred packages")
def test_every_dependency_has_its_licence_and_one_that_is_missing_or_another_is_told_and_mended(monkeypatch, tmp_path):
    declared = licences.declared()
    monkeypatch.setattr(licences, "declared", lambda: declared)  # seconds
    assert licences.wrong() == []
    rows = licences.listed()
    assert set(rows) == set(licences.needed()) and all(rows.values())
    monkeypatch.setattr(licences, "listed", lambda: {name: licence for name, licence in rows.items() if name != "numpy"} | {"torch": "proprietary", "left-pad": "MIT"})
    said = "\n".join(licences.wrong())
    assert "numpy is not in docs/licences.md" in said and "docs/licences.md says proprietary" in said and "lists left-pad, which nothing needs" in said

    monkeypatch.undo()
    monkeypatch.setattr(licences, "declared", lambda: declared)
    monkeypatch.setattr(licences, "PAGE", tmp_path / "licences.md")
    torch = re.search(r"^\| torch \| .*\n", page("docs/licences.md"), re.M)[0]
    licences.PAGE.write_text(re.sub(r"^\| numpy .*\n", "", page("docs/licences.md"), flags=re.M).replace(torch, "| torch | proprietary |\n| left-pad | MIT |\n"), encoding="utf-8")
    assert len(licences.wrong()) == 4 and licences.main() is None and licences.wrong() == []
    assert licences.PAGE.read_text(encoding="utf-8") == page("docs/licences.md")


def test_an_address_that_leads_nowhere_is_told(tmp_path):
    (tmp_path / "there.html").write_text("x")
    with mirror(tmp_path) as url:
        assert release_check.leads_nowhere(f"{url}there.html") == ""
        assert release_check.leads_nowhere(f"{url}gone.html") == "answered 404"
        closed = url
    assert release_check.leads_nowhere(closed).startswith("no answer (")


def test_without_git_the_courses_files_are_those_that_gitignore_does_not_name(tmp_path, monkeypatch):
    import course
    monkeypatch.setattr(course, "ROOT", tmp_path)
    (tmp_path / ".gitignore").write_text("# a comment\n/mine/\n*.pyc\n\n/course.pdf\nexercises/grades/\nbuild/\n.venv*\n")
    here = ["a.py", "docs/mine/b.md", "docs/course.pdf", "exercises/source/c.ipynb", "build", "docs/grades/d.md", ".gitignore"]
    for name in (*here[:-1], "mine/x.ipynb", "a.pyc", "docs/b.pyc", "course.pdf", "exercises/grades/e.csv", "docs/build/f.html", ".venv/g", "docs/.venv2/h", ".git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".git" / "config").unlink()
    (tmp_path / ".git").rmdir()
    assert course.files() == sorted(here) and course.new_files() == []


def test_what_is_not_committed_is_told_and_a_tag_that_is_taken(tmp_path, monkeypatch):
    from test_launch import git
    (tmp_path / "pyproject.toml").write_text('[tool.course]\nversion = "2027.03.1"\n')
    monkeypatch.setattr(release_check, "ROOT", tmp_path)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    assert list(release_check.committed()) == []
    (tmp_path / "more").write_text("")
    git(tmp_path, "tag", "v2027.03.1")
    left, taken = release_check.committed()
    assert "not committed" in left and "more" in left and "v2027.03.1 exists" in taken


def test_release_check_says_what_to_mend_and_fails(monkeypatch, capsys):
    def good():
        """All is well."""
        return []

    def bad():
        """Something."""
        yield "do this"

    monkeypatch.setattr(release_check, "CHECKS", (good, release_check.links))
    assert release_check.main(["--offline"]) == 0
    assert "good" in capsys.readouterr().out
    monkeypatch.setattr(release_check, "CHECKS", (good, bad))
    assert release_check.main([]) == 1
    assert re.search(r"mend +Something\.\n    do this", capsys.readouterr().out)
    monkeypatch.setattr(release_check, "CHECKS", (bad, good, bad, good))
    assert release_check.main([]) == 2, "also where the last one is good"


def test_no_page_waits_for_somebody():
    for path in release_check.launch.pages():
        assert not re.search(r"\b(TIME|TODO|XXX|FIXME|TBD)\b", path.read_text(encoding="utf-8")), path


def test_without_a_network_the_links_are_one_line(monkeypatch):
    monkeypatch.setattr(release_check, "leads_nowhere", lambda address: "no answer (ConnectionError)")
    monkeypatch.setattr(release_check, "settings", lambda: ("prof/course", "main"))
    assert [line for line in release_check.links()] == ["no address answered, so there is no network here: OFFLINE=1 leaves the links out"]
    monkeypatch.setattr(release_check, "leads_nowhere", lambda address: "" if "zenodo" in address or "pytorch" in address else "answered 404")
    monkeypatch.setattr(release_check, "settings", lambda: ("OWNER/course", "main"))
    *found, last = release_check.links()
    assert found and all("answered 404" in line for line in found) and last.startswith("pyproject.toml's slug is OWNER/...")


def test_templates_ask_for_what_a_maintainer_needs():
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))
    assert [form.stem[2:] for form in forms] == ["wrong-sentence", "lesson-fails", "exercise-misjudges"]
    assert all("required: true" in form.read_text(encoding="utf-8") for form in forms)
    assert len(page(".github/PULL_REQUEST_TEMPLATE.md").splitlines()) == 5
