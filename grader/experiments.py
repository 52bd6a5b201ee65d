"""For the short experiments that students start by hand: progress while something trains, then a drawing.

    from grader.experiments import show_curves, track

    for epoch in track(range(40), "training"):
        ...
    show_curves("Loss", {"training": [...], "validation": [...]}, levels={"ln 10": 2.303}, save="loss.png")

Everything shows in a terminal as text; with ``save`` the same is written as PNG or SVG. Each function prints
to standard output, progress to standard error.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from grader.drawing import LOG_RATIO, draw, draw_bars
from grader.pictures import Curves, Images

__all__ = ["show_bars", "show_curves", "show_images", "track"]

Item = TypeVar("Item")
Save = str | Path | None

_SHADES = " .:-=+*#%@"
_HEIGHT = 15  # of a curve, in lines
_IMAGES = 6  # of a row, in a terminal
_TICKS = 6  # of an axis, at most


def track(items: Iterable[Item], what: str = "training") -> Iterable[Item]:
    """The items, with a progress bar on a terminal and one line in a log."""
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    if not console.is_terminal:
        print(f"{what} ...", file=sys.stderr)
        return items
    return rich_track(items, description=what, console=console, transient=True)


def show_curves(
    title: str,
    curves: Mapping[str, Sequence[float]],
    *,
    x: str = "epoch",
    y: str = "loss",
    at: Sequence[float] | None = None,
    levels: Mapping[str, float] | None = None,
    save: Save = None,
) -> None:
    """Draw lines over the same axis.

    :param curves: label to values; what is not finite leaves a gap.
    :param at: where the values lie, for all lines; 0, 1, 2, ... by default.
    :param levels: label to a height that is worth comparing with, such as the loss of guessing.
    :param save: a file to draw into as well; its ending decides, .png or .svg.
    :raises ValueError: no curve has a finite value.
    """
    import plotext

    drawn = {label: [float(value) for value in values] for label, values in curves.items()}
    heights = [value for values in drawn.values() for value in values if math.isfinite(value)]
    if not heights:
        raise ValueError(f"{title}: nothing finite to draw")
    longest = max(len(values) for values in drawn.values())
    places = list(at) if at is not None else list(range(longest))
    wide_range = min(heights) > 0 and max(heights) > LOG_RATIO * min(heights)
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(_width(), _HEIGHT)
    if wide_range:
        plotext.yscale("log")
    for label, values in drawn.items():
        kept = [place for place in zip(places, values, strict=False) if math.isfinite(place[1])]
        if kept:
            plotext.plot(*zip(*kept, strict=True), label=label, marker="braille" if _unicode() else "*")
    for label, level in (levels or {}).items():
        plotext.plot(
            [places[0], max(places[0] + 1, places[-1])],
            [level, level],
            label=f"{label} = {level:.3g}",
            marker="-",
        )
    _ticks(plotext.yticks, heights + list((levels or {}).values()), wide_range)
    _ticks(plotext.xticks, [float(place) for place in places], False)
    plotext.title(title)
    plotext.xlabel(x)
    plotext.ylabel(y)
    text = plotext.build()
    _print(text if sys.stdout.isatty() else plotext.uncolorize(text).rstrip())
    if save is not None:
        flat = {f"{label} = {level:.3g}": [level] * longest for label, level in (levels or {}).items()}
        _save(Curves("curves", title, {**drawn, **flat}, x, y, at=at), save)


def show_images(title: str, rows: Mapping[str, npt.ArrayLike], *, save: Save = None) -> None:
    """Draw rows of gray images, in a terminal in ten shades of characters and at most six to a row.

    :param rows: label to (N, H, W), 0 black and 1 white; what lies outside is clipped.
    """
    arrays = {label: np.asarray(images, dtype=np.float64) for label, images in rows.items()}
    picture = Images("images", title, arrays)
    lines = [title]
    for label, images in arrays.items():
        lines += ["", label]
        shown = [_text(image) for image in images[: min(_IMAGES, max(1, (_width() + 1) // 30))]]
        lines += [" ".join(parts) for parts in zip(*shown, strict=True)]
    _print("\n".join(lines))
    if save is not None:
        _save(picture, save)


def show_bars(title: str, bars: Mapping[str, float], *, highest: float = 1.0, save: Save = None) -> None:
    """Draw one bar for each figure.

    :param highest: the length of a full bar.
    """
    widest = max((len(label) for label in bars), default=0)
    room = max(10, _width() - widest - 10)
    full = "█" if _unicode() else "#"
    lines = [title]
    for label, value in bars.items():
        share = min(max(value / highest, 0.0), 1.0) if math.isfinite(value) else 0.0
        lines.append(f"{label:>{widest}} {value:6.3f} {full * round(share * room)}")
    _print("\n".join(lines))
    if save is not None:
        draw_bars(title, bars, Path(save))
        _print(f"drawn into {save}")


def _ticks(
    set_ticks: Callable[[Sequence[float], Sequence[str]], None], values: Sequence[float], log: bool
) -> None:
    """Ticks at round numbers: plotext's own are cut at equal distances and written with all their digits."""
    low, high = min(values), max(values)
    if log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        factors = (1, 2, 5) if len(powers) <= 3 else (1,)
        found = [factor * 10.0**power for power in powers for factor in factors]
        found = found[:: max(1, math.ceil(len(found) / _TICKS))]
    else:
        rough = (high - low) / _TICKS or 1.0
        scale = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= rough)
        found = [step * count for count in range(math.ceil(low / step), math.floor(high / step) + 1)]
    found = [value for value in found if low <= value * (1 + 1e-9) and value <= high * (1 + 1e-9)] or [low]
    set_ticks(found, [f"{value:.6g}" for value in found])


def _text(image: npt.NDArray[np.float64]) -> list[str]:
    """An image in characters, two pixels in one line: a character is twice as high as it is wide."""
    height = image.shape[0] - image.shape[0] % 2
    pairs = np.nan_to_num(image[:height]).reshape(height // 2, 2, -1).mean(axis=1)
    shades = (np.clip(pairs, 0, 1) * (len(_SHADES) - 1)).round().astype(int)
    return ["".join(_SHADES[shade] for shade in row) for row in shades]


def _save(picture: Curves | Images, save: str | Path) -> None:
    draw(picture, Path(save))
    _print(f"drawn into {save}")


def _width() -> int:
    return min(100, shutil.get_terminal_size((80, 24)).columns)


def _unicode() -> bool:
    return (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")


def _print(text: str) -> None:
    """To standard output, whatever its encoding can show, without the blanks at the ends of lines."""
    text = "\n".join(line.rstrip() for line in text.splitlines())
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding))
