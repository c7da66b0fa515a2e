"""A source series with everything but one femur turned to air."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
from pydicom import Dataset
from pydicom.uid import CTImageStorage, generate_uid

from femurkit import __version__
from femurkit.anatomy import Code, Side
from femurkit.dicom.common import coded, file_meta, quiet
from femurkit.dicom.encode import SliceWriter
from femurkit.dicom.headers import as_number, image_type, put
from femurkit.dicom.read import CtSeries
from femurkit.dicom.stored import AIR_HU, encoding
from femurkit.volume import Mask

SEGMENTATION = Code("113076", "DCM", "Segmentation")
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")
MODIFIER = Code("109103", "DCM", "Modifying Equipment")
FIRST_SERIES_NUMBER = 9000
"""Plus the side's label: above what scanners count to."""
BEHIND_FILE_GROUP = 0x00030000
NOT_TRUE_ANY_MORE = (
    "IconImageSequence", "MACParametersSequence", "DigitalSignaturesSequence",
    "InstanceCreationDate", "InstanceCreationTime", "InstanceCreatorUID",
    "SmallestPixelValueInSeries", "LargestPixelValueInSeries",
)  # fmt: skip
"""Attributes that speak of the source instance itself: a preview, signatures, its making."""


CLASSIC = ("AcquisitionNumber", "KVP", "PositionReferenceIndicator")
"""Attributes that a classic CT slice may leave empty but not out."""


@quiet()
def write_segmented_series(
    series: CtSeries,
    mask: Mask,
    folder: Path,
    *,
    side: Side,
    slices: Literal["touched", "all"] = "touched",
) -> tuple[Path, ...]:
    """Write the slices that the femur touches, or all, as a derived CT series; returns the files.

    Inside the mask the stored values are bit for bit the source's. Outside stands air, -1000 HU
    in stored units by each slice's own rescale; where the stored type cannot hold that, its lowest
    value. Slices that no file held are left out. Headers are kept but for what is no longer true:
    new series and instance UIDs (the same for the same source, mask and version), DERIVED image
    type, references to the source, true smallest and largest value. Explicit little endian,
    uncompressed. What a source file holds behind its pixels (padding, signatures) is not carried
    over.
    Source: PAPER.md step 10; PS3.3 C.7.6.1, C.12.4.
    """
    if not mask.grid.same_as(series.volume.grid):
        raise ValueError("mask and series are on different grids")
    touched = np.asarray(mask.array.any(axis=(1, 2)))
    if not touched.any():
        raise ValueError("the mask is empty")
    chosen = np.flatnonzero(touched) if slices == "touched" else np.arange(len(touched))
    chosen = np.setdiff1d(chosen, list(series.interpolated))
    digest = hashlib.sha256(np.packbits(mask.array).tobytes()).hexdigest()
    source = [__version__, series.uid, side.value, digest]
    series_uid = generate_uid(entropy_srcs=source)
    folder.mkdir(parents=True, exist_ok=True)
    said, writer, paths = _said(side), SliceWriter(), []
    for number, index in enumerate(chosen.tolist(), start=1):
        header = series.headers[index]
        pixels = _segmented(header, series.volume.array[index], mask.array[index])
        dataset = _derived(header, said, frame=header.InstanceNumber if series.whole else None)
        instance = f"{header.SOPInstanceUID} {index}" if series.whole else header.SOPInstanceUID
        uid = generate_uid(entropy_srcs=[*source, str(instance)])
        put(dataset, SeriesInstanceUID=series_uid, SOPInstanceUID=uid)
        _put_pixels(dataset, pixels)
        dataset.file_meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID)
        paths.append(folder / f"{number:04d}.dcm")
        writer.write(dataset, paths[-1])
    return tuple(paths)


def _segmented(header: Dataset, hu: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Stored values (rows, columns): those of HU within the mask, elsewhere air."""
    coded = encoding(header)
    out = np.full(mask.shape, coded.to_stored(np.array(AIR_HU)), coded.dtype)
    out[mask] = coded.to_stored(hu[mask])
    return out


def _said(side: Side) -> Dataset:
    """What every slice says of its making."""
    equipment = Dataset()
    equipment.Manufacturer = "femurkit"
    equipment.SoftwareVersions = __version__
    equipment.PurposeOfReferenceCodeSequence = [coded(MODIFIER)]
    said = Dataset()
    said.SeriesNumber = FIRST_SERIES_NUMBER + side.label
    said.SeriesDescription = f"femur {side.value}, segmented by femurkit"
    said.DerivationDescription = (
        f"{side.value} femur kept, all else set to air, by femurkit {__version__}"
    )
    said.DerivationCodeSequence = [coded(SEGMENTATION)]
    said.ContributingEquipmentSequence = [equipment]
    return said


def _derived(header: Dataset, said: Dataset, *, frame: int | None) -> Dataset:
    """The source header, saying what it is now; its elements are the source's or those of `said`,
    never to be changed.

    frame: which one of an enhanced CT it was; it becomes a classic slice. A damaged file's elements
    that belong to the file, not to the image, are left out.
    """
    dataset = header[BEHIND_FILE_GROUP:]
    for keyword in NOT_TRUE_ANY_MORE:
        if keyword in dataset:
            delattr(dataset, keyword)
    kind = list(image_type(header))[2:] if frame is None else []
    reference = Dataset()
    reference.ReferencedSOPClassUID = header.SOPClassUID
    reference.ReferencedSOPInstanceUID = header.SOPInstanceUID
    if frame is not None:
        reference.ReferencedFrameNumber = frame
        put(dataset, SOPClassUID=CTImageStorage)
        for keyword in CLASSIC:
            if keyword not in dataset:
                setattr(dataset, keyword, None)
    reference.PurposeOfReferenceCodeSequence = [coded(SOURCE_IMAGE)]
    earlier = list(dataset.get("ContributingEquipmentSequence") or [])
    dataset.update(said)
    put(
        dataset,
        ImageType=["DERIVED", "SECONDARY", *(kind or ["AXIAL"])],
        SourceImageSequence=[reference],
    )
    if earlier:
        put(
            dataset,
            ContributingEquipmentSequence=[*earlier, *said.ContributingEquipmentSequence],
        )
    return dataset


def _put_pixels(dataset: Dataset, pixels: np.ndarray) -> None:
    """Plain pixels and the attributes that describe them. pixels: (rows, columns) stored values."""
    representation = "SS" if pixels.dtype.kind == "i" else "US"
    bits = dataset.get("BitsStored") or dataset.BitsAllocated
    put(dataset, BitsStored=bits, HighBit=bits - 1)
    dataset.add_new("SmallestImagePixelValue", representation, int(pixels.min()))
    dataset.add_new("LargestImagePixelValue", representation, int(pixels.max()))
    for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
        if np.isfinite(value := as_number(dataset.get(keyword))):
            dataset.add_new(keyword, representation, int(np.array(value).astype(pixels.dtype)))
        elif keyword in dataset:
            delattr(dataset, keyword)
    content = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
    word = "OW" if pixels.dtype.itemsize > 1 else "OB"
    dataset.add_new("PixelData", word, content + b"\0" * (len(content) % 2))
