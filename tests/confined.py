"""Run a program where the disk or the network is not as it should be: in bubblewrap, the tool that grading uses too."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None and "CI" not in os.environ,
                                      reason="bubblewrap is not installed: sudo apt-get install bubblewrap")


def run(code, *arguments, writable, options=(), **variables):
    """Run Python `code` in the repository's root, all of the disk read-only but /tmp and the folder `writable`; return stdout.

    `options`: more of bubblewrap's, `variables`: more of the environment's.
    """
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
               "--ro-bind", str(ROOT), str(ROOT), "--ro-bind", sys.prefix, sys.prefix, "--bind", str(writable), str(writable),
               *map(str, options), "--die-with-parent", "--chdir", str(ROOT), sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, **variables})
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout
