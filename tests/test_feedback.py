"""Links, pictures and formulas on a student's page, what lateness costs, and the names under which learning systems take pages back."""
import os
import sys
import zipfile
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import jinja2
import pytest

pytest.importorskip("nbgrader")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from classroom import FILE, LESSON  # noqa: E402
from nbgrader.api import Gradebook  # noqa: E402
from exercises.grading import feedback, keep, late, marks, pages, similar  # noqa: E402
from exercises.grading.pages import CLEANER, elsewhere, markdown2html, mathml  # noqa: E402


def html(source):
    return markdown2html(jinja2.runtime.Context(jinja2.Environment(), {}, "page", {}), source)


# ---------------------------------------------------------------- links and pictures

@pytest.mark.parametrize("address, live", [
    ("https://pytorch.org/docs/stable/index.html", True), ("http://good.example/a?b=c#d", True), ("https://GOOD.example:8443/", True),
    ("https://notclass.example.org.good.example/", True), ("https://mylocalhost.example", True), ("https://internal.example/", True),
    *((address, False) for address in (
        "/hub/token", "../hub/token", "hub", "?x", "#top", "", "//class.example.org/hub", "mailto:ada@example.org", "javascript:x", "ftp://good.example/",
        "https://class.example.org/hub/token", "https://CLASS.example.org", "https://ada.class.example.org/user/ada/static/a.html",
        "http://class.example.org:800/", "https://class.example.org./hub", "https:class.example.org", "https:///class.example.org", "https:\\\\class.example.org",
        "https://good.example\\@class.example.org/", "https://good.example@class.example.org/", "https://class\u3002example.org/", "https://%63lass.example.org/",
        "https://cla\nss.example.org/hub", "https://\tclass.example.org/", " https://class.example.org/", "\x01https://class.example.org/",
        "http://localhost/", "http://class.localhost:800/hub", "http://127.0.0.1:8888/api", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0x7f000001/",
        "http://[::1]:8888/", "http://[::ffff:127.0.0.1]/", "http://0/", "http://0.0.0.0:800/", "http://intranet/", "http://router.local/", "http://[", "https://ada:x@good.example/", "https://good.example\\x", "http://db.internal/", "http://internal/",
        "http://:80/", "http://?x", "http://#x", "https://good.example/a\\b"))])
def test_a_link_is_live_only_to_another_machines_page(monkeypatch, address, live):
    monkeypatch.setenv("COURSE_HOST", "class.example.org")
    assert elsewhere(address) == live
    assert ("href" in CLEANER.clean(f'<a href="{escape(address)}">x</a>')) == live


def test_where_the_course_says_no_host_this_machine_is_its_own(monkeypatch):
    monkeypatch.delenv("COURSE_HOST", raising=False)
    assert not elsewhere("http://class.localhost/") and elsewhere("https://class.example.org/")
    monkeypatch.setenv("COURSE_HOST", "Class.Example.org")
    assert not elsewhere("https://class.example.org/")


def test_a_text_is_long_by_its_letters_and_not_by_the_pictures_in_it():
    picture = f'<img alt="mine" src="data:image/png;base64,{"aaaa" * 40_000}">'
    shown = html(f"**before** {picture} after")
    assert "<strong>before</strong>" in shown and picture[:60] in shown
    long = html("**x** " + "y" * 100_000)
    assert long.startswith("<pre>**x** yy") and len(long) == 100_000 + len("<pre></pre>")


def test_a_text_of_the_greatest_length_is_rendered_and_one_that_cannot_be_is_shown_as_it_was_written(monkeypatch):
    assert html("*" + "y" * 99_998 + "*").startswith("<p><em>yy") and html("*" + "y" * 99_999 + "*").startswith("<pre>*yy")
    monkeypatch.setattr(pages.MarkdownWithMath, "render", lambda *_: 1 / 0)
    assert html("**a** < *b*") == "<pre>**a** &lt; *b*</pre>"


def test_a_heading_has_no_link_to_itself_and_what_asks_for_more_than_letters_is_plain_letters():
    assert html("# A *title*") == "<h1>A <em>title</em></h1>\n"
    assert html(r"\href and `\url`, \alpha") == "<p>href and <code>url</code>, \\alpha</p>\n"


def test_a_picture_that_was_handed_in_is_shown_and_one_that_was_not_is_named():
    context = jinja2.runtime.Context(jinja2.Environment(), {"cell": {"attachments": {"a.png": {"image/png": "aaaa"}}}}, "page", {})
    shown = markdown2html(context, '![mine](attachment:a.png "in green")')
    assert 'src="data:image/png;base64,aaaa"' in shown and 'alt="mine"' in shown and 'title="in green"' in shown
    assert markdown2html(context, "![<b>his](attachment:b.png)") == "<p>[&lt;b&gt;his: a picture that was not handed in]</p>\n"
    assert markdown2html(context, "![hers](https://good.example/c.png)") == "<p>[hers]</p>\n"
    assert markdown2html(context, '<b><img src="x.png"></b>, <img alt="" src="x.png"> and <img alt="theirs" src="x.png">') == "<p><b></b>,  and [theirs]</p>\n"


# ---------------------------------------------------------------- formulas

@pytest.mark.parametrize("source, inside", [
    ("the rate $\\eta$", '<math display="inline" alttext="\\eta"><mrow><mi>η</mi></mrow></math>'),
    ("$$\\frac{1}{n}$$", '<math display="block" alttext="\\frac{1}{n}"><mrow><mfrac>'), ("$x_i < 3$", "<mo>&lt;</mo>"),
    ("\\begin{align}a&=b\\end{align}", "<mtable"), ("<details><summary>hint</summary>it is $w$</details>", "it is <math"),
    ("<div>$$b$$</div>", '<div><math display="block"'), ("<div>$a &lt; b$</div>", "<mo>&lt;</mo>"), ('![of $x$](data:image/png;base64,aaaa)', 'alt="of ..."'), ("\ue0000\ue001 $a$", "<p>0 <math"),
    ("\\begin{align}a\\end{align}", '<math display="block"'), ('<div title="of $x$">it is $w$</div>', '<div title="of ...">it is <math'),
])
def test_a_formula_becomes_mathml_wherever_it_stands(source, inside):
    page = html(source)
    assert inside in page and "$" not in page


@pytest.mark.parametrize("formula", [
    "\\text{<script>alert(1)</script>}", "\\text{<img src=x onerror=alert(1)>}", "\\text{</mtext></math><svg onload=alert(1)>}", "{{{", "x^x^x", "{" * 900 + "}" * 900 + "^" * 3,
    "\\sqrt{" * 900, "a" * 2_001, "\\text{a<b}", "\\begin{matrix}" * 50, "\\text{&xxe;}", "\\text{<!DOCTYPE x>}"])
def test_a_formula_that_is_none_is_shown_as_it_was_written(formula):
    assert mathml(formula) is None
    page = html(f"before ${formula}$ after")
    assert "<script" not in page and "<img" not in page and "<svg" not in page and "<math" not in page and page.startswith("<p>before $") and "$ after" in page


@pytest.mark.parametrize("formula", ["$${{{$$", "\\begin{align}{{{\\end{align}"])
def test_a_formula_in_a_line_of_its_own_that_is_none_is_shown_as_it_was_written_and_the_rest_as_ever(formula):
    assert html(f"**before**\n\n{formula}\n\nafter") == f"<p><strong>before</strong></p>\n<p>{formula}</p>\n<p>after</p>\n"


def test_a_formula_may_be_long_and_stands_in_its_line_where_nothing_else_is_said():
    assert mathml("a" * 2_000).startswith('<math display="inline"')


def test_of_what_mathml_may_say_only_plain_words_and_measures_get_out(monkeypatch):
    monkeypatch.setattr(pages, "convert", lambda formula, display: '<math><mspace width="url(x)" height="2.5em" depth="javascript:x" onload="x" columnspacing="0em 2em" /></math>')
    assert mathml("x") == '<math alttext="x"><mspace height="2.5em" columnspacing="0em 2em" /></math>'


@pytest.mark.parametrize("formula", ["\\href{javascript:alert(1)}{x}", "\\style{background:url(x)}{x}", "\\class{a}{x}", "\\cssId{a}{x}", "\\color{url(x)}{x}",
                                     "\\mathcolor{red}{x}", "\\hspace{1em onload=x}y", "\\begin{array}{c}x\\end{array}"])
def test_of_a_formula_only_mathematics_gets_out(formula):
    shown = mathml(formula)
    if shown is not None:
        for element in ElementTree.fromstring(shown).iter():
            assert not {"href", "style", "class", "id", "mathcolor", "mathbackground", "onload"} & set(element.attrib), shown
            assert all("(" not in value and ":" not in value for name, value in element.attrib.items() if name != "alttext"), shown


# ---------------------------------------------------------------- what is left of a student's own HTML

STAYS = ['<a href="https://good.example/x" title="t">x</a>', '<img src="data:image/png;base64,AAAA" alt="a">', '<div class="highlight">x</div>',
         '<span class="k">x</span>', '<span class="k1">x</span>', '<ol start="3"><li>x</li></ol>', "<details open>x</details>"]
GOES = {
    '<a href="http://127.0.0.1:8000/hub">x</a>': "<a>x</a>", '<a href="/hub">x</a>': "<a>x</a>", '<a class="k">x</a>': "<a>x</a>", '<p href="https://good.example/x">x</p>': "<p>x</p>",
    '<img src="https://good.example/a.png" alt="a">': '<img alt="a">', '<img src="data:image/svg+xml;base64,AAAA">': "<img>", '<img href="https://good.example/x">': "<img>",
    '<a src="data:image/png;base64,AAAA">x</a>': "<a>x</a>", '<div class="score">x</div>': "<div>x</div>", '<span class="highlight">x</span>': "<span>x</span>",
    '<span class="btn btn-primary">x</span>': "<span>x</span>", '<p class="k">x</p>': "<p>x</p>", '<ul start="3"><li>x</li></ul>': "<ul><li>x</li></ul>",
    "<div open>x</div>": "<div>x</div>", "<ol open><li>x</li></ol>": "<ol><li>x</li></ol>", '<ol type="A"><li>x</li></ol>': "<ol><li>x</li></ol>",
    '<details start="3">x</details>': "<details>x</details>", '<details name="x">x</details>': "<details>x</details>",
    '<p onclick="x" style="color:red" id="a">x</p>': "<p>x</p>",
}


@pytest.mark.parametrize("source", [*STAYS, *GOES])
def test_an_attribute_stays_where_it_belongs_and_nowhere_else(source):
    assert CLEANER.clean(source) == GOES.get(source, source)


# ---------------------------------------------------------------- lateness

POLICY = {"grace": 60, "percent": 10, "most": 50}
HOUR, DAY = 3600, 86400


@pytest.mark.parametrize("seconds, points, policy, lost, reason", [
    (0, 10, POLICY, 0, ""), (1, 10, POLICY, 0, "late by 1 s, within the grace of 60 min"), (HOUR, 10, POLICY, 0, "within the grace"),
    (HOUR + 1, 10, POLICY, 1.2, "late by 1 h 1 s: 1 day begun, 10 % of 12 points: -1.2 of 10"), (HOUR + DAY, 10, POLICY, 1.2, "1 day begun"),
    (HOUR + DAY + 1, 10, POLICY, 2.4, "2 days begun, 20 %"), (10 * DAY, 10, POLICY, 6, "50 % of 12 points: -6 of 10"), (10 * DAY, 4, POLICY, 4, "-4 of 4"),
    (10 * DAY, 0, POLICY, 0, "-0 of 0"), (5 * DAY, 10, {"percent": 25}, 10, "100 % of 12 points: -10 of 10"), (5 * DAY, 10, {"grace": 5}, 0, "late by 120 h"),
    (5 * DAY, 10, {}, 0, "late by 120 h"), (1, 10, {"percent": 10}, 1.2, "1 day begun"), (DAY, 12, {"percent": 33.3}, 4.0, "33.3 % of 12 points: -4 of 12"),
    (DAY, 10, {"percent": 10, "most": 0}, 0, "0 % of 12")])
def test_what_lateness_costs(seconds, points, policy, lost, reason):
    found = late.cost(seconds, points, 12, policy)
    assert (found.seconds, found.points) == (seconds, lost) and reason in found.reason and bool(found.reason) == bool(seconds)


def test_a_reason_says_that_an_extension_is_counted():
    assert [late.cost(5, 10, 12, {}, extended).reason for extended in (False, True)] == ["late by 5 s", "late by 5 s, its extension counted"]


def test_the_course_may_call_a_student_by_each_of_their_names():
    entries = {"s1": {"name": "Ada", "identity": "ada@example.org", "number": "4711"}, "s2": {"name": "", "number": None}}
    assert late.names({"students": entries}) == {"s1": {"s1", "Ada", "ada@example.org", "4711"}, "s2": {"s2"}}


def test_extensions_of_nobody_are_named_and_without_one_nothing_is_said():
    assert late.of_nobody(["carol", "dan"]).endswith(": carol, dan") and late.of_nobody([]) == ""


class Tokyo(datetime):
    """A time on a machine whose own zone is not UTC."""

    def astimezone(self, zone=None):
        return super().astimezone(zone or timezone(timedelta(hours=9)))


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_a_policy_a_due_date_and_an_extension_that_are_taken_back_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # where nbgrader finds alembic
    url, due = f"sqlite:///{tmp_path}/gradebook.db", Tokyo(2026, 12, 4, 12, tzinfo=timezone.utc)
    with Gradebook(url) as gradebook:
        gradebook.add_assignment(LESSON)
        gradebook.add_notebook("nb", LESSON)
        gradebook.add_grade_cell("accuracy", "nb", LESSON, max_score=10, cell_type="code")
        for student, hours in (("ada", 30), ("bob", -1)):
            gradebook.add_student(student)
            gradebook.add_submission(LESSON, student, timestamp=(due + timedelta(hours=hours)).replace(tzinfo=None))
            mark = gradebook.find_grade("accuracy", "nb", LESSON, student)
            mark.auto_score, mark.needs_manual_grade = 10.0, False
        gradebook.db.commit()

    extended = []

    def applied(policy, **settings):
        monkeypatch.setattr(late.release, "settings", lambda lesson: {LESSON: settings}[lesson])
        monkeypatch.setattr(late.release, "late", lambda lesson: {LESSON: policy}[lesson])
        found, left = late.apply(LESSON, url, {"ada": {"Ada"}, "bob": {"Bob"}})
        with Gradebook(url) as gradebook:
            kept = {each.student.id: (each.notebooks[0].late_submission_penalty, each.extension, each.assignment.duedate) for each in gradebook.assignment_submissions(LESSON)}
        extended.append([student for student, lateness in found.items() if "extension" in lateness.reason])
        return {student: lateness.points for student, lateness in found.items()}, kept, left

    day, plain = {"due": due}, due.replace(tzinfo=None)
    assert applied({"percent": 10}, **day) == ({"ada": 2.0, "bob": 0.0}, {"ada": (2.0, None, plain), "bob": (None, None, plain)}, [])
    more = {"Ada": due + timedelta(hours=20), "ADA": due + timedelta(hours=2), "carol": due}  # written down twice: the later one
    assert applied({"percent": 10}, **day, extensions=more) == (
        {"ada": 1.0, "bob": 0.0}, {"ada": (1.0, timedelta(hours=20), plain), "bob": (None, None, plain)}, ["carol"])
    assert applied({}, **day) == ({"ada": 0.0, "bob": 0.0}, {"ada": (None, None, plain), "bob": (None, None, plain)}, [])
    applied({"percent": 10}, **day)
    assert applied({"percent": 10}) == ({"ada": 0.0, "bob": 0.0}, {"ada": (None, None, None), "bob": (None, None, None)}, [])
    assert extended == [[], ["ada"], [], [], []]
    with Gradebook(url) as gradebook:  # an answer written anew: its old points do not count until it is marked
        gradebook.find_grade("accuracy", "nb", LESSON, "ada").needs_manual_grade = True
        gradebook.db.commit()
    assert applied({"percent": 10}, **day)[0] == {"ada": 0.0, "bob": 0.0}


@pytest.mark.parametrize("seconds, words", [(0, "0 s"), (0.2, "1 s"), (59, "59 s"), (60, "1 min"), (3601, "1 h 1 s"), (90000, "25 h"), (171000, "47 h 30 min"), (36_000_000, "10,000 h")])
def test_a_time_is_told_to_the_second(seconds, words):
    assert late.duration(seconds) == words


def test_the_pages_are_written_when_what_lateness_costs_is_known(monkeypatch, capsys):
    """An extension granted since the grading: the pages of this very command show it."""
    done = []
    monkeypatch.setattr(keep, "graded", lambda lesson: "")
    monkeypatch.setattr(keep, "state", lambda text: {"students": {"ada": {}}})
    monkeypatch.setattr(late, "apply", lambda lesson, database, names: done.append("deductions") or ({}, []))
    monkeypatch.setattr(feedback, "pages", lambda lesson: done.append("pages") or {"ada": "ada.html"})
    feedback.run(LESSON)
    assert done == ["deductions", "pages"] and capsys.readouterr().out.startswith("1 pages: ")


@pytest.mark.parametrize("system, left, where", [
    ("", [], ""), ("moodle", ["Zoe: has no page", "Eve: has no page"], "Upload multiple feedback files in a zip"), ("canvas", [], "Upload submissions")])
def test_it_is_said_where_the_pages_are_who_is_left_out_and_where_the_zip_goes(system, left, where, monkeypatch, capsys):
    record, state, written, zips = Path(f"{LESSON}.json"), {"students": {"ada": {"name": "Ada"}}}, {"ada": Path("ada.html")}, []
    monkeypatch.setattr(keep, "graded", lambda lesson: {LESSON: record}[lesson])
    monkeypatch.setattr(keep, "state", lambda path: {record: state}[path])
    monkeypatch.setattr(late, "apply", lambda *given: ({}, ["carol"] if given == (LESSON, f"sqlite:///{keep.GRADEBOOK}", {"ada": {"ada", "Ada"}}) else []))
    monkeypatch.setattr(feedback, "pages", lambda lesson: {LESSON: written}[lesson])
    monkeypatch.setattr(feedback, "pack", lambda *given: zips.append(given) or (Path("the.zip"), left))
    feedback.run(LESSON, system)
    first, pages, *rest = capsys.readouterr().out.split("\n")
    assert first.endswith(": carol") and pages == f"1 pages: {keep.EXERCISES / 'feedback'}/<student>/{LESSON}/{FILE.replace('.ipynb', '.html')}"
    if not system:
        assert rest == [""] and zips == []
    else:
        *out, last, end = rest
        assert out == (["", "Not in the zip:", *(f"  {line}" for line in left), ""] if left else [""]) and end == ""
        assert last.startswith("Written: the.zip. In ") and where in last and zips == [(LESSON, system, state, written)]


def test_without_anybody_graded_no_page_is_written(monkeypatch):
    monkeypatch.setattr(keep, "graded", lambda lesson: "")
    monkeypatch.setattr(keep, "state", lambda record: {})
    with pytest.raises(ValueError, match="Nobody is graded yet"):
        feedback.run(LESSON)


@pytest.fixture
def converter(monkeypatch, tmp_path):
    """In place of nbgrader's: it notes how it was called, and writes pages of two students; `done` is what it says."""
    called = []

    class Converter:
        done = {"success": True}

        def __init__(self, coursedir, config, force):
            called.append((coursedir, config, force))

    def log(one):
        for student, lesson in (("bob", LESSON), ("ada", LESSON), ("ada", "01-tensors")):
            page = tmp_path / "feedback" / student / lesson / f"{lesson}-exercises.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text("page")
        return one.done

    monkeypatch.setattr(keep, "EXERCISES", tmp_path)
    monkeypatch.setattr(feedback.release, "coursedir", lambda **asked: (f"course of {asked}", "its settings"))
    monkeypatch.setattr(feedback, "GenerateFeedback", Converter)
    monkeypatch.setattr(feedback, "capture_log", log)
    Converter.called = called
    return Converter


def test_every_page_is_written_anew_and_none_is_of_another_lesson(converter, tmp_path):
    """A page that was there already would keep the points and comments of the last time."""
    assert feedback.pages(LESSON) == {student: tmp_path / "feedback" / student / LESSON / f"{LESSON}-exercises.html" for student in ("ada", "bob")}
    assert converter.called == [(f"course of {{'assignment_id': {LESSON!r}}}", "its settings", True)]


@pytest.mark.parametrize("done, words", [
    ({"success": False, "log": "[INFO] a\n[INFO] b\n[ERROR] no disk\n"}, "no disk"), ({"success": False, "log": "x\n", "error": "it broke\n"}, "it broke"),
    ({"success": False, "log": None, "error": None}, "no reason given"), ({"success": False}, "no reason given")])
def test_where_nbgrader_writes_no_pages_its_last_words_are_told(done, words, converter):
    converter.done = done
    with pytest.raises(ValueError, match=rf"^nbgrader could not write the pages: .*{words}$"):
        feedback.pages(LESSON)


@pytest.mark.parametrize("module", [feedback, marks, similar], ids=["feedback", "marks", "similar"])
def test_a_command_says_what_it_is_for(module, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [module.__name__, "--help"])
    with pytest.raises(SystemExit):
        module.main()
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"usage: make {module.__name__.rpartition('.')[2]} ") and " ".join(module.__doc__.split())[:40] in said


@pytest.mark.parametrize("given, called", [([LESSON], (LESSON, "")), ([LESSON, "--pack", "moodle"], (LESSON, "moodle")), (["01-tensors", "--pack", "canvas"], ("01-tensors", "canvas"))])
def test_the_command_hands_on_what_it_is_given(given, called, monkeypatch):
    seen = []
    monkeypatch.setattr(feedback, "run", lambda *asked: seen.append(asked))
    monkeypatch.setattr(sys, "argv", ["feedback", *given])
    feedback.main()
    assert seen == [called]


@pytest.mark.parametrize("given, error, words", [
    ([LESSON, "--pack", "Moodle"], None, "PACK is 'Moodle', where it takes moodle or canvas."), ([LESSON], ValueError("nobody yet"), "nobody yet"),
    ([LESSON], OSError(28, "No space left on device"), "[Errno 28] No space left on device")])
def test_the_command_ends_with_a_sentence_where_it_can_not_do_it(given, error, words, monkeypatch):
    def run(*_):
        if error:
            raise error
        pytest.fail("it ran")

    monkeypatch.setattr(feedback, "run", run)
    monkeypatch.setattr(sys, "argv", ["feedback", *given])
    with pytest.raises(SystemExit) as told:
        feedback.main()
    assert told.value.code == words


# ---------------------------------------------------------------- packs

@pytest.mark.parametrize("system, given, where", [
    ("moodle", "Ada Lovelace_4711_assignsubmission_file", f"Ada Lovelace_4711_assignsubmission_file/{LESSON}.html"),
    ("moodle", "Ada Lovelace_4711_assignsubmission_file_", f"Ada Lovelace_4711_assignsubmission_file_/{LESSON}.html"),
    ("moodle", f"Ada Lovelace_4711_assignsubmission_file_{FILE}", f"Ada Lovelace_4711_assignsubmission_file_{LESSON}.html"),
    ("moodle", "Participant_4711_assignsubmission_file", f"Participant_4711_assignsubmission_file/{LESSON}.html"),
    ("moodle", "José Ñúñez_4711_assignsubmission_onlinetext", f"José Ñúñez_4711_assignsubmission_onlinetext/{LESSON}.html"), ("moodle", "ada", ""),
    ("canvas", f"lovelaceada_4711_99_{FILE}", f"lovelaceada_4711_99_{LESSON}-exercises.html"), ("canvas", f"turingalan_LATE_4712_100_{FILE}", f"turingalan_LATE_4712_100_{LESSON}-exercises.html"),
    ("canvas", f"lovelaceada_4711_99_{FILE}.txt", f"lovelaceada_4711_99_{LESSON}-exercises.html"), ("canvas", "hoppergrace_4713_text.html", ""),
    ("canvas", "lovelaceada_4711_99_my_work_3-1.ipynb", "lovelaceada_4711_99_my_work_3-1.html"), ("canvas", "ada.ipynb", "")])
def test_a_page_goes_back_under_the_name_that_the_system_gave(system, given, where):
    assert feedback.place(system, given, LESSON) == where
    if where and system == "moodle":  # as importziplib.php reads it
        number, kind, plugin = where.split("/")[0].split("_")[1:4]
        assert number.isdigit() and (kind, plugin) == ("assignsubmission", given.split("_")[3])
    if where and system == "canvas":  # as infer_comment_context_from_filename does
        assert [part for part in where.split("_") if part.isdigit()][:2] == [part for part in given.split("_") if part.isdigit()][:2]


def test_a_pack_holds_each_page_once_and_names_who_is_not_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "EXERCISES", tmp_path)
    (tmp_path / "feedback").mkdir()
    written = {}
    for student in ("ada", "alan", "zoe", "old"):
        written[student] = tmp_path / f"{student}.html"
        written[student].write_text(f"of {student}")
    state = {"students": {"ada": {"name": "Ada", "system": "moodle", "given": "Ada_1_assignsubmission_file"},
                          "zoe": {"name": "Zoe", "system": "", "given": "Zoe_5_assignsubmission_file"},
                          "alan": {"name": "Alan", "system": "moodle", "given": "Alan_2_assignsubmission_file"},
                          "gone": {"name": "Gone", "system": "moodle", "given": "Gone_3_assignsubmission_file"}, "old": {"name": "Old", "system": "moodle"}}}
    target, left = feedback.pack(LESSON, "moodle", state, written)
    with zipfile.ZipFile(target) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            f"Ada_1_assignsubmission_file/{LESSON}.html": "of ada", f"Alan_2_assignsubmission_file/{LESSON}.html": "of alan"}
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_DEFLATED}, "systems limit what is uploaded"
    assert left == ["Zoe: was not handed in through Moodle", "Gone: has no page", "Old: was not handed in through Moodle"]
    with pytest.raises(ValueError, match="Nobody's work came from Canvas"):
        feedback.pack(LESSON, "canvas", state, written)
