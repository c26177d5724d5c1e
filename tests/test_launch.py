"""The roads to the course: badges, links, a fork, Colab and Kaggle, Binder."""
import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

import environments
from mirror import mirror

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import course  # noqa: E402
import launch  # noqa: E402

ROOT = launch.ROOT
LESSONS = sorted(ROOT.glob("notebooks/*.ipynb"))
EXERCISES = sorted(ROOT.glob("exercises/release/*/*.ipynb"))
in_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="made from git")


files_of_the_course = launch.files


def copied(target):
    """A copy of the course as it would be committed now."""
    for name in files_of_the_course():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def git(folder, *arguments):
    return subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments], cwd=folder,
                          check=True, capture_output=True, text=True).stdout


ADDRESS = "https://github.com/prof/course/blob/main/utils.py"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Another course, prof/course: two lessons that no links lead to or from yet, an exercise, a page, and what no move should touch."""
    cell = nbformat.v4.new_code_cell
    lesson = [nbformat.v4.new_markdown_cell(f"# A lesson\n\nIt uses [utils]({ADDRESS})."), cell("import utils"), cell(f'print("[no link]({ADDRESS})")')]
    exercise = [lesson[0], cell("import utils\nimport torch\n"), lesson[2]]
    notebooks = {"notebooks/01-one.ipynb": lesson, "notebooks/02-two.ipynb": lesson,
                 "exercises/source/01-one/01-one-exercises.ipynb": exercise, "exercises/release/01-one/01-one-exercises.ipynb": exercise}
    texts = {"pyproject.toml": '# Übungen\n[tool.course]\nslug = "prof/course"\nrevision = "main"\n', "data/images": b"\xff\xfe" + ADDRESS.encode(),
             "docs/start.md": f"[Übungen]({ADDRESS})\n", "tests/test_fork.py": f"{ADDRESS}\n",
             **{name: nbformat.writes(nbformat.v4.new_notebook(cells=cells)) + "\n" for name, cells in notebooks.items()}}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(launch, "ROOT", tmp_path)
    return tmp_path


# ---- badges and links

def test_badges_and_first_cells_are_what_the_slug_makes_of_them():
    slug, revision = launch.settings()
    for path in launch.notebooks():
        here = path.relative_to(ROOT).as_posix()
        made = launch.placed(nbformat.read(path, as_version=4), here, slug, revision)
        assert nbformat.writes(made) + "\n" == path.read_text(encoding="utf-8"), f"{here}: run python tools/launch.py"


@pytest.mark.parametrize("path", LESSONS + EXERCISES, ids=lambda path: path.stem)
def test_a_badge_opens_the_notebook_that_it_stands_in(path):
    slug, revision = launch.settings()
    text = nbformat.read(path, as_version=4).cells[0].source
    here = path.relative_to(ROOT).as_posix()
    assert launch.colab(slug, revision, here) in text and launch.binder(slug, revision, here) in text


def test_a_new_notebook_gains_its_links_at_the_end_once_and_keeps_what_it_had(small):
    path = small / "notebooks" / "01-one.ipynb"
    before, notebook = (nbformat.read(path, as_version=4) for _ in range(2))
    for _ in range(2):
        notebook = launch.placed(notebook, "notebooks/01-one.ipynb", "prof/course", "main")
        assert [cell.id for cell in notebook.cells] == [*(cell.id for cell in before.cells), "go-on-text"]
    assert notebook.cells[-2] == before.cells[-1]
    assert "[lesson 02](02-two.ipynb)" in notebook.cells[-1].source


def test_an_exercise_keeps_all_that_its_first_cell_imports_after_utils():
    kept = "import torch\nfrom torchvision import utils\nimport utils as course\nx = 1\nimport utils\n"
    cell = launch.first_cell("prof/course", "main", "exercises/source/01-one/01-one-exercises.ipynb", f"import sys\nimport utils\n{kept}")
    assert cell.endswith(f"\nimport utils\n{kept}")
    assert launch.first_cell("prof/course", "main", "exercises/source/01-one/01-one-exercises.ipynb", cell) == cell
    commented = f"import sys\nimport utils  # of the course\n{kept}"
    assert launch.first_cell("prof/course", "main", "exercises/source/01-one/01-one-exercises.ipynb", commented) == cell


def test_an_exercise_whose_first_cell_would_be_lost_stops_a_move_before_anything_is_written(small):
    path = small / "exercises" / "source" / "01-one" / "01-one-exercises.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("import utils", "import util"), encoding="utf-8")
    before = {file: file.read_bytes() for file in small.rglob("*") if file.is_file()}
    with pytest.raises(SystemExit, match="01-one-exercises.ipynb: its first code cell has no line `import utils`. Write it there"):
        launch.move("new-prof/dl", "v1")
    assert {file: file.read_bytes() for file in small.rglob("*") if file.is_file()} == before


def test_an_address_in_the_projects_own_file_follows_a_move_too(small):
    project = small / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8") + f'[project.urls]\nUtils = "{ADDRESS}"\n', encoding="utf-8")
    assert launch.move("new-prof/dl", "v1").count("pyproject.toml") == 1
    assert project.read_text(encoding="utf-8").endswith('slug = "new-prof/dl"\nrevision = "v1"\n[project.urls]\n'
                                                        f'Utils = "{ADDRESS.replace("prof/course/blob/main", "new-prof/dl/blob/v1")}"\n')


@in_git
def test_every_link_leads_to_what_its_text_names():
    slug, revision = launch.settings()
    committed = set(files_of_the_course())
    seen = 0
    for path, words, target in launch.links():
        where = f"{path.relative_to(ROOT)}: [{words}]({target})"
        if re.match(r"https?://", target):
            cloud = re.fullmatch(r"https://(?:colab\.research\.google\.com/github/|mybinder\.org/v2/gh/)"
                                 r"([\w.-]+/[\w.-]+)/(?:blob/)?([^/?]+)(?:/|\?urlpath=lab/tree/)(.*)", target)
            if not cloud:
                continue
            assert cloud[1] == slug and cloud[2] == revision, where
            goal = unquote(cloud[3])
        else:
            name, _, anchor = target.partition("#")
            goal = Path(os.path.relpath(path.parent / unquote(name), ROOT)).as_posix() if name else \
                path.relative_to(ROOT).as_posix()
            if anchor:
                headings = re.findall(r"^#+ (.*)", (ROOT / goal).read_text(encoding="utf-8"), flags=re.M)
                anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in anchors, where
        assert goal in committed or any(name.startswith(goal.rstrip("/") + "/") for name in committed), where
        assert not goal.startswith("exercises/source/") or "exercises/README.md" in str(path), f"{where}: leads to the answers"
        number = re.search(r"\blesson (\d\d)\b", words) or re.match(r"(\d\d) ", words)
        if number:
            assert Path(goal).name.startswith(number[1]), where
        if re.fullmatch(r"[\w./-]+\.\w+", words):
            assert Path(goal).name == Path(words).name, where
        title = re.match(r"[A-Z].*", words)
        if title and goal.endswith(".ipynb") and number is None and "![" not in words and words not in ("Colab", "Binder"):
            assert words in nbformat.read(ROOT / goal, as_version=4).cells[0].source.partition("\n")[0], where
        if "exercises" in words and goal.endswith(".ipynb"):
            assert goal.startswith("exercises/release/"), where
        seen += 1
    assert seen > 100


def test_links_stand_in_pages_and_texts_of_notebooks_and_not_in_code(small, ascii_only):
    links = {f"{path.relative_to(small).as_posix()}: {words} {target}" for path, words, target in launch.links()}
    assert links == {f"docs/start.md: Übungen {ADDRESS}", *(f"{name}: utils {ADDRESS}" for name in (
        "notebooks/01-one.ipynb", "notebooks/02-two.ipynb",
        "exercises/source/01-one/01-one-exercises.ipynb", "exercises/release/01-one/01-one-exercises.ipynb"))}


@pytest.mark.parametrize("text, found", [
    ("```\n[a](b.md)\n```\n", []), ("Write `[a](b.md)`.", []), ("[`a`](b.md)", [("`a`", "b.md")]), ("[a `b`, c](d.md)", [("a `b`, c", "d.md")]),
    ("[`a`](b.md), then `c`, [`d`](e.md)", [("`a`", "b.md"), ("`d`", "e.md")]),
    ("[`a[0]`](b.md)", [("`a0`", "b.md")]), ("[a ```b``` c](d.md)", [("a  c", "d.md")]),
    ("[![a](b.svg)](c.md)", [("![a](b.svg)", "c.md"), ("![a](b.svg)", "b.svg")]),
    ('<a href="a.md"><img src="b.svg" alt="c"></a>', [("", "a.md"), ("", "b.svg")])],
    ids=["block", "code", "code-as-words", "code-in-words", "code-behind", "brackets", "block-in-words", "picture-in-link", "html"])
def test_a_link_of_any_spelling_is_found_and_none_in_code(text, found, small):
    (small / "docs" / "start.md").write_text(text, encoding="utf-8")
    assert [(words, target) for path, words, target in launch.links() if path.name == "start.md"] == found


def test_links_that_lead_out_are_listed_with_their_files(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["launch.py", "--links"])
    assert launch.main() is None
    assert re.search(r"^https://pytorch\.org\S*\n    docs/installing\.md$", capsys.readouterr().out, flags=re.M)


# ---- a fork

@pytest.mark.long("copies the course three times")
@in_git
def test_a_fork_leaves_no_link_to_the_old_copy_and_moving_back_changes_nothing(tmp_path):
    old, revision = launch.settings()
    fork = copied(tmp_path / "fork")
    git(fork, "init", "-q", "-b", "main")
    git(fork, "add", ".")
    git(fork, "commit", "-q", "-m", "the course")

    def move(*arguments):
        """`make fork`: both programs, here in one process, as importing what they need takes longer than what they do."""
        subprocess.run([sys.executable, "-c", "import sys; sys.path.insert(0, 'tools'); import launch, exercises.grading.release as release\n"
                        "sys.exit(launch.main() or release.main())", *arguments],
                       cwd=fork, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

    slug = "prof-x/dl.2027"
    move(slug, "autumn-27")
    new = [name for name in files_of_the_course() if name.endswith((".ipynb", ".md", ".toml", ".py", ".json"))]
    left = {name for name in new if old in (fork / name).read_text(encoding="utf-8")}
    assert left == set(), "these still lead to the old copy"
    for path in sorted(fork.glob("notebooks/*.ipynb")) + sorted(fork.glob("exercises/release/*/*.ipynb")):
        text = path.read_text(encoding="utf-8")
        here = launch.opened(path.relative_to(fork).as_posix())
        assert f"/github/{slug}/blob/autumn-27/{here}" in text and f"/gh/{slug}/autumn-27?urlpath=lab/tree/{here}" in text
        assert f"git clone --depth 1 --branch autumn-27 https://github.com/{slug} course" in text
    assert f"git clone --branch autumn-27 https://github.com/{slug}\ncd dl.2027\n" in (fork / "README.md").read_text(encoding="utf-8")
    assert "(https://prof-x.github.io/dl.2027/)" in (fork / "README.md").read_text(encoding="utf-8"), "the web edition"
    move(old, revision)
    assert git(fork, "status", "--porcelain") == ""


WRITTEN = ["pyproject.toml", "exercises/source/01-one/01-one-exercises.ipynb", "notebooks/01-one.ipynb", "notebooks/02-two.ipynb",
           "blank/01-one.ipynb", "blank/02-two.ipynb", "docs/start.md"]


def test_a_move_writes_all_that_follows_and_nothing_else_and_names_it(small, ascii_only):
    others = ["data/images", "tests/test_fork.py", "exercises/release/01-one/01-one-exercises.ipynb"]  # `make release` writes the last
    before = [(small / name).read_bytes() for name in others]
    assert launch.move("new-prof/dl", "v1") == WRITTEN
    assert [(small / name).read_bytes() for name in others] == before
    assert (small / "pyproject.toml").read_text(encoding="utf-8") == '# Übungen\n[tool.course]\nslug = "new-prof/dl"\nrevision = "v1"\n'
    there = ADDRESS.replace("prof/course/blob/main", "new-prof/dl/blob/v1")
    assert (small / "docs" / "start.md").read_text(encoding="utf-8") == f"[Übungen]({there})\n"
    for name in WRITTEN[1:-1]:
        notebook = nbformat.reads((small / name).read_text(encoding="utf-8"), as_version=4)
        assert "prof/course" not in str(notebook) and f"[utils]({there})" in notebook.cells[0].source
        opened = name.replace("notebooks/", "blank/").replace("/source/", "/release/")
        assert name.startswith("blank/") or f"(https://mybinder.org/v2/gh/new-prof/dl/v1?urlpath=lab/tree/{opened})" in notebook.cells[0].source
    assert launch.move("new-prof/dl", "v1") == []


def test_what_changed_is_told_line_by_line_and_without_a_name_the_course_stays_where_it_is(small, monkeypatch, capsys):
    stays = "The course lives at github.com/prof/course, and its badges open main.\n"
    monkeypatch.setattr(sys, "argv", ["launch.py"])
    launch.main()
    assert capsys.readouterr().out == "\n".join(WRITTEN[1:-1]) + f"\n{stays}"
    launch.main()
    assert capsys.readouterr().out == f"Nothing to change.\n{stays}"


@pytest.mark.parametrize("owner", ["Prof", "prof"])
def test_an_address_of_the_web_edition_follows_in_either_case(owner):
    moved = launch.repointed(f"[web](https://{owner}.github.io/course/)", ("Prof/course", "main"), ("new-prof/dl", "main"))
    assert moved == "[web](https://new-prof.github.io/dl/)"


def test_help_begins_with_what_the_program_is_for_in_a_line(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", ["launch.py", "--help"])
    with pytest.raises(SystemExit):
        launch.main()
    said = capsys.readouterr().out
    assert "Where this copy of the course lives" in said and "the course moves there" not in said


@pytest.mark.parametrize("arguments", [["no-slash"], ["https://github.com/prof/course"], ["prof/course", "feature/x"]])
def test_a_slug_that_is_none_is_refused_and_nothing_is_written(arguments, monkeypatch):
    before = (ROOT / "pyproject.toml").read_bytes()
    monkeypatch.setattr(sys, "argv", ["launch.py", *arguments])
    with pytest.raises(SystemExit, match="owner/name|a branch or a tag"):
        launch.main()
    assert (ROOT / "pyproject.toml").read_bytes() == before


# ---- Colab and Kaggle

@pytest.fixture(scope="module")
def github(tmp_path_factory):
    """The environment of a machine for which the course's address on GitHub is a local repository."""
    slug, revision = launch.settings()
    folder = tmp_path_factory.mktemp("github")
    course = copied(folder / slug)
    git(course, "init", "-q", "-b", revision)
    git(course, "add", ".")
    git(course, "commit", "-q", "-m", "the course")
    colab = folder / "stand-in"
    (colab / "google" / "colab").mkdir(parents=True)
    (colab / "google" / "colab" / "__init__.py").touch()
    (colab / "sitecustomize.py").write_text("import google.colab\n")  # as Colab's kernels do before the first cell
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{folder}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/", "PYTHONPATH": str(colab), "COURSE_DATA": "sample"}


def first_cells(path, twice=True):
    """A notebook with only its first code cell, twice, and where utils and torch come from then."""
    notebook = nbformat.read(path, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    again = nbformat.from_dict({**first, "id": "again"})
    tell = nbformat.v4.new_code_cell("import torch; print(utils.__file__, torch.__file__, sep='\\n')")
    notebook.cells = [first, again, tell] if twice else [first, tell]
    return notebook


def printed(notebook):
    return "".join(output.get("text", "") for output in notebook.cells[-1].outputs)


@pytest.mark.long("starts PyTorch anew, from a clone")
@in_git
@pytest.mark.parametrize("cloud, path", [("colab", LESSONS[0]), ("kaggle", EXERCISES[3])], ids=["lesson-colab", "exercise-kaggle"])
def test_the_first_cell_fetches_the_course_in_the_cloud_and_may_be_run_twice(cloud, path, github, tmp_path):
    empty = tmp_path / "content"
    empty.mkdir()
    variables = dict(github) if cloud == "colab" else {**github, "PYTHONPATH": None, "KAGGLE_KERNEL_RUN_TYPE": "Interactive"}
    done = environments.run(first_cells(path), empty, sys.executable, tmp_path, **variables)
    assert printed(done).startswith(str(empty / "course" / "utils.py"))
    assert os.listdir(empty) == ["course"]
    assert done.cells[0].outputs == done.cells[1].outputs == []
    assert git(empty / "course", "rev-list", "--count", "HEAD").strip() == "1"


@pytest.mark.long("starts PyTorch anew, from a clone")
@in_git
def test_the_first_cell_fetches_nothing_elsewhere(github, tmp_path):
    done = environments.run(first_cells(LESSONS[0]), ROOT / "notebooks", sys.executable, tmp_path,
                            **{**github, "PYTHONPATH": None})
    assert Path(printed(done).split("\n")[0]).resolve() == ROOT / "utils.py"
    assert not (ROOT / "notebooks" / "course").exists()


@in_git
def test_the_first_cell_says_what_git_said_where_the_course_cannot_be_had(github, tmp_path):
    from nbclient.exceptions import CellExecutionError
    with pytest.raises(CellExecutionError) as caught:
        environments.run(first_cells(LESSONS[0]), tmp_path, sys.executable, tmp_path,
                         **{**github, "GIT_CONFIG_KEY_0": "url.file:///nowhere/.insteadOf"})
    assert "git repository" in str(caught.value)  # git's own words
    assert "Settings, Internet on" in str(caught.value)


@pytest.fixture(scope="module")
def colab():
    return environments.make("colab", "-r", "tests/colab.txt")


@in_git
@pytest.mark.exhaustive("an installation like Colab's")
def test_colab_gains_d2l_and_keeps_all_it_had(colab, github, tmp_path):
    """Colab's own packages are as they were; d2l alone is installed, from the registry."""
    subprocess.run([colab, "-m", "pip", "uninstall", "-q", "-y", "d2l"], check=True)
    before = environments.versions(colab)
    assert "d2l" not in before and before["ipython"] == "7.34.0" and before["ipywidgets"] == "7.7.1"
    empty = tmp_path / "content"
    empty.mkdir()
    done = environments.run(first_cells(LESSONS[0]), empty, colab, tmp_path, **github)
    assert environments.versions(colab) == {**before, "d2l": "0.17.0"}
    assert printed(done).split("\n")[1].startswith(str(environments.FOLDER / "colab"))


@in_git
@pytest.mark.exhaustive("an installation like Colab's, and each lesson run in it")
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_on_colab_from_an_empty_folder(path, colab, github, tmp_path):
    empty = tmp_path / "content"
    empty.mkdir()
    done = environments.run(path, empty, colab, tmp_path, **github)
    widgets = done.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    sliders = [w for w in widgets.values() if "Slider" in w["model_name"] or w["model_name"] in ("TextModel", "FileUploadModel")]
    assert sliders, "no Explore cell made a control"


@in_git
@pytest.mark.exhaustive("an installation like Colab's")
def test_an_exercise_answered_on_colab_checks_itself(colab, github, tmp_path):
    empty = tmp_path / "content"
    empty.mkdir()
    exercise = nbformat.read(EXERCISES[3], as_version=4)
    answers = {cell.id: cell.source for cell in nbformat.read(
        ROOT / "exercises" / "source" / EXERCISES[3].parent.name / EXERCISES[3].name, as_version=4).cells}
    for cell in exercise.cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code":
            cell.source = answers[cell.id]
    done = environments.run(exercise, empty, colab, tmp_path, **github)
    said = [output.get("text", "") for cell in done.cells if cell.id.endswith("-check") for output in cell.outputs]
    assert len(said) == 5 and all("right" in text for text in said), said


# ---- Binder

def test_binder_installs_the_tested_versions_as_cpu_builds():
    lines = [line for line in (ROOT / "binder" / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == ["--extra-index-url https://download.pytorch.org/whl/cpu", "-r ../requirements.txt", "-c ../constraints.txt"]
    # A local version (2.13.0+cpu) is preferred to the plain one of that number, but not where a pin names the plain build.
    assert "+" not in (ROOT / "constraints.txt").read_text()
    assert (ROOT / "binder" / "runtime.txt").read_text().strip() in ("python-3.11", "python-3.12", "python-3.13")
    for script in ("postBuild", "start"):
        assert os.access(ROOT / "binder" / script, os.X_OK)


@pytest.mark.skipif(os.name == "nt", reason="Binder's images are of Linux")
@pytest.mark.parametrize("fails, tries, code", [(0, 1, 0), (2, 3, 0), (3, 3, 1)])
def test_an_image_is_built_with_both_real_sets_or_not_at_all(fails, tries, code, tmp_path):
    for name, script in (("sleep", "exit 0"), ("python", 'echo "$COURSE_DATA $2" >> asked; [ "$(grep -c _mnist asked)" -gt "$FAILS" ]')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FAILS": str(fails)}
    (tmp_path / "sub" / "__pycache__").mkdir(parents=True)
    assert subprocess.run([ROOT / "binder" / "postBuild"], cwd=tmp_path, env=env).returncode == code
    first, second = (f"real import utils; utils.load_data_{name}(256)" for name in ("mnist", "fashion_mnist"))
    assert (tmp_path / "asked").read_text().splitlines() == [first] * tries + [second] * (code == 0)
    assert (tmp_path / "sub" / "__pycache__").exists() == bool(code)


@in_git
@pytest.mark.exhaustive("an environment for repo2docker")
def test_repo2docker_takes_the_course(tmp_path):
    """It reads binder/ and writes the steps of an image; the image itself needs Docker and is not built here."""
    python = environments.make("repo2docker", "jupyter-repo2docker>=2024.7")
    result = subprocess.run([python, "-m", "repo2docker", "--no-build", "--debug", str(copied(tmp_path / "course"))],
                            capture_output=True, text=True, timeout=120)
    steps = result.stdout + result.stderr
    assert result.returncode == 0, steps[-3000:]
    for step in ("for python=3.11", 'pip install --no-cache-dir -r "binder/requirements.txt"', "RUN ./binder/postBuild",
                 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"'):
        assert step in steps, step


MIRROR = """
import os, sys, urllib.request
_urlopen = urllib.request.urlopen

def urlopen(request, *args, **options):
    "Take torchvision's request for a data set to a server of this machine."
    name = "FashionMNIST" if "fashion" in request.full_url.lower() else "MNIST"
    path = f"{os.environ['MIRROR']}{name}/{request.full_url.rsplit('/', 1)[1]}"
    sys.modules["torchvision.datasets.utils"].check_integrity = lambda path, md5=None: os.path.isfile(path)
    return _urlopen(path, *args, **options)

if "MIRROR" in os.environ:
    urllib.request.urlopen = urlopen
"""


@in_git
@pytest.mark.exhaustive("an environment like Binder's")
def test_binders_steps_end_in_a_session_with_real_data(tmp_path):
    """The requirement files, postBuild, start and a lesson, in a clean environment and a clean copy.

    Not as on Binder: the index of CPU builds is left out (pip takes what the registry has), conda and Ubuntu are those
    of this machine, and where COURSE_DATA_DIR has the data, files packed from it stand in for the mirrors, MD5 unchecked.
    """
    python = environments.make("binder", "-r", "requirements.txt", "-c", "constraints.txt")
    assert environments.versions(python, "nbgrader", "pytest-xdist", "playwright") == {
        "nbgrader": None, "pytest-xdist": None, "playwright": None}
    course = copied(tmp_path / "course")
    (tmp_path / "stand-in").mkdir()
    (tmp_path / "stand-in" / "sitecustomize.py").write_text(MIRROR)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "OMP_", "PYTEST_"))}
    env |= {"PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]]), "PYTHONPATH": str(tmp_path / "stand-in")}
    stored = Path(os.environ.get("COURSE_DATA_DIR", ROOT / "data"))
    if (stored / "MNIST" / "raw").is_dir():
        for path in stored.glob("*/raw/*-ubyte"):
            packed = tmp_path / "mirror" / path.parts[-3] / f"{path.name}.gz"
            packed.parent.mkdir(parents=True, exist_ok=True)
            packed.write_bytes(gzip.compress(path.read_bytes(), compresslevel=1))
    with mirror(tmp_path / "mirror") as url:
        here = {"MIRROR": url} if (tmp_path / "mirror").exists() else {}
        built = subprocess.run(["binder/postBuild"], cwd=course, env=env | here, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    for name in ("MNIST", "FashionMNIST"):
        assert len(list((course / "data" / name / "raw").iterdir())) == 4
    session = ("import nbformat, sys; from nbclient import NotebookClient; from pathlib import Path;"
               "path = Path('notebooks/05-softmax-concise.ipynb'); lesson = nbformat.read(path, 4);"
               "lesson.cells.append(nbformat.v4.new_code_cell('print(source, torch.get_num_threads())'));"
               "NotebookClient(lesson, timeout=600, resources={'metadata': {'path': 'notebooks'}}).execute();"
               "print(lesson.cells[-1].outputs[0]['text'])")
    ran = subprocess.run(["binder/start", "python", "-c", session], cwd=course, env=env, capture_output=True, text=True)
    assert ran.stdout.strip() == "real 1", ran.stdout[-1000:] + ran.stderr[-3000:]


def test_a_session_has_no_more_threads_than_binder_gives_it(tmp_path):
    for given, threads in (("1.0", "1"), ("2.0", "2"), ("0.5", "1"), (None, "1")):
        env = {name: value for name, value in os.environ.items() if name not in ("CPU_LIMIT", "OMP_NUM_THREADS")}
        result = subprocess.run([ROOT / "binder" / "start", sys.executable, "-c", "import os; print(os.environ['OMP_NUM_THREADS'])"],
                                env={**env, **({"CPU_LIMIT": given} if given else {})}, capture_output=True, text=True)
        assert result.stdout.strip() == threads, (given, result.stderr)
