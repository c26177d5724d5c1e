"""The gradebooks that learning systems export, read so that every letter but the marks filled in stays as it was.

What tells a system by its header, and what its columns mean, is taken from Moodle's and Canvas's own source (mod/assign/feedback/offline,
lib/gradebook_exporter.rb and gradebook_importer.rb) and from the documentation of Blackboard and Brightspace.
"""
import codecs
import csv
import functools
import io
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
AGAIN = "Export it from {} again, and give that file as it comes, not opened and saved by a spreadsheet."
LARGEST = 50_000_000  # bytes
DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}([ T]\d{1,2}:\d{2}.*)?")
YES = {"yes", "ja", "oui", "sí", "si", "sì", "sim", "tak", "ano", "áno", "da", "igen", "kyllä", "evet", "так", "да", "はい", "是", "예"}  # of Moodle's languages


class NotUnderstood(ValueError):
    """A gradebook that can't be filled in; the message says why, and what to do."""


@dataclass
class Row:
    """A student's row: its place in the table, the accounts and numbers that it gives, and the names."""
    at: int
    number: str  # the one that this system writes into submissions' names too, or ""
    accounts: set = field(default_factory=set)
    names: list = field(default_factory=list)
    words: set = field(default_factory=set)  # what else stands in it, as `plain` has it: names in files whose header is in any language

    @property
    def shown(self):
        return self.names[0] if self.names else self.number or next(iter(sorted(self.accounts)), f"row {self.at + 1}")


@dataclass
class System:
    """How a learning system exports its gradebook. `columns`: those that hold no marks."""
    name: str
    separators: str
    encodings: tuple
    load: str  # how its page takes a file


SYSTEMS = {
    "canvas": System("Canvas", ",;", ("utf-8",), "Gradebook, Import"),
    "moodle": System("Moodle", ",", ("utf-8",), "the assignment's submissions, Upload grading worksheet"),
    "blackboard": System("Blackboard", ",\t", ("utf-8", "utf-16-le"), "Gradebook, Upload grades (Work Offline, Upload)"),
    "brightspace": System("Brightspace", ",", ("utf-8",), "Grades, Enter Grades, Import"),
}
BLACKBOARD_OWN = {"Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability", "Child Course ID"}


def plain(name: str) -> tuple:
    """A name without order, case and signs: the words of "Lovelace, Ada" are those of "ada lovelace"."""
    return tuple(sorted(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).casefold())))


def number(text: str):
    """A number as gradebooks write them, with a point or a comma, or None."""
    text = text.strip()
    return float(text.replace(",", ".")) if re.fullmatch(r"\d+([.,]\d+)?", text) else None


class Gradebook:
    """A file that a learning system exported. `cells`: the table, a list of rows of values; row 0 is the header.

    Raises NotUnderstood where it is of no system known here, or not as that system writes it.
    """

    def __init__(self, path: str | Path):
        data = Path(path).read_bytes()
        if len(data) > LARGEST:
            raise NotUnderstood(f"{path} has {len(data) // 1_000_000} MB: no gradebook.")
        if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
            raise NotUnderstood(f"{path} is a spreadsheet program's own file. " + AGAIN.format("the learning system"))
        self.path = Path(path)
        self.mark, self.encoding = next(((mark, name) for mark, name in MARKS if data.startswith(mark)), (b"", "utf-8"))
        try:
            text = data[len(self.mark):].decode(self.encoding)
        except UnicodeDecodeError:
            raise NotUnderstood(f"{path} is not in UTF-8: a spreadsheet saved it in an encoding of its own. " + AGAIN.format("the learning system")) from None
        first = re.split(r"[\r\n]", text, maxsplit=1)[0]
        self.separator = max(SEPARATORS, key=re.sub(r'"[^"]*"', "", first).count)
        self._split(text)
        self.kind = self._system()
        self.system = SYSTEMS[self.kind]
        self._as_it_was_written()

    # ---- reading

    def _split(self, text):
        """The table's fields as they are written, each with what follows it."""
        field_of = re.compile(rf'("(?:[^"]|"")*"|[^{self.separator}\r\n]*)({self.separator}|\r\n|\r|\n|\Z)')
        self.raw, self.after, at, row = [], [], 0, []
        while at < len(text):
            match = field_of.match(text, at)  # always: a field may be empty
            row.append(match[1])
            at = match.end()
            if match[2] != self.separator:
                self.raw.append(row)
                self.after.append(match[2])
                row = []
            elif at == len(text):  # a separator ends the file: an empty field
                self.raw.append([*row, ""])
                self.after.append("")
        self.cells = [[raw[1:-1].replace('""', '"') if raw[:1] == raw[-1:] == '"' and len(raw) > 1 else raw for raw in row] for row in self.raw]
        try:
            told = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=self.separator) if row]
        except csv.Error:
            told = None
        if [row for row in self.cells if row != [""]] != told:
            raise NotUnderstood(f"{self.path} has quotation marks that can be read in two ways. " + AGAIN.format("the learning system"))
        while self.cells and not any(cell.strip() for cell in self.cells[-1]):
            self.cells.pop()  # stays in the file, and is nobody's row
        if len(self.cells) < 2:
            raise NotUnderstood(f"{self.path} holds no table with a header and students: no gradebook, or one of a course without any.")

    def _system(self):
        header = [cell.strip() for cell in self.cells[0]]
        if header[:1] in (["Student"], ["LastName"]) and "ID" in header:
            return "canvas"
        if "End-of-Line Indicator" in header or "OrgDefinedId" in header:
            return "brightspace"
        if "Username" in header and "Last Name" in header:
            return "blackboard"
        numbered = [re.fullmatch(r"(.*\D)(\d+)", row[0].strip()) for row in self.cells[1:] if row[0].strip()]
        if header[0] == "Identifier" or all(numbered) and len({match[1] for match in numbered}) == 1:  # in the teacher's language
            return "moodle"
        raise NotUnderstood(
            f"{self.path} is no gradebook that is known here: its first columns are {', '.join(header[:4])}. Known are Canvas (Student, ID, "
            "SIS User ID ...), Moodle's grading worksheet (Identifier, Full name ...), Blackboard (Last Name, First Name, Username ...) and "
            "Brightspace (OrgDefinedId, Username ...).")

    def _as_it_was_written(self):
        """Refuse what a spreadsheet has changed, which the system would take for something else."""
        name, path, again = self.system.name, self.path, AGAIN.format(self.system.name)
        if self.separator not in self.system.separators:
            usual = " or ".join(SEPARATORS[each] for each in self.system.separators)
            raise NotUnderstood(f"{path} is separated by {SEPARATORS[self.separator]}, where {name} writes {usual}. {again}")
        if self.encoding not in self.system.encodings:
            raise NotUnderstood(f"{path} is in {self.encoding.upper()}, where {name} writes {' or '.join(self.system.encodings).upper()}. {again}")
        for at, row in enumerate(self.cells):
            if len(row) != len(self.cells[0]):
                raise NotUnderstood(f"{path}: row {at + 1} has {len(row)} columns, the header {len(self.cells[0])}. {again}")
            if strange := next((cell for cell in row if re.fullmatch(r"\d([.,]\d+)?E\+?\d+", cell.strip())), None):
                raise NotUnderstood(f"{path}: {strange} in row {at + 1} was a long number before a spreadsheet shortened it. {again}")
        if self.kind == "moodle":
            for column in zip(*self.cells[1:], strict=True):
                told = [(at, cell) for at, cell in enumerate(column, 2) if cell.strip() not in ("", "-")]
                if told and all(DATE.fullmatch(cell.strip()) for _, cell in told):
                    raise NotUnderstood(f"{path}: the date {told[0][1]} in row {told[0][0]} is written as a spreadsheet does; Moodle would leave "
                                        f"such a row out. {again}")
        if self.kind == "canvas" and self._points() is None:
            raise NotUnderstood(f"{path} has no row that says Points Possible. {again}")
        if self.kind == "canvas" and (strange := next((row for row in self.students() if row.number and not row.number.isdigit()), None)):
            raise NotUnderstood(f"{path}: the ID {strange.number} in row {strange.at + 1} is no whole number. {again}")

    def _points(self):
        """Canvas's row of the points possible, or None."""
        return next((at for at, row in enumerate(self.cells[1:4], 1) if row[0].strip() == "Points Possible"), None)

    def _column(self, *names):
        header = [cell.strip().casefold() for cell in self.cells[0]]
        return next((header.index(name.casefold()) for name in names if name.casefold() in header), None)

    # ---- what it holds

    def students(self) -> list[Row]:
        """The students' rows."""
        def value(row, *names):
            at = self._column(*names)
            return row[at].strip() if at is not None else ""

        found, named = [], self.kind == "moodle" and self._names()
        for at, row in enumerate(self.cells[1:], 1):
            if not any(cell.strip() for cell in row):
                continue
            if self.kind == "canvas":
                if at <= self._points():
                    continue
                names = [value(row, "Student") or f"{value(row, 'LastName')}, {value(row, 'FirstName')}"]
                person = Row(at, value(row, "ID"), {value(row, "SIS User ID"), value(row, "SIS Login ID")}, names)
            elif self.kind == "moodle":
                mails = {cell.strip() for cell in row if re.fullmatch(r"[^@\s]+@[^@\s]+", cell.strip())}
                accounts = {value(row, "ID number"), value(row, "Username"), *mails, *(mail.partition("@")[0] for mail in mails)}
                person = Row(at, re.sub(r".*\D", "", row[0].strip()), accounts, [row[1].strip()] if named else [], {plain(cell) for cell in row[1:]})
            else:
                accounts = {value(row, name).removeprefix("#") for name in ("Username", "Student ID", "OrgDefinedId", "Email")}
                person = Row(at, "", accounts | {value(row, "Email").partition("@")[0]}, [f"{value(row, 'First Name')} {value(row, 'Last Name')}".strip()])
            person.accounts = {account.casefold() for account in person.accounts} - {""}
            person.names = [name for name in person.names if plain(name)]
            found.append(person)
        return found

    def _names(self):
        """Whether the second column of Moodle's worksheet holds names, and not what is alike in many rows, as where marking is blind."""
        second = [row[1] for row in self.cells[1:]]
        return self._column("Full name") == 1 or len(set(second)) > len(second) / 2 and not all(DATE.fullmatch(cell) or "@" in cell for cell in second)

    def columns(self) -> dict[int, str]:
        """{column: title} of those that take marks."""
        header = [cell.strip() for cell in self.cells[0]]
        if self.kind == "moodle":
            at = self._column("Grade", "Bewertung", "Note", "Calificación", "Valutazione", "Nota", "Cijfer", "Karakter", "Ocena", "評定")
            return {at: header[at]} if at is not None else {i: title for i, title in enumerate(header) if i}
        if self.kind == "canvas":
            points = self.cells[self._points()]
            return {at: title for at, title in enumerate(header) if "read only" not in points[at]
                    and re.search(r"\(\d+\)$", title)  # by which Canvas knows it; its own titles have none
                    and not re.search(r"\b(Current|Final|Override) (Score|Points|Grade|Status)\b", title)}
        if self.kind == "brightspace":  # others are its own, of letters, or computed
            return {at: title for at, title in enumerate(header) if "Points Grade" in title}
        return {at: title for at, title in enumerate(header) if title and title not in BLACKBOARD_OWN}

    def title(self, column: int) -> str:
        """A column's title without what the system adds to it."""
        title = self.cells[0][column].strip()
        return re.sub(r"\s*(\(\d+\)|\[Total Pts:[^\]]*\].*|Points Grade\b.*)$", "", title) if self.kind != "moodle" else title

    def most(self, column: int, row: int) -> float | None:
        """The most points that a row can have in a column, None where the file does not say."""
        header = self.cells[0][column]
        if self.kind == "canvas":
            return number(self.cells[self._points()][column])
        if self.kind == "moodle":  # beside the grade, in every language
            return number(self.cells[row][column + 1]) if column + 1 < len(self.cells[row]) else None
        match = re.search(r"\[Total Pts:\s*(?:up to\s*)?([\d.,]+)( Score)?\]|MaxPoints:([\d.,]+)", header)
        return number(match[1] or match[3]) if match else None

    def closed(self, column: int, row: int) -> str:
        """Why a cell must stay as it is, in words, or ""."""
        told = self.cells[row][column].strip()
        if self.kind == "canvas" and told.upper() in ("EX", "N/A"):
            return "excused there" if told.upper() == "EX" else "not given this assignment there"
        if told not in ("", "-") and number(told) is None:
            return f"{told!r} stands there, which is no number of points"
        if self.kind == "moodle" and column + 2 < len(self.cells[row]) and self.cells[row][column + 2].strip().casefold() not in YES:
            return f"locked there ({self.cells[0][column + 2].strip()}: {self.cells[row][column + 2].strip()})"
        return ""

    # ---- filling in

    def fill(self, column: int, row: int, points: float) -> bool:
        """Write a mark; return whether another stood there."""
        before, raw = self.cells[row][column].strip(), self.raw[row][column]
        value = f"{round(points, 2):.10g}"
        if self._decimal_comma:
            value = value.replace(".", ",")
        if number(before) == round(points, 2):
            return False  # as it was written
        quoted = raw.startswith('"') or all(each.startswith('"') for each in self.raw[row] if each) or self.separator in value
        self.raw[row][column] = f'"{value}"' if quoted else value
        self.cells[row][column] = value
        return bool(before) and before != "-"

    @functools.cached_property
    def _decimal_comma(self):
        """Whether points are written with one, as far as the columns of marks and of the most points tell."""
        places = {*self.columns(), *(at + 1 for at in self.columns() if self.kind == "moodle")}
        return any(re.fullmatch(r"\d+,\d{1,2}", row[at].strip()) for row in self.cells[1:] for at in places if at < len(row))

    def bytes(self) -> bytes:
        """The file as it is now."""
        text = "".join(self.separator.join(row) + end for row, end in zip(self.raw, self.after, strict=True))
        return self.mark + text.encode(self.encoding)
