"""Marks into the gradebooks of learning systems: small files of each system's form, filled in, and wrong ones refused.

The forms are those of Canvas's and Moodle's source and of the others' documentation; no system itself was at hand.
"""
import codecs
import csv
import unicodedata
import io
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")
from filelock import FileLock  # noqa: E402
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from classroom import LESSON  # noqa: E402
from exercises.grading import gradebooks, late, marks  # noqa: E402
from exercises.grading.gradebooks import Gradebook, NotUnderstood, plain  # noqa: E402

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Tensors exercises (501),Softmax from scratch (502),Exercises Current Score,Final Score
,,,,,,Manual Posting,,
    Points Possible,,,,,12.00,12.00,(read only),(read only)
"Lovelace, Ada",4711,s-01,ada,"Section 1, morning",11.00,,91.7,91.7
"Turing, Alan",4712,s-02,alan,"Section 1, morning",,3.50,0.0,0.0
"O'Brien, José",4713,s-03,jose,Section 2,9.00,EX,75.0,75.0
"Hopper, Grace",4714,s-04,grace,Section 2,N/A,N/A,,
"Student, Test",4799,,5f3a,Section 2,,,,
"""
MOODLE = """Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 4711","Ada Lovelace",ada@uni.edu,"Submitted for grading",,12.00,Yes,"Monday, 2 November 2026, 10:30 AM",-,
"Participant 4712","Alan Turing",alan@uni.edu,"Submitted for grading",3.50,12.00,Yes,"Monday, 2 November 2026, 11:00 AM","Tuesday, 3 November 2026, 9:00 AM","Say more.
And why?"
"Participant 4713","José O'Brien",jose@uni.edu,"Submitted for grading",,12.00,No,"Monday, 2 November 2026, 11:05 AM",-,
"Participant 4714","Grace Hopper",grace@uni.edu,"No submission",,12.00,Yes,-,-,
"""
BLIND = """Identifier,Status,Grade,"Maximum grade","Grade can be changed","Last modified (submission)","Last modified (grade)"
"Participant 4711","Submitted for grading",,12.00,Yes,"Monday, 2 November 2026, 10:30 AM",-
"Participant 4712","Submitted for grading",,12.00,Yes,"Monday, 2 November 2026, 10:30 AM",-
"""
GERMAN = """ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)"
"Teilnehmer/in4711","Ada Lovelace",ada@uni.edu,"Zur Bewertung abgegeben",,"12,00",Ja,"Montag, 2. November 2026, 10:30"
"Teilnehmer/in4712","Alan Turing",alan@uni.edu,"Zur Bewertung abgegeben","3,50","12,00",Ja,"Montag, 2. November 2026, 11:00"
"""
BLACKBOARD = ('"Last Name","First Name","Username","Student ID","Last Access","Availability","Tensors [Total Pts: 12 Score] |534283",'
              '"Softmax from scratch [Total Pts: 12 Score] |534284"\n'
              '"Lovelace","Ada","alovelace","0012","2026-11-02 10:00:00","Yes","11.00",""\n'
              '"Turing","Alan","aturing","0013","2026-11-02 10:00:00","Yes","","3.50"\n'
              '"Hopper","Grace","ghopper","0014","","Yes","",""\n')
BRIGHTSPACE = ("OrgDefinedId,Username,Last Name,First Name,Email,Tensors Points Grade <Numeric MaxPoints:12 Weight:10 Category:Exercises>,"
               "Softmax from scratch Points Grade <Numeric MaxPoints:12 Weight:10 Category:Exercises>,End-of-Line Indicator\n"
               "#0012,#alovelace,Lovelace,Ada,ada@uni.edu,11,,#\n#0013,#aturing,Turing,Alan,alan@uni.edu,,3.5,#\n#0014,#ghopper,Hopper,Grace,grace@uni.edu,,,#\n")


def entry(name, number="", system="", **more):
    return {"name": name, "identity": more.pop("identity", f"{name}_{number}" if number else name), "number": number, "system": system, "lost": "", "failed": "", **more}


def people(system, *entries):
    """A lesson's record of these, with marks 10.5, 7, 6, 5 ... of 12."""
    state = {"students": {f"s{i}": each for i, each in enumerate(entries)}}
    return state, {f"s{i}": (10.5 if i == 0 else 8.0 - i, 12.0, 0) for i in range(len(entries))}


def of_canvas():
    return people("canvas", entry("lovelaceada", "4711", "canvas"), entry("turingalan", "4712", "canvas"), entry("obrienjose", "4713", "canvas"))


def of_moodle():
    return people("moodle", entry("Ada Lovelace", "4711", "moodle"), entry("Alan Turing", "4712", "moodle"), entry("José O'Brien", "4713", "moodle"))


def of_blackboard():
    return people("blackboard", entry("alovelace", system="blackboard", identity="Exercise 4_alovelace"),
                  entry("aturing", system="blackboard", identity="Exercise 4_aturing"))


def of_brightspace():
    return people("brightspace", entry("Ada Lovelace", "283741", "brightspace"), entry("Alan Turing", "283742", "brightspace"))


def written(tmp_path, text, encoding="utf-8", name="export.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


FORMS = {
    "Canvas": (CANVAS, "utf-8", of_canvas, "canvas", 6), "Canvas, Windows's line ends": (CANVAS.replace("\n", "\r\n"), "utf-8", of_canvas, "canvas", 6),
    "Canvas, an old Mac's line ends": (CANVAS.replace("\n", "\r"), "utf-8", of_canvas, "canvas", 6),
    "Canvas, byte order mark": (CANVAS, "utf-8-sig", of_canvas, "canvas", 6),
    "Canvas, last name apart": (CANVAS.replace("Student,ID", "LastName,FirstName,ID").replace(",,,,,,Manual", ",,,,,,,Manual").replace("Possible,", "Possible,,")
                                .replace('"Lovelace, Ada"', "Lovelace,Ada").replace('"Turing, Alan"', "Turing,Alan").replace('"O\'Brien, José"', "O'Brien,José")
                                .replace('"Hopper, Grace"', "Hopper,Grace").replace('"Student, Test"', "Student,Test"), "utf-8", of_canvas, "canvas", 7),
    "Moodle": (MOODLE, "utf-8-sig", of_moodle, "moodle", 4), "Moodle, no end of line": (MOODLE.rstrip("\n"), "utf-8", of_moodle, "moodle", 4),
    "Moodle, Windows's line ends": (MOODLE.replace("\n", "\r\n"), "utf-8", of_moodle, "moodle", 4),
    "Moodle, a quotation within a field": (MOODLE.replace("Say more.", 'Say ""more"".'), "utf-8", of_moodle, "moodle", 4),
    "Moodle, blind": (BLIND, "utf-8", lambda: people("moodle", entry("Participant (4711)", "4711", "moodle", identity="Participant_4711"),
                                                     entry("Participant (4712)", "4712", "moodle", identity="Participant_4712")), "moodle", 2),
    "Blackboard": (BLACKBOARD, "utf-8-sig", of_blackboard, "blackboard", 7),
    "Blackboard, tabs": (BLACKBOARD.replace('","', '"\t"'), "utf-16", of_blackboard, "blackboard", 7),
    "Blackboard, tabs, and commas in a title": (BLACKBOARD.replace("Tensors", "a, b, c, d, e, f, g, h, i, j").replace('","', '"\t"'), "utf-16", of_blackboard, "blackboard", 7),
    "Brightspace": (BRIGHTSPACE, "utf-8-sig", of_brightspace, "brightspace", 6),
}


@pytest.mark.parametrize("text, encoding, class_, kind, column", FORMS.values(), ids=FORMS)
def test_the_column_is_filled_and_nothing_else_is_touched(text, encoding, class_, kind, column, tmp_path):
    path = written(tmp_path, text, encoding)
    gradebook = Gradebook(path)
    assert gradebook.kind == kind and gradebook.bytes() == path.read_bytes(), "read and written, it is the same file"
    assert marks.choose(gradebook, LESSON, "") == column
    state, totals = class_()
    filled, told = marks.fill(gradebook, column, state, totals)
    assert filled == ["s0", "s1"]
    assert told.get("Had another mark there", []) == [state["students"]["s1"]["name"]] * ("3.5" in text)
    before, after = text, gradebook.bytes().decode(encoding)
    separator = gradebook.separator
    old, new = (list(csv.reader(io.StringIO(each, newline=""), delimiter=separator)) for each in (before, after))
    values = {row[column] for row, other in zip(new, old, strict=True) if row != other}
    assert values == {"10.5", "7"}
    for row, other in zip(new, old, strict=True):
        assert row[:column] + row[column + 1:] == other[:column] + other[column + 1:]
    # Letter for letter, but for the two marks: no quote came or went.
    assert len(after) - len(before) == len("10.5") + len("7") - sum(len(row[column]) for row in old if row[column] in ("3.50", "3.5"))
    assert gradebook.bytes().startswith(gradebook.mark) and (codecs.BOM_UTF16_LE == gradebook.mark) == (encoding == "utf-16")
    again = Gradebook(written(tmp_path, gradebook.bytes(), name="again.csv"))
    assert marks.fill(again, column, state, totals)[1].get("Had another mark there") is None, "the same marks once more change nothing"
    assert again.bytes() == gradebook.bytes()


def test_quotes_are_kept_as_the_file_has_them(tmp_path):
    gradebook = Gradebook(written(tmp_path, BLACKBOARD))
    marks.fill(gradebook, 7, *of_blackboard())
    assert gradebook.bytes().decode() == BLACKBOARD.replace('"11.00",""', '"11.00","10.5"', 1).replace('"3.50"', '"7"')


def test_decimal_commas_stay_commas(tmp_path):
    semicolons = CANVAS.replace('"Section 1, morning"', "Section 1")
    semicolons = "\n".join(line if not line else ";".join(cell.replace(".", ",") if cell[:1].isdigit() else cell for cell in next(csv.reader([line])))
                           for line in semicolons.split("\n"))
    gradebook = Gradebook(written(tmp_path, semicolons, "utf-8-sig"))
    marks.fill(gradebook, 6, *of_canvas())
    assert "Section 1;11,00;10,5;91,7" in gradebook.bytes().decode("utf-8-sig")
    gradebook = Gradebook(written(tmp_path, GERMAN, "utf-8-sig", "german.csv"))
    assert gradebook.kind == "moodle" and marks.choose(gradebook, LESSON, "") == 4
    filled, _ = marks.fill(gradebook, 4, *people("moodle", entry("Ada Lovelace", "4711", "moodle"), entry("Alan Turing", "4712", "moodle")))
    assert filled == ["s0", "s1"] and '"Zur Bewertung abgegeben","10,5","12,00"' in gradebook.bytes().decode("utf-8-sig")


@pytest.mark.parametrize("there, becomes", [("8,5", "10,5"), ("11,00", "10,5"), ("11", "10.5"), ("8.5", "10.5"), ("1,000", "10.5"), ("x,5", "10.5")])
def test_a_mark_has_a_comma_where_another_has_one_before_a_digit_or_two(there, becomes, tmp_path):
    gradebook = Gradebook(written(tmp_path, "\n".join(";".join(next(csv.reader([line]))) for line in CANVAS.replace("11.00", there.replace(",", "COMMA")).split("\n")).replace("COMMA", ",")))
    marks.fill(gradebook, 6, *of_canvas())
    assert any(becomes in line.split(";") for line in gradebook.bytes().decode().splitlines())


EMPTY = "\n,,,,,,,\n".join(GERMAN.split("\n", 2)[:2]) + "\n" + GERMAN.split("\n", 2)[2]  # a row without anything in it


@pytest.mark.parametrize("text, kind, people", [
    (CANVAS + "\n\n", "canvas", 5), (CANVAS.replace('Test",4799', 'Test",'), "canvas", 5), (EMPTY, "moodle", 2), (MOODLE.replace("Participant 4712", "Teilnehmer 4712"), "moodle", 4),
    (BRIGHTSPACE.replace(",End-of-Line Indicator", "").replace(",#\n", "\n"), "brightspace", 3), (BRIGHTSPACE.replace("OrgDefinedId,", "").replace("#0012,", "").replace("#0013,", "").replace("#0014,", ""), "brightspace", 3)])
def test_what_a_system_is_known_by(text, kind, people, tmp_path):
    gradebook = Gradebook(written(tmp_path, text))
    assert (gradebook.kind, len(gradebook.students())) == (kind, people) and gradebook.bytes() == text.encode()


def test_a_file_that_is_far_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(gradebooks, "LARGEST", len(MOODLE.encode()))
    assert Gradebook(written(tmp_path, MOODLE)).kind == "moodle", "not too large yet"
    with pytest.raises(NotUnderstood, match="has 0 MB: no gradebook"):
        Gradebook(written(tmp_path, MOODLE + "\n"))
    with pytest.raises(NotUnderstood, match="has 2 MB: no gradebook"):
        Gradebook(written(tmp_path, b"," * 2_000_000))


def test_the_header_alone_tells_what_separates_the_fields(tmp_path):
    text = "Student;ID;Softmax from scratch (502)\n    Points Possible;;12,00\nLovelace, Ada, Augusta, Countess, King;4711;11,00\n"
    gradebook = Gradebook(written(tmp_path, text))
    assert gradebook.separator == ";" and gradebook.students()[0].names == ["Lovelace, Ada, Augusta, Countess, King"]


def first(tmp_path, text):
    return Gradebook(written(tmp_path, text)).students()[0]


def test_a_row_has_the_accounts_and_the_name_that_stand_in_it(tmp_path):
    assert first(tmp_path, MOODLE).accounts == {"ada@uni.edu", "ada"} and first(tmp_path, MOODLE).names == ["Ada Lovelace"]
    assert first(tmp_path, BLIND).names == [] and first(tmp_path, BLIND).shown == "4711", "marked blind"
    assert first(tmp_path, GERMAN.replace(',"Vollständiger Name"', "").replace(',"Ada Lovelace"', "").replace(',"Alan Turing"', "")).names == [], "addresses are no names"
    assert first(tmp_path, MOODLE.replace("Alan Turing", "Ada Lovelace").replace("José O'Brien", "Ada Lovelace")).names == ["Ada Lovelace"], "many have it"
    assert first(tmp_path, MOODLE.replace("Ada Lovelace", "...")).shown == "4711"
    text, *_ = FORMS["Canvas, last name apart"]
    assert first(tmp_path, text).names == ["Lovelace, Ada"]
    more = MOODLE.replace('"Email address"', '"Email address","ID number",Username').replace("@uni.edu", "@uni.edu,00-12,al7")
    assert first(tmp_path, more).accounts == {"ada@uni.edu", "ada", "00-12", "al7"}
    assert first(tmp_path, BRIGHTSPACE).accounts == {"0012", "alovelace", "ada@uni.edu", "ada"}
    assert first(tmp_path, BRIGHTSPACE).number == first(tmp_path, BLACKBOARD).number == "", "these systems write none into submissions' names"


@pytest.mark.parametrize("text, columns", [
    (CANVAS, [5, 6]), (CANVAS.replace("Exercises Current Score", "Exercises Current Score (601)").replace("12.00,12.00,(read only)", "12.00,12.00,12.00"), [5, 6]),
    (CANVAS.replace("Exercises Current Score", "Sum (601)"), [5, 6]), (MOODLE, [4]), (GERMAN.replace("Bewertung,", "Hodnocení,"), [1, 2, 3, 4, 5, 6, 7]), (BLACKBOARD, [6, 7]),
    (BLACKBOARD.replace('"Availability"', '""'), [6, 7]), (BRIGHTSPACE, [5, 6]), (BRIGHTSPACE.replace("Tensors Points Grade", "Tensors Letter Grade"), [6])])
def test_only_columns_of_marks_take_marks(text, columns, tmp_path):
    assert list(Gradebook(written(tmp_path, text)).columns()) == columns


@pytest.mark.parametrize("word", ["Grade", "Bewertung", "Note", "Calificación", "Valutazione", "Nota", "Cijfer", "Karakter", "Ocena", "評定"])
def test_moodles_column_of_marks_is_known_in_its_commonest_languages(word, tmp_path):
    assert Gradebook(written(tmp_path, MOODLE.replace(",Grade,", f",{word},"))).columns() == {4: word}


@pytest.mark.parametrize("text, column, title", [
    (CANVAS, 6, "Softmax from scratch"), (BLACKBOARD, 7, "Softmax from scratch"), (BRIGHTSPACE, 6, "Softmax from scratch"),
    (MOODLE.replace(",Grade,", ",Grade (2),"), 4, "Grade (2)")])
def test_a_title_loses_what_its_system_adds_and_moodle_adds_nothing(text, column, title, tmp_path):
    assert Gradebook(written(tmp_path, text)).title(column) == title


def test_a_column_has_the_number_that_its_system_gave_it_or_is_asked_for(tmp_path):
    assert marks.choose(Gradebook(written(tmp_path, BLACKBOARD)), LESSON, "534284") == 7
    with pytest.raises(NotUnderstood, match="can't be told"):
        marks.choose(Gradebook(written(tmp_path, GERMAN.replace("Bewertung,", "Hodnocení,"))), LESSON, "")


def test_what_stands_in_a_cell_closes_it_by_its_systems_rules(tmp_path):
    filled, told = marks.fill(Gradebook(written(tmp_path, MOODLE.replace("3.50", "EX"))), 4, *of_moodle())
    assert filled == ["s0"] and "Alan Turing: 'EX' stands there, which is no number of points" in told["Not filled in"]
    short = 'Identifier,"Full name",Grade,"Maximum grade"\n"Participant 4711","Ada Lovelace",-,12.00\n"Participant 4712","Alan Turing",3.50,12.00\n'
    filled, told = marks.fill(Gradebook(written(tmp_path, short)), 2, *people("", *of_moodle()[0]["students"].values()))
    assert filled == ["s0", "s1"] and told["Had another mark there"] == ["Alan Turing"], "- is no mark"
    locked = short.replace("\n", ",No\n").replace('grade",No', 'grade","Grade can be changed"').replace("-,12.00,No", "-,12.00,Yes")  # as the last column
    filled, told = marks.fill(Gradebook(written(tmp_path, locked)), 2, *people("", *of_moodle()[0]["students"].values()))
    assert filled == ["s0"] and "Alan Turing: locked there (Grade can be changed: No)" in told["Not filled in"]


def test_a_mark_that_is_the_same_in_two_decimals_stays_as_it_was_written(tmp_path):
    text = CANVAS.replace("3.50", "2.330")
    gradebook = Gradebook(written(tmp_path, text))
    assert gradebook.fill(6, 4, 7 / 3) is False and gradebook.bytes() == text.encode()
    assert gradebook.fill(6, 4, 8 / 3) is True and gradebook.cells[4][6] == "2.67", "and what is filled in stands in the table too"


@pytest.mark.parametrize("there", ['"11.00",', '11.00,""'], ids=["among quoted ones", "itself quoted"])
def test_an_empty_field_is_filled_in_quotes(there, tmp_path):
    gradebook = Gradebook(written(tmp_path, BLACKBOARD.replace('"11.00",""', there)))
    marks.fill(gradebook, 7, *of_blackboard())
    assert f'{there.partition(",")[0]},"10.5"\n' in gradebook.bytes().decode()


def test_who_is_not_filled_in_is_told_why(tmp_path):
    state, totals = of_moodle()
    state["students"] |= {"s8": entry("Charles Babbage", "4720", "moodle"), "s9": entry("Grace Hopper", "4714", "moodle")}  # s9 in no totals
    totals["s8"] = (5.0, 12.0, 0)
    state["students"]["s0"] |= {"lost": "it is no JSON"}
    state["students"]["s1"]["number"] = "4711"
    filled, told = marks.fill(Gradebook(written(tmp_path, MOODLE)), 4, state, totals)
    assert filled == ["s0"] and "Alan Turing: the number is that of Ada Lovelace there" in told["Not filled in"]
    assert "Charles Babbage: in no row" in told["Not filled in"] and not any("Grace Hopper" in line for line in told["Not filled in"])
    assert told["0 points, as nothing could be graded"] == ["Ada Lovelace"]
    state, totals = people("", entry("alan"), entry("Alan Turing"), entry("ada"))
    filled, told = marks.fill(Gradebook(written(tmp_path, CANVAS)), 6, state, totals)
    assert filled == ["s2"] and told["Not filled in"][0] == "alan: the row of Turing, Alan is also Alan Turing's" and "0 points, as nothing could be graded" not in told


def test_whom_an_extension_may_name():
    assert late.names({"students": {"ada": {"name": "Ada L.", "identity": "x_7", "number": ""}, "bob": {}}}) == {"ada": {"ada", "Ada L.", "x_7"}, "bob": {"bob"}}


# ---------------------------------------------------------------- who is who

@pytest.mark.parametrize("one, text, expected", [
    (entry("ada"), CANVAS, ""), (entry("ALAN"), CANVAS, ""), (entry("s-02"), CANVAS, ""), (entry("Ada Lovelace"), CANVAS, ""), (entry("lovelace ada"), CANVAS, ""),
    (entry("Ada Lovelace", "4711", "moodle"), CANVAS, ""), (entry("Ada Lovelace"), MOODLE, ""), (entry("ada"), MOODLE, ""), (entry("ada@uni.edu"), MOODLE, ""),
    (entry("lovelaceada", "9", "canvas"), CANVAS, "in no row"),  # another number is another person
    (entry("Ada Lovelace", "283741", "brightspace"), BRIGHTSPACE, ""), (entry("0012"), BRIGHTSPACE, ""), (entry("Jose OBrien"), MOODLE, "in no row"),
    (entry("Charles Babbage", "9", "moodle"), MOODLE, "in no row"), (entry("Charles Babbage", "4711", "moodle"), MOODLE, "the number is that of Ada Lovelace there"),
    (entry("babbagecharles", "4711", "canvas"), CANVAS, "the number is that of Lovelace, Ada there"), (entry("Ada Byron", "4711", "moodle"), MOODLE, "the number is that of Ada Lovelace there"),
    (entry("Ada Lovelace", "5000", "moodle"), MOODLE, "in no row"), (entry("Participant", "4711", "moodle"), BLIND, ""), (entry("lovelaceadaking", "4711", "canvas"), CANVAS, ""),
    (entry("lovelaceada", "4711", "canvas"), CANVAS.replace("Lovelace, Ada", "Lovelace, Ada Augusta King"), ""),
    (entry("Ada Lovelace", "4712", "moodle"), GERMAN, "the number is that of Alan Turing there"), (entry("Ada Lovelace", "4711", "moodle"), GERMAN, ""),
    (entry("Ada", "4711", "brightspace"), CANVAS, "in no row"), (entry("Ada"), MOODLE, ""), (entry("Lovelace"), MOODLE, "in no row"), (entry("4711"), MOODLE, "in no row"), (entry("submission_9001", "9001", "gradescope"), CANVAS, "in no row"),
    (entry("lovelace", system="blackboard", identity="Ex_lovelace"), BLACKBOARD, "in no row"), (entry("किरण"), MOODLE, "in no row"),
    (entry("zoe", "9", "canvas"), MOODLE, "in no row"), (entry("adalovelace", "99", "canvas"), BRIGHTSPACE, ""), (entry("adabyron", "99", "canvas"), BRIGHTSPACE, "in no row"),
    (entry("AdaLovelace", "4711", "moodle"), MOODLE, ""), (entry("Lovelace Ada", "4711", "moodle"), MOODLE, ""),
    (entry("Ada Lovelace"), GERMAN.replace('"Vollständiger Name",E-Mail-Adresse', 'E-Mail-Adresse,"Vollständiger Name"').replace('"Ada Lovelace",ada@uni.edu', 'ada@uni.edu,"Ada Lovelace"')
     .replace('"Alan Turing",alan@uni.edu', 'alan@uni.edu,"Alan Turing"'), ""),
    # Canvas: a name in another script, or a row without one, may be the person's; one without a word in common is another's.
    (entry("José O'Brien"), unicodedata.normalize("NFD", MOODLE), ""), (entry(unicodedata.normalize("NFD", "José O'Brien")), MOODLE, ""),
    (entry("O'Brien, JOSÉ"), unicodedata.normalize("NFD", MOODLE), ""), (entry("Jose O'Brien"), MOODLE, "in no row"),
    (entry("किरणदेवी", "4711", "canvas"), CANVAS, ""), (entry("kirandevi", "4711", "canvas"), CANVAS.replace("Lovelace, Ada", "किरण देवी"), ""),
    (entry("kirandevi", "4711", "canvas"), CANVAS.replace("Lovelace, Ada", "..."), ""), (entry("kirandevi", "4711", "canvas"), CANVAS.replace("Lovelace, Ada", "K, D"), "the number is that of K, D there"),
    # A name may have a "_", and be short; Gradescope writes none, and neither words nor empty fields of a row are that.
    (entry("Ada_Augusta King", "4711", "moodle"), MOODLE.replace("Ada Lovelace", "Ada_Augusta King"), ""),
    (entry("libo", "4711", "canvas"), CANVAS.replace("Lovelace, Ada", "Li, Bo"), ""),
    (entry("submission_9001", "9001", "gradescope", identity="submission_9001"), MOODLE.replace("Say more.\nAnd why?", "Submission?"), "in no row"),
])
def test_a_student_is_found_by_number_by_account_or_by_name_and_never_guessed(one, text, expected, tmp_path):
    gradebook = Gradebook(written(tmp_path, text))
    mine, why = marks.find(one, gradebook.students(), gradebook.kind)
    if expected == "in no row":
        assert not mine
    else:
        assert len(mine) == 1 and why == expected


TWO = CANVAS.replace('"Turing, Alan",4712,s-02,alan', '"Lovelace, Ada",4712,s-02,ada2')


def test_who_could_be_two_or_is_one_of_two_is_listed(tmp_path):
    gradebook = Gradebook(written(tmp_path, TWO))
    _, told = marks.fill(gradebook, 6, *people("", entry("Ada Lovelace"), entry("grace"), entry("jose"), entry("test student")))
    assert sorted(told["Not filled in"]) == ["Ada Lovelace: could be Lovelace, Ada (row 4), Lovelace, Ada (row 5)", "grace: not given this assignment there",
                                             "jose: excused there"]
    assert "In the gradebook, with nothing handed in (left as they are)" not in told, "of neither row can that be said"
    gradebook = Gradebook(written(tmp_path, CANVAS))
    filled, told = marks.fill(gradebook, 6, *people("", entry("ada"), entry("Ada Lovelace"), entry("alan")))
    assert filled == ["s2"] and told["Not filled in"] == ["ada: the row of Lovelace, Ada is also Ada Lovelace's", "Ada Lovelace: the row of Lovelace, Ada is also ada's"]
    assert told["In the gradebook, with nothing handed in (left as they are)"] == ["O'Brien, José", "Hopper, Grace", "Student, Test"]


@pytest.mark.parametrize("name, identity, accounts, found", [
    ("x_alovelace", "Ex_x_alovelace", ("x_alovelace", "alovelace"), "x_alovelace"), ("alovelace", "Ex_x_alovelace", ("x_alovelace", "alovelace"), "alovelace"),
    ("jane_doe", "ex4_jane_doe", ("doe", "ghopper"), ""), ("jane_doe", "ex4_jane_doe", ("doe", "jane_doe"), "jane_doe"),
    ("ada", "s_ada", ("s_ada", "ada"), "s_ada"),
    ("ada", "Ex_s_ada", ("s_ada", "s_bob"), "s_ada")])  # what all names begin with was taken for the assignment's
def test_a_blackboard_account_within_another_is_not_taken_for_it(name, identity, accounts, found, tmp_path):
    text = BLACKBOARD.replace('"alovelace"', f'"{accounts[0]}"').replace('"aturing"', f'"{accounts[1]}"')
    rows = Gradebook(written(tmp_path, text)).students()
    mine, _ = marks.find(entry(name, system="blackboard", identity=identity), rows, "blackboard")
    assert [sorted(row.accounts & set(accounts)) for row in mine] == ([[found]] if found else [])


def test_an_account_of_one_and_the_name_of_another_is_listed(tmp_path):
    text = CANVAS.replace('"Turing, Alan",4712,s-02,alan', '"eve",4712,s-02,x').replace("s-01,ada", "s-01,eve")
    _, told = marks.fill(Gradebook(written(tmp_path, text)), 6, *people("", entry("eve"), entry("grace")))
    assert "eve: could be Lovelace, Ada (row 4), eve (row 5)" in told["Not filled in"]


SHIFTED = {  # another assignment's worksheet: the same people under each other's numbers
    "English": MOODLE.replace("4711", "x").replace("4712", "4711").replace("4713", "4712").replace("x", "4713"),
    "German": GERMAN.replace("4711", "x").replace("4712", "4711").replace("x", "4712"),
    "all others": MOODLE.replace("471", "571"),
}


@pytest.mark.parametrize("text", SHIFTED.values(), ids=SHIFTED)
def test_another_assignments_worksheet_marks_nobody(text, tmp_path):
    gradebook = Gradebook(written(tmp_path, text))
    with pytest.raises(NotUnderstood, match="None of the 2 students"):
        marks.fill(gradebook, marks.choose(gradebook, LESSON, ""), *people("moodle", entry("Ada Lovelace", "4711", "moodle"), entry("Alan Turing", "4712", "moodle")))
    assert gradebook.bytes() == text.encode()


@pytest.mark.parametrize("word, maximum, why", [("Nein", "12,00", "locked there (Bewertung kann geändert werden: Nein)"), ("Kto wie", "12,00", "locked there"), ("Ja", "100,00", "is out of 100 points"),
                                                ("Ja", "-", "takes no points"), ("Ja", "Skala: Gut, Schlecht", "takes no points")])
def test_locks_and_maxima_are_read_in_any_language(word, maximum, why, tmp_path):
    gradebook = Gradebook(written(tmp_path, GERMAN.replace('"12,00",Ja', f'"{maximum}",{word}', 1)))
    class_ = people("moodle", entry("Ada Lovelace", "4711", "moodle"), entry("Alan Turing", "4712", "moodle"))
    if word == "Ja":
        with pytest.raises(NotUnderstood, match=why):
            marks.fill(gradebook, 4, *class_)
    else:
        filled, told = marks.fill(gradebook, 4, *class_)
        assert filled == ["s1"] and why in told["Not filled in"][0]


def test_a_students_comma_does_not_change_the_decimal_points(tmp_path):
    gradebook = Gradebook(written(tmp_path, MOODLE.replace('9:00 AM"', '9:00 AM"', 1).replace('"Say more.\nAnd why?"', '"3,5"').replace("ada@uni.edu", '"3,5"')))
    marks.fill(gradebook, 4, *of_moodle())
    assert "10.5" in gradebook.bytes().decode() and "10,5" not in gradebook.bytes().decode()


ONE = "\n".join(GERMAN.split("\n")[:2]) + "\n"  # a comma in the most points alone, of the first row


@pytest.mark.parametrize("text, column, of, mark", [
    (ONE, 4, "moodle", "10,5"), (ONE.replace("12,00", "12.00"), 4, "moodle", "10.5"), (ONE.replace("Bewertung,", "評点,", 1), 4, "moodle", "10,5"),  # a language that nobody knows here
    (ONE.replace("Bewertung,", "評点,", 1).replace("12,00", "12.00"), 4, "moodle", "10.5"),
    (CANVAS.replace("91.7,91.7", '"91,7","91,7"'), 6, "canvas", "10.5")])
def test_points_have_a_comma_where_the_most_points_have_one_and_not_where_another_column_has(text, column, of, mark, tmp_path):
    gradebook = Gradebook(written(tmp_path, text))
    who = people("moodle", entry("Ada Lovelace", "4711", "moodle")) if of == "moodle" else of_canvas()
    filled, _ = marks.fill(gradebook, column, *who)
    assert "s0" in filled and mark in [cell for row in csv.reader(gradebook.bytes().decode().splitlines()) for cell in row]


def test_who_fills_in_while_a_run_is_grading_is_told_so_at_once(tmp_path, monkeypatch):
    def lock(path, timeout=-1):
        assert timeout == 0, "it would wait for the run, perhaps for hours"
        return FileLock(path, timeout=timeout)

    monkeypatch.setattr(marks, "FileLock", lock)
    monkeypatch.setattr(marks.keep, "graded", lambda lesson: tmp_path / f"{lesson}.json")
    monkeypatch.setattr(sys, "argv", ["marks", LESSON, str(written(tmp_path, CANVAS))])
    with FileLock(tmp_path / ".lock"), pytest.raises(SystemExit, match="^A run is grading in this folder. Wait until it has ended"):
        marks.main()


def test_what_another_handed_in_under_ones_number_is_none_of_ones_own(tmp_path):
    of_another, _ = people("moodle", entry("Alan Turing", "4711", "moodle"), entry("Grace Hopper", "4714", "moodle"))
    _, told = marks.fill(Gradebook(written(tmp_path, MOODLE)), 4, of_another, {"s1": (8.0, 12.0, 0)})
    assert "Ada Lovelace" in told["In the gradebook, with nothing handed in (left as they are)"], "a stranger's hand-in with her number is none of hers"


@pytest.fixture
def graded(monkeypatch, tmp_path):
    """A function that has `marks.run` find a record, points of two tasks and what lateness costs; it returns the folder of the record."""
    def make(state, points, delays=None, unknown=()):
        for student in state.get("students", ()):
            points.setdefault(student, {"task": 8, "words": 4}) if student != "unmarked" else None
        (tmp_path / "grades").mkdir()
        where = f"sqlite:///{marks.keep.GRADEBOOK}"
        monkeypatch.setattr(marks.keep, "graded", lambda lesson: tmp_path / "grades" / f"{lesson}.json")
        monkeypatch.setattr(marks.keep, "state", lambda record: state if record.name == f"{LESSON}.json" else {})
        monkeypatch.setattr(marks.late, "apply", lambda lesson, database, names: (
            {student: (delays or {}).get(student, late.Lateness()) for student in points} if names == late.names(state) else {}, {(LESSON, where): list(unknown)}[lesson, database]))
        monkeypatch.setattr(marks, "scores", lambda lesson, database: {(LESSON, where): (["task", "words"], {"task": 8, "words": 4}, points, {})}[lesson, database])
        return tmp_path / "grades"

    return make


def test_what_was_filled_in_is_told_and_the_copy_lies_beside_the_grades(graded, tmp_path, capsys):
    state, _ = of_canvas()
    state["students"] |= {"s3": entry("hoppergrace", "4714", "canvas", failed="no notebook among: a.txt"), "unmarked": entry("lost", "4799", "gradescope")}
    folder = graded(state, {"s0": {"task": 8, "words": 3.5}, "s1": {"task": 8, "words": None}, "of no record": {"task": 8, "words": 4}},
                    {"s0": late.Lateness(7200, 1.0, "late")}, ["alna"])
    path = written(tmp_path, CANVAS.replace(",EX,", ",,"))
    before = path.read_bytes()
    target = marks.run(LESSON, path)
    assert target == folder / f"{LESSON}-for-canvas.csv" and path.read_bytes() == before
    assert [row[6] for row in csv.reader(target.read_text(encoding="utf-8").splitlines())][3:] == ["10.5", "3.50", "12", "N/A", ""]
    assert capsys.readouterr().out == f"""Extensions in course.toml for nobody here, or for two: alna
Canvas, column 'Softmax from scratch (502)': 2 of 5 students now have this class's mark there.

Not filled in:
  turingalan: 1 task still to be marked by hand (make formgrader)
  hoppergrace: no notebook among: a.txt
  lost: not in the gradebook

In the gradebook, with nothing handed in (left as they are):
  Student, Test

Written: {target}. Import it as it is: in Canvas, {gradebooks.SYSTEMS["canvas"].load}. {path} was left as it was.
"""


@pytest.mark.parametrize("options, cell", [((), "3.50"), (("--partial",), "8"), (("--scale",), "3.50"), (("--partial", "--scale"), "66.67"), (("--partial", "--column", "501"), "8")])
def test_what_is_asked_for_in_the_command_is_done(options, cell, graded, tmp_path, monkeypatch):
    state, _ = of_canvas()
    folder = graded(state, {"s1": {"task": 8, "words": None}})
    column = 5 if "--column" in options else 6
    path = written(tmp_path, CANVAS.replace("12.00,12.00", f"12.00,{100 if '--scale' in options else 12}.00").replace(",EX,", ",,"))
    monkeypatch.setattr(sys, "argv", ["marks", LESSON, str(path), *options])
    marks.main()
    assert [row[column] for row in csv.reader((folder / f"{LESSON}-for-canvas.csv").read_text(encoding="utf-8").splitlines())][4] == cell


def test_of_a_large_class_all_are_named_who_have_no_mark_and_twenty_who_handed_nothing_in(graded, tmp_path, capsys):
    rows = "".join(f'"Of nobody, {i:02}",{5000 + i},s-{i},of{i},Section 2,,,,\n' for i in range(22))
    state, _ = of_canvas()
    state["students"] |= {f"f{i}": entry(f"failed {i:02}", str(6000 + i), "canvas", failed="not readable") for i in range(23)}
    graded(state, {})
    marks.run(LESSON, written(tmp_path, CANVAS + rows))
    said = capsys.readouterr().out.split("\n\n")
    assert said[1].splitlines() == ["Had another mark there:", "  turingalan"]
    assert said[2].splitlines() == ["Not filled in:", "  obrienjose: excused there", *(f"  failed {i:02}: not readable" for i in range(23))]
    assert said[3].splitlines()[1:4] == ["  Hopper, Grace", "  Student, Test", "  Of nobody, 00"] and said[3].splitlines()[20:] == ["  Of nobody, 17", "  and 4 more"]


@pytest.mark.parametrize("missing, more", [(19, []), (20, []), (21, ["  and 1 more"])])
def test_of_twenty_who_handed_nothing_in_none_is_left_out(missing, more, graded, tmp_path, capsys):
    head = CANVAS.partition('"Lovelace')[0]
    rows = "".join(f'"Of nobody, {i:02}",{5000 + i},s-{i},of{i},Section 2,,,,\n' for i in range(missing))
    state, _ = people("canvas", entry("lovelaceada", "4711", "canvas"), entry("failed", "1", "canvas", failed="not readable"))
    graded(state, {})
    path = written(tmp_path, head + CANVAS.splitlines(keepends=True)[3] + rows)
    marks.run(LESSON, path)
    said = capsys.readouterr().out.split("\n\n")
    assert said[2] == "Not filled in:\n  failed: not readable" and said[1].splitlines()[1:] == [f"  Of nobody, {i:02}" for i in range(min(missing, 20))] + more
    with pytest.raises(NotUnderstood, match="is out of 100 points"):  # nothing is converted that was not asked for
        marks.run(LESSON, written(tmp_path, head.replace("12.00,12.00", "12.00,100.00") + CANVAS.splitlines(keepends=True)[3]))


@pytest.mark.parametrize("students, words", [
    (None, f"^Nobody is graded yet: make grade LESSON={LESSON} FROM=... comes first.$"), ({"s0": entry("obrienjose", "4713", "canvas")}, "^So there is nothing to import, and nothing was written.$"),
    ({"s0": entry("ada", "4711", "canvas", failed="not readable")}, f"^Nobody is graded yet: make grade LESSON={LESSON} FROM=... comes first.$"),
    ({}, "^Nobody is graded yet: "),
    ({"s0": {"name": "ada", "identity": "ada", "lost": "", "failed": ""}}, f"^These grades are of an older version of the course: make grade LESSON={LESSON} FROM=... once more.$")])
def test_where_there_is_nothing_to_fill_in_it_says_why_and_nothing_is_written(students, words, graded, tmp_path, monkeypatch):
    folder = graded({} if students is None else {"students": students}, {})
    path = written(tmp_path, CANVAS)
    monkeypatch.setattr(sys, "argv", ["marks", LESSON, str(path)])
    with pytest.raises(SystemExit, match=words):
        marks.main()
    assert not list(folder.glob("*.csv"))


@pytest.mark.parametrize("error, words", [
    (FileNotFoundError(2, "No such file or directory", "there.csv"), "No such file or directory: there.csv"),
    (OSError(28, "No space left on device"), "No space left on device: x.csv"), (OSError("cannot be packed"), "cannot be packed: x.csv")])
def test_an_error_of_the_disk_says_what_and_where_and_that_nothing_was_written(error, words, monkeypatch):
    def run(*_):
        raise error

    monkeypatch.setattr(marks, "run", run)
    monkeypatch.setattr(sys, "argv", ["marks", LESSON, "x.csv"])
    with pytest.raises(SystemExit) as told:
        marks.main()
    assert told.value.code == f"{words}. Nothing was written."


@pytest.mark.parametrize("row, shown", [
    (gradebooks.Row(4, "7", {"b", "a"}, ["Ada", "Lovelace"]), "Ada"), (gradebooks.Row(4, "7", {"b", "a"}), "7"), (gradebooks.Row(4, "", {"b", "a"}), "a"),
    (gradebooks.Row(4, ""), "row 5")])
def test_a_row_is_called_by_its_name_or_by_the_best_that_it_has(row, shown):
    assert row.shown == shown


@pytest.mark.parametrize("points", ["complete", "100%", "", "0.00"])
def test_a_column_that_takes_no_points_is_refused(points, tmp_path):
    gradebook = Gradebook(written(tmp_path, CANVAS.replace("12.00,12.00", f"12.00,{points}")))
    with pytest.raises(NotUnderstood, match="takes no points, or does not say out of how many"):
        marks.fill(gradebook, 6, *of_canvas(), scale=True)


@pytest.mark.parametrize("text, column, class_", [(MOODLE, 9, of_moodle), (BLACKBOARD.replace("scratch [Total Pts: 12 Score] ", "scratch "), 7, of_blackboard)])
def test_a_column_that_does_not_say_out_of_how_many_is_refused(text, column, class_, tmp_path):
    with pytest.raises(NotUnderstood, match="takes no points, or does not say out of how many"):
        marks.fill(Gradebook(written(tmp_path, text)), column, *class_())


@pytest.mark.parametrize("says, most", [("Total Pts: 12 Score", 12), ("Total Pts: up to 12 Score", 12), ("Total Pts: 12,5 Score", 12.5), ("Total Pts:up to 100", 100)])
def test_blackboards_titles_say_out_of_how_many_also_where_a_task_has_several_values(says, most, tmp_path):
    gradebook = Gradebook(written(tmp_path, BLACKBOARD.replace("scratch [Total Pts: 12 Score]", f"scratch [{says}]")))
    assert gradebook.most(7, 1) == most


@pytest.mark.parametrize("letter", ["A-", "85%", "complete"])
def test_what_is_no_number_of_points_is_not_written_over(letter, tmp_path):
    gradebook = Gradebook(written(tmp_path, CANVAS.replace("3.50", letter)))
    filled, told = marks.fill(gradebook, 6, *of_canvas())
    assert filled == ["s0"] and f"turingalan: {letter!r} stands there, which is no number of points" in told["Not filled in"]


@pytest.mark.parametrize("left, words", [(1, "1 task still"), (2, "2 tasks still")])
def test_locked_rows_and_unmarked_words_stay_as_they_are(left, words, tmp_path):
    gradebook = Gradebook(written(tmp_path, MOODLE))
    state, totals = of_moodle()
    totals["s0"] = (8.0, 12.0, left)
    filled, told = marks.fill(gradebook, 4, state, totals)
    assert filled == ["s1"]
    assert told["Not filled in"] == [f"Ada Lovelace: {words} to be marked by hand (make formgrader)", "José O'Brien: locked there (Grade can be changed: No)"]
    filled, _ = marks.fill(Gradebook(written(tmp_path, MOODLE)), 4, state, totals, partial=True)
    assert filled == ["s0", "s1"]


def test_other_points_are_refused_or_converted(tmp_path):
    path = written(tmp_path, CANVAS.replace("12.00,12.00", "12.00,100.00"))
    with pytest.raises(NotUnderstood, match=r"'Softmax from scratch' is out of 100 points .* exercises are out of 12\. Make them the same .* or say SCALE=1"):
        marks.fill(Gradebook(path), 6, *of_canvas())
    gradebook = Gradebook(path)
    marks.fill(gradebook, 6, *of_canvas(), scale=True)
    assert ",11.00,87.5,91.7" in gradebook.bytes().decode() and ",58.33,0.0" in gradebook.bytes().decode()
    gradebook = Gradebook(written(tmp_path, MOODLE.replace(",12.00,Yes", ",100.00,Yes", 1)))  # each row has its own
    marks.fill(gradebook, 4, *of_moodle(), scale=True)
    assert ",87.5,100.00,Yes" in gradebook.bytes().decode() and ",7,12.00,Yes" in gradebook.bytes().decode()


@pytest.mark.parametrize("out_of, expected", [("1000.00", [",875", ",583.33"]), ("20000.00", [",17500", ",11666.67"])])
def test_a_mark_has_all_its_digits_and_no_exponent(out_of, expected, tmp_path):
    gradebook = Gradebook(written(tmp_path, CANVAS.replace("12.00,12.00", f"12.00,{out_of}")))
    marks.fill(gradebook, 6, *of_canvas(), scale=True)
    assert all(f"{value}," in gradebook.bytes().decode() for value in expected)


# ---------------------------------------------------------------- which column

def test_a_title_that_another_begins_with_names_its_own_column(tmp_path):
    text = CANVAS.replace("Tensors exercises (501)", "Quiz 10 (501)").replace("Softmax from scratch (502)", "Quiz 1 (502)")
    assert [marks.choose(Gradebook(written(tmp_path, text)), LESSON, column) for column in ("Quiz 10", "Quiz 1")] == [5, 6]


@pytest.mark.parametrize("column, expected", [("", 6), ("Tensors exercises", 5), ("Tensors exercises (501)", 5), ("501", 5)])
def test_the_column_is_the_lessons_or_the_one_that_is_named(column, expected, tmp_path):
    assert marks.choose(Gradebook(written(tmp_path, CANVAS)), LESSON, column) == expected


@pytest.mark.parametrize("title", ["Exercise 4 (777)", "Exercises 04 (777)", "Lesson 4: Softmax (777)", "Übung 4 (777)", "Week 4 - Softmax (777)", "HW4 (777)", "Homework #4 (777)",
                                   "Softmax regression from scratch (777)", "04 Softmax from Scratch (777)"])
def test_the_column_is_found_by_the_lessons_number_or_words(title, tmp_path):
    text = CANVAS.replace("Tensors exercises (501)", "Exercise 14 (501)").replace("Softmax from scratch (502)", title)
    assert marks.choose(Gradebook(written(tmp_path, text)), LESSON, "") == 6


@pytest.mark.parametrize("titles, column, words", [
    (("Homework (501)", "Quiz (502)"), "", r'can\'t be told from the titles: say COLUMN="..."\. There are: Homework \(501\); Quiz \(502\)'),
    (("Softmax from scratch (501)", "Exercise 04 (502)"), "", "More than one column"), (("Exercise 4 (501)", "Week 04 (502)"), "", "More than one column"),
    (("Quiz 04 (501)", "Midterm 2027-04-12 (502)"), "", "can't be told"), (("Homework due 12.04. (501)", "Attendance 04/12 (502)"), "", "can't be told"),
    (("Exercise 5 (resubmission of 04) (501)", '"Lesson 5: Softmax regression from scratch, concise (502)"'), "", "can't be told"),
    (("Exercise 4 (501)", "Homework (502)"), "Exercise 5", "names no column"),
    (("Exercise 4", "Homework"), "Exercise 4", "names no column .* There are: none that takes points"), (("Homework (501)", "Quiz"), "", "can't be told"),
    (("Homework (501)", "Quiz (502)"), "Essay", "COLUMN is 'Essay', which names no column"),
    (("Quiz (501)", "Quiz (502)"), "Quiz", "COLUMN is 'Quiz', which names more than one"), (("Quiz 1 (501)", "Homework (502)"), "Quiz", "names no column"),
    (("Quiz 1 (501)", "Homework (502)"), "50", "names no column"), (("Quiz 1 (501)", "Homework (502)"), "Quiz 1 (50", "names no column"),
    (("Homework (501)", "Quiz (502)"), "Final Score", "names no column"), (("Homework (501)", "Quiz (502)"), "Section", "names no column"),
])
def test_a_column_that_cant_be_told_is_asked_for(titles, column, words, tmp_path):
    text = CANVAS.replace("Tensors exercises (501),Softmax from scratch (502)", ",".join(titles))
    with pytest.raises(NotUnderstood, match=words):
        marks.choose(Gradebook(written(tmp_path, text)), LESSON, column)


# ---------------------------------------------------------------- wrong files

WRONG = {
    "a header like Canvas's": ("Student,points\nada,3\n", "utf-8", "is no gradebook that is known here"), "no last names": ("Username,points\nada,3\n", "utf-8", "is no gradebook that is known"),
    "no accounts": ("Last Name,points\nada,3\n", "utf-8", "is no gradebook that is known here"), "no participants": ("row,points\na1,3\nb2,4\n", "utf-8", "is no gradebook that is known here"),
    "another course's": (CANVAS.replace("Lovelace, Ada", "Babbage, Charles").replace("Turing, Alan", "Somerville, Mary").replace("O'Brien, José", "Boole, George")
                         .replace("471", "901").replace("ada", "cb").replace("alan", "ms").replace("jose", "gb"), "utf-8",
                         r"None of the 3 students who handed in stands in .*\. Is it another course's, or another assignment's\? "
                         r"Its first: Babbage, Charles, Somerville, Mary, Boole, George\.$"),
    "semicolons": (MOODLE.replace(",", ";"), "utf-8", "separated by semicolons, where Moodle writes commas. Export it from Moodle again"),
    "tabs": (CANVAS.replace(",", "\t"), "utf-8", "separated by tabs, where Canvas writes commas or semicolons"),
    "Windows's encoding": (MOODLE, "cp1252", "is not in UTF-8: a spreadsheet saved it"), "UTF-16": (CANVAS, "utf-16", "is in UTF-16-LE, where Canvas writes UTF-8"),
    "long numbers": (CANVAS.replace("4711,s-01", "4.711E+10,s-01"), "utf-8", r"4\.711E\+10 in row 4 was a long number before a spreadsheet shortened it"),
    "longer numbers": (CANVAS.replace("s-01", "1E+15"), "utf-8", r"1E\+15 in row 4 was a long number"), "points in numbers": (CANVAS.replace("4711", "4711.0"), "utf-8", "ID 4711.0 in row 4 is no whole"),
    "dates in German": (GERMAN.replace('"Montag, 2. November 2026, 10:30"', "02.11.2026 10:30").replace('"Montag, 2. November 2026, 11:00"', "02.11.2026 11:00"), "utf-8",
                        "the date 02.11.2026 10:30 in row 2"),
    "dates": (MOODLE.replace('"Tuesday, 3 November 2026, 9:00 AM"', "03.11.2026 09:00"), "utf-8", "the date 03.11.2026 09:00 in row 3 is written as a spreadsheet does"),
    "dates, and empty fields": (MOODLE.replace('"Tuesday, 3 November 2026, 9:00 AM"', "03.11.2026 09:00").replace(",-,", ",,"), "utf-8",
                                "the date 03.11.2026 09:00 in row 3"),
    "short rows": (CANVAS.replace(",91.7,91.7", ""), "utf-8", "row 4 has 7 columns, the header 9"),
    "no points": (CANVAS.replace("    Points Possible", "Points"), "utf-8", "no row that says Points Possible"),
    "a quote at the end": (MOODLE.rstrip("\n") + '"', "utf-8", "quotation mark"),
    "one column": ("name\nada\n", "utf-8", "is no gradebook that is known here"),
    "open quote": (MOODLE.replace('And why?"', "And why?"), "utf-8", "quotation mark"), "half quotes": (CANVAS.replace('"Turing, Alan"', '"Turing" Alan'), "utf-8", "quotation marks|columns"),
    "a roster": ("name,points\nada,3\nalan,4\n", "utf-8", "is no gradebook that is known here: its first columns are name, points"),
    "many columns": ("a,b,c,d,e\nx,2,3,4,5\n", "utf-8", r"its first columns are a, b, c, d\. Known are Canvas"),
    "our own": ("student,stable_softmax,total\nada,2,10\n", "utf-8", "is no gradebook that is known here"), "nothing": ("", "utf-8", "holds no table"),
    "a header": ("Student,ID,Section\n", "utf-8", "holds no table"), "xlsx": (b"PK\x03\x04rest", "", "is a spreadsheet program's own file"),
    "xls": (b"\xd0\xcf\x11\xe0rest", "", "is a spreadsheet program's own file"),
}


@pytest.mark.parametrize("text, encoding, words", WRONG.values(), ids=WRONG)
def test_a_wrong_file_gets_a_sentence_and_stays_as_it_was(text, encoding, words, tmp_path):
    path = written(tmp_path, text, encoding)
    before = path.read_bytes()
    with pytest.raises(NotUnderstood, match=words) as told:
        gradebook = Gradebook(path)
        marks.fill(gradebook, marks.choose(gradebook, LESSON, ""), *of_canvas())
    assert path.read_bytes() == before and str(path) in str(told.value) and "\n" not in str(told.value)


def test_names_are_compared_without_order_and_case_and_with_their_accents():
    assert plain("Lovelace, Ada") == plain("ada  LOVELACE") and plain("José") != plain("Jose") and plain("!!") == ()
