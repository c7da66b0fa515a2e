"""Masks painted as pictures: a folder of PNG or TIFF files, one a slice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

import numpy as np

from femurkit.errors import InputRefused, LabelsElsewhere, NothingReadable
from femurkit.geometry import Grid

SUFFIXES = (".png", ".tif", ".tiff")
NUMBER = re.compile(r"(\d+)")


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder in natural order: slice_9 before slice_10."""
    found = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES]
    return sorted(found, key=_natural)


def read_stack(pictures: list[Path], grid: Grid) -> np.ndarray:
    """Labels (z, y, x) uint8 on the CT's grid: the first picture is its slice 0.

    Slices count as `annotated` counts them: along the slice normal, for a patient scanned head
    first from the feet up. Rows and columns are those of the CT. Raises LabelsElsewhere if there
    are more or fewer pictures than slices, or of another size; InputRefused for colours.
    """
    count, rows, columns = grid.shape
    if len(pictures) != count:
        _elsewhere(f"{len(pictures)} pictures", f"{count}, one for each slice of the CT")
    out = np.empty(grid.shape, np.uint8)
    for index, path in enumerate(pictures):
        picture = _read(path)
        if picture.shape != (rows, columns):
            size = " x ".join(map(str, picture.shape))
            _elsewhere(f"picture {index + 1} of {size} pixels", f"{rows} x {columns}, as the CT")
        out[index] = picture
    return out


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in NUMBER.split(path.name)]


def _read(path: Path) -> np.ndarray:
    """Grey or palette values (rows, columns); colours only where all channels say the same."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            array = np.asarray(image)
    # What a decoder says quotes the path.
    except (OSError, ValueError, SyntaxError):
        raise NothingReadable(
            "a picture that cannot be read", expected="PNG or TIFF", remedy="Write it again."
        ) from None
    if array.ndim == 3:
        colours = array[..., :3] if array.shape[2] > 2 else array[..., :1]
        if (colours != colours[..., :1]).any():
            _no_labels("colours")
        array = colours[..., 0]
    if array.min() < 0 or array.max() > 255 or (array != np.rint(array)).any():
        _no_labels(f"values up to {array.max():g}")
    return array.astype(np.uint8)


def _no_labels(found: str) -> NoReturn:
    raise InputRefused(
        f"a picture with {found}",
        expected="grey values: 0 and 255, or 0, 1 left and 2 right",
        remedy="Write the mask as 8-bit grey.",
    )


def _elsewhere(found: str, expected: str) -> NoReturn:
    raise LabelsElsewhere(
        found, expected=expected, remedy="Export one mask picture for each slice of this CT."
    )
