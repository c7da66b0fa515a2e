"""Values of headers, whatever state they are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom import Dataset


def image_type(header: Dataset) -> tuple[str, ...]:
    """The values of ImageType, upper case; empty if absent."""
    value = header.get("ImageType") or ()
    return (str(value),) if isinstance(value, str) else tuple(str(v).upper() for v in value)


def numbers(headers: Sequence[Dataset], keyword: str, count: int) -> np.ndarray:
    """(n, count) floats of one attribute, NaN where it is absent or not so many numbers."""
    out = np.full((len(headers), count), np.nan)
    for row, header in zip(out, headers, strict=True):
        try:
            value: Any = header.get(keyword)
            row[:] = [float(v) for v in (value if count > 1 else [value])]
        except (TypeError, ValueError):
            row[:] = np.nan
    return out
