"""A scan held in memory as a MetaImage file, which femurkit reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from femurkit.volume import Volume


def write_metaimage(volume: Volume, path: Path) -> None:
    """Write HU, rounded to int16, as one .mha file."""
    array = np.clip(np.rint(volume.array), -32768, 32767).astype("<i2")
    steps = volume.grid.affine[:3, :3]
    spacing = np.linalg.norm(steps, axis=0)
    axes = (steps / spacing)[:, ::-1].T  # directions of x, y, z of the array, one a row
    header = {
        "ObjectType": "Image",
        "NDims": 3,
        "BinaryData": True,
        "BinaryDataByteOrderMSB": False,
        "CompressedData": False,
        "TransformMatrix": _words(axes.ravel()),
        "Offset": _words(volume.grid.affine[:3, 3]),
        "ElementSpacing": _words(spacing[::-1]),
        "DimSize": " ".join(str(n) for n in volume.grid.shape[::-1]),
        "ElementType": "MET_SHORT",
        "ElementDataFile": "LOCAL",
    }
    text = "".join(f"{key} = {value}\n" for key, value in header.items())
    path.write_bytes(text.encode() + array.tobytes())


def _words(values: np.ndarray) -> str:
    return " ".join(repr(float(v)) for v in values)
