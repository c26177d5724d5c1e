"""What `import utils` does and leaves: nothing that is not needed yet, and everything that d2l has."""
import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(code, **env):
    """Run a program in the repository's root, in a fresh process without this one's settings; return what it prints."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True,
                          env={**bare, "MPLBACKEND": "agg", "COURSE_DATA": "sample", **env})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.long("starts PyTorch anew")
def test_nothing_is_imported_before_it_is_needed_and_waiting_threads_sleep():
    """A whole training, a picture and a checkpoint, and neither torchvision nor d2l nor pandas."""
    code = """
import utils, sys, tempfile, os
print(os.environ["OMP_WAIT_POLICY"])
from torch import nn
train_iter, test_iter = utils.load_data_fashion_mnist(256)
import torch
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
updater = torch.optim.SGD(net.parameters(), lr=0.1)
utils.train(net, train_iter, test_iter, nn.CrossEntropyLoss(), 1, updater)
utils.predict_ch3(net, test_iter)
utils.save_checkpoint(os.path.join(tempfile.mkdtemp(), "c.pt"), net, updater)
hasattr(utils, "no such name"), dir(utils)
print([name for name in ("torchvision", "d2l.torch", "pandas") if name in sys.modules])
"""
    first, *_, last = run(code).splitlines()
    assert first == "PASSIVE" and last == "[]"


def test_waiting_threads_sleep_whichever_module_comes_first():
    ours = {path.stem for path in ROOT.glob("*.py")}
    for module in ("utils", "guards", "image_data", "pictures", "explore", "handwriting"):
        assert set(early_names(module)) & ours, f"{module}.py imports torch before a module that sets how its threads wait"


def early_names(module):
    """What a module imports before torch."""
    for node in ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8")).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] == "torch" for name in names):
            return
        yield from names


@pytest.mark.parametrize("own", [{"OMP_WAIT_POLICY": "ACTIVE"}, {"GOMP_SPINCOUNT": "100"}, {"KMP_BLOCKTIME": "200"}, {"OMP_WAIT_POLICY": ""}])
def test_a_users_own_choice_is_left_alone(own):
    said = run("import compat, os; print({n: v for n, v in os.environ.items() if n.startswith(('OMP_W', 'GOMP', 'KMP'))})", **own)
    assert said == str(own)


def test_threads_that_wait_sleep_in_every_place_that_starts_kernels():
    assert "OMP_WAIT_POLICY" in (ROOT / "hub" / "jupyterhub_config.py").read_text()
    assert '"OMP_WAIT_POLICY": "PASSIVE"' in (ROOT / "exercises" / "grading" / "sandbox.py").read_text()
    assert os.environ["OMP_WAIT_POLICY"], "conftest.py"
    if os.name == "posix":
        for own, expected in ((None, "PASSIVE"), ("ACTIVE", "ACTIVE")):
            env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | ({"OMP_WAIT_POLICY": own} if own else {})
            said = subprocess.run([ROOT / "binder" / "start", sys.executable, "-c", "import os; print(os.environ['OMP_WAIT_POLICY'])"],
                                  env=env, capture_output=True, text=True, check=True)
            assert said.stdout.strip() == expected


@pytest.mark.long("starts PyTorch anew")
def test_all_that_d2l_has_is_here_by_name_by_tab_and_by_star_and_ours_goes_before():
    """One process for all of it, as importing d2l takes seconds."""
    code = """
import utils, json, sys
for name in ("Tiner", "_private", "__wrapped__", "_repr_html_"):
    try:
        getattr(utils, name)
        print("found")
    except AttributeError as error:
        assert str(error) == f"module 'utils' has no attribute '{name}'", error
assert "d2l.torch" not in sys.modules, "asking alone imports nothing"
before = set(dir(utils))
assert "d2l.torch" not in sys.modules, "nor does the list of names"
names = {}
exec("from utils import *", names)
from IPython.core.completer import IPCompleter
from d2l import torch as d2l
theirs = {name for name in vars(d2l) if not name.startswith("_")}
missing = [name for name in theirs if not hasattr(utils, name)]
ours = ["train", "accuracy", "load_data_mnist", "ImageSet", "show_images", "History", "train_ch3", "device", "in_notebook"]
completer = IPCompleter(shell=None, namespace={"utils": utils}, global_namespace={"utils": utils})
completer.use_jedi = False
tab = completer.complete(line_buffer="utils.Tim", text="utils.Tim")[1]
for name in ("accuracy", "evaluate_accuracy", "train_epoch_ch3", "train_ch3", "predict_ch3", "Animator", "show_images",
             "load_data_fashion_mnist", "get_fashion_mnist_labels", "evaluate_loss", "use_svg_display"):
    assert names[name] is getattr(utils, name), name
    assert getattr(utils, name) is not getattr(d2l, name) or name == "use_svg_display", name
assert utils.Timer is names["Timer"] is d2l.Timer and utils.sgd is d2l.sgd and isinstance(d2l.Timer().stop(), float)
d2l.use_svg_display(); d2l.set_figsize()
print(json.dumps([sorted(theirs - before), missing, sorted(theirs - set(names)), [n for n in ours if n not in names or n not in before], tab]))
"""
    unseen, missing, not_starred, ours, tab = json.loads(run(code).splitlines()[-1])
    assert unseen == missing == not_starred == ours == [] and [name.rpartition(".")[2] for name in tab] == ["Timer"]


@pytest.mark.long("starts PyTorch anew")
def test_without_d2l_the_course_runs_and_says_what_is_missing(tmp_path):
    code = """
import sys
sys.modules["d2l"] = None
import utils
utils.accuracy([0, 1], [0, 1])
try:
    utils.Timer
except AttributeError as error:
    print(error)
"""
    assert run(code) == "module 'utils' has no attribute 'Timer' (d2l is not installed, which has more)"


@pytest.mark.long("starts PyTorch anew")
@pytest.mark.parametrize("code", [
    "import image_data, importlib; importlib.reload(importlib.import_module('torchvision.transforms'));"
    "import utils; utils.transforms; from torchvision.transforms import v2"])
def test_torchvision_imports_afterwards_however_it_is_asked_for(code):
    assert run(f"{code}\nimport torchvision\nprint(torchvision.datasets.MNIST.__name__, torchvision.__spec__.name)") == "MNIST torchvision"
