"""How a figure is shown: in one place, and with words that reach whoever can't see it."""
import base64
import io
import re
import threading
import warnings
from html import unescape

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

import pictures
import utils  # before torch
import torch

ALT = 'A line that rises from 1 to 2; "steep" & <fast>.'


@pytest.fixture
def notebook(monkeypatch):
    """As in a notebook's kernel; yields what is displayed."""
    from matplotlib_inline.backend_inline import InlineBackend, configure_inline_support
    shown = Shown()
    shell = InteractiveShell.instance()
    shell.kernel = True
    configure_inline_support(shell, "inline")
    monkeypatch.setattr(pictures, "get_ipython", lambda: shell)

    def show(*things, raw=False, display_id=False):
        """As IPython's: a dictionary is an output only if it is said to be raw, and can be updated only if it has an id."""
        assert all(raw is True or not isinstance(thing, dict) for thing in things)
        shown.extend(things)
        return Handle(shown) if display_id is True else None

    monkeypatch.setattr(pictures.display, "display", show)
    yield shown
    plt.uninstall_repl_displayhook()  # or pyplot would ask for a shell that is gone, in whatever test comes next
    InlineBackend.clear_instance()
    InteractiveShell.clear_instance()
    plt.close("all")


class Shown(list):
    """What is displayed, and of it what replaced an earlier thing."""
    def __init__(self):
        self.updated = []


class Handle:
    def __init__(self, shown):
        self.shown = shown

    def update(self, output, raw=False):
        assert raw is True or not isinstance(output, dict)
        self.shown.append(output)
        self.shown.updated.append(output)


def line():
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    return fig


def told(output):
    """The alternative text and the kind of the one image in an output."""
    (alt, kind), = re.findall(r'^<img alt="([^"]*)"[^>]* src="data:image/([a-z+]+);base64,[^"]{100,}">$', output["text/html"])
    assert set(output) == {"text/html", "text/plain"} and output["text/plain"] == unescape(alt)
    return unescape(alt), kind


def content_of(output):
    return base64.b64decode(re.search('base64,([^"]+)', output["text/html"])[1])


def size_of(output):
    return Image.open(io.BytesIO(content_of(output))).size


def test_a_figure_brings_its_alternative_text_and_is_closed(notebook):
    utils.show(line(), ALT)
    assert [told(output) for output in notebook] == [(ALT, "png")] and not plt.get_fignums()


def test_formats_that_a_notebook_is_set_to_are_kept(notebook):
    from matplotlib_inline.backend_inline import set_matplotlib_formats
    utils.show(line(), "plain")
    set_matplotlib_formats("retina")
    utils.show(line(), "twice as fine")
    plain, fine = (output["text/html"] for output in notebook)
    assert "width" not in plain.replace("max-width", "") and re.search(r'width="\d+"', fine) and len(fine) > 1.3 * len(plain)
    set_matplotlib_formats("pdf")  # no picture for a page: it is drawn as PNG all the same
    utils.show(line(), "not on a page")
    assert told(notebook[-1]) == ("not on a page", "png")
    narrow, wide = line(), line()
    wide.axes[0].set_ylabel("far out", labelpad=200)  # beyond the figure's edge, which a notebook's picture is cut to
    for fig, name in ((narrow, "narrow"), (wide, "wide")):
        utils.show(fig, name)
    narrow, wide = (size_of(output)[0] for output in notebook[-2:])
    assert wide > narrow + 100
    set_matplotlib_formats("jpeg")
    utils.show(line(), "a photograph")
    assert told(notebook[-1]) == ("a photograph", "jpeg") and size_of(notebook[-1])[0] > 300
    utils.use_svg_display()
    utils.show(line(), "lines that stay lines")
    assert told(notebook[-1]) == ("lines that stay lines", "svg+xml") and b"<svg" in content_of(notebook[-1])


def test_curves_that_grow_tell_what_they_are_at_every_step(notebook, monkeypatch):
    monkeypatch.setattr(pictures, "watched", lambda: True)
    animator = utils.Animator(legend=["loss"])
    animator.add(1, 0.5)
    animator.add(2, 0.4)
    animator.finish("The loss falls.")
    assert [told(output)[0] for output in notebook] == ["Curves of a running computation."] * 2 + ["The loss falls."]
    assert notebook.updated == notebook[1:]  # in the place of the first


def test_one_place_says_how_figures_are_shown():
    seen = []

    def way(fig, alt):
        seen.append((type(fig), alt))
        plt.close(fig)

    with utils.shown_by(way):
        utils.show(line(), "one")
        utils.show_images([[[0.0]]], 1, 1, alt="another")
        with utils.shown_by(lambda fig, alt: seen.append(alt)):
            utils.show(line(), "inside")
        with pytest.raises(ZeroDivisionError), utils.shown_by(None):
            1 / 0
        pictures.show(line(), "after it")
    utils.show(line(), "outside")
    assert seen == [(Figure, "one"), (Figure, "another"), "inside", (Figure, "after it")]
    plt.close("all")


def test_utils_hands_on_all_that_it_says():
    import image_data
    for module in (pictures, image_data):
        for name in module.__all__:
            assert getattr(utils, name) is getattr(module, name), name
    assert "in_notebook" in pictures.__all__ and utils.in_notebook() is False


def test_the_feedback_to_a_student_keeps_the_picture_and_its_words_only(notebook):
    pytest.importorskip("nbgrader")
    from exercises.grading.judge import _plain
    from nbformat.v4 import new_output
    utils.show(line(), ALT)
    kept = _plain(new_output("display_data", dict(notebook[0]))).data
    assert set(kept) == {"image/png", "text/plain"} and kept["text/plain"] == ALT and kept["image/png"].startswith("iVBOR")
    assert _plain(new_output("display_data", {"image/png": kept["image/png"]}, metadata={"image/png": {"width": "1 onload=alert(1)"}})).metadata == {}
    for fake in ('x" onerror="alert(1)', "PHN2Zz48c2NyaXB0Pg==", kept["image/png"][:40], ["list"], "A" * 5_000_000):
        assert set(_plain(new_output("display_data", {"image/png": fake, "text/plain": "x"})).data) == {"text/plain"}
    for hostile in ('<img src=x onerror="alert(1)">', notebook[0]["text/html"] + "<script>alert(1)</script>",
                    notebook[0]["text/html"].replace("<img ", '<img onload="alert(1)" ')):
        assert set(_plain(new_output("display_data", {"text/html": hostile, "text/plain": "x"})).data) == {"text/plain"}


# ---- what strangers tried

def test_images_of_every_shape_and_type_are_shown_and_counted_as_they_are_seen():
    import numpy as np
    import torch
    alts = []
    with utils.shown_by(lambda fig, alt: (alts.append(alt), plt.close(fig))):
        for imgs in (torch.rand(4, 3, 8, 6), torch.rand(4, 8, 6, 3), torch.rand(4, 1, 8, 6), torch.rand(4, 8, 6).bfloat16(), np.random.rand(4, 8, 6),
                     [[[0.5, 1.0]]] * 4, (image for image in torch.rand(4, 8, 6))):
            axes = utils.show_images(imgs, 2, 2)
            assert [len(ax.images) for ax in axes] == [1] * 4
        axes = utils.show_images(torch.rand(6, 8, 8), 1, 3, titles=list("abcdef"))
        utils.show_images(torch.rand(1, 8, 8), 1, 3, titles=["only", "never drawn"])
        utils.show_images(torch.rand(3, 8, 8), 1, 3, titles=["one"])
    assert alts[:7] == ["4 images in a grid."] * 7
    assert alts[7:] == ["3 images in a grid. a; b; c", "1 image in a grid. only", "3 images in a grid. one"]
    with pytest.raises(ValueError, match=r"An image has shape \(8,\)"):
        utils.show_images(torch.rand(8, 8), 1, 1)
    plt.close("all")


def test_a_confusion_matrix_says_only_what_is_so():
    import torch
    alts = []
    with utils.shown_by(lambda fig, alt: (alts.append(alt), plt.close(fig))):
        utils.show_confusion_matrix(3 * torch.eye(2).long(), ["a", "b"])
        utils.show_confusion_matrix(torch.tensor([[3, 1], [0, 2]]), ["a", "b"])
    assert alts == ["Confusion matrix of 6 predictions, 6 of them right.",
                    "Confusion matrix of 6 predictions, 5 of them right; most often a is taken for b (1 time)."]
    for matrix in (torch.eye(3), torch.zeros(2, 3), torch.zeros(3, 2), torch.zeros(4)):
        with pytest.raises(ValueError, match="give one name for each class"):
            utils.show_confusion_matrix(matrix, ["a", "b"])


def test_a_confusion_matrixs_colours_are_shares_from_none_to_all():
    """Also where no count is 0, and of a class of a single picture."""
    import torch
    figures = []
    with utils.shown_by(lambda fig, alt: figures.append(fig)):
        utils.show_confusion_matrix(torch.tensor([[3, 1, 0], [0, 1, 0], [0, 0, 0]]), ["a", "b", "c"])
        utils.show_confusion_matrix(torch.tensor([[3, 1], [2, 2]]), ["a", "b"])
    for fig, shares in zip(figures, ([[0.75, 0.25, 0], [0, 1, 0], [0, 0, 0]], [[0.75, 0.25], [0.5, 0.5]])):
        picture, = fig.axes[0].images
        assert picture.get_array().tolist() == shares and picture.get_clim() == (0, 1)
        assert picture.colorbar.ax is fig.axes[1] and picture.colorbar.cmap.name == "Blues"
        assert [text.get_color() for text in fig.axes[0].texts] == ["white" if share > 0.7 else "black" for row in shares for share in row]
    plt.close("all")


def test_regions_need_a_class_for_each_point():
    import torch
    X, y = torch.randn(5, 2), torch.tensor([0, 1, 0, 1, 0])
    with pytest.raises(ValueError, match=r"predict gives shape \(40000, 2\) for 40000 points"):
        utils.show_decision_boundary(lambda points: points, X, y, "Two classes.")
    utils.show_decision_boundary(lambda points: (points[:, 0] > 0).numpy(), X, y, "Two classes.")
    plt.close("all")


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_regions_have_a_tint_each_and_a_line_between_each_two(classes):
    import torch
    figures, y = [], torch.arange(6) % classes
    X = torch.stack([4.0 * y, torch.arange(6.0)], dim=1)
    with utils.shown_by(lambda fig, alt: figures.append(fig)):
        utils.show_decision_boundary(lambda points: (points[:, 0] / 4).round().clamp(0, classes - 1), X, y, "Classes side by side.")
    ax, = figures[0].axes
    regions, *lines = [drawn for drawn in ax.collections if hasattr(drawn, "levels")]
    assert regions.levels.tolist() == [c - 0.5 for c in range(classes + 1)] and regions.filled
    assert [line.levels.tolist() for line in lines] == ([[c + 0.5 for c in range(classes - 1)]] if classes > 1 else [])
    for c, path in enumerate(regions.get_paths()):  # each from halfway to its neighbour on the left to halfway on the right
        (left, low), (right, high) = path.vertices.min(0), path.vertices.max(0)
        assert (low, high) == (-1, 6) and abs(left - max(4 * c - 2, -1)) < 0.1 and abs(right - min(4 * c + 2, 4 * classes - 3)) < 0.1
    plt.close("all")


def test_a_cells_figure_is_out_of_pyplots_hands_while_it_is_drawn(notebook, monkeypatch):
    """Or a control that is moved meanwhile lets another thread draw it, and both spoil it."""
    known = []
    monkeypatch.setattr(Figure, "draw", lambda fig, *_: known.append(plt.get_fignums()))
    utils.show(line(), ALT)
    assert known and not any(known) and len(notebook) == 1


def test_a_control_moved_while_a_cell_draws_shows_none_of_the_cells_figures():
    """Explore cells draw on a thread of their own while another cell runs."""
    seen, inside, outside = [], threading.Event(), threading.Event()

    def moved():
        with utils.shown_by(lambda fig, alt: seen.append(alt)):
            inside.set()
            outside.wait(10)
            utils.show(None, "the control's")

    thread = threading.Thread(target=moved)
    thread.start()
    inside.wait(10)
    utils.show(line(), "the cell's")
    outside.set()
    thread.join()
    assert seen == ["the control's"]
    plt.close("all")


def test_curves_that_grow_are_shown_by_whom_it_says(notebook, monkeypatch):
    import torch
    monkeypatch.setattr(pictures, "watched", lambda: True)
    seen = []
    with utils.shown_by(lambda fig, alt: seen.append(alt)):
        animator = utils.Animator(legend=["loss"])
        animator.add(1, torch.tensor(0.5))
        animator.finish("The loss falls.")
    assert seen == ["The loss falls."] and notebook == []


def test_each_figure_is_closed_itself_whichever_is_the_current_one(notebook):
    mine, shown = plt.figure().number, line()
    plt.figure(mine)
    utils.show(shown, "not the current one")
    assert plt.get_fignums() == [mine]


def test_a_still_has_twice_the_pixels_and_the_size_of_the_others(notebook, monkeypatch):
    utils.show(line(), "seen")
    monkeypatch.setenv("COURSE_STILL", "1")
    utils.show(line(), "kept")
    (width, height), kept = size_of(notebook[0]), Image.open(io.BytesIO(content_of(notebook[1])))
    assert kept.format == "PNG" and kept.mode == "P" and abs(kept.width - 2 * width) <= 2 and abs(kept.height - 2 * height) <= 2
    assert kept.convert("RGB").getpixel((0, 0)) == (255, 255, 255), "what is white stays white among fewer colours"
    assert f'alt="kept" width="{kept.width // 2}"' in notebook[1]["text/html"]


@pytest.mark.parametrize("kernel, environment, looked_at", [
    (True, {}, True), (False, {}, False), (True, {"PYTEST_VERSION": "9"}, False), (True, {"COURSE_STILL": "1"}, False)])
def test_somebody_looks_in_a_notebook_that_no_test_and_no_command_runs(monkeypatch, kernel, environment, looked_at):
    for name in ("PYTEST_VERSION", "COURSE_STILL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(pictures, "in_notebook", lambda: kernel)
    assert pictures.watched() is looked_at


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until its `now` is set."""
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    monkeypatch.setattr(pictures, "time", Clock())
    return pictures.time


def test_the_bar_says_where_the_training_is_four_times_a_second(notebook, monkeypatch, clock):
    monkeypatch.setattr(pictures, "watched", lambda: True)
    bar = utils.ProgressBar(3, 10)
    assert [thing.data for thing in notebook] == [""]
    for batch in range(25):
        bar.step(batch // 10)
        clock.now += 0.1
    drawn = [thing.data for thing in notebook[1:]]
    assert drawn[0] == '<progress max="30" value="1" aria-label="epoch 1 of 3, batch 1 of 10"></progress> epoch 1 of 3, batch 1 of 10'
    assert [int(re.search(r'value="(\d+)"', each)[1]) for each in drawn] == [1, 4, 7, 10, 13, 16, 19, 22, 25]
    assert [re.search(r"> (.*)", each)[1] for each in drawn] == [
        f"epoch {epoch} of 3, batch {batch} of 10" for epoch, batch in ((1, 1), (1, 4), (1, 7), (1, 10), (2, 3), (2, 6), (2, 9), (3, 2), (3, 5))]
    bar.close()
    assert notebook[-1].data == "" and len(notebook) == len(drawn) + 2


def test_a_bar_without_a_known_number_of_batches_counts_them(notebook, monkeypatch, clock):
    monkeypatch.setattr(pictures, "watched", lambda: True)
    bar = utils.ProgressBar(2, None)
    bar.step(0)
    assert notebook[-1].data == '<progress aria-label="epoch 1 of 2, batch 1 of ?"></progress> epoch 1 of 2, batch 1 of ?'
    clock.now += 1
    bar.step(1)  # nobody knows how many were of the first epoch
    assert notebook[-1].data.endswith("epoch 2 of 2, batch 2 of ?")


def test_where_nobody_looks_there_is_no_bar(notebook):
    bar = utils.ProgressBar(2, 5)
    bar.step(0)
    bar.close()
    assert notebook == [] and bar.done == 1


def test_the_last_picture_has_all_points_however_soon_it_comes(notebook, monkeypatch, clock):
    monkeypatch.setattr(pictures, "watched", lambda: True)
    animator = utils.Animator(seconds_between=60)
    animator.add(1, 0.5)
    animator.add(2, 0.25)
    animator.finish("The loss falls.")
    assert len(notebook) == 2 and 'alt="The loss falls."' in notebook[-1]["text/html"]
    assert animator.axes[0].lines[0].get_xdata().tolist() == [1, 2]


def test_nought_is_a_point_and_none_is_not():
    animator = utils.Animator()
    for x, y in ((0, (0.0, 1)), (1, (None, 0)), (None, (1.0, 1.0)), (2, (float("nan"), False)), (0, (0, None))):
        animator.add(x, y)
    assert animator.X == [[0, 2, 0], [0, 1, 2]] and [str(y) for y in animator.Y[0]] == ["0.0", "nan", "0.0"] and animator.Y[1] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("number", [lambda y: torch.tensor(float(y), requires_grad=True), lambda y: torch.tensor([y]), np.float32, np.array, lambda y: np.array([y]), float, int])
def test_numbers_of_every_kind_are_points_one_or_several(number):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        animator = utils.Animator()
        animator.add(number(1), number(2))
        animator.add(2, number(3))
        assert (animator.X, animator.Y) == ([[1, 2]], [[2, 3]]) and {type(y) for y in animator.Y[0]} == {float}
        assert {type(x) for x in animator.X[0]} <= {int, float}, "a step that is counted on in place would move what is drawn"
        animator = utils.Animator(xlabel=None, xscale=None, yscale=None)
        animator.add(3, [number(1), 0.5])
        assert all(isinstance(x, (int, float)) for x in animator.X[0])
        animator.add([4, 5], torch.tensor([3.0, 4.0], requires_grad=True))
        assert (animator.X, animator.Y) == ([[3, 4], [3, 5]], [[1, 3], [0.5, 4]])
        animator.finish("Two lines.")


def test_the_last_picture_is_shown_also_where_nobody_looks(notebook, monkeypatch, clock):
    """As make notebooks runs a lesson, and keeps what it shows."""
    monkeypatch.setattr(pictures, "watched", lambda: False)
    animator = utils.Animator(xlabel="epoch")
    animator.add(1, 0.5)
    assert len(notebook) == 0
    animator.finish("The loss falls.")
    assert len(notebook) == 1 and 'alt="The loss falls."' in notebook[-1]["text/html"]


def test_curves_that_grow_are_drawn_no_more_often_than_asked_for(notebook, monkeypatch, clock):
    monkeypatch.setattr(pictures, "watched", lambda: True)
    animator = utils.Animator(seconds_between=0.5)
    for i in range(6):
        animator.add(i, 1 / (i + 1))
        clock.now += 0.25
    assert len(notebook) == 3  # at 0, 0.5 and 1 second
    monkeypatch.setattr(pictures, "watched", lambda: False)
    clock.now += 10
    animator.add(7, 0.1)
    assert len(notebook) == 3
