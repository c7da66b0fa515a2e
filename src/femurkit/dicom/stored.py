"""Stored pixel values and Hounsfield units: the modality rescale, both ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from femurkit.errors import NotHounsfield

AIR_HU = -1000.0
OTHER_RESCALE_TYPES = ("OD", "MGML", "Z_EFF", "ED", "EDW", "PCT")
"""Rescale Type values (PS3.3 C.11.1.1.2) that say outright that the output is not HU."""
EXPECTED = "a modality rescale to HU"
MOST = 1e6
"""No rescale of a CT has a slope or intercept as large."""
REMEDY = "Give the original CT series in Hounsfield units."


@dataclass(frozen=True)
class Encoding:
    """How one slice stores HU: HU = stored * slope + intercept, stored in `bits` of `dtype`."""

    slope: float
    intercept: float
    dtype: np.dtype
    bits: int
    high_bit: int

    @property
    def is_integral(self) -> bool:
        """Whether every HU is a whole number."""
        return self.slope.is_integer() and self.intercept.is_integer()

    @property
    def limits(self) -> tuple[int, int]:
        """Least and greatest storable value."""
        if self.dtype.kind == "u":
            return 0, (1 << self.bits) - 1
        return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1

    def clean(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels as found in the file, the bits that are not theirs cleared and signs extended."""
        pixels = pixels.astype(self.dtype, copy=False)
        allocated = 8 * self.dtype.itemsize
        if self.bits == allocated:
            return pixels
        return (pixels << (allocated - 1 - self.high_bit)) >> (allocated - self.bits)

    def to_hu(self, stored: np.ndarray) -> np.ndarray:
        """HU of stored values: int32 where integral, else float32."""
        if self.is_integral:
            return stored.astype(np.int32) * np.int32(self.slope) + np.int32(self.intercept)
        return (stored * self.slope + self.intercept).astype(np.float32)

    def to_stored(self, hu: np.ndarray) -> np.ndarray:
        """Stored values of HU, the nearest storable one where there is none."""
        if self.slope == 1 and self.intercept.is_integer() and hu.dtype.kind == "i":
            stored = hu.astype(np.int32) - np.int32(self.intercept)
        else:
            stored = np.rint((hu.astype(np.float64) - self.intercept) / self.slope)
        return stored.clip(*self.limits).astype(self.dtype)


def encoding(header: Dataset) -> Encoding:
    """How the slice of this header stores HU. Raises NotHounsfield where it does not say."""
    try:
        return _encoding(header)
    # absent, several where one belongs, words where numbers belong
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise NotHounsfield(
            "pixels whose header does not tell what they are", expected=EXPECTED, remedy=REMEDY
        ) from None


def _encoding(header: Dataset) -> Encoding:
    kind = str(header.get("RescaleType") or "HU").upper()
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    slope = 1.0 if slope is None else float(slope)
    intercept = 0.0 if intercept is None else float(intercept)
    if kind in OTHER_RESCALE_TYPES:
        raise NotHounsfield(f"rescale type {kind}", expected=EXPECTED, remedy=REMEDY)
    linear = 0 < abs(slope) < MOST and abs(intercept) < MOST  # and neither is NaN
    if "ModalityLUTSequence" in header or not linear:
        raise NotHounsfield("no linear rescale", expected=EXPECTED, remedy=REMEDY)
    allocated = int(header.BitsAllocated)
    bits = int(header.get("BitsStored") or allocated)
    if int(header.get("SamplesPerPixel") or 1) != 1 or allocated not in (8, 16, 32):
        raise NotHounsfield("a colour picture", expected=EXPECTED, remedy=REMEDY)
    sign = "i" if int(header.get("PixelRepresentation") or 0) else "u"
    high_bit = int(header.get("HighBit") or bits - 1)
    if not bits - 1 <= high_bit < allocated:
        raise NotHounsfield("pixels wider than their words", expected=EXPECTED, remedy=REMEDY)
    return Encoding(slope, intercept, np.dtype(f"{sign}{allocated // 8}"), bits, high_bit)
