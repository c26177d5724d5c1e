"""Uploaded digits are read as a person sees them: each kind of file and of paper, and what can't be read.

A small network is trained on plain digits. Then test digits are put on paper in many ways, saved as a file, read,
and shown to it: it should get nearly as many right as of the plain ones. Always a few of the drawn sample; `-m slow`
takes a hundred, and a hundred of the real MNIST too, where COURSE_DATA_DIR or data/ has it.
"""
import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import handwriting  # noqa: E402
import utils  # noqa: E402
from handwriting import as_digit, read_image  # noqa: E402

WHITE, BLACK = (250, 250, 250), (20, 20, 20)


# ---------------------------------------------------------------- digits on paper

def smooth(digit, side):
    """A digit, uint8 (28, 28), as strokes with clean edges: a Pillow image, light on black."""
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(side / 80))
    return large.point([min(max((value - 60) * 255 // 110, 0), 255) for value in range(256)])


def page(digit, paper=WHITE, ink=BLACK, size=(420, 500), side=300, at=(70, 90), under=lambda pen, width, height: None):
    """A digit on a page; `under` draws what the page had on it before."""
    image = Image.new("RGB", size, paper)
    under(ImageDraw.Draw(image), *size)
    image.paste(Image.new("RGB", (side, side), ink), at, smooth(digit, side))
    return image


def ruled(step, color=(120, 140, 200), squared=False, tilt=0.0):
    def draw(pen, width, height):
        for y in range(step // 2, height, step):
            pen.line((0, y, width, y + tilt * width), fill=color, width=2)
        for x in range(step // 2, width if squared else 0, step):
            pen.line((x, 0, x - tilt * height, height), fill=color, width=2)
    return draw


def framed(inset, width, color=(0, 0, 0)):
    def draw(pen, right, bottom):
        pen.rectangle((inset, inset, right - 1 - inset, bottom - 1 - inset), outline=color, width=width)
    return draw


def lit(image, low, high, noise=0.0):
    """As lit from one side, from `low` at the left to `high` at the right, and with a camera's noise."""
    values = np.asarray(image) / 255 * np.linspace(low, high, image.width)[:, None]
    values = values + np.random.default_rng(0).normal(0, noise, values.shape)
    return Image.fromarray(np.uint8(values.clip(0, 1) * 255))


def half_in_shadow(image):
    values = np.array(image)
    values[:, :image.width // 2] = values[:, :image.width // 2] * 0.6
    return Image.fromarray(values)


def on_a_table(image, tilt):
    table = Image.new("RGB", (900, 700), (110, 70, 40))
    sheet = image.convert("RGBA").rotate(tilt, Image.Resampling.BICUBIC, expand=True)
    table.paste(sheet, (200, 60), sheet)
    return lit(table, 0.7, 1, 0.02)


def cut_out(digit, color):
    """A digit in one colour on nothing."""
    image = Image.new("RGBA", (400, 450), (*color, 0))
    image.paste(Image.new("RGBA", (300, 300), (*color, 255)), (40, 60), smooth(digit, 300))
    return image


def sixteen_bits(image, brightest=65535):
    return Image.fromarray(np.uint16(np.asarray(image.convert("L")) / 255 * brightest))


def turned(image, mark):
    """A photo as a phone saves it: lying as the sensor lay, and a mark that says how to hold it."""
    undo = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}
    exif = Image.Exif()
    exif[0x0112] = mark
    return file(image.transpose(undo[mark]) if mark in undo else image, "JPEG", exif=exif)


def file(image, kind="PNG", **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def palette(digit):
    """Black ink on a black that is transparent, in an image of two colours."""
    image = Image.fromarray(np.uint8(digit > 127), "P")
    image.putpalette([0] * 6)
    image.info["transparency"] = 0
    return image


KINDS = {
    "as it is": lambda d: file(Image.fromarray(d)),
    "dark on light, small": lambda d: file(ImageOps.invert(Image.fromarray(d))),
    "on a page": lambda d: file(page(d)),
    **{f"rotation mark {mark}": lambda d, mark=mark: turned(page(d), mark) for mark in range(1, 9)},
    "black on transparent, a palette": lambda d: file(palette(d)), "black on transparent, a GIF": lambda d: file(palette(d), "GIF", transparency=0),
    "black on transparent": lambda d: file(cut_out(d, (0, 0, 0))),
    "white on transparent": lambda d: file(cut_out(d, (255, 255, 255))),
    "16 bit": lambda d: file(sixteen_bits(page(d))),
    "16 bit, 12 used, light on dark": lambda d: file(sixteen_bits(Image.fromarray(d), 4095)),
    "shaded": lambda d: file(lit(page(d), 0.7, 0.9)),
    "shaded, photographed": lambda d: file(lit(page(d), 0.4, 0.9, 0.02), "JPEG"),
    "half in shadow": lambda d: file(half_in_shadow(page(d)), "JPEG"),
    "border at the rim": lambda d: file(page(d, under=framed(0, 3))),
    "border inset": lambda d: file(page(d, under=framed(15, 3))),
    "border inset, light on dark": lambda d: file(ImageOps.invert(page(d, under=framed(8, 2)))),
    "thick border": lambda d: file(page(d, under=framed(0, 30))),
    "in a box of a form": lambda d: file(page(d, size=(700, 500), side=160, at=(230, 160), under=lambda pen, w, h: pen.rectangle(
        (215, 150, 405, 330), outline=(0, 0, 0), width=3))),
    "ruled": lambda d: file(page(d, under=ruled(36))),
    "ruled in black": lambda d: file(page(d, under=ruled(50, (20, 20, 20)))),
    "ruled, tilted": lambda d: file(page(d, under=ruled(40, (60, 60, 90), tilt=0.04))),
    "squared": lambda d: file(page(d, under=ruled(30, squared=True))),
    "squared, tilted, shaded": lambda d: file(lit(page(d, under=ruled(35, squared=True, tilt=0.03)), 0.6, 0.9, 0.01), "JPEG"),
    "red on blue": lambda d: file(page(d, (60, 90, 200), (220, 60, 60)), "JPEG"),
    "yellow on white": lambda d: file(page(d, (255, 255, 255), (255, 230, 0)), "JPEG"),
    "pencil": lambda d: file(lit(page(d, (225, 225, 225), (165, 165, 165)), 0.9, 1, 0.03), "JPEG"),
    "noise, JPEG quality 30": lambda d: file(lit(page(d), 0.95, 1, 0.08), "JPEG", quality=30),
    "corner of a large photo": lambda d: file(page(d, size=(1600, 1200), side=150, at=(1400, 60)), "JPEG"),
    "light on dark": lambda d: file(lit(page(d, (60, 80, 70), (230, 230, 230)), 0.6, 1), "JPEG"),
    "sheet on a table": lambda d: file(on_a_table(page(d), 5), "JPEG"),
}


def network(source):
    """A small network trained on plain digits, and 100 test digits, uint8 (100, 28, 28), with their labels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", source)
        train_iter, test_iter = utils.load_data_mnist(64, normalize=False)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.BatchNorm2d(16), nn.ReLU(),
                        nn.Conv2d(16, 32, 5, stride=2, padding=2), nn.BatchNorm2d(32), nn.ReLU(),
                        nn.Flatten(), nn.Linear(32 * 7 * 7, 10))
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(1 if source == "real" else 5):
        for X, y in train_iter:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(X), y).backward()
            optimizer.step()
    return net.eval(), test_iter.dataset.images[:100], test_iter.dataset.labels[:100]


def right(net, digits, labels):
    with torch.no_grad():
        return net(digits).argmax(1) == labels


@pytest.fixture(scope="module", params=["sample", pytest.param("real", marks=pytest.mark.exhaustive("trains on the real MNIST, a minute"))])
def reader(request):
    folder = Path(os.environ.get("COURSE_DATA_DIR") or ROOT / "data")
    if request.param == "real" and not (folder / "MNIST" / "raw").is_dir():
        pytest.skip("The real MNIST is not here: name its folder in COURSE_DATA_DIR.")
    return network(request.param)


def read_of(reader, kind, count):
    """Of `count` digits that are read when plain, the share that is read from a file of a kind."""
    net, images, labels = reader
    known = right(net, images[:, None].float() / 255, labels).nonzero()[:count, 0]
    digits = torch.stack([as_digit(read_image(KINDS[kind](image.numpy()))) for image in images[known]])
    return right(net, digits, labels[known]).float().mean()


@pytest.mark.long("trains a network, and reads a photograph of each kind")
@pytest.mark.parametrize("kind", KINDS)
def test_a_few_digits_of_each_kind(reader, kind):
    assert read_of(reader, kind, 2) >= 0.5


@pytest.mark.exhaustive("a hundred digits of each kind, and a training on the real MNIST")
@pytest.mark.parametrize("kind", KINDS)
def test_ninety_of_a_hundred(reader, kind, request):
    """A hundred scanned digits; of the drawn ones, which are easier, a quarter of that, as it takes minutes."""
    assert read_of(reader, kind, 100 if "real-" in request.node.name else 25) >= 0.92


# ---------------------------------------------------------------- other files

SEVEN = np.zeros((28, 28), dtype=np.uint8)
SEVEN[5:8, 8:20] = SEVEN[8:23, 15:18] = 255


def shows_a_seven(content):
    seven = as_digit(torch.tensor(SEVEN / 255))
    return (as_digit(read_image(content)) - seven).abs().sum() < 0.25 * seven.sum()


@pytest.mark.parametrize("mode, kind", [("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("P", "GIF"), ("RGBA", "PNG"),
                                        ("RGBA", "WEBP"), ("CMYK", "JPEG"), ("YCbCr", "JPEG"), ("L", "BMP"), ("CMYK", "TIFF"),
                                        ("I", "TIFF"), ("F", "TIFF")])
def test_every_way_to_store_an_image(mode, kind):
    assert shows_a_seven(file(page(SEVEN).convert("L" if mode in "IF" else "RGB").convert(mode), kind))


def test_of_a_moving_picture_the_first_is_read():
    assert shows_a_seven(file(page(SEVEN), "GIF", save_all=True, append_images=[page(SEVEN.T)]))


def test_a_page_with_see_through_corners_is_a_page():
    corners = Image.new("L", (420, 500))
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, 419, 499), 60, fill=255)
    image = page(SEVEN).convert("RGBA")
    image.putalpha(corners)
    assert shows_a_seven(file(image))


def test_a_photo_of_many_pixels_is_read():
    photo = page(SEVEN, size=(4000, 3000), side=900, at=(1500, 900))
    assert shows_a_seven(file(photo, "JPEG")) and shows_a_seven(file(photo))


def test_thin_strokes_become_as_thick_as_mnists():
    image = Image.new("L", (900, 900), 255)
    ImageDraw.Draw(image).line((250, 200, 600, 200, 420, 750), fill=0, width=8)
    assert as_digit(read_image(file(image))).sum() > 45  # of 20 + 12 pixels' length, about two wide


@pytest.mark.parametrize("width", [4, 8, 16, 24, 32, 40])
def test_a_stroke_of_any_width_comes_out_about_as_thick(width):
    """A tenth of the digit: thinner ones are thickened to that, also those that lack little."""
    image = Image.new("L", (900, 900), 255)
    ImageDraw.Draw(image).line((250, 200, 600, 200, 420, 750), fill=0, width=width)
    assert 42 < as_digit(read_image(file(image))).sum() < 75


def test_a_straight_upright_one_is_no_ruled_line():
    image = Image.new("L", (400, 400), 255)
    ImageDraw.Draw(image).line((200, 30, 200, 370), fill=0, width=12)
    digit = as_digit(read_image(file(image)))[0]
    assert (digit.sum(1) > 0.5).sum() == 20 and (digit.sum(0) > 0.5).sum() <= 4


@pytest.mark.parametrize("image", [
    *(Image.new("L", (300, 400), value) for value in (0, 128, 255)), Image.new("RGB", (300, 400), (200, 40, 40)),
    Image.new("RGBA", (60, 60), (0, 0, 0, 0)), Image.new("L", (1, 1), 100), Image.new("L", (3000, 1), 100),
    lit(Image.new("RGB", (300, 400), WHITE), 0.4, 1), lit(Image.new("RGB", (300, 400), WHITE), 0.9, 1, 0.05),
    page(SEVEN * 0, under=ruled(36)), page(SEVEN * 0, under=framed(15, 3)), page(SEVEN * 0, under=ruled(36, squared=True)),
    sixteen_bits(Image.new("L", (50, 50), 9))], ids=lambda image: f"{image.mode} {image.size}")
def test_a_page_without_ink_is_empty(image):
    assert not as_digit(read_image(file(image))).any()


def test_grain_is_no_ink_though_some_of_it_runs_across():
    grain = torch.randn(1, 120, 90, generator=torch.Generator().manual_seed(109))
    assert not handwriting._ink((0.5 + 0.1 * grain).clamp(0, 1) * torch.linspace(0.6, 1, 90)).any()


CUT = file(lit(page(SEVEN), 0.7, 0.9, 0.1))


@pytest.mark.parametrize("content, says", [
    (b"", "empty"), (b"%PDF-1.7 ...", "PDF"), (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"), (b"\0\0\0\x20ftypisom", "video"),
    (b"<?xml version='1.0'?><svg/>", "SVG"), (b"<!DOCTYPE html><html>", "web page"), (b"PK\x03\x04", "archive"),
    (b"some words", "no image"), (CUT[:len(CUT) // 2], "damaged"), (b"%!PS-Adobe-3.0 EPSF-3.0\n", "no image"),
    (file(Image.new("1", (20_000, 20_000))), "too many pixels")], ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_read_is_told_in_one_sentence(content, says):
    with pytest.raises(ValueError, match=says) as told:
        read_image(content)
    assert "PNG or JPEG" in str(told.value) or "smaller" in str(told.value)
    assert str(told.value).endswith(".") and str(told.value).count(".") == 1


def test_a_line_that_becomes_one_pixel_wide_keeps_its_gaps():
    """PyTorch's antialiasing fills a result of width 1 with its first value; a thin 1 lost its gap and its slope of grey."""
    ink = np.zeros((161, 8), "float32")
    ink[:60, 3:5], ink[100:, 3:5] = 1, 0.5
    digit = as_digit(ink)[0]
    column = digit[:, digit.sum(0).argmax()]
    assert (digit.sum(0) > 0).sum() == 1
    used = column[column.nonzero()[0]:column.nonzero()[-1] + 1]
    assert used[:6].min() > 0.9 and used[9:11].max() < 0.1 and 0.4 < used[-5:].min() <= used[-5:].max() < 0.6
    flat = as_digit(ink.T)[0]
    assert torch.allclose(flat[flat.sum(1).argmax()].sort()[0], column.sort()[0], atol=1e-5)


# ---------------------------------------------------------------- its tools, against plain sums

RANDOM = np.random.default_rng(1).random((11, 17)).astype("float32")


def windowed(image, rows, columns, of=np.max):
    """A window's largest value at each point; what is beyond the rim isn't in it."""
    image = np.pad(image.astype("float32"), ((rows, rows), (columns, columns)), constant_values=-np.inf if of is np.max else np.inf)
    return of(np.lib.stride_tricks.sliding_window_view(image, (2 * rows + 1, 2 * columns + 1)), (2, 3))


@pytest.mark.parametrize("rows, columns", [(2, 1), (0, 3), (1, 0), (2, None), (0, None)])
def test_growing_and_shrinking_take_the_largest_and_the_smallest_around(rows, columns):
    image, wide = torch.from_numpy(RANDOM - 0.5), rows if columns is None else columns
    assert np.array_equal(handwriting._grown(image, rows, columns), windowed(RANDOM - 0.5, rows, wide))
    assert np.array_equal(handwriting._shrunk(image, rows, columns), windowed(RANDOM - 0.5, rows, wide, np.min))
    assert np.array_equal(handwriting._grown(image > 0, rows, columns), windowed(RANDOM > 0.5, rows, wide))


@pytest.mark.parametrize("times", [2, 8])
def test_smaller_is_the_mean_of_each_block_also_of_one_that_is_cut_off(times):
    h, w = RANDOM.shape
    means = [[RANDOM[i:i + times, j:j + times].mean() for j in range(0, w, times)] for i in range(0, h, times)]
    assert np.allclose(handwriting._smaller(torch.from_numpy(RANDOM), times), means, atol=1e-6)


@pytest.mark.parametrize("shape", [(11, 17), (17, 11), (5, 5)])
def test_a_closing_fills_what_is_thinner_than_a_third(shape):
    image = np.random.default_rng(2).random(shape).astype("float32")
    reach = max(shape) // 6
    assert np.array_equal(handwriting._closed(torch.from_numpy(image)), windowed(windowed(image, reach, reach), reach, reach, np.min))


@pytest.mark.parametrize("shape", [(9, 14), (14, 9), (6, 1), (1, 6)])
def test_a_shade_is_the_surface_of_second_degree_that_is_nearest(shape):
    image = np.random.default_rng(3).random(shape).astype("float32") + 0.5
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) if side > 1 else np.array([-1.0]) for side in shape), indexing="ij")
    terms = np.stack([np.ones(shape), x, y, x * y, x * x, y * y], -1).reshape(-1, 6)
    nearest = (terms @ np.linalg.lstsq(terms, image.ravel(), rcond=None)[0]).reshape(shape)
    assert np.allclose(handwriting._shade(torch.from_numpy(image)), nearest, atol=1e-4)
    dark = handwriting._shade(torch.from_numpy(image) - 2)
    assert np.allclose(dark, 0.05)  # and no shade is black, as it is divided by


@pytest.mark.parametrize("shape", [(11, 17), (16, 10)])
@pytest.mark.parametrize("degrees", [0.0, 4.5, -20.0, 90.0])
def test_turning_takes_each_point_from_where_it_was(shape, degrees):
    image = np.random.default_rng(4).random(shape).astype("float32")
    (h, w), angle = shape, np.deg2rad(degrees)
    expected = np.zeros(shape)
    for i in range(h):
        for j in range(w):
            y, x = i + 0.5 - h / 2, j + 0.5 - w / 2
            down, right = np.sin(angle) * x + np.cos(angle) * y + h / 2 - 0.5, np.cos(angle) * x - np.sin(angle) * y + w / 2 - 0.5
            for a in (int(np.floor(down)), int(np.floor(down)) + 1):
                for b in (int(np.floor(right)), int(np.floor(right)) + 1):
                    if 0 <= a < h and 0 <= b < w:
                        expected[i, j] += image[a, b] * (1 - abs(down - a)) * (1 - abs(right - b))
    images = torch.from_numpy(image)[None, None].expand(2, -1, -1, -1)
    turned_ = handwriting._turned(images, torch.tensor([degrees, 0.0]))
    assert np.allclose(turned_[0, 0], expected, atol=2e-5) and np.allclose(turned_[1, 0], image, atol=2e-5)


def test_the_box_of_what_a_mask_holds():
    mask = torch.zeros(9, 12)
    mask[3, 5] = mask[6, 2] = mask[4, 10] = 0.5
    assert handwriting._box(mask) == (3, 7, 2, 11) and handwriting._box(torch.ones(2, 3)) == (0, 2, 0, 3)


def test_a_single_pixel_in_the_first_corner_is_a_piece_too():
    mask = torch.zeros(4, 4)
    mask[0, 0] = mask[3, 1:] = 1
    row, corner = handwriting._pieces(mask)
    assert row.nonzero().tolist() == [[3, 1], [3, 2], [3, 3]] and corner.nonzero().tolist() == [[0, 0]]


def test_pieces_hang_together_also_by_a_corner_and_the_largest_comes_first():
    mask = torch.zeros(10, 12)
    mask[1, 1] = mask[2, 2] = mask[3, 1] = 1  # three, by their corners
    mask[6:9, 3:5] = 1  # six
    mask[1, 10] = 1
    pieces = handwriting._pieces(mask > 0)
    assert [int(piece.sum()) for piece in pieces] == [6, 3, 1] and torch.equal(sum(pieces), mask)
    assert pieces[0].dtype == torch.float32 and handwriting._box(pieces[0]) == (6, 9, 3, 5)
    nothing = handwriting._pieces(torch.zeros(3, 4, dtype=bool))
    assert len(nothing) == 1 and nothing[0].dtype == torch.float32 and not nothing[0].any()


def test_of_many_pieces_the_largest_twenty_are_taken():
    mask = torch.zeros(60, 60)
    for i in range(25):
        mask[2 * i, :i + 1] = 1
    assert [int(piece.sum()) for piece in handwriting._pieces(mask > 0)] == list(range(25, 5, -1))


@pytest.mark.parametrize("seed, low, high", [(0, 5, 30), (1, 30, 5), (2, 1, 20), (3, 20, 1)])
def test_otsus_threshold_parts_the_groups_that_are_most_unlike(seed, low, high):
    random = np.random.default_rng(seed)
    values = np.sort(np.r_[random.normal(0.2, 0.05, low), random.normal(0.7, 0.1, high)].astype("float32"))
    apart = [i * (len(values) - i) * (values[:i].mean() - values[i:].mean()) ** 2 for i in range(1, len(values))]
    shuffled = torch.from_numpy(random.permutation(values)).reshape(-1, 7 if len(values) == 35 else 1)
    assert float(handwriting._otsu(shuffled)) == values[int(np.argmax(apart))]


def test_otsus_threshold_of_one_value_is_that_value():
    assert float(handwriting._otsu(torch.tensor([[0.4]]))) == pytest.approx(0.4)


def test_the_deepest_value_leaves_out_one_in_two_thousand():
    values = torch.arange(2 * 4000.0).reshape(2, 40, 100)
    assert handwriting._deepest(values).tolist() == [3997, 7997]
    assert float(handwriting._deepest(values[1, :19, :99])) == 5898  # of less than 2000, the largest


@pytest.mark.parametrize("edge, grain, stands_out", [(0.07, 0, True), (0.055, 0, False), (0.5, 0.06, True), (0.5, 0.1, False)])
def test_nothing_is_ink_that_does_not_stand_out_from_the_grain(edge, grain, stands_out):
    """An edge's two sides lie six pixels apart; the grain is what half of the page's steps are above."""
    depth = torch.zeros(50, 60)
    depth[:, :40] = grain * (torch.arange(40) // 6 % 2)  # steps of this height, everywhere
    depth[20:30, 50:53] = edge
    assert handwriting._strength(depth) == (pytest.approx(edge) if stands_out else 0.0)
    assert handwriting._strength(depth[:, :6]) == 0 and isinstance(handwriting._strength(depth[:, :6]), float)


# ---------------------------------------------------------------- its steps, each on a page made for it

def large(cells, times=4, crop=2):
    """A mask of cells, each a square of pixels; the last are cut off."""
    mask = np.kron(np.asarray(cells), np.ones((times, times)))
    return torch.tensor(mask[:mask.shape[0] - crop, :mask.shape[1] - crop] > 0)


def cells_of(*boxes, shape=(50, 40)):
    cells = np.zeros(shape, "float32")
    for top, bottom, left, right in boxes:
        cells[top:bottom, left:right] = 1
    return cells


def outline(top, bottom, left, right, width=1):
    return [(top, top + width, left, right), (bottom - width, bottom, left, right), (top, bottom, left, left + width), (top, bottom, right - width, right)]


MAIN = (15, 35, 18, 22)  # 80 cells; what is near lies within 6 of it
CROWDED = {  # the boxes on a page of 50 x 40 cells, and those of them that are the digit
    "alone": ([MAIN], [0]), "nothing but a speck": ([(9, 10, 9, 10)], [0]),
    "four cells are a speck": ([MAIN, (20, 24, 24, 25)], [0]), "five are a part": ([MAIN, (20, 25, 24, 25)], [0, 1]),
    "near below": ([MAIN, (40, 44, 18, 22)], [0, 1]), "far below": ([MAIN, (41, 45, 18, 22)], [0]),
    "near above": ([MAIN, (6, 10, 18, 22)], [0, 1]), "far above": ([MAIN, (5, 9, 18, 22)], [0]),
    "near on the right": ([MAIN, (20, 24, 27, 31)], [0, 1]), "far on the right": ([MAIN, (20, 24, 28, 32)], [0]),
    "near on the left": ([MAIN, (20, 24, 9, 13)], [0, 1]), "far on the left": ([MAIN, (20, 24, 8, 12)], [0]),
    "wide, and near below": ([(20, 24, 10, 30), (29, 33, 18, 22)], [0, 1]), "wide, and far below": ([(20, 24, 10, 30), (30, 34, 18, 22)], [0]),
    "from the top, by a point": ([(0, 25, 10, 16), (35, 39, 30, 34)], [0]), "from the top": ([(0, 25, 10, 17), (35, 39, 30, 34)], [1]),
    "from the bottom, by a point": ([(25, 50, 10, 16), (5, 9, 30, 34)], [0]), "from the bottom": ([(25, 50, 10, 17), (5, 9, 30, 34)], [1]),
    "from the left, by a point": ([(10, 16, 0, 25), (35, 39, 30, 34)], [0]), "from the left": ([(10, 17, 0, 25), (35, 39, 30, 34)], [1]),
    "from the right, by a point": ([(10, 16, 15, 40), (35, 39, 5, 9)], [0]), "from the right": ([(10, 17, 15, 40), (35, 39, 5, 9)], [1]),
    "one row from the rim": ([(1, 25, 10, 20), (35, 39, 30, 34)], [0]), "one column from it": ([(10, 20, 15, 39), (35, 39, 5, 9)], [0]),
    "one row from the bottom": ([(25, 49, 10, 20), (5, 9, 30, 34)], [0]), "one column from the left": ([(10, 20, 1, 25), (35, 39, 30, 34)], [0]),
    "from top to bottom": ([(0, 50, 10, 12), (35, 39, 30, 34)], [1]), "from left to right": ([(10, 12, 0, 40), (35, 39, 30, 34)], [1]),
    "from the left to the bottom, by points": ([(20, 23, 0, 13), (20, 50, 10, 13), (5, 9, 30, 34)], [0, 1]),
    "comes in, and all else are crumbs of two": ([(0, 25, 10, 17), (35, 37, 30, 32)], [0]), "and a piece of three": ([(0, 25, 10, 17), (35, 38, 30, 32)], [1]),
    "all come in": ([(0, 25, 10, 17), (25, 50, 30, 37)], [0]),
    "a frame": ([*outline(3, 47, 4, 36), (20, 30, 18, 22)], [4]), "a frame, thick": ([*outline(3, 47, 4, 36, 4), (20, 30, 18, 22)], [4]),
    "a frame around nothing is a nought": (outline(3, 47, 4, 36), [0, 1, 2, 3]),
    "with a dot in it too": ([*outline(5, 45, 4, 36), (20, 26, 19, 20)], [0, 1, 2, 3]), "with more than a dot": ([*outline(5, 45, 4, 36), (20, 27, 19, 20)], [4]),
    "a wide frame with a dot": ([*outline(5, 25, 0, 40)[:2], *outline(5, 25, 1, 39)[2:], (12, 18, 19, 20)], [4]),
    "a nought that another is beside": ([*outline(10, 40, 4, 20), (22, 32, 24, 26)], [0, 1, 2, 3, 4]),
    "a nought that another is below": ([*outline(4, 24, 10, 30), (28, 30, 15, 25)], [0, 1, 2, 3, 4]),
    "a nought that another is above": ([*outline(16, 36, 10, 30), (10, 12, 15, 25)], [0, 1, 2, 3, 4]),
    "a nought that another is left of": ([*outline(10, 40, 20, 36), (22, 32, 14, 16)], [0, 1, 2, 3, 4]),
    "a frame with thick bars": ([*outline(5, 45, 4, 36, 7)[:2], *outline(5, 45, 4, 36)[2:], (20, 28, 18, 22)], [4]),
    "with thicker ones it is something else": ([*outline(5, 45, 4, 36, 8)[:2], *outline(5, 45, 4, 36)[2:], (20, 28, 18, 22)], [0, 1, 2, 3, 4]),
    "with a bar it is an eight": ([*outline(5, 45, 4, 36), (22, 26, 4, 36), (10, 18, 19, 20)], [0, 1, 2, 3, 4]),
}


@pytest.mark.parametrize("case", CROWDED)
def test_of_what_is_on_a_page_this_is_the_digit(case):
    boxes, wanted = CROWDED[case]
    mask, expected = large(cells_of(*boxes)), large(cells_of(*(boxes[i] for i in wanted)))
    assert np.array_equal(handwriting._digit(mask), windowed(expected.numpy().astype("float32"), 3, 3))
    turned_ = handwriting._digit(large(cells_of(*boxes).T))
    assert np.array_equal(turned_, windowed(large(cells_of(*(boxes[i] for i in wanted)).T).numpy().astype("float32"), 3, 3))


def lying(*boxes, light=0.875, shape=(20, 25), cut=0, more=()):
    """What is light on a dark table, in blocks of eight pixels, whose means have no rounding; `more`: (how light, box)."""
    cells = np.full(shape, 0.25, "float32")
    for value, (top, bottom, left, right) in [*((light, box) for box in boxes), *more]:
        cells[top:bottom, left:right] = value
    for i, j in np.argwhere(cells == 0.25)[:1]:  # a table has a lightest place; all else on it is much darker
        cells[i, j] = 0.5
    pixels = np.kron(cells, np.ones((8, 8), "float32"))
    return torch.from_numpy(pixels[:len(pixels) - cut, :len(pixels[0]) - cut].copy())


@pytest.mark.parametrize("boxes, more, found", [
    ([(4, 16, 5, 20)], (), (4, 16, 5, 20)), ([(0, 20, 0, 25)], (), None),
    ([(0, 12, 0, 15)], (), (0, 12, 0, 15)), ([(8, 20, 9, 25)], (), (8, 20, 9, 25)), ([(0, 20, 9, 20)], (), (0, 20, 9, 20)), ([(5, 15, 0, 25)], (), (5, 15, 0, 25)),
    ([(0, 20, 9, 25)], (), None), ([(0, 20, 0, 15)], (), None), ([(8, 20, 0, 25)], (), None), ([(0, 12, 0, 25)], (), None),  # one side is dark
    ([(4, 10, 5, 20)], (), None), ([(4, 11, 5, 20)], (), (4, 11, 5, 20)), ([(4, 16, 5, 12)], (), None), ([(4, 16, 5, 13)], (), (4, 16, 5, 13)),  # three tenths
    ([(4, 14, 5, 15)], [(0.25, (4, 10, 5, 10)), (0.25, (10, 12, 5, 7))], None),  # 66 of 100 cells
    ([(4, 14, 5, 15)], [(0.25, (4, 10, 5, 10)), (0.25, (10, 13, 5, 6))], (4, 14, 5, 15)),  # 67
    ([(4, 14, 5, 15), (1, 2, 1, 18)], (), (4, 14, 5, 15)), ([(4, 14, 5, 15), (1, 2, 1, 19)], (), None),  # of all that is light 85 per cent
    ([(4, 14, 5, 15)], [(0.4375, (16, 18, 0, 24))], (4, 14, 5, 15)),  # 49 cells are half light
    ([(4, 14, 5, 15)], [(0.4375, (16, 18, 0, 24)), (0.4375, (0, 1, 0, 1))], None),  # 50, a tenth
    ([(4, 14, 5, 15)], [(0.3125, (15, 20, 0, 25))], (4, 14, 5, 15)),  # a quarter of the way is dark
    ([(1, 20, 0, 15)], (), (1, 20, 0, 15)), ([(0, 12, 1, 25)], (), (0, 12, 1, 25)),  # a little of the dark is enough
    ([(4, 14, 5, 22), (0, 2, 0, 15)], (), None)])  # 170 cells of 200
def test_a_sheet_is_a_large_light_rectangle_with_the_dark_on_two_sides(boxes, more, found):
    box = handwriting._sheet(lying(*boxes, more=more))
    assert box == (found and tuple(8 * side for side in found))
    if found:
        top, bottom, left, right = found
        assert handwriting._sheet(lying(*boxes, more=more, cut=5)) == (8 * top, min(8 * bottom, 155), 8 * left, min(8 * right, 195))


@pytest.mark.parametrize("shape, width", [((90, 40), 4), ((40, 90), 4), ((200, 60), 3), ((60, 200), 12), ((30, 30), 2), ((50, 21), 2)])
def test_strokes_become_a_tenth_of_the_digit_and_soft(shape, width):
    ink = np.zeros(shape, "float32")
    ink[5:5 + width, 5:-5] = ink[5:-5, 5:5 + width] = 0.9
    ink[-3, -3] = 0.5  # not ink enough to count
    mask = ink > 0.5
    rows, columns = np.nonzero(mask)
    thick = 2 * mask.sum() / (mask - windowed(mask, 1, 1, np.min).astype(float)).sum()
    missing = int((0.1 * max(np.ptp(rows) + 1, np.ptp(columns) + 1) - thick) / 2)
    found = handwriting._with_a_pen(torch.from_numpy(ink))
    if missing < 1:
        assert np.array_equal(found, ink)
    else:
        grown = np.pad(windowed(np.pad(ink, missing), missing, missing), 1)
        soft = np.array([[grown[i:i + 3, j:j + 3].mean() for j in range(grown.shape[1] - 2)] for i in range(grown.shape[0] - 2)])
        assert found.shape == soft.shape and np.allclose(found, soft, atol=1e-5)


def test_a_pen_leaves_alone_what_is_thick_enough_or_not_there():
    for ink in (F.pad(torch.full((90, 2), 0.5), (8, 8, 4, 4)), torch.zeros(40, 40), torch.full((40, 40), 0.5), F.pad(torch.ones(30, 5), (8, 8, 4, 4)), torch.ones(1, 1)):
        assert torch.equal(handwriting._with_a_pen(ink), ink)


# ---- the light

def surface(h, w):
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    return 0.7 + 0.1 * x - 0.05 * y + 0.04 * x * y - 0.05 * x * x


@pytest.mark.parametrize("shape", [(240, 320), (317, 203)])
@pytest.mark.parametrize("share", [0.5, 0.2])
def test_the_share_of_the_light_that_is_missing_is_the_same_all_over_the_page(shape, share):
    stroke = torch.zeros(shape)
    stroke[40:200, 60:72] = stroke[100:112, 20:180] = stroke[:12, 100:120] = stroke[-20:, -12:] = 1  # two of them at the rim
    depth = handwriting._missing_light(surface(*shape) * (1 - share * stroke))
    inside, outside = handwriting._shrunk(stroke, 2) > 0, handwriting._grown(stroke, 2) == 0
    assert depth.shape == shape and (depth[inside] - share).abs().max() < 0.04 and depth[outside].max() < 0.15 and depth.min() >= 0
    assert depth[outside].mean() < 0.03
    inner = stroke[2:-2, 2:-2].bool() & inside[2:-2, 2:-2]
    assert (depth[2:-2, 2:-2][inner] - share).abs().mean() < 0.01
    edge = depth[120, 58:62]  # from paper to stroke over three pixels
    assert torch.allclose(edge, share * torch.tensor([0, 1 / 3, 2 / 3, 1]), atol=0.03)


def test_on_black_all_the_light_is_missing():
    """Where there is none at all, it's divided by a twentieth."""
    assert torch.allclose(handwriting._missing_light(torch.full((80, 80), 0.01)), torch.tensor(0.8), atol=0.01)
    assert torch.allclose(handwriting._missing_light(torch.zeros(80, 80)), torch.tensor(1.0))


def corner_cells(small, rim):
    h, w = (1 + side // 6 for side in small)
    cells = np.zeros(small, bool)
    for rows in (slice(rim, h), slice(small[0] - h, small[0] - rim)):
        for columns in (slice(rim, w), slice(small[1] - w, small[1] - rim)):
            cells[rows, columns] = True
    return cells


@pytest.mark.parametrize("small, rim", [((25, 31), 2), ((31, 25), 2), ((24, 40), 0), ((40, 24), 0), ((12, 18), 0)])
def test_what_the_ground_is_is_seen_in_the_corners(small, rim):
    """Dark, where at least half of the corners' cells are; all that is elsewhere doesn't matter."""
    corners = corner_cells(small, rim)
    places = np.argwhere(corners)
    from_the_rim = np.minimum(np.minimum(places[:, 0], small[0] - 1 - places[:, 0]), np.minimum(places[:, 1], small[1] - 1 - places[:, 1]))
    for order in (np.argsort(from_the_rim, kind="stable"), np.argsort(-from_the_rim, kind="stable")):
        for dark, elsewhere in ((len(places) // 2, 0.9), (len(places) // 2 - 1, 0.2)):
            cells = np.full(small, elsewhere, "float32")
            cells[corners] = 0.9
            for i, j in places[order[:dark]]:
                cells[i, j] = 0.2
            channel = torch.from_numpy(np.kron(cells, np.ones((8, 8), "float32")))
            as_is, over = handwriting._missing_light(channel), handwriting._missing_light(1 - channel)
            assert handwriting._strength(as_is) and not torch.equal(as_is, over)
            assert torch.equal(handwriting._depth(channel, False), over if elsewhere == 0.9 else as_is)
            assert torch.equal(handwriting._depth(channel, True), as_is)


@pytest.mark.parametrize("ground, turned_over", [(0.39, True), (0.41, False)])
def test_a_page_is_dark_where_it_is_three_quarters_of_the_way_to_its_darkest(ground, turned_over):
    channel = torch.full((240, 240), 0.6)
    channel[:60], channel[-60:] = ground, ground
    channel[96:144, 96:144], channel[160:176, 96:144] = 0.2, 1.0
    assert torch.equal(handwriting._depth(channel, False), handwriting._missing_light(1 - channel if turned_over else channel))


def test_a_dark_page_on_which_nothing_stands_out_is_not_turned_over():
    channel = torch.full((240, 240), 0.2)
    channel[100:140, 100:104] = 0.21  # fainter than any ink
    assert torch.equal(handwriting._depth(channel, False), handwriting._missing_light(channel))


# ---- lines

@pytest.mark.parametrize("along", [0, 1])
@pytest.mark.parametrize("degrees", [-5.5, -3.0, 1.5, 6.0])
def test_a_ruled_page_is_turned_until_its_lines_are_level(along, degrees):
    page_ = torch.zeros(240, 300)
    page_[20::40] = page_[21::40] = page_[22::40] = 0.8
    page_ = page_ if along == 0 else page_.T.contiguous()
    lying_ = handwriting._turned(page_[None, None], torch.tensor([-degrees]))[0, 0]
    level = handwriting._upright(lying_)
    assert torch.equal(level, handwriting._turned(lying_[None, None], torch.tensor([degrees]))[0, 0])


@pytest.mark.parametrize("length, turned_over", [(0.56, False), (0.66, True)])
def test_a_line_is_long_and_a_page_without_one_stays_as_it_lies(length, turned_over):
    page_ = torch.zeros(240, 320)
    page_[118:122, :int(320 * length)] = 0.8
    page_[60:64, 40:60] = 0.19  # a quarter of the depth is no line
    lying_ = handwriting._turned(page_[None, None], torch.tensor([-2.0]))[0, 0]
    assert torch.equal(handwriting._upright(lying_), lying_) is not turned_over


def ruled_page(line=3, share=1.0, h=160, w=200, edge=0.0, gap=0):
    """A line across, of a height in pixels, and a bar that crosses it; what the line leaves must be the bar."""
    depth = torch.zeros(h, w)
    depth[80 - gap:80 + line + gap, :] = edge
    depth[80:80 + line, :round(share * w)] = 0.8
    bar = torch.zeros(h, w)
    bar[20:140, 60:72] = 0.8
    return torch.maximum(depth, bar), bar


@pytest.mark.parametrize("line, share, gone", [(1, 1, True), (3, 1, True), (10, 1, True), (11, 1, False), (3, 0.76, True), (3, 0.75, False), (3, 0.5, False)])
def test_a_thin_line_across_the_page_goes_and_what_crosses_it_stays_whole(line, share, gone):
    depth, bar = ruled_page(line, share)
    left = handwriting._without_lines(depth)
    assert torch.equal(left, bar if gone else depth)


@pytest.mark.parametrize("h, line, gone", [(159, 9, False), (159, 8, True), (175, 10, True), (95, 4, True), (95, 5, False), (96, 6, True), (96, 7, False)])
def test_how_thick_a_line_may_be_depends_on_the_page(h, line, gone):
    depth, bar = ruled_page(line, h=h)
    bar[-3:] = 0
    left = handwriting._without_lines(depth)
    assert torch.equal(left, depth) is not gone


def test_a_lines_soft_edges_go_with_it_and_no_more():
    depth, _ = ruled_page(edge=0.15, gap=4)
    left = handwriting._without_lines(depth)
    rows = (left[:, 100] > 0).nonzero()[:, 0].tolist()
    assert rows == [76, 77, 85, 86]  # two on each side of the line went


def test_a_stroke_is_bridged_across_a_line_as_far_as_it_may_be_thick():
    depth = torch.zeros(160, 200)
    depth[80:83] = 0.8
    depth[60:79, 60:72] = depth[84:110, 60:72] = 0.8  # cut by the line's edges
    depth[30:60, 120:132] = 0.8  # ends far above it
    left = handwriting._without_lines(depth)
    assert left[80:83, 60:72].min() > 0 and left[80:83, 120:132].max() == 0 and left[80:83, 73:].max() == 0
    assert torch.equal(left[30:60, 120:132], depth[30:60, 120:132])
    assert handwriting._without_lines(torch.zeros(40, 40)).shape == (40, 40)


# ---- as MNIST's makers

def placed(box, heavy=(), shape=(60, 90), value=1.0):
    """Twenty by twenty, so that nothing is scaled: a frame of 1 with what is heavier in it, somewhere on a page."""
    top, left = box
    image = np.zeros(shape, "float32")
    digit = np.zeros((20, 20), "float32")
    digit[0], digit[-1], digit[:, 0], digit[:, -1] = value, value, value, value
    for rows, columns in heavy:
        digit[rows, columns] = 1
    image[top:top + 20, left:left + 20] = digit
    return image, digit


@pytest.mark.parametrize("heavy", [[], [(slice(0, 10), slice(0, 20))], [(slice(12, 20), slice(0, 20))], [(slice(0, 20), slice(0, 6))], [(slice(0, 20), slice(17, 20))],
                                   [(slice(0, 9), slice(13, 20))], [(slice(0, 3), slice(0, 3))]])
@pytest.mark.parametrize("value", [1.0, 0.11])
def test_a_digits_centre_of_mass_comes_into_the_middle_as_far_as_the_edges_let_it(heavy, value):
    image, digit = placed((31, 47), heavy, value=value)
    image[2, 3] = 0.1  # too faint to count
    rows, columns = np.arange(20) + 0.5, np.arange(20) + 0.5
    top, left = (int(np.clip(np.round(14 - at), 0, 8)) for at in ((digit.sum(1) @ rows) / digit.sum(), (digit.sum(0) @ columns) / digit.sum()))
    expected = np.zeros((1, 28, 28), "float32")
    expected[0, top:top + 20, left:left + 20] = digit
    found = as_digit(image)
    assert found.dtype == torch.float32 and found.shape == (1, 28, 28) and np.allclose(found, expected, atol=1e-6)
    assert torch.equal(as_digit(image.tolist()), found) and torch.equal(as_digit(torch.from_numpy(image).double()), found)


@pytest.mark.parametrize("shape, size", [((40, 40), (20, 20)), ((40, 20), (20, 10)), ((20, 40), (10, 20)), ((40, 13), (20, 6)), ((13, 40), (6, 20)), ((200, 4), (20, 1)), ((4, 200), (1, 20)),
                                         ((5, 10), (10, 20)), ((7, 7), (20, 20)), ((1, 1), (20, 20)), ((300, 1), (20, 1))])
def test_a_digit_is_scaled_to_twenty_pixels_on_its_longer_side(shape, size):
    image = np.zeros((320, 230), "float32")
    image[7:7 + shape[0], 9:9 + shape[1]] = 1
    digit = as_digit(image)[0]
    top, left = (int(np.round(14 - side / 2)) for side in size)
    expected = torch.zeros(28, 28)
    expected[top:top + size[0], left:left + size[1]] = 1
    assert torch.allclose(digit, expected, atol=1e-6)


def test_what_is_scaled_stays_between_nothing_and_all():
    """Twice the size, each pixel is the mean of its neighbours, a quarter and three quarters; half the size, of a tent of four."""
    image = np.zeros((10, 10), "float32")
    image[0], image[-1] = 1, 1
    digit = as_digit(image)[0]
    assert np.allclose(digit[4:24, 14][:4], [1, 0.75, 0.25, 0], atol=1e-6) and digit.min() == 0 and digit.max() == 1
    assert not as_digit(np.zeros((5, 6))).any() and not as_digit(np.full((5, 6), 0.1, "float32")).any()
    assert as_digit(np.full((5, 6), 0.2)).any() and as_digit(np.full((5, 6), 2.0)).max() == 1 and as_digit(np.full((40, 40), 2.0)).max() == 1


# ---- colours and transparency

def see_through(h=60, w=80, color=(0.2, 0.4, 0.6)):
    pixels = np.zeros((h, w, 4), "float32")
    pixels[..., :3] = color
    return pixels


def channels_of(pixels):
    return handwriting._channels(np.uint8(np.round(np.asarray(pixels) * 255)))


def test_three_colours_are_three_channels_and_so_they_are_where_all_is_opaque():
    pixels = see_through()
    pixels[..., 3] = 1
    pixels[3, 4, 3] = 230 / 255  # nearly
    for each in (pixels[..., :3], pixels):
        found = channels_of(each)
        assert found.shape == (3, 60, 80) and found.dtype == torch.float32
        assert torch.allclose(found, torch.tensor([0.2, 0.4, 0.6])[:, None, None].expand(3, 60, 80))
    pixels[3, 4, 3] = 229 / 255  # not nearly: and as all is of one colour, this is ink
    assert channels_of(pixels).shape == (1, 60 + 2 * 56, 80 + 2 * 56)


def test_where_nothing_is_to_be_seen_the_page_is_white():
    pixels = see_through()
    assert torch.equal(channels_of(pixels), torch.ones(1, 60, 80))
    pixels[10:20, 10:20, 3] = 0.04  # hardly there, even beside nothing
    assert torch.equal(channels_of(pixels), torch.ones(1, 60, 80))


@pytest.mark.parametrize("most", [1.0, 0.4])
def test_ink_of_one_colour_on_nothing_is_its_opacity_with_room_around(most):
    pixels = see_through()
    pixels[10:40, 20:60, 3] = most
    pixels[30:40, 20:60, 3] = most * 0.4
    pixels[9, 20:60] = (1, 0, 0, most * 0.6)  # an edge, where colours mix
    found = channels_of(pixels)
    expected = torch.ones(172, 192)
    expected[56 + 10:56 + 30, 56 + 20:56 + 60], expected[56 + 30:56 + 40, 56 + 20:56 + 60], expected[56 + 9, 56 + 20:56 + 60] = 0, 0.6, 0.4
    assert found.shape == (1, 172, 192) and torch.allclose(found[0], expected, atol=0.006)


def test_thin_ink_on_nothing_has_no_inside():
    pixels = see_through()
    pixels[30:32, 10:70, 3] = 1
    assert channels_of(pixels).shape == (1, 172, 192)
    pixels[30, 10:70, :3] = 0.9  # of two colours
    assert channels_of(pixels).shape == (3, 60, 80)


@pytest.mark.parametrize("row, page_", [(12, True), (11, False)])
def test_the_inside_begins_two_points_from_the_edge(row, page_):
    pixels = see_through()
    pixels[10:40, 20:60, 3] = 1
    pixels[row, 22:58, :3] = 0.9
    assert len(channels_of(pixels)) == (3 if page_ else 1)


@pytest.mark.parametrize("others, page_", [(13, True), (3, False)])
def test_a_page_with_see_through_corners_gets_its_own_colour_there(others, page_):
    """A page is what has three in a thousand points of another colour; a quarter of a colour is the same one."""
    pixels = see_through()
    pixels[5:55, 5:75, 3] = 1
    pixels[5:10, 5:75, 3] = 0.5
    pixels[15:30, 20:22, :3] = (0.2, 0.4, 0.83)  # hardly another
    pixels[20, 40:40 + others, :3] = (0.9, 0.4, 0.6)  # of 43 x 66 points on the inside
    found = channels_of(pixels)
    if not page_:
        assert len(found) == 1
        return
    paper = torch.tensor([0.2, 0.4, 0.6])
    assert found.shape == (3, 60, 80) and torch.allclose(found[:, 0, 0], paper, atol=0.003) and torch.allclose(found[:, 7, 30], paper, atol=0.003)
    assert torch.allclose(found[:, 20, 45], torch.tensor([0.9, 0.4, 0.6]), atol=0.003) and torch.allclose(found[:, 20, 20], torch.tensor([0.2, 0.4, 0.83]), atol=0.003)


def test_half_seen_through_is_half_the_paper():
    pixels = see_through()
    pixels[..., 3] = 1
    pixels[10:20, 10:70] = (0.8, 0, 0, 1)
    pixels[30:40, 10:70] = (0.8, 0, 0, 0.5)
    found = channels_of(pixels)
    assert torch.allclose(found[:, 35, 30], torch.tensor([0.5, 0.2, 0.3]), atol=0.006) and torch.allclose(found[:, 15, 30], torch.tensor([0.8, 0, 0]), atol=0.003)


# ---- the file

def decoded(image, kind="PNG", **options):
    return handwriting._decode(file(image, kind, **options))


@pytest.mark.parametrize("size, expected", [((1000, 500), (448, 224)), ((500, 1000), (224, 448)), ((448, 448), (448, 448)), ((100, 75), (448, 336)), ((3000, 1), (448, 1)),
                                            ((1, 1), (448, 448)), ((895, 300), (448, 150)), ((1792, 896), (448, 224)), ((1791, 1791), (448, 448)), ((2500, 1666), (448, 299))])
def test_the_longer_side_becomes_448_pixels(size, expected):
    for mode in ("L", "RGB", "RGBA"):
        found = decoded(Image.new(mode, size, 255 if mode == "L" else (10, 20, 30, 40)[:len(mode)]))
        assert found.size == expected and found.mode == ("RGBA" if mode == "RGBA" else "RGB")


def test_a_large_image_is_reduced_before_it_is_scaled(monkeypatch):
    """By whole numbers, down to twice the size at the least."""
    asked, scaled = [], []
    reduce, resize = Image.Image.reduce, Image.Image.resize
    monkeypatch.setattr(Image.Image, "reduce", lambda self, factor, *more: asked.append(factor) or reduce(self, factor, *more))
    monkeypatch.setattr(Image.Image, "resize", lambda self, size, how=None, *more, **options: scaled.append(how) or resize(self, size, how, *more, **options))
    for side in (10, 895, 896, 1791, 1792, 2688):
        decoded(Image.new("L", (side, 5)))
    assert asked == [1, 1, 1, 1, 2, 3] and set(scaled) == {Image.Resampling.BICUBIC}


def test_a_jpeg_is_decoded_at_a_smaller_size_to_begin_with(monkeypatch):
    asked = []
    monkeypatch.setattr(Image.Image, "draft", lambda self, mode, size: asked.append((mode, size)))
    decoded(Image.new("RGB", (40, 30)))
    assert asked == [(None, (896, 896))]


def test_a_telephones_photograph_of_a_hundred_million_pixels_is_read():
    assert decoded(Image.new("L", (12_000, 9000), 255), "JPEG").size == (448, 336)  # JPEG is decoded at a smaller size, which counts


@pytest.mark.parametrize("size, fits", [((10_000, 6000), True), ((10_000, 6001), False), ((60_000_001, 1), False)])
def test_sixty_million_pixels_are_the_most(size, fits, monkeypatch):
    opened = Image.open
    monkeypatch.setattr(Image, "open", lambda *given, **options: type("Wide", (), {
        "width": size[0], "height": size[1], "draft": lambda self, *_: None, "__getattr__": lambda self, name: getattr(opened(*given, **options), name)})())
    if not fits:
        with pytest.raises(ValueError, match="too many pixels"):
            decoded(Image.new("L", (4, 4)))
    else:
        assert decoded(Image.new("L", (4, 4))).size == (448, 448)


@pytest.mark.parametrize("values, stretched", [([[0, 4095], [2048, 1024]], [[0, 255], [127, 63]]), ([[500, 500], [500, 500]], [[0, 0], [0, 0]]), ([[100, 101], [100, 100]], [[0, 255], [0, 0]])])
def test_sixteen_bits_are_stretched_to_what_the_file_holds(values, stretched):
    found = decoded(Image.fromarray(np.kron(np.uint16(values), np.ones((224, 224), "uint16"))))
    assert found.mode == "RGB" and np.abs(np.asarray(found)[::223, ::223, 0][[0, 2]][:, [0, 2]].astype(int) - stretched).max() <= 1


def test_numbers_of_thirty_two_bits_are_stretched_too():
    found = decoded(Image.fromarray(np.kron(np.array([[-2_000_000_000, 2_000_000_000]], "int32"), np.ones((224, 224), "int32"))), "TIFF")
    assert np.asarray(found)[100, [100, 300], 0].tolist() == [0, 255]


@pytest.mark.parametrize("kind", ["SGI", "DDS", "IM"])
def test_a_file_of_a_kind_that_nobody_asked_for_is_not_opened(kind):
    """Each of Pillow's readers is one more that strangers' bytes go through."""
    with pytest.raises(ValueError, match="no image"):
        read_image(file(page(SEVEN), kind))


def test_what_is_no_number_is_dark_and_does_not_spoil_the_others():
    values = np.kron(np.array([[0.25, 0.75], [0.5, 0.25]], "float32"), np.ones((224, 224), "float32"))
    values[200:220, 30:50] = np.nan
    values[200:220, 60:80], values[200:220, 90:110] = np.inf, -np.inf
    found = np.asarray(decoded(Image.fromarray(values), "TIFF"))[..., 0]
    assert np.abs(found[[100, 100, 300, 300, 210, 210, 210], [100, 300, 100, 300, 40, 70, 100]].astype(int) - [85, 255, 170, 85, 0, 0, 0]).max() <= 1


@pytest.mark.parametrize("mode, alpha", [("LA", True), ("RGBA", True), ("L", False), ("RGB", False), ("P", False), ("1", False), ("CMYK", False)])
def test_transparency_is_kept_where_there_is_any(mode, alpha):
    image = Image.new("RGB", (30, 20), (200, 100, 50)).convert(mode)
    assert decoded(image, "TIFF").mode == ("RGBA" if alpha else "RGB")
    assert decoded(palette(SEVEN)).mode == "RGBA" and decoded(Image.new("RGB", (4, 4)), transparency=(0, 0, 0)).mode == "RGBA"


@pytest.mark.parametrize("content, kind", [
    (b"%pdf-1.4", "a PDF document"), (b"%PDF-2.0", "a PDF document"),
    *((b"\0\0\0\x18ftyp" + brand, "a HEIC photo") for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1")),
    (b"\n\n\n\nftypavif broken", "an AVIF photo"), (b"\0\0\0\x18ftypmp42", "a video"), (b" " * 1000 + b"<svg>", "an SVG drawing"), (b"\n<SVG>", "an SVG drawing"),
    (b"\n" * 900 + b"<Html>", "a web page"), (b"PK\3\4", "an archive or an office document")])
def test_what_is_no_image_is_called_what_it_is(content, kind):
    with pytest.raises(ValueError, match=f"^This is {kind}, which can't be read here: save it as PNG or JPEG and upload that.$"):
        read_image(content)


@pytest.mark.parametrize("content", [b" " * 1001 + b"<svg>", b"x%pdf", b"\0ftypheic", b"xPK\3\4", b" " * 1990 + b"<html>", b"GIF89a"])
def test_and_what_only_looks_alike_is_no_image(content):
    with pytest.raises(ValueError, match="^This is no image, or a damaged one: ") as told:
        read_image(content)
    assert told.value.__cause__ is not None and read_image.__module__ == "handwriting"


@pytest.mark.parametrize("content", [bytearray(file(page(SEVEN))), memoryview(file(page(SEVEN)))], ids=["bytearray", "memoryview"])
def test_bytes_of_every_kind_are_read(content):
    assert shows_a_seven(content)


def test_a_warning_of_pillows_is_no_error(recwarn, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)  # Pillow warns of more than that, and refuses twice as many
    assert decoded(Image.new("L", (90, 90))).size == (448, 448) and not recwarn.list
    with pytest.raises(ValueError, match="too many pixels"):
        decoded(Image.new("L", (200, 200)))


# ---- all of it

def test_the_colour_in_which_ink_and_paper_differ_most_is_read():
    """Each of three channels once, with the same stroke; in the others a weaker one."""
    stroke, weaker = torch.zeros(200, 240), torch.zeros(200, 240)
    stroke[40:160, 100:124], weaker[90:110, 40:200] = 0.6, 0.4
    for most in range(3):
        channels = torch.stack([1 - (stroke if i == most else weaker) for i in range(3)])
        ink = handwriting._ink(channels)
        assert ink[60:140, 104:120].min() == 1 and not ink[95:105, 40:90].any() and not ink[95:105, 135:200].any()


@pytest.mark.parametrize("depth, ink", [(0.8, 1), (0.44, 0.6), (0.52, 0.8), (0.2, 0), (0.6, 1)])
def test_ink_is_full_at_three_quarters_of_its_depth_and_none_at_a_quarter(depth, ink):
    page_ = torch.ones(200, 240)
    page_[40:160, 100:140] = 0.2  # 0.8 deep
    page_[40:100, 100:140] = 1 - depth if depth < 0.8 else 0.2
    found = handwriting._ink(page_[None])
    assert found.shape == (200, 240) and (found[60:80, 110:130] - ink).abs().max() < 0.06 and found[120:140, 110:130].min() == 1


@pytest.mark.parametrize("upright, is_a_one", [([(30, 170, 118, 124)], True), ([(0, 170, 118, 124)], False), ([(30, 200, 118, 124)], False),
                                              ([(20, 190, 58, 64), (20, 190, 158, 164)], False)])
def test_an_upright_line_alone_that_does_not_come_from_the_rim_is_a_one(upright, is_a_one):
    page_ = torch.ones(200, 240)
    for top, bottom, left, right in upright:
        page_[top:bottom, left:right] = 0.2
    assert bool(handwriting._ink(page_[None]).any()) is is_a_one


def test_a_sheet_is_light_and_of_a_whole_picture_that_is_to_be_seen(monkeypatch):
    asked = []
    monkeypatch.setattr(handwriting, "_depth", lambda channel, on_light: asked.append((*channel.shape, on_light)) or torch.zeros_like(channel))
    table = Image.new("RGB", (448, 352), (110, 70, 40))
    table.paste((250, 250, 250), (96, 48, 320, 272))
    table.paste((200, 150, 110), (16, 16, 32, 32))
    assert not read_image(file(table)).any()
    assert asked == 3 * [(224, 224, True)] + 3 * [(352, 448, False)]


def test_a_sheet_is_read_and_where_it_is_empty_the_whole_picture():
    table = Image.new("RGB", (900, 700), (110, 70, 40))
    table.paste(page(SEVEN, size=(500, 500), at=(100, 90)), (200, 100))
    ImageDraw.Draw(table).rectangle((20, 20, 40, 40), fill=(140, 100, 60))
    ink = read_image(file(table))
    assert np.asarray(ink).dtype == np.float32 and max(ink.shape) < 270 and shows_a_seven(file(table))
    seven = Image.new("L", (400, 500), 0)  # a light block on dark, which is no sheet but the ink
    ImageDraw.Draw(seven).rectangle((60, 60, 180, 440), fill=255)
    ImageDraw.Draw(seven).rectangle((5, 5, 8, 8), fill=90)
    assert read_image(file(seven)).any()
