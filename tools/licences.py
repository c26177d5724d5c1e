"""The licences of what the course needs, docs/licences.md: `python tools/licences.py` writes its table anew.

Every package of constraints.txt has a row. pip-licenses says what those that are installed here declare; a row of one that is
not (what only a class's server or the weekly runs need), or that declares none, stays as it is.
"""
import json
import re
import subprocess
import sys

from course import ROOT

PAGE = ROOT / "docs" / "licences.md"
HEAD, ROW = "| package | licence |\n| --- | --- |\n", r"^\| ([a-z0-9-]+) \| (.+?) \|$"  # of its table, with which it ends
PLAIN = {"BSD License": "BSD", "MIT License": "MIT", "Apache Software License": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0",
         "Apache 2.0": "Apache-2.0", "Apache": "Apache-2.0", "ISC License (ISCL)": "ISC", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
         "Python Software Foundation License": "PSF-2.0"}  # one name for each


TEXTS = {"Permission is hereby granted, free of charge, to any person obtaining a copy": "MIT",  # of packages that declare the whole text
         "Neither the name of": "BSD-3-Clause"}


def plain(name):
    return re.sub(r"[-_.]+", "-", name.lower())


def needed():
    """The names of constraints.txt."""
    return [plain(line.partition("==")[0]) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line]


def declared():
    """{package: licence} of what is installed beside this Python, where it declares one: in a line that fits its table."""
    said = subprocess.run([sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--with-system"], check=True, capture_output=True, text=True)
    return {plain(row["Name"]): next((name for words, name in TEXTS.items() if words in row["License"]),
                                     PLAIN.get(row["License"], " ".join(row["License"].split())[:200]))
            for row in json.loads(said.stdout) if row["License"] != "UNKNOWN"}


def listed():
    """{package: licence} of the page's table."""
    return dict(re.findall(ROW, _table(), re.M))


def _table():
    return PAGE.read_text(encoding="utf-8").partition(HEAD)[2]


def wrong():
    """What the page lacks or says otherwise than the packages do, in words."""
    rows, said, names, table = listed(), declared(), needed(), _table().splitlines()
    packages = [line.split(" | ")[0] for line in table]
    lines = [f"{name} is not in docs/licences.md" for name in names if name not in rows]
    lines += [f"{name} declares {said[name]}, docs/licences.md says {rows[name]}" for name in names if name in said and rows.get(name, said[name]) != said[name]]
    lines += [f"docs/licences.md lists {name}, which nothing needs" for name in rows if name not in names]
    lines += [f"docs/licences.md has a line that is no row, or a package twice: {line[:60]}" for i, line in enumerate(table)
              if not re.fullmatch(ROW, line) or packages[i] in packages[:i]]
    return lines and [*lines, "mend it: .venv/bin/python tools/licences.py"]


def main():
    rows = {**listed(), **declared()}
    unknown = [name for name in needed() if rows.get(name, "UNKNOWN") == "UNKNOWN"]
    table = "".join(f"| {name} | {rows[name]} |\n" for name in sorted(needed()) if name not in unknown)
    PAGE.write_text(PAGE.read_text(encoding="utf-8").partition(HEAD)[0] + HEAD + table, encoding="utf-8")
    return f"no licence is known of {', '.join(unknown)}: install it, or write its row into docs/licences.md" if unknown else None


if __name__ == "__main__":
    sys.exit(main())
