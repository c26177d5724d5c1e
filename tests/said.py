"""What each wrong answer is told: the sentences of the checks, kept in tests/said/, so that a changed one is seen and read; and
in tests/said/cases.txt what each check tries, in its own words.

    python tests/said.py        # renews them; `git diff tests/said` shows what learners will read instead

Numbers are written as #: some wrong answers are random, and the last digits are the machine's. Of an error that PyTorch
raises the kind is kept, as its words change from version to version.
"""
import inspect
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


def tried(check, answer):
    """The cases on which a check tries a right answer, in words, once each."""
    from exercises.checks import Case
    cases, make = [], Case.__init__

    def noted(case, *args, **how):
        make(case, *args, **how)
        cases.append(case.given)

    Case.__init__ = noted
    try:
        check(answer, **{name: given.default for name, given in inspect.signature(check).parameters.items() if name == "seed"})  # one round of two
    finally:
        Case.__init__ = make
    return list(dict.fromkeys(cases))


def cases(lesson, tasks, module, answers):
    """What tests/said/cases.txt holds of a lesson: each task's cases, but of networks, whose checks have none."""
    return f"{lesson}\n" + "".join(f"  {task}\n" + "".join(f"    {given}\n" for given in tried(getattr(module, task), answers[task])) for task in tasks)


def kept_cases(lesson):
    text = (HERE / "said" / "cases.txt").read_text(encoding="utf-8")
    return re.search(rf"^{lesson}\n(?:  .*\n)+", text, re.M)[0]


def main():
    import test_exercises
    found = [cases(lesson, [task for other, task in test_exercises.TASKS if other == lesson], module, test_exercises.with_all_answers(lesson)[0])
             for lesson, module in test_exercises.CHECKS.items()]
    (HERE / "said" / "cases.txt").write_text("".join(found), encoding="utf-8")
    for lesson, answers in test_exercises.WRONG.items():
        told = [(task, what, plain(str(test_exercises.judged(test_exercises.with_all_answers, lesson, task, code)))) for task, what, code in answers]
        (HERE / "said" / f"{lesson}.txt").write_text("".join(f"{task}: {what}\n    {sentence}\n" for task, what, sentence in told), encoding="utf-8")
        print(f"{lesson}: {len(told)} wrong answers")


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    main()
