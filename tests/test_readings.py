"""What handwriting.py reads of one page of each kind, pixel by pixel, as it was when the readings were looked at.

test_handwriting.py asks whether a network still takes what is read for the digit, which many slips in a threshold, a margin or a
kernel's size survive. Here the ink itself is compared, with what tests/readings.npz keeps; whoever changes how a page is read looks at
the new readings (they are written as a picture, too) and keeps them: `python tests/test_readings.py`.
"""
import functools
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_handwriting import KINDS, file, framed, lit, on_a_table, page, ruled

import utils
from handwriting import as_digit, read_image

KEPT = Path(__file__).with_suffix("").with_name("readings.npz")
MORE = {  # neighbours of those kinds, on the far side of a threshold
    "a speck and a crumb beside it": lambda d: file(page(d, under=lambda pen, w, h: (pen.ellipse((20, 20, 26, 26), fill=(0, 0, 0)), pen.ellipse((380, 30, 400, 48), fill=(0, 0, 0))))),
    "small, at the edge of the sheet": lambda d: file(page(d, size=(900, 700), side=120, at=(8, 570))),
    "tall and narrow": lambda d: file(page(d, size=(330, 1200), side=300, at=(15, 700))),
    "wide and low": lambda d: file(page(d, size=(1500, 320), side=290, at=(1100, 15))),
    "faint on shaded paper": lambda d: file(lit(page(d, (235, 235, 235), (205, 205, 205)), 0.8, 1)),
    "a frame and lines": lambda d: file(page(d, under=lambda pen, w, h: (framed(4, 5)(pen, w, h), ruled(44)(pen, w, h)))),
    "a sheet turned the other way": lambda d: file(on_a_table(page(d, ink=(30, 30, 120)), -8), "JPEG"),
    "light on dark, ruled": lambda d: file(page(d, (40, 60, 50), (240, 240, 240), under=ruled(40, (110, 130, 120)))),
    "thin strokes": lambda d: file(page(np.uint8(d > 200) * 255, size=(1400, 1600), side=500, at=(300, 400))),
    "two pieces": lambda d: file(page(np.where(np.arange(28)[:, None] == 13, 0, d).astype("uint8"))),
}


@functools.cache
def digits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", "sample")
        data = utils.load_data_mnist(64, normalize=False)[1].dataset
    return [data.images[int((data.labels == label).nonzero()[0])].numpy() for label in (4, 8)]


def reading(content):
    """The digit, uint8 (28, 28), and of the ink on the page: height, width, how much, and the centre's place in both directions."""
    ink = torch.as_tensor(read_image(content))
    mass = ink.sum().clamp(min=1e-6)
    places = [(ink.sum(1 - axis) * torch.arange(ink.shape[axis])).sum() / mass for axis in (0, 1)]
    return np.uint8(as_digit(ink)[0] * 255), np.array([*ink.shape, mass, *places], "float32")


ALL = {kind: (make, i % 2) for i, (kind, make) in enumerate((KINDS | MORE).items())}  # a four or an eight


@pytest.mark.parametrize("kind", ALL)
def test_a_page_of_this_kind_is_read_as_it_was(kind):
    make, i = ALL[kind]
    digit, page_ = reading(make(digits()[i]))
    kept = np.load(KEPT)
    assert np.allclose(page_, kept[f"{kind}: page"], rtol=0.004, atol=0.3), (page_.tolist(), kept[f"{kind}: page"].tolist())
    assert np.abs(digit.astype(int) - kept[f"{kind}: digit"]).max() <= 8


def test_nothing_is_kept_that_is_not_tried():
    assert {name.rpartition(": ")[0] for name in np.load(KEPT)} == set(ALL)


if __name__ == "__main__":
    found, pair = {}, digits()
    for kind, (make, i) in ALL.items():
        found[f"{kind}: digit"], found[f"{kind}: page"] = reading(make(pair[i]))
    np.savez_compressed(KEPT, **found)
    rows = [found[f"{kind}: digit"] for kind in ALL]
    rows += [np.zeros((28, 28), "uint8")] * (-len(rows) % 12)
    sheet = np.concatenate([np.concatenate(rows[at:at + 12], 1) for at in range(0, len(rows), 12)])
    Image.fromarray(255 - sheet).resize((sheet.shape[1] * 2, sheet.shape[0] * 2)).save(KEPT.with_suffix(".png"))
    print(f"{len(ALL)} readings; look at {os.path.relpath(KEPT.with_suffix('.png'))}, which git ignores")
