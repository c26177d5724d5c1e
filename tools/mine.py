"""A learner's own copies of the lessons and exercises, in mine/, which git ignores: `make lab` makes them and opens there.

A copy that its owner has not changed is renewed when the course has a newer version; running it, which fills in outputs, is no
change. One that was changed is never overwritten: the newer version is put beside it, once, as `….new.ipynb`. So `git pull`
never meets anybody's work.

    python tools/mine.py            # from the course's top folder; needs Python alone
    python tools/mine.py ~/mine     # into another folder: a hub's students can't write where the course lies
"""
import errno
import hashlib
import itertools
import json
import os
import re
import sys
import tempfile
from pathlib import Path

from course import ROOT

MINE, RECORD = "mine", ".made.json"
EDITORS = {"vscode", "colab", "pycharm", "datalore"}
CELL = EDITORS | {"execution", "ExecuteTime", "collapsed", "scrolled", "trusted", "id", "outputId"}
UMASK = os.umask(0)
os.umask(UMASK)  # it can only be asked by setting it
NOTEBOOK = EDITORS | {"kernelspec", "language_info", "widgets"}


def said(text):
    """A sum over what a notebook says, whatever was run in it and wherever it was opened; None where it can't be read."""
    try:
        notebook = json.loads(text)
        cells = [[cell["cell_type"], "".join(cell["source"]), cell.get("attachments"), _kept(cell["metadata"], CELL)]
                 for cell in notebook["cells"]]
        content = [cells, _kept(notebook["metadata"], NOTEBOOK)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _kept(metadata, others):
    """Metadata without what running and opening a notebook leaves there, and without what is then empty."""
    kept = {name: value for name, value in metadata.items() if name not in others}
    if "jupyter" in kept:
        kept["jupyter"] = {name: value for name, value in kept["jupyter"].items() if name != "outputs_hidden"}
    return {name: value for name, value in kept.items() if value not in ({}, [], None)}


def at_home(text):
    """A notebook's text with its links to lessons and exercises leading to the copies beside it."""
    text = re.sub(r"\]\((?:\.\./)+exercises/release/[\w-]+/([\w-]+\.ipynb)\)", r"](\1)", text)
    return re.sub(r"\]\((?:\.\./)+notebooks/([\w-]+\.ipynb)\)", r"](\1)", text)


def versions():
    """Return {name below mine/: text} of the course as it is now: lessons without outputs, and exercises."""
    found = [*sorted(ROOT.glob("blank/*.ipynb")), *sorted(ROOT.glob("exercises/release/*/*-exercises.ipynb"))]
    return {path.name: at_home(_read(path)) for path in found}


def _read(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # no notebook: `said` finds it damaged


def renew(folder, made):
    """Write {name: text} into `folder`, keeping what its owner has changed; return the lines to say and those that say a failure."""
    folder.mkdir(parents=True, exist_ok=True)
    record = _record(folder / RECORD)
    lines, failed = [], []
    for name, text in made.items():
        entry = record.setdefault(name, {})
        try:
            line = _renew(folder / name, text, entry)
            if line:
                lines.append(line)
            write(folder / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")
        except OSError as error:  # costs this copy only
            failed.append(f"{name} in {folder.name}/ can't be written ({error.strerror}): {error.filename or folder / name}")
    return lines, failed


def _record(path):
    """{name: {"copied": what stood in the version that is the copy, "beside": in the one put beside it}}, empty where it is damaged."""
    try:
        _plain(path)
        record = json.loads(path.read_text(encoding="utf-8"))
        return {name: dict(entry) for name, entry in record.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _renew(path, text, entry):
    """Bring one copy up to `text` where its owner has not changed it; return the line to say, "" for none."""
    new, line = said(text), ""
    if new is None:
        return f"The course's own {path.name} is damaged, so your copy was not renewed."
    if not os.path.lexists(path):
        line = f"{path.name} was not there any more, and is made anew." if entry else ""
        write(path, text)
        entry["copied"] = new
        return line
    _plain(path)
    mine = said(path.read_text(encoding="utf-8", errors="replace"))
    if mine == new:
        entry["copied"] = new
    elif mine is not None and mine == entry.get("copied"):
        write(path, text)
        entry["copied"] = new
        line = f"{path.name} is renewed: you had not changed it."
    elif entry.get("beside") != new:
        beside = _beside(path, new, entry.get("beside"))
        write(beside, text)
        entry["beside"] = new
        line = f"{path.name} is yours and stays as it is; the course's new version is {beside.name}, beside it."
    return line


def _plain(path):
    """Raise OSError where reading would wait for somebody: a FIFO, a device."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is no plain file", str(path))


def _beside(path, new, last):
    """Where a new version goes: `….new.ipynb`, or with a number where that one is its owner's too."""
    for number in itertools.count(1):
        beside = path.with_name(f"{path.stem}.new{number if number > 1 else ''}.ipynb")
        if not os.path.lexists(beside) or beside.is_file() and said(beside.read_text(encoding="utf-8", errors="replace")) in (new, last or new):
            return beside


def write(path, text):
    """Write a file whole or not at all; its mode stays."""
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(new, mode or 0o666 & ~UMASK)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise


def main(arguments=()):
    folder, made = Path(arguments[0]) if arguments else ROOT / MINE, versions()
    try:
        lines, failed = renew(folder, made)
    except OSError as error:
        lines, failed = [], [f"Your copies in {folder.name}/ can't be written ({error.strerror}): {error.filename}"]
    for line in lines:
        print(line)
    for line in failed:
        print(line, file=sys.stderr)
    if made and not failed:
        print(f"The first page to open is {folder.name}/{next(iter(made))}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
