"""Read what a class on one server handed in: `inbound` of nbgrader's exchange, a folder in which every account may write.

Of what lies there nothing is believed but what the system itself records: whose a file is (its owner) and when it came
(its ctime, which no program can set). A name or a time that says otherwise is refused. Nothing is opened by a path that
somebody could change meanwhile: each step goes from an open folder to what lies in it, follows no link, waits for nobody, and
looks again at what it holds open. What can't be read costs its owner only.
"""
import contextlib
import functools
import os
import pwd
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from . import release
from .mend import LARGEST
from .students import readable

FILES, DEPTH = 1_000, 20  # of one hand-in: files and folders, and folders in one another
APART = timedelta(hours=1)  # what a name's time may differ from what the system recorded; nbgrader's submit takes seconds
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})? UTC", re.A)  # as nbgrader writes it into a name
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # O_NONBLOCK: a FIFO keeps nobody waiting
LINK = "it is a link, and links are not followed"


class Refused(ValueError):
    """What is not read, and why, in words."""


@dataclass
class Found:
    """A file of a hand-in: its path in it, its bytes, when it came, and how to read it or why it can't be."""
    path: str
    size: int
    when: datetime
    load: Callable[[], bytes] | None
    problem: str = ""


@dataclass
class HandIn:
    """What lies in inbound under one name: what the name claims, and what the system recorded."""
    name: str
    claimed: str  # the account that it says it is of
    owner: str  # the account whose it is
    uid: int
    when: datetime
    problem: str = ""  # why it is refused
    inbound: int = field(default=-1, repr=False)  # the open folder in which it lies

    def refusal(self, why: str = "") -> str:
        """What there is to say of it, in its owner's remarks."""
        return f"{readable(self.name, 90)}: {why or self.problem}"

    @contextlib.contextmanager
    def files(self, skip: Callable[[str], object]) -> Iterator[list[Found]]:
        """Give what lies in it, which can be loaded inside `with`. `skip`: which paths to leave out. Raises Refused."""
        try:
            top = os.open(self.name, FOLDER, dir_fd=self.inbound)
        except OSError as error:
            raise Refused(f"it can't be opened ({error.strerror})") from None
        try:
            info = os.fstat(top)
            if info.st_uid != self.uid:
                raise Refused("it was replaced while it was read")
            try:
                found = list(_Reader(top, self.uid, skip).walk(top, (), info))
            except OSError as error:
                raise Refused(f"it can't be read ({error.strerror})") from None
            yield found
        finally:
            os.close(top)


class _Reader:
    """Reads one hand-in, bounded in files, depth and bytes. `top`: its open folder, `uid`: whose alone is read."""

    def __init__(self, top, uid, skip):
        self.top, self.uid, self.skip, self.files, self.bytes = top, uid, skip, FILES, LARGEST

    def walk(self, here, above, since):
        """Yield a Found for each file below the open folder `here`. `since`: the stat of what lies above it and came last.

        A folder that is moved here keeps the times of what is in it, and so the latest time on the way down to a file counts.
        """
        if len(above) > DEPTH:
            raise Refused(f"it has more than {DEPTH} folders in one another")
        with os.scandir(here) as items:
            for item in items:
                parts = (*above, item.name)
                path = "/".join(parts)
                if self.skip(path):
                    continue
                self.files -= 1
                if self.files < 0:
                    raise Refused(f"it holds more than {FILES:,} files")
                try:
                    yield from self._look(here, parts, path, since)
                except FileNotFoundError:
                    continue  # taken away meanwhile
                except OSError as error:
                    yield Found(path, 0, _when(since), None, f"it can't be opened ({error.strerror})")

    def _look(self, here, parts, path, since):
        info = os.stat(parts[-1], dir_fd=here, follow_symlinks=False)
        last = max(since, info, key=lambda each: each.st_ctime_ns)
        problem = _odd(info, self.uid, stat.S_ISREG)
        if stat.S_ISDIR(info.st_mode):
            with _opened(parts[-1], FOLDER, here) as inside:
                problem = _odd(os.fstat(inside), self.uid, stat.S_ISDIR)
                if not problem:
                    yield from self.walk(inside, parts, last)
                    return
        elif not problem and info.st_nlink > 1:
            problem = "it is a hard link: it has other names elsewhere"
        yield Found(path, info.st_size, _when(last), functools.partial(self._load, parts, info), problem)

    def _load(self, parts, known):
        """The bytes of the file that was looked at, the same to its inode and its last change. Raises Refused or OSError."""
        self.bytes -= known.st_size
        if self.bytes < 0:
            raise Refused(f"more than {LARGEST // 1_000_000} MB in all")
        with contextlib.ExitStack() as opened:
            here = self.top
            for name in parts[:-1]:
                here = opened.enter_context(_opened(name, FOLDER, here))
            file = opened.enter_context(_opened(parts[-1], FILE, here))
            pieces, left = [], known.st_size
            for _ in ("before a byte is read", "after the last"):
                if not _same(os.fstat(file), known):
                    raise Refused("changed while it was read (grade once more)")
                while left > 0 and (piece := os.read(file, min(left, 1 << 20))):
                    pieces.append(piece)
                    left -= len(piece)
        return b"".join(pieces)


@contextlib.contextmanager
def _opened(name, flags, here):
    """Give a descriptor of what lies in the open folder `here`."""
    number = os.open(name, flags, dir_fd=here)
    try:
        yield number
    finally:
        os.close(number)


def _same(info, known):
    return all(getattr(info, each) == getattr(known, each) for each in (
        "st_dev", "st_ino", "st_mode", "st_uid", "st_nlink", "st_size", "st_mtime_ns", "st_ctime_ns"))


def _odd(info, uid, kind):
    """Why this is not what it should be: a file or folder (`kind`, of the module stat) of this account; or ""."""
    if stat.S_ISLNK(info.st_mode):
        return LINK
    if not kind(info.st_mode):
        return "it is no ordinary file" if kind is stat.S_ISREG else "it is a file, and nbgrader hands in folders" \
            if stat.S_ISREG(info.st_mode) else "it is no folder"
    return "" if info.st_uid == uid else f"it belongs to {_account(info.st_uid)}"


def _when(info):
    return datetime.fromtimestamp(info.st_ctime_ns // 1000 / 1e6, timezone.utc)


@functools.lru_cache(maxsize=10_000)
def _account(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"account {uid}"


# ---------------------------------------------------------------- the folder itself

def folder() -> Path:
    """The inbound folder of this class's exchange, as nbgrader_config.py names it. Raises ValueError where it names none."""
    config = release.configuration()
    if "root" not in config.Exchange:
        raise ValueError("FROM=exchange stands for the folder that COURSE_EXCHANGE names, which is not set here. A class on one server "
                         "has it set (hub/README.md); else name a folder or a zip.")
    return Path(config.Exchange.root, config.CourseDirectory.course_id, "inbound")


@contextlib.contextmanager
def hand_ins(where: Path, lesson: str) -> Iterator[list[HandIn]]:
    """Give what lies in an inbound folder and names this lesson, the newest first, to be read inside `with`.

    Raises ValueError where the folder can't be read, or where students could change in it what is another's.
    """
    try:
        inbound = os.open(where, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise ValueError(f"There is no {where}: sudo hub/exchange makes it.") from None
    except NotADirectoryError:
        raise ValueError(f"{where} is no folder: move it away, and sudo hub/exchange makes one.") from None
    except PermissionError:
        raise ValueError(f"{where} can't be read by {_account(os.geteuid())}, who is none of the teachers whose it is: "
                         f"sudo adduser {_account(os.geteuid())} teachers, and log in anew.") from None
    try:
        info = os.fstat(inbound)
        if info.st_uid not in (0, os.geteuid()):
            raise ValueError(f"{where} belongs to {_account(info.st_uid)}, who can replace what others have handed in: "
                             "sudo hub/exchange makes it the teachers'.")
        if info.st_mode & stat.S_IROTH or info.st_mode & stat.S_IWOTH and not info.st_mode & stat.S_ISVTX:
            raise ValueError(f"In {where} students can see or remove what others have handed in (its mode is "
                             f"{stat.S_IMODE(info.st_mode):o}): sudo hub/exchange mends that.")
        with os.scandir(inbound) as items:
            found = [each for item in items if (each := _hand_in(item, lesson, inbound))]
        yield sorted(found, key=lambda each: (each.when, each.name), reverse=True)
    finally:
        os.close(inbound)


def _hand_in(item, lesson, inbound):
    """The HandIn of an entry, None where it is none of this lesson. <account>+<lesson>+<time>[+<letters>], as nbgrader writes."""
    claimed, sign, rest = f"{item.name}+".partition(f"+{lesson}+")
    if not sign:
        return None
    try:
        info = item.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None  # taken away meanwhile
    except OSError as error:  # such as a file system of the student's own, mounted there
        problem = f"whose it is can't be seen ({error.strerror})"
        return HandIn(item.name, claimed, "unknown", -1, datetime.now(timezone.utc), problem, inbound)
    owner, when = _account(info.st_uid), _when(info)
    return HandIn(item.name, claimed, owner, info.st_uid, when, _refused(info, claimed, owner, when, rest.split("+")[0]), inbound)


def _refused(info, claimed, owner, when, time):
    """Why what a name and a stat say of a hand-in does not go together, or ""."""
    if claimed != owner:
        return f"it says that it is {readable(claimed)}'s, and it belongs to {owner}"
    if problem := _odd(info, info.st_uid, stat.S_ISDIR):
        return problem
    try:
        said = datetime.fromisoformat(time.removesuffix(" UTC")).replace(tzinfo=timezone.utc) if TIME.fullmatch(time) else None
    except ValueError:  # the 32nd of a month
        said = None
    if said is None:
        return "its name has no time as nbgrader writes it"
    if abs(said - when) > APART:
        return f"its name says {said:%Y-%m-%d %H:%M} UTC, and it was handed in or changed at {when:%Y-%m-%d %H:%M} UTC"
    return ""
