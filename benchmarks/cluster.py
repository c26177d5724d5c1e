"""A class graded by processes of the run and by Dask's workers on this machine, and on paper by more machines than there are here.

What one submission costs is measured: processor time in all, what of it the one process takes that writes the gradebook, what Dask's
scheduler takes to hand it out, what the rest of a run takes, how many bytes travel. The arithmetic with these is compared with the runs, and then done for larger classes.

    python benchmarks/cluster.py [--students 200] [--renew]
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from classroom import LESSON, copy_course, hand_in, solved  # noqa: E402
from page import report  # noqa: E402

CORES = os.cpu_count() or 1
WAYS = {"processes of the run, two": [], **{f"Dask, {number} worker{'s' if number > 1 else ''}": ["--workers", f"local:{number}"] for number in (1, 2, 4)}}
PARTS = """
import json, sys, time
from exercises.grading import cluster, judge, run
lesson, students = sys.argv[1], sys.argv[2:]
course, config = run.release.coursedir()
needs = run.RunAndJudge(config=config).needs(lesson, course.db_url)
began = time.perf_counter()
packet = [run.submission(lesson, student, needs) for student in students][0]
packs = (time.perf_counter() - began) / len(students)
said = judge.verdict(packet)
run.grade_one(lesson, students[0], "bubblewrap", [], said)
began = time.perf_counter()
for student in students:
    assert not run.grade_one(lesson, student, "bubblewrap", [], said).problem
writes = (time.perf_counter() - began) / len(students)
with cluster.Crew("local:2", "bubblewrap", lambda *words, **_: None) as crew:
    def hand_out(number):
        began = time.perf_counter()
        futures = [crew.client.submit(len, packet + b"%d" % i, pure=False) for i in range(number)]
        crew.client.gather(futures)
        return (time.perf_counter() - began) / number
    hand_out(50)
    hands = hand_out(1000)
print(json.dumps({"writes": writes, "hands": hands + packs, "there": len(packet), "back": len(said)}))
"""


def busy():
    """Seconds that the processors of this machine have worked: a sandbox is killed, so it doesn't count among a process's children."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system


def timed(course, *arguments):
    """(seconds, seconds of processor time of the whole machine, what it said) of the course's command."""
    used, began = busy(), time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=course, capture_output=True, text=True)
    took = time.perf_counter() - began
    assert done.returncode == 0, done.stdout + done.stderr
    return took, busy() - used, done.stdout


def duration(seconds):
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--renew", action="store_true", help="put the tables into benchmarks/README.md")
    options = parser.parse_args()
    n, took, used = options.students, {}, {}
    names = [f"s{i:04}" for i in range(n)]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            hand_in(Path(folder, "class"), name, solved())
        hand_in(Path(folder, "one"), names[0], solved())
        start = {}
        for way, arguments in WAYS.items():
            course = copy_course(Path(folder, f"course-{len(took)}"))
            start[way] = timed(course, "-m", "exercises.grading", LESSON, f"{folder}/one", *arguments)[:2]
            idle = timed(course, "-m", "exercises.grading", LESSON, f"{folder}/one")[0]
            took[way], used[way], _ = timed(course, "-m", "exercises.grading", LESSON, f"{folder}/class", *arguments)
            print(f"{way}: {took[way]:.0f} s, {used[way] / n:.2f} s of processor time a submission", flush=True)
        again = (timed(course, "-m", "exercises.grading", LESSON, f"{folder}/class")[0] - idle) / (n - 1)
        parts = json.loads(timed(course, "-c", PARTS, LESSON, *names[:60])[2].splitlines()[-1])
    from common import where
    two = "Dask, 2 workers"
    cost = (used[two] - start[two][1]) / (n - 1)  # of one submission more
    fixed = start[two][0] - cost

    def model(students, workers, cores=None):
        """Seconds for a class, and what they are spent on."""
        parallel = cost / min(workers, cores) if cores else (cost - parts["writes"]) / workers
        slowest = max((parallel, "the workers"), (parts["writes"], "the one process that writes the gradebook"), (parts["hands"], "the scheduler"))
        return fixed + students * (slowest[0] + again), slowest[1]

    report("cluster", ("", "seconds", "processor time a submission", "on paper"), [
        (way, f"{took[way]:.0f}", f"{used[way] / n:.2f} s", f"{model(n, int(way.split()[1]), CORES)[0]:.0f}" if way.startswith("Dask") else "") for way in WAYS],
        f"{n} right submissions of lesson {LESSON[:2]}'s exercises on {CORES} cores; the processor time is the whole machine's. More workers than cores "
        f"gain nothing. Two of Dask's take {used[two] / used['processes of the run, two'] - 1:.0%} more processor time than two processes of the run.", where())
    report("cluster-paper", ("submissions", "workers, a core each", "on paper", "what it waits for"), [
        (f"{students:,}", workers, duration(model(students, workers)[0]), model(students, workers)[1]) for students in (2000, 20_000) for workers in (8, 32, 128)],
        f"Of one submission: {cost:.2f} s of processor time, {parts['writes']:.2f} s of them in the process that writes the gradebook; {1000 * parts['hands']:.1f} ms "
        f"to pack it and hand it out; {1000 * again:.0f} ms to take it in and to report it; {parts['there'] / 1000:.0f} kB travel to the worker and {parts['back'] / 1000:.0f} kB back, "
        f"{(parts['there'] + parts['back']) * 20_000 / 1e6:.0f} MB for 20,000. Until the first is graded: {fixed:.0f} s.", where())


if __name__ == "__main__":
    main()
