"""Draws pictures with matplotlib, without a display and without a window."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grader.pictures import Captioned, Curves, Images, Picture, Reliability

IMAGES_IN_A_ROW = 12
DOTS_PER_INCH = 110
LOG_RATIO = 50.0  # between the largest and the smallest value of a positive curve: from here on logarithmic
CAPTIONED, CAPTIONED_IN_A_ROW = 24, 6
INCHES, LINE_POINTS = 1.4, 10.0  # of a captioned image, of a line of words below it
LETTER, LETTER_POINTS = 0.602, 7.5  # width of a letter of DejaVu Sans Mono, in its size
RIGHT, WRONG = "#176c2c", "#a3261d"
POINTS = 10_000  # of a curve: a submission may hand back millions, and the judge draws them


def draw(picture: Picture, path: Path) -> None:
    """Write a picture; the file's ending says whether as PNG or as SVG.

    :raises OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure  # half a second, for those who want pictures only

    if isinstance(picture, Images):
        figure = _images(picture, Figure)
    elif isinstance(picture, Captioned):
        figure = _captioned(picture, Figure)
    else:
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        (_curves if isinstance(picture, Curves) else _reliability)(picture, axes)  # type: ignore[arg-type]
        axes.set_title(picture.title)
    # Without the date the same picture gives the same bytes.
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    figure.savefig(path, dpi=DOTS_PER_INCH, metadata=metadata)


def _curves(picture: Curves, axes: Any) -> None:
    heights: list[float] = []
    for number, (label, values) in enumerate(picture.lines.items()):
        colour = f"C{number}"
        drawn = np.asarray(values[:POINTS], dtype=np.float64)
        drawn = np.where(np.isfinite(drawn), drawn, np.nan)
        heights += drawn[np.isfinite(drawn)].tolist()
        marker = "o" if len(drawn) <= 20 else None
        places = np.arange(len(drawn)) if picture.at is None else np.asarray(picture.at)[: len(drawn)]
        axes.plot(places, drawn, color=colour, label=label, marker=marker, markersize=3)
        band = picture.bands.get(label)
        if band is not None:
            x = np.arange(len(band.low))
            heights += [value for value in (*band.low, *band.high) if math.isfinite(value)]
            name = f"reference, {label}: 90 % of runs"
            axes.fill_between(x, _finite(band.low), _finite(band.high), color=colour, alpha=0.2, label=name)
            axes.plot(x, _finite(band.middle), color=colour, linestyle=":", linewidth=1)
    if heights and min(heights) > 0 and max(heights) > LOG_RATIO * min(heights):
        axes.set_yscale("log")
    axes.set(xlabel=picture.x, ylabel=picture.y)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    if picture.lines:
        axes.legend(fontsize="small")


def _finite(values: Sequence[float]) -> Any:
    array = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def _reliability(picture: Reliability, axes: Any) -> None:
    sure, accuracy, count = picture.binned()
    filled = count > 0
    edges = np.arange(picture.bins) / picture.bins
    axes.bar(
        edges[filled],
        accuracy[filled],
        width=1 / picture.bins,
        align="edge",
        edgecolor="white",
        alpha=0.8,
        label="share that is right",
    )
    axes.plot([0, 1], [0, 1], color="black", linestyle="--", linewidth=1, label="as sure as right")
    axes.plot(sure[filled], accuracy[filled], "o", color="C1", markersize=4, label="mean confidence")
    total = max(1, int(count.sum()))
    error = float(np.sum(count[filled] * np.abs(accuracy[filled] - sure[filled]))) / total
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    said = f"expected calibration error {error:.3f}, {total} answers"
    axes.text(0.98, 0.04, said, ha="right", bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none"})
    axes.legend(fontsize="small", loc="upper left")


def _images(picture: Images, figure_type: Any) -> Any:
    rows = {label: np.asarray(images)[:IMAGES_IN_A_ROW] for label, images in picture.rows.items()}
    columns = max((len(images) for images in rows.values()), default=1) or 1
    figure = figure_type(figsize=(1.0 + 0.8 * columns, 0.5 + 0.9 * max(1, len(rows))), layout="constrained")
    grid = figure.subplots(max(1, len(rows)), columns, squeeze=False)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.set_frame_on(False)
    for line, (label, images) in zip(grid, rows.items(), strict=False):
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize="small")
        for axes, image in zip(line, images, strict=False):
            axes.imshow(np.nan_to_num(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    figure.suptitle(picture.title)
    return figure


def _captioned(picture: Captioned, figure_type: Any) -> Any:
    shown = list(zip(np.asarray(picture.images), picture.captions, strict=True))[:CAPTIONED]
    columns = min(max(len(shown), 4), CAPTIONED_IN_A_ROW)  # four leave room for the title
    lines = max(1, math.ceil(len(shown) / columns))
    laid = [_lay(words) for _, words in shown]
    below = 1 + max((placed[-1][0] for placed in laid if placed), default=0)  # lines of words
    height = INCHES + (below + 1) * LINE_POINTS / 72
    figure = figure_type(figsize=(columns * (INCHES + 0.15), lines * height + 0.4))
    grid = figure.subplots(lines, columns, squeeze=False)
    top, bottom = 1 - 0.35 / (lines * height + 0.4), (below + 0.5) * LINE_POINTS / 72 / (lines * height + 0.4)
    figure.subplots_adjust(
        left=0.02, right=0.98, top=top, bottom=bottom, wspace=0.1, hspace=(height - INCHES) / INCHES
    )
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (image, _), placed in zip(grid.flat, shown, laid, strict=False):
        axes.imshow(np.clip(np.nan_to_num(image), 0, 1), interpolation="nearest")
        for line, column, word, right in placed:
            axes.annotate(
                word,
                (0, 0),
                (column * LETTER * LETTER_POINTS, -(line + 1) * LINE_POINTS),
                xycoords="axes fraction",
                textcoords="offset points",
                family="monospace",
                fontsize=LETTER_POINTS,
                color=RIGHT if right else WRONG,
                weight="normal" if right else "bold",
                parse_math=False,
                annotation_clip=False,
            )
    figure.suptitle(picture.title, fontsize="medium", y=1 - 0.1 / (lines * height + 0.4), va="top")
    return figure


def _lay(words: Sequence[tuple[str, bool]]) -> list[tuple[int, int, str, bool]]:
    """Line, column, text and rightness of each word below an image; a wrong one has a cross in front."""
    wide = int(INCHES * 72 / (LETTER * LETTER_POINTS))
    placed, line, column = [], 0, 0
    for word, right in words:
        text = word if right else f"\N{BALLOT X}{word}"
        if column and column + len(text) > wide:
            line, column = line + 1, 0
        placed.append((line, column, text, right))
        column += len(text) + 1
    return placed


def draw_bars(title: str, bars: Mapping[str, float], path: Path) -> None:
    """Write a bar chart, one bar for each figure.

    :raises OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.8 + 0.4 * max(1, len(bars))), layout="constrained")
    axes = figure.add_subplot()
    drawn = axes.barh(list(bars), [value if math.isfinite(value) else 0.0 for value in bars.values()])
    axes.bar_label(drawn, [f"{value:.3g}" for value in bars.values()], padding=3)
    axes.invert_yaxis()
    axes.set_title(title)
    figure.savefig(path, dpi=DOTS_PER_INCH)
