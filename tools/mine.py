"""A learner's own copies of the lessons and exercises, in mine/, which git ignores: `make lab` makes them and opens there.

A copy that its owner has not changed is renewed when the course has a newer version; running it, which fills in outputs, is no
change. One that was changed is never overwritten: the newer version is put beside it, once, as `….new.ipynb`. So `git pull`
never meets anybody's work.

    python tools/mine.py         # from the course's top folder; needs Python alone
"""
import hashlib
import json
import os
import re
import sys

from course import ROOT

MINE, RECORD = "mine", ".made.json"


def sources(text):
    """A sum over what a notebook says, whatever was run in it; None where it can't be read."""
    try:
        cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]
    except (ValueError, KeyError, TypeError):
        return None
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def at_home(text):
    """A notebook's text with its links to lessons and exercises leading to the copies beside it."""
    text = re.sub(r"\]\((?:\.\./)+exercises/release/[\w-]+/([\w-]+\.ipynb)\)", r"](\1)", text)
    return re.sub(r"\]\((?:\.\./)+notebooks/([\w-]+\.ipynb)\)", r"](\1)", text)


def versions():
    """Return {name below mine/: text} of the course as it is now: lessons without outputs, and exercises."""
    found = [*sorted(ROOT.glob("blank/*.ipynb")), *sorted(ROOT.glob("exercises/release/*/*-exercises.ipynb"))]
    return {path.name: at_home(path.read_text(encoding="utf-8")) for path in found}


def renew(folder, made):
    """Write {name: text} into `folder`, keeping what its owner has changed; return the lines to say."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / RECORD
    try:
        given = json.loads(record.read_text(encoding="utf-8"))
        given = given if isinstance(given, dict) else {}
    except (OSError, ValueError):
        given = {}
    lines = []
    for name, text in made.items():
        path, new = folder / name, sources(text)
        if not path.exists():
            write(path, text)
            if name in given:
                lines.append(f"{name} was not there any more, and is made anew.")
        elif given.get(name) != new:  # the course has another version than the one that was copied last
            mine = sources(path.read_text(encoding="utf-8", errors="replace"))
            if mine == new:
                pass
            elif mine is not None and mine == given.get(name):
                write(path, text)
                lines.append(f"{name} is renewed: you had not changed it.")
            else:
                beside = path.with_name(f"{path.stem}.new.ipynb")
                write(beside, text)
                lines.append(f"{name} is yours and stays as it is; the course's new version is {beside.name}, beside it.")
        given[name] = new
    write(record, json.dumps(given, indent=1, sort_keys=True) + "\n")
    return lines


def write(path, text):
    """Write a file whole or not at all."""
    new = path.with_name(path.name + ".part")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def main():
    folder = ROOT / MINE
    try:
        lines = renew(folder, versions())
    except OSError as error:
        print(f"Your copies in {MINE}/ can't be written ({error.strerror}): {error.filename}", file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
