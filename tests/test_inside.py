"""What the program in the sandbox does with cells and questions: as Jupyter does, but for what would harm. (Its limits: tests/test_limits.py,
what can be done from inside against it: tests/test_sandbox.py.)
"""
import base64
import io
import json
import os
import struct
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")
if sys.platform != "linux":
    pytest.skip("grading needs Linux", allow_module_level=True)
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from confined import needs_bubblewrap  # noqa: E402
from exercises.checks import crossing  # noqa: E402
from exercises.grading import inside  # noqa: E402
from exercises.grading.kernel import Kernel  # noqa: E402


@pytest.fixture(scope="module")
def kernel():
    with Kernel("none") as kernel:
        yield kernel


def shown(kernel, code):
    """[(kind, what is in it)] of a cell's outputs."""
    outputs, problem = kernel.execute(code)
    assert problem is None, problem
    return [(output["output_type"], (output["ename"], output["evalue"]) if "ename" in output else output.get("text", output.get("data"))) for output in outputs]


DOT = base64.b64encode(b"\x89PNG").decode()
CELLS = {
    "what is printed": ("print('a'); print('b', end='')", [("stream", "a\nb")]),
    "a value": ("1 + 1", [("execute_result", {"text/plain": "2"})]),
    "a value that is not asked for": ("1 + 1;", []),
    "nothing": ("None", []),
    "the order of what is printed and shown": (
        "from IPython.display import display\nprint('a')\ndisplay(3)\nprint('b')\n4",
        [("stream", "a\n"), ("display_data", {"text/plain": "3"}), ("stream", "b\n"), ("execute_result", {"text/plain": "4"})]),
    "an error below what was printed": ("print('a')\n1 / 0", [("stream", "a\n"), ("error", ("ZeroDivisionError", "division by zero"))]),
    "what stands before clear_output": ("from IPython.display import clear_output\nprint('old')\ndisplay('old')\nclear_output()\nprint('new')", [("stream", "new\n")]),
    "what stands before clear_output, which waits": ("print('old')\nclear_output(wait=True)\nprint('new')", [("stream", "new\n")]),
    "kinds that a page has no use for": (
        f"display({{'text/plain': 'a', 'text/html': '<b>', 'image/png': {DOT!r}, 'text/latex': 'x', 'application/javascript': 'alert()'}}, raw=True)",
        [("display_data", {"text/plain": "a", "text/html": "<b>", "image/png": DOT})]),
    "what is no text": ("display({'text/plain': 3, 'text/html': ['x']}, raw=True)", [("display_data", {})]),
    "a magic": ("%system echo magic", [("execute_result", {"text/plain": "['magic']"})]),
    "a command": ("!echo from the shell", [("stream", "from the shell\n")]),
    "a cell that is left": ("print('a')\nexit()\nprint('b')", [("stream", "a\nb\n")]),
    "two names in a row": ("x, y = 1, 2\nx\ny", [("execute_result", {"text/plain": "2"})]),
    "standard error": ("import sys\nprint('w', file=sys.stderr)", [("stream", "w\n")]),
}
ERRORS = {  # beside which IPython may show more
    "an exit": ("raise SystemExit('enough')", "SystemExit", "enough"),
    "no code": ("def f(:", "SyntaxError", "invalid syntax"),
    "one that can't say what it is": ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "E", "(an exception whose text can't be had: ValueError)"),
}


@pytest.mark.long("starts PyTorch once more")
@pytest.mark.parametrize("code, expected", CELLS.values(), ids=CELLS)
def test_cells_are_run_as_jupyter_runs_them(code, expected, kernel):
    assert shown(kernel, code) == expected


@pytest.mark.long("starts PyTorch once more")
@pytest.mark.parametrize("code, name, words", ERRORS.values(), ids=ERRORS)
def test_an_error_has_its_name_and_what_it_says(code, name, words, kernel):
    kind, (told, said) = shown(kernel, code)[0]
    assert kind == "error" and told == name and said.startswith(words)


@pytest.mark.long("starts PyTorch once more")
def test_nobody_is_there_to_answer(kernel):
    """A cell that asks would wait for ever."""
    for code in ("input('name?')", "import getpass; getpass.getpass()", "import builtins; builtins.input()"):
        (kind, said), = shown(kernel, code)
        assert kind == "error" and said[0] == "EOFError" and "nobody is there when answers are graded" in said[1]
    assert shown(kernel, "import sys; sys.stdin.read(), sys.stdin.isatty()") == [("execute_result", {"text/plain": "('', False)"})]
    assert shown(kernel, "import os; os.read(0, 9)") == [("execute_result", {"text/plain": "b''"})], "what comes next is not read by a cell"


@pytest.mark.long("starts PyTorch once more")
@pytest.mark.parametrize("more", ["", "if not pid: 1 / 0\n", "if not pid: raise SystemExit\n", "if not pid: display(3)\n"])
def test_what_a_forked_process_prints_comes_out_and_it_answers_nothing(more, kernel):
    """It comes back from the cell, too: were it to say that the cell is done, what its parent does then would be lost."""
    found = shown(kernel, f"import os, time\nprint('first')\npid = os.fork()\n{more}print('in the parent' if pid else 'in the child')\nif pid:\n    os.waitpid(pid, 0)\n    time.sleep(0.2)\n"
                          "    print('last')\npid > 0")
    text = "".join(said for kind, said in found if kind == "stream")
    assert text.count("in the child") == ("1 /" not in more and "raise" not in more)
    assert [text.count(words) for words in ("in the parent", "first", "last")] == [1, 1, 1]
    assert [each for each in found if each[0] != "stream"] == [("execute_result", {"text/plain": "True"})]
    assert shown(kernel, "print('once')") == [("stream", "once\n")]
    shown(kernel, "def double(x):\n    pid = os.fork()\n    if pid:\n        os.waitpid(pid, 0)\n        time.sleep(0.2)\n    return 2 * x if pid else 'of the child'")
    assert replied(kernel) == ("returned", 6)


# ---------------------------------------------------------------- questions

# How a check asks an answer about 3, and how a text comes back.
REQUEST = json.dumps(["exercises.checks.asking", "probe_call", crossing.encode([{}, 3])])


def replied(kernel):
    text, reason = kernel.ask("double", REQUEST)
    assert reason is None, reason
    kind, content = json.loads(text)
    return kind, crossing.decode(content)["returned"] if kind == "returned" else content


@pytest.mark.long("starts PyTorch once more")
def test_a_question_goes_to_the_answer_of_its_name_and_through_the_checks_as_they_were(kernel):
    """A cell may have put something else in their place, or taken them away."""
    assert kernel.ask("nobody_wrote_this", REQUEST) == (None, "undefined")
    shown(kernel, "def double(x):\n    return 2 * x\nimport exercises.checks as checks, sys")
    assert replied(kernel) == ("returned", 6)
    for spoilt in ("checks.serve = lambda *_: 'all right'", "sys.modules['exercises.checks'] = None", "sys.modules.pop('exercises.checks')",
                   "sys.modules['exercises.checks.asking'] = sys", "sys.modules['json'] = None", "checks.asking.probe_call = print", "checks.crossing.encode = repr"):
        kernel.execute(spoilt)
        assert replied(kernel) == ("returned", 6), spoilt


@pytest.mark.long("starts PyTorch once more")
@pytest.mark.parametrize("body, said", [
    ("exit()", "raised SystemExit: exit()"), ("raise SystemExit", "raised SystemExit"), ("return input()", "raised EOFError: input() asks for an answer"),
    ("raise NotImplementedError()", ""), ("return 1 / 0", "raised ZeroDivisionError")])
def test_an_answer_that_fails_is_told_and_the_next_question_answered(body, said, kernel):
    shown(kernel, f"def double(x):\n    {body}")
    kind, content = replied(kernel)
    assert kind == ("wrong" if said else "stub") and said in content
    shown(kernel, "def double(x):\n    return 2 * x\nexit()")  # exit() in a cell ends nothing, also after a question
    assert replied(kernel) == ("returned", 6)


@pytest.mark.long("starts PyTorch once more")
def test_an_answer_that_is_interrupted_says_so(kernel):
    shown(kernel, "def double(x):\n    raise KeyboardInterrupt")
    assert kernel.ask("double", REQUEST) == (None, "interrupted")
    assert shown(kernel, "1") == [("execute_result", {"text/plain": "1"})]


# ---------------------------------------------------------------- without a process

def test_a_message_says_which_request_it_answers_and_one_that_is_too_large_only_its_size():
    file = io.BytesIO()
    wire = inside.Wire(file)
    wire.number = 7
    wire.send("stream", text="é")
    wire.send("display_data", data="x" * inside.LARGEST)
    data, messages = file.getvalue(), []
    while data:
        size, = struct.unpack(">I", data[:4])
        messages.append(json.loads(data[4:4 + size]))
        data = data[4 + size:]
    assert messages[0] == {"kind": "stream", "number": 7, "text": "é"}
    assert messages[1].pop("too large") > inside.LARGEST and messages[1] == {"kind": "display_data", "number": 7}


class Wire:
    def __init__(self, owner):
        self.owner, self.sent = owner, []

    def send(self, kind, **content):
        self.sent.append((kind, content))


def test_a_stream_sends_what_it_has_in_pieces_and_when_it_has_much(capfd):
    stream = inside.Stream(wire := Wire(os.getpid()), "stderr")
    assert stream.write("ab") == 2 and wire.sent == []
    stream.writelines(["c", "d"])
    stream.close()
    assert wire.sent == [("stream", {"name": "stderr", "text": "abcd"})]
    stream.flush()
    assert len(wire.sent) == 1, "and nothing twice, or empty"
    stream.write("x" * inside.CHUNK)
    assert len(wire.sent) == 1
    stream.write("y")
    assert [content["text"] for _, content in wire.sent[1:]] == ["x" * inside.CHUNK, "y"]
    with pytest.raises(TypeError, match="must be str, not bytes"):
        stream.write(b"x")
    assert (stream.isatty(), stream.readable(), stream.writable(), stream.seekable(), stream.fileno()) == (False, False, True, False, 1)
    other = inside.Stream(another := Wire(os.getpid() + 1), "stdout")  # in a forked process: past Python
    assert other.write("half \ud800 é") == 8
    other.flush()
    assert another.sent == [] and capfd.readouterr().out == "half ? é"


def test_root_gives_up_every_right_in_an_order_in_which_it_still_may(monkeypatch):
    """Groups before the user: who is nobody can't give up a group any more. And the numbers for good: real, effective and saved."""
    done = []
    for name in ("chmod", "setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(inside.os, name, lambda *given, name=name: done.append((name, *given)))
    import resource
    monkeypatch.setattr(resource, "setrlimit", lambda *given: done.append(("limit", *given)))
    inside.confine(50, 70_000)
    folders, rights = done[:-4], done[-4:]
    assert folders == [("chmod", folder, 0o1777) for folder in ("/tmp", "/tmp/work", "/tmp/matplotlib", "/dev/shm")]
    assert rights == [("setgroups", []), ("setresgid", *[70_000] * 3), ("setresuid", *[70_000] * 3), ("limit", resource.RLIMIT_NPROC, (50, 50))]
    done.clear()
    inside.confine(50, 0)
    assert done == [("limit", resource.RLIMIT_NPROC, (50, 50))]
    done.clear()
    inside.confine(0, 0)
    assert done == []


@pytest.mark.slow("Debian's bubblewrap: looks from inside")
@needs_bubblewrap
def test_whoever_made_the_sandbox_nothing_in_it_has_their_rights():
    with Kernel("bubblewrap") as kernel:
        (_, text), = shown(kernel, "import os\nprint(*os.getresuid(), *os.getresgid(), *[group for group in os.getgroups() if group != os.getgid()])\n"
                                   "print(open('/proc/self/status').read().split('CapEff:')[1].split()[0])")
    numbers, rights = text.splitlines()
    if os.geteuid() == 0:
        assert len({*numbers.split()}) == 1 and numbers.split()[0] != "0" and len(numbers.split()) == 6
    assert int(rights, 16) == 0
