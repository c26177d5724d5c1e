"""Does this Python suit the course, and does .venv? Asked before anything is installed.

    python tools/python_fits.py           # say in one sentence what is amiss; clear away or mend a .venv that does not work
    python tools/python_fits.py --check   # only say it
    .venv/bin/python tools/python_fits.py --venv   # one word about the .venv that this Python belongs to: fits, moved, other

Runs on every Python since 2.6, as it is the old ones that it turns away: no f-strings, no pathlib, nothing to install.
"""
from __future__ import print_function

import io
import os
import platform
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
WINDOWS = os.name == "nt"
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")


def read(path):
    with io.open(path, encoding="utf-8") as file:
        return file.read()


def supported():
    """The range that pyproject.toml gives: its words, and the oldest and newest version as pairs."""
    words = re.search(r'^python = "(.*)"', read(os.path.join(ROOT, "pyproject.toml")), re.M).group(1)
    oldest, newest = [tuple(int(number) for number in version.split(".")) for version in words.split(" to ")]
    return words, oldest, newest


def output(command):
    """What a command prints, or None where it can't be run or fails."""
    try:
        with open(os.devnull) as nothing:
            process = subprocess.Popen(command, stdin=nothing, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            said = process.communicate()[0].decode("utf-8", "replace").strip()
        return None if process.returncode else said
    except (OSError, ValueError):
        return None


def cure(goal):
    """What to type: a Python of this machine that fits, or one to install. The middle of the range has its packages longest."""
    _, oldest, newest = supported()
    versions = ["%d.%d" % (oldest[0], minor) for minor in range(oldest[1], newest[1] + 1)]
    versions.sort(key=lambda version: (version != "3.12", version != "3.13", version))
    tell = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    there = [version for version in versions
             if output((["py", "-" + version] if WINDOWS else ["python" + version]) + ["-c", tell]) == version]
    found = (there or versions)[0]
    typed = "py -%s -m venv .venv" % found if WINDOWS else "make %s PYTHON=python%s" % (goal, found)
    return ("" if there else "install Python %s (python.org has it) and " % found) + "type  " + typed


def amiss(name, goal):
    """What keeps this Python from being used, one sentence; None where all is well."""
    words, oldest, newest = supported()
    version = ".".join(str(number) for number in sys.version_info[:3])
    if not oldest <= sys.version_info[:2] <= newest:
        return "This course needs Python %s, and %s is %s: %s" % (words, name, version, cure(goal))
    if platform.python_implementation() != "CPython" or sys.maxsize < 2 ** 32:
        return "PyTorch has no build for %s, which is %s of %s bits: %s" % (
            name, platform.python_implementation(), 64 if sys.maxsize > 2 ** 32 else 32, cure(goal))
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        package = "python%d.%d-venv" % sys.version_info[:2]
        return "%s %s lacks the module %s: on Debian and Ubuntu install it with  sudo apt-get install %s" % (
            name, version, str(error).split("'")[-2] if "'" in str(error) else "venv", package)
    return None


def made_in(prefix):
    """The folder for which an environment was made, or None where its pyvenv.cfg does not tell."""
    path = os.path.join(prefix, "pyvenv.cfg")
    found = os.path.isfile(path) and re.search(r"^command = .* -m venv (?:--\S+ )*(.+)$", read(path), re.M)
    return found.group(1).strip() if found else None


def state(wanted):
    """Of the environment that this Python belongs to: fits, moved (its folder has another name now), or other."""
    _, oldest, newest = supported()
    if not oldest <= sys.version_info[:2] <= newest or wanted not in ("", "%d.%d" % sys.version_info[:2]):
        return "other %d.%d" % sys.version_info[:2]
    old = made_in(sys.prefix)
    return "moved" if old and os.path.realpath(old) != os.path.realpath(sys.prefix) else "fits"


def mend():
    """Point the programs in .venv, which begin with the whole path of their Python, to where the folder lies now."""
    old = made_in(VENV)
    here = os.path.realpath(VENV)
    for path in [os.path.join(VENV, "pyvenv.cfg")] + [os.path.join(BIN, name) for name in os.listdir(BIN)]:
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            text = file.read()
        if b"\0" in text or old.encode("utf-8") not in text:
            continue
        text = re.sub(re.escape(old.encode("utf-8")) + br"(?![\w.-])", lambda match: here.encode("utf-8"), text)
        first, _, rest = text.partition(b"\n")
        if first.startswith(b"#!" + here.encode("utf-8")) and (b" " in first or len(first) > 120):
            # More than a kernel reads as a program's name: let sh find Python.
            text = b"#!/bin/sh\n'''exec' \"" + first[2:] + b"\" \"$0\" \"$@\"\n' '''\n" + rest
        with open(path + ".new", "wb") as file:  # a new file: the old one may be shared with another folder
            file.write(text)
        shutil.copymode(path, path + ".new")
        os.rename(path + ".new", path)


def prepare():
    """Clear away a .venv that does not work, mend one whose folder was moved; say so. Return what stands in the way, or None."""
    if not os.path.lexists(VENV):
        return None
    wanted = "%d.%d" % sys.version_info[:2]
    python = os.path.join(BIN, "python.exe" if WINDOWS else "python")
    said = output([python, os.path.abspath(__file__), "--venv", wanted])
    if said == "fits":
        return None
    if said == "moved" and not WINDOWS:
        mend()
        print("This folder was moved: the programs in .venv now start from here.")
        return None
    why = ("was made by Python " + said.split()[1] if said and said.startswith("other") else
           "belongs to another folder" if said == "moved" else "has no Python that runs")
    if os.path.islink(VENV) or not os.path.isdir(VENV):  # not ours to clear
        return ".venv, a link or a file, %s: remove it, and it is made anew." % why
    print(".venv %s: it is made anew with Python %s." % (why, wanted))
    shutil.rmtree(VENV)
    return None


def main(arguments):
    option = arguments[0] if arguments and arguments[0].startswith("--") else ""
    words = arguments[1:] if option else arguments
    if option == "--venv":
        print(state(words[0] if words else ""))
        return None
    name, goal = (words + ["", ""])[:2]
    return amiss(name or os.path.basename(sys.executable or "python"), goal or "lab") or (None if option else prepare())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
