"""What each wrong answer is told: the sentences of the checks, kept in tests/said/, so that a changed one is seen and read.

    python tests/said.py        # renews them; `git diff tests/said` shows what learners will read instead

Numbers are written as #: some wrong answers are random, and the last digits are the machine's. Of an error that PyTorch
raises the kind is kept, as its words change from version to version.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def plain(sentence):
    """A check's sentence without numbers and without PyTorch's own words, in one line."""
    sentence = re.sub(r"\b(raised \w+): .*", r"\1: ...", sentence, flags=re.S)
    return re.sub(r"(?<![\w.])-?\d[\d,]*(\.\d+)?(e[-+]?\d+)?(?![\w])", "#", " ".join(sentence.split()))


def kept(lesson):
    """{(task, what the answer does): its sentence} of tests/said/."""
    text = (HERE / "said" / f"{lesson}.txt").read_text(encoding="utf-8")
    return {(task, what): sentence for task, what, sentence in re.findall(r"^(\w+): (.*)\n    (.*)$", text, re.M)}


def main():
    import test_exercises
    for lesson, answers in test_exercises.WRONG.items():
        told = [(task, what, plain(str(test_exercises.judged(test_exercises.with_all_answers, lesson, task, code)))) for task, what, code in answers]
        (HERE / "said" / f"{lesson}.txt").write_text("".join(f"{task}: {what}\n    {sentence}\n" for task, what, sentence in told), encoding="utf-8")
        print(f"{lesson}: {len(told)} wrong answers")


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    main()
