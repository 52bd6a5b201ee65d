"""What bands.json holds: for each gate, where the curves of the reference's calibration runs lie."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from grader.faults import GraderFault
from grader.pictures import Band, Curves, Picture, band_of

FILE_NAME = "bands.json"
_DIGITS = 4  # significant: a band is looked at

Lines = dict[str, dict[str, list[float]]]  # of one run: picture -> line -> values


class StoredBand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A band as the file holds it; null stands for a value that is not finite."""

    low: list[float | None]
    middle: list[float | None]
    high: list[float | None]

    @classmethod
    def of(cls, band: Band) -> StoredBand:
        """Rounded."""
        return cls(_stored(band.low), _stored(band.middle), _stored(band.high))

    def band(self) -> Band:
        """As it is drawn."""
        return Band(_restored(self.low), _restored(self.middle), _restored(self.high))


Bands = dict[str, dict[str, dict[str, StoredBand]]]  # gate -> picture -> line -> band


def load_bands(folder: Path) -> Bands:
    """The bands of an assignment; none where no curve was ever calibrated.

    :raises GraderFault: the file is not what `grader calibrate` writes.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=Bands)
    except msgspec.DecodeError as error:
        raise GraderFault(f"{path}: {error}") from None


def write_bands(folder: Path, bands: Bands) -> None:
    """Replace the file; without a band there is none."""
    path = folder / FILE_NAME
    bands = {gate: pictures for gate, pictures in bands.items() if pictures}
    if not bands:
        path.unlink(missing_ok=True)
        return
    temporary = path.with_suffix(".json.new")
    text = msgspec.json.format(msgspec.json.encode(bands, order="sorted"), indent=0)
    temporary.write_bytes(text + b"\n")
    os.replace(temporary, path)


def curves_of(pictures: Sequence[Picture]) -> Lines:
    """The curves among the pictures of one run."""
    return {
        picture.name: {label: [float(value) for value in values] for label, values in picture.lines.items()}
        for picture in pictures
        if isinstance(picture, Curves)
    }


def bands_of(runs: Sequence[Mapping[str, Mapping[str, Sequence[float]]]]) -> dict[str, dict[str, StoredBand]]:
    """The bands of one gate, over the curves of its runs; a line that a run lacks is left out."""
    if not runs:
        return {}
    return {
        name: {
            label: StoredBand.of(band_of([run[name][label] for run in runs]))
            for label in lines
            if all(label in run.get(name, {}) for run in runs)
        }
        for name, lines in runs[0].items()
    }


def _stored(values: Sequence[float]) -> list[float | None]:
    return [float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None for value in values]


def _restored(values: Sequence[float | None]) -> list[float]:
    return [math.inf if value is None else value for value in values]
