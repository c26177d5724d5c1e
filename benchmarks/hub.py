"""A class on one server: thirty logins at once, ten trainings at once, and what one greedy student does to another.

    sudo COURSE_DATA_DIR=... .venv/bin/python benchmarks/hub.py [--renew]

Real accounts (made and removed) and a real hub in a folder of its own; it needs root, a network for hub/install, and ten minutes.
"""
import os
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLASS = [f"bench-{i:02}" for i in range(30)]
STEPS = 200  # of lesson 06's network, batches of 256
THREADS = {  # how kernels compute: what is set for each of them
    "two threads that spin": {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "ACTIVE"},
    "two threads that sleep": {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
}
TRAIN = f"""
import os, time, torch
from torch import nn
torch.manual_seed(0)
X, y = torch.randn(256, 784), torch.arange(256) % 10
net = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
updater, loss = torch.optim.SGD(net.parameters(), lr=0.1), nn.CrossEntropyLoss()
def steps(n={STEPS}):
    start = time.perf_counter()
    for _ in range(n):
        updater.zero_grad(); loss(net(X), y).backward(); updater.step()
    return time.perf_counter() - start
steps(5)
"""
GREEDY = {  # what the greedy student runs, in one kernel
    "nothing": "0",
    "a training": TRAIN + "print('on', flush=True); steps(10 ** 6)",
    "eight busy loops": "import os\nfor _ in range(7):\n    if not os.fork():\n        break\nprint('on', flush=True)\nwhile True: pass",
    "processes without end": "import os, time\nprint('on', flush=True)\nwhile True:\n    try:\n        if not os.fork():\n            time.sleep(1); os._exit(0)\n"
                             "    except OSError:\n        time.sleep(0.01)",
    "files without end in the home": "print('on', flush=True)\nwhile True:\n    with open('large', 'wb') as file:\n        for _ in range(500): file.write(bytes(1 << 20))",
}


def trained(count, environment):
    """Seconds that each of so many processes took for its steps, begun together; the slowest is None after a minute."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    code = TRAIN + "print('ready', flush=True); input(); print(steps())"
    processes = [subprocess.Popen([sys.executable, "-c", code], env=bare | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    until, taken = time.monotonic() + 60, []
    for process in processes:
        try:
            taken.append(float(process.communicate(timeout=max(0.1, until - time.monotonic()))[0]))
        except subprocess.TimeoutExpired:
            process.kill()
            taken.append(None)
    return taken


def shown(taken):
    return "more than 60" if None in taken else f"{max(taken):.1f}"


def threads(report, where):
    rows = [(words, shown(trained(1, environment)), shown(trained(10, environment))) for words, environment in THREADS.items()]
    report("hub-threads", ("kernels compute with", "one alone, s", "the slowest of ten at once, s"), rows, measured=f"{STEPS} steps of a network as in lesson 06. {where}")


def resident(names):
    """Megabytes of all processes of an account, each page once (PSS), on average."""
    total = 0
    for name in names:
        for number in subprocess.run(["pgrep", "-u", name], capture_output=True, text=True).stdout.split():
            rollup = Path(f"/proc/{number}/smaps_rollup").read_text()
            total += int(rollup.partition("\nPss:")[2].split()[0])
    return total / 1024 / len(names)


def logins(classhub, hub, report, where):
    def come(name):
        begun = time.monotonic()
        person = classhub.Person(hub.url, name).start()
        return person, time.monotonic() - begun

    with ThreadPoolExecutor(len(CLASS)) as many:
        came = list(many.map(come, CLASS))
    taken = sorted(seconds for _, seconds in came)
    row = (len(CLASS), f"{taken[0]:.0f}", f"{statistics.median(taken):.0f}", f"{taken[-1]:.0f}", f"{resident(CLASS):.0f}")
    report("hub-logins", ("students who log in at once, and have a JupyterLab", "the first, s", "the median, s", "the last, s", "MB an idle server"), [row], measured=where)
    return {person.name: person for person, _ in came}


def greedy(classhub, people, report, where):
    thief, victim = people[CLASS[0]], people[CLASS[1]]
    own = victim.channels(victim.kernel())
    classhub.said(own, TRAIN)
    rows = []
    for words, code in GREEDY.items():
        kernel = thief.kernel()
        channel = thief.channels(kernel)
        if words != "nothing":
            classhub.begun(channel, code, "on")
            time.sleep(2)
        taken = [float(classhub.said(own, "print(steps())")) for _ in range(3)]
        begun = time.monotonic()
        victim.ask("GET", "api/contents")
        answer = time.monotonic() - begun
        rows.append((words, f"{statistics.median(taken):.1f}", f"{answer * 1000:.0f}"))
        channel.close()
        thief.ask("DELETE", f"api/kernels/{kernel}")
        subprocess.run(["pkill", "-KILL", "-u", thief.name, "-f", "ipykernel"], check=False)
    report("hub-greedy", ("one student runs", f"another's {STEPS} steps, s", "and a list of files, ms"), rows, measured=where)


def main():
    if os.geteuid() != 0:
        sys.exit("It makes accounts: run it as root.")
    sys.path.insert(0, str(ROOT / "tests"))
    import classhub
    from common import where
    from page import report
    threads(report, where())
    folder = classhub.class_folder()
    try:
        with classhub.names():
            course = classhub.downloaded(folder)
            done = classhub.install(course, folder / "class")
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
            for name in CLASS:
                classhub.remove(name)
                classhub.add(name, "students")
            hub = classhub.Hub(folder / "class").start()
            try:
                greedy(classhub, logins(classhub, hub, report, where()), report, where())
            finally:
                hub.stop()
    finally:
        for name in CLASS:
            classhub.remove(name)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
