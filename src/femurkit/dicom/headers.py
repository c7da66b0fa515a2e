"""Values of headers, whatever state they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydicom import DataElement, Dataset
from pydicom.datadict import DicomDictionary
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.valuerep import DA, IS, TM, DSdecimal, DSfloat

KINDS = {
    representation: kind
    for kind, representations in {
        "words": "AE AS CS DA DS DT IS LO LT SH ST TM UC UI UR UT",
        "name": "PN",
        "whole": "US SS UL SL UV SV",
        "real": "FD FL",
        "items": "SQ",
        "bytes": "OB OW OD OF OL OV",
        "tags": "AT",
    }.items()
    for representation in representations.split()
}
"""Value representations whose values are of one kind in Python."""
SEXES = ("M", "F", "O")


def image_type(header: Dataset) -> tuple[str, ...]:
    """The values of ImageType, upper case; empty if absent."""
    value = header.get("ImageType") or ()
    return (str(value),) if isinstance(value, str) else tuple(str(v).upper() for v in value)


def _finite(value: Any) -> None:
    if not np.isfinite(float(value)):
        raise ValueError("not a number")


PARSERS: dict[str, Callable[[Any], Any]] = {"DA": DA, "TM": TM, "DS": _finite, "IS": _finite}


def of_its_kind(tag: BaseTag, representation: str | None) -> bool:
    """Whether an element holds what its attribute is made of (PS3.6); True if that is unknown."""
    known = DicomDictionary.get(tag)
    if known is None or representation not in KINDS:
        return True
    return KINDS[representation] in [KINDS.get(each) for each in known[0].split(" or ")]


def sound(element: DataElement) -> DataElement:
    """The element as others can read it: the first value where one belongs, and no sex, date or
    number that is none.
    """
    known = DicomDictionary.get(element.tag)
    if known is None or known[1] != "1":
        return element
    representation, value = known[0], element.value
    if isinstance(value, MultiValue):
        value = value[0] if KINDS.get(representation) in ("words", "name") and value else None
    if element.keyword == "PatientSex" and value not in SEXES:
        value = None
    if isinstance(value, DSfloat | DSdecimal | IS) and representation not in ("DS", "IS"):
        value = str(value)
    if value and representation in PARSERS:
        try:
            PARSERS[representation](value)
        except (TypeError, ValueError, OverflowError):
            value = None
    if value is element.value:
        return element
    return DataElement(element.tag, representation, value)


def as_number(value: Any) -> float:
    """NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def put(dataset: Dataset, **values: Any) -> None:
    """Set attributes by keyword, whatever representation they had before."""
    for keyword, value in values.items():
        if keyword in dataset:
            delattr(dataset, keyword)
        setattr(dataset, keyword, value)


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
