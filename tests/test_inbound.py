"""What a class on one server hands in, among students who mean harm: the exchange's folders, and how `inbound` is read.

The quick tests have one account, the one that runs them. The others make accounts, as root, and use nbgrader's own commands.
"""
import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("nbgrader")
pwd = pytest.importorskip("pwd", reason="Windows has no accounts of this kind")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import classhub  # noqa: E402
from classroom import FILE, FULL, LESSON, ROOT, cell, copy_course, grades, marks, release, solved, without  # noqa: E402
from confined import needs_bubblewrap  # noqa: E402
from exercises.grading import collect as collecting  # noqa: E402
from exercises.grading import inbound as reading  # noqa: E402
from exercises.grading.collect import collect  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")
GOOD, STUB = json.dumps(solved()).encode(), json.dumps(release()).encode()
SECRET = b"0123456789abcdef" * 8


@pytest.fixture(scope="module")
def template():
    return release()


def me():
    return pwd.getpwuid(os.geteuid()).pw_name


def now(**apart):
    return f"{datetime.now(timezone.utc) + timedelta(**apart):%Y-%m-%d %H:%M:%S.%f} UTC"


def named(student=None, lesson=LESSON, when=None, letters="+x1y2"):
    return f"{me() if student is None else student}+{lesson}+{when or now()}{letters}"


@pytest.fixture
def inbound(tmp_path):
    folder = tmp_path / "inbound"
    folder.mkdir()
    folder.chmod(0o1733)
    return folder


def hand_in(inbound, content=GOOD, name=None, file=FILE):
    folder = inbound / (name or named())
    folder.mkdir(parents=True)
    (folder / file).write_bytes(content)
    (folder / "submission_secret.txt").write_bytes(SECRET)
    (folder / "timestamp.txt").write_text(now())
    time.sleep(0.02)  # ctimes are as fine as the kernel's clock
    return folder


def only(inbound, template):
    found, = collect(inbound, LESSON, template)
    assert found.student == found.name == found.identity == me()
    return found


# ---- the normal road

def test_the_newest_counts_by_what_the_system_recorded(inbound, template):
    hand_in(inbound, STUB, named(letters="+zzzz"))
    before = datetime.now(timezone.utc)
    folder = hand_in(inbound, GOOD, named(letters="+aaaa", when=now(minutes=-30)))
    os.utime(folder / FILE, (0, 0))
    os.utime(folder, (0, 0))
    (folder / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    found = only(inbound, template)
    assert found.data == GOOD and not found.lost and not found.refused
    assert before - timedelta(seconds=1) < found.modified < datetime.now(timezone.utc)
    assert found.exchange == {"submission_secret.txt": SECRET}


def test_a_file_moved_in_late_is_late(inbound, template, tmp_path):
    """It keeps its own times; the folder that was moved has the time of the move."""
    elsewhere = hand_in(tmp_path / "elsewhere")
    time.sleep(0.3)
    moved = datetime.now(timezone.utc)
    elsewhere.rename(inbound / named())
    assert only(inbound, template).modified > moved - timedelta(seconds=0.1)


@pytest.mark.parametrize("within", ["work", "work/of/mine"])
def test_also_where_it_lies_in_folders_of_its_own(within, inbound, template, tmp_path):
    """The last that was done on the way down to it counts, however far above it, or that the file itself was changed."""
    elsewhere = hand_in(tmp_path / "elsewhere", file="notes.txt")
    (elsewhere / within).mkdir(parents=True)
    (elsewhere / within / FILE).write_bytes(GOOD)
    time.sleep(0.3)
    moved = datetime.now(timezone.utc)
    elsewhere.rename(inbound / (name := named()))
    assert only(inbound, template).modified > moved - timedelta(seconds=0.1)
    time.sleep(0.3)
    changed = datetime.now(timezone.utc)
    (inbound / name / within / FILE).write_bytes(GOOD)
    assert only(inbound, template).modified > changed - timedelta(seconds=0.1)


def test_a_folder_moved_late_into_one_that_was_there_is_late(inbound, template, tmp_path):
    """The move changes the times of the moved folder and of the one around it, and not those of what is further up or down."""
    work = hand_in(inbound, file="notes.txt") / "work"
    (work / "earlier").mkdir(parents=True)
    (tmp_path / "elsewhere" / "mine").mkdir(parents=True)
    (tmp_path / "elsewhere" / "mine" / FILE).write_bytes(GOOD)
    time.sleep(0.3)
    moved = datetime.now(timezone.utc)
    (tmp_path / "elsewhere").rename(work / "earlier" / "later")
    assert only(inbound, template).modified > moved - timedelta(seconds=0.1)


def test_twenty_folders_in_one_another_are_the_most(inbound, template, tmp_path):
    for number in (20, 21):
        folder = hand_in(inbound, file="notes.txt", name=named(letters=f"+{number}"))
        deep = folder.joinpath(*["f"] * number)
        deep.mkdir(parents=True)
        (deep / FILE).write_bytes(GOOD)
    found = only(inbound, template)
    assert found.data == GOOD and len(found.refused) == 1 and "more than 20 folders in one another" in found.refused[0]


def test_where_none_can_be_graded_the_newest_says_why(inbound, template):
    hand_in(inbound, b"no JSON", named(letters="+a"))
    (hand_in(inbound, name=named(letters="+b")) / FILE).unlink()
    before = datetime.now(timezone.utc)
    hand_in(inbound, b"{}", named(letters="+c"))
    found = only(inbound, template)
    assert found.lost == "not readable (it is JSON, but no notebook)" and found.modified > before - timedelta(seconds=0.1)
    assert [re.search(r"UTC\+(\w): (an empty folder|not readable \(it is no JSON)", said).groups() for said in found.refused] == [
        ("b", "an empty folder"), ("a", "not readable (it is no JSON")], "the newer first"


@pytest.mark.parametrize("letters", ["", "+Zm9v", "+", "+a-_="])
def test_the_forms_of_a_name_that_nbgrader_writes(letters, inbound, template):
    hand_in(inbound, GOOD, named(letters=letters))
    assert only(inbound, template).data == GOOD


@contextlib.contextmanager
def inside(inbound, skip=lambda path: None):
    """What is found in the newest hand-in, by its path."""
    with reading.hand_ins(inbound, LESSON) as found, found[0].files(skip) as files:
        yield {each.path: each for each in files}


def test_what_a_name_claims_and_whose_it_is_are_told(inbound):
    hand_in(inbound, name=named("daemon"))
    with reading.hand_ins(inbound, LESSON) as found:
        assert [(each.claimed, each.owner, each.uid) for each in found] == [("daemon", me(), os.geteuid())]


def test_what_lies_in_folders_is_found_by_its_path_and_what_is_skipped_is_not(inbound):
    folder = hand_in(inbound)
    for name in ("work/of/mine", ".ipynb_checkpoints", "work/.git"):
        (folder / name).mkdir(parents=True)
        (folder / name / "more.ipynb").touch()
    with inside(inbound, collecting.JUNK.search) as found:
        assert sorted(found) == sorted([FILE, "submission_secret.txt", "timestamp.txt", "work/of/mine/more.ipynb"])


@pytest.mark.parametrize("content", [b"x", b"0123456789abcdef" * 65_536 + b"x"], ids=["one byte", "a byte more than a MiB"])
def test_every_byte_of_a_file_is_read(content, inbound):
    hand_in(inbound, content)
    with inside(inbound) as found:
        assert found[FILE].load() == content


def test_only_this_lesson_counts(inbound, template):
    hand_in(inbound, GOOD, named(lesson="05-softmax-concise"))
    hand_in(inbound, GOOD, "something")
    (inbound / ".hidden").mkdir()
    assert collect(inbound, LESSON, template) == []


# ---- what is refused

def newer(spoil):
    """A newer hand-in, spoilt by `spoil(inbound)`, which returns its name."""
    return pytest.param(spoil, id=spoil.__name__.strip("_"))


def bad_time(inbound):
    return hand_in(inbound, STUB, named(when="yesterday")).name


def impossible_time(inbound):
    return hand_in(inbound, STUB, named(when="2026-13-45 99:99:99 UTC")).name


def another_zone(inbound):
    return hand_in(inbound, STUB, named(when="2026-11-02 10:00:00 Factory")).name


def a_zone_in_numbers(inbound):
    return hand_in(inbound, STUB, named(when=now().replace(" UTC", "-05:00"))).name


def a_day(inbound):
    return hand_in(inbound, STUB, named(when=now()[:10])).name


def no_time(inbound):
    return hand_in(inbound, STUB, f"{me()}+{LESSON}").name


def empty_time(inbound):
    return hand_in(inbound, STUB, f"{me()}+{LESSON}+").name


def far_future(inbound):
    return hand_in(inbound, STUB, named(when="2099-01-01 00:00:00.000000 UTC")).name


def two_hours_ahead(inbound):
    return hand_in(inbound, STUB, named(when=now(hours=2))).name


def two_hours_ago(inbound):
    return hand_in(inbound, STUB, named(when=now(hours=-2))).name


def a_name_of_nobody(inbound):
    return hand_in(inbound, STUB, named("nobody-of-that-name")).name


def a_name_of_somebody_else(inbound):
    return hand_in(inbound, STUB, named("daemon")).name


def an_empty_name(inbound):
    return hand_in(inbound, STUB, named("")).name


def a_name_in_capitals(inbound):
    return hand_in(inbound, STUB, named(me().upper())).name


def a_name_with_plus(inbound):
    return hand_in(inbound, STUB, named(f"{me()}+")).name


def a_name_of_no_letters(inbound):
    name = os.fsdecode(os.fsencode(me()) + b"\xff\xfe+" + LESSON.encode() + b"+x")
    (inbound / name).mkdir()
    return "+" + LESSON + "+x"


def a_name_that_steers_the_terminal(inbound):
    return hand_in(inbound, STUB, named("\x1b[31m\r\nroot")).name.replace("\x1b", "").replace("\r\n", " ")


def a_file(inbound):
    (inbound / (name := named())).write_bytes(STUB)
    return name


def a_fifo(inbound):
    os.mkfifo(inbound / (name := named()))
    return name


def a_socket(inbound):
    with contextlib.chdir(inbound), socket.socket(socket.AF_UNIX) as listening:  # a socket's path has 107 letters
        listening.bind(name := named())
    return name


def a_link_to_a_folder(inbound):
    hand_in(inbound.parent / "elsewhere", STUB, "there")
    (inbound / (name := named())).symlink_to(inbound.parent / "elsewhere" / "there")
    return name


def a_link_in_a_circle(inbound):
    (inbound / (name := named())).symlink_to(name)
    return name


def a_linked_notebook(inbound):
    folder = hand_in(inbound, STUB)
    (folder / FILE).unlink()
    (inbound.parent / "answers.ipynb").write_bytes(STUB)
    (folder / FILE).symlink_to(inbound.parent / "answers.ipynb")
    return folder.name


def a_link_in_a_folder_inside(inbound):
    folder = hand_in(inbound, STUB)
    (folder / FILE).unlink()
    (inbound.parent / "answers").mkdir()
    (inbound.parent / "answers" / FILE).write_bytes(STUB)
    (folder / "work").mkdir()
    (folder / "work" / "here").symlink_to(inbound.parent / "answers")
    return folder.name


def a_hard_link(inbound):
    folder = hand_in(inbound, STUB)
    os.link(folder / FILE, inbound.parent / "another name")
    return folder.name


def a_fifo_for_a_notebook(inbound):
    folder = hand_in(inbound, STUB)
    (folder / FILE).unlink()
    os.mkfifo(folder / FILE)
    return folder.name


def a_folder_for_a_notebook(inbound):
    folder = hand_in(inbound, STUB)
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    return folder.name


def a_sparse_file(inbound):
    folder = hand_in(inbound, STUB)
    os.truncate(folder / FILE, 2_000_000_000)
    return folder.name


def an_endless_row_of_files(inbound):
    folder = hand_in(inbound, STUB)
    for number in range(1_001):
        (folder / f"{number}.txt").touch()
    return folder.name


def a_well_of_folders(inbound):
    folder = hand_in(inbound, STUB)
    deep = folder.joinpath(*"abcdefghijklmnopqrstuvwxyz")
    deep.mkdir(parents=True)
    return folder.name


def an_empty_folder(inbound):
    (inbound / (name := named())).mkdir()
    return name


def no_json(inbound):
    return hand_in(inbound, b"\x00\xff not a notebook").name


def an_empty_notebook(inbound):
    return hand_in(inbound, b"").name


def a_notebook_of_something_else(inbound):
    return hand_in(inbound, nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)")])).encode()).name


def an_archive(inbound):
    return hand_in(inbound, b"PK", file="work.zip").name


SPOILT = [bad_time, impossible_time, another_zone, a_zone_in_numbers, a_day, no_time, empty_time, far_future, two_hours_ahead, two_hours_ago, a_name_of_nobody,
          a_name_of_somebody_else, an_empty_name, a_name_in_capitals, a_name_with_plus, a_name_of_no_letters, a_name_that_steers_the_terminal,
          a_file, a_fifo, a_socket, a_link_to_a_folder, a_link_in_a_circle, a_linked_notebook, a_link_in_a_folder_inside, a_hard_link,
          a_fifo_for_a_notebook, a_folder_for_a_notebook, a_sparse_file, an_endless_row_of_files, a_well_of_folders, an_empty_folder, no_json,
          an_empty_notebook, a_notebook_of_something_else, an_archive]


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda each: each.__name__)
def test_what_is_spoilt_takes_no_place_and_is_named(spoil, inbound, template):
    """The older hand-in, which is whole, counts; alone, what is spoilt earns nothing, and says why."""
    whole = hand_in(inbound, GOOD, named(when=now(minutes=-5)))
    name = spoil(inbound)
    found = only(inbound, template)
    assert found.data == GOOD and not found.lost
    refused, = found.refused
    assert collecting.students.readable(name, 90)[:60] in refused and len(refused) < 300 and "\x1b" not in refused, refused
    shutil.rmtree(whole)
    alone = only(inbound, template)
    assert alone.lost and alone.data != GOOD and alone.modified


@pytest.mark.parametrize("lay, said", [
    (a_file, "it is a file, and nbgrader hands in folders"), (a_fifo, "it is no folder"), (a_link_to_a_folder, "it is a link, and links are not followed")])
def test_what_is_no_folder_is_named_as_what_it_is(lay, said, inbound):
    name = lay(inbound)
    with reading.hand_ins(inbound, LESSON) as found:
        assert [(each.name, each.problem) for each in found] == [(name, said)]


@pytest.mark.parametrize("more, taken", [(0, True), (1, False)])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_names_time_may_be_an_hour_apart_and_no_more(side, more, taken, inbound):
    info, said = inbound.stat(), datetime(2026, 11, 2, 10, tzinfo=timezone.utc)
    when = said + side * timedelta(hours=1, microseconds=more)
    assert (reading._refused(info, me(), me(), when, f"{said:%Y-%m-%d %H:%M:%S} UTC") == "") is taken


def test_a_long_name_is_cut_at_ninety_letters():
    for n, said in ((90, "a" * 90), (91, "a" * 89 + "…")):
        assert reading.HandIn("a" * n, "a", "a", 1, datetime.now(timezone.utc), "why").refusal() == f"{said}: why"


def test_what_belongs_to_another_is_named_and_not_looked_into(inbound):
    """Files, also with other names elsewhere, and folders."""
    folder = hand_in(inbound)
    (folder / "work").mkdir()
    (folder / "work" / "more.ipynb").touch()
    os.link(folder / FILE, inbound.parent / "another name")
    with reading._opened(folder, reading.FOLDER, None) as top:
        found = list(reading._Reader(top, os.geteuid() + 1, lambda path: None).walk(top, (), os.fstat(top)))
    assert {each.path: each.problem for each in found} == dict.fromkeys(
        [FILE, "submission_secret.txt", "timestamp.txt", "work"], f"it belongs to {me()}")


def test_a_fifo_of_several_names_is_still_no_ordinary_file(inbound):
    folder = hand_in(inbound)
    os.mkfifo(folder / "fifo")
    os.link(folder / "fifo", folder / "other")
    with inside(inbound) as found:
        assert found["fifo"].problem == found["other"].problem == "it is no ordinary file"


@contextlib.contextmanager
def nothing_stays_open():
    before = os.listdir("/proc/self/fd")
    yield
    assert os.listdir("/proc/self/fd") == before


def test_what_is_read_is_closed_whatever_happens(inbound, monkeypatch):
    folder = hand_in(inbound)
    (folder / "work").mkdir()
    with nothing_stays_open():
        with inside(inbound) as found:
            assert len(found) == 3
    with nothing_stays_open(), pytest.raises(KeyError):
        with reading.hand_ins(inbound, LESSON) as found, found[0].files(lambda path: None), reading._opened(folder, reading.FOLDER, None):
            raise KeyError
    monkeypatch.setattr(reading, "_hand_in", lambda *_: 1 / 0)
    with nothing_stays_open(), pytest.raises(ZeroDivisionError), reading.hand_ins(inbound, LESSON):
        pass


def test_a_folder_that_has_become_anothers_is_not_read(inbound):
    hand_in(inbound)
    with reading.hand_ins(inbound, LESSON) as found:
        found[0].uid += 1
        with nothing_stays_open(), pytest.raises(reading.Refused, match="^it was replaced while it was read$"), found[0].files(lambda path: None):
            pass


def stat_as(monkeypatch, **parts):
    """Let os.fstat say something else of a folder: `uid`, or `mode`, its permissions."""
    real = os.fstat

    def fstat(number):
        info = list(real(number))
        info[0] = stat.S_IFDIR | parts.get("mode", 0o1733)
        info[4] = parts.get("uid", info[4])
        return os.stat_result(info)

    monkeypatch.setattr(os, "fstat", fstat)


@pytest.mark.parametrize("uid, euid, refused", [(0, 0, False), (0, 4321, False), (4321, 4321, False), (1, 4321, True), (4322, 4321, True), (4321, 0, True)])
def test_an_inbound_folder_is_roots_or_the_readers_own(uid, euid, refused, inbound, monkeypatch):
    stat_as(monkeypatch, uid=uid)
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setattr(reading, "_account", "account {}".format)
    words = re.escape(f"{inbound} belongs to account {uid}, who can replace what others have handed in: sudo hub/exchange makes it the teachers'.")
    with pytest.raises(ValueError, match=f"^{words}$") if refused else contextlib.nullcontext(), reading.hand_ins(inbound, LESSON) as found:
        assert found == []


@pytest.mark.parametrize("mode, refused", [(0o1733, False), (0o3770, False), (0o770, False), (0o771, False), (0o773, True), (0o775, True), (0o1777, True), (0o774, True)])
def test_others_may_neither_see_nor_remove_what_was_handed_in(mode, refused, inbound, monkeypatch):
    stat_as(monkeypatch, mode=mode)
    words = re.escape(f"In {inbound} students can see or remove what others have handed in (its mode is {mode:o}): sudo hub/exchange mends that.")
    with pytest.raises(ValueError, match=f"^{words}$") if refused else contextlib.nullcontext(), reading.hand_ins(inbound, LESSON) as found:
        assert found == []


def test_a_folder_that_is_none_or_cannot_be_read_is_told_with_what_to_do(inbound, monkeypatch):
    with pytest.raises(ValueError, match=f"^There is no {inbound / 'none'}: sudo hub/exchange makes it.$"), reading.hand_ins(inbound / "none", LESSON):
        pass
    (inbound / "file").touch()
    with pytest.raises(ValueError, match=f"^{inbound / 'file'} is no folder: move it away"), reading.hand_ins(inbound / "file", LESSON):
        pass
    monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(PermissionError))
    words = re.escape(f"{inbound} can't be read by {me()}, who is none of the teachers whose it is: sudo adduser {me()} teachers, and log in anew.")
    with pytest.raises(ValueError, match=f"^{words}$"), reading.hand_ins(inbound, LESSON):
        pass


def test_what_is_taken_away_meanwhile_costs_only_itself(inbound):
    folder, gone = hand_in(inbound), []

    def take_the_first(path):
        if not gone:
            gone.append(path)
            (folder / path).unlink()

    with inside(inbound, take_the_first) as found:
        assert sorted([*found, *gone]) == sorted([FILE, "submission_secret.txt", "timestamp.txt"])


def test_a_folder_inside_that_cannot_be_opened_is_named(inbound, monkeypatch):
    (hand_in(inbound) / "shut").mkdir()
    real = os.open

    def closed(name, *arguments, **options):
        if name == "shut":
            raise PermissionError(13, "Permission denied")
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", closed)
    with reading.hand_ins(inbound, LESSON) as hand_ins, hand_ins[0].files(lambda path: None) as files:
        assert len(files) == 4
        assert reading.Found("shut", 0, hand_ins[0].when, None, "it can't be opened (Permission denied)") in files


def test_as_many_files_as_are_allowed_are_read(inbound, monkeypatch):
    hand_in(inbound)
    monkeypatch.setattr(reading, "FILES", 3)
    with inside(inbound) as found:
        assert len(found) == 3
    monkeypatch.setattr(reading, "FILES", 2)
    with pytest.raises(reading.Refused, match="it holds more than 2 files"), inside(inbound):
        pass


def test_a_link_inside_is_left_out_and_what_is_beside_it_counts(inbound, template):
    folder = hand_in(inbound)
    (inbound.parent / "other.ipynb").write_bytes(STUB)
    (folder / "better.ipynb").symlink_to(inbound.parent / "other.ipynb")
    found = only(inbound, template)
    assert found.data == GOOD and found.notes == ["better.ipynb: it is a link, and links are not followed"]


@pytest.mark.parametrize("lay, said", [
    (lambda path: path.write_bytes(b"\xff\xfe" * 64), "nbgrader writes another text"), (lambda path: path.write_bytes(b""), "nbgrader writes another text"),
    (lambda path: os.truncate(path, 5_000_000_000), "it has 5,000,000,000 bytes"), (lambda path: (path.unlink(), os.mkfifo(path)), "it is no ordinary file"),
    (lambda path: (path.unlink(), path.symlink_to("/etc/hostname")), "it is a link, and links are not followed"), (lambda path: path.unlink(), ""),
    (lambda path: (path.unlink(), path.mkdir()), ""), (lambda path: path.write_text("../../../tmp/x\n"), "nbgrader writes another text")])
def test_a_secret_that_nbgrader_did_not_write_is_left_out(lay, said, inbound, template):
    """nbgrader's release_feedback would stop at it, for everybody."""
    lay(hand_in(inbound) / "submission_secret.txt")
    found = only(inbound, template)
    assert found.data == GOOD and not found.lost and found.exchange == {}
    assert found.notes == ([f"submission_secret.txt was left out: {said}"] if said else [])


def test_a_link_in_the_place_of_a_secret_stops_nobody_elsewhere_either(tmp_path, template):
    """A folder of submissions, as nbgrader's collect made it."""
    for name in ("ada", "bob"):
        hand_in(tmp_path / name, name=LESSON)
    (tmp_path / "ada" / LESSON / "timestamp.txt").unlink()
    (tmp_path / "ada" / LESSON / "timestamp.txt").symlink_to("/dev/zero")
    ada, bob = collect(tmp_path, LESSON, template)
    assert set(ada.exchange) == {"submission_secret.txt"} and set(bob.exchange) == set(collecting.TICKETS) and not ada.lost


def test_what_is_changed_while_it_is_read_is_refused(inbound, template, monkeypatch):
    """Also where another file takes its place between the look and the reading: what was looked at is read, or nothing."""
    hand_in(inbound, GOOD, named(when=now(minutes=-5)))
    folder = hand_in(inbound, STUB)
    real = reading._Reader._load

    def meanwhile(change):
        def load(self, parts, known):
            if parts == (FILE,) and os.stat(FILE, dir_fd=self.top, follow_symlinks=False).st_size != len(GOOD):
                change(folder / FILE)
            return real(self, parts, known)
        monkeypatch.setattr(reading._Reader, "_load", load)

    (inbound.parent / "hers.ipynb").write_bytes(STUB)

    def to_a_link(path):
        path.unlink()
        path.symlink_to(inbound.parent / "hers.ipynb")

    def to_another(path):
        path.unlink(missing_ok=True)
        path.write_bytes(STUB)

    def rewritten(path):
        with path.open("r+b") as file:
            file.write(b"{")

    def to_a_fifo(path):
        path.unlink()
        os.mkfifo(path)

    read, inodes = os.read, set()
    monkeypatch.setattr(os, "read", lambda number, count: inodes.add(os.fstat(number).st_ino) or read(number, count))
    def as_long_and_as_old(path):
        old = path.stat()
        path.write_bytes(b" " * old.st_size)
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))

    for change in (to_a_link, to_another, to_a_fifo, rewritten, as_long_and_as_old):
        to_another(folder / FILE)
        meanwhile(change)
        found = only(inbound, template)
        assert found.data == GOOD, change.__name__
        assert "changed while it was read" in found.refused[0] or "Too many levels" in found.refused[0], found.refused
        assert (folder / FILE).lstat().st_ino not in inodes, "not a byte of it was read"


@pytest.mark.parametrize("change", [
    lambda path: os.truncate(path, 10), lambda path: path.open("ab").write(b" " * 100_000) and None,
    lambda path: os.pwrite(number := os.open(path, os.O_WRONLY), b"{", 0) and os.close(number)], ids=["shorter", "longer", "as long"])
def test_what_is_written_to_while_it_is_read_is_refused(change, inbound, template, monkeypatch):
    """And reading ends: what was there when it was looked at is the most that is read."""
    folder, real = hand_in(inbound, STUB), os.read

    def read(number, count):
        data = real(number, count)
        if os.path.samestat(os.fstat(number), (folder / FILE).stat()):
            time.sleep(0.02)
            change(folder / FILE)
        return data

    monkeypatch.setattr(os, "read", read)
    assert "changed while it was read" in only(inbound, template).lost


def test_what_can_not_even_be_looked_at_stops_nobody(inbound, template, monkeypatch):
    """As a file system that a student mounted on the own folder: the kernel refuses it to everybody else, root too."""
    hand_in(inbound)
    closed = named("daemon")
    real = os.scandir

    class Entry:
        name = closed

        def stat(self, follow_symlinks):
            raise PermissionError(13, "Permission denied")

    @contextlib.contextmanager
    def scandir(folder):
        with real(folder) as items:
            yield [*items, *([Entry()] if os.path.samestat(os.fstat(folder), inbound.stat()) else [])]

    monkeypatch.setattr(os, "scandir", scandir)
    with reading.hand_ins(inbound, LESSON) as found:
        assert [(each.claimed, each.uid) for each in found if each.owner == "unknown"] == [("daemon", -1)], "no account has this number"
    mine, unknown = sorted(collect(inbound, LESSON, template), key=lambda found: found.identity == "unknown")
    assert mine.data == GOOD and not mine.refused and unknown.refused == [f"{closed}: whose it is can't be seen (Permission denied)"]


def test_ten_are_looked_at_and_ten_named(inbound, template):
    hand_in(inbound, GOOD, named(when=now(minutes=-5)))
    for number in range(15):
        (inbound / named(letters=f"+{number}")).mkdir()
    for number in range(20):
        (inbound / named("daemon", letters=f"+{number}")).mkdir()
    found = only(inbound, template)
    assert found.lost == "an empty folder" and len(found.refused) == 11
    assert found.refused[9:] == ["6 older ones, which were not looked at", "20 more"]
    hand_in(inbound)
    found = only(inbound, template)
    assert not found.lost and found.data == GOOD and len(found.refused) == 11 and found.refused[10] == "10 more", "older ones than one that counts are not said"


def test_ten_that_cannot_be_graded_are_all_looked_at_and_all_named(inbound, template):
    for number in range(10):
        hand_in(inbound, b"{}", named(letters=f"+{number}"))
    found = only(inbound, template)
    assert found.lost and len(found.refused) == 9 and not any("older" in said or "more" in said for said in found.refused)
    hand_in(inbound, b"{}", named(letters="+x"))
    assert only(inbound, template).refused[-1] == "1 older ones, which were not looked at"


def test_many_thousand_entries_cost_seconds(inbound, template):
    hand_in(inbound, GOOD, named(when=now(minutes=-5)))
    for number in range(3_000):
        (inbound / f"{me()}+{LESSON}+{number}").touch()
    started = time.monotonic()
    found = only(inbound, template)
    assert found.data == GOOD and found.refused[-1] == "2,990 more" and time.monotonic() - started < 5


def test_all_bytes_of_a_hand_in_are_bounded(inbound, template, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST", len(GOOD) + len(SECRET) + 10)
    folder = hand_in(inbound)
    assert not only(inbound, template).lost
    (folder / "also.ipynb").write_bytes(GOOD)
    found = only(inbound, template)
    assert "more than 0 MB in all" in " ".join(found.notes + [found.lost])


def test_as_many_bytes_as_are_allowed_are_read(inbound, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST", 2_000_000)
    folder = hand_in(inbound)
    for size in (2_000_000, 2_000_001):
        os.truncate(folder / FILE, size)
        with inside(inbound) as found:
            if size == 2_000_000:
                assert len(found[FILE].load()) == size
            else:
                with pytest.raises(reading.Refused, match="more than 2 MB in all"):
                    found[FILE].load()


# ---- the folder itself

@pytest.mark.parametrize("mode, said", [(0o733, "see or remove"), (0o777, "see or remove"), (0o1777, "see or remove"), (0o1737, "see or remove")])
def test_an_open_inbound_is_refused(mode, said, inbound, template):
    hand_in(inbound)
    inbound.chmod(mode)
    with pytest.raises(ValueError, match=f"{said} what others .*its mode is {mode:o}.*hub/exchange"):
        collect(inbound, LESSON, template)


def test_an_inbound_that_is_not_there_is_named(tmp_path, template):
    with pytest.raises(ValueError, match="There is no .*inbound: sudo hub/exchange makes it"):
        collect(tmp_path / "inbound", LESSON, template)


def test_exchange_stands_for_the_one_of_this_class(inbound, template, monkeypatch):
    monkeypatch.chdir(inbound.parent)
    monkeypatch.delenv("COURSE_EXCHANGE", raising=False)
    with pytest.raises(ValueError, match="COURSE_EXCHANGE"):
        collect("exchange", LESSON, template)
    hand_in(inbound)
    (inbound.parent / "exchange").mkdir()
    assert collect("exchange", LESSON, template) == []  # a folder of that name
    inbound.rename(inbound.parent / "exchange" / "inbound")
    monkeypatch.setenv("COURSE_EXCHANGE", str(inbound.parent))
    monkeypatch.setenv("COURSE_ID", "exchange")
    assert [found.data for found in collect("exchange", LESSON, template)] == [GOOD]


# ---- among several accounts, as root

def as_root(test):
    """Marks what only root can try."""
    for mark in (pytest.mark.slow("root: makes accounts"), needs_bubblewrap,
                 pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="makes accounts: run it as root")):
        test = mark(test)
    return test


def given(path, account, *inside):
    """Give a folder and what is in it, or what is named, to an account."""
    uid = account if isinstance(account, int) else pwd.getpwnam(account).pw_uid
    for each in [path / name for name in inside] or [path, *path.rglob("*")]:
        os.chown(each, uid, -1, follow_symlinks=False)
    return path


@as_root
@pytest.mark.parametrize("whose", ["bin", 54321], ids=["another account", "an account of no name"])
def test_whose_it_is_goes_before_what_it_says(whose, inbound, template):
    """The thief's folder costs the thief, and stands under the thief's name; her newer and her older one are untouched."""
    given(hand_in(inbound, STUB, named("daemon", when=now(minutes=-2))), "daemon")
    given(hand_in(inbound, GOOD, named("daemon", when=now(minutes=-1))), "daemon")
    thiefs = given(hand_in(inbound, STUB, named("daemon", when="2099-01-01 00:00:00.000000 UTC")), whose)
    given(hand_in(inbound, STUB, named("daemon")), whose)
    thief, hers = sorted(collect(inbound, LESSON, template), key=lambda found: found.student == "daemon")
    assert hers.data == GOOD and not hers.lost and not hers.refused and not hers.notes
    assert thief.identity == thief.name == (whose if whose == "bin" else "account 54321")
    assert thief.lost == "nothing that counts was handed in" and thief.data == b"" and len(thief.refused) == 2
    assert f"{thiefs.name}: it says that it is daemon's, and it belongs to {thief.name}" in thief.refused


@as_root
def test_what_another_put_into_a_folder_is_left_out(inbound, template):
    """Files, folders, and a file in a folder of hers; and her own beside it counts."""
    folder = hand_in(inbound, GOOD, named("daemon"))
    (folder / "better.ipynb").write_bytes(STUB)
    for name in ("theirs", "hers"):
        (folder / name).mkdir()
        (folder / name / "more.ipynb").write_bytes(STUB)
    given(given(folder, "daemon"), "bin", "better.ipynb", "theirs", "theirs/more.ipynb", "hers/more.ipynb")
    found, = collect(inbound, LESSON, template)
    assert found.data == GOOD and sorted(found.notes) == [
        "better.ipynb: it belongs to bin", "more.ipynb: it belongs to bin", "theirs: it belongs to bin"]
    given(folder, "bin", FILE, "submission_secret.txt")
    found, = collect(inbound, LESSON, template)
    assert f"{FILE}: it belongs to bin" in found.lost and found.data == b""


@as_root
def test_a_folder_that_is_replaced_after_the_look_is_not_read(inbound, template):
    """By a link to hers, and by hers itself."""
    hers = given(hand_in(inbound.parent / "elsewhere"), "daemon")
    for replace in (lambda path: path.symlink_to(hers), hers.rename):
        mine = given(hand_in(inbound, STUB, named("bin")), "bin")
        with reading.hand_ins(inbound, LESSON) as found:
            shutil.rmtree(mine)
            replace(mine)
            with pytest.raises(reading.Refused, match="replaced|can't be opened"), found[0].files(collecting.JUNK.search):
                pass
        mine.unlink() if mine.is_symlink() else shutil.rmtree(mine)


@as_root
def test_an_inbound_of_a_students_is_refused(inbound, template):
    given(hand_in(inbound).parent, "bin", ".")
    with pytest.raises(ValueError, match="inbound belongs to bin, who can replace what others have handed in: sudo hub/exchange"):
        collect(inbound, LESSON, template)


ACCOUNTS = {"inb-ada": "inb-students", "inb-bob": "inb-students", "inb-mallory": "inb-students", "inb-trudy": "inb-students",
            "inb-grace": "inb-teachers", "inb-hedy": "inb-teachers"}


def remove_accounts():
    for name in ACCOUNTS:
        classhub.remove(name)
    for name in set(ACCOUNTS.values()):
        subprocess.run(["groupdel", name], check=False, capture_output=True)


@pytest.fixture(scope="module")
def folder():
    """A folder that everybody may pass through, with accounts beside it."""
    remove_accounts()
    path = classhub.class_folder()
    for name in sorted(set(ACCOUNTS.values())):
        subprocess.run(["groupadd", name], check=True)
    for name, group in ACCOUNTS.items():
        classhub.add(name, group)
    yield path
    remove_accounts()
    shutil.rmtree(path)


def home(name):
    return Path(pwd.getpwnam(name).pw_dir)


def view():
    """The machine as everybody sees it, and in it Python and the course, wherever they lie: in root's home, perhaps."""
    options = ["--dev-bind", "/", "/"]
    needed = {Path(os.path.realpath(path)) for path in (sys.base_prefix, sys.prefix, ROOT)}
    closed = {above for path in needed for above in path.parents if not above.stat().st_mode & stat.S_IXOTH}
    for path in sorted(closed):
        options += ["--tmpfs", path, "--chmod", "0755", path]
    for path in sorted(path for path in needed if closed & set(path.parents)):
        for above in sorted(set(path.parents) - {Path("/")}):
            options += ["--dir", above]  # named, they are open to everybody
        options += ["--ro-bind", path, path]
    return options


def as_account(name, *command, where=None, check=True, **variables):
    """Run a command as an account, as its own shell would; return what came of it."""
    environment = {"HOME": str(home(name)), "USER": name, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8", **variables}
    done = subprocess.run(
        ["bwrap", *map(str, view()), "--cap-add", "ALL", "--chdir", str(where or home(name)), "setpriv", "--reuid", name, "--regid",
         str(pwd.getpwnam(name).pw_gid), "--init-groups", "--inh-caps=-all", "--", *map(str, command)],
        env=environment, capture_output=True, text=True, timeout=600)
    if check:
        assert done.returncode == 0, f"{name}: {command}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done


class Class:
    """A class on one server: its exchange, and what its people type."""

    def __init__(self, folder):
        self.exchange = folder / "exchange"
        self.course = self.exchange / "deep-learning"
        self.inbound = self.course / "inbound"

    def make(self):
        return subprocess.run([ROOT / "hub" / "exchange", self.exchange, "deep-learning", "inb-teachers"], capture_output=True, text=True)

    def student(self, name, *command, **options):
        """nbgrader's command, with the settings that a student's JupyterLab has."""
        return as_account(name, sys.executable, "-m", "nbgrader", *command, COURSE_EXCHANGE=str(self.exchange), PYTHONPATH=str(ROOT),
                          JUPYTER_CONFIG_PATH=str(ROOT / "hub" / "students"), **options)

    def teacher(self, name, *command, **options):
        return as_account(name, sys.executable, "-m", *command, where=home(name) / "course" / "exercises", COURSE_EXCHANGE=str(self.exchange),
                          PYTHONPATH=str(home(name) / "course"), **options)

    def grade(self, name="inb-grace"):
        return self.teacher(name, "exercises.grading", LESSON, "exchange").stdout

    def submit(self, name, notebook):
        """Hand in with nbgrader; return the name that it got in inbound."""
        before = set(os.listdir(self.inbound))
        (home(name) / LESSON / FILE).write_text(json.dumps(notebook), encoding="utf-8")
        self.student(name, "submit", LESSON, "--course", "deep-learning")
        new, = set(os.listdir(self.inbound)) - before
        return new

    def feedback(self, name):
        """The newest page of feedback that a student fetches."""
        self.student(name, "fetch_feedback", LESSON, "--course", "deep-learning")
        return max((home(name) / LESSON / "feedback").glob("*/*.html"), key=lambda path: path.parent.name).read_text(encoding="utf-8")


def bash(name, script, **options):
    return as_account(name, "bash", "-c", script, **options)


@pytest.fixture(scope="module")
def school(folder):
    """The exchange, squatted before it was made; and two teachers' courses."""
    school = Class(folder)
    school.exchange.mkdir()
    school.exchange.chmod(0o1777)
    (folder / "roots").mkdir(mode=0o755)
    bash("inb-mallory", f"cd {school.exchange} && mkdir -p deep-learning/{{inbound,outbound/{LESSON}}} other-course/outbound/free && ln -s /etc passwords"
                        f" && touch 'a file' .hidden && ln -s {folder}/roots .aside && chmod -R 777 *-*")
    school.said = school.make()
    for name in ("inb-grace", "inb-hedy"):
        copy_course(home(name) / "course")
        given(home(name) / "course", name)
    return school


@as_root
def test_an_exchange_that_students_made_first_becomes_the_teachers(school):
    assert school.said.returncode == 0, school.said.stderr
    assert school.said.stdout.count("Put aside, as inb-mallory had made it") == 6
    kept = sorted(school.exchange.glob(".aside-*"))
    assert len(kept) == 6 and all(os.path.lexists(each / "found") for each in kept), "nothing is deleted"
    assert sorted(os.listdir(school.exchange)) == [*(each.name for each in kept), "deep-learning"], "what is hidden is put aside as well"
    assert (school.exchange.parent / "roots").stat().st_mode & 0o777 == 0o755 and not os.listdir(school.exchange.parent / "roots"), "no link is followed"
    for path, owner, group, mode in ((school.exchange, "root", "root", 0o755), *((each, "root", "root", 0o700) for each in kept),
                                     (school.course, "root", "inb-teachers", 0o755), (school.inbound, "root", "inb-teachers", 0o3773),
                                     (school.course / "outbound", "root", "inb-teachers", 0o2775),
                                     (school.course / "feedback", "root", "inb-teachers", 0o2771)):
        assert (path.owner(), path.group(), stat.S_IMODE(path.stat().st_mode)) == (owner, group, mode), path


@as_root
def test_made_again_it_stays_as_it_is(school):
    """Handed in work to its times; what a teacher released by hand is every teacher's; what was changed is put right."""
    (school.inbound / "inb-ada+x+y").mkdir()
    given(school.inbound / "inb-ada+x+y", "inb-ada")
    before = os.stat(school.inbound / "inb-ada+x+y")
    assert school.make().stdout == f"{school.course} is as it should be.\n"
    (school.course / "outbound" / "x").mkdir(mode=0o700)
    given(school.course / "outbound" / "x", "inb-grace")
    for path in (school.exchange, school.inbound, school.course / "feedback"):
        path.chmod(0o777)
    os.chown(school.inbound, pwd.getpwnam("inb-grace").pw_uid, 0)  # as nbgrader's own release made it
    said = school.make().stdout
    assert f"{school.inbound} is now root:inb-teachers 3773" in said and f"{school.exchange} is now root:root 755" in said
    assert os.stat(school.inbound / "inb-ada+x+y") == before
    made = school.course / "outbound" / "x"
    assert made.group() == "inb-teachers" and made.stat().st_mode & 0o070 == 0o070
    made.rmdir()
    (school.inbound / "inb-ada+x+y").rmdir()


@as_root
@pytest.mark.parametrize("arguments, said", [
    (["{here}/e", "../x"], "a course is named in letters"), (["{here}/e", "a/b"], "a course is named"), (["{here}/e", ".x"], "a course is named"),
    (["{here}/e", "c", "no-such-group"], "there is no group no-such-group: groupadd"), (["e", "c"], "name the exchange from / on, not e"),
    (["{here}/link", "c", "inb-teachers"], "is a link: name the folder"), (["{here}/link/e", "c", "inb-teachers"], "is a link: name the folder"),
    (["{here}/hers/e", "c", "inb-teachers"], "belongs to inb-ada, who could replace"), (["{here}/file", "c", "inb-teachers"], "{here}/file")])
def test_where_no_exchange_can_be_the_reason_is_said(school, tmp_path, arguments, said):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "file").touch()
    given(tmp_path / "hers", "inb-ada", ".") if (tmp_path / "hers").mkdir() is None else None
    done = subprocess.run([ROOT / "hub" / "exchange", *(each.format(here=tmp_path) for each in arguments)], capture_output=True, text=True)
    assert done.returncode == 1 and said.format(here=tmp_path) in done.stderr, done.stderr
    assert not list((tmp_path / "there").iterdir()) and not list((tmp_path / "hers").iterdir())


@as_root
def test_these_accounts_have_no_rights_but_their_own(school):
    said = bash("inb-mallory", "id -un; grep -E 'Cap(Eff|Prm|Amb)' /proc/self/status; ls ~inb-ada", check=False)
    assert said.stdout.split() == ["inb-mallory", "CapPrm:", "0" * 16, "CapEff:", "0" * 16, "CapAmb:", "0" * 16], said
    assert "Permission denied" in said.stderr


@pytest.fixture(scope="module")
def handed(school):
    """The normal road, by nbgrader's own commands: released, listed, fetched, handed in, graded, handed back."""
    school.teacher("inb-grace", "nbgrader", "release_assignment", LESSON)
    school.listed = school.student("inb-ada", "list").stderr
    for name in ("inb-ada", "inb-bob", "inb-mallory"):
        school.student(name, "fetch_assignment", LESSON, "--course", "deep-learning")
    school.names = [school.submit("inb-ada", release()), school.submit("inb-ada", solved(explain="Ada's own words")),
                    school.submit("inb-bob", solved(accuracy=cell(release(), "accuracy").source, explain="Bob's own words"))]
    school.graded = school.grade()
    school.teacher("inb-grace", "nbgrader", "generate_feedback", LESSON, "--force")
    school.teacher("inb-grace", "nbgrader", "release_feedback", LESSON)
    return school


def table(name="inb-grace"):
    return {student: marks(row) for student, row in grades(home(name) / "course").items()}


@as_root
def test_from_release_to_feedback_by_nbgraders_own_commands(handed):
    assert f"deep-learning {LESSON}" in handed.listed and "free" not in handed.listed
    assert "2 submissions, 2 of them new" in handed.graded
    assert table() == {"inb-ada": FULL, "inb-bob": without("accuracy")}
    for name, score, words in (("inb-ada", "10.0", "Ada's own words"), ("inb-bob", "8.0", "Bob's own words")):
        page = handed.feedback(name)
        assert f"(Score: {score} / " in page and words in page
    assert "2 submissions, 0 of them new" in handed.grade()


@as_root
def test_another_teacher_releases_over_the_first(handed):
    """The assignment, and the feedback of what she has graded too."""
    done = handed.teacher("inb-hedy", "nbgrader", "release_assignment", LESSON, "--force")
    assert "Released as" in done.stderr
    for name in ("gradebook.db", "submitted", "autograded", "feedback", "grades"):
        source, target = (home(each) / "course" / "exercises" / name for each in ("inb-grace", "inb-hedy"))
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    given(home("inb-hedy") / "course", "inb-hedy")
    handed.teacher("inb-hedy", "nbgrader", "release_feedback", LESSON)
    assert {path.owner() for path in (handed.course / "feedback").iterdir()} == {"inb-hedy"}
    handed.teacher("inb-grace", "nbgrader", "release_feedback", LESSON)
    assert "(Score: 10.0 / " in handed.feedback("inb-ada")


@as_root
def test_nbgraders_own_collect_says_what_to_type(handed):
    done = handed.teacher("inb-grace", "nbgrader", "collect", LESSON, check=False)
    assert done.returncode and f"python -m exercises.grading {LESSON} exchange" in done.stderr


FORBIDDEN = {
    "a course": "mkdir {exchange}/other-course", "a course's list": "mkdir -p {exchange}/other/outbound/free", "the course renamed": "mv {course} {course}2",
    "an assignment": "mkdir {course}/outbound/free", "an assignment changed": "echo >> {course}/outbound/{lesson}/{file}",
    "an assignment removed": "rm -r {course}/outbound/{lesson}", "a folder of the course's": "mkdir {course}/new", "the exchange opened": "chmod 777 {exchange}",
    "who handed in": "ls {course}/inbound", "whose feedback there is": "ls {course}/feedback", "feedback of one's own": "touch {course}/feedback/x.html",
    "hers renamed": "mv {hers} {course}/inbound/mine", "hers removed": "rmdir {hers} || rm -r {hers}", "hers read": "cat {hers}/{file}",
    "hers added to": "touch {hers}/more.ipynb", "hers linked to": "ln {hers}/{file} {course}/inbound/x", "hers opened": "chmod 777 {hers}",
    "her file removed": "rm -f {hers}/{file} && ! test -e {hers}", "hers replaced": "mkdir {course}/inbound/mine && mv -T {course}/inbound/mine {hers}",
    "a link in its place": "ln -sfT /etc {hers}", "inbound closed": "chmod 700 {course}/inbound", "inbound renamed": "mv {course}/inbound {course}/old",
}


@as_root
@pytest.mark.parametrize("what", FORBIDDEN)
def test_students_can_neither_publish_nor_see_nor_touch_what_is_anothers(what, handed):
    before = sorted(map(str, handed.exchange.rglob("*")))
    done = bash("inb-mallory", FORBIDDEN[what].format(exchange=handed.exchange, course=handed.course, lesson=LESSON, file=FILE,
                                                      hers=shlex.quote(str(handed.inbound / handed.names[1]))), check=False)
    after = sorted(map(str, handed.exchange.rglob("*")))
    shutil.rmtree(handed.inbound / "mine", ignore_errors=True)
    assert done.returncode and re.search("Permission denied|not permitted|File exists|not empty|cannot", done.stderr), (done.stdout, done.stderr)
    assert [path for path in after if not path.endswith("/mine")] == before


@pytest.fixture(scope="module")
def robbed(handed):
    """What thieves and vandals lay into inbound, and a second run."""
    inbound, course = handed.inbound, home("inb-grace") / "course" / "exercises"
    collected = course / "submitted" / "inb-ada" / LESSON / FILE
    fake = f"{inbound}/inb-ada+{LESSON}+2099-01-01 00:00:00.000000 UTC+x"
    bash("inb-mallory", f"""set -e; cd {inbound}
        mine() {{ echo "inb-mallory+{LESSON}+$(date -u '+%F %T.%6N') UTC+$1"; }}
        for target in {course}/source/{LESSON}/{FILE} {collected}; do
            here=$(mine link$RANDOM); mkdir "$here"; ln -s $target "$here/{FILE}"
        done
        ln -s {course}/source/{LESSON} "$(mine folder)"
        mkdir "{fake}"; cp ~/{LESSON}/{FILE} "{fake}"
        other="inb-bob+{LESSON}+$(date -u '+%F %T.%6N') UTC"; mkdir "$other"; cp ~/{LESSON}/{FILE} "$other" """)
    bash("inb-trudy", f"""set -e; cd {inbound}
        mine() {{ echo "inb-trudy+{LESSON}+$(date -u '+%F %T.%6N') UTC+$1"; }}
        mkdir "inb-trudy+{LESSON}+yesterday" "inb-trudy+{LESSON}" "inb-trudy+{LESSON}+$(printf '\\377\\376')"; touch "$(mine file)"; mkfifo "$(mine fifo)"
        closed=$(mine closed); mkdir "$closed"; chmod 000 "$closed"
        here=$(mine pipe); mkdir "$here"; mkfifo "$here/{FILE}"
        here=$(mine large); mkdir "$here"; truncate -s 2G "$here/{FILE}"
        here=$(mine many); mkdir "$here"; (cd "$here"; seq 3000 | xargs touch)
        here=$(mine deep); mkdir -p "$here/$(seq -s / 60)"
        here=$(mine shut); mkdir "$here"; touch "$here/{FILE}"; chmod 000 "$here/{FILE}" """)
    bash("inb-bob", f"""set -e; cd {inbound}
        here="inb-bob+{LESSON}+$(date -u '+%F %T.%6N') UTC"; mkdir "$here"; chmod 000 "$here" """)
    handed.names.append(handed.submit("inb-ada", solved(smooth_labels=cell(release(), "smooth_labels").source, explain="Ada's own words")))
    started = time.monotonic()
    handed.second = handed.grade()
    handed.seconds = time.monotonic() - started
    return handed


@as_root
def test_thieves_earn_nothing_and_cost_nobody_anything(robbed):
    """Her next one counts, his newest whole one counts; each thing that does not is under the name of whose it is."""
    nothing = without(*FULL)
    assert table() == {"inb-ada": without("smooth_labels"), "inb-bob": without("accuracy"), "inb-mallory": nothing, "inb-trudy": nothing}
    assert "4 submissions, 3 of them new" in robbed.second
    said = {name: [line for line in robbed.second.splitlines() if line.startswith(f"  {name}: ")] for name in ACCOUNTS}
    assert said["inb-ada"] == []
    assert len(said["inb-bob"]) == 1 and "it can't be opened (Permission denied)" in said["inb-bob"][0]
    mallory = "\n".join(said["inb-mallory"])
    assert mallory.count("it is a link, and links are not followed") == 3
    assert "it says that it is inb-ada's, and it belongs to inb-mallory" in mallory and "2099-01-01" in mallory
    assert "it says that it is inb-bob's, and it belongs to inb-mallory" in mallory
    trudy = "\n".join(said["inb-trudy"])
    for reason in ("its name has no time", "it is a file, and nbgrader hands in folders", "it is no folder", "can't be opened (Permission denied)",
                   "it is no ordinary file", "it has 2147 MB", "more than 1,000 files", "more than 20 folders in one another"):
        assert reason in trudy, (reason, trudy)


@as_root
def test_feedback_reaches_everybody_and_shows_nobody_elses(robbed):
    robbed.teacher("inb-grace", "nbgrader", "generate_feedback", LESSON, "--force")
    robbed.teacher("inb-grace", "nbgrader", "release_feedback", LESSON)
    assert "(Score: 8.0 / " in robbed.feedback("inb-ada") and "(Score: 8.0 / " in robbed.feedback("inb-bob")
    for name in ("inb-mallory", "inb-trudy"):
        page = (home("inb-grace") / "course/exercises/feedback" / name / LESSON / FILE).with_suffix(".html").read_text(encoding="utf-8")
        assert "(Score: 0.0 / " in page
        assert "Ada's own words" not in page


@as_root
def test_what_was_graded_stays_when_it_is_taken_away_or_broken(robbed):
    """Ada removes all that she handed in, Bob makes links of his."""
    before = table()
    bash("inb-ada", f"cd {robbed.inbound} && rm -r " + " ".join(f"'{name}'" for name in robbed.names if name.startswith("inb-ada")))
    bash("inb-bob", f"cd '{robbed.inbound / robbed.names[2]}' && mv {FILE} ~/kept.ipynb && ln -s ~/kept.ipynb {FILE}")
    said = robbed.grade()
    assert table() == before and " 0 of them new" in said
    assert "what was graded before stays" in "".join(line for line in said.splitlines() if line.startswith("  inb-bob: "))
    assert (home("inb-grace") / "course/exercises/submitted/inb-bob" / LESSON / FILE).exists()
