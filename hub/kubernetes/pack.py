"""Pack what lies in all homes for one lesson: a zip on stdout, one line for each home on stderr. collect.py runs it in a pod.

    python pack.py 04-softmax-from-scratch /homes > submissions.zip

A student owns what is in their home, and may change it while it is read. So only the folder's own name, which no student can change,
says whose it is, and only the ctime, which no program can set, when it was last changed. Each step goes from an open folder to what
lies in it, follows no link and waits for nobody; what is read is bounded, and read whole before it is packed.
"""
import contextlib
import errno
import os
import re
import stat
import struct
import sys
import time
import zipfile

WHERE = "mine"  # in a home: where the image's /srv/start puts lessons and exercises
NAMES = 1_000  # of that folder are looked at
TAKEN = 10  # notebooks of one student: the exercise, and copies whose names begin with its name
LARGEST = 50_000_000  # bytes of all that is taken of one student
STUDENT = re.compile(r"[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?", re.A)  # what the hub makes of an account's name
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # O_NONBLOCK: a FIFO keeps nobody waiting


class Refused(Exception):
    """What is not read, and why, in words."""


@contextlib.contextmanager
def opened(name, flags, here=None):
    try:
        number = os.open(name, flags, dir_fd=here)
    except OSError as error:
        raise Refused(f"{shown(name)} {why(error)}") from None
    try:
        yield number
    finally:
        os.close(number)


def why(error):
    return {errno.ENOENT: "is not there", errno.ELOOP: "is a link, and links are not followed", errno.ENOTDIR: "is no folder, or a link to one"}.get(
        error.errno, f"can't be read ({error.strerror})")


def shown(name):
    """A name as it can be said in a terminal."""
    return os.fsencode(name).decode("utf-8", "replace").encode("unicode_escape").decode("ascii")[:80]


def found(folder, lesson):
    """The names of the exercise and its copies in an open folder, the exercise first."""
    names = []
    try:
        with os.scandir(folder) as items:
            for _, item in zip(range(NAMES), items):
                if item.name.startswith(f"{lesson}-exercises") and item.name.endswith(".ipynb"):
                    names.append(item.name)
    except OSError as error:
        raise Refused(f"{WHERE} {why(error)}") from None
    if not names:
        raise Refused(f"no {lesson}-exercises.ipynb in {WHERE}")
    return sorted(names, key=lambda name: (len(name), os.fsencode(name)))[:TAKEN]


def read(name, folder, most):
    """(bytes, ctime) of a plain file in an open folder."""
    with opened(name, FILE, folder) as number:
        before = os.fstat(number)
        if not stat.S_ISREG(before.st_mode):
            raise Refused(f"{shown(name)} is no plain file")
        if before.st_size > most:
            raise Refused(f"{shown(name)} goes past the {LARGEST // 1_000_000} MB that are taken of a student")
        pieces, left = [], before.st_size
        try:
            while left > 0 and (piece := os.read(number, min(left, 1 << 20))):
                pieces.append(piece)
                left -= len(piece)
        except OSError as error:
            raise Refused(f"{shown(name)} {why(error)}") from None
        after = os.fstat(number)
        if left or (after.st_size, after.st_mtime_ns, after.st_ctime_ns) != (before.st_size, before.st_mtime_ns, before.st_ctime_ns):
            raise Refused(f"{shown(name)} changed while it was read: collect once more")
        return b"".join(pieces), before.st_ctime


def of(student, homes, lesson):
    """([(name, bytes, ctime)], [what is refused, and why]) of one home."""
    taken, refused, left = [], [], LARGEST
    try:
        with opened(student, FOLDER, homes) as home, opened(WHERE, FOLDER, home) as folder:
            for name in found(folder, lesson):
                try:
                    content, when = read(name, folder, left)
                except Refused as error:
                    refused.append(str(error))
                    continue
                left -= len(content)
                taken.append((name, content, when))
    except Refused as error:
        refused.append(str(error))
    return taken, refused


def entry(name, when):
    """A zip's member with its date twice: by the clock on the wall, UTC, as zips have it of old, and in seconds since 1970."""
    info = zipfile.ZipInfo(name, max(time.gmtime(when)[:6], (1980, 1, 1, 0, 0, 0)))
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, min(int(when), 2**31 - 1))
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
    return info


def pack(lesson, where, out, say, leave_out=()):
    """Write the zip of all homes below the folder `where` to the file `out`."""
    with opened(where, FOLDER) as homes, zipfile.ZipFile(out, "w") as archive:
        with os.scandir(homes) as items:
            students = sorted(item.name for item in items)
        for student in students:
            if student in leave_out or student.startswith("."):
                continue
            if not STUDENT.fullmatch(student):
                say(f"{shown(student)}: no home, as no account is called so")
                continue
            taken, refused = of(student, homes, lesson)
            archive.writestr(zipfile.ZipInfo(f"{student}/"), b"")  # who has nothing is in the report, too
            for number, (name, content, when) in enumerate(taken):
                own = name == f"{lesson}-exercises.ipynb"  # what a copy is called is its owner's, and can be anything
                archive.writestr(entry(f"{student}/{lesson}-exercises{'' if own else f'-copy-{number}'}.ipynb", when), content)
            say(f"{student}: " + "; ".join([f"{len(taken)} notebook{'s' * (len(taken) != 1)}", *refused]))


def main(lesson, where, *leave_out):
    pack(lesson, where, sys.stdout.buffer, lambda line: print(line, file=sys.stderr, flush=True), leave_out)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
