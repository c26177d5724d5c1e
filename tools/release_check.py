"""What must hold before a version is tagged: `make release-check`. Says what does not, and what to do about it.

    python tools/release_check.py [--offline | --links]   # without asking whether the links that lead out still lead somewhere, or asking that alone
"""
import argparse
import concurrent.futures
import re
import subprocess
import sys

import requests
from ruamel.yaml import YAML

import blank
import launch
import licences
import stamp
from course import ROOT, settings, stated

# The tests that hold what is derived, printed or linked to where it comes from; `make test` has them among all others.
TESTS = ("tests/test_launch.py", "tests/test_figures.py", "tests/test_numbers.py", "tests/test_notebooks.py", "tests/test_benchmarks.py",
         "tests/test_exercises.py::test_releases_are_in_step_with_their_sources")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def version():
    return stated(ROOT)["version"]


def versions():
    """The same version and date in pyproject.toml, CITATION.cff and CHANGELOG.md."""
    number, cited = version(), YAML(typ="safe").load(read("CITATION.cff"))
    if not re.fullmatch(r"20\d\d\.(0[1-9]|1[0-2])\.\d+", number):
        yield f"pyproject.toml has version {number}: write year.month.number, as 2026.11.0"
    if cited["version"] != number:
        yield f"CITATION.cff has version {cited['version']}, pyproject.toml {number}: write the version that you release into both"
    entry = re.search(rf"^## \[{re.escape(number)}\] - (\d{{4}}-\d\d-\d\d)\n(.*?)(?=^## |^\[|\Z)", read("CHANGELOG.md"), re.M | re.S)
    if not entry:
        yield f"CHANGELOG.md has no section '## [{number}] - date': give what stands under Unreleased this heading"
    elif not entry[2].strip():
        yield f"CHANGELOG.md says nothing of {number}"
    elif str(cited["date-released"]) != entry[1]:
        yield f"CITATION.cff has the date {cited['date-released']}, CHANGELOG.md {entry[1]}"
    waiting = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## )", read("CHANGELOG.md"), re.M | re.S)
    if waiting and waiting[1].strip():
        yield "CHANGELOG.md has entries under Unreleased: move them below the version's heading"
    if f"[{number}]: " not in read("CHANGELOG.md"):
        yield f"CHANGELOG.md has no address for [{number}] at its end"


def outputs():
    """Outputs are those of today's code on the real data, and what is made of them is in step."""
    paths = launch.notebooks()
    found = {path.relative_to(ROOT).as_posix(): why for path in paths if (why := stamp.stale(path, ROOT))}
    yield from (f"{name}: {why}" for name, why in found.items())
    if found:
        yield "run them, and look at what git diff shows: COURSE_DATA=real make notebooks" + (
            "" if len(found) == len(paths) else f' NOTEBOOKS="{" ".join(found)}"')
    if {path.name: path.read_text(encoding="utf-8") for path in (ROOT / blank.BLANK).glob("*.ipynb")} != blank.blanks(ROOT):
        yield "blank/ is not what notebooks/ makes it: python tools/blank.py"


def derived():
    """Badges, links within the course, numbers, figures, the students' versions: by their tests."""
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "2", *TESTS], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        yield "tests fail:\n" + "\n".join(line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR", "E  ")) or "no tests" in line)


def edition():
    """The web edition builds, and shows what the lessons show today."""
    for path in sorted((ROOT / "web" / "explored").glob("*.js")):
        lesson = path.name.partition(".")[0]
        notebook = ROOT / "notebooks" / f"{lesson}.ipynb"
        if f'"modules":"{stamp.modules(notebook, ROOT)}"' not in path.read_text(encoding="utf-8")[-200:]:
            yield f"web/explored/{path.name} was drawn with other modules of the course: make explored LESSONS={lesson}"
    done = subprocess.run(["make", "site"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        yield "make site fails:\n" + done.stderr[-1500:]


def licensed():
    """Every dependency's licence is listed."""
    yield from licences.wrong()


def committed():
    """Nothing is uncommitted, and the tag is free."""
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.rstrip()
    if changed := git("status", "--porcelain"):
        yield f"not committed (commit it, or take it away):\n{changed}"
    if git("tag", "--list", f"v{version()}"):
        yield f"the tag v{version()} exists: take the next number"


def leads_nowhere(address):
    """Why an address gives no page, in words, or ""."""
    try:
        answer = requests.get(address, timeout=20, stream=True, headers={"User-Agent": "Mozilla/5.0 (a course looks at its links)"})
        answer.close()
        return "" if answer.status_code in (200, 403, 429) else f"answered {answer.status_code}"  # 403, 429: there, but not for programs
    except requests.RequestException as error:
        return f"no answer ({type(error).__name__})"


def links():
    """Every link that leads out leads somewhere."""
    out = {}
    for path, _, target in launch.links():
        if re.match(r"https?://", target):
            out.setdefault(target.partition("#")[0], path.relative_to(ROOT).as_posix())
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = [f"{page}: {address} {why}" for (address, page), why in zip(out.items(), pool.map(leads_nowhere, out)) if why]
    if found and len(found) == len(out) and all("no answer" in line for line in found):
        found = ["no address answered, so there is no network here: OFFLINE=1 leaves the links out"]
    yield from found
    if settings()[0].startswith("OWNER/"):
        yield "pyproject.toml's slug is OWNER/...: make fork SLUG=owner/name, or badges and links lead nowhere"


CHECKS = (versions, outputs, derived, edition, licensed, committed, links)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--offline", action="store_true", help="leave out the links that lead out of the course")
    parser.add_argument("--links", action="store_true", help="look at those links alone")
    options = parser.parse_args(arguments)
    wrong = 0
    for check in [links] if options.links else CHECKS:
        if check is links and options.offline:
            print("left out  " + check.__doc__)
            continue
        found = list(check())
        print(f"{'mend' if found else 'good':9} {check.__doc__}", *(f"    {line}" for line in found), sep="\n", flush=True)
        wrong += bool(found)
    return wrong


if __name__ == "__main__":
    sys.exit(main() and 1)
