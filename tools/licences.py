"""The licences of what the course needs, docs/licences.md: `python tools/licences.py` writes its table anew.

Every package of constraints.txt has a row. pip-licenses says what those that are installed here declare; a row of one that is
not (what only a class's server or the weekly runs need) stays as it is.
"""
import json
import re
import subprocess
import sys

from course import ROOT

PAGE = ROOT / "docs" / "licences.md"
PLAIN = {"BSD License": "BSD", "MIT License": "MIT", "Apache Software License": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0",
         "Apache 2.0": "Apache-2.0", "ISC License (ISCL)": "ISC", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
         "Python Software Foundation License": "PSF-2.0"}  # one name for each


def plain(name):
    return re.sub(r"[-_.]+", "-", name.lower())


def needed():
    """The names of constraints.txt."""
    return [plain(line.partition("==")[0]) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line]


def declared():
    """{package: licence} of what is installed beside this Python."""
    said = subprocess.run([sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--with-system"], check=True, capture_output=True, text=True)
    return {plain(row["Name"]): PLAIN.get(row["License"], row["License"]) for row in json.loads(said.stdout)}


def listed():
    """{package: licence} of the page's table."""
    table = PAGE.read_text(encoding="utf-8").partition("| package | licence |\n| --- | --- |\n")[2]
    return dict(re.findall(r"^\| ([a-z0-9-]+) \| (.+?) \|$", table, re.M))


def wrong():
    """What the page lacks or says otherwise than the packages do, in words."""
    rows, said = listed(), declared()
    lines = [f"{name} is not in docs/licences.md" for name in needed() if name not in rows]
    lines += [f"{name} declares {said[name]}, docs/licences.md says {rows[name]}" for name in needed() if name in said and rows.get(name, said[name]) != said[name]]
    return lines + [f"docs/licences.md lists {name}, which nothing needs" for name in rows if name not in needed()]


def main():
    rows = {**listed(), **declared()}
    unknown = [name for name in needed() if rows.get(name, "UNKNOWN") == "UNKNOWN"]
    table = "\n".join(f"| {name} | {rows[name]} |" for name in needed() if name not in unknown)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(r"(\| package \| licence \|\n\| --- \| --- \|\n)(?:\|.*\n)*", lambda match: match[1] + table + "\n", text), encoding="utf-8")
    return f"no licence is known of {', '.join(unknown)}: install it, or write its row into docs/licences.md" if unknown else None


if __name__ == "__main__":
    sys.exit(main())
