"""What the tools know of the course: where it lies, what it is called, and which files are part of it, with or without git.

    python tools/course.py prof/deep-learning [v1]   # only say what is wrong with a name; needs nothing installed
"""
import fnmatch
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def stated(root=None):
    """What pyproject.toml says of the course, {"slug": ..., "revision": ..., "version": ..., "python": ...}."""
    return tomllib.loads(((root or ROOT) / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]


def settings():
    """Return the course's slug, "owner/name", and revision, a branch or a tag."""
    course = stated()
    return course["slug"], course["revision"]


def _git(*arguments):
    """The names that git lists, the last of them "", or None where there is no repository (a downloaded zip) or no git."""
    if not (ROOT / ".git").exists():  # a repository further up knows nothing of this folder
        return None
    try:
        done = subprocess.run(["git", "ls-files", "-z", *arguments], cwd=ROOT, capture_output=True)
    except OSError:
        return None
    return None if done.returncode else [os.fsdecode(name) for name in done.stdout.split(b"\0")]


def _ignored(patterns, name, folder):
    """Whether .gitignore's patterns take a path; `folder` says that it is one."""
    for pattern in patterns:
        if pattern.endswith("/") and not folder:
            continue
        pattern = pattern.rstrip("/")
        if fnmatch.fnmatchcase(*(name, pattern.lstrip("/")) if "/" in pattern else (name.rpartition("/")[2], pattern)):
            return True
    return False


def _walked():
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines() if (ROOT / ".gitignore").is_file() else []
    patterns = [".git", *(line.strip() for line in lines if not line.startswith("#"))]
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT).as_posix()
        prefix = "" if here == "." else here + "/"
        folders[:] = [name for name in folders if not _ignored(patterns, prefix + name, True)]
        yield from (prefix + name for name in names if not _ignored(patterns, prefix + name, False))


def files():
    """The names of the course's files as they are now, tracked or new, sorted; what .gitignore names is none of it."""
    names = _git("-co", "--exclude-standard")
    return sorted({name for name in (_walked() if names is None else names) if (ROOT / name).is_file()})


def new_files():
    """The names of the files that git does not track yet; none where there is no git to ask."""
    return sorted(name for name in _git("-o", "--exclude-standard") or [] if (ROOT / name).is_file())


def checked(slug, revision):
    """Stop with what to write unless a slug and a revision can be ones."""
    name = slug.partition("/")[2]
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9_.-]{1,100}", slug) or name in (".", "..") or \
            name.endswith(".git"):
        raise SystemExit(f"SLUG is {slug!r}: write owner/name, as in the address of your copy on GitHub, "
                         "for example SLUG=prof/course.")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", revision) or ".." in revision or revision.endswith((".", ".lock")):
        raise SystemExit(f"REVISION is {revision!r}: name a branch or a tag without a slash, such as main or v1.")


if __name__ == "__main__":
    checked(*(given or known for given, known in zip([*sys.argv[1:3], "", ""], settings())))
