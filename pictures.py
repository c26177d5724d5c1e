"""Pictures: images in a grid, curves that grow, a progress bar, a confusion matrix, regions of a classifier.

`utils` takes everything in `__all__` from here, so lessons say `utils.show_images`. Each picture carries an
alternative text for those who can't see it.
"""
from compat import use_svg_display  # before torch

import base64
import contextlib
import contextvars
import io
import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from html import escape

import numpy as np
import torch
from IPython import display, get_ipython
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image

__all__ = ["COLORS", "Animator", "ProgressBar", "image_output", "in_notebook", "plt", "show", "show_confusion_matrix",
           "show_decision_boundary", "show_images", "shown_by", "use_svg_display", "watched"]

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
plt.rcParams.update({"axes.prop_cycle": plt.cycler(color=COLORS), "figure.dpi": 100,
                     "svg.hashsalt": "course"})


def in_notebook() -> bool:
    """Whether this runs in a notebook's kernel, where figures are outputs; else it is a script or a terminal."""
    return hasattr(get_ipython(), "kernel")


def watched() -> bool:
    """Whether somebody may be looking: a notebook's kernel that no test and no `make notebooks` started."""
    return in_notebook() and not {"PYTEST_VERSION", "COURSE_STILL"} & os.environ.keys()


def image_output(picture: bytes, alt: str, kind: str = "png", width: int | None = None) -> dict[str, str]:
    """Return an image as a notebook's output, {"text/html": ..., "text/plain": alt}, for `display(..., raw=True)`.

    `picture`: the bytes of a file of that `kind` ("png", "svg+xml"). `width`: pixels on the page, else the picture's own.
    An output of the type image/png has no alternative text in JupyterLab and in exported HTML, whatever its metadata
    say; an <img> brings its own to every reader.
    """
    size = f' width="{width}"' if width else ""
    data = base64.b64encode(picture).decode()
    return {"text/html": f'<img alt="{escape(alt)}"{size} style="max-width: 100%" src="data:image/{kind};base64,{data}">',
            "text/plain": alt}


def _figure_output(fig, alt):
    """Return a figure as `image_output`, in the format that the notebook is set to (PNG, retina, SVG).

    `make notebooks` keeps a PNG of twice the pixels, which stays sharp on paper and on fine screens.
    """
    if "COURSE_STILL" in os.environ:
        drawn, picture = io.BytesIO(), io.BytesIO()
        fig.savefig(drawn, format="png", bbox_inches="tight", dpi=2 * fig.dpi)
        image = Image.open(drawn).convert("RGB").quantize(256)  # less than half the bytes
        image.save(picture, "PNG", optimize=True)
        return image_output(picture.getvalue(), alt, width=image.width // 2)
    formats, metadata = get_ipython().display_formatter.format(fig, include=["image/png", "image/svg+xml", "image/jpeg"])
    for mime, picture in formats.items():
        if isinstance(picture, str):
            picture = picture.encode() if mime == "image/svg+xml" else base64.b64decode(picture)
        return image_output(picture, alt, mime.removeprefix("image/"), metadata.get(mime, {}).get("width"))
    picture = io.BytesIO()  # the notebook is set to none of them
    fig.savefig(picture, format="png", bbox_inches="tight")
    return image_output(picture.getvalue(), alt)


_way: contextvars.ContextVar[Callable[[Figure, str], object] | None] = contextvars.ContextVar("_way", default=None)  # see shown_by; one for each thread that shows figures


@contextlib.contextmanager
def shown_by(way: Callable[[Figure, str], object]):
    """Within this block let `way(fig, alt)` show each figure, whoever draws it; it closes the figure too.

    The one place to decide how figures are shown: `show` asks it, and every picture is shown by `show`.
    """
    before = _way.set(way)
    try:
        yield
    finally:
        _way.reset(before)


def show(fig: Figure, alt: str) -> None:
    """Show a figure in the notebook, with `alt` as its alternative text for those who can't see it.

    In a script the figure stays open for `plt.show()`.
    """
    if way := _way.get():
        way(fig, alt)
    elif in_notebook():
        plt.close(fig)  # before it is drawn: a control that is moved meanwhile has a thread draw all open figures
        display.display(_figure_output(fig, alt), raw=True)


def show_images(imgs: Iterable, num_rows: int, num_cols: int, titles: Iterable[str] | None = None, scale: float = 1.5,
                alt: str | None = None) -> np.ndarray:
    """Show images, each (h, w), (1, h, w), (3, h, w) or (h, w, 3), in a grid of `num_rows` by `num_cols`; return its axes.

    `titles`: a text an image. `scale`: inches an image. `alt`: alternative text, else made from the titles.
    """
    fig, axes = plt.subplots(num_rows, num_cols, figsize=(num_cols * scale, num_rows * scale), squeeze=False)
    fig.set_layout_engine("constrained", wspace=0.06, hspace=0.06)
    axes = axes.flatten()
    for ax in axes:
        ax.axis("off")
    imgs, titles = list(imgs)[:len(axes)], [] if titles is None else list(titles)
    for ax, img in zip(axes, imgs):
        img = img.detach().cpu() if torch.is_tensor(img) else torch.as_tensor(np.asarray(img))
        if img.ndim not in (2, 3):
            raise ValueError(f"An image has shape {tuple(img.shape)}, not (h, w), (1, h, w), (3, h, w) or (h, w, 3): show_images takes a list "
                             "or a batch of them.")
        if img.ndim == 3 and img.shape[0] in (1, 3) and img.shape[2] not in (3, 4):
            img = img.permute(1, 2, 0)  # as PyTorch has them: channels first
        img = img.float() if img.is_floating_point() else img  # NumPy has no bfloat16
        ax.imshow(img.numpy(), cmap="gray_r")
    titles = titles[:len(imgs)]
    for ax, title in zip(axes, titles):
        ax.set_title(title, fontsize=9)
    words = "; ".join(str(title).replace("\n", ", ") for title in titles)
    show(fig, alt or f"{len(imgs)} image{'s' * (len(imgs) != 1)} in a grid. {words}".strip())
    return axes


def show_confusion_matrix(matrix, names: Sequence[str], alt: str | None = None) -> None:
    """Show `confusion_matrix`'s counts with the classes' `names`; colour is the share of the true class."""
    matrix = torch.as_tensor(matrix)
    if matrix.ndim != 2 or not matrix.shape[0] == matrix.shape[1] == len(names):
        raise ValueError(f"The matrix has shape {tuple(matrix.shape)}, and there are {len(names)} names: give one name for each class, in "
                         "the order of the rows.")
    share = matrix / matrix.sum(dim=1, keepdim=True).clamp(min=1)
    fig, ax = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
    picture = ax.imshow(share.numpy(), cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(matrix.numpy()):
        ax.text(j, i, f"{count}", ha="center", va="center", fontsize=8, color="white" if share[i, j] > 0.7 else "black")
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted class", ylabel="true class")
    fig.colorbar(picture, ax=ax, label="share of the true class")
    lost = matrix.clone().fill_diagonal_(0)
    true, taken = divmod(int(lost.argmax()), len(names))
    most = int(lost.max())
    mistakes = f"; most often {names[true]} is taken for {names[taken]} ({most} time{'s' * (most != 1)})" if most else ""
    show(fig, alt or f"Confusion matrix of {int(matrix.sum())} predictions, {int(matrix.diagonal().sum())} of them right{mistakes}.")


def show_decision_boundary(predict: Callable[[torch.Tensor], torch.Tensor], X: torch.Tensor, y: torch.Tensor, alt: str) -> None:
    """Show points X (n, 2) of classes y (n,) on the regions that `predict` assigns to each class.

    `predict` maps points (m, 2) to classes (m,). Classes differ by marker as well as by colour.
    """
    fig, ax = plt.subplots(figsize=(4.5, 4), layout="constrained")
    (x0, x1), (y0, y1) = [(float(v.min()) - 1, float(v.max()) + 1) for v in (X[:, 0], X[:, 1])]
    u, v = torch.meshgrid(torch.linspace(x0, x1, 200), torch.linspace(y0, y1, 200), indexing="xy")
    with torch.no_grad():
        regions = torch.as_tensor(predict(torch.stack([u.flatten(), v.flatten()], dim=1)))
    if regions.numel() != u.numel():
        raise ValueError(f"predict gives shape {tuple(regions.shape)} for {u.numel()} points: let it return one class for each, as in "
                         "net(points).argmax(dim=1).")
    regions = regions.reshape(u.shape)
    classes = sorted({int(c) for c in y.flatten()})
    borders = [c - 0.5 for c in classes] + [classes[-1] + 0.5]
    tints = [to_rgba(color, 0.4 if i % 2 else 0.15) for i, color in enumerate(COLORS[:len(classes)])]  # differ in grey too
    ax.contourf(u, v, regions.float(), levels=borders, colors=tints)
    if len(classes) > 1:
        ax.contour(u, v, regions.float(), levels=borders[1:-1], colors="0.3", linewidths=1)
    for c, color, marker in zip(classes, COLORS, "osD^vP"):
        points = X[y.flatten() == c]
        ax.scatter(points[:, 0], points[:, 1], color=color, marker=marker, s=20, edgecolor="white", linewidth=0.5, label=f"class {c}")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.legend()
    show(fig, alt)


def _several(value):
    return getattr(value, "ndim", hasattr(value, "__len__"))  # a tensor () has a length that it refuses to tell


class Animator:
    """Curves that grow in place while a loop runs; `add(x, y)` as in d2l, `finish(alt)` for the last picture.

    Beyond d2l's arguments: `panels` names the axes (0, 1, ...) that each curve is drawn in, `ylabel`
    may then be one text an axes, and `seconds_between` spaces the redraws of a fast loop. Nothing is
    drawn along the way in a script or a test.
    """

    def __init__(self, xlabel=None, ylabel=None, legend=None, xlim=None, ylim=None, xscale="linear", yscale="linear",
                 fmts=("-", "m--", "g-.", "r:"), nrows=1, ncols=1, figsize=(3.5, 2.5), panels=None, seconds_between=0):
        self.fig, axes = plt.subplots(nrows, ncols, figsize=figsize, squeeze=False, layout="constrained")
        self.axes, self.legend, self.panels = list(axes.flatten()), legend or [], panels
        self.ylabels = ylabel if isinstance(ylabel, (list, tuple)) else [ylabel] * len(self.axes)
        self.fmts = fmts if panels is None else ("o-", "s--") * len(panels)
        self.settings = {"xlabel": xlabel, "xlim": xlim, "ylim": ylim, "xscale": xscale, "yscale": yscale}
        self.X, self.Y = [], []
        self.handle, self.drawn, self.seconds_between = None, -math.inf, seconds_between
        if in_notebook():
            plt.close(self.fig)  # we show it ourselves; else the notebook would do so again

    def add(self, x, y) -> None:
        """Add a point to each curve: `y` a number or one a curve (None for no point), `x` likewise."""
        y = list(y) if _several(y) else [y]
        x = list(x) if _several(x) else [x] * len(y)
        if not self.X:
            self.X, self.Y = [[] for _ in y], [[] for _ in y]
        for i, (a, b) in enumerate(zip(x, y)):
            if a is not None and b is not None:
                self.X[i].append(a.item() if hasattr(a, "item") else a)  # a tensor's or an array's number, which may change later
                self.Y[i].append(float(b.item() if hasattr(b, "item") else b))
        if watched() and time.monotonic() - self.drawn >= self.seconds_between:
            self._draw("Curves of a running computation.")

    def _draw(self, alt):
        for panel, (ax, ylabel) in enumerate(zip(self.axes, self.ylabels)):
            ax.cla()
            for i, (X, Y) in enumerate(zip(self.X, self.Y)):
                if (self.panels or [0] * len(self.X))[i] == panel:
                    ax.plot(X, Y, self.fmts[i % len(self.fmts)], markersize=3,
                            label=self.legend[i] if i < len(self.legend) else None)
            ax.set(ylabel=ylabel, **{key: value for key, value in self.settings.items() if value is not None})
            ax.grid(alpha=0.4)
            if self.settings["xlabel"] == "epoch" and ax.get_xscale() == "linear":
                ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
            if ax.get_legend_handles_labels()[0]:
                ax.legend()
        if in_notebook() and not _way.get():
            output = _figure_output(self.fig, alt)
            if self.handle is None:
                self.handle = display.display(output, raw=True, display_id=True)
            else:
                self.handle.update(output, raw=True)
        self.drawn = time.monotonic()

    def finish(self, alt: str) -> None:
        """Draw the last picture, with all points and its alternative text."""
        self._draw(alt)
        if way := _way.get():
            way(self.fig, alt)


class ProgressBar:
    """A progress bar over epochs and batches that leaves nothing behind; silent when nobody looks."""

    def __init__(self, num_epochs: int, num_batches: int | None):
        self.num_epochs, self.num_batches, self.done, self.drawn = num_epochs, num_batches, 0, 0.0
        self.handle = display.display(display.HTML(""), display_id=True) if watched() else None

    def step(self, epoch: int) -> None:
        """Count a batch of epoch 0, 1, ..."""
        self.done += 1
        if self.handle is None or time.monotonic() - self.drawn < 0.25:
            return
        batch = self.done - epoch * (self.num_batches or 0)
        size = f' max="{self.num_epochs * self.num_batches}" value="{self.done}"' if self.num_batches else ""
        words = f"epoch {epoch + 1} of {self.num_epochs}, batch {batch} of {self.num_batches or '?'}"
        self.handle.update(display.HTML(f'<progress{size} aria-label="{escape(words)}"></progress> {words}'))
        self.drawn = time.monotonic()

    def close(self) -> None:
        """Take the bar away."""
        if self.handle is not None:
            self.handle.update(display.HTML(""))
