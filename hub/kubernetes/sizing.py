"""How much memory and how many nodes a class takes: the table of README.md, from what was measured and what values.yaml says.

    python hub/kubernetes/sizing.py --students 500 --cores 16 --memory 64
"""
import argparse
import json
import math
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent.parent / "benchmarks" / "results"
FOR_THE_SYSTEM = 0.1  # of a node's memory and cores: its own programs, by assumption
AT_ONCE = {"an ordinary evening": 0.2, "the evening before a due date": 0.5, "everybody, in class or an examination": 1.0}  # by assumption
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}  # as JupyterHub reads them


def size(text):
    """Bytes of "1G"."""
    return int(float(text[:-1]) * UNITS[text[-1]]) if str(text)[-1] in UNITS else int(text)


def measured():
    """(MB of an idle server, [MB of each lesson], [its seconds]), of millions of bytes."""
    idle, lessons = (json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in ("hub-logins", "lessons"))
    column = {head: [float(row[i]) for row in table["rows"]] for table in (idle, lessons) for i, head in enumerate(table["heads"])}
    return column["MB an idle server"][0], column["MB"], column["s"]


def values(path=HERE / "values.yaml"):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def fit(cores, memory, singleuser):
    """(by memory, by cores): how many students a node of so many cores and GiB has places for."""
    left = 1 - FOR_THE_SYSTEM
    return math.floor(left * memory * (1 << 30) / size(singleuser["memory"]["guarantee"])), math.floor(left * cores / singleuser["cpu"]["guarantee"] + 1e-9)


def rows(students, cores, memory):
    """[(when, students at once, GB that lessons take, GiB that are promised, nodes)], the places kept free included."""
    idle, lessons, _ = measured()
    settings = values()
    free = settings["scheduling"]["userPlaceholder"]["replicas"]
    each = min(fit(cores, memory, settings["singleuser"]))
    for when, share in AT_ONCE.items():
        at_once = math.ceil(share * students)
        yield (when, at_once, math.ceil(at_once * (idle + max(lessons)) / 1000),
               math.ceil((at_once + free) * size(settings["singleuser"]["memory"]["guarantee"]) / (1 << 30)), math.ceil((at_once + free) / each))


def table(students=500, cores=16, memory=64):
    lines = [f"| of {students} students | at once | memory that they take at most, GB | memory that is promised, GiB | nodes of {cores} cores and {memory} GiB |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {when}: {share:.0%} | {at_once} | {takes} | {promised} | {nodes} |"
              for (when, at_once, takes, promised, nodes), share in zip(rows(students, cores, memory), AT_ONCE.values())]
    return "\n".join(lines) + "\n"


def node_hours(students, hours, sessions, cores, memory):
    """(hours of one student's server, node-hours of all): `hours` of work in so many `sessions`, and after each what the clocks let it idle."""
    settings = values()
    clocks = dict(each.lstrip("-").split("=") for each in settings["hub"]["config"]["Spawner"]["args"])
    idle = (int(clocks["MappingKernelManager.cull_idle_timeout"]) + int(clocks["ServerApp.shutdown_no_activity_timeout"])) / 3600
    server = hours + sessions * idle
    return server, math.ceil(students * server / min(fit(cores, memory, settings["singleuser"])))


def at_least(least, kind=int):
    """A number of the command's, that or larger."""
    def number(text):
        if not least <= kind(text) < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not from {least} on")
        return kind(text)
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=at_least(1), default=500)
    parser.add_argument("--cores", type=at_least(1), default=16, help="of a node")
    parser.add_argument("--memory", type=at_least(2), default=64, help="of a node, GiB")
    parser.add_argument("--hours", type=at_least(0, float), default=32, help="that one student works in a semester")
    parser.add_argument("--sessions", type=at_least(0), default=21, help="in how many sittings")
    options = parser.parse_args()
    print(table(options.students, options.cores, options.memory))
    by_memory, by_cores = fit(options.cores, options.memory, values()["singleuser"])
    server, nodes = node_hours(options.students, options.hours, options.sessions, options.cores, options.memory)
    print(f"A node has places for {by_memory} students by memory, {by_cores} by cores. A semester: {server:.0f} hours of each server, {nodes:,} node-hours if nodes come and go with them.")


if __name__ == "__main__":
    main()
