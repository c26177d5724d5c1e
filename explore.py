"""Controls for the lessons' Explore cells: move something, and see at once what it does.

Every picture here is a plain function of its parameters, called once with fixed ones in the lesson. `explore`
puts a control beside each parameter; `draw_digit` is a field to draw in. In a test or a script nobody looks,
and both do nothing.
"""
import io
import time

import ipywidgets as widgets
import numpy as np
import torch
from IPython.display import display
from matplotlib import pyplot as plt
from torch.nn import functional as F

import pictures
import utils

WIDE = {"style": {"description_width": "17em"}, "layout": widgets.Layout(width="42em")}


def slider(label, low, high, step, value):
    """A slider. Whole numbers if `step` is an int; a `step` of "log" moves in equal ratios, 20 for each factor of 10."""
    if step == "log":
        return widgets.FloatLogSlider(description=label, min=np.log10(low), max=np.log10(high), step=0.05, value=value,
                                      readout_format=".3g", **WIDE)
    if isinstance(step, int):
        return widgets.IntSlider(description=label, min=low, max=high, step=step, value=value, **WIDE)
    return widgets.FloatSlider(description=label, min=low, max=high, step=step, value=value, readout_format=".2f", **WIDE)


def choice(label, options, value):
    """A slider over the values of a list."""
    return widgets.SelectionSlider(description=label, options=options, value=value, **WIDE)


def text(label, value):
    """A field to write in; the picture follows each key."""
    return widgets.Text(description=label, value=value, **WIDE)


def explore(picture, **controls):
    """Show the controls, and `picture` anew whenever one of them is moved.

    `picture`: a function that draws with `utils.show` and prints. `controls`: parameter -> control (`slider`,
    `choice`, `text`). A ValueError of the picture is shown in its words, and the next move goes on.
    """
    if not utils.watched():
        return
    output = widgets.Output(layout=widgets.Layout(min_height="14em"))

    places = []

    def redraw(_=None):
        with output, _quick_pictures(places):
            output.clear_output(wait=True)
            try:
                picture(**{name: control.value for name, control in controls.items()})
            except ValueError as error:
                print(error)

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    display(widgets.VBox([*controls.values(), output]))


def _quick_pictures(places):
    """Let figures be shown in less time while a control moves.

    Finding a layout for several axes takes longer than drawing them, so they stay where the first picture had
    them (`places`); and a picture keeps its margins instead of being drawn a second time to cut them off.
    """
    def show(fig, alt):
        if len(places) == len(fig.axes) > 1:
            fig.set_layout_engine("none")
            for ax, place in zip(fig.axes, places):
                ax.set_position(place)
        picture = io.BytesIO()
        fig.savefig(picture, format="png")
        places[:] = [ax.get_position() for ax in fig.axes]
        display(pictures.image_output(picture.getvalue(), alt), raw=True)
        plt.close(fig)

    return pictures.shown_by(show)


# ---------------------------------------------------------------- drawing

def as_digit(image):
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
    ink = F.interpolate(ink[None, None], size, mode="bilinear", antialias=True)[0, 0].clamp(0, 1)
    mass = ink / ink.sum()
    top, left = (14 - (mass.sum(1 - axis) * (torch.arange(size[axis]) + 0.5)).sum() for axis in (0, 1))
    top, left = (int(min(max(round(float(at)), 0), 28 - side)) for at, side in zip((top, left), size))
    digit = torch.zeros(1, 28, 28)
    digit[0, top:top + size[0], left:left + size[1]] = ink
    return digit


def draw_digit(picture, side=280, width=22):
    """Show a field to draw a digit in with the mouse; `picture(digit)` is called as you draw.

    `picture` gets float32 (1, 28, 28), see `as_digit`. Below the field a file can be uploaded: a photograph or
    a scan of one digit, dark on light or light on dark. Without the package ipycanvas there is the upload only.
    """
    if not utils.watched():
        return
    output, places = widgets.Output(layout=widgets.Layout(min_height="15em")), []

    def answer(image):
        with output, _quick_pictures(places):
            output.clear_output(wait=True)
            picture(as_digit(image))

    upload = widgets.FileUpload(description="Or upload an image", accept="image/*", multiple=False,
                                layout=widgets.Layout(width="max-content"))
    upload.observe(lambda change: answer(_uploaded(change["new"])) if change["new"] else None, "value")
    try:
        field = _field(answer, side, width)
    except ImportError:
        field = [widgets.HTML("To draw with the mouse, install ipycanvas and restart the kernel.")]
    answer(torch.zeros(side, side))
    display(widgets.VBox([*field, upload, output]))


def _uploaded(value):
    """The uploaded image as float (h, w), ink bright; `value` as ipywidgets 8 (a tuple) or 7 (a dictionary) has it."""
    from PIL import Image
    content = (next(iter(value.values())) if isinstance(value, dict) else value[0])["content"]
    image = torch.from_numpy(np.array(Image.open(io.BytesIO(bytes(content))).convert("L"))).float() / 255
    if image.median() > 0.5:
        image = 1 - image
    return (image - image.median()).clamp(min=0) / max(float(image.max() - image.median()), 1e-6)


def _field(answer, side, width):
    from ipycanvas import Canvas
    from PIL import Image, ImageDraw
    canvas = Canvas(width=side, height=side, layout=widgets.Layout(width=f"{side}px", height=f"{side}px"))
    ink = Image.new("L", (side, side))
    state = {"last": None, "shown": 0.0}

    def clear(_=None):
        ink.paste(0, (0, 0, side, side))
        canvas.fill_style = "black"
        canvas.fill_rect(0, 0, side, side)
        answer(np.zeros((side, side)))

    def stroke(x, y):
        x0, y0 = state["last"] or (x, y)
        state["last"] = (x, y)
        pen = ImageDraw.Draw(ink)
        pen.line((x0, y0, x, y), fill=255, width=width)
        pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
        canvas.stroke_style, canvas.line_width, canvas.line_cap = "white", width, "round"
        canvas.stroke_line(x0, y0, x, y)

    def show():
        answer(np.asarray(ink) / 255)
        state["shown"] = time.monotonic()

    def down(x, y):
        state["last"] = None
        stroke(x, y)

    def move(x, y):
        if state["last"] is not None:
            stroke(x, y)
            if time.monotonic() - state["shown"] > 0.2:  # while drawing, five pictures a second are enough
                show()

    def up(x, y):
        if state["last"] is not None:
            state["last"] = None
            show()

    canvas.on_mouse_down(down)
    canvas.on_mouse_move(move)
    canvas.on_mouse_up(up)
    canvas.on_mouse_out(up)
    button = widgets.Button(description="Clear")
    button.on_click(clear)
    clear()
    return [widgets.HTML("<b>Draw a digit here with the mouse:</b>"), canvas, button]
