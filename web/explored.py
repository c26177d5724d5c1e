"""What the web edition's Explore blocks show, written when the lessons are run, not when the site is built: `make explored`.

Each lesson is run, on the real data, with an `explore` that calls the picture once for each setting of a grid and keeps what it
draws and prints: `explored/<lesson>.<cell>.js`. Where a grid can't serve (text fields, four logits, a drawing) only the controls
are kept, and a function of explore.js or digit.js does what the lesson's does. Lesson 07's better network goes into
`explored/07-cnn.network.js`, its weights as they were trained from the lesson's seed.

    python web/explored.py [07-cnn ...]
"""
import base64
import contextlib
import io
import json
import os
import sys
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "web" / "explored"
os.environ["COURSE_DATA"] = os.environ.get("COURSE_DATA", "real")
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import explore  # noqa: E402  by way of compat, before torch
import ipywidgets as widgets  # noqa: E402
import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import pictures  # noqa: E402
import stamp  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402
from PIL import Image  # noqa: E402

# Of which values of its controls a block's pictures are made, where not of all: every so-manieth, or these.
GRIDS = {
    "03-logistic-regression.explore": {"center": 2, "threshold": 2},
    "05-softmax-concise.explore": {"lr": 4},
    "06-mlp.explore": {"hidden_units": [1, 2, 3, 4, 6, 8, 12, 16, 24, 32], "seed": [0, 1, 2, 3, 4]},
    "07-cnn.explore-maps": {"image": 5},
}
SCRIPTS = {"01-tensors.explore": "shapes", "04-softmax-from-scratch.explore": "logits"}  # functions of explore.js


def values_of(control):
    """All values that a control of explore.py can take, in order."""
    if isinstance(control, widgets.SelectionSlider):
        return list(control.options)
    if isinstance(control, widgets.FloatLogSlider):
        return [float(f"{10 ** power:.9g}") for power in np.arange(control.min, control.max + control.step / 2, control.step)]
    count = round((control.max - control.min) / control.step) + 1
    return [type(control.value)(round(control.min + i * control.step, 6)) for i in range(count)]


def described(block, controls):
    """The controls of a block as explore.js takes them: name, label, and the values of a slider or the text of a field."""
    kept = []
    for name, control in controls.items():
        entry = {"name": name, "label": control.description}
        if isinstance(control, widgets.Text):
            kept.append(entry | {"text": control.value})
            continue
        values, chosen = values_of(control), GRIDS.get(block, {}).get(name, 1)
        nearest = min(values, key=lambda value: abs(value - control.value))
        values = chosen if isinstance(chosen, list) else values[values.index(nearest) % chosen::chosen]
        kept.append(entry | {"values": values, "start": values.index(nearest)})
    return kept


def drawn(picture, setting):
    """What a picture shows at a setting: (WebP, its alternative text, what it printed)."""
    shown, printed = [], io.StringIO()

    def keep(fig, alt):
        file = io.BytesIO()
        fig.savefig(file, format="png")
        plt.close(fig)
        shown[:] = file, alt

    with pictures.shown_by(keep), contextlib.redirect_stdout(printed):
        picture(**setting)
    file, alt = shown
    webp = io.BytesIO()
    few = Image.open(file).convert("RGB").quantize(20, dither=Image.Dither.NONE)  # without loss, and no larger than a blurred one
    few.convert("RGB").save(webp, "WEBP", lossless=True, method=6)
    return webp.getvalue(), alt, printed.getvalue().strip()


def grid(picture, controls):
    """The pictures of every setting, in the order of the controls' values, each different one once."""
    files, rows = {}, []
    for setting in product(*(control["values"] for control in controls)):
        webp, alt, text = drawn(picture, dict(zip((control["name"] for control in controls), setting)))
        rows.append([files.setdefault(webp, len(files)), alt, text])
    return {"pictures": [base64.b64encode(webp).decode() for webp in files], "settings": rows}


def written(name, what, of):
    """Write one file of explored/, a script, as a page that was opened from the disk may load nothing else."""
    (HERE / f"{name}.js").write_text(f"// Written by web/explored.py.\ncourse.loaded({json.dumps(name)}, "
                                     + json.dumps(what | {"of": of}, ensure_ascii=False, separators=(",", ":")) + ");\n", encoding="utf-8")


def network(net):
    """Of a sequence of layers: each one's kind, settings and float32 weights; batch normalisation's as in `eval`."""
    layers = []
    for layer in net.cpu().eval():
        tensors = {key: value for key, value in layer.state_dict().items() if value.is_floating_point()}
        layers.append({"kind": type(layer).__name__} | {key: {"shape": list(value.shape), "data": base64.b64encode(
            value.contiguous().numpy().astype("<f4").tobytes()).decode()} for key, value in tensors.items()})
        if hasattr(layer, "eps"):
            layers[-1]["eps"] = layer.eps
    return {"layers": layers}


def run(path):
    """Run a lesson's cells in order, and write what its Explore blocks show."""
    notebook, lesson = nbformat.read(path, 4), path.stem
    of, names = {"code": stamp.code(notebook), "modules": stamp.modules(path)}, {"__name__": "lesson"}
    cell = None

    def record(picture, **controls):
        block, kept = f"{lesson}.{cell.id}", described(f"{lesson}.{cell.id}", controls)
        written(block, {"controls": kept} | ({"script": SCRIPTS[block]} if block in SCRIPTS else grid(picture, kept)), of)
        print(f"{block}: {(HERE / f'{block}.js').stat().st_size / 1e6:.2f} MB", flush=True)

    explore.explore, explore.draw_digit = record, lambda picture: written(f"{lesson}.network", network(names["better_net"]), of)
    os.chdir(ROOT / "notebooks")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            with contextlib.redirect_stdout(io.StringIO()) if "explore" not in cell.id else contextlib.nullcontext():
                exec(compile(cell.source, f"{lesson}.{cell.id}", "exec"), names)


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not sys.argv[1:] or path.stem in sys.argv[1:]:
            run(path)
