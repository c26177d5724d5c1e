"""Who handed in what: the names that learning systems give to files and folders, and safe names made of them.

Two students are never one, and one student is never two: an identity is what the system itself tells them apart by (its
number, its account), else the whole name; a folder's name is made of it, and numbered where two would meet.
"""
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from dateutil import parser as dates

JOINERS = "\u200c\u200d"  # invisible, and part of names in Persian, Hindi and others
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.I)

MOODLE = re.compile(r"(?P<student>.+)_(?P<id>\d+)_assignsubmission_[A-Za-z]+_?(?P<file>[^/]*)$")
BLACKBOARD = re.compile(r"(?P<student>.+)_attempt_(?P<date>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)$")
BRIGHTSPACE = re.compile(r"(?P<id>\d+)-\d+\s*-\s+(?P<student>.+?)\s*-\s+(?P<date>[^-/]*\b\d{4}\b[^-/]*?)(?:\s+-\s+(?P<file>.+))?$")
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)$")
CANVAS = re.compile(r"(?P<student>[^_/]+)_(?:LATE_)?(?P<id>\d+)_(?:(?P<attempt>\d+)_(?P<file>[^/]+)|text\.html)$")
CLASSROOM = re.compile(r"(?P<student>\S.*?) - (?P<file>[^/]+)$")


@dataclass(frozen=True)
class Person:
    """Somebody who handed in: what tells them apart, the name that a person reads, and which attempt a file is of."""
    identity: str
    name: str
    number: str = ""  # the system's own, shown where two have the same name
    attempt: tuple = ()
    system: str = ""  # the learning system that gave the name, such as "moodle"


def of_folder(name: str) -> Person:
    """The Person whose folder this is."""
    name = unicodedata.normalize("NFC", name)  # macOS writes an accent as a letter of its own
    if match := MOODLE.match(name):
        return Person(f"{match['student']}_{match['id']}", match["student"], match["id"], system="moodle")
    if match := BRIGHTSPACE.match(name):
        return Person(f"{match['student']}_{match['id']}", match["student"], match["id"], _when(match["date"]), "brightspace")
    if match := GRADESCOPE.match(name):
        return Person(name, name, match["id"], system="gradescope")
    return Person(name, name)


def of_file(name: str, lesson: str) -> Person:
    """The Person whose file this is, which lies in no folder."""
    name = unicodedata.normalize("NFC", name)
    if match := MOODLE.match(name):
        return Person(f"{match['student']}_{match['id']}", match["student"], match["id"], system="moodle")
    if match := BLACKBOARD.match(name):
        return Person(match["student"], match["student"], "", (match["date"],), "blackboard")
    if match := BRIGHTSPACE.match(name):
        return Person(f"{match['student']}_{match['id']}", match["student"], match["id"], _when(match["date"]), "brightspace")
    if match := CANVAS.match(name):
        return Person(f"{match['student']}_{match['id']}", match["student"], match["id"], system="canvas")
    if NOTEBOOK.search(name) and (match := CLASSROOM.match(name)):
        return Person(match["student"], match["student"], system="classroom")
    stem = NOTEBOOK.sub("", name) if NOTEBOOK.search(name) else name.rpartition(".")[0] or name
    # "ada_04-softmax-from-scratch-exercises" is ada's; of "Copy of 04-softmax-from-scratch-exercises" nothing is left.
    short = re.sub(rf"[\s_-]*{re.escape(lesson)}(-exercises)?", "", stem).strip(" _-")
    return Person(stem, short if not re.fullmatch(r"(copy of)?\s*(\(\d+\))?", short, re.I) else stem)


def own_name(name: str) -> str:
    """What a student called a file, without what a learning system wrote before it, and Canvas's number of a new attempt."""
    for pattern in (MOODLE, BLACKBOARD, BRIGHTSPACE, CANVAS):
        if (match := pattern.match(name)) and match["file"]:
            return re.sub(r"-\d+(?=\.\w+$)", "", match["file"]) if pattern is CANVAS else match["file"]
    return name


def _when(words):
    """A date in a name, as something that later ones are greater than; () where it can't be read."""
    try:
        return (dates.parse(re.sub(r"\b(\d{1,2})(\d\d)(?=\s*[AP]M\b)", r"\1:\2", words, flags=re.I)),)
    except (ValueError, OverflowError):
        return ()


def same_prefix_left_out(people: Iterable[Person]) -> dict[Person, str]:
    """Blackboard writes the assignment before each account: leave out what all names begin with, up to the last "_"."""
    names = sorted({person.name for person in people})
    first, last = names[0], names[-1]
    common = next((i for i, (a, b) in enumerate(zip(first, last)) if a != b), len(first))
    at = first.rfind("_", 0, common) + 1
    return {person: person.name[at:] or person.name for person in people}


def readable(name: str, most: int = 80) -> str:
    """A text from outside as a person reads it: NFC, without line breaks and other signs that steer a terminal, at most so long."""
    name = "".join(letter if unicodedata.category(letter)[0] not in "CZ" or letter in JOINERS else " "
                   for letter in unicodedata.normalize("NFC", name[:20 * most]))
    name = " ".join(name.split())
    return name if len(name) <= most else name[:most - 1] + "…"


def safe(name: str) -> str:
    """A name for a folder: letters, marks and digits of every script, and @ . _ -; of a picture sign, what it is called."""
    parts = []
    for letter in unicodedata.normalize("NFC", name):
        kind = unicodedata.category(letter)
        if kind[0] in "LMN" or letter in "@._-":
            parts.append(letter)
        else:
            parts.append(f"-{unicodedata.name(letter, '').lower()}-" if kind == "So" else "-")
    text = re.sub(r"-{2,}", "-", "".join(parts).replace(" ", "-")).strip("-.")
    while len(text.encode()) > 100:  # a file system takes 255 bytes, and nbgrader adds to them
        text = text[:-1]
    return text.strip("-.") or "unnamed"


def folders(people: Iterable[Person], known: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return {identity: folder}, each folder once, also where upper and lower case are the same; and {identity: note}.

    `known`: {identity: folder} of earlier runs, which stay as they are.
    """
    named = dict(known)
    taken, notes = {folder.casefold() for folder in named.values()}, {}
    for person in sorted(people, key=lambda person: person.identity):
        if person.identity in named:
            continue
        folder, number = safe(person.identity), 1
        while folder.casefold() in taken:
            number += 1
            folder = f"{safe(person.identity)}-{number}"
        if number > 1:
            notes[person.identity] = f"numbered, as another name gives the same folder: {folder}"
        taken.add(folder.casefold())
        named[person.identity] = folder
    return named, notes


def shown(people: Iterable[Person]) -> dict[str, str]:
    """Return {identity: the name to show}: with the system's number where two have the same name."""
    names = {}
    for person in people:
        names.setdefault(readable(person.name), set()).add(person.identity)
    result = {}
    for person in people:
        name = readable(person.name)
        told_by = person.number or readable(person.identity)
        alone = len(names[name]) == 1 and not (person.number and name.lower() == "participant")  # Moodle's blind marking
        result[person.identity] = name if alone or told_by == name else f"{name} ({told_by})"
    return result
