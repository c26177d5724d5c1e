"""Fetch what a class on Kubernetes has in its homes for one lesson, as a zip for `make grade FROM=`. Needs kubectl, and Python alone.

    python hub/kubernetes/collect.py 04-softmax-from-scratch --namespace class     # writes 04-softmax-from-scratch.zip

It starts the pod of collect.yaml, has pack.py run there, and takes the pod away again.
"""
import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LESSONS = sorted(path.name for path in (HERE.parent.parent / "exercises" / "release").glob("*/"))


class Stop(Exception):
    """What went wrong, in a sentence."""


def kubectl(*arguments, namespace, **options):
    try:
        return subprocess.run(["kubectl", "--namespace", namespace, *arguments], **options)
    except FileNotFoundError:
        raise Stop("kubectl is not installed here, or not on the path.") from None


def asked(*arguments, namespace):
    done = kubectl(*arguments, namespace=namespace, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise Stop(f"kubectl {' '.join(arguments[:2])} failed: {(done.stderr or done.stdout).strip()[-500:]}")


def collect(lesson, target, namespace, leave_out=()):
    """Write the zip `target`, whole or not at all."""
    pod = str(HERE / "collect.yaml")
    asked("apply", "-f", pod, namespace=namespace)
    try:
        asked("wait", "pod/collect", "--for=condition=Ready", "--timeout=300s", namespace=namespace)
        handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with open(handle, "wb") as file, open(HERE / "pack.py", "rb") as program:
                # The program goes in by stdin and the zip comes out by stdout; lines about homes pass by on stderr.
                done = kubectl("exec", "-i", "collect", "--", "python", "-I", "-", lesson, "/homes", *leave_out, namespace=namespace, stdin=program, stdout=file)
            if done.returncode or not zipfile.is_zipfile(scratch):  # one that was cut off has no end
                raise Stop("The pod did not send a whole zip: see above, and collect once more.")
            with zipfile.ZipFile(scratch) as archive:
                if damaged := archive.testzip():
                    raise Stop(f"{damaged} came damaged: collect once more.")
                students = {name.partition("/")[0] for name in archive.namelist()}
                handed_in = {name.partition("/")[0] for name in archive.namelist() if not name.endswith("/")}
            os.replace(scratch, target)
        finally:
            Path(scratch).unlink(missing_ok=True)
    finally:
        kubectl("delete", "-f", pod, "--ignore-not-found", "--grace-period=1", namespace=namespace, capture_output=True)
    sum_ = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"{target}: {len(handed_in)} of {len(students)} homes have it. SHA-256 {sum_}\nNext: make grade LESSON={lesson} FROM={target}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lesson", choices=LESSONS)
    parser.add_argument("--namespace", default="class", help="the one into which the hub was installed")
    parser.add_argument("--to", type=Path, help="the zip, <lesson>.zip here by default")
    parser.add_argument("--leave-out", nargs="+", default=[], metavar="HOME", help="yours, a test account's")
    options = parser.parse_args(arguments)
    target = (options.to or Path(f"{options.lesson}.zip")).resolve()
    if target.exists():
        sys.exit(f"{target} is there already: what was collected is not overwritten. Name another with --to.")
    try:
        collect(options.lesson, target, options.namespace, options.leave_out)
    except Stop as stop:
        sys.exit(str(stop))
    except KeyboardInterrupt:
        sys.exit("Stopped; the pod is taken away, and nothing was written.")
    except OSError as error:
        sys.exit(f"{error.filename or target} can't be written ({error.strerror}).")


if __name__ == "__main__":
    main()
