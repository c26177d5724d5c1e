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

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
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
