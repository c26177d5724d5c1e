"""What teaching/ and exercises/rubrics/ say of the lessons and the exercises is true: headings, questions, points, minutes, links."""
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import handout  # noqa: E402

LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
SEVEN, BONUS = LESSONS[:7], LESSONS[7]
SECTIONS = ["90 minutes", "45 minutes", "Where they stumble, and what to ask", "On the board", "Vote", "Leave out", "Homework"]


def cells(path):
    return [(cell["cell_type"], cell["id"], "".join(cell["source"]), cell["metadata"].get("nbgrader", {})) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def headings(lesson):
    """Of the lesson's notebook, in order, formulas and marks left out."""
    return [line.lstrip("#").strip() for kind, _, source, _ in cells(ROOT / "notebooks" / f"{lesson}.ipynb") if kind == "markdown"
            for line in re.sub(r"```.*?```", "", source, flags=re.S).split("\n") if re.match(r"#{1,4} ", line)]


def bare(text):
    return re.sub(r"[$`*\\]", "", text).strip()


def exercise(lesson):
    return cells(ROOT / "exercises" / "source" / lesson / f"{lesson}-exercises.ipynb")


def page(folder, lesson):
    return (ROOT / folder / f"{lesson}.md").read_text(encoding="utf-8")


def section(text, title):
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(table):
    """The rows of a Markdown table, lists of cells, without its head."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n") if line.startswith("|")][2:]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_page_has_what_a_substitute_needs_on_two_pages(lesson):
    text = page("teaching", lesson)
    assert text.startswith(f"# Teaching: {headings(lesson)[0]}\n\n**Aim.** ") and "\n**Before class.** " in text
    assert re.findall(r"^## (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M) == SECTIONS
    aim = re.search(r"\*\*Aim\.\*\* (.*)", text)[1]
    assert aim.endswith(".") and len(re.findall(r"[.!?](?=\s|$)", aim)) == 1
    assert 750 <= len(text.split()) <= 1100
    assert 4 <= len(re.findall(r"^\d+\. ", section(text, SECTIONS[2]), re.M)) == text.count("**Ask:**") == text.count("**They find:**") <= 6


@pytest.mark.parametrize("minutes", [90, 45])
@pytest.mark.parametrize("lesson", LESSONS)
def test_the_minutes_of_a_plan_add_up_and_its_headings_are_the_notebooks_in_order(lesson, minutes):
    plan = rows(section(page("teaching", lesson), f"{minutes} minutes"))
    assert sum(int(row[0]) for row in plan) == minutes and all(len(row) == 4 and all(row) for row in plan)
    there, at = [bare(heading) for heading in headings(lesson)], 0
    for row in plan:
        for named in row[2].split(";"):
            if named.strip() != "(below)":
                assert bare(named) in there[at:], named
                at = there.index(bare(named), at)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_vote_has_four_options_one_of_them_right_and_says_of_each_why(lesson):
    vote = section(page("teaching", lesson), "Vote")
    question, _, answers = vote.partition("<details>")
    assert re.findall(r"^- ([A-D])\. \S", question, re.M) == list("ABCD") and "?" in question
    assert len(re.findall(r"\*\*([A-D]) is right\.?\*\*", answers)) == 1
    assert set(re.findall(r"\*\*([A-D])\b", answers)) == set("ABCD")


@pytest.mark.parametrize("path", sorted([*(ROOT / "teaching").glob("*.md"), *(ROOT / "exercises" / "rubrics").glob("*.md")]), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            target, _, anchor = link.partition("#")
            there = (path.parent / target).resolve() if target else path
            assert there.exists(), link
            if anchor:
                titles = [re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-") for line in there.read_text(encoding="utf-8").split("\n") if line.startswith("#")]
                assert anchor in titles, link


# ---------------------------------------------------------------- the term

def test_the_term_plan_counts_as_the_course_does():
    plan, readme = (ROOT / "teaching" / "README.md").read_text(encoding="utf-8"), (ROOT / "README.md").read_text(encoding="utf-8")
    read = [int(each) for each in re.search(r"table\]\(\.\./README\.md#lessons\): ([\d +]+) = (\d+) minutes", plan)[1].split("+")]
    computed = [int(each) for each in re.search(r"computing: ([\d +]+) = (\d+) seconds", plan)[1].split("+")]
    for lesson, minutes, seconds in zip(SEVEN, read, computed, strict=True):
        row = next(line for line in readme.split("\n") if line.startswith("|") and f"{lesson}.ipynb" in line)
        assert re.search(rf"\b{minutes}\b", row) and re.search(rf"\b{seconds}\b", row), row
    assert f"= {sum(read)} minutes, {sum(read) // 60}:{sum(read) % 60:02} " in plan and f"= {sum(computed)} seconds" in plan
    seven, ten = rows(section(plan, "Seven weeks")), rows(section(plan, "Ten weeks"))
    split = {}
    for told in filter(None, (re.fullmatch(r"exercises (\d\d), tasks ([\d, ]+?)(?: to (\d+))?", row[3]) for row in ten)):
        tasks = [int(task) for task in told[2].split(", ")]
        split.setdefault(told[1], []).extend(range(tasks[0], int(told[3]) + 1) if told[3] else tasks)
    assert {lesson: sorted(tasks) for lesson, tasks in split.items()} == {
        lesson[:2]: list(range(1, 1 + sum(bool(meta.get("grade")) for *_, meta in exercise(lesson)))) for lesson in SEVEN if lesson[:2] in ("06", "07")}, "each task in one week"
    code = words = 0.0
    for row, lesson, minutes in zip(seven, SEVEN, read, strict=False):
        told = [meta for _, _, _, meta in exercise(lesson) if meta.get("grade")]
        hand = [meta["points"] for meta in told if meta["solution"]]
        assert row[2].startswith(f"{minutes // 60}:{minutes % 60:02} ")
        many, points, few, most = map(int, re.fullmatch(r"(\d+)[^(]*\((\d+)[^)]*\), (\d+)[^(]*\((\d+)\)", row[4]).groups())
        assert (many, points, few, most) == (len(told) - len(hand), sum(meta["points"] for meta in told) - sum(hand), len(hand), sum(hand)), lesson
        code, words = code + points, words + most
    assert seven[-1][4] == f"{code:.0f} + {words:.0f} = {code + words:.0f} points" and f"{code + words:.0f} points" in ten[-1][4]
    assert seven[-1][1] == f"{7 * 90 // 60}:{7 * 90 % 60:02}" and ten[-1][1] == f"{10 * 90 // 60}:00"
    grading = (ROOT / "exercises" / "README.md").read_text(encoding="utf-8")
    seconds = float(re.search(r"`make grade` took ([\d.]+) seconds a submission", plan)[1])
    assert f"| `make grade` | {seconds:g} |" in grading and f"For 30 learners that is {30 * seconds:.0f} seconds" in plan
    assert f"{30 * len(SEVEN)} answers a term for 30 learners" in plan
    told = [meta for *_, meta in exercise(BONUS) if meta.get("grade")]
    hand = [meta for meta in told if meta["solution"]]
    minutes = re.search(rf"\b{BONUS}\.ipynb.*?(\d+)&nbsp;min", readme)[1]
    assert (f"Lesson 08 is a bonus: {minutes} minutes to read, {len(told) - len(hand)} tasks in code ({sum(meta['points'] for meta in told if not meta['solution']):g} points) "
            f"and {len(hand)} in words ({sum(meta['points'] for meta in hand):g})") in plan


# ---------------------------------------------------------------- rubrics

@pytest.mark.parametrize("lesson", LESSONS)
def test_a_rubric_is_of_the_question_that_is_asked(lesson):
    text = page("exercises/rubrics", lesson)
    question = next(source for _, name, source, _ in exercise(lesson) if name == "explain-text")
    quoted = re.search(r"^# .*\n\n> (.*)\n\n## What earns points\n", text)[1]
    assert quoted == question.partition("\n\n")[2].strip()
    assert [row[0] for row in rows(section(text, "What earns points"))] == ["2", "1", "0"]
    most = next(meta["points"] for _, name, _, meta in exercise(lesson) if name == "explain")
    assert most == 2 and re.findall(r"^## (.*)$", text, re.M) == ["What earns points", "Three answers", "A comment to paste"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_three_answers_have_their_marks_and_why(lesson):
    answers = section(page("exercises/rubrics", lesson), "Three answers")
    assert re.findall(r"^### Answer (\d): (\d) points?$", answers, re.M) == [("1", "2"), ("2", "1"), ("3", "0")]
    for part in answers.split("\n### ")[1:]:
        quoted = " ".join(line[2:] for line in part.split("\n") if line.startswith("> "))
        assert len(quoted.split()) >= 15 and re.search(r"^Why: .*\((a|b|c)\)", part, re.M), part


@pytest.mark.parametrize("lesson", LESSONS)
def test_comments_name_headings_that_the_lesson_has(lesson):
    there = {bare(heading) for heading in headings(lesson)}
    comments = section(page("exercises/rubrics", lesson), "A comment to paste")
    assert "**1 point**" in comments and "**0 points" in comments
    named = [bare(each) for each in re.findall(r"\*([^*]+)\*", comments.replace("**", ""))]
    assert named and set(named) <= there, set(named) - there


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_page_leads_to_its_own_lessons_rubric_exercises_and_notebook(lesson):
    """Another lesson's may stand in the running text, named by its number; what the page says to take is of its own."""
    for words, where in re.findall(r"\[([^]]+)\]\(([^)#]+)\)", page("teaching", lesson)):
        if re.search(r"(?i)^(?:the rubric|exercises|the exercises|the lesson(?: with its outputs)?|the notebook)$", words):
            assert lesson in where, f"[{words}]({where})"


def test_neither_is_handed_out():
    for name in ("teaching/README.md", *(f"teaching/{lesson}.md" for lesson in LESSONS), *(f"exercises/rubrics/{lesson}.md" for lesson in LESSONS)):
        assert (ROOT / name).exists() and not handout.packed(name)
