"""What a NIfTI file holds that SimpleITK does not tell: it reads NaN and infinite values as 0.

Source: the headers of NIfTI-1 and NIfTI-2, https://nifti.nimh.nih.gov.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

GZIP = b"\x1f\x8b"
NIFTI1, NIFTI2 = 348, 540
"""Size of the header, which is its first number."""
FLOATS = {16: 4, 64: 8}
"""Data type of floating-point numbers -> bytes of each."""


def all_finite(path: Path) -> bool:
    """Whether a NIfTI file of floating-point numbers holds finite ones only; True of all others."""
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        return True
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == GZIP else data
    order = "<" if struct.unpack_from("<i", data)[0] in (NIFTI1, NIFTI2) else ">"
    if struct.unpack_from(f"{order}i", data)[0] == NIFTI2:
        (kind,) = struct.unpack_from(f"{order}h", data, 12)
        (start,) = struct.unpack_from(f"{order}q", data, 168)
    else:
        (kind,) = struct.unpack_from(f"{order}h", data, 70)
        start = int(struct.unpack_from(f"{order}f", data, 108)[0])
    if kind not in FLOATS:
        return True
    size = FLOATS[kind]
    values = np.frombuffer(data, f"{order}f{size}", (len(data) - start) // size, start)
    return bool(np.isfinite(values).all())
