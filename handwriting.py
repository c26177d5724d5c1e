"""Read a handwritten digit from a drawing, a scan or a photograph, as a person sees it.

`read_image` decodes a file and tells the ink from everything else: the paper and its shadows, the table under it,
ruled lines, a frame, specks. `as_digit` then makes of the ink what MNIST's makers made of theirs.
"""
import compat  # noqa: F401  before torch

import io
import re
import warnings

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn import functional as F

SIDE = 448  # pixels of the longer side that an image is worked on at: a pencil's stroke is still several wide
LARGEST = 60e6  # pixels to decode at most; JPEG, the cameras' format, is decoded at a smaller size to begin with
FORMATS = {"AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "TGA", "TIFF", "WEBP"}
OTHERS = {rb"%pdf": "a PDF document", rb".{4}ftyp(hei|hev|mif|msf)": "a HEIC photo", rb".{4}ftypavi": "an AVIF photo",
          rb".{4}ftyp": "a video", rb".{0,1000}<svg": "an SVG drawing", rb".{0,1000}<html": "a web page",
          rb"pk\x03\x04": "an archive or an office document"}


def as_digit(image) -> torch.Tensor:
    """Return an image as MNIST's makers prepared theirs: float32 (1, 28, 28), white on black.

    `image`: float (h, w), 0 for the ground and up to 1 for the ink, any size. What is drawn is scaled to fit
    20 x 20 pixels and moved until its centre of mass is in the middle. An empty image stays empty.
    """
    image = torch.as_tensor(image, dtype=torch.float32)
    rows, columns = (torch.nonzero(image.amax(axis) > 0.1)[:, 0] for axis in (1, 0))
    if not len(rows):
        return torch.zeros(1, 28, 28)
    ink = image[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    scale = 20 / max(ink.shape)
    size = [max(1, round(side * scale)) for side in ink.shape]
    ink = _resized(ink, *size) if size[1] > 1 else _resized(ink.T, *size[::-1]).T
    mass = ink / ink.sum()
    centre = (14 - (mass.sum(1 - axis) * (torch.arange(size[axis]) + 0.5)).sum() for axis in (0, 1))
    top, left = (int(min(max(round(float(at)), 0), 28 - side)) for at, side in zip(centre, size))
    digit = torch.zeros(1, 28, 28)
    digit[0, top:top + size[0], left:left + size[1]] = ink
    return digit


def _resized(ink, height, width):
    """PyTorch 2.13 fills a result that is one pixel wide with its first value, one that is one pixel high it doesn't."""
    return F.interpolate(ink[None, None], (height, width), mode="bilinear", antialias=True)[0, 0].clamp(0, 1)


def read_image(content: bytes) -> torch.Tensor:
    """Return the ink of a digit in an image file: a tensor, float32 (h, w), 0 for the ground and up to 1 for the ink.

    `content`: the file's bytes. Photograph, scan or drawing, dark on light or light on dark, on plain, ruled or
    squared paper; the longer side becomes 448 pixels. A page without ink gives zeros. Raises ValueError, with one
    sentence of cause and cure, for what is no image that can be read.
    """
    channels = _channels(_decode(content))
    if box := _sheet(channels.mean(0)):
        top, bottom, left, right = box
        ink = _ink(channels[:, top:bottom, left:right], on_light=True)
        if ink.any():
            return ink
    return _ink(channels)


# ---------------------------------------------------------------- the file

def _decode(content):
    """Return the bytes of a file as an upright Pillow image, RGB or RGBA, whose longer side is SIDE."""
    content = bytes(content)
    if not content:
        raise ValueError("This file is empty: choose another, or save the image again as PNG or JPEG.")
    try:
        Image.init()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about sizes and odd marks; LARGEST is the limit here
            image = Image.open(io.BytesIO(content), formats=sorted(FORMATS & set(Image.ID)))
            image.draft(None, (2 * SIDE, 2 * SIDE))
            if image.width * image.height > LARGEST:
                raise Image.DecompressionBombError
            image = ImageOps.exif_transpose(image)  # of several pictures in a file, the first
            if image.mode[0] in "IF":  # 16 bits and more, often few of them used: stretched to what the file holds
                values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)
                image = Image.fromarray(np.uint8((values - values.min()) / max(np.ptp(values), 1e-9) * 255))
            see_through = image.mode[-1] in "Aa" or "transparency" in image.info
            image = image.convert("RGBA" if see_through else "RGB").reduce(max(1, max(image.size) // (2 * SIDE)))
            size = [max(1, round(side * SIDE / max(image.size))) for side in image.size]
            return image.resize(size, Image.Resampling.BICUBIC)
    except Image.DecompressionBombError:
        raise ValueError("This image has too many pixels to be read: make it smaller, 4000 x 3000 is plenty.") from None
    except Exception as error:  # Pillow's readers raise all kinds for a file that is not in order
        kind = next((name for mark, name in OTHERS.items() if re.match(mark, content[:2000].lower(), re.S)), None)
        raise ValueError(f"This is {kind}, which can't be read here: save it as PNG or JPEG and upload that." if kind else
                         "This is no image, or a damaged one: save it anew as PNG or JPEG and upload that.") from error


def _channels(image):
    """Return an image as float (c, h, w) in [0, 1]: its three colours or, where ink lies on nothing, its
    transparency."""
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
    if len(pixels) == 3 or pixels[3].min() > 0.9:
        return pixels[:3]
    colours, opacity = pixels[:3], pixels[3] / pixels[3].max().clamp(min=0.1)
    if not (opacity > 0.5).any():  # nothing to be seen
        return torch.ones_like(opacity)[None]
    inside = _shrunk(opacity > 0.9, 2) > 0  # away from the edges, where colours mix
    opaque = colours[:, inside if inside.any() else opacity > 0.5]
    paper = opaque.median(1).values
    if ((opaque - paper[:, None]).abs().amax(0) > 0.25).float().mean() < 0.003:
        return F.pad(1 - opacity, [SIDE // 8] * 4, value=1)[None]  # all of one colour, black or white: this is ink
    return colours * opacity + paper[:, None, None] * (1 - opacity)  # a page, or a piece of one


# ---------------------------------------------------------------- the ink

def _sheet(light):
    """Return (top, bottom, left, right) of a sheet of paper that lies on something darker, or None.

    `light`: float (h, w). A sheet is a large light rectangle, little tilted, the only light thing there, with the dark
    on two sides at least (a shadow's edge is one); and little is half light, as on an unevenly lit page.
    """
    small, (h, w) = _smaller(light, 8), light.shape
    threshold = _otsu(small)
    if not (small > threshold).any():  # all of one brightness
        return None
    sheet = _pieces(small > threshold)[0]
    top, bottom, left, right = _box(sheet)
    contrast = small[sheet > 0].mean() - small[sheet == 0].mean()
    if ((top > 0) + (left > 0) + (bottom < len(small)) + (right < len(small[0])) >= 2
            and min((bottom - top) / len(small), (right - left) / len(small[0])) > 0.3
            and sheet.sum() > 0.66 * (bottom - top) * (right - left) and sheet.sum() > 0.85 * (small > threshold).sum()
            and ((small - threshold).abs() < 0.2 * contrast).float().mean() < 0.1):
        return 8 * top, min(8 * bottom, h), 8 * left, min(8 * right, w)
    return None


def _ink(channels, on_light=False):
    """Return the ink of a digit on a page: float (h, w) in [0, 1]. `channels`: float (c, h, w), of one brightness each."""
    depths = torch.stack([_depth(channel, on_light) for channel in channels])
    depth = depths[_deepest(depths).argmax()]  # the colour in which ink and paper differ most
    if not _strength(depth):
        return torch.zeros_like(depth)
    level = _without_lines(_upright(depth))
    depth = _without_lines(level.T).T
    if not _strength(depth):  # an empty page, but for lines or a frame; unless its only line, upright, is a 1
        lines = level > 0.5 * _strength(level)
        if not _strength(level) or lines[0].any() or lines[-1].any() or len(_pieces(lines[::4, ::4])) > 1:
            return torch.zeros_like(depth)
        depth = level
    mask = _digit(depth > 0.5 * _strength(depth))
    ink = 2 * depth / max(_strength(depth * mask), 1e-6) - 0.5  # 0 at a quarter of its depth, 1 at three quarters
    return _with_a_pen(ink.clamp(0, 1) * mask)


def _depth(channel, on_light):
    """Return how deep the ink is at each point of one colour: float (h, w), 0 for the paper.

    Light ink on a dark ground is turned over first. What the ground is, is seen in the corners, where a digit hardly
    reaches; unless it is known to be light, or nothing stands out from it as it is.
    """
    small = _smaller(channel, 8)
    rim = 2 if min(small.shape) > 24 else 0  # where a frame may run
    h, w = (1 + side // 6 for side in small.shape)
    corners = torch.cat([part.flatten() for half in (small[rim:h], small[-h:len(small) - rim])
                         for part in (half[:, rim:w], half[:, -w:small.shape[1] - rim])])
    dark = corners.median() < 0.75 * small.min() + 0.25 * small.max()  # and not only the page's shaded side
    depth = _missing_light(channel)
    return _missing_light(1 - channel) if dark and not on_light and _strength(depth) else depth


def _missing_light(channel):
    """Return the share of the paper's light that is missing at each point, (h, w).

    The paper is what is left when strokes are filled with the brightest around them (a closing).
    """
    small = _smaller(channel, 8)
    shade = _shade(_closed(small))
    paper = shade * _closed(small / shade)  # in level light, as a closing goes astray on a slope at the rim
    paper = F.interpolate(paper[None, None], channel.shape, mode="bilinear")[0, 0].clamp(min=0.05)
    return F.avg_pool2d((1 - channel / paper).clamp(min=0)[None], 3, 1, 1, count_include_pad=False)[0]


def _strength(depth):
    """Return how deep the ink is, or 0 if nothing has an edge that stands out from the grain of the paper."""
    steps = (depth[:, 6:] - depth[:, :-6]).abs()
    if not steps.numel():
        return 0.0
    return float(_deepest(depth)) if _deepest(steps) > max(0.06, 6 * steps.median()) else 0.0


def _deepest(values):
    """Return the largest value of (..., h, w), but for one in two thousand, which may be specks."""
    values = values.flatten(-2)
    return values.topk(1 + values.shape[-1] // 2000).values[..., -1]


def _upright(depth):
    """Return the depth (h, w) turned by up to six degrees, so that lines across the page become level, if there are any."""
    mask = F.max_pool2d((depth > 0.25 * _strength(depth)).float()[None, None], 4, ceil_mode=True)
    degrees = torch.arange(-6, 6.1, 0.5)
    turned = _turned(mask.expand(len(degrees), -1, -1, -1), degrees)[:, 0]
    lines = torch.cat([turned.mean(2), turned.mean(1)], dim=1)  # the share of ink in each row and column
    best = (lines ** 4).sum(1).argmax()
    return _turned(depth[None, None], degrees[best][None])[0, 0] if lines[best].max() > 0.6 else depth


def _without_lines(depth):
    """Return the depth (h, w) without thin lines from left to right; what crosses them is kept whole."""
    mask = depth > 0.25 * _strength(depth)
    thick = len(mask) // 16
    across = (mask.float().mean(1, keepdim=True) > 0.75).float()
    across = _grown((across - _grown(_shrunk(across, thick // 2, 0), thick // 2, 0)).clamp(min=0), 2, 0) > 0
    if not across.any():
        return depth
    rest = mask & ~across
    crossing = _shrunk(_grown(rest, thick, 0), thick, 0) > 0
    return torch.where(across & ~crossing, 0, depth)


def _digit(mask):
    """Return the part of a mask (h, w) that is a digit: no frame, nothing that comes in from the rim, no specks."""
    pieces = _pieces(F.max_pool2d(mask.float()[None], 4, ceil_mode=True)[0])
    boxes = [_box(piece) for piece in pieces]
    page = max(pieces[0].shape)

    def side(box):
        return max(box[1] - box[0], box[3] - box[2])

    def comes_in(piece, _):  # a table, a shadow, a finger; a digit that touches the rim does so at a point
        top, bottom, left, right = (rim.sum() for rim in (piece[0], piece[-1], piece[:, 0], piece[:, -1]))
        return max(top, bottom, left, right) > 0.12 * page or (top and bottom) or (left and right)

    def is_frame(piece, box):
        top, bottom, left, right = box
        dy, dx = 1 + (bottom - top) // 8, 1 + (right - left) // 8
        return piece[top + dy:bottom - dy, left + dx:right - dx].sum() < 0.1 * piece.sum() and any(
            b[0] > top and b[1] < bottom and b[2] > left and b[3] < right and side(b) > 0.15 * side(box) for b in boxes)

    left = list(zip(pieces, boxes))
    for unwanted in (is_frame, comes_in):
        others = [each for each in left if not unwanted(*each)]
        if others and max(side(box) for _, box in others) > 0.05 * page:  # else it is the digit itself
            left = others
    (main, (top, bottom, first, last)), near = left[0], 0.3 * side(left[0][1])
    kept = sum(piece for piece, box in left
               if piece.sum() > 0.05 * main.sum() and box[0] < bottom + near and box[1] > top - near
               and box[2] < last + near and box[3] > first - near)
    return _grown(F.interpolate(kept[None, None], scale_factor=4)[0, 0, :mask.shape[0], :mask.shape[1]], 3)


def _with_a_pen(ink):
    """Return the ink (h, w) with strokes as thick as MNIST's, a tenth of the digit, if they are thinner."""
    mask = ink > 0.5
    if not mask.any():
        return ink
    top, bottom, left, right = _box(mask)
    thick = 2 * mask.sum() / (mask.float() - _shrunk(mask, 1)).sum().clamp(min=1)
    missing = int((0.1 * max(bottom - top, right - left) - thick) / 2)
    if missing < 1:
        return ink
    return F.avg_pool2d(F.pad(_grown(F.pad(ink, [missing] * 4), missing)[None], [1] * 4), 3, 1)[0]


# ---------------------------------------------------------------- tools

def _smaller(image, times):
    """The image (h, w) at a fraction of its size."""
    return F.avg_pool2d(image[None], times, ceil_mode=True, count_include_pad=False)[0]


def _closed(image):
    """The image (h, w) with what is dark and thinner than a third of it filled with the brightest around."""
    reach = max(image.shape) // 6
    return _shrunk(_grown(image, reach), reach)


def _shade(image):
    """The image (h, w) as a smooth surface of second degree, which is how light falls on a page."""
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in image.shape), indexing="ij")
    terms = torch.stack([torch.ones_like(x), x, y, x * y, x * x, y * y], dim=-1)
    weights = torch.linalg.lstsq(terms.flatten(0, 1), image.reshape(-1, 1), driver="gelsd").solution
    return (terms @ weights)[..., 0].clamp(min=0.05)


def _turned(images, degrees):
    """Images (n, 1, h, w), each turned about its centre by its own angle; what comes in from outside is 0."""
    (h, w), (cos, sin) = images.shape[2:], (degrees.deg2rad().cos(), degrees.deg2rad().sin())
    turn = torch.stack([torch.stack([cos, -sin * h / w, 0 * cos], 1), torch.stack([sin * w / h, cos, 0 * cos], 1)], 1)
    return F.grid_sample(images, F.affine_grid(turn, images.shape, align_corners=False), align_corners=False)


def _grown(image, rows, columns=None):
    """The largest value (h, w) among `rows` above and below and `columns` (else as many) to the left and right."""
    columns = rows if columns is None else columns
    image = F.max_pool2d(image.float()[None], (2 * rows + 1, 1), 1, (rows, 0))
    return F.max_pool2d(image, (1, 2 * columns + 1), 1, (0, columns))[0]


def _shrunk(image, rows, columns=None):
    """The smallest value there, as `_grown`; beyond the image's rim there is nothing."""
    return -_grown(-image.float(), rows, columns)


def _box(mask):
    """(top, bottom, left, right) of what a mask (h, w) holds."""
    rows, columns = (torch.nonzero(mask.amax(axis) > 0)[:, 0].tolist() for axis in (1, 0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def _pieces(mask):
    """The connected pieces of a mask (h, w), a mask each, the largest twenty first."""
    names = torch.arange(1.0, mask.numel() + 1).reshape(mask.shape) * (mask > 0)
    while not torch.equal(names, spread := _grown(names, 1) * (mask > 0)):  # the highest name takes the whole piece
        names = spread
    names_of, counts = names[names > 0].unique(return_counts=True)
    return [(names == name).float() for name in names_of[counts.argsort(descending=True)[:20]]] or [mask.float()]


def _otsu(values):
    """The threshold that parts values into the two groups most unlike each other (Otsu, 1979)."""
    values = values.flatten().sort().values
    share = torch.arange(1, len(values)) / len(values)
    sums = values.cumsum(0) / len(values)
    apart = (sums[:-1] / share - (sums[-1] - sums[:-1]) / (1 - share)) ** 2 * share * (1 - share)
    return values[apart.argmax()] if len(apart) else values[0]
