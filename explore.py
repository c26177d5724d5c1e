"""Controls for the lessons' Explore cells: move something, and see at once what it does.

Every picture here is a plain function of its parameters, called once with fixed ones in the lesson. `explore`
puts a control beside each parameter; `draw_digit` is a field to draw in. In a test or a script nobody looks,
and both do nothing.
"""
import contextlib
import io
import threading
import time
from collections.abc import Callable, Sequence

import ipywidgets as widgets
import numpy as np
from IPython.display import display
from matplotlib import pyplot as plt

import pictures
import utils
from handwriting import as_digit, read_image

WIDE = {"style": {"description_width": "17em"}, "layout": widgets.Layout(width="42em", max_width="calc(100% - 4px)")}

# What a widget's layout can't say. Where a cell is narrow, a control's label stands above it. The field to draw in
# has an edge on light and on dark pages, and a finger or a pen draws there instead of scrolling the page.
STYLE = """<style>
.course-explore { container-type: inline-size; width: 100%; }
.course-explore .course-control { min-width: 0; }
@container (max-width: 40em) {
    .course-explore .course-control { flex-wrap: wrap; height: auto; }
    .course-explore .course-control > .widget-label { width: 100% !important; text-align: left; }
    .course-explore .course-control > :not(.widget-label) { min-width: 0; }
}
.course-field { outline: 2px solid #888; margin: 4px; cursor: crosshair; touch-action: none; user-select: none; }
</style>"""


def _control(kind, label, **options):
    control = kind(description=label, **options, **WIDE)
    control.add_class("course-control")
    return control


def _together(*parts):
    """Show widgets below one another, in the course's style."""
    box = widgets.VBox([*parts, widgets.HTML(STYLE, layout=widgets.Layout(display="none"))])
    box.add_class("course-explore")
    display(box)


def slider(label: str, low: float, high: float, step: float | str, value: float) -> widgets.Widget:
    """A slider. Whole numbers if `step` is an int; a `step` of "log" moves in equal ratios, 20 for each factor of 10."""
    if step == "log":
        return _control(widgets.FloatLogSlider, label, min=np.log10(low), max=np.log10(high), step=0.05, value=value)
    kind = widgets.IntSlider if isinstance(step, int) else widgets.FloatSlider
    return _control(kind, label, min=low, max=high, step=step, value=value)


def choice(label: str, options: Sequence, value) -> widgets.SelectionSlider:
    """A slider over the values of a list."""
    return _control(widgets.SelectionSlider, label, options=options, value=value)


def text(label: str, value: str) -> widgets.Text:
    """A field to write in; the picture follows each key."""
    return _control(widgets.Text, label, value=value)


def explore(picture: Callable[..., object], **controls: widgets.Widget) -> None:
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
            before = set(plt.get_fignums())
            try:
                picture(**{name: control.value for name, control in controls.items()})
            except ValueError as error:
                for begun in set(plt.get_fignums()) - before:  # or it is shown below another cell
                    plt.close(begun)
                print(error)

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    _together(*controls.values(), output)


_drawing = threading.RLock()


@contextlib.contextmanager
def _quick_pictures(places):
    """Let figures be shown in less time while a control moves, and whole.

    Finding a layout for several axes takes longer than drawing them, so they stay where the first picture had
    them (`places`); and a picture keeps its margins instead of being drawn a second time to cut them off.

    JupyterLab moves controls on two threads of the kernel, and after each message the notebook draws all of
    pyplot's new figures: one that another thread was drawing came out blank. So one thread draws at a time, and
    with pyplot not interactive the notebook takes no notice of its figures.
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

    with _drawing, plt.ioff(), pictures.shown_by(show):
        yield


# ---------------------------------------------------------------- drawing

def draw_digit(picture: Callable[..., object], side: int = 280, width: int = 22) -> None:
    """Show a field to draw a digit in with the mouse, a finger or a pen; `picture(digit)` is called as you draw.

    `picture` gets float32 (1, 28, 28), see `as_digit`; what it shows stands beside the field. `side`, `width`: of the
    field and of the pen, in pixels. Below the field a file can be uploaded: a photograph or a scan of one digit, see
    `handwriting.read_image`; one that can't be read is told in its place. Without the package ipycanvas there is the
    upload only.
    """
    if not utils.watched():
        return
    output, places = widgets.Output(layout=widgets.Layout(flex="1 1 22em", min_width="0", min_height="15em")), []

    def answer(ink):
        with output, _quick_pictures(places):
            output.clear_output(wait=True)
            picture(as_digit(ink))

    def read(change):
        if not change["new"]:
            return
        wipe()  # or a drawing would stand beside the answer to a file
        try:
            ink = read_image(_uploaded(change["new"]))
        except ValueError as error:  # in place of the old answer, which would pass for one to this file
            with output:
                output.clear_output()
                print(error)
        else:
            answer(ink)

    upload = widgets.FileUpload(description="Or upload an image", accept="image/*",
                                layout=widgets.Layout(width="max-content"))
    upload.observe(read, "value")  # pragma: no mutate: nothing else of it ever changes
    try:
        field, wipe = _field(answer, side, width)
    except ImportError:
        field, wipe = [widgets.HTML("To draw here, install ipycanvas and restart the kernel.")], lambda: None
    answer(np.zeros((side, side)))
    left = widgets.VBox([*field, upload], layout=widgets.Layout(flex="0 0 auto", max_width="100%"))
    _together(widgets.HBox([left, output], layout=widgets.Layout(flex_flow="row wrap")))


def _uploaded(value):
    """Return the bytes of an uploaded file; `value` as ipywidgets 8 (a tuple) or 7 (a dictionary) has it."""
    return bytes((next(iter(value.values())) if isinstance(value, dict) else value[0])["content"])


def _field(answer, side, width):
    """Return the widgets of a field to draw in, which calls `answer(ink)`, and a function that wipes it."""
    from ipycanvas import Canvas
    from PIL import Image, ImageDraw
    canvas = Canvas(width=side, height=side, layout=widgets.Layout(width=f"{side}px", height=f"{side}px"))
    canvas.add_class("course-field")
    ink = Image.new("L", (side, side))
    state = {"last": None, "shown": 0.0}  # where the pen was last, while it is down; when the last picture came

    def wipe():
        ink.paste(0, (0, 0, side, side))
        canvas.fill_style = "black"
        canvas.fill_rect(0, 0, side, side)

    def stroke(x, y):
        x0, y0 = state["last"]
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
        state["last"] = (x, y)
        stroke(x, y)

    def move(x, y):
        if state["last"] is not None:
            stroke(x, y)
            if time.monotonic() - state["shown"] > 0.2:  # while drawing, five pictures a second are enough
                show()

    def up(*_):
        if state["last"] is not None:
            state["last"] = None
            show()

    canvas.on_mouse_down(down)
    canvas.on_mouse_move(move)
    canvas.on_mouse_up(up)
    canvas.on_mouse_out(up)
    # Touches come as a list, of all fingers that are on the field; the first one draws.
    canvas.on_touch_start(lambda fingers: down(*fingers[0]) if len(fingers) == 1 else None)
    canvas.on_touch_move(lambda fingers: move(*fingers[0]) if fingers else None)
    canvas.on_touch_end(lambda fingers: None if fingers else up())
    canvas.on_touch_cancel(up)
    button = widgets.Button(description="Clear")
    button.on_click(lambda _: (wipe(), show()))
    wipe()
    return [widgets.HTML("<b>Draw a digit here:</b>"), canvas, button], wipe
