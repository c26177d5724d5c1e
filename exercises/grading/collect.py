"""Find the submissions in what a class handed in: a folder or a zip, from a colleague or from a learning system."""
import contextlib
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timezone, tzinfo
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from . import students
from .mend import LARGEST, Unreadable, lean, read

JUNK = re.compile(r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git|\.venv|__pycache__)(/|$)|(^|/)\.[^/]*$"
                  r"|(^|/)(thumbs\.db|desktop\.ini)$", re.I)
TICKETS = {  # what nbgrader's exchange puts beside a notebook, as it writes it; its own commands stop at anything else
    "timestamp.txt": re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?( [A-Za-z0-9/_+-]{1,40})?\s*"),
    "submission_secret.txt": re.compile(rb"[0-9A-Za-z_-]{16,200}"),
}
EXCHANGE = "exchange"  # stands for the folder in which a class on one server hands in, see inbound.py
INBOUND = "inbound"  # what that folder is called; its name alone tells it, as what lies in it is written by students
SHOWN = 10  # how many things that do not count are named, of one student
TRIES = 10  # how many of a student's hand-ins are looked at, the newest first, for one that can be graded
# Alone beside the submissions, such a file is a roster, an index or a system's own, and nobody's work.
NOBODY = re.compile(r"\.(csv|tsv|xlsx?|ods|ya?ml|html?|xml|ini|toml|db|log|md|txt|json)$", re.I)
ARCHIVE = re.compile(r"\.(zip|tar|tgz|gz|bz2|xz|7z|rar)$", re.I)
WRAPPING = re.compile(r"([\w-]*submissions|exports?|abgaben|class|students|assignments|submitted)[ _-]*\d*", re.I)
OWN = {"notebooks", "exercises", "data", "src", "draft", "final", "old", "new", "work", "images", "backup"}  # a student's own folders


@dataclass
class Submission:
    """One student's: the bytes of the notebook that counts, and what there is to say about it."""
    student: str  # the folder's name, of safe letters, one for each student
    name: str = ""  # as a person reads it
    identity: str = ""  # what tells one student from another, see students.py
    number: str = ""  # the learning system's own for the student
    system: str = ""  # which that is, as students.py has it, or ""
    given: str = ""  # what that system called the student's folder, or the file that counts
    data: bytes = b""
    modified: datetime | None = None
    notes: list = field(default_factory=list)
    refused: list = field(default_factory=list)  # what of theirs does not count, and why
    lost: str = ""  # why there is nothing to grade
    exchange: dict = field(default_factory=dict)  # {name: bytes} of the files that nbgrader's exchange adds


class Damaged(Exception):
    """A file that can't be got out of a zip or a folder; the message says why."""


class _File:
    """A file in a folder or a zip, read when asked; `problem` says why it can't be."""

    def __init__(self, path, size, modified, load, problem=""):
        self.path, self.size, self.modified, self._load, self.problem = path, size, modified, load, problem
        self.given = ""  # what of the path names its student

    @property
    def name(self):
        return self.path.rpartition("/")[2]

    def load(self):
        if self.problem:
            raise Damaged(self.problem)
        try:
            return self._load()
        except NotImplementedError:
            raise Damaged("it is packed in a way that can't be read here (Deflate64?): pack it anew") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise Damaged(f"it is damaged or can't be read: {students.readable(str(error))}") from None


def collect(where: str | Path, lesson: str, template: NotebookNode, known: dict[str, str] | None = None,
            zone: tzinfo | None = None) -> list[Submission]:
    """Return a list with a Submission for each student found in `where`, a folder or a .zip file.

    Understood: a folder for each student (`ada/anything.ipynb`, `ada/<lesson>/...`, a repository), nbgrader's own layout,
    plain files (`ada.ipynb`), and the exports of Moodle, Canvas, Blackboard, Brightspace, Google Classroom, GitHub
    Classroom and Gradescope. Links are not followed. A folder called inbound is an exchange's, in which students themselves
    may write (see inbound.py), and "exchange" stands for that of this class. `known`: {identity: folder} of earlier runs.
    `zone`: the time zone in which a zip's members are dated, this computer's if None (a date with its own zone is taken as it is).
    Raises FileNotFoundError or ValueError, in words.
    """
    where = Path(where).expanduser()
    if str(where) == EXCHANGE and ("COURSE_EXCHANGE" in os.environ or not where.exists()) or where.name == INBOUND:
        return _in_exchange(where, lesson, template, known)
    if where.is_dir():
        files, folders = _in_folder(where)
        return _collected(files, folders, lesson, template, known)
    if not where.exists():
        raise FileNotFoundError(f"There is nothing at {where}: name the folder or the zip with the submissions.")
    if not _is_zip(where):
        cure = ": unpack it, and name the folder" if ARCHIVE.search(where.name) else ""
        raise ValueError(f"{where} is neither a folder nor a zip file{cure}.")
    with _opened(where) as archive:
        files, folders = _in_zip(archive, zone)
        return _collected(files, folders, lesson, template, known)


def _is_zip(path):
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # it is one, and what is wrong with it is said when it is opened
        return True


def _opened(path):
    """Open a zip, also one whose names are not in the encoding that it claims for them. Raises ValueError where its list of contents can't be read."""
    try:
        try:
            return zipfile.ZipFile(path)
        except UnicodeDecodeError:  # one wrong name would cost the whole class
            return zipfile.ZipFile(io.BytesIO(_without_wrong_claims(path.read_bytes())))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise ValueError(f"{path} is damaged or can't be read ({students.readable(str(error))}): get it anew, or unpack it, and name the folder.") from None


def _without_wrong_claims(content):
    """A zip's bytes without the flag that says UTF-8 where a member's name is something else. Only the list of contents at its end is
    gone through: a zip within the zip has such entries too."""
    content = bytearray(content)
    end = content.rfind(b"PK\x05\x06")
    size, start = struct.unpack_from("<II", content, end + 12)
    at = end - size
    before = at - start  # what stands before the zip itself, which opens itself, say
    while content[at:at + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<HHH", content, at + 28)
        try:
            content[at + 46:at + 46 + name].decode("utf-8")
        except UnicodeDecodeError:
            begins = before + struct.unpack_from("<I", content, at + 42)[0]
            if content[begins:begins + 4] == b"PK\x03\x04":  # or nothing begins there: what lies there is another member's
                content[at + 9] &= ~0x08
                content[begins + 7] &= ~0x08
        at += 46 + name + extra + comment
    return bytes(content)


def _in_folder(where):
    files, folders = [], set()
    for path in sorted(where.rglob("*")):  # which goes into no link
        name = path.relative_to(where).as_posix()
        if JUNK.search(name):
            continue
        if path.is_symlink():
            files.append(_File(name, 0, None, None, "it is a link, and links are not followed"))
        elif path.is_dir():
            folders.add(name)
        elif path.is_file():
            info = path.stat()
            files.append(_File(name, info.st_size, datetime.fromtimestamp(info.st_mtime, timezone.utc), path.read_bytes))
        else:
            files.append(_File(name, 0, None, None, "it is no ordinary file"))
    return files, folders


def _in_zip(archive, zone):
    files, folders = [], set()
    for info in archive.infolist():
        name = _name(info)
        if JUNK.search(name) or not name:
            continue
        if info.filename.endswith(("/", "\\")):
            folders.update([name, *map(str, PurePosixPath(name).parents[:-1])])  # not every program lists the outer ones
            continue
        modified = _dated(info, zone)
        problem = ("it is a link, and links are not followed" if stat.S_ISLNK(info.external_attr >> 16) else
                   "it is encrypted: ask for it without a password" if info.flag_bits & 1 else "")
        files.append(_File(name, info.file_size, modified, lambda info=info: archive.read(info), problem))
    return files, folders


def _dated(info, zone):
    """When a zip's member was last changed, None where it does not say: by the clock on the wall, which zips have of old, or
    by the seconds since 1970 that many programs add."""
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 0x5455 and length >= 5 and extra[4] & 1:  # "UT": Info-ZIP's extended timestamp
            return datetime.fromtimestamp(struct.unpack("<i", extra[5:9])[0], timezone.utc)
        extra = extra[4 + length:]
    try:
        local = datetime(*info.date_time)
    except ValueError:
        return None
    return local.replace(tzinfo=zone).astimezone(timezone.utc)


def _name(info):
    """The path of a zip's member: as its writer meant it, with forward strokes, and inside the zip."""
    name = info.filename
    if not info.flag_bits & 0x800:  # not marked as UTF-8, which several programs write all the same
        try:
            name = info.orig_filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))


def _collected(files, folders, lesson, template, known):
    found = {}
    for person, (given, theirs) in _by_person(files, folders, lesson).items():
        found[person] = _choose(theirs, lesson, template)
        found[person].given = found[person].given or given
    return _named(found, known)


def _named(found, known):
    """Give each of {Person: Submission} its names; return the submissions in order."""
    named, notes = students.folders(found, known or {})
    names = students.shown(found)
    for person, submission in found.items():
        submission.student, submission.name, submission.identity = named[person.identity], names[person.identity], person.identity
        submission.number, submission.system = person.number, person.system
        if person.identity in notes:
            submission.notes.append(notes[person.identity])
    return [found[person] for person in sorted(found, key=lambda person: person.identity)]


def _in_exchange(where, lesson, template, known):
    """What lies in an exchange's inbound folder: of each account the newest hand-in that can be graded."""
    from . import inbound  # Windows has no such accounts
    where = inbound.folder() if str(where) == EXCHANGE else where
    theirs = {}
    with inbound.hand_ins(where, lesson) as found:
        for hand_in in found:
            theirs.setdefault(students.Person(hand_in.owner, hand_in.owner), []).append(hand_in)
        return _named({person: _newest(hand_ins, lesson, template) for person, hand_ins in theirs.items()}, known)


def _newest(hand_ins, lesson, template):
    """The Submission of the newest of one account's hand-ins that can be graded; the newer ones that can't are named in it."""
    whole, tried = [hand_in for hand_in in hand_ins if not hand_in.problem], []
    for hand_in in whole[:TRIES]:
        submission = _submitted(hand_in, lesson, template)
        if not submission.lost:
            break
        tried.append((hand_in, submission))
    else:  # the newest says why
        submission = tried.pop(0)[1] if tried else Submission("", modified=hand_ins[0].when, lost="nothing that counts was handed in")
    refused = [hand_in.refusal(each.lost) for hand_in, each in tried]
    if submission.lost and len(whole) > TRIES:
        refused.append(f"{len(whole) - TRIES:,} older ones, which were not looked at")
    refused += [hand_in.refusal() for hand_in in hand_ins if hand_in.problem]
    submission.refused = refused[:SHOWN] + ([f"{len(refused) - SHOWN:,} more"] if len(refused) > SHOWN else [])
    return submission


def _submitted(hand_in, lesson, template):
    """The Submission of one hand-in; its time is what the system recorded, whatever its files say."""
    from . import inbound
    try:
        with hand_in.files(JUNK.search) as files:
            found = [_File(each.path, each.size, each.when, each.load, each.problem) for each in files]
            submission = _choose([((), file) for file in found], lesson, template)
        if not submission.lost:
            read(submission.data)
    except inbound.Refused as error:
        submission = Submission("", lost=str(error))
    except Unreadable as error:
        submission.lost = f"not readable ({error})"
    submission.modified = submission.modified or hand_in.when
    submission.exchange.pop("timestamp.txt", None)
    return submission


def _by_person(files, folders, lesson):
    """{Person: (what names them first, [(attempt, file)])}. A single folder around everything, as archives have, is looked through."""
    paths = [PurePosixPath(file.path).parts for file in files] + [(*PurePosixPath(folder).parts, "") for folder in folders]
    depth = 0
    while _wraps([path[depth:] for path in paths if any(path[depth:])], lesson):
        depth += 1
    groups = {}

    def add(person, given, *found):
        groups.setdefault(person.identity, (person, given, []))[2].extend((person.attempt, file) for file in found)

    for folder in sorted(folders):
        parts = PurePosixPath(folder).parts[depth:]
        if len(parts) == 1:
            add(students.of_folder(parts[0]), parts[0])
    for file in files:
        parts = PurePosixPath(file.path).parts[depth:]
        file.given = parts[0]
        if len(parts) > 1:
            add(students.of_folder(parts[0]), parts[0], file)
            continue
        person = students.of_file(parts[0], lesson)
        if person.number or person.attempt or not NOBODY.search(parts[0]) or _holds_a_notebook(file):
            add(person, parts[0], file)
    several = [person for person, _, theirs in groups.values() if any(students.BLACKBOARD.match(file.name) for _, file in theirs)]
    short = students.same_prefix_left_out(several) if several else {}
    return {students.Person(person.identity, short.get(person, person.name), person.number, system=person.system): (given, theirs)
            for person, given, theirs in groups.values()}


def _wraps(paths, lesson):
    """Whether these paths lie in one folder that is no student's: a learning system's folders are in it, however deep, it is called
    as such folders are, or it holds several folders with notebooks, and nothing that makes it a repository or a student's own."""
    inside = _in_one(paths)
    if inside is None:
        return False
    head = paths[0][0]
    folders = {path[0] for path in inside if len(path) > 1 and students.NOTEBOOK.search(path[-1])}
    loose = {path[0] for path in inside if len(path) == 1}
    if students.of_folder(head).number:
        return False
    deeper = inside
    while deeper is not None:
        if any(students.of_folder(path[0]).number or students.of_file(path[0], lesson).number for path in deeper):
            return True
        deeper = _in_one(deeper)
    if head == lesson or WRAPPING.fullmatch(head):
        return bool(folders) or sum(bool(students.NOTEBOOK.search(name)) for name in loose) > 1
    marks = any(not NOBODY.search(name) or name.lower().startswith("readme") for name in loose)
    return len(folders) > 1 and lesson not in folders and not marks and not OWN & {name.lower() for name in folders}


def _in_one(paths):
    """The paths as they are within the one folder that all of them lie in; None where there is no such folder."""
    if len({path[0] for path in paths}) != 1 or not all(len(path) > 1 for path in paths):
        return None
    return [path[1:] for path in paths if path[1:] != ("",)]  # without the folder itself, which some programs list


def _holds_a_notebook(file):
    if file.size > LARGEST or not file.name.lower().endswith((".txt", ".json")):
        return False
    try:
        return bool(read(file.load()))
    except (Unreadable, Damaged):
        return False


def _choose(found, lesson, template):
    """The notebook that counts: of the newest attempt; of this exercise, then with the most answers, by its right name, the newest."""
    expected = f"{lesson}-exercises.ipynb"
    tickets = [file for _, file in found if file.name in TICKETS]
    found = [(attempt, file) for attempt, file in found if file.name not in TICKETS]
    ranked, damaged = [], []
    for attempt, file in found:
        is_notebook = file.name.lower().endswith(".ipynb")
        if not (file.name.lower().endswith((".txt", ".json")) or ".ipynb" in file.name.lower()):
            if file.problem:
                damaged.append(f"{_brief(file.name)}: {file.problem}")
            continue
        if file.size > LARGEST:
            damaged.append(f"{_brief(file.name)}: it has {file.size // 1_000_000} MB")
            continue
        try:
            data = file.load()
            with contextlib.suppress(Unreadable):
                data = lean(data)  # a class's outputs need not be held in memory
            answers = _answers(read(data)[0], template)
        except Damaged as error:
            damaged.append(f"{_brief(file.name)}: {error}")
            continue
        except Unreadable:
            if not is_notebook:
                continue
            answers = (-1, 0)
        date = file.modified or datetime.min.replace(tzinfo=timezone.utc)
        ranked.append((attempt, answers, students.own_name(file.name) == expected, date, file, data))
    if not ranked:
        names = ", ".join(_brief(file.name) for _, file in found)
        packed = " (an archive: ask for the notebook itself)" if any(ARCHIVE.search(file.name) for _, file in found) else ""
        return Submission("", lost="; ".join(damaged) or (f"no notebook among: {names}{packed}" if names else "an empty folder"))
    last = max(entry[0] for entry in ranked)
    newest = {_revision(entry[4])[0]: entry for entry in sorted(ranked, key=lambda entry: _revision(entry[4])[1]) if entry[0] == last}
    ranked = list(newest.values())
    _, answers, right_name, _, chosen, data = max(ranked, key=lambda entry: entry[1:4])
    folder = PurePosixPath(chosen.path).parent
    submission = Submission("", data=data, modified=chosen.modified, given=chosen.given)
    for ticket in tickets:
        if PurePosixPath(ticket.path).parent == folder:
            try:
                submission.exchange[ticket.name] = _ticket(ticket)
            except Damaged as error:
                submission.notes.append(f"{ticket.name} was left out: {error}")
    if not right_name:
        submission.notes.append(f"the file was called {_brief(chosen.name)}")
    if answers[0] == 0:
        submission.lost = f"{_brief(chosen.name)} holds nothing of this exercise; was another one handed in?"
    if len(ranked) > 1:
        others = sorted(_brief(entry[4].name) for entry in ranked if entry[4] is not chosen)
        submission.notes.append(f"{_brief(chosen.name)} counts; also there: {', '.join(others)}")
    submission.notes += damaged
    return submission


def _ticket(file):
    """The bytes of a file of nbgrader's exchange. Raises Damaged where they are none that nbgrader writes."""
    if file.size > 1000:
        raise Damaged(f"it has {file.size:,} bytes")
    data = file.load()
    if not TICKETS[file.name].fullmatch(data):
        raise Damaged("nbgrader writes another text")
    return data


def _brief(name):
    """A file's name for a remark."""
    return students.readable(name)


def _revision(file):
    """What a file is a version of, and the number of the version: Canvas writes -1 for what is handed in once more."""
    match = students.CANVAS.match(file.name)
    if not match or not match["file"]:
        return file.path, (0, 0)
    stem, number = re.fullmatch(r"(.*?)(?:-(\d+))?(?:\.\w+)*", match["file"]).groups()
    return stem, (int(number or 0), int(match["attempt"]))


def _answers(cells, template):
    """(how many cells are the release's, how many tasks look answered)"""
    originals = {cell.metadata.nbgrader.grade_id: cell for cell in template.cells if cell.metadata.get("nbgrader")}
    known = answered = 0
    for name, original in originals.items():
        mine = [cell for cell in cells if cell.grade_id == name or cell.id == name
                or re.search(rf"^(def|class) {re.escape(name)}\b", cell.source, re.M)]
        known += bool(mine)
        answered += any(cell.source.strip() != original.source.strip() for cell in mine) and original.metadata.nbgrader.solution
    return min(known, 1), answered
