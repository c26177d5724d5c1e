"""Draw the small stand-ins for MNIST and Fashion-MNIST that the course runs on without a network.

    python data/draw_sample.py              # writes data/sample/ beside this program
    python data/draw_sample.py --out DIR    # writes somewhere else

Each set has 4,000 training and 1,000 test images, 28x28 bytes, light ink on black, the ten classes
equally often, in the IDX files that torchvision reads (<out>/MNIST/raw, <out>/FashionMNIST/raw).

Nothing here is copied from the real sets. The digits are the outlines of fonts that matplotlib
ships (DejaVu Sans and Serif, STIX General, Computer Modern 'cm*'), bent and thickened at random;
the garments are polygons whose measures are drawn at random. The drawn images are under this
repository's own licence.

Running it again gives the same bytes: the random numbers come from RandomState, whose stream NumPy
has frozen; the glyphs are read in the font's own whole-number units and filled here, so that no
version of a font renderer has a say; the edges are soft, so that a difference in the last bit of
a float moves a grey level by far less than one step.
"""

import argparse
import struct
import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font

try:
    from matplotlib.ft2font import LoadFlags
    FONT_UNITS = LoadFlags.NO_SCALE
except ImportError:  # matplotlib before 3.10 names the same flag by its number
    FONT_UNITS = 1

SIZE = 28
TRAIN, TEST = 4000, 1000
# The last three are kept out of training: the test set has a few hands that nobody has seen.
FONTS = ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Bold",
         "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10",
         "cmss10", "cmti10", "cmtt10", "DejaVuSans-BoldOblique", "STIXGeneralBolIta", "cmb10"]
UNSEEN_FONTS = 3


# ---------------------------------------------------------------- shapes

def signed_distance(outlines, x, y):
    """Distance from the points (x, y) to closed outlines: positive inside, negative outside."""
    nearest, inside = np.full(x.shape, np.inf), np.zeros(x.shape, bool)
    for outline in outlines:
        x1, y1 = np.asarray(outline, float).T
        dx, dy = np.roll(x1, -1) - x1, np.roll(y1, -1) - y1
        px, py = x[..., None] - x1, y[..., None] - y1
        # The nearest point of each edge, as a fraction of the way along it.
        t = np.clip((px * dx + py * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
        nearest = np.minimum(nearest, ((px - t * dx) ** 2 + (py - t * dy) ** 2).min(-1))
        # Even-odd rule: a ray to the right crosses the outline an odd number of times from inside.
        crossed = ((py >= 0) != (py >= dy)) & ((px * dy < py * dx) == (dy > 0))
        inside ^= crossed.sum(-1) % 2 == 1
    return np.where(inside, 1, -1) * np.sqrt(nearest)


def rounded(points, times=2):
    """Cut the corners of a closed outline, `times` over (Chaikin's curve)."""
    points = np.asarray(points, float)
    for _ in range(times):
        after = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after], 1)
        points = points.reshape(-1, 2)
    return points


def mirrored(points):
    return [(SIZE - x, y) for x, y in points]


def both_sides(points):
    """The right half of an outline, completed by its mirror image."""
    return list(points) + mirrored(points)[::-1]


def bent_grid(rng, turn, grow, shear, shift, wave):
    """For each pixel, the place in the undistorted drawing that it shows, as arrays x and y."""
    row, column = np.mgrid[:SIZE, :SIZE] + 0.5
    x = column - SIZE / 2 - rng.uniform(-shift, shift)
    y = row - SIZE / 2 - rng.uniform(-shift, shift)
    angle = np.deg2rad(rng.uniform(-turn, turn))
    x, y = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    x = (x + rng.uniform(-shear, shear) * y) / rng.uniform(1 - grow, 1 + grow)
    y = y / rng.uniform(1 - grow, 1 + grow)
    # Two slow waves with random directions and phases stand for an unsteady hand.
    a = rng.uniform(-0.25, 0.25, 4)
    phase, size = rng.uniform(0, 2 * np.pi, 4), rng.uniform(0, wave, 4)
    bend = [size[i] * np.sin(a[i] * x + a[i - 1] * y + phase[i]) for i in range(4)]
    return x + bend[0] + bend[1] + SIZE / 2, y + bend[2] + bend[3] + SIZE / 2


# ---------------------------------------------------------------- digits

def glyph_outlines(font, digit):
    """The closed outlines of one digit, its box 20 pixels long and in the middle of 28x28."""
    font.load_char(ord(str(digit)), flags=FONT_UNITS)
    outlines, handle = [], None
    for vertex, code in zip(*font.get_path()):
        if code == 1:  # move: a new outline begins
            outlines.append([vertex])
        elif code == 2:  # straight line
            outlines[-1].append(vertex)
        elif code == 3 and handle is None:  # quadratic curve: first its handle, then its end
            handle = vertex
        elif code == 3:
            start = outlines[-1][-1]
            for t in (1 / 3, 2 / 3, 1):
                outlines[-1].append((1 - t) ** 2 * start + 2 * t * (1 - t) * handle + t * t * vertex)
            handle = None
    corners = np.concatenate(outlines)
    low, high = corners.min(0), corners.max(0)
    scale = 20 / max(high - low)
    # Fonts count y upward, images downward.
    return [(np.array(o) - (low + high) / 2) * scale * (1, -1) + SIZE / 2 for o in outlines]


def draw_digit(rng, digit, glyphs):
    """One 28x28 digit, 0..1: a random font, bent, with a random stroke width."""
    outlines = glyphs[rng.randint(len(glyphs))][digit]
    distance = signed_distance(outlines, *bent_grid(rng, turn=15, grow=0.18, shear=0.32, shift=1.8, wave=1.0))
    # Aim at a pen of this half-width; thin no glyph so far that its hairlines vanish.
    pen = np.clip(rng.uniform(1.0, 2.0) - distance.max(), -0.3, 0.9)
    ink = np.clip(0.5 + (distance + pen) / rng.uniform(0.9, 1.5), 0, 1)
    return ink * rng.uniform(0.85, 1.25) + rng.uniform(-0.08, 0.08, ink.shape) * (ink > 0.02)


# ---------------------------------------------------------------- garments

class Canvas:
    """A black 28x28 picture that shapes are painted on, seen through a slightly bent grid."""

    def __init__(self, rng):
        self.x, self.y = bent_grid(rng, turn=5, grow=0.12, shear=0.06, shift=1.6, wave=0.35)
        self.image = np.zeros((SIZE, SIZE))

    def fill(self, points, tone, corners=0):
        """Paint the inside of an outline; `corners` says how often its corners are cut."""
        self.blend(signed_distance([rounded(points, corners)], self.x, self.y), tone)

    def fill_both(self, points, tone):
        """Paint an outline and its mirror image: two sleeves, two halves of a collar."""
        self.fill(points, tone)
        self.fill(mirrored(points), tone)

    def line(self, points, width, tone):
        """Paint a line through the points (an outline that goes there and back again)."""
        there_and_back = list(points) + list(points)[-2:0:-1]
        self.blend(width / 2 - abs(signed_distance([there_and_back], self.x, self.y)), tone)

    def blend(self, distance, tone):
        cover = np.clip(0.5 + distance, 0, 1)
        self.image += cover * (tone - self.image)


def cloth(rng, canvas, patterned):
    """A tone for every pixel: a plain grey with folds, sometimes stripes or checks."""
    x, y, base = canvas.x, canvas.y, rng.uniform(0.35, 0.95)
    wave, lean, phase = rng.uniform(0.3, 0.9), rng.uniform(-0.3, 0.3), rng.uniform(0, 6.28, 3)
    tone = base * (1 + 0.1 * np.sin(wave * (x + lean * y) + phase[0]))
    depth, step = rng.uniform(0.2, 0.5), rng.uniform(1.0, 2.2)
    kind = rng.randint(3) if rng.uniform() < patterned else -1
    if kind in (0, 2):
        tone = tone * (1 - depth * (0.5 + 0.5 * np.sin(step * y + phase[1])))
    if kind in (1, 2):
        tone = tone * (1 - depth * (0.5 + 0.5 * np.sin(step * x + phase[2])))
    return tone


def draw_top(rng, canvas, kind):
    """T-shirt, pullover, coat or shirt: one cut, told apart by sleeves, length and trimmings."""
    long_sleeved, patterned = {"t-shirt": (0.03, 0.3), "pullover": (0.97, 0.3), "coat": (1, 0.1),
                               "shirt": (0.65, 0.4)}[kind]
    tone = cloth(rng, canvas, patterned)
    top, shoulder, chest = rng.uniform(1.5, 3.5), rng.uniform(6.3, 8), rng.uniform(5.3, 6.8)
    hem, bottom = chest + rng.uniform(-0.7, 1), rng.uniform(23, 27) + (kind == "coat")
    neck, deep = rng.uniform(2, 3.8), rng.uniform(0.8, 3)
    if rng.uniform() < long_sleeved:
        angle, length, wide = rng.uniform(0.1, 0.3), rng.uniform(17, 21.5), rng.uniform(3, 4.2)
    else:
        angle, length, wide = rng.uniform(0.45, 0.95), rng.uniform(5, 8.5), rng.uniform(4, 5.5)
    start = np.array([14 + shoulder, top + 1.2])
    cuff = start + length * np.array([np.sin(angle), np.cos(angle)])
    inner = cuff + wide * np.array([-np.cos(angle), np.sin(angle)])
    canvas.fill_both([start + (-2, -0.4), start, cuff, inner, (14 + chest - 0.5, start[1] + wide + 2.5)],
                     tone * rng.uniform(0.75, 1))
    canvas.fill(both_sides([(14 + neck, top), (14 + shoulder, top + 1.3), (14 + chest, top + 7),
                            (14 + hem, bottom)]), tone)
    # Trimmings show dark on light cloth and light on dark, so that no one pixel gives them away.
    mark = tone * (rng.uniform(0.2, 0.5) if tone.mean() > 0.5 else rng.uniform(1.5, 2.2))
    if kind == "coat":  # worn open, or with a broad zip
        canvas.line([(14, top + deep), (14, bottom)], rng.uniform(1.3, 2.6), tone * rng.uniform(0, 0.45))
        if rng.uniform() < 0.6:  # pockets
            canvas.line([(9, 17.5), (11.5, 18.5)], 0.9, mark)
            canvas.line([(19, 17.5), (16.5, 18.5)], 0.9, mark)
    if kind == "shirt" and rng.uniform() < 0.9:  # a buttoned front
        canvas.line([(14, top + deep), (14, bottom)], rng.uniform(0.4, 0.9), mark)
        for button in np.arange(top + deep + 2, bottom - 1, rng.uniform(3, 4.5)):
            canvas.line([(14, button), (15, button)], 1.1, mark)
    canvas.fill(both_sides([(14 + neck, top - 1.5), (14 + neck, top), (14 + neck * 0.6, top + deep)]),
                tone * 0.25 if rng.uniform() < 0.4 else 0.0, 1)
    if kind in ("shirt", "coat"):  # a collar, on some coats with long lapels
        drop = rng.uniform(2, 3.5) + rng.uniform(0, 5) * (kind == "coat")
        canvas.fill_both([(14 + neck, top - 0.7), (14 + neck + 1.2, top + drop * 0.6),
                          (14.3, top + deep + drop * 0.7)], mark)
    if kind == "pullover" and rng.uniform() < 0.75:  # ribbed hem and cuffs
        canvas.line([(14 - hem, bottom - 0.8), (14 + hem, bottom - 0.8)], 1.5, mark)
        canvas.fill_both([cuff, inner, inner + (0.3, -1.5), cuff + (-0.3, -1.5)], mark)
    if kind in ("t-shirt", "pullover") and rng.uniform() < 0.3:  # a print on the chest
        w, h = rng.uniform(1.5, 3.5), rng.uniform(1, 3)
        canvas.fill(both_sides([(14 + w, 12 - h), (14 + w, 12 + h)]), mark, 1)


def draw_trouser(rng, canvas):
    waist, hip, bottom = rng.uniform(3.5, 5.5), rng.uniform(4.5, 6.5), rng.uniform(25, 27.5)
    leg, apart, fork = rng.uniform(2, 3.6), rng.uniform(0.3, 2.8), rng.uniform(8.5, 13)
    tone = cloth(rng, canvas, 0.1)
    outline = [(14 + waist, 1), (14 + hip, 7), (14 + apart + leg, bottom), (14 + apart, bottom), (14.1, fork)]
    canvas.fill(both_sides(outline), tone)
    canvas.line([(14 - waist, 2.5), (14 + waist, 2.5)], 0.8, tone * 0.6)


def draw_dress(rng, canvas):
    shoulder, waist, hem = rng.uniform(3, 5), rng.uniform(2.6, 4.5), rng.uniform(4, 8.5)
    middle, neck, bottom = rng.uniform(9, 13), rng.uniform(1.4, 2.6), rng.uniform(25.5, 27.5)
    tone = cloth(rng, canvas, 0.25)
    if rng.uniform() < 0.45:  # with sleeves, short or long
        reach, drop = rng.uniform(1.5, 3.5), rng.choice([rng.uniform(4, 7), rng.uniform(12, 17)])
        sleeve = [(14 + shoulder - 1, 1.5), (14 + shoulder, 1.8), (14 + shoulder + reach, 2 + drop),
                  (14 + shoulder + reach - 2.3, 2.6 + drop), (14 + waist, 8)]
        canvas.fill_both(sleeve, tone * 0.85)
    canvas.fill(both_sides([(14 + neck, 1), (14 + shoulder, 1.6), (14 + shoulder * 0.85, 6),
                            (14 + waist, middle), (14 + hem, bottom)]), tone)
    canvas.fill(both_sides([(14 + neck, -1), (14 + neck * 0.5, rng.uniform(2.5, 5))]), 0.0, 1)
    if rng.uniform() < 0.5:
        canvas.line([(14 - waist, middle), (14 + waist, middle)], 1, tone * rng.choice([0.5, 1.4]))


def draw_shoe(rng, canvas, kind):
    """Sandal, sneaker or ankle boot, seen from its left side: the toe points to the left."""
    tone, sole_tone = cloth(rng, canvas, 0.05), rng.uniform(0.35, 1)
    left, right, ground = rng.uniform(0.7, 2.2), rng.uniform(25.5, 27.3), rng.uniform(19.5, 23)
    thick, lift = rng.uniform(0.9, 1.9), rng.uniform(0, 5) * (rng.uniform() < 0.65)
    if kind == "sneaker":
        thick, lift = rng.uniform(1.3, 2.6), 0
    elif kind == "ankle boot":
        ground = rng.uniform(24.5, 27)
    front, heel = ground - thick, ground - lift - thick  # where toes and heel stand on the sole
    sole = [(left, front), (left + 9, front), (right, heel), (right, heel + thick + 0.5),
            (left + 10, ground), (left + 1, ground)]
    if lift:
        back = rng.uniform(1.5, 5)
        canvas.fill([(right - back - 1, heel), (right, heel), (right, ground), (right - back, ground)], sole_tone)
    if kind == "sandal":
        canvas.fill(sole, sole_tone, 1)
        width, rise, at = rng.uniform(1, 2.2), rng.uniform(6, 9), left + rng.uniform(1.5, 3)
        for _ in range(rng.randint(1, 4)):  # straps over the toes, with gaps between
            high, wide = rng.uniform(3, 5), rng.uniform(3.5, 5)
            canvas.line([(at, front), (at + wide * 0.35, front - high * 0.8), (at + wide * 0.8, front - high),
                         (at + wide * 1.3, front - high * 0.7), (at + wide * 1.5, front)], width, tone)
            at += rng.uniform(2.5, 4)
        if rng.uniform() < 0.75:  # a strap round the ankle, held up at the heel
            canvas.line([(right - 1, heel), (right - 1, heel - rise), (right - 8, heel - rise + 1.5),
                         (right - rng.uniform(10, 14), front - lift * 0.4)], width * 0.8, tone)
        return
    tall = rng.uniform(6, 9.5) if kind == "sneaker" else rng.uniform(13, 21)
    toe, shaft = front - rng.uniform(2.5, 4.2), right - rng.uniform(9, 12)
    ankle, rim = heel - min(tall, 10) * rng.uniform(0.7, 0.9), max(heel - tall, 1)
    canvas.fill([(left, front + 0.5), (left + 0.3, toe), (left + 5, toe - 1), (shaft, ankle),
                 (shaft + rng.uniform(0, 1.5), rim), (right - 0.3, rim + rng.uniform(-1, 1)),
                 (right - rng.uniform(0, 1.2), ankle), (right, heel + 0.5)], tone, 1)
    canvas.fill(sole, sole_tone)
    mark = tone * rng.choice([0.4, 1.5])
    if kind == "sneaker":
        for i in range(3):  # laces
            canvas.line([(shaft - 1 - 2 * i, ankle + 1.2 + i), (shaft + 1 - 2 * i, ankle + 3 + i)], 0.7, mark)
        if rng.uniform() < 0.5:  # a stripe on the side
            canvas.line([(shaft + 2, heel - 1), (shaft + 6, ankle + 2)], rng.uniform(1, 2), mark)
    elif rng.uniform() < 0.6:  # a strap round the ankle
        canvas.line([(shaft + 2, ankle + 1), (right - 1, ankle + rng.uniform(-2, 1))], 1, mark)


def draw_bag(rng, canvas):
    top, bottom = rng.uniform(8, 14), rng.uniform(23, 27)
    upper, lower = rng.uniform(8, 12.5), rng.uniform(9, 13)
    tone, grip, reach = cloth(rng, canvas, 0.2), rng.uniform(3, 8), rng.uniform(3, 9)
    rise = max(top - reach, 1)
    canvas.line([(14 - grip, top + 1), (14 - grip * 0.8, rise + 1), (14 - grip * 0.4, rise), (14 + grip * 0.4, rise),
                 (14 + grip * 0.8, rise + 1), (14 + grip, top + 1)], rng.uniform(0.9, 1.8), tone * 0.9)
    canvas.fill(both_sides([(14 + upper, top), (14 + lower, bottom)]), tone, rng.randint(3))
    mark = tone * rng.choice([0.5, 1.4])
    if rng.uniform() < 0.6:
        flap = top + (bottom - top) * rng.uniform(0.2, 0.6)
        canvas.line([(14 - upper, flap), (14 + upper, flap)], 1, mark)
        canvas.line([(13.5, flap), (14.5, flap)], 2, mark)


def draw_garment(rng, label):
    """One 28x28 garment, 0..1, of the class that Fashion-MNIST gives this number."""
    canvas = Canvas(rng)
    name = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
            "ankle boot"][label]
    if name in ("t-shirt", "pullover", "coat", "shirt"):
        draw_top(rng, canvas, name)
    elif name in ("sandal", "sneaker", "ankle boot"):
        draw_shoe(rng, canvas, name)
    else:
        {"trouser": draw_trouser, "dress": draw_dress, "bag": draw_bag}[name](rng, canvas)
    image = canvas.image
    return image * rng.uniform(0.8, 1.1) + rng.uniform(-0.06, 0.06, image.shape) * (image > 0.02)


# ---------------------------------------------------------------- files

def draw_set(rng, count, draw, first=None):
    """`count` images and labels, or the `first` of them: the classes equally often, in a random order."""
    labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)[:first]
    images = np.array([np.clip(draw(rng, label) * 255 + 0.5, 0, 255).astype(np.uint8) for label in labels])
    return images, labels


def write_idx(path, array):
    """IDX: two zero bytes, the type (8 = bytes), the number of axes, their lengths, the bytes."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(head + array.tobytes())


def drawers():
    """name of a set -> (its seed, how a training image is drawn, how a test image)."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    missing = [name for name in FONTS if not (folder / f"{name}.ttf").is_file()]
    if missing:
        sys.exit(f"matplotlib {matplotlib.__version__} has no font {', '.join(missing)}: drawing the sample needs 3.11 or "
                 "newer (pip install 'matplotlib>=3.11'). The drawn sample itself is in the repository: git checkout data/sample")
    fonts = [FT2Font(str(folder / f"{name}.ttf")) for name in FONTS]
    glyphs = [[glyph_outlines(font, digit) for digit in range(10)] for font in fonts]
    seen = glyphs[:-UNSEEN_FONTS]
    return {"MNIST": (2024, lambda rng, label: draw_digit(rng, label, seen), lambda rng, label: draw_digit(rng, label, glyphs)),
            "FashionMNIST": (2025, draw_garment, draw_garment)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "sample")
    out = parser.parse_args().out
    for name, (seed, draw_train, draw_test) in drawers().items():
        folder = out / name / "raw"
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.RandomState(seed)
        for part, count, draw in (("train", TRAIN, draw_train), ("t10k", TEST, draw_test)):
            images, labels = draw_set(rng, count, draw)
            write_idx(folder / f"{part}-images-idx3-ubyte", images)
            write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
            print(f"{name} {part}: {count} images, mean {images.mean() / 255:.4f}, "
                  f"deviation {images.std() / 255:.4f}")


if __name__ == "__main__":
    main()
