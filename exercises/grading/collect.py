"""Find the submissions in what a class handed in: a folder or a zip, from a colleague or from an LMS."""
import re
import stat
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from .mend import LARGEST, Unreadable, read

JUNK = re.compile(r"(^|/)(__MACOSX|\.ipynb_checkpoints)(/|$)|(^|/)\.[^/]*$|(^|/)readme\.txt$", re.I)
EXCHANGE = ("timestamp.txt", "submission_secret.txt")  # what nbgrader's exchange puts beside a notebook
MOODLE = re.compile(r"(?P<student>.+?)_assignsubmission_\w+?(_(?P<file>[^/]*))?$")
CANVAS = re.compile(r"(?P<student>[^_/]+)_(LATE_)?(?P<id>\d+)_\d+_(?P<file>[^/]+)$")


@dataclass
class Submission:
    """One student's: the bytes of the notebook that counts, and what there is to say about it."""
    student: str
    data: bytes = b""
    modified: datetime | None = None
    notes: list = field(default_factory=list)
    lost: str = ""  # why there is nothing to grade
    exchange: dict = field(default_factory=dict)  # {name: bytes} of the files that nbgrader's exchange adds


class _File:
    """A file in a folder or a zip, read when asked."""

    def __init__(self, path, size, modified, load):
        self.path, self.size, self.modified, self.load = path, size, modified, load


def collect(where, lesson, template):
    """Yield a Submission for each student found in `where`, a folder or a .zip file.

    Understood: a folder a student (`ada/anything.ipynb`, `ada/<lesson>/...`), nbgrader's own layout, a Moodle
    export (`Name_123_assignsubmission_file/...`), a Canvas export (`lovelaceada_123_456_name.ipynb`), and
    plain files (`ada.ipynb`). Links are not followed. Raises FileNotFoundError or ValueError, in words.
    """
    where = Path(where).expanduser()
    if where.is_dir():
        files, folders = _in_folder(where)
        groups = _by_student(files, folders, lesson)
        yield from (_choose(student, found, lesson, template) for student, found in sorted(groups.items()))
    elif not where.exists():
        raise FileNotFoundError(f"There is nothing at {where}: name the folder or the zip with the submissions.")
    elif not zipfile.is_zipfile(where):
        raise ValueError(f"{where} is neither a folder nor a zip file.")
    else:
        with zipfile.ZipFile(where) as archive:
            files, folders = _in_zip(archive)
            groups = _by_student(files, folders, lesson)
            yield from (_choose(student, found, lesson, template) for student, found in sorted(groups.items()))


def _in_folder(where):
    files, folders = [], set()
    for path in sorted(where.rglob("*")):
        name = path.relative_to(where).as_posix()
        if path.is_symlink() or any(parent.is_symlink() for parent in path.parents if parent != where and where in parent.parents):
            continue
        if path.is_dir():
            folders.add(name)
        elif path.is_file() and not JUNK.search(name):
            info = path.stat()
            files.append(_File(name, info.st_size, datetime.fromtimestamp(info.st_mtime, timezone.utc), path.read_bytes))
    return files, folders


def _in_zip(archive):
    files, folders = [], set()
    for info in archive.infolist():
        name = info.filename
        if stat.S_ISLNK(info.external_attr >> 16):
            continue
        if info.is_dir():
            folders.add(name.rstrip("/"))
        elif not JUNK.search(name):
            files.append(_File(name, info.file_size, datetime(*info.date_time, tzinfo=timezone.utc),
                               lambda info=info: archive.read(info)))
    return files, folders


def _by_student(files, folders, lesson):
    """{student: files}. A single folder around everything, as archives have, is looked through."""
    names = [PurePosixPath(file.path) for file in files] + [PurePosixPath(folder, "-") for folder in folders]
    depth = 0
    while names and len({name.parts[:depth + 1] for name in names if len(name.parts) > depth + 1}) == 1 \
            and all(len(name.parts) > depth + 1 for name in names) \
            and any(len(name.parts) > depth + 2 and name.parts[depth + 1] != lesson for name in names):
        depth += 1
    groups = {}
    for folder in folders:
        parts = PurePosixPath(folder).parts[depth:]
        if len(parts) == 1:
            groups.setdefault(_student(parts[0]), [])
    for file in files:
        parts = PurePosixPath(file.path).parts[depth:]
        groups.setdefault(_student(parts[0], alone=len(parts) == 1, lesson=lesson), []).append(file)
    return groups


def _student(name, alone=False, lesson=""):
    """The student's name in that of a folder, or of a file that stands alone."""
    if match := MOODLE.match(name):
        name = match["student"]
    elif alone and (match := CANVAS.match(name)):
        name = f"{match['student']}_{match['id']}"
    elif alone:
        name = name.partition(".")[0]
        name = re.sub(rf"[\s_-]*{re.escape(lesson)}(-exercises)?[\s_-]*(\(\d+\))?", "", name) or name
    return re.sub(r"[^\w@.-]+", "-", name).strip("-.") or "unnamed"


def _choose(student, files, lesson, template):
    """The notebook that counts: of this exercise, then with the most answers, by its right name, the newest."""
    expected = f"{lesson}-exercises.ipynb"
    tickets = [file for file in files if PurePosixPath(file.path).name in EXCHANGE and file.size < 1000]
    files = [file for file in files if PurePosixPath(file.path).name not in EXCHANGE]
    ranked, notebooks = [], 0
    for file in files:
        name = PurePosixPath(file.path).name
        is_notebook = name.lower().endswith(".ipynb")
        if file.size > LARGEST or not (is_notebook or name.lower().endswith((".txt", ".json")) or ".ipynb" in name.lower()):
            continue
        data = file.load()
        try:
            answers = _answers(read(data)[0], template)
        except Unreadable:
            if not is_notebook:
                continue
            answers = (-1, 0)
        notebooks += 1
        ranked.append((answers, name == expected, file.modified, name, data, PurePosixPath(file.path).parent))
    if not ranked:
        names = ", ".join(PurePosixPath(file.path).name for file in files)
        return Submission(student, lost=f"no notebook among: {names}" if names else "an empty folder")
    answers, right_name, modified, name, data, folder = max(ranked, key=lambda entry: entry[:3])
    submission = Submission(student, data, modified, exchange={
        PurePosixPath(ticket.path).name: ticket.load() for ticket in tickets if PurePosixPath(ticket.path).parent == folder})
    if not right_name:
        submission.notes.append(f"the file was called {name}")
    if answers[0] == 0:
        submission.lost = f"{name} holds nothing of this exercise; was another one handed in?"
    if notebooks > 1:
        others = sorted(entry[3] for entry in ranked if entry[4] is not data)
        submission.notes.append(f"{name} counts; also there: {', '.join(others)}")
    return submission


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
