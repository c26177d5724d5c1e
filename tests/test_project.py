"""What the project says of itself: README in one screen, where things are, what is checked where, and what a release needs."""
import ast
import http.server
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml

from mirror import serving

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import blank  # noqa: E402
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


def test_workflows_keep_what_a_failed_run_has_shown_and_ask_the_links_that_lead_out():
    jobs = {name: yaml.safe_load(page(f".github/workflows/{name}.yml"))["jobs"] for name in ("test", "weekly", "pages")}
    kept = [step for of in jobs.values() for job in of.values() for step in job.get("steps", ()) if "/upload-artifact@" in step.get("uses", "")]
    assert any(step["with"]["path"] == "tests/screenshots" for step in kept) and 'SHOTS = ROOT / "tests" / "screenshots"' in page("tests/test_web.py")
    assert all(step.get("if") == "always()" for step in kept)
    assert any("tools/release_check.py --links > links.txt" in step.get("run", "") for step in jobs["weekly"]["links"]["steps"])


@pytest.mark.parametrize("drawn, said", [("of today", 0), ("of yesterday", 1)])
def test_what_the_web_edition_shows_is_of_todays_modules(drawn, said, monkeypatch, tmp_path):
    (tmp_path / "web" / "explored").mkdir(parents=True)
    (tmp_path / "web" / "explored" / "01-tensors.one.js").write_text(f'course.pack({{"modules":"{drawn}"}})')
    monkeypatch.setattr(release_check, "ROOT", tmp_path)
    monkeypatch.setattr(release_check.stamp, "modules", lambda notebook, root: "of today" if notebook == tmp_path / "notebooks" / "01-tensors.ipynb" else "another lesson's")
    for code in (0, 2):
        monkeypatch.setattr(release_check.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, code, "", f"{command} failed"))
        wanted = ["web/explored/01-tensors.one.js was drawn with other modules of the course: make explored LESSONS=01-tensors"] * said
        assert list(release_check.edition()) == wanted + ["make site fails:\n['make', 'site'] failed"] * bool(code)


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
CHANGES = "# Changelog\n\n{heading}{waiting}\n## [2027.03.1] - 2027-03-05\n{said}\n[2027.03.1]: https://x.example\n"


@pytest.mark.parametrize("change, said", [
    ({}, None), ({"version": "2027.03.0"}, "CITATION.cff has version 2027.03.0"),
    ({"date": "2027-03-04"}, "CITATION.cff has the date 2027-03-04, CHANGELOG.md 2027-03-05"),
    ({"waiting": "\n- one more\n"}, "entries under Unreleased"), ({"said": ""}, "says nothing of 2027.03.1"),
    ({"own": "2027.13.1"}, "write year.month.number"), ({"own": "1.2"}, "write year.month.number"), ({"own": "2027.04.0"}, "has no section"),
    ({"heading": ""}, None), ({"said": "\n- Zoë's α and β\n"}, None)])
def test_a_version_that_is_not_the_same_everywhere_is_told(change, said, tmp_path, monkeypatch, ascii_only):
    own = {"version": "2027.03.1", "date": "2027-03-05", "heading": "## [Unreleased]\n", "waiting": "", "said": "\n- a thing\n", "own": "2027.03.1", **change}
    (tmp_path / "pyproject.toml").write_text(f'[tool.course]\nversion = "{own["own"]}"\n')
    (tmp_path / "CITATION.cff").write_text(CITED.format(**own))
    (tmp_path / "CHANGELOG.md").write_text(CHANGES.format(**own), encoding="utf-8")
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


def test_outputs_of_an_exercise_are_fresh_until_a_module_or_a_check_is_another(notebook):
    root = notebook.parent.parent
    exercise, check = root / "exercises" / "source" / "01" / "own.ipynb", root / "exercises" / "checks" / "own.py"
    for path in (exercise, check):
        path.parent.mkdir(parents=True)
    exercise.write_bytes(notebook.read_bytes())
    for changed in (root / "utils.py", check):
        stamp.write(exercise, "real", root)
        assert stamp.stale(exercise, root) == ""
        changed.write_text("x = 3\n")
        assert "modules that it imports have changed" in stamp.stale(exercise, root), changed
    stamp.write(notebook, "real", root)
    check.write_text("x = 4\n")
    assert stamp.stale(notebook, root) == "", "no check is of a lesson"


def test_a_notebook_is_named_from_the_courses_folder_wherever_one_is(notebook, tmp_path_factory, monkeypatch):
    root, name = notebook.parent.parent, "exercises/source/01/own.ipynb"
    (root / name).parent.mkdir(parents=True)
    (root / "exercises" / "checks").mkdir()
    (root / name).write_bytes(notebook.read_bytes())
    edited(root / name, 1, "script.py makes y")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    for changed in ("exercises/source/01/script.py", "exercises/checks/own.py"):
        stamp.write(name, "real", root)
        assert stamp.stale(name, root) == ""
        (root / changed).write_text("y = 1\n")
        assert "modules that it imports have changed" in stamp.stale(name, root), changed
    assert list(Path().iterdir()) == []


def test_the_order_in_which_an_outputs_parts_are_stored_makes_no_difference(notebook):
    nb = json.loads(notebook.read_text())
    nb["cells"][2]["outputs"] = [{"text": ["2"], "output_type": "stream", "name": "stdout"}]
    notebook.write_text(json.dumps(nb))
    stamp.write(notebook, "real", notebook.parent.parent)
    assert stamp.stale(notebook, notebook.parent.parent) == ""


def test_letters_of_any_script_may_be_in_a_notebook_and_a_module(notebook, ascii_only):
    root = notebook.parent.parent
    (root / "utils.py").write_text("x = 'β'\n", encoding="utf-8")
    edited(notebook, 1, "Zoë's words")
    stamp.write(notebook, "real", root)
    assert stamp.stale(notebook, root) == ""
    assert "Zoë's words" in notebook.read_text(encoding="utf-8") and "Zoë's words" in blank.blanks(root)["01.ipynb"]


def test_a_lesson_that_was_never_stamped_is_made_blank_too():
    cells = [nbformat.v4.new_code_cell("1 + 1", execution_count=1, outputs=[nbformat.v4.new_output("stream", text="2")])]
    made = nbformat.reads(blank.blank(nbformat.writes(nbformat.v4.new_notebook(cells=cells))), 4)
    assert [(cell.source, cell.outputs, cell.execution_count) for cell in made.cells] == [("1 + 1", [], None)]


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


HEAD = "# Licences\n\nof Zoë's course\n\n| package | licence |\n| --- | --- |\n"


@pytest.fixture
def licensed(monkeypatch, tmp_path, ascii_only):
    """A course that needs two packages, whose page lists them; nothing is declared. `licensed(rows, of the page)` writes the page."""
    (tmp_path / "constraints.txt").write_text("# Zoë's\nLeft_Pad==1.0; python_version == '3.12'\nright-pad==2.0\n", encoding="utf-8")
    monkeypatch.setattr(licences, "ROOT", tmp_path)
    monkeypatch.setattr(licences, "PAGE", tmp_path / "licences.md")
    monkeypatch.setattr(licences, "declared", dict)
    return lambda *rows: licences.PAGE.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")


ROWS = ["| left-pad | MIT |", "| right-pad | BSD |"]


@pytest.mark.parametrize("more, line", [(ROWS[:1], ROWS[0]), (["some words"], "some words"), ([*HEAD.splitlines()[-2:], *ROWS], ROWS[1])],
                         ids=["a package twice", "words", "the table twice"])
def test_a_line_that_should_not_be_in_the_table_of_licences_is_told_and_taken_away(more, line, licensed):
    licensed(*ROWS)
    assert licences.wrong() == []
    licensed(*ROWS, *more)
    assert f"docs/licences.md has a line that is no row, or a package twice: {line}" in licences.wrong()
    assert licences.main() is None and licences.wrong() == []
    assert licences.PAGE.read_text(encoding="utf-8") == HEAD + "\n".join(ROWS) + "\n"


def test_a_package_that_is_listed_with_two_licences_is_told(licensed):
    licensed("| left-pad | BSD |", *ROWS)
    assert "docs/licences.md has a line that is no row, or a package twice: | left-pad | MIT |" in licences.wrong()


def test_a_licence_of_many_words_is_kept_in_one_line_that_then_is_right(monkeypatch, tmp_path):
    said = json.dumps([{"Name": "left_pad", "License": "You may do\n  with it " + "what you like, " * 30}, {"Name": "right-pad", "License": "BSD License"}])
    monkeypatch.setattr(licences.subprocess, "run", lambda *args, **how: SimpleNamespace(stdout=said))
    monkeypatch.setattr(licences, "ROOT", tmp_path)
    monkeypatch.setattr(licences, "PAGE", tmp_path / "licences.md")
    (tmp_path / "constraints.txt").write_text("left-pad==1.0\nright-pad==2.0\n", encoding="utf-8")
    licences.PAGE.write_text(HEAD, encoding="utf-8")
    assert licences.main() is None and licences.wrong() == []
    assert licences.listed()["left-pad"].startswith("You may do with it what you like, what") and len(licences.listed()["left-pad"]) == 200


def test_a_package_whose_licence_nobody_knows_is_told_and_gets_no_row(licensed):
    licensed(ROWS[1])
    assert licences.main() == "no licence is known of left-pad: install it, or write its row into docs/licences.md"
    assert licences.listed() == {"right-pad": "BSD"}
    licensed("| left-pad | UNKNOWN |")
    assert "of left-pad, right-pad:" in licences.main() and licences.listed() == {}


def test_where_licences_cannot_be_asked_for_none_counts_as_declared(monkeypatch):
    def fails(command, check=False, **options):
        done = subprocess.CompletedProcess(command, 1, "[]", "No module named piplicenses")
        if check:
            done.check_returncode()
        return done

    monkeypatch.setattr(licences.subprocess, "run", fails)
    with pytest.raises(subprocess.CalledProcessError, match="piplicenses"):
        licences.declared()


class Answers(http.server.BaseHTTPRequestHandler):
    """/429 is answered with that number, and with a page of which only the beginning comes; a program that says it is one finds nothing."""
    def do_GET(self):
        self.send_response(404 if self.headers["User-Agent"].startswith("python") else int(self.path.strip("/")))
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"a page that")


def test_an_address_that_leads_nowhere_is_told_and_one_that_a_browser_would_open_is_not():
    with serving(Answers) as url:
        for number in (200, 403, 429):
            assert release_check.leads_nowhere(f"{url}{number}") == "", number
        for number in (404, 410, 500):
            assert release_check.leads_nowhere(f"{url}{number}") == f"answered {number}"
    assert release_check.leads_nowhere(url) == "no answer (ConnectionError)"


def test_an_address_that_keeps_one_waiting_is_given_up(monkeypatch):
    def waits(address, timeout=None, **options):
        assert timeout and timeout <= 60, "for ever"
        raise release_check.requests.Timeout

    monkeypatch.setattr(release_check.requests, "get", waits)
    assert release_check.leads_nowhere("https://a.example") == "no answer (Timeout)"


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
    git(tmp_path, "tag", "v2027.03.0")
    assert list(release_check.committed()) == [], "another version has its tag"
    (tmp_path / "more").write_text("")
    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    git(tmp_path, "tag", "v2027.03.1")
    left, taken = release_check.committed()
    assert left == "not committed (commit it, or take it away):\n M pyproject.toml\n?? more" and "v2027.03.1 exists" in taken


def test_release_check_says_what_to_mend_and_fails(monkeypatch, capsys):
    def good():
        """All is well."""
        return []

    def bad():
        """Something."""
        yield "do this"

    monkeypatch.setattr(release_check, "CHECKS", (good, release_check.links))
    assert release_check.main(["--offline"]) == 0
    assert capsys.readouterr().out == "good      All is well.\nleft out  Every link that leads out leads somewhere.\n"
    monkeypatch.setattr(release_check, "CHECKS", (good, bad))
    assert release_check.main([]) == 1
    assert re.search(r"mend +Something\.\n    do this", capsys.readouterr().out)
    monkeypatch.setattr(release_check, "CHECKS", (bad, good, bad, good))
    assert release_check.main([]) == 2, "also where the last one is good"
    monkeypatch.setattr(release_check, "CHECKS", (release_check.links, bad))
    assert release_check.main(["--offline"]) == 1, "what comes after the links is looked at"


def test_the_links_are_looked_at_unless_they_are_to_be_left_out_and_alone_where_that_is_asked(monkeypatch, capsys):
    def links():
        """Links."""
        yield "a link"

    def other():
        """Other things."""
        return []

    monkeypatch.setattr(release_check, "links", links)
    monkeypatch.setattr(release_check, "CHECKS", (other, links))
    assert release_check.main([]) == 1
    assert capsys.readouterr().out == "good      Other things.\nmend      Links.\n    a link\n"
    assert release_check.main(["--links"]) == 1
    assert capsys.readouterr().out == "mend      Links.\n    a link\n"


def test_what_a_check_found_is_shown_before_the_next_one_begins(monkeypatch):
    """They take minutes."""
    shown, seen = io.BytesIO(), []

    def check():
        """Something."""
        seen.append(shown.getvalue().count(b"Something."))
        return []

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown))
    monkeypatch.setattr(release_check, "CHECKS", (check, check, check))
    release_check.main([])
    assert seen == [0, 1, 2]


def test_the_help_of_release_check_says_what_it_does_in_a_sentence(capsys):
    with pytest.raises(SystemExit):
        release_check.main(["--help"])
    said = capsys.readouterr().out
    assert "What must hold before a version is tagged" in said and "leave out the links" in said and "python tools/" not in said


def test_no_page_waits_for_somebody():
    for path in release_check.launch.pages():
        assert not re.search(r"\b(TIME|TODO|XXX|FIXME|TBD)\b", path.read_text(encoding="utf-8")), path


def test_without_a_network_the_links_are_one_line(monkeypatch):
    monkeypatch.setattr(release_check, "leads_nowhere", lambda address: "no answer (ConnectionError)")
    monkeypatch.setattr(release_check, "settings", lambda: ("prof/course", "main"))
    assert [line for line in release_check.links()] == ["no address answered, so there is no network here: OFFLINE=1 leaves the links out"]
    monkeypatch.setattr(release_check, "leads_nowhere", lambda address: "" if "zenodo" in address or "pytorch" in address else "answered 404")
    monkeypatch.setattr(release_check, "settings", lambda: ("OWNER/course", "main"))
    monkeypatch.setattr(release_check.launch, "links", lambda: [])
    assert [line for line in release_check.links()] == ["pyproject.toml's slug is OWNER/...: make fork SLUG=owner/name, or badges and links lead nowhere"]
    monkeypatch.undo()
    monkeypatch.setattr(release_check, "leads_nowhere", lambda address: "" if "zenodo" in address or "pytorch" in address else "answered 404")
    monkeypatch.setattr(release_check, "settings", lambda: ("OWNER/course", "main"))
    *found, last = release_check.links()
    assert found and all("answered 404" in line for line in found) and last.startswith("pyproject.toml's slug is OWNER/...")


@pytest.mark.parametrize("dead, answer, said", [
    ([], "", []), (["https://a.example/x"], "answered 404", ["README.md: https://a.example/x answered 404"]),
    (["https://b.example/"], "no answer (Timeout)", ["docs/b.md: https://b.example/ no answer (Timeout)"]),
    (["https://a.example/x", "https://b.example/"], "answered 404", [
        "README.md: https://a.example/x answered 404", "docs/b.md: https://b.example/ answered 404"])])
def test_each_page_is_asked_for_once_and_told_with_the_first_file_that_leads_there(dead, answer, said, monkeypatch):
    asked = []

    def leads_nowhere(address):
        asked.append(address)
        return answer if address in dead else ""

    monkeypatch.setattr(release_check, "leads_nowhere", leads_nowhere)
    monkeypatch.setattr(release_check, "settings", lambda: ("prof/course", "main"))
    monkeypatch.setattr(release_check.launch, "links", lambda: [
        (ROOT / "README.md", "a", "https://a.example/x#part#1"), (ROOT / "docs" / "b.md", "b", "other.md"), (ROOT / "docs" / "b.md", "b", "https://b.example/"),
        (ROOT / "docs" / "c.md", "c", "https://a.example/x#another")])
    assert list(release_check.links()) == said
    assert sorted(asked) == ["https://a.example/x", "https://b.example/"]


def test_templates_ask_for_what_a_maintainer_needs():
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))
    assert [form.stem[2:] for form in forms] == ["wrong-sentence", "lesson-fails", "exercise-misjudges"]
    assert all("required: true" in form.read_text(encoding="utf-8") for form in forms)
    assert len(page(".github/PULL_REQUEST_TEMPLATE.md").splitlines()) == 5
