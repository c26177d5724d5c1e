"""The order in which a submission's cells and its checks are run, with a kernel that is only a namespace. (In the sandbox: test_grading.py.)"""
import base64
import copy
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat import v4
from PIL import Image

pytest.importorskip("nbgrader")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exercises.grading import judge  # noqa: E402
from exercises.grading.release import PROGRESS  # noqa: E402
from exercises.grading.sandbox import Limits  # noqa: E402

REAL = judge.Judge


class Namespace:
    """In the place of Kernel: cells are run by exec; SystemExit ends the process, and after `most` starts it is spent."""
    most = 5

    def __init__(self, sandbox, limits):
        self.events, self.by_clock, self.starts, self.ran, self.asked, self.limits = [], False, 0, [], sandbox, limits
        self.start()
        Namespace.last = self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True

    def start(self):
        self.names, self.alive, self.starts = {}, True, self.starts + 1

    @property
    def spent(self):
        return self.starts >= self.most

    def execute(self, code, unless=""):
        if unless and unless in self.names:
            return [], None
        self.ran.append(code)
        if not self.alive:
            return [], "not run"
        try:
            exec(code, self.names)
        except SystemExit:
            self.alive = False
            return [], "it ended"
        except Exception as error:
            return [v4.new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[])], None
        return [], None


@pytest.fixture(autouse=True)
def namespace(monkeypatch):
    monkeypatch.setattr(judge, "Kernel", Namespace)

    def judged(setup):
        def verdict(task, kernel):
            names = kernel.names if kernel.alive else {}
            kind = "" if names.get(task) == "right" else "NotDefined" if task not in names else "NotAttempted" if names[task] is None else "Wrong"
            kind = "Stopped" if names.get(task) == "slow" else kind
            return [judge._error(kind, f"{task} is not right")] if kind else []
        return verdict

    monkeypatch.setattr(judge, "Judge", judged)


def cell(id_, source, **meta):
    nbgrader = {"grade": False, "solution": False, "locked": False, "schema_version": 3, **meta}
    made = v4.new_code_cell(source, metadata={"nbgrader": {**nbgrader, "grade_id": id_}} if meta else {})
    made.id = id_
    return made


def setup():
    return cell("setup", "raise SystemExit  # of the student's", locked=True)


def answer(task, source):
    return cell(task, source, solution=True)


def check(task):
    return cell(f"{task}-check", "pass  # of the student's", grade=True, locked=True, points=1)


def extra(number, source):
    return cell(f"extra-{number}", source)


def graded(*cells, stubs=()):
    nb = v4.new_notebook(cells=[setup(), *cells])
    trusted = {"setup": "torch = 'there'", **{each.id: each.id.removesuffix("-check") for each in cells if each.id.endswith("-check")}}
    story = judge.grade(nb, trusted, "a sandbox", stubs=dict(stubs))
    return story, {each.id: judge._failed(each) for each in cells if each.id.endswith("-check")}


RIGHT, WRONG, STUB, END = "a = 'right'", "a = 'wrong'", "a = None", "raise SystemExit"


def test_what_the_instructor_wrote_is_run_and_not_what_stands_in_its_place():
    story, said = graded(answer("a", "a = 'right' if torch == 'there' else 0"), check("a"))
    assert said == {"a-check": ""} and story == judge.Story() and Namespace.last.closed and Namespace.last.asked == "a sandbox"


@pytest.mark.parametrize("cells, failed, remarks", [
    ([answer("a", WRONG), check("a")], "Wrong", []), ([answer("a", STUB), check("a"), extra(1, RIGHT)], "", ["a: what stands below its check counts"]),
    ([extra(1, "import math"), answer("a", STUB), check("a"), extra(2, RIGHT)], "", ["a: what stands below its check counts"]),
    ([extra(1, "x = 1"), answer("a", WRONG), check("a")], "Wrong", []), ([answer("a", WRONG), check("a"), extra(1, RIGHT)], "", ["a: what stands below its check counts"]),
    ([answer("a", WRONG), check("a"), extra(1, STUB)], "Wrong", []), ([answer("a", STUB), check("a"), extra(1, WRONG)], "Wrong", ["a: what stands below its check counts"]),
    ([answer("a", STUB), check("a"), extra(1, "del a")], "NotAttempted", []), ([check("a"), extra(1, WRONG)], "Wrong", ["a: what stands below its check counts"]),
    ([answer("a", RIGHT), check("a"), extra(1, WRONG)], "", []), ([check("a"), answer("a", RIGHT)], "NotDefined", []),
    ([answer("a", RIGHT), check("a"), extra(1, "import math")], "", []), ([answer("a", "a = 'slow'"), check("a"), extra(1, RIGHT)], "Stopped", []),
    ([answer("a", WRONG), check("a"), extra(1, RIGHT), extra(2, END)], "Wrong", [])])
def test_a_check_is_made_once_more_where_a_cell_of_ones_own_stands_below_it_and_what_is_better_counts(cells, failed, remarks):
    story, said = graded(*cells)
    assert said["a-check"] == failed and [each for each in story.remarks if "below" in each] == remarks


@pytest.mark.parametrize("cells, failed", [
    ([extra(1, RIGHT), answer("a", STUB), check("a")], ""), ([extra(1, RIGHT), answer("a", f" {STUB}\n".lstrip()), check("a")], ""),
    ([extra(1, RIGHT), answer("a", "a = 'mine'"), check("a")], "Wrong"), ([answer("a", STUB), check("a")], "NotAttempted"),
    ([extra(1, RIGHT), answer("a", STUB), extra(2, END), check("a")], ""), ([extra(1, RIGHT), answer("a", STUB), extra(2, END), extra(3, END), check("a")], "")])
def test_a_stub_takes_no_answers_place_also_when_the_process_had_to_start_again(cells, failed):
    _, said = graded(*cells, stubs={"a": STUB})
    assert said["a-check"] == failed


def test_a_cell_that_ends_the_process_is_left_out_when_it_starts_again_and_the_others_are_not():
    story, said = graded(answer("a", RIGHT), extra(1, "z = a\nif 'again' in globals(): raise SystemExit"), extra(2, f"again = 1\n{END}"), check("a"), answer("b", "b = 'right'"), check("b"))
    assert said == {"a-check": "", "b-check": ""} and Namespace.last.starts == 2
    assert story.stopped == ["extra-2: it ended"] and story.remarks == []
    flag = []
    Namespace.flag = flag
    twice = "import sys\nflag = sys.modules[%r].Namespace.flag\nflag.append(1)\nif len(flag) > 1: raise SystemExit" % __name__
    story, said = graded(answer("a", RIGHT), extra(1, twice), extra(2, END), check("a"))
    assert said == {"a-check": ""} and story.remarks == ["extra-1: left out when the process had to start again, as it ended it (it ended)"] and Namespace.last.starts == 3


def test_a_process_that_ends_each_time_is_not_started_for_ever():
    story, said = graded(*[extra(number, END) for number in range(20)], answer("a", RIGHT), check("a"))
    assert said == {"a-check": "NotDefined"} and Namespace.last.starts == Namespace.most and len(story.stopped) == 21


def test_what_failed_is_told_and_what_merely_is_not_done_is_not():
    cells = [extra(1, "1 / 0"), extra(2, "raise NotImplementedError()"), extra(3, "raise NotImplementedError('softmax of whole numbers')"),
             extra(4, "class Wrong(Exception): pass\nraise Wrong('said')"), extra(5, "class NotAttempted(Exception): pass\nraise NotAttempted")]
    story, _ = graded(*cells)
    assert story.failed == ["extra-1: its cell failed (ZeroDivisionError: division by zero)", "extra-3: its cell failed (NotImplementedError: softmax of whole numbers)"]
    assert story.stopped == [] and story.by_clock is False


def test_what_a_cell_failed_with_is_told_at_some_length():
    story, _ = graded(extra(1, f"raise ValueError('{'long ' * 30}')"), extra(2, f"raise ValueError('{'long ' * 60}')"))
    assert story.failed[0] == f"extra-1: its cell failed (ValueError: {('long ' * 30).strip()})" and 150 < len(story.failed[1]) < 250


def test_words_are_no_code():
    words = v4.new_markdown_cell("a = 'wrong'", id="words")
    _, said = graded(answer("a", RIGHT), words, check("a"))
    assert said == {"a-check": ""} and "outputs" not in words and words.source not in Namespace.last.ran


def test_a_cell_that_ended_the_process_says_so_below_what_it_showed():
    ended = extra(1, END)
    graded(ended)
    assert [(output.ename, output.evalue) for output in ended.outputs] == [("Stopped", "This cell was stopped: it ended.")]


def test_an_error_stands_in_the_notebook_in_lines_that_a_page_can_show():
    error = judge._error("Wrong", "a long word or two " * 500)
    assert error.evalue.startswith("a long word or two a") and len(error.evalue) < 3000 and "".join(error.traceback).startswith("a long word")
    assert len(error.traceback) > 9 and max(map(len, error.traceback)) <= 100


def test_a_check_knows_what_the_instructors_first_cell_made_and_a_right_answer_may_be_praised(monkeypatch):
    monkeypatch.setattr(judge, "Judge", REAL)
    monkeypatch.setitem(sys.modules, "exercises.checks", SimpleNamespace(Remote=None, Wrong=KeyboardInterrupt))  # without PyTorch
    checks = [check(task) for task in "ab"]
    nb = v4.new_notebook(cells=[setup(), extra(1, "most = 4"), *checks])
    judge.grade(nb, {"setup": "most = 3", "a-check": "assert most == 3\nprint('well done')", "b-check": "assert most == 4"}, "none")
    assert [judge._failed(each) for each in checks] == ["", "NotJudged"] and checks[0].outputs[0].text == "well done\n"


@pytest.fixture
def asked(monkeypatch):
    """The real Judge without PyTorch; a kernel in which each name answers with itself and what it was asked."""
    remote = lambda name, ask: lambda request: f"{name}: {ask(request)}"  # noqa: E731
    monkeypatch.setitem(sys.modules, "exercises.checks", SimpleNamespace(Remote=remote, Wrong=KeyboardInterrupt, NotDefined=None, Stopped=None))
    return SimpleNamespace(ask=lambda name, request: (f"{name} was asked {request}", None), events=[])


def test_a_check_asks_the_kernel_for_what_only_the_learner_has(asked):
    (output,) = REAL("most = 3")("print(mine('x'), len(theirs('y')), most)", asked)
    assert output.output_type == "stream" and output.text == f"mine: mine was asked x {len('theirs: theirs was asked y')} 3\n"
    assert REAL("")("pass", asked) == [], "a check that says nothing shows nothing"


def test_what_a_check_finds_wrong_is_told_in_its_own_words_and_what_it_can_not_judge_as_that(asked):
    (output,) = REAL("class Wrong(KeyboardInterrupt): pass")("raise Wrong('by 2')", asked)
    assert (output.output_type, output.ename, output.evalue) == ("error", "Wrong", "by 2")
    (output,) = REAL("")("1 / 0", asked)
    assert (output.ename, output.evalue) == ("NotJudged", "The check could not work with this answer (ZeroDivisionError: division by zero).")


@pytest.mark.parametrize("reason, kind, says, noted", [
    ("undefined", "NotDefined", "mine is not defined: its cell is missing, renamed it, or failed.", []),
    ("interrupted", "Wrong", "mine raised KeyboardInterrupt.", []),
    ("more than 3 s", "Stopped", "mine was stopped: more than 3 s.", ["mine: more than 3 s"]),
    ("x" * 300, "Stopped", f"mine was stopped: {'x' * 300}.", [f"mine: {'x' * 199}…"])])
def test_why_a_function_of_the_learners_gave_no_answer_is_told(reason, kind, says, noted, asked, monkeypatch):
    kinds = {name: type(name, (Exception,), {}) for name in ("NotDefined", "Wrong", "Stopped")}
    monkeypatch.setitem(sys.modules, "exercises.checks", SimpleNamespace(**kinds))
    asked.ask = lambda name, request: (None, reason)
    with pytest.raises(kinds[kind]) as raised:
        judge._send(asked, "mine", "x")
    assert str(raised.value) == says and asked.events == noted


def test_a_first_cell_that_fails_is_no_students_fault():
    with pytest.raises(judge.NoJudge, match="^the first cell: ZeroDivisionError: division by zero$"):
        REAL("1 / 0")


def test_an_answer_is_run_in_a_sandbox_where_nothing_else_is_said():
    trusted = {"setup": ""}
    judge.grade(v4.new_notebook(), trusted)
    assert Namespace.last.asked == "bubblewrap" == json.loads(judge.packet(v4.new_notebook(), trusted))["sandbox"] and Namespace.last.limits == Limits()


def test_what_counts_the_checks_is_emptied_and_not_run():
    counting = cell(PROGRESS, END, locked=True)
    counting.outputs = [v4.new_output("stream", text="5 of 5")]
    counting.execution_count = 7
    graded(counting)
    assert counting.outputs == [] and counting.execution_count is None and Namespace.last.alive


# ---------------------------------------------------------------- what goes into a page

def png(**options):
    file = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(file, **{"format": "PNG", **options})
    return base64.b64encode(file.getvalue()).decode()


def test_a_picture_is_written_anew_and_what_is_none_is_left_out():
    data = png()
    assert judge._picture(data) == data
    for spoilt in (data[:20] + "\n  " + data[20:], f" {data} ", data[:40] + '"><' + data[40:]):  # base64 passes over such signs
        assert judge._picture(spoilt) == data
    for none in (png(format="GIF"), png(format="JPEG"), "", "x", None, 5, data[:30], base64.b64encode(b"<svg onload=x>").decode(), "a" * 4_000_001):
        assert judge._picture(none) is None
    output = v4.new_output("display_data", {"text/html": f'<img alt="a line" style="max-width: 100%" src="data:image/png;base64,{data}">', "text/plain": "words"}, metadata={"image/png": {"width": "x"}})
    plain = judge._plain(output)
    assert plain.data == {"text/plain": "words", "image/png": data} and plain.metadata == {}
    assert judge._plain(v4.new_output("display_data", {"image/png": data})).data == {"text/plain": "", "image/png": data}
    assert judge._plain(v4.new_output("display_data", {"text/html": "<script>", "application/javascript": "x", "image/svg+xml": "<svg>"})).data == {"text/plain": ""}


def test_a_picture_that_is_torn_or_too_large_is_left_out(monkeypatch):
    content = base64.b64decode(png())
    for torn in (content[:-12], content[:-20] + b"\0" * 8 + content[-12:]):  # without its end; its last bytes are others
        assert judge._picture(base64.b64encode(torn).decode()) is None
    for most, kept in ((len(png()), png()), (len(png()) - 1, None)):
        monkeypatch.setattr(judge, "LARGEST_PICTURE", most)
        assert judge._picture(png()) == kept


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("pixels, kept", [(12, True), (11, False), (5, False)])
def test_a_picture_of_more_pixels_than_a_page_can_bear_is_left_out(pixels, kept, monkeypatch):
    """Pillow itself only warns of up to twice as many."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels)
    assert (judge._picture(png()) is not None) == kept


@pytest.mark.parametrize("printed, kept", [("half \ud83d a sign", "half ? a sign"), ("\U0001f98a whole", "\U0001f98a whole"), ("é", "é")])
def test_a_verdict_can_be_written_into_a_file_whatever_was_printed(printed, kept):
    said = judge._text({"outputs": [printed]})
    assert json.loads(said.encode("utf-8"))["outputs"] == [kept]


def test_a_verdict_is_of_the_cells_it_was_found_for():
    cells = [setup(), answer("a", RIGHT), check("a"), answer("b", "b = 'wrong'"), check("b"), extra(1, "x = 1")]
    nb = v4.new_notebook(cells=[*cells, v4.new_markdown_cell("words")])
    said = judge.verdict(judge.packet(nb, {"setup": "torch = 'there'", "a-check": "a", "b-check": "b"}, "none"))

    def applied(change):
        other = copy.deepcopy(nb)
        change(other.cells)
        return judge.apply(said, other), [judge._failed(each) for each in other.cells if each.cell_type == "code"]

    assert applied(lambda cells: None) == applied(lambda cells: cells[2].update(source="pass  # the instructor's")) == (judge.Story(), ["", "", "", "", "Wrong", ""])
    for change in (lambda cells: cells[1].update(source=WRONG), lambda cells: cells[1].update(id="c"),
                   lambda cells: cells.pop(2), lambda cells: cells.append(check("c"))):
        with pytest.raises(RuntimeError, match="the verdict is that of other cells"):
            applied(change)
    with pytest.raises(RuntimeError, match="^no memory$"):
        judge.apply(json.dumps({"error": "no memory"}), nb)


def test_what_a_packet_was_given_holds_where_it_is_opened():
    nb = v4.new_notebook(cells=[setup(), extra(1, RIGHT), answer("a", STUB), check("a")])
    packet = judge.packet(nb, {"setup": "torch = 'there'", "a-check": "a"}, "none", Limits(cell_seconds=7), {"a": STUB})
    assert json.loads(judge.verdict(packet))["outputs"] == [[], [], [], []]
    assert Namespace.last.asked == "none" and Namespace.last.limits == Limits(cell_seconds=7)
